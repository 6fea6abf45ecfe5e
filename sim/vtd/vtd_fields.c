/* SPDX-License-Identifier: Apache-2.0 */
/* vtd_fields.c - the field tables of vtd_fields.h, and look-ups in them. Layout only, no behaviour. */
#include "vtd/vtd_fields.h"

#define S(set, title, words) static const struct fld set##_f[] = {
#define F(set, field, word, hi, lo, kind, doc) { #field, word, hi, lo, FLD_##kind, doc },
#define E(set)                                                                                     \
	}                                                                                          \
	;
#include "vtd/vtd_entries.def"
#include "vtd/vtd_regs_fields.def"
#undef S
#undef F
#undef E
#define S(set, title, words) const struct fld_set vtd_fs_##set = { #set, title, words, set##_f, ARRAY_LEN(set##_f) };
#define F(set, field, word, hi, lo, kind, doc)
#define E(set)
#include "vtd/vtd_entries.def"
#include "vtd/vtd_regs_fields.def"
#undef S
#define S(set, title, words) &vtd_fs_##set,
const struct fld_set *const vtd_field_sets[] = {
#include "vtd/vtd_regs_fields.def"
#include "vtd/vtd_entries.def"
	NULL
};
#undef S
#undef F
#undef E
#define V(set, field, value, text) { #set, #field, value, text },
const struct fld_value vtd_values[] = {
#include "vtd/vtd_values.def"
	{ NULL, NULL, 0, NULL }
};
#undef V

const struct fld_set *vtd_field_set(const char *name)
{
	return fld_set_find(vtd_field_sets, name);
}

const char *vtd_value_text(const struct fld_set *s, const struct fld *f, uint64_t v)
{
	return fld_value_text(vtd_values, s, f, v);
}

const struct fld_set *vtd_inv_set(uint64_t qw0)
{
	static const struct fld_set *const by_type[] = {
		NULL,		 &vtd_fs_inv_cc,     &vtd_fs_inv_iotlb, &vtd_fs_inv_devtlb,  &vtd_fs_inv_iec,
		&vtd_fs_inv_wait, &vtd_fs_inv_piotlb, &vtd_fs_inv_pc,    &vtd_fs_inv_pdevtlb, &vtd_fs_inv_pgresp,
	};
	unsigned t = vtd_inv_type(qw0);

	return t < ARRAY_LEN(by_type) ? by_type[t] : NULL;
}
