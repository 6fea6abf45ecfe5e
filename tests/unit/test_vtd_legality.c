/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every legality check of the VT-d walk: one row spoils a good configuration, sends a request, and reads the fault record back through
 * MMIO. Each row runs with FPD clear and with FPD set in every structure that is read in time, and through the zero-time walk.
 * Not here: interrupt remapping (0x20 to 0x29), codes without a known condition (0x88, 0x89).
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "vtd_tables.h"

#define IOVA UINT64_C(0x123456789000)
#define GPA UINT64_C(0x7766554000)
#define SPA UINT64_C(0x55555000)
#define B(n) (UINT64_C(1) << (n))
#define FEE UINT64_C(0xfee00000)
#define FRAME UINT64_C(0x000ffffffffff000)

enum tgt { NONE, ROOT, CTX, DIR, PE, SS, FS, SSFS /* second-stage entry of level e.ss for the first-stage table of level e.lvl */ };
struct edit {
	uint8_t tgt, lvl, ss, word;
	uint64_t set, clr;
	bool poison, late; /* late: the word fails after it was read, before it is updated */
};
enum { NO_PASID = 1, PRQ = 2, NO_NOW = 8 /* zero time updates nothing */, NO_CTX = 16 /* no structure is read */ };
struct row {
	const char *name;
	enum vt_mode mode;
	uint8_t code, acc, flags, at;
	struct edit e[2];
	uint64_t iova; /* 0: IOVA */
	uint32_t pasid; /* 0: VT_PASID */
	struct vt_opt o;
};
#define R XL_R
#define W XL_W
#define A (XL_R | XL_W | XL_ATOMIC)
#define X (XL_R | XL_X)
#define P (XL_R | XL_PRIV)
#define ROW(n, m, c, a, ...) { .name = n, .mode = VT_##m, .code = c, .acc = a, __VA_ARGS__ }
#define E(...) .e = { { __VA_ARGS__ } }
#define E2(...) .e = { __VA_ARGS__ }
#define EMPTY .clr = ~UINT64_C(0)
#define BAD .poison = true
static void snoop_needed(struct vtd_cfg *c)
{
	c->ad_needs_snoop = true;
}
static void xd_reserved(struct vtd_cfg *c)
{
	c->xd_reserved = true;
}

