/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inv_host.h - a host driver that invalidates device TLBs in batches and reacts when a device does not answer. It knows what registers,
 * rings and logs tell, and its own copy of what it queued; devices are behind the unit.
 * Models: batches of invalidations closed by one wait; polling with a time-out of its own; reading and acknowledging the error as each
 * vendor reports it; the set of suspects that follows; a second wait after each report, so that nothing of the failed batch is under way
 * when the reaction begins; the reactions (enum inv_policy) through commands and tables. One thread, one queue, one unit.
 * Does not model: interrupts (error registers are read at an interval while waiting), the invalidation of the unit's own TLBs that precedes
 * a device's, locks, presence checks of devices.
 * Order of an error (all vendors): read the record, acknowledge, wait again; only then act. Fence before release: a page whose invalidation is
 * not confirmed is released after the unit blocks the device, except under INVH_IGNORE and INVH_SW_GO_ON, which show what that costs.
 * Spec: VT-d, "Invalidation Time-out Error"; Arm IHI 0070, "Command queue errors"; 48882, "IOTLB_INV_TIMEOUT"; PCIe ATS.
 */
#ifndef IOMMUSIM_INV_HOST_H
#define IOMMUSIM_INV_HOST_H
#include "core/base/bits.h"
#include "software/thread.h"

enum { INVH_MAX_DEVICES = 64, INVH_MAX_VDEVS = 16, INVH_MAX_BATCH = 256, INVH_RID0 = 0x100 };
enum inv_policy {
	INVH_IGNORE, /* acknowledge, and take everything for done */
	INVH_RETRY, /* the unconfirmed ones again, @retries times; then as INVH_QUARANTINE */
	INVH_SINGLES, /* one virtual device at a time, each with a wait of its own; who fails alone is blamed and blocked */
	INVH_BISECT, /* halves, until who fails is alone */
	INVH_QUARANTINE, /* block every suspect at once */
	INVH_RESET /* block every suspect, reset it, let it in again */
};
enum { INVH_FENCE_RID, INVH_FENCE_PASID }; /* what is blocked: the requester, or one PASID (translated requests still pass) */
enum { INVH_SW_WAIT, INVH_SW_GO_ON }; /* the driver's own time-out: note it and wait on; or take the batch for done and go on */
enum { INVH_SNAP_ALL, INVH_SNAP_LAST, INVH_SNAP_RING }; /* what the driver remembers per ring slot, see inv_host_amdvi.c */
enum inv_how { INVH_HELD, INVH_CONFIRMED, INVH_FENCED, INVH_RESET_DONE, INVH_UNCONFIRMED };

struct inv_host_cfg {
	uint32_t batch; /* 1..INVH_MAX_BATCH invalidations per wait */
	uint32_t policy; /* enum inv_policy */
	uint32_t retries;
	uint32_t fence; /* INVH_FENCE_*; INVH_RESET always takes the requester */
	uint64_t sw_timeout_ps; /* 0: none */
	uint32_t sw_then; /* INVH_SW_* */
	uint64_t spin_ps, look_ps; /* polls at cpu.poll_ps for the first time, then looks at status and error registers at the second interval */
	uint64_t reset_ps; /* of a device */
	uint32_t ring_lg2; /* entries of the queue: 9 or more, 8 if batch < 255 */
	uint32_t snapshot; /* AMD: INVH_SNAP_* */
	uint32_t timeout_code; /* AMD: Control.InvTimeOut */
	bool believe; /* wrong on purpose: commands for devices that the record does not name count as done */
	struct thread_cfg cpu;
};
struct inv_item { /* one page of one virtual device, to be invalidated */
	uint16_t dev, vdev;
	uint8_t how; /* enum inv_how */
	uint16_t sent; /* times its invalidation was queued */
	uint64_t iova;
	sim_time arrived, released; /* the page is held in between */
};
#define INV_HOST_STATS(X)                                                                                      \
	X(batches, "count", "batches of new work")                                                               \
	X(commands, "count", "device-TLB invalidations queued, repeated ones again")                             \
	X(waits, "count", "waits queued")                                                                        \
	X(reports, "count", "time-outs read from registers or logs")                                               \
	X(incidents, "count", "batches of new work that failed")                                                 \
	X(probes_failed, "count", "groups that failed during recovery")                                          \
	X(sw_timeouts, "count", "waits not answered within the driver's own time-out")                           \
	X(bad_completions, "count", "reports of unexpected completions")                                         \
	X(fences, "count", "requesters or PASIDs blocked")                                                       \
	X(resets, "count", "device resets")                                                                      \
	X(reg_reads, "count", "register reads")                                                                  \
	X(looks, "count", "of these, looks for an error while waiting")                                          \
	X(reg_writes, "count", "register writes, tails included")                                                \
	X(stall_ps, "ps", "from the tail write of a failed batch until the driver takes new work, summed")       \
	X(detect_ps, "ps", "from that tail write to the first report, summed")
