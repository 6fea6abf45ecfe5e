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

enum { SMMUV3_CR0_FIELDS = 6, SMMUV3_IRQ_FIELDS = 3 };
/* What smmuv3_create() allocates: the unit, and when each field of CR0 and IRQ_CTRL that is in transition may be acknowledged. */
struct smmuv3_unit {
	struct smmuv3 s; /* first */
	/* SIM_NEVER_PS: not in transition, or waiting for requests in flight */
	sim_time cr0_due[SMMUV3_CR0_FIELDS], irq_due[SMMUV3_IRQ_FIELDS];
	sim_time recheck; /* until CMDQEN 1 -> 0 is looked at again */
	bool smmu_ends, cmdq_ends; /* 1 -> 0 has taken effect, the acknowledgement waits for what is in progress */
};
/** smmuv3_wake() - after a restore, at the first access or timed request: queues and updates in progress go on; clears s->held. */
void smmuv3_wake(struct smmuv3 *s);
#endif
