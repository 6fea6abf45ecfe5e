/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amd_private.h - the hardware vIOMMU of AMD-Vi as a host sets it up: registers of VFCntl and VF by offset, where things lie in the private
 * address space of the unit, and the v1 tables below it for those who write memory themselves (amd_host.c, pf_host_amdvi.c; a driver model
 * that puts out records has its own, drv_amdvi_tables.c). Fields: amdvi_fields.h. Spec: 48882; the private address map as driver trees have it.
 */
#ifndef IOMMUSIM_AMD_PRIVATE_H
#define IOMMUSIM_AMD_PRIVATE_H
#include "core/mem/mem.h"

enum { AMDP_C_DEVMAP = 0x00, AMDP_C_DOMMAP = 0x08, AMDP_C_MISC = 0x10, AMDP_C_CMD = 0x20, AMDP_C_EVT = 0x28, AMDP_C_PPR = 0x30, AMDP_C_BYTES = 64 };
enum { AMDP_VF_CMD_TAIL = 0x08, AMDP_VF_EVT_HEAD = 0x10, AMDP_VF_EVT_TAIL = 0x18, AMDP_VF_STATUS = 0x20, AMDP_VF_BYTES = 4096 };
enum { AMDP_LEVELS = 3 /* of the host table below it */, AMDP_STATE_BYTES = 8 << 20 /* from 0: guest MMIO state, dirty bits */ };
enum { AMDP_DEVMAP_LG2 = 20, AMDP_DOMMAP_LG2 = 19, AMDP_BUF_LG2 = 19 /* bytes for each GuestID */ };
#define AMDP_DEVMAP UINT64_C(0x1000000000)
#define AMDP_DOMMAP UINT64_C(0x2000000000)
#define AMDP_CMD UINT64_C(0x2800000000)
#define AMDP_PPR UINT64_C(0x3000000000)
#define AMDP_EVT UINT64_C(0x4000000000)

struct amdp_tables { /* v1 */
	struct mem *m;
	uint64_t root, *next; /* *next: where the next table goes */
	unsigned levels;
};
/** amdp_map() - pages of 2^@lg2 bytes, tables made on the way. */
void amdp_map(struct amdp_tables *t, uint64_t ia, uint64_t spa, uint64_t bytes, unsigned lg2);
/** amdp_v1_dte() - of a requester on such tables; levels 0: addresses pass as they are. */
void amdp_v1_dte(uint64_t w[4], uint64_t root, unsigned levels, uint32_t did);
/** amdp_map_reg() - what is written to the DeviceID or DomainID map register. */
static inline uint64_t amdp_map_reg(uint32_t guest_id, uint32_t host_id)
{
	return UINT64_C(1) << 63 | (uint64_t)guest_id << 46 | (uint64_t)host_id << 14 | 1;
}
#endif
