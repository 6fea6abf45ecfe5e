/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_sweep.c - `iommusim sweep`: every point of a sweep file, each in a process of its own, into one SQLite database. */
#include "cli.h"
#include "sweep.h"
#include "sweep_db.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAILED_SHOWN = 10, MAX_JOBS = 4096 };
struct opts {
	const char *file, *out;
	unsigned jobs, shard, shards;
	uint64_t trace_memory;
	bool resume, retry, list, help;
};
struct state {
	struct sweep s;
	struct sweep_traces t;
	struct rdb db;
	bool *hit; /* patterns of stats: that matched in some point */
};

static int help(void)
{
	puts("Usage: iommusim sweep SWEEP --out R.db [option]...\n"
	     "Run every point of a sweep file (YAML; '-' is standard input), each in a process of its own, and keep the results in an SQLite database.\n\n"
	     "  --out R.db            the database; must not exist unless --resume is given\n"
	     "  -j, --jobs N          so many points at a time (default: the cores of this machine)\n"
	     "  --shard I/N           only the Ith of N parts (from 1); 'iommusim merge' puts the parts together\n"
	     "  --resume              keep the points R.db has, do the others\n"
	     "  --retry               as --resume, and do failed points again\n"
	     "  --list                print the points and stop\n"
	     "  --trace-memory SIZE   hold traces in memory, for all points, up to so much (default 2G); beyond it every point reads the file\n\n"
	     "Exit status: 0 every point ran, 1 some failed or differ under verify, 2 wrong input, 3 the machine failed, 130 interrupted.\n"
	     "Finished points are in the database in every case. The file and the tables: docs/sweeps.md.\n\n"
	     "Example:\n  iommusim sweep bench/sweep/iotlb.yaml --out iotlb.db && iommusim plot iotlb.db --x vtd.iotlb.entries --y vtd0.hit_rate -o iotlb.svg");
	return cli_out(0);
}

static bool unsigned_in(const char *text, unsigned long lo, unsigned long hi, unsigned *v)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	*v = (unsigned)n;
	return *text >= '0' && *text <= '9' && !*end && !errno && n >= lo && n <= hi;
}

static bool shard(const char *text, struct opts *o)
{
	char first[16];
	size_t n = strcspn(text, "/");

	if (text[n] != '/' || n >= sizeof(first))
		return false;
	memcpy(first, text, n);
	first[n] = 0;
	return unsigned_in(text + n + 1, 1, SWEEP_MAX_POINTS, &o->shards) && unsigned_in(first, 1, o->shards, &o->shard);
}

static bool memory(const char *text, uint64_t *v, struct err *e)
{
	static const struct cfg_opt row[] = { { "--trace-memory", CFG_SIZE, 0, 0, 0, UINT64_C(1) << 50, "bytes", "", NULL }, { 0 } };

	return cfg_set(row, v, "--trace-memory", text, e);
}

enum { O_OUT = 256, O_SHARD, O_RESUME, O_RETRY, O_LIST, O_MEMORY };
static int take(struct opts *o, int c)
{
	struct err e = { 0 };

	switch (c) {
	case O_OUT: o->out = optarg; break;
	case O_RESUME: o->resume = true; break;
	case O_RETRY: o->resume = o->retry = true; break;
	case O_LIST: o->list = true; break;
	case 'h': o->help = true; break;
	case 'j':
		if (!unsigned_in(optarg, 1, MAX_JOBS, &o->jobs))
			return cli_usage("sweep", "-j %.40s: expected a number from 1 to %d", optarg, MAX_JOBS);
		break;
	case O_SHARD:
		if (!shard(optarg, o))
			return cli_usage("sweep", "--shard %.40s: expected I/N with I from 1 to N", optarg);
		break;
	case O_MEMORY:
		if (!memory(optarg, &o->trace_memory, &e))
			return cli_usage("sweep", "%s", e.msg);
		break;
	default: return -1;
	}
	return 0;
}

static int parse(struct opts *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "out", required_argument, NULL, O_OUT }, { "jobs", required_argument, NULL, 'j' }, { "shard", required_argument, NULL,
				O_SHARD },
		{ "resume", no_argument, NULL, O_RESUME }, { "retry", no_argument, NULL, O_RETRY }, { "list", no_argument, NULL, O_LIST },
		{ "trace-memory", required_argument, NULL, O_MEMORY }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int c, st;

	*o = (struct opts){ .jobs = cores > 0 && cores < MAX_JOBS ? (unsigned)cores : 1, .shard = 1, .shards = 1, .trace_memory = UINT64_C(2) << 30 };
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":j:h", longs, NULL)) != -1) {
		if (c == ':' || c == '?')
			return cli_usage("sweep", c == ':' ? "%.200s needs a value" : "unknown option %.200s", argv[optind - 1]);
		st = take(o, c);
		if (st)
			return st;
	}
	if (o->help)
		return 0;
	if (argc - optind != 1)
		return cli_usage("sweep", argc > optind ? "more than one sweep file" : "no sweep file given");
	o->file = argv[optind];
	if (!o->list && (!o->out || !*o->out))
		return cli_usage("sweep", "--out R.db is missing");
	return 0;
}

static int list(const struct sweep *s, const struct opts *o)
{
	char text[2000];

	for (size_t i = 0; i < s->n_point; i++)
		if (i % o->shards + 1 == o->shard) {
			sweep_say(s, &s->point[i], text, sizeof(text));
			printf("%zu: %s\n", i, text);
		}
	return cli_out(0);
}

static bool done(void *arg, const struct sweep_result *r, bool *failed, struct err *e)
{
	struct state *st = arg;

	return rdb_put_result(&st->db, &st->s, &st->t, r, failed, st->hit, e);
}

