/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_smmuv3_reset.c - SMMUv3 units: what the unit can do, the reset sequence. Registers are written as in arm_smmu_device_reset(); the
 * acknowledgements Linux polls for are waited for by the replay (a register write ends when the unit has taken it over).
 * Not modelled: queues larger than 256 entries, wired interrupts, a crash kernel's start.
 */
#include <inttypes.h>
#include <stdlib.h>
#include "core/base/bits.h"
#include "smmuv3/smmuv3_fields.h"
#include "software/drv_smmuv3.h"

enum {
	REG_IDR0 = 0x00, REG_IDR1 = 0x04, REG_IDR3 = 0x0c, REG_IDR5 = 0x14, REG_IIDR = 0x18, REG_CR0 = 0x20, REG_CR1 = 0x28, REG_CR2 = 0x2c,
	REG_GBPA = 0x44, REG_IRQ_CTRL = 0x50, REG_GERROR_IRQ = 0x68, REG_STRTAB_BASE = 0x80, REG_STRTAB_BASE_CFG = 0x88, REG_CMDQ_BASE = 0x90,
	REG_CMDQ_PROD = 0x98, REG_CMDQ_CONS = 0x9c, REG_EVENTQ_BASE = 0xa0, REG_EVENTQ_IRQ = 0xb0, REG_PRIQ_BASE = 0xc0, REG_PRIQ_IRQ = 0xd0,
	REG_EVENTQ_PROD = 0x100a8, REG_EVENTQ_CONS = 0x100ac, REG_PRIQ_PROD = 0x100c8, REG_PRIQ_CONS = 0x100cc
};
enum { CR0_SMMUEN = 1, CR0_PRIQEN = 2, CR0_EVENTQEN = 4, CR0_CMDQEN = 8, CR0_ATSCHK = 16 };
enum { IRQ_GERROR = 1, IRQ_PRIQ = 2, IRQ_EVENTQ = 4, CFG0 = 0, CFG1 = 8, CFG2 = 12 /* offsets from *_IRQ */ };
enum { OP_CFGI_ALL = 0x04, OP_EL2_ALL = 0x20, OP_NSNH_ALL = 0x30, MSI_DOORBELL = 0x08090040 /* a GICv3 ITS */ };
static const uint64_t base_ra = BIT64(62), gbpa_update = BIT64(31), gbpa_abort = BIT64(20);

static void wr(struct smmud *v, uint32_t off, unsigned bytes, uint64_t val)
{
	drv_mmio(v->d, v->index, off, bytes, val);
}

static void cr0(struct smmud *v, uint32_t on)
{
	v->cr0 |= on;
	wr(v, REG_CR0, 4, v->cr0);
}

static void command(struct smmud *v, uint64_t w0, uint64_t w1)
{
	smmud_cmd(v, w0, w1);
	smmud_sync(v);
}

/* A queue of 256 entries of @bytes, or as many as the unit has. */
static uint64_t queue(struct smmud *v, uint32_t reg, unsigned max_lg2, unsigned bytes)
{
	unsigned lg2 = max_lg2 < SMMUD_QUEUE_LG2 ? max_lg2 : SMMUD_QUEUE_LG2;
	uint64_t size = bytes * BIT64(lg2) < 4096 ? 4096 : bytes * BIT64(lg2), pa = drv_alloc_aligned(v->d, size >> 12, size);

	wr(v, reg, 8, base_ra | pa | lg2);
	return pa;
}

static void interrupts(struct smmud *v, bool pri)
{
	static const uint32_t reg[] = { REG_EVENTQ_IRQ, REG_GERROR_IRQ, REG_PRIQ_IRQ };

	wr(v, REG_IRQ_CTRL, 4, 0);
	wr(v, REG_GERROR_IRQ + CFG0, 8, 0);
	wr(v, REG_EVENTQ_IRQ + CFG0, 8, 0);
	if (pri)
		wr(v, REG_PRIQ_IRQ + CFG0, 8, 0);
	for (unsigned i = 0; smmuv3_get_idr0_MSI(&v->idr0) && i < 2u + pri; i++) {
		wr(v, reg[i] + CFG0, 8, MSI_DOORBELL);
		wr(v, reg[i] + CFG1, 4, i);
		wr(v, reg[i] + CFG2, 4, 1); /* Device-nGnRE */
	}
	wr(v, REG_IRQ_CTRL, 4, IRQ_EVENTQ | IRQ_GERROR | (pri ? IRQ_PRIQ : 0));
}

