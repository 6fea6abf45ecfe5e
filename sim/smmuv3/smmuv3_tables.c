/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_tables.c - what a CD or an STE says about its translation tables, and which event a failed walk is, with what the fault configuration
 * makes of it (IHI 0070 chapters 3.4, 3.12, 5.5, 7.3).
 */
#include "smmuv3/smmuv3_walk.h"

uint16_t smmuv3_vmid(const struct smmuv3 *s, const struct smmuv3_ste *e)
{
	if (!s->cap.s2p || e->world != SMMUV3_W_EL1)
		return 0;
	return (uint16_t)ctag_short(s->u.ct, (uint32_t)(e->w[2] & low_mask(s->cap.vmid16 ? 16 : 8)));
}

/* ---- tables ---- */

static unsigned ps_bits(const struct smmuv3 *s, unsigned field)
{
	unsigned n = smmuv3_oas_bits(field);

	return n < s->cap.oas ? n : s->cap.oas;
}

static void set_root(const struct smmuv3 *s, struct pt_table *t, uint64_t ttb)
{
	unsigned lg2 = t->top_bits + 3u;

	if (lg2 < 6 && t->oa_bits >= 52)
		lg2 = 6;
	t->root = ttb & bits_mask(s->cap.minor ? 51 : 47, 4) & ~low_mask(lg2);
}

void smmuv3_s2_table(const struct smmuv3 *s, const struct smmuv3_ste *e, const struct xl *x, struct pt_table *t)
{
	static const uint8_t grain[] = { 12, 16, 14, 12 };
	static const uint8_t start4k[] = { 2, 3, 4, 1, 5, 5, 5, 5 }; /* levels to walk by {S2SL0_2, S2SL0} */
	uint64_t w2 = e->w[2];
	unsigned tg = (unsigned)bits_get(w2, 47, 46), n = 64 - (unsigned)bits_get(w2, 37, 32), g = grain[tg];
	bool ds = s->cap.ds && g != 16 && (e->w[3] & BIT64(3));
	unsigned sl = (unsigned)bits_get(w2, 39, 38) | (ds && g == 12 ? (unsigned)(e->w[3] >> 2 & 1) << 2 : 0);

	t->fmt = &fmt_vmsa_s2;
	t->grain_lg2 = (uint8_t)g;
	t->levels = (uint8_t)(g == 12 ? start4k[sl] : sl + 1);
	t->ia_bits = (uint8_t)n;
	t->oa_bits = (uint8_t)ps_bits(s, (unsigned)bits_get(w2, 50, 48));
	t->top_bits = (uint8_t)(n - (g + (g - 3) * (t->levels - 1u)));
	set_root(s, t, e->w[3]);
	t->id = SMMUV3_ID_TABLE | SMMUV3_ID_IPA | smmuv3_id(0, smmuv3_vmid(s, e), 0);
	t->inv = (struct xc_tag){ .vmid = smmuv3_vmid(s, e), .kind = SMMUV3_K_WC_S2 };
	t->opt = VMSA_HAD | (w2 & BIT64(52) ? VMSA_BE : 0) | (w2 & BIT64(53) ? VMSA_AFFD : 0) | (w2 & BIT64(54) ? VMSA_PTW : 0) |
		(s->cap.xnx ? VMSA_XNX : 0) | (s->cap.fwb && (e->w[1] & BIT64(25)) ? VMSA_FWB : 0) | (s->cfg->contiguous ? VMSA_CONT : 0) |
		(ds || (g == 16 && s->cap.oas >= 52) ? VMSA_PA52 : 0);
	if (w2 & BIT64(56)) /* S2HA; S2HD counts with it only */
		t->opt |= VMSA_HA | (w2 & BIT64(55) ? VMSA_HD | PT_OPT_AD : 0u);
	if (UNLIKELY(s->u.ct != NULL))
		t->id = ctag_walk_id(s->u.ct, x, t, t->id, t->id);
}

