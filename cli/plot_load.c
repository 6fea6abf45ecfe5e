/* SPDX-License-Identifier: Apache-2.0 */
/* plot_load.c - from a result database: axes, runs that did not fail, the wanted statistic of each. */
#include "plot_fig.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const parts[] = { "n", "sum", "min", "p50", "p95", "p99", "p99_9", "max", "mean" };

static bool oom(struct err *e)
{
	return err_set(e, ERR_MACHINE, "out of memory");
}

size_t plot_find_key(const struct plot_fig *f, const char *name)
{
	size_t i = 0;

	while (i < f->n_key && strcmp(f->key[i].name, name))
		i++;
	return i;
}

static bool load_keys(struct plot_fig *f, const struct rdb *db, struct err *e)
{
	sqlite3_stmt *q = rdb_query(db, e,
			"SELECT * FROM (SELECT key, type, unit, help FROM keys ORDER BY ord) UNION ALL SELECT 'seed', 'integer', '', 'Seed of everything random.'");
	int got = -1;

	while (q && (got = rdb_step(db, q, e)) > 0) {
		struct plot_key *grown = realloc(f->key, (f->n_key + 1) * sizeof(*grown)), *k;

		if (!grown) {
			got = -1;
			oom(e);
			break;
		}
		f->key = grown;
		k = &f->key[f->n_key++];
		*k = (struct plot_key){ strdup(rdb_text(q, 0)), strdup(rdb_text(q, 1)), strdup(rdb_text(q, 2)), strdup(rdb_text(q, 3)) };
		if (!k->name || !k->type || !k->unit || !k->help) {
			got = -1;
			oom(e);
			break;
		}
	}
	sqlite3_finalize(q);
	return got == 0;
}

static bool load_params(const struct plot_fig *f, const struct rdb *db, struct plot_run *r, struct err *e)
{
	char id[24];
	sqlite3_stmt *q;
	int got = -1;

	snprintf(id, sizeof(id), "%lld", r->run);
	q = rdb_query(db, e,
			"SELECT key, value, num FROM parameters WHERE run = ?1 UNION ALL SELECT 'seed', CAST(seed AS TEXT), seed FROM runs WHERE run = ?1", id);
	while (q && (got = rdb_step(db, q, e)) > 0) {
		size_t k = plot_find_key(f, rdb_text(q, 0));

		if (k == f->n_key)
			continue;
		free(r->text[k]);
		r->text[k] = strdup(rdb_text(q, 1));
		if (!r->text[k]) {
			got = -1;
			oom(e);
			break;
		}
		r->num[k] = sqlite3_column_type(q, 2) == SQLITE_NULL ? NAN : sqlite3_column_double(q, 2);
	}
	sqlite3_finalize(q);
	return got == 0;
}

/* Runs of different base configurations, merged, cannot be told apart by their axes: what would their mean be? */
static bool check_unique(const struct rdb *db, struct err *e)
{
	sqlite3_stmt *q = rdb_query(db, e,
			"SELECT axes FROM (SELECT seed, coalesce((SELECT group_concat(key || '=' || value, ', ') FROM parameters p WHERE"
					   " p.run = r.run), '') AS axes FROM runs r WHERE status != 'failed') GROUP BY axes, seed HAVING count(*) > 1 LIMIT 1");
	int got = q ? rdb_step(db, q, e) : -1;

	if (got > 0)
		err_set(e, ERR_INPUT,
				"%s: two runs have the same axis values and seed (%.200s): it was merged from sweeps of different configurations or traces", db->path,
			*rdb_text(q, 0) ? rdb_text(q, 0) : "no axes");
	sqlite3_finalize(q);
	return got == 0;
}

bool plot_load(struct plot_fig *f, const struct rdb *db, struct err *e)
{
	sqlite3_stmt *q;
	int got = -1;

	if (!check_unique(db, e) || !load_keys(f, db, e))
		return false;
	q = rdb_query(db, e, "SELECT run, status, point FROM runs ORDER BY point, run");
	while (q && (got = rdb_step(db, q, e)) > 0) {
		struct plot_run *grown, *r;

		if (!strcmp(rdb_text(q, 1), "failed")) {
			f->n_failed++;
			continue;
		}
		f->n_differ += !strcmp(rdb_text(q, 1), "differs");
		grown = realloc(f->run, (f->n_run + 1) * sizeof(*grown));
		got = -1;
		if (!grown && !oom(e))
			break;
		f->run = grown;
		r = &f->run[f->n_run++];
		*r = (struct plot_run){ .text = calloc(f->n_key, sizeof(char *)), .num = calloc(f->n_key, sizeof(double)), .x = NAN, .y = NAN,
					.run = sqlite3_column_int64(q, 0), .point = sqlite3_column_int64(q, 2) };
		if ((!r->text || !r->num) && !oom(e))
			break;
		if (!load_params(f, db, r, e))
			break;
	}
	sqlite3_finalize(q);
	return got == 0;
}

