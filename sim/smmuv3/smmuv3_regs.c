/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_regs.c - the register file: access rules, guards, restoring. The Update handshakes are in smmuv3_update.c.
 * Models: aligned 32-bit accesses, also to the halves of 64-bit registers, and aligned 64-bit ones; over two 32-bit registers a 64-bit
 * access is both halves, the lower first (one of the permitted behaviours). Other accesses read 0 and write nothing. A write to a guarded
 * register, or to a field whose Update is in progress, is ignored in every revision (v3.2 asks for it, before that it is permitted).
 * GERRORN: toggling the bit of an inactive error makes it active, without an interrupt.
 * Does not model: the Secure bank, ATOS, STATUSR.DORMANT, S2PII, AGBPA, MPAM, DPT and CoreSight registers (they read 0), preset tables
 * and queues. Registers of enhanced and virtual command queues and of the counter group cannot be restored.
 * Spec: Arm IHI 0070, "Memory map and registers".
 */
#include <string.h>
#include "smmuv3/smmuv3_regs.h"

enum { WHEN_always, WHEN_msi, WHEN_pri, WHEN_pri_msi };
enum { G_none, G_smmu, G_cmdq, G_eventq, G_priq, G_cr1, G_irq_gerror, G_irq_eventq, G_irq_priq, G_cr0, G_irq, G_gbpa };
typedef void reg_hook(struct smmuv3 *s, uint64_t old, uint64_t now); /* the register already holds @now */
static reg_hook hook_cr0, hook_irq, hook_gbpa, hook_gerrorn, hook_cmdq_prod, hook_eventq_cons;
#define hook_none NULL
struct reg_row {
	uint64_t wr;
	reg_hook *hook;
	uint32_t off;
	uint8_t bytes, when, guard;
};
static const struct reg_row rows[] = {
#define R(name, off, bytes, wr, when, guard, hook) { wr, hook_##hook, off, bytes, WHEN_##when, G_##guard },
#include "smmuv3/smmuv3_regs.def"
#undef R
};
enum { PAGE1 = 0x10000 };

static inline uint32_t place(uint32_t off)
{
	return off >= PAGE1 ? off - PAGE1 : off;
}

uint64_t smmuv3_reg_get(const struct smmuv3 *s, uint32_t off, unsigned bytes)
{
	const uint8_t *p = s->reg + place(off);
	uint64_t w = 0;

	for (unsigned i = 0; i < bytes; i++)
		w |= (uint64_t)p[i] << 8 * i;
	return w;
}

