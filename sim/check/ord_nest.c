/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_nest.c - rules of the ordering checker: family NEST (nesting, virtual IOMMUs, user-managed tables). Statements: ord_rules.def.
 * Modelled: each command of a guest from its issue to the end of the guest's wait: what the host made of it, under which tag and requester, in which
 * order, and whether that had completed. The host's side: ord_nest_host.c. Tags, virtual devices and hardware queues: ord_nest_tag.c.
 * Not modelled: units above 63. The latest PENDING guest commands and the latest ATCS host ATC invalidations are kept; of attachments the first
 * ATTS are looked at.
 */
#include "check/ord_nest.h"

static bool hidden(struct ord_chk *c)
{
	uint32_t k = ord_knobs_of(c)->nest_atc;

	return k ? k == 1 : ord_arch_of(c) == ORD_VTD;
}
static uint32_t vm_of(struct nest *s, const struct ord_ev *e)
{
	const struct gwait *w = e->w ? ord_tab_get(&s->gwaits, e->w, 0) : NULL;

	if (e->has & ORD_HAS(VM))
		return (uint32_t)e->v[ORD_KEY_VM];
	return w ? w->vm : s->last_vm;
}
static void cmd_end(struct nest *s, struct cmd *m)
{
	s->n_cmd -= m->used;
	m->used = false;
}
static void guest_command(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	uint32_t vm = vm_of(s, e);
	struct cmd *m = &s->cmd[s->no % PENDING];
	struct vmx *v = vmx_of(c, s, vm);

	s->overflow = s->n_cmd && (s->overflow || m->used);
	cmd_end(s, m);
	*m = (struct cmd){ .line = e->line, .seq = ord_seq(c), .vm = vm, .rid = e->rid, .pasid = e->pasid, .sub = ORD_NONE, .dom = ORD_NONE, .op = e->op, .kind = e->kind,
			   .used = true, .no = ++s->no };
	s->n_cmd++;
	range_of(e, &m->lo, &m->last);
	m->lo0 = m->lo;
	m->last0 = m->last;
	m->sub = (uint32_t)ord_val(e, ORD_KEY_ASID, ord_val(e, ORD_KEY_PASID, ORD_NONE));
	m->illegal = (e->flags & ORD_F(ILLEGAL)) != 0;
	m->tlb = e->op == ORD_TLBINV;
	if (v && e->op == ORD_TLBINV && !(e->flags & ORD_F(S2)))
		v->tlb_line = e->line;
	else if (v && e->op == ORD_ATCINV)
		v->tlb_line = 0;
}
/* A guest invalidates a configuration entry it has changed: from here on the host must have carried the change when the guest's wait ends. */
static void guest_cfginv(struct nest *s, const struct ord_ev *e)
{
	uint32_t vm = vm_of(s, e);

	for (unsigned i = 0; i < PENDING; i++) {
		struct cmd *m = &s->cmd[i];

		if (m->used && is_cfg(m->op) && m->vm == vm && (!(e->have & ORD_P_RID) || e->rid == m->rid))
			m->invalidated = true;
	}
}
static void guest_wait(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	struct gwait *w = e->w ? ord_tab_put(c, &s->gwaits, e->w, 0, sizeof(*w)) : NULL;

	if (w)
		*w = (struct gwait){ .no = s->no, .vm = (uint32_t)ord_val(e, ORD_KEY_VM, s->last_vm) };
}
/* NEST-ORD-02, hidden: every ATS user of the nested domain got an ATC invalidation behind the forwarded one. */
static bool atc_followed(struct ord_chk *c, const struct nest *s, const struct cmd *m)
{
	size_t i = 0;

	if (s->atc[s->next_atc % ATCS].seq > m->fwd_seq) /* more than are kept */
		return true;
	for (const struct ord_att *a; i < ATTS && (a = ord_att_each(c, &i));) {
		const struct ord_dev *d = ord_dev(c, a->rid, false);
		bool ok = false;

		if (a->type != ORD_T_NESTED || !a->live || a->dom != m->dom || !d || !d->ats || (m->sub != ORD_NONE && a->pasid != ORD_NONE && a->pasid != m->sub))
			continue;
		for (unsigned j = 0; !ok && j < ATCS; j++)
			ok = s->atc[j].seq > m->fwd_seq && s->atc[j].rid == a->rid && s->atc[j].pasid == a->pasid && s->atc[j].lo <= m->lo0 && s->atc[j].last >= m->last0;
		if (!ok)
			return false;
	}
	return true;
}
/* A unit on which the tag of the forwarded command is in use and that got none; -1: every one did. */
static int missed_unit(const struct nest *s, const struct cmd *m)
{
	for (unsigned u = 0; m->dom_key && u <= s->t.last_unit && u < 64; u++)
		if (!(m->units >> u & 1) && ord_tab_get(&s->t.places, (uint64_t)u << 8 | m->dom_key, m->dom))
			return (int)u;
	return -1;
}
static void judge(struct ord_chk *c, struct nest *s, const struct ord_ev *e, const struct cmd *m)
{
	const struct vdev *v = is_cfg(m->op) ? ord_tab_get(&s->t.vdevs, m->vm, m->rid) : NULL;
	unsigned long long line = (unsigned long long)m->line;

	if (m->illegal || m->failed)
		ord_report(c, ORD_NEST_08, ORD_VIOLATION, e, "stop at the bad command, report its index, count nothing behind it",
			   "the guest's wait completes although its command of line %llu was not done and it was not told", line);
	else if (is_cfg(m->op) && !m->covered)
		ord_report(c, ORD_NEST_12, ORD_VIOLATION, e, "host entry rewritten, its CFGINV, flushes and wait, then the guest's completion",
			   "the guest's change of its entry (line %llu) has not reached the hardware's entry and caches", line);
	else if (m->op == ORD_TLBINV && !m->covered)
		ord_report(c, ORD_NEST_01, ORD_VIOLATION, e, "a host command for the whole range under the host tag, its wait, then the guest's completion",
			   "the guest's invalidation of line %llu was not forwarded%s", line, m->lo != m->lo0 || m->last != m->last0 ? " as a whole" : " under a host tag");
	else if (m->op == ORD_TLBINV && missed_unit(s, m) >= 0)
		ord_report(c, ORD_NEST_01, ORD_VIOLATION, e, "a host command on each physical unit the nested domain is used on",
			   "the guest's invalidation of line %llu was not forwarded to unit %d", line, missed_unit(s, m));
	else if (m->op == ORD_ATCINV && !m->covered && !hidden(c))
		ord_report(c, ORD_NEST_02, ORD_VIOLATION, e, "the guest's ATC command forwarded with the requester mapped", "the guest's ATC invalidation of line %llu was not forwarded",
			   line);
	else if (m->op == ORD_TLBINV && hidden(c) && !atc_followed(c, s, m))
		ord_report(c, ORD_NEST_02, ORD_VIOLATION, e, "a device-TLB flush of all devices of the domain behind the forwarded invalidation",
			   "no ATC invalidation by the host follows the invalidation of line %llu", line);
	else if (m->covered && !ord_done_since(c, m->fwd_q, m->fwd_seq))
		ord_report(c, ORD_NEST_07, ORD_VIOLATION, e, "the host's wait, its completion, then the guest's completion",
			   "the guest's wait completes before the host command made from line %llu", line);
	else if (is_cfg(m->op) && v && ord_teardown_open(c, v->prid, m->seq))
		ord_report(c, ORD_NEST_12, ORD_VIOLATION, e, "host entry rewritten, its CFGINV, flushes and wait, then the guest's completion",
			   "the guest's change of its entry (line %llu) is in the hardware's entry (line %llu), but TLB or ATC may hold what was behind it", line,
			   (unsigned long long)ord_teardown_open(c, v->prid, m->seq));
}
/* NEST-ORD-09, 13: a timeout the guest was not told of. */
static void unreported(struct ord_chk *c, struct nest *s, const struct ord_ev *e, uint32_t vm)
{
	struct vmx *x = ord_tab_get(&s->vms, vm, 0);
	uint64_t key[2];

	for (uint32_t i = 0; x && x->unreported && i < s->t.vdevs.n; i++) {
		struct vdev *v = ord_tab_at(&s->t.vdevs, i, key);
		const struct phys *p = ord_tab_get(&s->t.phys, v->prid, 0);

		if (key[0] != vm || !v->itmo_line)
			continue;
		if (!(p && p->inv_seq && ord_done_since(c, p->inv_q, p->inv_seq)))
			ord_report(c, v->shared ? ORD_NEST_13 : ORD_NEST_09, ORD_VIOLATION, e, "an error record in the guest's terms, or no completion",
				   v->shared ? "several VMs share the requester that timed out in line %llu, and this one was not told" :
					       "the guest's wait completes although the invalidation timed out in line %llu and it was not told",
				   (unsigned long long)v->itmo_line);
		v->itmo_line = 0;
		x->unreported--;
	}
}
static void guest_done(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	const struct gwait *w = e->w ? ord_tab_get(&s->gwaits, e->w, 0) : NULL;
	uint32_t vm = vm_of(s, e);
	uint64_t upto = w ? w->no : s->no;

	for (uint64_t n = s->no > PENDING ? s->no - PENDING : 0; s->n_cmd && n < upto; n++) {
		struct cmd *m = &s->cmd[n % PENDING];

		if (!m->used || m->vm != vm || (is_cfg(m->op) && !m->invalidated))
			continue;
		judge(c, s, e, m);
		cmd_end(s, m);
	}
	unreported(c, s, e, vm);
	if (w)
		ord_tab_del(&s->gwaits, e->w, 0);
}
static void guest_error(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	uint32_t vm = vm_of(s, e);
	struct vdev *v = e->have & ORD_P_RID ? ord_tab_get(&s->t.vdevs, vm, e->rid) : NULL;
	struct vmx *x = ord_tab_get(&s->vms, vm, 0);

	if ((e->have & ORD_P_RID) && !(v && v->live) && s->t.vdevs.n)
		ord_report(c, ORD_NEST_03, ORD_VIOLATION, e, "the guest's own number of the device", "the guest is told of a requester it does not know by this number");
	if (v && v->itmo_line) {
		v->itmo_line = 0;
		if (x && x->unreported)
			x->unreported--;
	}
	for (unsigned i = 0; s->n_cmd && i < PENDING; i++)
		if (s->cmd[i].used && s->cmd[i].vm == vm)
			cmd_end(s, &s->cmd[i]);
}
/* NEST-ORD-11: the guest lets go of memory with no ATC invalidation behind its stage-1 invalidation. */
static void guest_release(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	uint32_t vm = vm_of(s, e);
	struct vmx *x = ord_tab_get(&s->vms, vm, 0);
	uint64_t key[2];

	if (!x || !x->tlb_line || hidden(c) || !ord_knobs_of(c)->np_cache)
		return;
	for (uint32_t i = 0; i < s->t.vdevs.n && i < ATTS; i++) {
		const struct vdev *v = ord_tab_at(&s->t.vdevs, i, key);
		const struct ord_dev *d = v->live && key[0] == vm ? ord_dev(c, v->prid, false) : NULL;

		if (!d || !d->ats)
			continue;
		ord_report(c, ORD_NEST_11, ORD_VIOLATION, e, "the guest's own ATC invalidation behind its IOTLB invalidation",
			   "the guest sent no ATC invalidation behind line %llu: caching mode does not replace it", (unsigned long long)x->tlb_line);
		x->tlb_line = 0;
		return;
	}
}
static void guest_event(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	s->guests = true;
	if (e->has & ORD_HAS(VM))
		s->last_vm = (uint32_t)e->v[ORD_KEY_VM];
	switch (e->op) {
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
	case ORD_CFG_CLR:
	case ORD_CFG_WR:
	case ORD_TLBINV:
	case ORD_ATCINV:
	case ORD_PRSP:
		guest_command(c, s, e);
		break;
	case ORD_CFGINV:
		guest_cfginv(s, e);
		break;
	case ORD_WAIT:
		guest_wait(c, s, e);
		break;
	case ORD_DONE:
		guest_done(c, s, e);
		break;
	case ORD_ITMO:
	case ORD_ICE:
	case ORD_CERR:
		guest_error(c, s, e);
		break;
	case ORD_PAGE_FREE:
	case ORD_PT_FREE:
	case ORD_IOVA_FREE:
		guest_release(c, s, e);
		break;
	default:
		break;
	}
}
static void before(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	struct nest *s = st;

	if (e->guest) {
		guest_event(c, s, e);
		return;
	}
	nest_tag_before(c, &s->t, e);
	switch (e->op) {
	case ORD_TLBINV:
		nest_host_tlbinv(c, s, e);
		break;
	case ORD_ATCINV:
		nest_host_atcinv(c, s, e);
		break;
	case ORD_PRSP:
		nest_host_named(c, s, e);
		break;
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
	case ORD_CFG_CLR:
	case ORD_CFG_WR:
		if (e->kind != ORD_K_VDEV)
			nest_host_config(c, s, e, false);
		break;
	case ORD_CFGINV:
		nest_host_config(c, s, e, true);
		break;
	case ORD_ITMO:
	case ORD_ICE:
		nest_host_timeout(c, s, e);
		break;
	case ORD_CERR:
		nest_host_error(s, e);
		break;
	default:
		break;
	}
}
static void after(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	if (!e->guest)
		nest_tag_after(c, &((struct nest *)st)->t, e);
}
static void refine(struct ord_chk *c, void *st, struct ord_blame *b)
{
	const struct nest *s = st;

	(void)c;
	if (b->d && nest_is_parent(&s->t, b->d) && (b->what == ORD_O_TLB || b->what == ORD_O_ATC || b->what == ORD_O_WALK) && b->origin < ORD_CFG_WR)
		ord_blame_rule(b, ORD_NEST_05, b->what == ORD_O_ATC || b->type == ORD_T_NESTED);
}
/* Without guests' events, or without a nested entry, these rules had nothing to look at. */
static void finish(struct ord_chk *c, void *st)
{
	static const enum ord_rule_id guest[] = { ORD_NEST_01, ORD_NEST_02, ORD_NEST_03, ORD_NEST_07, ORD_NEST_08, ORD_NEST_09, ORD_NEST_11, ORD_NEST_12, ORD_NEST_13 };
	static const enum ord_rule_id nested[] = { ORD_NEST_04, ORD_NEST_05, ORD_NEST_06, ORD_NEST_10, ORD_NEST_14 };
	const struct nest *s = st;

	for (unsigned i = 0; !s->guests && i < ARRAY_LEN(guest); i++)
		ord_exclude(c, guest[i]);
	for (unsigned i = 0; !s->t.nested && i < ARRAY_LEN(nested); i++)
		ord_exclude(c, nested[i]);
}
static void close(struct ord_chk *c, void *st)
{
	struct nest *s = st;

	nest_tag_close(c, &s->t);
	ord_tab_free(c, &s->vms);
	ord_tab_free(c, &s->gwaits);
}
const struct ord_family ord_fam_nest = { .name = "NEST", .state = sizeof(struct nest), .before = before, .after = after, .refine = refine, .finish = finish, .close = close };
