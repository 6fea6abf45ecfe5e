/* SPDX-License-Identifier: Apache-2.0 */
#include "vtd_tables.h"

#include <check.h>
#include <string.h>

#define CAP_SM UINT64_C(0xd1d2078c40780c06)
#define ECAP_SM UINT64_C(0x0433ef9ea4f050df)
#define ADDR UINT64_C(0x000ffffffffff000)

/* ---- memory ---- */

uint64_t vt_page(struct vt *v)
{
	uint64_t p = v->bump;

	v->bump += 4096;
	ck_assert(mem_touch(v->m, p));
	return p;
}

uint64_t vt_get(struct vt *v, uint64_t spa)
{
	uint64_t w = 0;

	ck_assert_int_eq(mem_read(v->m, spa, &w, 1), MEM_OK);
	return w;
}

void vt_put(struct vt *v, uint64_t spa, uint64_t w)
{
	ck_assert_int_eq(mem_write(v->m, spa, &w, 1), MEM_OK);
}

void vt_edit(struct vt *v, uint64_t spa, uint64_t set, uint64_t clr)
{
	vt_put(v, spa, (vt_get(v, spa) & ~clr) | set);
}

/* ---- page tables ---- */

static unsigned ss_levels(const struct vt *v)
{
	return v->o.ss_levels ? v->o.ss_levels : 4;
}

static unsigned fs_levels(const struct vt *v)
{
	return v->o.fs_levels ? v->o.fs_levels : 4;
}

static uint64_t index_of(uint64_t addr, unsigned level)
{
	return 8 * (addr >> (12 + 9 * (level - 1)) & 511);
}

uint64_t vt_ss_at(struct vt *v, uint64_t gpa, unsigned level)
{
	uint64_t t = v->ss;

	for (unsigned l = ss_levels(v); l > level; l--)
		t = vt_get(v, t + index_of(gpa, l)) & ADDR;
	return t + index_of(gpa, level);
}

uint64_t vt_ss_map(struct vt *v, uint64_t gpa, uint64_t spa, unsigned leaf, uint64_t bits)
{
	uint64_t t = v->ss, e;

	for (unsigned l = ss_levels(v); l > leaf; l--) {
		e = t + index_of(gpa, l);
		if (!vt_get(v, e))
			vt_put(v, e, vt_page(v) | VT_SS_R | VT_SS_W | VT_SS_X | VT_SS_A);
		t = vt_get(v, e) & ADDR;
	}
	e = t + index_of(gpa, leaf);
	vt_put(v, e, spa | bits | (leaf > 1 ? VT_SS_PS : 0));
	return e;
}

/* The place of a first-stage table. */
static uint64_t fs_place(const struct vt *v, uint64_t a)
{
	return v->o.mode == VT_NESTED ? a - VT_GPA : a;
}

static uint64_t fs_page(struct vt *v)
{
	uint64_t p = vt_page(v);

	if (v->o.mode != VT_NESTED)
		return p;
	vt_ss_map(v, p + VT_GPA, p, 1, VT_SS_R | VT_SS_W | VT_SS_A | VT_SS_D);
	return p + VT_GPA;
}

uint64_t vt_fs_at(struct vt *v, uint64_t iova, unsigned level)
{
	uint64_t t = fs_place(v, v->fs);

	for (unsigned l = fs_levels(v); l > level; l--)
		t = fs_place(v, vt_get(v, t + index_of(iova, l)) & ADDR);
	return t + index_of(iova, level);
}

uint64_t vt_fs_map(struct vt *v, uint64_t iova, uint64_t out, unsigned leaf, uint64_t bits)
{
	uint64_t t = fs_place(v, v->fs), e;

	for (unsigned l = fs_levels(v); l > leaf; l--) {
		e = t + index_of(iova, l);
		if (!vt_get(v, e))
			vt_put(v, e, fs_page(v) | VT_FS_P | VT_FS_W | VT_FS_U | VT_FS_A);
		t = fs_place(v, vt_get(v, e) & ADDR);
	}
	e = t + index_of(iova, leaf);
	vt_put(v, e, out | bits | (leaf > 1 ? VT_FS_PS : 0));
	return e;
}

void vt_map(struct vt *v, uint64_t iova, uint64_t gpa, uint64_t spa, unsigned fs_leaf, unsigned ss_leaf, bool writable)
{
	uint64_t ss = VT_SS_R | VT_SS_X | VT_SS_A | VT_SS_D | (writable ? VT_SS_W : 0);
	uint64_t fs = VT_FS_P | VT_FS_U | VT_FS_A | VT_FS_D | (writable ? VT_FS_W : 0);
	uint64_t fmask = (UINT64_C(1) << (12 + 9 * (fs_leaf - 1))) - 1, smask = (UINT64_C(1) << (12 + 9 * (ss_leaf - 1))) - 1;

	if (v->o.mode == VT_FS || v->o.mode == VT_NESTED)
		vt_fs_map(v, iova, (v->o.mode == VT_FS ? spa : gpa) & ~fmask, fs_leaf, fs);
	if (v->o.mode == VT_NESTED)
		vt_ss_map(v, gpa, spa & ~smask, ss_leaf, ss);
	else if (v->o.mode != VT_FS)
		vt_ss_map(v, iova, spa & ~smask, ss_leaf, ss);
}

