/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table walks of the SMMUv3 unit from registers and memory alone: memory references of cold walks against the closed forms, addresses and
 * sizes for every granule, start level and leaf level, permissions against a second reading of the specification, access flag and dirty
 * state, input and output sizes, order of faults. No cache unless a test says so.
 */
#include "smmuv3_tables.h"

enum { DATA = 0xabc000 };
#define PATTERN UINT64_C(0x6db6db6db6db6db6)

/* ---- memory references (closed forms) ---- */

struct geo {
	unsigned g, bits;
	int start; /* stage 2 */
};
/* Every start level, with one index bit, a full table and a few. */
static const struct geo s1_geos[] = {
	{ 12, 16, 0 }, { 12, 21, 0 }, { 12, 22, 0 }, { 12, 30, 0 }, { 12, 31, 0 }, { 12, 39, 0 }, { 12, 40, 0 }, { 12, 48, 0 },
	{ 14, 25, 0 }, { 14, 26, 0 }, { 14, 36, 0 }, { 14, 37, 0 }, { 14, 47, 0 }, { 14, 48, 0 }, { 16, 25, 0 }, { 16, 29, 0 },
	{ 16, 30, 0 }, { 16, 42, 0 }, { 16, 43, 0 }, { 16, 48, 0 }, { 14, 16, 0 }, { 16, 17, 0 },
};
/* Every {S2SL0, granule}: one table, and concatenated ones (up to 16). */
static const struct geo s2_geos[] = {
	{ 12, 25, 3 }, { 12, 30, 2 }, { 12, 31, 2 }, { 12, 34, 2 }, { 12, 39, 1 }, { 12, 40, 1 }, { 12, 43, 1 },
	{ 12, 44, 0 }, { 12, 48, 0 }, { 14, 26, 3 }, { 14, 29, 3 }, { 14, 36, 2 }, { 14, 40, 2 }, { 14, 46, 1 },
	{ 14, 47, 1 }, { 14, 48, 1 }, { 16, 29, 3 }, { 16, 33, 3 }, { 16, 42, 2 }, { 16, 46, 2 }, { 16, 48, 1 },
};
/* Small tables (STT): too small to hold the tables of a stage 1. */
static const struct geo s2_tiny[] = { { 12, 16, 3 }, { 12, 22, 2 }, { 14, 16, 3 }, { 16, 17, 3 }, { 12, 24, 3 } };
enum { S1S = ARRAY_LEN(s1_geos), S2S = ARRAY_LEN(s2_geos) };

/* Blocks are at levels 1 and 2 (4K) or 2 (16K, 64K). */
static bool leaf_at(unsigned g, int start, int level)
{
	return level >= start && (level == 3 || level == 2 || (level == 1 && g == 12));
}

static unsigned reads(const struct st *t)
{
	return (unsigned)t->r->p.st.reads;
}

/* What a cold request costs: references, compared with the form; and where it leads. */
static void cold(struct st *t, uint64_t va, uint64_t pa, unsigned lg2, unsigned want, const char *what, const struct st_stream *s, int l1,
                 int l2)
{
	struct xl_req q = st_req(t, va, XL_R | XL_W);
	unsigned before = reads(t);
	struct xl_res r = st_run(t, &q), now = st_now(t, &q);
	unsigned got = reads(t) - before;

	must(r.ok, "%s %u/%u leaf %d over %u/%u leaf %d: event 0x%x level %u", what, s->s1.g, s->s1.bits, l1, s->s2.g, s->s2.bits, l2,
	     r.code, r.at_level);
	must(r.spa == pa && now.spa == pa, "%s %u/%u leaf %d over %u/%u leaf %d: %lx, not %lx", what, s->s1.g, s->s1.bits, l1, s->s2.g,
	     s->s2.bits, l2, r.spa, pa);
	must(r.size_lg2 == lg2, "%s %u/%u leaf %d over %u/%u leaf %d: size %u, not %u", what, s->s1.g, s->s1.bits, l1, s->s2.g, s->s2.bits,
	     l2, r.size_lg2, lg2);
	must(got == want, "%s %u/%u leaf %d over %u/%u leaf %d: %u references, not %u", what, s->s1.g, s->s1.bits, l1, s->s2.g, s->s2.bits,
	     l2, got, want);
}

static uint64_t va_of(const struct st_tab *p, uint64_t out, int level)
{
	uint64_t low = ST_B(st_shift(p, level)) - 1;

	return (PATTERN & (ST_B(p->bits) - 1) & ~low) | (out & low);
}

START_TEST(references_stage1)
{
	struct geo g = s1_geos[_i];
	struct st_opt o = { 0 };

	for (int l = st_s1_start(g.g, g.bits); l <= 3; l++) {
		struct st_stream s = { .sid = ST_SID };
		struct st t;

		if (!leaf_at(g.g, st_s1_start(g.g, g.bits), l))
			continue;
		o.two_level = l == 2;
		st_open(&t, &o);
		st_stage1(&t, &s, g.g, g.bits);
		st_put_both(&t, &s);
		st_map(&t, &s.s1, va_of(&s.s1, DATA, l), DATA, l, ST_S1);
		cold(&t, va_of(&s.s1, DATA, l) + 8, (DATA + 8), st_shift(&s.s1, l),
		     (o.two_level ? 2 : 1) + 1 + (unsigned)(l - s.s1.start + 1), "stage 1", &s, l, 0);
		st_close(&t);
	}
}
END_TEST

START_TEST(references_stage2)
{
	struct geo g = _i < S2S ? s2_geos[_i] : s2_tiny[_i - S2S];
	struct st_opt o = { 0 };

	for (int l = g.start; l <= 3; l++) {
		struct st_stream s = { .sid = ST_SID };
		struct st t;
		uint64_t ipa;

		if (!leaf_at(g.g, g.start, l))
			continue;
		o.two_level = l == 3;
		st_open(&t, &o);
		st_stage2(&t, &s, g.g, g.bits, g.start);
		st_put_both(&t, &s);
		ipa = va_of(&s.s2, DATA, l) | ST_B(g.bits - 1); /* the highest of concatenated tables */
		st_map(&t, &s.s2, ipa, DATA, l, ST_S2);
		cold(&t, ipa + 8, DATA + 8, st_shift(&s.s2, l), (o.two_level ? 2 : 1) + (unsigned)(l - g.start + 1), "stage 2", &s, 0, l);
		st_close(&t);
	}
}
END_TEST

static unsigned nested_cases;

