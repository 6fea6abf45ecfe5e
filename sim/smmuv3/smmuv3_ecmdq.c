/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_ecmdq.c - enhanced command queues: control pages of 64 KiB at SMMUV3_ECMDQ_OFF, 2^LOG2NUMQ queues in each, 16 bytes of registers
 * per queue. SMMU_CMDQ_CONTROL_PAGE_* are in the register file of page 0.
 * Queues exist from the first access to them on, as many as IDR6 says then. EN is acknowledged as soon as no command is in execution.
 * Does not model: granules other than 64 KiB.
 * Spec: Arm IHI 0070, "Enhanced Command queue interfaces".
 */
#include <stdlib.h>
#include "smmuv3/smmuv3_cmdq.h"

enum { PAGE_LG2 = 16, E_BASE = 0x0, E_PROD = 0x8, E_CONS = 0xc };
#define E_EN UINT32_C(0x80000000) /* PROD.EN, CONS.ENACK */
#define E_ERR UINT32_C(0x00800000) /* PROD.ERRACK, CONS.ERR */
#define E_INDEX UINT32_C(0xfffff)

static bool ecmdq_enabled(const struct smmuv3_cmdq *q)
{
	return q->prod & q->cons & E_EN;
}

static bool ecmdq_failed(const struct smmuv3_cmdq *q)
{
	return (q->prod ^ q->cons) & E_ERR;
}

static void ecmdq_error(struct smmuv3_cmdq *q, unsigned reason)
{
	q->cons = (uint32_t)bits_put(q->cons, 26, 24, reason) ^ E_ERR;
	smmuv3_gerror(q->s, GERR_CMDQP);
}

static void ecmdq_rest(struct smmuv3_cmdq *q)
{
	q->cons = (q->cons & ~E_EN) | (q->prod & E_EN);
}
static const struct smmuv3_cmdq_kind ecmdq_kind = {
	.enabled = ecmdq_enabled, .failed = ecmdq_failed, .error = ecmdq_error, .rest = ecmdq_rest
};

static unsigned per_page_lg2(const struct smmuv3 *s)
{
	return s->cap.ecmdq_lg2 < 12 ? s->cap.ecmdq_lg2 : 12; /* 16 bytes each */
}

static bool queues_create(struct smmuv3 *s)
{
	struct smmuv3_cmdqs *c = s->cq;
	unsigned n = 1u << (per_page_lg2(s) + (s->cap.ecmdq_pages_lg2 < 8 ? s->cap.ecmdq_pages_lg2 : 8));

	c->ecmdq = calloc(n, sizeof *c->ecmdq);
	if (!c->ecmdq)
		return false;
	c->n_ecmdq = n;
	for (unsigned i = 0; i < n; i++)
		cmdq_init(&c->ecmdq[i], s, &ecmdq_kind);
	return true;
}

/* The queue whose control page, and place in it, holds @off; *@reg is its register. NULL: none there. */
static struct smmuv3_cmdq *find(struct smmuv3 *s, uint32_t off, uint32_t *reg)
{
	uint32_t at = off - SMMUV3_ECMDQ_OFF, stride_lg2 = PAGE_LG2 - per_page_lg2(s), i = at >> stride_lg2;

	*reg = at & ((1u << stride_lg2) - 1);
	if (!s->cap.ecmdq || *reg > E_CONS || (!s->cq->ecmdq && !queues_create(s)))
		return NULL;
	return i < s->cq->n_ecmdq ? &s->cq->ecmdq[i] : NULL;
}

static bool ours(uint32_t off)
{
	return off >= SMMUV3_ECMDQ_OFF && off < SMMUV3_PMCG_OFF;
}

bool ecmdq_read(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t *v)
{
	uint32_t reg;
	const struct smmuv3_cmdq *q;
	uint64_t w;

	if (!ours(off))
		return false;
	*v = 0;
	q = find(s, off, &reg);
	if (!q)
		return true;
	w = reg < E_PROD ? q->base : q->prod | (uint64_t)q->cons << 32;
	*v = bytes == 8 ? w : reg & 4 ? w >> 32 : w & UINT32_MAX;
	return true;
}

static void put(struct smmuv3_cmdq *q, uint32_t reg, unsigned bytes, uint64_t v)
{
	bool off = !((q->prod | q->cons) & E_EN);

	if (reg < E_PROD) {
		if (off)
			q->base = cmdq_part(q->base, reg, bytes, v) & (BIT64(62) | bits_mask(55, 5) | 0x1f);
		return;
	}
	if (bytes == 8) { /* two registers: both are written, CONS first */
		put(q, E_CONS, 4, v >> 32);
		put(q, E_PROD, 4, v & UINT32_MAX);
	} else if (reg == E_CONS) {
		if (off)
			q->cons = (q->cons & ~E_INDEX) | ((uint32_t)v & E_INDEX);
	} else {
		q->prod = (uint32_t)v & (E_EN | E_ERR | E_INDEX);
		cmdq_step(q);
	}
}

bool ecmdq_write(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v)
{
	uint32_t reg;
	struct smmuv3_cmdq *q;

	if (!ours(off))
		return false;
	q = find(s, off, &reg);
	if (q)
		put(q, reg, bytes, v);
	return true;
}

void ecmdq_destroy(struct smmuv3 *s)
{
	for (unsigned i = 0; i < s->cq->n_ecmdq; i++)
		sim_cancel(s->u.k, &s->cq->ecmdq[i].ev);
	free(s->cq->ecmdq);
}
