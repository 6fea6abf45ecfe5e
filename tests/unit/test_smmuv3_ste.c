/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Legality of STEs and CDs: for every rule at least one structure that breaks it and one beside it that does not; effective EATS,
 * StreamWorlds, and where an STE lies. Words are encoded by hand. Base: v3.2, 48 bits, all granules, both stages, 16-bit ASID and VMID.
 */
#include "smmuv3_rig.h"

#define B(n) (UINT64_C(1) << (n))
#define AT(n, v) ((uint64_t)(v) << (n))

enum base { BYP, S1, S2, NEST }; /* STE.Config 4, 5, 6, 7 */
enum tgt { END, STE, CD, IDR, E2H, ATSCHK };
struct edit {
	uint8_t tgt, word; /* IDR: offset of the register */
	uint64_t set, clr;
};
struct row {
	const char *what;
	uint8_t base, cd, ok; /* cd: the CD is looked at */
	struct edit e[5];
};
#define OK(what, base, ...) { what, base, 0, 1, { __VA_ARGS__ } }
#define BAD(what, base, ...) { what, base, 0, 0, { __VA_ARGS__ } }
#define CD_OK(what, base, ...) { what, base, 1, 1, { __VA_ARGS__ } }
#define CD_BAD(what, base, ...) { what, base, 1, 0, { __VA_ARGS__ } }
#define IDR0(set, clr) { IDR, 0x00, set, clr }
#define IDR1(set, clr) { IDR, 0x04, set, clr }
#define IDR3(set, clr) { IDR, 0x0c, set, clr }
#define IDR5(set, clr) { IDR, 0x14, set, clr }
#define REV(n) { IDR, 0x1c, n, 0xf }
#define OAS(n) IDR5(n, 7)
#define DS B(7)
#define STALL(n) IDR0(AT(24, n), AT(24, 3))
#define HTTU(n) IDR0(AT(6, n), AT(6, 3))
#define TTF(n) IDR0(AT(2, n), AT(2, 3))
#define TTENDIAN(n) IDR0(AT(21, n), AT(21, 3))
#define NO_STT IDR3(0, B(9))
#define DPT IDR3(B(15), 0), IDR0(B(30), 0), REV(3)
#define W0(set, clr) { STE, 0, set, clr }
#define W1(set, clr) { STE, 1, set, clr }
#define W2(set, clr) { STE, 2, set, clr }
#define W3(set, clr) { STE, 3, set, clr }
#define EATS(n) W1(AT(28, n), 0)
#define STRW(n) W1(AT(30, n), 0)
#define S2S B(57)
#define LPAE W2(0, B(51))
/* S2T0SZ, S2SL0, S2TG (0: 4K, 1: 64K, 2: 16K) */
#define GEO(sz, sl0, tg) W2(AT(32, sz) | AT(38, sl0) | AT(46, tg), UINT64_C(0xc0ff) << 32)
#define C0(set, clr) { CD, 0, set, clr }
#define C1(set, clr) { CD, 1, set, clr }
#define C2(set, clr) { CD, 2, set, clr }
#define T0(sz, tg) C0((uint64_t)(sz) | AT(6, tg), 0xff)
#define T1(sz, tg) C0(AT(16, sz) | AT(22, tg), AT(16, 0xff) | B(30))

