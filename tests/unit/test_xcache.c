/* SPDX-License-Identifier: Apache-2.0 */
/* test_xcache.c - the cache against a plain array of entries, for every shape, policy and page size. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/cache/xcache.h"

enum { MAX = 256 };
struct ment { /* one slot as the model knows it */
	bool live;
	struct xc_tag t;
	uint64_t born, used;
};
static struct ment me[MAX];
static bool tree[MAX][2 * MAX]; /* PLRU: true, the next victim is in the upper half */
static uint32_t rr[MAX];
static uint64_t tick, replaced;
static uint32_t moved[3]; /* index tag: by how many sets each id moves, plus 1; 0: not seen yet */
static struct xcache *x;
static struct xc_cfg cfg;
static uint32_t ways, sets;
static struct rng rng;

static const struct xc_cfg shapes[] = { /* entries, ways */
	{ .entries = 64, .ways = 8 },  { .entries = 64, .ways = 16 }, { .entries = 32, .ways = 1 },  { .entries = 16, .ways = 0 },
	{ .entries = 64, .ways = 0 },  { .entries = 128, .ways = 32 }, { .entries = 256, .ways = 128 }, { .entries = 24, .ways = 4 },
	{ .entries = 60, .ways = 12 }, { .entries = 9, .ways = 3 },    { .entries = 66, .ways = 22 },	{ .entries = 1, .ways = 1 },
};
enum { SHAPES = ARRAY_LEN(shapes), POLICIES = XC_RR + 1 };
static const struct { uint32_t index, shift; } index_rows[] = { { XC_INDEX_PAGE, 0 }, { XC_INDEX_PAGE, 2 }, { XC_INDEX_FOLD, 0 },
								{ XC_INDEX_FOLD, 3 }, { XC_INDEX_TAG, 0 } };

static uint64_t span(unsigned lg2) /* bytes of the page, minus one */
{
	return lg2 == 64 ? UINT64_MAX : (UINT64_C(1) << lg2) - 1;
}

static void begin(struct xc_cfg c, uint64_t seed)
{
	struct err e = { 0 };

	cfg = c;
	x = xc_create(&c, sizeof(uint64_t), seed, &e);
	ck_assert_msg(x != NULL, "%s", e.msg);
	ways = c.ways ? c.ways : c.entries;
	sets = c.entries / ways;
	memset(me, 0, sizeof(me));
	memset(tree, 0, sizeof(tree));
	memset(rr, 0, sizeof(rr));
	memset(moved, 0, sizeof(moved));
	tick = replaced = 0;
	rng_seed(&rng, seed);
}

static uint32_t model_find(uint64_t addr, uint64_t id)
{
	uint32_t best = XC_MISS;

	for (uint32_t i = 0; i < cfg.entries; i++)
		if (me[i].live && me[i].t.id == id && addr >= me[i].t.first && addr - me[i].t.first <= span(me[i].t.size_lg2) &&
		    (best == XC_MISS || me[i].t.size_lg2 < me[best].t.size_lg2))
			best = i;
	return best;
}

static void tree_touch(bool *t, uint32_t node, uint32_t lo, uint32_t n, uint32_t way)
{
	if (n == 1)
		return;
	t[node] = way < lo + n / 2;
	if (t[node])
		tree_touch(t, 2 * node, lo, n / 2, way);
	else
		tree_touch(t, 2 * node + 1, lo + n / 2, n / 2, way);
}

static uint32_t tree_victim(const bool *t, uint32_t node, uint32_t lo, uint32_t n)
{
	if (n == 1)
		return lo;
	return t[node] ? tree_victim(t, 2 * node + 1, lo + n / 2, n / 2) : tree_victim(t, 2 * node, lo, n / 2);
}

static void model_touch(uint32_t slot)
{
	me[slot].used = ++tick;
	if (cfg.policy == XC_PLRU)
		tree_touch(tree[slot / ways], 1, 0, ways, slot % ways);
}

static void check_victim(uint32_t set, uint32_t slot)
{
	uint32_t want = set * ways;

	for (uint32_t i = set * ways; i < (set + 1) * ways; i++) {
		ck_assert_msg(me[i].live, "evicted although way %u was free", i - set * ways);
		if (cfg.policy == XC_LRU ? me[i].used < me[want].used : me[i].born < me[want].born)
			want = i;
	}
	if (cfg.policy == XC_PLRU)
		want = set * ways + tree_victim(tree[set], 1, 0, ways);
	if (cfg.policy == XC_RR)
		want = set * ways + rr[set]++ % ways;
	if (cfg.policy != XC_RANDOM)
		ck_assert_uint_eq(slot, want);
}

