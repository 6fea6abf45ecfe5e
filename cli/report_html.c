/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_html.c - the page: what was run, what was found, plots, every run in a table that sorts, and what is needed to run it again.
 * Findings are facts of the table only (failures, differences, the ends of each statistic and the axis it moves with most); no judgement.
 */
#include "report_html.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t html_values(const struct html *h, size_t key)
{
	size_t n = 0;

	for (size_t i = 0; i < h->all.n_run; i++) {
		const char *a = h->all.run[i].text[key];
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++) {
			const char *b = h->all.run[j].text[key];

			seen = a == b || (a && b && !strcmp(a, b));
		}
		n += !seen;
		if (n > 1000)
			break;
	}
	return n;
}

static bool put_meta(const struct html *h, const char *before, const char *key, struct err *e)
{
	sqlite3_stmt *q = rdb_query(h->db, e, "SELECT value FROM meta WHERE key = ?1", key);
	int got = q ? rdb_step(h->db, q, e) : -1;

	fputs(before, h->o);
	if (got > 0)
		html_text(h->o, rdb_text(q, 0));
	sqlite3_finalize(q);
	return got >= 0;
}

static void put_column(FILE *o, const char *before, sqlite3_stmt *q, int col)
{
	fputs(before, o);
	html_text(o, rdb_text(q, col));
}

/* --- what was run --- */

static void put_axis_values(const struct html *h, size_t k)
{
	size_t shown = 0;

	for (size_t i = 0; i < h->all.n_run; i++) {
		const char *a = h->all.run[i].text[k];
		bool seen = !a;

		for (size_t j = 0; j < i && !seen; j++)
			seen = h->all.run[j].text[k] && !strcmp(a, h->all.run[j].text[k]);
		if (seen)
			continue;
		if (shown++ == 24) {
			fputs(", ...", h->o);
			return;
		}
		fputs(shown > 1 ? ", " : "", h->o);
		html_text(h->o, a);
	}
}

static void put_axes(const struct html *h)
{
	fputs("<h2>What was run</h2>\n<div class=\"wide\"><table><thead><tr><th>axis</th><th>values</th><th>unit</th><th>meaning</th></tr></thead><tbody>\n", h->o);
	for (size_t k = 0; k < h->all.n_key; k++) {
		const struct plot_key *key = &h->all.key[k];

		fputs("<tr><td><code>", h->o);
		html_text(h->o, key->name);
		fputs("</code></td><td>", h->o);
		put_axis_values(h, k);
		fputs("</td><td>", h->o);
		html_text(h->o, key->unit);
		fputs("</td><td>", h->o);
		html_text(h->o, key->help);
		fputs("</td></tr>\n", h->o);
	}
	fputs("</tbody></table></div>\n", h->o);
}

static bool put_traces(const struct html *h, struct err *e)
{
	sqlite3_stmt *q = rdb_query(h->db, e, "SELECT path, CAST(bytes AS TEXT), hash FROM traces ORDER BY path");
	int got = -1;

	while (q && (got = rdb_step(h->db, q, e)) > 0) {
		fputs("<p>Trace <code>", h->o);
		html_text(h->o, rdb_text(q, 0));
		put_column(h->o, "</code>, ", q, 1);
		put_column(h->o, " bytes, SHA-256 <code>", q, 2);
		fputs("</code></p>\n", h->o);
	}
	sqlite3_finalize(q);
	return got == 0;
}

/* --- findings --- */

static void put_run_name(const struct html *h, size_t run)
{
	bool any = false;

	for (size_t k = 0; k < h->all.n_key; k++)
		if (html_values(h, k) > 1 && h->all.run[run].text[k]) {
			fputs(any ? ", " : "", h->o);
			html_text(h->o, h->all.key[k].name);
			fputc('=', h->o);
			html_text(h->o, h->all.run[run].text[k]);
			any = true;
		}
}

