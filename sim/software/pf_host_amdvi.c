/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pf_host_amdvi.c - AMD-Vi, guest tables by PASID: PPR log with an interrupt, COMPLETE_PPR_REQUEST.
 * For a guest on the hardware vIOMMU (pf_cfg.guest_log): GuestID 0; its PPR log and command buffer in the private address space, its id map
 * there, its registers on its VF page, and the device table says so. There is no second stage: the TransDevID's entry passes addresses.
 * Switching the guest's log off and on is a register of the host's; what leaving the guest for it would cost is not charged.
 * Overflow: the log stops (Status.PprLogRun = 0). The driver reads what is there, switches the log off, clears PprOverflow, and switches it on
 * again, as Linux does. What came meanwhile is answered by the hardware if PprAutoRspEn is set, else by nobody.
 * Spec: 48882, "Peripheral Page Request (PPR) Logging", "PPR Auto Response", "COMPLETE_PPR_REQUEST".
 */
#include "amdvi/amdvi.h"
#include "core/base/bits.h"
#include "software/amd_private.h"
#include "software/pf_host.h"

enum {
	R_DEVTAB = 0x00, R_CMD_BASE = 0x08, R_CONTROL = 0x18, R_EFR = 0x30, R_PPR_BASE = 0x38, R_MSI_CAP = 0x158, R_MSI_ADDR_LO = 0x15c,
	R_MSI_ADDR_HI = 0x160, R_MSI_DATA = 0x164, R_CMD_HEAD = 0x2000, R_CMD_TAIL = 0x2008, R_STATUS = 0x2020, R_PPR_HEAD = 0x2030, R_PPR_TAIL = 0x2038
};
enum { ENTRY = 16, ST_PPR_OVERFLOW = 1 << 5, ST_PPR_INT = 1 << 6, MSI_EN = 1 << 16, RESP_SUCCESS = 0, RESP_INVALID = 1, COMPLETE_PPR = 7, GN = 4, SERVICE = 1 };
static const uint64_t control = 0x1d401; /* IommuEn, Coherent, CmdBufEn, PPRIntEn, PPREn, GTEn; the log itself: */
static const uint64_t log_en = BIT64(13), auto_rsp_en = BIT64(39);

static uint64_t gcr3_at(unsigned dev)
{
	return PF_TABLES + 0x10000 + 0x1000 * (uint64_t)dev;
}

static uint64_t control_of(const struct pf_host *h)
{
	return control | (h->c->auto_response ? auto_rsp_en : 0);
}

/* ---- a guest on the hardware vIOMMU ---- */

#define G_STATE UINT64_C(0x4000000)
#define G_DEVMAP UINT64_C(0x5000000)
#define G_TABLES UINT64_C(0x6000000)
enum { G_TRANS = 0x1ff /* the last entry of the device table */, G_DOMAIN = 0xffff };
enum { C_EN = 1 << 8, C_PPR_INT = 1 << 9, C_PPR_EN = 1 << 10, C_AUTO_RSP = 1 << 13 };
static const uint64_t viommu = UINT64_C(3) << 52 | BIT64(17); /* vCmdEn, vIommuEn, GAEn */

/* Registers from 2000h to 2FFFh: the unit's, or the same ones of the guest's page. */
static uint32_t ptr(const struct pf_host *h, uint32_t reg)
{
	return h->c->guest_log ? AMDVI_VF_OFF + (reg & 0xfff) : reg;
}

static uint64_t guest_ppr(const struct pf_host *h)
{
	return PF_QUEUE(0) << 4 | C_PPR_EN | C_PPR_INT | (h->c->auto_response ? C_AUTO_RSP : 0) | h->c->queue_lg2;
}

