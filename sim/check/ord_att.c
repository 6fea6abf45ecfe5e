/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_att.c - what the ordering checker knows of configuration entries: which requester reaches which page table under which tag, where.
 * A cleared entry stays until its teardown obligations are done: a cached copy may still translate.
 */
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
static uint64_t att_key(uint8_t unit, uint8_t kind, uint32_t rid, uint32_t pasid)
{
	return (uint64_t)unit << 56 | (uint64_t)kind << 52 | (uint64_t)(rid == ORD_NONE ? 0x7fffffff : rid & 0x3fffffff) << 21 |
	       (pasid == ORD_NONE ? 0x1fffff : pasid & 0x1fffff) | (uint64_t)(rid >> 31 && rid != ORD_NONE) << 51;
}
struct ord_att *ord_att_find(struct ord_chk *c, uint8_t unit, uint8_t kind, uint32_t rid, uint32_t pasid)
{
	struct ord_atx *a = ord_map_get(&c->atts, att_key(unit, kind, rid, pasid));

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

		if (t->unit == a->unit && t->dom == a->dom && t->sub == a->sub && t->type == a->type && t->parent == parent && t->world == a->world)
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
#define LINK(head, nx, pv, x)                         \
	do {                                          \
		(x)->nx = (head);                     \
		(x)->pv = &(head);                    \
		if ((x)->nx)                          \
			(x)->nx->pv = &(x)->nx;       \
		(head) = (x);                         \
	} while (0)
#define UNLINK(nx, pv, x)                             \
	do {                                          \
		*(x)->pv = (x)->nx;                   \
		if ((x)->nx)                          \
			(x)->nx->pv = (x)->pv;        \
	} while (0)
/* Into the lists of its page tables and requester. */
static void list(struct ord_chk *c, struct ord_atx *a)
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
static void unlist(struct ord_chk *c, struct ord_atx *a)
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
static struct ord_atx *att_new(struct ord_chk *c, const struct ord_att *proto)
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
	uint64_t key = att_key(a->a.unit, a->a.kind, a->a.rid, a->a.pasid);