static void put_number(FILE *o, double v, const char *unit)
{
	static const struct { double div; const char *unit; } time[] = { { 1e12, "s" }, { 1e9, "ms" }, { 1e6, "us" }, { 1e3, "ns" } };

	if (!strcmp(unit, "ps"))
		for (size_t i = 0; i < ARRAY_LEN(time); i++)
			if (fabs(v) >= time[i].div) {
				fprintf(o, "%.5g %s", v / time[i].div, time[i].unit);
				return;
			}
	if (!strcmp(unit, "count/ps"))
		fprintf(o, "%.5g /us", v * 1e6);
	else if (v == floor(v) && fabs(v) < 1e15)
		fprintf(o, "%.0f", v);
	else
		fprintf(o, "%.5g", v);
}

/* The share of the variance of statistic @y that lies between the values of axis @k. */
static double share(const struct html *h, size_t y, size_t k)
{
	double all = 0, between = 0, mean = 0;
	size_t n = 0;

	for (size_t i = 0; i < h->all.n_run; i++)
		if (!isnan(h->v[y][i])) {
			mean += h->v[y][i];
			n++;
		}
	mean /= (double)n;
	for (size_t i = 0; i < h->all.n_run; i++) {
		const char *a = h->all.run[i].text[k];
		double m = 0;
		size_t same = 0;

		if (isnan(h->v[y][i]))
			continue;
		for (size_t j = 0; j < h->all.n_run; j++) {
			const char *b = h->all.run[j].text[k];

			if (!isnan(h->v[y][j]) && (a == b || (a && b && !strcmp(a, b)))) {
				m += h->v[y][j];
				same++;
			}
		}
		m /= (double)same;
		between += (m - mean) * (m - mean);
		all += (h->v[y][i] - mean) * (h->v[y][i] - mean);
	}
	return all > 0 ? between / all : 0;
}

static void put_extremes(const struct html *h, size_t y)
{
	size_t lo = h->all.n_run, hi = lo, best = h->all.n_key;
	double most = 0;

	for (size_t i = 0; i < h->all.n_run; i++) {
		if (isnan(h->v[y][i]))
			continue;
		lo = lo == h->all.n_run || h->v[y][i] < h->v[y][lo] ? i : lo;
		hi = hi == h->all.n_run || h->v[y][i] > h->v[y][hi] ? i : hi;
	}
	if (lo == h->all.n_run)
		return;
	fputs("<li><code>", h->o);
	html_text(h->o, h->y[y]);
	if (h->v[y][lo] == h->v[y][hi]) {
		fputs("</code> is ", h->o);
		put_number(h->o, h->v[y][lo], h->unit[y]);
		fputs(" in every run.</li>\n", h->o);
		return;
	}
	fputs("</code> goes from <b>", h->o);
	put_number(h->o, h->v[y][lo], h->unit[y]);
	fputs("</b> (", h->o);
	put_run_name(h, lo);
	fputs(") to <b>", h->o);
	put_number(h->o, h->v[y][hi], h->unit[y]);
	fputs("</b> (", h->o);
	put_run_name(h, hi);
	fputc(')', h->o);
	for (size_t k = 0; k < h->all.n_key && h->all.n_run <= 5000; k++) {
		double s = html_values(h, k) > 1 ? share(h, y, k) : 0;

		if (s > most) {
			most = s;
			best = k;
		}
	}
	if (best < h->all.n_key) {
		fputs("; the means over <code>", h->o);
		html_text(h->o, h->all.key[best].name);
		fprintf(h->o, "</code> alone account for %.1f %% of its variance", 100 * most);
	}
	fputs(".</li>\n", h->o);
}

