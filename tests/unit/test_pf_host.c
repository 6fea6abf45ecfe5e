/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pf_host.c - software that serves page faults (software/pf_host.h) on all three units, and stalls of the SMMUv3: service times, closed
 * forms, credits, overflow, answers encoded by hand, random machines. The number of random ones: PF_CASES (default 25), first seed: SIM_SEED.
 */
#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "run_build.h"
#include "software/pf_load.h"

#define US(n) (UINT64_C(1000000) * (n))
enum { VTD, SMMU, AMD, STALL, MACHINES };
static const char *const file[MACHINES] = { "configs/faults-vtd.yaml", "configs/faults-smmuv3.yaml", "configs/faults-amdvi.yaml", "configs/faults-smmuv3-stall.yaml" };

struct machine {
	struct run_cfg c;
	struct plat *p;
	struct pf_load l;
	struct stat_reg reg;
	bool ready;
};

static void msi(void *arg, unsigned unit, uint64_t addr, uint32_t data)
{
	struct machine *m = arg;

	(void)data;
	if (!unit && m->ready)
		pf_load_msi(&m->l, addr);
}

static struct machine *configure(unsigned which)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct err e = { 0 };

	ck_assert_ptr_nonnull(m);
	ck_assert_msg(run_cfg_load(&m->c, file[which], &e), "%s", e.msg);
	return m;
}

static void set(struct machine *m, const char *fmt, ...)
{
	char text[200];
	struct err e = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ck_assert_msg(run_cfg_set(&m->c, text, &e), "%s", e.msg);
}

static bool build(struct machine *m, struct err *e)
{
	const struct plat_hooks hooks = { .arg = m, .msi = msi };

	m->p = run_build(&m->c, &hooks, &m->reg, e);
	m->ready = m->p && pf_load_init(&m->l, &m->c.faults, m->p, &m->c.plat.dev_default, m->c.plat.seed, e);
	return m->ready;
}

static void run(struct machine *m)
{
	struct err e = { 0 };

	ck_assert_msg(build(m, &e), "%s", e.msg);
	ck_assert_msg(pf_load_run(&m->l, 0, US(100000), &e), "%s", e.msg);
}

static void forget(struct machine *m)
{
	stat_fini(&m->reg);
	if (m->ready)
		pf_load_fini(&m->l);
	if (m->p)
		plat_destroy(m->p);
	run_cfg_free(&m->c);
	free(m);
}

static const struct pri_stats *pri(const struct machine *m, uint32_t dev)
{
	return dev_pri_stats(plat_find_device(m->p, 0, pf_rid(dev)));
}

/* What must hold at the end of every run in which nothing may fail. */
static void check_sums(const struct machine *m, const char *what)
{
	const struct pf_stats *s = &m->l.h.st;
	const struct pf_load_stats *w = &m->l.st;
	uint64_t asked = 0, groups = 0, ok = 0, bad = 0;

	ck_assert_msg(!w->misplaced, "%s: %lu misplaced", what, w->misplaced);
	ck_assert_msg(!w->failed_wrongly, "%s: %lu failed wrongly", what, w->failed_wrongly);
	ck_assert_msg(!w->unfinished, "%s: %lu unfinished", what, w->unfinished);
	ck_assert_uint_eq(w->done + w->failed, w->wanted);
	ck_assert_uint_eq(w->wanted, (uint64_t)m->c.faults.devices * m->c.faults.dmas);
	ck_assert_uint_eq(s->success + s->invalid, s->latency_ps.n);
	ck_assert_uint_eq(s->latency_ps.n, s->groups + s->stalls);
	ck_assert_uint_eq(s->service_ps.n, s->groups + s->stalls);
	ck_assert_uint_eq(s->batch.sum, s->requests + s->stalls + s->other);
	for (uint32_t i = 0; i < m->c.faults.devices && !m->l.h.stalls; i++) {
		asked += pri(m, i)->requests;
		groups += pri(m, i)->groups;
		ok += pri(m, i)->success;
		bad += pri(m, i)->invalid;
		ck_assert_uint_eq(pri(m, i)->failure + pri(m, i)->uprgi, 0);
	}
	if (m->l.h.stalls)
		return;
	ck_assert_uint_eq(ok + bad, groups); /* each group is answered once, by software or by the unit */
	ck_assert_uint_le(s->requests, asked);
	ck_assert_uint_eq(bad, s->invalid);
	if (!s->overflows) {
		ck_assert_uint_eq(s->requests, asked);
		ck_assert_uint_eq(s->groups, groups);
		ck_assert_uint_eq(ok, s->success);
	}
}

