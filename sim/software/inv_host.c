/* SPDX-License-Identifier: Apache-2.0 */
/* inv_host.c - steps, the ring, batches and waits of the driver of inv_host.h; what follows a failed batch is in inv_host_react.c. */
#include <stdlib.h>
#include "software/inv_host_int.h"

#define STAT_STRUCT struct inv_host_stats
#define S(f, unit, doc) { #f, unit, doc, offsetof(STAT_STRUCT, f), STAT_U64, 0 },
const struct stat_def inv_host_stat_defs[] = { INV_HOST_STATS(S) { 0 } };
#undef S
#undef STAT_STRUCT

/* ---- steps ---- */

static void step(struct inv_host *h, enum thread_op op, uint64_t addr, uint64_t value, unsigned bytes)
{
	SIM_ASSERT(h->n_steps < INVH_STEPS);
	h->step[h->n_steps++] = (struct inv_step){ .op = (uint8_t)op, .addr = addr, .value = value, .bytes = (uint8_t)bytes };
}

void inv_store(struct inv_host *h, uint64_t spa, uint64_t v)
{
	step(h, TH_STORE, spa, v, 8);
}

void inv_load(struct inv_host *h, uint64_t spa)
{
	step(h, TH_LOAD, spa, 0, 8);
}

void inv_write(struct inv_host *h, uint32_t reg, unsigned bytes, uint64_t v)
{
	h->st.reg_writes++;
	step(h, TH_MMIO_WRITE, reg, v, bytes);
}

void inv_read(struct inv_host *h, uint32_t reg, unsigned bytes)
{
	h->st.reg_reads++;
	step(h, TH_MMIO_READ, reg, 0, bytes);
}

void invh_delay(struct inv_host *h, uint64_t ps)
{
	step(h, TH_DELAY, 0, 0, 0);
	h->step[h->n_steps - 1].ps = ps;
}

static void poll_status(struct inv_host *h, uint64_t ps, bool looking)
{
	step(h, TH_POLL, IH_SEM, h->want, 8);
	h->step[h->n_steps - 1].ps = ps;
	h->step[h->n_steps - 1].looking = looking;
}

/* What the step before gave. */
static void take(struct inv_host *h, const struct inv_step *s)
{
	if (s->op == TH_MMIO_READ || s->op == TH_LOAD)
		h->got[h->n_got++] = h->t.value;
	else if (s->op == TH_POLL)
		h->timed_out = h->t.timed_out;
}

static enum thread_op run(struct thread *t)
{
	struct inv_host *h = container_of(t, struct inv_host, t);
	const struct inv_step *s;

	if (h->at)
		take(h, &h->step[h->at - 1]);
	while (h->at == h->n_steps) {
		h->at = h->n_steps = 0;
		h->then(h);
		h->n_got = 0;
		if (h->end)
			return TH_END;
	}
	s = &h->step[h->at++];
	t->addr = s->addr;
	t->value = t->want = s->value;
	t->mask = UINT64_MAX;
	t->at_least = true;
	t->bytes = s->bytes;
	t->ps = s->ps;
	t->cfg = s->looking ? &h->slow : &h->c->cpu;
	return (enum thread_op)s->op;
}

/* ---- the ring ---- */

void inv_cmd(struct inv_host *h, uint64_t w0, uint64_t w1)
{
	uint32_t slot = h->prod++ % inv_slots(h);
	uint64_t at = IH_RING + (uint64_t)slot * h->o->stride;

	h->ring_use[slot] = 0;
	inv_store(h, at, w0);
	inv_store(h, at + 8, w1);
}

static void queue_wait(struct inv_host *h)
{
	h->want = ++h->seq;
	h->st.waits++;
	h->o->wait(h);
	h->o->tail(h);
}

void inv_wait_again(struct inv_host *h)
{
	queue_wait(h);
}

static void room_read(struct inv_host *h);
static void put_and_close(struct inv_host *h);

/* Room for @h->need commands and a wait, one slot stays empty: then the commands. The queue may be stopped by an error: look. */
static void room(struct inv_host *h)
{
	if (h->prod - h->cons + h->need + 1 < inv_slots(h)) {
		put_and_close(h);
		return;
	}
	h->o->head(h);
	h->then = room_read;
}

static void room_looked(struct inv_host *h)
{
	if (h->o->looked(h)) {
		h->back = room;
		invh_report(h);
		return;
	}
	invh_delay(h, h->c->look_ps);
	h->then = room;
}

