/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_vtd_cmds.c - invalidation descriptors, submission (Linux qi_submit_sync), flushes of a domain (Linux cache.c).
 * A submission is up to 16 descriptors, one wait with SW = 1 and data 2, one tail write. Not modelled: retries after an error.
 */
#include <string.h>
#include "software/drv_vtd.h"
#include "software/wordset.h"
#include "vtd/vtd_fields.h"

enum { REG_IQT = 0x88, REG_GCMD = 0x18, GCMD_WBF = 1u << 27 };
enum { FEW_ATTACHED = 16 /* so many are compared one by one */ };
enum { QI_FREE = 0, QI_IN_USE = 1, QI_DONE = 2 };

static void put_desc(struct vtdd *v, const uint64_t qw[2])
{
	uint64_t pa = v->ring + (uint64_t)v->tail * v->desc_words * 8;

	for (unsigned i = 0; i < v->desc_words; i++)
		drv_store(v->d, pa + 8 * i, i < 2 ? qw[i] : 0);
	v->tail = (v->tail + 1) % VTDD_SLOTS;
}

void vtdd_submit(struct vtdd *v)
{
	uint64_t wait[2] = { 0 };

	if (!v->n_cmd)
		return;
	for (unsigned i = 0; i < v->n_cmd; i++)
		put_desc(v, v->cmd[i]);
	v->n_cmd = 0;
	if (v->d->brk.no_wait) {
		drv_mmio(v->d, v->index, REG_IQT, 4, (uint64_t)v->tail * v->desc_words * 8);
		return;
	}
	vtd_put_inv_wait_TYPE(wait, 5);
	vtd_put_inv_wait_SW(wait, 1);
	vtd_put_inv_wait_DATA(wait, QI_DONE);
	wait[1] = v->status + 4 * v->tail;
	drv_store32(v->d, wait[1], QI_IN_USE);
	put_desc(v, wait);
	drv_mmio(v->d, v->index, REG_IQT, 4, (uint64_t)v->tail * v->desc_words * 8);
}

void vtdd_cmd(struct vtdd *v, uint64_t qw0, uint64_t qw1)
{
	uint64_t w[2] = { qw0, qw1 };

	if (!drv_step(v->d, v->index, w))
		return;
	memcpy(v->cmd[v->n_cmd++], w, sizeof(w));
	if (v->n_cmd == VTDD_BATCH || v->d->cfg->wait == DRV_WAIT_EACH)
		vtdd_submit(v);
}

void vtdd_cmd_cc(struct vtdd *v, unsigned g, unsigned did, uint32_t rid)
{
	uint64_t w[2] = { 1 };

	vtd_put_inv_cc_G(w, g);
	vtd_put_inv_cc_DID(w, did);
	vtd_put_inv_cc_SID(w, rid);
	vtdd_cmd(v, w[0], w[1]);
}

void vtdd_cmd_pc(struct vtdd *v, unsigned g, unsigned did, uint32_t pasid)
{
	uint64_t w[2] = { 7 };

	vtd_put_inv_pc_G(w, g);
	vtd_put_inv_pc_DID(w, did);
	vtd_put_inv_pc_PASID(w, pasid);
	vtdd_cmd(v, w[0], w[1]);
}

void vtdd_cmd_iotlb(struct vtdd *v, unsigned g, unsigned did, uint64_t addr, unsigned am, bool ih)
{
	uint64_t w[2] = { 2 };

	vtd_put_inv_iotlb_G(w, g);
	vtd_put_inv_iotlb_DW(w, vtd_get_cap_DWD(&v->cap));
	vtd_put_inv_iotlb_DR(w, vtd_get_cap_DRD(&v->cap));
	vtd_put_inv_iotlb_DID(w, did);
	vtd_put_inv_iotlb_AM(w, am);
	vtd_put_inv_iotlb_IH(w, ih);
	vtd_put_inv_iotlb_ADDR(w, addr >> 12);
	vtdd_cmd(v, w[0], w[1]);
}

void vtdd_cmd_piotlb(struct vtdd *v, unsigned g, unsigned did, uint32_t pasid, uint64_t addr, unsigned am, bool ih)
{
	uint64_t w[2] = { 6 };

	vtd_put_inv_piotlb_G(w, g);
	vtd_put_inv_piotlb_DID(w, did);
	vtd_put_inv_piotlb_PASID(w, pasid);
	vtd_put_inv_piotlb_AM(w, am);
	vtd_put_inv_piotlb_IH(w, ih);
	vtd_put_inv_piotlb_ADDR(w, addr >> 12);
	vtdd_cmd(v, w[0], w[1]);
}

