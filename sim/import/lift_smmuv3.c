/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift_smmuv3.c - what lifting needs to know of SMMUv3: stream and CD tables, VMSAv8-64 descriptors of both stages, TLBI commands.
 * The commands between CONS and PROD are read from memory when CMDQ_PROD is written. A stage 1 domain is a stream world, VMID and ASID with
 * a table, called by its ASID; a stage 2 domain is a VMID with a table, called by its VMID; bypass is domain 0.
 * Not looked at: SubstreamID 0 as a PASID (S1DSS other than 2), TTB1, VMSAv8-32 LPAE, 52-bit addresses other than with 64 KiB pages,
 * access flags, privileged access, faults.
 */
#include "core/base/bits.h"
#include "core/iommu.h"
#include "import/lift_int.h"

enum {
	REG_CR0 = 0x20, REG_STRTAB_BASE = 0x80, REG_STRTAB_BASE_CFG = 0x88, REG_CMDQ_BASE = 0x90, REG_CMDQ_PROD = 0x98, REG_CMDQ_CONS = 0x9c
};
enum { CR0_SMMUEN = 1, CR0_CMDQEN = 8, CFG_BYPASS = 4, CFG_S1 = 5, CFG_S2 = 6, CFG_NESTED = 7 };
enum { STE_BYTES = 64, CD_BYTES = 64, MAX_TABLE_LG2 = 20 };
enum kind { EL1, STAGE2, EL2, BYPASS }; /* of a domain: with VMID and ASID what did is made of */
static const uint64_t addr_55_6 = UINT64_C(0x00ffffffffffffc0);

static uint64_t did_of(enum kind k, uint64_t vmid, uint64_t asid)
{
	return (uint64_t)k << 32 | (k == EL2 ? 0 : vmid << 16) | (k == STAGE2 ? 0 : asid);
}

static struct lift_ent entry(const struct lift_shape *t, uint64_t e, unsigned level, uint8_t perm)
{
	bool page = (e & 3) == 3, block = (e & 3) == 1 && (level == 2 || (level == 3 && t->page_lg2 == 12));
	struct lift_ent x = { .present = page || (block && level > 1), .leaf = level == 1 || block };
	uint8_t none = 0;

	x.pa = e & bits_mask(47, t->page_lg2);
	if (t->page_lg2 == 16)
		x.pa |= bits_get(e, 15, 12) << 48;
	if (x.leaf)
		x.pa &= ~low_mask(t->page_lg2 + (t->page_lg2 - 3u) * (level - 1));
	if (x.leaf && !t->fs) /* S2AP, XN */
		none = (uint8_t)((e & BIT64(6) ? 0 : XL_R) | (e & BIT64(7) ? 0 : XL_W) | (e & BIT64(54) ? XL_X : 0));
	else if (x.leaf) /* AP[2:1], UXN; requests are unprivileged */
		none = (uint8_t)((e & BIT64(6) ? 0 : XL_R | XL_W | XL_X) | (e & BIT64(7) ? XL_W : 0) | (e & BIT64(54) ? XL_X : 0));
	else if (t->fs) /* APTable, UXNTable */
		none = (uint8_t)((e & BIT64(61) ? XL_R | XL_W | XL_X : 0) | (e & BIT64(62) ? XL_W : 0) | (e & BIT64(60) ? XL_X : 0));
	x.perm = perm & (uint8_t)~none;
	x.present = x.present && (!x.leaf || x.perm);
	return x;
}

static struct lift_att bypass(uint32_t rid)
{
	return (struct lift_att){ .rid = rid, .pasid = TRC_NO_PASID, .type = LIFT_PT, .t = { .did = did_of(BYPASS, 0, 0) } };
}

