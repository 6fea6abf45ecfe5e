/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cached entries each command drops: the invalidation matrix, one row per command, one column per entry. Includes behaviour vectors 6
 * and 7.
 */
#include "vtd_rig.h"

/* Entries of the IOTLB; page 0x100000 is inside the ranges used below, 0x900000 is not. */
static const struct xc_tag entries[] = {
	{ .kind = VTD_K_SS, .did = 5, .first = 0x100000 }, /* a */
	{ .kind = VTD_K_SS, .did = 5, .first = 0x900000 }, /* b */
	{ .kind = VTD_K_SS, .did = 6, .first = 0x100000 }, /* c */
	{ .kind = VTD_K_FS, .did = 5, .pasid = 9, .first = 0x100000 }, /* d */
	{ .kind = VTD_K_FS, .did = 5, .pasid = 9, .first = 0x900000 }, /* e */
	{ .kind = VTD_K_FS, .did = 5, .pasid = 8, .first = 0x100000 }, /* f */
	{ .kind = VTD_K_NESTED, .did = 5, .pasid = 9, .first = 0x100000 }, /* g */
	{ .kind = VTD_K_NESTED, .did = 5, .pasid = 9, .first = 0x900000 }, /* h */
	{ .kind = VTD_K_PT, .did = 5, .pasid = 9, .first = 0x100000 }, /* i */
	{ .kind = VTD_K_PT, .did = 5, .pasid = 9, .first = 0x900000 }, /* j */
	{ .kind = VTD_K_FS, .did = 6, .pasid = 9, .first = 0x100000 }, /* k */
};
static void set_domain(struct vtd_cfg *c)
{
	scalable(c);
	c->over = VTD_OVER_DOMAIN;
}

static void set_global(struct vtd_cfg *c)
{
	scalable(c);
	c->over = VTD_OVER_GLOBAL;
}

static void set_nothing(struct vtd_cfg *c)
{
	scalable(c);
	c->ignore_invalidations = true;
}

static const struct {
	const char *what;
	void (*set)(struct vtd_cfg *);
	uint64_t w0, w1;
	const char *left; /* entries that survive */
} cmds[] = {
	{ "iotlb global", scalable, 0x12, 0, "" },
	{ "iotlb domain 5", scalable, 0x50022, 0, "ck" },
	{ "iotlb page 0x100000-0x103fff of 5", scalable, 0x50032, 0x100002, "bcjk" },
	{ "iotlb page, low address bits under AM", scalable, 0x50032, 0x103002, "bcjk" },
	{ "iotlb page elsewhere", scalable, 0x50032, 0x200000, "abcijk" },
	{ "iotlb page IH", scalable, 0x50032, 0x100042, "bcjk" },
	{ "p_iotlb PASID 9 of 5", scalable, 0x0000000900050026, 0, "abcfk" },
	{ "p_iotlb page of PASID 9", scalable, 0x0000000900050036, 0x100000, "abcefhijk" },
	{ "p_iotlb page of PASID 8", scalable, 0x0000000800050036, 0x100000, "abcdeghijk" },
	{ "p_iotlb PASID 0 of 6 (vector 7)", scalable, 0x0000000000060026, 0, "abcdefghijk" },
	{ "p_iotlb page AM 63", scalable, 0x0000000900050036, 63, "abcfijk" },
	{ "cc global", scalable, 0x11, 0, "abcdefghijk" },
	{ "pc global", scalable, 0x37, 0, "abcdefghijk" },
	{ "over-invalidating by domain: iotlb page", set_domain, 0x50032, 0x200000, "ck" },
	{ "over-invalidating by domain: p_iotlb page", set_domain, 0x0000000900050036, 0x200000, "ck" },
	{ "over-invalidating globally: p_iotlb page", set_global, 0x0000000900050036, 0x200000, "" },
	{ "ignoring invalidations", set_nothing, 0x12, 0, "abcdefghijk" },
};

static void run_command(struct rig *r, uint64_t w0, uint64_t w1)
{
	put(r, w0, w1);
	put_wait(r, 2);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(status_word(r), 2);
}

START_TEST(matrix)
{
	struct rig *r = rig_new(cmds[_i].set);
	char left[ARRAY_LEN(entries) + 1] = { 0 };
	unsigned n = 0;

	rig_queue(r, true);
	for (unsigned i = 0; i < ARRAY_LEN(entries); i++) {
		struct xc_tag t = entries[i];

		t.size_lg2 = 12;
		t.id = i + 1;
		ck_assert_uint_ne(xc_fill(r->v->iotlb, &t), XC_MISS);
	}
	run_command(r, cmds[_i].w0, cmds[_i].w1);
	for (unsigned i = 0; i < ARRAY_LEN(entries); i++)
		if (xc_peek(r->v->iotlb, entries[i].first, i + 1) != XC_MISS)
			left[n++] = (char)('a' + i);
	ck_assert_msg(!strcmp(left, cmds[_i].left), "%s: left \"%s\", not \"%s\"", cmds[_i].what, left, cmds[_i].left);
	rig_free(r);
}
END_TEST