void smmuv3_s1_table(const struct smmuv3 *s, const struct smmuv3_walk *w, const struct xl *x, struct pt_table *t)
{
	static const uint8_t grain0[] = { 12, 16, 14, 12 }, grain1[] = { 12, 14, 12, 16 };
	const uint64_t *cd = w->cd->w;
	bool el2 = w->ste->world == SMMUV3_W_EL2, up = !el2 && (w->va >> 55 & 1);
	unsigned g = up ? grain1[bits_get(cd[0], 23, 22)] : grain0[bits_get(cd[0], 7, 6)];
	unsigned n = 64 - (unsigned)(up ? bits_get(cd[0], 21, 16) : bits_get(cd[0], 5, 0));
	bool ds = s->cap.ds && (cd[2] & BIT64(58)) && g != 16;
	uint64_t ttb = up ? cd[2] : cd[1];

	t->fmt = &fmt_vmsa_s1;
	t->grain_lg2 = (uint8_t)g;
	t->levels = (uint8_t)(1 + (n - 1 - g) / (g - 3));
	t->ia_bits = (uint8_t)n;
	t->oa_bits = (uint8_t)ps_bits(s, (unsigned)bits_get(cd[0], 34, 32));
	t->top_bits = (uint8_t)(n - (g + (g - 3) * (t->levels - 1u)));
	set_root(s, t, ttb);
	t->id = SMMUV3_ID_TABLE | smmuv3_id(w->ste->world, x->tag.vmid, x->tag.asid);
	t->inv = x->tag;
	t->inv.did = 0;
	t->inv.kind = w->ste->world == SMMUV3_W_EL1 ? SMMUV3_K_WC_EL1 : w->ste->world == SMMUV3_W_EL2 ? SMMUV3_K_WC_EL2 : SMMUV3_K_WC_E2H;
	t->opt = (cd[0] & BIT64(15) ? VMSA_BE : 0) | (s->cap.had && (ttb & 2) ? VMSA_HAD : 0) | (cd[0] & BIT64(35) ? VMSA_AFFD : 0) |
		(cd[0] & BIT64(36) ? VMSA_WXN : 0) | (cd[0] & BIT64(40) && !el2 ? VMSA_PAN : 0) | (s->cap.epan && (cd[1] & BIT64(59)) ? VMSA_EPAN : 0) |
		(el2 ? VMSA_EL2 : 0) | (up ? VMSA_TTB1 : 0) | (s->cfg->contiguous ? VMSA_CONT : 0) | (ds || (g == 16 && s->cap.oas >= 52) ? VMSA_PA52 : 0);
	if (cd[0] & BIT64(43)) /* HA; HD counts with it only */
		t->opt |= VMSA_HA | (cd[0] & BIT64(42) ? VMSA_HD : 0);
	if (UNLIKELY(s->u.ct != NULL))
		t->id = ctag_walk_id(s->u.ct, x, t, t->id, t->id);
}

/* ---- faults ---- */

static unsigned event_of(enum pt_why why)
{
	switch (why) {
	case PT_WHY_READ:
	case PT_WHY_ABSENT:
	case PT_WHY_AD_FAIL:
		return EV_WALK_EABT;
	case PT_WHY_OUT:
		return EV_ADDR_SIZE;
	case PT_WHY_AF:
		return EV_ACCESS;
	case PT_WHY_NO_R:
	case PT_WHY_NO_W:
	case PT_WHY_NO_X:
	case PT_WHY_S2_W:
	case PT_WHY_DEVICE:
		return EV_PERMISSION;
	default:
		return EV_TRANSLATION;
	}
}

/* A translation fault of stage @s2 + 1: what the fault configuration makes of it. */
enum xl_act smmuv3_fault_config(struct xl *x, unsigned code, bool s2)
{
	const struct smmuv3_walk *w = walk_of(x);
	uint64_t c = s2 ? w->ste->w[2] : w->cd->w[0];
	bool stall = s2 ? c & BIT64(57) : c & BIT64(44), rec = s2 ? c & BIT64(58) : c & BIT64(45), abort = s2 || (c & BIT64(46));

	if (x->req.at == XL_TRANSLATION_REQ) { /* "no access", never an event */
		x->res.size_lg2 = SMMUV3_STU_LG2;
		x->res.perm = 0;
		return XL_ACT_DONE;
	}
	if (stall)
		x->res.info[0] |= SMMUV3_I_STALL;
	else
		x->res.no_record = !rec;
	x->res.raz = !abort;
	return smmuv3_refuse(x, code);
}

/* Input wider than the unit when stage 1 is bypassed: always aborted and recorded. */
enum xl_act smmuv3_bypass_size(struct xl *x)
{
	if (x->req.at == XL_TRANSLATION_REQ) {
		x->res.size_lg2 = SMMUV3_STU_LG2;
		x->res.perm = 0;
		return XL_ACT_DONE;
	}
	x->res.info[0] |= SMMUV3_CLASS_IN << SMMUV3_I_CLASS_LO;
	return smmuv3_refuse(x, EV_ADDR_SIZE);
}

enum xl_act smmuv3_walk_failed(struct smmuv3 *s, struct xl *x, bool class_cd)
{
	const struct pt_walk *p = &walk_of(x)->pt;
	bool s2 = p->f_stage == 2 || p->why == PT_WHY_S2_W, tt = p->f_fetch || p->why == PT_WHY_S2_W;
	unsigned code = event_of(p->why), class = class_cd ? SMMUV3_CLASS_CD : tt ? SMMUV3_CLASS_TT : SMMUV3_CLASS_IN;

	x->res.at_level = (uint16_t)p->f_level;
	if (code == EV_WALK_EABT && !s2)
		class = SMMUV3_CLASS_TT;
	x->res.info[0] = (s2 ? SMMUV3_I_S2 : 0u) | class << SMMUV3_I_CLASS_LO;
	if (tt && (p->update || p->why == PT_WHY_S2_W))
		x->res.info[0] |= SMMUV3_I_TTW;
	if (code == EV_WALK_EABT && x->req.at == XL_TRANSLATION_REQ)
		return smmuv3_refuse_config(s, x, code, x->mem_spa);
	if (code == EV_WALK_EABT) {
		x->res.info[1] = x->mem_spa;
		return smmuv3_refuse(x, code);
	}
	x->res.info[1] = s2 ? p->gpa & low_mask(s->cap.oas) : 0; /* address bits above OAS are RES0 in records */
	return smmuv3_fault_config(x, code, s2);
}