/* (n1 + 1)(n2 + 1) - 1, and n2 + 1 for each of L1CD and CD, 1 for each of L1STD and STE. */
static void nested(struct geo g1, struct geo g2, int l1, int l2, bool l1cd, bool two_level)
{
	struct st_opt o = { .two_level = two_level };
	struct st_stream s = { .sid = ST_SID };
	struct st t;
	uint64_t va, ipa;
	unsigned n1 = (unsigned)(l1 - st_s1_start(g1.g, g1.bits) + 1), n2 = (unsigned)(l2 - g2.start + 1), size;

	st_open(&t, &o);
	st_s2_leaf = l2;
	st_stage2(&t, &s, g2.g, g2.bits, g2.start);
	st_stage1(&t, &s, g1.g, g1.bits);
	ipa = DATA + s.s1.off;
	st_map(&t, &s.s2, ipa, DATA, l2, ST_S2);
	va = va_of(&s.s1, ipa, l1);
	st_map(&t, &s.s1, va, ipa, l1, ST_S1);
	if (l1cd) { /* 2-level, 4 KiB leaves: the CD of substream 0 */
		uint64_t dir = st_alloc(&t, 12);

		st_map(&t, &s.s2, dir + s.s1.off, dir, l2, ST_S2);
		st_put(&t, dir, (s.cdp + s.s1.off) | 1);
		s.ste[0] = (s.ste[0] & ~(bits_mask(55, 6))) | (dir + s.s1.off) | 1 << 4 | UINT64_C(8) << 59;
		s.ste[1] |= 2; /* S1DSS: CD 0 */
	}
	st_put_both(&t, &s);
	size = st_shift(&s.s1, l1) < st_shift(&s.s2, l2) ? st_shift(&s.s1, l1) : st_shift(&s.s2, l2);
	cold(&t, va + 8, DATA + 8, size, (n1 + 1) * (n2 + 1) - 1 + (l1cd ? 2 : 1) * (n2 + 1) + (two_level ? 2 : 1), "nested", &s, l1, l2);
	st_s2_leaf = 3;
	st_close(&t);
	nested_cases++;
}

START_TEST(references_nested)
{
	struct geo g2 = s2_geos[_i];

	nested_cases = 0;
	for (unsigned i = 0; i < S1S; i++)
		for (int l1 = st_s1_start(s1_geos[i].g, s1_geos[i].bits); l1 <= 3; l1++)
			for (int l2 = g2.start; l2 <= 3; l2++)
				if (leaf_at(s1_geos[i].g, st_s1_start(s1_geos[i].g, s1_geos[i].bits), l1) && leaf_at(g2.g, g2.start, l2))
					nested(s1_geos[i], g2, l1, l2, (i ^ (unsigned)l1) & 1, l2 & 1);
	ck_assert_uint_gt(nested_cases, 30);
}
END_TEST

/* Examples: walk alone, and with cold configuration. */
START_TEST(references_examples)
{
	nested((struct geo){ 12, 48, 0 }, (struct geo){ 12, 48, 0 }, 3, 3, true, true); /* 24 + 12 */
	nested((struct geo){ 12, 48, 0 }, (struct geo){ 12, 40, 1 }, 3, 3, true, true); /* 19 + 10 */
	nested((struct geo){ 12, 48, 0 }, (struct geo){ 12, 48, 0 }, 2, 2, true, true); /* 15 + 10 */
	nested((struct geo){ 12, 48, 0 }, (struct geo){ 12, 48, 0 }, 2, 1, true, true); /* 11 + 8 */
	nested((struct geo){ 16, 48, 0 }, (struct geo){ 16, 48, 1 }, 3, 3, true, true); /* 15 + 10 */
}
END_TEST

static void port_counts(struct st *t, unsigned want_reads, unsigned want_updates, uint64_t va, unsigned acc)
{
	struct xl_req q = st_req(t, va, acc);
	uint64_t all = t->r->p.st.reads + t->r->p.st.writes, updates = t->r->u->st.walk_updates;

	ck_assert(st_run(t, &q).ok);
	ck_assert_uint_eq(t->r->u->st.walk_updates - updates, want_updates);
	ck_assert_uint_eq(t->r->p.st.reads + t->r->p.st.writes - all, want_reads + want_updates);
}

/* Each descriptor updated costs one access more: stage 1, stage 2, and nested with every stage-2 leaf on the way. */
START_TEST(references_httu)
{
	struct st_opt o = { 0 };
	struct st_stream s;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	s.cd[0] |= ST_B(43) | ST_B(42); /* HA, HD */
	st_put_both(&t, &s);
	st_map(&t, &s.s1, 0x5000, DATA, 3, ST_NG | ST_AP1 | ST_AP2 | ST_DBM);
	port_counts(&t, 2 + 4, 1, 0x5000, XL_W);
	port_counts(&t, 2 + 4, 0, 0x5000, XL_W);
	st_close(&t);
	st_open(&t, &o);
	st_only2(&t, &s, ST_SID);
	s.ste[2] |= ST_B(56) | ST_B(55);
	st_put_ste(&t, &s);
	st_map(&t, &s.s2, 0x5000, DATA, 3, ST_S2R | 0x3c | ST_DBM);
	port_counts(&t, 1 + 4, 1, 0x5000, XL_R);
	port_counts(&t, 1 + 4, 1, 0x5000, XL_W);
	port_counts(&t, 1 + 4, 0, 0x5000, XL_W);
	st_close(&t);
	st_open(&t, &o);
	st_nested(&t, &s, ST_SID);
	s.cd[0] |= ST_B(43) | ST_B(42);
	s.ste[2] |= ST_B(56);
	st_put_both(&t, &s);
	st_map(&t, &s.s1, 0x5000, 0x7000, 3, ST_NG | ST_AP1);
	st_map(&t, &s.s2, 0x7000, DATA, 3, ST_S2 & ~ST_AF);
	port_counts(&t, 1 + 5 + 24, 2, 0x5000, XL_W); /* AF in both leaves */
	port_counts(&t, 1 + 5 + 24, 0, 0x5000, XL_W);
	st_close(&t);
}
END_TEST

/* 52-bit addresses: DS with 4K from level -1 and level-0 blocks, 16K level-1 blocks, 64K with bits 51:48 in 15:12. */
static void wide(struct smmuv3_cfg *c)
{
	c->idr5 = 0x004004f6; /* STALL_MAX 64, VAX 1, DS, three granules, OAS 52 */
}

static const struct {
	const char *what;
	unsigned g, bits;
	bool ds;
	int leaf;
} wides[] = {
	{ "4K DS level -1, page", 12, 52, true, 3 }, { "4K DS level -1, 512 GiB block", 12, 52, true, 0 },
	{ "4K DS 48 bits", 12, 48, true, 2 },        { "16K DS page", 14, 52, true, 3 },
	{ "16K DS 64 GiB block", 14, 52, true, 1 },  { "64K page", 16, 52, false, 3 },
	{ "64K 512 MiB block", 16, 52, false, 2 },   { "64K 4 TiB block", 16, 52, false, 1 },
};

