/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_pool.c - what every driver stands on: emitted records, the pool of table pages with its shadow, domains and attachments.
 * Not modelled: any policy; who allocates what and when it is flushed is the vendor's file.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "software/drv_int.h"

bool drv_fail(struct drv *d, int code, const char *fmt, ...)
{
	char text[800];
	va_list ap;

	if (d->failed)
		return false;
	d->failed = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(&d->err, code, "software model, trace record %" PRIu64 ": %s", d->cur.line, text);
}

bool drv_grow(struct drv *d, void *vec, size_t n, size_t *cap, size_t elem)
{
	void *old, *p;
	size_t want = *cap ? 2 * *cap : 64;

	if (n < *cap)
		return true;
	memcpy(&old, vec, sizeof(old));
	p = realloc(old, want * elem);
	if (!p)
		return drv_fail(d, ERR_MACHINE, "out of memory");
	memcpy(vec, &p, sizeof(p));
	*cap = want;
	return true;
}

void drv_emit(struct drv *d, const struct trc_rec *r)
{
	if (drv_grow(d, &d->out, d->n_out, &d->cap_out, sizeof(*d->out)))
		d->out[d->n_out++] = *r;
}

static struct trc_rec out_rec(const struct drv *d, enum trc_kind kind, unsigned unit)
{
	return (struct trc_rec){ .kind = (uint8_t)kind, .unit = (uint8_t)unit, .at = d->cur.at, .line = d->cur.line };
}

static void mmio(struct drv *d, unsigned unit, uint32_t off, unsigned bytes, uint64_t v, bool on)
{
	struct trc_rec r = out_rec(d, TRC_MMIO_WRITE, unit);

	r.u.mmio.off = off;
	r.u.mmio.bytes = (uint8_t)bytes;
	r.u.mmio.val = v;
	r.u.mmio.has_val = true;
	r.u.mmio.unwaited = on || d->brk.no_wait;
	d->brk.unwaited += d->brk.no_wait;
	drv_emit(d, &r);
}

void drv_mmio(struct drv *d, unsigned unit, uint32_t off, unsigned bytes, uint64_t v)
{
	mmio(d, unit, off, bytes, v, false);
}

void drv_mmio_on(struct drv *d, unsigned unit, uint32_t off, unsigned bytes, uint64_t v)
{
	mmio(d, unit, off, bytes, v, true);
}

static uint64_t *shadow(const struct drv *d, uint64_t pa)
{
	size_t i = (pa - d->cfg->base) >> 12;

	SIM_ASSERT(pa >= d->cfg->base && i < d->n_page);
	return d->page[i] ? &d->page[i][(pa & 0xfff) / 8] : NULL;
}

static uint64_t *shadow_make(struct drv *d, uint64_t pa)
{
	size_t i = (pa - d->cfg->base) >> 12;

	if (!shadow(d, pa)) {
		d->page[i] = calloc(1, 4096);
		if (!d->page[i]) {
			drv_fail(d, ERR_MACHINE, "out of memory");
			return NULL;
		}
	}
	return shadow(d, pa);
}

static void store(struct drv *d, uint64_t pa, uint64_t v, unsigned bytes)
{
	struct trc_rec r = out_rec(d, TRC_STORE, 0);

	r.u.store.pa = pa;
	r.u.store.val = v;
	r.u.store.bytes = (uint8_t)bytes;
	drv_emit(d, &r);
}

void drv_store(struct drv *d, uint64_t pa, uint64_t v)
{
	uint64_t *w;

	if (d->failed || !(w = shadow_make(d, pa)))
		return;
	*w = v;
	store(d, pa, v, 8);
}

void drv_store32(struct drv *d, uint64_t pa, uint32_t v)
{
	if (!d->failed)
		store(d, pa, v, 4);
}

uint64_t drv_peek(const struct drv *d, uint64_t pa)
{
	const uint64_t *w = d->failed ? NULL : shadow(d, pa);

	return w ? *w : 0;
}

/* The last freed block of @n pages that fits, cleared; 0: none. */
static uint64_t recycle(struct drv *d, size_t n, uint64_t align)
{
	for (size_t i = d->n_free; i--;) {
		uint64_t pa = d->free[i].pa;

		if (d->free[i].n != n || pa & (align - 1))
			continue;
		d->free[i] = d->free[--d->n_free];
		for (uint64_t at = pa; at < pa + 4096 * n; at += 8)
			if (drv_peek(d, at))
				drv_store(d, at, 0);
		return pa;
	}
	return 0;
}

uint64_t drv_alloc_aligned(struct drv *d, size_t n, uint64_t align)
{
	uint64_t pa = d->failed ? 0 : recycle(d, n, align), next = d->cfg->base + ((uint64_t)d->n_page << 12), end;

	if (d->failed || pa)
		return pa;
	pa = (next + (align - 1)) & ~(align - 1);
	end = pa + ((uint64_t)n << 12);
	if (end - d->cfg->base > d->cfg->pool_bytes) {
		drv_fail(d, ERR_INPUT, "the pool for tables (software.pool, %" PRIu64 " bytes) is used up", d->cfg->pool_bytes);
		return 0;
	}
	for (; next < end; next += 4096) {
		if (!drv_grow(d, &d->page, d->n_page, &d->cap_page, sizeof(*d->page)))
			return 0;
		d->page[d->n_page++] = NULL;
	}
	return pa;
}

