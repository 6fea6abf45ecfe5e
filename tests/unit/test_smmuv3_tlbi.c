/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scopes of TLBI and CFGI commands: every kind of cached entry is filled, everything it came from changes in memory, one command and a
 * CMD_SYNC are executed, and a later request tells by its answer whether the entry was dropped. What has to go is exactly the minimum of
 * the specification; caches too small to keep everything are held to the dropping half only.
 */
#include "smmuv3_tables.h"

enum { V = 0x0105, W = 0x0206, U = 0x0307, A = 0x11, B = 0x22, C = 0x33 };
/* Addresses: one page each, in 2 MiB regions of their own. */
#define VA   UINT64_C(0x12345000)
#define VAG  UINT64_C(0x20406000)
#define VA2  UINT64_C(0x98765000)
#define VA3  UINT64_C(0x55400000) /* its table changes; filled here, asked for one page further on */
#define IPA2 UINT64_C(0x77777000)
#define IPA3 UINT64_C(0x66600000)
#define IJ   UINT64_C(0x31415000)
#define IK   UINT64_C(0x27182000)
#define VK1  UINT64_C(0x40404000)
#define VK2  UINT64_C(0x40804000)
#define OLD  UINT64_C(0x40000000)
#define NEW  UINT64_C(0x80000000)
enum { COLS = 22 };
static const char *const col_name[COLS] = {
	"a S1 V A",
	"b S1 V A global",
	"c S1 V B",
	"d S1 W A",
	"e S1 W global",
	"f S1 V A elsewhere",
	"g S2 V",
	"h S2 W",
	"i S2 V elsewhere",
	"j nested V C",
	"k IPA cache V",
	"l S1 table V A",
	"m S1 table V C nested",
	"n S2 table V",
	"o EL2/E2H A",
	"p EL2/E2H global",
	"q EL2/E2H B",
	"r EL2/E2H table",
	"s STE",
	"t L1STD",
	"u CD",
	"v L1CD",
};

struct world {
	struct st t;
	struct { /* how a column is filled, changed and asked */
		uint32_t sid, pasid, probe_sid, probe_pasid;
		bool has_pasid;
		uint64_t fill, probe;  /* fill 0: not at all */
		uint64_t at[2], to[2]; /* words that change */
		uint64_t old, new;
	} c[COLS];
	struct st_stream s[9], sc[8];
	struct st_tab s2w;
	bool e2h;
};

static void col(struct world *w, char name, uint32_t sid, uint64_t fill, uint64_t probe, uint64_t at, uint64_t to, uint64_t old,
                uint64_t new)
{
	unsigned i = (unsigned)(name - 'a');

	w->c[i].sid = w->c[i].probe_sid = sid;
	w->c[i].fill = fill;
	w->c[i].probe = probe;
	w->c[i].at[0] = at;
	w->c[i].to[0] = to;
	w->c[i].old = old;
	w->c[i].new = new;
}

/* A page that changes from OLD + n pages to NEW + n pages. */
static void page(struct world *w, char name, uint32_t sid, struct st_tab *p, uint64_t va, uint64_t bits)
{
	uint64_t n = UINT64_C(0x10000) * (unsigned)(name - 'a'), at = st_map(&w->t, p, va, OLD + n, 3, bits);

	col(w, name, sid, va, va, at, st_leaf(p, NEW + n, 3, bits), OLD + n, NEW + n);
}

/* A table that changes to another one: the entry at level 2. */
static void table(struct world *w, char name, uint32_t sid, struct st_tab *p, uint64_t va, uint64_t off, struct st_tab *s2, uint64_t bits)
{
	uint64_t n = UINT64_C(0x10000) * (unsigned)(name - 'a'), next = st_alloc(&w->t, 12), at;

	/* under a stage 2 the outputs are IPAs, mapped to themselves plus OLD or NEW as they are */
	st_map(&w->t, p, va, OLD + n, 3, bits);
	st_map(&w->t, p, va + 0x1000, OLD + n + 0x1000, 3, bits);
	at = st_entry(&w->t, p, va, 2);
	st_put(&w->t, next + 8 * (va >> 12 & 511), st_leaf(p, NEW + n, 3, bits));
	st_put(&w->t, next + 8 * ((va >> 12) + 1), 0);
	st_put(&w->t, next + 8 * (((va >> 12) + 1) & 511), st_leaf(p, NEW + n + 0x1000, 3, bits));
	if (s2) {
		st_map(&w->t, s2, next + off, next, 3, ST_S2);
		for (unsigned i = 0; i < 2; i++) {
			st_map(&w->t, s2, OLD + n + 0x1000 * i, OLD + n + 0x1000 * i, 3, ST_S2);
			st_map(&w->t, s2, NEW + n + 0x1000 * i, NEW + n + 0x1000 * i, 3, ST_S2);
		}
	}
	col(w, name, sid, va, va + 0x1000, at, (next + off) | 3, OLD + n + 0x1000, NEW + n + 0x1000);
}

static void tags(struct st_stream *s, unsigned vmid, unsigned asid)
{
	s->ste[2] = (s->ste[2] & ~UINT64_C(0xffff)) | vmid;
	s->cd[0] = (s->cd[0] & ~bits_mask(63, 48)) | (uint64_t)asid << 48;
}

static struct st_stream *only1(struct world *w, unsigned i, unsigned vmid, unsigned asid, bool el2)
{
	struct st_stream *s = &w->s[i];

	*s = (struct st_stream){ .sid = i };
	st_stage1(&w->t, s, 12, 48);
	tags(s, vmid, asid);
	s->ste[1] |= el2 ? UINT64_C(2) << 30 : 0;
	st_put_both(&w->t, s);
	return s;
}

