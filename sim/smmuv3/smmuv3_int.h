/* SPDX-License-Identifier: Apache-2.0 */
/* smmuv3_int.h - private to sim/smmuv3: the unit's state, shared by registers, walk, command queues, event and PRI queue. */
#ifndef IOMMUSIM_SMMUV3_INT_H
#define IOMMUSIM_SMMUV3_INT_H
#include "core/base/bits.h"
#include "core/pt/pt.h"
#include "pcie/itag.h"
#include "smmuv3/smmuv3.h"
#include "smmuv3/smmuv3_fields.h"

/* StreamWorlds of Non-secure streams. */
enum smmuv3_world { SMMUV3_W_EL1, SMMUV3_W_EL2, SMMUV3_W_E2H };
/*
 * Kinds of entries (inv_scope.kinds). VA entries hold one stage or both; the _G kinds are global (nG = 0): found under any ASID.
 * IPA: IPA to PA, of stage-2-only streams in the TLBs and of nested walks in the IPA cache. WC_*: table entries.
 */
enum smmuv3_kind {
	SMMUV3_K_EL1, SMMUV3_K_EL1_G, SMMUV3_K_IPA, SMMUV3_K_EL2, SMMUV3_K_E2H, SMMUV3_K_E2H_G,
	SMMUV3_K_WC_EL1, SMMUV3_K_WC_S2, SMMUV3_K_WC_EL2, SMMUV3_K_WC_E2H,
	SMMUV3_K_CFG /* configuration caches */
};
/* xl_res.info[0] of a refused request; info[1] is the IPA or the FetchAddr of the record. */
enum {
	SMMUV3_I_S2 = 1, SMMUV3_I_CLASS_LO = 1 /* bits 2:1 */, SMMUV3_I_TTW = 1 << 3 /* TTRnW = 0 */, SMMUV3_I_PNU = 1 << 4, SMMUV3_I_IND = 1 << 5,
	SMMUV3_I_STALL = 1 << 6 /* configured to stall */, SMMUV3_I_MEV = 1 << 7 /* STE.MEV */
};
enum { SMMUV3_CLASS_CD, SMMUV3_CLASS_TT, SMMUV3_CLASS_IN };
enum { /* event numbers */
	EV_UUT = 0x01, EV_BAD_STREAMID = 0x02, EV_STE_FETCH = 0x03, EV_BAD_STE = 0x04, EV_BAD_ATS_TREQ = 0x05, EV_STREAM_DISABLED = 0x06,
	EV_TRANSL_FORBIDDEN = 0x07, EV_BAD_SUBSTREAMID = 0x08, EV_CD_FETCH = 0x09, EV_BAD_CD = 0x0a, EV_WALK_EABT = 0x0b, EV_TRANSLATION = 0x10,
	EV_ADDR_SIZE = 0x11, EV_ACCESS = 0x12, EV_PERMISSION = 0x13, EV_TLB_CONFLICT = 0x20, EV_CFG_CONFLICT = 0x21, EV_PAGE_REQUEST = 0x24, EV_VMS_FETCH = 0x25
};
enum { GERR_CMDQ = 0, GERR_EVENTQ_ABT = 2, GERR_PRIQ_ABT = 3, GERR_MSI_CMDQ_ABT = 4, GERR_MSI_EVENTQ_ABT = 5, GERR_MSI_PRIQ_ABT = 6, GERR_MSI_GERROR_ABT = 7, GERR_SFM = 8, GERR_CMDQP = 9 };
enum { CERROR_NONE, CERROR_ILL, CERROR_ABT, CERROR_ATC_INV_SYNC };

