/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_amdvi_cmds.c - commands of the AMD driver: queueing, COMPLETION_WAIT, invalidation of a domain.
 * Every command is one write of the tail (Linux copies it and writes the tail under the lock). Nobody polls for room: a register write
 * ends when the unit has finished the commands. In a guest's buffer only that of COMPLETION_WAIT does, and every one that could fill it. A range is one command, of the aligned power of two that covers it; with NpCache it is
 * one for each aligned power of two it is made of, because there a flush too large costs a hypervisor more than several. PDE is always 1.
 * Everything of a domain is one command (Linux under NpCache sends some 60 for it, which together cover everything several times).
 * Order: IOMMU, then device IOTLBs, then one COMPLETION_WAIT on every unit. Not modelled: time-outs of the semaphore, retries.
 * Spec: 48882, "Commands"; order as Linux has it.
 */
#include "software/drv_amdvi.h"
#include "amdvi/amdvi_fields.h"

enum { RING_SLOTS = 1 << AMDD_RING_LG2 };
#define OP(n) ((uint64_t)(n) << 60)
#define ALL UINT64_C(0x7ffffffffffff001) /* Address and S */
enum { OP_WAIT = 1, OP_DEVTAB, OP_PAGES, OP_IOTLB, OP_IRT, OP_ALL = 8, PDE = 2, GN = 4 };

static void put(struct amdd *v, struct amdd_queue *q, const uint64_t w[2])
{
	drv_store(v->d, q->ring + q->tail, w[0]);
	drv_store(v->d, q->ring + q->tail + 8, w[1]);
	q->tail = (q->tail + 16) & (uint32_t)low_mask(AMDD_RING_LG2 + 4);
	if (q != &v->q && w[0] >> 60 != OP_WAIT && ++q->behind < RING_SLOTS - 1) {
		drv_mmio_on(v->d, v->index, q->tail_reg, 4, q->tail);
		return;
	}
	q->behind = 0;
	drv_mmio(v->d, v->index, q->tail_reg, 4, q->tail);
}

static void wait_on(struct amdd *v, struct amdd_queue *q)
{
	uint64_t w[2] = { OP(OP_WAIT) };

	if (!q->need_sync)
		return;
	q->need_sync = false;
	if (v->d->brk.no_wait)
		return;
	amdvi_put_cmd_completion_wait_s(w, 1);
	amdvi_put_cmd_completion_wait_StoreAddress(w, q->sem_at >> 3);
	w[1] = ++q->seq;
	put(v, q, w);
}

void amdd_wait(struct amdd *v)
{
	wait_on(v, &v->q);
	for (size_t i = 0; i < v->n_vq; i++)
		wait_on(v, &v->vq[i]->q);
}

void amdd_cmd(struct amdd *v, uint64_t qw0, uint64_t qw1)
{
	struct amdd_queue *q = v->as ? &v->as->vq->q : &v->q;
	uint64_t w[2] = { qw0, qw1 };

	if (!drv_step(v->d, v->index, w))
		return;
	if (v->as)
		amdd_vq_ids(v->as, w);
	put(v, q, w);
	q->need_sync = true;
	if (v->d->cfg->wait == DRV_WAIT_EACH)
		amdd_wait(v);
}

void amdd_cmd_devtab(struct amdd *v, uint32_t rid)
{
	amdd_cmd(v, OP(OP_DEVTAB) | rid, 0);
}

/* Address and S of the aligned power of two that covers the range (build_inv_address()). */
static uint64_t address(uint64_t first, uint64_t last)
{
	uint64_t diff = (first ^ last) >> 12;
	unsigned msb = diff ? 63 - (unsigned)__builtin_clzll(diff) : 0;

	if (!diff)
		return first & ~UINT64_C(0xfff);
	if (msb + 12 > 51 || (!first && last == UINT64_MAX))
		return ALL;
	return ((first | low_mask(12 + msb)) & ~UINT64_C(0xfff)) | 1;
}

static void pages(struct amdd *v, unsigned domid, uint64_t addr, bool gn, uint32_t pasid)
{
	uint64_t w[2] = { OP(OP_PAGES), addr | PDE | (gn ? GN : 0) };

	amdvi_put_cmd_invalidate_iommu_pages_DomainID(w, domid);
	amdvi_put_cmd_invalidate_iommu_pages_PASID(w, gn ? pasid : 0);
	amdd_cmd(v, w[0], w[1]);
}

static void iotlb(struct amdd *v, const struct amdd_dev *a, uint64_t addr, bool gn, uint32_t pasid)
{
	uint64_t w[2] = { OP(OP_IOTLB) | a->rid, addr | (gn ? GN : 0) };

	amdvi_put_cmd_invalidate_iotlb_pages_Maxpend(w, AMDD_QUEUE_DEPTH);
	amdvi_put_cmd_invalidate_iotlb_pages_QueueID(w, a->rid);
	amdvi_put_cmd_invalidate_iotlb_pages_PASID(w, gn ? pasid : 0);
	if (a->ats_on && !v->d->no_devtlb)
		amdd_cmd(v, w[0], w[1]);
}

