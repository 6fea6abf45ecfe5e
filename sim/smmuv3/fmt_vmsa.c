/* SPDX-License-Identifier: Apache-2.0 */
/* fmt_vmsa.c - what one VMSAv8-64 descriptor says; checks in the order F_TRANSLATION, F_ADDR_SIZE, F_ACCESS, F_PERMISSION. */
#include "smmuv3/fmt_vmsa.h"
#include "core/base/bits.h"

#define D_AP1 BIT64(6) /* stage 1: unprivileged access */
#define D_AP2 BIT64(7) /* stage 1: read-only */
#define D_S2R BIT64(6)
#define D_S2W BIT64(7)
#define D_AF BIT64(10)
#define D_NG BIT64(11)
#define D_DBM BIT64(51)
#define D_CONT BIT64(52)
#define D_PXN BIT64(53)
#define D_UXN BIT64(54)
#define P_R (XL_R | XL_R << VMSA_PRIV_SHIFT)
#define P_W (XL_W | XL_W << VMSA_PRIV_SHIFT)
#define P_UX XL_X
#define P_PX (XL_X << VMSA_PRIV_SHIFT)
#define P_U (XL_R | XL_W | XL_X)
#define P_PRW ((XL_R | XL_W) << VMSA_PRIV_SHIFT)

static unsigned shift_of(const struct pt_table *t, unsigned level)
{
	return t->grain_lg2 + level * (t->grain_lg2 - 3u);
}

static bool block_level(const struct pt_table *t, unsigned level)
{
	bool wide = t->opt & VMSA_PA52;

	if (t->grain_lg2 == 12)
		return level <= 2 || (level == 3 && wide);
	return level <= 1 || (level == 2 && wide);
}

/* log2 of the neighbours in a contiguous group, 0 if there is none at this level. */
static unsigned group_lg2(const struct pt_table *t, unsigned level)
{
	static const uint8_t lg2[3][3] = { { 4, 4, 4 }, { 7, 5, 0 }, { 5, 5, 0 } };

	return level < 3 ? lg2[(t->grain_lg2 - 12) / 2][level] : 0;
}

static uint64_t output(const struct pt_table *t, uint64_t e, unsigned shift)
{
	uint64_t a = e & bits_mask(47, shift);

	if (!(t->opt & VMSA_PA52))
		return a;
	if (t->grain_lg2 == 16)
		return a | bits_get(e, 15, 12) << 48;
	return a | (e & bits_mask(49, 48)) | bits_get(e, 9, 8) << 50;
}

/* What is common to both stages: validity, output address. Returns: false if that already decides (i->why). */
static bool common(const struct pt_table *t, uint64_t e, unsigned level, struct pt_entry_info *i)
{
	unsigned shift = shift_of(t, level);
	bool leaf = level == 0 || !(e & 2);

	i->cls = leaf ? PT_LEAF : PT_TABLE;
	if (!(e & 1) || (level == 0 && !(e & 2)) || (leaf && !block_level(t, level))) {
		i->cls = PT_EMPTY;
		i->why = PT_WHY_EMPTY;
		return false;
	}
	i->next = output(t, e, leaf ? shift : t->grain_lg2);
	if (t->oa_bits < 52 && i->next >> t->oa_bits) {
		i->why = PT_WHY_OUT;
		return false;
	}
	if (leaf && (e & D_CONT) && (t->opt & VMSA_CONT) && group_lg2(t, level))
		i->span_lg2 = (uint8_t)(shift + group_lg2(t, level));
	return true;
}

/* @acc without R, W and X (an ATS request): something that can be granted must be there. */
static enum pt_why missing(unsigned acc, unsigned perm)
{
	unsigned shift = acc & XL_PRIV ? VMSA_PRIV_SHIFT : 0, m = (acc & P_U) << shift & ~perm;

	if (!(acc & P_U) && !(perm >> shift & (XL_R | XL_W)))
		return PT_WHY_NO_R;

	m |= m >> VMSA_PRIV_SHIFT;
	return m & XL_R ? PT_WHY_NO_R : m & XL_W ? PT_WHY_NO_W : m & XL_X ? PT_WHY_NO_X : PT_OK;
}

