/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_cmd.h - private to commands: amdvi_cmd.c (the host's buffer: fetch, order, errors), amdvi_exec.c (what commands do, for the
 * host and for guests), amdvi_iotlb.c (device-IOTLB invalidations). Interface to the rest of the unit: struct amdvi_exec in
 * amdvi_int.h.
 */
#ifndef IOMMUSIM_AMDVI_CMD_H
#define IOMMUSIM_AMDVI_CMD_H
#include "amdvi/amdvi_viommu.h"

enum amdvi_op {
	OP_WAIT = 1, OP_DEVTAB, OP_PAGES, OP_IOTLB, OP_IRT, OP_PREFETCH, OP_PPR, OP_ALL, OP_GUEST_EVENT, OP_RESET_VMMIO
};
/*
 * What the unit can hold: COMPLETION_WAITs of the host that have begun, device-IOTLB invalidations (fetching pauses while either is full),
 * prefetches in flight (further ones are dropped). Assumed. Tags: PCIe ATS, 32 of each device.
 */
enum { ACMD_WAITS = 64, ACMD_REQS = 256, ACMD_PREFETCHES = 16 };
enum { /* amdvi_exec.state */
	AX_TIME = 1, /* its execution time runs */
	AX_DRAIN = 2, /* COMPLETION_WAIT: what was in flight has not retired */
	AX_STORE = 4, /* COMPLETION_WAIT: the store is on its way */
	AX_ABORTED = 8, /* COMPLETION_WAIT: it will not store, interrupt or count */
	AX_FAILED = 16 /* COMPLETION_WAIT: the store failed */
};
enum { ACMD_IDLE, ACMD_FETCH, ACMD_READY /* fetched, cannot begin yet */, ACMD_TURN /* waits for the execution unit that guests share */ };

struct amdvi_iotlb_req { /* one device-IOTLB invalidation */
	struct amdvi_iotlb_req *next, **pprev; /* in order of execution */
	struct amdvi *v;
	struct sim_event timer;
	struct ats_inv inv;
	uint64_t seq, spa;
	uint32_t owner;
	uint16_t queue; /* QueueID */
	uint16_t depth; /* how many of the queue may be in flight for this one to go */
	uint8_t left; /* completions to come; 0: none seen yet */
	bool issued;
};
struct amdvi_prefetch {
	struct xl x;
	struct amdvi *v;
	struct amdvi_prefetch *next;
};
struct amdvi_cmd {
	struct amdvi *v;
	/* the host's buffer */
	struct sim_event ev; /* end of the fetch */
	uint8_t state; /* ACMD_* */
	bool counting; /* cmd_busy_ps runs since `started` */
	sim_time started;
	uint64_t qw[2], spa; /* of the command fetched */
	struct vi_turn turn;
	bool turn_held; /* main gives it back */
	struct amdvi_exec *begins; /* what executes the command fetched */
	struct amdvi_exec main;
	struct amdvi_exec late; /* a device-IOTLB invalidation that overtakes main (cfg->late_iotlb) */
	bool main_busy, late_busy;
	struct amdvi_exec wait_pool[ACMD_WAITS], *wait_free;
	struct amdvi_exec *fence; /* COMPLETION_WAIT with f = 1: nothing is fetched before it completes */
	uint64_t ended, aborted; /* of the host's waits since the unit was made, in order; no statistics, which begin anew */
	/* of all owners */
	struct amdvi_exec *waits, **waits_tail; /* COMPLETION_WAITs begun, in order */
	struct amdvi_exec *room, **room_tail; /* INVALIDATE_IOTLB_PAGES that found no free request */
	struct amdvi_iotlb_req req_pool[ACMD_REQS], *req_free, *reqs, **reqs_tail;
	struct itags itags;
	uint64_t seq; /* of the next request */
	struct amdvi_prefetch prefetch_pool[ACMD_PREFETCHES], *prefetch_free;
	unsigned prefetches; /* in flight */
};
static inline unsigned acmd_op(const uint64_t qw[2])
{
	return (unsigned)(qw[0] >> 60);
}
/* ---- amdvi_cmd.c ---- */
void acmd_halt(struct amdvi *v); /* an error stops the host's buffer: CmdBufRun becomes 0 */
/* ---- amdvi_exec.c ---- */
void acmd_exec_create(struct amdvi_cmd *c);
void acmd_exec_destroy(struct amdvi_cmd *c);
void acmd_waits_run(struct amdvi_cmd *c); /* complete the COMPLETION_WAITs that can */
void acmd_waits_abort(struct amdvi_cmd *c, uint32_t owner);
void acmd_exec_done(struct amdvi_exec *x); /* executed */
/* ---- amdvi_iotlb.c ---- */
void acmd_iotlb_create(struct amdvi_cmd *c);
void acmd_iotlb_destroy(struct amdvi_cmd *c);
void acmd_iotlb(struct amdvi_exec *x); /* INVALIDATE_IOTLB_PAGES; executed once there is room for it */
bool acmd_iotlb_pending(const struct amdvi_cmd *c, uint32_t owner, uint64_t before); /* one of @owner with a smaller seq is unanswered */
#endif
