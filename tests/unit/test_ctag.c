/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ctag.c - what a command drops under each cache-tag rule, entry by entry, against the users of every entry as the test knows them
 * (VAL-A17: nothing that a command names may stay; what goes beside that is counted), and what entries are shared.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/iommu.h"

enum { ENTRIES = 48, KINDS = 3, USERS = 64, PAGES = 6 };
struct user {
	uint32_t rid, pasid;
	bool has_pasid;
	uint16_t did, asid, vmid;
	unsigned kind, root;
};
struct entry {
	bool live;
	unsigned page, n_user;
	struct user user[USERS]; /* the first one filled it */
};
static const uint8_t ids[KINDS] = { INV_DID, INV_DID | INV_PASID, INV_ASID | INV_VMID };
static struct iommu unit;
static struct ctag_cfg cfg;
static struct ctag *tags;
static struct xcache *cache;
static struct entry ent[ENTRIES];
static struct rng rng;
static uint64_t beside; /* dropped, though no user was named */

static const struct ctag_cfg rows[] = {
	{ .rule = CTAG_SPEC, .audit = true }, { .rule = CTAG_PASID }, { .rule = CTAG_DEVICE }, { .rule = CTAG_TABLE }, { .rule = CTAG_ROOT },
	{ .rule = CTAG_SPEC, .bits = 1 }, { .rule = CTAG_SPEC, .bits = 2, .fold = CTAG_MIX }, { .rule = CTAG_ROOT, .bits = 1, .fold = CTAG_MIX },
	{ .rule = CTAG_DEVICE, .bits = 1 }, { .rule = CTAG_TABLE, .bits = 1, .fold = CTAG_MIX }, { .rule = CTAG_PASID, .bits = 1 },
};

static enum xl_act no_walk(struct iommu *u, struct xl *x)
{
	(void)u;
	x->res.spa = UINT64_MAX;
	return XL_ACT_DONE;
}
static const struct iommu_ops ops = { .begin = no_walk };

static void begin(const struct ctag_cfg *c, uint64_t seed)
{
	struct xc_cfg xc = { .entries = ENTRIES, .ways = 4 };

	cfg = *c;
	unit = (struct iommu){ .ops = &ops };
	memset(ent, 0, sizeof(ent));
	beside = 0;
	rng_seed(&rng, seed);
	cache = xc_create(&xc, 8, 1, NULL);
	ck_assert(cache && ctag_create(&unit, &cfg, ids, KINDS, &tags, NULL) && tags && ctag_watch(tags, cache, NULL));
}

static void end(void)
{
	ctag_destroy(tags);
	xc_destroy(cache);
}

static struct user some_user(void)
{
	struct user u = { .rid = (uint32_t)rng_below(&rng, 3), .has_pasid = rng_below(&rng, 4), .did = (uint16_t)rng_below(&rng, 4),
			  .asid = (uint16_t)rng_below(&rng, 3), .vmid = (uint16_t)rng_below(&rng, 3), .kind = (unsigned)rng_below(&rng, KINDS),
			  .root = (unsigned)rng_below(&rng, 3) };

	if (u.has_pasid)
		u.pasid = (uint32_t)rng_below(&rng, 4);
	return u;
}

static struct xl request(const struct user *u, unsigned page)
{
	struct xl x = { .req = { .iova = (uint64_t)page << 12, .rid = u->rid, .pasid = u->pasid, .has_pasid = u->has_pasid } };
	struct ctag_key k = { .mode = u->kind, .root = 1000 + u->root };

