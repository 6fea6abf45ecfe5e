/* SPDX-License-Identifier: Apache-2.0 */
/* run_verify.h - what `run --verify` and sweeps share: rows of its counters, and which fault codes mean the same. */
#ifndef IOMMUSIM_RUN_VERIFY_H
#define IOMMUSIM_RUN_VERIFY_H
#include "software/platform.h"

/** run_same_fault() - for struct plat_hooks: does the unit's code @got mean what the source called @expected? */
bool run_same_fault(void *arg, const struct iommu *u, unsigned expected, unsigned got);
extern const struct stat_def run_verify_defs[]; /* of struct plat_verify */
#endif
