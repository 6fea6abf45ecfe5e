/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_break.c - the rows of drv_break.h at work: what each fault does to which commands, and what a command is, by architecture.
 * Where nobody waits for the unit, every 32nd tail write is waited for all the same, so that the queue has room.
 */
#include "software/drv_break.h"
#include <string.h>
#include "amdvi/amdvi_fields.h"
#include "smmuv3/smmuv3_fields.h"
#include "software/drv_int.h"
#include "vtd/vtd_fields.h"

enum { CFG = 1, CFG_PASID = 2, TLB_DID = 4, TLB_PASID = 8, ATC = 16, TLB = TLB_DID | TLB_PASID, ANY = 31, UNWAITED = 32 };
enum { V, S, A };
#define ROW(name, id, archs, stale, what, why) { id, what, why, archs, stale },
const struct drv_break_row drv_break_rows[] = { DRV_BREAKS(ROW) };

static void one_iotlb(uint64_t *w)
{
	vtd_put_inv_iotlb_AM(w, 0);
}

static void one_piotlb(uint64_t *w)
{
	vtd_put_inv_piotlb_AM(w, 0);
}

static void one_devtlb(uint64_t *w)
{
	vtd_put_inv_devtlb_S(w, 0);
}

static void one_pdevtlb(uint64_t *w)
{
	vtd_put_inv_pdevtlb_S(w, 0);
}

static void plain_devtlb(uint64_t *w)
{
	uint64_t o[2] = { 0 };

	vtd_put_inv_devtlb_TYPE(o, 3);
	vtd_put_inv_devtlb_SID(o, vtd_get_inv_pdevtlb_SID(w));
	vtd_put_inv_devtlb_PFSIDL(o, vtd_get_inv_pdevtlb_PFSIDL(w));
	vtd_put_inv_devtlb_PFSIDH(o, vtd_get_inv_pdevtlb_PFSIDH(w));
	vtd_put_inv_devtlb_S(o, vtd_get_inv_pdevtlb_S(w));
	vtd_put_inv_devtlb_ADDR(o, vtd_get_inv_pdevtlb_ADDR(w));
	memcpy(w, o, sizeof(o));
}

static void by_pasid(uint64_t *w)
{
	uint64_t o[2] = { 0 };

	vtd_put_inv_piotlb_TYPE(o, 6);
	vtd_put_inv_piotlb_G(o, vtd_get_inv_iotlb_G(w));
	vtd_put_inv_piotlb_DID(o, vtd_get_inv_iotlb_DID(w));
	o[1] = w[1]; /* AM, IH and ADDR are in one place in both */
	memcpy(w, o, sizeof(o));
}

static void by_did(uint64_t *w)
{
	uint64_t o[2] = { 0 };

	vtd_put_inv_iotlb_TYPE(o, 2);
	vtd_put_inv_iotlb_G(o, vtd_get_inv_piotlb_G(w));
	vtd_put_inv_iotlb_DID(o, vtd_get_inv_piotlb_DID(w));
	o[1] = w[1];
	memcpy(w, o, sizeof(o));
}

static void one_tlbi(uint64_t *w)
{
	smmuv3_put_cmd_tlbi_nh_va_TG(w, 0);
	smmuv3_put_cmd_tlbi_nh_va_TTL(w, 0);
	smmuv3_put_cmd_tlbi_nh_va_NUM(w, 0);
	smmuv3_put_cmd_tlbi_nh_va_SCALE(w, 0);
}

static void one_atc(uint64_t *w)
{
	smmuv3_put_cmd_atc_inv_Size(w, 0);
}

static void plain_atc(uint64_t *w)
{
	smmuv3_put_cmd_atc_inv_SSV(w, 0);
	smmuv3_put_cmd_atc_inv_SubstreamID(w, 0);
}

static void one_pages(uint64_t *w)
{
	amdvi_put_cmd_invalidate_iommu_pages_S(w, 0);
}

static void host_pages(uint64_t *w)
{
	amdvi_put_cmd_invalidate_iommu_pages_GN(w, 0);
	amdvi_put_cmd_invalidate_iommu_pages_PASID(w, 0);
}

