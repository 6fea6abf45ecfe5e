/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_amdvi_vq.c - the hardware vIOMMU for guests: the private address space of a unit, and a GuestID with command buffer, event log, PPR
 * log and id maps for each virtual IOMMU; the guest's invalidations of its stage 1 then go to its own buffer and not to the host's.
 * The guest knows neither host DomainIDs nor requesters: its devices are 0008h, 0010h, ... and its domains 1, 2, ..., in the order of
 * attaching. Its DomainID belongs to a GCR3 table and so to a device, as on the host. Buffers are in its memory: pinned into the private address
 * space, or (software.amd_gst_trp) left at guest-physical addresses; the semaphore is always at one. A tail write leaves to nobody.
 * Order as Linux has it: private table and own entry, Control, then for each guest RESET_VMMIO, the entry of its TransDevID, maps, buffers.
 * Does not model: filling both maps with all 65536 ids at creation (amd_host.h does; an id is written when a device is attached), teardown,
 * logs B, the guest's own boot: its buffers are programmed by the host when its first device is attached. TransDevIDs are taken from the end
 * of the device table.
 * Spec: 48882, "vIOMMU"; order and private address map as driver trees have them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi.h"
#include "amdvi/amdvi_fields.h"
#include "software/amd_private.h"
#include "software/drv_amdvi.h"

enum { RING_BYTES = 16 << AMDD_RING_LG2, GDEV_SHIFT = 3, INSERT_SLOTS = 4096 / 16 };
#define RESET_VMMIO (UINT64_C(10) << 60)
#define INSERT_GUEST_EVENT (UINT64_C(9) << 60)

static void wr(struct amdd *v, const struct amdd_vq *q, uint32_t reg, uint64_t val)
{
	drv_mmio(v->d, v->index, AMDVI_VFCNTL_OFF + AMDP_C_BYTES * q->gid + reg, 8, val);
}

/* ---- the unit ---- */

/* Once: state of guests, and the entry of the unit itself. */
static void private_space(struct amdd *v)
{
	struct drv *d = v->d;
	const uint32_t rid = amdvi_config(v->u)->devid;
	struct amdd_dev *self;
	uint64_t state;

	if (v->private_root)
		return;
	self = amdd_dev(v, rid);
	if (!self)
		return;
	if (self->dom || self->n_pasid) {
		drv_fail(d, ERR_INPUT, "requester 0x%" PRIx32 " is attached, and is unit %u itself (amdvi.devid)", rid, v->index);
		return;
	}
	self->reserved = true;
	v->trans = d->cfg->amd_last_rid;
	v->private_root = drv_alloc(d, 1);
	v->private_id = amdd_new_id(d);
	v->insert = drv_alloc(d, 1);
	state = drv_alloc_aligned(d, AMDP_STATE_BYTES / 4096, 1 << 21);
	amdd_v1_map(d, v->private_root, AMDP_LEVELS, 0, state, AMDP_STATE_BYTES, 21);
	if (d->failed)
		return;
	amdd_write_v1_dte(v, rid, v->private_root, AMDP_LEVELS, v->private_id);
	amdvi_put_control_GAEn(&v->control, 1);
	amdvi_put_control_GstBufferTRPMode(&v->control, d->cfg->amd_gst_trp);
	amdvi_put_control_vCmdEn(&v->control, 1);
	amdvi_put_control_vIommuEn(&v->control, 1);
	amdd_control(v);
}

/* ---- a guest ---- */

/* A requester that no device has: its entry leads to guest-physical memory. */
static void translate_device(struct amdd *v, const struct amdd_vq *q)
{
	struct drv *d = v->d;
	const struct drv_vm *vm = &d->vm[q->vm];
	uint64_t misc = 0;

	for (; v->trans; v->trans--) {
		struct amdd_dev *a = amdd_dev(v, v->trans);

		if (!a)
			return;
		if (a->dom || a->n_pasid || a->ats || a->reserved)
			continue;
		a->reserved = true;
		amdd_write_v1_dte(v, a->rid, vm->root, vm->levels, amdd_new_id(d));
		amdvi_put_vfcntl_misc_TransDevID(&misc, a->rid);
		wr(v, q, AMDP_C_MISC, misc);
		return;
	}
	drv_fail(d, ERR_INPUT, "unit %u has no requester left for a TransDevID (software.amd_last_rid)", v->index);
}

