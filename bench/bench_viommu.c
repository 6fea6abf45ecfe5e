/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_viommu.c - guests with an AMD-Vi each, their command buffers executed by the unit (hardware vIOMMU) or trapped and executed by a
 * hypervisor: latency and throughput in simulated time. One CSV row per point; what the columns mean: docs/viommu.md.
 * Every point is checked: no stale answer after a COMPLETION_WAIT, no page lost, each invalidation executed once, nothing dropped outside an
 * unmapped page, no exit where there must be none (vp_broken()).
 * Usage: bench_viommu [--set KEY=VALUE]... [--sweep KEY=VALUE,VALUE...]... [--break-even] [--jobs N] | --help
 * --break-even: for each point of a hardware way, the exit cost with which the trapped way has the same mean latency, by bisection;
 * negative: the trapped way is slower by that much even if exits cost nothing.
 * Exit status: 0 fine, 1 a point broke a rule, 2 bad arguments, 3 a point could not be run.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#include "viommu/point.h"

enum { MAX_SWEEPS = 8, MAX_VALUES = 64, MAX_SETS = 64 };
#define BREAK_MAX_PS UINT64_C(50000000)
#define BREAK_STEP_PS UINT64_C(10000)
struct row {
	uint64_t waits, p50, p95, p99, mean;
	int64_t break_even_ps;
	double inv_per_us, exits_per_inv, private_share, guest_share, turn_ns, drain_ns, queue_ns, lock_ns;
	double map_miss, walks_per_inv, dma_per_us, tlb_hit;
	uint64_t rounds_min, rounds_max, checked, stale, lost, kept_dropped, evictions;
	struct amd_host_stats host;
	const char *broken;
	struct err err;
};
static struct {
	const char *set[MAX_SETS];
	unsigned n_sets;
	struct { char *key, *value[MAX_VALUES]; unsigned n; } sweep[MAX_SWEEPS];
	unsigned n_sweeps, points, jobs;
	bool break_even;
	struct row *row;
	atomic_uint next, done;
} job = { .jobs = 1 };

static bool set(struct vp_cfg *c, const char *key, const char *value, struct err *e)
{
	if (!strncmp(key, "amdvi.", 6))
		return cfg_set(amdvi_opts, &c->amdvi, key + 6, value, e);
	if (!strncmp(key, "memory.", 7))
		return cfg_set(mem_port_opts, &c->memory, key + 7, value, e);
	return cfg_set(vp_opts, c, key, value, e);
}

static bool configure(struct vp_cfg *c, unsigned point, struct err *e)
{
	char key[64];

	vp_defaults(c);
	for (unsigned i = 0; i < job.n_sets; i++) {
		const char *eq = strchr(job.set[i], '=');

		if (!eq || (size_t)(eq - job.set[i]) >= sizeof key)
			return err_set(e, ERR_INPUT, "%s: not KEY=VALUE", job.set[i]);
		snprintf(key, sizeof key, "%.*s", (int)(eq - job.set[i]), job.set[i]);
		if (!set(c, key, eq + 1, e))
			return false;
	}
	for (unsigned i = job.n_sweeps; i--;) {
		unsigned n = job.sweep[i].n;

		if (!set(c, job.sweep[i].key, job.sweep[i].value[point % n], e))
			return false;
		point /= n;
	}
	return true;
}

/* ---- one row ---- */

static double ratio(double a, double b)
{
	return b ? a / b : 0;
}

