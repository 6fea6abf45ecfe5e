/* SPDX-License-Identifier: Apache-2.0 */
/* run_out.h - the files `run` writes at its end: --stats F, and config.yaml and statistics in -o DIR. */
#ifndef IOMMUSIM_RUN_OUT_H
#define IOMMUSIM_RUN_OUT_H
#include "config.h"
#include "core/stat/stat.h"
#include "run_opts.h"

/** run_out_check() - before a long run, not behind it: make -o DIR, and see that there is a directory for every --stats. */
bool run_out_check(const struct run_opts *o, struct err *e) MUST_USE;
bool run_out_write(const struct run_opts *o, const struct run_cfg *c, const struct stat_reg *reg, struct err *e) MUST_USE;
#endif