static void map_private(struct amdd *v, uint64_t ia, uint64_t spa, unsigned bytes_lg2, unsigned page_lg2)
{
	amdd_v1_map(v->d, v->private_root, AMDP_LEVELS, ia, spa, BIT64(bytes_lg2), page_lg2);
}

/* Memory of the guest, where the unit looks for it. Returns: its system-physical address. */
static uint64_t buffer(struct amdd *v, const struct amdd_vq *q, uint64_t region)
{
	uint64_t pa = drv_alloc(v->d, RING_BYTES / 4096);

	if (!v->d->failed)
		amdd_s2_map(v->d, q->vm, pa, RING_BYTES);
	if (!v->d->cfg->amd_gst_trp)
		map_private(v, region + ((uint64_t)q->gid << AMDP_BUF_LG2), pa, AMDD_RING_LG2 + 4, 12);
	return pa;
}

/* What the host does when the guest programs its bases and Control. The bases are guest-physical in both modes. */
static void enable(struct amdd *v, const struct amdd_vq *q)
{
	const uint64_t off = v->d->cfg->s2_offset;
	uint64_t cmd = 0, evt = 0, ppr = 0;

	amdvi_put_vfcntl_evt_Base(&evt, (q->evt + off) >> 12);
	amdvi_put_vfcntl_evt_LenA(&evt, AMDD_RING_LG2);
	amdvi_put_vfcntl_evt_EventIntEn(&evt, 1);
	amdvi_put_vfcntl_evt_EventLogEn(&evt, 1);
	wr(v, q, AMDP_C_EVT, evt);
	if (q->ppr) {
		amdvi_put_vfcntl_ppr_Base(&ppr, (q->ppr + off) >> 12);
		amdvi_put_vfcntl_ppr_LenA(&ppr, AMDD_RING_LG2);
		amdvi_put_vfcntl_ppr_PPRIntEn(&ppr, 1);
		amdvi_put_vfcntl_ppr_PPRLogEn(&ppr, 1);
		amdvi_put_vfcntl_ppr_PPREn(&ppr, 1);
		wr(v, q, AMDP_C_PPR, ppr);
	}
	amdvi_put_vfcntl_cmd_Base(&cmd, (q->q.ring + off) >> 12);
	amdvi_put_vfcntl_cmd_ComLen(&cmd, AMDD_RING_LG2);
	amdvi_put_vfcntl_cmd_CmdBufEn(&cmd, 1);
	wr(v, q, AMDP_C_CMD, cmd);
}

