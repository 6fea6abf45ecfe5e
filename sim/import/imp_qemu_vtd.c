/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu_vtd.c - what the lines of QEMU's intel-iommu model and of the store-logging plugin mean.
 * A DMA is in two lines: vtd_iotlb_page_hit or _update has the requester and the whole address, vtd_dmar_translate the page, the result and the
 * page size. Other lines may stand between them, so they are paired by requester and page; the newest match wins.
 * QEMU's own results (caches, fault records, descriptors executed) are not imported: the model has to reach them itself.
 */
#include <string.h>
#include "import/imp_int.h"

static const int8_t digit[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};
bool imp_lit_(struct imp_cur *c, const char *s, size_t n)
{
	if ((size_t)(c->end - c->p) < n || memcmp(c->p, s, n))
		return false;
	c->p += n;
	return true;
}
bool imp_hex(struct imp_cur *c, uint64_t *v)
{
	const char *s = c->p;
	uint64_t x = 0;
	int d;

	while (c->p < c->end && (d = digit[(unsigned char)*c->p]) != 0) {
		x = x << 4 | (uint64_t)(d - 1);
		c->p++;
	}
	*v = x;
	return c->p > s && c->p - s <= 16;
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
#define hex_after(c, s, v) (imp_lit(c, s "0x") && imp_hex(c, v))
static bool at_end(const struct imp_cur *c)
{
	return c->p == c->end;
}
static bool size_ok(uint64_t n)
{
	return n == 1 || n == 2 || n == 4 || n == 8;
}

static bool mem_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t pa, val = 0;
	bool word = k->ev == IMP_MEM_WRITE || k->ev == IMP_MEM_WORD;

	*ok = hex_after(c, "pa=", &pa) && (!word || hex_after(c, " val=", &val));
	/* behind it: kind=NAME; a store is a whole word, a page a whole page */
	*ok = *ok && (at_end(c) || (imp_lit(c, " kind=") && !memchr(c->p, ' ', (size_t)(c->end - c->p)))) && !(pa & (word ? 7 : 0xfff));
	if (!*ok)
		return true;
	m->mem_seen = true;
	if (k->ev == IMP_MEM_DROP) {
		k->unused++;
		return true;
	}
	k->used++;
	if (!imp_ring_flush(m))
		return false;
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
	return imp_store(m, pa, val);
}
static bool reg_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t off, size, val = 0;
	struct trc_rec r = { .kind = TRC_MMIO_READ, .at = TRC_NO_TIME };

	*ok = hex_after(c, "addr ", &off) && hex_after(c, " size ", &size) && (k->ev == IMP_REG_READ || hex_after(c, " value ", &val)) &&
	      at_end(c) && size_ok(size) && off < 0x10000 && (size == 8 || !(val >> (8 * size)));
	if (!*ok)
		return true;
	k->used++;
	if (!imp_ring_flush(m))
		return false;
	if (k->ev == IMP_REG_WRITE)
		return imp_ring_reg(m, (uint32_t)off, (unsigned)size, val);
	r.u.mmio.off = (uint32_t)off;
	r.u.mmio.bytes = (uint8_t)size;
	return imp_emit(m, &r);
}

