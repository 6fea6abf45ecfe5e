/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_live.c - what a unit of ours has done with what it was told, for ordhw with explicit completion: by its registers and counters, asked
 * before each record, so that completions stand among the records where they happened.
 * A wait is complete when its status is written (VT-d, AMD-Vi: the unit counts them, in order) or when CONS has passed it (SMMUv3). Waits
 * that an ITE, or a store that failed (AMD-Vi), ends are aborted; a queue that is turned off forgets what it holds. While an error stops a
 * queue its slots may be written.
 * Does not model: errors of AMD-Vi commands but for that.
 * Spec: VT-d, "Invalidation Queue Head Register", "Fault Status Register"; Arm IHI 0070, SMMU_CMDQ_CONS, SMMU_GERROR; AMD 48882,
 * "COMPLETION_WAIT".
 */
#include <string.h>
#include "amdvi/amdvi_cmd.h"
#include "check/ordhw_int.h"
#include "vtd/vtd_int.h"
#include "vtd/vtd_iq.h"

struct seen { /* of the unit, now */
	uint64_t waits, aborted; /* counted */
	uint64_t head; /* slot */
	uint32_t prod, cons; /* SMMUv3: with wrap bits */
	bool on;
};

static uint64_t read_reg(const struct iommu *u, uint32_t off, unsigned bytes)
{
	return u->ops->mmio_read((struct iommu *)(uintptr_t)u, off, bytes); /* none of those below changes by being read */
}
static void look(const struct ordhw *h, const struct iommu *u, struct seen *s)
{
	if (h->arch == &ordhw_vtd) {
		const struct vtd *v = (const struct vtd *)u;

		s->waits = v->iq->ended;
		s->aborted = v->iq->aborted;
		s->on = read_reg(u, 0x1c, 4) >> 26 & 1; /* GSTS.QIES */
		s->head = read_reg(u, 0x80, 4) >> h->slot_lg2;
	} else if (h->arch == &ordhw_amdvi) {
		s->waits = ((const struct amdvi *)u)->cmd->ended;
		s->aborted = ((const struct amdvi *)u)->cmd->aborted;
		s->on = read_reg(u, 0x18, 4) >> 12 & 1; /* Control.CmdBufEn */
		s->head = read_reg(u, 0x2000, 4) >> h->slot_lg2;
	} else {
		s->prod = (uint32_t)read_reg(u, 0x98, 4);
		s->cons = (uint32_t)read_reg(u, 0x9c, 4);
		s->on = read_reg(u, 0x20, 4) >> 3 & 1; /* CR0.CMDQEN */
		s->head = h->ring_bytes ? s->cons & (uint32_t)((h->ring_bytes >> h->slot_lg2) - 1) : 0;
	}
}
/* How many of the open waits are complete. */
static uint32_t completed(const struct ordhw *h, const struct seen *s)
{
	uint32_t slots = (uint32_t)(h->ring_bytes >> h->slot_lg2), n = 0, pending;

	if (h->arch != &ordhw_smmuv3)
		return s->waits - h->live.waits < h->n_open ? (uint32_t)(s->waits - h->live.waits) : h->n_open;
	if (!s->on || !slots)
		return 0;
	pending = (s->prod - s->cons) & (2 * slots - 1);
	while (n < h->n_open && ((h->open[n] - s->cons) & (slots - 1)) >= pending)
		n++;
	return n;
}
const char *ordhw_error(const struct iommu *u)
{
	static const char *const code[] = { NULL, "ILL", "ABT", "ATC" };
	uint64_t v;

	if (!strcmp(u->ops->arch, "vtd")) {
		v = read_reg(u, 0x34, 4); /* FSTS */
		return v & BIT64(6) ? "ITE" : v & BIT64(5) ? "ICE" : v & BIT64(4) ? "IQE" : NULL;
	}
	if (strcmp(u->ops->arch, "smmuv3") || !((read_reg(u, 0x60, 4) ^ read_reg(u, 0x64, 4)) & 1)) /* GERROR, GERRORN */
		return NULL;
	v = bits_get(read_reg(u, 0x9c, 4), 30, 24); /* CMDQ_CONS.ERR */
	return v < ARRAY_LEN(code) && code[v] ? code[v] : "ILL";
}
/* What is held back comes before what is told now. */
static void settle(struct ordhw *h)
{
	if (h->half.on)
		ordhw_half_end(h);
	if (!lift_settle(h->l))
		h->failed = true;
}
static void stopped(struct ordhw *h, const char *code, const struct seen *s)
{
	bool time_out = !strcmp(code, "ITE"), atc = !strcmp(code, "ATC");
	struct ord_ev e;

	ordhw_new(h, &e, time_out ? ORD_ITMO : !strcmp(code, "ICE") ? ORD_ICE : ORD_CERR);
	if (e.op == ORD_CERR) {
		e.name = ordhw_name(h, code);
		e.have |= ORD_P_NAME | ORD_P_QUEUE;
	}
	if (e.op == ORD_CERR && !atc)
		ord_put(&e, ORD_KEY_SLOT, s->head);
	ordhw_emit(h, &e);
	if (h->tail_seen)
		ordhw_pointer(h, ORD_HEAD, h->tail_slot);
}
/* Commands given by register: VT-d only. */
static void by_register(struct ordhw *h, const struct iommu *u)
{
	uint32_t iotlb = ((const struct vtd *)u)->cap.iro + 8;

	if (h->by_reg[0].open)
		h->arch->read(h, 0x28, 8, read_reg(u, 0x28, 8)); /* CCMD */
	if (h->by_reg[1].open)
		h->arch->read(h, iotlb, 8, read_reg(u, iotlb, 8));
}
bool ordhw_progress(struct ordhw *h, const struct iommu *u)
{
	struct seen s = { .on = true };
	const char *why;
	uint32_t n, lost;
	bool moved;

	if (!h->begun || h->failed)
		return !h->failed;
	look(h, u, &s);
	why = ordhw_error(u);
	n = completed(h, &s);
	lost = (uint32_t)(s.aborted - h->live.aborted);
	moved = h->ring_bytes && s.on && !why && (!h->live.knows_head || s.head != h->live.head);
	h->live.waits = s.waits;
	h->live.aborted = s.aborted;
	if (n || lost || moved || (why && !h->live.stopped) || (h->live.on && !s.on) || h->by_reg[0].open || h->by_reg[1].open)
		settle(h);
	if (moved) {
		ordhw_pointer(h, ORD_HEAD, s.head);
		h->live.head = s.head;
		h->live.knows_head = true;
	}
	ordhw_end_waits(h, ORD_DONE, n);
	if (why && !h->live.stopped)
		stopped(h, why, &s);
	if (why)
		h->live.knows_head = false;
	h->live.stopped = why != NULL;
	ordhw_end_waits(h, ORD_ABORT, lost < h->n_open ? lost : h->n_open);
	if (h->arch == &ordhw_vtd)
		by_register(h, u);
	if (h->live.on && !s.on && h->ring_bytes)
		ordhw_ring(h);
	if (!s.on)
		h->n_open = 0;
	h->live.on = s.on;
	return !h->failed;
}
bool ordhw_capabilities(const struct iommu *u, bool (*put)(void *arg, const struct trc_rec *r), void *arg)
{
	static const struct { const char *arch; uint16_t off; uint8_t bytes; } regs[] = {
		{ "vtd", 0x00, 4 }, { "vtd", 0x08, 8 }, { "vtd", 0x10, 8 }, { "smmuv3", 0x00, 4 }, { "smmuv3", 0x04, 4 }, { "smmuv3", 0x0c, 4 },
		{ "smmuv3", 0x14, 4 }, { "smmuv3", 0x18, 4 }, { "smmuv3", 0x1c, 4 }, { "amdvi", 0x30, 8 },
	};

	for (size_t i = 0; i < ARRAY_LEN(regs); i++) {
		struct trc_rec r = { .kind = TRC_REGSTATE, .at = TRC_NO_TIME };

		if (strcmp(regs[i].arch, u->ops->arch))
			continue;
		r.u.reg.off = regs[i].off;
		r.u.reg.bytes = regs[i].bytes;
		r.u.reg.val = read_reg(u, regs[i].off, regs[i].bytes);
		if (!put(arg, &r))
			return false;
	}
	return true;
}
