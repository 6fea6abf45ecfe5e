/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events, command errors, legality of STEs and CDs, substream routing, fault configuration and ATS answers of the SMMUv3 unit, each
 * produced through registers and memory. Record words and structures are encoded by hand. The last test prints which codes were seen.
 */
#include <stdio.h>
#include "smmuv3_tables.h"

enum { DATA = 0xabc000, BIG = 0x100 /* first StreamID out of range */ };
#define PA_OUT   (UINT64_C(1) << 33) /* the rig has 4 GiB of memory: fetches from here abort */
#define SID0     ((uint64_t)ST_SID << 32)
#define RNW      ST_B(35)
#define S2BIT    ST_B(39)
#define CD_CLASS UINT64_C(0)
#define TT       (UINT64_C(1) << 40)
#define IN       (UINT64_C(2) << 40)
enum { S1 = 1, S2 = 2, BOTH = 3 };
enum { RECINVSID = 2, REC_CFG_ATS = 8 };

/* A stream of 16 CDs (SubstreamID 3 is the request's), page 0x5000 mapped; nested: through IPA 0x5000. */
static void stream(struct st *t, struct st_stream *s, unsigned stages)
{
	*s = (struct st_stream){ .sid = ST_SID };
	if (stages & S2)
		st_stage2(t, s, 12, 48, 0);
	if (stages & S1) {
		st_stage1(t, s, 12, 48);
		s->ste[0] |= UINT64_C(4) << 59;
		s->ste[1] |= 2; /* S1DSS: no substream means CD 0 */
		st_map(t, &s->s1, 0x5000, stages & S2 ? 0x5000 : DATA, 3, ST_S1);
	}
	if (stages & S2)
		st_map(t, &s->s2, 0x5000, DATA, 3, ST_S2);
}

static void put_stream(struct st *t, struct st_stream *s)
{
	st_put_ste(t, s);
	for (unsigned i = 0; s->cdp && i < 16; i++)
		for (unsigned w = 0; w < 8; w++)
			st_put(t, s->cdp + 64 * i + 8 * w, s->cd[w]);
}

static struct xl_req sub(const struct st *t, uint64_t iova, unsigned acc)
{
	struct xl_req q = st_req(t, iova, acc);

	q.has_pasid = true;
	q.pasid = 3;
	return q;
}
#define SSID3 (SID0 | 0x3800)

/* ---- every event ---- */

static void s2_leaf(struct st *t, struct st_stream *s, uint64_t ipa, uint64_t set, uint64_t clr)
{
	st_edit(t, st_entry(t, &s->s2, ipa, 3), set, clr);
}
static uint64_t ipa_of_leaf(struct st *t, struct st_stream *s)
{
	return st_entry(t, &s->s1, 0x5000, 3) + s->s1.off;
}

/* The word that cannot be read, once all is written. */
static uint64_t failing;
static void fails(uint64_t pa)
{
	failing = pa;
}

#define MAY        __attribute__((unused))
#define PROD(name) static void name(MAY struct st *t, MAY struct st_stream *s, MAY struct xl_req *q, MAY uint64_t want[4])
/* Without a substream everywhere; want[0] comes with the code and StreamID. */
PROD(bad_streamid)
{
	q->rid = BIG;
	want[0] = (uint64_t)BIG << 32;
}
PROD(bad_streamid_sub)
{
	q->rid = BIG;
	q->has_pasid = true;
	q->pasid = 3;
	want[0] = (uint64_t)BIG << 32 | 0x3800;
}
PROD(span_0)
{
	st_put(t, RIG_STRTAB, t->l2_strtab);
}
PROD(span_12)
{
	st_put(t, RIG_STRTAB, t->l2_strtab | 12);
}
PROD(span_8)
{
	st_put(t, RIG_STRTAB, t->l2_strtab | 8);
}
PROD(span_6)
{
	st_put(t, RIG_STRTAB, t->l2_strtab | 6); /* 32 STEs: 0x25 is beyond */
}
PROD(ste_poison)
{
	fails(st_ste_at(t, ST_SID));
	want[3] = st_ste_at(t, ST_SID);
}
PROD(l1std_poison)
{
	fails(RIG_STRTAB);
	want[3] = RIG_STRTAB;
}
PROD(ste_out)
{
	st_put(t, RIG_STRTAB, PA_OUT | 7);
	want[3] = PA_OUT + ST_SID * 64;
}
PROD(ste_out_sub)
{
	*q = sub(t, 0x5000, XL_W);
	st_put(t, RIG_STRTAB, PA_OUT | 7);
	want[0] |= 0x3800;
	want[3] = PA_OUT + ST_SID * 64;
}
PROD(ste_v0)
{
	s->ste[0] &= ~UINT64_C(1);
}
PROD(ste_v0_sub)
{
	*q = sub(t, 0x5000, XL_R);
	s->ste[0] &= ~UINT64_C(1);
	want[0] |= 0x3800;
}
PROD(ats_off)
{
	q->at = XL_TRANSLATION_REQ;
	q->acc = XL_R | XL_W;
	q->iova |= 0xabc;
	want[1] = 0xc0000001;
	want[2] = 0x5000;
}
PROD(ats_off_sub)
{
	*q = sub(t, 0x5abc, XL_R | XL_X | XL_PRIV);
	q->at = XL_TRANSLATION_REQ;
	want[0] |= 0x3800;
	want[1] = 0xb0000001;
	want[2] = 0x5000;
}
PROD(disabled_0)
{
	s->ste[1] &= ~UINT64_C(3);
}
PROD(disabled_3)
{
	s->ste[1] |= 3;
}
PROD(disabled_cd0)
{
	*q = sub(t, 0x5000, XL_R);
	q->pasid = 0;
}
PROD(forbidden)
{
	q->at = XL_TRANSLATED;
	want[1] = RNW;
	want[2] = q->iova;
}
PROD(forbidden_w)
{
	q->at = XL_TRANSLATED;
	q->acc = XL_W;
	want[2] = q->iova;
}
PROD(substream_16)
{
	*q = sub(t, 0x5000, XL_R);
	q->pasid = 16;
	want[0] |= 0x10000;
}
PROD(substream_none)
{
	s->ste[0] &= ~(UINT64_C(31) << 59);
	q->has_pasid = true;
	q->pasid = 7;
	want[0] |= 0x7000;
}
PROD(substream_bypass)
{
	s->ste[0] = 1 | 4 << 1;
	q->has_pasid = true;
	q->pasid = 7;
	want[0] |= 0x7000;
}
PROD(l1cd_v0)
{
	uint64_t dir = st_alloc(t, 12);
	*q = sub(t, 0x5000, XL_R);
	s->ste[0] = (s->ste[0] & ~bits_mask(55, 6)) | dir | 1 << 4;
	want[0] |= 0x3000;
}
PROD(cd_poison)
{
	fails(s->cdp);
	want[3] = s->cdp;
}
PROD(cd_poison_sub)
{
	*q = sub(t, 0x5000, XL_R);
	fails(s->cdp + 192);
	want[0] |= 0x3800;
	want[3] = s->cdp + 192;
}
PROD(l1cd_poison)
{
	uint64_t dir = st_alloc(t, 12);
	fails(dir);
	s->ste[0] = (s->ste[0] & ~bits_mask(55, 6)) | dir | 1 << 4;
	want[3] = dir;
}
PROD(cd_v0)
{
	s->cd[0] &= ~ST_B(31);
}
PROD(cd_v0_sub)
{
	*q = sub(t, 0x5000, XL_R);
	want[0] |= 0x3800;
	s->cd[0] &= ~ST_B(31);
}
PROD(eabt_s1)
{
	uint64_t e = st_entry(t, &s->s1, 0x5000, 2);
	fails(e);
	want[1] = RNW | TT;
	want[2] = q->iova;
	want[3] = e;
}
PROD(eabt_s1_w)
{
	uint64_t e = st_entry(t, &s->s1, 0x5000, 2);
	q->acc = XL_W | XL_PRIV;
	fails(e);
	want[1] = TT | ST_B(33);
	want[2] = q->iova;
	want[3] = e;
}
PROD(eabt_s2)
{
	uint64_t e = st_entry(t, &s->s2, 0x5000, 3);
	fails(e);
	want[1] = RNW | IN | S2BIT;
	want[2] = q->iova;
	want[3] = e;
}
PROD(eabt_s2_tt)
{
	uint64_t e = st_entry(t, &s->s2, ipa_of_leaf(t, s), 3);
	fails(e);
	want[1] = RNW | TT | S2BIT;
	want[2] = q->iova;
	want[3] = e;
}
PROD(eabt_s2_cd)
{
	uint64_t cdp = st_alloc(t, 22) + ST_B(21), e; /* far from the tables: its own last-level table */

	s->cdp = cdp;
	s->ste[0] = (s->ste[0] & ~bits_mask(55, 6)) | (cdp + s->s1.off);
	st_map(t, &s->s2, cdp + s->s1.off, cdp, 3, ST_S2);
	e = st_entry(t, &s->s2, cdp + s->s1.off, 3);
	fails(e);
	want[1] = RNW | CD_CLASS | S2BIT;
	want[2] = q->iova;
	want[3] = e;
}
PROD(eabt_out)
{
	st_put(t, st_entry(t, &s->s1, 0x5000, 1), PA_OUT | 3);
	want[1] = RNW | TT;
	want[2] = q->iova;
	want[3] = PA_OUT;
}
/* 0x10 to 0x13 in stage 1 */
PROD(tr_s1)
{
	q->iova = 0x9123;
	want[1] = RNW | IN;
	want[2] = q->iova;
}
PROD(tr_s1_sub)
{
	*q = sub(t, 0x9123, XL_R | XL_X | XL_PRIV);
	want[0] |= 0x3800;
	want[1] = RNW | IN | ST_B(33) | ST_B(34);
	want[2] = q->iova;
}
PROD(tr_s1_w)
{
	q->iova = 0x9123;
	q->acc = XL_W;
	want[1] = IN;
	want[2] = q->iova;
}
PROD(tr_s1_atomic)
{
	q->iova = 0x9128;
	q->acc = XL_R | XL_W | XL_ATOMIC;
	want[1] = IN;
	want[2] = q->iova;
}
PROD(tr_s1_tbi)
{
	s->cd[0] |= ST_B(38);
	q->iova = 0x9123 | UINT64_C(0xaa) << 56;
	want[1] = RNW | IN;
	want[2] = q->iova;
}
PROD(as_s1)
{
	st_map(t, &s->s1, 0x5000, ST_B(40), 3, ST_S1);
	s->cd[0] = (s->cd[0] & ~(UINT64_C(7) << 32)) | UINT64_C(2) << 32;
	want[1] = RNW | IN;
	want[2] = q->iova;
}
PROD(as_bypass)
{
	s->ste[0] = 1 | 4 << 1;
	q->iova = ST_B(48) | 0x1000;
	want[1] = RNW | IN;
	want[2] = q->iova;
}
PROD(as_s2_bypass)
{
	q->iova = ST_B(48);
	q->acc = XL_W;
	want[1] = IN;
	want[2] = q->iova;
}
PROD(af_s1)
{
	st_edit(t, st_entry(t, &s->s1, 0x5000, 3), 0, ST_AF);
	want[1] = RNW | IN;
	want[2] = q->iova;
}
PROD(pe_s1)
{
	st_edit(t, st_entry(t, &s->s1, 0x5000, 3), ST_AP2, 0);
	q->acc = XL_W;
	want[1] = IN;
	want[2] = q->iova;
}
/* stage 2: of the input, of a descriptor, of the CD */
PROD(tr_s2)
{
	q->iova = 0x9123;
	want[1] = RNW | IN | S2BIT;
	want[2] = q->iova;
	want[3] = 0x9000;
}
PROD(tr_s2_in)
{
	s2_leaf(t, s, 0x5000, 0, 1);
	q->iova = 0x5abc;
	want[1] = RNW | IN | S2BIT;
	want[2] = q->iova;
	want[3] = 0x5000;
}
PROD(tr_s2_tt)
{
	s2_leaf(t, s, ipa_of_leaf(t, s), 0, 1);
	q->acc = XL_W;
	want[1] = TT | S2BIT;
	want[2] = q->iova;
	want[3] = ipa_of_leaf(t, s) & ~UINT64_C(0xfff);
}
PROD(tr_s2_cd)
{
	s2_leaf(t, s, s->cdp + s->s1.off, 0, 1);
	want[1] = RNW | CD_CLASS | S2BIT;
	want[2] = q->iova;
	want[3] = s->cdp + s->s1.off;
}
PROD(as_s2)
{
	st_map(t, &s->s2, 0x5000, ST_B(45), 3, ST_S2);
	s->ste[2] = (s->ste[2] & ~(UINT64_C(7) << 48)) | UINT64_C(4) << 48;
	want[1] = RNW | IN | S2BIT;
	want[2] = q->iova;
	want[3] = 0x5000;
}
PROD(as_s2_tt)
{
	uint64_t ipa = ipa_of_leaf(t, s);

	st_map(t, &s->s2, ipa, ST_B(45), 3, ST_S2);
	s->ste[2] = (s->ste[2] & ~(UINT64_C(7) << 48)) | UINT64_C(4) << 48;
	want[1] = RNW | TT | S2BIT;
	want[2] = q->iova;
	want[3] = ipa & ~UINT64_C(0xfff);
}
PROD(af_s2)
{
	s2_leaf(t, s, 0x5000, 0, ST_AF);
	want[1] = RNW | IN | S2BIT;
	want[2] = q->iova;
	want[3] = 0x5000;
}
PROD(af_s2_tt)
{
	s2_leaf(t, s, ipa_of_leaf(t, s), 0, ST_AF);
	want[1] = RNW | TT | S2BIT;
	want[2] = q->iova;
	want[3] = ipa_of_leaf(t, s) & ~UINT64_C(0xfff);
}
PROD(af_s2_cd)
{
	s2_leaf(t, s, s->cdp + s->s1.off, 0, ST_AF);
	want[1] = RNW | S2BIT;
	want[2] = q->iova;
	want[3] = s->cdp + s->s1.off;
}
PROD(pe_s2)
{
	s2_leaf(t, s, 0x5000, 0, ST_S2W);
	q->acc = XL_W;
	want[1] = IN | S2BIT;
	want[2] = q->iova;
	want[3] = 0x5000;
}
PROD(pe_s2_tt)
{
	s2_leaf(t, s, ipa_of_leaf(t, s), 0, ST_S2R);
	want[1] = RNW | TT | S2BIT | ST_B(44);
	want[2] = q->iova;
	want[3] = ipa_of_leaf(t, s) & ~UINT64_C(0xfff);
}
PROD(pe_s2_cd)
{
	s2_leaf(t, s, s->cdp + s->s1.off, 0, ST_S2R);
	want[1] = RNW | S2BIT;
	want[2] = q->iova;
	want[3] = s->cdp + s->s1.off;
}
PROD(pe_s2_device)
{
	s->ste[2] |= ST_B(54);
	s2_leaf(t, s, s->cdp + s->s1.off, 0, 0x3c);
	want[1] = RNW | S2BIT;
	want[2] = q->iova;
	want[3] = s->cdp + s->s1.off;
}
PROD(l1cd_beyond_ipa)
{
	uint64_t dir = st_alloc(t, 12);

	*q = sub(t, 0x5000, XL_R);
	st_map(t, &s->s2, dir + s->s1.off, dir, 3, ST_S2);
	st_put(t, dir, ST_B(50) | 1);
	s->ste[0] = (s->ste[0] & ~bits_mask(55, 6)) | (dir + s->s1.off) | 1 << 4;
	want[0] |= 0x3800;
	want[1] = RNW | CD_CLASS | S2BIT;
	want[2] = q->iova;
	want[3] = 0; /* bits of the IPA above OAS are RES0 */
}
PROD(l1cd_beyond_oas)
{
	uint64_t dir = st_alloc(t, 12);

	*q = sub(t, 0x5000, XL_R);
	st_put(t, dir, ST_B(50) | 1);
	s->ste[0] = (s->ste[0] & ~bits_mask(55, 6)) | dir | 1 << 4;
	want[0] |= 0x3000;
}
PROD(vms_poison)
{
	uint64_t v = st_alloc(t, 12);
	s->ste[1] |= ST_B(26);
	s->ste[5] |= v;
	fails(v);
	want[3] = v;
}

