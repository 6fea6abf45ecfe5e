/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - part of bench_tags: one unit of any architecture with the oracle, contexts (requester, PASID) and their tables, and software that
 * stores, invalidates and lets devices read. Tables are 4 levels of 4 KiB pages; a first stage above a second one has its tables at gpa = spa.
 * What differs between architectures is in archs.h.
 * Does not model: a driver's bring-up; configuration structures are in memory from the beginning and do not change.
 */
#ifndef IOMMUSIM_BENCH_TAGS_WORLD_H
#define IOMMUSIM_BENCH_TAGS_WORLD_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi.h"
#include "check/oracle.h"
#include "core/base/bits.h"
#include "core/base/rng.h"
#include "smmuv3/smmuv3.h"
#include "software/platform.h"
#include "vtd/vtd.h"

enum { RID0 = 0x100, MAX_DEVS = 128, RING_LG2 = 10, BATCH = 256, NONE = -1 };
#define IOVA UINT64_C(0x80000000)
#define GPA UINT64_C(0x4000000000) /* of data pages */
#define NO_PASID TRC_NO_PASID
enum { RING = 0x40000, STATUS = 0x50000, LOG = 0x60000 };

struct table {
	unsigned stage; /* 1 or 2 */
	uint64_t root;
	uint64_t *page; /* its pages */
	unsigned n_page;
};
struct ctx { /* who translates through what, under which numbers */
	uint32_t rid, pasid;
	struct table *s1, *s2; /* either may be NULL */
	uint16_t did, asid, vmid; /* VT-d DID or AMD DomainID; SMMUv3 */
};
struct world;
struct arch {
	const char *name, *leaf; /* statistics of the cache of translations */
	struct iommu_cfg *(*defaults)(struct world *w, struct xc_cfg **leaf);
	struct iommu *(*create)(struct world *w, struct err *e);
	uint64_t (*entry)(unsigned stage, unsigned level, uint64_t addr); /* level 0 is the last */
	void (*context)(struct world *w, const struct ctx *c);
	void (*start)(struct world *w);
	unsigned words; /* 64-bit words of a command */
	uint32_t tail; /* register */
	uint64_t (*tail_value)(uint64_t n); /* of command number n */
	void (*wait)(struct world *w, uint64_t cmd[2]);
	/* Commands for one page of the first stage (@c's, at @addr), and of a second stage. Returns: how many. */
	unsigned (*page)(const struct ctx *c, uint64_t addr, uint64_t cmd[][2]);
	unsigned (*s2_page)(const struct ctx *c, uint64_t addr, uint64_t cmd[][2]);
};
struct world {
	const struct arch *a;
	union { struct vtd_cfg vtd; struct smmuv3_cfg smmuv3; struct amdvi_cfg amdvi; } cfg;
	struct iommu_cfg *unit;
	struct xc_cfg *leaf;
	struct plat_cfg pc;
	struct plat *p;
	struct mem *m;
	struct iommu *u;
	struct oracle *o;
	struct stat_reg reg;
	struct rng rng;
	uint64_t next_page, next_frame, cmds, wait_no, waits;
	uint64_t dev_base[MAX_DEVS]; /* PASID directory, CD table, GCR3 table */
	unsigned dss_bypass; /* SMMUv3: requests without PASID bypass the first stage */
	unsigned in_batch;
	/* records to come */
	struct trc_rec *rec;
	size_t n_rec, cap_rec, at_rec;
	bool (*more)(struct world *w); /* put more; false: the end */
	void *arg;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_tags: %s\n", what);
	exit(3);
}

/* ---- memory and tables ---- */

static inline void put(struct world *w, uint64_t spa, uint64_t v)
{
	if (mem_write_part(w->m, spa, 8, v) != MEM_OK)
		die("table outside memory");
}

static inline uint64_t get(struct world *w, uint64_t spa)
{
	uint64_t v = 0;

	(void)mem_read(w->m, spa, &v, 1);
	return v;
}

static inline uint64_t new_pages(struct world *w, unsigned n)
{
	uint64_t p = w->next_page;

	w->next_page += 4096 * (uint64_t)n;
	return p;
}

/* @n pages at an address that is a multiple of their size. */
static inline uint64_t new_aligned(struct world *w, unsigned n)
{
	uint64_t size = 4096 * (uint64_t)n;

	w->next_page = (w->next_page + size - 1) & ~(size - 1);
	return new_pages(w, n);
}

static inline uint64_t new_frame(struct world *w)
{
	return w->next_frame += 4096;
}

static inline uint64_t table_page(struct world *w, struct table *t)
{
	t->page = realloc(t->page, (t->n_page + 1) * sizeof(*t->page));
	if (!t->page)
		die("out of memory");
	return t->page[t->n_page++] = new_pages(w, 1);
}

static inline struct table *new_table(struct world *w, unsigned stage)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		die("out of memory");
	t->stage = stage;
	t->root = table_page(w, t);
	return t;
}

static inline void free_table(struct table *t)
{
	if (t)
		free(t->page);
	free(t);
}

/* The address of the last entry for @ia; tables on the way are made. */
static inline uint64_t leaf_at(struct world *w, struct table *t, uint64_t ia)
{
	uint64_t at = t->root;

	for (unsigned l = 3; l; l--) {
		uint64_t slot = at + 8 * (ia >> (12 + 9 * l) & 511), e = get(w, slot);

		if (!e) {
			e = w->a->entry(t->stage, l, table_page(w, t));
			put(w, slot, e);
		}
		at = e & UINT64_C(0xffffffffff000);
	}
	return at + 8 * (ia >> 12 & 511);
}