/* ---- configuration structures ---- */

static bool legacy(const struct vt *v)
{
	return v->o.mode <= VT_LEGACY_PT;
}

uint64_t vt_dir_entry(const struct vt *v, uint32_t pasid)
{
	return v->pdir + 8 * (uint64_t)(pasid >> 6);
}

uint64_t vt_pasid_entry(const struct vt *v, uint32_t pasid)
{
	uint64_t d = 0;

	ck_assert_int_eq(mem_read(v->m, vt_dir_entry(v, pasid), &d, 1), MEM_OK);
	return (d & ADDR) + 64 * (uint64_t)(pasid & 63);
}

void vt_add_pasid(struct vt *v, uint32_t pasid, const uint64_t pe[3])
{
	if (!vt_get(v, vt_dir_entry(v, pasid)))
		vt_put(v, vt_dir_entry(v, pasid), vt_page(v) | 1);
	for (unsigned i = 0; i < 3; i++)
		vt_put(v, vt_pasid_entry(v, pasid) + 8 * i, pe[i]);
}

void vt_pasid_words(const struct vt *v, uint64_t pe[3], uint16_t did)
{
	static const unsigned pgtt[] = { [VT_SS] = 2, [VT_FS] = 1, [VT_NESTED] = 3, [VT_PT] = 4 };
	bool ss = v->o.mode == VT_SS || v->o.mode == VT_NESTED, fs = v->o.mode == VT_FS || v->o.mode == VT_NESTED;

	pe[0] = 1 | (uint64_t)pgtt[v->o.mode] << 6 | (ss ? v->ss | (uint64_t)(ss_levels(v) - 2) << 2 : 0);
	pe[1] = did | UINT64_C(1) << 23; /* PWSNP */
	pe[2] = 1 | 2 | 16 | 32 | (fs ? v->fs | (uint64_t)(fs_levels(v) - 4) << 2 : 0); /* SRE, ERE, WPE, NXE */
	for (unsigned i = 0; i < 3; i++)
		pe[i] = (pe[i] & ~v->o.pe_clr[i]) | v->o.pe_set[i];
}

static void build_legacy(struct vt *v)
{
	static const unsigned tt[] = { [VT_LEGACY] = 0, [VT_LEGACY_ATS] = 1, [VT_LEGACY_PT] = 2 };

	vt_put(v, v->root + 16 * (VT_SID >> 8), v->ctxp | 1);
	v->ctx = v->ctxp + 16 * (VT_SID & 0xff);
	vt_put(v, v->ctx, v->ss | tt[v->o.mode] << 2 | 1);
	vt_put(v, v->ctx + 8, (uint64_t)VT_DID << 8 | (ss_levels(v) - 2));
}

static void build_scalable(struct vt *v)
{
	uint64_t pe[3];

	vt_put(v, v->root + 16 * (VT_SID >> 8) + 8 * (VT_SID >> 7 & 1), v->ctxp | 1);
	v->ctx = v->ctxp + 32 * (VT_SID & 0x7f);
	v->pdir = vt_page(v);
	v->ptab = vt_page(v);
	vt_put(v, v->ctx, v->pdir | 1 | 4 | 8 | 16); /* P, DTE, PASIDE, PRE, PDTS 0: PASIDs below 2^13 */
	vt_put(v, v->ctx + 8, VT_RID_PASID);
	vt_put(v, vt_dir_entry(v, VT_PASID), v->ptab | 1);
	vt_pasid_words(v, pe, VT_DID);
	vt_add_pasid(v, VT_PASID, pe);
	vt_add_pasid(v, VT_RID_PASID, pe);
}

/* ---- registers ---- */

uint64_t vt_rd(struct vt *v, uint32_t off, unsigned bytes)
{
	return v->u->ops->mmio_read(v->u, off, bytes);
}

void vt_wr(struct vt *v, uint32_t off, unsigned bytes, uint64_t val)
{
	v->u->ops->mmio_write(v->u, off, bytes, val);
}

void vt_gcmd(struct vt *v, uint32_t bit)
{
	vt_wr(v, 0x18, 4, (vt_rd(v, 0x1c, 4) & 0x96ffffff) | bit);
	sim_run(v->k);
	ck_assert(vt_rd(v, 0x1c, 4) & bit);
}

bool vt_frcd(struct vt *v, unsigned i, uint64_t w[2])
{
	uint32_t off = (uint32_t)(vt_rd(v, 8, 8) >> 24 & 0x3ff) * 16 + 16 * i;

	w[0] = vt_rd(v, off, 8);
	w[1] = vt_rd(v, off + 8, 8);
	return w[1] >> 63;
}

