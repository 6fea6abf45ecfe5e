/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_amdvi.c - libFuzzer harness: any bytes as a hostile guest of one AMD-Vi unit (tests/support/amdvi_chaos.h says what is checked).
 *
 *   clang -std=c17 -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Isim -Itests/support tests/fuzz/fuzz_amdvi.c sim/amdvi/[a-z]*.c \
 *       sim/core/iommu.c sim/core/base/[a-z]*.c sim/core/cache/[a-z]*.c sim/core/cfg/[a-z]*.c sim/core/kernel/[a-z]*.c \
 *       sim/core/mem/[a-z]*.c sim/core/pt/[a-z]*.c sim/core/stat/[a-z]*.c -lm -o fuzz_amdvi
 *   mkdir -p corpus_amdvi && ./fuzz_amdvi -max_len=2048 -max_total_time=60 corpus_amdvi
 */
#include "amdvi_chaos.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n <= 1u << 16)
		(void)chaos_run(data, n);
	return 0;
}
