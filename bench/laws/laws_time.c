/* SPDX-License-Identifier: Apache-2.0 */
/* laws_time.c - rates and times of whole machines: link (VAL-A07), requests in flight (A08), walkers (A09), hit rate and slices (A04, A14), monotonicity (A22). */
#include "laws.h"

static double seconds(const struct lab *l)
{
	return 1e-12 * (double)plat_statistics(l->p)->sim_ps;
}

/* Writes of one size to one page: the rate of the link less headers. */
static void link_bound(void)
{
	static const uint32_t size[] = { 64, 128, 256, 512, 1024, 4096 };
	const double raw = 7.877e9, header = 24, mps = 256;

	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (size_t i = 0; i < ARRAY_LEN(size); i++) {
			struct lab *l = lab_new(lab_arch[a]);
			double s = size[i], want = raw * s / (s + ceil(s / mps) * header), got;

			lab_set(l, "gen.count=400000");
			lab_set(l, "gen.window=4K");
			lab_set(l, "gen.size=%u", (unsigned)size[i]);
			lab_set(l, "gen.write_percent=100");
			lab_set(l, "devices.outstanding=512");
			lab_run(l, NULL, NULL);
			got = 400000 * s / seconds(l);
			law_most("VAL-A07", lab_arch[a], want, got, 0.005 * want, "writes of %u bytes over 7.877 GB/s; 24 bytes of header; MPS 256: payload (B/s)", (unsigned)size[i]);
			lab_free(l);
		}
}

static struct lab *readers(const char *arch, unsigned q)
{
	struct lab *l = lab_new(arch);

	lab_set(l, "gen.count=20000");
	lab_set(l, "gen.window=4K");
	lab_set(l, "gen.write_percent=0");
	lab_set(l, "devices.outstanding=%u", q);
	lab_set(l, "devices.link.bandwidth=0");
	l->c.plat.replay.warmup_dmas = 2000;
	lab_run(l, NULL, NULL);
	return l;
}

static void in_flight(void)
{
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (unsigned q = 1; q <= 64; q *= 4) {
			struct lab *l = readers(lab_arch[a], q);
			const struct hist *h = lab_hist(l, "dev.01:00.0", "latency");
			double lat = 1e-12 * (double)h->sum / (double)h->n, x = (double)h->n / seconds(l);

			/* two crossings of the link, one lookup, one memory read; a request port takes one each nanosecond */
			law("VAL-A08", lab_arch[a], 200 + lab_hist(l, "u0", "latency")->min * 1e-3 + 90, 1e9 * lat, q == 1 ? 0 : 0.1 * q, "%u in flight, no bandwidth limit: latency (ns)", q);
			law("VAL-A08", lab_arch[a], q / lat, x, q == 1 ? 1e-9 * x : 0.002 * x, "... requests a second = in flight / latency");
			if (q == 1)
				law("VAL-A10", lab_arch[a], (double)plat_statistics(l->p)->sim_ps, (double)h->sum, 0, "one in flight: sum of latencies = the time somebody is in the device's queue (ps)");
			lab_free(l);
		}
}

/* Every request walks, each walk reads one word. */
static void walker_bound(void)
{
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (unsigned w = 1; w <= 6; w += w == 1 ? 4 : 1) {
			struct lab *l = lab_new(lab_arch[a]);
			double delta, got, mean;

			lab_iotlb(l, 0, 0);
			lab_set(l, "memory.latency=287 ns");
			lab_set(l, "units.u0.merge=false");
			lab_set(l, "units.u0.walkers=%u", w);
			lab_set(l, "gen.window=2M");
			lab_set(l, "gen.count=30000");
			lab_set(l, "devices.outstanding=256");
			lab_set(l, "devices.link.bandwidth=0");
			l->c.plat.replay.warmup_dmas = 5000;
			lab_run(l, NULL, NULL);
			mean = (double)lab_stat(l, "u0", "walk_ps") / (double)lab_stat(l, "u0", "walks");
			delta = 1e-12 * mean;
			got = (double)lab_hist(l, "dev.01:00.0", "latency")->n / seconds(l);
			law("VAL-A09", lab_arch[a], w / delta, got, 0.01 * w / delta, "%u walkers; a walk takes %.1f ns; always busy: walks a second", w, 1e-3 * mean);
			lab_free(l);
		}
}

