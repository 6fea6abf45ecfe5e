/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amd_guest.h - a guest with an AMD-Vi of its own: the driver, one thread of software, and the devices.
 * The guest keeps v2 tables (one per domain, GCR3 entry 0) in its memory and strictly unmaps: clear a batch of entries, one
 * INVALIDATE_IOMMU_PAGES per page (and one INVALIDATE_IOTLB_PAGES per page and device), COMPLETION_WAIT, tail, poll the semaphore.
 * What a tail write does is not its business: it reaches the VF page, or amd_guest.trap.
 * Round n of the driver maps the pages of slot n and unmaps those of slot n - 1. Some pages of a slot are read by a device after the map
 * and again after the unmap has completed; each answer of the unit is compared with the tables (iommu_walk_now()).
 * Models: stores to tables and ring, the semaphore, DMA meanwhile, devices that answer invalidate requests after a time.
 * Does not model: the guest's boot (its buffers are programmed by whoever runs it), locks between its processors (one thread),
 * caches in devices (an invalidate request is answered, nothing is dropped), links.
 * Spec: 48882, "Commands"; the driver's order: Linux, drivers/iommu/amd.
 */
#ifndef IOMMUSIM_AMD_GUEST_H
#define IOMMUSIM_AMD_GUEST_H
#include "software/thread.h"

/* Guest-physical addresses. */
enum {
	AMDG_RAM = 16 << 20, AMDG_SEM = 0x2000, AMDG_RING = 0x10000, AMDG_TABLES = 1 << 20, AMDG_KEPT = 8 << 20, AMDG_FRAMES = 12 << 20,
	AMDG_FRAMES_N = 1021
};
/* I/O virtual addresses of every domain. Page 0 of the kept ones is never read by background DMA. */
enum { AMDG_IOVA_KEPT = 0x10000000, AMDG_IOVA_SLOTS = 0x20000000 };
enum { AMDG_MAX_BATCH = 256, AMDG_SLOTS = 4 /* per domain */, AMDG_MAX = 64 /* devices, domains */ };
enum { AMDG_DEV0 = 0x20, AMDG_DOM0 = 1 }; /* the guest's own ids count from here */

struct amd_guest_cfg {
	uint32_t devices, domains; /* device d is attached to domain d mod domains; devices >= domains */
	uint32_t batch; /* pages, and invalidations, per COMPLETION_WAIT */
	uint32_t touch; /* pages of a batch that a device reads, mapped and unmapped */
	uint32_t pages; /* mapped for good, per domain */
	uint32_t dma; /* background reads in flight, per device */
	uint64_t dma_gap_ps; /* between the end of one and the next */
	uint64_t think_ps; /* the driver does something else between two rounds: uniform, this on average */
	bool ats; /* devices have an IOTLB */
	uint64_t ats_ps; /* time in which one answers */
};
struct amd_guest;
struct amd_dma {
	struct xl xl;
	struct sim_event ev;
	struct amd_guest *g;
	uint32_t slot; /* AMDG_SLOTS * AMDG_MAX: background */
};
struct amd_answer { /* of a device, to invalidate requests */
	struct sim_event ev;
	struct amd_guest *g;
	uint32_t rid, tags;
};
struct amd_guest_stats {
	uint64_t waits, pages, iotlbs; /* completed */
	uint64_t latency_ps;
	uint64_t dmas, checked, stale, lost; /* stale: answered though unmapped or mapped elsewhere since; lost: refused though mapped */
	uint64_t refused; /* rightly */
	uint64_t ats, ats_wrong; /* invalidate requests to its devices; not for a page being unmapped there */
};
struct amd_guest {
	struct thread t;
	const struct amd_guest_cfg *cfg;
	struct amd_guest_stats st;
	struct hist *latency_ps; /* borrowed; NULL: not recorded */
	uint64_t ram; /* system-physical address of guest-physical 0 */
	uint32_t rid0; /* host ids of its devices begin here */
	uint32_t tail_reg; /* offset of its VF tail */
	void (*trap)(struct amd_guest *g); /* instead of the register: the guest sleeps until amd_guest_resume() */
	void (*round_over)(struct amd_guest *g); /* may be NULL */
	void *arg;
	uint32_t ring_entries, tail; /* tail: slot */
	uint64_t rounds; /* completed unmaps */
	bool stop;
	bool hold; /* begins no round; amd_guest_release() */
	/* private */
	uint64_t gcr3[AMDG_MAX], l1_kept[AMDG_MAX], l1_slot[AMDG_MAX][AMDG_SLOTS / 2]; /* guest-physical */
	uint64_t next_table, n, seq, rng;
	sim_time bell;
	uint32_t i;
	uint8_t phase;
	bool resumed;
	uint32_t busy[AMDG_SLOTS * AMDG_MAX]; /* reads in flight, per slot */
	struct amd_dma *touch, *back;
	struct amd_answer *answer;
};
/** amd_guest_init() - builds the tables in memory; @g zeroed but for ram, rid0, tail_reg, trap, arg. */
bool amd_guest_init(struct amd_guest *g, const struct amd_guest_cfg *c, struct iommu *u, const struct thread_cfg *cpu, struct err *e) MUST_USE;
void amd_guest_fini(struct amd_guest *g);
/** amd_guest_start() - the driver and the background DMA begin now; amd_guest.stop ends both. */
void amd_guest_start(struct amd_guest *g);
void amd_guest_release(struct amd_guest *g);
/** amd_guest_resume() - the trap is over. */
void amd_guest_resume(struct amd_guest *g);
/** amd_guest_ats_inv() - iommu_env.ats_inv for a device of this guest. */
void amd_guest_ats_inv(struct amd_guest *g, const struct ats_inv *q);
/** amd_guest_owns() - is @rid a device of this guest? */
static inline bool amd_guest_owns(const struct amd_guest *g, uint32_t rid)
{
	return rid - g->rid0 < g->cfg->devices;
}
/** amd_guest_ring_len() - length code of the ring. */
unsigned amd_guest_ring_len(const struct amd_guest_cfg *c);
#endif
