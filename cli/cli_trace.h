/* SPDX-License-Identifier: Apache-2.0 */
/* cli_trace.h - sub-commands of `iommusim trace` that live in files of their own. argv[0] is the sub-command's name. */
#ifndef IOMMUSIM_CLI_TRACE_H
#define IOMMUSIM_CLI_TRACE_H
int trace_lift(int argc, char **argv); /* trace_lift.c: stores to attach, map, unmap, flush */
int trace_gen(int argc, char **argv); /* trace_gen.c: synthetic traces */
int trace_info(int argc, char **argv); /* trace_info.c */
#endif
