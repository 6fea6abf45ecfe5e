/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pf_host.h - the part of a host driver that serves page faults of devices: page requests (VT-d page request queue, AMD-Vi PPR log,
 * SMMUv3 PRI queue) and stalled transactions (SMMUv3 event queue). It knows what registers and queues tell, and its own tables.
 * Models: one thread that reads the queue, woken by an interrupt or polling, in batches; groups put together until their last request;
 * a bounded backlog; threads that each serve one group at a time for a drawn time, store the missing entries, and answer by a command
 * on the one command queue, which a lock guards; overflow as software sees it: the rest is read, groups without their last request are
 * forgotten (the hardware has answered that request), the overflow is acknowledged.
 * Does not model: a wait behind each answer (Linux has one on VT-d), requests without PASID (answered Invalid), stop markers (skipped),
 * eviction of pages, what a thread does while it serves (locks of the operating system, storage), privileges.
 * One unit, and the whole of it: pf_host_init() boots it, with tables in which each PASID of each device has its own pages.
 * Spec: VT-d, "Page Request Queue", "Page Group Response Descriptor"; Arm IHI 0070, "PRI queue", "Stall model", "CMD_RESUME"; 48882,
 * "Peripheral Page Request (PPR) Logging", "COMPLETE_PPR_REQUEST".
 */
#ifndef IOMMUSIM_PF_HOST_H
#define IOMMUSIM_PF_HOST_H
#include "core/stat/stat.h"
#include "software/pf_service.h"
#include "software/thread.h"

enum { PF_MAX_DEVICES = 64, PF_MAX_PASIDS = 16, PF_MAX_THREADS = 256, PF_GROUP_PAGES = 32, PF_RID0 = 0x100, PF_MAX_PAGES = 1 << 16, PF_INDICES = 512 /* group indices of a function */ };
enum { PF_INTERRUPT, PF_POLL };
struct pf_cfg {
	/* the handler */
	uint32_t threads, batch, backlog, service, notice, queue_lg2;
	uint64_t service_ps, min_ps, max_ps, notice_ps;
	char *percentiles;
	bool auto_response; /* AMD-Vi */
	bool guest_log; /* AMD-Vi, no option: the PPR log and the command buffer are those of a guest on the hardware vIOMMU */
	struct thread_cfg cpu;
	/* the work (pf_load.h), and the tables for it */
	uint32_t devices, pasids, plain, absent, pages, dmas, invalid_every, dir;
	uint64_t length, period_ps;
};
extern const struct cfg_opt pf_opts[]; /* YAML section page_faults: */
#define PF_STATS(X)                                                                                      \
	X(wakeups, "count", "times the reading thread was woken or polled")                               \
	X(looks, "count", "times it read the tail of a queue")                                            \
	X(requests, "count", "page requests read")                                                        \
	X(stalls, "count", "stalled transactions read")                                                   \
	X(other, "count", "entries that are neither, or stop markers")                                    \
	X(groups, "count", "groups of page requests whose last request was read")                         \
	X(partial_dropped, "count", "groups forgotten because their last request was lost in an overflow") \
	X(overflows, "count", "overflows seen and acknowledged")                                          \
	X(blocked, "count", "times reading waited for the backlog to shrink")                             \
	X(mapped, "count", "entries stored")                                                              \
	X(present, "count", "pages asked for that were there already")                                    \
	X(success, "count", "answers Success, or retry of a stalled transaction")                         \
	X(invalid, "count", "answers Invalid Request, or abort of a stalled transaction")                 \
	X(refused, "count", "of these, at once, because the address space has plain I/O addresses")       \
	X(lock_waits, "count", "answers that waited for the lock of the command queue")                   \
	X(queue_waits, "count", "answers that read the head because the command queue seemed full")       \
	X(most_ready, "count", "most groups that waited for a thread at one time")
struct pf_stats {
	PF_STATS(STAT_DECL)
	struct hist batch; /* entries taken at once */
	struct hist wait_ps; /* last request read to a thread taking the group */
	struct hist service_ps; /* as drawn */
	struct hist latency_ps; /* last request read to the answer queued: what software can measure */
};
extern const struct stat_def pf_stat_defs[];

