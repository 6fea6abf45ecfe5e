/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_unit.c - one AMD-Vi unit: options, creation, the table of operations, statistics.
 * Does not model: interrupt remapping (device table entries and commands for it are accepted, no interrupt is remapped), SNP's RMP, secure
 * ATS, MARC, the SMI filter.
 */
#include <stdio.h>
#include <stdlib.h>
#include "amdvi/amdvi_regs.h"

#define T struct amdvi_cfg
#define CYC(key, m, def, help) { key, CFG_U32, offsetof(T, m), def, 0, 1000000, "cycles", help, 0 }
#define FLAG(key, m, def, help) { key, CFG_BOOL, offsetof(T, m), def, 0, 1, "", help, 0 }
const struct cfg_opt amdvi_opts[] = {
	IOMMU_OPTS(T, unit),
	{ "efr", CFG_HEX, offsetof(T, efr), 0x20d753f322209bdf, 0, 0, "",
	  "Extended feature register; the default has everything modelled: 6 host and 5 guest levels, 20-bit PASIDs, PPR, two logs each, 8 segments, vIOMMU.", 0 },
	{ "efr2", CFG_HEX, offsetof(T, efr2), 0x118, 0, 0, "",
	  "Extended feature 2 register; the default has GCR3TRPModeSup, GAPPIDisSup and NumIntRemapSup = 1.", 0 },
	{ "devid", CFG_U32, offsetof(T, devid), 2, 0, 0xffff, "", "Device id of the unit itself (bus, device, function); the default is 00:00.2.", 0 },
	FLAG("iotlb_sup", iotlb_sup, 1, "Capability header: devices may have an IOTLB (INVALIDATE_IOTLB_PAGES is legal)."),
	FLAG("np_cache", np_cache, 0, "Capability header: pages that are not present are cached too, so mapping needs an invalidation."),
	XC_OPTS(T, l1, "l1", 0, 0, 1, "first-level TLB of each request port"),
	XC_OPTS(T, iotlb, "iotlb", 512, 8, 2, "IOTLB of the unit (size assumed)"),
	XC_OPTS(T, dtc, "dtc", 64, 0, 1, "device table cache (size assumed)"),
	XC_OPTS(T, pdc, "pdc", 64, 0, 1, "page directory cache of each level and stage (size assumed)"),
	XC_OPTS(T, nested, "nested", 128, 4, 1, "guest-physical to system-physical cache of nested walks (size assumed)"),
	XC_OPTS(T, gcr3, "gcr3", 64, 0, 1, "cache of GCR3 table entries (size assumed)"),
	XC_OPTS(T, idmap, "idmap", 64, 0, 1, "cache of guests' device and domain id maps (size assumed)"),
	CYC("link", link_cyc, 0, "Time from a port to the unit, and back, each; charged when l1 misses."),
	CYC("inv.fetch", fetch_cyc, 4, "Decode time of a command beside its memory read (assumed)."),
	CYC("inv.devtab", devtab_cyc, 16, "Execution time of INVALIDATE_DEVTAB_ENTRY (assumed)."),
	CYC("inv.pages", pages_cyc, 32, "Execution time of INVALIDATE_IOMMU_PAGES (assumed)."),
	CYC("inv.page", page_cyc, 0, "Added per page of INVALIDATE_IOMMU_PAGES, for at most 64 pages (assumed)."),
	CYC("inv.all", all_cyc, 64, "Execution time of INVALIDATE_IOMMU_ALL (assumed)."),
	CYC("inv.wait", wait_cyc, 4, "Execution time of COMPLETION_WAIT beside what it waits for (assumed)."),
	{ "inv.inflight", CFG_U32, offsetof(T, ordinary_inflight), 32, 1, 256, "requests",
	  "Device-IOTLB invalidations of one queue id in flight at once when the command says Maxpend = 0 (assumed).", 0 },
	ITAG_OPT(T, itag_hold_ps),
	{ "inv.over", CFG_ENUM, offsetof(T, over), AMDVI_OVER_NONE, 0, 0, "",
	  "INVALIDATE_IOMMU_PAGES drops at least the whole domain, or everything.", "none|domain|all" },
	FLAG("quirk.ignore_invalidations", ignore_invalidations, 0, "Negative control: invalidation commands complete but drop nothing."),
	FLAG("illegal_mode_page_fault", illegal_mode_page_fault, 0, "DTE.Mode above HATS, or 7, is IO_PAGE_FAULT with PR = 1; off: ILLEGAL_DEV_TABLE_ENTRY."),
	FLAG("halt_on_timeout", halt_on_timeout, 0, "IOTLB_INV_TIMEOUT stops the command buffer (unconfirmed); off: later commands go on."),
	FLAG("head_past_illegal", head_past_illegal, 0, "After ILLEGAL_COMMAND_ERROR the head is behind the command; off: at it."),
	FLAG("gn0_spares_nested", gn0_spares_nested, 0, "INVALIDATE_IOMMU_PAGES with GN = 0 keeps nested entries; off: it drops all of the domain."),
	FLAG("pde0_drops_gcr3", pde0_drops_gcr3, 0, "INVALIDATE_IOMMU_PAGES with GN = 1 and PDE = 0 drops GCR3 entries too."),
	FLAG("late_iotlb", late_iotlb, 0, "A device-IOTLB invalidation may be sent before an earlier INVALIDATE_IOMMU_PAGES has taken effect."),
	FLAG("had_needs_control", had_needs_control, 0, "Host accessed and dirty updates need Control.HADUpdate; off: DTE.HAD alone decides."),
	FLAG("dte_rsvd_by_feature", dte_rsvd_by_feature, 0, "Bits of a device table entry that belong to absent features are reserved; off: they are ignored."),
	FLAG("upper_bits_ignored", upper_bits_ignored, 0, "Address bits above the reach of DTE.Mode are ignored; off: such an address faults."),
	{ "viommu.guests", CFG_U32, offsetof(T, viommu_guests), 16, 0, 65536, "guests", "GuestIDs with registers, from 0.", 0 },
	CYC("viommu.fetch", viommu_fetch_cyc, 4, "Decode time of a guest command beside its memory reads (assumed)."),
	CYC("viommu.map", viommu_map_cyc, 4, "Look-up time of a device or domain id map beside its memory read (assumed)."),
	{ "viommu.unmapped", CFG_ENUM, offsetof(T, unmapped), AMDVI_UNMAPPED_HALT, 0, 0, "",
	  "A guest command with an id that has no map entry stops the guest's queue, or is dropped.", "halt|drop" },
	FLAG("viommu.clear_is_invalid", clear_is_invalid, 0, "An id map entry with host id 0 counts as not mapped; off: it maps to 0."),
	FLAG("viommu.guest_all_is_all", guest_all_is_all, 0, "A guest's INVALIDATE_IOMMU_ALL drops everything; off: what its own ids map to."),
	{ 0 }
};
#undef CYC
#undef FLAG
#undef T

