/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_ste.c - legality of STEs and CDs, and where the STE of a stream is: pure functions of the words and the capabilities.
 * Models: the checks for Non-secure streams, in the order of the specification (all of them lead to one event, C_BAD_STE or C_BAD_CD).
 * Choices where revisions differ or leave it open: an input size out of range is ILLEGAL in v3.0 too; S1ContextPtr beyond OAS, or
 * beyond IAS with both stages, is ILLEGAL in every revision; EATS = 1 with S2S = 1 is not checked without stage 2. A field of an absent
 * feature (S2FWB, S2DS, DS, HAFT, S1MPAM, S2SL0_2) counts as 0. What belongs to a disabled half is not checked, nor TTB1 for EL2.
 * Does not model: geometry of VMSAv8-32 LPAE (TxSZ, S2T0SZ, S2SL0 and bases are not checked), D128, PIE and S1PIE; the rule of
 * processing elements that a start level needs some physical address size (level 0 with 4 KiB: more than 42 bits ...), not confirmed for
 * the SMMU.
 * Spec: Arm IHI 0070, "Stream Table Entry", "Context Descriptor", "StreamWorld".
 */
#include "smmuv3/smmuv3_regs.h"

enum { CFG_S1 = 1, CFG_S2 = 2, CFG_ON = 4, CFG_BOTH = 7 };
enum { GRAN_4K, GRAN_64K, GRAN_16K, GRAN_NONE }; /* S2TG and TG0 encoding */

static inline unsigned config(const uint64_t *ste)
{
	return (unsigned)bits_get(ste[0], 3, 1);
}

static inline bool bit(uint64_t w, unsigned n)
{
	return w >> n & 1;
}

static inline bool beyond(uint64_t addr, unsigned bits)
{
	return addr & ~low_mask(bits);
}

static unsigned size_bits(const struct smmuv3 *s, uint64_t field)
{
	unsigned b = smmuv3_oas_bits((unsigned)field);

	return b < s->cap.oas ? b : s->cap.oas;
}

static bool granule_ok(const struct smmuv3_caps *c, unsigned g)
{
	return (g == GRAN_4K && c->gran4k) || (g == GRAN_64K && c->gran64k) || (g == GRAN_16K && c->gran16k);
}

static bool endian_ok(const struct smmuv3_caps *c, bool big)
{
	return !(c->ttendian == 2 && big) && !(c->ttendian == 3 && !big);
}

static unsigned txsz_max(const struct smmuv3_caps *c, unsigned g)
{
	return !c->stt ? 39 : g == GRAN_64K ? 47 : 48;
}

/* Access flag and dirty updates that this unit cannot do. */
static bool httu_ok(const struct smmuv3_caps *c, bool ha, bool hd, bool haft)
{
	if ((ha || hd) && !c->httu)
		return false;
	return !(hd && c->httu == 1) && !(haft && !ha && c->httu == 3);
}

/* ---- stage 2 ---- */
/* Start level by {S2SL0_2, S2SL0}; 4: reserved. */
static int s2_start(const struct smmuv3_caps *c, unsigned g, unsigned sl0, bool sl0_2, bool ds)
{
	static const int8_t row[3][4] = { [GRAN_4K] = { 2, 1, 0, 3 }, [GRAN_64K] = { 3, 2, 1, 4 }, [GRAN_16K] = { 3, 2, 1, 0 } };

	if (g == GRAN_4K && ds && sl0_2)
		return sl0 == 0 ? -1 : 4;
	if (sl0 == 3 && ((g == GRAN_4K && !c->stt) || (g == GRAN_16K && !ds)))
		return 4;
	return row[g][sl0];
}

static bool s2_geometry_ok(const struct smmuv3 *s, const uint64_t *ste)
{
	const struct smmuv3_caps *c = &s->cap;
	unsigned g = (unsigned)bits_get(ste[2], 47, 46), sz = (unsigned)bits_get(ste[2], 37, 32), ps = size_bits(s, bits_get(ste[2], 50, 48)), min;
	static const uint8_t grain[] = { 12, 16, 14 };
	bool ds = c->ds && g != GRAN_64K && bit(ste[3], 3);
	uint64_t ttb = ste[3] & bits_mask(c->minor ? 51 : 47, 4);
	int start, x;

	if (!granule_ok(c, g))
		return false;
	if (beyond(ttb, ps) || (g != GRAN_64K && !ds && beyond(ttb, 48)))
		return false;
	min = c->minor == 0 ? 0 : g == GRAN_64K || ds ? 12 : 16;
	if (min < 64 - c->ias)
		min = 64 - c->ias;
	if (sz < min || sz > txsz_max(c, g))
		return false;
	start = s2_start(c, g, (unsigned)bits_get(ste[2], 39, 38), bit(ste[3], 2), ds);
	if (start == 4)
		return false;
	/* index bits of the start table: up to 16 tables side by side */
	x = 64 - (int)sz - grain[g] - (grain[g] - 3) * (3 - start);
	return x >= 1 && x <= grain[g] - 3 + 4;
}

