/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_vlog.c - event and PPR logs of guests: entry, tail, Status bits, overflow, log B; INSERT_GUEST_EVENT.
 * Models: an entry is written at the tail of the active log (private address, or guest-physical through TransDevID) in simulated time, one
 * at a time per guest; then the tail moves, then the interrupt bit is set. Full, overflow, log B, swap, stop markers and automatic
 * responses are as in the host's logs (amdvi_log.c, amdvi_ppr.c), with the guest's enables. DevID becomes GDeviceID.
 * Ours: up to 64 entries per guest wait for their write, more are an overflow. A failing write loses the entry, stops the log and is
 * GUEST_EVENT_FAULT in the host's log; so is an event for a GuestID without registers. INSERT_GUEST_EVENT reads the 16 bytes at the address
 * and writes them unchanged; if that read fails it is VIOMMU_HARDWARE_ERROR.
 * Does not model: the way of guest interrupts: iommu_env.guest_irq is called, and guest Status has its bits.
 * Spec: 48882, "Event Logging", "Peripheral Page Request Logging"; see amdvi_viommu.h.
 */
#include "amdvi/amdvi_regs.h"
#include "amdvi/amdvi_viommu.h"

#define VEVENT BIT64(29) /* raised by a write to a guest's log */
#define DTE_GPRP BIT64(53) /* of the first word */
#define PPR_LAST BIT64(41)
#define PPR_R BIT64(50)
#define PPR_W BIT64(53)
#define PPR_GN BIT64(56)

static const struct vi_logdef { /* [0] event log, [1] PPR log; pairs: log A, log B */
	uint8_t cntl; /* control register: lengths at 3:0 and 7:4 */
	uint8_t head[2], tail[2], region[2];
	uint8_t dual_hi;
	uint64_t run, irq, overflow[2], active, irq_en;
} logs[2] = {
	{ VC_EVT, { VF_EVT_HEAD, VF_EVTB_HEAD }, { VF_EVT_TAIL, VF_EVTB_TAIL }, { VI_R_EVT, VI_R_EVTB }, 11, AMDVI_ST_EventLogRun,
	  AMDVI_ST_EventLogInt, { AMDVI_ST_EventOverflow, AMDVI_ST_EventOverflowB }, AMDVI_ST_EventLogActive, VC_EVT_INT },
	{ VC_PPR, { VF_PPR_HEAD, VF_PPRB_HEAD }, { VF_PPR_TAIL, VF_PPRB_TAIL }, { VI_R_PPR, VI_R_PPRB }, 12, AMDVI_ST_PprLogRun,
	  AMDVI_ST_PprInt, { AMDVI_ST_PprOverflow, AMDVI_ST_PprOverflowB }, AMDVI_ST_PprLogActive, VC_PPR_INT },
};

static void log_step(struct vi_guest *g);

static const struct vi_logdef *def_of(unsigned what)
{
	return &logs[what == VI_PPR];
}

static void status(struct vi_guest *g, const struct vi_logdef *d, uint64_t set)
{
	bool tell = (set & ~g->vf[VF_STATUS]) && (g->cntl[d->cntl] & d->irq_en);

	g->vf[VF_STATUS] |= set;
	if (tell)
		vi_interrupt(g);
}

static uint64_t bytes_of(const struct vi_guest *g, const struct vi_logdef *d, unsigned b)
{
	return vi_buf_bytes(b ? bits_get(g->cntl[d->cntl], 7, 4) : bits_get(g->cntl[d->cntl], 3, 0));
}

static uint64_t base_of(const struct vi_guest *g, const struct vi_logdef *d, unsigned b)
{
	if (b)
		return g->cntl[d == logs ? VC_EVTB_BASE : VC_PPRB_BASE] & bits_mask(51, 12);
	return d == logs ? g->cntl[VC_EVT] & bits_mask(51, 12) : bits_get(g->cntl[VC_PPR], 55, 16) << 12;
}

static bool room(const struct vi_guest *g, const struct vi_logdef *d, unsigned b)
{
	uint64_t bytes = bytes_of(g, d, b), next = g->vf[d->tail[b]] + 16;

	return bytes && (next == bytes ? 0 : next) != g->vf[d->head[b]];
}

/* 0 log A, 1 log B by order, 2 swap when full. */
static unsigned dual_of(const struct vi_guest *g, const struct vi_logdef *d)
{
	bool has = d == logs ? g->v->cap.dual_event : g->v->cap.dual_ppr;

	return has ? (unsigned)bits_get(g->cntl[d->cntl], d->dual_hi, d->dual_hi - 1u) : 0;
}

static void overflow(struct vi_guest *g, const struct vi_logdef *d, unsigned b)
{
	g->v->vi->st.overflows++;
	status(g, d, d->overflow[b] | (d == logs ? 0 : d->irq));
}

