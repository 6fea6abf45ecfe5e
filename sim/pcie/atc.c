/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atc.c - lines of the translation cache: look-up, fill, removal. A slice is one xcache.
 * Line: function (the cache is one function's), PASID or none, privilege, page and size; a Global line has no PASID in its tag.
 * With atc.tag_pasid = false lines are found whatever their PASID, and an invalidate request meets every line of its range.
 * Partition pasid: the first `slices` PASIDs have a slice each, later ones share them in turn; engine: a hash of the PASID chooses;
 * request: the DMA says (misses of different slices are not merged).
 */
#include <stdlib.h>
#include "pcie/dev_int.h"

enum { KIND_NO_PASID, KIND_PASID, KIND_GLOBAL };
#define ID_PRIV BIT64(24)
#define ID_GLOBAL BIT64(25)

static uint32_t key_of(const struct xl_req *q)
{
	return q->has_pasid ? (q->pasid & 0xfffff) + 1 : 0;
}

static uint64_t id_of(const struct dev *d, const struct xl_req *q)
{
	return (d->cfg.atc.tag_pasid ? key_of(q) : 0) | (q->acc & XL_PRIV ? ID_PRIV : 0);
}

static uint64_t global_id(const struct xl_req *q)
{
	return ID_GLOBAL | (q->acc & XL_PRIV ? ID_PRIV : 0);
}

static struct xcache *slice_of(struct atc *a, const struct dev *d, const struct xl_req *q, unsigned slice)
{
	uint32_t key = key_of(q), i;

	if (d->cfg.atc.partition == ATC_PART_NONE)
		return a->slice[0];
	if (d->cfg.atc.partition == ATC_PART_REQUEST)
		return a->slice[slice % a->n_slices];
	if (d->cfg.atc.partition == ATC_PART_ENGINE)
		return a->slice[(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) % a->n_slices];
	for (i = 0; i < a->used_slices; i++)
		if (a->owner[i] == key)
			return a->slice[i];
	if (a->used_slices == a->n_slices)
		return a->slice[key % a->n_slices]; /* NOLINT(clang-analyzer-core.DivideZero): at least one */
	a->owner[a->used_slices++] = key;
	return a->slice[i];
}

bool atc_find(struct slot *s, bool peek, struct atc_line *l, unsigned *size_lg2)
{
	struct dev *d = s->d;
	struct atc *a = d->atc;
	struct xl_req q = { .iova = s->iova, .pasid = s->op->q.pasid, .has_pasid = s->op->q.has_pasid, .acc = s->op->acc };
	struct xcache *c = slice_of(a, d, &q, s->op->q.slice);
	uint64_t id = id_of(d, &q), alt = a->have_global && q.has_pasid ? global_id(&q) : id;
	uint32_t at = peek ? xc_peek(c, s->iova, id) : xc_lookup_either(c, s->iova, id, alt);
	bool ok;

	if (peek && at == XC_MISS && alt != id)
		at = xc_peek(c, s->iova, alt);
	if (at == XC_MISS)
		return false;
	*l = *(const struct atc_line *)xc_payload(c, at);
	*size_lg2 = xc_tag_of(c, at)->size_lg2;
	ok = !(atc_need(s) & ~l->perm);
	if (!ok) /* its successor may be larger, and would never be found behind it */
		xc_drop(c, at);
	return ok;
}

/* Cycles of a look-up as time, the wait for a port included. */
uint64_t atc_latency(struct slot *s)
{
	struct dev *d = s->d;
	const struct atc_cfg *g = &d->cfg.atc;
	struct xl_req q = { .pasid = s->op->q.pasid, .has_pasid = s->op->q.has_pasid };
	uint64_t cyc = g->cache.lat_cyc;

	if (g->cache.ports)
		cyc += xc_port_wait(slice_of(d->atc, d, &q, s->op->q.slice), dev_now(d) / g->clock_ps);
	return cyc * g->clock_ps;
}

void atc_fill(struct dev *d, const struct xl_req *q, unsigned slice, const struct xl_res *res)
{
	struct xcache *c = slice_of(d->atc, d, q, slice);
	bool global = (res->perm & ATC_PERM_GLOBAL) && q->has_pasid;
	unsigned lg2 = res->size_lg2 < 12 ? 12 : res->size_lg2;
	struct xc_tag t = { .first = q->iova & ~low_mask(lg2), .id = global ? global_id(q) : id_of(d, q), .pasid = q->pasid,
			    .size_lg2 = (uint8_t)lg2, .kind = global ? KIND_GLOBAL : q->has_pasid ? KIND_PASID : KIND_NO_PASID };
	uint32_t at = xc_fill(c, &t);

	d->atc->have_global |= global;
	d->atc->st.fills++;
	*(struct atc_line *)xc_payload(c, at) = (struct atc_line){
		.page = res->spa & ~low_mask(lg2), .perm = (res->perm & (XL_R | XL_W | XL_X)) | (global ? ATC_PERM_GLOBAL : 0),
	};
}

/*
 * An invalidate request with a PASID means the lines of that PASID and the Global ones; with Global, if supported, those of every PASID;
 * without a PASID the lines without one, or (ATC_SCOPE_ALL) every line. A cache that does not know PASIDs cannot tell.
 */
static uint32_t kinds_of(const struct dev *d, const struct ats_inv *q, bool *by_pasid)
{
	*by_pasid = false;
	if (!d->cfg.atc.tag_pasid || (!q->has_pasid && d->cfg.atc.nopasid_scope == ATC_SCOPE_ALL))
		return 1u << KIND_NO_PASID | 1u << KIND_PASID | 1u << KIND_GLOBAL;
	if (!q->has_pasid)
		return 1u << KIND_NO_PASID;
	*by_pasid = !(q->global && d->cfg.atc.global_inv);
	return 1u << KIND_PASID | 1u << KIND_GLOBAL;
}

bool atc_in_scope(const struct dev *d, const struct ats_inv *q, bool has_pasid, uint32_t pasid)
{
	bool by_pasid;
	uint32_t kinds = kinds_of(d, q, &by_pasid);

	return (kinds >> (has_pasid ? KIND_PASID : KIND_NO_PASID) & 1) && (!by_pasid || pasid == q->pasid);
}

static uint32_t drop(struct atc *a, const struct inv_scope *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->n_slices; i++)
		n += xc_invalidate(a->slice[i], s);
	return n;
}

