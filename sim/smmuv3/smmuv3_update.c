/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_update.c - what is in force (s->on), and the Update handshakes of CR0, IRQ_CTRL and GBPA.
 * Every field of CR0 and IRQ_CTRL is in transition by itself, for cfg->update_ps at least; SMMUEN 1 -> 0 waits for requests in flight,
 * CMDQEN 1 -> 0 for commands that have started.
 * Spec: Arm IHI 0070, "SMMU_CR0", "Update of registers".
 */
#include "core/memo.h"
#include "smmuv3/smmuv3_regs.h"

static const uint16_t cr0_field[SMMUV3_CR0_FIELDS] = { 1, 2, 4, 8, 0x10, 0x1c0 }, irq_field[SMMUV3_IRQ_FIELDS] = { 1, 2, 4 };
enum { F_SMMUEN, F_PRIQEN, F_EVENTQEN, F_CMDQEN };
enum { RECHECK_MAX_PS = 1000000000 };

/* ---- what is in force ---- */
static void latch_control(struct smmuv3 *s)
{
	uint64_t ack = smmuv3_reg_get(s, SMMUV3_R_CR0ACK, 4), vmw = bits_get(ack, 8, 6);

	s->on.smmu = (ack & CR0_SMMUEN) && !s->smmu_ends;
	s->on.cmdq = (ack & CR0_CMDQEN) && !s->cmdq_ends;
	s->on.eventq = ack & CR0_EVENTQEN;
	s->on.priq = (ack & CR0_PRIQEN) && s->cap.pri && s->on.smmu;
	s->on.atschk = (ack & CR0_ATSCHK) && s->cap.ats;
	s->on.vmid_ignore = s->cap.vmw && vmw <= 4 ? (uint16_t)low_mask((unsigned)vmw) : 0;
	memo_forget(&s->u);
}

/* The base is aligned by the unit, to the table's size as LOG2SIZE says it, even where that is larger than SIDSIZE allows. */
static void latch_tables(struct smmuv3 *s)
{
	uint64_t cfg = smmuv3_reg_get(s, SMMUV3_R_STRTAB_BASE_CFG, 4), cr2 = smmuv3_reg_get(s, SMMUV3_R_CR2, 4);
	unsigned split = (unsigned)bits_get(cfg, 10, 6), top;

	s->on.two_level = bits_get(cfg, 17, 16) == 1 && s->cap.st2l;
	s->on.split = split == 8 || split == 10 ? split : 6;
	s->on.log2size = (unsigned)bits_get(cfg, 5, 0);
	top = s->on.log2size + 6;
	if (s->on.two_level)
		top = s->on.log2size + 3 > s->on.split + 6 ? s->on.log2size + 3 - s->on.split : 6;
	s->on.strtab = smmuv3_reg_get(s, SMMUV3_R_STRTAB_BASE, 8) & bits_mask(55, 6) & ~low_mask(top);
	s->on.e2h = (cr2 & CR2_E2H) && s->cap.hyp;
	s->on.recinvsid = cr2 & CR2_RECINVSID;
	s->on.rec_cfg_ats = (cr2 & CR2_REC_CFG_ATS) && s->cap.atsrecerr;
}

void smmuv3_latch(struct smmuv3 *s)
{
	uint64_t gbpa = smmuv3_reg_get(s, SMMUV3_R_GBPA, 4);

	latch_control(s);
	latch_tables(s);
	if (!(gbpa & GBPA_UPDATE))
		s->on.gbpa = (uint32_t)gbpa;
}

/* ---- Update: fields of CR0 and IRQ_CTRL ---- */
static void ack_field(struct smmuv3 *s, uint32_t reg, uint32_t ack, uint64_t f)
{
	smmuv3_reg_put(s, ack, 4, (smmuv3_reg_get(s, ack, 4) & ~f) | (smmuv3_reg_get(s, reg, 4) & f));
}

static void arm(struct smmuv3 *s, struct smmuv3_upd *p, const sim_time *due, unsigned n)
{
	sim_time t = SIM_NEVER_PS;

	for (unsigned i = 0; i < n; i++)
		t = due[i] < t ? due[i] : t;
	sim_cancel(s->u.k, &p->ev);
	if (t != SIM_NEVER_PS)
		sim_at(s->u.k, t, &p->ev);
}

/* Fields with a bit in @changed whose Update has not begun: begin it. */
static void start(struct smmuv3 *s, struct smmuv3_upd *p, uint64_t changed, const uint16_t *field, sim_time *due, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if ((changed & field[i]) && due[i] == SIM_NEVER_PS)
			due[i] = sim_now(s->u.k) + s->cfg->update_ps;
	arm(s, p, due, n);
}

static void smmu_drained(struct iommu_drain *d)
{
	struct smmuv3 *s = container_of(d, struct smmuv3_upd, drain)->s;

	s->upd_cr0.busy = false;
	s->smmu_ends = false;
	smmuv3_stall_term(s, 0, true);
	ack_field(s, SMMUV3_R_CR0, SMMUV3_R_CR0ACK, CR0_SMMUEN);
	latch_control(s);
	smmuv3_progress(s);
}

/* New requests follow GBPA at once; acknowledged when those that used the tables have retired and stalled ones are terminated. */
static void smmu_end(struct smmuv3 *s)
{
	s->smmu_ends = true;
	s->upd_cr0.busy = true;
	s->upd_cr0.drain.fn = smmu_drained;
	latch_control(s);
	iommu_drain(&s->u, &s->upd_cr0.drain);
}

