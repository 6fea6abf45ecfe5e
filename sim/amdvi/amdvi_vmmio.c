/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_vmmio.c - the two windows of the hardware vIOMMU: VFCntl, 64 bytes per guest, written by the host; VF, 4 KiB per guest, which the
 * guest sees as its own MMIO page 2000h-2FFFh. Access rules, enables to Run bits, RESET_VMMIO.
 * Models: 32- and 64-bit naturally aligned accesses; a GuestID without registers, and everything while vIommuEn = 0, reads 0 and ignores
 * writes.
 * Ours: base and length of a buffer change only while it is off; a change of the command buffer sets head and tail to 0; a length code
 * below 8 (as after reset) is no buffer: it does not run and its pointers stay. Writes of pointers beyond the buffer are ignored, and of
 * the one that hardware moves while it runs. RESET_VMMIO clears pointers and Status of the logs; with All also the guest's VFCntl registers but
 * for command control; with vCmd that one, head and tail. The maps in memory stay.
 * Does not model: who may write (nothing keeps a guest from VFCntl here).
 */
#include <string.h>
#include "amdvi/amdvi_regs.h"
#include "amdvi/amdvi_viommu.h"

static const uint64_t cntl_wr[VC_REGS] = {
	[VC_DEVMAP] = 0x3fffc0003fffc001,
	[VC_DOMMAP] = 0x3fffc0003fffc001,
	[VC_MISC] = 0xffff0000,
	[VC_EVTB_BASE] = 0x000ffffffffff000,
	[VC_CMD] = 0x000ffffffffff30f,
	[VC_EVT] = 0x000fffffffffffff,
	[VC_PPR] = 0x00ffffffffffffff,
	[VC_PPRB_BASE] = 0x000ffffffffff000,
};
static const struct {
	uint64_t wr;
	uint64_t run; /* Status bit while which software must not write it; 0: none */
	uint8_t cntl, hi, lo; /* length code of its buffer */
	bool ptr;
} vf_reg[VI_VF_REGS] = {
	[VF_CMD_HEAD] = { 0x7fff0, AMDVI_ST_CmdBufRun, VC_CMD, 3, 0, true },
	[VF_CMD_TAIL] = { 0x7fff0, 0, VC_CMD, 3, 0, true },
	[VF_EVT_HEAD] = { 0x7fff0, 0, VC_EVT, 3, 0, true },
	[VF_EVT_TAIL] = { 0x7fff0, AMDVI_ST_EventLogRun, VC_EVT, 3, 0, true },
	[VF_PPR_HEAD] = { 0x7fff0, 0, VC_PPR, 3, 0, true },
	[VF_PPR_TAIL] = { 0x7fff0, AMDVI_ST_PprLogRun, VC_PPR, 3, 0, true },
	[VF_PPRB_HEAD] = { 0x7fff0, 0, VC_PPR, 7, 4, true },
	[VF_PPRB_TAIL] = { 0x7fff0, AMDVI_ST_PprLogRun, VC_PPR, 7, 4, true },
	[VF_EVTB_HEAD] = { 0x7fff0, 0, VC_EVT, 7, 4, true },
	[VF_EVTB_TAIL] = { 0x7fff0, AMDVI_ST_EventLogRun, VC_EVT, 7, 4, true },
	[VF_AUTORSP] = { 0x1f, 0, 0, 0, 0, false },
	[VF_EARLY] = { 0xc0007fff, 0, 0, 0, 0, false },
	[VF_EARLYB] = { 0xc0007fff, 0, 0, 0, 0, false },
};

/* ---- enables ---- */

static void run(struct vi_guest *g, bool *was, bool want, uint64_t bit, uint64_t clear)
{
	if (want && !*was)
		g->vf[VF_STATUS] = (g->vf[VF_STATUS] & ~clear) | bit;
	else if (!want)
		g->vf[VF_STATUS] &= ~bit;
	*was = want;
}

void vi_latch(struct vi_guest *g)
{
	const struct amdvi_on *on = &g->v->on;
	const uint64_t *c = g->cntl;
	bool evt = on->viommu && (c[VC_EVT] & VC_EVT_EN) && vi_buf_bytes(bits_get(c[VC_EVT], 3, 0));
	bool ppr = on->viommu && (c[VC_PPR] & VC_PPR_LOG_EN) && (c[VC_PPR] & VC_PPR_EN) && vi_buf_bytes(bits_get(c[VC_PPR], 3, 0));

	run(g, &g->want_cmd, on->vcmd && (c[VC_CMD] & VC_CMD_EN) && vi_buf_bytes(bits_get(c[VC_CMD], 3, 0)), AMDVI_ST_CmdBufRun, 0);
	run(g, &g->want_evt, evt, AMDVI_ST_EventLogRun, AMDVI_ST_EventOverflow | AMDVI_ST_EventOverflowB | AMDVI_ST_EventLogActive);
	run(g, &g->want_ppr, ppr, AMDVI_ST_PprLogRun, AMDVI_ST_PprOverflow | AMDVI_ST_PprOverflowB | AMDVI_ST_PprLogActive);
}

/* ---- VFCntl ---- */

