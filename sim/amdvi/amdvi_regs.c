/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_regs.c - the MMIO registers: access rules, Control and Status, interrupts, and putting captured registers back.
 * Models: 32- and 64-bit naturally aligned accesses; other accesses read 0 and write nothing. A 64-bit register written by halves takes
 * effect per half. What the specification leaves undefined is ignored: head of a running command buffer, tail of a running log, pointers
 * beyond the buffer, bases of running buffers, length codes below 8. A second hardware event sets HEO and leaves the first one in 40h-50h
 * (our choice). An interrupt is sent when a bit of its group becomes 1, not when its enable does; a reserved InvTimeOut counts as none.
 * Does not model: the PCI configuration space (with MsiCapMmioSup = 0 and IntCapXTEn = 0 nothing can program the MSI, so none is sent);
 * several MSI messages (the MsiNum fields are 0); SNP (the completion store window acts as exclusion range). SMI filter, MARC, x2APIC,
 * performance optimisation and vIOMMU status are stored and read back. GALogRun is set although nothing writes the GA log from here.
 * Spec: 48882, "IOMMU MMIO Registers"; "Control Register", "Status Register".
 */
#include <string.h>
#include "amdvi/amdvi_regs.h"
#include "core/memo.h"

/* @val: what was written, @m: the bits that were written; the register already holds its new value, putting @old back refuses it. */
typedef void reg_hook(struct amdvi *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m);
static reg_hook hook_control, hook_base, hook_ptr, hook_latch, hook_limit, hook_hwev, hook_scratch;
#define hook_none NULL
struct reg_row {
	uint64_t reset, wr, w1c;
	reg_hook *hook;
	uint16_t off;
	uint8_t bytes, when;
};
static const struct reg_row rows[] = {
#define R(name, off, bytes, reset, wr, w1c, when, hook) { reset, wr, w1c, hook_##hook, off, bytes, AMDVI_WHEN_##when },
#include "amdvi/amdvi_regs.def"
#undef R
};
enum { /* row numbers */
#define R(name, ...) ROW_##name,
#include "amdvi/amdvi_regs.def"
#undef R
};
static const uint8_t row_at[AMDVI_REG_BYTES / 4] = { /* row + 1 of the register that begins here */
#define R(name, off, ...) [(off) / 4] = ROW_##name + 1,
#include "amdvi/amdvi_regs.def"
#undef R
};
_Static_assert(ARRAY_LEN(rows) < 255, "row_at holds row + 1 in a byte");

uint64_t amdvi_reg_get(const struct amdvi *v, uint32_t off, unsigned bytes)
{
	uint64_t w = 0;

	for (unsigned i = 0; i < bytes; i++)
		w |= (uint64_t)v->reg[off + i] << 8 * i;
	return w;
}

void amdvi_reg_put(struct amdvi *v, uint32_t off, unsigned bytes, uint64_t val)
{
	for (unsigned i = 0; i < bytes; i++)
		v->reg[off + i] = (uint8_t)(val >> 8 * i);
}

/* The register that holds the 32 bits at @off; NULL: none, or one of an absent feature. */
static const struct reg_row *row_of(const struct amdvi *v, uint32_t off)
{
	unsigned n = row_at[off / 4];

	if (!n && off % 8 == 4) {
		n = row_at[off / 4 - 1];
		if (n && rows[n - 1].bytes != 8)
			n = 0;
	}
	return n && amdvi_efr_has(amdvi_reg_get(v, AMDVI_R_EFR, 8), rows[n - 1].when) ? &rows[n - 1] : NULL;
}

void amdvi_regs_reset(struct amdvi *v)
{
	/* Absent ones too: restored features may make them present. */
	memset(v->reg, 0, sizeof v->reg);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		amdvi_reg_put(v, rows[i].off, rows[i].bytes, rows[i].reset);
	amdvi_reg_put(v, AMDVI_R_EFR, 8, v->cfg->efr);
	amdvi_reg_put(v, AMDVI_R_EFR2, 8, v->cfg->efr2);
	amdvi_caps_decode(v);
	amdvi_latch(v);
}

static bool access_ok(uint32_t off, unsigned bytes)
{
	return (bytes == 4 || bytes == 8) && off % bytes == 0;
}

static void wake(struct amdvi *v)
{
	if (UNLIKELY(v->held)) {
		v->held = false;
		amdvi_cmd_kick(v);
	}
}

