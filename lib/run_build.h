/* SPDX-License-Identifier: Apache-2.0 */
/* run_build.h - a platform with the units of a configuration. */
#ifndef IOMMUSIM_RUN_BUILD_H
#define IOMMUSIM_RUN_BUILD_H
#include "config.h"
#include "core/stat/stat.h"

/** run_build() - @hooks and @c are borrowed and outlive the platform. Returns: NULL and @e, with @reg empty or to be freed by stat_fini(). */
struct plat *run_build(struct run_cfg *c, const struct plat_hooks *hooks, struct stat_reg *reg, struct err *e) MUST_USE;
#endif
