/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_kernel.c - the event queue: a near wheel with a far radix wheel behind it.
 *
 * Near: 4096 slots of 64 ps, a ring that starts at `base`, the time of the last event taken (<= now). A slot is a list, newest first; the
 * slot that holds the earliest event is put in the order (time, priority, sequence) when it becomes that, and kept so (`sorted`).
 * Far: what lies beyond the ring (262 ns). Eleven levels of 64 slots; a level is one base-64 digit of the time in ps. An event
 * lies at the highest digit in which its time differs from `far_base`, in the slot of that digit's value. So everything at a
 * lower level is earlier than everything at a higher one, and the slots of a level are in time order: the first far slot is
 * two bit scans away, whatever the distance in time. When a far event is taken, the rest of its slot moves nearer; an
 * event moves at most once per level, and with delays below 262 ns never. Far lists are linked both ways: most timers are cancelled.
 * Peeking moves nothing: a host may still schedule before the event it was shown.
 */
#include "core/kernel/sim_kernel.h"
#include <stdlib.h>

enum { NEAR_PS_LG2 = 6, NEAR_SLOTS = 4096, NEAR_WORDS = NEAR_SLOTS / 64, DIGIT = 6, FAR_SLOTS = 1 << DIGIT, LEVELS = 11, SHORT = 16 };

struct sim_kernel {
	sim_time now, base, far_base; /* far_base <= base <= now */
	sim_time far_min; /* no far event is earlier; SIM_NEVER_PS if there is none */
	struct sim_event *first; /* the earliest event, NULL: not known */
	uint32_t sorted; /* the near slot whose list is in order; others need not be. NEAR_SLOTS: none is */
	struct sim_event *last; /* of that list, if it is not empty */
	uint64_t seq, run;
	bool stop;
	uint64_t near_words; /* bit w: near_map[w] is not zero */
	uint32_t levels; /* bit l: far_map[l] is not zero */
	uint64_t near_map[NEAR_WORDS]; /* one bit per slot that holds events */
	uint64_t far_map[LEVELS];
	struct sim_event *slot[NEAR_SLOTS + LEVELS * FAR_SLOTS]; /* each a list; an empty one is NULL */
};

struct sim_kernel *sim_kernel_create(void)
{
	struct sim_kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->far_min = SIM_NEVER_PS;
	k->sorted = NEAR_SLOTS;
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

static inline void push(struct sim_event **list, struct sim_event *e)
{
	e->next = *list;
	*list = e;
}

/* Two lists in order made one. */
static struct sim_event *merge(struct sim_event *a, struct sim_event *b)
{
	struct sim_event *list, **at = &list;

	while (a && b) {
		struct sim_event **first = earlier(b, a) ? &b : &a;

		*at = *first;
		at = &(*first)->next;
		*first = *at;
	}
	*at = a ? a : b;
	return list;
}

/* Lists are short mostly, but all devices may start at one time. @run[i]: nothing, or 2^i events in order. */
static struct sim_event *sort(struct sim_event *list)
{
	struct sim_event *run[32] = { NULL }, *next;
	unsigned i, n = 0;