static void tlb_columns(struct world *w)
{
	struct st_stream *s = only1(w, 1, V, A, false);

	page(w, 'a', 1, &s->s1, VA, ST_S1);
	page(w, 'b', 1, &s->s1, VAG, ST_S1 & ~ST_NG);
	page(w, 'f', 1, &s->s1, VA2, ST_S1);
	table(w, 'l', 1, &s->s1, VA3, 0, NULL, ST_S1);
	s = only1(w, 2, V, B, false);
	page(w, 'c', 2, &s->s1, VA, ST_S1);
	s = only1(w, 3, W, A, false);
	page(w, 'd', 3, &s->s1, VA, ST_S1);
	page(w, 'e', 3, &s->s1, VAG, ST_S1 & ~ST_NG);
	/* stage 2 of V: a stream of its own, and the nested one, share it */
	s = &w->s[6];
	*s = (struct st_stream){ .sid = 6 };
	st_stage2(&w->t, s, 12, 48, 0);
	w->s[4] = *s;
	w->s[4].sid = 4;
	tags(&w->s[4], V, 0);
	st_put_ste(&w->t, &w->s[4]);
	st_stage1(&w->t, s, 12, 48);
	tags(s, V, C);
	st_put_both(&w->t, s);
	page(w, 'g', 4, &s->s2, VA, ST_S2);
	page(w, 'i', 4, &s->s2, IPA2, ST_S2);
	table(w, 'n', 4, &s->s2, IPA3, 0, NULL, ST_S2);
	page(w, 'j', 6, &s->s1, VA, ST_S1); /* its outputs are IPAs */
	st_map(&w->t, &s->s2, w->c['j' - 'a'].old, w->c['j' - 'a'].old, 3, ST_S2);
	st_map(&w->t, &s->s2, w->c['j' - 'a'].new, w->c['j' - 'a'].new, 3, ST_S2);
	st_map(&w->t, &s->s1, VK1, IK, 3, ST_S1);
	st_map(&w->t, &s->s1, VK2, IK, 3, ST_S1);
	page(w, 'k', 6, &s->s2, IK, ST_S2);
	w->c['k' - 'a'].fill = VK1;
	w->c['k' - 'a'].probe = VK2;
	table(w, 'm', 6, &s->s1, VA3, s->s1.off, &s->s2, ST_S1);
	w->s[5] = (struct st_stream){ .sid = 5 };
	st_stage2(&w->t, &w->s[5], 12, 48, 0);
	tags(&w->s[5], W, 0);
	st_put_ste(&w->t, &w->s[5]);
	page(w, 'h', 5, &w->s[5].s2, VA, ST_S2);
	s = only1(w, 7, 0, A, true);
	page(w, 'o', 7, &s->s1, VA, ST_S1);
	page(w, 'p', 7, &s->s1, VAG, ST_S1 & ~ST_NG);
	table(w, 'r', 7, &s->s1, VA3, 0, NULL, ST_S1);
	if (w->e2h) {
		s = only1(w, 8, 0, B, true);
		page(w, 'q', 8, &s->s1, VA, ST_S1);
	} else {
		page(w, 'q', 7, &s->s1, VA2, ST_S1);
	}
}

/* Two stage-1 streams' worth of CD: the first leads VA to the old page, the second to the new one. */
static void pair(struct world *w, char name, struct st_stream s[2])
{
	for (unsigned i = 0; i < 2; i++) {
		s[i] = (struct st_stream){ .sid = 0 };
		st_stage1(&w->t, &s[i], 12, 48);
		tags(&s[i], U, 0x50 + 2 * (unsigned)(name - 'a') + i);
		st_map(&w->t, &s[i].s1, VA, (i ? NEW : OLD) + UINT64_C(0x10000) * (unsigned)(name - 'a'), 3, ST_S1);
		st_put_cd(&w->t, &s[i]);
	}
	w->c[name - 'a'].old = OLD + UINT64_C(0x10000) * (unsigned)(name - 'a');
	w->c[name - 'a'].new = NEW + UINT64_C(0x10000) * (unsigned)(name - 'a');
	w->c[name - 'a'].fill = w->c[name - 'a'].probe = VA;
}

static void put_words(struct world *w, uint64_t at, const uint64_t v[8])
{
	for (unsigned i = 0; i < 8; i++)
		st_put(&w->t, at + 8 * i, v[i]);
}

static void config_columns(struct world *w)
{
	uint64_t other = st_alloc(&w->t, 12), dir, block0, block1, block1b;
	struct st_stream *s = &w->sc[0], *t = &w->sc[2], *u = &w->sc[4], *v = &w->sc[6];

	/* s: STE 0x41; t: the L1STD of 0x40 to 0x7f */
	pair(w, 's', s);
	pair(w, 't', t);
	put_words(w, st_ste_at(&w->t, 0x41), s[0].ste);
	put_words(w, other + 64, s[1].ste);
	put_words(w, st_ste_at(&w->t, 0x42), t[0].ste);
	put_words(w, other + 128, t[1].ste);
	w->c['s' - 'a'].sid = w->c['s' - 'a'].probe_sid = 0x41;
	w->c['s' - 'a'].at[0] = st_ste_at(&w->t, 0x41);
	w->c['s' - 'a'].to[0] = s[1].ste[0];
	w->c['t' - 'a'].fill = 0;
	w->c['t' - 'a'].probe_sid = 0x42;
	w->c['t' - 'a'].at[0] = RIG_STRTAB + 8;
	w->c['t' - 'a'].to[0] = other | 7;
	/* u: CD 3 of stream 0x85; v: the L1CD of its substreams 64 to 127 */
	pair(w, 'u', u);
	pair(w, 'v', v);
	dir = st_alloc(&w->t, 12);
	block0 = st_alloc(&w->t, 12);
	block1 = st_alloc(&w->t, 12);
	block1b = st_alloc(&w->t, 12);
	st_put(&w->t, dir, block0 | 1);
	st_put(&w->t, dir + 8, block1 | 1);
	put_words(w, block0 + 3 * 64, u[0].cd);
	put_words(w, block1 + 64, v[0].cd);
	put_words(w, block1 + 128, v[0].cd);
	put_words(w, block1b + 64, v[1].cd);
	put_words(w, block1b + 128, v[1].cd);
	u[0].ste[0] = 1 | 5 << 1 | 1 << 4 | dir | UINT64_C(7) << 59;
	put_words(w, st_ste_at(&w->t, 0x85), u[0].ste);
	for (char n = 'u'; n <= 'v'; n++) {
		w->c[n - 'a'].sid = w->c[n - 'a'].probe_sid = 0x85;
		w->c[n - 'a'].has_pasid = true;
	}
	w->c['u' - 'a'].pasid = w->c['u' - 'a'].probe_pasid = 3;
	w->c['u' - 'a'].at[0] = block0 + 3 * 64;
	w->c['u' - 'a'].to[0] = u[1].cd[0];
	w->c['u' - 'a'].at[1] = block0 + 3 * 64 + 8;
	w->c['u' - 'a'].to[1] = u[1].cd[1];
	w->c['v' - 'a'].pasid = 65;
	w->c['v' - 'a'].probe_pasid = 66;
	w->c['v' - 'a'].at[0] = dir + 8;
	w->c['v' - 'a'].to[0] = block1b | 1;
}

static uint64_t ask(struct world *w, unsigned i, bool probe)
{
	struct xl_req q = st_req(&w->t, (probe ? w->c[i].probe : w->c[i].fill) + 0x40, XL_R);
	struct xl_res r;

	q.rid = probe ? w->c[i].probe_sid : w->c[i].sid;
	q.has_pasid = w->c[i].has_pasid;
	q.pasid = probe ? w->c[i].probe_pasid : w->c[i].pasid;
	r = st_run(&w->t, &q);
	must(r.ok, "%s: event 0x%x", col_name[i], r.code);
	return r.spa - 0x40;
}

