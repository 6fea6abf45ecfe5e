/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_json.c - Chrome trace events ("Trace Event Format", JSON object form): one process for each unit and each requester, a thread for each walker and
 * each request at once. Times are microseconds. Slices nest: request, phase; walk, read. An outer one
 * stands before the inner ones, which readers expect of slices that begin together.
 */
#include "timeline_int.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { DEV_PID = 1000, TID_COMMANDS = 1, TID_WALKER = 100, TID_REQUEST = 1, TID_MESSAGES = 100000 };

static bool start(struct timeline *t)
{
	if (!tl_room(t))
		return false;
	fputs(t->any ? ",\n" : "\n", t->o);
	t->any = true;
	return true;
}

/*
 * In multiples of 2^-22 us, a quarter of a picosecond: readers add and subtract times as floating-point numbers, and of such ones sums are exact (below 2000 s).
 * Of decimal fractions they are not, and slices that follow each other overlap. To the next picosecond they are what they were.
 */
static double grid(sim_time ps)
{
	return nearbyint((double)ps * 4.194304) / 4194304;
}

static void us(FILE *o, const char *key, double t)
{
	fprintf(o, ",\"%s\":%.17g", key, t);
}

static uint32_t pid_of(struct timeline *t, uint32_t rid)
{
	const struct tl_dev *d = tl_dev(t, rid);

	return DEV_PID + (d ? (uint32_t)(d - t->dev) : 0);
}

