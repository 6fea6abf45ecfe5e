/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_outq.c - rings that the SMMU fills: see smmuv3_outq.h. A record and its PROD become visible in the same instant, in this order.
 * Does not model: records on their way to memory, asynchronous aborts, cacheability attributes.
 */
#include "smmuv3/smmuv3_outq.h"

enum { OVFLG = 31 };

static struct smmuv3_outq outq(const struct smmuv3 *s, uint32_t r_base, uint32_t r_prod, unsigned max_lg2, unsigned words)
{
	uint64_t base = smmuv3_reg_get(s, r_base, 8), p = smmuv3_reg_get(s, r_prod, 4), c = smmuv3_reg_get(s, r_prod + 4, 4);
	unsigned lg2 = (unsigned)bits_get(base, 4, 0), bytes_lg2;
	struct smmuv3_outq q = { .r_prod = r_prod, .words = words };

	q.lg2 = lg2 < max_lg2 ? lg2 : max_lg2;
	bytes_lg2 = q.lg2 + (words == 2 ? 4 : 5);
	q.base = base & bits_mask(55, 5) & ~low_mask(bytes_lg2 < 5 ? 5 : bytes_lg2); /* at least 32 bytes */
	q.prod = (uint32_t)(p & low_mask(q.lg2 + 1));
	q.cons = (uint32_t)(c & low_mask(q.lg2 + 1));
	q.ovflg = p >> OVFLG & 1;
	q.ovack = c >> OVFLG & 1;
	return q;
}

struct smmuv3_outq smmuv3_eventq(const struct smmuv3 *s)
{
	return outq(s, SMMUV3_EVENTQ_BASE, SMMUV3_EVENTQ_PROD, s->cap.eventqs, 4);
}

struct smmuv3_outq smmuv3_priq(const struct smmuv3 *s)
{
	return outq(s, SMMUV3_PRIQ_BASE, SMMUV3_PRIQ_PROD, s->cap.priqs, 2);
}

bool smmuv3_outq_full(const struct smmuv3_outq *q)
{
	return ((q->prod - q->cons) & low_mask(q->lg2 + 1)) >> q->lg2;
}

static void set_prod(struct smmuv3 *s, const struct smmuv3_outq *q, uint32_t prod, bool ovflg)
{
	smmuv3_reg_put(s, q->r_prod, 4, prod | (uint64_t)ovflg << OVFLG);
}

bool smmuv3_outq_put(struct smmuv3 *s, struct smmuv3_outq *q, const uint64_t *w)
{
	uint64_t at = q->base + 8 * q->words * (q->prod & low_mask(q->lg2));

	if (s->u.port)
		(void)mem_port_access(s->u.port, sim_now(s->u.k), at, 8 * q->words, true); /* posted: nobody waits for its end */
	if (mem_write(s->u.mem, at, w, q->words) != MEM_OK)
		return false;
	q->prod = (uint32_t)((q->prod + 1) & low_mask(q->lg2 + 1));
	set_prod(s, q, q->prod, q->ovflg);
	return true;
}

bool smmuv3_outq_overflow(struct smmuv3 *s, const struct smmuv3_outq *q)
{
	if (q->ovflg != q->ovack)
		return false;
	set_prod(s, q, q->prod, !q->ovflg);
	return true;
}