/* The set of a page, bit by bit; index tag: @slot says by how much an id moves it, always the same. */
static uint32_t set_of(const struct xc_tag *t, uint32_t slot)
{
	uint64_t page = t->size_lg2 == 64 ? 0 : t->first >> t->size_lg2 >> cfg.index_shift, fold = 0;
	unsigned width = 1;
	uint32_t *m = &moved[t->id];

	while (sets > 1u << width)
		width++;
	for (unsigned b = 0; b < 64; b++)
		fold ^= (page >> b & 1) << b % width;
	if (cfg.index == XC_INDEX_FOLD)
		return (uint32_t)(fold % sets);
	if (cfg.index == XC_INDEX_TAG && !*m)
		*m = 1 + (slot / ways + sets - (uint32_t)(page % sets)) % sets;
	return (uint32_t)((page % sets + (cfg.index == XC_INDEX_TAG ? *m - 1 : 0)) % sets);
}

static void fill(const struct xc_tag *t)
{
	uint32_t set, same = XC_MISS, slot;

	for (uint32_t i = 0; i < cfg.entries; i++)
		if (me[i].live && me[i].t.id == t->id && me[i].t.first == t->first && me[i].t.size_lg2 == t->size_lg2)
			same = i;
	slot = xc_fill(x, t);
	set = set_of(t, slot);
	ck_assert_uint_eq(slot / ways, set);
	ck_assert_mem_eq(xc_tag_of(x, slot), t, sizeof(*t));
	if (same != XC_MISS) {
		ck_assert_uint_eq(slot, same);
		replaced++;
	} else {
		if (me[slot].live)
			check_victim(set, slot);
		me[slot].born = ++tick;
	}
	me[slot].live = true;
	me[slot].t = *t;
	model_touch(slot);
	*(uint64_t *)xc_payload(x, slot) = t->first ^ t->id;
}

static void lookup(uint64_t addr, uint64_t id)
{
	uint32_t want = model_find(addr, id), got;

	ck_assert_uint_eq(xc_peek(x, addr, id), want);
	got = xc_lookup(x, addr, id);
	ck_assert_uint_eq(got, want);
	if (got == XC_MISS)
		return;
	ck_assert_uint_eq(*(uint64_t *)xc_payload(x, got), me[got].t.first ^ me[got].t.id);
	model_touch(got);
}

/* The scope's meaning, member by member, apart from inv_covers(). */
static bool covered(const struct inv_scope *s, const struct xc_tag *t)
{
	bool in = s->kinds & (1u << t->kind);

	in = in && (!(s->by & INV_RID) || (t->rid & s->rid_mask) == (s->rid & s->rid_mask));
	in = in && (!(s->by & INV_PASID) || t->pasid == s->pasid);
	in = in && (!(s->by & INV_DID) || t->did == s->did);
	in = in && (!(s->by & INV_ASID) || t->asid == s->asid);
	in = in && (!(s->by & INV_VMID) || t->vmid == s->vmid);
	if (in && (s->by & INV_RANGE) && (s->range_kinds & (1u << t->kind)))
		in = !(t->first > s->last || (t->first < s->first && s->first - t->first > span(t->size_lg2)));
	return in;
}

static void invalidate(const struct inv_scope *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < cfg.entries; i++)
		if (me[i].live && covered(s, &me[i].t)) {
			me[i].live = false;
			n++;
		}
	ck_assert_uint_eq(xc_invalidate(x, s), n);
}

static void check_all(void)
{
	const struct xc_stats *st = xc_stats_of(x);
	uint32_t live = 0;

	for (uint32_t i = 0; i < cfg.entries; i++) {
		const struct xc_tag *t = &me[i].t;

		live += me[i].live;
		ck_assert_uint_eq(xc_peek(x, t->first, t->id), model_find(t->first, t->id));
		ck_assert_uint_eq(xc_peek(x, t->first + span(t->size_lg2), t->id), model_find(t->first + span(t->size_lg2), t->id));
	}
	ck_assert_uint_eq(xc_live(x), live);
	ck_assert_uint_eq(st->hits + st->misses, st->lookups);
	ck_assert_uint_eq(st->fills - st->evictions - st->dropped - replaced, live);
}

static const uint8_t sizes[] = { 12, 12, 12, 21, 30, 0, 39, 52, 63, 64 };

