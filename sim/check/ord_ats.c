/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_ats.c - rules of the ordering checker: family ATS (translation service and its caches in devices). Statements: ord_rules.def.
 * Modelled: order of enabling and disabling (endpoint, flush list, entry), resets and absence, and the rules that name an ATC obligation left open
 * at a release. AMD-ORD-11 is told here too: it is the same order with the DTE's bit.
 * Commands, completions and writes behind them: ord_ats_inv.c.
 */
#include "check/ord_ats.h"

struct fn *ats_fn(struct ord_chk *c, struct ats *s, uint32_t rid)
{
	return ord_tab_put(c, &s->fns, rid, 0, sizeof(struct fn));
}
static bool by_queue(struct ord_chk *c)
{
	return ord_arch_of(c) != ORD_SMMUV3;
}
/* Does the entry at requester level say whether ATS is permitted? -1: it says nothing. */
static int permits(const struct ord_ev *e)
{
	if (e->has & ORD_HAS(EATS))
		return e->v[ORD_KEY_EATS] != 0;
	return e->has & ORD_HAS(ATS) ? e->v[ORD_KEY_ATS] != 0 : -1;
}
static bool rid_level(const struct ord_ev *e)
{
	return e->kind == ORD_K_CTX || e->kind == ORD_K_STE || e->kind == ORD_K_DTE;
}
/* ATS-ORD-04 and on AMD-Vi AMD-ORD-11: the entry denies before the endpoint stops. */
static void report_order(struct ord_chk *c, enum ord_rule_id r, const struct ord_ev *e, const char *right, const char *what)
{
	ord_report(c, r, ORD_VIOLATION, e, right, "%s", what);
	if (ord_arch_of(c) == ORD_AMDVI)
		ord_report(c, ORD_AMD_11, ORD_VIOLATION, e, right, "%s", what);
}
static void entry(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	struct ord_dev *dev = ord_dev(c, e->rid, false);
	int p = e->op == ORD_CFG_CLR ? 0 : permits(e);
	struct fn *f;

	if (!rid_level(e) || !(e->have & ORD_P_RID))
		return;
	f = ats_fn(c, s, e->rid);
	if (!f)
		return;
	f->many |= f->placed && f->unit != e->unit;
	f->placed = true;
	f->unit = e->unit;
	if (p < 0)
		return;
	f->change_seq = ord_seq(c);
	f->change_inv_seq = 0;
	if (p) {
		bool first = !f->permit_seq;

		f->permit_seq = ord_seq(c);
		f->deny_seq = 0;
		if (first && f->on_seq && dev && dev->ats && !f->told_unlisted && e->op == ORD_CFG_MOD) {
			report_order(c, ORD_ATS_03, &(struct ord_ev){ .op = ORD_DEV_CFG, .line = f->on_line, .unit = e->unit },
				     "list membership, the entry permits and is flushed, then E=1", "ATS was enabled in the device before its entry permitted it");
			f->on_seq = 0;
		}
		return;
	}
	if (dev && dev->ats && !f->itmo_seq && s->timeout_seq <= f->on_seq && !f->deny_seq) { /* after a timeout it is a fence */
		f->deny_seq = ord_seq(c);
		f->deny_line = e->line;
		f->deny_op = e->op;
	}
	f->permit_seq = 0;
	if (e->op != ORD_CFG_CLR && dev && !dev->ats && !by_queue(c) && f->off_seq && !(f->inv_seq > f->off_seq && ord_done_since(c, f->inv_q, f->inv_seq)))
		report_order(c, ORD_ATS_04, e, "E=0, ATC_INV all, SYNC, then the denying entry",
			     "the entry denies ATS before the device's cache was emptied");
}
static bool change_done(struct ord_chk *c, const struct ats *s, const struct fn *f)
{
	if (f->change_inv_seq > f->change_seq && ord_done_since(c, f->change_q, f->change_inv_seq))
		return true;
	for (unsigned i = 0; i < GINV; i++)
		if (s->ginv[f->unit][i].seq > f->change_seq && ord_done_since(c, s->ginv[f->unit][i].q, s->ginv[f->unit][i].seq))
			return true;
	return false;
}
static void enable(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	struct fn *f = ats_fn(c, s, e->rid);
	const char *right = "list membership, the entry permits and is flushed, then E=1";

	if (!f)
		return;
	f->on_seq = ord_seq(c);
	f->on_line = e->line;
	f->off_seq = f->deny_seq = 0;
	f->told_unlisted = false;
	if (f->listed && !f->listed_ats) {
		report_order(c, ORD_ATS_03, e, right, "ATS is enabled in the device, but its domain's flush list does not know it as an ATS user");
		f->told_unlisted = true;
	} else if (f->permit_seq && !change_done(c, s, f)) {
		report_order(c, ORD_ATS_03, e, right, "ATS is enabled before the configuration invalidation for the permitting entry is done");
	}
}
static void disable(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	struct fn *f = ats_fn(c, s, e->rid);

	if (!f)
		return;
	f->off_seq = ord_seq(c);
	f->on_seq = 0;
	if (f->deny_seq)
		report_order(c, ORD_ATS_04, &(struct ord_ev){ .op = f->deny_op, .line = f->deny_line, .unit = e->unit },
			     "E=0, ATC invalidation of everything, wait, then the denying entry", "the entry denied ATS while it was still on in the device");
	f->deny_seq = 0;
}
/* ATS-ORD-05: order of the capabilities; the state is the one before this event. */
static void capabilities(struct ord_chk *c, const struct ord_ev *e, const struct ord_dev *d)
{
	int ats = (int)ord_val(e, ORD_KEY_DEV_ATS, d && d->ats), had = d && d->ats;
	const struct ord_dev *pf;
	const char *what = NULL;

	if ((e->has & ORD_HAS(DEV_PASID)) && had && ats && e->v[ORD_KEY_DEV_PASID] != d->pasid_on)
		what = "PASID is switched while ATS is on";
	else if (ord_val(e, ORD_KEY_DEV_PRI, 0) && !ats)
		what = "page requests are enabled before ATS";
	else if ((e->has & ORD_HAS(DEV_STU)) && had && e->v[ORD_KEY_DEV_STU] != d->stu)
		what = "the smallest translation unit is written while ATS is on";
	pf = ats && d && d->pf != ORD_NONE ? ord_dev(c, d->pf, false) : NULL;
	if (!what && pf && pf->ats && ord_val(e, ORD_KEY_DEV_STU, d->stu) != pf->stu)
		what = "the smallest translation unit differs from that of the physical function";
	if (what)
		ord_report(c, ORD_ATS_05, ORD_VIOLATION, e, "PASID, then ATS, then PRI; STU only while ATS is off; back in reverse order", "%s", what);
}
static void device(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	const struct ord_dev *d = ord_dev(c, e->rid, false);

	capabilities(c, e, d);
	if (e->has & ORD_HAS(DEV_QDEP)) {
		struct fn *f = ats_fn(c, s, e->rid);

		if (f)
			f->qdep = (uint32_t)(e->v[ORD_KEY_DEV_QDEP] & 0xffff) + 1;
	}
	if (!(e->has & ORD_HAS(DEV_ATS)))
		return;
	if (e->v[ORD_KEY_DEV_ATS] && !(d && d->ats))
		enable(c, s, e);
	else if (!e->v[ORD_KEY_DEV_ATS] && d && d->ats)
		disable(c, s, e);
}
/* Has the entry been made to deny, with the invalidation of that not done? */
static bool denied_open(struct ord_chk *c, const struct ats *s, const struct fn *f)
{
	return f->change_seq && !f->permit_seq && !change_done(c, s, f);
}
static void list_add(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	struct fn *f = e->have & ORD_P_RID ? ats_fn(c, s, e->rid) : NULL;
	struct member *m = f ? ord_tab_put(c, &s->members, e->d, (uint64_t)e->rid << 32 | e->pasid, sizeof(*m)) : NULL;
	bool ats = (e->flags & ORD_F(PROMISED)) != 0;

	if (!m)
		return;
	f->listed += !m->listed;
	f->listed_ats += ats && !m->ats;
	m->listed = true;
	m->ats |= ats;
}
static void list_del(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	struct fn *f = e->have & ORD_P_RID ? ord_tab_get(&s->fns, e->rid, 0) : NULL;
	struct member *m = ord_tab_get(&s->members, e->d, (uint64_t)e->rid << 32 | e->pasid);
	const struct ord_dev *d = ord_dev(c, e->rid, false);

	if (!f)
		return;
	if (f->off_seq && d && !d->fenced && !d->gone && d->ats_ever && !(f->inv_seq > f->off_seq && ord_done_since(c, f->inv_q, f->inv_seq)))
		report_order(c, ORD_ATS_04, e, "E=0, ATC invalidation of everything and its wait, then leave the list",
			     "the device leaves the flush list before its cache was emptied");
	else if (f->off_seq && d && !d->gone && denied_open(c, s, f))
		report_order(c, ORD_ATS_04, e, "the denying entry, its invalidation and wait, then leave the list",
			     "the device leaves the flush list before the invalidation of the denying entry is done");
	if (!m)
		return;
	f->listed_ats -= m->ats;
	m->ats = false;
	if (!(e->flags & ORD_F(PROMISED))) { /* "ats": it stays in the list, without ATC invalidations */
		f->listed--;
		ord_tab_del(&s->members, e->d, (uint64_t)e->rid << 32 | e->pasid);
	}
}
static void config_inv(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	struct fn *f = e->have & ORD_P_RID ? ord_tab_get(&s->fns, e->rid, 0) : NULL;

	if (e->kind != ORD_K_ALL && e->kind != ORD_K_NONE && !rid_level(e))
		return;
	if (!(e->have & ORD_P_RID)) {
		s->ginv[e->unit][s->next_ginv[e->unit]++ % GINV] = (struct ginv){ ord_seq(c), ord_queue_id(c, e) };
	} else if (f && f->change_seq && f->change_inv_seq <= f->change_seq && f->unit == e->unit) {
		f->change_inv_seq = ord_seq(c);
		f->change_q = ord_queue_id(c, e);
	}
}
static void reset(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	const struct ord_dev *d = ord_dev(c, e->rid, false);
	struct fn *f = ats_fn(c, s, e->rid);
	size_t i = 0;
	bool live = false;

	for (struct ord_att *a; !live && d && d->ats && (a = ord_att_each(c, &i));)
		live = a->rid == e->rid && a->live && a->type != ORD_T_BLOCK && a->d;
	live |= f && d && d->ats_ever && denied_open(c, s, f);
	if ((e->flags & ORD_F(BEG)) && live)
		ord_report(c, ORD_ATS_09, ORD_VIOLATION, e, "block the entry, flush, invalidate the ATC, wait, then reset",
			   "the reset begins with ATS on and an entry that may still translate");
	if ((e->flags & ORD_F(END)) && f) {
		f->on_seq = f->off_seq = f->deny_seq = f->inv_seq = f->itmo_seq = 0;
		ats_itags_end(s, e->rid);
	}
}
static void uses(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	uint64_t d = ord_val(e, ORD_KEY_DOM, 0), p = ord_val(e, ORD_KEY_PARENT, 0);
	struct use *u = d ? ord_tab_put(c, &s->uses, d, 0, sizeof(*u)) : NULL;

	if (u && !u->many && !u->rid) {
		u->rid = e->rid + 1;
		u->pasid = e->pasid;
	} else if (u && (u->rid != e->rid + 1 || u->pasid != e->pasid)) {
		u->many = true;
	}
	u = p ? ord_tab_put(c, &s->uses, p, 0, sizeof(*u)) : NULL;
	if (u)
		u->parent = true;
}
static void attach(struct ord_chk *c, const struct ord_ev *e)
{
	const struct ord_dev *d = e->have & ORD_P_RID && rid_level(e) ? ord_dev(c, e->rid, false) : NULL;

	if (d && d->resetting)
		ord_report(c, ORD_ATS_09, ORD_VIOLATION, e, "attach after the reset has ended", "an entry is set while the device is in reset");
}
static void before(struct ord_chk *c, void *st, const struct ord_ev *e)
{
	struct ats *s = st;

	if (e->guest)
		return;
	switch (e->op) {
	case ORD_CFG_SET:
	case ORD_CFG_MOD:
	case ORD_CFG_CLR:
	case ORD_CFG_WR:
		if (e->op == ORD_CFG_SET)
			attach(c, e);
		uses(c, s, e);
		entry(c, s, e);
		break;
	case ORD_CFGINV:
		config_inv(c, s, e);
		break;
	case ORD_DOM_ADD:
		list_add(c, s, e);
		break;
	case ORD_DOM_DEL:
		list_del(c, s, e);
		break;
	case ORD_DEV_CFG:
		device(c, s, e);
		break;
	case ORD_DEV_RST:
		reset(c, s, e);
		break;
	case ORD_ITMO:
	case ORD_CERR:
		ats_timeout(c, s, e);
		break;
	case ORD_ATCINV:
		ats_invalidate(c, s, e);
		break;
	case ORD_CPL:
		ats_completion(c, s, e);
		break;
	case ORD_PAGE_FREE:
		ats_page_freed(c, s, e);
		break;
	case ORD_PTE_SET:
		ats_page_used(s, e);
		break;
	case ORD_DMA:
		ats_translated(c, s, e);
		break;
	default:
		break;
	}
}
/* Which ATS rule says best why an ATC obligation is open at a release. */
static void refine(struct ord_chk *c, void *st, struct ord_blame *b)
{
	struct ats *s = st;
	const struct fn *f = ord_tab_get(&s->fns, b->rid, 0);
	const struct use *u = ord_tab_get(&s->uses, b->d, 0);
	const struct ord_dev *d = b->what == ORD_O_ATC ? ord_dev(c, b->rid, false) : NULL;

	if (b->what != ORD_O_ATC)
		return;
	ord_blame_rule(b, ORD_ATS_01, b->why == ORD_WHY_NEVER);
	if (f && f->told_unlisted)
		ord_blame_rule(b, ORD_ATS_03, false);
	if (b->why == ORD_WHY_EXTRA)
		ord_blame_rule(b, ORD_ATS_10, true);
	if (b->why == ORD_WHY_NEVER && u && u->many)
		ord_blame_rule(b, ORD_ATS_12, true);
	if (d && d->ats_off_line && !d->ats && (b->why == ORD_WHY_NEVER || b->why == ORD_WHY_RANGE))
		ord_blame_rule(b, ORD_ATS_02, true);
	if (u && u->parent && (b->why == ORD_WHY_RANGE || b->why == ORD_WHY_FORM))
		ord_blame_rule(b, ORD_ATS_06, true);
	else if (b->why == ORD_WHY_RANGE)
		ord_blame_rule(b, ORD_ATS_06, false);
	if ((b->why == ORD_WHY_TAG || b->why == ORD_WHY_FORM) && b->pasid != ORD_NONE)
		ord_blame_rule(b, ORD_ATS_07, true);
}
static void close(struct ord_chk *c, void *st)
{
	struct ats *s = st;

	ord_tab_free(c, &s->fns);
	ord_tab_free(c, &s->depths);
	ord_tab_free(c, &s->tags);
	ord_tab_free(c, &s->freed);
	ord_tab_free(c, &s->uses);
	ord_tab_free(c, &s->members);
}
const struct ord_family ord_fam_ats = { .name = "ATS", .state = sizeof(struct ats), .before = before, .refine = refine, .close = close };
