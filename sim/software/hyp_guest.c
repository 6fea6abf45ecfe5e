/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hyp_guest.c - what the host does for a guest's attach, map, unmap, flush and DMA.
 * A domain that nobody is attached to yet has no host tables: its maps are kept, and carried out with the first attach.
 * An attach that passes a device through in the guest puts it on the virtual machine's stage 2; so does every attach of a device without
 * virtual IOMMU, and there the device is given guest-physical addresses, as a guest without IOMMU would: in pieces where the guest's map
 * is not contiguous. Guest-physical memory is brought into that stage 2 when a map or a DMA names it first; that takes no simulated time.
 */
#include <inttypes.h>
#include <string.h>
#include "software/hyp_int.h"

static struct trc_rec *push(struct hyp *h, const struct trc_rec *r)
{
	if (!hyp_grow(h, &h->q, h->q_n, &h->q_cap, sizeof(*h->q)))
		return NULL;
	h->q[h->q_n] = *r;
	return &h->q[h->q_n++];
}

/* Twice at the end of what is carried out: once all commands are finished, and once software is. */
static void push_end(struct hyp *h, const struct trc_rec *r)
{
	const struct trc_rec d = { .kind = TRC_DELAY, .unit = r->unit, .at = TRC_NO_TIME, .line = r->line };

	push(h, &d);
	push(h, &d);
}

