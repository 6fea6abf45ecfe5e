/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_put.c - what a sweep writes into its database: once what all runs share, then a transaction per point. */
#include "sweep.h"
#include "iommusim/iommusim.h"
#include "sweep_db.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool put_meta(const struct rdb *r, const char *key, const char *value, struct err *e)
{
	return rdb_run(r, e, "INSERT INTO meta VALUES(?1, ?2)", key, value);
}

static bool put_shared(const struct rdb *r, const struct sweep *s, const struct sweep_traces *t, struct err *e)
{
	char num[24];

	if (!put_meta(r, "plan", s->plan, e) || !put_meta(r, "version", iommusim_version(), e) || !put_meta(r, "sweep", s->text, e) ||
	    !put_meta(r, "base", s->base_text, e))
		return false;
	snprintf(num, sizeof(num), "%zu", s->n_point);
	if (!put_meta(r, "points", num, e))
		return false;
	for (size_t i = 0; i < s->n_axis; i++) {
		const struct cfg_opt *o = s->axis[i].opt;

		snprintf(num, sizeof(num), "%zu", i);
		if (!rdb_run(r, e, "INSERT INTO keys VALUES(?1, ?2, ?3, ?4, ?5)", s->axis[i].key, num, cfg_type_name[o->type], o->unit, o->help))
			return false;
	}
	for (size_t i = 0; i < t->n; i++) {
		snprintf(num, sizeof(num), "%" PRIu64, t->t[i].bytes);
		if (!rdb_run(r, e, "INSERT OR IGNORE INTO traces VALUES(?1, ?2, ?3)", t->t[i].hash, t->t[i].path, num))
			return false;
	}
	return true;
}

static bool same_meta(const struct rdb *r, const char *key, const char *value, const char *what, struct err *e)
{
	sqlite3_stmt *q = rdb_query(r, e, "SELECT value FROM meta WHERE key = ?1", key);
	int got = q ? rdb_step(r, q, e) : -1;
	bool ok = got >= 0;

	if (got >= 0 && (!got || strcmp(rdb_text(q, 0), value)))
		ok = err_set(e, ERR_INPUT, "%s: %s (%.16s, here %.16s); take another --out", r->path, what,
			     got ? rdb_text(q, 0) : "none", value);
	sqlite3_finalize(q);
	return ok;
}

/* Whether a sweep that was to be resumed had come as far as to say what it is. */
static int begun(const struct rdb *r, struct err *e)
{
	sqlite3_stmt *q = rdb_query(r, e, "SELECT 1 FROM meta LIMIT 1");
	int got = q ? rdb_step(r, q, e) : -1;

	sqlite3_finalize(q);
	return got;
}

bool rdb_begin_sweep(const struct rdb *r, const struct sweep *s, const struct sweep_traces *t, bool resume, struct err *e)
{
	int got = resume ? begun(r, e) : 0;

	if (got < 0)
		return false;
	if (got)
		return same_meta(r, "version", iommusim_version(), "written by another version of iommusim", e) &&
		       same_meta(r, "plan", s->plan, "the results of another sweep: configuration, trace, axes or seeds differ", e);
	return rdb_exec(r, "BEGIN", e) && put_shared(r, s, t, e) && rdb_exec(r, "COMMIT", e);
}

/* --- one point --- */

struct put {
	const struct rdb *r;
	char run[24];
	const char *config, *status, *error, *ms; /* in the child's lines */
	size_t config_len;
	bool *hit;
	size_t n_hit;
};

/* Cut the next tab-separated field out of *p. */
static char *field(char **p)
{
	char *start = *p, *tab = strchr(start, '\t');

	if (tab)
		*tab = 0;
	*p = tab ? tab + 1 : start + strlen(start);
	return start;
}

static bool put_stat(const struct put *w, char kind, char *p, struct err *e)
{
	char *name = field(&p), *unit = field(&p), *doc = field(&p), *value = field(&p), *buckets = kind == 'H' ? field(&p) : NULL;
	const char *num[REP_HIST_N];

	if (!rdb_run(w->r, e, "INSERT OR IGNORE INTO names(name, unit, doc, kind) VALUES(?1, ?2, ?3, ?4)", name, unit, doc,
			kind == 'H' ? "histogram" : "value"))
		return false;
	if (kind == 'S')
		return rdb_run(w->r, e, "INSERT INTO stat_values SELECT ?1, name_id, ?2 FROM names WHERE name = ?3", w->run,
				*value ? value : NULL, name);
	for (unsigned i = 0; i < REP_HIST_N; i++) {
		num[i] = value;
		value += strcspn(value, " ");
		if (*value)
			*value++ = 0;
	}
	return rdb_run(w->r, e,
			"INSERT INTO hist_values SELECT ?1, name_id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM names WHERE name = ?11", w->run, num[0],
		       num[1], num[2], num[3], num[4], num[5], num[6], num[7], buckets, name);
}

