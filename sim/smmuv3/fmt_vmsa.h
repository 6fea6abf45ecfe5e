/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fmt_vmsa.h - VMSAv8-64 translation table descriptors, stage 1 and stage 2 (IHI 0070 chapter 3, Arm ARM "VMSAv8-64 translation table format").
 * Models: granules of 4, 16 and 64 KiB, blocks, 52-bit outputs, hierarchical permissions, access flag and dirty state, contiguous hint, big-endian tables.
 * Does not model: 128-bit descriptors, indirect permissions, PBHA, GP, nT. Memory attributes are reported, not combined.
 * Levels: 0 is the architecture's level 3. Permissions: XL_R, XL_W, XL_X of unprivileged accesses, the same shifted by 4 of privileged ones.
 */
#ifndef IOMMUSIM_FMT_VMSA_H
#define IOMMUSIM_FMT_VMSA_H
#include "core/pt/pt.h"

enum { VMSA_PRIV_SHIFT = 4 };
enum { /* pt_table.opt */
	VMSA_BE = 1, /* descriptors are big-endian */
	VMSA_HAD = 2, /* stage 1: hierarchical attributes are ignored */
	VMSA_HA = 4, /* hardware sets the access flag */
	VMSA_HD = 8, /* hardware manages dirty state */
	VMSA_AFFD = 0x10, /* a clear access flag never faults */
	VMSA_WXN = 0x20, VMSA_PAN = 0x40, VMSA_EPAN = 0x80,
	VMSA_EL2 = 0x100, /* stage 1 of a world without unprivileged accesses */
	VMSA_TTB1 = 0x200, /* the upper half of the address space */
	VMSA_PA52 = 0x400, /* 52-bit outputs: 64K granule, or DS */
	VMSA_CONT = 0x800, /* the contiguous hint is used */
	VMSA_XNX = 0x1000, /* stage 2: two-bit XN */
	VMSA_PTW = 0x2000, /* stage 2: no stage-1 descriptor or CD may lie in Device memory */
	VMSA_FWB = 0x4000 /* stage 2: MemAttr as with S2FWB */
};
enum { VMSA_GLOBAL = 0x80 }; /* in pt_entry_info.memtype of a stage-1 leaf, beside AttrIndx: nG = 0 */
extern const struct pt_fmt fmt_vmsa_s1, fmt_vmsa_s2;
#endif
