/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_trace.c - `iommusim trace`: cat, cut and convert; the other sub-commands are in trace_*.c.
 * All of them stream: memory does not grow with the length of the trace.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "cli_trace.h"
#include "core/trace/trc.h"

static const char help_all[] =
	"Usage: iommusim trace COMMAND [OPTION]... FILE\n"
	"Look into traces and change their form. FILE may be text, binary, or either compressed by zstd; - is standard input.\n\n"
	"  info     count records, devices, pages, expectations\n"
	"  cat      print as canonical text\n"
	"  cut      keep a range of events and the initial state\n"
	"  convert  write in another form, chosen by the name of the output\n"
	"  gen      make a synthetic trace\n"
	"  lift     turn stores into attach, map, unmap and flush events\n\n"
	"`iommusim trace COMMAND --help` says more.\n\n"
	"Example: iommusim trace info traces/example.iot\n";
static const char help_cat[] =
	"Usage: iommusim trace cat FILE\n"
	"Print a trace as canonical text on standard output. FILE - is standard input.\n\n"
	"      --help   print this\n\n"
	"Example: iommusim trace cat capture.iotb | grep ' fault'\n";
static const char help_cut[] =
	"Usage: iommusim trace cut FILE [--from N] [--to M] -o OUT\n"
	"Keep the events N to M, inclusive. Events are all records but comments and initial state (page, regstate); the first is 1.\n"
	"Initial state and the comments before the first event or inside the range are always kept.\n\n"
	"      --from N       first event (default 1)\n"
	"      --to M         last event (default: the last one)\n"
	"      --keep-writes  of the events before N drop only dma and mmior, so that memory, registers and tables at event N\n"
	"                     are those of the whole trace\n"
	"  -o, --output OUT   .iotb, .bin, .zst: binary; any other name and -: text\n"
	"      --help         print this\n\n"
	"Example: iommusim trace cut capture.iotb --from 1000 --to 2000 -o part.iot\n";
static const char help_convert[] =
	"Usage: iommusim trace convert IN -o OUT\n"
	"Write a trace in another form. The name of OUT chooses: .iotb, .bin, .zst binary; any other name and - text.\n\n"
	"  -o, --output OUT   where to write\n"
	"      --help         print this\n\n"
	"Example: iommusim trace convert capture.iot -o capture.iotb\n";

struct opts {
	const char *in, *out;
	uint64_t from, to;
	bool keep_writes;
};
/* Decides about one record; @event is the number of the event, 0 for comments and initial state. */
typedef bool keep_fn(const struct opts *o, const struct trc_rec *r, uint64_t event, uint64_t events_so_far);