/* ---- service times ---- */

START_TEST(draws_follow_the_table)
{
	static const struct { unsigned permille; uint64_t us; } want[] = { { 500, 215 }, { 950, 250 }, { 990, 261 }, { 1000, 464 } };
	struct pf_service s = { .kind = PF_TABLE };
	struct err e = { 0 };
	struct hist *h = calloc(1, sizeof(*h));
	struct rng r;

	rng_seed(&r, 3);
	ck_assert_msg(pf_service_table(&s, "0:191us,50:215us,95:250us,99:261us,100:464us", &e), "%s", e.msg);
	for (unsigned i = 0; i < 200000; i++)
		hist_add(h, pf_service_draw(&s, &r));
	for (unsigned i = 0; i < ARRAY_LEN(want); i++)
		ck_assert_double_lt(fabs((double)hist_pct(h, want[i].permille) / (double)US(want[i].us) - 1), 0.02);
	ck_assert_uint_ge(h->min, US(191));
	ck_assert_uint_le(h->max, US(464));
	free(h);
}
END_TEST

START_TEST(draws_of_the_other_kinds)
{
	struct pf_service s = { .kind = PF_UNIFORM, .min_ps = US(10), .max_ps = US(30), .mean_ps = US(20) };
	double sum = 0, above = 0;
	struct rng r;

	rng_seed(&r, 5);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t v = pf_service_draw(&s, &r);

		ck_assert(v >= US(10) && v <= US(30));
		sum += (double)v;
	}
	ck_assert_double_lt(fabs(sum / 1e5 / (double)US(20) - 1), 0.005);
	s.kind = PF_EXPONENTIAL;
	sum = 0;
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t v = pf_service_draw(&s, &r);

		sum += (double)v;
		above += v > US(20);
	}
	ck_assert_double_lt(fabs(sum / 1e5 / (double)US(20) - 1), 0.015);
	ck_assert_double_lt(fabs(above / 1e5 - exp(-1)), 0.01);
	s.kind = PF_FIXED;
	ck_assert_uint_eq(pf_service_draw(&s, &r), US(20));
}
END_TEST

START_TEST(bad_tables_are_refused)
{
	static const struct { const char *text, *why; } bad[] = {
		{ "", "at least two points" }, { "0:1us", "at least two points" }, { "5:1us,100:2us", "first at 0" }, { "0:1us,99:2us", "last at 100" },
		{ "0:2us,100:1us", "must ascend" }, { "0:1us,0:2us,100:3us", "must ascend" }, { "0:1us,x:2us,100:3us", "PERCENT:TIME" },
		{ "0:1us,101:2us", "from 0 to 100" }, { "0:1us,100", "PERCENT:TIME" }, { "0:1us,100:2", "2" },
	};
	struct pf_service s = { 0 };

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = { 0 };

		ck_assert_msg(!pf_service_table(&s, bad[i].text, &e), "'%s' is accepted", bad[i].text);
		ck_assert_msg(strstr(e.msg, bad[i].why) != NULL, "'%s': %s", bad[i].text, e.msg);
		ck_assert_int_eq(e.code, ERR_INPUT);
	}
}
END_TEST

/* ---- entries and commands by hand ---- */

START_TEST(answers_as_the_specifications_have_them)
{
	const struct pf_group g = { .rid = 0x1234, .pasid = 0xabcde, .has_pasid = true, .tag = 0x1a5 }, s = { .rid = 0x12345, .tag = 0x7f, .stall = true };
	uint64_t c[2];

	pf_host_vtd.answer(&g, true, c);
	ck_assert_uint_eq(c[0], UINT64_C(0x000abcde12340019));
	ck_assert_uint_eq(c[1], 0xd28);
	pf_host_vtd.answer(&g, false, c);
	ck_assert_uint_eq(c[0], UINT64_C(0x000abcde12341019));
	pf_host_smmuv3.answer(&g, true, c);
	ck_assert_uint_eq(c[0], UINT64_C(0x00001234abcde841));
	ck_assert_uint_eq(c[1], 0x21a5);
	pf_host_smmuv3.answer(&g, false, c);
	ck_assert_uint_eq(c[1], 0x11a5);
	pf_host_smmuv3.answer(&s, true, c);
	ck_assert_uint_eq(c[0], UINT64_C(0x0001234500001044));
	ck_assert_uint_eq(c[1], 0x7f);
	pf_host_smmuv3.answer(&s, false, c);
	ck_assert_uint_eq(c[0], UINT64_C(0x0001234500002044));
	pf_host_amdvi.answer(&g, true, c);
	ck_assert_uint_eq(c[0], UINT64_C(0x700abcde00001234));
	ck_assert_uint_eq(c[1], UINT64_C(0x000001a500000004));
	pf_host_amdvi.answer(&g, false, c);
	ck_assert_uint_eq(c[1], UINT64_C(0x000011a500000004));
}
END_TEST