static void set_up(struct amdd *v, struct amdd_vq *q)
{
	struct drv *d = v->d;
	uint64_t reset = RESET_VMMIO, maps;

	amdvi_put_cmd_reset_vmmio_GuestID(&reset, q->gid);
	amdvi_put_cmd_reset_vmmio_All(&reset, 1);
	amdvi_put_cmd_reset_vmmio_vCmd(&reset, 1);
	amdd_cmd(v, reset, 0);
	amdd_wait(v);
	translate_device(v, q);
	maps = drv_alloc_aligned(d, BIT64(AMDP_DEVMAP_LG2) / 4096, BIT64(AMDP_DEVMAP_LG2));
	map_private(v, AMDP_DEVMAP + ((uint64_t)q->gid << AMDP_DEVMAP_LG2), maps, AMDP_DEVMAP_LG2, AMDP_DEVMAP_LG2);
	maps = drv_alloc_aligned(d, BIT64(AMDP_DOMMAP_LG2) / 4096, BIT64(AMDP_DOMMAP_LG2));
	map_private(v, AMDP_DOMMAP + ((uint64_t)q->gid << AMDP_DOMMAP_LG2), maps, AMDP_DOMMAP_LG2, AMDP_DOMMAP_LG2);
	q->q = (struct amdd_queue){ .ring = buffer(v, q, AMDP_CMD), .tail_reg = AMDVI_VF_OFF + AMDP_VF_BYTES * q->gid + AMDP_VF_CMD_TAIL };
	q->q.sem = drv_alloc(d, 1);
	q->q.sem_at = q->q.sem + d->cfg->s2_offset;
	if (!d->failed)
		amdd_s2_map(d, q->vm, q->q.sem, 4096);
	q->evt = buffer(v, q, AMDP_EVT);
	q->ppr = amdvi_get_efr_PPRSup(&v->efr) ? buffer(v, q, AMDP_PPR) : 0;
	if (d->failed)
		return;
	amdd_flush_domain(v, v->private_id);
	amdd_wait(v);
	enable(v, q);
}

static struct amdd_vq *make(struct amdd *v, unsigned viommu, unsigned vm)
{
	struct drv *d = v->d;
	const uint32_t most = amdvi_config(v->u)->viommu_guests;
	struct amdd_vq *q;

	if (v->n_vq >= most) {
		drv_fail(d, ERR_INPUT, "unit %u has %" PRIu32 " GuestIDs, all in use (amdvi.viommu.guests)", v->index, most);
		return NULL;
	}
	private_space(v);
	if (d->failed || !drv_grow(d, &v->vq, v->n_vq, &v->cap_vq, sizeof(struct amdd_vq *)))
		return NULL;
	q = calloc(1, sizeof(*q));
	if (!q) {
		drv_fail(d, ERR_MACHINE, "out of memory");
		return NULL;
	}
	q->vm = (uint8_t)vm;
	q->viommu = (uint8_t)viommu;
	q->gid = (unsigned)v->n_vq;
	v->vq[v->n_vq++] = q;
	set_up(v, q);
	return d->failed ? NULL : q;
}

/* ---- devices and domains ---- */

static void map_ids(struct amdd *v, const struct amdd_vq *q, const struct amdd_dev *a)
{
	uint64_t dev = 0, dom = 0;

	amdvi_put_vfcntl_devid_map_Valid(&dev, 1);
	amdvi_put_vfcntl_devid_map_hDevID(&dev, a->rid);
	amdvi_put_vfcntl_devid_map_gDevID(&dev, a->gdev);
	amdvi_put_vfcntl_devid_map_Go(&dev, 1);
	wr(v, q, AMDP_C_DEVMAP, dev);
	amdvi_put_vfcntl_domid_map_Valid(&dom, 1);
	amdvi_put_vfcntl_domid_map_hDomID(&dom, a->domid);
	amdvi_put_vfcntl_domid_map_gDomID(&dom, a->gdom);
	amdvi_put_vfcntl_domid_map_Go(&dom, 1);
	wr(v, q, AMDP_C_DOMMAP, dom);
}

/* What it is called in @q; new there: the maps are written. */
static void name(struct amdd *v, struct amdd_vq *q, struct amdd_dev *a)
{
	size_t i = 0;

	while (i < q->n_dev && q->dev[i] != a)
		i++;
	if (i == q->n_dev && !drv_grow(v->d, &q->dev, i, &q->cap_dev, sizeof(struct amdd_dev *)))
		return;
	if ((i + 1) >> (16 - GDEV_SHIFT)) {
		drv_fail(v->d, ERR_INPUT, "a virtual IOMMU of AMD-Vi has at most %u requesters here", (1u << (16 - GDEV_SHIFT)) - 1);
		return;
	}
	a->gdev = (uint16_t)((i + 1) << GDEV_SHIFT);
	a->gdom = (uint16_t)(i + 1);
	if (i < q->n_dev)
		return;
	q->dev[q->n_dev++] = a;
	map_ids(v, q, a);
}

