/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_smmuv3.c - libFuzzer harness: any bytes as a hostile guest of one SMMUv3 (tests/support/smmuv3_chaos.h says what is checked).
 * Built and run by tests/fuzz/run.sh.
 */
#include "smmuv3_chaos.h"
#include "fuzz_chaos.h"
