/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_atc_amdvi.c - what an AMD-Vi unit's translation completions tell a device with a translation cache: U = 1 in a host table entry (the
 * page is reachable, but by untranslated requests only), and a device table entry that does not permit ATS. Entries are encoded by
 * amdvi_tables.h.
 */
#include "amdvi_tables.h"
#include "pcie/dev.h"

#define SPA UINT64_C(0x7654000)
#define U_BIT AT_B(59)
struct world {
	struct at t;
	struct at_dev a;
	struct dev_cfg cfg;
	struct dev *d;
	unsigned ok, done;
	uint64_t spa;
};

static void on_done(void *arg, const struct dev_dma *q, const struct xl_res *r)
{
	struct world *w = arg;

	(void)q;
	w->done++;
	w->ok += r->ok;
	w->spa = r->spa;
}

static void open_world(struct world *w)
{
	struct at_opt o = { .caches = 16 };
	struct err e = { 0 };

	memset(w, 0, sizeof(*w));
	at_open(&w->t, &o);
	at_host_dev(&w->t, &w->a, AT_DEV, AT_DOM, 4);
	w->a.dte[1] |= AT_I;
	at_put_dte(&w->t, &w->a);
	cfg_defaults(dev_opts, &w->cfg);
	w->cfg.rid = AT_DEV;
	w->cfg.atc.cache.entries = 16;
	w->d = dev_create(&w->cfg, w->t.r->u, on_done, w, &e);
	must(w->d != NULL, "%s", e.msg);
}

static void close_world(struct world *w)
{
	sim_run(w->t.r->k);
	dev_destroy(w->d);
	at_close(&w->t);
}

static void dma(struct world *w)
{
	unsigned was = w->done;

	dev_submit(w->d, &(struct dev_dma){ .iova = 0x5000, .len = 64, .dir = 'r' });
	sim_run(w->t.r->k);
	ck_assert_uint_eq(w->done, was + 1);
}

START_TEST(pages_for_untranslated_requests_only)
{
	struct xl_req q;
	struct world w;

	open_world(&w);
	at_h_map(&w.t, &w.a.h, 0x5000, SPA, 1, AT_RW | (_i ? U_BIT : 0));
	q = at_req(AT_DEV, 0x5000, XL_R);
	q.at = XL_TRANSLATION_REQ;
	for (unsigned i = 0; i < 3; i++) {
		struct xl_res r = i == 2 ? at_now(&w.t, &q) : at_run(&w.t, &q); /* walked, from the IOTLB, in zero time */

		ck_assert(r.ok && (r.perm & XL_R));
		ck_assert((r.perm & ATC_PERM_U) == (_i ? ATC_PERM_U : 0));
	}
	q.at = XL_UNTRANSLATED;
	ck_assert_uint_eq(at_run(&w.t, &q).perm & ATC_PERM_U, 0);
	dma(&w);
	dma(&w);
	ck_assert_uint_eq(w.ok, 2);
	ck_assert_uint_eq(w.spa, SPA);
	ck_assert_uint_eq(dev_atc_stats(w.d)->untranslated, _i ? 2 : 0);
	ck_assert_uint_eq(dev_atc_stats(w.d)->hits, _i ? 0 : 1);
	ck_assert_uint_eq(dev_atc_lines(w.d), _i ? 0 : 1);
	close_world(&w);
}
END_TEST

/* I = 0: Unsupported Request; the device gives up its cache and goes on with untranslated requests. */
START_TEST(ats_not_permitted)
{
	struct world w;

	open_world(&w);
	w.a.dte[1] &= ~AT_I;
	at_put_dte(&w.t, &w.a);
	at_h_map(&w.t, &w.a.h, 0x5000, SPA, 1, AT_RW);
	dma(&w);
	dma(&w);
	ck_assert_uint_eq(w.ok, 2);
	ck_assert_uint_eq(w.spa, SPA);
	ck_assert_uint_eq(dev_atc_stats(w.d)->ur, 1);
	ck_assert_uint_eq(dev_atc_stats(w.d)->bypassed, 2);
	ck_assert_uint_eq(dev_atc_lines(w.d), 0);
	close_world(&w);
}
END_TEST

int main(void)
{
	const TTest *const one[] = { ats_not_permitted };

	return rig_suite("atc_amdvi", pages_for_untranslated_requests_only, 2, one, ARRAY_LEN(one));
}