static void one_iotlb_pages(uint64_t *w)
{
	amdvi_put_cmd_invalidate_iotlb_pages_S(w, 0);
}

static void plain_iotlb_pages(uint64_t *w)
{
	amdvi_put_cmd_invalidate_iotlb_pages_GN(w, 0);
	amdvi_put_cmd_invalidate_iotlb_pages_PASID(w, 0);
}

static const struct cmd { /* a command that a driver queues, by opcode */
	uint8_t arch, op, class;
	bool leaf_only; /* value of the leaf field that spares tables */
	void (*tag)(uint64_t *w, uint64_t v);
	void (*leaf)(uint64_t *w, uint64_t v);
	void (*one)(uint64_t *w); /* of a range one page stays */
	void (*form)(uint64_t *w); /* the other form of the command, with or without PASID */
	uint64_t (*dev)(const uint64_t *w);
} cmds[] = {
	{ V, 1, CFG, 0, NULL, NULL, NULL, NULL, NULL },
	{ V, 7, CFG_PASID, 0, NULL, NULL, NULL, NULL, NULL },
	{ V, 2, TLB_DID, 1, vtd_put_inv_iotlb_DID, vtd_put_inv_iotlb_IH, one_iotlb, by_pasid, NULL },
	{ V, 6, TLB_PASID, 1, vtd_put_inv_piotlb_DID, vtd_put_inv_piotlb_IH, one_piotlb, by_did, NULL },
	{ V, 3, ATC, 0, NULL, NULL, one_devtlb, NULL, vtd_get_inv_devtlb_SID },
	{ V, 8, ATC, 0, NULL, NULL, one_pdevtlb, plain_devtlb, vtd_get_inv_pdevtlb_SID },
	{ S, 0x03, CFG, 0, NULL, NULL, NULL, NULL, NULL },
	{ S, 0x05, CFG_PASID, 0, NULL, NULL, NULL, NULL, NULL },
	{ S, 0x11, TLB_PASID, 1, smmuv3_put_cmd_tlbi_nh_va_ASID, NULL, NULL, NULL, NULL },
	{ S, 0x12, TLB_PASID, 1, smmuv3_put_cmd_tlbi_nh_va_ASID, smmuv3_put_cmd_tlbi_nh_va_Leaf, one_tlbi, NULL, NULL },
	{ S, 0x21, TLB_PASID, 1, smmuv3_put_cmd_tlbi_nh_va_ASID, NULL, NULL, NULL, NULL },
	{ S, 0x22, TLB_PASID, 1, smmuv3_put_cmd_tlbi_nh_va_ASID, smmuv3_put_cmd_tlbi_nh_va_Leaf, one_tlbi, NULL, NULL },
	{ S, 0x28, TLB_DID, 1, smmuv3_put_cmd_tlbi_nh_va_VMID, NULL, NULL, NULL, NULL },
	{ S, 0x2a, TLB_DID, 1, smmuv3_put_cmd_tlbi_nh_va_VMID, smmuv3_put_cmd_tlbi_nh_va_Leaf, one_tlbi, NULL, NULL },
	{ S, 0x40, ATC, 0, NULL, NULL, one_atc, plain_atc, smmuv3_get_cmd_atc_inv_StreamID },
	{ A, 2, CFG, 0, NULL, NULL, NULL, NULL, NULL },
	{ A, 3, TLB_PASID, 0, amdvi_put_cmd_invalidate_iommu_pages_DomainID, amdvi_put_cmd_invalidate_iommu_pages_PDE, one_pages, host_pages, NULL },
	{ A, 4, ATC, 0, NULL, NULL, one_iotlb_pages, plain_iotlb_pages, amdvi_get_cmd_invalidate_iotlb_pages_DevID },
};

