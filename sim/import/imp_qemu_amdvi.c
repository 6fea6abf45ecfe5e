/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu_amdvi.c - what the lines of QEMU's amd-iommu model mean. Source: AMD I/O Virtualization Technology (48882): registers,
 * commands, host tables.
 *
 * DMA: amdvi_translation_result has requester, whole address and the start of the page it leads to, 0 if none. The size of that page is
 * not logged: it is looked up in the tables of the trace, which must lead to the same page (if not, the DMA has no expectation). Start 0
 * and no page there is an expected IO_PAGE_FAULT. The direction is not logged. QEMU applies the permissions of the leaf entry after this
 * line, so a DMA that failed for them looks like one that succeeded: a replay takes the direction that the tables allow.
 * Registers: QEMU 10 prints amdvi_mmio_read for reads and writes alike, without a value. A line of CMDBUF_TAIL before amdvi_command_exec
 * is a write of the tail that line names, a line of Control before amdvi_control_status one of its state. Before amdvi_command_error it is
 * a write whose value is lost: left out. All others are taken for reads, so writes of base and head registers after the image are lost,
 * unless the log has the plugin's line of a register write, mem_mmio, behind them.
 * Without an image the place of the command buffer is taken from the first amdvi_command_exec, its length is then assumed.
 * Not imported: interrupt messages (counted), QEMU's own results.
 */
#include <string.h>
#include "core/base/bits.h"
#include "import/imp_int.h"

enum { EV_MMIO = IMP_ARCH, EV_CONTROL, EV_ERROR, EV_RESULT, EV_EXEC, EV_PAGES, EV_WAIT, EV_DEVTAB, EV_ALL };
static const struct imp_event events[] = {
	{ "amdvi_mmio_read", EV_MMIO },		  { "amdvi_control_status", EV_CONTROL },
	{ "amdvi_command_error", EV_ERROR },	  { "amdvi_translation_result", EV_RESULT },
	{ "amdvi_command_exec", EV_EXEC },	  { "amdvi_pages_inval", EV_PAGES },
	{ "amdvi_completion_wait", EV_WAIT },	  { "amdvi_devtab_inval", EV_DEVTAB },
	{ "amdvi_all_inval", EV_ALL },		  { NULL, 0 },
};
enum { REG_DEVTAB_BASE = 0x00, REG_CMDBUF_BASE = 0x08, REG_CONTROL = 0x18, REG_CMDBUF_HEAD = 0x2000, REG_CMDBUF_TAIL = 0x2008, IO_PAGE_FAULT = 2 };
enum { CONTROL_IOMMUEN = 0, CONTROL_CMDBUFEN = 12, COMLEN = 56, COMLEN_LINUX = 9 /* 512 commands */ };
enum { CMD_WAIT = 1, CMD_DEVTAB, CMD_PAGES, CMD_ALL = 8 };
#define ADDRESS bits_mask(51, 12)

/* ---- the command buffer ---- */

