/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_obl.c - obligations of the ordering checker: made by a change, visible, covered by a command (in parts if need be), done by the wait
 * behind it. Does not decide which command addresses which obligation (ord_cmd.c), nor what an unfinished one means (ord_rel.c).
 */
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

struct ord_org *ord_org_new(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_org *g = ord_pool_get(&c->p_org);

	if (!g) {
		ord_oom(c);
		return NULL;
	}
	g->seq = c->seq;
	g->line = e->line;
	g->op = e->op;
	g->refs = 1;
	return g;
}
void ord_org_put(struct ord_chk *c, struct ord_org *g)
{
	if (g && !--g->refs)
		ord_pool_put(&c->p_org, g);
}
static struct ord_itn **open_tree(struct ord_chk *c, const struct ord_obl *o)
{
	struct ord_devx *d;
	struct ord_tags *t;
	struct ord_sub *s;

	if (o->what == ORD_O_ATC) {
		d = ord_devx_of(c, o->rid, true);
		s = d ? ord_sub_of(c, &d->open, o->pasid, true) : NULL;
		return s ? &s->root[0] : NULL;
	}
	t = o->dom == ORD_NONE ? &c->wild : ord_tags_of(c, o->unit, o->dom, true);
	s = t ? ord_sub_of(c, t, o->sub, true) : NULL;
	return s ? &s->root[o->walk] : NULL;
}
uint32_t ord_bucket(uint32_t rid)
{
	return (rid * 2654435761u) >> 22;
}
static void link_bucket(struct ord_chk *c, struct ord_obl *o)
{
	struct ord_obl **b = &c->cfg[ord_bucket(o->rid)];

	o->bucket = *b;
	o->pbucket = b;
	if (o->bucket)
		o->bucket->pbucket = &o->bucket;
	*b = o;
	o->in_bucket = true;
}
/* Into what a command searches. */
static void link_open(struct ord_chk *c, struct ord_obl *o)
{
	struct ord_itn **root;

	if (o->what == ORD_O_CFG) {
		link_bucket(c, o);
		return;
	}
	root = open_tree(c, o);
	if (!root)
		return;
	o->tag_n.lo = o->dom_n.lo;
	o->tag_n.last = o->dom_n.last;
	ord_it_add(root, &o->tag_n);
	o->in_tag = true;
}
static void unlink_open(struct ord_chk *c, struct ord_obl *o)
{
	if (o->in_bucket) {
		*o->pbucket = o->bucket;
		if (o->bucket)
			o->bucket->pbucket = o->pbucket;
		o->in_bucket = false;
	}
	if (o->in_tag)
		ord_it_del(open_tree(c, o), &o->tag_n);
	o->in_tag = false;
}
static void link_object(struct ord_chk *c, struct ord_obl *o, bool paged, bool unknown)
{
	struct ord_dom *d = o->d ? ord_dom_of(c, o->d, true) : NULL;

	if (d && o->what != ORD_O_CFG) {
		ord_it_add(&d->obls, &o->dom_n);
		o->in_dom = true;
	}
	if (paged) {
		ord_it_add(&c->pages, &o->pa_n);
		o->in_pa = true;
	} else if (unknown) {
		o->unext = c->unknown;
		o->uprev = NULL;
		if (c->unknown)
			c->unknown->uprev = o;
		c->unknown = o;
		o->in_unknown = true;
	}
}
static void unlink_object(struct ord_chk *c, struct ord_obl *o)
{
	if (o->in_dom)
		ord_it_del(&ord_dom_of(c, o->d, true)->obls, &o->dom_n);
	if (o->in_pa)
		ord_it_del(&c->pages, &o->pa_n);
	if (o->in_unknown) {
		if (o->uprev)
			o->uprev->unext = o->unext;
		else
			c->unknown = o->unext;
		if (o->unext)
			o->unext->uprev = o->uprev;
	}
	o->in_dom = o->in_pa = o->in_unknown = false;
}
static void link_unseen(struct ord_chk *c, struct ord_obl *o)
{
	o->prev = NULL;
	o->next = c->unseen;
	if (o->next)
		o->next->prev = o;
	c->unseen = o;
}
static void unlink_seq(struct ord_chk *c, struct ord_obl *o)
{
	struct ord_queue *q = o->state >= ORD_S_COVERED && o->state != ORD_S_SUSPECT ? ord_queue_of(c, o->q, true) : NULL;
	struct ord_obl **head = q ? &q->head : o->state == ORD_S_OPEN ? &c->unseen : NULL;

	if (!head)
		return;
	if (o->prev)
		o->prev->next = o->next;
	else
		*head = o->next;
	if (o->next)
		o->next->prev = o->prev;
	else if (q)
		q->tail = o->prev;
	o->next = o->prev = NULL;
}
static void count_atc(struct ord_chk *c, const struct ord_obl *o, int by)
{
	struct ord_devx *d = o->what == ORD_O_ATC ? ord_devx_of(c, o->rid, true) : NULL;

	if (d)
		d->n_atc += (uint64_t)by;
}
static void link_all(struct ord_chk *c, struct ord_obl *o)
{
	o->aprev = NULL;
	o->anext = c->every;
	if (o->anext)
		o->anext->aprev = o;
	c->every = o;
	if (o->att) {
		o->att->open++;
		o->att->open_atc += o->what == ORD_O_ATC && o->teardown;
	}
	if (o->teardown) {
		o->tnext = c->tears;
		o->tprev = &c->tears;
		if (o->tnext)
			o->tnext->tprev = &o->tnext;
		c->tears = o;
	}
	ord_ix_obl(c, o);
	count_atc(c, o, 1);
	o->org->refs++;
	c->np_cfg += o->np && o->what == ORD_O_CFG;
	c->st.open++;
	if (c->st.open > c->st.open_max)
		c->st.open_max = c->st.open;
}
static void drop_cfg(struct ord_obl *o)
{
	struct ord_obl **p = &o->org->cfg;

	while (*p && *p != o)
		p = &(*p)->next_cfg;
	if (*p)
		*p = o->next_cfg;
}
static void drop(struct ord_chk *c, struct ord_obl *o)
{
	struct ord_atx *a = o->att;
	bool atc = o->what == ORD_O_ATC && o->teardown;

	unlink_seq(c, o);
	unlink_open(c, o);
	unlink_object(c, o);
	if (o->what == ORD_O_CFG)
		drop_cfg(o);
	c->np_cfg -= o->np && o->what == ORD_O_CFG;
	if (o->aprev)
		o->aprev->anext = o->anext;
	else
		c->every = o->anext;
	if (o->anext)
		o->anext->aprev = o->aprev;
	if (o->teardown) {
		*o->tprev = o->tnext;
		if (o->tnext)
			o->tnext->tprev = o->tprev;
	}
	ord_ix_del(o->ix);
	count_atc(c, o, -1);
	ord_org_put(c, o->org);
	ord_pool_put(&c->p_obl, o);
	c->st.open--;
	if (a) {
		a->open--;
		a->open_atc -= atc;
		ord_att_done(c, a);
	}
}
/* The part [lo, last] of @o, which is out of all structures but keeps its state, as an obligation of its own. */
static struct ord_obl *part(struct ord_chk *c, const struct ord_obl *o, uint64_t lo, uint64_t last)
{
	struct ord_obl *n = ord_pool_get(&c->p_obl);

