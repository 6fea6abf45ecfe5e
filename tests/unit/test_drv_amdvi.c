/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_amdvi.c - the AMD driver: bring-up, device table entries and the order of their words, GCR3 tables, page tables, commands,
 * against rows written by hand; a captured Linux 6.12 wrote the ones that are marked.
 */
#include "test_drv_amdvi.h"

/* ---- bring-up ---- */

/* Registers in Linux's order, their values but for the pool's addresses. */
START_TEST(bring_up)
{
	static const struct ev plain[] = {
		{ 'm', 0x18, 0x400 }, { 'm', 0, 0 }, { 'm', 8, UINT64_C(9) << 56 }, { 'm', 0x2000, 0 }, { 'm', 0x2008, 0 }, { 'm', 0x18, 0x1400 },
		{ 'm', 0x10, UINT64_C(9) << 56 }, { 'm', 0x2010, 0 }, { 'm', 0x2018, 0 }, { 'm', 0x18, 0x1404 }, { 'm', 0x18, 0x11404 },
		{ 'm', 0x18, 0x11484 }, { 'm', 0x18, 0x11485 }, { 'c', UINT64_C(8) << 60, 0 }, { 'c', 0x1000000000000001, 1 },
		{ 'm', 0x38, UINT64_C(9) << 56 }, { 'm', 0x2030, 0 }, { 'm', 0x2038, 0 }, { 'm', 0x18, 0x19485 }, { 'm', 0x18, 0x1d485 },
		{ 'm', 0x18, 0x1f485 },
	};
	struct rig *g = rig_open(EFR_CAPTURED, 0);
	unsigned k = 0, blocked = 0;

	RUN(g, MAPREC(0x1000, 0x100000, 0x1000));
	ck_assert_msg(g->rc == 0, "%s", g->e.msg);
	for (unsigned i = 0; i < g->n && k < ARRAY_LEN(plain); i++) {
		const struct ev *v = &g->ev[i];
		uint64_t val = v->b;

		if (v->kind == 's') {
			ck_assert_uint_eq(k, 1); /* the device table is there before its register */
			ck_assert_uint_eq(v->b, 1); /* V only: everything is refused */
			blocked++;
			continue;
		}
		if (v->kind == 'm' && (v->a <= 0x10 || v->a == 0x38))
			val &= ~UINT64_C(0xffffffffff000);
		ck_assert_msg(v->kind == plain[k].kind && val == plain[k].b &&
			      (v->kind == 'c' && v->a >> 60 == 1 ? (v->a & 7) == 1 : v->a == plain[k].a),
			      "event %u: %c %" PRIx64 " %" PRIx64, k, v->kind, v->a, v->b);
		k++;
	}
	ck_assert_uint_eq(k, ARRAY_LEN(plain));
	ck_assert_uint_eq(blocked, 128);
	rig_close(g);
}
END_TEST

/* With GCR3TRPMode, without page requests, without INVALIDATE_IOMMU_ALL (and then without guest translation). */
START_TEST(bring_up_by_features)
{
	struct rig *g = rig_open(EFR_FULL & ~UINT64_C(2), 8);
	unsigned n = 0;

	RUN(g, SW(TRC_ATTACH));
	for (unsigned i = 0; i < g->n; i++) {
		ck_assert(g->ev[i].kind != 'm' || (g->ev[i].a != 0x38 && g->ev[i].a != 0x2030));
		n += g->ev[i].kind == 'm' && g->ev[i].a == 0x18 && g->ev[i].b == (BIT64(58) | 0x11485);
	}
	ck_assert_uint_eq(n, 1);
	rig_close(g);
	g = rig_open(0x800, 0);
	RUN(g, MAPREC(0x1000, 0x100000, 0x1000)); /* 12.7: entries, interrupt tables, domains, a wait behind each */
	n = 0;
	for (unsigned i = 0; i < g->n; i++) {
		uint64_t a = g->ev[i].a, want = n < 128 ? UINT64_C(2) << 60 | n : n == 128 || n == 257 || n == 386 ? UINT64_C(1) << 60 :
				n < 257 ? UINT64_C(5) << 60 | (n - 129) : UINT64_C(3) << 60 | (uint64_t)(n - 258) << 32;

		if (g->ev[i].kind != 'c')
			continue;
		ck_assert_msg(a >> 60 == 1 ? want >> 60 == 1 : a == want, "command %u: %" PRIx64, n, a);
		ck_assert_uint_eq(g->ev[i].b, a >> 60 == 1 ? n / 128 : a >> 60 == 3 ? ALL : 0);
		n++;
	}
	ck_assert_uint_eq(n, 387);
	rig_close(g);
}
END_TEST

