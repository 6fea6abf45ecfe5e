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
/* Legacy context entry: TT 0 and 1 translate, 2 passes through. */
static void scan_legacy(struct lift *l, struct lift_scan *s, uint32_t bus, uint64_t tab)
{
	lift_watch(l, tab);
	for (uint32_t fn = 0; fn < 256; fn++) {
		uint64_t lo = lift_word(l, tab + 16 * fn), hi = lift_word(l, tab + 16 * fn + 8);
		bool pt = bits_get(lo, 3, 2) == 2;

		if (!(lo & 1) || bits_get(lo, 3, 2) == 3 || (!pt && (bits_get(hi, 2, 0) < 1 || bits_get(hi, 2, 0) > 3)))
			continue;
		lift_found(l, s, (struct lift_att){ .rid = bus << 8 | fn, .pasid = TRC_NO_PASID, .did = (uint32_t)bits_get(hi, 23, 8),
					       .type = pt ? LIFT_PT : LIFT_LEGACY, .levels = pt ? 0 : (uint8_t)(bits_get(hi, 2, 0) + 2),
					       .root = pt ? 0 : page_of(lo) });
	}
}
static void scan_pasid_entry(struct lift *l, struct lift_scan *s, uint64_t pe, uint32_t rid, uint32_t pasid)
{
	uint64_t w0 = lift_word(l, pe), w1 = lift_word(l, pe + 8), w2 = lift_word(l, pe + 16);
	struct lift_att a = { .rid = rid, .pasid = pasid, .did = (uint32_t)bits_get(w1, 15, 0) };

	if (!(w0 & 1))
		return;
	switch (bits_get(w0, 8, 6)) {
	case 1:
		a.type = LIFT_FS;
		a.levels = (uint8_t)(4 + (bits_get(w2, 3, 2) & 1));
		a.root = page_of(w2);
		break;
	case 2:
	case 3:
		a.type = bits_get(w0, 8, 6) == 2 ? LIFT_SS : LIFT_NESTED;
		a.levels = (uint8_t)(bits_get(w0, 4, 2) + 2);
		a.root = page_of(w0);
		if (a.levels < 3 || a.levels > 5)
			return;
		break;
	case 4:
		a.type = LIFT_PT;
		break;
	default:
		return;
	}
	lift_found(l, s, a);
}
static void scan_scalable(struct lift *l, struct lift_scan *s, uint32_t first, uint64_t tab)
{
	lift_watch(l, tab);
	for (uint32_t i = 0; i < 128; i++) {
		uint64_t c0 = lift_word(l, tab + 32 * i), c1 = lift_word(l, tab + 32 * i + 8), dir = page_of(c0);
		uint32_t n = 1u << (bits_get(c0, 11, 9) + 7), rid_pasid = (uint32_t)bits_get(c1, 19, 0);

		for (uint32_t k = 0; c0 & 1 && k < n && !l->failed; k++) {
			uint64_t de = lift_word(l, dir + 8 * (uint64_t)k);

			if (!(k & 511))
				lift_watch(l, dir + 8 * (uint64_t)k);
			if (!(de & 1))
				continue;
			lift_watch(l, page_of(de));
			for (uint32_t j = 0; j < 64; j++)
				scan_pasid_entry(l, s, page_of(de) + 64 * j, first + i, k * 64 + j == rid_pasid ? TRC_NO_PASID : k * 64 + j);
		}
	}
}
static void scan_all(struct lift *l, struct lift_scan *s)
{
	uint64_t root = page_of(l->rtaddr);
	unsigned ttm = (unsigned)bits_get(l->rtaddr, 11, 10);

	l->n_upper = 0;
	memset(l->filter, 0, sizeof(l->filter));
	l->budget = UINT64_C(1) << 28;
	if (ttm > 1 || !(l->gsts & BIT64(30)))
		return; /* no root table was set, or abort mode */
	lift_watch(l, root);
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
		struct trc_rec r = { .kind = TRC_FLUSH, .at = l->now };

		if (!all && d->did != did)
			continue;
		any = true;
		r.u.sw.dom = d->id;
		r.u.sw.pasid = TRC_NO_PASID;
		if (am < 40) { /* wider: the whole domain */
			r.u.sw.size = UINT64_C(4096) << am;
			r.u.sw.iova = addr & ~(r.u.sw.size - 1);
		}
		lift_put(l, &r);
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
	uint64_t bytes = UINT64_C(4096) << (l->iqa & 7), base = bits_get(l->iqa, 51, 12) << 12;
	unsigned step = l->iqa & BIT64(11) ? 32 : 16;
	uint64_t tail = l->iqt & (bytes - 1) & ~(uint64_t)(step - 1);

	l->iqh &= (uint32_t)(bytes - step);
	if (!(l->gsts & BIT64(GCMD_QIE)))
		return;
	for (; l->iqh != tail; l->iqh = (uint32_t)((l->iqh + step) & (bytes - 1))) {
		uint64_t w[2] = { 0, 0 };

		if (mem_read(l->mem, base + l->iqh, w, 2) == MEM_OK)
			descriptor(l, w[0], w[1]);
	}
}
/* A register as software wrote it, or (@state) as it was captured. 64-bit ones may come in halves. */
static void reg(struct lift *l, uint32_t off, unsigned bytes, uint64_t val, bool state)
{
	uint64_t *r = NULL;
	uint32_t was = l->gsts;

	switch (off & ~4u) {
	case REG_RTADDR:
		r = &l->rtaddr_sw;
		break;
	case REG_IQT:
		r = &l->iqt;
		break;
	case REG_IQA:
		r = &l->iqa;
		break;
	}
	if (r)
		*r = bytes == 8 ? val : off & 4 ? bits_put(*r, 63, 32, val) : bits_put(*r, 31, 0, val);
	if (state && off == REG_IQH)
		l->iqh = (uint32_t)val;
	if (state && off == REG_GSTS)
		l->gsts = (uint32_t)val;
	if (state)
		l->rtaddr = l->rtaddr_sw;
	if (state)
		return;
	if (off == REG_GCMD) {
		/* SRTP is a one-shot command, its status stays; the others are levels */
		l->gsts = ((uint32_t)val & ~(uint32_t)BIT64(GCMD_SRTP)) | ((was | (uint32_t)val) & (uint32_t)BIT64(GCMD_SRTP));
		if (val & BIT64(GCMD_SRTP)) {
			l->rtaddr = l->rtaddr_sw;
			l->dirty = true;
		}
		if (!(was & BIT64(GCMD_QIE)) && val & BIT64(GCMD_QIE))
			l->iqh = 0;
	}
	if (off == REG_IQT || off == REG_GCMD)
		run_queue(l);
}

