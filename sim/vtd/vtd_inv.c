/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_inv.c - where an invalidation is matched: one scope, offered to the caches it concerns, and to the walks in progress.
 */
#include "core/memo.h"
#include "vtd/vtd_walk.h"

static const uint32_t all_kinds = ~UINT32_C(0);

static struct xcache *psc_create(struct vtd *v, unsigned n, struct err *e)
{
	return xc_create(&v->cfg->psc, sizeof(struct pt_psc), v->seed + 16 + n, e);
}

/* What commands name an IOTLB entry by, per kind (6.5). */
static const uint8_t named_by[] = { [VTD_K_SS] = INV_DID, [VTD_K_FS] = INV_DID | INV_PASID, [VTD_K_NESTED] = INV_DID | INV_PASID, [VTD_K_PT] = INV_DID };

bool vtd_walk_caches_create(struct vtd *v, struct err *e)
{
	v->cc = xc_create(&v->cfg->ctx, sizeof(struct vtd_cc_entry), v->seed + 1, e);
	v->pc = v->cc ? xc_create(&v->cfg->pasid, sizeof(struct vtd_pc_entry), v->seed + 2, e) : NULL;
	v->iotlb = v->pc ? xc_create(&v->cfg->iotlb, sizeof(struct vtd_iotlb_entry), v->seed + 3, e) : NULL;
	v->psc.nested = v->iotlb ? xc_create(&v->cfg->nested, sizeof(struct pt_psc), v->seed + 4, e) : NULL;
	if (!v->psc.nested)
		return false;
	xc_watch(v->cc, &v->u.memo->gen);
	xc_watch(v->pc, &v->u.memo->gen);
	for (unsigned s = 0; s < 2; s++)
		for (unsigned l = 1; l < 5; l++) {
			v->psc.psc[s][l] = psc_create(v, s * 8 + l, e);
			if (!v->psc.psc[s][l])
				return false;
		}
	pt_caches_ready(&v->psc);
	return ctag_create(&v->u, &v->cfg->unit.tag, named_by, ARRAY_LEN(named_by), &v->u.ct, e) && ctag_watch(v->u.ct, v->iotlb, e);
}

void vtd_walk_caches_destroy(struct vtd *v)
{
	xc_destroy(v->cc);
	xc_destroy(v->pc);
	xc_destroy(v->iotlb);
	xc_destroy(v->psc.nested);
	for (unsigned s = 0; s < 2; s++)
		for (unsigned l = 1; l < 5; l++)
			xc_destroy(v->psc.psc[s][l]);
}

/* Walks in progress carry an IOTLB tag; a context or PASID invalidation reaches them by its identifiers alone. */
static void overtake_any_kind(struct vtd *v, const struct inv_scope *s)
{
	struct inv_scope a = *s;

	a.kinds = all_kinds;
	a.by &= ~(uint32_t)INV_RANGE;
	ctag_config(v->u.ct, &a);
	ctag_scope(v->u.ct, &a);
	iommu_overtake(&v->u, &a);
}

void vtd_inv_cc(struct vtd *v, const struct inv_scope *s)
{
	if (v->cfg->ignore_invalidations)
		return;
	xc_invalidate(v->cc, s);
	overtake_any_kind(v, s);
}

void vtd_inv_pc(struct vtd *v, const struct inv_scope *s)
{
	if (v->cfg->ignore_invalidations)
		return;
	xc_invalidate(v->pc, s);
	overtake_any_kind(v, s);
}

static void inv_psc(struct vtd *v, const struct inv_scope *s)
{
	for (unsigned st = 0; st < 2; st++)
		for (unsigned l = 1; l < 5; l++)
			xc_invalidate(v->psc.psc[st][l], s);
}

void vtd_inv_iotlb(struct vtd *v, const struct inv_scope *named, bool leaf_only)
{
	struct inv_scope s = *named, p;

	if (v->cfg->ignore_invalidations)
		return;
	ctag_scope(v->u.ct, &s);
	p = s;
	ctag_drop(v->u.ct, v->iotlb, &s);
	xc_invalidate(v->psc.nested, &s); /* holds second-stage leaves: IH does not spare it */
	/* IH = 1 spares paging-structure entries, but those of nested walks hold addresses that the second stage translated. */
	if (leaf_only)
		p.kinds &= s.kinds >> VTD_K_SS & 1 ? 1u << VTD_K_PSC_NESTED : 0;
	if (p.kinds)
		inv_psc(v, &p);
	p = s;
	p.tables_only = true;
	iommu_overtake(&v->u, &p);
}

void vtd_drop_all(struct vtd *v)
{
	struct inv_scope s = { .kinds = all_kinds };

	vtd_inv_cc(v, &s);
	vtd_inv_pc(v, &s);
	vtd_inv_iotlb(v, &s, false);
}
