/* SPDX-License-Identifier: Apache-2.0 */
/* laws_cache.c - laws of one cache (VAL-A04, A05, A06, A12, A13, A17), on struct xcache with pages of 4 KiB and no other traffic. */
#include "core/cache/xcache.h"
#include "laws.h"

static struct xcache *cache(unsigned entries, unsigned ways, unsigned policy)
{
	struct xc_cfg c = { .entries = entries, .ways = ways, .policy = policy };
	struct err e = { 0 };
	struct xcache *x = xc_create(&c, 0, 1, &e);

	if (!x)
		law_die(e.msg);
	return x;
}

/* Look @page up, and put it in if it is not there. */
static bool touch(struct xcache *x, uint64_t page)
{
	if (xc_lookup(x, page << 12, 0) != XC_MISS)
		return true;
	(void)xc_fill(x, &(struct xc_tag){ .first = page << 12, .size_lg2 = 12 });
	return false;
}

static const struct { const char *name; unsigned policy; } policies[] = { { "lru", XC_LRU }, { "fifo", XC_FIFO }, { "random", XC_RANDOM } };

static void uniform(void)
{
	const unsigned n = 200000, pages[] = { 32, 96, 256, 1024 };
	struct rng r;

	for (size_t p = 0; p < ARRAY_LEN(policies); p++)
		for (unsigned ways = 0; ways <= 4; ways += 4)
			for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
				struct xcache *x = cache(64, ways, policies[p].policy);
				double hit = 0, want = pages[i] < 64 ? 1 : 64.0 / pages[i];

				rng_seed(&r, 7);
				for (unsigned k = 0; k < n + 20000; k++)
					hit += touch(x, rng_below(&r, pages[i])) && k >= 20000;
				law("VAL-A04", "cache", want, hit / n, 3 * sqrt(want * (1 - want) / n), "64 entries (%s; %s): uniform over %u pages: hit rate",
				    ways ? "4 ways" : "fully associative", policies[p].name, pages[i]);
				xc_destroy(x);
			}
}

/* h = (1 - 1/N)^((1 - h)(P - 1)), the smallest root, by iteration from 0. */
static double random_cycle(double entries, double pages)
{
	double h = 0;

	for (int i = 0; i < 2000; i++)
		h = pow(1 - 1 / entries, (1 - h) * (pages - 1));
	return h;
}

static void cyclic(void)
{
	for (size_t p = 0; p < ARRAY_LEN(policies); p++)
		for (unsigned pages = 63; pages <= 256; pages += pages < 65 ? 1 : pages == 65 ? 31 : pages == 96 ? 32 : 128) {
			const unsigned laps = 2000;
			struct xcache *x = cache(64, 0, policies[p].policy);
			double hit = 0;

			for (unsigned i = 0; i < laps * pages; i++)
				hit += touch(x, i % pages) && i >= 100 * pages;
			hit /= (laps - 100.0) * pages;
			if (policies[p].policy != XC_RANDOM || pages <= 64)
				law("VAL-A05", "cache", pages <= 64 ? 1 : 0, hit, 0, "64 entries (%s): cyclic over %u pages: hit rate", policies[p].name, pages);
			else if (pages >= 96)
				law("VAL-A05", "cache", random_cycle(64, pages), hit, 0.01, "64 entries (random): cyclic over %u pages: hit rate", pages);
			xc_destroy(x);
		}
	for (unsigned k = 2; k <= 8; k *= 2) {
		struct xcache *x = cache(64, 0, XC_LRU);
		double hit = 0;

		for (unsigned i = 0; i < 65 * 100 * k; i++)
			hit += touch(x, i / k % 65);
		law("VAL-A05", "cache", (k - 1.0) / k, hit / (65 * 100 * k), 0, "64 entries (lru): %u accesses to each of 65 pages in turn: hit rate", k);
		xc_destroy(x);
	}
}

static unsigned gcd(unsigned a, unsigned b)
{
	return b ? gcd(b, a % b) : a;
}

