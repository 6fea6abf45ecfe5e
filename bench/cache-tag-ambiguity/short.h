/* SPDX-License-Identifier: Apache-2.0 */
/* short.h - part of bench_tags: identifiers kept in few bits, wrong translations beside the closed forms. */
#ifndef IOMMUSIM_BENCH_TAGS_SHORT_H
#define IOMMUSIM_BENCH_TAGS_SHORT_H
#include <math.h>
#include "job.h"

static bool quick;

enum { SHORT_PAGES = 4, SHORT_VISITS = 4, SHORT_SEEDS = 16 };

/*
 * n contexts, numbers base to base + n - 1 (DID and PASID; ASID; PASID), a table each, the same pages; one read at a time, room for every entry, no
 * invalidation. Of contexts with the same short tag one has the right translation of a page, for ever; so the wrong share is
 * 1 - (tags in use) / n, whatever the order. Returns: wrong translations.
 */
static uint64_t short_run(unsigned arch, unsigned fold, unsigned bits, unsigned n, unsigned seed)
{
	struct job *j = job("short", arch, CTAG_SPEC);
	uint32_t dmas = n * SHORT_PAGES * SHORT_VISITS;
	uint64_t wrong;

	rng_seed(&j->w.rng, seed);
	j->bits = bits;
	j->fold = fold;
	j->pages = SHORT_PAGES;
	j->w.leaf->entries = 4096;
	j->w.leaf->ways = 0;
	j->w.pc.dev_default.outstanding = 1;
	job_start(j);
	for (unsigned i = 0; i < n; i++) {
		unsigned id = 1 + 256 * seed + i;

		new_ctx(j, (struct ctx){ .rid = RID0, .pasid = id, .did = (uint16_t)(arch == AMDVI ? 1 : id), .asid = (uint16_t)id }, new_space(j, 1, NULL));
	}
	j->order = malloc(dmas * sizeof(*j->order));
	if (!j->order)
		die("out of memory");
	for (uint32_t i = 0; i < dmas; i++) {
		uint32_t at = (uint32_t)rng_below(&j->w.rng, i + 1);

		j->order[i] = j->order[at];
		j->order[at] = i / SHORT_VISITS;
	}
	job_run(j, dmas);
	wrong = oracle_statistics(j->w.o)->alias;
	if (oracle_bad(j->w.o) != wrong)
		die("a difference that is no alias");
	job_free(j);
	return wrong;
}

/* Mean and variance of the number of tags in use when n contexts draw one of m each. */
static double tags_used(double m, double n, double *var)
{
	double empty = m * pow(1 - 1 / m, n);

	*var = m * (m - 1) * pow(1 - 2 / m, n) + empty - empty * empty;
	if (*var < 0)
		*var = 0;
	return m - empty;
}

static bool short_point(unsigned arch, unsigned fold, unsigned bits, unsigned n)
{
	unsigned seeds = quick ? 4 : SHORT_SEEDS;
	double m = (double)(UINT64_C(1) << bits), var = 0, used = fold == CTAG_MIX ? tags_used(m, n, &var) : m < n ? m : n;
	double want = 1 - used / n, band = 4 * sqrt(var / seeds) / n, got = 0;
	bool ok;

	for (unsigned s = 0; s < seeds; s++)
		got += (double)short_run(arch, fold, bits, n, s) / (n * SHORT_PAGES * SHORT_VISITS) / seeds;
	ok = fabs(got - want) <= band + 1e-9;
	printf("%s,%s,%u,%u,%u,%.5f,%.5f,%.5f,%s\n", archs[arch].name, fold == CTAG_MIX ? "mix" : "low", bits, n, seeds, got, want, band, ok ? "pass" : "MISS");
	fflush(stdout);
	return ok;
}

static int short_tags(void)
{
	bool ok = true;

	puts("arch,fold,bits,contexts,seeds,wrong_share,law,band,verdict");
	for (unsigned a = 0; a < ARCHS; a++)
		for (unsigned fold = CTAG_LOW; fold <= CTAG_MIX; fold++)
			for (unsigned bits = 2; bits <= 12; bits += quick ? 3 : 1)
				ok = short_point(a, fold, bits, 64) && ok;
	for (unsigned bits = 4; bits <= 16 && !quick; bits += 2)
		ok = short_point(SMMUV3, CTAG_MIX, bits, 256) && ok;
	return ok ? 0 : 1;
}
#endif
