/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.c - follows requests through what happens at the units, and gives begin, phases and end to the format; see timeline.h. */
#include "timeline_int.h"
#include <stdlib.h>
#include <string.h>

enum tl_form timeline_form(const char *path)
{
	const char *dot = strrchr(path, '.');

	return !dot ? TL_NO_FORM : !strcmp(dot, ".iotl") ? TL_IOTL : !strcmp(dot, ".json") ? TL_JSON : !strcmp(dot, ".vcd") ? TL_VCD : TL_NO_FORM;
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

/* ---- who is where ---- */

/* The lowest free row. */
static uint32_t lane_take(struct timeline *t, struct tl_lanes *l, struct tl_live *who)
{
	struct tl_live **row;
	size_t i = l->below;

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
	l->below = i + 1;
	return (uint32_t)i;
}

static void lane_give(struct tl_lanes *l, uint32_t i)
{
	if (i >= l->n)
		return;
	l->row[i] = NULL;
	l->below = i < l->below ? i : l->below;
}

/* Where the device is in the table, or belongs: open addressing, half full at most. 0 stands for none, else the place in t->dev, and 1. */
static uint32_t *dev_place(struct timeline *t, uint32_t rid)
{
	size_t i = rid * UINT64_C(0x9e3779b97f4a7c15) >> 32 & t->dev_mask;

	while (t->dev_at[i] && t->dev[t->dev_at[i] - 1].rid != rid)
		i = (i + 1) & t->dev_mask;
	return &t->dev_at[i];
}

static bool dev_grow(struct timeline *t)
{
	size_t room = t->n_dev ? 2 * t->n_dev : 16;
	struct tl_dev *d = realloc(t->dev, room * sizeof(*d));
	uint32_t *at = calloc(2 * room, sizeof(*at));

	if (d)
		t->dev = d;
	if (!d || !at) {
		free(at);
		return false;
	}
	free(t->dev_at);
	t->dev_at = at;
	t->dev_mask = 2 * room - 1;
	for (uint32_t i = 0; i < t->n_dev; i++)
		*dev_place(t, t->dev[i].rid) = i + 1;
	return true;
}

struct tl_dev *tl_dev(struct timeline *t, uint32_t rid)
{
	uint32_t *at = t->dev_at ? dev_place(t, rid) : NULL;

	if (at && *at)
		return &t->dev[*at - 1];
	if ((!at || 2 * t->n_dev >= t->dev_mask) && !dev_grow(t)) {
		t->oom = true;
		return NULL;
	}
	t->dev[t->n_dev] = (struct tl_dev){ .rid = rid };
	*dev_place(t, rid) = (uint32_t)t->n_dev + 1;
	return &t->dev[t->n_dev++];
}

static struct tl_live **bucket(struct timeline *t, const struct tl_ev *ev)
{
	return &t->hash[(ev->id + 97 * ev->unit) % TL_HASH];
}

static struct tl_live *find(struct timeline *t, const struct tl_ev *ev)
{
	struct tl_live *l = *bucket(t, ev);

