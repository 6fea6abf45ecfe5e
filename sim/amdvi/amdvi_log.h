/* SPDX-License-Identifier: Apache-2.0 */
/* amdvi_log.h - private to amdvi_log.c and amdvi_ppr.c: one entry into the host's event log or PPR log, whichever of A and B is active. */
#ifndef IOMMUSIM_AMDVI_LOG_H
#define IOMMUSIM_AMDVI_LOG_H
#include "amdvi/amdvi_int.h"

enum amdvi_log_id { AMDVI_LOG_EVENT, AMDVI_LOG_PPR };
/** amdvi_log_put() - entry, tail, Status, interrupt, in this order. Returns: false if it was dropped. Counts overflows, not entries. */
bool amdvi_log_put(struct amdvi *v, enum amdvi_log_id id, const uint64_t rec[2]);
#endif
