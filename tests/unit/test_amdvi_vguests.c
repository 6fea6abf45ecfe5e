/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_amdvi_vguests.c - hardware vIOMMU with 1, 8 and 64 guests: each guest's commands reach its own domain and device only; turns; and
 * what goes wrong when id maps or host invalidations are not as they should be.
 * Every guest names its device 20h and its domain 3. The device translates through guest tables at the same addresses in every guest.
 */
#include "amdvi_vrig.h"

enum { DEV = 0x1000 /* + guest: host device */, DID = 0x400 /* + guest: host domain */, PAGES = 4 };
enum { G_TABLE = 0x100000, G_DATA = 0x200000, G_OTHER = 0x300000 };
#define PTE UINT64_C(0x67)

static void big(struct amdvi_cfg *c)
{
	c->viommu_guests = 64;
	c->iotlb.entries = 4096;
	c->iotlb.ways = 0;
	c->dtc.entries = c->idmap.entries = 512;
}

static void big_all_is_all(struct amdvi_cfg *c)
{
	big(c);
	c->guest_all_is_all = true;
}

static void big_l1(struct amdvi_cfg *c)
{
	big(c);
	c->unit.ports = 2;
	c->l1.entries = 64;
}

/* The device table entry of a device behind guest tables at @gcr3, as domain @did of guest @g. */
static void nested_dte(struct vrig *w, uint32_t rid, unsigned g, uint64_t gcr3, uint16_t did)
{
	rig_dte(w->r, rid, UINT64_C(0x60c0000000000003) | 4 << 9 | w->parent[g] | bits_get(gcr3, 14, 12) << 58,
		did | bits_get(gcr3, 30, 15) << 16 | bits_get(gcr3, 51, 31) << 43, 0, BIT64(15) | 0x20 << 16 | (uint64_t)g << 32);
}

/* Guest tables at guest-physical @at that map pages 1..PAGES to @data. Returns: the GCR3 table. */
static uint64_t guest_tables(struct vrig *w, unsigned g, uint64_t at, uint64_t data)
{
	uint64_t gcr3 = vr_page(w);

	put64(w->r, gcr3, at | 1);
	for (unsigned l = 0; l < 3; l++)
		put64(w->r, vr_gpa(w, g, at + l * 0x1000), (at + (l + 1) * 0x1000) | PTE);
	for (unsigned i = 1; i <= PAGES; i++) {
		put64(w->r, vr_gpa(w, g, at + 0x3000 + i * 8), (data + i * 0x1000) | PTE);
		vr_gpa(w, g, data + i * 0x1000);
		vr_gpa(w, g, G_OTHER + i * 0x1000);
	}
	return gcr3;
}

static void remap(struct vrig *w, unsigned g, unsigned page)
{
	put64(w->r, vr_gpa(w, g, G_TABLE + 0x3000 + page * 8), (G_OTHER + page * 0x1000) | PTE);
}

static struct vrig *guests(unsigned n, void (*set)(struct amdvi_cfg *c), bool trp)
{
	struct vrig *w = vr_new(set, trp, 0);

	for (unsigned g = 0; g < n; g++) {
		vr_guest(w, g);
		nested_dte(w, DEV + g, g, guest_tables(w, g, G_TABLE, G_DATA), (uint16_t)(DID + g));
		vr_map(w, g, VI_DEV, 0x20, (uint16_t)(DEV + g));
		vr_map(w, g, VI_DOM, 3, (uint16_t)(DID + g));
	}
	run_all(w->r);
	return w;
}

static bool dma_done;

static void on_done(struct xl *x)
{
	(void)x;
	dma_done = true;
}

/* A read by @rid. Returns: where it went, 0 if refused. *@hit: answered by the IOTLB. */
static uint64_t dma(struct vrig *w, uint32_t rid, uint64_t iova, bool *hit)
{
	struct xl x = { .req = { .iova = iova, .len = 64, .rid = rid, .acc = XL_R }, .done = on_done };

	dma_done = false;
	iommu_translate(w->r->u, &x);
	while (!dma_done)
		ck_assert(sim_run_one(w->r->k));
	*hit = x.hit;
	iommu_retire(w->r->u, &x);
	return x.res.ok ? x.res.spa : 0;
}

