/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fmt_amdv1.h - AMD host (v1) page table entries (document 48882 "I/O Page Tables for Host Translations").
 * Models: next-level field, skipped levels, default and encoded page sizes, permissions, accessed and dirty bits. Level 0 is the architecture's level 1.
 * Does not model: page migration bits. memtype: bit 0 FC (force coherent), bit 1 U.
 */
#ifndef IOMMUSIM_FMT_AMDV1_H
#define IOMMUSIM_FMT_AMDV1_H
#include "core/pt/pt.h"

enum { /* pt_table.opt */
	AMDV1_A = 1, /* hardware sets A */
	AMDV1_D = 2, /* and D */
	AMDV1_UPPER_IGNORED = 4 /* input bits above the top table are ignored */
};
enum { AMDV1_FC = 1, AMDV1_U = 2 };
extern const struct pt_fmt fmt_amdv1;
#endif