static bool slice(struct timeline *t, const char *name, const char *cat, uint32_t pid, uint32_t tid, sim_time from, sim_time to)
{
	if (!start(t))
		return false;
	fprintf(t->o, "{\"ph\":\"X\",\"name\":\"%s\",\"cat\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32, name, cat, pid, tid);
	us(t->o, "ts", grid(from));
	us(t->o, "dur", grid(to) - grid(from));
	return true;
}

static void named(struct timeline *t, const char *what, uint32_t pid, uint32_t tid, const char *name)
{
	fprintf(t->o, "%s{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"args\":{\"name\":\"%s\"}}", t->any ? ",\n" : "\n", what, pid, tid, name);
	t->any = true;
}

static void header(struct timeline *t)
{
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", t->o);
	for (size_t i = 0; i < t->n_unit; i++) {
		named(t, "process_name", (uint32_t)i + 1, 0, t->unit[i]->u->name);
		named(t, "thread_name", (uint32_t)i + 1, TID_COMMANDS, "commands");
	}
}

static void keep(struct timeline *t, struct tl_parts *k, sim_time from, uint64_t what)
{
	if (k->n == k->cap) {
		size_t cap = k->cap ? 2 * k->cap : 8;
		struct tl_part *p = realloc(k->p, cap * sizeof(*p));

		if (!p) {
			t->oom = true;
			return;
		}
		k->p = p;
		k->cap = cap;
	}
	k->p[k->n++] = (struct tl_part){ from, sim_now(t->k), what };
}

static void phases(struct timeline *t, struct tl_live *l)
{
	for (size_t i = 0; i < l->phases.n; i++) {
		const struct tl_part *p = &l->phases.p[i];

		if (slice(t, xl_state_name[p->what], "phase", pid_of(t, l->x->req.rid), TID_REQUEST + l->lane, p->from, p->to))
			fputc('}', t->o);
	}
	l->phases.n = 0;
}

static void request(struct timeline *t, struct tl_live *l)
{
	static const char *const at[] = { "DMA", "translation request", "translated DMA", "prefetch" };
	const struct xl *x = l->x;

	if (!slice(t, at[x->req.at & 3], "dma", pid_of(t, x->req.rid), TID_REQUEST + l->lane, l->begin, sim_now(t->k)))
		return;
	fprintf(t->o, ",\"args\":{\"seq\":%" PRIu64 ",\"iova\":\"0x%" PRIx64 "\",\"bytes\":%" PRIu32 ",\"access\":\"%s%s%s\",\"reads\":%u,\"result\":\"", x->seq, x->req.iova,
		x->req.len, x->req.acc & XL_R ? "r" : "", x->req.acc & XL_W ? "w" : "", x->req.acc & XL_X ? "x" : "", x->reads);
	if (x->res.ok)
		fprintf(t->o, "0x%" PRIx64, x->res.spa);
	else
		fprintf(t->o, "fault 0x%x", x->res.code);
	if (x->req.has_pasid)
		fprintf(t->o, "\",\"pasid\":\"%" PRIu32, x->req.pasid);
	fputs("\"}}", t->o);
	phases(t, l);
}

static void phase(struct timeline *t, struct tl_live *l)
{
	if (l->phase != sim_now(t->k))
		keep(t, &l->phases, l->phase, l->state);
}

static void walk(struct timeline *t, struct tl_live *l, bool on)
{
	const struct xl *x = l->x;

	if (on)
		return;
	if (!slice(t, "walk", "walk", l->u->index + 1, TID_WALKER + l->walker, l->phase, sim_now(t->k)))
		return;
	fprintf(t->o, ",\"args\":{\"seq\":%" PRIu64 ",\"requester\":\"%02x:%02x.%x\",\"iova\":\"0x%" PRIx64 "\",\"reads\":%u}}", x->seq, x->req.rid >> 8 & 0xff,
		x->req.rid >> 3 & 31, x->req.rid & 7, x->req.iova, x->reads);
	for (size_t i = 0; i < l->reads.n; i++) {
		const struct tl_part *p = &l->reads.p[i];

		if (slice(t, "read", "walk", l->u->index + 1, TID_WALKER + l->walker, p->from, p->to))
			fprintf(t->o, ",\"args\":{\"address\":\"0x%" PRIx64 "\"}}", p->what);
	}
	l->reads.n = 0;
}

static void read_done(struct timeline *t, struct tl_live *l)
{
	keep(t, &l->reads, l->read, l->read_spa);
}

static void commands(struct timeline *t, const struct tl_unit *u, bool on)
{
	if (!on && slice(t, "commands", "queue", u->index + 1, TID_COMMANDS, u->commands_since, sim_now(t->k)))
		fputc('}', t->o);
}

static void counts(struct timeline *t, const struct tl_unit *u)
{
	if (!start(t))
		return;
	fprintf(t->o, "{\"ph\":\"C\",\"name\":\"requests\",\"pid\":%" PRIu32, u->index + 1);
	us(t->o, "ts", grid(sim_now(t->k)));
	fprintf(t->o, ",\"args\":{\"in flight\":%" PRIu32 ",\"walking\":%" PRIu32 ",\"miss queue\":%" PRIu32 "}}", u->n_flight, u->n_walk, u->n_miss);
}

/* Request and answer are the ends of one asynchronous slice, found by requester and tag. */
static void message(struct timeline *t, const struct tl_unit *u, enum tap_msg what, uint32_t rid, uint64_t value)
{
	bool page = what == TAP_PAGE_REQ || what == TAP_PAGE_RESP;

	if (!start(t))
		return;
	if (what == TAP_MSI) {
		fprintf(t->o, "{\"ph\":\"i\",\"s\":\"p\",\"name\":\"interrupt message\",\"cat\":\"msi\",\"pid\":%" PRIu32 ",\"tid\":%d", u->index + 1, TID_COMMANDS);
		us(t->o, "ts", grid(sim_now(t->k)));
		fprintf(t->o, ",\"args\":{\"address\":\"0x%" PRIx64 "\"}}", value);
		return;
	}
	fprintf(t->o, "{\"ph\":\"%s\",\"name\":\"%s\",\"cat\":\"%s\",\"id\":\"%" PRIx32 ".%" PRIu64 "\",\"pid\":%" PRIu32 ",\"tid\":%d",
		what == TAP_ATS_INV || what == TAP_PAGE_REQ ? "b" : "e", page ? "page request group" : "invalidate request", page ? "pri" : "ats", rid, value, pid_of(t, rid),
		TID_MESSAGES);
	us(t->o, "ts", grid(sim_now(t->k)));
	fprintf(t->o, ",\"args\":{\"%s\":%" PRIu64 "}}", page ? "group" : "itag", value);
}

static void footer(struct timeline *t)
{
	char name[32];

	for (size_t i = 0; i < t->n_dev; i++) {
		uint32_t rid = t->dev[i].rid;

		snprintf(name, sizeof(name), "dev %02x:%02x.%x", rid >> 8 & 0xff, rid >> 3 & 31, rid & 7);
		named(t, "process_name", DEV_PID + (uint32_t)i, 0, name);
		for (size_t k = 0; k < t->dev[i].lanes.n; k++) {
			snprintf(name, sizeof(name), "request %zu", k + 1);
			named(t, "thread_name", DEV_PID + (uint32_t)i, TID_REQUEST + (uint32_t)k, name);
		}
	}
	for (size_t i = 0; i < t->n_unit; i++) {
		for (size_t k = 0; k < t->unit[i]->walkers.n; k++) {
			snprintf(name, sizeof(name), "walker %zu", k + 1);
			named(t, "thread_name", (uint32_t)i + 1, TID_WALKER + (uint32_t)k, name);
		}
	}
	fputs("\n]}\n", t->o);
}

const struct tl_fmt tl_json = { header, request, phase, walk, read_done, commands, counts, message, footer };
