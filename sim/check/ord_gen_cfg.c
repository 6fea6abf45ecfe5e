/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_gen_cfg.c - rules of the ordering checker on tables and configuration entries: GEN-ORD-10 (complete before linked), 12 (no torn
 * entry), 19 (flush lists), 26 (required mappings), 27 (change of owner), and the names they have for one architecture. Torn entries are
 * judged by the words and marks the events carry (qw, v, unused), not by the content of the words.
 */
#include <stdlib.h>
#include <string.h>
#include "check/ord_gen.h"

static uint64_t entry_key(const struct ord_ev *e)
{
	return ((uint64_t)e->unit << 56 | (uint64_t)e->kind << 52 | (uint64_t)(e->rid & 0x3fffffff) << 21 | (e->pasid & 0x1fffff)) ^
	       (uint64_t)(e->rid >> 31) << 51;
}
/* ---- GEN-ORD-10: content first, then the link ---- */

static bool table_named(const struct ord_ev *e, uint64_t *pa)
{
	if (e->op == ORD_PT_LINK || e->op == ORD_TBL_WR || e->op == ORD_CLFLUSH || e->op == ORD_PT_FREE || e->op == ORD_PT_UNLINK) {
		*pa = e->pa;
		return e->have & ORD_P_PAGE;
	}
	*pa = ord_val(e, ORD_KEY_TBL, ord_val(e, ORD_KEY_ROOT, 0));
	return e->has & (ORD_HAS(TBL) | ORD_HAS(ROOT));
}
static void report_link(struct ord_chk *c, const struct gen_table *t, const char *what)
{
	enum ord_rule_id r = ORD_GEN_10;
	bool vtd = c->arch == ORD_VTD && (t->link_kind == ORD_K_PASIDDIR || t->link_kind == ORD_K_PASIDE || t->link_kind == ORD_K_CTX);

	if (vtd)
		r = ORD_VTD_06;
	else if (c->arch == ORD_SMMUV3 && t->link_kind == ORD_K_L1STD)
		r = ORD_SMM_03;
	else if (c->arch == ORD_SMMUV3 && t->link_kind == ORD_K_L1CD)
		r = ORD_SMM_05;
	ord_report_as(c, r, ORD_VIOLATION, (enum ord_severity)ord_rules[r].severity, 0, t->link_line, t->link_op,
	              "the table's content, made visible, before the entry that points to it", "%s", what);
}
static void table_rules(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	struct gen_table *t;
	uint64_t pa;

	if (!table_named(e, &pa))
		return;
	t = gen_get(c, &s->tables, &s->tables_v, pa, sizeof(*t));
	if (!t)
		return;
	t->pa = pa;
	switch (e->op) {
	case ORD_TBL_WR:
		if (t->link_line)
			report_link(c, t, "the table is initialised only after it was linked");
		t->write_line = e->line;
		t->dirty = !c->k.coherent_walk;
		return;
	case ORD_CLFLUSH:
		t->dirty = false;
		return;
	case ORD_PT_UNLINK:
	case ORD_PT_FREE:
		t->link_line = 0;
		return;
	}
	t->link_line = e->line;
	t->link_op = e->op;
	t->link_kind = e->kind;
	if (t->dirty)
		report_link(c, t, "the table is linked before its content is written back");
}
/* A bare write-back makes every table visible. */
static void flush_all(struct gen_state *s)
{
	for (size_t i = 0; i < s->tables_v.n; i++)
		((struct gen_table *)s->tables_v.p[i])->dirty = false;
}
/* ---- GEN-ORD-12: torn entries ---- */

