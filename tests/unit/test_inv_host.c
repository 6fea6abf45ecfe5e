/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_inv_host.c - the driver that invalidates device TLBs and reacts to time-outs (software/inv_host.h), in the world of the benchmark
 * (bench/timeout-attribution/world.h). Expectations are closed forms; what the driver may know is checked by worlds that look alike to it,
 * and by records that lie.
 */
#include <check.h>
#include "../../bench/timeout-attribution/world.h"
#include "vtd/vtd_int.h"
#include "vtd/vtd_regs.h"

#define LIMIT UINT64_C(100000000000000)
#define MS UINT64_C(1000000000)

/* @devices x @vdevs, the first @faulty virtual devices silent from the start; @batch of @items. */
static struct world_cfg cfg(uint32_t arch, uint32_t devices, uint32_t vdevs, uint32_t faulty, uint32_t batch, uint32_t policy)
{
	struct world_cfg c;

	world_defaults(&c);
	world_arch_set(&c, arch);
	if (arch != W_AMDVI)
		c.timeout_ps = 20 * MS;
	c.devices = devices;
	c.vdevs = vdevs;
	c.faulty = faulty;
	c.first_faulty = 0;
	c.onset = 0;
	c.items = 256;
	c.host.batch = batch;
	c.host.policy = policy;
	return c;
}

static struct world_result go(const struct world_cfg *c)
{
	struct world_result r = { 0 };
	struct err e = { 0 };

	ck_assert_msg(world_run(c, LIMIT, &r, &e), "%s", e.msg);
	ck_assert_msg(r.finished, "%s, policy %u, batch %u: pages are still held", world_arch[c->arch], c->host.policy, c->host.batch);
	return r;
}

static bool near(double a, double b)
{
	return a > b * 0.97 && a < b * 1.03;
}

/* ---- closed forms ---- */

START_TEST(batch_of_one_names_the_culprit)
{
	struct world_cfg c = cfg((uint32_t)_i, 8, 4, 1, 1, INVH_SINGLES);
	struct world_result r = go(&c);

	ck_assert_uint_eq(r.st.incidents, 1);
	ck_assert_uint_eq(r.suspects, 1);
	ck_assert_uint_eq(r.suspects_true, 1);
	ck_assert_uint_eq(r.truth, 1);
	ck_assert_uint_eq(r.blamed, 1);
	ck_assert_uint_eq(r.reissued, 0);
	ck_assert(near((double)r.st.stall_ps, (double)c.timeout_ps));
}
END_TEST

START_TEST(nobody_named_means_the_whole_batch)
{
	static const uint32_t arch[] = { W_SMMUV3, W_VTD_NOSID };

	for (uint32_t b = 2; b <= 64; b *= 2) {
		struct world_cfg c = cfg(arch[_i], 16, 4, 1, b, INVH_SINGLES);
		struct world_result r = go(&c);

		ck_assert_uint_eq(r.suspects, b); /* 64 virtual devices: every page of a batch is another one's */
		ck_assert_uint_eq(r.suspects_true, 1);
		ck_assert_uint_eq(r.blamed, 1);
		ck_assert_uint_eq(r.blamed_true, 1);
		ck_assert(near((double)r.st.stall_ps, 2.0 * (double)c.timeout_ps)); /* the batch, then the culprit alone */
	}
}
END_TEST

START_TEST(vtd_suspects_are_the_siblings)
{
	for (uint32_t v = 1; v <= INVH_MAX_VDEVS; v *= 2) {
		struct world_cfg c = cfg(W_VTD, 64 / v, v, 1, 64, INVH_SINGLES);
		struct world_result r = go(&c);

		ck_assert_uint_eq(r.suspects, v);
		ck_assert_uint_eq(r.suspects_true, 1);
		ck_assert_uint_eq(r.blamed, 1);
		ck_assert_uint_eq(r.reissued_innocent, 63); /* every other command of the batch is unconfirmed, too */
		ck_assert(near((double)r.st.stall_ps, (v == 1 ? 1.0 : 2.0) * (double)c.timeout_ps));
	}
}
END_TEST

