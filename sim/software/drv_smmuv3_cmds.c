/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_smmuv3_cmds.c - commands of the SMMUv3 driver: batches, CMD_SYNC, invalidation of a domain.
 * A batch holds 64 commands; a full one is issued without CMD_SYNC before the next command is added (with one where the erratum of the
 * MMU-700 asks for it), the last one with it. A batch is one write of CMDQ_PROD. Not modelled: retries after an error.
 */
#include <string.h>
#include "software/drv_smmuv3.h"
#include "smmuv3/smmuv3_fields.h"

enum { REG_CMDQ_PROD = 0x98 };
enum {
	OP_PREFETCH_CONFIG = 0x01, OP_CFGI_STE = 0x03, OP_CFGI_CD = 0x05, OP_NH_ALL = 0x10, OP_NH_ASID = 0x11, OP_NH_VA = 0x12, OP_EL2_ASID = 0x21, OP_EL2_VA = 0x22,
	OP_S12_VMALL = 0x28, OP_S2_IPA = 0x2a, OP_ATC_INV = 0x40, OP_SYNC = 0x46
};
enum { CS_IRQ = 1, CS_SEV = 2, RANGE_NUM_MAX = 31, ATC_ALL = 52 };

static uint64_t slot(const struct smmud *v)
{
	return v->cur_vq ? v->cur_vq->ring + 16 * (v->cur_vq->prod & low_mask(SMMUD_QUEUE_LG2)) : v->cmdq + 16 * (v->prod & low_mask(v->queue_lg2));
}

static void put(struct smmud *v, const uint64_t w[2])
{
	uint64_t pa = slot(v);

	drv_store(v->d, pa, w[0]);
	drv_store(v->d, pa + 8, w[1]);
	if (v->cur_vq)
		v->cur_vq->prod = (v->cur_vq->prod + 1) & (uint32_t)low_mask(SMMUD_QUEUE_LG2 + 1);
	else
		v->prod = (v->prod + 1) & (uint32_t)low_mask(v->queue_lg2 + 1);
}

static void put_sync(struct smmud *v)
{
	uint64_t w[2] = { OP_SYNC };

	const bool msi = v->msi_sync && !v->cur_vq;

	smmuv3_put_cmd_sync_CS(w, msi ? CS_IRQ : CS_SEV);
	smmuv3_put_cmd_sync_MSH(w, 3);
	smmuv3_put_cmd_sync_MSIAttr(w, 15);
	if (msi) /* the answer is a zero over the command itself */
		w[1] = slot(v);
	put(v, w);
}

static void issue(struct smmud *v, bool sync)
{
	if (!v->n_cmd)
		return;
	for (unsigned i = 0; i < v->n_cmd; i++)
		put(v, v->cmd[i]);
	v->n_cmd = 0;
	if (sync && !v->d->brk.no_wait)
		put_sync(v);
	drv_mmio(v->d, v->index, v->cur_vq ? v->cur_vq->tail_reg : REG_CMDQ_PROD, 4, v->cur_vq ? v->cur_vq->prod : v->prod);
}

void smmud_issue(struct smmud *v)
{
	issue(v, false);
}

void smmud_sync(struct smmud *v)
{
	issue(v, true);
}

void smmud_cmd(struct smmud *v, uint64_t w0, uint64_t w1)
{
	uint64_t w[2] = { w0, w1 };

	if (!drv_step(v->d, v->index, w))
		return;
	if (v->n_cmd == SMMUD_BATCH || (v->force_sync && v->n_cmd == SMMUD_BATCH - 1))
		issue(v, v->force_sync);
	memcpy(v->cmd[v->n_cmd++], w, sizeof(w));
	if (v->d->cfg->wait == DRV_WAIT_EACH)
		issue(v, true);
}

void smmud_cfgi_ste(struct smmud *v, uint32_t sid)
{
	uint64_t w[2] = { OP_CFGI_STE };

	smmuv3_put_cmd_cfgi_ste_StreamID(w, sid);
	smmuv3_put_cmd_cfgi_ste_Leaf(w, !v->l1_new);
	v->l1_new = false;
	smmud_cmd(v, w[0], w[1]);
	smmud_sync(v);
}

