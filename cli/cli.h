/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h - the commands. Each returns the exit status of DESIGN 7: 0 success, 1 a finding, 2 bad input, 3 the machine failed. */
#ifndef IOMMUSIM_CLI_H
#define IOMMUSIM_CLI_H
#include "core/base/err.h"

struct cli_cmd {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
	const char *args, *help;
};
extern const struct cli_cmd cli_cmds[]; /* main.c; ends with name NULL */
int cmd_run(int argc, char **argv);
int cmd_timeline(int argc, char **argv);
int cmd_walk(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_decode(int argc, char **argv);
int cmd_params(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_plot(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_faults(int argc, char **argv);
int cmd_validate(int argc, char **argv);
/** cli_fail() - print "iommusim: message" on standard error. Returns: e->code. */
int cli_fail(const struct err *e);
/** cli_usage() - complain about the command line of @cmd. Returns: 2. */
int cli_usage(const char *cmd, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** cli_time() - the value of a command's @option that is a time, such as "10 us": @min ps or more. */
bool cli_time(const char *option, const char *text, uint64_t min, uint64_t *ps, struct err *e) MUST_USE;
/** cli_out() - flush and check standard output at the end. Returns: @status, or 3 with a message if it could not be written. */
int cli_out(int status);
#if defined(__clang_analyzer__) && !defined(CLI_C) /* it sees one file at a time, and must be told what these return */
#define cli_usage(...) (cli_usage(__VA_ARGS__), 2)
#define cli_fail(...) (cli_fail(__VA_ARGS__), ERR_MACHINE)
#define cli_out(status) (cli_out(status) == ERR_MACHINE ? ERR_MACHINE : (status))
#endif
#endif
