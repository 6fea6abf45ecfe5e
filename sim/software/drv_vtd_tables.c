/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_vtd_tables.c - page tables of both formats: map, unmap, and the stage 2 of virtual machines.
 * As Linux: an unmapped range that covers a whole table takes the table out; part of a large page unmaps all of it. Unlike Linux, a
 * large page is not used where a table of small pages already stands.
 */
#include <inttypes.h>
#include "software/drv_vtd.h"
#include "vtd/vtd_fields.h"

static unsigned lg2_of(unsigned level)
{
	return 12 + 9 * level;
}

static uint64_t slot(uint64_t table, uint64_t ia, unsigned level)
{
	return table + 8 * (ia >> lg2_of(level) & 511);
}

static bool present(bool fs, uint64_t e)
{
	return e & (fs ? 1 : 7);
}

static bool is_leaf(uint64_t e, unsigned level)
{
	return !level || vtd_get_ssleaf_PS(&e); /* PS is bit 7 in both formats */
}

static uint64_t table_entry(bool fs, uint64_t addr)
{
	uint64_t e = 0;

	if (fs) {
		vtd_put_fs_P(&e, 1);
		vtd_put_fs_RW(&e, 1);
		vtd_put_fs_US(&e, 1);
		vtd_put_fs_A(&e, 1);
		vtd_put_fs_ADDR(&e, addr >> 12);
	} else {
		vtd_put_ss_R(&e, 1);
		vtd_put_ss_W(&e, 1);
		vtd_put_ss_X(&e, 1);
		vtd_put_ss_ADDR(&e, addr >> 12);
	}
	return e;
}

static uint64_t leaf_entry(bool fs, uint64_t addr, unsigned level, unsigned perm)
{
	uint64_t e = 0;

	if (fs) { /* A and D are set in advance, as Linux does for DMA domains */
		vtd_put_fsleaf_P(&e, 1);
		vtd_put_fsleaf_RW(&e, (perm & XL_W) != 0);
		vtd_put_fsleaf_US(&e, 1);
		vtd_put_fsleaf_A(&e, 1);
		vtd_put_fsleaf_D(&e, (perm & XL_W) != 0);
		vtd_put_fsleaf_XD(&e, !(perm & XL_X));
		vtd_put_fsleaf_PS(&e, level > 0);
		vtd_put_fsleaf_ADDR(&e, addr >> 12);
	} else {
		vtd_put_ssleaf_R(&e, (perm & XL_R) != 0);
		vtd_put_ssleaf_W(&e, (perm & XL_W) != 0);
		vtd_put_ssleaf_X(&e, (perm & XL_X) != 0);
		vtd_put_ssleaf_PS(&e, level > 0);
		vtd_put_ssleaf_ADDR(&e, addr >> 12);
	}
	return e;
}

static uint64_t next_table(const struct drv *d, const struct drv_dom *m, uint64_t e)
{
	uint64_t a = e & bits_mask(51, 12);

	return m && m->mode == DRV_MODE_NESTED ? a - d->cfg->s2_offset : a;
}

bool vtdd_s2_map(struct drv *d, unsigned n, uint64_t spa, uint64_t bytes)
{
	const struct drv_vm *vm = &d->vm[n];
	unsigned leaf = vm->page, lg2 = lg2_of(leaf), top = lg2_of(vm->levels);
	uint64_t gpa = (spa + d->cfg->s2_offset) & ~low_mask(lg2), end = spa + d->cfg->s2_offset + bytes;

	if (end > UINT64_C(1) << top)
		return drv_fail(d, ERR_INPUT, "guest-physical address 0x%" PRIx64 " does not fit the %u-level stage 2", end - 1, vm->levels);
	for (; gpa < end && !d->failed; gpa += UINT64_C(1) << lg2) {
		uint64_t t = vm->root;

		for (unsigned level = vm->levels - 1; level > leaf; level--) {
			uint64_t e = drv_peek(d, slot(t, gpa, level));

			if (!present(false, e)) {
				e = table_entry(false, drv_alloc(d, 1));
				drv_store(d, slot(t, gpa, level), e);
			}
			t = next_table(d, NULL, e);
			if (d->failed)
				return false;
		}
		if (!present(false, drv_peek(d, slot(t, gpa, leaf))))
			drv_store(d, slot(t, gpa, leaf), leaf_entry(false, gpa - d->cfg->s2_offset, leaf, XL_R | XL_W | XL_X));
	}
	return !d->failed;
}

