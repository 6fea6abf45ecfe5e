/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev.h - a DMA requester behind a link.
 * Models: outstanding-request limit, splitting at 4 KiB pages and at MPS (writes) / MRRS (reads), link bandwidth and latency both
 * ways with per-packet header bytes, in-order or out-of-order retirement, posted writes, closed loop (as fast as credits allow) and
 * open loop (times from the trace), answering device-TLB invalidations after a delay, never, or wrongly; requests that the unit holds
 * back; a receive buffer that overflows (rx.c); a translation cache with ATS (atc.h) and page requests (pri.h), all off by default;
 * statistics of each PASID.
 * Does not model: the link's own retries and credits (link.h).
 * Units: ps, bytes.
 */
#ifndef IOMMUSIM_DEV_H
#define IOMMUSIM_DEV_H
#include "pcie/atc.h"
#include "pcie/pri.h"

enum { DEV_RETIRE_IN_ORDER, DEV_RETIRE_ANY };
/* Ways to answer invalidate requests badly; each can be switched at any time. */
enum dev_fault { DEV_SILENT, DEV_SLOW, DEV_WRONG_ITAG, DEV_NO_FLUSH, DEV_MISORDER, DEV_DROP, DEV_UR, DEV_FAULTS };
struct dev_cfg {
	char *name;
	uint32_t rid;
	uint32_t outstanding; /* requests (after splitting) in flight */
	uint32_t retire; /* DEV_RETIRE_* */
	uint32_t mps, mrrs; /* bytes, powers of two 128..4096 */
	uint64_t link_lat_ps; /* one way */
	uint64_t link_bytes_per_us; /* each direction; 0: unlimited */
	uint32_t header_bytes; /* per packet */
	uint64_t fixed_ps; /* added once to every request: device and host path outside link, IOMMU and memory */
	uint32_t unknown_dir; /* 0 read, 1 write: what '?' is timed as */
	uint32_t unknown_len; /* bytes a '?' length is timed as */
	uint64_t ats_cpl_ps; /* time to answer an invalidate request */
	bool ats_silent; /* never answers */
	bool ats_enabled; /* translation service is on from the start */
	bool slow, wrong_itag, no_flush, misorder, ur, ur_completes;
	uint64_t late_ps; /* what a slow device adds */
	uint32_t drop_every; /* 0: none; every n-th completion is not sent */
	uint32_t queue_depth; /* invalidate requests accepted; 0: 32 */
	uint32_t inv_off; /* ATC_OFF_*: what becomes of an invalidate request while ATS is off */
	struct atc_cfg atc;
	struct pri_cfg pri;
	uint32_t per_pasid; /* PASIDs with statistics of their own */
	uint32_t rx_buffer; /* bytes; 0: no receive buffer */
	uint64_t rx_rate; /* bytes per us; 0: packets arrive when they are submitted */
	uint32_t rx_packet_min; /* bytes; shorter writes are no packets */
	uint64_t rx_train, rx_line_rate; /* bytes, 0: evenly spaced; bytes per us within a train */
	uint64_t seed; /* not an option: whoever makes the device says it */
};
extern const struct cfg_opt dev_opts[];
#define DEV_STATS(X)                                                                               \
	X(dmas, "count", "DMA operations issued")                                                  \
	X(requests, "count", "requests after splitting")                                           \
	X(bytes, "bytes", "payload moved")                                                         \
	X(faults, "count", "requests refused")                                                     \
	X(assumed_dir, "count", "DMAs whose direction the trace did not say")                      \
	X(assumed_len, "count", "DMAs whose length the trace did not say")                         \
	X(credit_wait_ps, "ps", "time DMAs waited for a free request slot")                        \
	X(ats_invalidations, "count", "device-TLB invalidate requests received")
