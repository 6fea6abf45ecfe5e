/* SPDX-License-Identifier: Apache-2.0 */
/* run_opts.c - the command line of `run`, and how it changes the configuration (so that --dump-config shows it). */
#include "run_opts.h"
#include "cli.h"
#include "report.h"
#include "timeline.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { O_TRACE = 256, O_SET, O_SEED, O_HOST, O_WARMUP, O_STATS, O_UNTIL, O_VERIFY, O_ORACLE, O_CHECK, O_DUMP, O_QUANTUM, O_TIMELINE, O_EPOCHS, O_EPOCHS_OUT };
static const struct option longs[] = {
	{ "trace", required_argument, NULL, O_TRACE }, { "set", required_argument, NULL, O_SET }, { "seed", required_argument, NULL, O_SEED },
	{ "host", required_argument, NULL, O_HOST }, { "warmup", required_argument, NULL, O_WARMUP }, { "stats", required_argument, NULL, O_STATS },
	{ "until", required_argument, NULL, O_UNTIL }, { "verify", no_argument, NULL, O_VERIFY }, { "oracle", no_argument, NULL, O_ORACLE },
	{ "dump-config", no_argument, NULL, O_DUMP }, { "check", optional_argument, NULL, O_CHECK }, { "quantum", required_argument, NULL, O_QUANTUM },
	{ "timeline", required_argument, NULL, O_TIMELINE }, { "epochs", required_argument, NULL, O_EPOCHS }, { "epochs-out", required_argument, NULL, O_EPOCHS_OUT },
	{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
};

/* One option. Returns: 0 or the exit status. */
static int take(struct run_opts *o, int c)
{
	switch (c) {
	case O_TRACE: o->trace = optarg; break;
	case O_SEED: o->seed = optarg; break;
	case O_WARMUP: o->warmup = optarg; break;
	case O_UNTIL: o->until = optarg; break;
	case O_QUANTUM: o->quantum = optarg; break;
	case O_EPOCHS: o->epochs = optarg; break;
	case O_EPOCHS_OUT: o->epochs_out = optarg; break;
	case O_TIMELINE:
		if (timeline_form(optarg) == TL_NO_FORM)
			return cli_usage("run", "--timeline %.200s: the name ends in .iotl, .json or .vcd", optarg);
		o->timeline = optarg;
		break;
	case O_VERIFY: o->verify = true; break;
	case O_ORACLE: o->oracle = true; break;
	case O_CHECK:
		o->check = true;
		o->knobs = optarg;
		break;
	case O_DUMP: o->dump = true; break;
	case 'o': o->dir = optarg; break;
	case 'h': o->help = true; break;
	case O_SET:
		if (o->n_set == RUN_SET_MAX)
			return cli_usage("run", "more than %d --set", RUN_SET_MAX);
		o->set[o->n_set++] = optarg;
		break;
	case O_STATS:
		if (o->n_stats == RUN_STATS_MAX)
			return cli_usage("run", "more than %d --stats", RUN_STATS_MAX);
		if (!report_known(optarg))
			return cli_usage("run", "--stats %.200s: the name ends in .json, .csv or .txt", optarg);
		o->stats[o->n_stats++] = optarg;
		break;
	case O_HOST:
		o->systemc = !strcmp(optarg, "systemc");
		if (!o->systemc && strcmp(optarg, "native"))
			return cli_usage("run", "--host %.80s: expected native or systemc", optarg);
		break;
	}
	return 0;
}

int run_opts_parse(struct run_opts *o, int argc, char **argv)
{
	int c, st;

	*o = (struct run_opts){ 0 };
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1) {
		if (c == '?')
			return cli_usage("run", "unknown option %.200s", argv[optind - 1]);
		if (c == ':')
			return cli_usage("run", "%.200s needs a value", argv[optind - 1]);
		st = take(o, c);
		if (st)
			return st;
	}
	if (o->help)
		return 0;
	if (optind == argc)
		return cli_usage("run", "no configuration file given");
	if (argc - optind > 1)
		return cli_usage("run", "one configuration file, please: '%.200s' is too many", argv[optind + 1]);
	o->config = argv[optind];
	if (!*o->config || (o->trace && !*o->trace) || (o->dir && !*o->dir))
		return cli_usage("run", "the name of the %s is empty", !*o->config ? "configuration" : o->trace && !*o->trace ? "trace" : "directory of -o");
	if (!strcmp(o->config, "-") && o->trace && !strcmp(o->trace, "-"))
		return cli_usage("run", "configuration and trace cannot both come from standard input");
	return 0;
}