static const struct {
	uint8_t code, stages, no_two_level;
	uint8_t cr2;
	void (*make)(struct st *t, struct st_stream *s, struct xl_req *q, uint64_t want[4]);
	const char *what;
} events[] = {
	{ 0x02, S1, 1, RECINVSID, bad_streamid, "beyond a linear table" },
	{ 0x02, S1, 0, RECINVSID, bad_streamid, "beyond a 2-level table" },
	{ 0x02, S1, 0, RECINVSID, bad_streamid_sub, "with substream" },
	{ 0x02, S1, 0, RECINVSID, span_0, "Span 0" },
	{ 0x02, S1, 0, RECINVSID, span_12, "Span 12" },
	{ 0x02, S1, 0, RECINVSID, span_8, "Span above SPLIT + 1" },
	{ 0x02, S1, 0, RECINVSID, span_6, "beyond Span" },
	{ 0x03, S1, 0, 0, ste_poison, "STE" },
	{ 0x03, S1, 1, 0, ste_poison, "STE of a linear table" },
	{ 0x03, S1, 0, 0, l1std_poison, "L1STD" },
	{ 0x03, S1, 0, 0, ste_out, "STE outside memory" },
	{ 0x03, S1, 0, 0, ste_out_sub, "with substream" },
	{ 0x04, S1, 0, 0, ste_v0, "V = 0" },
	{ 0x04, S2, 0, 0, ste_v0_sub, "V = 0, with substream" },
	{ 0x05, BOTH, 0, 0, ats_off, "EATS = 0" },
	{ 0x05, S1, 0, 0, ats_off_sub, "EATS = 0, Exe Priv No-Write" },
	{ 0x06, S1, 0, 0, disabled_0, "S1DSS 0" },
	{ 0x06, BOTH, 0, 0, disabled_3, "S1DSS 3" },
	{ 0x06, S1, 0, 0, disabled_cd0, "SubstreamID 0 with S1DSS 2" },
	{ 0x07, S1, 0, 0, forbidden, "read" },
	{ 0x07, S2, 0, 0, forbidden_w, "write" },
	{ 0x08, S1, 0, 0, substream_16, "beyond S1CDMax" },
	{ 0x08, S1, 0, 0, substream_none, "S1CDMax 0" },
	{ 0x08, S2, 0, 0, substream_none, "stage 2 only" },
	{ 0x08, S1, 0, 0, substream_bypass, "bypass" },
	{ 0x08, S1, 0, 0, l1cd_v0, "L1CD.V = 0" },
	{ 0x08, S1, 0, 0, l1cd_beyond_oas, "L2Ptr beyond OAS" },
	{ 0x10, BOTH, 0, 0, l1cd_beyond_ipa, "L2Ptr beyond the stage 2" },
	{ 0x09, S1, 0, 0, cd_poison, "CD" },
	{ 0x09, BOTH, 0, 0, cd_poison, "CD under a stage 2: its PA" },
	{ 0x09, S1, 0, 0, cd_poison_sub, "CD 3" },
	{ 0x09, S1, 0, 0, l1cd_poison, "L1CD" },
	{ 0x0a, S1, 0, 0, cd_v0, "V = 0" },
	{ 0x0a, BOTH, 0, 0, cd_v0_sub, "V = 0, with substream" },
	{ 0x0b, S1, 0, 0, eabt_s1, "stage 1" },
	{ 0x0b, BOTH, 0, 0, eabt_s1_w, "stage 1 of two" },
	{ 0x0b, S2, 0, 0, eabt_s2, "stage 2" },
	{ 0x0b, BOTH, 0, 0, eabt_s2, "stage 2 of two" },
	{ 0x0b, BOTH, 0, 0, eabt_s2_tt, "stage 2 of a descriptor" },
	{ 0x0b, BOTH, 0, 0, eabt_s2_cd, "stage 2 of the CD" },
	{ 0x0b, S1, 0, 0, eabt_out, "table outside memory" },
	{ 0x10, S1, 0, 0, tr_s1, "stage 1" },
	{ 0x10, S1, 0, 0, tr_s1_sub, "stage 1, privileged instruction, substream" },
	{ 0x10, BOTH, 0, 0, tr_s1_w, "stage 1 of two, write" },
	{ 0x10, S1, 0, 0, tr_s1_atomic, "atomic" },
	{ 0x10, S1, 0, 0, tr_s1_tbi, "InputAddr as presented with TBI" },
	{ 0x10, S2, 0, 0, tr_s2, "stage 2" },
	{ 0x10, BOTH, 0, 0, tr_s2_in, "stage 2 of two" },
	{ 0x10, BOTH, 0, 0, tr_s2_tt, "stage 2 of a descriptor" },
	{ 0x10, BOTH, 0, 0, tr_s2_cd, "stage 2 of the CD" },
	{ 0x11, S1, 0, 0, as_s1, "stage 1" },
	{ 0x11, S1, 0, 0, as_bypass, "bypass" },
	{ 0x11, S2, 0, 0, as_s2_bypass, "stage 1 bypassed" },
	{ 0x11, S2, 0, 0, as_s2, "stage 2" },
	{ 0x11, BOTH, 0, 0, as_s2_tt, "stage 2 of a descriptor" },
	{ 0x12, S1, 0, 0, af_s1, "stage 1" },
	{ 0x12, S2, 0, 0, af_s2, "stage 2" },
	{ 0x12, BOTH, 0, 0, af_s2, "stage 2 of two" },
	{ 0x12, BOTH, 0, 0, af_s2_tt, "stage 2 of a descriptor" },
	{ 0x12, BOTH, 0, 0, af_s2_cd, "stage 2 of the CD" },
	{ 0x13, S1, 0, 0, pe_s1, "stage 1" },
	{ 0x13, S2, 0, 0, pe_s2, "stage 2" },
	{ 0x13, BOTH, 0, 0, pe_s2, "stage 2 of two" },
	{ 0x13, BOTH, 0, 0, pe_s2_tt, "stage 2 of a descriptor" },
	{ 0x13, BOTH, 0, 0, pe_s2_cd, "stage 2 of the CD" },
	{ 0x13, BOTH, 0, 0, pe_s2_device, "CD in Device memory, S2PTW" },
	{ 0x25, BOTH, 0, 0, vms_poison, "VMS" },
};

/* Returns: true if the event came, with the words wanted. */
static bool produce(unsigned i, char *msg, size_t n)
{
	struct st_opt o = {
		.two_level = !events[i].no_two_level, .cr2 = events[i].cr2, .idr3_set = 0x80, .cr0 = 1 << 4, .idr0_set = 1 << 23
	};
	uint64_t want[4] = { SID0 }, rec[4] = { 0 }, more[4];
	struct st_stream s;
	struct xl_res r;
	struct xl_req q;
	struct st t;
	bool ok;

	failing = 0;
	st_open(&t, &o);
	stream(&t, &s, events[i].stages);
	q = st_req(&t, 0x5000, XL_R);
	events[i].make(&t, &s, &q, want);
	want[0] |= events[i].code;
	put_stream(&t, &s);
	if (failing)
		mem_poison(t.r->m, failing, true);
	r = st_run(&t, &q);
	ok = !r.ok && st_event(&t, rec) && !memcmp(rec, want, sizeof rec) && !st_event(&t, more);
	snprintf(msg, n, "%02x %s: ok %d, record %016lx %016lx %016lx %016lx, not %016lx %016lx %016lx %016lx", events[i].code,
	         events[i].what, r.ok, rec[0], rec[1], rec[2], rec[3], want[0], want[1], want[2], want[3]);
	st_close(&t);
	return ok;
}