static bool s2_ok(const struct smmuv3 *s, const uint64_t *ste)
{
	const struct smmuv3_caps *c = &s->cap;
	bool aa64 = bit(ste[2], 51), ha = bit(ste[2], 56), hd = bit(ste[2], 55), stall = bit(ste[2], 57);

	if (c->fwb && bit(ste[1], 25) && !aa64)
		return false;
	if ((stall && c->stall_model == 1) || (!stall && c->stall_model == 2))
		return false;
	if (aa64 ? !c->ttf64 : !c->ttf32)
		return false;
	if (((ha || hd) && !aa64) || !httu_ok(c, ha, hd, bit(ste[2], 59)))
		return false;
	if (aa64 && !s2_geometry_ok(s, ste))
		return false;
	return endian_ok(c, bit(ste[2], 52));
}

static bool s1_ok(const struct smmuv3 *s, const uint64_t *ste)
{
	const struct smmuv3_caps *c = &s->cap;
	unsigned fmt = (unsigned)bits_get(ste[0], 5, 4), max = (unsigned)bits_get(ste[0], 63, 59);

	if (bit(ste[1], 27) && c->stall_model)
		return false;
	if (c->ssidsize && max > c->ssidsize)
		return false;
	if (c->ssidsize && max && !c->cd2l && (fmt == 1 || fmt == 2))
		return false;
	return !beyond(ste[0] & bits_mask(55, 6), config(ste) & CFG_S2 ? c->ias : c->oas);
}

/* STRW is looked at. */
static bool strw_used(const struct smmuv3 *s, const uint64_t *ste)
{
	return config(ste) == (CFG_ON | CFG_S1) && s->cap.hyp;
}

static bool eats_ok(const struct smmuv3 *s, const uint64_t *ste)
{
	unsigned cfg = config(ste), e = (unsigned)bits_get(ste[1], 29, 28);
	bool s2s = (cfg & CFG_S2) && bit(ste[2], 57);

	if (!s->cap.ats || !(cfg & (CFG_S1 | CFG_S2)) || (e == 3 && !s->cap.dpt))
		return true;
	if (e == 2)
		return cfg == CFG_BOTH && !s2s && !s->cap.ns1ats;
	if (e && s2s)
		return false;
	return !(e == 3 && strw_used(s, ste) && bits_get(ste[1], 31, 30));
}

/* v3.4: permission overlays. */
static bool overlay_ok(const struct smmuv3 *s, const uint64_t *ste)
{
	uint64_t idr3 = smmuv3_reg_get(s, SMMUV3_R_IDR3, 4);

	if (s->cap.minor < 4 || !bit(idr3, 20) || !bit(ste[2], 61))
		return true;
	if (!bit(ste[2], 60) || (bit(idr3, 3) && bits_get(ste[1], 11, 8)))
		return false;
	for (unsigned i = 0; i < 64; i += 4)
		if (bits_get(ste[7], i + 3, i) == 1 || bits_get(ste[7], i + 3, i) == 5)
			return false;
	return true;
}

bool smmuv3_ste_ok(const struct smmuv3 *s, const uint64_t ste[8])
{
	const struct smmuv3_caps *c = &s->cap;
	unsigned cfg = config(ste);

	/* 2 */
	if (!(cfg & CFG_ON))
		return true;
	/* 3 */
	if (((cfg & CFG_S1) && !c->s1p) || ((cfg & CFG_S2) && !c->s2p))
		return false;
	/* 4, 5 */
	if (!eats_ok(s, ste) || (strw_used(s, ste) && bit(ste[1], 30)))
		return false;
	/* 6, 7 */
	if (((cfg & CFG_S1) && !s1_ok(s, ste)) || ((cfg & CFG_S2) && !s2_ok(s, ste)))
		return false;
	/* 8 */
	if ((cfg & (CFG_S1 | CFG_S2)) && c->s2p && !c->vmid16 && bits_get(ste[2], 15, 8) && smmuv3_world(s, ste) == SMMUV3_W_EL1)
		return false;
	/* 9 */
	if (cfg == CFG_BOTH && c->mpam && bit(ste[1], 26) && beyond(ste[5] & bits_mask(55, 12), c->oas))
		return false;
	/* 10 */
	return !(cfg & CFG_S2) || overlay_ok(s, ste);
}

unsigned smmuv3_eats(const struct smmuv3 *s, const uint64_t ste[8])
{
	unsigned cfg = config(ste), e = (unsigned)bits_get(ste[1], 29, 28);

	if (!s->cap.ats || !(cfg & CFG_ON) || !(cfg & (CFG_S1 | CFG_S2)))
		return 0;
	if ((e == 2 && !s->on.atschk) || (e == 3 && (!s->cap.dpt || !s->on.atschk)))
		return 0;
	return e;
}

