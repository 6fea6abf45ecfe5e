/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_vcd.c - value change dump (IEEE 1364-2005, 18): for each unit its counts, whether commands run, requests to devices without an answer, and for
 * each walker (the first 64) whether it is busy, the I/O address, and the address it reads. Single requests are not wires; the JSON form has them.
 */
#include "timeline_int.h"
#include <inttypes.h>

/* Identifier codes: two characters for the unit's wire, and the unit. */
enum wire { W_FLIGHT, W_WALK, W_MISS, W_CMD, W_ATS, W_PAGE, W_WALKER }; /* three for each walker from W_WALKER on */

static void code(FILE *o, const struct tl_unit *u, unsigned wire)
{
	unsigned v = u->index * 256 + wire;

	do
		fputc(33 + (int)(v % 94), o);
	while ((v /= 94) != 0);
}

static unsigned n_walkers(const struct tl_unit *u)
{
	return u->most < TL_MAX_WALKERS ? u->most : TL_MAX_WALKERS;
}

static void number(struct timeline *t, const struct tl_unit *u, unsigned wire, uint64_t v)
{
	int top = 63;

	while (top && !(v >> top & 1))
		top--;
	fputc('b', t->o);
	for (; top >= 0; top--)
		fputc((int)('0' + (v >> top & 1)), t->o);
	fputc(' ', t->o);
	code(t->o, u, wire);
	fputc('\n', t->o);
}

static void bit(struct timeline *t, const struct tl_unit *u, unsigned wire, bool v)
{
	fputc(v ? '1' : '0', t->o);
	code(t->o, u, wire);
	fputc('\n', t->o);
}

static void at(struct timeline *t)
{
	if (t->now != t->line)
		fprintf(t->o, "#%" PRIu64 "\n", (uint64_t)t->now);
	t->line = t->now;
}

static void var(FILE *o, const struct tl_unit *u, unsigned wire, unsigned bits, const char *name, unsigned n)
{
	fprintf(o, "$var wire %u ", bits);
	code(o, u, wire);
	fprintf(o, " %s", name);
	if (n)
		fprintf(o, "_%u", n);
	fputs(" $end\n", o);
}

static void header(struct timeline *t)
{
	static const char *const name[] = { "in_flight", "walking", "miss_queue", "commands", "invalidate_requests", "page_requests" };
	FILE *o = t->o;

	fputs("$version iommusim $end\n$timescale 1 ps $end\n", o);
	for (size_t i = 0; i < t->n_unit; i++) {
		const struct tl_unit *u = &t->unit[i];

		fprintf(o, "$scope module %s $end\n", u->name);
		for (unsigned w = 0; w < W_WALKER; w++)
			var(o, u, w, w == W_CMD ? 1 : 32, name[w], 0);
		for (unsigned w = 0; w < n_walkers(u); w++) {
			var(o, u, W_WALKER + 3 * w, 1, "walker_busy", w + 1);
			var(o, u, W_WALKER + 3 * w + 1, 64, "walker_iova", w + 1);
			var(o, u, W_WALKER + 3 * w + 2, 64, "walker_read", w + 1);
		}
		fputs("$upscope $end\n", o);
	}
	fputs("$enddefinitions $end\n#0\n$dumpvars\n", o);
	for (size_t i = 0; i < t->n_unit; i++) {
		const struct tl_unit *u = &t->unit[i];

		for (unsigned w = 0; w < W_WALKER + 3 * n_walkers(u); w++)
			if (w == W_CMD || (w >= W_WALKER && (w - W_WALKER) % 3 == 0))
				bit(t, u, w, false);
			else
				number(t, u, w, 0);
	}
	fputs("$end\n", o);
}

static void request(struct timeline *t, struct tl_live *l, const struct tl_ev *gone)
{
	(void)t;
	(void)l;
	(void)gone;
}

static void phase(struct timeline *t, struct tl_live *l)
{
	(void)t;
	(void)l;
}

static void walk(struct timeline *t, struct tl_live *l, bool on)
{
	unsigned wire = W_WALKER + 3 * l->walker;

	if (l->walker >= n_walkers(l->u) || !tl_window(t) || !tl_room(t))
		return;
	at(t);
	bit(t, l->u, wire, on);
	if (on)
		number(t, l->u, wire + 1, l->from.value);
}

/* The address of a read is shown when the read is over, from then on: a wire shows the last one that finished. */
static void read_done(struct timeline *t, struct tl_live *l)
{
	if (l->walker >= n_walkers(l->u) || !tl_window(t) || !tl_room(t))
		return;
	at(t);
	number(t, l->u, W_WALKER + 3 * l->walker + 2, l->read_spa);
}

static void commands(struct timeline *t, struct tl_unit *u, bool on)
{
	if (!tl_window(t) || !tl_room(t))
		return;
	at(t);
	bit(t, u, W_CMD, on);
}

static void counts(struct timeline *t, const struct tl_unit *u)
{
	if (!tl_window(t) || !tl_room(t))
		return;
	at(t);
	number(t, u, W_FLIGHT, u->n_flight);
	number(t, u, W_WALK, u->n_walk);
	number(t, u, W_MISS, u->n_miss);
	number(t, u, W_ATS, u->n_ats);
	number(t, u, W_PAGE, u->n_page);
}

static void message(struct timeline *t, const struct tl_unit *u, enum tap_msg what, uint32_t rid, uint64_t value)
{
	(void)t;
	(void)u;
	(void)what;
	(void)rid;
	(void)value;
}

static void footer(struct timeline *t)
{
	fprintf(t->o, "#%" PRIu64 "\n", (uint64_t)t->now + 1);
}

const struct tl_fmt tl_vcd = { header, request, phase, walk, read_done, commands, counts, message, footer };
