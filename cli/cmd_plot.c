/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_plot.c - `iommusim plot`: a statistic over an axis of a sweep, drawn by gnuplot. */
#include "cli.h"
#include "plot_fig.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int help(void)
{
	puts("Usage: iommusim plot R.db --x KEY --y STAT [--by KEY] [option]... -o F.svg|F.png|F.pdf\n"
	     "Draw a statistic of the results of a sweep, the mean over its seeds, with gnuplot. F.gp and F.dat stay beside the picture.\n\n"
	     "  --x KEY            an axis of the sweep; or a statistic: then every run is a point\n"
	     "  --y STAT           a statistic: a.b, a.b/c.d (a quotient), a histogram (its mean) or its .p50 .p95 .p99 .p99_9 .max .min .n .sum\n"
	     "  --by KEY           one line, or one bar of a group, or one row of a heat map, per value of this axis\n"
	     "  --where KEY=VALUE  only runs with this value; may be repeated\n"
	     "  --type T           line, scatter, bar, grouped, heat, or cdf (of the histogram --y, without --x)\n"
	     "  --log x|y|xy|none  logarithmic axes (default: x if its values grow by a constant factor); y is the colour of a heat map\n"
	     "  --title TEXT       instead of what the statistic means\n"
	     "  -o, --output F     the picture\n"
	     "  --list             print the axes and statistics of R.db and stop\n\n"
	     "Exit status: 0, 2 wrong input, 3 the machine failed (or gnuplot is missing).\n\n"
	     "Example:\n  iommusim plot iotlb.db --x vtd.iotlb.entries --y vtd0.hit_rate --by vtd.walkers -o hits.svg");
	return cli_out(0);
}

static int list(const char *path)
{
	static const char *const sql[] = {
		"SELECT 'axis  ' || key || '  (' || type || CASE unit WHEN '' THEN '' ELSE ' in ' || unit END || ')  ' || help FROM keys ORDER BY ord",
		"SELECT CASE kind WHEN 'histogram' THEN 'hist  ' ELSE 'stat  ' END || name || '  (' || unit || ')  ' || doc FROM names ORDER BY name_id",
	};
	struct err e = { 0 };
	struct rdb db;
	int got = 0;

	if (!rdb_open(&db, path, RDB_READ, &e))
		return cli_fail(&e);
	for (size_t i = 0; got == 0 && i < ARRAY_LEN(sql); i++) {
		sqlite3_stmt *q = rdb_query(&db, &e, sql[i]);

		got = -1;
		while (q && (got = rdb_step(&db, q, &e)) > 0)
			puts(rdb_text(q, 0));
		sqlite3_finalize(q);
	}
	rdb_close(&db);
	return got ? cli_fail(&e) : cli_out(0);
}

static bool type_of(const char *word, unsigned *type)
{
	for (*type = PLOT_LINE; *type < PLOT_TYPES && strcmp(plot_type_name[*type], word); ++*type)
		;
	return *type < PLOT_TYPES;
}

static bool log_of(const char *word, unsigned *log)
{
	*log = !strcmp(word, "x") ? PLOT_LOG_X : !strcmp(word, "y") ? PLOT_LOG_Y : !strcmp(word, "xy") ? PLOT_LOG_X | PLOT_LOG_Y : PLOT_LOG_NONE;
	return *log != PLOT_LOG_NONE || !strcmp(word, "none");
}

enum { O_X = 256, O_Y, O_BY, O_WHERE, O_TYPE, O_LOG, O_TITLE, O_LIST };
static int take(struct plot_req *q, int c, const char **out, bool *listing)
{
	switch (c) {
	case O_X: q->x = optarg; break;
	case O_Y: q->y = optarg; break;
	case O_BY: q->by = optarg; break;
	case O_TITLE: q->title = optarg; break;
	case O_LIST: *listing = true; break;
	case 'o': *out = optarg; break;
	case O_WHERE:
		if (q->n_where == PLOT_WHERE_MAX)
			return cli_usage("plot", "more than %d --where", PLOT_WHERE_MAX);
		q->where[q->n_where++] = optarg;
		break;
	case O_TYPE:
		if (!type_of(optarg, &q->type)) {
			const char *near = err_nearest(optarg, plot_type_name + 1, PLOT_TYPES - 1);

			return cli_usage("plot",
					near ? "--type %.40s: no such type; did you mean %s?" : "--type %.40s: expected line, scatter, bar, grouped, heat or cdf",
					 optarg, near);
		}
		break;
	case O_LOG:
		if (!log_of(optarg, &q->log))
			return cli_usage("plot", "--log %.40s: expected x, y, xy or none", optarg);
		break;
	}
	return 0;
}

static int draw(const char *path, const struct plot_req *q, const char *out)
{
	const char *slash = strrchr(path, '/');
	struct plot_fig f = { 0 };
	struct err e = { 0 };
	struct rdb db;
	bool ok;

	signal(SIGXFSZ, SIG_IGN);
	if (!rdb_open(&db, path, RDB_READ, &e))
		return cli_fail(&e);
	ok = plot_query(&f, &db, q, &e);
	if (ok && f.n_failed)
		fprintf(stderr, "iommusim plot: %zu failed runs are left out\n", f.n_failed);
	ok = ok && plot_draw(&f, slash ? slash + 1 : path, out, &e);
	plot_fig_free(&f);
	rdb_close(&db);
	return ok ? cli_out(0) : cli_fail(&e);
}

int cmd_plot(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "x", required_argument, NULL, O_X }, { "y", required_argument, NULL, O_Y }, { "by", required_argument, NULL, O_BY },
		{ "where", required_argument, NULL, O_WHERE }, { "type", required_argument, NULL, O_TYPE }, { "log", required_argument,
				NULL, O_LOG },
		{ "title", required_argument, NULL, O_TITLE }, { "output", required_argument, NULL, 'o' }, { "list", no_argument, NULL,
				O_LIST },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct plot_req q = { 0 };
	const char *out = NULL;
	bool listing = false;
	int c, st;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1) {
		if (c == 'h')
			return help();
		if (c == ':' || c == '?')
			return cli_usage("plot", c == ':' ? "%.200s needs a value" : "unknown option %.200s", argv[optind - 1]);
		st = take(&q, c, &out, &listing);
		if (st)
			return st;
	}
	if (argc - optind != 1)
		return cli_usage("plot", argc > optind ? "more than one database" : "no database given");
	if (listing)
		return list(argv[optind]);
	if (!q.y)
		return cli_usage("plot", "--y STAT is missing ('iommusim plot R.db --list' prints what there is)");
	if (!out || !plot_known(out))
		return cli_usage("plot", out ? "-o %.200s: the name ends in .svg, .png or .pdf" : "-o F is missing", out);
	return draw(argv[optind], &q, out);
}
