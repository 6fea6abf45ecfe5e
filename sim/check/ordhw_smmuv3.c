/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_smmuv3.c - SMMUv3 for ordhw.h: stream and context descriptors, commands of the main queue, registers.
 * A context descriptor carries the VMID of the stream that leads to it. Substream 0 of a stream without substreams is told without PASID.
 * Does not model: ECMDQ and VCMDQ, TTB1, Secure and EL3 commands (not in the table below: nothing is told of them), GBPA.
 * Spec: Arm IHI 0070, "Commands", "Stream Table Entry", "Context Descriptor".
 */
#include "check/ordhw_int.h"
#include "core/base/bits.h"
#include "smmuv3/smmuv3.h"
#include "smmuv3/smmuv3_fields.h"
#include "smmuv3/smmuv3_int.h"

enum { CR0_OFF = 0x20, CMDQ_BASE_OFF = 0x90, CMDQ_PROD_OFF = 0x98, CMDQ_CONS_OFF = 0x9c, AIDR_OFF = 0x1c };
enum { AIDR = 7 }; /* of ordhw.reg; 0 to 6 are IDR0 to IDR6, 4 the base of the queue (IDR4 is not needed) */
enum { BASE = 4 };
enum { NH, EL2, WORLDS }; /* of ordhw.form */
enum { ABORT = 0, BYPASS = 4, S1 = 5, S2 = 6, NESTED = 7 };

static struct smmuv3_caps caps(const struct ordhw *h)
{
	struct smmuv3_caps c;

	smmuv3_caps_of(&c, h->reg, h->reg[AIDR]);
	return c;
}
static uint32_t world(struct ordhw *h, unsigned w)
{
	static const char *const name[WORLDS] = { "nh", "el2" };

	if (!h->form[w])
		h->form[w] = ordhw_name(h, name[w]);
	return h->form[w];
}

/* ---- entries ---- */

