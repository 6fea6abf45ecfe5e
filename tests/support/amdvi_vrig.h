/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_vrig.h - guests on the AMD-Vi test rig: the private address space, a parent table (GPA to SPA), a ring and logs for each.
 * Guest g: TransDevID 8000h + g, parent DomainID 200h + g; buffers at the same guest-physical addresses in every guest.
 */
#ifndef AMDVI_VRIG_H
#define AMDVI_VRIG_H
#include "amdvi_rig.h"
#include "amdvi/amdvi_viommu.h"

enum { VR_GUESTS = 64, VR_PRIVATE_DID = 0x7f, VR_TRANS = 0x8000, VR_PARENT = 0x200 };
enum { G_RING = 0x10000, G_EVT = 0x11000, G_PPR = 0x12000, G_EVTB = 0x13000, G_SEM = 0x14000 /* guest-physical */ };
#define VR_CTL (AMDVI_CT_GTEn | AMDVI_CT_GAEn | AMDVI_CT_PPREn | AMDVI_CT_vCmdEn | AMDVI_CT_vIommuEn)
#define RWP UINT64_C(0x6000000000000001)
struct vrig {
	struct rig *r;
	struct amdvi *v;
	bool trp; /* guest buffers are guest-physical */
	uint64_t next, pas; /* free memory; root of the private table */
	uint64_t parent[VR_GUESTS];
	uint32_t tail[VR_GUESTS];
};

static inline uint64_t vr_page(struct vrig *w)
{
	w->next += 0x1000;
	return w->next - 0x1000;
}

/* The entry of the 4-level host table @root that maps the page at @a; tables are made as needed. */
static inline uint64_t vr_entry(struct vrig *w, uint64_t root, uint64_t a)
{
	uint64_t at = 0;

	for (unsigned l = 4; l; l--) {
		at = root + (a >> (3 + 9 * l) & 0x1ff) * 8;
		if (l == 1)
			break;
		if (!mem64(w->r, at))
			put64(w->r, at, vr_page(w) | (uint64_t)(l - 1) << 9 | RWP);
		root = mem64(w->r, at) & bits_mask(51, 12);
	}
	return at;
}

/* Memory behind page @a of table @root; given if there was none. */
static inline uint64_t vr_back(struct vrig *w, uint64_t root, uint64_t a)
{
	uint64_t at = vr_entry(w, root, a);

	if (!mem64(w->r, at))
		put64(w->r, at, vr_page(w) | RWP);
	return (mem64(w->r, at) & bits_mask(51, 12)) + (a & 0xfff);
}

static inline uint64_t vr_ipa(struct vrig *w, uint64_t ipa)
{
	return vr_back(w, w->pas, ipa);
}

static inline uint64_t vr_gpa(struct vrig *w, unsigned g, uint64_t gpa)
{
	return vr_back(w, w->parent[g], gpa);
}

static inline void vr_unmap(struct vrig *w, uint64_t root, uint64_t a)
{
	put64(w->r, vr_entry(w, root, a), 0);
}

#define VFC(g, reg) (AMDVI_VFCNTL_OFF + (g) * 64u + (reg) * 8u)
#define VF(g, reg) (AMDVI_VF_OFF + (g) * 4096u + (reg) * 8u)

static inline void vr_dte(struct vrig *w, uint32_t rid, uint64_t root, uint16_t did)
{
	rig_dte(w->r, rid, UINT64_C(0x6000000000000003) | 4 << 9 | root, did, 0, 0);
}

static inline struct vrig *vr_new(void (*set)(struct amdvi_cfg *c), bool trp, uint64_t ctl)
{
	struct vrig *w = calloc(1, sizeof *w);

	ck_assert_ptr_nonnull(w);
	w->r = rig_new(set);
	w->v = w->r->v;
	w->trp = trp;
	w->next = 0x10000000;
	w->pas = vr_page(w);
	rig_on(w->r, VR_CTL | ctl | (trp ? AMDVI_CT_GstBufferTRPMode : 0));
	vr_dte(w, w->r->c.devid, w->pas, VR_PRIVATE_DID);
	return w;
}

static inline void vr_free(struct vrig *w)
{
	rig_free(w->r);
	free(w);
}

/* Where the guest's buffers are in memory. */
static inline uint64_t vr_buf(struct vrig *w, unsigned g, enum vi_region r, uint64_t gpa, uint64_t off)
{
	return w->trp ? vr_gpa(w, g, gpa + off) : vr_ipa(w, vi_private_addr(r, g, off));
}

static inline uint64_t vr_ring(struct vrig *w, unsigned g, uint64_t off)
{
	return vr_buf(w, g, VI_R_CMD, G_RING, off);
}

