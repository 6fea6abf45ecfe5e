/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_unit.c - one remapping unit: options, creation, the table of operations, statistics.
 * Does not model: interrupt remapping (registers and commands are accepted, no interrupt is remapped), perfmon, enhanced commands.
 */
#include <stdio.h>
#include <stdlib.h>
#include "vtd/vtd_int.h"
#include "vtd/vtd_regs.h"

#define T struct vtd_cfg
#define CYC(key, m, def, help) { key, CFG_U32, offsetof(T, m), def, 0, 1000000, "cycles", help, 0 }
#define FLAG(key, m, def, help) { key, CFG_BOOL, offsetof(T, m), def, 0, 1, "", help, 0 }
const struct cfg_opt vtd_opts[] = {
	IOMMU_OPTS(T, unit),
	{ "cap", CFG_HEX, offsetof(T, cap), 0x00d2008c406f0406, 0, 0, "", "CAP register; the default is a legacy-mode unit, 48 bits, one fault record.", 0 },
	{ "ecap", CFG_HEX, offsetof(T, ecap), 0xf050df, 0, 0, "", "ECAP register; the default is a legacy-mode unit with queued invalidation and ATS.", 0 },
	{ "ver", CFG_U32, offsetof(T, ver), 0x10, 0, 0xff, "", "VER register: minor version in bits 3:0, major in bits 7:4.", 0 },
	{ "haw", CFG_U32, offsetof(T, haw), 0, 0, 64, "bits", "Host address width; 0 takes MGAW. Values above 52 count as 52.", 0 },
	XC_OPTS(T, ctx, "ctx", 64, 0, 1, "context cache (size assumed)"),
	XC_OPTS(T, pasid, "pasid", 64, 0, 1, "PASID cache (size assumed)"),
	XC_OPTS(T, iotlb, "iotlb", 64, 0, 2, "IOTLB (size assumed)"),
	XC_OPTS(T, psc, "psc", 32, 0, 1, "paging-structure cache of each level and stage (size assumed)"),
	XC_OPTS(T, nested, "nested", 32, 0, 1, "guest-physical to host-physical cache of nested walks (size assumed)"),
	CYC("inv.cc", cc_cyc, 16, "Execution time of a context-cache invalidation (assumed)."),
	CYC("inv.pc", pc_cyc, 16, "Execution time of a PASID-cache invalidation (assumed)."),
	CYC("inv.iotlb", iotlb_cyc, 32, "Execution time of an IOTLB invalidation, draining not included (assumed)."),
	CYC("inv.iotlb_page", iotlb_page_cyc, 0, "Added per page of a page-selective IOTLB invalidation, for at most 64 pages (assumed)."),
	CYC("inv.iec", iec_cyc, 16, "Execution time of an interrupt-entry-cache invalidation (assumed)."),
	CYC("inv.fetch", fetch_cyc, 4, "Decode time of a descriptor beside its memory read (assumed)."),
	{ "inv.timeout", CFG_TIME, offsetof(T, inv_timeout_ps), 60000000000000, 1, UINT64_C(1) << 62, "ps",
	  "Time a device has to answer a device-TLB invalidation (PCIe ATS works with about a minute; assumed).", 0 },
	ITAG_OPT(T, itag_hold_ps),
	{ "inv.over", CFG_ENUM, offsetof(T, over), VTD_OVER_NONE, 0, 0, "", "IOTLB invalidations drop at least the whole domain, or everything.", "none|domain|global" },
	FLAG("quirk.ignore_invalidations", ignore_invalidations, 0, "Negative control: invalidation commands complete but drop nothing."),
	FLAG("fault.collapse", collapse_faults, 0, "A pending fault record of the same source-id absorbs further faults."),
	FLAG("iqercd_sid", iqercd_sid, 1, "IQERCD reports the source-ids of time-outs and bad completions (assumed for revision 3.0 and later)."),
	FLAG("rewalk_on_perm", rewalk_on_perm, 1, "A cached entry without the needed permission is walked again instead of faulting."),
	FLAG("spr17", spr17, 0, "Erratum 772415: read-only second-stage mappings under nesting are refused."),
	FLAG("ss_d_on_fs_read", ss_d_on_fs_read, 0, "Nested: reading a first-stage entry sets D in the second-stage leaf (unconfirmed in hardware)."),
	FLAG("ir_check_page", ir_check_page, 1, "The interrupt range is tested on the final 4 KiB page; false: on the base of the large page."),
	FLAG("xd_reserved", xd_reserved, 0, "With NXE = 0 a first-stage entry with XD = 1 has a reserved bit set; off: XD is ignored, as in QEMU."),
	FLAG("ad_needs_snoop", ad_needs_snoop, 0, "An accessed or dirty update under tables walked without snoop faults (0x90, 0x7C); one source only, so off."),
	{ 0 }
};
#undef CYC
#undef FLAG
#undef T