static bool keep_all(const struct opts *o, const struct trc_rec *r, uint64_t event, uint64_t so_far)
{
	(void)o, (void)r, (void)event, (void)so_far;
	return true;
}
static bool keep_range(const struct opts *o, const struct trc_rec *r, uint64_t event, uint64_t so_far)
{
	if (r->kind == TRC_COMMENT)
		return !so_far || (so_far + 1 >= o->from && so_far < o->to);
	if (!event)
		return true;
	if (event < o->from)
		return o->keep_writes && r->kind != TRC_DMA && r->kind != TRC_MMIO_READ;
	return event <= o->to;
}
static int copy(const struct opts *o, keep_fn *keep)
{
	struct err e = { 0 };
	struct trc_reader *in = trc_open(o->in, &e);
	struct trc_writer *out = NULL;
	uint64_t events = 0;
	struct trc_rec r;
	int rc;

	if (!in)
		return cli_fail(&e);
	out = trc_create(o->out, trc_format_of(o->out), &e);
	if (!out)
		goto fail;
	while ((rc = trc_next(in, &r, &e)) > 0) {
		bool event = r.kind != TRC_COMMENT && r.kind != TRC_PAGE && r.kind != TRC_REGSTATE;

		events += event;
		if (keep(o, &r, event ? events : 0, events) && !trc_put(out, &r, &e))
			goto fail;
	}
	if (rc < 0)
		goto fail;
	trc_close(in);
	return trc_finish(out, &e) ? 0 : cli_fail(&e);
fail:
	/* To standard output goes what was good, as in cat(1); a file is not left half-written. */
	if (out && !strcmp(o->out, "-") && trc_format_of(o->out) == TRC_TEXT) {
		struct err second; /* the first error is the one to report */

		(void)!trc_finish(out, &second); /* frees in any case */
		out = NULL;
	}
	trc_abandon(out);
	trc_close(in);
	return cli_fail(&e);
}
static bool event_number(const char *text, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *v;
}
enum { OPT_HELP = 256, OPT_FROM, OPT_TO, OPT_KEEP };
static const struct option opts_cat[] = { { "help", no_argument, 0, OPT_HELP }, { 0 } };
static const struct option opts_convert[] = { { "help", no_argument, 0, OPT_HELP }, { "output", required_argument, 0, 'o' }, { 0 } };
static const struct option opts_cut[] = {
	{ "help", no_argument, 0, OPT_HELP },	  { "output", required_argument, 0, 'o' },	 { "from", required_argument, 0, OPT_FROM },
	{ "to", required_argument, 0, OPT_TO }, { "keep-writes", no_argument, 0, OPT_KEEP }, { 0 },
};
/* Returns: -1 to go on, else the exit status. */
static int parse(int argc, char **argv, const char *name, const struct option *lo, const char *help, struct opts *o)
{
	int c;

	*o = (struct opts){ .from = 1, .to = UINT64_MAX };
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, lo == opts_cat ? ":h" : ":o:h", lo, NULL)) != -1) {
		switch (c) {
		case OPT_HELP:
		case 'h':
			fputs(help, stdout);
			return cli_out(0);
		case 'o':
			o->out = optarg;
			break;
		case OPT_FROM:
		case OPT_TO:
			if (!event_number(optarg, c == OPT_FROM ? &o->from : &o->to))
				return cli_usage(name, "--%s %s: expected the number of an event, 1 or more",
						 c == OPT_FROM ? "from" : "to", optarg);
			break;
		case OPT_KEEP:
			o->keep_writes = true;
			break;
		case ':':
			return cli_usage(name, "%s needs a value", argv[optind - 1]);
		default:
			return cli_usage(name, "%s is not an option", argv[optind - 1]);
		}
	}
	if (optind + 1 != argc)
		return cli_usage(name, optind < argc ? "expected one trace, found also \"%s\"" : "expected the name of a trace%s",
				 optind < argc ? argv[optind + 1] : "");
	o->in = argv[optind];
	if (lo == opts_cat)
		o->out = "-";
	if (!o->out || !*o->out)
		return cli_usage(name, "expected -o OUT");
	if (o->from > o->to)
		return cli_usage(name, "--from %llu is behind --to %llu", (unsigned long long)o->from, (unsigned long long)o->to);
	return -1;
}
static int trace_cat(int argc, char **argv)
{
	struct opts o;
	int rc = parse(argc, argv, "trace cat", opts_cat, help_cat, &o);

	return rc >= 0 ? rc : copy(&o, keep_all);
}
static int trace_cut(int argc, char **argv)
{
	struct opts o;
	int rc = parse(argc, argv, "trace cut", opts_cut, help_cut, &o);

	return rc >= 0 ? rc : copy(&o, keep_range);
}
static int trace_convert(int argc, char **argv)
{
	struct opts o;
	int rc = parse(argc, argv, "trace convert", opts_convert, help_convert, &o);

	return rc >= 0 ? rc : copy(&o, keep_all);
}
int cmd_trace(int argc, char **argv)
{
	static const struct { const char *name; int (*run)(int argc, char **argv); } sub[] = {
		{ "info", trace_info }, { "cat", trace_cat }, { "cut", trace_cut },
		{ "convert", trace_convert }, { "gen", trace_gen }, { "lift", trace_lift },
	};
	const char *names[ARRAY_LEN(sub)], *near;

	if (argc < 2)
		return cli_usage("trace", "expected info, cat, cut, convert, gen or lift");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(help_all, stdout);
		return cli_out(0);
	}
	for (size_t i = 0; i < ARRAY_LEN(sub); i++) {
		names[i] = sub[i].name;
		if (!strcmp(argv[1], sub[i].name))
			return sub[i].run(argc - 1, argv + 1);
	}
	near = err_nearest(argv[1], names, ARRAY_LEN(sub));
	return cli_usage("trace", "found \"%s\", expected info, cat, cut, convert, gen or lift%s%s%s", argv[1], near ? " (did you mean \"" : "",
			 near ? near : "", near ? "\"?)" : "");
}