static bool is_any(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

/* Guest-physical memory of @dom's virtual machine. */
static void push_vm_map(struct hyp *h, const struct trc_rec *r, uint32_t vm_dom, uint64_t pa, uint64_t size)
{
	struct trc_rec m = { .kind = TRC_MAP, .unit = r->unit, .at = r->at, .line = r->line };

	m.u.sw.dom = vm_dom;
	m.u.sw.iova = pa + h->dc->s2_offset;
	m.u.sw.pa = pa;
	m.u.sw.size = size;
	m.u.sw.perm = XL_R | XL_W | XL_X;
	push(h, &m);
}

static void push_held_maps(struct hyp *h, const struct trc_rec *r, struct hyp_dom *m, bool tables)
{
	for (size_t i = 0; i < m->map.n && !h->failed; i++) {
		const struct hyp_range *g = &m->map.r[i];
		struct trc_rec o = { .kind = TRC_MAP, .unit = r->unit, .at = r->at, .line = r->line };

		if (!tables) {
			push_vm_map(h, r, m->vm_dom, g->pa, g->size);
			continue;
		}
		o.u.sw.dom = m->id;
		o.u.sw.iova = g->iova;
		o.u.sw.pa = g->pa;
		o.u.sw.size = g->size;
		o.u.sw.perm = g->perm;
		push(h, &o);
	}
}

static bool keeps_map(const struct hyp *h)
{
	return h->c->mode == HYP_PASSTHROUGH || h->c->direct;
}

/* The stage of the host that stands for the guest's table. */
static const char *shadow_type(const struct hyp *h, const struct trc_rec *r)
{
	const struct iommu *u = plat_unit(h->p, r->unit);
	const bool vtd = u && !strcmp(u->ops->arch, "vtd"), pasid = r->u.sw.pasid != TRC_NO_PASID;

	if (h->c->shadow_tables != HYP_TABLES_AUTO)
		return h->c->shadow_tables == HYP_TABLES_SS ? "ss" : "fs";
	if (vtd)
		return u->ops->mmio_read((struct iommu *)u, 0x10, 8) >> 43 & 1 ? "ss" : "legacy"; /* ECAP.SMTS */
	return pasid || (u && !strcmp(u->ops->arch, "smmuv3")) ? "fs" : "ss";
}

/* Where this attach leads: kind, host domain and type of @o. */
static void choose(struct hyp *h, const struct hyp_dev *dev, struct hyp_space *s, struct trc_rec *o)
{
	static const char *const pass[] = { "pt", "identity", "bypass", NULL };
	const bool none = o->u.sw.pasid == TRC_NO_PASID;
	const char *type;

	s->kind = HYP_AS_IS;
	s->hdom = s->dom;
	if (h->c->mode == HYP_NATIVE || !strcmp(o->u.sw.type, "vm"))
		return;
	if (is_any(o->u.sw.type, pass))
		s->kind = HYP_IDENTITY;
	else if (h->c->mode == HYP_PASSTHROUGH || dev->direct)
		s->kind = HYP_BY_MAP;
	if (s->kind != HYP_AS_IS) {
		s->hdom = HYP_VM_DOM + s->guest;
		type = "vm";
	} else if (h->c->mode == HYP_SHADOW || (h->c->iova == HYP_IOVA_SHADOW && none)) {
		type = shadow_type(h, o);
	} else {
		type = "nested";
	}
	memcpy(o->u.sw.type, type, strlen(type) + 1);
}

static void attach(struct hyp *h, const struct trc_rec *r)
{
	struct trc_rec o = *r;
	const struct hyp_dev *dev = hyp_dev(h, r->unit, r->u.sw.rid);
	struct hyp_space *s = dev ? hyp_space_add(h, r->unit, r->u.sw.rid, r->u.sw.pasid) : NULL;
	struct hyp_dom *m = s ? hyp_dom(h, r->u.sw.dom) : NULL;
	const bool was = s && s->attached;
	const uint32_t old = s ? s->hdom : 0;
	bool own, first;

	if (!m)
		return;
	s->dom = r->u.sw.dom;
	s->guest = dev->guest;
	choose(h, dev, s, &o);
	o.u.sw.rid = s->hrid;
	o.u.sw.pasid = s->hpasid;
	o.u.sw.dom = s->hdom;
	o.u.sw.pa = dev->guest;
	o.u.sw.size = dev->viommu;
	own = h->c->mode <= HYP_PASSTHROUGH || s->kind == HYP_BY_MAP || !strcmp(r->u.sw.type, "vm");
	m->host_side |= !strcmp(r->u.sw.type, "vm");
	m->shadow |= !own && s->kind == HYP_AS_IS && strcmp(o.u.sw.type, "nested");
	hyp_op_begin(h, r, own, NULL);
	h->op.hrid = s->hrid;
	s->attached = true;
	for (size_t i = 0; i < h->cap_space; i++) {
		const struct hyp_space *t = &h->space[i];

		if (t->used && t->attached && t->unit == s->unit && t->hrid == s->hrid && t->hpasid == s->hpasid && t->hdom != s->hdom)
			hyp_fail(h, ERR_INPUT, "record %" PRIu64 ": two interfaces share a PASID and not the domain", r->line);
	}
	if (!(was && old == s->hdom && s->kind != HYP_AS_IS) && (was || hyp_space_sharers(h, s->unit, s->hrid, s->hpasid) == 1))
		push(h, &o);
	first = s->kind == HYP_AS_IS ? !m->tables : s->kind == HYP_BY_MAP && !m->by_map;
	if (s->kind == HYP_BY_MAP && m->by_map && m->vm_dom != s->hdom)
		hyp_fail(h, ERR_INPUT, "record %" PRIu64 ": domain %" PRIu32 " has devices of two guests", r->line, m->id);
	m->tables |= s->kind == HYP_AS_IS;
	if (s->kind == HYP_BY_MAP) {
		m->by_map = true;
		m->vm_dom = s->hdom;
	}
	m->attached = true;
	if (first)
		push_held_maps(h, r, m, s->kind == HYP_AS_IS);
	if (!keeps_map(h))
		m->map.n = 0;
	push_end(h, r);
}

static void detach(struct hyp *h, const struct trc_rec *r)
{
	struct hyp_space *s = hyp_space_find(h, r->unit, r->u.sw.rid, r->u.sw.pasid);
	struct trc_rec o = *r;

	if (s && s->attached) {
		const bool shared = hyp_space_sharers(h, s->unit, s->hrid, s->hpasid) > 1;

		s->attached = false;
		if (shared)
			return;
		o.u.sw.rid = s->hrid;
		o.u.sw.pasid = s->hpasid;
		o.u.sw.dom = o.u.sw.dom ? s->hdom : 0;
	}
	hyp_op_begin(h, r, h->c->mode <= HYP_PASSTHROUGH || (s && s->kind == HYP_BY_MAP), NULL);
	h->op.hrid = o.u.sw.rid;
	push(h, &o);
	push_end(h, r);
}

static void map(struct hyp *h, const struct trc_rec *r)
{
	struct hyp_dom *m = hyp_dom(h, r->u.sw.dom);
	const struct hyp_range g = { r->u.sw.iova, r->u.sw.size, r->u.sw.pa, r->u.sw.perm };

	if (!m)
		return;
	if (h->c->mode != HYP_NATIVE && (keeps_map(h) || !m->attached) && g.size &&
	    (!hyp_ranges_cut(&m->map, g.iova, g.size) || !hyp_ranges_add(&m->map, &g))) {
		hyp_fail(h, ERR_MACHINE, "out of memory");
		return;
	}
	if (m->by_map && g.size)
		push_vm_map(h, r, m->vm_dom, g.pa, g.size);
	if (m->tables || h->c->mode == HYP_NATIVE) {
		hyp_op_begin(h, r, h->c->mode == HYP_NATIVE || m->host_side, m);
		push(h, r);
		push_end(h, r);
	}
}

static void unmap(struct hyp *h, const struct trc_rec *r)
{
	struct hyp_dom *m = hyp_dom(h, r->u.sw.dom);

	if (!m)
		return;
	if (r->kind == TRC_UNMAP && r->u.sw.size && !hyp_ranges_cut(&m->map, r->u.sw.iova, r->u.sw.size)) {
		hyp_fail(h, ERR_MACHINE, "out of memory");
		return;
	}
	if (r->kind == TRC_UNMAP && m->by_map)
		h->st.unprotected++;
	if (m->tables || h->c->mode == HYP_NATIVE) {
		hyp_op_begin(h, r, h->c->mode == HYP_NATIVE || m->host_side, m);
		push(h, r);
		push_end(h, r);
	}
}

/* The pieces of a DMA that the guest's map makes of it; only the first one can have an expected result. */
static void dma_by_map(struct hyp *h, const struct trc_rec *r, const struct hyp_dom *m)
{
	uint64_t at = r->u.dma.iova, left = r->u.dma.len ? r->u.dma.len : 1;
	bool first = true;

	while (left && m) {
		const struct hyp_range *g = hyp_ranges_at(&m->map, at);
		struct trc_rec o = *r;
		uint64_t n;

		if (!g) {
			h->st.dma_lost++;
			return;
		}
		n = g->iova + g->size - at < left ? g->iova + g->size - at : left;
		o.u.dma.iova = g->pa + (at - g->iova) + h->dc->s2_offset;
		if (r->u.dma.len)
			o.u.dma.len = (uint32_t)n;
		if (!first || o.u.dma.expect == TRC_EXP_FAULT)
			o.u.dma.expect = TRC_EXP_NONE;
		h->st.dma_translated++;
		h->st.dma_split += !first;
		push(h, &o);
		first = false;
		at += n;
		left -= n;
	}
}

static void dma_identity(struct hyp *h, const struct trc_rec *r, const struct hyp_space *s)
{
	struct hyp_ranges *t = &h->present[s->guest];
	uint64_t len = r->u.dma.len ? r->u.dma.len : 1;
	struct trc_rec o = *r;

	for (uint64_t page = r->u.dma.iova & ~UINT64_C(0xfff); page <= r->u.dma.iova + (len - 1) && !h->failed; page += 4096) {
		const struct hyp_range g = { page, 4096, page, 0 };

		if (hyp_ranges_at(t, page))
			continue;
		push_vm_map(h, r, s->hdom, page, 4096);
		if (!hyp_ranges_add(t, &g))
			hyp_fail(h, ERR_MACHINE, "out of memory");
	}
	o.u.dma.iova += h->dc->s2_offset;
	push(h, &o);
}

static void dma(struct hyp *h, const struct trc_rec *r)
{
	struct hyp_space *s = hyp_space_find(h, r->unit, r->u.dma.rid, r->u.dma.pasid);
	struct trc_rec o = *r;

	if (!s && r->u.dma.rid - h->c->if_first < h->c->if_count)
		s = hyp_space_add(h, r->unit, r->u.dma.rid, r->u.dma.pasid);
	if (s) {
		o.u.dma.rid = s->hrid;
		o.u.dma.pasid = s->hpasid;
	}
	if (h->c->dma_ps) {
		struct trc_rec d = { .kind = TRC_DELAY, .unit = r->unit, .at = TRC_NO_TIME, .line = r->line };

		d.u.delay_ps = h->c->dma_ps;
		h->st.guest_ps += h->c->dma_ps;
		push(h, &d);
	}
	if (s && s->attached && s->kind == HYP_BY_MAP)
		dma_by_map(h, &o, hyp_dom(h, s->dom));
	else if (s && s->attached && s->kind == HYP_IDENTITY)
		dma_identity(h, &o, s);
	else
		push(h, &o);
}

static void device(struct hyp *h, const struct trc_rec *r)
{
	struct trc_rec o = *r;

	if (r->u.dev.rid - h->c->if_first < h->c->if_count)
		o.u.dev.rid = h->c->if_rid;
	hyp_op_begin(h, r, h->c->mode <= HYP_PASSTHROUGH, NULL);
	h->op.hrid = o.u.dev.rid;
	push(h, &o);
	push_end(h, r);
}

void hyp_translate(struct hyp *h, const struct trc_rec *r)
{
	switch (r->kind) {
	case TRC_ATTACH:
		attach(h, r);
		break;
	case TRC_DETACH:
		detach(h, r);
		break;
	case TRC_MAP:
		map(h, r);
		break;
	case TRC_UNMAP:
	case TRC_FLUSH:
		unmap(h, r);
		break;
	case TRC_DMA:
		dma(h, r);
		break;
	case TRC_DEVICE:
		device(h, r);
		break;
	default:
		push(h, r);
	}
}