static uint64_t truth(struct vrig *w, uint32_t rid, uint64_t iova)
{
	struct xl_req q = { .iova = iova, .len = 64, .rid = rid, .acc = XL_R };
	struct xl_res r;

	iommu_walk_now(w->r->u, &q, &r, NULL, NULL);
	return r.ok ? r.spa : 0;
}

static void check(struct vrig *w, uint32_t rid, uint64_t iova, uint64_t expect, bool cached)
{
	bool hit;
	uint64_t spa = dma(w, rid, iova, &hit);

	ck_assert_uint_ne(spa, 0);
	ck_assert_uint_eq(spa, expect);
	ck_assert_uint_eq(hit, cached);
}

static void warm(struct vrig *w, unsigned n)
{
	for (unsigned g = 0; g < n; g++) {
		for (unsigned i = 1; i <= PAGES; i++) {
			check(w, DEV + g, i * 0x1000, vr_gpa(w, g, G_DATA + i * 0x1000), false);
			check(w, DEV + g, i * 0x1000, vr_gpa(w, g, G_DATA + i * 0x1000), true);
		}
	}
}

static void ring_and_wait(struct vrig *w, unsigned g, uint64_t data)
{
	vr_put_wait(w, g, data);
	vr_tail(w, g);
	run_all(w->r);
	ck_assert_uint_eq(vr_sem(w, g), data);
	ck_assert_uint_eq(vr_head(w, g), w->tail[g]);
}

static const unsigned counts[] = { 1, 8, 64 };

/* All guests change page 2; one after the other invalidates it. Page 2 of whoever has not yet done so is stale, all else stays cached. */
START_TEST(isolation)
{
	unsigned n = counts[_i / 2];
	struct vrig *w = guests(n, big, _i % 2);

	warm(w, n);
	ck_assert_uint_eq(xc_stats_of(w->v->iotlb)->evictions, 0);
	for (unsigned g = 0; g < n; g++)
		remap(w, g, 2);
	for (unsigned g = 0; g < n; g++) {
		uint64_t was = xc_stats_of(w->v->iotlb)->dropped;

		vr_put(w, g, 0x3000000300000000, 0x2004);
		ring_and_wait(w, g, g + 1);
		ck_assert_uint_eq(xc_stats_of(w->v->iotlb)->dropped - was, 1);
		for (unsigned o = 0; o < n; o++) {
			uint64_t now = truth(w, DEV + o, 0x2000);

			ck_assert_uint_eq(now, vr_gpa(w, o, G_OTHER + 0x2000));
			check(w, DEV + o, 0x2000, o <= g ? now : vr_gpa(w, o, G_DATA + 0x2000), o != g);
			check(w, DEV + o, 0x3000, truth(w, DEV + o, 0x3000), true);
		}
	}
	ck_assert_uint_eq(xc_stats_of(w->v->dtc)->dropped, 0);
	ck_assert_uint_eq(xc_stats_of(w->v->pt.nested)->dropped, 0);
	ck_assert_uint_eq(xc_stats_of(w->v->gcr3)->dropped, 0);
	ck_assert_uint_eq(w->v->st.pages, n);
	ck_assert_uint_eq(n_events(w->r), 0);
	vr_free(w);
}
END_TEST

/* All rings at once: the same, for devices; every wait completes, commands took turns. */
START_TEST(together)
{
	unsigned n = counts[_i];
	struct vrig *w = guests(n, big, true);
	sim_time t;

	warm(w, n);
	for (unsigned g = 0; g < n; g++) {
		remap(w, g, 1);
		vr_put(w, g, P(2, 0x20), 0);
		vr_put(w, g, 0x3000000300000000, 0x1004);
		vr_put_wait(w, g, 100 + g);
	}
	t = sim_now(w->r->k);
	for (unsigned g = 0; g < n; g++)
		vr_tail(w, g);
	run_all(w->r);
	ck_assert(idle(w->r));
	for (unsigned g = 0; g < n; g++) {
		ck_assert_uint_eq(vr_sem(w, g), 100 + g);
		ck_assert_uint_eq(xc_peek(w->v->dtc, DEV + g, 0), XC_MISS);
		check(w, DEV + g, 0x1000, vr_gpa(w, g, G_OTHER + 0x1000), false);
		check(w, DEV + g, 0x3000, vr_gpa(w, g, G_DATA + 0x3000), true);
		ck_assert_uint_eq(w->v->vi->gst[g].commands, 3);
		ck_assert_uint_eq(w->v->vi->gst[g].latency_ps.n, 1);
		ck_assert_uint_le(w->v->vi->gst[g].latency_ps.max, sim_now(w->r->k) - t);
	}
	ck_assert_uint_eq(ST.turns, 3 * n);
	ck_assert_uint_eq(ST.devtab, n);
	ck_assert_uint_eq(ST.latency_ps.n, n);
	if (n == 1)
		ck_assert_uint_eq(ST.turn_wait_ps, 0);
	else
		ck_assert_uint_gt(ST.turn_wait_ps, 0);
	vr_free(w);
}
END_TEST

