/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_walk_enum.c - the enumerations against the unit's walk: every mapping found is translated (first and last byte,
 * read and write), and the addresses beside it that belong to no mapping are refused. Over small real images in tests/data/walk, and over
 * an image made here with what those lack: two-level tables of context descriptors, substreams, TTB1, StreamWorld EL2, APTable; and over
 * copies of it with bits turned.
 */
#include "test_walk_world.h"

#define AF (UINT64_C(1) << 10)
#define AP(n) ((uint64_t)(n) << 6)
#define CD_BASE (UINT64_C(1) << 31 | UINT64_C(4) << 32 | UINT64_C(1) << 41 | UINT64_C(1) << 45 | UINT64_C(1) << 46)
#define EPD1 (UINT64_C(1) << 30)

static void cd(struct world *o, unsigned at_page, unsigned i, uint64_t d0, uint64_t ttb0, uint64_t ttb1)
{
	uint64_t *d = &o->w[at_page][8 * i];

	d[0] = CD_BASE | d0 | (uint64_t)(i + 1) << 48;
	d[1] = ttb0;
	d[2] = ttb1;
	d[3] = 0xff;
}

/*
 * Pages: 0 streams, 1 level 1 CDs, 2 and 3 CDs, 4 one CD; 8 level 1, 9 level 2, 10 level 3 of 4 KiB tables; 12 and 13 concatenated
 * level 1 of stage 2, 14 its level 2; 16 to 19 a level 3 table of 16 KiB pages, 20 its level 2 (32-bit input: 128 entries).
 */
static void smmuv3_world(struct world *o)
{
	memset(o, 0, sizeof(*o));
	o->kind = "smmuv3";
	/* S2P, S1P, AArch64, coherent, HTTU 2, Hyp, ASID16, VMID16, CD2L, little endian, terminate only, two-level stream tables */
	reg(o, 0x00, 4, 0x0d4c129b);
	reg(o, 0x04, 4, 0x02730010 | 20 << 6); /* 20-bit substreams */
	reg(o, 0x0c, 4, 0x1410); /* XNX, RIL, BBML 2; no HAD */
	reg(o, 0x14, 4, 0x74);
	reg(o, 0x1c, 4, 1);
	reg(o, 0x20, 4, 0xd);
	reg(o, 0x24, 4, 0xd);
	reg(o, 0x2c, 4, 0);
	reg(o, 0x80, 8, page(0));
	reg(o, 0x88, 4, 6);
	/* 4 KiB tables: level 1 [0] table, [1] 1 GiB; level 2 [0] table, [1] 2 MiB, [2] table with APTable read-only, [3] privileged */
	o->w[8][0] = page(9) | 3;
	o->w[8][1] = 0x80000000 | AF | AP(1) | 1;
	o->w[9][0] = page(10) | 3;
	o->w[9][1] = 0x50000000 | AF | AP(3) | 1;
	o->w[9][2] = page(10) | 3 | UINT64_C(2) << 61;
	o->w[9][3] = page(10) | 3 | UINT64_C(1) << 61;
	o->w[10][0] = 0x60000000 | AF | AP(1) | 3;
	o->w[10][1] = 0x60001000 | AF | AP(3) | 3; /* read-only */
	o->w[10][2] = 0x60002000 | AF | AP(0) | 3; /* privileged */
	o->w[10][3] = 0x60003000 | AP(1) | 3; /* AF = 0 */
	o->w[10][4] = 0x60004000 | AF | AP(1) | 1; /* reserved encoding */
	o->w[10][5] = 0x60005000 | AF | AP(3) | UINT64_C(1) << 51 | 3; /* DBM */
	o->w[10][6] = UINT64_C(1) << 46 | AF | AP(1) | 3; /* beyond 44 bits */
	/* 16 KiB: level 2 [0] table, [1] 32 MiB block; level 3 [7] */
	o->w[20][0] = page(16) | 3;
	o->w[20][1] = 0x42000000 | AF | AP(1) | 1;
	o->w[16][7] = 0x60010000 | AF | AP(1) | 3;
	/* stage 2: 40 bits in two level 1 tables; [0] 1 GiB, [1] identity of the tables and pages, [512] in the second table */
	o->w[12][0] = 0x80000000 | AF | AP(3) | 1;
	o->w[12][1] = page(14) | 3;
	o->w[13][0] = 0xc0000000 | AF | AP(1) | 1;
	for (unsigned i = 0; i < 512; i++)
		o->w[14][i] = (0x40000000 + ((uint64_t)i << 21)) | AF | AP(i == 0x81 ? 1 : 3) | 1; /* 0x50200000: read only */
	/* stream 1: 128 context descriptors in two levels, CD 0 without substream */
	o->w[0][8] = 1 | 5 << 1 | 1 << 4 | page(1) | UINT64_C(7) << 59;
	o->w[0][9] = 2;
	o->w[1][0] = page(2) | 1;
	o->w[1][1] = page(3) | 1;
	cd(o, 2, 0, 25 | EPD1, page(8), 0);
	cd(o, 2, 5, 25 | 25 << 16 | 2 << 22, page(8), page(8)); /* both halves */
	cd(o, 3, 36, 32 | 2 << 6 | EPD1, page(20), 0); /* substream 100: 16 KiB */
	cd(o, 3, 37, 25 | EPD1 | UINT64_C(3) << 42, page(8), 0); /* 101: HA and HD */
	cd(o, 3, 38, 8 | EPD1, page(8), 0); /* 102: T0SZ out of range */
	/* stream 2: stage 2; stream 3: the same below stage 1; stream 4: EL2 */
	o->w[0][16] = 1 | 6 << 1;
	o->w[0][24] = 1 | 7 << 1 | page(4);
	o->w[0][18] = o->w[0][26] = 9 | UINT64_C(24) << 32 | UINT64_C(1) << 38 | UINT64_C(4) << 48 | UINT64_C(1) << 51 | UINT64_C(1) << 58;
	o->w[0][19] = o->w[0][27] = page(12);
	cd(o, 4, 0, 25 | EPD1, page(8), 0);
	o->w[0][32] = 1 | 5 << 1 | page(4);
	o->w[0][33] = UINT64_C(2) << 30;
	/* stream 5: illegal (STRW 1), 6: bypass, 7: abort */
	o->w[0][40] = 1 | 5 << 1 | page(4);
	o->w[0][41] = UINT64_C(1) << 30;
	o->w[0][48] = 1 | 4 << 1;
	o->w[0][56] = 1;
}