void amdd_vq_attach(struct amdd *v, struct amdd_dev *a, unsigned viommu)
{
	struct amdd_vq *q = NULL;

	if (!v->d->hw_queues || !a->nested || v->d->failed || !(v->efr >> 55 & 1) || !amdvi_config(v->u)->viommu_guests) {
		a->vq = NULL;
		return;
	}
	for (size_t i = 0; i < v->n_vq && !q; i++)
		if (v->vq[i]->vm == a->vm && v->vq[i]->viommu == viommu)
			q = v->vq[i];
	if (!q)
		q = make(v, viommu, a->vm);
	if (!q || a->vq == q)
		return;
	if (!a->domid)
		a->domid = amdd_new_id(v->d);
	name(v, q, a);
	a->vq = q;
}

void amdd_vq_ids(const struct amdd_dev *a, uint64_t w[2])
{
	switch (w[0] >> 60) {
	case 3: /* INVALIDATE_IOMMU_PAGES */
		if (amdvi_get_cmd_invalidate_iommu_pages_DomainID(w) == a->domid)
			amdvi_put_cmd_invalidate_iommu_pages_DomainID(w, a->gdom);
		break;
	case 4: /* INVALIDATE_IOTLB_PAGES */
		amdvi_put_cmd_invalidate_iotlb_pages_DevID(w, a->gdev);
		amdvi_put_cmd_invalidate_iotlb_pages_QueueID(w, a->gdev);
		break;
	}
}

void amdd_vq_free(struct amdd *v)
{
	for (size_t i = 0; i < v->n_vq; i++) {
		free(v->vq[i]->dev);
		free(v->vq[i]);
	}
	free(v->vq);
}

/* ---- for the way back ---- */

static struct amdd *unit_of(const struct drv *d, unsigned unit)
{
	return d->unit[unit] && d->unit[unit]->ops == &drv_amdvi_ops ? amdd_of(d, unit) : NULL;
}

uint32_t drv_guest_rid(const struct drv *d, unsigned unit, unsigned gid, uint32_t gdev)
{
	const struct amdd *v = unit_of(d, unit);
	const struct amdd_vq *q = v && gid < v->n_vq ? v->vq[gid] : NULL;
	const size_t i = (gdev >> GDEV_SHIFT) - 1;

	return q && i < q->n_dev && gdev == (i + 1) << GDEV_SHIFT ? q->dev[i]->rid : TRC_NO_PASID;
}

uint32_t drv_guest_id(const struct drv *d, unsigned unit, uint32_t rid, unsigned *gid)
{
	const struct amdd *v = unit_of(d, unit);
	const struct amdd_dev *a = v && rid <= 0xffff && v->dev[rid >> 8] ? &v->dev[rid >> 8][rid & 255] : NULL;

	if (!a || !a->vq)
		return TRC_NO_PASID;
	*gid = a->vq->gid;
	return a->gdev;
}

void drv_insert_event(struct drv *d, unsigned unit, unsigned gid, const uint64_t rec[2])
{
	struct amdd *v = unit_of(d, unit);
	struct mem *m = plat_mem(d->p);
	uint64_t w[2] = { INSERT_GUEST_EVENT }, at;

	at = v->insert + 16 * (v->n_insert++ % INSERT_SLOTS);
	w[1] = at; /* where the event to be inserted is: not confirmed */
	amdvi_put_cmd_insert_guest_event_GuestID(w, gid);
	if (mem_write(m, at, rec, 2) != MEM_OK || mem_write(m, v->q.ring + v->q.tail, w, 2) != MEM_OK)
		return; /* memory that cannot be had is reported at the end of the run */
	v->q.tail = (v->q.tail + 16) & (uint32_t)low_mask(AMDD_RING_LG2 + 4);
	v->u->ops->mmio_write(v->u, v->q.tail_reg, 4, v->q.tail);
}