START_TEST(entries_as_the_specifications_have_them)
{
	static const struct {
		const struct pf_host_ops *o;
		unsigned q;
		uint64_t w[4];
		struct pf_entry e;
	} row[] = {
		{ &pf_host_vtd, 0, { UINT64_C(0x000abcde12340101), 0x7000 | 7 << 3 | 4 | 2 }, { 0x1234, 0xabcde, 7, true, true, false, false, 0x7000 } },
		{ &pf_host_vtd, 0, { UINT64_C(0x0000000012340001), 0x8000 | 0x1ff << 3 | 1 }, { 0x1234, 0, 0x1ff, false, false, false, false, 0x8000 } },
		{ &pf_host_vtd, 0, { UINT64_C(0x0000000512340101), 4 }, { 0x1234, 5, 0, true, true, false, true, 0 } },
		{ &pf_host_smmuv3, 0, { 0x6000000000000001, 0x7007 }, { 1, 0, 7, false, true, false, false, 0x7000 } },
		{ &pf_host_smmuv3, 0, { 0x9c0fedcb00000002, 0 }, { 2, 0xfedcb, 0, true, false, false, false, 0 } },
		{ &pf_host_smmuv3, 0, { 0xc000000500000002, 0 }, { 2, 5, 0, true, true, false, true, 0 } },
		{ &pf_host_smmuv3, 1, { UINT64_C(0x00000300) << 32 | 5 << 12 | 1 << 11 | 0x10, 1u << 31 | 0x2a, 0x12345678, 0 },
		  { 0x300, 5, 0x2a, true, true, true, false, 0x12345000 } },
		{ &pf_host_smmuv3, 1, { UINT64_C(0x00000300) << 32 | 0x10, 0x2a, 0x12345678, 0 }, { 0x300, 0, 0x2a, false, true, true, true, 0x12345000 } },
		{ &pf_host_amdvi, 0, { 0x1020020700000300, 0x7000 }, { 0x300, 0, 7, false, true, false, false, 0x7000 } },
		{ &pf_host_amdvi, 0, { 0x11063c00edcb0300, 0 }, { 0x300, 0xfedcb, 0, true, false, false, false, 0 } },
		{ &pf_host_amdvi, 0, { 0x1100020000050300, 0 }, { 0x300, 5, 0, true, true, false, true, 0 } },
	};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		struct pf_entry e = { 0 };
		const struct pf_entry *w = &row[i].e;

		row[i].o->decode(row[i].q, row[i].w, &e);
		ck_assert_msg(e.rid == w->rid && e.has_pasid == w->has_pasid && (!w->has_pasid || e.pasid == w->pasid) && e.tag == w->tag && e.last == w->last &&
				      e.stall == w->stall && e.other == w->other && e.addr == w->addr, "row %u", i);
	}
}
END_TEST

/* ---- closed forms ---- */