void smmuv3_reg_put(struct smmuv3 *s, uint32_t off, unsigned bytes, uint64_t v)
{
	uint8_t *p = s->reg + place(off);

	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void hook_cr0(struct smmuv3 *s, uint64_t old, uint64_t now)
{
	smmuv3_update_begin(s, old ^ now, 0);
}

static void hook_irq(struct smmuv3 *s, uint64_t old, uint64_t now)
{
	smmuv3_update_begin(s, 0, old ^ now);
}

static void hook_gbpa(struct smmuv3 *s, uint64_t old, uint64_t now)
{
	if (!(now & GBPA_UPDATE)) /* a write without Update changes nothing */
		smmuv3_reg_put(s, SMMUV3_R_GBPA, 4, old);
	else
		smmuv3_update_gbpa(s);
}

/* ---- other registers with an effect ---- */
static void hook_gerrorn(struct smmuv3 *s, uint64_t old, uint64_t now)
{
	uint64_t g = smmuv3_reg_get(s, SMMUV3_R_GERROR, 4), acked = (g ^ old) & ~(g ^ now);

	if (acked & (BIT64(GERR_EVENTQ_ABT) | BIT64(GERR_PRIQ_ABT)))
		smmuv3_evtq_kick(s);
	if (acked & BIT64(GERR_CMDQ))
		smmuv3_cmdq_kick(s);
}

static void hook_cmdq_prod(struct smmuv3 *s, uint64_t old, uint64_t now)
{
	(void)old, (void)now;
	smmuv3_cmdq_kick(s);
}

static void hook_eventq_cons(struct smmuv3 *s, uint64_t old, uint64_t now)
{
	(void)old, (void)now;
	smmuv3_evtq_kick(s);
}

/* ---- access ---- */
static bool row_present(const struct smmuv3_caps *c, unsigned when)
{
	return when == WHEN_msi ? c->msi : when == WHEN_pri ? c->pri : when == WHEN_pri_msi ? c->pri && c->msi : true;
}

static const struct reg_row *find(const struct smmuv3 *s, uint32_t off)
{
	/* EVENTQ_PROD ... PRIQ_CONS at their places in page 0 */
	if (s->cfg->page0_alias && (off == 0xa8 || off == 0xac || off == 0xc8 || off == 0xcc))
		off += PAGE1;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		if (off - rows[i].off < rows[i].bytes)
			return row_present(&s->cap, rows[i].when) ? &rows[i] : NULL;
	return NULL;
}

/* Bits of the row that this unit implements. */
static uint64_t implemented(const struct smmuv3_caps *c, const struct reg_row *r)
{
	uint64_t m = r->wr;

	switch (r->off) {
	case SMMUV3_R_CR0:
		return m & ~((c->pri ? 0 : CR0_PRIQEN) | (c->ats ? 0 : CR0_ATSCHK) | (c->vmw ? 0 : CR0_VMW));
	case SMMUV3_R_CR2: /* PTM: no broadcast TLB maintenance here */
		return m & ~((c->hyp ? 0 : CR2_E2H) | (c->atsrecerr ? 0 : CR2_REC_CFG_ATS) | CR2_PTM);
	case SMMUV3_R_IRQ_CTRL:
		return m & ~(c->pri ? 0 : IRQ_PRIQ);
	case SMMUV3_R_GERRORN:
		m &= ~((c->pri ? 0 : BIT64(GERR_PRIQ_ABT) | BIT64(GERR_MSI_PRIQ_ABT)) | (c->ecmdq ? 0 : BIT64(GERR_CMDQP)));
		return c->msi ? m : m & ~UINT64_C(0xf0);
	case SMMUV3_R_PRIQ_IRQ_CFG2:
		return c->msi ? m : m & PRIQ_CFG2_LO;
	}
	return m;
}

static bool ecmdq_on(struct smmuv3 *s)
{
	const struct smmuv3_caps *c = &s->cap;
	uint64_t v = 0;

	if (!c->ecmdq)
		return false;
	for (uint32_t i = 0; i < UINT32_C(1) << (c->ecmdq_pages_lg2 + c->ecmdq_lg2); i++)
		if (smmuv3_cmdq_read(s, SMMUV3_ECMDQ_OFF + (i << (16 - c->ecmdq_lg2)) + 8, 8, &v) && ((v & BIT64(31)) || (v & BIT64(63))))
			return true;
	return false;
}

/* Bits that may not be written now. */
static uint64_t guarded(struct smmuv3 *s, unsigned guard)
{
	uint64_t cr0 = smmuv3_reg_get(s, SMMUV3_R_CR0, 4), ack = smmuv3_reg_get(s, SMMUV3_R_CR0ACK, 4), cr = cr0 | ack;
	uint64_t irq = smmuv3_reg_get(s, SMMUV3_R_IRQ_CTRL, 4), irqack = smmuv3_reg_get(s, SMMUV3_R_IRQ_CTRLACK, 4), ir = irq | irqack;
	bool no = false;

	switch (guard) {
	case G_smmu: no = cr & CR0_SMMUEN; break;
	case G_cmdq: no = cr & CR0_CMDQEN; break;
	case G_eventq: no = cr & CR0_EVENTQEN; break;
	case G_priq: no = cr & CR0_PRIQEN; break;
	case G_cr1:
		return (cr & CR0_SMMUEN ? CR1_TABLE : 0) | ((cr & (CR0_CMDQEN | CR0_EVENTQEN | CR0_PRIQEN)) || ecmdq_on(s) ? CR1_QUEUE : 0);
	case G_irq_gerror: no = ir & IRQ_GERROR; break;
	case G_irq_eventq: no = ir & IRQ_EVENTQ; break;
	case G_irq_priq: no = ir & IRQ_PRIQ; break;
	case G_cr0: return smmuv3_update_pending(cr0, ack);
	case G_irq: return irq ^ irqack;
	case G_gbpa: no = smmuv3_reg_get(s, SMMUV3_R_GBPA, 4) & GBPA_UPDATE; break;
	}
	return no ? UINT64_MAX : 0;
}

static void write_row(struct smmuv3 *s, const struct reg_row *r, uint64_t val, uint64_t m)
{
	uint64_t old = smmuv3_reg_get(s, r->off, r->bytes), now;

	m &= implemented(&s->cap, r) & ~guarded(s, r->guard);
	now = (old & ~m) | (val & m);
	if (!m)
		return;
	smmuv3_reg_put(s, r->off, r->bytes, now);
	if (r->hook)
		r->hook(s, old, now);
}

/* Index bits above the capped size of a queue do not exist where the unit owns the index. */
static uint64_t own_index(const struct smmuv3 *s, uint32_t base, unsigned cap)
{
	unsigned qs = (unsigned)bits_get(smmuv3_reg_get(s, base, 8), 4, 0);

	return ~UINT64_C(0xfffff) | low_mask((qs < cap ? qs : cap) + 1);
}

static uint64_t control_page(const struct smmuv3_caps *c, uint32_t off)
{
	uint32_t n = (off - SMMUV3_R_CONTROL_PAGE) / 32;
	uint64_t base = SMMUV3_ECMDQ_OFF + (uint64_t)n * 0x10000;

	if (!c->ecmdq || off < SMMUV3_R_CONTROL_PAGE || n >> c->ecmdq_pages_lg2)
		return 0;
	switch (off % 32) {
	case 0: return (uint32_t)base | 1u << 1 | 1; /* CMDQGS, PRESET */
	case 8: return 1; /* EN */
	case 12: return 1; /* ENACK */
	}
	return 0;
}

static uint64_t read32(const struct smmuv3 *s, uint32_t off)
{
	const struct reg_row *r = find(s, off);
	uint64_t v;

	if (!r)
		return off < PAGE1 ? control_page(&s->cap, off) : 0;
	v = smmuv3_reg_get(s, r->off + (off & (r->bytes - 1u)), 4);
	switch (r->off) {
	case SMMUV3_R_CMDQ_CONS: return v & own_index(s, SMMUV3_R_CMDQ_BASE, s->cap.cmdqs);
	case SMMUV3_R_EVENTQ_PROD: return v & own_index(s, SMMUV3_R_EVENTQ_BASE, s->cap.eventqs);
	case SMMUV3_R_PRIQ_PROD: return v & own_index(s, SMMUV3_R_PRIQ_BASE, s->cap.priqs);
	}
	return v;
}

static bool access_ok(uint32_t off, unsigned bytes)
{
	return (bytes == 4 || bytes == 8) && off % bytes == 0;
}

uint64_t smmuv3_mmio_read(struct iommu *u, uint32_t off, unsigned bytes)
{
	struct smmuv3 *s = smmuv3_of(u);
	uint64_t v = 0;

	if (!access_ok(off, bytes))
		return 0;
	if (UNLIKELY(s->held))
		smmuv3_wake(s);
	if (off >= SMMUV3_PMCG_OFF && off < SMMUV3_CMDQV_OFF)
		return s->cfg->pmcg_counters ? smmuv3_pmcg_read(s, off - SMMUV3_PMCG_OFF, bytes) : 0;
	if (off >= SMMUV3_ECMDQ_OFF)
		return smmuv3_cmdq_read(s, off, bytes, &v) ? v : 0;
	for (unsigned i = 0; i < bytes; i += 4)
		v |= read32(s, off + i) << 8 * i;
	return v;
}

void smmuv3_mmio_write(struct iommu *u, uint32_t off, unsigned bytes, uint64_t v)
{
	struct smmuv3 *s = smmuv3_of(u);
	const struct reg_row *r;

	if (!access_ok(off, bytes))
		return;
	if (UNLIKELY(s->held))
		smmuv3_wake(s);
	if (off >= SMMUV3_PMCG_OFF && off < SMMUV3_CMDQV_OFF) {
		if (s->cfg->pmcg_counters)
			smmuv3_pmcg_write(s, off - SMMUV3_PMCG_OFF, bytes, v);
		return;
	}
	if (off >= SMMUV3_ECMDQ_OFF) {
		smmuv3_cmdq_write(s, off, bytes, v);
		return;
	}
	r = find(s, off);
	if (bytes == 8 && r && r->bytes == 8) {
		write_row(s, r, v, UINT64_MAX);
		return;
	}
	for (unsigned i = 0; i < bytes; i += 4) {
		unsigned shift;

		r = find(s, off + i);
		if (!r)
			continue;
		shift = r->bytes == 8 ? 8 * (off & 4) : 0;
		write_row(s, r, (v >> 8 * i & 0xffffffff) << shift, UINT64_C(0xffffffff) << shift);
	}
}

bool smmuv3_is_tail(const struct iommu *u, uint32_t off)
{
	const struct smmuv3_caps *c = &((const struct smmuv3 *)u)->cap;
	uint32_t o;

	if (off < SMMUV3_ECMDQ_OFF)
		return off == SMMUV3_R_CMDQ_PROD;
	if (off < SMMUV3_PMCG_OFF) {
		o = off - SMMUV3_ECMDQ_OFF;
		return c->ecmdq && !(o >> (16 + c->ecmdq_pages_lg2)) && (o & ((UINT32_C(1) << (16 - c->ecmdq_lg2)) - 1)) == 8;
	}
	if (off < SMMUV3_CMDQV_OFF || !((const struct smmuv3 *)u)->cfg->cmdqv)
		return false;
	/* Page 0 of the global queues, then of each interface. */
	o = off - SMMUV3_CMDQV_OFF;
	return (o & 0x7f) == 4 && (o >> 16 == 1 || (o >= 0x30000 && !((o - 0x30000) >> 16 & 1)));
}

/* ---- reset, restore ---- */
void smmuv3_wake(struct smmuv3 *s)
{
	uint64_t draining = s->upd_cr0.busy ? CR0_SMMUEN : 0;

	s->held = false;
	hook_cr0(s, smmuv3_reg_get(s, SMMUV3_R_CR0ACK, 4) | draining, smmuv3_reg_get(s, SMMUV3_R_CR0, 4) | draining);
	hook_irq(s, smmuv3_reg_get(s, SMMUV3_R_IRQ_CTRLACK, 4), smmuv3_reg_get(s, SMMUV3_R_IRQ_CTRL, 4));
	if ((smmuv3_reg_get(s, SMMUV3_R_GBPA, 4) & GBPA_UPDATE) && !sim_pending(&s->upd_gbpa.ev))
		smmuv3_update_gbpa(s);
	smmuv3_evtq_kick(s);
	smmuv3_cmdq_kick(s);
}

void smmuv3_regs_reset(struct smmuv3 *s)
{
	memset(s->reg + SMMUV3_R_CR0, 0, SMMUV3_R_IDR6 - SMMUV3_R_CR0);
	/* SHCFG: incoming. Everything else that IHI 0070 leaves open is 0. */
	smmuv3_reg_put(s, SMMUV3_R_GBPA, 4, (s->cfg->gbpa_abort ? GBPA_ABORT : 0) | 1u << 12);
	smmuv3_update_init(s);
	smmuv3_latch(s);
}

/* Where the four registers of page 1 are kept: page 0 has them there only as aliases. */
static bool page1_place(uint32_t off)
{
	return (off & ~UINT32_C(7)) == 0xa8 || (off & ~UINT32_C(7)) == 0xc8;
}

static bool touches(uint32_t off, unsigned bytes, uint32_t reg)
{
	return off < reg + 4 && reg < off + bytes;
}

bool smmuv3_restore(struct iommu *u, uint32_t off, unsigned bytes, uint64_t v, struct err *e)
{
	struct smmuv3 *s = smmuv3_of(u);

	if (!access_ok(off, bytes) || (off >= SMMUV3_P0_BYTES && (off < PAGE1 || !page1_place(off - PAGE1))))
		return err_set(e, ERR_INPUT, "%s: %u bytes at 0x%x are not a 32- or 64-bit aligned Non-secure register of page 0 or 1", u->name, bytes,
			       off);
	if (page1_place(off) && !s->cfg->page0_alias)
		return true; /* RAZ/WI there */
	smmuv3_reg_put(s, off, bytes, v);
	/* An image without the acknowledgement: nothing was in transition. With it: it lies behind its register and is restored later. */
	if (touches(off, bytes, SMMUV3_R_CR0) && !touches(off, bytes, SMMUV3_R_CR0ACK))
		smmuv3_reg_put(s, SMMUV3_R_CR0ACK, 4, smmuv3_reg_get(s, SMMUV3_R_CR0, 4));
	if (touches(off, bytes, SMMUV3_R_IRQ_CTRL) && !touches(off, bytes, SMMUV3_R_IRQ_CTRLACK))
		smmuv3_reg_put(s, SMMUV3_R_IRQ_CTRLACK, 4, smmuv3_reg_get(s, SMMUV3_R_IRQ_CTRL, 4));
	if (off < SMMUV3_R_CR0 || touches(off, bytes, SMMUV3_R_IDR6))
		smmuv3_caps_decode(s);
	smmuv3_latch(s);
	s->held = true;
	return true;
}