static void machine_hit_rate(void)
{
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (unsigned pages = 128; pages <= 512; pages *= 2) {
			struct lab *l = lab_new(lab_arch[a]);
			double want = 64.0 / pages, n, got;

			lab_iotlb(l, 64, 0);
			lab_set(l, "software.superpages=false");
			lab_set(l, "gen.window=%u", pages * 4096);
			lab_set(l, "gen.count=100000");
			lab_set(l, "devices.outstanding=1");
			l->c.plat.replay.warmup_dmas = 5000;
			lab_run(l, NULL, NULL);
			n = (double)lab_stat(l, "u0", "requests");
			got = (double)lab_stat(l, "u0", "hits") / n;
			law("VAL-A04", lab_arch[a], want, got, 3 * sqrt(want * (1 - want) / n), "IOTLB of 64 entries: uniform over %u pages: hit rate", pages);
			lab_free(l);
		}
}

/* Misses in the device's cache of 32 entries in two slices: @n1 pages of PASID 1 and @n2 of PASID 2, in turn. */
static double atc_misses(const char *arch, unsigned n1, unsigned n2)
{
	struct lab *l = lab_new(arch);
	struct lab_trace t = { 0 };
	double misses;

	lab_set(l, "devices.atc.entries=32");
	lab_set(l, "devices.atc.partition=pasid");
	lab_set(l, "devices.atc.slices=2");
	lab_set(l, "devices.outstanding=1");
	lab_set(l, "software.superpages=false");
	lab_attach(&t, TRC_NO_PASID, 3, "fs");
	for (unsigned p = 1; p <= 2; p++) {
		lab_attach(&t, p, p, "fs");
		for (unsigned i = 0; i < (p == 1 ? n1 : n2); i++)
			lab_map(&t, TRC_MAP, p, (uint64_t)i << 12, ((uint64_t)p << 32) + ((uint64_t)i << 13), 4096);
	}
	struct trc_rec *r = lab_dma(&t, 0, 1, 'r');
	r->kind = TRC_DEVICE;
	r->u.dev.rid = LAB_RID;
	r->u.dev.event = TRC_DEV_ATS_ON;
	for (unsigned i = 0; i < 4000; i++)
		for (unsigned p = 1; p <= 2; p++) {
			unsigned n = p == 1 ? n1 : n2;

			if (n)
				lab_dma(&t, (uint64_t)(i * (p == 1 ? 7 : 5) % n) << 12, 64, 'r')->u.dma.pasid = p;
		}
	lab_run(l, lab_next, &t);
	misses = (double)lab_stat(l, "dev.01:00.0.atc", "misses");
	lab_trace_free(&t);
	lab_free(l);
	return misses;
}

static void slices(void)
{
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++) {
		double alone = atc_misses(lab_arch[a], 12, 0);

		law("VAL-A14", lab_arch[a], 12, alone, 0, "device cache of 32 entries in two slices: 12 pages of PASID 1 alone: misses");
		for (unsigned n2 = 8; n2 <= 64; n2 *= 2)
			law("VAL-A14", lab_arch[a], alone, atc_misses(lab_arch[a], 12, n2) - atc_misses(lab_arch[a], 0, n2), 0, "... with PASID 2 using %u pages", n2);
	}
}

/*
 * Monotonicity, closed loop, behind a warm-up of 2000 DMAs: at a cold start more requests in flight walk for one page side by side,
 * because nothing is merged before the configuration is known, and that may cost more than it brings.
 */
struct knobs { unsigned lat, walkers, outstanding, iotlb, nested, churn; const char *over; };