START_TEST(addresses_of_52_bits)
{
	struct st_opt o = { .tweak = wide };
	uint64_t pa, va;
	unsigned sh;

	for (int stage = 1; stage <= 2; stage++) {
		struct st_stream s = { .sid = ST_SID };
		struct st_tab *p = stage == 1 ? &s.s1 : &s.s2;
		struct st t;

		st_open(&t, &o);
		if (stage == 1) {
			st_stage1(&t, &s, wides[_i].g, wides[_i].bits);
			s.cd[0] = (s.cd[0] & ~(UINT64_C(7) << 32)) | UINT64_C(6) << 32;
			s.cd[2] |= wides[_i].ds ? ST_B(58) : 0;
		} else {
			int start = st_s1_start(wides[_i].g, wides[_i].bits);

			st_stage2(&t, &s, wides[_i].g, wides[_i].bits, start);
			s.ste[2] = (s.ste[2] & ~(UINT64_C(7) << 48)) | UINT64_C(6) << 48;
			s.ste[3] |= wides[_i].ds ? 8 : 0;
		}
		p->ds = wides[_i].ds;
		st_put_both(&t, &s);
		sh = st_shift(p, wides[_i].leaf);
		pa = UINT64_C(0xdb6db6db6db6d) & ~(ST_B(sh) - 1);
		va = PATTERN & (ST_B(wides[_i].bits) - 1) & ~(ST_B(sh) - 1);
		st_map(&t, p, va, pa, wides[_i].leaf, stage == 1 ? ST_S1 : ST_S2);
		cold(&t, va + 0x528, pa + 0x528, sh, (stage == 1 ? 2u : 1u) + (unsigned)(wides[_i].leaf - p->start + 1), wides[_i].what, &s,
		     wides[_i].leaf, wides[_i].leaf);
		st_close(&t);
	}
}
END_TEST

/* Big-endian descriptors in either stage, and the upper half with its own granule. */
START_TEST(big_endian)
{
	struct st_opt o = { .idr0_clr = 3 << 21 };
	struct st_stream s = { .sid = ST_SID };
	struct st t;

	st_open(&t, &o);
	s.s2.be = false;
	st_stage2(&t, &s, 12, 48, 0);
	st_stage1(&t, &s, 12, 48);
	s.s1.be = true;
	s.cd[0] |= ST_B(15) | ST_B(43); /* ENDI, HA */
	st_put_both(&t, &s);
	st_map(&t, &s.s1, 0x123456000, 0x7000, 3, ST_NG | ST_AP1);
	st_map(&t, &s.s2, 0x7000, DATA, 3, ST_S2);
	port_counts(&t, 1 + 5 + 24, 1, 0x123456000, XL_R);
	ck_assert_uint_eq(st_get(&t, st_entry(&t, &s.s1, 0x123456000, 3)), __builtin_bswap64(0x7000 | 3 | ST_NG | ST_AP1 | ST_AF));
	st_close(&t);
	st_open(&t, &o);
	s = (struct st_stream){ .sid = ST_SID };
	st_stage2(&t, &s, 16, 48, 1);
	s.s2.be = true;
	s.ste[2] |= ST_B(52) | ST_B(56) | ST_B(55);
	st_put_ste(&t, &s);
	st_map(&t, &s.s2, 0x123450000, 0xab0000, 3, ST_S2R | ST_DBM);
	port_counts(&t, 1 + 3, 1, 0x123450000, XL_W);
	ck_assert_uint_eq(st_get(&t, st_entry(&t, &s.s2, 0x123450000, 3)),
	                  __builtin_bswap64(0xab0000 | 3 | ST_S2R | ST_S2W | ST_DBM | ST_AF));
	st_close(&t);
}
END_TEST

START_TEST(upper_half)
{
	static const unsigned tg1[] = { [12] = 2, [14] = 1, [16] = 3 };
	struct st_opt o = { 0 };
	unsigned g = _i == 0 ? 12 : _i == 1 ? 14 : 16, bits = _i == 2 ? 42 : 47;
	struct st_stream s = { .sid = ST_SID };
	uint64_t va = ~UINT64_C(0) << bits | UINT64_C(0x123) << 16;
	struct st_tab up;
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_stage1(&t, &s, 12, 39);
	up = st_tab_new(&t, g, bits, 0, false, NULL, 0);
	s.cd[0] = (s.cd[0] & ~ST_B(30)) | (uint64_t)(64 - bits) << 16 | (uint64_t)tg1[g] << 22;
	s.cd[2] = up.root;
	st_put_both(&t, &s);
	st_map(&t, &up, va, 0xff0000, 3, ST_S1);
	st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1);
	q = st_req(&t, va + 0x44, XL_R);
	ck_assert_uint_eq(st_run(&t, &q).spa, 0xff0044);
	q = st_req(&t, 0x5044, XL_R);
	ck_assert_uint_eq(st_run(&t, &q).spa, DATA + 0x44);
	/* bits between the input size and bit 63 must agree with the half; with TBI1 the top byte is free */
	q = st_req(&t, (va + 0x44) ^ ST_B(60), XL_R);
	ck_assert_uint_eq(st_run(&t, &q).code, 0x10);
	q = st_req(&t, (va + 0x44) ^ ST_B(bits), XL_R);
	ck_assert_uint_eq(st_run(&t, &q).code, 0x10);
	s.cd[0] |= ST_B(39);
	st_put_cd(&t, &s);
	st_do(&t, ST_CFGI_CD(ST_SID, 0, 1));
	q = st_req(&t, (va + 0x44) ^ ST_B(60), XL_R);
	ck_assert_uint_eq(st_run(&t, &q).spa, 0xff0044);
	q = st_req(&t, 0x5044 ^ ST_B(60), XL_R); /* TBI0 is clear */
	ck_assert_uint_eq(st_run(&t, &q).code, 0x10);
	st_close(&t);
}
END_TEST

/* TBI frees the top byte only: bits 55 down to the input size count, in EL2 as well. */
START_TEST(top_byte)
{
	struct st_opt o = { .caches = _i & 1 ? 32 : 0 };
	struct st_stream s = { .sid = ST_SID };
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_stage1(&t, &s, 12, 48);
	s.cd[0] |= ST_B(38);
	s.ste[1] |= _i & 2 ? UINT64_C(2) << 30 : 0;
	st_put_both(&t, &s);
	st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1);
	for (unsigned bit = 48; bit < 64; bit++) {
		q = st_req(&t, 0x5044 | ST_B(bit), XL_R);
		must(bit >= 56 ? st_run(&t, &q).spa == DATA + 0x44 : st_run(&t, &q).code == 0x10, "bit %u: ok %d event 0x%x", bit,
		     t.x.res.ok, t.x.res.code);
	}
	st_close(&t);
}
END_TEST

/* TTB and S2TTB are aligned to the start table: lower bits do not count. */
START_TEST(base_alignment)
{
	struct st_opt o = { 0 };
	struct st_stream s = { .sid = ST_SID };
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_stage2(&t, &s, 12, 43, 1); /* 16 tables side by side: 64 KiB */
	s.ste[3] |= 0x9ff0;
	st_put_ste(&t, &s);
	st_map(&t, &s.s2, UINT64_C(0x7ffffff5000), DATA, 3, ST_S2);
	q = st_req(&t, UINT64_C(0x7ffffff5000), XL_R);
	ck_assert_uint_eq(st_run(&t, &q).spa, DATA);
	st_close(&t);
}
END_TEST

/* ---- permissions: a second reading of the tables of the specification ---- */

enum world { EL1, EL2, E2H };
struct s1_case {
	unsigned ap, xn, apt, xnt; /* AP[2:1], {UXN, PXN}, APTable, {UXNTable, PXNTable} */
	bool wxn, pan, epan, had;
	enum world w;
};