uint32_t atc_drop(struct dev *d, const struct ats_inv *q)
{
	bool by_pasid;
	struct inv_scope s = { .by = INV_RANGE, .kinds = kinds_of(d, q, &by_pasid), .range_kinds = UINT32_MAX,
			       .first = q->first, .last = q->last };
	uint32_t n = 0;

	if (by_pasid) {
		struct inv_scope own = s;

		own.by |= INV_PASID;
		own.pasid = q->pasid;
		own.kinds = 1u << KIND_PASID;
		n = drop(d->atc, &own);
		s.kinds &= ~(1u << KIND_PASID);
	}
	return n + drop(d->atc, &s);
}

uint32_t atc_drop_all(struct dev *d)
{
	d->atc->used_slices = 0;
	return drop(d->atc, &(struct inv_scope){ .kinds = UINT32_MAX });
}

uint32_t dev_atc_lines(const struct dev *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; d->atc && i < d->atc->n_slices; i++)
		n += xc_live(d->atc->slice[i]);
	return n;
}

const struct atc_stats *dev_atc_stats(const struct dev *d)
{
	return d->atc ? &d->atc->st : NULL;
}

bool atc_create(struct dev *d, struct err *e)
{
	struct atc *a = d->atc = calloc(1, sizeof(*a));
	struct xc_cfg c = d->cfg.atc.cache;
	uint32_t n = d->cfg.atc.partition ? d->cfg.atc.slices : 1;

	d->pri = calloc(1, sizeof(*d->pri));
	if (!a || !d->pri)
		goto oom;
	slots_init(&a->queue);
	slots_init(&d->pri->queue);
	c.entries /= n;
	for (; a->n_slices < n; a->n_slices++) {
		a->slice[a->n_slices] = xc_create(&c, sizeof(struct atc_line), d->cfg.rid + UINT64_C(0x10000) * a->n_slices, e);
		if (!a->slice[a->n_slices])
			return false;
	}
	a->treq = calloc(d->cfg.atc.requests, sizeof(*a->treq));
	d->pri->n_prg = d->cfg.pri.capacity < PRI_INDICES ? d->cfg.pri.capacity : PRI_INDICES;
	d->pri->prg = calloc(d->pri->n_prg ? d->pri->n_prg : 1, sizeof(*d->pri->prg));
	if (!a->treq || !d->pri->prg)
		goto oom;
	for (uint32_t i = 0; i < d->cfg.atc.requests; i++) {
		a->treq[i].d = d;
		sim_event_init(&a->treq[i].ev, treq_event);
	}
	pri_init(d);
	return true;
oom:
	return err_set(e, ERR_MACHINE, "out of memory for a translation cache");
}

void atc_destroy(struct dev *d)
{
	if (d->atc) {
		for (uint32_t i = 0; i < d->atc->n_slices; i++)
			xc_destroy(d->atc->slice[i]);
		free(d->atc->treq);
	}
	pri_fini(d);
	free(d->atc);
}