static const struct row rows[] = {
	OK("base, bypass", BYP),
	OK("base, stage 1", S1),
	OK("base, stage 2", S2),
	OK("base, both", NEST),
	/* 2 */
	OK("Config 0: nothing else is checked", NEST, W0(0, 0xe), W1(UINT64_MAX, 0), W2(UINT64_MAX, 0), W3(UINT64_MAX, 0)),
	OK("Config 3: nothing else is checked", NEST, W0(0, 0x8), W1(UINT64_MAX, 0), W2(UINT64_MAX, 0), W3(UINT64_MAX, 0)),
	OK("Config 4: no stage is checked", BYP, W0(~UINT64_C(0xe), 0), W2(UINT64_MAX, 0), W3(UINT64_MAX, 0), EATS(2)),
	/* 3 */
	BAD("stage 1 without S1P", S1, IDR0(0, B(1))),
	BAD("both without S1P", NEST, IDR0(0, B(1))),
	OK("stage 2 without S1P", S2, IDR0(0, B(1))),
	BAD("stage 2 without S2P", S2, IDR0(0, B(0))),
	BAD("both without S2P", NEST, IDR0(0, B(0))),
	OK("stage 1 without S2P", S1, IDR0(0, B(0))),
	/* 4: EATS */
	BAD("EATS 2, stage 1", S1, EATS(2)),
	BAD("EATS 2, stage 2", S2, EATS(2)),
	OK("EATS 2, both", NEST, EATS(2)),
	OK("EATS 2 is ignored without ATS", S1, EATS(2), IDR0(0, B(10))),
	BAD("EATS 2, S2S", NEST, EATS(2), W2(S2S, 0)),
	BAD("EATS 2, NS1ATS", NEST, EATS(2), IDR0(B(11), 0)),
	OK("EATS 1, NS1ATS", NEST, EATS(1), IDR0(B(11), 0)),
	BAD("EATS 1, S2S, both", NEST, EATS(1), W2(S2S, 0)),
	BAD("EATS 1, S2S, stage 2", S2, EATS(1), W2(S2S, 0)),
	OK("EATS 1, S2S is ignored with stage 1", S1, EATS(1), W2(S2S, 0)),
	OK("EATS 0, S2S", NEST, W2(S2S, 0)),
	OK("EATS 3 without DPT is 0: S2S", NEST, EATS(3), W2(S2S, 0)),
	BAD("EATS 3, DPT, S2S", NEST, EATS(3), W2(S2S, 0), DPT),
	BAD("EATS 3, DPT, STRW", S1, EATS(3), STRW(2), DPT),
	OK("EATS 3, STRW, no DPT", S1, EATS(3), STRW(2)),
	OK("EATS 3, DPT, STRW not used", NEST, EATS(3), STRW(2), DPT),
	/* 5 */
	BAD("STRW 1", S1, STRW(1)),
	BAD("STRW 3", S1, STRW(3)),
	OK("STRW 2", S1, STRW(2)),
	OK("STRW 1 without Hyp", S1, STRW(1), IDR0(0, B(9))),
	OK("STRW 1 with both stages", NEST, STRW(1)),
	/* 6 */
	BAD("S1STALLD, terminate only", S1, W1(B(27), 0), STALL(1)),
	BAD("S1STALLD, stall forced", S1, W1(B(27), 0), STALL(2)),
	OK("S1STALLD", S1, W1(B(27), 0)),
	OK("S1STALLD is ignored with stage 2", S2, W1(B(27), 0), STALL(1)),
	BAD("S1CDMax > SSIDSIZE", S1, W0(AT(59, 21), 0)),
	OK("S1CDMax = SSIDSIZE", S1, W0(AT(59, 20), 0)),
	OK("S1CDMax, SSIDSIZE 0", S1, W0(AT(59, 21), 0), IDR1(0, AT(6, 31))),
	BAD("S1Fmt 1 without CD2L", S1, W0(AT(59, 8) | AT(4, 1), 0), IDR0(0, B(19))),
	BAD("S1Fmt 2 without CD2L", S1, W0(AT(59, 8) | AT(4, 2), 0), IDR0(0, B(19))),
	OK("S1Fmt 3 is 0", S1, W0(AT(59, 8) | AT(4, 3), 0), IDR0(0, B(19))),
	OK("S1Fmt 2", S1, W0(AT(59, 8) | AT(4, 2), 0)),
	OK("S1Fmt 2, S1CDMax 0", S1, W0(AT(4, 2), 0), IDR0(0, B(19))),
	BAD("S1ContextPtr beyond OAS", S1, W0(B(44), 0), OAS(4)),
	OK("S1ContextPtr in OAS", S1, W0(B(43), 0), OAS(4)),
	BAD("S1ContextPtr beyond IAS", NEST, W0(B(48), 0)),
	OK("S1ContextPtr in IAS, which is LPAE's", NEST, W0(B(39), 0), OAS(0), TTF(3), GEO(25, 1, 0), W2(0, AT(48, 7))),
	BAD("S1ContextPtr beyond OAS, in IAS", S1, W0(B(39), 0), OAS(0), TTF(3)),
	/* 7 */
	BAD("S2FWB with LPAE", S2, LPAE, TTF(3), W1(B(25), 0)),
	OK("S2FWB with LPAE is ignored without FWB", S2, LPAE, TTF(3), W1(B(25), 0), IDR3(0, B(8))),
	OK("S2FWB", S2, W1(B(25), 0)),
	BAD("S2S, terminate only", S2, W2(S2S, 0), STALL(1)),
	OK("no S2S, terminate only", S2, STALL(1)),
	BAD("no S2S, stall forced", S2, STALL(2)),
	OK("S2S, stall forced", S2, W2(S2S, 0), STALL(2)),
	BAD("LPAE, TTF 2", S2, LPAE),
	OK("LPAE, TTF 3", S2, LPAE, TTF(3)),
	BAD("AA64, TTF 1", S2, TTF(1)),
	BAD("S2HA with LPAE", S2, LPAE, TTF(3), W2(B(56), 0)),
	BAD("S2HD with LPAE", S2, LPAE, TTF(3), W2(B(55), 0)),
	BAD("S2HA, HTTU 0", S2, HTTU(0), W2(B(56), 0)),
	OK("S2HA, HTTU 1", S2, HTTU(1), W2(B(56), 0)),
	BAD("S2HD, HTTU 1", S2, HTTU(1), W2(B(56) | B(55), 0)),
	OK("S2HD, HTTU 2", S2, W2(B(56) | B(55), 0)),
	BAD("S2HAFT without S2HA", S2, HTTU(3), W2(B(59), 0)),
	OK("S2HAFT with S2HA", S2, HTTU(3), W2(B(59) | B(56), 0)),
	OK("S2HAFT, HTTU 2", S2, W2(B(59), 0)),
	BAD("S2TG 3", S2, GEO(16, 2, 3)),
	BAD("S2TG 4K not supported", S2, IDR5(0, B(4))),
	BAD("S2TG 16K not supported", S2, GEO(16, 2, 2), IDR5(0, B(5))),
	BAD("S2TG 64K not supported", S2, GEO(16, 2, 1), IDR5(0, B(6))),
	BAD("S2TTB beyond S2PS", S2, W2(AT(48, 2), AT(48, 7)), W3(B(40), 0)),
	OK("S2TTB in S2PS", S2, W2(AT(48, 2), AT(48, 7)), W3(B(39), 0)),
	BAD("S2TTB beyond OAS", S2, W2(AT(48, 6), AT(48, 7)), W3(B(48), 0)),
	BAD("S2TTB beyond 48 bits, 4K", S2, OAS(6), W2(AT(48, 6), AT(48, 7)), W3(B(48), 0)),
	OK("S2TTB beyond 48 bits, 4K, S2DS", S2, OAS(6 | DS), W2(AT(48, 6), AT(48, 7)), W3(B(48) | B(3), 0)),
	BAD("S2TTB beyond 48 bits, 4K, S2DS without DS", S2, OAS(6), W2(AT(48, 6), AT(48, 7)), W3(B(48) | B(3), 0)),
	BAD("S2TTB beyond 48 bits, 16K", S2, OAS(6), W2(AT(48, 6), AT(48, 7)), GEO(16, 2, 2), W3(B(51), 0)),
	OK("S2TTB beyond 48 bits, 64K", S2, OAS(6), W2(AT(48, 6), AT(48, 7)), GEO(16, 2, 1), W3(B(51), 0)),
	OK("S2TTB ends at bit 47 in v3.0", S2, REV(0), W3(B(48), 0)),
	/* S2T0SZ */
	OK("S2T0SZ 39, no STT", S2, NO_STT, GEO(39, 0, 0)),
	BAD("S2T0SZ 40, no STT", S2, NO_STT, GEO(40, 0, 0)),
	OK("S2T0SZ 40, STT", S2, GEO(40, 0, 0)),
	OK("S2T0SZ 48, 4K", S2, GEO(48, 3, 0)),
	BAD("S2T0SZ 49, 4K", S2, GEO(49, 3, 0)),
	OK("S2T0SZ 47, 64K", S2, GEO(47, 0, 1)),
	BAD("S2T0SZ 48, 64K", S2, GEO(48, 0, 1)),
	BAD("S2T0SZ 15, 4K", S2, GEO(15, 2, 0)),
	BAD("S2T0SZ 15, v3.0", S2, GEO(15, 2, 0), REV(0)),
	OK("S2T0SZ 20, OAS 44", S2, GEO(20, 2, 0), OAS(4)),
	BAD("S2T0SZ 19, OAS 44", S2, GEO(19, 2, 0), OAS(4)),
	BAD("S2T0SZ 15, 4K, OAS 52", S2, GEO(15, 2, 0), OAS(6)),
	OK("S2T0SZ 12, 64K, OAS 52", S2, GEO(12, 2, 1), OAS(6)),
	BAD("S2T0SZ 11, 64K, OAS 52", S2, GEO(11, 2, 1), OAS(6)),
	BAD("S2T0SZ 12, 64K, OAS 48", S2, GEO(12, 2, 1)),
	OK("S2T0SZ 12, 4K, S2DS", S2, GEO(12, 0, 0), OAS(6 | DS), W3(B(3) | B(2), 0)),
	/* {S2SL0_2, S2SL0} */
	BAD("4K level -1 without DS", S2, GEO(12, 0, 0), OAS(6), W3(B(3) | B(2), 0)),
	BAD("4K S2SL0_2 with S2SL0 1", S2, GEO(12, 1, 0), OAS(6 | DS), W3(B(3) | B(2), 0)),
	BAD("4K level -1 for 48 bits", S2, GEO(16, 0, 0), OAS(6 | DS), W3(B(3) | B(2), 0)),
	OK("4K 39 bits, level 1", S2, GEO(25, 1, 0)),
	OK("4K 40 bits, level 1, 2 tables", S2, GEO(24, 1, 0)),
	OK("4K 43 bits, level 1, 16 tables", S2, GEO(21, 1, 0)),
	BAD("4K 44 bits, level 1", S2, GEO(20, 1, 0)),
	OK("4K 44 bits, level 0", S2, GEO(20, 2, 0)),
	OK("4K 40 bits, level 0", S2, GEO(24, 2, 0)),
	BAD("4K 39 bits, level 0", S2, GEO(25, 2, 0)),
	OK("4K 34 bits, level 2, 16 tables", S2, GEO(30, 0, 0)),
	BAD("4K 35 bits, level 2", S2, GEO(29, 0, 0)),
	OK("4K 25 bits, level 3, STT", S2, GEO(39, 3, 0)),
	BAD("4K 25 bits, level 3, no STT", S2, GEO(39, 3, 0), NO_STT),
	OK("16K 40 bits, level 2, 16 tables", S2, GEO(24, 1, 2)),
	BAD("16K 41 bits, level 2", S2, GEO(23, 1, 2)),
	OK("16K 46 bits, level 1", S2, GEO(18, 2, 2)),
	OK("16K 47 bits, level 1", S2, GEO(17, 2, 2)),
	OK("16K 48 bits, level 1, 2 tables", S2, GEO(16, 2, 2)),
	BAD("16K 36 bits, level 1", S2, GEO(28, 2, 2)),
	BAD("16K 48 bits, level 0 without DS", S2, GEO(16, 3, 2)),
	OK("16K 48 bits, level 0", S2, GEO(16, 3, 2), IDR5(DS, 0), W3(B(3), 0)),
	BAD("16K 47 bits, level 0", S2, GEO(17, 3, 2), IDR5(DS, 0), W3(B(3), 0)),
	OK("64K 42 bits, level 2", S2, GEO(22, 1, 1)),
	OK("64K 46 bits, level 2, 16 tables", S2, GEO(18, 1, 1)),
	BAD("64K 47 bits, level 2", S2, GEO(17, 1, 1)),
	OK("64K 48 bits, level 1", S2, GEO(16, 2, 1)),
	BAD("64K 42 bits, level 1", S2, GEO(22, 2, 1)),
	BAD("64K reserved S2SL0", S2, GEO(16, 3, 1)),
	BAD("both: geometry is checked", NEST, GEO(20, 1, 0)),
	BAD("big-endian stage 2, little only", S2, W2(B(52), 0)),
	OK("big-endian stage 2, mixed", S2, W2(B(52), 0), TTENDIAN(0)),
	BAD("little-endian stage 2, big only", S2, TTENDIAN(3)),
	OK("big-endian stage 2, big only", S2, W2(B(52), 0), TTENDIAN(3)),
	/* 8 */
	BAD("16-bit VMID, stage 2", S2, W2(B(8), 0), IDR0(0, B(18))),
	BAD("16-bit VMID, stage 1", S1, W2(B(15), 0), IDR0(0, B(18))),
	OK("16-bit VMID, VMID16", S2, W2(B(8), 0)),
	OK("16-bit VMID, EL2", S1, W2(B(8), 0), IDR0(0, B(18)), STRW(2)),
	OK("16-bit VMID, bypass", BYP, W2(B(8), 0), IDR0(0, B(18))),
	OK("16-bit VMID, no stage 2", S1, W2(B(8), 0), IDR0(0, B(18) | B(0))),
	OK("8-bit VMID", S2, W2(B(7), 0), IDR0(0, B(18))),
	/* 9 */
	BAD("VMSPtr beyond OAS", NEST, W1(B(26), 0), { STE, 5, B(48), 0 }, IDR3(B(7), 0)),
	OK("VMSPtr in OAS", NEST, W1(B(26), 0), { STE, 5, B(47), 0 }, IDR3(B(7), 0)),
	OK("VMSPtr without S1MPAM", NEST, { STE, 5, B(48), 0 }, IDR3(B(7), 0)),
	OK("VMSPtr without MPAM", NEST, W1(B(26), 0), { STE, 5, B(48), 0 }),
	OK("VMSPtr with stage 1", S1, W1(B(26), 0), { STE, 5, B(48), 0 }, IDR3(B(7), 0)),
	/* 10 */
	BAD("S2POE without S2PIE", S2, W2(B(61), 0), REV(4), IDR3(B(20), 0)),
	OK("S2POE with S2PIE", S2, W2(B(61) | B(60), 0), REV(4), IDR3(B(20), 0)),
	OK("S2POE in v3.3", S2, W2(B(61), 0), REV(3), IDR3(B(20), 0)),
	OK("S2POE not supported", S2, W2(B(61), 0), REV(4)),
	BAD("S2POE with S2HWU62", S2, W2(B(61) | B(60), 0), W1(B(11), 0), REV(4), IDR3(B(20) | B(3), 0)),
	OK("S2POE with S2HWU62, no PBHA", S2, W2(B(61) | B(60), 0), W1(B(11), 0), REV(4), IDR3(B(20), 0)),
	BAD("S2POI 15 is 5", S2, W2(B(61) | B(60), 0), { STE, 7, AT(60, 5), 0 }, REV(4), IDR3(B(20), 0)),
	BAD("S2POI 0 is 1", S2, W2(B(61) | B(60), 0), { STE, 7, 1, 0 }, REV(4), IDR3(B(20), 0)),
	OK("S2POI 0 is 2", S2, W2(B(61) | B(60), 0), { STE, 7, 2, 0 }, REV(4), IDR3(B(20), 0)),

	CD_OK("CD base, stage 1", S1),
	CD_OK("CD base, both", NEST),
	/* CD 2 */
	CD_BAD("S with S1STALLD", S1, W1(B(27), 0), C0(B(44), 0)),
	CD_OK("S without S1STALLD", S1, C0(B(44), 0)),
	CD_OK("S1STALLD without S", S1, W1(B(27), 0)),
	CD_BAD("A = 0, TERM_MODEL 1", S1, IDR0(B(26), 0), C0(0, B(46))),
	CD_OK("A = 1, TERM_MODEL 1", S1, IDR0(B(26), 0)),
	CD_OK("A = 0, TERM_MODEL 0", S1, C0(0, B(46))),
	CD_BAD("S, terminate only", S1, C0(B(44), 0), STALL(1)),
	CD_OK("no S, terminate only", S1, STALL(1)),
	CD_BAD("no S, stall forced", S1, STALL(2)),
	CD_OK("S, stall forced", S1, C0(B(44), 0), STALL(2)),
	/* CD 3 */
	CD_BAD("big-endian, little only", S1, C0(B(15), 0)),
	CD_OK("big-endian, mixed", S1, C0(B(15), 0), TTENDIAN(0)),
	CD_BAD("little-endian, big only", S1, TTENDIAN(3)),
	CD_OK("big-endian, big only", S1, C0(B(15), 0), TTENDIAN(3)),
	CD_OK("big-endian, both halves disabled", S1, C0(B(15) | B(14), 0)),
	CD_BAD("big-endian, EL2 has no EPD", S1, C0(B(15) | B(14), 0), STRW(2)),
	/* CD 4 */
	CD_BAD("LPAE, TTF 2", S1, C0(0, B(41))),
	CD_OK("LPAE, TTF 3", S1, C0(0, B(41)), TTF(3)),
	CD_BAD("LPAE, EL2-E2H", S1, C0(0, B(41)), TTF(3), STRW(2), { E2H, 0, 0, 0 }),
	CD_OK("LPAE, EL2", S1, C0(0, B(41)), TTF(3), STRW(2)),
	CD_BAD("AA64, TTF 1", S1, TTF(1)),
	CD_BAD("AA64 above LPAE", NEST, TTF(3), LPAE),
	CD_OK("LPAE above LPAE", NEST, TTF(3), LPAE, C0(0, B(41))),
	CD_OK("S2AA64 is ignored with stage 1", S1, TTF(3), LPAE),
	/* CD 5 */
	CD_BAD("HA, HTTU 0", S1, C0(B(43), 0), HTTU(0)),
	CD_BAD("HD, HTTU 0", S1, C0(B(42), 0), HTTU(0)),
	CD_OK("HA, HTTU 1", S1, C0(B(43), 0), HTTU(1)),
	CD_BAD("HD, HTTU 1", S1, C0(B(43) | B(42), 0), HTTU(1)),
	CD_OK("HD, HTTU 2", S1, C0(B(43) | B(42), 0)),
	CD_BAD("HAFT without HA", S1, C1(B(3), 0), HTTU(3)),
	CD_OK("HAFT with HA", S1, C1(B(3), 0), C0(B(43), 0), HTTU(3)),
	CD_OK("HAFT, HTTU 2", S1, C1(B(3), 0)),
	/* CD 6 */
	CD_BAD("16-bit ASID", S1, C0(B(56), 0), IDR0(0, B(12))),
	CD_BAD("16-bit ASID, EL2-E2H", S1, C0(B(63), 0), IDR0(0, B(12)), STRW(2), { E2H, 0, 0, 0 }),
	CD_OK("16-bit ASID, EL2 has none", S1, C0(B(56), 0), IDR0(0, B(12)), STRW(2)),
	CD_OK("16-bit ASID, ASID16", S1, C0(B(56), 0)),
	CD_OK("8-bit ASID", S1, C0(B(55), 0), IDR0(0, B(12))),
	/* CD 7 */
	CD_OK("T0SZ 39, no STT", S1, T0(39, 0), NO_STT),
	CD_BAD("T0SZ 40, no STT", S1, T0(40, 0), NO_STT),
	CD_OK("T0SZ 48, 4K", S1, T0(48, 0)),
	CD_BAD("T0SZ 49, 4K", S1, T0(49, 0)),
	CD_OK("T0SZ 48, 16K", S1, T0(48, 2)),
	CD_OK("T0SZ 47, 64K", S1, T0(47, 1)),
	CD_BAD("T0SZ 48, 64K", S1, T0(48, 1)),
	CD_BAD("T0SZ 15", S1, T0(15, 0)),
	CD_BAD("T0SZ 15, v3.0", S1, T0(15, 0), REV(0)),
	CD_OK("T0SZ 12, 64K, VAX 1", S1, T0(12, 1), IDR5(B(10), 0)),
	CD_BAD("T0SZ 11, 64K, VAX 1", S1, T0(11, 1), IDR5(B(10), 0)),
	CD_BAD("T0SZ 12, 64K, VAX 0", S1, T0(12, 1)),
	CD_BAD("T0SZ 12, 4K, VAX 1", S1, T0(12, 0), IDR5(B(10), 0)),
	CD_OK("T0SZ 12, 4K, VAX 1, DS", S1, T0(12, 0), IDR5(B(10) | DS, 0), C2(B(58), 0)),
	CD_BAD("T0SZ 12, 4K, VAX 1, DS without IDR5.DS", S1, T0(12, 0), IDR5(B(10), 0), C2(B(58), 0)),
	CD_BAD("T0SZ 12, 4K, VAX 0, DS", S1, T0(12, 0), IDR5(DS, 0), C2(B(58), 0)),
	CD_BAD("TG0 3", S1, T0(16, 3)),
	CD_BAD("TG0 64K not supported", S1, T0(16, 1), IDR5(0, B(6))),
	CD_OK("TG0 64K", S1, T0(16, 1)),
	CD_OK("TG1 16K", S1, T1(16, 1), IDR5(0, B(4) | B(6)), T0(16, 2)),
	CD_OK("TG1 4K", S1, T1(16, 2), IDR5(0, B(5) | B(6))),
	CD_OK("TG1 64K", S1, T1(16, 3), IDR5(0, B(4) | B(5)), T0(16, 1)),
	CD_BAD("TG1 0", S1, T1(16, 0)),
	CD_BAD("T1SZ 15", S1, T1(15, 2)),
	CD_BAD("T1SZ 49", S1, T1(49, 2)),
	CD_OK("T1SZ is not checked with EPD1", S1, C0(AT(16, 63), 0)),
	CD_OK("T0SZ is not checked with EPD0", S1, T0(63, 3), C0(B(14), 0)),
	CD_BAD("T0SZ is checked for EL2 with EPD0", S1, T0(63, 0), C0(B(14), 0), STRW(2)),
	CD_OK("T1SZ cannot be reached for EL2", S1, T1(63, 0), STRW(2)),
	CD_BAD("T1SZ is reached for EL2-E2H", S1, T1(63, 0), STRW(2), { E2H, 0, 0, 0 }),
	CD_BAD("TTB0 beyond IPS", S1, C0(AT(32, 2), AT(32, 7)), C1(B(40), 0)),
	CD_OK("TTB0 in IPS", S1, C0(AT(32, 2), AT(32, 7)), C1(B(39), 0)),
	CD_BAD("TTB0 beyond OAS", S1, C0(AT(32, 6), AT(32, 7)), C1(B(48), 0)),
	CD_BAD("TTB0 beyond 48 bits, 4K", S1, C0(AT(32, 6), AT(32, 7)), C1(B(48), 0), OAS(6)),
	CD_OK("TTB0 beyond 48 bits, 64K", S1, C0(AT(32, 6), AT(32, 7)), T0(16, 1), C1(B(48), 0), OAS(6)),
	CD_OK("TTB0 beyond 48 bits, DS", S1, C0(AT(32, 6), AT(32, 7)), C2(B(58), 0), C1(B(48), 0), OAS(6 | DS)),
	CD_OK("TTB0 ends at bit 47 in v3.0", S1, C1(B(48), 0), REV(0)),
	CD_BAD("TTB1 beyond IPS", S1, C0(AT(32, 2), AT(32, 7)), T1(16, 2), C2(B(40), 0)),
	CD_OK("TTB1 in IPS", S1, C0(AT(32, 2), AT(32, 7)), T1(16, 2), C2(B(39), 0)),
	CD_OK("TTB1 disabled", S1, C0(AT(32, 2), AT(32, 7)), C2(B(40), 0)),
};

