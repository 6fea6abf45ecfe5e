/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pf_host_amdvi.c - AMD-Vi, guest tables by PASID: PPR log with an interrupt, COMPLETE_PPR_REQUEST.
 * Overflow: the log stops (Status.PprLogRun = 0). The driver reads what is there, switches the log off, clears PprOverflow, and switches it on
 * again, as Linux does. What came meanwhile is answered by the hardware if PprAutoRspEn is set, else by nobody.
 * Spec: 48882, "Peripheral Page Request (PPR) Logging", "PPR Auto Response", "COMPLETE_PPR_REQUEST".
 */
#include "core/base/bits.h"
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
	pf_write(w, R_STATUS, 4, ST_PPR_INT);
	pf_read(w, R_PPR_TAIL, 4);
	pf_read(w, R_STATUS, 4);
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
	pf_write(w, R_PPR_HEAD, 4, (w->h->queue[q].head & low_mask(w->h->c->queue_lg2)) * ENTRY);
}

static void recover(struct pf_thread *w, unsigned q)
{
	(void)q;
	pf_write(w, R_CONTROL, 8, control_of(w->h));
	pf_write(w, R_STATUS, 4, ST_PPR_OVERFLOW);
	pf_write(w, R_CONTROL, 8, control_of(w->h) | log_en);
}

static void answer(const struct pf_group *g, bool ok, uint64_t cmd[2])
{
	cmd[0] = (uint64_t)COMPLETE_PPR << 60 | g->rid | (g->has_pasid ? (uint64_t)g->pasid << 32 : 0);
	cmd[1] = (g->has_pasid ? GN : 0) | (uint64_t)g->tag << 32 | (uint64_t)(ok ? RESP_SUCCESS : RESP_INVALID) << 44;
}

static void tail(struct pf_thread *w)
{
	pf_write(w, R_CMD_TAIL, 4, (w->h->prod & low_mask(PF_RING_LG2)) * ENTRY);
}

static void head(struct pf_thread *w)
{
	pf_read(w, R_CMD_HEAD, 4);
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
