/* SPDX-License-Identifier: Apache-2.0 */
/* amd_private.c - v1 tables in memory, device table entries and id maps for the hardware vIOMMU; see amd_private.h. */
#include "software/amd_private.h"
#include "core/base/bits.h"

enum { PAGE = 4096 };
#define PR_IR_IW UINT64_C(0x6000000000000001)

static void put(struct mem *m, uint64_t spa, uint64_t v)
{
	(void)mem_write(m, spa, &v, 1); /* exhaustion shows in mem_oom() */
}

/* One page of 2^@lg2 bytes; sizes between the levels' own are replicated with NextLevel = 7. */
static void map_page(struct amdp_tables *t, uint64_t ia, uint64_t spa, unsigned lg2)
{
	unsigned level = (lg2 - 12) / 9, own = 12 + 9 * level;
	uint64_t at, e, table = t->root, n = UINT64_C(1) << (lg2 - own), first, leaf = PR_IR_IW | spa;

	for (unsigned l = t->levels - 1; l > level; l--) {
		at = table + 8 * (ia >> (12 + 9 * l) & 511);
		if (mem_read(t->m, at, &e, 1) != MEM_OK || !(e & 1)) {
			e = PR_IR_IW | *t->next | (uint64_t)l << 9;
			*t->next += PAGE;
			put(t->m, at, e);
		}
		table = e & bits_mask(51, 12);
	}
	if (n > 1)
		leaf |= ((UINT64_C(1) << (lg2 - 1)) - 1) >> 12 << 12 | UINT64_C(7) << 9;
	first = ia >> own & 511;
	for (uint64_t i = 0; i < n; i++)
		put(t->m, table + 8 * (first + i), leaf);
}

void amdp_map(struct amdp_tables *t, uint64_t ia, uint64_t spa, uint64_t bytes, unsigned lg2)
{
	for (uint64_t o = 0; o < bytes; o += UINT64_C(1) << lg2)
		map_page(t, ia + o, spa + o, lg2);
}

void amdp_v1_dte(uint64_t w[4], uint64_t root, unsigned levels, uint32_t did)
{
	w[0] = UINT64_C(0x6000000000000003) | (uint64_t)levels << 9 | root;
	w[1] = did;
	w[2] = w[3] = 0;
}