static void summarize(struct row *w, const struct vp_cfg *c, const struct vp_result *r)
{
	double us = (double)r->window_ps / 1e6, inv = (double)(r->pages + r->iotlbs), lat = (double)r->latency_sum_ps;

	w->waits = r->waits;
	w->p50 = hist_pct(&r->latency_ps, 500);
	w->p95 = hist_pct(&r->latency_ps, 950);
	w->p99 = hist_pct(&r->latency_ps, 990);
	w->mean = r->waits ? r->latency_sum_ps / r->waits : 0;
	w->inv_per_us = ratio(inv, us);
	w->exits_per_inv = ratio((double)r->host_win.exits, inv);
	w->private_share = ratio((double)r->win.private_ps, lat);
	w->guest_share = ratio((double)r->win.guest_ps, lat);
	w->turn_ns = ratio((double)r->win.turn_wait_ps / 1e3, (double)r->win.turns);
	w->drain_ns = ratio((double)r->win.drain_ps / 1e3, (double)r->waits);
	w->queue_ns = ratio((double)r->host_win.queue_wait_ps / 1e3, (double)r->waits);
	w->lock_ns = ratio((double)r->host_win.lock_wait_ps / 1e3, (double)r->waits);
	w->map_miss = ratio((double)r->win.map_reads, (double)r->win.lookups);
	w->walks_per_inv = ratio((double)r->win.walks, inv);
	w->tlb_hit = ratio((double)r->win.tlb_hits, (double)r->win.tlb_lookups);
	w->dma_per_us = ratio((double)r->dmas, us);
	w->rounds_min = r->rounds_min;
	w->rounds_max = r->rounds_max;
	w->checked = r->all.checked;
	w->stale = r->all.stale;
	w->lost = r->all.lost;
	w->kept_dropped = r->kept_dropped;
	w->evictions = r->run.tlb_evictions;
	w->host = r->host;
	w->broken = vp_broken(c, r);
}

static bool mean_of(const struct vp_cfg *c, struct vp_result *r, uint64_t *mean, struct err *e)
{
	if (!vp_run(c, r, e))
		return false;
	*mean = r->waits ? r->latency_sum_ps / r->waits : 0;
	return true;
}

/* Not positive: trapped is slower even if an exit is free, by this much; BREAK_MAX_PS: not slower even then. */
static bool break_even(const struct vp_cfg *hw, uint64_t target, struct vp_result *r, int64_t *exit_ps, struct err *e)
{
	uint64_t lo = 0, hi = BREAK_MAX_PS, mean;
	struct vp_cfg c = *hw;

	c.way = VP_TRAPPED;
	for (c.host.exit_ps = 0;; c.host.exit_ps = (lo + hi) / 2) {
		if (!mean_of(&c, r, &mean, e))
			return false;
		if (!c.host.exit_ps && mean >= target) {
			*exit_ps = -(int64_t)(mean - target);
			return true;
		}
		if (mean >= target)
			hi = c.host.exit_ps;
		else
			lo = c.host.exit_ps;
		if (hi - lo <= BREAK_STEP_PS)
			break;
	}
	*exit_ps = (int64_t)hi;
	return true;
}

static void point(unsigned i)
{
	struct row *w = &job.row[i];
	struct vp_result *r = malloc(sizeof *r);
	struct vp_cfg c;

	if (!r) {
		err_set(&w->err, ERR_MACHINE, "out of memory");
		return;
	}
	if (configure(&c, i, &w->err) && vp_run(&c, r, &w->err)) {
		summarize(w, &c, r);
		if (job.break_even && c.way != VP_TRAPPED)
			(void)break_even(&c, w->mean, r, &w->break_even_ps, &w->err);
	}
	free(r);
}

