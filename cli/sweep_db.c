/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_db.c - opening a result database, its schema, and queries with text parameters. */
#include "sweep_db.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RDB_APP_ID = 0x494f5352 /* "IOSR" */, RDB_VERSION = 1 };

static const char schema[] =
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
	"CREATE TABLE configs(hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE traces(hash TEXT PRIMARY KEY, path TEXT NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE keys(key TEXT PRIMARY KEY, ord INTEGER, type TEXT, unit TEXT, help TEXT) WITHOUT ROWID;"
	"CREATE TABLE names(name_id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, unit TEXT, doc TEXT, kind TEXT);"
	"CREATE TABLE runs(run INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, point INTEGER NOT NULL, seed INTEGER NOT NULL, config TEXT, trace TEXT,"
	" verify INTEGER NOT NULL, version TEXT NOT NULL, host_ms REAL, status TEXT NOT NULL, error TEXT);"
	"CREATE TABLE parameters(run INTEGER, key TEXT, value TEXT, num REAL, PRIMARY KEY(run, key)) WITHOUT ROWID;"
	"CREATE TABLE stat_values(run INTEGER, name_id INTEGER, value NUMERIC, PRIMARY KEY(run, name_id)) WITHOUT ROWID;"
	"CREATE TABLE hist_values(run INTEGER, name_id INTEGER, n INTEGER, sum INTEGER, min INTEGER, p50 INTEGER, p95 INTEGER, p99 INTEGER,"
	" p99_9 INTEGER, max INTEGER, buckets TEXT, PRIMARY KEY(run, name_id)) WITHOUT ROWID;"
	"CREATE VIEW statistics AS SELECT run, point, seed, name, value, unit, doc FROM stat_values JOIN names USING(name_id) JOIN runs USING(run);"
	"CREATE VIEW histograms AS SELECT run, point, seed, name, n, sum, min, p50, p95, p99, p99_9, max, buckets, unit, doc"
	" FROM hist_values JOIN names USING(name_id) JOIN runs USING(run);";

/* Our statements are right: what they cannot do is the fault of the file, unless the machine failed. */
bool rdb_fail(const struct rdb *r, struct err *e)
{
	static const uint8_t file[] = { SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_NOTADB };
	int code = sqlite3_errcode(r->db) & 0xff;

	return err_set(e, memchr(file, code, sizeof(file)) ? ERR_INPUT : ERR_MACHINE, "%s: %s", r->path, sqlite3_errmsg(r->db));
}

bool rdb_exec(const struct rdb *r, const char *sql, struct err *e)
{
	return sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK || rdb_fail(r, e);
}

static sqlite3_stmt *query(const struct rdb *r, struct err *e, const char *sql, va_list ap)
{
	sqlite3_stmt *q = NULL;
	const char *text;
	int n;

	if (sqlite3_prepare_v2(r->db, sql, -1, &q, NULL) != SQLITE_OK) {
		rdb_fail(r, e);
		return NULL;
	}
	n = sqlite3_bind_parameter_count(q);
	for (int i = 1; i <= n; i++) {
		text = va_arg(ap, const char *);
		if (sqlite3_bind_text(q, i, text, -1, SQLITE_TRANSIENT) != SQLITE_OK) { /* NULL binds NULL; without memory so does any text */
			rdb_fail(r, e);
			sqlite3_finalize(q);
			return NULL;
		}
	}
	return q;
}

sqlite3_stmt *rdb_query(const struct rdb *r, struct err *e, const char *sql, ...)
{
	va_list ap;
	sqlite3_stmt *q;

	va_start(ap, sql);
	q = query(r, e, sql, ap);
	va_end(ap);
	return q;
}

int rdb_step(const struct rdb *r, sqlite3_stmt *q, struct err *e)
{
	int rc = sqlite3_step(q);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	rdb_fail(r, e);
	return -1;
}

bool rdb_run(const struct rdb *r, struct err *e, const char *sql, ...)
{
	va_list ap;
	sqlite3_stmt *q;
	bool ok;

	va_start(ap, sql);
	q = query(r, e, sql, ap);
	va_end(ap);
	ok = q && rdb_step(r, q, e) == 0;
	sqlite3_finalize(q);
	return ok;
}

const char *rdb_text(sqlite3_stmt *q, int col)
{
	const char *s = (const char *)sqlite3_column_text(q, col);

	return s ? s : "";
}

static int64_t pragma(const struct rdb *r, const char *sql, struct err *e)
{
	sqlite3_stmt *q = rdb_query(r, e, sql);
	int64_t v = q && rdb_step(r, q, e) == 1 ? sqlite3_column_int64(q, 0) : -1;

	sqlite3_finalize(q);
	return v;
}

static bool create(const struct rdb *r, struct err *e)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d;", RDB_APP_ID, RDB_VERSION);
	return rdb_exec(r, "BEGIN", e) && rdb_exec(r, schema, e) && rdb_exec(r, sql, e) && rdb_exec(r, "COMMIT", e);
}