uint64_t amdvi_mmio_read(struct iommu *u, uint32_t off, unsigned bytes)
{
	struct amdvi *v = amdvi_of(u);
	uint64_t w = 0;

	if (!access_ok(off, bytes))
		return 0;
	wake(v);
	if (off >= AMDVI_VFCNTL_OFF)
		return v->cap.viommu ? amdvi_viommu_read(v, off, bytes) : 0;
	if (off >= AMDVI_PC_OFF)
		return v->cap.pc && off < AMDVI_PC_END ? amdvi_pc_read(v, off, bytes) : 0;
	for (unsigned i = 0; i < bytes; i += 4) {
		const struct reg_row *r = row_of(v, off + i);

		if (r)
			w |= amdvi_reg_get(v, off + i, 4) << 8 * i;
		if (r == &rows[ROW_SCRATCH])
			amdvi_pc_count(v, 0x14, NULL, 1);
	}
	return w;
}

static void write_reg(struct amdvi *v, const struct reg_row *r, uint64_t val, uint64_t m)
{
	uint64_t old = amdvi_reg_get(v, r->off, r->bytes), new_ = (old & ~(r->wr & m)) | (val & r->wr & m);

	new_ &= ~(val & m & r->w1c);
	amdvi_reg_put(v, r->off, r->bytes, new_);
	if (r->hook)
		r->hook(v, r->off, old, val & m, m);
}

void amdvi_mmio_write(struct iommu *u, uint32_t off, unsigned bytes, uint64_t val)
{
	struct amdvi *v = amdvi_of(u);

	if (!access_ok(off, bytes))
		return;
	wake(v);
	if (off >= AMDVI_PC_OFF) {
		if (off >= AMDVI_VFCNTL_OFF && v->cap.viommu)
			amdvi_viommu_write(v, off, bytes, val);
		else if (off < AMDVI_PC_END && v->cap.pc)
			amdvi_pc_write(v, off, bytes, val);
		return;
	}
	for (unsigned i = 0; i < bytes; i += 4) {
		const struct reg_row *r = row_of(v, off + i);
		unsigned part = (off + i) & 4;

		if (!r)
			continue;
		if (r->bytes == 4) {
			write_reg(v, r, val >> 8 * i & 0xffffffff, 0xffffffff);
		} else if (bytes == 8) { /* aligned: both halves of one register */
			write_reg(v, r, val, UINT64_MAX);
			return;
		} else {
			write_reg(v, r, val << 8 * part, UINT64_C(0xffffffff) << 8 * part);
		}
	}
}

/* What runs while all enables are 1; starting it clears the overflow. */
static const struct { uint64_t en, run, overflow; } engines[] = {
	{ AMDVI_CT_IommuEn | AMDVI_CT_CmdBufEn, AMDVI_ST_CmdBufRun, 0 },
	{ AMDVI_CT_IommuEn | AMDVI_CT_EventLogEn, AMDVI_ST_EventLogRun, AMDVI_ST_EventOverflow },
	{ AMDVI_CT_IommuEn | AMDVI_CT_PPRLogEn | AMDVI_CT_PPREn, AMDVI_ST_PprLogRun, AMDVI_ST_PprOverflow },
	{ AMDVI_CT_IommuEn | AMDVI_CT_GALogEn, AMDVI_ST_GALogRun, 0 },
};

static void hook_control(struct amdvi *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	uint64_t now = amdvi_reg_get(v, off, 8) & amdvi_control_mask(v), set = 0, clear = 0, was = amdvi_reg_get(v, AMDVI_R_STATUS, 8);
	bool viommu = v->on.viommu, vcmd = v->on.vcmd;

	(void)val, (void)m;
	if (bits_get(now, AMDVI_CT_DevTblSegEn) > v->cap.seg_lg2) {
		amdvi_reg_put(v, off, 8, old);
		return;
	}
	amdvi_reg_put(v, off, 8, now);
	for (unsigned i = 0; i < ARRAY_LEN(engines); i++) {
		if ((now & engines[i].en) != engines[i].en) {
			clear |= engines[i].run;
		} else if ((old & engines[i].en) != engines[i].en) {
			set |= engines[i].run;
			clear |= engines[i].overflow;
		}
	}
	amdvi_status(v, set, clear);
	amdvi_latch(v);
	if (set & AMDVI_ST_EventLogRun)
		amdvi_log_enabled(v, true);
	if (set & AMDVI_ST_PprLogRun)
		amdvi_log_enabled(v, false);
	if (was & clear & AMDVI_ST_CmdBufRun)
		amdvi_cmd_stop(v);
	if (set & AMDVI_ST_CmdBufRun)
		amdvi_cmd_kick(v);
	if (viommu != v->on.viommu || vcmd != v->on.vcmd)
		amdvi_viommu_kick(v);
}

