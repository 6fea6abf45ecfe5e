/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atc_req.c - what a device with a translation cache does for one request: look-up, translation request, what the completion means.
 * Time of a miss: look-up + uplink (translation request) + latency + fixed_ps + the unit + downlink (completion) + latency; then the
 * request itself goes up. A completion is used directly by those that wait for it, whatever becomes of its line. One that an invalidate
 * request overtook is not used: they ask again (duty 2 of the function).
 * Spec: PCI Express Base, ch. 10 "ATS Specification": "Translation Requests", "Translation Completion".
 */
#include "pcie/dev_int.h"

static uint64_t granule(const struct dev *d)
{
	return UINT64_C(4096) << d->cfg.atc.stu;
}

static void send_translated(struct slot *s, uint64_t spa, unsigned perm)
{
	s->cached = true;
	s->global = perm & ATC_PERM_GLOBAL;
	s->xl.req.at = XL_TRANSLATED;
	s->xl.req.iova = spa;
	if (!s->d->cfg.atc.translated_pasid) { /* without the prefix there is no PASID, and no Exec or Priv */
		s->xl.req.has_pasid = false;
		s->xl.req.pasid = 0;
		s->xl.req.acc &= XL_R | XL_W | XL_ATOMIC;
	}
	slot_send(s);
}

static void to_untranslated(struct slot *s)
{
	s->cached = false;
	s->xl.req.at = XL_UNTRANSLATED;
	slot_send(s);
}

void atc_untranslated(struct slot *s)
{
	s->d->atc->st.untranslated++;
	to_untranslated(s);
}

static void refuse(struct slot *s, const struct xl_res *res)
{
	s->d->atc->st.failed++;
	slot_fail(s, res);
}

/* The translation does not allow what the request needs. */
static void no_access(struct slot *s, const struct xl_res *res)
{
	struct xl_res r = *res;

	s->d->atc->st.no_access++;
	if (s->d->cfg.atc.on_no_access == ATC_DENY_UNTRANSLATED)
		atc_untranslated(s);
	else if (s->d->cfg.atc.on_no_access == ATC_DENY_PRI)
		pri_wait(s, &r);
	else
		refuse(s, &r);
}

/* ---- translation requests ---- */

static bool same_space(const struct treq *t, const struct xl_req *q)
{
	return t->xl.req.has_pasid == q->has_pasid && t->xl.req.pasid == q->pasid && !((t->xl.req.acc ^ q->acc) & XL_PRIV);
}

static struct treq *find_treq(struct dev *d, const struct xl_req *q, unsigned slice)
{
	struct atc *a = d->atc;
	bool any = d->cfg.atc.partition != ATC_PART_REQUEST;

	for (uint32_t i = 0, left = a->busy; left; i++) {
		struct treq *t = &a->treq[i];

		if (t->state == TREQ_FREE)
			continue;
		left--;
		if (!t->poisoned && same_space(t, q) && (any || t->slice == slice) && !((t->xl.req.iova ^ q->iova) & ~(granule(d) - 1)) && !(q->acc & ~t->xl.req.acc))
			return t;
	}
	return NULL;
}

static struct treq *free_treq(struct atc *a, uint32_t limit)
{
	for (uint32_t i = 0; a->busy < limit; i++)
		if (a->treq[i].state == TREQ_FREE)
			return &a->treq[i];
	return NULL;
}

static void treq_answered(struct xl *x)
{
	struct treq *t = container_of(x, struct treq, xl);

	iommu_retire(t->d->u, x);
	t->state = TREQ_DOWNLINK;
	sim_at(t->d->u->k, link_message(&t->d->down, dev_now(t->d), LINK_XLAT_CPL, false), &t->ev);
}

static void treq_start(struct dev *d, struct treq *t, const struct xl_req *q, unsigned slice)
{
	t->xl.req = *q;
	t->slice = (uint8_t)slice;
	t->xl.done = treq_answered;
	t->t = dev_now(d);
	t->poisoned = false;
	t->ov_first = t->global_first = UINT64_MAX;
	t->ov_last = t->global_last = 0;
	t->state = TREQ_UPLINK;
	slots_init(&t->waiters);
	d->atc->busy++;
	d->atc->st.requests++;
	sim_at(d->u->k, link_message(&d->up, t->t, LINK_XLAT_REQ + (q->has_pasid ? LINK_PASID : 0), false) + d->cfg.fixed_ps, &t->ev);
}