struct smmuv3_caps { /* decoded from IDR0..IDR6 and AIDR; smmuv3_caps_decode() after a restore */
	bool s1p, s2p, ttf32, ttf64, ats, ns1ats, pri, hyp, vmid16, asid16, cd2l, st2l, term_model, msi, sev, vmw, atsrecerr, cohacc, rme;
	bool attr_ovr, perm_ovr, ecmdq; /* IDR1 */
	bool had, xnx, stt, fwb, ril, e0pd, ptwnnc, pps, mpam, dpt, epan; /* IDR3 */
	bool gran4k, gran16k, gran64k, ds; /* IDR5 */
	unsigned httu, stall_model, ttendian, bbml, minor /* AIDR: v3.minor */, cmdqs, eventqs, priqs, ssidsize, sidsize, oas /* bits */, ias /* bits */, vax, stall_max;
	unsigned ecmdq_pages_lg2, ecmdq_lg2; /* IDR6 */
};
struct smmuv3_on { /* what is in force: registers after their Update; smmuv3_regs.c writes it, everybody reads */
	bool smmu, cmdq, eventq, priq, atschk; /* CR0ACK; priq is the effective one (with SMMUEN) */
	bool e2h, recinvsid, rec_cfg_ats; /* CR2 */
	uint16_t vmid_ignore; /* of CR0.VMW */
	bool two_level; /* stream table */
	unsigned split, log2size; /* log2size as written (uncapped) */
	uint64_t strtab; /* aligned */
	uint32_t gbpa; /* after Update */
};
struct smmuv3_cmdqs; /* command queues of all kinds, smmuv3_cmdq.h */
struct smmuv3_evtq; /* event queue and stalled requests, smmuv3_evtq.c */
struct smmuv3_pmcg;
#define SMMUV3_STATS(X)                                                                                                       \
	X(cfgi_ste, "count", "CFGI_STE and CFGI_STE_RANGE executed")                                                          \
	X(cfgi_all, "count", "of these, CFGI_ALL")                                                                            \
	X(cfgi_cd, "count", "CFGI_CD and CFGI_CD_ALL executed")                                                               \
	X(cfgi_vms, "count", "CFGI_VMS_PIDM executed")                                                                         \
	X(tlbi_all, "count", "TLBI by VMID, or of everything (NH_ALL, S12_VMALL, NSNH_ALL, EL2_ALL) executed")                 \
	X(tlbi_asid, "count", "TLBI by ASID executed")                                                                         \
	X(tlbi_va, "count", "TLBI by virtual address executed")                                                                \
	X(tlbi_ipa, "count", "TLBI by intermediate physical address executed")                                                 \
	X(tlbi_range, "count", "of TLBI by address, range commands (TG, NUM, SCALE)")                                          \
	X(atc_inv, "count", "ATC_INV sent")                                                                                    \
	X(atc_timeouts, "count", "ATC_INV that timed out")                                                                     \
	X(atc_unexpected, "count", "ATC_INV completions of nothing outstanding: late, or wrong")                               \
	ITAG_STATS(X)                                                                                                          \
	X(sync, "count", "CMD_SYNC completed")                                                                                 \
	X(prefetch, "count", "PREFETCH commands executed")                                                                     \
	X(pri_resp, "count", "PRI_RESP executed")                                                                              \
	X(resume, "count", "RESUME and STALL_TERM executed")                                                                   \
	X(cmd_ignored, "count", "commands consumed without effect")                                                            \
	X(cerror_ill, "count", "commands refused as illegal")                                                                  \
	X(cerror_abt, "count", "command fetches aborted")                                                                      \
	X(cerror_atc, "count", "CMD_SYNC failed because of an ATC_INV")                                                        \
	X(cmdq_busy_ps, "ps", "time command queues were fetching or executing")                                                \
	X(events, "count", "event records written")                                                                            \
	X(events_lost, "count", "event records dropped")                                                                       \
	X(events_merged, "count", "event records merged into the one before")                                                  \
	X(event_overflows, "count", "event queue overflows")                                                                   \
	X(stall_records, "count", "event records of stalled requests")                                                         \
	X(page_requests, "count", "page requests written to the PRI queue")                                                    \
	X(pri_overflows, "count", "PRI queue overflows")                                                                       \
	X(pri_auto, "count", "page requests answered by hardware")                                                             \
	X(msis, "count", "message-signalled interrupts sent")                                                                  \
	X(wired, "count", "wired interrupt pulses: no message is configured")                                                  \
	X(msi_aborts, "count", "message-signalled interrupts aborted")                                                         \
	X(gerrors, "count", "global errors that became active")                                                                \
	X(config_reads, "count", "memory reads of L1STD, STE, L1CD, CD")                                                       \
	X(table_reads, "count", "memory accesses to translation tables, updates included")                                     \
	X(tlb_misses, "count", "requests that a walk or another unit had to answer")                                           \
	X(config_misses, "count", "requests that fetched a configuration structure")                                           \
	X(ats_requests, "count", "ATS translation requests")                                                                   \
	X(ats_translated, "count", "ATS translated transactions passed")
