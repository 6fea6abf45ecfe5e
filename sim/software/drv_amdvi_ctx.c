/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_amdvi_ctx.c - device table entries and GCR3 tables.
 * Linux writes an entry as two 16-byte halves; which first depends on what the unit looks at. Here a half is two stores,
 * the word with V and GV last, but first when one of them goes away.
 * The interrupt fields of the third word are kept as they are. Spec: 48882, "Device Table", "GCR3 Table".
 */
#include <string.h>
#include "amdvi/amdvi_fields.h"
#include "software/drv_amdvi.h"

enum { DTE_BYTES = 32, BLOCKED = 1 /* V */ };
static const uint64_t guest_paging_mode = UINT64_C(3) << 54; /* in the third word; the rest of it is about interrupts */

uint64_t amdd_device_table(struct amdd *v)
{
	size_t pages = v->d->cfg->amd_last_rid / 128 + 1;
	uint64_t pa = drv_alloc(v->d, pages);

	for (uint64_t at = pa; at < pa + 4096 * pages && !v->d->failed; at += DTE_BYTES)
		drv_store(v->d, at, BLOCKED);
	return pa;
}

static void put_half(struct amdd *v, uint64_t at, const uint64_t w[2], bool word0_last)
{
	drv_store(v->d, at + (word0_last ? 8 : 0), w[word0_last]);
	drv_store(v->d, at + (word0_last ? 0 : 8), w[!word0_last]);
}

static void flush_dte(struct amdd *v, uint32_t rid)
{
	amdd_cmd_devtab(v, rid);
	amdd_wait(v);
}

void amdd_write_dte(struct amdd *v, uint32_t rid, const uint64_t target[4])
{
	const uint64_t at = v->devtab + DTE_BYTES * (uint64_t)rid, blocked[2] = { BLOCKED, 0 };
	uint64_t old[4], w[4];

	for (unsigned i = 0; i < 4; i++)
		old[i] = drv_peek(v->d, at + 8 * i);
	memcpy(w, target, sizeof(w));
	w[2] = (w[2] & guest_paging_mode) | (old[2] & ~guest_paging_mode);
	const bool v_was = amdvi_get_dte_V(old), v_is = amdvi_get_dte_V(w), gv_was = amdvi_get_dte_GV(old), gv_is = amdvi_get_dte_GV(w);

	if (!v_was || (v_is && !gv_was)) {
		put_half(v, at + 16, w + 2, true);
		put_half(v, at, w, true);
	} else if (!v_is || !gv_is) {
		put_half(v, at, w, false);
		put_half(v, at + 16, w + 2, true);
	} else if (((old[2] ^ w[2]) & guest_paging_mode) || old[3] != w[3]) {
		put_half(v, at, blocked, false);
		flush_dte(v, rid);
		put_half(v, at + 16, w + 2, true);
		put_half(v, at, w, true);
	} else {
		put_half(v, at, w, true);
	}
	flush_dte(v, rid);
}

static uint64_t to_guest(const struct amdd *v, const struct amdd_dev *a, uint64_t spa)
{
	return a->nested && v->gcr3trp ? spa + v->d->cfg->s2_offset : spa;
}

static void put_host(uint64_t *w, uint64_t root, unsigned levels)
{
	amdvi_put_dte_Mode(w, levels);
	amdvi_put_dte_HostPTRoot(w, root >> 12);
}

void amdd_write_v1_dte(struct amdd *v, uint32_t rid, uint64_t root, unsigned levels, uint16_t domid)
{
	uint64_t w[4] = { BLOCKED };

	amdvi_put_dte_TV(w, 1);
	amdvi_put_dte_IR(w, 1);
	amdvi_put_dte_IW(w, 1);
	amdvi_put_dte_DomainID(w, domid);
	put_host(w, root, levels);
	amdd_write_dte(v, rid, w);
}