static void fill_all(struct world *w)
{
	for (unsigned i = 0; i < COLS; i++)
		if (w->c[i].fill)
			(void)ask(w, i, false);
}

static void change_all(struct world *w)
{
	for (unsigned i = 0; i < COLS; i++)
		for (unsigned j = 0; j < 2; j++)
			if (w->c[i].at[j])
				st_put(&w->t, w->c[i].at[j], w->c[i].to[j]);
}

/* ---- the commands ---- */

enum { ANY, E0, E1 };
#define AT(x)         ((x) & ~UINT64_C(0xfff))
#define NUM(n, scale) ((uint64_t)(n) << 12 | (uint64_t)(scale) << 20)
#define TG(tg, ttl)   ((uint64_t)(tg) << 10 | (uint64_t)(ttl) << 8)
static const struct {
	const char *what;
	uint64_t w0, w1;
	const char *drops;
	unsigned when;
} commands[] = {
	{ "NH_ALL V", ST_TLBI(0x10, V, 0), 0, "abcfjlm", ANY },
	{ "NH_ALL W", ST_TLBI(0x10, W, 0), 0, "de", ANY },
	{ "NH_ALL 0", ST_TLBI(0x10, 0, 0), 0, "", ANY },
	{ "NH_ASID V A", ST_TLBI(0x11, V, A), 0, "afl", ANY },
	{ "NH_ASID V B", ST_TLBI(0x11, V, B), 0, "c", ANY },
	{ "NH_ASID V C", ST_TLBI(0x11, V, C), 0, "jm", ANY },
	{ "NH_ASID W A", ST_TLBI(0x11, W, A), 0, "d", ANY },
	{ "NH_ASID W C", ST_TLBI(0x11, W, C), 0, "", ANY },
	{ "NH_VA V A VA", ST_TLBI(0x12, V, A), VA, "a", ANY },
	{ "NH_VA V A VA leaf", ST_TLBI(0x12, V, A), VA | 1, "a", ANY },
	{ "NH_VA V B VA", ST_TLBI(0x12, V, B), VA | 1, "c", ANY },
	{ "NH_VA V C VA", ST_TLBI(0x12, V, C), VA, "j", ANY },
	{ "NH_VA W A VA", ST_TLBI(0x12, W, A), VA, "d", ANY },
	{ "NH_VA V A VAG", ST_TLBI(0x12, V, A), VAG, "b", ANY },
	{ "NH_VA V B VAG leaf", ST_TLBI(0x12, V, B), VAG | 1, "b", ANY },
	{ "NH_VA W C VAG", ST_TLBI(0x12, W, C), VAG, "e", ANY },
	{ "NH_VA V A VA2", ST_TLBI(0x12, V, A), VA2, "f", ANY },
	{ "NH_VA V A VA3", ST_TLBI(0x12, V, A), VA3, "l", ANY },
	{ "NH_VA V A VA3 leaf", ST_TLBI(0x12, V, A), VA3 | 1, "", ANY },
	{ "NH_VA V C VA3", ST_TLBI(0x12, V, C), VA3, "m", ANY },
	{ "NH_VA V A beside VA", ST_TLBI(0x12, V, A), VA + 0x1000, "", ANY },
	{ "NH_VAA V VA", ST_TLBI(0x13, V, 0), VA, "acj", ANY },
	{ "NH_VAA V VAG", ST_TLBI(0x13, V, 0), VAG | 1, "b", ANY },
	{ "NH_VAA V VA3", ST_TLBI(0x13, V, 0), VA3, "lm", ANY },
	{ "NH_VAA V VA3 leaf", ST_TLBI(0x13, V, 0), VA3 | 1, "", ANY },
	{ "NH_VAA W VA", ST_TLBI(0x13, W, 0), VA, "d", ANY },
	{ "S2_IPA V VA", ST_TLBI(0x2a, V, 0), VA, "g", ANY },
	{ "S2_IPA V IPA2 leaf", ST_TLBI(0x2a, V, 0), IPA2 | 1, "i", ANY },
	{ "S2_IPA W VA", ST_TLBI(0x2a, W, 0), VA | 1, "h", ANY },
	{ "S2_IPA V of the IPA cache", ST_TLBI(0x2a, V, 0), IK, "k", ANY },
	{ "S2_IPA V of the IPA cache, leaf", ST_TLBI(0x2a, V, 0), IK | 1, "k", ANY },
	{ "S2_IPA V IPA3", ST_TLBI(0x2a, V, 0), IPA3, "n", ANY },
	{ "S2_IPA V IPA3 leaf", ST_TLBI(0x2a, V, 0), IPA3 | 1, "", ANY },
	{ "S12_VMALL V", ST_TLBI(0x28, V, 0), 0, "abcfgijklmn", ANY },
	{ "S12_VMALL W", ST_TLBI(0x28, W, 0), 0, "deh", ANY },
	{ "NSNH_ALL", ST_TLBI(0x30, 0, 0), 0, "abcdefghijklmn", ANY },
	{ "EL2_ALL", ST_TLBI(0x20, 0, 0), 0, "opqr", ANY },
	{ "EL2_ASID A", ST_TLBI(0x21, 0, A), 0, "or", E1 },
	{ "EL2_ASID B", ST_TLBI(0x21, 0, B), 0, "q", E1 },
	{ "EL2_VA A VA", ST_TLBI(0x22, 0, A), VA, "o", E1 },
	{ "EL2_VA B VA", ST_TLBI(0x22, 0, B), VA | 1, "q", E1 },
	{ "EL2_VA B VAG", ST_TLBI(0x22, 0, B), VAG, "p", E1 },
	{ "EL2_VA A VA3", ST_TLBI(0x22, 0, A), VA3, "r", E1 },
	{ "EL2_VA A VA3 leaf", ST_TLBI(0x22, 0, A), VA3 | 1, "", E1 },
	{ "EL2_VAA VA", ST_TLBI(0x23, 0, 0), VA, "oq", E1 },
	{ "EL2_VAA VAG", ST_TLBI(0x23, 0, 0), VAG, "p", E1 },
	{ "EL2_VA VA, any ASID", ST_TLBI(0x22, 0, 0x7777), VA, "o", E0 },
	{ "EL2_VA VAG", ST_TLBI(0x22, 0, 0), VAG | 1, "p", E0 },
	{ "EL2_VAA VA2", ST_TLBI(0x23, 0, 0), VA2, "q", E0 },
	{ "EL2_VA VA3", ST_TLBI(0x22, 0, 0), VA3, "r", E0 },
	{ "EL2_VAA VA3 leaf", ST_TLBI(0x23, 0, 0), VA3 | 1, "", E0 },
	{ "CFGI_STE 0x41 leaf", ST_CFGI_STE(0x41, 1), "s", ANY },
	{ "CFGI_STE 0x41", ST_CFGI_STE(0x41, 0), "st", ANY },
	{ "CFGI_STE 0x42", ST_CFGI_STE(0x42, 0), "t", ANY },
	{ "CFGI_STE 0x42 leaf", ST_CFGI_STE(0x42, 1), "", ANY },
	{ "CFGI_STE 0x85 leaf", ST_CFGI_STE(0x85, 1), "uv", ANY },
	{ "CFGI_STE 0x01", ST_CFGI_STE(1, 0), "", ANY },
	{ "CFGI_STE_RANGE 0x40, 64", UINT64_C(0x4000000004), 5, "st", ANY },
	{ "CFGI_STE_RANGE 0x40, 2", UINT64_C(0x4000000004), 0, "st", ANY },
	{ "CFGI_STE_RANGE 0x41, 2: aligned", UINT64_C(0x4100000004), 0, "st", ANY },
	{ "CFGI_STE_RANGE 0x42, 2", UINT64_C(0x4200000004), 0, "t", ANY },
	{ "CFGI_STE_RANGE 0x80, 128", UINT64_C(0x8000000004), 6, "uv", ANY },
	{ "CFGI_STE_RANGE 0, 256", 0x04, 7, "stuv", ANY },
	{ "CFGI_ALL", ST_CFGI_ALL, "stuv", ANY },
	{ "CFGI_ALL, any StreamID", UINT64_C(0x123400000004), 0x1f, "stuv", ANY },
	{ "CFGI_CD 0x85 3 leaf", ST_CFGI_CD(0x85, 3, 1), "u", ANY },
	{ "CFGI_CD 0x85 3", ST_CFGI_CD(0x85, 3, 0), "u", ANY },
	{ "CFGI_CD 0x85 66", ST_CFGI_CD(0x85, 66, 0), "v", ANY },
	{ "CFGI_CD 0x85 66 leaf", ST_CFGI_CD(0x85, 66, 1), "", ANY },
	{ "CFGI_CD 0x85 4 leaf", ST_CFGI_CD(0x85, 4, 1), "", ANY },
	{ "CFGI_CD 0x86 3", ST_CFGI_CD(0x86, 3, 0), "", ANY },
	{ "CFGI_CD_ALL 0x85", ST_CFGI_CD_ALL(0x85), "uv", ANY },
	{ "CFGI_CD_ALL 0x84", ST_CFGI_CD_ALL(0x84), "", ANY },
	/* ranges */
	{ "NH_VA range of 16 around VA", ST_TLBI(0x12, V, A) | NUM(15, 0), (VA - 0x8000) | TG(1, 0) | 1, "a", ANY },
	{ "NH_VA range of 16 below VA", ST_TLBI(0x12, V, A) | NUM(15, 0), (VA - 0x10000) | TG(1, 0) | 1, "", ANY },
	{ "NH_VA range of 17 up to VA", ST_TLBI(0x12, V, A) | NUM(16, 0), (VA - 0x10000) | TG(1, 0) | 1, "a", ANY },
	{ "NH_VA range from VA", ST_TLBI(0x12, V, A) | NUM(1, 0), VA | TG(1, 0) | 1, "a", ANY },
	{ "NH_VA 4 << 10 pages", ST_TLBI(0x12, V, A) | NUM(3, 10), (VA & ~UINT64_C(0xffffff)) | TG(1, 3) | 1, "a", ANY },
	{ "NH_VA 32 << 14 pages", ST_TLBI(0x12, V, A) | NUM(31, 14), TG(1, 0) | 1, "ab", ANY },
	{ "NH_VA 32 << 14 pages and tables", ST_TLBI(0x12, V, A) | NUM(31, 14), TG(1, 0), "abl", ANY },
	{ "NH_VA 32 << 31 pages", ST_TLBI(0x12, V, A) | NUM(31, 31), TG(1, 0) | 1, "abf", ANY },
	{ "NH_VA TTL 3", ST_TLBI(0x12, V, A), VA | TG(1, 3), "a", ANY },
	{ "NH_VA TTL 2", ST_TLBI(0x12, V, A) | NUM(0, 9), (VA & ~UINT64_C(0x1fffff)) | TG(1, 2) | 1, "", ANY },
	{ "NH_VA of 64K entries", ST_TLBI(0x12, V, A) | NUM(1, 0), (VA & ~UINT64_C(0xffff)) | TG(3, 3) | 1, "", ANY },
	{ "NH_VAA range", ST_TLBI(0x13, V, 0) | NUM(1, 0), VA | TG(1, 3) | 1, "acj", ANY },
	{ "S2_IPA range", ST_TLBI(0x2a, V, 0) | NUM(1, 0), VA | TG(1, 3) | 1, "g", ANY },
	{ "S2_IPA range and tables", ST_TLBI(0x2a, V, 0) | NUM(31, 14), TG(1, 0), "gikn", ANY },
	{ "EL2_VA range", ST_TLBI(0x22, 0, A) | NUM(1, 0), VA | TG(1, 3) | 1, "o", ANY },
	{ "CMD_SYNC alone", 0x46, 0, "", ANY },
};

