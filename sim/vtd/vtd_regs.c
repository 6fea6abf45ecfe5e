/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_regs.c - the register file: access rules, global commands, and putting captured registers back.
 * Models: 32- and 64-bit naturally aligned accesses; other accesses read 0 and write nothing. Commands that hardware finishes in
 * an unspecified short time (SRTP, SIRTP, WBF, PMEN) finish at once; TE 1 -> 0 waits for requests in flight.
 * Does not model: MTRRs' effect, perfmon, enhanced and virtual commands (their registers read 0).
 * Spec: "Register Descriptions".
 */
#include <string.h>
#include "core/memo.h"
#include "vtd/vtd_iq.h"

enum { BASE_ABS, BASE_FRO, BASE_IRO };
enum { WHEN_always, WHEN_eim, WHEN_pmr, WHEN_plmr, WHEN_phmr, WHEN_qi, WHEN_ir, WHEN_prs, WHEN_prs_eim, WHEN_mts };
/* @val: what was written, @m: the bits that were written; the register already holds its new value. */
typedef void reg_hook(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m);
static reg_hook hook_gcmd, hook_ccmd, hook_fsts, hook_fectl, hook_pmen, hook_iqt, hook_iqa, hook_ics, hook_iectl, hook_prs, hook_pectl, hook_frcd, hook_iotlb;
#define hook_none NULL
struct reg_row {
	uint64_t reset, wr, w1c;
	reg_hook *hook;
	uint16_t off;
	uint8_t base, bytes, when;
};
static const struct reg_row rows[] = {
#define R(name, base, off, bytes, reset, wr, w1c, when, hook) { reset, wr, w1c, hook_##hook, off, BASE_##base, bytes, WHEN_##when },
#include "vtd/vtd_regs.def"
#undef R
};
enum { /* row numbers */
#define R(name, ...) ROW_##name,
#include "vtd/vtd_regs.def"
#undef R
};

uint64_t vtd_reg_get(const struct vtd *v, uint32_t off, unsigned bytes)
{
	uint64_t w = 0;

	for (unsigned i = 0; i < bytes; i++)
		w |= (uint64_t)v->reg[off + i] << 8 * i;
	return w;
}

void vtd_reg_put(struct vtd *v, uint32_t off, unsigned bytes, uint64_t val)
{
	for (unsigned i = 0; i < bytes; i++)
		v->reg[off + i] = (uint8_t)(val >> 8 * i);
}

static bool row_present(const struct vtd_caps *c, unsigned when)
{
	switch (when) {
	case WHEN_eim: return c->eim;
	case WHEN_pmr: return c->plmr || c->phmr;
	case WHEN_plmr: return c->plmr;
	case WHEN_phmr: return c->phmr;
	case WHEN_qi: return c->qi;
	case WHEN_ir: return c->ir;
	case WHEN_prs: return c->prs;
	case WHEN_prs_eim: return c->prs && c->eim;
	case WHEN_mts: return c->mts;
	}
	return true;
}

static void map_row(struct vtd *v, uint32_t off, unsigned row)
{
	v->regmap[off / 4] = (uint8_t)(row + 1);
	if (rows[row].bytes == 8)
		v->regmap[off / 4 + 1] = (uint8_t)(row + 1);
}