static bool tail_write(struct imp *m)
{
	m->amd.hold = false;
	return imp_mmio_write(m, REG_CMDBUF_TAIL, m->amd.tail_bytes, m->amd.tail);
}
/* The open command, and the tail that waits for it. */
static bool flush(struct imp *m)
{
	return imp_cmd_end(m) && (!m->amd.hold || tail_write(m));
}
/* The register line that could be either was a read. */
static bool settle(struct imp *m)
{
	struct imp_kind *k = m->amd.mmio.k;

	if (!k)
		return true;
	m->amd.mmio.k = NULL;
	k->unused--;
	k->used++;
	return flush(m) && imp_mmio_read(m, m->amd.mmio.off, m->amd.mmio.bytes, NULL);
}
/* It was a write, of @off. Returns: bytes, 0 if the line before was no such. */
static unsigned take_write(struct imp *m, uint32_t off)
{
	struct imp_kind *k = m->amd.mmio.k;

	if (!k || m->amd.mmio.off != off)
		return 0;
	m->amd.mmio.k = NULL;
	k->unused--;
	k->used++;
	return m->amd.mmio.bytes;
}
/* Base and length of the buffer are in no line: set them, with the buffer off meanwhile because they may not change while it runs. */
static bool own_begin(struct imp *m, uint64_t base, uint64_t head, uint64_t tail)
{
	uint64_t len = COMLEN_LINUX, on = m->amd.control | BIT64(CONTROL_IOMMUEN) | BIT64(CONTROL_CMDBUFEN);

	if (m->amd.buffer)
		return true;
	while (UINT64_C(16) << len <= (head > tail ? head : tail))
		len++;
	m->amd.buffer = m->s->own_length = true;
	return imp_mmio_write(m, REG_CONTROL, 8, on & ~BIT64(CONTROL_CMDBUFEN)) &&
	       imp_mmio_write(m, REG_CMDBUF_BASE, 8, base | len << COMLEN) && imp_mmio_write(m, REG_CMDBUF_HEAD, 8, head) &&
	       imp_mmio_write(m, REG_CMDBUF_TAIL, 8, head) && imp_mmio_write(m, REG_CONTROL, 8, on);
}
static bool exec_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t head, tail, base;
	unsigned bytes;

	*ok = imp_hex_after(c, "command buffer head at ", &head) && imp_hex_after(c, " command buffer tail at ", &tail) &&
	      imp_hex_after(c, " command buffer base at ", &base) && imp_at_end(c) && !(head & 15) && !(tail & 15) &&
	      (head | tail) < 0x80000 && !(base & ~ADDRESS);
	if (!*ok)
		return true;
	bytes = take_write(m, REG_CMDBUF_TAIL);
	/* several commands behind one write: only the first moves the tail */
	if (!(bytes || tail != m->amd.tail ? flush(m) : imp_cmd_end(m)) || !settle(m) || !own_begin(m, base, head, tail))
		return false;
	if (bytes || tail != m->amd.tail) {
		m->amd.tail = tail;
		m->amd.tail_bytes = (uint8_t)(bytes ? bytes : 4);
		m->amd.hold = true;
		if (m->mem_seen && !tail_write(m))
			return false;
	}
	k->unused++; /* until it is found in the buffer, or put there */
	/* without its fields: a COMPLETION_WAIT that does nothing */
	m->cmd = (struct imp_cmd){ .k = k, .at = base + head, .idle = { (uint64_t)CMD_WAIT << 60, 0 } };
	return true;
}
static void command(struct imp *m, uint64_t op, uint64_t w0, uint64_t mask0, uint64_t w1, uint64_t mask1)
{
	m->cmd.told = true;
	m->cmd.w[0] = op << 60 | w0;
	m->cmd.mask[0] = UINT64_C(0xf) << 60 | mask0;
	m->cmd.w[1] = w1;
	m->cmd.mask[1] = mask1;
}
static bool devid(struct imp_cur *c, uint64_t *id)
{
	uint64_t bus, dev, fn;

	if (!imp_hex(c, &bus) || !imp_lit(c, ":") || !imp_hex(c, &dev) || !imp_lit(c, ".") || !imp_hex(c, &fn) || bus > 255 ||
	    dev > 31 || fn > 7)
		return false;
	*id = bus << 8 | dev << 3 | fn;
	return true;
}
/* What the command in work does. Of INVALIDATE_IOMMU_PAGES only the domain is printed: if it has to be written, it covers all of it. */
static bool command_line(struct imp *m, struct imp_kind *k, struct imp_cur *c)
{
	uint64_t a = 0, b = 0;
	bool ok;

	switch (k->ev) {
	case EV_PAGES:
		ok = imp_hex_after(c, "AMD-Vi pages for domain ", &a) && imp_lit(c, " invalidated") && a <= 0xffff;
		break;
	case EV_WAIT:
		ok = imp_hex_after(c, "completion wait requested with store address ", &a) && imp_hex_after(c, " and store data ", &b);
		break;
	case EV_DEVTAB:
		ok = imp_lit(c, "device table entry for devid: ") && devid(c, &a) && imp_lit(c, " invalidated");
		break;
	default:
		ok = imp_lit(c, "Invalidation of all AMD-Vi cache requested");
	}
	if (!ok || !imp_at_end(c))
		return false;
	k->unused++;
	if (!m->cmd.k)
		return true;
	switch (k->ev) {
	case EV_PAGES:
		command(m, CMD_PAGES, a << 32, bits_mask(47, 32), UINT64_C(0x7ffffffffffff003), 0);
		break;
	case EV_WAIT: /* s = 1 is not printed, the store shows it */
		command(m, CMD_WAIT, (a & bits_mask(51, 3)) | 1, bits_mask(51, 3), b, ~UINT64_C(0));
		break;
	case EV_DEVTAB:
		command(m, CMD_DEVTAB, a, 0xffff, 0, 0);
		break;
	default:
		command(m, CMD_ALL, 0, 0, 0, 0);
	}
	return true;
}

/* ---- registers ---- */

static bool mmio_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t off, size, base;

	while (c->p < c->end && *c->p != ' ')
		c->p++; /* the name */
	*ok = imp_hex_after(c, " read addr ", &off) && imp_dec_after(c, ", size ", &size) && imp_hex_after(c, " offset ", &base) &&
	      imp_at_end(c) && imp_reg_ok(off, size, 0);
	if (!*ok)
		return true;
	k->unused++; /* until it is known to be a read or a write */
	m->amd.mmio.k = k;
	m->amd.mmio.off = (uint32_t)off;
	m->amd.mmio.bytes = (uint8_t)size;
	return true;
}
static bool control_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t val;
	unsigned bytes;

	*ok = imp_hex_after(c, "MMIO_STATUS state ", &val) && imp_at_end(c);
	if (!*ok)
		return true;
	bytes = take_write(m, REG_CONTROL);
	if (!bytes) { /* a write of a part of it */
		k->unused++;
		return settle(m);
	}
	k->used++;
	m->amd.control = val;
	m->amd.control_told = true;
	return flush(m) && imp_mmio_write(m, REG_CONTROL, bytes, bytes == 8 ? val : val & UINT32_MAX);
}

