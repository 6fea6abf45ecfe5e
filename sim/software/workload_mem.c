/* SPDX-License-Identifier: Apache-2.0 */
/* workload_mem.c - workloads without a protocol: random references, and a GPU that reads tiles. */
#include <math.h>
#include <stdlib.h>
#include "software/workload_int.h"

static bool window_start(struct wl *w)
{
	if (!wl_one(w))
		return false;
	wl_fixed(w, w->a, w->c->pages);
	return true;
}

static bool zipf_start(struct wl *w)
{
	double sum = 0;

	w->cdf = calloc(w->c->pages, sizeof(*w->cdf));
	if (!w->cdf || !window_start(w))
		return false;
	for (uint64_t i = 0; i < w->c->pages; i++)
		w->cdf[i] = sum += pow((double)i + 1, -0.01 * (double)w->c->skew);
	return true;
}

/* Into page @page, at a multiple of the size. */
static void reference(struct wl *w, uint64_t page)
{
	uint64_t room = PAGE / w->c->len;
	char dir = rng_below(&w->rng, 100) < w->c->write_percent ? 'w' : 'r';

	wl_dma(w, w->a, dir, IOVA + page * PAGE + rng_below(&w->rng, room) * w->c->len, (uint32_t)w->c->len, 0);
}

static void uniform_step(struct wl *w)
{
	reference(w, rng_below(&w->rng, w->c->pages));
}

static void strided_step(struct wl *w)
{
	reference(w, w->turn++ * w->c->stride % w->c->pages);
}

static void zipf_step(struct wl *w)
{
	uint64_t lo = 0, hi = w->c->pages - 1;
	double x = (double)(rng_next(&w->rng) >> 11) / 9007199254740992.0 * w->cdf[hi];

	while (lo < hi) {
		uint64_t mid = (lo + hi) / 2;

		if (w->cdf[mid] > x)
			hi = mid;
		else
			lo = mid + 1;
	}
	reference(w, lo);
}

/* ---- GPU: processes with a page of pointers each, tiles of 64 KiB read in order ---- */

static bool gpu_start(struct wl *w)
{
	if (!wl_actors(w, w->c->pasids, true))
		return false;
	return true;
}

static void gpu_step(struct wl *w)
{
	struct wl_actor *a = &w->a[rng_below(&w->rng, 2) ? 0 : rng_below(&w->rng, w->n_a)]; /* half of the work is the first one's */
	uint64_t tiles = (w->c->pages + 15) / 16;

	if (!a->i++)
		wl_fixed(w, a, tiles * 16 + 1);
	if (!a->left) {
		a->tile = rng_below(&w->rng, tiles);
		a->left = 256;
		wl_dma(w, a, 'r', IOVA + tiles * 65536 + rng_below(&w->rng, 512) * 8, 8, 0);
	}
	for (unsigned k = 0; k < 8; k++, a->left--) /* 2 KiB, then perhaps another process */
		wl_dma(w, a, 'r', IOVA + a->tile * 65536 + (256 - a->left) * 256, 256, 0);
}

const struct wl_kind wl_uniform = { "uniform", "random pages of a window, one size", window_start, uniform_step };
const struct wl_kind wl_strided = { "strided", "pages at a fixed distance, in turn", window_start, strided_step };
const struct wl_kind wl_zipf = { "zipf", "random pages, the k-th as often as k to the minus skew", zipf_start, zipf_step };
const struct wl_kind wl_pcie_bench = { "pcie-bench", "as uniform: random multiples of the size in a window (latency and bandwidth benchmarks)", window_start, uniform_step };
const struct wl_kind wl_gpu = { "gpu", "processes (PASIDs) of one device, tiles read in order", gpu_start, gpu_step };