void vtdd_cmd_devtlb(struct vtdd *v, uint32_t rid, uint32_t pasid, uint64_t addr, unsigned am)
{
	uint64_t w[2] = { 0 };
	/* 4.3: with S, the ones from bit 12 up give the size: 8 KiB << ones; 0x7ff...f is everything */
	uint64_t page = am >= 52 ? low_mask(51) : am ? (addr >> 12 & ~low_mask(am)) | low_mask(am - 1) : addr >> 12;
	unsigned pf = vtd_get_ecap_DIT(&v->ecap) ? rid & 0xffff : 0; /* every requester is its own physical function */

	if (v->d->no_devtlb)
		return;
	if (pasid == TRC_NO_PASID) {
		vtd_put_inv_devtlb_TYPE(w, 3);
		vtd_put_inv_devtlb_SID(w, rid);
		vtd_put_inv_devtlb_PFSIDL(w, pf & 15);
		vtd_put_inv_devtlb_PFSIDH(w, pf >> 4);
		vtd_put_inv_devtlb_S(w, am != 0);
		vtd_put_inv_devtlb_ADDR(w, page);
	} else {
		vtd_put_inv_pdevtlb_TYPE(w, 8);
		vtd_put_inv_pdevtlb_SID(w, rid);
		vtd_put_inv_pdevtlb_PASID(w, pasid);
		vtd_put_inv_pdevtlb_PFSIDL(w, pf & 15);
		vtd_put_inv_pdevtlb_PFSIDH(w, pf >> 4);
		vtd_put_inv_pdevtlb_S(w, am != 0);
		vtd_put_inv_pdevtlb_ADDR(w, page);
	}
	vtdd_cmd(v, w[0], w[1]);
}

/* The smallest aligned power of two of pages that covers [first, last]. */
static unsigned cover(uint64_t first, uint64_t last)
{
	uint64_t diff = (first ^ last) >> 12;

	return diff ? 64 - (unsigned)__builtin_clzll(diff) : 0;
}

/* One IOTLB command per tag: (unit, DID) for the second stage, (unit, DID, PASID) for first stage and nested. */
static bool seen_tag(struct drv *d, const struct drv_dom *m, const struct drv_att *a, struct wordset *seen)
{
	uint64_t key = (uint64_t)a->pasid << 3;

	if (m->n_att > FEW_ATTACHED) {
		if (wordset_has(seen, key))
			return true;
		return !wordset_add(seen, key) && !drv_fail(d, ERR_MACHINE, "out of memory");
	}
	for (const struct drv_att *b = m->att; b != a; b = b->next)
		if (b->unit == a->unit && b->viommu == a->viommu && b->pasid == a->pasid)
			return true;
	return false;
}

static uint32_t pasid_tag(const struct drv_att *a)
{
	return a->pasid == TRC_NO_PASID ? 0 : a->pasid; /* RID_PASID is 0 */
}

/* What one domain id of @m tags, and the devices behind it. */
static void flush_id(struct drv *d, const struct drv_dom *m, const struct drv_did *i, uint64_t first, unsigned am, bool ih, bool dev_tlb)
{
	struct vtdd *v = vtdd_of(d, i->unit);
	unsigned did = i->did;
	uint64_t addr = am >= 52 ? 0 : first & ~low_mask(12 + am);

	if (!m->first_stage) {
		bool page = am <= vtd_get_cap_MAMV(&v->cap) && vtd_get_cap_PSI(&v->cap);

		if (page)
			vtdd_cmd_iotlb(v, 3, did, addr, am, ih);
		else
			vtdd_cmd_iotlb(v, 2, did, 0, 0, false);
	} else {
		struct wordset seen = { 0 }; /* PASIDs done, if they are many */

		for (const struct drv_att *a = m->att; a; a = a->next) {
			if (a->unit != v->index || a->viommu != i->viommu || seen_tag(d, m, a, &seen))
				continue;
			if (am < 52)
				vtdd_cmd_piotlb(v, 3, did, pasid_tag(a), addr, am, ih);
			else
				vtdd_cmd_piotlb(v, 2, did, pasid_tag(a), 0, 0, false);
		}
		wordset_fini(&seen);
	}
	for (const struct drv_att *a = m->att; dev_tlb && a; a = a->next)
		if (a->unit == v->index && a->viommu == i->viommu && vtdd_has_ats(v, a->rid))
			vtdd_cmd_devtlb(v, a->rid, a->pasid, addr, am);
	vtdd_submit(v);
}

void vtdd_flush_range(struct drv *d, struct drv_dom *m, uint64_t first, uint64_t last, bool ih, bool dev_tlb)
{
	for (const struct drv_did *i = m->did; i; i = i->next)
		flush_id(d, m, i, first, cover(first, last), ih, dev_tlb);
}

void vtdd_flush_all(struct drv *d, struct drv_dom *m)
{
	for (const struct drv_did *i = m->did; i; i = i->next)
		flush_id(d, m, i, 0, 64, false, true);
}

void vtdd_s2_flush(struct drv *d, unsigned vm, uint64_t first, uint64_t last)
{
	(void)first;
	(void)last;
	for (size_t k = 0; k < d->cap_dom; k++) {
		const struct drv_dom *m = d->dom[k];

		if (!m || m->mode != DRV_MODE_NESTED || m->vm != vm || m->ops != &drv_vtd_ops)
			continue;
		for (const struct drv_did *i = m->did; i; i = i->next) {
			struct vtdd *v = vtdd_of(d, i->unit);

			vtdd_cmd_iotlb(v, 2, i->did, 0, 0, false);
			for (const struct drv_att *a = m->att; a; a = a->next)
				if (a->unit == i->unit && a->viommu == i->viommu && vtdd_has_ats(v, a->rid))
					vtdd_cmd_devtlb(v, a->rid, a->pasid, 0, 64);
			vtdd_submit(v);
		}
	}
}

void vtdd_write_buffer(struct drv *d, struct drv_dom *m)
{
	for (const struct drv_did *i = m->did; i; i = i->next) {
		struct vtdd *v = vtdd_of(d, i->unit);

		if (vtd_get_cap_RWBF(&v->cap))
			drv_mmio(d, v->index, REG_GCMD, 4, v->gcmd | GCMD_WBF);
	}
}
