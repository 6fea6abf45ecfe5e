/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_gen.c - rules of the ordering checker: family GEN (every architecture). Statements: ord_rules.def.
 * Rules 1 to 9, 13 to 17, 20, 22 to 24 come from the engine's obligations; here: what they are called for several units, rings, negative
 * caching, enable. Rules on configuration entries: ord_gen_cfg.c.
 */
#include <stdlib.h>
#include "check/ord_gen.h"

void *gen_get(struct ord_chk *c, struct ord_map *m, struct ord_vec *v, uint64_t key, size_t size)
{
	void *p = ord_map_get(m, key);

	if (p)
		return p;
	p = ord_alloc(c, size);
	if (p && (!ord_map_put(m, key, p) || !ord_vec_add(v, p)))
		ord_oom(c);
	return p;
}
static void ring_rules(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	struct gen_ring *r = gen_get(c, &s->rings, &s->rings_v, (uint64_t)e->unit << 16 | e->queue, sizeof(*r));

	if (!r)
		return;
	switch (e->op) {
	case ORD_RING:
		r->size = ord_val(e, ORD_KEY_SIZE, r->size);
		r->has_size = r->size != 0;
		r->has_head |= (e->has & ORD_HAS(HEAD)) != 0;
		r->head = ord_val(e, ORD_KEY_HEAD, r->head);
		r->known |= (e->has & ORD_HAS(TAIL)) != 0;
		r->tail = ord_val(e, ORD_KEY_TAIL, r->tail);
		return;
	case ORD_SLOT:
		if (!r->known)
			return;
		if (r->has_size && r->has_head && (r->tail + 1) % r->size == r->head && e->num == r->tail)
			ord_report(c, ORD_GEN_18, ORD_VIOLATION, e, "wait until the head has moved",
			           "slot %llu is written although the ring is full (head %llu)", (unsigned long long)e->num,
			           (unsigned long long)r->head);
		else if (r->has_size && r->has_head && (e->num + r->size - r->head) % r->size < (r->tail + r->size - r->head) % r->size)
			ord_report(c, ORD_GEN_18, ORD_VIOLATION, e, "the slot, a barrier, then the tail",
			           "slot %llu is written behind the tail (%llu): the unit may already have read it",
			           (unsigned long long)e->num, (unsigned long long)r->tail);
		return;
	case ORD_TAIL:
	case ORD_HEAD:
		if (r->has_size && e->num >= r->size) {
			ord_report(c, ORD_GEN_18, ORD_VIOLATION, e, "an index modulo the size of the ring",
			           "index %llu in a ring of %llu slots", (unsigned long long)e->num, (unsigned long long)r->size);
			return;
		}
		if (e->op == ORD_HEAD) {
			r->head = e->num;
			r->has_head = true;
		} else {
			r->tail = e->num;
			r->known = true;
		}
		return;
	case ORD_DROP:
		ord_report(c, ORD_GEN_18, ORD_VIOLATION, e, "wait for a free slot", "a command was accepted and never stood in the queue");
		return;
	}
}
/* A page table that nothing names any more may have changed unseen. */
static bool in_use(const struct ord_dom *d)
{
	const struct ord_atx *a = d->atts;

	while (a && !a->a.live)
		a = a->next_d;
	return a || !d->ever;
}
/* A command that removed nothing, for a range that has only just become present: nobody needs it without negative caching. */
static void useless_flush(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	const struct ord_cmd *m = &c->ring[(c->n_cmd - 1) % ORD_LAST_CMDS];

	if (c->k.np_cache || m->covered || m->rejected || e->guest || (!m->lo && m->last == UINT64_MAX))
		return;
	for (unsigned i = 0; i < GEN_SETS; i++) {
		const struct gen_set *g = &s->set[i];
		struct ord_dom *d = g->n ? ord_dom_of(c, g->d, false) : NULL;

		if (!d || g->lo > m->last || g->last < m->lo || !in_use(d))
			continue;
		for (size_t k = 0; k < d->n_tag; k++)
			if (d->tag[k].unit == m->unit && (m->dom == ORD_NONE || d->tag[k].dom == m->dom) &&
			    (m->sub == ORD_NONE || d->tag[k].sub == ORD_NONE || d->tag[k].sub == m->sub)) {
				ord_report_as(c, ORD_GEN_11, ORD_PERF, ORD_PERF_SEV, 1, e->line, e->op,
				              "no command: not-present entries are not cached",
				              "a flush for leaves that only became present");
				s->set[i].n = 0;
				return;
			}
	}
}
static void note_set(struct gen_state *s, const struct ord_ev *e)
{
	struct gen_set *g = &s->set[s->n_set++ % GEN_SETS];

	*g = (struct gen_set){ e->d, 1, e->lo, e->last };
}
static bool global_cmd(const struct ord_ev *e)
{
	bool tag = e->has & (ORD_HAS(DID) | ORD_HAS(VMID) | ORD_HAS(DOMID) | ORD_HAS(ASID) | ORD_HAS(PASID));

	if (e->op == ORD_CFGINV)
		return !tag && e->rid == ORD_NONE;
	return !tag && (!(e->have & ORD_P_RANGE) || (!e->lo && e->last == UINT64_MAX)) && !(e->has & ORD_HAS(BASE));
}
static void enable_rules(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	uint8_t u = e->unit;
	bool clean;

	switch (e->op) {
	case ORD_CFGINV:
	case ORD_TLBINV:
		if (!global_cmd(e))
			return;
		(e->op == ORD_CFGINV ? s->cfg_all : s->tlb_all)[u] = c->seq;
		(e->op == ORD_CFGINV ? s->cfg_q : s->tlb_q)[u] = ord_queue_id(c, e);
		return;
	case ORD_CFG_SET:
		if (e->kind != ORD_K_ROOT)
			return;
		s->root_seq[u] = c->seq;
		if (s->te[u] && !c->k.vtd_esrtps)
			ord_report(c, ORD_GEN_21, ORD_VIOLATION, e, "the root, global invalidations and their completion, then enable",
			           "the root changes while translation is on: what is cached stays");
		return;
	case ORD_TE:
		s->te[u] = e->flags & ORD_F(ON);
		if (!s->te[u] || !s->root_seq[u] || c->k.vtd_esrtps)
			return;
		clean = s->cfg_all[u] > s->root_seq[u] && s->tlb_all[u] > s->root_seq[u] && ord_done_since(c, s->cfg_q[u], s->cfg_all[u]) &&
		        ord_done_since(c, s->tlb_q[u], s->tlb_all[u]);
		if (!clean)
			ord_report(c, ORD_GEN_21, ORD_VIOLATION, e,
			           "global configuration and TLB invalidation after the root, complete, then enable",
			           "translation is enabled without a completed invalidation of everything since the root was set");
		return;
	}
}
static bool is_present(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_dom *d = ord_dom_of(c, e->d, false);

	return d && ord_it_any(d->leaves, e->lo, e->last, NULL, NULL);
}
static void before(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	if (e->guest)
		return;
	if (e->op == ORD_IOVA_FREE && is_present(c, e))
		ord_report(c, ORD_GEN_25, ORD_VIOLATION, e, "every leaf of the range cleared first",
		           "addresses are given back that are still mapped");
	gen_cfg_before(c, st, e);
}
static void after(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	struct gen_state *s = st;

	if (e->guest)
		return;
	switch (e->op) {
	case ORD_PTE_SET:
		note_set(s, e);
		break;
	case ORD_TLBINV:
		useless_flush(c, s, e);
		enable_rules(c, s, e);
		break;
	case ORD_CFGINV:
	case ORD_CFG_SET:
	case ORD_TE:
		enable_rules(c, s, e);
		break;
	case ORD_RING:
	case ORD_SLOT:
	case ORD_TAIL:
	case ORD_HEAD:
	case ORD_DROP:
		ring_rules(c, s, e);
		break;
	}
	gen_cfg_after(c, s, e);
}
/* More than one unit or requester: what one forgets has a rule of its own. */
static void refine(struct ord_chk *c, void *st, struct ord_blame *b)
{
	struct ord_dom *d = b->d ? ord_dom_of(c, b->d, false) : NULL;
	bool units = false, mm = false;

	(void)st;
	for (size_t i = 0; d && i < d->n_tag; i++)
		units |= d->tag[i].unit != b->unit;
	for (const struct ord_atx *a = d ? d->atts : NULL; a; a = a->next_d)
		mm |= a->a.pasid != ORD_NONE && a->a.pasid && a->a.type != ORD_T_S2;
	if (units && !b->np &&
	    (b->why == ORD_WHY_TAG || b->why == ORD_WHY_NO_WAIT || b->why == ORD_WHY_OTHER_QUEUE || b->why == ORD_WHY_NEVER ||
	     b->why == ORD_WHY_NOT_DONE))
		ord_blame_rule(b, ORD_GEN_06, false);
	if (b->why == ORD_WHY_OTHER_QUEUE)
		ord_blame_rule(b, ORD_GEN_05, false);
	if (mm && (b->ev->op == ORD_PT_FREE || b->ev->op == ORD_PAGE_FREE) && !b->teardown)
		ord_blame_rule(b, ORD_GEN_23, false);
	if (b->why == ORD_WHY_NEVER && b->what == ORD_O_ATC && b->ev->op == ORD_PAGE_FREE)
		ord_blame_rule(b, ORD_GEN_01, false);
	if (b->walk && !b->teardown && b->what == ORD_O_TLB && b->ev->op == ORD_PT_FREE)
		ord_blame_rule(b, ORD_GEN_09, false);
	if (b->teardown && b->ev->op != ORD_DMA)
		ord_blame_rule(b, ORD_GEN_13, false);
	if (b->origin == ORD_PTE_MOD && b->ev->op == ORD_PAGE_FREE)
		ord_blame_rule(b, ORD_GEN_08, true);
	if (b->ev->op == ORD_TBL_FREE || b->ev->op == ORD_ID_FREE || b->ev->op == ORD_ID_ALLOC) {
		if (b->why == ORD_WHY_TAG || b->why == ORD_WHY_FORM)
			ord_blame_rule(b, ORD_GEN_15, false);
	}
}
static void close_gen(struct ord_chk *c, void *st)
{
	struct gen_state *s = st;

	for (size_t i = 0; i < s->rings_v.n; i++)
		free(s->rings_v.p[i]);
	free(s->rings_v.p);
	ord_map_free(&s->rings);
	gen_cfg_close(c, s);
}
const struct ord_family ord_fam_gen = {
	.name = "GEN",
	.state = sizeof(struct gen_state),
	.before = before,
	.after = after,
	.refine = refine,
	.close = close_gen,
};
