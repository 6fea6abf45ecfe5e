/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_caps.c - EFR and EFR2 as flags and numbers, and which registers and bits of Control they bring. A feature that means nothing without
 * another one counts as absent without it.
 * Does not model: x2APIC, SMI filter, MARC, VM guard, SEV-TIO, tiered memory, SNP AVIC (their registers are stored, amdvi_regs.c).
 * Spec: 48882, "Extended Feature Register", "Extended Feature 2 Register".
 */
#include "amdvi/amdvi_regs.h"

static void decode_numbers(struct amdvi_caps *c, uint64_t r)
{
	unsigned hats = (unsigned)bits_get(r, 11, 10), gats = (unsigned)bits_get(r, 13, 12), glx = (unsigned)bits_get(r, 15, 14);

	c->host_levels = hats == 3 ? 0 : 4 + hats;
	/* GATS 2 and 3 are reserved; QEMU says 2 */
	c->guest_levels = !c->gt ? 0 : gats ? 5 : 4;
	c->glx = glx > 2 ? 2 : glx;
	c->pasid_bits = c->gt ? (unsigned)bits_get(r, 36, 32) + 1 : 0;
	if (c->pasid_bits > 20)
		c->pasid_bits = 20;
	c->seg_lg2 = (unsigned)bits_get(r, 39, 38);
	c->gam = c->ga ? (unsigned)bits_get(r, 23, 21) : 0;
}

void amdvi_caps_of(struct amdvi_caps *c, uint64_t r, uint64_t r2)
{
	*c = (struct amdvi_caps){
		.pref = r & 1,
		.ppr = r >> 1 & 1,
		.nx = r >> 3 & 1,
		.gt = r >> 4 & 1,
		.ia = r >> 6 & 1,
		.ga = r >> 7 & 1,
		.he = r >> 8 & 1,
		.pc = r >> 9 & 1,
		.sats = r >> 31 & 1,
		.us = r >> 37 & 1,
		.blkstop = r >> 44 & 1,
		.perfopt = r >> 45 & 1,
		.msi_mmio = r >> 46 & 1,
		.ha = r >> 49 & 1,
		.eph = r >> 50 & 1,
		.attrfw = r >> 51 & 1,
		.hd = r >> 52 & 1,
		.inv_type = r >> 54 & 1,
		.viommu = r >> 55 & 1,
		.snp = r >> 63 & 1,
		.htrange = r2 >> 11 & 1,
	};
	c->early = (r >> 40 & 1) && c->ppr;
	c->autorsp = (r >> 41 & 1) && c->ppr;
	c->dual_ppr = bits_get(r, 25, 24) && c->ppr;
	c->dual_event = bits_get(r, 29, 28) != 0;
	c->gio = (r >> 48 & 1) && c->gt;
	c->ga_dis = (r >> 61 & 1) && c->gt;
	c->gcr3trp = (r2 >> 3 & 1) && c->gt;
	decode_numbers(c, r);
}

void amdvi_caps_decode(struct amdvi *v)
{
	amdvi_caps_of(&v->cap, amdvi_reg_get(v, AMDVI_R_EFR, 8), amdvi_reg_get(v, AMDVI_R_EFR2, 8));
}

static const struct { uint8_t hi, lo, min; } when_efr[] = { /* present if this field of EFR is at least min */
	[AMDVI_WHEN_always] = { 0, 0, 0 },
	[AMDVI_WHEN_ppr] = { 1, 1, 1 },
	[AMDVI_WHEN_xt] = { 2, 2, 1 },
	[AMDVI_WHEN_he] = { 8, 8, 1 },
	[AMDVI_WHEN_smif0] = { 17, 16, 1 },
	[AMDVI_WHEN_smif1] = { 20, 18, 1 },
	[AMDVI_WHEN_smif2] = { 20, 18, 2 },
	[AMDVI_WHEN_smif3] = { 20, 18, 3 },
	[AMDVI_WHEN_smif4] = { 20, 18, 4 },
	[AMDVI_WHEN_gam] = { 23, 21, 1 },
	[AMDVI_WHEN_dual_ppr] = { 25, 24, 1 },
	[AMDVI_WHEN_dual_event] = { 29, 28, 1 },
	[AMDVI_WHEN_seg1] = { 39, 38, 1 },
	[AMDVI_WHEN_seg2] = { 39, 38, 2 },
	[AMDVI_WHEN_seg3] = { 39, 38, 3 },
	[AMDVI_WHEN_early] = { 40, 40, 1 },
	[AMDVI_WHEN_autorsp] = { 41, 41, 1 },
	[AMDVI_WHEN_marc] = { 43, 42, 1 },
	[AMDVI_WHEN_perfopt] = { 45, 45, 1 },
	[AMDVI_WHEN_msi] = { 46, 46, 1 },
	[AMDVI_WHEN_viommu] = { 55, 55, 1 },
};

