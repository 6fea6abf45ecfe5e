/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hyp.c - options, statistics, and the two filters around the driver model: hyp_source() in front of it, hyp_next() behind it.
 * hyp_next() sees every store and register write in the moment before it takes effect, and is called again when it has.
 */
#include "software/hyp.h"
#include <stdlib.h>
#include "software/hyp_int.h"

#define O(k, t, m, def, min, max, unit, help, ch) { k, t, offsetof(struct hyp_cfg, m), def, min, max, unit, help, ch }
#define T(k, m, def, help) O(k, CFG_TIME, m, def, 0, UINT64_C(1000000000000), "ps", help, 0)
const struct cfg_opt hyp_opts[] = {
	O("hypervisor", CFG_ENUM, mode, HYP_NONE, 0, 5, "", "Who carries out the trace's attach, map and unmap, and in what way (sim/software/hyp.h); none: the driver, in no time.",
	  "none|native|passthrough|shadow|nested-trapped|nested-hw"),
	O("guest_iova", CFG_ENUM, iova, HYP_IOVA_BIND, 0, 1, "", "Nested modes: requests without PASID are on the guest's first stage, or the host keeps a shadow for them.", "bind|shadow"),
	O("shadow_tables", CFG_ENUM, shadow_tables, HYP_TABLES_AUTO, 0, 2, "", "Tables of a shadow; auto: ss (VT-d in legacy mode: legacy), fs for SMMUv3 and for a PASID of AMD-Vi.", "auto|ss|fs"),
	O("guest_devtlb", CFG_ENUM, devtlb, HYP_DEVTLB_FORWARDED, 0, 2, "", "Device-TLB invalidations: the guest's own, forwarded; hidden in what the host does for an IOTLB invalidation; skipped by a guest that trusts caching mode (nested modes: nobody sends them).",
	  "forwarded|hidden|skipped"),
	O("guest_doorbell", CFG_ENUM, doorbell, HYP_DOORBELL_EACH, 0, 1, "", "nested-trapped: every tail write leaves the guest, or only one that hands over a wait.", "each|wait"),
	O("guest_faults", CFG_ENUM, back, HYP_BACK_AUTO, 0, 2, "", "The way of faults to the guest: through the host, or a log of its own; auto: hardware with nested-hw.", "auto|software|hardware"),
	O("guest_timeouts", CFG_ENUM, timeouts, HYP_TIMEOUTS_NONE, 0, 3, "", "The way of time-outs of device-TLB invalidations, as guest_faults; none: nobody looks, and a queue that stopped stays stopped.",
	  "none|auto|software|hardware"),
	O("guest_pages", CFG_ENUM, pages, HYP_BACK_AUTO, 0, 2, "", "`iommusim faults`: the way of page requests to the guest, as guest_faults; auto: hardware with nested-hw, but for SMMUv3.",
	  "auto|software|hardware"),
	O("guest_itesid", CFG_BOOL, itesid, 1, 0, 1, "", "VT-d: a time-out names the (virtual) requester; off: the guest's unit does not tell it.", 0),
	O("guests", CFG_U32, guests, 1, 1, DRV_MAX_VMS, "guests", "Virtual machines; requesters belong to them in turn, in the order in which they are attached.", 0),
	O("viommus", CFG_U32, viommus, 1, 1, DRV_MAX_VIOMMUS, "vIOMMUs", "Virtual IOMMUs of each guest; its requesters belong to them in turn.", 0),
	O("direct", CFG_U32, direct, 0, 0, 65536, "requesters", "Requesters of each guest, the first ones, that have no virtual IOMMU.", 0),
	O("amd_dte_trap", CFG_BOOL, dte_trap, 0, 0, 1, "", "AMD-Vi, nested modes: the guest's device table is write-protected; each half of an entry it stores is an exit.", 0),
	O("interfaces", CFG_U32, if_count, 0, 0, 65536, "requesters", "So many requesters of the trace, from interface_first on, are interfaces of one function.", 0),
	O("interface_first", CFG_U32, if_first, 0, 0, 0xffff, "rid", "The first of them.", 0),
	O("interface_rid", CFG_U32, if_rid, 0, 0, 0xffff, "rid", "The requester that the unit sees for all of them.", 0),
	O("interface_pasid", CFG_U32, if_pasid, 0x100, 1, 0xfffff, "", "PASID that the unit sees for PASID 0 and no PASID of the first interface.", 0),
	O("interface_slice", CFG_U32, if_slice, 16, 1, 0xfffff, "PASIDs", "PASIDs of each interface; what is higher is shared by all.", 0),
	T("exit_time", exit_ps, 2000000, "Leaving the guest and coming back (assumed)."),
	T("host_command_time", host_cmd_ps, 100000, "nested-trapped: host software per command: read, look up ids, queue (assumed)."),
	T("host_page_time", host_page_ps, 50000, "shadow: host software per table entry: read the guest's, pin, store (assumed)."),
	T("host_attach_time", attach_ps, 10000000, "Host software per attach or detach of a guest (assumed)."),
	T("command_time", cmd_ps, 20000, "A driver builds a command (assumed)."),
	T("doorbell_time", doorbell_ps, 100000, "A driver writes the tail register (assumed)."),
	T("store_time", pte_ps, 2000, "A driver stores a word of a table or ring (assumed)."),
	T("map_time", map_ps, 0, "Other software of a map, such as finding an I/O virtual address."),
	T("unmap_time", unmap_ps, 0, "Other software of an unmap."),
	T("dma_time", dma_ps, 0, "Software per DMA record of the trace, such as posting a descriptor; not charged with none."),
	T("interrupt_time", irq_ps, 1000000, "A unit's fault interrupt until software runs (assumed)."),
	T("host_fault_time", host_fault_ps, 2000000, "Host software per fault (assumed)."),
	T("inject_time", inject_ps, 2000000, "Injecting the fault into the guest until its handler runs (assumed)."),
	{ 0 }
};
#undef O
#undef T