struct pf_group {
	struct pf_group *next;
	uint32_t rid, pasid;
	uint16_t tag; /* PRG index or STAG */
	bool has_pasid, stall;
	bool refused; /* nobody brings pages there */
	uint32_t n;
	uint64_t addr[PF_GROUP_PAGES];
	sim_time whole, due; /* due: pf_back.h */
};
struct pf_entry { /* one entry of a queue, decoded */
	uint32_t rid, pasid;
	uint16_t tag;
	bool has_pasid, last, stall, other;
	uint64_t addr;
};
struct pf_host;
struct pf_thread {
	struct thread t;
	struct pf_host *h;
	struct pf_step { uint64_t addr, value, ps; uint8_t op, bytes; } *step;
	uint32_t n, at, cap, n_got;
	uint64_t *got;
	void (*then)(struct pf_thread *w);
	struct pf_thread *next; /* idle ones, or those that want the lock */
	struct pf_group *g;
	bool ok;
};
struct pf_queue { /* one queue of the unit */
	uint32_t base_lg2, head; /* head: free running */
	bool overflow, ack; /* ack: SMMUv3, the OVACKFLG last written */
};
struct pf_host_ops {
	const char *arch;
	uint8_t queues, entry_words[2], entry_bytes[2], cmd_bytes;
	uint8_t queue_lg2_min, queue_lg2_max;
	bool wrap; /* tail and head registers have a wrap bit above the index: a queue can be filled to its last slot */
	uint64_t pte; /* bits of a leaf */
	bool (*boot)(struct pf_host *h, struct err *e); /* tables and registers, in no time */
	void (*look)(struct pf_thread *w, unsigned q); /* acknowledge the interrupt, read tail and status */
	uint32_t (*looked)(struct pf_host *h, unsigned q, const uint64_t *got); /* tail slot of the answers; sets queue[q].overflow */
	void (*decode)(unsigned q, const uint64_t *w, struct pf_entry *e);
	void (*taken)(struct pf_thread *w, unsigned q); /* write the head */
	void (*recover)(struct pf_thread *w, unsigned q); /* acknowledge an overflow, all is read */
	void (*answer)(const struct pf_group *g, bool ok, uint64_t cmd[2]);
	void (*tail)(struct pf_thread *w);
	void (*head)(struct pf_thread *w);
	uint32_t (*head_slot)(uint64_t reg);
};
extern const struct pf_host_ops pf_host_vtd, pf_host_smmuv3, pf_host_amdvi;

struct pf_host {
	const struct pf_cfg *c;
	const struct pf_host_ops *o;
	struct iommu *u;
	struct pf_stats st;
	struct pf_back *back; /* a hypervisor in between; NULL: none */
	struct pf_service service;
	struct rng rng;
	struct pf_thread reader, *worker;
	struct pf_queue queue[2];
	unsigned q; /* that the reader looks at */
	uint32_t n_take;
	bool stalls; /* devices have no translation cache: faults are stalls */
	bool reader_blocked;
	/* groups */
	struct pf_group *pool, *free, *partial, *ready, **ready_tail;
	uint32_t n_ready, n_whole; /* waiting for a thread; these, and those being served */
	struct pf_thread *idle;
	/* the command queue */
	bool locked;
	struct pf_thread *lock_first, **lock_last;
	uint32_t prod, cons;
};
/** pf_host_init() - boots @u, which must be in reset. @stalls: SMMUv3 only. All borrowed. */
bool pf_host_init(struct pf_host *h, const struct pf_cfg *c, struct iommu *u, bool stalls, uint64_t seed, struct err *e) MUST_USE;
void pf_host_start(struct pf_host *h);
void pf_host_interrupt(struct pf_host *h); /* a message of the unit has arrived */
void pf_host_stop(struct pf_host *h);
void pf_host_fini(struct pf_host *h);
/** pf_is_plain() - an address space that software maps before use, as for ordinary DMA: a page request there is answered Invalid. PASIDs from 0 here. */
static inline bool pf_is_plain(const struct pf_cfg *c, uint32_t pasid)
{
	return pasid < c->plain;
}
/** pf_is_invalid() - pages that do not exist: asking for them is answered Invalid Request. */
bool pf_is_invalid(const struct pf_cfg *c, uint32_t page);
/** pf_host_spa() - where page @page of @pasid of device @dev is when it is present. */
uint64_t pf_host_spa(const struct pf_cfg *c, uint32_t dev, uint32_t pasid, uint32_t page);

/* ---- for pf_host_*.c ---- */
#define PF_RING UINT64_C(0x100000)
#define PF_QUEUE(q) (UINT64_C(0x200000) + UINT64_C(0x200000) * (q))
#define PF_TABLES UINT64_C(0x1000000)
#define PF_PT UINT64_C(0x10000000)
#define PF_DATA UINT64_C(0x100000000)
#define PF_IOVA UINT64_C(0x80000000)
#define PF_MSI UINT64_C(0xfee01000)
enum { PF_RING_LG2 = 9 };
static inline uint64_t pf_pt(const struct pf_cfg *c, uint32_t dev, uint32_t pasid) /* top table of an address space; PASIDs from 0 here */
{
	return PF_PT + (uint64_t)(dev * c->pasids + pasid) * (3 + (c->pages + 511) / 512) * 4096;
}
static inline uint32_t pf_rid(uint32_t dev)
{
	return PF_RID0 + dev;
}
static inline uint32_t pf_gdev(uint32_t rid) /* with guest_log: what the guest calls it. The same the other way round */
{
	return rid ^ 0x8000;
}
static inline uint32_t pf_tag(const struct pf_cfg *c, uint32_t dev, uint32_t pasid) /* DID, ASID */
{
	return 1 + dev * c->pasids + pasid;
}
void pf_put(struct pf_host *h, uint64_t spa, uint64_t v); /* boot: a store in no time */
void pf_reg(struct pf_host *h, uint32_t off, unsigned bytes, uint64_t v); /* boot: a register write in no time */
void pf_write(struct pf_thread *w, uint32_t reg, unsigned bytes, uint64_t v);
void pf_read(struct pf_thread *w, uint32_t reg, unsigned bytes);
#endif
