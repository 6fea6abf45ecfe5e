/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_chaos.h - any bytes as a hostile guest: tables, registers, queue contents, requests and completions taken from the bytes. For the
 * fuzz harness and its bounded deterministic twin. Checks only what must hold for every input: each request is answered once, the sums
 * of the counters agree, and with no cache a timed answer equals the zero-time one.
 */
#ifndef IOMMUSIM_VTD_CHAOS_H
#define IOMMUSIM_VTD_CHAOS_H
#include <stdlib.h>
#include <string.h>
#include "vtd/vtd.h"

enum { CHAOS_PAGES = 24, CHAOS_FLIGHTS = 16, CHAOS_EVENTS = 4000 };
#define CHAOS_BASE UINT64_C(0x10000)
struct chaos;
struct chaos_flight {
	struct xl x;
	struct chaos *c;
	bool busy;
};
struct chaos {
	const uint8_t *p, *end;
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port port;
	struct iommu *u;
	struct vtd_cfg cfg;
	struct chaos_flight f[CHAOS_FLIGHTS];
	struct ats_inv last;
	uint64_t sent, answered, compared;
};
static inline uint64_t chaos_take(struct chaos *c, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes && c->p < c->end; i++)
		v |= (uint64_t)*c->p++ << 8 * i;
	return v;
}
static inline uint64_t chaos_page(struct chaos *c)
{
	return CHAOS_BASE + chaos_take(c, 1) % CHAOS_PAGES * 4096;
}
/* An address the tables may translate: few, so that caches are hit. */
static inline uint64_t chaos_iova(struct chaos *c)
{
	uint64_t b = chaos_take(c, 2);

	switch (b & 7) {
	case 0: return chaos_take(c, 8);
	case 1: return 0xfee00000 | (b & 0xff8);
	case 2: return ~UINT64_C(0) << 47 | b << 4;
	default: return (b >> 3 & 3) << 12 | (b >> 5 & 1) << 21 | (b >> 6 & 1) << 30 | (b >> 7 & 1) << 39 | (b >> 8 & 0xf8);
	}
}
static inline void chaos_done(struct xl *x)
{
	struct chaos_flight *f = (struct chaos_flight *)(void *)x;

	if (!f->busy)
		abort();
	f->busy = false;
	f->c->answered++;
	iommu_retire(f->c->u, x);
}
static inline void chaos_inv(void *arg, const struct ats_inv *q)
{
	((struct chaos *)arg)->last = *q;
}
static inline void chaos_steps(struct chaos *c, unsigned n)
{
	while (n-- && sim_run_one(c->k))
		;
}
static inline void chaos_put(struct chaos *c, uint64_t spa, uint64_t w)
{
	(void)mem_write(c->m, spa & ~UINT64_C(7), &w, 1); /* beyond memory: nothing */
}
/* Page tables linked at random in pages 4 and up: first and second stage at once, as their low bits mean much the same. */
static inline void chaos_tables(struct chaos *c)
{
	for (unsigned i = 4; i < CHAOS_PAGES; i++) {
		unsigned bits = (unsigned)chaos_take(c, 2), flip = (unsigned)chaos_take(c, 1);

		for (unsigned w = 0; w < 512; w++) {
			uint64_t e = CHAOS_BASE + (4 + (i * 5 + w * 3 + flip) % (CHAOS_PAGES - 4)) * 4096;

			if (w >= 48 && w < 508) /* sparse words stay zero */
				continue;
			e |= w % 16 == (bits >> 12) ? bits & 0xfff : 7u | (bits & 0x360);
			if (w % 16 == (flip & 15)) /* a large page, at the levels that may have one */
				e = (e & 0xf7f) | 0x80 | (uint64_t)(flip & 0xf0) << 26;
			chaos_put(c, CHAOS_BASE + i * 4096 + 8 * w, e);
		}
	}
}
/* Root, contexts, PASID directory and entries: valid, so that what the bytes spoil later is met one at a time. Returns: RTADDR.TTM. */
static inline unsigned chaos_config(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1), ttm = (b & 3) ? 1 : (b & 0x30) ? 0 : b >> 6;

	for (unsigned w = 0; w < 4; w++)
		chaos_put(c, CHAOS_BASE + 8 * w, ttm != 1 && (w & 1) ? 0 : (CHAOS_BASE + 4096) | 1);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t at = CHAOS_BASE + 4096 + (ttm == 1 ? 32 : 16) * i;
		unsigned p = (unsigned)chaos_take(c, 2);

		chaos_put(c, at, ttm == 1 ? (CHAOS_BASE + 2 * 4096) | 0x1d : (CHAOS_BASE + (4 + i) * 4096) | 1 | (p & 4));
		chaos_put(c, at + 8, ttm == 1 ? i : 0x100u * (i & 1) | (1 + p % 3));
		at = CHAOS_BASE + 3 * 4096 + 64 * i;
		chaos_put(c, at, (CHAOS_BASE + (4 + (p & 1)) * 4096) | 1 | (2 + (p >> 8 & 1)) << 2 | (1 + (p >> 1 & 3)) << 6 | (p >> 3 & 1) << 9);
		chaos_put(c, at + 8, (p >> 4 & 1) | (p >> 5 & 1) << 23);
		chaos_put(c, at + 16, (CHAOS_BASE + (8 + (p >> 6 & 1)) * 4096) | 0x33 | (p >> 7 & 1) << 2 | (p >> 9 & 1) << 7);
	}
	chaos_put(c, CHAOS_BASE + 2 * 4096, (CHAOS_BASE + 3 * 4096) | 1);
	return ttm;
}
static inline struct xl_req chaos_req(struct chaos *c)
{
	struct xl_req q = { .iova = chaos_iova(c), .rid = (uint32_t)chaos_take(c, 1) % 4 };
	unsigned b = (unsigned)chaos_take(c, 2);

	q.len = b & 1 ? 64 : b & 2 ? 4 : 0;
	q.acc = (uint8_t)(q.len ? b >> 2 & 0x0f : XL_R);
	if (!(q.acc & 7))
		q.acc |= XL_R;
	if (b & 0x40 && q.len)
		q.acc = XL_R | XL_W | XL_ATOMIC;
	q.has_pasid = b & 0x80;
	q.pasid = q.has_pasid ? b >> 8 & 3 : 0;
	q.at = b >> 10 & 3;
	if (q.at > XL_TRANSLATED)
		q.at = XL_UNTRANSLATED;
	if (q.len && (q.iova & 0xfff) > 4096 - q.len)
		q.iova &= ~UINT64_C(0xfff);
	return q;
}
static inline void chaos_send(struct chaos *c)
{
	struct xl_req q = chaos_req(c);

	for (unsigned i = 0; i < CHAOS_FLIGHTS; i++)
		if (!c->f[i].busy) {
			c->f[i].busy = true;
			c->f[i].c = c;
			c->f[i].x.req = q;
			c->f[i].x.done = chaos_done;
			c->sent++;
			iommu_translate(c->u, &c->f[i].x);
			return;
		}
}
/* Alone and without caches the two clocks agree: tables do not change meanwhile. */
static inline void chaos_compare(struct chaos *c)
{
	struct xl_req q = chaos_req(c);
	struct xl_res r;
	struct chaos_flight *f = &c->f[0];
	uint64_t want = c->answered + 1, left = CHAOS_EVENTS;

	if (c->cfg.iotlb.entries || iommu_inflight(c->u) || !c->u->ops->commands_idle(c->u))
		return;
	iommu_walk_now(c->u, &q, &r, NULL, NULL);
	f->busy = true;
	f->c = c;
	f->x.req = q;
	f->x.done = chaos_done;
	c->sent++;
	iommu_translate(c->u, &f->x);
	while (c->answered != want && left-- && sim_run_one(c->k))
		;
	if (c->answered != want)
		abort();
	if (f->x.res.ok != r.ok || f->x.res.code != r.code || (r.ok && (f->x.res.spa != r.spa || f->x.res.size_lg2 != r.size_lg2)))
		abort();
	c->compared++;
}
static inline void chaos_mmio(struct chaos *c)
{
	static const uint16_t regs[] = { 0x18, 0x20, 0x28, 0x34, 0x38, 0x80, 0x88, 0x90, 0x9c, 0xa0, 0xc0, 0xc8, 0xd0, 0xdc, 0xe0, 0x64, 0x400, 0x408, 0x500, 0x508 };
	uint64_t b = chaos_take(c, 1), kind = b >> 5, v;
	uint32_t off = kind == 7 ? (uint32_t)chaos_take(c, 2) & 0x1ffc : regs[b & 31 ? (b & 31) % (sizeof(regs) / 2) : 0];

	if (kind == 0)
		v = chaos_take(c, 8);
	else if (off == 0x20 || off == 0x90 || off == 0xd0)
		v = chaos_page(c) | (off == 0x20 ? (chaos_take(c, 1) & 3) << 10 : (chaos_take(c, 1) & 1) << 11);
	else if (off == 0x18)
		v = chaos_take(c, 1) << 24;
	else
		v = chaos_take(c, 2) << 4;
	c->u->ops->mmio_write(c->u, off, off & 4 || kind == 6 ? 4 : 8, v);
	(void)c->u->ops->mmio_read(c->u, off, off & 4 ? 4 : 8);
}
/* A descriptor somewhere in a page that may be the queue. */
static inline void chaos_desc(struct chaos *c)
{
	uint64_t at = CHAOS_BASE + CHAOS_PAGES * 4096 + chaos_take(c, 1) % 128 * 32, b = chaos_take(c, 1);

	chaos_put(c, at, (b & 15) | (b & 0x30) | (b & 0xc0 ? (chaos_take(c, 1) & 3) << 16 | (chaos_take(c, 1) & 3) << 32 : chaos_take(c, 8)));
	chaos_put(c, at + 8, b & 0x40 ? chaos_iova(c) & ~UINT64_C(0xf80) : 0);
	chaos_put(c, at + 16, 0);
	chaos_put(c, at + 24, 0);
}
static inline void chaos_other(struct chaos *c)
{
	struct page_req p = { .rid = (uint32_t)chaos_take(c, 1) & 3, .has_pasid = true, .r = true, .addr = chaos_iova(c) };
	unsigned b = (unsigned)chaos_take(c, 1);

	p.pasid = b & 3;
	p.last = b & 4;
	if (b & 8)
		c->u->ops->page_request(c->u, &p);
	else if (b & 16)
		mem_poison(c->m, chaos_page(c) + 8 * (b >> 5), b & 1);
	else
		c->u->ops->ats_cpl(c->u, c->last.rid, b & 32 ? 1u << c->last.itag : (uint32_t)chaos_take(c, 4), b >> 6);
}
static inline bool chaos_open(struct chaos *c)
{
	static const struct mem_port_cfg port = { .lat_ps = 80000 };
	unsigned b = (unsigned)chaos_take(c, 1);
	struct err e;

	cfg_defaults(vtd_opts, &c->cfg);
	c->cfg.cap = UINT64_C(0xd1d2078c40780e06);
	c->cfg.ecap = UINT64_C(0x0433ef9ee4f050df);
	c->cfg.ver = 0x60;
	c->cfg.haw = 46;
	c->cfg.inv_timeout_ps = 1000000;
	if (b & 1)
		c->cfg.cap ^= UINT64_C(1) << (chaos_take(c, 1) & 23);
	if (b & 2)
		c->cfg.ecap ^= UINT64_C(1) << (chaos_take(c, 1) & 63);
	c->cfg.unit.walkers = 1 + (b >> 2 & 3);
	c->cfg.unit.missq = b >> 4 & 3;
	c->cfg.ctx.entries = c->cfg.pasid.entries = c->cfg.iotlb.entries = c->cfg.psc.entries = c->cfg.nested.entries = b & 64 ? 4 : 0;
	c->cfg.ad_needs_snoop = c->cfg.spr17 = b & 128;
	c->k = sim_kernel_create();
	c->m = mem_create(UINT64_C(1) << 40, false);
	if (!c->k || !c->m || !mem_port_init(&c->port, &port, &e))
		abort();
	c->u = vtd_create(&c->cfg, "vtd0", c->k, c->m, &c->port, 1, &e);
	if (!c->u)
		return false;
	c->u->env = (struct iommu_env){ .arg = c, .ats_inv = chaos_inv };
	return true;
}
static inline void chaos_bring_up(struct chaos *c, unsigned ttm)
{
	c->u->ops->mmio_write(c->u, 0x90, 8, (CHAOS_BASE + CHAOS_PAGES * 4096) | 0x800);
	c->u->ops->mmio_write(c->u, 0x18, 4, 1u << 26);
	c->u->ops->mmio_write(c->u, 0x20, 8, CHAOS_BASE | ttm << 10);
	c->u->ops->mmio_write(c->u, 0x18, 4, 1u << 30 | 1u << 26);
	chaos_steps(c, 4);
	c->u->ops->mmio_write(c->u, 0x18, 4, 1u << 31 | 1u << 26);
}
static inline void chaos_act(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

	switch (b & 15) {
	case 0:
		if (b & 0xc0) /* rarer: most of these end every translation */
			chaos_desc(c);
		else
			chaos_mmio(c);
		break;
	case 1: chaos_put(c, chaos_page(c) + chaos_take(c, 2) % 512 * 8, chaos_take(c, 8)); break;
	case 2: chaos_put(c, chaos_page(c) + chaos_take(c, 1) % 8 * 8, chaos_page(c) | (chaos_take(c, 2) & 0xfff)); break;
	case 3: chaos_desc(c); break;
	case 4: c->u->ops->mmio_write(c->u, 0x88, 4, chaos_take(c, 1) % 128 * 32); break;
	case 5: chaos_other(c); break;
	case 6: case 7: case 8: chaos_compare(c); break;
	case 9: chaos_steps(c, 1 + (b >> 4) * 4); break;
	default: chaos_send(c); break;
	}
}
/** chaos_run() - one input from begin to end. Returns: requests answered and compared, added up. */
static inline uint64_t chaos_run(const uint8_t *data, size_t n)
{
	struct chaos *c = calloc(1, sizeof(*c));
	uint64_t score;

	if (!c)
		abort();
	c->p = data;
	c->end = data + n;
	if (chaos_open(c)) {
		chaos_tables(c);
		chaos_bring_up(c, chaos_config(c));
		while (c->p < c->end)
			chaos_act(c);
		for (unsigned i = 0; i < CHAOS_EVENTS && iommu_inflight(c->u); i++)
			chaos_steps(c, 1);
		if (iommu_inflight(c->u) || c->sent != c->answered || c->u->st.hits + c->u->st.misses != c->u->st.requests)
			abort();
		c->u->ops->destroy(c->u);
	}
	score = c->answered + c->compared;
	mem_port_fini(&c->port);
	mem_destroy(c->m);
	sim_kernel_destroy(c->k);
	free(c);
	return score;
}
#endif
