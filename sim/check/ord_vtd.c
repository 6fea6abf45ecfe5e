/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_vtd.c - rules of the ordering checker: family VTD (Intel VT-d). Statements: ord_rules.def.
 * Rules 2 to 4, 7 to 11, 16, 17 are names for the engine's findings; rules 3, 5, 6, 20 on torn entries and tables are in ord_gen_cfg.c.
 * Here: root change, write-buffer flush, wait descriptors, slots, throttling fields, page-request drain, shared domain-ids.
 */
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

enum { VTD_SETS = 64, VTD_PASIDS = 1 << 10 };
struct vtd_unit {
	uint64_t root, ctx, pasid, tlb; /* sequence: root set, then the global commands that counted */
	uint64_t end;                   /* the last of them */
	uint32_t q;
	bool te_known, te;
};
struct vtd_set {
	uint64_t lo, last, seq;
	uint32_t d;
};
struct vtd_user {
	uint8_t unit, kind;
	uint32_t rid, pasid;
}; /* who has a (DID, PASID) */
struct vtd_gone {
	uint64_t seq;
	uint32_t rid, pasid;
	uint8_t unit;
	bool pri;
}; /* a PASID entry that was cleared */
struct vtd_slot {
	uint64_t num, seq;
};
struct vtd_dir {
	uint32_t rid;
	uint64_t line;
};
struct vtd_state {
	struct vtd_unit unit[256];
	struct vtd_set set[VTD_SETS];
	unsigned n_set;
	uint64_t wbf;
	struct ord_map users, slots, dirs;
	struct ord_vec all;
	struct vtd_gone gone[VTD_PASIDS]; /* by PASID, the last one */
	uint64_t ovf[256] /* by unit */, drained;
	uint32_t drained_rid, drained_pasid;
};
static bool is_global(const struct ord_ev *e)
{
	return !(e->has & (ORD_HAS(DID) | ORD_HAS(PASID) | ORD_HAS(BASE))) && e->rid == ORD_NONE &&
	       (!(e->have & ORD_P_RANGE) || (!e->lo && e->last == UINT64_MAX));
}
/* Context cache, PASID cache, IOTLB, each counted only behind the one before; then enable. */
static void root_rules(struct ord_chk *c, struct vtd_state *s, const struct ord_ev *e)
{
	struct vtd_unit *u = &s->unit[e->unit];
	bool ctx = e->op == ORD_CFGINV && (e->kind == ORD_K_CTX || e->kind == ORD_K_ALL || !e->kind);
	bool pasid = e->op == ORD_CFGINV && (e->kind == ORD_K_PASIDE || e->kind == ORD_K_ALL || !e->kind);

	if (e->op == ORD_CFG_SET && e->kind == ORD_K_ROOT) {
		*u = (struct vtd_unit){ .root = c->seq, .te = u->te, .te_known = u->te_known };
	} else if (e->op == ORD_TE) {
		u->te_known = true;
		u->te = e->flags & ORD_F(ON);
		if (u->te && u->root && !c->k.vtd_esrtps && !(u->tlb && ord_done_since(c, u->q, u->tlb)))
			ord_report(c, ORD_VTD_01, ORD_VIOLATION, e,
			           "context cache, PASID cache (scalable mode), IOTLB, each global, in this order, and a wait",
			           "translation is enabled, but since the root was set the global invalidations are not complete in order");
		u->root = u->te ? 0 : u->root;
	} else if (u->root && is_global(e)) {
		if (ctx && !u->ctx)
			u->ctx = c->seq;
		if (pasid && u->ctx && !u->pasid)
			u->pasid = c->seq;
		if (e->op == ORD_TLBINV && u->ctx && (u->pasid || !c->k.vtd_scalable)) {
			u->tlb = c->seq;
			u->q = ord_queue_id(c, e);
		}
	}
}
/* With write buffers a new leaf needs WBF, or any completed invalidation, before its use. */
static void buffer_rules(struct ord_chk *c, struct vtd_state *s, const struct ord_ev *e)
{
	struct ord_devx *dev;
	bool flushed;

	if (e->op == ORD_PTE_SET) {
		s->set[s->n_set++ % VTD_SETS] = (struct vtd_set){ e->lo, e->last, c->seq, e->d };
		return;
	}
	if (e->op == ORD_WBF) {
		s->wbf = c->seq;
		return;
	}
	dev = ord_devx_of(c, e->rid, false);
	for (unsigned i = 0; i < VTD_SETS; i++) {
		const struct vtd_set *p = &s->set[i];

		if (!p->seq || p->seq < s->wbf || e->addr < p->lo || e->addr > p->last)
			continue;
		for (const struct ord_atx *a = dev ? dev->atts : NULL; a; a = a->next_rid) {
			flushed = false;
			for (size_t q = 0; q < c->all_queues.n; q++) {
				const struct ord_queue *x = c->all_queues.p[q];

				flushed |= x->id >> 16 == a->a.unit && x->last_done > p->seq;
			}
			if (a->a.d == p->d && !flushed) {
				ord_report(c, ORD_VTD_12, ORD_HAZARD, e,
				           "a write-buffer flush, or a completed invalidation, before the use",
				           "a leaf is used that may still sit in a write buffer");
				return;
			}
		}
	}
}
static struct ord_wait *wait_at(struct ord_chk *c, uint64_t addr, uint64_t slot, uint32_t qid)
{
	for (size_t i = 0; i < c->all_queues.n; i++) {
		struct ord_queue *q = c->all_queues.p[i];

		for (struct ord_wait *w = q->waits; w; w = w->next)
			if (!w->aborted && (addr != UINT64_MAX ? w->addr == addr : w->slot == slot && q->id == qid))
				return w;
	}
	return NULL;
}
static void wait_rules(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_wait *w;

	switch (e->op) {
	case ORD_WAIT:
		w = e->has & ORD_HAS(ADDR) ? wait_at(c, e->v[ORD_KEY_ADDR], 0, 0) : NULL;
		if (w)
			ord_report(c, ORD_VTD_13, ORD_VIOLATION, e, "a status location of its own for each wait in flight",
			           "the status location belongs to the wait of line %llu, which is not complete",
			           (unsigned long long)w->line);
		return;
	case ORD_STATUS_GONE:
		w = e->w ? ord_map_get(&c->waits, e->w) : NULL;
		if (w)
			ord_report(
			    c, ORD_VTD_13, ORD_VIOLATION, e, "the location kept until the wait has completed or was aborted by the unit",
			    "the status location is given up while the wait of line %llu may still write it", (unsigned long long)w->line);
		return;
	}
}
/* A slot that holds a wait nobody has seen the end of. The first write behind the WAIT is its own. */
static void slot_rules(struct ord_chk *c, struct vtd_state *s, const struct ord_ev *e)
{
	uint32_t qid = (uint32_t)e->unit << 16 | e->queue;
	struct ord_wait *w = wait_at(c, UINT64_MAX, e->num, qid);
	struct vtd_slot *l = ord_map_get(&s->slots, qid);

	if (w && w->slot_written)
		ord_report(c, ORD_VTD_14, ORD_VIOLATION, e, "the slot left alone until its wait is seen complete",
		           "slot %llu is written again while the wait of line %llu stands in it", (unsigned long long)e->num,
		           (unsigned long long)w->line);
	if (w)
		w->slot_written = true;
	if (!l) {
		l = ord_alloc(c, sizeof(*l));
		if (!l || !ord_map_put(&s->slots, qid, l) || !ord_vec_add(&s->all, l)) {
			ord_oom(c);
			return;
		}
	}
	*l = (struct vtd_slot){ e->num, c->seq };
}
static void slot_before_wait(struct ord_chk *c, struct vtd_state *s, const struct ord_ev *e)
{
	uint32_t qid = ord_queue_id(c, e);
	const struct vtd_slot *l = ord_map_get(&s->slots, qid);
	struct ord_wait *w = e->has & ORD_HAS(SLOT) ? wait_at(c, UINT64_MAX, e->v[ORD_KEY_SLOT], qid) : NULL;

	if (w && l && l->num == w->slot && l->seq + 1 == w->seq)
		w->slot_written = true;
}
static void devtlb_rules(struct ord_chk *c, struct vtd_state *s, const struct ord_ev *e)
{
	const struct vtd_unit *u = &s->unit[e->unit];
	const struct ord_dev *d = ord_dev(c, e->rid, false), *pf;

	if (u->te_known && !u->te)
		ord_report_as(c, ORD_VTD_09, ORD_VIOLATION, ORD_MEDIUM, 0, e->line, e->op,
		              "no device-TLB commands while translation is off",
		              "a device-TLB command while translation is off is not processed or ends in an error");
	if (!d || d->pf == ORD_NONE)
		return;
	if (e->has & ORD_HAS(PFSID) && e->v[ORD_KEY_PFSID] != d->pf)
		ord_report(c, ORD_VTD_15, ORD_VIOLATION, e, "the physical function's source-id",
		           "throttled by another function than the physical one of this virtual function");
	pf = ord_dev(c, d->pf, false);
	if (pf && e->has & ORD_HAS(MIP) && e->v[ORD_KEY_MIP] > (pf->qdep ? pf->qdep : 32))
		ord_report(c, ORD_VTD_15, ORD_VIOLATION, e, "the queue depth of the capability (0: 32)",
		           "more pending invalidations are allowed than the function's queue holds");
}
/* A PASID given back while page requests of it may be on their way. */
static void drain_rules(struct ord_chk *c, struct vtd_state *s, const struct ord_ev *e)
{
	struct vtd_gone *g;
	const struct ord_dev *d;
	uint64_t pd;
	bool hw, sw;

	switch (e->op) {
	case ORD_CFG_CLR:
	case ORD_CFG_WR:
		if (e->kind != ORD_K_PASIDE || e->pasid == ORD_NONE || (e->op == ORD_CFG_WR && ord_val(e, ORD_KEY_V, 1)))
			return;
		d = ord_dev(c, e->rid, false);
		s->gone[e->pasid % VTD_PASIDS] = (struct vtd_gone){ c->seq, e->rid, e->pasid, e->unit, d && d->pri };
		return;
	case ORD_PRQ_OVF:
		s->ovf[e->unit] = c->seq;
		return;
	case ORD_PRQ_DRAINED:
		s->drained = c->seq;
		s->drained_rid = e->rid;
		s->drained_pasid = e->pasid;
		return;
	}
	if (!(e->has & ORD_HAS(PASID)))
		return;
	g = &s->gone[e->v[ORD_KEY_PASID] % VTD_PASIDS];
	if (!g->seq || !g->pri || g->pasid != e->v[ORD_KEY_PASID])
		return;
	pd = ord_pd_done(c, g->unit);
	hw = pd > g->seq && s->ovf[g->unit] < pd;
	sw = s->drained > g->seq && (s->drained_rid == ORD_NONE || s->drained_rid == g->rid) &&
	     (s->drained_pasid == ORD_NONE || s->drained_pasid == g->pasid);
	if (!hw && (c->k.prq_drain || !sw)) /* what software has taken from its queue says nothing of what is on its way to it */
		ord_report(c, ORD_VTD_18, ORD_VIOLATION, e,
		           "a wait with page-request drain behind the flush, repeated if the queue overflowed meanwhile",
		           "a PASID is given back without a drain of its page requests since its entry was cleared");
}
/* (unit, DID, PASID) must name one table. */
static void shared_rules(struct ord_chk *c, struct vtd_state *s, const struct ord_ev *e)
{
	const struct ord_att *a = ord_att_find(c, e->unit, e->kind, e->rid, e->pasid), *b;
	struct vtd_user *u;
	uint64_t key;

	if (!a || !a->live || a->dom == ORD_NONE || (!a->d && !a->root))
		return;
	key = (uint64_t)a->unit << 56 | (uint64_t)(a->dom & 0xffffff) << 28 | (a->sub & 0xfffffff);
	u = ord_map_get(&s->users, key);
	b = u ? ord_att_find(c, u->unit, u->kind, u->rid, u->pasid) : NULL;
	if (b && b->live && b != a && b->dom == a->dom && b->sub == a->sub &&
	    (b->d != a->d || b->parent != a->parent || (a->root && b->root && a->root != b->root))) {
		ord_report(c, ORD_VTD_19, ORD_VIOLATION, e, "a PASID that is unique under the domain-id, or another domain-id",
		           "domain-id %u with this PASID already names another table (line %llu)", a->dom, (unsigned long long)b->line);
		return;
	}
	if (!u) {
		u = ord_alloc(c, sizeof(*u));
		if (!u || !ord_map_put(&s->users, key, u) || !ord_vec_add(&s->all, u)) {
			ord_oom(c);
			return;
		}
	}
	*u = (struct vtd_user){ a->unit, a->kind, a->rid, a->pasid };
}
/* A present PASID or context entry gets another table or domain in place. */
static void live_rules(struct ord_chk *c, const struct ord_ev *e)
{
	const struct ord_att *a = ord_att_find(c, e->unit, e->kind, e->rid, e->pasid);
	const struct ord_obl *o;

	if ((e->kind == ORD_K_PASIDE || e->kind == ORD_K_CTX) && !(a && a->live)) { /* not present in memory, but cached */
		o = ord_cfg_open(c, e);
		if (o && o->teardown && (ord_val(e, ORD_KEY_DOM, o->d) != o->d || ord_val(e, ORD_KEY_DID, o->dom) != o->dom))
			ord_report(c, ORD_VTD_20, ORD_VIOLATION, e, "the flush chain of the old entry complete before the new one",
			           "an entry gets another table or domain while the old one may still be cached (line %llu)",
			           (unsigned long long)o->org->line);
		return;
	}
	if (!a || !a->live || (e->kind != ORD_K_PASIDE && e->kind != ORD_K_CTX) || e->flags & (ORD_F(ATOMIC) | ORD_F(BLOCK)))
		return;
	if (ord_val(e, ORD_KEY_DOM, a->d) != a->d || ord_val(e, ORD_KEY_DID, a->dom) != a->dom ||
	    ord_val(e, ORD_KEY_TYPE, a->type) != a->type)
		ord_report(c, ORD_VTD_20, ORD_VIOLATION, e, "P cleared, the flush chain, the new words, P set",
		           "a present entry gets another table or domain in place");
}
/* A PASID directory entry must be written back before its PASIDs are used, where walks do not snoop. */
static void directory_rules(struct ord_chk *c, struct vtd_state *s, const struct ord_ev *e)
{
	struct vtd_dir *d;

	if (c->k.coherent_walk)
		return;
	if (e->op == ORD_CLFLUSH) {
		for (size_t i = 0; i < s->dirs.cap; i++)
			if (s->dirs.key[i] != UINT64_MAX &&
			    ((!e->kind && !(e->have & (ORD_P_PAGE | ORD_P_DOM | ORD_P_QUEUE))) ||
			     (e->kind == ORD_K_PASIDDIR && (e->rid == ORD_NONE || s->dirs.key[i] == e->rid))))
				((struct vtd_dir *)s->dirs.val[i])->line = 0;
		return;
	}
	d = ord_map_get(&s->dirs, e->rid);
	if (e->op == ORD_DMA) {
		if (d && d->line && e->pasid != ORD_NONE)
			ord_report(c, ORD_VTD_06, ORD_VIOLATION, e, "the directory's line written back before the PASID is used",
			           "the PASID directory entry of line %llu was never written back", (unsigned long long)d->line);
		return;
	}
	if (e->kind != ORD_K_PASIDDIR)
		return;
	if (!d) {
		d = ord_alloc(c, sizeof(*d));
		if (!d || !ord_map_put(&s->dirs, e->rid, d) || !ord_vec_add(&s->all, d)) {
			ord_oom(c);
			return;
		}
	}
	*d = (struct vtd_dir){ e->rid, e->line };
}
static void before(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	struct vtd_state *s = st;

	if (e->guest)
		return;
	switch (e->op) {
	case ORD_WAIT:
	case ORD_STATUS_GONE:
		wait_rules(c, e);
		return;
	case ORD_SLOT:
		slot_rules(c, s, e);
		return;
	case ORD_ATCINV:
		devtlb_rules(c, s, e);
		return;
	case ORD_CFG_CLR:
	case ORD_PRQ_OVF:
	case ORD_PRQ_DRAINED:
	case ORD_ID_FREE:
		drain_rules(c, s, e);
		return;
	case ORD_CFG_WR:
		drain_rules(c, s, e);
		directory_rules(c, s, e);
		return;
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
		live_rules(c, e);
		directory_rules(c, s, e);
		return;
	case ORD_DMA:
		directory_rules(c, s, e);
		return;
	case ORD_CLFLUSH:
		directory_rules(c, s, e);
		return;
	}
}
static void wide_rules(struct ord_chk *c, const struct ord_ev *e)
{
	const struct ord_cmd *m = &c->ring[(c->n_cmd - 1) % ORD_LAST_CMDS];

	if (!m->wide)
		return;
	if (e->op == ORD_TLBINV)
		ord_report_as(c, ORD_VTD_10, ORD_PERF, ORD_PERF_SEV, 1, e->line, e->op, "the PASID-based command for this PASID and range",
		              "a page-selective command for a first-stage change drops every first-stage entry of the domain");
	else
		ord_report_as(c, ORD_VTD_17, ORD_PERF, ORD_PERF_SEV, 1, e->line, e->op, "the command with the PASID",
		              "a command without PASID for lines of one PASID drops everything of the function");
}
static void after(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	struct vtd_state *s = st;

	if (e->guest)
		return;
	switch (e->op) {
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
	case ORD_CFG_WR:
		shared_rules(c, s, e);
		root_rules(c, s, e);
		return;
	case ORD_TLBINV:
		wide_rules(c, e);
		root_rules(c, s, e);
		return;
	case ORD_ATCINV:
		wide_rules(c, e);
		return;
	case ORD_CFGINV:
	case ORD_TE:
		root_rules(c, s, e);
		return;
	case ORD_WAIT:
		slot_before_wait(c, s, e);
		return;
	case ORD_PTE_SET:
	case ORD_WBF:
	case ORD_DMA:
		if (c->k.rwbf)
			buffer_rules(c, s, e);
		return;
	}
}
static void refine(struct ord_chk *c, void *st, struct ord_blame *b)
{
	bool first = b->type == ORD_T_S1 || b->type == ORD_T_NESTED, tlb = b->what == ORD_O_TLB, atc = b->what == ORD_O_ATC;

	(void)st;
	(void)c;
	if (b->np)
		return;
	if (b->teardown)
		ord_blame_rule(b, b->kind == ORD_K_PASIDE && b->ev->op != ORD_TBL_FREE ? ORD_VTD_03 : ORD_VTD_02, false);
	if (b->what == ORD_O_CFG && b->why == ORD_WHY_TAG && b->kind == ORD_K_CTX)
		ord_blame_rule(b, ORD_VTD_16, true);
	if (tlb && b->why == ORD_WHY_FORM)
		ord_blame_rule(b, first && !b->teardown ? ORD_VTD_10 : ORD_VTD_04, false);
	if (tlb && b->why == ORD_WHY_RANGE)
		ord_blame_rule(b, ORD_VTD_07, false);
	if (tlb && b->why == ORD_WHY_REJECTED && b->cmd_has & ORD_HAS(AM))
		ord_blame_rule(b, ORD_VTD_07, false);
	if (tlb && b->why == ORD_WHY_LEAF) {
		ord_blame_rule(b, ORD_VTD_08, false);
		if (first && b->cmd && b->cmd->sub == ORD_NONE)
			ord_blame_rule(b, ORD_VTD_10, false);
	}
	if (atc && b->why == ORD_WHY_ORDER)
		ord_blame_rule(b, ORD_VTD_09, false);
	if (atc && b->why == ORD_WHY_FORM)
		ord_blame_rule(b, ORD_VTD_17, false);
}
static void close_vtd(struct ord_chk *c, void *st)
{
	struct vtd_state *s = st;

	(void)c;
	for (size_t i = 0; i < s->all.n; i++)
		free(s->all.p[i]);
	free(s->all.p);
	ord_map_free(&s->users);
	ord_map_free(&s->slots);
	ord_map_free(&s->dirs);
}
const struct ord_family ord_fam_vtd = {
	.name = "VTD",
	.state = sizeof(struct vtd_state),
	.before = before,
	.after = after,
	.refine = refine,
	.close = close_vtd,
};
