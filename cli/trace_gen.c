/* SPDX-License-Identifier: Apache-2.0 */
/* trace_gen.c - `iommusim trace gen`: the synthetic generator written out as a software-level trace. */
#include "cli.h"
#include "cli_trace.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "software/gen.h"
#include "software/workload.h"

static void help(void)
{
	const char *name, *text;

	printf("usage: iommusim trace gen [--set KEY=VALUE]... [--seed N] -o OUT\n\n"
	       "Write a synthetic trace: attach, map, then DMA. OUT \"-\" is standard output; .iotb, .bin and .zst are binary.\n\n"
	       "  --set KEY=VALUE   one of the keys below; may be repeated, the last one counts ('iommusim params' has ranges and defaults)\n"
	       "  --workload NAME   one of the workloads below instead of a plain pattern; it has its own keys\n"
	       "  --seed N          seed of addresses and directions (default 1)\n"
	       "  -o, --output OUT  the trace\n"
	       "  --help            this text\n\nkeys:\n");
	for (const struct cfg_opt *o = gen_opts; o->key; o++)
		printf("  %-14s %s\n", o->key, o->help);
	printf("\nworkloads:\n");
	for (size_t i = 0; wl_list(i, &name, &text); i++)
		printf("  %-14s %s\n", name, text);
	printf("\nkeys of workloads:\n");
	for (const struct cfg_opt *o = wl_opts; o->key; o++)
		printf("  %-14s %s\n", o->key, o->help);
	printf("\nexample: iommusim trace gen --workload nic --set frame=1448 -o nic.iot\n         iommusim trace gen --set count=1000 --set window=16M --seed 7 -o uniform.iot\n");
}

enum { SETS = 64 };
static bool set(const struct cfg_opt *opts, void *c, const char *arg, struct err *e)
{
	const char *eq = strchr(arg, '='), *val = eq ? eq + 1 : "";
	char key[64];

	if (!strncmp(arg, "gen.", 4))
		arg += 4;
	if (!eq || (size_t)(eq - arg) >= sizeof(key))
		return err_set(e, ERR_INPUT, "--set %s: expected KEY=VALUE", arg);
	memcpy(key, arg, (size_t)(eq - arg));
	key[eq - arg] = 0;
	struct err in = { 0 };

	return cfg_set(opts, c, key, val, &in) || err_set(e, in.code, "--set %s: %s", arg, in.msg);
}

static bool seed_number(const char *text, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool write_all(int (*next)(void *, struct trc_rec *, struct err *), void *source, const char *path, struct err *e)
{
	struct trc_writer *w = source ? trc_create(path, trc_format_of(path), e) : NULL;
	struct trc_rec r;
	int rc = w ? 1 : -1;

	while (rc > 0 && (rc = next(source, &r, e)) > 0)
		if (!trc_put(w, &r, e))
			rc = -1;
	if (rc == 0)
		return trc_finish(w, e);
	if (w)
		trc_abandon(w);
	return false;
}

static bool gen_all(const char *const *sets, size_t n, uint64_t seed, const char *path, struct err *e)
{
	struct gen_cfg c = { 0 };
	struct gen *g;
	bool ok = true;

	cfg_defaults(gen_opts, &c);
	for (size_t i = 0; ok && i < n; i++)
		ok = set(gen_opts, &c, sets[i], e);
	g = ok ? gen_create(&c, seed, e) : NULL;
	ok = g && write_all(gen_next, g, path, e);
	gen_destroy(g);
	cfg_free(gen_opts, &c);
	return ok;
}

static bool workload_all(const char *name, const char *const *sets, size_t n, uint64_t seed, const char *path, struct err *e)
{
	struct wl_cfg c = { 0 };
	struct wl *w;
	bool ok = true;

	cfg_defaults(wl_opts, &c);
	for (size_t i = 0; ok && i < n; i++)
		ok = set(wl_opts, &c, sets[i], e);
	w = ok ? wl_create(name, &c, seed, e) : NULL;
	ok = w && write_all(wl_next, w, path, e);
	wl_destroy(w);
	return ok;
}

int trace_gen(int argc, char **argv)
{
	static const struct option opts[] = { { "set", required_argument, NULL, 's' }, { "seed", required_argument, NULL, 'S' },
					      { "output", required_argument, NULL, 'o' }, { "workload", required_argument, NULL, 'w' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	struct err e = { 0 };
	const char *out = NULL, *workload = NULL, *sets[SETS];
	size_t n = 0;
	uint64_t seed = 1;
	int o, status = 0;

	optind = 0;
	opterr = 0;
	while (!status && (o = getopt_long(argc, argv, ":o:h", opts, NULL)) != -1) {
		switch (o) {
		case 's':
			if (n == SETS)
				status = cli_usage("trace gen", "more than %d --set", SETS);
			else
				sets[n++] = optarg;
			break;
		case 'w':
			workload = optarg;
			break;
		case 'S':
			if (!seed_number(optarg, &seed))
				status = cli_usage("trace gen", "--seed %.80s: expected a whole number", optarg);
			break;
		case 'o':
			out = optarg;
			break;
		case 'h':
			help();
			return cli_out(0);
		case ':':
			status = cli_usage("trace gen", "%.200s needs a value", argv[optind - 1]);
			break;
		default:
			status = cli_usage("trace gen", "unknown option %.200s", argv[optind - 1]);
		}
	}
	if (!status && optind < argc)
		status = cli_usage("trace gen", "unexpected argument \"%s\"", argv[optind]);
	if (!status && (!out || !*out))
		status = cli_usage("trace gen", "-o OUT is missing");
	if (!status && !(workload ? workload_all(workload, sets, n, seed, out, &e) : gen_all(sets, n, seed, out, &e)))
		status = cli_fail(&e);
	return status ? status : cli_out(0);
}
