/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_nest.c - rules of the ordering checker: family NEST (nesting). Statements: ord_rules.def.
 * Does not hold any rule yet.
 */
#include "check/ord_int.h"

const struct ord_family ord_fam_nest = { .name = "NEST" };
