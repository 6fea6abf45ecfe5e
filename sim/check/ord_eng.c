/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_eng.c - the ordering checker: order in which an event is judged and applied, the rule families' hooks, findings, knobs.
 * An event is first judged against the state before it (release events), then applied, with the families' before() and after() around both.
 * A guest's own events (G:) concern the families only; what the host forwards (FWD) is applied like any other command.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

static const struct ord_family *const families[ORD_FAMS] = {
	[ORD_FAM_GEN] = &ord_fam_gen, [ORD_FAM_VTD] = &ord_fam_vtd, [ORD_FAM_SMM] = &ord_fam_smm,   [ORD_FAM_AMD] = &ord_fam_amd,
	[ORD_FAM_ATS] = &ord_fam_ats, [ORD_FAM_PRI] = &ord_fam_pri, [ORD_FAM_NEST] = &ord_fam_nest, [ORD_FAM_TMO] = &ord_fam_tmo,
};
#define K(m) offsetof(struct ord_knobs, m)
const struct cfg_opt ord_knob_opts[] = {
	{ "coherent_walk", CFG_BOOL, K(coherent_walk), 1, 0, 0, "", "walks snoop the CPU caches: a store is visible without write-back",
	  NULL },
	{ "coherent_queue", CFG_BOOL, K(coherent_queue), 1, 0, 0, "", "the unit reads its command queue coherently", NULL },
	{ "np_cache", CFG_BOOL, K(np_cache), 0, 0, 0, "", "not-present entries may be cached (VT-d caching mode, AMD NpCache)", NULL },
	{ "rwbf", CFG_BOOL, K(rwbf), 0, 0, 0, "", "VT-d: the write buffer must be flushed after a map", NULL },
	{ "lazy_ok", CFG_BOOL, K(lazy_ok), 0, 0, 0, "", "pages may be released before a deferred flush: a hazard, not a violation", NULL },
	{ "untrusted_rids", CFG_STR, K(untrusted_rids), 0, 0, 0, "", "requesters to which lazy_ok does not apply, separated by commas",
	  NULL },
	{ "bbm_level", CFG_U32, K(bbm_level), 0, 0, 2, "", "break-before-make level; 2: size changes of the same output address need none",
	  NULL },
	{ "order.tlb_atc", CFG_ENUM, K(order_tlb_atc), 0, 0, 2, "", "what orders a TLB command before an ATC command", "arch|queue|sync" },
	{ "amd.strict_iotlb_order", CFG_BOOL, K(amd_strict_iotlb_order), 0, 0, 0, "", "AMD: a COMPLETION_WAIT must stand between the two",
	  NULL },
	{ "amd.gn0_drops_nested", CFG_BOOL, K(amd_gn0_drops_nested), 1, 0, 0, "",
	  "AMD: a host-page command also drops nested entries of the DomID", NULL },
	{ "vtd.psi_drops_fs", CFG_BOOL, K(vtd_psi_drops_fs), 1, 0, 0, "",
	  "VT-d: page-selective invalidation drops first-stage entries of the DID", NULL },
	{ "vtd.esrtps", CFG_BOOL, K(vtd_esrtps), 0, 0, 0, "", "VT-d: the set-root command invalidates all caches itself", NULL },
	{ "vtd.scalable", CFG_BOOL, K(vtd_scalable), 1, 0, 0, "", "VT-d: scalable mode, root changes also need the PASID cache", NULL },
	{ "vtd.mamv", CFG_U32, K(vtd_mamv), 18, 0, 63, "", "VT-d: largest address mask of page-selective invalidation", NULL },
	{ "atc.nopasid_inv_scope", CFG_ENUM, K(nopasid_inv_scope), 0, 0, 2, "", "what an ATC command without PASID removes",
	  "arch|own|all" },
	{ "nest.atc", CFG_ENUM, K(nest_atc), 0, 0, 2, "", "who invalidates ATCs for a guest", "arch|hidden|forwarded" },
	{ "inv.superpage_any_addr", CFG_ENUM, K(superpage_any_addr), 0, 0, 2, "", "any address of a superpage removes all of it",
	  "arch|no|yes" },
	{ "smmu.range_inv", CFG_BOOL, K(smmu_range_inv), 1, 0, 0, "", "SMMUv3: range invalidation is supported", NULL },
	{ "sw_timeout_ok", CFG_BOOL, K(sw_timeout_ok), 0, 0, 0, "", "a wait that software gave up counts as completed", NULL },
	{ "prq.drain", CFG_BOOL, K(prq_drain), 1, 0, 0, "", "the unit can drain page requests", NULL },
	{ "profile.extra_inv", CFG_STR, K(extra_inv), 0, 0, 0, "", "requesters that need each ATC invalidation twice", NULL },
	{ "profile.sync_each", CFG_STR, K(sync_each), 0, 0, 0, "",
	  "commands (TLBINV, CFGINV, ATCINV) behind which a sync must stand at once", NULL },
	{ "overinv_factor", CFG_U32, K(overinv_factor), 64, 1, UINT32_MAX, "", "report a flush of more than this many times what changed",
	  NULL },
	{ NULL, 0, 0, 0, 0, 0, NULL, NULL, NULL },
};
bool ord_knob_set(struct ord_knobs *k, const char *key, const char *text, struct err *e)
{
	const struct cfg_opt *o = cfg_find(ord_knob_opts, key);
	bool digit = (*text == '0' || *text == '1') && !text[1];

	if (o && digit && o->type == CFG_BOOL)
		text = *text == '1' ? "true" : "false";
	else if (o && digit && o->type == CFG_ENUM && o->off == K(superpage_any_addr))
		text = *text == '1' ? "yes" : "no";
	return cfg_set(ord_knob_opts, k, key, text, e);
}
bool ord_knob_take(struct ord_knobs *k, const char *text, struct err *e)
{
	char key[64];
	const char *eq = strchr(text, '=');

	if (!eq || (size_t)(eq - text) >= sizeof(key))
		return err_set(e, ERR_INPUT, "knob \"%.100s\": expected KEY=VALUE", text);
	snprintf(key, sizeof(key), "%.*s", (int)(eq - text), text);
	return ord_knob_set(k, key, eq + 1, e);
}
static bool family_on(const struct ord_chk *c, unsigned f)
{
	static const uint8_t arch[ORD_FAMS] = { [ORD_FAM_VTD] = ORD_VTD, [ORD_FAM_SMM] = ORD_SMMUV3, [ORD_FAM_AMD] = ORD_AMDVI };

	return !arch[f] || arch[f] == c->arch;
}
void ord_oom(struct ord_chk *c)
{
	c->failed = true;
}
enum ord_arch ord_arch_of(const struct ord_chk *c)
{
	return c->arch;
}
const struct ord_knobs *ord_knobs_of(const struct ord_chk *c)
{
	return &c->k;
}
uint64_t ord_seq(const struct ord_chk *c)
{
	return c->seq;
}
struct ord_names *ord_names(struct ord_chk *c)
{
	return &c->names;
}
void *ord_alloc(struct ord_chk *c, size_t n)
{
	void *p = calloc(1, n);

	if (!p)
		ord_oom(c);
	else
		c->fam_bytes += n;
	return p;
}
void ord_release(struct ord_chk *c, void *p, size_t n)
{
	if (p)
		c->fam_bytes -= n;
	free(p);
}
bool ord_rid_in(const char *list, uint32_t rid)
{
	char id[32];

	if (!list || !*list)
		return false;
	if (!strcmp(list, "all"))
		return true;
	ord_print_rid(id, sizeof(id), rid, ORD_NONE, NULL);
	for (const char *p = list; (p = strstr(p, id)); p++)
		if ((p == list || p[-1] == ',') && (!p[strlen(id)] || p[strlen(id)] == ','))
			return true;
	return false;
}
struct ord_chk *ord_open(enum ord_arch a, const struct ord_knobs *k, ord_report_fn report, void *ctx, struct err *e)
{
	struct ord_chk *c = calloc(1, sizeof(*c));