static bool s1_allows(const struct s1_case *c, bool priv, unsigned acc)
{
	unsigned apt = c->had ? 0 : c->apt, xnt = c->had ? 0 : c->xnt;
	bool ro = (c->ap & 2) || (apt & 2), user = (c->ap & 1) && !(apt & 1), ux = !(c->xn & 2) && !(xnt & 2),
	     px = !(c->xn & 1) && !(xnt & 1);

	if (c->w == EL2) {
		if (acc & XL_X)
			return ux && !(c->wxn && !ro);
		return !(acc & XL_W) || !ro;
	}
	if (user && !ro)
		px = false;
	if (c->wxn && user && !ro)
		ux = false;
	if (c->wxn && !ro)
		px = false;
	if (acc & XL_X)
		return priv ? px : ux;
	if (priv && c->pan && (user || (c->epan && ux)))
		return false;
	return (priv || user) && (!(acc & XL_W) || !ro);
}

static const uint8_t accs[] = { XL_R, XL_W, XL_R | XL_X, XL_R | XL_PRIV, XL_W | XL_PRIV, XL_R | XL_X | XL_PRIV };

static void s1_matrix(struct st *t, struct st_stream *s, struct s1_case c, unsigned *n)
{
	uint64_t leaf = st_map(t, &s->s1, 0x5000, DATA, 3, ST_S1), table = st_entry(t, &s->s1, 0x5000, 1),
	         l = st_get(t, leaf) & ~UINT64_C(0xc0), tab = st_get(t, table);

	for (unsigned i = 0; i < 256; i++) {
		c.ap = i & 3;
		c.xn = i >> 2 & 3;
		c.apt = i >> 4 & 3;
		c.xnt = i >> 6 & 3;
		st_put(t, leaf, l | c.ap << 6 | (uint64_t)c.xn << 53);
		st_put(t, table, tab | (uint64_t)c.apt << 61 | (uint64_t)c.xnt << 59);
		for (unsigned a = 0; a < ARRAY_LEN(accs); a++) {
			struct xl_req q = st_req(t, 0x5010, accs[a]);
			struct xl_res r = st_run(t, &q);
			bool want = s1_allows(&c, accs[a] & XL_PRIV, accs[a]);

			must(r.ok == want && (want || r.code == 0x13),
			     "AP %u UXN,PXN %u APTable %u XNTable %u WXN %d PAN %d EPAN %d HAD %d world %d access %x: %s, event 0x%x", c.ap,
			     c.xn, c.apt, c.xnt, c.wxn, c.pan, c.epan, c.had, c.w, accs[a], r.ok ? "allowed" : "refused", r.code);
			(*n)++;
		}
		st_drop_events(t);
	}
	st_put(t, table, tab);
}

START_TEST(permissions_stage1)
{
	struct st_opt o = { .cr2 = _i == E2H, .idr3_set = 1 << 17, .aidr = 3 };
	struct st_stream s = { .sid = ST_SID };
	uint64_t cd0, cd1;
	unsigned n = 0;
	struct st t;

	st_open(&t, &o);
	st_stage1(&t, &s, 12, 39);
	s.ste[1] |= _i == EL1 ? 0 : UINT64_C(2) << 30;
	cd0 = s.cd[0];
	cd1 = s.cd[1];
	for (unsigned m = 0; m < 16; m++) {
		struct s1_case c = { .wxn = m & 1, .pan = m & 2, .had = m & 4, .epan = m & 8, .w = (enum world)_i };

		if (c.epan && c.wxn) /* what counts as executable there is not said */
			continue;
		s.cd[0] = cd0 | (c.wxn ? ST_B(36) : 0) | (c.pan ? ST_B(40) : 0);
		s.cd[1] = cd1 | (c.had ? 2 : 0) | (c.epan ? ST_B(59) : 0);
		st_put_both(&t, &s);
		s1_matrix(&t, &s, c, &n);
	}
	ck_assert_uint_eq(n, 12 * 256 * 6);
	st_close(&t);
}
END_TEST

static bool s2_allows(unsigned ap, unsigned xn, bool xnx, bool priv, unsigned acc)
{
	if (acc & XL_X)
		return !xnx ? !(xn & 2) : xn == 0 || (xn == 1 && !priv) || (xn == 3 && priv);
	return acc & XL_W ? ap & 2 : ap & 1;
}

START_TEST(permissions_stage2)
{
	bool xnx = _i & 1, both = _i & 2;
	struct st_opt o = { .idr3_clr = xnx ? 0 : 0x10, .idr3_set = xnx ? 0x10 : 0 };
	struct st_stream s;
	uint64_t l1 = 0, l2, d1 = 0, d2;
	struct st t;

	st_open(&t, &o);
	if (both)
		st_nested(&t, &s, ST_SID);
	else
		st_only2(&t, &s, ST_SID);
	if (both)
		l1 = st_map(&t, &s.s1, 0x5000, 0x5000, 3, ST_S1);
	l2 = st_map(&t, &s.s2, 0x5000, DATA, 3, ST_S2);
	d1 = both ? st_get(&t, l1) & ~UINT64_C(0xc0) : 0;
	d2 = st_get(&t, l2) & ~UINT64_C(0xc0);
	for (unsigned i = 0; i < (both ? 256u : 16u); i++) {
		struct s1_case c = { .ap = i >> 4 & 3, .xn = i >> 6 & 3 };
		unsigned ap = i & 3, xn = i >> 2 & 3;

		if (both)
			st_put(&t, l1, d1 | c.ap << 6 | (uint64_t)c.xn << 53);
		st_put(&t, l2, d2 | ap << 6 | (uint64_t)xn << 53);
		for (unsigned a = 0; a < ARRAY_LEN(accs); a++) {
			struct xl_req q = st_req(&t, 0x5010, accs[a]);
			bool want1 = !both || s1_allows(&c, accs[a] & XL_PRIV, accs[a]),
			     want2 = s2_allows(ap, xn, xnx, accs[a] & XL_PRIV, accs[a]);
			struct xl_res r = st_run(&t, &q);
			uint64_t rec[4] = { 0 };

			must(r.ok == (want1 && want2), "XNX %d: AP %u xn %u, S2AP %u XN %u access %x: %d 0x%x", xnx, c.ap, c.xn, ap, xn,
			     accs[a], r.ok, r.code);
			ck_assert(st_event(&t, rec) == !r.ok);
			if (!r.ok) /* the first stage that refuses: S2, CLASS = IN, and the IPA of stage 2 */
				must((rec[0] & 0xff) == 0x13 && (rec[1] >> 39 & 7) == (want1 ? 5u : 4u) && rec[3] == (want1 ? 0x5000u : 0u),
				     "record %lx %lx %lx", rec[0], rec[1], rec[3]);
		}
	}
	st_close(&t);
}
END_TEST

