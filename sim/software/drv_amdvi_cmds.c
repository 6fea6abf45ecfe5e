/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_amdvi_cmds.c - commands of the AMD driver: queueing, COMPLETION_WAIT, invalidation of a domain.
 * Every command is one write of the tail (Linux copies it and writes the tail under the lock). Nobody polls for room: a register write
 * ends when the unit has finished the commands. A range is one command, of the aligned power of two that covers it; with NpCache it is
 * one for each aligned power of two it is made of, because there a flush too large costs a hypervisor more than several. PDE is always 1.
 * Everything of a domain is one command (Linux under NpCache sends some 60 for it, which together cover everything several times).
 * Order: IOMMU, then device IOTLBs, then one COMPLETION_WAIT on every unit. Not modelled: time-outs of the semaphore, retries.
 * Spec: 48882, "Commands"; order as Linux has it.
 */
#include "software/drv_amdvi.h"
#include "amdvi/amdvi_fields.h"

enum { REG_CMD_TAIL = 0x2008 };
#define OP(n) ((uint64_t)(n) << 60)
#define ALL UINT64_C(0x7ffffffffffff001) /* Address and S */
enum { OP_WAIT = 1, OP_DEVTAB, OP_PAGES, OP_IOTLB, OP_IRT, OP_ALL = 8, PDE = 2, GN = 4 };

static void put(struct amdd *v, uint64_t qw0, uint64_t qw1)
{
	drv_store(v->d, v->ring + v->tail, qw0);
	drv_store(v->d, v->ring + v->tail + 8, qw1);
	v->tail = (v->tail + 16) & (uint32_t)low_mask(AMDD_RING_LG2 + 4);
	drv_mmio(v->d, v->index, REG_CMD_TAIL, 4, v->tail);
}

void amdd_wait(struct amdd *v)
{
	uint64_t w[2] = { OP(OP_WAIT) };

	if (!v->need_sync)
		return;
	v->need_sync = false;
	if (v->d->brk.no_wait)
		return;
	amdvi_put_cmd_completion_wait_s(w, 1);
	amdvi_put_cmd_completion_wait_StoreAddress(w, v->sem >> 3);
	put(v, w[0], ++v->seq);
}

void amdd_cmd(struct amdd *v, uint64_t qw0, uint64_t qw1)
{
	uint64_t w[2] = { qw0, qw1 };

	if (!drv_step(v->d, v->index, w))
		return;
	put(v, w[0], w[1]);
	v->need_sync = true;
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

void amdd_flush_pasid(struct amdd *v, const struct amdd_dev *a, uint32_t pasid)
{
	pages(v, a->domid, ALL, true, pasid);
	iotlb(v, a, ALL, true, pasid);
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

		pages(v, amdd_dev(v, a->rid)->domid, addr, true, pasid_of(a));
	}
	for (const struct drv_att *a = m->att; a && !d->failed; a = a->next) {
		struct amdd *v = amdd_of(d, a->unit);

		iotlb(v, amdd_dev(v, a->rid), addr, v2, pasid_of(a));
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