enum smmuv3_world smmuv3_world(const struct smmuv3 *s, const uint64_t ste[8])
{
	if (!strw_used(s, ste) || bits_get(ste[1], 31, 30) != 2)
		return SMMUV3_W_EL1;
	return s->on.e2h ? SMMUV3_W_E2H : SMMUV3_W_EL2;
}

/* ---- CD ---- */
struct half {
	uint8_t sz, g, epd;
	uint64_t ttb;
};

static bool half_ok(const struct smmuv3 *s, const struct half *h, unsigned ips, bool cd_ds)
{
	const struct smmuv3_caps *c = &s->cap;
	bool ds = c->ds && cd_ds && h->g != GRAN_64K;
	unsigned min;

	/* an unknown granule has no other limits */
	if (!granule_ok(c, h->g))
		return false;
	min = c->vax >= 1 && (h->g == GRAN_64K || ds) ? 12 : 16;
	if (h->sz < min || h->sz > txsz_max(c, h->g))
		return false;
	return !beyond(h->ttb, ips) && (h->g == GRAN_64K || ds || !beyond(h->ttb, 48));
}

static bool faults_ok(const struct smmuv3_caps *c, const uint64_t *ste, uint64_t cd0)
{
	bool stall = bit(cd0, 44), abort = bit(cd0, 46);

	if ((bit(ste[1], 27) && stall) || (c->term_model && !abort))
		return false;
	return !(c->stall_model == 1 && stall) && !(c->stall_model == 2 && !stall);
}

bool smmuv3_cd_ok(const struct smmuv3 *s, const uint64_t ste[8], const uint64_t cd[8])
{
	static const uint8_t tg1[] = { GRAN_NONE, GRAN_16K, GRAN_4K, GRAN_64K };
	const struct smmuv3_caps *c = &s->cap;
	enum smmuv3_world world = smmuv3_world(s, ste);
	bool el2 = world == SMMUV3_W_EL2, aa64 = bit(cd[0], 41);
	uint64_t ttb = bits_mask(c->minor ? 51 : 47, 4);
	struct half h[2] = {
		{ (uint8_t)bits_get(cd[0], 5, 0), (uint8_t)bits_get(cd[0], 7, 6), !el2 && bit(cd[0], 14), cd[1] & ttb },
		{ (uint8_t)bits_get(cd[0], 21, 16), tg1[bits_get(cd[0], 23, 22)], !el2 && bit(cd[0], 30), cd[2] & ttb },
	};

	/* 2 */
	if (!faults_ok(c, ste, cd[0]))
		return false;
	/* 3 */
	if (!(h[0].epd && h[1].epd) && !endian_ok(c, bit(cd[0], 15)))
		return false;
	/* 4 */
	if (!aa64 && (!c->ttf32 || world == SMMUV3_W_E2H))
		return false;
	if (aa64 && (!c->ttf64 || ((config(ste) & CFG_S2) && !bit(ste[2], 51))))
		return false;
	/* 5 */
	if (aa64 && !httu_ok(c, bit(cd[0], 43), bit(cd[0], 42), bit(cd[1], 3)))
		return false;
	/* 6 */
	if (!c->asid16 && !el2 && bits_get(cd[0], 63, 56))
		return false;
	/* 7 */
	for (unsigned i = 0; aa64 && i < (el2 ? 1 : 2); i++)
		if (!h[i].epd && !half_ok(s, &h[i], size_bits(s, bits_get(cd[0], 34, 32)), bit(cd[2], 58)))
			return false;
	return true;
}

/* ---- stream table ---- */
int smmuv3_ste_find(const struct smmuv3 *s, uint32_t sid, uint64_t *addr)
{
	unsigned n = s->on.log2size < s->cap.sidsize ? s->on.log2size : s->cap.sidsize;

	if (sid & ~low_mask(n))
		return -1;
	if (s->on.two_level) {
		*addr = s->on.strtab + (uint64_t)(sid >> s->on.split) * 8;
		return 1;
	}
	*addr = s->on.strtab + (uint64_t)sid * 64;
	return 0;
}

bool smmuv3_l1std_ste(const struct smmuv3 *s, uint64_t l1std, uint32_t sid, uint64_t *addr)
{
	unsigned span = (unsigned)bits_get(l1std, 4, 0);
	uint64_t i = sid & low_mask(s->on.split);

	if (!span || span > 11 || span > s->on.split + 1 || i >> (span - 1))
		return false;
	*addr = (l1std & bits_mask(55, 6) & ~low_mask(span + 5)) + i * 64;
	return true;
}
