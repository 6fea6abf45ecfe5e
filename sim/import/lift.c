/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift.c - the loop of lift.h: memory and the few registers that matter are kept up to date, neighbouring leaf changes are merged,
 * the descriptors between head and tail are read from memory when the tail moves.
 */
#include <stdlib.h>
#include "core/base/bits.h"
#include "core/iommu.h"
#include "import/lift_int.h"

/* Intel VT-d specification, "Register Descriptions" */
enum { REG_GCMD = 0x18, REG_GSTS = 0x1c, REG_RTADDR = 0x20, REG_IQH = 0x80, REG_IQT = 0x88, REG_IQA = 0x90 };
enum { GCMD_SRTP = 30, GCMD_QIE = 26 };

void lift_fail(struct lift *l, int code, const char *what)
{
	if (!l->failed)
		err_set(l->e, code, "record %llu: %s", (unsigned long long)l->line, what);
	l->failed = true;
}
bool lift_grow(struct lift *l, void *arr, size_t n, size_t *cap, size_t elem)
{
	void **p = arr, *q;

	if (n < *cap)
		return true;
	q = reallocarray(*p, *cap ? *cap * 2 : 64, elem);
	if (!q) {
		lift_fail(l, ERR_MACHINE, "out of memory");
		return false;
	}
	*cap = *cap ? *cap * 2 : 64;
	*p = q;
	return true;
}
static void put(struct lift *l, const struct trc_rec *r)
{
	if (l->failed)
		return;
	l->s->out[r->kind]++;
	if (!trc_put(l->w, r, l->e))
		l->failed = true;
}
static void end_run(struct lift *l)
{
	if (l->run.u.sw.size)
		put(l, &l->run);
	l->run.u.sw.size = 0;
}
void lift_put(struct lift *l, const struct trc_rec *r)
{
	end_run(l);
	put(l, r);
}
/* Leaves that follow or precede the run in both addresses become part of it. */
void lift_leaf(struct lift *l, const struct lift_dom *d, bool map, uint64_t iova, uint64_t pa, uint64_t size, uint8_t perm)
{
	struct trc_rec *r = &l->run;
	uint8_t kind = map ? TRC_MAP : TRC_UNMAP;

	/* a 5-level table covers 57 bits; the upper half of a first-level address space is written with its sign */
	if (d->fs && iova >> (12 + 9 * d->levels - 1) & 1)
		iova |= ~low_mask(12u + 9u * d->levels);
	if (r->u.sw.size && r->kind == kind && r->u.sw.dom == d->id && r->u.sw.perm == perm) {
		if (r->u.sw.iova + r->u.sw.size == iova && (!map || r->u.sw.pa + r->u.sw.size == pa)) {
			r->u.sw.size += size;
			return;
		}
		if (iova + size == r->u.sw.iova && (!map || pa + size == r->u.sw.pa)) {
			r->u.sw.iova = iova;
			r->u.sw.pa = pa;
			r->u.sw.size += size;
			return;
		}
	}
	end_run(l);
	*r = (struct trc_rec){ .kind = kind, .at = l->now };
	r->u.sw.iova = iova;
	r->u.sw.pa = pa;
	r->u.sw.size = size;
	r->u.sw.perm = perm;
	r->u.sw.dom = d->id;
	r->u.sw.pasid = TRC_NO_PASID;
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

static void store(struct lift *l, uint64_t pa, uint64_t old, uint64_t val)
{
	if (old == val)
		return;
	if (lift_is_upper(l, pa))
		l->dirty = true;
	lift_pt_store(l, pa, old, val);
}
static void take_store(struct lift *l, const struct trc_rec *r)
{
	uint64_t at = r->u.store.pa & ~UINT64_C(7), old = 0, val = 0;

	mem_read(l->mem, at, &old, 1);
	mem_write_part(l->mem, r->u.store.pa, r->u.store.bytes, r->u.store.val);
	mem_read(l->mem, at, &val, 1);
	if (l->begun)
		store(l, at, old, val);
}
static void take_page(struct lift *l, const struct trc_rec *r)
{
	for (unsigned i = 0; i < 512; i++) {
		uint64_t at = r->u.page.pa + 8 * i, old = 0;

		mem_read(l->mem, at, &old, 1);
		if (old == r->u.page.w[i])
			continue;
		mem_write(l->mem, at, &r->u.page.w[i], 1);
		if (l->begun)
			store(l, at, old, r->u.page.w[i]);
	}
}
/* What was stored is looked at before anything that could use it. */
static void settle(struct lift *l)
{
	if (!l->begun)
		l->dirty = true;
	l->begun = true;
	lift_pt_links(l);
	if (l->dirty)
		lift_scan(l);
}
static void take(struct lift *l, const struct trc_rec *r)
{
	switch ((enum trc_kind)r->kind) {
	case TRC_PAGE:
		take_page(l, r);
		return;
	case TRC_STORE:
		take_store(l, r);
		return;
	case TRC_REGSTATE:
		reg(l, r->u.reg.off, r->u.reg.bytes, r->u.reg.val, true);
		l->dirty = true;
		return;
	case TRC_COMMENT:
		lift_put(l, r);
		return;
	case TRC_MMIO_READ:
		return;
	case TRC_MMIO_WRITE:
		settle(l);
		reg(l, r->u.mmio.off, r->u.mmio.bytes, r->u.mmio.val, false);
		return;
	default: /* DMAs, devices, and what is software-level already */
		settle(l);
		lift_put(l, r);
	}
}
bool lift_run(struct trc_reader *t, struct trc_writer *w, struct lift_sum *s, struct err *e)
{
	struct lift *l = calloc(1, sizeof(*l));
	struct trc_rec r;
	int got = -1;
	bool ok = false;

	*s = (struct lift_sum){ 0 };
	if (!l)
		return err_set(e, ERR_MACHINE, "out of memory");
	*l = (struct lift){ .w = w, .s = s, .e = e, .next_id = 0x10000, .mem = mem_create(0, false) };
	if (!l->mem) {
		err_set(e, ERR_MACHINE, "out of memory");
		goto out;
	}
	while (!l->failed && (got = trc_next(t, &r, e)) > 0) {
		l->now = r.at;
		l->line = r.line;
		s->in[r.kind]++;
		if (r.unit)
			lift_fail(l, ERR_INPUT, "a trace of several units cannot be lifted");
		else
			take(l, &r);
	}
	if (!got && !l->failed) {
		settle(l);
		end_run(l);
		ok = !l->failed;
	}
out:
	lift_pt_free(l);
	for (struct lift_dom *d = l->doms, *next; d; d = next) {
		next = d->next;
		free(d);
	}
	mem_destroy(l->mem);
	free(l->att);
	free(l->upper);
	free(l);
	return ok;
}
