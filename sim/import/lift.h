/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift.h - a hardware-level trace made into attach, detach, map, unmap and flush events, DMAs passed through.
 * Models, VT-d: legacy and scalable mode; second-level, first-level and pass-through domains; superpages; permissions over all levels;
 * queued IOTLB and PASID-based IOTLB invalidations (legacy and 256-bit descriptors). SMMUv3: linear and 2-level stream and CD tables;
 * stage 1, stage 2 and bypass; granules of 4, 16 and 64 KiB; TLBI commands of the main queue, by range or not. AMD-Vi: one device table
 * segment; v1 tables with pages of every size and skipped levels, v2 tables and GCR3 tables, pass-through; INVALIDATE_IOMMU_PAGES.
 * Does not model: first-level tables (stage 1) of nested domains (their addresses are guest-physical), register-based invalidation,
 * interrupt remapping, accessed and dirty bits, more than one unit. What is left out is counted.
 *
 * A VT-d domain is a domain id and a table; it is called by its id, and by a number from 0x10000 on if another live table has that id
 * (Linux gives one id to all first-level domains). An SMMUv3 domain is a VMID, for stage 1 also a stream world and an ASID, and a table;
 * it is called by its ASID (stage 1) or VMID, bypass is 0. An AMD-Vi domain is a DomainID (v2: and a PASID) and a table, called by its
 * DomainID; pass-through is 0. A range is mapped from the moment its leaf is reachable from an attached requester: the mappings of a
 * table appear with its first attach and go with its last detach.
 * Types of attach are those of the driver model: legacy, ss, fs, nested, pt (SMMUv3: fs is stage 1, ss stage 2; AMD-Vi: fs is v2, ss v1).
 */
#ifndef IOMMUSIM_LIFT_H
#define IOMMUSIM_LIFT_H
#include "core/trace/trc.h"

struct lift_sum {
	uint64_t in[TRC_KINDS], out[TRC_KINDS];
	uint64_t flush_unknown; /* invalidations of a domain nobody is attached to: left out */
	uint64_t other_cmds; /* descriptors and commands that are not TLB invalidations */
	uint64_t nested; /* attachments whose first level is not lifted */
};
/** lift_run_as() - lift_run() of a trace of @arch, "vtd", "smmuv3" or "amdvi"; NULL: captured registers say it, VT-d without any. */
bool lift_run_as(struct trc_reader *t, struct trc_writer *w, const char *arch, struct lift_sum *s, struct err *e) MUST_USE;
/** lift_run() - read @t to its end, write to @w (not finished here). @s is valid also after an error. */
bool lift_run(struct trc_reader *t, struct trc_writer *w, struct lift_sum *s, struct err *e) MUST_USE;
#endif
