/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_rel.c - release events of the ordering checker: which obligations touch what is released, why each is not done, and the rule that names it.
 * One finding for a release event and a rule. Families refine: ord_int.h, struct ord_blame.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

static const char *const what_name[] = { "visibility", "the configuration cache", "the PASID cache", "the walk cache", "the TLB", "the ATC", "the page-request queue" };
static const struct { const char *text, *right; enum ord_rule_id rule; } causes[] = {
	[ORD_WHY_NEVER] = { "no command covers it", "a command that covers it, a wait behind it and its completion before this", ORD_GEN_01 },
	[ORD_WHY_INVISIBLE] = { "the command came before the write was visible", "the write-back of the entry before the command", ORD_GEN_02 },
	[ORD_WHY_ORDER] = { "the command came before that of the cache it is refilled from", "configuration cache first, then TLB, then ATC", ORD_GEN_04 },
	[ORD_WHY_NO_SYNC] = { "no sync stands between the command and that of the cache it is refilled from", "a sync between the two commands", ORD_GEN_04 },
	[ORD_WHY_LEAF] = { "the command was for leaf entries only, but a table was unlinked", "the command without the leaf hint", ORD_GEN_09 },
	[ORD_WHY_TAG] = { "the command names another tag", "the command with the tag the entries were cached under", ORD_GEN_15 },
	[ORD_WHY_FORM] = { "the command is of a kind that does not reach these entries", "the kind of command that reaches entries of this type", ORD_GEN_15 },
	[ORD_WHY_RANGE] = { "the command leaves out a part", "a range, or several, that contain all that changed", ORD_GEN_16 },
	[ORD_WHY_UNIT] = { "the command went to another unit only", "the command on each unit the page table is used on", ORD_GEN_06 },
	[ORD_WHY_REJECTED] = { "the command was not executed", "the command again, in legal form, and its completion", ORD_GEN_22 },
	[ORD_WHY_NO_WAIT] = { "no wait follows the command on its queue", "a wait behind the command, and its completion before this", ORD_GEN_05 },
	[ORD_WHY_NOT_DONE] = { "the wait behind the command has not completed", "the completion of the wait before this", ORD_GEN_05 },
	[ORD_WHY_OTHER_QUEUE] = { "only a wait on another queue has completed", "a wait on the queue of the command", ORD_GEN_06 },
	[ORD_WHY_ABORTED] = { "the wait behind the command was aborted", "command and wait again", ORD_TMO_04 },
	[ORD_WHY_GAVE_UP] = { "software stopped waiting before the wait completed", "a fence of the requester, or the completion", ORD_TMO_06 },
	[ORD_WHY_EXTRA] = { "this device needs the invalidation twice", "the same invalidation again, a wait behind it and its completion before this", ORD_ATS_10 },
	[ORD_WHY_SUSPECT] = { "the invalidation timed out", "a fence: the requester's entry blocking, its invalidation and a completed wait", ORD_TMO_02 },
};
/* Is the page table of @o used behind that unit? */
static bool used_on(struct ord_chk *c, const struct ord_obl *o, uint8_t unit)
{
	const struct ord_dom *d = o->d ? ord_dom_of(c, o->d, false) : NULL;

	for (size_t i = 0; d && i < d->n_tag; i++)
		if (d->tag[i].unit == unit)
			return true;
	return false;
}
static enum ord_cause queue_cause(struct ord_chk *c, const struct ord_obl *o)
{
	const struct ord_queue *q = ord_queue_of(c, o->q, false);

	if (!q)
		return ORD_WHY_NO_WAIT;
	if (q->aborted > o->cmd_seq && q->last_wait <= o->cmd_seq)
		return ORD_WHY_ABORTED;
	if (q->gave_up > o->cmd_seq)
		return ORD_WHY_GAVE_UP;
	if (q->last_wait > o->cmd_seq)
		return ORD_WHY_NOT_DONE;
	for (size_t i = 0; i < c->all_queues.n; i++) {
		const struct ord_queue *x = c->all_queues.p[i];

		if (x != q && x->last_done > o->cmd_seq && (x->id >> 16 == q->id >> 16 || used_on(c, o, (uint8_t)(x->id >> 16))))
			return ORD_WHY_OTHER_QUEUE;
	}
	return ORD_WHY_NO_WAIT;
}
/* Was the command one that @o's owner may have meant for it, and why did it not count? ORD_WHY_NEVER: no. */
static enum ord_cause near_miss(struct ord_chk *c, const struct ord_obl *o, const struct ord_cmd *m)
{
	enum ord_cause why = ORD_WHY_NEVER;
	uint64_t lo, last;
	bool range = ord_cmd_range_ok(c, m, o, &lo, &last), tag = ord_cmd_tag(c, m, o, &why);
	uint8_t op = o->what == ORD_O_CFG ? ORD_CFGINV : o->what == ORD_O_ATC ? ORD_ATCINV : ORD_TLBINV;