struct inv_host_stats {
	INV_HOST_STATS(STAT_DECL)
};
extern const struct stat_def inv_host_stat_defs[];

struct inv_host;
struct inv_host_env { /* what is beside the unit; none may be NULL */
	void *arg;
	void (*reset)(void *arg, unsigned dev); /* a configuration write to the device; it is in reset from now on for cfg->reset_ps */
	/* For observers; the driver learns nothing from them. @accused: one byte per virtual device (dev * vdevs + vdev), 0: not suspected. */
	void (*incident)(void *arg, const uint8_t *accused); /* NULL: the reaction is over */
	void (*blamed)(void *arg, unsigned dev, unsigned vdev);
	void (*released)(void *arg, const struct inv_item *it);
};
struct inv_host_ops {
	const char *arch;
	bool per_command; /* errors are recorded per command beside a wait that completes: look after each wait, the others are done */
	uint8_t stride; /* bytes of a ring entry */
	void (*boot)(struct inv_host *h); /* tables and registers, in no time */
	void (*inv)(struct inv_host *h, const struct inv_item *it); /* queue the device-TLB invalidation of one page */
	void (*wait)(struct inv_host *h); /* queue a wait that stores h->want */
	void (*tail)(struct inv_host *h);
	void (*head)(struct inv_host *h); /* read the head; head_slot() of the answer */
	uint32_t (*head_slot)(uint64_t reg);
	void (*fence)(struct inv_host *h, unsigned dev, int vdev, bool on); /* stores and commands; vdev < 0: the requester */
	void (*look)(struct inv_host *h);
	bool (*looked)(struct inv_host *h); /* an error is there: collect() it */
	void (*collect)(struct inv_host *h);
	void (*collected)(struct inv_host *h); /* accuse, acknowledge, and make sure that a wait is under way */
};
extern const struct inv_host_ops inv_host_vtd, inv_host_smmuv3, inv_host_amdvi;