static void stream_entry(struct ordhw *h, const uint64_t *w, struct ordhw_cfg *c)
{
	static const uint8_t type[8] = { [BYPASS] = ORD_T_PT, [S1] = ORD_T_S1, [S2] = ORD_T_S2, [NESTED] = ORD_T_NESTED };
	unsigned config = (unsigned)smmuv3_get_ste_Config(w);

	c->valid = smmuv3_get_ste_V(w) && config >= BYPASS;
	c->type = type[config];
	c->leaf = config == BYPASS || config >= S2;
	if (config == S1 || config == NESTED)
		c->tbl = smmuv3_get_ste_S1ContextPtr(w) << 6;
	if (config >= S1)
		ordhw_key(c, ORD_KEY_VMID, smmuv3_get_ste_S2VMID(w));
	if (config >= S2)
		c->root = smmuv3_get_ste_S2TTB(w) << 4;
	if (config == S1)
		ordhw_key(c, ORD_KEY_WORLD, world(h, smmuv3_get_ste_STRW(w) == 2 ? EL2 : NH));
	ordhw_key(c, ORD_KEY_EATS, smmuv3_get_ste_EATS(w));
	if (smmuv3_get_ste_EATS(w))
		ordhw_key(c, ORD_KEY_ATS, 1);
}
/* The stream that leads to the descriptor: its words; false: not known. */
static bool stream_of(struct ordhw *h, uint32_t sid, uint64_t w[8])
{
	uint64_t pa = lift_place(h->l, LIFT_STE, sid);

	return pa && mem_read(lift_mem(h->l), pa, w, 8) == MEM_OK;
}
static void context_entry(struct ordhw *h, const uint64_t *w, struct ordhw_cfg *c)
{
	uint64_t ste[8];

	c->valid = smmuv3_get_cd_V(w) && !smmuv3_get_cd_EPD0(w);
	c->leaf = true;
	c->type = ORD_T_S1;
	c->root = smmuv3_get_cd_TTB0(w) << 4;
	ordhw_key(c, ORD_KEY_ASID, smmuv3_get_cd_ASID(w));
	if (!stream_of(h, c->rid, ste))
		return;
	if (smmuv3_get_ste_STRW(ste) != 2)
		ordhw_key(c, ORD_KEY_VMID, smmuv3_get_ste_S2VMID(ste));
	ordhw_key(c, ORD_KEY_WORLD, world(h, smmuv3_get_ste_STRW(ste) == 2 ? EL2 : NH));
	if (smmuv3_get_ste_Config(ste) == NESTED)
		c->type = ORD_T_NESTED;
	if (smmuv3_get_ste_EATS(ste))
		ordhw_key(c, ORD_KEY_ATS, 1);
	if (!smmuv3_get_ste_S1CDMax(ste))
		c->pasid = ORD_NONE;
}
static void cfg(struct ordhw *h, const struct lift_upper *u, uint32_t i, const uint64_t *w, struct ordhw_cfg *c)
{
	(void)i;
	switch (u->kind) {
	case LIFT_L1STD:
		c->valid = smmuv3_get_l1std_Span(w);
		c->tbl = smmuv3_get_l1std_L2Ptr(w) << 6;
		return;
	case LIFT_STE: stream_entry(h, w, c); return;
	case LIFT_L1CD:
		c->valid = smmuv3_get_l1cd_V(w);
		c->tbl = smmuv3_get_l1cd_L2Ptr(w) << 12;
		return;
	case LIFT_CD: context_entry(h, w, c); return;
	}
}
static uint32_t used(const struct lift_upper *u, const uint64_t *w)
{
	static const uint8_t ste[8] = { 1, 1, 1, 1, [BYPASS] = 3, [S1] = 7, [S2] = 0xf, [NESTED] = 0xf };

	if (u->kind == LIFT_STE)
		return smmuv3_get_ste_V(w) ? ste[smmuv3_get_ste_Config(w)] : 1;
	if (u->kind == LIFT_CD) /* word 2 is the other table, words 3 and 4 the memory attributes */
		return !smmuv3_get_cd_V(w) ? 1 : (smmuv3_get_cd_EPD0(w) ? 1 : 0x1b) | (smmuv3_get_cd_EPD1(w) ? 0 : 0x1c);
	return 1;
}
static bool attached(struct ordhw *h, const struct lift_att *a, struct ordhw_cfg *c)
{
	uint64_t ste[8];

	c->kind = a->type == LIFT_FS ? ORD_K_CD : ORD_K_STE;
	c->type = a->type == LIFT_FS ? ORD_T_S1 : a->type == LIFT_SS ? ORD_T_S2 : a->type == LIFT_PT ? ORD_T_PT : ORD_T_NESTED;
	if (!stream_of(h, c->rid, ste))
		return false;
	if (smmuv3_get_ste_EATS(ste))
		ordhw_key(c, ORD_KEY_ATS, 1);
	if (a->type == LIFT_PT)
		return smmuv3_get_ste_Config(ste) == BYPASS;
	if (smmuv3_get_ste_STRW(ste) != 2 || c->kind == ORD_K_STE)
		ordhw_key(c, ORD_KEY_VMID, smmuv3_get_ste_S2VMID(ste));
	if (c->kind == ORD_K_STE) {
		ordhw_key(c, ORD_KEY_EATS, smmuv3_get_ste_EATS(ste));
		return true;
	}
	ordhw_key(c, ORD_KEY_ASID, a->t.did & 0xffff);
	ordhw_key(c, ORD_KEY_WORLD, world(h, smmuv3_get_ste_STRW(ste) == 2 ? EL2 : NH));
	if (c->pasid == ORD_NONE && smmuv3_get_ste_S1CDMax(ste))
		c->pasid = 0;
	return true;
}

/* ---- commands ---- */

static const struct smmuv3_cfg defaults = { .atc_size_ill = true };
enum what { OTHER, C_STE, C_STE_RANGE, C_CD, C_CD_ALL, T_TLBI, C_ATC, C_PRI, C_RESUME, C_TERM, C_SYNC };
enum { VMID = 1, ASID = 2, ADDR = 4, STAGE1 = 8, STAGE2 = 16, WORLD2 = 32, IN_NH = 64 };
static const struct { uint8_t op, what, how; } cmds[] = {
	{ 0x03, C_STE, 0 }, { 0x04, C_STE_RANGE, 0 }, { 0x05, C_CD, 0 }, { 0x06, C_CD_ALL, 0 }, { 0x10, T_TLBI, VMID | STAGE1 | IN_NH },
	{ 0x11, T_TLBI, VMID | ASID | STAGE1 | IN_NH }, { 0x12, T_TLBI, VMID | ASID | ADDR | STAGE1 | IN_NH },
	{ 0x13, T_TLBI, VMID | ADDR | STAGE1 | IN_NH }, { 0x20, T_TLBI, STAGE1 | WORLD2 }, { 0x21, T_TLBI, ASID | STAGE1 | WORLD2 },
	{ 0x22, T_TLBI, ASID | ADDR | STAGE1 | WORLD2 }, { 0x23, T_TLBI, ADDR | STAGE1 | WORLD2 }, { 0x28, T_TLBI, VMID },
	{ 0x2a, T_TLBI, VMID | ADDR | STAGE2 }, { 0x30, T_TLBI, 0 }, { 0x40, C_ATC, 0 }, { 0x41, C_PRI, 0 }, { 0x44, C_RESUME, 0 },
	{ 0x45, C_TERM, 0 }, { 0x46, C_SYNC, 0 },
};

