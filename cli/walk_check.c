/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_check.c - what "agree" means for each kind of query:
 *   maps   first and last byte of every mapping, each as a read and as a write: result if permitted, a fault if not; then our own
 *          enumeration must find the same set.
 *   xlate  ok: some direction translates to the page (VT-d logs no direction), with that permission if given; fault: the access faults
 *          ('?': either direction does).
 *          A stale line agrees if memory no longer gives that answer; those are counted apart too.
 *   cases  the emulator's answer, and for a fault its reason or event record; nolog (pass-through) is compared with the simple walker's.
 * A row is skipped only where our own walk asked for a page the image does not hold.
 */
#include "walk_check.h"
#include "core/base/bits.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
	struct walk_unit *w;
	walk_report_fn *fn;
	void *arg;
	struct walk_tally *t;
	struct err *e;
};

/* --- reporting --- */
static bool tell(struct check *c, struct walk_diff *d)
{
	if (d->kind != WALK_BY_SPEC)
		c->t->disagree++;
	return c->fn(c->arg, d) || err_set(c->e, ERR_MACHINE, "out of memory");
}

static bool tell_access(struct check *c, enum walk_diff_kind kind, const struct wq_row *row, const struct xl_req *q, const struct xl_res *r,
			const struct walk_trace *t, const char *expected)
{
	struct walk_diff d = { .kind = kind, .line = row->line, .req = *q, .res = r, .trace = t };

	walk_result_text(c->w, r, t, d.found, sizeof(d.found));
	if (kind == WALK_REASON)
		walk_record_text(c->w, q, r, d.found + strlen(d.found), sizeof(d.found) - strlen(d.found));
	snprintf(d.expected, sizeof(d.expected), "%s", expected);
	return tell(c, &d);
}

static void expected_ok(const struct wq_row *row, uint64_t pa, char *buf, size_t n)
{
	if (row->size)
		snprintf(buf, n, "ok 0x%" PRIx64 " (page of 0x%" PRIx64 " bytes)", pa, row->size);
	else
		snprintf(buf, n, "ok 0x%" PRIx64, pa);
}

static bool same_ok(const struct wq_row *row, uint64_t pa, const struct xl_res *r)
{
	return r->ok && r->spa == pa && (!row->size || r->bypass || (r->size_lg2 < 64 && row->size == UINT64_C(1) << r->size_lg2));
}

static struct xl_req request(struct check *c, uint32_t rid, uint32_t pasid, uint64_t iova, unsigned acc, unsigned len)
{
	struct xl_req q = { .iova = iova, .len = len, .acc = (uint8_t)acc };

	c->w->arch->request(c->w, rid, pasid, &q);
	return q;
}

/* --- maps --- */
static bool check_map_byte(struct check *c, const struct wq_row *row, uint64_t off, unsigned acc)
{
	struct xl_req q = request(c, row->rid, row->pasid, row->iova + off, acc, 1);
	bool want = (row->perm & acc) == acc;
	struct walk_trace t;
	struct xl_res r;
	char text[120];

	if (!walk_now(c->w, &q, &r, &t)) {
		c->t->skipped++;
		return true;
	}
	if (want ? same_ok(row, row->pa + off, &r) : !r.ok) {
		c->t->agree++;
		return true;
	}
	if (want)
		expected_ok(row, row->pa + off, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "fault: the mapping grants %s", walk_perm_text(row->perm));
	return tell_access(c, WALK_DISAGREE, row, &q, &r, &t, text);
}

static int by_place(const void *a, const void *b)
{
	const struct walk_map *x = a, *y = b;

	if (x->rid != y->rid)
		return x->rid < y->rid ? -1 : 1;
	if (x->pasid != y->pasid)
		return x->pasid < y->pasid ? -1 : 1;
	return (x->iova > y->iova) - (x->iova < y->iova);
}

struct list {
	struct walk_map *m;
	size_t n, cap;
};

static bool add_map(void *arg, const struct walk_map *m)
{
	struct list *l = arg;

	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 1024;
		void *p = reallocarray(l->m, cap, sizeof(*m));

		if (!p)
			return false;
		l->m = p;
		l->cap = cap;
	}
	l->m[l->n++] = *m;
	return true;
}

bool walk_list(struct walk_unit *w, struct walk_map **out, size_t *n, struct err *e)
{
	struct list l = { 0 };

	if (!w->arch->mappings(w, add_map, &l, e)) {
		free(l.m);
		return false;
	}
	if (l.n)
		qsort(l.m, l.n, sizeof(*l.m), by_place);
	*out = l.m;
	*n = l.n;
	return true;
}

