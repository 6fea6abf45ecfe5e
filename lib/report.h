/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - statistics written as text (for eyes), JSON (a tree) or CSV (one header line, one row).
 * One walk over the registry (report_walk) feeds three emitters. Ratios are computed here; 0/0 is "n/a" (null in JSON).
 * Histograms give n, sum, min, p50, p95, p99, p99.9 and max; a percentile is the upper edge of its bucket (stat.h).
 * Order is that of registration; nothing depends on the clock, so equal runs give equal bytes.
 */
#ifndef IOMMUSIM_REPORT_H
#define IOMMUSIM_REPORT_H
#include <stdio.h>
#include "core/base/err.h"
#include "core/stat/stat.h"

struct rep_val { /* one statistic */
	const struct stat_def *def;
	uint64_t u; /* STAT_U64 */
	const struct hist *hist; /* STAT_HIST */
	uint64_t num, den; /* STAT_RATIO */
};
struct rep_emit { /* what a writer does with the walk; false: out of memory */
	void *arg;
	bool (*group)(void *arg, const char *path);
	bool (*value)(void *arg, const struct rep_val *v);
};
bool report_walk(const struct stat_reg *r, const struct rep_emit *em);

/* The numbers of a histogram that every writer shows, in this order. */
enum { REP_HIST_N = 8 };
extern const char *const rep_hist_name[REP_HIST_N];
void rep_hist_numbers(const struct hist *h, uint64_t v[REP_HIST_N]);

/** stat_find() - @name as in CSV: "vtd0.iotlb.hits", "vtd0.latency.p99"; a ratio 0/0 is NaN. Unknown: false, and the nearest name in @e. */
bool stat_find(const struct stat_reg *r, const char *name, double *value, struct err *e) MUST_USE;

/** report_text() - @brief leaves out what is zero. */
bool report_text(const struct stat_reg *r, bool brief, FILE *o, struct err *e) MUST_USE;
bool report_json(const struct stat_reg *r, FILE *o, struct err *e) MUST_USE;
bool report_csv(const struct stat_reg *r, FILE *o, struct err *e) MUST_USE;
/** report_known() - is the suffix of @path one that report_file() can write? */
bool report_known(const char *path);
/** report_file() - by suffix .json, .csv, .txt; written under a temporary name beside @path, then renamed. */
bool report_file(const struct stat_reg *r, const char *path, struct err *e) MUST_USE;
#endif
