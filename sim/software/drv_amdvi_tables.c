/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_amdvi_tables.c - page tables: v1 (host) tables with pages of every power of two, v2 (guest) tables, and the v1 table below a
 * virtual machine.
 * As Linux: tables stay when they become empty; a large page that takes their place frees them, after a flush of the range; part of a
 * large page unmaps all of it; a v1 table begins with 3 levels and gets one more on top when an address needs it; v1 leaves have FC, v2
 * entries have accessed and dirty set in advance. 512 GiB pages are not used (an erratum). A page larger than its level's is in all the
 * entries it covers. Not modelled: splitting a large page. Spec: 48882, "Host Page Tables", "Guest Page Tables".
 */
#include <inttypes.h>
#include "amdvi/amdvi_fields.h"
#include "core/iommu.h"
#include "software/drv_amdvi.h"

enum { NEXT_SIZED = 7, MAX_LG2 = 47, NO_512G = 39 };
struct tables {
	uint64_t root, off; /* off: added to physical addresses in its entries */
	uint8_t levels, vm;
	bool v2, nested;
};

static struct tables tables_of(const struct drv *d, const struct drv_dom *m)
{
	return (struct tables){ m->root, m->mode == DRV_MODE_NESTED ? d->cfg->s2_offset : 0, m->levels, m->vm, amdd_is_v2(m),
				 m->mode == DRV_MODE_NESTED };
}

static unsigned shift(unsigned level)
{
	return 12 + 9 * (level - 1);
}

static unsigned level_of(unsigned lg2)
{
	return (lg2 - 12) / 9 + 1;
}

static uint64_t slot(uint64_t table, uint64_t ia, unsigned level)
{
	return table + 8 * (ia >> shift(level) & 511);
}

static bool is_leaf(const struct tables *t, uint64_t e, unsigned level)
{
	unsigned next = (unsigned)amdvi_get_v1_pte_NextLevel(&e);

	return t->v2 ? level == 1 || amdvi_get_v2_pte_PS(&e) : !next || next == NEXT_SIZED;
}

/* Bits of the page that a leaf at @level maps. */
static unsigned leaf_lg2(const struct tables *t, uint64_t e, unsigned level)
{
	if (t->v2 || amdvi_get_v1_pte_NextLevel(&e) != NEXT_SIZED)
		return shift(level);
	return 13 + (unsigned)__builtin_ctzll(~amdvi_get_v1_pte_ADDR(&e));
}

static uint64_t table_entry(const struct tables *t, uint64_t pa, unsigned next_level)
{
	uint64_t e = 0;

	if (t->v2) {
		amdvi_put_v2_pde_P(&e, 1);
		amdvi_put_v2_pde_RW(&e, 1);
		amdvi_put_v2_pde_US(&e, 1);
		amdvi_put_v2_pde_A(&e, 1);
		amdvi_put_v2_pde_ADDR(&e, (pa + t->off) >> 12);
		return e;
	}
	amdvi_put_v1_pde_PR(&e, 1);
	amdvi_put_v1_pde_NextLevel(&e, next_level);
	amdvi_put_v1_pde_ADDR(&e, pa >> 12);
	amdvi_put_v1_pde_IR(&e, 1);
	amdvi_put_v1_pde_IW(&e, 1);
	return e;
}

