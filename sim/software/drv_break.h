/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_break.h - faults put into the drivers on purpose: a filter on the steps of an invalidation sequence (commands, waits, and the stores
 * in front of them) that leaves steps out, changes them, or brings them out of order, one row of DRV_BREAKS for each fault.
 * A sequence is what the driver does for one unmap or flush, for one detach (or ATS switched off), or behind one map. Of the sequences that
 * a fault concerns every software.break_every-th is broken. Bring-up and attach are never broken.
 * Where a fault changes the order, the device goes on meanwhile: what comes last comes behind the DMAs that follow in the trace, at most
 * DRV_GAP of them, and before the next record of another kind; at the end of the trace it does not come at all.
 * Does not model: commands that the unit refuses, entries changed while they are valid, page requests, queues of guests, time-outs.
 */
#ifndef IOMMUSIM_DRV_BREAK_H
#define IOMMUSIM_DRV_BREAK_H
#include "core/base/util.h"
#include <stddef.h>

enum { DRV_ON_VTD = 1, DRV_ON_SMMUV3 = 2, DRV_ON_AMDVI = 4, DRV_ON_ALL = 7 };
/* X(name, id, architectures, those where a stale use can follow, what the driver does, why not on the others) */
#define DRV_BREAKS(X) \
	X(GEN_ORD_01, "GEN-ORD-01", DRV_ON_ALL, DRV_ON_ALL, "unmap: the pages are free at once, the invalidations follow as under the lazy policy", "") \
	X(GEN_ORD_02, "GEN-ORD-02", DRV_ON_ALL, DRV_ON_ALL, "unmap: the entries are cleared in memory after the invalidations", "") \
	X(GEN_ORD_03, "GEN-ORD-03", DRV_ON_ALL, DRV_ON_ALL, "policy lazy: an IOVA is mapped again before its flush", "") \
	X(GEN_ORD_04, "GEN-ORD-04", DRV_ON_ALL, DRV_ON_ALL, "unmap: device caches are invalidated, with a wait, before the IOTLB", "") \
	X(GEN_ORD_05, "GEN-ORD-05", DRV_ON_ALL, DRV_ON_ALL, "unmap: no wait; the driver goes on at once", "") \
	X(GEN_ORD_06, "GEN-ORD-06", DRV_ON_ALL, DRV_ON_ALL, "unmap: of several IOMMUs only the domain's first is told", "") \
	X(GEN_ORD_09, "GEN-ORD-09", DRV_ON_VTD, DRV_ON_VTD, "policy lazy: table pages are freed at the unmap, before the flush", "") \
	X(GEN_ORD_11, "GEN-ORD-11", DRV_ON_VTD | DRV_ON_AMDVI, 0, "caching mode: no invalidation behind a map", \
	  "at most a cached \"not present\" refuses what is mapped (this VT-d unit caches none)") \
	X(GEN_ORD_13, "GEN-ORD-13", DRV_ON_VTD | DRV_ON_AMDVI, DRV_ON_VTD, "detach: configuration caches are invalidated after the IOTLB", "this driver gives no DomainID out again") \
	X(GEN_ORD_14, "GEN-ORD-14", DRV_ON_ALL, DRV_ON_ALL, "an id in use (DID; ASID, VMID; DomainID) is given to another domain", "") \
	X(GEN_ORD_15, "GEN-ORD-15", DRV_ON_ALL, DRV_ON_ALL, "unmap: IOTLB commands carry tag 0 instead of the domain's", "") \
	X(GEN_ORD_16, "GEN-ORD-16", DRV_ON_ALL, DRV_ON_ALL, "unmap: IOTLB commands cover one page of the range", "") \
	X(VTD_ORD_02, "VTD-ORD-02", DRV_ON_VTD, DRV_ON_VTD, "detach in legacy mode: no context-cache invalidation", "") \
	X(VTD_ORD_03, "VTD-ORD-03", DRV_ON_VTD, DRV_ON_VTD, "detach in scalable mode: no PASID-cache invalidation", "") \
	X(VTD_ORD_04, "VTD-ORD-04", DRV_ON_VTD, DRV_ON_VTD, "unmap: the PASID-based IOTLB command for second-stage tables", "") \
	X(VTD_ORD_08, "VTD-ORD-08", DRV_ON_VTD, DRV_ON_VTD, "unmap: IH = 1 although a table was taken out", "") \
	X(VTD_ORD_10, "VTD-ORD-10", DRV_ON_VTD, 0, "unmap: the IOTLB command by DID and page for first-stage tables", "the unit drops every first-stage entry of the DID then, whatever its address") \
	X(SMM_ORD_04, "SMM-ORD-04", DRV_ON_SMMUV3, DRV_ON_SMMUV3, "detach: no CMD_CFGI_CD", "") \
	X(SMM_ORD_06, "SMM-ORD-06", DRV_ON_SMMUV3, DRV_ON_SMMUV3, "detach: no CMD_CFGI_STE", "") \
	X(SMM_ORD_12, "SMM-ORD-12", DRV_ON_SMMUV3, DRV_ON_SMMUV3, "unmap: Leaf = 1 although a table was taken out", "") \
	X(AMD_ORD_02, "AMD-ORD-02", DRV_ON_AMDVI, DRV_ON_AMDVI, "detach: no INVALIDATE_DEVTAB_ENTRY", "") \
	X(AMD_ORD_03, "AMD-ORD-03", DRV_ON_AMDVI, DRV_ON_AMDVI, "detach: no INVALIDATE_IOMMU_PAGES", "") \
	X(AMD_ORD_05, "AMD-ORD-05", DRV_ON_AMDVI, DRV_ON_AMDVI, "map and unmap: PDE = 0 although a table was taken out", "") \
	X(AMD_ORD_14, "AMD-ORD-14", DRV_ON_AMDVI, DRV_ON_AMDVI, "unmap: INVALIDATE_IOMMU_PAGES with GN = 0 for v2 tables", "") \
	X(ATS_ORD_01, "ATS-ORD-01", DRV_ON_ALL, DRV_ON_ALL, "unmap: no invalidation of device caches", "") \
	X(ATS_ORD_02, "ATS-ORD-02", DRV_ON_ALL, DRV_ON_ALL, "detach, ATS off: no invalidation of the device's cache", "") \
	X(ATS_ORD_06, "ATS-ORD-06", DRV_ON_ALL, DRV_ON_ALL, "unmap: invalidations of device caches cover one page of the range", "") \
	X(ATS_ORD_07, "ATS-ORD-07", DRV_ON_ALL, DRV_ON_ALL, "unmap: invalidations of device caches leave the PASID out", "") \
	X(ATS_ORD_12, "ATS-ORD-12", DRV_ON_ALL, DRV_ON_ALL, "unmap: of several devices with a cache only the domain's first is told", "")
