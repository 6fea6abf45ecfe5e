/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle.c - sees every answer of a unit on its way to the device, and asks the tables.
 * A unit gets a copy of its table of operations with another begin(), which puts itself between the answer and its receiver. Without the
 * oracle a run pays nothing for that. The answer of the tables is kept per requester, PASID, access and page until a 64-byte line that
 * the walk read changes (by hash: a collision costs one more walk), or a register other than a queue tail is written.
 */
#include "check/oracle_int.h"

#include <stdlib.h>
#include <string.h>

const char *const oracle_class_name[] = {
	"in the legal window", "stale after completion", "invalidation missing", "alias", "after page reuse", "unexplained"
};

#define STAT_STRUCT struct oracle_stats
const struct stat_def oracle_stat_defs[] = {
	ORACLE_STATS(STAT_ROW){ "age", "ps", "store to use, of those that differ and whose store is known",
				offsetof(struct oracle_stats, age_ps), STAT_HIST, 0 },
	{ 0 },
};
#undef STAT_STRUCT

/* ---- what the tables say ---- */

struct reader {
	struct oracle *o;
	struct memo *m;
	const struct xl *last;
	bool tagged, full;
	struct xc_tag tag;
};

static void table_page(struct oracle *o, uint64_t spa)
{
	uint64_t page = spa >> 12 << 3; /* the set is for multiples of 8 */

	if (page == o->last_table)
		return;
	o->last_table = page;
	if (!wordset_has(&o->tables, page) && !wordset_add(&o->tables, page))
		o->oom = true;
}

static void read_step(void *arg, const struct xl *x)
{
	struct reader *r = arg;
	struct memo *m = r->m;
	uint64_t first = x->mem_spa, last = x->mem_spa + 8u * x->mem_words - 1;

	table_page(r->o, first);
	for (uint64_t a = first & ~UINT64_C(63); a <= last; a += 64) {
		uint16_t g = (uint16_t)oracle_gen_of(a);

		if (m->n && m->gen[m->n - 1] == g)
			continue;
		if (m->n == MEMO_LINES)
			r->full = true;
		else
			m->gen[m->n++] = g;
	}
	r->tagged = x->tagged;
	if (x->tagged)
		r->tag = x->tag;
}

static bool ctx_note(struct oracle *o, unsigned unit, const struct xl_req *q, const struct reader *r)
{
	uint64_t key = (uint64_t)unit << 53 | (uint64_t)q->has_pasid << 52 | (uint64_t)(q->pasid & 0xfffff) << 32 | q->rid;
	bool added;
	uint32_t *i = omap_at(&o->by_ctx, key, &added);
	struct ctx *c;

	if (!i)
		return false;
	if (added) {
		if (o->by_ctx.n > o->cap_ctx) {
			size_t cap = o->cap_ctx ? 2 * o->cap_ctx : 16;

			c = realloc(o->ctx, cap * sizeof(*c));
			if (!c)
				return false;
			o->ctx = c;
			o->cap_ctx = cap;
		}
		*i = o->by_ctx.n - 1;
		o->ctx[*i] = (struct ctx){ .key = key, .rid = q->rid, .pasid = q->pasid, .has_pasid = q->has_pasid, .unit = unit };
	}
	c = &o->ctx[*i];
	if (r->tagged) {
		c->tagged = true;
		c->did = r->tag.did;
		c->asid = r->tag.asid;
		c->vmid = r->tag.vmid;
	}
	return true;
}

static struct memo *memo_of(struct oracle *o, unsigned unit, const struct xl_req *q)
{
	uint64_t h = ((q->iova >> 12) * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)q->rid * UINT64_C(0xd6e8feb86659fd93)) ^
		     ((uint64_t)q->pasid * UINT64_C(0xff51afd7ed558ccd)) ^ (uint64_t)(q->acc + 32u * unit) * UINT64_C(0xc4ceb9fe1a85ec53);

	return &o->memo[(h ^ h >> 29 ^ h >> 47) & (MEMO_SIZE - 1)];
}

static uint8_t memo_flags(const struct xl_req *q)
{
	return (uint8_t)(q->has_pasid | (q->len == 0) << 1);
}

