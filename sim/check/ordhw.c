/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw.c - records of a hardware-level trace into ordering events: leaves and tables as lifting finds them, the ring, completions, DMAs,
 * devices; what was released, from reuse. Scope and assumptions: ordhw.h.
 */
#include "check/ordhw_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"
#include "core/iommu.h"

static const struct ordhw_arch *const archs[] = { &ordhw_vtd, &ordhw_smmuv3, &ordhw_amdvi };

void ordhw_fail(struct ordhw *h, int code, const char *what)
{
	if (!h->failed && what)
		err_set(h->e, code, "record %llu: %s", (unsigned long long)h->line, what);
	h->failed = true;
}
bool ordhw_grow(struct ordhw *h, void *arr, size_t n, size_t *cap, size_t elem)
{
	void **p = arr, *q;
	size_t to = *cap ? *cap * 2 : 64;

	if (n < *cap)
		return true;
	q = reallocarray(*p, to, elem);
	if (!q) {
		ordhw_fail(h, ERR_MACHINE, "out of memory");
		return false;
	}
	*p = q;
	*cap = to;
	return true;
}

/* ---- events ---- */

void ordhw_new(struct ordhw *h, struct ord_ev *e, enum ord_op op)
{
	memset(e, 0, offsetof(struct ord_ev, v));
	e->line = h->line;
	e->at = h->at;
	e->op = (uint8_t)op;
	e->rid = e->pasid = ORD_NONE;
}
static void out(struct ordhw *h, const struct ord_ev *e)
{
	if (h->failed)
		return;
	h->sum.events++;
	if (!h->o.event(h->o.ctx, e))
		ordhw_fail(h, ERR_MACHINE, NULL);
}
static void end_run(struct ordhw *h)
{
	if (h->run.op != ORD_OPS_N)
		out(h, &h->run);
	h->run.op = ORD_OPS_N;
}
void ordhw_emit(struct ordhw *h, const struct ord_ev *e)
{
	end_run(h);
	out(h, e);
}
void ordhw_rid(struct ord_ev *e, uint32_t rid, uint32_t pasid)
{
	e->rid = rid;
	e->pasid = pasid;
	e->have |= ORD_P_RID;
}
void ordhw_range(struct ord_ev *e, uint64_t first, uint64_t last)
{
	e->lo = first;
	e->last = last;
	e->have |= ORD_P_RANGE;
	if (!first && last == UINT64_MAX)
		e->flags |= ORD_F(ALL);
}
void ordhw_pages(struct ord_ev *e, uint64_t addr, unsigned lg2)
{
	uint64_t mask = low_mask(lg2);

	ordhw_range(e, addr & ~mask, addr | mask);
}
void ordhw_ats_range(struct ord_ev *e, uint64_t addr, bool s, unsigned all)
{
	unsigned ones = s ? (unsigned)__builtin_ctzll(~(addr >> 12)) : 0;

	addr &= ~UINT64_C(0xfff);
	ordhw_pages(e, addr, !s ? 12 : ones >= all ? 64 : 13 + ones);
}
uint32_t ordhw_name(struct ordhw *h, const char *s)
{
	uint32_t id = ord_name(h->names, s, strlen(s));

	if (!id)
		ordhw_fail(h, ERR_MACHINE, "out of memory");
	return id;
}
uint32_t ordhw_table(struct ordhw *h, uint64_t root)
{
	char name[32];

	for (size_t i = 0; i < h->n_top; i++)
		if (h->top[i].root == root)
			return h->top[i].name;
	snprintf(name, sizeof(name), "pt-%llx", (unsigned long long)root);
	return ordhw_name(h, name);
}
static void of_table(struct ordhw *h, struct ord_ev *e, struct lift_dom *d)
{
	if (!d->tapped)
		d->tapped = ordhw_table(h, d->t.root);
	e->d = d->tapped;
	e->have |= ORD_P_DOM;
}

/* ---- leaves and tables ---- */

