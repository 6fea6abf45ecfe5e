/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_vtd.c - VT-d for ordhw.h: context and PASID entries, invalidation descriptors, registers.
 * Register-based invalidation is told on queues of its own, 1 (CCMD) and 2 (IOTLB), each command with a wait; it is complete when a read shows
 * ICC or IVT clear, or with the next record as long as no read of that register with a value is in the trace.
 * Does not model: a coarser flush than asked for (CAIG, IAIG; 0 there is an error), interrupt entries, the descriptors' throttling fields but for PFSID and MIP.
 * Spec: "Translation Structure Formats", "Queued Invalidation Descriptors".
 */
#include "check/ordhw_int.h"
#include "core/base/bits.h"
#include "vtd/vtd_fields.h"
#include "vtd/vtd_iq.h"

enum { VER, CAP, ECAP, RTADDR, IQA, GSTS, CCMD, IVA, IOTLB }; /* of ordhw.reg */
enum { BY_CCMD, BY_IOTLB }; /* of ordhw.by_reg */
enum { PSI, DSI, PIOTLB, FORMS }; /* of ordhw.form */
static const char *const forms[FORMS] = { "psi", "dsi", "piotlb" };

static struct vtd_caps caps(const struct ordhw *h)
{
	struct vtd_caps c;

	vtd_caps_of(&c, h->reg[VER], h->reg[CAP], h->reg[ECAP]);
	return c;
}
static unsigned ttm(const struct ordhw *h)
{
	return (unsigned)bits_get(h->reg[RTADDR], 11, 10);
}

/* ---- entries ---- */

static void pasid_entry(const uint64_t *w, struct ordhw_cfg *c)
{
	static const uint8_t type[8] = { [1] = ORD_T_S1, [2] = ORD_T_S2, [3] = ORD_T_NESTED, [4] = ORD_T_PT };

	c->valid = vtd_get_pasid_P(w);
	c->leaf = true;
	c->type = type[vtd_get_pasid_PGTT(w)];
	if (c->type == ORD_T_S1)
		c->root = vtd_get_pasid_FSPTPTR(w) << 12;
	else if (c->type != ORD_T_PT)
		c->root = vtd_get_pasid_SSPTPTR(w) << 12;
	ordhw_key(c, ORD_KEY_DID, vtd_get_pasid_DID(w));
	ordhw_key(c, ORD_KEY_PASID, c->pasid);
}
static void legacy_context(const uint64_t *w, struct ordhw_cfg *c)
{
	c->valid = vtd_get_context_P(w);
	c->leaf = true;
	c->type = vtd_get_context_TT(w) == 2 ? ORD_T_PT : ORD_T_S2;
	c->root = c->type == ORD_T_PT ? 0 : vtd_get_context_SSPTPTR(w) << 12;
	ordhw_key(c, ORD_KEY_DID, vtd_get_context_DID(w));
	if (vtd_get_context_TT(w) == 1)
		ordhw_key(c, ORD_KEY_ATS, 1);
}
static void cfg(struct ordhw *h, const struct lift_upper *u, uint32_t i, const uint64_t *w, struct ordhw_cfg *c)
{
	(void)h;
	(void)i;
	switch (u->kind) {
	case LIFT_PASIDE:
		pasid_entry(w, c);
		return;
	case LIFT_PASIDDIR:
		c->valid = vtd_get_pasiddir_P(w);
		c->tbl = vtd_get_pasiddir_SMPTBLPTR(w) << 12;
		return;
	case LIFT_CTX:
		if (u->lg2 == 4) {
			legacy_context(w, c);
			return;
		}
		c->valid = vtd_get_scontext_P(w);
		c->tbl = vtd_get_scontext_PASIDDIRPTR(w) << 12;
		ordhw_key(c, ORD_KEY_ATS, vtd_get_scontext_DTE(w));
		return;
	}
}
static uint32_t used(const struct lift_upper *u, const uint64_t *w)
{
	if (!(w[0] & 1))
		return 1;
	if (u->kind != LIFT_PASIDE)
		return 3;
	return vtd_get_pasid_PGTT(w) == 1 || vtd_get_pasid_PGTT(w) == 3 ? 7 : 3;
}
static bool attached(struct ordhw *h, const struct lift_att *a, struct ordhw_cfg *c)
{
	static const uint8_t type[] = { [LIFT_LEGACY] = ORD_T_S2, [LIFT_SS] = ORD_T_S2, [LIFT_FS] = ORD_T_S1, [LIFT_NESTED] = ORD_T_NESTED,
					[LIFT_PT] = ORD_T_PT };
	bool scalable = ttm(h) == 1;

	c->kind = scalable ? ORD_K_PASIDE : ORD_K_CTX;
	c->type = type[a->type];
	ordhw_key(c, ORD_KEY_DID, a->t.did);
	if (!scalable)
		return true;
	if (c->pasid == ORD_NONE)
		c->pasid = 0; /* RID_PASID; other values are not looked at here */
	ordhw_key(c, ORD_KEY_PASID, c->pasid);
	return true;
}