static bool memo_valid(const struct oracle *o, const struct memo *m, unsigned unit, const struct xl_req *q)
{
	if (!m->valid || m->page != q->iova >> 12 || m->rid != q->rid || m->pasid != q->pasid || m->unit != unit || m->acc != q->acc ||
	    m->at != q->at || m->flags != memo_flags(q) || m->epoch != o->epoch)
		return false;
	for (unsigned i = 0; i < m->n; i++)
		if (o->gen[m->gen[i]] > m->stamp)
			return false;
	return true;
}

static struct oracle_ans walk_fresh(struct oracle_unit *ou, const struct xl_req *q, struct memo *m)
{
	struct oracle *o = ou->o;
	struct reader r = { .o = o, .m = m };
	struct oracle_ans a;
	struct xl_res res;

	*m = (struct memo){ .page = q->iova >> 12, .stamp = o->seq, .epoch = o->epoch, .rid = q->rid, .pasid = q->pasid,
			    .unit = (uint8_t)ou->index, .acc = q->acc, .at = q->at, .flags = memo_flags(q) };
	iommu_walk_now(ou->u, q, &res, read_step, &r);
	o->st.walks++;
	a = oracle_ans_of(q, &res);
	m->ok = a.ok;
	m->spa = a.spa & ~UINT64_C(0xfff);
	m->valid = !r.full;
	if (!ctx_note(o, ou->index, q, &r))
		o->oom = true;
	return a;
}

/* ---- uses ---- */

static void count(struct oracle *o, const struct oracle_finding *f)
{
	uint64_t *const n[] = { [ORACLE_WINDOW] = &o->st.window, [ORACLE_STALE] = &o->st.stale, [ORACLE_MISSING] = &o->st.missing,
				[ORACLE_ALIAS] = &o->st.alias, [ORACLE_REUSE] = &o->st.reuse, [ORACLE_UNEXPLAINED] = &o->st.unexplained };
	bool legal = f->class == ORACLE_WINDOW;

	++*n[f->class];
	o->st.refused += !f->got.ok;
	o->st.atc += f->atc;
	if (f->has_store)
		hist_add(&o->st.age_ps, f->at - f->store.at);
	o->bad += !legal;
	if (legal && o->n_legal < o->keep)
		o->legal[o->n_legal++] = *f;
	else if (!legal && o->n_found < o->keep)
		o->found[o->n_found++] = *f;
}

static void compare(struct oracle_unit *ou, const struct xl *x, const struct xl_req *q, struct oracle_ans got, bool atc)
{
	struct oracle *o = ou->o;
	struct memo *m = memo_of(o, ou->index, q);
	struct oracle_ans now;
	struct oracle_finding f;

	o->started = true;
	o->st.checked++;
	if (LIKELY(memo_valid(o, m, ou->index, q))) {
		now = (struct oracle_ans){ .ok = m->ok, .spa = m->ok ? m->spa | (q->iova & 0xfff) : 0 };
		if (LIKELY(oracle_same(got, now))) {
			o->st.agree++;
			return;
		}
	}
	now = walk_fresh(ou, q, m);
	if (LIKELY(oracle_same(got, now))) {
		o->st.agree++;
		return;
	}
	f = (struct oracle_finding){ .atc = atc, .at = sim_now(o->k), .unit = ou->index, .req = *q, .got = got, .now = now };
	f.line = oracle_line_of(o->p, ou->index, x);
	oracle_explain(ou, x, &f);
	count(o, &f);
}

static void used(struct oracle_unit *ou, const struct xl *x)
{
	struct oracle_use use;
	struct oracle_ans got;

	if (!oracle_use_of(ou->o->p, ou->index, x, &use))
		return;
	if (UNLIKELY(use.cached) && x->res.ok) { /* two translations: the device's own, and what the unit makes of the address it gives */
		uint64_t sent = x->req.iova;

		compare(ou, x, &use.req, (struct oracle_ans){ .ok = true, .spa = sent }, true);
	}
	got = oracle_ans_of(&x->req, &x->res);
	compare(ou, x, &x->req, got, false);
}