	if (m->op != op || (o->what == ORD_O_ATC && m->rid != o->rid))
		return ORD_WHY_NEVER;
	if (m->rejected)
		return tag || why != ORD_WHY_UNIT ? ORD_WHY_REJECTED : ORD_WHY_NEVER;
	if (o->walk && o->what == ORD_O_TLB && (m->flags & ORD_F(LEAF)) && tag)
		return ORD_WHY_LEAF;
	if (tag && range) {
		if (o->state == ORD_S_OPEN || (o->vis_line && m->line < o->vis_line))
			return ORD_WHY_INVISIBLE;
		if (c->arch != ORD_SMMUV3 && !(c->k.order_tlb_atc == 2))
			return ORD_WHY_ORDER;
		for (uint64_t i = 0; i < ORD_LAST_CMDS && i < c->n_cmd; i++) {
			const struct ord_cmd *x = &c->ring[(c->n_cmd - 1 - i) % ORD_LAST_CMDS];

			if (x->seq < m->seq && x->seq > o->org->seq && x->covered && x->op == (o->what == ORD_O_ATC && !o->teardown ? ORD_TLBINV : ORD_CFGINV))
				return ORD_WHY_NO_SYNC;
		}
		return ORD_WHY_ORDER;
	}
	if (tag)
		return o->piece || !m->covered ? ORD_WHY_RANGE : ORD_WHY_NEVER;
	if (!range)
		return ORD_WHY_NEVER;
	if (why == ORD_WHY_TAG && m->covered)
		return ORD_WHY_NEVER;
	return why;
}
static int rank(enum ord_cause w)
{
	static const uint8_t r[] = {
		[ORD_WHY_NEVER] = 0, [ORD_WHY_UNIT] = 1, [ORD_WHY_TAG] = 2, [ORD_WHY_FORM] = 3, [ORD_WHY_RANGE] = 4, [ORD_WHY_ORDER] = 6, [ORD_WHY_NO_SYNC] = 5,
		[ORD_WHY_LEAF] = 7, [ORD_WHY_INVISIBLE] = 8, [ORD_WHY_REJECTED] = 9,
	};

	return w < ARRAY_LEN(r) ? r[w] : 0;
}
enum ord_cause ord_cause_of(struct ord_chk *c, const struct ord_obl *o, const struct ord_cmd **m)
{
	enum ord_cause best = ORD_WHY_NEVER, w;