struct dev_stats {
	DEV_STATS(STAT_DECL)
	struct hist latency_ps; /* request issued to completed, in device order if in-order */
};
extern const struct stat_def dev_stat_defs[];
#define DEV_PASID_STATS(X)                                                                         \
	X(pasid, "number", "the PASID")                                                            \
	X(dmas, "count", "DMA operations issued")                                                  \
	X(requests, "count", "requests finished")                                                  \
	X(bytes, "bytes", "payload of those")                                                      \
	X(faults, "count", "requests refused")                                                     \
	X(atc_hits, "count", "requests answered by a line of the translation cache")               \
	X(atc_misses, "count", "requests not answered by a line of the translation cache")         \
	X(invalidations, "count", "invalidate requests for this PASID")
struct dev_pasid_stats {
	DEV_PASID_STATS(STAT_DECL)
	struct hist latency_ps;
};
extern const struct stat_def dev_pasid_stat_defs[];

#define RX_STATS(X)                                                                                \
	X(offered_packets, "count", "packets that arrived")                                        \
	X(offered_bytes, "bytes", "bytes of those")                                                \
	X(accepted_packets, "count", "packets that the receive buffer took")                       \
	X(accepted_bytes, "bytes", "bytes of those")                                               \
	X(dropped_packets, "count", "packets that did not fit")                                    \
	X(dropped_bytes, "bytes", "bytes of those")                                                \
	X(held_peak, "bytes", "the most that was in the receive buffer")                           \
	X(late_packets, "count", "packets that were submitted after their time")
struct rx_stats {
	RX_STATS(STAT_DECL)
};
extern const struct stat_def rx_stat_defs[];

struct dev_dma { /* one DMA operation, before splitting */
	uint64_t iova;
	uint64_t len; /* 0: unknown */
	uint32_t pasid;
	bool has_pasid, priv;
	uint8_t dir; /* 'r','w','x','a','?' */
	uint8_t at; /* with a translation cache: untranslated ones go through it, the others as the trace has them */
	uint8_t slice; /* atc.partition = request: of the translation cache, modulo their number; for instance engine and descriptor field */
	uint64_t tag; /* the caller's, handed back */
};
struct dev;
/* Called once per DMA when its last request is finished; res is of the first refused request, else of the first request. */
typedef void dev_done_fn(void *arg, const struct dev_dma *d, const struct xl_res *res);
struct dev *dev_create(const struct dev_cfg *c, struct iommu *u, dev_done_fn *fn, void *arg, struct err *e) MUST_USE;
void dev_destroy(struct dev *d);
/**
 * dev_can_accept() - a DMA operation can be taken (queue of at most `outstanding` operations). With a receive
 * buffer: as many more as the least packets that fill it, and one that is to arrive.
 */
bool dev_can_accept(const struct dev *d);
/** dev_submit() - take one DMA operation; issue its requests from now on as credits allow. dev_can_accept() must be true. */
void dev_submit(struct dev *d, const struct dev_dma *q);
/** dev_idle() - no DMA is unfinished. */
bool dev_idle(const struct dev *d);
/*
 * A device is stuck while the unit holds back some of its requests and every other one in flight waits in order behind those: nothing
 * moves until software acts. A stuck device takes DMA operations beyond its limit, so that whoever submits them never waits for it.
 */
typedef void dev_stuck_fn(void *arg, struct dev *d); /* arg as for dev_done_fn; may be called again while nothing has changed */
void dev_on_stuck(struct dev *d, dev_stuck_fn *fn);
/** dev_stalled() - iommu_env.stall for a request of this device. Returns: the tag of its DMA; *@dma false: it belongs to none. */
uint64_t dev_stalled(struct dev *d, const struct xl *x, bool on, bool *dma);
/* A request of the DMA @tag waits for the answer to a page request (on), or no longer does; arg as for dev_done_fn. */
typedef void dev_held_fn(void *arg, uint64_t tag, bool on);
void dev_on_held(struct dev *d, dev_held_fn *fn);
/* A packet did not fit into the receive buffer: dev_done_fn is not called for it; arg as there. */
typedef void dev_dropped_fn(void *arg, const struct dev_dma *q);
void dev_on_dropped(struct dev *d, dev_dropped_fn *fn);
/**
 * dev_request_of() - what the device means by the request that @x translates: the untranslated address, and *cached if the device's own cache gave the
 * address that @x carries. @tag: of the DMA. Returns: false if @x is not part of a DMA (a translation request of the cache).
 */
