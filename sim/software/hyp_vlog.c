/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hyp_vlog.c - event logs of AMD-Vi guests that the hardware writes: what a guest reads there after its interrupt, and whom it can blame.
 * Models: the interrupt when an entry is in the log (interrupt_time until the guest's handler runs), the log read to its end by the entries
 * themselves: IO_PAGE_FAULT of a device's stage 1 with the guest's DeviceID, IOTLB_INV_TIMEOUT that the host inserted; head and Status
 * written on the guest's own page, without an exit. A fault that the hardware logs for the host goes the host's way; one that is not
 * logged, or finds the guest's log full or stopped, is lost: known when it is refused, or when a later one of the guest is read.
 * Does not model: a log that stopped being started again (that takes the host), the time of register reads.
 * Spec: 48882, "Event Logging".
 */
#include <stdlib.h>
#include "amdvi/amdvi.h"
#include "amdvi/amdvi_fields.h"
#include "software/amd_private.h"
#include "software/hyp_int.h"

enum { IO_PAGE_FAULT = 2, IOTLB_INV_TIMEOUT = 7, MAX_FAULTS = 1024 };
struct hyp_vlog { /* a guest that was interrupted once */
	struct hyp_vlog *next;
	struct sim_event ev;
	struct hyp *h;
	unsigned gid;
	uint8_t unit;
	bool pending;
};
struct hyp_vfault { /* refused, and not read by the guest yet */
	sim_time at;
	uint64_t page;
	uint32_t rid, pasid;
	unsigned gid;
	uint8_t unit;
};

static uint32_t reg(unsigned gid, uint32_t off)
{
	return AMDVI_VF_OFF + AMDP_VF_BYTES * gid + off;
}

/* PASID of an entry; 0 is what requests without one have. */
static uint32_t pasid_of(const uint64_t w[2])
{
	uint32_t pasid = (uint32_t)(amdvi_get_ev_io_page_fault_DomainID(w) | amdvi_get_ev_io_page_fault_PASID_19_16(w) << 16);

	return pasid ? pasid : TRC_NO_PASID;
}

enum hyp_way hyp_vlog_fault(struct hyp *h, unsigned unit, const struct xl_req *q, const struct xl_res *res)
{
	struct iommu *u = plat_unit(h->p, unit);
	struct hyp_vfault *f;
	uint64_t rec[2], status;
	unsigned gid;

	if (drv_guest_id(h->drv, unit, q->rid, &gid) == TRC_NO_PASID)
		return HYP_WAY_NONE;
	if (amdvi_event_record(u, q, res, rec) && !(rec[0] >> 60 == IO_PAGE_FAULT && amdvi_get_ev_io_page_fault_GN(rec)))
		return HYP_WAY_HOST;
	status = u->ops->mmio_read(u, reg(gid, AMDP_VF_STATUS), 8);
	if (!amdvi_event_record(u, q, res, rec) || !amdvi_get_status_EventLogRun(&status) || h->n_vfault == MAX_FAULTS) {
		h->st.fault_lost++;
		return HYP_WAY_LOG;
	}
	if (!hyp_grow(h, &h->vfault, h->n_vfault, &h->cap_vfault, sizeof(*h->vfault)))
		return HYP_WAY_LOG;
	f = &h->vfault[h->n_vfault++];
	*f = (struct hyp_vfault){ sim_now(plat_kernel(h->p)), rec[1] & ~UINT64_C(0xfff), q->rid, pasid_of(rec), gid, (uint8_t)unit };
	return HYP_WAY_LOG;
}

/* Number @k was read. A log is in order: those of the guest before it never came there. */
static void forget(struct hyp *h, size_t k)
{
	const struct hyp_vfault f = h->vfault[k];
	size_t n = 0;

	for (size_t i = 0; i < h->n_vfault; i++) {
		if (i <= k && h->vfault[i].unit == f.unit && h->vfault[i].gid == f.gid)
			h->st.fault_lost += i < k;
		else
			h->vfault[n++] = h->vfault[i];
	}
	h->n_vfault = n;
}

static void read_fault(const struct hyp_vlog *l, const uint64_t w[2])
{
	struct hyp *h = l->h;
	const struct hyp_space *who = NULL;
	const uint32_t rid = drv_guest_rid(h->drv, l->unit, l->gid, (uint32_t)amdvi_get_ev_io_page_fault_DevID(w)), pasid = pasid_of(w);
	const unsigned n = hyp_owners(h, l->unit, rid, pasid, &who);
	size_t i = 0;

	while (i < h->n_vfault && !(h->vfault[i].unit == l->unit && h->vfault[i].rid == rid && h->vfault[i].pasid == pasid &&
				    h->vfault[i].page == (w[1] & ~UINT64_C(0xfff))))
		i++;
	if (i == h->n_vfault || !n) {
		h->st.fault_unknown++;
		return;
	}
	h->st.fault_exact += n == 1;
	h->st.fault_ambiguous += n > 1;
	hist_add(&h->st.fault_latency, sim_now(plat_kernel(h->p)) - h->vfault[i].at);
	forget(h, i);
}

/* The guest's handler. */
static void read_log(struct sim_event *ev)
{
	struct hyp_vlog *l = container_of(ev, struct hyp_vlog, ev);
	struct iommu *u = plat_unit(l->h->p, l->unit);
	const struct hyp_ring *r = l->h->ring[l->unit] ? &l->h->ring[l->unit]->vintf[l->gid] : NULL;
	uint64_t status = 0, head, tail, w[2];

	l->pending = false;
	if (!r || !r->log_size)
		return;
	amdvi_put_status_EventOverflow(&status, 1);
	amdvi_put_status_EventLogInt(&status, 1);
	u->ops->mmio_write(u, reg(l->gid, AMDP_VF_STATUS), 8, status); /* what comes from now on interrupts again */
	tail = u->ops->mmio_read(u, reg(l->gid, AMDP_VF_EVT_TAIL), 8);
	for (head = u->ops->mmio_read(u, reg(l->gid, AMDP_VF_EVT_HEAD), 8); head != tail; head = (head + 16) & (r->log_size - 1)) {
		if (mem_read(plat_mem(l->h->p), r->log + head, w, 2) != MEM_OK)
			continue;
		if (w[0] >> 60 == IO_PAGE_FAULT)
			read_fault(l, w);
		else if (w[0] >> 60 == IOTLB_INV_TIMEOUT)
			hyp_back_told(l->h, l->unit, w);
	}
	u->ops->mmio_write(u, reg(l->gid, AMDP_VF_EVT_HEAD), 8, tail);
}

void hyp_guest_irq(struct hyp *h, unsigned unit, unsigned guest)
{
	struct hyp_vlog *l = h->vlog;

	if (guest >= HYP_VINTFS)
		return;
	while (l && !(l->unit == unit && l->gid == guest))
		l = l->next;
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l) {
			hyp_fail(h, ERR_MACHINE, "out of memory");
			return;
		}
		*l = (struct hyp_vlog){ .next = h->vlog, .h = h, .gid = guest, .unit = (uint8_t)unit };
		sim_event_init(&l->ev, read_log);
		h->vlog = l;
	}
	if (l->pending)
		return;
	l->pending = true;
	sim_at(plat_kernel(h->p), sim_now(plat_kernel(h->p)) + h->c->irq_ps, &l->ev);
}

bool hyp_vlog_pending(const struct hyp *h, unsigned unit)
{
	for (const struct hyp_vlog *l = h->vlog; l; l = l->next)
		if (l->unit == unit && l->pending)
			return true;
	return false;
}

void hyp_vlog_fini(struct hyp *h)
{
	for (struct hyp_vlog *l = h->vlog, *next; l; l = next) {
		next = l->next;
		free(l);
	}
	free(h->vfault);
}