	for (; list; list = next) {
		next = list->next;
		list->next = NULL;
		for (i = 0; run[i]; i++) {
			list = merge(run[i], list);
			run[i] = NULL;
		}
		run[i] = list;
		n = i < n ? n : i + 1;
	}
	for (i = 0; i < n; i++)
		list = merge(run[i], list);
	return list;
}

/* Put @e into the slot that is in order, no earlier than @at says. */
static inline void insert(struct sim_kernel *k, struct sim_event **at, struct sim_event *e)
{
	while (*at && earlier(*at, e))
		at = &(*at)->next;
	push(at, e);
	if (!e->next)
		k->last = e;
}

static inline void insert_sorted(struct sim_kernel *k, struct sim_event *e)
{
	struct sim_event **list = &k->slot[k->sorted];

	insert(k, *list && earlier(k->last, e) ? &k->last->next : list, e);
}

/* A slot of more than two. */
static __attribute__((noinline)) void sort_many(struct sim_kernel *k, struct sim_event **list)
{
	struct sim_event *o = *list, *next;

	*list = NULL;
	for (unsigned n = 0; o; o = next) {
		next = o->next;
		if (UNLIKELY(n++ == SHORT)) {
			*list = merge(*list, sort(o));
			while (k->last->next)
				k->last = k->last->next;
			return;
		}
		insert(k, list, o);
	}
}

/* The slot of the earliest event is to be in order. */
static inline void sort_slot(struct sim_kernel *k, uint32_t i)
{
	struct sim_event **list = &k->slot[i], *a = *list, *b = a->next;

	k->sorted = i;
	k->last = a;
	if (!b)
		return;
	if (b->next) {
		sort_many(k, list);
	} else if (earlier(b, a)) {
		*list = b;
		b->next = a;
		a->next = NULL;
	} else {
		k->last = b;
	}
}

static void place_far(struct sim_kernel *k, struct sim_event *e)
{
	unsigned level = (63u - (unsigned)__builtin_clzll((e->at ^ k->far_base) | 1)) / DIGIT;
	unsigned digit = e->at >> (level * DIGIT) & (FAR_SLOTS - 1);

	e->where = NEAR_SLOTS + level * FAR_SLOTS + digit;
	if (e->at < k->far_min)
		k->far_min = e->at;
	k->far_map[level] |= UINT64_C(1) << digit;
	k->levels |= 1u << level;
	push(&k->slot[e->where], e);
	e->pprev = &k->slot[e->where];
	if (e->next)
		e->next->pprev = &e->next;
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
	k->near_map[i / 64] |= UINT64_C(1) << (i % 64);
	k->near_words |= UINT64_C(1) << (i / 64);
	if (UNLIKELY(i == k->sorted))
		insert_sorted(k, e);
	else
		push(&k->slot[i], e);
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

/* @at: the link that leads to @e in its slot. */
static inline void unlink_near(struct sim_kernel *k, struct sim_event **at, struct sim_event *e)
{
	*at = e->next;
	e->queued = false;
	if (e->next)
		return;
	if (at == &k->slot[e->where])
		slot_empty(k, e->where);
	else if (e->where == k->sorted)
		k->last = container_of(at, struct sim_event, next);
}

static void unlink_far(struct sim_kernel *k, struct sim_event *e)
{
	*e->pprev = e->next;
	e->queued = false;
	if (e->next)
		e->next->pprev = e->pprev;
	else if (!k->slot[e->where])
		slot_empty(k, e->where);
}

static void unlink_any(struct sim_kernel *k, struct sim_event *e)
{
	struct sim_event **at = &k->slot[e->where];

	if (e->where >= NEAR_SLOTS) {
		unlink_far(k, e);
		return;
	}
	while (*at != e)
		at = &(*at)->next;
	unlink_near(k, at, e);
}

static inline struct sim_event *near_first(struct sim_kernel *k)
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
	w *= 64;
	if (m & (m - 1)) /* the slot after it, whose turn is next: with many pending its events have left the host's first cache */
		__builtin_prefetch(k->slot[w + (unsigned)__builtin_ctzll(m & (m - 1))]);
	w += (unsigned)__builtin_ctzll(m);
	if (w != k->sorted)
		sort_slot(k, w);
	return k->slot[w];
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
	e = k->slot[NEAR_SLOTS + level * FAR_SLOTS + (unsigned)__builtin_ctzll(k->far_map[level])];
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
	o = k->slot[where];
	k->slot[where] = NULL;
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

	if (LIKELY(where < NEAR_SLOTS))
		unlink_near(k, &k->slot[where], e);
	else
		unlink_far(k, e);
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
	e->queued = true;
	place(k, e);
	if (k->first && earlier(e, k->first))
		k->first = NULL; /* its slot need not be in order */
}

bool sim_cancel(struct sim_kernel *k, struct sim_event *e)
{
	if (!sim_pending(e))
		return false;
	if (k->first == e)
		k->first = NULL;
	unlink_any(k, e);
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
