/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ordhw_broken.c - captures of unmodified Linux, then the same with one step broken: an invalidation command is no longer one, a wait
 * is no longer one, the store that clears a leaf comes behind the command and wait that follow it. Each for unmaps of the capture whose
 * address is used again before any other command could cover it, chosen by the events alone. The checker must say so at that reuse and
 * nowhere before it, with the rule of an address used again too early. The unbroken capture has no finding of severity HIGH or CRITICAL.
 * The library's checker, whose completions are those of a unit in simulated time, has the same findings as the records alone: for the whole
 * capture, and for the first places broken in each way; all but those that say a DMA used the stale entry as well.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "api_feed.h"
#include "check/ordhw.h"
#include "core/base/bits.h"

enum { TRIES = 24, MAX_FOUND = 8, IN_LIBRARY = 2 };
enum way { DROP_COMMAND, DROP_WAIT, MOVE_STORE, WAYS };
struct ev { uint64_t line, lo, last, pa, slot; uint32_t d; uint8_t op; };
struct found { uint64_t line; enum ord_rule_id rule; bool reuse; uint8_t op; }; /* reuse: GEN-ORD-03 is or is among its rules */
struct pass {
	struct ord_chk *c;
	struct ordhw *h;
	struct ev *ev; /* NULL: not kept */
	size_t n_ev, n_f;
	struct found f[MAX_FOUND];
	struct fed_list all;
};

/* ---- one pass of the checker ---- */

static void report(void *ctx, const struct ord_finding *f)
{
	struct pass *p = ctx;
	bool reuse = f->rule == ORD_GEN_03;

	fed_add(&p->all, f->line, ord_rules[f->rule].id, ord_op_name[f->op], ord_severity_name[f->severity], ord_verdict_name[f->verdict]);
	if (f->severity > ORD_HIGH || (f->verdict != ORD_VIOLATION && f->verdict != ORD_MANIFEST))
		return;
	if (p->n_f == MAX_FOUND)
		return;
	for (unsigned i = 0; i < f->n_also; i++)
		reuse |= f->also[i] == ORD_GEN_03;
	p->f[p->n_f++] = (struct found){ f->line, f->rule, reuse, f->op };
}
static struct ord_names *begin(void *ctx, enum ord_arch a)
{
	struct pass *p = ctx;
	struct ord_knobs k = { 0 };
	struct err e = { 0 };

	cfg_defaults(ord_knob_opts, &k);
	ordhw_knobs(p->h, &k);
	k.np_cache = a == ORD_AMDVI; /* QEMU's AMD-Vi has NpCache; no register tells */
	p->c = ord_open(a, &k, report, p, &e);
	return p->c ? ord_names(p->c) : NULL;
}
static bool event(void *ctx, const struct ord_ev *e)
{
	struct pass *p = ctx;
	struct err err = { 0 };

	if (p->ev)
		p->ev[p->n_ev++] = (struct ev){ e->line, e->lo, e->last, e->pa, ord_val(e, ORD_KEY_SLOT, 0), e->d, e->op };
	return ord_event(p->c, e, &err);
}
static void check(const struct cap *c, struct pass *p, bool keep)
{
	struct ordhw_ops o = { p, begin, event };
	struct err e = { 0 };

	memset(p, 0, sizeof(*p));
	p->ev = keep ? calloc(c->n * 4, sizeof(*p->ev)) : NULL;
	p->h = ordhw_open(NULL, false, &o, &e);
	ck_assert(p->h && (p->ev || !keep));
	for (size_t i = 0; i < c->n; i++)
		ck_assert_msg(ordhw_take(p->h, &c->r[i]), "%s", e.msg);
	ck_assert(ordhw_finish(p->h) && ord_finish(p->c, &e));
	ordhw_close(p->h);
	ord_close(p->c);
}