/* Leaves that continue the run go into it. A page table of several domains tells everything as often. */
static void leaf_event(struct ordhw *h, const struct ord_ev *e)
{
	struct ord_ev *r = &h->run;

	if (r->op == e->op && r->d == e->d && r->op != ORD_PTE_MOD && r->perm == e->perm) {
		if (e->lo >= r->lo && e->last <= r->last && r->line == e->line)
			return;
		if (r->last + 1 == e->lo && e->lo && (e->op == ORD_PTE_CLR || r->pa + r->pa_len == e->pa)) {
			r->last = e->last;
			r->pa_len += e->pa_len;
			return;
		}
	}
	end_run(h);
	*r = *e;
}
static void leaf(void *who, struct lift_dom *d, uint64_t iova, uint64_t size, const struct lift_ent *a, const struct lift_ent *b, bool whole)
{
	struct ordhw *h = who;
	struct ord_ev e;

	if (whole || !h->begun)
		return;
	ordhw_new(h, &e, a->present ? b->present ? ORD_PTE_MOD : ORD_PTE_CLR : ORD_PTE_SET);
	of_table(h, &e, d);
	ordhw_range(&e, iova, iova + size - 1);
	if (b->present) {
		e.perm = b->perm;
		ord_put(&e, ORD_KEY_PERM, b->perm);
	}
	if (e.op == ORD_PTE_SET) {
		e.pa = b->pa + (b->lg2 ? iova & low_mask(b->lg2) : 0);
		e.pa_len = size;
		e.have |= ORD_P_PAGE;
	} else if (e.op == ORD_PTE_MOD && a->pa != b->pa) {
		ord_put(&e, ORD_KEY_PA, b->pa);
	}
	leaf_event(h, &e);
}
static struct ordhw_page *gone_find(const struct ordhw *h, uint64_t page)
{
	for (size_t i = (page >> 12) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & (h->cap_gone - 1); h->cap_gone && h->gone[i].page; i = (i + 1) & (h->cap_gone - 1))
		if (h->gone[i].page == page)
			return &h->gone[i];
	return NULL;
}
static void gone_put(struct ordhw *h, struct ordhw_page g)
{
	uint64_t page = g.page;
	size_t i = (page >> 12) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & (h->cap_gone - 1);

	while (h->gone[i].page > 1)
		i = (i + 1) & (h->cap_gone - 1);
	h->n_gone += !h->gone[i].page;
	h->gone[i] = g;
}
/* Open addressing: rebuilt when half full, without what was deleted. */
void ordhw_gone(struct ordhw *h, uint64_t page, uint32_t d, bool whole)
{
	struct ordhw_page *g;

	page &= ~UINT64_C(0xfff);
	if (2 * (h->n_gone + 1) > h->cap_gone) {
		struct ordhw_page *old = h->gone;
		size_t cap = h->cap_gone, live = 0;

		for (size_t i = 0; i < cap; i++)
			live += old[i].page > 1;
		h->cap_gone = cap ? 4 * live > cap ? 2 * cap : cap : 256;
		h->gone = calloc(h->cap_gone, sizeof(*old));
		h->n_gone = 0;
		if (!h->gone) {
			h->gone = old;
			h->cap_gone = cap;
			ordhw_fail(h, ERR_MACHINE, "out of memory");
			return;
		}
		for (size_t i = 0; i < cap; i++)
			if (old[i].page > 1)
				gone_put(h, old[i]);
		free(old);
	}
	g = gone_find(h, page);
	if (!g)
		gone_put(h, (struct ordhw_page){ page, d, whole });
}
/* It was freed before. */
static void freed(struct ordhw *h, struct ordhw_page *p)
{
	struct ord_ev e;

	ordhw_new(h, &e, ORD_PT_FREE);
	e.pa = p->page;
	e.pa_len = 4096;
	e.have |= ORD_P_PAGE;
	for (size_t i = 0; i < h->n_top; i++)
		if (h->top[i].root == p->page)
			h->top[i--] = h->top[--h->n_top];
	p->page = 1;
	h->sum.pt_free++;
	ordhw_emit(h, &e);
}
void ordhw_used(struct ordhw *h, uint64_t page, uint32_t d)
{
	struct ordhw_page *p = h->n_gone ? gone_find(h, page & ~UINT64_C(0xfff)) : NULL;

	if (p && p->whole && p->d == d)
		p->page = 1; /* its page table is attached again */
	else if (p)
		freed(h, p);
}
static void table(void *who, struct lift_dom *d, bool on, unsigned level, uint64_t iova, uint64_t size, uint64_t pa, bool whole)
{
	struct ordhw *h = who;
	struct ord_ev e;

	if (!h->begun)
		return;
	ordhw_new(h, &e, on ? ORD_PT_LINK : ORD_PT_UNLINK);
	of_table(h, &e, d);
	if (on)
		ordhw_used(h, pa, e.d);
	else
		ordhw_gone(h, pa, e.d, whole);
	if (whole)
		return;
	e.lvl = (uint8_t)(level - 1);
	e.addr = iova;
	e.pa = pa & ~UINT64_C(0xfff);
	e.have |= ORD_P_ADDR | ORD_P_PAGE;
	ordhw_range(&e, iova, iova + size - 1);
	ordhw_emit(h, &e);
}

