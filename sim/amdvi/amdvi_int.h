/* SPDX-License-Identifier: Apache-2.0 */
/* amdvi_int.h - private to sim/amdvi: the unit's state, shared by registers, walk, command engine, logs and vIOMMU. */
#ifndef IOMMUSIM_AMDVI_INT_H
#define IOMMUSIM_AMDVI_INT_H
#include "amdvi/amdvi.h"
#include "amdvi/amdvi_fields.h"
#include "core/base/bits.h"
#include "core/pt/pt.h"
#include "pcie/itag.h"

/* Kinds of entries (inv_scope.kinds). HOST: GPA to SPA by DomainID; GUEST: GVA to SPA by DomainID and PASID, Mode = 0; NESTED: the same through both stages. */
enum amdvi_kind {
	AMDVI_K_HOST, AMDVI_K_GUEST, AMDVI_K_NESTED,
	AMDVI_K_PDC_HOST, AMDVI_K_PDC_GUEST, AMDVI_K_PDC_NESTED, /* table entries; PDC_NESTED: guest tables above a host table */
	AMDVI_K_GPA, /* the nested cache: GPA to SPA inside nested walks */
	AMDVI_K_GCR3, AMDVI_K_DTC, AMDVI_K_MAP
};
enum { /* event codes */
	AEV_ILLEGAL_DTE = 1, AEV_IO_PAGE_FAULT, AEV_DEV_TAB_HW, AEV_PAGE_TAB_HW, AEV_ILLEGAL_COMMAND, AEV_COMMAND_HW, AEV_IOTLB_INV_TIMEOUT,
	AEV_INVALID_DEVICE_REQUEST, AEV_INVALID_PPR_REQUEST, AEV_EVENT_COUNTER_ZERO, AEV_GUEST_EVENT_FAULT, AEV_VIOMMU_HW, AEV_RMP_PAGE_FAULT, AEV_RMP_HW
};
/*
 * xl_res of a refused request: code = event code; info[0] = bits 63:48 of the entry as they belong to the cause (GN, PR, PE, RZ, I; Type at 59:57);
 * DevID, DomainID or PASID, RW, NX, US and TR come from the request and domain (info[0] bits 15:0). info[1] = second operand.
 */
#define AEV_F_GN BIT64(48)
#define AEV_F_NX BIT64(49)
#define AEV_F_US BIT64(50)
#define AEV_F_I BIT64(51)
#define AEV_F_PR BIT64(52)
#define AEV_F_RW BIT64(53)
#define AEV_F_PE BIT64(54)
#define AEV_F_RZ BIT64(55)
#define AEV_F_TR BIT64(56)
enum { AEV_TYPE_MASTER_ABORT = 1, AEV_TYPE_TARGET_ABORT, AEV_TYPE_DATA };