#define STAT_STRUCT struct vtd_inv_stats
#define S(f, unit, doc) { #f, unit, doc, offsetof(STAT_STRUCT, f), STAT_U64, 0 }
static const struct stat_def inv_defs[] = {
	S(cc, "count", "context-cache invalidations executed"),
	S(cc_global, "count", "of these, global"),
	S(cc_domain, "count", "of these, domain-selective"),
	S(cc_device, "count", "of these, device-selective"),
	S(pc, "count", "PASID-cache invalidations executed"),
	S(iotlb, "count", "IOTLB invalidations executed"),
	S(iotlb_global, "count", "of these, global"),
	S(iotlb_domain, "count", "of these, domain-selective"),
	S(iotlb_page, "count", "of these, page-selective"),
	S(p_iotlb, "count", "PASID-based IOTLB invalidations executed"),
	S(p_iotlb_pasid, "count", "of these, PASID-selective"),
	S(p_iotlb_page, "count", "of these, page-selective"),
	S(dev_tlb, "count", "device-TLB invalidations sent"),
	S(p_dev_tlb, "count", "PASID-based device-TLB invalidations sent"),
	S(iec, "count", "interrupt-entry-cache invalidations executed"),
	S(wait, "count", "invalidation waits completed"),
	S(waits_aborted, "count", "invalidation waits aborted by a device-TLB time-out"),
	S(page_resp, "count", "page group responses sent by software"),
	S(iqe, "count", "invalidation queue errors"),
	S(ite, "count", "device-TLB invalidations that timed out"),
	S(ice, "count", "unexpected device-TLB invalidation completions"),
	S(fault_records, "count", "fault records written"),
	S(faults_lost, "count", "faults not recorded: overflow, or collapsed into a pending record"),
	S(page_requests, "count", "page requests written to the page request queue"),
	S(page_requests_dropped, "count", "page requests not queued"),
	ITAG_STATS(STAT_ROW)
	S(busy_ps, "ps", "time the queue was fetching or executing a descriptor"),
	{ 0 }
};
#undef S
#undef STAT_STRUCT

void vtd_wake(struct vtd *v)
{
	v->held = false;
	vtd_iq_kick(v);
}

enum { PATHS = 7 + 2 * PT_LEVELS };
static bool add_cache(struct stat_reg *r, char *path, const char *unit, const char *what, struct xcache *x)
{
	if (!x)
		return true;
	snprintf(path, sizeof *((struct vtd *)0)->path, "%.50s.%s", unit, what);
	return stat_add(r, path, xc_stats_of(x), xc_stat_defs);
}

static bool vtd_stats(struct iommu *u, struct stat_reg *r)
{
	struct vtd *v = vtd_of(u);
	char level[24];
	bool ok = stat_add(r, u->name, &u->st, iommu_stat_defs);

	snprintf(v->path[0], sizeof v->path[0], "%.50s.inv", u->name);
	ok = ok && stat_add(r, v->path[0], &v->st, inv_defs);
	ok = ok && add_cache(r, v->path[1], u->name, "ctx", v->cc);
	ok = ok && add_cache(r, v->path[2], u->name, "pasid", v->pc);
	ok = ok && add_cache(r, v->path[3], u->name, "iotlb", v->iotlb);
	ok = ok && add_cache(r, v->path[4], u->name, "nested", v->psc.nested);
	if (v->u.ct) {
		snprintf(v->path[PATHS - 1], sizeof v->path[0], "%.50s.tag", u->name);
		ok = ok && stat_add(r, v->path[PATHS - 1], ctag_stats_of(v->u.ct), ctag_stat_defs);
	}
	for (unsigned s = 0; s < 2; s++) {
		for (unsigned l = 0; l < PT_LEVELS; l++) {
			snprintf(level, sizeof level, "psc.s%u.l%u", s + 1, l + 1);
			ok = ok && add_cache(r, v->path[5 + s * PT_LEVELS + l], u->name, level, v->psc.psc[s][l]);
		}
	}
	return ok;
}

static void vtd_destroy(struct iommu *u)
{
	struct vtd *v;

	if (!u)
		return;
	v = vtd_of(u);
	vtd_prq_destroy(v);
	vtd_iq_destroy(v);
	vtd_walk_caches_destroy(v);
	iommu_fini(u);
	free(v->path);
	free(v);
}

/* Invalidation Queue Tail, either half: publishing commands depends on no DMA. */
static bool vtd_is_tail(const struct iommu *u, uint32_t off)
{
	(void)u;
	return (off & ~UINT32_C(7)) == VTD_R_IQT;
}

static const struct iommu_ops vtd_ops = {
	.arch = "vtd",
	.begin = vtd_begin,
	.next = vtd_walk_next,
	.fault = vtd_fault_record,
	.mmio_write = vtd_mmio_write,
	.mmio_read = vtd_mmio_read,
	.restore = vtd_restore,
	.commands_idle = vtd_iq_idle,
	.ats_cpl = vtd_iq_ats_cpl,
	.page_request = vtd_page_request,
	.stats = vtd_stats,
	.destroy = vtd_destroy,
	.is_tail = vtd_is_tail,
};

struct iommu *vtd_create(const struct vtd_cfg *c, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e)
{
	struct vtd *v = calloc(1, sizeof *v);

	if (!v) {
		err_set(e, ERR_MACHINE, "%s: out of memory", name);
		return NULL;
	}
	v->cfg = c;
	v->seed = seed;
	if (!iommu_init(&v->u, &vtd_ops, &c->unit, name, k, m, p, e)) {
		free(v);
		return NULL;
	}
	v->path = calloc(PATHS, sizeof *v->path);
	if (!v->path) {
		err_set(e, ERR_MACHINE, "%s: out of memory", name);
		goto fail;
	}
	vtd_reg_put(v, VTD_R_VER, 4, c->ver);
	vtd_reg_put(v, VTD_R_CAP, 8, c->cap);
	vtd_reg_put(v, VTD_R_ECAP, 8, c->ecap);
	vtd_caps_decode(v);
	if (!vtd_regs_map(v, e) || !vtd_walk_caches_create(v, e) || !vtd_iq_create(v, e) || !vtd_prq_create(v, e))
		goto fail;
	vtd_regs_reset(v);
	return &v->u;
fail:
	vtd_destroy(&v->u);
	return NULL;
}