/* Context entries of 00:02.0 to 00:02.7 (a..h) in DIDs 1 and 2 in turn; PASID entries likewise of PASIDs 1, 2. */
static const struct {
	const char *what;
	bool legacy;
	uint64_t w0;
	const char *cc, *pc;
} cfg_cmds[] = {
	{ "cc global", false, 0x11, "", "abcdefgh" },
	{ "cc device 00:02.1", false, UINT64_C(0x0000001100000031), "acdefgh", "abcdefgh" },
	{ "cc device, FM 1: bit 2 ignored", false, UINT64_C(0x0001001100000031), "acdegh", "abcdefgh" },
	{ "cc device, FM 2: bits 2:1 ignored", false, UINT64_C(0x0002001100000031), "aceg", "abcdefgh" },
	{ "cc device, FM 3: bits 2:0 ignored", false, UINT64_C(0x0003001100000031), "", "abcdefgh" },
	{ "cc domain 2, scalable: all", false, 0x20021, "", "abcdefgh" },
	{ "cc domain 2, legacy", true, 0x20021, "aceg", "abcdefgh" },
	{ "pc global", false, 0x37, "abcdefgh", "" },
	{ "pc domain 1", false, 0x10007, "abcdefgh", "bdfh" },
	{ "pc domain 1, PASID 1", false, UINT64_C(0x0000000100010017), "abcdefgh", "bcdfgh" },
};

static void who_is_left(struct xcache *x, char *left)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++)
		if (xc_peek(x, 0x10 + i, i + 1) != XC_MISS)
			left[n++] = (char)('a' + i);
}

START_TEST(configuration_caches)
{
	for (size_t c = 0; c < ARRAY_LEN(cfg_cmds); c++) {
		struct rig *r = rig_new(scalable);
		char cc[9] = { 0 }, pc[9] = { 0 };

		rig_queue(r, !cfg_cmds[c].legacy);
		for (unsigned i = 0; i < 8; i++) {
			struct xc_tag t = { .first = 0x10 + i, .id = i + 1, .rid = 0x10 + i, .did = (uint16_t)(1 + (i & 1)), .pasid = 1 + (i >> 1 & 1) };

			ck_assert_uint_ne(xc_fill(r->v->cc, &t), XC_MISS);
			ck_assert_uint_ne(xc_fill(r->v->pc, &t), XC_MISS);
		}
		run_command(r, cfg_cmds[c].w0, 0);
		who_is_left(r->v->cc, cc);
		who_is_left(r->v->pc, pc);
		ck_assert_msg(!strcmp(cc, cfg_cmds[c].cc), "%s: contexts left \"%s\"", cfg_cmds[c].what, cc);
		ck_assert_msg(!strcmp(pc, cfg_cmds[c].pc), "%s: PASID entries left \"%s\"", cfg_cmds[c].what, pc);
		rig_free(r);
	}
}
END_TEST

/*
 * Entries of the walk caches: pages that the tables below translate, of second stage, first stage and nested walks, and one of another
 * domain.
 */
static const struct {
	const char *what;
	uint64_t w0, w1;
	const char *left;
} psc_cmds[] = {
	{ "iotlb page: the range is one of the second stage", 0x50032, 0x100000, "de" },
	{ "iotlb page IH: nested ones hold what the second stage said", 0x50032, 0x100040, "abde" },
	{ "iotlb page elsewhere", 0x50032, 0x900000, "ade" },
	{ "iotlb domain 5", 0x50022, 0, "d" },
	{ "p_iotlb page of PASID 9", 0x0000000900050036, 0x100000, "ade" },
	{ "p_iotlb page of PASID 9, IH", 0x0000000900050036, 0x100040, "abcde" },
	{ "p_iotlb PASID 9", 0x0000000900050026, 0, "ade" },
};

static void psc_command(unsigned c)
{
	static const struct xc_tag tags[] = {
		{ .kind = VTD_K_PSC_SS, .did = 5 }, { .kind = VTD_K_PSC_FS, .did = 5, .pasid = 9 }, { .kind = VTD_K_PSC_NESTED, .did = 5, .pasid = 9 },
		{ .kind = VTD_K_PSC_SS, .did = 6 }, { .kind = VTD_K_PSC_SS, .did = 5, .first = 0x40000000 },
	};
	struct rig *r = rig_new(scalable);
	char left[ARRAY_LEN(tags) + 1] = { 0 };
	unsigned n = 0;

	rig_queue(r, true);
	for (unsigned i = 0; i < ARRAY_LEN(tags); i++) {
		struct xc_tag t = tags[i];

		t.size_lg2 = 21;
		t.id = i + 1;
		ck_assert_uint_ne(xc_fill(r->v->psc.psc[i & 1][2], &t), XC_MISS);
	}
	run_command(r, psc_cmds[c].w0, psc_cmds[c].w1);
	for (unsigned i = 0; i < ARRAY_LEN(tags); i++)
		if (xc_peek(r->v->psc.psc[i & 1][2], tags[i].first, i + 1) != XC_MISS)
			left[n++] = (char)('a' + i);
	ck_assert_msg(!strcmp(left, psc_cmds[c].left), "%s: left \"%s\", not \"%s\"", psc_cmds[c].what, left, psc_cmds[c].left);
	rig_free(r);
}

START_TEST(walk_caches)
{
	for (unsigned i = 0; i < ARRAY_LEN(psc_cmds); i++)
		psc_command(i);
}
END_TEST

/* A unit that implements 8 bits of DID ignores the others. */
static void narrow(struct vtd_cfg *c)
{
	scalable(c);
	c->cap = (c->cap & ~UINT64_C(7)) | 2;
}

START_TEST(did_is_masked)
{
	struct rig *r = rig_new(narrow);
	struct xc_tag t = { .first = 0x1000, .id = 1, .did = 5, .size_lg2 = 12, .kind = VTD_K_SS };

	rig_queue(r, true);
	ck_assert_uint_ne(xc_fill(r->v->iotlb, &t), XC_MISS);
	run_command(r, 0xff050022, 0);
	ck_assert_uint_eq(xc_live(r->v->iotlb), 0);
	rig_free(r);
}
END_TEST

RIG_MAIN("vtd_iq_scope", matrix, ARRAY_LEN(cmds), configuration_caches, walk_caches, did_is_masked)
