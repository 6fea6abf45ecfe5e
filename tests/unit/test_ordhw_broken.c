/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ordhw_broken.c - captures of unmodified Linux, then the same with one step broken: an invalidation command is no longer one, a wait is
 * no longer one, the store that clears a leaf comes behind the command and wait that follow it. Each for unmaps of the capture whose address
 * is used again before any other command could cover it, chosen by the events alone. The checker must say so at that reuse and nowhere before
 * it, with the rule of an address used again too early. The unbroken capture has no finding of severity HIGH or CRITICAL.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/ordhw.h"
#include "core/base/bits.h"

enum { TRIES = 24, MAX_FOUND = 8 };
enum way { DROP_COMMAND, DROP_WAIT, MOVE_STORE, WAYS };
static const struct arch {
	const char *trace;
	uint32_t base_reg; /* of the command ring */
	uint64_t base_mask, harmless; /* the first word of a command that is no invalidation of translations; its second is 0 */
} archs[] = {
	{ "traces/vtd-edu.iotb", 0x90, UINT64_C(0xffffffffff000), 0x4 /* iec_inv_dsc */ },
	{ "traces/smmuv3-edu.iotb", 0x90, UINT64_C(0xfffffffffffe0), 0x1 /* CMD_PREFETCH_CONFIG */ },
	{ "traces/amdvi-edu.iotb", 0x08, UINT64_C(0xffffffffff000), UINT64_C(0x5000000000000000) /* INVALIDATE_INTERRUPT_TABLE */ },
};

struct cap { /* a capture in memory */
	struct trc_rec *r;
	size_t n;
	uint64_t ring;
};
struct ev { uint64_t line, lo, last, pa, slot; uint32_t d; uint8_t op; };
struct found { uint64_t line; enum ord_rule_id rule; bool reuse; uint8_t op; }; /* reuse: GEN-ORD-03 is or is among its rules */
struct pass {
	struct ord_chk *c;
	struct ordhw *h;
	struct ev *ev; /* NULL: not kept */
	size_t n_ev, n_f;
	struct found f[MAX_FOUND];
};

static struct cap load(const struct arch *a)
{
	struct err e = { 0 };
	struct trc_reader *t = trc_open(a->trace, &e);
	struct cap c = { 0 };
	struct trc_rec r;
	size_t cap = 0;
	int rc;

	ck_assert_msg(t != NULL, "%s", e.msg);
	while ((rc = trc_next(t, &r, &e)) > 0) {
		if (r.kind == TRC_COMMENT)
			continue;
		if (c.n == cap) {
			cap = cap ? 2 * cap : 1 << 14;
			c.r = realloc(c.r, cap * sizeof(*c.r));
			ck_assert_ptr_nonnull(c.r);
		}
		if (r.kind == TRC_PAGE)
			r.u.page.w = memcpy(malloc(4096), r.u.page.w, 4096);
		if (r.kind == TRC_REGSTATE && r.u.reg.off == a->base_reg)
			c.ring = r.u.reg.val & a->base_mask & ~UINT64_C(31);
		r.line = c.n + 1; /* what is moved keeps it */
		c.r[c.n++] = r;
	}
	ck_assert_msg(!rc, "%s", e.msg);
	trc_close(t);
	return c;
}
static void unload(struct cap *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->r[i].kind == TRC_PAGE)
			free((void *)(uintptr_t)c->r[i].u.page.w);
	free(c->r);
}

/* ---- one pass of the checker ---- */

