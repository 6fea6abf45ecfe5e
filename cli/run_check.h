/* SPDX-License-Identifier: Apache-2.0 */
/* run_check.h - `run --check`: the ordering rules while a run goes on, and what they and the oracle say of the same stores. */
#ifndef IOMMUSIM_RUN_CHECK_H
#define IOMMUSIM_RUN_CHECK_H
#include "check/oracle.h"

struct run_check;
/** run_check_start() - @knobs: "K=V,K=V" or NULL. Returns: NULL and @e. */
struct run_check *run_check_start(struct plat *p, const char *knobs, struct err *e) MUST_USE;
/** run_check_next() - @rec is about to be handed to the platform. Returns: as a source of records, 1 or -1. */
int run_check_next(struct run_check *r, const struct trc_rec *rec, struct err *e) MUST_USE;
/** run_check_end() - after the run. */
bool run_check_end(struct run_check *c, struct err *e) MUST_USE;
/** run_check_print() - findings, and with @o which of them the oracle saw used. Returns: violations of severity CRITICAL and HIGH. */
uint64_t run_check_print(struct run_check *c, const struct oracle *o, const char *trace);
void run_check_free(struct run_check *c);
#endif
