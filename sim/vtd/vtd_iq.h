/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_iq.h - private to the queue: vtd_iq.c (fetch, decode, order), vtd_iq_exec.c (what descriptors do), vtd_devtlb.c (requests to devices).
 * One engine fetches in order. 0x1, 0x2, 0x4, 0x6, 0x7 finish before the next fetch; 0x3, 0x8 go on by themselves; waits are kept in a
 * list and finish in order. This is the strictest reading of the specification's ordering rules, always legal.
 */
#ifndef IOMMUSIM_VTD_IQ_H
#define IOMMUSIM_VTD_IQ_H
#include "vtd/vtd_int.h"
#include "vtd/vtd_regs.h"

enum { IQ_CC = 1, IQ_IOTLB, IQ_DEV_TLB, IQ_IEC, IQ_WAIT, IQ_P_IOTLB, IQ_PC, IQ_P_DEV_TLB, IQ_PAGE_RESP };
/* Requests and waits hardware can hold; fetching pauses while either is full (assumed; not visible but for that). */
enum { IQ_REQS = 256, IQ_WAITS = 256 };
enum iq_state { IQS_IDLE, IQS_FETCH, IQS_EXEC, IQS_DRAIN };

struct iq_wait {
	struct iq_wait *next;
	uint64_t seq; /* waits for every device-TLB request with a smaller number */
	uint64_t addr;
	uint32_t data;
	bool sw, intr, fn, pd;
	bool writing; /* the status write is on its way */
};
struct iq_req { /* one device-TLB invalidation */
	struct iq_req *next, **pprev; /* in order of fetch */
	struct vtd *v;
	struct sim_event timer;
	struct ats_inv inv;
	uint64_t seq;
	uint32_t group; /* PFSID, or the requester itself: who shares the depth */
	uint8_t depth; /* 1..32 */
	uint8_t left; /* completions to come; 0: none seen yet */
	bool issued;
};
struct vtd_iq {
	struct vtd *v;
	bool on, disabling;
	uint8_t state; /* enum iq_state */
	struct sim_event ev; /* end of fetch or execution */
	struct iommu_drain drain;
	sim_time started;
	uint64_t d[4];
	uint32_t pos, size; /* of the descriptor being fetched, bytes */
	/* waits */
	struct iq_wait wait_pool[IQ_WAITS], *wait_free, *waits, **waits_tail;
	struct iq_wait *fence; /* FN = 1: nothing is fetched before it completes */
	struct sim_event wait_ev;
	uint64_t ended, aborted; /* waits since the unit was made, in order; no statistics, which begin anew */
	/* device-TLB requests */
	struct iq_req req_pool[IQ_REQS], *req_free, *reqs, **reqs_tail;
	struct itags itags;
	uint64_t seq;
	/* register-based invalidation: [0] CCMD, [1] IOTLB */
	struct iq_reg {
		struct vtd *v;
		struct sim_event ev;
		struct iommu_drain drain;
		unsigned done; /* granularity to report; 0 refused */
		bool busy;
	} rb[2];
};
/* vtd_iq.c */
void iq_step(struct vtd_iq *q); /* go on if anything can */
void iq_done(struct vtd_iq *q); /* the descriptor in execution has completed */
/* vtd_iq_exec.c */
unsigned iq_check(const struct vtd *v, const uint64_t d[4], bool wide); /* 0 or the IQEI code */
void iq_exec(struct vtd_iq *q); /* execute q->d: at once, or ending in iq_done() */
void iq_exec_end(struct vtd_iq *q); /* its execution time has passed */
void iq_waits_run(struct vtd_iq *q);
void iq_waits_abort(struct vtd_iq *q);
void iq_wait_written(struct sim_event *e);
void iq_rb_end(struct sim_event *e);
void iq_rb_drained(struct iommu_drain *d);
/* vtd_devtlb.c */
void iq_dev_init(struct vtd_iq *q);
void iq_dev_fetched(struct vtd_iq *q, const uint64_t d[4]);
#endif
