/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vd_guests.c - design scenarios with guests, run on a VT-d unit with nested translation and a real translation cache, not on a
 * checker: VD-02 who flushes the device TLB for a guest, VD-04 a time-out names a requester that two guests share, VD-05 an error reported
 * with the host's requester-id. The hypervisor is a few lines here: it reads a guest's descriptors, puts host ids into them, queues them,
 * and tells the guest. A guest gives a page away when its wait is done. Manifest: the device still reads the page afterwards.
 */
#include <check.h>
#include <string.h>
#include "core/base/bits.h"
#include "pcie/dev.h"
#include "vtd_tables.h"

#define US(n) ((uint64_t)(n) * 1000000)
#define X UINT64_C(0x5000)
#define GPA_X UINT64_C(0x45000)
#define SPA_X UINT64_C(0x300005000)
enum { FSTS = 0x34, FSTS_ITE = 0x40, IQERCD = 0xb0, IQT = 0x88, PASID_B = VT_PASID + 1, OTHER = 0x0500, GUEST_DID = 7, RING = 4 };
/* Which host ids a guest's ids are; what it is told. */
struct guest {
	struct { uint16_t vrid, prid; } dev[2];
	uint32_t pasid;
	uint64_t ring[RING][2];
	unsigned n;
	bool done, failed; /* its wait was answered; its time-out bit is set */
	uint32_t record; /* and names this requester */
	bool blocked[2];
};
struct world {
	struct vt v;
	struct dev_cfg cfg;
	struct dev *d; /* VT_SID; OTHER answers at once */
	uint32_t mute; /* invalidate requests for this PASID are lost; UINT32_MAX: none */
	bool mute_all;
	unsigned ok, refused;
	uint64_t spa;
	uint64_t leaf;
};

static void on_done(void *arg, const struct dev_dma *q, const struct xl_res *r)
{
	struct world *w = arg;

	(void)q;
	*(r->ok ? &w->ok : &w->refused) += 1;
	w->spa = r->ok ? r->spa : 0;
}

static void on_inv(void *arg, const struct ats_inv *q)
{
	struct world *w = arg;

	if (q->rid == OTHER)
		w->v.u->ops->ats_cpl(w->v.u, q->rid, UINT32_C(1) << q->itag, 1);
	else if (q->rid == VT_SID && !w->mute_all && q->pasid != w->mute)
		dev_ats_inv(w->d, q);
}

static void short_timeout(struct vtd_cfg *c)
{
	c->inv_timeout_ps = US(60);
	c->iqercd_sid = true;
}

static void world_init(struct world *w)
{
	struct vt_opt o = { .mode = VT_NESTED, .caches = 64, .tweak = short_timeout };
	uint64_t pe[3];
	struct err e = { 0 };

	memset(w, 0, sizeof(*w));
	vt_init(&w->v, &o);
	w->mute = UINT32_MAX;
	w->v.u->env.arg = w;
	w->v.u->env.ats_inv = on_inv;
	vt_pasid_words(&w->v, pe, VT_DID);
	vt_add_pasid(&w->v, PASID_B, pe);
	vt_map(&w->v, X, GPA_X, SPA_X, 1, 1, true);
	w->leaf = vt_fs_at(&w->v, X, 1);
	cfg_defaults(dev_opts, &w->cfg);
	w->cfg.rid = VT_SID;
	w->cfg.retire = DEV_RETIRE_ANY;
	w->cfg.atc.cache.entries = 32;
	w->d = dev_create(&w->cfg, w->v.u, on_done, w, &e);
	ck_assert_msg(w->d != NULL, "%s", e.msg);
}

static void world_fini(struct world *w)
{
	w->v.u->ops->destroy(w->v.u);
	dev_destroy(w->d);
	mem_port_fini(&w->v.port);
	mem_destroy(w->v.m);
	sim_kernel_destroy(w->v.k);
}

