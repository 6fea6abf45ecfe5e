/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - see replay.h for what is modelled and platform.h for the order of records. */
#include "software/replay.h"

enum { PAGE = 4096, PRIO_REPLAY = 1000, PRIO_WATCHDOG = 2000 };

/* ---- what a record does ---- */

static inline void watch(struct replay *r, bool tail)
{
	if (UNLIKELY(r->watch.record != NULL))
		r->watch.record(r->watch.arg, &r->rec, tail);
}

static void mmio_write(struct replay *r, struct iommu *u)
{
	if (UNLIKELY(r->link.request != NULL))
		r->link.mmio_write(r->link.arg, r->rec.unit, r->rec.u.mmio.off, r->rec.u.mmio.bytes, r->rec.u.mmio.val);
	else
		u->ops->mmio_write(u, r->rec.u.mmio.off, r->rec.u.mmio.bytes, r->rec.u.mmio.val);
}

static uint64_t mmio_read(struct replay *r, struct iommu *u)
{
	if (UNLIKELY(r->link.request != NULL))
		return r->link.mmio_read(r->link.arg, r->rec.unit, r->rec.u.mmio.off, r->rec.u.mmio.bytes);
	return u->ops->mmio_read(u, r->rec.u.mmio.off, r->rec.u.mmio.bytes);
}

static bool is_tail(const struct replay *r, struct iommu *u)
{
	return r->rec.kind == TRC_MMIO_WRITE && u->ops->is_tail && u->ops->is_tail(u, r->rec.u.mmio.off);
}

/* The present record takes effect. *value: what a register read gave. */
static bool apply(struct replay *r, struct iommu *u, bool tail, uint64_t *value, struct err *e)
{
	const struct trc_rec *x = &r->rec;

	switch (x->kind) {
	case TRC_STORE:
		r->st->stores++;
		watch(r, false);
		return mem_write_part(r->mem, x->u.store.pa, x->u.store.bytes, x->u.store.val) == MEM_OK ||
		       err_set(e, ERR_INPUT, "store beyond the end of memory, to 0x%llx", (unsigned long long)x->u.store.pa);
	case TRC_PAGE:
		watch(r, false);
		return mem_write(r->mem, x->u.page.pa, x->u.page.w, PAGE / 8) == MEM_OK ||
		       err_set(e, ERR_INPUT, "page beyond the end of memory, at 0x%llx", (unsigned long long)x->u.page.pa);
	case TRC_MMIO_WRITE:
		r->st->mmio_writes++;
		watch(r, tail);
		mmio_write(r, u);
		return true;
	case TRC_MMIO_READ:
		*value = mmio_read(r, u);
		return true;
	case TRC_REGSTATE:
		watch(r, false);
		return u->ops->restore(u, x->u.reg.off, x->u.reg.bytes, x->u.reg.val, e);
	case TRC_DEVICE:
		return plat_device_event(r->p, x->unit, x->u.dev.rid, x->u.dev.event, e);
	default:
		return err_set(e, ERR_INPUT, "a software-level record, %s, which no software model has turned into stores", trc_kind_name[x->kind]);
	}
}

/* ---- a record of the trace, which may have to wait ---- */

static enum replay_verdict fail(struct replay *r, const struct err *e)
{
	r->failed = r->stopped = true;
	err_set(&r->err, e->code, "record %llu of the trace: %s", (unsigned long long)r->rec.line, e->msg);
	return REPLAY_STOP;
}

/* A record waits: counted once per record. */
static enum replay_verdict wait_for(struct replay *r, uint64_t *counter)
{
	if (!r->stalled)
		++*counter;
	r->stalled = true;
	return REPLAY_WAIT;
}

/*
 * With DMAs in flight. A page after the first DMA is a store to all its words. A read with a known value waits, because faults of the
 * DMAs may show in it.
 */