/* What a row consists of: C(name, format, type, value), for the header and for the row. c: configuration, w: row, h: statistics of the host. */
#define COLUMNS(C)                                                                                  \
	C(way, "%s", const char *, way[c.way])                                                      \
	C(guests, "%u", unsigned, c.guests)                                                         \
	C(batch, "%u", unsigned, c.guest.batch)                                                     \
	C(devices, "%u", unsigned, c.guest.devices)                                                 \
	C(domains, "%u", unsigned, c.guest.domains)                                                 \
	C(touch, "%u", unsigned, c.guest.touch)                                                     \
	C(dma, "%u", unsigned, c.guest.dma)                                                         \
	C(ats, "%u", unsigned, c.guest.ats)                                                         \
	C(exit_ns, "%.0f", double, (double)c.host.exit_ps / 1e3)                                    \
	C(command_ns, "%.0f", double, (double)c.host.command_ps / 1e3)                              \
	C(idmap, "%u", unsigned, c.amdvi.idmap.entries)                                             \
	C(iotlb, "%u", unsigned, c.amdvi.iotlb.entries)                                             \
	C(iotlb_ways, "%u", unsigned, c.amdvi.iotlb.ways)                                           \
	C(dtc, "%u", unsigned, c.amdvi.dtc.entries)                                                 \
	C(walkers, "%u", unsigned, c.amdvi.unit.walkers)                                            \
	C(missq, "%u", unsigned, c.amdvi.unit.missq)                                                \
	C(prefill, "%u", unsigned, c.host.prefill)                                                  \
	C(memory_ns, "%.0f", double, (double)c.memory.lat_ps / 1e3)                                 \
	C(waits, "%llu", unsigned long long, w->waits)                                              \
	C(p50_ns, "%.1f", double, (double)w->p50 / 1e3)                                             \
	C(p95_ns, "%.1f", double, (double)w->p95 / 1e3)                                             \
	C(p99_ns, "%.1f", double, (double)w->p99 / 1e3)                                             \
	C(mean_ns, "%.1f", double, (double)w->mean / 1e3)                                           \
	C(inv_per_us, "%.4f", double, w->inv_per_us)                                                \
	C(exits_per_inv, "%.5f", double, w->exits_per_inv)                                          \
	C(private_share, "%.4f", double, w->private_share)                                          \
	C(guest_share, "%.4f", double, w->guest_share)                                              \
	C(turn_wait_ns, "%.1f", double, w->turn_ns)                                                 \
	C(drain_ns, "%.1f", double, w->drain_ns)                                                    \
	C(host_queue_ns, "%.1f", double, w->queue_ns)                                               \
	C(lock_wait_ns, "%.1f", double, w->lock_ns)                                                 \
	C(map_miss, "%.4f", double, w->map_miss)                                                    \
	C(walks_per_inv, "%.4f", double, w->walks_per_inv)                                          \
	C(tlb_hit, "%.4f", double, w->tlb_hit)                                                      \
	C(dma_per_us, "%.3f", double, w->dma_per_us)                                                \
	C(rounds_min, "%llu", unsigned long long, w->rounds_min)                                    \
	C(rounds_max, "%llu", unsigned long long, w->rounds_max)                                    \
	C(maps_kib, "%llu", unsigned long long, h->map_pages * 4)                                   \
	C(tables_kib, "%llu", unsigned long long, h->private_tables * 4)                            \
	C(state_kib, "%llu", unsigned long long, h->state_pages * 4)                                \
	C(create_us, "%.1f", double, (double)h->create_ps / 1e6)                                    \
	C(checked, "%llu", unsigned long long, w->checked)                                          \
	C(stale, "%llu", unsigned long long, w->stale)                                              \
	C(lost, "%llu", unsigned long long, w->lost)                                                \
	C(kept_dropped, "%llu", unsigned long long, w->kept_dropped)                                \
	C(evictions, "%llu", unsigned long long, w->evictions)                                      \
	C(verdict, "%s", const char *, w->broken ? "broken" : "ok")

static void print_row(unsigned i)
{
	static const char *const way[] = { "hw0", "hw1", "trapped" };
	const struct row *w = &job.row[i];
	const struct amd_host_stats *h = &w->host;
	struct vp_cfg c;

	if (!configure(&c, i, NULL))
		return;
#define C(name, fmt, type, value) printf(fmt ",", (type)(value));
	COLUMNS(C)
#undef C
	if (job.break_even && c.way != VP_TRAPPED)
		printf("%.0f\n", (double)w->break_even_ps / 1e3);
	else
		printf("-\n");
}

static void print_header(void)
{
#define C(name, fmt, type, value) printf(#name ",");
	COLUMNS(C)
#undef C
	printf("break_even_ns\n");
}

