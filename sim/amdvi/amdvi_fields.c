/* SPDX-License-Identifier: Apache-2.0 */
/* amdvi_fields.c - the field tables of amdvi_fields.h, and look-ups in them. Layout only, no behaviour. */
#include "amdvi/amdvi_fields.h"

#define S(set, title, words) static const struct fld set##_f[] = {
#define F(set, field, word, hi, lo, kind, doc) { #field, word, hi, lo, FLD_##kind, doc },
#define E(set)                                                                                     \
	}                                                                                          \
	;
#include "amdvi/amdvi_entries.def"
#include "amdvi/amdvi_regs_fields.def"
#undef S
#undef F
#undef E
#define S(set, title, words) const struct fld_set amdvi_fs_##set = { #set, title, words, set##_f, ARRAY_LEN(set##_f) };
#define F(set, field, word, hi, lo, kind, doc)
#define E(set)
#include "amdvi/amdvi_entries.def"
#include "amdvi/amdvi_regs_fields.def"
#undef S
#define S(set, title, words) &amdvi_fs_##set,
const struct fld_set *const amdvi_field_sets[] = {
#include "amdvi/amdvi_regs_fields.def"
#include "amdvi/amdvi_entries.def"
	NULL
};
#undef S
#define S(set, title, words)
#define CMD(op, set, title) { op, &amdvi_fs_##set },
#define EVT(no, set, title)
static const struct fld_choice cmds[] = {
#include "amdvi/amdvi_entries.def"
	{ 0, NULL }
};
#define CMD(op, set, title)
#define EVT(no, set, title) { no, &amdvi_fs_##set },
static const struct fld_choice event_sets[] = {
#include "amdvi/amdvi_entries.def"
	{ 0, NULL }
};
#undef S
#undef F
#undef E
#define V(set, field, value, text) { #set, #field, value, text },
const struct fld_value amdvi_values[] = {
#include "amdvi/amdvi_values.def"
	{ NULL, NULL, 0, NULL }
};
#undef V
#define EVENT(code, name, text) { code, #name, text },
const struct fld_code amdvi_events[] = {
#include "amdvi/amdvi_events.def"
	{ 0, NULL, NULL }
};
#undef EVENT

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