	*m = NULL;
	if (o->state == ORD_S_COVERED)
		return queue_cause(c, o);
	if (o->bad)
		return (enum ord_cause)(o->bad - 1);
	for (uint64_t i = 0; i < ORD_LAST_CMDS && i < c->n_cmd; i++) {
		const struct ord_cmd *x = &c->ring[(c->n_cmd - 1 - i) % ORD_LAST_CMDS];

		if (x->seq <= o->org->seq)
			break;
		w = near_miss(c, o, x);
		if (rank(w) > rank(best)) {
			best = w;
			*m = x;
		}
	}
	return best;
}
/* The rule of an obligation for which there is no command at all, by what it is about. */
static enum ord_rule_id never_rule(const struct ord_obl *o)
{
	if (o->teardown)
		return o->what == ORD_O_ATC ? ORD_ATS_02 : ORD_GEN_13;
	if (o->what == ORD_O_ATC)
		return ORD_ATS_01;
	if (o->walk)
		return ORD_GEN_09;
	return o->org->op == ORD_PTE_MOD || o->org->op == ORD_PTE_SET ? ORD_GEN_08 : ORD_GEN_01;
}
static enum ord_rule_id cause_rule(const struct ord_obl *o, enum ord_cause why)
{
	if (why == ORD_WHY_NEVER)
		return never_rule(o);
	if ((why == ORD_WHY_ORDER || why == ORD_WHY_NO_SYNC) && (o->what != ORD_O_ATC || o->teardown))
		return ORD_GEN_13;
	if (why == ORD_WHY_REJECTED && (o->cmd_flags & ORD_F(ERR)))
		return ORD_GEN_24;
	return causes[why].rule;
}
void ord_blame_rule(struct ord_blame *b, enum ord_rule_id r, bool primary)
{
	struct ord_finding *f = b->f;
	enum ord_rule_id was = f->rule;

	if (r == f->rule)
		return;
	for (unsigned i = 0; i < f->n_also; i++)
		if (f->also[i] == r) {
			if (primary) {
				f->also[i] = was;
				f->rule = r;
			}
			return;
		}
	if (primary) {
		f->rule = r;
		r = was;
	}
	if (f->n_also < ORD_ALSO)
		f->also[f->n_also++] = r;
}
static void steps(struct ord_chk *c, struct ord_finding *f, const struct ord_obl *o, const struct ord_cmd *m)
{
	const struct ord_queue *q = o->state == ORD_S_COVERED ? ord_queue_of(c, o->q, false) : NULL;

	f->step[f->n_steps++] = (struct ord_step){ o->org->line, o->org->op, ORD_S_OPEN };
	if (!c->k.coherent_walk && o->vis_line)
		f->step[f->n_steps++] = (struct ord_step){ o->vis_line, ORD_CLFLUSH, ORD_S_VISIBLE };
	if (m)
		f->step[f->n_steps++] = (struct ord_step){ m->line, m->op, ORD_S_MISSED };
	else if (o->cmd_line)
		f->step[f->n_steps++] = (struct ord_step){ o->cmd_line, o->what == ORD_O_CFG ? ORD_CFGINV : o->what == ORD_O_ATC ? ORD_ATCINV : ORD_TLBINV, o->state };
	if (q && q->last_wait > o->cmd_seq)
		f->step[f->n_steps++] = (struct ord_step){ q->wait_line, ORD_WAIT, ORD_S_WAITED };
}
static void sentence(struct ord_chk *c, char *b, size_t n, const struct ord_ev *e, const struct ord_obl *o, const char *why)
{
	char range[200], who[80] = "", tag[60] = "";

	ord_print_range(range, sizeof(range), o->dom_n.lo, o->dom_n.last, &c->names);
	if (o->rid != ORD_NONE && o->what != ORD_O_TLB) {
		char id[60];

		ord_print_rid(id, sizeof(id), o->rid, o->pasid, &c->names);
		snprintf(who, sizeof(who), " of %s", id);
	}
	if (o->dom != ORD_NONE && o->sub != ORD_NONE)
		snprintf(tag, sizeof(tag), " (unit %u, tag %u.%u)", o->unit, o->dom, o->sub);
	else if (o->dom != ORD_NONE)
		snprintf(tag, sizeof(tag), " (unit %u, tag %u)", o->unit, o->dom);
	snprintf(b, n, "%s while %s%s%s may still hold %s%s%s since line %llu: %s", e ? ord_op_name[e->op] : "end", o->walk && o->what == ORD_O_TLB && !o->teardown ? "the walk cache" : what_name[o->what],
		 who, tag, o->what == ORD_O_CFG ? "the old entry" : range, o->d && o->what != ORD_O_CFG ? " of " : "",
		 o->d && o->what != ORD_O_CFG ? ord_name_text(&c->names, o->d) : "", (unsigned long long)o->org->line, why);
}
enum { BLAMES = 64, REUSE_LOOKS = 1024 }; /* REUSE_LOOKS: those looked at when an address is used again. BLAMES: obligations looked into for one release event: they differ in the rule at most */
struct told { enum ord_rule_id rule[16]; unsigned n, seen; };
/* @forced: the rule of the release event where that matters more than the cause; ORD_RULES_N: none. */
static void blame(struct ord_chk *c, const struct ord_ev *e, struct ord_obl *o, enum ord_rule_id forced, struct told *told, const struct ord_finding *as)
{
	const struct ord_cmd *m = NULL;
	enum ord_cause why = told->seen < BLAMES ? ord_cause_of(c, o, &m) : ORD_WHY_NEVER;
	enum ord_rule_id rule = cause_rule(o, why);
	struct ord_finding f = { .verdict = as ? as->verdict : ORD_VIOLATION, .rule = rule, .line = e->line, .op = e->op, .unit = o->unit };
	struct ord_blame b = { .ev = e, .what = o->what, .state = o->state, .why = why, .origin = o->org->op, .unit = o->unit, .kind = o->kind, .d = o->d, .rid = o->rid,
			       .pasid = o->pasid, .dom = o->dom, .sub = o->sub, .lo = o->dom_n.lo, .last = o->dom_n.last, .line = o->org->line, .type = o->type,
			       .cmd_line = m ? m->line : o->cmd_line, .cmd_flags = m ? m->flags : o->cmd_flags, .cmd_has = m ? m->has : o->cmd_has, .f = &f };
	char text[600];

	if (told->seen++ >= BLAMES)
		return;
	if (as && as->op != e->op) {
		f.line = as->line;
		f.op = as->op;
	}
	b.walk = o->walk;
	b.teardown = o->teardown;
	b.np = o->np;
	b.cmd = m;
	if (m && (m->flags & ORD_F(ERR)) && why == ORD_WHY_REJECTED)
		f.rule = ORD_GEN_24;
	if (forced != ORD_RULES_N)
		ord_blame_rule(&b, forced, true);
	ord_refine(c, &b);
	for (unsigned i = 0; i < told->n; i++)
		if (told->rule[i] == f.rule)
			return;
	if (told->n < ARRAY_LEN(told->rule))
		told->rule[told->n++] = f.rule;
	f.severity = ord_rules[f.rule].severity;
	sentence(c, text, sizeof(text), e, o, causes[why].text);
	f.what = text;
	f.right = causes[why].right;
	steps(c, &f, o, m);
	o->org->released = true;
	o->org->rule = f.rule;
	ord_emit(c, &f);
}
static bool atc_forgiven(struct ord_chk *c, const struct ord_obl *o)
{
	struct ord_devx *d = ord_devx_of(c, o->rid, false);

	return d && ord_fenced(d) && (o->state == ORD_S_SUSPECT || o->bad == ORD_WHY_SUSPECT + 1 || d->d.gone);
}
/* Waivers for memory of data pages: nothing can reach it any more (3.6 b, f). */
static bool data_forgiven(struct ord_chk *c, const struct ord_obl *o)
{
	struct ord_dom *d = o->d ? ord_dom_of(c, o->d, false) : NULL;

	if (o->np)
		return true;
	if (o->what == ORD_O_ATC)
		return atc_forgiven(c, o);
	return d && d->ever && !ord_reachable(c, d);
}
static bool untrusted(struct ord_chk *c, uint32_t d)
{
	struct ord_dom *dom = d ? ord_dom_of(c, d, false) : NULL;

	for (const struct ord_atx *a = dom ? dom->atts : NULL; a; a = a->next_d)
		if (ord_rid_in(c->k.untrusted_rids, a->a.rid))
			return true;
	return false;
}
static bool is_atc_teardown(void *ctx, struct ord_itn *n)
{
	const struct ord_obl *o = container_of(n, struct ord_obl, dom_n);

	return o->teardown && o->what == ORD_O_ATC && !atc_forgiven(ctx, o);
}
/* A page whose leaf is still present: by a live entry, or through one whose teardown is not complete. */
static void present_leaf(struct ord_chk *c, const struct ord_ev *e, const struct ord_leafs *l, struct told *told)
{
	struct ord_dom *d = ord_dom_of(c, l->d, false);
	bool live = !d->ever && !c->recorded;
	struct ord_itn *n;

	for (const struct ord_atx *a = d->atts; a; a = a->next_d)
		live |= a->a.live;
	for (const struct ord_atx *a = d->children; a; a = a->next_p)
		live |= a->a.live;
	if (live) {
		ord_report(c, ORD_GEN_25, ORD_VIOLATION, e, "the leaf cleared and flushed first", "a page is released whose leaf in %s, set at line %llu, is still present",
			   ord_name_text(&c->names, l->d), (unsigned long long)l->line);
		return;
	}
	n = ord_it_any(d->obls, l->va.lo, l->va.last, is_atc_teardown, c);
	if (n)
		blame(c, e, container_of(n, struct ord_obl, dom_n), ORD_RULES_N, told, NULL);
	for (struct ord_obl *o = c->tears; o && told->seen < BLAMES; o = o->tnext)
		if (o->what == ORD_O_CFG && o->att && (o->att->a.d == d->id || o->att->a.parent == d->id) && !o->att->blocked_done)
			blame(c, e, o, ORD_RULES_N, told, NULL);
}
static void page_free(struct ord_chk *c, const struct ord_ev *e)
{
	uint64_t last = e->pa + (e->pa_len ? e->pa_len : 4096) - 1;
	struct ord_finding lazy = { .verdict = ORD_HAZARD, .op = e->op, .line = e->line };
	struct told told = { .n = 0 };

	c->v.n = 0;
	ord_it_all(c->pages, e->pa, last, &c->v);
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, pa_n);

		if (o->walk || data_forgiven(c, o))
			continue;
		if (c->k.lazy_ok && !untrusted(c, o->d))
			blame(c, e, o, ORD_GEN_03, &told, &lazy);
		else
			blame(c, e, o, ORD_RULES_N, &told, NULL);
	}
	c->v.n = 0;
	ord_it_all(c->leaf_pages, e->pa, last, &c->v);
	for (size_t i = 0; i < c->v.n; i++)
		present_leaf(c, e, container_of(c->v.p[i], struct ord_leafs, pa), &told);
	for (struct ord_obl *o = ord_page_named(c, e->pa) ? NULL : c->unknown; o && told.seen < BLAMES; o = o->unext)
		if (!o->walk && !data_forgiven(c, o))
			blame(c, e, o, c->k.lazy_ok && !untrusted(c, o->d) ? ORD_GEN_03 : ORD_RULES_N, &told, c->k.lazy_ok && !untrusted(c, o->d) ? &lazy : NULL);
}
/* Obligations of the teardown of whatever names page table @d (0: any page table). */
static unsigned teardown_of(struct ord_chk *c, const struct ord_ev *e, uint32_t d, struct told *told)
{
	unsigned n = 0;

	for (struct ord_obl *o = c->tears; o && told->seen < BLAMES; o = o->tnext) {
		if (o->np || (o->what == ORD_O_ATC && atc_forgiven(c, o)))
			continue;
		if (d && !(o->att && (o->att->a.d == d || o->att->a.parent == d)))
			continue;
		blame(c, e, o, ORD_RULES_N, told, NULL);
		n++;
	}
	return n;
}
static void pt_free(struct ord_chk *c, const struct ord_ev *e)
{
	uint64_t last = e->pa + (e->pa_len ? e->pa_len : 4096) - 1;
	struct ord_table *t = ord_map_get(&c->tables, e->pa);
	struct told told = { .n = 0 };
	struct ord_dom *d;

	c->v.n = 0;
	ord_it_all(c->pages, e->pa, last, &c->v);
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, pa_n);

		if (!o->np && !(o->what == ORD_O_ATC && atc_forgiven(c, o)))
			blame(c, e, o, ORD_RULES_N, &told, NULL);
	}
	for (struct ord_obl *o = ord_page_named(c, e->pa) ? NULL : c->unknown; o && told.seen < BLAMES; o = o->unext)
		blame(c, e, o, ORD_RULES_N, &told, NULL);
	if (!t) {
		if (!ord_page_named(c, e->pa))
			teardown_of(c, e, 0, &told);
		return;
	}
	d = ord_dom_of(c, t->d, false);
	if (!teardown_of(c, e, t->d, &told) && t->linked && d && ord_reachable(c, d)) {
		bool mm = false;

		for (const struct ord_atx *a = d->atts; a; a = a->next_d)
			mm |= a->a.pasid != ORD_NONE && a->a.pasid;
		ord_report(c, mm ? ORD_GEN_23 : ORD_GEN_09, ORD_VIOLATION, e, "unlinked, flushed without the leaf hint, and waited for first",
			   "a table page of %s is released that is still linked", ord_name_text(&c->names, t->d));
		if (c->arch == ORD_SMMUV3 && mm)
			ord_report(c, ORD_SMM_07, ORD_VIOLATION, e, "the CD switched to no walks and everything flushed first",
				   "a table page of %s is released while a CD names it", ord_name_text(&c->names, t->d));
	}
	if (t->linked) /* an entry still names it */
		return;
	ord_map_del(&c->tables, e->pa);
	ord_pool_put(&c->p_table, t);
}
static bool concerns(const struct ord_ev *e, const struct ord_att *a)
{
	bool same = a->rid == e->rid || e->rid == ORD_NONE;

	if (e->have & ORD_P_PAGE)
		return a->root == e->pa;
	if (a->kind == e->kind)
		return same && (e->pasid == ORD_NONE || e->pasid == a->pasid);
	switch (e->kind) {
	case ORD_K_CD:
	case ORD_K_L1CD:
		return same && (a->kind == ORD_K_STE || a->kind == ORD_K_CD);
	case ORD_K_PASIDE:
	case ORD_K_PASIDDIR:
		return same && (a->kind == ORD_K_CTX || a->kind == ORD_K_PASIDE);
	case ORD_K_GCR3:
		return same && (a->kind == ORD_K_DTE || a->kind == ORD_K_GCR3);
	}
	return false;
}
static void tbl_free(struct ord_chk *c, const struct ord_ev *e)
{
	struct told told = { .n = 0 };

	for (struct ord_obl *o = c->tears; o && told.seen < BLAMES; o = o->tnext) {
		if (!o->np && o->att && concerns(e, &o->att->a) && !(o->what == ORD_O_ATC && atc_forgiven(c, o)))
			blame(c, e, o, ORD_GEN_13, &told, NULL);
	}
	for (size_t i = 0; i < c->n_att; i++) {
		const struct ord_att *a = &c->att_list[i]->a;
		bool above = !(e->have & ORD_P_PAGE) && a->kind != e->kind && (a->kind == ORD_K_STE || a->kind == ORD_K_CTX || a->kind == ORD_K_DTE);

		if (!a->live || !concerns(e, a) || (a->kind != e->kind && !above && !(e->have & ORD_P_PAGE)))
			continue;
		ord_report(c, c->arch == ORD_SMMUV3 ? ORD_SMM_06 : ORD_GEN_13, ORD_VIOLATION, e, "the entry cleared and flushed, with a completed wait, first",
			   "a configuration table is released that the %s set at line %llu still uses", ord_kind_name[a->kind], (unsigned long long)a->line);
		return;
	}
}
/* Does the obligation stand under the tag that @e frees or hands out? */
static bool under_tag(const struct ord_chk *c, const struct ord_ev *e, const struct ord_obl *o)
{
	uint64_t dom = ord_val(e, ORD_KEY_DID, ord_val(e, ORD_KEY_VMID, ord_val(e, ORD_KEY_DOMID, ORD_NONE)));
	uint64_t sub = ord_val(e, ORD_KEY_ASID, ORD_NONE), pasid = ord_val(e, ORD_KEY_PASID, ORD_NONE);

	if (o->np || (dom == ORD_NONE && sub == ORD_NONE && pasid == ORD_NONE) || ((e->have & ORD_P_UNIT) && o->unit != e->unit))
		return false;
	if (dom != ORD_NONE && o->dom != dom && !(o->what == ORD_O_ATC && o->teardown && o->att && o->att->a.dom == dom))
		return false;
	if (sub != ORD_NONE && !(o->sub == sub && o->what != ORD_O_ATC) && !(o->what == ORD_O_ATC && o->teardown && o->att && o->att->a.sub == sub))
		return false;
	if (pasid == ORD_NONE)
		return true;
	return o->pasid == pasid || (c->arch != ORD_SMMUV3 && o->what != ORD_O_ATC && o->sub == pasid);
}
static bool names_tag(const struct ord_chk *c, const struct ord_ev *e, const struct ord_att *a)
{
	uint64_t dom = ord_val(e, ORD_KEY_DID, ord_val(e, ORD_KEY_VMID, ord_val(e, ORD_KEY_DOMID, ORD_NONE)));
	uint64_t sub = ord_val(e, ORD_KEY_ASID, ORD_NONE), pasid = ord_val(e, ORD_KEY_PASID, ORD_NONE);

	(void)c;
	if (!a->live || (dom == ORD_NONE && sub == ORD_NONE && pasid == ORD_NONE) || ((e->have & ORD_P_UNIT) && a->unit != e->unit))
		return false;
	return (dom == ORD_NONE || a->dom == dom) && (sub == ORD_NONE || a->sub == sub) && (pasid == ORD_NONE || a->pasid == pasid);
}
/* The list that holds everything under the tag of @e; NULL: it names none. @other: a second list, of entries told by PASID but cached by address space. */
static struct ord_head *tag_head(struct ord_chk *c, const struct ord_ev *e, struct ord_head **other)
{
	uint64_t dom = ord_val(e, ORD_KEY_DID, ord_val(e, ORD_KEY_VMID, ord_val(e, ORD_KEY_DOMID, ORD_NONE)));

