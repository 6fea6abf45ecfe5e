/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_smmuv3_ctx.c - stream table, CD tables, and the update of their entries while the unit may read them.
 * An entry is updated by what the unit looks at in it before and after ("used" bits, which depend on the entry's own Config): if one
 * doubleword at most changes what is looked at, the others are written first, then that one, then what is no longer used becomes zero, so
 * the unit never sees a mixture; else the entry is made invalid meanwhile. Every step that changed something ends with a CFGI command and a
 * CMD_SYNC. The level 1 descriptor of a new stream table block is one store; the CFGI_STE of the entry behind it then has Leaf = 0. Linux (seen
 * in one version) keeps Leaf = 1, and so leaves a descriptor that may have been cached when it was invalid.
 */
#include <string.h>
#include "core/base/bits.h"
#include "smmuv3/smmuv3_fields.h"
#include "software/drv_smmuv3.h"

enum { WORDS = 8, CFG_ABORT = 0, CFG_BYPASS = 4, CFG_S1 = 5, CFG_S2 = 6, CFG_NESTED = 7, FMT_LINEAR = 0, FMT_64K = 2 };
enum { DSS_TERMINATE = 0, DSS_BYPASS = 1, DSS_SSID0 = 2, STE_BYTES = 64, L1_BYTES = 8 };

/* Bits of a valid STE that the unit looks at. */
enum { ANY = 1, S1 = 2, S2 = 4, BYPASS = 8, S1_BYPASS = 16 };
static const struct used { uint8_t when, word, hi, lo; } ste_used[] = {
	{ ANY, 0, 3, 1 }, /* Config */
	{ S1, 0, 5, 4 }, { S1, 0, 55, 6 }, { S1, 0, 63, 59 }, /* S1Fmt, S1ContextPtr, S1CDMax */
	{ S1, 1, 7, 0 }, { S1, 1, 27, 27 }, { S1, 1, 31, 30 }, /* S1DSS, S1CIR, S1COR, S1CSH; S1STALLD; STRW */
	{ S1 | S2, 1, 19, 19 }, { S1 | S2, 1, 29, 28 }, { S1 | S2, 2, 15, 0 }, /* MEV, EATS, S2VMID */
	{ S2 | BYPASS | S1_BYPASS, 1, 45, 44 }, /* SHCFG */
	{ S2, 1, 25, 25 }, { S2, 2, 50, 32 }, /* S2FWB; S2T0SZ to S2PS */
	{ S2, 2, 52, 51 }, { S2, 2, 54, 54 }, { S2, 2, 58, 57 }, /* S2AA64, S2ENDI; S2PTW; S2S, S2R */
	{ S2, 3, 51, 4 }, /* S2TTB */
};

static void used_by_ste(const uint64_t *w, uint64_t *used)
{
	unsigned cfg = (unsigned)smmuv3_get_ste_Config(w), is = ANY;

	memset(used, 0, WORDS * sizeof(*used));
	smmuv3_put_ste_V(used, 1);
	if (!smmuv3_get_ste_V(w))
		return;
	is |= (cfg & 1 ? S1 : 0) | (cfg & 2 ? S2 : 0) | (cfg == CFG_BYPASS ? BYPASS : 0);
	is |= cfg & 1 && smmuv3_get_ste_S1DSS(w) == DSS_BYPASS ? S1_BYPASS : 0;
	for (size_t i = 0; i < ARRAY_LEN(ste_used); i++)
		if (ste_used[i].when & is)
			used[ste_used[i].word] |= bits_mask(ste_used[i].hi, ste_used[i].lo);
}

static void used_by_cd(const uint64_t *w, uint64_t *used)
{
	memset(used, smmuv3_get_cd_V(w) ? 0xff : 0, WORDS * sizeof(*used));
	smmuv3_put_cd_V(used, 1);
	if (smmuv3_get_cd_V(w) && smmuv3_get_cd_EPD0(w)) {
		used[0] &= ~bits_mask(13, 0); /* T0SZ, TG0, IR0, OR0, SH0 */
		used[1] &= ~bits_mask(51, 4); /* TTB0 */
	}
}

struct entry {
	struct smmud *v;
	uint64_t pa;
	uint32_t sid, ssid;
	bool cd;
};

/* Words @from up to @to become those of @w; what changed takes effect before this returns. */
static void set(const struct entry *e, const uint64_t *w, unsigned from, unsigned to)
{
	bool changed = false;

	for (unsigned i = from; i < to; i++)
		if (drv_peek(e->v->d, e->pa + 8 * i) != w[i]) {
			drv_store(e->v->d, e->pa + 8 * i, w[i]);
			changed = true;
		}
	if (changed && e->cd)
		smmud_cfgi_cd(e->v, e->sid, e->ssid, true);
	else if (changed)
		smmud_cfgi_ste(e->v, e->sid);
}

static void write_entry(const struct entry *e, const uint64_t target[WORDS])
{
	uint64_t old[WORDS], was[WORDS], will[WORDS], early[WORDS];
	unsigned n = 0, critical = 0;

	for (unsigned i = 0; i < WORDS; i++)
		old[i] = drv_peek(e->v->d, e->pa + 8 * i);
	(e->cd ? used_by_cd : used_by_ste)(old, was);
	(e->cd ? used_by_cd : used_by_ste)(target, will);
	for (unsigned i = 0; i < WORDS; i++) {
		early[i] = (old[i] & was[i]) | (target[i] & ~was[i]);
		if ((early[i] ^ target[i]) & will[i]) {
			critical = i;
			n++;
		}
	}
	if (n == 1) {
		early[critical] = old[critical];
		set(e, early, 0, WORDS);
		set(e, target, critical, critical + 1);
	} else if (n) {
		early[0] = 0; /* V is in the first word of both */
		set(e, early, 0, 1);
		set(e, target, 1, WORDS);
	}
	set(e, target, 0, WORDS);
}

static void abort_entries(struct drv *d, uint64_t pa, uint64_t n)
{
	for (uint64_t i = 0; i < n && !d->failed; i++)
		drv_store(d, pa + STE_BYTES * i, 1); /* V, Config 0 */
}

uint64_t smmud_strtab(struct smmud *v)
{
	unsigned bits = v->two_level ? v->sid_bits - SMMUD_SPLIT : v->sid_bits;
	uint64_t bytes = (v->two_level ? L1_BYTES : STE_BYTES) * BIT64(bits), align = bytes < 4096 ? 4096 : bytes;
	uint64_t pa = drv_alloc_aligned(v->d, align >> 12, align);

	if (pa && !v->two_level)
		abort_entries(v->d, pa, BIT64(bits));
	return pa;
}

void smmud_find_ste(struct smmud *v, struct smmud_master *a)
{
	struct drv *d = v->d;
	uint64_t l1 = v->strtab + L1_BYTES * (a->rid >> SMMUD_SPLIT), e, bytes = STE_BYTES << SMMUD_SPLIT;

	a->ste = v->strtab + STE_BYTES * (uint64_t)a->rid;
	if (!v->two_level)
		return;
	e = drv_peek(d, l1);
	if (!e) {
		uint64_t l2 = drv_alloc_aligned(d, bytes >> 12, bytes);

		abort_entries(d, l2, 1 << SMMUD_SPLIT);
		smmuv3_put_l1std_Span(&e, SMMUD_SPLIT + 1);
		smmuv3_put_l1std_L2Ptr(&e, l2 >> 6);
		drv_store(d, l1, e);
		v->l1_new = true;
	}
	a->ste = (smmuv3_get_l1std_L2Ptr(&e) << 6) + STE_BYTES * (a->rid & low_mask(SMMUD_SPLIT));
}

/* Memory of the guest has to be there in stage 2. */
static uint64_t cd_alloc(struct smmud *v, uint64_t bytes, bool nested, unsigned vm)
{
	uint64_t size = bytes < 4096 ? 4096 : bytes, pa = drv_alloc_aligned(v->d, size >> 12, size);

	if (pa && nested)
		smmud_s2_map(v->d, vm, pa, size);
	return pa;
}

/* The CD table of @a, made when missing. */
static const struct smmud_cdtab *cd_table(struct smmud *v, struct smmud_master *a, bool nested)
{
	struct smmud_cdtab *t = &a->cd[nested];

	if (!t->pa) {
		t->two_level = v->ssid_bits > SMMUD_CD_LEAF_LG2;
		t->pa = cd_alloc(v, t->two_level ? L1_BYTES * BIT64(v->ssid_bits - SMMUD_CD_LEAF_LG2) : STE_BYTES * BIT64(v->ssid_bits), nested, a->vm);
	}
	return t;
}

static uint64_t cd_slot(struct smmud *v, struct smmud_master *a, uint32_t ssid, bool nested)
{
	const struct smmud_cdtab *t = cd_table(v, a, nested);
	uint64_t off = nested ? v->d->cfg->s2_offset : 0, l1 = t->pa + L1_BYTES * (ssid >> SMMUD_CD_LEAF_LG2), e;

	if (!t->two_level)
		return t->pa + STE_BYTES * (uint64_t)ssid;
	e = drv_peek(v->d, l1);
	if (!e) {
		uint64_t leaf = cd_alloc(v, STE_BYTES << SMMUD_CD_LEAF_LG2, nested, a->vm);

		smmuv3_put_l1cd_V(&e, 1);
		smmuv3_put_l1cd_L2Ptr(&e, (leaf + off) >> 12);
		drv_store(v->d, l1, e);
		smmud_cfgi_cd(v, a->rid, ssid, false); /* an invalid one may be cached */
	}
	return (smmuv3_get_l1cd_L2Ptr(&e) << 12) - off + STE_BYTES * (ssid & low_mask(SMMUD_CD_LEAF_LG2));
}

static unsigned size_code(unsigned bits)
{
	static const uint8_t oas[] = { 32, 36, 40, 42, 44, 48, 52 };
	unsigned i = 0;

	while (i + 1 < ARRAY_LEN(oas) && oas[i] < bits)
		i++;
	return i;
}

static unsigned granule_code(unsigned page_lg2)
{
	return page_lg2 == 12 ? 0 : page_lg2 == 16 ? 1 : 2;
}

static unsigned out_bits(const struct smmud *v, unsigned page_lg2)
{
	return v->oas > 48 && page_lg2 != 16 ? 48 : v->oas;
}

void smmud_write_cd(struct smmud *v, struct smmud_master *a, uint32_t ssid, const struct drv_dom *m, bool nested)
{
	uint64_t w[WORDS] = { 0 };

	if (!m && !a->cd[nested].pa)
		return;
	if (m) {
		const struct smmud_pt t = smmud_pt_of(v->d, m);

		smmuv3_put_cd_T0SZ(w, 64 - t.bits);
		smmuv3_put_cd_TG0(w, granule_code(t.page_lg2));
		smmuv3_put_cd_IR0(w, 1);
		smmuv3_put_cd_OR0(w, 1);
		smmuv3_put_cd_SH0(w, 3);
		smmuv3_put_cd_EPD1(w, 1);
		smmuv3_put_cd_V(w, 1);
		smmuv3_put_cd_IPS(w, size_code(nested ? v->d->vm[a->vm].bits : out_bits(v, t.page_lg2)));
		smmuv3_put_cd_AA64(w, 1);
		smmuv3_put_cd_S(w, smmuv3_get_idr0_STALL_MODEL(&v->idr0) == 2);
		smmuv3_put_cd_R(w, 1);
		smmuv3_put_cd_A(w, 1);
		smmuv3_put_cd_ASET(w, 1);
		smmuv3_put_cd_ASID(w, smmud_tags(m, v->index, nested ? a->viommu : 0)->asid);
		w[1] = t.root + t.off;
		w[3] = UINT64_C(0xfffffffff404ff44); /* MAIR: non-cacheable, write-back, device, write-back with another hint; the rest is not used */
	}
	uint64_t pa = cd_slot(v, a, ssid, nested);

	if (!v->d->failed)
		write_entry(&(struct entry){ v, pa, a->rid, ssid, true }, w);
}

static void put_s1(struct smmud *v, struct smmud_master *a, bool nested, unsigned dss, uint64_t *w)
{
	const struct smmud_cdtab *t = cd_table(v, a, nested);

	smmuv3_put_ste_Config(w, nested ? CFG_NESTED : CFG_S1);
	smmuv3_put_ste_S1Fmt(w, t->two_level ? FMT_64K : FMT_LINEAR);
	smmuv3_put_ste_S1ContextPtr(w, (t->pa + (nested ? v->d->cfg->s2_offset : 0)) >> 6);
	smmuv3_put_ste_S1CDMax(w, v->ssid_bits);
	smmuv3_put_ste_S1DSS(w, dss);
	smmuv3_put_ste_S1CIR(w, 1);
	smmuv3_put_ste_S1COR(w, 1);
	smmuv3_put_ste_S1CSH(w, 3);
	smmuv3_put_ste_S1STALLD(w, smmuv3_get_idr0_STALL_MODEL(&v->idr0) == 0);
	if (dss == DSS_BYPASS)
		smmuv3_put_ste_SHCFG(w, smmuv3_get_idr1_ATTR_TYPES_OVR(&v->idr1));
	if (v->e2h && !nested)
		smmuv3_put_ste_STRW(w, 2);
}

static void put_s2(struct smmud *v, const struct smmud_pt *t, unsigned vmid, bool nested, uint64_t *w)
{
	unsigned sl = t->page_lg2 == 12 ? 2 - t->start : 3 - t->start;

	smmuv3_put_ste_Config(w, nested ? CFG_NESTED : CFG_S2);
	smmuv3_put_ste_MEV(w, nested ? 1 : 0);
	smmuv3_put_ste_SHCFG(w, smmuv3_get_idr1_ATTR_TYPES_OVR(&v->idr1));
	smmuv3_put_ste_S2VMID(w, vmid);
	smmuv3_put_ste_S2T0SZ(w, 64 - t->bits);
	smmuv3_put_ste_S2SL0(w, sl);
	smmuv3_put_ste_S2IR0(w, 1);
	smmuv3_put_ste_S2OR0(w, 1);
	smmuv3_put_ste_S2SH0(w, 3);
	smmuv3_put_ste_S2TG(w, granule_code(t->page_lg2));
	smmuv3_put_ste_S2PS(w, size_code(out_bits(v, t->page_lg2)));
	smmuv3_put_ste_S2AA64(w, 1);
	smmuv3_put_ste_S2PTW(w, 1);
	smmuv3_put_ste_S2S(w, smmuv3_get_idr0_STALL_MODEL(&v->idr0) == 2);
	smmuv3_put_ste_S2R(w, 1);
	w[3] = t->root;
}

bool smmud_write_ste(struct smmud *v, struct smmud_master *a)
{
	const struct drv_dom *m = a->dom;
	unsigned mode = m ? m->mode : DRV_MODE_AUTO; /* AUTO: nothing attached */
	bool nested = mode == DRV_MODE_NESTED || (a->n_pasid && a->nested), s1 = nested || mode == DRV_MODE_FS || a->n_pasid;
	bool eats = a->ats && smmuv3_get_idr0_ATS(&v->idr0) && (s1 || mode == DRV_MODE_SS);
	uint64_t w[WORDS] = { 0 };

	smmuv3_put_ste_V(w, 1);
	if (mode == DRV_MODE_PT && !s1) {
		smmuv3_put_ste_Config(w, CFG_BYPASS);
		smmuv3_put_ste_SHCFG(w, smmuv3_get_idr1_ATTR_TYPES_OVR(&v->idr1));
	}
	if (nested || mode == DRV_MODE_SS) {
		struct smmud_pt t = nested ? smmud_pt_vm(v->d, a->vm) : smmud_pt_of(v->d, m);

		put_s2(v, &t, nested ? v->vm_vmid[a->vm][v->d->cfg->smmu_vmid == DRV_VMID_VM ? 0 : a->viommu] : smmud_tags(m, v->index, 0)->did, nested, w);
	}
	if (s1)
		put_s1(v, a, nested, mode == DRV_MODE_FS || mode == DRV_MODE_NESTED ? DSS_SSID0 : mode == DRV_MODE_PT ? DSS_BYPASS : DSS_TERMINATE, w);
	smmuv3_put_ste_EATS(w, eats);
	if (v->d->failed)
		return false;
	write_entry(&(struct entry){ v, a->ste, a->rid, 0, false }, w);
	smmud_prefetch(v, a->rid);
	return eats;
}
