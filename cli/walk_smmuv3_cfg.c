/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_smmuv3_cfg.c - our own reading of STE and CD for the enumeration (Arm SMMUv3, IHI 0070, "Stream Table Entry", "Context Descriptor";
 * legality and table geometry). Made apart from sim/smmuv3: each checks the other.
 * Not read: VMSAv8-32 LPAE tables, 52-bit addresses with 4 and 16 KiB granule (DS), 128-bit descriptors, MPAM; an STE or CD that asks for
 * one of the first two enumerates as empty.
 */
#include "walk_smmuv3.h"
#include "core/base/bits.h"
#include <string.h>

enum { IDR0_S2P = 0, IDR0_S1P = 1, IDR0_AARCH64 = 3, IDR0_HYP = 9, IDR0_ATS = 10, IDR0_NS1ATS = 11, IDR0_ASID16 = 12, IDR0_VMID16 = 18,
       IDR0_CD2L = 19, IDR0_TERM = 26, IDR1_PERMS_OVR = 26, IDR3_HAD = 2, IDR3_FWB = 8, IDR3_STT = 9, IDR3_E0PD = 13 };

static bool bit(uint64_t w, unsigned i)
{
	return w >> i & 1;
}

static uint64_t reg_of(const struct image *im, uint32_t off)
{
	for (size_t i = 0; i < im->n_reg; i++)
		if (im->reg[i].off == off)
			return im->reg[i].val;
	return 0;
}

unsigned sw_addr_bits(unsigned code)
{
	static const uint8_t n[] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	return n[code & 7];
}

void sw_read(const struct image *im, struct sw *v)
{
	v->idr0 = (uint32_t)reg_of(im, 0x0);
	v->idr1 = (uint32_t)reg_of(im, 0x4);
	v->idr3 = (uint32_t)reg_of(im, 0xc);
	v->idr5 = (uint32_t)reg_of(im, 0x14);
	v->aidr = (uint32_t)reg_of(im, 0x1c);
	v->cr0 = (uint32_t)reg_of(im, 0x20);
	v->cr2 = (uint32_t)reg_of(im, 0x2c);
	v->strtab_base = reg_of(im, 0x80);
	v->strtab_cfg = (uint32_t)reg_of(im, 0x88);
	v->oas = sw_addr_bits(v->idr5);
}

static unsigned stall_model(const struct sw *v)
{
	return (unsigned)bits_get(v->idr0, 25, 24);
}

static unsigned httu(const struct sw *v)
{
	return (unsigned)bits_get(v->idr0, 7, 6);
}

static bool endian_ok(const struct sw *v, bool big)
{
	unsigned e = (unsigned)bits_get(v->idr0, 22, 21);

	return e == (big ? 3 : 2) || e == 0;
}

static bool granule(const struct sw *v, unsigned gran)
{
	return bit(v->idr5, gran == 12 ? 4 : gran == 14 ? 5 : 6);
}

/* TxSZ, S2T0SZ; the least input width of stage 2 depends on the output size of the unit. */
static bool size_ok(const struct sw *v, unsigned tsz, unsigned gran, bool s2)
{
	unsigned max = !bit(v->idr3, IDR3_STT) ? 39 : gran == 16 ? 47 : 48, min = 16;

	if (gran == 16 && (s2 ? v->oas > 48 : bits_get(v->idr5, 11, 10) > 0))
		min = 12;
	if (s2 && min < 64 - v->oas)
		min = 64 - v->oas;
	return tsz >= min && tsz <= max;
}

/* --- STE --- */
static bool ats_ok(const struct sw *v, const struct sw_ste *s)
{
	unsigned eats = (unsigned)bits_get(s->d[1], 29, 28);
	bool s2s = bit(s->d[2], 57);

	if (!bit(v->idr0, IDR0_ATS) || !(s->config & 3))
		return true;
	if (eats == 2)
		return s->config == 7 && !s2s && !bit(v->idr0, IDR0_NS1ATS);
	return eats != 1 || !(s->config & 2) || !s2s;
}

