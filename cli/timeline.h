/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h - `run --timeline F.iotl|F.json|F.vcd`: what a machine does over time, as a recording, for Perfetto (Chrome trace events) or for a waveform
 * viewer; `timeline` makes the last two of a recording.
 * Shown: every request from its arrival at a unit until its data has moved, phase by phase; walkers and the reads of each walk; miss queue; commands from
 * tail write until the queue is idle; invalidate requests and page requests with their answers; interrupt messages.
 * Not shown: the way from the device to the unit, hits in a device's own cache, lookups in single caches, stores of software.
 */
#ifndef IOMMUSIM_TIMELINE_H
#define IOMMUSIM_TIMELINE_H
#include "software/platform.h"
#include <stdio.h>

enum { TL_EVENTS = 2000000 /* more are left out of F.json and F.vcd, with a note */, TL_MAX_WALKERS = 64 /* wires of single walkers in a VCD */ };
struct timeline;
enum tl_form { TL_NO_FORM, TL_IOTL, TL_JSON, TL_VCD };
/** timeline_form() - of a file of that name. */
enum tl_form timeline_form(const char *path);
/** timeline_create() - opens @path and looks at every unit of @p from now on. Before oracle_create(), if both are wanted. */
struct timeline *timeline_create(struct plat *p, const char *path, struct err *e) MUST_USE;
/** timeline_finish() - ends the file. Call it when nothing runs any more. */
bool timeline_finish(struct timeline *t, struct err *e) MUST_USE;
void timeline_destroy(struct timeline *t);
/** timeline_convert() - @from, a recording, to @to, F.json or F.vcd: what begins from @first to @last (ps), both included. */
bool timeline_convert(const char *from, const char *to, uint64_t first, uint64_t last, struct err *e) MUST_USE;
#endif
