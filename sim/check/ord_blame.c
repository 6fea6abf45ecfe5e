/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_blame.c - why an obligation of the ordering checker is not done, and the finding that says so: cause, rule, sentence, history.
 * The cause is looked for among the last commands; families refine the rule (ord_int.h, struct ord_blame).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/ord_rel.h"

static const char *const what_name[] = { "visibility", "the configuration cache", "the PASID cache", "the walk cache", "the TLB",
	                                 "the ATC",    "the page-request queue" };
static const struct {
	const char *text, *right;
	enum ord_rule_id rule;
} causes[] = {
	[ORD_WHY_NEVER] = { "no command covers it", "a command that covers it, a wait behind it and its completion before this",
	                    ORD_GEN_01 },
	[ORD_WHY_INVISIBLE] = { "the command came before the write was visible", "the write-back of the entry before the command",
	                        ORD_GEN_02 },
	[ORD_WHY_ORDER] = { "the command came before that of the cache it is refilled from",
	                    "configuration cache first, then TLB, then ATC", ORD_GEN_04 },
	[ORD_WHY_NO_SYNC] = { "no sync stands between the command and that of the cache it is refilled from",
	                      "a sync between the two commands", ORD_GEN_04 },
	[ORD_WHY_LEAF] = { "the command was for leaf entries only, but a table was unlinked", "the command without the leaf hint",
	                   ORD_GEN_09 },
	[ORD_WHY_TAG] = { "the command names another tag", "the command with the tag the entries were cached under", ORD_GEN_15 },
	[ORD_WHY_FORM] = { "the command is of a kind that does not reach these entries",
	                   "the kind of command that reaches entries of this type", ORD_GEN_15 },
	[ORD_WHY_RANGE] = { "the command leaves out a part", "a range, or several, that contain all that changed", ORD_GEN_16 },
	[ORD_WHY_UNIT] = { "the command went to another unit only", "the command on each unit the page table is used on", ORD_GEN_06 },
	[ORD_WHY_REJECTED] = { "the command was not executed", "the command again, in legal form, and its completion", ORD_GEN_22 },
	[ORD_WHY_NO_WAIT] = { "no wait follows the command on its queue", "a wait behind the command, and its completion before this",
	                      ORD_GEN_05 },
	[ORD_WHY_NOT_DONE] = { "the wait behind the command has not completed", "the completion of the wait before this", ORD_GEN_05 },
	[ORD_WHY_OTHER_QUEUE] = { "only a wait on another queue has completed", "a wait on the queue of the command", ORD_GEN_06 },
	[ORD_WHY_ABORTED] = { "the wait behind the command was aborted", "command and wait again", ORD_TMO_04 },
	[ORD_WHY_GAVE_UP] = { "software stopped waiting before the wait completed", "a fence of the requester, or the completion",
	                      ORD_TMO_06 },
	[ORD_WHY_EXTRA] = { "this device needs the invalidation twice",
	                    "the same invalidation again, a wait behind it and its completion before this", ORD_ATS_10 },
	[ORD_WHY_SUSPECT] = { "the invalidation timed out",
	                      "a fence: the requester's entry blocking, its invalidation and a completed wait", ORD_TMO_02 },
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

			if (x->seq < m->seq && x->seq > o->org->seq && x->covered &&
			    x->op == (o->what == ORD_O_ATC && !o->teardown ? ORD_TLBINV : ORD_CFGINV))
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
		[ORD_WHY_NEVER] = 0, [ORD_WHY_UNIT] = 1,    [ORD_WHY_TAG] = 2,  [ORD_WHY_FORM] = 3,      [ORD_WHY_RANGE] = 4,
		[ORD_WHY_ORDER] = 6, [ORD_WHY_NO_SYNC] = 5, [ORD_WHY_LEAF] = 7, [ORD_WHY_INVISIBLE] = 8, [ORD_WHY_REJECTED] = 9,
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
		f->step[f->n_steps++] = (struct ord_step){ o->cmd_line,
			                                   o->what == ORD_O_CFG   ? ORD_CFGINV
			                                   : o->what == ORD_O_ATC ? ORD_ATCINV
			                                                          : ORD_TLBINV,
			                                   o->state };
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
	snprintf(b, n, "%s while %s%s%s may still hold %s%s%s since line %llu: %s", e ? ord_op_name[e->op] : "end",
	         o->walk && o->what == ORD_O_TLB && !o->teardown ? "the walk cache" : what_name[o->what], who, tag,
	         o->what == ORD_O_CFG ? "the old entry" : range, o->d && o->what != ORD_O_CFG ? " of " : "",
	         o->d && o->what != ORD_O_CFG ? ord_name_text(&c->names, o->d) : "", (unsigned long long)o->org->line, why);
}
/* @forced: the rule of the release event where that matters more than the cause; ORD_RULES_N: none. */
void ord_blame_one(struct ord_chk *c, const struct ord_ev *e, struct ord_obl *o, enum ord_rule_id forced, struct ord_told *told,
                   const struct ord_finding *as)
{
	const struct ord_cmd *m = NULL;
	enum ord_cause why = told->seen < ORD_BLAMES ? ord_cause_of(c, o, &m) : ORD_WHY_NEVER;
	enum ord_rule_id rule = cause_rule(o, why);
	struct ord_finding f = { .verdict = as ? as->verdict : ORD_VIOLATION, .rule = rule, .line = e->line, .op = e->op, .unit = o->unit };
	struct ord_blame b = { .ev = e,
		               .what = o->what,
		               .state = o->state,
		               .why = why,
		               .origin = o->org->op,
		               .unit = o->unit,
		               .kind = o->kind,
		               .d = o->d,
		               .rid = o->rid,
		               .pasid = o->pasid,
		               .dom = o->dom,
		               .sub = o->sub,
		               .lo = o->dom_n.lo,
		               .last = o->dom_n.last,
		               .line = o->org->line,
		               .type = o->type,
		               .cmd_line = m ? m->line : o->cmd_line,
		               .cmd_flags = m ? m->flags : o->cmd_flags,
		               .cmd_has = m ? m->has : o->cmd_has,
		               .f = &f };
	char text[600];

	if (told->seen++ >= ORD_BLAMES)
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
bool ord_atc_forgiven(struct ord_chk *c, const struct ord_obl *o)
{
	struct ord_devx *d = ord_devx_of(c, o->rid, false);

	return d && ord_fenced(d) && (o->state == ORD_S_SUSPECT || o->bad == ORD_WHY_SUSPECT + 1 || d->d.gone);
}