static enum replay_verdict behind_dmas(struct replay *r, bool tail)
{
	switch (r->rec.kind) {
	case TRC_STORE:
		if (r->cfg.order != REPLAY_ORDER_ALL)
			return replay_word_in_use(r, r->rec.u.store.pa) ? wait_for(r, &r->st->stalls_words) : REPLAY_GO;
		break;
	case TRC_PAGE:
	case TRC_REGSTATE:
		break;
	case TRC_MMIO_WRITE:
		if (tail)
			return REPLAY_GO;
		break;
	case TRC_MMIO_READ:
		if (!r->rec.u.mmio.has_val)
			return REPLAY_GO;
		break;
	default:
		return REPLAY_GO;
	}
	return wait_for(r, &r->st->stalls_all);
}

/* Once it has begun to wait, r->delay_end says until when. */
static enum replay_verdict do_delay(struct replay *r)
{
	sim_time now = sim_now(r->k);

	if (!r->delay_end && r->rec.u.delay_ps) {
		r->delay_end = now + r->rec.u.delay_ps;
		sim_cancel(r->k, &r->timer);
		sim_at(r->k, r->delay_end, &r->timer);
	}
	if (now < r->delay_end)
		return REPLAY_WAIT;
	r->delay_end = 0;
	return REPLAY_GO;
}

static enum replay_verdict execute(struct replay *r)
{
	struct iommu *u = plat_unit(r->p, r->rec.unit);
	enum replay_verdict v = REPLAY_GO;
	uint64_t value = 0;
	struct err e; /* a kilobyte: not cleared for every record */
	bool tail;

	e.code = ERR_NONE;
	e.msg[0] = '\0';
	if (r->rec.kind == TRC_COMMENT || r->rec.kind == TRC_ORDER || r->rec.kind == TRC_COMMAND) /* for the ordering checker only */
		return REPLAY_GO;
	if (!u) {
		err_set(&e, ERR_INPUT, "names a unit that the configuration does not have");
		return fail(r, &e);
	}
	if (r->rec.kind == TRC_DELAY)
		return do_delay(r);
	if (r->rec.kind == TRC_DMA) {
		v = replay_dma(r, NULL, NULL, &e);
		return v == REPLAY_STOP ? fail(r, &e) : v;
	}
	tail = is_tail(r, u);
	if (r->n_flying)
		v = behind_dmas(r, tail);
	if (v != REPLAY_GO)
		return v;
	if (r->rec.kind == TRC_MMIO_WRITE && !r->rec.u.mmio.unwaited)
		r->cmd_unit = u;
	if (!apply(r, u, tail, &value, &e))
		return fail(r, &e);
	if (r->rec.kind == TRC_MMIO_READ && r->rec.u.mmio.has_val)
		plat_read_checked(r->p, &r->rec, value);
	return REPLAY_GO;
}

/* ---- live use ---- */

bool replay_live(struct replay *r, const struct trc_rec *rec, uint64_t *value, struct err *e)
{
	struct iommu *u = plat_unit(r->p, rec->unit);

	if (!u)
		return err_set(e, ERR_INPUT, "there is no unit %u", rec->unit);
	r->rec = *rec;
	return apply(r, u, is_tail(r, u), value, e);
}

int replay_live_dma(struct replay *r, const struct trc_rec *rec, plat_dma_fn *fn, void *arg, struct err *e)
{
	enum replay_verdict v;

	if (!plat_unit(r->p, rec->unit)) {
		err_set(e, ERR_INPUT, "there is no unit %u", rec->unit);
		return -1;
	}
	r->rec = *rec;
	v = replay_dma(r, fn, arg, e);
	return v == REPLAY_GO ? 1 : v == REPLAY_WAIT ? 0 : -1;
}

/* ---- the loop ---- */

static enum replay_verdict fetch(struct replay *r)
{
	struct err e; /* as in execute() */
	int got;

	e.code = ERR_NONE;
	e.msg[0] = '\0';
	got = r->src(r->src_arg, &r->rec, &e);
	if (got > 0) {
		r->have_rec = true;
		r->stalled = false;
		return REPLAY_GO;
	}
	r->ended = true;
	if (got < 0) {
		r->failed = true;
		r->err = e;
	}
	return REPLAY_STOP;
}

