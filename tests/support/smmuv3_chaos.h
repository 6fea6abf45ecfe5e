/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_chaos.h - any bytes as a hostile guest of one SMMUv3: registers of every window, identification registers, tables, STEs and CDs,
 * rings, requests, completions, page requests and restored registers, at any moment. For the fuzz harness and its bounded deterministic
 * twin. Checks only what must hold for every input: no request is answered twice; when nothing more happens each one was answered or waits
 * for software as a stalled one; hits and misses add up to requests, in the unit and in its caches; ATC_INVs seen are those counted; the unit
 * comes to rest after a bounded number of events; an invalidation leaves nothing that it covers; with no cache a timed answer equals the zero-time one.
 */
#ifndef IOMMUSIM_SMMUV3_CHAOS_H
#define IOMMUSIM_SMMUV3_CHAOS_H
#include <stdlib.h>
#include <string.h>
#include "smmuv3/smmuv3_int.h"
#include "smmuv3/smmuv3_regs.h"

enum { CHAOS_PAGES = 32, CHAOS_FLIGHTS = 16, CHAOS_EVENTS = 4000, CHAOS_REST = 400000 };
enum { P_STE, P_CD, P_CMDQ, P_EVENTQ, P_PRIQ, P_L1STD, P_L1CD, P_ECMDQ, P_TABLES };
#define CHAOS_BASE UINT64_C(0x10000)
struct chaos;
struct chaos_flight {
	struct xl x;
	struct chaos *c;
	bool busy, stalled;
};
struct chaos {
	const uint8_t *p, *end;
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port port;
	struct iommu *u;
	struct smmuv3 *s;
	struct smmuv3_cfg cfg;
	struct chaos_flight f[CHAOS_FLIGHTS];
	struct ats_inv last;
	uint64_t sent, answered, compared, stalled, inv, prod, recent;
	bool restored;
};
static inline void chaos_must(bool ok)
{
	if (!ok)
		abort();
}
static inline uint64_t chaos_take(struct chaos *c, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes && c->p < c->end; i++)
		v |= (uint64_t)*c->p++ << 8 * i;
	return v;
}
static inline uint64_t chaos_at(unsigned page)
{
	return CHAOS_BASE + page * 4096u;
}
static inline uint64_t chaos_page(struct chaos *c)
{
	return chaos_at((unsigned)chaos_take(c, 1) % CHAOS_PAGES);
}
/* An address the tables may translate: few, so that caches are hit. */
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
static inline void chaos_done(struct xl *x)
{
	struct chaos_flight *f = (struct chaos_flight *)(void *)x;

	chaos_must(f->busy && !f->stalled);
	f->busy = false;
	f->c->answered++;
	iommu_retire(f->c->u, x);
}
static inline void chaos_stall(void *arg, struct xl *x, bool on)
{
	struct chaos *c = arg;
	struct chaos_flight *f = (struct chaos_flight *)(void *)x;

	chaos_must(f->busy && f->stalled != on);
	f->stalled = on;
	c->stalled += on ? 1 : UINT64_MAX;
}
static inline void chaos_inv(void *arg, const struct ats_inv *q)
{
	struct chaos *c = arg;

	c->last = *q;
	c->inv++;
	chaos_must(q->first <= q->last && q->itag < 32);
	if (q->rid & 1) /* some answer from inside the call */
		c->u->ops->ats_cpl(c->u, q->rid, UINT32_C(1) << q->itag, 1);
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
static inline void chaos_wr(struct chaos *c, uint32_t off, unsigned bytes, uint64_t v)
{
	c->u->ops->mmio_write(c->u, off, bytes, v);
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
	unsigned model = c->cfg.idr0 >> 24 & 3;

	if (!model || (bad & 7) == 7)
		return w;
	return model == 2 ? w | UINT64_C(1) << at : w & ~(UINT64_C(1) << at);
}
static inline void chaos_ste(struct chaos *c, unsigned i)
{
	unsigned b = (unsigned)chaos_take(c, 2), d = (unsigned)chaos_take(c, 2), cfg = b & 3 ? 4 + (b & 3) : 4 | (b >> 2 & 1);
	uint64_t at = chaos_at(P_STE) + 64 * i, cdmax = b >> 3 & 1 ? 2 + (b >> 4 & 1) * 6 : 0, fmt = b >> 5 & 1;
	uint64_t w0 = chaos_at(fmt && cdmax ? P_L1CD : P_CD) | 1 | (uint64_t)cfg << 1 | fmt << 4 | cdmax << 59;
	uint64_t w1 = (b >> 6 & 3) | (uint64_t)(b >> 8 & 1) << 19 | (uint64_t)(b >> 9 & 3) << 28 | (uint64_t)(b >> 11 & 1) << 25 | (uint64_t)(b >> 12 & 15) << 48;
	uint64_t w2 = (d & 1) | 24 | UINT64_C(5) << 48 | (uint64_t)(d >> 1 & 1) << 53 | (uint64_t)(d >> 2 & 1) << 54 | (uint64_t)(d >> 3 & 3) << 55 |
		      (uint64_t)(d >> 5 & 7) << 57 | UINT64_C(1) << 51;

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
	uint64_t w0 = sz | sz << 16 | UINT64_C(2) << 22 | UINT64_C(1) << 31 | UINT64_C(5) << 32 | UINT64_C(1) << 41 | (uint64_t)(b >> 1 & 3) << 42 |
		      (uint64_t)(b >> 3 & 7) << 44 | (uint64_t)(d & 1) << 48 | (uint64_t)(b >> 6 & 1) << 35 | (uint64_t)(b >> 7 & 1) << 36 | (uint64_t)(b >> 8 & 3) << 38 |
		      (uint64_t)(b >> 10 & 1) << 40 | (uint64_t)(b >> 11 & 1) << 30 | (uint64_t)(d >> 1 & 1) << 47;

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
static inline struct xl_req chaos_req(struct chaos *c)
{
	struct xl_req q = { .iova = chaos_iova(c), .rid = (uint32_t)chaos_take(c, 1) };
	unsigned b = (unsigned)chaos_take(c, 2);

	q.rid = q.rid < 250 ? q.rid % 4 : q.rid << 8;
	q.len = b & 1 ? 64 : b & 2 ? 4 : 0;
	q.acc = (uint8_t)(q.len ? b >> 2 & 0x0f : XL_R);
	if (!(q.acc & 7))
		q.acc |= XL_R;
	if (b & 0x40 && q.len)
		q.acc = XL_R | XL_W | XL_ATOMIC;
	q.has_pasid = (b & 0x8080) == 0x80;
	q.pasid = q.has_pasid ? b >> 8 & 3 : 0;
	if (q.has_pasid && (b >> 12) == 7)
		q.pasid = 0xfffff;
	q.at = b >> 10 & 3;
	if (q.at > XL_TRANSLATED || !(b & 0x2000))
		q.at = XL_UNTRANSLATED;
	if (q.len && (q.iova & 0xfff) > 4096 - q.len)
		q.iova &= ~UINT64_C(0xfff);
	return q;
}
static inline void chaos_go(struct chaos *c, struct chaos_flight *f, const struct xl_req *q)
{
	f->busy = true;
	f->stalled = false;
	f->c = c;
	f->x.req = *q;
	f->x.done = chaos_done;
	c->sent++;
	c->recent = q->iova;
	iommu_translate(c->u, &f->x);
}
/* @n + 1 equal requests */
static inline void chaos_send(struct chaos *c, unsigned n)
{
	struct xl_req q = chaos_req(c);

	for (unsigned i = 0; i < CHAOS_FLIGHTS; i++)
		if (!c->f[i].busy) {
			chaos_go(c, &c->f[i], &q);
			if (!n--)
				return;
		}
}
/* Alone and without caches the two clocks agree: tables do not change meanwhile, except for accessed and dirty. */
static inline void chaos_compare(struct chaos *c)
{
	struct xl_req q = chaos_req(c);
	struct xl_res r;
	struct chaos_flight *f = &c->f[0];
	uint64_t want = c->answered + 1, left = CHAOS_EVENTS;

	if (c->cfg.tlb.entries || f->busy || iommu_inflight(c->u) || !c->u->ops->commands_idle(c->u))
		return;
	iommu_walk_now(c->u, &q, &r, NULL, NULL);
	chaos_go(c, f, &q);
	while (c->answered != want && !f->stalled && left-- && sim_run_one(c->k))
		;
	chaos_must(c->answered == want || f->stalled);
	if (f->stalled) {
		chaos_must(!r.ok && f->x.res.code == r.code);
		return;
	}
	chaos_must(f->x.res.ok == r.ok && f->x.res.code == r.code);
	chaos_must(!r.ok || (f->x.res.spa == r.spa && f->x.res.size_lg2 == r.size_lg2 && f->x.res.memtype == r.memtype && f->x.res.perm == r.perm));
	c->compared++;
}
/* Where registers are: page 0 and 1 in the main, the other windows now and then, anywhere at last. */
static inline uint32_t chaos_off(struct chaos *c)
{
	static const uint32_t regs[] = { 0x20, 0x28, 0x2c, 0x44, 0x50, 0x64, 0x68, 0x80, 0x88, 0x90, 0x98, 0x9c, 0xa0, 0xb0, 0xc0, 0xd0, 0xdc, 0x100a8, 0x100ac, 0x100c8, 0x100cc };
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
			return SMMUV3_CMDQV_OFF + (r & 2 ? 0x200 + (r >> 2 & 7) * 4 : 0x1000 + (r >> 2 & 1) * 0x100 + (r >> 3 & 0x3c) + (r >> 7 & 3) * 0x40);
		return SMMUV3_CMDQV_OFF + (r & 2 ? (r & 4 ? 0x10000u : 0x30000u) + (r >> 3 & 1) * 0x10000 + (r >> 4 & 3) * 0x80 + (r >> 6 & 7) * 4 : 0);
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
	uint64_t v = smmuv3_reg_get(c->s, SMMUV3_R_CR0, 4);

	chaos_wr(c, SMMUV3_R_CR0, 4, b & 0x80 ? 0x1f : v ^ (UINT64_C(1) << b % 9));
}
/* What drivers do at an interrupt: take all events and page requests, acknowledge errors. */
static inline void chaos_serve(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

	if (b & 1)
		chaos_wr(c, SMMUV3_R_EVENTQ_CONS, 4, smmuv3_reg_get(c->s, SMMUV3_R_EVENTQ_PROD, 4));
	if (b & 2)
		chaos_wr(c, SMMUV3_R_PRIQ_CONS, 4, smmuv3_reg_get(c->s, SMMUV3_R_PRIQ_PROD, 4));
	if (b & 8) /* the refused command becomes CMD_SYNC */
		chaos_put(c, chaos_at(P_CMDQ) + (smmuv3_reg_get(c->s, SMMUV3_R_CMDQ_CONS, 4) & 0xff) * 16, 0x46);
	if (b & 0xc)
		chaos_wr(c, SMMUV3_R_GERRORN, 4, smmuv3_reg_get(c->s, SMMUV3_R_GERROR, 4));
}
/* A command in the main queue's page; most are legal and about streams, ASIDs and VMIDs that exist. */
static inline void chaos_cmd(struct chaos *c)
{
	static const uint8_t ops[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x28, 0x2a, 0x30, 0x40, 0x40, 0x41, 0x44, 0x44, 0x45, 0x46, 0x46, 0x46 };
	unsigned b = (unsigned)chaos_take(c, 1), op = ops[b % sizeof(ops)];
	uint64_t w0 = op, w1 = 0, d = chaos_take(c, 2), at = chaos_at(P_CMDQ) + c->prod % 256 * 16;

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
	c->prod++;
	if (d & 0x8000)
		chaos_wr(c, SMMUV3_R_CMDQ_PROD, 4, c->prod % 512);
}
static inline void chaos_restore(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);
	uint32_t off = b & 1 ? (uint32_t)chaos_take(c, 1) & 0x1c : chaos_off(c);
	struct err e = { 0 };

	c->restored = true;
	(void)c->u->ops->restore(c->u, off, b & 2 ? 4 : 8, b & 4 ? UINT64_MAX : chaos_take(c, 8), &e);
}
static inline void chaos_other(struct chaos *c)
{
	struct page_req p = { .rid = (uint32_t)chaos_take(c, 1) & 3, .has_pasid = true, .r = true, .addr = chaos_iova(c) };
	unsigned b = (unsigned)chaos_take(c, 1);

	p.has_pasid = b & 1;
	p.pasid = p.has_pasid ? b & 3 : 0;
	p.last = b & 4;
	p.r = !(b & 0x40);
	p.w = b & 0x80;
	if (b & 8)
		c->u->ops->page_request(c->u, &p);
	else if (b & 16)
		mem_poison(c->m, chaos_page(c) + 8 * (b >> 5), b & 1);
	else
		c->u->ops->ats_cpl(c->u, b & 2 ? c->last.rid : p.rid, b & 32 ? 1u << c->last.itag : (uint32_t)chaos_take(c, 4), b >> 6);
}
static inline void chaos_caches(struct smmuv3_cfg *f, unsigned n, unsigned b)
{
	struct xc_cfg *c[] = { &f->tlb, &f->ipa, &f->l1std, &f->ste, &f->l1cd, &f->cd, &f->walk };

	for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
		c[i]->entries = n;
		c[i]->ways = 0;
	}
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

	cfg_defaults(smmuv3_opts, &c->cfg);
	c->cfg.atc_timeout_ps = 1000000;
	c->cfg.unit.walkers = 1 + (b & 3);
	c->cfg.unit.missq = b >> 2 & 3;
	c->cfg.unit.ports = b >> 4 & 1 ? 3 : 1;
	c->cfg.unit.slots = b >> 5 & 1 ? 2 : 0;
	chaos_caches(&c->cfg, b >> 6 & 1 ? 4 : 0, b >> 7 & 0x3f);
	c->cfg.aidr = d & 3;
	c->cfg.idr3 |= (d >> 2 & 1) << 13 | (d >> 2 & 1) << 17 | (d >> 3 & 1) << 7 | (d >> 15 & 1) << 5;
	c->cfg.idr5 |= (d >> 4 & 1) << 7;
	c->cfg.idr0 = (c->cfg.idr0 & ~UINT32_C(0x03000000)) | (d >> 5 & 3) << 24;
	if ((d & 3) == 3) {
		c->cfg.idr1 |= UINT32_C(1) << 31;
		c->cfg.idr6 = 0x01020000 + (d >> 7 & 1) * 0x07060000;
	}
	c->cfg.idr5 = (c->cfg.idr5 & 0xffff) | (d >> 8 & 7) << 16;
	c->cfg.cmdqv = d >> 11 & 1;
	c->cfg.merge_events = d >> 12 & 1;
	c->cfg.stall_suppress = d >> 13 & 1;
	c->cfg.page0_alias = c->cfg.cmd_res0_ill = d >> 14 & 1;
	if ((b >> 13) == 7) { /* other identification registers: any */
		uint32_t *r[] = { &c->cfg.idr0, &c->cfg.idr1, &c->cfg.idr3, &c->cfg.idr5 };

		for (unsigned i = 0; i < ARRAY_LEN(r); i++)
			*r[i] ^= UINT32_C(1) << (chaos_take(c, 1) & 31);
	}
}
static inline bool chaos_open(struct chaos *c)
{
	static const struct mem_port_cfg port = { .lat_ps = 80000 };
	struct err e;

	chaos_settings(c);
	c->k = sim_kernel_create();
	c->m = mem_create(UINT64_C(1) << 40, false);
	chaos_must(c->k && c->m && mem_port_init(&c->port, &port, &e));
	c->u = smmuv3_create(&c->cfg, "smmu0", c->k, c->m, &c->port, 1, &e);
	if (!c->u)
		return false;
	c->s = smmuv3_of(c->u);
	c->u->env = (struct iommu_env){ .arg = c, .ats_inv = chaos_inv, .stall = chaos_stall };
	return true;
}
static inline void chaos_bring_up(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

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
static inline uint32_t chaos_count(struct xcache *x, const struct inv_scope *s)
{
	return x ? xc_invalidate(x, s) : 0;
}
/* May a request that is under way still begin to read (@tables: tables; structures of the configuration do not matter)? */
static inline bool chaos_may_begin(const struct chaos *c, bool tables)
{
	for (const struct xl *x = c->u->oldest; x; x = x->next)
		if (x->state == XL_LOOKUP || x->state == XL_MERGED || (tables && (x->state == XL_WALK || x->state == XL_MISSQ) && !x->tagged))
			return true;
	return c->u->held;
}
/* What the invalidation @op of VMID and stream @id, ASID and CD @sub, page @at has to leave empty. */
static inline void chaos_gone(struct chaos *c, unsigned op, unsigned id, unsigned sub, uint64_t at, bool leaf)
{
	struct smmuv3 *s = c->s;
	bool nh = op >= 0x10 && op <= 0x12;
	struct inv_scope t = { .by = INV_VMID | (op == 0x11 || op == 0x12 ? INV_ASID : 0u) | (op == 0x12 || op == 0x2a ? INV_RANGE : 0u),
			       .kinds = (op == 0x11 ? 1u : 3u) << SMMUV3_K_EL1, .range_kinds = ~0u, .any_asid_kinds = 1u << SMMUV3_K_EL1_G, .vmid = (uint16_t)id,
			       .asid = (uint16_t)sub, .vmid_ignore = s->on.vmid_ignore, .first = at, .last = at | 0xfff };
	struct inv_scope g = { .by = INV_RID | (op == 0x05 ? INV_PASID : 0u), .kinds = 1u << SMMUV3_K_CFG, .rid = id, .rid_mask = ~0u, .pasid = sub };
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
	struct xl_req q = { .iova = c->recent & ~UINT64_C(0xfff), .len = 4, .rid = b & 1, .acc = XL_R };

	if (smmuv3_gerror_active(c->s, GERR_CMDQ)) {
		chaos_put(c, chaos_at(P_CMDQ) + (smmuv3_reg_get(c->s, SMMUV3_R_CMDQ_CONS, 4) & 0xff) * 16, 0x46);
		chaos_wr(c, SMMUV3_R_GERRORN, 4, smmuv3_reg_get(c->s, SMMUV3_R_GERROR, 4));
	}
	for (unsigned i = 0; i < CHAOS_EVENTS && !c->u->ops->commands_idle(c->u); i++)
		chaos_steps(c, 1);
	for (unsigned i = 0; i < CHAOS_FLIGHTS && q.rid < 3; i++)
		if (!c->f[i].busy) {
			chaos_go(c, &c->f[i], &q);
			q.rid++;
		}
	chaos_steps(c, b >> 3);
}
/* One invalidation and CMD_SYNC while walks are in progress: nothing it covers is left in any cache, and none of those walks puts it back. */
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
	rd = smmuv3_reg_get(c->s, SMMUV3_R_CMDQ_CONS, 4) & 511;
	if (!c->s->on.smmu || !c->s->on.cmdq || c->s->held || smmuv3_gerror_active(c->s, GERR_CMDQ) || !c->u->ops->commands_idle(c->u) || chaos_may_begin(c, op >= 0x10) ||
	    smmuv3_reg_get(c->s, SMMUV3_R_CMDQ_BASE, 8) != base || c->s->cap.cmdqs < 8)
		return;
	for (unsigned i = 0; i < 4; i++)
		chaos_put(c, chaos_at(P_CMDQ) + (rd * 16 + i * 8) % 4096, w[i]);
	c->prod = rd + 2;
	chaos_wr(c, SMMUV3_R_CMDQ_PROD, 4, c->prod & 511);
	chaos_steps(c, 1);
	for (unsigned i = 0; i < CHAOS_REST && !c->u->ops->commands_idle(c->u); i++)
		chaos_steps(c, 1);
	if ((smmuv3_reg_get(c->s, SMMUV3_R_CMDQ_CONS, 4) & 511) == (c->prod & 511)) /* neither refused nor stopped */
		chaos_gone(c, op, id, sub, at, leaf);
}
static inline void chaos_act(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

	switch (b & 31) {
	case 0: chaos_mmio(c); break;
	case 1: chaos_put(c, chaos_page(c) + chaos_take(c, 2) % 512 * 8, chaos_take(c, 8)); break;
	case 2: chaos_put(c, chaos_page(c) + chaos_take(c, 1) % 8 * 8, chaos_page(c) | (chaos_take(c, 2) & 0xfff)); break;
	case 3: case 4: case 5: case 6: chaos_cmd(c); break;
	case 7: chaos_wr(c, SMMUV3_R_CMDQ_PROD, 4, c->prod % 512); break;
	case 8: chaos_other(c); break;
	case 9:
		if (b & 0x60)
			chaos_serve(c);
		else
			chaos_cr0(c);
		break;
	case 10: case 11: case 12: chaos_compare(c); break;
	case 13: chaos_flush(c); break;
	case 14: case 15: case 16: chaos_steps(c, 1 + (b >> 5) * 8); break;
	case 17:
		if (b >> 5 == 7)
			chaos_restore(c);
		else if (b & 0x20)
			chaos_ste(c, b >> 6 & 3);
		else
			chaos_cd(c, b >> 6 & 3);
		break;
	default: chaos_send(c, b >> 6); break;
	}
}
static inline void chaos_sum(struct xcache *x)
{
	chaos_must(!x || xc_stats_of(x)->hits + xc_stats_of(x)->misses == xc_stats_of(x)->lookups);
}
static inline void chaos_end(struct chaos *c)
{
	struct smmuv3 *s = c->s;

	(void)c->u->ops->mmio_read(c->u, 0, 4); /* after a restore: the queues go on */
	for (unsigned i = 0; i < CHAOS_REST && (iommu_inflight(c->u) || !c->u->ops->commands_idle(c->u)); i++)
		chaos_steps(c, 1);
	chaos_must(!iommu_inflight(c->u) && c->u->ops->commands_idle(c->u));
	chaos_must(c->sent == c->answered + c->stalled && c->u->st.hits + c->u->st.misses == c->u->st.requests);
	chaos_must(s->st.atc_inv == c->inv && s->st.stall_records <= s->st.events);
	chaos_sum(s->tlb);
	chaos_sum(s->ste);
	chaos_sum(s->cd);
	chaos_sum(s->pt.nested);
	for (unsigned i = 0; i < s->n_tbu; i++) {
		chaos_sum(s->utlb[i]);
		chaos_sum(s->tbu[i]);
	}
	if (c->restored)
		return;
	chaos_wr(c, SMMUV3_R_CR0, 4, 0); /* nobody waits when it is off */
	for (unsigned i = 0; i < CHAOS_REST && (iommu_inflight(c->u) || !c->u->ops->commands_idle(c->u)); i++)
		chaos_steps(c, 1);
	chaos_must(!iommu_inflight(c->u) && c->sent == c->answered && !smmuv3_reg_get(s, SMMUV3_R_CR0ACK, 4));
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
		chaos_config(c);
		chaos_bring_up(c);
		while (c->p < c->end)
			chaos_act(c);
		chaos_end(c);
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