START_TEST(every_event)
{
	char msg[400];

	must(produce((unsigned)_i, msg, sizeof msg), "%s", msg);
}
END_TEST

/* C_BAD_STREAMID only with RECINVSID. */
START_TEST(streamid_not_recorded)
{
	struct st_opt o = { 0 };
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	q = st_req(&t, 0x5000, XL_R);
	q.rid = BIG;
	ck_assert(!st_run(&t, &q).ok);
	ck_assert_uint_eq(st_drop_events(&t), 0);
	st_close(&t);
}
END_TEST

/* SMMUEN = 0: what needs no table (1.4). */
START_TEST(disabled_unit)
{
	struct st_opt o = { .disabled = true };
	uint64_t rec[4];
	struct xl_req q;
	struct xl_res r;
	struct st t;

	st_open(&t, &o);
	q = st_req(&t, 0x5000, XL_R);
	ck_assert(st_run(&t, &q).ok);
	q.iova = ST_B(48);
	ck_assert(!st_run(&t, &q).ok);
	ck_assert_uint_eq(st_drop_events(&t), 0);
	q = st_req(&t, 0x5abc, XL_R | XL_W);
	q.at = XL_TRANSLATION_REQ;
	r = st_run(&t, &q);
	ck_assert(!r.ok && r.cpl == 1 && st_event(&t, rec));
	ck_assert(rec[0] == (SID0 | 5) && rec[1] == 0xc0000001 && rec[2] == 0x5000 && !rec[3]);
	q.at = XL_TRANSLATED;
	r = st_run(&t, &q);
	ck_assert(!r.ok && st_event(&t, rec));
	ck_assert(rec[0] == (SID0 | 7) && rec[1] == 0 && rec[2] == 0x5abc && !rec[3]);
	st_close(&t);
}
END_TEST

/* 1.8, 2.1: alignment of the table, SPLIT, FMT and LOG2SIZE as the unit has to take them. */
static const struct {
	const char *what;
	uint32_t cfg, idr1;
	uint64_t base; /* as written */
	uint32_t sid;
	uint64_t l1, ste; /* where the L1STD (0: linear) and the STE are looked for; ste 0: C_BAD_STREAMID */
} geometries[] = {
	{ "linear, 2^8, base cut to 16 KiB", 8, 0, 0x803fc0, 0x25, 0, 0x800000 + 0x25 * 64 },
	{ "linear, 2^0", 0, 0, 0x803fc0, 0, 0, 0x803fc0 },
	{ "linear, 2^0, stream 1", 0, 0, 0x803fc0, 1, 0, 0 },
	{ "linear, FMT 2", 2 << 16 | 8, 0, 0x800000, 0x25, 0, 0x800000 + 0x25 * 64 },
	{ "linear, LOG2SIZE above SIDSIZE", 20, 0, 0x4000000, 0xffff, 0, 0x4000000 + 0xffff * 64 },
	{ "linear, beyond SIDSIZE", 20, 0, 0x4000000, 0x10000, 0, 0 },
	{ "SPLIT 6", 1 << 16 | 6 << 6 | 10, 0, 0x800000, 0x3c5, 0x800000 + 15 * 8, 0x900000 + 5 * 64 },
	{ "SPLIT 8", 1 << 16 | 8 << 6 | 10, 0, 0x800000, 0x3c5, 0x800000 + 3 * 8, 0x900000 + 0xc5 * 64 },
	{ "SPLIT 10", 1 << 16 | 10 << 6 | 12, 0, 0x800000, 0x7c5, 0x800000 + 8, 0x900000 + 0x3c5 * 64 },
	{ "SPLIT 7 counts as 6", 1 << 16 | 7 << 6 | 10, 0, 0x800000, 0x3c5, 0x800000 + 15 * 8, 0x900000 + 5 * 64 },
	{ "LOG2SIZE below SPLIT", 1 << 16 | 10 << 6 | 8, 0, 0x800000, 0xc5, 0x800000, 0x900000 + 0xc5 * 64 },
	{ "LOG2SIZE below SPLIT, beyond", 1 << 16 | 10 << 6 | 8, 0, 0x800000, 0x1c5, 0, 0 },
	{ "2-level, base cut", 1 << 16 | 6 << 6 | 16, 0, 0x801fc0, 0x25, 0x800000, 0x900000 + 0x25 * 64 },
	{ "2-level, base cut to 64 bytes", 1 << 16 | 6 << 6 | 8, 0, 0x801fc0, 0x25, 0x801fc0, 0x900000 + 0x25 * 64 },
};

START_TEST(stream_table_geometry)
{
	struct st_opt o = { .disabled = true, .cr2 = RECINVSID };
	uint64_t ste[8] = { 1 | 4 << 1 };
	struct xl_req q;
	struct xl_res r;
	struct st t;

	st_open(&t, &o);
	wr64(t.r, 0x80, geometries[_i].base);
	wr32(t.r, 0x88, geometries[_i].cfg);
	rig_cr0(t.r, 0xf);
	if (geometries[_i].l1)
		st_put(&t, geometries[_i].l1, 0x900000 | 11); /* Span 11: 1024 STEs, at most SPLIT + 1 */
	if (geometries[_i].l1 && (geometries[_i].cfg >> 6 & 15) < 10)
		st_put(&t, geometries[_i].l1, 0x900000 | ((geometries[_i].cfg >> 6 & 15) == 8 ? 9 : 7));
	if (geometries[_i].ste)
		st_put(&t, geometries[_i].ste, ste[0]);
	q = st_req(&t, 0x5000, XL_R);
	q.rid = geometries[_i].sid;
	r = st_run(&t, &q);
	must(geometries[_i].ste ? r.ok : r.code == 2, "%s: ok %d event 0x%x", geometries[_i].what, r.ok, r.code);
	st_close(&t);
}
END_TEST

/* PREFETCH_CONFIG and PREFETCH_ADDR: what they fetched is not fetched again; what they cannot translate leaves no record. */
START_TEST(prefetches)
{
	struct st_opt o = { .caches = 32, .two_level = true };
	struct st_stream s;
	struct xl_req q;
	uint64_t reads;
	struct st t;

	st_open(&t, &o);
	stream(&t, &s, BOTH);
	put_stream(&t, &s);
	st_do(&t, 0x01 | SSID3, 0);
	q = sub(&t, 0x5000, XL_R);
	reads = t.r->s->st.config_reads;
	ck_assert_uint_eq(reads, 3); /* L1STD, STE, CD */
	ck_assert(st_run(&t, &q).ok);
	ck_assert_uint_eq(t.r->s->st.config_reads, reads);
	for (unsigned i = 0; i < 4; i++)
		st_map(&t, &s.s1, 0x10000 + 0x2000 * i, 0x5000, 3, ST_S1);
	st_do(&t, 0x02 | SSID3, 0x10000 | 1 << 5 | 2); /* 4 pages, every second */
	reads = t.r->p.st.reads;
	for (unsigned i = 0; i < 4; i++) {
		q = sub(&t, 0x10000 + 0x2000 * i, XL_R);
		ck_assert(st_run(&t, &q).ok);
	}
	ck_assert_uint_eq(t.r->p.st.reads, reads);
	st_do(&t, 0x02 | SID0, 0x700000);
	st_do(&t, 0x01 | UINT64_C(0x26) << 32, 0);
	ck_assert_uint_eq(st_drop_events(&t), 0);
	st_close(&t);
}
END_TEST

/* ---- command errors ---- */

static void cerror(struct st *t, uint64_t w0, uint64_t w1, unsigned want, const char *what)
{
	unsigned rd = t->r->prod, cons;

	st_cmd(t, w0, w1);
	st_cmd(t, 0x46, 0);
	tail(t->r);
	run_all(t->r);
	cons = rd32(t->r, 0x9c);
	if (!want) {
		must((cons & 0xfffff) == t->r->prod && !((rd32(t->r, 0x60) ^ rd32(t->r, 0x64)) & 1), "%s: refused with %u", what,
		     cons >> 24);
		return;
	}
	must((rd32(t->r, 0x60) ^ rd32(t->r, 0x64)) & 1, "%s: no CMDQ_ERR", what);
	must((cons >> 24 & 0x7f) == want && (cons & 0xfffff) == rd, "%s: CONS %08x", what, cons);
	st_put(t, RIG_CMDQ + (rd & 255) * 16, 0x46); /* software replaces the command, then acknowledges */
	st_put(t, RIG_CMDQ + (rd & 255) * 16 + 8, 0);
	wr32(t->r, 0x64, rd32(t->r, 0x60));
	run_all(t->r);
	must((rd32(t->r, 0x9c) & 0xfffff) == t->r->prod, "%s: does not go on", what);
}

static const struct {
	const char *what;
	uint32_t idr0_clr, idr0_set, idr3_clr;
	uint64_t w0, w1;
	bool ill;
} commands[] = {
	{ "op 0x00", 0, 0, 0, 0x00, 0, true },
	{ "op 0x08", 0, 0, 0, 0x08, 0, true },
	{ "op 0x0a", 0, 0, 0, 0x0a, 0, true },
	{ "EL3_ALL", 0, 0, 0, 0x18, 0, true },
	{ "EL3_VA", 0, 0, 0, 0x1a, 0, true },
	{ "S_EL2_ALL", 0, 0, 0, 0x50, 0, true },
	{ "S_EL2_VAA", 0, 0, 0, 0x53, 0, true },
	{ "S_S12_VMALL", 0, 0, 0, 0x58, 0, true },
	{ "S_S2_IPA", 0, 0, 0, 0x5a, 0, true },
	{ "SNH_ALL", 0, 0, 0, 0x60, 0, true },
	{ "DPTI_ALL without DPT", 0, 0, 0, 0x70, 0, true },
	{ "DPTI_PA without DPT", 0, 0, 0, 0x73, 0, true },
	{ "op 0x80", 0, 0, 0, 0x80, 0, true },
	{ "op 0xff", 0, 0, 0, 0xff, 0, true },
	{ "CFGI_VMS_PIDM without MPAM", 0, 0, 0, 0x07, 0, true },
	{ "CFGI_STE", 0, 0, 0, 0x03, 0, false },
	{ "CFGI_STE, SSec", 0, 0, 0, 0x403, 0, true },
	{ "CFGI_ALL", 0, 0, 0, 0x04, 0x1f, false },
	{ "CFGI_CD", 0, 0, 0, 0x05, 0, false },
	{ "CFGI_CD without S1P", 2, 0, 0, 0x05, 0, true },
	{ "CFGI_CD_ALL without S1P", 2, 0, 0, 0x06, 0, true },
	{ "NH_ALL without S1P", 2, 0, 0, 0x10, 0, true },
	{ "NH_ASID without S1P", 2, 0, 0, 0x11, 0, true },
	{ "NH_VA without S1P", 2, 0, 0, 0x12, 0, true },
	{ "NH_VAA without S1P", 2, 0, 0, 0x13, 0, true },
	{ "EL2_ALL without Hyp", 0x200, 0, 0, 0x20, 0, true },
	{ "EL2_ASID without Hyp", 0x200, 0, 0, 0x21, 0, true },
	{ "EL2_VA without Hyp", 0x200, 0, 0, 0x22, 0, true },
	{ "EL2_VAA without Hyp", 0x200, 0, 0, 0x23, 0, true },
	{ "S12_VMALL without S2P", 1, 0, 0, 0x28, 0, true },
	{ "S2_IPA without S2P", 1, 0, 0, 0x2a, 0, true },
	{ "NSNH_ALL without S2P", 1, 0, 0, 0x30, 0, false },
	{ "NH_VA, TG 1 NUM 0 SCALE 0 TTL 0", 0, 0, 0, 0x12, 0x400, true },
	{ "NH_VA, TG 1 TTL 3", 0, 0, 0, 0x12, 0x700, false },
	{ "NH_VA, TG 1 NUM 1", 0, 0, 0, 0x1012, 0x400, false },
	{ "NH_VA, TG 2 TTL 1, one granule", 0, 0, 0, 0x12, 0x900, true },
	{ "NH_VA, TG 3 TTL 1", 0, 0, 0, 0x12, 0xd00, false },
	{ "NH_VA, TG 1 without RIL", 0, 0, 0x400, 0x12, 0x400, false },
	{ "S2_IPA, TG 3 alone", 0, 0, 0, 0x2a, 0xc00, true },
	{ "NH_VAA, TG 2 alone", 0, 0, 0, 0x13, 0x800, true },
	{ "EL2_VA, TG 1 alone", 0, 0, 0, 0x22, 0x400, true },
	{ "EL2_VAA, TG 1 SCALE 1", 0, 0, 0, 0x100023, 0x400, false },
	{ "ATC_INV without ATS", 0x400, 0, 0, 0x40, 52, true },
	{ "PRI_RESP, Resp 3", 0, 0, 0, 0x41, 0x3000, true },
	{ "PRI_RESP without PRI", 0x10000, 0, 0, 0x41, 0, true },
	{ "PRI_RESP, Resp 2", 0, 0, 0, 0x41, 0x2000, false },
	{ "RESUME, STALL_MODEL 1", 3 << 24, 1 << 24, 0, 0x44, 0, true },
	{ "STALL_TERM, STALL_MODEL 1", 3 << 24, 1 << 24, 0, 0x45, 0, true },
	{ "RESUME, unknown STAG", 0, 0, 0, 0x1044, 0x77, false },
	{ "RESUME, SSec", 0, 0, 0, 0x444, 0, true },
	{ "SYNC, CS 3", 0, 0, 0, 0x3046, 0, true },
	{ "SYNC, CS 2", 0, 0, 0, 0x2046, 0, false },
	{ "PREFETCH_CONFIG", 0, 0, 0, 0x01, 0, false },
	{ "PREFETCH_ADDR, SSec", 0, 0, 0, 0x402, 0, true },
	{ "PREFETCH_ADDR", 0, 0, 0, 0x02, 0x5000, false },
};