static bool hit_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t sid, iova, slpte, dom;

	*ok = (imp_lit(c, "IOTLB page hit ") || imp_lit(c, "IOTLB page update ")) && hex_after(c, "sid ", &sid) && hex_after(c, " iova ", &iova) &&
	      hex_after(c, " slpte ", &slpte) && hex_after(c, " domain ", &dom) && at_end(c) && sid <= 0xffff;
	if (!*ok)
		return true;
	if (m->n_pend == IMP_PENDS) {
		memmove(m->pend, m->pend + 1, (IMP_PENDS - 1) * sizeof(m->pend[0]));
		m->n_pend--;
	}
	m->pend[m->n_pend++] = (struct imp_pend){ (uint32_t)sid, iova, k };
	k->unused++; /* until its translate line comes */
	return true;
}
/* The whole address behind @page of @rid, from a pending hit; @page itself if there is none. */
static uint64_t take_pending(struct imp *m, uint32_t rid, uint64_t page, uint64_t mask)
{
	for (unsigned i = m->n_pend; i-- > 0;) {
		struct imp_pend p = m->pend[i];

		if (p.rid != rid || (p.iova & ~mask) != page)
			continue;
		p.k->unused--;
		p.k->used++;
		m->n_pend--;
		memmove(m->pend + i, m->pend + i + 1, (m->n_pend - i) * sizeof(m->pend[0]));
		return p.iova;
	}
	m->s->no_offset++;
	return page;
}
static bool dma(struct imp *m, struct trc_rec *r)
{
	r->kind = TRC_DMA;
	r->at = TRC_NO_TIME;
	r->u.dma.pasid = TRC_NO_PASID;
	if (!m->trust) {
		r->u.dma.expect = TRC_EXP_NONE;
		r->u.dma.pa = 0;
		r->u.dma.code = 0;
	}
	m->s->expected += m->trust;
	m->s->not_compared += !m->trust;
	return imp_ring_flush(m) && imp_emit(m, r);
}
static bool translate_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t bus, dev, fn, iova, pa, mask;
	struct trc_rec r = { .u.dma = { .dir = '?', .expect = TRC_EXP_OK } };

	*ok = imp_lit(c, "dev ") && imp_hex(c, &bus) && imp_lit(c, ":") && imp_hex(c, &dev) && imp_lit(c, ".") && imp_hex(c, &fn) &&
	      hex_after(c, " iova ", &iova) && hex_after(c, " -> gpa ", &pa) && hex_after(c, " mask ", &mask) && at_end(c) && bus < 256 &&
	      dev < 32 && fn < 8 && !(mask & (mask + 1));
	if (!*ok)
		return true;
	k->used++;
	r.u.dma.rid = (uint32_t)(bus << 8 | dev << 3 | fn);
	r.u.dma.iova = take_pending(m, r.u.dma.rid, iova & ~mask, mask);
	r.u.dma.pa = (pa & ~mask) | (r.u.dma.iova & mask);
	return dma(m, &r);
}
/* Pass-through by the tables: the result is the address. */
static bool pass_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t sid, iova;
	struct trc_rec r = { .u.dma = { .dir = '?', .expect = TRC_EXP_OK } };

	*ok = hex_after(c, "source id ", &sid) && hex_after(c, ", iova ", &iova) && at_end(c) && sid <= 0xffff;
	if (!*ok)
		return true;
	k->used++;
	r.u.dma.rid = (uint32_t)sid;
	r.u.dma.iova = r.u.dma.pa = iova;
	return dma(m, &r);
}
static bool fault_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t sid, code, iova, write;
	struct trc_rec r = { .u.dma = { .expect = TRC_EXP_FAULT } };

	*ok = hex_after(c, "sid ", &sid) && imp_lit(c, " fault ") && imp_dec(c, &code) && hex_after(c, " addr ", &iova) && imp_lit(c, " write ") &&
	      imp_dec(c, &write) && at_end(c) && sid <= 0xffff && code <= 0xff && write <= 1;
	if (!*ok)
		return true;
	k->used++;
	r.u.dma.rid = (uint32_t)sid;
	r.u.dma.iova = iova;
	r.u.dma.code = (uint16_t)code;
	r.u.dma.dir = write ? 'w' : 'r';
	return dma(m, &r);
}

static bool desc_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t hi, lo;

	*ok = imp_lit(c, "invalidate desc type ");
	while (*ok && c->p < c->end && *c->p != ' ')
		c->p++; /* its name is in the descriptor too; QEMU leaves it empty for types it does not know */
	*ok = *ok && hex_after(c, " high ", &hi) && hex_after(c, " low ", &lo) && at_end(c);
	return *ok ? imp_ring_desc(m, k, lo, hi) : true;
}
/* Where the ring is and which slot comes next; nothing for the trace itself. */
static void ring_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t a, n;

	if (k->ev == IMP_QI_HEAD) {
		*ok = imp_lit(c, "read head ") && imp_dec(c, &n) && at_end(c);
		if (*ok && !m->q.own)
			m->q.slot = (uint32_t)n;
	} else {
		*ok = hex_after(c, "addr ", &a) && imp_lit(c, " size ") && imp_dec(c, &n) && at_end(c);
		if (*ok && !m->q.known && n >= 256 && !(n & (n - 1)))
			imp_ring_base(m, (a & ~UINT64_C(0xfff)) | ((unsigned)__builtin_ctzll(n / 256) & 7));
	}
	k->unused += *ok;
}

bool imp_vtd_line(struct imp *m, struct imp_kind *k, struct imp_cur c, bool *ok)
{
	*ok = true;
	switch ((enum imp_ev)k->ev) {
	case IMP_MEM_WRITE:
	case IMP_MEM_PAGE:
	case IMP_MEM_WORD:
	case IMP_MEM_DROP:
		return mem_line(m, k, &c, ok);
	case IMP_REG_READ:
	case IMP_REG_WRITE:
		return reg_line(m, k, &c, ok);
	case IMP_HIT:
		return hit_line(m, k, &c, ok);
	case IMP_TRANSLATE:
		return translate_line(m, k, &c, ok);
	case IMP_PASS:
		return pass_line(m, k, &c, ok);
	case IMP_FAULT:
		return fault_line(m, k, &c, ok);
	case IMP_QI_SETUP:
	case IMP_QI_HEAD:
		ring_line(m, k, &c, ok);
		return true;
	case IMP_DESC:
		return desc_line(m, k, &c, ok);
	case IMP_COUNTED:
	case IMP_OTHER:
		break;
	}
	k->unused++;
	return true;
}
