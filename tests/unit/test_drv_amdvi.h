/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_amdvi.h - the AMD driver above a unit that only has its feature registers: its records are applied to memory, what it wrote
 * into the command buffer is decoded, all of it in one list in order.
 */
#ifndef IOMMUSIM_TEST_DRV_AMDVI_H
#define IOMMUSIM_TEST_DRV_AMDVI_H
#include "software/drv_amdvi.h"

enum { RID = 0x20, MAX_EV = 70000 };
#define RIG_OWN uint64_t ring, devtab, head;
#include "drv_rig.h"

/* EFR as captured from QEMU; one with everything. */
#define EFR_CAPTURED UINT64_C(0x29d3)
#define EFR_FULL UINT64_C(0x205753f32220995a)
#define ALL UINT64_C(0x7ffffffffffff003)
static uint64_t efr, efr2;

static inline uint64_t efr_read(struct iommu *u, uint32_t off, unsigned bytes)
{
	(void)u, (void)bytes;
	return off == 0x30 ? efr : off == 0x1a0 ? efr2 : 0;
}

static void take(struct rig *g, const struct trc_rec *r)
{
	if (r->kind == TRC_STORE) {
		store(g, r);
		if (!g->ring || r->u.store.pa < g->ring || r->u.store.pa >= g->ring + 8192)
			log_ev(g, 's', r->u.store.pa, r->u.store.val);
		return;
	}
	if (r->kind != TRC_MMIO_WRITE) {
		ck_assert_int_eq(r->kind, TRC_DEVICE);
		log_ev(g, 'k', r->u.dev.rid, r->u.dev.event);
		return;
	}
	if (r->u.mmio.off == 0)
		g->devtab = r->u.mmio.val & ~UINT64_C(0xfff);
	if (r->u.mmio.off == 8)
		g->ring = r->u.mmio.val & UINT64_C(0x000ffffffffff000);
	if (r->u.mmio.off == 0x2008 && r->u.mmio.val != g->head) { /* one tail write for each command */
		ck_assert_uint_eq(r->u.mmio.val, (g->head + 16) % 8192);
		log_ev(g, 'c', word(g, g->ring + g->head), word(g, g->ring + g->head + 8));
		g->head = r->u.mmio.val;
		return;
	}
	log_ev(g, 'm', r->u.mmio.off, r->u.mmio.val);
}

static inline struct rig *rig_open(uint64_t features, uint64_t features2)
{
	struct rig *g = rig_new("amdvi", efr_read);

	efr = features;
	efr2 = features2;
	g->c.amd_last_rid = 0x7f;
	return g;
}

#define MAPREC(v, p, n, ...) SW(TRC_MAP, .iova = v, .pa = p, .size = n, .perm = XL_R | XL_W, __VA_ARGS__)
static bool is_wait(uint64_t w0)
{
	return w0 >> 60 == 1;
}

#define EXPECT COMMANDS
#define NOTHING NO_COMMANDS

static inline uint64_t dte(const struct rig *g, unsigned w)
{
	return word(g, g->devtab + 32 * RID + 8 * w);
}

/* Stores to the entry of RID (D and the word), commands and device events as one line. */
static inline const char *script(const struct rig *g)
{
	static const char *const name[16] = { "?", "wait", "dte", "pages", "iotlb", "irt", "?", "?", "all", "?", "?", "?", "?", "?", "?", "?" };
	static char line[4000];
	uint64_t at = g->devtab + 32 * RID;
	size_t n = 0;

	line[0] = 0;
	for (unsigned i = 0; i < g->n; i++) {
		const struct ev *v = &g->ev[i];

		ck_assert_uint_lt(n, sizeof(line) - 40);
		if (v->kind == 's' && v->a >= at && v->a < at + 32)
			n += (size_t)sprintf(line + n, "D%u ", (unsigned)(v->a - at) / 8);
		else if (v->kind == 'k')
			n += (size_t)sprintf(line + n, "%s ", v->b == TRC_DEV_ATS_ON ? "on" : "off");
		else if (v->kind == 'c')
			n += (size_t)sprintf(line + n, "%s ", name[v->a >> 60]);
	}
	return line;
}
#define SCRIPT(g, want) ck_assert_str_eq(script(g), want)
#endif