static uint64_t leaf_entry(const struct tables *t, uint64_t pa, unsigned lg2, unsigned perm)
{
	uint64_t e = 0;

	if (t->v2) {
		amdvi_put_v2_pte_P(&e, 1);
		amdvi_put_v2_pte_RW(&e, (perm & XL_W) != 0);
		amdvi_put_v2_pte_US(&e, 1);
		amdvi_put_v2_pte_A(&e, 1);
		amdvi_put_v2_pte_D(&e, 1);
		amdvi_put_v2_pte_PS(&e, lg2 > 12);
		amdvi_put_v2_pte_ADDR(&e, (pa + t->off) >> 12);
		return e;
	}
	amdvi_put_v1_pte_PR(&e, 1);
	amdvi_put_v1_pte_FC(&e, 1);
	amdvi_put_v1_pte_IR(&e, (perm & XL_R) != 0);
	amdvi_put_v1_pte_IW(&e, (perm & XL_W) != 0);
	amdvi_put_v1_pte_ADDR(&e, pa >> 12);
	if (lg2 != shift(level_of(lg2))) {
		amdvi_put_v1_pte_NextLevel(&e, NEXT_SIZED);
		e |= low_mask(lg2 - 1) & ~UINT64_C(0xfff);
	}
	return e;
}

static uint64_t next_table(const struct tables *t, uint64_t e)
{
	return (e & bits_mask(51, 12)) - t->off;
}

/* The slot of @ia at @level, or of the leaf above it, tables made on the way. 0: failed. */
static uint64_t descend(struct drv *d, const struct tables *t, uint64_t ia, unsigned level, unsigned *at)
{
	uint64_t table = t->root;

	for (*at = t->levels;; --*at) {
		uint64_t pa = slot(table, ia, *at), e = drv_peek(d, pa);

		if (d->failed)
			return 0;
		if (*at == level || (e & 1 && is_leaf(t, e, *at)))
			return pa;
		if (!(e & 1)) {
			uint64_t next = drv_alloc(d, 1);

			if (next && t->nested)
				amdd_s2_map(d, t->vm, next, 4096);
			e = table_entry(t, next, *at - 1);
			drv_store(d, pa, e);
		}
		table = next_table(t, e);
	}
}

bool amdd_s2_map(struct drv *d, unsigned n, uint64_t spa, uint64_t bytes)
{
	const struct drv_vm *vm = &d->vm[n];
	const struct tables t = { .root = vm->root, .levels = vm->levels };
	unsigned leaf = vm->page + 1u, at;
	uint64_t size = BIT64(shift(leaf)), gpa = (spa + d->cfg->s2_offset) & ~(size - 1), end = spa + d->cfg->s2_offset + bytes;

	if (d->failed || end - 1 > low_mask(vm->bits))
		return drv_fail(d, ERR_INPUT, "guest-physical address 0x%" PRIx64 " does not fit the %u-level host table", end - 1, vm->levels);
	for (; gpa < end && !d->failed; gpa += size) {
		uint64_t pa = descend(d, &t, gpa, leaf, &at);

		if (pa && !(drv_peek(d, pa) & 1))
			drv_store(d, pa, leaf_entry(&t, gpa - d->cfg->s2_offset, shift(leaf), XL_R | XL_W));
	}
	return !d->failed;
}

void amdd_v1_map(struct drv *d, uint64_t root, unsigned levels, uint64_t ia, uint64_t spa, uint64_t bytes, unsigned lg2)
{
	const struct tables t = { .root = root, .levels = (uint8_t)levels };
	const unsigned level = level_of(lg2);
	unsigned at;

	for (uint64_t o = 0; o < bytes && !d->failed; o += BIT64(lg2)) {
		uint64_t pa = descend(d, &t, ia + o, level, &at);

		for (unsigned i = 0; i < 1u << (lg2 - shift(level)) && !d->failed; i++)
			drv_store(d, pa + 8 * i, leaf_entry(&t, spa + o, lg2, XL_R | XL_W));
	}
}

static unsigned host_levels(struct amdd *v, unsigned want, unsigned otherwise, const char *key)
{
	if (!want)
		want = otherwise;
	if (want > v->host_levels)
		drv_fail(v->d, ERR_INPUT, "unit %u has no %u-level host tables (EFR.HATS; software.%s)", v->index, want, key);
	return want;
}

static unsigned reach(unsigned levels)
{
	return levels < 6 ? 12 + 9 * levels : 64;
}

