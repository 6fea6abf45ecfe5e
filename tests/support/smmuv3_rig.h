/* SPDX-License-Identifier: Apache-2.0 */
/* smmuv3_rig.h - one SMMUv3 unit with memory, a clock and an environment that writes down what reaches it. */
#ifndef SMMUV3_RIG_H
#define SMMUV3_RIG_H
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "smmuv3/smmuv3_int.h"
#include "smmuv3/smmuv3_regs.h"

/* Where things lie in memory; rig_queues() uses the rings with 2^RIG_LG2 entries each. */
enum { RIG_CMDQ = 0x10000, RIG_EVENTQ = 0x20000, RIG_PRIQ = 0x30000, RIG_STRTAB = 0x40000, RIG_CD = 0x50000, RIG_MSI = 0x60000 };
enum { RIG_LG2 = 8 };
struct rig {
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port p;
	struct smmuv3_cfg c;
	struct iommu *u;
	struct smmuv3 *s;
	struct { uint64_t addr; uint32_t data; sim_time at; } msi[64];
	struct ats_inv inv[512];
	struct page_resp resp[512];
	unsigned n_msi, n_inv, n_resp, n_progress;
	uint32_t alive[8]; /* requesters that answer an invalidation at once, from inside the request */
	unsigned n_alive;
	unsigned prod; /* next free command slot, wrap bit included */
};

static inline void rig_on_msi(void *arg, uint64_t addr, uint32_t data)
{
	struct rig *r = arg;

	ck_assert_uint_lt(r->n_msi, 64);
	r->msi[r->n_msi].addr = addr;
	r->msi[r->n_msi].at = sim_now(r->k);
	r->msi[r->n_msi++].data = data;
}

static inline void rig_on_inv(void *arg, const struct ats_inv *q)
{
	struct rig *r = arg;

	ck_assert_uint_lt(r->n_inv, 512);
	r->inv[r->n_inv++] = *q;
	for (unsigned i = 0; i < r->n_alive; i++)
		if (r->alive[i] == q->rid)
			r->u->ops->ats_cpl(r->u, q->rid, UINT32_C(1) << q->itag, 1);
}

static inline void rig_on_resp(void *arg, const struct page_resp *q)
{
	struct rig *r = arg;

	ck_assert_uint_lt(r->n_resp, 512);
	r->resp[r->n_resp++] = *q;
}

static inline void rig_on_progress(void *arg)
{
	((struct rig *)arg)->n_progress++;
}

/* The unit before anything was written; @set may change the configuration first. 4 GiB of memory: what lies above aborts. */
static inline struct rig *rig_new(void (*set)(struct smmuv3_cfg *c))
{
	struct rig *r = calloc(1, sizeof *r);
	struct mem_port_cfg pc = { .lat_ps = 50000 };
	struct err e = { 0 };

	ck_assert_ptr_nonnull(r);
	cfg_defaults(smmuv3_opts, &r->c);
	if (set)
		set(&r->c);
	r->k = sim_kernel_create();
	r->m = mem_create(UINT64_C(1) << 32, false);
	ck_assert(mem_port_init(&r->p, &pc, &e));
	r->u = smmuv3_create(&r->c, "smmu0", r->k, r->m, &r->p, 1, &e);
	ck_assert_msg(r->u != NULL, "%s", e.msg);
	r->s = smmuv3_of(r->u);
	r->u->env = (struct iommu_env){ .arg = r, .msi = rig_on_msi, .ats_inv = rig_on_inv, .page_resp = rig_on_resp };
	r->u->env.progress = rig_on_progress;
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

/* Write CR0 and run until CR0ACK says the same; fails if that takes a second. */
static inline void rig_cr0(struct rig *r, uint32_t v)
{
	wr32(r, SMMUV3_R_CR0, v);
	for (unsigned i = 0; i < 1000 && rd32(r, SMMUV3_R_CR0ACK) != v; i++)
		run_for(r, 1000 * US);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_CR0ACK), v);
}

/* Queues at their places, empty and enabled, and all interrupt enables; @cr0: further CR0 bits (SMMUEN ...). */
static inline void rig_queues(struct rig *r, uint32_t cr0)
{
	wr64(r, SMMUV3_R_CMDQ_BASE, RIG_CMDQ | RIG_LG2);
	wr32(r, SMMUV3_R_CMDQ_PROD, 0);
	wr32(r, SMMUV3_R_CMDQ_CONS, 0);
	wr64(r, SMMUV3_R_EVENTQ_BASE, RIG_EVENTQ | RIG_LG2);
	wr32(r, SMMUV3_R_EVENTQ_PROD, 0);
	wr32(r, SMMUV3_R_EVENTQ_CONS, 0);
	wr64(r, SMMUV3_R_PRIQ_BASE, RIG_PRIQ | RIG_LG2);
	wr32(r, SMMUV3_R_PRIQ_PROD, 0);
	wr32(r, SMMUV3_R_PRIQ_CONS, 0);
	wr32(r, SMMUV3_R_IRQ_CTRL, r->s->cap.pri ? 7 : 5);
	rig_cr0(r, cr0 | CR0_CMDQEN | CR0_EVENTQEN | (r->s->cap.pri ? CR0_PRIQEN : 0));
}

/* A linear stream table of 2^@lg2 entries at RIG_STRTAB; before SMMUEN. */
static inline void rig_strtab(struct rig *r, unsigned lg2)
{
	wr64(r, SMMUV3_R_STRTAB_BASE, RIG_STRTAB);
	wr32(r, SMMUV3_R_STRTAB_BASE_CFG, lg2);
}

static inline void put(struct rig *r, uint64_t w0, uint64_t w1)
{
	uint64_t d[2] = { w0, w1 };

	ck_assert_uint_eq(mem_write(r->m, RIG_CMDQ + (r->prod & ((1u << RIG_LG2) - 1)) * 16, d, 2), MEM_OK);
	r->prod = (r->prod + 1) & ((2u << RIG_LG2) - 1);
}

static inline void tail(struct rig *r)
{
	wr32(r, SMMUV3_R_CMDQ_PROD, r->prod);
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