#define STAT_STRUCT struct amdvi_stats
static const struct stat_def amdvi_stat_defs[] = { AMDVI_STATS(STAT_ROW) { 0 } };
#undef STAT_STRUCT

enum { PATHS = 6 + AMDVI_MAX_PORTS + 2 * PT_LEVELS };
struct paths {
	struct amdvi *v;
	struct stat_reg *r;
	unsigned n;
	bool ok;
};

static void add(struct paths *p, const char *what, void *base, const struct stat_def *defs)
{
	char *path = p->v->path[p->n];

	SIM_ASSERT(p->n < PATHS);
	p->n++;
	snprintf(path, sizeof *p->v->path, "%.50s.%s", p->v->u.name, what);
	p->ok = p->ok && stat_add(p->r, path, base, defs);
}

static void add_cache(struct paths *p, const char *what, struct xcache *x)
{
	if (x)
		add(p, what, xc_stats_of(x), xc_stat_defs);
}

static bool amdvi_unit_stats(struct iommu *u, struct stat_reg *r)
{
	struct amdvi *v = amdvi_of(u);
	struct paths p = { .v = v, .r = r, .ok = stat_add(r, u->name, &u->st, iommu_stat_defs) };
	char what[24];

	add(&p, "amdvi", &v->st, amdvi_stat_defs);
	add_cache(&p, "dtc", v->dtc);
	add_cache(&p, "gcr3", v->gcr3);
	add_cache(&p, "iotlb", v->iotlb);
	add_cache(&p, "nested", v->pt.nested);
	for (unsigned i = 0; i < v->n_l1; i++) {
		snprintf(what, sizeof what, "port%u.l1", i);
		add_cache(&p, what, v->l1[i]);
	}
	for (unsigned s = 0; s < 2; s++) {
		for (unsigned l = 0; l < PT_LEVELS; l++) {
			snprintf(what, sizeof what, "pdc.%s.l%u", s ? "host" : "guest", l + 1);
			add_cache(&p, what, v->pt.psc[s][l]);
		}
	}
	if (v->u.ct)
		add(&p, "tag", ctag_stats_of(v->u.ct), ctag_stat_defs);
	return p.ok && amdvi_viommu_stats(v, r);
}

static void amdvi_destroy(struct iommu *u)
{
	struct amdvi *v;

	if (!u)
		return;
	v = amdvi_of(u);
	amdvi_viommu_destroy(v);
	amdvi_log_destroy(v);
	amdvi_cmd_destroy(v);
	amdvi_caches_destroy(v);
	amdvi_pc_destroy(v);
	iommu_fini(u);
	free(v->path);
	free(v);
}

static const struct iommu_ops amdvi_ops = {
	.arch = "amdvi",
	.begin = amdvi_begin,
	.next = amdvi_next,
	.fault = amdvi_fault,
	.mmio_write = amdvi_mmio_write,
	.mmio_read = amdvi_mmio_read,
	.restore = amdvi_restore,
	.commands_idle = amdvi_commands_idle,
	.ats_cpl = amdvi_ats_cpl,
	.page_request = amdvi_page_request,
	.stats = amdvi_unit_stats,
	.destroy = amdvi_destroy,
	.is_tail = amdvi_is_tail,
};

struct iommu *amdvi_create(const struct amdvi_cfg *c, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e)
{
	struct amdvi *v = calloc(1, sizeof *v);

	if (!v) {
		err_set(e, ERR_MACHINE, "%s: out of memory", name);
		return NULL;
	}
	v->cfg = c;
	v->seed = seed;
	if (!iommu_init(&v->u, &amdvi_ops, &c->unit, name, k, m, p, e)) {
		free(v);
		return NULL;
	}
	v->path = calloc(PATHS, sizeof *v->path);
	if (!v->path) {
		err_set(e, ERR_MACHINE, "%s: out of memory", name);
		goto fail;
	}
	amdvi_regs_reset(v);
	if (!amdvi_pc_create(v, e) || !amdvi_caches_create(v, e) || !amdvi_cmd_create(v, e) || !amdvi_log_create(v, e) || !amdvi_viommu_create(v, e))
		goto fail;
	return &v->u;
fail:
	amdvi_destroy(&v->u);
	return NULL;
}

const struct amdvi_cfg *amdvi_config(const struct iommu *u)
{
	return ((const struct amdvi *)u)->cfg;
}