/* First pass: where things are. The lines stay as they are but for their ends. Returns: false when the last line is not there. */
static bool scan(struct put *w, char *p, char *end)
{
	char *nl;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			return false;
		*nl = 0;
		if (*p == 'C') {
			w->config_len = strtoul(p + 2, NULL, 10);
			w->config = nl + 1;
			if (w->config_len > (size_t)(end - nl - 1))
				return false;
			nl += w->config_len;
			continue;
		}
		if (*p == 'E')
			w->error = p + 2;
		else if (*p == 'T')
			w->ms = p + 2;
		else if (*p == 'M' && strtoul(p + 2, NULL, 10) < w->n_hit)
			w->hit[strtoul(p + 2, NULL, 10)] = true;
		else if (*p == 'Z')
			w->status = p + 2;
	}
	return w->status;
}

static bool put_stats(const struct put *w, char *p, const char *end, struct err *e)
{
	while (p < end) {
		char *next = w->config && p + strlen(p) + 1 == w->config ? p + strlen(p) + 1 + w->config_len : p + strlen(p) + 1;

		if ((*p == 'S' || *p == 'H') && !put_stat(w, *p, p + 2, e))
			return false;
		p = next;
	}
	return true;
}

static bool put_run(struct put *w, const struct sweep *s, const struct sweep_traces *t, size_t point, struct err *e)
{
	const struct sweep_point *p = &s->point[point];
	const char *path = sweep_trace_of(s, p);
	const struct sweep_trace *trace = path ? sweep_trace_find(t, path) : NULL;
	char hash[SHA_HEX] = "", num[24], seed[24], *text = NULL;
	struct sha sha;
	bool ok = true;

	if (w->config) {
		sha_init(&sha);
		sha_add(&sha, w->config, w->config_len);
		sha_end(&sha, hash);
		text = strndup(w->config, w->config_len);
		ok = text ? rdb_run(w->r, e, "INSERT OR IGNORE INTO configs VALUES(?1, ?2)", hash, text)
			  : err_set(e, ERR_MACHINE, "out of memory");
		free(text);
	}
	snprintf(num, sizeof(num), "%zu", point);
	snprintf(seed, sizeof(seed), "%" PRIu64, p->seed);
	ok = ok && rdb_run(w->r, e,
			   "INSERT INTO runs(id, point, seed, config, trace, verify, version, host_ms, status, error) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
			   p->id, num, seed, *hash ? hash : NULL, trace ? trace->hash : NULL, s->verify ? "1" : "0", iommusim_version(),
			   w->ms, w->status, w->error);
	snprintf(w->run, sizeof(w->run), "%lld", (long long)sqlite3_last_insert_rowid(w->r->db));
	for (size_t a = 0; ok && a < s->n_axis; a++) {
		const struct sweep_value *v = p->choice[a] == SWEEP_UNSET ? NULL : &s->axis[a].v[p->choice[a]];
		char n[40];

		if (!v)
			continue;
		snprintf(n, sizeof(n), "%.17g", v->num);
		ok = rdb_run(w->r, e, "INSERT INTO parameters VALUES(?1, ?2, ?3, ?4)", w->run, s->axis[a].key, v->text,
				isnan(v->num) ? NULL : n);
	}
	return ok;
}

static bool forget_failed(const struct rdb *r, const char *id, struct err *e)
{
	return rdb_run(r, e, "DELETE FROM parameters WHERE run IN (SELECT run FROM runs WHERE id = ?1)", id) &&
	       rdb_run(r, e, "DELETE FROM runs WHERE id = ?1 AND status = 'failed'", id);
}

bool rdb_put_result(const struct rdb *r, const struct sweep *s, const struct sweep_traces *t, const struct sweep_result *res,
		    bool *failed, bool *hit, struct err *e)
{
	struct put w = { .r = r, .hit = hit, .n_hit = s->n_stats };
	char *end = res->data ? res->data + res->len : NULL;
	bool whole = res->data && scan(&w, res->data, end), ok;

	if (res->crashed || !whole) {
		w.status = "failed";
		w.error = *res->error ? res->error : "its results did not arrive";
		if (w.config && w.config_len > (size_t)(end - w.config))
			w.config = NULL;
	}
	*failed = strcmp(w.status, "ok");
	ok = rdb_exec(r, "BEGIN IMMEDIATE", e) && forget_failed(r, s->point[res->point].id, e) && put_run(&w, s, t, res->point, e) &&
	     (!strcmp(w.status, "failed") || put_stats(&w, res->data, end, e)) && rdb_exec(r, "COMMIT", e);
	if (!ok)
		sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
	return ok;
}
