/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_fields.h - every field of AMD-Vi structures, commands, log entries and registers, as inline accessors and as tables.
 * Sources of the rows: amdvi_entries.def, amdvi_regs_fields.def, amdvi_values.def, amdvi_events.def. Models layout only; what a value
 * leads to is the unit's. Spec: AMD I/O Virtualization Technology (IOMMU) Specification, document 48882.
 * Does not cover: the vIOMMU status register, the counter report register, the MSI mapping capability, the vIOMMU vendor capability
 * header, the two-level interrupt table of the IOMMU's own device id.
 */
#ifndef IOMMUSIM_AMDVI_FIELDS_H
#define IOMMUSIM_AMDVI_FIELDS_H
#include "core/base/bits.h"
#include "core/base/fld.h"

#define FLD_ARCH amdvi
#define FLD_ENTRIES "amdvi/amdvi_entries.def"
#define FLD_REGS "amdvi/amdvi_regs_fields.def"
#include "core/base/fld_access.h"
/* Fields that lie in several places. The GCR3 table root is an address, its low 12 bits are 0. */
static inline uint64_t amdvi_get_dte_GCR3TableRoot(const uint64_t *w)
{
	return amdvi_get_dte_GCR3TableRoot_14_12(w) << 12 | amdvi_get_dte_GCR3TableRoot_30_15(w) << 15 |
	       amdvi_get_dte_GCR3TableRoot_51_31(w) << 31;
}
static inline void amdvi_put_dte_GCR3TableRoot(uint64_t *w, uint64_t addr)
{
	amdvi_put_dte_GCR3TableRoot_14_12(w, addr >> 12);
	amdvi_put_dte_GCR3TableRoot_30_15(w, addr >> 15);
	amdvi_put_dte_GCR3TableRoot_51_31(w, addr >> 31);
}
static inline uint64_t amdvi_get_cmd_invalidate_iotlb_pages_PASID(const uint64_t *w)
{
	return amdvi_get_cmd_invalidate_iotlb_pages_PASID_7_0(w) | amdvi_get_cmd_invalidate_iotlb_pages_PASID_15_8(w) << 8 |
	       amdvi_get_cmd_invalidate_iotlb_pages_PASID_19_16(w) << 16;
}
static inline void amdvi_put_cmd_invalidate_iotlb_pages_PASID(uint64_t *w, uint64_t pasid)
{
	amdvi_put_cmd_invalidate_iotlb_pages_PASID_7_0(w, pasid);
	amdvi_put_cmd_invalidate_iotlb_pages_PASID_15_8(w, pasid >> 8);
	amdvi_put_cmd_invalidate_iotlb_pages_PASID_19_16(w, pasid >> 16);
}
extern const struct fld_code amdvi_events[]; /* ends with name NULL */
/** amdvi_cmd_set() - the layout of the command with first word @qw0, NULL for an opcode without one. */
const struct fld_set *amdvi_cmd_set(uint64_t qw0);
/** amdvi_event_set() - the layout of the event log entry with first word @qw0, NULL for a code without one. */
const struct fld_set *amdvi_event_set(uint64_t qw0);
/** amdvi_event_name(), amdvi_event_text() - "IO_PAGE_FAULT" and its sentence; NULL for a code that has none. */
const char *amdvi_event_name(unsigned code);
const char *amdvi_event_text(unsigned code);
#endif
