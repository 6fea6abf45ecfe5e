/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_pmcg.c - one performance monitor counter group for the whole unit.
 * Models: 1 to 64 counters of 32 bits; events 0 to 7; a stream filter per counter (SID_FILTER_TYPE = 0): one StreamID, a span, or all;
 * overflow status and interrupt (message or none); capture by CAPR and by overflow (OVFCAP). Cycles come from simulated time: they
 * are brought up to date whenever the group is accessed, and an event is scheduled for their overflow only while that would interrupt.
 * Choices: an access takes effect at once (IRQ_CTRLACK follows IRQ_CTRL immediately); OVSSET0 written by software raises no interrupt;
 * IRQ_STATUS is cleared when IRQ_CTRL enables interrupts.
 * Does not model: MPAM filters and Secure or Realm streams (their EVTYPER bits are RAZ/WI), counters on page 1, the attributes of
 * IRQ_CFG2, a separate group per translation buffer unit.
 * Spec: Arm IHI 0070, "Performance Monitors Extension".
 */
#include "smmuv3/smmuv3_int.h"

#include <stdlib.h>

enum {
	R_EVCNTR = 0x000, R_EVTYPER = 0x400, R_SVR = 0x600, R_SMR = 0xa00, R_CNTENSET = 0xc00, R_CNTENCLR = 0xc20, R_INTENSET = 0xc40, R_INTENCLR = 0xc60,
	R_OVSCLR = 0xc80, R_OVSSET = 0xcc0, R_CAPR = 0xd88, R_CFGR = 0xe00, R_CR = 0xe04, R_IIDR = 0xe08, R_CEID0 = 0xe20, R_IRQ_CTRL = 0xe50,
	R_IRQ_CTRLACK = 0xe54, R_IRQ_CFG0 = 0xe58, R_IRQ_CFG1 = 0xe60, R_IRQ_CFG2 = 0xe64, R_IRQ_STATUS = 0xe68, UNIT_IIDR = 0x18
};
enum { MAX_COUNTERS = 64, N_EVENTS = 8, EV_CYCLES = 0, EV_ATS_REQ = 6, EV_ATS_TRANSLATED = 7, COUNTER_BITS = 32 };
#define EVTYPER_MASK (UINT32_C(1) << 31 | UINT32_C(1) << 29 | 0xffff) /* OVFCAP, FILTER_SID_SPAN, EVENT */
struct counter {
	uint32_t value, type, sv, smr;
};
struct smmuv3_pmcg {
	struct smmuv3 *s;
	struct counter c[MAX_COUNTERS];
	unsigned n;
	bool on, irq_on;
	uint64_t cnten, inten, ovs, irq_cfg0;
	uint32_t irq_cfg1, irq_cfg2, irq_status;
	uint64_t cycle; /* up to which cycles are counted */
	struct sim_event overflow; /* of a cycle counter */
};

static unsigned event_of(const struct counter *c)
{
	return c->type & 0xffff;
}

static bool counts(const struct smmuv3_pmcg *m, unsigned i)
{
	return m->on && (m->cnten >> i & 1);
}

static void hot_update(struct smmuv3_pmcg *m)
{
	m->s->pm_hot = 0;
	for (unsigned i = 0; i < m->n; i++)
		if (counts(m, i) && event_of(&m->c[i]) < N_EVENTS)
			m->s->pm_hot |= UINT32_C(1) << event_of(&m->c[i]);
}

static void capture(struct smmuv3_pmcg *m)
{
	for (unsigned i = 0; i < m->n; i++)
		m->c[i].sv = m->c[i].value;
}

/* The message of the group: an abort shows in IRQ_STATUS, not in GERROR. */
static void interrupt(struct smmuv3_pmcg *m)
{
	struct smmuv3 *s = m->s;

	if (!m->irq_on || !s->cap.msi || !m->irq_cfg0)
		return;
	if (mem_write_part(s->u.mem, m->irq_cfg0, 4, m->irq_cfg1) != MEM_OK) {
		m->irq_status = 1;
		s->st.msi_aborts++;
		return;
	}
	s->st.msis++;
	if (s->u.env.msi)
		s->u.env.msi(s->u.env.arg, m->irq_cfg0, m->irq_cfg1);
}

