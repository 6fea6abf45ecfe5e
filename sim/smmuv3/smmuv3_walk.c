/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_walk.c - from a request past the gates to its stream table entry (IHI 0070 chapters 3.3, 5, 7.3.1; order of faults as there).
 * Translated transactions count as Data, Unprivileged and without substream (PASIDTT is not modelled). VMSAv8-32 tables are not modelled:
 * STEs and CDs that name them are ILLEGAL, whatever IDR0.TTF says.
 */
#include <string.h>
#include "smmuv3/smmuv3_regs.h"
#include "smmuv3/smmuv3_walk.h"

enum { CPL_UR = 1, CPL_CA = 4 };

enum xl_act smmuv3_pass(struct xl *x)
{
	x->res.spa = x->req.iova;
	x->res.size_lg2 = 12;
	x->res.perm = XL_R | XL_W | XL_X;
	x->res.bypass = true;
	return XL_ACT_DONE;
}

enum xl_act smmuv3_refuse(struct xl *x, unsigned code)
{
	const struct smmuv3_walk *w = walk_of(x);

	x->res.code = (uint16_t)code;
	x->res.no_record |= code == 0;
	x->res.cpl = CPL_UR;
	x->res.info[0] |= (w->priv ? SMMUV3_I_PNU : 0u) | (w->ind ? SMMUV3_I_IND : 0u);
	if (w->ste && (w->ste->w[1] & BIT64(19)))
		x->res.info[0] |= SMMUV3_I_MEV;
	return XL_ACT_FAULT;
}

enum xl_act smmuv3_refuse_config(struct smmuv3 *s, struct xl *x, unsigned code, uint64_t addr)
{
	bool ats = x->req.at == XL_TRANSLATION_REQ || x->req.at == XL_TRANSLATED;

	if (code == EV_BAD_STREAMID && x->req.at != XL_TRANSLATED && !s->on.recinvsid)
		x->res.no_record = true;
	if (ats && !s->on.rec_cfg_ats)
		x->res.no_record = true;
	x->res.info[1] = addr;
	smmuv3_refuse(x, code);
	x->res.cpl = CPL_CA;
	return XL_ACT_FAULT;
}

void smmuv3_keep(struct smmuv3_walk *w)
{
	if (w->ste && w->ste != &w->own_ste) {
		w->own_ste = *w->ste;
		w->ste = &w->own_ste;
	}
	if (w->cd && w->cd != &w->own_cd) {
		w->own_cd = *w->cd;
		w->cd = &w->own_cd;
	}
}

enum xl_act smmuv3_read_struct(struct xl *x, enum smmuv3_phase ph, uint64_t spa, unsigned words)
{
	struct smmuv3_walk *w = walk_of(x);

	smmuv3_keep(w);
	w->phase = ph;
	x->mem_spa = spa;
	x->mem_words = (uint8_t)words;
	return XL_ACT_READ;
}

/* A configuration structure has to be fetched: counted once per request. */
void smmuv3_config_miss(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);

	if (w->config_missed || x->functional)
		return;
	w->config_missed = true;
	s->st.config_misses++;
	smmuv3_pmcg_count(s, 3, x->req.rid, 1);
}

/* ---- stream table ---- */

/* A translated transaction needs no translation: an address that is too wide aborts silently. */
enum xl_act smmuv3_pass_translated(struct smmuv3 *s, struct xl *x)
{
	if (x->req.iova >> s->cap.oas)
		return smmuv3_refuse(x, 0);
	s->st.ats_translated += !x->functional;
	return smmuv3_pass(x);
}

/* Which CD, or none. Returns: 0, or the event. */
static unsigned route_substream(struct smmuv3 *s, const struct xl *x, struct smmuv3_walk *w)
{
	const struct smmuv3_ste *e = w->ste;
	unsigned cdmax = s->cap.ssidsize ? (unsigned)bits_get(e->w[0], 63, 59) : 0, dss = (unsigned)bits_get(e->w[1], 1, 0);
	bool ssv = x->req.has_pasid && x->req.at != XL_TRANSLATED;

	w->s2 = ste_config(e) & SMMUV3_CFG_S2;
	w->s1 = ste_config(e) & SMMUV3_CFG_S1;
	w->ssid = 0;
	if (!w->s1 || !cdmax)
		return ssv ? EV_BAD_SUBSTREAMID : 0;
	if (ssv) {
		w->ssid = x->req.pasid;
		if (x->req.pasid >> cdmax)
			return EV_BAD_SUBSTREAMID;
		return !x->req.pasid && dss == 2 ? EV_STREAM_DISABLED : 0;
	}
	if (dss == 0 || dss == 3)
		return EV_STREAM_DISABLED;
	if (dss == 1)
		w->s1 = false;
	return 0;
}

