/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_run.c - `iommusim run`: configuration -> platform; trace or generator -> driver model -> platform; then the statistics.
 * Interrupted (SIGINT), the source ends, what is in flight finishes, results so far are written, and the exit status is 130.
 */
#include "cli.h"
#include "report.h"
#include "run_build.h"
#include "run_epochs.h"
#include "run_opts.h"
#include "run_out.h"
#include "run_check.h"
#include "run_oracle.h"
#include "run_verify.h"
#include "timeline.h"
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef IOMMUSIM_HAVE_SYSTEMC
#include "systemc/sysc_host.h"
#endif

enum { DIFF_SHOWN = 20, EXIT_INTERRUPTED = 130 };
static volatile sig_atomic_t interrupted; /* a signal handler reaches nothing else */

struct run {
	struct run_opts o;
	struct run_cfg c;
	struct plat *p;
	struct sysc *sysc; /* --host systemc */
	struct trc_reader *trc;
	struct gen *gen;
	struct hyp *hyp; /* with the driver model */
	struct oracle *oracle; /* --oracle */
	struct run_check *check; /* --check */
	struct timeline *timeline; /* --timeline */
	struct epochs *epochs; /* --epochs */
	sim_time period;
	struct stat_reg reg;
	struct run_diff { uint64_t line; struct trc_rec rec; struct xl_res got; } diff[DIFF_SHOWN];
	uint64_t n_diff, n_dma; /* differences; DMAs handed to the platform */
	bool tty; /* progress wanted */
	bool shown; /* a progress line is on the screen */
	uint64_t size; /* bytes of the trace, 0 when not known */
	struct timespec start, last;
};

static void on_sigint(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* The last link of the chain: ends the source when the user asked for it. */
static int run_next(void *arg, struct trc_rec *r, struct err *e)
{
	struct run *run = arg;

	int got = interrupted ? 0 : hyp_next(run->hyp, r, e);

	run->n_dma += got > 0 && r->kind == TRC_DMA;
	return got > 0 && run->check ? run_check_next(run->check, r, e) : got;
}

static double seconds(const struct timespec *a, const struct timespec *b)
{
	return (double)(b->tv_sec - a->tv_sec) + 1e-9 * (double)(b->tv_nsec - a->tv_nsec);
}

static void progress(void *arg, uint64_t dmas, uint64_t bytes_in)
{
	struct run *r = arg;
	struct timespec now;
	double share = 0, t;

	if (!r->tty)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds(&r->last, &now) < 0.2)
		return;
	r->last = now;
	t = seconds(&r->start, &now);
	if (r->size && bytes_in)
		share = (double)bytes_in / (double)r->size;
	else if (r->gen && r->c.gen.count)
		share = (double)dmas / (double)r->c.gen.count;
	fprintf(stderr, "\r\033[K%" PRIu64 " DMAs, %.2f M/s", dmas, 1e-6 * (double)dmas / (t > 0 ? t : 1));
	if (share > 0 && share <= 1)
		fprintf(stderr, ", %.0f%%, %.0f s left", 100 * share, t / share - t);
	fflush(stderr);
	r->shown = true;
}

static void end_progress(struct run *r)
{
	if (r->shown)
		fputs("\r\033[K", stderr);
	r->shown = false;
}

static void note(void *arg, const char *text)
{
	end_progress(arg);
	fprintf(stderr, "iommusim: %s\n", text);
}

static void diff(void *arg, const struct plat_diff *d)
{
	struct run *r = arg;

	if (r->n_diff < DIFF_SHOWN)
		r->diff[r->n_diff] = (struct run_diff){ d->rec->line, *d->rec, d->got };
	r->n_diff++;
}

static void fault(void *arg, unsigned unit, const struct xl_req *q, const struct xl_res *res)
{
	struct run *r = arg;

	if (r->hyp)
		hyp_fault(r->hyp, unit, q, res);
}

static void guest_irq(void *arg, unsigned unit, unsigned guest)
{
	struct run *r = arg;

	if (r->hyp)
		hyp_guest_irq(r->hyp, unit, guest);
}

