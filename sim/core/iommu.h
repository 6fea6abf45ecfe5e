/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iommu.h - the neutral unit: one translation (struct xl) as an explicit state machine, walkers, miss queue, draining.
 * Models: lookup pipeline with initiation interval, walkers limited in number, miss queue with merging of equal requests,
 * draining of in-flight requests before an invalidation completes, walks that an invalidation overtook (they finish, but fill nothing).
 * Does not model: what tables mean (the vendor's begin/next), devices (sim/pcie), hosts.
 * A vendor's unit struct has struct iommu as its FIRST member.
 */
#ifndef IOMMUSIM_IOMMU_H
#define IOMMUSIM_IOMMU_H
#include "core/cache/xcache.h"
#include "core/ctag.h"
#include "core/kernel/sim_kernel.h"
#include "core/mem/mem.h"

enum { XL_R = 1, XL_W = 2, XL_X = 4, XL_PRIV = 8, XL_ATOMIC = 16 /* with R|W */ };
enum xl_at { XL_UNTRANSLATED, XL_TRANSLATION_REQ, XL_TRANSLATED, XL_CONFIG /* prefetch: the configuration structures only */ };
struct xl_req {
	uint64_t iova;
	uint32_t len; /* bytes, within one 4 KiB page; 0: zero-length read */
	uint32_t rid, pasid;
	bool has_pasid;
	uint8_t acc; /* XL_* */
	uint8_t at; /* enum xl_at */
	bool spec; /* speculative: nobody waits for the answer, a refusal leaves no trace */
};
struct xl_res {
	uint64_t spa; /* of req.iova, ok only */
	bool ok;
	uint8_t size_lg2; /* page size cached */
	uint8_t perm; /* XL_R | XL_W | XL_X granted */
	bool bypass; /* no table was walked (pass-through, translation off) */
	bool snoop; /* forced snoop */
	bool raz; /* fault only: the device sees a normal completion; reads give zero, writes are dropped */
	bool no_record; /* fault only: qualified and suppressed (FPD), or not of a recorded class */
	uint8_t memtype;
	uint8_t cpl; /* translation requests: 0 success, 1 UR, 4 CA (PCIe completion status) */
	uint16_t code; /* fault: the vendor's reason code */
	uint16_t at_level; /* fault: table level, for people */
	uint64_t info[2]; /* fault: what else the vendor's record says */
};
enum xl_act { XL_ACT_READ, XL_ACT_CAS, XL_ACT_DONE, XL_ACT_FAULT };
enum xl_state { XL_IDLE, XL_LOOKUP, XL_MISSQ, XL_MERGED, XL_WALK, XL_REPLY, XL_DATA, XL_STALLED };
extern const char *const xl_state_name[];

struct iommu;
struct xl;
typedef void iommu_step_fn(void *arg, const struct xl *x); /* x->mem_spa, mem_words, data, mem_st, reads */
struct xl_now { /* zero time: begin and next may read plain table entries on the spot, and ask for what they cannot read */
	iommu_step_fn *step; /* sees every memory access, with x as after that access; may be NULL */
	void *arg;
};
struct xl {
	struct xl_req req;
	struct xl_res res;
	void (*done)(struct xl *x); /* called once, at the time the answer leaves the unit */
	struct iommu *u;
	void *host; /* of env.request, for its own use */
	struct sim_event ev;
	struct xl *next, **pprev; /* in-flight list (oldest first) */
	struct xl *qnext; /* miss queue, or the waiters of a walk */
	struct xl *waiters, *last_waiter; /* merged behind this walk; the last one, if there is any */
	struct xl *mnext; /* chain of the merge table */
	uint64_t seq; /* start order, for draining */
	sim_time t_start, t_walk;
	uint32_t cyc; /* cycles spent in lookups since the last memory access; the shell turns them into time */
	uint8_t state; /* enum xl_state */
	bool functional; /* zero-time walk: no cache is read or filled, no statistics, no A/D update */
	bool nofill; /* an invalidation overtook this walk: whatever it reads may be used, never cached */
	bool tagged; /* tag is valid: an invalidation can tell whether it covers this walk */
	bool tables; /* not tagged yet, but translation tables have been read (for the address of a structure) */
	bool hit; /* answered by the IOTLB */
	uint8_t port; /* through which it came */
	uint8_t reads; /* memory reads of this walk */
	bool late; /* its data is there, memory is slower than the port says */
	const struct xl_now *now; /* NULL: simulated time */
	struct xc_tag tag; /* of the IOTLB entry this request uses or will fill; 4 KiB until the page size is known */
	uint64_t ov_first, ov_last; /* union of ranges invalidated meanwhile beside that 4 KiB page: nothing that meets it may be cached */
	/* the memory access that begin/next asks for */
	uint64_t mem_spa, cas_old, cas_new;
	uint8_t mem_words;
	uint8_t mem_st; /* enum mem_status of the answer */
	uint64_t data[8]; /* READ: the words; CAS: data[0] = value seen */
	uint64_t walk[88]; /* the vendor's walk state */
	uint64_t id; /* seq when it came: a request that was held goes on with another seq */
};

struct iommu_cfg {
	uint64_t clock_ps; /* of the unit */
	uint32_t walkers; /* walks at once */
	uint32_t missq; /* requests that may wait for a walker; further ones wait at the port */
	uint32_t ii_cyc; /* cycles between two requests entering the lookup pipeline; 0: no limit */
	bool merge; /* a request for a page being walked waits for that walk */
	uint64_t hit_ps; /* added to every answer: pipeline and return */
	uint32_t ports; /* places where requests enter, each with its own pipeline and hold queue; a requester uses port rid mod ports; 0: one */
	uint32_t slots; /* misses of one port in flight; 0: no limit */
	struct ctag_cfg tag; /* what translations are cached under */
};
#define IOMMU_OPTS(t, m)                                                                                                                                      \
	{ "clock", CFG_TIME, offsetof(t, m.clock_ps), 1000, 1, 1000000000, "ps", "Clock period of the unit.", 0 },                                              \
	{ "walkers", CFG_U32, offsetof(t, m.walkers), 8, 1, 4096, "walks", "Page walks in progress at once.", 0 },                                            \
	{ "missq", CFG_U32, offsetof(t, m.missq), 64, 0, 1u << 20, "requests", "Misses that may wait for a walker; more wait at the port in order.", 0 },     \
	{ "ii", CFG_U32, offsetof(t, m.ii_cyc), 1, 0, 1000, "cycles", "Initiation interval of the lookup pipeline; 0 is no limit.", 0 },                      \
	{ "merge", CFG_BOOL, offsetof(t, m.merge), 1, 0, 1, "", "A request for a page already being walked waits for that walk.", 0 },                         \
	{ "hit_time", CFG_TIME, offsetof(t, m.hit_ps), 0, 0, 1000000000, "ps", "Time added to every answer for pipeline and return.", 0 },                       \
	{ "request_ports", CFG_U32, offsetof(t, m.ports), 1, 1, 64, "ports", "Places where requests enter (a requester uses port rid mod this), each with its pipeline.", 0 }, \
	{ "request_slots", CFG_U32, offsetof(t, m.slots), 0, 0, 1u << 20, "requests", "Misses of one port in flight; more wait at the port in order; 0 is no limit.", 0 }, \
	CTAG_OPTS(t, m.tag)

#define IOMMU_STATS(X)                                                                             \
	X(requests, "count", "requests presented to the unit, retried ones again")                  \
	X(hits, "count", "requests answered without a walk")                                        \
	X(misses, "count", "requests that needed a walk, their own or one they merged with")        \
	X(merged, "count", "misses that used another request's walk")                              \
	X(walks, "count", "walks done")                                                            \
	X(walk_reads, "count", "memory reads by walks, configuration structures included")          \
	X(walk_updates, "count", "accessed/dirty updates by walks")                                \
	X(walk_ps, "ps", "time walkers were busy")                                                 \
	X(walk_wait_ps, "ps", "time misses waited for a walker")                                   \
	X(overtaken, "count", "walks overtaken by an invalidation: used, not cached")              \
	X(faults, "count", "requests refused")                                                     \
	X(stalls, "count", "requests held back for software to decide")                            \
	X(drains, "count", "drains requested by invalidations")                                    \
	X(drain_ps, "ps", "time spent draining")
struct iommu_stats {
	IOMMU_STATS(STAT_DECL)
	struct hist latency_ps; /* request in to answer out */
	struct hist walk_reads_hist; /* reads per walk */
};
extern const struct stat_def iommu_stat_defs[];

struct ats_inv { /* unit to device: invalidate request */
	uint32_t rid, pasid;
	bool has_pasid, global;
	uint64_t first, last; /* inclusive range of untranslated addresses */
	uint8_t itag;
};
struct page_req { /* device to unit: PRI */
	uint32_t rid, pasid;
	bool has_pasid, r, w, x, priv, last;
	uint16_t prgi;
	uint64_t addr;
};
struct page_resp { /* unit to device */
	uint32_t rid, pasid;
	bool has_pasid;
	uint16_t prgi;
	uint8_t code;
};
/* What is outside the unit. Every pointer may be NULL. */
struct iommu_env {
	void *arg;
	void (*msi)(void *arg, uint64_t addr, uint32_t data);
	void (*ats_inv)(void *arg, const struct ats_inv *q); /* the device answers by iommu_ats_cpl() */
	void (*page_resp)(void *arg, const struct page_resp *r);
	void (*progress)(void *arg); /* a wait completed, an error stopped the queue, or the unit went idle */
	void (*fault)(void *arg, const struct xl_req *q, const struct xl_res *r); /* every refused request, recorded or not */
	void (*guest_irq)(void *arg, unsigned guest); /* the unit interrupts a guest that has registers of its own */
	void (*stall)(void *arg, struct xl *x, bool on); /* a request is held back for software; off: it goes on or is refused */
	/* A host between devices and unit: carries @x to the unit, which then gets it by iommu_translate(); moves the data of a translated one. */
	void (*request)(void *arg, struct xl *x);
	void (*access)(void *arg, struct xl *x);
	const uint64_t *late; /* ps by which the last read or swap in u->mem took longer than the port says; NULL: never */
};
struct iommu_ops {
	const char *arch;
	enum xl_act (*begin)(struct iommu *u, struct xl *x); /* lookups up to the first memory access */
	enum xl_act (*next)(struct iommu *u, struct xl *x); /* go on with x->data, x->mem_st */
	bool (*fault)(struct iommu *u, struct xl *x); /* record x->res in the fault log. False: hold the request until iommu_resume() or iommu_terminate() */
	void (*mmio_write)(struct iommu *u, uint32_t off, unsigned bytes, uint64_t v);
	uint64_t (*mmio_read)(struct iommu *u, uint32_t off, unsigned bytes);
	/* Put a register into a state as captured, without side effects; read-only ones (capabilities, heads) too. */
	bool (*restore)(struct iommu *u, uint32_t off, unsigned bytes, uint64_t v, struct err *e);
	bool (*commands_idle)(const struct iommu *u); /* nothing fetched is unfinished and nothing fetchable is unfetched */
	void (*ats_cpl)(struct iommu *u, uint32_t rid, uint32_t itag_vector, unsigned cc);
	void (*page_request)(struct iommu *u, const struct page_req *p);
	bool (*stats)(struct iommu *u, struct stat_reg *r);
	void (*destroy)(struct iommu *u);
	bool (*is_tail)(const struct iommu *u, uint32_t off); /* a queue tail: writing it depends on no DMA. NULL: none is */
};
/* Whoever wants to see requests move. Called behind each change of x->state, and for each read of a walk; sees, changes nothing. */
enum tap_what { TAP_STATE, TAP_READ /* the access of x->mem_spa begins */, TAP_GONE /* retired */ };
enum tap_msg { TAP_TAIL /* a queue tail was written */, TAP_PROGRESS, TAP_MSI, TAP_ATS_INV, TAP_ATS_CPL, TAP_PAGE_REQ, TAP_PAGE_RESP };
struct iommu_tap {
	void *arg;
	void (*event)(void *arg, const struct iommu *u, const struct xl *x, enum tap_what what);
	void (*message)(void *arg, const struct iommu *u, enum tap_msg what, uint32_t rid, uint64_t value); /* value: address, ITag(s), group */
};
struct iommu_drain { /* embedded in whoever waits */
	struct iommu_drain *next;
	uint64_t before; /* waits for every xl with seq < before */
	sim_time since;
	void (*fn)(struct iommu_drain *d);
};
struct iommu_port {
	struct xl *head, **tail; /* requests held because a queue behind is full */
	uint32_t busy; /* misses in flight */
	sim_time pipe_free;
};
enum { IOMMU_CURSORS = 54 };
struct iommu {
	const struct iommu_ops *ops;
	const char *name; /* "vtd0" */
	struct sim_kernel *k;
	struct mem *mem;
	struct mem_port *port;
	struct iommu_env env;
	const struct iommu_cfg *cfg;
	struct memo *memo; /* memo.h */
	struct ctag *ct; /* NULL: cache tags are the specification's */
	const struct iommu_tap *tap; /* NULL: nobody looks */
	struct iommu_stats st;
	struct mem_cursor cursor[IOMMU_CURSORS]; /* of zero-time walks, by the place in the walk */
	/* private to iommu.c */
	struct xl *oldest, **newest; /* in flight */
	struct xl *mq_head, **mq_tail; /* misses without a walker */
	struct iommu_port *in; /* n_in of them */
	uint32_t mq_len, busy_walkers, held, n_in, next_port;
	uint64_t seq;
	struct iommu_drain *drains, **drains_tail;
	struct xl **merge_tab; /* walks in progress by request page */
	uint32_t merge_mask;
};
/** iommu_init() - called by the vendor's create with its zeroed struct. */
bool iommu_init(struct iommu *u, const struct iommu_ops *ops, const struct iommu_cfg *cfg, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, struct err *e) MUST_USE;
void iommu_fini(struct iommu *u);
/** iommu_translate() - present x->req at the present time; x->done is called exactly once, never from inside this call. */
void iommu_translate(struct iommu *u, struct xl *x);
/** iommu_request() - as iommu_translate(), for devices: by way of the host if there is one between. */
static inline void iommu_request(struct iommu *u, struct xl *x)
{
	if (UNLIKELY(u->env.request != NULL))
		u->env.request(u->env.arg, x);
	else
		iommu_translate(u, x);
}
/** iommu_retire() - the DMA that used the answer is done (its data is globally visible); must follow every x->done. */
void iommu_retire(struct iommu *u, struct xl *x);
/** iommu_resume() - a held request arrives anew; iommu_terminate() - it is refused with its x->res, without another record. */
void iommu_resume(struct iommu *u, struct xl *x);
void iommu_terminate(struct iommu *u, struct xl *x);
/** iommu_drain() - call d->fn when everything in flight now has retired; at once (before returning) if nothing is. */
void iommu_drain(struct iommu *u, struct iommu_drain *d);
/**
 * iommu_overtake() - mark every walk in progress covered by @s so that it fills nothing; also those not yet tagged, unless @s is about
 * tables only and they have read none. The vendor calls it with each scope.
 */
void iommu_overtake(struct iommu *u, const struct inv_scope *s);
/** xl_may_fill() - a cache entry for the page at @first may still be written by this walk. */
static inline bool xl_may_fill(const struct xl *x, uint64_t first, unsigned size_lg2)
{
	uint64_t last = first + (size_lg2 >= 64 ? UINT64_MAX : (UINT64_C(1) << size_lg2) - 1);

	return !x->functional && !x->nofill && !(first <= x->ov_last && x->ov_first <= last);
}
/** xl_charge() - one lookup in @c, whose configuration is @g: its latency, and the wait for a port. */
static inline void xl_charge(struct xl *x, struct xcache *c, const struct xc_cfg *g)
{
	if (UNLIKELY(g->ports != 0))
		x->cyc += (uint32_t)xc_port_wait(c, sim_now(x->u->k) / x->u->cfg->clock_ps + x->cyc);
	x->cyc += g->lat_cyc;
}
/** iommu_walk_now() - translate in zero time from the tables alone (oracle). @step, if not NULL, sees every memory access. */
void iommu_walk_now(struct iommu *u, const struct xl_req *q, struct xl_res *r, iommu_step_fn *step, void *arg);
/** iommu_inflight() - requests between translate and retire. */
bool iommu_inflight(const struct iommu *u);
/** iommu_stats_wrong() - NULL, or which of the counters contradict each other or what is in flight; for runs without a reset of the statistics. */
const char *iommu_stats_wrong(const struct iommu *u);
/** iommu_dump() - every transaction by state name, for the no-progress report. */
void iommu_dump(const struct iommu *u, void (*line)(void *arg, const char *text), void *arg);
#endif
