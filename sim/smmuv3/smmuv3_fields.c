/* SPDX-License-Identifier: Apache-2.0 */
/* smmuv3_fields.c - the field tables of smmuv3_fields.h, and look-ups in them. Layout only, no behaviour. */
#include "smmuv3/smmuv3_fields.h"

#define FLD_ARCH smmuv3
#define FLD_ENTRIES "smmuv3/smmuv3_entries.def"
#define FLD_REGS "smmuv3/smmuv3_regs_fields.def"
#define FLD_VALUES "smmuv3/smmuv3_values.def"
#define FLD_EVENTS "smmuv3/smmuv3_events.def"
#include "core/base/fld_tables.h"

const struct fld_set *smmuv3_cmd_set(uint64_t dw0)
{
	return fld_choose(cmds, (unsigned)bits_get(dw0, 7, 0));
}

const struct fld_set *smmuv3_event_set(uint64_t dw0)
{
	return fld_choose(event_sets, (unsigned)bits_get(dw0, 7, 0));
}

const char *smmuv3_event_name(unsigned code)
{
	const struct fld_code *c = fld_code_find(smmuv3_events, code);

	return c ? c->name : NULL;
}

const char *smmuv3_event_text(unsigned code)
{
	const struct fld_code *c = fld_code_find(smmuv3_events, code);

	return c ? c->text : NULL;
}