static void add(struct smmuv3_pmcg *m, unsigned i, uint64_t n)
{
	struct counter *c = &m->c[i];
	uint64_t v = c->value + n;
	bool was = m->ovs >> i & 1;

	c->value = (uint32_t)v;
	if (LIKELY(!(v >> COUNTER_BITS)))
		return;
	m->ovs |= BIT64(i);
	if (c->type >> 31)
		capture(m);
	if (!was && (m->inten >> i & 1))
		interrupt(m);
}

/* ---- cycles ---- */

static void cycles_count(struct smmuv3_pmcg *m)
{
	uint64_t now = sim_now(m->s->u.k) / m->s->u.cfg->clock_ps, n = now - m->cycle;

	m->cycle = now;
	if (!(m->s->pm_hot >> EV_CYCLES & 1) || !n)
		return;
	for (unsigned i = 0; i < m->n; i++)
		if (counts(m, i) && event_of(&m->c[i]) == EV_CYCLES)
			add(m, i, n);
}

/* Once per overflow that software has armed and acknowledged: the event queue runs dry at the end. */
static void cycles_arm(struct smmuv3_pmcg *m)
{
	uint64_t left = UINT64_MAX;

	sim_cancel(m->s->u.k, &m->overflow);
	if (!(m->s->pm_hot >> EV_CYCLES & 1) || !m->irq_on)
		return;
	for (unsigned i = 0; i < m->n; i++) {
		uint64_t l = (UINT64_C(1) << COUNTER_BITS) - m->c[i].value;

		if (counts(m, i) && event_of(&m->c[i]) == EV_CYCLES && (m->inten & ~m->ovs) >> i & 1 && l < left)
			left = l;
	}
	if (left != UINT64_MAX)
		sim_at(m->s->u.k, (m->cycle + left) * m->s->u.cfg->clock_ps, &m->overflow);
}

static void overflow_event(struct sim_event *e)
{
	struct smmuv3_pmcg *m = container_of(e, struct smmuv3_pmcg, overflow);

	cycles_count(m);
	cycles_arm(m);
}

/* ---- the other events ---- */

/* Span: a mask X..X 0 1..1 with n ones ignores the n + 1 low bits; all ones is every stream. */
static bool passes(const struct counter *c, uint32_t sid)
{
	uint32_t ignore = c->type >> 29 & 1 ? c->smr ^ (c->smr + 1) : 0;

	return !((c->smr ^ sid) & ~ignore);
}

void smmuv3_pmcg_add(struct smmuv3 *s, unsigned event, uint32_t sid, unsigned n)
{
	struct smmuv3_pmcg *m = s->pm;

	for (unsigned i = 0; i < m->n; i++)
		if (counts(m, i) && event_of(&m->c[i]) == event && passes(&m->c[i], sid))
			add(m, i, n);
}

/* ---- registers ---- */

static uint64_t all(const struct smmuv3_pmcg *m)
{
	return low_mask(m->n);
}

static uint64_t events_implemented(const struct smmuv3 *s)
{
	return low_mask(N_EVENTS) & ~(s->cap.ats ? 0 : BIT64(EV_ATS_REQ) | BIT64(EV_ATS_TRANSLATED));
}

static uint64_t cfgr(const struct smmuv3_pmcg *m)
{
	return (m->n - 1) | (COUNTER_BITS - 1) << 8 | (uint64_t)m->s->cap.msi << 21 | BIT64(22) /* CAPTURE */;
}

/* Arrays of one word per counter: the counter's word, NULL elsewhere. */
static uint32_t *word_of(struct smmuv3_pmcg *m, uint32_t off)
{
	unsigned i = off % 0x100 / 4;

	if (off >= R_CNTENSET || i >= m->n)
		return NULL;
	switch (off & ~UINT32_C(0xff)) {
	case R_EVCNTR: return &m->c[i].value;
	case R_EVTYPER: return &m->c[i].type;
	case R_SVR: return &m->c[i].sv;
	case R_SMR: return &m->c[i].smr;
	}
	return NULL;
}

static uint64_t read64(const struct smmuv3_pmcg *m, uint32_t off)
{
	switch (off) {
	case R_CNTENSET: case R_CNTENCLR: return m->cnten;
	case R_INTENSET: case R_INTENCLR: return m->inten;
	case R_OVSSET: case R_OVSCLR: return m->ovs;
	case R_CFGR: return cfgr(m) | (uint64_t)m->on << 32; /* CR */
	case R_IIDR: return smmuv3_reg_get(m->s, UNIT_IIDR, 4);
	case R_CEID0: return events_implemented(m->s);
	case R_IRQ_CTRL: return m->irq_on * (BIT64(32) | 1); /* IRQ_CTRL, IRQ_CTRLACK */
	case R_IRQ_CFG0: return m->irq_cfg0;
	case R_IRQ_CFG1: return m->irq_cfg1 | (uint64_t)m->irq_cfg2 << 32;
	case R_IRQ_STATUS: return m->irq_status;
	}
	return 0;
}

