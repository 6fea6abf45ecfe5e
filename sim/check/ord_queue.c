/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_queue.c - command queues of the ordering checker: waits issued and completed, errors and timeouts of what stands before them.
 * A completed wait completes every command in front of it on its queue, no command of another queue.
 */
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

struct ord_queue *ord_queue_of(struct ord_chk *c, uint32_t id, bool make)
{
	struct ord_queue *q = ord_map_get(&c->queues, id);

	if (q || !make)
		return q;
	q = calloc(1, sizeof(*q));
	if (!q || !ord_map_put(&c->queues, id, q) || !ord_vec_add(&c->all_queues, q)) {
		ord_oom(c);
		return NULL;
	}
	q->id = id;
	return q;
}
uint32_t ord_queue_id(struct ord_chk *c, const struct ord_ev *e)
{
	if (e->flags & ORD_F(DVM))
		return UINT32_C(0xff) << 16 | 0xffff;
	if (!(e->have & (ORD_P_UNIT | ORD_P_QUEUE)) && e->op == ORD_WAIT)
		return c->last_q;
	return (uint32_t)e->unit << 16 | e->queue;
}
bool ord_done_since(struct ord_chk *c, uint32_t id, uint64_t seq)
{
	const struct ord_queue *q = ord_queue_of(c, id, false);

	return q && q->last_done > seq;
}
bool ord_wait_since(struct ord_chk *c, uint32_t id, uint64_t seq)
{
	const struct ord_queue *q = ord_queue_of(c, id, false);

	return q && q->last_wait > seq;
}
uint64_t ord_pd_done(const struct ord_chk *c, uint8_t unit)
{
	uint64_t seq = 0;

	for (size_t i = 0; i < c->all_queues.n; i++) {
		const struct ord_queue *q = c->all_queues.p[i];

		if (q->id >> 16 == unit && q->pd_done > seq)
			seq = q->pd_done;
	}
	return seq;
}
static void issue(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_queue *q = ord_queue_of(c, ord_queue_id(c, e), true);
	struct ord_wait *w = ord_pool_get(&c->p_wait);

	if (!q || !w) {
		ord_oom(c);
		return;
	}
	w->seq = c->seq;
	w->pd = e->flags & ORD_F(PD);
	w->line = e->line;
	w->w = e->w;
	w->q = q->id;
	w->slot = ord_val(e, ORD_KEY_SLOT, UINT64_MAX);
	w->val = ord_val(e, ORD_KEY_VAL, 0);
	w->addr = ord_val(e, ORD_KEY_ADDR, UINT64_MAX);
	w->prev = q->waits_tail;
	if (w->prev)
		w->prev->next = w;
	else
		q->waits = w;
	q->waits_tail = w;
	q->last_wait = c->seq;
	q->wait_line = e->line;
	c->last_q = q->id;
	if (w->w && !ord_map_put(&c->waits, w->w, w))
		ord_oom(c);
}
static void forget(struct ord_chk *c, struct ord_wait *w)
{
	struct ord_queue *q = ord_queue_of(c, w->q, true);

	if (w->prev)
		w->prev->next = w->next;
	else
		q->waits = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		q->waits_tail = w->prev;
	if (w->w && ord_map_get(&c->waits, w->w) == w)
		ord_map_del(&c->waits, w->w);
	ord_pool_put(&c->p_wait, w);
}
static void complete(struct ord_chk *c, struct ord_wait *w)
{
	struct ord_queue *q = ord_queue_of(c, w->q, true);

	if (!w->aborted) {
		if (w->seq > q->last_done)
			q->last_done = w->seq;
		if (w->pd && w->seq > q->pd_done)
			q->pd_done = w->seq;
		while (q->head && q->head->cmd_seq < w->seq)
			ord_obl_done(c, q->head);
	}
	forget(c, w);
}
/* The wait named in @e, or each without name: @f is called for it. */
static void each(struct ord_chk *c, const struct ord_ev *e, void (*f)(struct ord_chk *, struct ord_wait *))
{
	struct ord_wait *w = e->w ? ord_map_get(&c->waits, e->w) : NULL, *next;

	if (w)
		f(c, w);
	for (size_t i = 0; !e->w && i < c->all_queues.n; i++) {
		struct ord_queue *q = c->all_queues.p[i];

		if ((e->have & (ORD_P_UNIT | ORD_P_QUEUE)) && q->id != ((uint32_t)e->unit << 16 | e->queue))
			continue;
		for (w = q->waits; w; w = next) {
			next = w->next;
			if (!w->w)
				f(c, w);
		}
	}
}
static void do_abort(struct ord_chk *c, struct ord_wait *w)
{
	struct ord_queue *q = ord_queue_of(c, w->q, true);

	w->aborted = true;
	if (w->seq > q->aborted)
		q->aborted = w->seq;
	if (q->last_wait == w->seq)
		q->last_wait = w->prev ? w->prev->seq : q->last_done;
}
static void do_giveup(struct ord_chk *c, struct ord_wait *w)
{
	struct ord_queue *q = ord_queue_of(c, w->q, true);

	w->gave_up = true;
	if (w->seq > q->gave_up)
		q->gave_up = w->seq;
	if (c->k.sw_timeout_ok) {
		struct ord_wait copy = *w;

		for (struct ord_obl *o = q->head, *next; o && o->cmd_seq < copy.seq; o = next) {
			next = o->next;
			ord_obl_done(c, o);
		}
	}
}
/* ATC obligations covered on the unit of @e become suspect; @rid ORD_NONE: of every requester. */
static void suspect(struct ord_chk *c, const struct ord_ev *e, uint32_t rid)
{
	for (size_t i = 0; i < c->all_queues.n; i++) {
		struct ord_queue *q = c->all_queues.p[i];

		if (q->id >> 16 != e->unit)
			continue;
		for (struct ord_obl *o = q->head, *next; o; o = next) {
			next = o->next;
			if (o->what == ORD_O_ATC && (rid == ORD_NONE || o->rid == rid))
				ord_obl_reopen(c, o, ORD_S_SUSPECT, ORD_WHY_SUSPECT);
		}
	}
}
/* A command error: of slot=, else of the last command of the queue that is not a wait. */
static void command_error(struct ord_chk *c, const struct ord_ev *e)
{
	uint32_t id = (uint32_t)e->unit << 16 | e->queue;
	struct ord_queue *q = ord_queue_of(c, id, true);
	struct ord_cmd *m = NULL;

	if (e->name && !strncmp(ord_name_text(&c->names, e->name), "ATC", 3)) {
		suspect(c, e, ORD_NONE);
		return;
	}
	for (uint64_t i = 0; q && !m && i < ORD_LAST_CMDS && i < c->n_cmd; i++) {
		struct ord_cmd *x = &c->ring[(c->n_cmd - 1 - i) % ORD_LAST_CMDS];

		if (x->q == id && (!(e->has & ORD_HAS(SLOT)) || !(x->has & ORD_HAS(SLOT)) || x->slot == e->v[ORD_KEY_SLOT]))
			m = x;
	}
	if (!m)
		return;
	m->rejected = true;
	for (struct ord_obl *o = q->head, *next; o; o = next) {
		next = o->next;
		if (o->cmd_seq == m->seq)
			ord_obl_reopen(c, o, ORD_S_VISIBLE, ORD_WHY_REJECTED);
	}
}
/* The ring begins anew: what was in it and is not complete never will be. */
static void anew(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_queue *q = ord_queue_of(c, (uint32_t)e->unit << 16 | e->queue, false);

	while (q && q->head)
		ord_obl_reopen(c, q->head, ORD_S_VISIBLE, ORD_WHY_REJECTED);
	while (q && q->waits)
		forget(c, q->waits);
}
void ord_queue_event(struct ord_chk *c, const struct ord_ev *e)
{
	switch (e->op) {
	case ORD_WAIT:
		issue(c, e);
		return;
	case ORD_DONE:
		each(c, e, complete);
		return;
	case ORD_ABORT:
		each(c, e, do_abort);
		return;
	case ORD_GIVEUP:
		each(c, e, do_giveup);
		return;
	case ORD_ITMO:
		suspect(c, e, ORD_NONE);
		return;
	case ORD_ICE:
		suspect(c, e, e->rid);
		return;
	case ORD_CERR:
		command_error(c, e);
		return;
	case ORD_RING:
		anew(c, e);
		return;
	}
}
void ord_queue_close(struct ord_chk *c)
{
	for (size_t i = 0; i < c->all_queues.n; i++)
		free(c->all_queues.p[i]);
	free(c->all_queues.p);
	ord_map_free(&c->queues);
	ord_map_free(&c->waits);
}
