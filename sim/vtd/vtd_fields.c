/* SPDX-License-Identifier: Apache-2.0 */
/* vtd_fields.c - the field tables of vtd_fields.h, and look-ups in them. Layout only, no behaviour. */
#include "vtd/vtd_fields.h"

#define FLD_ARCH vtd
#define FLD_ENTRIES "vtd/vtd_entries.def"
#define FLD_REGS "vtd/vtd_regs_fields.def"
#define FLD_VALUES "vtd/vtd_values.def"
#include "core/base/fld_tables.h"

const struct fld_set *vtd_inv_set(uint64_t qw0)
{
	static const struct fld_set *const by_type[] = {
		NULL,		 &vtd_fs_inv_cc,     &vtd_fs_inv_iotlb, &vtd_fs_inv_devtlb,  &vtd_fs_inv_iec,
		&vtd_fs_inv_wait, &vtd_fs_inv_piotlb, &vtd_fs_inv_pc,    &vtd_fs_inv_pdevtlb, &vtd_fs_inv_pgresp,
	};
	unsigned t = vtd_inv_type(qw0);

	return t < ARRAY_LEN(by_type) ? by_type[t] : NULL;
}
