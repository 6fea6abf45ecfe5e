/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invalidations against walks in flight, through the command queue (support/races.h), and random guests (support/race_guests.h): the wait
 * is the last CMD_SYNC, over once it is consumed. Then structures and tables of any content, where timed and zero-time answers must agree.
 */
#include "smmuv3_tables.h"

enum change { S1_LEAF, S1_GLOBAL, S1_PIECES, S2_LEAF, S1_TABLE, S2_TABLE, CD_WORDS, STE_WORDS, L1CD_WORD, L1STD_WORD, CD_S2 };
struct kind {
	const char *name;
	unsigned stages; /* 1, 2, 3 */
	enum change what;
	int leaf; /* level of the leaf that changes */
	uint64_t cmd[2], w1[2];
};
#define TAB(f) st_##f
#define RACE_OWN                                                                                                               \
	struct st t;                                                                                                           \
	struct st_stream s, n; /* n: what a new STE or CD leads to */                                                          \
	uint64_t dir;
#include "races.h"

#define IPA  UINT64_C(0x1766600000)
#define SSID 70
#define NH_ALL       ST_TLBI(0x10, ST_VMID, 0)
#define NH_ASID      ST_TLBI(0x11, ST_VMID, ST_ASID)
#define NH_VA        ST_TLBI(0x12, ST_VMID, ST_ASID)
#define NH_VAA       ST_TLBI(0x13, ST_VMID, 0)
#define S12_VMALL    ST_TLBI(0x28, ST_VMID, 0)
#define S2_IPA       ST_TLBI(0x2a, ST_VMID, 0)
#define SIDC(op)     ((op) | (uint64_t)ST_SID << 32)
#define RANGE(pages) ((uint64_t)((pages)-1) << 12)
static const struct kind kinds[] = {
	{ "stage 1, NH_VA", 1, S1_LEAF, 3, { NH_VA }, { VA | 1 } },
	{ "stage 1, NH_VA, tables too", 1, S1_LEAF, 3, { NH_VA }, { VA } },
	{ "stage 1, global page, NH_VA of another ASID", 1, S1_GLOBAL, 3, { ST_TLBI(0x12, ST_VMID, 0x77) }, { VA | 1 } },
	{ "nested, global page, NH_VA of another ASID", 3, S1_GLOBAL, 3, { ST_TLBI(0x12, ST_VMID, 0x77) }, { VA } },
	{ "stage 1, NH_VAA", 1, S1_LEAF, 3, { NH_VAA }, { VA | 1 } },
	{ "stage 1, NH_ASID", 1, S1_LEAF, 3, { NH_ASID }, { 0 } },
	{ "stage 1, NH_ALL", 1, S1_LEAF, 3, { NH_ALL }, { 0 } },
	{ "stage 1, NSNH_ALL", 1, S1_LEAF, 3, { 0x30 }, { 0 } },
	{ "stage 1, S12_VMALL", 1, S1_LEAF, 3, { S12_VMALL }, { 0 } },
	{ "stage 1, range", 1, S1_LEAF, 3, { NH_VA | RANGE(4) }, { (VA - 0x2000) | 0x400 | 1 } },
	{ "stage 1, TTL 3", 1, S1_LEAF, 3, { NH_VA }, { VA | 0x700 | 1 } },
	{ "stage 1, 2 MiB, another address of it", 1, S1_LEAF, 2, { NH_VA }, { (VA + 0x5000) | 1 } },
	{ "stage 1, 2 MiB, TTL 2", 1, S1_LEAF, 2, { NH_VA | 9 << 20 }, { VA | 0x600 | 1 } },
	{ "stage 1, 2 MiB, a range that touches it", 1, S1_LEAF, 2, { NH_VAA | RANGE(2) }, { (VA + 0x1ff000) | 0x400 | 1 } },
	{ "stage 1 table, NH_VA", 1, S1_TABLE, 3, { NH_VA }, { VA } },
	{ "stage 1 table, NH_ASID", 1, S1_TABLE, 3, { NH_ASID }, { 0 } },
	{ "stage 1 table, NH_VAA", 1, S1_TABLE, 3, { NH_VAA }, { VA } },
	{ "stage 2, S2_IPA", 2, S2_LEAF, 3, { S2_IPA }, { VA | 1 } },
	{ "stage 2, 2 MiB, S2_IPA", 2, S2_LEAF, 2, { S2_IPA }, { (VA + 0x5000) | 1 } },
	{ "stage 2, S12_VMALL", 2, S2_LEAF, 3, { S12_VMALL }, { 0 } },
	{ "stage 2 table, S2_IPA", 2, S2_TABLE, 3, { S2_IPA }, { VA } },
	{ "stage 2, NSNH_ALL", 2, S2_LEAF, 3, { 0x30 }, { 0 } },
	{ "stage 2, range", 2, S2_LEAF, 3, { S2_IPA | RANGE(4) }, { (VA - 0x1000) | 0x700 | 1 } },
	{ "nested, stage 1, NH_VA", 3, S1_LEAF, 3, { NH_VA }, { VA | 1 } },
	{ "nested, stage 1, NH_ASID", 3, S1_LEAF, 3, { NH_ASID }, { 0 } },
	{ "nested, stage 1, 2 MiB", 3, S1_LEAF, 2, { NH_VA }, { (VA + 0x3000) | 1 } },
	{ "nested, stage 1 block over stage 2 pages", 3, S1_PIECES, 3, { NH_VA }, { (VA + 0x5000) | 1 } },
	{ "the same, NH_VAA with TTL 2", 3, S1_PIECES, 3, { NH_VAA }, { VA | 0x600 | 1 } },
	{ "nested, stage 1 table", 3, S1_TABLE, 3, { NH_VA }, { VA } },
	{ "nested, stage 2, S2_IPA and NH_ALL", 3, S2_LEAF, 3, { S2_IPA, NH_ALL }, { IPA | 1, 0 } },
	{ "nested, stage 2, S2_IPA and NH_VAA", 3, S2_LEAF, 3, { S2_IPA, NH_VAA }, { IPA | 1, VA | 1 } },
	{ "nested, stage 2, S12_VMALL", 3, S2_LEAF, 3, { S12_VMALL }, { 0 } },
	{ "nested, stage 2, 2 MiB", 3, S2_LEAF, 2, { S2_IPA, NH_ALL }, { (IPA + 0x7000) | 1, 0 } },
	{ "nested, stage 2 table", 3, S2_TABLE, 3, { S2_IPA, NH_ALL }, { IPA, 0 } },
	{ "nested, stage 2, NSNH_ALL", 3, S2_TABLE, 3, { 0x30 }, { 0 } },
	{ "CD, CFGI_CD", 1, CD_WORDS, 3, { SIDC(0x05) | SSID << 12 }, { 1 } },
	{ "CD, CFGI_CD_ALL", 1, CD_WORDS, 3, { SIDC(0x06) }, { 0 } },
	{ "CD, CFGI_STE", 1, CD_WORDS, 3, { SIDC(0x03) }, { 1 } },
	{ "CD, CFGI_ALL", 1, CD_WORDS, 3, { 0x04 }, { 0x1f } },
	{ "CD, nested, CFGI_CD", 3, CD_WORDS, 3, { SIDC(0x05) | SSID << 12 }, { 1 } },
	{ "CD, nested, CFGI_CD_ALL", 3, CD_WORDS, 3, { SIDC(0x06) }, { 0 } },
	{ "STE, CFGI_STE", 1, STE_WORDS, 3, { SIDC(0x03) }, { 1 } },
	{ "STE, CFGI_STE_RANGE", 1, STE_WORDS, 3, { SIDC(0x04) }, { 3 } },
	{ "STE, CFGI_ALL", 3, STE_WORDS, 3, { 0x04 }, { 0x1f } },
	{ "STE, nested, CFGI_STE", 3, STE_WORDS, 3, { SIDC(0x03) }, { 1 } },
	{ "L1CD, CFGI_CD", 1, L1CD_WORD, 3, { SIDC(0x05) | SSID << 12 }, { 0 } },
	{ "L1CD, nested, CFGI_CD", 3, L1CD_WORD, 3, { SIDC(0x05) | SSID << 12 }, { 0 } },
	{ "L1CD, CFGI_CD_ALL", 1, L1CD_WORD, 3, { SIDC(0x06) }, { 0 } },
	{ "L1CD, CFGI_STE", 1, L1CD_WORD, 3, { SIDC(0x03) }, { 1 } },
	{ "L1STD, CFGI_STE", 1, L1STD_WORD, 3, { SIDC(0x03) }, { 0 } },
	{ "L1STD, CFGI_STE_RANGE", 3, L1STD_WORD, 3, { UINT64_C(0x04) }, { 5 } },
	{ "L1STD, CFGI_ALL", 1, L1STD_WORD, 3, { 0x04 }, { 0x1f } },
	{ "stage 2 under the CD, S2_IPA and CFGI_CD", 3, CD_S2, 3, { S2_IPA, SIDC(0x05) | SSID << 12 }, { 0, 1 } },
	{ "stage 2 under the CD, S12_VMALL and CFGI_STE", 3, CD_S2, 3, { S12_VMALL, SIDC(0x03) }, { 0, 1 } },
};
enum { KINDS = ARRAY_LEN(kinds) };

