/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_smmuv3.h - the SMMUv3 driver above a unit that only has identification registers: its records are applied to memory, what it
 * wrote into the command queue is decoded, all of it in one list in order.
 */
#ifndef IOMMUSIM_TEST_DRV_SMMUV3_H
#define IOMMUSIM_TEST_DRV_SMMUV3_H
#include "smmuv3/smmuv3.h"

enum { RID = 0x20, MAX_EV = 20000, SYNC_SEV = 0x0fc02046 };
#define RIG_OWN uint64_t cmdq, strtab, cfg, cons;
#include "drv_rig.h"

#define ALL UINT64_C(52)
/* IDR0, IDR1, IDR3, IDR5, IIDR: the captured unit; one with everything; ATS in addition to the captured one. */
static const uint32_t captured[5] = { 0x0d44101b, 0x02730010, 0x1414, 0x74, 0 };
static const uint32_t full[5] = { 0x084d369b, 0x02739d10, 0x1714, 0x00400075, 0 };
static const uint32_t plain_ats[5] = { 0x0d44141b, 0x02730010, 0x1414, 0x74, 0 };
static uint32_t idr[6]; /* and CR0 as it was left */

static inline uint64_t idr_read(struct iommu *u, uint32_t off, unsigned bytes)
{
	static const uint32_t at[] = { 0x00, 0x04, 0x0c, 0x14, 0x18, 0x20 };

	(void)u, (void)bytes;
	for (unsigned i = 0; i < ARRAY_LEN(at); i++)
		if (at[i] == off)
			return idr[i];
	return 0;
}

static void take(struct rig *g, const struct trc_rec *r)
{
	uint64_t base = g->cmdq & UINT64_C(0x00ffffffffffffe0), n = UINT64_C(1) << (g->cmdq & 31);

	if (r->kind == TRC_STORE) {
		store(g, r);
		if (!g->cmdq || r->u.store.pa < base || r->u.store.pa >= base + 16 * n)
			log_ev(g, 's', r->u.store.pa, r->u.store.val);
		return;
	}
	if (r->kind != TRC_MMIO_WRITE) {
		log_ev(g, 'k', r->kind, 0);
		return;
	}
	if (r->u.mmio.off == 0x90)
		g->cmdq = r->u.mmio.val;
	if (r->u.mmio.off == 0x80)
		g->strtab = r->u.mmio.val & UINT64_C(0x00ffffffffffffc0);
	if (r->u.mmio.off == 0x88)
		g->cfg = r->u.mmio.val;
	for (unsigned k = 0; r->u.mmio.off == 0x98 && g->cons != r->u.mmio.val; k++, g->cons = (g->cons + 1) & (2 * n - 1)) {
		ck_assert_uint_lt(k, n); /* never more than the queue holds */
		log_ev(g, 'c', word(g, base + 16 * (g->cons & (n - 1))), word(g, base + 16 * (g->cons & (n - 1)) + 8));
	}
	log_ev(g, 'm', r->u.mmio.off, r->u.mmio.val);
}

static inline struct rig *rig_open(const uint32_t id[5])
{
	memcpy(idr, id, 5 * sizeof(idr[0]));
	idr[5] = 0;
	return rig_new("smmuv3", idr_read);
}

#define MAPREC(v, p, n) SW(TRC_MAP, .iova = v, .pa = p, .size = n, .perm = XL_R | XL_W | XL_X)
static bool is_wait(uint64_t w0)
{
	return (w0 & 255) == 0x46;
}

/* And how many writes of CMDQ_PROD. */
#define PROD_WRITES(g, n) ck_assert_uint_eq(writes_of(g, 0x98), n)
#define EXPECT(g, syncs, writes, ...)                                                                                          \
	do {                                                                                                                   \
		COMMANDS(g, syncs, __VA_ARGS__);                                                                               \
		PROD_WRITES(g, writes);                                                                                        \
	} while (0)
#define NOTHING(g)                                                                                                             \
	do {                                                                                                                   \
		NO_COMMANDS(g);                                                                                                \
		PROD_WRITES(g, 0);                                                                                             \
	} while (0)

static inline uint64_t ste_of(const struct rig *g, uint32_t sid)
{
	if (!(g->cfg >> 16 & 3))
		return g->strtab + 64 * sid;
	uint64_t l1 = word(g, g->strtab + 8 * (sid >> 8));

	ck_assert_uint_eq(l1 & 31, 9);
	ck_assert_uint_eq(l1 & 0x3fc0, 0); /* aligned to its size */
	return (l1 & ~UINT64_C(0x3f)) + 64 * (sid & 255);
}

/* CD @ssid of @sid, found as hardware finds it; @off: gpa - spa. */
static inline uint64_t cd_of(const struct rig *g, uint32_t sid, uint32_t ssid, uint64_t off)
{
	uint64_t w = word(g, ste_of(g, sid)), tab = (w & UINT64_C(0x00ffffffffffffc0)) - off;

	if (!(w >> 4 & 3))
		return tab + 64 * ssid;
	return (word(g, tab + 8 * (ssid >> 10)) & UINT64_C(0x00fffffffffff000)) - off + 64 * (ssid & 1023);
}

/* Stores to the STE (T and the byte offset) and the CD (C), commands and CMDQ_PROD writes (.) as one line. */
static inline const char *script(const struct rig *g, uint64_t ste, uint64_t cd)
{
	static const struct { uint8_t op; const char *name; } name[] = {
		{ 0x01, "prefetch" }, { 0x03, "ste" }, { 0x05, "cd" }, { 0x11, "asid" }, { 0x12, "va" },
		{ 0x2a, "ipa" }, { 0x40, "atc" }, { 0x46, "sync" },
	};
	static char line[4000];
	size_t at = 0;

	line[0] = 0;
	for (unsigned i = 0; i < g->n; i++) {
		const struct ev *v = &g->ev[i];

		ck_assert_uint_lt(at, sizeof(line) - 40);
		if (v->kind == 's' && v->a >= ste && v->a < ste + 64)
			at += (size_t)sprintf(line + at, "T%u ", (unsigned)(v->a - ste));
		else if (v->kind == 's' && cd && v->a >= cd && v->a < cd + 64)
			at += (size_t)sprintf(line + at, "C%u ", (unsigned)(v->a - cd));
		else if (v->kind == 'm' && v->a == 0x98)
			at += (size_t)sprintf(line + at, ". ");
		else if (v->kind == 'k')
			at += (size_t)sprintf(line + at, "dev ");
		for (size_t k = 0; v->kind == 'c' && k < ARRAY_LEN(name); k++)
			if ((v->a & 255) == name[k].op)
				at += (size_t)sprintf(line + at, "%s ", name[k].name);
	}
	return line;
}
#define SCRIPT(g, ste, cd, want) ck_assert_str_eq(script(g, ste, cd), want)
#endif
