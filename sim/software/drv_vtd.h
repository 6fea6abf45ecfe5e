/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_vtd.h - the Intel driver, as Linux 6.12 does it: bring-up, tables, commands.
 * Does not model: register-based invalidation, page request queue, interrupt remapping, recovery from IQE/ITE.
 */
#ifndef IOMMUSIM_DRV_VTD_H
#define IOMMUSIM_DRV_VTD_H
#include "software/drv_int.h"

enum { VTDD_BATCH = 16, VTDD_SLOTS = 256, VTDD_DID_FIRST = 2 /* 0: caching mode; 1: pass-through */, VTDD_DID_PT = 1 };
struct vtdd {
	struct drv_unit base; /* first */
	struct drv *d;
	struct iommu *u;
	unsigned index;
	uint64_t cap, ecap;
	bool up, scalable;
	uint32_t gcmd; /* level bits on */
	uint64_t root; /* root table */
	uint64_t ring, status; /* descriptors; one 32-bit status per slot */
	unsigned tail, desc_words; /* tail in slots */
	uint64_t cmd[VTDD_BATCH][2]; /* not yet submitted */
	unsigned n_cmd;
	uint32_t *did_refs;
	uint32_t n_did, did_low; /* no id below did_low is free */
	uint64_t ats[65536 / 64]; /* by requester id */
	uint32_t *att; /* attachments of each requester (65536) */
};
/* drv_vtd.c: units, attach, detach */
struct vtdd *vtdd_get(struct drv *d, unsigned unit); /* brings the unit up the first time */
struct drv_dom *vtdd_dom(struct drv *d, struct vtdd *v, uint32_t id, const char *type);
/** vtdd_of() - the state of a unit that is up. */
static inline struct vtdd *vtdd_of(const struct drv *d, unsigned unit)
{
	return (struct vtdd *)d->unit[unit];
}
static inline bool vtdd_cm(const struct vtdd *v)
{
	return v->base.cm || v->d->cfg->caching_mode;
}
static inline bool vtdd_has_ats(const struct vtdd *v, uint32_t rid)
{
	return v->ats[(rid & 0xffff) / 64] >> (rid % 64) & 1;
}
/* drv_vtd_ctx.c: root, context and PASID entries */
void vtdd_ctx_set(struct vtdd *v, const struct drv_dom *m, uint32_t rid, unsigned did);
void vtdd_ctx_clear(struct vtdd *v, uint32_t rid, unsigned did);
void vtdd_ctx_ats(struct vtdd *v, uint32_t rid, bool on); /* DTE or TT of a present entry */
void vtdd_pasid_set(struct vtdd *v, const struct drv_dom *m, uint32_t rid, uint32_t pasid, unsigned did);
void vtdd_pasid_clear(struct vtdd *v, const struct drv_dom *m, uint32_t rid, uint32_t pasid, unsigned did);
/* drv_vtd_tables.c: page tables */
/** vtdd_map_some() - up to DRV_MAP_CHUNK leaves of the map in progress. Returns: false when it is complete (or failed). */
bool vtdd_map_some(struct drv *d, struct drv_dom *m);
/** vtdd_unmap() - clear [first, last]; both grow to whole large pages. Returns: true if tables were taken out (IH must be 0). */
bool vtdd_unmap(struct drv *d, struct drv_dom *m, uint64_t *first, uint64_t *last);
uint64_t vtdd_table(struct drv *d, struct drv_dom *m); /* a new table page, mapped in stage 2 under nesting */
bool vtdd_s2_map(struct drv *d, unsigned vm, uint64_t spa, uint64_t bytes); /* make gpa = spa + offset valid */
static inline uint64_t vtdd_gpa(const struct drv *d, const struct drv_dom *m, uint64_t spa)
{
	return m->mode == DRV_MODE_NESTED ? spa + d->cfg->s2_offset : spa;
}
/* drv_vtd_cmds.c: descriptors and flushes */
void vtdd_cmd(struct vtdd *v, uint64_t qw0, uint64_t qw1);
void vtdd_submit(struct vtdd *v); /* a wait behind what is queued, then the tail */
void vtdd_cmd_cc(struct vtdd *v, unsigned g, unsigned did, uint32_t rid);
void vtdd_cmd_pc(struct vtdd *v, unsigned g, unsigned did, uint32_t pasid);
void vtdd_cmd_iotlb(struct vtdd *v, unsigned g, unsigned did, uint64_t addr, unsigned am, bool ih);
void vtdd_cmd_piotlb(struct vtdd *v, unsigned g, unsigned did, uint32_t pasid, uint64_t addr, unsigned am, bool ih);
/** vtdd_cmd_devtlb() - @am 64: everything. */
void vtdd_cmd_devtlb(struct vtdd *v, uint32_t rid, uint32_t pasid, uint64_t addr, unsigned am);
/** vtdd_flush_range() - every unit and ATS device of @m; vtdd_flush_all() likewise for all addresses. */
void vtdd_flush_range(struct drv *d, struct drv_dom *m, uint64_t first, uint64_t last, bool ih, bool dev_tlb);
/** vtdd_write_buffer() - GCMD.WBF on the units of @m that need it (CAP.RWBF). */
void vtdd_write_buffer(struct drv *d, struct drv_dom *m);
void vtdd_flush_all(struct drv *d, struct drv_dom *m);
/** vtdd_s2_flush() - by domain id: entries of a nested translation are not found by guest-physical address. */
void vtdd_s2_flush(struct drv *d, unsigned vm, uint64_t first, uint64_t last);
#endif
