/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform.h - a machine (memory, units, devices on one event queue) and the replay of a trace on it.
 * Names no vendor: whoever builds the platform hands in the units.
 *
 * Replay order of a trace without times (DESIGN 5): a DMA issues after all earlier stores and MMIO writes; a store waits for the
 * earlier DMAs that use the words it changes (order = words) or for all earlier DMAs (order = all); an MMIO write to a register other than a
 * queue tail waits for all earlier DMAs; after an MMIO write every later line waits until the unit's commands are finished.
 * (not if the driver model does not wait for it, drv_break.h).
 * A DMA that a unit holds back for software (a stall) counts as done in all of this until it goes on, and so do the DMAs of a device
 * that cannot move because of it. Those still held back at the end of the trace are counted and noted, they are no error.
 */
#ifndef IOMMUSIM_PLATFORM_H
#define IOMMUSIM_PLATFORM_H
#include "core/trace/trc.h"
#include "pcie/dev.h"

enum { REPLAY_ORDER_WORDS, REPLAY_ORDER_ALL };
struct replay_cfg {
	uint32_t order; /* REPLAY_ORDER_* */
	bool open_loop; /* use the times of the trace (records without one follow at once) */
	uint64_t warmup_dmas; /* statistics are reset when this many DMAs have completed */
	uint64_t until_ps; /* stop issuing at this time; 0: never */
	uint64_t stuck_ps; /* no progress for this long with work in flight: dump and stop */
};
extern const struct cfg_opt replay_opts[];
struct plat_cfg {
	uint64_t mem_size; /* bytes; 0: 2^64 */
	struct mem_port_cfg port;
	struct dev_cfg dev_default; /* for requesters not listed */
	struct dev_cfg *dev;
	size_t n_dev;
	struct replay_cfg replay;
	uint64_t seed;
	const struct mem_backend *backend; /* memory of somebody else, borrowed while plat_create() runs; NULL: our own */
};
extern const struct cfg_opt plat_opts[]; /* memory: size (mem_size) only; the port has mem_port_opts */
/* One difference between the trace's expectation and the model. */
struct plat_diff {
	const struct trc_rec *rec;
	struct xl_res got;
};
/* Accept or refuse: does the unit's fault code @got mean what the source called @expected? */
struct plat_hooks {
	void *arg;
	bool (*same_fault)(void *arg, const struct iommu *u, unsigned expected, unsigned got); /* NULL: equal numbers */
	void (*diff)(void *arg, const struct plat_diff *d);
	void (*progress)(void *arg, uint64_t dmas, uint64_t bytes_in); /* now and then */
	void (*note)(void *arg, const char *text); /* watchdog dumps and the like */
	void (*msi)(void *arg, unsigned unit, uint64_t addr, uint32_t data); /* an interrupt message of a unit */
	void (*fault)(void *arg, unsigned unit, const struct xl_req *q, const struct xl_res *r); /* a request that a unit refused */
	void (*queue)(void *arg, unsigned unit); /* as iommu_env.progress */
	void (*guest_irq)(void *arg, unsigned unit, unsigned guest); /* as iommu_env.guest_irq */
};
struct plat_verify { uint64_t agree, disagree, not_compared; };
struct plat_stats {
	uint64_t records, dmas, stores, mmio_writes, stalls_words, stalls_all, stalls_commands;
	uint64_t assumed_dir, assumed_len;
	uint64_t msi, faults;
	uint64_t stalled_at_end;
	uint64_t sim_ps; /* from the (re)start of statistics to the last completion */
};
extern const struct stat_def plat_stat_defs[];

/* Whoever wants to know what software does. Every pointer may be NULL. */
struct plat_watch {
	void *arg;
	void (*record)(void *arg, const struct trc_rec *r, bool tail); /* a store, page, register state or register write is about to take effect */
	void (*progress)(void *arg, unsigned unit); /* as iommu_env.progress */
};

/* A host that carries what goes between software, devices and units. Every pointer is set. */
struct plat_link {
	void *arg;
	void (*request)(void *arg, unsigned unit, struct xl *x); /* a device's request: must reach iommu_translate() at the present time */
	void (*access)(void *arg, unsigned unit, struct xl *x); /* the data of a translated one */
	void (*mmio_write)(void *arg, unsigned unit, uint32_t off, unsigned bytes, uint64_t v);
	uint64_t (*mmio_read)(void *arg, unsigned unit, uint32_t off, unsigned bytes);
};

