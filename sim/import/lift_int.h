/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift_int.h - between the loop over the trace (lift.c), requesters and domains (lift_ctx.c), page tables (lift_pt.c) and what one
 * architecture adds (struct lift_arch: lift_vtd.c, lift_smmuv3.c, lift_amdvi.c).
 */
#ifndef IOMMUSIM_LIFT_INT_H
#define IOMMUSIM_LIFT_INT_H
#include "core/mem/mem.h"
#include "import/lift.h"
#include "import/lift_tap.h"

struct lift_scan { struct lift_att *a; size_t n, cap; };
struct lift_node { /* the part of a page table of a domain that is in one 4 KiB page */
	struct lift_node *next;
	struct lift_dom *dom;
	uint64_t pa, base; /* first entry, and the first iova it translates */
	uint16_t n; /* entries */
	uint8_t level, perm; /* level 1 is the leaf level; perm of the levels above */
};
struct lift_link { struct lift_dom *dom; uint64_t table, entry, base; uint8_t level, perm; }; /* table: first entry of the node it is in */
struct lift;
struct lift_arch {
	const char *name;
	const char *mark; /* a captured register that only this architecture has */
	void (*reg)(struct lift *l, uint32_t off, unsigned bytes, uint64_t val, bool state); /* written, or (@state) as captured */
	void (*scan)(struct lift *l, struct lift_scan *s); /* every attachment the tables have now */
	struct lift_ent (*entry)(const struct lift_shape *t, uint64_t e, unsigned level, uint8_t perm);
	uint8_t perm; /* what a mapping has if no level takes it away */
	bool sign; /* first-level addresses are sign-extended */
};
extern const struct lift_arch lift_vtd, lift_smmuv3, lift_amdvi;
/* LIFT_PLACES: a page may be a table in so many places (of one domain or several); bounds the work for tables that contain themselves */
enum { LIFT_HASH = 1 << 14, LIFT_PLACES = 64 };
struct lift {
	const struct lift_arch *arch; /* NULL: not known yet */
	const struct lift_tap *tap; /* NULL: @w gets what is lifted */
	bool whole; /* the leaves in work come or go with the first attach or last detach, not with a store */
	struct trc_writer *w;
	struct lift_sum *s, own;
	struct err *e;
	struct mem *mem;
	uint64_t now, line; /* time and place of the record in work */
	bool begun, failed;
	/* registers */
	struct { uint64_t rtaddr_sw, rtaddr, iqa, iqt; uint32_t gsts, iqh; } vtd;
	struct { uint64_t strtab, strtab_cfg, cmdq, cr0, prod, cons; } smmuv3;
	struct { uint64_t devtab, cmd, control, head, tail; } amdvi;
	/* upper structures: pages whose change asks for a new scan */
	struct lift_upper *upper;
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
void lift_flush(struct lift *l, const struct lift_dom *d, uint64_t iova, uint64_t size); /* size 0: all of the domain */
/** lift_part() - a 64-bit register after a write of @bytes at @off, which may be half of it. */
uint64_t lift_part(uint64_t old, uint32_t off, unsigned bytes, uint64_t val);
void lift_command(struct lift *l, unsigned slot, const uint64_t *w, unsigned n);
/* lift_ctx.c */
void lift_rescan(struct lift *l);
bool lift_is_upper(const struct lift *l, uint64_t pa);
struct lift_upper lift_part_of(uint64_t pa, uint64_t n, unsigned lg2, enum lift_kind kind, uint32_t rid, uint32_t pasid);
uint64_t lift_word(struct lift *l, uint64_t pa); /* during a scan */
void lift_watch(struct lift *l, struct lift_upper u); /* the page of @u.pa is part of the upper structures */
void lift_found(struct lift *l, struct lift_scan *s, struct lift_att a);
void lift_forget(struct lift *l, struct lift_dom *d); /* nothing is attached to it, and its tables have been removed */
/* lift_pt.c */
void lift_pt_store(struct lift *l, uint64_t pa, uint64_t old, uint64_t val);
void lift_pt_links(struct lift *l); /* look into what was linked */
void lift_pt_bury(struct lift *l, uint64_t pa);
void lift_pt_add(struct lift *l, struct lift_dom *d); /* all tables of a domain */
void lift_pt_remove(struct lift *l, struct lift_dom *d);
void lift_pt_free(struct lift *l);
#endif
