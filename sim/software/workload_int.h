/* SPDX-License-Identifier: Apache-2.0 */
/* workload_int.h - private to workload*.c: a workload being made, and what its kinds build on. */
#ifndef IOMMUSIM_WORKLOAD_INT_H
#define IOMMUSIM_WORKLOAD_INT_H
#include "core/base/rng.h"
#include "core/iommu.h"
#include "software/workload.h"

#define IOVA UINT64_C(0x80000000)
enum { PAGE = 4096, QUEUE = 1 << 16, LAYERS = 4 /* physical pages of one I/O page, taken in turn */ };
#define FIRST_PA UINT64_C(0x100000000)
#define LAST_PA UINT64_C(0x4000000000) /* the driver model's own memory begins there (software.base) */
struct wl_pool { /* ranges of I/O addresses, given back last in, first out */
	uint64_t base;
	uint32_t pages, n_free;
	uint32_t *free;
	uint8_t *layer; /* of each range: which physical pages it has now */
};
struct wl_command { /* of NVMe */
	uint32_t range, pages, queue;
	bool live, has;
};
struct wl_actor { /* one requester, or one PASID */
	uint32_t rid, pasid, dom;
	struct wl_pool buf, tx;
	uint32_t *at; /* ring: range of each page of buffers */
	struct wl_command *cmd;
	uint64_t i, t; /* packets or commands so far; sent */
	uint64_t tile, left; /* gpu */
};
struct wl {
	const struct wl_cfg *c;
	const struct wl_kind *kind;
	struct rng rng;
	struct trc_rec *q;
	size_t head, n;
	uint64_t n_dma, line, turn, span;
	struct wl_actor *a;
	size_t n_a;
	double *cdf; /* zipf */
};
struct wl_kind {
	const char *name, *help;
	bool (*start)(struct wl *w);
	void (*step)(struct wl *w);
};

extern const struct wl_kind wl_uniform, wl_strided, wl_zipf, wl_pcie_bench, wl_gpu, wl_nic, wl_tenants, wl_nvme, wl_virtio_blk;
/* workload_pool.c: records. */
void wl_dma(struct wl *w, const struct wl_actor *a, char dir, uint64_t iova, uint32_t len, unsigned layer);
void wl_map(struct wl *w, const struct wl_actor *a, enum trc_kind kind, uint64_t iova, uint64_t pages, unsigned layer);
bool wl_actors(struct wl *w, size_t n, bool pasids);
bool wl_one(struct wl *w);
void wl_fixed(struct wl *w, const struct wl_actor *a, uint64_t pages);
/* I/O addresses; take and give put records. */
bool wl_pool_init(struct wl_pool *p, uint64_t base, uint32_t ranges, uint32_t pages);
uint64_t wl_range(const struct wl_pool *p, uint32_t r);
uint32_t wl_take_some(struct wl *w, const struct wl_actor *a, struct wl_pool *p, uint64_t pages);
uint32_t wl_take(struct wl *w, const struct wl_actor *a, struct wl_pool *p);
void wl_give_some(struct wl *w, const struct wl_actor *a, struct wl_pool *p, uint32_t r, uint64_t pages);
void wl_give(struct wl *w, const struct wl_actor *a, struct wl_pool *p, uint32_t r);
/* What a mix is made of: one card, one disk. */
bool wl_nic_init(struct wl *w, struct wl_actor *a);
void wl_nic_frame(struct wl *w, struct wl_actor *a);
bool wl_nvme_init(struct wl *w, struct wl_actor *a);
void wl_nvme_part(struct wl *w, struct wl_actor *a);
uint64_t wl_nvme_pages(const struct wl_cfg *c); /* at most */
#endif