	x.tag = (struct xc_tag){ .first = (uint64_t)page << 12, .size_lg2 = 12, .kind = (uint8_t)u->kind, .rid = u->rid,
				 .pasid = ctag_short(tags, u->pasid),
				 .did = (uint16_t)ctag_short(tags, u->did), .asid = (uint16_t)ctag_short(tags, u->asid),
				 .vmid = (uint16_t)ctag_short(tags, u->vmid) };
	k.table = u->kind < 2 ? x.tag.did : 256u * x.tag.asid + x.tag.vmid;
	k.spec = (u->kind == 1 ? 65536u * x.tag.pasid + k.table : k.table) | (uint64_t)u->kind << 60;
	x.tag.id = ctag_id(tags, &x, &k);
	return x;
}

static void use(void)
{
	struct user u = some_user();
	unsigned page = (unsigned)rng_below(&rng, PAGES);
	struct xl x = request(&u, page);
	uint32_t slot = xc_lookup(cache, x.req.iova, x.tag.id);

	if (slot != XC_MISS) {
		ck_assert(ent[slot].live && ent[slot].page == page);
		ctag_hit(tags, cache, slot, &x);
		if (ent[slot].n_user < USERS)
			ent[slot].user[ent[slot].n_user++] = u;
		return;
	}
	slot = xc_fill(cache, &x.tag);
	memset(xc_payload(cache, slot), 0, 8);
	ctag_fill(tags, cache, slot, &x);
	ent[slot] = (struct entry){ .live = true, .page = page, .n_user = 1, .user = { u } };
}

/* Does a command with these members name this user's entry for this page? */
static bool names(const struct inv_scope *s, const struct user *u, unsigned page)
{
	uint64_t first = (uint64_t)page << 12;

	return (s->kinds >> u->kind & 1) && (!(s->by & INV_DID) || s->did == u->did) && (!(s->by & INV_PASID) || s->pasid == u->pasid) &&
	       (!(s->by & INV_ASID) || s->asid == u->asid) && (!(s->by & INV_VMID) || s->vmid == u->vmid) &&
	       (!(s->by & INV_RANGE) || (first <= s->last && first + 0xfff >= s->first));
}

/* Have users with different identifiers used it? */
static bool many_names(const struct entry *e)
{
	bool many = false;

	for (unsigned i = 1; i < e->n_user; i++) {
		const struct user *a = &e->user[0], *b = &e->user[i];

		many = many || (a->kind == 2 ? a->asid != b->asid || a->vmid != b->vmid : a->did != b->did || (a->kind == 1 && a->pasid != b->pasid));
	}
	return many;
}

static struct inv_scope some_command(void)
{
	unsigned kind = (unsigned)rng_below(&rng, KINDS);
	struct inv_scope s = { .kinds = 1u << kind, .range_kinds = UINT32_MAX, .by = ids[kind] & (uint32_t)(rng_next(&rng) | rng_next(&rng)),
			       .did = (uint16_t)rng_below(&rng, 4), .pasid = (uint32_t)rng_below(&rng, 4), .asid = (uint16_t)rng_below(&rng, 3),
			       .vmid = (uint16_t)rng_below(&rng, 3) };

	if (rng_below(&rng, 4))
		s.by |= INV_RANGE;
	s.first = rng_below(&rng, PAGES) << 12;
	s.last = s.first | 0xfff;
	return s;
}

static void command(void)
{
	struct inv_scope s = some_command(), short_s = s;

	ctag_scope(tags, &short_s);
	ctag_drop(tags, cache, &short_s);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		bool gone = ent[i].live && !xc_is_live(cache, i), named = false, in_range = false;

		for (unsigned k = 0; k < ent[i].n_user && ent[i].live; k++) {
			struct inv_scope at = s;

			at.by &= INV_RANGE;
			named = named || names(&s, &ent[i].user[k], ent[i].page);
			in_range = in_range || names(&at, &ent[i].user[k], ent[i].page);
		}
		if (!ent[i].live)
			continue;
		ck_assert_msg(gone || !named, "rule %u: a named entry stayed", cfg.rule);
		ck_assert_msg(!gone || in_range, "rule %u: an entry of another kind or address went", cfg.rule);
		if (cfg.rule <= CTAG_PASID && !cfg.bits) /* an entry carries all that a command names, and is used under that alone */
			ck_assert_msg(gone == named, "rule %u: an entry went that nobody named", cfg.rule);
		if (gone && !named && !cfg.bits)
			ck_assert_msg(many_names(&ent[i]) || cfg.rule == CTAG_TABLE, "rule %u: an entry of one user went, who was not named", cfg.rule);
		beside += gone && !named;
		ent[i].live = ent[i].live && !gone;
	}
}

