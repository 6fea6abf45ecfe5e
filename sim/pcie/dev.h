/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev.h - a DMA requester behind a link.
 * Models: outstanding-request limit, splitting at 4 KiB pages and at MPS (writes) / MRRS (reads), link bandwidth and latency both
 * ways with per-packet header bytes, in-order or out-of-order retirement, posted writes, closed loop (as fast as credits allow) and
 * open loop (times from the trace), answering device-TLB invalidations after a delay, or never; requests that the unit holds back.
 * Does not model yet: an address translation cache (docs/limits.md).
 * Units: ps, bytes.
 */
#ifndef IOMMUSIM_DEV_H
#define IOMMUSIM_DEV_H
#include "core/iommu.h"

enum { DEV_RETIRE_IN_ORDER, DEV_RETIRE_ANY };
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

struct dev_dma { /* one DMA operation, before splitting */
	uint64_t iova;
	uint64_t len; /* 0: unknown */
	uint32_t pasid;
	bool has_pasid, priv;
	uint8_t dir; /* 'r','w','x','a','?' */
	uint8_t at;
	uint64_t tag; /* the caller's, handed back */
};
struct dev;
/* Called once per DMA when its last request is finished; res is of the first refused request, else of the first request. */
typedef void dev_done_fn(void *arg, const struct dev_dma *d, const struct xl_res *res);
struct dev *dev_create(const struct dev_cfg *c, struct iommu *u, dev_done_fn *fn, void *arg, struct err *e) MUST_USE;
void dev_destroy(struct dev *d);
/** dev_can_accept() - a DMA operation can be taken (queue of at most `outstanding` operations). */
bool dev_can_accept(const struct dev *d);
/** dev_submit() - take one DMA operation; issue its requests from now on as credits allow. dev_can_accept() must be true. */
void dev_submit(struct dev *d, const struct dev_dma *q);
bool dev_idle(const struct dev *d);
/*
 * A device is stuck while the unit holds back some of its requests and every other one in flight waits in order behind those: nothing
 * moves until software acts. A stuck device takes DMA operations beyond its limit, so that whoever submits them never waits for it.
 */
typedef void dev_stuck_fn(void *arg, struct dev *d); /* arg as for dev_done_fn; may be called again while nothing has changed */
void dev_on_stuck(struct dev *d, dev_stuck_fn *fn);
/** dev_stalled() - iommu_env.stall for a request of this device. Returns: the tag of its DMA. */
uint64_t dev_stalled(struct dev *d, const struct xl *x, bool on);
const struct dev_cfg *dev_config(const struct dev *d);
struct dev_stats *dev_stats_of(struct dev *d);
/** dev_ats_inv() - an invalidate request reaches this device. */
void dev_ats_inv(struct dev *d, const struct ats_inv *q);
void dev_set_silent(struct dev *d, bool silent);
/** dev_set_ats() - translation service on (the state after dev_create()) or off; when off, invalidate requests stay unanswered. */
void dev_set_ats(struct dev *d, bool on);
/** dev_reset() - function-level reset as the IOMMU sees it: pending invalidate answers are lost, the device is alive again. */
void dev_reset(struct dev *d);
/** dev_cfg_check() - the rules of a configuration that a range cannot express (powers of two). */
bool dev_cfg_check(const struct dev_cfg *c, struct err *e) MUST_USE;
#endif
