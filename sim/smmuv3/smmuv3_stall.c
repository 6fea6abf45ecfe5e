/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_stall.c - requests that wait for software: STAGs, records that the queue had no room for, RESUME and STALL_TERM.
 * Models: STALL_MAX; {StreamID, STAG} match; retry as a new arrival; termination as abort or RAZ/WI; suppression of duplicates (an
 * option). A record that cannot be written is held, in order. If a configuration or TLB invalidation was executed meanwhile, whatever it
 * covered, the held request is retried instead of its record being written. A held request's STAG is not known to software yet:
 * RESUME does not match it; STALL_TERM and SMMUEN = 0 do, and its record is then lost.
 * Does not model: early retry of requests whose record is written; a stall record is never merged.
 * Spec: Arm IHI 0070, "Stall model", "CMD_RESUME", "CMD_STALL_TERM".
 */
#include "smmuv3/smmuv3_evtq.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = SMMUV3_STALL_NONE, MAX_STALLS = 1 << 16 };

static void list_push(struct smmuv3_evtq *q, int32_t *head, int32_t *tail, int32_t i)
{
	q->stall[i].next = NONE;
	if (*head == NONE)
		*head = i;
	else
		q->stall[*tail].next = i;
	*tail = i;
}

static int32_t list_pop(struct smmuv3_evtq *q, int32_t *head, int32_t *tail)
{
	int32_t i = *head;

	if (i == NONE)
		return NONE;
	*head = q->stall[i].next;
	if (*head == NONE)
		*tail = NONE;
	return i;
}

bool smmuv3_stall_create(struct smmuv3 *s)
{
	struct smmuv3_evtq *q = s->eq;
	uint32_t n = s->cap.stall_model == 1 ? 0 : s->cap.stall_max;
	struct smmuv3_stall *p;

	if (n > MAX_STALLS)
		n = MAX_STALLS;
	if (n <= q->n_stall)
		return true;
	p = realloc(q->stall, n * sizeof(*p));
	if (!p)
		return false;
	memset(p + q->n_stall, 0, (n - q->n_stall) * sizeof(*p));
	q->stall = p;
	for (uint32_t i = q->n_stall; i < n; i++)
		list_push(q, &q->free_head, &q->free_tail, (int32_t)i);
	q->n_stall = n;
	return true;
}

/* Invalidations executed so far; only ever compared for being equal. */
static uint64_t invalidations(const struct smmuv3 *s)
{
	const struct smmuv3_stats *t = &s->st;

	return t->cfgi_ste + t->cfgi_all + t->cfgi_cd + t->cfgi_vms + t->tlbi_all + t->tlbi_asid + t->tlbi_va + t->tlbi_ipa;
}

static void stall_free(struct smmuv3 *s, struct smmuv3_stall *t)
{
	struct smmuv3_evtq *q = s->eq;

	t->state = SMMUV3_STALL_FREE;
	t->x = t->dups = NULL;
	q->busy--;
	list_push(q, &q->free_head, &q->free_tail, (int32_t)(t - q->stall));
}

/* ---- going to sleep ---- */

static bool same_page(const struct xl *a, const struct xl *b)
{
	const uint64_t attr = SMMUV3_I_PNU | SMMUV3_I_IND;

	return a->req.rid == b->req.rid && a->req.has_pasid == b->req.has_pasid && (!a->req.has_pasid || a->req.pasid == b->req.pasid) &&
	       a->req.iova >> 12 == b->req.iova >> 12 && !((a->req.acc ^ b->req.acc) & XL_W) && !((a->res.info[0] ^ b->res.info[0]) & attr);
}

static bool suppressed(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_evtq *q = s->eq;

	for (uint32_t i = 0, seen = 0; i < q->n_stall && seen < q->busy; i++) {
		struct smmuv3_stall *t = &q->stall[i];
		struct xl **p = &t->dups;

		if (t->state == SMMUV3_STALL_FREE)
			continue;
		seen++;
		if (!same_page(t->x, x))
			continue;
		while (*p)
			p = &(*p)->qnext;
		*p = x;
		x->qnext = NULL;
		return true;
	}
	return false;
}

