/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_unit.c - one SMMU: options, creation, the table of operations, statistics.
 * Does not model: broadcast TLB maintenance, ATOS, Secure and Realm interfaces.
 */
#include <stdio.h>
#include <stdlib.h>
#include "smmuv3/smmuv3_regs.h"

#define T struct smmuv3_cfg
#define REG(key, m, def, help) { key, CFG_U32, offsetof(T, m), def, 0, UINT32_MAX, "", help, 0 }
#define CYC(key, m, def, help) { key, CFG_U32, offsetof(T, m), def, 0, 1000000, "cycles", help, 0 }
#define ENTRIES(key, m, def, what) { key, CFG_U32, offsetof(T, m), def, 0, 1u << 22, "entries", "Capacity of the walk cache of " what "; 0 switches it off.", 0 }
#define PS(key, m, def, help) { key, CFG_TIME, offsetof(T, m), def, 1, UINT64_C(1) << 62, "ps", help, 0 }
#define FLAG(key, m, def, help) { key, CFG_BOOL, offsetof(T, m), def, 0, 1, "", help, 0 }
const struct cfg_opt smmuv3_opts[] = {
	IOMMU_OPTS(T, unit),
	/* S1P S2P TTF=2 COHACC HTTU=2 Hyp ATS ASID16 MSI PRI VMID16 CD2L TTENDIAN=2 ST_LEVEL=1 */
	REG("idr0", idr0, 0x084d369b, "IDR0 register; the default has both stages, EL2, ATS with split stages, PRI, stalls, access and dirty updates."),
	REG("idr1", idr1, 0x02739d10, "IDR1 register; the default has queues of 2^19 entries, 20-bit SubstreamIDs and 16-bit StreamIDs."),
	REG("idr3", idr3, 0x1714, "IDR3 register; the default has RIL, HAD, XNX, FWB, STT and BBML 2."),
	REG("idr5", idr5, 0x00400075, "IDR5 register; the default has 48 bits, granules 4K, 16K and 64K, and 64 stalls."),
	REG("idr6", idr6, 0, "IDR6 register: enhanced command queues, if IDR1.ECMDQ is set and AIDR says v3.3."),
	REG("iidr", iidr, 0, "IIDR register."),
	REG("aidr", aidr, 2, "AIDR register: minor architecture revision in bits 3:0; the default is v3.2."),
	XC_OPTS(T, utlb, "utlb", 0, 0, 1, "micro TLB of each TBU (one TBU per request port)"),
	XC_OPTS(T, tbu, "tbu", 0, 4, 3, "main TLB of each TBU"),
	{ "tbu_tag", CFG_ENUM, offsetof(T, tbu_tag), SMMUV3_TAG_ASID, 0, 0, "", "What entries of a TBU's TLBs are found by: stream world, VMID and ASID, or the stream itself.", "asid|stream" },
	CYC("link", link_cyc, 0, "Time from a TBU to the TCU, and back, each."),
	XC_OPTS(T, tlb, "tlb", 512, 4, 2, "TLB of the TCU (size assumed)"),
	FLAG("tlb_split", tlb_split, 0, "Nested streams: the TLB keeps VA to IPA, and the IPA cache the rest; off: VA to PA in one entry."),
	XC_OPTS(T, ipa, "ipa", 128, 4, 1, "IPA to PA cache of nested walks (size assumed)"),
	XC_OPTS(T, l1std, "l1std", 16, 0, 1, "cache of level 1 stream table descriptors (size assumed)"),
	XC_OPTS(T, ste, "ste", 64, 0, 1, "STE cache (size assumed)"),
	XC_OPTS(T, l1cd, "l1cd", 16, 0, 1, "cache of level 1 context descriptors (size assumed)"),
	XC_OPTS(T, cd, "cd", 64, 0, 1, "CD cache (size assumed)"),
	XC_OPTS(T, walk, "walk", 512, 4, 1, "unified walk cache; ways, policy, latency and ports are those of all walk caches (size assumed)"),
	ENTRIES("walk.s1l0", walk_s1[0], 16, "stage 1 level 0 and above (assumed)"),
	ENTRIES("walk.s1l1", walk_s1[1], 32, "stage 1 level 1 (assumed)"),
	ENTRIES("walk.s1l2", walk_s1[2], 128, "stage 1 level 2 (assumed)"),
	ENTRIES("walk.s2l0", walk_s2[0], 16, "stage 2 level 0 and above (assumed)"),
	ENTRIES("walk.s2l1", walk_s2[1], 32, "stage 2 level 1 (assumed)"),
	ENTRIES("walk.s2l2", walk_s2[2], 128, "stage 2 level 2 (assumed)"),
	FLAG("walk_unified", walk_unified, 0, "One walk cache of walk.entries for all levels of both stages, instead of one each."),
	FLAG("contiguous", contiguous, 1, "A group marked contiguous is cached as one entry."),
	CYC("inv.cfgi", cfgi_cyc, 16, "Execution time of a CFGI command (assumed)."),
	CYC("inv.tlbi", tlbi_cyc, 32, "Execution time of a TLBI command (assumed)."),
	CYC("inv.tlbi_page", tlbi_page_cyc, 0, "Added per granule of a TLBI by range, for at most 64 granules (assumed)."),
	CYC("inv.sync", sync_cyc, 4, "Execution time of a CMD_SYNC beside what it waits for (assumed)."),
	CYC("inv.fetch", fetch_cyc, 4, "Decode time of a command beside its memory read (assumed)."),
	PS("update", update_ps, 100000, "From a write of CR0, IRQ_CTRL or GBPA to the acknowledgement, at least (assumed)."),
	PS("inv.timeout", atc_timeout_ps, 60000000000000, "Time a device has to answer an ATC_INV (PCIe ATS works with about a minute; assumed)."),
	ITAG_OPT(T, itag_hold_ps),
	{ "inv.over", CFG_ENUM, offsetof(T, over), SMMUV3_OVER_NONE, 0, 0, "", "TLBI commands drop at least the whole ASID, the whole VMID, or everything.", "none|asid|vmid|all" },
	FLAG("quirk.ignore_invalidations", ignore_invalidations, 0, "Negative control: invalidation commands complete but drop nothing."),
	FLAG("ttl_hint", ttl_hint, 1, "A TLBI by address with a level hint spares leaves of another level or granule; off: the address alone decides."),
	FLAG("cache_invalid", cache_invalid, 1, "STEs and CDs that are not valid, or illegal, are cached like others."),
	FLAG("cmd_res0_ill", cmd_res0_ill, 0, "A reserved bit set in a command is CERROR_ILL; off: it is ignored."),
	FLAG("atc_size_ill", atc_size_ill, 1, "ATC_INV with Size above 52 is CERROR_ILL; off: it counts as 52."),
	FLAG("page0_alias", page0_alias, 0, "EVENTQ_PROD, EVENTQ_CONS, PRIQ_PROD and PRIQ_CONS are in page 0 too; off: they read 0 there."),
	FLAG("merge_events", merge_events, 0, "Equal consecutive event records become one where STE.MEV allows it."),
	FLAG("stall_suppress", stall_suppress, 0, "A second stall of the same page by the same stream waits without a record."),
	FLAG("gbpa_abort", gbpa_abort, 0, "Reset value of GBPA.ABORT: requests abort until software decides."),
	FLAG("cmdqv.present", cmdqv, 0, "The virtual command queue block exists."),
	{ "cmdqv.vintf_lg2", CFG_U32, offsetof(T, cmdqv_vintf_lg2), 1, 0, 6, "log2", "Virtual interfaces of the virtual command queue block, as a power of two.", 0 },
	{ "cmdqv.vcmdq_lg2", CFG_U32, offsetof(T, cmdqv_vcmdq_lg2), 2, 0, 9, "log2", "Queues of the virtual command queue block, as a power of two.", 0 },
	{ "pmcg.counters", CFG_U32, offsetof(T, pmcg_counters), 4, 0, 32, "counters", "Counters of the performance monitor group; 0: there is no group.", 0 },
	{ 0 }
};
#undef REG
#undef CYC
#undef ENTRIES
#undef PS
#undef FLAG
#undef T

