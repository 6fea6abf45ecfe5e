/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_amdvi.h - the AMD driver above a unit that only has its feature registers: its records are applied to memory, what it wrote
 * into the command buffer is decoded, all of it in one list in order.
 */
#ifndef IOMMUSIM_TEST_DRV_AMDVI_H
#define IOMMUSIM_TEST_DRV_AMDVI_H
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "fake_plat.h"
#include "software/drv_amdvi.h"

enum { RID = 0x20, MAX_EV = 70000 };
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

struct ev {
	char kind; /* 's', 'm', 'c', 'k': store outside the command buffer, register, command, device event */
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
	uint64_t ring, devtab, head;
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
	if (r->kind == TRC_STORE) {
		ck_assert_uint_eq(r->u.store.bytes, 8);
		ck_assert_int_eq(mem_write_part(plat_mem(g->p), r->u.store.pa, 8, r->u.store.val), MEM_OK);
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
	struct rig *g = calloc(1, sizeof(*g));

	ck_assert_ptr_nonnull(g);
	efr = features;
	efr2 = features2;
	g->pc = fake_plat_cfg();
	g->p = plat_create(&g->pc, &(struct plat_hooks){ 0 }, &g->e);
	ck_assert_ptr_nonnull(g->p);
	struct fake_unit *f = fake_create(plat_kernel(g->p), plat_mem(g->p), plat_port(g->p));
	g->ops = fake_ops;
	g->ops.arch = "amdvi";
	g->ops.mmio_read = efr_read;
	f->u.ops = &g->ops;
	ck_assert(plat_add_unit(g->p, &f->u, &g->e));
	cfg_defaults(drv_opts, &g->c);
	g->c.amd_last_rid = 0x7f;
	return g;
}

/* A second call goes on with the same driver. */
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
#define MAPREC(v, p, n, ...) SW(TRC_MAP, .iova = v, .pa = p, .size = n, .perm = XL_R | XL_W, __VA_ARGS__)
#define UNMAPREC(v, n) SW(TRC_UNMAP, .iova = v, .size = n)
#define DEVREC(ev) { .kind = TRC_DEVICE, .at = TRC_NO_TIME, .u.dev = { RID, ev } }

/* The commands but COMPLETION_WAIT, against rows of two words; and how many of those. */
static inline void expect(const struct rig *g, const uint64_t (*want)[2], unsigned n, unsigned waits)
{
	unsigned k = 0, s = 0;

	ck_assert_msg(g->rc == 0, "%s", g->e.msg);
	for (unsigned i = 0; i < g->n; i++) {
		const struct ev *v = &g->ev[i];

		if (v->kind != 'c')
			continue;
		if (v->a >> 60 == 1) {
			s++;
			continue;
		}
		ck_assert_msg(k < n && v->a == want[k][0] && v->b == want[k][1], "command %u of %u: %016" PRIx64 " %016" PRIx64, k, n, v->a, v->b);
		k++;
	}
	ck_assert_uint_eq(k, n);
	ck_assert_uint_eq(s, waits);
}
#define EXPECT(g, waits, ...)                                                                      \
	do {                                                                                       \
		const uint64_t want_[][2] = { __VA_ARGS__ };                                       \
		expect(g, want_, ARRAY_LEN(want_), waits);                                         \
	} while (0)
#define NOTHING(g) expect(g, NULL, 0, 0)

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
