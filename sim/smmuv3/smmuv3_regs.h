/* SPDX-License-Identifier: Apache-2.0 */
/* smmuv3_regs.h - offsets from smmuv3_regs.def and the bits of registers that hardware acts on; private to sim/smmuv3 and its tests. */
#ifndef IOMMUSIM_SMMUV3_REGS_H
#define IOMMUSIM_SMMUV3_REGS_H
#include "smmuv3/smmuv3_int.h"

enum {
#define R(name, off, bytes, wr, when, guard, hook) SMMUV3_R_##name = off,
#include "smmuv3/smmuv3_regs.def"
#undef R
	SMMUV3_R_CONTROL_PAGE = 0x4000 /* CMDQ_CONTROL_PAGE_BASEn, CFGn, STATUSn: 32 bytes each n */
};
/* CR0 and CR0ACK: the same places */
#define CR0_SMMUEN BIT64(0)
#define CR0_PRIQEN BIT64(1)
#define CR0_EVENTQEN BIT64(2)
#define CR0_CMDQEN BIT64(3)
#define CR0_ATSCHK BIT64(4)
#define CR0_VMW (UINT64_C(7) << 6)
#define CR1_TABLE UINT64_C(0xfc0)
#define CR1_QUEUE UINT64_C(0x3f)
#define CR2_E2H BIT64(0)
#define CR2_RECINVSID BIT64(1)
#define CR2_PTM BIT64(2)
#define CR2_REC_CFG_ATS BIT64(3)
#define GBPA_UPDATE BIT64(31)
#define GBPA_ABORT BIT64(20)
#define IRQ_GERROR BIT64(0)
#define IRQ_PRIQ BIT64(1)
#define IRQ_EVENTQ BIT64(2)
#define QUEUE_OVFLG BIT64(31) /* PROD, and OVACKFLG in CONS, of event and PRI queue */
#define PRIQ_CFG2_LO BIT64(31)

/* smmuv3_update.c */
void smmuv3_update_begin(struct smmuv3 *s, uint64_t cr0, uint64_t irq); /* bits of CR0 and IRQ_CTRL that changed */
void smmuv3_update_gbpa(struct smmuv3 *s);
void smmuv3_update_init(struct smmuv3 *s);
uint64_t smmuv3_update_pending(uint64_t cr0, uint64_t ack); /* fields of CR0 in transition */
/** smmuv3_wake() - after a restore, at the first access or timed request: queues and updates in progress go on; clears s->held. */
void smmuv3_wake(struct smmuv3 *s);
#endif