/* Access flag and dirty state of a leaf that may be written if @dirty_bit is changed. */
static void leaf_state(const struct pt_table *t, uint64_t e, unsigned acc, unsigned perm, bool is_clean, struct pt_entry_info *i)
{
	if (!(e & D_AF) && !(t->opt & (VMSA_HA | VMSA_AFFD))) {
		i->why = PT_WHY_AF;
		return;
	}
	i->perm = (uint8_t)perm;
	i->why = missing(acc, perm);
	if (i->why != PT_OK)
		return;
	if (t->opt & VMSA_HA)
		i->set = D_AF & ~e;
	i->clean = is_clean && !(acc & XL_W);
}

/* Descriptor bits change in memory as they lie there. */
static void to_memory(const struct pt_table *t, struct pt_entry_info *i)
{
	if (t->opt & VMSA_BE) {
		i->set = __builtin_bswap64(i->set);
		i->clr = __builtin_bswap64(i->clr);
	}
}

static unsigned table_perm(const struct pt_table *t, uint64_t e)
{
	unsigned p = 0xff;

	if (t->opt & VMSA_HAD)
		return p;
	if ((e & BIT64(61)) && !(t->opt & VMSA_EL2))
		p &= ~(unsigned)(XL_R | XL_W);
	if (e & BIT64(62))
		p &= ~(unsigned)P_W;
	if (e & BIT64(60))
		p &= ~(unsigned)(t->opt & VMSA_EL2 ? P_UX | P_PX : P_UX);
	if ((e & BIT64(59)) && !(t->opt & VMSA_EL2))
		p &= ~(unsigned)P_PX;
	return p;
}

static unsigned leaf_perm(const struct pt_table *t, uint64_t e, unsigned perm, bool writable)
{
	bool el2 = t->opt & VMSA_EL2;
	unsigned p = P_R | P_W | P_UX | P_PX;

	if (!(e & D_AP1) && !el2)
		p &= ~(unsigned)(XL_R | XL_W);
	if (!writable)
		p &= ~(unsigned)P_W;
	if (e & D_UXN)
		p &= ~(unsigned)(el2 ? P_UX | P_PX : P_UX);
	if ((e & D_PXN) && !el2)
		p &= ~(unsigned)P_PX;
	p &= perm;
	if ((p & XL_W) && !el2)
		p &= ~(unsigned)P_PX;
	if (t->opt & VMSA_WXN) {
		if (p & XL_W)
			p &= ~(unsigned)P_UX;
		if (p & XL_W << VMSA_PRIV_SHIFT)
			p &= ~(unsigned)P_PX;
	}
	if ((t->opt & VMSA_PAN) && (p & (t->opt & VMSA_EPAN ? P_U : XL_R | XL_W)))
		p &= ~(unsigned)P_PRW;
	return p;
}

static struct pt_entry_info s1_entry(const struct pt_table *t, uint64_t raw, unsigned level, unsigned acc, unsigned perm)
{
	uint64_t e = t->opt & VMSA_BE ? __builtin_bswap64(raw) : raw;
	struct pt_entry_info i = { .why = PT_OK };
	bool clean = (e & D_AP2) && (e & D_DBM) && (t->opt & VMSA_HD);

	if (!common(t, e, level, &i))
		return i;
	if (i.cls == PT_TABLE) {
		i.perm = (uint8_t)table_perm(t, e);
		return i;
	}
	leaf_state(t, e, acc, leaf_perm(t, e, perm, !(e & D_AP2) || clean), clean, &i);
	if (i.why == PT_OK && clean && (acc & XL_W))
		i.clr = D_AP2;
	i.memtype = (uint8_t)(bits_get(e, 4, 2) | (e & D_NG ? 0 : VMSA_GLOBAL));
	to_memory(t, &i);
	return i;
}

static bool is_device(const struct pt_table *t, unsigned memattr)
{
	return t->opt & VMSA_FWB ? !(memattr & 4) : !(memattr & 0xc);
}

