/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_chaos.h - any bytes as a hostile host and hostile guests of one AMD-Vi unit: registers, counters, VF and VFCntl windows, feature
 * registers, device table, host and guest tables, rings, requests, completions, page requests and restored registers, at any moment. For the
 * fuzz harness and its bounded deterministic twin. Checks only what must hold for every input: each request is answered once; hits and misses
 * add up to requests, in the unit and in its caches; once every device-IOTLB invalidation was answered the unit comes to rest after a
 * bounded number of events; an invalidation leaves nothing that it covers; with no cache a timed answer equals the zero-time one.
 */
#ifndef IOMMUSIM_AMDVI_CHAOS_H
#define IOMMUSIM_AMDVI_CHAOS_H
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi_int.h"
#include "amdvi/amdvi_regs.h"

enum { CHAOS_FLIGHTS = 16, CHAOS_EVENTS = 4000, CHAOS_REST = 400000, CHAOS_INVS = 1024 };
enum { P_DEVTAB, P_GCR3, P_CMD, P_EVT, P_EVTB, P_PPR, P_PPRB, P_GRING, P_TABLES, CHAOS_LINKED = 24, CHAOS_PAGES = P_TABLES + CHAOS_LINKED };
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
	struct amdvi *v;
	struct amdvi_cfg cfg;
	struct chaos_flight f[CHAOS_FLIGHTS];
	struct ats_inv inv[CHAOS_INVS];
	unsigned n_inv, answered_inv;
	uint64_t sent, answered, compared, slot, gslot, recent;
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
	case 1: return ~UINT64_C(0) << 47 | (b >> 4) << 12;
	case 2: return UINT64_C(0xfee00000) | b;
	case 3: return UINT64_C(0xfd) << 32 | b << 20;
	default: return (b >> 4 & 3) << 12 | (b >> 6 & 1) << 21 | (b >> 7 & 1) << 30 | (b >> 8 & 1) << 39 | (b >> 9 & 15) << 4;
	}
}
static inline void chaos_done(struct xl *x)
{
	struct chaos_flight *f = (struct chaos_flight *)(void *)x;

	chaos_must(f->busy);
	f->busy = false;
	f->c->answered++;
	iommu_retire(f->c->u, x);
}
static inline void chaos_inv(void *arg, const struct ats_inv *q)
{
	struct chaos *c = arg;

	chaos_must(q->first <= q->last && q->itag < 32);
	if (q->rid & 1) /* some answer from inside the call */
		c->u->ops->ats_cpl(c->u, q->rid, UINT32_C(1) << q->itag, 1);
	else
		c->inv[c->n_inv++ % CHAOS_INVS] = *q;
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
/* Linked page n is a host table of level 1 + n % 4; as guest tables they serve at any level. */
static inline uint64_t chaos_linked(unsigned b, unsigned level)
{
	return chaos_at(P_TABLES + (b * 4 + level - 1) % CHAOS_LINKED);
}
static inline void chaos_tables(struct chaos *c)
{
	for (unsigned i = 0; i < CHAOS_LINKED; i++) {
		unsigned bits = (unsigned)chaos_take(c, 2), flip = (unsigned)chaos_take(c, 1), level = 1 + i % 4;

		for (unsigned w = 0; w < 512; w++) {
			uint64_t e = chaos_linked(i * 5 + w * 3 + flip, level > 1 ? level - 1 : 1 + (w & 3)) | (uint64_t)(level - 1) << 9;

			e |= UINT64_C(0x6000000000000007) | (bits & 0x60);
			if (w % 16 == (bits >> 12))
				e ^= UINT64_C(1) << (flip & 63);
			if (w % 16 == (flip & 15) && level > 1) /* a large page of the guest's, one of the host's, or a skipped level */
				e = flip & 0x80 ? e | 0x80 : flip & 0x40 ? (e | 0xe00) | (uint64_t)(bits & 0x3f) << 12 : e & ~UINT64_C(0xc00);
			chaos_put(c, chaos_at(P_TABLES + i) + 8 * w, e);
		}
	}
	for (unsigned w = 0; w < 512; w++)
		chaos_put(c, chaos_at(P_GCR3) + 8 * w, chaos_linked(w, 1 + w % 4) | 1);
}
static inline void chaos_dte(struct chaos *c, unsigned i)
{
	unsigned b = (unsigned)chaos_take(c, 2), d = (unsigned)chaos_take(c, 2);
	uint64_t at = chaos_at(P_DEVTAB) + 32 * i, gcr3 = chaos_at(P_GCR3), mode = b & 3 ? 4 : b >> 2 & 7;
	uint64_t w0 = 3 | mode << 9 | chaos_linked(d, mode ? (unsigned)(mode - 1) % 4 + 1 : 1) | (uint64_t)(b >> 4 & 7 ? 3 : b >> 6 & 3) << 61;
	uint64_t w1 = 1 + (d >> 4 & 3), w3 = 0;

	if (b & 0x100) /* GV, and GIoV now and then */
		w0 |= UINT64_C(1) << 55 | (uint64_t)(b >> 9 & 1) << 54 | (uint64_t)(d >> 6 & 1) << 56 | bits_get(gcr3, 14, 12) << 58;
	w0 |= (uint64_t)(b >> 10 & 1 ? b >> 11 & 3 : 0) << 7 | (uint64_t)(d >> 7 & 3) << 52;
	w1 |= bits_get(gcr3, 30, 15) << 16 | bits_get(gcr3, 51, 31) << 43;
	w1 |= (uint64_t)(d >> 9 & 1) << 32 | (uint64_t)(d >> 10 & 1) << 33 | (uint64_t)(d >> 11 & d >> 12 & 1) << 34 | (uint64_t)(d >> 13 & 1) << 39;
	if ((d >> 14 & 3) == 3) /* a guest's */
		w3 = 0x8000 | i << 16 | (uint64_t)(i & 3) << 32;
	chaos_put(c, at, w0);
	chaos_put(c, at + 8, w1);
	chaos_put(c, at + 16, (uint64_t)(b >> 13 & 1) << 54);
	chaos_put(c, at + 24, w3);
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
	q.has_pasid = (b & 0xc080) == 0x80;
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

	if (c->cfg.iotlb.entries || f->busy || iommu_inflight(c->u) || !c->u->ops->commands_idle(c->u))
		return;
	iommu_walk_now(c->u, &q, &r, NULL, NULL);
	chaos_go(c, f, &q);
	while (c->answered != want && left-- && sim_run_one(c->k))
		;
	chaos_must(c->answered == want && f->x.res.ok == r.ok && f->x.res.code == r.code);
	chaos_must(!r.ok || (f->x.res.spa == r.spa && f->x.res.size_lg2 == r.size_lg2));
	c->compared++;
}
static inline uint32_t chaos_off(struct chaos *c)
{
	static const uint32_t regs[] = { 0x0, 0x8, 0x10, 0x18, 0x18, 0x20, 0x28, 0x38, 0xf0, 0xf8, 0x2000, 0x2008, 0x2010, 0x2018, 0x2020, 0x2030, 0x2038, 0x2050, 0x2058, 0x2070, 0x2080, 0x2088 };
	unsigned b = (unsigned)chaos_take(c, 1);

	switch (b >> 5) {
	case 0: return (uint32_t)chaos_take(c, 2) & 0x3ffc;
	case 1: return AMDVI_PC_OFF + ((uint32_t)chaos_take(c, 2) << 2 & 0x7fffc);
	case 2:
	case 3: return AMDVI_VFCNTL_OFF + (b & 3) * 64 + (b >> 2 & 7) * 8;
	case 4: return AMDVI_VF_OFF + (b & 3) * 4096 + ((uint32_t)chaos_take(c, 1) * 4 & 0x9c);
	case 5: return b & 16 ? (uint32_t)chaos_take(c, 4) : AMDVI_VF_OFF + (b & 3) * 4096 + (b >> 2 & 3) * 4;
	default: return regs[b % (sizeof(regs) / sizeof(*regs))];
	}
}
static inline void chaos_mmio(struct chaos *c)
{
	uint32_t off = chaos_off(c);
	unsigned b = (unsigned)chaos_take(c, 1), bytes = b & 3 ? 8 : b & 12 ? 4 : b >> 4;
	uint64_t v = b & 0x40 ? chaos_take(c, 8) : b & 0x20 ? chaos_page(c) | (chaos_take(c, 2) & 0xfff) : (chaos_take(c, 2) & 0xfff) << 4;

	if (off == AMDVI_R_CONTROL) /* most bits stay, one changes */
		v = b & 0x80 ? UINT64_C(0x30000001f43d) : amdvi_reg_get(c->v, off, 8) ^ (UINT64_C(1) << (v >> 4 & 63));
	else if (off < 0x100 && (b & 0x80))
		v |= UINT64_C(8) << 56;
	chaos_wr(c, off, bytes, v);
	(void)c->u->ops->mmio_read(c->u, off, bytes);
}
/* Sixteen bytes of a command about devices, domains and PASIDs that exist; most are legal. */
static inline void chaos_cmd_words(struct chaos *c, uint64_t w[2])
{
	static const uint8_t ops[] = { 1, 1, 1, 2, 3, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11 };
	unsigned b = (unsigned)chaos_take(c, 1), d = (unsigned)chaos_take(c, 2), op = ops[b & 15];

	w[0] = (uint64_t)op << 60;
	w[1] = 0;
	switch (op) {
	case 1: w[0] |= chaos_page(c) | (d & 7); break;
	case 2: case 5: w[0] |= d & 3; break;
	case 3:
		w[0] |= (d & 3) | (uint64_t)(1 + (d >> 2 & 3)) << 32;
		w[1] = (chaos_iova(c) & ~UINT64_C(0xfff)) | (d >> 4 & 7);
		break;
	case 4:
		w[0] |= (d & 3) | (uint64_t)(d >> 8 & 3) << 24 | (uint64_t)(d >> 10 & 1) << 32 | (uint64_t)(d >> 2 & 3) << 48;
		w[1] = (chaos_iova(c) & ~UINT64_C(0xfff)) | (d >> 4 & 5);
		break;
	case 6:
		w[0] |= (d & 3) | (uint64_t)(d >> 8 & 15) << 24 | (uint64_t)(d >> 2 & 3) << 32;
		w[1] = (chaos_iova(c) & ~UINT64_C(0xfff)) | (d >> 4 & 0x15);
		break;
	case 7:
		w[0] |= (d & 3) | (uint64_t)(d >> 2 & 3) << 32;
		w[1] = (uint64_t)(d >> 4) << 32 | (d & 4);
		break;
	case 9: w[0] |= (uint64_t)(d & 7) << 32; w[1] = chaos_page(c); break;
	case 10: w[0] |= (d & 7) | (uint64_t)(d >> 4 & 1) << 28 | (uint64_t)(d >> 5 & 1) << 31; break;
	}
	if (b >= 0xf0) {
		w[0] ^= UINT64_C(1) << (chaos_take(c, 1) & 63);
		w[1] ^= UINT64_C(1) << (chaos_take(c, 1) & 63);
	}
}
static inline void chaos_cmd(struct chaos *c)
{
	uint64_t w[2], at = chaos_at(P_CMD) + c->slot % 256 * 16;

	chaos_cmd_words(c, w);
	chaos_put(c, at, w[0]);
	chaos_put(c, at + 8, w[1]);
	c->slot++;
	if (chaos_take(c, 1) & 1)
		chaos_wr(c, AMDVI_R_CMD_TAIL, 8, c->slot % 256 * 16);
}
/* The rings of guests: guest-physical or private addresses lead, by the linked tables, anywhere; so every page gets the command. */
static inline void chaos_guest(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1), g = b & 3, slot = (unsigned)(32 + c->gslot % 192) * 16; /* behind the entries that requests use */
	uint64_t w[2], page = chaos_page(c);
	uint32_t cntl = AMDVI_VFCNTL_OFF + g * 64, vf = AMDVI_VF_OFF + g * 4096;

	switch (b >> 2 & 7) {
	case 0: chaos_wr(c, cntl + 0x10, 8, (uint64_t)(b >> 5 & 3) << 16); break;
	case 1:
		chaos_wr(c, cntl + 0x20, 8, page | 8);
		chaos_wr(c, vf, 8, slot);
		chaos_wr(c, cntl + 0x20, 8, page | 0x308);
		break;
	case 2: chaos_wr(c, cntl + 0x28, 8, page | 0x388); break;
	case 3: chaos_wr(c, cntl + 0x30, 8, page << 4 | 0x2708); break;
	case 4: chaos_wr(c, cntl + (b >> 5 & 1) * 8, 8, BIT64(63) | (uint64_t)(b >> 6) << 46 | (chaos_take(c, 1) & 7) << 14 | 1); break;
	default:
		chaos_cmd_words(c, w);
		for (unsigned i = 0; i < CHAOS_LINKED; i++) {
			chaos_put(c, chaos_at(P_TABLES + i) + slot, w[0]);
			chaos_put(c, chaos_at(P_TABLES + i) + slot + 8, w[1]);
		}
		c->gslot += b >> 6 ? 1 : 0;
		chaos_wr(c, vf + 8, 8, slot + 16);
	}
}
static inline void chaos_restore(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);
	uint32_t off = b & 1 ? AMDVI_R_EFR : b & 8 ? AMDVI_R_EFR2 : chaos_off(c);
	struct err e = { 0 };
	uint64_t v = b & 4 ? UINT64_MAX : chaos_take(c, 8);

	if (b & 0x10) /* one bit of what is there */
		v = (off < AMDVI_REG_BYTES ? amdvi_reg_get(c->v, off & ~7u, 8) : 0) ^ (UINT64_C(1) << (v & 63));
	(void)c->u->ops->restore(c->u, off, b & 2 ? 4 : 8, v, &e);
}
static inline void chaos_other(struct chaos *c)
{
	struct page_req p = { .rid = (uint32_t)chaos_take(c, 1) & 3, .r = true, .addr = chaos_iova(c) };
	unsigned b = (unsigned)chaos_take(c, 1);
	const struct ats_inv *q = &c->inv[c->answered_inv % CHAOS_INVS];

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
		c->u->ops->ats_cpl(c->u, b & 2 ? q->rid : p.rid, b & 32 ? 1u << q->itag : (uint32_t)chaos_take(c, 4), b >> 6);
}
static inline void chaos_serve(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

	if (b & 1)
		chaos_wr(c, AMDVI_R_EVT_HEAD, 8, amdvi_reg_get(c->v, AMDVI_R_EVT_TAIL, 8));
	if (b & 2)
		chaos_wr(c, AMDVI_R_PPR_HEAD, 8, amdvi_reg_get(c->v, AMDVI_R_PPR_TAIL, 8));
	if (b & 4)
		chaos_wr(c, AMDVI_R_STATUS, 8, UINT64_MAX);
	if (b & 8) { /* the refused command becomes an empty COMPLETION_WAIT, and the buffer runs again */
		uint64_t ctl = amdvi_reg_get(c->v, AMDVI_R_CONTROL, 8);

		chaos_put(c, chaos_at(P_CMD) + (amdvi_reg_get(c->v, AMDVI_R_CMD_HEAD, 8) & 0xff0), UINT64_C(1) << 60);
		chaos_wr(c, AMDVI_R_CONTROL, 8, ctl & ~AMDVI_CT_CmdBufEn);
		chaos_wr(c, AMDVI_R_CONTROL, 8, ctl | AMDVI_CT_CmdBufEn);
	}
}
static inline void chaos_settings(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 2), d = (unsigned)chaos_take(c, 2), n = b >> 6 & 1 ? 4 : 0;
	struct xc_cfg *x[] = { &c->cfg.iotlb, &c->cfg.dtc, &c->cfg.pdc, &c->cfg.nested, &c->cfg.gcr3, &c->cfg.idmap };

	cfg_defaults(amdvi_opts, &c->cfg);
	c->cfg.unit.walkers = 1 + (b & 3);
	c->cfg.unit.missq = b >> 2 & 3;
	c->cfg.unit.ports = b >> 4 & 1 ? 3 : 1;
	c->cfg.unit.slots = b >> 5 & 1 ? 2 : 0;
	for (unsigned i = 0; i < ARRAY_LEN(x); i++) {
		x[i]->entries = n;
		x[i]->ways = 0;
	}
	c->cfg.l1.entries = n && (b & 0x80) ? 2 : 0;
	c->cfg.l1.ways = 0;
	c->cfg.viommu_guests = 4;
	c->cfg.ordinary_inflight = b >> 8 & 1 ? 1 : 32;
	c->cfg.over = (b >> 9 & 3) % 3;
	c->cfg.illegal_mode_page_fault = d & 1;
	c->cfg.halt_on_timeout = d & 2;
	c->cfg.head_past_illegal = d & 4;
	c->cfg.gn0_spares_nested = d & 8;
	c->cfg.pde0_drops_gcr3 = d & 16;
	c->cfg.late_iotlb = d & 32;
	c->cfg.had_needs_control = d & 64;
	c->cfg.dte_rsvd_by_feature = d & 128;
	c->cfg.upper_bits_ignored = d & 256;
	c->cfg.unmapped = d >> 9 & 1;
	c->cfg.clear_is_invalid = d & 1024;
	c->cfg.guest_all_is_all = d & 2048;
	if ((b >> 13) == 7) /* other features: any */
		for (unsigned i = 0; i < 4; i++)
			c->cfg.efr ^= UINT64_C(1) << (chaos_take(c, 1) & 63);
	if ((b >> 13) == 6)
		c->cfg.efr2 ^= chaos_take(c, 2);
}
static inline bool chaos_open(struct chaos *c)
{
	static const struct mem_port_cfg port = { .lat_ps = 80000 };
	struct err e;

	chaos_settings(c);
	c->k = sim_kernel_create();
	c->m = mem_create(UINT64_C(1) << 40, false);
	chaos_must(c->k && c->m && mem_port_init(&c->port, &port, &e));
	c->u = amdvi_create(&c->cfg, "amdvi0", c->k, c->m, &c->port, 1, &e);
	if (!c->u)
		return false;
	c->v = amdvi_of(c->u);
	c->u->env = (struct iommu_env){ .arg = c, .ats_inv = chaos_inv };
	return true;
}
static inline void chaos_bring_up(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);
	uint64_t dual = (uint64_t)(b >> 2 & 3) << 30 | (uint64_t)(b >> 4 & 3) << 32;

	for (unsigned i = 0; i < 4; i++)
		chaos_dte(c, i);
	chaos_wr(c, AMDVI_R_DEVTAB_BASE, 8, chaos_at(P_DEVTAB));
	chaos_wr(c, AMDVI_R_CMD_BASE, 8, chaos_at(P_CMD) | UINT64_C(8) << 56);
	chaos_wr(c, AMDVI_R_EVT_BASE, 8, chaos_at(P_EVT) | UINT64_C(8) << 56);
	chaos_wr(c, AMDVI_R_EVTB_BASE, 8, chaos_at(P_EVTB) | UINT64_C(8) << 56);
	chaos_wr(c, AMDVI_R_PPR_BASE, 8, chaos_at(P_PPR) | UINT64_C(8) << 56);
	chaos_wr(c, AMDVI_R_PPRB_BASE, 8, chaos_at(P_PPRB) | UINT64_C(8) << 56);
	chaos_wr(c, AMDVI_R_CONTROL, 8, UINT64_C(0x30000001f43d) | dual | (uint64_t)(b & 1) << 46 | (b & 2 ? UINT64_C(0x1030000000000000) : 0));
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
static inline uint32_t chaos_leaves(struct amdvi *v, const struct inv_scope *s)
{
	uint32_t n = chaos_count(v->iotlb, s);

	for (unsigned i = 0; i < v->n_l1; i++)
		n += chaos_count(v->l1[i], s);
	return n;
}
/* What the invalidation has to leave empty. */
static inline void chaos_gone(struct chaos *c, unsigned op, unsigned id, uint64_t at, bool all)
{
	struct amdvi *v = c->v;
	struct inv_scope t = { .by = op == 8 ? 0 : op == 2 ? INV_RID : INV_DID | (all ? 0u : INV_RANGE), .kinds = ~0u, .range_kinds = ~0u, .rid = id, .rid_mask = ~0u,
			       .did = (uint16_t)id, .first = at, .last = at | 0xfff };
	uint32_t n = 0;

	if (op != 3)
		n += chaos_count(v->dtc, &t);
	if (op == 8)
		n += chaos_count(v->gcr3, &t);
	if (op == 3)
		t.kinds = 1u << AMDVI_K_HOST | 1u << AMDVI_K_PDC_HOST | 1u << AMDVI_K_GPA;
	if (op != 2)
		n += chaos_leaves(v, &t) + chaos_count(v->pt.nested, &t);
	for (unsigned st = 0; st < 2 && op != 2; st++)
		for (unsigned l = 1; l < PT_LEVELS; l++)
			n += chaos_count(v->pt.psc[st][l], &t);
	chaos_must(n == 0);
}
/* A buffer that runs and is at rest, and requests some steps into their walks. */
static inline void chaos_under_way(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);
	struct xl_req q = { .iova = c->recent & ~UINT64_C(0xfff), .len = 4, .rid = b & 1, .acc = XL_R };
	uint64_t ctl = amdvi_reg_get(c->v, AMDVI_R_CONTROL, 8);

	if (!c->v->on.cmd) {
		chaos_wr(c, AMDVI_R_CONTROL, 8, ctl & ~AMDVI_CT_CmdBufEn);
		chaos_wr(c, AMDVI_R_CMD_HEAD, 8, amdvi_reg_get(c->v, AMDVI_R_CMD_TAIL, 8));
		chaos_wr(c, AMDVI_R_CONTROL, 8, ctl | AMDVI_CT_CmdBufEn);
	}
	for (unsigned i = 0; i < CHAOS_EVENTS && !c->u->ops->commands_idle(c->u) && sim_run_one(c->k); i++)
		;
	for (unsigned i = 0; i < CHAOS_FLIGHTS && q.rid < 4; i++)
		if (!c->f[i].busy) {
			chaos_go(c, &c->f[i], &q);
			q.rid++;
		}
	chaos_steps(c, b >> 3);
}
/* One invalidation and COMPLETION_WAIT while walks are in progress: nothing it covers is left, and none of those walks puts it back. */
static inline void chaos_flush(struct chaos *c)
{
	static const uint8_t ops[] = { 8, 2, 3, 3 };
	unsigned b = (unsigned)chaos_take(c, 1), op = ops[b & 3], id = op == 2 ? b >> 2 & 3 : 1 + (b >> 2 & 3);
	bool all = op == 3 && (b & 1);
	uint64_t at = all ? UINT64_C(0x7ffffffffffff000) : (b & 0xc0 ? c->recent : chaos_iova(c)) & ~UINT64_C(0xfff), head;
	uint64_t before, w[4] = { (uint64_t)op << 60, op == 3 ? at | 2 | all : 0, UINT64_C(1) << 60, 0 };

	chaos_under_way(c);
	head = amdvi_reg_get(c->v, AMDVI_R_CMD_HEAD, 8);
	if (!c->v->on.iommu || !c->v->on.cmd || c->v->held || !c->u->ops->commands_idle(c->u) || chaos_may_begin(c, op == 3) ||
	    amdvi_reg_get(c->v, AMDVI_R_CMD_BASE, 8) != (chaos_at(P_CMD) | UINT64_C(8) << 56))
		return;
	w[0] |= op == 3 ? (uint64_t)id << 32 : op == 2 ? id : 0;
	for (unsigned i = 0; i < 4; i++)
		chaos_put(c, chaos_at(P_CMD) + (head + i * 8) % 4096, w[i]);
	c->slot = head / 16 + 2;
	before = c->u->st.requests;
	chaos_wr(c, AMDVI_R_CMD_TAIL, 8, c->slot % 256 * 16);
	chaos_steps(c, 1);
	for (unsigned i = 0; i < CHAOS_REST && !c->u->ops->commands_idle(c->u) && sim_run_one(c->k); i++)
		;
	/* a guest's log is written through tables, too: new walks */
	if (before == c->u->st.requests && c->v->on.cmd && amdvi_reg_get(c->v, AMDVI_R_CMD_HEAD, 8) == c->slot % 256 * 16)
		chaos_gone(c, op, id, at, all);
}
static inline void chaos_act(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

	switch (b & 31) {
	case 0:
		if (b & 0x60)
			chaos_guest(c);
		else
			chaos_mmio(c);
		break;
	case 1: chaos_put(c, chaos_page(c) + chaos_take(c, 2) % 512 * 8, chaos_take(c, 8)); break;
	case 2: chaos_put(c, chaos_page(c) + chaos_take(c, 1) % 8 * 8, chaos_page(c) | (chaos_take(c, 2) & 0xfff)); break;
	case 3: case 4: case 5: case 6: chaos_cmd(c); break;
	case 7: chaos_wr(c, AMDVI_R_CMD_TAIL, 8, c->slot % 256 * 16); break;
	case 8: chaos_other(c); break;
	case 9: chaos_serve(c); break;
	case 10: case 11: case 12: chaos_compare(c); break;
	case 13: chaos_flush(c); break;
	case 14: case 15: case 16: chaos_steps(c, 1 + (b >> 5) * 8); break;
	case 17:
		if (b >> 5 == 7)
			chaos_restore(c);
		else
			chaos_dte(c, b >> 6 & 3);
		break;
	case 18: case 19: chaos_guest(c); break;
	default: chaos_send(c, b >> 6); break;
	}
}
static inline void chaos_sum(struct xcache *x)
{
	chaos_must(!x || xc_stats_of(x)->hits + xc_stats_of(x)->misses == xc_stats_of(x)->lookups);
}
static inline bool chaos_idle(struct chaos *c)
{
	return !iommu_inflight(c->u) && c->u->ops->commands_idle(c->u);
}
/* Every device answers in full; what that lets go may send more. */
static inline void chaos_end(struct chaos *c)
{
	struct amdvi *v = c->v;

	(void)c->u->ops->mmio_read(c->u, 0, 4); /* after a restore: the engine goes on */
	for (unsigned round = 0; round < 64 && !chaos_idle(c); round++) {
		for (unsigned i = 0; i < CHAOS_REST / 64 && !chaos_idle(c) && sim_run_one(c->k); i++)
			;
		for (unsigned i = 0; i < c->n_inv && i < CHAOS_INVS; i++)
			for (unsigned n = 0; n < 8; n++)
				c->u->ops->ats_cpl(c->u, c->inv[i].rid, UINT32_C(1) << c->inv[i].itag, 1);
	}
	chaos_must(chaos_idle(c) && c->sent == c->answered && c->u->st.hits + c->u->st.misses == c->u->st.requests);
	chaos_sum(v->dtc);
	chaos_sum(v->iotlb);
	chaos_sum(v->gcr3);
	chaos_sum(v->pt.nested);
	for (unsigned i = 0; i < v->n_l1; i++)
		chaos_sum(v->l1[i]);
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