static uint64_t some_addr(void)
{
	uint64_t a = rng_below(&rng, 40) << 12 | rng_below(&rng, 4096);

	return rng_below(&rng, 3) ? a : rng_below(&rng, 8) ? a + (rng_below(&rng, 8) << 30) : rng_next(&rng);
}

static struct xc_tag some_tag(void)
{
	struct xc_tag t;

	memset(&t, 0, sizeof(t)); /* compared as bytes */
	t.size_lg2 = sizes[rng_below(&rng, sizeof(sizes))];
	t.first = some_addr() & ~span(t.size_lg2);
	t.id = rng_below(&rng, 3);
	t.rid = (uint32_t)rng_below(&rng, 16);
	t.pasid = (uint32_t)rng_below(&rng, 3);
	t.did = (uint16_t)rng_below(&rng, 3);
	t.asid = (uint16_t)rng_below(&rng, 2);
	t.vmid = (uint16_t)rng_below(&rng, 2);
	t.kind = (uint8_t)(rng_below(&rng, 3) * 15 + 1); /* 1, 16, 31 */
	return t;
}

static struct inv_scope some_scope(void)
{
	struct inv_scope s = { .by = (uint32_t)(rng_next(&rng) & rng_next(&rng) & 31), .kinds = UINT32_MAX, .range_kinds = UINT32_MAX };

	if (rng_below(&rng, 4) == 0)
		s.kinds = (uint32_t)rng_next(&rng);
	if (rng_below(&rng, 4) == 0)
		s.range_kinds = (uint32_t)rng_next(&rng);
	if (rng_below(&rng, 8))
		s.by |= INV_RANGE;
	s.rid = (uint32_t)rng_below(&rng, 16);
	s.rid_mask = rng_below(&rng, 2) ? UINT32_MAX : ~UINT32_C(7);
	s.pasid = (uint32_t)rng_below(&rng, 3);
	s.did = (uint16_t)rng_below(&rng, 3);
	s.asid = (uint16_t)rng_below(&rng, 2);
	s.vmid = (uint16_t)rng_below(&rng, 2);
	s.first = some_addr() & ~UINT64_C(0xfff);
	s.last = s.first + ((UINT64_C(1) << (12 + rng_below(&rng, 4))) - 1);
	if (s.last < s.first || rng_below(&rng, 16) == 0)
		s.last = UINT64_MAX;
	return s;
}

START_TEST(same_as_a_plain_array)
{
	struct xc_cfg c = shapes[_i % SHAPES];
	const char *env = getenv("SIM_SEED");

	c.policy = (uint32_t)(_i / SHAPES % POLICIES);
	c.index = index_rows[_i / SHAPES / POLICIES].index;
	c.index_shift = index_rows[_i / SHAPES / POLICIES].shift;
	if (c.policy == XC_PLRU && ((c.ways ? c.ways : c.entries) & ((c.ways ? c.ways : c.entries) - 1)))
		return; /* refused, see bad_configurations */
	begin(c, env ? strtoull(env, NULL, 0) : 1000 + (uint64_t)_i);
	for (int step = 0; step < 4000; step++) {
		struct xc_tag t = some_tag();
		struct inv_scope s = some_scope();
		uint32_t slot = (uint32_t)rng_below(&rng, c.entries);

		switch (rng_below(&rng, c.entries > 200 ? 512 : 32)) { /* large caches must get full too */
		case 0:
			invalidate(&s);
			break;
		case 1:
			if (me[slot].live) {
				xc_drop(x, slot);
				me[slot].live = false;
			}
			break;
		default:
			if (rng_below(&rng, 2))
				fill(&t);
			else
				lookup(some_addr(), rng_below(&rng, 3));
		}
		if (step % 64 == 0)
			check_all();
	}
	check_all();
	ck_assert_uint_gt(xc_stats_of(x)->evictions, 0);
	ck_assert_uint_gt(xc_stats_of(x)->hits, 0);
	if (c.index == XC_INDEX_TAG && sets >= 16)
		ck_assert(moved[0] != moved[1] || moved[0] != moved[2]);
	xc_destroy(x);
}
END_TEST

static const uint8_t page_rows[] = { 0, 12, 21, 30, 39, 48, 52, 57, 63, 64 };

