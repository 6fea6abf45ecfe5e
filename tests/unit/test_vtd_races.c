/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invalidations against walks in flight, through the queue as software does it: store, descriptor, wait, tail. The rule tested at every
 * step of a walk: once the wait has completed, no request uses the old translation, and none that uses it is still in flight.
 */
#include <check.h>
#include <stdlib.h>
#include "vtd_tables.h"

#define IOVA UINT64_C(0x2345600000)
#define GPA UINT64_C(0x1766600000)
#define OLD UINT64_C(0x40000000)
#define NEW UINT64_C(0x60000000)
#define B(n) (UINT64_C(1) << (n))

struct race;
struct flight {
	struct xl x;
	struct sim_event retire;
	struct race *r;
	bool started, done, retired;
};
enum { FLIGHTS = 24, DMA_PS = 150000 };
struct race {
	struct vt v;
	struct flight f[FLIGHTS];
	unsigned n;
	bool completed; /* the wait */
};

static bool is_old(const struct xl *x)
{
	return x->res.ok && (x->res.spa & ~UINT64_C(0x1fffff)) == OLD;
}

static void retire(struct sim_event *e)
{
	struct flight *f = container_of(e, struct flight, retire);

	f->retired = true;
	iommu_retire(f->r->v.u, &f->x);
}

static void answered(struct xl *x)
{
	struct flight *f = container_of(x, struct flight, x);

	f->done = true;
	ck_assert_msg(!f->r->completed || !is_old(x), "answered with the old address after the wait");
	/* later ones use their answer longer: whoever waits for the first only would be found out */
	sim_at(f->r->v.k, sim_now(f->r->v.k) + DMA_PS * (1 + (f - f->r->f) % 4), &f->retire);
}

static void send(struct race *r, struct xl_req q)
{
	struct flight *f = &r->f[r->n++];

	f->r = r;
	f->started = true;
	f->x.req = q;
	f->x.done = answered;
	sim_event_init(&f->retire, retire);
	iommu_translate(r->v.u, &f->x);
}

/* One event; notices the completion of the wait. */
static bool step(struct race *r)
{
	bool more = sim_run_one(r->v.k);

	if (r->v.wait_no && !r->completed && vt_waited(&r->v)) {
		r->completed = true;
		for (unsigned i = 0; i < r->n; i++)
			ck_assert_msg(!r->f[i].done || r->f[i].retired || !is_old(&r->f[i].x), "request %u still uses the old address", i);
	}
	return more;
}

