/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h - part of bench_tags: one point. Contexts and their tables, what software and devices do, and the row that comes out.
 */
#ifndef IOMMUSIM_BENCH_TAGS_JOB_H
#define IOMMUSIM_BENCH_TAGS_JOB_H
#include "archs.h"

static const char *const rule_name[] = { "spec", "pasid", "device", "table", "root" }, *const index_name[] = { "page", "fold", "tag" };
enum { RULES = ARRAY_LEN(rule_name), MAX_SPACES = 512 };

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
#endif
