/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hyp_space.c - who is who: ranges of a guest's map, domains, devices and their place, and the requester and PASID that a unit sees for a guest's.
 * Devices get their place in the order in which the trace attaches them: in turn to each guest; of a guest's devices the first
 * software.direct have no virtual IOMMU, the others go to its virtual IOMMUs in turn.
 * Interfaces: requester software.if_first + i of the trace is interface i of the function software.if_rid. Its requests carry PASID
 * if_pasid + i * if_slice + (the guest's PASID, 0 for none) as long as that PASID is below if_slice; a higher one (a shared PASID, as ENQCMD
 * has) is passed on as it is, and is then the same for all interfaces.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "software/hyp_int.h"

bool hyp_fail(struct hyp *h, int code, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	if (h->failed)
		return false;
	h->failed = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(&h->err, code, "hypervisor: %s", text);
}

bool hyp_grow(struct hyp *h, void *vec, size_t n, size_t *cap, size_t elem)
{
	void *old, *p;
	size_t want = *cap ? 2 * *cap : 32;

	if (n < *cap)
		return true;
	memcpy(&old, vec, sizeof(old));
	p = realloc(old, want * elem);
	if (!p)
		return hyp_fail(h, ERR_MACHINE, "out of memory");
	memcpy(vec, &p, sizeof(p));
	*cap = want;
	return true;
}

/* The first range that ends behind @iova. */
static size_t first_behind(const struct hyp_ranges *t, uint64_t iova)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (t->r[mid].iova + (t->r[mid].size - 1) < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool insert(struct hyp_ranges *t, size_t i, const struct hyp_range *r)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct hyp_range *p = realloc(t->r, cap * sizeof(*p));

		if (!p)
			return false;
		t->r = p;
		t->cap = cap;
	}
	memmove(t->r + i + 1, t->r + i, (t->n - i) * sizeof(*t->r));
	t->r[i] = *r;
	t->n++;
	return true;
}

bool hyp_ranges_add(struct hyp_ranges *t, const struct hyp_range *r)
{
	return insert(t, first_behind(t, r->iova), r);
}

bool hyp_ranges_cut(struct hyp_ranges *t, uint64_t iova, uint64_t size)
{
	uint64_t last = iova + (size - 1);
	size_t i = first_behind(t, iova);

	while (i < t->n && t->r[i].iova <= last) {
		struct hyp_range r = t->r[i], tail = r;
		uint64_t r_last = r.iova + (r.size - 1);

		memmove(t->r + i, t->r + i + 1, (t->n - i - 1) * sizeof(*t->r));
		t->n--;
		if (r.iova < iova) {
			r.size = iova - r.iova;
			if (!insert(t, i++, &r))
				return false;
		}
		if (r_last > last) {
			tail.size = r_last - last;
			tail.pa += last + 1 - tail.iova;
			tail.iova = last + 1;
			if (!insert(t, i++, &tail))
				return false;
		}
	}
	return true;
}

const struct hyp_range *hyp_ranges_at(const struct hyp_ranges *t, uint64_t iova)
{
	size_t i = first_behind(t, iova);

	return i < t->n && t->r[i].iova <= iova ? &t->r[i] : NULL;
}

