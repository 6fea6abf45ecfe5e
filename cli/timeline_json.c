/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_json.c - Chrome trace events ("Trace Event Format", JSON object form): one process for each unit and each requester, a thread for each walker and
 * each request at once. A slice is a begin (B) and an end (E), not one event with a duration: Perfetto rounds times and durations to ns each for itself, and
 * slices that follow each other would overlap. Slices nest: request, phase; walk, read. Within a thread events are in the order of time. Inner slices are
 * written when they are over, and what is known only at the end of an outer one stands in its E.
 */
#include "timeline_int.h"
#include <inttypes.h>
#include <stdlib.h>

/* A thread with the number of its process is taken for a main thread: there is none, with fewer than 1000 units and rows of a device. */
enum { DEV_PID = 1000, TID_COMMANDS = 1001, TID_INTERRUPTS = 1002, TID_WALKER = 2001, TID_REQUEST = 1, TID_MESSAGES = 100000 };

static bool start(struct timeline *t)
{
	if (!tl_room(t))
		return false;
	fputs(t->any ? ",\n" : "\n", t->o);
	t->any = true;
	return true;
}

/* Microseconds, in decimals: exact, and no more digits than needed. */
static void stamp(FILE *o, sim_time ps)
{
	unsigned part = (unsigned)(ps % 1000000);
	int digits = 6;

	fprintf(o, ",\"ts\":%" PRIu64, ps / 1000000);
	if (!part)
		return;
	for (; part % 10 == 0; part /= 10)
		digits--;
	fprintf(o, ".%0*u", digits, part);
}

static uint32_t pid_of(struct timeline *t, uint32_t rid)
{
	const struct tl_dev *d = tl_dev(t, rid);

	return DEV_PID + (d ? (uint32_t)(d - t->dev) : 0);
}

