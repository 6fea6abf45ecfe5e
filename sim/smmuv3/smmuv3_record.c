/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_record.c - what a refused request leaves as an event record: one table of which fields each event has, one encoder.
 * Models: every Non-secure architected event; fields that an event does not have, and UNKNOWN ones, are 0. Reason and GPCF are 0.
 * STAG and Stall are the event queue's (smmuv3_stall.c).
 * Does not model: NSIPA (Secure queue), the v3.4 flags of F_PERMISSION, implementation defined events.
 * Not confirmed by a second source: the flag positions of F_BAD_ATS_TREQ and E_PAGE_REQUEST, and CLASS in F_TLB_CONFLICT.
 * Spec: Arm IHI 0070, "Event records".
 */
#include "smmuv3/smmuv3_int.h"

enum {
	SSID = 1 << 0, /* SSV and SubstreamID */
	SSID_ONLY = 1 << 1, /* SubstreamID, valid by itself */
	RNW = 1 << 2,
	ATTR = 1 << 3, /* PnU, InD after overrides */
	INCOMING = 1 << 4, /* PnU, InD as presented */
	STAGE = 1 << 5, /* S2 */
	CLASS = 1 << 6,
	TTRNW = 1 << 7,
	INPUT = 1 << 8,
	IPA = 1 << 9, /* of stage 2 faults */
	FETCH = 1 << 10,
	ATS = 1 << 11, /* flags of F_BAD_ATS_TREQ */
	PAGE = 1 << 12, /* flags of E_PAGE_REQUEST */
	LISTED = 1 << 15,
	XLATE = LISTED | SSID | RNW | ATTR | STAGE | CLASS | INPUT | IPA
};
static const uint16_t has[0x26] = {
	[EV_UUT] = LISTED | SSID | RNW | INCOMING | INPUT,
	[EV_BAD_STREAMID] = LISTED | SSID,
	[EV_STE_FETCH] = LISTED | SSID | FETCH,
	[EV_BAD_STE] = LISTED | SSID,
	[EV_BAD_ATS_TREQ] = LISTED | SSID | ATS,
	[EV_STREAM_DISABLED] = LISTED,
	[EV_TRANSL_FORBIDDEN] = LISTED | RNW | INPUT,
	[EV_BAD_SUBSTREAMID] = LISTED | SSID_ONLY,
	[EV_CD_FETCH] = LISTED | SSID | FETCH,
	[EV_BAD_CD] = LISTED | SSID,
	[EV_WALK_EABT] = LISTED | SSID | RNW | ATTR | STAGE | CLASS | INPUT | FETCH,
	[EV_TRANSLATION] = XLATE,
	[EV_ADDR_SIZE] = XLATE,
	[EV_ACCESS] = XLATE,
	[EV_PERMISSION] = XLATE | TTRNW,
	[EV_TLB_CONFLICT] = XLATE,
	[EV_CFG_CONFLICT] = LISTED | SSID,
	[EV_PAGE_REQUEST] = LISTED | SSID | PAGE,
	[EV_VMS_FETCH] = LISTED | SSID | FETCH,
};

static uint64_t bit_if(bool on, unsigned bit)
{
	return on ? UINT64_C(1) << bit : 0;
}

/* Bits of the second word that tell who asked: RnW is 0 for an atomic too, InD is 0 for what is not a read. */
static uint64_t access_bits(unsigned f, const struct xl_req *q, uint64_t info)
{
	bool read = !(q->acc & XL_W), priv = q->acc & XL_PRIV, inst = q->acc & XL_X;
	uint64_t w = 0;

	if (f & ATTR) {
		priv = info & SMMUV3_I_PNU;
		inst = info & SMMUV3_I_IND;
	}
	if (f & (ATTR | INCOMING))
		w |= bit_if(priv, 33) | bit_if(inst && read, 34);
	if (f & RNW)
		w |= bit_if(read, 35);
	return w;
}

/* F_BAD_ATS_TREQ: one smallest translation unit was asked for; attributes before overrides. */
static uint64_t ats_bits(const struct xl_req *q)
{
	return 1 | bit_if(q->acc & XL_PRIV, 28) | bit_if(q->acc & XL_X, 29) | bit_if(q->acc & XL_W, 30) | bit_if(q->acc & XL_R, 31);
}

/* E_PAGE_REQUEST: the privileged or the unprivileged group of flags; one page. */
static uint64_t page_bits(const struct xl_req *q)
{
	unsigned up = q->acc & XL_PRIV ? 4 : 0;

	return bit_if(q->acc & XL_X, 33 + up) | bit_if(q->acc & XL_W, 34 + up) | bit_if(q->acc & XL_R, 35 + up) | UINT64_C(1) << 44;
}

bool smmuv3_event_record(const struct iommu *u, const struct xl_req *q, const struct xl_res *r, uint64_t rec[4])
{
	unsigned f = r->code < ARRAY_LEN(has) ? has[r->code] : 0, class = (unsigned)(r->info[0] >> SMMUV3_I_CLASS_LO & 3);
	uint64_t info = r->info[0];

	(void)u;
	if (!f || r->no_record)
		return false;
	rec[0] = r->code | (uint64_t)q->rid << 32;
	if ((f & SSID) && q->has_pasid)
		rec[0] |= BIT64(11);
	if ((f & SSID_ONLY) || ((f & SSID) && q->has_pasid))
		rec[0] |= (uint64_t)(q->pasid & 0xfffff) << 12;
	rec[1] = access_bits(f, q, info);
	if (f & STAGE)
		rec[1] |= bit_if(info & SMMUV3_I_S2, 39);
	if (f & CLASS)
		rec[1] |= (uint64_t)class << 40;
	if ((f & TTRNW) && class == SMMUV3_CLASS_TT)
		rec[1] |= bit_if(!(info & SMMUV3_I_TTW), 44);
	if (f & ATS)
		rec[1] |= ats_bits(q);
	if (f & PAGE)
		rec[1] |= page_bits(q);
	rec[2] = f & INPUT ? q->iova : f & (ATS | PAGE) ? q->iova & bits_mask(63, 12) : 0;
	rec[3] = f & FETCH ? r->info[1] & bits_mask(55, 3) : (f & IPA) && (info & SMMUV3_I_S2) ? r->info[1] & bits_mask(55, 12) : 0;
	return true;
}