struct smmuv3_stats {
	SMMUV3_STATS(STAT_DECL)
};
enum { SMMUV3_MAX_TBU = 64, SMMUV3_P0_BYTES = 0x8000, SMMUV3_CR0_FIELDS = 6, SMMUV3_IRQ_FIELDS = 3 };
struct smmuv3 {
	struct iommu u; /* first */
	const struct smmuv3_cfg *cfg;
	struct smmuv3_caps cap;
	struct smmuv3_on on;
	struct smmuv3_stats st;
	uint64_t seed;
	/* caches, smmuv3_inv.c; payloads in smmuv3_walk.h */
	struct xcache *l1std, *ste, *l1cd, *cd, *tlb, *utlb[SMMUV3_MAX_TBU], *tbu[SMMUV3_MAX_TBU];
	struct pt_caches pt; /* walk caches; .nested is the IPA cache */
	unsigned n_tbu;
	uint64_t fractured; /* bit of a leaf code (smmuv3_walk.h): blocks of stage 1 were filled in pieces, because pages of stage 2 are smaller */
	bool global_seen; /* a global entry was filled: lookups have to look for both */
	/* smmuv3_regs.c */
	uint8_t reg[SMMUV3_P0_BYTES]; /* page 0; page 1 registers are kept at their offset minus 0x10000 */
	struct smmuv3_upd { /* a register update in progress */
		struct smmuv3 *s;
		struct sim_event ev;
		struct iommu_drain drain;
		bool busy;
	} upd_cr0, upd_irq, upd_gbpa;
	sim_time cr0_due[SMMUV3_CR0_FIELDS], irq_due[SMMUV3_IRQ_FIELDS]; /* of each field; SIM_NEVER_PS: not in transition, or waiting for requests in flight */
	sim_time recheck; /* until CMDQEN 1 -> 0 is looked at again */
	bool smmu_ends, cmdq_ends; /* 1 -> 0 has taken effect, the acknowledgement waits for what is in progress */
	bool held; /* registers were restored: the queues go on at the next access or request */
	struct smmuv3_cmdqs *cq;
	struct smmuv3_evtq *eq;
	struct smmuv3_pmcg *pm;
	uint32_t pm_hot; /* bit e: an enabled counter counts event e */
	char (*path)[80]; /* names under which statistics are registered */
};
static inline struct smmuv3 *smmuv3_of(struct iommu *u)
{
	return (struct smmuv3 *)u;
}
/* ---- smmuv3_caps.c ---- */
void smmuv3_caps_decode(struct smmuv3 *s); /* from IDR0..6, AIDR in reg[] */
void smmuv3_caps_of(struct smmuv3_caps *c, const uint64_t idr[7], uint64_t aidr);
unsigned smmuv3_oas_bits(unsigned field); /* IDR5.OAS, CD.IPS, STE.S2PS encoding to bits (reserved: 56) */
/* ---- smmuv3_regs.c: the register file, guards, Update handshakes ---- */
void smmuv3_mmio_write(struct iommu *u, uint32_t off, unsigned bytes, uint64_t v);
uint64_t smmuv3_mmio_read(struct iommu *u, uint32_t off, unsigned bytes);
bool smmuv3_restore(struct iommu *u, uint32_t off, unsigned bytes, uint64_t v, struct err *e);
void smmuv3_regs_reset(struct smmuv3 *s);
void smmuv3_regs_destroy(struct smmuv3 *s); /* cancels updates in progress */
bool smmuv3_regs_idle(const struct smmuv3 *s); /* no update in progress */
uint64_t smmuv3_reg_get(const struct smmuv3 *s, uint32_t off, unsigned bytes); /* raw; page 1 offsets as in the specification */
void smmuv3_reg_put(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v);
void smmuv3_latch(struct smmuv3 *s); /* rebuild s->on from registers (after an update, or a restore) */
bool smmuv3_is_tail(const struct iommu *u, uint32_t off); /* CMDQ_PROD and every other command queue's PROD */
/* ---- smmuv3_irq.c: MSIs, wired pulses, GERROR ---- */
enum smmuv3_irq { SMMUV3_IRQ_EVENTQ, SMMUV3_IRQ_PRIQ, SMMUV3_IRQ_GERROR };
void smmuv3_irq(struct smmuv3 *s, enum smmuv3_irq which); /* if enabled in IRQ_CTRL: MSI if one is configured */
/** smmuv3_msi() - write @data to @addr; an abort activates GERROR @abt. */
void smmuv3_msi(struct smmuv3 *s, uint64_t addr, uint32_t data, unsigned abt);
void smmuv3_gerror(struct smmuv3 *s, unsigned bit); /* activate, unless active */
bool smmuv3_gerror_active(const struct smmuv3 *s, unsigned bit);
/* ---- smmuv3_ste.c: pure checks of structures: true if legal ---- */
bool smmuv3_ste_ok(const struct smmuv3 *s, const uint64_t ste[8]); /* V = 1 assumed */
bool smmuv3_cd_ok(const struct smmuv3 *s, const uint64_t ste[8], const uint64_t cd[8]); /* V = 1 assumed */
unsigned smmuv3_eats(const struct smmuv3 *s, const uint64_t ste[8]); /* effective EATS */
enum smmuv3_world smmuv3_world(const struct smmuv3 *s, const uint64_t ste[8]); /* Config[0] or Config[1] set */
/** smmuv3_l1std() - find the STE of @sid: 1 L1STD has to be read (*addr), 0 STE is at *addr, -1 the StreamID is out of range (C_BAD_STREAMID). */
int smmuv3_ste_find(const struct smmuv3 *s, uint32_t sid, uint64_t *addr);
/** smmuv3_l1std_ste() - STE address from an L1STD; false: C_BAD_STREAMID. */
bool smmuv3_l1std_ste(const struct smmuv3 *s, uint64_t l1std, uint32_t sid, uint64_t *addr);
/* ---- smmuv3_walk.c, smmuv3_xlate.c ---- */
enum xl_act smmuv3_begin(struct iommu *u, struct xl *x);
enum xl_act smmuv3_next(struct iommu *u, struct xl *x);
/* ---- smmuv3_inv.c: scopes to caches; every one also overtakes walks; nothing if cfg->ignore_invalidations ---- */
bool smmuv3_caches_create(struct smmuv3 *s, struct err *e);
void smmuv3_caches_destroy(struct smmuv3 *s);
/** smmuv3_inv_ste() - StreamIDs (sid & mask) == (@sid & mask); @leaf spares L1STDs. mask 0: CFGI_ALL. */
void smmuv3_inv_ste(struct smmuv3 *s, uint32_t sid, uint32_t mask, bool leaf);
void smmuv3_inv_cd(struct smmuv3 *s, uint32_t sid, uint32_t ssid, bool all, bool leaf); /* @all: every CD of the stream */
/*
 * smmuv3_tlbi() - one TLBI. @op: the opcode. @leaf: last level only. @first, @last: inclusive, for opcodes by address.
 * @level: 1..3 if only leaves of that level need to go, 0 any. CR0.VMW and E2H are applied here.
 */