/* PRIVCFG and INSTCFG replace what comes in, with IDR1.ATTR_PERMS_OVR; writes are always data. */
START_TEST(overrides)
{
	struct st_opt o = { .idr1_set = _i ? 1u << 26 : 0, .idr1_clr = _i ? 0 : 1u << 26 };
	struct st_stream s;
	uint64_t leaf, d;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	leaf = st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1);
	d = st_get(&t, leaf) & ~UINT64_C(0xc0);
	for (unsigned i = 0; i < 256; i++) {
		unsigned priv = i & 3, inst = i >> 2 & 3;
		struct s1_case c = { .ap = i >> 4 & 3, .xn = i >> 6 & 3 };

		s.ste[1] = (uint64_t)priv << 48 | (uint64_t)inst << 50;
		st_put_ste(&t, &s);
		st_put(&t, leaf, d | c.ap << 6 | (uint64_t)c.xn << 53);
		for (unsigned a = 0; a < ARRAY_LEN(accs); a++) {
			struct xl_req q = st_req(&t, 0x5010, accs[a]);
			bool p = !_i || priv < 2 ? accs[a] & XL_PRIV : priv == 3, ind = !_i || inst < 2 ? accs[a] & XL_X : inst == 3;
			struct xl_res r = st_run(&t, &q);
			uint64_t rec[4];

			if (accs[a] & XL_W)
				ind = false;
			must(r.ok == s1_allows(&c, p, ind ? XL_X : accs[a] & (XL_R | XL_W)), "PRIVCFG %u INSTCFG %u AP %u xn %u access %x",
			     priv, inst, c.ap, c.xn, accs[a]);
			if (st_event(&t, rec)) /* PnU, InD after the override, RnW */
				ck_assert_uint_eq(rec[1] >> 33 & 7, p | ind << 1 | (unsigned)!(accs[a] & XL_W) << 2);
		}
	}
	st_close(&t);
}
END_TEST

/* E0PD: an unprivileged access through the half is a translation fault, whatever a TLB holds; privileged ones are not. */
START_TEST(e0pd)
{
	struct st_opt o = { .idr3_set = 1 << 13, .aidr = 3, .caches = _i ? 32 : 0 };
	struct st_stream s;
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	s.cd[1] |= 4;
	st_put_both(&t, &s);
	st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1);
	q = st_req(&t, 0x5000, XL_R | XL_PRIV);
	ck_assert(st_run(&t, &q).ok);
	q = st_req(&t, 0x5000, XL_R);
	ck_assert_uint_eq(st_run(&t, &q).code, 0x10);
	st_close(&t);
}
END_TEST

/* E0PD is no field that a TLB may keep (2.11): after a CFGI_CD alone an unprivileged access is refused, or let through again. */
START_TEST(e0pd_changes)
{
	struct st_opt o = { .idr3_set = 1 << 13, .aidr = 3, .caches = 32 };
	struct st_stream s;
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1);
	q = st_req(&t, 0x5000, XL_R);
	ck_assert(st_run(&t, &q).ok);
	st_edit(&t, s.cdp + 8, 4, 0);
	st_do(&t, ST_CFGI_CD(ST_SID, 0, 1));
	must(st_run(&t, &q).code == 0x10, "E0PD set: let through");
	q.acc |= XL_PRIV;
	ck_assert(st_run(&t, &q).ok);
	q.acc = XL_R;
	st_edit(&t, s.cdp + 8, 0, 4);
	st_do(&t, ST_CFGI_CD(ST_SID, 0, 1));
	must(st_run(&t, &q).ok, "E0PD clear: refused");
	st_close(&t);
}
END_TEST

/* EPD1 and EPD0 end the walks of their half in EL1 and EL2-E2H; EL2 has one half, which EPD0 does not disable. */
START_TEST(epd)
{
	struct st_opt o = { .cr2 = _i == E2H };
	struct st_stream s = { .sid = ST_SID };
	struct xl_req q;
	struct xl_res r;
	struct st t;

	st_open(&t, &o);
	st_stage1(&t, &s, 12, 39);
	s.ste[1] |= _i == EL1 ? 0 : UINT64_C(2) << 30;
	s.cd[0] |= ST_B(14); /* with EPD1 of the rig: both */
	st_put_both(&t, &s);
	st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1);
	q = st_req(&t, 0x5000, XL_R);
	r = st_run(&t, &q);
	must(_i == EL2 ? r.ok : !r.ok && r.code == 0x10, "EPD0: ok %d event 0x%x", r.ok, r.code);
	q = st_req(&t, ~UINT64_C(0) << 20, XL_R);
	r = st_run(&t, &q);
	must(!r.ok && r.code == 0x10, "EPD1: ok %d event 0x%x", r.ok, r.code);
	st_close(&t);
}
END_TEST

/* ---- access flag and dirty state ---- */

static void httu_case(struct st *t, struct st_stream *s, unsigned i, bool s2)
{
	bool af = i & 1, dbm = i & 2, writable = i & 4, ha = i & 8, hd = i & 16, affd = i & 32, write = i & 64;
	uint64_t bits = (s2 ? ST_S2R | 0x3c | (writable ? ST_S2W : 0) : ST_NG | ST_AP1 | (writable ? 0 : ST_AP2)) | (af ? ST_AF : 0) |
	                (dbm ? ST_DBM : 0),
	         leaf, was, now, want;
	struct xl_req q = st_req(t, 0x5000, write ? XL_W : XL_R);
	unsigned code = 0;
	struct xl_res r;

	leaf = st_map(t, s2 ? &s->s2 : &s->s1, 0x5000, DATA, 3, bits);
	if (s2)
		s->ste[2] =
		    (s->ste[2] & ~(ST_B(53) | ST_B(55) | ST_B(56))) | (affd ? ST_B(53) : 0) | (hd ? ST_B(55) : 0) | (ha ? ST_B(56) : 0);
	else
		s->cd[0] =
		    (s->cd[0] & ~(ST_B(35) | ST_B(42) | ST_B(43))) | (affd ? ST_B(35) : 0) | (hd ? ST_B(42) : 0) | (ha ? ST_B(43) : 0);
	st_put_both(t, s);
	was = want = st_get(t, leaf);
	if (!af && !ha && !affd)
		code = 0x12;
	else if (write && !writable && !(dbm && ha && hd))
		code = 0x13;
	if (!code && ha)
		want |= ST_AF;
	if (!code && write && !writable)
		want = s2 ? want | ST_S2W : want & ~(uint64_t)ST_AP2;
	r = st_run(t, &q);
	now = st_get(t, leaf);
	must(r.ok == !code && r.code == code, "AF %d DBM %d writable %d HA %d HD %d AFFD %d write %d stage %d: event 0x%x, not 0x%x", af,
	     dbm, writable, ha, hd, affd, write, 1 + s2, r.code, code);
	must(now == want || (code == 0x13 && ha && now == (was | ST_AF)),
	     "AF %d DBM %d writable %d HA %d HD %d AFFD %d write %d: descriptor %lx, not %lx", af, dbm, writable, ha, hd, affd, write, now,
	     want);
	st_drop_events(t);
}

START_TEST(httu)
{
	struct st_opt o = { 0 };
	struct st_stream s;
	struct st t;

	st_open(&t, &o);
	if (_i)
		st_only2(&t, &s, ST_SID);
	else
		st_only1(&t, &s, ST_SID);
	for (unsigned i = 0; i < 128; i++)
		httu_case(&t, &s, i, _i);
	st_close(&t);
}
END_TEST