/* The points of this shard that the database does not have. */
static bool todo(struct state *st, const struct opts *o, struct sweep_pool *q, struct err *e)
{
	const char *sql = o->retry ? "SELECT 1 FROM runs WHERE id = ?1 AND status != 'failed'" : "SELECT 1 FROM runs WHERE id = ?1";

	q->todo = calloc(st->s.n_point, sizeof(*q->todo));
	if (!q->todo)
		return err_set(e, ERR_MACHINE, "out of memory");
	for (size_t i = 0; i < st->s.n_point; i++) {
		sqlite3_stmt *have;
		int got = 0;

		if (i % o->shards + 1 != o->shard)
			continue;
		if (o->resume) {
			have = rdb_query(&st->db, e, sql, st->s.point[i].id);
			got = have ? rdb_step(&st->db, have, e) : -1;
			sqlite3_finalize(have);
		}
		if (got < 0)
			return false;
		if (!got)
			q->todo[q->n_todo++] = i;
	}
	return true;
}

/* What is in the database now. Returns: the exit status, 1 if there is a failed point. */
static int summary(const struct state *st, const char *path, struct err *e)
{
	sqlite3_stmt *q = rdb_query(&st->db, e,
			"SELECT count(*), sum(status = 'ok'), sum(status = 'failed'), sum(status = 'differs') FROM runs");
	int bad = 0, n = 0;
	char text[1000];

	if (!q || rdb_step(&st->db, q, e) != 1) {
		sqlite3_finalize(q);
		return cli_fail(e);
	}
	bad = sqlite3_column_int(q, 2) + sqlite3_column_int(q, 3);
	printf("%s: %d of %zu points: %d ok", path, sqlite3_column_int(q, 0), st->s.n_point, sqlite3_column_int(q, 1));
	if (sqlite3_column_int(q, 2))
		printf(", %d failed", sqlite3_column_int(q, 2));
	if (sqlite3_column_int(q, 3))
		printf(", %d differ from the trace", sqlite3_column_int(q, 3));
	putchar('\n');
	sqlite3_finalize(q);
	q = rdb_query(&st->db, e, "SELECT point, status, error FROM runs WHERE status != 'ok' ORDER BY point");
	while (q && n < FAILED_SHOWN && rdb_step(&st->db, q, e) == 1) {
		size_t p = (size_t)sqlite3_column_int64(q, 0);

		if (p < st->s.n_point)
			sweep_say(&st->s, &st->s.point[p], text, sizeof(text));
		else
			snprintf(text, sizeof(text), "not of this sweep");
		printf("point %zu (%s): %s\n", p, text, !strcmp(rdb_text(q, 1), "failed") ? rdb_text(q,
				2) : "differs from the trace; see its verify.disagree");
		n++;
	}
	sqlite3_finalize(q);
	if (bad > n)
		printf("... and %d more\n", bad - n);
	return cli_out(bad ? 1 : 0);
}

static void unmatched(const struct state *st, const struct sweep_pool *q)
{
	for (size_t i = 0; i < st->s.n_stats; i++)
		if (!st->hit[i] && q->n_done > q->n_failed)
			fprintf(stderr, "iommusim sweep: stats: \"%s\" matches no statistic of any point\n", st->s.stats[i]);
}

static int run(struct state *st, const struct opts *o, struct err *e)
{
	struct sweep_pool q = { .jobs = o->jobs, .tty = isatty(STDERR_FILENO), .done = done, .arg = st };
	bool exists = !access(o->out, F_OK);
	int rc, sum;

	sweep_identify(&st->s, &st->t);
	if (exists && !o->resume)
		return cli_usage("sweep", "%.300s: already exists; --resume does what is missing in it", o->out);
	sweep_pool_signals();
	if (!rdb_open(&st->db, o->out, exists ? RDB_WRITE : RDB_CREATE, e))
		return cli_fail(e);
	if (!rdb_begin_sweep(&st->db, &st->s, &st->t, exists, e) || !todo(st, o, &q, e)) {
		rc = cli_fail(e);
	} else {
		rc = sweep_pool_run(&q, &st->s, &st->t, e);
		unmatched(st, &q);
		if (rc > 0 && rc < 128)
			fprintf(stderr, "iommusim: %s\n%zu points were finished and are kept; --resume does the others\n", e->msg, q.n_done);
		else if (rc)
			fprintf(stderr, "iommusim sweep: interrupted; points missing: %zu; --resume does them\n", q.n_todo - q.n_done);
		sum = rc > 0 && rc < 128 ? 0 : summary(st, o->out, e);
		rc = rc ? rc : sum;
	}
	free(q.todo);
	rdb_close(&st->db);
	return rc;
}

int cmd_sweep(int argc, char **argv)
{
	struct state st = { 0 };
	struct err e = { 0 };
	struct opts o;
	int rc = parse(&o, argc, argv);

	if (rc || o.help)
		return rc ? rc : help();
	if (!sweep_load(&st.s, o.file, &e))
		return cli_fail(&e);
	signal(SIGXFSZ, SIG_IGN); /* a full quota is a write error, reported as one */
	st.hit = calloc(st.s.n_stats + 1, sizeof(*st.hit));
	if (o.list)
		rc = list(&st.s, &o);
	else if (!st.hit)
		rc = cli_fail(&(struct err){ .code = ERR_MACHINE, .msg = "out of memory" });
	else if (!sweep_traces_load(&st.t, &st.s, o.trace_memory, &e))
		rc = cli_fail(&e);
	else
		rc = run(&st, &o, &e);
	free(st.hit);
	sweep_traces_free(&st.t);
	sweep_free(&st.s);
	return rc;
}
