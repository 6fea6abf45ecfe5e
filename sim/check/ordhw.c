/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw.c - records of a hardware-level trace into ordering events: the ring and completions, DMAs, devices; everything else through
 * lifting.
 * Scope and assumptions: ordhw.h.
 */
#include "check/ordhw_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"
#include "core/iommu.h"

static const struct ordhw_arch *const archs[] = { &ordhw_vtd, &ordhw_smmuv3, &ordhw_amdvi };

/* ---- the ring ---- */

static void stored(void *who, uint64_t pa, uint64_t old, uint64_t val)
{
	struct ordhw *h = who;
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
	if (old != val)
		ordhw_stored(h, pa);
}
void ordhw_pointer(struct ordhw *h, enum ord_op op, uint64_t slot)
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
/* Waits are told apart by unit and slot. */
static uint32_t wait_no(const struct ordhw *h, uint32_t slot)
{
	return ORD_WAIT_NO(h->unit * (unsigned)ORDHW_WAITS + slot);
}

void ordhw_wait(struct ordhw *h, struct ord_ev *e)
{
	uint32_t s = h->slot == TRC_NO_SLOT ? 0 : h->slot % ORDHW_WAITS;

	e->w = wait_no(h, s);
	e->have |= ORD_P_WAIT;
	ordhw_emit(h, e);
	if (h->n_open < ORDHW_WAITS)
		h->open[h->n_open++] = s;
}
void ordhw_end_waits(struct ordhw *h, enum ord_op op, uint32_t n)
{
	struct ord_ev e;

	for (uint32_t i = 0; i < n; i++) {
		ordhw_new(h, &e, op);
		e.w = wait_no(h, h->open[i]);
		e.have |= ORD_P_WAIT;
		ordhw_emit(h, &e);
	}
	memmove(h->open, h->open + n, (h->n_open - n) * sizeof(*h->open));
	h->n_open -= n;
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
void ordhw_ring(struct ordhw *h)
{
	struct ord_ev e;

	ordhw_new(h, &e, ORD_RING);
	e.have |= ORD_P_QUEUE;
	ord_put(&e, ORD_KEY_SIZE, h->ring_bytes >> h->slot_lg2);
	ordhw_emit(h, &e);
}
static void mmio(struct ordhw *h, const struct trc_rec *r)
{
	bool tail = r->u.mmio.off == h->arch->tail;
	uint64_t slot = r->u.mmio.val >> (h->arch->by_slot ? 0 : h->slot_lg2);
	uint64_t was = h->ring, was_bytes = h->ring_bytes, slots;

	h->arch->reg(h, r->u.mmio.off, r->u.mmio.bytes, r->u.mmio.val, false);
	if (h->explicit_done && h->ring_bytes && (h->ring != was || h->ring_bytes != was_bytes)) {
		ordhw_ring(h);
		h->live.knows_head = false;
	}
	slots = h->ring_bytes >> h->slot_lg2;
	if (!lift_take(h->l, r) /* calls command() for each */ || !lift_settle(h->l) /* what it has made reachable may be stored to next */)
		h->failed = true;
	slot = slots ? slot & (slots - 1) : slot;
	if (!tail)
		return;
	ordhw_pointer(h, ORD_TAIL, slot);
	h->last_slot = TRC_NO_SLOT;
	h->tail_slot = slot;
	h->tail_seen = true;
	if (h->explicit_done)
		return;
	ordhw_pointer(h, ORD_HEAD, slot);
	ordhw_end_waits(h, ORD_DONE, h->n_open);
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
	if (!h->arch)
		h->arch = &ordhw_vtd;
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
	if (h->ring_bytes)
		ordhw_ring(h);
}
static void event(struct ordhw *h, const struct trc_rec *r)
{
	switch ((enum trc_kind)r->kind) {
	case TRC_MMIO_READ:
		if (h->arch->read && r->u.mmio.has_val)
			h->arch->read(h, r->u.mmio.off, r->u.mmio.bytes, r->u.mmio.val);
		return;
	case TRC_MMIO_WRITE:
		mmio(h, r);
		return;
	case TRC_STORE:
	case TRC_PAGE:
	case TRC_DMA:
	case TRC_DEVICE:
		if (!lift_take(h->l, r))
			h->failed = true;
		if (h->ended && !lift_settle(h->l)) /* what was behind it is out of reach at once */
			h->failed = true;
		h->ended = false;
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
void ordhw_before(struct ordhw *h, const struct trc_rec *r)
{
	/* the content of a page just linked may come between */
	if (h->half.on && r->kind != TRC_PAGE && (r->kind != TRC_STORE || (r->u.store.pa & ~UINT64_C(7)) != h->half.pa + 8))
		ordhw_half_end(h);
	for (unsigned i = 0; !h->explicit_done && r->kind != TRC_MMIO_READ && i < ORDHW_REGS; i++)
		if (!h->by_reg[i].polled)
			ordhw_reg_done(h, i);
}
bool ordhw_state(struct ordhw *h, const struct trc_rec *r)
{
	if (!lift_take(h->l, r))
		h->failed = true;
	if (r->kind == TRC_REGSTATE && lift_arch_name(h->l) && choose(h, lift_arch_name(h->l)))
		h->arch->reg(h, r->u.reg.off, r->u.reg.bytes, r->u.reg.val, true);
	return !h->failed;
}
bool ordhw_take(struct ordhw *h, const struct trc_rec *r)
{
	if (h->failed || r->kind == TRC_COMMENT)
		return !h->failed;
	h->line = r->line;
	h->at = r->at;
	h->sum.records++;
	if (!h->begun && (r->kind == TRC_PAGE || r->kind == TRC_REGSTATE))
		return ordhw_state(h, r);
	if (!h->begun)
		begin(h);
	ordhw_before(h, r);
	if (!h->failed)
		event(h, r);
	return !h->failed;
}
bool ordhw_sync(struct ordhw *h, const struct trc_rec *r)
{
	h->line = r->line;
	h->at = r->at;
	if (!h->begun)
		begin(h);
	ordhw_before(h, r);
	if (r->kind != TRC_PAGE && r->kind != TRC_STORE && !h->failed && !lift_settle(h->l))
		h->failed = true;
	return !h->failed;
}
bool ordhw_finish(struct ordhw *h)
{
	if (!h->failed && h->begun && !lift_settle(h->l))
		h->failed = true;
	if (h->half.on)
		ordhw_half_end(h);
	ordhw_end_run(h);
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
	h->tap = (struct lift_tap){ h, ordhw_leaf, ordhw_table_changed, ordhw_attach, ordhw_upper, stored, command };
	h->l = lift_open(&h->tap, arch, e);
	if (h->l && (!arch || choose(h, arch)))
		return h;
	ordhw_close(h);
	return NULL;
}
void ordhw_knobs(const struct ordhw *h, struct ord_knobs *k)
{
	h->arch->knobs(h, k);
}
const char *ordhw_undecidable(const struct ordhw *h, const struct ord_knobs *k, size_t i, enum ord_rule_id *r)
{
	static const char at_once[] = "a submitted command is taken to be complete at once: the ring is never full, no wait is in flight";
	static const char coherent[] = "write-backs and barriers are not in the trace: walks are taken to be coherent";
	static const struct { enum ord_rule_id r; const char *why; } list[] = {
		{ ORD_GEN_10, "the content of a table page is known from the moment it is linked" },
		{ ORD_GEN_20, "accessed and dirty bits are not looked at" },
		{ ORD_AMD_01, "whether 16 bytes were stored at once is not in the trace: two stores in succession are taken for one" },
		{ ORD_GEN_02, coherent }, { ORD_VTD_06, coherent }, { ORD_SMM_20, coherent },
		{ ORD_GEN_18, at_once }, { ORD_VTD_13, at_once }, { ORD_VTD_14, at_once }, { ORD_AMD_08, at_once },
	};

	for (size_t n = 0; n < ARRAY_LEN(list); n++) {
		bool holds = list[n].why == coherent ? k->coherent_walk : list[n].why == at_once ? !h->explicit_done : true;

		if (holds && !i--) {
			*r = list[n].r;
			return list[n].why;
		}
	}
	return NULL;
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
	free(h->stale);
	free(h);
}
