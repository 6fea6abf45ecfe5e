/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - bench_tags: what the tag of a translation cache costs, and when it lies. One CSV row per point.
 *   bench_tags [--quick] points    sets instances, pasids, one-command, gpa, siov, index (docs/cache-tags.md says what each is)
 *   bench_tags [--quick] short     tags of few bits: wrong translations beside the closed forms; exit status 1 if one is missed
 * Synthetic: contexts and pages are drawn from one seed. Does not model: a driver's bring-up, devices with translation caches.
 */
#include "short.h"

/* ---- the sets ---- */

static uint64_t dmas_of(uint64_t n)
{
	return quick ? n / 4 : n;
}

/*
 * A guest with n virtual units, four devices behind each, which number their address spaces from 1, and one device without any: the second
 * stage alone.
 */
static void instances(unsigned arch, unsigned rule, unsigned n, bool each)
{
	struct job *j = job("instances", arch, rule);

	j->n = n;
	j->ids = each ? "one-per-unit" : "one-per-guest";
	j->unmap_every = 64;
	j->s2_every = 1000;
	job_start(j);
	j->s2 = new_table(&j->w, 2);
	for (unsigned d = 0; d < 4 * n; d++)
		new_ctx(j, (struct ctx){ .rid = RID0 + d, .pasid = 1 + d % 4, .did = (uint16_t)(1 + (each ? d / 4 : 0)), .vmid = (uint16_t)(1 + (each ? d / 4 : 0)),
				 .asid = (uint16_t)(1 + d % 4) }, new_space(j, 1, j->s2));
	j->n_remap = j->n_space++;
	j->space[j->n_remap].t = j->s2;
	for (unsigned i = 0; i < j->pages; i++)
		map(&j->w, j->s2, iova_of(j, i), new_frame(&j->w));
	new_ctx(j, (struct ctx){ .rid = RID0 + 4 * n, .pasid = NO_PASID, .did = (uint16_t)(each ? n + 1 : 1), .vmid = (uint16_t)(each ? n + 1 : 1) }, j->n_remap);
	finish(j, dmas_of(20000));
}

/* One device, n PASIDs, one table of 64 pages. @one: software invalidates for the first PASID only. */
static void pasids(unsigned arch, unsigned rule, unsigned n, bool one)
{
	struct job *j = job(one ? "one-command" : "pasids", arch, rule);
	unsigned s;

	j->n = n;
	j->one_command = one;
	j->pages = 64;
	j->unmap_every = one ? 50 : 2000;
	job_start(j);
	s = new_space(j, 1, NULL);
	for (unsigned i = 0; i < n; i++)
		new_ctx(j, (struct ctx){ .rid = RID0, .pasid = 1 + i, .did = 1, .asid = 1 }, s);
	finish(j, dmas_of(20000));
}

/*
 * Four devices on one guest-physical mapping of 64 pages, without PASID and with n PASIDs each. VT-d: second stage for all. SMMUv3 and AMD-Vi have no
 * second stage alone under a PASID, so there a first stage that maps every address to itself lies above it.
 */
static void gpa(unsigned arch, unsigned rule, unsigned n)
{
	struct job *j = job("gpa", arch, rule);
	unsigned base, under = 0;

	j->n = n;
	j->pages = 64;
	j->s2_every = 500;
	j->w.dss_bypass = 1;
	job_start(j);
	base = new_space(j, 2, NULL);
	j->s2 = j->space[base].t;
	if (arch != VTD && n) {
		struct space *s = &j->space[j->n_space];

		under = j->n_space++;
		*s = (struct space){ .t = new_table(&j->w, 1), .s2 = j->s2 };
		for (unsigned i = 0; i < j->pages; i++)
			map(&j->w, s->t, iova_of(j, i), iova_of(j, i));
		put_under(&j->w, j->s2, s->t);
	}
	for (unsigned d = 0; d < 4; d++) {
		for (unsigned i = 1; i <= n; i++) {
			struct ctx c = { .rid = RID0 + d, .pasid = i, .did = 1, .vmid = 1, .asid = 1 };

			new_ctx(j, c, arch == VTD ? base : under);
		}
		new_ctx(j, (struct ctx){ .rid = RID0 + d, .pasid = NO_PASID, .did = 1, .vmid = 1 }, base);
	}
	finish(j, dmas_of(20000));
}

