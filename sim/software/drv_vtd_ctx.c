/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_vtd_ctx.c - root, context and PASID entries: build, clear and the invalidations that go with them (Linux iommu.c, pasid.c).
 * A word with P is stored last when an entry is made and first when it goes.
 */
#include "software/drv_vtd.h"
#include "vtd/vtd_fields.h"

static unsigned aw_code(unsigned levels)
{
	return levels - 2;
}

static unsigned best_levels(const struct vtdd *v)
{
	uint64_t sagaw = vtd_get_cap_SAGAW(&v->cap);

	return sagaw & 8 ? 5 : sagaw & 4 ? 4 : sagaw & 2 ? 3 : 4;
}

/* The context entry of @rid; its page is made when missing. 0: failed. */
static uint64_t ctx_slot(struct vtdd *v, uint32_t rid)
{
	struct drv *d = v->d;
	unsigned bus = rid >> 8 & 0xff, half = v->scalable ? rid >> 7 & 1 : 0;
	uint64_t slot = v->root + 16 * bus + 8 * half, e = drv_peek(d, slot), page;

	if (!(e & 1)) {
		page = drv_alloc(d, 1);
		e = 1;
		vtd_put_root_CTP(&e, page >> 12);
		drv_store(d, slot, e);
	}
	page = vtd_get_root_CTP(&e) << 12;
	return d->failed ? 0 : v->scalable ? page + 32 * (rid & 0x7f) : page + 16 * (rid & 0xff);
}

static void new_context_flush(struct vtdd *v, uint32_t rid, unsigned did)
{
	if (!vtdd_cm(v))
		return;
	vtdd_cmd_cc(v, 3, 0, rid);
	vtdd_submit(v);
	vtdd_cmd_iotlb(v, 2, did, 0, 0, false);
	vtdd_submit(v);
}

void vtdd_ctx_set(struct vtdd *v, const struct drv_dom *m, uint32_t rid, unsigned did)
{
	uint64_t w[2] = { 0 }, slot = ctx_slot(v, rid);
	bool pt = m->mode == DRV_MODE_PT;

	if (!slot)
		return;
	vtd_put_context_AW(w, aw_code(pt ? best_levels(v) : m->levels));
	vtd_put_context_DID(w, did);
	vtd_put_context_TT(w, pt ? 2 : vtdd_has_ats(v, rid) ? 1 : 0);
	vtd_put_context_SSPTPTR(w, pt ? 0 : m->root >> 12);
	vtd_put_context_P(w, 1);
	drv_store(v->d, slot + 8, w[1]);
	drv_store(v->d, slot, w[0]);
	new_context_flush(v, rid, did);
}

void vtdd_ctx_clear(struct vtdd *v, uint32_t rid, unsigned did)
{
	uint64_t slot = ctx_slot(v, rid);

	if (!slot)
		return;
	drv_store(v->d, slot, 0);
	drv_store(v->d, slot + 8, 0);
	vtdd_cmd_cc(v, 3, did, rid);
	vtdd_submit(v);
	vtdd_cmd_iotlb(v, 2, did, 0, 0, false);
	vtdd_submit(v);
	if (vtdd_has_ats(v, rid))
		vtdd_cmd_devtlb(v, rid, TRC_NO_PASID, 0, 64);
	vtdd_submit(v);
}

void vtdd_ctx_ats(struct vtdd *v, uint32_t rid, bool on)
{
	uint64_t slot = ctx_slot(v, rid), w, old;

	if (!slot || !((w = old = drv_peek(v->d, slot)) & 1))
		return;
	if (v->scalable)
		vtd_put_scontext_DTE(&w, on);
	else if (vtd_get_context_TT(&w) < 2)
		vtd_put_context_TT(&w, on);
	if (w == old)
		return;
	drv_store(v->d, slot, w);
	old = v->scalable ? 0 : drv_peek(v->d, slot + 8) >> 8 & 0xffff; /* DID */
	vtdd_cmd_cc(v, 3, (unsigned)old, rid);
	vtdd_submit(v);
	if (!v->scalable)
		vtdd_cmd_iotlb(v, 2, (unsigned)old, 0, 0, false);
	vtdd_submit(v);
}

