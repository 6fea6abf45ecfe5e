/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_timeline.c - `iommusim timeline`: a recording of `run --timeline F.iotl`, or a part of it, for viewers. */
#include "cli.h"
#include "timeline.h"
#include <getopt.h>
#include <stdio.h>

static int help(void)
{
	puts("Usage: iommusim timeline F.iotl -o F.json|F.vcd [option]...\n"
	     "Make a timeline for Perfetto (F.json) or a waveform viewer (F.vcd) of a recording that 'iommusim run --timeline F.iotl' wrote.\n\n"
	     "  -o, --output F      the timeline\n"
	     "      --from T        requests, walks, messages and counts that begin at simulated time T, such as \"2 ms\", or later\n"
	     "      --to T          and not after this time\n"
	     "      --help          this text\n\n"
	     "Exit status: 0, 2 wrong input, 3 the machine failed.\n\n"
	     "Example:\n  iommusim run configs/captures/vtd.yaml --trace traces/vtd-lazy-vblk.iotb --timeline t.iotl\n"
	     "  iommusim timeline t.iotl --from 100us --to 200us -o t.json");
	return cli_out(0);
}

int cmd_timeline(int argc, char **argv)
{
	static const struct option longs[] = { { "output", required_argument, NULL, 'o' }, { "from", required_argument, NULL, 'f' },
					       { "to", required_argument, NULL, 't' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	const char *out = NULL, *from = NULL, *to = NULL;
	uint64_t first = 0, last = UINT64_MAX;
	struct err e = { 0 };
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1)
		switch (c) {
		case 'o': out = optarg; break;
		case 'f': from = optarg; break;
		case 't': to = optarg; break;
		case 'h': return help();
		default:
			return cli_usage("timeline", c == ':' ? "%.200s needs a value" : "unknown option %.200s", argv[optind - 1]);
		}
	if (!out)
		return cli_usage("timeline", "-o F.json or F.vcd is missing");
	if (timeline_form(out) != TL_JSON && timeline_form(out) != TL_VCD)
		return cli_usage("timeline", "-o %.200s: the name ends in .json or .vcd", out);
	if (argc - optind != 1)
		return cli_usage("timeline", argc == optind ? "no recording given" : "one recording, please");
	if ((from && !cli_time("--from", from, 0, &first, &e)) || (to && !cli_time("--to", to, 0, &last, &e)))
		return cli_fail(&e);
	if (last < first)
		return cli_usage("timeline", "--to %.80s: ends before --from %.80s", to, from);
	if (!timeline_convert(argv[optind], out, first, last, &e))
		return cli_fail(&e);
	return cli_out(0);
}