/* Is every table there as we make it, and nothing that acts on its own? Views and indices are the users'. */
static bool same_schema(const struct rdb *r, struct err *e)
{
	struct rdb fresh = { .path = "memory" };
	sqlite3_stmt *ours = NULL, *q = NULL;
	int got = -1, have = 1;
	int64_t n;

	if (sqlite3_open(":memory:", &fresh.db) != SQLITE_OK)
		rdb_fail(&fresh, e);
	else if (rdb_exec(&fresh, schema, e))
		ours = rdb_query(&fresh, e, "SELECT name, sql FROM sqlite_master WHERE type = 'table'");
	while (ours && have == 1 && (got = rdb_step(&fresh, ours, e)) > 0) {
		q = rdb_query(r, e, "SELECT 1 FROM sqlite_master WHERE name = ?1 AND sql = ?2", rdb_text(ours, 0), rdb_text(ours, 1));
		have = q ? rdb_step(r, q, e) : -1;
		sqlite3_finalize(q);
		if (!have)
			err_set(e, ERR_INPUT, "%s: damaged, or changed by another program: %s is not as it was made", r->path, rdb_text(ours, 0));
	}
	sqlite3_finalize(ours);
	sqlite3_close(fresh.db);
	if (got || have != 1)
		return false;
	n = pragma(r, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'", e);
	return n <= 0 ? !n : err_set(e, ERR_INPUT, "%s: has a trigger; this program makes none", r->path);
}

/* A sweep that was killed before its first transaction leaves a file with nothing in it. */
static bool check(const struct rdb *r, bool may_create, struct err *e)
{
	struct err in = { 0 };
	int64_t id = pragma(r, "PRAGMA application_id", &in), version = in.code ? 0 : pragma(r, "PRAGMA user_version", &in); /* may be negative */
	bool empty = !in.code && !id && may_create && pragma(r, "SELECT count(*) FROM sqlite_master", &in) == 0;

	if (in.code)
		return err_set(e, in.code, "%s", in.msg);
	if (empty)
		return create(r, e);
	if (id != RDB_APP_ID)
		return err_set(e, ERR_INPUT, "%s: not a result database of iommusim sweep", r->path);
	if (version != RDB_VERSION)
		return err_set(e, ERR_INPUT, "%s: written in version %d of the format; this program knows %d", r->path, (int)version, RDB_VERSION);
	return same_schema(r, e);
}

/* A directory that is not there is a mistyped name; one that cannot be written is the machine's. */
static bool can_create(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	struct stat st;
	bool ok = dir && !stat(dir, &st);

	if (!dir)
		err_set(e, ERR_MACHINE, "out of memory");
	else if (!ok)
		err_errno(e, path);
	else if (access(dir, W_OK | X_OK))
		ok = err_set(e, ERR_MACHINE, "%s: %s", path, strerror(errno));
	free(dir);
	if (ok && !stat(path, &st))
		ok = err_set(e, ERR_INPUT, "%s: already exists", path);
	return ok;
}

bool rdb_open(struct rdb *r, const char *path, enum rdb_mode mode, struct err *e)
{
	bool fresh = mode == RDB_CREATE || mode == RDB_WHOLE, ok;
	int flags = mode == RDB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | (fresh ? SQLITE_OPEN_CREATE : 0);
	struct stat st;

	*r = (struct rdb){ .path = path };
	if (fresh ? !can_create(path, e) : stat(path, &st) && !err_errno(e, path))
		return false;
	if (!fresh && S_ISDIR(st.st_mode))
		return err_set(e, ERR_INPUT, "%s: is a directory", path);
	if (mode == RDB_WRITE && access(path, W_OK))
		return err_set(e, ERR_MACHINE, "%s: %s", path, strerror(errno));
	if (mode == RDB_WHOLE && asprintf(&r->tmp, "%s.tmp%ld", path, (long)getpid()) < 0) {
		r->tmp = NULL;
		return err_set(e, ERR_MACHINE, "out of memory");
	}
	ok = sqlite3_open_v2(r->tmp ? r->tmp : path, &r->db, flags, NULL) == SQLITE_OK || rdb_fail(r, e);
	if (ok)
		sqlite3_busy_timeout(r->db, 10000); /* without memory there is no handle to set it of */
	ok = ok && (fresh ? create(r, e) : check(r, mode == RDB_WRITE, e));
	if (!ok)
		rdb_close(r);
	return ok;
}

bool rdb_publish(struct rdb *r, struct err *e)
{
	sqlite3_close(r->db);
	r->db = NULL;
	if (rename(r->tmp, r->path))
		return err_errno(e, r->path);
	free(r->tmp);
	r->tmp = NULL;
	return true;
}

void rdb_close(struct rdb *r)
{
	sqlite3_close(r->db);
	r->db = NULL;
	if (r->tmp)
		unlink(r->tmp);
	free(r->tmp);
	r->tmp = NULL;
}