struct amdvi_caps { /* decoded from EFR and EFR2; amdvi_caps_decode() after a restore */
	bool pref, ppr, nx, gt, ia, ga, he, pc, us, early, autorsp, blkstop, gio, ha, eph, hd, inv_type, viommu, ga_dis, msi_mmio, perfopt, attrfw, sats, snp;
	bool gcr3trp, htrange, dual_ppr, dual_event;
	unsigned host_levels /* 4..6; 0: none offered */, guest_levels, glx /* largest */, pasid_bits, seg_lg2, gam;
};
struct amdvi_on { /* what is in force; amdvi_regs.c writes it, everybody reads */
	bool iommu, cmd, gt, event, ppr_log, ppr; /* event, ppr_log: the Run bits of Status */
	bool gcr3trp, gst_buf_trp, vcmd, viommu, auto_rsp, auto_rsp_aon, blkstop, no_a, no_d;
	unsigned had, seg_lg2, inv_timeout_code;
	uint64_t inv_timeout_ps; /* 0: for ever */
	uint64_t table[8]; /* device table bases */
	uint32_t entries[8]; /* of each segment */
	uint64_t excl_base, excl_limit;
	bool excl, excl_allow;
};
struct amdvi_cmd;
struct amdvi_log;
struct amdvi_viommu;
#define AMDVI_STATS(X)                                                                                                \
	X(wait, "count", "COMPLETION_WAIT completed")                                                                 \
	X(devtab, "count", "INVALIDATE_DEVTAB_ENTRY executed")                                                        \
	X(pages, "count", "INVALIDATE_IOMMU_PAGES executed")                                                          \
	X(pages_pde, "count", "of these, with PDE = 1")                                                               \
	X(pages_gn, "count", "of these, with GN = 1")                                                                 \
	X(pages_all, "count", "of these, of the whole address space")                                                 \
	X(iotlb, "count", "INVALIDATE_IOTLB_PAGES sent")                                                              \
	X(iotlb_timeouts, "count", "INVALIDATE_IOTLB_PAGES that timed out")                                           \
	X(iotlb_unexpected, "count", "completions of device-IOTLB invalidations that nothing waited for")                   \
	ITAG_STATS(X)                                                                                                 \
	X(irt, "count", "INVALIDATE_INTERRUPT_TABLE executed")                                                        \
	X(prefetch, "count", "PREFETCH_IOMMU_PAGES executed")                                                         \
	X(ppr_complete, "count", "COMPLETE_PPR_REQUEST executed")                                                     \
	X(all, "count", "INVALIDATE_IOMMU_ALL executed")                                                              \
	X(guest_event, "count", "INSERT_GUEST_EVENT executed")                                                        \
	X(reset_vmmio, "count", "RESET_VMMIO executed")                                                               \
	X(cmd_illegal, "count", "illegal commands")                                                                   \
	X(cmd_hw, "count", "command hardware errors")                                                                 \
	X(cmd_busy_ps, "ps", "time the command engine was fetching or executing")                                     \
	X(events, "count", "event log entries written")                                                               \
	X(events_lost, "count", "events not logged: log off, full, or suppressed by SE and SA")                       \
	X(event_overflows, "count", "event log overflows")                                                            \
	X(pprs, "count", "PPR log entries written")                                                                   \
	X(ppr_overflows, "count", "PPR log overflows")                                                                \
	X(ppr_auto, "count", "page requests answered by hardware")                                                    \
	X(dte_reads, "count", "device table reads")                                                                   \
	X(gcr3_reads, "count", "GCR3 table reads")                                                                    \
	X(pt_reads, "count", "page table accesses, updates included")                                                 \
	X(pt_reads_guest, "count", "of these, guest table entries")                                                   \
	X(pt_reads_nested, "count", "of these, host table entries on behalf of a nested walk")                        \
	X(pass_untranslated, "count", "requests passed untranslated")                                                 \
	X(pass_translated, "count", "translated requests passed")                                                     \
	X(pass_exclusion, "count", "requests passed by the exclusion range")                                          \
	X(aborts, "count", "requests aborted")                                                                        \
	X(translations, "count", "requests translated")