static bool put_bad(const struct html *h, struct err *e)
{
	sqlite3_stmt *q = rdb_query(h->db, e,
				    "SELECT CAST(point AS TEXT), CAST(seed AS TEXT), status, coalesce(error, ''), (SELECT group_concat(key || '=' || value, ', ') FROM parameters p WHERE p.run = r.run)"
				    " FROM runs r WHERE status != 'ok' ORDER BY point LIMIT 200");
	int got = -1;
	bool any = false;

	while (q && (got = rdb_step(h->db, q, e)) > 0) {
		if (!any)
			fputs("<div class=\"wide\"><table><thead><tr><th>point</th><th>axes</th><th>seed</th><th>status</th><th>error</th></tr></thead><tbody>\n", h->o);
		any = true;
		put_column(h->o, "<tr><td>", q, 0);
		put_column(h->o, "</td><td>", q, 4);
		put_column(h->o, "</td><td>", q, 1);
		put_column(h->o, "</td><td class=\"bad\">", q, 2);
		fputs("</td><td>", h->o);
		html_text(h->o, *rdb_text(q, 3) ? rdb_text(q, 3) : "DMAs disagree with the trace: see verify.disagree");
		fputs("</td></tr>\n", h->o);
	}
	fputs(any ? "</tbody></table></div>\n" : "", h->o);
	sqlite3_finalize(q);
	return got == 0;
}

static bool put_findings(const struct html *h, struct err *e)
{
	sqlite3_stmt *q = rdb_query(h->db, e,
			"SELECT CAST(count(*) AS TEXT), CAST(sum(status = 'ok') AS TEXT), CAST(sum(status = 'failed') AS TEXT),"
					      " CAST(sum(status = 'differs') AS TEXT), sum(verify),"
					      " (SELECT value FROM meta WHERE key = 'points') FROM runs");

	fputs("<h2>Findings</h2>\n<ul>\n", h->o);
	if (!q || rdb_step(h->db, q, e) != 1) {
		sqlite3_finalize(q);
		return false;
	}
	put_column(h->o, "<li>", q, 0);
	put_column(h->o, " of the ", q, 5);
	put_column(h->o, " points of the sweep are in this database: <span class=\"good\">", q, 1);
	fputs(" ok</span>", h->o);
	if (sqlite3_column_int(q, 2))
		fprintf(h->o, ", <span class=\"bad\">%s failed</span>", rdb_text(q, 2));
	if (sqlite3_column_int(q, 3))
		fprintf(h->o, ", <span class=\"bad\">%s differ from the trace</span>", rdb_text(q, 3));
	fprintf(h->o, ".%s</li>\n", sqlite3_column_int(q, 4) ? " Every DMA with a known result was compared with it." : "");
	sqlite3_finalize(q);
	for (size_t y = 0; y < h->n_y; y++)
		put_extremes(h, y);
	fputs("</ul>\n", h->o);
	return put_bad(h, e);
}

/* --- the table of runs --- */

static void put_table(const struct html *h)
{
	fputs("<h2>Runs</h2>\n<p class=\"sub\">Click on a heading to sort.</p>\n<div class=\"wide\"><table class=\"sort\"><thead><tr><th>point</th>", h->o);
	for (size_t k = 0; k < h->all.n_key; k++) {
		fputs("<th>", h->o);
		html_text(h->o, h->all.key[k].name);
		fputs("</th>", h->o);
	}
	for (size_t y = 0; y < h->n_y; y++) {
		fputs("<th class=\"n\" title=\"", h->o);
		html_text(h->o, h->doc[y]);
		fputs("\">", h->o);
		html_text(h->o, h->y[y]);
		fputs("</th>", h->o);
	}
	fputs("</tr></thead><tbody>\n", h->o);
	for (size_t i = 0; i < h->all.n_run; i++) {
		const struct plot_run *r = &h->all.run[i];

		fprintf(h->o, "<tr><td data-v=\"%lld\">%lld</td>", r->point, r->point);
		for (size_t k = 0; k < h->all.n_key; k++) {
			if (r->text[k] && !isnan(r->num[k]))
				fprintf(h->o, "<td data-v=\"%.10g\">", r->num[k]);
			else
				fputs("<td>", h->o);
			html_text(h->o, r->text[k] ? r->text[k] : "base");
			fputs("</td>", h->o);
		}
		for (size_t y = 0; y < h->n_y; y++) {
			if (isnan(h->v[y][i])) {
				fputs("<td class=\"n\">n/a</td>", h->o);
				continue;
			}
			fprintf(h->o, "<td class=\"n\" data-v=\"%.10g\">", h->v[y][i]);
			put_number(h->o, h->v[y][i], h->unit[y]);
			fputs("</td>", h->o);
		}
		fputs("</tr>\n", h->o);
	}
	fputs("</tbody></table></div>\n", h->o);
}

