/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c - the steps of a thread of software; see thread.h. A step acts when its time is over; a register write acts at once. */
#include "software/thread.h"
#include "core/base/bits.h"

static void advance(struct thread *t);

static void wait_for(struct thread *t, uint64_t ps)
{
	sim_at(t->u->k, sim_now(t->u->k) + ps, &t->ev);
}

static uint64_t load(struct thread *t)
{
	uint64_t w = 0;

	t->failed = mem_read(t->u->mem, t->addr & ~UINT64_C(7), &w, 1) != MEM_OK;
	if (t->bytes == 4)
		w = w >> (t->addr & 4 ? 32 : 0) & 0xffffffff;
	return w;
}

static bool poll_over(struct thread *t)
{
	uint64_t w = load(t) & t->mask;

	t->timed_out = false;
	if (t->at_least ? w >= t->want : w == t->want)
		return true;
	t->timed_out = t->ps && sim_now(t->u->k) - t->poll_since >= t->ps;
	return t->timed_out;
}

static void step_over(struct sim_event *e)
{
	struct thread *t = container_of(e, struct thread, ev);

	switch ((enum thread_op)t->op) {
	case TH_STORE:
		t->failed = mem_write_part(t->u->mem, t->addr, t->bytes, t->value) != MEM_OK;
		break;
	case TH_LOAD:
		t->value = load(t);
		break;
	case TH_MMIO_READ:
		t->value = t->u->ops->mmio_read(t->u, (uint32_t)t->addr, t->bytes);
		break;
	case TH_POLL:
		if (!poll_over(t)) {
			wait_for(t, t->cfg->poll_ps);
			return;
		}
		break;
	default:
		break;
	}
	advance(t);
}

static void begin(struct thread *t)
{
	switch ((enum thread_op)t->op) {
	case TH_STORE:
		wait_for(t, t->cfg->store_ps);
		break;
	case TH_LOAD:
		wait_for(t, t->cfg->load_ps);
		break;
	case TH_MMIO_WRITE:
		t->u->ops->mmio_write(t->u, (uint32_t)t->addr, t->bytes, t->value);
		wait_for(t, t->cfg->mmio_write_ps);
		break;
	case TH_MMIO_READ:
		wait_for(t, t->cfg->mmio_read_ps);
		break;
	case TH_POLL:
		t->poll_since = sim_now(t->u->k);
		wait_for(t, t->cfg->load_ps);
		break;
	case TH_DELAY:
		wait_for(t, t->ps);
		break;
	case TH_SLEEP:
		t->asleep = !t->woken;
		if (t->woken)
			wait_for(t, 0);
		t->woken = false;
		break;
	case TH_END:
		t->ended = true;
		break;
	}
}

static void advance(struct thread *t)
{
	t->op = (uint8_t)t->run(t);
	begin(t);
}

void thread_start(struct thread *t)
{
	sim_event_init(&t->ev, step_over);
	t->op = TH_DELAY;
	wait_for(t, 0);
}

void thread_wake(struct thread *t)
{
	if (!t->asleep) {
		t->woken = true;
		return;
	}
	t->asleep = false;
	wait_for(t, 0);
}

void thread_stop(struct thread *t)
{
	sim_cancel(t->u->k, &t->ev);
	t->asleep = false;
	t->ended = true;
}