struct amdvi_stats {
	AMDVI_STATS(STAT_DECL)
};
enum { AMDVI_MAX_PORTS = 64, AMDVI_REG_BYTES = 0x4000 };
struct amdvi {
	struct iommu u; /* first */
	const struct amdvi_cfg *cfg;
	struct amdvi_caps cap;
	struct amdvi_on on;
	struct amdvi_stats st;
	uint64_t seed;
	/* caches, amdvi_inv.c; payloads in amdvi_walk.h */
	struct xcache *dtc, *iotlb, *gcr3, *l1[AMDVI_MAX_PORTS];
	struct pt_caches pt; /* [0] guest, [1] host tables; .nested: GPA to SPA */
	unsigned n_l1;
	uint8_t reg[AMDVI_REG_BYTES];
	bool held; /* registers were restored: the command engine goes on at the next access or request */
	struct amdvi_cmd *cmd;
	struct amdvi_log *log;
	struct amdvi_viommu *vi;
	struct amdvi_pc *pc;
	uint64_t pc_sources; /* bit per source: some counter counts it */
	char (*path)[80];
};
static inline struct amdvi *amdvi_of(struct iommu *u)
{
	return (struct amdvi *)u;
}
/* ---- amdvi_regs.c, amdvi_caps.c ---- */
void amdvi_caps_decode(struct amdvi *v);
void amdvi_caps_of(struct amdvi_caps *c, uint64_t efr, uint64_t efr2);
void amdvi_mmio_write(struct iommu *u, uint32_t off, unsigned bytes, uint64_t val);
uint64_t amdvi_mmio_read(struct iommu *u, uint32_t off, unsigned bytes);
bool amdvi_restore(struct iommu *u, uint32_t off, unsigned bytes, uint64_t val, struct err *e);
void amdvi_regs_reset(struct amdvi *v);
uint64_t amdvi_reg_get(const struct amdvi *v, uint32_t off, unsigned bytes); /* raw */
void amdvi_reg_put(struct amdvi *v, uint32_t off, unsigned bytes, uint64_t val);
void amdvi_latch(struct amdvi *v); /* rebuild v->on from registers */
bool amdvi_is_tail(const struct iommu *u, uint32_t off); /* Command Tail, and the command tails of VF pages */
/** amdvi_status() - set and clear bits of Status; a bit of an interrupt group that becomes 1 raises its interrupt if enabled. */
void amdvi_status(struct amdvi *v, uint32_t set, uint32_t clear);
/** amdvi_hw_event() - copy of a hardware error into 40h-50h (HESup). */
void amdvi_hw_event(struct amdvi *v, const uint64_t rec[2]);
/* ---- amdvi_walk.c, amdvi_xlate.c ---- */
enum xl_act amdvi_begin(struct iommu *u, struct xl *x);
enum xl_act amdvi_next(struct iommu *u, struct xl *x);
/** amdvi_walk_dte() - the device table entry that request @x uses, NULL if none was read. */
const uint64_t *amdvi_walk_dte(const struct xl *x);
/** amdvi_dte_addr() - UINT64_MAX if the index is beyond its segment. */
uint64_t amdvi_dte_addr(const struct amdvi *v, uint32_t devid);
/** amdvi_dte_check() - 0 or AEV_ILLEGAL_DTE for the memory half (qw0, qw1); *rz as the event has it. */
unsigned amdvi_dte_check(const struct amdvi *v, const uint64_t dte[4], bool *rz);
/* ---- amdvi_inv.c: scopes to caches, and walks in progress; nothing if cfg->ignore_invalidations ---- */
bool amdvi_caches_create(struct amdvi *v, struct err *e);
void amdvi_caches_destroy(struct amdvi *v);
void amdvi_inv_devtab(struct amdvi *v, uint32_t devid);
struct amdvi_pages {
	uint16_t domain;
	uint32_t pasid;
	bool gn, pde;
	uint64_t first, last; /* inclusive; 0 and ~0: everything */
};
void amdvi_inv_pages(struct amdvi *v, const struct amdvi_pages *p);
void amdvi_inv_domain(struct amdvi *v, uint16_t did); /* every entry of one DomainID */
void amdvi_inv_all(struct amdvi *v);
/** amdvi_cmd_range() - the range of Address and S. */
void amdvi_cmd_range(uint64_t qw1, uint64_t *first, uint64_t *last);
/* ---- amdvi_cmd.c (engine and host buffer), amdvi_exec.c (commands), amdvi_iotlb.c (device-IOTLB invalidations) ---- */
bool amdvi_cmd_create(struct amdvi *v, struct err *e);
void amdvi_cmd_destroy(struct amdvi *v);
void amdvi_cmd_kick(struct amdvi *v); /* tail written, or CmdBufRun set */
void amdvi_cmd_stop(struct amdvi *v); /* CmdBufRun was cleared by software */
bool amdvi_commands_idle(const struct iommu *u);
void amdvi_ats_cpl(struct iommu *u, uint32_t rid, uint32_t itag_vector, unsigned cc);
void amdvi_progress(struct amdvi *v);
/* ---- amdvi_log.c, amdvi_ppr.c ---- */
bool amdvi_log_create(struct amdvi *v, struct err *e);
void amdvi_log_destroy(struct amdvi *v);
bool amdvi_fault(struct iommu *u, struct xl *x); /* iommu_ops.fault */
void amdvi_log_event(struct amdvi *v, const uint64_t rec[2]); /* to the host's event log; hardware errors are copied to 40h-50h */
void amdvi_page_request(struct iommu *u, const struct page_req *p);
void amdvi_log_enabled(struct amdvi *v, bool event); /* EventLogRun or PprLogRun became 1: log A is active again */
/* ---- amdvi_pc.c: performance counters, offsets from 4000h ---- */
bool amdvi_pc_create(struct amdvi *v, struct err *e);
void amdvi_pc_destroy(struct amdvi *v);
uint64_t amdvi_pc_read(struct amdvi *v, uint32_t off, unsigned bytes);
void amdvi_pc_write(struct amdvi *v, uint32_t off, unsigned bytes, uint64_t val);
/** amdvi_pc_count() - @n events of source @src; @x may be NULL (no match on ids). Cheap when no counter counts it. */
void amdvi_pc_add(struct amdvi *v, unsigned src, const struct xl *x, unsigned n);
static inline void amdvi_pc_count(struct amdvi *v, unsigned src, const struct xl *x, unsigned n)
{
	if (UNLIKELY(v->pc_sources >> src & 1))
		amdvi_pc_add(v, src, x, n);
}
/* ---- amdvi_viommu.c and friends: VF and VFCntl registers, id maps, guest queues and logs ---- */
bool amdvi_viommu_create(struct amdvi *v, struct err *e);
void amdvi_viommu_destroy(struct amdvi *v);
bool amdvi_viommu_stats(struct amdvi *v, struct stat_reg *r);
uint64_t amdvi_viommu_read(struct amdvi *v, uint32_t off, unsigned bytes); /* offsets from 0, both windows */
void amdvi_viommu_write(struct amdvi *v, uint32_t off, unsigned bytes, uint64_t val);
bool amdvi_viommu_idle(const struct amdvi *v);
void amdvi_viommu_kick(struct amdvi *v); /* Control.vCmdEn or vIommuEn changed */
/** amdvi_viommu_event() - deliver an event of a device with vImuEn to its guest's log. @dte: of the device. */
void amdvi_viommu_event(struct amdvi *v, const uint64_t dte[4], const uint64_t rec[2]);
/** amdvi_viommu_ppr() - likewise for a page request. Returns: false if it was not accepted (then the host's rules apply). */
bool amdvi_viommu_ppr(struct amdvi *v, const uint64_t dte[4], const uint64_t rec[2]);
void amdvi_viommu_reset(struct amdvi *v, uint32_t gid, bool all, bool vcmd); /* RESET_VMMIO */
void amdvi_viommu_insert(struct amdvi *v, uint32_t gid, uint64_t spa); /* INSERT_GUEST_EVENT */
/*
 * What guests' commands share with the host's (amdvi_exec.c). amdvi_exec_check(): legal? 0, or AEV_ILLEGAL_COMMAND. amdvi_exec_begin(): start a
 * command whose ids are host ids; @done is called when it has been executed (invalidations applied; device-IOTLB ones sent, COMPLETION_WAIT
 * completed including the drain and its own earlier device-IOTLB ones). One command at a time per amdvi_exec.
 */