static void shape_plain(struct smmuv3_cfg *c)
{
	(void)c;
}
static void shape_split(struct smmuv3_cfg *c)
{
	c->tlb_split = true;
}
static void shape_unified(struct smmuv3_cfg *c)
{
	c->walk_unified = true;
}
static void shape_tbu(struct smmuv3_cfg *c)
{
	c->utlb.entries = 16;
	c->tbu = c->tlb;
}
static void shape_stream(struct smmuv3_cfg *c)
{
	shape_tbu(c);
	c->tbu_tag = SMMUV3_TAG_STREAM;
}
static void shape_tbu_only(struct smmuv3_cfg *c)
{
	shape_tbu(c);
	c->tlb.entries = 0;
}
static void shape_stream_only(struct smmuv3_cfg *c)
{
	shape_stream(c);
	c->tlb.entries = 0;
	c->unit.ports = 4;
}
static void shape_all(struct smmuv3_cfg *c)
{
	shape_stream(c);
	shape_split(c);
	shape_unified(c);
	c->unit.ports = 2;
}
static void one_way(struct smmuv3_cfg *c)
{
	struct xc_cfg *all[] = { &c->tlb, &c->ipa, &c->l1std, &c->ste, &c->l1cd, &c->cd, &c->walk, &c->utlb, &c->tbu };

	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		all[i]->entries = 4;
		all[i]->ways = 1;
	}
	for (unsigned i = 0; i < 3; i++)
		c->walk_s1[i] = c->walk_s2[i] = 2;
}
static void single(struct smmuv3_cfg *c)
{
	struct xc_cfg *all[] = { &c->tlb, &c->ipa, &c->l1std, &c->ste, &c->l1cd, &c->cd, &c->walk, &c->utlb, &c->tbu };

	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		all[i]->entries = 1;
		all[i]->ways = 0;
	}
	c->walk_unified = true;
	c->tlb_split = true;
}
static void sets(struct smmuv3_cfg *c)
{
	one_way(c);
	c->tbu_tag = SMMUV3_TAG_STREAM;
	c->walk_unified = true;
	c->tlb.entries = 64;
	c->tlb.ways = 2;
	c->ipa = c->tlb;
}
static const struct {
	const char *what;
	void (*set)(struct smmuv3_cfg *c);
	bool may_lose;
} shapes[] = {
	{ "plain", shape_plain, false },
	{ "tlb_split", shape_split, false },
	{ "walk_unified", shape_unified, false },
	{ "TBU by ASID", shape_tbu, false },
	{ "TBU by stream", shape_stream, false },
	{ "TBU by ASID alone", shape_tbu_only, true },
	{ "TBU by stream alone, 4 ports", shape_stream_only, true },
	{ "all", shape_all, false },
	{ "1-way", one_way, true },
	{ "1 entry", single, true },
	{ "sets", sets, true },
};

