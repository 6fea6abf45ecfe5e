/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_int.h - private to the drivers: the output queue, the pool of table pages with its shadow, domains and attachments.
 * The functions that emit or allocate never report failure: they note the first error in struct drv, and drv_next() returns it.
 */
#ifndef IOMMUSIM_DRV_INT_H
#define IOMMUSIM_DRV_INT_H
#include "software/drv.h"

enum { DRV_UNITS = 256, DRV_MAP_CHUNK = 512 };
struct drv_att { /* one device, or one PASID of it, attached to a domain */
	struct drv_att *next; /* of the domain, in the order of attaching */
	uint32_t rid, pasid; /* TRC_NO_PASID: requests without PASID */
	uint8_t unit;
};
struct drv_did { /* the domain's id on one unit */
	struct drv_did *next;
	uint32_t refs;
	uint16_t did;
	uint8_t unit;
};
struct drv_range {
	uint64_t first, last; /* inclusive */
};
struct drv_dom {
	uint32_t id;
	uint8_t mode; /* DRV_MODE_*, never AUTO */
	uint8_t levels;
	bool first_stage; /* table format */
	bool large[3]; /* leaf sizes allowed: 4K, 2M, 1G */
	unsigned ia_bits; /* of the IOVA */
	uint64_t root; /* spa of the top table; 0: none (pass-through) */
	struct drv_att *att;
	struct drv_did *did;
	struct drv_range *lazy; /* unmapped, not flushed: cfg->lazy_len of them */
	uint32_t n_lazy;
	sim_time lazy_since;
	uint64_t *gone; /* table pages taken out, to be freed after the flush */
	size_t n_gone, cap_gone;
};
struct vtdd; /* one VT-d unit, drv_vtd.h */
struct drv {
	const struct drv_cfg *cfg;
	struct plat *p;
	plat_source_fn *src;
	void *arg;
	/* records on their way out */
	struct trc_rec *out;
	size_t head, n_out, cap_out;
	struct trc_rec cur; /* the record being worked on: its line, time and unit go into what comes out */
	bool mapping; /* cur is a map, done up to here: */
	uint64_t map_iova, map_pa, map_left;
	uint32_t map_perm;
	bool failed;
	struct err err;
	/* table pages: page i is at cfg->base + 4096 * i */
	uint64_t **page;
	size_t n_page, cap_page;
	uint64_t *free;
	size_t n_free, cap_free;
	struct drv_dom **dom; /* hash by id, linear probing */
	size_t n_dom, cap_dom;
	bool lazy_waiting; /* some domain has unflushed ranges; the first is due at: */
	sim_time lazy_due;
	struct vtdd *unit[DRV_UNITS];
	uint64_t s2_root; /* nesting: the one virtual machine's stage 2 */
	uint8_t s2_levels, s2_page;
};
/** drv_fail() - the first error wins; the text gets the trace line in front. Returns: false. */
bool drv_fail(struct drv *d, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
void drv_emit(struct drv *d, const struct trc_rec *r);
void drv_mmio(struct drv *d, unsigned unit, uint32_t off, unsigned bytes, uint64_t v);
/** drv_store() - one 64-bit word into a pool page: shadow and record. */
void drv_store(struct drv *d, uint64_t pa, uint64_t v);
void drv_store32(struct drv *d, uint64_t pa, uint32_t v);
uint64_t drv_peek(const struct drv *d, uint64_t pa);
/** drv_alloc() - @n zeroed pages in a row; one recycled page comes with the stores that clear it. 0 on failure. */
uint64_t drv_alloc(struct drv *d, size_t n);
void drv_free(struct drv *d, uint64_t pa);
/** drv_gone() - @pa is out of the tables of @m; drv_gone_free() after the flush that makes its reuse safe. */
void drv_gone(struct drv *d, struct drv_dom *m, uint64_t pa);
void drv_gone_free(struct drv *d, struct drv_dom *m);
/** drv_grow() - make room for one more in a vector. Returns: false and fails the driver when out of memory. */
bool drv_grow(struct drv *d, void *vec, size_t n, size_t *cap, size_t elem);
struct drv_dom *drv_dom_find(const struct drv *d, uint32_t id);
struct drv_dom *drv_dom_add(struct drv *d, uint32_t id);
#endif
