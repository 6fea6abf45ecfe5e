/* SPDX-License-Identifier: Apache-2.0 */
/* vtd_rig.h - one VT-d unit with memory, a clock and an environment that writes down what reaches it. */
#ifndef VTD_RIG_H
#define VTD_RIG_H
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "vtd/vtd_iq.h"

#define SCALABLE_CAP UINT64_C(0xd1d2078c40780c06)
#define SCALABLE_ECAP UINT64_C(0x0433ef9ea4f050df)
enum { RING = 0x10000, STATUS = 0x20000, PRQ_RING = 0x30000, ROOT = 0x40000, CTX = 0x41000 };
struct rig {
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port p;
	struct vtd_cfg c;
	struct iommu *u;
	struct vtd *v;
	struct { uint64_t addr; uint32_t data, status_word; } msi[64];
	struct ats_inv inv[512];
	struct page_resp resp[512];
	unsigned n_msi, n_inv, n_resp, n_progress;
	uint32_t alive[8]; /* requesters that answer at once, from inside the request */
	unsigned n_alive;
	unsigned slot; /* next free descriptor */
	bool wide;
};

static inline void rig_msi(void *arg, uint64_t addr, uint32_t data)
{
	struct rig *r = arg;
	uint64_t w = 0;

	ck_assert_uint_eq(mem_read(r->m, STATUS, &w, 1), MEM_OK);
	r->msi[r->n_msi].addr = addr;
	r->msi[r->n_msi].status_word = (uint32_t)w;
	r->msi[r->n_msi++].data = data;
}

static inline void rig_inv(void *arg, const struct ats_inv *q)
{
	struct rig *r = arg;

	r->inv[r->n_inv++] = *q;
	for (unsigned i = 0; i < r->n_alive; i++)
		if (r->alive[i] == q->rid)
			r->u->ops->ats_cpl(r->u, q->rid, UINT32_C(1) << q->itag, 1);
}

static inline void rig_resp(void *arg, const struct page_resp *q)
{
	struct rig *r = arg;

	r->resp[r->n_resp++] = *q;
}

static inline void rig_progress(void *arg)
{
	((struct rig *)arg)->n_progress++;
}

/* The unit before anything was written; @c->cap etc. may be changed by @set first. */
static inline struct rig *rig_new(void (*set)(struct vtd_cfg *c))
{
	struct rig *r = calloc(1, sizeof *r);
	struct mem_port_cfg pc = { .lat_ps = 50000 };
	struct err e = { 0 };

	ck_assert_ptr_nonnull(r);
	cfg_defaults(vtd_opts, &r->c);
	if (set)
		set(&r->c);
	r->k = sim_kernel_create();
	r->m = mem_create(UINT64_C(1) << 32, false);
	ck_assert(mem_port_init(&r->p, &pc, &e));
	r->u = vtd_create(&r->c, "vtd0", r->k, r->m, &r->p, 1, &e);
	ck_assert_msg(r->u != NULL, "%s", e.msg);
	r->v = (struct vtd *)r->u;
	r->u->env = (struct iommu_env){ .arg = r, .msi = rig_msi, .ats_inv = rig_inv, .page_resp = rig_resp, .progress = rig_progress };
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

/* @tags: 31 TE and so on; keeps the level bits as drivers do. */
static inline void gcmd(struct rig *r, uint32_t set, uint32_t clear)
{
	wr32(r, VTD_R_GCMD, (((rd32(r, VTD_R_GSTS) & 0x96ffffff) | set) & ~clear));
}

static inline void scalable(struct vtd_cfg *c)
{
	c->cap = SCALABLE_CAP;
	c->ecap = SCALABLE_ECAP;
	c->ver = 0x60;
}

/* Queue on, one page of 128-bit descriptors (legacy) or two of 256-bit ones. */
static inline void rig_queue(struct rig *r, bool wide)
{
	r->wide = wide;
	wr64(r, VTD_R_RTADDR, ROOT | (wide ? 1u << 10 : 0));
	gcmd(r, GSTS_RTPS, 0);
	wr64(r, VTD_R_IQT, 0);
	wr64(r, VTD_R_IQA, RING | (wide ? IQA_DW | 1 : 0));
	gcmd(r, GSTS_QIES, 0);
	ck_assert(rd32(r, VTD_R_GSTS) & GSTS_QIES);
}

static inline void put_at(struct rig *r, unsigned slot, uint64_t w0, uint64_t w1)
{
	uint64_t d[4] = { w0, w1, 0, 0 };

	mem_write(r->m, RING + slot * (r->wide ? 32u : 16u), d, r->wide ? 4 : 2);
}

static inline void put(struct rig *r, uint64_t w0, uint64_t w1)
{
	put_at(r, r->slot, w0, w1);
	r->slot = (r->slot + 1) % 256;
}

static inline void put_wait(struct rig *r, uint32_t data)
{
	put(r, UINT64_C(0x25) | (uint64_t)data << 32, STATUS);
}

static inline void tail(struct rig *r)
{
	wr32(r, VTD_R_IQT, r->slot * (r->wide ? 32u : 16u));
}

static inline uint32_t status_word(const struct rig *r)
{
	uint64_t w = 0;

	ck_assert_uint_eq(mem_read(r->m, STATUS, &w, 1), MEM_OK);
	return (uint32_t)w;
}

static inline unsigned head_slot(struct rig *r)
{
	return (unsigned)(rd64(r, VTD_R_IQH) / (r->wide ? 32 : 16));
}

static inline void run_for(struct rig *r, sim_time ps)
{
	sim_run_until(r->k, sim_now(r->k) + ps);
}
#define US UINT64_C(1000000)
#define SECOND (1000000 * US)
#define run_all(r) sim_run((r)->k)
#define idle(r) ((r)->u->ops->commands_idle((r)->u))

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
