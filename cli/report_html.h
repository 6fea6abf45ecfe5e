/* SPDX-License-Identifier: Apache-2.0 */
/* report_html.h - private to cmd_report.c and report_*.c: one self-contained page about a result database. */
#ifndef IOMMUSIM_REPORT_HTML_H
#define IOMMUSIM_REPORT_HTML_H
#include "plot_fig.h"
#include <stdio.h>

enum { HTML_STATS_MAX = 24 };
struct html_req {
	const char *y[HTML_STATS_MAX]; /* statistics to show; none: chosen from what is there */
	size_t n_y;
	const char *title;
};
struct html {
	const struct rdb *db;
	const struct html_req *req;
	FILE *o;
	struct plot_fig all; /* axes and runs, loaded once */
	char *y[HTML_STATS_MAX];
	size_t n_y;
	double **v; /* [statistic][run] */
	char unit[HTML_STATS_MAX][64], doc[HTML_STATS_MAX][200];
};
void html_text(FILE *o, const char *s); /* escaped */
void html_head(FILE *o, const char *title); /* report_style.c */
void html_foot(FILE *o);
/** html_page() - everything between; plots are drawn in a temporary folder and embedded. */
bool html_page(struct html *h, struct err *e) MUST_USE;
bool html_plots(struct html *h, struct err *e) MUST_USE; /* report_plots.c */
void html_free(struct html *h);
size_t html_values(const struct html *h, size_t key); /* how many different values an axis has */
#endif