static struct pt_entry_info s2_entry(const struct pt_table *t, uint64_t raw, unsigned level, unsigned acc, unsigned perm)
{
	static const uint8_t exec[] = { P_UX | P_PX, P_UX, 0, P_PX };
	uint64_t e = t->opt & VMSA_BE ? __builtin_bswap64(raw) : raw;
	struct pt_entry_info i = { .why = PT_OK };
	bool clean = !(e & D_S2W) && (e & D_DBM) && (t->opt & VMSA_HD);
	unsigned xn = (unsigned)bits_get(e, 54, 53);

	if (!common(t, e, level, &i))
		return i;
	i.perm = 0xff;
	if (i.cls == PT_TABLE)
		return i;
	i.memtype = (uint8_t)bits_get(e, 5, 2);
	leaf_state(t, e, acc,
		   perm & ((e & D_S2R ? P_R : 0) | (e & D_S2W || clean ? P_W : 0) | exec[t->opt & VMSA_XNX ? xn : xn & 2]), clean, &i);
	i.no_walk = (t->opt & VMSA_PTW) && is_device(t, i.memtype);
	if (i.why == PT_OK && (acc & PT_ACC_WALK) && i.no_walk)
		i.why = PT_WHY_DEVICE;
	if (i.why == PT_OK && clean && (acc & XL_W))
		i.set |= D_S2W;
	to_memory(t, &i);
	return i;
}

static enum pt_why s1_input(const struct pt_table *t, uint64_t ia)
{
	return (int64_t)ia >> t->ia_bits == (t->opt & VMSA_TTB1 ? -1 : 0) ? PT_OK : PT_WHY_RANGE;
}

static enum pt_why s2_input(const struct pt_table *t, uint64_t ia)
{
	return ia >> t->ia_bits ? PT_WHY_RANGE : PT_OK;
}

/* Of both stages; leaves have @val, none of @zero, and grant @perm. Big-endian tables and 52-bit addresses have none: (e & 0) is never 1. */
static void plain(const struct pt_table *t, struct pt_plain *p, uint64_t val, uint64_t zero, unsigned perm, uint8_t mt_mask)
{
	uint64_t high = t->oa_bits < 48 ? bits_mask(47, t->oa_bits) : 0, leaf = 3 | D_AF | val;

	if (t->opt & (VMSA_BE | VMSA_PA52))
		*p = (struct pt_plain){ .val = 1, .next = 1, .leaf_val = 1 };
	else
		*p = (struct pt_plain){ .mask = 3 | bits_mask(62, 59) | high, .val = 3, .next = bits_mask(47, t->grain_lg2), .perm = 0xff,
					.leaf_mask = perm ? leaf | zero | (t->opt & VMSA_CONT ? D_CONT : 0) | high : 0, .leaf_val = perm ? leaf : 1,
					.leaf_perm = (uint8_t)perm, .mt_lsb = 2, .mt_mask = mt_mask };
}

/* Leaves: of one address space; users may write and execute. */
static void s1_plain(const struct pt_table *t, struct pt_plain *p)
{
	uint64_t val = D_AP1 | D_NG;

	plain(t, p, val, D_AP2 | D_UXN | D_PXN, t->opt & (VMSA_WXN | VMSA_PAN) ? 0 : leaf_perm(t, val, 0xff, true), 7);
}

static void s2_plain(const struct pt_table *t, struct pt_plain *p)
{
	uint64_t normal = t->opt & VMSA_PTW ? BIT64(4) : 0; /* not Device, with and without FWB */

	plain(t, p, D_S2R | D_S2W | normal, D_UXN | D_PXN, P_R | P_W | P_UX | P_PX, 15);
}

const struct pt_fmt fmt_vmsa_s1 = { .name = "vmsav8-64-s1", .entry = s1_entry, .input = s1_input, .plain = s1_plain,
				    .priv_shift = VMSA_PRIV_SHIFT };
const struct pt_fmt fmt_vmsa_s2 = { .name = "vmsav8-64-s2", .entry = s2_entry, .input = s2_input, .plain = s2_plain,
				    .priv_shift = VMSA_PRIV_SHIFT };