static void report(void *ctx, const struct ord_finding *f)
{
	struct pass *p = ctx;
	bool reuse = f->rule == ORD_GEN_03;

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
/* The last two stores to the slot before @line, of which the first word is at an even place, say something else. */
static void replace(const struct arch *a, struct cap *c, const struct ev *cmd)
{
	uint64_t pa = c->ring + 16 * cmd->slot;
	unsigned low = 0, high = 0;

	for (size_t i = cmd->line - 1; i-- > 0 && !low;) {
		struct trc_rec *r = &c->r[i];

		if (r->kind != TRC_STORE || (r->u.store.pa & ~UINT64_C(15)) != pa)
			continue;
		low += r->u.store.pa == pa;
		high += r->u.store.pa != pa;
		r->u.store.val = r->u.store.pa == pa ? a->harmless : 0;
	}
	ck_assert_msg(low == 1 && high, "slot %llu is not stored", (unsigned long long)cmd->slot);
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
static void broken(const struct arch *a, enum way w, const struct target *t, const struct cap *whole)
{
	static const char *const name[WAYS] = { "command dropped", "wait dropped", "store behind the wait" };
	struct cap c = *whole;
	struct pass p;

	c.r = malloc(c.n * sizeof(*c.r)); /* the pages stay the whole one's */
	ck_assert_ptr_nonnull(c.r);
	memcpy(c.r, whole->r, c.n * sizeof(*c.r));
	if (w == MOVE_STORE)
		move(&c, t->clr->line, t->wait->line);
	else
		replace(a, &c, w == DROP_COMMAND ? t->inv : t->wait);
	check(&c, &p, false);
	ck_assert_msg(p.n_f > 0, "%s: %s at record %llu: no finding", a->trace, name[w], (unsigned long long)t->clr->line);
	ck_assert_msg(p.f[0].line == t->set->line && p.f[0].op == ORD_PTE_SET, "%s: %s at record %llu: %s at record %llu, not at %llu", a->trace,
		      name[w], (unsigned long long)t->clr->line, ord_rules[p.f[0].rule].id, (unsigned long long)p.f[0].line,
		      (unsigned long long)t->set->line);
	ck_assert_msg(p.f[0].reuse, "%s: %s at record %llu: %s", a->trace, name[w], (unsigned long long)t->clr->line,
		      ord_rules[p.f[0].rule].id);
	free(c.r);
}

START_TEST(what_is_broken_is_found)
{
	const struct arch *a = &archs[_i];
	struct cap c = load(a);
	unsigned n = 0;
	struct pass p;
	struct target t;

	check(&c, &p, true);
	ck_assert_msg(!p.n_f, "%s: unbroken: %s at record %llu", a->trace, ord_rules[p.f[0].rule].id, (unsigned long long)p.f[0].line);
	for (size_t i = 0; i < p.n_ev && n < TRIES; i++) {
		if (!target(&p, i, &t))
			continue;
		for (enum way w = 0; w < WAYS; w++)
			broken(a, w, &t, &c);
		n++;
	}
	ck_assert_msg(n >= 3, "%s: only %u places to break", a->trace, n);
	printf("%s: %u places, each broken in %d ways: found\n", a->trace, n, WAYS);
	free(p.ev);
	unload(&c);
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
	const struct arch *a = &archs[missing[_i].arch];
	struct cap c = load(a);
	struct pass p;
	size_t i = 0;

	check(&c, &p, true);
	while (i < p.n_ev && (p.ev[i].line != missing[_i].line || p.ev[i].op != missing[_i].cmd))
		i++;
	ck_assert_uint_lt(i, p.n_ev);
	replace(a, &c, &p.ev[i]);
	free(p.ev);
	check(&c, &p, false);
	ck_assert_uint_gt(p.n_f, 0);
	ck_assert_str_eq(ord_rules[p.f[0].rule].id, ord_rules[missing[_i].rule].id);
	ck_assert_uint_eq(p.f[0].line, missing[_i].at);
	ck_assert_uint_eq(p.f[0].op, missing[_i].op);
	unload(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ordhw_broken");
	TCase *t = tcase_create("captures");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, what_is_broken_is_found, 0, ARRAY_LEN(archs));
	tcase_add_loop_test(t, what_is_missing_at_a_change_of_domain_is_found, 0, ARRAY_LEN(missing));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
