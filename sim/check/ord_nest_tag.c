/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_nest_tag.c - NEST family of the ordering checker: tags that name two tables at once (NEST-ORD-04, 06, 14), destroy order (NEST-ORD-10), queues run by
 * hardware for a guest (NEST-ORD-15).
 * Not modelled: the filter of commands a guest's queue may carry. At most SIBS virtual devices of one physical function are kept.
 */
#include "check/ord_nest.h"

enum space { BY_VMID_ASID = 1, BY_DID, BY_DID_PASID, BY_DOMID };
struct tagmap { uint64_t value; uint32_t users; };
struct taken { uint64_t key, sub, value; };
struct take { struct taken t[2]; uint32_t n, rid, parent, id; uint8_t id_key; bool nested; uint64_t guest; }; /* key: unit and kind, requester and PASID */
struct vm { uint64_t set_seq, inv_seq; uint32_t inv_q; bool on; }; /* key: name of the guest */

static const struct { uint8_t space; enum ord_rule_id rule; const char *what; } clash_of[] = {
	[BY_VMID_ASID] = { BY_VMID_ASID, ORD_NEST_04, "one (VMID, ASID) names two stage-1 tables at once" },
	[BY_DID] = { BY_DID, ORD_NEST_06, "nested entries with different parents share one domain-id" },
	[BY_DID_PASID] = { BY_DID_PASID, ORD_NEST_06, "one (domain-id, PASID) names two first-stage tables at once" },
	[BY_DOMID] = { BY_DOMID, ORD_NEST_14, "one host DomainID stands for two guest DomainIDs" },
};
static uint64_t space_key(enum space s, uint8_t unit, uint32_t tag)
{
	return (uint64_t)s << 56 | (uint64_t)unit << 32 | tag;
}
static struct phys *phys_of(struct ord_chk *c, struct nest_tags *t, uint32_t rid)
{
	return ord_tab_put(c, &t->phys, rid, 0, sizeof(struct phys));
}
static void count(struct ord_chk *c, struct ord_tab *tab, uint64_t a, uint64_t b, bool up)
{
	uint32_t *n = up ? ord_tab_put(c, tab, a, b, sizeof(*n)) : ord_tab_get(tab, a, b);

	if (!n)
		return;
	*n += up ? 1 : (uint32_t)-1;
	if (!*n)
		ord_tab_del(tab, a, b);
}
bool nest_is_parent(const struct nest_tags *t, uint32_t d)
{
	return ord_tab_get(&t->parents, d, 1) != NULL;
}
static uint64_t take_key(const struct ord_ev *e)
{
	return (uint64_t)e->unit << 8 | e->kind;
}
static void drop(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	struct take *k = ord_tab_get(&t->takes, take_key(e), (uint64_t)e->rid << 32 | e->pasid);
	struct phys *p;

	if (!k)
		return;
	for (uint32_t i = 0; i < k->n; i++) {
		struct tagmap *m = ord_tab_get(&t->tags, k->t[i].key, k->t[i].sub);

		if (m && m->value == k->t[i].value && !--m->users)
			ord_tab_del(&t->tags, k->t[i].key, k->t[i].sub);
	}
	if (k->nested) {
		p = phys_of(c, t, k->rid);
		if (p && p->nested)
			p->nested--;
		if (k->id_key) {
			count(c, &t->ids, k->id_key, k->id, false);
			count(c, &t->places, (uint64_t)e->unit << 8 | k->id_key, k->id, false);
		}
		if (k->parent)
			count(c, &t->parents, k->parent, 0, false);
	}
	ord_tab_del(&t->takes, take_key(e), (uint64_t)e->rid << 32 | e->pasid);
}
static void claim(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e, struct take *k, enum space s, uint32_t tag, uint64_t sub, uint64_t value)
{
	uint64_t key = space_key(s, e->unit, tag);
	struct tagmap *m;
	uint64_t *line;

	if (tag == ORD_NONE || !value)
		return;
	m = ord_tab_put(c, &t->tags, key, sub, sizeof(*m));
	if (!m)
		return;
	if (m->users && m->value != value) {
		ord_report(c, clash_of[s].rule, ORD_VIOLATION, e, "a tag of its own for each", "%s (tag %u of unit %u)", clash_of[s].what, tag, e->unit);
		line = ord_tab_put(c, &t->clash, e->rid, clash_of[s].rule, sizeof(*line));
		if (line)
			*line = e->line;
		return;
	}
	m->value = value;
	m->users++;
	if (k->n < 2)
		k->t[k->n++] = (struct taken){ key, sub, value };
}
static uint64_t guest_of(const struct ord_ev *e, uint64_t had)
{
	if (!(e->has & ORD_HAS(GDOMID)) || !(e->has & ORD_HAS(VM)))
		return had;
	return UINT64_C(1) << 63 | e->v[ORD_KEY_VM] << 32 | (e->v[ORD_KEY_GDOMID] & UINT32_MAX);
}
static uint8_t id_key(const struct ord_att *a)
{
	if (a->kind == ORD_K_STE || a->kind == ORD_K_CD)
		return NEST_ID(ORD_KEY_VMID);
	return NEST_ID(a->kind == ORD_K_DTE || a->kind == ORD_K_GCR3 ? ORD_KEY_DOMID : ORD_KEY_DID);
}
static void take(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e, uint64_t had)
{
	const struct ord_att *a = ord_att_find(c, e->unit, e->kind, e->rid, e->pasid);
	struct take k = { .rid = e->rid, .guest = guest_of(e, had) }, *slot;
	uint64_t root;
	struct phys *p;

	if (!a || !a->live || a->type != ORD_T_NESTED)
		return;
	root = a->root ? a->root : a->d;
	if (a->kind == ORD_K_STE || a->kind == ORD_K_CD) {
		if (a->sub != ORD_NONE)
			claim(c, t, e, &k, BY_VMID_ASID, a->dom, a->sub, root);
	} else if (a->kind == ORD_K_PASIDE || a->kind == ORD_K_CTX) {
		claim(c, t, e, &k, BY_DID, a->dom, 0, a->parent);
		claim(c, t, e, &k, BY_DID_PASID, a->dom, a->pasid, root);
	} else if (a->kind == ORD_K_DTE) {
		claim(c, t, e, &k, BY_DOMID, a->dom, 0, k.guest);
	}
	k.nested = t->nested = true;
	k.parent = a->parent;
	p = phys_of(c, t, e->rid);
	if (p)
		p->nested++;
	if (a->dom != ORD_NONE) {
		k.id_key = id_key(a);
		k.id = a->dom;
		count(c, &t->ids, k.id_key, k.id, true);
		count(c, &t->places, (uint64_t)e->unit << 8 | k.id_key, k.id, true);
		t->last_unit = e->unit > t->last_unit ? e->unit : t->last_unit;
	}
	if (a->parent)
		count(c, &t->parents, a->parent, 0, true);
	slot = a->parent ? ord_tab_put(c, &t->parents, a->parent, 1, sizeof(uint32_t)) : NULL;
	(void)slot;
	slot = ord_tab_put(c, &t->takes, take_key(e), (uint64_t)e->rid << 32 | e->pasid, sizeof(*slot));
	if (slot)
		*slot = k;
}
static void owner(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	uint32_t who = (uint32_t)ord_val(e, ORD_KEY_VM, ord_val(e, ORD_KEY_OWNER, 0));
	struct phys *p = who ? phys_of(c, t, e->rid) : NULL;

	if (!p || e->pasid != ORD_NONE)
		return;
	p->owner = who;
	p->owner_seq = ord_seq(c);
}
static void vdev_set(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	uint32_t vm = (uint32_t)ord_val(e, ORD_KEY_VM, 0), prid = (uint32_t)ord_val(e, ORD_KEY_RID, ORD_NONE);
	struct vdev *v = ord_tab_put(c, &t->vdevs, vm, e->rid, sizeof(*v));
	struct phys *p = prid != ORD_NONE ? phys_of(c, t, prid) : NULL;
	uint64_t *back;
	uint32_t i = 0;

	t->nested = true;
	if (!v)
		return;
	*v = (struct vdev){ .prid = prid, .vsid = (uint32_t)ord_val(e, ORD_KEY_VSID, ORD_NONE), .live = true, .seq = ord_seq(c) };
	while (p && i < p->n && (p->v[i].vm != vm || p->v[i].vrid != e->rid))
		i++;
	if (p && i == p->n && p->n < SIBS) {
		p->v[p->n].vm = vm;
		p->v[p->n++].vrid = e->rid;
	}
	back = v->vsid != ORD_NONE ? ord_tab_put(c, &t->vsids, v->vsid, 0, sizeof(*back)) : NULL;
	if (back)
		*back = prid;
}
static void vdev_clear(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	struct vdev *v = ord_tab_get(&t->vdevs, ord_val(e, ORD_KEY_VM, 0), e->rid);
	struct phys *p = v ? ord_tab_get(&t->phys, v->prid, 0) : NULL;

	if (!v || !v->live)
		return;
	if (p && p->nested)
		ord_report(c, ORD_NEST_10, ORD_VIOLATION, e, "nested entry out of the hardware, flush chain, then the virtual device, its vIOMMU, the stage 2",
			   "a virtual device is destroyed while a nested entry of its physical device is live");
	v->live = false;
}
/* A tag, a virtual StreamID or a stage 2 is given back. */
static void released(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	static const uint8_t keys[] = { ORD_KEY_VMID, ORD_KEY_DID, ORD_KEY_DOMID };
	const char *right = "nested entry out of the hardware, flush chain, then the virtual device, its vIOMMU, the stage 2";
	const uint64_t *prid;
	const struct phys *p;

	for (unsigned i = 0; e->op == ORD_ID_FREE && i < ARRAY_LEN(keys); i++)
		if ((e->has >> keys[i] & 1) && ord_tab_get(&t->ids, NEST_ID(keys[i]), e->v[keys[i]]))
			ord_report(c, ORD_NEST_10, ORD_VIOLATION, e, right, "the tag is freed while a nested entry carries it");
	if (e->op == ORD_DOM_FREE && ord_tab_get(&t->parents, e->d, 0))
		ord_report(c, ORD_NEST_10, ORD_VIOLATION, e, right, "the stage 2 is freed while nested entries stand on it");
	prid = e->op == ORD_ID_FREE && (e->has & ORD_HAS(VSID)) ? ord_tab_get(&t->vsids, e->v[ORD_KEY_VSID], 0) : NULL;
	p = prid ? ord_tab_get(&t->phys, *prid, 0) : NULL;
	if (p && p->nested)
		ord_report(c, ORD_NEST_10, ORD_VIOLATION, e, right, "the virtual StreamID is freed while the nested entry of its device is live");
}
/* NEST-ORD-15: map entries (DOMMAP, DEVMAP) of a guest whose queue is run by hardware. */
static struct vm *vm_of(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	if (e->rid >> 31 && e->have & ORD_P_RID)
		return ord_tab_put(c, &t->vms, e->rid & INT32_MAX, 0, sizeof(struct vm));
	return ord_tab_put(c, &t->vms, e->have & ORD_P_NAME ? e->name : ord_val(e, ORD_KEY_VM, 0), 0, sizeof(struct vm));
}
static void map_entry(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	const char *right = "queue off and idle, then clear the maps, flush, free the identifiers";
	struct vm *v = vm_of(c, t, e);
	uint64_t *hdom, g;

	if (!v)
		return;
	if (e->op == ORD_CFG_CLR) {
		if (v->on)
			ord_report(c, ORD_NEST_15, ORD_VIOLATION, e, right, "a map entry is cleared while the guest's queue runs");
		return;
	}
	v->set_seq = ord_seq(c);
	g = guest_of(e, 0);
	if (e->kind == ORD_K_DOMMAP && g && (e->has & ORD_HAS(DOMID))) {
		struct take k = { 0 };

		claim(c, t, e, &k, BY_DOMID, (uint32_t)e->v[ORD_KEY_DOMID], 0, g);
	}
	hdom = e->has & ORD_HAS(DOMID) ? ord_tab_put(c, &t->maps, e->v[ORD_KEY_DOMID], 0, sizeof(*hdom)) : NULL;
	if (hdom)
		*hdom = e->rid >> 31 ? e->rid & INT32_MAX : ord_val(e, ORD_KEY_VM, 0);
}
static void map_gone(struct nest_tags *t, const struct ord_ev *e)
{
	struct tagmap *m = e->has & ORD_HAS(DOMID) ? ord_tab_get(&t->tags, space_key(BY_DOMID, e->unit, (uint32_t)e->v[ORD_KEY_DOMID]), 0) : NULL;

	if (m && m->value == guest_of(e, 0) && !--m->users)
		ord_tab_del(&t->tags, space_key(BY_DOMID, e->unit, (uint32_t)e->v[ORD_KEY_DOMID]), 0);
	if (e->has & ORD_HAS(DOMID))
		ord_tab_del(&t->maps, e->v[ORD_KEY_DOMID], 0);
}
static void viommu(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	struct vm *v = vm_of(c, t, e);

	if (!v || !(e->flags & (ORD_F(ON) | ORD_F(OFF))))
		return;
	if ((e->flags & ORD_F(ON)) && v->set_seq && !(v->inv_seq > v->set_seq && ord_done_since(c, v->inv_q, v->inv_seq)) &&
	    !(t->map_inv_seq > v->set_seq && ord_done_since(c, t->map_inv_q, t->map_inv_seq)))
		ord_report(c, ORD_NEST_15, ORD_VIOLATION, e, "maps set, flushed and waited for, then the queue on", "the guest's queue starts before its map entries are flushed");
	v->on = (e->flags & ORD_F(ON)) != 0;
}
static void id_free_mapped(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	const uint64_t *name = e->has & ORD_HAS(DOMID) ? ord_tab_get(&t->maps, e->v[ORD_KEY_DOMID], 0) : NULL;
	const struct vm *v = name ? ord_tab_get(&t->vms, *name, 0) : NULL;

	if (v && v->on)
		ord_report(c, ORD_NEST_15, ORD_VIOLATION, e, "queue off and idle, then clear the maps, flush, free the identifiers",
			   "a host DomainID is freed while the queue of the guest that maps to it runs");
}
static void map_inv(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	struct vm *v = e->have & ORD_P_RID && e->rid >> 31 ? ord_tab_get(&t->vms, e->rid & INT32_MAX, 0) : NULL;

	if (v) {
		v->inv_seq = ord_seq(c);
		v->inv_q = ord_queue_id(c, e);
	} else {
		t->map_inv_seq = ord_seq(c);
		t->map_inv_q = ord_queue_id(c, e);
	}
}
static void manifest(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	static const enum ord_rule_id rules[] = { ORD_NEST_04, ORD_NEST_06, ORD_NEST_14 };

	for (unsigned i = 0; t->clash.n && (e->flags & ORD_F(HIT)) && i < ARRAY_LEN(rules); i++) {
		const uint64_t *line = ord_tab_get(&t->clash, e->rid, rules[i]);

		if (!line)
			continue;
		ord_report(c, rules[i], ORD_MANIFEST, e, "a tag of its own for each", "the access hits under a tag that names two tables (line %llu)", (unsigned long long)*line);
		ord_tab_del(&t->clash, e->rid, rules[i]);
	}
}
static bool is_map(const struct ord_ev *e)
{
	return e->kind == ORD_K_DOMMAP || e->kind == ORD_K_DEVMAP;
}
void nest_tag_before(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	switch (e->op) {
	case ORD_CFG_SET:
		if (e->kind == ORD_K_VDEV)
			vdev_set(c, t, e);
		else if (is_map(e))
			map_entry(c, t, e);
		break;
	case ORD_CFG_CLR:
		if (e->kind == ORD_K_VDEV) {
			vdev_clear(c, t, e);
		} else if (is_map(e)) {
			map_entry(c, t, e);
			map_gone(t, e);
		} else {
			drop(c, t, e);
		}
		break;
	case ORD_CFGINV:
		if (is_map(e) || e->kind == ORD_K_ALL)
			map_inv(c, t, e);
		break;
	case ORD_ID_FREE:
		id_free_mapped(c, t, e);
		released(c, t, e);
		break;
	case ORD_DOM_FREE:
		released(c, t, e);
		break;
	case ORD_VIOMMU:
		viommu(c, t, e);
		break;
	case ORD_DMA:
		manifest(c, t, e);
		break;
	default:
		break;
	}
}
void nest_tag_after(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e)
{
	const struct take *k;
	uint64_t had;

	if ((e->op != ORD_CFG_SET && e->op != ORD_CFG_MOD && e->op != ORD_CFG_WR) || e->kind == ORD_K_VDEV || is_map(e) || !(e->have & ORD_P_RID))
		return;
	k = ord_tab_get(&t->takes, take_key(e), (uint64_t)e->rid << 32 | e->pasid);
	had = k ? k->guest : 0;
	drop(c, t, e);
	take(c, t, e, had);
	owner(c, t, e);
}
void nest_tag_close(struct ord_chk *c, struct nest_tags *t)
{
	struct ord_tab *const all[] = { &t->vdevs, &t->phys, &t->vsids, &t->takes, &t->tags, &t->parents, &t->ids, &t->clash, &t->maps, &t->vms, &t->places };

	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		ord_tab_free(c, all[i]);
}