START_TEST(a_command_drops_what_it_names)
{
	uint64_t dropped;

	begin(&rows[_i], 77 + (uint64_t)_i);
	for (int step = 0; step < 30000; step++) {
		if (rng_below(&rng, 12))
			use();
		else
			command();
	}
	dropped = ctag_stats_of(tags)->dropped;
	ck_assert_uint_gt(dropped, 1000);
	ck_assert_uint_eq(dropped, xc_stats_of(cache)->dropped);
	if (cfg.rule == CTAG_SPEC && !cfg.bits) {
		ck_assert_uint_eq(beside, 0);
		ck_assert_uint_eq(ctag_stats_of(tags)->shared, 0);
		ck_assert_uint_eq(ctag_stats_of(tags)->dropped_good, 0);
	}
	if (cfg.bits || cfg.rule == CTAG_TABLE || cfg.rule == CTAG_ROOT)
		ck_assert_uint_gt(beside, 0);
	end();
}
END_TEST

/* Two users: do they share an entry, and does each one's command drop it? */
static const struct {
	const char *what;
	struct ctag_cfg cfg;
	struct user a, b;
	bool share;
} pairs[] = {
#define FS(p) { .pasid = p, .has_pasid = true, .did = 3, .kind = 1 }
	{ "spec, another requester", { .audit = true }, { .rid = 1, .did = 3 }, { .rid = 2, .did = 3 }, true },
	{ "spec, another PASID of a first stage", { .audit = true }, FS(1), FS(2), false },
	{ "pasid, of a second stage", { .rule = CTAG_PASID }, { .pasid = 1, .has_pasid = true, .did = 3 },
	  { .pasid = 2, .has_pasid = true, .did = 3 }, false },
	{ "pasid, none and 0", { .rule = CTAG_PASID }, { .has_pasid = true, .did = 3 }, { .did = 3 }, false },
	{ "device, another requester", { .rule = CTAG_DEVICE }, { .rid = 1, .did = 3 }, { .rid = 2, .did = 3 }, false },
	{ "device, another number", { .rule = CTAG_DEVICE }, { .rid = 1, .did = 3 }, { .rid = 1, .did = 4 }, true },
	{ "table, another PASID", { .rule = CTAG_TABLE }, FS(1), FS(2), true },
	{ "table, another number", { .rule = CTAG_TABLE }, { .did = 3 }, { .did = 4 }, false },
	{ "root, other numbers", { .rule = CTAG_ROOT }, { .rid = 1, .did = 3, .root = 1 }, { .rid = 2, .did = 4, .root = 1 }, true },
	{ "root, another table", { .rule = CTAG_ROOT }, { .did = 3, .root = 1 }, { .did = 3, .root = 2 }, false },
	{ "root, another kind", { .rule = CTAG_ROOT }, { .did = 3, .root = 1 }, { .did = 3, .root = 1, .kind = 1 }, false },
	{ "two bits, numbers 4 apart", { .bits = 2 }, { .did = 3 }, { .did = 7 }, true },
	{ "three bits, numbers 4 apart", { .bits = 3 }, { .did = 3 }, { .did = 7 }, false },
#undef FS
};

