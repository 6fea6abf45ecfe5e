/* SPDX-License-Identifier: Apache-2.0 */
/* trace_lift.c - iommusim trace lift: a hardware-level trace as attach, map, unmap and flush events. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "cli_trace.h"
#include "import/lift.h"

static const char help[] =
	"usage: iommusim trace lift IN [--arch ARCH] [-o OUT]\n"
	"Derive attach, detach, map, unmap and flush events from the stores and commands of a trace; DMAs pass through with their expectations.\n"
	"Registers, memory and MMIO are left out: a driver model makes its own.\n"
	"\n"
	"  --arch ARCH       vtd, smmuv3 or amdvi; default: as the captured registers say, vtd if there are none\n"
	"  -o, --output OUT  default '-': standard output, text; .iotb, .bin and .zst are binary\n"
	"  --help            this text\n"
	"\n"
	"example: iommusim trace lift boot.iotb -o boot-sw.iotb\n";

static void summary(const struct lift_sum *s)
{
	fputs("lift: in", stderr);
	for (unsigned i = 1; i < TRC_KINDS; i++)
		if (s->in[i])
			fprintf(stderr, " %s %" PRIu64, trc_kind_name[i], s->in[i]);
	fputs("; out", stderr);
	for (unsigned i = 1; i < TRC_KINDS; i++)
		if (s->out[i])
			fprintf(stderr, " %s %" PRIu64, trc_kind_name[i], s->out[i]);
	fprintf(stderr, "\nlift: commands other than IOTLB invalidations %" PRIu64 ", invalidations of unattached domains %" PRIu64, s->other_cmds,
		s->flush_unknown);
	fprintf(stderr, ", nested attachments without their first level %" PRIu64 "\n", s->nested);
}
int trace_lift(int argc, char **argv)
{
	static const struct option opts[] = { { "output", required_argument, NULL, 'o' }, { "arch", required_argument, NULL, 'a' },
					      { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	const char *out = "-", *arch = NULL;
	struct err e = { 0 };
	struct lift_sum s;
	struct trc_reader *t;
	struct trc_writer *w;
	bool ok;
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:h", opts, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return cli_out(0);
		}
		if (c == 'a') {
			arch = optarg;
			continue;
		}
		if (c != 'o')
			return cli_usage("trace lift", "%s %s", c == ':' ? "no value for option" : "unknown option", argv[optind - 1]);
		out = optarg;
	}
	if (!*out)
		return cli_usage("trace lift", "the name of the output is empty");
	if (argc - optind != 1)
		return cli_usage("trace lift", "give one trace to lift");
	t = trc_open(argv[optind], &e);
	if (!t)
		return cli_fail(&e);
	w = trc_create(out, trc_format_of(out), &e);
	ok = w && lift_run_as(t, w, arch, &s, &e);
	trc_close(t);
	if (!ok) {
		if (w)
			trc_abandon(w);
		return cli_fail(&e);
	}
	if (!trc_finish(w, &e))
		return cli_fail(&e);
	summary(&s);
	return cli_out(0);
}
