/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_att.c - what the ordering checker knows of configuration entries: which requester reaches which page table under which tag, where.
 * A cleared entry stays until its teardown obligations are done: a cached copy may still translate.
 */
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

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
/* The PASID on the wire of requests that this entry serves. */
static uint32_t wire_pasid(const struct ord_att *a)
{
	return !a->pasid ? ORD_NONE : a->pasid;
}
static void tear_cfg(struct ord_chk *c, struct ord_org *g, struct ord_atx *a, bool np)
{
	struct ord_obl t = { .what = ORD_O_CFG,
		             .unit = a->a.unit,
		             .kind = a->a.kind,
		             .rid = a->a.rid,
		             .pasid = a->a.pasid,
		             .dom = a->a.dom,
		             .sub = a->a.sub,
		             .type = a->a.type,
		             .d = a->a.d,
		             .att = a,
		             .np = np,
		             .teardown = !np,
		             .dom_n.last = UINT64_MAX };

	if (a->a.kind == ORD_K_PASIDE || a->a.kind == ORD_K_PASIDDIR)
		t.what = ORD_O_CFG;
	if (a->a.kind != ORD_K_GCR3)
		ord_obl_new(c, g, &t, false);
}
/* Everything cached through the entry: its tag's translations and the device's. */
static bool same_tag(const struct ord_att *a, const struct ord_att *b)
{
	return a->d == b->d && a->parent == b->parent && a->unit == b->unit && a->dom == b->dom && a->sub == b->sub && a->type == b->type &&
	       a->world == b->world;
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
/* What a TLB may hold under the tag of @a, at any address. */
static struct ord_obl whole_tag(struct ord_atx *a)
{
	return (struct ord_obl){ .what = ORD_O_TLB, .unit = a->a.unit, .kind = a->a.kind, .rid = a->a.rid, .pasid = a->a.pasid, .dom = a->a.dom,
				 .sub = a->a.sub, .world = a->a.world, .type = a->a.type, .d = a->a.d, .att = a, .dom_n.last = UINT64_MAX };
}
static void tear_caches(struct ord_chk *c, struct ord_org *g, struct ord_atx *a)
{
	struct ord_obl t = whole_tag(a);
	struct ord_devx *dev = a->a.rid != ORD_NONE ? ord_devx_of(c, a->a.rid, false) : NULL;

	t.teardown = t.walk = true;
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
	return a->live && a->unit == up->unit && a->rid == up->rid && kind_above(a->kind) == up->kind && a->kind != ORD_K_PASIDDIR &&
	       a->kind != ORD_K_L1CD;
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
	return ord_map_get(&c->atts, ord_att_key(e->unit, e->kind, e->rid, e->pasid));
}
static struct ord_atx *make(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_att proto = { .rid = e->rid, .pasid = e->pasid, .unit = e->unit, .kind = e->kind, .dom = ORD_NONE, .sub = ORD_NONE };
	struct ord_atx *a = ord_att_new(c, &proto);

	if (a && (!ord_map_put(&c->atts, ord_att_key(e->unit, e->kind, e->rid, e->pasid), a) ||
	          !ord_map_put(&c->known, ord_att_key(e->unit, e->kind, e->rid, e->pasid), c))) {
		ord_oom(c);
		return NULL;
	}
	return a;
}
/* With negative caching the entry's own tag may hold "not present" too. */
static void np_tag(struct ord_chk *c, struct ord_org *g, struct ord_atx *a)
{
	struct ord_obl t = whole_tag(a);

	t.np = true;
	ord_obl_new(c, g, &t, false);
}
static bool negative(const struct ord_chk *c, const struct ord_att *a)
{
	if (a->kind == ORD_K_GCR3 || a->kind >= ORD_K_DEVMAP)
		return false;
	return c->arch == ORD_SMMUV3 ? a->kind == ORD_K_STE || a->kind == ORD_K_CD || a->kind == ORD_K_L1CD || a->kind == ORD_K_L1STD
	                             : c->k.np_cache;
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
	ord_att_unlist(c, a);
	learn(c, &a->a, e);
	a->a.live = !(e->flags & ORD_F(BLOCK)) && a->a.type != ORD_T_BLOCK;
	a->cfg_seq = c->seq;
	ord_att_list(c, a);
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
	return a->d == b->d && a->parent == b->parent && a->dom == b->dom && a->sub == b->sub && a->type == b->type && a->root == b->root &&
	       a->world == b->world;
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
		struct ord_obl t = { .what = ORD_O_CFG,
			             .unit = was.unit,
			             .kind = was.kind,
			             .rid = was.rid,
			             .pasid = was.pasid,
			             .dom = was.dom,
			             .sub = was.sub,
			             .type = was.type,
			             .d = was.d,
			             .att = a,
			             .dom_n.last = UINT64_MAX };

		a->a = now;
		if (was.kind != ORD_K_GCR3)
			ord_obl_new(c, g, &t, false);
		ord_org_put(c, g);
		return;
	}
	old = ord_att_new(c, &was);
	if (old) {
		old->a.live = false;
		old->doomed = true;
		ord_att_list(c, old);
		ord_att_unlist(c, a);
		a->a = now;
		ord_att_list(c, a);
		tear_cfg(c, g, old, false);
		tear_caches(c, g, old);
		ord_att_done(c, old);
	}
	ord_org_put(c, g);
}
static void clear(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_atx *a = find(c, e);

	if (a ? !a->a.live : ord_map_get(&c->known, ord_att_key(e->unit, e->kind, e->rid, e->pasid)) != NULL)
		return;
	if (!a) { /* the trace began with this entry valid */
		a = make(c, e);
		if (!a)
			return;
		learn(c, &a->a, e);
		ord_att_list(c, a);
	}
	teardown(c, e, a);
}
void ord_cfg_event(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_atx *a = find(c, e);
	bool blocks = e->flags & ORD_F(BLOCK) || ord_val(e, ORD_KEY_TYPE, 0) == ORD_T_BLOCK;
	uint64_t keys =
	    ORD_HAS(DOM) | ORD_HAS(DID) | ORD_HAS(VMID) | ORD_HAS(DOMID) | ORD_HAS(ASID) | ORD_HAS(ROOT) | ORD_HAS(TYPE) | ORD_HAS(PARENT);

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