/* Nested: the update of a stage-1 descriptor needs stage-2 write; a fetch alone never makes its page dirty. */
START_TEST(httu_nested)
{
	struct st_opt o = { 0 };
	struct st_stream s;
	uint64_t l1, l2, ipa, rec[4];
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_nested(&t, &s, ST_SID);
	s.cd[0] |= ST_B(43);
	s.ste[2] |= ST_B(56) | ST_B(55);
	st_put_both(&t, &s);
	l1 = st_map(&t, &s.s1, 0x5000, 0x5000, 3, ST_NG | ST_AP1);
	st_map(&t, &s.s2, 0x5000, DATA, 3, ST_S2);
	ipa = l1 + s.s1.off;
	l2 = st_entry(&t, &s.s2, ipa, 3);
	st_edit(&t, l2, 0, ST_S2W); /* no write, no DBM */
	q = st_req(&t, 0x5000, XL_R);
	ck_assert_uint_eq(st_run(&t, &q).code, 0x13);
	ck_assert(st_event(&t, rec));
	/* F_PERMISSION: RnW of the client, S2, CLASS = TT, TTRnW = 0, IPA of the descriptor */
	ck_assert_uint_eq(rec[0], UINT64_C(0x2500000013));
	ck_assert_uint_eq(rec[1], ST_B(35) | ST_B(39) | ST_B(40));
	ck_assert_uint_eq(rec[3], ipa & ~UINT64_C(0xfff));
	ck_assert_uint_eq(st_get(&t, l1) & ST_AF, 0);
	st_edit(&t, l2, ST_DBM, 0);
	ck_assert(st_run(&t, &q).ok);
	ck_assert_uint_eq(st_get(&t, l1) & ST_AF, ST_AF);
	ck_assert_uint_eq(st_get(&t, l2) & ST_S2W, ST_S2W);
	st_edit(&t, l2, 0, ST_S2W | ST_AF);
	ck_assert(st_run(&t, &q).ok); /* nothing to update in stage 1 any more: fetched only */
	ck_assert_uint_eq(st_get(&t, l2) & (ST_S2W | ST_AF), ST_AF);
	l2 = st_entry(&t, &s.s2, s.cdp + s.s1.off, 3); /* the CD's page */
	st_edit(&t, l2, ST_DBM, ST_S2W | ST_AF);
	ck_assert(st_run(&t, &q).ok);
	ck_assert_uint_eq(st_get(&t, l2) & (ST_S2W | ST_AF), ST_AF);
	st_close(&t);
}
END_TEST

/* The same with a stage 2 that updates nothing: refused, and the descriptor stays; also for a dirty state. */
START_TEST(httu_nested_plain)
{
	struct st_opt o = { .caches = _i ? 32 : 0 };
	struct st_stream s;
	uint64_t l1, ipa, rec[4];
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_nested(&t, &s, ST_SID);
	s.cd[0] |= ST_B(42) | ST_B(43);
	st_put_both(&t, &s);
	l1 = st_map(&t, &s.s1, 0x5000, 0x5000, 3, ST_S1 | ST_AP2 | ST_DBM);
	st_map(&t, &s.s2, 0x5000, DATA, 3, ST_S2);
	ipa = l1 + s.s1.off;
	st_edit(&t, st_entry(&t, &s.s2, ipa, 3), 0, ST_S2W);
	q = st_req(&t, 0x5000, XL_R);
	ck_assert(st_run(&t, &q).ok); /* AF is set already */
	q.acc = XL_W;
	ck_assert_uint_eq(st_run(&t, &q).code, 0x13);
	ck_assert(st_event(&t, rec));
	ck_assert_uint_eq(rec[1], ST_B(39) | ST_B(40));
	ck_assert_uint_eq(rec[3], ipa & ~UINT64_C(0xfff));
	ck_assert_uint_eq(st_get(&t, l1) & ST_AP2, ST_AP2);
	st_edit(&t, st_entry(&t, &s.s2, ipa, 3), ST_S2W, 0);
	st_cmd(&t, ST_TLBI(0x28, ST_VMID, 0), 0);
	st_sync(&t);
	ck_assert(st_run(&t, &q).ok);
	ck_assert_uint_eq(st_get(&t, l1) & ST_AP2, 0);
	st_close(&t);
}
END_TEST

/* A clean page in a TLB does not serve a write; AF = 0 is not cached. */
START_TEST(clean_in_tlb)
{
	struct st_opt o = { .caches = 32 };
	struct st_stream s;
	struct xl_req q;
	uint64_t l;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	s.cd[0] |= ST_B(42) | ST_B(43);
	st_put_both(&t, &s);
	l = st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1 | ST_AP2 | ST_DBM);
	q = st_req(&t, 0x5000, XL_R);
	ck_assert(st_run(&t, &q).ok);
	q = st_req(&t, 0x5000, XL_W);
	ck_assert(st_run(&t, &q).ok);
	ck_assert_uint_eq(st_get(&t, l) & ST_AP2, 0);
	st_close(&t);
	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	l = st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1 & ~ST_AF);
	q = st_req(&t, 0x5000, XL_R);
	ck_assert_uint_eq(st_run(&t, &q).code, 0x12);
	st_edit(&t, l, ST_AF, 0);
	ck_assert(st_run(&t, &q).ok);
	st_close(&t);
}
END_TEST

/* ---- sizes (3.7) ---- */

static void expect(struct st *t, uint64_t iova, unsigned code, uint64_t w1, const char *what)
{
	struct xl_req q = st_req(t, iova, XL_R);
	struct xl_res r = st_run(t, &q);
	uint64_t rec[4] = { 0 };
	bool any = st_event(t, rec);

	must(r.ok == !code && r.code == code && any == (code != 0), "%s: ok %d event 0x%x", what, r.ok, r.code);
	if (code)
		must((rec[0] & 0xff) == code && rec[1] == w1 && rec[2] == (code == 0x0a ? 0 : iova), "%s: %lx %lx %lx %lx", what, rec[0],
		     rec[1], rec[2], rec[3]);
}

#define RNW   ST_B(35)
#define S2BIT ST_B(39)
#define TT    (UINT64_C(1) << 40)
#define IN    (UINT64_C(2) << 40)

