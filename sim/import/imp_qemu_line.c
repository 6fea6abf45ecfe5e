/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu_line.c - what logs of every architecture have in common: pieces of a line, records, the lines of the plugin that logs the
 * driver's stores, and commands compared with what the stores left in the ring.
 */
#include <string.h>
#include "core/base/bits.h"
#include "import/imp_int.h"

static const uint8_t digit[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};
bool imp_hex(struct imp_cur *c, uint64_t *v)
{
	const char *s = c->p, *const end = c->end;
	uint64_t x = 0;
	bool ok;
	int d;

	while (s < end && (d = digit[(unsigned char)*s]) != 0) {
		x = x << 4 | (uint64_t)(d - 1);
		s++;
	}
	ok = s > c->p && s - c->p <= 16;
	c->p = s;
	*v = x;
	return ok;
}
bool imp_dec(struct imp_cur *c, uint64_t *v)
{
	const char *s = c->p;
	uint64_t x = 0;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
		x = x * 10 + (uint64_t)(*c->p++ - '0');
	*v = x;
	return c->p > s && c->p - s <= 9;
}
bool imp_at_end(const struct imp_cur *c)
{
	return c->p == c->end;
}
bool imp_reg_ok(uint64_t off, uint64_t size, uint64_t val)
{
	return (size == 1 || size == 2 || size == 4 || size == 8) && off < 0x100000 && (size == 8 || !(val >> (8 * size)));
}

static bool bump(struct imp *m, const struct trc_rec *r)
{
	m->s->recs[r->kind]++;
	return trc_put(m->out, r, m->e);
}
bool imp_page_close(struct imp *m)
{
	struct trc_rec r = { .kind = TRC_PAGE, .at = TRC_NO_TIME };

	if (!m->page.open)
		return true;
	m->page.open = false;
	r.u.page.pa = m->page.pa;
	r.u.page.w = m->page.w;
	mem_write(m->mem, m->page.pa, m->page.w, 512);
	return bump(m, &r);
}
bool imp_emit(struct imp *m, const struct trc_rec *r)
{
	return imp_page_close(m) && bump(m, r);
}
bool imp_store(struct imp *m, uint64_t pa, unsigned bytes, uint64_t val)
{
	struct trc_rec r = { .kind = TRC_STORE, .at = TRC_NO_TIME };
	unsigned at = (unsigned)(pa & 7) * 8;
	uint64_t w = 0;

	r.u.store.pa = pa;
	r.u.store.val = val;
	r.u.store.bytes = (uint8_t)bytes;
	if (!imp_emit(m, &r))
		return false;
	if (bytes < 8 && mem_read(m->mem, pa & ~UINT64_C(7), &w, 1) != MEM_OK)
		w = 0;
	w = bits_put(w, at + bytes * 8 - 1, at, val);
	mem_write(m->mem, pa & ~UINT64_C(7), &w, 1);
	return true;
}
bool imp_mmio_write(struct imp *m, uint32_t off, unsigned bytes, uint64_t val)
{
	struct trc_rec r = { .kind = TRC_MMIO_WRITE, .at = TRC_NO_TIME };

	r.u.mmio.off = off;
	r.u.mmio.bytes = (uint8_t)bytes;
	r.u.mmio.val = val;
	r.u.mmio.has_val = true;
	return imp_emit(m, &r);
}
bool imp_mmio_read(struct imp *m, uint32_t off, unsigned bytes, const uint64_t *val)
{
	struct trc_rec r = { .kind = TRC_MMIO_READ, .at = TRC_NO_TIME };

	r.u.mmio.off = off;
	r.u.mmio.bytes = (uint8_t)bytes;
	r.u.mmio.has_val = val != NULL;
	r.u.mmio.val = val ? *val : 0;
	return imp_emit(m, &r);
}
bool imp_dma(struct imp *m, struct trc_rec *r)
{
	r->kind = TRC_DMA;
	r->at = TRC_NO_TIME;
	r->u.dma.pasid = TRC_NO_PASID;
	if (!m->trust || r->u.dma.expect == TRC_EXP_NONE) {
		r->u.dma.expect = TRC_EXP_NONE;
		r->u.dma.pa = 0;
		r->u.dma.code = 0;
	}
	m->s->expected += r->u.dma.expect != TRC_EXP_NONE;
	m->s->not_compared += r->u.dma.expect == TRC_EXP_NONE;
	return imp_emit(m, r);
}