#define STAT_STRUCT struct hyp_stats
#define HIST(f, doc) { #f, "ps", doc, offsetof(struct hyp_stats, f), STAT_HIST, 0 },
const struct stat_def hyp_stat_defs[] = {
	STAT_ROW(exits, "count", "times a guest left to its hypervisor")
	STAT_ROW(exits_map, "count", "of these, for a map")
	STAT_ROW(exits_unmap, "count", "of these, for an unmap, flush or invalidation command")
	STAT_ROW(exits_attach, "count", "of these, for an attach, detach or ATS change")
	STAT_ROW(exits_table, "count", "of these, for stores to a write-protected device table")
	STAT_ROW(host_ps, "ps", "software time in the host, exits included")
	STAT_ROW(guest_ps, "ps", "software time of guests, or of the native driver")
	STAT_ROW(maps, "count", "map records carried out")
	STAT_ROW(unmaps, "count", "unmap records carried out")
	STAT_ROW(attaches, "count", "attach records")
	STAT_ROW(unprotected, "count", "unmaps of a guest behind which its device can still reach the memory")
	STAT_ROW(commands, "count", "commands handed to units")
	STAT_ROW(guest_commands, "count", "commands queued by guests")
	STAT_ROW(devtlb_commands, "count", "commands for devices' translation caches handed to units")
	STAT_ROW(waits, "count", "waits handed to units")
	STAT_ROW(waits_lost, "count", "AMD-Vi guest's waits whose store was not there when software went on: its buffer had stopped")
	STAT_ROW(table_stores, "count", "stores to tables and rings")
	STAT_ROW(dma_translated, "count", "DMAs given a guest-physical address instead of an I/O virtual one")
	STAT_ROW(dma_split, "count", "more DMAs because the guest's map was not contiguous")
	STAT_ROW(dma_lost, "count", "DMAs of which the guest has no mapping")
	STAT_ROW(faults, "count", "requests refused by units")
	STAT_ROW(fault_exact, "count", "of these, whose guest requester and PASID is one")
	STAT_ROW(fault_ambiguous, "count", "of these, that several interfaces of guests can have made")
	STAT_ROW(fault_unknown, "count", "of these, of nobody attached")
	STAT_ROW(fault_lost, "count", "of these, that the guest is not told: its device has no virtual IOMMU, or its log took no entry")
	STAT_ROW(timeouts, "count", "reports of device-TLB invalidations without an answer")
	STAT_ROW(timeout_exact, "count", "of these, for which the guest has one suspect: device, or device and PASID")
	STAT_ROW(timeout_ambiguous, "count", "of these, for which it has several")
	STAT_ROW(timeout_unknown, "count", "of these, that no command of the batch explains")
	STAT_ROW(timeout_lost, "count", "of these, that the guest is not told: the invalidation was the host's")
	STAT_ROW(bad_completions, "count", "reports of unexpected completions (VT-d)")
	HIST(safe, "unmap: entry cleared by the guest until no unit can use it")
	HIST(inval, "invalidation as the guest sees it: start until it goes on")
	HIST(unmap, "unmap as the guest sees it")
	HIST(map, "map as the guest sees it")
	HIST(attach, "attach as the guest sees it")
	HIST(s2_unmap, "memory taken from a virtual machine: entry cleared until no unit can use it")
	HIST(fault_latency, "fault until the guest's handler runs")
	HIST(timeout_latency, "time-out reported by the unit until the guest's handler runs")
	{ "timeout_suspects", "count", "devices, or devices and PASIDs, that the guest must suspect of a time-out", offsetof(struct hyp_stats, timeout_suspects), STAT_HIST, 0 },
	{ 0 }
};