bool amdvi_efr_has(uint64_t efr, enum amdvi_when w)
{
	if (w >= AMDVI_WHEN_smif1 && w <= AMDVI_WHEN_smif4 && !amdvi_efr_has(efr, AMDVI_WHEN_smif0))
		return false;
	return bits_get(efr, when_efr[w].hi, when_efr[w].lo) >= when_efr[w].min;
}

/* Bits of Control that read 0 unless the field of EFR or EFR2 is not 0; the others are always there. */
static const struct { uint64_t bits; uint8_t efr2, hi, lo; } control_needs[] = {
	{ AMDVI_CT_PPRLogEn | AMDVI_CT_PPRIntEn | AMDVI_CT_PPREn, 0, 1, 1 },
	{ AMDVI_CT_GTEn, 0, 4, 4 },
	{ AMDVI_CT_GAEn, 0, 7, 7 },
	{ BIT64(22) | BIT64(24), 0, 17, 16 }, /* SmiFEn, SmiFLogEn */
	{ UINT64_C(0x0e000000) | AMDVI_CT_GALogEn | AMDVI_CT_GAIntEn, 0, 23, 21 }, /* GAMEn */
	{ UINT64_C(0xc0000000), 0, 25, 24 }, /* DualPprLogEn */
	{ UINT64_C(0x300000000), 0, 29, 28 }, /* DualEventLogEn */
	{ AMDVI_CT_PprAutoRspEn | AMDVI_CT_PprAutoRspAon, 0, 41, 41 },
	{ BIT64(40), 0, 43, 42 }, /* MarcEn */
	{ AMDVI_CT_BlkStopMrkEn, 0, 44, 44 },
	{ BIT64(43) | BIT64(44), 1, 9, 8 }, /* NumIntRemapMode */
	{ AMDVI_CT_EPHEn, 0, 50, 50 },
	{ BIT64(46), 0, 49, 49 }, /* HADUpdate: accessed */
	{ BIT64(47), 0, 52, 52 }, /* HADUpdate: dirty */
	{ AMDVI_CT_GDUpdateDis | AMDVI_CT_GAUpdateDis, 0, 61, 61 },
	{ BIT64(50) | AMDVI_CT_IntCapXTEn, 0, 2, 2 }, /* XTEn */
	{ AMDVI_CT_vCmdEn | AMDVI_CT_vIommuEn | AMDVI_CT_GstBufferTRPMode, 0, 55, 55 }, /* the EFR2 bit of GstBufferTRPMode is not confirmed */
	{ BIT64(55), 0, 5, 5 }, /* GAPPIEn */
	{ BIT64(56), 1, 2, 2 }, /* TMPMEn */
	{ AMDVI_CT_GCR3TRPMode, 1, 3, 3 },
	{ UINT64_C(7) << 61, 1, 7, 5 }, /* SNPAVICEn */
};

uint64_t amdvi_control_mask(const struct amdvi *v)
{
	uint64_t efr[2] = { amdvi_reg_get(v, AMDVI_R_EFR, 8), amdvi_reg_get(v, AMDVI_R_EFR2, 8) }, m = UINT64_MAX;

	for (unsigned i = 0; i < ARRAY_LEN(control_needs); i++)
		if (!bits_get(efr[control_needs[i].efr2], control_needs[i].hi, control_needs[i].lo))
			m &= ~control_needs[i].bits;
	return m;
}
