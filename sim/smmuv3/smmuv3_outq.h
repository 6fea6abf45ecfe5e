/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_outq.h - what the event queue and the PRI queue share: a ring that the SMMU fills, its registers, and OVFLG. When to write, what
 * an overflow means and who is told is each queue's own.
 * Spec: Arm IHI 0070, "Circular queues in the SMMU", SMMU_EVENTQ_BASE, SMMU_EVENTQ_PROD, SMMU_EVENTQ_CONS, and the same of the PRI queue.
 */
#ifndef IOMMUSIM_SMMUV3_OUTQ_H
#define IOMMUSIM_SMMUV3_OUTQ_H
#include "smmuv3/smmuv3_int.h"

enum { SMMUV3_EVENTQ_BASE = 0xa0, SMMUV3_EVENTQ_PROD = 0x100a8, SMMUV3_PRIQ_BASE = 0xc0, SMMUV3_PRIQ_PROD = 0x100c8 }; /* CONS is behind PROD */
struct smmuv3_outq { /* the registers, decoded */
	uint64_t base; /* aligned */
	uint32_t r_prod; /* where PROD is */
	unsigned lg2, words; /* log2 of the entries; 64-bit words of one */
	uint32_t prod, cons; /* index and wrap bit */
	bool ovflg, ovack;
};
/** smmuv3_eventq(), smmuv3_priq() - the queue as its registers are now. */
struct smmuv3_outq smmuv3_eventq(const struct smmuv3 *s);
struct smmuv3_outq smmuv3_priq(const struct smmuv3 *s);
/** smmuv3_outq_full() - indices that are inconsistent count as full. */
bool smmuv3_outq_full(const struct smmuv3_outq *q);
/** smmuv3_outq_put() - write the words of one entry and move PROD. Returns: false if the write aborts; then PROD stays. */
bool smmuv3_outq_put(struct smmuv3 *s, struct smmuv3_outq *q, const uint64_t *w) MUST_USE;
/** smmuv3_outq_overflow() - toggle OVFLG unless an overflow is still to be acknowledged. Returns: whether it did. */
bool smmuv3_outq_overflow(struct smmuv3 *s, const struct smmuv3_outq *q);
#endif