/* ---- device table entries ---- */

#define V UINT64_C(1)
#define TV UINT64_C(3)
#define GV BIT64(55)
#define FIVE BIT64(54) /* GuestPagingMode in the third word */
#define IRT UINT64_C(0x80000000000c1013) /* IV and other interrupt fields */
/* The rows of Linux's update order. Interrupt fields stay. */
static const struct transition {
	uint64_t from[4], to[4];
	const char *script;
	bool middle; /* an invalid entry in between */
} transitions[] = {
	{ { 0, 0, 0, 0 }, { TV, 5, 0, 0 }, "D3 D2 D1 D0 dte wait ", false }, /* V 0 to 1 */
	{ { TV, 5, 0, 0 }, { 0, 0, 0, 0 }, "D0 D1 D3 D2 dte wait ", false }, /* V 1 to 0 */
	{ { TV, 5, 0, 0 }, { TV | GV, 6, FIVE, 0 }, "D3 D2 D1 D0 dte wait ", false }, /* GV 0 to 1 */
	{ { TV | GV, 5, FIVE, 0 }, { TV, 6, 0, 0 }, "D0 D1 D3 D2 dte wait ", false }, /* GV 1 to 0 */
	{ { TV | GV, 5, 0, 0 }, { TV | GV, 6, FIVE, 0 }, "D0 D1 dte wait D3 D2 D1 D0 dte wait ", true }, /* another mode */
	{ { TV | GV, 5, FIVE, 0 }, { TV | GV, 6, FIVE, 0 }, "D1 D0 dte wait ", false }, /* the same mode */
	{ { TV | GV, 5, FIVE, 0 }, { V, 0, 0, 0 }, "D0 D1 D3 D2 dte wait ", false },
};

START_TEST(entry_transitions)
{
	const struct transition *t = &transitions[_i];
	struct rig *g = rig_open(EFR_FULL, 0);
	struct amdd *v;
	struct trc_rec out;

	RUN(g, MAPREC(0x1000, 0x100000, 0x1000));
	v = amdd_of(g->d, 0);
	for (unsigned i = 0; i < 4; i++)
		drv_store(g->d, g->devtab + 32 * RID + 8 * i, t->from[i] | (i == 2 ? IRT : 0));
	while (drv_next(g->d, &out, &g->e) > 0)
		take(g, &out);
	g->n = 0;
	amdd_write_dte(v, RID, t->to);
	while (drv_next(g->d, &out, &g->e) > 0)
		take(g, &out);
	SCRIPT(g, t->script);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(dte(g, i), t->to[i] | (i == 2 ? IRT : 0));
	for (unsigned i = 0, n = 0; i < g->n && t->middle; i++)
		if (g->ev[i].kind == 's' && n++ < 2)
			ck_assert_uint_eq(g->ev[i].b, n == 1 ? V : 0);
	rig_close(g);
}
END_TEST

