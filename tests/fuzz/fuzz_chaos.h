/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_chaos.h - libFuzzer harness of one unit, behind the header of an architecture; tests/support/chaos.h says what is checked. */
#ifndef IOMMUSIM_FUZZ_CHAOS_H
#define IOMMUSIM_FUZZ_CHAOS_H

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n <= 1u << 16)
		(void)chaos_run(data, n);
	return 0;
}
#endif
