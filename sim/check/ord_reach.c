/* SPDX-License-Identifier: Apache-2.0 */
/* ord_reach.c - what the ordering checker finds again: page tables, devices, tags, attachments, and the lists that join them. */
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

struct ord_dom *ord_dom_of(struct ord_chk *c, uint32_t id, bool make)
{
	struct ord_dom *d = ord_map_get(&c->doms, id);

	if (d || !make)
		return d;
	d = calloc(1, sizeof(*d));
	if (!d || !ord_map_put(&c->doms, id, d) || !ord_vec_add(&c->all_doms, d)) {
		ord_oom(c);
		return NULL;
	}
	d->id = id;
	return d;
}
struct ord_devx *ord_devx_of(struct ord_chk *c, uint32_t rid, bool make)
{
	struct ord_devx *d = ord_map_get(&c->devs, rid);

	if (d || !make)
		return d;
	d = calloc(1, sizeof(*d));
	if (!d || !ord_map_put(&c->devs, rid, d) || !ord_vec_add(&c->all_devs, d)) {
		ord_oom(c);
		return NULL;
	}
	d->d.rid = rid;
	d->d.pf = d->d.alias = ORD_NONE;
	d->open.id = ++c->n_tags;
	return d;
}
struct ord_sub *ord_sub_of(struct ord_chk *c, struct ord_tags *t, uint32_t sub, bool make)
{
	uint64_t key = (uint64_t)t->id << 32 | sub;
	struct ord_sub *s = ord_map_get(&c->subs, key);

	if (s || !make)
		return s;
	s = ord_pool_get(&c->p_sub);
	if (!s || !ord_map_put(&c->subs, key, s)) {
		ord_oom(c);
		return NULL;
	}
	s->sub = sub;
	s->next = t->subs;
	t->subs = s;
	return s;
}
struct ord_tags *ord_tags_of(struct ord_chk *c, uint8_t unit, uint32_t dom, bool make)
{
	uint64_t key = (uint64_t)unit << 32 | dom;
	struct ord_tags *t = ord_map_get(&c->tags, key);

	if (t || !make)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t || !ord_map_put(&c->tags, key, t) || !ord_vec_add(&c->all_tags, t)) {
		ord_oom(c);
		return NULL;
	}
	t->unit = unit;
	t->dom = dom;
	t->id = ++c->n_tags;
	return t;
}
struct ord_dev *ord_dev(struct ord_chk *c, uint32_t rid, bool make)
{
	struct ord_devx *d = ord_devx_of(c, rid, make);

	return d ? &d->d : NULL;
}
uint64_t ord_att_key(uint8_t unit, uint8_t kind, uint32_t rid, uint32_t pasid)
{
	return (uint64_t)unit << 56 | (uint64_t)kind << 52 | (uint64_t)(rid == ORD_NONE ? 0x7fffffff : rid & 0x3fffffff) << 21 |
	       (pasid == ORD_NONE ? 0x1fffff : pasid & 0x1fffff) | (uint64_t)(rid >> 31 && rid != ORD_NONE) << 51;
}
struct ord_att *ord_att_find(struct ord_chk *c, uint8_t unit, uint8_t kind, uint32_t rid, uint32_t pasid)
{
	struct ord_atx *a = ord_map_get(&c->atts, ord_att_key(unit, kind, rid, pasid));

	return a ? &a->a : NULL;
}
struct ord_att *ord_att_each(struct ord_chk *c, size_t *i)
{
	return *i < c->n_att ? &c->att_list[(*i)++]->a : NULL;
}
static struct ord_tagref *tagref(struct ord_chk *c, struct ord_dom *d, const struct ord_att *a, bool parent)
{
	for (size_t i = 0; i < d->n_tag; i++) {
		struct ord_tagref *t = &d->tag[i];

		if (t->unit == a->unit && t->dom == a->dom && t->sub == a->sub && t->type == a->type && t->parent == parent &&
		    t->world == a->world)
			return t;
	}
	if (d->n_tag == d->cap_tag) {
		size_t cap = d->cap_tag ? 2 * d->cap_tag : 4;
		struct ord_tagref *t = realloc(d->tag, cap * sizeof(*t));

		if (!t) {
			ord_oom(c);
			return NULL;
		}
		d->tag = t;
		d->cap_tag = cap;
	}
	d->tag[d->n_tag] = (struct ord_tagref){ a->unit, a->type, parent, a->dom, a->sub, a->world, 0 };
	return &d->tag[d->n_tag++];
}
static void count_tag(struct ord_chk *c, uint32_t id, const struct ord_att *a, bool parent, int by)
{
	struct ord_dom *d = id ? ord_dom_of(c, id, true) : NULL;
	struct ord_tagref *t = d ? tagref(c, d, a, parent) : NULL;

	if (!t)
		return;
	d->ever = c->recorded = true;
	t->n += (uint32_t)by;
	if (!t->n)
		*t = d->tag[--d->n_tag];
}
#define LINK(head, nx, pv, x)                                                                                                              \
	do {                                                                                                                               \
		(x)->nx = (head);                                                                                                          \
		(x)->pv = &(head);                                                                                                         \
		if ((x)->nx)                                                                                                               \
			(x)->nx->pv = &(x)->nx;                                                                                            \
		(head) = (x);                                                                                                              \
	} while (0)