/* The device reads X. Returns: it got through to the page that was X's. */
static bool reads_x(struct world *w, uint32_t pasid)
{
	w->spa = 0;
	dev_submit(w->d, &(struct dev_dma){ .iova = X, .len = 64, .dir = 'r', .has_pasid = true, .pasid = pasid });
	sim_run_until(w->v.k, sim_now(w->v.k) + US(20));
	return w->spa == SPA_X;
}

/* ---- guests ---- */

static void g_put(struct guest *g, uint64_t w0, uint64_t w1)
{
	ck_assert_uint_lt(g->n, RING);
	g->ring[g->n][0] = w0;
	g->ring[g->n++][1] = w1;
}

/* PASID-based IOTLB invalidation of the page, with the domain id that the guest uses. */
static void g_iotlb(struct guest *g)
{
	g_put(g, 0x36 | (uint64_t)GUEST_DID << 16 | (uint64_t)g->pasid << 32, X);
}

static void g_devtlb(struct guest *g, unsigned dev)
{
	g_put(g, 8 | (uint64_t)g->dev[dev].vrid << 16 | (uint64_t)g->pasid << 32, X);
}

/* ---- the hypervisor ---- */

struct hyp {
	bool adds_devtlb; /* queues the device-TLB invalidations itself, for every device of the guest */
	bool forwards_devtlb; /* queues those that the guest has queued */
	bool host_rid; /* wrong: gives the host's record to the guest as it is */
	bool first_only; /* wrong: of guests that share a requester, tells the first one */
};

static void h_put(struct world *w, uint64_t w0, uint64_t w1)
{
	struct vt *v = &w->v;

	for (unsigned i = 0; i < 4; i++)
		vt_put(v, v->iq + v->iq_tail + 8 * i, i == 0 ? w0 : i == 1 ? w1 : 0);
	v->iq_tail += v->iq_step;
}

static uint32_t map_rid(const struct guest *g, uint32_t vrid)
{
	for (unsigned i = 0; i < 2; i++)
		if (g->dev[i].prid && g->dev[i].vrid == vrid)
			return g->dev[i].prid;
	return 0;
}

static void h_forward(struct world *w, const struct hyp *h, const struct guest *g)
{
	for (unsigned i = 0; i < g->n; i++) {
		uint64_t w0 = g->ring[i][0], w1 = g->ring[i][1];
		uint32_t prid;

		if ((w0 & 15) == 6) {
			h_put(w, bits_put(w0, 31, 16, VT_DID), w1);
			for (unsigned d = 0; h->adds_devtlb && d < 2; d++)
				if (g->dev[d].prid)
					h_put(w, 8 | (uint64_t)g->dev[d].prid << 16 | (uint64_t)g->pasid << 32, w1);
			continue;
		}
		prid = map_rid(g, (uint32_t)bits_get(w0, 31, 16));
		if (h->forwards_devtlb && prid)
			h_put(w, bits_put(w0, 31, 16, prid), w1);
	}
}

/* A time-out: which guests own the requester, and what do they learn? */
static void h_report(const struct hyp *h, struct guest *const *g, unsigned n, uint32_t prid)
{
	for (unsigned i = 0; i < n; i++) {
		for (unsigned d = 0; d < 2; d++) {
			if (g[i]->dev[d].prid != prid || g[i]->failed)
				continue;
			g[i]->failed = true;
			g[i]->record = h->host_rid ? prid : g[i]->dev[d].vrid;
			if (h->first_only)
				return;
		}
	}
}

