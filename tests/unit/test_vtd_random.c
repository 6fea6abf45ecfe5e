/* SPDX-License-Identifier: Apache-2.0 */
/* test_vtd_random.c - random inputs for one VT-d unit. */
#include "vtd_chaos.h"
#include "chaos_test.h"

CHAOS_TEST("vtd_random", 77, 2000)
