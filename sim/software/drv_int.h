/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_int.h - private to the drivers: the output queue, the pool of table pages with its shadow, domains and attachments, and what
 * a driver of one architecture offers (struct drv_ops).
 * The functions that emit or allocate never report failure: they note the first error in struct drv, and drv_next() returns it.
 */
#ifndef IOMMUSIM_DRV_INT_H
#define IOMMUSIM_DRV_INT_H
#include "software/drv.h"
#include "software/drv_break.h"

enum { DRV_UNITS = 256, DRV_MAP_CHUNK = 512, DRV_VMS = DRV_MAX_VMS, DRV_VIOMMUS = DRV_MAX_VIOMMUS };
struct drv_unit;
struct drv_att { /* one device, or one PASID of it, attached to a domain */
	struct drv_att *next, **pprev; /* of the domain, in the order of attaching */
	struct drv_att *hnext; /* of its bucket in drv.att */
	struct drv_dom *dom;
	uint32_t rid, pasid; /* TRC_NO_PASID: requests without PASID */
	uint8_t unit, viommu; /* viommu: which of its guest's, under nesting */
};
struct drv_did { /* the domain's id on one unit */
	struct drv_did *next;
	uint32_t refs;
	uint16_t did, asid; /* asid: SMMUv3 stage 1 */
	uint8_t unit, viommu;
};
struct drv_vm { /* a virtual machine: its stage 2, for all its devices */
	const struct drv_ops *ops; /* the architecture it is of; NULL: not made yet */
	uint64_t root;
	uint8_t levels, page, bits;
};
struct drv_range {
	uint64_t first, last; /* inclusive */
};
struct drv_dom {
	uint32_t id;
	uint8_t mode; /* DRV_MODE_*, never AUTO */
	uint8_t vm; /* nested, or is_vm: the virtual machine */
	bool is_vm; /* its tables are the stage 2 of the virtual machine: for a device without virtual IOMMU */
	uint8_t levels; /* SMMUv3: 4 less the level of the root; AMD-Vi v1: may grow */
	bool first_stage; /* VT-d: table format, addresses are sign-extended */
	bool large[3]; /* leaf sizes allowed: 4K, 2M, 1G */
	unsigned ia_bits; /* of the IOVA */
	uint64_t root; /* spa of the top table; 0: none (pass-through) */
	const struct drv_ops *ops; /* the driver it belongs to */
	uint8_t page_lg2; /* smallest page */
	uint8_t pa_bits; /* SMMUv3: of what it maps to */
	uint16_t asid; /* SMMUv3 stage 1; AMD-Vi: DomainID of v1 tables and pass-through */
	struct drv_att *att, **att_tail;
	size_t n_att;
	struct drv_did *did;
	struct drv_range *lazy; /* unmapped, not flushed: cfg->lazy_len of them */
	uint32_t n_lazy;
	sim_time lazy_since;
	struct drv_dom *lazy_next, **lazy_pprev; /* of drv.lazy; lazy_pprev NULL: not in it */
	uint64_t *gone; /* table pages taken out, to be freed after the flush */
	size_t n_gone, cap_gone;
};
/*
 * The driver of one architecture. d->cur is the record being worked on; failures are noted in struct drv.
 * unmap(): clears *r, grown to whole large pages; unless @lazy the invalidations are done when it returns, else flush_all() owes them.
 */