static bool put_again(const struct html *h, struct err *e)
{
	bool ok = put_meta(h, "<h2>To run it again</h2>\n<p>iommusim ", "version", e) && put_meta(h, ", sweep <code>", "plan", e) &&
		  put_meta(h, "</code></p>\n<details><summary>Sweep file</summary><pre>", "sweep", e) &&
		  put_meta(h, "</pre></details>\n<details><summary>Base configuration, every key</summary><pre>", "base", e);

	fputs("</pre></details>\n", h->o);
	return ok;
}

/* --- which statistics --- */

static bool add_y(struct html *h, const char *name, struct err *e)
{
	if (h->n_y == HTML_STATS_MAX)
		return true;
	h->y[h->n_y] = strdup(name);
	return h->y[h->n_y++] || err_set(e, ERR_MACHINE, "out of memory");
}

/* Throughput, and hit rate and latency of every unit. */
static bool choose(struct html *h, struct err *e)
{
	sqlite3_stmt *q;
	int got = -1;
	bool ok = true;

	for (size_t i = 0; ok && i < h->req->n_y; i++)
		ok = add_y(h, h->req->y[i], e);
	if (h->req->n_y)
		return ok;
	q = rdb_query(h->db, e,
			"SELECT 'replay.dmas/replay.sim_ps' FROM names WHERE name = 'replay.sim_ps' AND EXISTS (SELECT 1 FROM names WHERE name = 'replay.dmas')"
				" UNION ALL SELECT * FROM (SELECT CASE kind WHEN 'histogram' THEN name || '.p99' ELSE name END FROM names WHERE name NOT LIKE '%.%.%'"
				" AND (name LIKE '%.hit_rate' OR name LIKE '%.latency' AND kind = 'histogram') ORDER BY name_id)");
	while (ok && q && (got = rdb_step(h->db, q, e)) > 0)
		ok = add_y(h, rdb_text(q, 0), e);
	sqlite3_finalize(q);
	return ok && got == 0;
}

static bool load(struct html *h, struct err *e)
{
	static const struct plot_req none;
	struct plot_axis axis;

	h->all.req = &none;
	if (!choose(h, e) || !plot_load(&h->all, h->db, e))
		return false;
	h->v = calloc(h->n_y + 1, sizeof(*h->v));
	for (size_t y = 0; y < h->n_y; y++) {
		if (!h->v || !(h->v[y] = calloc(h->all.n_run + 1, sizeof(**h->v))))
			return err_set(e, ERR_MACHINE, "out of memory");
		if (!plot_stat(&h->all, h->db, h->y[y], false, &axis, h->doc[y], sizeof(h->doc[y]), e))
			return false;
		snprintf(h->unit[y], sizeof(h->unit[y]), "%s", axis.unit);
		for (size_t i = 0; i < h->all.n_run; i++)
			h->v[y][i] = h->all.run[i].y;
	}
	return true;
}

bool html_page(struct html *h, struct err *e)
{
	const char *slash = strrchr(h->db->path, '/'), *name = slash ? slash + 1 : h->db->path;
	const char *title = h->req->title ? h->req->title : name;

	if (!load(h, e))
		return false;
	html_head(h->o, title);
	fputs("<h1>", h->o);
	html_text(h->o, title);
	fputs("</h1>\n<p class=\"sub\">Results of a sweep, from ", h->o);
	html_text(h->o, name);
	fputs("</p>\n", h->o);
	put_axes(h);
	if (!put_traces(h, e) || !put_findings(h, e) || (h->all.n_run && !html_plots(h, e)))
		return false;
	put_table(h);
	if (!put_again(h, e))
		return false;
	html_foot(h->o);
	return true;
}

void html_free(struct html *h)
{
	for (size_t y = 0; y < h->n_y; y++) {
		if (h->v)
			free(h->v[y]);
		free(h->y[y]);
	}
	free(h->v);
	plot_fig_free(&h->all);
}
