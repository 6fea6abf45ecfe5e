/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_kernel.c - the event queue: a near wheel with a far radix wheel behind it.
 *
 * Near: 4096 slots of 64 ps, a ring that starts at `base`, the time of the last event taken (<= now). A slot is a list in the
 * order (time, priority, sequence); new events mostly belong at its tail, where the search starts.
 * Far: what lies beyond the ring (262 ns). Eleven levels of 64 slots; a level is one base-64 digit of the time in ps. An event
 * lies at the highest digit in which its time differs from `far_base`, in the slot of that digit's value. So everything at a
 * lower level is earlier than everything at a higher one, and the slots of a level are in time order: the first far slot is
 * two bit scans away, whatever the distance in time. When a far event is taken, the rest of its slot moves nearer; an
 * event moves at most once per level, and with delays below 262 ns never.
 * Peeking moves nothing: a host may still schedule before the event it was shown.
 */
#include "core/kernel/sim_kernel.h"
#include <stdlib.h>

enum { NEAR_PS_LG2 = 6, NEAR_SLOTS = 4096, NEAR_WORDS = NEAR_SLOTS / 64, DIGIT = 6, FAR_SLOTS = 1 << DIGIT, LEVELS = 11 };

struct slot {
	struct sim_event *head, **tail; /* tail is where the next event is linked; valid only if the slot's bit is set */
};

struct sim_kernel {
	sim_time now, base, far_base; /* far_base <= base <= now */
	sim_time far_min; /* no far event is earlier; SIM_NEVER_PS if there is none */
	struct sim_event *first; /* the earliest event, NULL: not known */
	uint64_t seq, run;
	bool stop;
	uint64_t near_words; /* bit w: near_map[w] is not zero */
	uint32_t levels; /* bit l: far_map[l] is not zero */
	uint64_t near_map[NEAR_WORDS]; /* one bit per slot that holds events */
	uint64_t far_map[LEVELS];
	struct slot slot[NEAR_SLOTS + LEVELS * FAR_SLOTS];
};

struct sim_kernel *sim_kernel_create(void)
{
	struct sim_kernel *k = calloc(1, sizeof(*k));

	if (k)
		k->far_min = SIM_NEVER_PS;
	return k;
}

void sim_kernel_destroy(struct sim_kernel *k)
{
	free(k);
}

sim_time sim_now(const struct sim_kernel *k)
{
	return k->now;
}

uint64_t sim_events_run(const struct sim_kernel *k)
{
	return k->run;
}

static inline bool earlier(const struct sim_event *a, const struct sim_event *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	return a->prio != b->prio ? a->prio < b->prio : a->seq < b->seq;
}

static inline void slot_begin(struct slot *s, struct sim_event *e)
{
	e->next = NULL;
	e->pprev = &s->head;
	s->head = e;
	s->tail = &e->next;
}

static inline void slot_append(struct slot *s, struct sim_event *e)
{
	e->next = NULL;
	e->pprev = s->tail;
	*s->tail = e;
	s->tail = &e->next;
}

static void slot_insert(struct slot *s, struct sim_event *e)
{
	struct sim_event **at = s->tail;

	while (at != &s->head) {
		struct sim_event *before = container_of(at, struct sim_event, next);

		if (!earlier(e, before))
			break;
		at = before->pprev;
	}
	e->next = *at;
	e->pprev = at;
	*at = e;
	if (e->next)
		e->next->pprev = &e->next;
	else
		s->tail = &e->next;
}

static void place_far(struct sim_kernel *k, struct sim_event *e)
{
	unsigned level = (63u - (unsigned)__builtin_clzll((e->at ^ k->far_base) | 1)) / DIGIT;
	unsigned digit = e->at >> (level * DIGIT) & (FAR_SLOTS - 1);
	struct slot *s = &k->slot[NEAR_SLOTS + level * FAR_SLOTS + digit];

	e->where = NEAR_SLOTS + level * FAR_SLOTS + digit;
	if (e->at < k->far_min)
		k->far_min = e->at;
	if (k->far_map[level] >> digit & 1) {
		slot_append(s, e);
		return;
	}
	k->far_map[level] |= UINT64_C(1) << digit;
	k->levels |= 1u << level;
	slot_begin(s, e);
}

static inline void place(struct sim_kernel *k, struct sim_event *e)
{
	uint64_t n = e->at >> NEAR_PS_LG2;
	unsigned i = n % NEAR_SLOTS;

	if (UNLIKELY(n - (k->base >> NEAR_PS_LG2) >= NEAR_SLOTS)) {
		place_far(k, e);
		return;
	}
	e->where = i;
	if (k->near_map[i / 64] >> (i % 64) & 1) {
		slot_insert(&k->slot[i], e);
		return;
	}
	k->near_map[i / 64] |= UINT64_C(1) << (i % 64);
	k->near_words |= UINT64_C(1) << (i / 64);
	slot_begin(&k->slot[i], e);
}

