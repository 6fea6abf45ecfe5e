/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_cmds.c - which invalidations a write of the queue tail submits: read from the ring in memory, from the tail before to this one.
 * Models: the kind of every invalidation (configuration, translations, device), its address range, and the domain id (VT-d, AMD-Vi).
 * Does not model: other tags (requester, PASID, ASID, VMID: any will do), Leaf/IH/PDE hints, ranges of IPAs (SMMUv3; any will do), the
 * queues of ECMDQ, VCMDQ and of the AMD vIOMMU (the unit's counters tell that something was invalidated; it covers everything).
 * Spec: VT-d, "Invalidation Descriptors"; Arm IHI 0070, chapter 4 "Commands"; AMD 48882, "Commands".
 */
#include "check/oracle_int.h"

#include <string.h>
#include "core/base/bits.h"

static void pages(struct oracle_inv *i, uint64_t addr, unsigned size_lg2)
{
	uint64_t mask = low_mask(size_lg2);

	i->first = addr & ~mask;
	i->last = i->first | mask;
}

/* PCIe and AMD: with S the lowest clear bit of the address from bit 12 on tells the size. */
static void pages_s(struct oracle_inv *i, uint64_t addr, bool s)
{
	unsigned lg2 = 12;

	if (s) {
		while (lg2 < 63 && addr >> lg2 & 1)
			lg2++;
		lg2++;
	}
	pages(i, addr, lg2);
}

static uint8_t vtd_inv(const uint64_t w[2], struct oracle_inv *i)
{
	unsigned type = (unsigned)(bits_get(w[0], 3, 0) | bits_get(w[0], 11, 9) << 4), g = (unsigned)bits_get(w[0], 5, 4);

	switch (type) {
	case 1: /* cc_inv_dsc */
	case 7: /* pc_inv_dsc */
		return ORACLE_CFG;
	case 2: /* iotlb_inv_dsc */
	case 6: /* p_iotlb_inv_dsc */
		i->has_did = g != 1;
		i->did = (uint16_t)bits_get(w[0], 31, 16);
		if (g == 3)
			pages(i, w[1] & ~UINT64_C(0xfff), 12 + (unsigned)bits_get(w[1], 5, 0));
		return ORACLE_TLB;
	case 3: /* dev_tlb_inv_dsc */
	case 8: /* p_dev_tlb_inv_dsc */
		pages_s(i, w[1] & ~UINT64_C(0xfff), type == 3 ? w[1] & 1 : w[1] >> 11 & 1);
		return ORACLE_DEV;
	default:
		return 0;
	}
}

static void smmuv3_range(const uint64_t w[2], struct oracle_inv *i)
{
	unsigned tg = (unsigned)bits_get(w[1], 11, 10), lg2 = 10 + 2 * tg;
	uint64_t n = (bits_get(w[0], 16, 12) + 1) << bits_get(w[0], 24, 20);

	if (!tg) {
		pages(i, w[1] & ~UINT64_C(0xfff), 12);
		return;
	}
	i->first = w[1] & ~UINT64_C(0xfff);
	i->last = i->first + (n << lg2) - 1;
	if (n >= UINT64_C(1) << (64 - lg2) || i->last < i->first)
		i->last = UINT64_MAX;
}

static uint8_t smmuv3_inv(const uint64_t w[2], struct oracle_inv *i)
{
	switch (bits_get(w[0], 7, 0)) {
	case 0x03: case 0x04: case 0x05: case 0x06: case 0x07: /* CFGI_* */
		return ORACLE_CFG;
	case 0x12: case 0x13: case 0x22: case 0x23: /* TLBI_NH_VA, NH_VAA, EL2_VA, EL2_VAA */
		smmuv3_range(w, i);
		return ORACLE_TLB;
	case 0x10: case 0x11: case 0x20: case 0x21: case 0x28: case 0x2a: case 0x30:
		return ORACLE_TLB;
	case 0x40: /* ATC_INV */
		pages(i, w[1] & ~UINT64_C(0xfff), 12 + (unsigned)bits_get(w[1], 5, 0));
		return ORACLE_DEV;
	default:
		return 0;
	}
}

static uint8_t amdvi_inv(const uint64_t w[2], struct oracle_inv *i)
{
	switch (bits_get(w[0], 63, 60)) {
	case 2: /* INVALIDATE_DEVTAB_ENTRY */
		return ORACLE_CFG;
	case 3: /* INVALIDATE_IOMMU_PAGES */
		i->has_did = true;
		i->did = (uint16_t)bits_get(w[0], 47, 32);
		pages_s(i, w[1] & ~UINT64_C(0xfff), w[1] & 1);
		return ORACLE_TLB;
	case 4: /* INVALIDATE_IOTLB_PAGES */
		pages_s(i, w[1] & ~UINT64_C(0xfff), w[1] & 1);
		return ORACLE_DEV;
	case 8: /* INVALIDATE_IOMMU_ALL */
		return ORACLE_CFG | ORACLE_TLB;
	default:
		return 0;
	}
}

static const struct ring {
	const char *arch;
	uint32_t base, tail; /* registers */
	unsigned base_hi, base_lo; /* address bits of the base */
	unsigned size_hi, size_lo, size_add; /* log2 of the size in bytes = field + add */
	unsigned tail_shift; /* bytes = register << shift */
	uint8_t (*inv)(const uint64_t w[2], struct oracle_inv *i);
} rings[] = {
	{ "vtd", 0x90, 0x88, 63, 12, 2, 0, 12, 0, vtd_inv },
	{ "smmuv3", 0x90, 0x98, 51, 5, 4, 0, 4, 4, smmuv3_inv },
	{ "amdvi", 0x08, 0x2008, 51, 12, 59, 56, 4, 0, amdvi_inv },
};

static void take(struct oracle_unit *ou, const struct ring *g, uint64_t pos, uint64_t base, uint64_t cmd)
{
	struct oracle_inv i = { .cmd = cmd, .pos = pos, .last = UINT64_MAX };
	uint64_t w[2];

	if (mem_read(ou->o->mem, base + pos, w, 2) != MEM_OK)
		return;
	i.kinds = g->inv(w, &i);
	if (i.kinds)
		ou->inv_ring[ou->n_inv++ % ORACLE_INVS] = i;
}

static void anything(struct oracle_unit *ou, uint64_t cmd)
{
	ou->inv_ring[ou->n_inv++ % ORACLE_INVS] =
		(struct oracle_inv){ .cmd = cmd, .pos = UINT64_MAX, .last = UINT64_MAX, .kinds = ORACLE_ANY };
}

void ocmd_tail(struct oracle_unit *ou, const struct oracle_cmd *c, uint64_t cmd)
{
	struct iommu *u = ou->u;

	for (size_t k = 0; k < ARRAY_LEN(rings); k++) {
		const struct ring *g = &rings[k];
		uint64_t reg, base, size, at, end;

		if (strcmp(g->arch, u->ops->arch) || c->off != g->tail)
			continue;
		reg = u->ops->mmio_read(u, g->base, 8);
		base = reg & bits_mask(g->base_hi, g->base_lo);
		size = UINT64_C(1) << (bits_get(reg, g->size_hi, g->size_lo) + g->size_add);
		at = (u->ops->mmio_read(u, g->tail, 4) << g->tail_shift) & (size - 1) & ~UINT64_C(15); /* the write has not happened yet */
		end = (c->val << g->tail_shift) & (size - 1) & ~UINT64_C(15);
		for (uint64_t n = 0; at != end && n < size; n += 16, at = (at + 16) & (size - 1))
			take(ou, g, at, base, cmd);
		ou->cmd_decoded = true;
	}
}

void ocmd_over(struct oracle_unit *ou, const struct oracle_cmd *c, uint64_t cmd)
{
	if (!ou->cmd_decoded && c->invs)
		anything(ou, cmd);
}

uint64_t ocmd_first(const struct oracle_unit *ou, uint64_t cmd)
{
	uint64_t lo = ou->n_inv > ORACLE_INVS ? ou->n_inv - ORACLE_INVS : 0, hi = ou->n_inv;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (ou->inv_ring[mid % ORACLE_INVS].cmd >= cmd)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

bool ocmd_covers(const struct oracle_inv *v, const struct oracle_page *p)
{
	return !(v->has_did && p->has_did && v->did != p->did) && v->first <= p->last && p->first <= v->last;
}