/* Levels of tables for @bits of input and the start level, root cut to its alignment. False: not a geometry that is lifted. */
static bool shape(struct lift_shape *t, unsigned granule, unsigned bits, int start, uint64_t base)
{
	static const uint8_t lg2[] = { 12, 16, 14 };
	int g = granule < 3 ? lg2[granule] : 0, s = g - 3, top;

	if (!g || (int)bits <= g || bits > 52)
		return false;
	if (start < 0)
		start = 3 - ((int)bits - 1 - g) / s;
	top = (int)bits - (g + s * (3 - start)); /* bits of the index into the root */
	if (start < 0 || start > 3 || top < 1 || top > s + 4)
		return false;
	t->page_lg2 = (uint8_t)g;
	t->bits = (uint8_t)bits;
	t->levels = (uint8_t)(4 - start);
	t->root = base & ~low_mask((unsigned)top + 3);
	return true;
}

static void scan_cd(struct lift *l, struct lift_scan *s, uint64_t pa, const uint64_t ste[4], uint32_t rid, uint32_t pasid)
{
	uint64_t w0 = lift_word(l, pa), asid = bits_get(w0, 63, 48);
	struct lift_att a = { .rid = rid, .pasid = pasid, .id = (uint32_t)asid, .type = LIFT_FS, .t = { .fs = true } };

	if (!(w0 & BIT64(31)) || w0 & BIT64(14) || !(w0 & BIT64(41))) /* V, EPD0, AA64 */
		return;
	a.t.did = did_of(bits_get(ste[1], 31, 30) == 2 ? EL2 : EL1, bits_get(ste[2], 15, 0), asid);
	if (shape(&a.t, (unsigned)bits_get(w0, 7, 6), 64 - (unsigned)bits_get(w0, 5, 0), -1, lift_word(l, pa + 8) & bits_mask(51, 4)))
		lift_found(l, s, a);
}

static void scan_cds(struct lift *l, struct lift_scan *s, uint64_t pa, unsigned n, const uint64_t ste[4], uint32_t rid, uint32_t ssid)
{
	bool dss0 = bits_get(ste[1], 1, 0) == 2 || !bits_get(ste[0], 63, 59);

	for (unsigned i = 0; i < n && !l->failed; i++, pa += CD_BYTES) {
		if (!i || !(pa & 0xfff))
			lift_watch(l, lift_part_of(pa, n - i, 6, LIFT_CD, rid, ssid + i));
		if (ssid + i || dss0)
			scan_cd(l, s, pa, ste, rid, ssid + i ? ssid + i : TRC_NO_PASID);
	}
}

/* CD table: linear, or of 64 or 1024 CDs behind each level 1 descriptor. */
static void scan_cd_table(struct lift *l, struct lift_scan *s, const uint64_t ste[4], uint32_t rid)
{
	unsigned max = (unsigned)bits_get(ste[0], 63, 59), fmt = max ? (unsigned)bits_get(ste[0], 5, 4) : 0, leaf = fmt == 1 ? 6 : 10;
	uint64_t tab = ste[0] & addr_55_6;

	if (max && bits_get(ste[1], 1, 0) == 1)
		lift_found(l, s, bypass(rid));
	if (fmt != 1 && fmt != 2) {
		scan_cds(l, s, tab, 1u << (max > 20 ? 20 : max), ste, rid, 0);
		return;
	}
	for (unsigned i = 0; i < (max > leaf ? 1u << (max - leaf) : 1) && !l->failed; i++) {
		uint64_t e = lift_word(l, tab + 8 * (uint64_t)i);

		if (!i || !((tab + 8 * (uint64_t)i) & 0xfff)) {
			struct lift_upper u = lift_part_of(tab + 8 * (uint64_t)i, (max > leaf ? 1u << (max - leaf) : 1) - i, 3, LIFT_L1CD, rid, i << leaf);

			u.step = 1u << leaf;
			lift_watch(l, u);
		}
		if (e & 1)
			scan_cds(l, s, e & bits_mask(55, 12), 1u << leaf, ste, rid, i << leaf);
	}
}

