/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift.c - the loop of lift.h: memory is kept up to date, neighbouring leaf changes are merged, register writes go to the architecture.
 */
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"
#include "core/iommu.h"
#include "import/lift_int.h"

static const struct lift_arch *const archs[] = { &lift_vtd, &lift_smmuv3, &lift_amdvi };

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
	if (l->failed || l->tap)
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
	if (l->arch->sign && d->t.fs && iova >> (d->t.bits - 1) & 1)
		iova |= ~low_mask(d->t.bits);
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

void lift_flush(struct lift *l, const struct lift_dom *d, uint64_t iova, uint64_t size)
{
	struct trc_rec r = { .kind = TRC_FLUSH, .at = l->now };

	r.u.sw.dom = d->id;
	r.u.sw.pasid = TRC_NO_PASID;
	r.u.sw.size = size;
	r.u.sw.iova = size ? iova : 0;
	lift_put(l, &r);
}
void lift_command(struct lift *l, unsigned slot, const uint64_t *w, unsigned n)
{
	if (l->tap)
		l->tap->command(l->tap->who, slot, w, n);
}
uint64_t lift_part(uint64_t old, uint32_t off, unsigned bytes, uint64_t val)
{
	return bytes == 8 ? val : off & 4 ? bits_put(old, 63, 32, val) : bits_put(old, 31, 0, val);
}

static void upper_store(struct lift *l, uint64_t pa, uint64_t old, uint64_t val)
{
	l->dirty |= old != val;
	for (size_t i = 0; l->tap && i < l->n_upper; i++)
		if (pa >= l->upper[i].pa && pa < l->upper[i].pa + ((uint64_t)l->upper[i].n << l->upper[i].lg2))
			l->tap->upper(l->tap->who, &l->upper[i], pa, old, val);
}
static void store(struct lift *l, uint64_t pa, uint64_t old, uint64_t val)
{
	if (lift_is_upper(l, pa))
		upper_store(l, pa, old, val);
	if (old != val)
		lift_pt_store(l, pa, old, val);
	if (l->tap)
		l->tap->store(l->tap->who, pa, old, val);
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
	if (l->tap && l->begun)
		lift_pt_bury(l, r->u.page.pa); /* content that nobody stored: a page that has come into use since */
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
	if (mem_oom(l->mem)) /* a store was lost */
		lift_fail(l, ERR_MACHINE, "out of memory");
	if (!l->begun)
		l->dirty = true;
	l->begun = true;
	lift_pt_links(l);
	if (l->dirty)
		lift_rescan(l);
}
/* Only captured registers tell; a trace that begins without is taken for VT-d. */
static void tell_arch(struct lift *l, const struct trc_rec *r)
{
	if (l->arch || r->kind == TRC_COMMENT || r->kind == TRC_PAGE)
		return;
	l->arch = &lift_vtd;
	for (size_t i = 0; r->kind == TRC_REGSTATE && i < ARRAY_LEN(archs); i++)
		if (!strcmp(r->u.reg.name, archs[i]->mark))
			l->arch = archs[i];
}
static void take(struct lift *l, const struct trc_rec *r)
{
	tell_arch(l, r);
	switch ((enum trc_kind)r->kind) {
	case TRC_PAGE:
		take_page(l, r);
		return;
	case TRC_STORE:
		take_store(l, r);
		return;
	case TRC_REGSTATE:
		l->arch->reg(l, r->u.reg.off, r->u.reg.bytes, r->u.reg.val, true);
		l->dirty = true;
		return;
	case TRC_COMMENT:
		lift_put(l, r);
		return;
	case TRC_MMIO_READ:
		return;
	case TRC_MMIO_WRITE:
		settle(l);
		l->arch->reg(l, r->u.mmio.off, r->u.mmio.bytes, r->u.mmio.val, false);
		return;
	default: /* DMAs, devices, and what is software-level already */
		settle(l);
		lift_put(l, r);
	}
}
static bool named(struct lift *l, const char *arch)
{
	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (!strcmp(arch, archs[i]->name))
			l->arch = archs[i];
	return l->arch || err_set(l->e, ERR_INPUT, "traces of \"%s\" cannot be lifted: vtd, smmuv3 or amdvi", arch);
}
bool lift_run(struct trc_reader *t, struct trc_writer *w, struct lift_sum *s, struct err *e)
{
	return lift_run_as(t, w, NULL, s, e);
}
static struct lift *create(const char *arch, struct lift_sum *s, struct err *e)
{
	struct lift *l = calloc(1, sizeof(*l));

	if (!l || !(l->mem = mem_create(0, false))) {
		err_set(e, ERR_MACHINE, "out of memory");
		free(l);
		return NULL;
	}
	l->s = s ? s : &l->own;
	l->e = e;
	l->next_id = 0x10000;
	if (!arch || named(l, arch))
		return l;
	lift_close(l);
	return NULL;
}
bool lift_run_as(struct trc_reader *t, struct trc_writer *w, const char *arch, struct lift_sum *s, struct err *e)
{
	struct lift *l = create(arch, s, e);
	struct trc_rec r;
	int got = -1;
	bool ok;

	*s = (struct lift_sum){ 0 };
	if (!l)
		return false;
	l->w = w;
	while (!l->failed && (got = trc_next(t, &r, e)) > 0 && lift_take(l, &r))
		;
	ok = !got && !l->failed;
	if (ok) {
		if (!l->arch)
			l->arch = &lift_vtd;
		settle(l);
		end_run(l);
		ok = !l->failed;
	}
	lift_close(l);
	return ok;
}
struct lift *lift_open(const struct lift_tap *t, const char *arch, struct err *e)
{
	struct lift *l = create(arch, NULL, e);

	if (l)
		l->tap = t;
	return l;
}
bool lift_take(struct lift *l, const struct trc_rec *r)
{
	l->now = r->at;
	l->line = r->line;
	l->s->in[r->kind]++;
	if (r->unit)
		lift_fail(l, ERR_INPUT, "a trace of several units cannot be lifted");
	else
		take(l, r);
	return !l->failed;
}
bool lift_settle(struct lift *l)
{
	if (!l->arch)
		l->arch = &lift_vtd;
	settle(l);
	return !l->failed;
}
void lift_close(struct lift *l)
{
	if (!l)
		return;
	lift_pt_free(l);
	for (struct lift_dom *d = l->doms, *next; d; d = next) {
		next = d->next;
		free(d);
	}
	mem_destroy(l->mem);
	free(l->att);
	free(l->upper);
	free(l);
}
const char *lift_arch_name(const struct lift *l)
{
	return l->arch ? l->arch->name : NULL;
}
struct mem *lift_mem(struct lift *l)
{
	return l->mem;
}