/* A guest with a long queue does not hold up one with a short queue. */
START_TEST(fair)
{
	struct vrig *w = guests(2, big, true);

	for (unsigned i = 0; i < 100; i++)
		vr_put(w, 0, P(3, UINT64_C(3) << 32), 0x1004);
	vr_put_wait(w, 0, 1);
	vr_put(w, 1, P(3, UINT64_C(3) << 32), 0x1004);
	vr_put_wait(w, 1, 2);
	vr_tail(w, 0);
	run_for(w->r, 2 * US);
	vr_tail(w, 1);
	while (!vr_sem(w, 1))
		ck_assert(sim_run_one(w->r->k));
	ck_assert_uint_eq(vr_sem(w, 0), 0);
	ck_assert_uint_lt(vr_head(w, 0), 50 * 16);
	run_all(w->r);
	ck_assert_uint_eq(vr_sem(w, 0), 1);
	vr_free(w);
}
END_TEST

static unsigned goes;
static const struct vi_turn *went;

static void on_go(struct vi_turn *t)
{
	went = t;
	goes++;
}

START_TEST(order_of_turns)
{
	struct vrig *w = guests(1, big, true);
	struct vi_turn t[4];

	goes = 0;
	for (unsigned i = 0; i < 4; i++) {
		t[i].go = on_go;
		amdvi_turn_take(w->v, &t[i], i == 2);
	}
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(goes, i + 1);
		ck_assert_ptr_eq(went, &t[i]);
		if (i != 2) {
			amdvi_turn_give(w->v);
			continue;
		}
		run_for(w->r, 3999);
		ck_assert_uint_eq(goes, 3);
		run_for(w->r, 1); /* inv.fetch: 4 cycles */
	}
	ck_assert(!w->v->vi->unit_busy);
	vr_free(w);
}
END_TEST

/* A wait holds until DMAs that were in flight at the guest's invalidation are done. */
START_TEST(drain)
{
	static const struct { uint64_t w0, w1; } cmd[] = { { P(3, UINT64_C(3) << 32), 0x1004 }, { P(8, 0), 0 }, { P(2, 0x20), 0 } };

	for (unsigned i = 0; i < ARRAY_LEN(cmd); i++) {
		struct vrig *w = guests(1, big, true);
		struct xl x = { .req = { .iova = 0x1000, .len = 64, .rid = DEV, .acc = XL_R }, .done = on_done };

		iommu_translate(w->r->u, &x);
		run_all(w->r);
		vr_put(w, 0, cmd[i].w0, cmd[i].w1);
		vr_put_wait(w, 0, 1);
		vr_tail(w, 0);
		run_all(w->r);
		ck_assert_uint_eq(vr_sem(w, 0), 0);
		iommu_retire(w->r->u, &x);
		run_all(w->r);
		ck_assert_uint_eq(vr_sem(w, 0), 1);
		vr_free(w);
	}
}
END_TEST

/* Guests with the same queue id and depth 1: each device's queue is its own. */
START_TEST(queue_ids)
{
	struct vrig *w = guests(2, big, true);

	for (unsigned g = 0; g < 2; g++) {
		for (unsigned i = 0; i < 2; i++)
			vr_put(w, g, 0x4000002001000020, 0x1000);
		vr_tail(w, g);
	}
	run_all(w->r);
	ck_assert_uint_eq(w->r->n_inv, 2);
	ck_assert_uint_eq(w->r->inv[0].rid + w->r->inv[1].rid, 2 * DEV + 1);
	vr_free(w);
}
END_TEST