static inline void map(struct world *w, struct table *t, uint64_t ia, uint64_t oa)
{
	put(w, leaf_at(w, t, ia), w->a->entry(t->stage, 0, oa));
}

/* The first stage's tables as guest-physical memory. */
static inline void put_under(struct world *w, struct table *s2, const struct table *s1)
{
	for (unsigned i = 0; i < s1->n_page; i++)
		map(w, s2, s1->page[i], s1->page[i]);
}

/* ---- records ---- */

static inline struct trc_rec *push(struct world *w, uint8_t kind)
{
	if (w->n_rec == w->cap_rec) {
		w->cap_rec = w->cap_rec ? 2 * w->cap_rec : 1024;
		w->rec = realloc(w->rec, w->cap_rec * sizeof(*w->rec));
		if (!w->rec)
			die("out of memory");
	}
	w->rec[w->n_rec] = (struct trc_rec){ .kind = kind, .at = TRC_NO_TIME, .line = 1 };
	return &w->rec[w->n_rec++];
}

static inline int world_source(void *arg, struct trc_rec *r, struct err *e)
{
	struct world *w = arg;

	(void)e;
	if (w->at_rec == w->n_rec) {
		w->at_rec = w->n_rec = 0;
		while (!w->n_rec)
			if (!w->more(w))
				return 0;
	}
	*r = w->rec[w->at_rec++];
	return 1;
}

static inline void store(struct world *w, uint64_t pa, uint64_t v)
{
	struct trc_rec *r = push(w, TRC_STORE);

	r->u.store.pa = pa;
	r->u.store.val = v;
	r->u.store.bytes = 8;
}

static inline void read_at(struct world *w, const struct ctx *c, uint64_t iova)
{
	struct trc_rec *r = push(w, TRC_DMA);

	r->u.dma.rid = c->rid;
	r->u.dma.pasid = c->pasid;
	r->u.dma.iova = iova;
	r->u.dma.len = 64;
	r->u.dma.dir = 'r';
}

static inline void command(struct world *w, const uint64_t cmd[2])
{
	uint64_t at = RING + 8 * w->a->words * (w->cmds++ & ((1u << RING_LG2) - 1));

	store(w, at, cmd[0]);
	store(w, at + 8, cmd[1]);
}

/* A wait behind the commands, and the tail: nothing after this begins before the unit has finished them. */
static inline void submit(struct world *w)
{
	uint64_t cmd[2];
	struct trc_rec *r;

	if (!w->in_batch)
		return;
	w->in_batch = 0;
	w->a->wait(w, cmd);
	command(w, cmd);
	w->waits++;
	r = push(w, TRC_MMIO_WRITE);
	r->u.mmio.off = w->a->tail;
	r->u.mmio.bytes = 4;
	r->u.mmio.val = w->a->tail_value(w->cmds);
}

static inline void commands(struct world *w, uint64_t cmd[][2], unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		command(w, cmd[i]);
		if (++w->in_batch == BATCH)
			submit(w);
	}
}

/* ---- life ---- */

/* The unit exists from here on; its configuration is w->cfg. */
static inline void world_start(struct world *w)
{
	struct err e = { 0 };

	w->p = plat_create(&w->pc, &(struct plat_hooks){ 0 }, &e);
	if (!w->p)
		die(e.msg);
	w->m = plat_mem(w->p);
	w->u = w->a->create(w, &e);
	if (!w->u || !plat_add_unit(w->p, w->u, &e))
		die(e.msg);
	w->next_page = 0x1000000;
	w->next_frame = UINT64_C(0x100000000);
}

static inline void world_new(struct world *w, const struct arch *a, uint64_t seed)
{
	*w = (struct world){ .a = a };
	rng_seed(&w->rng, seed);
	w->unit = a->defaults(w, &w->leaf);
	w->unit->tag.audit = true;
	cfg_defaults(plat_opts, &w->pc);
	cfg_defaults(mem_port_opts, &w->pc.port);
	cfg_defaults(dev_opts, &w->pc.dev_default);
	cfg_defaults(replay_opts, &w->pc.replay);
}

static inline void world_run(struct world *w)
{
	struct err e = { 0 };

	w->a->start(w);
	sim_run(plat_kernel(w->p));
	w->o = oracle_create(w->p, 0, &e);
	if (!w->o || !plat_register_stats(w->p, &w->reg))
		die("out of memory");
	if (!plat_run(w->p, world_source, w, false, &e))
		die(e.msg);
	if (oracle_oom(w->o))
		die("out of memory for the oracle");
	if (w->u->st.faults)
		die("a read was refused");
}

static inline const struct xc_stats *world_leaf(const struct world *w)
{
	for (size_t i = 0; i < w->reg.n; i++)
		if (!strcmp(w->reg.node[i].path, w->a->leaf))
			return w->reg.node[i].base;
	die("no statistics of the cache of translations");
	return NULL;
}

static inline void world_fini(struct world *w)
{
	stat_fini(&w->reg);
	oracle_destroy(w->o);
	plat_destroy(w->p);
	free(w->rec);
}
#endif
