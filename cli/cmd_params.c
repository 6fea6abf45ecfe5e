/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_params.c - every configuration key with type, unit, range, default and help, from the rows that read it. */
#include "cli.h"
#include "config_int.h"
#include "software/drv_break.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fmt { FMT_TEXT, FMT_MD, FMT_YAML };
static const char *const fmt_name[] = { "text", "md", "yaml" };

/* @v as a value of the row, through the same printer as the dump. */
static void value_text(const struct cfg_opt *row, uint64_t v, char *buf, size_t n)
{
	struct cfg_opt o = *row;
	union { uint32_t u32; uint64_t u64; bool b; char *s; } x = { 0 };

	o.off = 0;
	if (o.type == CFG_U32 || o.type == CFG_ENUM)
		x.u32 = (uint32_t)v;
	else if (o.type == CFG_BOOL)
		x.b = v != 0;
	else if (o.type != CFG_STR)
		x.u64 = v;
	cfg_print(&o, &x, buf, n);
}

static void range_text(const struct cfg_opt *o, const char *bar, char *buf, size_t n)
{
	char lo[64], hi[64];
	size_t at = 0;

	snprintf(buf, n, "any");
	if (o->type == CFG_BOOL) {
		snprintf(buf, n, "true, false");
	} else if (o->type == CFG_ENUM || o->type == CFG_LIST) {
		for (const char *p = o->choices; *p && at + 4 < n; p++) {
			if (*p == '|')
				at += (size_t)snprintf(buf + at, n - at, "%s", bar);
			else
				buf[at++] = *p;
			buf[at] = 0;
		}
	} else if (o->type != CFG_STR && (o->min || o->max)) {
		value_text(o, o->min, lo, sizeof(lo));
		value_text(o, o->max, hi, sizeof(hi));
		snprintf(buf, n, "%s .. %s", lo, hi);
	}
}

static void print_text(const char *prefix, const struct cfg_opt *o)
{
	char def[64], range[1000];

	value_text(o, o->def, def, sizeof(def));
	range_text(o, ", ", range, sizeof(range));
	printf("%s%s = %s\n    %s%s%s, %s. %s\n", prefix, o->key, *def ? def : "\"\"", cfg_type_name[o->type], *o->unit ? " in " : "", o->unit, range, o->help);
}

static void print_md(const char *prefix, const struct cfg_opt *o)
{
	char def[64], range[1000];

	value_text(o, o->def, def, sizeof(def));
	range_text(o, ", ", range, sizeof(range));
	printf("| `%s%s` | %s | %s | %s | %s | %s |\n", prefix, o->key, cfg_type_name[o->type], o->unit, range, def, o->help);
}

/* A configuration file with every default, which `run` accepts as it is. */
static void print_yaml(const char *indent, const struct cfg_opt *o)
{
	char def[64], range[1000];

	value_text(o, o->def, def, sizeof(def));
	range_text(o, ", ", range, sizeof(range));
	printf("%s%s: %s # %s%s%s; %s\n", indent, o->key, *def ? def : "\"\"", range, *o->unit ? "; " : "", o->unit, o->help);
}

static void title(enum fmt f, const char *text)
{
	if (f == FMT_MD)
		printf("\n## %s\n\n| key | type | unit | range | default | meaning |\n|---|---|---|---|---|---|\n", text);
	else
		printf("\n# %s\n", text);
}

static void rows(enum fmt f, const char *prefix, const char *indent, const struct cfg_opt *o, bool item)
{
	for (; o->key; o++) {
		if (item && cfg_owned_key(o->key))
			continue;
		if (f == FMT_TEXT)
			print_text(prefix, o);
		else if (f == FMT_MD)
			print_md(prefix, o);
		else
			print_yaml(indent, o);
	}
}

static void arch_rows(enum fmt f, const struct arch *a, bool list)
{
	char text[64];

	snprintf(text, sizeof(text), "units: architecture %s (--set %s.KEY or units.NAME.KEY)", a->name, a->name);
	if (f == FMT_YAML)
		printf("%s  - name: %s0\n    arch: %s\n", list ? "units:\n" : "", a->name, a->name);
	else
		title(f, text);
	snprintf(text, sizeof(text), "%s.", a->name);
	rows(f, text, "    ", a->opts, true);
}

