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

#define FLD_ARCH smmuv3
#define FLD_ENTRIES "smmuv3/smmuv3_entries.def"
#define FLD_REGS "smmuv3/smmuv3_regs_fields.def"
#include "core/base/fld_access.h"
extern const struct fld_code smmuv3_events[]; /* ends with name NULL */
/** smmuv3_cmd_set() - the layout of the command with first word @dw0, NULL for an opcode without one. */
const struct fld_set *smmuv3_cmd_set(uint64_t dw0);
/** smmuv3_event_set() - the layout of the event record with first word @dw0, NULL for a number without one. */
const struct fld_set *smmuv3_event_set(uint64_t dw0);
/** smmuv3_event_name(), smmuv3_event_text() - "F_TRANSLATION" and its sentence; NULL for a number that has none. */
const char *smmuv3_event_name(unsigned code);
const char *smmuv3_event_text(unsigned code);
#endif
