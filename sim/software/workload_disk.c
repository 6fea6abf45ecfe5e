/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload_disk.c - NVMe and virtio-blk, shaped after captures of QEMU's devices under Linux (docs/workloads.md).
 * Sizes of entries: NVMe base specification (64-byte submission, 16-byte completion entries, 4-byte doorbells in memory); virtio 1.x, split rings with indirect tables.
 */
#include <stdlib.h>
#include "software/workload_int.h"

/* ---- NVMe, as a Linux guest of the capture in tests/data/workloads drives QEMU's controller: pages of shadow doorbells, of their event indices, then of
 * two submission and two completion queues (a page, 64 entries each),
 * then of a PRP list for each place of `depth` ---- */

enum { NVME_DB, NVME_EVENT, NVME_SQ, NVME_CQ = NVME_SQ + 2, NVME_FIXED = NVME_CQ + 2, NVME_MOST = 32 };

/* Pages of data of a command: shares among the commands of that capture, rounded. In the last row each page but the first is used twice in turn. */
static const struct { uint8_t pages, percent, times; } nvme_data[] = {
	{ 1, 25, 1 }, { 2, 27, 1 }, { 4, 2, 1 }, { 8, 3, 1 }, { 9, 23, 1 }, { 16, 8, 1 }, { NVME_MOST, 8, 1 }, { NVME_MOST, 4, 2 },
};

static uint32_t nvme_most(const struct wl_cfg *c)
{
	return c->io ? (uint32_t)(c->io / PAGE) : NVME_MOST;
}

uint64_t wl_nvme_pages(const struct wl_cfg *c)
{
	return NVME_FIXED + (uint64_t)c->depth * (1 + nvme_most(c));
}

bool wl_nvme_init(struct wl *w, struct wl_actor *a)
{
	uint32_t n = w->c->depth;

	a->cmd = calloc(n, sizeof(*a->cmd));
	if (!a->cmd || !wl_pool_init(&a->buf, IOVA + (NVME_FIXED + (uint64_t)n) * PAGE, n, nvme_most(w->c)))
		return false;
	wl_fixed(w, a, NVME_FIXED + (uint64_t)n);
	return true;
}

static void doorbell(struct wl *w, const struct wl_actor *a, char dir, unsigned at)
{
	if (w->c->doorbells == 0)
		wl_dma(w, a, dir, IOVA + (dir == 'r' ? NVME_DB : NVME_EVENT) * PAGE + at, 4, 0);
}

/* The tail, the command, its list (an SGL descriptor in the command needs none, as I/O addresses are contiguous), its data, the tail again. */
static void nvme_submit(struct wl *w, struct wl_actor *a, struct wl_command *c)
{
	uint64_t dice = rng_below(&w->rng, 100), at;
	char dir = rng_below(&w->rng, 100) < w->c->write_percent ? 'r' : 'w';
	uint32_t k = 0, times = 1;

	c->live = true;
	c->pages = nvme_most(w->c);
	c->queue = (uint32_t)rng_below(&w->rng, 2);
	if (!w->c->io) {
		while (dice >= nvme_data[k].percent)
			dice -= nvme_data[k++].percent;
		c->pages = nvme_data[k].pages;
		times = nvme_data[k].times;
	}
	if (w->c->policy == 0 || !c->has)
		c->range = wl_take_some(w, a, &a->buf, w->c->policy == 0 ? c->pages : a->buf.pages);
	c->has = true;
	at = wl_range(&a->buf, c->range);
	doorbell(w, a, 'r', 8 + 8 * c->queue);
	wl_dma(w, a, 'r', IOVA + (NVME_SQ + c->queue) * PAGE + a->i++ % 64 * 64, 64, 0);
	if (w->c->list && c->pages > 2)
		wl_dma(w, a, 'r', IOVA + (NVME_FIXED + (uint64_t)(c - a->cmd)) * PAGE, 8 * (c->pages - 1), 0);
	for (uint32_t i = 0; i < c->pages; i++)
		for (uint32_t n = i ? times : 1; n; n--)
			wl_dma(w, a, dir, at + i * (uint64_t)PAGE, PAGE, a->buf.layer[c->range]);
	doorbell(w, a, 'w', 8 + 8 * c->queue);
	doorbell(w, a, 'r', 8 + 8 * c->queue);
}