/* What each kind of attachment puts into its entry, and how it goes again. */
START_TEST(entries)
{
	struct rig *g = rig_open(EFR_FULL, 8);
	uint64_t root;

	RUN(g, SW(TRC_ATTACH, .type = "v1"));
	ck_assert_uint_eq(dte(g, 0) & ~UINT64_C(0xffffffffff000), 0x6000000000000603); /* as captured: V, TV, 3 levels, IR, IW */
	ck_assert_uint_eq(dte(g, 1), 1);
	RUN(g, SW(TRC_DETACH));
	SCRIPT(g, "D3 D2 D1 D0 dte wait pages wait ");
	EXPECT(g, 2, { 0x2000000000000020, 0 }, { 0x3000000100000000, ALL });
	ck_assert_uint_eq(dte(g, 0), 1);
	ck_assert_uint_eq(dte(g, 1), 0);
	RUN(g, SWF(TRC_ATTACH, RID, TRC_NO_PASID, 2, .type = "pt"));
	ck_assert_uint_eq(dte(g, 0), 0x6000000000000003);
	ck_assert_uint_eq(dte(g, 1), 2);
	RUN(g, SWF(TRC_DETACH, RID, TRC_NO_PASID, 2), SWF(TRC_ATTACH, RID, TRC_NO_PASID, 3, .type = "v2"));
	root = (dte(g, 0) >> 58 & 7) << 12 | (dte(g, 1) >> 16 & 0xffff) << 15 | dte(g, 1) >> 43 << 31;
	ck_assert_uint_eq(dte(g, 0) & ~(UINT64_C(7) << 58), 0x60c0000000000003); /* GV, GIoV, GLX 0, no host table */
	ck_assert_uint_eq(dte(g, 1) & 0x7ff0000ffff, 3); /* the GCR3 table's own id */
	ck_assert_uint_eq(word(g, root) & 0xfff, 1);
	for (uint64_t at = root + 8; at < root + 4096; at += 8)
		ck_assert_uint_eq(word(g, at), 0);
	RUN(g, SWF(TRC_DETACH, RID, TRC_NO_PASID, 3));
	SCRIPT(g, "D0 D1 D3 D2 dte wait pages wait pages wait ");
	EXPECT(g, 3, { 0x2000000000000020, 0 }, { 0x3000000300000000, ALL | 4 }, { 0x3000000300000000, ALL | 4 });
	ck_assert_uint_eq(word(g, root), 0);
	RUN(g, SWF(TRC_ATTACH, RID, TRC_NO_PASID, 4, .type = "nested"));
	root = (dte(g, 0) >> 58 & 7) << 12 | (dte(g, 1) >> 16 & 0xffff) << 15 | dte(g, 1) >> 43 << 31;
	ck_assert_uint_eq(dte(g, 0) >> 9 & 7, 4);
	ck_assert_uint_eq(dte(g, 0) >> 54 & 3, 3);
	ck_assert_uint_eq(word(g, root - g->c.s2_offset) & 1, 1); /* guest-physical, as what it points to */
	ck_assert_uint_ge(word(g, root - g->c.s2_offset), g->c.s2_offset);
	rig_close(g);
}
END_TEST

/* PASIDs make the GCR3 table deeper; requests without PASID find no entry 0, or pass. */
START_TEST(pasids)
{
	struct rig *g = rig_open(EFR_FULL, 0);
	uint64_t root, w0;

	RUN(g, SWF(TRC_ATTACH, RID, 5, 1, .type = "fs"));
	ck_assert_uint_eq(dte(g, 0) >> 54 & 0xf, 3); /* GLX 0, GV, GIoV */
	EXPECT(g, 3, { UINT64_C(8) << 60, 0 }, { 0x3000000100000005, ALL | 4 }, { 0x2000000000000020, 0 });
	root = (dte(g, 0) >> 58 & 7) << 12 | (dte(g, 1) >> 16 & 0xffff) << 15 | dte(g, 1) >> 43 << 31;
	ck_assert_uint_eq(word(g, root), 0);
	ck_assert_uint_eq(word(g, root + 40) & 0xfff, 1);
	RUN(g, SWF(TRC_ATTACH, RID, 6, 1)); /* nothing changes in the entry */
	SCRIPT(g, "pages wait ");
	RUN(g, SWF(TRC_ATTACH, RID, 0x12345, 2, .type = "fs"));
	SCRIPT(g, "pages wait D1 D0 dte wait ");
	EXPECT(g, 2, { 0x3000000100012345, ALL | 4 }, { 0x2000000000000020, 0 });
	ck_assert_uint_eq(dte(g, 0) >> 56 & 3, 1);
	root = (dte(g, 0) >> 58 & 7) << 12 | (dte(g, 1) >> 16 & 0xffff) << 15 | dte(g, 1) >> 43 << 31;
	ck_assert_uint_eq(word(g, (word(g, root) & ~UINT64_C(1)) + 40) & 1, 1); /* what was there is entry 0 of the new table */
	ck_assert_uint_eq(word(g, (word(g, root + 8 * (0x12345 >> 9)) & ~UINT64_C(1)) + 8 * 0x145) & 1, 1);
	RUN(g, SWF(TRC_ATTACH, RID, 0xf2345, 2));
	ck_assert_uint_eq(dte(g, 0) >> 56 & 3, 2);
	RUN(g, SWF(TRC_ATTACH, RID, TRC_NO_PASID, 9, .type = "pt")); /* GIoV goes */
	w0 = dte(g, 0);
	ck_assert_uint_eq(w0 >> 54 & 3, 2);
	RUN(g, SWF(TRC_DETACH, RID, 0x12345, 2));
	EXPECT(g, 1, { 0x3000000100012345, ALL | 4 });
	RUN(g, SWF(TRC_DETACH, RID, 0xf2345, 2), SWF(TRC_DETACH, RID, 5, 1), SWF(TRC_DETACH, RID, 6, 1));
	ck_assert_uint_eq(dte(g, 0), 0x6000000000000003); /* pass-through stays */
	rig_close(g);
}
END_TEST