static int hyp_source(void *hyp, struct trc_rec *r, struct err *e)
{
	struct hyp *h = hyp;

	while (h->q_head == h->q_n && !h->failed) {
		struct trc_rec in;
		int rc;

		h->q_head = h->q_n = 0;
		if (h->op.kind)
			hyp_op_end(h);
		rc = h->have_later ? 1 : h->src(h->arg, &in, e);
		if (rc <= 0)
			return rc;
		if (h->have_later)
			in = h->later;
		h->have_later = in.kind >= TRC_ATTACH && !h->up[in.unit];
		if (h->have_later) { /* the unit is brought up at boot, not in the time of the first attach */
			h->later = in;
			h->up[in.unit] = true;
			drv_bring_up(h->drv, in.unit);
			*r = (struct trc_rec){ .kind = TRC_DELAY, .unit = in.unit, .at = TRC_NO_TIME, .line = in.line };
			return 1;
		}
		hyp_translate(h, &in);
	}
	if (h->failed) {
		if (e)
			*e = h->err;
		return -1;
	}
	*r = h->q[h->q_head++];
	if (r->kind == TRC_ATTACH) {
		drv_place(h->drv, (unsigned)r->u.sw.pa, (unsigned)r->u.sw.size);
		r->u.sw.pa = r->u.sw.size = 0;
	}
	return 1;
}

struct hyp *hyp_create(const struct hyp_cfg *c, const struct drv_cfg *dc, struct plat *p, plat_source_fn *src, void *arg, struct err *e)
{
	struct hyp *h;

