/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fld_tables.h - the tables behind fld_access.h, for an architecture's *_fields.c alone, which first defines FLD_ARCH, FLD_ENTRIES and FLD_REGS
 * as there, and FLD_VALUES, the file that says what values mean. If it defines FLD_EVENTS, the file with names and sentences of events,
 * then the rows CMD() and EVT() of FLD_ENTRIES become the tables `cmds` and `event_sets` too.
 */
#define FLD_JOIN_(a, b) a##_##b
#define FLD_JOIN(a, b) FLD_JOIN_(a, b)
#define FLD_NAME(x) FLD_JOIN(FLD_ARCH, x)

#define S(set, title, words) static const struct fld set##_f[] = {
#define F(set, field, word, hi, lo, kind, doc) { #field, word, hi, lo, FLD_##kind, doc },
#define E(set)                                                                                     \
	}                                                                                          \
	;
#include FLD_ENTRIES
#include FLD_REGS
#undef S
#undef F
#undef E
#define S(set, title, words) const struct fld_set FLD_NAME(fs_##set) = { #set, title, words, set##_f, ARRAY_LEN(set##_f) };
#define F(set, field, word, hi, lo, kind, doc)
#define E(set)
#include FLD_ENTRIES
#include FLD_REGS
#undef S
#define S(set, title, words) &FLD_NAME(fs_##set),
const struct fld_set *const FLD_NAME(field_sets)[] = {
#include FLD_REGS
#include FLD_ENTRIES
	NULL
};
#define V(set, field, value, text) { #set, #field, value, text },
const struct fld_value FLD_NAME(values)[] = {
#include FLD_VALUES
	{ NULL, NULL, 0, NULL }
};
#undef V

#ifdef FLD_EVENTS
#undef S
#define S(set, title, words)
#define CMD(op, set, title) { op, &FLD_NAME(fs_##set) },
#define EVT(no, set, title)
static const struct fld_choice cmds[] = {
#include FLD_ENTRIES
	{ 0, NULL }
};
#define CMD(op, set, title)
#define EVT(no, set, title) { no, &FLD_NAME(fs_##set) },
static const struct fld_choice event_sets[] = {
#include FLD_ENTRIES
	{ 0, NULL }
};
#define EVENT(code, name, text) { code, #name, text },
const struct fld_code FLD_NAME(events)[] = {
#include FLD_EVENTS
	{ 0, NULL, NULL }
};
#undef EVENT
#endif
#undef S
#undef F
#undef E