static void queue(void *arg, unsigned unit)
{
	struct run *r = arg;

	if (r->hyp)
		hyp_look(r->hyp, unit);
}

/* --- building --- */

static bool make_host(struct run *r, struct err *e)
{
	uint64_t quantum;

	if (!run_opts_quantum(&r->o, &quantum, e))
		return false;
	if (!r->o.systemc)
		return true;
#ifdef IOMMUSIM_HAVE_SYSTEMC
	r->sysc = sysc_create(&r->c.plat, quantum, e);
	return r->sysc != NULL;
#else
	return err_set(e, ERR_INPUT, "--host systemc: this iommusim was built without SystemC");
#endif
}

static bool build(struct run *r, struct err *e)
{
	const struct plat_hooks hooks = { .arg = r, .same_fault = run_same_fault, .diff = diff, .progress = progress, .note = note,
					  .fault = r->c.hyp.mode != HYP_NONE ? fault : NULL,
					  .queue = r->c.hyp.mode != HYP_NONE && r->c.hyp.timeouts ? queue : NULL, .guest_irq = guest_irq };

	if (!make_host(r, e) || !run_opts_epochs(&r->o, &r->period, e))
		return false;
	r->p = run_build(&r->c, &hooks, &r->reg, e);
	if (r->p && r->o.timeline && !(r->timeline = timeline_create(r->p, r->o.timeline, e)))
		return false;
	if (r->p && r->o.oracle)
		r->oracle = run_oracle_start(r->p, &r->reg, e);
	if (r->p && r->o.check && (!r->o.oracle || r->oracle)) {
		r->check = run_check_start(r->p, r->o.knobs, e);
		if (!r->check)
			return false;
	}
	if (r->p && r->period && !(r->epochs = epochs_start(plat_kernel(r->p), &r->reg, r->period, r->o.epochs_out, e)))
		return false;
	return r->p && (!r->o.oracle || r->oracle);
}

/* Written besides the results; what fails is said. Returns: the exit status. */
static int end_extras(struct run *r)
{
	struct err e = { 0 }, f = { 0 };
	int st = 0;

	if (r->timeline && !timeline_finish(r->timeline, &e))
		st = cli_fail(&e);
	if (r->epochs && !epochs_finish(r->epochs, &f))
		st = cli_fail(&f);
	return st;
}

static int read_trace(void *trc, struct trc_rec *r, struct err *e)
{
	return trc_next(trc, r, e);
}

static bool open_source(struct run *r, struct err *e)
{
	struct stat st;

	if (r->c.trace) {
		r->trc = trc_open(r->c.trace, e);
		if (!r->trc)
			return false;
		if (strcmp(r->c.trace, "-") && !stat(r->c.trace, &st) && S_ISREG(st.st_mode))
			r->size = (uint64_t)st.st_size;
	} else {
		r->gen = gen_create(&r->c.gen, r->c.plat.seed, e);
		if (!r->gen)
			return false;
	}
	r->hyp = hyp_create(&r->c.hyp, &r->c.drv, r->p, r->trc ? read_trace : gen_next, r->trc ? (void *)r->trc : (void *)r->gen, e);
	if (r->hyp && r->c.hyp.mode != HYP_NONE && !stat_add(&r->reg, "hypervisor", hyp_statistics(r->hyp), hyp_stat_defs))
		return err_set(e, ERR_MACHINE, "out of memory");
	return r->hyp != NULL;
}

static bool simulate(struct run *r, struct err *e)
{
#ifdef IOMMUSIM_HAVE_SYSTEMC
	if (r->sysc)
		return sysc_run(r->sysc, r->p, run_next, r, r->o.verify, e);
#endif
	return plat_run(r->p, run_next, r, r->o.verify, e);
}

/* --- results --- */

static void summary(const struct run *r)
{
	const struct plat_stats *s = plat_statistics(r->p);

	if (s->sim_ps)
		printf("%" PRIu64 " DMAs in %.3f us: %.3f M DMA/s (simulated)\n", s->dmas, 1e-6 * (double)s->sim_ps, 1e6 * (double)s->dmas / (double)s->sim_ps);
	else
		printf("%" PRIu64 " DMAs\n", s->dmas);
}