static void attributes(const struct smmuv3 *s, const struct xl *x, struct smmuv3_walk *w)
{
	unsigned priv = s->cap.perm_ovr ? (unsigned)bits_get(w->ste->w[1], 49, 48) : 0;
	unsigned inst = s->cap.perm_ovr ? (unsigned)bits_get(w->ste->w[1], 51, 50) : 0;

	w->priv = priv == 2 ? false : priv == 3 ? true : x->req.acc & XL_PRIV;
	w->ind = !(x->req.acc & XL_W) && (inst == 2 ? false : inst == 3 ? true : x->req.acc & XL_X);
}

/* What an ATS request or translated transaction meets before stage 1. Returns: true if that decides. */
static bool ats_gate(struct xl *x, enum xl_act *act)
{
	const struct smmuv3_ste *e = walk_of(x)->ste;
	bool off = !e->eats || ste_config(e) == SMMUV3_CFG_BYPASS;

	if (x->req.at == XL_TRANSLATION_REQ) {
		if (!off && ste_config(e) & SMMUV3_CFG_ON)
			return false;
		*act = smmuv3_refuse(x, ste_config(e) & SMMUV3_CFG_ON ? EV_BAD_ATS_TREQ : 0);
		return true;
	}
	if (!off && ste_config(e) & SMMUV3_CFG_ON)
		return false;
	*act = smmuv3_refuse(x, ste_config(e) & SMMUV3_CFG_ON ? EV_TRANSL_FORBIDDEN : 0);
	return true;
}

static enum xl_act ste_known(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);
	enum xl_act act;
	unsigned code;

	attributes(s, x, w);
	if (w->ste->bad)
		return smmuv3_refuse_config(s, x, w->ste->bad, 0);
	if (UNLIKELY(x->req.at == XL_TRANSLATION_REQ || x->req.at == XL_TRANSLATED) && ats_gate(x, &act))
		return act;
	if (!(ste_config(w->ste) & SMMUV3_CFG_ON))
		return smmuv3_refuse(x, 0);
	code = route_substream(s, x, w);
	if (code)
		return smmuv3_refuse_config(s, x, code, 0);
	if (UNLIKELY(x->req.at == XL_TRANSLATED)) {
		if (w->ste->eats != 2)
			return smmuv3_pass_translated(s, x);
		w->s1 = false; /* the address is an IPA */
	}
	if (w->s1)
		return smmuv3_cd_lookup(s, x);
	return x->req.at == XL_CONFIG ? smmuv3_pass(x) : smmuv3_xlate(s, x);
}

static enum xl_act ste_read(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);
	struct smmuv3_ste *e = &w->own_ste;
	bool lpae;

	if (x->mem_st != MEM_OK)
		return smmuv3_refuse_config(s, x, EV_STE_FETCH, x->mem_spa);
	memcpy(e->w, x->data, sizeof(e->w));
	lpae = (ste_config(e) & (SMMUV3_CFG_ON | SMMUV3_CFG_S2)) == (SMMUV3_CFG_ON | SMMUV3_CFG_S2) && !(e->w[2] & BIT64(51));
	e->bad = (e->w[0] & 1) && !lpae && smmuv3_ste_ok(s, e->w) ? 0 : EV_BAD_STE;
	e->world = (uint8_t)smmuv3_world(s, e->w);
	e->eats = (uint8_t)smmuv3_eats(s, e->w);
	e->atschk = s->on.atschk;
	w->ste = e;
	if (may_keep(x) && (!e->bad || s->cfg->cache_invalid)) {
		struct xc_tag t = config_tag(x, x->req.rid, 0);
		uint32_t slot = xc_fill(s->ste, &t);

		if (slot != XC_MISS)
			*(struct smmuv3_ste *)xc_payload(s->ste, slot) = *e;
	}
	return ste_known(s, x);
}

static enum xl_act ste_fetch(struct smmuv3 *s, struct xl *x, uint64_t addr)
{
	if (s->cap.oas < 56 && addr >> s->cap.oas)
		return smmuv3_refuse_config(s, x, EV_STE_FETCH, addr);
	return smmuv3_read_struct(x, SMMUV3_PH_STE, addr, 8);
}

