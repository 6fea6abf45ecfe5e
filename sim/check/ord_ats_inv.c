/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_ats_inv.c - ATS family of the ordering checker: invalidation commands (form, target, queue depth, ITags), completions, and writes behind them.
 * Not modelled: whether a function has the Global Invalidate capability; ATS-ORD-11 needs QDEP= (and PF=) and counts in the order of issue.
 * ATS-ORD-10 without a profile looks at the latest FREED pages.
 */
#include <string.h>
#include "check/ord_ats.h"

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
	f = ats_fn(c, s, e->rid);
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
void ats_completion(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
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
void ats_itags_end(struct ats *s, uint32_t rid)
{
	for (uint64_t i = 0; i < ITAGS; i++)
		ord_tab_del(&s->tags, rid, i);
}
void ats_timeout(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
{
	struct fn *f = e->op == ORD_ITMO && e->have & ORD_P_RID ? ats_fn(c, s, e->rid) : NULL;

	if (f) {
		f->itmo_seq = ord_seq(c);
		ats_itags_end(s, e->rid);
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
void ats_invalidate(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
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
void ats_page_freed(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
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
void ats_page_used(struct ats *s, const struct ord_ev *e)
{
	uint64_t n = ((e->pa_len ? e->pa_len : e->last - e->lo + 1) + 0xfff) >> 12;

	for (uint64_t i = 0; s->freed.n && (e->have & ORD_P_PAGE) && i < (n < 64 ? n : 64); i++)
		ord_tab_del(&s->freed, (e->pa >> 12) + i, 0);
}
/* ATS-ORD-10: a translated write to a page that was released after everything was confirmed. */
void ats_translated(struct ord_chk *c, struct ats *s, const struct ord_ev *e)
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
