/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_plots.c - the plots of a page: each statistic over the first axis, with a line per value of the second; what other axes there are
 * keeps its first value, as the note below the plot says. Drawn by gnuplot in a temporary folder, embedded as data.
 */
#include "report_html.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file @path as base64. */
static bool embed(FILE *o, const char *path, struct err *e)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	FILE *f = fopen(path, "rb");
	unsigned char b[3];
	size_t n;

	if (!f)
		return err_errno(e, path);
	while ((n = fread(b, 1, 3, f)) > 0) {
		unsigned v = (unsigned)b[0] << 16 | (n > 1 ? (unsigned)b[1] << 8 : 0) | (n > 2 ? b[2] : 0);

		fputc(digit[v >> 18], o);
		fputc(digit[v >> 12 & 63], o);
		fputc(n > 1 ? digit[v >> 6 & 63] : '=', o);
		fputc(n > 2 ? digit[v & 63] : '=', o);
	}
	fclose(f);
	return true;
}

static bool one(struct html *h, const struct plot_req *q, const char *dir, struct err *e)
{
	static const char *const left[] = { "p.svg", "p.gp", "p.dat" };
	const char *slash = strrchr(h->db->path, '/');
	struct plot_fig f;
	struct err in = { 0 };
	char path[300];
	bool ok;

	if (!plot_query(&f, h->db, q, &in)) { /* such as a ratio that is nowhere a number */
		if (in.code == ERR_MACHINE)
			return err_set(e, in.code, "%s", in.msg);
		fputs("<p>No plot: ", h->o);
		html_text(h->o, in.msg);
		fputs("</p>\n", h->o);
		return true;
	}
	snprintf(path, sizeof(path), "%s/p.svg", dir);
	ok = plot_draw(&f, slash ? slash + 1 : h->db->path, path, e);
	if (ok) {
		fputs("<figure><img alt=\"", h->o);
		html_text(h->o, f.title);
		fputs("\" src=\"data:image/svg+xml;base64,", h->o);
		ok = embed(h->o, path, e);
		fputs("\"></figure>\n", h->o);
	}
	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, left[i]);
		unlink(path);
	}
	plot_fig_free(&f);
	return ok;
}

static bool number(const struct plot_key *k)
{
	return !strcmp(k->type, "integer") || !strcmp(k->type, "hexadecimal") || !strcmp(k->type, "time") || !strcmp(k->type, "size");
}

/* The first axis that is a number, else the first; then the next of what varies. */
static void axes(const struct html *h, size_t *x, size_t *by)
{
	*x = *by = h->all.n_key;
	for (size_t k = 0; k < h->all.n_key; k++)
		if (html_values(h, k) > 1 && strcmp(h->all.key[k].name, "seed") && (*x == h->all.n_key || (!number(&h->all.key[*x]) &&
				number(&h->all.key[k]))))
			*x = k;
	for (size_t k = 0; k < h->all.n_key && *by == h->all.n_key; k++)
		if (k != *x && html_values(h, k) > 1 && strcmp(h->all.key[k].name, "seed"))
			*by = k;
}

bool html_plots(struct html *h, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char dir[200], *where[PLOT_WHERE_MAX] = { NULL };
	struct plot_req q = { 0 };
	size_t x, by;
	bool ok = true;

	axes(h, &x, &by);
	if (x == h->all.n_key || !h->n_y)
		return true;
	q.x = h->all.key[x].name;
	q.by = by < h->all.n_key ? h->all.key[by].name : NULL;
	for (size_t k = 0; k < h->all.n_key && q.n_where < PLOT_WHERE_MAX; k++) {
		size_t r = 0;

		if (k == x || k == by || html_values(h, k) < 2 || !strcmp(h->all.key[k].name, "seed"))
			continue;
		while (!h->all.run[r].text[k])
			r++;
		if (asprintf(&where[q.n_where], "%s=%s", h->all.key[k].name, h->all.run[r].text[k]) < 0)
			return err_set(e, ERR_MACHINE, "out of memory");
		q.where[q.n_where] = where[q.n_where];
		q.n_where++;
	}
	snprintf(dir, sizeof(dir), "%.150s/iommusim-report-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return err_set(e, ERR_MACHINE, "%s: %s", dir, strerror(errno));
	fputs("<h2>Plots</h2>\n", h->o);
	for (size_t i = 0; ok && i < h->n_y; i++) {
		q.y = h->y[i];
		ok = one(h, &q, dir, e);
	}
	rmdir(dir);
	for (size_t i = 0; i < q.n_where; i++)
		free(where[i]);
	return ok;
}