/* A command is submitted with its data, or one is completed: a place among `depth` is drawn. */
void wl_nvme_part(struct wl *w, struct wl_actor *a)
{
	struct wl_command *c = &a->cmd[rng_below(&w->rng, w->c->depth)];

	if (!c->live) {
		nvme_submit(w, a, c);
		return;
	}
	doorbell(w, a, 'w', 12 + 8 * c->queue);
	doorbell(w, a, 'r', 12 + 8 * c->queue);
	wl_dma(w, a, 'w', IOVA + (NVME_CQ + c->queue) * PAGE + a->t++ % 64 * 16, 16, 0);
	c->live = false;
	if (w->c->policy == 0)
		wl_give_some(w, a, &a->buf, c->range, c->pages);
}

static bool nvme_start(struct wl *w)
{
	return wl_one(w) && wl_nvme_init(w, w->a);
}

static void nvme_step(struct wl *w)
{
	wl_nvme_part(w, w->a);
}

/* ---- virtio-blk, as a Linux guest of the capture in traces/ drives it: page 0 descriptors, page 1 both rings ---- */

/* Pages of data of a request: shares of the data mappings in that capture, rounded. */
static const struct { uint8_t pages, percent; } virtio_data[] = { { 1, 26 }, { 2, 48 }, { 4, 3 }, { 9, 16 }, { 32, 7 } };

static bool virtio_start(struct wl *w)
{
	struct wl_actor *a;

	if (!wl_one(w))
		return false;
	a = w->a;
	wl_fixed(w, a, 2);
	return wl_pool_init(&a->tx, IOVA + 2 * PAGE, 256, 1) && wl_pool_init(&a->buf, IOVA + 258 * PAGE, 64, 32);
}

/* One request: header, table of descriptors, status, data; each is mapped for it. The ranges are given back as a later one is taken. */
static void virtio_step(struct wl *w)
{
	struct wl_actor *a = w->a;
	uint64_t slot = a->i++ % 256, dice = rng_below(&w->rng, 100), n = 0, part[3], at;
	uint32_t r[3], k = 0, data;
	bool write = rng_below(&w->rng, 2);

	while (dice >= virtio_data[k].percent)
		dice -= virtio_data[k++].percent;
	n = virtio_data[k].pages;
	for (unsigned i = 0; i < 3; i++) {
		r[i] = wl_take(w, a, &a->tx);
		part[i] = wl_range(&a->tx, r[i]);
	}
	data = wl_take_some(w, a, &a->buf, n);
	at = wl_range(&a->buf, data);
	wl_dma(w, a, 'r', IOVA + PAGE + 2, 2, 0);
	wl_dma(w, a, 'r', IOVA + PAGE + 4 + slot * 2, 2, 0);
	wl_dma(w, a, 'r', IOVA + slot * 16, 16, 0);
	wl_dma(w, a, 'r', part[1], 16, a->tx.layer[r[1]]);
	wl_dma(w, a, 'r', part[0], 16, a->tx.layer[r[0]]);
	wl_dma(w, a, 'r', part[1] + 16, 16, a->tx.layer[r[1]]);
	for (uint64_t i = 0; i < n; i++)
		wl_dma(w, a, write ? 'r' : 'w', at + i * PAGE, PAGE, a->buf.layer[data]);
	wl_dma(w, a, 'r', part[1] + 32, 16, a->tx.layer[r[1]]);
	wl_dma(w, a, 'w', part[2], 1, a->tx.layer[r[2]]);
	for (unsigned i = 0; i < 2; i++) /* is there another request? is an interrupt wanted? */
		wl_dma(w, a, 'r', IOVA + PAGE + (i ? 516 : 2), 2, 0);
	wl_dma(w, a, 'w', IOVA + PAGE + 2052 + slot % 128 * 8, 8, 0);
	wl_dma(w, a, 'w', IOVA + PAGE + 2050, 2, 0);
	wl_dma(w, a, 'r', IOVA + PAGE + 516, 2, 0);
	wl_give_some(w, a, &a->buf, data, n);
	for (unsigned i = 0; i < 3; i++)
		wl_give(w, a, &a->tx, r[i]);
}

const struct wl_kind wl_nvme = { "nvme", "NVMe: shadow doorbells, two queue pairs, data page by page; shaped after a captured one", nvme_start, nvme_step };
const struct wl_kind wl_virtio_blk = { "virtio-blk", "virtio block device with indirect descriptors; shaped after a captured one", virtio_start, virtio_step };
