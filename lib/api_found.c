/* SPDX-License-Identifier: Apache-2.0 */
/* api_found.c - the public C library: findings of the ordering checker, told and kept. */
#include <stdlib.h>
#include <string.h>
#include "api_check.h"
#include "memtext.h"
#include "ord_text.h"

enum { KEPT = 20 }; /* of each rule */

static void describe(const struct check_found *f, struct iommusim_ordering *out)
{
	const struct ord_rule *r = &ord_rules[f->f.rule];

	*out = (struct iommusim_ordering){ .size = sizeof(*out), .rule = r->id, .title = r->title, .clause = r->clause,
					   .verdict = ord_verdict_name[f->f.verdict], .severity = ord_severity_name[f->f.severity],
					   .event = ord_op_name[f->f.op], .what = f->what, .right = f->right, .history = f->history,
					   .unit = f->unit, .error = ord_fails(&f->f), .call = f->f.line, .time = f->time };
}

static void drop(struct check_found *f)
{
	free(f->what);
	free(f->right);
	free(f->history);
}

static bool take_copy(struct check_found *f)
{
	size_t n = 0;
	FILE *o;

	f->what = strdup(f->f.what);
	f->right = strdup(f->f.right ? f->f.right : "");
	o = open_memstream(&f->history, &n);
	if (o)
		ord_text_history(&f->f, "call", o);
	if (!memtext_end(o, &f->history) || !f->what || !f->right)
		return false;
	f->f.what = f->what;
	f->f.right = f->right;
	return true;
}

static bool keep(struct api_check *k, const struct check_found *f)
{
	if (k->n_found == k->cap_found) {
		size_t cap = k->cap_found ? 2 * k->cap_found : 16;
		struct check_found *p = reallocarray(k->found, cap, sizeof(*p));

		if (!p)
			return false;
		k->found = p;
		k->cap_found = cap;
	}
	k->found[k->n_found++] = *f;
	return true;
}

void api_found(void *ctx, const struct ord_finding *f)
{
	struct check_group *g = ctx;
	iommusim *s = g->s;
	struct api_check *k = s->check;
	struct check_found x = { .f = *f, .time = iommusim_now(s), .unit = f->unit < g->n ? g->unit[f->unit] : g->unit[0] };
	bool ok = take_copy(&x), kept = false;
	struct iommusim_ordering tell;
	bool running = s->running;

	k->count++;
	k->errors += ord_fails(f);
	if (ok && s->cb.ordering) {
		describe(&x, &tell);
		k->busy = s->running = true;
		s->cb.ordering(s->cb.arg, &tell);
		k->busy = false;
		s->running = running;
	}
	if (ok && k->of_rule[f->rule]++ < KEPT)
		ok = kept = keep(k, &x);
	if (!ok)
		err_set(&k->e, ERR_MACHINE, "out of memory");
	if (!kept)
		drop(&x);
}

void api_found_free(struct api_check *k)
{
	for (size_t i = 0; i < k->n_found; i++)
		drop(&k->found[i]);
	free(k->found);
}

uint64_t iommusim_calls(const iommusim *s)
{
	return s->n_call;
}

uint64_t iommusim_ordering_count(const iommusim *s)
{
	return s->check ? s->check->count : 0;
}

uint64_t iommusim_ordering_errors(const iommusim *s)
{
	return s->check ? s->check->errors : 0;
}

int iommusim_ordering_get(iommusim *s, size_t index, struct iommusim_ordering *finding)
{
	struct iommusim_ordering full;
	size_t n = finding->size;

	if (n < sizeof(n))
		return api_invalid(s, "the size in struct iommusim_ordering is not set: initialise it with IOMMUSIM_INIT()");
	if (!s->check || index >= s->check->n_found)
		return api_invalid(s, "there is no finding %zu", index);
	describe(&s->check->found[index], &full);
	memcpy(finding, &full, n < sizeof(full) ? n : sizeof(full));
	finding->size = n;
	return IOMMUSIM_OK;
}

int iommusim_ordering_text(const iommusim *s, size_t index, char *text, size_t size)
{
	char *all = NULL;
	size_t n = 0;
	FILE *o;

	if (size)
		*text = '\0';
	if (!s->check || index >= s->check->n_found)
		return 0;
	o = open_memstream(&all, &n);
	if (o)
		ord_text(&s->check->found[index].f, "call", "call", o);
	if (!memtext_end(o, &all)) {
		n = 0;
	} else if (size) {
		memcpy(text, all, n < size ? n : size - 1);
		text[n < size ? n : size - 1] = '\0';
	}
	free(all);
	return (int)n;
}