static void strides(void)
{
	const unsigned sets = 16, ways = 8, laps = 50;

	for (unsigned s = 1; s <= 48; s = s == 3 ? 4 : s == 16 ? 48 : s == 1 ? 3 : s * 2)
		for (unsigned over = 0; over < 2; over++) {
			unsigned capacity = ways * (sets / gcd(sets, s)), pages = capacity + over;
			struct xcache *x = cache(sets * ways, ways, XC_LRU);
			double miss = 0;

			for (unsigned i = 0; i < laps * pages; i++)
				miss += !touch(x, (uint64_t)(i % pages) * s);
			/* one page too many: its set, and only that, misses in every lap */
			law("VAL-A06", "cache", pages + (over ? (laps - 1.0) * (ways + 1) : 0), miss, 0, "16 sets, 8 ways: stride %u: %u laps over %u pages: misses", s, laps,
			    pages);
			xc_destroy(x);
		}
}

/* Hits of every size at once, by the distance in a list of pages in the order of their last use. */
static void stack(void)
{
	enum { REFS = 20000, PAGES = 200 };
	static uint16_t ref[REFS];
	unsigned list[PAGES], n = 0, dist[PAGES + 1] = { 0 };
	struct rng r;

	rng_seed(&r, 11);
	for (unsigned i = 0; i < REFS; i++) {
		unsigned at = 0;

		ref[i] = (uint16_t)(rng_below(&r, 3) ? rng_below(&r, 20) : rng_below(&r, PAGES));
		while (at < n && list[at] != ref[i])
			at++;
		if (at < n)
			dist[at + 1]++;
		else
			n++;
		memmove(list + 1, list, at * sizeof(*list));
		list[0] = ref[i];
	}
	unsigned want = 0, last = 0, wrong = 0, fewer = 0;

	for (unsigned size = 1; size <= PAGES; size++) {
		struct xcache *x = cache(size, 0, XC_LRU);
		unsigned hit = 0;

		want += dist[size];
		for (unsigned i = 0; i < REFS; i++)
			hit += touch(x, ref[i]);
		wrong += hit != want;
		fewer += hit < last;
		last = hit;
		xc_destroy(x);
	}
	law("VAL-A12", "cache", 0, wrong, 0, "lru: sizes 1 to 200: those whose hits differ from the stack distances");
	law("VAL-A12", "cache", 0, fewer, 0, "lru: sizes 1 to 200: those with fewer hits than the size below");
	fewer = last = 0;
	for (unsigned ways = 1; ways <= 32; ways *= 2) {
		struct xcache *x = cache(8 * ways, ways, XC_LRU);
		unsigned hit = 0;

		for (unsigned i = 0; i < REFS; i++)
			hit += touch(x, ref[i]);
		fewer += hit < last;
		last = hit;
		xc_destroy(x);
	}
	law("VAL-A12", "cache", 0, fewer, 0, "lru: 8 sets of 1 to 32 ways: those with fewer hits than the one below");
}

/* Two classes of pages: T such that all expected residents add up to N. */
static void two_populations(void)
{
	static const struct { unsigned n1, n2; double p1; } c[] = { { 10, 1000, 0.8 }, { 32, 512, 0.5 } };

	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		const unsigned refs = 400000;
		double lo = 0, hi = 1e6, h1 = 0, h2 = 0, hit[2] = { 0 }, seen[2] = { 0 };
		struct xcache *x = cache(64, 0, XC_LRU);
		struct rng r;

		for (int k = 0; k < 200; k++) {
			double t = (lo + hi) / 2;

			h1 = 1 - exp(-c[i].p1 / c[i].n1 * t);
			h2 = 1 - exp(-(1 - c[i].p1) / c[i].n2 * t);
			if (c[i].n1 * h1 + c[i].n2 * h2 > 64)
				hi = t;
			else
				lo = t;
		}
		rng_seed(&r, 5);
		for (unsigned k = 0; k < refs + 20000; k++) {
			unsigned class = (double)rng_below(&r, 1000) >= 1000 * c[i].p1;
			bool h = touch(x, class ? c[i].n1 + rng_below(&r, c[i].n2) : rng_below(&r, c[i].n1));

			if (k >= 20000) {
				seen[class]++;
				hit[class] += h;
			}
		}
		law("VAL-A13", "cache", h1, hit[0] / seen[0], 0.01, "64 entries (lru): %u pages with %.0f %%, %u with the rest: hit rate of the first class", c[i].n1,
		    100 * c[i].p1, c[i].n2);
		law("VAL-A13", "cache", h2, hit[1] / seen[1], 0.01, "... of the second");
		law("VAL-A13", "cache", c[i].p1 * h1 + (1 - c[i].p1) * h2, (hit[0] + hit[1]) / refs, 0.01, "... of both");
		xc_destroy(x);
	}
}

