/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_chaos.h - any bytes as a hostile guest of one VT-d unit: tables, registers, queue contents, requests and completions taken from the
 * bytes. What is checked: chaos.h.
 */
#ifndef IOMMUSIM_VTD_CHAOS_H
#define IOMMUSIM_VTD_CHAOS_H
#include "vtd/vtd_int.h"

enum { CHAOS_PAGES = 24, CHAOS_PASID_MASK = 0x80, CHAOS_AT_MASK = 0xffff, CHAOS_TIMES_OUT = 1 };
struct chaos_arch {
	struct vtd *v;
	struct vtd_cfg cfg;
};
#include "chaos.h"

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
/* Page tables linked at random in pages 4 and up: first and second stage at once, as their low bits mean much the same. */
static inline void chaos_tables(struct chaos *c)
{
	for (unsigned i = 4; i < CHAOS_PAGES; i++) {
		unsigned bits = (unsigned)chaos_take(c, 2), flip = (unsigned)chaos_take(c, 1);

		for (unsigned w = 0; w < 512; w++) {
			uint64_t e = chaos_at(4 + (i * 5 + w * 3 + flip) % (CHAOS_PAGES - 4));

			if (w >= 48 && w < 508) /* sparse words stay zero */
				continue;
			e |= w % 16 == (bits >> 12) ? bits & 0xfff : 7u | (bits & 0x360);
			if (w % 16 == (flip & 15)) /* a large page, at the levels that may have one */
				e = (e & 0xf7f) | 0x80 | (uint64_t)(flip & 0xf0) << 26;
			chaos_put(c, chaos_at(i) + 8 * w, e);
		}
	}
}
/* Root, contexts, PASID directory and entries: valid, so that what the bytes spoil later is met one at a time. Returns: RTADDR.TTM. */
static inline unsigned chaos_config(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1), ttm = (b & 3) ? 1 : (b & 0x30) ? 0 : b >> 6;

	for (unsigned w = 0; w < 4; w++)
		chaos_put(c, CHAOS_BASE + 8 * w, ttm != 1 && (w & 1) ? 0 : chaos_at(1) | 1);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t at = chaos_at(1) + (ttm == 1 ? 32 : 16) * i;
		unsigned p = (unsigned)chaos_take(c, 2);

		chaos_put(c, at, ttm == 1 ? chaos_at(2) | 0x1d : chaos_at(4 + i) | 1 | (p & 4));
		chaos_put(c, at + 8, ttm == 1 ? i : 0x100u * (i & 1) | (1 + p % 3));
		at = chaos_at(3) + 64 * i;
		chaos_put(c, at, chaos_at(4 + (p & 1)) | 1 | (2 + (p >> 8 & 1)) << 2 | (1 + (p >> 1 & 3)) << 6 | (p >> 3 & 1) << 9);
		chaos_put(c, at + 8, (p >> 4 & 1) | (p >> 5 & 1) << 23);
		chaos_put(c, at + 16, chaos_at(8 + (p >> 6 & 1)) | 0x33 | (p >> 7 & 1) << 2 | (p >> 9 & 1) << 7);
	}
	chaos_put(c, chaos_at(2), chaos_at(3) | 1);
	return ttm;
}
static inline void chaos_settings(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1), n = b & 64 ? 4 : 0;
	struct xc_cfg *const x[] = { &c->a.cfg.ctx, &c->a.cfg.pasid, &c->a.cfg.iotlb, &c->a.cfg.psc, &c->a.cfg.nested };

	cfg_defaults(vtd_opts, &c->a.cfg);
	c->a.cfg.cap = UINT64_C(0xd1d2078c40780e06);
	c->a.cfg.ecap = UINT64_C(0x0433ef9ee4f050df);
	c->a.cfg.ver = 0x60;
	c->a.cfg.haw = 46;
	c->a.cfg.inv_timeout_ps = 1000000;
	if (b & 1)
		c->a.cfg.cap ^= UINT64_C(1) << (chaos_take(c, 1) & 23);
	if (b & 2)
		c->a.cfg.ecap ^= UINT64_C(1) << (chaos_take(c, 1) & 63);
	c->a.cfg.unit.walkers = 1 + (b >> 2 & 3);
	c->a.cfg.unit.missq = b >> 4 & 3;
	chaos_entries(x, ARRAY_LEN(x), n);
	c->a.cfg.ad_needs_snoop = c->a.cfg.spr17 = b & 128;
}
static inline struct iommu *chaos_create(struct chaos *c, struct err *e)
{
	struct iommu *u = vtd_create(&c->a.cfg, "vtd0", c->k, c->m, &c->port, 1, e);

	c->a.v = vtd_of(u);
	return u;
}
static inline bool chaos_cached(const struct chaos *c)
{
	return c->a.cfg.iotlb.entries;
}
static inline void chaos_mmio(struct chaos *c)
{
	static const uint16_t regs[] = { 0x18, 0x20, 0x28, 0x34, 0x38, 0x80, 0x88, 0x90, 0x9c, 0xa0,
					 0xc0, 0xc8, 0xd0, 0xdc, 0xe0, 0x64, 0x400, 0x408, 0x500, 0x508 };
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
	chaos_wr(c, off, off & 4 || kind == 6 ? 4 : 8, v);
	(void)c->u->ops->mmio_read(c->u, off, off & 4 ? 4 : 8);
}
/* A descriptor somewhere in the page behind the others, which may be the queue. */
static inline void chaos_cmd(struct chaos *c)
{
	uint64_t at = chaos_at(CHAOS_PAGES) + chaos_take(c, 1) % 128 * 32, b = chaos_take(c, 1);

	chaos_put(c, at,
		  (b & 15) | (b & 0x30) | (b & 0xc0 ? (chaos_take(c, 1) & 3) << 16 | (chaos_take(c, 1) & 3) << 32 : chaos_take(c, 8)));
	chaos_put(c, at + 8, b & 0x40 ? chaos_iova(c) & ~UINT64_C(0xf80) : 0);
	chaos_put(c, at + 16, 0);
	chaos_put(c, at + 24, 0);
}
static inline void chaos_bring_up(struct chaos *c)
{
	unsigned ttm = chaos_config(c);

	chaos_wr(c, 0x90, 8, chaos_at(CHAOS_PAGES) | 0x800);
	chaos_wr(c, 0x18, 4, 1u << 26);
	chaos_wr(c, 0x20, 8, CHAOS_BASE | ttm << 10);
	chaos_wr(c, 0x18, 4, 1u << 30 | 1u << 26);
	chaos_steps(c, 4);
	chaos_wr(c, 0x18, 4, 1u << 31 | 1u << 26);
}
/* Half as many kinds as chaos_do() has. */
static inline void chaos_act(struct chaos *c)
{
	static const uint8_t what[16] = { 0, 1, 2, 3, 7, 8, 10, 10, 10, 14, 20, 20, 20, 20, 20, 20 };
	unsigned b = (unsigned)chaos_take(c, 1);

	if (what[b & 15] == 7)
		chaos_wr(c, 0x88, 4, chaos_take(c, 1) % 128 * 32);
	else if (what[b & 15])
		chaos_do(c, what[b & 15], b);
	else if (b & 0xc0) /* rarer: most of these end every translation */
		chaos_cmd(c);
	else
		chaos_mmio(c);
}
static inline void chaos_end(struct chaos *c)
{
	struct vtd *v = c->a.v;
	struct xcache *const x[] = { v->cc, v->pc, v->iotlb };

	chaos_sum(x, ARRAY_LEN(x));
	chaos_sum_pt(&v->psc);
}
#endif