/* An illegal command that would be legal without range: one granule and no level. */
static bool range_is_why(const struct smmuv3_caps *c, const uint64_t *w)
{
	const uint64_t plain[2] = { w[0], w[1] & ~bits_mask(11, 10) };

	return smmuv3_cmd_legal(c, &defaults, plain);
}
static void tlbi(struct ordhw *h, const struct smmuv3_caps *c, const uint64_t *w, unsigned how, struct ord_ev *e)
{
	struct smmuv3_tlbi t = { 0 };

	e->op = ORD_TLBINV;
	if (how & VMID)
		ord_put(e, ORD_KEY_VMID, bits_get(w[0], 47, 32));
	if (how & ASID)
		ord_put(e, ORD_KEY_ASID, bits_get(w[0], 63, 48));
	e->flags |= (how & STAGE1 ? ORD_F(S1) : 0) | (how & STAGE2 ? ORD_F(S2) : 0);
	if (how & (WORLD2 | IN_NH))
		ord_put(e, ORD_KEY_WORLD, world(h, how & WORLD2 ? EL2 : NH));
	if (how & ADDR && e->flags & ORD_F(ILLEGAL) && range_is_why(c, w)) {
		/* told by its fields, which are no combination; a level that the granule does not have is none */
		e->flags &= ~ORD_F(ILLEGAL);
		ord_put(e, ORD_KEY_BASE, w[1] & bits_mask(63, 12));
		ord_put(e, ORD_KEY_TG, bits_get(w[1], 11, 10));
		ord_put(e, ORD_KEY_TTL, 0);
	} else if (how & ADDR) {
		smmuv3_cmd_range(c, w, &t);
		ordhw_range(e, t.first, t.last);
		e->flags |= t.leaf ? ORD_F(LEAF) : 0;
	}
	ordhw_emit(h, e);
}
static void config_inv(struct ordhw *h, const uint64_t *w, unsigned what, struct ord_ev *e)
{
	uint32_t sid = (uint32_t)(w[0] >> 32), ssid = (uint32_t)bits_get(w[0], 31, 12);
	unsigned range = (unsigned)bits_get(w[1], 4, 0);
	uint64_t ste[8];

	e->op = ORD_CFGINV;
	e->kind = what == C_STE ? ORD_K_STE : what == C_STE_RANGE ? ORD_K_ALL : ORD_K_CD;
	e->flags |= (what == C_STE || what == C_CD) && w[1] & 1 ? ORD_F(LEAF) : 0;
	if (what != C_STE_RANGE || range == 31) {
		if (what == C_CD && !ssid && stream_of(h, sid, ste) && !smmuv3_get_ste_S1CDMax(ste))
			ssid = ORD_NONE;
		if (what != C_STE_RANGE)
			ordhw_rid(e, sid, what == C_CD ? ssid : ORD_NONE);
		ordhw_emit(h, e);
		return;
	}
	e->kind = ORD_K_STE;
	range = range < 16 ? range : 15; /* more streams than requester ids */
	for (uint32_t i = 0; i < 2u << range; i++) {
		ordhw_rid(e, (sid & ~(uint32_t)low_mask(range + 1)) + i, ORD_NONE);
		ordhw_emit(h, e);
	}
}
static void response(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	static const char *const code[] = { "failure", "invalid", "success", "reserved" };
	bool ssv = w[0] >> 11 & 1;

	e->op = ORD_PRSP;
	ordhw_rid(e, (uint32_t)(w[0] >> 32), ssv ? (uint32_t)bits_get(w[0], 31, 12) : ORD_NONE);
	e->num = smmuv3_get_cmd_pri_resp_PRGIndex(w);
	e->name = ordhw_name(h, code[smmuv3_get_cmd_pri_resp_Resp(w)]);
	e->have |= ORD_P_NUM | ORD_P_NAME;
	ordhw_emit(h, e);
}
static void device_inv(struct ordhw *h, const uint64_t *w, struct ord_ev *e)
{
	bool ssv = w[0] >> 11 & 1, global = ssv && smmuv3_get_cmd_atc_inv_Global(w);
	unsigned size = (unsigned)smmuv3_get_cmd_atc_inv_Size(w);

	e->op = ORD_ATCINV;
	ordhw_rid(e, (uint32_t)(w[0] >> 32), ssv && !global ? (uint32_t)bits_get(w[0], 31, 12) : ORD_NONE);
	e->flags |= global ? ORD_F(GLOBAL) : 0;
	ordhw_pages(e, w[1] & ~UINT64_C(0xfff), size > 51 ? 64 : 12 + size);
	ordhw_emit(h, e);
}
static void rest(struct ordhw *h, const uint64_t *w, unsigned what, struct ord_ev *e)
{
	switch (what) {
	case C_ATC: device_inv(h, w, e); return;
	case C_PRI: response(h, w, e); return;
	case C_RESUME:
	case C_TERM:
		if (what == C_TERM)
			return; /* names no single transaction */
		e->op = ORD_RESUME;
		ordhw_rid(e, (uint32_t)(w[0] >> 32), ORD_NONE);
		e->num = smmuv3_get_cmd_resume_STAG(w);
		e->have |= ORD_P_NUM;
		ordhw_emit(h, e);
		return;
	case C_SYNC:
		e->op = ORD_WAIT;
		if (smmuv3_get_cmd_sync_MSIAddress(w) && smmuv3_get_cmd_sync_CS(w) == 1) {
			ord_put(e, ORD_KEY_ADDR, smmuv3_get_cmd_sync_MSIAddress(w) << 2);
			ord_put(e, ORD_KEY_VAL, smmuv3_get_cmd_sync_MSIData(w));
		}
		ordhw_wait(h, e);
	}
}
static void command(struct ordhw *h, const uint64_t *w, unsigned n, struct ord_ev *e)
{
	struct smmuv3_caps c = caps(h);
	uint64_t d[2] = { w[0], n > 1 ? w[1] : 0 };
	size_t i = 0;

	/* No registers to ask: an implementation with every feature, which refuses what any would. */
	if (!h->reg[0])
		c.s1p = c.s2p = c.hyp = c.ats = c.pri = c.mpam = c.dpt = c.ril = c.ds = true;
	ordhw_new(h, e, ORD_OPS_N);
	if (!smmuv3_cmd_legal(&c, &defaults, d)) {
		e->flags |= ORD_F(ILLEGAL);
		h->sum.illegal++;
	}
	while (i < ARRAY_LEN(cmds) && cmds[i].op != (d[0] & 0xff))
		i++;
	if (i == ARRAY_LEN(cmds))
		return;
	switch (cmds[i].what) {
	case T_TLBI: tlbi(h, &c, d, cmds[i].how, e); return;
	case C_STE:
	case C_STE_RANGE:
	case C_CD:
	case C_CD_ALL: config_inv(h, d, cmds[i].what, e); return;
	default: rest(h, d, cmds[i].what, e);
	}
}