struct smmuv3_tlbi {
	uint8_t op;
	bool leaf;
	uint16_t vmid, asid;
	uint8_t tg, level; /* tg 1..3: only entries of that granule; 0 any */
	uint64_t first, last;
};
void smmuv3_tlbi(struct smmuv3 *s, const struct smmuv3_tlbi *t);
/* ---- smmuv3_exec.c: what a command is, from capabilities alone; smmuv3_cmd_range(): the addresses of a TLBI by address, and its hints ---- */
bool smmuv3_cmd_legal(const struct smmuv3_caps *c, const struct smmuv3_cfg *cfg, const uint64_t cmd[2]);
void smmuv3_cmd_range(const struct smmuv3_caps *c, const uint64_t cmd[2], struct smmuv3_tlbi *t);
/* ---- smmuv3_cmdq.c and friends ---- */
bool smmuv3_cmdq_create(struct smmuv3 *s, struct err *e);
void smmuv3_cmdq_destroy(struct smmuv3 *s);
void smmuv3_cmdq_kick(struct smmuv3 *s); /* main queue: PROD written, CMDQEN set, GERRORN acknowledged */
/** smmuv3_cmdq_stopped() - main queue: nothing fetched is unfinished except ATC_INVs; polled while CMDQEN goes to 0. */
bool smmuv3_cmdq_stopped(const struct smmuv3 *s);
bool smmuv3_commands_idle(const struct iommu *u);
void smmuv3_ats_cpl(struct iommu *u, uint32_t rid, uint32_t itag_vector, unsigned cc);
/** smmuv3_cmdq_regs() - offsets outside pages 0 and 1 that belong to queues (ECMDQ pages, CMDQV block); false: not ours. */
bool smmuv3_cmdq_read(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t *v);
bool smmuv3_cmdq_write(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v);
void smmuv3_progress(struct smmuv3 *s); /* tell the environment if the unit has just gone idle, or an error stopped a queue */
/* ---- smmuv3_evtq.c, smmuv3_stall.c ---- */
bool smmuv3_evtq_create(struct smmuv3 *s, struct err *e);
void smmuv3_evtq_destroy(struct smmuv3 *s);
bool smmuv3_fault(struct iommu *u, struct xl *x); /* iommu_ops.fault */
void smmuv3_evtq_kick(struct smmuv3 *s); /* room, enabled, or an abort acknowledged: held stall records are written */
void smmuv3_resume(struct smmuv3 *s, uint32_t sid, unsigned stag, bool ac, bool ab);
void smmuv3_stall_term(struct smmuv3 *s, uint32_t sid, bool any); /* @any: every stream (SMMUEN 1 -> 0) */
/** smmuv3_event_write() - append a record; false if it was dropped. */
bool smmuv3_event_write(struct smmuv3 *s, const uint64_t rec[4]);
/* ---- smmuv3_priq.c ---- */
void smmuv3_page_request(struct iommu *u, const struct page_req *p);
void smmuv3_pri_resp(struct smmuv3 *s, uint32_t sid, bool ssv, uint32_t ssid, unsigned prgi, unsigned resp);
/* ---- smmuv3_pmcg.c: offsets from SMMUV3_PMCG_OFF ---- */
bool smmuv3_pmcg_create(struct smmuv3 *s, struct err *e);
void smmuv3_pmcg_destroy(struct smmuv3 *s);
uint64_t smmuv3_pmcg_read(struct smmuv3 *s, uint32_t off, unsigned bytes);
void smmuv3_pmcg_write(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v);
/** smmuv3_pmcg_count() - @n events of type @event caused by stream @sid (0x0 to 0x7). Cheap when nothing is enabled. */
void smmuv3_pmcg_add(struct smmuv3 *s, unsigned event, uint32_t sid, unsigned n);
static inline void smmuv3_pmcg_count(struct smmuv3 *s, unsigned event, uint32_t sid, unsigned n)
{
	if (UNLIKELY(s->pm_hot >> (event & 31) & 1))
		smmuv3_pmcg_add(s, event, sid, n);
}
#endif