/* One batch of the guests, one wait for all; @g are done, or told. Returns: the host's record, 0: none. */
static uint32_t h_run(struct world *w, const struct hyp *h, struct guest *const *g, unsigned n)
{
	uint32_t prid = 0;

	for (unsigned i = 0; i < n; i++)
		h_forward(w, h, g[i]);
	h_put(w, 0x25 | (uint64_t)++w->v.wait_no << 32, w->v.status);
	vt_wr(&w->v, IQT, 4, w->v.iq_tail);
	for (unsigned us = 0; us < 200 && !vt_waited(&w->v) && !(vt_rd(&w->v, FSTS, 4) & FSTS_ITE); us++)
		sim_run_until(w->v.k, sim_now(w->v.k) + US(1));
	if (!vt_waited(&w->v)) {
		ck_assert(vt_rd(&w->v, FSTS, 4) & FSTS_ITE);
		prid = (uint32_t)bits_get(vt_rd(&w->v, IQERCD, 8), 47, 32);
		vt_wr(&w->v, FSTS, 4, FSTS_ITE);
		h_report(h, g, n, prid);
	}
	for (unsigned i = 0; i < n; i++) {
		bool owner = g[i]->dev[0].prid == prid || g[i]->dev[1].prid == prid;

		if (prid && !owner) /* its wait was aborted with the others */
			ck_assert_uint_eq(h_run(w, h, &g[i], 1), 0);
		g[i]->done = !g[i]->failed;
		g[i]->n = 0;
	}
	return prid;
}

/* ---- VD-02 ---- */

/* The guest takes CM = 1 for "the host flushes devices, too" and queues no device-TLB invalidation of its own. */
START_TEST(vd02_who_flushes_the_device_tlb)
{
	static const struct {
		struct hyp h;
		bool guest_flushes, stale;
	} row[] = {
		{ { .adds_devtlb = false }, false, true }, /* neither does */
		{ { .adds_devtlb = true }, false, false }, /* hidden: the host does */
		{ { .forwards_devtlb = true }, false, true }, /* forwarded: the guest should, and does not */
		{ { .forwards_devtlb = true }, true, false },
	};
	struct guest g = { .dev = { { 0x0100, VT_SID } }, .pasid = VT_PASID }, *const all[] = { &g };
	struct world w;

	world_init(&w);
	ck_assert(reads_x(&w, VT_PASID));
	vt_put(&w.v, w.leaf, 0); /* G:PTE_CLR X */
	g_iotlb(&g);
	if (row[_i].guest_flushes)
		g_devtlb(&g, 0);
	ck_assert_uint_eq(h_run(&w, &row[_i].h, all, 1), 0);
	ck_assert(g.done); /* G:DONE; G:PAGE_FREE X */
	ck_assert(reads_x(&w, VT_PASID) == row[_i].stale);
	ck_assert_uint_eq(dev_inv_stats(w.d)->lines_dropped, !row[_i].stale);
	world_fini(&w);
}
END_TEST

/* ---- VD-04 ---- */

/*
 * One function, a PASID of guest A and one of guest B. B's interface does not answer. The record names the function. Told to A alone, B
 * takes its wait for done and gives X away. Told to both, neither does. One flush a wait: A is done, B is told.
 */
START_TEST(vd04_a_shared_requester_times_out)
{
	struct guest a = { .dev = { { 0x0100, VT_SID } }, .pasid = VT_PASID }, b = { .dev = { { 0x0200, VT_SID } }, .pasid = PASID_B };
	struct guest *const both[] = { &a, &b }, *const only_a[] = { &a }, *const only_b[] = { &b };
	struct hyp h = { .adds_devtlb = true, .first_only = _i == 0 };
	struct world w;

	world_init(&w);
	w.mute = PASID_B;
	ck_assert(reads_x(&w, VT_PASID));
	ck_assert(reads_x(&w, PASID_B));
	vt_put(&w.v, w.leaf, 0); /* the tables are the same here */
	g_iotlb(&a);
	g_iotlb(&b);
	if (_i < 2) {
		ck_assert_uint_eq(h_run(&w, &h, both, 2), VT_SID);
		ck_assert(a.failed && a.record == 0x0100);
	} else {
		ck_assert_uint_eq(h_run(&w, &h, only_a, 1), 0);
		ck_assert_uint_eq(h_run(&w, &h, only_b, 1), VT_SID);
		ck_assert(a.done && !a.failed);
	}
	ck_assert(b.done == (_i == 0));
	ck_assert(b.failed == (_i != 0));
	ck_assert(!reads_x(&w, VT_PASID));
	ck_assert(reads_x(&w, PASID_B)); /* manifest if B has given it away: */
	ck_assert_msg(!(b.done && _i), "B gave X away while its interface reads it");
	/* blocking the function is known to stop both */
	vt_edit(&w.v, w.v.ctx, 0, 1);
	vt_inv(&w.v, 0x31 | (uint64_t)VT_SID << 32, 0);
	sim_run_until(w.v.k, sim_now(w.v.k) + US(20));
	ck_assert(vt_waited(&w.v));
	ck_assert(!reads_x(&w, PASID_B));
	world_fini(&w);
}
END_TEST