START_TEST(amdvi_names_each_command)
{
	for (uint32_t f = 1; f <= 8; f *= 2) {
		struct world_cfg c = cfg(W_AMDVI, 8, 8, f, 64, INVH_SINGLES);
		struct world_result r;

		c.faulty_step = 8; /* each of another function */
		r = go(&c);
		ck_assert_uint_eq(r.suspects, f);
		ck_assert_uint_eq(r.suspects_true, f);
		ck_assert_uint_eq(r.truth, f);
		ck_assert_uint_eq(r.reissued, 0); /* the others of the batch are confirmed by its wait */
		ck_assert(near((double)r.st.stall_ps, (double)c.timeout_ps + 4e6 * f));
	}
}
END_TEST

/* VT-d has one record: of f silent functions it names one. */
START_TEST(vtd_record_holds_one_of_several)
{
	struct world_cfg c = cfg(W_VTD, 16, 1, 4, 16, INVH_SINGLES);
	struct world_result r = go(&c);

	ck_assert_uint_eq(r.suspects, 1);
	ck_assert_uint_eq(r.suspects_true, 1);
	ck_assert_uint_eq(r.truth, 4);
	ck_assert_uint_eq(r.blamed_true, 4); /* found one time-out after the other */
	ck_assert_uint_eq(r.blamed, 4);
}
END_TEST

START_TEST(bisecting_pays_a_timeout_per_halving)
{
	for (uint32_t b = 2, lg2 = 1; b <= 64; b *= 2, lg2++) {
		struct world_cfg c = cfg(W_SMMUV3, 16, 4, 1, b, INVH_BISECT);
		struct world_result r = go(&c);

		ck_assert_uint_eq(r.blamed, 1);
		ck_assert_uint_eq(r.blamed_true, 1);
		ck_assert_uint_eq(r.st.probes_failed, lg2);
		ck_assert(near((double)r.st.stall_ps, (1.0 + lg2) * (double)c.timeout_ps));
	}
}
END_TEST

START_TEST(quarantine_blocks_every_suspect)
{
	struct world_cfg c = cfg(W_SMMUV3, 16, 4, 1, 64, INVH_QUARANTINE);
	struct world_result r = go(&c);

	ck_assert_uint_eq(r.blamed, 64);
	ck_assert_uint_eq(r.fenced_innocent, 63);
	ck_assert_uint_eq(r.st.fences, 16);
	ck_assert(near((double)r.st.stall_ps, (double)c.timeout_ps + 16 * 5e6));
	c.arch = W_VTD;
	r = go(&c);
	ck_assert_uint_eq(r.blamed, 4);
	ck_assert_uint_eq(r.fenced_innocent, 3);
	ck_assert_uint_eq(r.st.fences, 1);
}
END_TEST

/* 32 ITags of a function: a batch with more for a silent one takes a time-out for each 32. */
START_TEST(a_batch_beyond_the_itags_takes_several_timeouts)
{
	struct world_cfg c = cfg((uint32_t)_i, 1, 1, 1, 256, INVH_QUARANTINE);
	struct world_result r = go(&c);

	ck_assert_uint_eq(r.swallowed, 256);
	ck_assert(near((double)r.st.stall_ps, 8.0 * (double)c.timeout_ps));
}
END_TEST

/* ---- reactions ---- */

START_TEST(blocked_requesters_read_nothing)
{
	struct world_cfg c = cfg((uint32_t)_i, 8, 1, 1, 8, INVH_SINGLES);
	struct world_result r;

	c.dma_ps = 100000;
	r = go(&c);
	ck_assert_uint_eq(r.st.fences, 1);
	ck_assert_uint_gt(r.dma_refused, 20);
	ck_assert_uint_eq(r.dma_refused_innocent, 0);
	ck_assert_uint_eq(r.dma_faulty_after, 0);
	c.vdevs = 4; /* a PASID alone: its siblings go on reading */
	c.host.fence = INVH_FENCE_PASID;
	r = go(&c);
	ck_assert_uint_gt(r.dma_refused, 20);
	ck_assert_uint_eq(r.dma_refused_innocent, 0);
	ck_assert_uint_eq(r.dma_faulty_after, 0);
	ck_assert_uint_eq(r.fenced_innocent, 0);
	ck_assert_uint_gt(r.exposed, 0); /* but what it has cached still passes as translated requests */
}
END_TEST