START_TEST(illegal_commands)
{
	struct st_opt o = { .idr0_clr = commands[_i].idr0_clr, .idr0_set = commands[_i].idr0_set, .idr3_clr = commands[_i].idr3_clr };
	struct st t;

	st_open(&t, &o);
	cerror(&t, commands[_i].w0, commands[_i].w1, commands[_i].ill ? 1 : 0, commands[_i].what);
	st_close(&t);
}
END_TEST

START_TEST(aborted_and_timed_out)
{
	struct st_opt o = { 0 };
	unsigned sync;
	struct st t;

	/* CERROR_ABT: RD at the entry that could not be fetched; older ones are consumed */
	st_open(&t, &o);
	st_cmd(&t, 0x30, 0);
	st_cmd(&t, 0x46, 0);
	mem_poison(t.r->m, RIG_CMDQ + 16, true);
	tail(t.r);
	run_all(t.r);
	ck_assert_uint_eq(rd32(t.r, 0x9c), 2u << 24 | 1);
	ck_assert_uint_eq(rd32(t.r, 0x60) & 1, 1);
	mem_poison(t.r->m, RIG_CMDQ + 16, false);
	wr32(t.r, 0x64, 1);
	run_all(t.r);
	ck_assert_uint_eq(rd32(t.r, 0x9c) & 0xfffff, 2);
	/* CERROR_ATC_INV_SYNC: RD at the CMD_SYNC; acknowledged, it completes */
	st_cmd(&t, UINT64_C(0x4200000040), 52);
	sync = t.r->prod;
	st_cmd(&t, 0x46, 0);
	tail(t.r);
	run_all(t.r);
	ck_assert_uint_eq(rd32(t.r, 0x9c), 3u << 24 | sync);
	ck_assert_uint_eq((rd32(t.r, 0x60) ^ rd32(t.r, 0x64)) & 1, 1);
	wr32(t.r, 0x64, rd32(t.r, 0x60));
	run_all(t.r);
	ck_assert_uint_eq(rd32(t.r, 0x9c) & 0xfffff, t.r->prod);
	st_close(&t);
}
END_TEST

/* ---- legality of STEs (2.4, 2.5) and CDs (2.8) ---- */

struct rule {
	const char *what;
	uint8_t stages; /* 0: Config 100 */
	uint8_t word;   /* of the STE, or of the CD */
	uint64_t clr, set;
	uint8_t bad;
	struct st_opt o;
};
#define F(hi, lo, v) (~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)), (uint64_t)(v) << (lo)
#define ON(n)        0, ST_B(n)
#define OFF(n)       ST_B(n), 0
static const struct rule ste_rules[] = {
	{ "as the rig has it, stage 1", S1, 4, 0, 0, 0, { 0 } },
	{ "as the rig has it, stage 2", S2, 4, 0, 0, 0, { 0 } },
	{ "as the rig has it, nested", BOTH, 4, 0, 0, 0, { 0 } },
	{ "stage 1 without S1P", S1, 4, 0, 0, 1, { .idr0_clr = 2 } },
	{ "stage 2 without S2P", S2, 4, 0, 0, 1, { .idr0_clr = 1 } },
	{ "nested without S2P", BOTH, 4, 0, 0, 1, { .idr0_clr = 1 } },
	{ "nested without S1P", BOTH, 4, 0, 0, 1, { .idr0_clr = 2 } },
	/* 2.4 */
	{ "EATS 1", BOTH, 1, F(29, 28, 1), 0, { 0 } },
	{ "EATS 2, nested", BOTH, 1, F(29, 28, 2), 0, { .cr0 = 16 } },
	{ "EATS 2, nested, ATSCHK 0: counts as 0", BOTH, 1, F(29, 28, 2), 0, { 0 } },
	{ "EATS 2, stage 1", S1, 1, F(29, 28, 2), 1, { 0 } },
	{ "EATS 2, stage 2", S2, 1, F(29, 28, 2), 1, { 0 } },
	{ "EATS 2, NS1ATS", BOTH, 1, F(29, 28, 2), 1, { .idr0_set = 0x800 } },
	{ "EATS 2, no ATS", S1, 1, F(29, 28, 2), 0, { .idr0_clr = 0x10400 } },
	{ "EATS 2, bypass", 0, 1, F(29, 28, 2), 0, { 0 } },
	{ "EATS 3 without DPT", S1, 1, F(29, 28, 3), 0, { 0 } },
	/* 5 */
	{ "STRW 1", S1, 1, F(31, 30, 1), 1, { 0 } },
	{ "STRW 3", S1, 1, F(31, 30, 3), 1, { 0 } },
	{ "STRW 2", S1, 1, F(31, 30, 2), 0, { 0 } },
	{ "STRW 1, Hyp 0", S1, 1, F(31, 30, 1), 0, { .idr0_clr = 0x200 } },
	{ "STRW 1, nested: ignored", BOTH, 1, F(31, 30, 1), 0, { 0 } },
	{ "STRW 3, stage 2: ignored", S2, 1, F(31, 30, 3), 0, { 0 } },
	/* 6 */
	{ "S1STALLD", S1, 1, ON(27), 0, { 0 } },
	{ "S1STALLD, STALL_MODEL 1", S1, 1, ON(27), 1, { .idr0_set = 1 << 24 } },
	{ "S1STALLD, STALL_MODEL 2", S1, 1, ON(27), 1, { .idr0_set = 2 << 24 } },
	{ "S1STALLD, stage 2, STALL_MODEL 1: ignored", S2, 1, ON(27), 0, { .idr0_set = 1 << 24 } },
	{ "S1CDMax 20", S1, 0, F(63, 59, 20), 0, { 0 } },
	{ "S1CDMax above SSIDSIZE", S1, 0, F(63, 59, 5), 1, { .idr1_clr = 31 << 6, .idr1_set = 4 << 6 } },
	{ "S1CDMax, SSIDSIZE 0", S1, 0, F(63, 59, 5), 0, { .idr1_clr = 31 << 6 } },
	{ "S1Fmt 1 without CD2L", S1, 0, 0, UINT64_C(5) << 59 | 1 << 4, 1, { .idr0_clr = 1 << 19 } },
	{ "S1Fmt 2 without CD2L", S1, 0, 0, UINT64_C(5) << 59 | 2 << 4, 1, { .idr0_clr = 1 << 19 } },
	{ "S1Fmt 3 without CD2L: as 0", S1, 0, 0, UINT64_C(5) << 59 | 3 << 4, 0, { .idr0_clr = 1 << 19 } },
	{ "S1Fmt 1 without CD2L, S1CDMax 0", S1, 0, F(5, 4, 1), 0, { .idr0_clr = 1 << 19 } },
	{ "S1ContextPtr beyond OAS", S1, 0, ON(48), 1, { 0 } },
	/* 7 */
	{ "S2S, STALL_MODEL 1", S2, 2, ON(57), 1, { .idr0_set = 1 << 24 } },
	{ "S2S, STALL_MODEL 0", S2, 2, ON(57), 0, { 0 } },
	{ "no S2S, STALL_MODEL 2", S2, 4, 0, 0, 1, { .idr0_set = 2 << 24 } },
	{ "S2S, STALL_MODEL 2", S2, 2, ON(57), 0, { .idr0_set = 2 << 24 } },
	{ "S2S, stage 1, STALL_MODEL 1: ignored", S1, 2, ON(57), 0, { .idr0_set = 1 << 24 } },
	{ "S2S with EATS 1", S2, 1, F(29, 28, 1), 1, { .idr0_set = 2 << 24 } },
	{ "LPAE stage 2 without TTF 0", S2, 2, OFF(51), 1, { 0 } },
	{ "S2AA64 without TTF 1", S2, 4, 0, 0, 1, { .idr0_clr = 3 << 2, .idr0_set = 1 << 2 } },
	{ "S2FWB with LPAE", S2, 1, ON(25), 1, { .idr0_clr = 3 << 2, .idr0_set = 1 << 2 } },
	{ "S2HA, HTTU 0", S2, 2, ON(56), 1, { .idr0_clr = 3 << 6 } },
	{ "S2HD, HTTU 0", S2, 2, ON(55), 1, { .idr0_clr = 3 << 6 } },
	{ "S2HD, HTTU 1", S2, 2, F(56, 55, 3), 1, { .idr0_clr = 3 << 6, .idr0_set = 1 << 6 } },
	{ "S2HA, HTTU 1", S2, 2, ON(56), 0, { .idr0_clr = 3 << 6, .idr0_set = 1 << 6 } },
	{ "S2HD alone, HTTU 2", S2, 2, ON(55), 0, { 0 } },
	{ "S2HAFT without S2HA, HTTU 3", S2, 2, ON(59), 1, { .idr0_set = 3 << 6 } },
	{ "S2HAFT without S2HA, HTTU 2: RES0", S2, 2, ON(59), 0, { 0 } },
	{ "S2TG 3", S2, 2, F(47, 46, 3), 1, { 0 } },
	{ "4K without GRAN4K", S2, 4, 0, 0, 1, { .idr5_clr = 0x10 } },
	{ "S2TTB beyond S2PS", S2, 3, ON(44), 1, { .idr5_clr = 7, .idr5_set = 4 } },
	{ "S2TTB beyond 48 bits, 4K, OAS 52", S2, 3, ON(48), 1, { .idr5_clr = 7, .idr5_set = 6 } },
	{ "S2T0SZ 15", S2, 2, F(37, 32, 15), 1, { 0 } },
	{ "S2T0SZ 40", S2, 2, F(39, 32, 40), 1, { .idr3_clr = 0x200 } },
	{ "S2T0SZ 16 - 1 below IAS 44", S2, 4, 0, 0, 1, { .idr5_clr = 7, .idr5_set = 4 } },
	{ "S2SL0 2, 40 bits", S2, 2, F(39, 32, 2 << 6 | 24), 0, { 0 } },
	{ "S2SL0 2, 39 bits", S2, 2, F(39, 32, 2 << 6 | 25), 1, { 0 } },
	{ "S2SL0 1, 44 bits", S2, 2, F(39, 32, 1 << 6 | 20), 1, { 0 } },
	{ "S2SL0 1, 43 bits", S2, 2, F(39, 32, 1 << 6 | 21), 0, { 0 } },
	{ "S2SL0 1, 30 bits", S2, 2, F(39, 32, 1 << 6 | 34), 1, { 0 } },
	{ "S2SL0 1, 31 bits", S2, 2, F(39, 32, 1 << 6 | 33), 0, { 0 } },
	{ "S2SL0 0, 34 bits", S2, 2, F(39, 32, 30), 0, { 0 } },
	{ "S2SL0 0, 35 bits", S2, 2, F(39, 32, 29), 1, { 0 } },
	{ "S2SL0 3, 4K, 25 bits, no STT", S2, 2, F(39, 32, 3 << 6 | 39), 1, { .idr3_clr = 0x200 } },
	{ "S2SL0 3, 4K, 25 bits, STT", S2, 2, F(39, 32, 3 << 6 | 39), 0, { 0 } },
	{ "S2SL0 3, 64K", S2, 2, F(47, 32, 1 << 14 | 3 << 6 | 16), 1, { 0 } },
	{ "S2SL0 3, 16K, no DS", S2, 2, F(47, 32, 2 << 14 | 3 << 6 | 16), 1, { 0 } },
	{ "S2SL0 2, 16K, 48 bits", S2, 2, F(47, 32, 2 << 14 | 2 << 6 | 16), 0, { 0 } },
	{ "S2SL0 2, 64K, 48 bits", S2, 2, F(47, 32, 1 << 14 | 2 << 6 | 16), 0, { 0 } },
	{ "S2SL0 1, 64K, 46 bits", S2, 2, F(47, 32, 1 << 14 | 1 << 6 | 18), 0, { 0 } },
	{ "S2SL0 1, 64K, 47 bits", S2, 2, F(47, 32, 1 << 14 | 1 << 6 | 17), 1, { 0 } },
	{ "S2ENDI, little only", S2, 2, ON(52), 1, { 0 } },
	{ "S2ENDI 0, big only", S2, 4, 0, 0, 1, { .idr0_set = 3 << 21 } },
	{ "S2 fields wrong, stage 1: ignored", S1, 2, F(47, 46, 3), 0, { 0 } },
	/* 8 */
	{ "S2VMID above 8 bits", S2, 4, 0, 0, 1, { .idr0_clr = 1 << 18 } },
	{ "S2VMID above 8 bits, stage 1", S1, 4, 0, 0, 1, { .idr0_clr = 1 << 18 } },
	{ "S2VMID 0x05", S2, 2, F(15, 8, 0), 0, { .idr0_clr = 1 << 18 } },
	{ "S2VMID above 8 bits, EL2", S1, 1, F(31, 30, 2), 0, { .idr0_clr = 1 << 18 } },
	/* 9 */
	{ "S2POE without S2PIE, v3.4", S2, 2, ON(61), 1, { .aidr = 4, .idr3_set = 1 << 20 } },
	{ "S2POE and S2PIE, v3.4", S2, 2, F(61, 60, 3), 0, { .aidr = 4, .idr3_set = 1 << 20 } },
	{ "S2POE without S2PIE, v3.3", S2, 2, ON(61), 0, { .aidr = 3 } },
	{ "VMSPtr beyond OAS", BOTH, 5, ON(50), 0, { .idr3_set = 0x80 } },
	{ "VMSPtr beyond OAS, S1MPAM", BOTH, 1, ON(26), 0, { .idr3_set = 0x80 } },
};

