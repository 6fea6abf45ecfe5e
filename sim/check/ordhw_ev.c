/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_ev.c - parts of ordering events, and their way out; what every file of ordhw*.c uses. Scope: ordhw.h.
 */
#include "check/ordhw_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"

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

void ordhw_new(struct ordhw *h, struct ord_ev *e, enum ord_op op)
{
	memset(e, 0, offsetof(struct ord_ev, v));
	e->line = h->line;
	e->at = h->at;
	e->op = (uint8_t)op;
	e->unit = h->unit;
	e->have = ORD_P_UNIT;
	e->rid = e->pasid = ORD_NONE;
	if (h->slot != TRC_NO_SLOT)
		ord_put(e, ORD_KEY_SLOT, h->slot);
}
static void out(struct ordhw *h, const struct ord_ev *e)
{
	if (h->failed)
		return;
	h->sum.events++;
	if (!h->o.event(h->o.ctx, e))
		ordhw_fail(h, ERR_MACHINE, NULL);
}
void ordhw_end_run(struct ordhw *h)
{
	if (h->run.op != ORD_OPS_N)
		out(h, &h->run);
	h->run.op = ORD_OPS_N;
}
void ordhw_emit(struct ordhw *h, const struct ord_ev *e)
{
	ordhw_end_run(h);
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
/* A command given by register is its own wait. Not polled: taken as complete at the next record that is no read. */
void ordhw_reg_wait(struct ordhw *h, unsigned i)
{
	static const char *const name[ORDHW_REGS] = { "ccmd", "iotlb" };
	struct ord_ev e;
	char text[16];

	if (!h->by_reg[i].wait) {
		snprintf(text, sizeof(text), "%s%s%.0u", name[i], h->unit ? "-u" : "", h->unit);
		h->by_reg[i].wait = ordhw_name(h, text);
	}
	ordhw_new(h, &e, ORD_WAIT);
	e.w = h->by_reg[i].wait;
	e.queue = (uint16_t)(1 + i);
	e.have |= ORD_P_WAIT | ORD_P_QUEUE;
	ordhw_emit(h, &e);
	h->by_reg[i].open = true;
}
void ordhw_reg_done(struct ordhw *h, unsigned i)
{
	struct ord_ev e;

	if (!h->by_reg[i].open)
		return;
	h->by_reg[i].open = false;
	ordhw_new(h, &e, ORD_DONE);
	e.w = h->by_reg[i].wait;
	e.have |= ORD_P_WAIT;
	ordhw_emit(h, &e);
}
