/* SPDX-License-Identifier: Apache-2.0 */
/* vtd_regs.h - offsets from vtd_regs.def and the bits of registers that hardware acts on; private to sim/vtd and its tests. */
#ifndef IOMMUSIM_VTD_REGS_H
#define IOMMUSIM_VTD_REGS_H
#include "core/base/bits.h"

enum {
#define R(name, base, off, bytes, reset, wr, w1c, when, hook) VTD_R_##name = off,
#include "vtd/vtd_regs.def"
#undef R
};
/* GCMD and GSTS: the same places */
#define GSTS_TES BIT64(31)
#define GSTS_RTPS BIT64(30)
#define GSTS_WBFS BIT64(27)
#define GSTS_QIES BIT64(26)
#define GSTS_IRES BIT64(25)
#define GSTS_IRTPS BIT64(24)
#define GSTS_CFIS BIT64(23)
#define FSTS_PFO BIT64(0)
#define FSTS_PPF BIT64(1)
#define FSTS_IQE BIT64(4)
#define FSTS_ICE BIT64(5)
#define FSTS_ITE BIT64(6)
#define ECTL_IM BIT64(31)
#define ECTL_IP BIT64(30)
#define ICS_IWC BIT64(0)
#define PRS_PPR BIT64(0)
#define PRS_PRO BIT64(1)
#define PMEN_EPM BIT64(31)
#define PMEN_PRS BIT64(0)
#define FRCD_F BIT64(63) /* of the high half */
#define CCMD_ICC BIT64(63)
#define IOTLB_IVT BIT64(63)
#define IQA_DW BIT64(11)
#endif
