/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_smmuv3.c - rules of the ordering checker: family SMM (Arm SMMUv3). Statements: ord_rules.def.
 * Rules 6 to 13, 18, 19, 21, 24 are names for the engine's findings; 1 to 5 on torn entries and tables are in ord_gen_cfg.c.
 * Here: ATS switches, EATS modes, SYNC tokens, queue memory, stalls, command mixes. A change through V=0 where one store would have done
 * (SMM-ORD-01) is told for a stage 2 and a nested entry upon it only.
 */
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

struct smm_stall {
	uint32_t rid, pasid;
	uint64_t line;
};
struct smm_token {
	uint64_t slot, val, addr;
	bool known;
}; /* addr: where it is written; another place is another token */
struct smm_mix {
	uint8_t op;
	uint64_t line;
}; /* a command behind which a sync must stand, none yet */
struct smm_mode {
	uint64_t eats;
}; /* the last EATS other than 0 */
struct smm_inv {
	uint64_t seq;
	uint32_t q;
};
struct smm_step {
	uint64_t seq, line;
	struct smm_inv inv;
}; /* words of an entry written; its last CFGI */
struct smm_break {
	struct ord_att was;
	uint64_t line;
	bool aborted;
}; /* an STE made invalid; a DMA met that */
struct smm_state {
	struct ord_map stalls, tokens, slots, mixes, modes, steps, breaks;
	struct smm_inv inv; /* the last CFGI of everything */
	struct ord_vec all;
	uint64_t dirty; /* slots written and not written back */
	uint64_t dvm;   /* sequence of the last broadcast TLB maintenance */
};
static void *get(struct ord_chk *c, struct smm_state *s, struct ord_map *m, uint64_t key, size_t n)
{
	void *p = ord_map_get(m, key);

	if (p)
		return p;
	p = ord_alloc(c, n);
	if (p && (!ord_map_put(m, key, p) || !ord_vec_add(&s->all, p)))
		ord_oom(c);
	return p;
}
static bool cfg_open(struct ord_chk *c, const struct ord_att *a)
{
	for (const struct ord_obl *o = c->cfg[ord_bucket(a->rid)]; o; o = o->bucket)
		if (o->rid == a->rid && o->kind == a->kind && o->unit == a->unit)
			return true;
	for (size_t i = 0; i < c->all_queues.n; i++)
		for (const struct ord_obl *o = ((struct ord_queue *)c->all_queues.p[i])->tail; o; o = o->prev)
			if (o->what == ORD_O_CFG && o->rid == a->rid && o->kind == a->kind)
				return true;
	return false;
}
/* E=1 comes last: EATS set, its CFGI and SYNC complete. */
static void ats_enable(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_devx *d = ord_devx_of(c, e->rid, false);

	if (!ord_val(e, ORD_KEY_DEV_ATS, 0))
		return;
	for (const struct ord_atx *a = d ? d->atts : NULL; a; a = a->next_rid)
		if (a->a.kind == ORD_K_STE && a->a.live && (!a->a.ats || cfg_open(c, &a->a))) {
			ord_report(c, ORD_SMM_14, ORD_VIOLATION, e, "EATS set, CFGI_STE, its SYNC complete, then E=1 in the endpoint",
			           a->a.ats ? "translation service is switched on before the SYNC behind the STE's invalidation"
			                    : "translation service is switched on while the STE does not permit it");
			return;
		}
}
static void eats_change(struct ord_chk *c, struct smm_state *s, const struct ord_ev *e)
{
	struct smm_mode *m;
	const struct ord_att *a = ord_att_find(c, e->unit, e->kind, e->rid, e->pasid);
	struct ord_devx *d = ord_devx_of(c, e->rid, false);
	uint64_t now = ord_val(e, ORD_KEY_EATS, UINT64_MAX);

	if (e->kind != ORD_K_STE || !a || !a->live || now == UINT64_MAX)
		return;
	if (now && a->eats && now != a->eats)
		ord_report(c, ORD_SMM_16, ORD_VIOLATION, e, "EATS=0, CFGI_STE and SYNC, ATC_INV of everything, then the other mode",
		           "EATS goes from %u to %llu directly: ATCs hold addresses of another kind", a->eats, (unsigned long long)now);
	m = now || a->eats ? get(c, s, &s->modes, e->rid, sizeof(*m)) : NULL;
	if (m && now && !a->eats && m->eats && m->eats != now && cfg_open(c, a))
		ord_report(c, ORD_SMM_16, ORD_VIOLATION, e, "CFGI_STE and a completed SYNC while EATS is 0",
		           "EATS goes from %llu over 0 to %llu, but the STE may still be cached with the old mode",
		           (unsigned long long)m->eats, (unsigned long long)now);
	if (m)
		m->eats = now ? now : a->eats;
	if (!now && a->eats && d && (d->d.ats || ord_dirty(c, d)))
		ord_report(c, ORD_SMM_15, ORD_VIOLATION, e, "E=0 in the endpoint, ATC_INV of everything and SYNC, then EATS=0",
		           d->d.ats ? "EATS is cleared while the endpoint still has translation service on"
		                    : "EATS is cleared before the endpoint's ATC is known to be empty");
}
/* Tokens of SYNCs rise with the slots. */
static void token_rules(struct ord_chk *c, struct smm_state *s, const struct ord_ev *e)
{
	uint64_t addr = ord_val(e, ORD_KEY_ADDR, 0);
	struct smm_token *t;

	if (!(e->op == ORD_SLOT || e->has & ORD_HAS(SLOT)) || !(e->has & ORD_HAS(VAL)))
		return;
	t = get(c, s, &s->tokens, (uint64_t)(e->op == ORD_SLOT) << 40 | ord_queue_id(c, e), sizeof(*t));
	if (!t)
		return;
	if (t->known && t->addr == addr && (e->v[ORD_KEY_SLOT] > t->slot) != (e->v[ORD_KEY_VAL] > t->val) &&
	    e->v[ORD_KEY_SLOT] - t->slot + 64 < 128)
		ord_report(c, ORD_SMM_17, ORD_VIOLATION, e, "the token taken together with the slot",
		           "slot %llu has token %llu, slot %llu has token %llu: a poll for the one sees the other",
		           (unsigned long long)e->v[ORD_KEY_SLOT], (unsigned long long)e->v[ORD_KEY_VAL], (unsigned long long)t->slot,
		           (unsigned long long)t->val);
	*t = (struct smm_token){ e->v[ORD_KEY_SLOT], e->v[ORD_KEY_VAL], addr, true };
}
static void token_of_slot(struct ord_chk *c, struct smm_state *s, const struct ord_ev *e)
{
	struct ord_ev with = *e;

	ord_put(&with, ORD_KEY_SLOT, e->num);
	if (e->has & ORD_HAS(VAL))
		token_rules(c, s, &with);
}
/* Queue memory that the unit does not read coherently. */
static void queue_memory(struct ord_chk *c, struct smm_state *s, const struct ord_ev *e)
{
	static char dirty;
	uint64_t key = (uint64_t)e->unit << 48 | (uint64_t)e->queue << 32 | (e->num & UINT32_MAX);

	switch (e->op) {
	case ORD_SLOT:
		s->dirty += !ord_map_get(&s->slots, key);
		if (!ord_map_put(&s->slots, key, &dirty))
			ord_oom(c);
		return;
	case ORD_CLFLUSH:
		if (e->have & ORD_P_QUEUE && e->have & ORD_P_NUM) {
			s->dirty -= ord_map_get(&s->slots, key) != NULL;
			ord_map_del(&s->slots, key);
		} else if (!e->kind && !(e->have & (ORD_P_PAGE | ORD_P_DOM))) {
			ord_map_free(&s->slots);
			s->dirty = 0;
		}
		return;
	case ORD_TAIL:
		if (s->dirty)
			ord_report(c, ORD_SMM_20, ORD_VIOLATION, e, "the slots written back before the tail",
			           "%llu slots were not written back: the unit may read old commands", (unsigned long long)s->dirty);
		ord_map_free(&s->slots);
		s->dirty = 0;
		return;
	}
}
static uint64_t stall_key(const struct ord_ev *e)
{
	return (uint64_t)(e->rid & 0x7fffffff) << 32 | (e->num & UINT32_MAX);
}
static void stall_rules(struct ord_chk *c, struct smm_state *s, const struct ord_ev *e)
{
	struct smm_stall *t;
	uint64_t pasid = ord_val(e, ORD_KEY_PASID, ORD_NONE), asid = ord_val(e, ORD_KEY_ASID, ORD_NONE);
	bool table =
	    e->op == ORD_TBL_FREE && (e->kind == ORD_K_CD || e->kind == ORD_K_STE || e->kind == ORD_K_L1CD || e->kind == ORD_K_L1STD);

	switch (e->op) {
	case ORD_STALL:
		t = get(c, s, &s->stalls, stall_key(e), sizeof(*t));
		if (t)
			*t = (struct smm_stall){ e->rid, e->pasid, e->line };
		return;
	case ORD_RESUME:
		t = ord_map_get(&s->stalls, stall_key(e));
		if (!t || !t->line)
			ord_report(c, ORD_SMM_22, ORD_VIOLATION, e, "one RESUME for each stalled transaction",
			           "no transaction with tag %llu is stalled", (unsigned long long)e->num);
		else
			t->line = 0;
		for (size_t i = 0; e->flags & ORD_F(TERM) && i < s->stalls.cap; i++) /* all of the stream */
			if (s->stalls.key[i] != UINT64_MAX && ((struct smm_stall *)s->stalls.val[i])->rid == e->rid)
				((struct smm_stall *)s->stalls.val[i])->line = 0;
		return;
	}
	for (size_t i = 0; i < s->stalls.cap; i++) {
		t = s->stalls.key[i] != UINT64_MAX ? s->stalls.val[i] : NULL;
		if (!t || !t->line || (!table && asid == ORD_NONE && (t->pasid != pasid || pasid == ORD_NONE)) ||
		    (table && e->rid != ORD_NONE && e->rid != t->rid))
			continue;
		if (asid != ORD_NONE) {
			const struct ord_att *a = ord_att_find(c, e->unit, ORD_K_CD, t->rid, t->pasid);

			if (!a || a->sub != asid)
				continue;
		}
		ord_report(c, ORD_SMM_22, ORD_VIOLATION, e, "each stalled transaction resumed or ended first",
		           "the transaction stalled at line %llu is still open", (unsigned long long)t->line);
		return;
	}
}
/* Units that need a sync directly behind some commands. */
static void mix_rules(struct ord_chk *c, struct smm_state *s, const struct ord_ev *e)
{
	struct smm_mix *m = get(c, s, &s->mixes, ord_queue_id(c, e), sizeof(*m));

	if (!m)
		return;
	if (e->op == ORD_WAIT) {
		m->op = 0;
		return;
	}
	if (m->line && m->op)
		ord_report(c, ORD_SMM_23, ORD_VIOLATION, e, "a sync behind each such command, as the unit's profile says",
		           "no sync stands behind the %s of line %llu", ord_op_name[m->op], (unsigned long long)m->line);
	m->op = strstr(c->k.sync_each, ord_op_name[e->op]) ? e->op : 0;
	m->line = e->line;
}
/* The words that hardware does not use first, CFGI and SYNC, then the one that counts. */
static void step_rules(struct ord_chk *c, struct smm_state *s, const struct ord_ev *e)
{
	uint64_t key = (uint64_t)e->kind << 56 | (uint64_t)(e->rid & 0xffffffff) << 20 | (e->pasid & 0xfffff),
	         mask = ord_val(e, ORD_KEY_QW, 1) & 0xffff;
	const struct ord_att *a = ord_att_find(c, e->unit, e->kind, e->rid, e->pasid);
	bool valid = e->has & ORD_HAS(V) && e->v[ORD_KEY_V], clean;
	struct smm_step *p;
	struct smm_inv inv;

	if (e->kind != ORD_K_STE && e->kind != ORD_K_CD)
		return;
	p = get(c, s, &s->steps, key, sizeof(*p));
	if (!p)
		return;
	inv = p->inv.seq > s->inv.seq ? p->inv : s->inv;
	if (e->op == ORD_CFGINV) {
		p->inv = (struct smm_inv){ c->seq, ord_queue_id(c, e) };
		return;
	}
	clean = inv.seq > p->seq && ord_done_since(c, inv.q, inv.seq);
	if (valid && (mask & 1) && p->seq && !clean)
		ord_report(c,
		           e->kind == ORD_K_CD ? ORD_SMM_04
		           : a && a->live      ? ORD_SMM_01
		                               : ORD_SMM_02,
		           ORD_VIOLATION, e, "CFGI and a completed SYNC between the other words and the one that counts",
		           "word 0 is written while the words of line %llu may not have been seen", (unsigned long long)p->line);
	p->seq = valid || ord_val(e, ORD_KEY_V, 1) == 0 ? 0 : c->seq;
	p->line = e->line;
}
static void saw_cfgi(struct ord_chk *c, struct smm_state *s, const struct ord_ev *e)
{
	if (e->rid == ORD_NONE)
		s->inv = (struct smm_inv){ c->seq, ord_queue_id(c, e) };
	else
		step_rules(c, s, e);
}
/* Through V=0 where one store would have done: told for a stage 2 and a nested entry upon it, with the endpoint's ATS off. */
static void break_rules(struct ord_chk *c, struct smm_state *s, const struct ord_ev *e)
{
	struct smm_break *b = ord_map_get(&s->breaks, e->rid);
	const struct ord_att *a = e->op != ORD_DMA ? ord_att_find(c, e->unit, ORD_K_STE, e->rid, ORD_NONE) : NULL;
	struct ord_devx *d = ord_devx_of(c, e->rid, false);
	uint32_t stage2;

	switch (e->op) {
	case ORD_DMA:
		if (b && b->line && e->flags & ORD_F(FAULT))
			b->aborted = true;
		return;
	case ORD_CFG_CLR:
		if (e->kind != ORD_K_STE || !a || !a->live || (!b && !(b = get(c, s, &s->breaks, e->rid, sizeof(*b)))))
			return;
		*b = (struct smm_break){ *a, e->line, false };
		return;
	case ORD_DEV_RST:
	case ORD_DEV_STOP:
		if (b)
			b->line = 0;
		return;
	}
	if (e->kind != ORD_K_STE || !b || !b->line || !a || !a->live || (d && ord_dirty(c, d)))
		return;
	stage2 = b->was.type == ORD_T_NESTED ? b->was.parent : b->was.type == ORD_T_S2 ? b->was.d : 0;
	if (b->was.type != a->type && b->was.dom == a->dom && stage2 &&
	    stage2 == (a->type == ORD_T_NESTED ? a->parent
	               : a->type == ORD_T_S2   ? a->d
	                                       : 0))
		ord_report_as(c, ORD_SMM_01, b->aborted ? ORD_VIOLATION : ORD_PERF, b->aborted ? ORD_MEDIUM : ORD_PERF_SEV,
		              b->aborted ? 0 : 1, e->line, e->op, "the words that are not used, CFGI and SYNC, then word 0",
		              "the entry was invalid from line %llu on%s, although it could change in place", (unsigned long long)b->line,
		              b->aborted ? " and a DMA was aborted" : "");
	b->line = 0;
}
/* Out of the list of ATC invalidations only behind the invalidation of the STE that forbids ATS. */
static void leave_ats(struct ord_chk *c, const struct ord_ev *e)
{
	const struct ord_att *a = e->rid != ORD_NONE ? ord_att_find(c, e->unit, ORD_K_STE, e->rid, ORD_NONE) : NULL;

	if (a && a->live && !a->ats && e->flags & ORD_F(PROMISED) && cfg_open(c, a))
		ord_report(c, ORD_SMM_15, ORD_VIOLATION, e, "EATS=0, CFGI_STE, its SYNC complete, then out of the list",
		           "the device leaves the list while its STE may still be cached with EATS set");
}
/* A range encoding that is no command: the unit stops or skips it. */
static void bad_range(struct ord_chk *c, const struct ord_ev *e)
{
	const struct ord_cmd *m = &c->ring[(c->n_cmd - 1) % ORD_LAST_CMDS];

	if (m->rejected && !(e->flags & (ORD_F(ILLEGAL) | ORD_F(ERR) | ORD_F(BAD))) && e->has & ORD_HAS(BASE))
		ord_report(c, ORD_SMM_13, ORD_VIOLATION, e, "TTL given, or NUM or SCALE other than 0, or the form without range",
		           "the fields TG, TTL, NUM and SCALE are no legal combination: the command is not executed");
}
static void after(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	if (e->guest)
		return;
	if (e->op == ORD_TLBINV)
		bad_range(c, e);
	else if (e->op == ORD_CFG_SET)
		break_rules(c, st, e);
}
static void before(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	struct smm_state *s = st;

	if (e->guest)
		return;
	switch (e->op) {
	case ORD_DEV_CFG:
		ats_enable(c, e);
		return;
	case ORD_CFG_MOD:
	case ORD_CFG_WR:
		eats_change(c, s, e);
		if (e->op == ORD_CFG_WR)
			step_rules(c, s, e);
		return;
	case ORD_CFG_CLR:
	case ORD_DEV_RST:
	case ORD_DEV_STOP:
	case ORD_DMA:
		break_rules(c, s, e);
		return;
	case ORD_DOM_DEL:
		leave_ats(c, e);
		return;
	case ORD_WAIT:
		token_rules(c, s, e);
		if (c->k.sync_each && *c->k.sync_each)
			mix_rules(c, s, e);
		return;
	case ORD_SLOT:
	case ORD_TAIL:
	case ORD_CLFLUSH:
		if (e->op == ORD_SLOT)
			token_of_slot(c, s, e);
		if (!c->k.coherent_queue)
			queue_memory(c, s, e);
		return;
	case ORD_STALL:
	case ORD_RESUME:
	case ORD_ID_FREE:
	case ORD_TBL_FREE:
		stall_rules(c, s, e);
		return;
	case ORD_TLBINV:
		if (e->flags & ORD_F(DVM))
			s->dvm = c->seq;
		/* fallthrough */
	case ORD_ATCINV:
	case ORD_CFGINV:
		if (e->op == ORD_CFGINV)
			saw_cfgi(c, s, e);
		if (c->k.sync_each && *c->k.sync_each && !(e->flags & ORD_F(DVM)))
			mix_rules(c, s, e);
		return;
	}
}
static void refine(struct ord_chk *c, void *st, struct ord_blame *b)
{
	const struct smm_state *s = st;
	bool tlb = b->what == ORD_O_TLB, atc = b->what == ORD_O_ATC, cfg = b->what == ORD_O_CFG;
	bool id = b->ev->op == ORD_ID_FREE || b->ev->op == ORD_ID_ALLOC;

	(void)c;
	if (b->np)
		return;
	if (id && b->origin == ORD_CFG_MOD && b->kind == ORD_K_CD)
		ord_blame_rule(b, ORD_SMM_08, false);
	if (id && b->origin == ORD_CFG_MOD && b->kind == ORD_K_STE && b->sub != ORD_NONE)
		ord_blame_rule(b, ORD_SMM_08, false);
	if (cfg && b->kind == ORD_K_CD)
		ord_blame_rule(b, ORD_SMM_04, true);
	if (id)
		ord_blame_rule(b, ORD_SMM_24, false);
	if (b->teardown && b->kind == ORD_K_STE)
		ord_blame_rule(b, ORD_SMM_06, false);
	if (b->teardown && b->kind == ORD_K_CD)
		ord_blame_rule(b, b->ev->op == ORD_PT_FREE || b->ev->op == ORD_PAGE_FREE ? ORD_SMM_07 : ORD_SMM_06, false);
	if (b->type == ORD_T_NESTED && !b->teardown && !b->lo && b->last == UINT64_MAX && (atc || b->sub == ORD_NONE))
		ord_blame_rule(b, ORD_SMM_10, false);
	if (tlb && (b->why == ORD_WHY_TAG || b->why == ORD_WHY_FORM))
		ord_blame_rule(b, ORD_SMM_09, false);
	if (atc && (b->why == ORD_WHY_NO_SYNC || b->why == ORD_WHY_ORDER))
		ord_blame_rule(b, ORD_SMM_11, false);
	if (b->why == ORD_WHY_LEAF)
		ord_blame_rule(b, ORD_SMM_12, false);
	if (tlb && (b->why == ORD_WHY_RANGE ||
	            (b->why == ORD_WHY_REJECTED && b->cmd_has & (ORD_HAS(TG) | ORD_HAS(TTL) | ORD_HAS(NUM) | ORD_HAS(SCALE)))))
		ord_blame_rule(b, ORD_SMM_13, false);
	if (b->why == ORD_WHY_OTHER_QUEUE)
		ord_blame_rule(b, ORD_SMM_18, false);
	if (b->why == ORD_WHY_REJECTED)
		ord_blame_rule(b, ORD_SMM_19, false);
	if (atc && b->why == ORD_WHY_NEVER && s->dvm)
		ord_blame_rule(b, ORD_SMM_21, false);
}
static void close_smm(struct ord_chk *c, void *st)
{
	struct smm_state *s = st;

	(void)c;
	for (size_t i = 0; i < s->all.n; i++)
		free(s->all.p[i]);
	free(s->all.p);
	ord_map_free(&s->stalls);
	ord_map_free(&s->tokens);
	ord_map_free(&s->slots);
	ord_map_free(&s->mixes);
	ord_map_free(&s->modes);
	ord_map_free(&s->steps);
	ord_map_free(&s->breaks);
}
const struct ord_family ord_fam_smm = {
	.name = "SMM",
	.state = sizeof(struct smm_state),
	.before = before,
	.after = after,
	.refine = refine,
	.close = close_smm,
};
