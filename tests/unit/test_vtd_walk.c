/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VT-d walk against closed forms: memory references, page sizes, permissions, accessed and dirty bits, walk caches; and against
 * itself in zero time over random tables. Times are not tested here.
 */
#include <check.h>
#include <stdlib.h>
#include "core/base/rng.h"
#include "vtd_tables.h"

#define IOVA UINT64_C(0x2345678000)
#define GPA UINT64_C(0x1766554000)
#define SPA UINT64_C(0x15555000)
#define B(n) (UINT64_C(1) << (n))
#define CONFIG_LEGACY 2 /* root, context */
#define CONFIG_SCALABLE 4 /* root, context, directory, PASID entry */

static struct xl_req req_of(const struct vt *v, uint64_t iova, unsigned acc)
{
	return v->o.mode < VT_SS ? vt_req(iova, acc) : vt_preq(iova, acc);
}

/* ---- memory references ---- */

static const struct {
	enum vt_mode mode;
	unsigned fs, ss, reads;
} forms[] = {
	{ VT_LEGACY, 0, 3, CONFIG_LEGACY + 3 }, { VT_LEGACY, 0, 4, CONFIG_LEGACY + 4 }, { VT_LEGACY, 0, 5, CONFIG_LEGACY + 5 },
	{ VT_SS, 0, 3, CONFIG_SCALABLE + 3 }, { VT_SS, 0, 4, CONFIG_SCALABLE + 4 }, { VT_SS, 0, 5, CONFIG_SCALABLE + 5 },
	{ VT_FS, 4, 0, CONFIG_SCALABLE + 4 }, { VT_FS, 5, 0, CONFIG_SCALABLE + 5 },
	{ VT_NESTED, 4, 3, CONFIG_SCALABLE + 19 }, { VT_NESTED, 4, 4, CONFIG_SCALABLE + 24 }, { VT_NESTED, 4, 5, CONFIG_SCALABLE + 29 },
	{ VT_NESTED, 5, 3, CONFIG_SCALABLE + 23 }, { VT_NESTED, 5, 4, CONFIG_SCALABLE + 29 }, { VT_NESTED, 5, 5, CONFIG_SCALABLE + 35 },
	{ VT_PT, 0, 0, CONFIG_SCALABLE },
};

static void count_step(void *arg, const struct xl *x)
{
	(void)x;
	++*(unsigned *)arg;
}

START_TEST(cold_reads)
{
	struct vt_opt o = { .mode = forms[_i].mode, .fs_levels = forms[_i].fs, .ss_levels = forms[_i].ss };
	uint64_t iova = o.mode == VT_PT ? SPA : IOVA;
	unsigned steps = 0;
	struct xl_res r;
	struct xl_req q;
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, IOVA, GPA, SPA, 1, 1, true);
	q = req_of(&v, iova, XL_R);
	for (int twice = 0; twice < 2; twice++) /* nothing is cached */
		ck_assert_uint_eq(vt_reads(&v, &q), forms[_i].reads);
	ck_assert_uint_eq(v.x.res.spa, SPA);
	ck_assert_uint_eq(v.u->st.walk_updates, 0);
	iommu_walk_now(v.u, &q, &r, count_step, &steps);
	ck_assert_uint_eq(steps, forms[_i].reads);
	vt_fini(&v);
}
END_TEST

/* ---- page sizes ---- */

START_TEST(superpages)
{
	static const enum vt_mode modes[] = { VT_LEGACY, VT_SS, VT_FS, VT_NESTED };
	enum vt_mode mode = modes[_i / 9];
	unsigned fl = 1 + _i % 3, sl = 1 + _i / 3 % 3, fs = 12 + 9 * (fl - 1), ss = 12 + 9 * (sl - 1);
	unsigned own = mode == VT_FS ? fs : ss, size = mode != VT_NESTED ? own : fs < ss ? fs : ss;
	uint64_t base = UINT64_C(7) << 30, gpa = UINT64_C(9) << 30, spa = UINT64_C(11) << 30;
	struct vt_opt o = { .mode = mode, .caches = 64 };
	struct rng g;
	struct vt v;

	rng_seed(&g, 5 + (unsigned)_i);
	vt_init(&v, &o);
	vt_map(&v, base, gpa, spa, fl, sl, true);
	for (int n = 0; n < 40; n++) {
		uint64_t off = rng_next(&g) & (B(size) - 1) & ~UINT64_C(63);
		struct xl_req q = req_of(&v, base + off, n & 1 ? XL_W : XL_R);
		struct xl_res r = vt_run(&v, &q);

		ck_assert_msg(r.ok, "code 0x%x", r.code);
		ck_assert_uint_eq(r.spa, spa + off);
		ck_assert_uint_eq(r.size_lg2, size);
		ck_assert_uint_eq(vt_now(&v, &q).spa, spa + off);
	}
	ck_assert_uint_eq(v.u->st.walks, 1); /* one entry serves the whole page */
	vt_fini(&v);
}
END_TEST

