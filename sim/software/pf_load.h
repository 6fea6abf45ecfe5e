/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pf_load.h - devices that touch pages, and the page-fault handler of pf_host.h, on a machine made by run_build(): one experiment.
 * Models: devices that walk through the pages of their address spaces, closed loop or at a period; every answer is compared with where the
 * handler has put the page.
 * Does not model: pages taken away again.
 */
#ifndef IOMMUSIM_PF_LOAD_H
#define IOMMUSIM_PF_LOAD_H
#include "software/pf_host.h"
#include "software/platform.h"

#define PF_LOAD_STATS(X)                                                                     \
	X(wanted, "count", "DMA operations")                                                     \
	X(done, "count", "DMA operations that succeeded")                                        \
	X(failed, "count", "DMA operations that failed")                                         \
	X(failed_wrongly, "count", "of these, those whose pages all exist")                      \
	X(misplaced, "count", "DMA operations that met another page than their own")             \
	X(unfinished, "count", "DMA operations without an end when nothing moved any more")      \
	X(most_waiting, "count", "most DMA operations of one device waiting to be taken by it")
struct pf_load_stats {
	PF_LOAD_STATS(STAT_DECL)
	struct hist latency_ps; /* wanted to done */
};
extern const struct stat_def pf_load_stat_defs[];

struct pf_load;
struct pf_load_dev {
	struct sim_event ev;
	struct pf_load *l;
	uint32_t dev, due, issued; /* DMAs wanted so far; handed to the device */
	struct hist latency_ps;
	uint64_t t_first, t_last; /* ps: the first wanted, the last done */
};
struct pf_load {
	const struct pf_cfg *c;
	struct plat *p;
	struct pf_host h;
	struct pf_load_stats st;
	struct pf_load_dev *dev;
	struct err err; /* of a DMA that could not be issued */
};
/** pf_load_init() - @p has one unit in reset, whose messages must reach pf_load_msi(). @dev: what its devices are (plat_cfg.dev_default). */
bool pf_load_init(struct pf_load *l, const struct pf_cfg *c, struct plat *p, const struct dev_cfg *dev, uint64_t seed, struct err *e) MUST_USE;
void pf_load_msi(struct pf_load *l, uint64_t addr);
/** pf_load_run() - until every DMA has ended, or nothing moves, or none has ended for @stuck_ps (0: no limit), or @until_ps (0: never). */
bool pf_load_run(struct pf_load *l, uint64_t until_ps, uint64_t stuck_ps, struct err *e) MUST_USE;
bool pf_load_list_stats(struct pf_load *l, struct stat_reg *r) MUST_USE;
void pf_load_fini(struct pf_load *l);
#endif
