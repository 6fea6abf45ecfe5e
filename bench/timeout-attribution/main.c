/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - bench_timeouts: who timed out? Truth against what a driver infers, over architecture, batch, devices, faults and reaction.
 *   bench_timeouts [--quick] points     the measured points, one CSV row each (mean over the seeds)
 *   bench_timeouts val30                time-out constants (VAL-30): published value, ours, band, verdict; exit status 1 if one is missed
 *   bench_timeouts val32                bandwidth over tenants with identical addresses (VAL-31, VAL-32), likewise
 *   bench_timeouts one KEY=VALUE ...    a single run, every figure on a line of its own
 * Time-outs of the hardware are scaled 1:1000 in `points`: VT-d and SMMUv3 60 ms (the minute of PCIe ATS), AMD-Vi 1 ms (code 1; Linux programs
 * one second). Nothing else is scaled. What is measured and how: docs/timeouts.md.
 */
#include "world.h"
#include "val30.h"
#include "val32.h"

static const char *const policy_name[] = { "ignore", "retry", "singles", "bisect", "quarantine", "reset" };
static const char *const kind_name[] = { "silent-pasid", "silent-function", "late", "ur", "once" };
static const char *const snap_name[] = { "all", "last", "ring" };
enum { SEEDS = 3, ALL_SEEDS = 12 };
#define LIMIT_PS UINT64_C(200000000000000)

static void die(const char *what)
{
	fprintf(stderr, "bench_timeouts: %s\n", what);
	exit(3);
}

struct sums { /* over the seeds of a point */
	double incidents, suspects, suspects_true, truth, blamed, blamed_true, hit, reissued, reissued_innocent, stall, detect, held, p50, p99, exposed,
		fenced_innocent, reg_reads, looks, reg_writes, commands, waits, swallowed, end, sw_timeouts, bad, refused_innocent, dma, lat_n, after;
};

static void add(struct sums *s, const struct world_result *r)
{
	s->incidents += (double)r->st.incidents;
	s->suspects += (double)r->suspects;
	s->suspects_true += (double)r->suspects_true;
	s->truth += (double)r->truth;
	s->blamed += (double)r->blamed;
	s->blamed_true += (double)r->blamed_true;
	s->hit += (double)r->hit;
	s->reissued += (double)r->reissued;
	s->reissued_innocent += (double)r->reissued_innocent;
	s->stall += (double)r->st.stall_ps;
	s->detect += (double)r->st.detect_ps;
	s->held += r->held;
	s->p50 += (double)r->lat_p50;
	s->p99 += (double)r->lat_p99;
	s->exposed += (double)r->exposed;
	s->fenced_innocent += (double)r->fenced_innocent;
	s->reg_reads += (double)r->st.reg_reads;
	s->looks += (double)r->st.looks;
	s->reg_writes += (double)r->st.reg_writes;
	s->commands += (double)r->st.commands;
	s->waits += (double)r->st.waits;
	s->swallowed += (double)r->swallowed;
	s->end += (double)r->end_ps;
	s->sw_timeouts += (double)r->st.sw_timeouts;
	s->bad += (double)r->st.bad_completions;
	s->refused_innocent += (double)r->dma_refused_innocent;
	s->dma += (double)r->dma;
	s->lat_n += (double)r->innocents;
	s->after += (double)r->dma_faulty_after;
}

static void ratio(double a, double b)
{
	if (b > 0)
		printf(",%.4f", a / b);
	else
		printf(",n/a");
}

static void header(void)
{
	puts("set,arch,policy,fence,batch,devices,vdevs,faulty,fault,sw_timeout_us,snapshot,ring,timeout_us,seeds,incidents,suspects,precision,"
	     "recall,blamed,blame_precision,blame_recall,reissued,reissued_innocent,detect_in_timeouts,stall_us,stall_in_timeouts,held_page_ms,latency_p50_us,"
	     "latency_p99_us,exposed_pages,blocked_innocents,register_reads,looks,register_writes,commands,waits,swallowed,ns_per_invalidation,"
	     "sw_timeouts,bad_completions,reads,reads_refused_innocent,reads_through_fence,pages_confirmed_innocent");
}

