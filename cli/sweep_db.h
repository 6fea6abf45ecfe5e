/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_db.h - the result database (SQLite): made by `sweep` and `merge`, read by `plot` and `report`. Tables: docs/sweeps.md.
 * A point is one transaction: it is completely there or not at all, whatever happens to the process or the disk.
 */
#ifndef IOMMUSIM_SWEEP_DB_H
#define IOMMUSIM_SWEEP_DB_H
#include <sqlite3.h>
#include "core/base/err.h"

struct rdb {
	sqlite3 *db;
	const char *path; /* borrowed */
	char *tmp; /* RDB_WHOLE: the file it is written to, NULL when it has its name */
};
enum rdb_mode { RDB_READ, RDB_WRITE, RDB_CREATE /* must not exist */, RDB_WHOLE /* as CREATE, but there only after rdb_publish() */ };
/** rdb_open() - an existing file must be a result database of the version this program writes. Release with rdb_close() only after success. */
bool rdb_open(struct rdb *r, const char *path, enum rdb_mode mode, struct err *e) MUST_USE;
void rdb_close(struct rdb *r);
/** rdb_publish() - the end of what RDB_WHOLE opened: gives the file its name. rdb_close() follows, whether it could or not. */
bool rdb_publish(struct rdb *r, struct err *e) MUST_USE;
/** rdb_fail() - @e from SQLite's last error. Returns: false. */
bool rdb_fail(const struct rdb *r, struct err *e);
bool rdb_exec(const struct rdb *r, const char *sql, struct err *e) MUST_USE;
/** rdb_query() - prepare with text parameters ?1, ?2, ... bound from a list that ends with NULL. */
sqlite3_stmt *rdb_query(const struct rdb *r, struct err *e, const char *sql, ...) MUST_USE;
/** rdb_step() - Returns: 1 a row, 0 no more rows, -1 error. */
int rdb_step(const struct rdb *r, sqlite3_stmt *q, struct err *e) MUST_USE;
/** rdb_run() - one statement with parameters as rdb_query(), no rows expected. */
bool rdb_run(const struct rdb *r, struct err *e, const char *sql, ...) MUST_USE;
const char *rdb_text(sqlite3_stmt *q, int col); /* "" for NULL; valid until the next step. Of TEXT: a number is cast in the query, where no memory is an error */

struct sweep;
struct sweep_traces;
struct sweep_result;
/** rdb_begin_sweep() - what the runs share: plan, texts, keys, traces. On @resume checks that it is the same sweep and the same version. */
bool rdb_begin_sweep(const struct rdb *r, const struct sweep *s, const struct sweep_traces *t, bool resume, struct err *e) MUST_USE;
/** rdb_put_result() - one point as one transaction; replaces a failed one of the same id. @hit: patterns of stats: that matched. */
bool rdb_put_result(const struct rdb *r, const struct sweep *s, const struct sweep_traces *t, const struct sweep_result *res,
		    bool *failed, bool *hit, struct err *e) MUST_USE;
#endif
