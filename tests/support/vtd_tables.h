/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_tables.h - VT-d structures in memory, written from the layouts of the specification and not from the model, and a rig: kernel,
 * memory, port and one unit brought up through its registers. Levels are counted as the specification does: 1 is the last table.
 * Does not model: devices, drivers; a request is one struct xl run to completion.
 */
#ifndef IOMMUSIM_VTD_TABLES_H
#define IOMMUSIM_VTD_TABLES_H
#include "vtd/vtd.h"

enum vt_mode { VT_LEGACY, VT_LEGACY_ATS, VT_LEGACY_PT, VT_SS, VT_FS, VT_NESTED, VT_PT };
enum {
	VT_SID = 0x0390, VT_PASID = 0x1234, VT_RID_PASID = 5, VT_DID = 0x21, VT_HAW = 46,
	VT_SS_R = 1, VT_SS_W = 2, VT_SS_X = 4, VT_SS_PS = 0x80, VT_SS_A = 0x100, VT_SS_D = 0x200,
	VT_FS_P = 1, VT_FS_W = 2, VT_FS_U = 4, VT_FS_A = 0x20, VT_FS_D = 0x40, VT_FS_PS = 0x80, VT_FS_EA = 0x400
};
#define VT_GPA (UINT64_C(1) << 37) /* guest-physical address of a first-stage table = its place + this */
struct vt_opt {
	enum vt_mode mode;
	unsigned ss_levels, fs_levels; /* 0: 4 */
	int ttm; /* 0: as the mode needs, else the value of RTADDR.TTM */
	uint64_t cap_clr, cap_set, ecap_clr, ecap_set;
	uint64_t pe_set[3], pe_clr[3]; /* PASID entries */
	uint32_t caches; /* entries of every cache; 0: none */
	uint32_t psc, nested; /* entries of the walk caches if caches is 0 */
	void (*tweak)(struct vtd_cfg *c);
};
struct vt {
	struct vtd_cfg cfg;
	struct vt_opt o;
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port port;
	struct iommu *u;
	uint64_t bump; /* next free page */
	uint64_t root, ctxp, ctx, pdir, ptab; /* tables, and this device's context entry */
	uint64_t ss, fs; /* top tables; fs is guest-physical under nesting */
	uint64_t iq, status; /* invalidation queue, status word */
	uint32_t iq_tail, wait_no, iq_step;
	struct xl x;
	bool done;
};
void vt_init(struct vt *v, const struct vt_opt *o);
void vt_fini(struct vt *v);
/* memory */
uint64_t vt_page(struct vt *v);
uint64_t vt_get(struct vt *v, uint64_t spa);
void vt_put(struct vt *v, uint64_t spa, uint64_t w);
void vt_edit(struct vt *v, uint64_t spa, uint64_t set, uint64_t clr);
/* tables; the tables in between are made with all rights and A set. Returns: address of the leaf entry. */
uint64_t vt_ss_map(struct vt *v, uint64_t gpa, uint64_t spa, unsigned leaf, uint64_t bits);
uint64_t vt_fs_map(struct vt *v, uint64_t iova, uint64_t out, unsigned leaf, uint64_t bits);
/** vt_ss_at()/vt_fs_at() - where the entry of level @level for this address lies; the tables must exist. */
uint64_t vt_ss_at(struct vt *v, uint64_t gpa, unsigned level);
uint64_t vt_fs_at(struct vt *v, uint64_t iova, unsigned level);
/** vt_map() - whatever the mode has: first stage (user, A, D), second stage (A, D), or both through @gpa. */
void vt_map(struct vt *v, uint64_t iova, uint64_t gpa, uint64_t spa, unsigned fs_leaf, unsigned ss_leaf, bool writable);
uint64_t vt_dir_entry(const struct vt *v, uint32_t pasid);
uint64_t vt_pasid_entry(const struct vt *v, uint32_t pasid);
/** vt_add_pasid() - a PASID entry with these words, the directory entry made if needed. */
void vt_add_pasid(struct vt *v, uint32_t pasid, const uint64_t pe[3]);
void vt_pasid_words(const struct vt *v, uint64_t pe[3], uint16_t did); /* as vt_init() writes them */
/* registers */
uint64_t vt_rd(struct vt *v, uint32_t off, unsigned bytes);
void vt_wr(struct vt *v, uint32_t off, unsigned bytes, uint64_t val);
void vt_gcmd(struct vt *v, uint32_t bit);
/** vt_frcd() - record @i: words of its low and high half. Returns: F. */
bool vt_frcd(struct vt *v, unsigned i, uint64_t w[2]);
/* requests */
struct xl_req vt_req(uint64_t iova, unsigned acc); /* 64 bytes, VT_SID, no PASID */
struct xl_req vt_preq(uint64_t iova, unsigned acc); /* with VT_PASID */
struct xl_res vt_run(struct vt *v, const struct xl_req *q); /* timed, retired at once */
struct xl_res vt_now(struct vt *v, const struct xl_req *q);
/** vt_reads() - memory reads of one timed request. */
uint64_t vt_reads(struct vt *v, const struct xl_req *q);
/* invalidation queue */
void vt_inv(struct vt *v, uint64_t qw0, uint64_t qw1); /* descriptor + wait, tail written; nothing is run */
bool vt_waited(struct vt *v); /* the wait of the last vt_inv() has written its status */
static inline uint64_t vt_d_iotlb(unsigned g, unsigned did)
{
	return 2 | g << 4 | 0xc0 | (uint64_t)did << 16;
}
static inline uint64_t vt_d_piotlb(unsigned g, unsigned did, uint32_t pasid)
{
	return 6 | g << 4 | (uint64_t)did << 16 | (uint64_t)pasid << 32;
}
#endif
