/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pf_service.h - how long software takes for a page fault: fixed, uniform, exponential, or drawn from a table of percentiles.
 * Models: independent draws. A table is read as a distribution function with straight lines between its points.
 * Does not model: correlation between faults (caches that warm up, storage that queues).
 * Units: ps.
 */
#ifndef IOMMUSIM_PF_SERVICE_H
#define IOMMUSIM_PF_SERVICE_H
#include "core/base/err.h"
#include "core/base/rng.h"

enum { PF_FIXED, PF_UNIFORM, PF_EXPONENTIAL, PF_TABLE };
enum { PF_POINTS = 32, PF_WHOLE = 100000 /* 100 % */ };
struct pf_service {
	uint32_t kind, n;
	uint64_t mean_ps, min_ps, max_ps; /* FIXED and EXPONENTIAL use the mean, UNIFORM the two others */
	struct pf_point { uint32_t share; uint64_t ps; } point[PF_POINTS]; /* TABLE: shares ascend from 0 to PF_WHOLE */
};
/** pf_service_table() - points from @text, "PERCENT:TIME,...", both ascending, from 0 to 100 percent. */
bool pf_service_table(struct pf_service *s, const char *text, struct err *e) MUST_USE;
uint64_t pf_service_draw(const struct pf_service *s, struct rng *r);
#endif
