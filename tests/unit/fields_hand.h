/* SPDX-License-Identifier: Apache-2.0 */
/* fields_hand.h - words encoded by hand against the field tables: a row names every field that is not zero. For test_*fields.c. */
#ifndef FIELDS_HAND_H
#define FIELDS_HAND_H
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/fld.h"

/* Set, words, then every field that is not zero. */
struct hand {
	const char *set;
	uint64_t w[8];
	const char *fields; /* "NAME=hex ..." */
};

static inline void check_hand(const struct fld_set *const *sets, const struct hand *h)
{
	const struct fld_set *s = fld_set_find(sets, h->set);
	uint64_t w[8] = { 0 };
	char text[500], *save = NULL;

	ck_assert_msg(s != NULL, "%s", h->set);
	ck_assert_int_lt(snprintf(text, sizeof(text), "%s", h->fields), (int)sizeof(text));
	for (char *t = strtok_r(text, " ", &save); t; t = strtok_r(NULL, " ", &save)) {
		char *eq = strchr(t, '=');
		const struct fld *f;
		uint64_t v = strtoull(eq + 1, NULL, 16);

		*eq = 0;
		f = fld_find(s, t);
		ck_assert_msg(f != NULL, "%s.%s", s->name, t);
		ck_assert_msg(fld_get(f, h->w) == v, "%s.%s is %lx", s->name, t, (unsigned long)fld_get(f, h->w));
		fld_put(f, w, v);
	}
	for (unsigned k = 0; k < 8; k++)
		ck_assert_msg(w[k] == h->w[k], "%s \"%s\" word %u: %lx, by hand %lx", s->name, h->fields, k, (unsigned long)w[k],
			      (unsigned long)h->w[k]);
}

/* Fields of the same name in sets @a and @b have the same place. Field @but is left out; there must be one other. */
struct alike {
	const char *a, *b, *but;
};

static inline void check_alike(const struct fld_set *const *sets, const struct alike *p)
{
	const struct fld_set *a = fld_set_find(sets, p->a), *b = fld_set_find(sets, p->b);
	size_t shared = 0;

	ck_assert_msg(a && b, "%s %s", p->a, p->b);
	for (size_t i = 0; i < b->n; i++) {
		const struct fld *g = &b->f[i], *f = fld_find(a, g->name);

		if (!f || (p->but && !strcmp(f->name, p->but)))
			continue;
		shared++;
		ck_assert_msg(f->word == g->word && f->hi == g->hi && f->lo == g->lo, "%s and %s: %s", p->a, p->b, f->name);
	}
	ck_assert_uint_gt(shared, 0);
}

/* The bits of set @set that are not reserved. */
struct named {
	const char *set;
	uint64_t w[4];
};

static inline void check_named(const struct fld_set *const *sets, const struct named *p)
{
	const struct fld_set *s = fld_set_find(sets, p->set);

	ck_assert_msg(s != NULL, "%s", p->set);
	for (unsigned k = 0; k < s->words; k++)
		ck_assert_msg(~fld_reserved(s, k) == p->w[k], "%s word %u: %lx, by hand %lx", p->set, k, (unsigned long)~fld_reserved(s, k),
			      (unsigned long)p->w[k]);
}
#endif
