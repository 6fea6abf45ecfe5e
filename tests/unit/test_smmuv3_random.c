/* SPDX-License-Identifier: Apache-2.0 */
/* test_smmuv3_random.c - random inputs for one SMMUv3 unit. */
#include "smmuv3_chaos.h"
#include "chaos_test.h"

CHAOS_TEST("smmuv3_random", 4177, 500)
