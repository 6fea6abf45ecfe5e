/* SPDX-License-Identifier: Apache-2.0 */
/*
 * laws_walk.c - how many words a walk reads (VAL-A01, A02, A03), what is conserved (A20), what every page costs once (A21), how many
 * commands a range needs (A16), and that no completed wait leaves anything behind (A19), on whole machines.
 */
#include "check/oracle.h"
#include "laws.h"

static double cold(const char *arch, const char *mode, unsigned n, unsigned m, const char *more)
{
	struct lab *l = lab_new(arch);
	double reads;

	lab_no_walk_caches(l);
	lab_set(l, "gen.count=1");
	lab_set(l, "gen.window=4K");
	lab_set(l, "software.mode=%s", mode);
	if (n)
		lab_set(l, "software.levels=%u", n);
	if (m)
		lab_set(l, "software.s2_levels=%u", m);
	if (more)
		lab_set(l, "%s", more);
	lab_run(l, NULL, NULL);
	reads = (double)lab_stat(l, "u0", "walk_reads");
	lab_free(l);
	return reads;
}

/* What the configuration structures add to nm + n + m. */
static void lengths(void)
{
	static const struct {
		const char *arch, *more, *what;
		uint8_t n_first, n_last, m_first, m_last, spa, gpa; /* spa: words at system-physical, gpa: at guest-physical addresses */
	} c[] = {
		{ "vtd", NULL, "root, context, PASID directory and entry", 4, 5, 3, 5, 4, 0 },
		{ "smmuv3", NULL, "two-level stream table, two-level CD table", 3, 4, 4, 4, 2, 2 },
		{ "smmuv3", "gen.pa_span=64G", "two-level stream table, two-level CD table", 4, 4, 3, 3, 2, 2 },
		{ "smmuv3", "software.smmu_ssid_bits=0", "two-level stream table, one CD", 3, 4, 4, 4, 2, 1 },
		{ "amdvi", "software.amd_gcr3_trp=off", "device table, GCR3 table at system-physical addresses", 4, 5, 3, 6, 2, 0 },
		{ "amdvi", "software.amd_gcr3_trp=on", "device table, GCR3 table in guest memory", 4, 5, 3, 6, 1, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		for (unsigned n = c[i].n_first; n <= c[i].n_last; n++)
			for (unsigned m = c[i].m_first; m <= c[i].m_last; m++) {
				unsigned base = (n + 1) * (m + 1) - 1, extra = c[i].spa + c[i].gpa * (m + 1);
				double got = cold(c[i].arch, "nested", n, m, c[i].more);

				law("VAL-A01", c[i].arch, base, got - extra, 0, "%u over %u levels; %s: reads of tables", n, m, c[i].what);
				law("VAL-A02", c[i].arch, base + extra, got, 0, "... with the configuration structures");
			}
	for (unsigned m = 3; m <= 5; m++)
		law("VAL-A02", "vtd", 4 + m, cold("vtd", "ss", m, 0, NULL), 0, "scalable mode, %u levels of second stage", m);
	for (unsigned m = 3; m <= 6; m++)
		law("VAL-A02", "amdvi", 1 + m, cold("amdvi", "ss", m, 0, NULL), 0, "host table of %u levels", m);
	for (unsigned m = 3; m <= 4; m++)
		law("VAL-A02", "smmuv3", 2 + m, cold("smmuv3", "ss", m, 0, NULL), 0, "stage 2 of %u levels, two-level stream table", m);
	law_none("VAL-A01", "elsewhere", "large pages in either stage: golden_closed_forms*");
}

/* Two DMAs whose addresses share the upper @d of four tables. */
static double second_walk(const char *arch, uint64_t distance, bool both)
{
	struct lab *l = lab_new(arch);
	struct lab_trace t = { 0 };
	double reads;

	lab_set(l, "software.mode=fs");
	lab_set(l, "software.superpages=false");
	lab_set(l, "devices.outstanding=1");
	lab_attach(&t, TRC_NO_PASID, 1, "");
	lab_map(&t, TRC_MAP, 1, 0, 0x100000000, 4096);
	lab_map(&t, TRC_MAP, 1, distance, 0x200000000, 4096);
	lab_dma(&t, 0, 64, 'r');
	if (both)
		lab_dma(&t, distance, 64, 'r');
	lab_run(l, lab_next, &t);
	reads = (double)lab_stat(l, "u0", "walk_reads");
	lab_trace_free(&t);
	lab_free(l);
	return reads;
}

static void depths(void)
{
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (unsigned d = 0; d <= 3; d++) {
			uint64_t distance = (uint64_t)1 << (39 - 9 * d);

			law("VAL-A03", lab_arch[a], 4 - d, second_walk(lab_arch[a], distance, true) - second_walk(lab_arch[a], distance, false), 0,
			    "four levels, the deepest cached entry resolves %u: reads", d);
		}
}

static struct lab *busy(const char *arch, unsigned k)
{
	struct lab *l = lab_new(arch);

	lab_iotlb(l, 64, k & 1 ? 4 : 0);
	lab_set(l, "gen.count=20000");
	lab_set(l, "gen.window=2M");
	lab_set(l, "gen.churn=%u", k & 2 ? 50 : 0);
	lab_set(l, "gen.devices=3");
	lab_set(l, "units.u0.merge=%s", k & 4 ? "true" : "false");
	lab_set(l, "units.u0.walkers=%u", 1 + k);
	return l;
}

static void conservation(void)
{
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (unsigned k = 0; k < 8; k++) {
			struct lab *l = busy(lab_arch[a], k);
			const char *cache = a == 1 ? "u0.tlb" : "u0.iotlb";
			double off = 0;

			lab_run(l, NULL, NULL);
#define S(n) ((double)lab_stat(l, "u0", n))
			off += fabs(S("requests") - S("hits") - S("misses"));
			off += fabs(S("misses") - S("walks") - S("merged"));
			off += fabs(S("walk_reads") - (double)lab_hist(l, "u0", "reads_per_walk")->sum);
			off += fabs((double)lab_stat(l, cache, "lookups") - (double)lab_stat(l, cache, "hits") - (double)lab_stat(l, cache, "misses"));
			off += fabs(S("requests") - (double)lab_hist(l, "u0", "latency")->n);
#undef S
			law("VAL-A20", lab_arch[a], 0, off, 0, "20000 DMAs; churn %s; merging %s: requests = hits + misses; misses = walks + merged; reads = sum over walks",
			    k & 2 ? "on" : "off", k & 4 ? "on" : "off");
			lab_free(l);
		}
}

/* CMD_PREFETCH_CONFIG counts as a walk. */
static double prefetches(const struct lab *l)
{
	return strcmp(l->arch, "smmuv3") ? 0 : (double)lab_stat(l, "u0.smmuv3", "prefetch");
}

/* A ring of MiB: buffers of 1448 bytes, two to a page; full pages; 2 MiB pages. */
static void compulsory(void)
{
	static const struct { const char *what; uint32_t page, step, len, want; } c[] = {
		{ "packets of 1448 bytes, two to a page", 4096, 2048, 1448, 362 }, { "full pages", 4096, 4096, 4096, 256 }, { "2 MiB pages", 1 << 21, 4096, 4096, 4 },
	};
	const uint64_t bytes[] = { 1 << 20, 1 << 20, 8 << 20 };

	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (size_t i = 0; i < ARRAY_LEN(c); i++) {
			struct lab *l = lab_new(lab_arch[a]);
			struct lab_trace t = { 0 };
			uint64_t n = bytes[i] / c[i].len, pages = (n * c[i].step + c[i].page - 1) / c[i].page;

			lab_iotlb(l, 4096, 0);
			lab_set(l, "devices.outstanding=1"); /* several at once may each walk for one page */
			lab_attach(&t, TRC_NO_PASID, 1, "ss");
			for (uint64_t p = 0; p < pages; p++) /* no two pages can be one leaf, but those that are 2 MiB */
				lab_map(&t, TRC_MAP, 1, p * c[i].page, UINT64_C(0x200000000) + 2 * (p + 1) * c[i].page - (c[i].page == 4096 ? 4096 : 0), c[i].page);
			for (uint64_t k = 0; k < 3 * n; k++)
				lab_dma(&t, k % n * c[i].step, c[i].len, 'w');
			lab_run(l, lab_next, &t);
			law("VAL-A21", lab_arch[a], c[i].want, (double)lab_stat(l, "u0", "walks") - prefetches(l), 0, "%s: three rounds through %u MiB: walks", c[i].what,
			    (unsigned)(bytes[i] >> 20));
			lab_trace_free(&t);
			lab_free(l);
		}
}

/* Aligned powers of two that make up [a, a + c), the largest that fits first. */
static unsigned greedy(uint64_t a, uint64_t c)
{
	unsigned n = 0;

	for (; c; n++) {
		uint64_t size = a ? a & -a : (uint64_t)1 << 40;

		while (size > c)
			size >>= 1;
		a += size;
		c -= size;
	}
	return n;
}

/* Runs of five bits of the number of pages, from the lowest set bit on. */
static unsigned runs_of_five(uint64_t pages)
{
	unsigned n = 0;

	for (; pages; n++) {
		while (!(pages & 1))
			pages >>= 1;
		pages &= ~(uint64_t)31;
	}
	return n;
}

static void ranges(void)
{
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++) {
		struct lab *l = lab_new(lab_arch[a]);
		struct lab_trace t = { 0 };
		struct rng r;
		double want = 0, got;
		const unsigned n = 300;

		rng_seed(&r, 17);
		lab_set(l, "software.mode=ss");
		lab_set(l, "software.superpages=false");
		lab_set(l, "software.caching_mode=%s", a == 2 ? "true" : "false");
		lab_attach(&t, TRC_NO_PASID, 1, "");
		for (unsigned i = 0; i < n; i++) {
			uint64_t first = rng_below(&r, 5000), pages = 1 + rng_below(&r, 300);

			lab_map(&t, TRC_MAP, 1, first << 12, 0x200001000, pages << 12);
			lab_map(&t, TRC_UNMAP, 1, first << 12, 0, pages << 12);
			want += a == 2 ? 2 * greedy(first, pages) : a == 1 ? runs_of_five(pages) : 1;
		}
		lab_run(l, lab_next, &t);
		got = a == 2 ? (double)lab_stat(l, "u0.amdvi", "pages") : a == 1 ? (double)lab_stat(l, "u0.smmuv3", "tlbi_range") : (double)lab_stat(l, "u0.inv", "iotlb_page");
		law("VAL-A16", lab_arch[a], want, got, 0, "%u random ranges of up to 300 pages: %s", n,
		    a == 2 ? "commands under NpCache (map and unmap) = greedy decomposition" : a == 1 ? "range commands = runs of five bits of the size" :
											       "one descriptor each: the aligned power of two around it");
		lab_trace_free(&t);
		lab_free(l);
	}
}

/* Every translation used is what the tables say at that moment. */
static void ordering(void)
{
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (unsigned k = 0; k < 2; k++) {
			struct lab *l = busy(lab_arch[a], 7);
			struct oracle *o;
			struct err e = { 0 };
			static const struct plat_hooks none;

			lab_set(l, "gen.churn=%u", k ? 20 : 200);
			l->p = run_build(&l->c, &none, &l->reg, &e);
			l->gen = gen_create(&l->c.gen, 1, &e);
			o = l->p ? oracle_create(l->p, 1, &e) : NULL;
			l->drv = o && l->gen ? drv_create(&l->c.drv, l->p, gen_next, l->gen, &e) : NULL;
			if (!l->drv || !plat_run(l->p, drv_next, l->drv, false, &e))
				law_die(e.msg);
			law("VAL-A19", lab_arch[a], 0, (double)oracle_bad(o) + (oracle_statistics(o)->checked ? 0 : 1), 0, "20000 DMAs with an unmap every %u: stale uses",
			    k ? 20 : 200);
			oracle_destroy(o);
			lab_free(l);
		}
}

void laws_walk(void)
{
	lengths();
	depths();
	ranges();
	ordering();
	conservation();
	compulsory();
}