static void print_all(enum fmt f)
{
	const char *open = NULL;
	char prefix[64];

	for (const struct cfg_section *s = cfg_sections; s->opts; s++) {
		if (f == FMT_YAML && *s->name && (!open || strcmp(open, s->name)))
			printf("%s:\n", s->name);
		else if (f != FMT_YAML && (!open || strcmp(open, s->name)))
			title(f, *s->name ? s->name : "top of the file");
		open = s->name;
		snprintf(prefix, sizeof(prefix), "%s%s", s->name, *s->name ? "." : "");
		rows(f, prefix, *s->name ? "  " : "", s->opts, false);
	}
	if (f == FMT_YAML)
		puts("devices:\n  - rid: any");
	else
		title(f, "devices (rid: bus:device.function, or any for those not listed; --set devices.KEY or devices.NAME.KEY)");
	rows(f, "devices.", "    ", dev_opts, true);
	for (const struct arch *a = archs; a->name; a++)
		arch_rows(f, a, a == archs);
}

static const char *on(unsigned archs)
{
	static const char *const name[] = { "none", "vtd", "smmuv3", "vtd smmuv3", "amdvi", "vtd amdvi", "smmuv3 amdvi", "vtd smmuv3 amdvi" };

	return name[archs & DRV_ON_ALL];
}

static int print_breaks(void)
{
	puts("| id | on | stale use possible on | what the driver does | if not on all: why |\n|---|---|---|---|---|");
	for (size_t i = 0; i < DRV_BREAK_N; i++) {
		const struct drv_break_row *b = &drv_break_rows[i];

		printf("| %s | %s | %s | %s | %s |\n", b->id, on(b->archs), on(b->stale), b->what, b->why);
	}
	return cli_out(0);
}

static int usage_text(void)
{
	puts("Usage: iommusim params [ARCH] [--format text|md|yaml]\n"
	     "       iommusim params --breaks\n"
	     "List every configuration key with type, unit, range, default and meaning; with ARCH (vtd, smmuv3 or amdvi) those of one\n"
	     "architecture only.\n"
	     "The YAML form is a configuration file with every default. --breaks lists the faults of software.break.\n\nExample:\n  iommusim params vtd --format md");
	return cli_out(0);
}

static int one_arch(enum fmt f, const char *word)
{
	const char *cand[16], *near;
	size_t n = 0;

	for (const struct arch *a = archs; a->name; a++) {
		if (!strcmp(a->name, word)) {
			arch_rows(f, a, true);
			return cli_out(0);
		}
		if (n < ARRAY_LEN(cand))
			cand[n++] = a->name;
	}
	near = err_nearest(word, cand, n);
	if (near)
		return cli_usage("params", "unknown architecture '%.80s'; did you mean %s?", word, near);
	return cli_usage("params", "unknown architecture '%.80s'; known: vtd, smmuv3, amdvi", word);
}

int cmd_params(int argc, char **argv)
{
	static const struct option longs[] = { { "format", required_argument, NULL, 'f' }, { "breaks", no_argument, NULL, 'b' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	unsigned f = FMT_TEXT;
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h')
			return usage_text();
		if (c == 'b')
			return print_breaks();
		if (c != 'f')
			return cli_usage("params", c == ':' ? "%s needs a value" : "unknown option %s", argv[optind - 1]);
		for (f = 0; f < ARRAY_LEN(fmt_name) && strcmp(optarg, fmt_name[f]); f++)
			;
		if (f == ARRAY_LEN(fmt_name))
			return cli_usage("params", "--format %.80s: expected text, md or yaml", optarg);
	}
	if (argc - optind > 1)
		return cli_usage("params", "more than one architecture");
	if (optind < argc)
		return one_arch(f, argv[optind]);
	print_all(f);
	return cli_out(0);
}
