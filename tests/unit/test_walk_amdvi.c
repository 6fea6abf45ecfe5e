/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_walk_amdvi.c - the enumeration of AMD-Vi against the unit's walk: over an image made here (levels 1 to 6, skipped levels, page
 * sizes by next level 7, blocked and illegal entries), over copies of it with bits turned, and over small real images in tests/data/walk.
 */
#include "test_walk_world.h"

#define PR UINT64_C(1)
#define NL(n) ((uint64_t)(n) << 9)
#define RO (UINT64_C(1) << 61)
#define WO (UINT64_C(1) << 62)
#define RW (RO | WO)

static void dte(struct world *o, unsigned dev, uint64_t d0)
{
	o->w[dev / 128][4 * (dev % 128)] = d0;
	o->w[dev / 128][4 * (dev % 128) + 1] = dev;
}

/* @size at @pa as next level 7 encodes it. */
static uint64_t sized(uint64_t pa, uint64_t size)
{
	return pa | ((size / 2 - 1) & ~UINT64_C(4095)) | NL(7) | RW | PR;
}

/* Pages: 0 and 1 device table; 8 a table of level 4, 9 of 3, 10 of 2, 11 of 1; 12 of level 6, 13 of level 2. */
static void amdvi_world(struct world *o)
{
	memset(o, 0, sizeof(*o));
	o->kind = "amdvi";
	reg(o, 0x0, 8, page(0) | 1);
	reg(o, 0x18, 8, 1);
	reg(o, 0x30, 8, 0x29d3); /* up to 6 levels */
	o->w[8][0] = page(9) | NL(3) | RW | PR;
	o->w[8][1] = page(10) | NL(2) | RW | PR; /* skips level 3 */
	o->w[8][2] = page(10) | NL(2) | RO | PR;
	o->w[9][0] = page(10) | NL(2) | RW | PR;
	o->w[9][1] = 0x40000000 | RW | PR;
	o->w[9][2] = o->w[9][3] = sized(0x180000000, UINT64_C(1) << 31);
	o->w[10][0] = page(11) | NL(1) | RW | PR;
	o->w[10][1] = 0x50000000 | RW | PR;
	o->w[10][2] = o->w[10][3] = sized(0x50400000, 0x400000);
	o->w[10][4] = page(11) | NL(2) | RW | PR; /* next level not lower */
	o->w[11][0] = 0x60000000 | RW | PR;
	o->w[11][1] = 0x60001000 | RO | PR;
	o->w[11][2] = 0x60002000 | WO | PR;
	for (unsigned i = 8; i < 16; i++)
		o->w[11][i] = sized(0x60008000, 0x8000);
	for (unsigned i = 16; i < 20; i++)
		o->w[11][i] = sized(0x60010000, 0x4000);
	o->w[11][18] = 0; /* one of four missing */
	o->w[11][20] = 0x60014000 | RW;
	o->w[11][21] = 0x60015000 | RW | PR | UINT64_C(1) << 55; /* reserved */
	o->w[11][32] = sized(0x60200000, 0x200000); /* as large as a page of the level above */
	o->w[12][0] = page(8) | NL(4) | RW | PR; /* skips level 5 */
	o->w[12][127] = page(13) | NL(2) | RW | PR;
	o->w[13][511] = 0x70000000 | RW | PR;
	dte(o, 1, 3 | NL(4) | page(8) | RW);
	dte(o, 2, 3 | NL(6) | page(12) | RW);
	dte(o, 3, 3 | NL(4) | page(8) | RO);
	dte(o, 4, 1 | NL(4) | page(8) | RW); /* TV = 0 */
	dte(o, 5, 3 | RW);
	dte(o, 6, 3); /* passes through, permits nothing */
	dte(o, 7, 3 | NL(7) | RW);
	dte(o, 200, 3 | NL(1) | page(11) | RW);
}

