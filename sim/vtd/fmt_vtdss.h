/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fmt_vtdss.h - VT-d second-stage entries. Source: VT-d, "Second-Stage Paging Entries"; order of checks: permissions before reserved bits
 *.
 */
#ifndef IOMMUSIM_FMT_VTDSS_H
#define IOMMUSIM_FMT_VTDSS_H
#include "core/pt/pt.h"

enum { /* pt_table.opt, beside PT_OPT_AD */
	SS_2M = 1,
	SS_1G = 2,
	SS_SNP = 4, /* ECAP.SC: bit 11 of a leaf is SNP; else reserved */
	SS_X = 8, /* SSEE and ERS: bit 2 is execute; else ignored */
	SS_MT = 16, /* ECAP.MTS: EMT and IPAT mean something */
	SS_NO_RO = 32 /* erratum SPR17: a leaf without W is refused under nesting */
};
extern const struct pt_fmt fmt_vtdss;
#endif