static void map_text(const struct walk_map *m, char *buf, size_t n)
{
	if (!m)
		snprintf(buf, n, "no such mapping");
	else
		snprintf(buf, n, "mapping 0x%" PRIx64 " -> 0x%" PRIx64 ", 0x%" PRIx64 " bytes, %s", m->iova, m->pa, m->size, walk_perm_text(m->perm));
}

static bool tell_map(struct check *c, uint64_t line, const struct walk_map *ours, const struct walk_map *theirs)
{
	const struct walk_map *m = ours ? ours : theirs;
	struct walk_diff d = { .kind = WALK_DISAGREE, .line = line, .req = { .rid = m->rid, .iova = m->iova } };

	d.req.has_pasid = m->pasid != WQ_NO_PASID;
	d.req.pasid = d.req.has_pasid ? m->pasid : 0;
	map_text(ours, d.found, sizeof(d.found));
	map_text(theirs, d.expected, sizeof(d.expected));
	return tell(c, &d);
}

struct line_map { /* a row of the file, sorted like our list */
	struct walk_map m; /* first */
	uint64_t line;
};

static bool compare_sets(struct check *c, const struct walk_map *ours, size_t n_ours, const struct line_map *theirs, size_t n_theirs)
{
	size_t i = 0, k = 0;

	while (i < n_ours || k < n_theirs) {
		const struct walk_map *a = i < n_ours ? &ours[i] : NULL, *b = k < n_theirs ? &theirs[k].m : NULL;
		int cmp = !a ? 1 : !b ? -1 : by_place(a, b);
		uint64_t line = cmp >= 0 ? theirs[k].line : 0;

		i += cmp <= 0;
		k += cmp >= 0;
		if (cmp < 0)
			b = NULL;
		else if (cmp > 0)
			a = NULL;
		else if (a->pa == b->pa && a->size == b->size && a->perm == b->perm)
			continue;
		if (!tell_map(c, line, a, b))
			return false;
	}
	return true;
}

static bool check_sets(struct check *c, const struct walk_query *q)
{
	struct line_map *theirs = q->n ? calloc(q->n, sizeof(*theirs)) : NULL;
	struct walk_map *ours = NULL;
	size_t n = 0;
	bool ok;

	if (q->n && !theirs)
		return err_set(c->e, ERR_MACHINE, "out of memory");
	for (size_t i = 0; i < q->n; i++) {
		const struct wq_row *r = &q->row[i];

		theirs[i] = (struct line_map){ { r->iova, r->pa, r->size, r->rid, r->pasid, r->perm }, r->line };
	}
	if (q->n)
		qsort(theirs, q->n, sizeof(*theirs), by_place);
	ok = walk_list(c->w, &ours, &n, c->e);
	c->t->mappings = n;
	ok = ok && compare_sets(c, ours, n, theirs, q->n);
	free(ours);
	free(theirs);
	return ok;
}

static bool check_maps(struct check *c, const struct wq_row *row)
{
	for (unsigned last = 0; last < 2; last++)
		for (unsigned acc = XL_R; acc <= XL_W; acc <<= 1)
			if (!check_map_byte(c, row, last ? row->size - 1 : 0, acc))
				return false;
	return true;
}

/* --- xlate --- */
struct try { /* one direction of a line that does not say which */
	struct xl_req q;
	struct xl_res r;
	struct walk_trace t;
	bool inside;
};

static bool same_xlate(const struct check *c, const struct wq_row *row, const struct xl_res *r)
{
	if (c->w->arch->xlate == WALK_XLATE_SIZE)
		return same_ok(row, row->pa, r);
	if (c->w->arch->xlate == WALK_XLATE_NO_SIZE || r->bypass)
		return r->ok && r->spa == row->pa;
	return r->ok && (r->spa & ~low_mask(r->size_lg2)) == row->pa;
}

static bool same_perm(const struct wq_row *row, const struct xl_res *r)
{
	return !row->have_perm || r->bypass || ((row->perm ^ r->perm) & (XL_R | XL_W)) == 0;
}

static void try_access(struct check *c, const struct wq_row *row, unsigned acc, struct try *y)
{
	y->q = request(c, row->rid, WQ_NO_PASID, row->iova, acc, 1);
	y->inside = walk_now(c->w, &y->q, &y->r, &y->t);
}

