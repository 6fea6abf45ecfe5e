/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_irq.c - interrupts as messages, and global errors.
 * Models: a message is a 32-bit write to memory, made before the environment is told (software that polls the word sees it); an address
 * at which memory does not answer (past its end, or made to fail) aborts, and the environment is not told. So a doorbell
 * must lie below the end of memory, where its word is an ordinary one. Address bits above the output size are dropped. Messages
 * leave at once and take no time at the memory port.
 * Does not model: wired outputs (with ADDR = 0 a pulse is counted, nobody is told), SH and MemAttr of messages.
 * Spec: Arm IHI 0070, "Interrupts and notifications", "SMMU_GERROR".
 */
#include "smmuv3/smmuv3_regs.h"

static const struct {
	uint16_t cfg0; /* CFG1 follows at + 8, CFG2 at + 12 */
	uint8_t en, abt;
} src[] = {
	[SMMUV3_IRQ_EVENTQ] = { SMMUV3_R_EVENTQ_IRQ_CFG0, IRQ_EVENTQ, GERR_MSI_EVENTQ_ABT },
	[SMMUV3_IRQ_PRIQ] = { SMMUV3_R_PRIQ_IRQ_CFG0, IRQ_PRIQ, GERR_MSI_PRIQ_ABT },
	[SMMUV3_IRQ_GERROR] = { SMMUV3_R_GERROR_IRQ_CFG0, IRQ_GERROR, GERR_MSI_GERROR_ABT },
};

void smmuv3_msi(struct smmuv3 *s, uint64_t addr, uint32_t data, unsigned abt)
{
	addr &= low_mask(s->cap.oas) & ~UINT64_C(3);
	if (mem_write_part(s->u.mem, addr, 4, data) != MEM_OK) {
		s->st.msi_aborts++;
		smmuv3_gerror(s, abt);
		return;
	}
	s->st.msis++;
	if (s->u.env.msi)
		s->u.env.msi(s->u.env.arg, addr, data);
}

void smmuv3_irq(struct smmuv3 *s, enum smmuv3_irq which)
{
	uint64_t addr = smmuv3_reg_get(s, src[which].cfg0, 8);

	if (!(smmuv3_reg_get(s, SMMUV3_R_IRQ_CTRLACK, 4) & src[which].en))
		return;
	if (!s->cap.msi || !addr)
		s->st.wired++;
	else
		smmuv3_msi(s, addr, (uint32_t)smmuv3_reg_get(s, src[which].cfg0 + 8u, 4), src[which].abt);
}

bool smmuv3_gerror_active(const struct smmuv3 *s, unsigned bit)
{
	return (smmuv3_reg_get(s, SMMUV3_R_GERROR, 4) ^ smmuv3_reg_get(s, SMMUV3_R_GERRORN, 4)) >> bit & 1;
}

void smmuv3_gerror(struct smmuv3 *s, unsigned bit)
{
	if (smmuv3_gerror_active(s, bit))
		return;
	smmuv3_reg_put(s, SMMUV3_R_GERROR, 4, smmuv3_reg_get(s, SMMUV3_R_GERROR, 4) ^ BIT64(bit));
	s->st.gerrors++;
	if (bit != GERR_MSI_GERROR_ABT)
		smmuv3_irq(s, SMMUV3_IRQ_GERROR);
}