static void reset(struct smmud *v)
{
	bool pri = smmuv3_get_idr0_PRI(&v->idr0);
	uint64_t cfg = 0, cr2 = 0;

	if (v->u->ops->mmio_read(v->u, REG_CR0, 4) & CR0_SMMUEN) /* left on by firmware or by the trace */
		wr(v, REG_GBPA, 4, v->u->ops->mmio_read(v->u, REG_GBPA, 4) | gbpa_abort | gbpa_update);
	wr(v, REG_CR0, 4, 0);
	wr(v, REG_CR1, 4, 0xd75); /* inner shareable, write-back */
	smmuv3_put_cr2_PTM(&cr2, 1);
	smmuv3_put_cr2_RECINVSID(&cr2, 1);
	smmuv3_put_cr2_E2H(&cr2, v->e2h);
	wr(v, REG_CR2, 4, cr2);
	v->strtab = smmud_strtab(v);
	smmuv3_put_strtab_base_cfg_LOG2SIZE(&cfg, v->sid_bits);
	smmuv3_put_strtab_base_cfg_SPLIT(&cfg, v->two_level ? SMMUD_SPLIT : 0);
	smmuv3_put_strtab_base_cfg_FMT(&cfg, v->two_level);
	wr(v, REG_STRTAB_BASE, 8, base_ra | v->strtab);
	wr(v, REG_STRTAB_BASE_CFG, 4, cfg);
	v->cmdq = queue(v, REG_CMDQ_BASE, (unsigned)smmuv3_get_idr1_CMDQS(&v->idr1), 16);
	wr(v, REG_CMDQ_PROD, 4, 0);
	wr(v, REG_CMDQ_CONS, 4, 0);
	cr0(v, CR0_CMDQEN);
	command(v, OP_CFGI_ALL, 31);
	if (smmuv3_get_idr0_Hyp(&v->idr0))
		command(v, OP_EL2_ALL, 0);
	command(v, OP_NSNH_ALL, 0);
	queue(v, REG_EVENTQ_BASE, (unsigned)smmuv3_get_idr1_EVENTQS(&v->idr1), 32);
	wr(v, REG_EVENTQ_PROD, 4, 0);
	wr(v, REG_EVENTQ_CONS, 4, 0);
	cr0(v, CR0_EVENTQEN);
	if (pri) {
		queue(v, REG_PRIQ_BASE, (unsigned)smmuv3_get_idr1_PRIQS(&v->idr1), 16);
		wr(v, REG_PRIQ_PROD, 4, 0);
		wr(v, REG_PRIQ_CONS, 4, 0);
		cr0(v, CR0_PRIQEN);
	}
	if (smmuv3_get_idr0_ATS(&v->idr0))
		cr0(v, CR0_ATSCHK);
	interrupts(v, pri);
	cr0(v, CR0_SMMUEN);
}

/* The state of a unit, not yet up; NULL: failed. */
struct smmud *smmud_state(struct drv *d, unsigned unit)
{
	struct smmud *v = smmud_of(d, unit);

	if (v)
		return v;
	v = calloc(1, sizeof(*v));
	if (v)
		v->master = calloc(BIT64(SMMUD_SID_BITS - 8), sizeof(*v->master));
	if (!v || !v->master) {
		free(v);
		drv_fail(d, ERR_MACHINE, "out of memory");
		return NULL;
	}
	v->base.ops = &drv_smmuv3_ops;
	v->d = d;
	v->u = plat_unit(d->p, unit);
	v->index = unit;
	d->unit[unit] = &v->base;
	return v;
}

struct smmud_master *smmud_master(struct smmud *v, uint32_t rid)
{
	struct smmud_master **b;

	if (rid >> SMMUD_SID_BITS) {
		drv_fail(v->d, ERR_INPUT, "requester 0x%" PRIx32 " is wider than %u bits", rid, SMMUD_SID_BITS);
		return NULL;
	}
	b = &v->master[rid >> 8];
	if (!*b && !(*b = calloc(256, sizeof(**b)))) {
		drv_fail(v->d, ERR_MACHINE, "out of memory");
		return NULL;
	}
	(*b)[rid & 255].rid = rid;
	return &(*b)[rid & 255];
}

/* Errata that Linux works around: Arm MMU-600 and MMU-700. */
static void errata(struct smmud *v)
{
	uint64_t iidr = v->u->ops->mmio_read(v->u, REG_IIDR, 4), product = bits_get(iidr, 31, 20), variant = bits_get(iidr, 19, 16);

	if (bits_get(iidr, 11, 0) != 0x43b)
		return;
	if (product == 0x487)
		v->force_sync = true;
	if (product == 0x487 || (product == 0x483 && variant < 2))
		v->nests = false;
}

