/* SPDX-License-Identifier: Apache-2.0 */
/* smmuv3_fields.c - the field tables of smmuv3_fields.h, and look-ups in them. Layout only, no behaviour. */
#include "smmuv3/smmuv3_fields.h"

#define S(set, title, words) static const struct fld set##_f[] = {
#define F(set, field, word, hi, lo, kind, doc) { #field, word, hi, lo, FLD_##kind, doc },
#define E(set)                                                                                     \
	}                                                                                          \
	;
#include "smmuv3/smmuv3_entries.def"
#include "smmuv3/smmuv3_regs_fields.def"
#undef S
#undef F
#undef E
#define S(set, title, words) const struct fld_set smmuv3_fs_##set = { #set, title, words, set##_f, ARRAY_LEN(set##_f) };
#define F(set, field, word, hi, lo, kind, doc)
#define E(set)
#include "smmuv3/smmuv3_entries.def"
#include "smmuv3/smmuv3_regs_fields.def"
#undef S
#define S(set, title, words) &smmuv3_fs_##set,
const struct fld_set *const smmuv3_field_sets[] = {
#include "smmuv3/smmuv3_regs_fields.def"
#include "smmuv3/smmuv3_entries.def"
	NULL
};
#undef S
#define S(set, title, words)
#define CMD(op, set, title) { op, &smmuv3_fs_##set },
#define EVT(no, set, title)
static const struct fld_choice cmds[] = {
#include "smmuv3/smmuv3_entries.def"
	{ 0, NULL }
};
#define CMD(op, set, title)
#define EVT(no, set, title) { no, &smmuv3_fs_##set },
static const struct fld_choice event_sets[] = {
#include "smmuv3/smmuv3_entries.def"
	{ 0, NULL }
};
#undef S
#undef F
#undef E
#define V(set, field, value, text) { #set, #field, value, text },
const struct fld_value smmuv3_values[] = {
#include "smmuv3/smmuv3_values.def"
	{ NULL, NULL, 0, NULL }
};
#undef V
#define EVENT(code, name, text) { code, #name, text },
const struct fld_code smmuv3_events[] = {
#include "smmuv3/smmuv3_events.def"
	{ 0, NULL, NULL }
};
#undef EVENT

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