/* The log that takes the next entry; -1: none, it is lost. */
static int pick(struct vi_guest *g, const struct vi_logdef *d)
{
	unsigned dual = dual_of(g, d), b = dual == 2 ? (g->vf[VF_STATUS] & d->active) != 0 : dual == 1;

	if (!(g->vf[VF_STATUS] & d->run) || (g->vf[VF_STATUS] & d->overflow[b]))
		return -1;
	if (room(g, d, b))
		return (int)b;
	overflow(g, d, b);
	if (dual != 2 || (g->vf[VF_STATUS] & d->overflow[!b]) || !room(g, d, !b)) {
		g->vf[VF_STATUS] &= ~d->run;
		return -1;
	}
	g->vf[VF_STATUS] ^= d->active;
	return !b;
}

static void early(struct vi_guest *g, unsigned b)
{
	uint64_t r = g->vf[b ? VF_EARLYB : VF_EARLY], bytes = bytes_of(g, &logs[1], b);
	uint64_t bit = b ? AMDVI_ST_PprOverflowEarlyB : AMDVI_ST_PprOverflowEarly;
	uint64_t n = bytes ? (g->vf[logs[1].tail[b]] + bytes - g->vf[logs[1].head[b]]) % bytes / 16 : 0;

	if (!g->v->cap.early || !(r & AMDVI_EARLY_En) || n <= (r & 0x7fff) || (g->vf[VF_STATUS] & bit))
		return;
	g->vf[VF_STATUS] |= bit;
	if (r & AMDVI_EARLY_IntEn)
		vi_interrupt(g);
}

static void fault(struct amdvi *v, uint32_t gid, uint64_t addr)
{
	uint64_t rec[2] = { (uint64_t)AEV_GUEST_EVENT_FAULT << 60 | (uint64_t)gid << 32 | VEVENT, addr };

	v->vi->st.log_faults++;
	amdvi_log_event(v, rec);
}

static void rec_over(struct vi_guest *g)
{
	g->rec_first = (uint8_t)((g->rec_first + 1) % VI_RECS);
	g->rec_n--;
	g->log_busy = false;
	log_step(g);
}

static void logged(struct vi_access *a, bool ok)
{
	struct vi_guest *g = container_of(a, struct vi_guest, log);
	unsigned what = g->rec[g->rec_first].what;
	const struct vi_logdef *d = def_of(what);
	uint64_t *tail = &g->vf[d->tail[g->log_b]];

	if (!ok) {
		g->vf[VF_STATUS] &= ~d->run;
		fault(g->v, g->gid, a->addr);
	} else if (g->log_epoch == g->rec_epoch) {
		*tail = *tail + 16 >= bytes_of(g, d, g->log_b) ? 0 : *tail + 16; /* the guest may have switched it off and made it shorter meanwhile */
		*(what == VI_PPR ? &g->v->vi->st.pprs : &g->v->vi->st.events) += 1;
		if (what == VI_PPR)
			early(g, g->log_b);
		status(g, d, d->irq);
	}
	rec_over(g);
}

static bool stop_marker(const uint64_t w)
{
	return (w & (PPR_GN | PPR_LAST | PPR_R | PPR_W)) == (PPR_GN | PPR_LAST);
}

static void respond(struct vi_guest *g, const struct vi_rec *q)
{
	struct amdvi *v = g->v;
	struct page_resp r = { .rid = q->rid, .prgi = (uint16_t)bits_get(q->w[0], 40, 32), .code = (uint8_t)(g->vf[VF_AUTORSP] & 0xf),
			       .has_pasid = (q->w[0] & PPR_GN) && !(g->vf[VF_AUTORSP] & AMDVI_AUTORSP_MaskGn) && (!v->cap.eph || q->gprp) };

	if (!(q->w[0] & PPR_LAST) || stop_marker(q->w[0]))
		return;
	if (r.has_pasid)
		r.pasid = (uint32_t)(bits_get(q->w[0], 31, 16) | bits_get(q->w[0], 45, 42) << 16);
	v->vi->st.ppr_auto++;
	if (v->u.env.page_resp)
		v->u.env.page_resp(v->u.env.arg, &r);
}

static void lost(struct vi_guest *g, const struct vi_rec *r)
{
	*(r->what == VI_PPR ? &g->v->vi->st.pprs_lost : &g->v->vi->st.events_lost) += 1;
	if (r->what == VI_PPR && (g->cntl[VC_PPR] & VC_PPR_AUTO))
		respond(g, r);
}

