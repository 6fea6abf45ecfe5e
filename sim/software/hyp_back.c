/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hyp_back.c - the way back: refused requests, and device-TLB invalidations that a device did not answer, from the unit to the guest.
 * Models: the error read from the unit's registers or log after the interrupt, and acknowledged there, which lets a queue that stopped
 * go on; one handler in the host, first come first served; who the guest can blame, from what its unit tells it and what it queued itself:
 *   VT-d     FSTS.ITE and the requester of IQERCD; without one every target of the batch. The virtual requester-id stands for the real one
 *   SMMUv3   CERROR_ATC_INV_SYNC of the queue, the main one or the guest's own VCMDQ: every target of the batch
 *   AMD-Vi   IOTLB_INV_TIMEOUT names the command, and that names the device and the PASID. It goes to the host's log even if the command
 *            was a guest's own (what we have of the specification names faults and page requests for guests' logs): by hardware means that
 *            the host reads it, puts the guest's ids in and has it written to the guest's log by INSERT_GUEST_EVENT
 * Whoever waits for the queue goes on when the report has been dealt with, and takes the invalidation for done. Bad completions (VT-d FSTS.ICE)
 * are counted and acknowledged; nobody is told.
 * Does not model: reactions (retry, isolate, reset: inv_host.h, for a driver that owns the unit), the time of register reads (host_fault_time
 * stands for it), an overflow of the AMD-Vi log, unit errors other than these (a queue that stops for another reason stays stopped). The
 * interrupt is not a message: registers are looked at when the unit's queue stops or gets on, and interrupt_time passes.
 * Spec: VT-d, "Invalidation Time-out Error"; Arm IHI 0070, "Command queue errors"; 48882, "IOTLB_INV_TIMEOUT".
 */
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"
#include "software/amd_private.h"
#include "software/hyp_int.h"

struct report { /* a time-out, as the unit tells it */
	bool named, exact; /* a requester; and a PASID */
	uint32_t rid, pasid;
};
struct hyp_back { /* a unit's errors on their way to software */
	struct sim_event ev;
	struct hyp *h;
	uint8_t unit;
	bool pending;
	sim_time seen, told; /* the unit reported; whoever waits goes on */
	struct hyp_targets targets; /* of the batch that failed */
	bool insert; /* AMD-Vi: by guests' logs */
	unsigned inserted; /* events on their way there */
	bool private; /* the host's own batch, or nothing that the guest queued */
};
struct way { /* an architecture's record */
	const char *arch;
	bool (*looks)(struct hyp *h, struct iommu *u, const struct hyp_unit *ring);
	void (*collect)(struct hyp_back *b, struct iommu *u, struct hyp_unit *ring);
};

#define NEVER UINT64_MAX /* not known yet */
enum { LOOK_PS = 10000 }; /* so often a guest looks that waits for what comes by its log */

static bool by_host(const struct hyp *h, uint32_t back)
{
	return h->c->mode != HYP_NATIVE && !(back == HYP_BACK_HARDWARE || (back == HYP_BACK_AUTO && h->c->mode == HYP_HW));
}

/* When the handler that reads what the unit reports at @now is done: the host's, or the guest's own. */
static sim_time handled(struct hyp *h, sim_time now, bool host)
{
	sim_time at = now + h->c->irq_ps;

	if (!host)
		return at;
	at = at > h->fault_busy ? at : h->fault_busy; /* one handler, first come first served */
	h->fault_busy = at + h->c->host_fault_ps;
	return h->fault_busy;
}

unsigned hyp_owners(const struct hyp *h, unsigned unit, uint32_t rid, uint32_t pasid, const struct hyp_space **who)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->cap_space; i++) {
		const struct hyp_space *s = &h->space[i];

		if (s->used && s->attached && s->unit == unit && s->hrid == rid && s->hpasid == pasid) {
			*who = s;
			n++;
		}
	}
	return n;
}

void hyp_fault(struct hyp *h, unsigned unit, const struct xl_req *q, const struct xl_res *res)
{
	const struct hyp_space *who = NULL;
	sim_time now = sim_now(plat_kernel(h->p));
	bool host = by_host(h, h->c->back);
	enum hyp_way way;
	unsigned n = hyp_owners(h, unit, q->rid, q->has_pasid ? q->pasid : TRC_NO_PASID, &who);

	h->st.faults++;
	if (!n) {
		h->st.fault_unknown++;
		return;
	}
	if (who->kind == HYP_BY_MAP) {
		h->st.fault_lost++;
		return;
	}
	way = host ? HYP_WAY_NONE : hyp_vlog_fault(h, unit, q, res);
	if (way == HYP_WAY_LOG)
		return;
	host |= way == HYP_WAY_HOST;
	h->st.fault_exact += n == 1;
	h->st.fault_ambiguous += n > 1;
	hist_add(&h->st.fault_latency, handled(h, now, host) + (host ? h->c->inject_ps : 0) - now);
}

