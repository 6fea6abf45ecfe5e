/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift_amdvi.c - what lifting needs to know of AMD-Vi: device table, GCR3 tables, v1 and v2 page tables, INVALIDATE_IOMMU_PAGES.
 * The commands between head and tail are read from memory when the tail is written. A domain is a DomainID with a table, v2 tables also
 * with a PASID; it is called by its DomainID, pass-through is 0. A v1 table that gets a level more on top (Linux does that) is another
 * table: its mappings go and come again. Permissions are read and write; NX is not looked at.
 * Not looked at: device table segments (refused), guest commands of a vIOMMU, reserved bits, interrupt tables, faults. The v2 tables of
 * nested entries (Mode and GV) hold guest-physical addresses and are not lifted. Spec: 48882.
 */
#include "core/base/bits.h"
#include "core/iommu.h"
#include "import/lift_int.h"

enum {
	REG_DEVTAB = 0x00, REG_CMD = 0x08, REG_CONTROL = 0x18, REG_CMD_HEAD = 0x2000, REG_CMD_TAIL = 0x2008
};
enum { CT_IOMMUEN = 1, CT_CMDBUFEN = 1 << 12, CT_GTEN = 1 << 16, OP_PAGES = 3, NEXT_SIZED = 7, DTE_BYTES = 32 };
enum kind { V1, V2, NESTED, PASS }; /* of a domain: with PASID and DomainID what did is made of */
#define ADDRESS bits_mask(51, 12)

static uint64_t did_of(enum kind k, uint32_t pasid, uint64_t domid)
{
	return (uint64_t)k << 40 | (uint64_t)pasid << 16 | domid;
}

static struct lift_ent entry_v1(uint64_t e, unsigned level, uint8_t perm)
{
	unsigned next = (unsigned)bits_get(e, 11, 9);
	struct lift_ent x = { .present = e & 1, .leaf = !next || next == NEXT_SIZED, .pa = e & ADDRESS };

	x.perm = perm & (uint8_t)((e & BIT64(61) ? XL_R : 0) | (e & BIT64(62) ? XL_W : 0));
	if (next == NEXT_SIZED) {
		x.lg2 = (uint8_t)(13 + __builtin_ctzll(~(e >> 12)));
		x.pa &= ~low_mask(x.lg2);
	}
	if (x.leaf)
		x.present = x.present && x.perm && level < 6;
	else if (next >= level)
		x.present = false;
	else
		x.skip = (uint8_t)(level - 1 - next);
	return x;
}

static struct lift_ent entry_v2(uint64_t e, unsigned level, uint8_t perm)
{
	struct lift_ent x = { .present = e & 1, .leaf = level == 1 || e & BIT64(7), .pa = e & ADDRESS };

	x.perm = perm & (uint8_t)(e & 2 ? XL_R | XL_W : XL_R);
	if (x.leaf)
		x.pa &= ~low_mask(12 + 9 * (level - 1));
	x.present = x.present && (!x.leaf || level <= 3);
	return x;
}

static struct lift_ent entry(const struct lift_shape *t, uint64_t e, unsigned level, uint8_t perm)
{
	return t->fs ? entry_v2(e, level, perm) : entry_v1(e, level, perm);
}

static void shape(struct lift_att *a, uint64_t root, unsigned levels)
{
	a->t.root = root;
	a->t.levels = (uint8_t)levels;
	a->t.page_lg2 = 12;
	a->t.bits = (uint8_t)(levels < 6 ? 12 + 9 * levels : 64);
}