static bool probe(struct smmud *v)
{
	struct drv *d = v->d;
	const struct drv_cfg *c = d->cfg;
	static const uint8_t oas[] = { 32, 36, 40, 42, 44, 48, 52, 52 };
	uint64_t granules;
	bool msi;

	v->idr0 = v->u->ops->mmio_read(v->u, REG_IDR0, 4);
	v->idr1 = v->u->ops->mmio_read(v->u, REG_IDR1, 4);
	v->idr3 = v->u->ops->mmio_read(v->u, REG_IDR3, 4);
	v->idr5 = v->u->ops->mmio_read(v->u, REG_IDR5, 4);
	msi = smmuv3_get_idr0_MSI(&v->idr0);
	granules = smmuv3_get_idr5_GRAN4K(&v->idr5) << DRV_GRANULE_4K | smmuv3_get_idr5_GRAN16K(&v->idr5) << DRV_GRANULE_16K |
		   smmuv3_get_idr5_GRAN64K(&v->idr5) << DRV_GRANULE_64K;
	v->oas = oas[smmuv3_get_idr5_OAS(&v->idr5)];
	v->sid_bits = (unsigned)smmuv3_get_idr1_SIDSIZE(&v->idr1);
	v->two_level = smmuv3_get_idr0_ST_LEVEL(&v->idr0) == 1 && v->sid_bits > SMMUD_SPLIT;
	v->ssid_bits = (unsigned)smmuv3_get_idr1_SSIDSIZE(&v->idr1);
	v->nests = smmuv3_get_idr0_S1P(&v->idr0) && smmuv3_get_idr0_S2P(&v->idr0);
	errata(v);
	if (v->sid_bits > SMMUD_SID_BITS)
		v->sid_bits = SMMUD_SID_BITS;
	if (v->ssid_bits > c->smmu_ssid_bits)
		v->ssid_bits = c->smmu_ssid_bits;
	if (!smmuv3_get_idr0_CD2L(&v->idr0) && v->ssid_bits > SMMUD_CD_LEAF_LG2)
		v->ssid_bits = SMMUD_CD_LEAF_LG2;
	v->ril = c->smmu_ril != DRV_RIL_OFF && smmuv3_get_idr3_RIL(&v->idr3);
	v->e2h = c->smmu_e2h;
	v->msi_sync = c->smmu_sync == DRV_SYNC_AUTO ? msi && smmuv3_get_idr0_COHACC(&v->idr0) : c->smmu_sync == DRV_SYNC_MSI;
	v->queue_lg2 = (unsigned)smmuv3_get_idr1_CMDQS(&v->idr1) < SMMUD_QUEUE_LG2 ? (unsigned)smmuv3_get_idr1_CMDQS(&v->idr1) : SMMUD_QUEUE_LG2;
	if (v->queue_lg2 < 7)
		return drv_fail(d, ERR_INPUT, "unit %u: the command queue must hold more than 64 commands (IDR1.CMDQS = %u)", v->index, v->queue_lg2);
	if (!(smmuv3_get_idr0_TTF(&v->idr0) & 2) || !(granules >> c->smmu_granule & 1))
		return drv_fail(d, ERR_INPUT, "unit %u has no VMSAv8-64 tables with that granule (IDR0.TTF, IDR5; software.smmu_granule)", v->index);
	if (!v->two_level && v->sid_bits > 16)
		return drv_fail(d, ERR_INPUT, "unit %u: a linear stream table for %u bits is too large", v->index, v->sid_bits);
	if (c->smmu_ril == DRV_RIL_ON && !v->ril)
		return drv_fail(d, ERR_INPUT, "unit %u has no range invalidation (IDR3.RIL = 0; software.smmu_ril)", v->index);
	if (v->msi_sync && !msi)
		return drv_fail(d, ERR_INPUT, "unit %u sends no messages (IDR0.MSI = 0; software.smmu_sync)", v->index);
	if (v->e2h && !smmuv3_get_idr0_Hyp(&v->idr0))
		return drv_fail(d, ERR_INPUT, "unit %u has no EL2 stream worlds (IDR0.Hyp = 0; software.smmu_e2h)", v->index);
	return true;
}

struct smmud *smmud_get(struct drv *d, unsigned unit)
{
	struct smmud *v = smmud_state(d, unit);

	if (!v || v->up || !probe(v))
		return d->failed ? NULL : v;
	v->up = true;
	reset(v);
	return d->failed ? NULL : v;
}