static uint32_t read32(struct smmuv3_pmcg *m, uint32_t off)
{
	const uint32_t *w = word_of(m, off);

	return w ? *w : (uint32_t)(read64(m, off & ~UINT32_C(7)) >> (off & 4) * 8);
}

uint64_t smmuv3_pmcg_read(struct smmuv3 *s, uint32_t off, unsigned bytes)
{
	struct smmuv3_pmcg *m = s->pm;

	if (!m || (bytes != 4 && bytes != 8) || off % bytes)
		return 0;
	cycles_count(m);
	return bytes == 8 ? read32(m, off) | (uint64_t)read32(m, off + 4) << 32 : read32(m, off);
}

static void write_single(struct smmuv3_pmcg *m, uint32_t off, uint32_t v)
{
	switch (off) {
	case R_CR: m->on = v & 1; break;
	case R_CAPR:
		if (v & 1)
			capture(m);
		break;
	case R_IRQ_CTRL:
		m->irq_status &= !(v & 1) || m->irq_on; /* enabling forgets an old abort */
		m->irq_on = v & 1;
		break;
	case R_IRQ_CFG1:
		if (!m->irq_on)
			m->irq_cfg1 = v;
		break;
	case R_IRQ_CFG2:
		if (!m->irq_on)
			m->irq_cfg2 = v & 0x3f;
		break;
	}
}

/* Write one half of a 64-bit register; @v is in its place, @half covers its bits. */
static void write_half(struct smmuv3_pmcg *m, uint32_t off, uint64_t v, uint64_t half)
{
	switch (off) {
	case R_CNTENSET: m->cnten |= v & all(m); break;
	case R_CNTENCLR: m->cnten &= ~v; break;
	case R_INTENSET: m->inten |= v & all(m); break;
	case R_INTENCLR: m->inten &= ~v; break;
	case R_OVSSET: m->ovs |= v & all(m); break;
	case R_OVSCLR: m->ovs &= ~v; break;
	case R_IRQ_CFG0:
		if (!m->irq_on)
			m->irq_cfg0 = (m->irq_cfg0 & ~half) | (v & half & bits_mask(55, 2));
		break;
	}
}

static void write32(struct smmuv3_pmcg *m, uint32_t off, uint32_t v)
{
	uint32_t *w = word_of(m, off);
	unsigned shift = (off & 4) * 8;

	if (w) {
		if ((off & ~UINT32_C(0xff)) != R_SVR) /* read-only */
			*w = (off & ~UINT32_C(0xff)) == R_EVTYPER ? v & EVTYPER_MASK : v;
		return;
	}
	write_single(m, off, v);
	write_half(m, off & ~UINT32_C(7), (uint64_t)v << shift, UINT64_C(0xffffffff) << shift);
}

void smmuv3_pmcg_write(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v)
{
	struct smmuv3_pmcg *m = s->pm;

	if (!m || (bytes != 4 && bytes != 8) || off % bytes)
		return;
	cycles_count(m);
	write32(m, off, (uint32_t)v);
	if (bytes == 8)
		write32(m, off + 4, (uint32_t)(v >> 32));
	hot_update(m);
	cycles_arm(m);
}

bool smmuv3_pmcg_create(struct smmuv3 *s, struct err *e)
{
	unsigned n = s->cfg->pmcg_counters;
	struct smmuv3_pmcg *m;

	if (!n)
		return true;
	if (n > MAX_COUNTERS)
		return err_set(e, ERR_INPUT, "%s: a counter group has at most %d counters, not %u", s->u.name, MAX_COUNTERS, n);
	m = calloc(1, sizeof(*m));
	if (!m)
		return err_set(e, ERR_MACHINE, "%s: out of memory", s->u.name);
	m->s = s;
	m->n = n;
	sim_event_init(&m->overflow, overflow_event);
	s->pm = m;
	return true;
}

void smmuv3_pmcg_destroy(struct smmuv3 *s)
{
	if (!s->pm)
		return;
	sim_cancel(s->u.k, &s->pm->overflow);
	free(s->pm);
	s->pm = NULL;
}
