/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - see replay.h for what is modelled and platform.h for the order of records. */
#include "software/replay.h"

#include <string.h>

enum { PAGE = 4096, PRIO_REPLAY = 1000, PRIO_WATCHDOG = 2000 };
enum verdict { GO, WAIT, STOP };

static bool fail(struct replay *r, const char *what)
{
	r->failed = r->stopped = true;
	return err_set(&r->err, ERR_INPUT, "record %llu of the trace: %s", (unsigned long long)r->rec.line, what);
}

static enum verdict fail_err(struct replay *r, const struct err *e)
{
	fail(r, e->msg);
	r->err.code = e->code;
	return STOP;
}

/* A record waits: counted once per record. */
static enum verdict wait_for(struct replay *r, uint64_t *counter)
{
	if (!r->stalled)
		++*counter;
	r->stalled = true;
	return WAIT;
}

/* ---- the words a translation uses ---- */

static struct xl_req request_of(const struct flight *f, uint64_t iova, uint8_t dir)
{
	const uint8_t acc = dir == 'w' ? XL_W : dir == 'x' ? XL_R | XL_X : dir == 'a' ? XL_R | XL_W | XL_ATOMIC : XL_R;
	bool pasid = f->rec.u.dma.pasid != TRC_NO_PASID;

	return (struct xl_req){ .iova = iova, .len = 1, .rid = f->rec.u.dma.rid, .pasid = pasid ? f->rec.u.dma.pasid : 0,
				.has_pasid = pasid, .acc = f->rec.u.dma.priv ? acc | XL_PRIV : acc, .at = f->rec.u.dma.at };
}

struct collector {
	struct replay *r;
	struct flight *f;
};

static void collect_word(void *arg, const struct xl *x)
{
	struct collector *c = arg;
	struct flight *f = c->f;

	for (unsigned i = 0; i < x->mem_words; i++) {
		if (f->n_word == f->cap_word) {
			uint32_t cap = f->cap_word ? 2 * f->cap_word : 64;
			uint64_t *w = realloc(f->word, cap * sizeof(*w));

			if (!w) {
				c->r->oom = true;
				return;
			}
			f->word = w;
			f->cap_word = cap;
		}
		if (!wordset_add(&c->r->words, x->mem_spa + 8 * i)) {
			c->r->oom = true;
			return;
		}
		f->word[f->n_word++] = x->mem_spa + 8 * i;
	}
}

/*
 * Collecting may wait for the first store that comes while the DMA is in flight: until then no word on its path has changed, so
 * the walk finds the same words as it would have found at issue. A trace of DMAs alone never pays for it.
 */
static void collect(struct replay *r, struct flight *f)
{
	struct collector c = { r, f };
	uint64_t first = f->rec.u.dma.iova & ~(uint64_t)(PAGE - 1);
	uint64_t pages = ((f->rec.u.dma.iova & (PAGE - 1)) + f->len + PAGE - 1) / PAGE;
	struct iommu *u = plat_unit(r->p, f->rec.unit);

	for (uint64_t i = 0; i < pages && !r->oom; i++) {
		struct xl_req q = request_of(f, i ? first + i * PAGE : f->rec.u.dma.iova, f->dir);
		struct xl_res res;

		iommu_walk_now(u, &q, &res, collect_word, &c);
	}
}

static bool word_in_use(struct replay *r, uint64_t pa)
{
	for (; r->fresh; r->fresh = r->fresh->next)
		collect(r, r->fresh);
	return wordset_has(&r->words, pa & ~UINT64_C(7));
}

/* ---- DMA ---- */

/*
 * A direction the source did not record: take the one the device assumes, unless exactly one of the two explains what the trace
 * expects (success, when it expects nothing).
 */