static void tbu(struct smmuv3_cfg *c)
{
	c->utlb.entries = 4;
	c->tbu = c->tlb;
	c->link_cyc = 8;
}
static void tbu_stream(struct smmuv3_cfg *c)
{
	tbu(c);
	c->tbu_tag = SMMUV3_TAG_STREAM;
}
static void split(struct smmuv3_cfg *c)
{
	c->tlb_split = true;
	c->walk_unified = true;
}
static void tiny(struct smmuv3_cfg *c)
{
	struct xc_cfg *all[] = { &c->tlb, &c->ipa, &c->l1std, &c->ste, &c->l1cd, &c->cd };

	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		all[i]->entries = all[i]->ways = i == 0 ? 2 : 1;
	c->unit.merge = false;
	c->unit.walkers = 1;
	split(c);
	tbu_stream(c);
}
static void two_ports(struct smmuv3_cfg *c)
{
	tbu(c);
	split(c);
	c->unit.ports = 2;
}
static void two_ports_by_stream(struct smmuv3_cfg *c)
{
	tbu_stream(c);
	c->unit.ports = 2;
	c->utlb.entries = 0;
}
static void (*const shapes[])(struct smmuv3_cfg *c) = { NULL, tbu, tbu_stream, split, tiny, two_ports, two_ports_by_stream };