/* The plugin's line of a register write: it comes behind what the write did. */
static bool plugin_line(struct imp *m, uint32_t off, unsigned bytes, uint64_t val)
{
	bool done = !take_write(m, off) && ((off == REG_CONTROL && m->amd.control_told) || (off == REG_CMDBUF_TAIL && val == m->amd.tail));

	m->amd.control_told = false;
	if (done)
		return true;
	if (off < REG_DEVTAB_BASE + 8)
		m->amd.devtab = bits_put(m->amd.devtab, off * 8 + bytes * 8 - 1, off * 8, val);
	else if (off == REG_CMDBUF_TAIL)
		m->amd.tail = val;
	return settle(m) && flush(m) && imp_mmio_write(m, off, bytes, val);
}

/* ---- translations ---- */

/* The page of @iova in the tables of the trace, which need not be right: QEMU's answer decides. */
static bool page_of(const struct imp *m, uint64_t id, uint64_t iova, uint64_t *base, uint64_t *size)
{
	uint64_t e;
	unsigned level, next;

	*base = iova & ~UINT64_C(0xfff);
	*size = 4096;
	if (!m->amd.known || mem_read(m->mem, (m->amd.devtab & ADDRESS) + 32 * id, &e, 1) != MEM_OK)
		return false;
	level = (unsigned)bits_get(e, 11, 9);
	if ((e & 3) != 3 || !level) /* V, TV, Mode: not translated */
		return true;
	if (level == 7)
		return false;
	while (level && level < 7) {
		unsigned shift = 12 + 9 * (level - 1);

		if (mem_read(m->mem, (e & ADDRESS) + 8 * (iova >> shift & 511), &e, 1) != MEM_OK || !e)
			return false;
		next = (unsigned)bits_get(e, 11, 9);
		*size = next == 7 ? UINT64_C(2) << __builtin_ctzll(~((e & ADDRESS) | 0xfff)) : BIT64(shift);
		if (next && next < 7 && next >= level)
			return false;
		level = next;
	}
	*base = e & ADDRESS & ~(*size - 1);
	return true;
}
static bool result_line(struct imp *m, struct imp_cur *c, bool *ok)
{
	uint64_t id, iova, pa, base, size;
	struct trc_rec r = { .u.dma = { .dir = '?' } };
	bool page;

	*ok = imp_lit(c, "devid: ") && devid(c, &id) && imp_hex_after(c, " gpa ", &iova) && imp_hex_after(c, " hpa ", &pa) && imp_at_end(c);
	if (!*ok)
		return true;
	r.u.dma.rid = (uint32_t)id;
	r.u.dma.iova = iova;
	page = page_of(m, id, iova, &base, &size) && base == pa;
	if (page) {
		r.u.dma.expect = TRC_EXP_OK;
		r.u.dma.pa = pa | (iova & (size - 1));
	} else if (!pa) {
		r.u.dma.expect = TRC_EXP_FAULT;
		r.u.dma.code = IO_PAGE_FAULT;
	} else if (m->trust) {
		m->s->no_page++;
	}
	return flush(m) && imp_dma(m, &r);
}

static void image_reg(struct imp *m, const struct image_reg *g)
{
	if (!strcmp(g->name, "DEVTAB_BASE")) {
		m->amd.devtab = g->val;
		m->amd.known = true;
		m->amd.buffer = true;
	} else if (!strcmp(g->name, "CMDBUF_TAIL")) {
		m->amd.tail = g->val;
	}
}
static bool line(struct imp *m, struct imp_kind *k, struct imp_cur c, bool *ok)
{
	switch (k->ev) {
	case EV_EXEC:
		return exec_line(m, k, &c, ok);
	case EV_CONTROL:
		return control_line(m, k, &c, ok);
	case EV_PAGES:
	case EV_WAIT:
	case EV_DEVTAB:
	case EV_ALL:
		*ok = command_line(m, k, &c);
		return settle(m);
	case EV_ERROR:
		m->amd.mmio.k = NULL; /* a write, but of what? */
		k->unused++;
		return true;
	case EV_MMIO:
		return settle(m) && mmio_line(m, k, &c, ok);
	case EV_RESULT:
		if (!settle(m) || !result_line(m, &c, ok))
			return false;
		k->used += *ok;
		return true;
	}
	k->unused++;
	return settle(m);
}
/* Stores of other processors stand between the lines of a command: where the log has stores, it is left open. */
static bool before_store(struct imp *m)
{
	return m->mem_seen || flush(m);
}
static bool end(struct imp *m)
{
	return settle(m) && flush(m);
}
const struct imp_arch imp_amdvi = { "amdvi", "AMD-Vi", "amdvi_", NULL, NULL, events, image_reg, line, before_store, end, plugin_line };
