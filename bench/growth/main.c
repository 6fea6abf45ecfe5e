/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/growth/main.c - what one DMA costs the host, and the memory used, when one thing grows: the trace, requesters, PASIDs of a requester,
 * domains, guests, mapped pages. One point a process (the peak of memory is the process's); bench/growth/run.sh runs them all.
 * Every attach, every map and a DMA of each user come first ("setup"), then the DMAs measured: reads of 64 bytes, requester, PASID and page in turn by a stride prime to their
 * number, so that all are used alike. Time is CPU time of the process, so other work on the machine counts little (not: nothing).
 * Machines: those of bench/nesting-overhead, and a second unit for requesters beyond 64000 where requester ids have 16 bits. Input: synthetic.
 * Does not measure: reading a trace (bench_core does), unmaps but where the axis is "unmaps".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "run_build.h"

enum { RID = 8, RIDS = 64000, SHARED = 64 /* domains that requesters or PASIDs share */, PAGES = 16 /* of a domain */ };
#define IOVA UINT64_C(0x100000000) /* above the addresses of interrupts, which are no memory for a device */
enum axis { LENGTH, DEVICES, PASIDS, DOMAINS, GUESTS, MAPPED, UNMAPS, AXES };
static const char *const axis_name[AXES] = { "length", "devices", "pasids", "domains", "guests", "pages", "unmaps" };
static const char vtd_text[] = "arch: vtd\n    cap: 0xd1d2078c40780e06\n    ecap: 0x0433ef9ea4f050df\n    ver: 0x60\n    iotlb: {entries: 256, ways: 0}\n"
			       "    psc: {entries: 64}\n    nested: {entries: 64}\n";
static const char smmu_text[] = "arch: smmuv3\n    idr1: 0x02739d14\n    tlb: {entries: 256, ways: 0}\n"
				"    walk: {s1l0: 64, s1l1: 64, s1l2: 64, s2l0: 64, s2l1: 64, s2l2: 64, ways: 0}\n    ipa: {entries: 64, ways: 0}\n";
static const char amd_text[] = "arch: amdvi\n    iotlb: {entries: 256, ways: 0}\n    pdc: {entries: 64}\n    nested: {entries: 64, ways: 0}\n";
static const struct {
	const char *name, *text;
	bool wide; /* requester ids of more than 16 bits */
} archs3[] = { { "vtd", vtd_text, false }, { "smmuv3", smmu_text, true }, { "amdvi", amd_text, false } };

struct bench {
	struct run_cfg c;
	struct stat_reg reg;
	struct plat *p;
	struct hyp *hyp;
	enum axis axis;
	bool wide;
	uint64_t n, dmas;
	uint64_t users, doms, pages; /* requesters or PASIDs; domains; pages of each */
	uint64_t attached, mapped, done, line, setup_ns;
	bool clocked, remap;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_growth: %s\n", what);
	exit(3);
}

static uint64_t cpu_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return ((uint64_t)u.ru_utime.tv_sec + (uint64_t)u.ru_stime.tv_sec) * 1000000000 + ((uint64_t)u.ru_utime.tv_usec + (uint64_t)u.ru_stime.tv_usec) * 1000;
}

/* ---- the workload ---- */

/* Users are PASIDs of one requester, else requesters: a requester has queues and statistics of its own. */
static bool by_pasid(const struct bench *b)
{
	return b->axis == PASIDS || b->axis == DOMAINS || b->axis == UNMAPS;
}

static uint32_t rid_of(const struct bench *b, uint64_t user, uint8_t *unit)
{
	if (by_pasid(b))
		return RID;
	*unit = b->wide ? 0 : (uint8_t)(user / RIDS);
	return RID + (uint32_t)(b->wide ? user : user % RIDS);
}

static uint32_t pasid_of(const struct bench *b, uint64_t user)
{
	return by_pasid(b) ? (uint32_t)user + 1 : TRC_NO_PASID;
}

/* A domain is of one unit's devices, so that each flush has one unit to talk to. */
static uint32_t dom_of(const struct bench *b, uint64_t user)
{
	uint8_t unit = 0;

	rid_of(b, user, &unit);
	return 1 + (uint32_t)(user % b->doms) + (uint32_t)(unit * b->doms);
}

static uint64_t pa_of(uint32_t dom, uint64_t page)
{
	return UINT64_C(0x100000000) + ((((uint64_t)dom << 24) + page * UINT64_C(7)) << 12 & UINT64_C(0x3ffffff000));
}

static uint64_t n_maps(const struct bench *b)
{
	uint8_t unit = 0;

	rid_of(b, b->users - 1, &unit);
	return (unit + 1u) * b->doms * b->pages;
}

static void fill_sw(const struct bench *b, struct trc_rec *r, enum trc_kind kind, uint64_t i)
{
	uint32_t dom = (uint32_t)(i / b->pages) + 1;

	r->kind = (uint8_t)kind;
	r->u.sw.dom = dom;
	r->u.sw.pasid = TRC_NO_PASID;
	r->unit = (uint8_t)((dom - 1) / b->doms);
	r->u.sw.iova = IOVA + (i % b->pages << 12);
	r->u.sw.size = 4096;
	if (kind == TRC_MAP) {
		r->u.sw.pa = pa_of(dom, i % b->pages);
		r->u.sw.perm = XL_R | XL_W;
	}
}

static void fill_attach(const struct bench *b, struct trc_rec *r, uint64_t user)
{
	r->kind = TRC_ATTACH;
	r->u.sw.rid = rid_of(b, user, &r->unit);
	r->u.sw.pasid = pasid_of(b, user);
	r->u.sw.dom = dom_of(b, user);
	if (by_pasid(b))
		memcpy(r->u.sw.type, "fs", 3);
}