/* ---- accessed and dirty ---- */

START_TEST(fs_accessed_dirty)
{
	struct vt_opt o = { .mode = VT_FS, .caches = 16, .pe_set = { 0, 0, _i ? B(7) : 0 } };
	uint64_t ea = _i ? VT_FS_EA : 0, e[5];
	struct xl_req q = vt_preq(IOVA, XL_R);
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, IOVA, 0, SPA, 1, 1, true);
	for (unsigned l = 1; l <= 4; l++) {
		e[l] = vt_fs_at(&v, IOVA, l);
		vt_edit(&v, e[l], 0, VT_FS_A | VT_FS_D);
	}
	ck_assert(vt_now(&v, &q).ok);
	ck_assert(!(vt_get(&v, e[1]) & (VT_FS_A | VT_FS_D | VT_FS_EA))); /* zero time updates nothing */
	ck_assert(vt_run(&v, &q).ok);
	ck_assert_uint_eq(v.u->st.walk_updates, 4);
	for (unsigned l = 1; l <= 4; l++)
		ck_assert_uint_eq(vt_get(&v, e[l]) & (VT_FS_A | VT_FS_D | VT_FS_EA), VT_FS_A | ea);
	ck_assert(vt_run(&v, &q).ok && v.u->st.walk_updates == 4); /* a hit */
	q.acc = XL_W; /* the read-filled entry must not serve a write before D is set */
	ck_assert(vt_run(&v, &q).ok);
	ck_assert_uint_eq(v.u->st.walk_updates, 5);
	ck_assert(vt_get(&v, e[1]) & VT_FS_D);
	for (unsigned l = 2; l <= 4; l++)
		ck_assert(!(vt_get(&v, e[l]) & VT_FS_D));
	ck_assert(vt_run(&v, &q).ok && v.u->st.walk_updates == 5 && v.u->st.walks == 2);
	vt_fini(&v);
}
END_TEST

START_TEST(ss_accessed_dirty)
{
	struct vt_opt o = { .mode = VT_SS, .caches = 16, .pe_set = { _i ? B(9) : 0 } };
	struct xl_req q = vt_preq(IOVA, XL_R);
	uint64_t e[5];
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, IOVA, 0, SPA, 1, 1, true);
	for (unsigned l = 1; l <= 4; l++) {
		e[l] = vt_ss_at(&v, IOVA, l);
		vt_edit(&v, e[l], 0, VT_SS_A | VT_SS_D);
	}
	ck_assert(vt_run(&v, &q).ok);
	for (unsigned l = 1; l <= 4; l++)
		ck_assert_uint_eq(vt_get(&v, e[l]) & (VT_SS_A | VT_SS_D), _i ? VT_SS_A : 0);
	q.acc = XL_W;
	ck_assert(vt_run(&v, &q).ok);
	ck_assert_uint_eq(vt_get(&v, e[1]) & VT_SS_D, _i ? VT_SS_D : 0);
	ck_assert_uint_eq(v.u->st.walk_updates, _i ? 5 : 0);
	ck_assert(!((vt_get(&v, e[2]) | vt_get(&v, e[3]) | vt_get(&v, e[4])) & VT_SS_D));
	vt_fini(&v);
}
END_TEST