/* ---- descriptors ---- */

static void form(struct ordhw *h, struct ord_ev *e, unsigned f)
{
	if (!h->form[f])
		h->form[f] = ordhw_name(h, forms[f]);
	ord_put(e, ORD_KEY_FORM, h->form[f]);
}
static void context_inv(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	unsigned g = (unsigned)vtd_get_inv_cc_G(w), fm = (unsigned)vtd_get_inv_cc_FM(w);
	uint32_t sid = (uint32_t)vtd_get_inv_cc_SID(w);
	/* FM: that many bits of the function number do not count, from bit 2 down */
	static const uint8_t masked[4] = { 0, 4, 6, 7 };

	e->op = ORD_CFGINV;
	e->kind = ORD_K_CTX;
	if (g != 1)
		ord_put(e, ORD_KEY_DID, vtd_get_inv_cc_DID(w));
	if (g != 3) {
		ordhw_emit(h, e);
		return;
	}
	for (uint32_t f = 0; f < 8; f++)
		if (!(f & ~masked[fm])) {
			ordhw_rid(e, (sid & ~(uint32_t)masked[fm]) | f, ORD_NONE);
			ordhw_emit(h, e);
		}
}
static void pasid_inv(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	unsigned g = (unsigned)bits_get(w[0], 5, 4);

	e->op = ORD_CFGINV;
	e->kind = ORD_K_PASIDE;
	if (g != 3)
		ord_put(e, ORD_KEY_DID, vtd_get_inv_pc_DID(w));
	if (g == 1)
		ord_put(e, ORD_KEY_PASID, vtd_get_inv_pc_PASID(w));
	ordhw_emit(h, e);
}
static void iotlb_inv(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	unsigned g = (unsigned)vtd_get_inv_iotlb_G(w), am = (unsigned)vtd_get_inv_iotlb_AM(w);

	e->op = ORD_TLBINV;
	if (g != 1)
		ord_put(e, ORD_KEY_DID, vtd_get_inv_iotlb_DID(w));
	if (g == 2)
		form(h, e, DSI);
	if (g == 3) {
		form(h, e, PSI);
		ord_put(e, ORD_KEY_AM, am);
		ordhw_pages(e, vtd_get_inv_iotlb_ADDR(w) << 12, am > 51 ? 64 : 12 + am);
		e->flags |= vtd_get_inv_iotlb_IH(w) ? ORD_F(LEAF) : 0;
	}
	ordhw_emit(h, e);
}
static void piotlb_inv(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	unsigned am = (unsigned)vtd_get_inv_piotlb_AM(w);

	e->op = ORD_TLBINV;
	ord_put(e, ORD_KEY_DID, vtd_get_inv_piotlb_DID(w));
	ord_put(e, ORD_KEY_PASID, vtd_get_inv_piotlb_PASID(w));
	form(h, e, PIOTLB);
	if (bits_get(w[0], 5, 4) == 3) {
		ordhw_pages(e, vtd_get_inv_piotlb_ADDR(w) << 12, am > 51 ? 64 : 12 + am);
		e->flags |= vtd_get_inv_piotlb_IH(w) ? ORD_F(LEAF) : 0;
	}
	ordhw_emit(h, e);
}
static void device_inv(struct ordhw *h, const struct vtd_caps *c, const uint64_t *w, bool with_pasid, struct ord_ev *e)
{
	e->op = ORD_ATCINV;
	if (with_pasid) {
		ordhw_rid(e, (uint32_t)vtd_get_inv_pdevtlb_SID(w), vtd_get_inv_pdevtlb_G(w) ? ORD_NONE : (uint32_t)vtd_get_inv_pdevtlb_PASID(w));
		e->flags |= vtd_get_inv_pdevtlb_G(w) ? ORD_F(GLOBAL) : 0;
		ordhw_ats_range(e, vtd_get_inv_pdevtlb_ADDR(w) << 12, vtd_get_inv_pdevtlb_S(w), 51);
		ord_put(e, ORD_KEY_MIP, vtd_get_inv_pdevtlb_MIP(w));
		if (c->dit)
			ord_put(e, ORD_KEY_PFSID, vtd_get_inv_pdevtlb_PFSIDH(w) << 4 | vtd_get_inv_pdevtlb_PFSIDL(w));
	} else {
		ordhw_rid(e, (uint32_t)vtd_get_inv_devtlb_SID(w), ORD_NONE);
		ordhw_ats_range(e, vtd_get_inv_devtlb_ADDR(w) << 12, vtd_get_inv_devtlb_S(w), 51);
		ord_put(e, ORD_KEY_MIP, vtd_get_inv_devtlb_MIP(w));
		if (c->dit)
			ord_put(e, ORD_KEY_PFSID, vtd_get_inv_devtlb_PFSIDH(w) << 4 | vtd_get_inv_devtlb_PFSIDL(w));
	}
	ordhw_emit(h, e);
}
static void page_response(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	static const char *const code[16] = { "success", "invalid", [15] = "failure" };
	const char *name = code[vtd_get_inv_pgresp_CODE(w)];

	e->op = ORD_PRSP;
	ordhw_rid(e, (uint32_t)vtd_get_inv_pgresp_RID(w), vtd_get_inv_pgresp_PP(w) ? (uint32_t)vtd_get_inv_pgresp_PASID(w) : ORD_NONE);
	e->num = vtd_get_inv_pgresp_PRGI(w);
	e->name = ordhw_name(h, name ? name : "reserved");
	e->have |= ORD_P_NUM | ORD_P_NAME;
	ordhw_emit(h, e);
}
static void command(struct ordhw *h, const uint64_t *w, unsigned n, struct ord_ev *e)
{
	struct vtd_caps c = caps(h);
	uint64_t d[4] = { w[0], n > 1 ? w[1] : 0, n > 3 ? w[2] : 0, n > 3 ? w[3] : 0 };

	/* No registers to ask: a unit with every capability, which refuses what any would. */
	if (!h->reg[CAP]) {
		c.dit = c.pds = c.psi = true;
		c.mamv = c.mhmv = 63;
	}
	ordhw_new(h, e, ORD_OPS_N);
	if (vtd_desc_check(&c, h->reg[CAP] ? ttm(h) : VTD_TTM_SCALABLE, d, n > 2)) {
		e->flags |= ORD_F(ILLEGAL);
		h->sum.illegal++;
	}
	switch (vtd_inv_type(w[0]) & 15) { /* with bits 11:9 it is none: refused, and told as what it was meant to be */
	case IQ_CC: context_inv(h, d, e); return;
	case IQ_IOTLB: iotlb_inv(h, d, e); return;
	case IQ_DEV_TLB: device_inv(h, &c, d, false, e); return;
	case IQ_IEC:
		e->op = ORD_CFGINV;
		e->kind = ORD_K_IRTE;
		ordhw_emit(h, e);
		return;
	case IQ_P_IOTLB: piotlb_inv(h, d, e); return;
	case IQ_PC: pasid_inv(h, d, e); return;
	case IQ_P_DEV_TLB: device_inv(h, &c, d, true, e); return;
	case IQ_PAGE_RESP: page_response(h, d, e); return;
	case IQ_WAIT:
		e->op = ORD_WAIT;
		e->flags |= (vtd_get_inv_wait_FN(d) ? ORD_F(FN) : 0) | (vtd_get_inv_wait_PD(d) ? ORD_F(PD) : 0);
		if (vtd_get_inv_wait_SW(d)) {
			ord_put(e, ORD_KEY_ADDR, vtd_get_inv_wait_ADDR(d) << 2);
			ord_put(e, ORD_KEY_VAL, vtd_get_inv_wait_DATA(d));
		}
		ordhw_wait(h, e);
	}
}

