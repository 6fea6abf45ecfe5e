/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_rig.h - a driver above a unit that only has the registers which say what it can: its records are applied to memory, and what it
 * wrote into the command queue is decoded, all of it in one list in order. A test defines RID, MAX_EV and RIG_OWN (members of its own),
 * includes this header, and defines the functions declared below.
 */
#ifndef IOMMUSIM_DRV_RIG_H
#define IOMMUSIM_DRV_RIG_H
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "fake_plat.h"
#include "software/drv.h"

struct ev {
	char kind; /* 's', 'm', 'c', 'k': store outside the queue, register, command (its first words), other record */
	uint64_t a, b;
};
struct rig {
	RIG_OWN
	struct plat_cfg pc;
	struct plat *p;
	struct drv_cfg c;
	struct drv *d;
	struct fake_trace t;
	struct iommu_ops ops;
	struct err e;
	struct ev ev[MAX_EV];
	unsigned n;
	int rc;
};

static void take(struct rig *g, const struct trc_rec *r); /* a record of the driver's: apply it, list it */
static bool is_wait(uint64_t w0); /* of a command */

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

static inline void store(const struct rig *g, const struct trc_rec *r)
{
	ck_assert_uint_eq(r->u.store.bytes, 8);
	ck_assert_int_eq(mem_write_part(plat_mem(g->p), r->u.store.pa, 8, r->u.store.val), MEM_OK);
}

/* A unit of @arch whose registers are what @read says; the default driver. */
static inline struct rig *rig_new(const char *arch, uint64_t (*read)(struct iommu *u, uint32_t off, unsigned bytes))
{
	struct rig *g = calloc(1, sizeof(*g));

	ck_assert_ptr_nonnull(g);
	g->pc = fake_plat_cfg();
	g->p = plat_create(&g->pc, &(struct plat_hooks){ 0 }, &g->e);
	ck_assert_ptr_nonnull(g->p);
	struct fake_unit *f = fake_create(plat_kernel(g->p), plat_mem(g->p), plat_port(g->p));
	g->ops = fake_ops;
	g->ops.arch = arch;
	g->ops.mmio_read = read;
	f->u.ops = &g->ops;
	ck_assert(plat_add_unit(g->p, &f->u, &g->e));
	cfg_defaults(drv_opts, &g->c);
	return g;
}

/* The list begins anew; a second call goes on with the same driver. */
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
#define UNMAPREC(v, n) SW(TRC_UNMAP, .iova = v, .size = n)
#define DEVREC(ev) { .kind = TRC_DEVICE, .at = TRC_NO_TIME, .u.dev = { RID, ev } }

/* How often the register at @off was written. */
static inline unsigned writes_of(const struct rig *g, uint64_t off)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->n; i++)
		n += g->ev[i].kind == 'm' && g->ev[i].a == off;
	return n;
}

/* The commands but those that wait, against rows of two words; and how many of those. */
static inline void expect_commands(const struct rig *g, const uint64_t (*want)[2], unsigned n, unsigned waits)
{
	unsigned k = 0, s = 0;

	ck_assert_msg(g->rc == 0, "%s", g->e.msg);
	for (unsigned i = 0; i < g->n; i++) {
		const struct ev *v = &g->ev[i];

		if (v->kind != 'c')
			continue;
		if (is_wait(v->a)) {
			s++;
			continue;
		}
		ck_assert_msg(k < n && v->a == want[k][0] && v->b == want[k][1], "command %u of %u: %016" PRIx64 " %016" PRIx64, k, n, v->a,
			      v->b);
		k++;
	}
	ck_assert_uint_eq(k, n);
	ck_assert_uint_eq(s, waits);
}
#define COMMANDS(g, waits, ...)                                                                                                \
	do {                                                                                                                   \
		const uint64_t want_[][2] = { __VA_ARGS__ };                                                                   \
		expect_commands(g, want_, ARRAY_LEN(want_), waits);                                                            \
	} while (0)
#define NO_COMMANDS(g) expect_commands(g, NULL, 0, 0)
#endif
