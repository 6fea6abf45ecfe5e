/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - bench_tags: what the tag of a translation cache costs, and when it lies. One CSV row per point.
 *   bench_tags [--quick] points    sets instances, pasids, one-command, gpa, siov, index (docs/cache-tags.md says what each is)
 *   bench_tags [--quick] short     tags of few bits: wrong translations beside the closed forms; exit status 1 if one is missed
 * Synthetic: contexts and pages are drawn from one seed. Does not model: a driver's bring-up, devices with translation caches.
 */
#include <math.h>
#include "archs.h"

static const char *const rule_name[] = { "spec", "pasid", "device", "table", "root" }, *const index_name[] = { "page", "fold", "tag" };
enum { RULES = ARRAY_LEN(rule_name), MAX_SPACES = 512, MAX_PAGES = 4096 };

struct space { /* one mapping of the pages: a first stage, above a second one or not, or a second stage */
	struct table *t, *s2;
	uint64_t *out; /* of each page: what t says */
	struct ctx *user; /* users whose commands differ */
	unsigned n_user;
};
struct job {
	struct world w;
	const char *set, *ids;
	unsigned arch, rule, bits, fold, index, n, pages, stride;
	unsigned unmap_every, s2_every; /* DMAs; 0: never */
	uint64_t dmas, left, unmaps, s2_moves, cmds, s2_cmds;
	struct ctx *ctx;
	unsigned n_ctx, n_space;
	struct table *s2; /* of the guest */
	unsigned n_remap; /* spaces whose pages move; 0: all */
	bool one_command; /* software names one user of a table only */
	struct space space[MAX_SPACES];
	uint32_t *order; /* exact: every context reads every page so many times, in random order */
};

/* ---- a machine and its contexts ---- */

static void job_new(struct job *j, const char *set, unsigned arch, unsigned rule, uint64_t seed)
{
	memset(j, 0, sizeof(*j));
	*j = (struct job){ .set = set, .ids = "-", .arch = arch, .rule = rule, .stride = 1, .pages = 16 };
	world_new(&j->w, &archs[arch], seed);
	j->w.unit->tag.rule = rule;
	j->w.leaf->entries = 256;
	j->w.leaf->ways = 8;
}

static void job_start(struct job *j)
{
	j->w.unit->tag.bits = j->bits;
	j->w.unit->tag.fold = j->fold;
	j->w.leaf->index = j->index;
	world_start(&j->w);
}

static uint64_t iova_of(const struct job *j, unsigned page)
{
	return IOVA + 4096 * (uint64_t)page * j->stride;
}

/* A new mapping of all pages; @s2: below it, may be shared. */
static unsigned new_space(struct job *j, unsigned stage, struct table *s2)
{
	struct space *s = &j->space[j->n_space];
	struct world *w = &j->w;

	if (j->n_space == MAX_SPACES)
		die("too many tables");
	*s = (struct space){ .t = new_table(w, stage), .s2 = s2, .out = calloc(j->pages, sizeof(*s->out)) };
	if (!s->out)
		die("out of memory");
	for (unsigned i = 0; i < j->pages; i++) {
		s->out[i] = (s2 ? GPA : 0) + new_frame(w);
		map(w, s->t, iova_of(j, i), s->out[i]);
		if (s2)
			map(w, s2, s->out[i], new_frame(w));
	}
	if (s2)
		put_under(w, s2, s->t);
	return j->n_space++;
}

/* Would software send both the same commands? Under rule table the PASID of a command does not matter. */
static bool same_user(const struct job *j, const struct ctx *a, const struct ctx *b)
{
	if (j->arch == SMMUV3)
		return a->vmid == b->vmid && a->asid == b->asid && !a->s1 == !b->s1;
	return a->did == b->did && !a->s1 == !b->s1 && (!a->s1 || j->rule == CTAG_TABLE || number(a) == number(b));
}

static void new_ctx(struct job *j, struct ctx c, unsigned space)
{
	struct space *s = &j->space[space];
	unsigned i = 0;

	if (s->t->stage == 1)
		c.s1 = s->t;
	c.s2 = s->t->stage == 2 ? s->t : s->s2;
	if (!(j->n_ctx & (j->n_ctx - 1))) {
		j->ctx = realloc(j->ctx, 2 * (j->n_ctx + 1) * sizeof(*j->ctx));
	}
	s->user = realloc(s->user, (s->n_user + 1) * sizeof(*s->user));
	if (!j->ctx || !s->user)
		die("out of memory");
	j->w.a->context(&j->w, &c);
	j->ctx[j->n_ctx++] = c;
	while (i < s->n_user && !same_user(j, &s->user[i], &c))
		i++;
	if (i == s->n_user)
		s->user[s->n_user++] = c;
}

/* ---- what software and devices do ---- */

static void send(struct job *j, const struct ctx *c, uint64_t addr, bool s2)
{
	uint64_t cmd[4][2];
	unsigned n = s2 ? j->w.a->s2_page(c, addr, cmd) : j->w.a->page(c, addr, cmd);

	commands(&j->w, cmd, n);
	*(s2 ? &j->s2_cmds : &j->cmds) += n;
}

/* One page gets another frame: store, commands for all who use the table, wait. */
static void remap(struct job *j, struct space *s, unsigned page)
{
	struct world *w = &j->w;

	s->out[page] = (s->s2 ? GPA : 0) + new_frame(w);
	if (s->s2)
		map(w, s->s2, s->out[page], new_frame(w));
	store(w, leaf_at(w, s->t, iova_of(j, page)), w->a->entry(s->t->stage, 0, s->out[page]));
	for (unsigned i = 0; i < (j->one_command ? 1 : s->n_user); i++)
		send(j, &s->user[i], iova_of(j, page), false);
	submit(w);
	j->unmaps++;
}

