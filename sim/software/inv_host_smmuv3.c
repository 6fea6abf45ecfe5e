/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inv_host_smmuv3.c - SMMUv3: CMD_ATC_INV with SubstreamID, CMD_SYNC with a message to memory, GERROR and CMDQ_CONS.
 * What a time-out tells: CERROR_ATC_INV_SYNC at the CMD_SYNC, and nothing else: every ATC_INV since the last good CMD_SYNC of the queue is
 * suspect and unconfirmed. Acknowledging GERROR runs the CMD_SYNC again; it resends nothing, and fails again if another one times out later.
 * Blocking a stream: STE.Config = 0 (abort), CFGI_STE, TLBI by ASID; a substream: CD.V = 0, CFGI_CD, TLBI by ASID.
 * Does not model: CERROR_ILL and CERROR_ABT (this driver queues nothing illegal), the message written over the CMD_SYNC's own slot (Linux).
 * Spec: Arm IHI 0070, "CMD_ATC_INV", "CMD_SYNC", "Command queue errors", "SMMU_GERROR".
 */
#include "software/inv_host.h"

enum {
	R_CR0 = 0x20, R_GERROR = 0x60, R_GERRORN = 0x64, R_STRTAB_BASE = 0x80, R_STRTAB_BASE_CFG = 0x88, R_CMDQ_BASE = 0x90, R_CMDQ_PROD = 0x98,
	R_CMDQ_CONS = 0x9c
};
enum { CR0_SMMUEN = 1, CR0_CMDQEN = 8, GERROR_CMDQ = 1, CERROR_ATC_INV_SYNC = 3, STRTAB_LG2 = 9 };
enum { CFGI_STE = 0x03, CFGI_CD = 0x05, TLBI_NH_ASID = 0x11, ATC_INV = 0x40, SYNC = 0x46, CS_IRQ = 1 << 12, SSV = 1 << 11 };
enum { CDS_LG2 = 5 };

static uint64_t ste_at(unsigned dev)
{
	return IH_TABLES + 64 * (uint64_t)inv_rid(dev);
}

static uint64_t cds_at(unsigned dev)
{
	return IH_TABLES + 0x10000 + (64 << CDS_LG2) * (uint64_t)dev;
}

static uint64_t cd_at(unsigned dev, unsigned vdev)
{
	return cds_at(dev) + 64 * (uint64_t)inv_pasid(vdev);
}

/* V, stage 1, linear table of 2^CDS_LG2 CDs */
static uint64_t ste_of(unsigned dev)
{
	return 1 | 5 << 1 | cds_at(dev) | (uint64_t)CDS_LG2 << 59;
}

/* 48 bits from level 0, EPD1, V, IPS 48, AA64, R, A, ASET, ASID */
static uint64_t cd_of(const struct inv_host *h, unsigned dev, unsigned vdev)
{
	return 16 | BIT64(30) | BIT64(31) | UINT64_C(5) << 32 | BIT64(41) | UINT64_C(7) << 45 | (uint64_t)inv_tag(h, dev, vdev) << 48;
}

static void boot(struct inv_host *h)
{
	const struct iommu_ops *o = h->u->ops;

	inv_boot_pt(h, 3, 0xc43); /* page, AF, nG, AP = 1 */
	for (unsigned d = 0; d < h->devices; d++) {
		inv_put(h, ste_at(d) + 8, UINT64_C(1) << 28); /* EATS: full ATS */
		inv_put(h, ste_at(d), ste_of(d));
		for (unsigned v = 0; v < h->vdevs; v++) {
			inv_put(h, cd_at(d, v) + 8, IH_PT);
			inv_put(h, cd_at(d, v), cd_of(h, d, v));
		}
	}
	o->mmio_write(h->u, R_STRTAB_BASE, 8, IH_TABLES);
	o->mmio_write(h->u, R_STRTAB_BASE_CFG, 4, STRTAB_LG2);
	o->mmio_write(h->u, R_CMDQ_BASE, 8, IH_RING | h->c->ring_lg2);
	o->mmio_write(h->u, R_CMDQ_PROD, 4, 0);
	o->mmio_write(h->u, R_CMDQ_CONS, 4, 0);
	o->mmio_write(h->u, R_CR0, 4, CR0_CMDQEN | CR0_SMMUEN);
}

static void inv(struct inv_host *h, const struct inv_item *it)
{
	inv_cmd(h, ATC_INV | SSV | (uint64_t)inv_pasid(it->vdev) << 12 | (uint64_t)inv_rid(it->dev) << 32, it->iova);
}

static void wait(struct inv_host *h)
{
	inv_cmd(h, SYNC | CS_IRQ | h->want << 32, IH_SEM);
}

static void tail(struct inv_host *h)
{
	inv_write(h, R_CMDQ_PROD, 4, h->prod & (2 * inv_slots(h) - 1));
}

static void head(struct inv_host *h)
{
	inv_read(h, R_CMDQ_CONS, 4);
}

static uint32_t head_slot(uint64_t reg)
{
	return (uint32_t)reg & 0xfffff;
}

static void fence(struct inv_host *h, unsigned dev, int vdev, bool on)
{
	uint64_t sid = (uint64_t)inv_rid(dev) << 32;

	if (vdev >= 0) {
		uint64_t cd = cd_of(h, dev, (unsigned)vdev);

		inv_store(h, cd_at(dev, (unsigned)vdev), on ? cd & ~BIT64(31) : cd);
		inv_cmd(h, CFGI_CD | (uint64_t)inv_pasid((unsigned)vdev) << 12 | sid, 1);
		inv_cmd(h, TLBI_NH_ASID | (uint64_t)inv_tag(h, dev, (unsigned)vdev) << 48, 0);
		return;
	}
	inv_store(h, ste_at(dev), on ? 1 : ste_of(dev));
	inv_cmd(h, CFGI_STE | sid, 1);
	for (unsigned v = 0; v < h->vdevs; v++)
		inv_cmd(h, TLBI_NH_ASID | (uint64_t)inv_tag(h, dev, v) << 48, 0);
}

static void look(struct inv_host *h)
{
	inv_read(h, R_GERROR, 4);
}

/* What GERRORN holds the driver knows: it wrote it. */
static bool looked(struct inv_host *h)
{
	return (h->got[0] ^ h->seen) & GERROR_CMDQ;
}

static void collect(struct inv_host *h)
{
	inv_read(h, R_GERROR, 4);
	inv_read(h, R_CMDQ_CONS, 4);
}

static void collected(struct inv_host *h)
{
	if (bits_get(h->got[1], 30, 24) == CERROR_ATC_INV_SYNC) {
		h->failed = true;
		h->st.reports++;
		inv_accuse_all(h, -1);
	}
	h->seen = (uint32_t)h->got[0];
	inv_write(h, R_GERRORN, 4, h->got[0]); /* the same CMD_SYNC runs again */
}

const struct inv_host_ops inv_host_smmuv3 = {
	.arch = "smmuv3", .stride = 16, .boot = boot, .inv = inv, .wait = wait, .tail = tail, .head = head, .head_slot = head_slot, .fence = fence,
	.look = look, .looked = looked, .collect = collect, .collected = collected,
};