static const struct row rows[] = {
	/* legacy: root, context */
	ROW("root P", LEGACY, 0x01, R, .flags = NO_CTX, E(ROOT, .clr = 1)),
	ROW("context P", LEGACY, 0x02, W, E(CTX, .clr = 1)),
	ROW("root unreadable", LEGACY, 0x08, R, .flags = NO_CTX, E(ROOT, BAD)),
	ROW("context unreadable", LEGACY, 0x09, R, .flags = NO_CTX, E(CTX, BAD)),
	ROW("root bit 1", LEGACY, 0x0a, R, .flags = NO_CTX, E(ROOT, .set = B(1))),
	ROW("root bit 11", LEGACY, 0x0a, R, .flags = NO_CTX, E(ROOT, .set = B(11))),
	ROW("root above HAW", LEGACY, 0x0a, R, .flags = NO_CTX, E(ROOT, .set = B(VT_HAW))),
	ROW("root high half", LEGACY, 0x0a, R, .flags = NO_CTX, E(ROOT, .word = 1, .set = B(40))),
	ROW("context bit 4", LEGACY, 0x0b, R, E(CTX, .set = B(4))),
	ROW("context bit 11", LEGACY, 0x0b, R, E(CTX, .set = B(11))),
	ROW("context above HAW", LEGACY, 0x0b, R, E(CTX, .set = B(VT_HAW))),
	ROW("context bit 71", LEGACY, 0x0b, R, E(CTX, .word = 1, .set = B(7))),
	ROW("context bit 88", LEGACY, 0x0b, R, E(CTX, .word = 1, .set = B(24))),
	ROW("DID above ND", LEGACY, 0x0b, R, E(CTX, .word = 1, .set = B(8 + 9)), .o = { .cap_clr = 7, .cap_set = 2 }),
	ROW("TT 11", LEGACY, 0x03, R, E(CTX, .set = 0xc)),
	ROW("TT 01 without DT", LEGACY, 0x03, R, E(CTX, .set = 4), .o = { .ecap_clr = 4 }),
	ROW("TT 10 without PT", LEGACY_PT, 0x03, R, .o = { .ecap_clr = B(6) }),
	ROW("AW reserved", LEGACY, 0x03, R, E(CTX, .word = 1, .set = 7)),
	ROW("AW 0", LEGACY, 0x03, R, E(CTX, .word = 1, .clr = 7)),
	ROW("AW not in SAGAW", LEGACY, 0x03, R, .o = { .cap_clr = B(10), .ss_levels = 4 }),
	ROW("top table unreadable", LEGACY, 0x03, R, E(SS, 4, BAD)),
	ROW("translated, TT 00", LEGACY, 0x0d, R, .at = XL_TRANSLATED),
	ROW("translation request, TT 00", LEGACY, 0x0d, R, .at = XL_TRANSLATION_REQ),
	ROW("translated, TT 10", LEGACY_PT, 0x0d, R, .iova = 0x1000, .at = XL_TRANSLATED, E(CTX, .word = 1, .set = 3)),
	/* legacy: second stage */
	ROW("beyond AW", LEGACY, 0x04, R, .iova = B(48)),
	ROW("beyond AW, 3 levels", LEGACY, 0x04, W, .iova = B(39), .o = { .ss_levels = 3 }),
	ROW("beyond MGAW", LEGACY, 0x04, R, .iova = B(44), .o = { .cap_clr = 0x3f0000, .cap_set = 43 << 16 }),
	ROW("pass-through beyond HAW", LEGACY_PT, 0x04, R, .iova = B(VT_HAW), E(CTX, .word = 1, .set = 3)),
	ROW("leaf 0, write", LEGACY, 0x05, W, E(SS, 1, EMPTY)),
	ROW("leaf without W", LEGACY, 0x05, W, E(SS, 1, .clr = VT_SS_W)),
	ROW("level 3 without W", LEGACY, 0x05, W, E(SS, 3, .clr = VT_SS_W)),
	ROW("leaf without W, atomic", LEGACY, 0x05, A, E(SS, 1, .clr = VT_SS_W)),
	ROW("W before reserved", LEGACY, 0x05, W, E(SS, 1, .clr = VT_SS_W, .set = B(62))),
	ROW("leaf 0, read", LEGACY, 0x06, R, E(SS, 1, EMPTY)),
	ROW("leaf without R", LEGACY, 0x06, R, E(SS, 1, .clr = VT_SS_R)),
	ROW("leaf without R, atomic", LEGACY, 0x06, A, E(SS, 1, .clr = VT_SS_R)),
	ROW("level 2 unreadable", LEGACY, 0x07, R, E(SS, 2, BAD)),
	ROW("leaf unreadable", LEGACY, 0x07, W, E(SS, 1, BAD)),
	ROW("leaf bit 62", LEGACY, 0x0c, R, E(SS, 1, .set = B(62))),
	ROW("level 2 bit 11", LEGACY, 0x0c, R, E(SS, 2, .set = B(11))),
	ROW("SNP without SC", LEGACY, 0x0c, R, E(SS, 1, .set = B(11)), .o = { .ecap_clr = B(7) }),
	ROW("leaf above HAW", LEGACY, 0x0c, W, E(SS, 1, .set = B(VT_HAW))),
	ROW("PS at level 4", LEGACY, 0x0c, R, E(SS, 4, .set = B(7))),
	ROW("PS at level 3 without 1 GiB", LEGACY, 0x0c, R, E(SS, 3, .set = B(7), .clr = FRAME), .o = { .cap_clr = B(35) }),
	ROW("PS at level 2 without 2 MiB", LEGACY, 0x0c, R, E(SS, 2, .set = B(7), .clr = FRAME), .o = { .cap_clr = B(34) | B(35) }),
	ROW("2 MiB bit 12", LEGACY, 0x0c, R, E(SS, 2, .set = B(7) | B(12), .clr = FRAME)),
	ROW("1 GiB bit 29", LEGACY, 0x0c, R, E(SS, 3, .set = B(7) | B(29), .clr = FRAME)),
	ROW("result at 0xfee", LEGACY, 0x0e, W, E(SS, 1, .set = FEE, .clr = FRAME)),
	ROW("read of 0xfee", LEGACY, 0x0e, R, .flags = NO_CTX, .iova = FEE),
	/* root table address */
	ROW("TTM 10", LEGACY, 0x30, R, .flags = NO_CTX, .o = { .ttm = 2 }),
	ROW("TTM 01 without SMTS", LEGACY, 0x30, W, .flags = NO_CTX, .o = { .ttm = 1, .ecap_clr = B(43) }),
	ROW("TTM 11 without ADMS", LEGACY, 0x30, R, .flags = NO_CTX, .o = { .ttm = 3, .ecap_clr = B(52) }),
	ROW("PASID in legacy mode", LEGACY, 0x31, R, .flags = NO_CTX, .pasid = 9),
	ROW("page request in legacy mode", LEGACY, 0x32, R, .flags = PRQ | NO_CTX),
	ROW("abort-DMA mode", LEGACY, 0x33, W, .flags = NO_CTX, .o = { .ttm = 3 }),
	ROW("abort-DMA mode, page request", LEGACY, 0x33, W, .flags = PRQ | NO_CTX, .o = { .ttm = 3 }),
	/* scalable: root, context */
	ROW("root unreadable", SS, 0x38, R, .flags = NO_CTX, E(ROOT, BAD)),
	ROW("root UP", SS, 0x39, R, .flags = NO_CTX, E(ROOT, .clr = 1)),
	ROW("root UP, page request", SS, 0x39, R, .flags = NO_CTX | PRQ, E(ROOT, .clr = 1)),
	ROW("root bit 1", SS, 0x3a, R, .flags = NO_CTX, E(ROOT, .set = B(1))),
	ROW("root above HAW", SS, 0x3a, W, .flags = NO_CTX, E(ROOT, .set = B(VT_HAW))),
	ROW("context unreadable", SS, 0x40, R, .flags = NO_CTX, E(CTX, .word = 2, BAD)),
	ROW("context P", SS, 0x41, R, E(CTX, .clr = 1)),
	ROW("context P, page request", SS, 0x41, R, .flags = PRQ, E(CTX, .clr = 1)),
	ROW("context bit 5", SS, 0x42, R, E(CTX, .set = B(5))),
	ROW("context above HAW", SS, 0x42, R, E(CTX, .set = B(VT_HAW))),
	ROW("context bit 85", SS, 0x42, R, E(CTX, .word = 1, .set = B(21))),
	ROW("context word 2", SS, 0x42, R, E(CTX, .word = 2, .set = 1)),
	ROW("context word 3", SS, 0x42, R, E(CTX, .word = 3, .set = B(63))),
	ROW("DTE without DT", SS, 0x42, R, .o = { .ecap_clr = 4 }),
	ROW("PRE without PRS", SS, 0x42, R, .o = { .ecap_clr = B(29) }),
	ROW("PASIDE without PASID support", SS, 0x43, R, .o = { .ecap_clr = B(40) }),
	ROW("DTE 0, translation request", SS, 0x44, R, .at = XL_TRANSLATION_REQ, E(CTX, .clr = 4)),
	ROW("DTE 0, translated", SS, 0x44, W, .at = XL_TRANSLATED, E(CTX, .clr = 4)),
	ROW("PASIDE 0", SS, 0x45, R, E(CTX, .clr = 8)),
	ROW("PASIDE 0, page request", SS, 0x45, R, .flags = PRQ, E(CTX, .clr = 8)),
	ROW("PASID beyond PDTS", SS, 0x46, R, .pasid = 0x2000),
	ROW("PASID beyond PSS", SS, 0x46, R, E(CTX, .set = 7 << 9), .pasid = 0x20000,
	    .o = { .ecap_clr = UINT64_C(0x1f) << 35, .ecap_set = UINT64_C(16) << 35 }),
	ROW("PRE 0", SS, 0x47, R, .flags = PRQ, E(CTX, .clr = 16)),
	ROW("RID_PASID beyond PDTS", SS, 0x48, R, .flags = NO_PASID, E(CTX, .word = 1, .set = 0x2000)),
	/* PASID structures */
	ROW("directory unreadable", SS, 0x50, R, E(DIR, BAD)),
	ROW("directory P", SS, 0x51, W, E(DIR, .clr = 1)),
	ROW("directory bit 2", SS, 0x52, R, E(DIR, .set = B(2))),
	ROW("directory above HAW", SS, 0x52, R, E(DIR, .set = B(VT_HAW))),
	ROW("PASID entry unreadable", SS, 0x58, R, E(PE, .word = 5, BAD)),
	ROW("PASID entry P", SS, 0x59, R, E(PE, .clr = 1)),
	ROW("PASID entry P, RID_PASID", SS, 0x59, R, .flags = NO_PASID, E(PE, .clr = 1)),
	ROW("PASID entry bit 10", SS, 0x5a, R, E(PE, .set = B(10))),
	ROW("PASID entry bit 80", SS, 0x5a, R, E(PE, .word = 1, .set = B(16))),
	ROW("PASID entry bit 136", SS, 0x5a, R, E(PE, .word = 2, .set = B(8))),
	ROW("PASID entry word 3", SS, 0x5a, R, E(PE, .word = 3, .set = 1)),
	ROW("PASID entry word 7", SS, 0x5a, R, E(PE, .word = 7, .set = B(63))),
	ROW("PASID entry above HAW", SS, 0x5a, R, E(PE, .set = B(VT_HAW))),
	ROW("PASID entry above HAW, first stage", FS, 0x5a, R, E(PE, .word = 2, .set = B(VT_HAW))),
	ROW("PGTT 0", SS, 0x5b, R, E(PE, .clr = 0x1c0)),
	ROW("PGTT 5", SS, 0x5b, R, E(PE, .set = 0x140, .clr = 0x80)),
	ROW("PGTT 1 without FSTS", FS, 0x5b, R, .o = { .ecap_clr = B(47) }),
	ROW("PGTT 2 without SSTS", SS, 0x5b, R, .o = { .ecap_clr = B(46) }),
	ROW("PGTT 3 without NEST", NESTED, 0x5b, R, .o = { .ecap_clr = B(26) }),
	ROW("PGTT 4 without PT", PT, 0x5b, R, .o = { .ecap_clr = B(6) }),
	ROW("AW reserved", SS, 0x5b, R, E(PE, .set = 0x1c)),
	ROW("AW not in SAGAW, nested", NESTED, 0x5b, R, .o = { .cap_clr = B(10) }),
	ROW("FSPM 10", FS, 0x5b, R, E(PE, .word = 2, .set = 8)),
	ROW("FSPM 01 without FS5LP", FS, 0x5b, R, .o = { .fs_levels = 5, .cap_clr = B(60) }),
	ROW("ERE 0", FS, 0x5c, X, E(PE, .word = 2, .clr = 2)),
	ROW("SRE 0", FS, 0x5d, P, E(PE, .word = 2, .clr = 1)),
	ROW("SRE 0, RID_PRIV", FS, 0x5d, R, .flags = NO_PASID, E2({ CTX, .word = 1, .set = B(20) }, { PE, .word = 2, .clr = 1 })),
	/* first stage */
	ROW("level 3 unreadable", FS, 0x70, R, E(FS, 3, BAD)),
	ROW("leaf unreadable", FS, 0x70, W, E(FS, 1, BAD)),
	ROW("leaf P", FS, 0x71, R, E(FS, 1, .clr = 1)),
	ROW("level 4 P", FS, 0x71, W, E(FS, 4, .clr = 1)),
	ROW("above HAW", FS, 0x72, R, E(FS, 1, .set = B(VT_HAW))),
	ROW("PS at level 4", FS, 0x72, R, E(FS, 4, .set = B(7))),
	ROW("2 MiB bit 13", FS, 0x72, R, E(FS, 2, .set = B(7) | B(13), .clr = FRAME)),
	ROW("1 GiB bit 29", FS, 0x72, R, E(FS, 3, .set = B(7) | B(29), .clr = FRAME)),
	ROW("1 GiB without FS1GP", FS, 0x72, R, E(FS, 3, .set = B(7), .clr = FRAME), .o = { .cap_clr = B(56) }),
	ROW("XD with NXE 0", FS, 0x72, R, E(FS, 1, .set = B(63)), .o = { .pe_clr = { 0, 0, B(5) }, .tweak = xd_reserved }),
	ROW("top table unreadable", FS, 0x73, R, E(FS, 4, BAD)),
	ROW("not canonical", FS, 0x80, R, .iova = B(47)),
	ROW("not canonical, 5 levels", FS, 0x80, W, .iova = B(56), .o = { .fs_levels = 5 }),
	ROW("U/S 0 at the leaf", FS, 0x81, R, E(FS, 1, .clr = VT_FS_U)),
	ROW("U/S 0 above", FS, 0x81, R, E(FS, 3, .clr = VT_FS_U)),
	ROW("XD", FS, 0x82, X, E(FS, 1, .set = B(63))),
	ROW("XD above", FS, 0x82, X, E(FS, 2, .set = B(63))),
	ROW("SMEP", FS, 0x82, X | XL_PRIV, .o = { .pe_set = { 0, 0, B(6) } }),
	ROW("no X in second stage", SS, 0x82, X, E(SS, 1, .clr = VT_SS_X), .o = { .pe_set = { B(5) } }),
	ROW("R/W 0", FS, 0x85, W, E(FS, 1, .clr = VT_FS_W)),
	ROW("R/W 0 above, atomic", FS, 0x85, A, E(FS, 2, .clr = VT_FS_W)),
	ROW("R/W 0, supervisor, WPE", FS, 0x85, W | XL_PRIV, E(FS, 1, .clr = VT_FS_W)),
	ROW("result at 0xfee", FS, 0x87, W, E(FS, 1, .set = FEE, .clr = FRAME)),
	ROW("A with no-snoop walks", FS, 0x90, R, E(FS, 1, .clr = VT_FS_A), .o = { .pe_clr = { 0, B(23) }, .tweak = snoop_needed }),
	ROW("D update fails", FS, 0x91, W, .flags = NO_NOW, E(FS, 1, .clr = VT_FS_D, .late = true)),
	/* nested */
	ROW("top table beyond AW", NESTED, 0x74, R, E(PE, .word = 2, .set = B(50))),
	ROW("level 3 points beyond AW", NESTED, 0x74, R, E(FS, 3, .set = B(50))),
	ROW("top table without R", NESTED, 0x75, R, E(SSFS, 4, 1, .clr = VT_SS_R)),
	ROW("level 2 table without R", NESTED, 0x76, R, E(SSFS, 2, 1, .clr = VT_SS_R)),
	ROW("A update, table read-only", NESTED, 0x77, R, E2({ FS, 1, .clr = VT_FS_A }, { SSFS, 1, 1, .clr = VT_SS_W })),
	ROW("D update, table read-only", NESTED, 0x77, W, E2({ FS, 1, .clr = VT_FS_D }, { SSFS, 1, 1, .clr = VT_SS_W })),
	ROW("first-stage table unmapped", NESTED, 0x79, R, E(SSFS, 1, 1, EMPTY)),
	ROW("first-stage table, bit 62", NESTED, 0x7a, R, E(SSFS, 1, 1, .set = B(62))),
	ROW("first-stage table, leaf unreadable", NESTED, 0x78, R, E(SSFS, 1, 1, BAD)),
	ROW("first-stage entry unreadable", NESTED, 0x70, R, E(FS, 1, BAD)),
	ROW("first-stage top unreadable", NESTED, 0x73, R, E(FS, 4, BAD)),
	ROW("first-stage P", NESTED, 0x71, W, E(FS, 2, .clr = 1)),
	ROW("final address beyond AW", NESTED, 0x84, R, E(FS, 1, .set = B(50))),
	ROW("final page without W", NESTED, 0x85, W, E(SS, 1, .clr = VT_SS_W)),
	ROW("final page without R", NESTED, 0x86, R, E(SS, 1, .clr = VT_SS_R)),
	ROW("final page unmapped", NESTED, 0x79, R, E(SS, 1, EMPTY)),
	ROW("result at 0xfee", NESTED, 0x87, R, E(SS, 1, .set = FEE, .clr = FRAME)),
	/* scalable second stage, pass-through */
	ROW("level 2 unreadable", SS, 0x78, R, E(SS, 2, BAD)),
	ROW("leaf 0", SS, 0x79, W, E(SS, 1, EMPTY)),
	ROW("level 3 zero", SS, 0x79, R, E(SS, 3, EMPTY)),
	ROW("leaf bit 62", SS, 0x7a, R, E(SS, 1, .set = B(62))),
	ROW("leaf above HAW", SS, 0x7a, R, E(SS, 1, .set = B(VT_HAW))),
	ROW("1 GiB bit 29", SS, 0x7a, W, E(SS, 3, .set = B(7) | B(29), .clr = FRAME)),
	ROW("top table unreadable", SS, 0x7b, R, E(SS, 4, BAD)),
	ROW("A with no-snoop walks", SS, 0x7c, R, E(SS, 1, .clr = VT_SS_A),
	    .o = { .pe_set = { B(9) }, .pe_clr = { 0, B(23) }, .tweak = snoop_needed }),
	ROW("A update fails", SS, 0x7d, R, .flags = NO_NOW, E(SS, 2, .clr = VT_SS_A, .late = true), .o = { .pe_set = { B(9) } }),
	ROW("pass-through beyond HAW", PT, 0x83, R, .iova = B(VT_HAW)),
	ROW("beyond AW", SS, 0x84, W, .iova = B(48)),
	ROW("beyond MGAW", SS, 0x84, R, .iova = B(44), .o = { .cap_clr = 0x3f0000, .cap_set = 43 << 16 }),
	ROW("leaf without W", SS, 0x85, W, E(SS, 1, .clr = VT_SS_W)),
	ROW("leaf without R", SS, 0x86, R, E(SS, 1, .clr = VT_SS_R)),
	ROW("leaf without R, RID_PASID", SS, 0x86, R, .flags = NO_PASID, E(SS, 1, .clr = VT_SS_R)),
	ROW("pass-through at 0xfee", PT, 0x87, W, .iova = FEE),
	ROW("read of 0xfee without PASID", SS, 0x87, R, .flags = NO_PASID | NO_CTX, .iova = FEE),
};