static void world_open(struct world *w, bool e2h, void (*set)(struct smmuv3_cfg *c))
{
	struct st_opt o = { .caches = 64, .two_level = true, .cr2 = e2h, .tweak = set };

	memset(w, 0, sizeof *w);
	w->e2h = e2h;
	st_open(&w->t, &o);
	tlb_columns(w);
	config_columns(w);
}

START_TEST(scopes)
{
	static struct world w;
	unsigned cells = 0;

	for (unsigned n = 0; n < ARRAY_LEN(commands); n++)
		for (unsigned e2h = 0; e2h < 2; e2h++) {
			if (commands[n].when == (e2h ? E0 : E1))
				continue;
			world_open(&w, e2h, shapes[_i].set);
			fill_all(&w);
			change_all(&w);
			st_do(&w.t, commands[n].w0, commands[n].w1);
			for (unsigned i = 0; i < COLS; i++) {
				uint64_t got = ask(&w, i, true);
				bool want = strchr(commands[n].drops, 'a' + (int)i);

				must(got == w.c[i].old || got == w.c[i].new, "%s, %s, %s: %lx", shapes[_i].what, commands[n].what,
				     col_name[i], got);
				must(want ? got == w.c[i].new : shapes[_i].may_lose || got == w.c[i].old, "%s, %s, E2H %u: %s was %s",
				     shapes[_i].what, commands[n].what, e2h, col_name[i], want ? "kept" : "dropped");
				cells++;
			}
			st_close(&w.t);
		}
	ck_assert_uint_gt(cells, 3000);
}
END_TEST

/* The negative control: nothing goes. */
static void ignore(struct smmuv3_cfg *c)
{
	c->ignore_invalidations = true;
}

START_TEST(ignored)
{
	static struct world w;

	world_open(&w, false, ignore);
	fill_all(&w);
	change_all(&w);
	st_do(&w.t, ST_CFGI_ALL);
	st_do(&w.t, ST_TLBI(0x30, 0, 0), 0);
	st_do(&w.t, ST_TLBI(0x20, 0, 0), 0);
	for (unsigned i = 0; i < COLS; i++)
		must(ask(&w, i, true) == w.c[i].old, "%s", col_name[i]);
	st_close(&w.t);
}
END_TEST

/* Over-invalidation: by ASID, by VMID, everything; still nothing of a configuration cache. */
static unsigned over;
static void set_over(struct smmuv3_cfg *c)
{
	c->over = over;
}

START_TEST(over_invalidation)
{
	static const char *const drops[] = { "a", "afl", "abcfjlm", "abcdefjlm" }; /* by NH_VA V A VA */
	static struct world w;

	over = (unsigned)_i;
	world_open(&w, true, set_over);
	fill_all(&w);
	change_all(&w);
	st_do(&w.t, ST_TLBI(0x12, V, A), VA);
	for (unsigned i = 0; i < COLS; i++) {
		bool want = strchr(drops[_i], 'a' + (int)i), got = ask(&w, i, true) == w.c[i].new;

		must(_i == SMMUV3_OVER_ASID && i == 1 ? true : _i ? !want || got : got == want, "over %d: %s", _i, col_name[i]);
		must(i < 's' - 'a' || !got, "over %d: %s", _i, col_name[i]);
	}
	st_close(&w.t);
}
END_TEST

/* A change of stage 2 under a nested stream: the command for IPAs alone may leave the combined entry; then NH_ALL removes it. */
START_TEST(stage2_under_nested)
{
	struct st_opt o = { .caches = 64, .tweak = shapes[_i].set };
	struct st_stream s;
	struct xl_req q;
	bool split;
	struct st t;

	st_open(&t, &o);
	split = t.r->c.tlb_split && !t.r->c.tbu.entries && !t.r->c.utlb.entries;
	st_nested(&t, &s, ST_SID);
	st_map(&t, &s.s1, VA, IJ, 3, ST_S1);
	st_map(&t, &s.s2, IJ, OLD, 3, ST_S2);
	q = st_req(&t, VA, XL_R);
	ck_assert_uint_eq(st_run(&t, &q).spa, OLD);
	st_map(&t, &s.s2, IJ, NEW, 3, ST_S2);
	st_do(&t, ST_TLBI(0x10, ST_VMID, 0), 0); /* stage 1 alone: the IPA cache still has it */
	if (!shapes[_i].may_lose)
		ck_assert_uint_eq(st_run(&t, &q).spa, OLD);
	else
		(void)st_run(&t, &q);
	st_do(&t, ST_TLBI(0x2a, ST_VMID, 0), IJ);
	if (!shapes[_i].may_lose || split)
		ck_assert_uint_eq(st_run(&t, &q).spa, split ? NEW : OLD);
	else
		(void)st_run(&t, &q);
	st_do(&t, ST_TLBI(0x10, ST_VMID, 0), 0);
	ck_assert_uint_eq(st_run(&t, &q).spa, NEW);
	st_close(&t);
}
END_TEST

/* ---- large entries ---- */

static const struct {
	const char *what;
	unsigned g, bits, lg2; /* of the entry */
	int level;
	bool cont;
} larges[] = {
	{ "4K page", 12, 48, 12, 3, false },    { "2 MiB", 12, 48, 21, 2, false },       { "1 GiB", 12, 48, 30, 1, false },
	{ "16 x 4K", 12, 48, 16, 3, true },     { "16 x 2 MiB", 12, 48, 25, 2, true },   { "16 x 1 GiB", 12, 48, 34, 1, true },
	{ "16K page", 14, 47, 14, 3, false },   { "32 MiB", 14, 47, 25, 2, false },      { "128 x 16K", 14, 47, 21, 3, true },
	{ "32 x 32 MiB", 14, 47, 30, 2, true }, { "64K page", 16, 48, 16, 3, false },    { "512 MiB", 16, 48, 29, 2, false },
	{ "32 x 64K", 16, 48, 21, 3, true },    { "32 x 512 MiB", 16, 48, 34, 2, true },
};
enum { LARGES = ARRAY_LEN(larges) };

