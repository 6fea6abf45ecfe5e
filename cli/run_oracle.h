/* SPDX-License-Identifier: Apache-2.0 */
/* run_oracle.h - `run --oracle`: what is printed, and the exit status. */
#ifndef IOMMUSIM_RUN_ORACLE_H
#define IOMMUSIM_RUN_ORACLE_H
#include "check/oracle.h"

enum { RUN_ORACLE_SHOWN = 20, RUN_ORACLE_LEGAL = 5 };
/** run_oracle_start() - watch @p, and list the counters as "oracle" in @reg. Returns: NULL and @e. */
struct oracle *run_oracle_start(struct plat *p, struct stat_reg *reg, struct err *e) MUST_USE;
/** run_oracle_print() - the first findings with their chains, then one line that counts; @trace: what lines are lines of. */
void run_oracle_print(struct oracle *o, const char *trace);
#endif