const struct ord_obl *ord_cfg_open(struct ord_chk *c, const struct ord_ev *e)
{
	for (const struct ord_obl *o = c->cfg[ord_bucket(e->rid)]; o; o = o->bucket)
		if (o->rid == e->rid && o->pasid == e->pasid && o->kind == e->kind && o->unit == e->unit && !o->np)
			return o;
	for (size_t i = 0; i < c->all_queues.n; i++)
		for (const struct ord_obl *o = ((struct ord_queue *)c->all_queues.p[i])->tail; o; o = o->prev)
			if (o->what == ORD_O_CFG && o->rid == e->rid && o->pasid == e->pasid && o->kind == e->kind && o->unit == e->unit &&
			    !o->np)
				return o;
	return NULL;
}
static void report_torn(struct ord_chk *c, const struct ord_ev *e, const struct gen_entry *w, uint64_t line, bool clearing)
{
	enum ord_rule_id r = ORD_GEN_12;
	struct ord_finding f = {
		.verdict = ORD_VIOLATION,
		.line = line,
		.op = e->op,
		.unit = e->unit,
		.what = clearing ? "the other words of an entry change while it may still be cached as valid"
		                 : "an entry in use is changed by several stores: hardware may see a mix of old and new",
		.right = "the valid bit cleared alone, the entry's invalidation complete, the other words, the valid bit last"
	};

	if (c->arch == ORD_VTD)
		r = clearing || (e->has & ORD_HAS(V) && !e->v[ORD_KEY_V]) ? ORD_VTD_03 : w && w->valid_first ? ORD_VTD_05 : ORD_VTD_20;
	else if (c->arch == ORD_SMMUV3)
		r = e->kind == ORD_K_CD ? ORD_SMM_04 : w && w->valid_first && !clearing ? ORD_SMM_02 : ORD_SMM_01;
	else if (c->arch == ORD_AMDVI && e->kind == ORD_K_DTE)
		r = ORD_AMD_01;
	f.rule = r;
	f.severity = ord_rules[r].severity;
	if (r != ORD_GEN_12)
		f.also[f.n_also++] = ORD_GEN_12;
	if (r == ORD_VTD_20 && e->kind == ORD_K_PASIDE)
		f.also[f.n_also++] = ORD_VTD_03;
	if (r == ORD_VTD_05 || r == ORD_VTD_03)
		f.also[f.n_also++] = ORD_VTD_20;
	if (r == ORD_SMM_02)
		f.also[f.n_also++] = ORD_SMM_01;
	if (f.severity > ORD_CRITICAL && r == ORD_VTD_05)
		f.severity = ord_rules[ORD_GEN_12].severity;
	ord_emit(c, &f);
}
static void torn_rules(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	uint64_t qw = ord_val(e, ORD_KEY_QW, 1), mask = qw & 0xffff, key = entry_key(e);
	bool many = (mask & (mask - 1)) && !(e->flags & ORD_F(ATOMIC)), v = e->has & ORD_HAS(V);
	struct ord_att *a = ord_att_find(c, e->unit, e->kind, e->rid, e->pasid);
	struct gen_entry *w;

	if (e->flags & ORD_F(UNUSED))
		return;
	w = gen_get(c, &s->entries, &s->entries_v, key, sizeof(*w));
	if (!w)
		return;
	if (a && a->live && many) {
		report_torn(c, e, NULL, e->line, false);
		w->line = 0;
		return;
	}
	if (a && !a->live && !v && ord_cfg_open(c, e)) {
		report_torn(c, e, w, e->line, true);
		w->line = 0;
		return;
	}
	if (w->line && !(a && a->live)) /* blocked meanwhile */
		w->line = 0;
	if (w->line && !ord_cfg_open(c, e) && !w->valid_first)
		w->line = 0;
	if (v && !e->v[ORD_KEY_V]) {
		w->line = 0;
		return;
	}
	if (w->line && !(mask & w->mask)) {
		report_torn(c, e, w, w->line, false);
		w->line = 0;
		return;
	}
	if ((a && a->live) || v)
		*w = (struct gen_entry){ e->line, mask, e->unit, e->kind, e->rid, e->pasid, v && !(a && a->live) };
}
/* ---- GEN-ORD-19: flush lists ---- */