static void latch_tables(struct amdvi *v)
{
	struct amdvi_on *on = &v->on;

	for (unsigned s = 0; s < ARRAY_LEN(on->table); s++) {
		uint64_t r = amdvi_reg_get(v, s ? AMDVI_R_SEG1_BASE + 8 * (s - 1) : AMDVI_R_DEVTAB_BASE, 8);
		bool used = s < 1u << on->seg_lg2;

		on->table[s] = used ? r & bits_mask(51, 12) : 0;
		on->entries[s] = used ? ((uint32_t)bits_get(r, 8, 0) + 1) * 128 : 0; /* 32 bytes each */
	}
}

void amdvi_latch(struct amdvi *v)
{
	static const uint64_t timeout_ms[8] = { 0, 1, 10, 100, 1000, 10000, 100000, 0 };
	uint64_t c = amdvi_reg_get(v, AMDVI_R_CONTROL, 8), st = amdvi_reg_get(v, AMDVI_R_STATUS, 8), excl = amdvi_reg_get(v, AMDVI_R_EXCL_BASE, 8);
	unsigned to = (unsigned)bits_get(c, AMDVI_CT_InvTimeOut), seg = (unsigned)bits_get(c, AMDVI_CT_DevTblSegEn);

	v->on = (struct amdvi_on){
		.iommu = c & AMDVI_CT_IommuEn,
		.cmd = st & AMDVI_ST_CmdBufRun,
		.event = st & AMDVI_ST_EventLogRun,
		.ppr_log = st & AMDVI_ST_PprLogRun,
		.gt = c & AMDVI_CT_GTEn,
		.ppr = c & AMDVI_CT_PPREn,
		.gcr3trp = c & AMDVI_CT_GCR3TRPMode,
		.gst_buf_trp = c & AMDVI_CT_GstBufferTRPMode,
		.viommu = c & AMDVI_CT_vIommuEn,
		.vcmd = (c & AMDVI_CT_vCmdEn) && (c & AMDVI_CT_vIommuEn) && (c & AMDVI_CT_IommuEn),
		.auto_rsp = c & AMDVI_CT_PprAutoRspEn,
		.auto_rsp_aon = c & AMDVI_CT_PprAutoRspAon,
		.blkstop = c & AMDVI_CT_BlkStopMrkEn,
		.no_a = c & AMDVI_CT_GAUpdateDis,
		.no_d = c & AMDVI_CT_GDUpdateDis,
		.had = (unsigned)bits_get(c, AMDVI_CT_HADUpdate),
		.seg_lg2 = seg > 3 ? 3 : seg,
		.inv_timeout_code = to,
		.inv_timeout_ps = timeout_ms[to] * UINT64_C(1000000000),
		.excl = excl & 1,
		.excl_allow = excl & 2,
		.excl_base = excl & bits_mask(51, 12),
		.excl_limit = (amdvi_reg_get(v, AMDVI_R_EXCL_LIMIT, 8) & bits_mask(51, 12)) | 0xfff,
	};
	latch_tables(v);
	memo_forget(&v->u);
}

enum { MSG_GENERAL, MSG_PPR, MSG_GA }; /* the order of the XT registers */
static void interrupt(struct amdvi *v, unsigned which)
{
	uint64_t addr, xt;
	uint32_t data;

	if (!v->u.env.msi)
		return;
	if (amdvi_reg_get(v, AMDVI_R_CONTROL, 8) & AMDVI_CT_IntCapXTEn) {
		uint32_t dest;

		xt = amdvi_reg_get(v, AMDVI_R_XT_GEN + 8 * which, 8);
		dest = (uint32_t)(bits_get(xt, 31, 8) | bits_get(xt, 63, 56) << 24);
		addr = UINT64_C(0xfee00000) | (uint64_t)(dest & 0xff) << 12 | (uint64_t)(dest >> 8) << 40 | (xt & 4);
		data = (uint32_t)(bits_get(xt, 39, 32) | bits_get(xt, 40, 40) << 8);
	} else if (amdvi_reg_get(v, AMDVI_R_MSI_CAP, 4) & AMDVI_MSI_EN) {
		addr = amdvi_reg_get(v, AMDVI_R_MSI_ADDR_LO, 8);
		data = (uint32_t)amdvi_reg_get(v, AMDVI_R_MSI_DATA, 4);
	} else {
		return;
	}
	v->u.env.msi(v->u.env.arg, addr, data);
}