/* A second set of tables whose page lies at NEW. */
static void other_stream(struct race *r, const struct kind *k)
{
	struct st *t = &r->t;

	r->n = r->s;
	r->n.cdp = st_alloc(t, 12);
	r->n.s1 = st_tab_new(t, 12, 48, 0, false, r->s.s2.g ? &r->s.s2 : NULL, r->s.s1.off);
	if (r->s.s2.g) {
		st_map(t, &r->s.s2, r->n.cdp + r->s.s1.off, r->n.cdp, 3, ST_S2);
		st_map(t, &r->s.s2, IPA + ST_B(21), NEW, 3, ST_S2);
	}
	r->n.cd[0] = (r->s.cd[0] & ~bits_mask(63, 48)) | (uint64_t)(ST_ASID + 1) << 48;
	r->n.cd[1] = r->n.s1.root + r->s.s1.off;
	st_map(t, &r->n.s1, VA, k->stages == 3 ? IPA + ST_B(21) : NEW, 3, ST_S1);
	for (unsigned i = 0; i < 8; i++)
		st_put(t, r->n.cdp + 64 * (SSID & 63) + 8 * i, r->n.cd[i]);
}

static void build(struct race *r, const struct kind *k, bool httu, void (*set)(struct smmuv3_cfg *c))
{
	struct st_opt o = { .caches = 32, .two_level = true, .tweak = set, .cr0 = 16 };
	struct st *t = &r->t;
	struct st_stream *s = &r->s;

	memset(r, 0, sizeof *r);
	st_open(t, &o);
	s->sid = ST_SID;
	if (k->stages & 2)
		st_stage2(t, s, 12, 48, 0);
	if (k->stages & 1) {
		uint64_t dir;

		st_stage1(t, s, 12, 48);
		/* 2-level CD table: block 1 */
		dir = r->dir = st_alloc(t, 12);
		if (k->stages == 3)
			st_map(t, &s->s2, dir + s->s1.off, dir, 3, ST_S2);
		st_put(t, dir + 8, (s->cdp + s->s1.off) | 1);
		s->ste[0] = (s->ste[0] & ~bits_mask(55, 6)) | (dir + s->s1.off) | 1 << 4 | UINT64_C(8) << 59;
		s->ste[1] |= UINT64_C(1) << 28; /* EATS */
		s->cd[0] |= httu ? ST_B(42) | ST_B(43) : 0;
		st_map(t, &s->s1, VA, k->stages == 3 ? IPA : OLD,
		       k->what == S1_PIECES ? 2
		       : k->what == S1_LEAF ? k->leaf
		                            : 3,
		       (httu ? ST_NG | ST_AP1 | ST_AP2 | ST_DBM : ST_S1) & ~(k->what == S1_GLOBAL ? (uint64_t)ST_NG : 0));
	}
	if (k->stages & 2) {
		uint64_t ia = k->stages == 3 ? IPA : VA;

		s->ste[2] |= httu ? ST_B(55) | ST_B(56) : 0;
		st_map(t, &s->s2, ia, OLD, k->what == S2_LEAF || k->what == S1_LEAF ? k->leaf : 3,
		       httu ? (ST_S2 & ~(ST_AF | ST_S2W)) | ST_DBM : ST_S2);
	}
	for (unsigned i = 0; i < 8; i++) {
		st_put(t, s->cdp + 64 * (SSID & 63) + 8 * i, s->cd[i]);
		st_put(t, st_ste_at(t, ST_SID) + 8 * i, s->ste[i]);
	}
	if (k->stages & 1)
		other_stream(r, k);
	if (k->stages == 3 && k->leaf == 2) /* what the changed stage-1 block leads to */
		st_map(t, &s->s2, IPA + ST_B(21), NEW, 2, ST_S2);
}

/* A new last-level table in place of the old one. */
static void new_table(struct race *r, struct st_tab *p, uint64_t ia, uint64_t out)
{
	struct st *t = &r->t;
	uint64_t n = st_alloc(t, 12);

	st_put(t, n + 8 * (ia >> 12 & 511), st_leaf(p, out, 3, p->s2 ? ST_S2 : ST_S1));
	if (p->under)
		st_map(t, p->under, n + p->off, n, 3, ST_S2);
	st_put(t, st_entry(t, p, ia, 2), (n + p->off) | 3);
}