static uint64_t list_key(uint32_t d, uint32_t rid)
{
	return (uint64_t)d << 32 | (rid == ORD_NONE ? 0x7fffffff : rid);
}
static const struct ord_atx *user(struct ord_chk *c, const struct ord_ev *e, bool live)
{
	struct ord_dom *d = ord_dom_of(c, e->d, false);

	for (const struct ord_atx *a = d ? d->atts : NULL; a; a = a->next_d)
		if ((e->rid == ORD_NONE || a->a.rid == e->rid) && (e->pasid == ORD_NONE || a->a.pasid == e->pasid) &&
		    (a->a.live || (!live && a->open)))
			return a;
	return NULL;
}
static void list_rules(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	static char in, out; /* two distinct addresses: the states of a list member */
	void *was = ord_map_get(&s->lists, list_key(e->d, e->rid));
	const struct ord_atx *a;
	struct ord_dom *d;

	if (e->op == ORD_DOM_DEL && e->flags & ORD_F(PROMISED)) /* it only leaves the list of ATC invalidations */
		return;
	switch (e->op) {
	case ORD_DOM_ADD:
		s->unlisted -= was == &out;
		if (!ord_map_put(&s->lists, list_key(e->d, e->rid), &in))
			ord_oom(c);
		a = was ? NULL : user(c, e, true);
		if (a)
			ord_report(c, ORD_GEN_19, ORD_HAZARD, e, "into the list before the entry becomes valid",
			           "the requester could translate since line %llu and enters the flush list only now",
			           (unsigned long long)a->a.line);
		return;
	case ORD_DOM_DEL:
		s->unlisted += was != &out;
		if (!ord_map_put(&s->lists, list_key(e->d, e->rid), &out))
			ord_oom(c);
		a = user(c, e, false);
		if (a)
			ord_report(c, ORD_GEN_19, a->a.live ? ORD_HAZARD : ORD_VIOLATION, e,
			           "out of the list after the entry is cleared, flushed and waited for",
			           "the requester leaves the flush list while it may still translate");
		return;
	case ORD_PTE_CLR:
		d = s->unlisted ? ord_dom_of(c, e->d, false) : NULL;
		for (a = d ? d->atts : NULL; a; a = a->next_d)
			if (ord_map_get(&s->lists, list_key(e->d, a->a.rid)) == &out && (a->a.live || !a->blocked_done)) {
				ord_report(c, ORD_GEN_19, ORD_VIOLATION, e,
				           "out of the list after the entry is cleared, flushed and waited for",
				           "a leaf is cleared that a requester can still use which is in no flush list any more");
				return;
			}
		return;
	}
}
/* ---- GEN-ORD-26: required mappings ---- */

static bool covered(struct ord_chk *c, uint32_t dom, uint64_t lo, uint64_t last)
{
	struct ord_dom *d = dom ? ord_dom_of(c, dom, false) : NULL;
	uint64_t at = lo;

	c->v2.n = 0;
	ord_it_all(d ? d->leaves : NULL, lo, last, &c->v2);
	for (size_t i = 0; i < c->v2.n; i++) {
		const struct ord_itn *n = c->v2.p[i];

		if (n->lo > at)
			return false;
		if (n->last >= last)
			return true;
		at = n->last + 1;
	}
	return false;
}
static void need_rules(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	struct gen_need *n;

	if (e->op == ORD_REQUIRE) {
		n = ord_alloc(c, sizeof(*n));
		if (!n)
			return;
		*n = (struct gen_need){ s->needs, e->rid, e->lo, e->last };
		s->needs = n;
		return;
	}
	for (n = s->needs; n; n = n->next) {
		struct ord_devx *dev = ord_devx_of(c, n->rid, false);
		bool pte = e->op == ORD_PTE_CLR || e->op == ORD_PTE_MOD || e->op == ORD_PT_UNLINK;

		if (pte ? e->lo > n->last || e->last < n->lo : e->rid != n->rid)
			continue;
		for (const struct ord_atx *a = dev ? dev->atts : NULL; a; a = a->next_rid) {
			if (!a->a.d || (a->a.pasid && a->a.pasid != ORD_NONE) || (pte ? a->a.d != e->d : !a->a.live) ||
			    (!a->a.live && a->blocked_done))
				continue;
			if (covered(c, a->a.d, n->lo, n->last))
				continue;
			ord_report(c, ORD_GEN_26, ORD_VIOLATION, e,
			           "the mapping in the new table before the switch, in the old one until the entry is flushed",
			           "the device needs a range that the page table its entry names does not map");
			return;
		}
	}
}
/* ---- GEN-ORD-27: change of owner ---- */