void smmud_cfgi_cd(struct smmud *v, uint32_t sid, uint32_t ssid, bool leaf)
{
	uint64_t w[2] = { OP_CFGI_CD };

	smmuv3_put_cmd_cfgi_cd_StreamID(w, sid);
	smmuv3_put_cmd_cfgi_cd_SubstreamID(w, ssid);
	smmuv3_put_cmd_cfgi_cd_Leaf(w, leaf);
	smmud_cmd(v, w[0], w[1]);
	smmud_sync(v);
}

void smmud_prefetch(struct smmud *v, uint32_t sid)
{
	uint64_t w[2] = { OP_PREFETCH_CONFIG };

	smmuv3_put_cmd_prefetch_config_StreamID(w, sid);
	smmud_cmd(v, w[0], w[1]);
	smmud_issue(v);
}

void smmud_atc(struct smmud *v, uint32_t sid, uint32_t pasid, uint64_t addr, uint64_t size)
{
	uint64_t w[2] = { OP_ATC_INV }, first = addr >> 12, diff = size ? first ^ (addr + (size - 1)) >> 12 : 0;
	unsigned lg2 = diff ? 64 - (unsigned)__builtin_clzll(diff) : 0;

	if (v->d->no_devtlb)
		return;
	smmuv3_put_cmd_atc_inv_SSV(w, pasid != TRC_NO_PASID);
	smmuv3_put_cmd_atc_inv_SubstreamID(w, pasid != TRC_NO_PASID ? pasid : 0);
	smmuv3_put_cmd_atc_inv_StreamID(w, smmud_vq_sid(v, sid));
	smmuv3_put_cmd_atc_inv_Size(w, size ? lg2 : ATC_ALL);
	smmuv3_put_cmd_atc_inv_Address(w, size ? first & ~low_mask(lg2) : 0);
	smmud_cmd(v, w[0], w[1]);
}

/* The opcode by address or (@all) by tag, with the tags of @m; NUM, SCALE, Leaf, TTL, TG and the address have one place in all of them. */
static void tlbi(const struct smmud *v, const struct drv_dom *m, const struct drv_did *i, bool all, uint64_t w[2])
{
	w[0] = m->mode == DRV_MODE_SS ? (all ? OP_S12_VMALL : OP_S2_IPA) : v->e2h && m->mode == DRV_MODE_FS ? (all ? OP_EL2_ASID : OP_EL2_VA) :
	       (all ? OP_NH_ASID : OP_NH_VA);
	w[1] = 0;
	smmuv3_put_cmd_tlbi_nh_va_VMID(w, v->cur_vq ? 0 : i->did);
	smmuv3_put_cmd_tlbi_nh_va_ASID(w, i->asid);
}

static void by_page(struct smmud *v, const uint64_t cmd[2], uint64_t first, uint64_t last, unsigned lg2)
{
	for (uint64_t a = first & ~low_mask(lg2);; a += BIT64(lg2)) {
		smmud_cmd(v, cmd[0], cmd[1] | a);
		if (a + low_mask(lg2) >= last)
			return;
	}
}

/* Five bits of the number of pages at a time, from the bottom. A table's level is not known: no TTL, and never a range of one page. */
static void by_range(struct smmud *v, unsigned g, uint64_t cmd[2], uint64_t first, uint64_t last, unsigned lg2, bool leaf)
{
	uint64_t pages = ((last - first) >> g) + 1;

	smmuv3_put_cmd_tlbi_nh_va_TG(cmd, (g - 10) / 2);
	if (leaf)
		smmuv3_put_cmd_tlbi_nh_va_TTL(cmd, 4 - (lg2 - 3) / (g - 3));
	else if ((pages & RANGE_NUM_MAX) == 1)
		pages++;
	while (pages) {
		unsigned scale = (unsigned)__builtin_ctzll(pages);
		uint64_t num = pages >> scale & RANGE_NUM_MAX;

		smmuv3_put_cmd_tlbi_nh_va_SCALE(cmd, scale);
		smmuv3_put_cmd_tlbi_nh_va_NUM(cmd, num - 1);
		smmuv3_put_cmd_tlbi_nh_va_Address(cmd, first >> 12);
		smmud_cmd(v, cmd[0], cmd[1]);
		first += num << (scale + g);
		pages -= num << scale;
	}
}