/* Nested, SSADE: D in the second stage on the page of an entry that is updated, and on a page written; never for a mere read. */
START_TEST(nested_dirty)
{
	struct vt_opt o = { .mode = VT_NESTED, .pe_set = { B(9) }, .caches = _i ? 32 : 0 };
	struct xl_req q = vt_preq(IOVA, XL_R);
	uint64_t leaf, tab[5], data;
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, IOVA, GPA, SPA, 1, 1, true);
	leaf = vt_fs_at(&v, IOVA, 1);
	data = vt_ss_at(&v, GPA, 1);
	vt_edit(&v, data, 0, VT_SS_D);
	for (unsigned l = 1; l <= 4; l++) {
		tab[l] = vt_ss_at(&v, (vt_fs_at(&v, IOVA, l) & ~UINT64_C(0xfff)) + VT_GPA, 1);
		vt_edit(&v, tab[l], 0, VT_SS_D | VT_SS_A);
	}
	ck_assert(vt_run(&v, &q).ok);
	for (unsigned l = 1; l <= 4; l++)
		ck_assert_uint_eq(vt_get(&v, tab[l]) & (VT_SS_A | VT_SS_D), VT_SS_A);
	vt_edit(&v, leaf, 0, VT_FS_D);
	vt_inv(&v, vt_d_piotlb(2, VT_DID, VT_PASID), 0);
	sim_run(v.k);
	ck_assert(vt_run(&v, &q).ok && !(vt_get(&v, tab[1]) & VT_SS_D));
	q.acc = XL_W;
	ck_assert(vt_run(&v, &q).ok);
	ck_assert(vt_get(&v, leaf) & VT_FS_D);
	ck_assert(vt_get(&v, tab[1]) & VT_SS_D);
	ck_assert(vt_get(&v, data) & VT_SS_D);
	for (unsigned l = 2; l <= 4; l++)
		ck_assert(!(vt_get(&v, tab[l]) & VT_SS_D));
	vt_fini(&v);
}
END_TEST

/* No update needed, no write permission needed. */
START_TEST(nested_read_only_tables)
{
	struct vt_opt o = { .mode = VT_NESTED };
	struct xl_req q = vt_preq(IOVA, XL_W);
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, IOVA, GPA, SPA, 1, 1, true);
	for (unsigned l = 1; l <= 4; l++)
		vt_edit(&v, vt_ss_at(&v, (vt_fs_at(&v, IOVA, l) & ~UINT64_C(0xfff)) + VT_GPA, 1), 0, VT_SS_W);
	ck_assert(vt_run(&v, &q).ok);
	vt_edit(&v, vt_fs_at(&v, IOVA, 1), 0, VT_FS_D);
	ck_assert_uint_eq(vt_run(&v, &q).code, 0x77);
	q.acc = XL_R;
	ck_assert(vt_run(&v, &q).ok);
	vt_fini(&v);
}
END_TEST

START_TEST(zero_length_read)
{
	bool zlr = _i;
	struct vt_opt o = { .mode = VT_LEGACY, .cap_clr = zlr ? 0 : B(22), .cap_set = zlr ? B(22) : 0 };
	struct xl_req q = vt_req(IOVA, XL_R);
	struct vt v;

	vt_init(&v, &o);
	vt_ss_map(&v, IOVA, SPA, 1, VT_SS_W);
	q.len = 0;
	ck_assert_uint_eq(vt_run(&v, &q).ok, zlr);
	ck_assert_uint_eq(vt_now(&v, &q).ok, zlr);
	q.len = 64;
	ck_assert_uint_eq(vt_run(&v, &q).code, 0x06);
	vt_fini(&v);
}
END_TEST

START_TEST(permissions)
{
	struct vt_opt o = { .mode = VT_NESTED, .pe_set = { B(5) } };
	struct xl_req q = vt_preq(IOVA, XL_R);
	struct vt v;

	vt_init(&v, &o);
	for (unsigned bits = 0; bits < 8; bits++) {
		bool fw = bits & 1, sw = bits & 2, sx = bits & 4;

		vt_fs_map(&v, IOVA, GPA, 1, VT_FS_P | VT_FS_U | VT_FS_A | VT_FS_D | (fw ? VT_FS_W : 0));
		vt_ss_map(&v, GPA, SPA, 1, VT_SS_R | VT_SS_A | VT_SS_D | (sw ? VT_SS_W : 0) | (sx ? VT_SS_X : 0));
		q.acc = XL_R;
		ck_assert_uint_eq(vt_run(&v, &q).perm, XL_R | (fw && sw ? XL_W : 0) | (sx ? XL_X : 0));
		q.acc = XL_W;
		ck_assert_uint_eq(vt_run(&v, &q).ok, fw && sw);
		q.acc = XL_R | XL_X;
		ck_assert_uint_eq(vt_run(&v, &q).ok, sx);
	}
	vt_fini(&v);
}
END_TEST