static void owner_rules(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	uint64_t key = (uint64_t)e->rid << 32 | e->pasid;
	struct gen_owner *o = ord_map_get(&s->owners, key);
	struct ord_att *a;
	struct ord_devx *dev;
	bool open = false;

	if (e->op == ORD_DEV_STOP || (e->op == ORD_DEV_RST && e->flags & ORD_F(END))) {
		for (size_t i = 0; i < s->owners_v.n; i++) {
			o = s->owners_v.p[i];
			if (o->rid != e->rid || (e->pasid != ORD_NONE && o->pasid != e->pasid))
				continue;
			o->quiet = true;
			o->loose = false;
		}
		return;
	}
	if (e->op == ORD_DMA) {
		if (o && o->loose && !(e->flags & ORD_F(FAULT)))
			ord_report(c, ORD_GEN_27, ORD_MANIFEST, e, "the device reset or stopped before the new owner's entry",
			           "a DMA that the old owner may have started reaches the new owner's memory");
		return;
	}
	if (!(e->has & ORD_HAS(OWNER)))
		return;
	if (!o)
		o = gen_get(c, &s->owners, &s->owners_v, key, sizeof(*o));
	if (!o)
		return;
	o->rid = e->rid;
	o->pasid = e->pasid;
	if (o->owner && o->owner != e->v[ORD_KEY_OWNER]) {
		a = ord_att_find(c, e->unit, e->kind, e->rid, e->pasid);
		dev = ord_devx_of(c, e->rid, false);
		for (const struct ord_atx *x = dev ? dev->atts : NULL; x; x = x->next_rid)
			open |= !x->a.live && x->open && x->a.pasid == e->pasid;
		if ((a && a->live) || open || !o->quiet)
			ord_report(c, ORD_GEN_27, ORD_VIOLATION, e,
			           "a blocking entry, its flush chain complete, the device reset or stopped, then the new owner",
			           "the requester goes from %s to %s %s", ord_name_text(&c->names, o->owner),
			           ord_name_text(&c->names, (uint32_t)e->v[ORD_KEY_OWNER]),
			           a && a->live ? "without a blocking entry between"
			           : open       ? "before the flushes of the old entry are complete"
			                        : "without being stopped or reset");
	}
	o->loose = o->owner && o->owner != e->v[ORD_KEY_OWNER] && !o->quiet;
	o->owner = (uint32_t)e->v[ORD_KEY_OWNER];
	o->quiet = false;
}
void gen_cfg_before(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	switch (e->op) {
	case ORD_CFG_WR:
		torn_rules(c, s, e);
		owner_rules(c, s, e);
		return;
	case ORD_DMA:
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
	case ORD_DEV_STOP:
	case ORD_DEV_RST:
		owner_rules(c, s, e);
		return;
	case ORD_DOM_ADD:
	case ORD_DOM_DEL:
	case ORD_PTE_CLR:
		list_rules(c, s, e);
		return;
	}
}
void gen_cfg_after(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e)
{
	switch (e->op) {
	case ORD_CLFLUSH:
		if (!(e->have & (ORD_P_PAGE | ORD_P_DOM | ORD_P_QUEUE)) && !e->kind) {
			flush_all(s);
			return;
		}
		table_rules(c, s, e);
		return;
	case ORD_TBL_WR:
	case ORD_PT_LINK:
	case ORD_PT_FREE:
		table_rules(c, s, e);
		return;
	case ORD_PT_UNLINK:
		table_rules(c, s, e);
		need_rules(c, s, e);
		return;
	case ORD_REQUIRE:
	case ORD_PTE_CLR:
		need_rules(c, s, e);
		return;
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
	case ORD_CFG_WR:
		table_rules(c, s, e);
		need_rules(c, s, e);
		return;
	}
}
void gen_cfg_close(struct ord_chk *c, struct gen_state *s)
{
	struct ord_vec *const all[] = { &s->tables_v, &s->entries_v, &s->owners_v };
	struct ord_map *const maps[] = { &s->tables, &s->entries, &s->owners, &s->lists };

	(void)c;
	for (size_t k = 0; k < ARRAY_LEN(all); k++) {
		for (size_t i = 0; i < all[k]->n; i++)
			free(all[k]->p[i]);
		free(all[k]->p);
	}
	for (size_t k = 0; k < ARRAY_LEN(maps); k++)
		ord_map_free(maps[k]);
	while (s->needs) {
		struct gen_need *next = s->needs->next;

		free(s->needs);
		s->needs = next;
	}
}