/* ---- ATS: off at the device first, on last; op 3, op 4, op 1 ---- */
START_TEST(ats_order)
{
	struct rig *g = rig_open(EFR_FULL, 0);

	RUN(g, DEVREC(TRC_DEV_ATS_ON));
	ck_assert_uint_eq(g->n, 0); /* not before it is attached */
	RUN(g, SW(TRC_ATTACH, .type = "ss"));
	SCRIPT(g, "D0 all wait D3 D2 D1 D0 dte wait on ");
	ck_assert_uint_eq(dte(g, 1), UINT64_C(0x100000001));
	RUN(g, MAPREC(0x200000, 0x200000, 0x200000));
	NOTHING(g);
	RUN(g, UNMAPREC(0x200000, 0x200000)); /* a worked example of the commands, with its own ids */
	EXPECT(g, 1, { 0x3000000100000000, 0x2ff003 }, { 0x4000002020000020, 0x2ff001 });
	SCRIPT(g, "pages iotlb wait ");
	RUN(g, DEVREC(TRC_DEV_ATS_OFF));
	SCRIPT(g, "off D3 D2 D1 D0 dte wait ");
	ck_assert_uint_eq(dte(g, 1), 1);
	RUN(g, DEVREC(TRC_DEV_ATS_ON), SW(TRC_DETACH));
	SCRIPT(g, "D3 D2 D1 D0 dte wait on off D3 D2 D1 D0 dte wait pages wait ");
	RUN(g, SWF(TRC_ATTACH, RID, TRC_NO_PASID, 2, .type = "fs"),
	    SWF(TRC_MAP, 0, TRC_NO_PASID, 2, .iova = 0x1000, .pa = 0x1000, .size = 0x1000, .perm = XL_R),
	    SWF(TRC_UNMAP, 0, TRC_NO_PASID, 2, .iova = 0x1000, .size = 0x1000));
	EXPECT(g, 3, { 0x3000000200000000, ALL | 4 }, { 0x2000000000000020, 0 }, { 0x3000000200000000, 0x1006 }, { 0x4000002020000020, 0x1004 });
	SCRIPT(g, "pages wait D3 D2 D1 D0 dte wait on pages iotlb wait ");
	RUN(g, SWF(TRC_ATTACH, RID, 0x54321, 3, .type = "fs")); /* trace B: PASID flush */
	EXPECT(g, 3, { 0x3000000200054321, ALL | 4 }, { 0x4521002020430020, 0x7ffffffffffff005 },
	       { 0x2000000000000020, 0 }, { 0x4000002020000020, 0x7ffffffffffff001 });
	rig_close(g);
}
END_TEST

/* ---- page tables and ranges ---- */

