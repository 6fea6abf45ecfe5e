/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inv_host_amdvi.c - AMD-Vi: INVALIDATE_IOTLB_PAGES with PASID, COMPLETION_WAIT with a store, the event log.
 * What a time-out tells: one IOTLB_INV_TIMEOUT per command, with DeviceID and the address of the command; the COMPLETION_WAIT completes, so
 * the log has to be looked at after each. The other commands of the batch are confirmed by it.
 * The address names a ring slot, not a command. cfg->snapshot says what the driver makes of it when the slot was used again meanwhile:
 * INVH_SNAP_ALL keeps every command that no wait has confirmed, with its slot and time, and suspects those of the slot and the DeviceID that
 * are as old as the time-out; INVH_SNAP_LAST keeps the last one of each slot and knows whether it replaced one that was not settled: then it
 * suspects every open command of the DeviceID; INVH_SNAP_RING believes the 16 bytes now found there, as a driver does that dumps them, unless
 * they are not an invalidation of that DeviceID.
 * Blocking a device: DTE with V = 1, TV = 0, INVALIDATE_DEVTAB_ENTRY, INVALIDATE_IOMMU_PAGES of its domain; a PASID: its GCR3 entry.
 * Does not model: a full event log (records of time-outs would be lost in it unseen), halts on illegal commands (this driver queues none).
 * Spec: 48882, "INVALIDATE_IOTLB_PAGES", "COMPLETION_WAIT", "IOTLB_INV_TIMEOUT", "Device Table Entry".
 */
#include "software/inv_host.h"

enum {
	R_DEVTAB = 0x00, R_CMD_BASE = 0x08, R_EVT_BASE = 0x10, R_CONTROL = 0x18, R_CMD_HEAD = 0x2000, R_CMD_TAIL = 0x2008, R_EVT_HEAD = 0x2010,
	R_EVT_TAIL = 0x2018
};
enum { LOG_LG2 = 10, LOG_BYTES = 16 << LOG_LG2, EV_IOTLB_INV_TIMEOUT = 7 };
#define CMD(op) ((uint64_t)(op) << 60)
#define ALL_PAGES UINT64_C(0x7ffffffffffff001)
static const uint64_t control = 0x11405; /* IommuEn, EventLogEn, Coherent, CmdBufEn, GTEn */

static uint64_t dte_at(unsigned dev)
{
	return IH_TABLES + 32 * (uint64_t)inv_rid(dev);
}

static uint64_t gcr3_at(unsigned dev)
{
	return IH_TABLES + 0x10000 + 0x1000 * (uint64_t)dev;
}

static uint64_t did_of(const struct inv_host *h, unsigned dev)
{
	return inv_tag(h, dev, 0);
}

/* V, TV, IR, IW, GV; one level of GCR3 */
static uint64_t dte0(unsigned dev)
{
	return 3 | UINT64_C(3) << 61 | BIT64(55) | bits_get(gcr3_at(dev), 14, 12) << 58;
}

static void boot(struct inv_host *h)
{
	const struct iommu_ops *o = h->u->ops;

	inv_boot_pt(h, 0x27, 0x67);
	for (unsigned d = 0; d < h->devices; d++) {
		uint64_t g = gcr3_at(d);

		inv_put(h, dte_at(d) + 8, did_of(h, d) | bits_get(g, 30, 15) << 16 | BIT64(32) | bits_get(g, 51, 31) << 43);
		inv_put(h, dte_at(d), dte0(d));
		for (unsigned v = 0; v < h->vdevs; v++)
			inv_put(h, g + 8 * (uint64_t)inv_pasid(v), IH_PT | 1);
	}
	o->mmio_write(h->u, R_DEVTAB, 8, IH_TABLES | 3); /* four pages */
	o->mmio_write(h->u, R_CMD_BASE, 8, IH_RING | (uint64_t)h->c->ring_lg2 << 56);
	o->mmio_write(h->u, R_EVT_BASE, 8, IH_LOG | (uint64_t)LOG_LG2 << 56);
	o->mmio_write(h->u, R_CONTROL, 8, control | (uint64_t)h->c->timeout_code << 5);
}

static void inv(struct inv_host *h, const struct inv_item *it)
{
	uint64_t rid = inv_rid(it->dev), p = inv_pasid(it->vdev);

	/* Maxpend 32, QueueID: the device; GN */
	inv_cmd(h, CMD(4) | rid | (p >> 8 & 0xff) << 16 | UINT64_C(32) << 24 | rid << 32 | (p & 0xff) << 48 | (p >> 16 & 15) << 56, it->iova | 4);
}

static void wait(struct inv_host *h)
{
	inv_cmd(h, CMD(1) | IH_SEM | 1, h->want);
}

static void tail(struct inv_host *h)
{
	inv_write(h, R_CMD_TAIL, 4, h->prod % inv_slots(h) * 16);
}

static void head(struct inv_host *h)
{
	inv_read(h, R_CMD_HEAD, 4);
}

static uint32_t head_slot(uint64_t reg)
{
	return (uint32_t)reg / 16;
}