bool vtd_regs_map(struct vtd *v, struct err *e)
{
	const struct vtd_caps *c = &v->cap;

	_Static_assert(ARRAY_LEN(rows) < 255, "regmap holds row + 1 in a byte");
	if (c->fro + 16 * c->nfr > VTD_REG_BYTES)
		return err_set(e, ERR_INPUT, "%s: CAP places %u fault records at 0x%x, past the register file of 0x%x bytes", v->u.name, c->nfr, c->fro,
			       (unsigned)VTD_REG_BYTES);
	if (c->iro + 16 > VTD_REG_BYTES)
		return err_set(e, ERR_INPUT, "%s: ECAP places IVA at 0x%x, past the register file of 0x%x bytes", v->u.name, c->iro, (unsigned)VTD_REG_BYTES);
	if (c->fro < 0x30 || c->iro < 0x30)
		return err_set(e, ERR_INPUT, "%s: fault records at 0x%x (CAP.FRO) or IVA at 0x%x (ECAP.IRO) would cover the first registers", v->u.name,
			       c->fro, c->iro);
	memset(v->regmap, 0, sizeof v->regmap);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].base == BASE_ABS && row_present(c, rows[i].when))
			map_row(v, rows[i].off, i);
	for (unsigned i = 0; i < c->nfr; i++) {
		map_row(v, c->fro + 16 * i, ROW_FRCD_LO);
		map_row(v, c->fro + 16 * i + 8, ROW_FRCD_HI);
	}
	map_row(v, c->iro, ROW_IVA);
	map_row(v, c->iro + 8, ROW_IOTLB);
	return true;
}

void vtd_regs_reset(struct vtd *v)
{
	/* Absent ones too: restored capabilities may make them present. The MTRRs share their place with what FRO and IRO name. */
	for (unsigned i = ROW_ECAP + 1; i < ARRAY_LEN(rows); i++)
		if (rows[i].base == BASE_ABS && (rows[i].when != WHEN_mts || v->cap.mts))
			vtd_reg_put(v, rows[i].off, rows[i].bytes, rows[i].reset);
}

static bool access_ok(uint32_t off, unsigned bytes)
{
	return (bytes == 4 || bytes == 8) && off % bytes == 0 && off + bytes <= VTD_REG_BYTES;
}

static void wake(struct vtd *v)
{
	if (UNLIKELY(v->held)) {
		v->held = false;
		vtd_iq_kick(v);
	}
}

uint64_t vtd_mmio_read(struct iommu *u, uint32_t off, unsigned bytes)
{
	struct vtd *v = vtd_of(u);
	uint64_t w = 0;

	if (!access_ok(off, bytes))
		return 0;
	wake(v);
	for (unsigned i = 0; i < bytes; i += 4) {
		unsigned row = v->regmap[(off + i) / 4];

		/* IVA is write-only; GCMD never has a value to read */
		if (row && row - 1 != ROW_IVA)
			w |= vtd_reg_get(v, off + i, 4) << 8 * i;
	}
	return w;
}

static void write_reg(struct vtd *v, unsigned row, uint32_t base, uint64_t val, uint64_t m)
{
	const struct reg_row *r = &rows[row];
	uint64_t old = vtd_reg_get(v, base, r->bytes), new_ = (old & ~(r->wr & m)) | (val & r->wr & m);

	/* CCMD and IOTLB are hardware's until it clears ICC or IVT. */
	if ((row == ROW_CCMD || row == ROW_IOTLB) && v->iq->rb[row == ROW_IOTLB].busy)
		return;
	new_ &= ~(val & m & r->w1c);
	vtd_reg_put(v, base, r->bytes, new_);
	if (r->hook)
		r->hook(v, base, old, val & m, m);
}

void vtd_mmio_write(struct iommu *u, uint32_t off, unsigned bytes, uint64_t val)
{
	struct vtd *v = vtd_of(u);

	if (!access_ok(off, bytes))
		return;
	wake(v);
	for (unsigned i = 0; i < bytes; i += 4) {
		uint32_t o = off + i;
		unsigned row = v->regmap[o / 4];

		if (!row)
			continue;
		row--;
		if (rows[row].bytes == 4) {
			write_reg(v, row, o, val >> 8 * i & 0xffffffff, 0xffffffff);
		} else if (bytes == 8) { /* aligned: both halves of one register */
			write_reg(v, row, o, val, UINT64_MAX);
			return;
		} else {
			write_reg(v, row, o & ~7u, val << 8 * (o & 4), UINT64_C(0xffffffff) << 8 * (o & 4));
		}
	}
}

