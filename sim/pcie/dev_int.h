/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev_int.h - shared by the files of sim/pcie; nobody else includes it.
 * dev.c: the life of a request. dev_new.c: that of a device. rx.c: packets before that. atc.c: lines. atc_req.c: translation requests. atc_inv.c: invalidate requests. pri.c: page requests.
 * dev_event.c: reset, removal, ATS and PASIDs off. dev_cfg.c: options, statistics. dev_dump.c: the report of what waits.
 */
#ifndef IOMMUSIM_DEV_INT_H
#define IOMMUSIM_DEV_INT_H
#include "core/base/bits.h"
#include "core/base/rng.h"
#include "pcie/dev.h"
#include "pcie/link.h"

enum { DEV_PAGE = 4096, INV_BYTES = 8, XLAT_BYTES = 8, INV_SLOTS = 32, INV_TCS = 8 };
enum slot_state {
	SLOT_FREE, SLOT_UPLINK, SLOT_XLAT, SLOT_MEM, SLOT_CREDIT, SLOT_DOWNLINK, SLOT_WAIT_ORDER,
	SLOT_ATC_LOOKUP, SLOT_ATC_WAIT, SLOT_PRI_WAIT, SLOT_FAIL, SLOT_STATES
};
struct op { /* one DMA operation */
	struct dev_dma q;
	uint64_t iova, left; /* what is not yet split into requests */
	uint32_t inflight;
	bool write, refused;
	bool killed; /* by a reset or removal: what is left fails at once */
	uint8_t acc;
	sim_time t_submit;
	struct xl_res res;
	struct op *next, *extra; /* extra: list of operations beyond the pool */
};
struct slot { /* one request; the translation lives inside, so that nothing is allocated on the way */
	struct xl xl;
	struct sim_event ev;
	struct dev *d;
	struct op *op;
	struct slot *next; /* free list, or non-posted requests in issue order */
	sim_time t_issue;
	uint8_t state;
	bool first;
	/* with a translation cache */
	bool cached; /* on its way with a translated address from the cache */
	bool global; /* and that from a Global line */
	bool held; /* waits for software to answer a page request */
	uint64_t iova; /* as the DMA has it */
	uint32_t tries; /* page requests so far */
	uint32_t inv_mask; /* accepted invalidations that wait for this request */
	struct slot *qnext; /* waiters of a translation or page request, or their queues */
};
struct slot_list { struct slot *head, **tail; };
static inline void slots_init(struct slot_list *l)
{
	l->head = NULL;
	l->tail = &l->head;
}
static inline void slots_put(struct slot_list *l, struct slot *s)
{
	s->qnext = NULL;
	*l->tail = s;
	l->tail = &s->qnext;
}
static inline struct slot *slots_take(struct slot_list *l)
{
	struct slot *s = l->head;

	if (s) {
		l->head = s->qnext;
		if (!l->head)
			l->tail = &l->head;
	}
	return s;
}

/* ---- translation cache ---- */

enum treq_state { TREQ_FREE, TREQ_UPLINK, TREQ_XLAT, TREQ_DOWNLINK };
struct treq { /* one translation request */
	struct xl xl;
	struct sim_event ev;
	struct dev *d;
	struct slot_list waiters;
	sim_time t;
	uint64_t ov_first, ov_last; /* union of ranges invalidated meanwhile beside the page asked for */
	uint64_t global_first, global_last; /* the same for other PASIDs: they concern a page that is Global */
	uint8_t state, slice;
	bool poisoned; /* its completion must not be used */
};
struct atc_line { /* payload */
	uint64_t page;
	uint8_t perm; /* XL_R | XL_W | XL_X, ATC_PERM_GLOBAL */
};
struct atc { /* one allocation beside the device */
	struct xcache *slice[ATC_MAX_SLICES];
	uint32_t n_slices, used_slices; /* used: slices given to PASIDs so far */
	uint32_t owner[ATC_MAX_SLICES]; /* partition by PASID: PASID + 1, 0 for requests without one; first used_slices valid */
	struct treq *treq;
	uint32_t busy;
	struct slot_list queue; /* misses without a translation request */
	bool ur; /* answered Unsupported Request: not to be used until ATS is enabled again */
	bool have_global;
	struct atc_stats st;
};
struct rx { /* a receive buffer */
	struct sim_event ev; /* the next packet arrives */
	struct dev *d;
	struct op *coming, **tail; /* packets not yet there, and other DMAs behind them */
	sim_time next, begin; /* when the next packet arrives, the train with it began */
	uint64_t rest; /* of a picosecond, over the rate in use */
	uint64_t train; /* bytes of the train so far */
	struct rng rng;
	uint32_t held; /* bytes in the buffer */
	bool started;
	struct rx_stats st;
};
/* ---- page requests ---- */