static void fence(struct inv_host *h, unsigned dev, int vdev, bool on)
{
	uint64_t did = did_of(h, dev);

	if (vdev >= 0) {
		uint64_t p = inv_pasid((unsigned)vdev);

		inv_store(h, gcr3_at(dev) + 8 * p, on ? 0 : IH_PT | 1);
		inv_cmd(h, CMD(3) | p | did << 32, ALL_PAGES | 6); /* PDE, GN */
		return;
	}
	inv_store(h, dte_at(dev), on ? 1 : dte0(dev));
	inv_cmd(h, CMD(2) | inv_rid(dev), 0);
	inv_cmd(h, CMD(3) | did << 32, ALL_PAGES | 2);
	for (unsigned v = 0; v < h->vdevs; v++)
		inv_cmd(h, CMD(3) | inv_pasid(v) | did << 32, ALL_PAGES | 6);
}

static void look(struct inv_host *h)
{
	inv_read(h, R_EVT_TAIL, 4);
}

static bool looked(struct inv_host *h)
{
	return (uint32_t)h->got[0] != h->seen;
}

static void collect(struct inv_host *h)
{
	uint32_t tail_off = (uint32_t)h->got[0];

	for (uint32_t at = h->seen; at != tail_off; at = (at + 16) % LOG_BYTES) {
		inv_load(h, IH_LOG + at);
		inv_load(h, IH_LOG + at + 8);
	}
}

/*
 * Could an event seen now be about @o? It is one and a half time-outs old at most, or @late; and, unless @young, one at least: the driver has
 * programmed that time itself. What is older counts as settled, unless nothing else explains the event: a message can be held back behind
 * 32 others of its device.
 */
static bool due(const struct inv_host *h, const struct inv_open *o, bool young, bool late)
{
	static const uint64_t ms[8] = { 0, 1, 10, 100, 1000, 10000, 100000, 0 };
	uint64_t t = ms[h->c->timeout_code & 7] * UINT64_C(1000000000), age = sim_now(h->u->k) - o->at;

	return !o->reported && (young || age >= t) && (late || age <= t + t / 2);
}

static void accuse_one(struct inv_host *h, struct inv_open *o, bool sure)
{
	inv_accuse(h, o, sure);
	o->failed = true;
	o->reported = sure;
}

/* INVH_SNAP_ALL: the due commands of the slot and the device; a single one is certain. Returns: how many. */
static unsigned accuse_due(struct inv_host *h, unsigned dev, uint32_t slot, bool late)
{
	struct inv_open *hit[INVH_MAX_BATCH];
	unsigned n = 0;

	for (uint32_t i = 0; i < h->n_open && n < INVH_MAX_BATCH; i++) {
		struct inv_open *o = &h->open[i];

		if (o->slot == slot && h->item[o->item].dev == dev && due(h, o, false, late))
			hit[n++] = o;
	}
	for (unsigned i = 0; i < n; i++)
		accuse_one(h, hit[i], n == 1);
	h->named |= n > 1;
	return n;
}

/* The last command put into the slot, if it is an open invalidation of @dev; @others: commands of the slot before it that are not settled. */
static struct inv_open *last_of(struct inv_host *h, unsigned dev, uint32_t slot, unsigned *others)
{
	struct inv_open *last = NULL;

	*others = 0;
	for (uint32_t i = 0; i < h->n_open; i++) {
		if (h->open[i].slot != slot)
			continue;
		*others += last && due(h, last, true, false);
		last = &h->open[i];
	}
	return last && h->item[last->item].dev == dev && h->ring_use[slot] == last->item + 1 ? last : NULL;
}

static void accuse_slot(struct inv_host *h, unsigned dev, uint32_t slot)
{
	unsigned others;
	struct inv_open *last = last_of(h, dev, slot, &others);

	if (h->c->snapshot == INVH_SNAP_ALL && (accuse_due(h, dev, slot, false) || accuse_due(h, dev, slot, true)))
		return;
	if (last && (h->c->snapshot == INVH_SNAP_RING || (h->c->snapshot == INVH_SNAP_LAST && !others)))
		accuse_one(h, last, true);
	else
		h->named = inv_accuse_all(h, (int)dev) != 0;
}

static void collected(struct inv_host *h)
{
	for (uint32_t i = 0; i + 1 < h->n_got; i += 2, h->seen = (h->seen + 16) % LOG_BYTES) {
		uint32_t rid = (uint32_t)bits_get(h->got[i], 15, 0);

		if (bits_get(h->got[i], 63, 60) != EV_IOTLB_INV_TIMEOUT || rid - INVH_RID0 >= h->devices)
			continue;
		h->failed = true;
		h->st.reports++;
		accuse_slot(h, rid - INVH_RID0, (uint32_t)((bits_get(h->got[i + 1], 63, 4) << 4) - IH_RING) / 16);
	}
	inv_write(h, R_EVT_HEAD, 4, h->seen);
}

const struct inv_host_ops inv_host_amdvi = {
	.arch = "amdvi", .per_command = true, .stride = 16, .boot = boot, .inv = inv, .wait = wait, .tail = tail, .head = head,
	.head_slot = head_slot, .fence = fence, .look = look, .looked = looked, .collect = collect, .collected = collected,
};
