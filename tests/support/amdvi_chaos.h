/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_chaos.h - any bytes as a hostile host and hostile guests of one AMD-Vi unit: registers, counters, VF and VFCntl windows, feature
 * registers, device table, host and guest tables, rings, requests, completions, page requests and restored registers, at any moment. What
 * is checked: chaos.h, and that an invalidation leaves nothing that it covers.
 */
#ifndef IOMMUSIM_AMDVI_CHAOS_H
#define IOMMUSIM_AMDVI_CHAOS_H
#include "amdvi/amdvi_int.h"
#include "amdvi/amdvi_regs.h"

enum { P_DEVTAB, P_GCR3, P_CMD, P_EVT, P_EVTB, P_PPR, P_PPRB, P_GRING, P_TABLES, CHAOS_LINKED = 24, CHAOS_PAGES = P_TABLES + CHAOS_LINKED };
enum { CHAOS_PASID_MASK = 0xc080, CHAOS_AT_MASK = 0x2000, CHAOS_TIMES_OUT = 0 };
struct chaos_arch {
	struct amdvi *v;
	struct amdvi_cfg cfg;
	uint64_t slot, gslot;
};
#include "chaos.h"

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
			if (w % 16 != (flip & 15) || level == 1)
				; /* a table or a page of 4 KiB */
			else if (flip & 0x80) /* a large page of the guest's */
				e |= 0x80;
			else if (flip & 0x40) /* one of the host's */
				e |= 0xe00 | (uint64_t)(bits & 0x3f) << 12;
			else /* a skipped level */
				e &= ~UINT64_C(0xc00);
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
	uint64_t w0 = 3 | mode << 9 | chaos_linked(d, mode ? (unsigned)(mode - 1) % 4 + 1 : 1) |
		      (uint64_t)(b >> 4 & 7 ? 3 : b >> 6 & 3) << 61;
	uint64_t w1 = 1 + (d >> 4 & 3), w3 = 0;

	if (b & 0x100) /* GV, and GIoV now and then */
		w0 |= UINT64_C(1) << 55 | (uint64_t)(b >> 9 & 1) << 54 | (uint64_t)(d >> 6 & 1) << 56 | bits_get(gcr3, 14, 12) << 58;
	w0 |= (uint64_t)(b >> 10 & 1 ? b >> 11 & 3 : 0) << 7 | (uint64_t)(d >> 7 & 3) << 52;
	w1 |= bits_get(gcr3, 30, 15) << 16 | bits_get(gcr3, 51, 31) << 43;
	w1 |= (uint64_t)(d >> 9 & 1) << 32 | (uint64_t)(d >> 10 & 1) << 33 | (uint64_t)(d >> 11 & d >> 12 & 1) << 34 |
	      (uint64_t)(d >> 13 & 1) << 39;
	if ((d >> 14 & 3) == 3) /* a guest's */
		w3 = 0x8000 | i << 16 | (uint64_t)(i & 3) << 32;
	chaos_put(c, at, w0);
	chaos_put(c, at + 8, w1);
	chaos_put(c, at + 16, (uint64_t)(b >> 13 & 1) << 54);
	chaos_put(c, at + 24, w3);
}
static inline uint32_t chaos_off(struct chaos *c)
{
	static const uint32_t regs[] = { 0x0,    0x8,    0x10,   0x18,   0x18,   0x20,   0x28,   0x38,   0xf0,   0xf8,   0x2000,
					 0x2008, 0x2010, 0x2018, 0x2020, 0x2030, 0x2038, 0x2050, 0x2058, 0x2070, 0x2080, 0x2088 };
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
		v = b & 0x80 ? UINT64_C(0x30000001f43d) : amdvi_reg_get(c->a.v, off, 8) ^ (UINT64_C(1) << (v >> 4 & 63));
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
	uint64_t w[2], at = chaos_at(P_CMD) + c->a.slot % 256 * 16;

	chaos_cmd_words(c, w);
	chaos_put(c, at, w[0]);
	chaos_put(c, at + 8, w[1]);
	c->a.slot++;
	if (chaos_take(c, 1) & 1)
		chaos_wr(c, AMDVI_R_CMD_TAIL, 8, c->a.slot % 256 * 16);
}
/* The rings of guests: guest-physical or private addresses lead, by the linked tables, anywhere; so every page gets the command. */
static inline void chaos_guest(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1), g = b & 3;
	unsigned slot = (unsigned)(32 + c->a.gslot % 192) * 16; /* behind the entries that requests use */
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
		c->a.gslot += b >> 6 ? 1 : 0;
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
		v = (off < AMDVI_REG_BYTES ? amdvi_reg_get(c->a.v, off & ~7u, 8) : 0) ^ (UINT64_C(1) << (v & 63));
	(void)c->u->ops->restore(c->u, off, b & 2 ? 4 : 8, v, &e);
}
static inline void chaos_serve(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 1);

	if (b & 1)
		chaos_wr(c, AMDVI_R_EVT_HEAD, 8, amdvi_reg_get(c->a.v, AMDVI_R_EVT_TAIL, 8));
	if (b & 2)
		chaos_wr(c, AMDVI_R_PPR_HEAD, 8, amdvi_reg_get(c->a.v, AMDVI_R_PPR_TAIL, 8));
	if (b & 4)
		chaos_wr(c, AMDVI_R_STATUS, 8, UINT64_MAX);
	if (b & 8) { /* the refused command becomes an empty COMPLETION_WAIT, and the buffer runs again */
		uint64_t ctl = amdvi_reg_get(c->a.v, AMDVI_R_CONTROL, 8);

		chaos_put(c, chaos_at(P_CMD) + (amdvi_reg_get(c->a.v, AMDVI_R_CMD_HEAD, 8) & 0xff0), UINT64_C(1) << 60);
		chaos_wr(c, AMDVI_R_CONTROL, 8, ctl & ~AMDVI_CT_CmdBufEn);
		chaos_wr(c, AMDVI_R_CONTROL, 8, ctl | AMDVI_CT_CmdBufEn);
	}
}
static inline void chaos_settings(struct chaos *c)
{
	unsigned b = (unsigned)chaos_take(c, 2), d = (unsigned)chaos_take(c, 2), n = b >> 6 & 1 ? 4 : 0;
	struct xc_cfg *const x[] = { &c->a.cfg.iotlb, &c->a.cfg.dtc, &c->a.cfg.pdc, &c->a.cfg.nested, &c->a.cfg.gcr3, &c->a.cfg.idmap };

	cfg_defaults(amdvi_opts, &c->a.cfg);
	c->a.cfg.unit.walkers = 1 + (b & 3);
	c->a.cfg.unit.missq = b >> 2 & 3;
	c->a.cfg.unit.ports = b >> 4 & 1 ? 3 : 1;
	c->a.cfg.unit.slots = b >> 5 & 1 ? 2 : 0;
	chaos_entries(x, ARRAY_LEN(x), n);
	c->a.cfg.l1.entries = n && (b & 0x80) ? 2 : 0;
	c->a.cfg.l1.ways = 0;
	c->a.cfg.viommu_guests = 4;
	c->a.cfg.ordinary_inflight = b >> 8 & 1 ? 1 : 32;
	c->a.cfg.over = (b >> 9 & 3) % 3;
	c->a.cfg.illegal_mode_page_fault = d & 1;
	c->a.cfg.halt_on_timeout = d & 2;
	c->a.cfg.head_past_illegal = d & 4;
	c->a.cfg.gn0_spares_nested = d & 8;
	c->a.cfg.pde0_drops_gcr3 = d & 16;
	c->a.cfg.late_iotlb = d & 32;
	c->a.cfg.had_needs_control = d & 64;
	c->a.cfg.dte_rsvd_by_feature = d & 128;
	c->a.cfg.upper_bits_ignored = d & 256;
	c->a.cfg.unmapped = d >> 9 & 1;
	c->a.cfg.clear_is_invalid = d & 1024;
	c->a.cfg.guest_all_is_all = d & 2048;
	if ((b >> 13) == 7) /* other features: any */
		for (unsigned i = 0; i < 4; i++)
			c->a.cfg.efr ^= UINT64_C(1) << (chaos_take(c, 1) & 63);
	if ((b >> 13) == 6)
		c->a.cfg.efr2 ^= chaos_take(c, 2);
}
static inline struct iommu *chaos_create(struct chaos *c, struct err *e)
{
	struct iommu *u = amdvi_create(&c->a.cfg, "amdvi0", c->k, c->m, &c->port, 1, e);

	c->a.v = amdvi_of(u);
	return u;
}
static inline bool chaos_cached(const struct chaos *c)
{
	return c->a.cfg.iotlb.entries;
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
	chaos_wr(c, AMDVI_R_CONTROL, 8,
		 UINT64_C(0x30000001f43d) | dual | (uint64_t)(b & 1) << 46 | (b & 2 ? UINT64_C(0x1030000000000000) : 0));
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
	struct amdvi *v = c->a.v;
	struct inv_scope t = { .by = op == 8 ? 0 : op == 2 ? INV_RID : INV_DID | (all ? 0u : INV_RANGE), .kinds = ~0u, .range_kinds = ~0u,
			       .rid = id, .rid_mask = ~0u, .did = (uint16_t)id, .first = at, .last = at | 0xfff };
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
	uint64_t ctl = amdvi_reg_get(c->a.v, AMDVI_R_CONTROL, 8);

	if (!c->a.v->on.cmd) {
		chaos_wr(c, AMDVI_R_CONTROL, 8, ctl & ~AMDVI_CT_CmdBufEn);
		chaos_wr(c, AMDVI_R_CMD_HEAD, 8, amdvi_reg_get(c->a.v, AMDVI_R_CMD_TAIL, 8));
		chaos_wr(c, AMDVI_R_CONTROL, 8, ctl | AMDVI_CT_CmdBufEn);
	}
	chaos_commands(c, CHAOS_EVENTS);
	chaos_walks(c, b & 1, 3, b >> 3);
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
	head = amdvi_reg_get(c->a.v, AMDVI_R_CMD_HEAD, 8);
	if (!c->a.v->on.iommu || !c->a.v->on.cmd || c->a.v->held || !c->u->ops->commands_idle(c->u) || chaos_may_begin(c, op == 3) ||
	    amdvi_reg_get(c->a.v, AMDVI_R_CMD_BASE, 8) != (chaos_at(P_CMD) | UINT64_C(8) << 56))
		return;
	w[0] |= op == 3 ? (uint64_t)id << 32 : op == 2 ? id : 0;
	for (unsigned i = 0; i < 4; i++)
		chaos_put(c, chaos_at(P_CMD) + (head + i * 8) % 4096, w[i]);
	c->a.slot = head / 16 + 2;
	before = c->u->st.requests;
	chaos_wr(c, AMDVI_R_CMD_TAIL, 8, c->a.slot % 256 * 16);
	chaos_steps(c, 1);
	chaos_commands(c, CHAOS_REST);
	/* a guest's log is written through tables, too: new walks */
	if (before == c->u->st.requests && c->a.v->on.cmd && amdvi_reg_get(c->a.v, AMDVI_R_CMD_HEAD, 8) == c->a.slot % 256 * 16)
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
	case 7: chaos_wr(c, AMDVI_R_CMD_TAIL, 8, c->a.slot % 256 * 16); break;
	case 9: chaos_serve(c); break;
	case 13: chaos_flush(c); break;
	case 17:
		if (b >> 5 == 7)
			chaos_restore(c);
		else
			chaos_dte(c, b >> 6 & 3);
		break;
	case 18: case 19: chaos_guest(c); break;
	default: chaos_do(c, b & 31, b); break;
	}
}
static inline void chaos_end(struct chaos *c)
{
	struct amdvi *v = c->a.v;
	struct xcache *const x[] = { v->dtc, v->iotlb, v->gcr3 };

	chaos_sum(x, ARRAY_LEN(x));
	chaos_sum(v->l1, v->n_l1);
	chaos_sum_pt(&v->pt);
}
#endif