static void large_map(struct st *t, struct st_tab *p, unsigned i, uint64_t va, uint64_t pa)
{
	unsigned leaf = st_shift(p, larges[i].level);

	for (uint64_t a = 0; a < ST_B(larges[i].lg2); a += ST_B(leaf))
		st_map(t, p, va + a, pa + a, larges[i].level, (p->s2 ? ST_S2 : ST_S1) | (larges[i].cont ? ST_CONT : 0));
}

static uint64_t answer(struct st *t, uint64_t va)
{
	struct xl_req q = st_req(t, va, XL_R);

	return st_run(t, &q).spa;
}

/* @_i: entry + LARGES * shape; filled at one address, dropped by a command for another, asked at a third; kept by one for the neighbour. */
START_TEST(large_entries)
{
	unsigned e = (unsigned)_i % LARGES, shape = (unsigned)_i / LARGES;
	uint64_t size = ST_B(larges[e].lg2), base = UINT64_C(3) << 36, old = UINT64_C(5) << 36, new = UINT64_C(9) << 36,
	         at[3] = { size / 2, size - 0x1000, 0 };

	for (unsigned stage = 1; stage <= 2; stage++)
		for (unsigned form = 0; form < 8; form++) {
			struct st_opt o = { .caches = 64, .tweak = shapes[shape].set };
			struct st_stream s = { .sid = ST_SID };
			unsigned tg = (larges[e].g - 10) / 2, op = stage == 2 ? 0x2a : form & 1 ? 0x13 : 0x12;
			uint64_t w0 = ST_TLBI(op, ST_VMID, op == 0x12 ? ST_ASID : 0), va = base + size;
			struct st_tab *p;
			struct st t;

			st_open(&t, &o);
			if (stage == 1)
				st_stage1(&t, &s, larges[e].g, larges[e].bits);
			else
				st_stage2(&t, &s, larges[e].g, larges[e].bits, st_s1_start(larges[e].g, larges[e].bits));
			st_put_both(&t, &s);
			p = stage == 1 ? &s.s1 : &s.s2;
			large_map(&t, p, e, va, old);
			ck_assert_uint_eq(answer(&t, va + at[0]), old + at[0]);
			ck_assert_uint_eq(answer(&t, va), old);
			large_map(&t, p, e, va, new);
			ck_assert(shapes[shape].may_lose || answer(&t, va + at[1]) == old + at[1] || !larges[e].cont);
			/* its neighbours: one page before, one behind */
			st_do(&t, w0, (va - 0x1000) | 1);
			st_do(&t, w0, (va + size) | 1);
			st_do(&t, w0 | NUM(1, 0), (va + size) | TG(tg, 3) | 1);
			must(shapes[shape].may_lose || answer(&t, va) == old, "%s stage %u: dropped by its neighbour", larges[e].what,
			     stage);
			switch (form >> 1) {
			case 0:
				st_do(&t, w0, (va + at[1]) | 1);
				break; /* one address, any alignment */
			case 1:
				st_do(&t, w0, (va + (size / 4 & ~UINT64_C(0xfff))));
				break;
			case 2:
				st_do(&t, w0 | NUM(1, 0), ((va + at[1]) & ~(ST_B(larges[e].g) - 1)) | TG(tg, 0) | 1);
				break; /* a range that only touches it */
			default:
				st_do(&t, w0 | NUM(0, st_shift(p, larges[e].level) - larges[e].g), va | TG(tg, larges[e].level) | 1);
				break; /* its level, aligned to it */
			}
			for (unsigned i = 0; i < 3; i++)
				must(answer(&t, va + at[i]) == new + at[i], "%s, %s, stage %u form %u: stale at +%lx", shapes[shape].what,
				     larges[e].what, stage, form, at[i]);
			st_close(&t);
		}
}
END_TEST

/* ---- the rest ---- */

/* CR0.VMW: the low VMID bits that do not count. */
START_TEST(vmid_wildcard)
{
	for (unsigned op = 0; op < 4; op++)
		for (unsigned bit = 0; bit < 6; bit++) {
			static const uint8_t ops[] = { 0x10, 0x11, 0x12, 0x28 };
			struct st_opt o = { .caches = 64, .idr0_set = 1 << 17, .cr0 = (uint32_t)_i << 6 };
			unsigned ignored = _i <= 4 ? (unsigned)_i : 0;
			struct st_stream s;
			struct st t;

			st_open(&t, &o);
			st_only1(&t, &s, ST_SID);
			st_map(&t, &s.s1, VA, OLD, 3, ST_S1);
			ck_assert_uint_eq(answer(&t, VA), OLD);
			st_map(&t, &s.s1, VA, NEW, 3, ST_S1);
			st_do(&t, ST_TLBI(ops[op], ST_VMID ^ (1 << bit), ST_ASID), VA | 1);
			must(answer(&t, VA) == (bit < ignored ? NEW : OLD), "VMW %d op 0x%x bit %u", _i, ops[op], bit);
			st_do(&t, ST_TLBI(ops[op], ST_VMID, ST_ASID), VA | 1);
			ck_assert_uint_eq(answer(&t, VA), NEW);
			st_close(&t);
		}
}
END_TEST

/* Global entries: found by every ASID of the same StreamWorld, VMID and ASET, and by nobody else. */
START_TEST(global_lookups)
{
	struct st_opt o = { .caches = 64, .tweak = shapes[_i].set, .two_level = true };
	struct st_stream s, n;
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	st_map(&t, &s.s1, VA, OLD, 3, ST_S1 & ~ST_NG);
	ck_assert_uint_eq(answer(&t, VA), OLD);
	for (unsigned i = 0; i < 5; i++) { /* same; other ASID; other VMID; other ASET; EL2 */
		bool shares = i < 2;

		st_only1(&t, &n, 0x30 + i);
		st_map(&t, &n.s1, VA, NEW, 3, ST_S1);
		tags(&n, i == 2 ? W : ST_VMID, i ? A : ST_ASID);
		n.cd[0] ^= i == 3 ? ST_B(47) : 0;
		n.ste[1] |= i == 4 ? UINT64_C(2) << 30 : 0;
		st_put_both(&t, &n);
		q = st_req(&t, VA, XL_R);
		q.rid = 0x30 + i;
		if (!shares)
			must(st_run(&t, &q).spa == NEW, "case %u", i);
		else
			must(st_run(&t, &q).spa == OLD || shapes[_i].may_lose, "case %u", i);
	}
	st_close(&t);
}
END_TEST