struct amdvi_exec;
typedef void amdvi_exec_fn(struct amdvi_exec *x);
struct amdvi_exec {
	struct amdvi *v;
	uint64_t qw[2];
	uint64_t spa; /* of the command, for IOTLB_INV_TIMEOUT */
	amdvi_exec_fn *done;
	/* COMPLETION_WAIT with s = 1: store and then call amdvi_exec_stored(). NULL: the address is an SPA and the engine stores */
	void (*store)(struct amdvi_exec *x, uint64_t addr, uint64_t data);
	void (*interrupt)(struct amdvi_exec *x); /* i = 1 */
	uint32_t owner; /* 0 the host; GuestID + 1: whose device-IOTLB invalidations a COMPLETION_WAIT waits for */
	/* private to amdvi_exec.c */
	struct sim_event ev;
	struct iommu_drain drain;
	uint64_t seq;
	uint8_t state;
	bool inv_since_wait; /* something was invalidated since the last COMPLETION_WAIT: it has to drain (a guest's ALL sets it itself) */
	struct amdvi_exec *next; /* waiting for device-IOTLB completions */
};
unsigned amdvi_exec_check(const struct amdvi *v, const uint64_t qw[2], bool guest);
unsigned amdvi_cmd_check(const struct amdvi_caps *c, bool iotlb_sup, const uint64_t qw[2], bool guest); /* from capabilities alone */
void amdvi_exec_init(struct amdvi *v, struct amdvi_exec *x, uint32_t owner, amdvi_exec_fn *done);
void amdvi_exec_begin(struct amdvi_exec *x);
void amdvi_exec_stored(struct amdvi_exec *x, bool ok);
#endif
