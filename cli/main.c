/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - finds the command named by the first argument and runs it. Exit status: cli.h. */
#include "cli.h"
#include "report.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

const struct cli_cmd cli_cmds[] = {
	{ "run", cmd_run, "CONFIG [option]...", "replay a trace, or generated traffic, on the machine of a configuration file" },
	{ "walk", cmd_walk, "IMAGE [option]...", "translate over a memory image" },
	{ "trace", cmd_trace, "info|cat|cut|convert [option]...", "look at, cut and convert traces" },
	{ "import", cmd_import, "qemu IN [option]...", "turn other people's logs and images into a trace" },
	{ "decode", cmd_decode, "ARCH KIND HEX...", "say what the bits of an entry, command or record mean" },
	{ "params", cmd_params, "[ARCH] [--format text|md|yaml]", "list every configuration key" },
	{ NULL, NULL, NULL, NULL },
};

static int help(void)
{
	puts("Usage: iommusim COMMAND [argument]...\n"
	     "Simulate the IOMMU of a machine: bit-exact at the software interface, cycle-approximate inside.\n\nCommands:");
	for (const struct cli_cmd *c = cli_cmds; c->name; c++)
		printf("  %-8s %s\n           %s\n", c->name, c->args, c->help);
	puts("\n'iommusim COMMAND --help' says more about one command.\n"
	     "Exit status: 0 success, 1 a finding, 2 wrong input, 3 the machine failed (disk full, no memory), 130 interrupted.\n\n"
	     "Example:\n  iommusim run configs/captures/vtd.yaml --trace boot.iotb --verify");
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
		printf("iommusim %s\n", IOMMUSIM_VERSION);
		return cli_out(0);
	}
	for (const struct cli_cmd *c = cli_cmds; c->name; c++)
		if (!strcmp(c->name, argv[1]))
			return c->run(argc - 1, argv + 1);
	return unknown(argv[1]);
}