START_TEST(sizes)
{
	struct st_opt o = { .idr5_clr = 7, .idr5_set = 4 }; /* 44 bits */
	struct st_stream s = { .sid = ST_SID };
	struct st t;

	st_open(&t, &o);
	s.ste[0] = 1 | 4 << 1;
	st_put_ste(&t, &s);
	expect(&t, ST_B(44) - 64, 0, 0, "bypass below OAS");
	expect(&t, ST_B(44), 0x11, RNW | IN, "bypass above OAS");
	/* stage 1: output, next table beyond IPS (40 bits) */
	s = (struct st_stream){ .sid = ST_SID };
	st_stage1(&t, &s, 12, 39);
	s.cd[0] = (s.cd[0] & ~(UINT64_C(7) << 32)) | UINT64_C(2) << 32;
	st_put_both(&t, &s);
	st_map(&t, &s.s1, 0x5000, ST_B(40) - 4096, 3, ST_S1);
	st_map(&t, &s.s1, 0x6000, ST_B(40), 3, ST_S1);
	st_map(&t, &s.s1, ST_B(30), ST_B(40), 2, ST_S1);
	st_put(&t, st_entry(&t, &s.s1, ST_B(31), 1), ST_B(40) | 3);
	expect(&t, 0x5000, 0, 0, "output below IPS");
	expect(&t, 0x6000, 0x11, RNW | IN, "output beyond IPS");
	expect(&t, ST_B(30), 0x11, RNW | IN, "block beyond IPS");
	expect(&t, ST_B(31), 0x11, RNW | IN, "next table beyond IPS");
	expect(&t, ST_B(39), 0x10, RNW | IN, "stage 1 input");
	/* stage 2: input beyond S2T0SZ, output beyond S2PS */
	s = (struct st_stream){ .sid = ST_SID };
	st_stage2(&t, &s, 12, 40, 1);
	s.ste[2] = (s.ste[2] & ~(UINT64_C(7) << 48)) | UINT64_C(2) << 48;
	st_put_both(&t, &s);
	st_map(&t, &s.s2, 0x6000, ST_B(40), 3, ST_S2);
	st_put(&t, st_entry(&t, &s.s2, ST_B(31), 1), ST_B(41) | 3);
	expect(&t, ST_B(40), 0x10, RNW | IN | S2BIT, "stage 2 input");
	expect(&t, 0x6000, 0x11, RNW | IN | S2BIT, "output beyond S2PS");
	expect(&t, ST_B(31), 0x11, RNW | IN | S2BIT, "next table beyond S2PS");
	expect(&t, ST_B(44), 0x11, RNW | IN, "stage 1 bypassed, beyond IAS");
	st_close(&t);
}
END_TEST

/* ---- order of faults (3.8): two at once ---- */

START_TEST(order)
{
	struct st_opt o = { .idr1_set = 0 };
	struct st_stream s;
	uint64_t l1, l2, t1, d;
	struct st t;

	st_open(&t, &o);
	st_nested(&t, &s, ST_SID);
	l1 = st_map(&t, &s.s1, 0x5000, 0x5000, 3, ST_S1);
	l2 = st_map(&t, &s.s2, 0x5000, DATA, 3, ST_S2);
	/* F_ACCESS before F_PERMISSION, in both stages; stage 1 before stage 2 of the output */
	st_edit(&t, l2, 0, ST_AF | ST_S2R);
	expect(&t, 0x5000, 0x12, RNW | IN | S2BIT, "stage 2 AF and S2AP");
	st_edit(&t, l1, 0, ST_AP1);
	expect(&t, 0x5000, 0x13, RNW | IN, "stage 1 permission, stage 2 AF");
	st_edit(&t, l1, 0, ST_AF);
	expect(&t, 0x5000, 0x12, RNW | IN, "stage 1 AF and permission, stage 2 AF");
	/* F_TRANSLATION, F_ADDR_SIZE before F_ACCESS */
	d = st_get(&t, l1);
	st_put(&t, l1, d & ~UINT64_C(1));
	expect(&t, 0x5000, 0x10, RNW | IN, "stage 1 invalid and AF");
	s.cd[0] &= ~(UINT64_C(7) << 32); /* IPS 32 bits: tables are above, too */
	st_put_cd(&t, &s);
	expect(&t, 0x5000, 0x0a, 0, "TTB0 beyond IPS: a bad CD before every fault of the walk");
	s.cd[0] |= UINT64_C(5) << 32;
	st_put_cd(&t, &s);
	st_put(&t, l1, d);
	/* stage 2 of a stage-1 descriptor before that descriptor */
	t1 = st_entry(&t, &s.s1, 0x5000, 2);
	st_put(&t, t1, 0);
	l2 = st_entry(&t, &s.s2, t1 + s.s1.off, 3);
	st_edit(&t, l2, 0, 1);
	expect(&t, 0x5000, 0x10, RNW | TT | S2BIT, "stage 2 of the descriptor, and the descriptor");
	st_edit(&t, l2, 1, ST_AF);
	expect(&t, 0x5000, 0x12, RNW | TT | S2BIT, "stage 2 AF of the descriptor");
	st_edit(&t, l2, ST_AF, ST_S2R);
	expect(&t, 0x5000, 0x13, RNW | TT | S2BIT | ST_B(44), "stage 2 permission of the descriptor: a read of it");
	st_edit(&t, l2, ST_S2R, 0);
	mem_poison(t.r->m, t1, true);
	expect(&t, 0x5000, 0x0b, RNW | TT, "abort of the descriptor before what it says");
	mem_poison(t.r->m, t1, false);
	expect(&t, 0x5000, 0x10, RNW | IN, "the descriptor");
	/* the input range before anything of the walk */
	expect(&t, ST_B(50), 0x10, RNW | IN, "input range");
	/* stage 2 of the CD before the CD */
	st_put(&t, s.cdp, 0);
	l2 = st_entry(&t, &s.s2, s.cdp + s.s1.off, 3);
	st_edit(&t, l2, 0, 1);
	expect(&t, 0x5000, 0x10, RNW | S2BIT, "stage 2 of the CD");
	st_edit(&t, l2, 1, 0);
	expect(&t, 0x5000, 0x0a, 0, "the CD");
	st_close(&t);
}
END_TEST

/* ---- S2PTW: no stage-1 descriptor in Device memory, whatever a cache holds; data is not concerned ---- */

static void split_tlb(struct smmuv3_cfg *c)
{
	c->tlb_split = true;
}

static void split_tlb_alone(struct smmuv3_cfg *c)
{
	c->tlb_split = true;
	c->ipa.entries = 0;
}

START_TEST(device_tables)
{
	struct st_opt o = { .caches = _i ? 32 : 0, .tweak = _i == 2 ? split_tlb : _i == 3 ? split_tlb_alone : NULL };
	struct st_stream s;
	uint64_t table, ipa;
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_nested(&t, &s, ST_SID);
	s.ste[2] |= ST_B(54);
	st_put_ste(&t, &s);
	st_map(&t, &s.s2, 0x5000, DATA, 3, ST_S2 & ~UINT64_C(0x3c)); /* a device page */
	st_map(&t, &s.s1, 0x5000, 0x5000, 3, ST_S1);
	q = st_req(&t, 0x5000, XL_R);
	ck_assert(st_run(&t, &q).ok);
	must(st_run(&t, &q).ok, "data in Device memory refused the second time");
	/* the table of another address lies in a device page that was read as data before */
	st_map(&t, &s.s1, ST_B(21), 0x5000, 3, ST_S1);
	table = st_entry(&t, &s.s1, ST_B(21), 3) & ~UINT64_C(0xfff);
	ipa = table + s.s1.off;
	st_edit(&t, st_entry(&t, &s.s2, ipa, 3), 0, 0x3c);
	st_map(&t, &s.s1, 0x6000, ipa, 3, ST_S1);
	q = st_req(&t, 0x6000, XL_R);
	ck_assert(st_run(&t, &q).ok);
	q = st_req(&t, ST_B(21), XL_R);
	must(st_run(&t, &q).code == 0x13, "descriptor fetched from Device memory: event 0x%x", t.x.res.code);
	st_close(&t);
}
END_TEST

