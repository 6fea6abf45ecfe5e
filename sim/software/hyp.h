/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hyp.h - a hypervisor between a guest's trace and the unit: the same software-level records carried out in each way of giving a guest an IOMMU.
 * It stands on both sides of the driver model (drv.h): in front it turns guests' records into what the host does (which tables, which
 * requester and PASID), behind it charges simulated time for what software does and where a guest would leave to its hypervisor.
 *
 *   none            the driver model alone, software takes no time
 *   native          no guest: the same, and software takes its time
 *   passthrough     no virtual IOMMU: devices use guest-physical addresses on the virtual machine's stage 2; maps and unmaps do nothing
 *   shadow          the guest's map and unmap leave to the host, which keeps one stage of its own; the guest is in caching mode, so never lazy
 *   nested-trapped  the guest's stage 1 above a stage 2 of the host; its invalidation commands leave to the host, which queues them with host ids
 *   nested-hw       the same tables; the guest's commands go to the hardware without an exit: on an SMMUv3 with CMDQV to a queue of its own, where
 *                   the hardware puts VMID and StreamID in; on an AMD-Vi with hardware vIOMMU to a buffer of its own, where it puts DomainID and
 *                   DeviceID in; else to the unit's own queue (VT-d: what if)
 *
 * Models: several virtual machines, several virtual IOMMUs of each, devices without one; virtual to host requester ids and PASIDs (interfaces);
 * device-TLB invalidations of the guest hidden or forwarded; faults and time-outs of those invalidations on their way back to the guest (hyp_back.c).
 * Does not model: more than one processor (the records of all guests are carried out in the order of the trace), contention in the host but
 * for faults, live migration, the guest's table memory under shadow (its stores take time, nothing reads them), teardown of virtual machines.
 * Units: ps. All times of software are assumptions, there to be replaced.
 */
#ifndef IOMMUSIM_HYP_H
#define IOMMUSIM_HYP_H
#include "core/stat/stat.h"
#include "software/drv.h"

enum { HYP_NONE, HYP_NATIVE, HYP_PASSTHROUGH, HYP_SHADOW, HYP_TRAPPED, HYP_HW };
enum { HYP_IOVA_BIND, HYP_IOVA_SHADOW };
enum { HYP_TABLES_AUTO, HYP_TABLES_SS, HYP_TABLES_FS };
enum { HYP_DEVTLB_FORWARDED, HYP_DEVTLB_HIDDEN, HYP_DEVTLB_SKIPPED };
enum { HYP_DOORBELL_EACH, HYP_DOORBELL_WAIT };
enum { HYP_BACK_AUTO, HYP_BACK_SOFTWARE, HYP_BACK_HARDWARE };
enum { HYP_TIMEOUTS_NONE, HYP_TIMEOUTS_AUTO /* and on: as HYP_BACK_* */ };
struct hyp_cfg {
	uint32_t mode; /* HYP_NONE and on */
	uint32_t iova; /* HYP_IOVA_*: nested modes, requests without PASID */
	uint32_t shadow_tables; /* HYP_TABLES_* */
	uint32_t devtlb; /* HYP_DEVTLB_* */
	uint32_t doorbell; /* HYP_DOORBELL_* */
	uint32_t back; /* HYP_BACK_* */
	uint32_t timeouts; /* HYP_TIMEOUTS_NONE, or HYP_TIMEOUTS_AUTO + HYP_BACK_* */
	uint32_t pages; /* HYP_BACK_*: of page requests (pf_back.h) */
	bool itesid; /* VT-d: the guest is told which requester did not answer */
	uint32_t guests, viommus, direct;
	bool dte_trap; /* AMD-Vi: guests' device tables are write-protected */
	uint32_t if_count, if_first, if_rid, if_pasid, if_slice; /* interfaces of one function */
	uint64_t exit_ps, host_cmd_ps, host_page_ps, attach_ps, cmd_ps, doorbell_ps, pte_ps, map_ps, unmap_ps, dma_ps, irq_ps, host_fault_ps, inject_ps;
};
extern const struct cfg_opt hyp_opts[]; /* YAML section software:, beside drv_opts */

struct hyp_stats {
	uint64_t exits, exits_map, exits_unmap, exits_attach, exits_table; /* exits_table: stores to a write-protected device table */
	uint64_t host_ps, guest_ps; /* software time in the host (exits included), in guests or the native driver */
	uint64_t maps, unmaps, attaches, unprotected; /* unprotected: unmaps behind which the device can still reach the page */
	uint64_t commands, guest_commands, devtlb_commands, waits; /* executed by the unit; of these, queued by a guest */
	uint64_t table_stores;
	uint64_t dma_translated, dma_split, dma_lost; /* passthrough: IOVA replaced; into pieces; of an unmapped IOVA */
	uint64_t waits_lost; /* AMD-Vi guest: COMPLETION_WAIT whose store had not come when software went on */
	uint64_t faults, fault_exact, fault_ambiguous, fault_unknown, fault_lost; /* by whom the guest can be told */
	uint64_t timeouts, timeout_exact, timeout_ambiguous, timeout_unknown, timeout_lost, bad_completions;
	struct hist safe, inval, unmap, map, attach, s2_unmap, fault_latency, timeout_latency; /* ps */
	struct hist timeout_suspects;
};
extern const struct stat_def hyp_stat_defs[];

struct hyp;
/** hyp_create() - with a driver of its own; @c, @dc and @p are borrowed and outlive it. */
struct hyp *hyp_create(const struct hyp_cfg *c, const struct drv_cfg *dc, struct plat *p, plat_source_fn *src, void *arg, struct err *e) MUST_USE;
/** hyp_next() - a plat_source_fn; @hyp is the struct hyp. */
int hyp_next(void *hyp, struct trc_rec *r, struct err *e) MUST_USE;
/** hyp_fault() - a unit refused @q: the fault starts its way to the guest. To be called from plat_hooks.fault. */
void hyp_fault(struct hyp *h, unsigned unit, const struct xl_req *q, const struct xl_res *res);
/** hyp_guest_irq() - a guest's log has something for it. To be called from plat_hooks.guest_irq. */
void hyp_guest_irq(struct hyp *h, unsigned unit, unsigned guest);
/** hyp_look() - the queue of a unit got on or stopped: has it reported a time-out? To be called from plat_hooks.queue. */
void hyp_look(struct hyp *h, unsigned unit);
struct hyp_stats *hyp_statistics(struct hyp *h);
void hyp_destroy(struct hyp *h);
#endif