static const struct {
	unsigned code;
	const char *name;
	bool qualified;
} codes[] = {
#define Q true
#define N false
#define FAULT(c, n, q, text) { c, n, q },
#include "vtd/vtd_faults.def"
#undef FAULT
#undef Q
#undef N
};

static bool qualified(unsigned code)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return codes[i].qualified;
	ck_abort_msg("code 0x%x is in no table", code);
	return false;
}

static bool scalable(const struct row *r)
{
	return r->mode >= VT_SS;
}

static uint64_t gpa_of_table(struct vt *v, uint64_t iova, unsigned lvl)
{
	return (vt_fs_at(v, iova, lvl) & ~UINT64_C(0xfff)) + VT_GPA;
}

/* Addresses are taken before anything is spoiled. */
static uint64_t place(struct vt *v, const struct row *r, const struct edit *e, uint64_t iova)
{
	uint32_t pasid = r->flags & NO_PASID ? VT_RID_PASID : VT_PASID;

	switch ((enum tgt)e->tgt) {
	case ROOT: return v->root + 16 * (VT_SID >> 8) + (scalable(r) ? 8 : 8 * e->word);
	case CTX: return v->ctx + 8 * e->word;
	case DIR: return vt_dir_entry(v, pasid);
	case PE: return vt_pasid_entry(v, pasid) + 8 * e->word;
	case SS: return vt_ss_at(v, r->mode == VT_NESTED ? GPA : iova, e->lvl);
	case FS: return vt_fs_at(v, iova, e->lvl);
	case SSFS: return vt_ss_at(v, gpa_of_table(v, iova, e->lvl), e->ss);
	case NONE: break;
	}
	return 0;
}

