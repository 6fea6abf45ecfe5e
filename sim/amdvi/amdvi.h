/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi.h - AMD I/O virtualization unit with hardware vIOMMU. Source: AMD I/O Virtualization Technology (IOMMU) Specification, document 48882.
 * What is modelled and what is not: docs/limits.md, section AMD-Vi.
 * Register offsets: the MMIO region as the specification has it (16 or 512 KB); the two BARs of the vIOMMU lie at AMDVI_VFCNTL_OFF and AMDVI_VF_OFF.
 */
#ifndef IOMMUSIM_AMDVI_H
#define IOMMUSIM_AMDVI_H
#include "core/iommu.h"

enum {
	AMDVI_VFCNTL_OFF = 0x1000000, /* 64 bytes per GuestID */
	AMDVI_VF_OFF = 0x10000000 /* 4 KiB per GuestID */
};
enum { AMDVI_OVER_NONE, AMDVI_OVER_DOMAIN, AMDVI_OVER_ALL };
enum { AMDVI_UNMAPPED_HALT, AMDVI_UNMAPPED_DROP }; /* a guest id without mapping: the guest's queue halts, or the command is dropped */
struct amdvi_cfg {
	struct iommu_cfg unit;
	uint64_t efr, efr2; /* register values; trace `regstate` overrides */
	uint32_t devid; /* of the unit itself: its device table entry describes the private address space */
	bool iotlb_sup, np_cache; /* capability header bits 24 and 26 */
	/* caches */
	struct xc_cfg l1; /* one per request port; entries 0: none */
	struct xc_cfg iotlb, dtc, pdc, nested, gcr3; /* pdc: each level of each stage has one of this shape; nested: GPA to SPA inside nested walks */
	struct xc_cfg idmap; /* DeviceID and DomainID maps of guests, by GuestID and id */
	uint32_t link_cyc; /* port to unit and back, each way; charged when l1 misses */
	/* command engine, cycles */
	uint32_t fetch_cyc, devtab_cyc, pages_cyc, page_cyc, all_cyc, wait_cyc;
	uint64_t itag_hold_ps; /* pcie/itag.h */
	uint32_t ordinary_inflight; /* device-IOTLB invalidations to one queue id at once if a command says Maxpend = 0 */
	uint32_t over; /* AMDVI_OVER_*: over-invalidation by INVALIDATE_IOMMU_PAGES */
	bool ignore_invalidations; /* negative control: commands complete but drop nothing */
	/* what the specification leaves open, or our sources do not agree on (amdvi U-numbers of docs/limits.md) */
	bool illegal_mode_page_fault; /* DTE.Mode > HATS or 7: IO_PAGE_FAULT PR=1 instead of ILLEGAL_DEV_TABLE_ENTRY (U4) */
	bool halt_on_timeout; /* IOTLB_INV_TIMEOUT clears CmdBufRun (U1) */
	bool head_past_illegal; /* Head is behind the illegal command, not at it (U3) */
	bool gn0_spares_nested; /* INVALIDATE_IOMMU_PAGES with GN = 0 keeps nested entries (U7) */
	bool pde0_drops_gcr3; /* PDE = 0 drops GCR3 entries too (U8, U9) */
	bool late_iotlb; /* a device-IOTLB invalidation may be sent before an earlier INVALIDATE_IOMMU_PAGES has taken effect */
	bool had_needs_control; /* host accessed/dirty updates need Control.HADUpdate as well (U34) */
	bool dte_rsvd_by_feature; /* DTE bits of absent features are reserved */
	bool upper_bits_ignored; /* IOVA bits above the reach of DTE.Mode are ignored instead of faulting (U6) */
	/* hardware vIOMMU */
	uint32_t viommu_guests; /* GuestIDs with state, from 0 */
	uint32_t viommu_fetch_cyc, viommu_map_cyc; /* decode of a guest command; look-up of an id map, beside their memory accesses */
	uint32_t unmapped; /* AMDVI_UNMAPPED_* (U17) */
	bool clear_is_invalid; /* a map entry with host id 0 counts as not mapped (U16) */
	bool guest_all_is_all; /* a guest's INVALIDATE_IOMMU_ALL drops everything, not its own ids only (U18) */
};
extern const struct cfg_opt amdvi_opts[];
/** amdvi_create() - a unit in reset. @c is borrowed and must outlive it. */
struct iommu *amdvi_create(const struct amdvi_cfg *c, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e) MUST_USE;
/** amdvi_config() - what its host knows of it beside registers: its own requester (PCI), how many GuestIDs it has. */
const struct amdvi_cfg *amdvi_config(const struct iommu *u);
/** amdvi_event_record() - the event log entry a refused request would leave. Returns: false if it leaves none. */
bool amdvi_event_record(const struct iommu *u, const struct xl_req *q, const struct xl_res *r, uint64_t rec[2]);
#endif