/* ---- the ring ---- */

static void stored(void *who, uint64_t pa, uint64_t old, uint64_t val)
{
	struct ordhw *h = who;
	struct ordhw_page *p;
	struct ord_ev e;
	uint32_t slot;

	if (!h->begun)
		return;
	if (pa - h->ring < h->ring_bytes) {
		slot = (uint32_t)((pa - h->ring) >> h->slot_lg2);
		if (slot == h->last_slot)
			return;
		ordhw_new(h, &e, ORD_SLOT);
		e.num = h->last_slot = slot;
		e.have |= ORD_P_QUEUE | ORD_P_NUM;
		ordhw_emit(h, &e);
		return;
	}
	/* a page table that nothing uses may be stored to by its owner */
	p = h->n_gone && old != val ? gone_find(h, pa & ~UINT64_C(0xfff)) : NULL;
	if (p && !p->whole)
		freed(h, p);
}
static void pointer(struct ordhw *h, enum ord_op op, uint64_t slot)
{
	struct ord_ev e;

	ordhw_new(h, &e, op);
	e.num = slot;
	e.have |= ORD_P_QUEUE | ORD_P_NUM;
	ordhw_emit(h, &e);
}
static void command(void *who, unsigned slot, const uint64_t *w, unsigned n)
{
	struct ordhw *h = who;
	struct ord_ev e;

	h->slot = slot;
	h->sum.commands++;
	h->arch->command(h, w, n, &e);
	h->slot = TRC_NO_SLOT;
}
void ordhw_wait(struct ordhw *h, struct ord_ev *e)
{
	uint32_t s = h->slot == TRC_NO_SLOT ? 0 : h->slot % ORDHW_WAITS;
	char name[16];

	if (!h->wait_name[s]) {
		snprintf(name, sizeof(name), "w%u", s);
		h->wait_name[s] = ordhw_name(h, name);
	}
	e->w = h->wait_name[s];
	e->have |= ORD_P_WAIT;
	if (h->slot != TRC_NO_SLOT)
		ord_put(e, ORD_KEY_SLOT, h->slot);
	ordhw_emit(h, e);
	if (h->n_open < ORDHW_WAITS)
		h->open[h->n_open++] = s;
}
/* The first @n open waits have completed. */
static void complete(struct ordhw *h, uint32_t n)
{
	struct ord_ev e;

	for (uint32_t i = 0; i < n; i++) {
		ordhw_new(h, &e, ORD_DONE);
		e.w = h->wait_name[h->open[i]];
		e.have |= ORD_P_WAIT;
		ordhw_emit(h, &e);
	}
	memmove(h->open, h->open + n, (h->n_open - n) * sizeof(*h->open));
	h->n_open -= n;
}
bool ordhw_done(struct ordhw *h, uint32_t slot)
{
	for (uint32_t i = 0; i < h->n_open; i++)
		if (h->open[i] == slot % ORDHW_WAITS) {
			complete(h, i + 1);
			break;
		}
	return !h->failed;
}
void ordhw_te(struct ordhw *h, bool on)
{
	struct ord_ev e;

	if (on == h->te)
		return;
	h->te = on;
	if (!h->begun)
		return;
	ordhw_new(h, &e, ORD_TE);
	e.flags = on ? ORD_F(ON) : ORD_F(OFF);
	ordhw_emit(h, &e);
}
static void mmio(struct ordhw *h, const struct trc_rec *r)
{
	bool tail = r->u.mmio.off == h->arch->tail;
	uint64_t slot = r->u.mmio.val >> (h->arch->by_slot ? 0 : h->slot_lg2);
	uint64_t slots = h->ring_bytes ? h->ring_bytes >> h->slot_lg2 : 0;

	h->arch->reg(h, r->u.mmio.off, r->u.mmio.bytes, r->u.mmio.val, false);
	if (!lift_take(h->l, r)) /* calls command() for each */
		h->failed = true;
	slot = slots ? slot & (slots - 1) : slot;
	if (tail) {
		pointer(h, ORD_TAIL, slot);
		h->last_slot = TRC_NO_SLOT;
	}
	if (tail && !h->explicit_done) {
		pointer(h, ORD_HEAD, slot);
		complete(h, h->n_open);
	}
}

/* ---- DMAs, devices, raw commands ---- */

