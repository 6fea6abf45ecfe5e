/* SPDX-License-Identifier: Apache-2.0 */
/* capture.h - captures of unmodified Linux in memory, whole or with a command made harmless, for tests of what reads them. */
#ifndef IOMMUSIM_TEST_CAPTURE_H
#define IOMMUSIM_TEST_CAPTURE_H
#include "core/trace/trc.h"

enum { CAP_ARCHS = 3 };
struct cap_arch {
	const char *trace, *config; /* config: of a machine with such a unit */
	uint32_t base_reg; /* of the command ring */
	uint64_t base_mask, harmless; /* the first word of a command that is no invalidation of translations; its second is 0 */
	bool np_cache; /* QEMU's AMD-Vi has NpCache; no register tells */
};
extern const struct cap_arch cap_archs[CAP_ARCHS];
struct cap {
	struct trc_rec *r; /* without comments; line counts them from 1 */
	size_t n;
	uint64_t ring;
};
struct cap cap_load(const struct cap_arch *a);
void cap_free(struct cap *c);
/** cap_copy() - other records, the same pages: free(copy.r). */
struct cap cap_copy(const struct cap *whole);
/** cap_replace() - the last two stores to the ring's @slot before record @line say something harmless. */
void cap_replace(const struct cap_arch *a, struct cap *c, uint64_t slot, uint64_t line);
#endif