START_TEST(reset_brings_the_device_back)
{
	struct world_cfg c = cfg((uint32_t)_i, 8, 2, 1, 16, INVH_RESET);
	struct world_result r = go(&c);

	ck_assert_uint_gt(r.st.resets, 0);
	ck_assert_uint_eq(r.exposed, 0);
	ck_assert_uint_eq(r.st.incidents, 1);
	ck_assert_uint_eq(r.dma_faulty_after, 0);
	ck_assert_uint_ge(r.st.commands, c.items); /* nothing stays blocked */
}
END_TEST

START_TEST(ignoring_releases_pages_too_early)
{
	struct world_cfg c = cfg((uint32_t)_i, 8, 1, 1, 8, INVH_IGNORE);
	struct world_result r = go(&c);

	ck_assert_uint_eq(r.swallowed, 32); /* one of 8 devices, 256 pages */
	ck_assert_uint_eq(r.exposed, 32);
	ck_assert_uint_eq(r.st.fences, 0);
}
END_TEST

START_TEST(one_lost_answer_costs_nobody_his_device_if_tried_again)
{
	struct world_cfg c = cfg((uint32_t)_i, 8, 2, 1, 16, INVH_RETRY);
	struct world_result r;

	c.kind = W_ONCE;
	r = go(&c);
	ck_assert_uint_eq(r.swallowed, 1);
	ck_assert_uint_eq(r.st.incidents, 1);
	ck_assert_uint_eq(r.blamed, 0);
	ck_assert_uint_eq(r.st.fences, 0);
	ck_assert_uint_eq(r.exposed, 0);
}
END_TEST

/* ---- answers that come late, or are none ---- */

START_TEST(late_completions_confirm_nothing)
{
	struct world_cfg c = cfg((uint32_t)_i, 8, 2, 1, 16, INVH_RETRY);
	struct world_result r;

	c.kind = W_LATE; /* after one and a half time-outs: while its repetition is under way */
	c.host.retries = 3;
	r = go(&c);
	ck_assert_uint_eq(r.exposed, 0);
	ck_assert_uint_eq(r.blamed_true, 1);
	if (c.arch == W_VTD || c.arch == W_VTD_NOSID)
		ck_assert_uint_gt(r.st.bad_completions, 0);
	else
		ck_assert_uint_eq(r.st.bad_completions, 0); /* the others do not report them */
}
END_TEST

/*
 * With all 32 ITags of a function expired and their answers still to come, the next requests reuse them (which is allowed), and a late
 * answer counts for the new request: nobody can tell. Below 32 the units give other tags.
 */
START_TEST(late_answers_count_for_others_once_every_itag_has_expired)
{
	struct world_cfg c = cfg((uint32_t)_i, 1, 1, 1, 16, INVH_RETRY);

	c.kind = W_LATE;
	ck_assert_uint_eq(go(&c).exposed, 0);
	c.host.batch = 64;
	ck_assert_uint_gt(go(&c).exposed, 0);
	c.itag_hold_ps = 2 * c.timeout_ps; /* longer than any answer takes: none is taken for another's */
	ck_assert_uint_eq(go(&c).exposed, 0);
}
END_TEST

/* An unsupported request completes the invalidation: no architecture says anything, and the line is still there. */
START_TEST(unsupported_requests_are_reported_by_nobody)
{
	struct world_cfg c = cfg((uint32_t)_i, 8, 2, 1, 16, INVH_SINGLES);
	struct world_result r;

	c.kind = W_UR;
	r = go(&c);
	ck_assert_uint_eq(r.st.incidents, 0);
	ck_assert_uint_eq(r.st.reports, 0);
	ck_assert_uint_eq(r.exposed, r.swallowed);
	ck_assert_uint_gt(r.exposed, 0);
}
END_TEST