/* ---- walk caches: reads of a second walk for a neighbour at distance 2^lg2 ---- */

static const struct {
	enum vt_mode mode;
	unsigned lg2, reads, psc, nested;
} warm[] = {
	{ VT_LEGACY, 12, 1, 32, 0 }, { VT_LEGACY, 21, 2, 32, 0 }, { VT_LEGACY, 30, 3, 32, 0 }, { VT_SS, 12, 1, 32, 0 },
	{ VT_FS, 12, 1, 32, 0 }, { VT_FS, 21, 2, 32, 0 }, { VT_FS, 30, 3, 32, 0 }, { VT_FS, 39, 4, 32, 0 },
	{ VT_NESTED, 12, 2, 32, 0 }, /* the first-stage leaf, and the last second-stage entry of the page */
	{ VT_NESTED, 12, 8, 0, 32 }, /* four first-stage entries, and a whole second-stage walk for a page not seen yet */
	{ VT_NESTED, 12, 2, 32, 32 },
	{ VT_NESTED, 12, 24, 0, 0 },
};

START_TEST(warm_reads)
{
	struct vt_opt o = { .mode = warm[_i].mode, .psc = warm[_i].psc, .nested = warm[_i].nested };
	uint64_t far = B(warm[_i].lg2), config = o.mode == VT_LEGACY ? CONFIG_LEGACY : CONFIG_SCALABLE;
	struct xl_req q;
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, IOVA, GPA, SPA, 1, 1, true);
	vt_map(&v, IOVA + far, GPA + 0x1000, SPA + 0x8000, 1, 1, true);
	q = req_of(&v, IOVA, XL_R);
	(void)vt_reads(&v, &q);
	q.iova += far;
	ck_assert_uint_eq(vt_reads(&v, &q) - config, warm[_i].reads);
	ck_assert_uint_eq(v.x.res.spa, SPA + 0x8000);
	vt_fini(&v);
}
END_TEST

/* With everything cached only the leaf is read again; with the nested cache and the same page, only the first stage. */
START_TEST(warm_same_page)
{
	struct vt_opt o = { .mode = VT_NESTED, .psc = 32, .nested = 32 };
	struct xl_req q = vt_preq(IOVA, XL_R);
	struct vt v;

	vt_init(&v, &o);
	vt_map(&v, IOVA, GPA, SPA, 1, 1, true);
	(void)vt_reads(&v, &q);
	ck_assert_uint_eq(vt_reads(&v, &q), CONFIG_SCALABLE + 1);
	vt_fini(&v);
}
END_TEST

/* ---- timed with small caches == zero time, over random tables ---- */

static void random_tables(struct vt *v, struct rng *g, uint64_t *iova, unsigned n)
{
	static const uint64_t prefix[] = { 0x2000000000, 0x2040000000, 0x3000000000 };

	for (unsigned i = 0; i < n; i++) {
		unsigned fl = 1 + (rng_below(g, 6) == 0), sl = 1 + (rng_below(g, 6) == 0);
		uint64_t slot = i * 0x200000, mask = fl == 2 || sl == 2 ? 0x1fffff : 0xfff, off = rng_below(g, 512) << 12;

		iova[i] = (prefix[rng_below(g, 3)] + slot) | (mask == 0xfff ? off : 0);
		vt_map(v, iova[i], (0x1000000000 + slot) | (mask == 0xfff ? off : 0), 0x80000000 + slot * 2 + (mask == 0xfff ? off : 0), fl, sl,
		       rng_below(g, 4) != 0);
		if (v->o.mode == VT_NESTED && fl == 2)
			for (unsigned p = 0; sl == 1 && p < 4; p++) /* part of a large first-stage page */
				vt_ss_map(v, 0x1000000000 + slot + p * 0x1000, 0x90000000 + slot + p * 0x3000, 1, VT_SS_R | VT_SS_W);
		if (rng_below(g, 8) == 0 && v->o.mode != VT_FS)
			vt_edit(v, vt_ss_at(v, v->o.mode == VT_NESTED ? 0x1000000000 + slot + (mask == 0xfff ? off : 0) : iova[i], sl), 0, VT_SS_R | VT_SS_W);
		if (rng_below(g, 8) == 0 && v->o.mode >= VT_FS)
			vt_edit(v, vt_fs_at(v, iova[i], fl), 0, rng_below(g, 2) ? VT_FS_P : VT_FS_A | VT_FS_D);
	}
}