/* ---- registers ---- */

static void reg(struct ordhw *h, uint32_t off, unsigned bytes, uint64_t val, bool state)
{
	unsigned lg2;

	(void)state;
	if (off < 0x1c && off != 0x10)
		h->reg[off / 4] = val;
	if (off == AIDR_OFF)
		h->reg[AIDR] = val;
	if ((off & ~4u) == CMDQ_BASE_OFF)
		h->reg[BASE] = bytes == 8 ? val : off & 4 ? bits_put(h->reg[BASE], 63, 32, val) : bits_put(h->reg[BASE], 31, 0, val);
	lg2 = (unsigned)bits_get(h->reg[BASE], 4, 0);
	h->ring = h->reg[BASE] & bits_mask(55, 5) & ~low_mask(lg2 + 4);
	h->ring_bytes = h->ring ? UINT64_C(16) << (lg2 > 19 ? 19 : lg2) : 0;
	h->slot_lg2 = 4;
	if (off == CR0_OFF)
		ordhw_te(h, val & 1);
}
static void knobs(const struct ordhw *h, struct ord_knobs *k)
{
	struct smmuv3_caps c = caps(h);

	if (!h->reg[0])
		return;
	k->bbm_level = c.bbml;
	k->smmu_range_inv = c.ril;
}
const struct ordhw_arch ordhw_smmuv3 = {
	.name = "smmuv3", .arch = ORD_SMMUV3, .cfg = cfg, .used = used, .attached = attached, .command = command, .reg = reg, .knobs = knobs,
	.tail = CMDQ_PROD_OFF, .head = CMDQ_CONS_OFF, .by_slot = true
};