/* ---- the driver's own time-out ---- */

START_TEST(a_software_timeout_is_no_completion)
{
	struct world_cfg c = cfg((uint32_t)_i, 8, 2, 1, 16, INVH_SINGLES);
	struct world_result r;

	c.host.sw_timeout_ps = c.timeout_ps / 10;
	r = go(&c);
	ck_assert_uint_ge(r.st.sw_timeouts, 1);
	ck_assert_uint_eq(r.exposed, 0);
	ck_assert_uint_eq(r.blamed_true, 1);
	c.host.sw_timeout_ps = c.timeout_ps * 10;
	ck_assert_uint_eq(go(&c).st.sw_timeouts, 0);
	c.host.sw_timeout_ps = c.timeout_ps / 10;
	c.host.sw_then = INVH_SW_GO_ON;
	c.host.policy = INVH_IGNORE;
	r = go(&c);
	ck_assert_uint_gt(r.exposed, 1); /* and then it is one, for the pages */
}
END_TEST

/* 330 slots pass within InvTimeOut: 512 entries keep the address of a command unambiguous, 256 do not. */
START_TEST(amdvi_slot_is_ambiguous_once_the_ring_wraps)
{
	static const struct {
		uint32_t ring_lg2, snapshot;
		bool precise, complete;
	} row[] = {
		{ 9, INVH_SNAP_ALL, true, true }, { 9, INVH_SNAP_LAST, true, true }, { 9, INVH_SNAP_RING, true, true },
		{ 8, INVH_SNAP_ALL, true, true }, { 8, INVH_SNAP_LAST, false, true }, { 8, INVH_SNAP_RING, false, false },
	};
	struct world_cfg c = cfg(W_AMDVI, 8, 4, 1, 32, INVH_IGNORE);
	struct world_result r;

	c.items = 2048;
	c.onset = 512;
	c.host.sw_timeout_ps = MS / 10;
	c.host.sw_then = INVH_SW_GO_ON;
	c.host.ring_lg2 = row[_i].ring_lg2;
	c.host.snapshot = row[_i].snapshot;
	r = go(&c);
	ck_assert_uint_gt(r.st.incidents, 10);
	ck_assert_msg((r.suspects == r.suspects_true) == row[_i].precise, "row %d: %lu of %lu", _i, r.suspects_true, r.suspects);
	ck_assert_msg((r.truth == r.suspects_true) == row[_i].complete, "row %d: %lu of %lu", _i, r.suspects_true, r.truth);
}
END_TEST

/* ---- what the driver can know ---- */

struct witness {
	struct world w;
	uint8_t accused[INVH_MAX_DEVICES * INVH_MAX_VDEVS];
	unsigned incidents;
	void (*lie)(struct witness *t); /* called after every event until it has done its work */
	bool lied;
};

static void note(void *arg, const uint8_t *accused)
{
	struct witness *t = container_of((struct world *)arg, struct witness, w);

	if (accused && !t->incidents++)
		memcpy(t->accused, accused, t->w.n_vdevs);
	world_incident(arg, accused);
}

static struct witness *watch(const struct world_cfg *c, void (*lie)(struct witness *t))
{
	struct witness *t = calloc(1, sizeof *t);
	struct err e = { 0 };

	ck_assert_ptr_nonnull(t);
	ck_assert_msg(world_init(&t->w, c, &e), "%s", e.msg);
	t->w.h.env.incident = note;
	t->lie = lie;
	sim_run_until(t->w.k, 1000000);
	inv_host_start(&t->w.h);
	while (!thread_ended(&t->w.h.t) && sim_now(t->w.k) < LIMIT && sim_run_one(t->w.k))
		if (t->lie && !t->lied)
			t->lie(t);
	world_sum(&t->w);
	ck_assert_uint_ge(t->incidents, 1);
	return t;
}

static void forget(struct witness *t)
{
	world_fini(&t->w);
	free(t);
}

