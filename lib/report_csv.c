/* SPDX-License-Identifier: Apache-2.0 */
/* report_csv.c - statistics as one header line and one row; names are flat: group, point, statistic, point, part of a histogram. */
#include "memtext.h"
#include "report.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct csv {
	FILE *head, *row;
	const char *group;
	bool any;
};

static bool csv_group(void *arg, const char *path)
{
	((struct csv *)arg)->group = path;
	return true;
}

static void cell(struct csv *c, const char *name, const char *part, const char *text)
{
	fprintf(c->head, "%s%s.%s%s%s", c->any ? "," : "", c->group, name, part ? "." : "", part ? part : "");
	fprintf(c->row, "%s%s", c->any ? "," : "", text);
	c->any = true;
}

static bool csv_value(void *arg, const struct rep_val *v)
{
	struct csv *c = arg;
	uint64_t num[REP_HIST_N] = { v->u };
	char buf[64] = "n/a";

	if (v->def->kind == STAT_RATIO) {
		if (v->den)
			snprintf(buf, sizeof(buf), "%.9g", (double)v->num / (double)v->den);
		cell(c, v->def->name, NULL, buf);
		return true;
	}
	if (v->def->kind == STAT_HIST)
		rep_hist_numbers(v->hist, num);
	for (unsigned i = 0; i < (v->def->kind == STAT_HIST ? REP_HIST_N : 1); i++) {
		snprintf(buf, sizeof(buf), "%" PRIu64, num[i]);
		cell(c, v->def->name, v->def->kind == STAT_HIST ? rep_hist_name[i] : NULL, buf);
	}
	return !ferror(c->head) && !ferror(c->row);
}

bool report_csv(const struct stat_reg *r, FILE *o, struct err *e)
{
	char *head = NULL, *row = NULL;
	size_t n_head, n_row;
	struct csv c = { .head = open_memstream(&head, &n_head) };
	struct rep_emit em = { &c, csv_group, csv_value };
	bool ok;

	c.row = open_memstream(&row, &n_row);
	ok = c.head && c.row && report_walk(r, &em);
	ok &= memtext_end(c.head, &head);
	ok &= memtext_end(c.row, &row);
	if (!ok)
		err_set(e, ERR_MACHINE, "out of memory");
	errno = 0;
	if (ok && (fprintf(o, "%s\n%s\n", head, row) < 0 || fflush(o)))
		ok = err_set(e, ERR_MACHINE, "cannot write statistics: %s", errno ? strerror(errno) : "write error");
	free(head);
	free(row);
	return ok;
}