static void check_sums(struct vt *v)
{
	struct stat_reg s = { 0 };

	ck_assert_uint_eq(v->u->st.hits + v->u->st.misses, v->u->st.requests);
	ck_assert(v->u->ops->stats(v->u, &s));
	for (size_t i = 0; i < s.n; i++)
		if (s.node[i].defs == xc_stat_defs) {
			const struct xc_stats *c = s.node[i].base;

			ck_assert_msg(c->hits + c->misses == c->lookups, "%s", s.node[i].path);
		}
	stat_fini(&s);
}

START_TEST(timed_equals_zero_time)
{
	static const enum vt_mode modes[] = { VT_LEGACY, VT_SS, VT_FS, VT_NESTED };
	struct vt_opt o = { .mode = modes[_i % 4], .caches = 1 + (unsigned)_i % 5, .ss_levels = 4 + (unsigned)_i % 2,
			    .fs_levels = 4 + (unsigned)_i / 4 % 2,
			    .pe_set = { _i & 8 ? B(9) : 0, 0, _i & 16 ? B(7) : 0 } };
	uint64_t iova[24];
	struct rng g;
	struct vt v;

	rng_seed(&g, 1000 + (unsigned)_i);
	vt_init(&v, &o);
	random_tables(&v, &g, iova, ARRAY_LEN(iova));
	for (int n = 0; n < 600; n++) {
		static const uint8_t accs[] = { XL_R, XL_W, XL_R | XL_W | XL_ATOMIC, XL_R | XL_X, XL_R | XL_PRIV, XL_W | XL_PRIV };
		struct xl_req q = req_of(&v, iova[rng_below(&g, ARRAY_LEN(iova))] + (rng_below(&g, 5) << 12), accs[rng_below(&g, ARRAY_LEN(accs))]);
		struct xl_res now, r;

		q.len = rng_below(&g, 10) ? 64 : 0;
		now = vt_now(&v, &q);
		r = vt_run(&v, &q);
		ck_assert_msg(r.ok == now.ok && r.code == now.code, "request %d for %llx: %d 0x%x, zero time %d 0x%x", n, (unsigned long long)q.iova,
			      r.ok, r.code, now.ok, now.code);
		if (r.ok)
			ck_assert_msg(r.spa == now.spa && r.size_lg2 == now.size_lg2 && (r.perm & ~XL_W) == (now.perm & ~XL_W) &&
				      r.memtype == now.memtype && r.snoop == now.snoop, "request %d: %llx for %llx", n, (unsigned long long)r.spa, (unsigned long long)now.spa);
	}
	check_sums(&v);
	vt_fini(&v);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vtd_walk");
	TCase *t = tcase_create("walk");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, cold_reads, 0, (int)ARRAY_LEN(forms));
	tcase_add_loop_test(t, superpages, 0, 36);
	tcase_add_loop_test(t, fs_accessed_dirty, 0, 2);
	tcase_add_loop_test(t, ss_accessed_dirty, 0, 2);
	tcase_add_loop_test(t, nested_dirty, 0, 2);
	tcase_add_test(t, nested_read_only_tables);
	tcase_add_loop_test(t, zero_length_read, 0, 2);
	tcase_add_test(t, permissions);
	tcase_add_loop_test(t, warm_reads, 0, (int)ARRAY_LEN(warm));
	tcase_add_test(t, warm_same_page);
	tcase_add_loop_test(t, timed_equals_zero_time, 0, 40);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