void amdd_cmd_iotlb_all(struct amdd *v, const struct amdd_dev *a, bool gn, uint32_t pasid)
{
	iotlb(v, a, ALL, gn, pasid);
}

void amdd_flush_domain(struct amdd *v, uint16_t domid)
{
	pages(v, domid, ALL, false, 0);
}

/* Commands from now on are those of the guest that has @a, if its buffer is served by hardware. */
static void act_as(struct amdd *v, const struct amdd_dev *a, bool nested)
{
	v->as = nested && a->vq ? a : NULL;
}

void amdd_flush_pasid(struct amdd *v, const struct amdd_dev *a, uint32_t pasid)
{
	act_as(v, a, a->nested);
	pages(v, a->domid, ALL, true, pasid);
	iotlb(v, a, ALL, true, pasid);
	v->as = NULL;
	amdd_wait(v);
}

/* Requests without PASID use GCR3 entry 0, and are flushed as PASID 0. */
static uint32_t pasid_of(const struct drv_att *a)
{
	return a->pasid == TRC_NO_PASID ? 0 : a->pasid;
}

/* Pages of the domain on all units, then of all device IOTLBs. */
static void flush_pages(struct drv *d, const struct drv_dom *m, uint64_t addr)
{
	const bool v2 = amdd_is_v2(m);

	for (const struct drv_did *i = m->did; i && !v2; i = i->next)
		pages(amdd_of(d, i->unit), m->asid, addr, false, 0);
	for (const struct drv_att *a = m->att; a && v2 && !d->failed; a = a->next) {
		struct amdd *v = amdd_of(d, a->unit);
		const struct amdd_dev *dev = amdd_dev(v, a->rid);

		act_as(v, dev, m->mode == DRV_MODE_NESTED);
		pages(v, dev->domid, addr, true, pasid_of(a));
		v->as = NULL;
	}
	for (const struct drv_att *a = m->att; a && !d->failed; a = a->next) {
		struct amdd *v = amdd_of(d, a->unit);
		const struct amdd_dev *dev = amdd_dev(v, a->rid);

		act_as(v, dev, m->mode == DRV_MODE_NESTED);
		iotlb(v, dev, addr, v2, pasid_of(a));
		v->as = NULL;
	}
}

static void complete(struct drv *d, const struct drv_dom *m)
{
	for (const struct drv_did *i = m->did; i; i = i->next)
		amdd_wait(amdd_of(d, i->unit));
}

void amdd_flush(struct drv *d, const struct drv_dom *m, uint64_t first, uint64_t last)
{
	first &= ~UINT64_C(0xfff);
	last |= 0xfff;
	if (!drv_any_cm(d, m)) {
		flush_pages(d, m, address(first, last));
		complete(d, m);
		return;
	}
	for (;;) {
		unsigned lg2 = first ? (unsigned)__builtin_ctzll(first) : 63;

		while (low_mask(lg2) > last - first)
			lg2--;
		flush_pages(d, m, address(first, first + low_mask(lg2)));
		if (first + low_mask(lg2) == last)
			break;
		first += BIT64(lg2);
	}
	complete(d, m);
}

void amdd_flush_all(struct drv *d, struct drv_dom *m)
{
	flush_pages(d, m, ALL);
	complete(d, m);
}

void amdd_s2_flush(struct drv *d, unsigned vm, uint64_t first, uint64_t last)
{
	for (size_t k = 0; k < d->cap_dom; k++) {
		const struct drv_dom *m = d->dom[k];

		if (!m || m->mode != DRV_MODE_NESTED || m->vm != vm || m->ops != &drv_amdvi_ops)
			continue;
		for (const struct drv_att *a = m->att; a && !d->failed; a = a->next) {
			struct amdd *v = amdd_of(d, a->unit);
			const struct amdd_dev *dev = amdd_dev(v, a->rid);

			pages(v, dev->domid, address(first, last), false, 0);
			amdd_cmd_iotlb_all(v, dev, true, pasid_of(a));
		}
		complete(d, m);
	}
}

void amdd_flush_everything(struct amdd *v)
{
	const uint32_t last = v->d->cfg->amd_last_rid;

	if (amdvi_get_efr_IASup(&v->efr)) {
		amdd_cmd(v, OP(OP_ALL), 0);
		amdd_wait(v);
		return;
	}
	for (uint32_t i = 0; i <= last && !v->d->failed; i++)
		amdd_cmd_devtab(v, i);
	amdd_wait(v);
	for (uint32_t i = 0; i <= last && !v->d->failed; i++)
		amdd_cmd(v, OP(OP_IRT) | i, 0);
	amdd_wait(v);
	for (uint32_t i = 0; i <= last && !v->d->failed; i++)
		pages(v, i, ALL, false, 0);
	amdd_wait(v);
}