/* Bits of Status, and the register with the bit that enables their message. */
static const struct { uint64_t bits, en; uint16_t reg; uint8_t which; } groups[] = {
	{ AMDVI_ST_EventOverflow | AMDVI_ST_EventLogInt | AMDVI_ST_EventOverflowB, AMDVI_CT_EventIntEn, AMDVI_R_CONTROL, MSG_GENERAL },
	{ AMDVI_ST_ComWaitInt, AMDVI_CT_ComWaitIntEn, AMDVI_R_CONTROL, MSG_GENERAL },
	{ AMDVI_ST_PprOverflow | AMDVI_ST_PprInt | AMDVI_ST_PprOverflowB, AMDVI_CT_PPRIntEn, AMDVI_R_CONTROL, MSG_PPR },
	{ AMDVI_ST_PprOverflowEarly, AMDVI_EARLY_IntEn, AMDVI_R_EARLY, MSG_PPR },
	{ AMDVI_ST_PprOverflowEarlyB, AMDVI_EARLY_IntEn, AMDVI_R_EARLYB, MSG_PPR },
	{ AMDVI_ST_GALOverflow | AMDVI_ST_GAInt, AMDVI_CT_GAIntEn, AMDVI_R_CONTROL, MSG_GA },
};

void amdvi_status(struct amdvi *v, uint32_t set, uint32_t clear)
{
	uint64_t old = amdvi_reg_get(v, AMDVI_R_STATUS, 8), now = (old & ~(uint64_t)clear) | set, up = now & ~old;

	amdvi_reg_put(v, AMDVI_R_STATUS, 8, now);
	v->on.cmd = now & AMDVI_ST_CmdBufRun;
	v->on.event = now & AMDVI_ST_EventLogRun;
	v->on.ppr_log = now & AMDVI_ST_PprLogRun;
	for (unsigned i = 0; i < ARRAY_LEN(groups); i++)
		if ((up & groups[i].bits) && (amdvi_reg_get(v, groups[i].reg, 8) & groups[i].en))
			interrupt(v, groups[i].which);
}

void amdvi_hw_event(struct amdvi *v, const uint64_t rec[2])
{
	uint64_t st = amdvi_reg_get(v, AMDVI_R_HWEV_STATUS, 8);

	if (!v->cap.he)
		return;
	if (st & AMDVI_HWEV_HEV) {
		amdvi_reg_put(v, AMDVI_R_HWEV_STATUS, 8, st | AMDVI_HWEV_HEO);
		return;
	}
	amdvi_reg_put(v, AMDVI_R_HWEV_UPPER, 8, rec[0]);
	amdvi_reg_put(v, AMDVI_R_HWEV_LOWER, 8, rec[1]);
	amdvi_reg_put(v, AMDVI_R_HWEV_STATUS, 8, st | AMDVI_HWEV_HEV);
}

/* Command buffer and logs; `locked` is the pointer that hardware moves while it runs. */
static const struct buf { uint64_t run; uint16_t base, head, tail, locked; } bufs[] = {
	{ AMDVI_ST_CmdBufRun, AMDVI_R_CMD_BASE, AMDVI_R_CMD_HEAD, AMDVI_R_CMD_TAIL, AMDVI_R_CMD_HEAD },
	{ AMDVI_ST_EventLogRun, AMDVI_R_EVT_BASE, AMDVI_R_EVT_HEAD, AMDVI_R_EVT_TAIL, AMDVI_R_EVT_TAIL },
	{ AMDVI_ST_EventLogRun, AMDVI_R_EVTB_BASE, AMDVI_R_EVTB_HEAD, AMDVI_R_EVTB_TAIL, AMDVI_R_EVTB_TAIL },
	{ AMDVI_ST_PprLogRun, AMDVI_R_PPR_BASE, AMDVI_R_PPR_HEAD, AMDVI_R_PPR_TAIL, AMDVI_R_PPR_TAIL },
	{ AMDVI_ST_PprLogRun, AMDVI_R_PPRB_BASE, AMDVI_R_PPRB_HEAD, AMDVI_R_PPRB_TAIL, AMDVI_R_PPRB_TAIL },
	{ AMDVI_ST_GALogRun, AMDVI_R_GA_BASE, AMDVI_R_GA_HEAD, AMDVI_R_GA_TAIL, AMDVI_R_GA_TAIL },
};

