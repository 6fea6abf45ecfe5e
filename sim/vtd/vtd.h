/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd.h - Intel VT-d remapping unit. Source: Intel "Virtualization Technology for Directed I/O Architecture Specification",
 * rev 4.1 names. What is modelled and what is not: docs/limits.md, section VT-d.
 */
#ifndef IOMMUSIM_VTD_H
#define IOMMUSIM_VTD_H
#include "core/iommu.h"

enum { VTD_OVER_NONE, VTD_OVER_DOMAIN, VTD_OVER_GLOBAL };
struct vtd_cfg {
	struct iommu_cfg unit;
	uint64_t cap, ecap; /* register values; trace `regstate` overrides */
	uint32_t ver, haw; /* haw 0: MGAW + 1 */
	struct xc_cfg ctx, pasid, iotlb, psc, nested; /* psc: each level of each stage has one of this shape */
	uint32_t cc_cyc, pc_cyc, iotlb_cyc, iec_cyc; /* execution time of an invalidation, cycles */
	uint32_t iotlb_page_cyc; /* added per page of a page-selective one, up to 64 */
	uint32_t fetch_cyc; /* decode time per descriptor beside the memory read */
	uint64_t inv_timeout_ps; /* device-TLB invalidation time-out */
	uint64_t itag_hold_ps; /* pcie/itag.h */
	uint32_t over; /* VTD_OVER_*: over-invalidation of the IOTLB */
	bool ignore_invalidations; /* negative control: commands complete but drop nothing */
	bool iqercd_sid; /* report ITESID/ICESID (U14) */
	bool collapse_faults; /* a pending record of the same source id absorbs further faults (6.2) */
	bool rewalk_on_perm; /* a hit without the needed permission is walked again (5.3) instead of faulting */
	bool spr17; /* erratum: refuse read-only second-stage mappings under nesting */
	bool ss_d_on_fs_read; /* nested: reading an FS entry sets D in the SS leaf of its page (U15) */
	bool ad_needs_snoop; /* an A/D update under tables walked without snoop faults 0x90/0x7C ([1s]); false: it is done */
	bool xd_reserved; /* NXE = 0: XD = 1 is a reserved-bit error; false: ignored, as QEMU has it */
	bool ir_check_page; /* U17: the interrupt range is tested on the final 4 KiB page (true) or the base of the large page */
};
extern const struct cfg_opt vtd_opts[];
/** vtd_create() - a unit in reset. @c is borrowed and must outlive it. */
struct iommu *vtd_create(const struct vtd_cfg *c, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e) MUST_USE;
/** vtd_fault_name() - the specification's name of a fault reason ("SFS.2"), NULL if the code is unused. */
const char *vtd_fault_name(unsigned code);
const char *vtd_fault_text(unsigned code);
#endif