	*other = NULL;
	if (e->has & ORD_HAS(PASID)) {
		*other = ord_ix_head(c, ORD_IX_SUB, (uint32_t)e->v[ORD_KEY_PASID], false);
		return ord_ix_head(c, ORD_IX_PASID, (uint32_t)e->v[ORD_KEY_PASID], false);
	}
	if (e->has & ORD_HAS(ASID))
		return ord_ix_head(c, ORD_IX_SUB, (uint32_t)e->v[ORD_KEY_ASID], false);
	return dom != ORD_NONE ? ord_ix_head(c, ORD_IX_DOM, (uint32_t)dom, false) : NULL;
}
static bool blame_list(struct ord_chk *c, const struct ord_ev *e, struct ord_in *list, enum ord_ix which, struct told *told)
{
	bool any = false;

	for (struct ord_in *n = list; n && told->seen < BLAMES; n = n->next) {
		struct ord_obl *o = (struct ord_obl *)(void *)((char *)n - offsetof(struct ord_obl, ix) - which * sizeof(*n));

		if (!under_tag(c, e, o) || (o->what == ORD_O_ATC && atc_forgiven(c, o)))
			continue;
		any = true;
		blame(c, e, o, ORD_GEN_14, told, NULL);
	}
	return any;
}
static bool blame_tag(struct ord_chk *c, const struct ord_ev *e)
{
	struct told told = { .n = 0 };
	struct ord_head *other, *h = tag_head(c, e, &other);
	enum ord_ix which = e->has & ORD_HAS(PASID) ? ORD_IX_PASID : e->has & ORD_HAS(ASID) ? ORD_IX_SUB : ORD_IX_DOM;
	bool any = h && blame_list(c, e, h->obls, which, &told);

	if (other)
		any |= blame_list(c, e, other->obls, ORD_IX_SUB, &told);
	return any;
}
/* An entry that still names the tag. */
static const struct ord_att *named_by(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_head *other, *h = tag_head(c, e, &other);
	enum ord_ix which = e->has & ORD_HAS(PASID) ? ORD_IX_PASID : e->has & ORD_HAS(ASID) ? ORD_IX_SUB : ORD_IX_DOM;

	for (struct ord_in *n = h ? h->atts : NULL; n; n = n->next) {
		const struct ord_atx *a = (const struct ord_atx *)(void *)((char *)n - offsetof(struct ord_atx, ix) - which * sizeof(*n));

		if (names_tag(c, e, &a->a))
			return &a->a;
	}
	return NULL;
}
/* A number may be flushed as late as when it is handed out again: what is open now is a finding only if it is not, by the end of the trace, or is still open then. */
static void id_free(struct ord_chk *c, const struct ord_ev *e)
{
	const struct ord_att *a = named_by(c, e);

	if (a) {
		ord_report(c, c->arch == ORD_SMMUV3 ? ORD_SMM_24 : ORD_GEN_14, ORD_VIOLATION, e, "the entry cleared and its tag flushed first",
			   "a tag is given back that the %s set at line %llu still names", ord_kind_name[a->kind], (unsigned long long)a->line);
		return;
	}
	c->hold = e;
	blame_tag(c, e);
	c->hold = NULL;
}
static const uint8_t tag_keys[ORD_TAG_KEYS] = { ORD_KEY_PASID, ORD_KEY_ASID, ORD_KEY_DID, ORD_KEY_VMID, ORD_KEY_DOMID };

