/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload.c - see workload.h. Each step of a workload (a packet, a part of a command, one random DMA) puts records into a queue from which wl_next() takes.
 * Kinds are in workload_mem.c, workload_nic.c and workload_disk.c. Not modelled: time, segmentation, jumbo frames.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "software/workload_int.h"

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

static bool mix_start(struct wl *w)
{
	return wl_actors(w, 2, false) && wl_nvme_init(w, &w->a[0]) && wl_nic_init(w, &w->a[1]);
}

static void mix_step(struct wl *w)
{
	if (rng_below(&w->rng, 2))
		wl_nvme_part(w, &w->a[0]);
	else
		wl_nic_frame(w, &w->a[1]);
}

static const struct wl_kind mix = { "mix", "nvme and nic, as two requesters", mix_start, mix_step };
static const struct wl_kind *const kinds[] = { &wl_uniform, &wl_strided, &wl_zipf, &wl_pcie_bench, &wl_nic, &wl_nvme, &wl_virtio_blk, &mix, &wl_tenants, &wl_gpu };

bool wl_list(size_t i, const char **name, const char **help)
{
	if (i >= ARRAY_LEN(kinds))
		return false;
	*name = kinds[i]->name;
	*help = kinds[i]->help;
	return true;
}

/* Physical bytes of a domain: enough for any workload under @c. */
static uint64_t span_of(const struct wl_cfg *c)
{
	uint64_t pages = c->pages + 17 + c->ring + 256 + wl_nvme_pages(c) + 259 + 64 * 32;

	return pages * LAYERS * PAGE;
}

static bool check(const struct wl_cfg *c, uint64_t span, const struct wl_kind *k, struct err *e)
{
	uint64_t domains = k == &wl_tenants ? c->devices : k == &wl_gpu ? c->pasids : 2;

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
	const struct wl_kind *k = NULL;
	struct wl *w;
	size_t room = QUEUE + 2 * (c->pages + 17) + (size_t)c->devices * (c->ring * 2 + 200);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		names[i] = kinds[i]->name;
		if (!strcmp(name, kinds[i]->name))
			k = kinds[i];
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