bool dev_request_of(const struct dev *d, const struct xl *x, struct xl_req *q, bool *cached, uint64_t *tag);
const struct dev_cfg *dev_config(const struct dev *d);
/** dev_stats_wrong() - NULL, or which of the counters contradict each other or what is in flight; for runs without a reset of the statistics. */
const char *dev_stats_wrong(const struct dev *d);
struct dev_stats *dev_stats_of(struct dev *d);
const struct atc_stats *dev_atc_stats(const struct dev *d); /* NULL: no translation cache */
const struct inv_stats *dev_inv_stats(const struct dev *d);
const struct rx_stats *dev_rx_stats(const struct dev *d); /* NULL: no receive buffer */
const struct pri_stats *dev_pri_stats(const struct dev *d); /* NULL: no translation cache */
/** dev_atc_lines() - valid lines of the translation cache. */
uint32_t dev_atc_lines(const struct dev *d);
/**
 * dev_list_stats() - register what this device counts and @r does not have yet; @path is borrowed, longer ones are the device's.
 * Called again after dev_set_fault(): invalidation statistics of a device without translation cache appear with its first fault.
 */
bool dev_list_stats(struct dev *d, struct stat_reg *r, const char *path) MUST_USE;
void dev_forget_stats(struct dev *d); /* the registry is gone */
/** dev_ats_inv() - an invalidate request reaches this device. */
void dev_ats_inv(struct dev *d, const struct ats_inv *q);
/** dev_page_resp() - a response to a group of page requests leaves the unit. */
void dev_page_resp(struct dev *d, const struct page_resp *r);
void dev_set_fault(struct dev *d, enum dev_fault f, bool on);
void dev_set_silent(struct dev *d, bool silent);
/** dev_alive() - the device behaves well again, and is there again. */
void dev_alive(struct dev *d);
/** dev_set_ats() - translation service on or off (ATS control, E). Off: invalidate requests are treated as inv_off says. */
void dev_set_ats(struct dev *d, bool on);
/** dev_set_pri() - page requests on or off. Off: those outstanding still get their responses. */
void dev_set_pri(struct dev *d, bool on);
/**
 * dev_reset() - function-level reset as the IOMMU sees it: pending invalidate answers are lost, the device answers again.
 * With a translation cache as well: it is empty, E and page requests are off, work not yet on the wire fails.
 */
void dev_reset(struct dev *d);
/** dev_remove() - surprise removal: as a reset, and from now on nothing is answered and every DMA fails, until dev_alive(). */
void dev_remove(struct dev *d);
/**
 * dev_stop_pasid() - stop the use of @pasid: new work for it fails; what is under way finishes (page requests are awaited, or given up
 * behind a stop marker with pri.stop_marker); then its lines are dropped and @fn is called, once, never from inside this call. After
 * that the PASID may be used again. Returns: false without a translation cache, or without memory.
 */
typedef void dev_stopped_fn(void *arg, struct dev *d, uint32_t pasid);
bool dev_stop_pasid(struct dev *d, uint32_t pasid, dev_stopped_fn *fn, void *arg) MUST_USE;
/** dev_waiting() - something is unfinished: DMAs, invalidate requests without an answer, page requests. */
bool dev_waiting(const struct dev *d);
/** dev_dump() - what everything unfinished waits for, for the no-progress report. */
void dev_dump(const struct dev *d, void (*line)(void *arg, const char *text), void *arg);
/** dev_cfg_check() - the rules of a configuration that a range cannot express. */
bool dev_cfg_check(const struct dev_cfg *c, struct err *e) MUST_USE;
#endif