static void change(struct race *r, const struct kind *k)
{
	struct st *t = &r->t;
	struct st_stream *s = &r->s;
	uint64_t ia = k->stages == 3 ? IPA : VA, out1 = k->stages == 3 ? IPA + ST_B(21) : NEW, n, cmd1 = k->w1[0];

	switch (k->what) {
	case S1_LEAF:
		st_map(t, &s->s1, VA, out1, k->leaf, ST_S1);
		break;
	case S1_GLOBAL:
		st_map(t, &s->s1, VA, out1, 3, ST_S1 & ~ST_NG);
		break;
	case S1_PIECES:
		st_map(t, &s->s1, VA, out1, 2, ST_S1);
		break;
	case S2_LEAF:
		st_map(t, &s->s2, ia, NEW, k->leaf, ST_S2);
		break;
	case S1_TABLE:
		new_table(r, &s->s1, VA, out1);
		break;
	case S2_TABLE:
		new_table(r, &s->s2, ia, NEW);
		break;
	case CD_WORDS: /* as software must: the word with V last */
		st_put(t, s->cdp + 64 * (SSID & 63), 0);
		st_put(t, s->cdp + 64 * (SSID & 63) + 8, r->n.cd[1]);
		st_put(t, s->cdp + 64 * (SSID & 63), r->n.cd[0]);
		break;
	case STE_WORDS:
	case L1STD_WORD:
		n = st_alloc(t, 12); /* a directory that leads to the other CDs */
		if (k->stages == 3)
			st_map(t, &s->s2, n + s->s1.off, n, 3, ST_S2);
		st_put(t, n + 8, (r->n.cdp + s->s1.off) | 1);
		r->n.ste[0] = (s->ste[0] & ~bits_mask(55, 6)) | (n + s->s1.off);
		if (k->what == STE_WORDS) {
			st_put(t, st_ste_at(t, ST_SID), r->n.ste[0]);
			break;
		}
		n = st_alloc(t, 12);
		for (unsigned i = 0; i < 8; i++)
			st_put(t, n + 64 * ST_SID + 8 * i, r->n.ste[i]);
		st_put(t, RIG_STRTAB, n | 7);
		break;
	case L1CD_WORD:
		st_put(t, r->dir + 8, (r->n.cdp + s->s1.off) | 1);
		break;
	case CD_S2: /* the IPA of the CD leads elsewhere */
		st_map(t, &s->s2, s->cdp + s->s1.off, r->n.cdp, 3, ST_S2);
		cmd1 = (k->cmd[0] & 0xff) == 0x2a ? (s->cdp + s->s1.off) | 1 : 0;
		break;
	}
	st_cmd(t, k->cmd[0], cmd1);
	if (k->cmd[1]) {
		st_cmd(t, 0x46, 0);
		st_cmd(t, k->cmd[1], k->w1[1]);
	}
	st_cmd(t, 0x46, 0);
	tail(t->r);
	r->sent = true;
}

static struct xl_req request(struct race *r, const struct kind *k, enum how how)
{
	struct xl_req q = st_req(&r->t, VA + 0x80, how == DMA ? XL_W : XL_R);

	q.has_pasid = k->stages & 1;
	q.pasid = q.has_pasid ? SSID : 0;
	q.at = how == ATS && q.has_pasid ? XL_TRANSLATION_REQ : XL_UNTRANSLATED;
	return q;
}

static void prefetch(struct race *r, const struct xl_req *q)
{
	st_cmd(&r->t, SIDC(0x02) | (q->has_pasid ? 0x800 | SSID << 12 : 0), VA);
}

static uint64_t elsewhere(const struct kind *k)
{
	return k->leaf == 2 && k->stages != 3 ? 0x9000 : 0;
}

START_TEST(every_event)
{
	void (*set)(rig_cfg * c) = shapes[_i / KINDS];

	race_every_event(&kinds[_i % KINDS], set, set == NULL ? 2 * HOWS : 2);
}
END_TEST

START_TEST(negative_control)
{
	if (kinds[_i].what == L1CD_WORD || kinds[_i].what == L1STD_WORD ||
	    kinds[_i].what == CD_S2) /* hidden by the cached CD: dropping is what shows */
		return;
	(void)race_at(&kinds[_i], 1000, DMA, false, NULL, true);
}
END_TEST

START_TEST(drains_before_completion)
{
	race_drains(&kinds[_i], NULL);
}
END_TEST

/* ---- random guests ---- */

enum { STREAMS = 7 /* the last one shares address space and CD with stream 4 */, PAGES = 10 };
#define GUESTS_OWN                                                                                                             \
	struct st t;                                                                                                           \
	struct st_stream s[STREAMS];                                                                                           \
	uint64_t alt_cd[STREAMS][2]; /* words 0 and 1 of the other CD */
#include "race_guests.h"

static uint64_t va_of(unsigned i)
{
	static const uint64_t at[PAGES] = { 0x1000,   0x2000,     0x3000,     0x200000,     0x205000,
		                            0x400000, 0x40000000, 0x40001000, 0x8000000000, 0x8000200000 };

	return at[i];
}

static unsigned vmid_of(const struct st_stream *s)
{
	return s->ste[2] & 0xffff;
}

static unsigned asid_of(const struct st_stream *s)
{
	return (unsigned)(s->cd[0] >> 48);
}

