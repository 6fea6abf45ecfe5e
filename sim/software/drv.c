/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv.c - the driver as a filter: options, lazy flushing, dispatch of records to the driver of the unit they name (struct drv_ops);
 * drv_pool.c has queue, pool and domains.
 * The lazy timer is looked at when a record is pulled: nothing happens in an idle system between two records.
 */
#include "software/drv.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"
#include "software/drv_int.h"

#define O(k, t, m, def, min, max, unit, help, ch) { k, t, offsetof(struct drv_cfg, m), def, min, max, unit, help, ch }
const struct cfg_opt drv_opts[] = {
	O("policy", CFG_ENUM, policy, DRV_STRICT, 0, 1, "", "Flush at every unmap, or collect unmaps and flush later.", "strict|lazy"),
	O("caching_mode", CFG_BOOL, caching_mode, 0, 0, 1, "", "Flush after mapping too and never lazily, as under CAP.CM = 1 (AMD-Vi: NpCache, which the driver cannot see).", 0),
	O("lazy_len", CFG_U32, lazy_len, 256, 1, 65536, "ranges", "Lazy: unmapped ranges a domain collects before it is flushed.", 0),
	O("lazy_time", CFG_TIME, lazy_ps, UINT64_C(10000000000), 1, UINT64_C(1000000000000000), "ps", "Lazy: age of the oldest unmapped range that causes a flush.", 0),
	O("mode", CFG_ENUM, mode, DRV_MODE_AUTO, 0, 5, "", "Tables of every attach but pass-through (SMMUv3: fs is stage 1, ss stage 2, no legacy; AMD-Vi: fs is v2, ss and legacy v1); auto: what the attach names, else fs, ss or legacy, the first the unit has (AMD-Vi: ss first).",
	  "auto|legacy|ss|fs|nested|pt"),
	O("levels", CFG_U32, levels, 0, 0, 6, "levels", "Page-table levels of a domain: 3 to 6; 0 is 4 if the unit has it (SMMUv3: of 48 bits; AMD-Vi v1: 3, and more as addresses need them).", 0),
	O("s2_levels", CFG_U32, s2_levels, 0, 0, 6, "levels", "Levels of the stage 2 under nesting: 3 to 6; 0 is 4 if the unit has it.", 0),
	O("s2_page", CFG_ENUM, s2_page, DRV_PAGE_4K, 0, 2, "", "Page size of the stage 2 under nesting (SMMUv3 with another granule: its page, its block).", "4K|2M|1G"),
	O("s2_offset", CFG_HEX, s2_offset, UINT64_C(0x1000000000), 0, UINT64_C(0xffffffffffff), "bytes", "Nesting: guest-physical address minus system-physical address.", 0),
	O("base", CFG_HEX, base, UINT64_C(0x4000000000), 4096, UINT64_C(0xfffffffffffff), "address", "First address of the memory the driver takes tables and rings from.", 0),
	O("pool", CFG_SIZE, pool_bytes, UINT64_C(1) << 30, 1 << 20, UINT64_C(1) << 40, "bytes", "Size of that memory; nothing may be mapped to it.", 0),
	O("superpages", CFG_BOOL, superpages, 1, 0, 1, "", "Use 2 MiB and 1 GiB leaves where address, size and unit allow.", 0),
	O("ih", CFG_BOOL, ih, 1, 0, 1, "", "Set the invalidation hint (SMMUv3: Leaf; AMD-Vi: nothing, PDE is always 1) when only leaf entries changed.", 0),
	O("wait", CFG_ENUM, wait, DRV_WAIT_BATCH, 0, 1, "", "One wait (CMD_SYNC, COMPLETION_WAIT) for a batch of up to 16 descriptors (64 commands, a flush), or one for each.", "batch|each"),
	O("smmu_ril", CFG_ENUM, smmu_ril, DRV_RIL_AUTO, 0, 2, "", "SMMUv3: TLBI commands by range (on), or one for each page (off); auto: as IDR3.RIL.", "auto|on|off"),
	O("smmu_granule", CFG_ENUM, smmu_granule, DRV_GRANULE_4K, 0, 2, "", "SMMUv3: translation granule of every table.", "4K|16K|64K"),
	O("smmu_sync", CFG_ENUM, smmu_sync, DRV_SYNC_AUTO, 0, 2, "", "SMMUv3: CMD_SYNC writes its own queue slot (msi) or the queue's index is polled (sev); auto: msi if IDR0 has MSI and COHACC.",
	  "auto|msi|sev"),
	O("smmu_ssid_bits", CFG_U32, smmu_ssid_bits, 20, 0, 20, "bits", "SMMUv3: PASID width of every requester, at most IDR1.SSIDSIZE; above 10 takes two-level CD tables if there are.", 0),
	O("smmu_vmid", CFG_ENUM, smmu_vmid, DRV_VMID_VIOMMU, 0, 1, "", "SMMUv3, nesting: a VMID for each virtual SMMU, as overlapping ASIDs of two of them need, or one for the virtual machine.",
	  "viommu|vm"),
	O("smmu_e2h", CFG_BOOL, smmu_e2h, 0, 0, 1, "", "SMMUv3: stage 1 of the host in stream world EL2-E2H, as a kernel at EL2 does; off: NS-EL1.", 0),
	O("amd_sized_pages", CFG_BOOL, amd_sized_pages, 1, 0, 1, "", "AMD-Vi v1 tables: use pages of every power of two, not of 4 KiB, 2 MiB and 1 GiB only (needs superpages).", 0),
	O("amd_gcr3_trp", CFG_ENUM, amd_gcr3_trp, DRV_AUTO, 0, 2, "", "AMD-Vi, nesting: the GCR3 table is in guest memory (Control.GCR3TRPMode); auto: as EFR2 says.", "auto|on|off"),
	O("amd_gst_trp", CFG_BOOL, amd_gst_trp, 0, 0, 1, "", "AMD-Vi, nested-hw: guests' buffers are at guest-physical addresses (Control.GstBufferTRPMode); off: in the private address space.", 0),
	O("amd_last_rid", CFG_U32, amd_last_rid, 0xffff, 0, 0xffff, "rid", "AMD-Vi: the device table has entries up to this requester and the end of its page.", 0),
	O("break", CFG_LIST, broken, 0, 0, 0, "", "Ordering rules that the driver breaks on purpose ('iommusim params --breaks' says how).", &(DRV_BREAKS(DRV_BREAK_CHOICE))[1]),
	O("break_every", CFG_U32, break_every, 1, 1, 1000000, "sequences", "It breaks them in every so many of the unmaps, detaches or maps they concern.", 0),
	{ 0 }
};

