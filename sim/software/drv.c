/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv.c - the driver as a filter: options, lazy flushing, dispatch of records; drv_pool.c has queue, pool and domains.
 * The lazy timer is looked at when a record is pulled: nothing happens in an idle system between two records.
 */
#include "software/drv.h"
#include <inttypes.h>
#include <stdlib.h>
#include "core/base/bits.h"
#include "software/drv_vtd.h"

#define O(k, t, m, def, min, max, unit, help, ch) { k, t, offsetof(struct drv_cfg, m), def, min, max, unit, help, ch }
const struct cfg_opt drv_opts[] = {
	O("policy", CFG_ENUM, policy, DRV_STRICT, 0, 1, "", "Flush at every unmap, or collect unmaps and flush later.", "strict|lazy"),
	O("caching_mode", CFG_BOOL, caching_mode, 0, 0, 1, "", "Flush after mapping too and never lazily, as under CAP.CM = 1.", 0),
	O("lazy_len", CFG_U32, lazy_len, 256, 1, 65536, "ranges", "Lazy: unmapped ranges a domain collects before it is flushed.", 0),
	O("lazy_time", CFG_TIME, lazy_ps, UINT64_C(10000000000), 1, UINT64_C(1000000000000000), "ps", "Lazy: age of the oldest unmapped range that causes a flush.", 0),
	O("mode", CFG_ENUM, mode, DRV_MODE_AUTO, 0, 5, "", "Tables of every attach but pass-through; auto: what the attach names, else fs, ss or legacy, the first the unit has.",
	  "auto|legacy|ss|fs|nested|pt"),
	O("levels", CFG_U32, levels, 0, 0, 5, "levels", "Page-table levels of a domain: 3, 4 or 5; 0 is 4 if the unit has it.", 0),
	O("s2_levels", CFG_U32, s2_levels, 0, 0, 5, "levels", "Levels of the stage 2 under nesting: 3, 4 or 5; 0 is 4 if the unit has it.", 0),
	O("s2_page", CFG_ENUM, s2_page, DRV_PAGE_4K, 0, 2, "", "Page size of the stage 2 under nesting.", "4K|2M|1G"),
	O("s2_offset", CFG_HEX, s2_offset, UINT64_C(0x1000000000), 0, UINT64_C(0xffffffffffff), "bytes", "Nesting: guest-physical address minus system-physical address.", 0),
	O("base", CFG_HEX, base, UINT64_C(0x4000000000), 4096, UINT64_C(0xfffffffffffff), "address", "First address of the memory the driver takes tables and rings from.", 0),
	O("pool", CFG_SIZE, pool_bytes, UINT64_C(1) << 30, 1 << 20, UINT64_C(1) << 40, "bytes", "Size of that memory; nothing may be mapped to it.", 0),
	O("superpages", CFG_BOOL, superpages, 1, 0, 1, "", "Use 2 MiB and 1 GiB leaves where address, size and unit allow.", 0),
	O("ih", CFG_BOOL, ih, 1, 0, 1, "", "Set the invalidation hint when only leaf entries changed.", 0),
	O("wait", CFG_ENUM, wait, DRV_WAIT_BATCH, 0, 1, "", "One wait for a batch of up to 16 descriptors, or one for each.", "batch|each"),
	{ 0 }
};

struct drv *drv_create(const struct drv_cfg *c, struct plat *p, plat_source_fn *src, void *arg, struct err *e)
{
	struct drv *d;

