/* SPDX-License-Identifier: Apache-2.0 */
/* run_verify.c - see run_verify.h. */
#include "run_verify.h"
#include <string.h>
#include "walk_check.h"

const struct stat_def run_verify_defs[] = {
	{ "agree", "count", "DMAs whose result is the trace's", offsetof(struct plat_verify, agree), STAT_U64, 0 },
	{ "disagree", "count", "DMAs whose result differs", offsetof(struct plat_verify, disagree), STAT_U64, 0 },
	{ "not_compared", "count", "DMAs without an expected result", offsetof(struct plat_verify, not_compared), STAT_U64, 0 },
	{ NULL, NULL, NULL, 0, 0, 0 },
};

/* VT-d: the specification's codes from 0x30 on exist in scalable mode only; what QEMU calls them there is one table (walk_vtd.c). */
bool run_same_fault(void *arg, const struct iommu *u, unsigned expected, unsigned got)
{
	(void)arg;
	return expected == got || (!strcmp(u->ops->arch, "vtd") && walk_vtd_explains(got >= 0x30, expected, got));
}