	unlist(c, a);
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
/* The STE, DTE or context entry above a CD, GCR3 or PASID entry. */
static uint8_t kind_above(uint8_t kind)
{
	switch (kind) {
	case ORD_K_CD:
	case ORD_K_L1CD:
		return ORD_K_STE;
	case ORD_K_GCR3:
		return ORD_K_DTE;
	case ORD_K_PASIDE:
	case ORD_K_PASIDDIR:
		return ORD_K_CTX;
	}
	return ORD_K_NONE;
}
static uint8_t default_type(const struct ord_att *a, const struct ord_ev *e)
{
	if (a->kind == ORD_K_CTX || a->kind == ORD_K_DTE)
		return ORD_T_S2;
	if (a->kind == ORD_K_STE && !(e->has & ORD_HAS(ASID)))
		return e->has & (ORD_HAS(VMID) | ORD_HAS(PARENT)) ? ORD_T_S2 : ORD_T_S1;
	return ORD_T_S1;
}
/* What @e says of the entry, over what is known. */
static void learn(struct ord_chk *c, struct ord_att *a, const struct ord_ev *e)
{
	struct ord_att *up = ord_att_find(c, a->unit, kind_above(a->kind), a->rid, ORD_NONE);

	a->d = (uint32_t)ord_val(e, ORD_KEY_DOM, a->d);
	a->parent = (uint32_t)ord_val(e, ORD_KEY_PARENT, a->parent);
	a->dom = (uint32_t)ord_val(e, ORD_KEY_DID, ord_val(e, ORD_KEY_VMID, ord_val(e, ORD_KEY_DOMID, a->dom)));
	a->sub = (uint32_t)ord_val(e, ORD_KEY_ASID, ord_val(e, ORD_KEY_PASID, a->sub));
	if (a->dom == ORD_NONE && up)
		a->dom = up->dom;
	if (a->dom == ORD_NONE && a->sub != ORD_NONE && c->arch != ORD_VTD && c->arch != ORD_AMDVI)
		a->dom = 0;
	if (a->dom == ORD_NONE && c->arch == ORD_SMMUV3 && (a->kind == ORD_K_STE || a->kind == ORD_K_CD))
		a->dom = 0;
	if (a->sub == ORD_NONE && (a->kind == ORD_K_PASIDE || a->kind == ORD_K_GCR3))
		a->sub = a->pasid == ORD_NONE ? 0 : a->pasid;
	a->type = (uint8_t)ord_val(e, ORD_KEY_TYPE, a->type);
	if (!a->type)
		a->type = a->parent ? ORD_T_NESTED : default_type(a, e);
	a->ats = ord_val(e, ORD_KEY_ATS, a->ats) || ord_val(e, ORD_KEY_EATS, 0);
	if ((e->has & ORD_HAS(EATS)) && !e->v[ORD_KEY_EATS])
		a->ats = false;
	a->eats = (uint8_t)ord_val(e, ORD_KEY_EATS, a->eats);
	a->owner = (uint32_t)ord_val(e, ORD_KEY_OWNER, a->owner);
	if (e->has & ORD_HAS(WORLD))
		a->world = ord_world(c, e);
	a->root = ord_val(e, ORD_KEY_ROOT, ord_val(e, ORD_KEY_TBL, a->root));
	a->line = e->line;
}
bool ord_dirty(struct ord_chk *c, struct ord_devx *d)
{
	if (!d->d.ats && d->clean_seq && ord_done_since(c, d->clean_q, d->clean_seq))
		d->dirty = false;
	return d->d.ats || d->dirty;
}
/* The PASID on the wire of requests that this entry serves. */
static uint32_t wire_pasid(const struct ord_att *a)
{
	return !a->pasid ? ORD_NONE : a->pasid;
}
static void tear_cfg(struct ord_chk *c, struct ord_org *g, struct ord_atx *a, bool np)
{
	struct ord_obl t = { .what = ORD_O_CFG, .unit = a->a.unit, .kind = a->a.kind, .rid = a->a.rid, .pasid = a->a.pasid, .dom = a->a.dom, .sub = a->a.sub,
			     .type = a->a.type, .d = a->a.d, .att = a, .np = np, .teardown = !np, .dom_n.last = UINT64_MAX };

	if (a->a.kind == ORD_K_PASIDE || a->a.kind == ORD_K_PASIDDIR)
		t.what = ORD_O_CFG;
	if (a->a.kind != ORD_K_GCR3)
		ord_obl_new(c, g, &t, false);
}
/* Everything cached through the entry: its tag's translations and the device's. */
static bool same_tag(const struct ord_att *a, const struct ord_att *b)
{
	return a->d == b->d && a->parent == b->parent && a->unit == b->unit && a->dom == b->dom && a->sub == b->sub && a->type == b->type && a->world == b->world;
}
/* Does another entry keep this page table under this tag? Then what is cached under it stays right. */
static bool tag_stays(struct ord_chk *c, const struct ord_atx *a)
{
	const struct ord_dom *d = a->a.d ? ord_dom_of(c, a->a.d, false) : NULL;

	for (const struct ord_atx *b = d ? d->atts : NULL; b; b = b->next_d)
		if (b != a && b->a.live && same_tag(&a->a, &b->a))
			return true;
	return false;
}
static bool tag_teardown(void *ctx, struct ord_itn *n)
{
	const struct ord_obl *o = container_of(n, struct ord_obl, dom_n);
	const struct ord_atx *a = ctx;

	return o->teardown && o->what == ORD_O_TLB && o->att != a && same_tag(&a->a, &o->att->a);
}
/* Under the same tag again: what was left cached is right again. Leaves changed meanwhile have obligations of their own. */
static void tag_returns(struct ord_chk *c, struct ord_atx *a)
{
	const struct ord_dom *d = a->a.d ? ord_dom_of(c, a->a.d, false) : NULL;
	struct ord_itn *n;
	bool old = false;

	for (const struct ord_atx *b = d ? d->atts : NULL; b && !old; b = b->next_d)
		old = b != a && !b->a.live && b->open && same_tag(&a->a, &b->a);
	while (old && (n = ord_it_any(d->obls, 0, UINT64_MAX, tag_teardown, a)))
		ord_obl_done(c, container_of(n, struct ord_obl, dom_n));
}
static void tear_caches(struct ord_chk *c, struct ord_org *g, struct ord_atx *a)
{
	struct ord_obl t = { .what = ORD_O_TLB, .unit = a->a.unit, .kind = a->a.kind, .rid = a->a.rid, .pasid = a->a.pasid, .dom = a->a.dom, .sub = a->a.sub,
			     .world = a->a.world, .type = a->a.type, .d = a->a.d, .att = a, .teardown = true, .walk = true, .dom_n.last = UINT64_MAX };
	struct ord_devx *dev = a->a.rid != ORD_NONE ? ord_devx_of(c, a->a.rid, false) : NULL;

	if ((a->a.d || a->a.dom != ORD_NONE) && !tag_stays(c, a))
		ord_obl_new(c, g, &t, false);
	if (dev && ord_dirty(c, dev) && (a->a.d || a->a.type == ORD_T_PT)) {
		t.what = ORD_O_ATC;
		t.walk = false;
		t.pasid = wire_pasid(&a->a);
		ord_obl_new(c, g, &t, false);
	}
}
static bool below(struct ord_chk *c, const struct ord_att *up, const struct ord_att *a)
{
	(void)c;
	return a->live && a->unit == up->unit && a->rid == up->rid && kind_above(a->kind) == up->kind && a->kind != ORD_K_PASIDDIR && a->kind != ORD_K_L1CD;
}
static bool has_below(uint8_t kind)
{
	return kind == ORD_K_CTX || kind == ORD_K_STE || kind == ORD_K_DTE;
}
static void teardown(struct ord_chk *c, const struct ord_ev *e, struct ord_atx *a)
{
	struct ord_org *g = ord_org_new(c, e);
	struct ord_devx *dev = a->a.rid != ORD_NONE ? ord_devx_of(c, a->a.rid, false) : NULL;
	struct ord_atx *next;
	bool has = false; /* what the entry leads to is known, and has the tags */

	if (!g)
		return;
	a->a.live = false;
	a->a.line = e->line;
	a->doomed = true;
	tear_cfg(c, g, a, false);
	for (struct ord_atx *s = dev && has_below(a->a.kind) ? dev->atts : NULL; s; s = next) {
		next = s->next_rid;
		if (s == a || !below(c, &a->a, &s->a))
			continue;
		s->a.live = false;
		s->doomed = has = true;
		if (c->arch != ORD_SMMUV3)
			tear_cfg(c, g, s, false);
		tear_caches(c, g, s);
		if (s->open == 0)
			ord_att_done(c, s);
	}
	if (!has || a->a.d || a->a.type != ORD_T_S1)
		tear_caches(c, g, a);
	ord_org_put(c, g);
	ord_att_done(c, a);
}
uint32_t ord_world(struct ord_chk *c, const struct ord_ev *e)
{
	uint32_t w = (uint32_t)ord_val(e, ORD_KEY_WORLD, 0);

	return w && strcmp(ord_name_text(&c->names, w), "nh") ? w : 0;
}
static struct ord_atx *find(struct ord_chk *c, const struct ord_ev *e)
{
	return ord_map_get(&c->atts, att_key(e->unit, e->kind, e->rid, e->pasid));
}
static struct ord_atx *make(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_att proto = { .rid = e->rid, .pasid = e->pasid, .unit = e->unit, .kind = e->kind, .dom = ORD_NONE, .sub = ORD_NONE };
	struct ord_atx *a = att_new(c, &proto);

	if (a && (!ord_map_put(&c->atts, att_key(e->unit, e->kind, e->rid, e->pasid), a) || !ord_map_put(&c->known, att_key(e->unit, e->kind, e->rid, e->pasid), c))) {
		ord_oom(c);
		return NULL;
	}
	return a;
}
/* With negative caching the entry's own tag may hold "not present" too. */
static void np_tag(struct ord_chk *c, struct ord_org *g, struct ord_atx *a)
{
	struct ord_obl t = { .what = ORD_O_TLB, .unit = a->a.unit, .kind = a->a.kind, .rid = a->a.rid, .pasid = a->a.pasid, .dom = a->a.dom, .sub = a->a.sub,
			     .world = a->a.world, .type = a->a.type, .d = a->a.d, .att = a, .np = true, .dom_n.last = UINT64_MAX };

	ord_obl_new(c, g, &t, false);
}
static bool negative(const struct ord_chk *c, const struct ord_att *a)
{
	if (a->kind == ORD_K_GCR3 || a->kind >= ORD_K_DEVMAP)
		return false;
	return c->arch == ORD_SMMUV3 ? a->kind == ORD_K_STE || a->kind == ORD_K_CD || a->kind == ORD_K_L1CD || a->kind == ORD_K_L1STD : c->k.np_cache;
}
static void set(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_atx *a = find(c, e);
	struct ord_org *g;

	if (a && (a->a.live || a->doomed)) { /* a doomed one keeps its obligations */
		a->doomed = true;
		a = NULL;
	}
	if (!a)
		a = make(c, e);
	if (!a)
		return;
	unlist(c, a);
	learn(c, &a->a, e);
	a->a.live = !(e->flags & ORD_F(BLOCK)) && a->a.type != ORD_T_BLOCK;
	a->cfg_seq = c->seq;
	list(c, a);
	if (a->a.live)
		tag_returns(c, a);
	if (a->a.live && negative(c, &a->a) && !(e->flags & ORD_F(INHERITED))) { /* what was there before cannot be remembered as absent */
		g = ord_org_new(c, e);
		if (g)
			tear_cfg(c, g, a, true);
		if (g && c->k.np_cache && a->a.d && a->a.type != ORD_T_S1)
			np_tag(c, g, a);
		ord_org_put(c, g);
	}
}
static bool same_reach(const struct ord_att *a, const struct ord_att *b)
{
	return a->d == b->d && a->parent == b->parent && a->dom == b->dom && a->sub == b->sub && a->type == b->type && a->root == b->root && a->world == b->world;
}
/* A valid entry changed: what was reachable before has a teardown of its own. */
static void modify(struct ord_chk *c, const struct ord_ev *e, struct ord_atx *a)
{
	struct ord_att was = a->a, now = a->a;
	struct ord_org *g;
	struct ord_atx *old;

	learn(c, &now, e);
	g = ord_org_new(c, e);
	if (!g)
		return;
	a->cfg_seq = c->seq;
	if (same_reach(&was, &now)) {
		struct ord_obl t = { .what = ORD_O_CFG, .unit = was.unit, .kind = was.kind, .rid = was.rid, .pasid = was.pasid, .dom = was.dom, .sub = was.sub,
				     .type = was.type, .d = was.d, .att = a, .dom_n.last = UINT64_MAX };

		a->a = now;
		if (was.kind != ORD_K_GCR3)
			ord_obl_new(c, g, &t, false);
		ord_org_put(c, g);
		return;
	}
	old = att_new(c, &was);
	if (old) {
		old->a.live = false;
		old->doomed = true;
		list(c, old);
		unlist(c, a);
		a->a = now;
		list(c, a);
		tear_cfg(c, g, old, false);
		tear_caches(c, g, old);
		ord_att_done(c, old);
	}
	ord_org_put(c, g);
}
static void clear(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_atx *a = find(c, e);

	if (a ? !a->a.live : ord_map_get(&c->known, att_key(e->unit, e->kind, e->rid, e->pasid)) != NULL)
		return;
	if (!a) { /* the trace began with this entry valid */
		a = make(c, e);
		if (!a)
			return;
		learn(c, &a->a, e);
		list(c, a);
	}
	teardown(c, e, a);
}
void ord_cfg_event(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_atx *a = find(c, e);
	bool blocks = e->flags & ORD_F(BLOCK) || ord_val(e, ORD_KEY_TYPE, 0) == ORD_T_BLOCK;
	uint64_t keys = ORD_HAS(DOM) | ORD_HAS(DID) | ORD_HAS(VMID) | ORD_HAS(DOMID) | ORD_HAS(ASID) | ORD_HAS(ROOT) | ORD_HAS(TYPE) | ORD_HAS(PARENT);

	switch (e->op) {
	case ORD_CFG_SET:
		if (a && a->a.live)
			modify(c, e, a);
		else
			set(c, e);
		return;
	case ORD_CFG_CLR:
		clear(c, e);
		return;
	case ORD_CFG_MOD:
		if (blocks)
			clear(c, e);
		else if (a && a->a.live)
			modify(c, e, a);
		else if (!a)
			set(c, e);
		return;
	case ORD_CFG_WR:
		if ((e->has & ORD_HAS(V)) && !e->v[ORD_KEY_V])
			clear(c, e);
		else if (a && a->a.live && (e->has & keys || !(e->flags & ORD_F(UNUSED))))
			modify(c, e, a);
		else if (e->has & ORD_HAS(V))
			set(c, e);
		else if (!a && (e->has & keys) && (a = make(c, e)))
			learn(c, &a->a, e);
		return;
	}
}
/* No entry lets this requester reach memory, and the configuration caches know. */
bool ord_fenced(const struct ord_devx *d)
{
	for (const struct ord_atx *a = d->atts; a; a = a->next_rid)
		if (a->a.live || !a->blocked_done)
			return false;
	return true;
}
static void forgive_atc(struct ord_chk *c, struct ord_devx *d)
{
	for (struct ord_obl *o = d->n_atc ? c->every : NULL, *next; o; o = next) {
		next = o->anext;
		if (o->what == ORD_O_ATC && o->rid == d->d.rid)
			ord_obl_done(c, o);
	}
}
void ord_dev_event(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_devx *d = ord_devx_of(c, e->rid, true);

	if (!d)
		return;
	switch (e->op) {
	case ORD_DEV_CFG:
		if (e->has & ORD_HAS(DEV_ATS)) {
			d->d.ats = e->v[ORD_KEY_DEV_ATS];
			d->dirty |= d->d.ats;
			d->clean_seq = 0;
			d->d.ats_ever |= d->d.ats;
			d->d.ats_off_line = d->d.ats ? 0 : e->line;
		}
		d->d.pri = ord_val(e, ORD_KEY_DEV_PRI, d->d.pri);
		d->d.pasid_on = ord_val(e, ORD_KEY_DEV_PASID, d->d.pasid_on);
		d->d.stu = (uint32_t)ord_val(e, ORD_KEY_DEV_STU, d->d.stu);
		d->d.qdep = (uint32_t)ord_val(e, ORD_KEY_DEV_QDEP, d->d.qdep);
		d->d.pf = (uint32_t)ord_val(e, ORD_KEY_DEV_PF, d->d.pf);
		d->d.alias = (uint32_t)ord_val(e, ORD_KEY_ALIAS, d->d.alias);
		d->d.unit = e->unit;
		return;
	case ORD_DEV_STOP:
		d->d.stopped = true;
		return;
	case ORD_DEV_GONE:
		d->d.gone = true;
		d->d.gone_line = e->line;
		break;
	case ORD_DEV_RST:
		d->d.resetting = e->flags & ORD_F(BEG);
		d->d.rst_line = e->line;
		if (!(e->flags & ORD_F(END)))
			return;
		d->d.ats = d->d.pri = d->d.stopped = d->d.ats_ever = false;
		break;
	}
	d->d.fenced = ord_fenced(d);
	if (d->d.fenced) {
		d->dirty = false;
		forgive_atc(c, d);
	}
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