/* What a DMA made manifest differs: those of the capture met an unbroken driver, those of the library use what has become stale. */
static size_t without_manifest(const struct fed_list *l, struct fed_list *to)
{
	to->n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->f[i].verdict, "MANIFEST"))
			to->f[to->n++] = l->f[i];
	return to->n;
}
static void same_in_library(const struct cap_arch *a, const struct cap *c, const struct fed_list *l)
{
	static struct fed_list all, got, want;

	api_feed(a, c, &all);
	ck_assert_uint_eq(without_manifest(&all, &got), without_manifest(l, &want));
	ck_assert(!!all.n == !!want.n);
	for (size_t i = 0; i < want.n; i++) {
		const struct fed *x = &want.f[i], *y = &got.f[i];

		ck_assert_msg(x->line == y->line && !strcmp(x->rule, y->rule) && !strcmp(x->event, y->event) && !strcmp(x->severity, y->severity) &&
			      !strcmp(x->verdict, y->verdict),
			      "%s: finding %zu: %s %s at %llu, the library has %s %s at %llu", a->trace, i, x->rule, x->event,
			      (unsigned long long)x->line, y->rule, y->event, (unsigned long long)y->line);
	}
}

/* ---- what to break ---- */

struct target { const struct ev *clr, *inv, *wait, *set; };

static bool overlap(const struct ev *a, const struct ev *b)
{
	return a->lo <= b->last && b->lo <= a->last;
}
/* What @clr removed; 0: not known. */
static uint64_t page_of(const struct pass *p, const struct ev *clr)
{
	for (const struct ev *e = clr; e-- > p->ev;)
		if (e->op == ORD_PTE_SET && e->d == clr->d && overlap(e, clr))
			return e->pa + (clr->lo - e->lo);
	return 0;
}
/* A leaf cleared, the command that covers it, the wait behind, and the address set to another page with no other command or wait since. */
static bool target(const struct pass *p, size_t i, struct target *t)
{
	*t = (struct target){ .clr = &p->ev[i] };
	if (t->clr->op != ORD_PTE_CLR || t->clr->last - t->clr->lo != 0xfff)
		return false;
	for (size_t k = i + 1; k < p->n_ev; k++) {
		const struct ev *e = &p->ev[k];

		switch (e->op) {
		case ORD_TLBINV:
			if (t->inv || e->lo > t->clr->lo || e->last < t->clr->last || e->last == UINT64_MAX)
				return false;
			t->inv = e;
			break;
		case ORD_WAIT:
			if (t->wait)
				return false;
			if (t->inv)
				t->wait = e;
			break;
		case ORD_PTE_SET:
			if (e->d != t->clr->d || !overlap(e, t->clr))
				break;
			t->set = e;
			return t->wait && page_of(p, t->clr) && page_of(p, t->clr) != e->pa + (t->clr->lo - e->lo);
		case ORD_CFG_WR: case ORD_CFG_SET: case ORD_PT_UNLINK: case ORD_PTE_MOD: case ORD_ID_ALLOC:
			return false;
		}
	}
	return false;
}
/* The store of line @from, and others to the same word up to @to (the capture has wide stores more than once), go behind record @to. */
static void move(struct cap *c, uint64_t from, uint64_t to)
{
	struct trc_rec r = c->r[from - 1];
	size_t n = 0;

	ck_assert_uint_eq(r.kind, TRC_STORE);
	for (size_t i = from - 1; i < to; i++) {
		if (c->r[i].kind == TRC_STORE && c->r[i].u.store.pa == r.u.store.pa)
			n++;
		else
			c->r[i - n] = c->r[i];
	}
	while (n)
		c->r[to - n--] = r;
}
static void broken(const struct cap_arch *a, enum way w, const struct target *t, const struct cap *whole, bool in_library)
{
	static const char *const name[WAYS] = { "command dropped", "wait dropped", "store behind the wait" };
	const struct ev *cmd = w == DROP_COMMAND ? t->inv : t->wait;
	struct cap c = cap_copy(whole);
	struct pass p;

	if (w == MOVE_STORE)
		move(&c, t->clr->line, t->wait->line);
	else
		cap_replace(a, &c, cmd->slot, cmd->line);
	check(&c, &p, false);
	ck_assert_msg(p.n_f > 0, "%s: %s at record %llu: no finding", a->trace, name[w], (unsigned long long)t->clr->line);
	ck_assert_msg(p.f[0].line == t->set->line && p.f[0].op == ORD_PTE_SET, "%s: %s at record %llu: %s at record %llu, not at %llu", a->trace,
		      name[w], (unsigned long long)t->clr->line, ord_rules[p.f[0].rule].id, (unsigned long long)p.f[0].line,
		      (unsigned long long)t->set->line);
	ck_assert_msg(p.f[0].reuse, "%s: %s at record %llu: %s", a->trace, name[w], (unsigned long long)t->clr->line,
		      ord_rules[p.f[0].rule].id);
	if (in_library)
		same_in_library(a, &c, &p.all);
	free(c.r);
}

