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
#endif