static void mapped(struct st *t, struct st_stream *s, unsigned stages)
{
	*s = (struct st_stream){ .sid = ST_SID };
	if (!stages)
		s->ste[0] = 1 | 4 << 1;
	if (stages & S2)
		st_stage2(t, s, 12, 48, 0);
	if (stages & S1)
		st_stage1(t, s, 12, 48);
}

/* A legal STE leads somewhere else than C_BAD_STE: a fault of the walk, or of the CD. */
START_TEST(ste_rules_hold)
{
	const struct rule *e = &ste_rules[_i];
	struct st_stream s;
	struct xl_req q;
	struct xl_res r;
	struct st t;

	st_open(&t, &e->o);
	mapped(&t, &s, e->stages);
	if (!strcmp(e->what, "VMSPtr beyond OAS, S1MPAM"))
		s.ste[5] = ST_B(48) - 4096;
	if (e->o.idr0_set == 2 << 24 && !strcmp(e->what, "S2S with EATS 1"))
		s.ste[2] |= ST_B(57);
	s.ste[e->word] = (s.ste[e->word] & ~e->clr) | e->set;
	st_put_both(&t, &s);
	q = st_req(&t, 0x5000, XL_R);
	if (!st_try(&t, &q, &r)) /* stalled: by a translation fault */
		r.code = 0x10;
	must((r.code == 0x04) == e->bad, "%s: ok %d event 0x%x", e->what, r.ok, r.code);
	st_close(&t);
}
END_TEST

/* Config = 0xx: nothing else is looked at, nothing recorded; Config = 101 with a wrong S2VMID and no stage 2 in the unit. */
START_TEST(ste_config_first)
{
	struct st_opt o = { 0 };
	struct st_stream s = { .sid = ST_SID };
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	q = st_req(&t, 0x5000, XL_R);
	q.has_pasid = true;
	q.pasid = 5;
	for (unsigned c = 0; c < 4; c++) {
		for (unsigned w = 0; w < 8; w++)
			s.ste[w] = ~UINT64_C(0);
		s.ste[0] = (s.ste[0] & ~UINT64_C(15)) | 1 | c << 1;
		st_put_ste(&t, &s);
		ck_assert(!st_run(&t, &q).ok);
		ck_assert_uint_eq(st_drop_events(&t), 0);
		s.ste[0] &= ~UINT64_C(1); /* V first */
		st_put_ste(&t, &s);
		ck_assert_uint_eq(st_run(&t, &q).code, 0x04);
		ck_assert_uint_eq(st_drop_events(&t), 1);
	}
	st_close(&t);
}
END_TEST

static const struct rule cd_rules[] = {
	{ "as the rig has it", S1, 4, 0, 0, 0, { 0 } },
	{ "as the rig has it, nested", BOTH, 4, 0, 0, 0, { 0 } },
	{ "V = 0", S1, 0, OFF(31), 1, { 0 } },
	{ "S, STALL_MODEL 0", S1, 0, ON(44), 0, { 0 } },
	{ "S, STALL_MODEL 1", S1, 0, ON(44), 1, { .idr0_set = 1 << 24 } },
	{ "no S, STALL_MODEL 2", S1, 4, 0, 0, 1, { .idr0_set = 2 << 24 } },
	{ "A = 0, TERM_MODEL 0", S1, 0, OFF(46), 0, { 0 } },
	{ "A = 0, TERM_MODEL 1", S1, 0, OFF(46), 1, { .idr0_set = 1 << 26 } },
	{ "ENDI, little only", S1, 0, ON(15), 1, { 0 } },
	{ "ENDI, mixed", S1, 0, ON(15), 0, { .idr0_clr = 3 << 21 } },
	{ "ENDI, both halves disabled", S1, 0, 0, ST_B(15) | ST_B(14), 0, { 0 } },
	{ "no ENDI, big only", S1, 4, 0, 0, 1, { .idr0_set = 3 << 21 } },
	{ "LPAE without TTF 0", S1, 0, OFF(41), 1, { 0 } },
	{ "AA64 without TTF 1", S1, 4, 0, 0, 1, { .idr0_clr = 3 << 2, .idr0_set = 1 << 2 } },
	{ "HA, HTTU 0", S1, 0, ON(43), 1, { .idr0_clr = 3 << 6 } },
	{ "HD, HTTU 0", S1, 0, ON(42), 1, { .idr0_clr = 3 << 6 } },
	{ "HA HD, HTTU 1", S1, 0, F(43, 42, 3), 1, { .idr0_clr = 3 << 6, .idr0_set = 1 << 6 } },
	{ "HD, HTTU 2", S1, 0, ON(42), 0, { 0 } },
	{ "HAFT without HA, HTTU 3", S1, 1, ON(3), 1, { .idr0_set = 3 << 6 } },
	{ "HAFT without HA, HTTU 2", S1, 1, ON(3), 0, { 0 } },
	{ "ASID above 8 bits", S1, 4, 0, 0, 1, { .idr0_clr = 1 << 12 } },
	{ "ASID 9", S1, 0, F(63, 56, 0), 0, { .idr0_clr = 1 << 12 } },
	{ "T0SZ 15", S1, 0, F(5, 0, 15), 1, { 0 } },
	{ "T0SZ 40, no STT", S1, 0, F(5, 0, 40), 1, { .idr3_clr = 0x200 } },
	{ "T0SZ 39, no STT", S1, 0, F(5, 0, 39), 0, { .idr3_clr = 0x200 } },
	{ "T0SZ 48, STT", S1, 0, F(5, 0, 48), 0, { 0 } },
	{ "T0SZ 49, STT", S1, 0, F(5, 0, 49), 1, { 0 } },
	{ "T0SZ 48, 64K, STT", S1, 0, F(7, 0, 0x40 | 48), 1, { 0 } },
	{ "T0SZ 47, 64K, STT", S1, 0, F(7, 0, 0x40 | 47), 0, { 0 } },
	{ "T0SZ 12, 64K, VAX 1", S1, 0, F(7, 0, 0x40 | 12), 0, { .idr5_set = 1 << 10 } },
	{ "T0SZ 12, 4K, VAX 1", S1, 0, F(5, 0, 12), 1, { .idr5_set = 1 << 10 } },
	{ "T0SZ 12, 64K, VAX 0", S1, 0, F(7, 0, 0x40 | 12), 1, { 0 } },
	{ "T0SZ 49, EPD0", S1, 0, 0, ST_B(14) | 49, 0, { 0 } },
	{ "TG0 3", S1, 0, F(7, 6, 3), 1, { 0 } },
	{ "4K without GRAN4K", S1, 4, 0, 0, 1, { .idr5_clr = 0x10 } },
	{ "TG0 3, EPD0", S1, 0, 0, 3 << 6 | ST_B(14), 0, { 0 } },
	{ "TG1 0, EPD1", S1, 0, F(23, 22, 0), 0, { 0 } },
	{ "TG1 0", S1, 0, F(30, 16, 16), 1, { 0 } },
	{ "TG1 2", S1, 0, F(30, 16, 2 << 6 | 16), 0, { 0 } },
	{ "TG1 2, T1SZ 15", S1, 0, F(30, 16, 2 << 6 | 15), 1, { 0 } },
	{ "TTB0 beyond IPS", S1, 1, ON(44), 1, { .idr5_clr = 7, .idr5_set = 4 } },
	{ "TTB0 beyond 48 bits", S1, 1, ON(48), 1, { .idr5_clr = 7, .idr5_set = 6 } },
	{ "TTB0 beyond IPS, EPD0", S1, 0, 0, ST_B(14), 0, { 0 } },
	{ "TTB1 beyond IPS, EPD1", S1, 2, ON(51), 0, { 0 } },
};