/* What the event names, and where it is kept: under the first of its numbers. */
static uint64_t held_key(const struct ord_ev *e, uint32_t tag[ORD_TAG_KEYS])
{
	uint64_t key = 0;

	for (unsigned i = 0; i < ORD_TAG_KEYS; i++) {
		tag[i] = (uint32_t)ord_val(e, tag_keys[i], ORD_NONE);
		if (!key && tag[i] != ORD_NONE)
			key = (uint64_t)(i + 1) << 32 | tag[i];
	}
	return key;
}
void ord_hold(struct ord_chk *c, const struct ord_finding *f)
{
	uint32_t tag[ORD_TAG_KEYS];
	uint64_t key = held_key(c->hold, tag);
	struct ord_held *first = ord_map_get(&c->held, key), *h;
	size_t n = strlen(f->what) + 1;

	for (h = first; h; h = h->next)
		if (h->f.rule == f->rule && !memcmp(h->tag, tag, sizeof(tag)))
			return; /* freed twice: told once */
	h = calloc(1, sizeof(*h) + n);
	if (!h || !ord_map_put(&c->held, key, h)) {
		free(h);
		ord_oom(c);
		return;
	}
	h->f = *f;
	memcpy(h->tag, tag, sizeof(tag));
	memcpy(h->text, f->what, n);
	h->next = first;
	h->older = c->held_new;
	if (h->older)
		h->older->newer = h;
	else
		c->held_old = h;
	c->held_new = h;
}
static void unhold(struct ord_chk *c, struct ord_held *h, bool tell)
{
	if (tell) {
		h->f.what = h->text;
		ord_emit(c, &h->f);
	}
	if (h->older)
		h->older->newer = h->newer;
	else
		c->held_old = h->newer;
	if (h->newer)
		h->newer->older = h->older;
	else
		c->held_new = h->older;
	free(h);
}
static void id_alloc(struct ord_chk *c, const struct ord_ev *e)
{
	const struct ord_att *a = named_by(c, e);
	bool open = blame_tag(c, e);
	uint32_t tag[ORD_TAG_KEYS];
	uint64_t key = held_key(e, tag);
	struct ord_held *keep = NULL;

	if (a)
		ord_report(c, ORD_GEN_14, ORD_VIOLATION, e, "the entry cleared and its tag flushed first",
			   "a tag is handed out that the %s set at line %llu still names", ord_kind_name[a->kind], (unsigned long long)a->line);
	for (struct ord_held *h = ord_map_get(&c->held, key), *next; h; h = next) {
		next = h->next;
		if (memcmp(h->tag, tag, sizeof(tag))) {
			h->next = keep;
			keep = h;
		} else {
			unhold(c, h, open); /* told if it was not flushed in the meantime either */
		}
	}
	ord_map_del(&c->held, key);
	if (keep && !ord_map_put(&c->held, key, keep))
		ord_oom(c);
}
/* The page that @o's first byte was on is where @e puts that byte. */
static bool same_page(const struct ord_ev *e, const struct ord_obl *o)
{
	return o->in_pa && e->have & ORD_P_PAGE && e->pa + (o->dom_n.lo - e->lo) == o->pa_n.lo;
}
static bool resizes(const struct ord_ev *e, const struct ord_obl *o)
{
	if (e->op != ORD_PTE_SET || (o->org->op != ORD_PT_UNLINK && !(o->org->op == ORD_PTE_MOD && o->org->resize)))
		return false;
	return !o->walk || e->last - e->lo >= o->dom_n.last - o->dom_n.lo;
}
static void iova_reuse(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_dom *d = ord_dom_of(c, e->d, false);
	struct told told = { .n = 0 };
	bool moved = false;

	if (!d || !d->obls)
		return;
	c->v.n = 0;
	c->v.max = REUSE_LOOKS;
	ord_it_all(d->obls, e->lo, e->last, &c->v);
	c->v.max = 0;
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, dom_n);

		moved |= !o->np && !o->walk && !o->teardown && !same_page(e, o);
	}
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, dom_n);
		bool resize = resizes(e, o);

		if (o->np || o->teardown || o->whole || ORD_FULL(o) || (o->walk && !resize) || (!resize && !o->in_pa && !o->in_unknown))
			continue;
		if (!o->walk && same_page(e, o) && !resize)
			continue;
		if (resize && c->k.bbm_level >= 2 && !moved)
			continue;
		if (e->op == ORD_PTE_SET && o->org->released && o->org->rule == (resize ? ORD_GEN_07 : ORD_GEN_03)) /* told at IOVA_ALLOC */
			continue;
		if (e->op == ORD_IOVA_FREE) {
			blame(c, e, o, ORD_RULES_N, &told, NULL);
			continue;
		}
		blame(c, e, o, resize ? ORD_GEN_07 : ORD_GEN_03, &told, NULL);
	}
}
static void claim(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_dom *d = ord_dom_of(c, e->d, false);
	enum ord_rule_id rule = e->flags & ORD_F(CLEAN) ? ORD_GEN_20 : ORD_GEN_08;
	struct told told = { .n = 0 };

	c->v.n = 0;
	ord_it_all(d ? d->obls : NULL, e->lo, e->last, &c->v);
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, dom_n);
		struct ord_finding dma = { .verdict = ORD_MANIFEST, .op = ORD_DMA, .line = o->org->dma_line };

		if (!o->np && !o->teardown)
			blame(c, e, o, rule, &told, o->org->dma_line ? &dma : NULL);
	}
}
static enum ord_rule_id np_rule(const struct ord_chk *c, const struct ord_obl *o)
{
	if (o->what != ORD_O_CFG)
		return o->kind ? (o->kind == ORD_K_PASIDE ? ORD_VTD_05 : c->arch == ORD_VTD ? ORD_VTD_11 : ORD_GEN_11) : ORD_GEN_11;
	if (c->arch == ORD_SMMUV3)
		return o->kind == ORD_K_STE ? ORD_SMM_02 : o->kind == ORD_K_L1STD ? ORD_SMM_03 : o->kind == ORD_K_L1CD ? ORD_SMM_05 : ORD_SMM_04;
	return c->arch == ORD_VTD ? (o->kind == ORD_K_PASIDE ? ORD_VTD_05 : ORD_VTD_11) : ORD_GEN_11;
}
static bool concerns_dma(const struct ord_ev *e, const struct ord_obl *o)
{
	return o->np && o->what == ORD_O_CFG && o->rid == e->rid && (o->pasid == e->pasid || o->pasid == ORD_NONE || !o->pasid);
}
/* A configuration entry that became valid, but may be cached as invalid: not covered, or covered and not waited for. */
static void negative_entry(struct ord_chk *c, const struct ord_ev *e, struct told *told)
{
	for (struct ord_obl *o = c->cfg[ord_bucket(e->rid)], *next; o; o = next) {
		next = o->bucket;
		if (concerns_dma(e, o))
			blame(c, e, o, np_rule(c, o), told, NULL);
	}
	for (size_t i = 0; i < c->all_queues.n; i++)
		for (struct ord_obl *o = ((struct ord_queue *)c->all_queues.p[i])->head, *next; o; o = next) {
			next = o->next;
			if (concerns_dma(e, o))
				blame(c, e, o, np_rule(c, o), told, NULL);
		}
}
/* A DMA while something is open that it may use: a stale line after the release, or a negative entry. */
static void dma(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_devx *dev = ord_devx_of(c, e->rid, false);
	struct told told = { .n = 0 };
	bool translated = (e->has & ORD_HAS(AT)) && !strcmp(ord_name_text(&c->names, (uint32_t)e->v[ORD_KEY_AT]), "T");

	if (!dev)
		return;
	if (c->np_cfg)
		negative_entry(c, e, &told);
	for (const struct ord_atx *a = dev->atts; a; a = a->next_rid) {
		struct ord_dom *d = a->a.d ? ord_dom_of(c, a->a.d, false) : NULL;

		if (!d || !d->obls || (a->a.pasid != e->pasid && (a->a.pasid && a->a.pasid != ORD_NONE)))
			continue;
		c->v.n = 0;
		ord_it_all(d->obls, e->addr, e->addr, &c->v);
		for (size_t i = 0; i < c->v.n; i++) {
			struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, dom_n);
			uint64_t pa = o->whole ? o->pa_n.lo : o->pa_n.lo + (e->addr - o->dom_n.lo);
			bool stale = !(e->flags & (ORD_F(FAULT) | ORD_F(FILLED))) && (e->flags & ORD_F(HIT) || e->have & ORD_P_PAGE);

			if (o->what == ORD_O_ATC ? !translated || o->rid != e->rid : translated)
				continue;
			if (o->np) {
				blame(c, e, o, np_rule(c, o), &told, NULL);
			} else if (stale && !(o->in_pa && e->have & ORD_P_PAGE && (e->pa & ~UINT64_C(0xfff)) != (pa & ~UINT64_C(0xfff)))) {
				if (e->flags & ORD_F(WRITE))
					o->org->dma_line = e->line;
				if (o->org->released)
					ord_report(c, o->org->rule, ORD_MANIFEST, e, "the invalidation of this range complete before the release",
						   "a DMA used the entry that line %llu took away", (unsigned long long)o->org->line);
			}
		}
	}
}
void ord_rel_event(struct ord_chk *c, const struct ord_ev *e)
{
	switch (e->op) {
	case ORD_PAGE_FREE:
		page_free(c, e);
		return;
	case ORD_PT_FREE:
		pt_free(c, e);
		return;
	case ORD_TBL_FREE:
		tbl_free(c, e);
		return;
	case ORD_IOVA_FREE:
	case ORD_IOVA_ALLOC:
	case ORD_PTE_SET:
		iova_reuse(c, e);
		return;
	case ORD_ID_FREE:
		id_free(c, e);
		return;
	case ORD_ID_ALLOC:
		id_alloc(c, e);
		return;
	case ORD_CLAIM:
		claim(c, e);
		return;
	case ORD_DMA:
		dma(c, e);
		return;
	}
}
void ord_rel_finish(struct ord_chk *c)
{
	while (c->held_old)
		unhold(c, c->held_old, true);
}
void ord_rel_close(struct ord_chk *c)
{
	while (c->held_old)
		unhold(c, c->held_old, false);
	ord_map_free(&c->held);
}