/* What the function asks for @s: the rights it needs, so that no page is marked dirty for a read (NW). */
static struct xl_req request_for(const struct slot *s)
{
	const struct dev *d = s->d;
	struct xl_req q = { .iova = s->iova & ~UINT64_C(7), .len = 8, .rid = d->cfg.rid, .pasid = s->op->q.pasid, .has_pasid = s->op->q.has_pasid,
			    .acc = atc_need(s) | (s->op->acc & XL_PRIV), .at = XL_TRANSLATION_REQ };

	if (d->cfg.atc.page_aligned || d->cfg.atc.stu)
		q.iova &= ~(granule(d) - 1);
	return q;
}

/* Pages behind the one of @s, while translation requests are free; nobody waits for them. */
static void prefetch(struct slot *s)
{
	struct dev *d = s->d;
	struct xl_req q = request_for(s);
	struct slot probe = { .d = d, .op = s->op };
	struct atc_line l;
	unsigned size;

	q.spec = true;
	q.iova &= ~(granule(d) - 1);
	for (uint32_t i = 0; i < d->cfg.atc.prefetch; i++) {
		struct treq *t;

		q.iova += granule(d);
		probe.iova = q.iova;
		t = free_treq(d->atc, d->cfg.atc.requests);
		if (!t || q.iova < granule(d))
			return;
		if (find_treq(d, &q, s->op->q.slice) || atc_find(&probe, true, &l, &size))
			continue;
		d->atc->st.prefetches++;
		treq_start(d, t, &q, s->op->q.slice);
	}
}

static void miss(struct slot *s)
{
	struct dev *d = s->d;
	struct xl_req q = request_for(s);
	struct treq *t = find_treq(d, &q, s->op->q.slice);

	s->state = SLOT_ATC_WAIT;
	if (t) {
		d->atc->st.merged++;
		slots_put(&t->waiters, s);
		return;
	}
	t = free_treq(d->atc, d->cfg.atc.requests);
	if (!t) {
		d->atc->st.waited++;
		slots_put(&d->atc->queue, s);
		return;
	}
	treq_start(d, t, &q, s->op->q.slice);
	slots_put(&t->waiters, s);
	if (d->cfg.atc.prefetch)
		prefetch(s);
}

/* Those that waited for a free translation request: what they need may have come meanwhile. */
static void queue_pump(struct dev *d)
{
	struct slot_list l = d->atc->queue;
	struct atc_line line;
	struct slot *s;
	unsigned size;

	if (!l.head)
		return;
	slots_init(&d->atc->queue);
	while ((s = slots_take(&l))) {
		if (!atc_usable(d)) {
			d->atc->st.bypassed++;
			to_untranslated(s);
		} else if (atc_find(s, true, &line, &size)) {
			send_translated(s, line.page | (s->iova & low_mask(size)), line.perm);
		} else {
			uint64_t waited = d->atc->st.waited; /* a second wait is the same wait */

			miss(s);
			d->atc->st.waited = waited;
		}
	}
}

/* ---- completions ---- */

static void use_completion(struct treq *t, struct slot *s)
{
	const struct xl_res *r = &t->xl.res;
	struct dev *d = s->d;

	if (!atc_usable(d)) {
		d->atc->st.bypassed++;
		to_untranslated(s);
	} else if (t->poisoned) {
		miss(s);
	} else if (!r->ok) {
		refuse(s, r);
	} else if (r->perm & ATC_PERM_U) {
		atc_untranslated(s);
	} else if (atc_need(s) & ~r->perm) {
		no_access(s, r);
	} else {
		uint64_t mask = low_mask(r->size_lg2 < 12 ? 12 : r->size_lg2);

		send_translated(s, (r->spa & ~mask) | (s->iova & mask), s->op->q.has_pasid ? r->perm : 0);
	}
}

static void judge(struct dev *d, struct treq *t)
{
	struct xl_res *r = &t->xl.res;
	unsigned lg2 = r->size_lg2 < 12 ? 12 : r->size_lg2;
	uint64_t first = t->xl.req.iova & ~low_mask(lg2), last = first | low_mask(lg2);

	if (r->ok && first <= t->ov_last && t->ov_first <= last)
		t->poisoned = true; /* the page is larger than what was asked for, and an invalidation met the rest of it */
	if (r->ok && (r->perm & ATC_PERM_GLOBAL) && t->xl.req.has_pasid && first <= t->global_last && t->global_first <= last)
		t->poisoned = true; /* it turns out to be in the scope of an invalidation for another PASID */
	if (t->poisoned) {
		d->atc->st.poisoned++;
	} else if (!r->ok && r->cpl == 1) {
		d->atc->st.ur++;
		d->atc->ur = true;
	} else if (!r->ok) {
		d->atc->st.ca++;
	} else if ((r->perm & (XL_R | XL_W)) && lg2 < 12 + d->cfg.atc.stu) {
		d->atc->st.bad_size++;
		r->ok = false;
	} else if ((r->perm & (XL_R | XL_W)) && !(r->perm & ATC_PERM_U) && atc_usable(d)) {
		atc_fill(d, &t->xl.req, t->slice, r);
	}
}