static struct xl_req request(const struct row *r, uint64_t iova)
{
	struct xl_req q = vt_req(iova | 0x40, r->acc);

	q.at = r->at;
	q.has_pasid = scalable(r) ? !(r->flags & NO_PASID) : r->pasid != 0;
	q.pasid = !q.has_pasid ? 0 : r->pasid ? r->pasid : VT_PASID;
	return q;
}

static void answered(struct xl *x)
{
	container_of(x, struct vt, x)->done = true;
}

/* Run one request; the word at @late fails between its read and its update. */
static void run_late(struct vt *v, const struct xl_req *q, uint64_t late)
{
	bool asked = false;

	v->x.req = *q;
	v->x.done = answered;
	v->done = false;
	v->x.mem_spa = 0;
	iommu_translate(v->u, &v->x);
	while (!v->done) {
		bool before = v->x.mem_spa == late;

		ck_assert(sim_run_one(v->k));
		if (before && !asked) {
			mem_poison(v->m, late, true);
			asked = true;
		}
	}
	ck_assert(asked);
	iommu_retire(v->u, &v->x);
}

static void page_request(struct vt *v, const struct xl_req *q)
{
	struct page_req p = { .rid = q->rid, .pasid = q->pasid, .has_pasid = q->has_pasid, .r = q->acc & XL_R, .w = q->acc & XL_W,
			      .last = true, .prgi = 3, .addr = q->iova & ~UINT64_C(0xfff) };

	v->u->ops->page_request(v->u, &p);
	sim_run(v->k);
}

