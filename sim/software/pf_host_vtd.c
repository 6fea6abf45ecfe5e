/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pf_host_vtd.c - VT-d, scalable mode, first stage: page request queue with an interrupt, page_grp_resp_dsc on the invalidation queue.
 * Overflow: PRS.PRO; while it is set the unit takes nothing. The driver reads what is there, then clears it.
 * Spec: "Page Request Queue", "Page Request Status Register", "Page Group Response Descriptor".
 */
#include "core/base/bits.h"
#include "software/pf_host.h"

enum {
	R_ECAP = 0x10, R_GCMD = 0x18, R_RTADDR = 0x20, R_IQH = 0x80, R_IQT = 0x88, R_IQA = 0x90, R_PQH = 0xc0, R_PQT = 0xc8, R_PQA = 0xd0,
	R_PRS = 0xdc, R_PECTL = 0xe0, R_PEDATA = 0xe4, R_PEADDR = 0xe8, R_PEUADDR = 0xec
};
enum { PRS_PPR = 1, PRS_PRO = 2, ENTRY = 32, RESP_SUCCESS = 0, RESP_INVALID = 1, PAGE_GRP_RESP = 9, PASID_PRESENT = 1 << 4 };
static const uint64_t gcmd_te = BIT64(31), gcmd_srtp = BIT64(30), gcmd_qie = BIT64(26), iqa_dw = BIT64(11), rtaddr_scalable = BIT64(10), ecap_prs = BIT64(29);

static uint64_t pasid_dir_at(unsigned dev)
{
	return PF_TABLES + 0x10000 + 0x2000 * (uint64_t)dev; /* followed by the one table it needs */
}

static bool boot(struct pf_host *h, struct err *e)
{
	const struct pf_cfg *c = h->c;
	uint64_t ctx = PF_TABLES + 0x1000;

	if (!(h->u->ops->mmio_read(h->u, R_ECAP, 8) & ecap_prs))
		return err_set(e, ERR_INPUT, "%s: this unit has no page requests (ECAP.PRS = 0)", h->u->name);
	pf_put(h, PF_TABLES + 16 * (PF_RID0 >> 8), ctx | 1);
	for (unsigned d = 0; d < c->devices; d++) {
		pf_put(h, ctx + 32 * d, pasid_dir_at(d) | 0x1d); /* P, DTE, PASIDE, PRE; 128 directory entries */
		pf_put(h, pasid_dir_at(d), (pasid_dir_at(d) + 0x1000) | 1);
		for (unsigned p = 0; p < c->pasids; p++) {
			uint64_t at = pasid_dir_at(d) + 0x1000 + 64 * (1 + (uint64_t)p);

			pf_put(h, at + 8, pf_tag(c, d, p));
			pf_put(h, at + 16, pf_pt(c, d, p));
			pf_put(h, at, 0x49); /* P, first stage only */
		}
	}
	pf_reg(h, R_RTADDR, 8, PF_TABLES | rtaddr_scalable);
	pf_reg(h, R_GCMD, 4, gcmd_srtp);
	pf_reg(h, R_IQT, 8, 0);
	pf_reg(h, R_IQA, 8, PF_RING | iqa_dw | (PF_RING_LG2 - 7));
	pf_reg(h, R_GCMD, 4, gcmd_qie);
	pf_reg(h, R_PQH, 8, 0);
	pf_reg(h, R_PQT, 8, 0);
	pf_reg(h, R_PQA, 8, PF_QUEUE(0) | (c->queue_lg2 - 7));
	pf_reg(h, R_PEDATA, 4, 1);
	pf_reg(h, R_PEADDR, 4, (uint32_t)PF_MSI);
	pf_reg(h, R_PEUADDR, 4, 0);
	pf_reg(h, R_PECTL, 4, 0);
	pf_reg(h, R_GCMD, 4, gcmd_qie | gcmd_te);
	return true;
}

/* PPR is cleared before the tail is read: what comes after that interrupts again. */
static void look(struct pf_thread *w, unsigned q)
{
	(void)q;
	pf_write(w, R_PRS, 4, PRS_PPR);
	pf_read(w, R_PQT, 8);
	pf_read(w, R_PRS, 4);
}

static uint32_t looked(struct pf_host *h, unsigned q, const uint64_t *got)
{
	h->queue[q].overflow = got[1] & PRS_PRO;
	return (uint32_t)got[0] / ENTRY;
}

static void decode(unsigned q, const uint64_t *w, struct pf_entry *e)
{
	(void)q;
	e->rid = (uint32_t)bits_get(w[0], 31, 16);
	e->has_pasid = w[0] >> 8 & 1;
	e->pasid = (uint32_t)bits_get(w[0], 51, 32);
	e->tag = (uint16_t)bits_get(w[1], 11, 3);
	e->last = w[1] >> 2 & 1;
	e->addr = w[1] & ~low_mask(12);
	e->other = e->has_pasid && e->last && !(w[1] & 3); /* stop marker */
}

static void taken(struct pf_thread *w, unsigned q)
{
	pf_write(w, R_PQH, 8, (w->h->queue[q].head & low_mask(w->h->c->queue_lg2)) * ENTRY);
}

static void recover(struct pf_thread *w, unsigned q)
{
	(void)q;
	pf_write(w, R_PRS, 4, PRS_PRO);
}

static void answer(const struct pf_group *g, bool ok, uint64_t cmd[2])
{
	cmd[0] = PAGE_GRP_RESP | (g->has_pasid ? PASID_PRESENT | (uint64_t)g->pasid << 32 : 0) | (uint64_t)(ok ? RESP_SUCCESS : RESP_INVALID) << 12 |
		 (uint64_t)g->rid << 16;
	cmd[1] = (uint64_t)g->tag << 3;
}

static void tail(struct pf_thread *w)
{
	pf_write(w, R_IQT, 4, (w->h->prod & low_mask(PF_RING_LG2)) * ENTRY);
}

static void head(struct pf_thread *w)
{
	pf_read(w, R_IQH, 4);
}

static uint32_t head_slot(uint64_t reg)
{
	return (uint32_t)reg / ENTRY;
}

const struct pf_host_ops pf_host_vtd = {
	.arch = "vtd", .queues = 1, .entry_words = { 2 }, .entry_bytes = { ENTRY }, .cmd_bytes = ENTRY, .queue_lg2_min = 7, .queue_lg2_max = 14,
	.pte = 0x67, .boot = boot, .look = look, .looked = looked, .decode = decode, .taken = taken, .recover = recover, .answer = answer,
	.tail = tail, .head = head, .head_slot = head_slot,
};