/*
 * The first batch holds every virtual device once. Whoever is silent, the registers read the same unless they name him: a driver that
 * accuses differently has looked elsewhere. On AMD-Vi, which names the command, it must differ.
 */
START_TEST(worlds_that_look_alike_are_judged_alike)
{
	uint8_t first[64];

	for (uint32_t v = 0; v < 16; v++) {
		struct world_cfg c = cfg((uint32_t)_i, 4, 4, 1, 16, INVH_SINGLES);
		struct witness *t;

		c.first_faulty = v;
		c.dma_ps = 0;
		t = watch(&c, NULL);
		if (!v || (c.arch == W_VTD && v % 4 == 0))
			memcpy(first, t->accused, 16);
		if (c.arch == W_AMDVI) {
			for (uint32_t i = 0; i < 16; i++)
				ck_assert_uint_eq(t->accused[i] != 0, i == v);
		} else {
			ck_assert_mem_eq(t->accused, first, 16);
		}
		if (c.arch == W_VTD)
			for (uint32_t i = 0; i < 16; i++)
				ck_assert_uint_eq(t->accused[i] != 0, i / 4 == v / 4);
		forget(t);
	}
}
END_TEST

/* The event log says another slot than the truth: the driver must believe the log. */
static void lie_in_log(struct witness *t)
{
	uint64_t w[2] = { 0, 0 }, cmd = 0;

	ck_assert_uint_eq(mem_read(t->w.m, IH_LOG, w, 2), MEM_OK);
	if (!w[0])
		return;
	t->lied = true;
	for (uint64_t at = IH_RING; at < IH_RING + 16 * 16; at += 16) { /* the first command for function 3 */
		ck_assert_uint_eq(mem_read(t->w.m, at, &cmd, 1), MEM_OK);
		if ((cmd & 0xffff) != INVH_RID0 + 3)
			continue;
		w[0] = (w[0] & ~UINT64_C(0xffff)) | (INVH_RID0 + 3);
		w[1] = at;
		ck_assert_uint_eq(mem_write(t->w.m, IH_LOG, w, 2), MEM_OK);
		return;
	}
	ck_abort_msg("function 3 is not in the ring");
}

static void lie_in_register(struct witness *t)
{
	struct vtd *v = vtd_of(t->w.u);

	if (!(vtd_reg_get(v, VTD_R_FSTS, 4) & FSTS_ITE))
		return;
	t->lied = true;
	vtd_reg_put(v, VTD_R_IQERCD, 8, bits_put(vtd_reg_get(v, VTD_R_IQERCD, 8), 47, 32, INVH_RID0 + 3));
}

START_TEST(the_record_is_believed_not_the_truth)
{
	struct world_cfg c = cfg(_i ? W_AMDVI : W_VTD, 4, 1, 1, 4, INVH_QUARANTINE);
	struct witness *t;

	c.dma_ps = 0;
	t = watch(&c, _i ? lie_in_log : lie_in_register);
	ck_assert(t->lied);
	ck_assert_uint_eq(t->accused[0], 0); /* the silent one */
	ck_assert_uint_ne(t->accused[3], 0);
	ck_assert_uint_ge(t->w.r.blamed - t->w.r.blamed_true, 1);
	forget(t);
}
END_TEST

/* ---- published scenarios ---- */

/* VD-03: r.1, r.2, s.1 in one batch; r.1 and s.1 are silent, the record names one requester. */
START_TEST(vd03_what_the_record_does_not_name_is_not_done)
{
	struct world_cfg c = cfg(_i ? W_VTD_NOSID : W_VTD, 2, 2, 2, 4, INVH_SINGLES);
	struct world_result r;

	c.faulty_step = 2; /* virtual devices 0 and 2: r.1, s.1 */
	c.items = 4;
	r = go(&c);
	ck_assert_uint_eq(r.exposed, 0);
	ck_assert_uint_eq(r.blamed_true, 2);
	c.host.believe = true;
	r = go(&c);
	if (c.arch == W_VTD)
		ck_assert_uint_eq(r.exposed, 1); /* released because somebody else was named */
	else
		ck_assert_uint_eq(r.exposed, 0); /* no name: all are suspect */
	c.host.believe = false;
	c.host.batch = 1; /* fix B of the scenario: one command, one wait */
	r = go(&c);
	ck_assert_uint_eq(r.exposed, 0);
	ck_assert_uint_eq(r.suspects, r.suspects_true);
}
END_TEST