/* One fault at a time: software needs its service time, a load and three stores, and the tail write. */
START_TEST(one_fault_at_a_time)
{
	struct machine *m = configure((unsigned)_i);
	const struct pf_stats *s;

	set(m, "page_faults.devices=1");
	set(m, "page_faults.dmas=64");
	set(m, "page_faults.pages=64");
	set(m, "page_faults.length=64");
	set(m, "page_faults.service=fixed");
	set(m, "devices.outstanding=1");
	run(m);
	s = &m->l.h.st;
	check_sums(m, file[_i]);
	ck_assert_uint_eq(s->groups + s->stalls, 64);
	ck_assert_uint_eq(s->mapped, 64);
	ck_assert_uint_eq(s->latency_ps.min, US(20) + 2000 + 3 * 1000 + 100000);
	ck_assert_uint_eq(s->latency_ps.max, s->latency_ps.min);
	ck_assert_uint_eq(s->wait_ps.max, 0);
	/* as the device sees it: the same, and notice, entry, command and the links */
	if (_i != STALL) {
		uint64_t least = s->latency_ps.min - 100000 + US(2) + 2 * m->c.plat.dev_default.link_lat_ps;

		ck_assert_uint_gt(pri(m, 0)->latency_ps.min, least);
		ck_assert_uint_lt(pri(m, 0)->latency_ps.max, least + US(4));
	}
	forget(m);
}
END_TEST

/* Enough waiting: k threads serve k groups in a service time. */
START_TEST(threads_share_the_work)
{
	for (unsigned k = 1; k <= 8; k *= 2) {
		struct machine *m = configure((unsigned)_i);
		double ideal = 4 * 256 * 20.0 / k, us;

		set(m, "page_faults.threads=%u", k);
		set(m, "page_faults.service=fixed");
		set(m, "page_faults.length=64");
		set(m, "page_faults.dmas=256");
		run(m);
		check_sums(m, file[_i]);
		us = (double)plat_statistics(m->p)->sim_ps / 1e6;
		ck_assert_msg(us > ideal && us < ideal * 1.03 + 30, "%s, %u threads: %.1f us, ideal %.1f", file[_i], k, us, ideal);
		forget(m);
	}
}
END_TEST

/* Credits: never more pages outstanding than allowed, whatever the device would like. */
START_TEST(credits_bound_what_waits)
{
	static const uint32_t allowed[] = { 1, 4, 16 };

	for (unsigned i = 0; i < ARRAY_LEN(allowed); i++) {
		struct machine *m = configure((unsigned)_i);

		set(m, "page_faults.devices=1");
		set(m, "page_faults.threads=1");
		set(m, "page_faults.length=64");
		set(m, "page_faults.dmas=256");
		set(m, "page_faults.service=fixed");
		set(m, "devices.pri.allocation=%u", allowed[i]);
		run(m);
		check_sums(m, file[_i]);
		ck_assert_uint_gt(pri(m, 0)->credit_waits, 0);
		ck_assert_uint_le(m->l.h.st.most_ready, allowed[i]);
		/* Little: with the queue always full, a group waits for `allowed` services */
		ck_assert_double_lt(fabs((double)pri(m, 0)->latency_ps.sum / (double)pri(m, 0)->latency_ps.n / (double)US(20) / allowed[i] - 1), allowed[i] == 1 ? 0.25 : 0.12);
		forget(m);
	}
}
END_TEST

START_TEST(groups_are_put_together)
{
	struct machine *m = configure((unsigned)_i);

	set(m, "page_faults.length=64K");
	set(m, "page_faults.dmas=64");
	set(m, "page_faults.pages=1024");
	set(m, "page_faults.pasids=2");
	set(m, "page_faults.devices=2");
	set(m, "devices.pri.group=16");
	set(m, "devices.outstanding=1");
	run(m);
	check_sums(m, file[_i]);
	ck_assert_uint_eq(m->l.h.st.requests, 2 * 64 * 16);
	ck_assert_uint_eq(m->l.h.st.groups, 2 * 64);
	ck_assert_uint_eq(m->l.h.st.mapped, 2 * 64 * 16);
	forget(m);
}
END_TEST

START_TEST(pages_that_do_not_exist)
{
	struct machine *m = configure((unsigned)_i);

	set(m, "page_faults.invalid_every=8");
	set(m, "page_faults.length=64");
	set(m, "page_faults.dmas=256");
	run(m);
	check_sums(m, file[_i]);
	ck_assert_uint_eq(m->l.st.failed, 4 * 256 / 8);
	ck_assert_uint_eq(m->l.h.st.mapped, 4 * 256 * 7 / 8);
	ck_assert_uint_ge(m->l.h.st.invalid, 4 * 256 / 8);
	forget(m);
}
END_TEST

