/* SPDX-License-Identifier: Apache-2.0 */
/* test_amdvi_random.c - random inputs for one AMD-Vi unit. */
#include "amdvi_chaos.h"
#include "chaos_test.h"

CHAOS_TEST("amdvi_random", 9177, 500)