static void scan_ste(struct lift *l, struct lift_scan *s, uint64_t pa, uint32_t rid)
{
	uint64_t w[4] = { lift_word(l, pa) };
	unsigned cfg = (unsigned)bits_get(w[0], 3, 1), tg, sl;
	struct lift_att a = { .rid = rid, .pasid = TRC_NO_PASID, .type = cfg == CFG_NESTED ? LIFT_NESTED : LIFT_SS };

	if (!(w[0] & 1) || cfg < CFG_BYPASS)
		return;
	for (unsigned i = 1; i < 4; i++)
		w[i] = lift_word(l, pa + 8 * i);
	if (cfg == CFG_BYPASS)
		lift_found(l, s, bypass(rid));
	if (cfg == CFG_S1)
		scan_cd_table(l, s, w, rid);
	if (cfg < CFG_S2 || !bits_get(w[2], 51, 51)) /* S2AA64 */
		return;
	tg = (unsigned)bits_get(w[2], 47, 46);
	sl = (unsigned)bits_get(w[2], 39, 38);
	a.id = (uint32_t)bits_get(w[2], 15, 0);
	a.t.did = did_of(STAGE2, a.id, 0);
	if (shape(&a.t, tg, 64 - (unsigned)bits_get(w[2], 37, 32), sl == 3 && !tg ? 3 : (int)(tg ? 3 - sl : 2 - sl), w[3] & bits_mask(51, 4)))
		lift_found(l, s, a);
}

static void scan_stes(struct lift *l, struct lift_scan *s, uint64_t pa, uint64_t n, uint32_t sid)
{
	for (uint64_t i = 0; i < n && !l->failed; i++, pa += STE_BYTES) {
		if (!i || !(pa & 0xfff))
			lift_watch(l, lift_part_of(pa, n - i, 6, LIFT_STE, sid + (uint32_t)i, TRC_NO_PASID));
		scan_ste(l, s, pa, sid + (uint32_t)i);
	}
}

static void scan_all(struct lift *l, struct lift_scan *s)
{
	unsigned size = (unsigned)bits_get(l->smmuv3.strtab_cfg, 5, 0), split = (unsigned)bits_get(l->smmuv3.strtab_cfg, 10, 6), lg2;
	uint64_t base = l->smmuv3.strtab & addr_55_6;
	bool linear = bits_get(l->smmuv3.strtab_cfg, 17, 16) != 1;

	size = size > 32 ? 32 : size;
	split = split == 8 || split == 10 ? split : 6;
	lg2 = linear ? size : size > split ? size - split : 0;
	if (!(l->smmuv3.cr0 & CR0_SMMUEN))
		return;
	if (lg2 > MAX_TABLE_LG2)
		lift_fail(l, ERR_INPUT, "a stream table of more than 2^20 entries");
	else if (linear)
		scan_stes(l, s, base & ~low_mask(size + 6), BIT64(size), 0);
	if (linear || l->failed)
		return;
	base &= ~low_mask(lg2 + 3);
	for (uint64_t i = 0; i < BIT64(lg2) && !l->failed; i++) {
		uint64_t e = lift_word(l, base + 8 * i);
		unsigned span = (unsigned)bits_get(e, 4, 0);

		if (!i || !((base + 8 * i) & 0xfff)) {
			struct lift_upper u = lift_part_of(base + 8 * i, BIT64(lg2) - i, 3, LIFT_L1STD, (uint32_t)(i << split), TRC_NO_PASID);

			u.step = 1u << split;
			lift_watch(l, u);
		}
		if (span && span <= split + 1)
			scan_stes(l, s, e & addr_55_6 & ~low_mask(span + 5), BIT64(span - 1), (uint32_t)(i << split));
	}
}

/* Which domains a TLBI names: by kind, and where it has them by VMID and ASID; by address or all of it. */
static const struct tlbi { uint8_t op, kinds; bool vmid, asid, addr; } tlbis[] = {
	{ 0x10, 1 << EL1, true, false, false }, { 0x11, 1 << EL1, true, true, false }, /* NH_ALL, ASID, VA, VAA */
	{ 0x12, 1 << EL1, true, true, true }, { 0x13, 1 << EL1, true, false, true },
	{ 0x20, 1 << EL2, false, false, false }, { 0x21, 1 << EL2, false, true, false }, /* EL2_ALL, ASID, VA, VAA */
	{ 0x22, 1 << EL2, false, true, true }, { 0x23, 1 << EL2, false, false, true },
	{ 0x28, 1 << EL1 | 1 << STAGE2, true, false, false }, { 0x2a, 1 << STAGE2, true, false, true }, /* S12_VMALL, S2_IPA */
	{ 0x30, 1 << EL1 | 1 << STAGE2, false, false, false }, /* NSNH_ALL */
};