static void check_record(struct vt *v, const struct row *r, const struct xl_req *q, const char *what)
{
	unsigned type = r->flags & PRQ ? 1 : r->acc & XL_ATOMIC ? 3 : r->acc & XL_W ? 0 : 2; /* T1:T2 */
	uint64_t w[2], fsts = vt_rd(v, 0x34, 4);

	ck_assert_msg(vt_frcd(v, 0, w), "%s: nothing recorded", what);
	ck_assert_msg((w[1] >> 32 & 0xff) == r->code, "%s: code 0x%02x, not 0x%02x", what, (unsigned)(w[1] >> 32 & 0xff), r->code);
	ck_assert_msg(w[0] == (q->iova & ~UINT64_C(0xfff)), "%s: FI", what);
	ck_assert_msg((w[1] & 0xffff) == VT_SID, "%s: SID", what);
	ck_assert_msg((w[1] >> 62 & 1) == type >> 1 && (w[1] >> 28 & 1) == (type & 1), "%s: type %u", what, type);
	ck_assert_msg((w[1] >> 31 & 1) == q->has_pasid, "%s: PP", what);
	ck_assert_msg((w[1] >> 40 & 0xfffff) == q->pasid, "%s: PV", what);
	ck_assert_msg((w[1] >> 60 & 3) == q->at, "%s: AT", what);
	ck_assert_msg(!q->has_pasid || (w[1] >> 30 & 1) == !!(r->acc & XL_X), "%s: EXE", what);
	ck_assert_msg(!q->has_pasid || (w[1] >> 29 & 1) == !!(r->acc & XL_PRIV), "%s: PRIV", what);
	ck_assert_msg((fsts & 2) && (fsts >> 8 & 0xff) == 0 && !(fsts & 1), "%s: FSTS %llx", what, (unsigned long long)fsts);
	ck_assert_msg(!vt_frcd(v, 1, w), "%s: two records", what);
}