static uint8_t choose_dir(struct replay *r, const struct flight *f, const struct dev_cfg *c)
{
	uint8_t dir = c->unknown_dir ? 'w' : 'r', other = c->unknown_dir ? 'r' : 'w';
	bool want = f->rec.u.dma.expect != TRC_EXP_FAULT;
	struct iommu *u = plat_unit(r->p, f->rec.unit);
	struct xl_req q = request_of(f, f->rec.u.dma.iova, dir);
	struct xl_res res;

	iommu_walk_now(u, &q, &res, NULL, NULL);
	if (res.ok == want)
		return dir;
	q = request_of(f, f->rec.u.dma.iova, other);
	iommu_walk_now(u, &q, &res, NULL, NULL);
	return res.ok == want ? other : dir;
}

static struct flight *flight_new(struct replay *r)
{
	struct flight *f = r->spare;

	if (f)
		r->spare = f->next;
	else
		f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->n_word = 0;
	f->rec = r->rec;
	f->next = NULL;
	f->pprev = r->flying_tail;
	*r->flying_tail = f;
	r->flying_tail = &f->next;
	if (!r->fresh)
		r->fresh = f;
	r->n_flying++;
	return f;
}

static enum verdict do_dma(struct replay *r, plat_dma_fn *live, void *live_arg)
{
	struct err e; /* a kilobyte: not cleared for every record */
	struct dev *d;
	struct flight *f;
	struct dev_dma q;

	e.code = ERR_NONE;
	e.msg[0] = '\0';
	d = plat_device(r->p, r->rec.unit, r->rec.u.dma.rid, &e);
	if (!d)
		return fail_err(r, &e);
	if (!dev_can_accept(d))
		return WAIT;
	f = flight_new(r);
	if (!f) {
		r->oom = true;
		return STOP;
	}
	f->dev = d;
	f->live = live;
	f->live_arg = live_arg;
	f->dir = r->rec.u.dma.dir;
	q = (struct dev_dma){ .iova = r->rec.u.dma.iova, .len = r->rec.u.dma.len, .dir = f->dir, .at = r->rec.u.dma.at,
			      .priv = r->rec.u.dma.priv, .has_pasid = r->rec.u.dma.pasid != TRC_NO_PASID, .tag = (uintptr_t)f };
	q.pasid = q.has_pasid ? r->rec.u.dma.pasid : 0;
	f->len = r->rec.u.dma.len ? r->rec.u.dma.len : 1;
	r->st->assumed_len += !r->rec.u.dma.len;
	if (f->dir == '?') {
		f->dir = choose_dir(r, f, dev_config(d));
		r->st->assumed_dir++;
		dev_stats_of(d)->assumed_dir++;
		q.dir = f->dir;
	}
	r->st->dmas++;
	dev_submit(d, &q);
	return GO;
}

void replay_dma_done(struct replay *r, struct flight *f)
{
	for (uint32_t i = 0; i < f->n_word; i++)
		wordset_remove(&r->words, f->word[i]);
	if (r->fresh == f)
		r->fresh = f->next;
	*f->pprev = f->next;
	if (f->next)
		f->next->pprev = f->pprev;
	else
		r->flying_tail = f->pprev;
	f->next = r->spare;
	r->spare = f;
	r->n_flying--;
	r->moves++;
	r->dmas_done++;
	replay_wake(r);
}

/* ---- everything else ---- */

static inline void watch(struct replay *r, bool tail)
{
	if (UNLIKELY(r->watch.record != NULL))
		r->watch.record(r->watch.arg, &r->rec, tail);
}

static enum verdict do_store(struct replay *r)
{
	uint64_t pa = r->rec.u.store.pa;

	if (r->n_flying && r->cfg.order == REPLAY_ORDER_ALL)
		return wait_for(r, &r->st->stalls_all);
	if (r->n_flying && word_in_use(r, pa))
		return wait_for(r, &r->st->stalls_words);
	r->st->stores++;
	watch(r, false);
	if (mem_write_part(r->mem, pa, r->rec.u.store.bytes, r->rec.u.store.val) != MEM_OK) {
		fail(r, "store beyond the end of memory");
		return STOP;
	}
	return GO;
}

