/* SPDX-License-Identifier: Apache-2.0 */
/* pt_caches.c - the walk caches: where table entries lead to, per stage and level, and pages of stage 2 (the nested cache). */
#include "core/pt/pt_int.h"

static uint64_t level_id(const struct pt_table *t, unsigned level)
{
	return t->id ^ (uint64_t)level << 56;
}

const struct pt_psc *pt_psc_find(struct pt_walk *w, struct xl *x, unsigned stage, uint64_t ia, unsigned *level)
{
	const struct pt_table *t = &w->t[stage];
	bool asked = false;

	for (unsigned l = 1; l < t->levels; l++) {
		struct xcache *c = w->c->psc[stage][l];
		uint32_t slot;

		if (!c)
			continue;
		if (!asked)
			xl_charge(x, c, xc_config(c)); /* all levels are looked up at once */
		asked = true;
		slot = xc_lookup(c, ia, level_id(t, l));
		if (slot != XC_MISS) {
			const struct pt_psc *p = xc_payload(c, slot);

			if (skips_bits(t, ia, l, l - 1u - p->level))
				continue;
			*level = p->level;
			return p;
		}
	}
	return NULL;
}

static void cache_fill(struct xcache *c, const struct pt_table *t, uint64_t id, struct xl *x, uint64_t ia, unsigned size_lg2, const struct pt_psc *p)
{
	struct xc_tag tag;
	uint32_t slot;

	if (!c || !xc_config(c)->entries || !xl_may_fill(x, ia & ~low_mask(size_lg2), size_lg2))
		return;
	tag = t->inv;
	tag.id = id;
	tag.size_lg2 = (uint8_t)size_lg2;
	tag.first = ia & ~low_mask(size_lg2);
	slot = xc_fill(c, &tag);
	if (slot != XC_MISS)
		*(struct pt_psc *)xc_payload(c, slot) = *p;
}

/* What a look-up in @n caches does if none has entries. */
static void empties(struct pt_empty *e, struct xcache *const *c, unsigned n)
{
	const struct xc_cfg *first = NULL;

	*e = (struct pt_empty){ .all = true };
	for (unsigned l = 0; l < n; l++) {
		const struct xc_cfg *g = c[l] ? xc_config(c[l]) : NULL;

		e->st[l] = g ? xc_stats_of(c[l]) : &e->none;
		if (!g)
			continue;
		first = first ? first : g;
		e->all = e->all && !g->entries && !g->ports && g->lat_cyc == first->lat_cyc;
		e->lat_cyc = g->lat_cyc;
	}
}

void pt_caches_ready(struct pt_caches *c)
{
	for (unsigned st = 0; st < 2; st++) {
		for (unsigned l = 0; l < PT_LEVELS; l++)
			if (c->psc[st][l] && xc_config(c->psc[st][l])->entries)
				c->keep[st] |= (uint8_t)(1u << l);
		empties(&c->empty[st], c->psc[st], PT_LEVELS);
	}
	empties(&c->empty_nested, &c->nested, 1);
}

void pt_psc_fill(struct pt_walk *w, struct xl *x, unsigned stage, uint64_t ia, unsigned level, const struct pt_psc *p)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): only if psc_kept() */
	cache_fill(w->c->psc[stage][level], &w->t[stage], level_id(&w->t[stage], level), x, ia, shift_of(&w->t[stage], level), p);
}

void pt_nested_fill(struct pt_walk *w, struct xl *x, const struct pt_psc *p)
{
	cache_fill(w->c->nested, &w->t[S2], w->t[S2].id, x, w->gpa, p->size_lg2, p);
}

const struct pt_psc *pt_nested_find(struct pt_walk *w, struct xl *x)
{
	struct xcache *c = w->c->nested;
	unsigned need = need_of(&w->t[S2], s2_acc(w));
	uint32_t slot;
	const struct pt_psc *p;

	xl_charge(x, c, xc_config(c));
	slot = xc_lookup(c, w->gpa, w->t[S2].id);
	if (slot == XC_MISS)
		return NULL;
	p = xc_payload(c, slot);
	if (w->fetch && (w->t[S2].opt & PT_OPT_FETCH_DIRTY))
		need |= p->perm & XL_W;
	if ((need & ~p->perm) || (p->no_walk && (s2_acc(w) & PT_ACC_WALK)) || ((need & (XL_W | XL_W << w->t[S2].fmt->priv_shift)) && p->clean)) {
		xc_miss_after_hit(c);
		return NULL;
	}
	return p;
}

