/* SPDX-License-Identifier: Apache-2.0 */
/* api_stat.c - the public C library: statistics by name and as JSON, findings of the oracle. */
#include <stdlib.h>
#include <string.h>
#include "api_int.h"
#include "memtext.h"
#include "oracle_text.h"
#include "report.h"

enum { KEPT = 100 }; /* findings that can be read */

/* ---- statistics ---- */

int iommusim_statistic(iommusim *s, const char *name, double *value)
{
	struct err e = { 0 };

	return stat_find(&s->reg, name, value, &e) ? IOMMUSIM_OK : api_fail(s, &e);
}

char *iommusim_statistics_json(iommusim *s)
{
	char *text = NULL;
	size_t n = 0;
	struct err e = { 0 };
	FILE *o = open_memstream(&text, &n);
	bool ok = o && report_json(&s->reg, o, &e);

	if (!memtext_end(o, &text))
		ok = err_set(&e, ERR_MACHINE, "out of memory");
	if (ok)
		return text;
	free(text);
	if (!e.code)
		err_set(&e, ERR_MACHINE, "out of memory");
	api_fail(s, &e);
	return NULL;
}

void iommusim_statistics_reset(iommusim *s)
{
	stat_reset(&s->reg);
}

void iommusim_free(char *text)
{
	free(text);
}

/* ---- findings ---- */

bool api_start_oracle(iommusim *s, struct err *e)
{
	s->oracle = oracle_create(s->p, KEPT, e);
	if (!s->oracle)
		return false;
	return stat_add(&s->reg, "oracle", oracle_statistics(s->oracle), oracle_stat_defs) || err_set(e, ERR_MACHINE, "out of memory");
}

uint64_t iommusim_finding_count(const iommusim *s)
{
	return s->oracle ? oracle_bad(s->oracle) : 0;
}

int iommusim_finding(const iommusim *s, size_t index, char *text, size_t size)
{
	const struct oracle_finding *f = s->oracle && index < oracle_bad(s->oracle) ? oracle_finding(s->oracle, index) : NULL;
	char *all = NULL;
	size_t n = 0;
	FILE *o;

	if (size)
		*text = '\0';
	if (!f || f->class == ORACLE_WINDOW)
		return 0;
	o = open_memstream(&all, &n);
	if (o)
		oracle_text(f, "call", o);
	if (!memtext_end(o, &all)) {
		n = 0;
	} else if (size) {
		memcpy(text, all, n < size ? n : size - 1);
		text[n < size ? n : size - 1] = '\0';
	}
	free(all);
	return (int)n;
}