/* VD-04: r.5 of one guest and r.6 of another: the record names r, both are suspect; blocking r stops both. */
START_TEST(vd04_siblings_share_the_suspicion)
{
	struct world_cfg c = cfg(W_VTD, 1, 2, 1, 2, INVH_SINGLES);
	struct world_result r;

	c.items = 64;
	c.dma_ps = 100000;
	r = go(&c);
	ck_assert_uint_eq(r.suspects, 2);
	ck_assert_uint_eq(r.suspects_true, 1);
	ck_assert_uint_eq(r.blamed, 1); /* each flush waited on alone */
	ck_assert_uint_eq(r.fenced_innocent, 1);
	ck_assert_uint_gt(r.dma_refused_innocent, 0);
	c.host.fence = INVH_FENCE_PASID;
	r = go(&c);
	ck_assert_uint_eq(r.fenced_innocent, 0);
	ck_assert_uint_eq(r.dma_refused_innocent, 0);
	c.host.policy = INVH_QUARANTINE; /* the first answer to the record: the sibling is blamed as well */
	r = go(&c);
	ck_assert_uint_eq(r.blamed, 2);
	ck_assert_uint_eq(r.blamed_true, 1);
}
END_TEST

/* ---- anything goes ---- */

START_TEST(random_worlds_end_safe)
{
	struct rng g;

	rng_seed(&g, (uint64_t)_i + 1);
	for (unsigned n = 0; n < 40; n++) {
		struct world_cfg c = cfg((uint32_t)rng_below(&g, W_ARCHS), 1 + (uint32_t)rng_below(&g, 12),
					 1 + (uint32_t)rng_below(&g, INVH_MAX_VDEVS), 0,
					 1 + (uint32_t)rng_below(&g, INVH_MAX_BATCH), (uint32_t)rng_below(&g, INVH_RESET + 1));
		struct witness *t = calloc(1, sizeof *t);
		struct err e = { 0 };
		uint64_t sent = 0;
		bool safe, go_on;

		c.seed = rng_next(&g);
		c.faulty = 1 + (uint32_t)rng_below(&g, 4);
		c.first_faulty = UINT32_MAX;
		c.kind = (uint32_t)rng_below(&g, W_ONCE + 1);
		if (c.kind == W_LATE && c.host.batch > 16)
			c.host.batch = 16; /* else answers count for others, see above */
		c.onset = (uint32_t)rng_below(&g, 128);
		c.host.fence = (uint32_t)rng_below(&g, 2);
		c.host.retries = (uint32_t)rng_below(&g, 3);
		c.host.snapshot = (uint32_t)rng_below(&g, 3);
		c.host.sw_timeout_ps = rng_below(&g, 2) ? rng_below(&g, 3 * c.timeout_ps) : 0;
		c.host.sw_then = (uint32_t)rng_below(&g, 2);
		go_on = c.host.sw_then == INVH_SW_GO_ON && c.host.sw_timeout_ps;
		safe = c.host.policy != INVH_IGNORE && c.kind != W_UR && (c.host.fence == INVH_FENCE_RID || c.host.policy == INVH_RESET) && !go_on;
		ck_assert_ptr_nonnull(t);
		ck_assert_msg(world_init(&t->w, &c, &e), "%s", e.msg);
		sim_run_until(t->w.k, 1000000);
		inv_host_start(&t->w.h);
		sim_at(t->w.k, sim_now(t->w.k) + c.dma_ps, &t->w.dma_ev);
		while (!thread_ended(&t->w.h.t) && sim_now(t->w.k) < LIMIT && sim_run_one(t->w.k))
			;
		sim_run(t->w.k); /* whatever is on its way */
		world_sum(&t->w);
		ck_assert_msg(t->w.r.finished, "seed %d, case %u: %s, policy %u, fault %u hangs", _i, n, world_arch[c.arch], c.host.policy, c.kind);
		ck_assert_msg(!safe || !t->w.r.exposed, "seed %d, case %u: %s, policy %u, fault %u: %lu exposed", _i, n,
			      world_arch[c.arch], c.host.policy,
			      c.kind, t->w.r.exposed);
		ck_assert(t->w.u->ops->commands_idle(t->w.u)); /* no ITag, no wait is left behind */
		for (uint32_t i = 0; i < c.items; i++) {
			sent += t->w.item[i].sent;
			ck_assert_uint_ne(t->w.item[i].how, INVH_HELD);
		}
		ck_assert_uint_eq(sent, t->w.h.st.commands);
		if (!go_on) /* else the queue may still be stopped */
			ck_assert_uint_eq(sent, t->w.seen);
		if ((c.host.policy == INVH_SINGLES || c.host.policy == INVH_BISECT) && c.kind != W_LATE && c.host.snapshot == INVH_SNAP_ALL && safe)
			ck_assert_msg(t->w.r.blamed == t->w.r.blamed_true, "seed %d, case %u: an innocent is blamed", _i, n);
		forget(t);
	}
}
END_TEST

