/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fld.c - generic readers of field tables: reserved mask, get, put, print, find; look-ups in lists of sets, values and codes.
 * Does not model: meaning; a value is a number, or for FLD_ADDR the address it stands for.
 */
#include "core/base/fld.h"
#include <inttypes.h>
#include <string.h>
#include "core/base/bits.h"

uint64_t fld_reserved(const struct fld_set *s, unsigned word)
{
	uint64_t named = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->f[i].word == word)
			named |= bits_mask(s->f[i].hi, s->f[i].lo);
	return ~named;
}

uint64_t fld_get(const struct fld *f, const uint64_t *w)
{
	return bits_get(w[f->word], f->hi, f->lo);
}

void fld_put(const struct fld *f, uint64_t *w, uint64_t v)
{
	w[f->word] = bits_put(w[f->word], f->hi, f->lo, v);
}

/* Bits are printed as the specification counts them: over the whole structure, word 1 starts at bit 64. */
static void print_field(FILE *o, const struct fld *f, const uint64_t *w, int width)
{
	unsigned base = f->word * 64u;
	uint64_t v = fld_get(f, w);
	char bits[32];

	if (f->kind == FLD_ADDR)
		v <<= f->lo;
	if (f->hi == f->lo)
		snprintf(bits, sizeof(bits), "[%u]", base + f->hi);
	else
		snprintf(bits, sizeof(bits), "[%u:%u]", base + f->hi, base + f->lo);
	fprintf(o, "  %-*s %-9s 0x%-16" PRIx64 " %s\n", width, f->name, bits, v, f->doc);
}

void fld_print(FILE *o, const struct fld_set *s, const uint64_t *w)
{
	int width = 0;
	bool any = false;

	for (size_t i = 0; i < s->n; i++)
		if ((int)strlen(s->f[i].name) > width)
			width = (int)strlen(s->f[i].name);
	for (size_t i = 0; i < s->n; i++)
		print_field(o, &s->f[i], w, width);
	for (unsigned k = 0; k < s->words; k++) {
		uint64_t bad = w[k] & fld_reserved(s, k);

		if (!bad)
			continue;
		fprintf(o, "%s word %u 0x%" PRIx64, any ? "," : "reserved bits set:", k, bad);
		any = true;
	}
	if (any)
		fputc('\n', o);
}

const struct fld *fld_find(const struct fld_set *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->f[i].name, name))
			return &s->f[i];
	return NULL;
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(*a == '-' && *b == '_'))
			return false;
	return *a == *b;
}

const struct fld_set *fld_set_find(const struct fld_set *const *sets, const char *name)
{
	for (; *sets; sets++)
		if (same_name(name, (*sets)->name))
			return *sets;
	return NULL;
}

const char *fld_value_text(const struct fld_value *t, const struct fld_set *s, const struct fld *f, uint64_t v)
{
	for (; t->set; t++)
		if (t->value == v && !strcmp(t->field, f->name) && !strcmp(t->set, s->name))
			return t->text;
	return NULL;
}

const struct fld_set *fld_choose(const struct fld_choice *t, unsigned code)
{
	for (; t->set; t++)
		if (t->code == code)
			return t->set;
	return NULL;
}

const struct fld_code *fld_code_find(const struct fld_code *t, unsigned code)
{
	for (; t->name; t++)
		if (t->code == code)
			return t;
	return NULL;
}