START_TEST(who_shares_an_entry)
{
	for (unsigned first = 0; first < 2; first++) {
		const struct user *u = first ? &pairs[_i].b : &pairs[_i].a;
		struct inv_scope s = { .by = ids[u->kind], .kinds = 1u << u->kind, .did = u->did, .pasid = u->pasid };
		struct xl a, b;
		uint32_t slot;

		begin(&pairs[_i].cfg, 1);
		a = request(&pairs[_i].a, 1);
		b = request(&pairs[_i].b, 1);
		ck_assert_msg((a.tag.id == b.tag.id) == pairs[_i].share, "%s", pairs[_i].what);
		slot = xc_fill(cache, &a.tag);
		ctag_fill(tags, cache, slot, &a);
		if (pairs[_i].share) {
			ctag_hit(tags, cache, xc_lookup(cache, b.req.iova, b.tag.id), &b);
			ctag_scope(tags, &s);
			ctag_drop(tags, cache, &s);
			ck_assert_msg(!xc_is_live(cache, slot), "%s: stays after a command for user %u", pairs[_i].what, first);
		}
		end();
	}
}
END_TEST

START_TEST(device_rule_drops_what_a_requester_had)
{
	struct user u[] = { { .rid = 1, .did = 3 }, { .rid = 2, .did = 3 }, { .rid = 1, .pasid = 2, .has_pasid = true, .did = 4, .kind = 1 } };
	struct inv_scope rid = { .by = INV_RID, .rid = 1, .rid_mask = UINT32_MAX };
	uint32_t slot[3];

	for (unsigned rule = CTAG_PASID; rule <= CTAG_ROOT; rule++) {
		begin(&(struct ctag_cfg){ .rule = rule }, 1);
		for (unsigned i = 0; i < 3; i++) {
			struct xl x = request(&u[i], i);

			slot[i] = xc_fill(cache, &x.tag);
			ctag_fill(tags, cache, slot[i], &x);
		}
		ctag_config(tags, &rid);
		for (unsigned i = 0; i < 3; i++)
			ck_assert_int_eq(xc_is_live(cache, slot[i]), rule != CTAG_DEVICE || u[i].rid != 1);
		ck_assert_uint_eq(ctag_stats_of(tags)->dropped_config, rule == CTAG_DEVICE ? 2 : 0);
		end();
	}
}
END_TEST

START_TEST(nothing_asked_nothing_made)
{
	struct ctag_cfg none = { 0 };
	struct ctag *t = (struct ctag *)&none;

	ck_assert(ctag_create(&unit, &none, ids, KINDS, &t, NULL));
	ck_assert_ptr_null(t);
	ck_assert_uint_eq(ctag_rule_of(NULL), CTAG_SPEC);
	ck_assert_uint_eq(ctag_short(NULL, 0x12345), 0x12345);
}
END_TEST

START_TEST(repeated_entries_are_counted)
{
	struct ctag_cfg c = { .rule = CTAG_DEVICE, .audit = true };

	begin(&c, 1);
	for (unsigned i = 0; i < ENTRIES; i++) { /* four requesters with the same result for each of 12 pages */
		struct user u = { .rid = i / 12 };
		struct xl x = request(&u, i % 12);
		uint32_t slot = xc_fill(cache, &x.tag);

		*(uint64_t *)xc_payload(cache, slot) = 4096 * (i % 12);
		ctag_fill(tags, cache, slot, &x);
	}
	ck_assert_uint_eq(ctag_stats_of(tags)->samples, 1);
	ck_assert_uint_eq(ctag_stats_of(tags)->sampled, 48);
	ck_assert_uint_eq(ctag_stats_of(tags)->repeated, 36);
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ctag");
	TCase *t = tcase_create("ctag");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_command_drops_what_it_names, 0, (int)ARRAY_LEN(rows));
	tcase_add_loop_test(t, who_shares_an_entry, 0, (int)ARRAY_LEN(pairs));
	tcase_add_test(t, device_rule_drops_what_a_requester_had);
	tcase_add_test(t, nothing_asked_nothing_made);
	tcase_add_test(t, repeated_entries_are_counted);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