/*
 * One function, n interfaces for n guests: a PASID and a table each. @each: a DID each, else one for the function (ASIDs are always one per
 * table).
 */
static void siov(unsigned arch, unsigned rule, unsigned n, bool each)
{
	struct job *j = job("siov", arch, rule);

	j->n = n;
	j->ids = each ? "one-per-interface" : "one-per-function";
	j->unmap_every = 64;
	job_start(j);
	for (unsigned i = 0; i < n; i++)
		new_ctx(j, (struct ctx){ .rid = RID0, .pasid = 1 + i, .did = (uint16_t)(1 + (each ? i : 0)), .asid = (uint16_t)(1 + i) }, new_space(j, 1, NULL));
	finish(j, dmas_of(20000));
}

/* What picks the set, 256 entries in 64 sets: n contexts with tables of their own and the same 16 addresses, or one with 64 pages n apart. */
static void indices(unsigned index, unsigned n, bool apart)
{
	struct job *j = job("index", VTD, CTAG_SPEC);
	unsigned pages = apart ? 64 : 16, stride = apart ? n : 1;

	j->n = n;
	n = apart ? 1 : n;
	j->ids = apart ? "stride" : "same-addresses";
	j->index = index;
	j->pages = pages;
	j->stride = stride;
	j->w.leaf->ways = 4;
	job_start(j);
	for (unsigned i = 0; i < n; i++)
		new_ctx(j, (struct ctx){ .rid = RID0, .pasid = 1 + i, .did = (uint16_t)(1 + i) }, new_space(j, 1, NULL));
	finish(j, dmas_of(20000));
}

static void points(void)
{
	static const unsigned n_inst[] = { 1, 2, 4, 8, 16 }, n_pasid[] = { 16, 64, 256, 1024, 4096 }, n_gpa[] = { 0, 1, 4, 16, 64 },
			      n_siov[] = { 2, 4, 8, 16, 32, 64 }, n_ctx[] = { 1, 2, 4, 8, 16 }, n_stride[] = { 1, 4, 16, 64 };

	header();
	for (unsigned a = 0; a < ARCHS; a++)
		for (unsigned r = 0; r < RULES; r++) {
			for (unsigned i = 0; i < (quick ? 3 : ARRAY_LEN(n_inst)); i++)
				for (unsigned each = 0; each < 2; each++)
					instances(a, r, n_inst[i], each);
			for (unsigned i = 0; i < (quick ? 3 : ARRAY_LEN(n_pasid)); i++)
				pasids(a, r, n_pasid[i], false);
			for (unsigned i = 0; i < 2; i++)
				pasids(a, r, n_pasid[i], true);
			for (unsigned i = 0; i < (quick ? 3 : ARRAY_LEN(n_gpa)); i++)
				gpa(a, r, n_gpa[i]);
			for (unsigned i = 0; i < (quick ? 3 : ARRAY_LEN(n_siov)); i++) {
				siov(a, r, n_siov[i], false);
				if (a == VTD)
					siov(a, r, n_siov[i], true);
			}
		}
	for (unsigned x = 0; x < ARRAY_LEN(index_name); x++) {
		for (unsigned i = 0; i < ARRAY_LEN(n_ctx); i++)
			indices(x, n_ctx[i], false);
		for (unsigned i = 0; i < ARRAY_LEN(n_stride); i++)
			indices(x, n_stride[i], true);
	}
}

int main(int argc, char **argv)
{
	int at = 1;

	if (at < argc && !strcmp(argv[at], "--quick")) {
		quick = true;
		at++;
	}
	if (at + 1 == argc && !strcmp(argv[at], "points")) {
		points();
		return 0;
	}
	if (at + 1 == argc && !strcmp(argv[at], "short"))
		return short_tags();
	fprintf(stderr, "usage: bench_tags [--quick] points|short\n");
	return 2;
}
