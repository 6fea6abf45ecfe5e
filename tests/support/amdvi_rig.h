/* SPDX-License-Identifier: Apache-2.0 */
/* amdvi_rig.h - one AMD-Vi unit with memory, a clock and an environment that writes down what reaches it. */
#ifndef AMDVI_RIG_H
#define AMDVI_RIG_H
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi_int.h"
#include "amdvi/amdvi_regs.h"

/* Where things lie in memory; rig_on() uses buffers of 2^RIG_LG2 entries, and a device table for all 65536 devices. */
enum {
	RIG_CMD = 0x10000, RIG_EVT = 0x20000, RIG_PPR = 0x30000, RIG_EVTB = 0x40000, RIG_PPRB = 0x50000, RIG_SEM = 0x60000, RIG_TABLES = 0x100000,
	RIG_DEVTAB = 0x400000, RIG_LG2 = 8
};
#define RIG_MSI_ADDR UINT64_C(0xfee01000)
#define RIG_MSI_DATA 0x4021u
struct rig {
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port p;
	struct amdvi_cfg c;
	struct iommu *u;
	struct amdvi *v;
	struct { uint64_t addr; uint32_t data, status; sim_time at; } msi[64]; /* status: the Status register at that moment */
	struct ats_inv inv[512];
	struct page_resp resp[512];
	struct { struct xl_req q; struct xl_res r; } fault[64];
	unsigned n_msi, n_inv, n_resp, n_progress, n_fault; /* all are counted, the first ones kept */
	uint32_t alive[8]; /* requesters that answer an invalidation at once, from inside the request */
	unsigned n_alive;
	unsigned slot; /* next free command slot */
};

static inline void rig_on_msi(void *arg, uint64_t addr, uint32_t data)
{
	struct rig *r = arg;

	if (r->n_msi < 64) {
		r->msi[r->n_msi].addr = addr;
		r->msi[r->n_msi].at = sim_now(r->k);
		r->msi[r->n_msi].status = (uint32_t)amdvi_reg_get(r->v, AMDVI_R_STATUS, 4);
		r->msi[r->n_msi].data = data;
	}
	r->n_msi++;
}

static inline void rig_on_inv(void *arg, const struct ats_inv *q)
{
	struct rig *r = arg;

	if (r->n_inv < 512)
		r->inv[r->n_inv] = *q;
	r->n_inv++;
	for (unsigned i = 0; i < r->n_alive; i++)
		if (r->alive[i] == q->rid)
			r->u->ops->ats_cpl(r->u, q->rid, UINT32_C(1) << q->itag, 1);
}

static inline void rig_on_resp(void *arg, const struct page_resp *q)
{
	struct rig *r = arg;

	if (r->n_resp < 512)
		r->resp[r->n_resp] = *q;
	r->n_resp++;
}

static inline void rig_on_progress(void *arg)
{
	((struct rig *)arg)->n_progress++;
}

static inline void rig_on_fault(void *arg, const struct xl_req *q, const struct xl_res *res)
{
	struct rig *r = arg;

	if (r->n_fault < 64) {
		r->fault[r->n_fault].q = *q;
		r->fault[r->n_fault].r = *res;
	}
	r->n_fault++;
}

/* The unit before anything was written; @set may change the configuration first. 4 GiB of memory: what lies above aborts. */
static inline struct rig *rig_new(void (*set)(struct amdvi_cfg *c))
{
	struct rig *r = calloc(1, sizeof *r);
	struct mem_port_cfg pc = { .lat_ps = 50000 };
	struct err e = { 0 };

	ck_assert_ptr_nonnull(r);
	cfg_defaults(amdvi_opts, &r->c);
	if (set)
		set(&r->c);
	r->k = sim_kernel_create();
	r->m = mem_create(UINT64_C(1) << 32, false);
	ck_assert(mem_port_init(&r->p, &pc, &e));
	r->u = amdvi_create(&r->c, "amdvi0", r->k, r->m, &r->p, 1, &e);
	ck_assert_msg(r->u != NULL, "%s", e.msg);
	r->v = amdvi_of(r->u);
	r->u->env = (struct iommu_env){
		.arg = r, .msi = rig_on_msi, .ats_inv = rig_on_inv, .page_resp = rig_on_resp, .progress = rig_on_progress, .fault = rig_on_fault
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

static inline void rig_dte(struct rig *r, uint32_t rid, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	uint64_t d[4] = { w0, w1, w2, w3 };

	ck_assert_uint_eq(mem_write(r->m, RIG_DEVTAB + rid * 32u, d, 4), MEM_OK);
}

/*
 * Device table, buffers, MSI (address RIG_MSI_ADDR, data RIG_MSI_DATA), then Control: IommuEn, EventLogEn, EventIntEn, Coherent, CmdBufEn and @ctl,
 * for example PPRLogEn | PPRIntEn | PPREn, GTEn, ComWaitIntEn, InvTimeOut << 5.
 */
static inline void rig_on(struct rig *r, uint64_t ctl)
{
	wr64(r, AMDVI_R_DEVTAB_BASE, RIG_DEVTAB | 0x1ff);
	wr64(r, AMDVI_R_CMD_BASE, RIG_CMD | (uint64_t)RIG_LG2 << 56);
	wr64(r, AMDVI_R_EVT_BASE, RIG_EVT | (uint64_t)RIG_LG2 << 56);
	wr64(r, AMDVI_R_PPR_BASE, RIG_PPR | (uint64_t)RIG_LG2 << 56);
	wr64(r, AMDVI_R_EVTB_BASE, RIG_EVTB | (uint64_t)RIG_LG2 << 56);
	wr64(r, AMDVI_R_PPRB_BASE, RIG_PPRB | (uint64_t)RIG_LG2 << 56);
	wr32(r, AMDVI_R_MSI_ADDR_LO, (uint32_t)RIG_MSI_ADDR);
	wr32(r, AMDVI_R_MSI_ADDR_HI, (uint32_t)(RIG_MSI_ADDR >> 32));
	wr32(r, AMDVI_R_MSI_DATA, RIG_MSI_DATA);
	wr32(r, AMDVI_R_MSI_CAP, 1u << 16);
	wr64(r, AMDVI_R_CONTROL, 0x140d | ctl);
}

static inline void put_at(struct rig *r, unsigned slot, uint64_t w0, uint64_t w1)
{
	uint64_t d[2] = { w0, w1 };

	ck_assert_uint_eq(mem_write(r->m, RIG_CMD + slot * 16u, d, 2), MEM_OK);
}

static inline void put(struct rig *r, uint64_t w0, uint64_t w1)
{
	put_at(r, r->slot, w0, w1);
	r->slot = (r->slot + 1) % (1u << RIG_LG2);
}

/* COMPLETION_WAIT, s = 1: @data to RIG_SEM. */
static inline void put_wait(struct rig *r, uint64_t data)
{
	put(r, UINT64_C(0x1000000000000001) | RIG_SEM, data);
}

static inline void tail(struct rig *r)
{
	wr32(r, AMDVI_R_CMD_TAIL, r->slot * 16u);
}

static inline unsigned head_slot(struct rig *r)
{
	return rd32(r, AMDVI_R_CMD_HEAD) / 16;
}

static inline unsigned n_events(struct rig *r)
{
	return rd32(r, AMDVI_R_EVT_TAIL) / 16;
}

/* Word @w (0 or 1) of entry @i of event log A. */
static inline uint64_t event_word(const struct rig *r, unsigned i, unsigned w)
{
	return mem64(r, RIG_EVT + 16u * i + 8u * w);
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