static void guest_domain(struct lift *l, struct lift_scan *s, const uint64_t dte[4], uint32_t rid, uint32_t pasid, uint64_t e)
{
	bool nested = bits_get(dte[0], 11, 9), rid_pasid = !pasid && dte[0] & BIT64(54);
	struct lift_att a = { .rid = rid, .pasid = rid_pasid ? TRC_NO_PASID : pasid, .id = (uint32_t)(dte[1] & 0xffff),
			      .type = nested ? LIFT_NESTED : LIFT_FS };

	if (!(e & 1) || (!pasid && !rid_pasid))
		return;
	a.t.fs = true;
	a.t.did = did_of(nested ? NESTED : V2, pasid, a.id);
	if (!nested)
		shape(&a, e & ADDRESS, 4 + (unsigned)(bits_get(dte[2], 55, 54) == 1));
	lift_found(l, s, a);
}

static void scan_gcr3(struct lift *l, struct lift_scan *s, const uint64_t dte[4], uint32_t rid, uint64_t table, unsigned level,
		      uint32_t pasid)
{
	struct lift_upper u = lift_part_of(table, 512, 3, level ? LIFT_GCR3DIR : LIFT_GCR3, rid, pasid << 9 * level);

	u.step = 1u << 9 * level;
	lift_watch(l, u);
	for (uint32_t i = 0; i < 512 && !l->failed; i++) {
		uint64_t e = lift_word(l, table + 8 * (uint64_t)i);

		if (!level)
			guest_domain(l, s, dte, rid, pasid + i, e);
		else if (e & 1)
			scan_gcr3(l, s, dte, rid, e & ADDRESS, level - 1, (pasid + i) << 9);
	}
}

static void scan_dte(struct lift *l, struct lift_scan *s, uint64_t pa, uint32_t rid)
{
	uint64_t w[4] = { lift_word(l, pa) };
	unsigned mode = (unsigned)bits_get(w[0], 11, 9);
	bool guest = w[0] & BIT64(55) && l->amdvi.control & CT_GTEN;
	struct lift_att a = { .rid = rid, .pasid = TRC_NO_PASID, .type = mode ? LIFT_SS : LIFT_PT, .t = { .did = did_of(PASS, 0, 0) } };

	if ((w[0] & 3) != 3 || mode == 7 || !(w[0] >> 61 & 3))
		return;
	for (unsigned i = 1; i < 4; i++)
		w[i] = lift_word(l, pa + 8 * i);
	/* with GCR3TRPMode the table of a nested entry is the guest's: not looked into */
	if (guest && !(mode && l->amdvi.control & BIT64(58)))
		scan_gcr3(l, s, w, rid, bits_get(w[0], 60, 58) << 12 | bits_get(w[1], 31, 16) << 15 | bits_get(w[1], 63, 43) << 31,
			  (unsigned)bits_get(w[0], 57, 56) % 3, 0);
	else if (guest && w[0] & BIT64(54))
		guest_domain(l, s, w, rid, 0, 1);
	if (guest && w[0] & BIT64(54))
		return;
	if (mode) {
		a.id = (uint32_t)(w[1] & 0xffff);
		a.t.did = did_of(V1, 0, a.id);
		shape(&a, w[0] & ADDRESS, mode);
	}
	lift_found(l, s, a);
}

static void scan_all(struct lift *l, struct lift_scan *s)
{
	uint64_t base = l->amdvi.devtab & ADDRESS, n = ((l->amdvi.devtab & 0x1ff) + 1) * (4096 / DTE_BYTES);

	if (!(l->amdvi.control & CT_IOMMUEN))
		return;
	if (bits_get(l->amdvi.control, 36, 34))
		lift_fail(l, ERR_INPUT, "a device table of several segments cannot be lifted");
	for (uint64_t i = 0; i < n && !l->failed; i++) {
		if (!(i % (4096 / DTE_BYTES)))
			lift_watch(l, lift_part_of(base + DTE_BYTES * i, n - i, 5, LIFT_DTE, (uint32_t)i, TRC_NO_PASID));
		scan_dte(l, s, base + DTE_BYTES * i, (uint32_t)i);
	}
}