static void base(enum base b, uint64_t *ste, uint64_t *cd)
{
	memset(ste, 0, 64);
	memset(cd, 0, 64);
	ste[0] = 1 | AT(1, 4 + b) | (b == S1 || b == NEST ? 0x50000 : 0);
	if (b >= S2) /* 48 bits in, 48 out, 4K, start at level 0, walks cacheable and shareable, AA64, S2R */
		ste[2] = 1 | AT(32, 16) | AT(38, 2) | AT(40, 1) | AT(42, 1) | AT(44, 3) | AT(48, 5) | B(51) | B(58);
	ste[3] = b >= S2 ? 0x100000 : 0;
	/* T0SZ 16, 4K, walks cacheable and shareable, EPD1, V, IPS 48, AA64, R, A, ASID 1 */
	cd[0] = 16 | AT(8, 0x35) | B(30) | B(31) | AT(32, 5) | B(41) | B(45) | B(46) | B(48);
	cd[1] = 0x200000;
}

static void apply(struct rig *r, const struct edit *e, uint64_t *ste, uint64_t *cd)
{
	uint64_t v;

	switch (e->tgt) {
	case STE: ste[e->word] = (ste[e->word] & ~e->clr) | e->set; break;
	case CD: cd[e->word] = (cd[e->word] & ~e->clr) | e->set; break;
	case IDR:
		v = (rd32(r, e->word) & ~e->clr) | e->set;
		ck_assert(r->u->ops->restore(r->u, e->word, 4, v, NULL));
		break;
	case E2H: r->s->on.e2h = true; break;
	case ATSCHK: r->s->on.atschk = true; break;
	}
}