/* What a command that names tags and a range has to remove, written without the mask of struct inv_scope. */
static bool required(const struct inv_scope *s, const struct xc_tag *t)
{
	bool tags = (!(s->by & INV_DID) || t->did == s->did) && (!(s->by & INV_PASID) || t->pasid == s->pasid) && (!(s->by & INV_ASID) || t->asid == s->asid);

	return tags && (!(s->by & INV_RANGE) || !(t->first > s->last || t->first + ((uint64_t)1 << t->size_lg2) - 1 < s->first));
}

static void precision(bool quick)
{
	unsigned over = 0, missed = 0, removed = 0;
	struct rng r;

	rng_seed(&r, 13);
	for (unsigned k = 0; k < (quick ? 300u : 2000u); k++) {
		struct xcache *x = cache(64, k % 2 ? 8 : 0, XC_LRU);
		struct inv_scope s = { .by = (uint32_t)rng_below(&r, 16) << 1 & (INV_DID | INV_PASID | INV_ASID), .kinds = 1, .range_kinds = 1 };

		s.by |= rng_below(&r, 2) ? INV_RANGE : 0;
		s.did = (uint16_t)rng_below(&r, 3);
		s.pasid = (uint32_t)rng_below(&r, 3);
		s.asid = (uint16_t)rng_below(&r, 3);
		s.first = rng_below(&r, 2048) << 12;
		s.last = s.first + (rng_below(&r, 600) << 12) + 0xfff;
		for (unsigned i = 0; i < 200; i++) {
			struct xc_tag t = { .size_lg2 = rng_below(&r, 4) ? 12 : 21 };

			t.first = rng_below(&r, t.size_lg2 == 12 ? 2048 : 4) << t.size_lg2;
			t.did = (uint16_t)rng_below(&r, 3);
			t.pasid = (uint32_t)rng_below(&r, 3);
			t.asid = (uint16_t)rng_below(&r, 3);
			t.id = 1 + t.did + 4 * t.pasid + 16 * t.asid + (t.size_lg2 == 12 ? 0 : 64);
			(void)xc_fill(x, &t);
		}
		struct xc_tag kept[64];
		unsigned n = 0, gone = 0;

		for (uint32_t i = 0; i < 64; i++)
			if (xc_tag_of(x, i) && xc_tag_of(x, i)->id)
				kept[n++] = *xc_tag_of(x, i);
		uint32_t dropped = xc_invalidate(x, &s);

		for (unsigned i = 0; i < n; i++) {
			bool there = xc_peek(x, kept[i].first, kept[i].id) != XC_MISS;

			gone += !there;
			over += !there && !required(&s, &kept[i]);
			missed += there && required(&s, &kept[i]);
		}
		if (gone != dropped)
			law_die("xc_invalidate() does not count what it drops");
		removed += dropped;
		xc_destroy(x);
	}
	law("VAL-A17", "cache", 0, missed, 0, "random entries and scopes (%u removed): entries missed", removed);
	law("VAL-A17", "cache", 0, over, 0, "... entries removed without need");
}

void laws_cache(bool quick)
{
	uniform();
	cyclic();
	strides();
	stack();
	two_populations();
	precision(quick);
	law_none("VAL-A17", "elsewhere", "commands of the three architectures: test_vtd_iq_scope test_smmuv3_tlbi test_amdvi_scopes test_smmuv3_alias");
}