#define STAT_STRUCT struct smmuv3_stats
static const struct stat_def smmuv3_stat_defs[] = { SMMUV3_STATS(STAT_ROW) { 0 } };
#undef STAT_STRUCT

enum { PATHS = 2 + 6 + 2 * SMMUV3_MAX_TBU + 2 * PT_LEVELS };
struct paths {
	struct smmuv3 *s;
	struct stat_reg *r;
	unsigned n;
	bool ok;
};

static void add(struct paths *p, const char *what, void *base, const struct stat_def *defs)
{
	char *path = p->s->path[p->n];

	SIM_ASSERT(p->n < PATHS);
	p->n++;
	snprintf(path, sizeof *p->s->path, "%.50s.%s", p->s->u.name, what);
	p->ok = p->ok && stat_add(p->r, path, base, defs);
}

static void add_cache(struct paths *p, const char *what, struct xcache *x)
{
	if (x)
		add(p, what, xc_stats_of(x), xc_stat_defs);
}

/* One cache may serve several levels: level l of ours is level 3 - l of the specification, and -1 shares the cache of 0. */
static void add_walk_caches(struct paths *p)
{
	const struct pt_caches *c = &p->s->pt;
	char what[24];

	for (unsigned st = 0; st < 2; st++) {
		for (unsigned l = 0; l < PT_LEVELS; l++) {
			struct xcache *x = c->psc[st][l];
			bool seen = l && x == c->psc[st][l - 1];

			if (p->s->cfg->walk_unified) {
				for (unsigned i = 0; i < st * PT_LEVELS + l; i++)
					seen = seen || x == c->psc[i / PT_LEVELS][i % PT_LEVELS];
				snprintf(what, sizeof what, "walk");
			} else {
				snprintf(what, sizeof what, "walk.s%ul%d", st + 1, 3 - (int)l);
			}
			if (!seen)
				add_cache(p, what, x);
		}
	}
}

