/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pf_host_smmuv3.c - SMMUv3, stage 1 with substreams: PRI queue and CMD_PRI_RESP; stalled transactions in the event queue and CMD_RESUME.
 * Overflow of the PRI queue: PROD.OVFLG differs from CONS.OVACKFLG; nothing is taken until they are equal again. The event queue holds
 * back records of stalled transactions instead of losing them; what overflows there are other events.
 * Spec: Arm IHI 0070, "PRI queue", "PRI queue overflow", "Event queue", "CMD_PRI_RESP", "CMD_RESUME".
 */
#include "core/base/bits.h"
#include "software/pf_host.h"

enum {
	R_IDR0 = 0x00, R_CR0 = 0x20, R_IRQ_CTRL = 0x50, R_STRTAB_BASE = 0x80, R_STRTAB_BASE_CFG = 0x88, R_CMDQ_BASE = 0x90, R_CMDQ_PROD = 0x98,
	R_CMDQ_CONS = 0x9c, R_EVENTQ_BASE = 0xa0, R_EVENTQ_IRQ_CFG0 = 0xb0, R_EVENTQ_IRQ_CFG1 = 0xb8, R_PRIQ_BASE = 0xc0, R_PRIQ_IRQ_CFG0 = 0xd0,
	R_PRIQ_IRQ_CFG1 = 0xd8, R_EVENTQ_PROD = 0x100a8, R_EVENTQ_CONS = 0x100ac, R_PRIQ_PROD = 0x100c8, R_PRIQ_CONS = 0x100cc
};
enum { Q_PRI, Q_EVENT };
enum { CR0_SMMUEN = 1, CR0_PRIQEN = 2, CR0_EVENTQEN = 4, CR0_CMDQEN = 8, IRQ_PRIQ_EVENTQ = 6, STRTAB_LG2 = 9, CDS_LG2 = 5 };
enum { PRI_RESP = 0x41, RESUME = 0x44, SSV = 1 << 11, RESUME_RETRY = 1 << 12, RESUME_ABORT = 1 << 13, RESP_SUCCESS = 2, RESP_INVALID = 1 };
static const uint64_t ovflg = BIT64(31), stall_bit = BIT64(31), eats_full = BIT64(28), ppar = BIT64(18), cd_stall = BIT64(44);

static uint64_t cds_at(unsigned dev)
{
	return PF_TABLES + 0x10000 + (64 << CDS_LG2) * (uint64_t)dev;
}

static bool boot(struct pf_host *h, struct err *e)
{
	const struct pf_cfg *c = h->c;
	uint64_t idr0 = h->u->ops->mmio_read(h->u, R_IDR0, 4);

	if (!(idr0 >> 16 & 1) || !(idr0 >> 13 & 1) || (h->stalls && bits_get(idr0, 25, 24) == 1))
		return err_set(e, ERR_INPUT, "%s: this unit lacks page requests, messages or stalls (IDR0.PRI, MSI, STALL_MODEL)", h->u->name);
	for (unsigned d = 0; d < c->devices; d++) {
		uint64_t ste = PF_TABLES + 64 * (uint64_t)pf_rid(d);

		pf_put(h, ste + 8, (h->stalls ? 0 : eats_full) | ppar);
		pf_put(h, ste, 1 | 5 << 1 | cds_at(d) | (uint64_t)CDS_LG2 << 59);
		for (unsigned p = 0; p < c->pasids; p++) {
			uint64_t cd = cds_at(d) + 64 * (1 + (uint64_t)p);

			pf_put(h, cd + 8, pf_pt(c, d, p));
			/* 48 bits from level 0, EPD1, V, IPS 48, AA64, R, A, ASET, ASID */
			pf_put(h, cd, 16 | BIT64(30) | BIT64(31) | UINT64_C(5) << 32 | BIT64(41) | UINT64_C(7) << 45 | (h->stalls ? cd_stall : 0) |
					      (uint64_t)pf_tag(c, d, p) << 48);
		}
	}
	pf_reg(h, R_STRTAB_BASE, 8, PF_TABLES);
	pf_reg(h, R_STRTAB_BASE_CFG, 4, STRTAB_LG2);
	pf_reg(h, R_CMDQ_BASE, 8, PF_RING | PF_RING_LG2);
	pf_reg(h, R_CMDQ_PROD, 4, 0);
	pf_reg(h, R_CMDQ_CONS, 4, 0);
	pf_reg(h, R_EVENTQ_BASE, 8, PF_QUEUE(Q_EVENT) | c->queue_lg2);
	pf_reg(h, R_EVENTQ_PROD, 4, 0);
	pf_reg(h, R_EVENTQ_CONS, 4, 0);
	pf_reg(h, R_EVENTQ_IRQ_CFG0, 8, PF_MSI);
	pf_reg(h, R_EVENTQ_IRQ_CFG1, 4, 1);
	pf_reg(h, R_PRIQ_BASE, 8, PF_QUEUE(Q_PRI) | c->queue_lg2);
	pf_reg(h, R_PRIQ_PROD, 4, 0);
	pf_reg(h, R_PRIQ_CONS, 4, 0);
	pf_reg(h, R_PRIQ_IRQ_CFG0, 8, PF_MSI);
	pf_reg(h, R_PRIQ_IRQ_CFG1, 4, 2);
	pf_reg(h, R_IRQ_CTRL, 4, IRQ_PRIQ_EVENTQ);
	pf_reg(h, R_CR0, 4, CR0_CMDQEN | CR0_EVENTQEN | CR0_PRIQEN | CR0_SMMUEN);
	return true;
}

