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

#define FLD_ARCH vtd
#define FLD_ENTRIES "vtd/vtd_entries.def"
#define FLD_REGS "vtd/vtd_regs_fields.def"
#include "core/base/fld_access.h"
/** vtd_inv_set() - the layout of the invalidation descriptor with first word @qw0, NULL for an undefined type. */
const struct fld_set *vtd_inv_set(uint64_t qw0);
/** vtd_inv_type() - the 7-bit type: bits 11:9 above bits 3:0. */
static inline unsigned vtd_inv_type(uint64_t qw0)
{
	return (unsigned)(bits_get(qw0, 11, 9) << 4 | bits_get(qw0, 3, 0));
}
#endif
