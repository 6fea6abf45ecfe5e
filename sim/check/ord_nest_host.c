/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_nest_host.c - NEST family of the ordering checker: which of the guests' pending commands a command of the host carries out, and whether it names the
 * right device.
 * Not modelled: a timeout that names no requester is not followed to the guests.
 */
#include "check/ord_nest.h"

/* Which of the tags that nested entries of this unit carry does the command name? 0: none of them. */
static uint8_t host_tag(const struct nest *s, const struct ord_ev *e)
{
	static const uint8_t keys[] = { ORD_KEY_VMID, ORD_KEY_DID, ORD_KEY_DOMID };

	for (unsigned i = 0; i < ARRAY_LEN(keys); i++)
		if ((e->has >> keys[i] & 1) && ord_tab_get(&s->t.places, (uint64_t)e->unit << 8 | NEST_ID(keys[i]), e->v[keys[i]]))
			return NEST_ID(keys[i]);
	return 0;
}
static bool host_tag_ok(const struct nest *s, const struct ord_ev *e)
{
	return !s->t.ids.n || !(e->has & (ORD_HAS(VMID) | ORD_HAS(DID) | ORD_HAS(DOMID))) || host_tag(s, e);
}
static void cover(struct ord_chk *c, struct cmd *m, const struct ord_ev *e)
{
	uint64_t lo, last;

	range_of(e, &lo, &last);
	if (lo <= m->lo && last >= m->last) {
		m->covered = true;
		if (e->unit < 64)
			m->units |= UINT64_C(1) << e->unit;
	}
	else if (lo <= m->lo && last >= m->lo)
		m->lo = last + 1;
	else if (last >= m->last && lo <= m->last && lo > m->lo)
		m->last = lo - 1;
	else
		return;
	m->fwd_seq = ord_seq(c);
	m->fwd_q = ord_queue_id(c, e);
}
/* NEST-ORD-08: commands of a batch in order. */
static void in_order(struct ord_chk *c, struct nest *s, const struct ord_ev *e, const struct cmd *m)
{
	struct vmx *x = vmx_of(c, s, m->vm);

	if (!x)
		return;
	if (e->fwd && m->no < x->fwd_no)
		ord_report(c, ORD_NEST_08, ORD_VIOLATION, e, "the order of the guest's batch", "the guest's command of line %llu is issued after a later one of its batch",
			   (unsigned long long)m->line);
	if (m->no > x->fwd_no)
		x->fwd_no = m->no;
}
void nest_host_tlbinv(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	uint32_t sub = (uint32_t)ord_val(e, ORD_KEY_ASID, ord_val(e, ORD_KEY_PASID, ORD_NONE));
	bool first = true;

	for (uint64_t n = s->no > PENDING ? s->no - PENDING : 0; s->n_cmd && n < s->no; n++) {
		struct cmd *m = &s->cmd[n % PENDING];

		if (!m->used || m->op != ORD_TLBINV || (m->covered && !s->t.last_unit) || (sub != ORD_NONE && m->sub != sub))
			continue;
		if (!host_tag_ok(s, e))
			continue;
		if (e->flags & (ORD_F(ILLEGAL) | ORD_F(ERR))) {
			m->failed |= first && e->fwd;
			first = false;
			continue;
		}
		cover(c, m, e);
		m->dom = (uint32_t)ord_val(e, ORD_KEY_VMID, ord_val(e, ORD_KEY_DID, ord_val(e, ORD_KEY_DOMID, ORD_NONE)));
		m->dom_key = host_tag(s, e);
		m->failed &= !m->covered;
		if (m->covered && first) {
			in_order(c, s, e, m);
			first = false;
		}
	}
}
/* NEST-ORD-03, 10: a forwarded command that names a requester is one the guest sent for the virtual device made of it. */
void nest_host_named(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	struct cmd *open = NULL;

	for (uint64_t n = s->no > PENDING ? s->no - PENDING : 0; s->n_cmd && n < s->no; n++) {
		struct cmd *m = &s->cmd[n % PENDING];
		const struct vdev *v;
		const struct phys *p;

		if (!m->used || m->op != e->op || m->covered)
			continue;
		v = ord_tab_get(&s->t.vdevs, m->vm, m->rid);
		p = v ? ord_tab_get(&s->t.phys, v->prid, 0) : NULL;
		if (!v || !v->live || v->prid != e->rid) {
			open = open ? open : m;
			continue;
		}
		if (p && p->owner && p->owner != m->vm && p->owner_seq > v->seq)
			ord_report(c, ORD_NEST_10, ORD_VIOLATION, e, "remove the virtual device before its physical one leaves the VM",
				   "the guest's command (line %llu) reaches a device that has another owner now", (unsigned long long)m->line);
		cover(c, m, e);
		if (m->covered)
			in_order(c, s, e, m);
		return;
	}
	if (open && e->fwd && s->t.vdevs.n && !s->overflow) {
		const struct vdev *v = ord_tab_get(&s->t.vdevs, open->vm, open->rid);
		bool late = v && !v->live && v->prid == e->rid;

		ord_report(c, late ? ORD_NEST_10 : ORD_NEST_03, ORD_VIOLATION, e,
			   late ? "refuse the command: the virtual device is gone" : "the requester this VM's table maps to; unknown ones are refused",
			   late ? "the guest's command (line %llu) names a virtual device that was destroyed, and the old requester is used" :
				  "the guest's command (line %llu) names another device",
			   (unsigned long long)open->line);
		open->covered = true;
		open->fwd_seq = ord_seq(c);
		open->fwd_q = ord_queue_id(c, e);
	}
}
void nest_host_config(struct ord_chk *c, struct nest *s, const struct ord_ev *e, bool inv)
{
	for (unsigned i = 0; s->n_cmd && i < PENDING; i++) {
		struct cmd *m = &s->cmd[i];
		const struct vdev *v = m->used && is_cfg(m->op) ? ord_tab_get(&s->t.vdevs, m->vm, m->rid) : NULL;

		if (!m->used || !is_cfg(m->op) || (v && v->live && (e->have & ORD_P_RID) && e->rid != v->prid))
			continue;
		if (!inv) {
			m->carried = true;
			m->covered = false;
		} else if (m->carried && !m->covered) {
			m->covered = true;
			m->fwd_seq = ord_seq(c);
			m->fwd_q = ord_queue_id(c, e);
		}
	}
}
void nest_host_atcinv(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	struct atc *a = &s->atc[s->next_atc++ % ATCS];
	struct phys *p = ord_tab_get(&s->t.phys, e->rid, 0);

	*a = (struct atc){ .seq = ord_seq(c), .rid = e->rid, .pasid = e->pasid };
	range_of(e, &a->lo, &a->last);
	if (p) {
		p->inv_seq = ord_seq(c);
		p->inv_q = ord_queue_id(c, e);
	}
	nest_host_named(c, s, e);
}
void nest_host_timeout(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	struct phys *p = e->have & ORD_P_RID ? ord_tab_get(&s->t.phys, e->rid, 0) : NULL;
	bool shared = false;

	for (uint32_t i = 1; p && i < p->n; i++)
		shared |= p->v[i].vm != p->v[0].vm;
	for (uint32_t i = 0; p && i < p->n; i++) {
		struct vdev *v = ord_tab_get(&s->t.vdevs, p->v[i].vm, p->v[i].vrid);
		struct vmx *x = vmx_of(c, s, p->v[i].vm);

		if (!v || !x || !v->live || v->prid != e->rid)
			continue;
		x->unreported += !v->itmo_line;
		v->itmo_line = e->line;
		v->shared = shared;
	}
	if (p)
		p->inv_seq = 0;
}
/* A command error of the host on a forwarded command. */
void nest_host_error(struct nest *s, const struct ord_ev *e)
{
	struct cmd *last = NULL;

	(void)e;
	for (unsigned i = 0; s->n_cmd && i < PENDING; i++)
		if (s->cmd[i].used && s->cmd[i].covered && (!last || s->cmd[i].fwd_seq > last->fwd_seq))
			last = &s->cmd[i];
	if (last)
		last->failed = true;
}