struct kind {
	const char *name;
	enum vt_mode mode;
	bool ss_change; /* the second-stage leaf changes, else the first-stage one */
	unsigned leaf; /* 2: a 2 MiB page, invalidated through another 4 KiB of it */
	uint64_t qw0;
	unsigned am;
	bool ih;
	bool upper; /* an upper entry changes to a new table; a walk may go on in the old one */
};
#define DOM (2 | 2 << 4 | 0xc0 | VT_DID << 16)
#define PAGE (2 | 3 << 4 | 0xc0 | VT_DID << 16)
#define PASID (6 | 2 << 4 | VT_DID << 16 | (uint64_t)VT_PASID << 32)
#define PPAGE (6 | 3 << 4 | VT_DID << 16 | (uint64_t)VT_PASID << 32)
static const struct kind kinds[] = {
	{ "legacy, domain", VT_LEGACY, true, 1, DOM, 0, false, false },
	{ "legacy, page", VT_LEGACY, true, 1, PAGE, 0, false, false },
	{ "legacy, page, IH", VT_LEGACY, true, 1, PAGE, 0, true, false },
	{ "legacy, 2 MiB", VT_LEGACY, true, 2, PAGE, 0, true, false },
	{ "legacy, global", VT_LEGACY, true, 1, 2 | 1 << 4 | 0xc0, 0, false, false },
	{ "second stage, page", VT_SS, true, 1, PAGE, 0, true, false },
	{ "second stage, 2 MiB", VT_SS, true, 2, PAGE, 0, false, false },
	{ "first stage, PASID", VT_FS, false, 1, PASID, 0, false, false },
	{ "first stage, page", VT_FS, false, 1, PPAGE, 0, true, false },
	{ "first stage, 2 MiB", VT_FS, false, 2, PPAGE, 0, true, false },
	{ "first stage, 0x2 page of any address", VT_FS, false, 1, PAGE, 0, true, false },
	{ "nested, first stage, page", VT_NESTED, false, 1, PPAGE, 0, true, false },
	{ "nested, first stage, 2 MiB", VT_NESTED, false, 2, PPAGE, 0, false, false },
	{ "nested, second stage, page", VT_NESTED, true, 1, PAGE, 0, true, false },
	{ "nested, second stage, 2 MiB", VT_NESTED, true, 2, PAGE, 0, true, false },
	{ "nested, second stage, domain", VT_NESTED, true, 1, DOM, 0, false, false },
	{ "legacy, upper", VT_LEGACY, true, 1, PAGE, 0, false, true },
	{ "second stage, upper", VT_SS, true, 1, DOM, 0, false, true },
	{ "second stage, 2 MiB, upper", VT_SS, true, 2, PAGE, 0, false, true },
	{ "first stage, upper", VT_FS, false, 1, PPAGE, 0, false, true },
	{ "first stage, 2 MiB, upper", VT_FS, false, 2, PPAGE, 0, false, true },
	{ "nested, first stage, upper", VT_NESTED, false, 1, PPAGE, 0, false, true },
	{ "nested, first stage, 2 MiB, upper", VT_NESTED, false, 2, PPAGE, 0, false, true },
	{ "nested, second stage, upper", VT_NESTED, true, 1, PAGE, 0, false, true },
};

static void build(struct race *r, const struct kind *k)
{
	struct vt *v = &r->v;
	struct vt_opt o = { .mode = k->mode, .caches = 32 };

	vt_init(v, &o);
	vt_map(v, IOVA, GPA, OLD, k->leaf, k->leaf, true);
	if (k->mode == VT_NESTED && !k->ss_change) /* what the changed first-stage entry leads to */
		vt_ss_map(v, GPA + B(21), NEW, k->leaf, VT_SS_R | VT_SS_W);
}

static void change(struct race *r, const struct kind *k)
{
	struct vt *v = &r->v;
	uint64_t gpa = k->mode == VT_NESTED ? GPA : IOVA, addr;

	if (k->upper) /* the level that the first-stage tables do not share */
		vt_put(v, k->ss_change ? vt_ss_at(v, gpa, k->mode == VT_NESTED ? 3 : 4) : vt_fs_at(v, IOVA, 4), 0);
	if (k->ss_change)
		vt_ss_map(v, gpa, NEW, k->leaf, VT_SS_R | VT_SS_W);
	else
		vt_fs_map(v, IOVA, k->mode == VT_NESTED ? GPA + B(21) : NEW, k->leaf, VT_FS_P | VT_FS_W | VT_FS_U | VT_FS_A | VT_FS_D);
	addr = (k->ss_change ? gpa : (k->qw0 & 15) == 6 ? IOVA : 0x7000) + (k->leaf == 2 ? 0x5000 : 0);
	vt_inv(v, k->qw0, (k->qw0 >> 4 & 3) == 3 ? addr | k->am | (k->ih ? 64 : 0) : 0);
}

static struct xl_req request(const struct kind *k)
{
	return k->mode < VT_SS ? vt_req(IOVA + 0x80, XL_R) : vt_preq(IOVA + 0x80, XL_R);
}

