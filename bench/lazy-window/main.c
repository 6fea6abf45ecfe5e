/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/lazy-window/main.c - how long an unmapped page stays reachable, and what it costs to make that short (VAL-A18).
 * One device, one domain, the driver models of sim/software.
 * Closed loop (points): buffers of one page are mapped, written by one DMA of 4096 bytes, and unmapped 64 buffers later; every buffer has a
 * new IOVA until 8192 have been used. Open loop (rates): one buffer per period, and between them 19 DMAs to a page that stays mapped.
 * The window of an unmap: from the store that clears its entry until the unit has finished the commands and waits that cover it. With late = 1
 * the device also writes to a buffer unmapped 1 to 64 buffers ago, each time; the table counts how many could and how many did get through.
 * Does not model: time of the processor. Stores and register writes take none; the software of this machine is one thread, which also gives the
 * device its work, and waits until the unit is done. Input: synthetic.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "run_build.h"

enum { RING = 64, SLOTS = 8192, NOISE = 20, LATE_MAX = 64, RID = 0x100 };
#define IOVA UINT64_C(0x10000000)
#define PINNED (IOVA + 4096 * (uint64_t)SLOTS)
enum step { MAP, USE, EXTRA, UNMAP, STEPS };

struct point {
	const char *set, *arch, *policy;
	uint32_t len; /* lazy_len; 0: strict */
	uint64_t time_us; /* lazy_time */
	bool ats, late;
	uint64_t period_ps; /* open loop; 0: closed */
	uint64_t buffers;
};
struct bench {
	const struct point *pt;
	struct run_cfg c;
	struct stat_reg reg;
	struct plat *p;
	struct iommu *u;
	struct drv *drv;
	struct rng rng;
	/* the source */
	uint64_t i; /* buffer */
	unsigned step, extra, prologue;
	/* what happened */
	uint64_t *cleared; /* ps, by buffer; 0: not yet */
	uint64_t n_cleared, n_done, covered, max_pending;
	sim_time tail_at, idle_at, first_at, last_at;
	bool idle; /* the commands of the last tail write are over */
	struct hist window;
	uint64_t late, reachable, translated;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_lazy_window: %s\n", what);
	exit(3);
}

/* ---- the workload; line = 1 + STEPS * buffer + step ---- */

static void set_dma(struct trc_rec *r, uint64_t iova, uint32_t len)
{
	r->kind = TRC_DMA;
	r->u.dma.rid = RID;
	r->u.dma.pasid = TRC_NO_PASID;
	r->u.dma.iova = iova;
	r->u.dma.len = len;
	r->u.dma.dir = 'w';
	r->u.dma.expect = TRC_EXP_NONE;
}

static void set_sw(struct trc_rec *r, enum trc_kind kind, uint64_t iova, uint64_t pa)
{
	r->kind = (uint8_t)kind;
	r->u.sw.rid = RID;
	r->u.sw.pasid = TRC_NO_PASID;
	r->u.sw.dom = 1;
	if (kind == TRC_ATTACH)
		return;
	r->u.sw.iova = iova;
	r->u.sw.pa = pa;
	r->u.sw.size = 4096;
	r->u.sw.perm = XL_R | XL_W;
}

static uint64_t slot(uint64_t i)
{
	return IOVA + 4096 * (i % SLOTS);
}

/* Records before the first buffer. Returns: false when there are no more. */
static bool prologue(struct bench *b, struct trc_rec *r)
{
	switch (b->prologue++) {
	case 0:
		r->kind = TRC_DEVICE;
		r->u.dev.rid = RID;
		r->u.dev.event = b->pt->ats ? TRC_DEV_ATS_ON : TRC_DEV_ATS_OFF;
		return true;
	case 1:
		set_sw(r, TRC_ATTACH, 0, 0);
		return true;
	case 2:
		set_sw(r, TRC_MAP, PINNED, UINT64_C(0x80000000));
		return true;
	default:
		return false;
	}
}

/* A DMA between the buffers. Returns: false if there is none (any more). */
static bool extra(struct bench *b, struct trc_rec *r)
{
	uint64_t back = 1 + rng_below(&b->rng, LATE_MAX), gone = b->i - RING - back;

	if (b->pt->period_ps && ++b->extra < NOISE) {
		set_dma(r, PINNED, 64);
		r->at = b->i * b->pt->period_ps + b->extra * (b->pt->period_ps / NOISE);
		return true;
	}
	if (!b->pt->late || b->extra++ || b->i < RING + LATE_MAX)
		return false;
	set_dma(r, slot(gone), 64);
	r->u.dma.expect = TRC_EXP_FAULT;
	b->late++;
	b->reachable += gone >= b->n_done;
	return true;
}

