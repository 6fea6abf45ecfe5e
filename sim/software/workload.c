/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload.c - see workload.h. Each step of a workload (a packet, a part of a command, one random DMA) puts records into a queue from which wl_next() takes.
 * Sizes of entries: NVMe base specification (64-byte submission, 16-byte completion entries, 4-byte doorbells in memory), virtio 1.x split rings with
 * indirect tables, 16-byte descriptors of network cards. Order of accesses and shares of sizes of nvme, nic, virtio-blk: read off captures of QEMU's devices
 * under Linux (docs/workloads.md). Not modelled: time, segmentation, jumbo frames.
 */
#include "software/workload.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/iommu.h"

#define O(k, t, m, def, min, max, unit, help, ch) { k, t, offsetof(struct wl_cfg, m), def, min, max, unit, help, ch }
const struct cfg_opt wl_opts[] = {
	O("count", CFG_U64, count, 100000, 0, 0, "DMAs", "DMA operations, at least; the step that reaches it is finished.", 0),
	O("pages", CFG_U64, pages, 4096, 1, 1u << 22, "pages", "Working set of uniform, strided, zipf, pcie-bench and (each PASID of) gpu.", 0),
	O("stride", CFG_U64, stride, 16, 1, 1u << 22, "pages", "Distance of strided.", 0),
	O("skew", CFG_U64, skew, 99, 0, 500, "1/100", "Exponent of zipf, times 100; 0 is uniform.", 0),
	O("size", CFG_SIZE, len, 64, 1, 4096, "bytes", "Bytes of a DMA of uniform, strided, zipf, pcie-bench.", 0),
	O("write_percent", CFG_U32, write_percent, 50, 0, 100, "percent", "Share of writes of uniform, strided, zipf, pcie-bench; of write commands of nvme.", 0),
	O("frame", CFG_SIZE, frame, 1448, 64, 2048, "bytes", "Bytes of a received frame.", 0),
	O("send", CFG_U32, send, 1, 1, 65536, "frames", "Frames received for each one sent, of a network card.", 0),
	O("ring", CFG_U32, ring, 256, 8, 65536, "descriptors", "Ring of a network card; a multiple of 8.", 0),
	O("io", CFG_SIZE, io, 0, 0, 1u << 20, "bytes", "Bytes of an NVMe command; 0: sizes by the shares of the capture.", 0),
	O("depth", CFG_U32, depth, 2, 1, 1024, "commands", "NVMe commands in flight.", 0),
	O("doorbells", CFG_ENUM, doorbells, 0, 0, 1, "", "NVMe: in memory (read by the controller), or registers only.", "shadow|registers"),
	O("list", CFG_ENUM, list, 0, 0, 1, "", "Pages of an NVMe command of more than two: named in the command, or in a list in memory.", "sgl|prp"),
	O("devices", CFG_U32, devices, 8, 1, 4096, "requesters", "Tenants, one network card and domain each, with equal I/O addresses.", 0),
	O("pasids", CFG_U32, pasids, 8, 1, 4096, "PASIDs", "Processes of gpu.", 0),
	O("rid", CFG_U32, rid, 0x0100, 0, 0xffff, "rid", "First requester; the others follow.", 0),
	O("policy", CFG_ENUM, policy, 0, 0, 1, "", "Buffers of nic, nvme, mix, tenants: mapped for each use, or once. virtio-blk always maps for each use.", "each|static"),
	{ 0 }
};

enum { PAGE = 4096, IOVA = 0x80000000u, QUEUE = 1 << 16, LAYERS = 4 /* physical pages of one I/O page, taken in turn */ };
#define FIRST_PA UINT64_C(0x100000000)
#define LAST_PA UINT64_C(0x4000000000) /* the driver model's own memory begins there (software.base) */
struct pool { /* ranges of I/O addresses, given back last in, first out */
	uint64_t base;
	uint32_t pages, n_free;
	uint32_t *free;
	uint8_t *layer; /* of each range: which physical pages it has now */
};
struct command { /* of NVMe */
	uint32_t range, pages, queue;
	bool live, has;
};
struct actor { /* one requester, or one PASID */
	uint32_t rid, pasid, dom;
	struct pool buf, tx;
	uint32_t *at; /* ring: range of each page of buffers */
	struct command *cmd;
	uint64_t i, t; /* packets or commands so far; sent */
	uint64_t tile, left; /* gpu */
};
struct wl {
	const struct wl_cfg *c;
	const struct kind *kind;
	struct rng rng;
	struct trc_rec *q;
	size_t head, n;
	uint64_t n_dma, line, turn, span;
	struct actor *a;
	size_t n_a;
	double *cdf; /* zipf */
};
struct kind {
	const char *name, *help;
	bool (*start)(struct wl *w);
	void (*step)(struct wl *w);
};

