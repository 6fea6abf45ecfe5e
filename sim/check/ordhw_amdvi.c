/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_amdvi.c - AMD-Vi for ordhw.h: device table and GCR3 entries, commands of the host's buffer, registers.
 * Does not model: device table segments, guest command buffers of a vIOMMU, interrupt entries (a command that drops them is told).
 * NpCache is not in a register of the unit: the knob says it.
 * Spec: AMD 48882, "Device Table Entry", "Commands".
 */
#include "check/ordhw_int.h"
#include "amdvi/amdvi_cmd.h"
#include "amdvi/amdvi_fields.h"
#include "core/base/bits.h"

enum { EFR, CONTROL, CMDBUF }; /* of ordhw.reg */

/* ---- entries ---- */

static void device_entry(const uint64_t *w, struct ordhw_cfg *c)
{
	unsigned mode = (unsigned)amdvi_get_dte_Mode(w);
	bool guest = amdvi_get_dte_GV(w);

	c->valid = amdvi_get_dte_V(w) && amdvi_get_dte_TV(w) && (amdvi_get_dte_IR(w) || amdvi_get_dte_IW(w) || guest);
	c->leaf = !guest;
	c->type = guest && mode ? ORD_T_NESTED : guest ? ORD_T_S1 : mode ? ORD_T_S2 : ORD_T_PT;
	if (mode)
		c->root = amdvi_get_dte_HostPTRoot(w) << 12;
	if (guest)
		c->tbl = amdvi_get_dte_GCR3TableRoot_14_12(w) << 12 | amdvi_get_dte_GCR3TableRoot_30_15(w) << 15 |
			 amdvi_get_dte_GCR3TableRoot_51_31(w) << 31;
	ordhw_key(c, ORD_KEY_DOMID, amdvi_get_dte_DomainID(w));
	ordhw_key(c, ORD_KEY_MODE, mode);
	if (amdvi_get_dte_I(w))
		ordhw_key(c, ORD_KEY_ATS, 1);
}
static void cfg(struct ordhw *h, const struct lift_upper *u, uint32_t i, const uint64_t *w, struct ordhw_cfg *c)
{
	uint64_t dte[4], pa;

	(void)i;
	if (u->kind == LIFT_DTE) {
		device_entry(w, c);
		return;
	}
	c->valid = w[0] & 1;
	c->leaf = u->kind == LIFT_GCR3;
	if (!c->leaf) {
		c->tbl = w[0] & bits_mask(51, 12);
		return;
	}
	c->type = ORD_T_S1;
	c->root = w[0] & bits_mask(51, 12);
	pa = lift_place(h->l, LIFT_DTE, c->rid);
	if (pa && mem_read(lift_mem(h->l), pa, dte, 4) == MEM_OK)
		ordhw_key(c, ORD_KEY_DOMID, amdvi_get_dte_DomainID(dte));
	ordhw_key(c, ORD_KEY_PASID, c->pasid);
}
/* Levels on top, the old table being the first of the new one. */
static bool grown(struct ordhw *h, const struct ordhw_cfg *a, const struct ordhw_cfg *b)
{
	uint64_t e = 0;

	return a->kind == ORD_K_DTE && b->v[ORD_KEY_MODE] > a->v[ORD_KEY_MODE] && a->root && a->root != b->root &&
	       a->v[ORD_KEY_DOMID] == b->v[ORD_KEY_DOMID] && mem_read(lift_mem(h->l), b->root, &e, 1) == MEM_OK && e & 1 &&
	       (e & bits_mask(51, 12)) == a->root;
}
static uint32_t used(const struct lift_upper *u, const uint64_t *w)
{
	return u->kind == LIFT_DTE && amdvi_get_dte_V(w) ? 0xf : 1;
}
static bool attached(struct ordhw *h, const struct lift_att *a, struct ordhw_cfg *c)
{
	uint64_t dte[4], pa = lift_place(h->l, LIFT_DTE, c->rid);

	if (!pa || mem_read(lift_mem(h->l), pa, dte, 4) != MEM_OK)
		return false;
	c->kind = a->type == LIFT_FS ? ORD_K_GCR3 : ORD_K_DTE;
	c->type = a->type == LIFT_FS ? ORD_T_S1 : a->type == LIFT_SS ? ORD_T_S2 : a->type == LIFT_PT ? ORD_T_PT : ORD_T_NESTED;
	ordhw_key(c, ORD_KEY_DOMID, amdvi_get_dte_DomainID(dte));
	if (c->kind == ORD_K_GCR3) {
		c->pasid = c->pasid == ORD_NONE ? 0 : c->pasid;
		ordhw_key(c, ORD_KEY_PASID, c->pasid);
	} else {
		ordhw_key(c, ORD_KEY_MODE, amdvi_get_dte_Mode(dte));
	}
	if (amdvi_get_dte_I(dte))
		ordhw_key(c, ORD_KEY_ATS, 1);
	return true;
}

/* ---- commands ---- */

