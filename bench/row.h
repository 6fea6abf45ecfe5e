/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.h - one row of a benchmark: ours and the ideal, alternating. CSV: name,param,ops,ns_per_op,ideal_ns,ratio,build,min_ns,max_ns,bound.
 * ns_per_op, ideal_ns and ratio are medians of five repetitions, min_ns and max_ns their spread; the ratio is taken within a repetition, so a
 * change of the machine's speed during the run moves both. row() takes IOMMUSIM_BENCH_SCALE percent of the operations, row_of() all.
 * The first argument of a program that uses it: NAME[,PARAM], only the rows whose name, or name and parameter as printed, begin so.
 */
#ifndef IOMMUSIM_BENCH_ROW_H
#define IOMMUSIM_BENCH_ROW_H
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPS = 5 };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(3);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* others on this machine do not count */
	return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static uint64_t sink; /* what is computed must be used */
static const char *only;
static unsigned scale = 100;

typedef void run_fn(void *arg, uint64_t ops);

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double time_of(run_fn *fn, void *arg, uint64_t ops)
{
	double t = now_ns();

	fn(arg, ops);
	return (now_ns() - t) / (double)ops;
}

static bool wanted(const char *name, const char *param)
{
	char what[128];

	snprintf(what, sizeof(what), "%s,%s", name, param);
	return !only || !strncmp(what, only, strlen(only));
}

static void row_of(const char *name, const char *param, uint64_t ops, const char *bound, run_fn *ours, void *arg, run_fn *ideal, void *iarg)
{
	double o[REPS], i[REPS], r[REPS];

	if (!wanted(name, param))
		return;
	ideal(iarg, ops / 10 + 1); /* warm */
	ours(arg, ops / 10 + 1);
	for (unsigned k = 0; k < REPS; k++) {
		i[k] = time_of(ideal, iarg, ops);
		o[k] = time_of(ours, arg, ops);
		r[k] = o[k] / i[k];
	}
	qsort(o, REPS, sizeof(*o), by_value);
	qsort(i, REPS, sizeof(*i), by_value);
	qsort(r, REPS, sizeof(*r), by_value);
	printf("%s,%s,%llu,%.2f,%.2f,%.2f,%s%s,%.2f,%.2f,%s\n", name, param, (unsigned long long)ops, o[REPS / 2], i[REPS / 2], r[REPS / 2],
#ifdef __clang__
	       "clang-" __clang_version__,
#else
	       "gcc-" __VERSION__,
#endif
#ifdef __OPTIMIZE__
	       " optimized",
#else
	       " not optimized",
#endif
	       o[0], o[REPS - 1], bound);
	fflush(stdout);
}

static inline void row(const char *name, const char *param, uint64_t ops, const char *bound, run_fn *ours, void *arg, run_fn *ideal, void *iarg)
{
	row_of(name, param, ops * scale / 100, bound, ours, arg, ideal, iarg);
}

static void row_begin(int argc, char **argv)
{
	const char *s = getenv("IOMMUSIM_BENCH_SCALE");

	only = argc > 1 ? argv[1] : NULL;
	scale = s && atoi(s) > 0 ? (unsigned)atoi(s) : 100;
	puts("name,param,ops,ns_per_op,ideal_ns,ratio,build,min_ns,max_ns,bound");
}
#endif