/* What the host's command engine does with the execution unit: guests wait for it, and it for them. */
START_TEST(host_turn)
{
	struct vrig *w = guests(2, big, true);
	struct vi_turn host = { .go = on_go };

	goes = 0;
	amdvi_turn_take(w->v, &host, false);
	ck_assert_uint_eq(goes, 1);
	for (unsigned g = 0; g < 2; g++) {
		vr_put(w, g, P(3, UINT64_C(3) << 32), 0x1004);
		vr_put_wait(w, g, 5);
		vr_tail(w, g);
	}
	run_for(w->r, 50 * US);
	ck_assert_uint_eq(ST.pages, 0);
	amdvi_turn_give(w->v);
	amdvi_turn_take(w->v, &host, true); /* behind the two */
	ck_assert_uint_eq(goes, 1);
	run_all(w->r);
	ck_assert_uint_eq(goes, 2);
	ck_assert_uint_eq(ST.pages, 2);
	ck_assert_uint_eq(vr_sem(w, 0), 5);
	ck_assert_uint_eq(vr_sem(w, 1), 5);
	ck_assert_uint_ge(ST.turn_wait_ps, 2 * 49 * US);
	vr_free(w);
}
END_TEST

/* The host's own buffer takes turns with the guests, and waits for none of their devices. */
START_TEST(beside_host)
{
	struct vrig *w = guests(1, big, true);

	for (unsigned i = 0; i < 50; i++) {
		vr_put(w, 0, P(3, UINT64_C(3) << 32), 0x1004);
		put(w->r, P(3, UINT64_C(9) << 32), 0x1004);
	}
	vr_put(w, 0, P(4, 0x20), 0x1000); /* never answered */
	vr_put_wait(w, 0, 1);
	put_wait(w->r, 2);
	vr_tail(w, 0);
	tail(w->r);
	run_all(w->r);
	ck_assert_uint_eq(ST.turns, 50 + 2 + 50 + 1);
	ck_assert_uint_eq(w->v->st.pages, 100);
	ck_assert_uint_gt(ST.turn_wait_ps, 0);
	ck_assert_uint_eq(mem64(w->r, RIG_SEM), 2);
	ck_assert_uint_eq(vr_sem(w, 0), 0);
	vr_free(w);
}
END_TEST

START_TEST(invalidate_all)
{
	struct vrig *w = guests(3, _i == 2 ? big_l1 : _i ? big_all_is_all : big, true);

	warm(w, 3);
	for (unsigned g = 0; g < 3; g++)
		remap(w, g, 1);
	vr_put(w, 1, P(8, 0), 0);
	ring_and_wait(w, 1, 1);
	for (unsigned g = 0; g < 3; g++) {
		bool mine = _i == 1 || g == 1;

		ck_assert_uint_eq(xc_peek(w->v->dtc, DEV + g, 0) == XC_MISS, mine);
		check(w, DEV + g, 0x1000, vr_gpa(w, g, (mine ? G_OTHER : G_DATA) + 0x1000), !mine);
		check(w, DEV + g, 0x2000, vr_gpa(w, g, G_DATA + 0x2000), !mine);
	}
	ck_assert_uint_eq(ST.all, 1);
	ck_assert_uint_eq(ST.all_ids, _i == 1 ? 0 : 2);
	vr_free(w);
}
END_TEST

/* gDomIDs that nobody mapped lead to the parent's DomainID: the parent's entries go, the guest's nested ones stay. */
START_TEST(prefilled_map)
{
	struct vrig *w = guests(2, big, false);
	bool hit;

	for (unsigned i = 0; i < 512; i++)
		vr_map(w, 0, VI_DOM, (uint16_t)i, i == 3 ? DID : VR_PARENT);
	run_all(w->r);
	ck_assert_uint_eq(ST.map_writes, 4 + 512);
	warm(w, 2);
	for (unsigned g = 0; g < 2; g++)
		dma(w, VR_TRANS + g, G_DATA + 0x1000, &hit);
	vr_put(w, 0, P(3, UINT64_C(9) << 32), 0x7ffffffffffff003);
	ring_and_wait(w, 0, 1);
	check(w, VR_TRANS, G_DATA + 0x1000, vr_gpa(w, 0, G_DATA + 0x1000), false);
	check(w, VR_TRANS + 1, G_DATA + 0x1000, vr_gpa(w, 1, G_DATA + 0x1000), true);
	for (unsigned g = 0; g < 2; g++)
		check(w, DEV + g, 0x1000, vr_gpa(w, g, G_DATA + 0x1000), true);
	ck_assert_uint_eq(n_events(w->r), 0);
	vr_free(w);
}
END_TEST