	while (l && (l->from.id != ev->id || l->from.unit != ev->unit))
		l = l->next;
	return l;
}

static void arrive(struct timeline *t, struct tl_unit *u, const struct tl_ev *ev)
{
	struct tl_live *l, **b = bucket(t, ev);
	struct tl_dev *d = tl_dev(t, ev->rid);

	if (!t->spare)
		t->spare = calloc(1, sizeof(*l));
	if (!t->spare || !d) {
		t->oom = true;
		return;
	}
	l = t->spare;
	t->spare = l->next;
	*l = (struct tl_live){ .next = *b, .from = *ev, .u = u, .seq = ev->id, .lane = lane_take(t, &d->lanes, l), .phase = ev->at, .state = XL_LOOKUP };
	*b = l;
	u->n_flight++;
	t->fmt->request(t, l, NULL);
}

static void walk_off(struct timeline *t, struct tl_live *l)
{
	if (l->reading)
		t->fmt->read(t, l);
	l->reading = false;
	t->fmt->walk(t, l, false);
	lane_give(&l->u->walkers, l->walker);
	l->walking = false;
	l->u->n_walk--;
}

static void leave(struct timeline *t, struct tl_live *l, const struct tl_ev *ev)
{
	struct tl_live **b = bucket(t, ev);
	struct tl_dev *d = tl_dev(t, l->from.rid);

	t->fmt->phase(t, l);
	if (l->walking)
		walk_off(t, l);
	t->fmt->request(t, l, ev);
	if (d)
		lane_give(&d->lanes, l->lane);
	while (*b != l)
		b = &(*b)->next;
	*b = l->next;
	l->next = t->spare;
	t->spare = l;
	l->u->n_flight--;
	l->u->n_miss -= l->state == XL_MISSQ;
}

static void change(struct timeline *t, struct tl_live *l, uint8_t state)
{
	if (l->state == state)
		return;
	t->fmt->phase(t, l);
	l->u->n_miss -= l->state == XL_MISSQ;
	l->u->n_miss += state == XL_MISSQ;
	if (l->walking)
		walk_off(t, l);
	l->state = state;
	l->phase = t->now;
	if (state == XL_WALK) {
		l->walker = lane_take(t, &l->u->walkers, l);
		l->walking = true;
		l->u->n_walk++;
		t->fmt->walk(t, l, true);
	}
}

static void reads(struct timeline *t, struct tl_live *l, uint64_t spa)
{
	if (l->reading)
		t->fmt->read(t, l);
	l->reading = true;
	l->read = t->now;
	l->read_spa = spa;
}

static void message(struct timeline *t, struct tl_unit *u, const struct tl_ev *ev)
{
	u->n_ats += ev->kind == TAP_ATS_INV;
	u->n_ats -= ev->kind == TAP_ATS_CPL && u->n_ats;
	u->n_page += ev->kind == TAP_PAGE_REQ;
	u->n_page -= ev->kind == TAP_PAGE_RESP && u->n_page;
	t->fmt->message(t, u, ev->kind, ev->rid, ev->value);
}

/* Counts are written when one has changed. */
static void counts(struct timeline *t, struct tl_unit *u)
{
	const uint32_t now[5] = { u->n_flight, u->n_walk, u->n_miss, u->n_ats, u->n_page };

	if (!memcmp(now, u->told, sizeof(now)))
		return;
	memcpy(u->told, now, sizeof(now));
	t->fmt->counts(t, u);
}

/* About one request, which is in flight unless it arrives. */
static const char *request(struct timeline *t, struct tl_unit *u, const struct tl_ev *ev)
{
	struct tl_live *l = find(t, ev);

	if (ev->what == TL_ARRIVE) {
		if (l)
			return "a request that is in flight already";
		arrive(t, u, ev);
		return NULL;
	}
	if (!l)
		return t->oom ? NULL : "a request that is not in flight";
	if (ev->what == TL_READ) {
		if (!l->walking)
			return "a read of no walk";
		reads(t, l, ev->value);
		return NULL;
	}
	l->reads = ev->len;
	if (ev->what == TL_GONE) {
		leave(t, l, ev);
	} else {
		l->seq = ev->value;
		change(t, l, ev->kind);
	}
	return NULL;
}

const char *tl_follow(struct timeline *t, const struct tl_ev *ev)
{
	struct tl_unit *u = &t->unit[ev->unit];
	const char *wrong = NULL;

	t->now = ev->at;
	switch (ev->what) {
	case TL_COMMANDS:
		t->fmt->commands(t, u, ev->kind);
		break;
	case TL_MESSAGE:
		message(t, u, ev);
		break;
	default:
		wrong = request(t, u, ev);
	}
	if (ev->what != TL_READ)
		counts(t, u);
	return wrong;
}

/* ---- begin and end ---- */

struct timeline *tl_open(const char *path, size_t n, struct err *e)
{
	enum tl_form form = timeline_form(path);
	struct timeline *t = calloc(1, sizeof(*t));

	if (!t || !(t->path = strdup(path)) || !(t->unit = calloc(n ? n : 1, sizeof(*t->unit)))) {
		timeline_destroy(t);
		err_set(e, ERR_MACHINE, "out of memory for the timeline");
		return NULL;
	}
	t->fmt = form == TL_JSON ? &tl_json : form == TL_VCD ? &tl_vcd : NULL;
	t->last = SIM_NEVER_PS;
	t->n_unit = n;
	for (size_t i = 0; i < n; i++)
		t->unit[i].index = (uint32_t)i;
	if (outfile_open(&t->out, path, e)) {
		t->o = t->out.o;
		return t;
	}
	timeline_destroy(t);
	return NULL;
}

bool tl_begin(struct timeline *t, struct err *e)
{
	if (!t->fmt)
		return tl_record_begin(t, e);
	t->fmt->header(t);
	return true;
}

bool timeline_finish(struct timeline *t, struct err *e)
{
	bool ok;

	if (t->k)
		t->now = sim_now(t->k);
	if (t->fmt)
		t->fmt->footer(t);
	else
		tl_record_flush(t);
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
	tl_detach(t);
	for (size_t i = 0; i < TL_HASH; i++)
		free_list(t->hash[i]);
	free_list(t->spare);
	for (size_t i = 0; i < t->n_unit; i++)
		free(t->unit[i].walkers.row);
	for (size_t i = 0; i < t->n_dev; i++) {
		free(t->dev[i].lanes.row);
		free(t->dev[i].tag);
	}
	free(t->dev);
	free(t->dev_at);
	free(t->unit);
	free(t->buf);
	free(t->path);
	free(t);
}