static const struct buf *buf_of(uint32_t off)
{
	const struct buf *b = bufs;

	while (b->base != off && b->head != off && b->tail != off)
		b++;
	return b;
}

static void hook_base(struct amdvi *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	const struct buf *b = buf_of(off);

	(void)val, (void)m;
	if ((amdvi_reg_get(v, AMDVI_R_STATUS, 8) & b->run) || bits_get(amdvi_reg_get(v, off, 8), AMDVI_BASE_LEN) < 8) {
		amdvi_reg_put(v, off, 8, old);
		return;
	}
	amdvi_reg_put(v, b->head, 8, 0);
	amdvi_reg_put(v, b->tail, 8, 0);
}

static void hook_ptr(struct amdvi *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	const struct buf *b = buf_of(off);

	(void)val;
	if ((off == b->locked && (amdvi_reg_get(v, AMDVI_R_STATUS, 8) & b->run)) ||
	    amdvi_reg_get(v, off, 8) >= amdvi_buf_bytes(amdvi_reg_get(v, b->base, 8)))
		amdvi_reg_put(v, off, 8, old);
	else if (off == AMDVI_R_CMD_TAIL && (m & 0xffffffff))
		amdvi_cmd_kick(v);
}

static void hook_latch(struct amdvi *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)off, (void)old, (void)val, (void)m;
	amdvi_latch(v);
}

static void hook_limit(struct amdvi *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)old, (void)val, (void)m;
	amdvi_reg_put(v, off, 8, amdvi_reg_get(v, off, 8) | 0xfff);
	amdvi_latch(v);
}

static void hook_hwev(struct amdvi *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)val, (void)m;
	if (!(old & AMDVI_HWEV_HEV))
		amdvi_reg_put(v, off, 8, old);
}

static void hook_scratch(struct amdvi *v, uint32_t off, uint64_t old, uint64_t val, uint64_t m)
{
	(void)off, (void)old, (void)val, (void)m;
	amdvi_pc_count(v, 0x14, NULL, 1);
}

bool amdvi_is_tail(const struct iommu *u, uint32_t off)
{
	(void)u;
	if (off >= AMDVI_VF_OFF)
		return (off & 0xff8) == (AMDVI_R_CMD_TAIL & 0xfff);
	return (off & ~UINT32_C(7)) == AMDVI_R_CMD_TAIL;
}

static bool touches(uint32_t off, unsigned bytes, uint32_t reg)
{
	return off < reg + 8 && reg < off + bytes;
}

/* Control says what runs; a Status restored after it has the last word (a command buffer that an error stopped). */
bool amdvi_restore(struct iommu *u, uint32_t off, unsigned bytes, uint64_t val, struct err *e)
{
	struct amdvi *v = amdvi_of(u);

	if (!access_ok(off, bytes) || off >= AMDVI_REG_BYTES)
		return err_set(e, ERR_INPUT, "%s: %u bytes at 0x%x are not a 32- or 64-bit aligned register below 0x%x (no counters, no guests)", u->name,
			        bytes, off, (unsigned)AMDVI_REG_BYTES);
	amdvi_reg_put(v, off, bytes, val);
	if (touches(off, bytes, AMDVI_R_EFR) || touches(off, bytes, AMDVI_R_EFR2))
		amdvi_caps_decode(v);
	if (touches(off, bytes, AMDVI_R_CONTROL)) {
		uint64_t c = amdvi_reg_get(v, AMDVI_R_CONTROL, 8), st = amdvi_reg_get(v, AMDVI_R_STATUS, 8);

		for (unsigned i = 0; i < ARRAY_LEN(engines); i++)
			st = (c & engines[i].en) == engines[i].en ? st | engines[i].run : st & ~engines[i].run;
		amdvi_reg_put(v, AMDVI_R_STATUS, 8, st);
	}
	amdvi_latch(v);
	v->held = v->on.cmd;
	return true;
}
