/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_kernel.h - the event queue: deterministic by (time, priority, sequence).
 * Models: absolute time in ps, events embedded in their owners (no allocation per event).
 * Does not model: wall-clock time; who paces the queue (native loop or SystemC) is the host's business.
 */
#ifndef IOMMUSIM_SIM_KERNEL_H
#define IOMMUSIM_SIM_KERNEL_H
#include "core/base/util.h"

struct sim_event;
typedef void sim_fn(struct sim_event *e); /* the owner is container_of(e, ...) */
struct sim_event {
	struct sim_event *next, **pprev; /* in the queue's lists; pprev: of far events only */
	sim_fn *fn;
	sim_time at;
	uint64_t seq;
	uint32_t prio; /* smaller runs first at the same time; default 0 */
	uint16_t where; /* private to the queue */
	bool queued;
};
struct sim_kernel; /* opaque */

struct sim_kernel *sim_kernel_create(void);
void sim_kernel_destroy(struct sim_kernel *k); /* NULL-safe; pending events are simply forgotten */
static inline void sim_event_init(struct sim_event *e, sim_fn *fn)
{
	*e = (struct sim_event){ .fn = fn };
}
/** sim_now() - current time, ps. */
sim_time sim_now(const struct sim_kernel *k);
/** sim_at() - schedule idle event @e at @t >= now. */
void sim_at(struct sim_kernel *k, sim_time t, struct sim_event *e);
/** sim_cancel() - Returns: false if @e was idle. */
bool sim_cancel(struct sim_kernel *k, struct sim_event *e);
static inline bool sim_pending(const struct sim_event *e)
{
	return e->queued;
}
/** sim_next() - time of the earliest event. Returns: false if there is none. For hosts only. */
bool sim_next(struct sim_kernel *k, sim_time *t);
/** sim_run_until() - run every event with at <= @t in order, then set now to @t; sim_stop() ends it early. */
void sim_run_until(struct sim_kernel *k, sim_time t);
/** sim_run_one() - run exactly the earliest event (now becomes its time). Returns: false if there is none. */
bool sim_run_one(struct sim_kernel *k);
/** sim_run() - run until the queue is empty or sim_stop() was called by an event. */
void sim_run(struct sim_kernel *k);
void sim_stop(struct sim_kernel *k);
/** sim_events_run() - number of events executed so far. */
uint64_t sim_events_run(const struct sim_kernel *k);
#endif