static void range(struct ord_ev *e, uint64_t qw1)
{
	uint64_t first, last;

	amdvi_cmd_range(qw1, &first, &last);
	ordhw_range(e, first, last);
}
static void pages(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	bool gn = amdvi_get_cmd_invalidate_iommu_pages_GN(w);

	e->op = ORD_TLBINV;
	ord_put(e, ORD_KEY_DOMID, amdvi_get_cmd_invalidate_iommu_pages_DomainID(w));
	ord_put(e, ORD_KEY_GN, gn);
	if (gn)
		ord_put(e, ORD_KEY_PASID, amdvi_get_cmd_invalidate_iommu_pages_PASID(w));
	range(e, w[1]);
	e->flags |= amdvi_get_cmd_invalidate_iommu_pages_PDE(w) ? 0 : ORD_F(LEAF);
	ordhw_emit(h, e);
}
static void iotlb(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	bool gn = amdvi_get_cmd_invalidate_iotlb_pages_GN(w);
	uint32_t pasid = (uint32_t)(amdvi_get_cmd_invalidate_iotlb_pages_PASID_19_16(w) << 16 |
				    amdvi_get_cmd_invalidate_iotlb_pages_PASID_15_8(w) << 8 | amdvi_get_cmd_invalidate_iotlb_pages_PASID_7_0(w));

	e->op = ORD_ATCINV;
	ordhw_rid(e, (uint32_t)(w[0] & 0xffff), gn ? pasid : ORD_NONE);
	range(e, w[1]);
	ord_put(e, ORD_KEY_MIP, amdvi_get_cmd_invalidate_iotlb_pages_Maxpend(w));
	ord_put(e, ORD_KEY_GN, gn);
	ordhw_emit(h, e);
}
static void response(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	static const char *const code[16] = { "success", "invalid", [15] = "failure" };
	const char *name = code[amdvi_get_cmd_complete_ppr_request_Response(w)];

	e->op = ORD_PRSP;
	ordhw_rid(e, (uint32_t)(w[0] & 0xffff),
		  amdvi_get_cmd_complete_ppr_request_GN(w) ? (uint32_t)amdvi_get_cmd_complete_ppr_request_PASID(w) : ORD_NONE);
	e->num = amdvi_get_cmd_complete_ppr_request_CompletionTag(w) & 0x1ff;
	e->name = ordhw_name(h, name ? name : "reserved");
	e->have |= ORD_P_NUM | ORD_P_NAME;
	ordhw_emit(h, e);
}
static void wait(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	e->op = ORD_WAIT;
	if (amdvi_get_cmd_completion_wait_s(w)) {
		ord_put(e, ORD_KEY_ADDR, amdvi_get_cmd_completion_wait_StoreAddress(w) << 3);
		ord_put(e, ORD_KEY_VAL, amdvi_get_cmd_completion_wait_StoreData(w));
	}
	e->flags |= amdvi_get_cmd_completion_wait_f(w) ? ORD_F(FN) : 0;
	ordhw_wait(h, e);
}
static void command(struct ordhw *h, const uint64_t *w, unsigned n, struct ord_ev *e)
{
	uint64_t d[2] = { w[0], n > 1 ? w[1] : 0 };
	struct amdvi_caps c;

	amdvi_caps_of(&c, h->reg[EFR], 0);
	/* No registers to ask: a unit with every feature, which refuses what any would. */
	if (!h->reg[EFR])
		c.pref = c.ppr = c.ia = c.gt = c.inv_type = c.viommu = true;
	ordhw_new(h, e, ORD_OPS_N);
	if (amdvi_cmd_check(&c, true, d, false)) {
		e->flags |= ORD_F(ILLEGAL);
		h->sum.illegal++;
	}
	switch (d[0] >> 60) {
	case OP_WAIT: wait(h, d, e); return;
	case OP_PAGES: pages(h, d, e); return;
	case OP_IOTLB: iotlb(h, d, e); return;
	case OP_PPR: response(h, d, e); return;
	case OP_DEVTAB:
	case OP_IRT:
		e->op = ORD_CFGINV;
		e->kind = d[0] >> 60 == OP_IRT ? ORD_K_IRTE : ORD_K_DTE;
		ordhw_rid(e, (uint32_t)(d[0] & 0xffff), ORD_NONE);
		ordhw_emit(h, e);
		return;
	case OP_ALL:
		e->op = ORD_CFGINV;
		e->kind = ORD_K_ALL;
		ordhw_emit(h, e);
		e->op = ORD_TLBINV;
		e->kind = 0;
		ordhw_emit(h, e);
		return;
	}
}

/* ---- registers ---- */

static void reg(struct ordhw *h, uint32_t off, unsigned bytes, uint64_t val, bool state)
{
	static const struct { uint16_t off; uint8_t r; } regs[] = { { 0x30, EFR }, { 0x18, CONTROL }, { 0x08, CMDBUF } };
	unsigned len;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(regs); i++)
		if (regs[i].off == (off & ~4u)) {
			uint64_t *r = &h->reg[regs[i].r];

			*r = bytes == 8 ? val : off & 4 ? bits_put(*r, 63, 32, val) : bits_put(*r, 31, 0, val);
		}
	len = (unsigned)bits_get(h->reg[CMDBUF], 59, 56);
	h->ring = h->reg[CMDBUF] & bits_mask(51, 12);
	h->ring_bytes = len >= 8 ? UINT64_C(16) << len : 0;
	h->slot_lg2 = 4;
	if ((off & ~4u) == 0x18)
		ordhw_te(h, h->reg[CONTROL] & 1);
}
static void knobs(const struct ordhw *h, struct ord_knobs *k)
{
	(void)h;
	(void)k;
}
const struct ordhw_arch ordhw_amdvi = {
	.name = "amdvi", .arch = ORD_AMDVI, .cfg = cfg, .used = used, .grown = grown, .attached = attached, .command = command,
	.reg = reg, .knobs = knobs, .tail = 0x2008, .head = 0x2000, .pairs = true
};