#define DRV_BREAK_NAME(name, id, archs, stale, what, why) DRV_##name,
#define DRV_BREAK_CHOICE(name, id, archs, stale, what, why) "|" id
enum drv_break { DRV_BREAKS(DRV_BREAK_NAME) DRV_BREAK_N };
struct drv_break_row {
	const char *id, *what, *why;
	unsigned archs, stale;
};
extern const struct drv_break_row drv_break_rows[]; /* DRV_BREAK_N */

enum { DRV_GAP = 64 };
enum drv_scope { DRV_SEQ_FLUSH = 1, DRV_SEQ_MAP = 2, DRV_SEQ_DETACH = 4 };
struct drv_held {
	unsigned unit;
	uint64_t w[2];
};
struct drv_brk { /* of the sequence under way */
	uint64_t on; /* faults, by enum drv_break */
	uint64_t n; /* sequences so far */
	unsigned first_unit;
	size_t begin, cmd; /* records put out before it, before its first command */
	bool any_cmd, any_dev, no_wait;
	uint64_t first_dev, prev_w0;
	unsigned prev_unit, unwaited;
	/* what comes late */
	struct drv_held *held; /* commands */
	size_t n_held, cap_held;
	struct trc_rec *late; /* stores */
	size_t n_late, cap_late;
	unsigned gap; /* DMAs that may still pass */
};
struct drv;
struct drv_dom;
/** drv_seq_begin(), drv_seq_end() - around the sequence of one record; @m NULL: not of a domain. */
void drv_seq_begin(struct drv *d, enum drv_scope scope, const struct drv_dom *m);
void drv_seq_end(struct drv *d);
/** drv_late() - d->cur has just been read: what was held back comes first, if it is time. */
void drv_late(struct drv *d);
/** drv_step() - before a command of two words is queued. Returns: false if it is left out. */
bool drv_step(struct drv *d, unsigned unit, uint64_t w[2]);
/** drv_id_taken() - @next would be the id of a new domain. Returns: the id it gets. */
uint32_t drv_id_taken(const struct drv *d, uint32_t next, uint32_t taken);
#endif