static void dma(struct ordhw *h, const struct trc_rec *r)
{
	struct ord_ev e;

	if (!h->te || (r->u.dma.at == XL_TRANSLATION_REQ && r->u.dma.expect != TRC_EXP_OK))
		return;
	ordhw_new(h, &e, r->u.dma.at == XL_TRANSLATION_REQ ? ORD_FILL : ORD_DMA);
	e.cache = ORD_C_ATC; /* of a fill */
	ordhw_rid(&e, r->u.dma.rid, r->u.dma.pasid == TRC_NO_PASID ? ORD_NONE : r->u.dma.pasid);
	e.addr = r->u.dma.iova;
	e.have |= ORD_P_ADDR;
	ordhw_range(&e, e.addr, e.addr + (r->u.dma.len ? r->u.dma.len - 1 : 0));
	if (r->u.dma.dir == 'r' || r->u.dma.dir == 'w')
		e.flags |= r->u.dma.dir == 'r' ? ORD_F(READ) : ORD_F(WRITE);
	if (r->u.dma.expect == TRC_EXP_FAULT)
		e.flags |= ORD_F(FAULT);
	if (r->u.dma.expect == TRC_EXP_OK) {
		e.pa = r->u.dma.pa;
		e.have |= ORD_P_PAGE;
	}
	if (r->u.dma.at == XL_TRANSLATED)
		ord_put(&e, ORD_KEY_AT, ordhw_name(h, "T"));
	ordhw_emit(h, &e);
}
static void device(struct ordhw *h, const struct trc_rec *r)
{
	static const struct { int8_t op; uint8_t key, v; } ev[TRC_DEV_EVENTS] = {
		[TRC_DEV_ATS_ON] = { ORD_DEV_CFG, ORD_KEY_DEV_ATS, 1 }, [TRC_DEV_ATS_OFF] = { ORD_DEV_CFG, ORD_KEY_DEV_ATS, 0 },
		[TRC_DEV_PRI_ON] = { ORD_DEV_CFG, ORD_KEY_DEV_PRI, 1 }, [TRC_DEV_PRI_OFF] = { ORD_DEV_CFG, ORD_KEY_DEV_PRI, 0 },
		[TRC_DEV_RESET] = { ORD_DEV_RST, 0, 0 }, [TRC_DEV_REMOVED] = { ORD_DEV_GONE, 0, 0 },
	};
	struct ord_ev e;

	if (!ev[r->u.dev.event].op)
		return; /* ways to answer badly: what the rules look at is what software sees of it */
	ordhw_new(h, &e, (enum ord_op)ev[r->u.dev.event].op);
	ordhw_rid(&e, r->u.dev.rid, ORD_NONE);
	if (e.op == ORD_DEV_CFG)
		ord_put(&e, (enum ord_key)ev[r->u.dev.event].key, ev[r->u.dev.event].v);
	if (e.op == ORD_DEV_RST) {
		e.flags = ORD_F(BEG);
		ordhw_emit(h, &e);
		e.flags = ORD_F(END);
	}
	ordhw_emit(h, &e);
}
static void raw_command(struct ordhw *h, const struct trc_rec *r)
{
	struct ord_ev e;

	h->slot = r->u.cmd.slot;
	h->sum.commands++;
	h->arch->command(h, r->u.cmd.w, r->u.cmd.n, &e);
	h->slot = TRC_NO_SLOT;
}

/* What the source knows better: write-backs, barriers, releases, software's lists. */
static void neutral(struct ordhw *h, const struct trc_rec *r)
{
	const char *end, *bad;
	struct ord_ev e;

	bad = ord_parse(r->u.text, &end, &e, h->names);
	if (bad) {
		ordhw_fail(h, ERR_INPUT, bad);
		return;
	}
	e.line = h->line;
	e.at = h->at;
	ordhw_emit(h, &e);
}

/* ---- the whole ---- */

