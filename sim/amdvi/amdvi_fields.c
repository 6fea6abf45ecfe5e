/* SPDX-License-Identifier: Apache-2.0 */
/* amdvi_fields.c - the field tables of amdvi_fields.h, and look-ups in them. Layout only, no behaviour. */
#include "amdvi/amdvi_fields.h"

#define FLD_ARCH amdvi
#define FLD_ENTRIES "amdvi/amdvi_entries.def"
#define FLD_REGS "amdvi/amdvi_regs_fields.def"
#define FLD_VALUES "amdvi/amdvi_values.def"
#define FLD_EVENTS "amdvi/amdvi_events.def"
#include "core/base/fld_tables.h"

const struct fld_set *amdvi_cmd_set(uint64_t qw0)
{
	return fld_choose(cmds, (unsigned)bits_get(qw0, 63, 60));
}

const struct fld_set *amdvi_event_set(uint64_t qw0)
{
	return fld_choose(event_sets, (unsigned)bits_get(qw0, 63, 60));
}

const char *amdvi_event_name(unsigned code)
{
	const struct fld_code *c = fld_code_find(amdvi_events, code);

	return c ? c->name : NULL;
}

const char *amdvi_event_text(unsigned code)
{
	const struct fld_code *c = fld_code_find(amdvi_events, code);

	return c ? c->text : NULL;
}