	if (c->levels == 1 || c->levels == 2 || c->s2_levels == 1 || c->s2_levels == 2) {
		err_set(e, ERR_INPUT, "software.levels and software.s2_levels must be 0, 3, 4 or 5");
		return NULL;
	}
	if ((c->base | c->pool_bytes) & 0xfff || c->s2_offset & low_mask(12 + 9 * c->s2_page)) {
		err_set(e, ERR_INPUT, "software.base and software.pool must be multiples of 4096, software.s2_offset of the page size software.s2_page");
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		err_set(e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	d->cfg = c;
	d->p = p;
	d->src = src;
	d->arg = arg;
	return d;
}

void drv_destroy(struct drv *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->cap_dom; i++) {
		struct drv_dom *m = d->dom[i];

		if (!m)
			continue;
		for (struct drv_att *a = m->att, *n; a; a = n) {
			n = a->next;
			free(a);
		}
		for (struct drv_did *a = m->did, *n; a; a = n) {
			n = a->next;
			free(a);
		}
		free(m->lazy);
		free(m->gone);
		free(m);
	}
	for (size_t i = 0; i < d->n_page; i++)
		free(d->page[i]);
	for (unsigned i = 0; i < DRV_UNITS; i++)
		vtdd_destroy(d->unit[i]);
	free(d->page);
	free(d->free);
	free(d->dom);
	free(d->out);
	free(d);
}

static void lazy_flush(struct drv *d, struct drv_dom *m)
{
	vtdd_flush_all(d, m);
	m->n_lazy = 0;
	drv_gone_free(d, m);
}

static void lazy_arm(struct drv *d, sim_time due)
{
	if (!d->lazy_waiting || due < d->lazy_due)
		d->lazy_due = due;
	d->lazy_waiting = true;
}

static void lazy_timer(struct drv *d)
{
	sim_time now;

	if (!d->lazy_waiting || (now = sim_now(plat_kernel(d->p))) < d->lazy_due)
		return;
	d->lazy_waiting = false;
	for (size_t i = 0; i < d->cap_dom; i++) {
		struct drv_dom *m = d->dom[i];

		if (m && m->n_lazy && now - m->lazy_since >= d->cfg->lazy_ps)
			lazy_flush(d, m);
		else if (m && m->n_lazy)
			lazy_arm(d, m->lazy_since + d->cfg->lazy_ps);
	}
}

/* An IOVA is not given out again before its flush. */
static void lazy_reuse(struct drv *d, struct drv_dom *m, uint64_t first, uint64_t last)
{
	for (uint32_t i = 0; i < m->n_lazy; i++)
		if (m->lazy[i].first <= last && first <= m->lazy[i].last) {
			lazy_flush(d, m);
			return;
		}
}

static bool any_cm(const struct drv *d, const struct drv_dom *m)
{
	for (const struct drv_did *i = m->did; i; i = i->next)
		if (d->unit[i->unit]->cm)
			return true;
	return d->cfg->caching_mode;
}

static void lazy_add(struct drv *d, struct drv_dom *m, uint64_t first, uint64_t last)
{
	if (!m->lazy && !(m->lazy = calloc(d->cfg->lazy_len, sizeof(*m->lazy)))) {
		drv_fail(d, ERR_MACHINE, "out of memory");
		return;
	}
	if (!m->n_lazy) {
		m->lazy_since = sim_now(plat_kernel(d->p));
		lazy_arm(d, m->lazy_since + d->cfg->lazy_ps);
	}
	m->lazy[m->n_lazy++] = (struct drv_range){ first, last };
	if (m->n_lazy == d->cfg->lazy_len)
		lazy_flush(d, m);
}

/* The domain of a map, unmap or flush, with its range checked; NULL: failed. */
static struct drv_dom *sw_domain(struct drv *d, uint64_t *last)
{
	uint64_t iova = d->cur.u.sw.iova, size = d->cur.u.sw.size, top;
	struct drv_dom *m = drv_dom_find(d, d->cur.u.sw.dom);
	struct vtdd *v = m ? NULL : vtdd_get(d, d->cur.unit);