/* Effects of a restore on what is in force come first: E2H and ATSCHK are set last. */
static void build(struct rig *r, const struct row *w, uint64_t *ste, uint64_t *cd)
{
	base(w->base, ste, cd);
	for (unsigned late = 0; late < 2; late++)
		for (unsigned i = 0; i < ARRAY_LEN(w->e) && w->e[i].tgt != END; i++)
			if ((w->e[i].tgt >= E2H) == late)
				apply(r, &w->e[i], ste, cd);
}

START_TEST(legality)
{
	const struct row *w = &rows[_i];
	struct rig *r = rig_new(NULL);
	uint64_t ste[8], cd[8];

	build(r, w, ste, cd);
	if (w->cd) {
		ck_assert_msg(smmuv3_ste_ok(r->s, ste), "%s: the STE is legal", w->what);
		ck_assert_msg(smmuv3_cd_ok(r->s, ste, cd) == w->ok, "%s", w->what);
	} else {
		ck_assert_msg(smmuv3_ste_ok(r->s, ste) == w->ok, "%s", w->what);
	}
	rig_free(r);
}
END_TEST

START_TEST(effective_eats)
{
	static const struct {
		struct row r;
		unsigned eats;
	} t[] = {
		{ OK("EATS 1", S1, EATS(1)), 1 },
		{ OK("EATS 1, nested", NEST, EATS(1)), 1 },
		{ OK("no ATS", S1, EATS(1), IDR0(0, B(10))), 0 },
		{ OK("bypass", BYP, EATS(1)), 0 },
		{ OK("abort", S1, EATS(1), W0(0, B(3))), 0 },
		{ OK("split, ATSCHK 0", NEST, EATS(2)), 0 },
		{ OK("split, ATSCHK 1", NEST, EATS(2), { ATSCHK, 0, 0, 0 }), 2 },
		{ OK("DPT absent", S1, EATS(3), { ATSCHK, 0, 0, 0 }), 0 },
		{ OK("DPT, ATSCHK 0", S1, EATS(3), DPT), 0 },
		{ OK("DPT, ATSCHK 1", S1, EATS(3), DPT, { ATSCHK, 0, 0, 0 }), 3 },
	};

	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		struct rig *r = rig_new(NULL);
		uint64_t ste[8], cd[8];

		build(r, &t[i].r, ste, cd);
		ck_assert_msg(smmuv3_eats(r->s, ste) == t[i].eats, "%s: %u", t[i].r.what, smmuv3_eats(r->s, ste));
		rig_free(r);
	}
}
END_TEST

