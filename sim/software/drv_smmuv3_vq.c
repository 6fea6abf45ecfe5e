/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_smmuv3_vq.c - virtual command queues (CMDQV) of guests: one virtual interface with one queue for each virtual SMMU, given to it by the host with
 * its VMID and its StreamIDs; the guest's invalidations of its stage 1 then go there and not to the main queue.
 * The guest does not know its VMID: its commands carry 0, and the StreamIDs in them are its own (0, 1, ... in the order of attaching).
 * Does not model: a guest with more than one queue, queues in guest-physical memory (the host sets BASE to the machine address), errors,
 * interfaces given back. A virtual SMMU has at most 16 StreamIDs, as many as the block translates.
 * Registers and their unconfirmed parts: sim/smmuv3/smmuv3_vcmdq.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include "smmuv3/smmuv3.h"
#include "software/drv_smmuv3.h"

enum { CONFIG = SMMUV3_CMDQV_OFF, PARAM = CONFIG + 4, RING_LG2 = SMMUD_QUEUE_LG2 };
#define ALLOC(q) (CONFIG + 0x200u + 4 * (q))
#define VINTF(i, reg) (CONFIG + 0x1000u + 0x100 * (i) + (reg))
#define PAGE0(i, reg) (CONFIG + 0x30000u + 0x20000 * (i) + (reg)) /* of the interface's logical queue 0 */
#define PAGE1(i, reg) (CONFIG + 0x40000u + 0x20000 * (i) + (reg))
enum { EN = 1, SID_MATCH = 0x40, SID_REPLACE = 0x80, PROD = 4, QCONFIG = 8 };

static struct smmud_vq *find(const struct smmud *v, unsigned vm, unsigned viommu)
{
	for (unsigned i = 0; i < v->n_vq; i++)
		if (v->vq[i].vm == vm && v->vq[i].viommu == viommu)
			return &v->vq[i];
	return NULL;
}

static void wr(struct smmud *v, uint32_t off, uint64_t val)
{
	drv_mmio(v->d, v->index, off, 4, val);
}

/* The host makes an interface: VMID, one queue, on. */
static struct smmud_vq *make(struct smmud *v, unsigned vm, unsigned viommu, unsigned vmid)
{
	uint32_t param = (uint32_t)v->u->ops->mmio_read(v->u, PARAM, 4);
	unsigned most = 1u << (param >> 8 & 15), queues = 1u << (param >> 4 & 15), i = v->n_vq;
	struct smmud_vq *q;

	if (!v->vq)
		v->vq = calloc(64, sizeof(*v->vq));
	if (!v->vq) {
		drv_fail(v->d, ERR_MACHINE, "out of memory");
		return NULL;
	}
	if (i >= most || i >= queues || i >= 64) {
		drv_fail(v->d, ERR_INPUT, "unit %u has %u virtual interfaces and %u virtual command queues, all in use (smmuv3.cmdqv.vintf_lg2, vcmdq_lg2)",
			 v->index, most, queues);
		return NULL;
	}
	q = &v->vq[v->n_vq++];
	*q = (struct smmud_vq){ .vm = (uint8_t)vm, .viommu = (uint8_t)viommu };
	q->ring = drv_alloc(v->d, (16 << RING_LG2) / 4096);
	q->tail_reg = PAGE0(i, PROD);
	if (!i)
		wr(v, CONFIG, EN);
	wr(v, VINTF(i, 0), vmid << 1 | EN);
	wr(v, ALLOC(i), i << 15 | EN);
	drv_mmio(v->d, v->index, PAGE1(i, 0), 8, q->ring | RING_LG2);
	wr(v, PAGE0(i, QCONFIG), EN);
	return v->d->failed ? NULL : q;
}

void smmud_vq_attach(struct smmud *v, const struct smmud_master *a, unsigned vmid)
{
	struct smmud_vq *q;
	unsigned i;

	if (!v->d->hw_queues || v->d->failed || !v->u->ops->mmio_read(v->u, PARAM, 4))
		return;
	q = find(v, a->vm, a->viommu);
	if (!q)
		q = make(v, a->vm, a->viommu, vmid);
	if (!q)
		return;
	for (unsigned n = 0; n < q->n_sid; n++)
		if (q->sid[n] == a->rid)
			return;
	if (q->n_sid == SMMUD_VQ_SIDS) {
		drv_fail(v->d, ERR_INPUT, "a virtual SMMU with its own command queue has at most %d requesters", SMMUD_VQ_SIDS);
		return;
	}
	i = (unsigned)(q - v->vq);
	wr(v, VINTF(i, SID_REPLACE) + 4 * q->n_sid, a->rid);
	wr(v, VINTF(i, SID_MATCH) + 4 * q->n_sid, q->n_sid << 1 | EN);
	q->sid[q->n_sid++] = a->rid;
}

void smmud_vq_use(struct smmud *v, const struct drv_dom *m, const struct drv_did *i)
{
	v->cur_vq = m && m->mode == DRV_MODE_NESTED && v->d->hw_queues ? find(v, m->vm, i->viommu) : NULL;
}

uint32_t smmud_vq_sid(const struct smmud *v, uint32_t rid)
{
	for (unsigned n = 0; v->cur_vq && n < v->cur_vq->n_sid; n++)
		if (v->cur_vq->sid[n] == rid)
			return n;
	return rid;
}
