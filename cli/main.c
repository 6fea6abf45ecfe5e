/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - finds the command named by the first argument and runs it. Exit status: cli.h. */
#include "cli.h"
#include "iommusim/iommusim.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

const struct cli_cmd cli_cmds[] = {
	{ "run", cmd_run, "CONFIG [option]...", "replay a trace, or generated traffic, on the machine of a configuration file" },
	{ "sweep", cmd_sweep, "SWEEP --out R.db [option]...", "run every point of a sweep file on all cores; results in an SQLite database" },
	{ "merge", cmd_merge, "A.db B.db... -o R.db", "put result databases together, such as the shards of a sweep" },
	{ "plot", cmd_plot, "R.db --x KEY --y STAT [option]... -o F.svg|.png|.pdf", "draw the results of a sweep" },
	{ "report", cmd_report, "R.db [--y STAT]... -o F.html", "write the results of a sweep as one self-contained page" },
	{ "validate", cmd_validate, "[option]... [DIR]", "run experiments and judge them against published values" },
	{ "timeline", cmd_timeline, "F.iotl -o F.json|F.vcd [option]...", "make a timeline for viewers of what 'run --timeline F.iotl' recorded" },
	{ "walk", cmd_walk, "IMAGE.idx [option]...", "translate over a memory image, step by step, or compare with a list of answers" },
	{ "trace", cmd_trace, "info|cat|cut|convert|gen|lift [option]...",
	  "look at, cut, convert and generate traces; lift captured stores to map and unmap events" },
	{ "check", cmd_check, "TRACE [option]...", "order of table changes, invalidations, waits and releases in a trace" },
	{ "import", cmd_import, "qemu LOG [option]...", "turn other people's logs and images into a trace" },
	{ "decode", cmd_decode, "ARCH KIND HEX...", "say what the bits of an entry, command or record mean" },
	{ "faults", cmd_faults, "CONFIG [option]...", "serve page faults of devices in software: page requests, stalled transactions" },
	{ "params", cmd_params, "[ARCH] [--format text|md|yaml]", "list every configuration key" },
	{ NULL, NULL, NULL, NULL },
};

static int help(void)
{
	puts("Usage: iommusim COMMAND [argument]...\n"
	     "Simulate the IOMMU of a machine: bit-exact at the software interface, cycle-approximate inside.\n\nCommands:");
	for (const struct cli_cmd *c = cli_cmds; c->name; c++)
		printf("  %-8s %s\n           %s\n", c->name, c->args, c->help);
	puts("\n'iommusim COMMAND --help' (or 'iommusim help COMMAND') says more about one command; 'iommusim --version' prints the version.\n"
	     "Exit status: 0 success, 1 a finding, 2 wrong input, 3 the machine failed (disk full, no memory), 130 interrupted.\n\n"
	     "Example:\n  iommusim run configs/captures/vtd.yaml --trace traces/vtd-lazy-vblk.iotb --verify");
	return cli_out(0);
}

static int unknown(const char *word)
{
	const char *name[64], *near;
	size_t n = 0;

	for (const struct cli_cmd *c = cli_cmds; c->name && n < ARRAY_LEN(name); c++)
		name[n++] = c->name;
	near = err_nearest(word, name, n);
	fprintf(stderr, "iommusim: unknown command '%.80s'", word);
	if (near)
		fprintf(stderr, "; did you mean %s?", near);
	fputs("\nTry 'iommusim --help'.\n", stderr);
	return ERR_INPUT;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("iommusim: no command given\nTry 'iommusim --help'.\n", stderr);
		return ERR_INPUT;
	}
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error, reported as one */
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || (!strcmp(argv[1], "help") && argc == 2))
		return help();
	if (!strcmp(argv[1], "--version")) {
		printf("iommusim %s\n", iommusim_version());
		return cli_out(0);
	}
	if (!strcmp(argv[1], "help")) {
		for (const struct cli_cmd *c = cli_cmds; c->name; c++)
			if (!strcmp(c->name, argv[2]))
				return c->run(2, (char *[]){ argv[2], (char[]){ "--help" }, NULL });
		return unknown(argv[2]);
	}
	for (const struct cli_cmd *c = cli_cmds; c->name; c++)
		if (!strcmp(c->name, argv[1]))
			return c->run(argc - 1, argv + 1);
	return unknown(argv[1]);
}