/* Returns: false once the request was over before the invalidation came. */
static bool race_at(const struct kind *k, unsigned at, bool ignore)
{
	struct race r = { .n = 0 };
	struct xl_res res;
	struct xl_req q = request(k);
	bool over;

	build(&r, k);
	r.v.cfg.ignore_invalidations = ignore;
	send(&r, q);
	for (unsigned i = 0; i < at; i++)
		(void)step(&r);
	over = r.f[0].retired;
	change(&r, k);
	for (unsigned i = 0; step(&r); i++)
		if (!ignore && r.n < FLIGHTS && i % 2 == 0)
			send(&r, q);
	ck_assert_msg(vt_waited(&r.v), "%s: the wait did not complete", k->name);
	res = vt_run(&r.v, &q);
	ck_assert(res.ok);
	if (ignore)
		ck_assert_msg(res.spa == OLD + 0x80, "%s: dropped in spite of the negative control", k->name);
	else
		ck_assert_msg(res.spa == NEW + 0x80, "%s, step %u: stale after the wait", k->name, at);
	q.iova += k->leaf == 2 ? 0x9000 : 0;
	if (!ignore)
		ck_assert_msg(vt_run(&r.v, &q).spa - (q.iova & 0x1fffff) == NEW, "%s, step %u: stale elsewhere in the page", k->name, at);
	ck_assert_uint_eq(r.v.u->st.hits + r.v.u->st.misses, r.v.u->st.requests);
	vt_fini(&r.v);
	return !over;
}

START_TEST(every_step)
{
	unsigned at = 0;

	while (race_at(&kinds[_i], at, false))
		at++;
	ck_assert_uint_gt(at, 4);
}
END_TEST

START_TEST(negative_control)
{
	(void)race_at(&kinds[_i], 1000, true);
}
END_TEST

/* The wait completes no earlier than the DMA that uses the dropped entry. */
START_TEST(drains_before_completion)
{
	const struct kind *k = &kinds[5];
	struct race r = { .n = 0 };

	build(&r, k);
	send(&r, request(k));
	while (!r.f[0].done)
		ck_assert(step(&r));
	change(&r, k);
	while (!r.completed) {
		ck_assert(step(&r));
		ck_assert(!r.completed || r.f[0].retired);
	}
	ck_assert(sim_now(r.v.k) >= DMA_PS);
	vt_fini(&r.v);
}
END_TEST

/* A walk overtaken by the invalidation of another page of the same large page is used but not cached, and nobody joins it. */
START_TEST(overtaken_fills_nothing)
{
	const struct kind *k = &kinds[6];
	struct race r = { .n = 0 };
	struct xl_req q = request(k);
	uint64_t walks;

	build(&r, k);
	send(&r, q);
	for (int i = 0; i < 5; i++)
		(void)step(&r);
	vt_inv(&r.v, PAGE, (IOVA + 0x5000));
	sim_run(r.v.k);
	ck_assert(r.f[0].retired && is_old(&r.f[0].x));
	walks = r.v.u->st.walks;
	(void)vt_run(&r.v, &q);
	ck_assert_uint_eq(r.v.u->st.walks, walks + 1);
	vt_fini(&r.v);
}
END_TEST

/* The entries that a walk in progress came by are invalidated: what it finds is used, and not cached. */
START_TEST(configuration_overtakes)
{
	static const uint64_t cmd[] = { 1 | 1 << 4 /* context cache, global */, 7 | 3 << 4 /* PASID cache, global */ };
	const struct kind *k = &kinds[5];
	struct race r = { .n = 0 };
	struct xl_req q = request(k);
	uint64_t walks;

	build(&r, k);
	send(&r, q);
	while (r.f[0].x.state != XL_WALK)
		ck_assert(step(&r));
	vt_inv(&r.v, cmd[_i], 0);
	sim_run(r.v.k);
	ck_assert(r.f[0].retired && is_old(&r.f[0].x));
	ck_assert_uint_eq(r.v.u->st.overtaken, 1);
	walks = r.v.u->st.walks;
	(void)vt_run(&r.v, &q);
	ck_assert_uint_eq(r.v.u->st.walks, walks + 1);
	vt_fini(&r.v);
}
END_TEST

