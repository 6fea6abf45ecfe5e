/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_inv.c - where an invalidation is matched (document 48882 "Commands"): scopes, offered to the caches they concern
 * and to the walks in progress. Tags never include the device: DomainID, PASID and address decide.
 */
#include "amdvi/amdvi_walk.h"
#include "core/memo.h"

#define K(x) (1u << AMDVI_K_##x)
#define LEAVES (K(HOST) | K(GUEST) | K(NESTED))
#define TABLES (K(PDC_HOST) | K(PDC_GUEST) | K(PDC_NESTED))

/* What INVALIDATE_IOMMU_PAGES names an entry by, per kind. */
static bool tags_create(struct amdvi *v, struct err *e)
{
	static const uint8_t named_by[] = { [AMDVI_K_HOST] = INV_DID, [AMDVI_K_GUEST] = INV_DID | INV_PASID, [AMDVI_K_NESTED] = INV_DID | INV_PASID };
	bool ok = ctag_create(&v->u, &v->cfg->unit.tag, named_by, ARRAY_LEN(named_by), &v->u.ct, e) && ctag_watch(v->u.ct, v->iotlb, e);

	for (unsigned i = 0; ok && i < v->n_l1; i++)
		ok = ctag_watch(v->u.ct, v->l1[i], e);
	return ok;
}

bool amdvi_caches_create(struct amdvi *v, struct err *e)
{
	const struct {
		struct xcache **c;
		const struct xc_cfg *cfg;
		size_t payload;
	} row[] = {
		{ &v->dtc, &v->cfg->dtc, sizeof(struct amdvi_dtc_entry) },
		{ &v->iotlb, &v->cfg->iotlb, sizeof(struct amdvi_leaf) },
		{ &v->gcr3, &v->cfg->gcr3, sizeof(uint64_t) },
		{ &v->pt.nested, &v->cfg->nested, sizeof(struct pt_psc) },
	};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		*row[i].c = xc_create(row[i].cfg, row[i].payload, v->seed + 1 + i, e);
		if (!*row[i].c)
			return false;
	}
	xc_watch(v->dtc, &v->u.memo->gen);
	for (unsigned s = 0; s < 2; s++)
		for (unsigned l = 1; l < PT_LEVELS; l++) {
			v->pt.psc[s][l] = xc_create(&v->cfg->pdc, sizeof(struct pt_psc), v->seed + 16 + s * 8 + l, e);
			if (!v->pt.psc[s][l])
				return false;
		}
	pt_caches_ready(&v->pt);
	v->n_l1 = v->cfg->l1.entries ? v->u.n_in : 0;
	for (unsigned i = 0; i < v->n_l1; i++) {
		v->l1[i] = xc_create(&v->cfg->l1, sizeof(struct amdvi_leaf), v->seed + 64 + i, e);
		if (!v->l1[i])
			return false;
	}
	return tags_create(v, e);
}

void amdvi_caches_destroy(struct amdvi *v)
{
	xc_destroy(v->dtc);
	xc_destroy(v->iotlb);
	xc_destroy(v->gcr3);
	xc_destroy(v->pt.nested);
	for (unsigned s = 0; s < 2; s++)
		for (unsigned l = 1; l < PT_LEVELS; l++)
			xc_destroy(v->pt.psc[s][l]);
	for (unsigned i = 0; i < v->n_l1; i++)
		xc_destroy(v->l1[i]);
}

static void drop_leaves(struct amdvi *v, const struct inv_scope *s)
{
	ctag_drop(v->u.ct, v->iotlb, s);
	for (unsigned i = 0; i < v->n_l1; i++)
		ctag_drop(v->u.ct, v->l1[i], s);
}

static void drop_tables(struct amdvi *v, const struct inv_scope *s)
{
	for (unsigned st = 0; st < 2; st++)
		for (unsigned l = 1; l < PT_LEVELS; l++)
			xc_invalidate(v->pt.psc[st][l], s);
}