static void room_read(struct inv_host *h)
{
	uint32_t n = inv_slots(h);

	h->cons = h->prod - ((h->prod - h->o->head_slot(h->got[0])) & (n - 1));
	if (h->prod - h->cons + h->need + 1 < n) {
		put_and_close(h);
		return;
	}
	h->o->look(h);
	h->then = room_looked;
}

/* ---- a wait ---- */

static void await(struct inv_host *h);

static void wait_over(struct inv_host *h)
{
	uint32_t n = 0;

	h->cons = h->prod; /* it was the last one queued */
	for (uint32_t i = 0; i < h->n_open; i++) {
		const struct inv_open *o = &h->open[i];

		if (o->seq > h->want)
			h->open[n++] = *o;
		else if (h->failed && (o->failed || !(h->o->per_command || h->c->believe)))
			h->lost[o->item] = 1;
	}
	h->n_open = n;
	h->after(h);
}

static void gave_up(struct inv_host *h)
{
	h->overdue = true;
	h->st.sw_timeouts++;
	if (h->c->sw_then != INVH_SW_GO_ON || h->after != invh_group_done || h->recovering)
		return;
	if (h->failed) /* of some earlier batch: nothing to react on, its pages are gone */
		invh_note(h);
	invh_release_group(h, INVH_UNCONFIRMED);
	h->then = invh_next_batch;
}

static void looked(struct inv_host *h)
{
	if (h->o->looked(h)) {
		h->back = h->done ? wait_over : await; /* what comes later is not about this batch */
		invh_report(h);
		return;
	}
	if (h->done) {
		wait_over(h);
		return;
	}
	h->then = await;
	if (!h->c->sw_timeout_ps || sim_now(h->u->k) - h->t_sent < h->c->sw_timeout_ps || h->overdue)
		return;
	gave_up(h);
}

static void polled(struct inv_host *h)
{
	h->done = !h->timed_out;
	if (h->done && !h->o->per_command) {
		wait_over(h);
		return;
	}
	if (!h->done)
		h->st.looks++;
	h->o->look(h);
	h->then = looked;
}

static void await(struct inv_host *h)
{
	bool first = sim_now(h->u->k) - h->t_sent < h->c->spin_ps;

	poll_status(h, first ? h->c->spin_ps : h->c->look_ps, !first);
	h->then = polled;
}

static void reported(struct inv_host *h)
{
	sim_time now = sim_now(h->u->k);
	uint64_t before = h->st.reports;

	h->o->collected(h);
	if (h->fresh && h->st.reports != before && !h->t_report) {
		h->t_report = now;
		h->st.detect_ps += now - h->t_batch;
	}
	h->then = h->back;
}

/* An error is there: read the record, then go on where we were. */
void invh_report(struct inv_host *h)
{
	h->o->collect(h);
	h->then = reported;
}

/* ---- commands, a wait, and @after ---- */

static void close_batch(struct inv_host *h)
{
	queue_wait(h);
	for (uint32_t i = h->n_open; i-- && !h->open[i].seq;)
		h->open[i].seq = h->want;
	h->t_sent = sim_now(h->u->k);
	if (h->fresh && !h->t_batch)
		h->t_batch = h->t_sent;
	h->overdue = h->done = false;
	h->then = await;
}

void invh_send(struct inv_host *h, uint32_t need, void (*put)(struct inv_host *h), void (*after)(struct inv_host *h))
{
	h->need = need;
	h->put = put;
	h->after = after;
	h->then = room;
}

static void put_and_close(struct inv_host *h)
{
	h->put(h);
	close_batch(h);
}

static void put_group(struct inv_host *h)
{
	for (unsigned i = 0; i < h->group.n; i++) {
		uint32_t it = h->cur[h->group.start + i], slot = h->prod % inv_slots(h);

		SIM_ASSERT(h->n_open < h->cap_open);
		h->open[h->n_open++] = (struct inv_open){ .item = it, .slot = slot, .at = sim_now(h->u->k) };
		h->item[it].sent++;
		h->st.commands++;
		h->o->inv(h, &h->item[it]);
		h->ring_use[slot] = it + 1;
	}
}

void invh_send_group(struct inv_host *h)
{
	invh_send(h, h->group.n, put_group, invh_group_done);
}

void invh_release(struct inv_host *h, uint32_t i, enum inv_how how)
{
	struct inv_item *it = &h->item[i];

	if (it->how != INVH_HELD)
		return;
	it->how = (uint8_t)how;
	it->released = sim_now(h->u->k);
	h->env.released(h->env.arg, it);
}