/* ---- registers ---- */

static uint64_t part(uint64_t old, uint32_t off, unsigned bytes, uint64_t val)
{
	return bytes == 8 ? val : off & 4 ? bits_put(old, 63, 32, val) : bits_put(old, 31, 0, val);
}
/* A command given by register, as the descriptor that would do the same. */
static void by_register(struct ordhw *h, unsigned i, const uint64_t d[4])
{
	struct vtd_caps c = caps(h);
	struct ord_ev e;

	if (!lift_settle(h->l))
		h->failed = true;
	h->sum.commands++;
	ordhw_new(h, &e, ORD_OPS_N);
	e.queue = (uint16_t)(1 + i);
	e.have |= ORD_P_QUEUE;
	if (h->reg[CAP] && (c.major >= 6 || ttm(h) || vtd_desc_check(&c, VTD_TTM_LEGACY, d, false))) {
		e.flags |= ORD_F(ILLEGAL);
		h->sum.illegal++;
	}
	if (i == BY_CCMD)
		context_inv(h, d, &e);
	else
		iotlb_inv(h, d, &e);
	ordhw_reg_wait(h, i);
}
static void commands(struct ordhw *h, uint32_t off, unsigned bytes, uint64_t val)
{
	uint32_t iva = (uint32_t)bits_get(h->reg[ECAP], 17, 8) * 16, at = off & ~4u;
	bool high = bytes == 8 || off & 4;
	uint64_t r;

	if (at == 0x28) {
		r = h->reg[CCMD] = part(h->reg[CCMD], off, bytes, val);
		if (high && r >> 63)
			by_register(h, BY_CCMD, (uint64_t[4]){ IQ_CC | bits_get(r, 62, 61) << 4 | bits_get(r, 15, 0) << 16 | bits_get(r, 31, 16) << 32 |
							       bits_get(r, 33, 32) << 48 });
	} else if (iva && at == iva) {
		h->reg[IVA] = part(h->reg[IVA], off, bytes, val);
	} else if (iva && at == iva + 8) {
		r = h->reg[IOTLB] = part(h->reg[IOTLB], off, bytes, val);
		if (high && r >> 63)
			by_register(h, BY_IOTLB, (uint64_t[4]){ IQ_IOTLB | bits_get(r, 61, 60) << 4 | bits_get(r, 47, 32) << 16,
								bits_get(r, 61, 60) == 3 ? h->reg[IVA] & ~bits_mask(11, 7) : 0 });
	}
}
static void read_back(struct ordhw *h, uint32_t off, unsigned bytes, uint64_t val)
{
	uint32_t iotlb = (uint32_t)bits_get(h->reg[ECAP], 17, 8) * 16 + 8, at = off & ~4u;
	unsigned i = at == 0x28 ? BY_CCMD : BY_IOTLB;
	struct ord_ev e;

	if ((at != 0x28 && (at != iotlb || iotlb == 8)) || (bytes != 8 && !(off & 4)))
		return;
	val = part(0, off, bytes, val);
	h->by_reg[i].polled = true;
	if (val >> 63 || !h->by_reg[i].open)
		return;
	if (!(i == BY_CCMD ? bits_get(val, 60, 59) : bits_get(val, 58, 57))) { /* refused */
		ordhw_new(h, &e, ORD_CERR);
		e.queue = (uint16_t)(1 + i);
		e.have |= ORD_P_QUEUE;
		ordhw_emit(h, &e);
	}
	ordhw_reg_done(h, i);
}
static void reg(struct ordhw *h, uint32_t off, unsigned bytes, uint64_t val, bool state)
{
	static const struct { uint16_t off; uint8_t r; } regs[] = { { 0x00, VER }, { 0x08, CAP }, { 0x10, ECAP }, { 0x20, RTADDR },
								   { 0x90, IQA } };
	struct ord_ev e;

	for (unsigned i = 0; i < ARRAY_LEN(regs); i++)
		if (regs[i].off == (off & ~4u))
			h->reg[regs[i].r] = part(h->reg[regs[i].r], off, bytes, val);
	h->ring = h->reg[IQA] & bits_mask(51, 12);
	h->ring_bytes = h->ring ? UINT64_C(4096) << (h->reg[IQA] & 7) : 0;
	h->slot_lg2 = h->reg[IQA] & BIT64(11) ? 5 : 4;
	if (off == 0x1c && state)
		ordhw_te(h, val >> 31 & 1);
	if (!state)
		commands(h, off, bytes, val);
	if (off != 0x18 || state)
		return;
	if (val & BIT64(30)) { /* SRTP */
		ordhw_new(h, &e, ORD_CFG_SET);
		e.kind = ORD_K_ROOT;
		ord_put(&e, ORD_KEY_ROOT, h->reg[RTADDR] & bits_mask(51, 12));
		ordhw_emit(h, &e);
	}
	ordhw_te(h, val >> 31 & 1);
}
static void knobs(const struct ordhw *h, struct ord_knobs *k)
{
	struct vtd_caps c = caps(h);

	if (!h->reg[CAP])
		return;
	k->np_cache = c.cm;
	k->rwbf = c.rwbf;
	k->vtd_esrtps = c.esrtps;
	k->vtd_scalable = ttm(h) == 1;
	k->vtd_mamv = c.mamv;
}
const struct ordhw_arch ordhw_vtd = {
	.name = "vtd", .arch = ORD_VTD, .cfg = cfg, .used = used, .attached = attached, .command = command, .reg = reg, .knobs = knobs,
	.read = read_back, .tail = 0x88, .head = 0x80
};