/* The host moves a page of the guest: every number under which the second stage is used needs the commands. */
static void s2_move(struct job *j, uint64_t gpa)
{
	struct world *w = &j->w;

	store(w, leaf_at(w, j->s2, gpa), w->a->entry(2, 0, new_frame(w)));
	for (unsigned i = 0; i < j->n_ctx; i++) {
		bool seen = false;

		for (unsigned k = 0; k < i && !seen; k++)
			seen = (j->arch == SMMUV3 ? j->ctx[k].vmid == j->ctx[i].vmid : j->ctx[k].did == j->ctx[i].did);
		if (!seen)
			send(j, &j->ctx[i], gpa, true);
	}
	submit(w);
	j->s2_moves++;
}

static bool more(struct world *w)
{
	struct job *j = container_of(w, struct job, w);
	uint64_t done = j->dmas - j->left;

	if (!j->left)
		return false;
	for (unsigned n = 0; n < 64 && j->left; n++, j->left--, done++) {
		unsigned c, page;

		if (j->unmap_every && done % j->unmap_every == j->unmap_every - 1) {
			page = (unsigned)rng_below(&w->rng, j->pages); /* before the other draw, whatever the compiler's order of arguments */
			remap(j, &j->space[rng_below(&w->rng, j->n_remap ? j->n_remap : j->n_space)], page);
		}
		if (j->s2_every && done % j->s2_every == j->s2_every - 1)
			s2_move(j, j->s2 == j->space[0].t ? iova_of(j, (unsigned)rng_below(&w->rng, j->pages)) : j->space[0].out[rng_below(&w->rng, j->pages)]);
		if (j->order) {
			c = j->order[done] / j->pages;
			page = j->order[done] % j->pages;
		} else {
			c = (unsigned)rng_below(&w->rng, j->n_ctx);
			page = (unsigned)rng_below(&w->rng, j->pages);
		}
		read_at(w, &j->ctx[c], iova_of(j, page) + 64 * rng_below(&w->rng, 64));
	}
	return true;
}

static void job_run(struct job *j, uint64_t dmas)
{
	j->dmas = j->left = dmas;
	j->w.more = more;
	world_run(&j->w);
}

static void job_free(struct job *j)
{
	for (unsigned i = 0; i < j->n_space; i++) {
		if (j->space[i].t != j->s2)
			free_table(j->space[i].t);
		free(j->space[i].out);
		free(j->space[i].user);
	}
	free_table(j->s2);
	free(j->ctx);
	free(j->order);
	world_fini(&j->w);
	free(j);
}

static struct job *job(const char *set, unsigned arch, unsigned rule)
{
	struct job *j = malloc(sizeof(*j));

	if (!j)
		die("out of memory");
	job_new(j, set, arch, rule, 1);
	return j;
}

/* ---- rows ---- */

static void header(void)
{
	puts("set,arch,rule,ids,index,n,reads_of_devices,hit_rate,walk_reads_per_read,ns_per_read,wrong,wrong_share,stale,unexplained,unmaps,commands_per_unmap,"
	     "dropped_per_unmap,good_dropped_per_unmap,s2_moves,commands_per_s2_move,dropped,good_dropped,dropped_unnamed,duplicates,other_hits,entries_shared");
}

static double per(uint64_t a, uint64_t b)
{
	return b ? (double)a / (double)b : 0;
}

static void row(const struct job *j)
{
	const struct world *w = &j->w;
	const struct oracle_stats *o = oracle_statistics(w->o);
	const struct ctag_stats *t = ctag_stats_of(w->u->ct);
	const struct xc_stats *x = world_leaf(w);
	uint64_t stale = o->stale + o->missing + o->reuse;

	printf("%s,%s,%s,%s,%s,%u,%llu,%.4f,%.3f,%.1f,%llu,%.5f,%llu,%llu,%llu,%.2f,%.2f,%.2f,%llu,%.2f,%llu,%llu,%llu,%.4f,%.4f,%llu\n", j->set, w->a->name,
	       rule_name[j->rule], j->ids, index_name[j->index], j->n, (unsigned long long)j->dmas, per(x->hits, x->lookups),
	       per(w->u->st.walk_reads, j->dmas), per(plat_statistics(w->p)->sim_ps, j->dmas) / 1000, (unsigned long long)o->alias, per(o->alias, j->dmas),
	       (unsigned long long)stale, (unsigned long long)o->unexplained, (unsigned long long)j->unmaps, per(j->cmds, j->unmaps),
	       per(t->dropped, j->unmaps + j->s2_moves), per(t->dropped_good, j->unmaps + j->s2_moves), (unsigned long long)j->s2_moves,
	       per(j->s2_cmds, j->s2_moves), (unsigned long long)t->dropped, (unsigned long long)t->dropped_good, (unsigned long long)t->dropped_shared,
	       per(t->repeated, t->sampled), per(t->other_hits, x->hits), (unsigned long long)t->shared);
	fflush(stdout);
}

static void finish(struct job *j, uint64_t dmas)
{
	job_run(j, dmas);
	row(j);
	job_free(j);
}

/* ---- the sets ---- */

static bool quick;
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

/* ---- short tags ---- */

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