static bool smmuv3_stats(struct iommu *u, struct stat_reg *r)
{
	struct smmuv3 *s = smmuv3_of(u);
	struct paths p = { .s = s, .r = r, .ok = stat_add(r, u->name, &u->st, iommu_stat_defs) };
	char what[24];

	add(&p, "smmuv3", &s->st, smmuv3_stat_defs);
	add_cache(&p, "l1std", s->l1std);
	add_cache(&p, "ste", s->ste);
	add_cache(&p, "l1cd", s->l1cd);
	add_cache(&p, "cd", s->cd);
	add_cache(&p, "tlb", s->tlb);
	add_cache(&p, "ipa", s->pt.nested);
	for (unsigned i = 0; i < SMMUV3_MAX_TBU; i++) {
		snprintf(what, sizeof what, "tbu%u.utlb", i);
		add_cache(&p, what, s->utlb[i]);
		snprintf(what, sizeof what, "tbu%u.tlb", i);
		add_cache(&p, what, s->tbu[i]);
	}
	add_walk_caches(&p);
	if (s->u.ct)
		add(&p, "tag", ctag_stats_of(s->u.ct), ctag_stat_defs);
	return p.ok;
}

static void smmuv3_destroy(struct iommu *u)
{
	struct smmuv3 *s;

	if (!u)
		return;
	s = smmuv3_of(u);
	smmuv3_regs_destroy(s);
	smmuv3_pmcg_destroy(s);
	smmuv3_evtq_destroy(s);
	smmuv3_cmdq_destroy(s);
	smmuv3_caches_destroy(s);
	iommu_fini(u);
	free(s->path);
	free(s);
}

static const struct iommu_ops smmuv3_ops = {
	.arch = "smmuv3",
	.begin = smmuv3_begin,
	.next = smmuv3_next,
	.fault = smmuv3_fault,
	.mmio_write = smmuv3_mmio_write,
	.mmio_read = smmuv3_mmio_read,
	.restore = smmuv3_restore,
	.commands_idle = smmuv3_commands_idle,
	.ats_cpl = smmuv3_ats_cpl,
	.page_request = smmuv3_page_request,
	.stats = smmuv3_stats,
	.destroy = smmuv3_destroy,
	.is_tail = smmuv3_is_tail,
};

static void put_ids(struct smmuv3 *s, const struct smmuv3_cfg *c)
{
	smmuv3_reg_put(s, SMMUV3_R_IDR0, 4, c->idr0);
	smmuv3_reg_put(s, SMMUV3_R_IDR1, 4, c->idr1);
	smmuv3_reg_put(s, SMMUV3_R_IDR3, 4, c->idr3);
	smmuv3_reg_put(s, SMMUV3_R_IDR5, 4, c->idr5);
	smmuv3_reg_put(s, SMMUV3_R_IDR6, 4, c->idr6);
	smmuv3_reg_put(s, SMMUV3_R_IIDR, 4, c->iidr);
	smmuv3_reg_put(s, SMMUV3_R_AIDR, 4, c->aidr);
}

struct iommu *smmuv3_create(const struct smmuv3_cfg *c, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e)
{
	struct smmuv3 *s = calloc(1, sizeof *s);

	if (!s) {
		err_set(e, ERR_MACHINE, "%s: out of memory", name);
		return NULL;
	}
	s->cfg = c;
	s->seed = seed;
	if (!iommu_init(&s->u, &smmuv3_ops, &c->unit, name, k, m, p, e)) {
		free(s);
		return NULL;
	}
	s->path = calloc(PATHS, sizeof *s->path);
	if (!s->path) {
		err_set(e, ERR_MACHINE, "%s: out of memory", name);
		goto fail;
	}
	put_ids(s, c);
	smmuv3_caps_decode(s);
	smmuv3_regs_reset(s);
	if (!smmuv3_caches_create(s, e) || !smmuv3_cmdq_create(s, e) || !smmuv3_evtq_create(s, e) || !smmuv3_pmcg_create(s, e))
		goto fail;
	return &s->u;
fail:
	smmuv3_destroy(&s->u);
	return NULL;
}
