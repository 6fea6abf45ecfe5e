/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_walk.h - private to the walk: its state inside struct xl, and the payloads of the caches.
 * vtd_hit.c: gates, IOTLB, the result; vtd_walk.c: root, context, PASID; vtd_xlate.c: tag, page tables and their fault codes; vtd_inv.c: invalidation.
 */
#ifndef IOMMUSIM_VTD_WALK_H
#define IOMMUSIM_VTD_WALK_H
#include "core/memo.h"
#include "vtd/vtd_int.h"

enum vtd_phase { VTD_PH_ROOT, VTD_PH_CONTEXT, VTD_PH_PASIDDIR, VTD_PH_PASID, VTD_PH_TABLES };
struct vtd_walk {
	uint8_t phase;
	bool fpd; /* OR of FPD in every structure read so far */
	bool dir_fpd; /* FPD of the PASID directory entry */
	bool scalable;
	uint32_t pasid; /* of the request, or RID_PASID */
	uint32_t cc_slot, pc_slot; /* where ctx and pe were found, or XC_MISS */
	const uint64_t *ctx; /* context entry: in the cache, or own_ctx */
	const uint64_t *pe; /* PASID entry, quadwords 0 to 2 */
	uint64_t own_ctx[4], own_pe[3];
	bool priv; /* request privilege after RID_PRIV */
	uint8_t kind; /* enum vtd_kind of the IOTLB entry */
	struct pt_walk pt;
};
_Static_assert(sizeof(struct vtd_walk) <= sizeof(((struct xl *)0)->walk), "struct xl holds the walk");
static inline struct vtd_walk *walk_of(struct xl *x)
{
	return (struct vtd_walk *)(void *)x->walk;
}
/** vtd_keep() - copy the entries out of the caches before time passes. */
void vtd_keep(struct vtd_walk *w);
struct vtd_cc_entry {
	uint64_t w[4];
};
struct vtd_pc_entry {
	uint64_t w[3];
	bool fpd; /* of directory and entry */
};
struct vtd_iotlb_entry {
	uint64_t page; /* output page */
	uint8_t perm, memtype;
	bool snoop, clean;
};
/** vtd_refuse() - fault with specification code @code; FPD and the code's class decide whether it is recorded. */
enum xl_act vtd_refuse(struct xl *x, unsigned code);
/** vtd_pass() - the address goes through unchanged. */
enum xl_act vtd_pass(struct xl *x);
/** vtd_xlate_begin() - context (and PASID entry) known: the tag, then vtd_xlate_tagged(): IOTLB, then page tables. */
enum xl_act vtd_xlate_begin(struct vtd *v, struct xl *x);
enum xl_act vtd_xlate_tagged(struct vtd *v, struct xl *x);
/** vtd_tables_begin() - the IOTLB has nothing that serves: walk for permissions @need. @m: what is remembered of the requester, or NULL. */
enum xl_act vtd_tables_begin(struct vtd *v, struct xl *x, unsigned need, const struct memo_ent *m);
enum xl_act vtd_result(struct vtd *v, struct xl *x, uint64_t spa, const struct vtd_iotlb_entry *e, unsigned size_lg2);
/** vtd_config_begin() - the gates are open: root table, context, PASID entry. */
enum xl_act vtd_config_begin(struct vtd *v, struct xl *x);
/** vtd_xlate_next() - a page-table access is done. */
enum xl_act vtd_xlate_next(struct vtd *v, struct xl *x);
#endif
