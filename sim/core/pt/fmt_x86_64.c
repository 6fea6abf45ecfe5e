/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pt/fmt_x86_64.h"
#include "core/base/bits.h"

#define X_P BIT64(0)
#define X_RW BIT64(1)
#define X_US BIT64(2)
#define X_A BIT64(5)
#define X_D BIT64(6)
#define X_PS BIT64(7)
#define X_EA BIT64(10)
#define X_XD BIT64(63)

static enum pt_why x86_input(const struct pt_table *t, uint64_t ia)
{
	int64_t top = (int64_t)ia >> (t->ia_bits - 1);

	return top == 0 || top == -1 || (t->opt & X86_ANY_IA) ? PT_OK : PT_WHY_CANON;
}

static uint64_t x86_reserved(const struct pt_table *t, unsigned level, bool leaf)
{
	uint64_t r = t->oa_bits < 52 ? bits_mask(51, t->oa_bits) : 0;

	if (t->opt & X86_XD_RSVD)
		r |= X_XD;
	if (level >= 3)
		return r | X_PS;
	if (leaf && level)
		r |= level == 1 ? bits_mask(20, 13) : bits_mask(29, 13);
	if (leaf && level == 2 && !(t->opt & X86_1G))
		r |= X_PS;
	return r;
}

static struct pt_entry_info x86_entry(const struct pt_table *t, uint64_t e, unsigned level, unsigned acc, unsigned perm)
{
	bool leaf = level == 0 || (level <= 2 && (e & X_PS)), sup = acc & XL_PRIV;
	uint64_t want = t->opt & X86_NO_A ? 0 : X_A;
	struct pt_entry_info i = { .cls = leaf ? PT_LEAF : PT_TABLE, .why = PT_OK, .perm = XL_R | XL_X };

	if ((e & X_US) && (perm & XL_PRIV)) /* users are let in by every entry so far */
		i.perm |= XL_PRIV;
	if ((e & X_RW) || (sup && !(t->opt & X86_WPE)))
		i.perm |= XL_W;
	if (((e & X_XD) && (t->opt & X86_NXE)) || (sup && leaf && (t->opt & X86_SMEP) && (i.perm & XL_PRIV)))
		i.perm &= (uint8_t)~XL_X;
	if (!(e & X_P))
		i.cls = PT_EMPTY, i.why = PT_WHY_EMPTY;
	else if (!(e & X_US) && !sup && !(t->opt & X86_NO_US))
		i.why = PT_WHY_PRIV;
	else if ((acc & XL_W) && !(i.perm & XL_W))
		i.why = PT_WHY_NO_W;
	else if (e & x86_reserved(t, level, leaf))
		i.why = PT_WHY_RSVD;
	else if ((acc & XL_X) && !(i.perm & XL_X))
		i.why = PT_WHY_NO_X;
	if (i.why != PT_OK)
		return i;
	if (leaf && (acc & XL_W) && !(t->opt & X86_NO_D))
		want |= X_D;
	if (t->opt & X86_EAFE)
		want |= X_EA;
	i.set = want & ~e;
	i.clean = leaf && !((e | i.set) & X_D) && !(t->opt & X86_NO_D);
	i.next = e & bits_mask(51, leaf ? 12 + 9 * level : 12);
	return i;
}

static void x86_plain(const struct pt_table *t, struct pt_plain *p)
{
	uint64_t val = X_P | X_RW | X_US | (t->opt & X86_NO_A ? 0 : X_A) | (t->opt & X86_EAFE ? X_EA : 0);
	uint64_t leaf = val | (t->opt & X86_NO_D ? 0 : X_D);
	bool smep = t->opt & X86_SMEP; /* what a leaf grants depends on who asks */

	*p = (struct pt_plain){ .mask = val | X_XD | x86_reserved(t, 3, false) /* PS with them */, .val = val, .next = bits_mask(51, 12),
				.perm = XL_R | XL_W | XL_X | XL_PRIV, .leaf_mask = smep ? 0 : leaf | X_XD | x86_reserved(t, 0, true),
				.leaf_val = smep ? 1 : leaf, .leaf_perm = XL_R | XL_W | XL_X | XL_PRIV };
}

const struct pt_fmt fmt_x86_64 = { .name = "x86-64", .entry = x86_entry, .input = x86_input, .plain = x86_plain };
