/* SPDX-License-Identifier: Apache-2.0 */
/* run_opts.h - private to cmd_run.c and run_opts.c: the command line of `run`. */
#ifndef IOMMUSIM_RUN_OPTS_H
#define IOMMUSIM_RUN_OPTS_H
#include "config.h"

enum { RUN_STATS_MAX = 8, RUN_SET_MAX = 256 };
struct run_opts {
	const char *config, *trace, *dir, *seed, *warmup, *until, *quantum, *timeline, *epochs, *epochs_out;
	const char *stats[RUN_STATS_MAX], *set[RUN_SET_MAX];
	size_t n_stats, n_set;
	const char *knobs; /* of --check, or NULL */
	bool verify, oracle, check, dump, systemc, help;
};
/** run_opts_parse() - Returns: 0, or the exit status after a complaint. */
int run_opts_parse(struct run_opts *o, int argc, char **argv);
/** run_opts_apply() - --set in order, then --trace, --seed, --warmup, --until over the configuration. */
bool run_opts_apply(const struct run_opts *o, struct run_cfg *c, struct err *e) MUST_USE;
/** run_opts_quantum() - of --quantum, ps; 0 without. */
bool run_opts_quantum(const struct run_opts *o, uint64_t *ps, struct err *e) MUST_USE;
/** run_opts_epochs() - of --epochs, ps; 0 without. */
bool run_opts_epochs(const struct run_opts *o, uint64_t *ps, struct err *e) MUST_USE;
#endif
