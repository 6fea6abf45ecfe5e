/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_cmdq.c - command queues: when the next command is fetched, the execution unit, errors, idleness.
 * Models: fetch of one 16-byte command at a time, in order; CONS passes a command when its execution ends (CMD_SYNC: when it completes).
 * Does not model: fetching ahead, the memory attributes of CR1.QUEUE_*. Contradictory indices (CONSTRAINED UNPREDICTABLE): the queue
 * stops until it is disabled.
 * Spec: Arm IHI 0070, "Command queue", "Command queue errors", "SMMU_CMDQ_BASE", "SMMU_CMDQ_PROD", "SMMU_CMDQ_CONS".
 */
#include <stdlib.h>
#include "smmuv3/smmuv3_cmdq.h"
#include "smmuv3/smmuv3_regs.h"

enum { INDEX = 0xfffff }; /* RD and WR */

/* ---- the main queue ---- */

static bool main_enabled(const struct smmuv3_cmdq *q)
{
	return q->s->on.cmdq && (smmuv3_reg_get(q->s, SMMUV3_R_CR0, 4) & CR0_CMDQEN);
}

static bool main_failed(const struct smmuv3_cmdq *q)
{
	return smmuv3_gerror_active(q->s, GERR_CMDQ);
}

static void main_error(struct smmuv3_cmdq *q, unsigned reason)
{
	struct smmuv3 *s = q->s;

	smmuv3_reg_put(s, SMMUV3_R_CMDQ_CONS, 4, bits_put(smmuv3_reg_get(s, SMMUV3_R_CMDQ_CONS, 4), 30, 24, reason));
	smmuv3_gerror(s, GERR_CMDQ);
}
static const struct smmuv3_cmdq_kind main_kind = { .enabled = main_enabled, .failed = main_failed, .error = main_error };

/* ---- indices ---- */

static bool is_main(const struct smmuv3_cmdq *q)
{
	return q->kind == &main_kind;
}

static uint64_t base_of(const struct smmuv3_cmdq *q)
{
	return is_main(q) ? smmuv3_reg_get(q->s, SMMUV3_R_CMDQ_BASE, 8) : q->base;
}

static unsigned lg2_of(const struct smmuv3_cmdq *q)
{
	unsigned max = q->kind->max_lg2 ? q->kind->max_lg2 : q->s->cap.cmdqs, lg2 = (unsigned)bits_get(base_of(q), 4, 0);

	return lg2 < max ? lg2 : max;
}

static uint32_t cons_of(const struct smmuv3_cmdq *q)
{
	return is_main(q) ? (uint32_t)smmuv3_reg_get(q->s, SMMUV3_R_CMDQ_CONS, 4) : q->cons;
}

static uint64_t entry_of(const struct smmuv3_cmdq *q)
{
	uint64_t bytes = UINT64_C(16) << lg2_of(q);

	return (base_of(q) & bits_mask(55, 5) & ~(bytes - 1)) + ((uint64_t)(cons_of(q) & INDEX) * 16 & (bytes - 1));
}

/* Commands between RD and WR; more than the queue holds: the indices contradict each other. */
static uint32_t pending(const struct smmuv3_cmdq *q)
{
	uint32_t prod = is_main(q) ? (uint32_t)smmuv3_reg_get(q->s, SMMUV3_R_CMDQ_PROD, 4) : q->prod;

	return (prod - cons_of(q)) & (uint32_t)low_mask(lg2_of(q) + 1);
}

static void pass(struct smmuv3_cmdq *q)
{
	uint32_t c = cons_of(q), rd = (c + 1) & (uint32_t)low_mask(lg2_of(q) + 1) & INDEX;

	c = (c & ~(uint32_t)INDEX) | rd;
	if (is_main(q))
		smmuv3_reg_put(q->s, SMMUV3_R_CMDQ_CONS, 4, c);
	else
		q->cons = c;
}

/* ---- one command ---- */

static bool runnable(const struct smmuv3_cmdq *q)
{
	return q->kind->enabled(q) && !q->kind->failed(q) && !(is_main(q) && q->s->held) && !q->stuck && pending(q);
}

static void to_idle(struct smmuv3_cmdq *q)
{
	q->s->st.cmdq_busy_ps += sim_now(q->s->u.k) - q->started;
	q->s->cq->busy--;
	q->state = CQ_IDLE;
}

void cmdq_step(struct smmuv3_cmdq *q)
{
	struct smmuv3 *s = q->s;
	sim_time t = sim_now(s->u.k);

	if (q->state != CQ_IDLE)
		return;
	if (q->kind->rest)
		q->kind->rest(q);
	if (!q->kind->enabled(q))
		q->stuck = false;
	if (runnable(q) && pending(q) > 1u << lg2_of(q))
		q->stuck = true;
	if (!runnable(q)) {
		smmuv3_progress(s);
		return;
	}
	s->cq->busy++;
	q->state = CQ_FETCH;
	q->started = t;
	if (s->u.port)
		t = mem_port_access(s->u.port, t, entry_of(q), 16, false);
	sim_at(s->u.k, t + s->cfg->fetch_cyc * s->u.cfg->clock_ps, &q->ev);
}

void cmdq_consumed(struct smmuv3_cmdq *q)
{
	pass(q);
	to_idle(q);
	cmdq_step(q);
}

