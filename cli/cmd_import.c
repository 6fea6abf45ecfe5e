/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_import.c - iommusim import: other people's traces into ours. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cli.h"
#include "core/trace/trc.h"
#include "import/image.h"
#include "import/imp_ftrace.h"
#include "import/imp_qemu.h"
#include "outfile.h"

static const char help[] =
	"usage: iommusim import qemu LOG [--image NAME.idx] [-o OUT] [--summary FILE]\n"
	"       iommusim import ftrace LOG [--domain N] [-o OUT] [--summary FILE]\n"
	"Turn a QEMU trace log (text or zstd, '-': standard input) of a VT-d, SMMUv3 or AMD-Vi machine into a hardware-level trace.\n"
	"\n"
	"  --image NAME.idx  memory image taken during the log (NAME.pages.gz is beside it): the trace begins there\n"
	"  -o, --output OUT  the trace; '-' (default) is standard output, text; .iotb, .bin and .zst are binary\n"
	"  --summary FILE    the summary there instead of standard error; '-' is standard output\n"
	"  --help            this text\n"
	"\n"
	"The kind of the image, else the first event of one of them, says which IOMMU it is. Used are\n"
	"  any     mem_write, mem_page, mem_word: the driver's stores; mem_flush: its write-backs; mem_mmio: register writes (AMD-Vi)\n"
	"  VT-d    vtd_reg_read/write, vtd_iotlb_page_hit/update with vtd_dmar_translate, vtd_translate_pt, vtd_dmar_fault, vtd_inv_desc, vtd_inv_qi_*\n"
	"  SMMUv3  smmuv3_read/write_mmio, smmuv3_translate_*, smmuv3_record_event, \"translation failed\" (-d guest_errors), smmuv3_cmdq_*,\n"
	"          smmuv3_config_cache_*, smmuv3_range_inval, smmu_ptw_page_pte, smmu_ptw_block_pte\n"
	"  AMD-Vi  amdvi_mmio_read, amdvi_control_status, amdvi_translation_result, amdvi_command_exec, amdvi_command_error,\n"
	"          amdvi_completion_wait, amdvi_pages_inval, amdvi_devtab_inval, amdvi_all_inval\n"
	"All other events are counted. PASIDs, ATS, PRI and times are in no such log; interrupt remapping is not imported.\n"
	"\n"
	"With an image every DMA carries QEMU's result as its expectation. Without one nothing is known of the tables: the commands of the log are\n"
	"written into the ring, and no result is expected.\n"
	"\n"
	"ftrace: text of Linux tracing (events iommu and intel_iommu) into a software-level trace with `cmd` records, see docs/capture.md.\n"
	"\n"
	"  --domain N        domain of map and unmap, whose events have none (default: the one that cache_tag_assign told; 1 if it told none)\n"
	"\n"
	"example: iommusim import qemu boot.log.zst --image boot.snap1.idx -o boot.iotb\n";

struct import_args { const char *log, *image, *out, *summary; int64_t domain; bool ftrace; };

static int parse(int argc, char **argv, struct import_args *a)
{
	static const struct option opts[] = {
		{ "image", required_argument, NULL, 'i' }, { "output", required_argument, NULL, 'o' }, { "summary", required_argument, NULL, 's' },
		{ "domain", required_argument, NULL, 'd' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	unsigned long n;
	char *end;
	int c;

	optind = 0; /* glibc: begin again, whoever parsed before */
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:h", opts, NULL)) != -1)
		switch (c) {
		case 'i':
			a->image = optarg;
			break;
		case 'd':
			n = strtoul(optarg, &end, 10);
			if (*optarg < '0' || *optarg > '9' || *end || n > 0xffff)
				return cli_usage("import", "--domain: found \"%s\", expected a number from 0 to 65535", optarg);
			a->domain = (int64_t)n;
			break;
		case 'o':
			a->out = optarg;
			break;
		case 's':
			a->summary = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_out(0);
		case ':':
			return cli_usage("import", "option %s needs a value", argv[optind - 1]);
		default:
			return cli_usage("import", "unknown option %s", argv[optind - 1]);
		}
	if (argc - optind < 2)
		return cli_usage("import", "say what to import: qemu LOG or ftrace LOG");
	a->ftrace = !strcmp(argv[optind], "ftrace");
	if (!a->ftrace && strcmp(argv[optind], "qemu"))
		return cli_usage("import", "cannot import \"%s\", only qemu and ftrace", argv[optind]);
	if (a->ftrace ? a->image != NULL : a->domain >= 0)
		return cli_usage("import", "%s is not for %s", a->ftrace ? "--image" : "--domain", argv[optind]);
	if (argc - optind > 2)
		return cli_usage("import", "one log at a time; what is \"%s\"?", argv[optind + 2]);
	a->log = argv[optind + 1];
	if (!a->out || !*a->out)
		return cli_usage("import", "the name of the output is empty");
	if (a->summary && !strcmp(a->summary, "-") && !strcmp(a->out, "-"))
		return cli_usage("import", "the trace and the summary cannot both go to standard output; use -o FILE");
	return -1;
}
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
/* One of @s and @fs. */
static bool put_summary(const char *path, const struct imp_sum *s, const struct imp_ftrace_sum *fs, double secs, struct err *e)
{
	bool file = path && strcmp(path, "-");
	struct outfile out;
	FILE *f = path ? stdout : stderr;

	if (file && !outfile_open(&out, path, e))
		return false;
	if (file)
		f = out.o;
	if (s)
		imp_sum_print(f, s);
	else
		imp_ftrace_print(f, fs);
	fprintf(f, "time: %.3f s\n", secs);
	if (file)
		return outfile_end(&out, true, e);
	return (!fflush(f) && !ferror(f)) || err_set(e, ERR_MACHINE, "%s: could not be written", path ? "standard output" : "standard error");
}
int cmd_import(int argc, char **argv)
{
	struct import_args a = { .out = "-", .domain = -1 };
	struct err e = { 0 };
	struct imp_sum s;
	struct imp_ftrace_sum fs;
	struct image *im = NULL;
	struct trc_writer *w = NULL;
	double t0 = seconds();
	int st = parse(argc, argv, &a);
	bool ok;

	if (st >= 0)
		return st;
	if (a.image && !(im = image_load(a.image, &e)))
		return cli_fail(&e);
	w = trc_create(a.out, trc_format_of(a.out), &e);
	if (a.ftrace)
		ok = w && imp_ftrace(a.log, a.domain, w, &fs, &e);
	else
		ok = w && imp_qemu(&(struct imp_qemu_in){ a.log, a.image, im }, w, &s, &e);
	image_free(im);
	if (!ok) {
		if (w)
			trc_abandon(w);
		return cli_fail(&e);
	}
	if (!trc_finish(w, &e) || !put_summary(a.summary, a.ftrace ? NULL : &s, &fs, seconds() - t0, &e))
		return cli_fail(&e);
	return cli_out(0);
}