/* ---- time-outs ---- */

/* How many of those that the guest knows can be meant by @r. */
static unsigned suspects(const struct hyp_back *b, const struct report *r)
{
	const struct hyp_targets *t = &b->targets;
	const bool named = r->named && (b->h->c->itesid || r->exact);
	const struct hyp_space *who;
	unsigned n = 0;

	for (unsigned i = 0; i < t->n; i++)
		if (!named || (t->t[i].rid == r->rid && (!r->exact || t->t[i].pasid == r->pasid)))
			n += t->t[i].is_virtual ? 1 : hyp_owners(b->h, b->unit, t->t[i].rid, t->t[i].pasid, &who);
	return n;
}

static void tell(struct hyp_back *b, const struct report *r)
{
	struct hyp_stats *st = &b->h->st;
	unsigned n = suspects(b, r);

	st->timeouts++;
	if (b->private) {
		st->timeout_lost++;
		return;
	}
	if (!n) {
		st->timeout_unknown++;
		return;
	}
	st->timeout_exact += n == 1;
	st->timeout_ambiguous += n > 1;
	hist_add(&st->timeout_suspects, n);
	hist_add(&st->timeout_latency, b->told - b->seen);
}

static uint64_t rd(struct iommu *u, uint32_t off, unsigned bytes)
{
	return u->ops->mmio_read(u, off, bytes);
}

enum { R_FSTS = 0x34, R_IQERCD = 0xb0, FSTS_ICE = 1 << 5, FSTS_ITE = 1 << 6 };

static bool looks_vtd(struct hyp *h, struct iommu *u, const struct hyp_unit *ring)
{
	(void)h;
	(void)ring;
	return rd(u, R_FSTS, 4) & (FSTS_ITE | FSTS_ICE);
}

static void collect_vtd(struct hyp_back *b, struct iommu *u, struct hyp_unit *ring)
{
	uint64_t s = rd(u, R_FSTS, 4);
	struct report r = { .rid = (uint32_t)bits_get(rd(u, R_IQERCD, 8), 47, 32) };

	(void)ring;
	r.named = r.rid;
	b->h->st.bad_completions += !!(s & FSTS_ICE);
	if (s & FSTS_ITE)
		tell(b, &r);
	u->ops->mmio_write(u, R_FSTS, 4, s & (FSTS_ITE | FSTS_ICE));
}

enum { R_GERROR = 0x60, R_GERRORN = 0x64, R_CMDQ_CONS = 0x9c, GERROR_CMDQ = 1, CERROR_ATC_INV_SYNC = 3 };
enum { VQ = 0x4000000 + 0x30000, VQ_STRIDE = 0x20000, VQ_CONS = 0, VQ_GERROR = 0x10, VQ_GERRORN = 0x14 };

static bool failed_smmuv3(struct iommu *u, uint32_t gerror, uint32_t gerrorn, uint32_t cons)
{
	return ((rd(u, gerror, 4) ^ rd(u, gerrorn, 4)) & GERROR_CMDQ) && bits_get(rd(u, cons, 4), 30, 24) == CERROR_ATC_INV_SYNC;
}

static bool looks_smmuv3(struct hyp *h, struct iommu *u, const struct hyp_unit *ring)
{
	(void)h;
	for (uint32_t i = 0; i < HYP_VINTFS && ring->vintf[i].size; i++)
		if (failed_smmuv3(u, VQ + i * VQ_STRIDE + VQ_GERROR, VQ + i * VQ_STRIDE + VQ_GERRORN, VQ + i * VQ_STRIDE + VQ_CONS))
			return true;
	return failed_smmuv3(u, R_GERROR, R_GERRORN, R_CMDQ_CONS);
}

static void acknowledge_smmuv3(struct hyp_back *b, struct iommu *u, uint32_t gerror, uint32_t gerrorn, uint32_t cons)
{
	static const struct report unnamed;

	if (!failed_smmuv3(u, gerror, gerrorn, cons))
		return;
	tell(b, &unnamed);
	u->ops->mmio_write(u, gerrorn, 4, rd(u, gerrorn, 4) ^ GERROR_CMDQ); /* the same CMD_SYNC runs again */
}

