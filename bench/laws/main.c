/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - bench_laws [--quick] [--set KEY=VALUE] [--only PART]: every analytic law as CSV, one row for each comparison. Exit status 1 if one does not hold.
 * --quick: fewer arrivals for VAL-A11 (with a wider band), fewer random configurations for VAL-A22. --set changes every machine last of all.
 * --only: one part of walk, cache, time and queue.
 */
#include <stdarg.h>
#include "laws.h"

static unsigned failed;

void law_die(const char *what)
{
	fprintf(stderr, "bench_laws: %s\n", what);
	exit(3);
}

/* A field of CSV without quotes. */
static const char *field(const char *text, char buf[static 200])
{
	snprintf(buf, 200, "%s", text);
	for (char *p = buf; (p = strchr(p, ',')); p++)
		*p = ';';
	return buf;
}

static void row(const char *id, const char *arch, const char *what, double want, double got, const char *band, bool ok)
{
	char text[200];

	failed += !ok;
	printf("%s,%s,%s,%.10g,%.10g,%s,%s\n", id, arch, field(what, text), want, got, band, ok ? "pass" : "FAIL");
}

void law(const char *id, const char *arch, double want, double got, double tol, const char *fmt, ...)
{
	char what[200], band[40] = "exact";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (tol > 0)
		snprintf(band, sizeof(band), "+-%.3g", tol);
	row(id, arch, what, want, got, band, fabs(got - want) <= tol);
}

void law_most(const char *id, const char *arch, double want, double got, double tol, const char *fmt, ...)
{
	char what[200], band[40];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(band, sizeof(band), "-%.3g to 0", tol);
	row(id, arch, what, want, got, band, got <= want * (1 + 1e-12) && got >= want - tol);
}

void law_none(const char *id, const char *verdict, const char *why)
{
	char text[200];

	printf("%s,,%s,,,,%s\n", id, field(why, text), verdict);
}

static int usage(void)
{
	fputs("usage: bench_laws [--quick] [--set KEY=VALUE] [--only walk|cache|time|queue]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const char *const part[] = { "walk", "cache", "time", "queue" };
	bool quick = false;
	unsigned only = ARRAY_LEN(part);

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--quick")) {
			quick = true;
		} else if (!strcmp(argv[i], "--set") && i + 1 < argc) {
			lab_extra(argv[++i]);
		} else if (!strcmp(argv[i], "--only") && i + 1 < argc) {
			for (only = 0, i++; only < ARRAY_LEN(part) && strcmp(argv[i], part[only]); only++)
				;
			if (only == ARRAY_LEN(part))
				return usage();
		} else {
			return usage();
		}
	}
	puts("law,on,case,closed form,measured,band,verdict");
	for (unsigned i = 0; i < ARRAY_LEN(part); i++) {
		if (only < ARRAY_LEN(part) && i != only)
			continue;
		if (i == 0)
			laws_walk();
		else if (i == 1)
			laws_cache(quick);
		else if (i == 2)
			laws_time(quick);
		else
			laws_queue(quick);
	}
	law_none("VAL-A15", "elsewhere", "bytes in a receive buffer: test_rx; pages under faults: iommusim validate");
	law_none("VAL-A18", "elsewhere", "bench/lazy-window/run.sh");
	if (fflush(stdout) || ferror(stdout))
		return 3;
	return failed ? 1 : 0;
}
