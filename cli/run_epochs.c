/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_epochs.c - see run_epochs.h. Rows are kept until the end, because statistics of a device begin with its first event: they are 0 before. A counter
 * that warm-up reset in an interval counts from the reset.
 */
#include "run_epochs.h"
#include "outfile.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	sim_time end;
	size_t n;
	uint64_t *gain; /* two for each statistic: counter and 0, n and sum, numerator and denominator */
};
struct epochs {
	struct sim_event ev;
	struct sim_kernel *k;
	const struct stat_reg *reg;
	sim_time period;
	char *path;
	struct row *row;
	size_t n_row;
	uint64_t *last;
	size_t n_last;
	struct outfile out; /* open from the start, so that a path that cannot be written is known before the run */
	bool oom, full;
};

static uint64_t word(const struct stat_node *n, size_t off)
{
	uint64_t v;

	memcpy(&v, (const char *)n->base + off, sizeof(v));
	return v;
}

static void values(const struct stat_node *n, const struct stat_def *d, uint64_t v[2])
{
	const struct hist *h = (const struct hist *)(const void *)((const char *)n->base + d->off);

	v[0] = d->kind == STAT_HIST ? h->n : word(n, d->off);
	v[1] = d->kind == STAT_HIST ? h->sum : d->kind == STAT_RATIO ? word(n, d->off_den) : 0;
}

static size_t count(const struct stat_reg *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		for (const struct stat_def *d = r->node[i].defs; d->name; d++)
			n += 2;
	return n;
}

static void take(struct epochs *ep)
{
	size_t n = count(ep->reg), at = 0;
	struct row *row = realloc(ep->row, (ep->n_row + 1) * sizeof(*row));
	uint64_t *gain = malloc((n ? n : 1) * sizeof(*gain)), *last = realloc(ep->last, (n ? n : 1) * sizeof(*last));

	if (row)
		ep->row = row;
	if (last)
		ep->last = last;
	if (!row || !gain || !last) {
		free(gain);
		ep->oom = true;
		return;
	}
	memset(last + ep->n_last, 0, (n - ep->n_last) * sizeof(*last));
	ep->n_last = n;
	for (size_t i = 0; i < ep->reg->n; i++) {
		for (const struct stat_def *d = ep->reg->node[i].defs; d->name; d++, at += 2) {
			uint64_t v[2];

			values(&ep->reg->node[i], d, v);
			for (unsigned k = 0; k < 2; k++) {
				gain[at + k] = v[k] >= last[at + k] ? v[k] - last[at + k] : v[k];
				last[at + k] = v[k];
			}
		}
	}
	row[ep->n_row++] = (struct row){ sim_now(ep->k), n, gain };
}

static void tick(struct sim_event *e)
{
	struct epochs *ep = container_of(e, struct epochs, ev);
	sim_time next;

	take(ep);
	ep->full = ep->n_row >= EPOCHS_MAX;
	if (!ep->full && !ep->oom && sim_next(ep->k, &next)) /* alone in the queue: the machine has come to its end, or to a halt */
		sim_at(ep->k, sim_now(ep->k) + ep->period, &ep->ev);
}

struct epochs *epochs_start(struct sim_kernel *k, const struct stat_reg *reg, sim_time period, const char *path, struct err *e)
{
	struct epochs *ep = calloc(1, sizeof(*ep));

	if (!ep || !(ep->path = strdup(path))) {
		free(ep);
		err_set(e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	ep->k = k;
	ep->reg = reg;
	ep->period = period;
	if (!outfile_open(&ep->out, path, e)) {
		epochs_destroy(ep);
		return NULL;
	}
	sim_event_init(&ep->ev, tick);
	ep->ev.prio = UINT32_MAX; /* behind everything else of its time */
	sim_at(k, sim_now(k) + period, &ep->ev);
	return ep;
}

static void header(const struct epochs *ep)
{
	fputs("begin_ps,end_ps", ep->out.o);
	for (size_t i = 0; i < ep->reg->n; i++) {
		const struct stat_node *n = &ep->reg->node[i];

		for (const struct stat_def *d = n->defs; d->name; d++) {
			fprintf(ep->out.o, ",%s.%s%s", n->path, d->name, d->kind == STAT_HIST ? ".n" : "");
			if (d->kind == STAT_HIST)
				fprintf(ep->out.o, ",%s.%s.sum", n->path, d->name);
		}
	}
	fputc('\n', ep->out.o);
}

static void line(const struct epochs *ep, size_t r)
{
	const struct row *row = &ep->row[r];
	size_t at = 0;

	fprintf(ep->out.o, "%" PRIu64 ",%" PRIu64, (uint64_t)(r ? ep->row[r - 1].end : 0), (uint64_t)row->end);
	for (size_t i = 0; i < ep->reg->n; i++) {
		for (const struct stat_def *d = ep->reg->node[i].defs; d->name; d++, at += 2) {
			uint64_t a = at < row->n ? row->gain[at] : 0, b = at < row->n ? row->gain[at + 1] : 0;

			if (d->kind == STAT_RATIO && b)
				fprintf(ep->out.o, ",%.6f", (double)a / (double)b);
			else if (d->kind == STAT_RATIO)
				fputc(',', ep->out.o);
			else
				fprintf(ep->out.o, ",%" PRIu64, a);
			if (d->kind == STAT_HIST)
				fprintf(ep->out.o, ",%" PRIu64, b);
		}
	}
	fputc('\n', ep->out.o);
}

bool epochs_finish(struct epochs *ep, struct err *e)
{
	bool ok;

	sim_cancel(ep->k, &ep->ev);
	if (!ep->full && !ep->oom && (!ep->n_row || ep->row[ep->n_row - 1].end != sim_now(ep->k)))
		take(ep);
	header(ep);
	for (size_t r = 0; r < ep->n_row; r++)
		line(ep, r);
	ok = !ep->oom || err_set(e, ERR_MACHINE, "out of memory for the intervals");
	ok = outfile_end(&ep->out, ok, e);
	if (ep->full)
		fprintf(stderr, "iommusim: %s: only the first %d intervals; give --epochs a longer time\n", ep->path, EPOCHS_MAX);
	return ok;
}

void epochs_destroy(struct epochs *ep)
{
	if (!ep)
		return;
	sim_cancel(ep->k, &ep->ev);
	outfile_drop(&ep->out);
	for (size_t i = 0; i < ep->n_row; i++)
		free(ep->row[i].gain);
	free(ep->row);
	free(ep->last);
	free(ep->path);
	free(ep);
}