static void completed(struct treq *t)
{
	struct dev *d = t->d;
	struct slot_list l = t->waiters;
	struct treq answer; /* the record itself is free for what its waiters ask next */
	struct slot *s;

	hist_add(&d->atc->st.latency_ps, dev_now(d) - t->t);
	judge(d, t);
	answer.xl.res = t->xl.res;
	answer.poisoned = t->poisoned || (t->xl.req.spec && (!t->xl.res.ok || !t->xl.res.perm)); /* a refused prefetch answers nobody */
	t->state = TREQ_FREE;
	d->atc->busy--;
	while ((s = slots_take(&l)))
		use_completion(&answer, s);
	queue_pump(d);
}

void treq_event(struct sim_event *e)
{
	struct treq *t = container_of(e, struct treq, ev);

	if (t->state == TREQ_UPLINK) {
		t->state = TREQ_XLAT;
		iommu_request(t->d->u, &t->xl);
	} else if (!t->d->inv_held || !inv_park(t->d, e)) {
		completed(t);
	}
}

static void widen(uint64_t *first, uint64_t *last, const struct ats_inv *q)
{
	*first = q->first < *first ? q->first : *first;
	*last = q->last > *last ? q->last : *last;
}

uint32_t atc_overtake(struct dev *d, const struct ats_inv *q)
{
	uint32_t n = 0;

	for (uint32_t i = 0, left = d->atc->busy; left; i++) {
		struct treq *t = &d->atc->treq[i];
		uint64_t first = t->xl.req.iova & ~(granule(d) - 1), last = first + granule(d) - 1;

		if (t->state == TREQ_FREE)
			continue;
		left--;
		if (t->poisoned)
			continue;
		if (!atc_in_scope(d, q, t->xl.req.has_pasid, t->xl.req.pasid)) {
			if (q->has_pasid)
				widen(&t->global_first, &t->global_last, q);
			continue;
		}
		if (first <= q->last && q->first <= last) {
			t->poisoned = true;
			n++;
		} else {
			widen(&t->ov_first, &t->ov_last, q);
		}
	}
	return n;
}

void atc_poison_all(struct dev *d)
{
	for (uint32_t i = 0, left = d->atc->busy; left; i++) {
		if (d->atc->treq[i].state == TREQ_FREE)
			continue;
		left--;
		d->atc->treq[i].poisoned = true;
	}
}

/* ---- one request ---- */

void atc_request(struct slot *s)
{
	struct dev *d = s->d;

	if (UNLIKELY(d->stops != NULL) && dev_stopping(d, s->op)) {
		refuse(s, NULL);
	} else if (s->op->q.has_pasid && d->cfg.atc.pasid_width < 32 && s->op->q.pasid >> d->cfg.atc.pasid_width) {
		refuse(s, NULL);
	} else if (!atc_usable(d)) {
		d->atc->st.bypassed++;
		to_untranslated(s);
	} else {
		slot_at(s, SLOT_ATC_LOOKUP, dev_now(d) + atc_latency(s));
	}
}

void atc_looked_up(struct slot *s)
{
	struct dev *d = s->d;
	struct dev_pasid_stats *p = d->pp ? dev_pasid_of(d, s->op->q.has_pasid ? s->op->q.pasid : UINT32_MAX) : NULL;
	struct atc_line l;
	unsigned size;

	if (!atc_usable(d)) {
		d->atc->st.bypassed++;
		to_untranslated(s);
		return;
	}
	d->atc->st.lookups++;
	if (atc_find(s, false, &l, &size)) {
		d->atc->st.hits++;
		if (p)
			p->atc_hits++;
		send_translated(s, l.page | (s->iova & low_mask(size)), l.perm);
		return;
	}
	d->atc->st.misses++;
	if (p)
		p->atc_misses++;
	miss(s);
}