	if (v) /* mapped before it is attached: shaped for the unit the record names */
		m = vtdd_dom(d, v, d->cur.u.sw.dom, "");
	if (!m)
		return NULL;
	*last = iova + size - 1;
	if (d->cur.kind == TRC_FLUSH && !size)
		return m;
	if (m->mode == DRV_MODE_PT) {
		drv_fail(d, ERR_INPUT, "domain %" PRIu32 " is pass-through: it has no tables (a generated trace needs gen.type: pt)", m->id);
		return NULL;
	}
	top = m->first_stage ? ~low_mask(m->ia_bits - 1) : ~low_mask(m->ia_bits);
	if (!size || (iova | size) & 0xfff || *last < iova || (iova & top) != (*last & top) ||
	    ((iova & top) != 0 && (!m->first_stage || (iova & top) != top))) {
		drv_fail(d, ERR_INPUT, "range 0x%" PRIx64 " + 0x%" PRIx64 " is empty, not made of 4 KiB pages, or outside the %u-bit domain %" PRIu32, iova,
			 size, m->ia_bits, m->id);
		return NULL;
	}
	return m;
}

static void do_map(struct drv *d)
{
	uint64_t last, pa = d->cur.u.sw.pa, size = d->cur.u.sw.size, end = d->cfg->base + d->cfg->pool_bytes;
	struct drv_dom *m = sw_domain(d, &last);

	if (!m)
		return;
	if (pa & 0xfff || pa + size > UINT64_C(1) << 52 || pa + size < pa)
		drv_fail(d, ERR_INPUT, "physical address 0x%" PRIx64 " is not a page below 2^52", pa);
	else if (pa < end && pa + size > d->cfg->base)
		drv_fail(d, ERR_INPUT, "physical address 0x%" PRIx64 " lies in the driver's own memory (software.base, software.pool)", pa);
	else if (!(d->cur.u.sw.perm & (XL_R | XL_W)))
		drv_fail(d, ERR_INPUT, "a mapping needs read or write permission");
	if (d->failed)
		return;
	lazy_reuse(d, m, d->cur.u.sw.iova, last);
	d->mapping = true;
	d->map_iova = d->cur.u.sw.iova;
	d->map_pa = pa;
	d->map_left = size;
	d->map_perm = d->cur.u.sw.perm;
}

static void map_done(struct drv *d, struct drv_dom *m)
{
	d->mapping = false;
	if (!m->first_stage && any_cm(d, m))
		vtdd_flush_range(d, m, d->cur.u.sw.iova, d->cur.u.sw.iova + d->cur.u.sw.size - 1, false, false);
	else
		vtdd_write_buffer(d, m);
}

static void do_unmap(struct drv *d)
{
	uint64_t last, first = d->cur.u.sw.iova;
	struct drv_dom *m = sw_domain(d, &last);
	bool tables;

	if (!m)
		return;
	tables = vtdd_unmap(d, m, &first, &last);
	if (d->cfg->policy == DRV_LAZY && !any_cm(d, m)) {
		lazy_add(d, m, first, last);
		return;
	}
	vtdd_flush_range(d, m, first, last, d->cfg->ih && !tables, true);
	drv_gone_free(d, m);
}

static void do_flush(struct drv *d)
{
	uint64_t last;
	struct drv_dom *m = sw_domain(d, &last);

	if (!m)
		return;
	if (!d->cur.u.sw.size || m->n_lazy)
		lazy_flush(d, m);
	else
		vtdd_flush_range(d, m, d->cur.u.sw.iova, last, false, true);
}

static void do_record(struct drv *d)
{
	switch (d->cur.kind) {
	case TRC_ATTACH:
		vtdd_attach(d);
		break;
	case TRC_DETACH:
		vtdd_detach(d);
		break;
	case TRC_MAP:
		do_map(d);
		break;
	case TRC_UNMAP:
		do_unmap(d);
		break;
	case TRC_FLUSH:
		do_flush(d);
		break;
	case TRC_DEVICE:
		if (d->cur.u.dev.event == TRC_DEV_ATS_OFF)
			vtdd_ats(d, d->cur.unit, d->cur.u.dev.rid, false);
		drv_emit(d, &d->cur);
		if (d->cur.u.dev.event == TRC_DEV_ATS_ON)
			vtdd_ats(d, d->cur.unit, d->cur.u.dev.rid, true);
		break;
	default:
		drv_emit(d, &d->cur);
	}
}

int drv_next(void *drv, struct trc_rec *r, struct err *e)
{
	struct drv *d = drv;

	while (d->head == d->n_out && !d->failed) {
		d->head = d->n_out = 0;
		if (d->mapping) {
			struct drv_dom *m = drv_dom_find(d, d->cur.u.sw.dom);

			if (!vtdd_map_some(d, m))
				map_done(d, m);
			continue;
		}
		int rc = d->src(d->arg, &d->cur, e);

		if (rc <= 0)
			return rc;
		lazy_timer(d);
		if (d->n_out == 0 && d->cur.kind < TRC_ATTACH && d->cur.kind != TRC_DEVICE) {
			*r = d->cur;
			return 1;
		}
		do_record(d);
	}
	if (d->failed) {
		if (e)
			*e = d->err;
		return -1;
	}
	*r = d->out[d->head++];
	return 1;
}
