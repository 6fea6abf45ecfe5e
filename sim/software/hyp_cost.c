/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hyp_cost.c - when a guest leaves, what software time is owed, and what is measured of each software-level record.
 * Owed time passes before the tail write that hands commands to the unit, and at the end of the record. An exit counts half before the
 * host acts and half after the commands are finished, on the way back.
 * A doorbell (one tail write) of a guest is one exit; with software.doorbell = wait only one that hands over a wait is (a guest that queues a flush
 * and rings once). Under shadow one exit carries a map or unmap; a device-TLB flush that is forwarded is another one.
 */
#include "software/hyp_int.h"

void hyp_op_exit(struct hyp *h, uint64_t *kind)
{
	h->st.exits++;
	++*kind;
	h->st.host_ps += h->c->exit_ps;
	h->op.owed_ps += h->c->exit_ps;
}

static void guest(struct hyp *h, uint64_t ps)
{
	h->st.guest_ps += ps;
	h->op.owed_ps += ps;
}

static void host(struct hyp *h, uint64_t ps)
{
	h->st.host_ps += ps;
	h->op.owed_ps += ps;
}

/* The time of a driver: the guest's, or that of the host's own business, bring-up among it. */
static void own(struct hyp *h, uint64_t ps)
{
	if (h->c->mode == HYP_NATIVE || (h->op.kind && !h->op.own))
		guest(h, ps);
	else
		host(h, ps);
}

void hyp_op_begin(struct hyp *h, const struct trc_rec *r, bool is_own, const struct hyp_dom *m)
{
	struct hyp_op *o = &h->op;
	const struct hyp_cfg *c = h->c;
	const bool attach = r->kind == TRC_ATTACH || r->kind == TRC_DETACH;

	*o = (struct hyp_op){ .kind = r->kind, .own = is_own, .is_vm = m && m->host_side, .begin = sim_now(plat_kernel(h->p)) };
	o->dom = m ? m->id : 0;
	h->targets.n = 0;
	h->st.maps += r->kind == TRC_MAP;
	h->st.unmaps += r->kind == TRC_UNMAP;
	h->st.attaches += r->kind == TRC_ATTACH;
	o->shadowed = m && m->shadow && !is_own;
	drv_devtlb(h->drv, !(hyp_nested(h) && !is_own && !o->shadowed && c->devtlb == HYP_DEVTLB_SKIPPED));
	own(h, r->kind == TRC_MAP ? c->map_ps : 0);
	o->post_ps = r->kind == TRC_UNMAP ? c->unmap_ps : 0; /* such as giving the address back */
	*(is_own && c->mode != HYP_NATIVE ? &h->st.host_ps : &h->st.guest_ps) += o->post_ps;
	if (is_own)
		return;
	if (attach || r->kind == TRC_DEVICE) {
		hyp_op_exit(h, &h->st.exits_attach);
		host(h, attach ? c->attach_ps : 0);
	} else if (o->shadowed) {
		guest(h, c->cmd_ps + c->doorbell_ps);
		h->st.guest_commands++;
		hyp_op_exit(h, r->kind == TRC_MAP ? &h->st.exits_map : &h->st.exits_unmap);
		o->post_ps += c->exit_ps / 2;
		o->owed_ps -= c->exit_ps / 2;
	}
	o->pre_ps = o->owed_ps;
}

static bool in_ring(const struct hyp *h, uint64_t pa)
{
	for (unsigned i = 0; i < h->n_ring; i++)
		if (h->ring[i] && pa - h->ring[i]->main.base < h->ring[i]->main.size)
			return true;
	return false;
}

/* In the entry of the requester that the record is about. The other entries that are stored are the host's own. */
static bool in_device_table(const struct hyp *h, uint64_t pa)
{
	enum { ENTRY = 32 };

	for (unsigned i = 0; i < h->n_ring; i++)
		if (h->ring[i] && pa >= h->ring[i]->main.devtab && pa < h->ring[i]->main.devtab_end)
			return (pa - h->ring[i]->main.devtab) / ENTRY == h->op.hrid;
	return false;
}

/* A guest's table under shadow is stored to by the guest, read and stored again by the host. */
void hyp_op_store(struct hyp *h, uint64_t pa, unsigned bytes)
{
	struct hyp_op *o = &h->op;

	h->st.table_stores++;
	if (o->own) {
		own(h, h->c->pte_ps);
	} else if (o->shadowed && (bytes != 8 || in_ring(h, pa))) { /* the host's own ring, or a status word */
		host(h, h->c->pte_ps);
	} else if (o->shadowed) {
		guest(h, h->c->pte_ps);
		host(h, h->c->host_page_ps);
	} else if (o->kind == TRC_ATTACH || o->kind == TRC_DETACH) {
		host(h, h->c->pte_ps);
	} else {
		guest(h, h->c->pte_ps);
	}
	/* a half of an entry is one instruction */
	if (h->c->dte_trap && !o->own && hyp_nested(h) && in_device_table(h, pa) && o->dte_stores++ % 2 == 0)
		hyp_op_exit(h, &h->st.exits_table);
}