/* A leaf of stage 1 or 2 becomes another page, a block, read-only, or nothing. Blocks and pages never replace one another in place. */
static void chaos_map(struct chaos *c)
{
	struct st_stream *s = &c->s[pick(c, STREAMS - 1)];
	bool s2 = s->s2.g && (!s->s1.g || pick(c, 2));
	struct st_tab *p = s2 ? &s->s2 : &s->s1;
	unsigned i = pick(c, PAGES), kind = pick(c, 6);
	uint64_t ia = va_of(i), out = s->s1.g && s->s2.g && !s2 ? va_of(pick(c, PAGES)) : OLD + UINT64_C(0x1000) * pick(c, 64);
	uint64_t bits = s2 ? ST_S2 : ST_S1;
	int level = i == 5 || i == 9 ? 2 : 3;

	if (s2 && s->s1.g && level == 2)
		out = OLD + ST_B(21) * pick(c, 4);
	bits &= kind == 1 ? ~(uint64_t)ST_S2W : ~UINT64_C(0);
	bits |= kind == 1 && !s2 ? ST_AP2 : 0;
	bits &= kind == 2 ? ~(uint64_t)ST_AF : ~UINT64_C(0);
	bits |= kind == 1 || kind == 2 ? ST_DBM : 0; /* counts where HTTU is on */
	(void)st_map(&c->t, p, ia, out, level, bits);
	if (kind == 4)
		st_edit(&c->t, st_entry(&c->t, p, ia, level), 0, 1);
	if (!s2) {
		switch (pick(c, 5)) {
		case 0:
			pending(c, ST_TLBI(0x13, vmid_of(s), 0), ia | 1);
			break;
		case 1:
			pending(c, ST_TLBI(0x10, vmid_of(s), 0), 0);
			break;
		case 2:
			pending(c, ST_TLBI(0x12, vmid_of(s), asid_of(s)) | UINT64_C(3) << 12, (ia & ~UINT64_C(0xfff)) | 0x400);
			break;
		case 3:
			pending(c, ST_TLBI(0x12, vmid_of(s), asid_of(s)), ia | (level == 2 ? 0 : 0x700) | 1);
			break;
		default:
			pending(c, ST_TLBI(0x12, vmid_of(s), asid_of(s)), (ia + (level == 2 ? 0x6000 : 0)) | 1);
			break;
		}
		return;
	}
	if (pick(c, 3)) {
		pending(c, ST_TLBI(0x2a, vmid_of(s), 0), ia | 1);
		if (s->s1.g)
			pending(c, ST_TLBI(0x10, vmid_of(s), 0), 0);
	} else {
		pending(c, ST_TLBI(0x28, vmid_of(s), 0), 0);
	}
}

/* STE between valid, abort and bypass; CD to the other one. */
static void chaos_config(struct chaos *c)
{
	unsigned i = pick(c, STREAMS);
	struct st_stream *s = &c->s[i];
	uint64_t at = st_ste_at(&c->t, s->sid);

	if (i < STREAMS - 1 && s->s1.g && pick(c, 2)) {
		uint64_t w[2] = { s->cd[0], s->cd[1] };

		s->cd[0] = c->alt_cd[i][0];
		s->cd[1] = c->alt_cd[i][1];
		c->alt_cd[i][0] = w[0];
		c->alt_cd[i][1] = w[1];
		s->s1.root = s->cd[1] - s->s1.off;
		st_put(&c->t, s->cdp, 0);
		st_put(&c->t, s->cdp + 8, s->cd[1]);
		st_put(&c->t, s->cdp, s->cd[0]);
		for (unsigned sid = s->sid; sid; sid = i == 4 && sid != c->s[STREAMS - 1].sid ? c->s[STREAMS - 1].sid : 0)
			switch (pick(c, 3)) {
			case 0:
				pending(c, ST_CFGI_CD(sid, 0, 1));
				break;
			case 1:
				pending(c, ST_CFGI_CD_ALL(sid));
				break;
			default:
				pending(c, ST_CFGI_STE(sid, 1));
				break;
			}
		return;
	}
	st_put(&c->t, at, pick(c, 3) ? s->ste[0] : pick(c, 2) ? 1 | 4 << 1 : pick(c, 2) ? 1 : 0);
	if (pick(c, 2))
		pending(c, ST_CFGI_STE(s->sid, pick(c, 2)));
	else
		pending(c, 0x04 | (uint64_t)s->sid << 32, pick(c, 2) ? 31 : pick(c, 4));
}

static struct xl_req chaos_req(struct chaos *c)
{
	struct xl_req q = st_req(&c->t, va_of(pick(c, PAGES)) + 64 * pick(c, 4) + (pick(c, 4) ? 0 : 0x4000), pick(c, 2) ? XL_R : XL_W);

	if (!pick(c, 4))
		q.iova = UINT64_C(0x600000) + 0x1000 * (uint64_t)pick(c, 6);
	q.rid = c->s[pick(c, STREAMS)].sid;
	q.acc |= pick(c, 4) ? 0 : XL_PRIV;
	return q;
}

