/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_chaos.h - any bytes as a hostile guest of one SMMUv3: registers of every window, identification registers, tables, STEs and CDs,
 * rings, requests, completions, page requests and restored registers, at any moment. What is checked: chaos.h (a request that stalls may
 * wait for software as long as the unit is on), and that ATC_INVs seen are those counted, and an invalidation leaves nothing that it
 * covers.
 */
#ifndef IOMMUSIM_SMMUV3_CHAOS_H
#define IOMMUSIM_SMMUV3_CHAOS_H
#include "smmuv3/smmuv3_int.h"
#include "smmuv3/smmuv3_regs.h"

enum { P_STE, P_CD, P_CMDQ, P_EVENTQ, P_PRIQ, P_L1STD, P_L1CD, P_ECMDQ, P_TABLES, CHAOS_PAGES = 32 };
enum { CHAOS_PASID_MASK = 0x8080, CHAOS_AT_MASK = 0x2000, CHAOS_TIMES_OUT = 1 };
struct chaos_arch {
	struct smmuv3 *s;
	struct smmuv3_cfg cfg;
	uint64_t prod;
	bool restored;
};
#include "chaos.h"

static inline uint64_t chaos_iova(struct chaos *c)
{
	uint64_t b = chaos_take(c, 2);

	switch (b & 15) {
	case 0: return chaos_take(c, 8);
	case 1: return ~UINT64_C(0) << 48 | (b >> 4) << 12;
	case 2: return UINT64_C(0xa5) << 56 | (b >> 4 & 15) << 12;
	default: return (b >> 4 & 3) << 12 | (b >> 6 & 1) << 21 | (b >> 7 & 1) << 30 | (b >> 8 & 1) << 39 | (b >> 9 & 15) << 4;
	}
}
/* Tables linked at random, both stages at once: a word is a table, a page or, now and then, a block or nonsense. */
static inline void chaos_tables(struct chaos *c)
{
	for (unsigned i = P_TABLES; i < CHAOS_PAGES; i++) {
		unsigned bits = (unsigned)chaos_take(c, 2), flip = (unsigned)chaos_take(c, 1);

		for (unsigned w = 0; w < 512; w++) {
			uint64_t e = chaos_at(P_TABLES + (i * 5 + w * 3 + flip) % (CHAOS_PAGES - P_TABLES)) | 0x443;

			if (w >= 64 && w < 508) /* sparse words stay zero */
				continue;
			if (w % 8 == (flip >> 3 & 7)) /* the access flag is for hardware to set */
				e &= ~UINT64_C(0x400);
			e |= (bits & 0x8bc) | (uint64_t)(bits >> 12 & 3) << 53; /* nG, AP2, MemAttr; XN */
			if (w % 16 == (bits >> 12))
				e ^= (UINT64_C(1) << (flip & 63)) | (flip & 0x40 ? UINT64_C(1) << 51 | 0x80 : 0);
			if (w % 16 == (flip & 15)) /* a block, at the levels that may have one; or a contiguous group */
				e = flip & 0x80 ? e | UINT64_C(1) << 52 : ((e & ~UINT64_C(0x3ffffe) & ~UINT64_C(2)) | (e & 0xffd));
			chaos_put(c, chaos_at(i) + 8 * w, e);
		}
	}
}
static inline uint64_t chaos_table(unsigned b)
{
	return chaos_at(P_TABLES + b % (CHAOS_PAGES - P_TABLES));
}
/* Bit @at of @w says "stall": as IDR0.STALL_MODEL wants it, unless @bad is 7. */
static inline uint64_t chaos_stalls(const struct chaos *c, uint64_t w, unsigned at, unsigned bad)
{
	unsigned model = c->a.cfg.idr0 >> 24 & 3;

	if (!model || (bad & 7) == 7)
		return w;
	return model == 2 ? w | UINT64_C(1) << at : w & ~(UINT64_C(1) << at);
}
static inline void chaos_ste(struct chaos *c, unsigned i)
{
	unsigned b = (unsigned)chaos_take(c, 2), d = (unsigned)chaos_take(c, 2), cfg = b & 3 ? 4 + (b & 3) : 4 | (b >> 2 & 1);
	uint64_t at = chaos_at(P_STE) + 64 * i, cdmax = b >> 3 & 1 ? 2 + (b >> 4 & 1) * 6 : 0, fmt = b >> 5 & 1;
	uint64_t w0 = chaos_at(fmt && cdmax ? P_L1CD : P_CD) | 1 | (uint64_t)cfg << 1 | fmt << 4 | cdmax << 59;
	uint64_t w1 = (b >> 6 & 3) | (uint64_t)(b >> 8 & 1) << 19 | (uint64_t)(b >> 9 & 3) << 28 | (uint64_t)(b >> 11 & 1) << 25 |
		      (uint64_t)(b >> 12 & 15) << 48;
	uint64_t w2 = (d & 1) | 24 | UINT64_C(5) << 48 | (uint64_t)(d >> 1 & 1) << 53 | (uint64_t)(d >> 2 & 1) << 54 |
		      (uint64_t)(d >> 3 & 3) << 55 | (uint64_t)(d >> 5 & 7) << 57 | UINT64_C(1) << 51;

	w2 = (w2 & ~UINT64_C(24)) | (uint64_t)(d >> 8 & 1 ? 24 : 16) << 32 | (uint64_t)(d >> 8 & 1 ? 1 : 2) << 38;
	w2 = chaos_stalls(c, w2, 57, d >> 13);
	if (cfg < 6 || (w2 >> 57 & 1)) /* EATS that may be */
		w1 &= ~((uint64_t)(cfg == 5 ? 2 : 3) << 28);
	if ((b >> 14 & 3) == 3)
		w1 = (w1 & ~(UINT64_C(3) << 30)) | UINT64_C(2) << 30;
	chaos_put(c, at, w0);
	chaos_put(c, at + 8, w1);
	chaos_put(c, at + 16, w2);
	chaos_put(c, at + 24, chaos_table(d >> 9));
}
static inline void chaos_cd(struct chaos *c, unsigned i)
{
	unsigned b = (unsigned)chaos_take(c, 2), d = (unsigned)chaos_take(c, 2);
	uint64_t at = chaos_at(P_CD) + 64 * i, sz = b & 1 ? 25 : 16;
	uint64_t w0 = sz | sz << 16 | UINT64_C(2) << 22 | UINT64_C(1) << 31 | UINT64_C(5) << 32 | UINT64_C(1) << 41 |
		      (uint64_t)(b >> 1 & 3) << 42 | (uint64_t)(b >> 3 & 7) << 44 | (uint64_t)(d & 1) << 48 | (uint64_t)(b >> 6 & 1) << 35 |
		      (uint64_t)(b >> 7 & 1) << 36 | (uint64_t)(b >> 8 & 3) << 38 | (uint64_t)(b >> 10 & 1) << 40 |
		      (uint64_t)(b >> 11 & 1) << 30 | (uint64_t)(d >> 1 & 1) << 47;

	chaos_put(c, at, chaos_stalls(c, w0, 44, b >> 13));
	chaos_put(c, at + 8, chaos_table(d >> 2) | (d >> 7 & 7) << 1);
	chaos_put(c, at + 16, chaos_table(d >> 10));
	chaos_put(c, at + 24, 0xff44);
}
/* STEs 0 to 3, CDs 0 to 3 and their first levels: legal in the main, so that what the bytes spoil later is met one at a time. */
static inline void chaos_config(struct chaos *c)
{
	for (unsigned i = 0; i < 4; i++) {
		chaos_ste(c, i);
		chaos_cd(c, i);
		chaos_put(c, chaos_at(P_L1CD) + 8 * i, chaos_at(P_CD) | 1);
		chaos_put(c, chaos_at(P_L1STD) + 8 * i, chaos_at(P_STE) | 7);
	}
}
/* Where registers are: page 0 and 1 in the main, the other windows now and then, anywhere at last. */
static inline uint32_t chaos_off(struct chaos *c)
{
	static const uint32_t regs[] = { 0x20, 0x28, 0x2c, 0x44, 0x50, 0x64, 0x68,    0x80,    0x88,    0x90,   0x98,
					 0x9c, 0xa0, 0xb0, 0xc0, 0xd0, 0xdc, 0x100a8, 0x100ac, 0x100c8, 0x100cc };
	unsigned b = (unsigned)chaos_take(c, 1), r;

	switch (b >> 5) {
	case 0: return (uint32_t)chaos_take(c, 2) * 4;
	case 1: return SMMUV3_PMCG_OFF + ((uint32_t)chaos_take(c, 2) & 0xffc);
	case 2:
		r = (uint32_t)chaos_take(c, 2);
		return SMMUV3_ECMDQ_OFF + (r & 3) * 4 + ((r >> 2 & 7) << (r >> 5 & 1 ? 16 : 12));
	case 3:
		r = (uint32_t)chaos_take(c, 2);
		if (r & 1) /* the configuration page, a queue's pages, an alias */
			return SMMUV3_CMDQV_OFF +
			       (r & 2 ? 0x200 + (r >> 2 & 7) * 4 : 0x1000 + (r >> 2 & 1) * 0x100 + (r >> 3 & 0x3c) + (r >> 7 & 3) * 0x40);
		return SMMUV3_CMDQV_OFF +
		       (r & 2 ? (r & 4 ? 0x10000u : 0x30000u) + (r >> 3 & 1) * 0x10000 + (r >> 4 & 3) * 0x80 + (r >> 6 & 7) * 4 : 0);
	case 4: return (uint32_t)chaos_take(c, 4);
	default: return regs[b % (sizeof(regs) / sizeof(*regs))];
	}
}
static inline void chaos_mmio(struct chaos *c)
{
	uint32_t off = chaos_off(c);
	unsigned b = (unsigned)chaos_take(c, 1), bytes = b & 1 ? 4 : b & 2 ? 8 : b & 12 ? 4 : b >> 4;
	uint64_t v = b & 0x40 ? chaos_take(c, 8) : b & 0x20 ? chaos_page(c) | (chaos_take(c, 1) & 31) : chaos_take(c, 2);

	if ((b & 0x80) && off >= SMMUV3_ECMDQ_OFF)
		v |= UINT64_C(0x80000000);
	chaos_wr(c, off, bytes, v);
	(void)c->u->ops->mmio_read(c->u, off, bytes);
}
/* CR0 as drivers use it: most bits stay, one changes. */
static inline void chaos_cr0(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);
	uint64_t v = smmuv3_reg_get(c->a.s, SMMUV3_R_CR0, 4);

	chaos_wr(c, SMMUV3_R_CR0, 4, b & 0x80 ? 0x1f : v ^ (UINT64_C(1) << b % 9));
}
/* What drivers do at an interrupt: take all events and page requests, acknowledge errors. */
static inline void chaos_serve(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

	if (b & 1)
		chaos_wr(c, SMMUV3_R_EVENTQ_CONS, 4, smmuv3_reg_get(c->a.s, SMMUV3_R_EVENTQ_PROD, 4));
	if (b & 2)
		chaos_wr(c, SMMUV3_R_PRIQ_CONS, 4, smmuv3_reg_get(c->a.s, SMMUV3_R_PRIQ_PROD, 4));
	if (b & 8) /* the refused command becomes CMD_SYNC */
		chaos_put(c, chaos_at(P_CMDQ) + (smmuv3_reg_get(c->a.s, SMMUV3_R_CMDQ_CONS, 4) & 0xff) * 16, 0x46);
	if (b & 0xc)
		chaos_wr(c, SMMUV3_R_GERRORN, 4, smmuv3_reg_get(c->a.s, SMMUV3_R_GERROR, 4));
}
/* A command in the main queue's page; most are legal and about streams, ASIDs and VMIDs that exist. */
static inline void chaos_cmd(struct chaos *c)
{
	static const uint8_t ops[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22,
				       0x23, 0x28, 0x2a, 0x30, 0x40, 0x40, 0x41, 0x44, 0x44, 0x45, 0x46, 0x46, 0x46 };
	unsigned b = (unsigned)chaos_take(c, 1), op = ops[b % sizeof(ops)];
	uint64_t w0 = op, w1 = 0, d = chaos_take(c, 2), at = chaos_at(P_CMDQ) + c->a.prod % 256 * 16;

	if (op == 0x40)
		w1 = (chaos_iova(c) & ~UINT64_C(0xfff)) | (d >> 8 & 63);
	else if (op == 0x44)
		w1 = d >> 8 & 7;
	else if (op == 0x46)
		w1 = d & 0x100 ? chaos_page(c) : 0;
	else if (op >= 0x10 && op < 0x40)
		w1 = (chaos_iova(c) & ~UINT64_C(0xfff)) | (d & 0x800 ? d & 0xf01 : d >> 8 & 1);
	else
		w1 = d >> 8 & 31;
	if (op >= 0x10 && op < 0x40)
		w0 |= (d & 1) << 32 | (d >> 1 & 1) << 48 | (d >> 2 & 0x1f) << 12 | (d >> 13 & 3) << 20;
	else if (op == 0x46)
		w0 |= (d & 3) << 12;
	else
		w0 |= (d & 3) << 32 | (d >> 2 & 1) << 11 | (d >> 3 & 3) << 12 | (d >> 5 & 1) << 9;
	if (b >= 0xf8) {
		w0 ^= chaos_take(c, 8);
		w1 ^= chaos_take(c, 8);
	}
	chaos_put(c, at, w0);
	chaos_put(c, at + 8, w1);
	c->a.prod++;
	if (d & 0x8000)
		chaos_wr(c, SMMUV3_R_CMDQ_PROD, 4, c->a.prod % 512);
}
static inline void chaos_restore(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);
	uint32_t off = b & 1 ? (uint32_t)chaos_take(c, 1) & 0x1c : chaos_off(c);
	struct err e = { 0 };

	c->a.restored = true;
	(void)c->u->ops->restore(c->u, off, b & 2 ? 4 : 8, b & 4 ? UINT64_MAX : chaos_take(c, 8), &e);
}
static inline void chaos_caches(struct smmuv3_cfg *f, unsigned n, unsigned b)
{
	struct xc_cfg *const c[] = { &f->tlb, &f->ipa, &f->l1std, &f->ste, &f->l1cd, &f->cd, &f->walk };

	chaos_entries(c, ARRAY_LEN(c), n);
	for (unsigned i = 0; i < 3; i++)
		f->walk_s1[i] = f->walk_s2[i] = n;
	f->utlb.entries = n && (b & 1) ? 2 : 0;
	f->tbu.entries = n && (b & 2) ? 4 : 0;
	f->utlb.ways = f->tbu.ways = 0;
	f->tbu_tag = b & 4 ? SMMUV3_TAG_STREAM : SMMUV3_TAG_ASID;
	f->tlb_split = n && (b & 8);
	f->walk_unified = b & 16;
	f->contiguous = n && (b & 32);
}
static inline void chaos_settings(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 2), d = (unsigned)chaos_take(c, 2);

	cfg_defaults(smmuv3_opts, &c->a.cfg);
	c->a.cfg.atc_timeout_ps = 1000000;
	c->a.cfg.unit.walkers = 1 + (b & 3);
	c->a.cfg.unit.missq = b >> 2 & 3;
	c->a.cfg.unit.ports = b >> 4 & 1 ? 3 : 1;
	c->a.cfg.unit.slots = b >> 5 & 1 ? 2 : 0;
	chaos_caches(&c->a.cfg, b >> 6 & 1 ? 4 : 0, b >> 7 & 0x3f);
	c->a.cfg.aidr = d & 3;
	c->a.cfg.idr3 |= (d >> 2 & 1) << 13 | (d >> 2 & 1) << 17 | (d >> 3 & 1) << 7 | (d >> 15 & 1) << 5;
	c->a.cfg.idr5 |= (d >> 4 & 1) << 7;
	c->a.cfg.idr0 = (c->a.cfg.idr0 & ~UINT32_C(0x03000000)) | (d >> 5 & 3) << 24;
	if ((d & 3) == 3) {
		c->a.cfg.idr1 |= UINT32_C(1) << 31;
		c->a.cfg.idr6 = 0x01020000 + (d >> 7 & 1) * 0x07060000;
	}
	c->a.cfg.idr5 = (c->a.cfg.idr5 & 0xffff) | (d >> 8 & 7) << 16;
	c->a.cfg.cmdqv = d >> 11 & 1;
	c->a.cfg.merge_events = d >> 12 & 1;
	c->a.cfg.stall_suppress = d >> 13 & 1;
	c->a.cfg.page0_alias = c->a.cfg.cmd_res0_ill = d >> 14 & 1;
	if ((b >> 13) == 7) { /* other identification registers: any */
		uint32_t *r[] = { &c->a.cfg.idr0, &c->a.cfg.idr1, &c->a.cfg.idr3, &c->a.cfg.idr5 };

		for (unsigned i = 0; i < ARRAY_LEN(r); i++)
			*r[i] ^= UINT32_C(1) << (chaos_take(c, 1) & 31);
	}
}
static inline struct iommu *chaos_create(struct chaos *c, struct err *e)
{
	struct iommu *u = smmuv3_create(&c->a.cfg, "smmu0", c->k, c->m, &c->port, 1, e);

	c->a.s = smmuv3_of(u);
	return u;
}
static inline bool chaos_cached(const struct chaos *c)
{
	return c->a.cfg.tlb.entries;
}
static inline void chaos_bring_up(struct chaos *c)
{
	unsigned b;

	chaos_config(c);
	b = (unsigned)chaos_take(c, 1);
	chaos_wr(c, SMMUV3_R_STRTAB_BASE, 8, chaos_at(b & 1 ? P_L1STD : P_STE));
	chaos_wr(c, SMMUV3_R_STRTAB_BASE_CFG, 4, b & 1 ? 1u << 16 | 6 << 6 | 8 : 2 + (b >> 1 & 1) * 4);
	chaos_wr(c, SMMUV3_R_CR2, 4, b >> 2 & 15);
	chaos_wr(c, SMMUV3_R_CMDQ_BASE, 8, chaos_at(P_CMDQ) | 8);
	chaos_wr(c, SMMUV3_R_EVENTQ_BASE, 8, chaos_at(P_EVENTQ) | (b & 0x40 ? 1 : 7));
	chaos_wr(c, SMMUV3_R_PRIQ_BASE, 8, chaos_at(P_PRIQ) | (b & 0x40 ? 1 : 7));
	chaos_wr(c, SMMUV3_R_IRQ_CTRL, 4, 7);
	chaos_wr(c, SMMUV3_R_CR0, 4, 0x1f);
	chaos_steps(c, 8);
}
/* What the invalidation @op of VMID and stream @id, ASID and CD @sub, page @at has to leave empty. */
static inline void chaos_gone(struct chaos *c, unsigned op, unsigned id, unsigned sub, uint64_t at, bool leaf)
{
	struct smmuv3 *s = c->a.s;
	bool nh = op >= 0x10 && op <= 0x12;
	struct inv_scope t = { .by = INV_VMID | (op == 0x11 || op == 0x12 ? INV_ASID : 0u) | (op == 0x12 || op == 0x2a ? INV_RANGE : 0u),
			       .kinds = (op == 0x11 ? 1u : 3u) << SMMUV3_K_EL1, .range_kinds = ~0u,
			       .any_asid_kinds = 1u << SMMUV3_K_EL1_G, .vmid = (uint16_t)id, .asid = (uint16_t)sub,
			       .vmid_ignore = s->on.vmid_ignore, .first = at, .last = at | 0xfff };
	struct inv_scope g = { .by = INV_RID | (op == 0x05 ? INV_PASID : 0u), .kinds = 1u << SMMUV3_K_CFG, .rid = id, .rid_mask = ~0u,
			       .pasid = sub };
	uint32_t n = 0;

	if (op == 0x28)
		t.kinds |= 1u << SMMUV3_K_IPA;
	if (op == 0x2a)
		t.kinds = 1u << SMMUV3_K_IPA;
	if (op >= 0x10) {
		n += chaos_count(s->tlb, &t);
		for (unsigned i = 0; i < s->n_tbu; i++)
			n += chaos_count(s->utlb[i], &t) + chaos_count(s->tbu[i], &t);
		t.kinds = nh ? 1u << SMMUV3_K_WC_EL1 : op == 0x2a ? 1u << SMMUV3_K_WC_S2 : 1u << SMMUV3_K_WC_EL1 | 1u << SMMUV3_K_WC_S2;
		if (!nh)
			n += chaos_count(s->pt.nested, &t);
		for (unsigned l = 1; l < 4 && !leaf; l++)
			n += chaos_count(s->pt.psc[0][l], &t) + chaos_count(s->pt.psc[1][l], &t);
	} else {
		n = chaos_count(s->cd, &g) + (op == 0x03 ? chaos_count(s->ste, &g) : 0);
	}
	chaos_must(n == 0);
}
/* A queue without error and at rest, and requests some steps into their walks. */
static inline void chaos_under_way(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

	if (smmuv3_gerror_active(c->a.s, GERR_CMDQ)) {
		chaos_put(c, chaos_at(P_CMDQ) + (smmuv3_reg_get(c->a.s, SMMUV3_R_CMDQ_CONS, 4) & 0xff) * 16, 0x46);
		chaos_wr(c, SMMUV3_R_GERRORN, 4, smmuv3_reg_get(c->a.s, SMMUV3_R_GERROR, 4));
	}
	chaos_commands(c, CHAOS_EVENTS);
	chaos_walks(c, b & 1, 2, b >> 3);
}
/* One invalidation and CMD_SYNC while walks are in progress: nothing it covers is left in any cache, and none of them puts it back. */
static inline void chaos_flush(struct chaos *c)
{
	static const uint8_t ops[] = { 0x10, 0x11, 0x12, 0x12, 0x28, 0x2a, 0x03, 0x05 };
	unsigned b = (unsigned)chaos_take(c, 1), op = ops[b & 7], id = b >> 3 & 1, sub = b >> 4 & 1;
	uint64_t at = (b & 0xc0 ? c->recent : chaos_iova(c)) & (op == 0x2a ? bits_mask(55, 12) : ~UINT64_C(0xfff)), rd;
	uint64_t base = chaos_at(P_CMDQ) | 8, w[4] = { op, at | (b >> 5 & 1), 0x46, 0 };
	bool leaf = (op == 0x12 || op == 0x2a || op < 0x10) && (b >> 5 & 1);

	w[0] |= op >= 0x10 ? (uint64_t)id << 32 | (uint64_t)sub << 48 : (uint64_t)id << 32 | sub << 12;
	if (op < 0x10)
		w[1] = leaf;
	chaos_under_way(c);
	rd = smmuv3_reg_get(c->a.s, SMMUV3_R_CMDQ_CONS, 4) & 511;
	if (!c->a.s->on.smmu || !c->a.s->on.cmdq || c->a.s->held || smmuv3_gerror_active(c->a.s, GERR_CMDQ) ||
	    !c->u->ops->commands_idle(c->u) || chaos_may_begin(c, op >= 0x10) || smmuv3_reg_get(c->a.s, SMMUV3_R_CMDQ_BASE, 8) != base ||
	    c->a.s->cap.cmdqs < 8)
		return;
	for (unsigned i = 0; i < 4; i++)
		chaos_put(c, chaos_at(P_CMDQ) + (rd * 16 + i * 8) % 4096, w[i]);
	c->a.prod = rd + 2;
	chaos_wr(c, SMMUV3_R_CMDQ_PROD, 4, c->a.prod & 511);
	chaos_steps(c, 1);
	chaos_commands(c, CHAOS_REST);
	if ((smmuv3_reg_get(c->a.s, SMMUV3_R_CMDQ_CONS, 4) & 511) == (c->a.prod & 511)) /* neither refused nor stopped */
		chaos_gone(c, op, id, sub, at, leaf);
}
static inline void chaos_act(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

	switch (b & 31) {
	case 0: chaos_mmio(c); break;
	case 7: chaos_wr(c, SMMUV3_R_CMDQ_PROD, 4, c->a.prod % 512); break;
	case 9:
		if (b & 0x60)
			chaos_serve(c);
		else
			chaos_cr0(c);
		break;
	case 13: chaos_flush(c); break;
	case 17:
		if (b >> 5 == 7)
			chaos_restore(c);
		else if (b & 0x20)
			chaos_ste(c, b >> 6 & 3);
		else
			chaos_cd(c, b >> 6 & 3);
		break;
	default: chaos_do(c, b & 31, b); break;
	}
}
static inline void chaos_end(struct chaos *c)
{
	struct smmuv3 *s = c->a.s;
	struct xcache *const x[] = { s->tlb, s->ste, s->cd };

	chaos_must(s->st.atc_inv == c->n_inv && s->st.stall_records <= s->st.events);
	chaos_sum(x, ARRAY_LEN(x));
	chaos_sum(s->utlb, s->n_tbu);
	chaos_sum(s->tbu, s->n_tbu);
	chaos_sum_pt(&s->pt);
	if (c->a.restored)
		return;
	chaos_wr(c, SMMUV3_R_CR0, 4, 0); /* nobody waits when it is off */
	chaos_rest(c);
	chaos_must(!c->stalled && !smmuv3_reg_get(s, SMMUV3_R_CR0ACK, 4));
}
#endif
