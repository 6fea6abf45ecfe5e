/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_idx.c - which obligations and entries stand under a tag number (domain, ASID or PASID): what ID_FREE and ID_ALLOC look up.
 * Does not know units: the same number of two units is in one list.
 */
#include "check/ord_eng.h"

struct ord_head *ord_ix_head(struct ord_chk *c, enum ord_ix which, uint32_t value, bool make)
{
	uint64_t key = (uint64_t)which << 32 | value;
	struct ord_head *h = ord_map_get(&c->index, key);

	if (h || !make)
		return h;
	h = ord_pool_get(&c->p_head);
	if (!h || !ord_map_put(&c->index, key, h)) {
		ord_oom(c);
		return NULL;
	}
	return h;
}
static void add(struct ord_in **head, struct ord_in *n)
{
	n->next = *head;
	n->pprev = head;
	if (n->next)
		n->next->pprev = &n->next;
	*head = n;
}
static void del(struct ord_in *n)
{
	if (!n->pprev)
		return;
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
	n->pprev = NULL;
}
void ord_ix_obl(struct ord_chk *c, struct ord_obl *o)
{
	const uint32_t v[ORD_IX_N] = { o->dom, o->sub, o->pasid };

	for (unsigned i = 0; i < ORD_IX_N; i++) {
		struct ord_head *h = v[i] != ORD_NONE ? ord_ix_head(c, (enum ord_ix)i, v[i], true) : NULL;

		o->ix[i].pprev = NULL;
		if (h)
			add(&h->obls, &o->ix[i]);
	}
}
void ord_ix_att(struct ord_chk *c, struct ord_atx *a)
{
	const uint32_t v[ORD_IX_N] = { a->a.dom, a->a.sub, a->a.pasid };

	for (unsigned i = 0; i < ORD_IX_N; i++) {
		struct ord_head *h = v[i] != ORD_NONE ? ord_ix_head(c, (enum ord_ix)i, v[i], true) : NULL;

		del(&a->ix[i]);
		if (h)
			add(&h->atts, &a->ix[i]);
	}
}
void ord_ix_del(struct ord_in ix[ORD_IX_N])
{
	for (unsigned i = 0; i < ORD_IX_N; i++)
		del(&ix[i]);
}