/* Before the first DMA: initial state. Later: a store to the whole page, which waits for everything. */
static enum verdict do_page(struct replay *r)
{
	if (r->n_flying)
		return wait_for(r, &r->st->stalls_all);
	watch(r, false);
	if (mem_write(r->mem, r->rec.u.page.pa, r->rec.u.page.w, PAGE / 8) != MEM_OK) {
		fail(r, "page beyond the end of memory");
		return STOP;
	}
	return GO;
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

static enum verdict do_mmio_write(struct replay *r, struct iommu *u)
{
	bool tail = u->ops->is_tail && u->ops->is_tail(u, r->rec.u.mmio.off);

	if (r->n_flying && !tail)
		return wait_for(r, &r->st->stalls_all);
	r->st->mmio_writes++;
	if (!r->rec.u.mmio.unwaited)
		r->cmd_unit = u;
	watch(r, tail);
	mmio_write(r, u);
	return GO;
}

/* A read with a known value waits for the earlier DMAs, because their faults may show in it. */
static enum verdict do_mmio_read(struct replay *r, struct iommu *u)
{
	uint64_t v;

	if (r->n_flying && r->rec.u.mmio.has_val)
		return wait_for(r, &r->st->stalls_all);
	v = mmio_read(r, u);
	if (r->rec.u.mmio.has_val)
		plat_read_checked(r->p, &r->rec, v);
	return GO;
}

static enum verdict do_regstate(struct replay *r, struct iommu *u)
{
	struct err e = { 0 };

	if (r->n_flying)
		return wait_for(r, &r->st->stalls_all);
	watch(r, false);
	if (!u->ops->restore(u, r->rec.u.reg.off, r->rec.u.reg.bytes, r->rec.u.reg.val, &e))
		return fail_err(r, &e);
	return GO;
}

/* Once it has begun to wait, r->delay_end says until when. */
static enum verdict do_delay(struct replay *r)
{
	sim_time now = sim_now(r->k);

	if (!r->delay_end && r->rec.u.delay_ps) {
		r->delay_end = now + r->rec.u.delay_ps;
		sim_cancel(r->k, &r->timer);
		sim_at(r->k, r->delay_end, &r->timer);
	}
	if (now < r->delay_end)
		return WAIT;
	r->delay_end = 0;
	return GO;
}

static enum verdict do_device(struct replay *r)
{
	struct err e = { 0 };

	if (!plat_device_event(r->p, r->rec.unit, r->rec.u.dev.rid, r->rec.u.dev.event, &e))
		return fail_err(r, &e);
	return GO;
}

static enum verdict execute(struct replay *r)
{
	struct iommu *u = plat_unit(r->p, r->rec.unit);

