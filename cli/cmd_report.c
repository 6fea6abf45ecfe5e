/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_report.c - `iommusim report`: the results of a sweep as one HTML file that needs nothing else. */
#include "cli.h"
#include "outfile.h"
#include "report_html.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int help(void)
{
	puts("Usage: iommusim report R.db [--y STAT]... [--title TEXT] -o F.html\n"
	     "Write the results of a sweep as one self-contained page: what was run, findings, plots, a table that sorts; light and dark.\n\n"
	     "  --y STAT          a statistic to show, as for 'iommusim plot'; may be repeated (default: throughput, hit rate and latency of each unit)\n"
	     "  --title TEXT      heading (default: the name of the database)\n"
	     "  -o, --output F    the page\n\n"
	     "Exit status: 0, 2 wrong input, 3 the machine failed (or gnuplot is missing).\n\n"
	     "Example:\n  iommusim report iotlb.db --y vtd0.hit_rate --y vtd0.latency.p99 -o iotlb.html");
	return cli_out(0);
}

static bool write_page(const struct rdb *db, const struct html_req *q, const char *path, struct err *e)
{
	struct html h = { .db = db, .req = q };
	struct outfile f;
	bool ok;

	if (!outfile_open(&f, path, e))
		return false;
	h.o = f.o;
	ok = html_page(&h, e);
	html_free(&h);
	return outfile_end(&f, ok, e);
}

int cmd_report(int argc, char **argv)
{
	static const struct option longs[] = { { "y", required_argument, NULL, 'y' }, { "title", required_argument, NULL, 't' },
					       { "output", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { NULL, 0,
							NULL, 0 } };
	struct html_req q = { 0 };
	struct err e = { 0 };
	struct rdb db;
	const char *out = NULL;
	bool ok;
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1)
		switch (c) {
		case 'h': return help();
		case 'o': out = optarg; break;
		case 't': q.title = optarg; break;
		case 'y':
			if (q.n_y == HTML_STATS_MAX)
				return cli_usage("report", "more than %d --y", HTML_STATS_MAX);
			q.y[q.n_y++] = optarg;
			break;
		default: return cli_usage("report", c == ':' ? "%.200s needs a value" : "unknown option %.200s", argv[optind - 1]);
		}
	if (argc - optind != 1)
		return cli_usage("report", argc > optind ? "more than one database" : "no database given");
	if (!out || !*out)
		return cli_usage("report", "-o F.html is missing");
	signal(SIGXFSZ, SIG_IGN);
	if (!rdb_open(&db, argv[optind], RDB_READ, &e))
		return cli_fail(&e);
	ok = write_page(&db, &q, out, &e);
	rdb_close(&db);
	return ok ? cli_out(0) : cli_fail(&e);
}