static void shape_vm(struct amdd *v, struct drv_vm *vm)
{
	struct drv *d = v->d;

	if (vm->ops && vm->ops != &drv_amdvi_ops) {
		drv_fail(d, ERR_INPUT, "nesting on units of two architectures is not modelled: a virtual machine has one stage 2");
	} else if (!vm->root) {
		vm->ops = &drv_amdvi_ops;
		vm->levels = (uint8_t)host_levels(v, d->cfg->s2_levels, 4, "s2_levels");
		vm->bits = (uint8_t)reach(vm->levels);
		vm->page = (uint8_t)d->cfg->s2_page;
		vm->root = drv_alloc(d, 1);
	}
}

static void shape_v2(struct amdd *v, struct drv_dom *m)
{
	struct drv *d = v->d;

	m->levels = (uint8_t)(d->cfg->levels ? d->cfg->levels : 4);
	m->ia_bits = reach(m->levels); /* nothing below GCR3 entry 0 is checked for a sign; PASIDs should stay in the lower half */
	if (m->levels < 4 || m->levels > 5 || (m->levels == 5 && !amdvi_get_efr_GATS(&v->efr)))
		drv_fail(d, ERR_INPUT, "unit %u has no %u-level guest tables (EFR.GATS; software.levels)", v->index, m->levels);
	if (m->mode == DRV_MODE_NESTED)
		shape_vm(v, &d->vm[m->vm]);
}

bool amdd_shape(struct amdd *v, struct drv_dom *m)
{
	struct drv *d = v->d;

	if (m->is_vm) {
		shape_vm(v, &d->vm[m->vm]);
		m->levels = d->vm[m->vm].levels;
		m->ia_bits = reach(m->levels);
		m->root = d->vm[m->vm].root;
		return !d->failed;
	}
	if (amdd_is_v2(m)) {
		shape_v2(v, m);
	} else {
		m->levels = (uint8_t)host_levels(v, d->cfg->levels, 3, "levels");
		m->ia_bits = reach(d->cfg->levels ? m->levels : v->host_levels);
	}
	m->large[1] = m->large[2] = d->cfg->superpages;
	m->root = drv_alloc(d, 1);
	if (m->root && m->mode == DRV_MODE_NESTED)
		amdd_s2_map(d, m->vm, m->root, 4096);
	return !d->failed;
}

/* One level more on top (increase_address_space()); every entry of the device table that has the root changes. */
static void grow(struct drv *d, struct drv_dom *m)
{
	struct tables t = tables_of(d, m);
	uint64_t top = drv_alloc(d, 1);

	drv_store(d, top, table_entry(&t, m->root, m->levels));
	m->root = top;
	m->levels++;
	for (const struct drv_att *a = m->att; a && !d->failed; a = a->next) {
		struct amdd *v = amdd_of(d, a->unit);
		struct amdd_dev *dev = amdd_dev(v, a->rid);

		amdd_install(v, dev);
		amdd_cmd_iotlb_all(v, dev, false, 0);
		amdd_wait(v);
	}
}

/* The size of the next leaf of the map in progress. */
static unsigned pick_lg2(const struct drv *d, const struct drv_dom *m, const struct tables *t)
{
	uint64_t both = d->map_iova | d->map_pa | (d->map_pa + t->off);
	unsigned lg2 = both ? (unsigned)__builtin_ctzll(both) : 63, top = shift(t->levels) + 8;

	if (!m->large[1])
		return 12;
	lg2 = lg2 > MAX_LG2 ? MAX_LG2 : lg2;
	while (BIT64(lg2) > d->map_left)
		lg2--;
	if (!t->v2 && d->cfg->amd_sized_pages) {
		lg2 = lg2 > top ? top : lg2;
		return lg2 == NO_512G ? lg2 - 1 : lg2;
	}
	return lg2 >= 30 ? 30 : lg2 >= 21 ? 21 : 12;
}