struct inv_open { /* a command that no good wait has covered */
	uint32_t item, slot;
	uint64_t seq; /* of the wait behind it */
	sim_time at; /* when it was queued */
	bool failed; /* or may have */
	bool reported; /* the record named exactly this one */
};
struct inv_group {
	uint16_t start, n; /* in cur[] */
	uint16_t tries;
};
enum { INVH_STEPS = 2048 };
struct inv_host {
	struct thread t;
	const struct inv_host_cfg *c;
	const struct inv_host_ops *o;
	struct iommu *u;
	struct inv_host_env env;
	struct inv_host_stats st;
	uint32_t devices, vdevs;
	struct inv_item *item; /* borrowed */
	uint32_t n_items, next;
	/* steps under way */
	struct inv_step { uint64_t addr, value, ps; uint8_t op, bytes; bool looking; } step[INVH_STEPS];
	uint32_t n_steps, at, n_got;
	uint64_t got[INVH_STEPS]; /* what its reads and loads gave */
	void (*then)(struct inv_host *h);
	struct thread_cfg slow; /* while looking */
	bool timed_out, end;
	/* ring */
	uint32_t prod, cons; /* free running */
	uint64_t seq, want; /* tokens of waits: last queued, polled for */
	struct inv_open *open;
	uint32_t n_open, cap_open, seen; /* seen: of the error report, what the driver has dealt with (log head, GERRORN) */
	uint32_t *ring_use; /* per slot: item + 1 of the invalidation last put there; 0: something else */
	/* the wait under way */
	void (*put)(struct inv_host *h), (*after)(struct inv_host *h), (*back)(struct inv_host *h); /* back: where a report was met */
	uint32_t need;
	sim_time t_sent, t_batch, t_report;
	bool done, failed, fresh, recovering, overdue;
	/* recovery */
	uint32_t cur[INVH_MAX_BATCH], n_cur; /* items of the batch */
	struct inv_group stack[INVH_MAX_BATCH + 2], group;
	uint32_t n_stack;
	uint8_t *accused; /* per virtual device: 0, 1 suspected, 2 certain */
	uint8_t *lost; /* per item: not confirmed by the wait that ended */
	bool named; /* suspects of one device are a class of their own: at least one of them failed */
	uint8_t *blame, *fenced; /* to be blocked; is blocked */
	unsigned fence_dev;
	int fence_vdev;
};
/** inv_host_init() - @item: @n, borrowed, zeroed but for dev, vdev, iova, arrived; arrivals ascend. The unit is booted at once. */
bool inv_host_init(struct inv_host *h, const struct inv_host_cfg *c, const struct inv_host_ops *o, struct iommu *u, const struct inv_host_env *env,
		   uint32_t devices, uint32_t vdevs, struct inv_item *item, uint32_t n, struct err *e) MUST_USE;
void inv_host_start(struct inv_host *h); /* ends (thread_ended(&h->t)) when every item is released */
void inv_host_fini(struct inv_host *h);

/* ---- for inv_host_*.c ---- */
/* Where things lie in memory. */
#define IH_RING UINT64_C(0x100000)
#define IH_SEM UINT64_C(0x110000)
#define IH_LOG UINT64_C(0x120000)
#define IH_TABLES UINT64_C(0x1000000)
#define IH_PT UINT64_C(0x8000000) /* first-stage tables that every virtual device shares: 4 levels, IH_PAGES pages at IH_IOVA */
#define IH_IOVA UINT64_C(0x80000000)
#define IH_DATA UINT64_C(0x10000000)
enum { IH_PAGES = 16 };
static inline uint32_t inv_rid(unsigned dev)
{
	return INVH_RID0 + dev;
}
static inline uint32_t inv_pasid(unsigned vdev)
{
	return 1 + vdev;
}
/** inv_tag() - DID or ASID of a virtual device. */
static inline uint32_t inv_tag(const struct inv_host *h, unsigned dev, unsigned vdev)
{
	return 1 + dev * h->vdevs + vdev;
}
void inv_put(struct inv_host *h, uint64_t spa, uint64_t v); /* boot: a store in no time */
void inv_boot_pt(struct inv_host *h, uint64_t table_bits, uint64_t leaf_bits);
void inv_store(struct inv_host *h, uint64_t spa, uint64_t v);
void inv_load(struct inv_host *h, uint64_t spa);
void inv_write(struct inv_host *h, uint32_t reg, unsigned bytes, uint64_t v);
void inv_read(struct inv_host *h, uint32_t reg, unsigned bytes);
void inv_cmd(struct inv_host *h, uint64_t w0, uint64_t w1);
void inv_wait_again(struct inv_host *h); /* a wait without anything new before it, and the tail */
static inline uint32_t inv_slots(const struct inv_host *h)
{
	return UINT32_C(1) << h->c->ring_lg2;
}
/** inv_accuse() - suspect the virtual device of @o; @sure: the record names the command. */
void inv_accuse(struct inv_host *h, const struct inv_open *o, bool sure);
/** inv_accuse_all() - every open command, or those of one requester. Returns: how many. */
unsigned inv_accuse_all(struct inv_host *h, int dev);
#endif