void amdd_install(struct amdd *v, struct amdd_dev *a)
{
	const struct drv *d = v->d;
	const struct drv_dom *m = a->dom;
	const bool guest = a->n_pasid || (m && amdd_is_v2(m));
	uint64_t w[4] = { BLOCKED };

	if (m || guest) {
		amdvi_put_dte_TV(w, 1);
		amdvi_put_dte_IR(w, 1);
		amdvi_put_dte_IW(w, 1);
		amdvi_put_dte_I(w, a->ats_on);
		amdvi_put_dte_DomainID(w, guest ? a->domid : m->asid);
	}
	if (m && m->mode == DRV_MODE_SS)
		put_host(w, m->root, m->levels);
	if (guest) {
		if (a->nested)
			put_host(w, d->vm[a->vm].root, d->vm[a->vm].levels);
		amdvi_put_dte_GV(w, 1);
		/* nobody attached without PASID: entry 0 is not valid, and refuses those */
		amdvi_put_dte_GIoV(w, !m || m->mode != DRV_MODE_PT);
		amdvi_put_dte_GLX(w, a->gcr3_levels - 1u);
		amdvi_put_dte_GCR3TableRoot(w, to_guest(v, a, a->gcr3));
		amdvi_put_dte_GuestPagingMode(w, d->cfg->levels == 5);
	}
	if (guest && a->nested && a->vq && d->hw_logs) {
		amdvi_put_dte_vImuEn(w, 1);
		amdvi_put_dte_GDeviceID(w, a->gdev);
		amdvi_put_dte_GuestID(w, a->vq->gid);
	}
	if (!d->failed)
		amdd_write_dte(v, a->rid, w);
}

/* With GCR3TRPMode a nested GCR3 table is memory of the guest, else the hypervisor's. */
static uint64_t gcr3_page(struct amdd *v, const struct amdd_dev *a)
{
	uint64_t pa = drv_alloc(v->d, 1);

	if (pa && a->nested && v->gcr3trp)
		amdd_s2_map(v->d, a->vm, pa, 4096);
	return pa;
}

static unsigned levels_for(uint32_t pasid)
{
	return pasid >> 18 ? 3 : pasid >> 9 ? 2 : 1;
}

static uint64_t entry(uint64_t addr)
{
	uint64_t e = 0;

	amdvi_put_gcr3_V(&e, 1);
	amdvi_put_gcr3_ADDR(&e, addr >> 12);
	return e;
}

bool amdd_gcr3_set(struct amdd *v, struct amdd_dev *a, uint32_t pasid, const struct drv_dom *m)
{
	struct drv *d = v->d;
	const uint64_t was = a->gcr3, off = to_guest(v, a, 0);
	uint64_t table, at;

	if (!a->gcr3) {
		if (!a->domid)
			a->domid = amdd_new_id(d);
		a->gcr3 = gcr3_page(v, a);
		a->gcr3_levels = 1;
	}
	for (; a->gcr3_levels < levels_for(pasid) && !d->failed; a->gcr3_levels++) {
		uint64_t top = gcr3_page(v, a);

		drv_store(d, top, entry(a->gcr3 + off));
		a->gcr3 = top;
	}
	table = a->gcr3;
	for (unsigned level = a->gcr3_levels; !d->failed; level--) {
		at = table + 8 * (pasid >> 9 * (level - 1) & 511);
		if (level == 1) {
			drv_store(d, at, m ? entry(m->root + (a->nested ? d->cfg->s2_offset : 0)) : 0);
			break;
		}
		if (!drv_peek(d, at))
			drv_store(d, at, entry(gcr3_page(v, a) + off));
		table = (drv_peek(d, at) & bits_mask(51, 12)) - off;
	}
	if (!d->failed)
		amdd_flush_pasid(v, a, pasid);
	return a->gcr3 != was;
}

static void free_table(struct drv *d, uint64_t table, unsigned level, uint64_t off)
{
	for (uint64_t at = table; level > 1 && at < table + 4096; at += 8)
		if (drv_peek(d, at))
			free_table(d, (drv_peek(d, at) & bits_mask(51, 12)) - off, level - 1, off);
	drv_free(d, table, 1);
}

void amdd_gcr3_free(struct amdd *v, struct amdd_dev *a)
{
	if (a->gcr3 && !v->d->failed)
		free_table(v->d, a->gcr3, a->gcr3_levels, to_guest(v, a, 0));
	a->gcr3 = 0;
	a->gcr3_levels = 0;
}
