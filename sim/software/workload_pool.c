/* SPDX-License-Identifier: Apache-2.0 */
/* workload_pool.c - what every workload is made of: records in a queue, requesters, I/O addresses taken and given back. */
#include <stdlib.h>
#include <string.h>
#include "software/workload_int.h"

static struct trc_rec *put(struct wl *w)
{
	struct trc_rec *r = &w->q[w->n++];

	*r = (struct trc_rec){ .at = TRC_NO_TIME, .line = ++w->line };
	return r;
}

/* Physical pages: a span for each domain, LAYERS pages for each I/O page. */
static uint64_t pa_of(const struct wl *w, const struct wl_actor *a, uint64_t iova, unsigned layer)
{
	return FIRST_PA + (a->dom - 1) * w->span + ((iova - IOVA) / PAGE * LAYERS + layer) * PAGE + iova % PAGE;
}

void wl_dma(struct wl *w, const struct wl_actor *a, char dir, uint64_t iova, uint32_t len, unsigned layer)
{
	struct trc_rec *r = put(w);

	r->kind = TRC_DMA;
	r->u.dma.iova = iova;
	r->u.dma.expect = TRC_EXP_OK;
	r->u.dma.pa = pa_of(w, a, iova, layer);
	r->u.dma.rid = a->rid;
	r->u.dma.pasid = a->pasid;
	r->u.dma.len = len;
	r->u.dma.dir = (uint8_t)dir;
	w->n_dma++;
}

void wl_map(struct wl *w, const struct wl_actor *a, enum trc_kind kind, uint64_t iova, uint64_t pages, unsigned layer)
{
	for (uint64_t i = 0; i < (kind == TRC_MAP ? pages : 1); i++) { /* physical pages are scattered; one unmap takes all */
		struct trc_rec *r = put(w);

		r->kind = (uint8_t)kind;
		r->u.sw.dom = a->dom;
		r->u.sw.iova = iova + i * PAGE;
		r->u.sw.size = kind == TRC_MAP ? PAGE : pages * PAGE;
		if (kind == TRC_MAP) {
			r->u.sw.pa = pa_of(w, a, r->u.sw.iova, layer);
			r->u.sw.perm = XL_R | XL_W;
		}
	}
}

bool wl_actors(struct wl *w, size_t n, bool pasids)
{
	w->a = calloc(n, sizeof(*w->a));
	if (!w->a)
		return false;
	w->n_a = n;
	for (size_t i = 0; i < n; i++) {
		struct trc_rec *r = put(w);

		w->a[i].rid = w->c->rid + (pasids ? 0 : (uint32_t)i);
		w->a[i].pasid = pasids ? (uint32_t)i + 1 : TRC_NO_PASID;
		w->a[i].dom = (uint32_t)i + 1;
		r->kind = TRC_ATTACH;
		r->u.sw.rid = w->a[i].rid;
		r->u.sw.pasid = w->a[i].pasid;
		r->u.sw.dom = w->a[i].dom;
		if (pasids)
			memcpy(r->u.sw.type, "fs", 3);
	}
	return true;
}

/* Rings and other structures of a requester: the first pages of its addresses, mapped for good. Called once for each, before any pool. */
void wl_fixed(struct wl *w, const struct wl_actor *a, uint64_t pages)
{
	wl_map(w, a, TRC_MAP, IOVA, pages, 0);
}

bool wl_pool_init(struct wl_pool *p, uint64_t base, uint32_t ranges, uint32_t pages)
{
	*p = (struct wl_pool){ .base = base, .pages = pages, .n_free = ranges, .free = calloc(ranges, sizeof(*p->free)), .layer = calloc(ranges, 1) };
	for (uint32_t i = 0; p->free && i < ranges; i++)
		p->free[i] = ranges - 1 - i;
	return p->free && p->layer;
}

uint64_t wl_range(const struct wl_pool *p, uint32_t r)
{
	return p->base + (uint64_t)r * p->pages * PAGE;
}

uint32_t wl_take_some(struct wl *w, const struct wl_actor *a, struct wl_pool *p, uint64_t pages)
{
	uint32_t r = p->free[--p->n_free];

	p->layer[r] = (uint8_t)((p->layer[r] + 1) % LAYERS);
	wl_map(w, a, TRC_MAP, wl_range(p, r), pages, p->layer[r]);
	return r;
}

uint32_t wl_take(struct wl *w, const struct wl_actor *a, struct wl_pool *p)
{
	return wl_take_some(w, a, p, p->pages);
}

void wl_give_some(struct wl *w, const struct wl_actor *a, struct wl_pool *p, uint32_t r, uint64_t pages)
{
	wl_map(w, a, TRC_UNMAP, wl_range(p, r), pages, 0);
	p->free[p->n_free++] = r;
}

void wl_give(struct wl *w, const struct wl_actor *a, struct wl_pool *p, uint32_t r)
{
	wl_give_some(w, a, p, r, p->pages);
}

bool wl_one(struct wl *w)
{
	return wl_actors(w, 1, false);
}