static bool s1_ok(const struct sw *v, const struct sw_ste *s)
{
	unsigned ssids = (unsigned)bits_get(v->idr1, 10, 6), cdmax = (unsigned)bits_get(s->d[0], 63, 59), fmt = (unsigned)bits_get(s->d[0], 5, 4);

	if (bit(s->d[1], 27) && stall_model(v))
		return false;
	if (ssids && (cdmax > ssids || (cdmax && !bit(v->idr0, IDR0_CD2L) && (fmt == 1 || fmt == 2))))
		return false;
	return !(s->d[0] & bits_mask(55, 6) & ~low_mask(v->oas));
}

bool sw_stage2(const struct sw *v, const uint64_t *d, struct sw_stage *s)
{
	static const uint8_t gran[] = { 12, 16, 14, 0 };
	unsigned sl0 = (unsigned)bits_get(d[2], 39, 38), ps = sw_addr_bits((unsigned)bits_get(d[2], 50, 48)), stride, low;

	memset(s, 0, sizeof(*s));
	s->gran = gran[bits_get(d[2], 47, 46)];
	if (!bit(d[2], 51) || !s->gran || !granule(v, s->gran) || (bit(d[3], 3) && bit(v->idr5, 7)))
		return false;
	if (!size_ok(v, (unsigned)bits_get(d[2], 37, 32), s->gran, true) || (sl0 == 3 && (s->gran != 12 || !bit(v->idr3, IDR3_STT))))
		return false;
	s->s2 = true;
	s->ia_bits = 64 - (unsigned)bits_get(d[2], 37, 32);
	s->oa_bits = ps < v->oas ? ps : v->oas;
	s->start = sl0 == 3 ? 3 : (int)(s->gran == 12 ? 2 - sl0 : 3 - sl0);
	stride = s->gran - 3;
	low = s->gran + stride * (unsigned)(3 - s->start);
	if (s->ia_bits <= low || s->ia_bits - low > stride + 4)
		return false;
	s->start_bits = s->ia_bits - low;
	s->root = d[3] & bits_mask(51, 4);
	s->wide = s->gran == 16 && v->oas >= 52;
	if (s->root >> s->oa_bits || (s->gran != 16 && s->root >> 48))
		return false;
	s->root &= ~low_mask(s->start_bits + 3);
	s->big_endian = bit(d[2], 52);
	s->af_ignored = bit(d[2], 53) || bit(d[2], 56);
	s->dirty = bit(d[2], 56) && bit(d[2], 55);
	s->ptw = bit(d[2], 54);
	s->fwb = bit(d[1], 25) && bit(v->idr3, IDR3_FWB);
	return true;
}

static bool s2_ok(const struct sw *v, const struct sw_ste *s)
{
	const uint64_t d2 = s->d[2];
	struct sw_stage st;

	if (bit(d2, 57) ? stall_model(v) == 1 : stall_model(v) == 2)
		return false;
	if (((bit(d2, 56) || bit(d2, 55)) && !httu(v)) || (bit(d2, 55) && httu(v) == 1))
		return false;
	return endian_ok(v, bit(d2, 52)) && bit(v->idr0, IDR0_AARCH64) && sw_stage2(v, s->d, &st);
}