/* ATC_INV for every device of @m behind @i that may use ATS. */
static void flush_atcs(struct smmud *v, const struct drv_dom *m, const struct drv_did *i, uint64_t addr, uint64_t size)
{
	for (const struct drv_att *a = m->att; a; a = a->next) {
		struct smmud_master *s = a->unit == v->index && smmud_tags(m, a->unit, a->viommu) == i ? smmud_master(v, a->rid) : NULL;

		if (s && s->eats)
			smmud_atc(v, a->rid, a->pasid, addr, size);
	}
	smmud_sync(v);
}

static void flush_tags(struct smmud *v, const struct drv_dom *m, const struct drv_did *i)
{
	uint64_t w[2];

	smmud_vq_use(v, m, i);
	tlbi(v, m, i, true, w);
	smmud_cmd(v, w[0], w[1]);
	smmud_sync(v);
	flush_atcs(v, m, i, 0, 0);
	smmud_vq_use(v, NULL, NULL);
}

void smmud_flush(struct drv *d, const struct drv_dom *m, uint64_t first, uint64_t last, unsigned lg2, bool leaf)
{
	first &= ~low_mask(m->page_lg2);
	last |= low_mask(m->page_lg2);
	for (const struct drv_did *i = m->did; i; i = i->next) {
		struct smmud *v = smmud_of(d, i->unit);
		uint64_t w[2];

		if ((last - first) >> 40) { /* SCALE may not hold it */
			flush_tags(v, m, i);
			continue;
		}
		smmud_vq_use(v, m, i);
		tlbi(v, m, i, false, w);
		smmuv3_put_cmd_tlbi_nh_va_Leaf(w, leaf && d->cfg->ih);
		if (v->ril)
			by_range(v, m->page_lg2, w, first, last, lg2, leaf && d->cfg->ih);
		else
			by_page(v, w, first, last, lg2);
		smmud_sync(v);
		flush_atcs(v, m, i, first, last - first + 1);
		smmud_vq_use(v, NULL, NULL);
	}
}

void smmud_flush_all(struct drv *d, struct drv_dom *m)
{
	for (const struct drv_did *i = m->did; i; i = i->next)
		flush_tags(smmud_of(d, i->unit), m, i);
}

/* Each VMID once, whatever number of domains has it. */
static void s2_flush_vmid(struct smmud *v, unsigned vmid, uint64_t first, uint64_t last)
{
	const unsigned g = 12 + 2 * v->d->cfg->smmu_granule;
	uint64_t w[2] = { OP_S2_IPA, 0 };

	smmuv3_put_cmd_tlbi_nh_va_VMID(w, vmid);
	if (v->ril && (last - first) >> 40 == 0)
		by_range(v, g, w, first, last, g, false);
	else
		by_page(v, w, first, last, g);
	w[0] = OP_NH_ALL;
	w[1] = 0;
	smmuv3_put_cmd_tlbi_nh_va_VMID(w, vmid);
	smmud_cmd(v, w[0], w[1]);
	smmud_sync(v);
}

void smmud_s2_flush(struct drv *d, unsigned vm, uint64_t first, uint64_t last)
{
	for (unsigned u = 0; u < DRV_UNITS; u++) {
		struct smmud *v = d->unit[u] && d->unit[u]->ops == &drv_smmuv3_ops ? smmud_of(d, u) : NULL;

		for (unsigned i = 0; v && i < DRV_VIOMMUS; i++)
			if (v->vm_vmid[vm][i])
				s2_flush_vmid(v, v->vm_vmid[vm][i], first, last);
	}
	for (size_t k = 0; k < d->cap_dom; k++) {
		const struct drv_dom *m = d->dom[k];

		for (const struct drv_did *i = m && m->mode == DRV_MODE_NESTED && m->vm == vm && m->ops == &drv_smmuv3_ops ? m->did : NULL; i; i = i->next)
			flush_atcs(smmud_of(d, i->unit), m, i, 0, 0);
	}
}