static void chaos_commands(struct chaos *c)
{
	for (unsigned i = 0; i < c->n_pending; i++) {
		st_cmd(&c->t, c->pending[i].w0, c->pending[i].w1);
		if ((c->pending[i].w0 & 0xff) == 0x2a) /* stage 2 before stage 1, each complete */
			st_cmd(&c->t, 0x46, 0);
	}
}

/*
 * A table becomes a block or the other way round, break before make: 2 MiB at REGION. Under a stage 2 of pages the block is cached in
 * pieces, which a command for any of its addresses has to find.
 */
#define REGION UINT64_C(0x600000)
static void chaos_remake(struct chaos *c)
{
	struct st_stream *s = &c->s[pick(c, STREAMS - 1)];
	bool s2 = s->s2.g && (!s->s1.g || pick(c, 2)), nested = s->s1.g && s->s2.g, was_block;
	struct st_tab *p = s2 ? &s->s2 : &s->s1;
	uint64_t at, out = nested && !s2 ? ST_B(21) * pick(c, 4) : OLD + ST_B(21) * pick(c, 4),
	             any = REGION + 0x1000 * (uint64_t)pick(c, 512);

	(void)st_map(&c->t, p, 0x1000, OLD, 3, s2 ? ST_S2 : ST_S1); /* the tables above exist */
	pending(c, s2 ? ST_TLBI(0x28, vmid_of(s), 0) : ST_TLBI(0x13, vmid_of(s), 0), s2 ? 0 : 0x1001);
	at = st_entry(&c->t, p, REGION, 2);
	was_block = (st_get(&c->t, at) & 3) == 1;
	st_put(&c->t, at, 0);
	if (s2 && pick(c, 2))
		pending(c, ST_TLBI(0x28, vmid_of(s), 0), 0);
	else if (s2)
		pending(c, ST_TLBI(0x2a, vmid_of(s), 0) | UINT64_C(31) << 12 | 4 << 20, REGION | 0x400);
	else if (was_block)
		pending(c, ST_TLBI(0x12, vmid_of(s), asid_of(s)), any | pick(c, 2));
	else if (pick(c, 2))
		pending(c, ST_TLBI(0x13, vmid_of(s), 0) | UINT64_C(31) << 12 | 4 << 20, REGION | 0x400);
	else
		pending(c, ST_TLBI(0x11, vmid_of(s), asid_of(s)), 0);
	if (s2 && nested)
		pending(c, ST_TLBI(0x10, vmid_of(s), 0), 0);
	chaos_wait(c);
	if (!was_block && pick(c, 4)) {
		(void)st_map(&c->t, p, REGION, out, 2, s2 ? ST_S2 : ST_S1);
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		(void)st_map(&c->t, p, REGION + 0x1000 * (uint64_t)i, out + 0x1000 * (uint64_t)pick(c, 8), 3, s2 ? ST_S2 : ST_S1);
}

static void chaos_open(struct chaos *c, uint64_t seed, void (*set)(struct smmuv3_cfg *c))
{
	struct st_opt o = { .caches = 16, .two_level = true, .tweak = set };

	memset(c, 0, sizeof *c);
	rng_seed(&c->g, seed);
	st_open(&c->t, &o);
	for (unsigned i = 0; i < STREAMS - 1;
	     i++) { /* 0 to 3: stage 1 (two of a VMID), 1 stage 2; 4, 5: nested with the stage 2 of one VMID */
		struct st_stream *s = &c->s[i];

		s->sid = 0x30 + i;
		s->ste[2] = i < 2 ? 0x10 : i == 2 ? 0x11 : i == 3 ? 0x12 : 0x13;
		if (i == 3 || i == 4)
			s->ste[2] |= ST_B(55) | ST_B(56);
		if (i == 5) {
			s->s2 = c->s[4].s2;
			memcpy(s->ste, c->s[4].ste, sizeof s->ste);
			s->ste[0] = 1 | 6 << 1;
		} else if (i >= 3) {
			st_stage2(&c->t, s, 12, 48, 0);
		}
		if (i != 3) {
			st_stage1(&c->t, s, 12, 48);
			s->cd[0] = (s->cd[0] & ~bits_mask(63, 48)) | (uint64_t)(0x60 + 2 * i) << 48;
			s->cd[0] |= i == 2 || i == 4 ? ST_B(42) | ST_B(43) : 0;
			c->alt_cd[i][0] = (s->cd[0] & ~bits_mask(63, 48)) | (uint64_t)(0x61 + 2 * i) << 48;
			c->alt_cd[i][1] = st_tab_new(&c->t, 12, 48, 0, false, i >= 4 ? &s->s2 : NULL, s->s1.off).root + s->s1.off;
		}
		st_put_both(&c->t, s);
	}
	c->s[STREAMS - 1] = c->s[4];
	c->s[STREAMS - 1].sid = 0x30 + STREAMS;
	st_put_ste(&c->t, &c->s[STREAMS - 1]);
	for (unsigned i = 0; i < 200; i++) {
		c->n_pending = 0;
		chaos_map(c);
	}
	c->n_pending = 0;
}

/* No global pages: two CDs of one VMID would disagree about them, which software must not do. */
static void chaos_change(struct chaos *c)
{
	if (pick(c, 4))
		chaos_map(c);
	else
		chaos_config(c);
}

static void chaos_round(struct chaos *c)
{
	if (!pick(c, 3))
		chaos_remake(c);
}

static bool same_cause(const struct xl_res *a, const struct xl_res *b)
{
	return a->info[1] == b->info[1];
}

START_TEST(random_guests)
{
	static struct chaos c;

	for (uint64_t seed = 1; seed <= 6; seed++) {
		chaos_open(&c, seed * 1000 + (uint64_t)_i, shapes[_i]);
		chaos_run(&c, 150, false);
		ck_assert_uint_gt(c.agreed, c.compared / 4);
		st_close(&c.t);
	}
}
END_TEST

static void ignore(struct smmuv3_cfg *c)
{
	c->ignore_invalidations = true;
}

START_TEST(random_guests_ignored)
{
	static struct chaos c;

	chaos_open(&c, 77, ignore);
	chaos_run(&c, 150, true);
	must(c.wrong > c.compared / 20, "%lu of %lu wrong", c.wrong, c.compared);
	st_close(&c.t);
}
END_TEST

/* ---- hostile guests: structures and tables of any content ---- */

enum { HOSTILE_PAGES = 24 };
static unsigned over_seed; /* of hostile_config() */

static uint64_t page_at(struct chaos *c)
{
	return 0x200000 + 0x10000 * (uint64_t)pick(c, HOSTILE_PAGES); /* 64 KiB each */
}

/* A descriptor that leads somewhere, more often than not. */
static uint64_t descriptor(struct chaos *c)
{
	uint64_t r = rng_next(&c->g), d = page_at(c);

	switch (pick(c, 8)) {
	case 0:
		return r;
	case 1:
		return (r & ~bits_mask(47, 12)) | d | 3;
	case 2:
		return (r & (bits_mask(54, 50) | 0xffc)) | d | 1 | ST_AF;
	case 3:
		return OLD | 1 | ST_S1;
	case 4:
		return (r & bits_mask(63, 59)) | d | 3 | ST_S1;
	default:
		return d | 3 | ST_S1;
	}
}

static void flip(struct chaos *c, uint64_t *w, unsigned words, unsigned n)
{
	while (n-- > 0)
		w[pick(c, words)] ^= ST_B(pick(c, 64));
}

static void hostile_config(struct smmuv3_cfg *c)
{
	static const uint32_t idr0[] = { 0x084d369b, 0x084d369f, 0x080d36db, 0x0c8d3e9b, 0x0a6d26db, 0x080d369a, 0x080d3699 };
	static const uint32_t idr5[] = { 0x00400075, 0x004004f6, 0x00400475, 0x00400075, 0x00400074 };
	unsigned n = over_seed;

	c->idr0 = idr0[n % ARRAY_LEN(idr0)];
	c->idr5 = idr5[n / 7 % ARRAY_LEN(idr5)];
	c->idr3 |= n & 1 ? 0x202e0 : 0;
	c->idr1 |= n & 2 ? 1u << 26 : 0;
	c->aidr = n / 3 % 4;
	if (n & 4)
		tbu_stream(c);
	if (n & 8)
		split(c);
}

static void hostile_structures(struct chaos *c)
{
	struct st *t = &c->t;

	for (unsigned i = 0; i < 8; i++) {
		unsigned g = (unsigned[]){ 12, 14, 16 }[pick(c, 3)], bits = 30 + pick(c, 19);
		struct st_stream s = { .sid = 0x20 + i };

		if (pick(c, 3))
			s.ste[0] |= 1 | 5 << 1 | page_at(c) | (pick(c, 3) ? 0 : UINT64_C(3) << 59);
		if (!s.ste[0] || pick(c, 2)) {
			unsigned start = (unsigned)st_s1_start(g, bits);

			s.ste[0] |= 1 | 6 << 1;
			s.ste[2] |= (uint64_t)(64 - bits) << 32 | (uint64_t)(g == 12 ? (2 - start) & 3 : 3 - start) << 38 |
			            (g == 12   ? 0
			             : g == 16 ? 1ull
			                       : 2ull)
			                << 46 |
			            UINT64_C(5) << 48 | ST_B(51) | (rng_next(&c->g) & (UINT64_C(0x1e) << 52)) | (rng_next(&c->g) & 3);
			s.ste[3] |= page_at(c);
		}
		s.ste[1] |= rng_next(&c->g) & (3 | UINT64_C(0xf) << 48);
		s.ste[1] |= pick(c, 4) ? 0 : (rng_next(&c->g) & 3) << 28 | (uint64_t)pick(c, 2) << 31;
		flip(c, s.ste, 4, pick(c, 3));
		st_put_ste(t, &s);
	}
	for (unsigned i = 0; i < HOSTILE_PAGES; i++) {
		uint64_t at = 0x200000 + 0x10000 * (uint64_t)i;

		for (unsigned w = 0; w < 8; w++) { /* a CD at its begin, and eight descriptors: also as tables of every granule */
			unsigned g = pick(c, 3), bits = 25 + pick(c, 24);
			uint64_t cd[8] = { (64 - bits) | g << 6 | (uint64_t)(64 - bits) << 16 | (uint64_t)(1 + pick(c, 3)) << 22 |
				               ST_B(31) | UINT64_C(5) << 32 | ST_B(41) | UINT64_C(7) << 45 |
				               (rng_next(&c->g) & (UINT64_C(0x31ff) << 35)) | (uint64_t)pick(c, 4) << 48,
				           page_at(c) | (rng_next(&c->g) & 6), page_at(c), 0xff04 };

			flip(c, cd, 3, pick(c, 2));
			for (unsigned k = 0; k < 4 && w < 2; k++)
				st_put(t, at + 64 * w + 8 * k, cd[k]);
		}
		for (unsigned w = 16; w < 64; w++)
			st_put(t, at + 8 * w, descriptor(c));
		for (unsigned w = 0; w < 24; w++)
			st_put(t, at + 8 * (uint64_t)(rng_next(&c->g) % 8192), descriptor(c));
	}
}

static uint64_t hostile_address(struct chaos *c)
{
	static const uint8_t shift[3][4] = { { 12, 21, 30, 39 }, { 14, 25, 36, 47 }, { 16, 29, 42, 42 } };
	unsigned g = pick(c, 3), levels = 2 + pick(c, 3);
	uint64_t a = 0;

	for (unsigned l = 0; l < levels; l++)
		a |= (uint64_t)(16 + pick(c, 48)) << shift[g][l];
	switch (pick(c, 8)) {
	case 0:
		return rng_next(&c->g);
	case 1:
		return ~(a ^ 0xfff);
	case 2:
		return a | ST_B(pick(c, 64));
	default:
		return a;
	}
}

START_TEST(hostile_guests)
{
	static struct chaos c;
	unsigned compared = 0, ok = 0, faults[0x26] = { 0 }, kinds_seen = 0;

	for (unsigned seed = 0; seed < 250; seed++) {
		bool caches = seed % 4 == 3;
		struct st_opt o = { .tweak = hostile_config, .cr2 = seed % 5 & 3, .cr0 = seed & 1 ? 16 : 0, .caches = caches ? 8 : 0 };

		over_seed = seed * 4 + (unsigned)_i;
		memset(&c, 0, sizeof c);
		rng_seed(&c.g, over_seed);
		st_open(&c.t, &o);
		if (!caches)
			c.t.r->c.utlb.entries = c.t.r->c.tbu.entries = 0;
		hostile_structures(&c);
		for (unsigned n = 0; n < 60; n++) {
			struct xl_req q = st_req(&c.t, hostile_address(&c) & ~UINT64_C(7), XL_R);
			struct xl_res now, r;

			q.rid = 0x20 + pick(&c, 8);
			q.acc = (uint8_t)((uint8_t[]){ XL_R, XL_W, XL_R | XL_X, XL_R | XL_W | XL_ATOMIC }[pick(&c, 4)] |
			                  (pick(&c, 3) ? 0 : XL_PRIV));
			q.has_pasid = !pick(&c, 4);
			q.pasid = q.has_pasid ? pick(&c, 4) : 0;
			q.at = (uint8_t)(pick(&c, 6) ? XL_UNTRANSLATED : 1 + pick(&c, 2));
			now = st_now(&c.t, &q);
			if (!st_try(&c.t, &q, &r)) {
				st_do(&c.t, 0x45 | (uint64_t)q.rid << 32, 0);
				r = c.t.x.res;
			}
			ok += r.ok;
			faults[r.code & 0x3f]++;
			st_drop_events(&c.t);
			if (caches)
				continue;
			must(r.ok == now.ok && r.code == now.code && (!r.ok || r.spa == now.spa) && (r.ok || r.info[1] == now.info[1]),
			     "seed %u, stream %x address %lx access %x kind %u: ok %d 0x%x %lx info %lx %lx, at once: ok %d 0x%x %lx info "
			     "%lx %lx",
			     over_seed, q.rid, q.iova, q.acc, q.at, r.ok, r.code, r.spa, r.info[0], r.info[1], now.ok, now.code, now.spa,
			     now.info[0], now.info[1]);
			compared++;
		}
		ck_assert(!iommu_inflight(c.t.r->u));
		st_close(&c.t);
	}
	for (unsigned i = 1; i < ARRAY_LEN(faults); i++)
		kinds_seen += faults[i] != 0;
	ck_assert_uint_gt(compared, 10000);
	must(ok > 500 && kinds_seen >= 9, "%u translated, %u kinds of events: the inputs do not reach the walk", ok, kinds_seen);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_races");
	TCase *t = tcase_create("races");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_event, 0, (int)(KINDS * ARRAY_LEN(shapes)));
	tcase_add_loop_test(t, negative_control, 0, KINDS);
	tcase_add_loop_test(t, drains_before_completion, 0, KINDS);
	tcase_add_loop_test(t, random_guests, 0, (int)ARRAY_LEN(shapes));
	tcase_add_test(t, random_guests_ignored);
	tcase_add_loop_test(t, hostile_guests, 0, 4);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
