/* SPDX-License-Identifier: Apache-2.0 */
/* smmuv3_evtq.h - private to smmuv3_evtq.c and smmuv3_stall.c: the event queue's state and the table of stalled requests. */
#ifndef IOMMUSIM_SMMUV3_EVTQ_H
#define IOMMUSIM_SMMUV3_EVTQ_H
#include "smmuv3/smmuv3_int.h"

enum { SMMUV3_EVENT_WORDS = 4, SMMUV3_STALL_NONE = -1 };
enum smmuv3_put { SMMUV3_PUT_OK, SMMUV3_PUT_OFF /* disabled, or an abort is active */, SMMUV3_PUT_FULL, SMMUV3_PUT_ABORT };
enum smmuv3_stall_state { SMMUV3_STALL_FREE, SMMUV3_STALL_HELD /* record not yet written */, SMMUV3_STALL_WRITTEN };
struct smmuv3_stall { /* the STAG is its index */
	struct xl *x, *dups; /* dups: suppressed requests, by xl.qnext */
	uint64_t rec[SMMUV3_EVENT_WORDS];
	uint64_t inv; /* invalidations executed before it was held */
	int32_t next; /* free list, or held list */
	uint8_t state;
};
struct smmuv3_evtq {
	struct smmuv3_stall *stall;
	uint32_t n_stall, busy;
	int32_t free_head, free_tail, held_head, held_tail; /* first in, first out: a STAG is reused as late as possible */
	uint64_t last[SMMUV3_EVENT_WORDS]; /* the record written last, for merging */
	uint32_t last_prod; /* PROD just after it */
	bool have_last;
};
/** smmuv3_evtq_put() - write one record if the queue is writable; counts nothing. */
enum smmuv3_put smmuv3_evtq_put(struct smmuv3 *s, const uint64_t rec[SMMUV3_EVENT_WORDS]);
/** smmuv3_stall_create() - a table for the present STALL_MAX; also called when that has grown. Requests in it stay. */
bool smmuv3_stall_create(struct smmuv3 *s) MUST_USE;
/** smmuv3_stall_hold() - take @x with record @rec. Returns: false if there is no STAG for it. */
bool smmuv3_stall_hold(struct smmuv3 *s, struct xl *x, const uint64_t rec[SMMUV3_EVENT_WORDS]);
#endif
