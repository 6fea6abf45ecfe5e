/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_db.c - libFuzzer harness: damaged result databases. A database of four points, made by the code of `sweep`, is changed by any SQL (up to a line
 * "===="), then by bytes: three bytes of place, one of length, so many bytes; length 0 cuts the file there. The first byte chooses who reads it:
 * `report`, `plot` in several ways, `merge` (first or second of two), `sweep --resume`. gnuplot is not started.
 * Checked besides crashes: the exit status is 0, 1 or 2: the machine has not failed. Run with -close_fd_mask=3.
 */
#include <dirent.h>
#include <sys/stat.h>
#include "cli.h"
#include "fuzz_file.h"
#include "sweep.h"
#include "sweep_db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MAX_STEPS = 200, MAX_LENGTH = 100000, ARGS = 14 };
static const char sweep_text[] = "config:\n  gen: {count: 20}\naxes:\n  vtd.iotlb.entries: [16, 32]\n  gen.pattern: [uniform, sequential]\n";
/* What a point writes (cli/sweep_point.c): two plain statistics and a histogram, each point with numbers of its own. */
static const char result[] = "C\t5\na: 1\nS\treplay.dmas\tcount\tDMAs.\t2%u\nS\tvtd0.hit_rate\tratio\tHits.\t0.%u\n"
			     "H\tvtd0.latency\tps\tTime of one.\t3 600 100 200 300 300 300 30%u\t100 1 200 1 300 1 \nT\t1.5\nZ\tok\n";

/* gnuplot, as if it had been started and had drawn its picture: here, or in the folder of a report, the only one in ours. */
pid_t fork(void)
{
	static const char svg[] = "<svg>                                  </svg>\n";
	DIR *d = opendir(fuzz_dir());
	char name[40];

	fuzz_put("p.svg", svg, sizeof(svg) - 1);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && strlen(e->d_name) < sizeof(name) - 6) {
			snprintf(name, sizeof(name), "%.30s/p.svg", e->d_name);
			fuzz_put(name, svg, sizeof(svg) - 1);
		}
	if (!d || closedir(d))
		abort();
	return 1;
}
pid_t waitpid(pid_t pid, int *status, int options)
{
	(void)options;
	*status = 0;
	return pid;
}
/* SQLite need not wait for the disk. */
int fsync(int fd)
{
	(void)fd;
	return 0;
}
int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

static struct { uint8_t *p; size_t n; } template;

static void read_template(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rb");

	if (!f || fstat(fileno(f), &st))
		abort();
	template.n = (size_t)st.st_size;
	template.p = malloc(template.n);
	if (!template.p || fread(template.p, 1, template.n, f) != template.n || fclose(f))
		abort();
}
static void make_template(void)
{
	struct fuzz_path yaml = fuzz_put("s.yaml", sweep_text, sizeof(sweep_text) - 1), db = fuzz_path("t.db");
	struct sweep_traces t = { 0 };
	struct err e = { 0 };
	struct sweep s;
	struct rdb r;

	if (!sweep_load(&s, yaml.s, &e) || !rdb_open(&r, db.s, RDB_CREATE, &e))
		abort();
	sweep_identify(&s, &t);
	if (!rdb_begin_sweep(&r, &s, &t, false, &e))
		abort();
	for (unsigned i = 0; i < s.n_point; i++) {
		char text[sizeof(result)];
		struct sweep_result res = { .point = i, .data = text };
		bool failed, hit[1];

		res.len = (size_t)snprintf(text, sizeof(text), result, i, i, i);
		if (!rdb_put_result(&r, &s, &t, &res, &failed, hit, &e) || failed)
			abort();
	}
	rdb_close(&r);
	sweep_free(&s);
	read_template(db.s);
}
/* ---- damage ---- */

