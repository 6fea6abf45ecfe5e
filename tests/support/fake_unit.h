/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_unit.h - the smallest unit that translates: one table of 512 words at FAKE_TABLE, no caches, two registers.
 * Entry: bit 0 read, bit 1 write, bit 2 a refused request stalls, bits 63:12 page. Register 0: queue tail (busy for cmd_ps). 8: plain.
 * 16: invalidate request to the requester written, busy until its answer. 24: busy for ever. 32: the stalled requests go on (0), or
 * the one that stalled first does (1), or all are refused: abort (2), RAZ/WI (3).
 * ATS: translation requests get what the entry grants; bits 5:3 of the entry: page size 4 KiB << that; bit 6 Global, bit 7 U; xlat_cpl: the
 * status they get instead (1 UR, 4 CA). Page requests are kept in page[]; answers to invalidate requests in cpl[]. Every PASID has the
 * same table. Register 40: a response to the page group that came first of those not answered, with this code.
 */
#ifndef IOMMUSIM_FAKE_UNIT_H
#define IOMMUSIM_FAKE_UNIT_H
#include <stdlib.h>
#include "core/iommu.h"

#include "pcie/atc.h"

enum { FAKE_TABLE = 0x100000, FAKE_EMPTY = 7, FAKE_NO_R = 5, FAKE_NO_W = 6, FAKE_GLOBAL = 0x40, FAKE_U = 0x80, FAKE_KEPT = 256 };
struct fake_unit {
	struct iommu u;
	struct iommu_cfg cfg;
	uint64_t reg, cmd_ps;
	struct sim_event cmd;
	bool busy;
	sim_time answered_at;
	struct xl *stalled;
	unsigned xlat_cpl, n_page, n_answered, n_cpl, xlats; /* xlats: translation requests */
	struct page_req page[FAKE_KEPT];
	struct { uint32_t itags; unsigned cc; sim_time at; unsigned busy; } cpl[FAKE_KEPT]; /* busy: requests in the unit at that time */
	struct xl_req last; /* as it came */
};
static enum xl_act fake_begin(struct iommu *u, struct xl *x)
{
	struct fake_unit *f = (struct fake_unit *)u;

	if (!x->functional)
		f->last = x->req;
	if (x->req.at == XL_TRANSLATED) {
		x->res.spa = x->req.iova;
		return XL_ACT_DONE;
	}
	f->xlats += x->req.at == XL_TRANSLATION_REQ && !x->functional;
	x->mem_spa = FAKE_TABLE + 8 * (x->req.iova >> 12 & 511);
	x->mem_words = 1;
	return XL_ACT_READ;
}
static enum xl_act fake_completion(struct fake_unit *f, struct xl *x, uint64_t e)
{
	unsigned lg2 = 12 + (e >> 3 & 7);
	uint64_t mask = (UINT64_C(1) << lg2) - 1;

	x->res.size_lg2 = (uint8_t)lg2;
	x->res.perm = (uint8_t)((e & 3) | (e & FAKE_GLOBAL ? ATC_PERM_GLOBAL : 0) | (e & FAKE_U ? ATC_PERM_U : 0));
	x->res.spa = (e & ~UINT64_C(0xfff) & ~mask) | (x->req.iova & mask);
	x->res.cpl = (uint8_t)f->xlat_cpl;
	x->res.code = f->xlat_cpl ? 99 : 0;
	return f->xlat_cpl ? XL_ACT_FAULT : XL_ACT_DONE;
}
static enum xl_act fake_next(struct iommu *u, struct xl *x)
{
	uint64_t e = x->data[0];