static void answered(struct xl *x)
{
	struct oracle_unit *ou = container_of(x->u->ops, struct oracle_unit, ops);
	const uint32_t *i = omap_get(&ou->o->by_xl, (uintptr_t)x);

	x->done = ou->o->done[*i];
	if (!ou->o->oom)
		used(ou, x);
	x->done(x);
}

static bool remember_done(struct oracle *o, const struct xl *x)
{
	uint32_t *at = omap_at(&o->by_xl, (uintptr_t)x, NULL), i = 0;

	if (!at)
		return false;
	while (i < o->n_done && o->done[i] != x->done)
		i++;
	if (i == MAX_DONE_FN)
		return false;
	if (i == o->n_done)
		o->done[o->n_done++] = x->done;
	*at = i;
	return true;
}

static enum xl_act begin(struct iommu *u, struct xl *x)
{
	struct oracle_unit *ou = container_of(u->ops, struct oracle_unit, ops);

	if (!x->functional && x->done != answered && !ou->o->oom) {
		if (remember_done(ou->o, x))
			x->done = answered;
		else
			ou->o->oom = true;
	}
	return ou->orig->begin(u, x);
}

/* ---- life ---- */

static bool attach(struct oracle *o, struct iommu *u)
{
	struct oracle_unit **a = realloc(o->unit, (o->n_unit + 1) * sizeof(*a)), *ou = calloc(1, sizeof(*ou));

	if (a)
		o->unit = a;
	if (!a || !ou) {
		free(ou);
		return false;
	}
	ou->o = o;
	ou->u = u;
	ou->index = (unsigned)o->n_unit;
	ou->orig = u->ops;
	ou->ops = *u->ops;
	ou->ops.begin = begin;
	o->unit[o->n_unit++] = ou;
	olog_counters(ou);
	u->ops = &ou->ops;
	return true;
}

struct oracle *oracle_create(struct plat *p, unsigned keep, struct err *e)
{
	struct oracle *o = calloc(1, sizeof(*o));
	struct iommu *u;

	if (!o)
		goto oom;
	o->p = p;
	o->k = plat_kernel(p);
	o->mem = plat_mem(p);
	o->keep = keep;
	o->last_table = 1;
	o->memo = calloc(MEMO_SIZE, sizeof(*o->memo));
	o->found = calloc(keep ? keep : 1, sizeof(*o->found));
	o->legal = calloc(keep ? keep : 1, sizeof(*o->legal));
	if (!o->memo || !o->found || !o->legal)
		goto oom;
	for (unsigned i = 0; (u = plat_unit(p, i)) != NULL; i++)
		if (!attach(o, u))
			goto oom;
	plat_watch(p, &(struct plat_watch){ .arg = o, .record = olog_record, .progress = olog_progress });
	return o;
oom:
	oracle_destroy(o);
	err_set(e, ERR_MACHINE, "out of memory for the oracle");
	return NULL;
}

void oracle_destroy(struct oracle *o)
{
	if (!o)
		return;
	if (o->p)
		plat_watch(o->p, &(struct plat_watch){ 0 });
	for (size_t i = 0; i < o->n_unit; i++) {
		o->unit[i]->u->ops = o->unit[i]->orig;
		free(o->unit[i]);
	}
	free(o->unit);
	free(o->by_word.slot);
	free(o->by_frame.slot);
	free(o->by_ctx.slot);
	free(o->by_xl.slot);
	free(o->word);
	free(o->frame);
	free(o->ctx);
	free(o->memo);
	free(o->found);
	free(o->legal);
	wordset_fini(&o->tables);
	free(o);
}

struct oracle_stats *oracle_statistics(struct oracle *o)
{
	return &o->st;
}

uint64_t oracle_bad(const struct oracle *o)
{
	return o->bad;
}

const struct oracle_finding *oracle_finding(const struct oracle *o, size_t i)
{
	if (i < o->n_found)
		return &o->found[i];
	i -= o->n_found;
	return i < o->n_legal ? &o->legal[i] : NULL;
}

bool oracle_oom(const struct oracle *o)
{
	return o->oom;
}
