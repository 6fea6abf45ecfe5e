/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.h - one unit with memory, a clock and an environment that writes down what reaches it: the part that is the same for every
 * architecture. An architecture's header (amdvi_rig.h, smmuv3_rig.h, vtd_rig.h) defines the type rig_cfg and RIG_OWN, the members of its
 * own; includes this one; and defines rig_create() and rig_status().
 */
#ifndef IOMMUSIM_RIG_H
#define IOMMUSIM_RIG_H
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "core/iommu.h"

enum { RIG_MSIS = 64, RIG_INVS = 512, RIG_FAULTS = 64 };
struct rig {
	RIG_OWN
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port p;
	rig_cfg c;
	struct iommu *u;
	struct { uint64_t addr; uint32_t data, status; sim_time at; } msi[RIG_MSIS]; /* status: rig_status() at that moment */
	struct ats_inv inv[RIG_INVS];
	struct page_resp resp[RIG_INVS];
	struct { struct xl_req q; struct xl_res r; } fault[RIG_FAULTS];
	unsigned n_msi, n_inv, n_resp, n_progress;
	unsigned n_fault; /* all are counted, the first ones kept */
	uint32_t alive[8]; /* requesters that answer an invalidation at once, from inside the request */
	unsigned n_alive;
};

/* ---- what an architecture defines ---- */

/* The default configuration, then @set, then a unit. */
static inline struct iommu *rig_create(struct rig *r, void (*set)(rig_cfg *c), struct err *e);
static inline uint32_t rig_status(struct rig *r); /* what is worth noting when a message comes */

/* ---- the environment ---- */

static inline void rig_on_msi(void *arg, uint64_t addr, uint32_t data)
{
	struct rig *r = arg;

	ck_assert_uint_lt(r->n_msi, RIG_MSIS);
	r->msi[r->n_msi].addr = addr;
	r->msi[r->n_msi].at = sim_now(r->k);
	r->msi[r->n_msi].status = rig_status(r);
	r->msi[r->n_msi++].data = data;
}

static inline void rig_on_inv(void *arg, const struct ats_inv *q)
{
	struct rig *r = arg;

	ck_assert_uint_lt(r->n_inv, RIG_INVS);
	r->inv[r->n_inv++] = *q;
	for (unsigned i = 0; i < r->n_alive; i++)
		if (r->alive[i] == q->rid)
			r->u->ops->ats_cpl(r->u, q->rid, UINT32_C(1) << q->itag, 1);
}

static inline void rig_on_resp(void *arg, const struct page_resp *q)
{
	struct rig *r = arg;

	ck_assert_uint_lt(r->n_resp, RIG_INVS);
	r->resp[r->n_resp++] = *q;
}

static inline void rig_on_progress(void *arg)
{
	((struct rig *)arg)->n_progress++;
}

static inline void rig_on_fault(void *arg, const struct xl_req *q, const struct xl_res *res)
{
	struct rig *r = arg;

	if (r->n_fault < RIG_FAULTS) {
		r->fault[r->n_fault].q = *q;
		r->fault[r->n_fault].r = *res;
	}
	r->n_fault++;
}

/* ---- the unit ---- */

/* The unit before anything was written; @set may change the configuration first. 4 GiB of memory: what lies above aborts. */
static inline struct rig *rig_new(void (*set)(rig_cfg *c))
{
	struct rig *r = calloc(1, sizeof *r);
	struct mem_port_cfg pc = { .lat_ps = 50000 };
	struct err e = { 0 };

	ck_assert_ptr_nonnull(r);
	r->k = sim_kernel_create();
	r->m = mem_create(UINT64_C(1) << 32, false);
	ck_assert(mem_port_init(&r->p, &pc, &e));
	r->u = rig_create(r, set, &e);
	ck_assert_msg(r->u != NULL, "%s", e.msg);
	r->u->env = (struct iommu_env){
		.arg = r, .msi = rig_on_msi, .ats_inv = rig_on_inv, .page_resp = rig_on_resp, .progress = rig_on_progress,
		.fault = rig_on_fault
	};
	return r;
}

static inline void rig_free(struct rig *r)
{
	r->u->ops->destroy(r->u);
	mem_port_fini(&r->p);
	mem_destroy(r->m);
	sim_kernel_destroy(r->k);
	free(r);
}

static inline void wr32(struct rig *r, uint32_t off, uint32_t v)
{
	r->u->ops->mmio_write(r->u, off, 4, v);
}

static inline void wr64(struct rig *r, uint32_t off, uint64_t v)
{
	r->u->ops->mmio_write(r->u, off, 8, v);
}

static inline uint32_t rd32(struct rig *r, uint32_t off)
{
	return (uint32_t)r->u->ops->mmio_read(r->u, off, 4);
}

static inline uint64_t rd64(struct rig *r, uint32_t off)
{
	return r->u->ops->mmio_read(r->u, off, 8);
}

static inline void run_for(struct rig *r, sim_time ps)
{
	sim_run_until(r->k, sim_now(r->k) + ps);
}
#define US UINT64_C(1000000)
#define SECOND (1000000 * US)
#define run_all(r) sim_run((r)->k)
#define idle(r) ((r)->u->ops->commands_idle((r)->u))

static inline uint64_t mem64(const struct rig *r, uint64_t spa)
{
	uint64_t w = 0;

	ck_assert_uint_eq(mem_read(r->m, spa, &w, 1), MEM_OK);
	return w;
}

static inline void put64(struct rig *r, uint64_t spa, uint64_t v)
{
	ck_assert_uint_eq(mem_write(r->m, spa, &v, 1), MEM_OK);
}

/* ---- a register at reset, and after ones were written ---- */

struct rig_reg {
	const char *what;
	uint32_t off;
	unsigned bytes;
	uint64_t reset, ones; /* value after reset, and after writing all ones in a unit where everything is off */
};

static inline void rig_keeps_its_bits(struct rig *r, const struct rig_reg *g)
{
	ck_assert_msg(r->u->ops->mmio_read(r->u, g->off, g->bytes) == g->reset, "%s reset", g->what);
	r->u->ops->mmio_write(r->u, g->off, g->bytes, g->bytes == 4 ? 0xffffffff : UINT64_MAX);
	ck_assert_msg(r->u->ops->mmio_read(r->u, g->off, g->bytes) == g->ones, "%s ones", g->what);
}

static inline void rig_keeps_its_halves(struct rig *r, const struct rig_reg *g)
{
	if (g->bytes != 8)
		return;
	wr64(r, g->off, 0);
	for (unsigned h = 0; h < 8; h += 4) {
		wr32(r, g->off + h, 0xffffffff);
		ck_assert_msg(rd32(r, g->off + h) == (uint32_t)(g->ones >> 8 * h), "%s half %u", g->what, h);
	}
	ck_assert_msg(rd64(r, g->off) == g->ones, "%s halves", g->what);
}

/* One suite: @loop for every i below @n, then each of the others once. */
static inline int rig_suite(const char *name, const TTest *loop, unsigned n, const TTest *const *one, size_t n_one)
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *sr;
	int failed;

	if (loop)
		tcase_add_loop_test(tc, loop, 0, (int)n);
	for (size_t i = 0; i < n_one; i++)
		tcase_add_test(tc, one[i]);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
#define RIG_MAIN(suite, loop, n, ...)                                                                                          \
	int main(void)                                                                                                         \
	{                                                                                                                      \
		const TTest *const one[] = { __VA_ARGS__ };                                                                    \
                                                                                                                               \
		return rig_suite(suite, loop, n, one, ARRAY_LEN(one));                                                         \
	}
#endif