struct prg {
	struct sim_event ev;
	struct dev *d;
	struct slot_list waiters;
	uint64_t addr[PRI_MAX_GROUP];
	sim_time arrive[PRI_MAX_GROUP], t;
	uint32_t pasid, n, sent; /* pages; of these at the unit */
	uint16_t index;
	uint8_t acc;
	bool open, has_pasid;
};
struct presp { /* a response on its way */
	struct sim_event ev;
	struct dev *d;
	struct presp *next, *all; /* spare; every one there is */
	struct page_resp r;
};
struct stop {
	struct stop *next;
	struct sim_event ev;
	struct dev *d;
	uint32_t pasid;
	bool marker, finished; /* a stop marker is on its way; only the call is left */
	dev_stopped_fn *fn;
	void *arg;
};
struct pri {
	struct prg *prg; /* group with index i at i */
	uint32_t n_prg, used; /* groups; pages outstanding */
	struct slot_list queue; /* without credit */
	bool on, rf; /* Enable; Response Failure */
	struct presp *all, *spare;
	struct pri_stats st;
};
/* ---- invalidate requests ---- */

enum inv_state { INV_FREE, INV_LINK, INV_HELD, INV_WORK, INV_READS, INV_CPL };
struct inv_cpl { /* completion of one traffic class */
	struct sim_event ev;
	struct inv *i;
	uint32_t writes; /* posted writes before it that are not yet done */
	bool arrived, counted;
};
struct inv {
	struct sim_event ev;
	struct dev *d;
	struct inv *next; /* free list, or held ones */
	struct inv *all; /* every one there is */
	struct ats_inv q;
	sim_time t;
	uint32_t reads; /* requests with an old address that it waits for */
	uint8_t state, index, left /* completions */;
	struct inv_cpl cpl[INV_TCS];
};
struct dev {
	/* what every request touches stands together */
	struct iommu *u;
	bool special; /* there is a cache, a receive buffer, or statistics of PASIDs, or it was removed: off the beaten path */
	struct atc *atc; /* NULL: none */
	struct dev_pasid_stats *pp; /* per_pasid of them, then the rest; NULL: none */
	struct stop *stops;
	struct rx *rx; /* NULL: none */
	struct inv *inv_held, **inv_held_tail;
	uint32_t slots_made; /* of cfg.outstanding: the others have no content */
	uint32_t ops_busy, slots_busy, stalled, in_order_wait; /* the last two: slots held back, in SLOT_WAIT_ORDER */
	struct slot *slot, *free;
	struct op *op, *op_free, *op_extra;
	struct op *queue, **queue_tail; /* operations with requests still to issue */
	struct slot *order, **order_tail; /* non-posted requests of an in-order device, oldest first */
	dev_done_fn *fn;
	void *arg;
	struct link_dir up, down;
	struct dev_cfg cfg;
	dev_stuck_fn *stuck;
	dev_held_fn *held;
	dev_dropped_fn *dropped;
	struct pri *pri; /* there is one if there is an atc */
	bool ats_off, removed;
	bool fault[DEV_FAULTS];
	/* invalidate requests */
	struct inv *inv_all, *inv_spare;
	struct inv *inv_at[INV_SLOTS]; /* accepted */
	struct sim_event *parked, **parked_tail; /* arrivals behind a held invalidate request; linked by their idle `next` */
	sim_time held_since;
	uint32_t inv_open, itags_open; /* accepted: bit of inv_at; ITags received and not answered */
	uint32_t drop_count;
	/* statistics */
	uint32_t pp_used, *pp_key;
	char (*path)[64];
	const struct stat_reg *listed, *inv_listed;
	bool had_fault;
	struct dev_stats st; /* the last two end with a histogram */
	struct inv_stats inv_st;
};
static inline sim_time dev_now(const struct dev *d)
{
	return sim_now(d->u->k);
}
static inline void slot_at(struct slot *s, enum slot_state st, sim_time t)
{
	s->state = (uint8_t)st;
	sim_at(s->d->u->k, t, &s->ev);
}
/* dev.c */
void slot_init(struct slot *s, struct dev *d);
/** slot_send() - onto the uplink, as s->xl.req now is. */
void slot_send(struct slot *s);
/** slot_fail() - refused by the device itself, with @res (NULL: nothing known) as the answer; takes effect later in this instant. */
void slot_fail(struct slot *s, const struct xl_res *res);
/** dev_stuck_check() - after a change of stalled. */
void dev_stuck_check(struct dev *d);
/* atc.c */
bool atc_create(struct dev *d, struct err *e) MUST_USE;
void atc_destroy(struct dev *d);
static inline bool atc_usable(const struct dev *d)
{
	return !d->ats_off && !d->atc->ur;
}
/** atc_find() - the line for the request of @s; counts unless @peek. False: no line, or one without the rights needed (then dropped). */
bool atc_find(struct slot *s, bool peek, struct atc_line *l, unsigned *size_lg2);
void atc_fill(struct dev *d, const struct xl_req *q, unsigned slice, const struct xl_res *res);
/** atc_drop() - lines covered by @q as this device reads it. Returns: how many. */
uint32_t atc_drop(struct dev *d, const struct ats_inv *q);
uint32_t atc_drop_all(struct dev *d);
/** atc_in_scope() - an invalidate request @q means requests of @pasid (whatever the address). */
bool atc_in_scope(const struct dev *d, const struct ats_inv *q, bool has_pasid, uint32_t pasid);
uint64_t atc_latency(struct slot *s);
/* atc_req.c */
/** atc_request() - a request that is to be translated by the device: start, or start again. */
void atc_request(struct slot *s);
void atc_looked_up(struct slot *s); /* the end of SLOT_ATC_LOOKUP */
void atc_untranslated(struct slot *s);
void treq_event(struct sim_event *e);
/** atc_overtake() - translation requests in flight that @q meets must not be used. Returns: how many. */
uint32_t atc_overtake(struct dev *d, const struct ats_inv *q);
void atc_poison_all(struct dev *d);
static inline uint8_t atc_need(const struct slot *s)
{
	return s->op->acc & (XL_R | XL_W | XL_X);
}
/* atc_inv.c */
void inv_init(struct dev *d);
void inv_fini(struct dev *d);
/** inv_slot_done() - a request that invalidations waited for is done. */
void inv_slot_done(struct slot *s);
/** inv_park() - an arrival on the downlink: true if it must wait behind held invalidate requests; its event comes again. */
bool inv_park(struct dev *d, struct sim_event *ev);
void inv_forget(struct dev *d);
/* pri.c */
void pri_init(struct dev *d);
void pri_fini(struct dev *d);
/** pri_wait() - ask for the page of @s; @res: what to answer if that is not possible. */
void pri_wait(struct slot *s, const struct xl_res *res);
void pri_forget(struct dev *d);
void pri_off(struct dev *d);
bool pri_pasid_open(const struct dev *d, uint32_t pasid);
void pri_abort(struct dev *d, uint32_t pasid); /* fail the waiters of this PASID; their groups stay open */
/* dev.c */
void dev_enqueue(struct dev *d, struct op *o); /* the requests of @o are issued from now on */
static inline void dev_op_free(struct dev *d, struct op *o)
{
	o->next = d->op_free;
	d->op_free = o;
	d->ops_busy--;
}
/* rx.c */
bool rx_create(struct dev *d) MUST_USE;
/** rx_packet() - @o is a packet. */
bool rx_packet(const struct dev *d, const struct op *o);
/** rx_take() - @o comes later, and goes on by itself. False: there is nothing it has to wait for. */
bool rx_take(struct dev *d, struct op *o) MUST_USE;
/** rx_leave() - the DMA of a packet is done. */
void rx_leave(struct dev *d, const struct op *o);
/* dev_event.c */
/** dev_stopping() - @o uses a PASID that is being stopped. */
bool dev_stopping(const struct dev *d, const struct op *o);
void dev_stops_check(struct dev *d);
void dev_stops_fini(struct dev *d);
/* dev_cfg.c */
struct dev_pasid_stats *dev_pasid_of(struct dev *d, uint32_t pasid);
#endif