	if (c->mode > HYP_NATIVE && dc->mode != DRV_MODE_AUTO) {
		err_set(e, ERR_INPUT, "software.mode is for software.hypervisor = none or native; the others choose the tables (software.shadow_tables)");
		return NULL;
	}
	if (c->mode == HYP_HW && c->devtlb == HYP_DEVTLB_HIDDEN) {
		err_set(e, ERR_INPUT, "software.guest_devtlb = hidden: with nested-hw no host sees the commands it would add to");
		return NULL;
	}
	if (c->mode != HYP_HW && c->mode != HYP_NATIVE && c->timeouts == HYP_TIMEOUTS_AUTO + HYP_BACK_HARDWARE) {
		err_set(e, ERR_INPUT, "software.guest_timeouts = hardware: without nested-hw the queue that stops is the host's");
		return NULL;
	}
	h = calloc(1, sizeof(*h));
	if (!h) {
		err_set(e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	h->c = c;
	h->dc = dc;
	h->p = p;
	h->src = src;
	h->arg = arg;
	h->strict = *dc;
	h->strict.policy = DRV_STRICT;
	if (c->mode == HYP_SHADOW || (c->mode > HYP_SHADOW && c->iova == HYP_IOVA_SHADOW)) /* a guest in caching mode is not lazy */
		h->dc = &h->strict;
	h->drv = c->mode == HYP_NONE ? drv_create(dc, p, src, arg, e) : drv_create(h->dc, p, hyp_source, h, e);
	if (h->drv && c->mode == HYP_HW)
		drv_hw_queues(h->drv, c->back != HYP_BACK_SOFTWARE);
	if (h->drv)
		return h;
	free(h);
	return NULL;
}

void hyp_destroy(struct hyp *h)
{
	if (!h)
		return;
	drv_destroy(h->drv);
	for (size_t i = 0; i < h->n_dom; i++)
		free(h->dom[i].map.r);
	for (size_t i = 0; i < ARRAY_LEN(h->present); i++)
		free(h->present[i].r);
	for (size_t i = 0; i < ARRAY_LEN(h->ring); i++)
		free(h->ring[i]);
	hyp_back_fini(h);
	hyp_vlog_fini(h);
	free(h->q);
	free(h->dev);
	free(h->dev_at);
	free(h->dom);
	free(h->space);
	free(h->lazy);
	free(h);
}

struct hyp_stats *hyp_statistics(struct hyp *h)
{
	return &h->st;
}

/* What guests' waits store is there, or never comes. */
static void waits_over(struct hyp *h)
{
	for (struct hyp_ring *r = h->asked, *next; r; r = next) {
		uint64_t w = 0;

		next = r->asked;
		r->asked = NULL;
		h->st.waits_lost += mem_read(plat_mem(h->p), r->wait_at, &w, 1) != MEM_OK || w < r->wait_val;
		r->wait_at = 0;
	}
	h->asked = NULL;
}

/* What went out last has taken effect. */
static void took_effect(struct hyp *h)
{
	sim_time now = sim_now(plat_kernel(h->p));

	if (h->op.last == LAST_FIRST_STORE)
		h->op.first_store = now;
	else if (h->op.last == LAST_MARK)
		h->op.done = now;
	if (h->asked && h->op.last == LAST_MARK)
		waits_over(h);
	h->op.last = LAST_OTHER;
}

static void pay(struct hyp *h, struct trc_rec *delay, const struct trc_rec *like)
{
	*delay = (struct trc_rec){ .kind = TRC_DELAY, .unit = like->unit, .at = TRC_NO_TIME, .line = like->line };
	delay->u.delay_ps = h->op.owed_ps;
	h->op.owed_ps = 0;
}

static void tail_write(struct hyp *h, struct trc_rec *r)
{
	struct iommu *u = plat_unit(h->p, r->unit);
	struct hyp_batch b;
	uint64_t exits = h->st.exits, back;

	if (r->unit >= h->n_ring)
		h->n_ring = r->unit + 1u;
	if (!h->ring[r->unit]) {
		h->ring[r->unit] = calloc(1, sizeof(struct hyp_unit));
		if (!h->ring[r->unit]) {
			hyp_fail(h, ERR_MACHINE, "out of memory");
			return;
		}
		h->ring[r->unit]->s2_offset = h->dc->s2_offset;
	}
	if (!u || !hyp_ring_write(h->ring[r->unit], u, plat_mem(h->p), r->u.mmio.off, r->u.mmio.val, &b,
				   h->c->timeouts ? &h->targets : NULL))
		return;
	hyp_op_commands(h, &b);
	if (b.asked) {
		b.guest->asked = h->asked;
		h->asked = b.guest;
	}
	back = (h->st.exits - exits) * h->c->exit_ps / 2;
	h->op.owed_ps -= back;
	h->held = *r;
	h->have_held = true;
	pay(h, r, &h->held);
	h->op.owed_ps = back;
}

static __attribute__((noinline)) int timed_next(struct hyp *h, struct trc_rec *r, struct err *e)
{
	sim_time wait;
	int rc;

	if (h->op.last == LAST_FIRST_STORE)
		took_effect(h);
	wait = hyp_back_wait(h);
	if (wait) {
		*r = (struct trc_rec){ .kind = TRC_DELAY, .at = TRC_NO_TIME };
		r->u.delay_ps = wait;
		return 1;
	}
	took_effect(h);
	if (h->have_held) {
		h->have_held = false;
		*r = h->held;
		if (r->kind == TRC_STORE)
			h->op.last = LAST_FIRST_STORE;
		return 1;
	}
	rc = drv_next(h->drv, r, e);
	if (rc <= 0)
		return rc;
	if (r->kind == TRC_MMIO_WRITE) {
		tail_write(h, r);
	} else if (r->kind == TRC_STORE && h->op.kind) {
		hyp_op_store(h, r->u.store.pa, r->u.store.bytes);
		if ((h->op.kind == TRC_UNMAP || h->op.kind == TRC_MAP) && !h->op.stored) {
			h->op.stored = true;
			if (h->op.pre_ps) { /* the way to the host comes first */
				h->held = *r;
				h->have_held = true;
				pay(h, r, &h->held);
			} else {
				h->op.last = LAST_FIRST_STORE;
			}
		}
	} else if (r->kind == TRC_DELAY && h->op.kind) {
		h->op.owed_ps += h->q_head == h->q_n ? h->op.post_ps : 0;
		if (h->q_head + 1 == h->q_n)
			h->op.last = LAST_MARK;
		else
			pay(h, r, r);
	}
	return 1;
}

int hyp_next(void *hyp, struct trc_rec *r, struct err *e)
{
	struct hyp *h = hyp;

	return h->c->mode == HYP_NONE ? drv_next(h->drv, r, e) : timed_next(h, r, e);
}