/* The leaf of @iova in the v1 table of domain 1. */
static uint64_t leaf(const struct rig *g, uint64_t iova)
{
	uint64_t e = dte(g, 0);

	for (unsigned level = (unsigned)(e >> 9 & 7); level && level < 7 && e & 1; level = (unsigned)(e >> 9 & 7))
		e = word(g, (e & UINT64_C(0xffffffffff000)) + 8 * (iova >> (12 + 9 * (level - 1)) & 511));
	return e;
}

/* Worked examples of page sizes (with FC, which Linux sets), and captured leaves; each in every entry it covers. */
START_TEST(sized_pages)
{
	static const struct { uint64_t iova, pa, size, leaf; unsigned perm; } row[] = {
		{ 0x10000, 0x10000, 0x2000, 0x7000000000010e01, 3 }, { 0x20000, 0x10000, 0x10000, 0x7000000000017e01, 3 },
		{ 0x400000, 0x400000, 0x400000, 0x70000000005ffe01, 3 }, { 0x80000000, 0x80000000, 0x80000000, 0x70000000bffffe01, 3 },
		{ 0x200000, 0x600000, 0x200000, 0x7000000000600001, 3 }, { 0x7fff8000, 0x5378000, 0x8000, 0x700000000537be01, 3 },
		{ 0x7ff9e000, 0x583e000, 0x2000, 0x500000000583ee01, XL_W }, { 0x6fffd000, 0x2fe16000, 0x1000, 0x300000002fe16001, XL_R },
		{ 0x8000000000, 0x8000000000, 0x8000000000, 0x7000009ffffffe01, 3 }, /* 512 GiB: two pages of 256 GiB */
	};
	struct rig *g = rig_open(EFR_FULL, 0);

	RUN(g, SW(TRC_ATTACH));
	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		RUN(g, SW(TRC_MAP, .iova = row[i].iova, .pa = row[i].pa, .size = row[i].size, .perm = (uint8_t)row[i].perm));
		ck_assert_msg(g->rc == 0, "row %u: %s", i, g->e.msg);
		for (uint64_t off = 0; off < row[i].size && off < UINT64_C(256) << 30; off += row[i].size / 4 < 4096 ? 4096 : row[i].size / 4)
			ck_assert_msg(leaf(g, row[i].iova + off) == row[i].leaf, "row %u: %" PRIx64, i, leaf(g, row[i].iova + off));
	}
	RUN(g, UNMAPREC(0x21000, 0x1000)); /* part of 64 KiB: all of it */
	EXPECT(g, 1, { 0x3000000100000000, 0x27003 });
	ck_assert_uint_eq(leaf(g, 0x20000) | leaf(g, 0x2f000), 0);
	rig_close(g);
	g = rig_open(EFR_FULL, 0);
	g->c.amd_sized_pages = false;
	RUN(g, SW(TRC_ATTACH), MAPREC(0x400000, 0x400000, 0x400000), MAPREC(0x10000, 0x10000, 0x2000));
	ck_assert_uint_eq(leaf(g, 0x600000), 0x7000000000600001);
	ck_assert_uint_eq(leaf(g, 0x11000), 0x7000000000011001);
	rig_close(g);
}
END_TEST

/* A table grows a level on top; a large page takes the place of an empty table after a flush. */
START_TEST(tables_change)
{
	struct rig *g = rig_open(EFR_FULL, 0);
	uint64_t root, old;

	RUN(g, SW(TRC_ATTACH), MAPREC(0x1000, 0x5000, 0x1000));
	root = dte(g, 0) & UINT64_C(0xffffffffff000);
	RUN(g, MAPREC(0x8000000000, 0x6000, 0x1000));
	SCRIPT(g, "D3 D2 D1 D0 dte wait ");
	ck_assert_uint_eq(dte(g, 0) >> 9 & 7, 4);
	ck_assert_uint_eq(word(g, dte(g, 0) & UINT64_C(0xffffffffff000)), 0x6000000000000601 | root);
	ck_assert_uint_eq(leaf(g, 0x1000), 0x7000000000005001);
	ck_assert_uint_eq(leaf(g, 0x8000000000), 0x7000000000006001);
	RUN(g, UNMAPREC(0x1000, 0x1000));
	old = word(g, root) & UINT64_C(0xffffffffff000);
	ck_assert_uint_ne(word(g, old), 0); /* the empty table stays */
	RUN(g, MAPREC(0, 0x200000, 0x200000));
	EXPECT(g, 1, { 0x3000000100000000, 0xff003 });
	ck_assert_uint_eq(word(g, old), 0x7000000000200001);
	RUN(g, MAPREC(0x100000, 0x300000, 0x1000)); /* below it */
	ck_assert_int_eq(g->rc, -1);
	ck_assert_ptr_nonnull(strstr(g->e.msg, "already mapped"));
	rig_close(g);
}
END_TEST

