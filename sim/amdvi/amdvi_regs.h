/* SPDX-License-Identifier: Apache-2.0 */
/* amdvi_regs.h - offsets from amdvi_regs.def and the bits of registers that hardware acts on; private to sim/amdvi and its tests. */
#ifndef IOMMUSIM_AMDVI_REGS_H
#define IOMMUSIM_AMDVI_REGS_H
#include "amdvi/amdvi_int.h"

enum {
#define R(name, off, bytes, reset, wr, w1c, when, hook) AMDVI_R_##name = off,
#include "amdvi/amdvi_regs.def"
#undef R
};
enum { AMDVI_PC_OFF = 0x4000, AMDVI_PC_END = 0x80000 }; /* performance counters: present with PCSup */
/* Status: the bits of AMDVI_ST_W1C are write-1-to-clear, the others read-only. */
#define AMDVI_ST_EventOverflow BIT64(0)
#define AMDVI_ST_EventLogInt BIT64(1)
#define AMDVI_ST_ComWaitInt BIT64(2)
#define AMDVI_ST_EventLogRun BIT64(3)
#define AMDVI_ST_CmdBufRun BIT64(4)
#define AMDVI_ST_PprOverflow BIT64(5)
#define AMDVI_ST_PprInt BIT64(6)
#define AMDVI_ST_PprLogRun BIT64(7)
#define AMDVI_ST_GALogRun BIT64(8)
#define AMDVI_ST_GALOverflow BIT64(9)
#define AMDVI_ST_GAInt BIT64(10)
#define AMDVI_ST_PprOverflowB BIT64(11)
#define AMDVI_ST_PprLogActive BIT64(12) /* 0 A, 1 B */
#define AMDVI_ST_EventOverflowB BIT64(15)
#define AMDVI_ST_EventLogActive BIT64(16) /* 0 A, 1 B */
#define AMDVI_ST_PprOverflowEarlyB BIT64(17)
#define AMDVI_ST_PprOverflowEarly BIT64(18)
#define AMDVI_ST_W1C UINT64_C(0x68e67)
/* Control */
#define AMDVI_CT_IommuEn BIT64(0)
#define AMDVI_CT_EventLogEn BIT64(2)
#define AMDVI_CT_EventIntEn BIT64(3)
#define AMDVI_CT_ComWaitIntEn BIT64(4)
#define AMDVI_CT_Coherent BIT64(10)
#define AMDVI_CT_CmdBufEn BIT64(12)
#define AMDVI_CT_PPRLogEn BIT64(13)
#define AMDVI_CT_PPRIntEn BIT64(14)
#define AMDVI_CT_PPREn BIT64(15)
#define AMDVI_CT_GTEn BIT64(16)
#define AMDVI_CT_GAEn BIT64(17)
#define AMDVI_CT_GALogEn BIT64(28)
#define AMDVI_CT_GAIntEn BIT64(29)
#define AMDVI_CT_PprAutoRspEn BIT64(39)
#define AMDVI_CT_BlkStopMrkEn BIT64(41)
#define AMDVI_CT_PprAutoRspAon BIT64(42)
#define AMDVI_CT_EPHEn BIT64(45)
#define AMDVI_CT_GDUpdateDis BIT64(48)
#define AMDVI_CT_IntCapXTEn BIT64(51)
#define AMDVI_CT_vCmdEn BIT64(52)
#define AMDVI_CT_vIommuEn BIT64(53)
#define AMDVI_CT_GAUpdateDis BIT64(54)
#define AMDVI_CT_GCR3TRPMode BIT64(58)
#define AMDVI_CT_GstBufferTRPMode BIT64(60)
/* fields: bits_get(v, AMDVI_CT_DualEventLogEn) */
#define AMDVI_CT_InvTimeOut 7, 5
#define AMDVI_CT_DualPprLogEn 31, 30
#define AMDVI_CT_DualEventLogEn 33, 32
#define AMDVI_CT_DevTblSegEn 36, 34
#define AMDVI_CT_HADUpdate 47, 46
/* bases of buffers */
#define AMDVI_BASE_ADDR 51, 12
#define AMDVI_BASE_LEN 59, 56
#define AMDVI_HWEV_HEV BIT64(0)
#define AMDVI_HWEV_HEO BIT64(1)
#define AMDVI_MSI_EN BIT64(16) /* of MSI_CAP */
#define AMDVI_EARLY_IntEn BIT64(30)
#define AMDVI_EARLY_En BIT64(31)
#define AMDVI_AUTORSP_MaskGn BIT64(4)

/* When a register of amdvi_regs.def is present, in terms of EFR: amdvi_caps.c. */
enum amdvi_when {
	AMDVI_WHEN_always, AMDVI_WHEN_ppr, AMDVI_WHEN_xt, AMDVI_WHEN_he, AMDVI_WHEN_smif0, AMDVI_WHEN_smif1, AMDVI_WHEN_smif2, AMDVI_WHEN_smif3,
	AMDVI_WHEN_smif4, AMDVI_WHEN_gam, AMDVI_WHEN_dual_ppr, AMDVI_WHEN_dual_event, AMDVI_WHEN_seg1, AMDVI_WHEN_seg2, AMDVI_WHEN_seg3, AMDVI_WHEN_early,
	AMDVI_WHEN_autorsp, AMDVI_WHEN_marc, AMDVI_WHEN_perfopt, AMDVI_WHEN_msi, AMDVI_WHEN_viommu
};
bool amdvi_efr_has(uint64_t efr, enum amdvi_when w);
/** amdvi_control_mask() - the bits of Control that do not read 0 because their feature is absent. */
uint64_t amdvi_control_mask(const struct amdvi *v);

/** amdvi_buf_bytes() - of a command buffer or log of 16-byte entries with this base register. */
static inline uint64_t amdvi_buf_bytes(uint64_t base)
{
	return UINT64_C(16) << bits_get(base, AMDVI_BASE_LEN);
}
static inline uint64_t amdvi_buf_addr(uint64_t base)
{
	return base & bits_mask(AMDVI_BASE_ADDR);
}
#endif