enum { FPD_NONE, FPD_CTX, FPD_DIR, FPD_PE };

/* Which structures are read before this fault is found, so that their FPD counts. */
static bool fpd_applies(const struct row *r, unsigned fpd)
{
	if (fpd == FPD_NONE)
		return true;
	if (r->flags & NO_CTX)
		return false;
	if (fpd == FPD_CTX)
		return true;
	if (!scalable(r) || (r->flags & PRQ) || r->code <= 0x50)
		return false;
	return fpd == FPD_DIR || r->code >= 0x59;
}

static void set_fpd(struct vt *v, const struct row *r, unsigned fpd)
{
	uint32_t pasid = r->flags & NO_PASID ? VT_RID_PASID : VT_PASID;

	if (fpd)
		vt_edit(v, fpd == FPD_CTX ? v->ctx : fpd == FPD_DIR ? vt_dir_entry(v, pasid) : vt_pasid_entry(v, pasid), 2, 0);
}

static uint64_t spoil(struct vt *v, const struct row *r, uint64_t iova)
{
	uint64_t spa[2], late = 0;

	for (int i = 0; i < 2; i++)
		spa[i] = place(v, r, &r->e[i], iova);
	for (int i = 0; i < 2; i++) {
		const struct edit *e = &r->e[i];

		if (!e->tgt)
			continue;
		vt_edit(v, spa[i], e->set, e->clr == ~UINT64_C(0) ? e->clr & ~e->set : e->clr);
		if (e->poison)
			mem_poison(v->m, spa[i], true);
		if (e->late)
			late = spa[i];
	}
	return late;
}