/* The scalable context entry of @rid, made when missing; returns the PASID directory, 0 when failed. */
static uint64_t pasid_dir(struct vtdd *v, uint32_t rid)
{
	struct drv *d = v->d;
	uint64_t slot = ctx_slot(v, rid), w = slot ? drv_peek(d, slot) : 0;
	unsigned bits = vtd_get_ecap_PASID(&v->ecap) ? (unsigned)vtd_get_ecap_PSS(&v->ecap) + 1 : 0;
	unsigned pdts = bits > 13 ? (bits > 20 ? 20 : bits) - 13 : 0;

	if (!slot)
		return 0;
	if (!(w & 1)) {
		uint64_t dir = drv_alloc(d, (((size_t)8 << (pdts + 7)) + 4095) >> 12);

		if (!dir)
			return 0;
		vtd_put_scontext_PASIDDIRPTR(&w, dir >> 12);
		vtd_put_scontext_PDTS(&w, pdts);
		vtd_put_scontext_DTE(&w, vtdd_has_ats(v, rid));
		vtd_put_scontext_PASIDE(&w, vtd_get_ecap_PASID(&v->ecap));
		vtd_put_scontext_P(&w, 1);
		drv_store(d, slot, w); /* the other words are zero: RID_PASID 0 */
		new_context_flush(v, rid, 0);
	}
	return vtd_get_scontext_PASIDDIRPTR(&w) << 12;
}

static uint64_t pasid_slot(struct vtdd *v, uint32_t rid, uint32_t pasid)
{
	uint64_t dir = pasid_dir(v, rid), slot, e;

	if (!dir)
		return 0;
	slot = dir + 8 * (pasid >> 6);
	e = drv_peek(v->d, slot);
	if (!(e & 1)) {
		vtd_put_pasiddir_SMPTBLPTR(&e, drv_alloc(v->d, 1) >> 12);
		vtd_put_pasiddir_P(&e, 1);
		drv_store(v->d, slot, e);
	}
	return v->d->failed ? 0 : (vtd_get_pasiddir_SMPTBLPTR(&e) << 12) + 64 * (pasid & 63);
}

void vtdd_pasid_set(struct vtdd *v, const struct drv_dom *m, uint32_t rid, uint32_t pasid, unsigned did)
{
	static const uint8_t pgtt[] = { [DRV_MODE_FS] = 1, [DRV_MODE_SS] = 2, [DRV_MODE_NESTED] = 3, [DRV_MODE_PT] = 4 };
	struct drv *d = v->d;
	uint64_t w[8] = { 0 }, slot = pasid_slot(v, rid, pasid);

	if (!slot)
		return;
	vtd_put_pasid_PGTT(w, pgtt[m->mode]);
	vtd_put_pasid_AW(w, aw_code(m->mode == DRV_MODE_SS ? m->levels : m->mode == DRV_MODE_NESTED ? d->vm[m->vm].levels : best_levels(v)));
	vtd_put_pasid_SSEE(w, (m->mode == DRV_MODE_SS || m->mode == DRV_MODE_NESTED) && vtd_get_ecap_ERS(&v->ecap));
	if (m->mode == DRV_MODE_SS)
		vtd_put_pasid_SSPTPTR(w, m->root >> 12);
	else if (m->mode == DRV_MODE_NESTED)
		vtd_put_pasid_SSPTPTR(w, d->vm[m->vm].root >> 12);
	vtd_put_pasid_DID(w, did);
	vtd_put_pasid_PWSNP(w, vtd_get_ecap_SMPWCS(&v->ecap));
	vtd_put_pasid_ERE(w, vtd_get_ecap_ERS(&v->ecap));
	if (m->first_stage) {
		vtd_put_pasid_FSPM(w, m->levels == 5);
		vtd_put_pasid_WPE(w, 1);
		vtd_put_pasid_NXE(w, 1);
		vtd_put_pasid_FSPTPTR(w, vtdd_gpa(d, m, m->root) >> 12);
	}
	vtd_put_pasid_P(w, 1);
	for (int i = 2; i >= 0; i--)
		drv_store(d, slot + 8 * (unsigned)i, w[i]);
	if (vtdd_cm(v)) {
		vtdd_cmd_pc(v, 1, did, pasid);
		vtdd_submit(v);
		vtdd_cmd_piotlb(v, 2, did, pasid, 0, 0, false);
		vtdd_submit(v);
	}
}

void vtdd_pasid_clear(struct vtdd *v, const struct drv_dom *m, uint32_t rid, uint32_t pasid, unsigned did)
{
	struct drv *d = v->d;
	uint64_t slot = pasid_slot(v, rid, pasid), w;

	if (!slot)
		return;
	w = drv_peek(d, slot);
	vtd_put_pasid_P(&w, 0);
	drv_store(d, slot, w);
	vtdd_cmd_pc(v, 1, did, pasid);
	vtdd_submit(v);
	if (m->mode == DRV_MODE_FS || m->mode == DRV_MODE_PT)
		vtdd_cmd_piotlb(v, 2, did, pasid, 0, 0, false);
	else
		vtdd_cmd_iotlb(v, 2, did, 0, 0, false);
	vtdd_submit(v);
	if (vtdd_has_ats(v, rid))
		vtdd_cmd_devtlb(v, rid, pasid ? pasid : TRC_NO_PASID, 0, 64);
	vtdd_submit(v);
	for (unsigned i = 0; i < 3; i++)
		drv_store(d, slot + 8 * i, 0);
}