void amdvi_inv_devtab(struct amdvi *v, uint32_t devid)
{
	struct inv_scope s = { .by = INV_RID, .kinds = ~UINT32_C(0), .rid = devid, .rid_mask = 0xffff };

	if (v->cfg->ignore_invalidations)
		return;
	xc_invalidate(v->dtc, &s);
	ctag_config(v->u.ct, &s);
	iommu_overtake(&v->u, &s);
}

void amdvi_cmd_range(uint64_t qw1, uint64_t *first, uint64_t *last)
{
	uint64_t a = qw1 & bits_mask(63, 12);
	unsigned n = 12;

	if (!(qw1 & 1)) {
		*first = a;
		*last = a | 0xfff;
		return;
	}
	while (n < 64 && (a >> n & 1))
		n++;
	if (n >= 51) { /* a range of 2^52 and more */
		*first = 0;
		*last = UINT64_MAX;
		return;
	}
	*first = a & ~low_mask(n + 1);
	*last = *first | low_mask(n + 1);
}

static struct inv_scope over(const struct amdvi *v, struct inv_scope s)
{
	if (v->cfg->over >= AMDVI_OVER_DOMAIN)
		s.by &= ~(uint32_t)(INV_RANGE | INV_PASID);
	if (v->cfg->over == AMDVI_OVER_ALL)
		s.by = 0;
	return s;
}

/*
 * GN = 1: guest and nested entries of (DomainID, PASID). GN = 0: host entries of the DomainID, the GPA entries that nested walks cached, and the
 * nested ones whatever their address, because they carry no GPA (option gn0_spares_nested keeps those).
 */
void amdvi_inv_pages(struct amdvi *v, const struct amdvi_pages *p)
{
	uint32_t nested = v->cfg->gn0_spares_nested ? 0 : K(NESTED) | K(PDC_NESTED);
	struct inv_scope s = { .by = INV_DID | INV_RANGE | (p->gn ? INV_PASID : 0u), .kinds = p->gn ? K(GUEST) | K(NESTED) : K(HOST) | K(GPA) | nested,
			       .did = p->domain, .pasid = p->pasid, .first = p->first, .last = p->last };
	struct inv_scope tables, gcr3, walks;

	if (v->cfg->ignore_invalidations)
		return;
	s.range_kinds = p->gn ? s.kinds | TABLES : K(HOST) | K(GPA) | K(PDC_HOST);
	s = over(v, s);
	ctag_scope(v->u.ct, &s);
	drop_leaves(v, &s);
	if (s.kinds & K(GPA))
		xc_invalidate(v->pt.nested, &s);
	tables = s;
	tables.kinds = p->gn ? K(PDC_GUEST) | K(PDC_NESTED) : K(PDC_HOST) | K(GPA) | (nested & TABLES);
	if (p->pde)
		drop_tables(v, &tables);
	gcr3 = s;
	gcr3.kinds = K(GCR3);
	gcr3.by &= ~(uint32_t)INV_RANGE;
	if (p->gn && (p->pde || v->cfg->pde0_drops_gcr3))
		xc_invalidate(v->gcr3, &gcr3);
	walks = s;
	walks.tables_only = true;
	walks.kinds |= K(NESTED); /* in progress they read host tables at many addresses, and fill GPA entries */
	if (!p->gn)
		walks.range_kinds &= ~K(NESTED);
	iommu_overtake(&v->u, &walks);
}

static void drop_translations(struct amdvi *v, const struct inv_scope *s)
{
	xc_invalidate(v->gcr3, s);
	xc_invalidate(v->pt.nested, s);
	drop_leaves(v, s);
	drop_tables(v, s);
	iommu_overtake(&v->u, s);
}

void amdvi_inv_domain(struct amdvi *v, uint16_t did)
{
	struct inv_scope s = { .by = INV_DID, .did = did, .kinds = ~(K(DTC) | K(MAP)) };

	ctag_scope(v->u.ct, &s);
	if (!v->cfg->ignore_invalidations)
		drop_translations(v, &s);
}

void amdvi_inv_all(struct amdvi *v)
{
	struct inv_scope s = { .kinds = ~UINT32_C(0) };

	if (v->cfg->ignore_invalidations)
		return;
	xc_invalidate(v->dtc, &s);
	drop_translations(v, &s);
}