struct drv *drv_create(const struct drv_cfg *c, struct plat *p, plat_source_fn *src, void *arg, struct err *e)
{
	struct drv *d;

	if (c->levels == 1 || c->levels == 2 || c->s2_levels == 1 || c->s2_levels == 2) {
		err_set(e, ERR_INPUT, "software.levels and software.s2_levels must be 0 or 3 to 6");
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
		if (d->unit[i])
			d->unit[i]->ops->destroy(d->unit[i]);
	free(d->page);
	free(d->free);
	free(d->dom);
	free(d->att);
	free(d->out);
	free(d->brk.held);
	free(d->brk.late);
	free(d);
}

void drv_place(struct drv *d, unsigned vm, unsigned viommu)
{
	SIM_ASSERT(vm < DRV_VMS && viommu < DRV_VIOMMUS);
	d->at_vm = (uint8_t)vm;
	d->at_viommu = (uint8_t)viommu;
}

void drv_devtlb(struct drv *d, bool on)
{
	d->no_devtlb = !on;
}

void drv_hw_queues(struct drv *d, bool logs)
{
	d->hw_queues = true;
	d->hw_logs = logs;
}

bool drv_owes_flush(const struct drv *d, uint32_t dom)
{
	const struct drv_dom *m = drv_dom_find(d, dom);

	return m && m->n_lazy;
}

static void lazy_flush(struct drv *d, struct drv_dom *m)
{
	drv_seq_begin(d, DRV_SEQ_FLUSH, m);
	m->ops->flush_all(d, m);
	drv_seq_end(d);
	m->n_lazy = 0;
	if (!m->lazy_pprev)
		return;
	*m->lazy_pprev = m->lazy_next;
	if (m->lazy_next)
		m->lazy_next->lazy_pprev = m->lazy_pprev;
	else
		d->lazy_tail = m->lazy_pprev;
	m->lazy_pprev = NULL;
}

/* The ranges of @m begin to wait: all wait equally long, so it is the last that is due. */
static void lazy_arm(struct drv *d, struct drv_dom *m)
{
	m->lazy_next = NULL;
	m->lazy_pprev = d->lazy ? d->lazy_tail : &d->lazy;
	*m->lazy_pprev = m;
	d->lazy_tail = &m->lazy_next;
}

static void lazy_timer(struct drv *d)
{
	while (d->lazy && sim_now(plat_kernel(d->p)) - d->lazy->lazy_since >= d->cfg->lazy_ps)
		lazy_flush(d, d->lazy);
}

/* An IOVA is not given out again before its flush. */
static void lazy_reuse(struct drv *d, struct drv_dom *m, uint64_t first, uint64_t last)
{
	if (d->cfg->broken & (BIT64(DRV_GEN_ORD_01) | BIT64(DRV_GEN_ORD_03)))
		return;
	for (uint32_t i = 0; i < m->n_lazy; i++)
		if (m->lazy[i].first <= last && first <= m->lazy[i].last) {
			lazy_flush(d, m);
			return;
		}
}

bool drv_any_cm(const struct drv *d, const struct drv_dom *m)
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
		lazy_arm(d, m);
	}
	m->lazy[m->n_lazy++] = (struct drv_range){ first, last };
	if (m->n_lazy == d->cfg->lazy_len)
		lazy_flush(d, m);
}