/* Without stage 2 the VMID is neither a tag nor looked at in commands. */
START_TEST(no_vmid_without_stage2)
{
	struct st_opt o = { .caches = 64, .idr0_clr = 1 };
	struct st_stream s;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	st_map(&t, &s.s1, VA, OLD, 3, ST_S1);
	ck_assert_uint_eq(answer(&t, VA), OLD);
	st_map(&t, &s.s1, VA, NEW, 3, ST_S1);
	st_do(&t, ST_TLBI(0x12, 0x7777, ST_ASID), VA | 1);
	ck_assert_uint_eq(answer(&t, VA), NEW);
	st_close(&t);
}
END_TEST

/* TBI: an address with another top byte uses the same entry, and a command for the plain one drops it; upper half, too. */
START_TEST(top_byte)
{
	struct st_opt o = { .caches = 64, .tweak = shapes[_i].set };
	struct st_stream s;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	s.cd[0] |= ST_B(38);
	st_put_both(&t, &s);
	st_map(&t, &s.s1, VA, OLD, 3, ST_S1);
	ck_assert_uint_eq(answer(&t, VA | UINT64_C(0xaa) << 56), OLD);
	ck_assert_uint_eq(answer(&t, VA), OLD);
	st_map(&t, &s.s1, VA, NEW, 3, ST_S1);
	st_do(&t, ST_TLBI(0x12, ST_VMID, ST_ASID), VA | 1);
	ck_assert_uint_eq(answer(&t, VA | UINT64_C(0xaa) << 56), NEW);
	ck_assert_uint_eq(answer(&t, VA), NEW);
	st_close(&t);
}
END_TEST

/* The upper half: the same low bits in the lower half are another page; a range ends with the address space. */
START_TEST(upper_half)
{
	static const struct {
		uint64_t num, at;
		bool up, low;
	} row[] = {
		{ 0, 0, true, false },
		{ NUM(1, 0), TG(1, 0), true, false },
		{ NUM(31, 31), TG(1, 0), true, false },
		{ NUM(31, 3), TG(1, 3), true, false },
		{ 0, 0, false, true },
		{ NUM(31, 31), TG(1, 0), false, true },
	};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		struct st_opt o = { .caches = 64, .tweak = shapes[_i].set };
		uint64_t up = ~UINT64_C(0) << 14, low = up & (ST_B(47) - 1);
		struct st_stream s = { .sid = ST_SID };
		struct st_tab p;
		struct st t;

		st_open(&t, &o);
		st_stage1(&t, &s, 12, 48);
		p = st_tab_new(&t, 12, 48, 0, false, NULL, 0);
		s.cd[0] = (s.cd[0] & ~ST_B(30)) | 16 << 16 | 2 << 22;
		s.cd[2] = p.root;
		st_put_both(&t, &s);
		st_map(&t, &s.s1, low, OLD, 3, ST_S1);
		st_map(&t, &p, up, OLD + 0x10000, 3, ST_S1);
		ck_assert_uint_eq(answer(&t, low), OLD);
		ck_assert_uint_eq(answer(&t, up), OLD + 0x10000);
		st_map(&t, &s.s1, low, NEW, 3, ST_S1);
		st_map(&t, &p, up, NEW + 0x10000, 3, ST_S1);
		st_do(&t, ST_TLBI(0x12, ST_VMID, ST_ASID) | row[i].num, (row[i].up ? up : low) | row[i].at | 1);
		must(answer(&t, low) == (row[i].low ? NEW : OLD) || (!row[i].low && shapes[_i].may_lose), "%s, row %u: lower half",
		     shapes[_i].what, i);
		must(answer(&t, up) == (row[i].up ? NEW : OLD) + 0x10000 || (!row[i].up && shapes[_i].may_lose), "%s, row %u: upper half",
		     shapes[_i].what, i);
		st_close(&t);
	}
}
END_TEST

/* Permissions that shrink are old ones too: a write is refused after the command. */
START_TEST(permissions_shrink)
{
	struct st_opt o = { .caches = 64, .tweak = shapes[_i].set };
	struct st_stream s;
	struct xl_req q;
	uint64_t l;
	struct st t;

	st_open(&t, &o);
	st_nested(&t, &s, ST_SID);
	st_map(&t, &s.s1, VA, IJ, 3, ST_S1);
	l = st_map(&t, &s.s2, IJ, OLD, 3, ST_S2);
	q = st_req(&t, VA, XL_W);
	ck_assert(st_run(&t, &q).ok);
	st_edit(&t, l, 0, ST_S2W);
	st_cmd(&t, ST_TLBI(0x2a, ST_VMID, 0), IJ | 1);
	st_cmd(&t, ST_TLBI(0x10, ST_VMID, 0), 0);
	st_sync(&t);
	ck_assert_uint_eq(st_run(&t, &q).code, 0x13);
	st_close(&t);
}
END_TEST

/* Structures that are not valid are cached as others are: making one valid needs its command. */
START_TEST(invalid_structures)
{
	struct st_opt o = { .caches = 64 };
	struct st_stream s;
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	st_only1(&t, &s, ST_SID);
	st_map(&t, &s.s1, VA, OLD, 3, ST_S1);
	q = st_req(&t, VA, XL_R);
	st_edit(&t, s.cdp, 0, ST_B(31));
	ck_assert_uint_eq(st_run(&t, &q).code, 0x0a);
	st_edit(&t, s.cdp, ST_B(31), 0);
	ck_assert_uint_eq(st_run(&t, &q).code, 0x0a);
	st_edit(&t, st_ste_at(&t, ST_SID), 0, 1);
	st_do(&t, ST_CFGI_STE(ST_SID, 1));
	ck_assert_uint_eq(st_run(&t, &q).code, 0x04);
	st_edit(&t, st_ste_at(&t, ST_SID), 1, 0);
	ck_assert_uint_eq(st_run(&t, &q).code, 0x04);
	st_do(&t, ST_CFGI_CD(ST_SID, 0, 1));
	ck_assert_uint_eq(st_run(&t, &q).code, 0x04);
	st_do(&t, ST_CFGI_STE(ST_SID, 1));
	ck_assert_uint_eq(st_run(&t, &q).spa, OLD);
	/* a fetch that failed is not cached */
	mem_poison(t.r->m, s.cdp, true);
	st_do(&t, ST_CFGI_CD(ST_SID, 0, 1));
	ck_assert_uint_eq(st_run(&t, &q).code, 0x09);
	mem_poison(t.r->m, s.cdp, false);
	ck_assert_uint_eq(st_run(&t, &q).spa, OLD);
	st_close(&t);
}
END_TEST

/*
 * A stage-1 block over smaller stage-2 pages is cached in pieces, each a combined entry. A command for any address of the block names the
 * stage-1 component of all of them ("an entry must go if any component would go").
 */
