/* SPDX-License-Identifier: Apache-2.0 */
/* report_text.c - the walk over the registry, the text writer, and writing to a file in one step. */
#include "report.h"
#include "outfile.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const rep_hist_name[REP_HIST_N] = { "n", "sum", "min", "p50", "p95", "p99", "p99_9", "max" };

void rep_hist_numbers(const struct hist *h, uint64_t v[REP_HIST_N])
{
	static const unsigned permille[] = { 500, 950, 990, 999 };

	v[0] = h->n;
	v[1] = h->sum;
	v[2] = h->n ? h->min : 0;
	for (size_t i = 0; i < ARRAY_LEN(permille); i++)
		v[3 + i] = hist_pct(h, permille[i]);
	v[7] = h->n ? h->max : 0;
}

bool report_walk(const struct stat_reg *r, const struct rep_emit *em)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct stat_node *n = &r->node[i];
		const char *base = n->base;

		if (!em->group(em->arg, n->path))
			return false;
		for (const struct stat_def *d = n->defs; d->name; d++) {
			struct rep_val v = { .def = d };

			if (d->kind == STAT_HIST)
				v.hist = (const struct hist *)(const void *)(base + d->off);
			else
				v.u = v.num = *(const uint64_t *)(const void *)(base + d->off);
			if (d->kind == STAT_RATIO)
				v.den = *(const uint64_t *)(const void *)(base + d->off_den);
			if (!em->value(em->arg, &v))
				return false;
		}
	}
	return true;
}

struct text {
	FILE *o;
	bool brief;
	const char *pending; /* group not printed yet */
};

/* Picoseconds in the largest unit that leaves a number of at least 1, three digits after the point; exact up to the rounding. */
static void put_number(char *buf, size_t n, const char *unit, uint64_t v)
{
	static const char *const name[] = { "ps", "ns", "us", "ms", "s" };
	uint64_t div = 1;
	unsigned i = 0;

	if (strcmp(unit, "ps") || v < 1000) {
		snprintf(buf, n, "%" PRIu64 "%s%s", v, strcmp(unit, "count") && *unit ? " " : "", strcmp(unit, "count") ? unit : "");
		return;
	}
	for (; i + 1 < ARRAY_LEN(name) && v / div >= 1000; i++)
		div *= 1000;
	snprintf(buf, n, "%" PRIu64 ".%03" PRIu64 " %s", v / div, v % div / (div / 1000), name[i]);
}

static bool text_group(void *arg, const char *path)
{
	struct text *t = arg;

	t->pending = path;
	if (!t->brief) {
		fprintf(t->o, "%s\n", path);
		t->pending = NULL;
	}
	return true;
}

static void text_hist(const struct text *t, const struct rep_val *v)
{
	uint64_t num[REP_HIST_N];
	char buf[64];

	rep_hist_numbers(v->hist, num);
	fprintf(t->o, "  %-24s n %" PRIu64, v->def->name, num[0]);
	if (!num[0]) {
		fputs("  mean n/a\n", t->o);
		return;
	}
	if (strcmp(v->def->unit, "ps")) /* counts are small: a whole number would hide most of the mean */
		snprintf(buf, sizeof(buf), "%.3f%s%s", (double)num[1] / (double)num[0], strcmp(v->def->unit, "count") && *v->def->unit ? " " : "",
			 strcmp(v->def->unit, "count") ? v->def->unit : "");
	else
		put_number(buf, sizeof(buf), v->def->unit, num[1] / num[0]);
	fprintf(t->o, "  mean %s", buf);
	for (unsigned i = 2; i < REP_HIST_N; i++) {
		put_number(buf, sizeof(buf), v->def->unit, num[i]);
		fprintf(t->o, "  %s %s", i == 6 ? "p99.9" : rep_hist_name[i], buf);
	}
	fputc('\n', t->o);
}

static bool text_value(void *arg, const struct rep_val *v)
{
	struct text *t = arg;
	const struct stat_def *d = v->def;
	char buf[64] = "n/a";

	if (t->brief && !(d->kind == STAT_HIST ? v->hist->n : d->kind == STAT_RATIO ? v->den : v->u))
		return true;
	if (t->pending) {
		fprintf(t->o, "%s\n", t->pending);
		t->pending = NULL;
	}
	if (d->kind == STAT_HIST) {
		text_hist(t, v);
		return true;
	}
	if (d->kind == STAT_U64)
		put_number(buf, sizeof(buf), d->unit, v->u);
	else if (v->den)
		snprintf(buf, sizeof(buf), "%.6f", (double)v->num / (double)v->den);
	fprintf(t->o, "  %-24s %s\n", d->name, buf);
	return true;
}

static bool finish(FILE *o, struct err *e)
{
	errno = 0;
	if (fflush(o) || ferror(o))
		return err_set(e, ERR_MACHINE, "cannot write statistics: %s", errno ? strerror(errno) : "write error");
	return true;
}

bool report_text(const struct stat_reg *r, bool brief, FILE *o, struct err *e)
{
	struct text t = { o, brief, NULL };
	struct rep_emit em = { &t, text_group, text_value };

	return report_walk(r, &em) ? finish(o, e) : err_set(e, ERR_MACHINE, "out of memory");
}

static bool text_full(const struct stat_reg *r, FILE *o, struct err *e)
{
	return report_text(r, false, o, e);
}

static const struct {
	const char *suffix;
	bool (*write)(const struct stat_reg *r, FILE *o, struct err *e);
} writers[] = { { ".json", report_json }, { ".csv", report_csv }, { ".txt", text_full } };

static int writer_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (unsigned i = 0; dot && i < ARRAY_LEN(writers); i++)
		if (!strcmp(dot, writers[i].suffix))
			return (int)i;
	return -1;
}

bool report_known(const char *path)
{
	return writer_of(path) >= 0;
}

bool report_file(const struct stat_reg *r, const char *path, struct err *e)
{
	int w = writer_of(path);
	struct outfile f;

	if (w < 0)
		return err_set(e, ERR_INPUT, "%s: the name of a statistics file ends in .json, .csv or .txt", path);
	if (!outfile_open(&f, path, e))
		return false;
	return outfile_end(&f, writers[w].write(r, f.o, e), e);
}