/* One row: @c over @seeds seeds. */
static void point(const char *set, struct world_cfg c, unsigned seeds)
{
	struct sums s = { 0 };
	struct world_result r;
	struct err e = { 0 };
	double n = seeds, t = (double)c.timeout_ps;

	for (unsigned i = 1; i <= seeds; i++) {
		c.seed = i;
		if (!world_run(&c, LIMIT_PS, &r, &e))
			die(e.msg);
		if (!r.finished)
			die("a run did not end");
		add(&s, &r);
	}
	printf("%s,%s,%s,%s,%u,%u,%u,%u,%s,%.0f,%s,%u,%.0f,%u,%.3f", set, world_arch[c.arch], policy_name[c.host.policy],
	       c.host.fence == INVH_FENCE_RID ? "rid" : "pasid", c.host.batch, c.devices, c.vdevs, c.faulty, kind_name[c.kind],
	       (double)c.host.sw_timeout_ps / 1e6, snap_name[c.host.snapshot], 1u << c.host.ring_lg2, t / 1e6, seeds, s.incidents / n);
	ratio(s.suspects, s.incidents);
	ratio(s.suspects_true, s.suspects);
	ratio(s.suspects_true, s.truth);
	printf(",%.3f", s.blamed / n);
	ratio(s.blamed_true, s.blamed);
	ratio(s.blamed_true, s.hit);
	printf(",%.2f,%.2f", s.reissued / n, s.reissued_innocent / n);
	ratio(s.detect / t, s.incidents);
	printf(",%.3f", s.stall / n / 1e6);
	ratio(s.stall / t, s.incidents);
	printf(",%.4f,%.3f,%.3f,%.3f,%.3f,%.0f,%.0f,%.0f,%.0f,%.0f,%.2f,%.1f,%.2f,%.2f,%.0f,%.2f,%.2f,%.0f\n", s.held / n * 1e3, s.p50 / n / 1e6,
	       s.p99 / n / 1e6, s.exposed / n, s.fenced_innocent / n, s.reg_reads / n, s.looks / n, s.reg_writes / n, s.commands / n, s.waits / n, s.swallowed / n,
	       s.end / n / c.items / 1e3, s.sw_timeouts / n, s.bad / n, s.dma / n, s.refused_innocent / n, s.after / n, s.lat_n / n);
}

static struct world_cfg base(uint32_t arch)
{
	struct world_cfg c;

	world_defaults(&c);
	world_arch_set(&c, arch);
	c.dma_ps = 20000000;
	return c;
}

static void points(bool quick)
{
	static const uint32_t batch[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256 }, few[] = { 1, 8, 64, 256 };
	unsigned seeds = quick ? 1 : SEEDS, many = quick ? 2 : ALL_SEEDS, skip = quick ? 2 : 1;
	struct world_cfg c;

	header();
	for (uint32_t a = 0; a < W_ARCHS; a++) {
		for (unsigned b = 0; b < ARRAY_LEN(batch); b += skip) {
			c = base(a);
			c.host.batch = batch[b];
			for (c.host.policy = INVH_IGNORE; c.host.policy <= INVH_RESET; c.host.policy++)
				point("policy", c, seeds);
			/* no faults, all pages there from the start: the price of a small batch */
			c.host.policy = INVH_SINGLES;
			c.faulty = 0;
			c.period_ps = 0;
			c.dma_ps = 0;
			point("speed", c, 1);
		}
		for (unsigned b = 0; b < ARRAY_LEN(batch); b += skip) {
			c = base(a);
			c.host.batch = batch[b];
			for (c.faulty = 1; c.faulty <= 4; c.faulty *= 2)
				point("faulty", c, many);
		}
		for (unsigned b = 0; b < ARRAY_LEN(few); b++) {
			c = base(a);
			c.host.batch = few[b];
			for (c.devices = 1; c.devices <= 64; c.devices *= 4)
				point("devices", c, seeds);
			c = base(a);
			c.host.batch = few[b];
			c.kind = W_ONCE;
			for (c.host.policy = INVH_IGNORE; c.host.policy <= INVH_RESET; c.host.policy++)
				point("once", c, seeds);
		}
		for (uint32_t v = 1; v <= INVH_MAX_VDEVS; v *= 2) { /* SIOV: 64 virtual devices of 64 to 4 functions */
			c = base(a);
			c.vdevs = v;
			c.devices = 64 / v;
			c.host.batch = 64;
			for (c.host.fence = INVH_FENCE_RID; c.host.fence <= INVH_FENCE_PASID; c.host.fence++)
				for (c.host.policy = INVH_SINGLES; c.host.policy <= INVH_QUARANTINE; c.host.policy += 2)
					point("siov", c, seeds);
		}
	}
	/* a driver's time-out shorter than the hardware's, and a ring that wraps meanwhile */
	for (uint32_t s = INVH_SNAP_ALL; s <= INVH_SNAP_RING; s++) {
		for (uint32_t lg2 = 8; lg2 <= 10; lg2++) {
			c = base(W_AMDVI);
			c.host.snapshot = s;
			c.host.ring_lg2 = lg2;
			c.host.batch = 32;
			c.host.policy = INVH_IGNORE;
			c.host.sw_timeout_ps = 100000000;
			c.host.sw_then = INVH_SW_GO_ON;
			point("wrap", c, many);
		}
	}
}