static struct trc_rec *put(struct wl *w)
{
	struct trc_rec *r = &w->q[w->n++];

	*r = (struct trc_rec){ .at = TRC_NO_TIME, .line = ++w->line };
	return r;
}

/* Physical pages: a span for each domain, LAYERS pages for each I/O page. */
static uint64_t pa_of(const struct wl *w, const struct actor *a, uint64_t iova, unsigned layer)
{
	return FIRST_PA + (a->dom - 1) * w->span + ((iova - IOVA) / PAGE * LAYERS + layer) * PAGE + iova % PAGE;
}

static void dma(struct wl *w, const struct actor *a, char dir, uint64_t iova, uint32_t len, unsigned layer)
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

static void map(struct wl *w, const struct actor *a, enum trc_kind kind, uint64_t iova, uint64_t pages, unsigned layer)
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

static bool actors(struct wl *w, size_t n, bool pasids)
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
static void fixed(struct wl *w, const struct actor *a, uint64_t pages)
{
	map(w, a, TRC_MAP, IOVA, pages, 0);
}

static bool pool_init(struct pool *p, uint64_t base, uint32_t ranges, uint32_t pages)
{
	*p = (struct pool){ .base = base, .pages = pages, .n_free = ranges, .free = calloc(ranges, sizeof(*p->free)), .layer = calloc(ranges, 1) };
	for (uint32_t i = 0; p->free && i < ranges; i++)
		p->free[i] = ranges - 1 - i;
	return p->free && p->layer;
}

static uint64_t range(const struct pool *p, uint32_t r)
{
	return p->base + (uint64_t)r * p->pages * PAGE;
}

static uint32_t take_some(struct wl *w, const struct actor *a, struct pool *p, uint64_t pages)
{
	uint32_t r = p->free[--p->n_free];

	p->layer[r] = (uint8_t)((p->layer[r] + 1) % LAYERS);
	map(w, a, TRC_MAP, range(p, r), pages, p->layer[r]);
	return r;
}

static uint32_t take(struct wl *w, const struct actor *a, struct pool *p)
{
	return take_some(w, a, p, p->pages);
}

static void give_some(struct wl *w, const struct actor *a, struct pool *p, uint32_t r, uint64_t pages)
{
	map(w, a, TRC_UNMAP, range(p, r), pages, 0);
	p->free[p->n_free++] = r;
}

static void give(struct wl *w, const struct actor *a, struct pool *p, uint32_t r)
{
	give_some(w, a, p, r, p->pages);
}

/* ---- random references ---- */

static bool one(struct wl *w)
{
	return actors(w, 1, false);
}