void cmdq_error(struct smmuv3_cmdq *q, unsigned reason)
{
	struct smmuv3 *s = q->s;

	to_idle(q);
	*(reason == CERROR_ILL ? &s->st.cerror_ill : reason == CERROR_ABT ? &s->st.cerror_abt : &s->st.cerror_atc) += 1;
	q->kind->error(q, reason);
	if (q->kind->rest)
		q->kind->rest(q);
	if (s->u.env.progress)
		s->u.env.progress(s->u.env.arg);
}

/* ---- the execution unit ---- */

void cmdq_fifo_init(struct smmuv3_fifo *f)
{
	f->head = NULL;
	f->tail = &f->head;
}

void cmdq_fifo_put(struct smmuv3_fifo *f, struct smmuv3_cmdq *q)
{
	q->next = NULL;
	*f->tail = q;
	f->tail = &q->next;
}

struct smmuv3_cmdq *cmdq_fifo_get(struct smmuv3_fifo *f)
{
	struct smmuv3_cmdq *q = f->head;

	if (q)
		f->head = q->next;
	if (!f->head)
		f->tail = &f->head;
	return q;
}

static void exec_next(struct smmuv3_cmdqs *c)
{
	while (!c->exec && c->ready.head) {
		struct smmuv3_cmdq *q = cmdq_fifo_get(&c->ready);
		uint64_t cyc = cmdq_cycles(q->s, q->cmd);

		q->state = CQ_EXEC;
		if (!cyc) {
			cmdq_exec(q);
			continue;
		}
		c->exec = q;
		sim_at(q->s->u.k, sim_now(q->s->u.k) + cyc * q->s->u.cfg->clock_ps, &q->ev);
	}
}

static void fetched(struct smmuv3_cmdq *q)
{
	struct smmuv3 *s = q->s;

	if (!runnable(q)) { /* disabled, or PROD moved back, during the fetch: not consumed */
		to_idle(q);
		cmdq_step(q);
		return;
	}
	if (mem_read(s->u.mem, entry_of(q), q->cmd, 2) != MEM_OK) {
		cmdq_error(q, CERROR_ABT);
		return;
	}
	if (!cmdq_legal(s, q->cmd) || (q->kind->screen && !q->kind->screen(q))) {
		cmdq_error(q, CERROR_ILL);
		return;
	}
	q->state = CQ_READY;
	cmdq_fifo_put(&s->cq->ready, q);
	exec_next(s->cq);
}

static void cmdq_event(struct sim_event *e)
{
	struct smmuv3_cmdq *q = container_of(e, struct smmuv3_cmdq, ev);
	struct smmuv3_cmdqs *c = q->s->cq;

	if (q->state == CQ_FETCH) {
		fetched(q);
	} else if (q->state == CQ_SIGNAL) {
		cmdq_signal(q);
	} else {
		c->exec = NULL;
		cmdq_exec(q);
		exec_next(c);
	}
}

/* ---- for the rest of the unit ---- */

void smmuv3_cmdq_kick(struct smmuv3 *s)
{
	cmdq_step(&s->cq->main);
}

/* Asked while CMDQEN goes to 0: contradictory indices are forgotten with it. */
bool smmuv3_cmdq_stopped(const struct smmuv3 *s)
{
	s->cq->main.stuck = false;
	return s->cq->main.state == CQ_IDLE;
}

/* Queues that could go on are never left idle, except for the main queue between a register change and its kick. */
bool smmuv3_commands_idle(const struct iommu *u)
{
	const struct smmuv3 *s = (const struct smmuv3 *)u;
	const struct smmuv3_cmdqs *c = s->cq;

	return smmuv3_regs_idle(s) && !c->busy && !c->atcs && !c->prefetches && !runnable(&c->main);
}

void smmuv3_progress(struct smmuv3 *s)
{
	if (s->u.env.progress && smmuv3_commands_idle(&s->u))
		s->u.env.progress(s->u.env.arg);
}

uint64_t cmdq_part(uint64_t old, uint32_t off, unsigned bytes, uint64_t v)
{
	if (bytes == 8)
		return v;
	return off & 4 ? bits_put(old, 63, 32, v) : bits_put(old, 31, 0, v);
}

bool smmuv3_cmdq_read(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t *v)
{
	return ecmdq_read(s, off, bytes, v) || vcmdq_read(s, off, bytes, v);
}

bool smmuv3_cmdq_write(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v)
{
	return ecmdq_write(s, off, bytes, v) || vcmdq_write(s, off, bytes, v);
}

void cmdq_init(struct smmuv3_cmdq *q, struct smmuv3 *s, const struct smmuv3_cmdq_kind *kind)
{
	q->s = s;
	q->kind = kind;
	sim_event_init(&q->ev, cmdq_event);
}

bool smmuv3_cmdq_create(struct smmuv3 *s, struct err *e)
{
	struct smmuv3_cmdqs *c = calloc(1, sizeof *c);

	if (!c)
		return err_set(e, ERR_MACHINE, "%s: out of memory", s->u.name);
	s->cq = c;
	cmdq_init(&c->main, s, &main_kind);
	cmdq_fifo_init(&c->ready);
	cmdq_atc_init(s);
	cmdq_prefetch_init(s);
	return vcmdq_create(s) || err_set(e, ERR_MACHINE, "%s: out of memory", s->u.name);
}

void smmuv3_cmdq_destroy(struct smmuv3 *s)
{
	if (!s->cq)
		return;
	sim_cancel(s->u.k, &s->cq->main.ev);
	ecmdq_destroy(s);
	vcmdq_destroy(s);
	cmdq_atc_destroy(s);
	cmdq_prefetch_cancel(s);
	free(s->cq);
	s->cq = NULL;
}