enum act { ELSEWHERE, DROP, HOLD, TAG, LEAF, ONE, FORM, FIRST_UNIT, FIRST_DEV };
static const struct rule {
	uint8_t scope, class, act;
} rules[DRV_BREAK_N] = {
	[DRV_GEN_ORD_04] = { DRV_SEQ_FLUSH, TLB, HOLD }, [DRV_GEN_ORD_06] = { DRV_SEQ_FLUSH, ANY, FIRST_UNIT },
	[DRV_GEN_ORD_11] = { DRV_SEQ_MAP, ANY, DROP }, [DRV_GEN_ORD_13] = { DRV_SEQ_DETACH, CFG | CFG_PASID, HOLD },
	[DRV_GEN_ORD_15] = { DRV_SEQ_FLUSH, TLB, TAG }, [DRV_GEN_ORD_16] = { DRV_SEQ_FLUSH, TLB, ONE },
	[DRV_VTD_ORD_02] = { DRV_SEQ_DETACH, CFG, DROP }, [DRV_VTD_ORD_03] = { DRV_SEQ_DETACH, CFG_PASID, DROP },
	[DRV_VTD_ORD_04] = { DRV_SEQ_FLUSH, TLB_DID, FORM }, [DRV_VTD_ORD_10] = { DRV_SEQ_FLUSH, TLB_PASID, FORM },
	[DRV_AMD_ORD_14] = { DRV_SEQ_FLUSH, TLB_PASID, FORM }, [DRV_VTD_ORD_08] = { DRV_SEQ_FLUSH, TLB, LEAF }, [DRV_SMM_ORD_04] = { DRV_SEQ_DETACH, CFG_PASID, DROP },
	[DRV_SMM_ORD_06] = { DRV_SEQ_DETACH, CFG, DROP }, [DRV_SMM_ORD_12] = { DRV_SEQ_FLUSH, TLB, LEAF },
	[DRV_AMD_ORD_02] = { DRV_SEQ_DETACH, CFG, DROP }, [DRV_AMD_ORD_03] = { DRV_SEQ_DETACH, TLB, DROP },
	[DRV_AMD_ORD_05] = { DRV_SEQ_FLUSH | DRV_SEQ_MAP, TLB, LEAF }, [DRV_ATS_ORD_01] = { DRV_SEQ_FLUSH, ATC, DROP },
	[DRV_ATS_ORD_02] = { DRV_SEQ_DETACH, ATC, DROP }, [DRV_ATS_ORD_06] = { DRV_SEQ_FLUSH, ATC, ONE },
	[DRV_ATS_ORD_07] = { DRV_SEQ_FLUSH, ATC, FORM }, [DRV_ATS_ORD_12] = { DRV_SEQ_FLUSH, ATC, FIRST_DEV },
};

static unsigned arch_of(const struct drv *d, unsigned unit)
{
	return d->unit[unit]->ops == &drv_vtd_ops ? V : d->unit[unit]->ops == &drv_smmuv3_ops ? S : A;
}

static const struct cmd *cmd_of(unsigned arch, const uint64_t *w)
{
	unsigned op = arch == A ? (unsigned)(w[0] >> 60) : (unsigned)(w[0] & (arch == V ? 0xf : 0xff));

	for (size_t i = 0; i < ARRAY_LEN(cmds); i++)
		if (cmds[i].arch == arch && cmds[i].op == op)
			return &cmds[i];
	return NULL;
}

static bool hold(struct drv *d, unsigned unit, const uint64_t w[2])
{
	struct drv_brk *b = &d->brk;

	if (drv_grow(d, &b->held, b->n_held, &b->cap_held, sizeof(*b->held)))
		b->held[b->n_held++] = (struct drv_held){ unit, { w[0], w[1] } };
	return false;
}

/* A range may be several commands that differ in the address only: the first of them, for one page. */
static bool one_page(struct drv_brk *b, const struct cmd *c, unsigned unit, uint64_t w[2])
{
	if (c->one)
		c->one(w);
	if (b->prev_w0 == w[0] && b->prev_unit == unit)
		return false;
	b->prev_w0 = w[0];
	b->prev_unit = unit;
	return true;
}

static bool first_device(struct drv_brk *b, uint64_t dev)
{
	if (!b->any_dev)
		b->first_dev = dev;
	b->any_dev = true;
	return b->first_dev == dev;
}