START_TEST(every_address_of_the_page_hits_until_invalidated)
{
	for (uint32_t w = 0; w <= 8; w += 8) {
		unsigned lg2 = page_rows[_i];
		struct xc_tag t = { .size_lg2 = (uint8_t)lg2, .id = 5 }, other = { .first = 0x7000, .size_lg2 = 12, .id = 6 };
		uint64_t probe;

		begin((struct xc_cfg){ .entries = 64, .ways = w }, 1);
		t.first = lg2 == 64 ? 0 : lg2 == 63 ? UINT64_C(1) << 63 : UINT64_C(3) << lg2;
		ck_assert_uint_ne(xc_fill(x, &t), XC_MISS);
		ck_assert_uint_ne(xc_fill(x, &other), XC_MISS);
		for (int i = 0; i < 200; i++) {
			probe = t.first + (i == 0 ? 0 : i == 1 ? span(lg2) : rng_next(&rng) & span(lg2));
			ck_assert_uint_ne(xc_lookup(x, probe, 5), XC_MISS);
			ck_assert_uint_eq(xc_lookup(x, probe, 4), XC_MISS);
		}
		if (lg2 < 64)
			ck_assert_uint_eq(xc_lookup(x, t.first - 1, 5), XC_MISS);
		if (lg2 < 63)
			ck_assert_uint_eq(xc_lookup(x, t.first + span(lg2) + 1, 5), XC_MISS);
		/* the last byte of the page is enough to drop it whole; 0x7000 stays unless it lies there */
		probe = t.first + span(lg2);
		ck_assert_uint_eq(xc_invalidate(x, &(struct inv_scope){ .by = INV_RANGE, .kinds = 1, .range_kinds = 1, .first = probe,
									.last = probe }), 1);
		ck_assert_uint_eq(xc_lookup(x, t.first, 5), XC_MISS);
		ck_assert_uint_eq(xc_lookup(x, probe, 5), XC_MISS);
		ck_assert_uint_ne(xc_lookup(x, 0x7fff, 6), XC_MISS);
		xc_destroy(x);
	}
}
END_TEST

/* Fill A B C D into one set of four; then the steps: a capital fills, a small letter looks up, '-x' drops. */
static const struct {
	enum xc_policy p;
	const char *steps, *left; /* entries left, sorted */
} order_rows[] = {
	{ XC_LRU, "E", "BCDE" },      { XC_LRU, "aE", "ACDE" },	   { XC_LRU, "abcE", "ABCE" },	 { XC_LRU, "AE", "ACDE" },
	{ XC_LRU, "EaF", "CDEF" },    { XC_FIFO, "E", "BCDE" },	   { XC_FIFO, "aE", "BCDE" },	 { XC_FIFO, "AE", "BCDE" },
	{ XC_FIFO, "-aEF", "CDEF" },  { XC_RR, "EF", "CDEF" },	   { XC_RR, "-cEF", "BDEF" },	 { XC_RR, "aEFGHI", "FGHI" },
	{ XC_PLRU, "E", "BCDE" },     { XC_PLRU, "aE", "ABDE" },   { XC_PLRU, "EF", "BDEF" },	 { XC_PLRU, "caE", "ABCE" },
	{ XC_LRU, "-dEF", "BCEF" },
};

START_TEST(eviction_order)
{
	const char *parts[] = { "ABCD", order_rows[_i].steps };
	char left[16] = "";
	unsigned n = 0;

	begin((struct xc_cfg){ .entries = 4, .ways = 4, .policy = order_rows[_i].p }, 1);
	for (int part = 0; part < 2; part++)
		for (const char *c = parts[part]; *c; c++) {
			bool drop = *c == '-';
			uint64_t addr;

			c += drop;
			addr = (uint64_t)(*c & 31) << 12;
			if (drop)
				xc_drop(x, xc_peek(x, addr, 0));
			else if (*c >= 'a')
				(void)xc_lookup(x, addr, 0);
			else
				(void)xc_fill(x, &(struct xc_tag){ .first = addr, .size_lg2 = 12 });
		}
	for (uint64_t a = 1; a < 27; a++)
		if (xc_peek(x, a << 12, 0) != XC_MISS)
			left[n++] = (char)('A' + a - 1);
	xc_destroy(x);
	ck_assert_str_eq(left, order_rows[_i].left);
}
END_TEST

START_TEST(no_entries_no_hits)
{
	struct xc_tag t = { .first = 0x1000, .size_lg2 = 12 };

	begin((struct xc_cfg){ .entries = 0, .ways = 8 }, 1);
	ck_assert_uint_eq(xc_fill(x, &t), XC_MISS);
	ck_assert_uint_eq(xc_lookup(x, 0x1000, 0), XC_MISS);
	ck_assert_uint_eq(xc_invalidate(x, &(struct inv_scope){ .kinds = UINT32_MAX }), 0);
	ck_assert_uint_eq(xc_stats_of(x)->misses, 1);
	ck_assert_uint_eq(xc_stats_of(x)->fills, 0);
	xc_destroy(x);
}
END_TEST

