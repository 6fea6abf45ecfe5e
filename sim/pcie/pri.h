/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pri.h - page requests of a device: configuration and statistics.
 * Models: groups (PRG index, L on the last request), credits for pages as the lower of capacity and allocation, PASID, responses
 * Success (translate again), Invalid Request (the DMA fails) and Response Failure (page requests stop), unexpected responses, stop
 * markers. A request that waits for software counts as held back (dev.h), so that a replay does not wait for it.
 * Does not model: a time-out of a page request (the specification has none), sharing of credits between functions.
 * Spec: PCI Express Base, ch. 10 "ATS Specification": "Page Request Services".
 */
#ifndef IOMMUSIM_PRI_H
#define IOMMUSIM_PRI_H
#include "core/iommu.h"

enum { PRI_MAX_GROUP = 32, PRI_INDICES = 512 };
struct pri_cfg {
	uint32_t capacity, allocation; /* pages outstanding: what the function can, what the host allows */
	uint32_t group; /* pages of one DMA asked for together */
	uint32_t retries; /* page requests for one request before it fails; 0: no limit */
	bool enabled, resp_pasid, stop_marker;
};
#define PRI_STATS(X)                                                                               \
	X(requests, "count", "page requests sent")                                                 \
	X(groups, "count", "groups of page requests sent")                                         \
	X(merged, "count", "requests that joined a group already outstanding")                     \
	X(success, "count", "groups answered Success")                                             \
	X(invalid, "count", "groups answered Invalid Request")                                     \
	X(failure, "count", "groups answered Response Failure")                                    \
	X(uprgi, "count", "responses for a group that is not outstanding")                         \
	X(credit_waits, "count", "requests that waited for a credit or a group index")             \
	X(given_up, "count", "requests that failed after too many page requests")                  \
	X(stop_markers, "count", "stop markers sent")
struct pri_stats {
	PRI_STATS(STAT_DECL)
	struct hist latency_ps; /* group sent to response received */
};
extern const struct stat_def pri_stat_defs[];
#endif
