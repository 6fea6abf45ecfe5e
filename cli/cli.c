/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c - what every command needs at its ends: errors, usage errors, times, and the check that standard output was really written. */
#define CLI_C
#include "cli.h"
#include "core/cfg/cfg.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int cli_fail(const struct err *e)
{
	fprintf(stderr, "iommusim: %s\n", e->msg);
	return e->code ? e->code : ERR_MACHINE;
}

int cli_usage(const char *cmd, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "iommusim %s: ", cmd);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry 'iommusim %s --help'.\n", cmd);
	return ERR_INPUT;
}

int cli_out(int status)
{
	int failed;

	errno = 0;
	failed = ferror(stdout);
	if (fflush(stdout) || failed) {
		fprintf(stderr, "iommusim: standard output: %s\n", errno ? strerror(errno) : "write error");
		return ERR_MACHINE;
	}
	return status;
}

bool cli_time(const char *option, const char *text, uint64_t min, uint64_t *ps, struct err *e)
{
	const struct cfg_opt row[] = { { "t", CFG_TIME, 0, 0, min, UINT64_C(1) << 62, "ps", "", 0 }, { 0 } };
	struct err in = { 0 };

	return cfg_set(row, ps, "t", text, &in) || err_set(e, ERR_INPUT, "%s %.80s: expected a time such as \"1us\"", option, text);
}
