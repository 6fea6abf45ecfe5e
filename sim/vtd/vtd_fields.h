/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_fields.h - every field of VT-d structures, descriptors and registers, as inline accessors and as tables for people.
 * Sources of the rows: vtd_entries.def, vtd_regs_fields.def, vtd_values.def. Models layout only; what a value leads to is the unit's.
 * Does not cover: MTRR, performance-monitoring and enhanced-command registers (not modelled).
 */
#ifndef IOMMUSIM_VTD_FIELDS_H
#define IOMMUSIM_VTD_FIELDS_H
#include "core/base/bits.h"
#include "core/base/fld.h"

/* vtd_get_context_DID(w), vtd_put_context_DID(w, v), vtd_context_words, vtd_fs_context */
#define S(set, title, words)                                                                       \
	enum { vtd_##set##_words = (words) };                                                      \
	extern const struct fld_set vtd_fs_##set;
#define F(set, field, word, hi, lo, kind, doc)                                                     \
	static inline uint64_t vtd_get_##set##_##field(const uint64_t *w)                          \
	{                                                                                          \
		return bits_get(w[word], hi, lo);                                                  \
	}                                                                                          \
	static inline void vtd_put_##set##_##field(uint64_t *w, uint64_t v)                        \
	{                                                                                          \
		w[word] = bits_put(w[word], hi, lo, v);                                            \
	}
#define E(set)
#include "vtd/vtd_entries.def"
#include "vtd/vtd_regs_fields.def"
#undef S
#undef F
#undef E
extern const struct fld_set *const vtd_field_sets[]; /* ends with NULL */
/** vtd_field_set() - by name; '-' and '_' are the same. NULL if there is none. */
const struct fld_set *vtd_field_set(const char *name);
/** vtd_value_text() - what @v means in @f of @s, NULL if the table says nothing. */
const char *vtd_value_text(const struct fld_set *s, const struct fld *f, uint64_t v);
extern const struct fld_value vtd_values[]; /* ends with set NULL */
/** vtd_inv_set() - the layout of the invalidation descriptor with first word @qw0, NULL for an undefined type. */
const struct fld_set *vtd_inv_set(uint64_t qw0);
/** vtd_inv_type() - the 7-bit type: bits 11:9 above bits 3:0. */
static inline unsigned vtd_inv_type(uint64_t qw0)
{
	return (unsigned)(bits_get(qw0, 11, 9) << 4 | bits_get(qw0, 3, 0));
}
#endif
