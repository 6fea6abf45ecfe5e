/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_amdvi_dte.c - AMD family of the ordering checker: device table entries store by store (AMD-ORD-01), their aliases (AMD-ORD-10), interrupt remapping
 * entries (AMD-ORD-16).
 * Not modelled: which bits of a word changed (a CFG_WR without `unused` is taken to change used bits); of a vector the last entry that was changed is kept.
 */
#include "check/ord_amdvi.h"

static struct dte *dte_of(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	return ord_tab_put(c, &s->dtes, e->unit, e->rid, sizeof(struct dte));
}
static bool is_guest(const struct ord_ev *e)
{
	uint64_t t = ord_val(e, ORD_KEY_TYPE, ORD_T_NONE);

	return t == ORD_T_S1 || t == ORD_T_NESTED;
}
static void dte_torn(struct ord_chk *c, struct dte *t, const struct ord_ev *e, uint64_t line, const char *what)
{
	const char *right = "one 128-bit store of the lower half; or: lower half not translating, INVALIDATE_DEVTAB_ENTRY, wait, upper half, lower half";

	if (!t->told)
		ord_report_as(c, ORD_AMD_01, ORD_VIOLATION, ORD_CRITICAL, 0, line, e->op, right, "%s", what);
	t->told = true;
}
/* A store to used words of a live DTE. */
static void dte_live_store(struct ord_chk *c, struct dte *t, const struct ord_ev *e, unsigned mask, bool one)
{
	bool flushed = t->stored && t->inv_seq > t->seq && ord_done_since(c, t->q, t->inv_seq), guest = t->guest;
	uint8_t half = (uint8_t)((mask & LOWER ? LOWER : 0) | (mask & UPPER ? UPPER : 0));

	if (e->has & ORD_HAS(TYPE))
		guest = is_guest(e);
	if (!one)
		dte_torn(c, t, e, e->line, "a live DTE is written word by word");
	else if (t->stored && !flushed && !(t->half == UPPER && half == LOWER && !t->guest) && !(t->half == LOWER && half == UPPER && !guest && !t->fresh))
		dte_torn(c, t, e, t->line, "a live DTE is changed by two stores with no invalidation between them: the unit can fetch a mixture");
	t->stored = true;
	t->line = e->line;
	t->seq = ord_seq(c);
	t->half = half;
	t->fresh = false;
	t->guest = guest;
}
static void dte_store(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	struct dte *t = dte_of(c, s, e);
	unsigned mask = (unsigned)ord_val(e, ORD_KEY_QW, 0) & 0xf, first = (unsigned)(ord_val(e, ORD_KEY_QW, 0) >> 24) & 0xf;
	bool one = (mask & (mask - 1)) == 0 || ((e->flags & ORD_F(ATOMIC)) && (!(mask & LOWER) || !(mask & UPPER)));
	int v = (int)ord_val(e, ORD_KEY_V, 2);

	if (!t || (e->flags & ORD_F(UNUSED)))
		return;
	if (t->live && v == 0) {
		if (!one && first != 0)
			dte_torn(c, t, e, e->line, "V of a live DTE is cleared after other words were written");
		t->live = t->stored = false;
		t->break_seq = ord_seq(c);
	} else if (t->live) {
		dte_live_store(c, t, e, mask, one);
	} else if (v == 1) {
		if (!one && first == 0)
			dte_torn(c, t, e, e->line, "V is set before the other words are written");
		else if (t->break_seq && !(t->inv_seq > t->break_seq && ord_done_since(c, t->q, t->inv_seq)))
			dte_torn(c, t, e, e->line, "the DTE is made valid again before its invalidation is done");
		*t = (struct dte){ .live = true, .guest = is_guest(e), .stored = true, .line = e->line, .seq = ord_seq(c), .half = LOWER, .fresh = true, .told = t->told };
	}
}
/* AMD-ORD-10 */
static void stale_alias(struct amd *s, struct dte *t, uint32_t rid, bool stale)
{
	if (stale == t->stale || !ord_tab_get(&s->aliases, rid, 0))
		return;
	t->stale = stale;
	s->stale_aliases += stale ? 1 : (uint32_t)-1;
}
void amd_dte_event(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	struct dte *t;

	if (!(e->have & ORD_P_RID) || e->kind != ORD_K_DTE)
		return;
	if (e->op == ORD_CFG_WR) {
		dte_store(c, s, e);
		return;
	}
	t = dte_of(c, s, e);
	if (!t)
		return;
	stale_alias(s, t, e->rid, e->op != ORD_CFG_SET);
	*t = (struct dte){ .stale = t->stale, .live = e->op != ORD_CFG_CLR, .guest = e->has & ORD_HAS(TYPE) ? is_guest(e) : t->guest };
}
void amd_dte_invalidate(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	struct dte *t = e->kind == ORD_K_DTE && (e->have & ORD_P_RID) ? ord_tab_get(&s->dtes, e->unit, e->rid) : NULL;

	if (t) {
		t->inv_seq = ord_seq(c);
		t->q = ord_queue_id(c, e);
		stale_alias(s, t, e->rid, false);
	}
}
/* AMD-ORD-16: interrupt remapping entries. */
void amd_irte_change(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	struct irte *t = e->has & ORD_HAS(VECTOR) ? ord_tab_put(c, &s->irtes, e->v[ORD_KEY_VECTOR], 0, sizeof(*t)) : NULL;

	if (t)
		*t = (struct irte){ ord_seq(c), e->line, e->rid, e->unit };
}
void amd_irte_invalidate(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	struct inv *i = ord_tab_put(c, &s->invs, e->unit, e->have & ORD_P_RID ? e->rid : ORD_NONE, sizeof(*i));

	if (i)
		*i = (struct inv){ ord_seq(c), ord_queue_id(c, e) };
}
static bool irte_done(struct ord_chk *c, const struct amd *s, const struct irte *t)
{
	const struct inv *one = ord_tab_get(&s->invs, t->unit, t->rid), *all = ord_tab_get(&s->invs, t->unit, ORD_NONE);

	return (one && one->seq > t->seq && ord_done_since(c, one->q, one->seq)) || (all && all->seq > t->seq && ord_done_since(c, all->q, all->seq));
}
void amd_vector_reuse(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	const struct irte *t = e->has & ORD_HAS(VECTOR) ? ord_tab_get(&s->irtes, e->v[ORD_KEY_VECTOR], 0) : NULL;

	if (!t)
		return;
	if (!irte_done(c, s, t))
		ord_report(c, ORD_AMD_16, ORD_VIOLATION, e, "INVALIDATE_INTERRUPT_TABLE for the device and its aliases, wait, then the vector",
			   "the vector is given away while the entry changed in line %llu may be cached", (unsigned long long)t->line);
	ord_tab_del(&s->irtes, e->v[ORD_KEY_VECTOR], 0);
}