/* Two guest domains on one host domain: invalidating one drops both; and as both use PASID 0, one gets the other's translations. */
START_TEST(two_on_one)
{
	struct vrig *w = guests(1, big, true);
	uint64_t other = guest_tables(w, 0, G_TABLE + 0x10000, G_DATA + 0x10000);

	nested_dte(w, DEV + 0x40, 0, other, DID);
	vr_map(w, 0, VI_DOM, 4, DID);
	run_all(w->r);
	warm(w, 1);
	check(w, DEV + 0x40, 0x1000, vr_gpa(w, 0, G_DATA + 0x1000), true); /* wrong */
	ck_assert_uint_eq(truth(w, DEV + 0x40, 0x1000), vr_gpa(w, 0, G_DATA + 0x11000));
	vr_put(w, 0, P(3, UINT64_C(4) << 32), 0x7ffffffffffff007);
	ring_and_wait(w, 0, 1);
	check(w, DEV + 0x40, 0x1000, vr_gpa(w, 0, G_DATA + 0x11000), false);
	check(w, DEV, 0x1000, vr_gpa(w, 0, G_DATA + 0x11000), true); /* wrong the other way */
	vr_free(w);
}
END_TEST

/* One host domain for two guests: one guest's device reads the other guest's memory. */
START_TEST(across_guests)
{
	struct vrig *w = guests(2, big, true);

	nested_dte(w, DEV + 1, 1, guest_tables(w, 1, G_TABLE, G_DATA), DID);
	vr_map(w, 1, VI_DOM, 3, DID);
	run_all(w->r);
	check(w, DEV, 0x1000, vr_gpa(w, 0, G_DATA + 0x1000), false);
	check(w, DEV + 1, 0x1000, vr_gpa(w, 0, G_DATA + 0x1000), true); /* of guest 0 */
	ck_assert_uint_eq(truth(w, DEV + 1, 0x1000), vr_gpa(w, 1, G_DATA + 0x1000));
	/* even when it has invalidated the page: the GCR3 entry and the GPA translations of nested walks are the other's as well */
	vr_put(w, 1, P(3, UINT64_C(3) << 32), 0x1004);
	ring_and_wait(w, 1, 1);
	check(w, DEV + 1, 0x1000, vr_gpa(w, 0, G_DATA + 0x1000), false);
	vr_put(w, 1, P(3, UINT64_C(3) << 32), 0x7ffffffffffff007);
	vr_put(w, 1, P(3, UINT64_C(3) << 32), 0x7ffffffffffff003);
	ring_and_wait(w, 1, 2);
	check(w, DEV + 1, 0x1000, vr_gpa(w, 1, G_DATA + 0x1000), false);
	check(w, DEV, 0x1000, vr_gpa(w, 1, G_DATA + 0x1000), true);
	vr_free(w);
}
END_TEST

