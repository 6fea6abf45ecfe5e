/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_caps.c - IDR0 to IDR6 and AIDR as flags and numbers. Nothing is refused: a feature whose precondition is absent, or that the
 * revision in AIDR does not have, counts as absent; reserved encodings and sizes beyond the architecture's are lowered to the nearest
 * that exists (STALL_MODEL 3 counts as 1, TTENDIAN 1 as 0, ST_LEVEL above 1 as 0, VAX above 1 as 1 and OAS 56 as 52 for want of D128,
 * STALL_MAX 0 as 1 where requests can stall). What a revision makes mandatory is still taken from its bit, which is what software sees.
 * Not modelled, whatever the registers say: ATOS, BTM, PBHA, DORMHINT, preset tables and queues, D128, v3.4 permission features.
 * Spec: Arm IHI 0070, "SMMU_IDR0" to "SMMU_IDR6", "SMMU_AIDR".
 */
#include "smmuv3/smmuv3_int.h"
#include "smmuv3/smmuv3_regs.h"

unsigned smmuv3_oas_bits(unsigned field)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	return bits[field & 7];
}

static unsigned at_most(uint64_t v, unsigned max)
{
	return v < max ? (unsigned)v : max;
}

static void decode_idr0(struct smmuv3_caps *c, uint64_t r)
{
	c->s2p = r & 1;
	c->s1p = r >> 1 & 1;
	c->ttf32 = r >> 2 & 1;
	c->ttf64 = r >> 3 & 1;
	c->cohacc = r >> 4 & 1;
	c->httu = (unsigned)bits_get(r, 7, 6);
	c->hyp = (r >> 9 & 1) && c->s1p;
	c->ats = r >> 10 & 1;
	c->ns1ats = r >> 11 & 1;
	c->asid16 = r >> 12 & 1;
	c->msi = r >> 13 & 1;
	c->sev = r >> 14 & 1;
	c->pri = (r >> 16 & 1) && c->ats;
	c->vmw = (r >> 17 & 1) && c->s2p;
	c->vmid16 = (r >> 18 & 1) && c->s2p;
	c->cd2l = (r >> 19 & 1) && c->s1p;
	c->ttendian = (unsigned)bits_get(r, 22, 21);
	if (c->ttendian == 1)
		c->ttendian = 0;
	c->atsrecerr = (r >> 23 & 1) && c->ats;
	c->stall_model = (unsigned)bits_get(r, 25, 24);
	if (c->stall_model == 3)
		c->stall_model = 1;
	c->term_model = r >> 26 & 1;
	c->st2l = bits_get(r, 28, 27) == 1;
	c->rme = (r >> 30 & 1) && c->minor >= 3;
}

static void decode_idr1(struct smmuv3_caps *c, uint64_t r)
{
	c->sidsize = at_most(bits_get(r, 5, 0), 32);
	c->ssidsize = c->s1p ? at_most(bits_get(r, 10, 6), 20) : 0;
	c->priqs = at_most(bits_get(r, 15, 11), 19);
	c->eventqs = at_most(bits_get(r, 20, 16), 19);
	c->cmdqs = at_most(bits_get(r, 25, 21), 19);
	c->perm_ovr = r >> 26 & 1;
	c->attr_ovr = r >> 27 & 1;
	/* Enhanced queues need coherent accesses, messages, and queue bases that software writes. */
	c->ecmdq = (r >> 31 & 1) && c->minor >= 3 && c->cohacc && c->msi && !(r >> 29 & 1);
}

static void decode_idr3(struct smmuv3_caps *c, uint64_t r)
{
	c->had = (r >> 2 & 1) && c->s1p;
	c->xnx = (r >> 4 & 1) && c->s2p && c->minor >= 1;
	c->pps = r >> 5 & 1;
	c->mpam = r >> 7 & 1;
	c->fwb = (r >> 8 & 1) && c->s2p && c->minor >= 1;
	c->stt = r >> 9 & 1;
	c->ril = (r >> 10 & 1) && c->minor >= 1;
	c->bbml = c->minor >= 1 ? at_most(bits_get(r, 12, 11), 2) : 0;
	c->e0pd = (r >> 13 & 1) && c->s1p && c->minor >= 2;
	c->ptwnnc = (r >> 14 & 1) && c->s2p && c->minor >= 2;
	c->dpt = (r >> 15 & 1) && c->rme && c->ats;
	c->epan = (r >> 17 & 1) && c->s1p;
}

static void decode_idr5(struct smmuv3_caps *c, uint64_t r)
{
	unsigned oas = (unsigned)bits_get(r, 2, 0), oas_max = c->minor == 0 ? 5 : 6;

	c->oas = smmuv3_oas_bits(at_most(oas, oas_max));
	c->ias = c->ttf64 ? c->oas : 0;
	if (c->ttf32 && c->ias < 40)
		c->ias = 40;
	c->gran4k = r >> 4 & 1;
	c->gran16k = r >> 5 & 1;
	c->gran64k = r >> 6 & 1;
	c->ds = (r >> 7 & 1) && c->minor >= 1;
	c->vax = at_most(bits_get(r, 11, 10), c->minor == 0 ? 0 : 1);
	c->stall_max = c->stall_model == 1 ? 0 : (unsigned)bits_get(r, 31, 16);
	if (c->stall_model != 1 && !c->stall_max)
		c->stall_max = 1;
}

void smmuv3_caps_of(struct smmuv3_caps *c, const uint64_t idr[7], uint64_t aidr)
{
	*c = (struct smmuv3_caps){ .minor = (unsigned)bits_get(aidr, 3, 0) };
	decode_idr0(c, idr[0]);
	decode_idr1(c, idr[1]);
	decode_idr3(c, idr[3]);
	decode_idr5(c, idr[5]);
	if (c->ecmdq) {
		c->ecmdq_pages_lg2 = at_most(bits_get(idr[6], 27, 24), 8);
		c->ecmdq_lg2 = at_most(bits_get(idr[6], 19, 16), 8);
	}
}

void smmuv3_caps_decode(struct smmuv3 *s)
{
	const uint64_t idr[7] = { smmuv3_reg_get(s, SMMUV3_R_IDR0, 4), smmuv3_reg_get(s, SMMUV3_R_IDR1, 4), 0,
				  smmuv3_reg_get(s, SMMUV3_R_IDR3, 4), 0, smmuv3_reg_get(s, SMMUV3_R_IDR5, 4), smmuv3_reg_get(s, SMMUV3_R_IDR6, 4) };

	smmuv3_caps_of(&s->cap, idr, smmuv3_reg_get(s, SMMUV3_R_AIDR, 4));
}