#define UNLINK(nx, pv, x)                                                                                                                  \
	do {                                                                                                                               \
		*(x)->pv = (x)->nx;                                                                                                        \
		if ((x)->nx)                                                                                                               \
			(x)->nx->pv = (x)->pv;                                                                                             \
	} while (0)
/* Into the lists of its page tables and requester. */
void ord_att_list(struct ord_chk *c, struct ord_atx *a)
{
	struct ord_devx *dev = a->a.rid != ORD_NONE ? ord_devx_of(c, a->a.rid, true) : NULL;
	struct ord_dom *d = a->a.d ? ord_dom_of(c, a->a.d, true) : NULL, *p = a->a.parent ? ord_dom_of(c, a->a.parent, true) : NULL;

	count_tag(c, a->a.d, &a->a, false, 1);
	count_tag(c, a->a.parent, &a->a, true, 1);
	if (d)
		LINK(d->atts, next_d, prev_d, a);
	if (p)
		LINK(p->children, next_p, prev_p, a);
	if (dev)
		LINK(dev->atts, next_rid, prev_rid, a);
	ord_ix_att(c, a);
	a->listed = true;
	if (a->a.root && d)
		ord_table_note(c, a->a.root, d->id);
}
void ord_att_unlist(struct ord_chk *c, struct ord_atx *a)
{
	struct ord_devx *dev = a->a.rid != ORD_NONE ? ord_devx_of(c, a->a.rid, false) : NULL;

	if (!a->listed)
		return;
	count_tag(c, a->a.d, &a->a, false, -1);
	count_tag(c, a->a.parent, &a->a, true, -1);
	if (a->a.d)
		UNLINK(next_d, prev_d, a);
	if (a->a.parent)
		UNLINK(next_p, prev_p, a);
	if (dev)
		UNLINK(next_rid, prev_rid, a);
	ord_ix_del(a->ix);
	a->listed = false;
}
struct ord_atx *ord_att_new(struct ord_chk *c, const struct ord_att *proto)
{
	struct ord_atx *a = ord_pool_get(&c->p_att);

	if (a && c->n_att == c->cap_att) {
		size_t cap = c->cap_att ? 2 * c->cap_att : 64;
		struct ord_atx **p = realloc(c->att_list, cap * sizeof(*p));

		if (p) {
			c->att_list = p;
			c->cap_att = cap;
		}
	}
	if (!a || c->n_att == c->cap_att) {
		ord_oom(c);
		return NULL;
	}
	a->a = *proto;
	a->index = c->n_att;
	c->att_list[c->n_att++] = a;
	return a;
}
static void att_free(struct ord_chk *c, struct ord_atx *a)
{
	uint64_t key = ord_att_key(a->a.unit, a->a.kind, a->a.rid, a->a.pasid);

	ord_att_unlist(c, a);
	if (ord_map_get(&c->atts, key) == a)
		ord_map_del(&c->atts, key);
	c->att_list[a->index] = c->att_list[--c->n_att];
	c->att_list[a->index]->index = a->index;
	ord_pool_put(&c->p_att, a);
}
void ord_att_done(struct ord_chk *c, struct ord_atx *a)
{
	if (!a->open && !a->a.live && a->doomed)
		att_free(c, a);
}
void ord_att_close(struct ord_chk *c)
{
	for (size_t i = 0; i < c->all_doms.n; i++) {
		free(((struct ord_dom *)c->all_doms.p[i])->tag);
		free(c->all_doms.p[i]);
	}
	for (size_t i = 0; i < c->all_devs.n; i++)
		free(c->all_devs.p[i]);
	for (size_t i = 0; i < c->all_tags.n; i++)
		free(c->all_tags.p[i]);
	free(c->all_doms.p);
	free(c->all_devs.p);
	free(c->all_tags.p);
	free(c->att_list);
	free(c->named);
	ord_map_free(&c->doms);
	ord_map_free(&c->devs);
	ord_map_free(&c->atts);
	ord_map_free(&c->tags);
	ord_map_free(&c->tables);
	ord_map_free(&c->known);
	ord_map_free(&c->links);
}
