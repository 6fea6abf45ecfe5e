/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h - private to sim/software: the record that comes next, and what it has to wait for (platform.h states the order).
 * Models: the dependences software could have relied on; records take effect in trace order, one after the other; stores and
 * register accesses take no simulated time of their own.
 * Does not model: CPU timing, store buffers, write-combining.
 * A record takes effect after every model event of the same instant (the replay's event has a higher priority number).
 */
#ifndef IOMMUSIM_REPLAY_H
#define IOMMUSIM_REPLAY_H
#include "software/platform.h"
#include "software/wordset.h"

struct flight { /* a DMA between issue and completion */
	struct trc_rec rec;
	struct flight *next, **pprev;
	struct dev *dev;
	uint64_t *word; /* the words its translation uses; collected when the first store meets it */
	uint32_t n_word, cap_word;
	uint8_t dir; /* as submitted */
	uint32_t len; /* as timed */
	plat_dma_fn *live; /* live use: whom to tell; NULL: a DMA of the trace */
	void *live_arg;
};
struct replay {
	struct plat *p;
	struct replay_cfg cfg;
	struct sim_kernel *k;
	struct mem *mem;
	struct plat_stats *st;
	plat_source_fn *src;
	void *src_arg;
	struct trc_rec rec; /* the next record, if have_rec */
	bool have_rec, stalled /* already counted as waiting */, started, ended, stopped, failed, oom;
	sim_time delay_end; /* of a TRC_DELAY that waits; 0: none */
	struct iommu *cmd_unit; /* an MMIO write went there; wait until its commands are finished */
	struct sim_event kick, timer, watchdog;
	struct plat_watch watch;
	struct plat_link link; /* request NULL: none */
	struct flight *flying, **flying_tail, *spare;
	struct flight *fresh; /* the first of flying that is not collected: those behind it are not either */
	struct wordset words;
	uint64_t n_flying, moves, moves_seen; /* moves: whatever happened, for the watchdog */
	uint64_t dmas_done; /* since the start, warm-up included */
	struct err err;
};
bool replay_start(struct replay *r, plat_source_fn *src, void *arg, struct err *e) MUST_USE;
/** replay_wake() - something the next record may wait for has happened; it is looked at later in the same instant. */
void replay_wake(struct replay *r);
/* replay_dma.c: DMAs in flight, and the words their translations use. */
enum replay_verdict { REPLAY_GO, REPLAY_WAIT, REPLAY_STOP };
/** replay_dma() - issue the DMA that is the present record. REPLAY_STOP: @e says why not. */
enum replay_verdict replay_dma(struct replay *r, plat_dma_fn *live, void *live_arg, struct err *e) MUST_USE;
void replay_dma_done(struct replay *r, struct flight *f);
/** replay_word_in_use() - does a DMA in flight use the word at @pa? */
bool replay_word_in_use(struct replay *r, uint64_t pa);
void replay_dma_fini(struct replay *r);
/* Live use (plat_live(), plat_live_dma()). */
bool replay_live(struct replay *r, const struct trc_rec *rec, uint64_t *value, struct err *e) MUST_USE;
int replay_live_dma(struct replay *r, const struct trc_rec *rec, plat_dma_fn *fn, void *arg, struct err *e) MUST_USE;
bool replay_done(const struct replay *r);

/* What the replay needs of the platform (platform.c). */
struct iommu *plat_unit(struct plat *p, unsigned i); /* NULL: no such unit */
struct dev *plat_device(struct plat *p, unsigned unit, uint32_t rid, struct err *e); /* created on first use */
bool plat_device_event(struct plat *p, unsigned unit, uint32_t rid, unsigned event /* enum trc_dev_event */, struct err *e);
void plat_read_checked(struct plat *p, const struct trc_rec *r, uint64_t got);
void plat_stuck(struct plat *p);
#endif
