/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu_cmdq.c - the command queue of an SMMUv3 log. Source: Arm SMMUv3 architecture (IHI 0070), commands.
 * A command is in several lines: its place in the queue, its name, and what QEMU prints while it executes it; the write of CMDQ_PROD that
 * made it execute is printed behind them all. In a log with the driver's stores the command is in memory already and the lines only
 * confirm it. In a log without, it is put together from them and stored into its slot, so it is there when CMDQ_PROD moves.
 * What QEMU does not print is lost: SubstreamID and Leaf of CFGI (zero is written; QEMU 10 has no substreams), the signal of a SYNC (none
 * is written).
 * TLBI and CFGI without any field printed become TLBI_NSNH_ALL and CFGI_ALL; other commands without their fields become a SYNC that does
 * nothing.
 */
#include <string.h>
#include "core/base/bits.h"
#include "import/imp_int.h"

enum { OP_SYNC = 0x46 };
enum { ALONE, CFGI, TLBI, LOST }; /* the name says all; else what stands for one without its fields */
static const uint64_t instead[][2] = { [CFGI] = { 0x04, 31 }, [TLBI] = { 0x30, 0 }, [LOST] = { OP_SYNC, 0 } };
static const struct { const char *name; uint8_t op, kind; } cmds[] = {
	{ "PREFETCH_CONFIG", 0x01, LOST },  { "PREFETCH_ADDR", 0x02, LOST },	{ "CFGI_STE", 0x03, CFGI },
	{ "CFGI_STE_RANGE", 0x04, CFGI },   { "CFGI_CD", 0x05, CFGI },		{ "CFGI_CD_ALL", 0x06, CFGI },
	{ "TLBI_NH_ALL", 0x10, TLBI },	    { "TLBI_NH_ASID", 0x11, TLBI },	{ "TLBI_NH_VA", 0x12, TLBI },
	{ "TLBI_NH_VAA", 0x13, TLBI },	    { "TLBI_EL3_ALL", 0x18, LOST },	{ "TLBI_EL3_VA", 0x1a, LOST },
	{ "TLBI_EL2_ALL", 0x20, LOST },	    { "TLBI_EL2_ASID", 0x21, LOST },	{ "TLBI_EL2_VA", 0x22, LOST },
	{ "TLBI_EL2_VAA", 0x23, LOST },	    { "TLBI_S12_VMALL", 0x28, TLBI },	{ "TLBI_S2_IPA", 0x2a, TLBI },
	{ "TLBI_NSNH_ALL", 0x30, ALONE },   { "ATC_INV", 0x40, LOST },		{ "PRI_RESP", 0x41, LOST },
	{ "RESUME", 0x44, LOST },	    { "STALL_TERM", 0x45, LOST },	{ "SYNC", OP_SYNC, ALONE },
};

void imp_cmdq_base(struct imp *m, uint64_t base)
{
	m->smmu.base = base;
	m->smmu.known = bits_get(base, 55, 5) != 0;
}
/* ADDR is a multiple of the size of the queue, which is LOG2SIZE. */
static uint64_t slot_address(const struct imp *m)
{
	unsigned log2 = (unsigned)bits_get(m->smmu.base, 4, 0);
	uint64_t bytes = UINT64_C(16) << (log2 < 1 ? 1 : log2 > 19 ? 19 : log2);

	return (m->smmu.base & bits_mask(55, 5) & ~(bytes - 1)) + (UINT64_C(16) * m->smmu.slot & (bytes - 1));
}
static void field(struct imp *m, unsigned word, unsigned hi, unsigned lo, uint64_t v, bool compare)
{
	m->cmd.told = true;
	m->cmd.w[word] = bits_put(m->cmd.w[word], hi, lo, v);
	if (compare)
		m->cmd.mask[word] |= bits_mask(hi, lo);
}
/* The number of pages as (NUM + 1) << SCALE, which it was in the command; of a damaged log rounded up. */
static void put_pages(struct imp *m)
{
	uint64_t n = m->smmu.pages;
	unsigned scale = (unsigned)__builtin_ctzll(n);

	if (bits_get(m->cmd.w[1], 11, 10) && n > 1) {
		for (n >>= scale; n > 32; scale++)
			n = (n + 1) / 2;
		field(m, 0, 16, 12, n - 1, false);
		field(m, 0, 24, 20, scale, false);
	} else if (!bits_get(m->cmd.w[1], 9, 8)) {
		field(m, 1, 11, 10, 0, false); /* one page without level hint: only the form without granule says that */
	}
}
bool imp_cmdq_flush(struct imp *m)
{
	if (m->cmd.k && m->smmu.pages)
		put_pages(m);
	m->smmu.pages = 0;
	return imp_cmd_end(m);
}