static void drop_run(struct plot_run *r, size_t n_key)
{
	for (size_t k = 0; r->text && k < n_key; k++)
		free(r->text[k]);
	free(r->text);
	free(r->num);
	free(r->buckets);
}

static bool no_key(const struct plot_fig *f, const char *option, const char *name, struct err *e)
{
	const char *cand[512], *near;
	size_t n = 0;

	while (n < f->n_key && n < ARRAY_LEN(cand)) {
		cand[n] = f->key[n].name;
		n++;
	}
	near = err_nearest(name, cand, n);
	return err_set(e, ERR_INPUT,
			near ? "%s %.200s: not an axis of this sweep; did you mean %s?" : "%s %.200s: not an axis of this sweep", option,
					name, near);
}

static bool same_value(const struct plot_run *r, size_t k, const char *value)
{
	char *end;
	double v = strtod(value, &end);

	return r->text[k] && (!strcmp(r->text[k], value) || (*value && !*end && r->num[k] == v));
}

static bool none_left(const struct plot_fig *f, size_t k, const char *where, struct err *e)
{
	char have[400] = "";
	size_t at = 0;

	for (size_t i = 0; i < f->n_run && at < sizeof(have) - 40; i++) {
		bool seen = !f->run[i].text[k];

		for (size_t j = 0; j < i && !seen; j++)
			seen = f->run[j].text[k] && !strcmp(f->run[j].text[k], f->run[i].text[k]);
		if (!seen)
			at += (size_t)snprintf(have + at, sizeof(have) - at, "%s%.30s", at ? ", " : "", f->run[i].text[k]);
	}
	return err_set(e, ERR_INPUT, "--where %.200s: no run has it; its values are %s", where, have);
}

bool plot_where(struct plot_fig *f, struct err *e)
{
	for (size_t w = 0; w < f->req->n_where; w++) {
		const char *where = f->req->where[w], *eq = strchr(where, '=');
		char name[300];
		size_t k, left = 0;

		if (!eq || eq == where || (size_t)(eq - where) >= sizeof(name))
			return err_set(e, ERR_INPUT, "--where %.200s: expected KEY=VALUE", where);
		snprintf(name, sizeof(name), "%.*s", (int)(eq - where), where);
		k = plot_find_key(f, name);
		if (k == f->n_key)
			return no_key(f, "--where", name, e);
		for (size_t i = 0; i < f->n_run; i++)
			left += same_value(&f->run[i], k, eq + 1);
		if (!left)
			return none_left(f, k, where, e);
		left = 0;
		for (size_t i = 0; i < f->n_run; i++)
			if (same_value(&f->run[i], k, eq + 1))
				f->run[left++] = f->run[i];
			else
				drop_run(&f->run[i], f->n_key);
		f->n_run = left;
	}
	return true;
}

/* --- statistics --- */

static bool no_stat(const struct rdb *db, const char *name, bool hist, struct err *e)
{
	sqlite3_stmt *q = rdb_query(db, e, hist ? "SELECT name FROM names WHERE kind = 'histogram'" : "SELECT name FROM names");
	char *cand[4096];
	const char *near;
	size_t n = 0;

	while (q && n < ARRAY_LEN(cand) && rdb_step(db, q, e) > 0)
		if ((cand[n] = strdup(rdb_text(q, 0))))
			n++;
	sqlite3_finalize(q);
	near = err_nearest(name, (const char *const *)cand, n);
	err_set(e, ERR_INPUT, near ? "%.200s: %s in these results; did you mean %s?" : "%.200s: %s in these results", name,
		hist ? "no such histogram" : "no such statistic", near);
	while (n)
		free(cand[--n]);
	return false;
}

/* Values of one plain statistic, or of one part of a histogram, into v[0 .. n_run). */
static bool one_stat(const struct plot_fig *f, const struct rdb *db, const char *name, double *v, char *unit, char *doc, size_t n,
		struct err *e)
{
	const char *dot = strrchr(name, '.');
	char base[300], sql[300], id[24];
	sqlite3_stmt *q = rdb_query(db, e, "SELECT unit, doc, kind FROM names WHERE name = ?1", name);
	int got = q ? rdb_step(db, q, e) : -1;
	const char *part = NULL;