static bool window_start(struct wl *w)
{
	if (!one(w))
		return false;
	fixed(w, w->a, w->c->pages);
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

	dma(w, w->a, dir, IOVA + page * PAGE + rng_below(&w->rng, room) * w->c->len, (uint32_t)w->c->len, 0);
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

/* ---- network cards, as QEMU's e1000e in the capture of tests/data/workloads: receive descriptors, then send descriptors ---- */

static uint64_t ring_pages(const struct wl *w)
{
	return ((uint64_t)w->c->ring * 16 + PAGE - 1) / PAGE;
}

static bool nic_init(struct wl *w, struct actor *a)
{
	uint64_t d = ring_pages(w), base = IOVA + 2 * d * PAGE;
	uint32_t n = w->c->ring;

	a->at = calloc(n, sizeof(*a->at));
	if (!a->at || !pool_init(&a->buf, base, n + 32, 1) || !pool_init(&a->tx, base + (n + 32ull) * PAGE, 64, 1))
		return false;
	fixed(w, a, 2 * d);
	for (uint32_t i = 0; i < n; i++)
		a->at[i] = take(w, a, &a->buf);
	return true;
}

/* Descriptor, a short frame, status in the descriptor. */
static void nic_send(struct wl *w, struct actor *a)
{
	uint64_t desc = IOVA + ring_pages(w) * PAGE + a->t % w->c->ring * 16;
	bool each = w->c->policy == 0 || a->t < 32;
	uint32_t r = each ? take(w, a, &a->tx) : a->tx.free[a->t % 32 + 32];

	dma(w, a, 'r', desc, 16, 0);
	dma(w, a, 'r', range(&a->tx, r), 66, a->tx.layer[r]);
	dma(w, a, 'w', desc + 12, 4, 0);
	if (w->c->policy == 0)
		give(w, a, &a->tx, r);
	a->t++;
}

/* A frame in three parts (the borders are those of the capture) to a page of its own, which is replaced by another; the descriptor, then its status. */
static void nic_frame(struct wl *w, struct actor *a)
{
	uint64_t slot = a->i % w->c->ring, desc = IOVA + slot * 16, at;
	uint32_t r = a->at[slot];
	unsigned layer = a->buf.layer[r];

	at = range(&a->buf, r) + slot % 2 * 2048;
	dma(w, a, 'r', desc, 16, 0);
	dma(w, a, 'w', at, 14, layer);
	dma(w, a, 'w', at + 14, 20, layer);
	dma(w, a, 'w', at + 34, (uint32_t)w->c->frame - 34, layer);
	dma(w, a, 'w', desc, 16, 0);
	dma(w, a, 'w', desc + 8, 4, 0);
	if (w->c->policy == 0) {
		a->at[slot] = take(w, a, &a->buf);
		give(w, a, &a->buf, r);
	}
	a->i++;
	if (a->i % w->c->send == 0)
		nic_send(w, a);
}

static bool nic_start(struct wl *w)
{
	return one(w) && nic_init(w, w->a);
}

static void nic_step(struct wl *w)
{
	nic_frame(w, w->a);
}

static bool tenants_start(struct wl *w)
{
	if (!actors(w, w->c->devices, false))
		return false;
	for (size_t i = 0; i < w->n_a; i++)
		if (!nic_init(w, &w->a[i]))
			return false;
	return true;
}

/* Bursts of 1 to 8 frames. */
static void tenants_step(struct wl *w)
{
	struct actor *a = &w->a[rng_below(&w->rng, w->n_a)];

	for (uint64_t n = 1 + rng_below(&w->rng, 8); n; n--)
		nic_frame(w, a);
}

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

static bool nvme_init(struct wl *w, struct actor *a)
{
	uint32_t n = w->c->depth;

	a->cmd = calloc(n, sizeof(*a->cmd));
	if (!a->cmd || !pool_init(&a->buf, IOVA + (NVME_FIXED + (uint64_t)n) * PAGE, n, nvme_most(w->c)))
		return false;
	fixed(w, a, NVME_FIXED + (uint64_t)n);
	return true;
}

static void doorbell(struct wl *w, const struct actor *a, char dir, unsigned at)
{
	if (w->c->doorbells == 0)
		dma(w, a, dir, IOVA + (dir == 'r' ? NVME_DB : NVME_EVENT) * PAGE + at, 4, 0);
}

/* The tail, the command, its list (an SGL descriptor in the command needs none, as I/O addresses are contiguous), its data, the tail again. */
static void nvme_submit(struct wl *w, struct actor *a, struct command *c)
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
		c->range = take_some(w, a, &a->buf, w->c->policy == 0 ? c->pages : a->buf.pages);
	c->has = true;
	at = range(&a->buf, c->range);
	doorbell(w, a, 'r', 8 + 8 * c->queue);
	dma(w, a, 'r', IOVA + (NVME_SQ + c->queue) * PAGE + a->i++ % 64 * 64, 64, 0);
	if (w->c->list && c->pages > 2)
		dma(w, a, 'r', IOVA + (NVME_FIXED + (uint64_t)(c - a->cmd)) * PAGE, 8 * (c->pages - 1), 0);
	for (uint32_t i = 0; i < c->pages; i++)
		for (uint32_t n = i ? times : 1; n; n--)
			dma(w, a, dir, at + i * (uint64_t)PAGE, PAGE, a->buf.layer[c->range]);
	doorbell(w, a, 'w', 8 + 8 * c->queue);
	doorbell(w, a, 'r', 8 + 8 * c->queue);
}

/* A command is submitted with its data, or one is completed: a place among `depth` is drawn. */
static void nvme_part(struct wl *w, struct actor *a)
{
	struct command *c = &a->cmd[rng_below(&w->rng, w->c->depth)];

	if (!c->live) {
		nvme_submit(w, a, c);
		return;
	}
	doorbell(w, a, 'w', 12 + 8 * c->queue);
	doorbell(w, a, 'r', 12 + 8 * c->queue);
	dma(w, a, 'w', IOVA + (NVME_CQ + c->queue) * PAGE + a->t++ % 64 * 16, 16, 0);
	c->live = false;
	if (w->c->policy == 0)
		give_some(w, a, &a->buf, c->range, c->pages);
}