/* GCMD: "Global Command Register". Software changes one bit at a time; if it does not, one-shot commands come first. */
static void gsts_put(struct vtd *v, uint64_t bit, bool on)
{
	uint64_t s = vtd_reg_get(v, VTD_R_GSTS, 4);

	vtd_reg_put(v, VTD_R_GSTS, 4, on ? s | bit : s & ~bit);
}

static void latch_root(struct vtd *v)
{
	uint64_t rt = vtd_reg_get(v, VTD_R_RTADDR, 8);

	v->root = rt & bits_mask(63, 12);
	v->ttm = (uint8_t)bits_get(rt, 11, 10);
	memo_forget(&v->u);
}

static void te_drained(struct iommu_drain *d)
{
	struct vtd *v = container_of(d, struct vtd, te_drain);

	v->te_draining = false;
	if (!v->te_want) {
		v->te = false;
		gsts_put(v, GSTS_TES, false);
		if (v->cap.smts)
			vtd_drop_all(v);
	}
	vtd_iq_progress(v);
}

static void set_te(struct vtd *v, bool on)
{
	v->te_want = on;
	if (on == v->te || v->te_draining)
		return;
	if (on) {
		v->te = true;
		gsts_put(v, GSTS_TES, true);
		return;
	}
	v->te_draining = true;
	v->te_drain.fn = te_drained;
	iommu_drain(&v->u, &v->te_drain);
}

static void hook_gcmd(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)off, (void)old, (void)m;
	if (val & GSTS_RTPS) {
		gsts_put(v, GSTS_RTPS, false);
		latch_root(v);
		if (v->cap.esrtps)
			vtd_drop_all(v);
		gsts_put(v, GSTS_RTPS, true);
	}
	if (v->cap.ir) { /* no interrupt-entry cache: ESIRTPS has nothing to drop */
		if (val & GSTS_IRTPS)
			gsts_put(v, GSTS_IRTPS, true);
		gsts_put(v, GSTS_IRES, val & GSTS_IRES);
		gsts_put(v, GSTS_CFIS, val & GSTS_CFIS);
	}
	/* WBF: nothing is buffered, so WBFS (1 = busy) is never seen set */
	if (v->cap.qi)
		vtd_iq_enable(v, val & GSTS_QIES);
	set_te(v, val & GSTS_TES);
}

static void hook_ccmd(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)off, (void)old, (void)m;
	if (val & CCMD_ICC)
		vtd_iq_register_inv(v, false);
}

static void hook_iotlb(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)off, (void)old, (void)m;
	if (val & IOTLB_IVT)
		vtd_iq_register_inv(v, true);
}

static void hook_fsts(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	uint64_t gone = old & val & m, r = vtd_reg_get(v, VTD_R_IQERCD, 8);

	(void)off;
	/* the fields of IQERCD are valid while their bit is set */
	if (gone & FSTS_IQE)
		r = bits_put(r, 3, 0, 0);
	if (gone & FSTS_ITE)
		r = bits_put(r, 47, 32, 0);
	if (gone & FSTS_ICE)
		r = bits_put(r, 63, 48, 0);
	vtd_reg_put(v, VTD_R_IQERCD, 8, r);
	vtd_event_cleared(v, VTD_EV_FAULT);
	if (gone & (FSTS_IQE | FSTS_ITE))
		vtd_iq_kick(v);
}

static void hook_frcd(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)off, (void)m;
	if (old & val & FRCD_F)
		vtd_fault_recompute(v);
}

static void hook_ectl(struct vtd *v, uint32_t off, uint64_t old, enum vtd_event ev)
{
	if ((old & ECTL_IM) && !(vtd_reg_get(v, off, 4) & ECTL_IM))
		vtd_event_unmasked(v, ev);
}

static void hook_fectl(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)val, (void)m;
	hook_ectl(v, off, old, VTD_EV_FAULT);
}