static enum xl_act l1std_known(struct smmuv3 *s, struct xl *x, uint64_t l1std)
{
	uint64_t addr;

	if (!smmuv3_l1std_ste(s, l1std, x->req.rid, &addr))
		return smmuv3_refuse_config(s, x, EV_BAD_STREAMID, 0);
	return ste_fetch(s, x, addr);
}

static enum xl_act l1std_read(struct smmuv3 *s, struct xl *x)
{
	uint64_t addr;

	if (x->mem_st != MEM_OK)
		return smmuv3_refuse_config(s, x, EV_STE_FETCH, x->mem_spa);
	if (may_keep(x) && smmuv3_l1std_ste(s, x->data[0], x->req.rid, &addr)) {
		struct xc_tag t = config_tag(x, x->req.rid & ~low_mask(s->on.split), 0);
		uint32_t slot;

		t.size_lg2 = (uint8_t)s->on.split;
		slot = xc_fill(s->l1std, &t);
		if (slot != XC_MISS)
			*(uint64_t *)xc_payload(s->l1std, slot) = x->data[0];
	}
	return l1std_known(s, x, x->data[0]);
}

enum xl_act smmuv3_ste_lookup(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);
	uint64_t addr;

	if (!x->functional) {
		uint32_t slot = xc_lookup(s->ste, x->req.rid, 0);

		xl_charge(x, s->ste, &s->cfg->ste);
		if (LIKELY(slot != XC_MISS)) {
			w->ste_slot = slot;
			w->ste = xc_payload(s->ste, slot);
			return ste_known(s, x);
		}
	}
	smmuv3_config_miss(s, x);
	switch (smmuv3_ste_find(s, x->req.rid, &addr)) {
	case 0:
		return ste_fetch(s, x, addr);
	case 1:
		break;
	default:
		return smmuv3_refuse_config(s, x, EV_BAD_STREAMID, 0);
	}
	if (!x->functional) {
		uint32_t slot = xc_lookup(s->l1std, x->req.rid, 0);

		xl_charge(x, s->l1std, &s->cfg->l1std);
		if (slot != XC_MISS)
			return l1std_known(s, x, *(const uint64_t *)xc_payload(s->l1std, slot));
	}
	if (s->cap.oas < 56 && addr >> s->cap.oas)
		return smmuv3_refuse_config(s, x, EV_STE_FETCH, addr);
	return smmuv3_read_struct(x, SMMUV3_PH_L1STD, addr, 1);
}

/* SMMUEN = 0: GBPA. */
enum xl_act smmuv3_disabled(const struct smmuv3 *s, struct xl *x)
{
	if (x->req.at == XL_TRANSLATION_REQ)
		return smmuv3_refuse(x, EV_BAD_ATS_TREQ);
	if (x->req.at == XL_TRANSLATED)
		return smmuv3_refuse(x, EV_TRANSL_FORBIDDEN);
	if ((s->on.gbpa & BIT64(20)) || (s->cap.oas < 64 && x->req.iova >> s->cap.oas))
		return smmuv3_refuse(x, 0);
	return smmuv3_pass(x);
}

static bool reads_tables(const struct smmuv3_walk *w)
{
	return w->phase == SMMUV3_PH_CD_IPA || w->phase >= SMMUV3_PH_TABLES;
}

enum xl_act smmuv3_next(struct iommu *u, struct xl *x)
{
	struct smmuv3 *s = smmuv3_of(u);
	struct smmuv3_walk *w = walk_of(x);

	if (!x->functional) {
		if (reads_tables(w))
			s->st.table_reads++;
		else
			s->st.config_reads++;
		smmuv3_pmcg_count(s, reads_tables(w) ? 4 : 5, x->req.rid, 1);
	}
	switch ((enum smmuv3_phase)w->phase) {
	case SMMUV3_PH_L1STD:
		return l1std_read(s, x);
	case SMMUV3_PH_STE:
		return ste_read(s, x);
	case SMMUV3_PH_VMS:
	case SMMUV3_PH_CD_IPA:
	case SMMUV3_PH_L1CD:
	case SMMUV3_PH_CD:
		return smmuv3_cd_next(s, x);
	case SMMUV3_PH_TABLES:
	case SMMUV3_PH_S2_TAIL:
		break;
	}
	return smmuv3_xlate_next(s, x);
}
