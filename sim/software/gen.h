/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gen.h - synthetic software-level trace: attach requesters, map a window each, then DMA into it; everything from one seed.
 * Models: uniform, sequential and strided addresses, write share, map/unmap churn, several requesters (one domain each), PASID;
 * every DMA carries its expected physical address.
 * Does not model: times (records carry none), bursts, mixes of sizes.
 */
#ifndef IOMMUSIM_GEN_H
#define IOMMUSIM_GEN_H
#include "core/cfg/cfg.h"
#include "core/trace/trc.h"

enum { GEN_UNIFORM, GEN_SEQUENTIAL, GEN_STRIDE };
struct gen_cfg {
	uint64_t window; /* bytes of IOVA each requester uses */
	uint64_t iova; /* first address of the window */
	uint64_t count; /* dma records, over all requesters */
	uint64_t len; /* bytes of one DMA */
	uint64_t stride; /* bytes, pattern stride */
	uint64_t pa, pa_span; /* the mapped pages are scattered over [pa, pa + pa_span) */
	uint64_t churn; /* every so many DMAs of a requester one of its pages is unmapped and mapped elsewhere; 0: never */
	uint64_t pasid; /* TRC_NO_PASID: requests without PASID */
	uint32_t devices, rid; /* requesters rid, rid + 1, ... taken in turn */
	uint32_t pattern; /* GEN_* */
	uint32_t write_percent;
	uint32_t page; /* 0 4K, 1 2M, 2 1G */
	char *type; /* attach type; empty: the driver's mode */
};
extern const struct cfg_opt gen_opts[]; /* YAML section gen: */
struct gen;
/** gen_create() - @c is borrowed and must outlive it. Same @c and @seed: same records. */
struct gen *gen_create(const struct gen_cfg *c, uint64_t seed, struct err *e) MUST_USE;
/** gen_next() - a plat_source_fn; @gen is the struct gen. */
int gen_next(void *gen, struct trc_rec *r, struct err *e) MUST_USE;
void gen_destroy(struct gen *g);
#endif