static bool boot_guest(struct pf_host *h, struct err *e)
{
	const struct amdvi_cfg *a = amdvi_config(h->u);
	uint64_t next = G_TABLES + 0x1000, w[4];
	struct amdp_tables t = { .m = h->u->mem, .root = G_TABLES, .next = &next, .levels = AMDP_LEVELS };

	if (a->devid >= G_TRANS || a->devid - PF_RID0 < PF_MAX_DEVICES)
		return err_set(e, ERR_INPUT, "amdvi.devid: 0x%x; page faults of a guest need one below 0x%x that is none of the devices (0x%x and on)",
			       a->devid, G_TRANS, PF_RID0);
	amdp_map(&t, 0, G_STATE, AMDP_STATE_BYTES, 21);
	amdp_map(&t, AMDP_DEVMAP, G_DEVMAP, 1 << AMDP_DEVMAP_LG2, AMDP_DEVMAP_LG2);
	amdp_map(&t, AMDP_CMD, PF_RING, 16 << PF_RING_LG2, 12);
	amdp_map(&t, AMDP_PPR, PF_QUEUE(0), UINT64_C(16) << h->c->queue_lg2, 12);
	amdp_v1_dte(w, G_TABLES, AMDP_LEVELS, G_DOMAIN);
	for (unsigned i = 0; i < 4; i++)
		pf_put(h, PF_TABLES + 32 * (uint64_t)a->devid + 8 * i, w[i]);
	amdp_v1_dte(w, 0, 0, G_DOMAIN);
	for (unsigned i = 0; i < 4; i++)
		pf_put(h, PF_TABLES + 32 * (uint64_t)G_TRANS + 8 * i, w[i]);
	for (unsigned d = 0; d < h->c->devices; d++) /* vImuEn, GDeviceID, GuestID 0 */
		pf_put(h, PF_TABLES + 32 * (uint64_t)pf_rid(d) + 24, (uint64_t)pf_gdev(pf_rid(d)) << 16 | BIT64(15));
	return true;
}

/* Once the unit is on: it writes the map itself, and a guest's commands wait for that. */
static void start_guest(struct pf_host *h)
{
	for (unsigned d = 0; d < h->c->devices; d++)
		pf_reg(h, AMDVI_VFCNTL_OFF + AMDP_C_DEVMAP, 8, amdp_map_reg(pf_gdev(pf_rid(d)), pf_rid(d)));
	pf_reg(h, AMDVI_VFCNTL_OFF + AMDP_C_MISC, 8, (uint64_t)G_TRANS << 16);
	pf_reg(h, AMDVI_VFCNTL_OFF + AMDP_C_CMD, 8, PF_RING | C_EN | PF_RING_LG2);
	pf_reg(h, AMDVI_VFCNTL_OFF + AMDP_C_PPR, 8, guest_ppr(h));
	pf_reg(h, AMDVI_VFCNTL_OFF + AMDP_C_PPR, 8, guest_ppr(h) | C_EN);
}

/* ---- the unit ---- */

static bool boot(struct pf_host *h, struct err *e)
{
	const struct pf_cfg *c = h->c;
	uint64_t efr = h->u->ops->mmio_read(h->u, R_EFR, 8);

	if (!(efr >> 1 & 1) || !(efr >> 4 & 1) || (c->auto_response && !(efr >> 41 & 1)))
		return err_set(e, ERR_INPUT, "%s: this unit lacks page requests, guest tables or automatic responses (EFR.PPRSup, GTSup, PprAutoRspSup)", h->u->name);
	for (unsigned d = 0; d < c->devices; d++) {
		uint64_t g = gcr3_at(d), dte = PF_TABLES + 32 * (uint64_t)pf_rid(d);

		pf_put(h, dte + 8, pf_tag(c, d, 0) | bits_get(g, 30, 15) << 16 | BIT64(32) | bits_get(g, 51, 31) << 43);
		/* V, TV, IR, IW, GV, one level of GCR3; PPR and GPRP */
		pf_put(h, dte, 3 | UINT64_C(3) << 61 | BIT64(55) | bits_get(g, 14, 12) << 58 | UINT64_C(3) << 52);
		for (unsigned p = 0; p < c->pasids; p++)
			pf_put(h, g + 8 * (1 + (uint64_t)p), pf_pt(c, d, p) | 1);
	}
	pf_reg(h, R_DEVTAB, 8, PF_TABLES | 3); /* four pages */
	if (c->guest_log) {
		if (!boot_guest(h, e))
			return false;
		pf_reg(h, R_CONTROL, 8, control_of(h) | viommu);
		start_guest(h);
		return true;
	}
	pf_reg(h, R_CMD_BASE, 8, PF_RING | (uint64_t)PF_RING_LG2 << 56);
	pf_reg(h, R_PPR_BASE, 8, PF_QUEUE(0) | (uint64_t)c->queue_lg2 << 56);
	pf_reg(h, R_MSI_ADDR_LO, 4, (uint32_t)PF_MSI);
	pf_reg(h, R_MSI_ADDR_HI, 4, 0);
	pf_reg(h, R_MSI_DATA, 4, 1);
	pf_reg(h, R_MSI_CAP, 4, MSI_EN);
	pf_reg(h, R_CONTROL, 8, control_of(h) | log_en);
	return true;
}