uint64_t vtdd_table(struct drv *d, struct drv_dom *m)
{
	uint64_t pa = drv_alloc(d, 1);

	if (pa && m->mode == DRV_MODE_NESTED)
		vtdd_s2_map(d, m->vm, pa, 4096);
	return pa;
}

/* The highest level a leaf may have at this point of the map in progress. */
static unsigned leaf_level(const struct drv *d, const struct drv_dom *m)
{
	uint64_t both = d->map_iova | vtdd_gpa(d, m, d->map_pa) | d->map_pa;

	for (unsigned level = 2; level > 0; level--)
		if (m->large[level] && !(both & low_mask(lg2_of(level))) && d->map_left >= UINT64_C(1) << lg2_of(level) && level < m->levels)
			return level;
	return 0;
}

bool vtdd_map_some(struct drv *d, struct drv_dom *m)
{
	for (unsigned n = 0; n < DRV_MAP_CHUNK && d->map_left && !d->failed; n++) {
		unsigned want = leaf_level(d, m), level = m->levels - 1u;
		uint64_t t = m->root, e, size;

		for (;; level--) {
			e = drv_peek(d, slot(t, d->map_iova, level));
			if (present(m->first_stage, e) && is_leaf(e, level)) {
				drv_fail(d, ERR_INPUT, "iova 0x%" PRIx64 " of domain %" PRIu32 " is already mapped", d->map_iova, m->id);
				return false;
			}
			if (level <= want && !present(m->first_stage, e))
				break;
			if (!present(m->first_stage, e)) {
				uint64_t next = vtdd_table(d, m);

				if (d->failed)
					return false;
				e = table_entry(m->first_stage, vtdd_gpa(d, m, next));
				drv_store(d, slot(t, d->map_iova, level), e);
			}
			t = next_table(d, m, e);
		}
		size = UINT64_C(1) << lg2_of(level);
		if (m->mode == DRV_MODE_NESTED && !vtdd_s2_map(d, m->vm, d->map_pa, size))
			return false;
		drv_store(d, slot(t, d->map_iova, level), leaf_entry(m->first_stage, vtdd_gpa(d, m, d->map_pa), level, d->map_perm));
		d->map_iova += size;
		d->map_pa += size;
		d->map_left -= size;
	}
	return d->map_left && !d->failed;
}

/* Everything below a table that was taken out. */
static void gone_below(struct drv *d, struct drv_dom *m, uint64_t table, unsigned level)
{
	for (unsigned i = 0; level && i < 512; i++) {
		uint64_t e = drv_peek(d, table + 8 * i);

		if (present(m->first_stage, e) && !is_leaf(e, level))
			gone_below(d, m, next_table(d, m, e), level - 1);
	}
	drv_gone(d, m, table);
}

struct unmap {
	struct drv *d;
	struct drv_dom *m;
	uint64_t first, last;
	bool tables;
};

static void unmap_table(struct unmap *u, uint64_t table, unsigned level, uint64_t base)
{
	uint64_t span = UINT64_C(1) << lg2_of(level);
	unsigned i = u->first > base ? (unsigned)((u->first - base) >> lg2_of(level)) : 0;

	for (; i < 512; i++) {
		uint64_t e, a = base + i * span, end = a + (span - 1);

		if (a > u->last)
			break;
		e = drv_peek(u->d, table + 8 * i);
		if (!present(u->m->first_stage, e))
			continue;
		if (is_leaf(e, level)) {
			u->first = a < u->first ? a : u->first;
			u->last = end > u->last ? end : u->last;
			drv_store(u->d, table + 8 * i, 0);
		} else if (a >= u->first && end <= u->last) {
			drv_store(u->d, table + 8 * i, 0);
			gone_below(u->d, u->m, next_table(u->d, u->m, e), level - 1);
			u->tables = true;
		} else {
			unmap_table(u, next_table(u->d, u->m, e), level - 1, a);
		}
	}
}

bool vtdd_unmap(struct drv *d, struct drv_dom *m, uint64_t *first, uint64_t *last)
{
	unsigned top = lg2_of(m->levels);
	uint64_t high = *first & ~low_mask(top); /* sign extension of a first-stage address */
	struct unmap u = { d, m, *first, *last, false };

	unmap_table(&u, m->root, m->levels - 1u, high);
	*first = u.first;
	*last = u.last;
	return u.tables;
}
