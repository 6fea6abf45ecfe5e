/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_vtd.c - libFuzzer harness: any bytes as a hostile guest of one VT-d unit (tests/support/vtd_chaos.h says what is checked).
 * Built and run by tests/fuzz/run.sh.
 */
#include "vtd_chaos.h"
#include "fuzz_chaos.h"
