/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu_vtd.c - what the lines of QEMU's intel-iommu model mean.
 * A DMA is in two lines: vtd_iotlb_page_hit or _update has the requester and the whole address, vtd_dmar_translate the page, the result and the
 * page size. Other lines may stand between them, so they are paired by requester and page; the newest match wins.
 * QEMU's own results (caches, fault records, descriptors executed) are not imported: the model has to reach them itself.
 */
#include <string.h>
#include "import/imp_int.h"

enum { /* events of ours */
	EV_REG_READ = IMP_ARCH, EV_REG_WRITE,
	EV_HIT, /* vtd_iotlb_page_hit and _update */
	EV_TRANSLATE, EV_PASS, EV_FAULT, EV_QI_SETUP, EV_QI_HEAD, EV_DESC
};
static const struct imp_event events[] = {
	{ "vtd_reg_read", EV_REG_READ },	 { "vtd_reg_write", EV_REG_WRITE },
	{ "vtd_iotlb_page_hit", EV_HIT },	 { "vtd_iotlb_page_update", EV_HIT },
	{ "vtd_dmar_translate", EV_TRANSLATE }, { "vtd_translate_pt", EV_PASS },
	{ "vtd_dmar_fault", EV_FAULT },		 { "vtd_inv_qi_setup", EV_QI_SETUP },
	{ "vtd_inv_qi_head", EV_QI_HEAD },	 { "vtd_inv_desc", EV_DESC },
	{ NULL, 0 },
};

static bool reg_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t off, size, val = 0;

	*ok = imp_hex_after(c, "addr ", &off) && imp_hex_after(c, " size ", &size) && (k->ev == EV_REG_READ || imp_hex_after(c, " value ", &val)) &&
	      imp_at_end(c) && off < 0x10000 && imp_reg_ok(off, size, val);
	if (!*ok)
		return true;
	k->used++;
	if (!imp_ring_flush(m))
		return false;
	if (k->ev == EV_REG_WRITE)
		return imp_ring_reg(m, (uint32_t)off, (unsigned)size, val);
	return imp_mmio_read(m, (uint32_t)off, (unsigned)size, NULL);
}

static bool hit_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t sid, iova, slpte, dom;

	*ok = (imp_lit(c, "IOTLB page hit ") || imp_lit(c, "IOTLB page update ")) && imp_hex_after(c, "sid ", &sid) && imp_hex_after(c, " iova ", &iova) &&
	      imp_hex_after(c, " slpte ", &slpte) && imp_hex_after(c, " domain ", &dom) && imp_at_end(c) && sid <= 0xffff;
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
	return imp_ring_flush(m) && imp_dma(m, r);
}
static bool translate_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t bus, dev, fn, iova, pa, mask;
	struct trc_rec r = { .u.dma = { .dir = '?', .expect = TRC_EXP_OK } };

	*ok = imp_lit(c, "dev ") && imp_hex(c, &bus) && imp_lit(c, ":") && imp_hex(c, &dev) && imp_lit(c, ".") && imp_hex(c, &fn) &&
	      imp_hex_after(c, " iova ", &iova) && imp_hex_after(c, " -> gpa ", &pa) && imp_hex_after(c, " mask ", &mask) && imp_at_end(c) && bus < 256 &&
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

	*ok = imp_hex_after(c, "source id ", &sid) && imp_hex_after(c, ", iova ", &iova) && imp_at_end(c) && sid <= 0xffff;
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

	*ok = imp_hex_after(c, "sid ", &sid) && imp_lit(c, " fault ") && imp_dec(c, &code) && imp_hex_after(c, " addr ", &iova) && imp_lit(c, " write ") &&
	      imp_dec(c, &write) && imp_at_end(c) && sid <= 0xffff && code <= 0xff && write <= 1;
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
	*ok = *ok && imp_hex_after(c, " high ", &hi) && imp_hex_after(c, " low ", &lo) && imp_at_end(c);
	return *ok ? imp_ring_desc(m, k, lo, hi) : true;
}
/* Where the ring is and which slot comes next; nothing for the trace itself. */
static void ring_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t a, n;

	if (k->ev == EV_QI_HEAD) {
		*ok = imp_lit(c, "read head ") && imp_dec(c, &n) && imp_at_end(c);
		if (*ok && !m->q.own)
			m->q.slot = (uint32_t)n;
	} else {
		*ok = imp_hex_after(c, "addr ", &a) && imp_lit(c, " size ") && imp_dec(c, &n) && imp_at_end(c);
		if (*ok && !m->q.known && n >= 256 && !(n & (n - 1)))
			imp_ring_base(m, (a & ~UINT64_C(0xfff)) | ((unsigned)__builtin_ctzll(n / 256) & 7));
	}
	k->unused += *ok;
}

static void image_reg(struct imp *m, const struct image_reg *g)
{
	if (!strcmp(g->name, "IQA"))
		imp_ring_base(m, g->val);
}
static bool line(struct imp *m, struct imp_kind *k, struct imp_cur c, bool *ok)
{
	switch (k->ev) {
	case EV_REG_READ:
	case EV_REG_WRITE:
		return reg_line(m, k, &c, ok);
	case EV_HIT:
		return hit_line(m, k, &c, ok);
	case EV_TRANSLATE:
		return translate_line(m, k, &c, ok);
	case EV_PASS:
		return pass_line(m, k, &c, ok);
	case EV_FAULT:
		return fault_line(m, k, &c, ok);
	case EV_QI_SETUP:
	case EV_QI_HEAD:
		ring_line(m, k, &c, ok);
		return true;
	case EV_DESC:
		return desc_line(m, k, &c, ok);
	}
	k->unused++;
	return true;
}
const struct imp_arch imp_vtd = { "vtd", "VT-d", "vtd_", NULL, NULL, events, image_reg, line, imp_ring_flush, imp_ring_flush, NULL };
