/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_fields.h - every field of SMMUv3 structures, descriptors, commands, events and registers, as inline accessors and as tables.
 * Sources of the rows: smmuv3_entries.def (which reads smmuv3_records.def), smmuv3_regs_fields.def, smmuv3_values.def,
 * smmuv3_events.def. Models layout only; what a value leads to is the unit's. Spec: Arm IHI 0070, Non-secure programming interface.
 * Does not cover: S2PII, MPAMIDR, GMPAM, GBPMPAM, VATOS_SEL, DPT, Secure and Realm register banks, PMCG interrupt and SCR registers,
 * stream match registers of VINTF, VMSAv8-32 LPAE and 128-bit descriptors, the fields that D128 gives another meaning (DisCH, SKL in CDs).
 */
#ifndef IOMMUSIM_SMMUV3_FIELDS_H
#define IOMMUSIM_SMMUV3_FIELDS_H
#include "core/base/bits.h"
#include "core/base/fld.h"

/* smmuv3_get_ste_Config(w), smmuv3_put_ste_Config(w, v), smmuv3_ste_words, smmuv3_fs_ste */
#define S(set, title, words)                                                                       \
	enum { smmuv3_##set##_words = (words) };                                                   \
	extern const struct fld_set smmuv3_fs_##set;
#define F(set, field, word, hi, lo, kind, doc)                                                     \
	static inline uint64_t smmuv3_get_##set##_##field(const uint64_t *w)                       \
	{                                                                                          \
		return bits_get(w[word], hi, lo);                                                  \
	}                                                                                          \
	static inline void smmuv3_put_##set##_##field(uint64_t *w, uint64_t v)                     \
	{                                                                                          \
		w[word] = bits_put(w[word], hi, lo, v);                                            \
	}
#define E(set)
#include "smmuv3/smmuv3_entries.def"
#include "smmuv3/smmuv3_regs_fields.def"
#undef S
#undef F
#undef E
extern const struct fld_set *const smmuv3_field_sets[]; /* ends with NULL */
extern const struct fld_value smmuv3_values[]; /* ends with set NULL */
extern const struct fld_code smmuv3_events[]; /* ends with name NULL */
/** smmuv3_cmd_set() - the layout of the command with first word @dw0, NULL for an opcode without one. */
const struct fld_set *smmuv3_cmd_set(uint64_t dw0);
/** smmuv3_event_set() - the layout of the event record with first word @dw0, NULL for a number without one. */
const struct fld_set *smmuv3_event_set(uint64_t dw0);
/** smmuv3_event_name(), smmuv3_event_text() - "F_TRANSLATION" and its sentence; NULL for a number that has none. */
const char *smmuv3_event_name(unsigned code);
const char *smmuv3_event_text(unsigned code);
#endif