	if (!n) {
		ord_oom(c);
		return NULL;
	}
	*n = *o;
	n->next = n->prev = NULL;
	n->piece = true;
	n->dom_n.lo = lo;
	n->dom_n.last = last;
	if (!o->walk && !o->whole) {
		n->pa_n.lo = o->pa_n.lo + (lo - o->dom_n.lo);
		n->pa_n.last = n->pa_n.lo + (last - lo);
	}
	n->in_dom = n->in_pa = n->in_unknown = n->in_tag = false;
	link_all(c, n);
	if (n->state == ORD_S_OPEN)
		link_unseen(c, n);
	link_open(c, n);
	link_object(c, n, o->in_pa, o->in_unknown);
	return n;
}
/* @n (page not known, for the same reader and cache) takes over its range from older ones of which nothing is covered: it is harder to meet
 * than they are. */
static void take_over(struct ord_chk *c, struct ord_obl *n)
{
	struct ord_itn **root = open_tree(c, n);

	c->v2.n = 0;
	if (root)
		ord_it_all(*root, n->dom_n.lo, n->dom_n.last, &c->v2);
	for (size_t i = 0; i < c->v2.n; i++) {
		struct ord_obl *o = container_of(c->v2.p[i], struct ord_obl, tag_n);
		struct ord_obl old = *o, *rest;

		if (o == n || o->bad || o->in_pa || o->np || o->teardown || o->walk || o->whole || o->what != n->what || o->d != n->d ||
		    o->unit != n->unit || o->type != n->type || o->world != n->world || o->in_unknown != n->in_unknown ||
		    o->org->op != n->org->op || o->org->released)
			continue;
		if (old.dom_n.lo < n->dom_n.lo && (rest = part(c, &old, old.dom_n.lo, n->dom_n.lo - 1)))
			rest->piece = old.piece;
		if (old.dom_n.last > n->dom_n.last && (rest = part(c, &old, n->dom_n.last + 1, old.dom_n.last)))
			rest->piece = old.piece;
		drop(c, o);
	}
}
struct ord_obl *ord_obl_new(struct ord_chk *c, struct ord_org *g, const struct ord_obl *t, bool paged)
{
	struct ord_obl *o = ord_pool_get(&c->p_obl);
	bool leaf = g->op == ORD_PTE_CLR || g->op == ORD_PTE_SET || g->op == ORD_PTE_MOD || g->op == ORD_PT_UNLINK;