/* The host unmaps a page of the parent and invalidates the parent's DomainID only: nested entries stay until the guest's domain is, too. */
START_TEST(stage2_unmap)
{
	struct vrig *w = guests(1, big, true);
	uint64_t spa = vr_gpa(w, 0, G_DATA + 0x1000);
	bool hit;

	warm(w, 1);
	vr_unmap(w, w->parent[0], G_DATA + 0x1000);
	put(w->r, P(3, (uint64_t)VR_PARENT << 32), 0x7ffffffffffff003);
	put_wait(w->r, 1);
	tail(w->r);
	run_all(w->r);
	ck_assert_uint_eq(mem64(w->r, RIG_SEM), 1);
	check(w, DEV, 0x1000, spa, true); /* stale */
	ck_assert_uint_eq(truth(w, DEV, 0x1000), 0);
	put(w->r, P(3, (uint64_t)DID << 32), 0x7ffffffffffff003);
	put_wait(w->r, 2);
	tail(w->r);
	run_all(w->r);
	ck_assert_uint_eq(dma(w, DEV, 0x1000, &hit), 0);
	/* a stage-2 fault is the host's */
	ck_assert_uint_eq(n_events(w->r), 1);
	ck_assert_uint_eq(rd32(w->r, VF(0, VF_EVT_TAIL)), 0);
	/* a stage-1 fault is the guest's, with its device id */
	ck_assert_uint_eq(dma(w, DEV, 0x9000, &hit), 0);
	run_all(w->r);
	ck_assert_uint_eq(n_events(w->r), 1);
	ck_assert_uint_eq(rd32(w->r, VF(0, VF_EVT_TAIL)), 0x10);
	ck_assert_uint_eq(vr_log(w, 0, 0, 0), 0x2001000000000020);
	ck_assert_uint_eq(vr_log(w, 0, 0, 1), 0x9000);
	vr_free(w);
}
END_TEST

static void many(struct amdvi_cfg *c)
{
	c->viommu_guests = 300;
}

/* Guests beyond those with statistics of their own; two that share a word of dirty bits. */
START_TEST(many_guests)
{
	static const uint32_t gid[2] = { 1, 0x101 };
	struct vrig *w = vr_new(many, false, 0);
	uint64_t bit, word = vr_ipa(w, vi_dirty_addr(1, &bit)), seen = 0;
	struct stat_reg r = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		vr_ipa(w, vi_private_addr(VI_R_CMD, gid[i], 0));
		wr64(w->r, VFC(gid[i], VC_CMD), VC_CMD_EN | 8);
		for (unsigned c = 0; c < 8; c++)
			put64(w->r, vr_ipa(w, vi_private_addr(VI_R_CMD, gid[i], c * 16)), P(1, 0));
		wr32(w->r, VF(gid[i], VF_CMD_TAIL), 0x10u << i);
	}
	while (!idle(w->r)) {
		ck_assert(sim_run_one(w->r->k));
		seen |= mem64(w->r, word);
	}
	ck_assert_uint_eq(seen, 3);
	run_all(w->r);
	ck_assert_uint_eq(mem64(w->r, word), 0);
	ck_assert_uint_eq(rd32(w->r, VF(gid[1], VF_CMD_HEAD)), 0x20);
	ck_assert_ptr_null(w->v->vi->gst);
	ck_assert(amdvi_viommu_stats(w->v, &r));
	ck_assert_uint_eq(r.n, 2);
	ck_assert_str_eq(r.node[0].path, "amdvi0.viommu");
	stat_fini(&r);
	vr_free(w);
}
END_TEST

/* ---- anything at any time ---- */

enum { CHAOS = 8 };

static void chaos_command(struct vrig *w, struct rng *q, unsigned g)
{
	uint64_t id = rng_next(q) % 2 ? 0x20 : 0x21, dom = rng_next(q) % 2 ? 3 : 4;

	switch (rng_next(q) % 12) {
	case 0: vr_put(w, g, rng_next(q), rng_next(q)); break;
	case 1: vr_put(w, g, P(2, id), 0); break;
	case 2: vr_put(w, g, P(4, id | id << 32), 0x1000); break;
	case 3: vr_put(w, g, P(8, 0), 0); break;
	case 4: vr_put(w, g, P(6, id | 3 << 24), 0x1000); break;
	case 5: vr_put_wait(w, g, 1); break;
	case 6: vr_put(w, g, P(1, 2), 0); break;
	case 7: vr_put(w, g, P(7, id), UINT64_C(3) << 32); break;
	default: vr_put(w, g, P(3, dom << 32), rng_next(q) % 2 ? 0x1004 : 0x7ffffffffffff003);
	}
}