uint64_t drv_alloc(struct drv *d, size_t n)
{
	return drv_alloc_aligned(d, n, 4096);
}

void drv_free(struct drv *d, uint64_t pa, size_t n)
{
	if (drv_grow(d, &d->free, d->n_free, &d->cap_free, sizeof(*d->free)))
		d->free[d->n_free++] = (struct drv_block){ pa, n };
}

void drv_gone(struct drv *d, struct drv_dom *m, uint64_t pa)
{
	if (drv_grow(d, &m->gone, m->n_gone, &m->cap_gone, sizeof(*m->gone)))
		m->gone[m->n_gone++] = pa;
}

void drv_gone_free(struct drv *d, struct drv_dom *m)
{
	while (m->n_gone)
		drv_free(d, m->gone[--m->n_gone], 1);
}

static size_t dom_slot(const struct drv *d, uint32_t id)
{
	size_t i = (id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (d->cap_dom - 1);

	while (d->dom[i] && d->dom[i]->id != id)
		i = (i + 1) & (d->cap_dom - 1);
	return i;
}

struct drv_dom *drv_dom_find(const struct drv *d, uint32_t id)
{
	return d->cap_dom ? d->dom[dom_slot(d, id)] : NULL;
}

struct drv_dom *drv_dom_add(struct drv *d, uint32_t id, const struct drv_ops *ops)
{
	struct drv_dom *m = calloc(1, sizeof(*m));

	if (m && 2 * (d->n_dom + 1) > d->cap_dom) {
		struct drv_dom **old = d->dom;
		size_t n = d->cap_dom, cap = n ? 2 * n : 64;

		struct drv_dom **tab = calloc(cap, sizeof(*tab));
		if (!tab) {
			free(m);
			m = NULL;
		} else {
			d->dom = tab;
			d->cap_dom = cap;
			for (size_t i = 0; i < n; i++)
				if (old[i])
					d->dom[dom_slot(d, old[i]->id)] = old[i];
			free(old);
		}
	}
	if (!m) {
		drv_fail(d, ERR_MACHINE, "out of memory");
		return NULL;
	}
	m->id = id;
	m->ops = ops;
	m->page_lg2 = 12;
	m->vm = d->at_vm;
	d->dom[dom_slot(d, id)] = m;
	d->n_dom++;
	return m;
}

static struct drv_att **bucket(const struct drv *d, unsigned unit, uint32_t rid, uint32_t pasid)
{
	uint64_t key = ((uint64_t)rid << 32 | pasid) + ((uint64_t)unit << 56);

	key = (key ^ key >> 29) * UINT64_C(0x9e3779b97f4a7c15);
	return &d->att[(key ^ key >> 32) & (d->cap_att - 1)];
}

/* In @m, or in any domain if it is NULL. */
static struct drv_att *find(const struct drv *d, const struct drv_dom *m, unsigned unit, uint32_t rid, uint32_t pasid)
{
	struct drv_att *a = d->cap_att ? *bucket(d, unit, rid, pasid) : NULL;

	while (a && !(a->rid == rid && a->pasid == pasid && a->unit == unit && (!m || a->dom == m)))
		a = a->hnext;
	return a;
}

struct drv_att *drv_att_find(const struct drv *d, const struct drv_dom *m, unsigned unit, uint32_t rid, uint32_t pasid)
{
	return find(d, m, unit, rid, pasid);
}

struct drv_dom *drv_attached_to(const struct drv *d, unsigned unit, uint32_t rid, uint32_t pasid)
{
	struct drv_att *a = find(d, NULL, unit, rid, pasid);

	return a ? a->dom : NULL;
}

static void att_link(struct drv *d, struct drv_att *a)
{
	struct drv_att **b = bucket(d, a->unit, a->rid, a->pasid);

	a->hnext = *b;
	*b = a;
}

static bool att_room(struct drv *d)
{
	struct drv_att **old = d->att, *next;
	size_t n = d->cap_att;

	if (d->n_att < n)
		return true;
	d->att = calloc(n ? 2 * n : 64, sizeof(struct drv_att *));
	if (!d->att) {
		d->att = old;
		return false;
	}
	d->cap_att = n ? 2 * n : 64;
	for (size_t i = 0; i < n; i++)
		for (struct drv_att *a = old[i]; a; a = next) {
			next = a->hnext;
			att_link(d, a);
		}
	free(old);
	return true;
}

bool drv_att_add(struct drv *d, struct drv_dom *m, unsigned unit, uint32_t rid, uint32_t pasid)
{
	struct drv_att *a = att_room(d) ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return drv_fail(d, ERR_MACHINE, "out of memory");
	*a = (struct drv_att){ .dom = m, .rid = rid, .pasid = pasid, .unit = (uint8_t)unit, .viommu = d->at_viommu };
	att_link(d, a);
	d->n_att++;
	a->pprev = m->n_att++ ? m->att_tail : &m->att;
	*a->pprev = a;
	m->att_tail = &a->next;
	return true;
}

void drv_att_del(struct drv *d, struct drv_dom *m, unsigned unit, uint32_t rid, uint32_t pasid)
{
	struct drv_att *a = find(d, m, unit, rid, pasid), **b = bucket(d, unit, rid, pasid);

	while (*b != a)
		b = &(*b)->hnext;
	*b = a->hnext;
	d->n_att--;
	*a->pprev = a->next;
	if (a->next)
		a->next->pprev = a->pprev;
	else
		m->att_tail = a->pprev;
	m->n_att--;
	free(a);
}
