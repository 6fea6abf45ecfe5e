/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h - one CSV row per check: id, quantity, published, ours, band, pass. */
#ifndef IOMMUSIM_BENCH_DEVICE_ROWS_H
#define IOMMUSIM_BENCH_DEVICE_ROWS_H
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void rows_header(void)
{
	puts("id,quantity,published,ours,band,pass");
}

/** row_percent() - within @percent of @published. Returns: 0, or 1 if it is missed. */
static inline int row_percent(const char *id, const char *what, double published, double ours, double percent)
{
	bool ok = fabs(ours - published) <= fabs(published) * percent / 100;

	printf("%s,\"%s\",%.6g,%.6g,%g %%,%s\n", id, what, published, ours, percent, ok ? "pass" : "FAIL");
	return !ok;
}

static inline int row_exact(const char *id, const char *what, unsigned long long published, unsigned long long ours)
{
	printf("%s,\"%s\",%llu,%llu,exact,%s\n", id, what, published, ours, published == ours ? "pass" : "FAIL");
	return published != ours;
}

static inline void rows_die(const char *what)
{
	fprintf(stderr, "bench_devices: %s\n", what);
	exit(3);
}
#endif
