/* SPDX-License-Identifier: Apache-2.0 */
/* fmt_amdv1.c - what one host page table entry says; checks in the order present, reserved bits, permissions, next level. */
#include "amdvi/fmt_amdv1.h"
#include "core/base/bits.h"

#define E_PR BIT64(0)
#define E_A BIT64(5)
#define E_D BIT64(6)
#define E_U BIT64(59)
#define E_FC BIT64(60)
#define E_IR BIT64(61)
#define E_IW BIT64(62)
#define RSVD_PDE UINT64_C(0x1ff0000000000000)
#define RSVD_PTE UINT64_C(0x07f0000000000000)
enum { NEXT_DEFAULT = 0, NEXT_SIZED = 7 };

static unsigned size_of_level(unsigned level)
{
	return 12 + 9 * level;
}

/* Page size of a leaf at @level, 0 if it may not stand there. */
static unsigned leaf_lg2(uint64_t e, unsigned level, unsigned next)
{
	unsigned lg2;

	if (next == NEXT_DEFAULT)
		return level <= 4 ? size_of_level(level) : 0;
	lg2 = 12 + (unsigned)__builtin_ctzll(~(bits_get(e, 51, 12))) + 1;
	return lg2 > size_of_level(level) && lg2 < size_of_level(level + 1) && lg2 <= 52 ? lg2 : 0;
}

static enum pt_why check(uint64_t e, unsigned level, unsigned acc, unsigned perm, bool leaf, unsigned next, unsigned lg2)
{
	if (e & (leaf ? RSVD_PTE : RSVD_PDE))
		return PT_WHY_RSVD;
	if ((acc & XL_R) && !(perm & XL_R))
		return PT_WHY_NO_R;
	if ((acc & XL_W) && !(perm & XL_W))
		return PT_WHY_NO_W;
	if (leaf ? !lg2 : next > level)
		return PT_WHY_LEVEL;
	return PT_OK;
}

static struct pt_entry_info amdv1_entry(const struct pt_table *t, uint64_t e, unsigned level, unsigned acc, unsigned perm)
{
	unsigned next = (unsigned)bits_get(e, 11, 9), lg2 = 0;
	bool leaf = next == NEXT_DEFAULT || next == NEXT_SIZED;
	struct pt_entry_info i = { .cls = leaf ? PT_LEAF : PT_TABLE, .why = PT_WHY_EMPTY };

	if (!(e & E_PR)) {
		i.cls = PT_EMPTY;
		return i;
	}
	i.perm = (uint8_t)((e & E_IR ? XL_R | XL_X : 0) | (e & E_IW ? XL_W : 0));
	if (leaf)
		lg2 = leaf_lg2(e, level, next);
	i.why = check(e, level, acc, i.perm & perm, leaf, next, lg2);
	if (i.why != PT_OK)
		return i;
	if (t->opt & AMDV1_A)
		i.set = E_A & ~e;
	if (!leaf) {
		i.skip = (uint8_t)(level - next);
		i.next = e & bits_mask(51, 12);
		return i;
	}
	i.size_lg2 = (uint8_t)lg2;
	i.next = e & bits_mask(51, 12) & ~low_mask(lg2);
	i.memtype = (uint8_t)((e & E_FC ? AMDV1_FC : 0) | (e & E_U ? AMDV1_U : 0));
	if (t->opt & AMDV1_D) {
		if (acc & XL_W)
			i.set |= E_D & ~e;
		i.clean = !((e | i.set) & E_D);
	}
	return i;
}

static enum pt_why amdv1_input(const struct pt_table *t, uint64_t ia)
{
	return (t->opt & AMDV1_UPPER_IGNORED) || t->ia_bits >= 64 || !(ia >> t->ia_bits) ? PT_OK : PT_WHY_RANGE;
}

static void amdv1_plain(const struct pt_table *t, struct pt_plain *p)
{
	uint64_t val = E_PR | E_IR | E_IW | (t->opt & AMDV1_A ? E_A : 0), leaf = val | (t->opt & AMDV1_D ? E_D : 0);

	*p = (struct pt_plain){ .mask = val | bits_mask(11, 9) | RSVD_PDE, .val = val, .step = BIT64(9) /* next level: none skipped */,
				  .next = bits_mask(51, 12), .perm = XL_R | XL_W | XL_X, .leaf_mask = leaf | bits_mask(11, 9) | RSVD_PTE | E_FC | E_U,
				  .leaf_val = leaf, .leaf_perm = XL_R | XL_W | XL_X };
}

const struct pt_fmt fmt_amdv1 = { .name = "amd-v1", .entry = amdv1_entry, .input = amdv1_input, .plain = amdv1_plain };