static unsigned count_of(const struct walk_map *m, size_t n, uint32_t rid, uint32_t pasid)
{
	unsigned c = 0;

	for (size_t i = 0; i < n; i++)
		c += m[i].rid == rid && m[i].pasid == pasid;
	return c;
}

static const struct expected expect[] = {
	{ 1, WQ_NO_PASID, 0, 0x60000000, 0x1000, XL_R | XL_W },
	{ 1, WQ_NO_PASID, 0x1000, 0x60001000, 0x1000, XL_R },
	{ 1, WQ_NO_PASID, 0x2000, 0, 0, 0 }, /* privileged */
	{ 1, WQ_NO_PASID, 0x3000, 0, 0, 0 }, /* AF */
	{ 1, WQ_NO_PASID, 0x5000, 0x60005000, 0x1000, XL_R },
	{ 1, WQ_NO_PASID, 0x6000, 0, 0, 0 }, /* output size */
	{ 1, WQ_NO_PASID, 0x400000, 0x60000000, 0x1000, XL_R }, /* APTable read-only */
	{ 1, WQ_NO_PASID, 0x600000, 0, 0, 0 }, /* APTable unprivileged */
	{ 1, WQ_NO_PASID, 0x200000, 0x50000000, 0x200000, XL_R },
	{ 1, WQ_NO_PASID, 0x40000000, 0x80000000, 0x40000000, XL_R | XL_W },
	{ 1, 5, UINT64_C(0xffffff8000001000), 0x60001000, 0x1000, XL_R }, /* TTB1 */
	{ 1, 5, 0x1000, 0x60001000, 0x1000, XL_R },
	{ 1, 100, 0x1c000, 0x60010000, 0x4000, XL_R | XL_W },
	{ 1, 100, 0x2000000, 0x42000000, 0x2000000, XL_R | XL_W },
	{ 1, 101, 0x3000, 0x60003000, 0x1000, XL_R | XL_W }, /* HA */
	{ 1, 101, 0x5000, 0x60005000, 0x1000, XL_R | XL_W }, /* HD, DBM */
	{ 1, 102, 0, 0, 0, 0 },
	{ 2, WQ_NO_PASID, UINT64_C(0x8000000000), 0xc0000000, 0x40000000, XL_R }, /* second concatenated table */
	{ 2, WQ_NO_PASID, 0, 0x80000000, 0x40000000, XL_R | XL_W },
	{ 3, WQ_NO_PASID, 0x1000, 0x60001000, 0x1000, XL_R },
	{ 3, WQ_NO_PASID, 0x200000, 0x50000000, 0x200000, XL_R },
	{ 3, WQ_NO_PASID, 0x40000000, 0, 0, 0 }, /* its IPA is not mapped */
	{ 4, WQ_NO_PASID, 0x2000, 0x60002000, 0x1000, XL_R | XL_W }, /* AP[1] as 1 */
	{ 4, WQ_NO_PASID, 0x600000, 0x60000000, 0x1000, XL_R | XL_W },
	{ 5, WQ_NO_PASID, 0, 0, 0, 0 },
	{ 6, WQ_NO_PASID, 0, 0, 0, 0 },
};