/* One command that covers, or (NpCache) one for each aligned power of two, after maps too. The last rows are a captured kernel's. */
START_TEST(ranges)
{
	static const struct { uint64_t iova, size, one; uint64_t split[4]; } row[] = {
		{ 0x1000, 0x1000, 0x1002, { 0x1002 } }, { 0x1000, 0x2000, 0x1003, { 0x1002, 0x2002 } },
		{ 0x1000, 0x3000, 0x1003, { 0x1002, 0x2003 } }, { 0x7000, 0x2000, 0x7003, { 0x7002, 0x8002 } },
		{ 0xffe90000, 0x9000, 0xffe97003, { 0xffe93003, 0xffe98002 } }, { 0xfff9e000, 0x2000, 0xfff9e003, { 0xfff9e003 } },
		{ 0xffe70000, 0x10000, 0xffe77003, { 0xffe77003 } },
	};
	struct rig *g = rig_open(EFR_FULL, 0);
	unsigned n;

	g->c.caching_mode = _i;
	RUN(g, SW(TRC_ATTACH));
	for (unsigned i = 0; i < ARRAY_LEN(row); i++)
		for (unsigned un = 0; un < 2; un++) {
			uint64_t want[4][2];

			if (un)
				RUN(g, UNMAPREC(row[i].iova, row[i].size));
			else
				RUN(g, MAPREC(row[i].iova, row[i].iova, row[i].size));
			for (n = 0; n < 4 && (_i ? row[i].split[n] : !n && un); n++) {
				want[n][0] = 0x3000000100000000;
				want[n][1] = _i ? row[i].split[n] : row[i].one;
			}
			expect_commands(g, (const uint64_t(*)[2])want, n, n != 0);
		}
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 1, { 0x3000000100000000, ALL });
	rig_close(g);
}
END_TEST

/* Lazy: nothing, then everything; a wait for each command if asked; the ring wraps. */
START_TEST(policies)
{
	struct rig *g = rig_open(EFR_FULL, 0);
	unsigned sent = 0;

	g->c.policy = DRV_LAZY;
	g->c.lazy_len = 2;
	RUN(g, SW(TRC_ATTACH), MAPREC(0x1000, 0x1000, 0x1000), MAPREC(0x5000, 0x5000, 0x1000), UNMAPREC(0x1000, 0x1000));
	EXPECT(g, 2, { UINT64_C(8) << 60, 0 }, { 0x2000000000000020, 0 });
	RUN(g, UNMAPREC(0x5000, 0x1000));
	EXPECT(g, 1, { 0x3000000100000000, ALL });
	rig_close(g);
	g = rig_open(EFR_FULL, 0);
	g->c.wait = DRV_WAIT_EACH;
	g->c.caching_mode = true;
	RUN(g, SW(TRC_ATTACH));
	for (unsigned i = 0; i < 300; i++) { /* 1200 commands in 512 slots, checked one by one in take() */
		RUN(g, MAPREC(0x7000, 0x10000, 0x2000));
		EXPECT(g, 2, { 0x3000000100000000, 0x7002 }, { 0x3000000100000000, 0x8002 });
		for (unsigned k = 0; k < g->n; k++)
			if (g->ev[k].kind == 'c' && g->ev[k].a >> 60 == 1)
				ck_assert_uint_eq(g->ev[k].b, 3 + sent++); /* 2 were sent for attaching */
		RUN(g, UNMAPREC(0x7000, 0x2000));
		sent += 2;
	}
	rig_close(g);
}
END_TEST