static inline void slot_empty(struct sim_kernel *k, unsigned where)
{
	unsigned level;

	if (LIKELY(where < NEAR_SLOTS)) {
		k->near_map[where / 64] &= ~(UINT64_C(1) << (where % 64));
		k->near_words &= ~((uint64_t)!k->near_map[where / 64] << (where / 64));
		return;
	}
	level = (where - NEAR_SLOTS) / FAR_SLOTS;
	k->far_map[level] &= ~(UINT64_C(1) << (where % FAR_SLOTS));
	if (!k->far_map[level])
		k->levels &= ~(1u << level);
}

static inline void unlink_event(struct sim_kernel *k, struct sim_event *e)
{
	struct slot *s = &k->slot[e->where];

	*e->pprev = e->next;
	if (e->next)
		e->next->pprev = e->pprev;
	else
		s->tail = e->pprev;
	e->pprev = NULL;
	if (!s->head)
		slot_empty(k, e->where);
}

static inline struct sim_event *near_first(const struct sim_kernel *k)
{
	unsigned start = (k->base >> NEAR_PS_LG2) % NEAR_SLOTS, w = start / 64;
	uint64_t m = k->near_map[w] & ~UINT64_C(0) << (start % 64);
	uint64_t words = k->near_words, later = words & ~UINT64_C(1) << w;

	if (!words)
		return NULL;
	if (!m) { /* the next word in use, around the end of the ring; last of all the early bits of this one */
		w = (unsigned)__builtin_ctzll(later ? later : words);
		m = k->near_map[w];
	}
	return k->slot[w * 64 + (unsigned)__builtin_ctzll(m)].head;
}

/* The earliest far event; far_min becomes exact. */
static struct sim_event *far_first(struct sim_kernel *k)
{
	unsigned level;
	struct sim_event *e;

	if (!k->levels) {
		k->far_min = SIM_NEVER_PS;
		return NULL;
	}
	level = (unsigned)__builtin_ctz(k->levels);
	e = k->slot[NEAR_SLOTS + level * FAR_SLOTS + (unsigned)__builtin_ctzll(k->far_map[level])].head;
	for (struct sim_event *o = e->next; o; o = o->next)
		if (earlier(o, e))
			e = o;
	k->far_min = e->at;
	return e;
}

static inline struct sim_event *find_first(struct sim_kernel *k)
{
	struct sim_event *e = k->first, *f;

	if (e)
		return e;
	e = near_first(k);
	if (UNLIKELY(!e || e->at >= k->far_min)) {
		f = far_first(k);
		if (f && (!e || earlier(f, e)))
			e = f;
	}
	k->first = e;
	return e;
}

/* A far event was taken from slot @where: bring what else lies there nearer. No far event is earlier than far_base now. */
static void draw_near(struct sim_kernel *k, unsigned where)
{
	unsigned level = (where - NEAR_SLOTS) / FAR_SLOTS;
	struct sim_event *o, *next;

	k->far_base = k->base;
	k->far_min = k->base;
	if (!(k->far_map[level] >> (where % FAR_SLOTS) & 1))
		return;
	o = k->slot[where].head;
	slot_empty(k, where);
	for (; o; o = next) {
		next = o->next;
		place(k, o);
	}
}

/* Take the earliest event out and run it. */
static inline void run_first(struct sim_kernel *k, struct sim_event *e)
{
	unsigned where = e->where;

	unlink_event(k, e);
	k->first = NULL;
	k->now = e->at;
	k->base = e->at;
	if (UNLIKELY(where >= NEAR_SLOTS))
		draw_near(k, where);
	k->run++;
	e->fn(e);
}

void sim_at(struct sim_kernel *k, sim_time t, struct sim_event *e)
{
	SIM_ASSERT(!sim_pending(e));
	SIM_ASSERT(t >= k->now);
	e->at = t;
	e->seq = k->seq++;
	place(k, e);
	if (k->first && earlier(e, k->first))
		k->first = e;
}

bool sim_cancel(struct sim_kernel *k, struct sim_event *e)
{
	if (!sim_pending(e))
		return false;
	if (k->first == e)
		k->first = NULL;
	unlink_event(k, e);
	return true;
}

bool sim_next(struct sim_kernel *k, sim_time *t)
{
	const struct sim_event *e = find_first(k);

	if (!e)
		return false;
	*t = e->at;
	return true;
}

void sim_run_until(struct sim_kernel *k, sim_time t)
{
	struct sim_event *e;

	SIM_ASSERT(t >= k->now);
	k->stop = false;
	while (!k->stop && (e = find_first(k)) && e->at <= t)
		run_first(k, e);
	if (!k->stop)
		k->now = t;
}

bool sim_run_one(struct sim_kernel *k)
{
	struct sim_event *e = find_first(k);

	if (!e)
		return false;
	run_first(k, e);
	return true;
}

void sim_run(struct sim_kernel *k)
{
	struct sim_event *e;

	k->stop = false;
	while (!k->stop && (e = find_first(k)))
		run_first(k, e);
}

void sim_stop(struct sim_kernel *k)
{
	k->stop = true;
}