/* ---- all of them ---- */

static void *worker(void *arg)
{
	(void)arg;
	for (unsigned i; (i = atomic_fetch_add(&job.next, 1)) < job.points;) {
		point(job.points - 1 - i); /* the long ones tend to be last */
		atomic_fetch_add(&job.done, 1);
	}
	return NULL;
}

static void progress(void)
{
	struct timespec nap = { .tv_nsec = 200000000 };
	time_t t0 = time(NULL);

	for (unsigned d; (d = atomic_load(&job.done)) < job.points; nanosleep(&nap, NULL)) {
		double left = d ? (double)(time(NULL) - t0) * (job.points - d) / d : 0;

		fprintf(stderr, "\r%u of %u points, about %.0f s left   ", d, job.points, left);
	}
	fprintf(stderr, "\r\033[K");
}

static int run(void)
{
	pthread_t *t = calloc(job.jobs, sizeof *t);
	unsigned started = 0;
	int status = 0;

	job.row = calloc(job.points, sizeof *job.row);
	if (!t || !job.row)
		return 3;
	while (started < job.jobs && !pthread_create(&t[started], NULL, worker, NULL))
		started++;
	if (!started)
		worker(NULL);
	if (isatty(2))
		progress();
	for (unsigned i = 0; i < started; i++)
		pthread_join(t[i], NULL);
	print_header();
	for (unsigned i = 0; i < job.points; i++) {
		const struct row *w = &job.row[i];

		if (w->err.code) {
			fprintf(stderr, "bench_viommu: point %u: %s\n", i, w->err.msg);
			status = 3;
			continue;
		}
		print_row(i);
		if (w->broken) {
			fprintf(stderr, "bench_viommu: point %u: %s\n", i, w->broken);
			status = status ? status : 1;
		}
	}
	free(t);
	free(job.row);
	return status;
}

static int usage(const char *what)
{
	fprintf(stderr, "bench_viommu: %s\n"
			"usage: bench_viommu [--set KEY=VALUE]... [--sweep KEY=VALUE,VALUE...]... [--break-even] [--jobs N] | --help\n", what);
	return 2;
}

static int help(void)
{
	char text[64];
	struct vp_cfg c;

	vp_defaults(&c);
	for (const struct cfg_opt *o = vp_opts; o->key; o++) {
		cfg_print(o, &c, text, sizeof text);
		printf("%-20s %-10s %s\n", o->key, text, o->help);
	}
	puts("amdvi.*, memory.*    options of the unit and of memory: iommusim params");
	return 0;
}

static bool add_sweep(char *arg)
{
	char *eq = strchr(arg, '=');
	unsigned n = 0;

	if (!eq || job.n_sweeps == MAX_SWEEPS)
		return false;
	*eq = 0;
	job.sweep[job.n_sweeps].key = arg;
	for (char *v = strtok(eq + 1, ","); v && n < MAX_VALUES; v = strtok(NULL, ","))
		job.sweep[job.n_sweeps].value[n++] = v;
	job.sweep[job.n_sweeps++].n = n;
	job.points *= n;
	return n > 0;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct vp_cfg c;

	job.points = 1;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return help();
		if (!strcmp(argv[i], "--break-even")) {
			job.break_even = true;
			continue;
		}
		if (i + 1 == argc)
			return usage(argv[i]);
		if (!strcmp(argv[i], "--set") && job.n_sets < MAX_SETS)
			job.set[job.n_sets++] = argv[++i];
		else if (!strcmp(argv[i], "--jobs") && atoi(argv[i + 1]) > 0)
			job.jobs = (unsigned)atoi(argv[++i]);
		else if (strcmp(argv[i], "--sweep") || !add_sweep(argv[++i]))
			return usage(argv[i]);
	}
	for (unsigned i = 0; i < job.points; i++)
		if (!configure(&c, i, &e))
			return usage(e.msg);
	return run();
}
