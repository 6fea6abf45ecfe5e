/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_ats.c - rules of the ordering checker: family ATS (ATS). Statements: ord_rules.def.
 * Does not hold any rule yet.
 */
#include "check/ord_int.h"

const struct ord_family ord_fam_ats = { .name = "ATS" };