static bool has_leaf(const struct drv *d, const struct tables *t, uint64_t table, unsigned level)
{
	for (uint64_t at = table; at < table + 4096; at += 8) {
		uint64_t e = drv_peek(d, at);

		if (e & 1 && (is_leaf(t, e, level) || has_leaf(d, t, next_table(t, e), level - 1)))
			return true;
	}
	return false;
}

static void gone_below(struct drv *d, struct drv_dom *m, const struct tables *t, uint64_t table, unsigned level)
{
	for (uint64_t at = table; level > 1 && at < table + 4096; at += 8)
		if (drv_peek(d, at) & 1)
			gone_below(d, m, t, next_table(t, drv_peek(d, at)), level - 1);
	drv_gone(d, m, table);
}

/* @n entries from @pa on become @leaf; empty tables that stand there go. */
static bool put_leaf(struct drv *d, struct drv_dom *m, const struct tables *t, uint64_t pa, unsigned n, unsigned level, uint64_t leaf)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t e = drv_peek(d, pa + 8 * i);

		if (e & 1 && (is_leaf(t, e, level) || has_leaf(d, t, next_table(t, e), level - 1)))
			return drv_fail(d, ERR_INPUT, "iova 0x%" PRIx64 " of domain %" PRIu32 " is already mapped", d->map_iova, m->id);
	}
	for (unsigned i = 0; i < n; i++) {
		uint64_t e = drv_peek(d, pa + 8 * i);

		if (e & 1) {
			drv_store(d, pa + 8 * i, 0);
			gone_below(d, m, t, next_table(t, e), level - 1);
		}
	}
	for (unsigned i = 0; i < n && !d->failed; i++)
		drv_store(d, pa + 8 * i, leaf);
	return !d->failed;
}

bool amdd_map_some(struct drv *d, struct drv_dom *m)
{
	while (!d->failed && d->map_iova + (d->map_left - 1) > low_mask(reach(m->levels)))
		grow(d, m);
	const struct tables t = tables_of(d, m);

	for (unsigned n = 0; n < DRV_MAP_CHUNK && d->map_left && !d->failed; n++) {
		unsigned lg2 = pick_lg2(d, m, &t), level = level_of(lg2), at;
		uint64_t pa = descend(d, &t, d->map_iova, level, &at), size = BIT64(lg2);

		if (d->failed || (t.nested && !amdd_s2_map(d, t.vm, d->map_pa, size)) ||
		    !put_leaf(d, m, &t, pa, at == level ? 1u << (lg2 - shift(level)) : 1, at, leaf_entry(&t, d->map_pa, lg2, d->map_perm)))
			return false;
		d->map_iova += size;
		d->map_pa += size;
		d->map_left -= size;
	}
	return d->map_left && !d->failed;
}

void amdd_unmap(struct drv *d, struct drv_dom *m, struct drv_range *r)
{
	const struct tables t = tables_of(d, m);
	const uint64_t last = r->last < low_mask(reach(m->levels)) ? r->last : low_mask(reach(m->levels));
	uint64_t ia = r->first, end;

	for (; ia <= last && !d->failed; ia = end + 1) {
		unsigned level = t.levels, lg2;
		uint64_t pa = slot(t.root, ia, level), e = drv_peek(d, pa);

		for (; e & 1 && !is_leaf(&t, e, level); e = drv_peek(d, pa))
			pa = slot(next_table(&t, e), ia, --level);
		lg2 = e & 1 ? leaf_lg2(&t, e, level) : shift(level);
		end = ia | low_mask(lg2);
		if (e & 1) {
			ia &= ~low_mask(lg2);
			pa = (pa & ~UINT64_C(0xfff)) | (slot(0, ia, level) & 0xfff);
			for (unsigned i = 0; i < 1u << (lg2 - shift(level)); i++)
				drv_store(d, pa + 8 * i, 0);
			r->first = ia < r->first ? ia : r->first;
			r->last = end > r->last ? end : r->last;
		}
		if (end >= last)
			break;
	}
}