static void look(struct pf_thread *w, unsigned q)
{
	(void)q;
	pf_write(w, ptr(w->h, R_STATUS), 4, ST_PPR_INT);
	pf_read(w, ptr(w->h, R_PPR_TAIL), 4);
	pf_read(w, ptr(w->h, R_STATUS), 4);
}

static uint32_t looked(struct pf_host *h, unsigned q, const uint64_t *got)
{
	h->queue[q].overflow = got[1] & ST_PPR_OVERFLOW;
	return (uint32_t)got[0] / ENTRY;
}

static void decode(unsigned q, const uint64_t *w, struct pf_entry *e)
{
	(void)q;
	e->rid = (uint32_t)bits_get(w[0], 15, 0);
	e->has_pasid = w[0] >> 56 & 1;
	e->pasid = (uint32_t)(bits_get(w[0], 31, 16) | bits_get(w[0], 45, 42) << 16);
	e->tag = (uint16_t)bits_get(w[0], 40, 32);
	e->last = w[0] >> 41 & 1;
	e->addr = w[1] & ~low_mask(12);
	e->other = bits_get(w[0], 63, 60) != SERVICE || (e->has_pasid && e->last && !(w[0] & (BIT64(50) | BIT64(53)))); /* stop marker */
}

static void taken(struct pf_thread *w, unsigned q)
{
	pf_write(w, ptr(w->h, R_PPR_HEAD), 4, (w->h->queue[q].head & low_mask(w->h->c->queue_lg2)) * ENTRY);
}

static void recover(struct pf_thread *w, unsigned q)
{
	const bool guest = w->h->c->guest_log;
	const uint32_t reg = guest ? AMDVI_VFCNTL_OFF + AMDP_C_PPR : R_CONTROL;
	const uint64_t off = guest ? guest_ppr(w->h) : control_of(w->h), on = guest ? C_EN : log_en;

	(void)q;
	pf_write(w, reg, 8, off);
	pf_write(w, ptr(w->h, R_STATUS), 4, ST_PPR_OVERFLOW);
	pf_write(w, reg, 8, off | on);
}

static void answer(const struct pf_group *g, bool ok, uint64_t cmd[2])
{
	cmd[0] = (uint64_t)COMPLETE_PPR << 60 | g->rid | (g->has_pasid ? (uint64_t)g->pasid << 32 : 0);
	cmd[1] = (g->has_pasid ? GN : 0) | (uint64_t)g->tag << 32 | (uint64_t)(ok ? RESP_SUCCESS : RESP_INVALID) << 44;
}

static void tail(struct pf_thread *w)
{
	pf_write(w, ptr(w->h, R_CMD_TAIL), 4, (w->h->prod & low_mask(PF_RING_LG2)) * ENTRY);
}

static void head(struct pf_thread *w)
{
	pf_read(w, ptr(w->h, R_CMD_HEAD), 4);
}

static uint32_t head_slot(uint64_t reg)
{
	return (uint32_t)reg / ENTRY;
}

const struct pf_host_ops pf_host_amdvi = {
	.arch = "amdvi", .queues = 1, .entry_words = { 2 }, .entry_bytes = { ENTRY }, .cmd_bytes = ENTRY, .queue_lg2_min = 8, .queue_lg2_max = 15,
	.pte = 0x67, .boot = boot, .look = look, .looked = looked, .decode = decode, .taken = taken, .recover = recover, .answer = answer,
	.tail = tail, .head = head, .head_slot = head_slot,
};