START_TEST(cd_rules_hold)
{
	const struct rule *e = &cd_rules[_i];
	struct st_stream s;
	struct xl_req q;
	struct xl_res r;
	struct st t;

	st_open(&t, &e->o);
	mapped(&t, &s, e->stages);
	if (!strcmp(e->what, "TTB0 beyond IPS, EPD0"))
		s.cd[1] |= ST_B(51);
	s.cd[e->word] = (s.cd[e->word] & ~e->clr) | e->set;
	st_put_both(&t, &s);
	q = st_req(&t, 0x5000, XL_R);
	if (!st_try(&t, &q, &r)) /* stalled: by a translation fault */
		r.code = 0x10;
	must((r.code == 0x0a) == e->bad, "%s: ok %d event 0x%x", e->what, r.ok, r.code);
	st_close(&t);
}
END_TEST

/* EL2: TTB1's fields, EPD and ASID do not count; E2H: they do. S1STALLD refuses a CD that stalls. */
START_TEST(cd_rules_of_worlds)
{
	struct st_opt o = { .cr2 = _i, .idr0_clr = 1 << 12 };
	struct st_stream s = { .sid = ST_SID };
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_stage1(&t, &s, 12, 39);
	s.ste[1] |= UINT64_C(2) << 30;
	s.cd[0] &= ~ST_B(30); /* EPD1 = 0, TG1 = 0, T1SZ = 0 */
	s.ste[2] &= 0xff;
	st_put_both(&t, &s);
	q = st_req(&t, 0x5000, XL_R);
	ck_assert_uint_eq(st_run(&t, &q).code, _i ? 0x0a : 0x10);
	s.cd[0] |= ST_B(30); /* the ASID alone */
	st_put_cd(&t, &s);
	ck_assert_uint_eq(st_run(&t, &q).code, _i ? 0x0a : 0x10);
	s.cd[0] = (s.cd[0] & ~bits_mask(63, 56)) | ST_B(44);
	s.ste[1] |= ST_B(27);
	st_put_both(&t, &s);
	ck_assert_uint_eq(st_run(&t, &q).code, 0x0a);
	st_close(&t);
}
END_TEST

/* ---- 2.9: which CD, or which event ---- */

enum { NO_EVENT_ABORT = 0x100, BYPASS, STAGE2, CD_0 }; /* CD_0 + n: CD n */

static unsigned route(bool s1, bool s2, unsigned cdmax, bool ssv, unsigned ssid, unsigned dss)
{
	if (!s1)
		return ssv ? 8 : s2 ? STAGE2 : BYPASS;
	if (!cdmax)
		return ssv ? 8 : CD_0;
	if (ssv)
		return ssid >> cdmax ? 8 : !ssid && dss == 2 ? 6 : CD_0 + ssid;
	return dss == 1 ? (s2 ? STAGE2 : BYPASS) : dss == 2 ? CD_0 : 6;
}

/* @_i: bit 0 stage 2, bits 2:1 S1Fmt (0, 1, 2), bit 3: caches */
START_TEST(substream_routing)
{
	struct st_opt o = { .caches = _i & 8 ? 32 : 0 };
	bool s2 = _i & 1;
	unsigned fmt = _i >> 1 & 3;
	struct st_stream s = { .sid = ST_SID };
	uint64_t ste0, base, dir;
	struct st t;

	if (fmt == 3)
		return;
	st_open(&t, &o);
	if (s2) {
		st_stage2(&t, &s, 12, 48, 0);
		st_map(&t, &s.s2, 0x5000, 0x700000, 3, ST_S2); /* the input as an IPA */
		for (unsigned i = 0; i < 8; i++)
			st_map(&t, &s.s2, 0x100000000 + 0x1000 * i, DATA + 0x1000 * i, 3, ST_S2);
	}
	st_stage1(&t, &s, 12, 48);
	ste0 = s.ste[0];
	s.cdp = st_alloc(&t, 16); /* S1Fmt 2: leaves of 64 KiB */
	if (s2)
		st_map(&t, &s.s2, s.cdp + s.s1.off, s.cdp, 3, ST_S2);
	for (unsigned i = 0; i < 8; i++) { /* CD i leads page 0x5000 to DATA + i pages */
		struct st_tab p = st_tab_new(&t, 12, 48, 0, false, s2 ? &s.s2 : NULL, s.s1.off);

		st_map(&t, &p, 0x5000, (s2 ? UINT64_C(0x100000000) : (uint64_t)DATA) + 0x1000 * i, 3, ST_S1);
		s.cd[0] = (s.cd[0] & ~bits_mask(63, 48)) | (uint64_t)(0x40 + i) << 48;
		s.cd[1] = p.root + p.off;
		for (unsigned w = 0; w < 8; w++)
			st_put(&t, s.cdp + 64 * i + 8 * w, s.cd[w]);
	}
	base = s.cdp + s.s1.off;
	dir = st_alloc(&t, 12);
	if (s2)
		st_map(&t, &s.s2, dir + s.s1.off, dir, 3, ST_S2);
	st_put(&t, dir, base | 1);
	for (unsigned i = 0; i < 2 * 2 * 2 * 4 * 4; i++) {
		bool s1 = i & 1, ssv = i & 4;
		unsigned cdmax = i & 2 ? 3 : 0, dss = i >> 3 & 3, ssid = (unsigned[]){ 0, 3, 7, 8 }[i >> 5],
		         want = route(s1, s2, cdmax, ssv, ssid, dss), got;
		struct xl_req q = st_req(&t, 0x5000, XL_R);
		struct xl_res r;

		s.ste[0] = (ste0 & ~(UINT64_C(7) << 1) & ~bits_mask(55, 6)) | (uint64_t)(4 + s1 + 2 * s2) << 1 |
		           (cdmax && fmt ? dir + s.s1.off : base) | fmt << 4 | (uint64_t)cdmax << 59;
		s.ste[1] = dss;
		st_put_ste(&t, &s);
		st_do(&t, ST_CFGI_STE(ST_SID, 1));
		st_do(&t, ST_TLBI(0x30, 0, 0), 0);
		q.has_pasid = ssv;
		q.pasid = ssid;
		for (unsigned again = 0; again < 2; again++) { /* the second time from caches, if there are some */
			r = st_run(&t, &q);
			got = !r.ok               ? r.code
			      : r.spa == 0x5000   ? BYPASS
			      : r.spa == 0x700000 ? STAGE2
			                          : CD_0 + (unsigned)((r.spa - DATA) >> 12);
			must(got == want, "S1 %d S2 %d Fmt %u S1CDMax %u SSV %d SSID %u S1DSS %u: 0x%x, not 0x%x", s1, s2, fmt, cdmax, ssv,
			     ssid, dss, got, want);
		}
		st_drop_events(&t);
	}
	st_close(&t);
}
END_TEST

/* ---- 2.10: fault configuration ---- */

/* @_i: bits 2:0 are A, R, S of stage 1; bit 3: stage 2, with S2R and S2S */
START_TEST(fault_configuration)
{
	bool s2 = _i & 8, a = s2 || (_i & 4), rec = _i & 2, stall = _i & 1;
	struct st_opt o = { 0 };
	struct st_stream s;
	struct xl_req q;
	struct xl_res r;
	uint64_t ev[4] = { 0 };
	struct st t;
	bool done;

	st_open(&t, &o);
	mapped(&t, &s, s2 ? S2 : S1);
	s.cd[0] = (s.cd[0] & ~bits_mask(46, 44)) | (uint64_t)(a << 2 | rec << 1 | stall) << 44;
	s.ste[2] = (s.ste[2] & ~(ST_B(57) | ST_B(58))) | (rec ? ST_B(58) : 0) | (stall ? ST_B(57) : 0);
	st_put_both(&t, &s);
	q = st_req(&t, 0x5000, XL_R);
	done = st_try(&t, &q, &r);
	ck_assert_int_eq(done, !stall);
	ck_assert_int_eq(st_event(&t, ev), rec || stall);
	if (rec || stall) {
		ck_assert_uint_eq(ev[0], SID0 | 0x10);
		ck_assert_uint_eq(ev[1] & ~UINT64_C(0xffff), RNW | IN | (s2 ? S2BIT : 0) | (stall ? ST_B(31) : 0));
	}
	if (!stall) {
		ck_assert(!r.ok && r.raz == !a);
		st_close(&t);
		return;
	}
	/* RESUME of another stream or STAG: nothing; retry with the page still missing: a new record; terminate: RAZ/WI or abort */
	st_do(&t, 0x1044 | UINT64_C(0x26) << 32, ev[1] & 0xffff);
	st_do(&t, 0x1044 | SID0, (ev[1] & 0xffff) ^ 1);
	ck_assert_uint_eq(t.answers, 0);
	st_do(&t, 0x1044 | SID0, ev[1] & 0xffff);
	ck_assert_uint_eq(t.answers, 0);
	ck_assert(st_event(&t, ev) && ev[0] == (SID0 | 0x10) && (ev[1] & ST_B(31)));
	if (a && !s2) {
		st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1);
		st_do(&t, 0x1044 | SID0, ev[1] & 0xffff);
		ck_assert(t.answers == 1 && t.x.res.ok && t.x.res.spa == DATA);
	} else {
		st_do(&t, (s2 ? 0x2044 : 0x44) | SID0, ev[1] & 0xffff); /* Ab */
		ck_assert(t.answers == 1 && !t.x.res.ok && t.x.res.raz == !s2);
	}
	ck_assert(!st_event(&t, ev));
	st_close(&t);
}
END_TEST

/* F_ADDR_SIZE of a bypassed stage 1 aborts and is recorded whatever S2R and S2S say; F_WALK_EABT and configuration errors ignore them, too.
 */
START_TEST(fault_configuration_not)
{
	struct st_opt o = { 0 };
	struct st_stream s;
	struct xl_req q;
	struct xl_res r;
	uint64_t ev[4];
	struct st t;

	st_open(&t, &o);
	mapped(&t, &s, S2);
	s.ste[2] = (s.ste[2] & ~ST_B(58)) | ST_B(57);
	st_put_ste(&t, &s);
	q = st_req(&t, ST_B(48), XL_R);
	ck_assert(st_try(&t, &q, &r) && r.code == 0x11 && !r.raz && st_event(&t, ev) && !(ev[1] & ST_B(31)));
	q = st_req(&t, 0x5000, XL_R);
	st_put(&t, s.s2.root, PA_OUT | 3);
	ck_assert(st_try(&t, &q, &r) && r.code == 0x0b && !r.raz && st_event(&t, ev) && !(ev[1] & ST_B(31)));
	mapped(&t, &s, S1);
	s.cd[0] = (s.cd[0] & ~bits_mask(46, 44)); /* RAZ/WI, not recorded */
	st_put_both(&t, &s);
	st_put(&t, s.s1.root, PA_OUT | 3);
	ck_assert(st_try(&t, &q, &r) && r.code == 0x0b && !r.raz && st_event(&t, ev));
	st_close(&t);
}
END_TEST

/* ---- 7.1: answers to translation requests ---- */