/* ---- the rig ---- */

static void configure(struct vt *v)
{
	const struct vt_opt *o = &v->o;
	struct vtd_cfg *c = &v->cfg;

	cfg_defaults(vtd_opts, c);
	c->cap = (CAP_SM & ~o->cap_clr) | o->cap_set | 0x200; /* SAGAW: 39 bits too */
	c->ecap = (ECAP_SM | UINT64_C(1) << 30) & ~o->ecap_clr; /* ERS */
	c->ecap |= o->ecap_set;
	c->ver = 0x60;
	c->haw = VT_HAW;
	c->ctx.entries = c->pasid.entries = c->iotlb.entries = o->caches;
	c->psc.entries = o->caches ? o->caches : o->psc;
	c->nested.entries = o->caches ? o->caches : o->nested;
	if (o->tweak)
		o->tweak(c);
}

static void bring_up(struct vt *v)
{
	bool wide = v->cfg.ecap >> 43 & 1;
	uint64_t ttm = v->o.ttm ? (uint64_t)v->o.ttm : !legacy(v);

	v->iq_step = wide ? 32 : 16;
	vt_wr(v, 0x90, 8, v->iq | (wide ? 0x800 : 0));
	vt_wr(v, 0x88, 8, 0);
	vt_gcmd(v, 1u << 26);
	vt_wr(v, 0x20, 8, v->root | ttm << 10);
	vt_gcmd(v, 1u << 30);
	vt_gcmd(v, 1u << 31);
}

void vt_init(struct vt *v, const struct vt_opt *o)
{
	static const struct mem_port_cfg port = { .lat_ps = 80000 };
	struct err e = { 0 };

	memset(v, 0, sizeof(*v));
	v->o = *o;
	configure(v);
	v->k = sim_kernel_create();
	v->m = mem_create(0, false);
	ck_assert(v->k && v->m && mem_port_init(&v->port, &port, &e));
	v->bump = 0x10000000;
	v->root = vt_page(v);
	v->ctxp = vt_page(v);
	v->iq = vt_page(v);
	v->status = vt_page(v);
	v->ss = vt_page(v);
	v->fs = fs_page(v);
	if (legacy(v))
		build_legacy(v);
	else
		build_scalable(v);
	v->u = vtd_create(&v->cfg, "vtd0", v->k, v->m, &v->port, 1, &e);
	ck_assert_msg(v->u != NULL, "%s", e.msg);
	bring_up(v);
}

void vt_fini(struct vt *v)
{
	v->u->ops->destroy(v->u);
	mem_port_fini(&v->port);
	mem_destroy(v->m);
	sim_kernel_destroy(v->k);
}

/* ---- requests ---- */

struct xl_req vt_req(uint64_t iova, unsigned acc)
{
	return (struct xl_req){ .iova = iova, .len = 64, .rid = VT_SID, .acc = (uint8_t)acc };
}

struct xl_req vt_preq(uint64_t iova, unsigned acc)
{
	struct xl_req q = vt_req(iova, acc);

	q.has_pasid = true;
	q.pasid = VT_PASID;
	return q;
}

static void done(struct xl *x)
{
	container_of(x, struct vt, x)->done = true;
}

struct xl_res vt_run(struct vt *v, const struct xl_req *q)
{
	v->x.req = *q;
	v->x.done = done;
	v->done = false;
	iommu_translate(v->u, &v->x);
	while (!v->done && sim_run_one(v->k))
		;
	ck_assert(v->done);
	iommu_retire(v->u, &v->x);
	sim_run(v->k);
	return v->x.res;
}

struct xl_res vt_now(struct vt *v, const struct xl_req *q)
{
	struct xl_res r;

	iommu_walk_now(v->u, q, &r, NULL, NULL);
	return r;
}

uint64_t vt_reads(struct vt *v, const struct xl_req *q)
{
	uint64_t n = v->u->st.walk_reads;

	ck_assert(vt_run(v, q).ok);
	return v->u->st.walk_reads - n;
}

/* ---- invalidation queue ---- */

static void put_desc(struct vt *v, uint64_t qw0, uint64_t qw1)
{
	vt_put(v, v->iq + v->iq_tail, qw0);
	vt_put(v, v->iq + v->iq_tail + 8, qw1);
	if (v->iq_step == 32) {
		vt_put(v, v->iq + v->iq_tail + 16, 0);
		vt_put(v, v->iq + v->iq_tail + 24, 0);
	}
	v->iq_tail = (v->iq_tail + v->iq_step) & 0xfff;
}

void vt_inv(struct vt *v, uint64_t qw0, uint64_t qw1)
{
	put_desc(v, qw0, qw1);
	put_desc(v, 0x25 | (uint64_t)++v->wait_no << 32, v->status);
	vt_wr(v, 0x88, 4, v->iq_tail);
}

bool vt_waited(struct vt *v)
{
	return (uint32_t)vt_get(v, v->status) == v->wait_no;
}
