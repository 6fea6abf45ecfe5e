/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.c - follows requests by the tap of each unit, and gives begin, phases and end to the format; see timeline.h. */
#include "timeline_int.h"
#include <stdlib.h>
#include <string.h>

bool timeline_known(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (!strcmp(dot, ".json") || !strcmp(dot, ".vcd"));
}

bool tl_room(struct timeline *t)
{
	if (t->written >= TL_EVENTS) {
		t->left_out++;
		return false;
	}
	t->written++;
	return true;
}

/* The lowest free row. */
static uint32_t lane_take(struct timeline *t, struct tl_lanes *l, struct tl_live *who)
{
	struct tl_live **row;
	size_t i = 0;

	while (i < l->n && l->row[i])
		i++;
	if (i == l->n) {
		row = realloc(l->row, (l->n + 1) * sizeof(struct tl_live *));
		if (!row) {
			t->oom = true;
			return 0;
		}
		l->row = row;
		l->n++;
	}
	l->row[i] = who;
	return (uint32_t)i;
}

static void lane_give(struct tl_lanes *l, uint32_t i)
{
	if (i < l->n)
		l->row[i] = NULL;
}

struct tl_dev *tl_dev(struct timeline *t, uint32_t rid)
{
	struct tl_dev *d;

	for (size_t i = 0; i < t->n_dev; i++)
		if (t->dev[i].rid == rid)
			return &t->dev[i];
	d = realloc(t->dev, (t->n_dev + 1) * sizeof(*d));
	if (!d) {
		t->oom = true;
		return NULL;
	}
	t->dev = d;
	d += t->n_dev++;
	*d = (struct tl_dev){ .rid = rid };
	return d;
}

static struct tl_live **bucket(struct timeline *t, const struct xl *x)
{
	return &t->hash[((uintptr_t)x >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 52 & (TL_HASH - 1)];
}

static struct tl_live *find(struct timeline *t, const struct xl *x)
{
	struct tl_live *l = *bucket(t, x);

	while (l && l->x != x)
		l = l->next;
	return l;
}

static struct tl_live *arrive(struct tl_unit *u, const struct xl *x, sim_time now)
{
	struct timeline *t = u->t;
	struct tl_live *l, **b = bucket(t, x);
	struct tl_dev *d = tl_dev(t, x->req.rid);