void invh_release_group(struct inv_host *h, enum inv_how how)
{
	for (unsigned i = 0; i < h->group.n; i++)
		invh_release(h, h->cur[h->group.start + i], how);
}

/* ---- new work ---- */

static void last_words(struct inv_host *h)
{
	h->end = true;
}

/* Up to a batch of items whose device is not blocked; of a blocked one the page is free: nothing of it gets through. */
void invh_next_batch(struct inv_host *h)
{
	sim_time now = sim_now(h->u->k);
	uint32_t n = 0, i = h->next;

	for (; i < h->n_items && n < h->c->batch; i++)
		n += !h->fenced[invh_vdev(h, &h->item[i])];
	if (i > h->next && h->item[i - 1].arrived > now) {
		invh_delay(h, h->item[i - 1].arrived - now);
		h->then = invh_next_batch;
		return;
	}
	for (n = 0; h->next < i; h->next++) {
		if (h->fenced[invh_vdev(h, &h->item[h->next])])
			invh_release(h, h->next, INVH_FENCED);
		else
			h->cur[n++] = h->next;
	}
	if (!n) {
		h->then = last_words;
		return;
	}
	h->n_cur = n;
	h->group = (struct inv_group){ .n = (uint16_t)n };
	h->st.batches++;
	h->fresh = true;
	h->t_batch = h->t_report = 0;
	invh_send_group(h);
}

/* ---- life ---- */

void inv_put(struct inv_host *h, uint64_t spa, uint64_t v)
{
	(void)mem_write(h->u->mem, spa, &v, 1);
}

void inv_boot_pt(struct inv_host *h, uint64_t table_bits, uint64_t leaf_bits)
{
	for (unsigned l = 0; l < 3; l++)
		inv_put(h, IH_PT + 0x1000 * l + 8 * (IH_IOVA >> (39 - 9 * l) & 511), (IH_PT + 0x1000 * (l + 1)) | table_bits);
	for (unsigned i = 0; i < IH_PAGES; i++)
		inv_put(h, IH_PT + 0x3000 + 8 * ((IH_IOVA >> 12 & 511) + i), (IH_DATA + 0x1000 * i) | leaf_bits);
}

bool inv_host_init(struct inv_host *h, const struct inv_host_cfg *c, const struct inv_host_ops *o, struct iommu *u, const struct inv_host_env *env,
		   uint32_t devices, uint32_t vdevs, struct inv_item *item, uint32_t n, struct err *e)
{
	*h = (struct inv_host){ .c = c, .o = o, .u = u, .env = *env, .devices = devices, .vdevs = vdevs, .item = item, .n_items = n };
	if (!devices || devices > INVH_MAX_DEVICES || !vdevs || vdevs > INVH_MAX_VDEVS || !c->batch || c->batch > INVH_MAX_BATCH || c->ring_lg2 < 8 ||
	    c->ring_lg2 > 10 || c->batch + 2 > 1u << c->ring_lg2 || !c->look_ps || !c->cpu.poll_ps)
		return err_set(e, ERR_INPUT, "inv_host: %u devices, %u virtual devices, batch %u, ring of 2^%u, look %llu ps, poll %llu ps: out of range",
			       devices, vdevs, c->batch, c->ring_lg2, (unsigned long long)c->look_ps, (unsigned long long)c->cpu.poll_ps);
	h->cap_open = n + 4 * INVH_MAX_BATCH;
	h->open = calloc(h->cap_open, sizeof *h->open);
	h->ring_use = calloc(inv_slots(h), sizeof *h->ring_use);
	h->lost = calloc(n, 1);
	h->accused = calloc(devices * vdevs, 1);
	h->blame = calloc(devices * vdevs, 1);
	h->fenced = calloc(devices * vdevs, 1);
	if (!h->open || !h->ring_use || !h->lost || !h->accused || !h->blame || !h->fenced) {
		inv_host_fini(h);
		return err_set(e, ERR_MACHINE, "inv_host: out of memory");
	}
	h->slow = c->cpu;
	h->slow.poll_ps = c->look_ps;
	h->then = invh_next_batch;
	h->t.run = run;
	h->t.u = u;
	h->t.cfg = &c->cpu;
	o->boot(h);
	return true;
}

void inv_host_start(struct inv_host *h)
{
	thread_start(&h->t);
}

void inv_host_fini(struct inv_host *h)
{
	free(h->open);
	free(h->ring_use);
	free(h->lost);
	free(h->accused);
	free(h->blame);
	free(h->fenced);
}
