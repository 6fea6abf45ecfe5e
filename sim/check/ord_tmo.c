/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_tmo.c - rules of the ordering checker: family TMO (timeouts and errors of invalidations). Statements: ord_rules.def.
 * Modelled: which invalidations a timeout leaves in doubt (the engine's SUSPECT state, named here), repeated batches, aborted and abandoned waits,
 * status locations, the error record, and leaving quarantine.
 * Not modelled: time itself (a timeout is an event of the trace). TMO-ORD-03 compares the batches of one unit by number and a sum over their commands.
 */
#include <string.h>
#include "check/ord_tab.h"

struct wait { /* key: name */
	uint64_t seq, line, addr, val, slot;
	uint32_t q, other; /* other: the abandoned wait whose status location this one uses (tainted) */
	bool addressed, valued, slotted, gave_up, aborted, tainted, written;
};
struct queue { /* key: queue */
	uint64_t head, tail, size; /* size 0: not known */
	bool headed;
};
struct unit { /* key: unit */
	uint64_t sum, last_sum; /* of the ATC invalidations since the last completion or error; of the batch that failed last */
	uint32_t n, last_n, repeats;
	uint64_t itmo_seq, abort_seq, done_seq, line;
	uint32_t aborted, again; /* waits aborted; waits completed that were issued after the last abort */
	uint64_t abort_line;
	uint8_t error; /* 0 none, 1 not read, 2 read */
	bool gone, atc_sync, told; /* gone: the device of the last timeout is; atc_sync: the error was a failed SYNC behind ATC invalidations */
};
struct fn { uint64_t itmo_seq, itmo_line, inv_seq, all_seq, block_seq; uint32_t inv_q, all_q, gone_cmds; }; /* key: requester */
struct tmo {
	struct ord_tab waits, queues, units, fns, addrs; /* addrs, key: unit, status address: name of the last wait there */
};
static struct unit *unit_of(struct ord_chk *c, struct tmo *s, uint32_t unit)
{
	return ord_tab_put(c, &s->units, unit, 0, sizeof(struct unit));
}
static struct queue *queue_of(struct ord_chk *c, struct tmo *s, uint32_t q)
{
	return ord_tab_put(c, &s->queues, q, 0, sizeof(struct queue));
}
static bool discards(struct ord_chk *c)
{
	return ord_arch_of(c) == ORD_VTD || ord_arch_of(c) == ORD_ANY;
}
static bool is_atc_error(struct ord_chk *c, const struct ord_ev *e)
{
	return e->op == ORD_ITMO || e->op == ORD_ICE || (e->have & ORD_P_NAME && !strncmp(ord_name_text(ord_names(c), e->name), "ATC", 3));
}
/* TMO-ORD-03: the same batch failed again. */
static void batch_failed(struct ord_chk *c, struct unit *u, const struct ord_ev *e)
{
	const char *right = "each suspect again with a wait of its own, then give up";

	if (!u->n)
		return;
	u->repeats = u->n == u->last_n && u->sum == u->last_sum ? u->repeats + 1 : 0;
	if (u->n > 1 && u->repeats == 1)
		ord_report(c, ORD_TMO_03, ORD_VIOLATION, e, right, "the same %u invalidations fail again together: nothing says which device does not answer", u->n);
	else if (u->repeats == 4)
		ord_report_as(c, ORD_TMO_03, ORD_VIOLATION, ORD_HIGH, 0, e->line, e->op, right, "the same invalidations (%u) are repeated without end, each time for a timeout",
			      u->n);
	u->last_n = u->n;
	u->last_sum = u->sum;
	u->n = 0;
	u->sum = 0;
}
static void error(struct ord_chk *c, struct tmo *s, const struct ord_ev *e)
{
	struct unit *u = unit_of(c, s, e->unit);
	struct fn *f;

	if (!u)
		return;
	u->error = 1;
	u->told = false;
	u->line = e->line;
	if (!is_atc_error(c, e))
		return;
	u->itmo_seq = ord_seq(c);
	u->atc_sync = e->op == ORD_CERR;
	u->gone = e->have & ORD_P_RID && ord_dev(c, e->rid, false) && ord_dev(c, e->rid, false)->gone;
	batch_failed(c, u, e);
	f = e->have & ORD_P_RID ? ord_tab_put(c, &s->fns, e->rid, 0, sizeof(*f)) : NULL;
	if (f) {
		f->itmo_seq = ord_seq(c);
		f->itmo_line = e->line;
		f->all_seq = f->inv_seq = f->block_seq = 0;
	}
}
/* TMO-ORD-07 */
static void record(struct ord_chk *c, struct tmo *s, const struct ord_ev *e)
{
	struct unit *u = unit_of(c, s, e->unit);

	if (!u || !u->error)
		return;
	if (e->op == ORD_ERR_READ) {
		u->error = 2;
		return;
	}
	if (u->error == 1)
		ord_report(c, ORD_TMO_07, ORD_VIOLATION, e, "read the record, repair the command, clear the bit",
			   "the error (line %llu) is cleared before its record is read: the requester is lost", (unsigned long long)u->line);
	u->error = 0;
}
static void invalidate(struct ord_chk *c, struct tmo *s, const struct ord_ev *e)
{
	const struct ord_dev *d = ord_dev(c, e->rid, false);
	struct unit *u = unit_of(c, s, ord_queue_id(c, e) >> 16);
	struct fn *f = ord_tab_get(&s->fns, e->rid, 0);

	if (u) {
		u->n++;
		u->sum += (e->lo ^ (e->last << 1) ^ (uint64_t)e->rid << 20 ^ e->pasid) * UINT64_C(0x9e3779b97f4a7c15);
	}
	if (d && d->gone && !f)
		f = ord_tab_put(c, &s->fns, e->rid, 0, sizeof(*f));
	if (!f)
		return;
	f->inv_seq = ord_seq(c);
	f->inv_q = ord_queue_id(c, e);
	if ((!(e->have & ORD_P_RANGE) || (e->flags & ORD_F(ALL))) && e->pasid == ORD_NONE) {
		f->all_seq = f->inv_seq;
		f->all_q = f->inv_q;
	}
	if (d && d->gone && ++f->gone_cmds == 2)
		ord_report(c, ORD_TMO_09, ORD_VIOLATION, e, "end the loop with an error; block the entry",
			   "another invalidation to a device that is gone (line %llu)", (unsigned long long)d->gone_line);
}
static void wait_over(struct tmo *s, uint32_t name)
{
	const struct wait *w = ord_tab_get(&s->waits, name, 0);
	const uint32_t *last = w && w->addressed ? ord_tab_get(&s->addrs, w->q >> 16, w->addr) : NULL;

	if (last && *last == name)
		ord_tab_del(&s->addrs, w->q >> 16, w->addr);
	ord_tab_del(&s->waits, name, 0);
}
/* TMO-ORD-05, 07: a wait is queued. */
static void wait_issued(struct ord_chk *c, struct tmo *s, const struct ord_ev *e)
{
	uint32_t q = ord_queue_id(c, e), *last;
	struct unit *u = ord_tab_get(&s->units, q >> 16, 0);
	struct wait w = { .seq = ord_seq(c), .line = e->line, .q = q }, *slot;
	const struct wait *old;

	if (u && u->error == 2 && discards(c) && !u->told) {
		ord_report(c, ORD_TMO_07, ORD_VIOLATION, e, "read the record, repair the command, clear the bit",
			   "a wait is queued while the error of line %llu is not cleared: the queue stands still", (unsigned long long)u->line);
		u->told = true;
	}
	if (!e->w)
		return;
	w.addressed = (e->has & ORD_HAS(ADDR)) != 0;
	w.addr = ord_val(e, ORD_KEY_ADDR, 0);
	w.valued = (e->has & ORD_HAS(VAL)) != 0;
	w.val = ord_val(e, ORD_KEY_VAL, 0);
	w.slotted = (e->has & ORD_HAS(SLOT)) != 0;
	w.slot = ord_val(e, ORD_KEY_SLOT, 0);
	last = w.addressed ? ord_tab_put(c, &s->addrs, q >> 16, w.addr, sizeof(*last)) : NULL;
	old = last && *last && *last != e->w ? ord_tab_get(&s->waits, *last, 0) : NULL;
	if (old && old->gave_up && !old->written && old->addressed && old->addr == w.addr && !(old->valued && w.valued && w.val > old->val)) {
		ord_report(c, ORD_TMO_05, ORD_VIOLATION, e, "a status location of its own until the late write is proven to have happened",
			   "the status location of an abandoned wait (line %llu) is used again: its late write would complete this one", (unsigned long long)old->line);
		w.tainted = true;
		w.other = *last;
	}
	wait_over(s, e->w);
	if (last)
		last = ord_tab_put(c, &s->addrs, q >> 16, w.addr, sizeof(*last));
	if (last)
		*last = e->w;
	slot = ord_tab_put(c, &s->waits, e->w, 0, sizeof(*slot));
	if (slot)
		*slot = w;
}
static void wait_done(struct ord_chk *c, struct tmo *s, const struct ord_ev *e)
{
	const struct wait *w = e->w ? ord_tab_get(&s->waits, e->w, 0) : NULL, *other;
	struct unit *u = ord_tab_get(&s->units, (w ? w->q : ord_queue_id(c, e)) >> 16, 0);

	if (w && w->aborted) {
		ord_report(c, ORD_TMO_04, ORD_VIOLATION, e, "the commands and a new wait again", "an aborted wait (line %llu) is taken as completed", (unsigned long long)w->line);
	} else if (u) {
		u->n = u->repeats = 0;
		u->sum = 0;
		u->done_seq = ord_seq(c);
		u->again += w && w->seq > u->abort_seq;
	}
	other = w && w->tainted ? ord_tab_get(&s->waits, w->other, 0) : NULL;
	if (other && other->written)
		ord_report(c, ORD_TMO_05, ORD_VIOLATION, e, "a status location of its own until the late write is proven to have happened",
			   "completed by the late status write of the abandoned wait of line %llu", (unsigned long long)other->line);
	if (w)
		wait_over(s, e->w);
}
static void wait_given_up(struct ord_chk *c, struct tmo *s, const struct ord_ev *e)
{
	struct wait *w = e->w ? ord_tab_get(&s->waits, e->w, 0) : NULL;
	const struct queue *q = w ? ord_tab_get(&s->queues, w->q, 0) : NULL;

	if (!w)
		return;
	w->gave_up = true;
	if (!q || !q->headed || !w->slotted)
		return;
	if (q->size ? w->slot != q->head && (w->slot + q->size - q->head) % q->size < (q->tail + q->size - q->head) % q->size : w->slot > q->head)
		ord_report(c, ORD_TMO_10, ORD_VIOLATION, e, "count from the moment the queue reaches the command",
			   "given up while the queue is at slot %llu, %llu not yet reached", (unsigned long long)q->head, (unsigned long long)w->slot);
}
static void wait_event(struct ord_chk *c, struct tmo *s, const struct ord_ev *e)
{
	struct wait *w = e->w ? ord_tab_get(&s->waits, e->w, 0) : NULL;
	struct unit *u;

	if (e->op == ORD_GIVEUP) {
		wait_given_up(c, s, e);
	} else if (e->op == ORD_STATUS_WR) {
		if (w)
			w->written = true;
	} else {
		u = unit_of(c, s, w ? w->q >> 16 : e->unit);
		if (u) {
			u->abort_seq = ord_seq(c);
			u->abort_line = u->aborted++ ? u->abort_line : e->line;
			u->aborted -= u->gone;
		}
		if (w)
			w->aborted = true;
	}
}
static void ring(struct ord_chk *c, struct tmo *s, const struct ord_ev *e)
{
	struct queue *q = queue_of(c, s, ord_queue_id(c, e));

	if (!q)
		return;
	if (e->op == ORD_RING) {
		q->size = ord_val(e, ORD_KEY_SIZE, 0) & UINT32_MAX;
		q->head = ord_val(e, ORD_KEY_HEAD, 0);
		q->tail = ord_val(e, ORD_KEY_TAIL, 0);
		q->headed = true;
	} else if (e->op == ORD_TAIL) {
		q->tail = e->num;
	} else {
		q->head = e->num;
		q->headed = true;
	}
	if (q->size) {
		q->head %= q->size;
		q->tail %= q->size;
	}
}
static bool blocks(const struct ord_ev *e)
{
	return e->op == ORD_CFG_CLR || (e->flags & ORD_F(BLOCK)) || ord_val(e, ORD_KEY_TYPE, ORD_T_NONE) == ORD_T_BLOCK || !ord_val(e, ORD_KEY_V, 1);
}
/* TMO-ORD-11 */
static void entry(struct ord_chk *c, struct tmo *s, const struct ord_ev *e)
{
	struct fn *f = e->have & ORD_P_RID && (e->kind == ORD_K_CTX || e->kind == ORD_K_STE || e->kind == ORD_K_DTE) ? ord_tab_get(&s->fns, e->rid, 0) : NULL;

	if (!f || !f->itmo_seq)
		return;
	if (blocks(e)) {
		if (!f->block_seq && !(f->inv_seq && ord_done_since(c, f->inv_q, f->inv_seq)))
			f->block_seq = ord_seq(c);
	} else if (e->op == ORD_CFG_SET && f->block_seq) {
		if (!(f->all_seq && ord_done_since(c, f->all_q, f->all_seq)))
			ord_report(c, ORD_TMO_11, ORD_VIOLATION, e, "reset the device, or a confirmed invalidation of its whole ATC, then the new entry",
				   "the device leaves quarantine (timeout in line %llu) with what its cache holds unknown", (unsigned long long)f->itmo_line);
		f->itmo_seq = f->block_seq = 0;
	}
}
static void before(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	struct tmo *s = st;
	struct fn *f;

	if (e->guest)
		return;
	switch (e->op) {
	case ORD_ITMO:
	case ORD_ICE:
	case ORD_CERR:
		error(c, s, e);
		break;
	case ORD_ERR_READ:
	case ORD_ERR_CLEAR:
		record(c, s, e);
		break;
	case ORD_ATCINV:
		invalidate(c, s, e);
		break;
	case ORD_WAIT:
		wait_issued(c, s, e);
		break;
	case ORD_DONE:
		wait_done(c, s, e);
		break;
	case ORD_ABORT:
	case ORD_GIVEUP:
	case ORD_STATUS_WR:
		wait_event(c, s, e);
		break;
	case ORD_RING:
	case ORD_HEAD:
	case ORD_TAIL:
		ring(c, s, e);
		break;
	case ORD_CFG_SET:
	case ORD_CFG_CLR:
	case ORD_CFG_MOD:
	case ORD_CFG_WR:
		entry(c, s, e);
		break;
	case ORD_DEV_RST:
		f = e->flags & ORD_F(END) ? ord_tab_get(&s->fns, e->rid, 0) : NULL;
		if (f)
			f->itmo_seq = f->block_seq = f->gone_cmds = 0;
		break;
	default:
		break;
	}
}
/* Why a release with an obligation in doubt is wrong. */
static void refine(struct ord_chk *c, void *st, struct ord_blame *b)
{
	struct tmo *s = st;
	const struct unit *u = ord_tab_get(&s->units, b->unit, 0);
	const struct fn *f = b->rid != ORD_NONE ? ord_tab_get(&s->fns, b->rid, 0) : NULL;

	if (b->why == ORD_WHY_GAVE_UP)
		ord_blame_rule(b, ORD_TMO_06, true);
	if (b->why == ORD_WHY_ABORTED)
		ord_blame_rule(b, ORD_TMO_04, true);
	if (b->what != ORD_O_ATC || (b->state != ORD_S_SUSPECT && b->why != ORD_WHY_SUSPECT))
		return;
	if (u && u->atc_sync && ord_arch_of(c) != ORD_VTD)
		ord_blame_rule(b, ORD_TMO_08, true);
	else if (f && f->itmo_seq)
		ord_blame_rule(b, ORD_TMO_02, true);
	else
		ord_blame_rule(b, ORD_TMO_01, true);
	if (!f || !f->itmo_seq)
		ord_blame_rule(b, ORD_TMO_02, false);
	else if (!u || u->last_n != 1) /* the record names no PASID, and others of the batch may have expired too */
		ord_blame_rule(b, ORD_TMO_01, false);
	if (u && u->abort_seq > u->itmo_seq && u->done_seq < u->abort_seq)
		ord_blame_rule(b, ORD_TMO_04, false);
}
/* Aborted waits whose owners did not ask again, although the queue went on. */
static void not_again(struct ord_chk *c, const struct unit *u)
{
	if (u->again && u->aborted > u->again)
		ord_report_as(c, ORD_TMO_04, ORD_VIOLATION, ORD_HIGH, 0, u->abort_line, ORD_END, "each owner of an aborted wait queues its commands and a new wait again",
			      "%u waits were aborted and only %u were queued again and completed: an owner waits for ever, its invalidation was not done", u->aborted, u->again);
}
/* Hardware discarded these waits, others of the same error were marked as aborted: their owners poll for ever. */
static void finish(struct ord_chk *c, void *st)
{
	struct tmo *s = st;
	uint64_t key[2];

	for (uint32_t i = 0; discards(c) && i < s->waits.n; i++) {
		const struct wait *w = ord_tab_at(&s->waits, i, key);
		const struct unit *u = ord_tab_get(&s->units, w->q >> 16, 0);

		if (u && u->abort_seq > u->itmo_seq && w->seq < u->itmo_seq && !w->aborted && !w->gave_up && !w->written)
			ord_report_as(c, ORD_TMO_04, ORD_VIOLATION, ORD_HIGH, 0, w->line, ORD_END, "mark every pending wait, queue its commands and a new wait again",
				      "this wait was discarded by the error of line %llu and neither marked as aborted nor queued again", (unsigned long long)u->line);
	}
	for (uint32_t i = 0; discards(c) && i < s->units.n; i++)
		not_again(c, ord_tab_at(&s->units, i, key));
}
static void close(struct ord_chk *c, void *st)
{
	struct tmo *s = st;

	ord_tab_free(c, &s->waits);
	ord_tab_free(c, &s->queues);
	ord_tab_free(c, &s->units);
	ord_tab_free(c, &s->fns);
	ord_tab_free(c, &s->addrs);
}
const struct ord_family ord_fam_tmo = { .name = "TMO", .state = sizeof(struct tmo), .before = before, .refine = refine, .finish = finish, .close = close };