START_TEST(stream_worlds)
{
	static const struct {
		struct row r;
		enum smmuv3_world world;
	} t[] = {
		{ OK("stage 1", S1), SMMUV3_W_EL1 },
		{ OK("EL2", S1, STRW(2)), SMMUV3_W_EL2 },
		{ OK("EL2-E2H", S1, STRW(2), { E2H, 0, 0, 0 }), SMMUV3_W_E2H },
		{ OK("E2H, STRW 0", S1, { E2H, 0, 0, 0 }), SMMUV3_W_EL1 },
		{ OK("no Hyp", S1, STRW(2), IDR0(0, B(9))), SMMUV3_W_EL1 },
		{ OK("stage 2", S2, STRW(2)), SMMUV3_W_EL1 },
		{ OK("both", NEST, STRW(2)), SMMUV3_W_EL1 },
	};

	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		struct rig *r = rig_new(NULL);
		uint64_t ste[8], cd[8];

		build(r, &t[i].r, ste, cd);
		ck_assert_msg(smmuv3_world(r->s, ste) == t[i].world, "%s", t[i].r.what);
		rig_free(r);
	}
}
END_TEST

static int found(uint32_t cfg, uint32_t sid, uint64_t *addr)
{
	struct rig *r = rig_new(NULL);
	int how;

	wr64(r, 0x80, 0x7f000000);
	wr32(r, 0x88, cfg);
	rig_cr0(r, 1);
	*addr = 0;
	how = smmuv3_ste_find(r->s, sid, addr);
	rig_free(r);
	return how;
}

