/* SPDX-License-Identifier: Apache-2.0 */
/* timeline_tap.c - looks at the units of a machine by their taps; what devices and software do to them passes here on its way. See timeline.h. */
#include "timeline_int.h"
#include <stdlib.h>

struct tl_tap { /* at one unit */
	struct timeline *t;
	struct iommu *u;
	const struct iommu_ops *orig;
	struct iommu_ops ops;
	struct iommu_tap tap;
	uint16_t index;
	bool commands;
};

static void put(const struct tl_tap *p, struct tl_ev *ev)
{
	ev->at = sim_now(p->t->k);
	ev->unit = p->index;
	if (p->t->fmt)
		(void)tl_follow(p->t, ev);
	else
		tl_record(p->t, ev);
}

static void event(void *arg, const struct iommu *iu, const struct xl *x, enum tap_what what)
{
	struct tl_ev ev = { .id = x->id };

	(void)iu;
	if (what == TAP_READ) {
		ev.what = TL_READ;
		ev.value = x->mem_spa;
	} else if (what == TAP_GONE) {
		ev.what = TL_GONE;
		ev.kind = x->res.ok;
		ev.value = x->res.ok ? x->res.spa : x->res.code;
		ev.len = x->reads;
	} else if (x->state == XL_LOOKUP && x->id == x->seq) {
		ev.what = TL_ARRIVE;
		ev.kind = x->req.at & 3;
		ev.value = x->req.iova;
		ev.rid = x->req.rid;
		ev.pasid = x->req.pasid;
		ev.len = (uint16_t)x->req.len;
		ev.acc = (uint8_t)(x->req.acc | (x->req.has_pasid ? TL_PASID : 0));
	} else {
		ev.what = TL_STATE;
		ev.kind = x->state;
		ev.value = x->seq;
		ev.len = x->reads;
	}
	put(arg, &ev);
}

static void message(void *arg, const struct iommu *iu, enum tap_msg what, uint32_t rid, uint64_t value)
{
	struct tl_tap *p = arg;
	bool busy = !p->orig->commands_idle(iu);

	if (what != TAP_TAIL && what != TAP_PROGRESS) {
		put(p, &(struct tl_ev){ .what = TL_MESSAGE, .kind = (uint8_t)what, .rid = rid, .value = value });
	} else if (busy != p->commands) {
		put(p, &(struct tl_ev){ .what = TL_COMMANDS, .kind = busy });
		p->commands = busy;
	}
}

static void mmio_write(struct iommu *iu, uint32_t off, unsigned bytes, uint64_t v)
{
	struct tl_tap *p = iu->tap->arg;

	p->orig->mmio_write(iu, off, bytes, v);
	if (p->orig->is_tail && p->orig->is_tail(iu, off))
		message(p, iu, TAP_TAIL, 0, v);
}

static void ats_cpl(struct iommu *iu, uint32_t rid, uint32_t itags, unsigned cc)
{
	struct tl_tap *p = iu->tap->arg;

	for (uint32_t i = 0; i < 32; i++)
		if (itags >> i & 1)
			message(p, iu, TAP_ATS_CPL, rid, i);
	p->orig->ats_cpl(iu, rid, itags, cc);
}

static void page_request(struct iommu *iu, const struct page_req *r)
{
	struct tl_tap *p = iu->tap->arg;

	message(p, iu, TAP_PAGE_REQ, r->rid, r->prgi);
	p->orig->page_request(iu, r);
}

static bool attach(struct timeline *t, struct iommu *iu)
{
	struct tl_tap *p = calloc(1, sizeof(*p));

	if (!p)
		return false;
	*p = (struct tl_tap){ .t = t, .u = iu, .orig = iu->ops, .ops = *iu->ops, .index = (uint16_t)t->n_tap };
	p->ops.mmio_write = mmio_write;
	p->ops.ats_cpl = iu->ops->ats_cpl ? ats_cpl : NULL;
	p->ops.page_request = iu->ops->page_request ? page_request : NULL;
	p->tap = (struct iommu_tap){ .arg = p, .event = event, .message = message };
	snprintf(t->unit[t->n_tap].name, TL_NAME, "%s", iu->name);
	t->unit[t->n_tap].most = iu->cfg->walkers;
	t->tap[t->n_tap++] = p;
	iu->ops = &p->ops;
	iu->tap = &p->tap;
	return true;
}

void tl_detach(struct timeline *t)
{
	for (size_t i = 0; i < t->n_tap; i++) {
		t->tap[i]->u->ops = t->tap[i]->orig;
		t->tap[i]->u->tap = NULL;
		free(t->tap[i]);
	}
	free(t->tap);
}

struct timeline *timeline_create(struct plat *p, const char *path, struct err *e)
{
	struct timeline *t;
	struct iommu *u;
	unsigned n = 0;

	while (plat_unit(p, n))
		n++;
	t = tl_open(path, n, e);
	if (!t)
		return NULL;
	t->k = plat_kernel(p);
	t->tap = calloc(n ? n : 1, sizeof(struct tl_tap *));
	for (unsigned i = 0; t->tap && (u = plat_unit(p, i)) != NULL; i++)
		if (!attach(t, u))
			break;
	if (t->tap && t->n_tap == n && tl_begin(t, e))
		return t;
	if (!t->tap || t->n_tap != n)
		err_set(e, ERR_MACHINE, "out of memory for the timeline");
	timeline_destroy(t);
	return NULL;
}
