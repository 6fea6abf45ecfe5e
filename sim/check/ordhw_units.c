/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_units.c - ordering events from a hardware-level trace of several units: an ordhw of its own for each, all of which see the memory.
 * Page tables are named by their root, so one that several units use is one; what its stores do is told once.
 * Does not model: units of different architectures in one trace, knobs by unit (those of the lowest unit with captured registers count).
 */
#include "check/ordhw_int.h"
#include <stdlib.h>
#include <string.h>

enum { UNITS = 256 };
struct told { uint64_t lo, last, pa, line; uint32_t d; uint8_t op; };
struct member { struct ordhw_units *s; struct ordhw *h; };
struct ordhw_units {
	struct ordhw_ops o;
	struct err *e;
	const char *arch; /* as opened */
	bool explicit_done, begun, user_begun;
	enum ord_arch is;
	struct ord_names *names;
	struct member *unit[UNITS];
	unsigned n; /* highest unit + 1 */
	struct told *told; /* of page tables, by the record in work */
	size_t n_told, cap_told, next;
};

static struct ord_names *begin(void *ctx, enum ord_arch a)
{
	struct ordhw_units *s = ((struct member *)ctx)->s;

	if (s->user_begun && a != s->is) {
		err_set(s->e, ERR_INPUT, "units of different architectures in one trace: expected only %s", ord_arch_name[s->is]);
		return NULL;
	}
	if (!s->user_begun)
		s->names = s->o.begin(s->o.ctx, a);
	s->user_begun = true;
	s->is = a;
	return s->names;
}
static bool of_table(uint8_t op)
{
	return op == ORD_PTE_SET || op == ORD_PTE_MOD || op == ORD_PTE_CLR || op == ORD_PT_LINK || op == ORD_PT_UNLINK || op == ORD_PT_FREE;
}
/* Has the same been told of this record, by another unit, or of another domain with the same table? They tell things in the same order: the search goes on where the last one was found. */
static bool again(struct ordhw_units *s, struct ordhw *h, const struct ord_ev *e)
{
	struct told t = { e->lo, e->last, e->pa, e->line, e->d, e->op };

	for (size_t k = 0; k < s->n_told; k++) {
		size_t i = (s->next + k) % s->n_told;
		const struct told *o = &s->told[i];

		if (o->op == t.op && o->d == t.d && o->lo == t.lo && o->last == t.last && o->pa == t.pa && o->line == t.line) {
			s->next = i + 1;
			return true;
		}
	}
	if (ordhw_grow(h, &s->told, s->n_told, &s->cap_told, sizeof(*s->told)))
		s->told[s->n_told++] = t;
	return false;
}
static bool event(void *ctx, const struct ord_ev *e)
{
	const struct member *m = ctx;

	if (m->s->n > 1 && of_table(e->op) && again(m->s, m->h, e))
		return true;
	return m->s->o.event(m->s->o.ctx, e);
}
static void add_page(void *arg, uint64_t spa, const uint64_t *w)
{
	struct ordhw *h = arg;
	struct trc_rec r = { .kind = TRC_PAGE, .u.page = { spa, w } };

	if (!lift_take(h->l, &r))
		h->failed = true;
}
/* @h becomes @unit beside @first: it knows the memory that @first has seen. */
static bool join(struct ordhw *h, struct ordhw *first, uint8_t unit)
{
	h->unit = unit;
	h->several = first->several = true;
	ordhw_end_run(first);
	mem_each_page(lift_mem(first->l), add_page, h);
	return !h->failed;
}
static struct ordhw *unit_of(struct ordhw_units *s, unsigned u)
{
	struct ordhw_ops o = { NULL, begin, event };
	struct member *m = s->unit[u];

