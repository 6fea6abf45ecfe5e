/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_smmuv3_tables.c - VMSAv8-64 tables of both stages, granules of 4, 16 and 64 KiB, and the stage 2 of virtual machines.
 * As Linux: tables of a stage 2 that would have at most 16 entries at level 0 start at level 1, concatenated; an unmapped range that covers
 * all of a table, where a block could stand instead, takes the table out, flushes at once what may hold it and frees it; leaves are
 * collected and flushed together while they are of one size and touch. Not modelled: contiguous hints, hardware update of flags.
 */
#include <inttypes.h>
#include "core/base/bits.h"
#include "core/iommu.h"
#include "software/drv_smmuv3.h"

enum { TYPE_BLOCK = 1, TYPE_TABLE = 3 /* and page */, MAX_CONCAT_LG2 = 4 };

struct smmud_pt smmud_pt_of(const struct drv *d, const struct drv_dom *m)
{
	return (struct smmud_pt){ .root = m->root, .off = m->mode == DRV_MODE_NESTED ? d->cfg->s2_offset : 0, .page_lg2 = m->page_lg2,
				  .start = (uint8_t)(4 - m->levels), .bits = (uint8_t)m->ia_bits, .s2 = m->mode == DRV_MODE_SS,
				  .vm = m->vm, .nested = m->mode == DRV_MODE_NESTED };
}

struct smmud_pt smmud_pt_vm(const struct drv *d, unsigned n)
{
	const struct drv_vm *vm = &d->vm[n];

	return (struct smmud_pt){ .root = vm->root, .page_lg2 = (uint8_t)(12 + 2 * d->cfg->smmu_granule), .start = (uint8_t)(4 - vm->levels),
				  .bits = vm->bits, .s2 = true };
}

static uint64_t slot(const struct smmud_pt *t, uint64_t table, uint64_t ia, unsigned level)
{
	unsigned lg2 = smmud_lg2(t, level), top = level == t->start ? t->bits : smmud_lg2(t, level - 1);

	return table + 8 * ((ia & low_mask(top)) >> lg2);
}

/* Descriptor bits of an address: with 64 KiB, bits 51:48 are at 15:12. */
static uint64_t put_addr(const struct smmud_pt *t, uint64_t pa)
{
	return t->page_lg2 == 16 ? (pa & bits_mask(47, 16)) | bits_get(pa, 51, 48) << 12 : pa & bits_mask(47, 12);
}

static uint64_t get_addr(const struct smmud_pt *t, uint64_t e)
{
	return t->page_lg2 == 16 ? (e & bits_mask(47, 16)) | bits_get(e, 15, 12) << 48 : e & bits_mask(47, t->page_lg2);
}

static bool is_table(uint64_t e, unsigned level)
{
	return level < 3 && (e & 3) == TYPE_TABLE;
}

static bool has_block(const struct smmud_pt *t, unsigned level)
{
	return level == 3 || level == 2 || (level == 1 && t->page_lg2 == 12);
}

/* Stage 1: AttrIndx 1 (write-back), unprivileged access, nG. Stage 2: MemAttr write-back. Both: inner shareable, AF. */
static uint64_t leaf_entry(const struct smmud_pt *t, uint64_t pa, unsigned level, unsigned perm)
{
	uint64_t e = put_addr(t, pa) | (level == 3 ? TYPE_TABLE : TYPE_BLOCK) | 3 << 8 | 1 << 10;

	if (t->s2)
		e |= 15 << 2 | (perm & XL_R ? 1 << 6 : 0) | (perm & XL_W ? 1 << 7 : 0);
	else
		e |= 1 << 2 | 1 << 6 | (perm & XL_W ? 0 : 1 << 7) | 1 << 11;
	return perm & XL_X ? e : e | UINT64_C(3) << 53;
}

/* A table below the top; under nesting it is mapped in stage 2. */
static uint64_t new_table(struct drv *d, const struct smmud_pt *t)
{
	uint64_t bytes = BIT64(t->page_lg2), pa = drv_alloc_aligned(d, bytes >> 12, bytes);

	if (pa && t->nested)
		smmud_s2_map(d, t->vm, pa, bytes);
	return pa;
}

/* The slot of @ia at @level or of the leaf above it, tables made on the way. 0: failed. */
static uint64_t descend(struct drv *d, const struct smmud_pt *t, uint64_t ia, unsigned level, unsigned *at)
{
	uint64_t table = t->root;

	for (*at = t->start;; ++*at) {
		uint64_t pa = slot(t, table, ia, *at), e = drv_peek(d, pa);

		if ((e & 1 && !is_table(e, *at)) || (*at >= level && !(e & 1)))
			return d->failed ? 0 : pa;
		if (!(e & 1)) {
			uint64_t next = new_table(d, t);

			e = put_addr(t, next + t->off) | TYPE_TABLE;
			drv_store(d, pa, e);
		}
		if (d->failed)
			return 0;
		table = get_addr(t, e) - t->off;
	}
}