static void collect_smmuv3(struct hyp_back *b, struct iommu *u, struct hyp_unit *ring)
{
	for (uint32_t i = 0; i < HYP_VINTFS && ring->vintf[i].size; i++)
		acknowledge_smmuv3(b, u, VQ + i * VQ_STRIDE + VQ_GERROR, VQ + i * VQ_STRIDE + VQ_GERRORN, VQ + i * VQ_STRIDE + VQ_CONS);
	acknowledge_smmuv3(b, u, R_GERROR, R_GERRORN, R_CMDQ_CONS);
}

enum { R_EVT_BASE = 0x10, R_EVT_HEAD = 0x2010, R_EVT_TAIL = 0x2018, EV_IOTLB_INV_TIMEOUT = 7 };

static bool looks_amdvi(struct hyp *h, struct iommu *u, const struct hyp_unit *ring)
{
	uint64_t base = rd(u, R_EVT_BASE, 8), size = UINT64_C(16) << bits_get(base, 59, 56), tail = rd(u, R_EVT_TAIL, 4), w;

	(void)ring;
	for (uint64_t at = rd(u, R_EVT_HEAD, 4); at != tail; at = (at + 16) & (size - 1))
		if (mem_read(plat_mem(h->p), (base & bits_mask(51, 12)) + at, &w, 1) == MEM_OK && w >> 60 == EV_IOTLB_INV_TIMEOUT)
			return true;
	return false;
}

/* A command of a guest's buffer: what the unit calls its address is private or guest-physical. */
struct guest_cmd {
	unsigned gid;
	uint32_t gdev;
	uint64_t spa;
};

static bool guest_cmd(const struct hyp_back *b, const struct hyp_unit *ring, const uint64_t *w, struct guest_cmd *c)
{
	const uint64_t at = w[1] & bits_mask(63, 4);
	const struct hyp_ring *r;
	uint64_t off;

	c->gdev = drv_guest_id(b->h->drv, b->unit, (uint32_t)bits_get(w[0], 15, 0), &c->gid);
	if (c->gdev == TRC_NO_PASID || c->gid >= HYP_VINTFS || at - ring->main.base < ring->main.size)
		return false;
	r = &ring->vintf[c->gid];
	off = at - (r->base + ring->s2_offset);
	c->spa = r->base + (off < r->size ? off : at & bits_mask(AMDP_BUF_LG2 - 1, 0));
	return r->size;
}

static void insert(struct hyp_back *b, struct hyp_unit *ring, const uint64_t *w, const struct guest_cmd *c)
{
	const uint64_t rec[2] = { bits_put(w[0], 15, 0, c->gdev), c->spa + ring->s2_offset };

	drv_insert_event(b->h->drv, b->unit, c->gid, rec);
	ring->main.tail = (ring->main.tail + 16) & (ring->main.size - 1);
	b->h->st.commands++;
	b->inserted++;
}

/* What the report @w says of device @rid: the command at @spa names the PASID. */
static struct report named(const struct hyp_back *b, uint32_t rid, uint64_t spa)
{
	struct report r = { .named = true, .rid = rid, .pasid = TRC_NO_PASID };
	struct hyp_target t;
	uint64_t cmd[2];

	r.exact = mem_read(plat_mem(b->h->p), spa, cmd, 2) == MEM_OK && hyp_ring_target("amdvi", cmd, &t) && t.rid == rid;
	if (r.exact)
		r.pasid = t.pasid;
	return r;
}

/* Reads the log to its end; what else is in it is for others, and is not needed here. */
static void collect_amdvi(struct hyp_back *b, struct iommu *u, struct hyp_unit *ring)
{
	const struct mem *m = plat_mem(b->h->p);
	uint64_t base = rd(u, R_EVT_BASE, 8), size = UINT64_C(16) << bits_get(base, 59, 56), tail = rd(u, R_EVT_TAIL, 4), w[2];

	for (uint64_t at = rd(u, R_EVT_HEAD, 4); at != tail; at = (at + 16) & (size - 1)) {
		struct guest_cmd c;
		struct report r;
		bool guest;

		if (mem_read(m, (base & bits_mask(51, 12)) + at, w, 2) != MEM_OK || w[0] >> 60 != EV_IOTLB_INV_TIMEOUT)
			continue;
		guest = guest_cmd(b, ring, w, &c);
		if (guest && b->insert && !b->private) {
			insert(b, ring, w, &c);
			continue;
		}
		r = guest ? named(b, c.gdev, c.spa) : named(b, (uint32_t)bits_get(w[0], 15, 0), w[1] & bits_mask(63, 4));
		tell(b, &r);
	}
	if (b->insert)
		b->told = b->inserted ? NEVER : sim_now(plat_kernel(b->h->p));
	u->ops->mmio_write(u, R_EVT_HEAD, 4, tail);
}

