/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plot_fig.h - private to `plot` and `report`: a question to a result database, the numbers that answer it, and the picture of them.
 * A point of a series is the mean over seeds. Runs that differ in any other axis are never averaged: that is an error which names the axis.
 * Does not do: two y axes, fits, confidence intervals (error bars are one sample standard deviation).
 */
#ifndef IOMMUSIM_PLOT_FIG_H
#define IOMMUSIM_PLOT_FIG_H
#include "sweep_db.h"

enum plot_type { PLOT_AUTO, PLOT_LINE, PLOT_SCATTER, PLOT_BAR, PLOT_HEAT, PLOT_CDF, PLOT_GROUPED, PLOT_TYPES };
extern const char *const plot_type_name[PLOT_TYPES];
enum { PLOT_WHERE_MAX = 32, PLOT_LOG_AUTO = 0, PLOT_LOG_NONE = 1, PLOT_LOG_X = 2, PLOT_LOG_Y = 4 };
struct plot_req {
	const char *x, *y, *by, *title;
	const char *where[PLOT_WHERE_MAX];
	size_t n_where;
	unsigned type, log; /* log: PLOT_LOG_* or'ed; AUTO: x if its values grow by a constant factor */
};
struct plot_key { /* an axis of the sweep, or "seed" */
	char *name, *type, *unit, *help;
};
struct plot_run {
	char **text; /* per key; NULL where the axis did not apply */
	double *num;
	double x, y; /* NAN: not a number there */
	char *buckets;
	long long run, point;
};
struct plot_pt {
	const char *text; /* of x; borrowed from a run, NULL for statistics */
	double x, y, sd;
	size_t n, cat; /* runs; index among the x values of all series */
};
struct plot_series {
	const char *name; /* borrowed */
	double num;
	struct plot_pt *pt;
	size_t n;
};
struct plot_axis {
	char name[300], unit[64];
	double div; /* values are divided by this when they are drawn */
	bool words; /* categories */
	bool size; /* bytes: labels with K, M, G */
};
struct plot_cat {
	const char *text;
	double num;
};
struct plot_fig {
	const struct plot_req *req;
	struct plot_key *key;
	size_t n_key;
	struct plot_run *run;
	size_t n_run, n_failed, n_differ, n_dropped; /* differ: from their trace, before --where; dropped: no number for y or x */
	struct plot_axis x, y;
	char title[400], by[200];
	struct plot_series *series;
	size_t n_series, max_n; /* most runs in one point */
	struct plot_cat *cat;
	size_t n_cat;
	unsigned type, log;
	double pow_base;
};
/** plot_query() - answer @q (borrowed by the figure). Unknown keys and statistics are errors that name the nearest. */
bool plot_query(struct plot_fig *f, const struct rdb *db, const struct plot_req *q, struct err *e) MUST_USE;
void plot_fig_free(struct plot_fig *f);
/** plot_draw() - @path ends in .svg, .png or .pdf; script and data are written beside it (.gp, .dat), gnuplot draws. */
bool plot_draw(const struct plot_fig *f, const char *db_name, const char *path, struct err *e) MUST_USE;
bool plot_known(const char *path); /* a suffix we can draw? */
/* plot_load.c */
bool plot_load(struct plot_fig *f, const struct rdb *db, struct err *e) MUST_USE;
bool plot_where(struct plot_fig *f, struct err *e) MUST_USE;
size_t plot_find_key(const struct plot_fig *f, const char *name); /* n_key: there is none */
/** plot_stat() - the numbers of statistic @name ("a.b", "hist.p99", "hist.mean", "a.b/c.d") into y (or x) of every run; names its unit. */
bool plot_stat(struct plot_fig *f, const struct rdb *db, const char *name, bool into_x, struct plot_axis *axis, char *doc, size_t n,
		struct err *e) MUST_USE;
/** plot_hist() - the buckets of histogram @name. */
bool plot_hist(struct plot_fig *f, const struct rdb *db, const char *name, struct plot_axis *axis, char *doc, size_t n, struct err *e) MUST_USE;
#endif