/* Refusals name what is missing. */
START_TEST(refusals)
{
	static const struct { struct trc_rec r[2]; const char *say; uint64_t efr; uint32_t levels, s2, trp, mode; } row[] = {
		{ { SWF(TRC_ATTACH, 0x100, TRC_NO_PASID, 1) }, "amd_last_rid", EFR_FULL, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "fs") }, "GIoSup", EFR_CAPTURED, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "v1") }, "HATS", EFR_FULL | 0xc00, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "v1") }, "5-level host", EFR_CAPTURED & ~UINT64_C(0xc00), 5, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "nested") }, "s2_levels", EFR_FULL & ~UINT64_C(0xc00), 0, 5, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "fs") }, "6-level guest", EFR_FULL, 6, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "fs") }, "5-level guest", EFR_FULL & ~UINT64_C(0x3000), 5, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "s2") }, "unknown attach type", EFR_FULL, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH) }, "GCR3TRPModeSup", EFR_FULL, 0, 0, DRV_ON, 0 },
		{ { SW(TRC_ATTACH, .type = "ss"), SW(TRC_ATTACH, .type = "fs") }, "is ss, not fs", EFR_FULL, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SW(TRC_ATTACH) }, "already attached", EFR_FULL, 0, 0, 0, 0 },
		{ { SW(TRC_DETACH) }, "is not attached", EFR_FULL, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_DETACH, RID, TRC_NO_PASID, 2) }, "is attached to domain 1, not 2", EFR_FULL, 0, 0, 0, 0 },
		{ { SWF(TRC_ATTACH, RID, 0, 1, .type = "fs") }, "cannot attach PASID 0", EFR_FULL, 0, 0, 0, 0 },
		{ { SWF(TRC_ATTACH, RID, 512, 1, .type = "fs") }, "2^9 - 1", EFR_FULL & ~UINT64_C(0xc000), 0, 0, 0, 0 },
		{ { SWF(TRC_ATTACH, RID, 5, 1, .type = "ss") }, "cannot be in a ss domain", EFR_FULL, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "ss"), SWF(TRC_ATTACH, RID, 5, 2, .type = "fs") }, "beside what is attached", EFR_FULL, 0, 0, 0, 0 },
		{ { SWF(TRC_ATTACH, RID, 5, 2, .type = "fs"), SW(TRC_ATTACH, .type = "ss") }, "has PASIDs attached", EFR_FULL, 0, 0, 0, 0 },
		{ { MAPREC(UINT64_C(1) << 57, 0, 0x1000) }, "outside the 57-bit", (EFR_FULL & ~UINT64_C(0x800)) | 0x400, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "nested"), MAPREC(0x1000, UINT64_C(1) << 39, 0x1000) }, "3-level host table", EFR_FULL, 0, 3, 0, 0 },
		{ { SW(TRC_ATTACH), SW(TRC_ATTACH) }, "3-level guest", EFR_FULL, 3, 0, 0, DRV_MODE_FS },
	};
	struct rig *g = rig_open(row[_i].efr, 0);

	g->c.levels = row[_i].levels;
	g->c.s2_levels = row[_i].s2;
	g->c.amd_gcr3_trp = row[_i].trp;
	g->c.mode = row[_i].mode;
	if (row[_i].s2 == 3) {
		g->c.base = 0x10000000;
		g->c.s2_offset = 0;
	}
	rig_run(g, row[_i].r, row[_i].r[1].kind ? 2 : 1);
	ck_assert_int_eq(g->rc, -1);
	ck_assert_msg(strstr(g->e.msg, row[_i].say) != NULL, "row %d: %s", _i, g->e.msg);
	rig_close(g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv_amdvi");
	TCase *t = tcase_create("amdvi");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, bring_up);
	tcase_add_test(t, bring_up_by_features);
	tcase_add_loop_test(t, entry_transitions, 0, (int)ARRAY_LEN(transitions));
	tcase_add_test(t, entries);
	tcase_add_test(t, pasids);
	tcase_add_test(t, ats_order);
	tcase_add_test(t, sized_pages);
	tcase_add_test(t, tables_change);
	tcase_add_loop_test(t, ranges, 0, 2);
	tcase_add_test(t, policies);
	tcase_add_loop_test(t, refusals, 0, 21);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