static bool buffer(struct bench *b, struct trc_rec *r)
{
	if (b->pt->period_ps)
		r->at = b->i * b->pt->period_ps;
	switch (b->step) {
	case MAP:
		set_sw(r, TRC_MAP, slot(b->i), UINT64_C(0x100000000) + 4096 * b->i);
		b->step = USE;
		return true;
	case USE:
		set_dma(r, slot(b->i), 4096);
		b->step = EXTRA;
		b->extra = 0;
		return true;
	case EXTRA:
		if (extra(b, r))
			return true;
		b->step = UNMAP;
		r->line = 1 + STEPS * b->i + UNMAP;
		/* fall through */
	default:
		b->step = MAP;
		r->at = b->pt->period_ps ? (b->i + 1) * b->pt->period_ps - 1 : TRC_NO_TIME;
		b->i++;
		if (b->i <= RING)
			return false;
		set_sw(r, TRC_UNMAP, slot(b->i - 1 - RING), 0);
		return true;
	}
}

/* The unit has finished what was behind the last tail write: windows end there. */
static void settle(struct bench *b)
{
	if (!b->idle)
		return;
	for (; b->n_done < b->covered; b->n_done++)
		hist_add(&b->window, b->idle_at - b->cleared[b->n_done]);
}

static int source(void *arg, struct trc_rec *r, struct err *e)
{
	struct bench *b = arg;

	(void)e;
	settle(b);
	*r = (struct trc_rec){ .at = TRC_NO_TIME };
	if (prologue(b, r))
		return 1;
	do {
		if (b->i == b->pt->buffers)
			return 0;
		r->line = 1 + STEPS * b->i + b->step;
	} while (!buffer(b, r));
	return 1;
}

/* ---- what software does, and when the unit is done ---- */

static void record(void *arg, const struct trc_rec *r, bool tail)
{
	struct bench *b = arg;
	sim_time now = sim_now(plat_kernel(b->p));

	if (tail) {
		b->tail_at = now;
		b->idle = false;
		b->covered = b->n_cleared;
	} else if (r->kind == TRC_STORE && r->line && (r->line - 1) % STEPS == UNMAP && (r->line - 1) / STEPS - RING == b->n_cleared) {
		uint64_t pending;

		settle(b);
		b->cleared[b->n_cleared++] = now;
		if (!b->first_at)
			b->first_at = now;
		b->last_at = now;
		pending = b->n_cleared - b->n_done;
		b->max_pending = pending > b->max_pending ? pending : b->max_pending;
	}
}

static void progress(void *arg, unsigned unit)
{
	struct bench *b = arg;

	(void)unit;
	if (!b->idle && b->u->ops->commands_idle(b->u)) {
		b->idle = true;
		b->idle_at = sim_now(plat_kernel(b->p));
	}
}

static void diff(void *arg, const struct plat_diff *d)
{
	((struct bench *)arg)->translated += d->got.ok;
}

/* ---- one point ---- */

static void set(struct bench *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void set(struct bench *b, const char *fmt, ...)
{
	struct err e = { 0 };
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!run_cfg_set(&b->c, text, &e))
		die(e.msg);
}

static void configure(struct bench *b)
{
	const struct point *pt = b->pt;
	struct err e = { 0 };
	char text[200];

	snprintf(text, sizeof(text), "units:\n  - name: u0\n    arch: %s\ndevices:\n  - rid: any\n", pt->arch);
	if (!run_cfg_parse(&b->c, text, "bench", &e))
		die(e.msg);
	set(b, "%s.%s.entries=512", pt->arch, strcmp(pt->arch, "smmuv3") ? "iotlb" : "tlb");
	set(b, "software.superpages=false");
	set(b, "devices.outstanding=64");
	set(b, "devices.link.bandwidth=31508"); /* PCIe Gen4 x16 */
	if (pt->ats)
		set(b, "devices.atc.entries=256");
	set(b, "software.policy=%s", pt->len ? "lazy" : "strict");
	if (pt->len) {
		set(b, "software.lazy_len=%" PRIu32, pt->len);
		set(b, "software.lazy_time=%" PRIu64 " us", pt->time_us);
	}
	set(b, "replay.open_loop=%s", pt->period_ps ? "true" : "false");
}

static void run(struct bench *b)
{
	const struct plat_hooks hooks = { .arg = b, .diff = diff };
	struct err e = { 0 };

	configure(b);
	b->cleared = calloc(b->pt->buffers, sizeof(*b->cleared));
	rng_seed(&b->rng, 1);
	b->p = b->cleared ? run_build(&b->c, &hooks, &b->reg, &e) : NULL;
	if (!b->p)
		die(b->cleared ? e.msg : "out of memory");
	b->u = plat_unit(b->p, 0);
	plat_watch(b->p, &(struct plat_watch){ b, record, progress });
	b->drv = drv_create(&b->c.drv, b->p, source, b, &e);
	if (!b->drv || !plat_run(b->p, drv_next, b->drv, true, &e))
		die(e.msg);
	settle(b);
}

static void done(struct bench *b)
{
	drv_destroy(b->drv);
	stat_fini(&b->reg);
	plat_destroy(b->p);
	run_cfg_free(&b->c);
	free(b->cleared);
	free(b);
}