	if (!t->spare)
		t->spare = calloc(1, sizeof(*l));
	if (!t->spare || !d) {
		t->oom = true;
		return NULL;
	}
	l = t->spare;
	t->spare = l->next;
	*l = (struct tl_live){ .next = *b, .x = x, .u = u, .lane = lane_take(t, &d->lanes, l), .phase = now, .state = XL_LOOKUP };
	*b = l;
	u->n_flight++;
	t->fmt->request(t, l, true);
	return l;
}

static void walk_off(struct tl_live *l)
{
	struct timeline *t = l->u->t;

	if (l->reading)
		t->fmt->read(t, l);
	l->reading = false;
	t->fmt->walk(t, l, false);
	lane_give(&l->u->walkers, l->walker);
	l->walking = false;
	l->u->n_walk--;
}

static void leave(struct tl_live *l)
{
	struct timeline *t = l->u->t;
	struct tl_live **b = bucket(t, l->x);
	struct tl_dev *d = tl_dev(t, l->x->req.rid);

	t->fmt->phase(t, l);
	if (l->walking)
		walk_off(l);
	t->fmt->request(t, l, false);
	if (d)
		lane_give(&d->lanes, l->lane);
	while (*b != l)
		b = &(*b)->next;
	*b = l->next;
	l->next = t->spare;
	t->spare = l;
	l->u->n_flight--;
}

static void change(struct tl_live *l, uint8_t state, sim_time now)
{
	struct timeline *t = l->u->t;

	if (l->state == state)
		return;
	t->fmt->phase(t, l);
	l->u->n_miss -= l->state == XL_MISSQ;
	l->u->n_miss += state == XL_MISSQ;
	if (l->walking)
		walk_off(l);
	l->state = state;
	l->phase = now;
	if (state == XL_WALK) {
		l->walker = lane_take(t, &l->u->walkers, l);
		l->walking = true;
		l->u->n_walk++;
		t->fmt->walk(t, l, true);
	}
}

/* Counts are written when one has changed. */
static void counts(struct tl_unit *u)
{
	const uint32_t now[5] = { u->n_flight, u->n_walk, u->n_miss, u->n_ats, u->n_page };

	if (!memcmp(now, u->told, sizeof(now)))
		return;
	memcpy(u->told, now, sizeof(now));
	u->t->fmt->counts(u->t, u);
}

static void event(void *arg, const struct iommu *iu, const struct xl *x, enum tap_what what)
{
	struct tl_unit *u = arg;
	struct timeline *t = u->t;
	sim_time now = sim_now(iu->k);
	struct tl_live *l = find(t, x);

	if (!l && what != TAP_GONE)
		l = arrive(u, x, now);
	if (!l)
		return;
	if (what == TAP_GONE) {
		leave(l);
	} else if (what == TAP_STATE) {
		change(l, x->state, now);
	} else {
		if (l->reading)
			t->fmt->read(t, l);
		l->reading = true;
		l->read = now;
		l->read_spa = x->mem_spa;
		return;
	}
	counts(u);
}

static void message(void *arg, const struct iommu *iu, enum tap_msg what, uint32_t rid, uint64_t value)
{
	struct tl_unit *u = arg;
	bool idle = u->orig->commands_idle(iu);

	if ((what == TAP_TAIL || what == TAP_PROGRESS) && idle == u->commands) {
		u->t->fmt->commands(u->t, u, !idle);
		u->commands = !idle;
	}
	u->n_ats += what == TAP_ATS_INV;
	u->n_ats -= what == TAP_ATS_CPL && u->n_ats;
	u->n_page += what == TAP_PAGE_REQ;
	u->n_page -= what == TAP_PAGE_RESP && u->n_page;
	if (what != TAP_TAIL && what != TAP_PROGRESS)
		u->t->fmt->message(u->t, u, what, rid, value);
	counts(u);
}

/* What devices and software do to a unit, on its way there. */
static void mmio_write(struct iommu *iu, uint32_t off, unsigned bytes, uint64_t v)
{
	struct tl_unit *u = iu->tap->arg;

	u->orig->mmio_write(iu, off, bytes, v);
	if (u->orig->is_tail && u->orig->is_tail(iu, off))
		message(u, iu, TAP_TAIL, 0, v);
}

static void ats_cpl(struct iommu *iu, uint32_t rid, uint32_t itags, unsigned cc)
{
	struct tl_unit *u = iu->tap->arg;

	for (uint32_t i = 0; i < 32; i++)
		if (itags >> i & 1)
			message(u, iu, TAP_ATS_CPL, rid, i);
	u->orig->ats_cpl(iu, rid, itags, cc);
}

static void page_request(struct iommu *iu, const struct page_req *p)
{
	struct tl_unit *u = iu->tap->arg;

	message(u, iu, TAP_PAGE_REQ, p->rid, p->prgi);
	u->orig->page_request(iu, p);
}

static bool attach(struct timeline *t, struct iommu *iu)
{
	struct tl_unit **a = realloc(t->unit, (t->n_unit + 1) * sizeof(struct tl_unit *)), *u = calloc(1, sizeof(*u));

	if (a)
		t->unit = a;
	if (!a || !u) {
		free(u);
		return false;
	}
	*u = (struct tl_unit){ .u = iu, .orig = iu->ops, .ops = *iu->ops, .t = t, .index = (uint32_t)t->n_unit };
	u->ops.mmio_write = mmio_write;
	u->ops.ats_cpl = iu->ops->ats_cpl ? ats_cpl : NULL;
	u->ops.page_request = iu->ops->page_request ? page_request : NULL;
	u->tap = (struct iommu_tap){ .arg = u, .event = event, .message = message };
	t->unit[t->n_unit++] = u;
	iu->ops = &u->ops;
	iu->tap = &u->tap;
	return true;
}

struct timeline *timeline_create(struct plat *p, const char *path, struct err *e)
{
	struct timeline *t = calloc(1, sizeof(*t));
	struct iommu *u;

	if (!t || !(t->path = strdup(path)))
		goto oom;
	t->k = plat_kernel(p);
	t->fmt = !strcmp(strrchr(path, '.'), ".vcd") ? &tl_vcd : &tl_json;
	for (unsigned i = 0; (u = plat_unit(p, i)) != NULL; i++)
		if (!attach(t, u))
			goto oom;
	if (!outfile_open(&t->out, path, e)) {
		timeline_destroy(t);
		return NULL;
	}
	t->o = t->out.o;
	t->fmt->header(t);
	return t;
oom:
	timeline_destroy(t);
	err_set(e, ERR_MACHINE, "out of memory for the timeline");
	return NULL;
}

bool timeline_finish(struct timeline *t, struct err *e)
{
	bool ok;

	t->fmt->footer(t);
	ok = !t->oom || err_set(e, ERR_MACHINE, "out of memory for the timeline");
	ok = outfile_end(&t->out, ok, e);
	if (t->left_out)
		fprintf(stderr, "iommusim: %s: full after %d events, %llu were left out\n", t->path, TL_EVENTS, (unsigned long long)t->left_out);
	return ok;
}

static void free_list(struct tl_live *l)
{
	for (struct tl_live *n; l; l = n) {
		n = l->next;
		free(l);
	}
}

void timeline_destroy(struct timeline *t)
{
	if (!t)
		return;
	outfile_drop(&t->out);
	for (size_t i = 0; i < t->n_unit; i++) {
		struct iommu *u = (struct iommu *)(uintptr_t)t->unit[i]->u;

		u->ops = t->unit[i]->orig;
		u->tap = NULL;
		free(t->unit[i]->walkers.row);
		free(t->unit[i]);
	}
	for (size_t i = 0; i < TL_HASH; i++)
		free_list(t->hash[i]);
	free_list(t->spare);
	for (size_t i = 0; i < t->n_dev; i++) {
		free(t->dev[i].lanes.row);
		free(t->dev[i].tag);
	}
	free(t->dev);
	free(t->unit);
	free(t->path);
	free(t);
}