	if (!c) {
		err_set(e, ERR_MACHINE, "no memory for the ordering checker");
		return NULL;
	}
	c->arch = a;
	c->k = *k;
	c->report = report;
	c->ctx = ctx;
	c->wild.unit = ORD_ANY_UNIT;
	c->wild.dom = ORD_NONE;
	c->p_leaf.size = sizeof(struct ord_leafs);
	c->p_obl.size = sizeof(struct ord_obl);
	c->p_org.size = sizeof(struct ord_org);
	c->p_att.size = sizeof(struct ord_atx);
	c->p_wait.size = sizeof(struct ord_wait);
	c->p_table.size = sizeof(struct ord_table);
	c->p_head.size = sizeof(struct ord_head);
	c->p_sub.size = sizeof(struct ord_sub);
	for (unsigned i = 0; i < ORD_FAMS; i++)
		if (families[i]->state && !(c->fam[i] = ord_alloc(c, families[i]->state))) {
			ord_close(c);
			err_set(e, ERR_MACHINE, "no memory for the ordering checker");
			return NULL;
		}
	return c;
}
static void apply(struct ord_chk *c, const struct ord_ev *e)
{
	ord_rel_event(c, e);
	switch (e->op) {
	case ORD_PTE_SET:
	case ORD_PTE_CLR:
	case ORD_PTE_MOD:
	case ORD_PT_LINK:
	case ORD_PT_UNLINK:
		ord_pte_event(c, e);
		return;
	case ORD_CFG_WR:
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
	case ORD_CFG_CLR:
		ord_cfg_event(c, e);
		return;
	case ORD_DEV_CFG:
	case ORD_DEV_STOP:
	case ORD_DEV_RST:
	case ORD_DEV_GONE:
		ord_dev_event(c, e);
		return;
	case ORD_CFGINV:
	case ORD_TLBINV:
	case ORD_ATCINV:
		ord_cmd_event(c, e);
		return;
	case ORD_CLFLUSH:
		ord_obl_flush_event(c, e);
		return;
	default:
		ord_queue_event(c, e);
	}
}
bool ord_event(struct ord_chk *c, const struct ord_ev *e, struct err *err)
{
	c->seq++;
	c->st.events++;
	c->seen |= UINT64_C(1) << e->op;
	if (e->op == ORD_CFG_WR && e->has & ORD_HAS(V)) /* a store that makes the entry valid, or ends it */
		c->seen |= e->v[ORD_KEY_V] ? ORD_BIT(CFG_SET) : ORD_BIT(CFG_CLR);
	for (unsigned i = 0; i < ORD_FAMS; i++)
		if (families[i]->before && family_on(c, i))
			families[i]->before(c, c->fam[i], e);
	if (!e->guest)
		apply(c, e);
	for (unsigned i = 0; i < ORD_FAMS; i++)
		if (families[i]->after && family_on(c, i))
			families[i]->after(c, c->fam[i], e);
	if (UNLIKELY(c->failed || c->v.failed || c->v2.failed))
		return err_set(err, ERR_MACHINE, "no memory for the ordering checker");
	return true;
}
bool ord_finish(struct ord_chk *c, struct err *err)
{
	ord_rel_finish(c);
	for (unsigned i = 0; i < ORD_FAMS; i++)
		if (families[i]->finish && family_on(c, i))
			families[i]->finish(c, c->fam[i]);
	return !c->failed || err_set(err, ERR_MACHINE, "no memory for the ordering checker");
}
void ord_close(struct ord_chk *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < ORD_FAMS; i++) {
		if (families[i]->close && c->fam[i])
			families[i]->close(c, c->fam[i]);
		free(c->fam[i]);
	}
	ord_rel_close(c);
	ord_att_close(c);
	ord_queue_close(c);
	ord_pool_free(&c->p_leaf);
	ord_pool_free(&c->p_obl);
	ord_pool_free(&c->p_org);
	ord_pool_free(&c->p_att);
	ord_pool_free(&c->p_wait);
	ord_pool_free(&c->p_table);
	ord_pool_free(&c->p_head);
	ord_pool_free(&c->p_sub);
	ord_map_free(&c->subs);
	ord_map_free(&c->index);
	free(c->v.p);
	free(c->v2.p);
	ord_names_free(&c->names);
	free(c);
}
void ord_stats(const struct ord_chk *c, struct ord_stats *s)
{
	*s = c->st;
	s->bytes = sizeof(*c) + c->p_leaf.bytes + c->p_obl.bytes + c->p_org.bytes + c->p_att.bytes + c->p_wait.bytes + c->p_table.bytes +
	           c->p_head.bytes + c->p_sub.bytes + c->fam_bytes + c->names.tcap + c->names.cap * 4u + c->names.hcap * 4u +
	           (c->v.cap + c->v2.cap + c->cap_att) * sizeof(void *) +
	           (c->doms.cap + c->devs.cap + c->atts.cap + c->queues.cap + c->tags.cap + c->waits.cap + c->tables.cap + c->subs.cap +
	            c->index.cap) *
	               16 +
	           c->cap_named + c->all_doms.n * sizeof(struct ord_dom) + c->all_devs.n * sizeof(struct ord_devx) +
	           c->all_tags.n * sizeof(struct ord_tags);
}
void ord_refine(struct ord_chk *c, struct ord_blame *b)
{
	for (unsigned i = 0; i < ORD_FAMS; i++)
		if (families[i]->refine && family_on(c, i))
			families[i]->refine(c, c->fam[i], b);
}
void ord_emit(struct ord_chk *c, struct ord_finding *f)
{
	if (c->excluded[f->rule])
		return;
	if (c->hold) {
		ord_hold(c, f);
		return;
	}
	c->st.findings++;
	if (c->report)
		c->report(c->ctx, f);
}
static void emit(struct ord_chk *c, struct ord_finding *f, const char *fmt, va_list ap)
{
	char text[600];

	vsnprintf(text, sizeof(text), fmt, ap);
	f->what = text;
	ord_emit(c, f);
	f->what = NULL;
}
void ord_report(struct ord_chk *c, enum ord_rule_id r, enum ord_verdict v, const struct ord_ev *e, const char *right, const char *fmt, ...)
{
	struct ord_finding f = { .verdict = v,
		                 .rule = r,
		                 .severity = ord_rules[r].severity,
		                 .line = e ? e->line : c->line,
		                 .op = e ? e->op : ORD_END,
		                 .unit = e ? e->unit : 0,
		                 .right = right };
	va_list ap;

	va_start(ap, fmt);
	emit(c, &f, fmt, ap);
	va_end(ap);
}
void ord_report_as(struct ord_chk *c, enum ord_rule_id r, enum ord_verdict v, enum ord_severity s, double factor, uint64_t line, uint8_t op,
                   const char *right, const char *fmt, ...)
{
	struct ord_finding f = { .verdict = v, .rule = r, .severity = s, .line = line, .op = op, .factor = factor, .right = right };
	va_list ap;

	va_start(ap, fmt);
	emit(c, &f, fmt, ap);
	va_end(ap);
}
bool ord_applies(const struct ord_chk *c, enum ord_rule_id r)
{
	return family_on(c, ord_rules[r].family);
}
bool ord_decidable(const struct ord_chk *c, enum ord_rule_id r)
{
	return ord_applies(c, r) && !c->excluded[r] && (c->seen & ord_rules[r].needs) == ord_rules[r].needs;
}
uint64_t ord_missing(const struct ord_chk *c, enum ord_rule_id r)
{
	return ord_rules[r].needs & ~c->seen;
}
void ord_exclude(struct ord_chk *c, enum ord_rule_id r)
{
	c->excluded[r] = true;
}
static bool is_open_tlb(void *ctx, struct ord_itn *n)
{
	const struct ord_obl *o = container_of(n, struct ord_obl, dom_n);

	(void)ctx;
	return o->what == ORD_O_TLB && !o->np;
}
bool ord_open_atc(struct ord_chk *c, uint32_t rid)
{
	const struct ord_devx *d = ord_devx_of(c, rid, false);

	return d && d->n_atc;
}
bool ord_open_tlb(struct ord_chk *c, uint32_t d)
{
	const struct ord_dom *dom = d ? ord_dom_of(c, d, false) : NULL;

	return dom && ord_it_any(dom->obls, 0, UINT64_MAX, is_open_tlb, NULL);
}
