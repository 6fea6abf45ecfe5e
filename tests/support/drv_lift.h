/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_lift.h - driver model and lifting against each other, the same on every architecture: events are played by the driver into a hardware
 * trace, that is lifted, and the lifted events are compared with the first ones; and captured runs are imported, lifted and played again. A
 * test says how a unit is made, which driver options a row has, and how the architecture is called.
 */
#ifndef TESTS_DRV_LIFT_H
#define TESTS_DRV_LIFT_H

#include <check.h>
#include "run_suite.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fake_plat.h"
#include "import/imp_qemu.h"
#include "import/lift.h"
#include "software/drv.h"

enum { A = 0x20, B = 0x1234 };
#define AT(r, p, d, ty) { .kind = TRC_ATTACH, .at = TRC_NO_TIME, .u.sw = { .rid = r, .pasid = p, .dom = d, .type = ty } }
#define DE(r, p, d) { .kind = TRC_DETACH, .at = TRC_NO_TIME, .u.sw = { .rid = r, .pasid = p, .dom = d } }
#define MA(d, v, p, n, pe)                                                                         \
	{ .kind = TRC_MAP, .at = TRC_NO_TIME, .u.sw = { .pasid = TRC_NO_PASID, .dom = d, .iova = v, .pa = p, .size = n, .perm = pe } }
#define UN(d, v, n) { .kind = TRC_UNMAP, .at = TRC_NO_TIME, .u.sw = { .pasid = TRC_NO_PASID, .dom = d, .iova = v, .size = n } }
#define NONE TRC_NO_PASID
#define RW (XL_R | XL_W)
#define EVENTS(r) #r, r, ARRAY_LEN(r)

struct events {
	const char *name;
	const struct trc_rec *r;
	size_t n;
};

/* What a test is about. unit() adds a unit to the platform. */
struct lift_case {
	const char *arch;
	void (*unit)(struct plat *p);
};

static char lift_dir[] = "/tmp/test_lift.XXXXXX", hard[64], soft[64];

static struct lift_sum lift(const char *arch)
{
	struct err e = { 0 };
	struct trc_reader *t = trc_open(hard, &e);
	struct trc_writer *w = trc_create(soft, TRC_BINARY, &e);
	struct lift_sum s;

	ck_assert_msg(t && w, "%s", e.msg);
	ck_assert_msg(lift_run_as(t, w, arch, &s, &e) && trc_finish(w, &e), "%s", e.msg);
	trc_close(t);
	return s;
}

/* The driver plays the events into `hard`. */
static void drive(const struct lift_case *c, const struct drv_cfg *dc, struct fake_trace *in)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct err e = { 0 };
	struct plat *p = plat_create(&pc, &(struct plat_hooks){ 0 }, &e);
	struct trc_writer *out = trc_create(hard, TRC_BINARY, &e);
	struct trc_rec r;
	int got;

	ck_assert(p && out);
	c->unit(p);
	struct drv *d = drv_create(dc, p, fake_next_rec, in, &e);

	ck_assert_msg(d != NULL, "%s", e.msg);
	while ((got = drv_next(d, &r, &e)) > 0)
		ck_assert_msg(trc_put(out, &r, &e), "%s", e.msg);
	ck_assert_msg(!got && trc_finish(out, &e), "%s", e.msg);
	drv_destroy(d);
	plat_destroy(p);
}

static void same(const struct events *v, size_t k, const struct trc_rec *r, const struct trc_rec *x, const char *type)
{
	ck_assert_msg(r->kind == x->kind, "%s, record %zu: %s, not %s", v->name, k, trc_kind_name[r->kind], trc_kind_name[x->kind]);
	if (r->kind == TRC_DMA) {
		ck_assert_uint_eq(r->u.dma.iova, x->u.dma.iova);
		return;
	}
	ck_assert_msg(r->u.sw.dom == x->u.sw.dom && (r->kind > TRC_DETACH || (r->u.sw.rid == x->u.sw.rid && r->u.sw.pasid == x->u.sw.pasid)),
		      "%s, record %zu: dom %u, rid %x", v->name, k, r->u.sw.dom, r->u.sw.rid);
	if (r->kind == TRC_ATTACH)
		ck_assert_str_eq(r->u.sw.type, *x->u.sw.type ? x->u.sw.type : type);
	if (r->kind == TRC_MAP || r->kind == TRC_UNMAP)
		ck_assert_msg(r->u.sw.iova == x->u.sw.iova && r->u.sw.size == x->u.sw.size && r->u.sw.pa == x->u.sw.pa && r->u.sw.perm == x->u.sw.perm,
			      "%s, record %zu: 0x%" PRIx64 " + 0x%" PRIx64 " -> 0x%" PRIx64 " %u", v->name, k, r->u.sw.iova, r->u.sw.size, r->u.sw.pa,
			      r->u.sw.perm);
}