static void write_rec(struct vi_guest *g)
{
	const struct vi_rec *r = &g->rec[g->rec_first];
	const struct vi_logdef *d = def_of(r->what);
	bool trp = g->v->on.gst_buf_trp;
	int b = pick(g, d);
	uint64_t at;

	if (b < 0) {
		lost(g, r);
		rec_over(g);
		return;
	}
	g->log_b = b;
	g->rec_epoch = g->log_epoch;
	at = g->vf[d->tail[b]];
	at = trp ? base_of(g, d, (unsigned)b) + at : vi_private_addr(d->region[b], g->gid, at);
	g->log.w[0] = r->w[0];
	g->log.w[1] = r->w[1];
	g->log.done = logged;
	vi_access(g->v, &g->log, VI_WRITE, trp ? VI_GUEST : VI_PRIVATE, g, at, 2);
}

static void inserted(struct vi_access *a, bool ok)
{
	struct vi_guest *g = container_of(a, struct vi_guest, log);
	struct vi_rec *r = &g->rec[g->rec_first];

	if (!ok) {
		vi_hw_error(g->v, g->gid, VI_S_LOG, a->flags, a->addr);
		rec_over(g);
		return;
	}
	r->what = VI_EVENT;
	r->w[0] = a->w[0];
	r->w[1] = a->w[1];
	write_rec(g);
}

static void log_next(struct sim_event *e)
{
	struct vi_guest *g = container_of(e, struct vi_guest, log_ev);
	const struct vi_rec *r = &g->rec[g->rec_first];

	if (r->what != VI_INSERT) {
		write_rec(g);
		return;
	}
	g->log.done = inserted;
	vi_access(g->v, &g->log, VI_READ, VI_SYSTEM, g, r->w[1], 2);
}

/* One record at a time; each begins in an event of its own, so that losing many is no recursion. */
static void log_step(struct vi_guest *g)
{
	if (g->log_busy)
		return;
	if (!g->rec_n) {
		vi_busy(g->v, -1);
		return;
	}
	g->log_busy = true;
	sim_at(g->v->u.k, sim_now(g->v->u.k), &g->log_ev);
}

void vi_log_init(struct vi_guest *g)
{
	sim_event_init(&g->log_ev, log_next);
}

static void put(struct vi_guest *g, struct vi_rec r)
{
	const struct vi_logdef *d = def_of(r.what);

	if (g->rec_n == VI_RECS) {
		overflow(g, d, (g->vf[VF_STATUS] & d->active) != 0);
		lost(g, &r);
		return;
	}
	g->rec[(g->rec_first + g->rec_n++) % VI_RECS] = r;
	if (g->rec_n > 1)
		return;
	vi_busy(g->v, 1);
	log_step(g);
}

void vi_log_event(struct vi_guest *g, const uint64_t rec[2])
{
	put(g, (struct vi_rec){ .w = { rec[0], rec[1] }, .what = VI_EVENT });
}

/* ---- the unit's side ---- */

static struct vi_guest *guest_of_dte(struct amdvi *v, const uint64_t dte[4])
{
	return vi_guest_of(v, (uint32_t)bits_get(dte[3], 47, 32));
}

void amdvi_viommu_event(struct amdvi *v, const uint64_t dte[4], const uint64_t rec[2])
{
	struct vi_guest *g = guest_of_dte(v, dte);
	uint64_t r[2] = { bits_put(rec[0], 15, 0, bits_get(dte[3], 31, 16)), rec[1] };

	if (!v->on.viommu)
		amdvi_log_event(v, rec);
	else if (!g)
		fault(v, (uint32_t)bits_get(dte[3], 47, 32), rec[1]);
	else
		vi_log_event(g, r);
}

bool amdvi_viommu_ppr(struct amdvi *v, const uint64_t dte[4], const uint64_t rec[2])
{
	const uint64_t always = VC_PPR_AUTO | VC_PPR_AON;
	struct vi_guest *g = guest_of_dte(v, dte);
	struct vi_rec r = { .w = { bits_put(rec[0], 15, 0, bits_get(dte[3], 31, 16)), rec[1] }, .rid = (uint16_t)rec[0], .what = VI_PPR,
			    .gprp = (dte[0] & DTE_GPRP) != 0 };

	if (!g || !g->want_ppr)
		return false;
	if (stop_marker(r.w[0])) {
		if (!(g->cntl[VC_PPR] & VC_PPR_BLKSTOP))
			put(g, r);
	} else if ((g->cntl[VC_PPR] & always) == always) {
		respond(g, &r);
	} else {
		put(g, r);
	}
	return true;
}

void amdvi_viommu_insert(struct amdvi *v, uint32_t gid, uint64_t spa)
{
	struct vi_guest *g = vi_guest_of(v, gid);

	if (g)
		put(g, (struct vi_rec){ .w = { 0, spa }, .what = VI_INSERT });
	else
		fault(v, gid, spa);
}