static void look(struct pf_thread *w, unsigned q)
{
	pf_read(w, q == Q_PRI ? R_PRIQ_PROD : R_EVENTQ_PROD, 4);
}

static uint64_t cons(const struct pf_host *h, unsigned q)
{
	return h->queue[q].head & low_mask(h->c->queue_lg2 + 1);
}

/* The driver knows OVACKFLG: it wrote it. It is the parity of the overflows acknowledged. */
static uint32_t looked(struct pf_host *h, unsigned q, const uint64_t *got)
{
	h->queue[q].overflow = !!(got[0] & ovflg) != h->queue[q].ack;
	return (uint32_t)(got[0] & ~ovflg);
}

static void decode(unsigned q, const uint64_t *w, struct pf_entry *e)
{
	if (q == Q_PRI) {
		e->rid = (uint32_t)w[0];
		e->has_pasid = w[0] >> 63;
		e->pasid = (uint32_t)bits_get(w[0], 51, 32);
		e->last = w[0] >> 62 & 1;
		e->tag = (uint16_t)bits_get(w[1], 8, 0);
		e->addr = w[1] & ~low_mask(12);
		e->other = e->has_pasid && e->last && !bits_get(w[0], 61, 60); /* stop marker */
		return;
	}
	e->rid = (uint32_t)(w[0] >> 32);
	e->has_pasid = w[0] >> 11 & 1;
	e->pasid = (uint32_t)bits_get(w[0], 31, 12);
	e->stall = e->last = true;
	e->tag = (uint16_t)w[1];
	e->addr = w[2] & ~low_mask(12);
	e->other = !(w[1] & stall_bit);
}

static void put_cons(struct pf_thread *w, unsigned q)
{
	struct pf_host *h = w->h;

	pf_write(w, q == Q_PRI ? R_PRIQ_CONS : R_EVENTQ_CONS, 4, cons(h, q) | (h->queue[q].ack ? ovflg : 0));
}

static void recover(struct pf_thread *w, unsigned q)
{
	w->h->queue[q].ack ^= true;
	put_cons(w, q);
}

static void answer(const struct pf_group *g, bool ok, uint64_t cmd[2])
{
	if (g->stall) {
		cmd[0] = RESUME | (uint64_t)(ok ? RESUME_RETRY : RESUME_ABORT) | (uint64_t)g->rid << 32;
		cmd[1] = g->tag;
		return;
	}
	cmd[0] = PRI_RESP | (g->has_pasid ? SSV | (uint64_t)g->pasid << 12 : 0) | (uint64_t)g->rid << 32;
	cmd[1] = g->tag | (uint64_t)(ok ? RESP_SUCCESS : RESP_INVALID) << 12;
}

static void tail(struct pf_thread *w)
{
	pf_write(w, R_CMDQ_PROD, 4, w->h->prod & low_mask(PF_RING_LG2 + 1));
}

static void head(struct pf_thread *w)
{
	pf_read(w, R_CMDQ_CONS, 4);
}

static uint32_t head_slot(uint64_t reg)
{
	return (uint32_t)reg & 0xfffff;
}

const struct pf_host_ops pf_host_smmuv3 = {
	.arch = "smmuv3", .queues = 2, .entry_words = { 2, 4 }, .entry_bytes = { 16, 32 }, .cmd_bytes = 16, .queue_lg2_min = 1, .queue_lg2_max = 14,
	.wrap = true, .pte = 0xc43, .boot = boot, .look = look, .looked = looked, .decode = decode, .taken = put_cons, .recover = recover,
	.answer = answer, .tail = tail, .head = head, .head_slot = head_slot,
};