/* Bits that stay while the buffer is on. */
static uint64_t locked(const struct vi_guest *g, unsigned i)
{
	switch (i) {
	case VC_CMD: return g->cntl[VC_CMD] & VC_CMD_EN ? bits_mask(51, 12) | 0xf : 0;
	case VC_EVT: return g->cntl[VC_EVT] & VC_EVT_EN ? bits_mask(51, 12) | 0xff : 0;
	case VC_EVTB_BASE: return g->cntl[VC_EVT] & VC_EVT_EN ? UINT64_MAX : 0;
	case VC_PPR: return g->cntl[VC_PPR] & VC_PPR_LOG_EN ? bits_mask(55, 16) | 0xff : 0;
	case VC_PPRB_BASE: return g->cntl[VC_PPR] & VC_PPR_LOG_EN ? UINT64_MAX : 0;
	}
	return 0;
}

static void new_buffer(struct vi_guest *g)
{
	g->vf[VF_CMD_HEAD] = g->vf[VF_CMD_TAIL] = 0;
	g->tails_n = 0;
	g->epoch++;
}

/* @val has the bits of @m; the others are those of the register. */
static void cntl_write(struct vi_guest *g, unsigned i, uint64_t val, uint64_t m)
{
	uint64_t old = g->cntl[i], wr = cntl_wr[i] & m & ~locked(g, i);

	g->cntl[i] = (old & ~wr) | (val & wr);
	if (i <= VC_DOMMAP) {
		if (val & m & BIT64(63))
			vi_map_put(g, i == VC_DEVMAP ? VI_DEV : VI_DOM, g->cntl[i]);
		return;
	}
	if (i == VC_CMD && ((old ^ g->cntl[i]) & (bits_mask(51, 12) | 0xf)))
		new_buffer(g);
	vi_latch(g);
	vi_guest_kick(g);
}

static uint64_t cntl_read(const struct vi_guest *g, unsigned i)
{
	return g->cntl[i] | (i <= VC_DOMMAP && g->map_pending[i == VC_DEVMAP ? VI_DEV : VI_DOM] ? BIT64(63) : 0);
}

/* ---- VF ---- */

static void vf_write(struct vi_guest *g, unsigned i, uint64_t val, uint64_t m)
{
	uint64_t now = (g->vf[i] & ~(vf_reg[i].wr & m)) | (val & vf_reg[i].wr & m);
	uint64_t len = bits_get(g->cntl[vf_reg[i].cntl], vf_reg[i].hi, vf_reg[i].lo);

	if (i == VF_STATUS) {
		g->vf[i] &= ~(val & m & AMDVI_ST_W1C);
		return;
	}
	if (vf_reg[i].ptr && ((g->vf[VF_STATUS] & vf_reg[i].run) || now >= vi_buf_bytes(len)))
		return;
	g->vf[i] = now;
	if (i == VF_CMD_TAIL && (m & UINT32_MAX))
		vi_tail_written(g);
}

/* ---- both ---- */

struct place {
	struct vi_guest *g;
	unsigned reg;
	bool vf;
};

static bool find(struct amdvi *v, uint32_t off, struct place *p)
{
	uint32_t in = off & 0xfff;

	p->vf = off >= AMDVI_VF_OFF;
	p->g = vi_guest_of(v, p->vf ? (off - AMDVI_VF_OFF) / 4096 : (off - AMDVI_VFCNTL_OFF) / 64);
	p->reg = (p->vf ? in : off % 64) / 8;
	return p->g && (!p->vf || p->reg < VI_VF_REGS);
}

uint64_t amdvi_viommu_read(struct amdvi *v, uint32_t off, unsigned bytes)
{
	struct place p;
	uint64_t w;

	if ((bytes != 4 && bytes != 8) || off % bytes || !find(v, off, &p))
		return 0;
	w = p.vf ? p.g->vf[p.reg] : cntl_read(p.g, p.reg);
	return bytes == 8 ? w : off & 4 ? w >> 32 : w & UINT32_MAX;
}

void amdvi_viommu_write(struct amdvi *v, uint32_t off, unsigned bytes, uint64_t val)
{
	struct place p;
	uint64_t m = bytes == 8 ? UINT64_MAX : (uint64_t)UINT32_MAX << 8 * (off & 4);

	if ((bytes != 4 && bytes != 8) || off % bytes || !find(v, off, &p))
		return;
	if (bytes == 4)
		val <<= 8 * (off & 4);
	if (p.vf)
		vf_write(p.g, p.reg, val, m);
	else
		cntl_write(p.g, p.reg, val, m);
}

void amdvi_viommu_reset(struct amdvi *v, uint32_t gid, bool all, bool vcmd)
{
	const uint64_t cmd_bits = AMDVI_ST_CmdBufRun | AMDVI_ST_ComWaitInt;
	struct vi_guest *g;
	uint64_t keep[2], cmd;

	if (gid >= v->cfg->viommu_guests || !v->vi->guest[gid].v)
		return; /* as after reset */
	g = &v->vi->guest[gid];
	keep[0] = g->vf[VF_CMD_HEAD];
	keep[1] = g->vf[VF_CMD_TAIL];
	cmd = g->vf[VF_STATUS] & cmd_bits;
	memset(g->vf, 0, sizeof g->vf);
	g->log_epoch++;
	g->rec_n = g->log_busy ? 1 : 0;
	g->want_evt = g->want_ppr = false;
	if (vcmd) {
		g->cntl[VC_CMD] = 0;
		g->want_cmd = false;
		new_buffer(g);
	} else {
		g->vf[VF_CMD_HEAD] = keep[0];
		g->vf[VF_CMD_TAIL] = keep[1];
		g->vf[VF_STATUS] = cmd;
	}
	for (unsigned i = 0; all && i < VC_REGS; i++)
		if (i != VC_CMD)
			g->cntl[i] = 0;
	vi_latch(g);
	vi_guest_kick(g);
}
