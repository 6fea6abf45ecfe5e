/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fmt_x86_64.h - x86-64 page-table entries: VT-d first stage, AMD-Vi guest tables.
 * Models: 4 and 5 levels, 2 MiB and 1 GiB pages, U/S, R/W, XD, accessed, dirty, extended accessed. Does not model: PAT lookups.
 * Source: VT-d, "First-Stage Paging Entries". Order of checks: present, user, write, reserved, execute.
 */
#ifndef IOMMUSIM_FMT_X86_64_H
#define IOMMUSIM_FMT_X86_64_H
#include "core/pt/pt.h"

enum { /* pt_table.opt */
	X86_NXE = 1, /* XD usable */
	X86_WPE = 2, /* supervisor writes honour R/W = 0 */
	X86_SMEP = 4, /* no supervisor execute from user pages */
	X86_EAFE = 8, /* set EA */
	X86_1G = 16, /* 1 GiB leaves */
	X86_XD_RSVD = 32, /* XD = 1 is a reserved-bit error */
	X86_NO_A = 64, X86_NO_D = 128, /* hardware does not set accessed, dirty */
	X86_ANY_IA = 256, /* the input need not be canonical */
	X86_NO_US = 512 /* U/S is not checked */
};
extern const struct pt_fmt fmt_x86_64;
#endif
