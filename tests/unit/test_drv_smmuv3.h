/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_smmuv3.h - the SMMUv3 driver above a unit that only has identification registers: its records are applied to memory, what it
 * wrote into the command queue is decoded, all of it in one list in order.
 */
#ifndef IOMMUSIM_TEST_DRV_SMMUV3_H
#define IOMMUSIM_TEST_DRV_SMMUV3_H
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "fake_plat.h"
#include "smmuv3/smmuv3.h"
#include "software/drv.h"

enum { RID = 0x20, MAX_EV = 20000, SYNC_SEV = 0x0fc02046 };
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

/* What came out of the driver, in order: stores outside the queue, register writes, commands (pa is the opcode word then). */
struct ev {
	char kind; /* 's', 'm', 'c', 'k': store, register, command, other record */
	uint64_t a, b;
};
struct rig {
	struct plat_cfg pc;
	struct plat *p;
	struct drv_cfg c;
	struct drv *d;
	struct fake_trace t;
	struct iommu_ops ops;
	struct err e;
	uint64_t cmdq, strtab, cfg, cons;
	struct ev ev[MAX_EV];
	unsigned n;
	int rc;
};

static inline void log_ev(struct rig *g, char kind, uint64_t a, uint64_t b)
{
	ck_assert_uint_lt(g->n, MAX_EV);
	g->ev[g->n++] = (struct ev){ kind, a, b };
}

static inline uint64_t word(const struct rig *g, uint64_t pa)
{
	uint64_t w = 0;

	ck_assert_int_eq(mem_read(plat_mem(g->p), pa, &w, 1), MEM_OK);
	return w;
}

static inline void take(struct rig *g, const struct trc_rec *r)
{
	uint64_t base = g->cmdq & UINT64_C(0x00ffffffffffffe0), n = UINT64_C(1) << (g->cmdq & 31);

	if (r->kind == TRC_STORE) {
		ck_assert_uint_eq(r->u.store.bytes, 8);
		ck_assert_int_eq(mem_write_part(plat_mem(g->p), r->u.store.pa, 8, r->u.store.val), MEM_OK);
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
	struct rig *g = calloc(1, sizeof(*g));

	ck_assert_ptr_nonnull(g);
	memcpy(idr, id, 5 * sizeof(idr[0]));
	idr[5] = 0;
	g->pc = fake_plat_cfg();
	g->p = plat_create(&g->pc, &(struct plat_hooks){ 0 }, &g->e);
	ck_assert_ptr_nonnull(g->p);
	struct fake_unit *f = fake_create(plat_kernel(g->p), plat_mem(g->p), plat_port(g->p));
	g->ops = fake_ops;
	g->ops.arch = "smmuv3";
	g->ops.mmio_read = idr_read;
	f->u.ops = &g->ops;
	ck_assert(plat_add_unit(g->p, &f->u, &g->e));
	cfg_defaults(drv_opts, &g->c);
	return g;
}

static inline void rig_run(struct rig *g, const struct trc_rec *r, size_t n)
{
	struct trc_rec out;

	g->t = (struct fake_trace){ .rec = r, .n = n };
	g->n = 0;
	if (!g->d)
		g->d = drv_create(&g->c, g->p, fake_next_rec, &g->t, &g->e);
	ck_assert_msg(g->d != NULL, "%s", g->e.msg);
	while ((g->rc = drv_next(g->d, &out, &g->e)) > 0)
		take(g, &out);
}

static inline void rig_close(struct rig *g)
{
	drv_destroy(g->d);
	plat_destroy(g->p);
	free(g);
}

#define SWF(k, r, p, d, ...) { .kind = k, .at = TRC_NO_TIME, .u.sw = { .rid = r, .pasid = p, .dom = d, __VA_ARGS__ } }
#define SW(k, ...) SWF(k, RID, TRC_NO_PASID, 1, __VA_ARGS__)
#define RUN(g, ...) rig_run(g, (const struct trc_rec[]){ __VA_ARGS__ }, ARRAY_LEN(((const struct trc_rec[]){ __VA_ARGS__ })))
#define MAPREC(v, p, n) SW(TRC_MAP, .iova = v, .pa = p, .size = n, .perm = XL_R | XL_W | XL_X)
#define UNMAPREC(v, n) SW(TRC_UNMAP, .iova = v, .size = n)
#define DEVREC(ev) { .kind = TRC_DEVICE, .at = TRC_NO_TIME, .u.dev = { RID, ev } }

/* The commands but CMD_SYNC, against rows of two words; how many CMD_SYNCs, and how many writes of CMDQ_PROD. */
static inline void expect(const struct rig *g, const uint64_t (*want)[2], unsigned n, unsigned syncs, unsigned writes)
{
	unsigned k = 0, s = 0, w = 0;

	ck_assert_msg(g->rc == 0, "%s", g->e.msg);
	for (unsigned i = 0; i < g->n; i++) {
		const struct ev *v = &g->ev[i];

		w += v->kind == 'm' && v->a == 0x98;
		if (v->kind != 'c')
			continue;
		if ((v->a & 255) == 0x46) {
			s++;
			continue;
		}
		ck_assert_msg(k < n && v->a == want[k][0] && v->b == want[k][1], "command %u of %u: %016" PRIx64 " %016" PRIx64, k, n, v->a, v->b);
		k++;
	}
	ck_assert_uint_eq(k, n);
	ck_assert_uint_eq(s, syncs);
	ck_assert_uint_eq(w, writes);
}
#define EXPECT(g, syncs, writes, ...)                                                              \
	do {                                                                                       \
		const uint64_t want_[][2] = { __VA_ARGS__ };                                       \
		expect(g, want_, ARRAY_LEN(want_), syncs, writes);                                 \
	} while (0)
#define NOTHING(g) expect(g, NULL, 0, 0, 0)

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