enum { UR = 1, CA = 4, OK = 0, NONE = 2 /* success without access */ };
#define M __attribute__((unused))
#undef PROD
#define PROD(name) static void name(M struct st *t, M struct st_stream *s, M struct xl_req *q, M uint64_t want[4])
PROD(as_is)
{
}
PROD(config_0)
{
	s->ste[0] = 1 | 3 << 1;
}
PROD(config_bypass)
{
	s->ste[0] = 1 | 4 << 1;
}
PROD(eats_0)
{
	s->ste[1] &= ~(UINT64_C(3) << 28);
}
PROD(write_of_read_only)
{
	st_edit(t, st_entry(t, &s->s1, 0x5000, 3), ST_AP2, 0);
	q->acc |= XL_W;
}
PROD(no_user)
{
	st_edit(t, st_entry(t, &s->s1, 0x5000, 3), 0, ST_AP1);
}
PROD(beyond_ias)
{
	s->ste[1] = (s->ste[1] & ~UINT64_C(3)) | 1;
	q->iova = ST_B(48);
}
PROD(strw_1)
{
	s->ste[1] |= UINT64_C(1) << 30;
}
PROD(illegal_eats)
{
	s->ste[1] |= UINT64_C(3) << 28;
	s->ste[1] ^= UINT64_C(1) << 28;
}

/* @cpl: the completion; @event, @rec: the record without REC_CFG_ATS, and with it. */
static const struct {
	const char *what;
	uint8_t stages, cpl, event, rec;
	void (*make)(struct st *t, struct st_stream *s, struct xl_req *q, uint64_t want[4]);
} treqs[] = {
	{ "mapped, stage 1", S1, OK, 0, 0, as_is },
	{ "mapped, stage 2", S2, OK, 0, 0, as_is },
	{ "mapped, nested", BOTH, OK, 0, 0, as_is },
	{ "C_BAD_STREAMID", S1, CA, 0, 2, bad_streamid },
	{ "F_STE_FETCH", S1, CA, 0, 3, ste_poison },
	{ "C_BAD_STE", S1, CA, 0, 4, ste_v0 },
	{ "STRW 1", S1, CA, 0, 4, strw_1 },
	{ "EATS 2 without stage 2", S1, CA, 0, 4, illegal_eats },
	{ "F_VMS_FETCH", BOTH, CA, 0, 0x25, vms_poison },
	{ "Config 0xx", S1, UR, 0, 0, config_0 },
	{ "Config 100", S1, UR, 5, 5, config_bypass },
	{ "EATS 0", S1, UR, 5, 5, eats_0 },
	{ "EATS 0, nested", BOTH, UR, 5, 5, eats_0 },
	{ "C_BAD_SUBSTREAMID", S1, CA, 0, 8, substream_16 },
	{ "F_STREAM_DISABLED", S1, CA, 0, 6, disabled_0 },
	{ "F_STREAM_DISABLED, CD 0", S1, CA, 0, 6, disabled_cd0 },
	{ "F_CD_FETCH", S1, CA, 0, 9, cd_poison },
	{ "C_BAD_CD", BOTH, CA, 0, 10, cd_v0 },
	{ "F_WALK_EABT", S1, CA, 0, 11, eabt_s1 },
	{ "F_WALK_EABT of stage 2", BOTH, CA, 0, 11, eabt_s2_tt },
	{ "F_TRANSLATION", S1, NONE, 0, 0, tr_s1 },
	{ "F_TRANSLATION, stage 2", BOTH, NONE, 0, 0, tr_s2_in },
	{ "F_TRANSLATION of the CD", BOTH, NONE, 0, 0, tr_s2_cd },
	{ "F_TRANSLATION of a descriptor", BOTH, NONE, 0, 0, tr_s2_tt },
	{ "F_ADDR_SIZE", S1, NONE, 0, 0, as_s1 },
	{ "F_ADDR_SIZE, stage 2", S2, NONE, 0, 0, as_s2 },
	{ "F_ACCESS", S1, NONE, 0, 0, af_s1 },
	{ "F_ACCESS, stage 2", BOTH, NONE, 0, 0, af_s2 },
	{ "F_PERMISSION of the CD", BOTH, NONE, 0, 0, pe_s2_cd },
	{ "F_PERMISSION of a descriptor", BOTH, NONE, 0, 0, pe_s2_tt },
	{ "write of a read-only page: a subset", S1, OK, 0, 0, write_of_read_only },
	{ "no access for users", S1, NONE, 0, 0, no_user },
	{ "stage 1 skipped, beyond IAS", S1, NONE, 0, 0, beyond_ias },
};

START_TEST(translation_requests)
{
	for (unsigned rec = 0; rec < 2; rec++) {
		struct st_opt o = {
			.two_level = true, .cr2 = RECINVSID | (rec ? REC_CFG_ATS : 0), .idr3_set = 0x80, .cr0 = 1 << 4, .idr0_set = 1 << 23
		};
		uint64_t want[4], ev[4] = { 0 };
		unsigned cpl = treqs[_i].cpl, event = rec ? treqs[_i].rec : treqs[_i].event;
		struct st_stream s;
		struct xl_res r;
		struct xl_req q;
		struct st t;

		failing = 0;
		st_open(&t, &o);
		stream(&t, &s, treqs[_i].stages);
		s.ste[1] |= UINT64_C(1) << 28;
		q = st_req(&t, 0x5000, XL_R);
		treqs[_i].make(&t, &s, &q, want);
		q.at = XL_TRANSLATION_REQ;
		put_stream(&t, &s);
		if (failing)
			mem_poison(t.r->m, failing, true);
		r = st_run(&t, &q);
		if (cpl == OK)
			must(r.ok && r.perm & XL_R && r.spa == DATA && !(r.perm & XL_X), "%s: ok %d perm %x", treqs[_i].what, r.ok, r.perm);
		else if (cpl == NONE)
			must(r.ok && !r.perm && r.size_lg2 == 12 && r.cpl == 0, "%s: ok %d perm %x size %u", treqs[_i].what, r.ok, r.perm,
			     r.size_lg2);
		else
			must(!r.ok && r.cpl == cpl, "%s: ok %d cpl %u", treqs[_i].what, r.ok, r.cpl);
		must(st_event(&t, ev) == (event != 0) && (ev[0] & 0xff) == event, "%s, REC_CFG_ATS %u: event 0x%lx, not 0x%x",
		     treqs[_i].what, rec, ev[0] & 0xff, event);
		ck_assert(!st_event(&t, ev));
		st_close(&t);
	}
}
END_TEST

/* 7.2: what is granted, for every descriptor and request. */
START_TEST(granted)
{
	struct st_opt o = { .cr0 = 1 << 4, .caches = _i ? 32 : 0 };
	struct st_stream s;
	uint64_t l;
	struct st t;

	st_open(&t, &o);
	stream(&t, &s, S1);
	s.ste[1] |= UINT64_C(1) << 28;
	put_stream(&t, &s);
	l = st_entry(&t, &s.s1, 0x5000, 3);
	for (unsigned i = 0; i < 16 * 8; i++) {
		unsigned ap = i & 3, xn = i >> 2 & 3;
		bool priv = i & 16, exe = i & 32, nw = i & 64, user = ap & 1, ro = ap & 2, x, rd, wr;
		struct xl_req q = sub(&t, 0x5000, XL_R | (priv ? XL_PRIV : 0) | (exe ? XL_X : 0) | (nw ? 0 : XL_W));
		struct xl_res r;
		unsigned want;

		x = priv ? !(xn & 1) && !(user && !ro) : !(xn & 2);
		rd = priv || user;
		wr = rd && !ro;
		want = (rd ? XL_R : 0) | (wr ? XL_W : 0) | (exe && rd && x ? XL_X : 0);
		st_put(&t, l, DATA | 3 | ST_AF | ST_NG | ap << 6 | (uint64_t)xn << 53);
		st_do(&t, ST_TLBI(0x30, 0, 0), 0);
		q.at = XL_TRANSLATION_REQ;
		for (unsigned again = 0; again < 2; again++) {
			r = st_run(&t, &q);
			must(r.ok && (r.perm & 7) == want, "AP %u xn %u priv %d exe %d NW %d: %x, not %x", ap, xn, priv, exe, nw, r.perm,
			     want);
		}
	}
	ck_assert_uint_eq(st_drop_events(&t), 0);
	st_close(&t);
}
END_TEST

/* HTTU by translation requests: dirty only if NW = 0; AF only if something is granted. */
START_TEST(granted_httu)
{
	struct st_opt o = { .cr0 = 1 << 4, .caches = _i ? 32 : 0 };
	struct st_stream s;
	struct xl_req q;
	struct xl_res r;
	uint64_t l;
	struct st t;

	st_open(&t, &o);
	stream(&t, &s, S1);
	s.ste[1] |= UINT64_C(1) << 28;
	s.cd[0] |= ST_B(42) | ST_B(43);
	put_stream(&t, &s);
	l = st_entry(&t, &s.s1, 0x5000, 3);
	st_put(&t, l, DATA | 3 | ST_NG | ST_AP1 | ST_AP2 | ST_DBM);
	q = st_req(&t, 0x5000, XL_R);
	q.at = XL_TRANSLATION_REQ;
	r = st_run(&t, &q);
	ck_assert(r.ok && r.perm == XL_R);
	ck_assert_uint_eq(st_get(&t, l) & (ST_AF | ST_AP2), ST_AF | ST_AP2);
	q.acc |= XL_W;
	r = st_run(&t, &q);
	must(r.ok && r.perm == (XL_R | XL_W), "perm %x", r.perm);
	ck_assert_uint_eq(st_get(&t, l) & (ST_AF | ST_AP2), ST_AF);
	/* nothing is granted: nothing is set */
	st_put(&t, l, DATA | 3 | ST_NG);
	st_do(&t, ST_TLBI(0x30, 0, 0), 0);
	r = st_run(&t, &q);
	ck_assert(r.ok && !r.perm);
	must(!(st_get(&t, l) & ST_AF), "AF was set for a request that was granted nothing");
	st_close(&t);
}
END_TEST

/* Stage 1 grants nothing: stage 2 of the output is not attempted, so its access flag stays. */
START_TEST(granted_nothing_nested)
{
	struct st_opt o = { .cr0 = 1 << 4 };
	struct st_stream s;
	struct xl_req q;
	struct xl_res r;
	uint64_t l2;
	struct st t;

	st_open(&t, &o);
	stream(&t, &s, BOTH);
	s.ste[1] |= UINT64_C(1) << 28;
	s.ste[2] |= ST_B(56);
	put_stream(&t, &s);
	st_edit(&t, st_entry(&t, &s.s1, 0x5000, 3), 0, ST_AP1);
	l2 = st_entry(&t, &s.s2, 0x5000, 3);
	st_edit(&t, l2, 0, ST_AF);
	q = st_req(&t, 0x5000, XL_R);
	q.at = XL_TRANSLATION_REQ;
	r = st_run(&t, &q);
	ck_assert(r.ok && !r.perm);
	must(!(st_get(&t, l2) & ST_AF), "stage 2 of the output was walked");
	st_close(&t);
}
END_TEST

/* Stage 1 skipped (S1DSS = 1): identity, read and write, no execute unless asked for; above a stage 2: its answer. */
START_TEST(granted_bypass)
{
	struct st_opt o = { .cr0 = 1 << 4 };
	struct st_stream s;
	struct xl_req q;
	struct xl_res r;
	struct st t;

	st_open(&t, &o);
	stream(&t, &s, _i ? BOTH : S1);
	s.ste[1] = (s.ste[1] & ~UINT64_C(3)) | UINT64_C(1) << 28 | 1;
	put_stream(&t, &s);
	q = st_req(&t, 0x5000, XL_R);
	q.at = XL_TRANSLATION_REQ;
	r = st_run(&t, &q);
	ck_assert(r.ok && r.spa == (_i ? DATA : 0x5000u));
	must((r.perm & 7) == (XL_R | XL_W), "perm %x", r.perm);
	st_close(&t);
}
END_TEST

