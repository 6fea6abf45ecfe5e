/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amd_host.h - the host of guests that have an AMD-Vi each, in two ways.
 * AMDH_HARDWARE: the unit executes the guests' command buffers (hardware vIOMMU): private address space, id maps, TransDevID, VFCntl.
 * AMDH_TRAPPED: a tail write leaves the guest; a hypervisor reads the guest's ring, puts host ids into the commands, queues them with a
 * COMPLETION_WAIT of its own on the host's buffer, polls, stores what the guest's COMPLETION_WAIT asked for, and resumes the guest.
 * Both ways devices have the same entries: nested translation, a host DomainID for each domain of each guest.
 * Models: the host's boot as one thread, in the order Linux has (private table and own entry, Control, then each guest); the cost of an exit
 * (half before, half after) and of each command; the lock of the host's buffer, first come first served; one processor per guest.
 * Does not model: building of host page tables and maps' memory (present at boot), contention for processors, traps other than the tail's;
 * interception of the guests' device tables (domains are attached from the start), teardown.
 * Spec: 48882; order and private address map as driver trees have them.
 */
#ifndef IOMMUSIM_AMD_HOST_H
#define IOMMUSIM_AMD_HOST_H
#include "software/amd_guest.h"

enum { AMDH_HARDWARE, AMDH_TRAPPED };
struct amd_host_cfg {
	uint32_t mode; /* AMDH_* */
	bool trp; /* GstBufferTRPMode: guests' buffers are guest-physical; else pinned into the private address space */
	uint32_t prefill; /* ids of each kind that a guest's creation writes to its maps first; Linux: 65536 */
	bool small_pages; /* the private table maps the id maps by 4 KiB pages instead of one page each */
	bool guest_small_pages; /* guest-physical memory by 4 KiB pages instead of 2 MiB */
	uint64_t exit_ps; /* trapped: leaving the guest and coming back */
	uint64_t command_ps; /* trapped: software time per command, beside its loads and stores */
	struct thread_cfg cpu;
};
struct amd_host_stats {
	uint64_t exits, commands; /* trapped */
	uint64_t lock_wait_ps; /* for the host's buffer */
	uint64_t queue_wait_ps; /* host's tail write to its semaphore seen */
	uint64_t unknown_ids; /* commands of guests dropped for that */
	uint64_t boot_ps, create_ps; /* until guests may run; of this, one guest's creation */
	uint64_t private_tables, private_pages, map_pages, state_pages; /* memory, 4 KiB pages */
};
struct amd_host;
struct amd_hv { /* the hypervisor on one guest's processor */
	struct thread t;
	struct amd_host *h;
	struct amd_guest *g;
	struct amd_hv *next; /* waits for the lock */
	uint64_t (*cmd)[2];
	uint64_t store_addr, store_data;
	sim_time since;
	uint32_t n, i, head, slot;
	uint64_t seq;
	uint8_t phase;
	bool trapped, locked, store;
};
struct amd_step;
struct amd_host {
	struct thread t; /* boot */
	const struct amd_host_cfg *cfg;
	struct iommu *u;
	struct amd_host_stats st;
	struct amd_guest *guest;
	struct amd_hv *hv; /* trapped: one for each guest */
	uint32_t n_guests, unit_devid;
	bool booted;
	/* private */
	struct amd_step *step;
	size_t n_steps, cap_steps, at_step;
	uint64_t next_table, private_root, *guest_root, repeat;
	uint32_t tail, head_seen;
	uint64_t seq;
	struct amd_hv *lock_owner, *lock_first, **lock_last;
	bool oom;
};
/** amd_host_init() - tables in memory, and the plan of the boot. @guest: @n, zeroed; filled in here, and initialized as @gc says. */
bool amd_host_init(struct amd_host *h, const struct amd_host_cfg *c, struct iommu *u, uint32_t unit_devid, struct amd_guest *guest, uint32_t n,
		   const struct amd_guest_cfg *gc, struct err *e) MUST_USE;
/** amd_host_boot() - begin; h->booted when done. Guests are started by the caller after that. */
void amd_host_boot(struct amd_host *h);
void amd_host_fini(struct amd_host *h);
/** amd_host_did() - host DomainID of domain @m of guest @g. */
static inline uint32_t amd_host_did(uint32_t g, uint32_t m)
{
	return 0x100 + g * AMDG_MAX + m;
}
/* Where the host's event log lies, for whoever looks at it. */
enum { AMDH_EVENTS = 0x2200000, AMDH_EVENT_TAIL = 0x2018 };
#endif
