/* SPDX-License-Identifier: Apache-2.0 */
/* ord_use.c - DMAs under the eyes of the ordering checker: a stale entry used after its release, a negative entry not yet flushed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/ord_rel.h"

static enum ord_rule_id np_rule(const struct ord_chk *c, const struct ord_obl *o)
{
	if (o->what != ORD_O_CFG)
		return o->kind ? (o->kind == ORD_K_PASIDE ? ORD_VTD_05 : c->arch == ORD_VTD ? ORD_VTD_11 : ORD_GEN_11) : ORD_GEN_11;
	if (c->arch == ORD_SMMUV3)
		return o->kind == ORD_K_STE     ? ORD_SMM_02
		       : o->kind == ORD_K_L1STD ? ORD_SMM_03
		       : o->kind == ORD_K_L1CD  ? ORD_SMM_05
		                                : ORD_SMM_04;
	return c->arch == ORD_VTD ? (o->kind == ORD_K_PASIDE ? ORD_VTD_05 : ORD_VTD_11) : ORD_GEN_11;
}
static bool concerns_dma(const struct ord_ev *e, const struct ord_obl *o)
{
	return o->np && o->what == ORD_O_CFG && o->rid == e->rid && (o->pasid == e->pasid || o->pasid == ORD_NONE || !o->pasid);
}
/* A configuration entry that became valid, but may be cached as invalid: not covered, or covered and not waited for. */
static void negative_entry(struct ord_chk *c, const struct ord_ev *e, struct ord_told *told)
{
	for (struct ord_obl *o = c->cfg[ord_bucket(e->rid)], *next; o; o = next) {
		next = o->bucket;
		if (concerns_dma(e, o))
			ord_blame_one(c, e, o, np_rule(c, o), told, NULL);
	}
	for (size_t i = 0; i < c->all_queues.n; i++)
		for (struct ord_obl *o = ((struct ord_queue *)c->all_queues.p[i])->head, *next; o; o = next) {
			next = o->next;
			if (concerns_dma(e, o))
				ord_blame_one(c, e, o, np_rule(c, o), told, NULL);
		}
}
/* A DMA while something is open that it may use: a stale line after the release, or a negative entry. */
void ord_use_dma(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_devx *dev = ord_devx_of(c, e->rid, false);
	struct ord_told told = { .n = 0 };
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
				ord_blame_one(c, e, o, np_rule(c, o), &told, NULL);
			} else if (stale && !(o->in_pa && e->have & ORD_P_PAGE && (e->pa & ~UINT64_C(0xfff)) != (pa & ~UINT64_C(0xfff)))) {
				if (e->flags & ORD_F(WRITE))
					o->org->dma_line = e->line;
				if (o->org->released)
					ord_report(c, o->org->rule, ORD_MANIFEST, e,
					           "the invalidation of this range complete before the release",
					           "a DMA used the entry that line %llu took away", (unsigned long long)o->org->line);
			}
		}
	}
}
