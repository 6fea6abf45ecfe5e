/* SPDX-License-Identifier: Apache-2.0 */
/* dev_dump.c - looking into a device: what it waits for, in words; what it means by a request. */
#include <stdio.h>
#include "pcie/dev_int.h"

static const char *const slot_name[SLOT_STATES] = {
	"free", "uplink", "in the unit", "memory", "credit return", "downlink", "waits in order", "cache look-up", "waits for a translation",
	"waits for a page request", "failing"
};
static const char *const treq_name[] = { "free", "uplink", "in the unit", "downlink" };
static const char *const inv_name[] = { "free", "on the link", "held: the queue is full", "at work", "waits for reads", "completion sent" };

#define LINE(...) (snprintf(buf, sizeof(buf), __VA_ARGS__), line(arg, buf))
#define ULL(x) ((unsigned long long)(x))
typedef void line_fn(void *arg, const char *text);

bool dev_waiting(const struct dev *d)
{
	return !dev_idle(d) || d->itags_open || d->inv_open || d->inv_held || (d->pri && d->pri->used) || d->stops;
}

static void dump_inv(const struct dev *d, line_fn *line, void *arg)
{
	char buf[200];

	if (d->itags_open)
		LINE("  invalidate requests not answered: ITags 0x%08x%s%s", d->itags_open, d->fault[DEV_SILENT] ? ", the device is silent" : "",
		     d->removed ? ", the device is gone" : d->ats_off ? ", ATS is off" : "");
	for (const struct inv *i = d->inv_all; i; i = i->all) {
		if (i->state == INV_FREE)
			continue;
		LINE("  invalidate request: ITag %u, 0x%llx to 0x%llx, %s", i->q.itag, ULL(i->q.first), ULL(i->q.last), inv_name[i->state]);
		if (i->state == INV_READS)
			LINE("    %u reads with an old address", i->reads);
		for (unsigned c = 0; i->state == INV_CPL && c < INV_TCS; c++)
			if (i->cpl[c].writes)
				LINE("    class %u behind %u posted writes", c, i->cpl[c].writes);
	}
}

static void dump_slots(const struct dev *d, line_fn *line, void *arg)
{
	char buf[200];

	for (uint32_t i = 0; i < d->slots_made; i++) {
		const struct slot *s = &d->slot[i];

		if (s->state == SLOT_FREE)
			continue;
		LINE("  request %u: %s, %s 0x%llx, since %llu ps", i, slot_name[s->state], s->op->write ? "write" : "read",
		     ULL(d->atc ? s->iova : s->xl.req.iova), ULL(s->t_issue));
	}
}

static void dump_atc(const struct dev *d, line_fn *line, void *arg)
{
	char buf[200];
	unsigned n = 0;

	for (const struct slot *s = d->atc->queue.head; s; s = s->qnext)
		n++;
	LINE("  translation cache: %u lines%s, %u of %u translation requests in flight, %u requests wait for one", dev_atc_lines(d),
	     atc_usable(d) ? "" : " (not in use)", d->atc->busy, d->cfg.atc.requests, n);
	for (uint32_t i = 0; i < d->cfg.atc.requests; i++) {
		const struct treq *t = &d->atc->treq[i];

		if (t->state != TREQ_FREE)
			LINE("  translation request %u: %s, 0x%llx, since %llu ps", i, treq_name[t->state], ULL(t->xl.req.iova), ULL(t->t));
	}
}

static void dump_pri(const struct dev *d, line_fn *line, void *arg)
{
	char buf[200];
	unsigned n = 0;

	for (const struct slot *s = d->pri->queue.head; s; s = s->qnext)
		n++;
	LINE("  page requests: %s, %u pages outstanding of capacity %u, allocation %u; %u requests wait for credit",
	     d->pri->rf ? "response failure" : d->pri->on ? "on" : "off", d->pri->used, d->cfg.pri.capacity, d->cfg.pri.allocation, n);
	for (uint32_t i = 0; i < d->pri->n_prg; i++) {
		const struct prg *g = &d->pri->prg[i];

		if (g->open)
			LINE("  group %u: %u of %u pages sent, 0x%llx, no response since %llu ps", i, g->sent, g->n, ULL(g->addr[0]), ULL(g->t));
	}
	for (const struct stop *t = d->stops; t; t = t->next)
		LINE("  PASID %u is being stopped", t->pasid);
}

void dev_dump(const struct dev *d, line_fn *line, void *arg)
{
	char buf[200];
	uint32_t r = d->cfg.rid;

	LINE("device %02x:%02x.%x: %u DMAs and %u requests unfinished, %u held back by software", r >> 8, r >> 3 & 31, r & 7, d->ops_busy,
	     d->slots_busy, d->stalled);
	if (d->rx)
		LINE("  receive buffer: %u of %u bytes", d->rx->held, d->cfg.rx_buffer);
	dump_inv(d, line, arg);
	if (d->atc) {
		dump_atc(d, line, arg);
		dump_pri(d, line, arg);
	}
	dump_slots(d, line, arg);
}

bool dev_request_of(const struct dev *d, const struct xl *x, struct xl_req *q, bool *cached, uint64_t *tag)
{
	const struct slot *s = (const struct slot *)(const void *)((const char *)x - offsetof(struct slot, xl));
	uintptr_t at = (uintptr_t)s;

	if (at < (uintptr_t)d->slot || at >= (uintptr_t)(d->slot + d->cfg.outstanding))
		return false;
	*q = x->req;
	*tag = s->op->q.tag;
	*cached = d->special && s->cached && x->req.at == XL_TRANSLATED;
	if (UNLIKELY(*cached)) {
		q->iova = s->iova;
		q->at = XL_TRANSLATION_REQ;
		q->pasid = s->op->q.pasid;
		q->has_pasid = s->op->q.has_pasid;
		q->acc = s->op->acc;
	}
	return true;
}