static void run_row(const struct row *r, unsigned fpd)
{
	uint64_t iova = r->iova ? r->iova : IOVA, late;
	struct vt_opt o = r->o;
	struct xl_req q = request(r, iova);
	uint64_t w[2], map = r->iova || (o.ss_levels == 3) ? 0x12345000 : IOVA;
	char what[160];
	struct vt v;

	snprintf(what, sizeof(what), "0x%02x %s, mode %u, FPD %u", r->code, r->name, r->mode, fpd);
	o.mode = r->mode;
	vt_init(&v, &o);
	vt_map(&v, map, GPA, SPA, 1, 1, true);
	set_fpd(&v, r, fpd);
	late = spoil(&v, r, map);
	if (!(r->flags & (NO_NOW | PRQ))) {
		struct xl_res n = vt_now(&v, &q);

		ck_assert_msg(!n.ok && n.code == r->code, "%s: zero time says 0x%02x", what, n.code);
	}
	ck_assert_msg(!vt_frcd(&v, 0, w), "%s: zero time recorded", what);
	if (r->flags & PRQ) {
		page_request(&v, &q);
	} else if (late) {
		run_late(&v, &q, late);
	} else {
		ck_assert_msg(!vt_run(&v, &q).ok, "%s: not refused", what);
	}
	if (fpd && qualified(r->code)) {
		ck_assert_msg(!vt_frcd(&v, 0, w), "%s: recorded", what);
		ck_assert_msg((r->flags & PRQ) || v.x.res.code == r->code, "%s: suppressed, but 0x%02x", what, v.x.res.code);
		ck_assert_msg(!(vt_rd(&v, 0x34, 4) & 3), "%s: FSTS", what);
	} else {
		check_record(&v, r, &q, what);
	}
	vt_fini(&v);
}

START_TEST(row_test)
{
	const struct row *r = &rows[_i];

	for (unsigned fpd = FPD_NONE; fpd <= FPD_PE; fpd++)
		if (fpd_applies(r, fpd))
			run_row(r, fpd);
}
END_TEST

/* The good configuration of every mode is really good: each row faults because of its one edit. */
START_TEST(unspoilt)
{
	struct vt_opt o = { .mode = (enum vt_mode)_i };
	struct xl_res r;
	struct xl_req q;
	struct vt v;

	vt_init(&v, &o);
	if (o.mode == VT_LEGACY_PT)
		vt_edit(&v, v.ctx + 8, 3, 0);
	vt_map(&v, IOVA, GPA, SPA, 1, 1, true);
	q = o.mode < VT_SS ? vt_req(IOVA + 8, A) : vt_preq(IOVA + 8, A);
	if (o.mode == VT_LEGACY_PT || o.mode == VT_PT)
		q.iova = SPA + 8;
	r = vt_run(&v, &q);
	ck_assert_msg(r.ok, "mode %d: 0x%x", _i, r.code);
	ck_assert_uint_eq(r.spa, SPA + 8);
	ck_assert_uint_eq(vt_now(&v, &q).spa, SPA + 8);
	vt_fini(&v);
}
END_TEST

/* N faults are recorded although FPD is set in a structure already read: 0x50 and 0x58 under a context entry with FPD. */
START_TEST(fpd_spares_nothing_unqualified)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].code == 0x50 || rows[i].code == 0x58) {
			ck_assert(!qualified(rows[i].code));
			run_row(&rows[i], FPD_CTX);
		}
}
END_TEST

/* Interrupt requests are not DMA: a DWORD write without PASID to 0xFEEx_xxxx passes, with PASID it is translated. */
START_TEST(interrupt_range)
{
	struct vt_opt o = { .mode = VT_SS };
	struct xl_req q = vt_req(FEE + 0x10, W);
	struct xl_res r;
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, FEE, 0, SPA, 1, 1, true);
	q.len = 4;
	r = vt_run(&v, &q);
	ck_assert(r.ok && r.bypass && r.spa == FEE + 0x10);
	q = vt_preq(FEE + 0x10, W);
	r = vt_run(&v, &q);
	ck_assert(r.ok && r.spa == SPA + 0x10);
	vt_fini(&v);
}
END_TEST

