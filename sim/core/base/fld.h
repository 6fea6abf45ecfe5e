/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fld.h - fields of guest-visible structures, one row each, read by decoder, encoder, tests and documents.
 * A structure is an array of 64-bit little-endian words; what no row names is reserved.
 */
#ifndef IOMMUSIM_FLD_H
#define IOMMUSIM_FLD_H
#include <stdio.h>
#include "core/base/util.h"

enum fld_kind { FLD_RW, FLD_RO, FLD_IGN /* ignored by hardware, not reserved */, FLD_ADDR /* printed as the address it holds, shifted back by lo */ };
struct fld {
	const char *name;
	uint8_t word, hi, lo, kind;
	const char *doc;
};
struct fld_set {
	const char *name; /* as the command line spells it, e.g. "context" */
	const char *title; /* as the specification prints it */
	uint8_t words;
	const struct fld *f;
	size_t n;
};
/** fld_reserved() - the bits of word @word that no field of @s names. */
uint64_t fld_reserved(const struct fld_set *s, unsigned word);
/** fld_get() - value of field @f in @w, right-aligned. */
uint64_t fld_get(const struct fld *f, const uint64_t *w);
void fld_put(const struct fld *f, uint64_t *w, uint64_t v);
/** fld_print() - every field, one a line, then "reserved bits set: ..." if any. */
void fld_print(FILE *o, const struct fld_set *s, const uint64_t *w);
const struct fld *fld_find(const struct fld_set *s, const char *name);
/* What a value of a field means; a table ends with set NULL. */
struct fld_value {
	const char *set, *field;
	uint64_t value;
	const char *text;
};
/* Which layout a record has that is told by a number inside it; a table ends with set NULL. */
struct fld_choice {
	unsigned code;
	const struct fld_set *set;
};
/* A number with a name and a sentence, for example an event; a table ends with name NULL. */
struct fld_code {
	unsigned code;
	const char *name, *text;
};
/** fld_set_find() - the set called @name in @sets (ends with NULL); '-' in @name stands for '_'. NULL if there is none. */
const struct fld_set *fld_set_find(const struct fld_set *const *sets, const char *name);
/** fld_value_text() - what @v means in @f of @s, NULL if table @t says nothing. */
const char *fld_value_text(const struct fld_value *t, const struct fld_set *s, const struct fld *f, uint64_t v);
/** fld_choose() - the set of @code, NULL if the table has none. */
const struct fld_set *fld_choose(const struct fld_choice *t, unsigned code);
/** fld_code_find() - the row of @code, NULL if the table has none. */
const struct fld_code *fld_code_find(const struct fld_code *t, unsigned code);
#endif
