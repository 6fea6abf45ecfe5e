/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_text.h - a finding of the oracle for people. */
#ifndef IOMMUSIM_ORACLE_TEXT_H
#define IOMMUSIM_ORACLE_TEXT_H
#include <stdio.h>
#include "check/oracle.h"

/** oracle_text() - several lines; @trace: what its lines are lines of. */
void oracle_text(const struct oracle_finding *f, const char *trace, FILE *o);
#endif
