/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_faults.c - `iommusim faults`: devices whose pages are not there, and software that serves their page faults. The machine is that of the
 * configuration (its first unit, its default device); handler and work are its section page_faults.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "report.h"
#include "run_build.h"
#include "software/pf_back.h"
#include "software/pf_load.h"

enum { SETS = 64, O_SET = 256, O_STATS, O_SEED, O_UNTIL };
struct faults {
	const char *config, *stats, *seed, *until, *set[SETS];
	size_t n_set;
	struct run_cfg c;
	struct plat *p;
	struct pf_load l;
	struct pf_back back; /* with a hypervisor */
	struct stat_reg reg;
	uint64_t until_ps;
	bool ready;
};

static int usage_text(void)
{
	puts("Usage: iommusim faults CONFIG [option]...\n"
	     "Devices touch pages that are not there; software serves their page requests, or on SMMUv3 stalled transactions if the devices have\n"
	     "no translation cache. software.hypervisor puts a guest around the handler. Handler and work: section page_faults of CONFIG (YAML; '-' is standard input) and 'iommusim params'.\n\n"
	     "  --set KEY=VALUE  change a configuration key; may be repeated\n"
	     "  --seed N         seed of everything random\n"
	     "  --until T        stop at simulated time T, such as \"10 ms\"\n"
	     "  --stats F        full statistics to F.json, F.csv or F.txt\n\n"
	     "Exit status: 0, 1 a DMA met a wrong page, failed although its pages exist, or never ended, 2 wrong input, 3 the machine failed.\n\n"
	     "Example:\n  iommusim faults configs/faults-vtd.yaml --set page_faults.threads=4");
	return cli_out(0);
}

static int parse(struct faults *f, int argc, char **argv, bool *help)
{
	static const struct option longs[] = { { "set", required_argument, NULL, O_SET }, { "stats", required_argument, NULL, O_STATS },
					       { "seed", required_argument, NULL, O_SEED }, { "until", required_argument, NULL, O_UNTIL },
					       { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (c) {
		case 'h': *help = true; return 0;
		case O_SEED: f->seed = optarg; break;
		case O_UNTIL: f->until = optarg; break;
		case O_STATS:
			if (!report_known(optarg))
				return cli_usage("faults", "--stats %.200s: the name ends in .json, .csv or .txt", optarg);
			f->stats = optarg;
			break;
		case O_SET:
			if (f->n_set == SETS)
				return cli_usage("faults", "more than %d --set", SETS);
			f->set[f->n_set++] = optarg;
			break;
		case ':': return cli_usage("faults", "%.200s needs a value", argv[optind - 1]);
		default: return cli_usage("faults", "unknown option %.200s", argv[optind - 1]);
		}
	}
	if (argc - optind != 1 || !*argv[optind])
		return cli_usage("faults", optind == argc ? "no configuration file given" : "one configuration file, please");
	f->config = argv[optind];
	return 0;
}

/* Of a replay, with the messages of the unit brought to the handler. */
static void msi(void *arg, unsigned unit, uint64_t addr, uint32_t data)
{
	struct faults *f = arg;

	(void)data;
	if (!unit && f->ready)
		pf_load_msi(&f->l, addr);
}

static void guest_irq(void *arg, unsigned unit, unsigned guest)
{
	struct faults *f = arg;

	(void)guest; /* there is one */
	if (!unit && f->ready)
		pf_host_interrupt(&f->l.h);
}

static bool configure(struct faults *f, struct err *e)
{
	static const struct cfg_opt until[] = { { "until", CFG_TIME, 0, 0, 0, UINT64_MAX, "ps", "", 0 }, { 0 } };
	char seed[64];

	if (!run_cfg_load(&f->c, f->config, e))
		return false;
	for (size_t i = 0; i < f->n_set; i++)
		if (!run_cfg_set(&f->c, f->set[i], e))
			return false;
	if (f->seed) {
		snprintf(seed, sizeof(seed), "seed=%.40s", f->seed);
		if (!run_cfg_set(&f->c, seed, e))
			return false;
	}
	if (f->until && !cfg_set(until, &f->until_ps, "until", f->until, e))
		return false;
	if (f->c.n_unit != 1)
		return err_set(e, ERR_INPUT, "%.200s: %zu units; page faults are served for one", f->config, f->c.n_unit);
	return true;
}

static bool build(struct faults *f, struct err *e)
{
	const struct plat_hooks hooks = { .arg = f, .msi = msi, .guest_irq = guest_irq };

	f->p = run_build(&f->c, &hooks, &f->reg, e);
	f->c.faults.guest_log = f->p && pf_back_guest_log(&f->c.hyp, plat_unit(f->p, 0));
	f->ready = f->p && pf_load_init(&f->l, &f->c.faults, f->p, &f->c.plat.dev_default, f->c.plat.seed, e);
	if (!f->ready)
		return false;
	if (f->c.hyp.mode != HYP_NONE) {
		if (!pf_back_init(&f->back, &f->c.hyp, &f->l.h, e))
			return false;
		if (!stat_add(&f->reg, "hypervisor", &f->back.st, pf_back_stat_defs))
			return err_set(e, ERR_MACHINE, "out of memory");
	}
	return pf_load_list_stats(&f->l, &f->reg) || err_set(e, ERR_MACHINE, "out of memory");
}

static void line(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "iommusim: %s\n", text);
}

static bool bad(struct faults *f)
{
	const struct pf_load_stats *s = &f->l.st;

	if (s->unfinished && !f->until_ps)
		for (uint32_t i = 0; i < f->c.faults.devices; i++) {
			struct dev *d = plat_find_device(f->p, 0, pf_rid(i));

			if (d && dev_waiting(d))
				dev_dump(d, line, NULL);
		}
	return s->misplaced || s->failed_wrongly || (s->unfinished && !f->until_ps);
}

static int go(struct faults *f)
{
	struct err e = { 0 };
	int st = 0;

	if (!configure(f, &e) || !build(f, &e) || !pf_load_run(&f->l, f->until_ps, f->c.plat.replay.stuck_ps, &e))
		return cli_fail(&e);
	if (!report_text(&f->reg, true, stdout, &e) || (f->stats && !report_file(&f->reg, f->stats, &e)))
		return cli_fail(&e);
	printf("%" PRIu64 " DMAs: %" PRIu64 " done, %" PRIu64 " failed, %" PRIu64 " unfinished; %" PRIu64 " groups, %" PRIu64 " stalls answered\n",
	       f->l.st.wanted, f->l.st.done, f->l.st.failed, f->l.st.unfinished, f->l.h.st.groups, f->l.h.st.stalls);
	st = bad(f);
	return cli_out(st);
}

int cmd_faults(int argc, char **argv)
{
	struct faults *f = calloc(1, sizeof(*f));
	struct err e = { .code = ERR_MACHINE, .msg = "out of memory" };
	bool help = false;
	int st;

	if (!f)
		return cli_fail(&e);
	st = parse(f, argc, argv, &help);
	if (help)
		st = usage_text();
	else if (!st)
		st = go(f);
	stat_fini(&f->reg);
	if (f->ready)
		pf_load_fini(&f->l);
	if (f->p)
		plat_destroy(f->p);
	run_cfg_free(&f->c);
	free(f);
	return st;
}
