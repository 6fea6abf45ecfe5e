/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine.h - part of bench_core.c: one unit of any architecture, one requester, PAGES pages mapped one by one through second stage,
 * first stage or both (4 levels of 4 KiB tables each), and the same tables as a host array for the ideal walk. What differs between
 * architectures is in bench_archs.h.
 * Does not model: a driver; the tables are written directly.
 */
#ifndef IOMMUSIM_BENCH_MACHINE_H
#define IOMMUSIM_BENCH_MACHINE_H
#include "core/base/bits.h"
#include "core/base/rng.h"
#include "ideal.h"
#include "row.h"
#include "software/platform.h"

enum { PAGES = 512, RID = 0x100 };
#define OFF UINT64_C(0x1000000000) /* spa = gpa + OFF */
#define IOVA UINT64_C(0x80000000)
#define G_TABLES UINT64_C(0x100000)
#define G_DATA UINT64_C(0x40000000)

enum mode { SS, FS, NESTED };
struct machine;
struct bench_arch {
	const char *name;
	void (*defaults)(struct machine *b, uint32_t iotlb, bool walk_caches);
	struct iommu *(*create)(struct machine *b, struct err *e);
	uint64_t (*entry)(unsigned stage, unsigned level, uint64_t addr); /* stage 1 or 2; level 0 is the last */
	void (*start)(struct machine *b, uint64_t s1_root, uint64_t s2_root); /* configuration structures, registers */
	unsigned config_reads; /* of the oracle's walk, which caches nothing; nested */
};
struct machine {
	const struct bench_arch *a;
	union bench_cfg *c;
	struct plat_cfg pc;
	struct plat *p;
	struct mem *m;
	struct iommu *u;
	enum mode mode;
	uint64_t next_gpa; /* of the next table */
	struct xl x;
	uint64_t addr[PAGES]; /* every page once, in random order */
	uint64_t n, reads;
	struct ideal_walk iw;
	struct ideal_tlb it;
	uint64_t *ram; /* of the ideal walk */
	uint64_t ram_next;
	unsigned flight, span; /* timed: pages used */
};

static void put(struct machine *b, uint64_t spa, uint64_t v)
{
	if (mem_write_part(b->m, spa, 8, v) != MEM_OK)
		die("table outside memory");
}

static uint64_t get(struct machine *b, uint64_t spa)
{
	uint64_t v = 0;

	(void)mem_read(b->m, spa, &v, 1);
	return v;
}

/* Map one page. @to_spa: what is added to a table's own address to reach it. */
static void map_page(struct machine *b, unsigned stage, uint64_t root, uint64_t from, uint64_t to, uint64_t to_spa)
{
	uint64_t t = root;

	for (unsigned l = 3; l; l--) {
		uint64_t at = t + to_spa + 8 * (from >> (12 + 9 * l) & 511), e = get(b, at);

		if (!e) {
			e = b->a->entry(stage, l, b->next_gpa);
			b->next_gpa += 4096;
			put(b, at, e);
		}
		t = e & UINT64_C(0xffffffffff000);
	}
	put(b, t + to_spa + 8 * (from >> 12 & 511), b->a->entry(stage, 0, to));
}

/* The same in the array of the ideal walk. */
static void ideal_map(struct machine *b, uint64_t root, uint64_t from, uint64_t to)
{
	uint64_t t = root;

	for (unsigned l = 3; l; l--) {
		uint64_t *e = &b->ram[t * 512 + (from >> 9 * l & 511)];

		if (!*e)
			*e = b->ram_next++ << 12 | 7;
		t = *e >> 12;
	}
	b->ram[t * 512 + (from & 511)] = to << 12 | 7;
}

static void ideal_tables(struct machine *b, const uint64_t *data)
{
	b->ram = calloc(64 * 512, 8);
	if (!b->ram)
		die("out of memory");
	ideal_tlb_init(&b->it);
	b->ram_next = 16; /* pages 1 to 15: the first stage, guest page = page */
	b->iw = (struct ideal_walk){ .ram = b->ram, .s1 = 1, .s2 = b->ram_next++ };
	for (uint64_t p = 1; p < 16; p++)
		ideal_map(b, b->iw.s2, p, p);
	b->ram[1 * 512] = 2 << 12 | 7;
	b->ram[2 * 512 + (IOVA >> 30)] = 3 << 12 | 7;
	b->ram[3 * 512] = 4 << 12 | 7;
	for (unsigned i = 0; i < PAGES; i++) {
		ideal_map(b, b->iw.s2, data[i] >> 12, (data[i] + OFF) >> 12);
		b->ram[4 * 512 + i] = (data[i] >> 12) << 12 | 7;
	}
}

static void make_tables(struct machine *b)
{
	const uint64_t s2_root = 0x10000000;
	uint64_t data[PAGES] = { 0 }, s1_root = G_TABLES, nested = b->mode == NESTED ? OFF : 0;
	struct rng r;

	rng_seed(&r, 3);
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t j = rng_below(&r, i + 1);

		data[i] = data[j];
		data[j] = G_DATA + 4096 * (uint64_t)i;
		b->addr[i] = b->addr[j];
		b->addr[j] = IOVA + 4096 * (uint64_t)i;
	}
	b->next_gpa = s1_root + 4096;
	for (unsigned i = 0; i < PAGES && b->mode != SS; i++)
		map_page(b, 1, s1_root, IOVA + 4096 * (uint64_t)i, data[i], nested);
	for (uint64_t g = s1_root, end = b->next_gpa, first = b->next_gpa = s2_root + 4096; first && g < end; g += 4096)
		map_page(b, 2, s2_root, g, g + OFF, 0);
	for (unsigned i = 0; i < PAGES; i++)
		map_page(b, 2, s2_root, b->mode == SS ? IOVA + 4096 * (uint64_t)i : data[i], data[i] + OFF, 0);
	b->a->start(b, s1_root, s2_root);
	ideal_tables(b, data);
}

static void translated_to_nothing(struct xl *x)
{
	(void)x;
}

static void machine_new(struct machine *b)
{
	struct err e = { 0 };

	plat_destroy(b->p);
	b->p = plat_create(&b->pc, &(struct plat_hooks){ 0 }, &e);
	if (!b->p)
		die(e.msg);
	b->m = plat_mem(b->p);
	b->u = b->a->create(b, &e);
	if (!b->u || !plat_add_unit(b->p, b->u, &e))
		die(e.msg);
	free(b->ram);
	make_tables(b);
	b->x.u = b->u;
	b->x.done = translated_to_nothing;
}

static struct machine *machine(const struct bench_arch *a, enum mode mode, bool walk_caches, uint32_t iotlb)
{
	struct machine *b = calloc(1, sizeof(*b));

	if (!b)
		die("out of memory");
	b->a = a;
	a->defaults(b, iotlb, walk_caches);
	cfg_defaults(plat_opts, &b->pc);
	cfg_defaults(mem_port_opts, &b->pc.port);
	cfg_defaults(dev_opts, &b->pc.dev_default);
	cfg_defaults(replay_opts, &b->pc.replay);
	b->mode = mode;
	b->span = PAGES;
	machine_new(b);
	return b;
}

static void machine_free(struct machine *b)
{
	plat_destroy(b->p);
	free(b->ram);
	free(b->c);
	free(b);
}
#endif