static void range(uint64_t qw1, uint64_t *first, uint64_t *size)
{
	unsigned n = 12;

	*first = qw1 & ~UINT64_C(0xfff);
	*size = 4096;
	if (!(qw1 & 1))
		return;
	while (n < 52 && qw1 >> n & 1)
		n++;
	*size = n >= 51 ? 0 : BIT64(n + 1); /* 0: everything */
	*first = n >= 51 ? 0 : *first & ~low_mask(n + 1);
}

/* What lies beyond the reach of the tables is left out: Linux flushes "everything" piece by piece under NpCache. */
static void flush(struct lift *l, const struct lift_dom *d, uint64_t first, uint64_t size)
{
	uint64_t top = low_mask(d->t.levels ? d->t.bits : 64);

	if (first > top)
		return;
	lift_flush(l, d, first, first + (size - 1) >= top && !first ? 0 : size);
}

static void command(struct lift *l, uint64_t qw0, uint64_t qw1)
{
	const bool gn = qw1 & 4;
	const uint32_t pasid = (uint32_t)(qw0 & 0xfffff);
	const uint64_t domid = bits_get(qw0, 47, 32), v2 = did_of(V2, pasid, domid), nested = did_of(NESTED, pasid, domid);
	uint64_t first, size;
	bool any = false;

	if (qw0 >> 60 != OP_PAGES) {
		l->s->other_cmds++;
		return;
	}
	range(qw1, &first, &size);
	for (const struct lift_dom *d = l->doms; d; d = d->next)
		if (gn ? d->t.did == v2 || d->t.did == nested : d->t.did == did_of(V1, 0, domid)) {
			any = true;
			flush(l, d, first, size);
		}
	l->s->flush_unknown += !any;
}

static void run_ring(struct lift *l)
{
	unsigned len = (unsigned)bits_get(l->amdvi.cmd, 59, 56);
	uint64_t mask = low_mask(len + 4);

	if (len < 8 || !(l->amdvi.control & CT_IOMMUEN) || !(l->amdvi.control & CT_CMDBUFEN))
		return;
	for (; (l->amdvi.head ^ l->amdvi.tail) & mask & ~UINT64_C(15); l->amdvi.head = (l->amdvi.head + 16) & mask) {
		uint64_t w[2] = { 0, 0 };

		if (mem_read(l->mem, (l->amdvi.cmd & ADDRESS) + (l->amdvi.head & mask & ~UINT64_C(15)), w, 2) != MEM_OK)
			continue;
		lift_command(l, (unsigned)((l->amdvi.head & mask) >> 4), w, 2);
		command(l, w[0], w[1]);
	}
}

static void reg(struct lift *l, uint32_t off, unsigned bytes, uint64_t val, bool state)
{
	uint64_t was = l->amdvi.control;

	switch (off & ~UINT32_C(4)) {
	case REG_DEVTAB:
		l->amdvi.devtab = lift_part(l->amdvi.devtab, off, bytes, val);
		l->dirty = true;
		break;
	case REG_CMD:
		l->amdvi.cmd = lift_part(l->amdvi.cmd, off, bytes, val);
		if (!state)
			l->amdvi.head = l->amdvi.tail = 0;
		break;
	case REG_CONTROL:
		l->amdvi.control = lift_part(was, off, bytes, val);
		l->dirty |= (was ^ l->amdvi.control) & (CT_IOMMUEN | CT_GTEN | BIT64(58));
		break;
	case REG_CMD_HEAD:
		l->amdvi.head = lift_part(l->amdvi.head, off, bytes, val);
		break;
	case REG_CMD_TAIL:
		l->amdvi.tail = lift_part(l->amdvi.tail, off, bytes, val);
		break;
	default:
		return;
	}
	if (!state)
		run_ring(l);
}

const struct lift_arch lift_amdvi = {
	.name = "amdvi", .mark = "DEVTAB_BASE", .reg = reg, .scan = scan_all, .entry = entry, .perm = XL_R | XL_W
};