static bool nvme_start(struct wl *w)
{
	return one(w) && nvme_init(w, w->a);
}

static void nvme_step(struct wl *w)
{
	nvme_part(w, w->a);
}

static bool mix_start(struct wl *w)
{
	return actors(w, 2, false) && nvme_init(w, &w->a[0]) && nic_init(w, &w->a[1]);
}

static void mix_step(struct wl *w)
{
	if (rng_below(&w->rng, 2))
		nvme_part(w, &w->a[0]);
	else
		nic_frame(w, &w->a[1]);
}

/* ---- virtio-blk, as a Linux guest of the capture in traces/ drives it: page 0 descriptors, page 1 both rings ---- */

/* Pages of data of a request: shares of the data mappings in that capture, rounded. */
static const struct { uint8_t pages, percent; } virtio_data[] = { { 1, 26 }, { 2, 48 }, { 4, 3 }, { 9, 16 }, { 32, 7 } };

static bool virtio_start(struct wl *w)
{
	struct actor *a;

	if (!one(w))
		return false;
	a = w->a;
	fixed(w, a, 2);
	return pool_init(&a->tx, IOVA + 2 * PAGE, 256, 1) && pool_init(&a->buf, IOVA + 258 * PAGE, 64, 32);
}

/* One request: header, table of descriptors, status, data; each is mapped for it. The ranges are given back as a later one is taken. */
static void virtio_step(struct wl *w)
{
	struct actor *a = w->a;
	uint64_t slot = a->i++ % 256, dice = rng_below(&w->rng, 100), n = 0, part[3], at;
	uint32_t r[3], k = 0, data;
	bool write = rng_below(&w->rng, 2);

	while (dice >= virtio_data[k].percent)
		dice -= virtio_data[k++].percent;
	n = virtio_data[k].pages;
	for (unsigned i = 0; i < 3; i++) {
		r[i] = take(w, a, &a->tx);
		part[i] = range(&a->tx, r[i]);
	}
	data = take_some(w, a, &a->buf, n);
	at = range(&a->buf, data);
	dma(w, a, 'r', IOVA + PAGE + 2, 2, 0);
	dma(w, a, 'r', IOVA + PAGE + 4 + slot * 2, 2, 0);
	dma(w, a, 'r', IOVA + slot * 16, 16, 0);
	dma(w, a, 'r', part[1], 16, a->tx.layer[r[1]]);
	dma(w, a, 'r', part[0], 16, a->tx.layer[r[0]]);
	dma(w, a, 'r', part[1] + 16, 16, a->tx.layer[r[1]]);
	for (uint64_t i = 0; i < n; i++)
		dma(w, a, write ? 'r' : 'w', at + i * PAGE, PAGE, a->buf.layer[data]);
	dma(w, a, 'r', part[1] + 32, 16, a->tx.layer[r[1]]);
	dma(w, a, 'w', part[2], 1, a->tx.layer[r[2]]);
	for (unsigned i = 0; i < 2; i++) /* is there another request? is an interrupt wanted? */
		dma(w, a, 'r', IOVA + PAGE + (i ? 516 : 2), 2, 0);
	dma(w, a, 'w', IOVA + PAGE + 2052 + slot % 128 * 8, 8, 0);
	dma(w, a, 'w', IOVA + PAGE + 2050, 2, 0);
	dma(w, a, 'r', IOVA + PAGE + 516, 2, 0);
	give_some(w, a, &a->buf, data, n);
	for (unsigned i = 0; i < 3; i++)
		give(w, a, &a->tx, r[i]);
}

/* ---- GPU: processes with a page of pointers each, tiles of 64 KiB read in order ---- */

static bool gpu_start(struct wl *w)
{
	if (!actors(w, w->c->pasids, true))
		return false;
	return true;
}

static void gpu_step(struct wl *w)
{
	struct actor *a = &w->a[rng_below(&w->rng, 2) ? 0 : rng_below(&w->rng, w->n_a)]; /* half of the work is the first one's */
	uint64_t tiles = (w->c->pages + 15) / 16;

	if (!a->i++)
		fixed(w, a, tiles * 16 + 1);
	if (!a->left) {
		a->tile = rng_below(&w->rng, tiles);
		a->left = 256;
		dma(w, a, 'r', IOVA + tiles * 65536 + rng_below(&w->rng, 512) * 8, 8, 0);
	}
	for (unsigned k = 0; k < 8; k++, a->left--) /* 2 KiB, then perhaps another process */
		dma(w, a, 'r', IOVA + a->tile * 65536 + (256 - a->left) * 256, 256, 0);
}

