/* SPDX-License-Identifier: Apache-2.0 */
/* workload_nic.c - network cards: shaped after QEMU's e1000e in a capture (docs/workloads.md), one card or many tenants. */
#include <stdlib.h>
#include "software/workload_int.h"

/* ---- network cards, as QEMU's e1000e in the capture of tests/data/workloads: receive descriptors, then send descriptors ---- */

static uint64_t ring_pages(const struct wl *w)
{
	return ((uint64_t)w->c->ring * 16 + PAGE - 1) / PAGE;
}

bool wl_nic_init(struct wl *w, struct wl_actor *a)
{
	uint64_t d = ring_pages(w), base = IOVA + 2 * d * PAGE;
	uint32_t n = w->c->ring;

	a->at = calloc(n, sizeof(*a->at));
	if (!a->at || !wl_pool_init(&a->buf, base, n + 32, 1) || !wl_pool_init(&a->tx, base + (n + 32ull) * PAGE, 64, 1))
		return false;
	wl_fixed(w, a, 2 * d);
	for (uint32_t i = 0; i < n; i++)
		a->at[i] = wl_take(w, a, &a->buf);
	return true;
}

/* Descriptor, a short frame, status in the descriptor. */
static void nic_send(struct wl *w, struct wl_actor *a)
{
	uint64_t desc = IOVA + ring_pages(w) * PAGE + a->t % w->c->ring * 16;
	bool each = w->c->policy == 0 || a->t < 32;
	uint32_t r = each ? wl_take(w, a, &a->tx) : a->tx.free[a->t % 32 + 32];

	wl_dma(w, a, 'r', desc, 16, 0);
	wl_dma(w, a, 'r', wl_range(&a->tx, r), 66, a->tx.layer[r]);
	wl_dma(w, a, 'w', desc + 12, 4, 0);
	if (w->c->policy == 0)
		wl_give(w, a, &a->tx, r);
	a->t++;
}

/* A frame in three parts (the borders are those of the capture) to a page of its own, which is replaced by another; the descriptor, then its status. */
void wl_nic_frame(struct wl *w, struct wl_actor *a)
{
	uint64_t slot = a->i % w->c->ring, desc = IOVA + slot * 16, at;
	uint32_t r = a->at[slot];
	unsigned layer = a->buf.layer[r];

	at = wl_range(&a->buf, r) + slot % 2 * 2048;
	wl_dma(w, a, 'r', desc, 16, 0);
	wl_dma(w, a, 'w', at, 14, layer);
	wl_dma(w, a, 'w', at + 14, 20, layer);
	wl_dma(w, a, 'w', at + 34, (uint32_t)w->c->frame - 34, layer);
	wl_dma(w, a, 'w', desc, 16, 0);
	wl_dma(w, a, 'w', desc + 8, 4, 0);
	if (w->c->policy == 0) {
		a->at[slot] = wl_take(w, a, &a->buf);
		wl_give(w, a, &a->buf, r);
	}
	a->i++;
	if (a->i % w->c->send == 0)
		nic_send(w, a);
}

static bool nic_start(struct wl *w)
{
	return wl_one(w) && wl_nic_init(w, w->a);
}

static void nic_step(struct wl *w)
{
	wl_nic_frame(w, w->a);
}

static bool tenants_start(struct wl *w)
{
	if (!wl_actors(w, w->c->devices, false))
		return false;
	for (size_t i = 0; i < w->n_a; i++)
		if (!wl_nic_init(w, &w->a[i]))
			return false;
	return true;
}

/* Bursts of 1 to 8 frames. */
static void tenants_step(struct wl *w)
{
	struct wl_actor *a = &w->a[rng_below(&w->rng, w->n_a)];

	for (uint64_t n = 1 + rng_below(&w->rng, 8); n; n--)
		wl_nic_frame(w, a);
}

const struct wl_kind wl_nic = { "nic", "network card: rings with status in the descriptor, a page for each frame; shaped after a captured one", nic_start, nic_step };
const struct wl_kind wl_tenants = { "tenants", "many network cards with equal I/O addresses, in bursts", tenants_start, tenants_step };