void hyp_back_told(struct hyp *h, unsigned unit, const uint64_t w[2])
{
	struct hyp_back *b = h->back[unit];
	struct report r;

	if (!b || !b->inserted)
		return;
	r = named(b, (uint32_t)bits_get(w[0], 15, 0), (w[1] & bits_mask(63, 4)) - h->dc->s2_offset);
	b->told = sim_now(plat_kernel(h->p));
	tell(b, &r);
	if (--b->inserted)
		b->told = NEVER;
}

static const struct way ways[] = {
	{ "vtd", looks_vtd, collect_vtd },
	{ "smmuv3", looks_smmuv3, collect_smmuv3 },
	{ "amdvi", looks_amdvi, collect_amdvi },
};

static const struct way *way_of(const struct iommu *u)
{
	for (size_t i = 0; u && i < ARRAY_LEN(ways); i++)
		if (!strcmp(u->ops->arch, ways[i].arch))
			return &ways[i];
	return NULL;
}

static void arrived(struct sim_event *e)
{
	struct hyp_back *b = container_of(e, struct hyp_back, ev);
	struct iommu *u = plat_unit(b->h->p, b->unit);

	b->pending = false;
	way_of(u)->collect(b, u, b->h->ring[b->unit]);
}

static struct hyp_back *back_of(struct hyp *h, unsigned unit)
{
	struct hyp_back *b = h->back[unit];

	if (b)
		return b;
	b = h->back[unit] = calloc(1, sizeof(*b));
	if (!b) {
		hyp_fail(h, ERR_MACHINE, "out of memory");
		return NULL;
	}
	b->h = h;
	b->unit = (uint8_t)unit;
	sim_event_init(&b->ev, arrived);
	return b;
}

/* Did the guest queue nothing for a device in this batch? */
static bool private_batch(const struct hyp *h)
{
	const struct hyp_op *o = &h->op;

	if (h->c->mode == HYP_NATIVE)
		return false;
	return o->own || o->is_vm || h->c->devtlb != HYP_DEVTLB_FORWARDED || !(o->kind == TRC_MAP || o->kind == TRC_UNMAP || o->kind == TRC_FLUSH);
}

void hyp_look(struct hyp *h, unsigned unit)
{
	struct iommu *u = plat_unit(h->p, unit);
	const struct way *w = h->c->timeouts == HYP_TIMEOUTS_NONE ? NULL : way_of(u);
	struct hyp_back *b;
	sim_time at;
	bool host;

	if (!w || !h->ring[unit] || (h->back[unit] && h->back[unit]->pending) || !w->looks(h, u, h->ring[unit]))
		return;
	b = back_of(h, unit);
	if (!b)
		return;
	host = by_host(h, h->c->timeouts - HYP_TIMEOUTS_AUTO);
	b->pending = true;
	b->seen = sim_now(plat_kernel(h->p));
	b->targets = h->targets;
	b->private = private_batch(h);
	b->insert = !host && h->ring[unit]->vintf[0].log_size;
	at = handled(h, b->seen, host || b->insert);
	b->told = b->insert ? NEVER : at + (host ? h->c->inject_ps : 0);
	sim_at(plat_kernel(h->p), at, &b->ev);
}

/* An event that did not get into the guest's log will not come. */
static bool waits_for_log(struct hyp *h, unsigned unit)
{
	struct hyp_back *b = h->back[unit];
	struct iommu *u = plat_unit(h->p, unit);

	if (b->told != NEVER)
		return false;
	if (b->pending || hyp_vlog_pending(h, unit) || !u->ops->commands_idle(u))
		return true;
	b->told = 0;
	h->st.timeouts += b->inserted;
	h->st.timeout_lost += b->inserted;
	b->inserted = 0;
	return false;
}

sim_time hyp_back_wait(struct hyp *h)
{
	sim_time now = sim_now(plat_kernel(h->p)), most = now;

	for (unsigned i = 0; h->c->timeouts && i < h->n_ring; i++) {
		if (!h->back[i])
			continue;
		if (waits_for_log(h, i))
			return LOOK_PS;
		if (h->back[i]->told > most)
			most = h->back[i]->told;
	}
	return most - now;
}

void hyp_back_fini(struct hyp *h)
{
	for (size_t i = 0; i < ARRAY_LEN(h->back); i++)
		free(h->back[i]);
}