bool sw_ste(const struct sw *v, struct sw_ste *s)
{
	unsigned strw = (unsigned)bits_get(s->d[1], 31, 30), cdmax = (unsigned)bits_get(s->d[0], 63, 59);

	s->config = (unsigned)bits_get(s->d[0], 3, 1);
	s->cd_max = bits_get(v->idr1, 10, 6) ? cdmax : 0;
	s->el2 = s->config == 5 && bit(v->idr0, IDR0_HYP) && strw == 2 && !bit(v->cr2, 0);
	s->priv = bit(v->idr1, IDR1_PERMS_OVR) && bits_get(s->d[1], 49, 48) == 3;
	if (s->config < 4)
		return true;
	if (((s->config & 1) && !bit(v->idr0, IDR0_S1P)) || ((s->config & 2) && !bit(v->idr0, IDR0_S2P)) || !ats_ok(v, s))
		return false;
	if (s->config == 5 && bit(v->idr0, IDR0_HYP) && (strw & 1))
		return false;
	if (((s->config & 1) && !s1_ok(v, s)) || ((s->config & 2) && !s2_ok(v, s)))
		return false;
	if (s->config == 4 || (s->config == 5 && bit(v->idr0, IDR0_HYP) && strw) || !bit(v->idr0, IDR0_S2P))
		return true; /* the VMID is not used */
	return bit(v->idr0, IDR0_VMID16) || !bits_get(s->d[2], 15, 8);
}

/* --- CD --- */
bool sw_cd_legal(const struct sw *v, const struct sw_ste *ste, const uint64_t *cd)
{
	bool stall = bit(cd[0], 44), halves_off = bit(cd[0], 14) && bit(cd[0], 30) && !ste->el2;

	if (!bit(cd[0], 31) || !bit(cd[0], 41) || !bit(v->idr0, IDR0_AARCH64))
		return false;
	if ((bit(ste->d[1], 27) && stall) || (bit(v->idr0, IDR0_TERM) && !bit(cd[0], 46)) || (stall ? stall_model(v) == 1 : stall_model(v) == 2))
		return false;
	if (!halves_off && !endian_ok(v, bit(cd[0], 15)))
		return false;
	if (((bit(cd[0], 42) || bit(cd[0], 43)) && !httu(v)) || (bit(cd[0], 42) && httu(v) == 1))
		return false;
	return bit(v->idr0, IDR0_ASID16) || !bits_get(cd[0], 63, 56) || ste->el2;
}

bool sw_half(const struct sw *v, const struct sw_ste *ste, const uint64_t *cd, bool upper, struct sw_stage *s, bool *enabled)
{
	static const uint8_t gran[2][4] = { { 12, 16, 14, 0 }, { 0, 14, 12, 16 } };
	unsigned at = upper ? 16 : 0, tsz = (unsigned)bits_get(cd[0], at + 5, at), ips = sw_addr_bits((unsigned)bits_get(cd[0], 34, 32));
	const uint64_t ttb = cd[upper ? 2 : 1];

	*s = (struct sw_stage){ .gran = gran[upper][bits_get(cd[0], at + 7, at + 6)], .upper = upper, .root = ttb & bits_mask(51, 4) };
	*enabled = ste->el2 ? !upper : !bit(cd[0], upper ? 30 : 14);
	if (!*enabled)
		return true;
	if (!s->gran || !granule(v, s->gran) || (bit(cd[2], 58) && bit(v->idr5, 7)) || !size_ok(v, tsz, s->gran, false))
		return false;
	s->ia_bits = 64 - tsz;
	s->oa_bits = ips < v->oas ? ips : v->oas;
	if (s->root >> s->oa_bits || (s->gran != 16 && s->root >> 48))
		return false;
	s->start = 3 - (int)((s->ia_bits - 1 - s->gran) / (s->gran - 3));
	s->start_bits = s->ia_bits - (s->gran + (s->gran - 3) * (unsigned)(3 - s->start));
	s->root &= ~low_mask(s->start_bits + 3);
	s->wide = s->gran == 16 && v->oas >= 52;
	s->big_endian = bit(cd[0], 15);
	s->af_ignored = bit(cd[0], 35) || bit(cd[0], 43);
	s->dirty = bit(cd[0], 42) && bit(cd[0], 43);
	s->had = bit(v->idr3, IDR3_HAD) && bit(ttb, 1);
	if (bit(v->idr3, IDR3_E0PD) && bit(ttb, 2) && !ste->priv && !ste->el2)
		*enabled = false; /* closed to unprivileged accesses */
	return true;
}
