/* SPDX-License-Identifier: Apache-2.0 */
/* ord_text.h - a finding of the ordering checker for people. */
#ifndef IOMMUSIM_ORD_TEXT_H
#define IOMMUSIM_ORD_TEXT_H
#include <stdio.h>
#include "check/ord.h"

extern const char *const ord_state_name[]; /* of struct ord_step.state */
/** ord_fails() - a VIOLATION or MANIFEST of severity CRITICAL or HIGH. */
bool ord_fails(const struct ord_finding *f);
/** ord_text() - several lines; @file: what its lines are lines of; @place: what a line is called in the history ("line", "call"). */
void ord_text(const struct ord_finding *f, const char *file, const char *place, FILE *o);
/** ord_text_history() - one line without its end; nothing if it has none. */
void ord_text_history(const struct ord_finding *f, const char *place, FILE *o);
#endif