START_TEST(block_in_pieces)
{
	for (unsigned form = 0; form < 4; form++) {
		struct st_opt o = { .caches = 64, .tweak = shapes[_i].set };
		uint64_t base = UINT64_C(0x40000000), va = base + 0x8000, w0 = ST_TLBI(0x12, ST_VMID, ST_ASID);
		struct st_stream s;
		struct st t;

		st_open(&t, &o);
		st_nested(&t, &s, ST_SID);
		st_map(&t, &s.s1, base, ST_B(21), 2, ST_S1);
		for (unsigned i = 0; i < 4; i++) {
			st_map(&t, &s.s2, ST_B(21) + 0x3000 * i, OLD + 0x3000 * i, 3, ST_S2);
			st_map(&t, &s.s2, ST_B(22) + 0x3000 * i, NEW + 0x3000 * i, 3, ST_S2);
		}
		for (unsigned i = 0; i < 4; i++)
			ck_assert_uint_eq(answer(&t, base + 0x3000 * i), OLD + 0x3000 * i);
		st_map(&t, &s.s1, base, ST_B(22), 2, ST_S1);
		switch (form) {
		case 0:
			st_do(&t, w0, va | 1);
			break;
		case 1:
			st_do(&t, ST_TLBI(0x13, ST_VMID, 0), va);
			break;
		case 2:
			st_do(&t, w0, base | TG(1, 2) | 1);
			break;
		default:
			st_do(&t, w0 | NUM(1, 0), (base + 0x100000) | TG(1, 0) | 1);
			break;
		}
		for (unsigned i = 0; i < 4; i++)
			must(answer(&t, base + 0x3000 * i) == NEW + 0x3000 * i, "%s, form %u: piece %u is stale", shapes[_i].what, form, i);
		st_close(&t);
	}
}
END_TEST

/* Two streams of one address space behind TBUs of their own: the second is served from the TCU's stage-1 entry. Commands with a level reach
 * both. */
static void two_tbus(struct smmuv3_cfg *c)
{
	shape_tbu(c);
	c->unit.ports = 2;
	c->tlb_split = true;
}
static void two_tbus_by_stream(struct smmuv3_cfg *c)
{
	two_tbus(c);
	c->tbu_tag = SMMUV3_TAG_STREAM;
}

START_TEST(shared_by_two_tbus)
{
	for (unsigned form = 0; form < 5; form++) {
		struct st_opt o = { .caches = 64, .tweak = _i & 1 ? two_tbus_by_stream : two_tbus };
		int level = _i & 2 ? 2 : 3;
		uint64_t va = UINT64_C(0x40000000), w0 = ST_TLBI(0x12, ST_VMID, ST_ASID);
		struct st_stream s;
		struct st t;

		st_open(&t, &o);
		st_nested(&t, &s, 0x24);
		s.sid = 0x25;
		st_put_ste(&t, &s);
		st_map(&t, &s.s1, va, ST_B(21), level, ST_S1);
		st_map(&t, &s.s2, ST_B(21), OLD, 3, ST_S2);
		st_map(&t, &s.s2, ST_B(22), NEW, 3, ST_S2);
		for (t.sid = 0x24; t.sid < 0x26; t.sid++)
			ck_assert_uint_eq(answer(&t, va), OLD);
		st_map(&t, &s.s1, va, ST_B(22), level, ST_S1);
		switch (form) {
		case 0:
			st_do(&t, w0, va | 1);
			break;
		case 1:
			st_do(&t, w0, va | TG(1, level) | 1);
			break;
		case 2:
			st_do(&t, w0 | NUM(1, 0), va | TG(1, level) | 1);
			break;
		case 3:
			st_do(&t, w0 | NUM(1, 0), va | TG(1, 0));
			break;
		default:
			st_do(&t, ST_TLBI(0x11, ST_VMID, ST_ASID), 0);
			break;
		}
		for (t.sid = 0x24; t.sid < 0x26; t.sid++)
			must(answer(&t, va) == NEW, "form %u, level %d: stream 0x%x is stale", form, level, t.sid);
		st_close(&t);
	}
}
END_TEST

/* A TBU entry taken over from the TCU's TLB belongs to the stream that uses it: its own CFGI_STE drops it, another's does not let it live
 * on. */
START_TEST(taken_over_by_a_stream)
{
	static void (*const set[])(struct smmuv3_cfg * c) = { shape_stream, two_tbus_by_stream };
	struct st_opt o = { .caches = 64, .tweak = set[_i] };
	struct st_stream s;
	struct st t;

	st_open(&t, &o);
	st_nested(&t, &s, 0x24);
	s.sid = 0x25;
	st_put_ste(&t, &s);
	st_map(&t, &s.s1, VA, IJ, 3, ST_S1);
	st_map(&t, &s.s2, IJ, OLD, 3, ST_S2);
	for (t.sid = 0x24; t.sid < 0x26; t.sid++)
		for (unsigned i = 0; i < 2; i++)
			ck_assert_uint_eq(answer(&t, VA), OLD);
	t.sid = 0x25;
	st_put(&t, st_ste_at(&t, 0x25), 1); /* abort */
	st_do(&t, ST_CFGI_STE(0x24, 1));
	ck_assert_uint_eq(answer(&t, VA), OLD); /* not yet */
	st_do(&t, ST_CFGI_STE(0x25, 1));
	{
		struct xl_req q = st_req(&t, VA, XL_R);

		must(!st_run(&t, &q).ok, "stream 0x25 goes on after its STE was invalidated");
	}
	st_close(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_tlbi");
	TCase *t = tcase_create("tlbi");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, scopes, 0, (int)ARRAY_LEN(shapes));
	tcase_add_loop_test(t, block_in_pieces, 0, (int)ARRAY_LEN(shapes));
	tcase_add_loop_test(t, shared_by_two_tbus, 0, 4);
	tcase_add_loop_test(t, taken_over_by_a_stream, 0, 2);
	tcase_add_test(t, ignored);
	tcase_add_test(t, invalid_structures);
	tcase_add_loop_test(t, over_invalidation, 0, 4);
	tcase_add_loop_test(t, stage2_under_nested, 0, (int)ARRAY_LEN(shapes));
	tcase_add_loop_test(t, large_entries, 0, (int)(LARGES * ARRAY_LEN(shapes)));
	tcase_add_loop_test(t, vmid_wildcard, 0, 8);
	tcase_add_loop_test(t, global_lookups, 0, (int)ARRAY_LEN(shapes));
	tcase_add_test(t, no_vmid_without_stage2);
	tcase_add_loop_test(t, top_byte, 0, (int)ARRAY_LEN(shapes));
	tcase_add_loop_test(t, upper_half, 0, (int)ARRAY_LEN(shapes));
	tcase_add_loop_test(t, permissions_shrink, 0, (int)ARRAY_LEN(shapes));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