bool smmud_s2_map(struct drv *d, unsigned vm, uint64_t spa, uint64_t bytes)
{
	const struct smmud_pt t = smmud_pt_vm(d, vm);
	unsigned leaf = 3u - d->vm[vm].page, at;
	uint64_t gpa = (spa + d->cfg->s2_offset) & ~low_mask(smmud_lg2(&t, leaf)), end = spa + d->cfg->s2_offset + bytes;

	if (end > BIT64(t.bits))
		return drv_fail(d, ERR_INPUT, "guest-physical address 0x%" PRIx64 " does not fit the %u-bit stage 2", end - 1, t.bits);
	for (; gpa < end && !d->failed; gpa += BIT64(smmud_lg2(&t, leaf))) {
		uint64_t pa = descend(d, &t, gpa, leaf, &at);

		if (pa && !(drv_peek(d, pa) & 1))
			drv_store(d, pa, leaf_entry(&t, gpa - d->cfg->s2_offset, leaf, XL_R | XL_W | XL_X));
	}
	return !d->failed;
}

/* Level of the root, bits that fit, and a table for it. */
static uint64_t top_table(struct drv *d, struct smmud_pt *t, unsigned levels)
{
	const unsigned g = t->page_lg2, s = g - 3;
	uint64_t bytes;

	if (levels && g + s * levels < t->bits)
		t->bits = (uint8_t)(g + s * levels);
	t->start = (uint8_t)(3 - (t->bits - 1 - g) / s);
	if (t->s2 && t->start == 0 && t->bits - smmud_lg2(t, 0) <= MAX_CONCAT_LG2)
		t->start = 1;
	bytes = UINT64_C(8) << (t->bits - smmud_lg2(t, t->start));
	if (bytes < 4096)
		bytes = 4096;
	return drv_alloc_aligned(d, bytes >> 12, bytes);
}

static bool shape_vm(struct drv *d, struct drv_vm *vm, unsigned oas)
{
	struct smmud_pt t = { .page_lg2 = (uint8_t)(12 + 2 * d->cfg->smmu_granule), .s2 = true, .bits = (uint8_t)oas };

	if (vm->ops && vm->ops != &drv_smmuv3_ops)
		return drv_fail(d, ERR_INPUT, "nesting on units of two architectures is not modelled: a virtual machine has one stage 2");
	if (vm->root)
		return true;
	if (!has_block(&t, 3 - d->cfg->s2_page))
		return drv_fail(d, ERR_INPUT, "there are no such large pages with granule software.smmu_granule (software.s2_page)");
	vm->ops = &drv_smmuv3_ops;
	vm->page = (uint8_t)d->cfg->s2_page;
	vm->root = top_table(d, &t, d->cfg->s2_levels);
	vm->bits = t.bits;
	vm->levels = (uint8_t)(4 - t.start);
	return !d->failed;
}

bool smmud_shape(struct smmud *v, struct drv_dom *m)
{
	struct drv *d = v->d;
	struct drv_vm *vm = &d->vm[m->vm];
	unsigned g = 12 + 2 * d->cfg->smmu_granule, oas = v->oas > 48 && g != 16 ? 48 : v->oas;
	struct smmud_pt t = { .page_lg2 = (uint8_t)g, .s2 = m->mode == DRV_MODE_SS };

	if (d->cfg->levels >= 5 || d->cfg->s2_levels >= 5)
		return drv_fail(d, ERR_INPUT, "unit %u: tables have at most 4 levels (software.levels, software.s2_levels)", v->index);
	if ((m->mode == DRV_MODE_NESTED || m->is_vm) && !shape_vm(d, vm, oas))
		return false;
	m->page_lg2 = (uint8_t)g;
	m->pa_bits = (uint8_t)oas;
	if (m->is_vm) {
		m->root = vm->root;
		m->ia_bits = vm->bits;
		m->levels = vm->levels;
		return true;
	}
	t.bits = (uint8_t)(t.s2 ? oas : 48);
	m->root = top_table(d, &t, d->cfg->levels);
	m->ia_bits = t.bits;
	m->levels = (uint8_t)(4 - t.start);
	if (m->root && m->mode == DRV_MODE_NESTED)
		smmud_s2_map(d, m->vm, m->root, 8 * BIT64(t.bits - smmud_lg2(&t, t.start)));
	return !d->failed;
}