/* A poller and small batches give the same answers. */
START_TEST(polling_in_small_batches)
{
	struct machine *m = configure((unsigned)_i);

	set(m, "page_faults.notice=poll");
	set(m, "page_faults.batch=2");
	set(m, "page_faults.length=64");
	set(m, "page_faults.dmas=256");
	run(m);
	check_sums(m, file[_i]);
	ck_assert_uint_eq(m->l.h.st.mapped, 4 * 256);
	ck_assert_uint_le(m->l.h.st.batch.max, 2);
	forget(m);
}
END_TEST

/* ---- overflow ---- */

static struct machine *crowded(unsigned which)
{
	struct machine *m = configure(which);

	set(m, "page_faults.devices=16");
	set(m, "page_faults.length=16K");
	set(m, "page_faults.pages=256");
	set(m, "page_faults.dmas=64");
	set(m, "page_faults.backlog=16");
	set(m, "page_faults.queue_log2=%u", which == AMD ? 8 : 7);
	set(m, "devices.pri.group=4");
	set(m, "devices.pri.retries=0");
	set(m, "devices.mrrs=4096");
	set(m, "devices.outstanding=64");
	set(m, "page_faults.service_time=10us");
	return m;
}

/* What the queue does not take is answered by the unit, the device asks again, and everything is served in the end. */
START_TEST(overflow_loses_no_dma)
{
	struct machine *m = crowded((unsigned)_i);

	run(m);
	check_sums(m, file[_i]);
	ck_assert_uint_gt(m->l.h.st.overflows, 0);
	ck_assert_uint_gt(m->l.h.st.blocked, 0);
	ck_assert_uint_eq(m->l.st.done, 16 * 64);
	ck_assert_uint_eq(m->l.h.st.mapped, 16 * 256);
	forget(m);
}
END_TEST

/* AMD-Vi without automatic responses: groups that meet the full log are answered by nobody, and their DMAs never end. */
START_TEST(no_automatic_response_no_end)
{
	struct machine *m = crowded(AMD);

	set(m, "page_faults.auto_response=false");
	run(m);
	ck_assert_uint_gt(m->l.h.st.overflows, 0);
	ck_assert_uint_gt(m->l.st.unfinished, 0);
	ck_assert_uint_eq(m->l.st.misplaced, 0);
	ck_assert(dev_waiting(plat_find_device(m->p, 0, pf_rid(0))));
	forget(m);
}
END_TEST

/* More transactions than can stall: those beyond are refused although software would have brought their pages. */
START_TEST(stalls_beyond_the_limit_fail)
{
	struct machine *m = configure(STALL);

	run(m);
	check_sums(m, file[STALL]);
	ck_assert_uint_eq(m->l.st.failed, 0);
	ck_assert_uint_gt(m->l.h.st.stalls, 0);
	forget(m);
	m = configure(STALL);
	set(m, "devices.outstanding=32");
	run(m);
	ck_assert_uint_gt(m->l.st.failed_wrongly, 0);
	ck_assert_uint_eq(m->l.st.unfinished, 0);
	ck_assert_uint_gt(m->l.h.st.other, 0); /* their records do not say Stall */
	forget(m);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(machines_that_cannot)
{
	static const struct { unsigned which; const char *set, *why; } bad[] = {
		{ VTD, "vtd.ecap=0xf050df", "ECAP.PRS" }, { VTD, "page_faults.queue_log2=6", "2^7" }, { VTD, "devices.atc.entries=0", "does not stall" },
		{ AMD, "amdvi.efr=0", "EFR.PPRSup" }, { AMD, "page_faults.queue_log2=7", "2^8" }, { SMMU, "smmuv3.idr0=0x084c369b", "IDR0.PRI" },
		{ STALL, "smmuv3.idr0=0x094d369b", "STALL_MODEL" }, { SMMU, "devices.atc.on_no_access=fail", "expected pri" },
		{ SMMU, "page_faults.service_min=1ms", "service_max" }, { SMMU, "page_faults.service=table", "at least two points" },
		{ SMMU, "page_faults.pages=1", "do not fit" },
	};

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		struct machine *m = configure(bad[i].which);
		struct err e = { 0 };

		if (i == ARRAY_LEN(bad) - 1)
			set(m, "page_faults.length=8K");
		set(m, "%s", bad[i].set);
		ck_assert_msg(!build(m, &e), "%s is accepted", bad[i].set);
		ck_assert_msg(e.code == ERR_INPUT && strstr(e.msg, bad[i].why), "%s: %s", bad[i].set, e.msg);
		forget(m);
	}
}
END_TEST

/* ---- random machines ---- */