	if (x->req.at == XL_TRANSLATION_REQ)
		return fake_completion((struct fake_unit *)u, x, e);
	x->res.info[0] = e & 4;
	x->res.code = !(e & 3) ? FAKE_EMPTY : (x->req.acc & XL_R) && !(e & 1) ? FAKE_NO_R : (x->req.acc & XL_W) && !(e & 2) ? FAKE_NO_W : 0;
	if (x->res.code)
		return XL_ACT_FAULT;
	x->res.spa = (e & ~UINT64_C(0xfff)) | (x->req.iova & 0xfff);
	return XL_ACT_DONE;
}
static bool fake_fault(struct iommu *u, struct xl *x)
{
	struct xl **p = &((struct fake_unit *)u)->stalled;

	if (!x->res.info[0])
		return true;
	while (*p)
		p = &(*p)->qnext;
	*p = x;
	x->qnext = NULL;
	return false;
}
static void fake_resume(struct fake_unit *f, uint64_t how)
{
	while (f->stalled) {
		struct xl *x = f->stalled;

		f->stalled = x->qnext;
		x->res.raz = how == 3;
		if (how >= 2)
			iommu_terminate(&f->u, x);
		else
			iommu_resume(&f->u, x);
		if (how == 1)
			return;
	}
}
static void fake_cmd_done(struct sim_event *e)
{
	struct fake_unit *f = container_of(e, struct fake_unit, cmd);

	f->busy = false;
	f->u.env.progress(f->u.env.arg);
}
static void fake_write(struct iommu *u, uint32_t off, unsigned bytes, uint64_t v)
{
	struct fake_unit *f = (struct fake_unit *)u;

	(void)bytes;
	if (off == 8) {
		f->reg = v;
		return;
	}
	if (off == 32) {
		fake_resume(f, v);
		return;
	}
	if (off == 40 && f->n_answered < f->n_page) {
		const struct page_req *p = &f->page[f->n_answered++];

		u->env.page_resp(u->env.arg, &(struct page_resp){ .rid = p->rid, .pasid = p->pasid, .has_pasid = p->has_pasid, .prgi = p->prgi,
								   .code = (uint8_t)v });
		return;
	}
	if (off == 40)
		return;
	f->busy = true;
	if (off == 0)
		sim_at(u->k, sim_now(u->k) + f->cmd_ps, &f->cmd);
	if (off == 16)
		u->env.ats_inv(u->env.arg, &(struct ats_inv){ .rid = (uint32_t)v, .itag = 3, .last = UINT64_MAX });
}
static uint64_t fake_read(struct iommu *u, uint32_t off, unsigned bytes)
{
	(void)off, (void)bytes;
	return ((struct fake_unit *)u)->reg;
}
static bool fake_restore(struct iommu *u, uint32_t off, unsigned bytes, uint64_t v, struct err *e)
{
	(void)bytes;
	if (off != 8)
		return err_set(e, ERR_INPUT, "no register at 0x%x", off);
	((struct fake_unit *)u)->reg = v;
	return true;
}
static bool fake_idle(const struct iommu *u)
{
	return !((const struct fake_unit *)u)->busy;
}
static void fake_ats_cpl(struct iommu *u, uint32_t rid, uint32_t itags, unsigned cc)
{
	struct fake_unit *f = (struct fake_unit *)u;

	(void)rid;
	if (f->n_cpl < FAKE_KEPT) {
		unsigned n = 0;

		for (const struct xl *x = u->oldest; x; x = x->next)
			n++;
		f->cpl[f->n_cpl].itags = itags;
		f->cpl[f->n_cpl].cc = cc;
		f->cpl[f->n_cpl].busy = n;
		f->cpl[f->n_cpl++].at = sim_now(u->k);
	}
	if (itags != 8 || cc != 1)
		return;
	f->answered_at = sim_now(u->k);
	f->busy = false;
	if (u->env.progress)
		u->env.progress(u->env.arg);
}
static void fake_page_request(struct iommu *u, const struct page_req *p)
{
	struct fake_unit *f = (struct fake_unit *)u;

	if (f->n_page < FAKE_KEPT)
		f->page[f->n_page++] = *p;
}
static bool fake_stats(struct iommu *u, struct stat_reg *r)
{
	return stat_add(r, u->name, &u->st, iommu_stat_defs);
}
static void fake_destroy(struct iommu *u)
{
	iommu_fini(u);
	free(u);
}
static bool fake_is_tail(const struct iommu *u, uint32_t off)
{
	(void)u;
	return off == 0;
}
static const struct iommu_ops fake_ops = { .arch = "fake", .begin = fake_begin, .next = fake_next, .fault = fake_fault,
	.mmio_write = fake_write, .mmio_read = fake_read, .restore = fake_restore, .commands_idle = fake_idle, .ats_cpl = fake_ats_cpl,
	.page_request = fake_page_request,
	.stats = fake_stats, .destroy = fake_destroy, .is_tail = fake_is_tail };

/* A unit that adds no time of its own, so that the times in the tests are those of device and memory. */
static inline struct fake_unit *fake_create(struct sim_kernel *k, struct mem *m, struct mem_port *p)
{
	struct fake_unit *f = calloc(1, sizeof(*f));

	f->cfg = (struct iommu_cfg){ .clock_ps = 1000, .walkers = 4096, .missq = 64 };
	f->cmd_ps = 5000000;
	sim_event_init(&f->cmd, fake_cmd_done);
	if (!iommu_init(&f->u, &fake_ops, &f->cfg, "fake0", k, m, p, NULL))
		abort();
	return f;
}
#endif