static bool choose(struct ordhw *h, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (!strcmp(name, archs[i]->name))
			h->arch = archs[i];
	return h->arch != NULL;
}
/* The first record that is neither comment nor initial state. */
static void begin(struct ordhw *h)
{
	struct ord_ev e;

	h->names = h->o.begin(h->o.ctx, h->arch->arch);
	if (!h->names) {
		ordhw_fail(h, ERR_MACHINE, NULL);
		return;
	}
	h->begun = true;
	if (!lift_settle(h->l))
		h->failed = true;
	h->settled = true;
	if (h->te) {
		h->te = false;
		ordhw_te(h, true);
	}
	if (!h->ring_bytes)
		return;
	ordhw_new(h, &e, ORD_RING);
	e.have |= ORD_P_QUEUE;
	ord_put(&e, ORD_KEY_SIZE, h->ring_bytes >> h->slot_lg2);
	ordhw_emit(h, &e);
}
static void event(struct ordhw *h, const struct trc_rec *r)
{
	switch ((enum trc_kind)r->kind) {
	case TRC_MMIO_WRITE:
		mmio(h, r);
		return;
	case TRC_STORE:
	case TRC_PAGE:
	case TRC_DMA:
	case TRC_DEVICE:
		if (!lift_take(h->l, r))
			h->failed = true;
		if (r->kind == TRC_DMA)
			dma(h, r);
		if (r->kind == TRC_DEVICE)
			device(h, r);
		return;
	case TRC_COMMAND:
	case TRC_ORDER:
		if (!lift_settle(h->l))
			h->failed = true;
		if (r->kind == TRC_COMMAND)
			raw_command(h, r);
		else
			neutral(h, r);
		return;
	default:
		return;
	}
}
bool ordhw_take(struct ordhw *h, const struct trc_rec *r)
{
	bool state = r->kind == TRC_PAGE || r->kind == TRC_REGSTATE;

	if (h->failed || r->kind == TRC_COMMENT)
		return !h->failed;
	h->line = r->line;
	h->at = r->at;
	h->sum.records++;
	if (!h->begun && state) {
		if (!lift_take(h->l, r))
			h->failed = true;
		if (r->kind == TRC_REGSTATE && lift_arch_name(h->l) && choose(h, lift_arch_name(h->l)))
			h->arch->reg(h, r->u.reg.off, r->u.reg.bytes, r->u.reg.val, true);
		return !h->failed;
	}
	if (!h->arch)
		h->arch = &ordhw_vtd;
	if (!h->begun)
		begin(h);
	/* the content of a page just linked may come between */
	if (h->half.on && r->kind != TRC_PAGE && (r->kind != TRC_STORE || (r->u.store.pa & ~UINT64_C(7)) != h->half.pa + 8))
		ordhw_half_end(h);
	if (!h->failed)
		event(h, r);
	return !h->failed;
}
bool ordhw_finish(struct ordhw *h)
{
	if (!h->failed && h->begun && !lift_settle(h->l))
		h->failed = true;
	if (h->half.on)
		ordhw_half_end(h);
	end_run(h);
	return !h->failed;
}
struct ordhw *ordhw_open(const char *arch, bool explicit_done, const struct ordhw_ops *o, struct err *e)
{
	struct ordhw *h = calloc(1, sizeof(*h));

	if (!h) {
		err_set(e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	h->o = *o;
	h->e = e;
	h->explicit_done = explicit_done;
	h->run.op = ORD_OPS_N;
	h->slot = h->last_slot = TRC_NO_SLOT;
	h->tap = (struct lift_tap){ h, leaf, table, ordhw_attach, ordhw_upper, stored, command };
	h->l = lift_open(&h->tap, arch, e);
	if (h->l && (!arch || choose(h, arch)))
		return h;
	ordhw_close(h);
	return NULL;
}
void ordhw_knobs(const struct ordhw *h, struct ord_knobs *k)
{
	k->coherent_walk = k->coherent_queue = true; /* write-backs are not in the trace */
	h->arch->knobs(h, k);
}
const char *ordhw_undecidable(const struct ordhw *h, size_t i, enum ord_rule_id *r)
{
	static const struct { enum ord_rule_id r; const char *why; } list[] = {
		{ ORD_GEN_02, "write-backs and barriers are not in the trace: walks are taken to be coherent" },
		{ ORD_GEN_10, "the content of a table page is known from the moment it is linked" },
		{ ORD_GEN_20, "accessed and dirty bits are not looked at" },
		{ ORD_VTD_06, "write-backs and barriers are not in the trace: walks are taken to be coherent" },
		{ ORD_SMM_20, "write-backs and barriers are not in the trace: walks are taken to be coherent" },
		{ ORD_AMD_01, "whether 16 bytes were stored at once is not in the trace: two stores in succession are taken for one" },
	};
	if (i >= ARRAY_LEN(list))
		return NULL;
	*r = list[i].r;
	(void)h;
	return list[i].why;
}
const struct ordhw_sum *ordhw_sum(const struct ordhw *h)
{
	return &h->sum;
}
void ordhw_close(struct ordhw *h)
{
	if (!h)
		return;
	lift_close(h->l);
	free(h->gone);
	free(h->known);
	free(h->tag);
	free(h->top);
	free(h);
}