static bool check_xlate(struct check *c, const struct wq_row *row)
{
	struct try y[2];
	unsigned n = 0, same = 0, outside = 0;
	char text[120];

	if (row->acc != 'w')
		try_access(c, row, row->acc == 'x' ? XL_X | XL_R : XL_R, &y[n++]);
	if (row->acc == 'w' || row->acc == '?')
		try_access(c, row, XL_W, &y[n++]);
	for (unsigned i = 0; i < n; i++) {
		outside += !y[i].inside;
		if (y[i].inside)
			same += row->expect == WQ_FAULT ? !y[i].r.ok : same_xlate(c, row, &y[i].r) && same_perm(row, &y[i].r);
	}
	if (outside == n) {
		c->t->skipped++;
		return true;
	}
	if (row->stale)
		c->t->stale += !same;
	if (row->stale ? !same : same > 0) {
		c->t->agree++;
		return true;
	}
	if (row->expect == WQ_FAULT)
		snprintf(text, sizeof(text), "fault");
	else
		expected_ok(row, row->pa, text, sizeof(text));
	if (row->stale)
		snprintf(text, sizeof(text), "not 0x%" PRIx64 ": memory no longer has it", row->pa);
	return tell_access(c, WALK_DISAGREE, row, &y[0].q, &y[0].r, &y[0].t, text);
}

/* --- cases --- */
static void fault_text(const struct wq_row *row, char *buf, size_t n)
{
	int at = snprintf(buf, n, "fault %s", row->detail);

	if (row->have_record && at > 0 && (size_t)at < n)
		snprintf(buf + at, n - (size_t)at, " record 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64, row->record[0], row->record[1],
			 row->record[2], row->record[3]);
}

static void count_why(struct walk_tally *t, const char *why)
{
	unsigned i = 0;

	while (i + 1 < WALK_WHYS && t->why[i].text && strcmp(t->why[i].text, why))
		i++;
	t->why[i].text = why;
	t->why[i].n++;
}

static bool check_reason(struct check *c, const struct wq_row *row, const struct xl_req *q, const struct xl_res *r,
			 const struct walk_trace *t)
{
	const char *why = NULL;
	char text[160];

	switch (c->w->arch->reason(c->w, row, q, r, &why)) {
	case WALK_REASON_EQUAL:
		c->t->equal++;
		break;
	case WALK_REASON_EXPLAINED:
		c->t->explained++;
		count_why(c->t, why);
		break;
	case WALK_REASON_DIFFERENT:
		c->t->different++;
		fault_text(row, text, sizeof(text));
		return tell_access(c, WALK_REASON, row, q, r, t, text);
	case WALK_REASON_NONE:
		break;
	}
	c->t->agree++;
	return true;
}

static bool case_agrees(const struct wq_row *row, const struct xl_res *r)
{
	if (row->expect == WQ_OK)
		return same_ok(row, row->pa, r) && (!row->bypass || r->bypass);
	if (row->expect == WQ_FAULT || row->walk == WQ_WALK_FAULT)
		return !r->ok;
	return r->ok && (row->walk != WQ_WALK_PA || r->spa == row->walk_pa);
}

static bool check_case(struct check *c, const struct wq_row *row)
{
	struct xl_req q = request(c, row->rid, WQ_NO_PASID, row->iova, row->acc == 'w' ? XL_W : XL_R, 8);
	struct walk_trace t;
	struct xl_res r;
	const char *why;
	char text[160];

	if (!walk_now(c->w, &q, &r, &t)) {
		c->t->skipped++;
		return true;
	}
	if (case_agrees(row, &r)) {
		if (row->expect == WQ_FAULT)
			return check_reason(c, row, &q, &r, &t);
		c->t->agree++;
		return true;
	}
	why = c->w->arch->by_spec(c->w, row, &q, &r);
	if (why) {
		c->t->by_spec++;
		return tell_access(c, WALK_BY_SPEC, row, &q, &r, &t, why);
	}
	if (row->expect == WQ_FAULT)
		fault_text(row, text, sizeof(text));
	else if (row->expect == WQ_NOLOG && row->walk == WQ_WALK_FAULT)
		snprintf(text, sizeof(text), "fault (the simple walker's answer; the emulator let it through)");
	else if (row->expect == WQ_NOLOG && row->walk == WQ_WALK_OUTSIDE)
		snprintf(text, sizeof(text), "let through");
	else
		expected_ok(row, row->expect == WQ_NOLOG ? row->walk_pa : row->pa, text, sizeof(text));
	return tell_access(c, WALK_DISAGREE, row, &q, &r, &t, text);
}

bool walk_check(struct walk_unit *w, const struct walk_query *q, walk_report_fn *fn, void *arg, struct walk_tally *t, struct err *e)
{
	static bool (*const check_row[])(struct check *, const struct wq_row *) = { check_maps, check_xlate, check_case };
	struct check c = { w, fn, arg, t, e };

	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < q->n; i++)
		if (!check_row[q->kind](&c, &q->row[i]))
			return false;
	return q->kind != WQ_MAPS || check_sets(&c, q);
}