	if (m)
		return m->h;
	m = calloc(1, sizeof(*m));
	if (!m) {
		err_set(s->e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	m->s = s;
	o.ctx = m;
	m->h = ordhw_open(s->arch, s->explicit_done, &o, s->e);
	if (!m->h || (u && !join(m->h, s->unit[0]->h, (uint8_t)u))) {
		ordhw_close(m->h);
		free(m);
		return NULL;
	}
	if (s->begun && !m->h->arch)
		m->h->arch = s->unit[0]->h->arch;
	s->unit[u] = m;
	s->n = u >= s->n ? u + 1 : s->n;
	return m->h;
}
/* The first record that is no initial state: a unit whose registers are not in the trace is of the kind of the others. */
static void begin_all(struct ordhw_units *s)
{
	const struct ordhw_arch *a = NULL;

	for (unsigned u = s->n; u-- > 0;)
		if (s->unit[u] && s->unit[u]->h->arch)
			a = s->unit[u]->h->arch;
	for (unsigned u = 0; u < s->n; u++)
		if (s->unit[u] && !s->unit[u]->h->arch)
			s->unit[u]->h->arch = a;
	s->begun = true;
}
bool ordhw_units_state(struct ordhw_units *s, const struct trc_rec *r)
{
	unsigned own = r->kind == TRC_REGSTATE ? r->unit : 0;
	struct ordhw *h = unit_of(s, own);
	struct trc_rec plain = *r;
	bool ok = h != NULL;

	plain.unit = 0;
	if (ok && r->kind == TRC_REGSTATE)
		return ordhw_state(h, &plain);
	for (unsigned u = 0; ok && u < s->n; u++)
		ok = !s->unit[u] || ordhw_state(s->unit[u]->h, &plain);
	return ok;
}
struct ordhw *ordhw_units_get(const struct ordhw_units *s, unsigned unit)
{
	return unit < s->n && s->unit[unit] ? s->unit[unit]->h : NULL;
}
bool ordhw_units_take(struct ordhw_units *s, const struct trc_rec *r)
{
	bool memory = r->kind == TRC_PAGE || r->kind == TRC_STORE, state = r->kind == TRC_PAGE || r->kind == TRC_REGSTATE, ok;
	unsigned own = r->kind == TRC_ORDER || memory ? 0 : r->unit;
	struct ordhw *h = unit_of(s, own);
	struct trc_rec plain = *r;

	if (!h || r->kind == TRC_COMMENT)
		return h != NULL;
	if (!s->begun && !state)
		begin_all(s);
	s->n_told = s->next = 0;
	plain.unit = 0;
	for (unsigned u = 0; s->n > 1 && s->begun && u < s->n; u++)
		if ((u != own || memory) && s->unit[u] && !ordhw_sync(s->unit[u]->h, r))
			return false;
	ok = ordhw_take(h, &plain);
	for (unsigned u = 1; ok && memory && u < s->n; u++)
		ok = !s->unit[u] || ordhw_take(s->unit[u]->h, &plain);
	return ok;
}
void ordhw_units_out(struct ordhw_units *s)
{
	for (unsigned u = 0; u < s->n; u++)
		if (s->unit[u])
			ordhw_end_run(s->unit[u]->h);
}
bool ordhw_units_finish(struct ordhw_units *s)
{
	bool ok = true;

	s->n_told = s->next = 0;
	for (unsigned u = 0; u < s->n; u++)
		ok = ok && (!s->unit[u] || ordhw_finish(s->unit[u]->h));
	return ok;
}
static bool registers(const struct ordhw *h)
{
	return h->reg[0] | h->reg[1] | h->reg[2];
}
const struct ordhw *ordhw_units_first(const struct ordhw_units *s)
{
	for (unsigned u = 0; u < s->n; u++)
		if (s->unit[u] && s->unit[u]->h->arch && registers(s->unit[u]->h))
			return s->unit[u]->h;
	return s->unit[0]->h; /* NOLINT(clang-analyzer-core.NullDereference): unit 0 is made by ordhw_units_open() */
}
struct ordhw_units *ordhw_units_open(const char *arch, bool explicit_done, const struct ordhw_ops *o, struct err *e)
{
	struct ordhw_units *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	s->o = *o;
	s->e = e;
	s->arch = arch;
	s->explicit_done = explicit_done;
	if (unit_of(s, 0))
		return s;
	ordhw_units_close(s);
	return NULL;
}
void ordhw_units_close(struct ordhw_units *s)
{
	for (unsigned u = 0; s && u < s->n; u++) {
		if (s->unit[u])
			ordhw_close(s->unit[u]->h);
		free(s->unit[u]);
	}
	if (s)
		free(s->told);
	free(s);
}