/* EATS = 2: the IPA, permissions and size of both stages; the translated transaction goes through stage 2. */
START_TEST(split_stage)
{
	struct st_opt o = { .cr0 = 1 << 4, .caches = _i ? 32 : 0 };
	uint64_t ev[4];
	struct st_stream s;
	struct xl_req q, d;
	struct xl_res r;
	struct st t;

	st_open(&t, &o);
	stream(&t, &s, BOTH);
	s.ste[1] |= UINT64_C(2) << 28;
	put_stream(&t, &s);
	st_map(&t, &s.s1, ST_B(21), ST_B(21), 2, ST_S1); /* 2 MiB of stage 1 over 4 KiB of stage 2, read only */
	st_map(&t, &s.s2, ST_B(21), 0x700000, 3, ST_S2 & ~ST_S2W);
	q = st_req(&t, ST_B(21) + 0x10, XL_R | XL_W);
	q.at = XL_TRANSLATION_REQ;
	d = st_req(&t, ST_B(21) + 0x10, XL_R); /* fills the TLB with the PA: not the answer to the request */
	ck_assert_uint_eq(st_run(&t, &d).spa, 0x700010);
	r = st_run(&t, &q);
	ck_assert(r.ok && r.spa == ST_B(21) + 0x10 && r.size_lg2 == 12 && r.perm == XL_R);
	d = st_req(&t, 0x5abc, XL_W); /* translated: an IPA */
	d.at = XL_TRANSLATED;
	r = st_run(&t, &d);
	ck_assert(r.ok && r.spa == DATA + 0xabc);
	d.iova = 0x9123; /* not mapped in stage 2: recorded as other faults are */
	r = st_run(&t, &d);
	ck_assert(!r.ok && st_event(&t, ev) && ev[0] == (SID0 | 0x10) && ev[1] == (IN | S2BIT) && ev[2] == 0x9123 && ev[3] == 0x9000);
	d.iova = ST_B(48);
	r = st_run(&t, &d);
	ck_assert(!r.ok && st_event(&t, ev) && ev[0] == (SID0 | 0x11) && ev[1] == IN);
	mem_poison(t.r->m, st_entry(&t, &s.s2, 0xb000, 3), true);
	d.iova = 0xb000;
	r = st_run(&t, &d);
	ck_assert(!r.ok && r.code == 0x0b);
	must(st_event(&t, ev), "F_WALK_EABT of a translated transaction is not recorded");
	st_close(&t);
}
END_TEST

/* A translated transaction of a split-stage stream is no translation of the same number as a virtual address, and the other way round. */
static void tbu_by_asid(struct smmuv3_cfg *c)
{
	c->utlb.entries = 8;
	c->tbu = c->tlb;
}
static void tbu_by_stream(struct smmuv3_cfg *c)
{
	tbu_by_asid(c);
	c->tbu_tag = SMMUV3_TAG_STREAM;
}

START_TEST(split_stage_addresses)
{
	struct st_opt o = { .cr0 = 1 << 4, .caches = 32, .tweak = _i & 1 ? tbu_by_stream : tbu_by_asid };
	struct st_stream s;
	struct xl_req va, ipa, tr;
	struct st t;

	st_open(&t, &o);
	stream(&t, &s, BOTH);
	s.ste[1] |= UINT64_C(2) << 28;
	put_stream(&t, &s);
	st_map(&t, &s.s1, 0x9000, 0x5000, 3, ST_S1); /* VA 0x9000 is IPA 0x5000 is DATA; IPA 0x9000 is another page */
	st_map(&t, &s.s2, 0x9000, 0x700000, 3, ST_S2);
	va = ipa = tr = st_req(&t, 0x9000, XL_R);
	ipa.at = XL_TRANSLATED;
	tr.at = XL_TRANSLATION_REQ;
	for (unsigned i = 0; i < 2; i++) {
		struct xl_req first = _i & 2 ? va : ipa, second = _i & 2 ? ipa : va;
		struct xl_res a = st_run(&t, &first), b = st_run(&t, &second), c = st_run(&t, &tr);

		must(a.spa == (_i & 2 ? DATA : 0x700000u) && b.spa == (_i & 2 ? 0x700000u : DATA) && c.spa == 0x5000,
		     "first %lx, second %lx, request %lx", a.spa, b.spa, c.spa);
	}
	st_close(&t);
}
END_TEST

/* ---- 7.3: translated transactions ---- */

static const struct {
	const char *what;
	uint8_t stages, event, rec; /* 0xff: passes */
	void (*make)(struct st *t, struct st_stream *s, struct xl_req *q, uint64_t want[4]);
} translated[] = {
	{ "EATS 1, stage 1", S1, 0xff, 0xff, as_is },
	{ "EATS 1, nested", BOTH, 0xff, 0xff, as_is },
	{ "EATS 1, not mapped", S1, 0xff, 0xff, tr_s1 },
	{ "Config 000", S1, 0, 0, config_0 },
	{ "Config 100", S1, 7, 7, config_bypass },
	{ "EATS 0", S1, 7, 7, eats_0 },
	{ "C_BAD_STREAMID", S1, 0, 2, bad_streamid },
	{ "F_STE_FETCH", S1, 0, 3, ste_poison },
	{ "C_BAD_STE", S1, 0, 4, ste_v0 },
	{ "C_BAD_STE, EATS", S1, 0, 4, illegal_eats },
	{ "F_STREAM_DISABLED", S1, 0, 6, disabled_0 },
};

START_TEST(translated_transactions)
{
	for (unsigned m = 0; m < 8; m++) {
		bool rec = m & 1, chk = m & 2, inv = m & 4;
		struct st_opt o = { .two_level = true,
			            .cr2 = (inv ? RECINVSID : 0) | (rec ? REC_CFG_ATS : 0),
			            .cr0 = chk ? 1 << 4 : 0,
			            .idr0_set = 1 << 23 };
		unsigned event = chk ? rec ? translated[_i].rec : translated[_i].event : 0xff;
		uint64_t want[4], ev[4] = { 0 };
		struct st_stream s;
		struct xl_res r;
		struct xl_req q;
		struct st t;

		failing = 0;
		st_open(&t, &o);
		stream(&t, &s, translated[_i].stages);
		s.ste[1] |= UINT64_C(1) << 28;
		q = st_req(&t, 0x5678, XL_R);
		translated[_i].make(&t, &s, &q, want);
		q.at = XL_TRANSLATED;
		put_stream(&t, &s);
		if (failing)
			mem_poison(t.r->m, failing, true);
		r = st_run(&t, &q);
		if (event == 0xff) {
			must(r.ok && r.spa == q.iova, "%s, ATSCHK %d: event 0x%x", translated[_i].what, chk, r.code);
			ck_assert(!st_event(&t, ev));
		} else {
			must(!r.ok && st_event(&t, ev) == (event != 0) && (ev[0] & 0xff) == event,
			     "%s, REC_CFG_ATS %d RECINVSID %d: event 0x%lx", translated[_i].what, rec, inv, ev[0] & 0xff);
		}
		st_close(&t);
	}
}
END_TEST

/* A translated address above OAS: aborted silently (or cut), never passed. */
START_TEST(translated_too_wide)
{
	struct st_opt o = { .cr0 = _i ? 1 << 4 : 0 };
	struct st_stream s;
	struct xl_req q;
	struct xl_res r;
	struct st t;

	st_open(&t, &o);
	stream(&t, &s, S1);
	s.ste[1] |= UINT64_C(1) << 28;
	put_stream(&t, &s);
	q = st_req(&t, ST_B(50) | 0x5000, XL_R);
	q.at = XL_TRANSLATED;
	r = st_run(&t, &q);
	must(!r.ok || r.spa == 0x5000, "passed with address %lx", r.spa);
	ck_assert_uint_eq(st_drop_events(&t), 0);
	st_close(&t);
}
END_TEST

/* ---- coverage ---- */

static const struct {
	uint8_t code;
	const char *name, *reason;
} all_events[] = {
	{ 0x01, "F_UUT", "never generated: every request of the model is supported" },
	{ 0x02, "C_BAD_STREAMID", NULL },
	{ 0x03, "F_STE_FETCH", NULL },
	{ 0x04, "C_BAD_STE", NULL },
	{ 0x05, "F_BAD_ATS_TREQ", NULL },
	{ 0x06, "F_STREAM_DISABLED", NULL },
	{ 0x07, "F_TRANSL_FORBIDDEN", NULL },
	{ 0x08, "C_BAD_SUBSTREAMID", NULL },
	{ 0x09, "F_CD_FETCH", NULL },
	{ 0x0a, "C_BAD_CD", NULL },
	{ 0x0b, "F_WALK_EABT", NULL },
	{ 0x10, "F_TRANSLATION", NULL },
	{ 0x11, "F_ADDR_SIZE", NULL },
	{ 0x12, "F_ACCESS", NULL },
	{ 0x13, "F_PERMISSION", NULL },
	{ 0x20, "F_TLB_CONFLICT", "never generated: BBML 2, a second hit is not looked for" },
	{ 0x21, "F_CFG_CONFLICT", "never generated: CONT does not widen a hit" },
	{ 0x24, "E_PAGE_REQUEST", "never generated: an optional hint" },
	{ 0x25, "F_VMS_FETCH", NULL },
};

START_TEST(coverage)
{
	unsigned seen[0x26] = { 0 }, covered = 0;
	char msg[400];

	for (unsigned i = 0; i < ARRAY_LEN(events); i++)
		seen[events[i].code] += produce(i, msg, sizeof msg);
	for (unsigned i = 0; i < ARRAY_LEN(all_events); i++) {
		unsigned n = seen[all_events[i].code];

		covered += n != 0;
		if (n)
			printf("event 0x%02x %-20s %2u ways\n", all_events[i].code, all_events[i].name, n);
		else
			printf("event 0x%02x %-20s %s\n", all_events[i].code, all_events[i].name,
			       all_events[i].reason ? all_events[i].reason : "NOT SEEN");
		must(!n == !!all_events[i].reason, "event 0x%02x", all_events[i].code);
	}
	printf("events covered: %u of %u; command errors: 3 of 3 (CERROR_ILL, CERROR_ABT, CERROR_ATC_INV_SYNC)\n", covered,
	       (unsigned)ARRAY_LEN(all_events));
	fflush(stdout);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_events");
	TCase *t = tcase_create("events");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_event, 0, (int)ARRAY_LEN(events));
	tcase_add_test(t, streamid_not_recorded);
	tcase_add_test(t, disabled_unit);
	tcase_add_loop_test(t, stream_table_geometry, 0, (int)ARRAY_LEN(geometries));
	tcase_add_test(t, prefetches);
	tcase_add_loop_test(t, illegal_commands, 0, (int)ARRAY_LEN(commands));
	tcase_add_test(t, aborted_and_timed_out);
	tcase_add_loop_test(t, ste_rules_hold, 0, (int)ARRAY_LEN(ste_rules));
	tcase_add_test(t, ste_config_first);
	tcase_add_loop_test(t, cd_rules_hold, 0, (int)ARRAY_LEN(cd_rules));
	tcase_add_loop_test(t, cd_rules_of_worlds, 0, 2);
	tcase_add_loop_test(t, substream_routing, 0, 16);
	tcase_add_loop_test(t, fault_configuration, 0, 12);
	tcase_add_test(t, fault_configuration_not);
	tcase_add_loop_test(t, translation_requests, 0, (int)ARRAY_LEN(treqs));
	tcase_add_loop_test(t, granted, 0, 2);
	tcase_add_loop_test(t, granted_httu, 0, 2);
	tcase_add_test(t, granted_nothing_nested);
	tcase_add_loop_test(t, granted_bypass, 0, 2);
	tcase_add_loop_test(t, split_stage, 0, 2);
	tcase_add_loop_test(t, split_stage_addresses, 0, 4);
	tcase_add_loop_test(t, translated_transactions, 0, (int)ARRAY_LEN(translated));
	tcase_add_loop_test(t, translated_too_wide, 0, 2);
	tcase_add_test(t, coverage);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