static const struct kind kinds[] = {
	{ "uniform", "random pages of a window, one size", window_start, uniform_step },
	{ "strided", "pages at a fixed distance, in turn", window_start, strided_step },
	{ "zipf", "random pages, the k-th as often as k to the minus skew", zipf_start, zipf_step },
	{ "pcie-bench", "as uniform: random multiples of the size in a window (latency and bandwidth benchmarks)", window_start, uniform_step },
	{ "nic", "network card: rings with status in the descriptor, a page for each frame; shaped after a captured one", nic_start, nic_step },
	{ "nvme", "NVMe: shadow doorbells, two queue pairs, data page by page; shaped after a captured one", nvme_start, nvme_step },
	{ "virtio-blk", "virtio block device with indirect descriptors; shaped after a captured one", virtio_start, virtio_step },
	{ "mix", "nvme and nic, as two requesters", mix_start, mix_step },
	{ "tenants", "many network cards with equal I/O addresses, in bursts", tenants_start, tenants_step },
	{ "gpu", "processes (PASIDs) of one device, tiles read in order", gpu_start, gpu_step },
};

bool wl_list(size_t i, const char **name, const char **help)
{
	if (i >= ARRAY_LEN(kinds))
		return false;
	*name = kinds[i].name;
	*help = kinds[i].help;
	return true;
}

/* Physical bytes of a domain: enough for any workload under @c. */
static uint64_t span_of(const struct wl_cfg *c)
{
	uint64_t pages = c->pages + 17 + c->ring + 256 + NVME_FIXED + (uint64_t)c->depth * (1 + nvme_most(c)) + 259 + 64 * 32;

	return pages * LAYERS * PAGE;
}

static bool check(const struct wl_cfg *c, uint64_t span, const struct kind *k, struct err *e)
{
	uint64_t domains = k->step == tenants_step ? c->devices : k->step == gpu_step ? c->pasids : 2;

	if (domains > (LAST_PA - FIRST_PA) / span)
		return err_set(e, ERR_INPUT, "%" PRIu64 " domains of %" PRIu64 " bytes reach the driver's own memory at 0x%" PRIx64, domains, span, LAST_PA);
	if (c->rid + c->devices > 0x10000)
		return err_set(e, ERR_INPUT, "rid + devices passes requester 0xffff");
	if (c->ring % 8)
		return err_set(e, ERR_INPUT, "ring: %" PRIu32 " is not a multiple of 8", c->ring);
	if (c->io % PAGE)
		return err_set(e, ERR_INPUT, "io: %" PRIu64 " is not a multiple of 4096", c->io);
	return true;
}

struct wl *wl_create(const char *name, const struct wl_cfg *c, uint64_t seed, struct err *e)
{
	const char *names[ARRAY_LEN(kinds)], *near;
	const struct kind *k = NULL;
	struct wl *w;
	size_t room = QUEUE + 2 * (c->pages + 17) + (size_t)c->devices * (c->ring * 2 + 200);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		names[i] = kinds[i].name;
		if (!strcmp(name, kinds[i].name))
			k = &kinds[i];
	}
	near = k ? NULL : err_nearest(name, names, ARRAY_LEN(names));
	if (!k) {
		err_set(e, ERR_INPUT, "--workload %.80s: no such workload%s%s%s", name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
		return NULL;
	}
	if (!check(c, span_of(c), k, e))
		return NULL;
	w = calloc(1, sizeof(*w));
	if (w) {
		w->c = c;
		w->span = span_of(c);
		w->kind = k;
		w->q = malloc(room * sizeof(*w->q));
		rng_seed(&w->rng, seed);
	}
	if (!w || !w->q || !k->start(w)) {
		wl_destroy(w);
		err_set(e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	return w;
}

int wl_next(void *wl, struct trc_rec *r, struct err *e)
{
	struct wl *w = wl;

	(void)e; /* cannot fail */
	if (w->head == w->n) {
		w->head = w->n = 0;
		while (!w->n && w->n_dma < w->c->count)
			w->kind->step(w);
		if (!w->n)
			return 0;
	}
	*r = w->q[w->head++];
	return 1;
}

void wl_destroy(struct wl *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_a; i++) {
		free(w->a[i].buf.free);
		free(w->a[i].buf.layer);
		free(w->a[i].tx.free);
		free(w->a[i].tx.layer);
		free(w->a[i].at);
		free(w->a[i].cmd);
	}
	free(w->a);
	free(w->cdf);
	free(w->q);
	free(w);
}
