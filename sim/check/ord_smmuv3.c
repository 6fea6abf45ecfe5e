/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_smmuv3.c - rules of the ordering checker: family SMM (SMMUv3). Statements: ord_rules.def.
 * Does not hold any rule yet.
 */
#include "check/ord_int.h"

const struct ord_family ord_fam_smm = { .name = "SMM" };
