/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_merge.c - `iommusim merge`: the union of result databases, such as the shards of a sweep. Runs are the same if their ids are (base
 * configuration, axis values, trace, seed); the same run with other statistics is a conflict: the first one stays, and it is reported.
 */
#include "cli.h"
#include "report.h"
#include "sweep_db.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct merge {
	struct rdb db;
	const char *src;
	size_t added, same, better, conflicts;
};

static int help(void)
{
	puts("Usage: iommusim merge A.db B.db... -o R.db\n"
	     "Put result databases of 'iommusim sweep' together, such as those of its shards. R.db must not exist.\n"
	     "A run that several of them have is kept once; a failed one gives way to one that is not.\n\n"
	     "  -o, --output R.db   the union\n"
	     "      --help          this text\n\n"
	     "Exit status: 0, 1 the same run has different results in two of them (the first is kept), 2 wrong input, 3 the machine failed.\n\n"
	     "Example:\n  iommusim merge shard-*.db -o all.db");
	return cli_out(0);
}

static bool same_results(const struct merge *m, const char *mine, const char *theirs, bool *same, struct err *e)
{
	static const char *const sql[] = { /* rows of one that the other does not have, both ways; host time is left out */
		"SELECT name, value FROM main.stat_values JOIN main.names USING(name_id) WHERE run = ?1 EXCEPT "
		"SELECT name, value FROM src.stat_values JOIN src.names USING(name_id) WHERE run = ?2",
		"SELECT name, value FROM src.stat_values JOIN src.names USING(name_id) WHERE run = ?2 EXCEPT "
		"SELECT name, value FROM main.stat_values JOIN main.names USING(name_id) WHERE run = ?1",
		"SELECT name, n, sum, buckets FROM main.hist_values JOIN main.names USING(name_id) WHERE run = ?1 EXCEPT "
		"SELECT name, n, sum, buckets FROM src.hist_values JOIN src.names USING(name_id) WHERE run = ?2",
		"SELECT name, n, sum, buckets FROM src.hist_values JOIN src.names USING(name_id) WHERE run = ?2 EXCEPT "
		"SELECT name, n, sum, buckets FROM main.hist_values JOIN main.names USING(name_id) WHERE run = ?1",
	};

	*same = true;
	for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
		sqlite3_stmt *q = rdb_query(&m->db, e, sql[i], mine, theirs);
		int got = q ? rdb_step(&m->db, q, e) : -1;

		if (got > 0)
			fprintf(stderr, "iommusim merge: conflict: %s, statistic %s, in %s\n", *same ? "the same run differs" : "and",
					rdb_text(q, 0), m->src);
		sqlite3_finalize(q);
		if (got < 0)
			return false;
		if (got)
			*same = false;
	}
	return true;
}

static bool drop_run(const struct rdb *r, const char *run, struct err *e)
{
	return rdb_run(r, e, "DELETE FROM main.parameters WHERE run = ?1", run) && rdb_run(r, e,
			"DELETE FROM main.stat_values WHERE run = ?1", run) &&
	       rdb_run(r, e, "DELETE FROM main.hist_values WHERE run = ?1", run) && rdb_run(r, e, "DELETE FROM main.runs WHERE run = ?1", run);
}

static bool copy_run(const struct rdb *r, const char *run, struct err *e)
{
	char to[24];

	if (!rdb_run(r, e,
		     "INSERT INTO main.runs(id, point, seed, config, trace, verify, version, host_ms, status, error)"
		     " SELECT id, point, seed, config, trace, verify, version, host_ms, status, error FROM src.runs WHERE run = ?1", run))
		return false;
	snprintf(to, sizeof(to), "%lld", (long long)sqlite3_last_insert_rowid(r->db));
	return rdb_run(r, e, "INSERT INTO main.parameters SELECT ?1, key, value, num FROM src.parameters WHERE run = ?2", to, run) &&
	       rdb_run(r, e,
		       "INSERT INTO main.stat_values SELECT ?1, m.name_id, value FROM src.stat_values v JOIN src.names s USING(name_id)"
		       " JOIN main.names m ON m.name = s.name WHERE run = ?2", to, run) &&
	       rdb_run(r, e,
		       "INSERT INTO main.hist_values SELECT ?1, m.name_id, n, sum, min, p50, p95, p99, p99_9, max, buckets FROM src.hist_values v"
		       " JOIN src.names s USING(name_id) JOIN main.names m ON m.name = s.name WHERE run = ?2", to, run);
}