static int steps(void *left)
{
	return !--*(unsigned *)left;
}
static int allowed(void *arg, int what, const char *a, const char *b, const char *c, const char *d)
{
	(void)arg, (void)b, (void)c, (void)d;
	if (what == SQLITE_ATTACH || (what == SQLITE_PRAGMA && (!strcmp(a, "max_page_count") || !strcmp(a, "page_size"))))
		return SQLITE_DENY;
	return SQLITE_OK;
}
static void change(const char *path, const uint8_t *sql, size_t n)
{
	unsigned left = MAX_STEPS;
	char *text = strndup((const char *)sql, n);
	sqlite3 *db;

	if (!text || sqlite3_open(path, &db) != SQLITE_OK)
		abort();
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_LENGTH);
	sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA max_page_count = 200", NULL, NULL, NULL);
	sqlite3_progress_handler(db, 1000, steps, &left);
	sqlite3_set_authorizer(db, allowed, NULL);
	sqlite3_exec(db, text, NULL, NULL, NULL);
	sqlite3_close_v2(db);
	free(text);
}
static void damage(const char *path, const uint8_t *p, const uint8_t *end)
{
	FILE *f = fopen(path, "r+b");
	struct stat st;

	if (!f || fstat(fileno(f), &st))
		abort();
	while (end - p >= 4 && st.st_size) {
		long at = (long)((p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16) % (size_t)st.st_size);
		size_t n = p[3];

		p += 4;
		if (!n) {
			fflush(f);
			if (ftruncate(fileno(f), at))
				abort();
			st.st_size = at;
		}
		n = n < (size_t)(end - p) ? n : (size_t)(end - p);
		if (fseek(f, at, SEEK_SET) || fwrite(p, 1, n, f) != n)
			abort();
		p += n;
	}
	if (fclose(f))
		abort();
}

/* ---- readers ---- */

static int run(unsigned how)
{
	struct fuzz_path d = fuzz_path("d.db"), t = fuzz_path("t.db"), u = fuzz_path("u.db"), svg = fuzz_path("p.svg"), html = fuzz_path("r.html"),
			 yaml = fuzz_path("s.yaml");
	char *const argv[][ARGS] = {
		{ "report", d.s, "--y", "vtd0.hit_rate", "-o", html.s }, { "report", d.s, "-o", html.s },
		{ "plot", d.s, "--x", "vtd.iotlb.entries", "--by", "gen.pattern", "--y", "replay.dmas", "-o", svg.s },
		{ "plot", d.s, "--x", "gen.pattern", "--by", "vtd.iotlb.entries", "--type", "heat", "--y", "vtd0.latency.p99", "-o", svg.s },
		{ "plot", d.s, "--by", "gen.pattern", "--where", "vtd.iotlb.entries=16", "--type", "cdf", "--y", "vtd0.latency", "-o", svg.s },
		{ "merge", t.s, d.s, "-o", u.s }, { "merge", d.s, t.s, "-o", u.s },
		{ "sweep", yaml.s, "--out", d.s, "--resume", "--shard", "9/9" }, /* its points are in other parts: none is run */
	};
	static int (*const cmd[])(int, char **) = { cmd_report, cmd_report, cmd_plot, cmd_plot, cmd_plot, cmd_merge, cmd_merge, cmd_sweep };
	char *copy[ARGS];
	int n = 0;

	unlink(u.s);
	while (argv[how][n])
		copy[n] = argv[how][n], n++;
	copy[n] = NULL;
	return cmd[how](n, copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const beside[] = { "d.db-wal", "d.db-shm", "d.db-journal" };
	const uint8_t *p = data, *end = data + n, *sql;
	struct fuzz_path path;
	size_t n_sql;
	int st;

	if (!n)
		return 0;
	if (!template.p) {
		make_template();
		setenv("TMPDIR", fuzz_dir(), 1);
	}
	for (unsigned i = 0; i < ARRAY_LEN(beside); i++)
		unlink(fuzz_path(beside[i]).s);
	path = fuzz_put("d.db", template.p, template.n);
	p++;
	sql = fuzz_part(&p, end, &n_sql);
	change(path.s, sql, n_sql);
	damage(path.s, p, end);
	st = run(data[0] & 7);
	if (st < 0 || st > 2) {
		fprintf(stderr, "exit status %d\n", st);
		abort();
	}
	return 0;
}