bool smmuv3_stall_hold(struct smmuv3 *s, struct xl *x, const uint64_t rec[SMMUV3_EVENT_WORDS])
{
	struct smmuv3_evtq *q = s->eq;
	struct smmuv3_stall *t;
	int32_t i;

	if (s->cfg->stall_suppress && suppressed(s, x))
		return true;
	if (q->busy >= s->cap.stall_max || !smmuv3_stall_create(s)) /* a restored IDR5 may have changed STALL_MAX */
		return false;
	i = list_pop(q, &q->free_head, &q->free_tail);
	if (i == NONE)
		return false;
	t = &q->stall[i];
	q->busy++;
	t->x = x;
	t->dups = NULL;
	memcpy(t->rec, rec, sizeof(t->rec));
	t->rec[1] |= (uint64_t)i | BIT64(31); /* STAG, Stall */
	t->inv = invalidations(s);
	if (q->held_head == NONE && smmuv3_evtq_put(s, t->rec) == SMMUV3_PUT_OK) {
		t->state = SMMUV3_STALL_WRITTEN;
		s->st.stall_records++;
		return true;
	}
	t->state = SMMUV3_STALL_HELD;
	list_push(q, &q->held_head, &q->held_tail, i);
	return true;
}

/* ---- waking up ---- */

static void retry_all(struct smmuv3 *s, struct xl *x)
{
	while (x) {
		struct xl *n = x->qnext;

		iommu_resume(&s->u, x);
		x = n;
	}
}

static void terminate(struct smmuv3 *s, struct xl *x, bool raz)
{
	x->res.raz = raz;
	iommu_terminate(&s->u, x);
}

static void retry(struct smmuv3 *s, struct smmuv3_stall *t)
{
	struct xl *x = t->x, *dups = t->dups;

	stall_free(s, t);
	iommu_resume(&s->u, x);
	retry_all(s, dups);
}

void smmuv3_evtq_kick(struct smmuv3 *s)
{
	struct smmuv3_evtq *q = s->eq;

	while (q->held_head != NONE) {
		struct smmuv3_stall *t = &q->stall[q->held_head];

		if (t->inv != invalidations(s)) {
			(void)list_pop(q, &q->held_head, &q->held_tail);
			retry(s, t);
			continue;
		}
		if (smmuv3_evtq_put(s, t->rec) != SMMUV3_PUT_OK)
			return;
		(void)list_pop(q, &q->held_head, &q->held_tail);
		t->state = SMMUV3_STALL_WRITTEN;
		s->st.stall_records++;
	}
}

void smmuv3_resume(struct smmuv3 *s, uint32_t sid, unsigned stag, bool ac, bool ab)
{
	struct smmuv3_evtq *q = s->eq;
	struct smmuv3_stall *t;
	struct xl *x, *dups;

	if (stag >= q->n_stall)
		return;
	t = &q->stall[stag];
	if (t->state != SMMUV3_STALL_WRITTEN || t->x->req.rid != sid)
		return;
	if (ac) {
		retry(s, t);
		return;
	}
	x = t->x;
	dups = t->dups;
	stall_free(s, t);
	terminate(s, x, !ab && !s->cap.term_model);
	retry_all(s, dups);
}

/* Held entries leave the list of held ones first: the list keeps its order. */
static void drop_held(struct smmuv3 *s, uint32_t sid, bool any)
{
	struct smmuv3_evtq *q = s->eq;
	int32_t i = q->held_head;

	q->held_head = q->held_tail = NONE;
	while (i != NONE) {
		int32_t next = q->stall[i].next;

		if (any || q->stall[i].x->req.rid == sid)
			s->st.events_lost++;
		else
			list_push(q, &q->held_head, &q->held_tail, i);
		i = next;
	}
}

void smmuv3_stall_term(struct smmuv3 *s, uint32_t sid, bool any)
{
	struct smmuv3_evtq *q = s->eq;

	drop_held(s, sid, any);
	for (uint32_t i = 0, left = q->busy; i < q->n_stall && left; i++) {
		struct smmuv3_stall *t = &q->stall[i];
		struct xl *x = t->x, *d = t->dups;

		if (t->state == SMMUV3_STALL_FREE)
			continue;
		left--;
		if (!any && x->req.rid != sid)
			continue;
		stall_free(s, t);
		terminate(s, x, false);
		while (d) {
			struct xl *n = d->qnext;

			terminate(s, d, false);
			d = n;
		}
	}
}