	if (!u && r->rec.kind != TRC_COMMENT && r->rec.kind != TRC_ORDER && r->rec.kind != TRC_COMMAND) {
		fail(r, "names a unit that the configuration does not have");
		return STOP;
	}
	switch (r->rec.kind) {
	case TRC_COMMENT:
	case TRC_ORDER: /* for the ordering checker only */
	case TRC_COMMAND:
		return GO;
	case TRC_PAGE:
		return do_page(r);
	case TRC_REGSTATE:
		return do_regstate(r, u);
	case TRC_DMA:
		return do_dma(r, NULL, NULL);
	case TRC_STORE:
		return do_store(r);
	case TRC_MMIO_WRITE:
		return do_mmio_write(r, u);
	case TRC_MMIO_READ:
		return do_mmio_read(r, u);
	case TRC_DEVICE:
		return do_device(r);
	case TRC_DELAY:
		return do_delay(r);
	default:
		fail(r, "a software-level record, which no software model has turned into stores");
		return STOP;
	}
}

/* ---- live use ---- */

bool replay_live(struct replay *r, const struct trc_rec *rec, uint64_t *value, struct err *e)
{
	struct iommu *u = plat_unit(r->p, rec->unit);
	bool tail;

	if (!u)
		return err_set(e, ERR_INPUT, "there is no unit %u", rec->unit);
	r->rec = *rec;
	switch (rec->kind) {
	case TRC_STORE:
		r->st->stores++;
		watch(r, false);
		return mem_write_part(r->mem, rec->u.store.pa, rec->u.store.bytes, rec->u.store.val) == MEM_OK ||
		       err_set(e, ERR_INPUT, "store to 0x%llx: bus error", (unsigned long long)rec->u.store.pa);
	case TRC_PAGE:
		watch(r, false);
		return mem_write(r->mem, rec->u.page.pa, rec->u.page.w, PAGE / 8) == MEM_OK ||
		       err_set(e, ERR_INPUT, "page 0x%llx: bus error", (unsigned long long)rec->u.page.pa);
	case TRC_MMIO_WRITE:
		tail = u->ops->is_tail && u->ops->is_tail(u, rec->u.mmio.off);
		r->st->mmio_writes++;
		watch(r, tail);
		mmio_write(r, u);
		return true;
	case TRC_MMIO_READ:
		*value = mmio_read(r, u);
		return true;
	case TRC_REGSTATE:
		watch(r, false);
		return u->ops->restore(u, rec->u.reg.off, rec->u.reg.bytes, rec->u.reg.val, e);
	case TRC_DEVICE:
		return plat_device_event(r->p, rec->unit, rec->u.dev.rid, rec->u.dev.event, e);
	default:
		return err_set(e, ERR_INPUT, "not a record that can take effect by itself");
	}
}

int replay_live_dma(struct replay *r, const struct trc_rec *rec, plat_dma_fn *fn, void *arg, struct err *e)
{
	struct dev *d;

	if (!plat_unit(r->p, rec->unit)) {
		err_set(e, ERR_INPUT, "there is no unit %u", rec->unit);
		return -1;
	}
	d = plat_device(r->p, rec->unit, rec->u.dma.rid, e);
	if (!d)
		return -1;
	if (!dev_can_accept(d))
		return 0;
	r->rec = *rec;
	if (do_dma(r, fn, arg) != GO) {
		err_set(e, ERR_MACHINE, "out of memory");
		return -1;
	}
	return 1;
}

/* ---- the loop ---- */

static enum verdict fetch(struct replay *r)
{
	struct err e; /* as in do_dma() */
	int got;

	e.code = ERR_NONE;
	e.msg[0] = '\0';
	got = r->src(r->src_arg, &r->rec, &e);
	if (got > 0) {
		r->have_rec = true;
		r->stalled = false;
		return GO;
	}
	r->ended = true;
	if (got < 0) {
		r->failed = true;
		r->err = e;
	}
	return STOP;
}

/* Time and commands, which any record may have to wait for. */
static enum verdict may_go(struct replay *r)
{
	sim_time now = sim_now(r->k);

	if (r->cfg.until_ps && now >= r->cfg.until_ps) {
		r->ended = true;
		return STOP;
	}
	if (r->cmd_unit && r->rec.kind != TRC_COMMENT) {
		if (!r->cmd_unit->ops->commands_idle(r->cmd_unit))
			return wait_for(r, &r->st->stalls_commands);
		r->cmd_unit = NULL;
	}
	if (r->cfg.open_loop && r->rec.kind != TRC_COMMENT && r->rec.at != TRC_NO_TIME && r->rec.at > now) {
		if (r->cfg.until_ps && r->rec.at >= r->cfg.until_ps) {
			r->ended = true;
			return STOP;
		}
		if (!sim_pending(&r->timer))
			sim_at(r->k, r->rec.at, &r->timer);
		return WAIT;
	}
	return GO;
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
		if (!r->have_rec && fetch(r) == STOP)
			break;
		if (may_go(r) != GO || execute(r) != GO)
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

static void free_list(struct flight *f)
{
	while (f) {
		struct flight *n = f->next;

		free(f->word);
		free(f);
		f = n;
	}
}

void replay_fini(struct replay *r)
{
	free_list(r->flying);
	free_list(r->spare);
	r->flying = r->spare = NULL;
	wordset_fini(&r->words);
}