START_TEST(what_cannot_work_is_refused)
{
	struct world_cfg c = cfg(W_VTD, 1, 1, 0, 256, INVH_SINGLES);
	struct world_result r;
	struct err e = { 0 };

	c.host.ring_lg2 = 8;
	ck_assert(!world_run(&c, LIMIT, &r, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	c.host.ring_lg2 = 9;
	ck_assert(world_run(&c, LIMIT, &r, &e));
	c.host.look_ps = 0; /* time would stand still */
	ck_assert(!world_run(&c, LIMIT, &r, &e));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("inv_host");
	TCase *tc = tcase_create("inv_host");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, batch_of_one_names_the_culprit, 0, W_ARCHS);
	tcase_add_loop_test(tc, nobody_named_means_the_whole_batch, 0, 2);
	tcase_add_test(tc, vtd_suspects_are_the_siblings);
	tcase_add_test(tc, amdvi_names_each_command);
	tcase_add_test(tc, vtd_record_holds_one_of_several);
	tcase_add_test(tc, bisecting_pays_a_timeout_per_halving);
	tcase_add_test(tc, quarantine_blocks_every_suspect);
	tcase_add_loop_test(tc, a_batch_beyond_the_itags_takes_several_timeouts, 0, W_ARCHS);
	tcase_add_loop_test(tc, blocked_requesters_read_nothing, 0, W_ARCHS);
	tcase_add_loop_test(tc, reset_brings_the_device_back, 0, W_ARCHS);
	tcase_add_loop_test(tc, ignoring_releases_pages_too_early, 0, W_ARCHS);
	tcase_add_loop_test(tc, one_lost_answer_costs_nobody_his_device_if_tried_again, 0, W_ARCHS);
	tcase_add_loop_test(tc, late_completions_confirm_nothing, 0, W_ARCHS);
	tcase_add_loop_test(tc, late_answers_count_for_others_once_every_itag_has_expired, 0, W_ARCHS);
	tcase_add_loop_test(tc, unsupported_requests_are_reported_by_nobody, 0, W_ARCHS);
	tcase_add_loop_test(tc, a_software_timeout_is_no_completion, 0, W_ARCHS);
	tcase_add_loop_test(tc, amdvi_slot_is_ambiguous_once_the_ring_wraps, 0, 6);
	tcase_add_loop_test(tc, worlds_that_look_alike_are_judged_alike, 0, W_ARCHS);
	tcase_add_loop_test(tc, the_record_is_believed_not_the_truth, 0, 2);
	tcase_add_loop_test(tc, vd03_what_the_record_does_not_name_is_not_done, 0, 2);
	tcase_add_test(tc, vd04_siblings_share_the_suspicion);
	tcase_add_loop_test(tc, random_worlds_end_safe, 0, 10);
	tcase_add_test(tc, what_cannot_work_is_refused);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