static void chaos_step(struct vrig *w, struct rng *q, uint64_t poison)
{
	unsigned g = rng_next(q) % CHAOS;
	const uint64_t dte[4] = { 0, 0, 0, BIT64(15) | (uint64_t)g << 32 };
	uint64_t cmd = rng_next(q) % 3 ? VC_CMD_EN : 0, flip = rng_next(q) % 2 ? AMDVI_CT_vCmdEn : AMDVI_CT_vIommuEn;

	switch (rng_next(q) % 16) {
	case 0: wr64(w->r, VFC(g, VC_CMD), G_RING | cmd | 8); break;
	case 1: wr64(w->r, AMDVI_R_CONTROL, rd64(w->r, AMDVI_R_CONTROL) ^ flip); break;
	case 2: vr_map(w, g, rng_next(q) % 2, 0x20, (uint16_t)(DEV + g)); break;
	case 3: mem_poison(w->r->m, poison, rng_next(q) % 2); break;
	case 4:
		put(w->r, P(10, (rng_next(q) % 2) << 31 | (rng_next(q) % 2) << 28 | g), 0);
		put(w->r, P(9, (uint64_t)g << 32), RIG_TABLES);
		tail(w->r);
		break;
	case 5: amdvi_viommu_event(w->v, dte, (const uint64_t[2]){ BIT64(61), 1 }); break;
	case 6: amdvi_viommu_ppr(w->v, dte, (const uint64_t[2]){ BIT64(60), 1 }); break;
	case 7: wr32(w->r, VF(g, VF_CMD_HEAD), (uint32_t)(rng_next(q) % 256) * 16); break;
	case 8: wr32(w->r, VF(g, VF_EVT_HEAD), rd32(w->r, VF(g, VF_EVT_TAIL))); break;
	default:
		chaos_command(w, q, g);
		vr_tail(w, g);
	}
	w->r->n_inv = w->r->n_resp = 0;
	run_for(w->r, rng_next(q) % 300000);
}

/* Whatever happens, the unit comes to rest, and then works as new. */
START_TEST(chaos)
{
	struct vrig *w = guests(CHAOS, big, _i % 2);
	struct rng q;
	uint64_t bit, poison[3] = { vr_buf(w, 1, VI_R_EVT, G_EVT, 0x20), vr_ipa(w, vi_dirty_addr(2, &bit)),
				    vr_ipa(w, vi_map_addr(3, VI_DOM, 3)) };

	rng_seed(&q, (uint64_t)_i + 1);
	w->r->u->env.fault = NULL;
	w->r->n_alive = CHAOS;
	for (unsigned g = 0; g < CHAOS; g++)
		w->r->alive[g] = DEV + g;
	for (unsigned i = 0; i < 1500; i++)
		chaos_step(w, &q, poison[i % 3]);
	for (unsigned i = 0; i < 3; i++)
		mem_poison(w->r->m, poison[i], false);
	wr64(w->r, AMDVI_R_CONTROL, rd64(w->r, AMDVI_R_CONTROL) | AMDVI_CT_vCmdEn | AMDVI_CT_vIommuEn);
	run_all(w->r);
	ck_assert(amdvi_viommu_idle(w->v));
	ck_assert(!w->v->vi->unit_busy);
	ck_assert_uint_eq(w->v->vi->mw_n, 0);
	for (unsigned g = 0; g < CHAOS; g++)
		amdvi_viommu_reset(w->v, g, true, true);
	run_all(w->r);
	amdvi_inv_all(w->v);
	for (unsigned g = 0; g < CHAOS; g++) {
		ck_assert(!w->v->vi->guest[g].dirty);
		vr_guest(w, g);
		vr_map(w, g, VI_DOM, 3, (uint16_t)(DID + g));
		w->tail[g] = 0;
		vr_put(w, g, P(3, UINT64_C(3) << 32), 0x1004);
		ring_and_wait(w, g, 1000 + g);
	}
	ck_assert(idle(w->r));
	vr_free(w);
}
END_TEST

int main(void)
{
	const TTest *const one[] = { fair, host_turn, order_of_turns, drain, queue_ids, beside_host, prefilled_map, two_on_one,
				     across_guests, stage2_unmap, many_guests };
	TCase *t = tcase_create("guests");

	for (unsigned i = 0; i < ARRAY_LEN(one); i++)
		tcase_add_test(t, one[i]);
	tcase_add_loop_test(t, isolation, 0, 6);
	tcase_add_loop_test(t, together, 0, 3);
	tcase_add_loop_test(t, invalidate_all, 0, 3);
	tcase_add_loop_test(t, chaos, 0, 20);
	return run_suite(t, "amdvi_vguests");
}