static const struct drv_ops *const drivers[] = { &drv_vtd_ops, &drv_smmuv3_ops, &drv_amdvi_ops };

/* The driver of the unit the record names; NULL: there is none. */
static const struct drv_ops *driver(const struct drv *d)
{
	const struct iommu *u = plat_unit(d->p, d->cur.unit);

	for (size_t i = 0; u && i < ARRAY_LEN(drivers); i++)
		if (!strcmp(u->ops->arch, drivers[i]->arch))
			return drivers[i];
	return NULL;
}

static const struct drv_ops *need_driver(struct drv *d)
{
	const struct drv_ops *o = driver(d);

	if (!o)
		drv_fail(d, ERR_INPUT, plat_unit(d->p, d->cur.unit) ? "no driver for unit %u" : "there is no unit %u", d->cur.unit);
	return o;
}

/* The domain of a map, unmap or flush, with its range checked; NULL: failed. */
static struct drv_dom *sw_domain(struct drv *d, uint64_t *last)
{
	uint64_t iova = d->cur.u.sw.iova, size = d->cur.u.sw.size, top;
	struct drv_dom *m = drv_dom_find(d, d->cur.u.sw.dom);
	const struct drv_ops *o = m ? NULL : need_driver(d);

	if (o) /* mapped before it is attached: shaped for the unit the record names */
		m = o->dom(d, d->cur.unit, d->cur.u.sw.dom, "");
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
	if (!size || (iova | size) & low_mask(m->page_lg2) || *last < iova || (iova & top) != (*last & top) ||
	    ((iova & top) != 0 && (!m->first_stage || (iova & top) != top))) {
		drv_fail(d, ERR_INPUT, "range 0x%" PRIx64 " + 0x%" PRIx64 " is empty, not made of %u KiB pages, or outside the %u-bit domain %" PRIu32, iova,
			 size, 1u << (m->page_lg2 - 10), m->ia_bits, m->id);
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
	if (pa & low_mask(m->page_lg2) || pa + size > UINT64_C(1) << 52 || pa + size < pa)
		drv_fail(d, ERR_INPUT, "physical address 0x%" PRIx64 " is not a page below 2^52", pa);
	else if (pa < end && pa + size > d->cfg->base)
		drv_fail(d, ERR_INPUT, "physical address 0x%" PRIx64 " lies in the driver's own memory (software.base, software.pool)", pa);
	else if (!(d->cur.u.sw.perm & (XL_R | XL_W)))
		drv_fail(d, ERR_INPUT, "a mapping needs read or write permission");
	else if (m->is_vm && d->cur.u.sw.iova != pa + d->cfg->s2_offset)
		drv_fail(d, ERR_INPUT, "memory of a virtual machine is at its physical address + software.s2_offset (0x%" PRIx64 ")", d->cfg->s2_offset);
	if (d->failed)
		return;
	lazy_reuse(d, m, d->cur.u.sw.iova, last);
	if (m->is_vm) {
		if (m->ops->s2_map(d, m->vm, pa, size))
			m->ops->map_done(d, m);
		return;
	}
	d->mapping = true;
	d->map_iova = d->cur.u.sw.iova;
	d->map_pa = pa;
	d->map_left = size;
	d->map_perm = d->cur.u.sw.perm;
}

static void do_unmap(struct drv *d)
{
	struct drv_range r = { .first = d->cur.u.sw.iova };
	struct drv_dom *m = sw_domain(d, &r.last);
	bool lazy;

	if (!m)
		return;
	drv_seq_begin(d, DRV_SEQ_FLUSH, m);
	lazy = (d->cfg->policy == DRV_LAZY || d->brk.on >> DRV_GEN_ORD_01 & 1) && !m->is_vm && !drv_any_cm(d, m);
	m->ops->unmap(d, m, &r, lazy);
	if (d->brk.on >> DRV_GEN_ORD_09 & 1)
		drv_gone_free(d, m);
	if (m->is_vm)
		m->ops->s2_flush(d, m->vm, r.first, r.last);
	drv_seq_end(d);
	if (lazy)
		lazy_add(d, m, r.first, r.last);
}

static void do_flush(struct drv *d)
{
	uint64_t last;
	struct drv_dom *m = sw_domain(d, &last);

	if (!m)
		return;
	if (!d->cur.u.sw.size || m->n_lazy) {
		lazy_flush(d, m);
		return;
	}
	drv_seq_begin(d, DRV_SEQ_FLUSH, m);
	m->ops->flush_range(d, m, d->cur.u.sw.iova, last);
	drv_seq_end(d);
}

static void do_attach(struct drv *d)
{
	const struct drv_ops *o = need_driver(d);
	const struct drv_dom *m = drv_dom_find(d, d->cur.u.sw.dom);

	if (o && m && m->ops != o)
		drv_fail(d, ERR_INPUT, "domain %" PRIu32 " has tables for %s, unit %u is %s", m->id, m->ops->arch, d->cur.unit, o->arch);
	else if (o && m && (m->mode == DRV_MODE_NESTED || m->is_vm) && m->vm != d->at_vm)
		drv_fail(d, ERR_INPUT, "domain %" PRIu32 " belongs to virtual machine %u, the device to %u", m->id, m->vm, d->at_vm);
	else if (o)
		o->attach(d);
}

void drv_bring_up(struct drv *d, unsigned unit)
{
	const struct drv_ops *o;

	d->cur = (struct trc_rec){ .unit = (uint8_t)unit, .at = TRC_NO_TIME };
	o = driver(d);
	if (o)
		o->up(d, unit);
}

static void do_detach(struct drv *d)
{
	const struct drv_ops *o = need_driver(d);

	if (!o)
		return;
	drv_seq_begin(d, DRV_SEQ_DETACH, NULL);
	o->detach(d);
	drv_seq_end(d);
}

static void do_device(struct drv *d)
{
	bool on = d->cur.u.dev.event == TRC_DEV_ATS_ON;
	const struct drv_ops *o = on || d->cur.u.dev.event == TRC_DEV_ATS_OFF ? driver(d) : NULL;

	if (!o) {
		drv_emit(d, &d->cur);
		return;
	}
	if (!on)
		drv_seq_begin(d, DRV_SEQ_DETACH, NULL);
	o->ats(d, on);
	drv_seq_end(d);
}

static void do_record(struct drv *d)
{
	switch (d->cur.kind) {
	case TRC_ATTACH:
		do_attach(d);
		break;
	case TRC_DETACH:
		do_detach(d);
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
		do_device(d);
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

			d->mapping = m->ops->map_some(d, m);
			if (!d->mapping) {
				drv_seq_begin(d, DRV_SEQ_MAP, m);
				m->ops->map_done(d, m);
				drv_seq_end(d);
			}
			continue;
		}
		int rc = d->src(d->arg, &d->cur, e);

		if (rc <= 0)
			return rc;
		drv_late(d);
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
