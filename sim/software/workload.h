/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload.h - named synthetic workloads for `trace gen --workload NAME`: what devices of a kind do to their rings and buffers, as software-level records
 * (attach, map, dma with its expected address, unmap), from one seed.
 * Models: order and addresses of DMAs, buffers that stay mapped or are mapped for each use, I/O addresses that are given back last in, first out, with
 * the new one taken before the old one is returned. Physical pages change with each mapping.
 * Does not model: times (records carry none), interrupts, descriptors' contents, descriptors read several at a time.
 */
#ifndef IOMMUSIM_WORKLOAD_H
#define IOMMUSIM_WORKLOAD_H
#include "core/cfg/cfg.h"
#include "core/trace/trc.h"

struct wl_cfg {
	uint64_t count; /* dma records */
	uint64_t pages; /* working set of uniform, strided, zipf, gpu */
	uint64_t stride; /* pages, strided */
	uint64_t skew; /* zipf: 100 times the exponent */
	uint64_t len; /* bytes of a DMA of uniform, strided, zipf, pcie-bench */
	uint64_t frame; /* bytes of a received frame, nic */
	uint64_t io; /* bytes of an NVMe command; 0: shares of sizes */
	uint32_t ring, send, depth, doorbells, list, devices, pasids, rid, policy, write_percent;
};
extern const struct cfg_opt wl_opts[];
struct wl;
/** wl_create() - @c is borrowed and must outlive it. An unknown @name: error with the nearest one. */
struct wl *wl_create(const char *name, const struct wl_cfg *c, uint64_t seed, struct err *e) MUST_USE;
/** wl_next() - a plat_source_fn; @wl is the struct wl. */
int wl_next(void *wl, struct trc_rec *r, struct err *e) MUST_USE;
void wl_destroy(struct wl *w);
/** wl_list() - name and meaning of workload @i. Returns: false behind the last. */
bool wl_list(size_t i, const char **name, const char **help);
#endif
