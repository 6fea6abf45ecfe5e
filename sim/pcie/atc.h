/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atc.h - the translation cache of a requester: configuration and statistics.
 * Models: entries, ways, policy, latency and ports of the cache; tags with or without PASID; slices; sizes as completions give them;
 * Global lines; read-only lines asked for again when a write comes; translation requests limited in number, equal ones merged,
 * overtaken ones not used; prefetch of following pages; the duties of PCIe ATS on an invalidate request and ways to fail in them.
 * Does not model: several translations in one request (Length above 2 DW), No Snoop and memory attributes of a completion, a
 * completion time-out of a translation request, peer-to-peer traffic around the root complex, sharing of the cache between functions.
 * A device's own order: a request that hits may leave before an older one that waits for its translation.
 * U and Global of a completion are ATC_PERM_U and ATC_PERM_GLOBAL in res.perm. AMD-Vi sets U from host table entries; no unit sets Global (VT-d and
 * SMMUv3 answer 0).
 * Spec: PCI Express Base, ch. 10 "ATS Specification": "Translation Completion", "Invalidation Protocol", "ATC Invalidation".
 */
#ifndef IOMMUSIM_ATC_H
#define IOMMUSIM_ATC_H
#include "core/iommu.h"

enum { ATC_PERM_U = 32, ATC_PERM_GLOBAL = 64 };
enum { ATC_PART_NONE, ATC_PART_PASID, ATC_PART_ENGINE, ATC_PART_REQUEST };
enum { ATC_DENY_FAIL, ATC_DENY_UNTRANSLATED, ATC_DENY_PRI };
enum { ATC_OFF_COMPLETE, ATC_OFF_UR, ATC_OFF_SILENT };
enum { ATC_SCOPE_OWN, ATC_SCOPE_ALL };
enum { ATC_MAX_SLICES = 64 };
struct atc_cfg {
	struct xc_cfg cache; /* entries 0: no translation cache */
	uint64_t clock_ps;
	uint32_t partition, slices; /* ATC_PART_*; slices of equal size unless partition is none */
	uint32_t requests; /* translation requests in flight */
	uint32_t prefetch; /* pages */
	uint32_t stu; /* smallest translation unit = 4 KiB << stu */
	uint32_t on_no_access; /* ATC_DENY_* */
	uint32_t nopasid_scope; /* ATC_SCOPE_* */
	uint32_t tc_count; /* traffic classes, completions of one invalidation */
	uint32_t pasid_width;
	bool tag_pasid, page_aligned, global_inv, keeps_after_e0, translated_pasid;
};
#define ATC_STATS(X)                                                                               \
	X(lookups, "count", "requests that looked into the cache, retried ones again")              \
	X(hits, "count", "requests answered by a line")                                            \
	X(misses, "count", "requests not answered by a line")                                      \
	X(bypassed, "count", "requests sent untranslated because the cache was not to be used")     \
	X(requests, "count", "translation requests sent, prefetches included")                     \
	X(merged, "count", "misses that used another request's translation request")               \
	X(waited, "count", "misses that waited for a translation request to become free")          \
	X(prefetches, "count", "translation requests for pages nobody had asked for yet")          \
	X(fills, "count", "lines written")                                                         \
	X(poisoned, "count", "completions not used because an invalidation, a reset or the end of ATS overtook them") \
	X(no_access, "count", "requests whose translation did not grant what they need")           \
	X(untranslated, "count", "requests sent untranslated because the completion said so (U) or gave no access") \
	X(ur, "count", "translation requests answered by Unsupported Request")                      \
	X(ca, "count", "translation requests answered by Completer Abort")                          \
	X(bad_size, "count", "completions smaller than the smallest translation unit")              \
	X(failed, "count", "requests that failed in the device")
struct atc_stats {
	ATC_STATS(STAT_DECL)
	struct hist latency_ps; /* translation request sent to completion received */
};
extern const struct stat_def atc_stat_defs[];

/* Invalidate requests, with a translation cache or without one. */
#define INV_STATS(X)                                                                               \
	X(lines_dropped, "count", "lines removed by invalidate requests")                           \
	X(overtaken, "count", "translation requests in flight that an invalidate request met")       \
	X(read_waits, "count", "invalidations that waited for reads using an old address")          \
	X(write_waits, "count", "completions that waited for posted writes before them")            \
	X(completions, "count", "invalidate completions that reached the unit")                     \
	X(backpressured, "count", "invalidate requests that found the queue full and held up the link") \
	X(backpressure_ps, "ps", "time the link was held up")                                       \
	X(disabled, "count", "invalidate requests received while ATS was off")                      \
	X(silent, "count", "not answered: silent")                                                  \
	X(late, "count", "answered late")                                                           \
	X(wrong_itag, "count", "answered with a wrong ITag")                                        \
	X(unflushed, "count", "answered without removing anything")                                 \
	X(misordered, "count", "completions that overtook posted writes")                           \
	X(dropped, "count", "not answered: every n-th completion dropped")                          \
	X(ur, "count", "answered by Unsupported Request")                                           \
	X(removed, "count", "not answered: the device is gone")                                     \
	X(resets, "count", "function resets")                                                       \
	X(lost, "count", "invalidate requests forgotten by a reset or removal")
struct inv_stats {
	INV_STATS(STAT_DECL)
	struct hist latency_ps; /* request received to the last completion at the unit */
};
extern const struct stat_def inv_stat_defs[];
#endif
