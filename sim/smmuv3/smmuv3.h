/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3.h - Arm System MMU version 3, Non-secure programming interface. Source: Arm IHI 0070 names.
 * What is modelled and what is not: docs/limits.md, section SMMUv3.
 * Register offsets: page 0 and page 1 as the specification has them; ECMDQ control pages, the VCMDQ block and the PMCG lie where SMMUV3_*_OFF says.
 */
#ifndef IOMMUSIM_SMMUV3_H
#define IOMMUSIM_SMMUV3_H
#include "core/iommu.h"

enum {
	SMMUV3_ECMDQ_OFF = 0x40000, /* control page n at + n * 64 KiB; CMDQ_CONTROL_PAGE_BASEn.ADDR says the same */
	SMMUV3_PMCG_OFF = 0x2000000, /* one counter group */
	SMMUV3_CMDQV_OFF = 0x4000000 /* virtual command queues: the block that NVIDIA Tegra241 has beside its SMMU */
};
enum { SMMUV3_TAG_ASID, SMMUV3_TAG_STREAM };
enum { SMMUV3_OVER_NONE, SMMUV3_OVER_ASID, SMMUV3_OVER_VMID, SMMUV3_OVER_ALL };
enum { SMMUV3_ATC_ACK, SMMUV3_ATC_TIMEOUT };
struct smmuv3_cfg {
	struct iommu_cfg unit; /* request_ports: the TBUs */
	uint32_t idr0, idr1, idr3, idr5, idr6, iidr, aidr; /* register values; trace `regstate` overrides */
	/* translation buffer unit, one set per request port; entries 0: none */
	struct xc_cfg utlb, tbu;
	uint32_t tbu_tag; /* SMMUV3_TAG_*: what utlb and tbu entries are found by */
	uint32_t link_cyc; /* TBU to TCU and back, each way */
	/* translation control unit */
	struct xc_cfg tlb; /* shared; combined VA to PA, or VA to IPA if tlb_split */
	bool tlb_split; /* nested: stage-1 and stage-2 entries apart instead of combined ones */
	struct xc_cfg ipa; /* IPA to PA, inside nested walks and for stage-1 structures */
	struct xc_cfg l1std, ste, l1cd, cd; /* configuration caches */
	struct xc_cfg walk; /* shape of the walk caches: entries is of the unified one; ways, policy, latency, ports are of all */
	uint32_t walk_s1[3], walk_s2[3]; /* entries for tables of levels 0 (and -1), 1, 2; used when walk_unified is off */
	bool walk_unified; /* one walk cache for all levels of both stages */
	bool contiguous; /* cache a contiguous group as one entry */
	bool ttl_hint; /* TLBI by address with TTL: leaves of another level or granule stay; off: the address decides */
	bool cache_invalid; /* STEs and CDs that are not valid or illegal are cached like others */
	/* command engines: execution times in cycles */
	uint32_t cfgi_cyc, tlbi_cyc, tlbi_page_cyc, sync_cyc, fetch_cyc;
	uint64_t update_ps; /* CR0, IRQ_CTRL and GBPA: from the write to the acknowledgement */
	uint64_t atc_timeout_ps; /* ATC_INV without completion */
	uint64_t itag_hold_ps; /* pcie/itag.h */
	uint32_t over; /* SMMUV3_OVER_*: over-invalidation by TLBI commands */
	bool ignore_invalidations; /* negative control: commands complete but drop nothing */
	/* choices the architecture leaves open (IHI 0070: CONSTRAINED UNPREDICTABLE, IMPLEMENTATION DEFINED) */
	bool cmd_res0_ill; /* RES0 bits of a command that are set: CERROR_ILL; off: ignored */
	bool atc_size_ill; /* ATC_INV Size > 52: CERROR_ILL; off: as 52 */
	bool page0_alias; /* EVENTQ_PROD ... PRIQ_CONS also at their page 0 offsets; off: RAZ/WI */
	bool merge_events; /* identical consecutive records are merged where STE.MEV allows */
	bool stall_suppress; /* a second stall of the same page by the same stream waits without a record */
	bool gbpa_abort; /* reset value of GBPA.ABORT */
	/* virtual command queues (NVIDIA CMDQV in outline) */
	bool cmdqv; /* the block exists */
	uint32_t cmdqv_vintf_lg2, cmdqv_vcmdq_lg2;
	/* performance counters */
	uint32_t pmcg_counters; /* of the group; 0: no group */
};
extern const struct cfg_opt smmuv3_opts[];
/** smmuv3_create() - a unit in reset. @c is borrowed and must outlive it. */
struct iommu *smmuv3_create(const struct smmuv3_cfg *c, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e) MUST_USE;
/** smmuv3_event_record() - the record a refused request would leave (STAG 0). Returns: false if it leaves none. */
bool smmuv3_event_record(const struct iommu *u, const struct xl_req *q, const struct xl_res *r, uint64_t rec[4]);
#endif