	if (got > 0 && !strcmp(rdb_text(q, 2), "histogram"))
		part = "mean";
	snprintf(base, sizeof(base), "%s", name);
	for (size_t i = 0; !got && dot && dot < name + sizeof(base) && i < ARRAY_LEN(parts); i++)
		if (!strcmp(dot + 1, parts[i])) {
			part = parts[i];
			base[dot - name] = 0;
			sqlite3_finalize(q);
			q = rdb_query(db, e, "SELECT unit, doc, kind FROM names WHERE name = ?1 AND kind = 'histogram'", base);
			got = q ? rdb_step(db, q, e) : -1;
			break;
		}
	if (got <= 0) {
		sqlite3_finalize(q);
		return got < 0 ? false : no_stat(db, name, false, e);
	}
	snprintf(unit, 64, "%s", part && !strcmp(part, "n") ? "count" : rdb_text(q, 0));
	snprintf(doc, n, "%s%s", part && dot && strcmp(dot + 1, part) ? "mean of " : "", rdb_text(q, 1));
	sqlite3_finalize(q);
	if (part)
		snprintf(sql, sizeof(sql), "SELECT %s FROM hist_values JOIN names USING(name_id) WHERE run = ?1 AND name = ?2",
			 !strcmp(part, "mean") ? "CASE WHEN n > 0 THEN sum * 1.0 / n END" : part);
	else
		snprintf(sql, sizeof(sql), "SELECT value FROM stat_values JOIN names USING(name_id) WHERE run = ?1 AND name = ?2");
	for (size_t i = 0; i < f->n_run; i++) {
		snprintf(id, sizeof(id), "%lld", f->run[i].run);
		q = rdb_query(db, e, sql, id, base);
		got = q ? rdb_step(db, q, e) : -1;
		v[i] = got > 0 && sqlite3_column_type(q, 0) != SQLITE_NULL ? sqlite3_column_double(q, 0) : NAN;
		sqlite3_finalize(q);
		if (got < 0)
			return false;
	}
	return true;
}

bool plot_stat(struct plot_fig *f, const struct rdb *db, const char *name, bool into_x, struct plot_axis *axis, char *doc, size_t n,
		struct err *e)
{
	double *v = calloc(2 * f->n_run + 1, sizeof(*v)), *den = v ? v + f->n_run : NULL;
	const char *slash = strchr(name, '/');
	char first[300], unit[64], other[200];
	bool ok;

	snprintf(first, sizeof(first), "%.*s", (int)(slash ? slash - name : 290), name);
	ok = v ? one_stat(f, db, first, v, axis->unit, doc, n, e) : oom(e);
	if (ok && slash) {
		ok = one_stat(f, db, slash + 1, den, unit, other, sizeof(other), e);
		if (!strcmp(axis->unit, unit))
			snprintf(axis->unit, sizeof(axis->unit), "ratio");
		else
			snprintf(axis->unit + strlen(axis->unit), sizeof(axis->unit) - strlen(axis->unit), "/%.30s", unit);
		*doc = 0; /* the name of a quotient says enough */
	}
	snprintf(axis->name, sizeof(axis->name), "%s", name);
	for (size_t i = 0; ok && i < f->n_run; i++)
		*(into_x ? &f->run[i].x : &f->run[i].y) = !slash ? v[i] : den[i] != 0 ? v[i] / den[i] : NAN;
	free(v);
	return ok;
}

bool plot_hist(struct plot_fig *f, const struct rdb *db, const char *name, struct plot_axis *axis, char *doc, size_t n, struct err *e)
{
	sqlite3_stmt *q = rdb_query(db, e, "SELECT unit, doc FROM names WHERE name = ?1 AND kind = 'histogram'", name);
	int got = q ? rdb_step(db, q, e) : -1;
	char id[24];

	if (got > 0) {
		snprintf(axis->name, sizeof(axis->name), "%s", name);
		snprintf(axis->unit, sizeof(axis->unit), "%s", rdb_text(q, 0));
		snprintf(doc, n, "%s", rdb_text(q, 1));
	}
	sqlite3_finalize(q);
	if (got <= 0)
		return got < 0 ? false : no_stat(db, name, true, e);
	for (size_t i = 0; i < f->n_run; i++) {
		snprintf(id, sizeof(id), "%lld", f->run[i].run);
		q = rdb_query(db, e, "SELECT buckets FROM hist_values JOIN names USING(name_id) WHERE run = ?1 AND name = ?2", id, name);
		got = q ? rdb_step(db, q, e) : -1;
		f->run[i].buckets = got > 0 ? strdup(rdb_text(q, 0)) : NULL;
		sqlite3_finalize(q);
		if (got > 0 && !f->run[i].buckets)
			return oom(e);
		if (got < 0)
			return false;
	}
	return true;
}

void plot_fig_free(struct plot_fig *f)
{
	for (size_t i = 0; i < f->n_run; i++)
		drop_run(&f->run[i], f->n_key);
	for (size_t k = 0; k < f->n_key; k++) {
		free(f->key[k].name);
		free(f->key[k].type);
		free(f->key[k].unit);
		free(f->key[k].help);
	}
	for (size_t i = 0; i < f->n_series; i++)
		free(f->series[i].pt);
	free(f->series);
	free(f->cat);
	free(f->run);
	free(f->key);
	*f = (struct plot_fig){ 0 };
}