struct plat; /* opaque */
/** plat_create() - memory, port and kernel; units are added before the first record. */
struct plat *plat_create(const struct plat_cfg *c, const struct plat_hooks *h, struct err *e) MUST_USE;
struct sim_kernel *plat_kernel(struct plat *p);
struct mem *plat_mem(struct plat *p);
/** plat_oom() - the host had no memory for a part of the machine: results are void. */
bool plat_oom(const struct plat *p);
struct mem_port *plat_port(struct plat *p);
/** plat_add_unit() - takes ownership of @u (destroyed with the platform); index in the order of the calls. */
bool plat_add_unit(struct plat *p, struct iommu *u, struct err *e) MUST_USE;
/** plat_unit() - unit @i, NULL if there is none. */
struct iommu *plat_unit(struct plat *p, unsigned i);
/** plat_find_device() - the device @rid behind @unit if the trace has named it, else NULL. */
struct dev *plat_find_device(struct plat *p, unsigned unit, uint32_t rid);
/** plat_watch() - call @w from now on (one watcher; copied; all NULL: none). */
void plat_watch(struct plat *p, const struct plat_watch *w);
/** plat_set_link() - everything goes by way of @l from now on (copied; no member NULL). Call it behind the last plat_add_unit(). */
void plat_set_link(struct plat *p, const struct plat_link *l);
/* The producer of records: a trace reader, a generator, or a software model. Same contract as trc_next(). */
typedef int plat_source_fn(void *arg, struct trc_rec *r, struct err *e);
/** plat_start() - begin to replay @src; plat_done() says when everything has finished. The host drains the kernel between. */
bool plat_start(struct plat *p, plat_source_fn *src, void *arg, bool verify, struct err *e) MUST_USE;
bool plat_done(const struct plat *p);
/** plat_stopped() - given up (no progress, bad record): what is left in the queue must not run. For hosts. */
bool plat_stopped(const struct plat *p);
/** plat_result() - after the end: false and @e if the source failed, the model got stuck, or a page of memory could not be made. Results so far stay valid. */
bool plat_result(struct plat *p, struct err *e) MUST_USE;
/** plat_run() - the native host: start, drain, result. */
bool plat_run(struct plat *p, plat_source_fn *src, void *arg, bool verify, struct err *e) MUST_USE;
/*
 * Live use, instead of a replay: the caller says what happens at the present time, and moves time on with the kernel's functions. Nothing waits.
 */
typedef void plat_dma_fn(void *arg, const struct trc_rec *dma, const struct xl_res *res);
/** plat_live() - a page, register state, store, register access or device event takes effect now; @value: what a register read gave. */
bool plat_live(struct plat *p, const struct trc_rec *r, uint64_t *value, struct err *e) MUST_USE;
/** plat_live_dma() - hand @dma to its device; @fn is called once, at the time it completes. Returns: 1, 0 if the device can take no more now, -1 and @e. */
int plat_live_dma(struct plat *p, const struct trc_rec *dma, plat_dma_fn *fn, void *arg, struct err *e) MUST_USE;
/** plat_dump() - what waits for what, as notes. */
void plat_dump(struct plat *p);
const struct plat_verify *plat_verified(const struct plat *p);
const struct plat_stats *plat_statistics(const struct plat *p);
/**
 * plat_stats_wrong() - NULL, or in @text which counters of memory, units, caches and devices contradict each other. Asserted at the end of a run
 * (plat_result()) unless built with NDEBUG. After a warm-up, which resets counters in the middle of things, nothing is compared.
 */
const char *plat_stats_wrong(struct plat *p, char *text, size_t size);
/** plat_register_stats() - every counter of memory, units and devices. */
bool plat_register_stats(struct plat *p, struct stat_reg *r) MUST_USE;
/** plat_on_reset() - called when warm-up ends, after the platform's own statistics were reset. */
void plat_set_stat_reg(struct plat *p, struct stat_reg *r); /* the registry to reset at the end of warm-up; borrowed */
void plat_destroy(struct plat *p);
#endif