/* Nothing more is fetched; the acknowledgement waits for commands that have started. Looked at again at growing intervals. */
static bool cmdq_ended(struct smmuv3 *s)
{
	if (!s->cmdq_ends) {
		s->cmdq_ends = true;
		s->recheck = s->cfg->update_ps > s->cfg->unit.clock_ps ? s->cfg->update_ps : s->cfg->unit.clock_ps;
		latch_control(s);
	}
	if (smmuv3_cmdq_stopped(s)) {
		s->cmdq_ends = false;
		return true;
	}
	s->cr0_due[F_CMDQEN] = sim_now(s->u.k) + s->recheck;
	s->recheck = s->recheck < RECHECK_MAX_PS / 2 ? 2 * s->recheck : s->recheck < RECHECK_MAX_PS ? RECHECK_MAX_PS : s->recheck;
	return false;
}

static void cr0_field_due(struct smmuv3 *s, unsigned i)
{
	bool on = smmuv3_reg_get(s, SMMUV3_R_CR0, 4) & cr0_field[i];

	s->cr0_due[i] = SIM_NEVER_PS;
	if (i == F_SMMUEN && !on) {
		if (!s->upd_cr0.busy) /* a restored CR0 may have begun it twice */
			smmu_end(s);
		return;
	}
	if (i == F_CMDQEN && !on && !cmdq_ended(s))
		return;
	if (i == F_CMDQEN)
		s->cmdq_ends = false;
	ack_field(s, SMMUV3_R_CR0, SMMUV3_R_CR0ACK, cr0_field[i]);
	if (i == F_SMMUEN)
		latch_tables(s);
	latch_control(s);
	if (i == F_CMDQEN && on)
		smmuv3_cmdq_kick(s);
	if (i == F_EVENTQEN && on)
		smmuv3_evtq_kick(s);
}

static void cr0_due(struct sim_event *e)
{
	struct smmuv3 *s = container_of(e, struct smmuv3_upd, ev)->s;
	for (unsigned i = 0; i < SMMUV3_CR0_FIELDS; i++)
		if (s->cr0_due[i] <= sim_now(s->u.k))
			cr0_field_due(s, i);
	arm(s, &s->upd_cr0, s->cr0_due, SMMUV3_CR0_FIELDS);
	smmuv3_progress(s);
}

static void irq_due(struct sim_event *e)
{
	struct smmuv3 *s = container_of(e, struct smmuv3_upd, ev)->s;
	for (unsigned i = 0; i < SMMUV3_IRQ_FIELDS; i++) {
		if (s->irq_due[i] > sim_now(s->u.k))
			continue;
		s->irq_due[i] = SIM_NEVER_PS;
		ack_field(s, SMMUV3_R_IRQ_CTRL, SMMUV3_R_IRQ_CTRLACK, irq_field[i]);
	}
	arm(s, &s->upd_irq, s->irq_due, SMMUV3_IRQ_FIELDS);
	smmuv3_progress(s);
}

static void gbpa_due(struct sim_event *e)
{
	struct smmuv3 *s = container_of(e, struct smmuv3_upd, ev)->s;

	s->on.gbpa = (uint32_t)(smmuv3_reg_get(s, SMMUV3_R_GBPA, 4) & ~GBPA_UPDATE);
	smmuv3_reg_put(s, SMMUV3_R_GBPA, 4, s->on.gbpa);
	smmuv3_progress(s);
}

void smmuv3_update_begin(struct smmuv3 *s, uint64_t cr0, uint64_t irq)
{
	start(s, &s->upd_cr0, cr0, cr0_field, s->cr0_due, SMMUV3_CR0_FIELDS);
	start(s, &s->upd_irq, irq, irq_field, s->irq_due, SMMUV3_IRQ_FIELDS);
}

void smmuv3_update_gbpa(struct smmuv3 *s)
{
	sim_cancel(s->u.k, &s->upd_gbpa.ev); /* GBPA was restored meanwhile */
	sim_at(s->u.k, sim_now(s->u.k) + s->cfg->update_ps, &s->upd_gbpa.ev);
}

uint64_t smmuv3_update_pending(uint64_t cr0, uint64_t ack)
{
	uint64_t m = 0;

	for (unsigned i = 0; i < SMMUV3_CR0_FIELDS; i++)
		if ((cr0 ^ ack) & cr0_field[i])
			m |= cr0_field[i];
	return m;
}

void smmuv3_update_init(struct smmuv3 *s)
{
	for (unsigned i = 0; i < SMMUV3_CR0_FIELDS; i++)
		s->cr0_due[i] = SIM_NEVER_PS;
	for (unsigned i = 0; i < SMMUV3_IRQ_FIELDS; i++)
		s->irq_due[i] = SIM_NEVER_PS;
	s->upd_cr0.s = s->upd_irq.s = s->upd_gbpa.s = s;
	sim_event_init(&s->upd_cr0.ev, cr0_due);
	sim_event_init(&s->upd_irq.ev, irq_due);
	sim_event_init(&s->upd_gbpa.ev, gbpa_due);
}

void smmuv3_regs_destroy(struct smmuv3 *s)
{
	sim_cancel(s->u.k, &s->upd_cr0.ev);
	sim_cancel(s->u.k, &s->upd_irq.ev);
	sim_cancel(s->u.k, &s->upd_gbpa.ev);
}

bool smmuv3_regs_idle(const struct smmuv3 *s)
{
	return !s->upd_cr0.busy && !sim_pending(&s->upd_cr0.ev) && !sim_pending(&s->upd_irq.ev) && !sim_pending(&s->upd_gbpa.ev);
}
