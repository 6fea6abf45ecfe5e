/* SPDX-License-Identifier: Apache-2.0 */
/* plat_int.h - private to platform.c, plat_env.c and plat_dev.c: what a platform holds. */
#ifndef IOMMUSIM_PLAT_INT_H
#define IOMMUSIM_PLAT_INT_H
#include "software/replay.h"

struct unit_rec {
	struct plat *p;
	struct iommu *u;
	unsigned index;
};
struct dev_rec {
	struct plat *p;
	struct dev *d;
	struct iommu *u;
	uint64_t key; /* unit << 32 | rid */
	char path[32];
};
struct plat {
	struct plat_cfg cfg;
	struct plat_hooks hook;
	struct sim_kernel *k;
	struct mem *mem;
	struct mem_port port;
	bool have_port, verify, warm;
	struct unit_rec **unit;
	struct dev_rec **dev, *last; /* in order of first use; last: the one looked up most recently */
	uint32_t *hash; /* index into dev, plus 1; 0: empty */
	size_t n_unit, n_dev, cap_dev, hash_size;
	struct stat_reg *reg;
	struct plat_stats st;
	struct plat_verify ver;
	sim_time stat_start;
	struct replay r;
	struct flight *aside;
	struct wordset is_aside, held; /* of flights: those aside; those with requests held back, once for each */
	uint64_t n_held; /* requests */
	bool end_noted;
};
/* plat_env.c: what is outside a unit, and DMAs that are held back. */
struct iommu_env plat_env(struct unit_rec *r);
void plat_take_back(struct plat *p, struct flight *f); /* in flight again: the words it uses are those that the tables have from now on */
dev_stuck_fn plat_dev_stuck;
dev_held_fn plat_dev_held;
/* platform.c: a device is through with a DMA; a packet was dropped. */
dev_done_fn plat_dma_done;
dev_dropped_fn plat_dev_dropped;
#endif