START_TEST(smmuv3_enumerates_what_captures_lack)
{
	static struct world o;
	struct walk_unit w;
	struct walk_map *m = NULL;
	struct err e;
	size_t n = 0;

	smmuv3_world(&o);
	open_world(&o, &w);
	check_expected(&w, expect, ARRAY_LEN(expect));
	ck_assert_msg(walk_list(&w, &m, &n, &e), "%s", e.msg);
	ck_assert_uint_eq(count_of(m, n, 1, 5), 2 * count_of(m, n, 1, WQ_NO_PASID));
	ck_assert_uint_eq(count_of(m, n, 2, WQ_NO_PASID), 514);
	free(m);
	*types = 0;
	ck_assert(w.arch->requesters(&w, note_type, NULL, &e));
	ck_assert_str_eq(types, "1.-1:stage1 1.5:stage1 1.100:stage1 1.101:stage1 1.102:stage1 2.-1:stage2 3.-1:nested 4.-1:stage1 5.-1:illegal "
				"6.-1:bypass 7.-1:abort ");
	walk_close(&w);
}
END_TEST

/* Turn one bit of a structure in use, or next to one; stream table and descriptors more often than tables. */
static void damage(struct world *o, uint64_t *seed)
{
	static const uint8_t pages[] = { 0, 0, 0, 1, 2, 2, 3, 3, 4, 4, 8, 9, 10, 12, 13, 14, 16, 20 };
	unsigned p = pages[rnd(seed) % ARRAY_LEN(pages)], i, bit = rnd(seed) % 64;
	bool in_use;

	do {
		i = rnd(seed) % 512;
		in_use = o->w[p][i] || (p <= 4 && p != 1 && o->w[p][i & ~7u]); /* any word of an STE or CD */
	} while (!in_use);
	o->w[p][i] ^= UINT64_C(1) << bit;
}

static const struct walk_word words[] = {
	{ 0, 8 }, { 0, 9 }, { 0, 10 }, /* stream 1 */
	{ 0, 16 }, { 0, 17 }, { 0, 18 }, { 0, 19 }, /* stream 2 */
	{ 0, 24 }, { 0, 25 }, { 0, 26 }, { 0, 27 }, /* stream 3 */
	{ 0, 32 }, { 0, 33 }, { 0, 34 }, /* stream 4 */
	{ 1, 0 }, { 2, 0 }, { 2, 1 }, { 2, 40 }, { 2, 41 }, { 2, 42 }, { 3, 288 }, { 3, 296 }, { 4, 0 }, { 4, 1 }, /* CDs */
	{ 8, 0 }, { 8, 1 }, { 9, 0 }, { 9, 1 }, { 10, 0 }, { 10, 5 }, { 12, 0 }, { 12, 1 }, { 13, 0 }, { 14, 128 },
	{ 20, 0 }, { 20, 1 }, { 16, 7 },
};

static const char *const images[] = {
	"vtd-lazy-nvme.snap5", "vtd-sm-sl-4711-w23", "vtd-sm-fl-4711-w00",
	"smmuv3-edu.snap2", "smmuv3-s1-4711-w00", "smmuv3-s1-4711-w05", "smmuv3-s1-4711-w20",
	"smmuv3-s2-4711-w12", "smmuv3-s2-4711-w15", "smmuv3-s2-4711-w24", "smmuv3-nested-4711-w07", "smmuv3-nested-4711-w19",
};

static const struct walk_case this = { .suite = "walk_enum", .make = smmuv3_world, .damage = damage, .expect = expect,
				       .n_expect = ARRAY_LEN(expect), .least = 500, .words = words, .n_words = ARRAY_LEN(words),
				       .images = images, .n_images = ARRAY_LEN(images) };

int main(void)
{
	return walk_main(smmuv3_enumerates_what_captures_lack);
}