bool smmud_map_some(struct drv *d, struct drv_dom *m)
{
	const struct smmud_pt t = smmud_pt_of(d, m);

	if (d->map_pa + d->map_left > BIT64(m->pa_bits))
		return drv_fail(d, ERR_INPUT, "physical address 0x%" PRIx64 " does not fit the %u bits of the unit", d->map_pa + d->map_left - 1,
				m->pa_bits);
	for (unsigned n = 0; n < DRV_MAP_CHUNK && d->map_left && !d->failed; n++) {
		uint64_t both = d->map_iova | d->map_pa | (d->map_pa + t.off), pa, size;
		unsigned level = d->cfg->superpages ? t.start > 1 ? t.start : 1 : 3, at;

		while (level < 3 && (!has_block(&t, level) || both & low_mask(smmud_lg2(&t, level)) || d->map_left < BIT64(smmud_lg2(&t, level))))
			level++;
		pa = descend(d, &t, d->map_iova, level, &at);
		if (pa && drv_peek(d, pa) & 1)
			drv_fail(d, ERR_INPUT, "iova 0x%" PRIx64 " of domain %" PRIu32 " is already mapped", d->map_iova, m->id);
		size = BIT64(smmud_lg2(&t, at));
		if (d->failed || (m->mode == DRV_MODE_NESTED && !smmud_s2_map(d, t.vm, d->map_pa, size)))
			return false;
		drv_store(d, pa, leaf_entry(&t, d->map_pa + t.off, at, d->map_perm));
		d->map_iova += size;
		d->map_pa += size;
		d->map_left -= size;
	}
	return d->map_left && !d->failed;
}

struct unmap {
	struct drv *d;
	struct drv_dom *m;
	struct smmud_pt t;
	struct drv_range r, gather; /* asked for, and grown; leaves not yet flushed, all of size 1 << lg2 */
	unsigned lg2; /* 0: none */
	bool lazy;
};

static void gather_end(struct unmap *u)
{
	if (u->lg2)
		smmud_flush(u->d, u->m, u->gather.first, u->gather.last, u->lg2, true);
	u->lg2 = 0;
}

static void gather(struct unmap *u, uint64_t first, unsigned lg2)
{
	uint64_t last = first + low_mask(lg2);

	if (u->lazy)
		return;
	if (u->lg2 && (u->lg2 != lg2 || first != u->gather.last + 1))
		gather_end(u);
	if (!u->lg2)
		u->gather.first = first;
	u->gather.last = last;
	u->lg2 = lg2;
}

static void free_below(struct unmap *u, uint64_t table, unsigned level)
{
	uint64_t bytes = BIT64(u->t.page_lg2);

	for (uint64_t a = table; level < 3 && a < table + bytes; a += 8) {
		uint64_t e = drv_peek(u->d, a);

		if (is_table(e, level))
			free_below(u, get_addr(&u->t, e) - u->t.off, level + 1);
	}
	drv_free(u->d, table, bytes >> 12);
}

/* One entry that the range covers, or a leaf that it meets. */
static void clear(struct unmap *u, uint64_t pa, uint64_t e, uint64_t ia, unsigned level)
{
	unsigned lg2 = smmud_lg2(&u->t, level);

	drv_store(u->d, pa, 0);
	if (is_table(e, level)) {
		smmud_flush(u->d, u->m, ia, ia + low_mask(lg2), u->t.page_lg2, false);
		free_below(u, get_addr(&u->t, e) - u->t.off, level + 1);
	}
	u->r.first = ia < u->r.first ? ia : u->r.first;
	u->r.last = ia + low_mask(lg2) > u->r.last ? ia + low_mask(lg2) : u->r.last;
}

static void unmap_table(struct unmap *u, uint64_t table, unsigned level, uint64_t base)
{
	const unsigned lg2 = smmud_lg2(&u->t, level), top = level == u->t.start ? u->t.bits : smmud_lg2(&u->t, level - 1);
	const struct drv_range r = u->r;
	uint64_t run = 0, n = 0, ia = r.first > base ? r.first & ~low_mask(lg2) : base;

	for (; ia <= r.last && ia - base < BIT64(top); ia += BIT64(lg2)) {
		uint64_t pa = slot(&u->t, table, ia, level), e = drv_peek(u->d, pa);
		bool whole = ia >= r.first && ia + low_mask(lg2) <= r.last && has_block(&u->t, level);

		if (e & 1 && (!is_table(e, level) || whole)) {
			clear(u, pa, e, ia, level);
			run = n++ ? run : ia;
			continue;
		}
		for (; n; n--, run += BIT64(lg2)) /* flushed when all of the run are cleared */
			gather(u, run, lg2);
		if (e & 1)
			unmap_table(u, get_addr(&u->t, e) - u->t.off, level + 1, ia);
	}
	for (; n; n--, run += BIT64(lg2))
		gather(u, run, lg2);
}

void smmud_unmap(struct drv *d, struct drv_dom *m, struct drv_range *r, bool lazy)
{
	struct unmap u = { .d = d, .m = m, .t = smmud_pt_of(d, m), .r = *r, .lazy = lazy };

	unmap_table(&u, m->root, u.t.start, r->first & ~low_mask(u.t.bits));
	gather_end(&u);
	*r = u.r;
}