/* A DMA behind every event: there is where its effect has to be. `type`: what an attach without one becomes. */
static void come_back(const struct lift_case *c, const struct events *v, const struct drv_cfg *dc, const char *type)
{
	struct trc_rec in[64], r;
	struct err e = { 0 };
	struct trc_reader *t;
	size_t k = 0, flushes = 0, unmaps = 0;
	int got;

	ck_assert_uint_le(2 * v->n, ARRAY_LEN(in));
	for (size_t i = 0; i < v->n; i++) {
		in[2 * i] = v->r[i];
		in[2 * i + 1] = (struct trc_rec)REC_DMA('r', i, 4);
		unmaps += v->r[i].kind == TRC_UNMAP;
	}
	struct fake_trace f = { .rec = in, .n = 2 * v->n };

	drive(c, dc, &f);
	lift(c->arch);
	t = trc_open(soft, &e);
	ck_assert_msg(t != NULL, "%s", e.msg);
	while ((got = trc_next(t, &r, &e)) > 0) {
		if (r.kind == TRC_FLUSH) {
			flushes++;
			continue;
		}
		ck_assert_uint_lt(k, 2 * v->n);
		same(v, k, &r, &in[k], type);
		k++;
	}
	ck_assert_msg(!got, "%s", e.msg);
	ck_assert_uint_eq(k, 2 * v->n);
	ck_assert_uint_ge(flushes, unmaps);
	trc_close(t);
}

static int read_trace(void *t, struct trc_rec *r, struct err *e)
{
	return trc_next(t, r, e);
}

/* A capture becomes the hardware trace `hard`. */
static void import(const char *base)
{
	struct err e = { 0 };
	struct imp_sum is;
	char log[300], name[300];

	snprintf(log, sizeof(log), "%s.log.zst", base);
	snprintf(name, sizeof(name), "%s.snap1.idx", base);
	struct image *im = image_load(name, &e);
	struct trc_writer *w = trc_create(hard, TRC_BINARY, &e);

	ck_assert_msg(im && w, "%s", e.msg);
	ck_assert_msg(imp_qemu(&(struct imp_qemu_in){ log, name, im }, w, &is, &e) && trc_finish(w, &e), "%s", e.msg);
	image_free(im);
}

/* A captured run: imported, lifted, driven onto the unit. The number of DMAs, all of which had the result captured. */
static uint64_t play(const struct lift_case *c, const char *base, const struct drv_cfg *dc)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct err e = { 0 };

	import(base);
	struct lift_sum ls = lift(NULL); /* the registers say what it is */
	struct plat *p = plat_create(&pc, &(struct plat_hooks){ 0 }, &e);
	struct trc_reader *t = trc_open(soft, &e);

	ck_assert_msg(p && t, "%s", e.msg);
	ck_assert_uint_gt(ls.out[TRC_MAP], 0);
	c->unit(p);
	struct drv *d = drv_create(dc, p, read_trace, t, &e);

	ck_assert_msg(d && plat_run(p, drv_next, d, true, &e), "%s: %s", base, e.msg);
	ck_assert_uint_eq(plat_verified(p)->disagree, 0);
	ck_assert_uint_eq(plat_verified(p)->not_compared, 0);
	ck_assert_uint_eq(plat_verified(p)->agree, ls.in[TRC_DMA]);
	ck_assert_uint_gt(ls.in[TRC_DMA], 0);
	drv_destroy(d);
	plat_destroy(p);
	trc_close(t);
	return ls.in[TRC_DMA];
}

/* The architecture's small capture of tests/data/import, and those in the directory IOMMUSIM_CAPTURES if that is set. */
static void each_capture(const struct lift_case *c, void (*fn)(const char *base, void *arg), void *arg)
{
	const char *cap = getenv("IOMMUSIM_CAPTURES");
	size_t n = strlen(c->arch);
	char base[280];
	struct dirent *de;
	DIR *o;

	snprintf(base, sizeof(base), "tests/data/import/%s-edu", c->arch);
	fn(base, arg);
	if (!cap || !(o = opendir(cap)))
		return;
	while ((de = readdir(o))) {
		char *dot = strstr(de->d_name, ".log.zst");

		if (!dot || strncmp(de->d_name, c->arch, n) || de->d_name[n] != '-')
			continue;
		snprintf(base, sizeof(base), "%s/%.*s", cap, (int)(dot - de->d_name), de->d_name);
		fn(base, arg);
	}
	closedir(o);
}

/* Runs the tests of `t` with the two files at hand: the status of main(). */
static int lift_main(const char *name, TCase *t)
{
	Suite *s = suite_create(name);
	int bad;

	if (!mkdtemp(lift_dir))
		return 1;
	snprintf(hard, sizeof(hard), "%s/hard.iotb", lift_dir);
	snprintf(soft, sizeof(soft), "%s/soft.iotb", lift_dir);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	bad = run_suite(s);
	unlink(hard);
	unlink(soft);
	rmdir(lift_dir);
	return bad != 0;
}

#endif
