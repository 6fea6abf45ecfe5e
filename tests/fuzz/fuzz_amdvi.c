/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_amdvi.c - libFuzzer harness: any bytes as a hostile guest of one AMD-Vi unit (tests/support/amdvi_chaos.h says what is checked).
 * Built and run by tests/fuzz/run.sh.
 */
#include "amdvi_chaos.h"
#include "fuzz_chaos.h"