struct drv_ops {
	const char *arch; /* of iommu_ops */
	void (*up)(struct drv *d, unsigned unit); /* bring it up, if it is not */
	struct drv_dom *(*dom)(struct drv *d, unsigned unit, uint32_t id, const char *type); /* found or made; NULL: failed */
	void (*attach)(struct drv *d);
	void (*detach)(struct drv *d);
	void (*ats)(struct drv *d, bool on); /* passes the device record on at the right moment */
	bool (*map_some)(struct drv *d, struct drv_dom *m); /* up to DRV_MAP_CHUNK leaves of the map in progress; false: complete, or failed */
	void (*map_done)(struct drv *d, struct drv_dom *m);
	void (*unmap)(struct drv *d, struct drv_dom *m, struct drv_range *r, bool lazy);
	void (*flush_range)(struct drv *d, struct drv_dom *m, uint64_t first, uint64_t last);
	void (*flush_all)(struct drv *d, struct drv_dom *m);
	void (*cmd)(struct drv_unit *u, const uint64_t w[2]); /* one command, as the driver queues its own */
	void (*sync)(struct drv_unit *u); /* what is queued, and a wait */
	bool (*s2_map)(struct drv *d, unsigned vm, uint64_t spa, uint64_t bytes); /* make gpa = spa + offset valid */
	void (*s2_flush)(struct drv *d, unsigned vm, uint64_t first, uint64_t last); /* what nested translations hold of these guest-physical addresses */
	void (*destroy)(struct drv_unit *u);
};
struct drv_unit { /* first member of the vendor's state of a unit */
	const struct drv_ops *ops;
	bool cm; /* the unit caches what is not present: flushes after mapping, never lazily */
};
extern const struct drv_ops drv_vtd_ops, drv_smmuv3_ops, drv_amdvi_ops;
struct drv_block {
	uint64_t pa;
	size_t n; /* pages */
};
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
	struct drv_block *free;
	size_t n_free, cap_free;
	struct drv_dom **dom; /* hash by id, linear probing */
	size_t n_dom, cap_dom;
	struct drv_att **att; /* buckets of all attachments, by what is attached */
	size_t n_att, cap_att;
	struct drv_dom *lazy, **lazy_tail; /* domains with unflushed ranges, the one that has waited longest first */
	struct drv_unit *unit[DRV_UNITS];
	uint32_t asid, vm_asid[DRV_VMS][DRV_VIOMMUS]; /* the last one given out: SMMUv3 host, and virtual SMMU */
	uint32_t amd_id; /* the last AMD-Vi DomainID given out */
	struct drv_brk brk;
	struct drv_vm vm[DRV_VMS];
	uint8_t at_vm, at_viommu; /* where the attach in progress belongs */
	bool no_devtlb, hw_queues, hw_logs;
};
/** drv_fail() - the first error wins; the text gets the trace line in front. Returns: false. */
bool drv_fail(struct drv *d, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
void drv_emit(struct drv *d, const struct trc_rec *r);
void drv_mmio(struct drv *d, unsigned unit, uint32_t off, unsigned bytes, uint64_t v);
void drv_mmio_on(struct drv *d, unsigned unit, uint32_t off, unsigned bytes, uint64_t v); /* and goes on, whatever the unit does then */
/** drv_store() - one 64-bit word into a pool page: shadow and record. */
void drv_store(struct drv *d, uint64_t pa, uint64_t v);
void drv_store32(struct drv *d, uint64_t pa, uint32_t v);
uint64_t drv_peek(const struct drv *d, uint64_t pa);
bool drv_any_cm(const struct drv *d, const struct drv_dom *m); /* of the units of @m, or the option */
/** drv_alloc() - @n zeroed pages in a row; one recycled page comes with the stores that clear it. 0 on failure. */
uint64_t drv_alloc(struct drv *d, size_t n);
/** drv_alloc_aligned() - the same, aligned to @align bytes (a power of two). */
uint64_t drv_alloc_aligned(struct drv *d, size_t n, uint64_t align);
void drv_free(struct drv *d, uint64_t pa, size_t n);
/** drv_gone() - @pa is out of the tables of @m; drv_gone_free() after the flush that makes its reuse safe. */
void drv_gone(struct drv *d, struct drv_dom *m, uint64_t pa);
void drv_gone_free(struct drv *d, struct drv_dom *m);
/** drv_grow() - make room for one more in a vector. Returns: false and fails the driver when out of memory. */
bool drv_grow(struct drv *d, void *vec, size_t n, size_t *cap, size_t elem);
struct drv_dom *drv_dom_find(const struct drv *d, uint32_t id);
struct drv_dom *drv_dom_add(struct drv *d, uint32_t id, const struct drv_ops *ops);
/** drv_att_find() - the attachment to @m, NULL if there is none; drv_attached_to() - the domain, NULL if there is none. */
struct drv_att *drv_att_find(const struct drv *d, const struct drv_dom *m, unsigned unit, uint32_t rid, uint32_t pasid);
struct drv_dom *drv_attached_to(const struct drv *d, unsigned unit, uint32_t rid, uint32_t pasid);
/** drv_att_add() - append; false: failed. drv_att_del() - remove and free. */
bool drv_att_add(struct drv *d, struct drv_dom *m, unsigned unit, uint32_t rid, uint32_t pasid);
void drv_att_del(struct drv *d, struct drv_dom *m, unsigned unit, uint32_t rid, uint32_t pasid);
#endif
