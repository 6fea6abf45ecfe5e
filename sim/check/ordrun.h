/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordrun.h - ordering events while a run goes on: the records that a replay executes, in their order, and what the unit said of its commands.
 * A record is looked at when it has taken effect, behind what the unit has completed until then (ordhw_progress()).
 * Does not model: more than one unit, errors of AMD-Vi commands.
 */
#ifndef IOMMUSIM_ORDRUN_H
#define IOMMUSIM_ORDRUN_H
#include "check/ordhw.h"
#include "software/platform.h"

struct ordrun;
/** ordrun_create() - @arch as in ordhw_open(). @p: borrowed. */
struct ordrun *ordrun_create(struct plat *p, const char *arch, const struct ordhw_ops *o, struct err *e) MUST_USE;
/** ordrun_next() - @rec is about to be handed to the platform, so the one before has taken effect. */
bool ordrun_next(struct ordrun *r, const struct trc_rec *rec) MUST_USE;
/** ordrun_finish() - after the run. */
bool ordrun_finish(struct ordrun *r) MUST_USE;
struct ordhw *ordrun_hw(struct ordrun *r);
void ordrun_destroy(struct ordrun *r);
#endif