START_TEST(where_the_ste_is)
{
	uint64_t a;

	ck_assert_int_eq(found(0x00008, 0xff, &a), 0); /* linear, 2^8 */
	ck_assert_uint_eq(a, 0x7f000000 + 0xff * 64);
	ck_assert_int_eq(found(0x00008, 0x100, &a), -1);
	ck_assert_int_eq(found(0x00000, 0, &a), 0);
	ck_assert_int_eq(found(0x00000, 1, &a), -1);
	ck_assert_int_eq(found(0x00014, 0xffff, &a), 0); /* 2^20 streams: SIDSIZE is 16 */
	ck_assert_int_eq(found(0x00014, 0x10000, &a), -1);
	ck_assert_int_eq(found(0x0003f, 0x10000, &a), -1);
	ck_assert_int_eq(found(0x10210, 0x1234, &a), 1); /* 2-level, split 8, 2^16 */
	ck_assert_uint_eq(a, 0x7f000000 + 0x12 * 8);
	ck_assert_int_eq(found(0x10210, 0x10000, &a), -1);
	ck_assert_int_eq(found(0x10284, 0xf, &a), 1); /* split 10 above 2^4: one descriptor */
	ck_assert_uint_eq(a, 0x7f000000);
}
END_TEST

START_TEST(level_1_descriptors)
{
	static const struct {
		uint64_t l1std;
		uint32_t sid;
		bool ok;
		uint64_t addr;
	} t[] = { /* split 8 */
		{ 0x80000000, 0x1200, false, 0 }, /* Span 0 */
		{ 0x80000001, 0x1200, true, 0x80000000 },
		{ 0x80000001, 0x1201, false, 0 },
		{ 0x80000009, 0x12ff, true, 0x80003fc0 },
		{ 0x80000008, 0x127f, true, 0x80001fc0 },
		{ 0x80000008, 0x1280, false, 0 },
		{ 0x8000000a, 0x1200, false, 0 }, /* Span > split + 1 */
		{ 0x8000000c, 0x1200, false, 0 },
		{ 0x8000001f, 0x1200, false, 0 },
		{ UINT64_C(0xff00000080003fe9), 0x1202, true, 0x80000080 }, /* reserved bits, and bits below the array's alignment */
		{ UINT64_C(0x0080000080000041), 0x1200, true, UINT64_C(0x0080000080000040) },
	};
	struct rig *r = rig_new(NULL);
	uint64_t a;

	wr32(r, 0x88, 0x10210);
	rig_cr0(r, 1);
	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		a = 0;
		ck_assert_msg(smmuv3_l1std_ste(r->s, t[i].l1std, t[i].sid, &a) == t[i].ok, "row %u", i);
		ck_assert_msg(a == t[i].addr, "row %u: 0x%llx", i, (unsigned long long)a);
	}
	/* split 10: Span 11 and no more */
	r->s->on.split = 10;
	ck_assert(smmuv3_l1std_ste(r->s, 0x8000000b, 0x3ff, &a));
	ck_assert_uint_eq(a, 0x8000ffc0);
	ck_assert(!smmuv3_l1std_ste(r->s, 0x8000000c, 0, &a));
	rig_free(r);
}
END_TEST

RIG_MAIN("smmuv3_ste", legality, ARRAY_LEN(rows), effective_eats, stream_worlds, where_the_ste_is, level_1_descriptors)