static uint32_t pick(struct rng *r, uint32_t low, uint32_t high)
{
	return low + (uint32_t)rng_below(r, high - low + 1);
}

static void random_case(unsigned which, uint64_t seed)
{
	static const char *const service[] = { "fixed", "uniform", "exponential" };
	struct machine *m = configure(which);
	char what[100];
	struct rng r;

	rng_seed(&r, seed);
	snprintf(what, sizeof(what), "%s, seed %llu", file[which], (unsigned long long)seed);
	set(m, "seed=%u", (unsigned)seed);
	set(m, "page_faults.threads=%u", pick(&r, 1, 8));
	set(m, "page_faults.batch=%u", pick(&r, 0, 3) * 3);
	set(m, "page_faults.backlog=%u", 1u << pick(&r, 0, 8));
	set(m, "page_faults.service=%s", service[pick(&r, 0, 2)]);
	set(m, "page_faults.notice=%s", pick(&r, 0, 1) ? "poll" : "interrupt");
	set(m, "page_faults.queue_log2=%u", (which == VTD ? 7 : which == AMD ? 8 : 4) + pick(&r, 0, 3));
	set(m, "page_faults.devices=%u", pick(&r, 1, which == STALL ? 4 : 8));
	set(m, "page_faults.pasids=%u", pick(&r, 1, 4));
	set(m, "page_faults.absent_devices=%u", pick(&r, 1, 8));
	set(m, "page_faults.pages=%u", pick(&r, 16, 200));
	set(m, "page_faults.dmas=%u", pick(&r, 1, 200));
	set(m, "page_faults.length=%u", pick(&r, 1, 16384));
	set(m, "page_faults.direction=%s", pick(&r, 0, 1) ? "read" : "write");
	set(m, "page_faults.period=%uns", pick(&r, 0, 1) * pick(&r, 1, 5000));
	set(m, "page_faults.invalid_every=%u", pick(&r, 0, 1) * pick(&r, 2, 40));
	set(m, "devices.outstanding=%u", pick(&r, 1, 16));
	set(m, "devices.retire=%s", pick(&r, 0, 1) ? "any" : "in-order");
	if (which != STALL) {
		set(m, "devices.pri.allocation=%u", pick(&r, 1, 32));
		set(m, "devices.pri.group=%u", pick(&r, 1, 8));
		set(m, "devices.pri.retries=0");
		set(m, "devices.atc.entries=%u", 4u << pick(&r, 0, 6));
		set(m, "devices.atc.prefetch=%u", pick(&r, 0, 3));
	}
	run(m);
	check_sums(m, what);
	forget(m);
}

START_TEST(random_machines)
{
	const char *cases = getenv("PF_CASES"), *first = getenv("SIM_SEED");
	unsigned n = cases ? (unsigned)strtoul(cases, NULL, 0) : 25;
	uint64_t seed = first ? strtoull(first, NULL, 0) : 1;

	for (unsigned i = 0; i < n; i++)
		for (unsigned w = 0; w < MACHINES; w++)
			random_case(w, seed + i);
	printf("test_pf_host: %u random machines of each of %d kinds\n", n, MACHINES);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pf_host");
	TCase *t = tcase_create("pf_host");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 500);
	tcase_add_test(t, draws_follow_the_table);
	tcase_add_test(t, draws_of_the_other_kinds);
	tcase_add_test(t, bad_tables_are_refused);
	tcase_add_test(t, answers_as_the_specifications_have_them);
	tcase_add_test(t, entries_as_the_specifications_have_them);
	tcase_add_loop_test(t, one_fault_at_a_time, 0, MACHINES);
	tcase_add_loop_test(t, threads_share_the_work, 0, STALL);
	tcase_add_loop_test(t, credits_bound_what_waits, 0, STALL);
	tcase_add_loop_test(t, groups_are_put_together, 0, STALL);
	tcase_add_loop_test(t, pages_that_do_not_exist, 0, MACHINES);
	tcase_add_loop_test(t, polling_in_small_batches, 0, MACHINES);
	tcase_add_loop_test(t, overflow_loses_no_dma, 0, STALL);
	tcase_add_test(t, no_automatic_response_no_end);
	tcase_add_test(t, stalls_beyond_the_limit_fail);
	tcase_add_test(t, machines_that_cannot);
	tcase_add_test(t, random_machines);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