static double ns(uint64_t ps)
{
	return 1e-3 * (double)ps;
}

static void print_row(const struct bench *b)
{
	const struct point *pt = b->pt;
	const struct plat_stats *s = plat_statistics(b->p);
	/* whole cycles: from the first unmap to the first that is not done */
	sim_time end = b->n_done < b->n_cleared ? b->cleared[b->n_done] : b->last_at;
	double us = 1e-6 * (double)s->sim_ps, span = (double)(end - b->first_at);

	printf("%s,%s,%d,%s,%" PRIu32 ",%" PRIu64 ",%.3f,%d,%" PRIu64 ",%.1f,%.1f,%.1f,%.1f,%.1f,%.3f,%" PRIu64 ",%.3f,%.1f,%.3f,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", pt->set,
	       pt->arch, pt->ats, pt->policy, pt->len, pt->len ? pt->time_us : 0, 1e-6 * (double)pt->period_ps, pt->late, b->window.n, ns(b->window.min),
	       b->window.n ? ns(b->window.sum) / (double)b->window.n : 0, ns(hist_pct(&b->window, 500)), ns(hist_pct(&b->window, 990)), ns(b->window.max),
	       span > 0 ? (double)b->window.sum / span : 0, b->max_pending, (double)s->dmas / us, ns(s->sim_ps) / (double)pt->buffers,
	       32.768 * (double)pt->buffers / us, b->late, b->reachable, b->translated);
}

static void print_hist(const struct bench *b)
{
	for (unsigned p = 1; p <= 1000; p += p < 20 || p >= 980 ? 1 : 20)
		printf("%s,%d,%s,%u,%.3f\n", b->pt->arch, b->pt->ats, b->pt->policy, p, ns(hist_pct(&b->window, p)));
}

static const char *const arch_name[] = { "vtd", "smmuv3", "amdvi" };
static const struct {
	const char *name;
	uint32_t len;
} policies[] = { { "strict", 0 }, { "batch-8", 8 }, { "batch-32", 32 }, { "batch-128", 128 }, { "lazy-256", 256 } };

static void one(const struct point *pt, bool as_hist)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (!b)
		die("out of memory");
	b->pt = pt;
	run(b);
	(as_hist ? print_hist : print_row)(b);
	done(b);
}

static void points(uint64_t buffers, bool as_hist)
{
	for (size_t a = 0; a < ARRAY_LEN(arch_name); a++)
		for (unsigned ats = 0; ats < 2; ats++)
			for (size_t p = 0; p < ARRAY_LEN(policies); p++)
				for (unsigned late = 0; late < (as_hist ? 1u : 2u); late++)
					one(&(struct point){ .set = "ring", .arch = arch_name[a], .policy = policies[p].name, .len = policies[p].len,
							     .time_us = 10000, .ats = ats, .late = late, .buffers = buffers }, as_hist);
}

/* Count c, time limit t, one unmap per period: which of the two ends the collecting is known beforehand. */
static void rates(uint64_t scale)
{
	static const struct {
		uint32_t len;
		uint64_t time_us, period_ps, buffers;
	} r[] = {
		{ 0, 0, 1000000, 4000 }, { 64, 10000, 1000000, 12800 }, { 256, 10000, 1000000, 25600 },
		{ 256, 100, 1000000, 20000 }, { 1000, 100, 1000000, 20000 }, { 256, 10000, 100000000, 2000 },
	};

	for (size_t a = 0; a < ARRAY_LEN(arch_name); a++)
		for (size_t i = 0; i < ARRAY_LEN(r); i++)
			one(&(struct point){ .set = "rate", .arch = arch_name[a], .policy = r[i].len ? "deferred" : "strict", .len = r[i].len,
					     .time_us = r[i].time_us, .period_ps = r[i].period_ps, .buffers = RING + r[i].buffers / scale }, false);
}

int main(int argc, char **argv)
{
	bool quick = argc == 3 && !strcmp(argv[1], "--quick");
	const char *what = argc == 2 ? argv[1] : quick ? argv[2] : "";

	if (!strcmp(what, "points") || !strcmp(what, "rates"))
		puts("set,arch,ats,policy,lazy_len,lazy_time_us,period_us,late,unmaps,window_min_ns,window_mean_ns,window_p50_ns,window_p99_ns,window_max_ns,"
		     "pending_mean,pending_max,dma_per_us,ns_per_buffer,gbit_per_s,late_uses,late_reachable,late_translated");
	if (!strcmp(what, "points")) {
		points(quick ? 3000 : 20000, false);
	} else if (!strcmp(what, "rates")) {
		rates(quick ? 4 : 1);
	} else if (!strcmp(what, "windows")) {
		puts("arch,ats,policy,permille,window_ns");
		points(quick ? 3000 : 20000, true);
	} else {
		fputs("usage: bench_lazy_window [--quick] points|rates|windows\n", stderr);
		return 2;
	}
	return fflush(stdout) || ferror(stdout) ? 3 : 0;
}
