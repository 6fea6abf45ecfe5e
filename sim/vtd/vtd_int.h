/* SPDX-License-Identifier: Apache-2.0 */
/* vtd_int.h - private to sim/vtd: the unit's state, shared by registers, walk, queue and fault logging. */
#ifndef IOMMUSIM_VTD_INT_H
#define IOMMUSIM_VTD_INT_H
#include "core/base/bits.h"
#include "core/pt/pt.h"
#include "pcie/itag.h"
#include "vtd/vtd.h"

/* Kinds of IOTLB and walk-cache entries (inv_scope.kinds); configuration caches use kind 0. */
enum vtd_kind { VTD_K_SS, VTD_K_FS, VTD_K_NESTED, VTD_K_PT, VTD_K_PSC_SS, VTD_K_PSC_FS, VTD_K_PSC_NESTED };
enum vtd_ttm { VTD_TTM_LEGACY, VTD_TTM_SCALABLE, VTD_TTM_RSVD, VTD_TTM_ABORT };
enum { VTD_PGTT_FS = 1, VTD_PGTT_SS = 2, VTD_PGTT_NESTED = 3, VTD_PGTT_PT = 4 };

/* mgaw, pss: widths in bits (field + 1); nfr: number of fault records (field + 1); fro, iro: byte offsets; haw at most 52. */
struct vtd_caps { /* decoded from CAP/ECAP/VER once; vtd_caps_decode() after a restore */
	unsigned major, nd_bits, sagaw, mgaw, haw, nfr, fro, iro, mamv, sslps, mhmv, pss;
	bool psi, rwbf, plmr, phmr, cm, zlr, fs1gp, fs5lp, esrtps, esirtps;
	bool c, qi, dt, ir, eim, pt, sc, mts, nest, prs, ers, srs, nwfs, eafs, pasid, dit, pds, smts, ssads, ssts, fsts, smpwcs, rps, adms, rprivs, sms;
};
enum { VTD_REG_BYTES = 0x2000 };
struct vtd {
	struct iommu u; /* first */
	const struct vtd_cfg *cfg;
	struct vtd_caps cap;
	uint8_t reg[VTD_REG_BYTES]; /* backing store of the register file, little-endian */
	/* active state */
	bool te; /* GSTS.TES */
	uint64_t root; /* latched by SRTP */
	uint8_t ttm;
	/* caches; payloads in vtd_walk.c */
	struct xcache *cc, *pc, *iotlb;
	struct pt_caches psc; /* [0] FS and nested, [1] SS */
	struct vtd_iq *iq; /* vtd_iq.c */
	struct vtd_fault_state { unsigned next; } fl;
	struct vtd_inv_stats { /* executed commands by type, as the log of a real driver counts them */
		uint64_t cc, iotlb, dev_tlb, iec, wait, p_iotlb, pc, p_dev_tlb, page_resp;
		uint64_t cc_global, cc_domain, cc_device, iotlb_global, iotlb_domain, iotlb_page, p_iotlb_pasid, p_iotlb_page;
		uint64_t iqe, ite, ice, waits_aborted, fault_records, faults_lost, page_requests, page_requests_dropped;
		uint64_t itags_reused, itag_waits;
		uint64_t busy_ps;
	} st;
	uint64_t seed;
	/* vtd_regs.c */
	uint8_t regmap[VTD_REG_BYTES / 4]; /* row of the register that owns this dword, plus 1; 0: none */
	struct iommu_drain te_drain; /* GCMD.TE 1 -> 0 waits for requests in flight */
	bool te_draining, te_want;
	bool held; /* registers were restored: the queue goes on at the next access or request */
	/* vtd_prq.c, vtd_unit.c */
	struct vtd_prq *prq;
	char (*path)[80]; /* names under which statistics are registered */
};
static inline struct vtd *vtd_of(struct iommu *u)
{
	return (struct vtd *)u;
}
/* vtd_caps.c */
void vtd_caps_decode(struct vtd *v); /* from reg[] VER, CAP, ECAP and cfg->haw */
void vtd_caps_of(struct vtd_caps *c, uint64_t ver, uint64_t cap, uint64_t ecap); /* all but haw */
/** vtd_desc_check() - is the descriptor legal, from capabilities and the mode of the root table alone? 0 or the IQEI code. (vtd_iq_exec.c) */
unsigned vtd_desc_check(const struct vtd_caps *c, unsigned ttm, const uint64_t d[4], bool wide);
/* vtd_walk.c: context, PASID and page-table walk; owns the payloads of cc, pc, iotlb */
bool vtd_walk_caches_create(struct vtd *v, struct err *e);
void vtd_walk_caches_destroy(struct vtd *v);
enum xl_act vtd_begin(struct iommu *u, struct xl *x); /* vtd_hit.c */
void vtd_wake(struct vtd *v); /* vtd_unit.c: the queue goes on after registers were restored */
enum xl_act vtd_walk_next(struct iommu *u, struct xl *x);
/** Pure checks of scalable-mode structures (2.7 C): 0 or the fault code. vtd_select_pasid() writes the PASID that selects the entry. */
unsigned vtd_check_sroot(const struct vtd *v, uint64_t half);
unsigned vtd_check_scontext(const struct vtd *v, const uint64_t *context);
unsigned vtd_select_pasid(const struct vtd *v, const uint64_t *context, bool has_pasid, uint32_t pasid, uint32_t *out);
/** vtd_drop_all() - context, PASID, IOTLB and paging-structure caches, globally; overtakes every walk. */
void vtd_drop_all(struct vtd *v);
/* scopes: apply one to the caches it concerns (and iommu_overtake()); nothing if cfg->ignore_invalidations */
void vtd_inv_cc(struct vtd *v, const struct inv_scope *s);
void vtd_inv_pc(struct vtd *v, const struct inv_scope *s);
/** @leaf_only: IH = 1, paging-structure entries may survive and do. */
void vtd_inv_iotlb(struct vtd *v, const struct inv_scope *s, bool leaf_only);
/* vtd_regs.c */
void vtd_mmio_write(struct iommu *u, uint32_t off, unsigned bytes, uint64_t val);
uint64_t vtd_mmio_read(struct iommu *u, uint32_t off, unsigned bytes);
bool vtd_restore(struct iommu *u, uint32_t off, unsigned bytes, uint64_t val, struct err *e);
uint64_t vtd_reg_get(const struct vtd *v, uint32_t off, unsigned bytes); /* raw */
void vtd_reg_put(struct vtd *v, uint32_t off, unsigned bytes, uint64_t val);
void vtd_regs_reset(struct vtd *v);
/** vtd_regs_map() - rebuild regmap after the capabilities changed. Returns: false if they place registers outside the register file. */
bool vtd_regs_map(struct vtd *v, struct err *e);
/** vtd_pmr_hit() - protected memory is on and @r touches it (tested while remapping is off). */
bool vtd_pmr_hit(const struct vtd *v, const struct xl_req *r);
/* vtd_fault.c: primary fault logging, fault event */
bool vtd_fault_record(struct iommu *u, struct xl *x); /* iommu_ops.fault */
/** vtd_event_update() - a status bit of an event group was set or cleared: 1.7, steps 1-5. */
enum vtd_event { VTD_EV_FAULT, VTD_EV_INV, VTD_EV_PAGE };
void vtd_event_set(struct vtd *v, enum vtd_event ev, bool was_clear);
void vtd_event_cleared(struct vtd *v, enum vtd_event ev);
bool vtd_fault_qualified(unsigned code); /* Q in 6.1 */
enum vtd_req_type { VTD_TYPE_WRITE = 0, VTD_TYPE_PAGE = 1, VTD_TYPE_READ = 2, VTD_TYPE_ATOMIC = 3 }; /* T1:T2 of a fault record */
void vtd_fault_log(struct vtd *v, const struct xl_req *q, enum vtd_req_type type, unsigned code);
/** vtd_event_status() - any status bit of the group is set. */
bool vtd_event_status(const struct vtd *v, enum vtd_event ev);
void vtd_fault_recompute(struct vtd *v); /* F bits were written: PPF, FRI, event */
void vtd_fault_restored(struct vtd *v); /* registers were restored: where the next record goes */
/** vtd_event_unmasked() - IM of the group was cleared. */
void vtd_event_unmasked(struct vtd *v, enum vtd_event ev);
/* vtd_iq.c: invalidation queue, device-TLB requests, waits */
bool vtd_iq_create(struct vtd *v, struct err *e);
void vtd_iq_destroy(struct vtd *v);
void vtd_iq_kick(struct vtd *v); /* tail written, or an error bit cleared */
void vtd_iq_enable(struct vtd *v, bool on);
bool vtd_iq_idle(const struct iommu *u);
void vtd_iq_ats_cpl(struct iommu *u, uint32_t rid, uint32_t itag_vector, unsigned cc);
/** vtd_iq_register_inv() - register-based CCMD/IOTLB invalidation; completes in simulated time. */
void vtd_iq_register_inv(struct vtd *v, bool iotlb);
/** vtd_iq_error() - queue error: FSTS.IQE, IQERCD.IQEI = @code, fault event. Nothing if IQE is already set. */
void vtd_iq_error(struct vtd *v, unsigned code);
void vtd_iq_restored(struct vtd *v); /* registers were restored */
void vtd_iq_progress(struct vtd *v); /* tell the environment if the unit has just gone idle */
/* vtd_prq.c */
bool vtd_prq_create(struct vtd *v, struct err *e);
void vtd_prq_destroy(struct vtd *v);
void vtd_page_request(struct iommu *u, const struct page_req *p);
bool vtd_prq_drained(const struct vtd *v);
#endif