static bool names(const struct tlbi *c, uint64_t w0, uint64_t did)
{
	return c->kinds >> (did >> 32) & 1 && (!c->vmid || bits_get(did, 31, 16) == bits_get(w0, 47, 32)) &&
	       (!c->asid || bits_get(did, 15, 0) == bits_get(w0, 63, 48));
}

static void command(struct lift *l, uint64_t w0, uint64_t w1)
{
	const struct tlbi *c = tlbis;
	unsigned tg = (unsigned)bits_get(w1, 11, 10), shift = tg ? 10 + 2 * tg + (unsigned)bits_get(w0, 24, 20) : 0;
	uint64_t size = tg && shift < 48 ? (bits_get(w0, 16, 12) + 1) << shift : 0; /* larger: the whole domain */
	bool any = false;

	while (c < tlbis + ARRAY_LEN(tlbis) && c->op != (w0 & 0xff))
		c++;
	if (c == tlbis + ARRAY_LEN(tlbis)) {
		l->s->other_cmds++;
		return;
	}
	for (const struct lift_dom *d = l->doms; d; d = d->next) {
		if (!names(c, w0, d->t.did))
			continue;
		any = true;
		if (c->addr && !tg)
			lift_flush(l, d, w1 & ~low_mask(d->t.page_lg2), BIT64(d->t.page_lg2));
		else
			lift_flush(l, d, w1 & ~UINT64_C(0xfff), c->addr ? size : 0);
	}
	l->s->flush_unknown += !any && (c->vmid || c->asid);
}

static void run_queue(struct lift *l)
{
	unsigned lg2 = (unsigned)bits_get(l->smmuv3.cmdq, 4, 0);
	uint64_t base, wrap;

	lg2 = lg2 > 19 ? 19 : lg2;
	base = l->smmuv3.cmdq & bits_mask(55, 5) & ~low_mask(lg2 + 4);
	wrap = low_mask(lg2 + 1);
	if (!(l->smmuv3.cr0 & CR0_CMDQEN))
		return;
	for (; (l->smmuv3.cons ^ l->smmuv3.prod) & wrap; l->smmuv3.cons = (l->smmuv3.cons + 1) & wrap) {
		uint64_t w[2] = { 0, 0 };

		if (mem_read(l->mem, base + 16 * (l->smmuv3.cons & low_mask(lg2)), w, 2) != MEM_OK)
			continue;
		lift_command(l, (unsigned)(l->smmuv3.cons & low_mask(lg2)), w, 2);
		command(l, w[0], w[1]);
	}
}

static void reg(struct lift *l, uint32_t off, unsigned bytes, uint64_t val, bool state)
{
	switch (off) {
	case REG_STRTAB_BASE:
	case REG_STRTAB_BASE + 4:
		l->smmuv3.strtab = lift_part(l->smmuv3.strtab, off, bytes, val);
		break;
	case REG_CMDQ_BASE:
	case REG_CMDQ_BASE + 4:
		l->smmuv3.cmdq = lift_part(l->smmuv3.cmdq, off, bytes, val);
		break;
	case REG_STRTAB_BASE_CFG:
		l->smmuv3.strtab_cfg = val;
		break;
	case REG_CMDQ_PROD:
		l->smmuv3.prod = val & low_mask(20);
		break;
	case REG_CMDQ_CONS:
		l->smmuv3.cons = val & low_mask(20);
		break;
	case REG_CR0:
		l->dirty |= (l->smmuv3.cr0 ^ val) & CR0_SMMUEN;
		l->smmuv3.cr0 = val;
		break;
	}
	if (!state && (off == REG_CMDQ_PROD || off == REG_CR0))
		run_queue(l);
}

const struct lift_arch lift_smmuv3 = {
	.name = "smmuv3", .mark = "IDR0", .reg = reg, .scan = scan_all, .entry = entry, .perm = XL_R | XL_W | XL_X
};