static bool opcode_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	size_t n;

	if (!imp_cmdq_flush(m))
		return false;
	*ok = imp_lit(c, "<--- SMMU_CMD_");
	if (!*ok)
		return true;
	k->unused++; /* until it is found in the queue, or put there */
	n = (size_t)(c->end - c->p);
	for (size_t i = 0; m->smmu.known && i < ARRAY_LEN(cmds); i++)
		if (strlen(cmds[i].name) == n && !memcmp(c->p, cmds[i].name, n)) {
			m->cmd = (struct imp_cmd){ .k = k, .at = slot_address(m), .told = cmds[i].kind == ALONE };
			m->cmd.w[0] = cmds[i].op;
			m->cmd.mask[0] = 0xff;
			memcpy(m->cmd.idle, instead[cmds[i].kind], sizeof(m->cmd.idle));
		}
	return true;
}
/* QEMU prints -1 for "any". */
static bool signed_after(struct imp_cur *c, const char *name, uint64_t *v, bool *any)
{
	uint64_t n;

	if (!imp_lit_(c, name, strlen(name)))
		return false;
	*any = imp_lit(c, "-");
	if (!imp_dec(c, &n) || (*any ? n != 1 : n > 0xffff))
		return false;
	*v = *any ? 0 : n;
	return true;
}
static bool va_line(struct imp *m, struct imp_cur *c)
{
	uint64_t vmid, asid, va, tg, pages, ttl, leaf;
	bool any_vmid, any_asid, first = !m->smmu.pages;

	if (!signed_after(c, "vmid=", &vmid, &any_vmid) || !signed_after(c, " asid=", &asid, &any_asid) ||
	    !imp_hex_after(c, " addr=", &va) || !imp_dec_after(c, " tg=", &tg) || !imp_hex_after(c, " num_pages=", &pages) ||
	    !imp_dec_after(c, " ttl=", &ttl) || !imp_dec_after(c, " leaf=", &leaf) || tg > 3 || !pages || pages > UINT32_MAX || ttl > 3 || leaf > 1)
		return false;
	if (!m->cmd.k)
		return true;
	m->smmu.pages += pages;
	if (!first) /* a range that is not a power of two is printed in pieces, ascending */
		return true;
	field(m, 0, 47, 32, vmid, false);
	field(m, 0, 63, 48, asid, !any_asid);
	field(m, 1, 0, 0, leaf, true);
	field(m, 1, 9, 8, tg ? ttl : 0, false);
	field(m, 1, 11, 10, tg, true);
	field(m, 1, 63, 12, va >> 12, true);
	return true;
}
/* One field. */
static bool field_line(struct imp *m, enum imp_cmdq_ev ev, struct imp_cur *c)
{
	uint64_t a = 0, b = 0;
	bool any = false, ok;

	switch (ev) {
	case CMDQ_SID:
		ok = imp_hex_after(c, "streamid= ", &a);
		break;
	case CMDQ_CD:
		ok = imp_hex_after(c, "sid=", &a);
		break;
	case CMDQ_RANGE:
		ok = imp_hex_after(c, "start=", &a) && imp_hex_after(c, " - end=", &b);
		break;
	default: /* older versions print nothing for all of a VMID */
		any = imp_at_end(c);
		ok = any || signed_after(c, ev == CMDQ_ASID ? "asid=" : "vmid=", &a, &any);
	}
	if (!ok || !imp_at_end(c) || (!any && a > UINT32_MAX) || (ev == CMDQ_RANGE && (b < a || b > UINT32_MAX)))
		return false;
	if (!m->cmd.k || any)
		return true;
	if (ev == CMDQ_RANGE) {
		field(m, 0, 63, 32, a, false);
		field(m, 1, 4, 0, b == a ? 0 : 63 - (unsigned)__builtin_clzll(b - a), true);
	} else {
		field(m, 0, ev == CMDQ_VMID ? 47 : 63, ev == CMDQ_ASID ? 48 : 32, a, true);
	}
	return true;
}
bool imp_cmdq_line(struct imp *m, struct imp_kind *k, enum imp_cmdq_ev ev, struct imp_cur *c, bool *ok)
{
	uint64_t prod, cons;

	switch (ev) {
	case CMDQ_PLACE:
		*ok = imp_dec_after(c, "prod=", &prod) && imp_dec_after(c, " cons=", &cons);
		k->unused += *ok;
		if (!imp_cmdq_flush(m))
			return false;
		if (*ok)
			m->smmu.slot = (uint32_t)cons;
		return true;
	case CMDQ_OUT:
		k->unused++;
		return imp_cmdq_flush(m);
	case CMDQ_OPCODE:
		return opcode_line(m, k, c, ok);
	case CMDQ_VA:
		*ok = va_line(m, c);
		break;
	default:
		*ok = field_line(m, ev, c);
	}
	k->unused += *ok;
	return true;
}