static bool act(struct drv *d, enum act a, const struct cmd *c, unsigned unit, uint64_t w[2])
{
	switch (a) {
	case DROP:
		return false;
	case HOLD:
		return hold(d, unit, w);
	case TAG:
		c->tag(w, 0);
		return true;
	case LEAF:
		if (c->leaf)
			c->leaf(w, c->leaf_only);
		return true;
	case ONE:
		return one_page(&d->brk, c, unit, w);
	case FORM:
		if (c->form)
			c->form(w);
		return true;
	case FIRST_UNIT:
		return unit == d->brk.first_unit;
	case FIRST_DEV:
		return first_device(&d->brk, c->dev(w));
	default:
		return true;
	}
}

bool drv_step(struct drv *d, unsigned unit, uint64_t w[2])
{
	struct drv_brk *b = &d->brk;
	const unsigned arch = b->on ? arch_of(d, unit) : 0;
	const struct cmd *c = b->on ? cmd_of(arch, w) : NULL;

	if (!c)
		return true;
	if (!b->any_cmd)
		b->cmd = d->n_out;
	b->any_cmd = true;
	for (unsigned i = 0; i < DRV_BREAK_N; i++)
		if (b->on >> i & 1 && rules[i].class & c->class && drv_break_rows[i].archs >> arch & 1 && !act(d, rules[i].act, c, unit, w))
			return false;
	return true;
}

void drv_seq_begin(struct drv *d, enum drv_scope scope, const struct drv_dom *m)
{
	struct drv_brk *b = &d->brk;
	uint64_t elsewhere = BIT64(DRV_GEN_ORD_01) | BIT64(DRV_GEN_ORD_02) | BIT64(DRV_GEN_ORD_05) | BIT64(DRV_GEN_ORD_09), on = 0;

	if (LIKELY(!d->cfg->broken))
		return;
	for (unsigned i = 0; i < DRV_BREAK_N; i++)
		if (d->cfg->broken >> i & 1 && (rules[i].scope & scope || (scope == DRV_SEQ_FLUSH && elsewhere >> i & 1)))
			on |= BIT64(i);
	if (!on || ++b->n % d->cfg->break_every)
		return;
	b->on = on;
	b->first_unit = m && m->did ? m->did->unit : 0;
	b->begin = d->n_out;
	b->any_cmd = b->any_dev = false;
	b->prev_w0 = 0;
	b->no_wait = on & BIT64(DRV_GEN_ORD_05);
	if (b->no_wait && b->unwaited >= UNWAITED)
		b->no_wait = false;
	if (!b->no_wait)
		b->unwaited = 0;
}

/* The stores in front of the first command come late. */
static void stores_late(struct drv *d)
{
	struct drv_brk *b = &d->brk;

	for (size_t i = b->begin; i < b->cmd; i++) {
		if (!drv_grow(d, &b->late, b->n_late, &b->cap_late, sizeof(*b->late)))
			return;
		b->late[b->n_late++] = d->out[i];
	}
	memmove(d->out + b->begin, d->out + b->cmd, (d->n_out - b->cmd) * sizeof(*d->out));
	d->n_out -= b->cmd - b->begin;
}

void drv_seq_end(struct drv *d)
{
	struct drv_brk *b = &d->brk;

	if (b->on >> DRV_GEN_ORD_02 & 1 && b->any_cmd)
		stores_late(d);
	b->on = 0;
	b->no_wait = false;
	b->gap = DRV_GAP;
}

void drv_late(struct drv *d)
{
	struct drv_brk *b = &d->brk;

	if (!(b->n_held + b->n_late) || (d->cur.kind == TRC_DMA && b->gap--))
		return;
	for (size_t i = 0; i < b->n_late; i++)
		drv_emit(d, &b->late[i]);
	for (size_t i = 0; i < b->n_held; i++)
		d->unit[b->held[i].unit]->ops->cmd(d->unit[b->held[i].unit], b->held[i].w);
	for (size_t i = 0; i < b->n_held; i++)
		d->unit[b->held[i].unit]->ops->sync(d->unit[b->held[i].unit]);
	b->n_late = b->n_held = 0;
}

uint32_t drv_id_taken(const struct drv *d, uint32_t next, uint32_t taken)
{
	return d->cfg->broken >> DRV_GEN_ORD_14 & 1 ? taken : next;
}
