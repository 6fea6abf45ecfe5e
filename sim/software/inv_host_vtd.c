/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inv_host_vtd.c - VT-d, scalable mode: PASID-based device-TLB invalidations, inv_wait_dsc with a status write, FSTS and IQERCD.
 * What a time-out tells: FSTS.ITE, and in IQERCD one requester of those that did not answer (0: not supplied); no PASID, no command; every
 * wait is aborted. So every command since the last good wait is unconfirmed. After clearing ITE the driver queues a wait alone: it
 * completes when the rest of the batch has been answered, or is aborted by the next time-out, which then names another requester.
 * Blocking a requester: context entry not present, context cache, PASID cache and IOTLB of its domains; a PASID: its PASID entry.
 * Does not model: ITESID checked against a list of present devices (Linux).
 * Spec: "Invalidation Queue Error Record Register", "Device-TLB Invalidation", "Guidance to Software for Invalidations".
 */
#include "software/inv_host.h"

enum { R_GCMD = 0x18, R_RTADDR = 0x20, R_FSTS = 0x34, R_IQH = 0x80, R_IQT = 0x88, R_IQA = 0x90, R_IQERCD = 0xb0 };
enum { FSTS_ICE = 1 << 5, FSTS_ITE = 1 << 6 };
enum { CC_DEVICE = 0x31, PC_PASID = 0x17, P_IOTLB_PASID = 0x26, P_DEV_TLB = 8, WAIT_SW = 0x25 };
static const uint64_t gcmd_te = BIT64(31), gcmd_srtp = BIT64(30), gcmd_qie = BIT64(26), iqa_dw = BIT64(11), rtaddr_scalable = BIT64(10);
static const uint64_t pasid_entry = 0x49; /* P, first stage only, 4 levels */

static uint64_t context_at(unsigned dev)
{
	return IH_TABLES + 0x1000 + 32 * (uint64_t)dev; /* devices 0 to 15 of the bus */
}

static uint64_t pasid_dir_at(unsigned dev)
{
	return IH_TABLES + 0x10000 + 0x2000 * (uint64_t)dev; /* followed by the one table it needs */
}

static uint64_t pasid_entry_at(unsigned dev, unsigned vdev)
{
	return pasid_dir_at(dev) + 0x1000 + 64 * (uint64_t)inv_pasid(vdev);
}

static uint64_t context_of(unsigned dev)
{
	return pasid_dir_at(dev) | 0xd; /* P, DTE, PASIDE; 128 directory entries */
}

static void boot(struct inv_host *h)
{
	const struct iommu_ops *o = h->u->ops;

	inv_boot_pt(h, 0x27, 0x67); /* present, RW, US, A; D */
	inv_put(h, IH_TABLES + 16 * (INVH_RID0 >> 8), context_at(0) | 1);
	for (unsigned d = 0; d < h->devices; d++) {
		inv_put(h, context_at(d), context_of(d));
		inv_put(h, pasid_dir_at(d), (pasid_dir_at(d) + 0x1000) | 1);
		for (unsigned v = 0; v < h->vdevs; v++) {
			inv_put(h, pasid_entry_at(d, v) + 8, inv_tag(h, d, v));
			inv_put(h, pasid_entry_at(d, v) + 16, IH_PT);
			inv_put(h, pasid_entry_at(d, v), pasid_entry);
		}
	}
	for (unsigned i = 0; i < inv_slots(h); i++) { /* the upper half of a descriptor stays 0 */
		inv_put(h, IH_RING + 32 * (uint64_t)i + 16, 0);
		inv_put(h, IH_RING + 32 * (uint64_t)i + 24, 0);
	}
	o->mmio_write(h->u, R_RTADDR, 8, IH_TABLES | rtaddr_scalable);
	o->mmio_write(h->u, R_GCMD, 4, gcmd_srtp);
	o->mmio_write(h->u, R_IQT, 8, 0);
	o->mmio_write(h->u, R_IQA, 8, IH_RING | iqa_dw | (h->c->ring_lg2 - 7));
	o->mmio_write(h->u, R_GCMD, 4, gcmd_qie);
	o->mmio_write(h->u, R_GCMD, 4, gcmd_qie | gcmd_te);
}

static void inv(struct inv_host *h, const struct inv_item *it)
{
	uint64_t rid = inv_rid(it->dev);

	/* MIP 0: 32 at once; PFSID: the function itself */
	inv_cmd(h, P_DEV_TLB | (rid & 15) << 12 | rid << 16 | (uint64_t)inv_pasid(it->vdev) << 32 | rid >> 4 << 52, it->iova);
}

static void wait(struct inv_host *h)
{
	inv_cmd(h, WAIT_SW | h->want << 32, IH_SEM);
}

static void tail(struct inv_host *h)
{
	inv_write(h, R_IQT, 4, h->prod % inv_slots(h) * 32);
}

static void head(struct inv_host *h)
{
	inv_read(h, R_IQH, 4);
}

static uint32_t head_slot(uint64_t reg)
{
	return (uint32_t)reg / 32;
}

static void fence_pasid(struct inv_host *h, unsigned dev, unsigned v)
{
	uint64_t did = inv_tag(h, dev, v), pasid = inv_pasid(v);

	inv_cmd(h, PC_PASID | did << 16 | pasid << 32, 0);
	inv_cmd(h, P_IOTLB_PASID | did << 16 | pasid << 32, 0);
}

static void fence(struct inv_host *h, unsigned dev, int vdev, bool on)
{
	if (vdev >= 0) {
		inv_store(h, pasid_entry_at(dev, (unsigned)vdev), on ? 0 : pasid_entry);
		fence_pasid(h, dev, (unsigned)vdev);
		return;
	}
	inv_store(h, context_at(dev), on ? 0 : context_of(dev));
	inv_cmd(h, CC_DEVICE | (uint64_t)inv_rid(dev) << 32, 0);
	for (unsigned v = 0; v < h->vdevs; v++)
		fence_pasid(h, dev, v);
}

static void look(struct inv_host *h)
{
	inv_read(h, R_FSTS, 4);
}

static bool looked(struct inv_host *h)
{
	return h->got[0] & (FSTS_ITE | FSTS_ICE);
}

static void collect(struct inv_host *h)
{
	inv_read(h, R_FSTS, 4);
	inv_read(h, R_IQH, 4);
	inv_read(h, R_IQERCD, 8);
}

static void collected(struct inv_host *h)
{
	uint32_t rid = (uint32_t)bits_get(h->got[2], 47, 32);
	bool ite = h->got[0] & FSTS_ITE;

	/* the record first, then the bit: clearing it lets the queue go on */
	inv_write(h, R_FSTS, 4, h->got[0] & (FSTS_ITE | FSTS_ICE));
	if (h->got[0] & FSTS_ICE)
		h->st.bad_completions++;
	if (!ite)
		return;
	h->failed = true;
	h->st.reports++;
	h->named = rid && inv_accuse_all(h, (int)(rid - INVH_RID0));
	if (!h->named)
		inv_accuse_all(h, -1);
	inv_wait_again(h);
}

const struct inv_host_ops inv_host_vtd = {
	.arch = "vtd", .stride = 32, .boot = boot, .inv = inv, .wait = wait, .tail = tail, .head = head, .head_slot = head_slot, .fence = fence,
	.look = look, .looked = looked, .collect = collect, .collected = collected,
};