/* Set the replay row that lies at @off, as --set would, and name the option in errors. */
static bool set_replay(struct run_cfg *c, const char *option, size_t off, const char *text, struct err *e)
{
	struct err in = { 0 };
	const struct cfg_opt *o = replay_opts;

	while (o->key && o->off != off)
		o++;
	SIM_ASSERT(o->key);
	if (cfg_set(replay_opts, &c->plat.replay, o->key, text, &in))
		return true;
	return err_set(e, in.code, "%s %.200s: %s", option, text, in.msg);
}

/* How many DMAs the input holds: the generator says, a file is read once more for it. */
static bool count_dmas(const struct run_cfg *c, uint64_t *n, struct err *e)
{
	struct trc_reader *t;
	struct trc_rec r;
	int got;

	*n = c->gen.count;
	if (!c->trace)
		return true;
	if (!strcmp(c->trace, "-"))
		return err_set(e, ERR_INPUT, "--warmup: a share of standard input cannot be known; give a number of DMAs");
	t = trc_open(c->trace, e);
	if (!t)
		return false;
	*n = 0;
	while ((got = trc_next(t, &r, e)) > 0)
		*n += r.kind == TRC_DMA;
	trc_close(t);
	return got == 0;
}

static bool set_warmup(struct run_cfg *c, const char *text, struct err *e)
{
	size_t len = strlen(text), off = offsetof(struct replay_cfg, warmup_dmas);
	char number[32], *end;
	uint64_t total;
	unsigned long percent;

	if (!len || text[len - 1] != '%')
		return set_replay(c, "--warmup", off, text, e);
	percent = strtoul(text, &end, 10);
	if (end != text + len - 1 || text[0] < '0' || text[0] > '9' || percent > 99)
		return err_set(e, ERR_INPUT, "--warmup %.80s: expected a number of DMAs, or a share from 0%% to 99%%", text);
	if (!count_dmas(c, &total, e))
		return false;
	snprintf(number, sizeof(number), "%" PRIu64, total / 100 * percent + total % 100 * percent / 100);
	return set_replay(c, "--warmup", off, number, e);
}

bool run_opts_epochs(const struct run_opts *o, uint64_t *ps, struct err *e)
{
	*ps = 0;
	if (!o->epochs != !o->epochs_out)
		return err_set(e, ERR_INPUT, "--epochs and --epochs-out go together: an interval such as \"10us\", and the table F.csv");
	return !o->epochs || cli_time("--epochs", o->epochs, 1000, ps, e);
}

bool run_opts_quantum(const struct run_opts *o, uint64_t *ps, struct err *e)
{
	*ps = 0;
	if (o->quantum && !o->systemc)
		return err_set(e, ERR_INPUT, "--quantum %.80s: only --host systemc has one", o->quantum);
	return !o->quantum || cli_time("--quantum", o->quantum, 0, ps, e);
}

bool run_opts_apply(const struct run_opts *o, struct run_cfg *c, struct err *e)
{
	struct err in = { 0 };

	for (size_t i = 0; i < o->n_set; i++)
		if (!run_cfg_set(c, o->set[i], e))
			return false;
	if (o->trace) {
		char *copy = strdup(o->trace);

		if (!copy)
			return err_set(e, ERR_MACHINE, "out of memory");
		free(c->trace);
		c->trace = copy;
	}
	if (o->seed) {
		char text[64];

		if ((size_t)snprintf(text, sizeof(text), "seed=%s", o->seed) >= sizeof(text) || !run_cfg_set(c, text, &in))
			return err_set(e, ERR_INPUT, "--seed %.80s: expected a whole number", o->seed);
	}
	if (o->warmup && !set_warmup(c, o->warmup, e))
		return false;
	return !o->until || set_replay(c, "--until", offsetof(struct replay_cfg, until_ps), o->until, e);
}