START_TEST(what_is_broken_is_found)
{
	const struct cap_arch *a = &cap_archs[_i];
	struct cap c = cap_load(a);
	unsigned n = 0;
	struct pass p;
	struct target t;

	check(&c, &p, true);
	ck_assert_msg(!p.n_f, "%s: unbroken: %s at record %llu", a->trace, ord_rules[p.f[0].rule].id, (unsigned long long)p.f[0].line);
	same_in_library(a, &c, &p.all);
	for (size_t i = 0; i < p.n_ev && n < TRIES; i++) {
		if (!target(&p, i, &t))
			continue;
		for (enum way w = 0; w < WAYS; w++)
			broken(a, w, &t, &c, n < IN_LIBRARY);
		n++;
	}
	ck_assert_msg(n >= 3, "%s: only %u places to break", a->trace, n);
	printf("%s: %u places, each broken in %d ways: found\n", a->trace, n, WAYS);
	free(p.ev);
	cap_free(&c);
}
END_TEST

/* Commands of a change of domain: what is said first when one is missing, and where. Record numbers count without comments. */
static const struct { uint8_t arch, cmd; uint64_t line, at; enum ord_rule_id rule; uint8_t op; } missing[] = {
	{ 0, ORD_CFGINV, 8415, 8426, ORD_GEN_14, ORD_ID_ALLOC }, /* context cache, then IOTLB, behind a cleared context entry */
	{ 0, ORD_TLBINV, 8422, 8426, ORD_GEN_14, ORD_ID_ALLOC },
	{ 0, ORD_CFGINV, 11096, 11107, ORD_GEN_14, ORD_ID_ALLOC },
	{ 1, ORD_CFGINV, 575, 590, ORD_SMM_02, ORD_DMA }, /* behind an STE made valid */
	{ 1, ORD_CFGINV, 8295, 8297, ORD_SMM_01, ORD_CFG_WR }, /* between V = 0 and the other words */
	{ 1, ORD_CFGINV, 8345, 10306, ORD_SMM_02, ORD_DMA },
	{ 1, ORD_TLBINV, 11359, 11735, ORD_GEN_14, ORD_ID_ALLOC }, /* by ASID, before the ASID gets another table */
	{ 2, ORD_CFGINV, 17290, 18147, ORD_AMD_02, ORD_ID_ALLOC }, /* the last of several behind a cleared device table entry */
	{ 2, ORD_CFGINV, 17507, 18388, ORD_AMD_02, ORD_ID_ALLOC },
};
START_TEST(what_is_missing_at_a_change_of_domain_is_found)
{
	const struct cap_arch *a = &cap_archs[missing[_i].arch];
	struct cap c = cap_load(a);
	struct pass p;
	size_t i = 0;

	check(&c, &p, true);
	while (i < p.n_ev && (p.ev[i].line != missing[_i].line || p.ev[i].op != missing[_i].cmd))
		i++;
	ck_assert_uint_lt(i, p.n_ev);
	cap_replace(a, &c, p.ev[i].slot, p.ev[i].line);
	free(p.ev);
	check(&c, &p, false);
	ck_assert_uint_gt(p.n_f, 0);
	ck_assert_str_eq(ord_rules[p.f[0].rule].id, ord_rules[missing[_i].rule].id);
	ck_assert_uint_eq(p.f[0].line, missing[_i].at);
	ck_assert_uint_eq(p.f[0].op, missing[_i].op);
	same_in_library(a, &c, &p.all);
	cap_free(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ordhw_broken");
	TCase *t = tcase_create("captures");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, what_is_broken_is_found, 0, CAP_ARCHS);
	tcase_add_loop_test(t, what_is_missing_at_a_change_of_domain_is_found, 0, ARRAY_LEN(missing));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