static bool write_results(struct run *r, struct plat_verify *v, struct err *e)
{
	if (r->o.verify && !stat_add(&r->reg, "verify", v, run_verify_defs))
		return err_set(e, ERR_MACHINE, "out of memory");
	summary(r);
	if (!report_text(&r->reg, true, stdout, e))
		return false;
	return run_out_write(&r->o, &r->c, &r->reg, e);
}

static void print_result(const char *what, bool ok, uint64_t pa, unsigned code)
{
	if (ok)
		printf(" %s 0x%" PRIx64, what, pa);
	else
		printf(" %s fault 0x%x", what, code);
}

static const char *source_name(const struct run *r)
{
	return !r->c.trace ? "generated" : strcmp(r->c.trace, "-") ? r->c.trace : "<stdin>";
}

static void print_diffs(const struct run *r, const struct plat_verify *v)
{
	const char *name = source_name(r);

	for (uint64_t i = 0; i < r->n_diff && i < DIFF_SHOWN; i++) {
		const struct run_diff *d = &r->diff[i];

		printf("%s:%" PRIu64 ": ", name, d->line);
		if (d->rec.kind == TRC_DMA) {
			uint32_t rid = d->rec.u.dma.rid;

			printf("dma %02x:%02x.%x %c 0x%" PRIx64 ":", rid >> 8, rid >> 3 & 31, rid & 7, d->rec.u.dma.dir, d->rec.u.dma.iova);
			print_result("expected", d->rec.u.dma.expect == TRC_EXP_OK, d->rec.u.dma.pa, d->rec.u.dma.code);
			print_result("got", d->got.ok, d->got.spa, d->got.code);
		} else {
			printf("%s: differs", trc_kind_name[d->rec.kind]);
			if (d->rec.kind == TRC_MMIO_READ)
				printf(": register 0x%x expected 0x%" PRIx64 " got 0x%" PRIx64, d->rec.u.mmio.off, d->rec.u.mmio.val, d->got.spa);
		}
		putchar('\n');
	}
	if (r->n_diff > DIFF_SHOWN)
		printf("... and %" PRIu64 " more\n", r->n_diff - DIFF_SHOWN);
	printf("verify: %" PRIu64 " agree, %" PRIu64 " disagree, %" PRIu64 " not compared\n", v->agree, v->disagree, v->not_compared);
}

static int simulate_and_report(struct run *r)
{
	struct sigaction sa = { .sa_handler = on_sigint }, old;
	struct err e = { 0 }, out = { 0 };
	struct plat_verify v;
	uint64_t bad = 0;
	bool ok;
	int st = 0;

	r->tty = isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &r->start);
	r->last = r->start;
	interrupted = 0;
	sigaction(SIGINT, &sa, &old);
	ok = simulate(r, &e);
	sigaction(SIGINT, &old, NULL);
	end_progress(r);
	if (!ok && e.code == ERR_MACHINE) /* a store or a request was lost: what is there is no result */
		return cli_fail(&e);
	if (ok && r->check)
		ok = run_check_end(r->check, &e);
	if (ok && r->oracle && oracle_oom(r->oracle))
		ok = err_set(&e, ERR_MACHINE, "out of memory for the oracle: what came later was not checked");
	st = end_extras(r);
	v = *plat_verified(r->p);
	if (ok && !interrupted && r->c.plat.replay.warmup_dmas > r->n_dma)
		fprintf(stderr, "iommusim: the warm-up of %" PRIu64 " DMAs was never over: the statistics cover the whole run\n",
			r->c.plat.replay.warmup_dmas);
	if (!write_results(r, &v, &out))
		st = cli_fail(&out);
	if (r->oracle)
		run_oracle_print(r->oracle, source_name(r));
	if (r->check)
		bad = run_check_print(r->check, r->oracle, source_name(r));
	if (r->o.verify)
		print_diffs(r, &v);
	if (!ok) /* results so far are above; the error decides the status */
		st = cli_fail(&e);
	if (!st)
		st = cli_out(0);
	if (st)
		return st;
	return interrupted ? EXIT_INTERRUPTED : (r->o.verify && v.disagree) || (r->oracle && oracle_bad(r->oracle)) || bad ? 1 : 0;
}

