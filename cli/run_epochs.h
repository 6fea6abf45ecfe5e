/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_epochs.h - `run --epochs T --epochs-out F.csv`: what every statistic gained in each interval of simulated time. A row per interval, a column per
 * counter; a histogram has n and sum (their gain), a ratio is that of the interval ("" for 0/0). Percentiles of an interval are not written.
 */
#ifndef IOMMUSIM_RUN_EPOCHS_H
#define IOMMUSIM_RUN_EPOCHS_H
#include "core/base/err.h"
#include "core/kernel/sim_kernel.h"
#include "core/stat/stat.h"

enum { EPOCHS_MAX = 20000 };
struct epochs;
/** epochs_start() - look at @reg every @period from now on, while anything else is in the queue. */
struct epochs *epochs_start(struct sim_kernel *k, const struct stat_reg *reg, sim_time period, const char *path, struct err *e) MUST_USE;
/** epochs_finish() - the last, shorter interval, and the file. */
bool epochs_finish(struct epochs *ep, struct err *e) MUST_USE;
void epochs_destroy(struct epochs *ep);
#endif
