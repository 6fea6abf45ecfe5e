/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_ats.c - rules of the ordering checker: family ATS (translation service and its caches in devices). Statements: ord_rules.def.
 * Modelled: order of enabling and disabling (endpoint, flush list, entry), resets and absence, queue depth and ITags, writes behind a completion;
 * and the rules that name an ATC obligation left open at a release. AMD-ORD-11 is told here too: it is the same order with the DTE's bit.
 * Not modelled: whether a function has the Global Invalidate capability; ATS-ORD-11 needs QDEP= (and PF=) and counts in the order of issue.
 * ATS-ORD-10 without a profile looks at the latest FREED pages.
 */
#include <string.h>
#include "check/ord_tab.h"

enum { FREED = 4096, DEPTH_MAX = 32, ITAGS = 32, GINV = 4 };

struct fn { /* key: requester. Sequence numbers: 0 never, or taken back */
	uint64_t permit_seq, deny_seq, on_seq, off_seq; /* entry permits, denies while E=1; E=1, E=0 */
	uint64_t change_seq, change_inv_seq, inv_seq; /* last change of the entry's permission; first configuration invalidation of it; last ATCINV of everything */
	uint64_t deny_line, on_line, itmo_seq;
	uint32_t change_q, inv_q, listed, listed_ats, qdep; /* qdep: 1 + QDEP=, 0 not declared */
	uint8_t unit, deny_op;
	bool placed, many; /* unit is known; there are several */
	bool told_unlisted, itags;
};
struct use { uint32_t rid, pasid; bool many, parent; }; /* key: page table. Who has used it; it has been a stage 2 under a nested entry */
struct member { bool listed, ats; }; /* key: page table, requester and PASID */
struct ginv { uint64_t seq; uint32_t q; };
struct pend { uint64_t seq; uint32_t q; };
struct depth { struct pend p[DEPTH_MAX]; uint32_t first, n; bool told, slow; }; /* key: physical function; outstanding, oldest first */
struct tag { uint64_t line, seq; uint32_t q, got; }; /* key: requester, ITag below ITAGS */
struct freed { uint64_t line, free_no; };
struct ats {
	struct ord_tab fns, depths, tags, freed, uses, members;
	struct ginv ginv[256][GINV]; /* by unit: the latest configuration invalidations without requester */
	uint8_t next_ginv[256];
	uint64_t timeout_seq; /* of the last timeout without requester: it frees every ITag */
	uint64_t ring[FREED], n_freed; /* page numbers, oldest overwritten */
};
static struct fn *fn_of(struct ord_chk *c, struct ats *s, uint32_t rid)
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
	f = fn_of(c, s, e->rid);
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
	struct fn *f = fn_of(c, s, e->rid);
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
	struct fn *f = fn_of(c, s, e->rid);

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
		struct fn *f = fn_of(c, s, e->rid);

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
	struct fn *f = e->have & ORD_P_RID ? fn_of(c, s, e->rid) : NULL;
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
/* ATS-ORD-11: one more outstanding for the physical function. */
static void count_depth(struct ord_chk *c, struct ats *s, const struct ord_ev *e, const struct ord_dev *d)
{
	uint32_t pf = d && d->pf != ORD_NONE ? d->pf : e->rid, depth;
	const struct fn *owner = ord_tab_get(&s->fns, pf, 0);
	struct depth *q;
	uint64_t mip = ord_val(e, ORD_KEY_MIP, DEPTH_MAX + 1);

	if (!owner || !owner->qdep)
		return;
	depth = owner->qdep > 1 && owner->qdep <= DEPTH_MAX ? owner->qdep - 1 : DEPTH_MAX;
	q = ord_tab_put(c, &s->depths, pf, 0, sizeof(*q));
	if (!q)
		return;
	while (q->n && ord_done_since(c, q->p[q->first].q, q->p[q->first].seq)) {
		q->first = (q->first + 1) % DEPTH_MAX;
		q->n--;
		q->told = false;
	}
	if (!mip)
		mip = DEPTH_MAX;
	if (mip < depth && !q->slow) {
		ord_report_as(c, ORD_ATS_11, ORD_PERF, ORD_PERF_SEV, (double)depth / (double)mip, e->line, e->op, "max-pending equal to the queue's depth",
			      "max-pending of %llu throttles a function that can queue %u", (unsigned long long)mip, depth);
		q->slow = true;
	}
	if (q->n >= depth && mip > depth && !q->told) {
		ord_report(c, ORD_ATS_11, ORD_VIOLATION, e, "at most as many as the function's queue takes, or throttling by max-pending",
			   "more invalidations are outstanding than the %u the physical function can queue", depth);
		q->told = true;
	}
	if (q->n == DEPTH_MAX) {
		q->first = (q->first + 1) % DEPTH_MAX;
		q->n--;
	}
	q->p[(q->first + q->n++) % DEPTH_MAX] = (struct pend){ ord_seq(c), ord_queue_id(c, e) };
}
static void itag_used(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	struct fn *f;
	struct tag *t;

	if (ord_val(e, ORD_KEY_ITAG, ITAGS) >= ITAGS)
		return;
	f = fn_of(c, s, e->rid);
	if (f)
		f->itags = true;
	t = ord_tab_put(c, &s->tags, e->rid, e->v[ORD_KEY_ITAG], sizeof(*t));
	if (!t)
		return;
	if (t->line && t->seq > s->timeout_seq && !ord_done_since(c, t->q, t->seq))
		ord_report(c, ORD_ATS_11, ORD_VIOLATION, e, "a free ITag", "ITag %llu is used again before its completion (line %llu)",
			   (unsigned long long)e->v[ORD_KEY_ITAG], (unsigned long long)t->line);
	*t = (struct tag){ .line = e->line, .seq = ord_seq(c), .q = ord_queue_id(c, e) };
}
static void completion(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	const struct fn *f = ord_tab_get(&s->fns, e->rid, 0);
	struct tag *t;

	if (!(e->have & ORD_P_NUM) || !f || !f->itags)
		return;
	t = ord_tab_get(&s->tags, e->rid, e->num);
	if (!t || !t->line)
		ord_report(c, ORD_ATS_11, ORD_VIOLATION, e, "the ITag of an outstanding invalidation", "a completion with ITag %llu, which is not outstanding",
			   (unsigned long long)e->num);
	else if (++t->got >= ord_val(e, ORD_KEY_CC, 1))
		ord_tab_del(&s->tags, e->rid, e->num);
}
/* The invalidations of a requester have timed out or are void: its ITags are free. */
static void itags_end(struct ats *s, uint32_t rid)
{
	for (uint64_t i = 0; i < ITAGS; i++)
		ord_tab_del(&s->tags, rid, i);
}
static void timeout(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	struct fn *f = e->op == ORD_ITMO && e->have & ORD_P_RID ? fn_of(c, s, e->rid) : NULL;

	if (f) {
		f->itmo_seq = ord_seq(c);
		itags_end(s, e->rid);
	} else if (e->op == ORD_ITMO || (e->have & ORD_P_NAME && !strncmp(ord_name_text(ord_names(c), e->name), "ATC", 3))) {
		s->timeout_seq = ord_seq(c);
	}
}
static void form(struct ord_chk *c, const struct ord_ev *e, const struct ord_dev *d)
{
	uint64_t size = e->last - e->lo + 1;

	if ((e->flags & ORD_F(GLOBAL)) && e->pasid == ORD_NONE)
		ord_report(c, ORD_ATS_07, ORD_VIOLATION, e, "Global only together with a PASID", "the Global bit in an invalidation without PASID");
	if ((e->have & ORD_P_RANGE) && !(e->flags & ORD_F(ALL)) && !(e->lo >> 63) && d && d->ats_ever && d->stu && d->stu < 32 && size < UINT64_C(4096) << d->stu)
		ord_report(c, ORD_ATS_06, ORD_VIOLATION, e, "at least the smallest translation unit", "the range of %llu bytes is below the smallest translation unit",
			   (unsigned long long)size);
}
static void invalidate(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	const struct ord_dev *d = ord_dev(c, e->rid, false);
	struct fn *f = ord_tab_get(&s->fns, e->rid, 0);

	if (e->flags & (ORD_F(ILLEGAL) | ORD_F(ERR)))
		return;
	if (d && d->resetting) {
		ord_report(c, ORD_ATS_09, ORD_VIOLATION, e, "invalidate before the reset, or skip after blocking the entry", "an invalidation to a device in reset");
		ord_report(c, ORD_ATS_08, ORD_VIOLATION, e, "block the entry and skip the device", "an invalidation to a device that cannot answer (reset, line %llu)",
			   (unsigned long long)d->rst_line);
	} else if (d && d->gone) {
		ord_report(c, ORD_ATS_08, ORD_VIOLATION, e, "block the entry and skip the device", "an invalidation to a device that is gone (line %llu)",
			   (unsigned long long)d->gone_line);
	} else if (f && f->placed && !f->many && f->unit != e->unit) {
		ord_report(c, ORD_ATS_08, ORD_VIOLATION, e, "the queue of the unit that serves the device",
			   "the device is behind unit %u, the command goes to unit %u", f->unit, e->unit);
	}
	form(c, e, d);
	itag_used(c, s, e);
	count_depth(c, s, e, d);
	f = ord_tab_get(&s->fns, e->rid, 0);
	if (f && (!(e->have & ORD_P_RANGE) || (e->flags & ORD_F(ALL)))) {
		f->inv_seq = ord_seq(c);
		f->inv_q = ord_queue_id(c, e);
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
	struct fn *f = fn_of(c, s, e->rid);
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
		itags_end(s, e->rid);
	}
}
static void page_freed(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	uint64_t n = e->pa_len >> 12;

	for (uint64_t i = 0; i < (n ? n < 64 ? n : 64 : 1); i++) {
		uint64_t page = (e->pa >> 12) + i, *old = &s->ring[s->n_freed % FREED];
		struct freed *f = s->n_freed >= FREED ? ord_tab_get(&s->freed, *old, 0) : NULL;

		if (f && f->free_no == s->n_freed - FREED)
			ord_tab_del(&s->freed, *old, 0);
		f = ord_tab_put(c, &s->freed, page, 0, sizeof(*f));
		if (f)
			*f = (struct freed){ e->line, s->n_freed };
		*old = page;
		s->n_freed++;
	}
}
static void page_used(struct ats *s, const struct ord_ev *e)
{
	uint64_t n = ((e->pa_len ? e->pa_len : e->last - e->lo + 1) + 0xfff) >> 12;

	for (uint64_t i = 0; s->freed.n && (e->have & ORD_P_PAGE) && i < (n < 64 ? n : 64); i++)
		ord_tab_del(&s->freed, (e->pa >> 12) + i, 0);
}
/* ATS-ORD-10: a translated write to a page that was released after everything was confirmed. */
static void translated(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	const struct freed *f;

	if (ord_val(e, ORD_KEY_AT, 0) == 0 || !(e->flags & (ORD_F(WRITE) | ORD_F(READ))) || (e->flags & ORD_F(FAULT)))
		return;
	if (ord_name_text(ord_names(c), (uint32_t)e->v[ORD_KEY_AT])[0] != 'T')
		return;
	f = ord_tab_get(&s->freed, (e->have & ORD_P_PAGE ? e->pa : e->addr) >> 12, 0);
	if (f && !ord_open_atc(c, e->rid))
		ord_report(c, ORD_ATS_10, ORD_MANIFEST, e, "the completion follows all writes with old addresses; a second invalidation for parts known to break this",
			   "a translated access to a page that was released (line %llu) after its invalidation completed", (unsigned long long)f->line);
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
		timeout(c, s, e);
		break;
	case ORD_ATCINV:
		invalidate(c, s, e);
		break;
	case ORD_CPL:
		completion(c, s, e);
		break;
	case ORD_PAGE_FREE:
		page_freed(c, s, e);
		break;
	case ORD_PTE_SET:
		page_used(s, e);
		break;
	case ORD_DMA:
		translated(c, s, e);
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