static bool one_run(struct merge *m, sqlite3_stmt *row, struct err *e)
{
	char *theirs = strdup(rdb_text(row, 0)), *status = strdup(rdb_text(row, 2)), *mine = NULL;
	sqlite3_stmt *q = rdb_query(&m->db, e, "SELECT CAST(run AS TEXT), status FROM main.runs WHERE id = ?1", rdb_text(row, 1));
	int got = q ? rdb_step(&m->db, q, e) : -1;
	bool ok = got >= 0, same = true, mine_failed = false;

	if (got > 0) {
		mine = strdup(rdb_text(q, 0));
		mine_failed = !strcmp(rdb_text(q, 1), "failed");
	}
	if (ok && (!theirs || !status || (got && !mine)))
		ok = err_set(e, ERR_MACHINE, "out of memory");
	sqlite3_finalize(q);
	if (ok && !got) {
		ok = copy_run(&m->db, theirs, e);
		m->added++;
	} else if (ok && mine_failed && strcmp(status, "failed")) {
		ok = drop_run(&m->db, mine, e) && copy_run(&m->db, theirs, e);
		m->better++;
	} else if (ok && (mine_failed || !strcmp(status, "failed"))) {
		m->same++;
	} else if (ok) {
		ok = same_results(m, mine, theirs, &same, e);
		m->same += same;
		m->conflicts += !same;
	}
	free(theirs);
	free(status);
	free(mine);
	return ok;
}

static bool copy_shared(const struct rdb *r, struct err *e)
{
	return rdb_exec(r, "INSERT OR IGNORE INTO main.configs SELECT * FROM src.configs", e) &&
	       rdb_exec(r, "INSERT OR IGNORE INTO main.traces SELECT * FROM src.traces", e) &&
	       rdb_exec(r, "INSERT OR IGNORE INTO main.keys SELECT * FROM src.keys", e) &&
	       rdb_exec(r, "INSERT OR IGNORE INTO main.meta SELECT * FROM src.meta", e) &&
	       rdb_exec(r,
			"INSERT OR IGNORE INTO main.names(name, unit, doc, kind) SELECT name, unit, doc, kind FROM src.names ORDER BY name_id", e);
}

static bool warn_plan(const struct merge *m, struct err *e)
{
	sqlite3_stmt *q = rdb_query(&m->db, e,
			"SELECT 1 FROM main.meta JOIN src.meta s USING(key) WHERE key = 'plan' AND main.meta.value != s.value");
	int got = q ? rdb_step(&m->db, q, e) : -1;

	if (got > 0)
		fprintf(stderr, "iommusim merge: note: %s is of another sweep than the first database\n", m->src);
	sqlite3_finalize(q);
	return got >= 0;
}

static bool one_db(struct merge *m, const char *path, struct err *e)
{
	struct rdb in;
	sqlite3_stmt *q;
	bool ok;
	int got = 0;

	m->src = path;
	if (!rdb_open(&in, path, RDB_READ, e)) /* is it one of ours? */
		return false;
	rdb_close(&in);
	if (!rdb_run(&m->db, e, "ATTACH ?1 AS src", path))
		return false;
	ok = rdb_exec(&m->db, "BEGIN", e) && copy_shared(&m->db, e) && warn_plan(m, e);
	q = ok ? rdb_query(&m->db, e, "SELECT CAST(run AS TEXT), id, status FROM src.runs ORDER BY point, run") : NULL;
	while (ok && (got = q ? rdb_step(&m->db, q, e) : -1) > 0)
		ok = one_run(m, q, e);
	sqlite3_finalize(q);
	ok = ok && got == 0 && rdb_exec(&m->db, "COMMIT", e);
	return ok && rdb_exec(&m->db, "DETACH src", e);
}

static int merge(char **in, size_t n, const char *out)
{
	struct merge m = { 0 };
	struct err e = { 0 };
	bool ok = true;

	signal(SIGXFSZ, SIG_IGN);
	if (!rdb_open(&m.db, out, RDB_WHOLE, &e)) /* half a union is none */
		return cli_fail(&e);
	for (size_t i = 0; ok && i < n; i++)
		ok = one_db(&m, in[i], &e);
	ok = ok && rdb_publish(&m.db, &e);
	rdb_close(&m.db);
	if (!ok)
		return cli_fail(&e);
	printf("%s: %zu runs from %zu databases", out, m.added, n);
	if (m.same)
		printf(", %zu of them in more than one", m.same);
	if (m.better)
		printf(", %zu failed ones replaced", m.better);
	if (m.conflicts)
		printf(", %zu in conflict (the first was kept)", m.conflicts);
	putchar('\n');
	return cli_out(m.conflicts ? 1 : 0);
}

int cmd_merge(int argc, char **argv)
{
	static const struct option longs[] = { { "output", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { NULL, 0,
			NULL, 0 } };
	const char *out = NULL;
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1) {
		if (c == 'h')
			return help();
		if (c != 'o')
			return cli_usage("merge", c == ':' ? "%.200s needs a value" : "unknown option %.200s", argv[optind - 1]);
		out = optarg;
	}
	if (!out || !*out)
		return cli_usage("merge", "-o R.db is missing");
	if (optind == argc)
		return cli_usage("merge", "no database given");
	return merge(argv + optind, (size_t)(argc - optind), out);
}