static int help(void)
{
	puts("Usage: iommusim run CONFIG [option]...\n"
	     "Replay a trace, or generated traffic when there is none, on the machine CONFIG describes (YAML; '-' is standard input).\n\n"
	     "  --trace F|-            trace to replay, text or binary\n"
	     "  --set KEY=VALUE        change a configuration key (see 'iommusim params'); may be repeated\n"
	     "  --seed N               seed of everything random\n"
	     "  --host native|systemc  who paces the event queue; results are the same\n"
	     "  --quantum T            how far --host systemc may run ahead of SystemC's time, such as \"1 us\"; 0: not at all\n"
	     "  --warmup N|P%          start the statistics after N DMAs, or after a share of all\n"
	     "  --until T              stop issuing at simulated time T, such as \"10 ms\"\n"
	     "  --verify               compare every DMA with the result the trace expects; exit 1 on a difference\n"
	     "  --oracle               compare every translation used with the tables at that time; exit 1 on a stale one\n"
	     "  --check[=K=V,...]      check the order of table changes, commands and waits by the rules of 'iommusim check', with these knobs;\n"
	     "                         exit 1 on a violation of severity HIGH or CRITICAL\n"
	     "  --timeline F           what happens when: for Perfetto (F.json), for a waveform viewer (F.vcd), or recorded (F.iotl) for 'iommusim timeline'\n"
	     "  --epochs T             with --epochs-out F.csv: what every statistic gained in each interval of simulated time, such as \"10us\"\n"
	     "  --stats F              full statistics to F.json, F.csv or F.txt; may be repeated\n"
	     "  -o DIR                 config.yaml and stats.{txt,json,csv} into DIR\n"
	     "  --dump-config          print the complete effective configuration and stop\n\n"
	     "Exit status: 0, 1 a difference found by --verify, --oracle or --check, 2 wrong input (results so far are written),\n"
	     "3 the machine failed (none are), 130 interrupted (they are).\n\n"
	     "Example:\n  iommusim run configs/captures/vtd.yaml --trace boot.iotb --verify --stats boot.json");
	return cli_out(0);
}

static void cleanup(struct run *r)
{
	hyp_destroy(r->hyp);
	gen_destroy(r->gen);
	if (r->trc)
		trc_close(r->trc);
	stat_fini(&r->reg);
	oracle_destroy(r->oracle);
	run_check_free(r->check);
	timeline_destroy(r->timeline);
	epochs_destroy(r->epochs);
#ifdef IOMMUSIM_HAVE_SYSTEMC
	sysc_detach(r->sysc);
#endif
	plat_destroy(r->p);
#ifdef IOMMUSIM_HAVE_SYSTEMC
	sysc_destroy(r->sysc);
#endif
	run_cfg_free(&r->c);
	free(r);
}

int cmd_run(int argc, char **argv)
{
	struct run *r = calloc(1, sizeof(*r));
	struct err e = { .code = ERR_MACHINE, .msg = "out of memory" };
	int st;

	if (!r)
		return cli_fail(&e);
	st = run_opts_parse(&r->o, argc, argv);
	if (st || r->o.help) {
		free(r);
		return st ? st : help();
	}
	if (!run_cfg_load(&r->c, r->o.config, &e)) {
		free(r);
		return cli_fail(&e);
	}
	if (!run_opts_apply(&r->o, &r->c, &e))
		st = cli_fail(&e);
	else if (r->o.dump)
		st = run_cfg_dump(&r->c, stdout, &e) ? cli_out(0) : cli_fail(&e);
	else if (!run_out_check(&r->o, &e) || !build(r, &e) || !open_source(r, &e))
		st = cli_fail(&e);
	else
		st = simulate_and_report(r);
	cleanup(r);
	return st;
}