	if (!o) {
		ord_oom(c);
		return NULL;
	}
	*o = *t;
	o->in_unknown = false;
	o->org = g;
	link_all(c, o);
	o->state = c->k.coherent_walk ? ORD_S_VISIBLE : ORD_S_OPEN;
	o->vis_line = c->k.coherent_walk ? g->line : 0;
	if (o->state == ORD_S_OPEN)
		link_unseen(c, o);
	if (o->what == ORD_O_CFG && !o->np) {
		o->next_cfg = g->cfg;
		g->cfg = o;
	}
	link_open(c, o);
	link_object(c, o, paged, leaf && !o->np && !paged && t->in_unknown);
	if (g->op == ORD_PTE_CLR && !paged && !o->np && !o->teardown && !o->walk && !o->whole)
		take_over(c, o);
	return o;
}
void ord_obl_cover(struct ord_chk *c, struct ord_obl *o, uint64_t lo, uint64_t last, const struct ord_cmd *m)
{
	struct ord_queue *q = ord_queue_of(c, m->q, true);
	bool paged = o->in_pa, unknown = o->in_unknown;
	uint64_t was_lo = o->dom_n.lo, was_last = o->dom_n.last;

	if (!q)
		return;
	if (o->state == ORD_S_OPEN)
		return;
	unlink_open(c, o);
	if (lo > was_lo || last < was_last) {
		struct ord_obl old;

		if (lo < was_lo)
			lo = was_lo;
		if (last > was_last)
			last = was_last;
		old = *o;
		unlink_object(c, o);
		if (lo > was_lo)
			part(c, &old, was_lo, lo - 1);
		if (last < was_last)
			part(c, &old, last + 1, was_last);
		if (!o->walk && !o->whole) {
			o->pa_n.lo += lo - was_lo;
			o->pa_n.last = o->pa_n.lo + (last - lo);
		}
		o->dom_n.lo = lo;
		o->dom_n.last = last;
		link_object(c, o, paged, unknown);
	}
	if (o->what == ORD_O_ATC && !o->once && ord_rid_in(c->k.extra_inv, o->rid)) {
		o->once = true;
		o->bad = ORD_WHY_EXTRA + 1;
		o->cmd_line = m->line;
		link_open(c, o);
		return;
	}
	o->state = ORD_S_COVERED;
	o->bad = 0;
	o->q = m->q;
	o->cmd_seq = m->seq;
	o->cmd_line = m->line;
	o->cmd_flags = m->flags;
	o->cmd_has = m->has;
	o->next = NULL;
	o->prev = q->tail;
	if (q->tail)
		q->tail->next = o;
	else
		q->head = o;
	q->tail = o;
}
void ord_obl_done(struct ord_chk *c, struct ord_obl *o)
{
	struct ord_devx *dev = o->what == ORD_O_ATC && ORD_FULL(o) ? ord_devx_of(c, o->rid, false) : NULL;
	struct ord_atx *a = o->att;

	if (dev && !dev->d.ats && o->pasid == ORD_NONE)
		dev->dirty = false;
	if (a && o->teardown && o->what == ORD_O_CFG && o->kind == a->a.kind && !a->a.live)
		a->blocked_done = true;
	drop(c, o);
}
void ord_obl_reopen(struct ord_chk *c, struct ord_obl *o, uint8_t state, enum ord_cause why)
{
	unlink_seq(c, o);
	o->state = state;
	o->bad = (uint8_t)(why + 1);
	if (!o->in_tag && !o->in_bucket)
		link_open(c, o);
}
bool ord_obl_ordered(struct ord_chk *c, const struct ord_obl *o, uint32_t qid)
{
	uint32_t mode = c->k.order_tlb_atc;
	struct ord_queue *q;

	if (o->state != ORD_S_COVERED && o->state != ORD_S_WAITED)
		return false;
	if (o->q != qid)
		return false;
	if (!mode)
		mode = c->arch == ORD_SMMUV3 || (c->arch == ORD_AMDVI && c->k.amd_strict_iotlb_order) ? 2 : 1;
	if (mode == 1)
		return true;
	q = ord_queue_of(c, o->q, false);
	return q && q->last_wait > o->cmd_seq;
}
/* Does the write-back @e name what created @o? */
static bool flushes(const struct ord_ev *e, const struct ord_obl *o)
{
	if (e->kind) {
		const struct ord_att *a = o->att ? &o->att->a : NULL;

		if (o->org->op < ORD_CFG_WR || o->org->op > ORD_CFG_CLR)
			return false;
		if (a && a->kind != e->kind)
			return false;
		return e->rid == ORD_NONE || o->rid == ORD_NONE || !a ||
		       (a->rid == e->rid && (e->pasid == ORD_NONE || a->pasid == e->pasid));
	}
	if (e->have & ORD_P_DOM)
		return o->d == e->d && o->org->op < ORD_CFG_WR &&
		       (!(e->have & ORD_P_RANGE) || (o->dom_n.lo <= e->last && o->dom_n.last >= e->lo));
	return !(e->have & (ORD_P_PAGE | ORD_P_QUEUE));
}
void ord_obl_flush_event(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_obl *o, *next;

	if (e->op != ORD_CLFLUSH)
		return;
	for (o = c->unseen; o; o = next) {
		next = o->next;
		if (!flushes(e, o))
			continue;
		unlink_seq(c, o);
		o->state = ORD_S_VISIBLE;
		o->vis_line = e->line;
	}
}