static inline uint64_t vr_log(struct vrig *w, unsigned g, unsigned i, unsigned word)
{
	return mem64(w->r, vr_buf(w, g, VI_R_EVT, G_EVT, i * 16 + word * 8));
}

static inline void vr_map(struct vrig *w, unsigned g, enum vi_kind kind, uint16_t id, uint16_t host)
{
	wr64(w->r, VFC(g, kind), BIT64(63) | (uint64_t)id << 46 | (uint64_t)host << 14 | 1);
}

/* The guest, its buffers (256 entries each) on, no ids mapped; every page of the maps that small ids need is there. */
static inline void vr_guest(struct vrig *w, unsigned g)
{
	uint64_t bit;

	w->parent[g] = vr_page(w);
	vr_dte(w, VR_TRANS + g, w->parent[g], (uint16_t)(VR_PARENT + g));
	vr_ipa(w, vi_dirty_addr(g, &bit));
	vr_ipa(w, vi_map_addr(g, VI_DEV, 0));
	vr_ipa(w, vi_map_addr(g, VI_DOM, 0));
	vr_gpa(w, g, G_SEM);
	vr_ring(w, g, 0);
	vr_buf(w, g, VI_R_EVT, G_EVT, 0);
	vr_buf(w, g, VI_R_PPR, G_PPR, 0);
	vr_buf(w, g, VI_R_EVTB, G_EVTB, 0);
	wr64(w->r, VFC(g, VC_MISC), (uint64_t)(VR_TRANS + g) << 16);
	wr64(w->r, VFC(g, VC_EVTB_BASE), G_EVTB);
	wr64(w->r, VFC(g, VC_EVT), G_EVT | VC_EVT_EN | VC_EVT_INT | 0x88);
	wr64(w->r, VFC(g, VC_PPR), (uint64_t)G_PPR << 4 | VC_PPR_LOG_EN | VC_PPR_EN | 8);
	wr64(w->r, VFC(g, VC_CMD), G_RING | VC_CMD_EN | 8);
}

static inline void vr_put(struct vrig *w, unsigned g, uint64_t w0, uint64_t w1)
{
	uint64_t d[2] = { w0, w1 };

	ck_assert_uint_eq(mem_write(w->r->m, vr_ring(w, g, w->tail[g]), d, 2), MEM_OK);
	w->tail[g] = (w->tail[g] + 16) % 4096;
}

static inline void vr_put_wait(struct vrig *w, unsigned g, uint64_t data)
{
	vr_put(w, g, UINT64_C(0x1000000000000001) | G_SEM, data);
}

static inline void vr_tail(struct vrig *w, unsigned g)
{
	wr32(w->r, VF(g, VF_CMD_TAIL), w->tail[g]);
}

static inline uint64_t vr_sem(struct vrig *w, unsigned g)
{
	return mem64(w->r, vr_gpa(w, g, G_SEM));
}

static inline uint32_t vr_head(struct vrig *w, unsigned g)
{
	return rd32(w->r, VF(g, VF_CMD_HEAD));
}

static inline uint32_t vr_status(struct vrig *w, unsigned g)
{
	return rd32(w->r, VF(g, VF_STATUS));
}

static inline bool vr_dirty(struct vrig *w, unsigned g)
{
	uint64_t bit, a = vi_dirty_addr(g, &bit);

	return mem64(w->r, vr_ipa(w, a)) & bit;
}
enum { G = 7 };
#define ST (w->v->vi->st)
#define P(op, rest) ((uint64_t)(op) << 60 | (rest))
#define HW_ERROR(flags, src) (UINT64_C(0xc000000080000000) | (flags) | (uint64_t)(src) << 16 | G)

/* Guest 7 alone, with its device 20h and its domain 3. */
static inline struct vrig *guest7(void (*set)(struct amdvi_cfg *c), bool trp, uint64_t ctl)
{
	struct vrig *w = vr_new(set, trp, ctl);

	vr_guest(w, G);
	vr_map(w, G, VI_DEV, 0x20, 0x300);
	vr_map(w, G, VI_DOM, 3, 0x45);
	run_all(w->r);
	return w;
}

/* An event of guest 7's device 300h. */
static inline void event(struct vrig *w, unsigned n)
{
	const uint64_t dte[4] = { 0, 0, 0, 0x0000000700208000 }, rec[2] = { 0x2001000500000300, n };

	amdvi_viommu_event(w->v, dte, rec);
}

static inline int run_suite(TCase *t, const char *name)
{
	Suite *s = suite_create(name);
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
#endif
