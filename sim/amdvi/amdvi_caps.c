/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_caps.c - EFR and EFR2 as flags and numbers. A feature that means nothing without another one counts as absent without it.
 * Does not model: x2APIC, SMI filter, MARC, VM guard, SEV-TIO, tiered memory, SNP AVIC (their registers are stored, amdvi_regs.c).
 * Spec: 48882, "Extended Feature Register", "Extended Feature 2 Register".
 */
#include "amdvi/amdvi_regs.h"
#include "amdvi/amdvi_int.h"

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

void amdvi_caps_decode(struct amdvi *v)
{
	uint64_t r = amdvi_reg_get(v, AMDVI_R_EFR, 8), r2 = amdvi_reg_get(v, AMDVI_R_EFR2, 8);
	struct amdvi_caps *c = &v->cap;

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