/* ---- what a command spares ---- */

struct two {
	struct vt v;
	struct xl_req ss, fs, other, ss_far;
};

/* SS-only under DID, FS under DID (another PASID; software must not do so, hardware keeps them apart), FS under DID + 1. */
static void two_init(struct two *t)
{
	struct vt_opt o = { .mode = VT_SS, .caches = 32 };
	uint64_t pe[3];

	vt_init(&t->v, &o);
	vt_map(&t->v, IOVA, 0, OLD, 1, 1, true);
	vt_map(&t->v, IOVA + 0x100000, 0, OLD + 0x1000, 1, 1, true);
	t->ss = vt_preq(IOVA, XL_R);
	t->ss_far = vt_preq(IOVA + 0x100000, XL_R);
	t->v.o.mode = VT_FS;
	vt_map(&t->v, IOVA, 0, NEW, 1, 1, true);
	vt_pasid_words(&t->v, pe, VT_DID);
	vt_add_pasid(&t->v, 8, pe);
	vt_pasid_words(&t->v, pe, VT_DID + 1);
	vt_add_pasid(&t->v, 9, pe);
	t->fs = t->other = t->ss;
	t->fs.pasid = 8;
	t->other.pasid = 9;
	ck_assert(vt_run(&t->v, &t->ss).ok && vt_run(&t->v, &t->ss_far).ok && vt_run(&t->v, &t->fs).ok && vt_run(&t->v, &t->other).ok);
}

static bool cached(struct two *t, const struct xl_req *q)
{
	uint64_t w = t->v.u->st.walks;

	ck_assert(vt_run(&t->v, q).ok);
	return t->v.u->st.walks == w;
}

static const struct {
	uint64_t qw0, qw1;
	bool ss, ss_far, fs, other; /* still cached */
} spares[] = {
	{ PAGE, IOVA, false, true, false, true }, /* every first-stage entry of the DID, at any address */
	{ PAGE, 0x7000 | 64, true, true, false, true },
	{ DOM, 0, false, false, false, true },
	{ 2 | 1 << 4 | 0xc0, 0, false, false, false, false },
	{ 6 | 2 << 4 | VT_DID << 16 | 8ull << 32, 0, true, true, false, true },
	{ 6 | 2 << 4 | VT_DID << 16 | 9ull << 32, 0, true, true, true, true }, /* the DID of PASID 9 is another */
	{ PASID, 0, true, true, true, true }, /* SS-only entries have no PASID */
	{ 6 | 3 << 4 | VT_DID << 16 | 8ull << 32, IOVA, true, true, false, true },
	{ 6 | 3 << 4 | VT_DID << 16 | 8ull << 32, IOVA + 0x1000, true, true, true, true },
	{ 6 | 3 << 4 | (VT_DID + 1) << 16 | 9ull << 32, (IOVA + 0x1000) | 1, true, true, true, false },
};

START_TEST(spared)
{
	struct two t;

	two_init(&t);
	ck_assert(cached(&t, &t.ss) && cached(&t, &t.ss_far) && cached(&t, &t.fs) && cached(&t, &t.other));
	vt_inv(&t.v, spares[_i].qw0, spares[_i].qw1);
	sim_run(t.v.k);
	ck_assert(vt_waited(&t.v));
	ck_assert_int_eq(cached(&t, &t.ss), spares[_i].ss);
	ck_assert_int_eq(cached(&t, &t.ss_far), spares[_i].ss_far);
	ck_assert_int_eq(cached(&t, &t.fs), spares[_i].fs);
	ck_assert_int_eq(cached(&t, &t.other), spares[_i].other);
	vt_fini(&t.v);
}
END_TEST