static void trapped(struct hyp *h, const struct hyp_batch *b)
{
	const struct hyp_cfg *c = h->c;
	const bool hidden = c->devtlb == HYP_DEVTLB_HIDDEN;
	const unsigned n = b->commands - (hidden ? b->devtlb : 0);

	if (!(hidden && b->devtlb && b->commands == b->devtlb + b->waits)) {
		guest(h, n * c->cmd_ps + c->doorbell_ps);
		h->st.guest_commands += n;
		if (c->doorbell == HYP_DOORBELL_EACH || b->waits)
			hyp_op_exit(h, &h->st.exits_unmap);
	}
	host(h, b->commands * c->host_cmd_ps + c->doorbell_ps);
}

void hyp_op_commands(struct hyp *h, const struct hyp_batch *b)
{
	struct hyp_op *o = &h->op;
	const struct hyp_cfg *c = h->c;

	if (!o->flushed)
		o->inval = sim_now(plat_kernel(h->p));
	o->flushed = true;
	h->st.commands += b->commands;
	h->st.devtlb_commands += b->devtlb;
	h->st.waits += b->waits;
	if (o->own || !o->kind) {
		own(h, b->commands * c->cmd_ps + c->doorbell_ps);
		return;
	}
	if (!b->guest && (o->shadowed || o->kind == TRC_ATTACH || o->kind == TRC_DETACH || o->kind == TRC_DEVICE)) {
		host(h, b->commands * c->cmd_ps + c->doorbell_ps);
		if (o->shadowed && b->devtlb && c->devtlb == HYP_DEVTLB_FORWARDED && !o->devtlb_paid) {
			o->devtlb_paid = true;
			h->st.guest_commands += 2;
			guest(h, 2 * c->cmd_ps + c->doorbell_ps);
			hyp_op_exit(h, &h->st.exits_unmap);
		}
	} else if (c->mode == HYP_TRAPPED) {
		trapped(h, b);
	} else {
		guest(h, b->commands * c->cmd_ps + c->doorbell_ps);
		h->st.guest_commands += b->commands;
	}
}

/* Unmaps of lazy domains become safe with whatever flush came. */
static void lazy_done(struct hyp *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_lazy; i++)
		if (drv_owes_flush(h->drv, h->lazy[i].dom))
			h->lazy[n++] = h->lazy[i];
		else
			hist_add(&h->st.safe, h->op.done - h->lazy[i].since);
	h->n_lazy = n;
}

static void unmapped(struct hyp *h, sim_time now)
{
	struct hyp_op *o = &h->op;

	if (!o->stored)
		return;
	if (o->is_vm) {
		hist_add(&h->st.s2_unmap, o->done - o->first_store);
		return;
	}
	hist_add(&h->st.unmap, now - o->first_store + o->pre_ps);
	if (drv_owes_flush(h->drv, o->dom)) {
		if (hyp_grow(h, &h->lazy, h->n_lazy, &h->cap_lazy, sizeof(*h->lazy)))
			h->lazy[h->n_lazy++] = (struct hyp_lazy){ o->dom, o->first_store - o->pre_ps };
		return;
	}
	hist_add(&h->st.safe, o->done - o->first_store + o->pre_ps);
}

void hyp_op_end(struct hyp *h)
{
	struct hyp_op *o = &h->op;
	sim_time now = sim_now(plat_kernel(h->p));

	if (o->kind == TRC_UNMAP)
		unmapped(h, now);
	else if (o->kind == TRC_MAP && o->stored)
		hist_add(&h->st.map, now - o->first_store + o->pre_ps);
	else if (o->kind == TRC_ATTACH)
		hist_add(&h->st.attach, now - o->begin);
	if (o->flushed && !o->is_vm && (o->kind == TRC_UNMAP || o->kind == TRC_FLUSH))
		hist_add(&h->st.inval, now - o->inval + (o->shadowed ? o->pre_ps : 0) - (o->kind == TRC_UNMAP ? h->c->unmap_ps : 0));
	if (h->n_lazy)
		lazy_done(h);
	*o = (struct hyp_op){ 0 };
}
