/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread.h - a thread of software in simulated time: it stores to memory, accesses registers, polls a word, or computes, one step after
 * another, and each step takes its time. Guests, hypervisors and drivers that react to what the hardware does are made of these.
 * Models: the time of each kind of step; polling at an interval, with a time-out; sleeping until somebody wakes it.
 * Does not model: instructions, caches of the processor, scheduling (every thread has a processor of its own).
 * Units: ps, bytes.
 */
#ifndef IOMMUSIM_THREAD_H
#define IOMMUSIM_THREAD_H
#include "core/cfg/cfg.h"
#include "core/iommu.h"

struct thread_cfg {
	uint64_t store_ps; /* one store to memory */
	uint64_t load_ps; /* one load from memory */
	uint64_t mmio_write_ps; /* one posted register write, until the next step; it arrives at once */
	uint64_t mmio_read_ps; /* one register read */
	uint64_t poll_ps; /* between two looks at a word being polled */
};
#define THREAD_OPTS(t, m, p)                                                                                                                    \
	{ p "store_time", CFG_TIME, offsetof(t, m.store_ps), 1000, 0, 1000000000000, "ps", "One store to memory (assumed).", 0 },               \
	{ p "load_time", CFG_TIME, offsetof(t, m.load_ps), 2000, 0, 1000000000000, "ps", "One load from memory (assumed).", 0 },                \
	{ p "mmio_write_time", CFG_TIME, offsetof(t, m.mmio_write_ps), 100000, 0, 1000000000000, "ps", "One posted register write (assumed).", 0 }, \
	{ p "mmio_read_time", CFG_TIME, offsetof(t, m.mmio_read_ps), 800000, 0, 1000000000000, "ps", "One register read (assumed).", 0 },       \
	{ p "poll_time", CFG_TIME, offsetof(t, m.poll_ps), 50000, 1, 1000000000000, "ps", "Between two looks at a word that is polled (assumed).", 0 }

enum thread_op { TH_STORE, TH_LOAD, TH_MMIO_WRITE, TH_MMIO_READ, TH_POLL, TH_DELAY, TH_SLEEP, TH_END };
struct thread {
	/* the step that run() asked for */
	uint64_t addr; /* STORE, LOAD, POLL: memory; MMIO_*: register offset */
	uint64_t value; /* STORE, MMIO_WRITE: what is written; LOAD, MMIO_READ: what was read */
	uint64_t mask, want; /* POLL: until (word & mask) == want, or, with at_least, >= want */
	uint64_t ps; /* DELAY: how long; POLL: time-out, 0 none */
	uint8_t bytes; /* STORE, LOAD, POLL: 4 or 8; MMIO_*: 4 or 8 */
	bool at_least, timed_out; /* timed_out: answer of POLL */
	bool failed; /* the memory access was refused */
	/* Called when the step before is over: sets the members above and returns the next step. */
	enum thread_op (*run)(struct thread *t);
	struct iommu *u; /* whose registers */
	const struct thread_cfg *cfg;
	/* private to thread.c */
	struct sim_event ev;
	sim_time poll_since;
	uint8_t op;
	bool asleep, woken, ended;
};
/** thread_start() - the first step begins now. The caller set run, u and cfg, and zeroed the rest. */
void thread_start(struct thread *t);
/** thread_wake() - ends TH_SLEEP; remembered if the thread is not asleep. */
void thread_wake(struct thread *t);
void thread_stop(struct thread *t);
static inline bool thread_ended(const struct thread *t)
{
	return t->ended;
}
#endif