START_TEST(miss_after_hit_moves_one_count)
{
	struct xc_tag t = { .first = 0x1000, .size_lg2 = 12 };

	begin((struct xc_cfg){ .entries = 8, .ways = 8, .lat_cyc = 3, .ports = 2 }, 1);
	ck_assert_uint_ne(xc_fill(x, &t), XC_MISS);
	ck_assert_uint_ne(xc_lookup(x, 0x1fff, 0), XC_MISS);
	xc_miss_after_hit(x);
	ck_assert_uint_eq(xc_stats_of(x)->lookups, 1);
	ck_assert_uint_eq(xc_stats_of(x)->hits, 0);
	ck_assert_uint_eq(xc_stats_of(x)->misses, 1);
	ck_assert_uint_eq(xc_config(x)->lat_cyc, 3);
	ck_assert_uint_eq(xc_config(x)->ports, 2);
	xc_destroy(x);
}
END_TEST

static const struct {
	struct xc_cfg c;
	bool ok;
} cfg_rows[] = {
	{ { .entries = 10, .ways = 4 }, false },
	{ { .entries = 4, .ways = 8 }, false },
	{ { .entries = 12, .ways = 3, .policy = XC_PLRU }, false },
	{ { .entries = 12, .ways = 0, .policy = XC_PLRU }, false },
	{ { .entries = 12, .ways = 4, .policy = XC_PLRU }, true },
	{ { .entries = 12, .ways = 3, .policy = XC_LRU }, true },
	{ { .entries = 8, .ways = 8, .policy = XC_RR + 1 }, false },
	{ { .entries = 8, .ways = 4, .index = XC_INDEX_TAG }, true },
	{ { .entries = 8, .ways = 4, .index = XC_INDEX_TAG + 1 }, false },
};

START_TEST(bad_configurations)
{
	struct err e = { 0 };
	struct xcache *c = xc_create(&cfg_rows[_i].c, 0, 0, &e);

	ck_assert_int_eq(c != NULL, cfg_rows[_i].ok);
	ck_assert_int_eq(e.code, cfg_rows[_i].ok ? ERR_NONE : ERR_INPUT);
	xc_destroy(c);
}
END_TEST

START_TEST(same_seed_same_victims)
{
	struct xc_cfg c = { .entries = 16, .ways = 16, .policy = XC_RANDOM };
	struct xcache *a = xc_create(&c, 0, 42, NULL), *b = xc_create(&c, 0, 42, NULL), *d = xc_create(&c, 0, 43, NULL);
	unsigned differ = 0;

	for (uint64_t i = 0; i < 500; i++) {
		struct xc_tag t = { .first = i << 12, .size_lg2 = 12 };
		uint32_t slot = xc_fill(a, &t);

		ck_assert_uint_eq(slot, xc_fill(b, &t));
		differ += slot != xc_fill(d, &t);
	}
	ck_assert_uint_gt(differ, 100);
	xc_destroy(a);
	xc_destroy(b);
	xc_destroy(d);
}
END_TEST

START_TEST(names_match_members)
{
	ck_assert_str_eq(xc_stat_defs[0].name, "lookups");
	for (const struct stat_def *d = xc_stat_defs; d->name; d++)
		if (d->kind == STAT_RATIO) {
			ck_assert_str_eq(d->name, "hit_rate");
			ck_assert_uint_eq(d->off, offsetof(struct xc_stats, hits));
			ck_assert_uint_eq(d->off_den, offsetof(struct xc_stats, lookups));
			ck_assert_ptr_null(d[1].name);
			return;
		}
	ck_abort_msg("no hit_rate");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xcache");
	TCase *t = tcase_create("xcache");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, same_as_a_plain_array, 0, SHAPES * POLICIES * (int)ARRAY_LEN(index_rows));
	tcase_add_loop_test(t, every_address_of_the_page_hits_until_invalidated, 0, (int)ARRAY_LEN(page_rows));
	tcase_add_loop_test(t, eviction_order, 0, (int)ARRAY_LEN(order_rows));
	tcase_add_test(t, no_entries_no_hits);
	tcase_add_test(t, miss_after_hit_moves_one_count);
	tcase_add_loop_test(t, bad_configurations, 0, (int)ARRAY_LEN(cfg_rows));
	tcase_add_test(t, same_seed_same_victims);
	tcase_add_test(t, names_match_members);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
