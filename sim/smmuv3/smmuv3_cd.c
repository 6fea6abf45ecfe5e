/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_cd.c - from a stream table entry to its context descriptor: VMS, L1CD, CD, their addresses translated by stage 2 if there is one
 * (IHI 0070 chapters 3.3.2, 5.4, 7.3.1).
 */
#include <string.h>
#include "smmuv3/smmuv3_walk.h"

static enum xl_act cd_known(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);

	if (w->cd->bad)
		return smmuv3_refuse_config(s, x, w->cd->bad, 0);
	if (x->req.at == XL_CONFIG)
		return smmuv3_pass(x);
	return smmuv3_xlate(s, x);
}

static enum xl_act cd_read(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);

	if (x->mem_st != MEM_OK)
		return smmuv3_refuse_config(s, x, EV_CD_FETCH, x->mem_spa);
	memcpy(w->own_cd.w, x->data, sizeof(w->own_cd.w));
	w->own_cd.bad = (w->own_cd.w[0] & BIT64(31)) && (w->own_cd.w[0] & BIT64(41)) && smmuv3_cd_ok(s, w->ste->w, w->own_cd.w) ? 0 : EV_BAD_CD;
	w->cd = &w->own_cd;
	if (may_keep(x) && (!w->own_cd.bad || s->cfg->cache_invalid)) {
		struct xc_tag t = config_tag(x, w->ssid, x->req.rid);
		uint32_t slot;

		t.pasid = w->ssid;
		slot = xc_fill(s->cd, &t);
		if (slot != XC_MISS)
			*(struct smmuv3_cd *)xc_payload(s->cd, slot) = w->own_cd;
	}
	return cd_known(s, x);
}

/* The address of an L1CD or CD is known: an IPA if there is a stage 2. */
static enum xl_act cd_translated(struct smmuv3 *s, struct xl *x, enum xl_act act)
{
	struct smmuv3_walk *w = walk_of(x);

	if (act == XL_ACT_FAULT)
		return smmuv3_walk_failed(s, x, true);
	if (act != XL_ACT_DONE)
		return act;
	return w->l1cd_next ? smmuv3_read_struct(x, SMMUV3_PH_L1CD, w->pt.pa, 1) : smmuv3_read_struct(x, SMMUV3_PH_CD, w->pt.pa, 8);
}

static enum xl_act cd_fetch(struct smmuv3 *s, struct xl *x, uint64_t addr, bool l1)
{
	struct smmuv3_walk *w = walk_of(x);

	if (!(ste_config(w->ste) & SMMUV3_CFG_S2))
		return l1 ? smmuv3_read_struct(x, SMMUV3_PH_L1CD, addr, 1) : smmuv3_read_struct(x, SMMUV3_PH_CD, addr, 8);
	smmuv3_keep(w);
	x->tables = true;
	w->phase = SMMUV3_PH_CD_IPA;
	w->l1cd_next = l1;
	w->pt.c = &s->pt;
	w->pt.t[0].fmt = NULL;
	smmuv3_s2_table(s, w->ste, x, &w->pt.t[1]);
	w->pt.t[1].inv.rid = x->req.rid;
	w->pt.ia = addr;
	w->pt.acc = XL_R | PT_ACC_WALK;
	w->pt.ipa = true;
	return cd_translated(s, x, pt_walk_begin(&w->pt, x, false));
}

static unsigned l1cd_block_lg2(const struct smmuv3_ste *e)
{
	return bits_get(e->w[0], 5, 4) == 2 ? 10 : 6;
}

static enum xl_act l1cd_known(struct smmuv3 *s, struct xl *x, uint64_t l1cd)
{
	struct smmuv3_walk *w = walk_of(x);
	unsigned lg2 = l1cd_block_lg2(w->ste);
	uint64_t leaf = l1cd & bits_mask(55, lg2 + 6);

	if (!(l1cd & 1) || (!(ste_config(w->ste) & SMMUV3_CFG_S2) && s->cap.oas < 56 && leaf >> s->cap.oas))
		return smmuv3_refuse_config(s, x, EV_BAD_SUBSTREAMID, 0);
	return cd_fetch(s, x, leaf + 64 * (uint64_t)(w->ssid & low_mask(lg2)), false);
}

static enum xl_act l1cd_read(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);
	unsigned lg2 = l1cd_block_lg2(w->ste);

	if (x->mem_st != MEM_OK)
		return smmuv3_refuse_config(s, x, EV_CD_FETCH, x->mem_spa);
	if (may_keep(x) && (x->data[0] & 1)) {
		struct xc_tag t = config_tag(x, w->ssid & ~low_mask(lg2), x->req.rid);
		uint32_t slot;

		t.size_lg2 = (uint8_t)lg2;
		slot = xc_fill(s->l1cd, &t);
		if (slot != XC_MISS)
			((struct smmuv3_l1cd *)xc_payload(s->l1cd, slot))->w = x->data[0];
	}
	return l1cd_known(s, x, x->data[0]);
}

static enum xl_act cd_begin(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);
	unsigned cdmax = s->cap.ssidsize ? (unsigned)bits_get(w->ste->w[0], 63, 59) : 0, fmt = (unsigned)bits_get(w->ste->w[0], 5, 4), lg2;
	uint64_t ptr = w->ste->w[0] & bits_mask(55, 6);

	if (!cdmax)
		return cd_fetch(s, x, ptr, false);
	if (fmt != 1 && fmt != 2)
		return cd_fetch(s, x, (ptr & ~low_mask(cdmax + 6)) + 64 * (uint64_t)w->ssid, false);
	if (!x->functional) {
		uint32_t slot = xc_lookup(s->l1cd, w->ssid, x->req.rid);

		xl_charge(x, s->l1cd, &s->cfg->l1cd);
		if (slot != XC_MISS)
			return l1cd_known(s, x, ((const struct smmuv3_l1cd *)xc_payload(s->l1cd, slot))->w);
	}
	lg2 = l1cd_block_lg2(w->ste);
	return cd_fetch(s, x, ptr + 8 * (cdmax > lg2 ? (uint64_t)w->ssid >> lg2 : 0), true);
}

enum xl_act smmuv3_cd_lookup(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);

	if (!x->functional) {
		uint32_t slot = xc_lookup(s->cd, w->ssid, x->req.rid);

		xl_charge(x, s->cd, &s->cfg->cd);
		if (LIKELY(slot != XC_MISS)) {
			w->cd_slot = slot;
			w->cd = xc_payload(s->cd, slot);
			return cd_known(s, x);
		}
	}
	smmuv3_config_miss(s, x);
	if (s->cap.mpam && ste_config(w->ste) == (SMMUV3_CFG_ON | SMMUV3_CFG_S1 | SMMUV3_CFG_S2) && (w->ste->w[1] & BIT64(26)))
		return smmuv3_read_struct(x, SMMUV3_PH_VMS, w->ste->w[5] & bits_mask(55, 12), 8);
	return cd_begin(s, x);
}

enum xl_act smmuv3_cd_next(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);

	switch (w->phase) {
	case SMMUV3_PH_VMS:
		return x->mem_st == MEM_OK ? cd_begin(s, x) : smmuv3_refuse_config(s, x, EV_VMS_FETCH, x->mem_spa);
	case SMMUV3_PH_CD_IPA:
		return cd_translated(s, x, pt_walk_next(&w->pt, x));
	case SMMUV3_PH_L1CD:
		return l1cd_read(s, x);
	default:
		return cd_read(s, x);
	}
}
