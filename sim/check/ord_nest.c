/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_nest.c - rules of the ordering checker: family NEST (nesting, virtual IOMMUs, user-managed tables). Statements: ord_rules.def.
 * Modelled: each command of a guest from its issue to the end of the guest's wait: what the host made of it, under which tag and requester, in which
 * order, and whether that had completed. Tags, virtual devices and hardware queues: ord_nest_tag.c.
 * Not modelled: units above 63; a timeout that names no requester is not followed to
 * the guests. The latest PENDING guest commands and the latest ATCS host ATC invalidations are kept; of attachments the first ATTS are looked at.
 */
#include "check/ord_nest.h"

enum { PENDING = 256, ATCS = 64, ATTS = 256 };

struct cmd { /* a guest's command that its wait has not covered yet */
	uint64_t line, seq, lo, last, lo0, last0, no; /* lo, last: not covered yet; lo0, last0: as issued */
	uint64_t fwd_seq;
	uint32_t vm, rid, pasid, sub, dom, fwd_q;
	uint64_t units; /* that got the forwarded command */
	uint8_t op, kind, unit, dom_key;
	bool used, illegal, failed, carried, invalidated, covered, tlb; /* invalidated: the guest has sent its CFGINV; covered: the host has done it */
};
struct atc { uint64_t seq, lo, last; uint32_t rid, pasid; };
struct vmx { uint64_t fwd_no, tlb_line; uint32_t unreported; }; /* key: VM. Highest number forwarded; stage-1 invalidation without ATC invalidation behind it */
struct gwait { uint64_t no; uint32_t vm; }; /* key: name */
struct nest {
	struct nest_tags t;
	struct ord_tab vms, gwaits;
	struct cmd cmd[PENDING];
	struct atc atc[ATCS];
	uint64_t no;
	unsigned n_cmd, next_atc;
	uint32_t last_vm;
	bool guests; /* the trace has events of a guest */
};
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
static struct vmx *vmx_of(struct ord_chk *c, struct nest *s, uint32_t vm)
{
	return ord_tab_put(c, &s->vms, vm, 0, sizeof(struct vmx));
}
static void cmd_end(struct nest *s, struct cmd *m)
{
	s->n_cmd -= m->used;
	m->used = false;
}
static void range_of(const struct ord_ev *e, uint64_t *lo, uint64_t *last)
{
	*lo = e->have & ORD_P_RANGE ? e->lo : 0;
	*last = e->have & ORD_P_RANGE ? e->last : UINT64_MAX;
}
/* ---- what guests issue ---- */
static bool is_cfg(uint8_t op)
{
	return op == ORD_CFG_SET || op == ORD_CFG_MOD || op == ORD_CFG_CLR || op == ORD_CFG_WR;
}
static void guest_command(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	uint32_t vm = vm_of(s, e);
	struct cmd *m = &s->cmd[s->no % PENDING];
	struct vmx *v = vmx_of(c, s, vm);

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
/* ---- what the host makes of it ---- */
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
static void host_tlbinv(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
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
static void host_named(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
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
	if (open && e->fwd && s->t.vdevs.n) {
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
static void host_config(struct ord_chk *c, struct nest *s, const struct ord_ev *e, bool inv)
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
static void host_atcinv(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
{
	struct atc *a = &s->atc[s->next_atc++ % ATCS];
	struct phys *p = ord_tab_get(&s->t.phys, e->rid, 0);

	*a = (struct atc){ .seq = ord_seq(c), .rid = e->rid, .pasid = e->pasid };
	range_of(e, &a->lo, &a->last);
	if (p) {
		p->inv_seq = ord_seq(c);
		p->inv_q = ord_queue_id(c, e);
	}
	host_named(c, s, e);
}
static void host_timeout(struct ord_chk *c, struct nest *s, const struct ord_ev *e)
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
static void host_error(struct nest *s, const struct ord_ev *e)
{
	struct cmd *last = NULL;

	(void)e;
	for (unsigned i = 0; s->n_cmd && i < PENDING; i++)
		if (s->cmd[i].used && s->cmd[i].covered && (!last || s->cmd[i].fwd_seq > last->fwd_seq))
			last = &s->cmd[i];
	if (last)
		last->failed = true;
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
		host_tlbinv(c, s, e);
		break;
	case ORD_ATCINV:
		host_atcinv(c, s, e);
		break;
	case ORD_PRSP:
		host_named(c, s, e);
		break;
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
	case ORD_CFG_CLR:
	case ORD_CFG_WR:
		if (e->kind != ORD_K_VDEV)
			host_config(c, s, e, false);
		break;
	case ORD_CFGINV:
		host_config(c, s, e, true);
		break;
	case ORD_ITMO:
	case ORD_ICE:
		host_timeout(c, s, e);
		break;
	case ORD_CERR:
		host_error(s, e);
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
