/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.h - private to cli/sweep_*.c and cmd_sweep.c: a sweep file as a list of points, one point as a process, and the pool of processes.
 * The file, what a point is and how points are numbered: docs/sweeps.md. A point is a choice of one value per axis, and a seed.
 * Does not do: axes that are no configuration key (times of the host, command-line options), points that depend on results of others.
 */
#ifndef IOMMUSIM_SWEEP_H
#define IOMMUSIM_SWEEP_H
#include "config_int.h"
#include "report.h"
#include "sweep_sha.h"
#include <stdio.h>

struct sweep_value {
	char *text; /* as the configuration prints it */
	double num; /* ps, bytes, number; of an enumeration its index */
};
struct sweep_axis {
	char *key; /* as --set */
	const struct cfg_opt *opt; /* type, unit, help; borrowed */
	struct sweep_value *v;
	size_t n;
	struct ymark at;
};
struct sweep_cond { /* axis OP value; false where the axis does not apply */
	size_t axis;
	char op[3];
	struct sweep_value v;
};
struct sweep_conds {
	struct sweep_cond *c;
	size_t n;
};
struct sweep_group { /* axes [first, first + n): crossed with one another, or zipped (one index for all) */
	size_t first, n;
	bool zip;
	struct sweep_conds when; /* elsewhere the axes keep the value of the base configuration */
};
enum { SWEEP_UNSET = -1 };
struct sweep_point {
	int32_t *choice; /* one per axis; SWEEP_UNSET where a condition leaves it out */
	uint64_t seed;
	char id[SHA_HEX];
};
struct sweep {
	struct run_cfg base;
	char *text, *base_text; /* the file as it was read; the base configuration as it is dumped */
	bool verify;
	struct sweep_axis *axis;
	size_t n_axis;
	struct sweep_group *group;
	size_t n_group;
	struct sweep_conds when; /* points for which it does not hold are left out */
	uint64_t *seed;
	size_t n_seed;
	char **stats; /* shell patterns over flat names; none: every statistic */
	size_t n_stats;
	struct sweep_point *point;
	size_t n_point, n_tried; /* tried: combinations of values, whether or not when: holds */
	char plan[SHA_HEX]; /* over the ids of all points */
	struct ytree tree;
};
enum { SWEEP_MAX_POINTS = 1000000, SWEEP_MAX_TRIED = 4000000, SWEEP_MAX_VALUES = 100000 };

/** sweep_load() - @path "-" is standard input. Values and conditions are checked, points are listed, traces are not opened. */
bool sweep_load(struct sweep *s, const char *path, struct err *e) MUST_USE;
void sweep_free(struct sweep *s);
/* sweep_axes.c, sweep_when.c */
bool sweep_read_axes(struct sweep *s, const struct ynode *axes, struct err *e) MUST_USE;
bool sweep_read_conds(struct sweep *s, const struct ynode *n, size_t known, struct sweep_conds *out, struct err *e) MUST_USE;
/** sweep_value_parse() - @text as a value of the row: range and spelling checked, printed canonically; errors speak of @key. */
bool sweep_value_parse(const struct cfg_opt *o, const char *key, const char *text, struct sweep_value *v, struct err *e) MUST_USE;
/** sweep_opt() - the row a --set path sets, NULL if there is none. */
const struct cfg_opt *sweep_opt(const struct run_cfg *c, const char *path);
/** sweep_points() - list the points; sweep_identify() gives them their ids, without the content of traces if @t is NULL. */
struct sweep_traces;
bool sweep_points(struct sweep *s, struct err *e) MUST_USE;
void sweep_identify(struct sweep *s, const struct sweep_traces *t);
/** sweep_cond_holds() - every condition, for one choice. */
bool sweep_cond_holds(const struct sweep *s, const struct sweep_conds *w, const int32_t *choice);
/** sweep_say() - "key=value, key=value, seed N" of a point. */
void sweep_say(const struct sweep *s, const struct sweep_point *p, char *buf, size_t n);

/* sweep_mem.c: traces read once, before the points are forked off, and shared by them */
struct sweep_trace {
	char *path, hash[SHA_HEX];
	uint64_t bytes; /* of the file */
	struct trc_rec *rec; /* NULL: did not fit, points read the file */
	size_t n, cap;
	struct sweep_chunk *chunk; /* pages and comments that records point to */
};
struct sweep_traces {
	struct sweep_trace *t;
	size_t n;
	uint64_t left; /* bytes of memory still allowed */
};
bool sweep_traces_load(struct sweep_traces *t, const struct sweep *s, uint64_t limit, struct err *e) MUST_USE;
const struct sweep_trace *sweep_trace_find(const struct sweep_traces *t, const char *path);
/** sweep_trace_of() - the trace file of a point, NULL for generated traffic. */
const char *sweep_trace_of(const struct sweep *s, const struct sweep_point *p);
void sweep_traces_free(struct sweep_traces *t);

/* sweep_point.c: runs in a child process. What it writes to @out, sweep_db.c reads. */
int sweep_point_run(struct sweep *s, const struct sweep_point *p, const struct sweep_traces *t, FILE *out);

/* sweep_pool.c */
struct sweep_result { /* what a finished child left */
	size_t point;
	char *data; /* the lines of sweep_point.c */
	size_t len;
	bool crashed;
	char error[1200];
};
struct sweep_pool {
	unsigned jobs;
	size_t *todo; /* points, in the order they start */
	size_t n_todo;
	bool tty;
	bool (*done)(void *arg, const struct sweep_result *r, bool *failed, struct err *e);
	void *arg;
	size_t n_done, n_failed;
};
/** sweep_pool_signals() - from now on SIGINT and SIGTERM end the sweep between two transactions, so before a database is opened. */
void sweep_pool_signals(void);
/** sweep_pool_run() - Returns: 0, 128 + signal when interrupted, or e->code (children are ended in both cases). */
int sweep_pool_run(struct sweep_pool *q, struct sweep *s, const struct sweep_traces *t, struct err *e) MUST_USE;
#endif
