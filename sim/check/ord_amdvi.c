/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_amdvi.c - rules of the ordering checker: family AMD (AMD-Vi). Statements: ord_rules.def. Nothing fires for another architecture.
 * Modelled: COMPLETION_WAIT data, the command ring, growing page tables, DomainID ambiguity, the hardware vIOMMU's map tables and private address
 * space (a page table named ipriv), and the AMD name of an obligation left open at a release. Entries store by store: ord_amdvi_dte.c.
 * Not modelled: AMD-ORD-12 does not check that the new root holds the old one; AMD-ORD-14 (PERF) looks at the first ATTS attachments; AMD-ORD-09
 * compares the latest WAITS waits of a queue. AMD-ORD-11 is told with ATS-ORD-03 and 04 (ord_ats.c).
 */
#include <string.h>
#include "check/ord_amdvi.h"

/* AMD-ORD-13: one (DomainID, PASID) of a unit, one root. */
static uint64_t root_of(const struct ord_att *a)
{
	return a->d ? a->d : a->root; /* a table that grows has another root and is the same one */
}
static bool tagged(const struct ord_att *a)
{
	return a && a->live && a->dom != ORD_NONE && (a->kind == ORD_K_GCR3 || a->kind == ORD_K_DTE) && a->type != ORD_T_BLOCK && root_of(a);
}
static void tag_drop(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	const struct ord_att *a = ord_att_find(c, e->unit, e->kind, e->rid, e->pasid);
	uint64_t key;
	struct tagmap *m;

	if (!tagged(a))
		return;
	key = (uint64_t)a->unit << 32 | a->dom;
	m = ord_tab_get(&s->tags, key, a->kind == ORD_K_GCR3 ? a->pasid : ORD_NONE);
	if (m && m->root == root_of(a) && !--m->users)
		ord_tab_del(&s->tags, key, a->kind == ORD_K_GCR3 ? a->pasid : ORD_NONE);
}
static void tag_take(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	const struct ord_att *a = ord_att_find(c, e->unit, e->kind, e->rid, e->pasid);
	struct tagmap *m;
	uint64_t *line;

	if (!tagged(a))
		return;
	m = ord_tab_put(c, &s->tags, (uint64_t)a->unit << 32 | a->dom, a->kind == ORD_K_GCR3 ? a->pasid : ORD_NONE, sizeof(*m));
	if (!m)
		return;
	if (m->users && m->root != root_of(a)) {
		ord_report(c, ORD_AMD_13, ORD_VIOLATION, e, "a DomainID of its own for each guest table",
			   "DomainID %u (unit %u) names two tables at once under one PASID: their translations alias", a->dom, a->unit);
		line = ord_tab_put(c, &s->clash, a->rid, 0, sizeof(*line));
		if (line)
			*line = e->line;
		return;
	}
	m->root = root_of(a);
	m->users++;
}
static void entry_before(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	if (e->kind == ORD_K_DTE || e->kind == ORD_K_GCR3)
		tag_drop(c, s, e);
	amd_dte_event(c, s, e);
}
static void dma(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	const uint64_t *line = s->clash.n ? ord_tab_get(&s->clash, e->rid, 0) : NULL;

	if (line && (e->flags & ORD_F(HIT))) {
		ord_report(c, ORD_AMD_13, ORD_MANIFEST, e, "a DomainID of its own for each guest table",
			   "the access hits under a DomainID that names two tables (line %llu)", (unsigned long long)*line);
		ord_tab_del(&s->clash, e->rid, 0);
	}
}
/* AMD-ORD-08, 09: the ring. */
static struct ring *ring_of(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	return ord_tab_put(c, &s->rings, ord_queue_id(c, e), 0, sizeof(struct ring));
}
static void ring_event(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	struct ring *r = ring_of(c, s, e);

	if (!r)
		return;
	if (e->op == ORD_RING) {
		r->size = (uint32_t)ord_val(e, ORD_KEY_SIZE, 0);
		r->head = (uint32_t)ord_val(e, ORD_KEY_HEAD, 0);
		r->tail = (uint32_t)ord_val(e, ORD_KEY_TAIL, 0);
		memset(r->w, 0, sizeof(r->w));
	} else if (e->op == ORD_HEAD) {
		r->head = (uint32_t)e->num;
		r->told_full = false;
	} else if (e->op == ORD_TAIL) {
		r->tail = (uint32_t)e->num;
	} else if (e->op == ORD_DROP) {
		ord_report(c, ORD_AMD_08, ORD_VIOLATION, e, "wait for the head to move", "a command was reported as queued and was not");
	} else if (e->flags & ORD_F(PARTIAL)) {
		ord_report(c, ORD_AMD_08, ORD_VIOLATION, e, "all four words of the slot", "slot %llu is not written completely: it holds words of an older command",
			   (unsigned long long)e->num);
	} else if (r->size && (e->num + 1) % r->size == r->head && (r->tail + 1) % r->size == r->head && !r->told_full) {
		ord_report(c, ORD_AMD_08, ORD_VIOLATION, e, "wait for the head to move", "slot %llu is written while the ring is full", (unsigned long long)e->num);
		r->told_full = true;
	}
}
/* Is slot @a ahead of slot @b? Of a ring of unknown size only slots within 64 of each other are compared. */
static int slot_order(const struct ring *r, uint64_t a, uint64_t b)
{
	if (r->size)
		return (a + r->size - b % r->size) % r->size < r->size / 2 ? 1 : -1;
	if (a - b < 64)
		return 1;
	return b - a < 64 ? -1 : 0;
}
static void wait_data(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	uint64_t slot = ord_val(e, ORD_KEY_SLOT, 0), val = ord_val(e, ORD_KEY_VAL, 0), addr = ord_val(e, ORD_KEY_ADDR, 0);
	struct ring *r;

	if (!(e->has & ORD_HAS(SLOT)) || !(e->has & ORD_HAS(VAL)))
		return;
	r = ring_of(c, s, e);
	for (unsigned i = 0; r && i < WAITS; i++) {
		int order = r->w[i].used && r->w[i].addr == addr && r->w[i].slot != slot ? slot_order(r, slot, r->w[i].slot) : 0;

		if (r->w[i].used && r->w[i].done && r->w[i].addr == addr)
			order = 1; /* whatever its slot: the ring may have gone round since */
		if (order && (order > 0) != (val > r->w[i].val)) {
			ord_report(c, ORD_AMD_09, ORD_VIOLATION, e, "data allocated under the lock that gives the slot",
				   "COMPLETION_WAIT of slot %llu stores %llu, that of slot %llu stores %llu: a poll for \"at least mine\" ends early",
				   (unsigned long long)slot, (unsigned long long)val, (unsigned long long)r->w[i].slot, (unsigned long long)r->w[i].val);
			break;
		}
	}
	if (!r)
		return;
	r->w[r->next].slot = slot;
	r->w[r->next].val = val;
	r->w[r->next].addr = addr;
	r->w[r->next].name = e->w;
	r->w[r->next].done = false;
	r->w[r->next].used = true;
	r->next = (r->next + 1) % WAITS;
}
static void wait_done(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	struct ring *r = ring_of(c, s, e);

	for (unsigned i = 0; r && i < WAITS; i++)
		r->w[i].done |= r->w[i].name == e->w;
}
/* AMD-ORD-12: root and mode. */
static void top(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	bool root = e->has & ORD_HAS(ROOT), mode = e->has & ORD_HAS(MODE);
	struct top *t;

	if (root == mode) {
		ord_tab_del(&s->tops, e->d, 0);
		return;
	}
	t = ord_tab_put(c, &s->tops, e->d, 0, sizeof(*t));
	if (!t)
		return;
	t->root |= root;
	t->mode |= mode;
	t->line = e->line;
	if (t->root && t->mode)
		ord_tab_del(&s->tops, e->d, 0);
}
static void top_read(struct ord_chk *c, struct amd *s, const struct ord_ev *e, uint32_t d)
{
	const struct top *t = s->tops.n && d ? ord_tab_get(&s->tops, d, 0) : NULL;

	if (t)
		ord_report(c, ORD_AMD_12, ORD_VIOLATION, e, "root and mode in one store",
			   t->mode ? "the new mode (line %llu) is read with the old root" : "the new root (line %llu) is read with the old mode", (unsigned long long)t->line);
}
/* AMD-ORD-15: the hardware vIOMMU. */
static uint32_t vm_name(const struct ord_ev *e)
{
	return e->have & ORD_P_NAME ? e->name : (uint32_t)ord_val(e, ORD_KEY_VM, 0);
}
static void viommu(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	struct vm *v = ord_tab_put(c, &s->vms, vm_name(e), 0, sizeof(*v));
	bool on = e->flags & ORD_F(ON);

	if (!v || !(e->flags & (ORD_F(ON) | ORD_F(OFF))))
		return;
	if (on != v->on) {
		s->on += on ? 1 : (uint32_t)-1;
		v->on = on;
		v->line = e->line;
	}
	if (!on)
		s->off_seq = ord_seq(c);
}
static void ipriv_unmap(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	if (!s->ipriv || e->d != s->ipriv)
		return;
	if (s->on)
		ord_report(c, ORD_AMD_15, ORD_VIOLATION, e, "guest function off, the unit's own DeviceID invalidated, COMPLETION_WAIT, then unmap",
			   "a page of the private address space is unmapped while a vIOMMU runs");
	else if (s->off_seq && !ord_done_since(c, (uint32_t)e->unit << 16, s->off_seq))
		ord_report(c, ORD_AMD_15, ORD_VIOLATION, e, "guest function off, the unit's own DeviceID invalidated, COMPLETION_WAIT, then unmap",
			   "a page of the private address space is unmapped with no completed wait after the vIOMMU was turned off");
}
static void map_clear(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	const struct vm *v;

	if (e->kind != ORD_K_DOMMAP && e->kind != ORD_K_DEVMAP)
		return;
	v = e->has & ORD_HAS(VM) ? ord_tab_get(&s->vms, e->v[ORD_KEY_VM], 0) : NULL;
	if (!v && (e->rid >> 31))
		v = ord_tab_get(&s->vms, e->rid & INT32_MAX, 0);
	if (v ? v->on : s->on != 0)
		ord_report(c, ORD_AMD_15, ORD_VIOLATION, e, "guest queue stopped, host identifiers flushed, then clear", "a map entry is cleared while the vIOMMU that uses it runs");
}
/* AMD-ORD-14 with amd.gn0_drops_nested: a host-table flush does the work of a guest-table one. */
static void flush_form(struct ord_chk *c, const struct ord_ev *e)
{
	uint32_t dom = (uint32_t)ord_val(e, ORD_KEY_DOMID, ORD_NONE);
	bool other = false, hit = false;
	size_t i = 0;

	if (!ord_knobs_of(c)->amd_gn0_drops_nested || ord_val(e, ORD_KEY_GN, 1) || dom == ORD_NONE || (e->has & ORD_HAS(PASID)))
		return;
	for (struct ord_att *a; i < ATTS && (a = ord_att_each(c, &i));) {
		if (a->unit != e->unit || a->dom != dom)
			continue;
		if (a->kind != ORD_K_GCR3 && (a->type == ORD_T_S2 || !a->live))
			other = true;
		else if (a->d && ord_open_tlb(c, a->d))
			hit = true;
		if (a->parent && ord_open_tlb(c, a->parent))
			other = true;
	}
	if (hit && !other)
		ord_report(c, ORD_AMD_14, ORD_PERF, e, "GN=1 with the PASID", "a flush of the whole DomainID (GN=0) for a change in a guest table");
}
static void is_alias(struct ord_chk *c, struct amd *s, const struct ord_ev *e)
{
	uint8_t *mark = ord_tab_put(c, &s->aliases, e->v[ORD_KEY_ALIAS], 0, sizeof(*mark));

	(void)mark;
}
static void before(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	struct amd *s = st;

	if (ord_arch_of(c) != ORD_AMDVI || e->guest)
		return;
	switch (e->op) {
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
		if (e->kind == ORD_K_IRTE && e->op == ORD_CFG_MOD)
			amd_irte_change(c, s, e);
		top_read(c, s, e, (uint32_t)ord_val(e, ORD_KEY_DOM, 0));
		entry_before(c, s, e);
		break;
	case ORD_CFG_CLR:
		if (e->kind == ORD_K_IRTE)
			amd_irte_change(c, s, e);
		map_clear(c, s, e);
		entry_before(c, s, e);
		break;
	case ORD_CFG_WR:
		entry_before(c, s, e);
		break;
	case ORD_CFGINV:
		amd_dte_invalidate(c, s, e);
		if (e->kind == ORD_K_IRTE)
			amd_irte_invalidate(c, s, e);
		break;
	case ORD_ID_ALLOC:
		amd_vector_reuse(c, s, e);
		break;
	case ORD_DEV_CFG:
		if (e->has & ORD_HAS(ALIAS))
			is_alias(c, s, e);
		break;
	case ORD_PTE_CLR:
		ipriv_unmap(c, s, e);
		break;
	case ORD_PTE_SET:
		if (!s->ipriv && !strcmp(ord_name_text(ord_names(c), e->d), "ipriv"))
			s->ipriv = e->d;
		break;
	case ORD_TLBINV:
		flush_form(c, e);
		break;
	case ORD_RING:
	case ORD_SLOT:
	case ORD_HEAD:
	case ORD_TAIL:
	case ORD_DROP:
		ring_event(c, s, e);
		break;
	case ORD_WAIT:
		wait_data(c, s, e);
		break;
	case ORD_DONE:
		wait_done(c, s, e);
		break;
	case ORD_PT_TOP:
		top(c, s, e);
		break;
	case ORD_PT_READ:
		top_read(c, s, e, e->d);
		break;
	case ORD_VIOMMU:
		viommu(c, s, e);
		break;
	case ORD_DMA:
		dma(c, s, e);
		break;
	default:
		break;
	}
}
static void after(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	if (ord_arch_of(c) == ORD_AMDVI && !e->guest && (e->op == ORD_CFG_SET || e->op == ORD_CFG_MOD || e->op == ORD_CFG_WR) &&
	    (e->kind == ORD_K_DTE || e->kind == ORD_K_GCR3))
		tag_take(c, st, e);
}
static bool is_cfg(uint8_t op)
{
	return op == ORD_CFG_SET || op == ORD_CFG_MOD || op == ORD_CFG_CLR || op == ORD_CFG_WR;
}
static void refine(struct ord_chk *c, void *st, struct ord_blame *b)
{
	bool wait = b->why == ORD_WHY_NO_WAIT || b->why == ORD_WHY_NOT_DONE || b->why == ORD_WHY_OTHER_QUEUE;
	const struct amd *s = st;

	if (ord_arch_of(c) != ORD_AMDVI)
		return;
	if (b->origin == ORD_PTE_SET && b->ev->op == ORD_DMA) {
		ord_blame_rule(b, ORD_AMD_07, true);
		return;
	}
	if (is_cfg(b->origin)) {
		bool gcr3 = b->kind == ORD_K_GCR3 || (b->kind != ORD_K_DTE && b->sub != ORD_NONE);

		ord_blame_rule(b, b->kind == ORD_K_IRTE ? ORD_AMD_16 : gcr3 ? ORD_AMD_03 : ORD_AMD_02, true);
		if (s->stale_aliases)
			ord_blame_rule(b, ORD_AMD_10, true);
	} else if (b->what == ORD_O_TLB || b->what == ORD_O_ATC || b->what == ORD_O_WALK) {
		ord_blame_rule(b, ORD_AMD_04, wait);
	}
	if (b->why == ORD_WHY_LEAF)
		ord_blame_rule(b, ORD_AMD_05, true);
	if (b->why == ORD_WHY_RANGE && b->what != ORD_O_ATC)
		ord_blame_rule(b, ORD_AMD_06, true);
	if (wait && !is_cfg(b->origin))
		ord_blame_rule(b, ORD_AMD_17, b->why != ORD_WHY_NO_WAIT);
	if ((b->why == ORD_WHY_FORM || b->why == ORD_WHY_TAG) && b->sub != ORD_NONE)
		ord_blame_rule(b, ORD_AMD_14, b->why == ORD_WHY_FORM);
}
static void close(struct ord_chk *c, void *st)
{
	struct amd *s = st;

	ord_tab_free(c, &s->dtes);
	ord_tab_free(c, &s->rings);
	ord_tab_free(c, &s->tops);
	ord_tab_free(c, &s->tags);
	ord_tab_free(c, &s->vms);
	ord_tab_free(c, &s->clash);
	ord_tab_free(c, &s->aliases);
	ord_tab_free(c, &s->irtes);
	ord_tab_free(c, &s->invs);
}
const struct ord_family ord_fam_amd = { .name = "AMD", .state = sizeof(struct amd), .before = before, .after = after, .refine = refine, .close = close };