/* ---- one run ---- */

static const struct {
	const char *key;
	size_t off;
	bool time; /* given in ns */
} keys[] = {
#define U(k, m) { k, offsetof(struct world_cfg, m), false }
#define T(k, m) { k, offsetof(struct world_cfg, m), true }
	U("devices", devices), U("vdevs", vdevs), U("faulty", faulty), U("kind", kind), U("items", items), U("first_faulty", first_faulty),
	U("faulty_step", faulty_step), U("onset", onset), T("timeout_ns", timeout_ps), T("itag_hold_ns", itag_hold_ps), T("period_ns", period_ps), T("answer_ns", answer_ps), T("dma_ns", dma_ps),
	U("batch", host.batch), U("policy", host.policy), U("retries", host.retries), U("fence", host.fence), T("sw_timeout_ns", host.sw_timeout_ps),
	U("sw_then", host.sw_then), T("look_ns", host.look_ps), T("reset_ns", host.reset_ps), U("ring_lg2", host.ring_lg2), U("snapshot", host.snapshot),
#undef U
#undef T
};

static void set(struct world_cfg *c, const char *arg)
{
	const char *eq = strchr(arg, '=');
	char *end;
	uint64_t v = eq ? strtoull(eq + 1, &end, 0) : 0;

	if (!eq || end == eq + 1 || *end)
		die("expected KEY=NUMBER");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (strlen(keys[i].key) != (size_t)(eq - arg) || strncmp(keys[i].key, arg, (size_t)(eq - arg)) != 0)
			continue;
		if (keys[i].time)
			*(uint64_t *)((char *)c + keys[i].off) = v * 1000;
		else
			*(uint32_t *)((char *)c + keys[i].off) = (uint32_t)v;
		return;
	}
	if ((size_t)(eq - arg) == 4 && strncmp(arg, "arch", 4) == 0 && v < W_ARCHS)
		world_arch_set(c, (uint32_t)v);
	else
		die("no such key");
}

static int one(int argc, char **argv)
{
	struct world_cfg c = base(W_VTD);

	for (int i = 0; i < argc; i++)
		set(&c, argv[i]);
	if (c.kind >= ARRAY_LEN(kind_name) || c.host.policy > INVH_RESET || c.host.snapshot > INVH_SNAP_RING || !c.devices ||
	    c.devices > INVH_MAX_DEVICES || !c.vdevs || c.vdevs > INVH_MAX_VDEVS || !c.items || c.items > 1u << 20)
		die("a value is out of range");
	header();
	point("one", c, 1);
	return 0;
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	const char *what = argc > 1 + quick ? argv[1 + quick] : "";

	if (strcmp(what, "points") == 0 && argc == 2 + quick) {
		points(quick);
		return 0;
	}
	if (strcmp(what, "val30") == 0 && argc == 2)
		return val30();
	if (strcmp(what, "val32") == 0 && argc == 2)
		return val32();
	if (strcmp(what, "one") == 0)
		return one(argc - 2, argv + 2);
	fprintf(stderr, "usage: bench_timeouts [--quick] points | val30 | val32 | one [KEY=NUMBER ...]\n");
	return 2;
}
