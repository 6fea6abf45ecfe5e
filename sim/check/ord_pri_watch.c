/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_pri_watch.c - PRI-ORD-09 of the ordering checker: the mapping that a successful response to a page request relies on.
 * Not modelled: requests without address; of those with one the latest PRI_WATCH are followed. Which tag an invalidation of negative entries names.
 */
#include <strings.h>
#include "check/ord_pri.h"

enum { W_UNMAPPED, W_SET, W_VISIBLE, W_COVERED, W_DONE };

static bool is_success(struct ord_chk *c, const struct ord_ev *e)
{
	const char *t;

	if (!(e->have & ORD_P_NAME))
		return false;
	t = ord_name_text(ord_names(c), e->name);
	return !strcasecmp(t, "OK") || !strcasecmp(t, "SUCCESS");
}
/* PRI-ORD-09: the mapping a successful response relies on. */
void pri_watch_request(struct ord_chk *c, struct pri_watch *s, const struct ord_ev *e, uint32_t d)
{
	struct watch *w = &s->w[s->next];

	(void)c;
	if (!(e->have & ORD_P_ADDR) || !d)
		return;
	s->n += !w->used;
	*w = (struct watch){ .addr = e->addr, .line = e->line, .rid = e->rid, .pasid = e->pasid, .d = d, .group = (uint32_t)e->num, .used = true };
	s->next = (s->next + 1) % PRI_WATCH;
}
static void watch_end(struct pri_watch *s, struct watch *w)
{
	s->n -= w->used;
	w->used = false;
}
void pri_watch_set(struct ord_chk *c, struct pri_watch *s, const struct ord_ev *e)
{
	const struct ord_knobs *k = ord_knobs_of(c);

	for (unsigned i = 0; s->n && i < PRI_WATCH; i++) {
		struct watch *w = &s->w[i];

		if (!w->used || w->d != e->d || w->addr < e->lo || w->addr > e->last)
			continue;
		if (w->answer_line) {
			ord_report_as(c, ORD_PRI_09, ORD_VIOLATION, ORD_MEDIUM, 0, w->answer_line, ORD_PRSP, "PTE_SET, visible, then PRSP",
				      "success was answered before the page was mapped (line %llu)", (unsigned long long)e->line);
			watch_end(s, w);
		} else {
			w->state = k->np_cache ? W_SET : k->coherent_walk ? W_DONE : W_SET;
			if (k->np_cache && k->coherent_walk)
				w->state = W_VISIBLE;
		}
	}
}
/* May this write-back be of the entry that maps what @w waits for? A table named alone may be the one that holds it. */
static bool writes_back(const struct ord_ev *e, const struct watch *w)
{
	if (e->kind || (e->have & ORD_P_QUEUE))
		return false;
	if (!(e->have & ORD_P_DOM) || !(e->have & ORD_P_RANGE))
		return true;
	return e->d == w->d && e->lo <= w->addr && w->addr <= e->last;
}
void pri_watch_step(struct ord_chk *c, struct pri_watch *s, const struct ord_ev *e)
{
	bool np = ord_knobs_of(c)->np_cache;

	for (unsigned i = 0; s->n && i < PRI_WATCH; i++) {
		struct watch *w = &s->w[i];

		if (!w->used || w->answer_line)
			continue;
		if (e->op == ORD_CLFLUSH && w->state == W_SET && writes_back(e, w))
			w->state = np ? W_VISIBLE : W_DONE;
		else if (e->op == ORD_TLBINV && w->state == W_VISIBLE && (!(e->have & ORD_P_RANGE) || (e->lo <= w->addr && w->addr <= e->last)))
			w->state = W_COVERED;
		else if (e->op == ORD_DONE && w->state == W_COVERED)
			w->state = W_DONE;
		else if (e->op == ORD_PTE_CLR && w->d == e->d && e->lo <= w->addr && w->addr <= e->last)
			w->state = W_UNMAPPED;
	}
}
void pri_watch_answer(struct ord_chk *c, struct pri_watch *s, const struct ord_ev *e)
{
	for (unsigned i = 0; s->n && i < PRI_WATCH; i++) {
		struct watch *w = &s->w[i];

		if (!w->used || w->answer_line || w->rid != e->rid || w->group != (uint32_t)e->num)
			continue;
		if (!is_success(c, e) || w->state == W_DONE) {
			watch_end(s, w);
		} else if (w->state == W_UNMAPPED) {
			w->answer_line = e->line; /* a violation if the mapping comes now; it may have been there before the trace */
		} else {
			ord_report(c, ORD_PRI_09, ORD_VIOLATION, e, "PTE_SET, visible (and invalidated where not-present is cached), then PRSP",
				   "success was answered before the new mapping could be seen");
			watch_end(s, w);
		}
	}
}
void pri_watch_forget(struct pri_watch *s, const struct ord_ev *e)
{
	for (unsigned i = 0; s->n && i < PRI_WATCH; i++)
		if (s->w[i].used && s->w[i].answer_line && s->w[i].d == e->d && e->lo <= s->w[i].addr && s->w[i].addr <= e->last)
			watch_end(s, &s->w[i]);
}
