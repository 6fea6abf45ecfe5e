/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_pri.c - rules of the ordering checker: family PRI (page requests). Statements: ord_rules.def.
 * Does not hold any rule yet.
 */
#include "check/ord_int.h"

const struct ord_family ord_fam_pri = { .name = "PRI" };