/* Time and commands, which any record may have to wait for. */
static enum replay_verdict may_go(struct replay *r)
{
	sim_time now = sim_now(r->k);

	if (r->cfg.until_ps && now >= r->cfg.until_ps) {
		r->ended = true;
		return REPLAY_STOP;
	}
	if (r->cmd_unit && r->rec.kind != TRC_COMMENT) {
		if (!r->cmd_unit->ops->commands_idle(r->cmd_unit))
			return wait_for(r, &r->st->stalls_commands);
		r->cmd_unit = NULL;
	}
	if (r->cfg.open_loop && r->rec.kind != TRC_COMMENT && r->rec.at != TRC_NO_TIME && r->rec.at > now) {
		if (r->cfg.until_ps && r->rec.at >= r->cfg.until_ps) {
			r->ended = true;
			return REPLAY_STOP;
		}
		if (!sim_pending(&r->timer))
			sim_at(r->k, r->rec.at, &r->timer);
		return REPLAY_WAIT;
	}
	return REPLAY_GO;
}

static void settle(struct replay *r)
{
	if (r->oom) {
		err_set(&r->err, ERR_MACHINE, "out of memory");
		r->failed = r->stopped = true;
	}
	if (replay_done(r)) {
		sim_cancel(r->k, &r->watchdog);
		sim_cancel(r->k, &r->timer);
	}
}

static void pump(struct sim_event *ev)
{
	struct replay *r = container_of(ev, struct replay, kick);

	while (!r->ended && !r->stopped && !r->oom) {
		if (!r->have_rec && fetch(r) == REPLAY_STOP)
			break;
		if (may_go(r) != REPLAY_GO || execute(r) != REPLAY_GO)
			break;
		r->have_rec = false;
		r->stalled = false;
		r->st->records++;
		r->moves++;
	}
	if (r->ended)
		r->have_rec = false;
	settle(r);
}

void replay_wake(struct replay *r)
{
	r->moves++;
	if (r->started && !r->stopped && !sim_pending(&r->kick))
		sim_at(r->k, sim_now(r->k), &r->kick);
}

static void timer(struct sim_event *ev)
{
	replay_wake(container_of(ev, struct replay, timer));
}

static void watchdog(struct sim_event *ev)
{
	struct replay *r = container_of(ev, struct replay, watchdog);
	bool waits = r->n_flying || r->cmd_unit || (r->have_rec && !sim_pending(&r->timer));

	if (waits && r->moves == r->moves_seen) {
		r->failed = r->stopped = true;
		err_set(&r->err, 1, "no progress for %llu ps with %llu DMAs in flight%s", (unsigned long long)r->cfg.stuck_ps,
			(unsigned long long)r->n_flying, r->cmd_unit ? " and commands unfinished" : "");
		plat_stuck(r->p);
		sim_stop(r->k);
		return;
	}
	r->moves_seen = r->moves;
	sim_at(r->k, sim_now(r->k) + r->cfg.stuck_ps, &r->watchdog);
}

bool replay_done(const struct replay *r)
{
	if (r->stopped)
		return true;
	return r->ended && !r->n_flying && (!r->cmd_unit || r->cmd_unit->ops->commands_idle(r->cmd_unit));
}

bool replay_start(struct replay *r, plat_source_fn *src, void *arg, struct err *e)
{
	if (r->started)
		return err_set(e, ERR_INPUT, "a platform replays one trace");
	r->started = true;
	r->src = src;
	r->src_arg = arg;
	sim_event_init(&r->kick, pump);
	sim_event_init(&r->timer, timer);
	sim_event_init(&r->watchdog, watchdog);
	r->kick.prio = PRIO_REPLAY;
	r->watchdog.prio = PRIO_WATCHDOG;
	replay_wake(r);
	if (r->cfg.stuck_ps)
		sim_at(r->k, sim_now(r->k) + r->cfg.stuck_ps, &r->watchdog);
	return true;
}
