/* SPDX-License-Identifier: Apache-2.0 */
/* lift_int.h - between the loop over the trace (lift.c), requesters and domains (lift_ctx.c) and page tables (lift_pt.c). */
#ifndef IOMMUSIM_LIFT_INT_H
#define IOMMUSIM_LIFT_INT_H
#include "core/mem/mem.h"
#include "import/lift.h"

enum lift_type { LIFT_LEGACY, LIFT_SS, LIFT_FS, LIFT_NESTED, LIFT_PT };
struct lift_dom {
	struct lift_dom *next;
	uint32_t id, did; /* name in the trace; domain id of the hardware */
	uint64_t root;
	uint8_t levels, type; /* type: enum lift_type of the first attach */
	bool fs; /* entries are first-level */
	uint32_t refs;
};
struct lift_att { /* one requester and its domain */
	uint32_t rid, pasid; /* TRC_NO_PASID: requests without */
	uint32_t did;
	uint8_t type, levels;
	bool kept; /* used while comparing */
	uint64_t root;
	struct lift_dom *dom;
};
struct lift_node { /* a page in use as a page table of a domain */
	struct lift_node *next;
	struct lift_dom *dom;
	uint64_t pa, base; /* base: first iova it translates */
	uint8_t level, perm; /* level 1 is the leaf level; perm of the levels above */
};
struct lift_link { struct lift_dom *dom; uint64_t pa, entry, base; uint8_t level, perm; };
/* LIFT_PLACES: a page may be a table in so many places (of one domain or several); bounds the work for tables that contain themselves */
enum { LIFT_HASH = 1 << 14, LIFT_PLACES = 64 };
struct lift {
	struct trc_writer *w;
	struct lift_sum *s;
	struct err *e;
	struct mem *mem;
	uint64_t now, line; /* time and place of the record in work */
	bool begun, failed;
	/* registers */
	uint64_t rtaddr_sw, rtaddr, iqa, iqt;
	uint32_t gsts, iqh;
	/* upper structures: pages whose change asks for a new scan */
	uint64_t *upper;
	size_t n_upper, cap_upper;
	uint64_t filter[64]; /* one bit by page number: most stores are to pages that are surely not upper */
	uint64_t budget; /* words the scan may still read */
	bool dirty;
	struct lift_att *att;
	size_t n_att;
	struct lift_dom *doms;
	uint32_t next_id;
	struct lift_node *hash[LIFT_HASH];
	struct lift_link *link; /* tables linked by stores, not yet looked into */
	size_t n_link, cap_link;
	struct trc_rec run; /* the map or unmap being merged; size 0: none */
};
/* lift.c */
void lift_fail(struct lift *l, int code, const char *what);
void lift_put(struct lift *l, const struct trc_rec *r); /* the merged run goes first */
void lift_leaf(struct lift *l, const struct lift_dom *d, bool map, uint64_t iova, uint64_t pa, uint64_t size, uint8_t perm);
bool lift_grow(struct lift *l, void *arr, size_t n, size_t *cap, size_t elem);
/* lift_ctx.c */
void lift_scan(struct lift *l);
bool lift_is_upper(const struct lift *l, uint64_t pa);
/* lift_pt.c */
void lift_pt_store(struct lift *l, uint64_t pa, uint64_t old, uint64_t val);
void lift_pt_links(struct lift *l); /* look into what was linked */
void lift_pt_add(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base, uint8_t perm);
void lift_pt_remove(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base);
void lift_pt_free(struct lift *l);
#endif