static const struct expected expect[] = {
	{ 1, WQ_NO_PASID, 0, 0x60000000, 0x1000, XL_R | XL_W },
	{ 1, WQ_NO_PASID, 0x1000, 0x60001000, 0x1000, XL_R },
	{ 1, WQ_NO_PASID, 0x2000, 0x60002000, 0x1000, XL_W },
	{ 1, WQ_NO_PASID, 0x8000, 0x60008000, 0x8000, XL_R | XL_W },
	{ 1, WQ_NO_PASID, 0x9000, 0, 0, 0 }, /* listed once */
	{ 1, WQ_NO_PASID, 0x13000, 0x60013000, 0x1000, XL_R | XL_W }, /* of an incomplete group: for itself */
	{ 1, WQ_NO_PASID, 0x12000, 0, 0, 0 },
	{ 1, WQ_NO_PASID, 0x14000, 0, 0, 0 }, /* PR = 0 */
	{ 1, WQ_NO_PASID, 0x15000, 0, 0, 0 }, /* reserved bit */
	{ 1, WQ_NO_PASID, 0x20000, 0, 0, 0 }, /* size of another level */
	{ 1, WQ_NO_PASID, 0x200000, 0x50000000, 0x200000, XL_R | XL_W },
	{ 1, WQ_NO_PASID, 0x400000, 0x50400000, 0x400000, XL_R | XL_W },
	{ 1, WQ_NO_PASID, 0x800000, 0, 0, 0 },
	{ 1, WQ_NO_PASID, 0x40000000, 0x40000000, 0x40000000, XL_R | XL_W },
	{ 1, WQ_NO_PASID, 0x80000000, 0x180000000, UINT64_C(1) << 31, XL_R | XL_W },
	{ 1, WQ_NO_PASID, UINT64_C(0x8000000000), 0x60000000, 0x1000, XL_R | XL_W }, /* level 3 skipped */
	{ 1, WQ_NO_PASID, UINT64_C(0x10000000000), 0x60000000, 0x1000, XL_R },
	{ 2, WQ_NO_PASID, UINT64_C(0xfe0000003fe00000), 0x70000000, 0x200000, XL_R | XL_W },
	{ 2, WQ_NO_PASID, 0x200000, 0x50000000, 0x200000, XL_R | XL_W },
	{ 3, WQ_NO_PASID, 0, 0x60000000, 0x1000, XL_R },
	{ 3, WQ_NO_PASID, 0x2000, 0, 0, 0 },
	{ 4, WQ_NO_PASID, 0, 0, 0, 0 },
	{ 7, WQ_NO_PASID, 0, 0, 0, 0 },
	{ 200, WQ_NO_PASID, 0x1000, 0x60001000, 0x1000, XL_R },
};

START_TEST(enumerates_what_captures_lack)
{
	static struct world o;
	struct walk_unit w;
	struct err e;

	amdvi_world(&o);
	open_world(&o, &w);
	check_expected(&w, expect, ARRAY_LEN(expect));
	*types = 0;
	ck_assert(w.arch->requesters(&w, note_type, NULL, &e));
	ck_assert_str_eq(types, "1.-1:translate 2.-1:translate 3.-1:translate 4.-1:blocked 5.-1:passthrough 6.-1:blocked 7.-1:illegal "
				"200.-1:translate ");
	walk_close(&w);
}
END_TEST

/* GIoV and GV of a DTE: the enumeration does not read guest tables. */
static bool guest_bits(unsigned p, unsigned bit)
{
	return p < 2 && (bit == 54 || bit == 55);
}

/* Turn one bit of a DTE's first two words or of a table entry. */
static void damage(struct world *o, uint64_t *seed)
{
	static const uint8_t pages[] = { 0, 0, 1, 8, 9, 10, 11, 11, 12, 13 };
	unsigned p, i, bit;

	do {
		p = pages[rnd(seed) % ARRAY_LEN(pages)];
		i = rnd(seed) % 512;
		bit = rnd(seed) % 64;
	} while (!o->w[p][i] || guest_bits(p, bit));
	o->w[p][i] ^= UINT64_C(1) << bit;
}

static const struct walk_word words[] = {
	{ 0, 4 }, { 0, 5 }, { 0, 8 }, { 0, 12 }, { 0, 20 }, { 1, 288 }, /* device table entries 1, 2, 3, 5, 200 */
	{ 8, 0 }, { 8, 1 }, { 9, 0 }, { 9, 1 }, { 9, 2 }, { 10, 0 }, { 10, 1 }, { 10, 3 }, { 11, 0 }, { 11, 8 }, { 11, 32 },
	{ 12, 0 }, { 13, 511 },
};

static const char *const images[] = { "amdvi-edu.snap2", "amdvi-4711-w00", "amdvi-4711-w03", "amdvi-4711-w13", "amdvi-4711-w25" };

static const struct walk_case this = { .suite = "walk_amdvi", .make = amdvi_world, .damage = damage, .spared = guest_bits, .expect = expect,
				       .n_expect = ARRAY_LEN(expect), .least = 40, .words = words, .n_words = ARRAY_LEN(words),
				       .images = images, .n_images = ARRAY_LEN(images) };

int main(void)
{
	return walk_main(enumerates_what_captures_lack);
}
