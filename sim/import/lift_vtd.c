/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift_vtd.c - what lifting needs to know of VT-d: root, context and PASID tables, entries of page tables, invalidation descriptors.
 * The descriptors between head and tail are read from memory when the tail moves.
 */
#include "core/base/bits.h"
#include "core/iommu.h"
#include "import/lift_int.h"

/* Intel VT-d specification, "Register Descriptions" */
enum { REG_GCMD = 0x18, REG_GSTS = 0x1c, REG_RTADDR = 0x20, REG_IQH = 0x80, REG_IQT = 0x88, REG_IQA = 0x90 };
enum { GCMD_SRTP = 30, GCMD_QIE = 26 };

static uint64_t page_of(uint64_t w)
{
	return bits_get(w, 51, 12) << 12;
}
static struct lift_ent entry(const struct lift_shape *t, uint64_t e, unsigned level, uint8_t perm)
{
	struct lift_ent x = { .present = t->fs ? e & 1 : (e & 3) != 0 };

	x.perm = perm & (t->fs ? XL_R | (e & 2 ? XL_W : 0) : (e & 1 ? XL_R : 0) | (e & 2 ? XL_W : 0));
	x.leaf = level == 1 || (level <= 3 && e >> 7 & 1);
	x.pa = page_of(e);
	if (x.leaf)
		x.pa &= ~low_mask(12 + 9 * (level - 1));
	return x;
}
static struct lift_att attached(uint32_t rid, uint32_t pasid, uint32_t did, enum lift_type type, unsigned levels, uint64_t root)
{
	return (struct lift_att){ .rid = rid, .pasid = pasid, .id = did, .type = (uint8_t)type,
				  .t = { .did = did, .root = root, .levels = (uint8_t)levels, .page_lg2 = 12, .bits = (uint8_t)(12 + 9 * levels),
					 .fs = type == LIFT_FS } };
}
/* Legacy context entry: TT 0 and 1 translate, 2 passes through. */
static void scan_legacy_entry(struct lift *l, struct lift_scan *s, uint64_t ce, uint32_t rid)
{
	uint64_t lo = lift_word(l, ce), hi = lift_word(l, ce + 8);
	bool pt = bits_get(lo, 3, 2) == 2;

	if (!(lo & 1) || bits_get(lo, 3, 2) == 3 || (!pt && (bits_get(hi, 2, 0) < 1 || bits_get(hi, 2, 0) > 3)))
		return;
	lift_found(l, s, attached(rid, TRC_NO_PASID, (uint32_t)bits_get(hi, 23, 8), pt ? LIFT_PT : LIFT_LEGACY,
				  pt ? 0 : (unsigned)bits_get(hi, 2, 0) + 2, pt ? 0 : page_of(lo)));
}
static void scan_legacy(struct lift *l, struct lift_scan *s, uint32_t bus, uint64_t tab)
{
	lift_watch(l, lift_part_of(tab, 256, 4, LIFT_CTX, bus << 8, TRC_NO_PASID));
	for (uint32_t fn = 0; fn < 256; fn++)
		scan_legacy_entry(l, s, tab + 16 * fn, bus << 8 | fn);
}
static void scan_pasid_entry(struct lift *l, struct lift_scan *s, uint64_t pe, uint32_t rid, uint32_t pasid)
{
	uint64_t w0 = lift_word(l, pe), w1 = lift_word(l, pe + 8), w2 = lift_word(l, pe + 16);
	uint32_t did = (uint32_t)bits_get(w1, 15, 0);
	unsigned pgtt = (unsigned)bits_get(w0, 8, 6), levels = (unsigned)bits_get(w0, 4, 2) + 2;

	if (!(w0 & 1))
		return;
	if (pgtt == 1)
		lift_found(l, s, attached(rid, pasid, did, LIFT_FS, 4 + (bits_get(w2, 3, 2) & 1), page_of(w2)));
	else if ((pgtt == 2 || pgtt == 3) && levels >= 3 && levels <= 5)
		lift_found(l, s, attached(rid, pasid, did, pgtt == 2 ? LIFT_SS : LIFT_NESTED, levels, page_of(w0)));
	else if (pgtt == 4)
		lift_found(l, s, attached(rid, pasid, did, LIFT_PT, 0, 0));
}
static void scan_context(struct lift *l, struct lift_scan *s, uint64_t ce, uint32_t rid)
{
	uint64_t c0 = lift_word(l, ce), c1 = lift_word(l, ce + 8), dir = page_of(c0);
	uint32_t n = 1u << (bits_get(c0, 11, 9) + 7), rid_pasid = (uint32_t)bits_get(c1, 19, 0);

	for (uint32_t k = 0; c0 & 1 && k < n && !l->failed; k++) {
		uint64_t de = lift_word(l, dir + 8 * (uint64_t)k);

		if (!(k & 511)) {
			struct lift_upper u = lift_part_of(dir + 8 * (uint64_t)k, n - k, 3, LIFT_PASIDDIR, rid, k * 64);

			u.step = 64;
			lift_watch(l, u);
		}
		if (!(de & 1))
			continue;
		lift_watch(l, lift_part_of(page_of(de), 64, 6, LIFT_PASIDE, rid, k * 64));
		for (uint32_t j = 0; j < 64; j++)
			scan_pasid_entry(l, s, page_of(de) + 64 * j, rid, k * 64 + j == rid_pasid ? TRC_NO_PASID : k * 64 + j);
	}
}
static void scan_scalable(struct lift *l, struct lift_scan *s, uint32_t first, uint64_t tab)
{
	lift_watch(l, lift_part_of(tab, 128, 5, LIFT_CTX, first, TRC_NO_PASID));
	for (uint32_t i = 0; i < 128; i++)
		scan_context(l, s, tab + 32 * i, first + i);
}
static void scan_all(struct lift *l, struct lift_scan *s)
{
	uint64_t root = page_of(l->vtd.rtaddr);
	unsigned ttm = (unsigned)bits_get(l->vtd.rtaddr, 11, 10);

	if (ttm > 1 || !(l->vtd.gsts & BIT64(30)))
		return; /* no root table was set, or abort mode */
	lift_watch(l, lift_part_of(root, 256, 4, LIFT_ROOT, 0, TRC_NO_PASID));
	for (uint32_t bus = 0; bus < 256 && !l->failed; bus++) {
		uint64_t lo = lift_word(l, root + 16 * bus), hi = lift_word(l, root + 16 * bus + 8);

		if (!ttm) {
			if (lo & 1)
				scan_legacy(l, s, bus, page_of(lo));
			continue;
		}
		if (lo & 1)
			scan_scalable(l, s, bus << 8, page_of(lo));
		if (hi & 1)
			scan_scalable(l, s, bus << 8 | 128, page_of(hi));
	}
}
static void flush(struct lift *l, bool all, uint32_t did, uint64_t addr, unsigned am)
{
	bool any = false;

	for (const struct lift_dom *d = l->doms; d; d = d->next) {
		uint64_t size = am < 40 ? UINT64_C(4096) << am : 0; /* wider: the whole domain */

		if (!all && d->t.did != did)
			continue;
		any = true;
		lift_flush(l, d, addr & ~(size - 1), size);
	}
	l->s->flush_unknown += !any && !all;
}
static void descriptor(struct lift *l, uint64_t lo, uint64_t hi)
{
	unsigned type = (unsigned)(bits_get(lo, 3, 0) | bits_get(lo, 11, 9) << 4), g = (unsigned)bits_get(lo, 5, 4);
	uint32_t did = (uint32_t)bits_get(lo, 31, 16);

	if (type == 2 && g == 1)
		flush(l, true, 0, 0, 64);
	else if (type == 2 || type == 6) /* IOTLB, PASID-based IOTLB: 3 is by page */
		flush(l, false, did, hi & ~UINT64_C(0xfff), g == 3 ? (unsigned)bits_get(hi, 5, 0) : 64);
	else
		l->s->other_cmds++;
}
static void run_queue(struct lift *l)
{
	uint64_t bytes = UINT64_C(4096) << (l->vtd.iqa & 7), base = bits_get(l->vtd.iqa, 51, 12) << 12;
	unsigned step = l->vtd.iqa & BIT64(11) ? 32 : 16;
	uint64_t tail = l->vtd.iqt & (bytes - 1) & ~(uint64_t)(step - 1);

	l->vtd.iqh &= (uint32_t)(bytes - step);
	if (!(l->vtd.gsts & BIT64(GCMD_QIE)))
		return;
	for (; l->vtd.iqh != tail; l->vtd.iqh = (uint32_t)((l->vtd.iqh + step) & (bytes - 1))) {
		uint64_t w[4] = { 0, 0 };

		if (mem_read(l->mem, base + l->vtd.iqh, w, step / 8) != MEM_OK)
			continue;
		lift_command(l, l->vtd.iqh / step, w, step / 8);
		descriptor(l, w[0], w[1]);
	}
}
/* A register as software wrote it, or (@state) as it was captured. 64-bit ones may come in halves. */
static void reg(struct lift *l, uint32_t off, unsigned bytes, uint64_t val, bool state)
{
	uint64_t *r = NULL;
	uint32_t was = l->vtd.gsts;

	switch (off & ~4u) {
	case REG_RTADDR:
		r = &l->vtd.rtaddr_sw;
		break;
	case REG_IQT:
		r = &l->vtd.iqt;
		break;
	case REG_IQA:
		r = &l->vtd.iqa;
		break;
	}
	if (r)
		*r = lift_part(*r, off, bytes, val);
	if (state && off == REG_IQH)
		l->vtd.iqh = (uint32_t)val;
	if (state && off == REG_GSTS)
		l->vtd.gsts = (uint32_t)val;
	if (state)
		l->vtd.rtaddr = l->vtd.rtaddr_sw;
	if (state)
		return;
	if (off == REG_GCMD) {
		/* SRTP is a one-shot command, its status stays; the others are levels */
		l->vtd.gsts = ((uint32_t)val & ~(uint32_t)BIT64(GCMD_SRTP)) | ((was | (uint32_t)val) & (uint32_t)BIT64(GCMD_SRTP));
		if (val & BIT64(GCMD_SRTP)) {
			l->vtd.rtaddr = l->vtd.rtaddr_sw;
			l->dirty = true;
		}
		if (!(was & BIT64(GCMD_QIE)) && val & BIT64(GCMD_QIE))
			l->vtd.iqh = 0;
	}
	if (off == REG_IQT || off == REG_GCMD)
		run_queue(l);
}

const struct lift_arch lift_vtd = {
	.name = "vtd", .mark = "RTADDR", .reg = reg, .scan = scan_all, .entry = entry, .perm = XL_R | XL_W, .sign = true
};