static void hook_iectl(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)val, (void)m;
	hook_ectl(v, off, old, VTD_EV_INV);
}

static void hook_pectl(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)val, (void)m;
	hook_ectl(v, off, old, VTD_EV_PAGE);
}

static void hook_ics(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)off, (void)old, (void)val, (void)m;
	vtd_event_cleared(v, VTD_EV_INV);
}

static void hook_prs(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)off, (void)old, (void)val, (void)m;
	vtd_event_cleared(v, VTD_EV_PAGE);
}

static void hook_iqt(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	uint64_t t = vtd_reg_get(v, VTD_R_IQT, 8);

	(void)off, (void)old, (void)val;
	if (!(m & 0xffffffff))
		return;
	if ((vtd_reg_get(v, VTD_R_IQA, 8) & IQA_DW) && (t & 0x10)) {
		vtd_reg_put(v, VTD_R_IQT, 8, t & ~UINT64_C(0x10));
		vtd_iq_error(v, 6);
		return;
	}
	vtd_iq_kick(v);
}

static void hook_iqa(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)off, (void)old, (void)val, (void)m;
	vtd_reg_put(v, VTD_R_IQH, 8, 0);
	vtd_reg_put(v, VTD_R_IQT, 8, 0);
}

static void hook_pmen(struct vtd *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	uint64_t r = vtd_reg_get(v, off, 4);

	(void)old, (void)val, (void)m;
	vtd_reg_put(v, off, 4, r & PMEN_EPM ? r | PMEN_PRS : r & ~PMEN_PRS);
}

/* Bases and limits have a granule of 2 MiB; a limit names the last granule. */
bool vtd_pmr_hit(const struct vtd *v, const struct xl_req *r)
{
	uint64_t last = r->iova + (r->len ? r->len - 1 : 0), g = low_mask(21), base, limit;

	if (!(vtd_reg_get(v, VTD_R_PMEN, 4) & PMEN_PRS))
		return false;
	base = vtd_reg_get(v, VTD_R_PLMBASE, 4);
	limit = vtd_reg_get(v, VTD_R_PLMLIMIT, 4) | g;
	if (v->cap.plmr && last >= base && r->iova <= limit)
		return true;
	base = vtd_reg_get(v, VTD_R_PHMBASE, 8);
	limit = vtd_reg_get(v, VTD_R_PHMLIMIT, 8) | g;
	return v->cap.phmr && last >= base && r->iova <= limit;
}

static bool touches(uint32_t off, unsigned bytes, uint32_t reg, unsigned reg_bytes)
{
	return off < reg + reg_bytes && reg < off + bytes;
}

bool vtd_restore(struct iommu *u, uint32_t off, unsigned bytes, uint64_t val, struct err *e)
{
	struct vtd *v = vtd_of(u);

	if (!access_ok(off, bytes))
		return err_set(e, ERR_INPUT, "%s: %u bytes at 0x%x are not a 32- or 64-bit aligned register of 0x%x bytes of registers", u->name, bytes, off,
			       (unsigned)VTD_REG_BYTES);
	vtd_reg_put(v, off, bytes, val);
	if (touches(off, bytes, VTD_R_VER, 4) || touches(off, bytes, VTD_R_CAP, 16)) {
		struct vtd_caps before = v->cap;

		vtd_caps_decode(v);
		if (!vtd_regs_map(v, bytes == 8 ? e : NULL)) {
			v->cap = before;
			if (bytes == 8)
				return false;
			/* half of a register: wait for the other half */
		}
	}
	if (touches(off, bytes, VTD_R_RTADDR, 8))
		latch_root(v);
	if (touches(off, bytes, VTD_R_GSTS, 4))
		v->te = v->te_want = vtd_reg_get(v, VTD_R_GSTS, 4) & GSTS_TES;
	vtd_fault_restored(v);
	vtd_iq_restored(v);
	v->held = true;
	return true;
}