/* Translation requests: no permission is an empty answer and no record; malformed structures are recorded and aborted (7.2). */
START_TEST(translation_requests)
{
	struct vt_opt o = { .mode = VT_SS };
	struct xl_req q = vt_preq(IOVA, R);
	struct xl_res r;
	uint64_t w[2];
	struct vt v;

	q.at = XL_TRANSLATION_REQ;
	vt_init(&v, &o);
	vt_map(&v, IOVA, 0, SPA, 1, 1, false);
	r = vt_run(&v, &q);
	ck_assert(r.ok && r.perm == (XL_R | XL_X) && r.spa == SPA);
	q.acc = W;
	r = vt_run(&v, &q);
	ck_assert(r.ok && !(r.perm & (XL_R | XL_W)));
	q.iova = B(48);
	r = vt_run(&v, &q);
	ck_assert(r.ok && !(r.perm & (XL_R | XL_W)) && !vt_frcd(&v, 0, w));
	q.iova = IOVA;
	q.acc = R;
	vt_edit(&v, vt_ss_at(&v, IOVA, 1), B(62), 0);
	r = vt_run(&v, &q);
	ck_assert(!r.ok && r.code == 0x7a && r.cpl == 4 && vt_frcd(&v, 0, w)); /* completer abort */
	vt_edit(&v, vt_pasid_entry(&v, VT_PASID), B(10), 0);
	r = vt_run(&v, &q);
	ck_assert(!r.ok && r.code == 0x5a && r.cpl == 4 && vt_frcd(&v, 1, w));
	vt_edit(&v, v.ctx, 0, 4);
	r = vt_run(&v, &q);
	ck_assert(!r.ok && r.code == 0x44 && r.cpl == 1 && vt_frcd(&v, 2, w)); /* unsupported request */
	vt_fini(&v);
}
END_TEST

/* SMEP looks at the page, not at its leaf entry: U/S = 0 above makes it a supervisor page. R/W = 0 stops no supervisor without WPE. */
START_TEST(supervisor)
{
	struct vt_opt o = { .mode = VT_FS, .pe_set = { 0, 0, B(6) }, .pe_clr = { 0, 0, B(4) } };
	struct xl_req q = vt_preq(IOVA, X | XL_PRIV);
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, IOVA, 0, SPA, 1, 1, false);
	ck_assert_uint_eq(vt_run(&v, &q).code, 0x82);
	vt_edit(&v, vt_fs_at(&v, IOVA, 3), 0, VT_FS_U);
	ck_assert(vt_run(&v, &q).ok);
	ck_assert(vt_now(&v, &q).ok);
	q.acc = W | XL_PRIV;
	ck_assert(vt_run(&v, &q).ok);
	q.acc = W;
	ck_assert_uint_eq(vt_run(&v, &q).code, 0x81);
	vt_fini(&v);
}
END_TEST

/* Overflow of the fault records. */
START_TEST(overflow)
{
	struct vt_opt o = { .mode = VT_LEGACY, .cap_clr = UINT64_C(0xff) << 40 };
	struct xl_req q = vt_req(IOVA, R);
	uint64_t w[2];
	uint32_t frcd;
	struct vt v;

	vt_init(&v, &o);
	frcd = (uint32_t)(vt_rd(&v, 8, 8) >> 24 & 0x3ff) * 16;
	(void)vt_run(&v, &q);
	q.rid = 0x10;
	(void)vt_run(&v, &q);
	ck_assert_uint_eq(vt_rd(&v, 0x34, 4) & 3, 3);
	q.rid = 0x20;
	(void)vt_run(&v, &q);
	ck_assert(vt_frcd(&v, 0, w) && (w[1] & 0xffff) == VT_SID);
	vt_wr(&v, frcd + 12, 4, 0x80000000);
	ck_assert_uint_eq(vt_rd(&v, 0x34, 4) & 3, 1);
	(void)vt_run(&v, &q);
	ck_assert(!vt_frcd(&v, 0, w));
	vt_wr(&v, 0x34, 4, 1);
	(void)vt_run(&v, &q);
	ck_assert(vt_frcd(&v, 0, w) && (w[1] & 0xffff) == 0x20 && (vt_rd(&v, 0x34, 4) & 3) == 2);
	vt_fini(&v);
}
END_TEST

/* Returns: codes of the table that no row produces, but for interrupt remapping. */
static unsigned coverage(void)
{
	unsigned covered = 0, missing = 0;

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		bool hit = false;

		for (size_t j = 0; j < ARRAY_LEN(rows); j++)
			hit |= rows[j].code == codes[i].code;
		covered += hit;
		if (!hit && !(codes[i].code >= 0x20 && codes[i].code <= 0x29)) {
			printf("not covered: 0x%02x %s\n", codes[i].code, codes[i].name);
			missing++;
		}
	}
	printf("fault codes covered: %u of %u\n", covered, (unsigned)ARRAY_LEN(codes));
	printf("not covered: 0x20 to 0x29, interrupt remapping is not modelled; 0x88 and 0x89 are in no table, their condition is unknown\n");
	return missing;
}

START_TEST(coverage_complete)
{
	ck_assert_uint_eq(coverage(), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vtd_legality");
	TCase *t = tcase_create("rows");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, row_test, 0, (int)ARRAY_LEN(rows));
	tcase_add_loop_test(t, unspoilt, VT_LEGACY, VT_PT + 1);
	tcase_add_test(t, fpd_spares_nothing_unqualified);
	tcase_add_test(t, interrupt_range);
	tcase_add_test(t, translation_requests);
	tcase_add_test(t, supervisor);
	tcase_add_test(t, overflow);
	tcase_add_test(t, coverage_complete);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