static void fill_dma(const struct bench *b, struct trc_rec *r, uint64_t i)
{
	uint64_t user = i * UINT64_C(7919) % b->users, page = i * UINT64_C(104729) % b->pages;

	r->kind = TRC_DMA;
	r->u.dma.rid = rid_of(b, user, &r->unit);
	r->u.dma.pasid = pasid_of(b, user);
	r->u.dma.iova = IOVA + (page << 12);
	r->u.dma.pa = pa_of(dom_of(b, user), page);
	r->u.dma.expect = TRC_EXP_OK;
	r->u.dma.len = 64;
	r->u.dma.dir = 'r';
}

static int source(void *arg, struct trc_rec *r, struct err *e)
{
	struct bench *b = arg;

	(void)e;
	*r = (struct trc_rec){ .at = TRC_NO_TIME, .line = ++b->line };
	if (b->attached < b->users) {
		fill_attach(b, r, b->attached++);
		return 1;
	}
	if (b->mapped < n_maps(b)) {
		fill_sw(b, r, TRC_MAP, b->mapped++);
		return 1;
	}
	if (!b->clocked && b->done == b->users) {
		b->setup_ns = cpu_ns();
		b->clocked = true;
	}
	if (b->axis == UNMAPS && b->clocked && b->line & 1) { /* between DMAs: a page of another domain goes and comes again */
		uint64_t k = b->done * UINT64_C(7919) % (b->doms * b->pages);

		fill_sw(b, r, b->remap ? TRC_MAP : TRC_UNMAP, k);
		b->line += !b->remap;
		b->remap = !b->remap;
		return 1;
	}
	if (b->done == b->users + b->dmas)
		return 0;
	fill_dma(b, r, b->done++);
	return 1;
}

/* ---- one point ---- */

static void set(struct bench *b, const char *text)
{
	struct err e = { 0 };

	if (!run_cfg_set(&b->c, text, &e))
		die(e.msg);
}

static void shape(struct bench *b)
{
	b->users = b->doms = 1;
	b->pages = PAGES;
	switch (b->axis) {
	case DEVICES:
	case PASIDS:
		b->users = b->n;
		b->doms = b->n < SHARED ? b->n : SHARED;
		break;
	case DOMAINS:
	case UNMAPS:
		b->users = b->doms = b->n;
		break;
	case GUESTS:
		b->users = b->doms = SHARED;
		break;
	case MAPPED:
		b->pages = b->n;
		break;
	default:
		b->dmas = b->n;
	}
}

static void configure(struct bench *b, const char *unit)
{
	struct err e = { 0 };
	char text[1200];

	snprintf(text, sizeof(text), "units:\n  - name: u0\n    %s  - name: u1\n    %sdevices:\n  - rid: any\n    outstanding: 32\n", unit, unit);
	if (!run_cfg_parse(&b->c, text, "bench", &e))
		die(e.msg);
	set(b, "software.pool=64G");
	set(b, "software.superpages=false");
	if (b->axis == UNMAPS) {
		set(b, "software.policy=lazy");
		set(b, "software.lazy_time=2 us");
	}
	if (b->axis == GUESTS) {
		snprintf(text, sizeof(text), "software.guests=%" PRIu64, b->n);
		set(b, "software.hypervisor=nested-trapped");
		set(b, text);
	}
}

static void run(struct bench *b)
{
	const struct plat_hooks hooks = { .arg = b };
	struct err e = { 0 };

	b->p = run_build(&b->c, &hooks, &b->reg, &e);
	if (b->p)
		b->hyp = hyp_create(&b->c.hyp, &b->c.drv, b->p, source, b, &e);
	if (!b->hyp || !plat_run(b->p, hyp_next, b->hyp, true, &e))
		die(e.msg);
	if (plat_verified(b->p)->disagree || plat_verified(b->p)->agree != b->users + b->dmas)
		die("a DMA went elsewhere than expected");
}

int main(int argc, char **argv)
{
	static struct bench b;
	size_t arch = 0;
	struct rusage ru;
	uint64_t end;

	while (argc == 5 && arch < ARRAY_LEN(archs3) && strcmp(argv[1], archs3[arch].name))
		arch++;
	while (argc == 5 && b.axis < AXES && strcmp(argv[2], axis_name[b.axis]))
		b.axis++;
	b.n = argc == 5 ? strtoull(argv[3], NULL, 0) : 0;
	b.dmas = argc == 5 ? strtoull(argv[4], NULL, 0) : 0;
	if (argc != 5 || arch == ARRAY_LEN(archs3) || b.axis == AXES || !b.n || !b.dmas) {
		fputs("usage: bench_growth vtd|smmuv3|amdvi length|devices|pasids|domains|guests|pages|unmaps N DMAS\n", stderr);
		return 2;
	}
	b.wide = archs3[arch].wide;
	shape(&b);
	configure(&b, archs3[arch].text);
	run(&b);
	end = cpu_ns();
	getrusage(RUSAGE_SELF, &ru);
	printf("%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.1f,%.1f,%ld\n", argv[1], argv[2], b.n, b.dmas, b.users + n_maps(&b),
	       (double)b.setup_ns / (double)(b.users + n_maps(&b)), (double)(end - b.setup_ns) / (double)b.dmas, ru.ru_maxrss);
	hyp_destroy(b.hyp);
	stat_fini(&b.reg);
	plat_destroy(b.p);
	run_cfg_free(&b.c);
	return fflush(stdout) ? 3 : 0;
}