/* Text behind the address of a mem_write: " val=V", " bytes=N" if the store was not told as a whole word, " kind=NAME". */
static bool store_text(struct imp_cur *c, uint64_t pa, uint64_t *val, uint64_t *bytes)
{
	*bytes = 8;
	if (!imp_hex_after(c, " val=", val))
		return false;
	if (imp_lit(c, " bytes=") && (!imp_dec(c, bytes) || (*bytes != 1 && *bytes != 2 && *bytes != 4 && *bytes != 8)))
		return false;
	return !(pa & (*bytes - 1)) && (*bytes == 8 || !(*val >> (*bytes * 8)));
}
/* A register write as the plugin saw it: "off=O bytes=N val=V". */
static bool mmio_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t off, bytes, val;

	*ok = imp_hex_after(c, "off=", &off) && imp_dec_after(c, " bytes=", &bytes) && imp_hex_after(c, " val=", &val) && imp_at_end(c) &&
	      imp_reg_ok(off, bytes, val);
	if (!*ok)
		return true;
	if (!m->arch || !m->arch->plugin_mmio) {
		k->unused++;
		return true;
	}
	k->used++;
	return m->arch->plugin_mmio(m, (uint32_t)off, (unsigned)bytes, val);
}
/* The checker knows "all that was written is written back": it is told when that is so. */
static bool write_back(struct imp *m, struct imp_kind *k, uint64_t pa, uint64_t bytes)
{
	struct trc_rec r = { .kind = TRC_ORDER, .at = TRC_NO_TIME, .u.text = "CLFLUSH" };

	/* a page that is dropped is of no interest any more, but that writes nothing back */
	if (!m->wb || !imp_wb_flush(m->wb, pa, bytes) || k->ev == IMP_MEM_DROP) {
		k->unused++;
		return true;
	}
	k->used++;
	return imp_emit(m, &r);
}
bool imp_mem_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t pa, val = 0, bytes = 0x1000;
	bool word = k->ev == IMP_MEM_WRITE || k->ev == IMP_MEM_WORD, table;

	if (k->ev == IMP_MEM_MMIO)
		return mmio_line(m, k, c, ok);
	*ok = imp_hex_after(c, "pa=", &pa) && (!word || store_text(c, pa, &val, &bytes)) &&
	      (k->ev != IMP_MEM_FLUSH || (imp_dec_after(c, " bytes=", &bytes) && bytes && !(bytes & (bytes - 1))));
	/* behind it: kind=NAME; a page is a whole page, a line a whole line */
	*ok = *ok && (imp_at_end(c) || (imp_lit(c, " kind=") && !memchr(c->p, ' ', (size_t)(c->end - c->p)))) && !(pa & (bytes - 1)) &&
	      (k->ev != IMP_MEM_WORD || bytes == 8);
	if (!*ok)
		return true;
	table = !imp_lit(c, "queue") && !imp_lit(c, "irt");
	if (k->ev == IMP_MEM_DROP || k->ev == IMP_MEM_FLUSH) {
		m->mem_seen = true;
		return write_back(m, k, pa, k->ev == IMP_MEM_DROP ? 0x1000 : bytes);
	}
	k->used++;
	if (m->arch && !m->arch->before_store(m))
		return false;
	m->mem_seen = true;
	if (k->ev == IMP_MEM_PAGE) {
		if (!imp_page_close(m))
			return false;
		m->page.open = true;
		m->page.pa = pa;
		memset(m->page.w, 0, sizeof(m->page.w));
		return true;
	}
	if (k->ev == IMP_MEM_WORD && m->page.open && (pa & ~UINT64_C(0xfff)) == m->page.pa) {
		m->page.w[pa >> 3 & 511] = val;
		return true;
	}
	if (m->wb && table && !imp_wb_store(m->wb, pa))
		return err_set(m->e, ERR_MACHINE, "out of memory");
	return imp_store(m, pa, (unsigned)bytes, val);
}

bool imp_cmd_end(struct imp *m)
{
	struct imp_cmd c = m->cmd;
	uint64_t w[2] = { 0, 0 };

	if (!c.k)
		return true;
	m->cmd.k = NULL;
	if (m->mem_seen && !c.mask[0]) /* nothing is known of it that could be compared */
		return true;
	if (m->mem_seen || c.told) {
		if (mem_read(m->mem, c.at, w, 2) == MEM_OK && !((w[0] ^ c.w[0]) & c.mask[0]) && !((w[1] ^ c.w[1]) & c.mask[1])) {
			c.k->unused--; /* until now */
			c.k->checked++;
			return true;
		}
		if (m->mem_seen) { /* the stores stand */
			m->s->desc_differ++;
			return true;
		}
	}
	m->trust = false; /* stores are missing, those to the tables too then */
	c.k->unused--;
	c.k->used++;
	m->s->desc_written++;
	m->s->cmd_untold += !c.told;
	return imp_store(m, c.at, 8, c.told ? c.w[0] : c.idle[0]) && imp_store(m, c.at + 8, 8, c.told ? c.w[1] : c.idle[1]);
}
