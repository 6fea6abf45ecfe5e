/* SPDX-License-Identifier: Apache-2.0 */
#include "vtd/fmt_vtdss.h"
#include "core/base/bits.h"

static enum pt_why ss_input(const struct pt_table *t, uint64_t ia)
{
	return ia & ~low_mask(t->ia_bits) ? PT_WHY_RANGE : PT_OK;
}

static uint64_t ss_reserved(const struct pt_table *t, unsigned level, bool leaf)
{
	uint64_t r = BIT64(62) | (t->oa_bits < 52 ? bits_mask(51, t->oa_bits) : 0);

	if (!leaf || !(t->opt & SS_SNP))
		r |= BIT64(11);
	if (level >= 3 || (level == 1 && !(t->opt & SS_2M)) || (level == 2 && !(t->opt & SS_1G)))
		r |= BIT64(7);
	if (leaf && level)
		r |= level == 1 ? bits_mask(20, 12) : bits_mask(29, 12);
	return r;
}

static struct pt_entry_info ss_entry(const struct pt_table *t, uint64_t e, unsigned level, unsigned acc, unsigned perm)
{
	bool leaf = level == 0 || (level <= 2 && (e & BIT64(7)));
	struct pt_entry_info i = { .cls = leaf ? PT_LEAF : PT_TABLE, .why = PT_OK, .perm = (uint8_t)(e & (XL_R | XL_W)) };

	(void)perm;
	i.perm |= (t->opt & SS_X) ? (uint8_t)(e & XL_X) : XL_X;
	if (!(e & (t->opt & SS_X ? 7 : 3)))
		i.cls = PT_EMPTY, i.why = PT_WHY_EMPTY;
	else if ((acc & XL_W) && !(i.perm & XL_W))
		i.why = PT_WHY_NO_W;
	else if ((acc & XL_R) && !(i.perm & XL_R))
		i.why = PT_WHY_NO_R;
	else if ((acc & XL_X) && !(i.perm & XL_X))
		i.why = PT_WHY_NO_X;
	else if ((e & ss_reserved(t, level, leaf)) || (leaf && (t->opt & SS_NO_RO) && !(i.perm & XL_W)))
		i.why = PT_WHY_RSVD;
	if (i.why != PT_OK)
		return i;
	if (t->opt & PT_OPT_AD) {
		i.set = (BIT64(8) | (leaf && (acc & XL_W) ? BIT64(9) : 0)) & ~e;
		i.clean = leaf && !((e | i.set) & BIT64(9));
	}
	i.snoop = leaf && (t->opt & SS_SNP) && (e & BIT64(11));
	i.memtype = leaf && (t->opt & SS_MT) ? (uint8_t)bits_get(e, 6, 3) : 0;
	i.next = e & bits_mask(51, leaf ? 12 + 9 * level : 12);
	return i;
}

static void ss_plain(const struct pt_table *t, struct pt_plain *p)
{
	uint64_t val = XL_R | XL_W | (t->opt & SS_X ? XL_X : 0) | (t->opt & PT_OPT_AD ? BIT64(8) : 0);
	uint64_t leaf = val | (t->opt & PT_OPT_AD ? BIT64(9) : 0);

	*p = (struct pt_plain){ .mask = val | ss_reserved(t, 3, false) /* bit 7 with them */, .val = val, .next = bits_mask(51, 12),
				  .perm = XL_R | XL_W | XL_X, .leaf_mask = leaf | BIT64(11) /* SNP */ | ss_reserved(t, 0, true), .leaf_val = leaf,
				  .leaf_perm = XL_R | XL_W | XL_X, .mt_lsb = 3, .mt_mask = t->opt & SS_MT ? 15 : 0 };
}

const struct pt_fmt fmt_vtdss = { .name = "vtd-ss", .entry = ss_entry, .input = ss_input, .plain = ss_plain };