/* ---- VD-05 ---- */

static void guest_blocks(struct world *w, struct guest *g, uint32_t vrid)
{
	for (unsigned d = 0; d < 2; d++) {
		if (!g->dev[d].prid || g->dev[d].vrid != vrid || g->blocked[d])
			continue;
		g->blocked[d] = true;
		if (g->dev[d].prid == VT_SID) { /* through the hypervisor: context entry, context cache */
			vt_edit(&w->v, w->v.ctx, 0, 1);
			vt_inv(&w->v, 0x31 | (uint64_t)VT_SID << 32, 0);
			sim_run_until(w->v.k, sim_now(w->v.k) + US(20));
		}
	}
}

/*
 * The guest's 01:00.0 is the host's VT_SID and silent; the guest also has a device whose number is that of VT_SID, which is the host's
 * OTHER and answers. The guest blocks whom the record names, and takes a second report about a device that it has blocked for old news.
 */
START_TEST(vd05_the_record_in_guest_terms)
{
	struct guest g = { .dev = { { 0x0100, VT_SID }, { VT_SID, OTHER } }, .pasid = VT_PASID }, *const all[] = { &g };
	struct hyp h = { .forwards_devtlb = true, .host_rid = _i == 0 };
	struct world w;

	world_init(&w);
	w.mute_all = true;
	ck_assert(reads_x(&w, VT_PASID));
	vt_put(&w.v, w.leaf, 0);
	g_iotlb(&g);
	g_devtlb(&g, 0);
	g_devtlb(&g, 1);
	ck_assert_uint_eq(h_run(&w, &h, all, 1), VT_SID);
	ck_assert(g.failed);
	ck_assert_uint_eq(g.record, _i ? 0x0100 : VT_SID);
	guest_blocks(&w, &g, g.record);
	ck_assert(g.blocked[_i ? 0 : 1]); /* the innocent one, with the host's number */
	if (!g.blocked[0]) { /* what is left once more: the same report, old news */
		g.failed = false;
		g_devtlb(&g, 0);
		ck_assert_uint_eq(h_run(&w, &h, all, 1), VT_SID);
		ck_assert_uint_eq(g.record, VT_SID);
		ck_assert(g.blocked[1]);
	}
	/* the guest gives X away */
	ck_assert(reads_x(&w, VT_PASID) == (_i == 0));
	world_fini(&w);
}
END_TEST

/* A requester that no guest has: the error stays with the host, and what the guest wanted is queued again. */
START_TEST(vd05_no_entry_no_report)
{
	struct guest g = { .dev = { { 0x0100, OTHER } }, .pasid = VT_PASID }, *const all[] = { &g };
	struct hyp h = { .forwards_devtlb = true };
	struct world w;

	world_init(&w);
	w.mute_all = true;
	h_put(&w, 8 | (uint64_t)VT_SID << 16 | (uint64_t)VT_PASID << 32, X); /* the host's own, of a device it keeps */
	g_iotlb(&g);
	g_devtlb(&g, 0);
	ck_assert_uint_eq(h_run(&w, &h, all, 1), VT_SID);
	ck_assert(!g.failed && g.done);
	ck_assert_uint_eq(g.record, 0);
	world_fini(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vd_guests");
	TCase *t = tcase_create("vd_guests");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, vd02_who_flushes_the_device_tlb, 0, 4);
	tcase_add_loop_test(t, vd04_a_shared_requester_times_out, 0, 3);
	tcase_add_loop_test(t, vd05_the_record_in_guest_terms, 0, 2);
	tcase_add_test(t, vd05_no_entry_no_report);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