/* A DID wider than the unit's is cut to its width everywhere: a PASID-cache invalidation finds the entry. */
START_TEST(did_above_width)
{
	struct vt_opt o = { .mode = VT_SS, .caches = 32, .cap_clr = 7, .cap_set = 2 };
	struct xl_req q = vt_preq(IOVA, XL_R);
	uint64_t pe[3];
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, IOVA, 0, OLD, 1, 1, true);
	vt_pasid_words(&v, pe, 0x121);
	vt_add_pasid(&v, VT_PASID, pe);
	ck_assert(vt_run(&v, &q).ok);
	vt_edit(&v, vt_pasid_entry(&v, VT_PASID), 0, 1);
	vt_inv(&v, 7 | 1 << 4 | 0x121 << 16 | (uint64_t)VT_PASID << 32, 0);
	sim_run(v.k);
	ck_assert_uint_eq(vt_run(&v, &q).code, 0x59);
	vt_fini(&v);
}
END_TEST

/* ---- merging ---- */

START_TEST(merge_one_walk)
{
	struct race r = { .n = 0 };
	struct xl_req q = request(&kinds[1]);

	build(&r, &kinds[1]);
	send(&r, q);
	q.iova += 0x100;
	send(&r, q);
	sim_run(r.v.k);
	ck_assert_uint_eq(r.v.u->st.walks, 1);
	ck_assert_uint_eq(r.v.u->st.merged, 1);
	ck_assert_uint_eq(r.f[1].x.res.spa, OLD + 0x180);
	vt_fini(&r.v);
}
END_TEST

/* A zero-length read needs no permission, so nobody who does may take its answer. */
START_TEST(merge_zero_length)
{
	struct race r = { .n = 0 };
	struct xl_req q = request(&kinds[1]), z = q;

	build(&r, &kinds[1]);
	vt_edit(&r.v, vt_ss_at(&r.v, IOVA, 1), 0, VT_SS_R);
	z.len = 0;
	send(&r, z);
	send(&r, q);
	sim_run(r.v.k);
	ck_assert(!r.f[1].x.res.ok);
	ck_assert_uint_eq(r.f[1].x.res.code, 0x06);
	vt_fini(&r.v);
}
END_TEST

/* A write does not join a read's walk; a refused walk gives every requester its own record, and is not cached. */
START_TEST(merge_not)
{
	struct race r = { .n = 0 };
	struct xl_req q = request(&kinds[1]), w = q;
	uint64_t rec[2];

	build(&r, &kinds[1]);
	w.acc = XL_W;
	vt_edit(&r.v, vt_ss_at(&r.v, IOVA, 1), 0, VT_SS_W);
	send(&r, q);
	send(&r, w);
	send(&r, w);
	sim_run(r.v.k);
	ck_assert(r.f[0].x.res.ok && !r.f[1].x.res.ok && !r.f[2].x.res.ok);
	ck_assert(vt_frcd(&r.v, 0, rec) && vt_frcd(&r.v, 1, rec));
	ck_assert_uint_eq(r.v.u->st.faults, 2);
	vt_edit(&r.v, vt_ss_at(&r.v, IOVA, 1), VT_SS_W, 0); /* more permission needs no flush: the fault was not cached */
	ck_assert(vt_run(&r.v, &w).ok);
	ck_assert_uint_eq(r.v.u->st.hits + r.v.u->st.misses, r.v.u->st.requests);
	vt_fini(&r.v);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vtd_races");
	TCase *t = tcase_create("races");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_step, 0, (int)ARRAY_LEN(kinds));
	tcase_add_loop_test(t, negative_control, 0, (int)ARRAY_LEN(kinds));
	tcase_add_test(t, drains_before_completion);
	tcase_add_test(t, overtaken_fills_nothing);
	tcase_add_loop_test(t, configuration_overtakes, 0, 2);
	tcase_add_loop_test(t, spared, 0, (int)ARRAY_LEN(spares));
	tcase_add_test(t, did_above_width);
	tcase_add_test(t, merge_one_walk);
	tcase_add_test(t, merge_zero_length);
	tcase_add_test(t, merge_not);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