/* The caller adds arguments, and the last bracket. */
static bool begin(struct timeline *t, const char *name, const char *cat, uint32_t pid, uint32_t tid, sim_time at)
{
	if (!start(t))
		return false;
	fprintf(t->o, "{\"ph\":\"B\",\"name\":\"%s\",\"cat\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32, name, cat, pid, tid);
	stamp(t->o, at);
	return true;
}

/* Of a slice whose begin was written: now. The caller adds arguments, and the last bracket. */
static void end(struct timeline *t, const char *name, uint32_t pid, uint32_t tid)
{
	fprintf(t->o, ",\n{\"ph\":\"E\",\"name\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32, name, pid, tid);
	stamp(t->o, t->now);
}

static void meta(struct timeline *t, const char *what, uint32_t pid, uint32_t tid)
{
	fprintf(t->o, "%s{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"args\":", t->any ? ",\n" : "\n", what, pid, tid);
	t->any = true;
}

/* Shown in the order of their numbers. */
static void process(struct timeline *t, uint32_t pid, const char *name)
{
	meta(t, "process_name", pid, 0);
	fprintf(t->o, "{\"name\":\"%s\"}}", name);
	meta(t, "process_sort_index", pid, 0);
	fprintf(t->o, "{\"sort_index\":%" PRIu32 "}}", pid);
}

static void thread(struct timeline *t, uint32_t pid, uint32_t tid, const char *name)
{
	meta(t, "thread_name", pid, tid);
	fprintf(t->o, "{\"name\":\"%s\"}}", name);
	meta(t, "thread_sort_index", pid, tid);
	fprintf(t->o, "{\"sort_index\":%" PRIu32 "}}", tid);
}

static void header(struct timeline *t)
{
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", t->o);
	for (size_t i = 0; i < t->n_unit; i++) {
		process(t, (uint32_t)i + 1, t->unit[i].name);
		thread(t, (uint32_t)i + 1, TID_COMMANDS, "commands");
		thread(t, (uint32_t)i + 1, TID_INTERRUPTS, "interrupt messages");
	}
}

static void request_end(struct timeline *t, const struct tl_live *l, const char *name, const struct tl_ev *gone)
{
	end(t, name, pid_of(t, l->from.rid), TID_REQUEST + l->lane);
	fprintf(t->o, ",\"args\":{\"reads\":%u,\"result\":\"%s0x%" PRIx64 "\"}}", gone->len, gone->kind ? "" : "fault ", gone->value);
}

static void request(struct timeline *t, struct tl_live *l, const struct tl_ev *gone)
{
	static const char *const at[] = { "DMA", "translation request", "translated DMA", "prefetch" };
	const struct tl_ev *r = &l->from;
	const char *name = at[r->kind];

	if (gone) {
		if (l->shown)
			request_end(t, l, name, gone);
		return;
	}
	l->shown = tl_window(t) && begin(t, name, "dma", pid_of(t, r->rid), TID_REQUEST + l->lane, t->now);
	if (!l->shown)
		return;
	fprintf(t->o, ",\"args\":{\"seq\":%" PRIu64 ",\"iova\":\"0x%" PRIx64 "\",\"bytes\":%u,\"access\":\"%s%s%s\"", r->id, r->value, r->len,
		r->acc & XL_R ? "r" : "", r->acc & XL_W ? "w" : "", r->acc & XL_X ? "x" : "");
	if (r->acc & TL_PASID)
		fprintf(t->o, ",\"pasid\":%" PRIu32, r->pasid);
	fputs("}}", t->o);
}

static bool phase_begin(struct timeline *t, const struct tl_live *l)
{
	if (!begin(t, xl_state_name[l->state], "phase", pid_of(t, l->from.rid), TID_REQUEST + l->lane, l->phase))
		return false;
	fputc('}', t->o);
	return true;
}

static void phase(struct timeline *t, struct tl_live *l)
{
	if (!l->shown || l->phase == t->now || !phase_begin(t, l))
		return;
	end(t, xl_state_name[l->state], pid_of(t, l->from.rid), TID_REQUEST + l->lane);
	fputc('}', t->o);
}

static void walk(struct timeline *t, struct tl_live *l, bool on)
{
	uint32_t rid = l->from.rid;

	if (!on) {
		if (!l->walk_shown)
			return;
		end(t, "walk", l->u->index + 1, TID_WALKER + l->walker);
		fprintf(t->o, ",\"args\":{\"reads\":%u}}", l->reads);
		return;
	}
	l->walk_shown = tl_window(t) && begin(t, "walk", "walk", l->u->index + 1, TID_WALKER + l->walker, l->phase);
	if (l->walk_shown)
		fprintf(t->o, ",\"args\":{\"seq\":%" PRIu64 ",\"requester\":\"%02x:%02x.%x\",\"iova\":\"0x%" PRIx64 "\"}}", l->seq, rid >> 8 & 0xff,
			rid >> 3 & 31, rid & 7, l->from.value);
}

static bool read_begin(struct timeline *t, const struct tl_live *l)
{
	if (!begin(t, "read", "walk", l->u->index + 1, TID_WALKER + l->walker, l->read))
		return false;
	fprintf(t->o, ",\"args\":{\"address\":\"0x%" PRIx64 "\"}}", l->read_spa);
	return true;
}

static void read_done(struct timeline *t, struct tl_live *l)
{
	if (!l->walk_shown || !read_begin(t, l))
		return;
	end(t, "read", l->u->index + 1, TID_WALKER + l->walker);
	fputc('}', t->o);
}

static void commands(struct timeline *t, struct tl_unit *u, bool on)
{
	if (on)
		u->commands_shown = tl_window(t) && begin(t, "commands", "queue", u->index + 1, TID_COMMANDS, t->now);
	else if (u->commands_shown)
		end(t, "commands", u->index + 1, TID_COMMANDS);
	if (u->commands_shown)
		fputc('}', t->o);
	u->commands_shown &= on;
}

static void counts(struct timeline *t, const struct tl_unit *u)
{
	if (!tl_window(t) || !start(t))
		return;
	fprintf(t->o, "{\"ph\":\"C\",\"name\":\"requests\",\"pid\":%" PRIu32, u->index + 1);
	stamp(t->o, t->now);
	fprintf(t->o, ",\"args\":{\"in flight\":%" PRIu32 ",\"walking\":%" PRIu32 ",\"miss queue\":%" PRIu32 "}}", u->n_flight, u->n_walk, u->n_miss);
}

static void interrupt(struct timeline *t, const struct tl_unit *u, uint64_t address)
{
	if (!tl_window(t) || !start(t))
		return;
	fprintf(t->o, "{\"ph\":\"i\",\"s\":\"t\",\"name\":\"interrupt message\",\"cat\":\"msi\",\"pid\":%" PRIu32 ",\"tid\":%d", u->index + 1, TID_INTERRUPTS);
	stamp(t->o, t->now);
	fprintf(t->o, ",\"args\":{\"address\":\"0x%" PRIx64 "\"}}", address);
}

static void message_begin(struct timeline *t, struct tl_dev *d, size_t i, bool page, uint64_t value)
{
	if (!tl_window(t) || !begin(t, page ? "page request group" : "invalidate request", page ? "pri" : "ats", pid_of(t, d->rid), TID_MESSAGES + (uint32_t)i, t->now))
		return;
	fprintf(t->o, ",\"args\":{\"%s\":%" PRIu64 "}}", page ? "group" : "itag", value);
	d->tag[i] = value << 1 | page;
}

static void message_end(struct timeline *t, struct tl_dev *d, size_t i, bool page)
{
	end(t, page ? "page request group" : "invalidate request", pid_of(t, d->rid), TID_MESSAGES + (uint32_t)i);
	fputc('}', t->o);
	d->tag[i] = TL_NOBODY;
}

static size_t row_of(const struct tl_dev *d, uint64_t tag)
{
	size_t i = 0;

	while (i < d->n_tag && d->tag[i] != tag)
		i++;
	return i;
}

static bool message_row(struct timeline *t, struct tl_dev *d)
{
	uint64_t *a = realloc(d->tag, (d->n_tag + 1) * sizeof(*a));

	if (!a) {
		t->oom = true;
		return false;
	}
	d->tag = a;
	d->tag[d->n_tag++] = TL_NOBODY;
	return true;
}

/* From request to answer, found by tag, or until the tag is used again. The page requests of a group are one slice. */
static void message(struct timeline *t, const struct tl_unit *u, enum tap_msg what, uint32_t rid, uint64_t value)
{
	bool page = what == TAP_PAGE_REQ || what == TAP_PAGE_RESP, request = what == TAP_ATS_INV || what == TAP_PAGE_REQ;
	struct tl_dev *d;
	size_t i;

	if (what == TAP_MSI) {
		interrupt(t, u, value);
		return;
	}
	d = tl_dev(t, rid);
	if (!d)
		return;
	i = row_of(d, value << 1 | page);
	if (i < d->n_tag && request && page)
		return;
	if (i < d->n_tag)
		message_end(t, d, i, page);
	if (!request)
		return;
	i = row_of(d, TL_NOBODY);
	if (i < d->n_tag || message_row(t, d))
		message_begin(t, d, i, page, value);
}

static void device(struct timeline *t, const struct tl_dev *d, uint32_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "dev %02x:%02x.%x", d->rid >> 8 & 0xff, d->rid >> 3 & 31, d->rid & 7);
	process(t, pid, name);
	for (size_t k = 0; k < d->lanes.n; k++) {
		const struct tl_live *l = d->lanes.row[k];

		snprintf(name, sizeof(name), "request %zu", k + 1);
		thread(t, pid, TID_REQUEST + (uint32_t)k, name);
		if (l && l->shown) /* it has not ended: its phase has a begin only, too */
			phase_begin(t, l);
	}
	for (size_t k = 0; k < d->n_tag; k++) {
		snprintf(name, sizeof(name), "message %zu", k + 1);
		thread(t, pid, TID_MESSAGES + (uint32_t)k, name);
	}
}

static void footer(struct timeline *t)
{
	char name[32];

	for (size_t i = 0; i < t->n_dev; i++)
		device(t, &t->dev[i], DEV_PID + (uint32_t)i);
	for (size_t i = 0; i < t->n_unit; i++) {
		for (size_t k = 0; k < t->unit[i].walkers.n; k++) {
			const struct tl_live *l = t->unit[i].walkers.row[k];

			snprintf(name, sizeof(name), "walker %zu", k + 1);
			thread(t, (uint32_t)i + 1, TID_WALKER + (uint32_t)k, name);
			if (l && l->walk_shown && l->reading)
				read_begin(t, l);
		}
	}
	fputs("\n]}\n", t->o);
}

const struct tl_fmt tl_json = { header, request, phase, walk, read_done, commands, counts, message, footer };