static double rate(const char *arch, unsigned seed, unsigned pages, const struct knobs *k)
{
	struct lab *l = lab_new(arch);
	double x;

	lab_iotlb(l, k->iotlb, 0);
	lab_set(l, "seed=%u", seed);
	lab_set(l, "memory.latency=%u ns", k->lat);
	lab_set(l, "units.u0.walkers=%u", k->walkers);
	lab_set(l, "devices.outstanding=%u", k->outstanding);
	lab_set(l, "software.mode=%s", k->nested ? "nested" : "fs");
	lab_set(l, "software.superpages=false");
	lab_set(l, "units.u0.inv.over=%s", k->over ? k->over : "none");
	lab_set(l, "gen.churn=%u", k->churn);
	lab_set(l, "gen.window=%u", pages * 4096);
	lab_set(l, "gen.count=6000");
	l->c.plat.replay.warmup_dmas = 2000;
	lab_run(l, NULL, NULL);
	x = (double)lab_hist(l, "dev.01:00.0", "latency")->n / seconds(l);
	lab_free(l);
	return x;
}

static void monotone(bool quick)
{
	static const char *const what[] = { "memory latency doubled", "walkers doubled", "requests in flight doubled", "IOTLB doubled", "a second stage" };
	const unsigned n = quick ? 8 : 40;
	struct rng r;

	rng_seed(&r, 23);
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++) {
		unsigned reversed[5] = { 0 };

		for (unsigned i = 0; i < n; i++) {
			struct knobs k = { .lat = 50 + 50 * (unsigned)rng_below(&r, 8), .walkers = 1u << rng_below(&r, 4), .outstanding = 1u << rng_below(&r, 7),
					   .iotlb = 16u << rng_below(&r, 4) };
			unsigned pages = 32u << rng_below(&r, 4);
			double base = rate(lab_arch[a], i + 1, pages, &k);

			for (unsigned c = 0; c < ARRAY_LEN(what); c++) {
				struct knobs m = k;
				double x;

				m.lat *= c == 0 ? 2 : 1;
				m.walkers *= c == 1 ? 2 : 1;
				m.outstanding *= c == 2 ? 2 : 1;
				m.iotlb *= c == 3 ? 2 : 1;
				m.nested = c == 4;
				x = rate(lab_arch[a], i + 1, pages, &m);
				reversed[c] += c == 0 || c == 4 ? x > 1.005 * base : x < 0.995 * base;
			}
		}
		for (unsigned c = 0; c < ARRAY_LEN(what); c++)
			law("VAL-A22", lab_arch[a], 0, reversed[c], 0, "%u random machines; %s: rates that went the wrong way by more than 0.5 %%", n, what[c]);
	}
}

/* One page is remapped every 20 DMAs: what its invalidation drops besides. */
static void scopes(bool quick)
{
	const unsigned n = quick ? 8 : 40;
	struct rng r;

	rng_seed(&r, 31);
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++) {
		unsigned reversed = 0, slower = 0;

		for (unsigned i = 0; i < n; i++) {
			struct knobs k = { .lat = 50 + 50 * (unsigned)rng_below(&r, 8), .walkers = 1u << rng_below(&r, 4), .outstanding = 1u << rng_below(&r, 7),
					   .iotlb = 64u << rng_below(&r, 3), .churn = 20 };
			unsigned pages = 32u << rng_below(&r, 3);
			double page = rate(lab_arch[a], i + 1, pages, &k), domain;

			k.over = a ? "all" : "global";
			domain = rate(lab_arch[a], i + 1, pages, &k);
			reversed += domain > 1.005 * page;
			slower += domain < page;
		}
		law("VAL-A22", lab_arch[a], 0, reversed, 0, "%u random machines; invalidation of everything instead of a page: rates that went the wrong way by more than 0.5 %%", n);
		law("VAL-A22", lab_arch[a], n, slower, 0.1 * n, "... machines that it made slower");
	}
}

void laws_time(bool quick)
{
	machine_hit_rate();
	link_bound();
	in_flight();
	walker_bound();
	slices();
	monotone(quick);
	scopes(quick);
}