struct hyp_dom *hyp_dom(struct hyp *h, uint32_t id)
{
	size_t lo = 0, hi = h->n_dom;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (h->dom[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < h->n_dom && h->dom[lo].id == id)
		return &h->dom[lo];
	if (!hyp_grow(h, &h->dom, h->n_dom, &h->cap_dom, sizeof(*h->dom)))
		return NULL;
	memmove(h->dom + lo + 1, h->dom + lo, (h->n_dom - lo) * sizeof(*h->dom));
	h->dom[lo] = (struct hyp_dom){ .id = id };
	h->n_dom++;
	return &h->dom[lo];
}

static size_t dev_slot(const struct hyp *h, unsigned unit, uint32_t rid)
{
	size_t i = (((uint64_t)unit << 32 | rid) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & h->dev_mask;

	while (h->dev_at[i] && !(h->dev[h->dev_at[i] - 1].unit == unit && h->dev[h->dev_at[i] - 1].rid == rid))
		i = (i + 1) & h->dev_mask;
	return i;
}

/* Room for one more in the hash, of which half stays free. */
static bool dev_room(struct hyp *h)
{
	size_t size = h->dev_at ? 2 * (h->dev_mask + 1) : 64;
	uint32_t *at;

	if (h->dev_at && 2 * (h->n_dev + 1) <= h->dev_mask + 1)
		return true;
	at = calloc(size, sizeof(*at));
	if (!at)
		return hyp_fail(h, ERR_MACHINE, "out of memory");
	free(h->dev_at);
	h->dev_at = at;
	h->dev_mask = size - 1;
	for (size_t i = 0; i < h->n_dev; i++)
		at[dev_slot(h, h->dev[i].unit, h->dev[i].rid)] = (uint32_t)i + 1;
	return true;
}

struct hyp_dev *hyp_dev(struct hyp *h, unsigned unit, uint32_t rid)
{
	uint32_t k;
	size_t at = h->dev_at ? dev_slot(h, unit, rid) : 0;

	if (h->dev_at && h->dev_at[at])
		return &h->dev[h->dev_at[at] - 1];
	if (!hyp_grow(h, &h->dev, h->n_dev, &h->cap_dev, sizeof(*h->dev)) || !dev_room(h))
		return NULL;
	k = (uint32_t)h->n_dev / h->c->guests;
	h->dev[h->n_dev] = (struct hyp_dev){ .rid = rid, .unit = (uint8_t)unit, .guest = (uint8_t)(h->n_dev % h->c->guests) };
	h->dev[h->n_dev].direct = k < h->c->direct;
	if (k >= h->c->direct)
		h->dev[h->n_dev].viommu = (uint8_t)((k - h->c->direct) % h->c->viommus);
	h->dev_at[dev_slot(h, unit, rid)] = (uint32_t)h->n_dev + 1;
	return &h->dev[h->n_dev++];
}

static size_t slot(const struct hyp *h, unsigned unit, uint32_t rid, uint32_t pasid)
{
	uint64_t key = (uint64_t)unit << 52 ^ (uint64_t)rid << 24 ^ pasid;
	size_t i = (key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (h->cap_space - 1);

	while (h->space[i].used && !(h->space[i].unit == unit && h->space[i].rid == rid && h->space[i].pasid == pasid))
		i = (i + 1) & (h->cap_space - 1);
	return i;
}

struct hyp_space *hyp_space_find(const struct hyp *h, unsigned unit, uint32_t rid, uint32_t pasid)
{
	struct hyp_space *s = h->cap_space ? &h->space[slot(h, unit, rid, pasid)] : NULL;

	return s && s->used ? s : NULL;
}

static bool more_spaces(struct hyp *h)
{
	struct hyp_space *old = h->space;
	size_t n = h->cap_space;

	if (2 * (h->n_space + 1) <= n)
		return true;
	h->cap_space = n ? 2 * n : 64;
	h->space = calloc(h->cap_space, sizeof(*h->space));
	if (!h->space) {
		h->space = old;
		h->cap_space = n;
		return hyp_fail(h, ERR_MACHINE, "out of memory");
	}
	for (size_t i = 0; i < n; i++)
		if (old[i].used)
			h->space[slot(h, old[i].unit, old[i].rid, old[i].pasid)] = old[i];
	free(old);
	return true;
}

struct hyp_space *hyp_space_add(struct hyp *h, unsigned unit, uint32_t rid, uint32_t pasid)
{
	const struct hyp_cfg *c = h->c;
	struct hyp_space *s = hyp_space_find(h, unit, rid, pasid);
	uint32_t own = pasid == TRC_NO_PASID ? 0 : pasid;

	if (s)
		return s;
	if (!more_spaces(h))
		return NULL;
	s = &h->space[slot(h, unit, rid, pasid)];
	*s = (struct hyp_space){ .rid = rid, .pasid = pasid, .hrid = rid, .hpasid = pasid, .unit = (uint8_t)unit, .used = true };
	if (rid - c->if_first < c->if_count) {
		s->hrid = c->if_rid;
		s->hpasid = own < c->if_slice ? c->if_pasid + (rid - c->if_first) * c->if_slice + own : own;
	}
	h->n_space++;
	return s;
}

unsigned hyp_space_sharers(const struct hyp *h, unsigned unit, uint32_t hrid, uint32_t hpasid)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->cap_space; i++) {
		const struct hyp_space *s = &h->space[i];

		n += s->used && s->attached && s->unit == unit && s->hrid == hrid && s->hpasid == hpasid;
	}
	return n;
}