/* Stage 1 from the TLB, stage 2 walked: its faults are told as those of a whole walk. */
START_TEST(faults_behind_a_split_tlb)
{
	struct st_opt o = { .caches = 32, .tweak = _i ? split_tlb_alone : split_tlb };
	struct st_stream s;
	struct xl_req q;
	uint64_t l2, ev[4];
	struct st t;

	st_open(&t, &o);
	st_nested(&t, &s, ST_SID);
	st_map(&t, &s.s1, ST_B(21), ST_B(22), 2, ST_S1);
	l2 = st_map(&t, &s.s2, ST_B(22) + 0x5000, DATA, 3, ST_S2);
	q = st_req(&t, ST_B(21) + 0x5008, XL_R);
	ck_assert(st_run(&t, &q).ok);
	st_edit(&t, l2, 0, ST_S2W);
	st_cmd(&t, ST_TLBI(0x2a, ST_VMID, 0), ST_B(22) + 0x5000);
	st_sync(&t);
	expect(&t, ST_B(21) + 0x5008, 0, 0, "read");
	q.acc = XL_W | XL_PRIV;
	ck_assert_uint_eq(st_run(&t, &q).code, 0x13);
	ck_assert(st_event(&t, ev));
	ck_assert_uint_eq(ev[1], S2BIT | IN | ST_B(33));
	ck_assert_uint_eq(ev[3], ST_B(22) + 0x5000);
	st_edit(&t, l2, 0, 1);
	st_cmd(&t, ST_TLBI(0x2a, ST_VMID, 0), (ST_B(22) + 0x5000) | 1);
	st_sync(&t);
	expect(&t, ST_B(21) + 0x5008, 0x10, RNW | IN | S2BIT, "not mapped");
	mem_poison(t.r->m, l2, true);
	expect(&t, ST_B(21) + 0x5008, 0x0b, RNW | IN | S2BIT, "abort");
	/* another page of the block: never translated before */
	expect(&t, ST_B(21) + 0x9008, 0x10, RNW | IN | S2BIT, "another page");
	st_close(&t);
}
END_TEST

/* Merging: a data read behind an instruction fetch of a page that may be executed only gets its own answer. */
static void done2(struct xl *x)
{
	iommu_retire(x->u, x);
}

START_TEST(merge_execute_only)
{
	struct st_opt o = { .caches = 32 };
	struct xl a = { .done = done2 }, b = { .done = done2 };
	struct st_stream s;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	st_map(&t, &s.s1, 0x5000, DATA, 3, ST_AF | ST_NG); /* AP = 00: unprivileged, executable only */
	a.req = st_req(&t, 0x5000, XL_R | XL_X);
	b.req = st_req(&t, 0x5040, XL_R);
	iommu_translate(t.r->u, &a);
	iommu_translate(t.r->u, &b);
	run_all(t.r);
	ck_assert(a.res.ok);
	must(!b.res.ok && b.res.code == 0x13, "a data read was given perm %x", b.res.perm);
	st_close(&t);
}
END_TEST

/* VMSAv8-32 is not modelled: with IDR0.TTF saying that it exists, its STEs and CDs are refused in one way or another, whatever they hold.
 */
START_TEST(no_lpae)
{
	struct st_opt o = { .idr0_set = 3 << 2, .caches = _i ? 32 : 0 };

	for (unsigned sz = 0; sz < 64; sz++)
		for (unsigned stage = 1; stage <= 2; stage++) {
			struct st_stream s;
			struct xl_req q;
			struct st t;

			st_open(&t, &o);
			if (stage == 1)
				st_only1(&t, &s, ST_SID);
			else
				st_only2(&t, &s, ST_SID);
			s.cd[0] = (s.cd[0] & ~(ST_B(41) | 0x3f)) | sz;
			s.ste[2] = (s.ste[2] & ~(ST_B(51) | UINT64_C(0x3f) << 32)) | (uint64_t)sz << 32;
			st_put_both(&t, &s);
			st_map(&t, stage == 1 ? &s.s1 : &s.s2, 0x5000, DATA, 3, stage == 1 ? ST_S1 : ST_S2);
			q = st_req(&t, 0x5000, XL_R);
			must(!st_run(&t, &q).ok, "stage %u size %u: walked as VMSAv8-64", stage, sz);
			st_close(&t);
		}
}
END_TEST

/* v3.0: bits 51:48 of the bases are RES0. */
START_TEST(base_v3_0)
{
	struct st_opt o = { .aidr = -1 };
	struct st_stream s;
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	s.cd[1] |= ST_B(49);
	st_put_cd(&t, &s);
	st_map(&t, &s.s1, 0x5000, DATA, 3, ST_S1);
	q = st_req(&t, 0x5000, XL_R);
	must(st_run(&t, &q).ok, "stage 1: event 0x%x", t.x.res.code);
	st_only2(&t, &s, ST_SID);
	s.ste[3] |= ST_B(50);
	st_put_ste(&t, &s);
	st_map(&t, &s.s2, 0x5000, DATA, 3, ST_S2);
	must(st_run(&t, &q).ok, "stage 2: event 0x%x", t.x.res.code);
	st_close(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_walk");
	TCase *t = tcase_create("walk");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, references_stage1, 0, S1S);
	tcase_add_loop_test(t, references_stage2, 0, S2S + (int)ARRAY_LEN(s2_tiny));
	tcase_add_loop_test(t, references_nested, 0, S2S);
	tcase_add_test(t, references_examples);
	tcase_add_test(t, references_httu);
	tcase_add_loop_test(t, addresses_of_52_bits, 0, (int)ARRAY_LEN(wides));
	tcase_add_test(t, big_endian);
	tcase_add_loop_test(t, upper_half, 0, 3);
	tcase_add_loop_test(t, top_byte, 0, 4);
	tcase_add_test(t, base_alignment);
	tcase_add_loop_test(t, permissions_stage1, 0, 3);
	tcase_add_loop_test(t, permissions_stage2, 0, 4);
	tcase_add_loop_test(t, overrides, 0, 2);
	tcase_add_loop_test(t, e0pd, 0, 2);
	tcase_add_test(t, e0pd_changes);
	tcase_add_loop_test(t, epd, 0, 3);
	tcase_add_loop_test(t, httu, 0, 2);
	tcase_add_test(t, httu_nested);
	tcase_add_loop_test(t, httu_nested_plain, 0, 2);
	tcase_add_test(t, clean_in_tlb);
	tcase_add_test(t, sizes);
	tcase_add_test(t, order);
	tcase_add_loop_test(t, device_tables, 0, 4);
	tcase_add_loop_test(t, faults_behind_a_split_tlb, 0, 2);
	tcase_add_test(t, merge_execute_only);
	tcase_add_loop_test(t, no_lpae, 0, 2);
	tcase_add_test(t, base_v3_0);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
