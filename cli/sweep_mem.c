/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_mem.c - traces of a sweep in memory: read and checked once, then shared by the forked points, which only read them. */
#include "sweep.h"
#include <stdlib.h>
#include <string.h>

struct sweep_chunk { /* bytes that records borrow */
	struct sweep_chunk *next;
	uint64_t data[];
};

static bool oom(struct err *e)
{
	return err_set(e, ERR_MACHINE, "out of memory");
}

static const void *keep(struct sweep_trace *t, const void *p, size_t n)
{
	struct sweep_chunk *c = malloc(sizeof(*c) + n);

	if (!c)
		return NULL;
	memcpy(c->data, p, n);
	c->next = t->chunk;
	t->chunk = c;
	return c->data;
}

static void drop(struct sweep_trace *t)
{
	for (struct sweep_chunk *next; t->chunk; t->chunk = next) {
		next = t->chunk->next;
		free(t->chunk);
	}
	free(t->rec);
	t->rec = NULL;
	t->n = t->cap = 0;
}

static bool append(struct sweep_trace *t, struct trc_rec *r, uint64_t *left, bool *fits, struct err *e)
{
	uint64_t need = r->kind == TRC_PAGE ? 4096 + sizeof(struct sweep_chunk) + 16 : 0;

	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 4096;
		struct trc_rec *grown;

		need += (cap - t->cap) * sizeof(*grown);
		if (need <= *left) {
			grown = realloc(t->rec, cap * sizeof(*grown));
			if (!grown)
				return oom(e);
			t->rec = grown;
			t->cap = cap;
		}
	}
	*fits = need <= *left;
	if (!*fits)
		return true;
	*left -= need;
	if (r->kind == TRC_PAGE)
		r->u.page.w = keep(t, r->u.page.w, 4096);
	if (r->kind == TRC_COMMENT)
		r->u.text = ""; /* nobody reads it in a run */
	t->rec[t->n++] = *r;
	return r->kind != TRC_PAGE || r->u.page.w || oom(e);
}

static bool load_one(struct sweep_traces *ts, struct sweep_trace *t, struct err *e)
{
	uint64_t left = ts->left;
	struct trc_reader *r;
	struct trc_rec rec;
	bool fits = true;
	int got = 0;

	if (!sha_file(t->path, t->hash, &t->bytes, e))
		return false;
	r = trc_open(t->path, e);
	if (!r)
		return false;
	while (fits && (got = trc_next(r, &rec, e)) > 0)
		if (!append(t, &rec, &left, &fits, e)) {
			got = -1;
			break;
		}
	trc_close(r);
	if (!fits)
		drop(t); /* every point reads the file itself */
	else
		ts->left = left;
	return got >= 0;
}

const struct sweep_trace *sweep_trace_find(const struct sweep_traces *t, const char *path)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->t[i].path, path))
			return &t->t[i];
	return NULL;
}

const char *sweep_trace_of(const struct sweep *s, const struct sweep_point *p)
{
	for (size_t a = 0; a < s->n_axis; a++)
		if (!strcmp(s->axis[a].key, "trace.file") && p->choice[a] != SWEEP_UNSET)
			return *s->axis[a].v[p->choice[a]].text ? s->axis[a].v[p->choice[a]].text : NULL;
	return s->base.trace;
}

bool sweep_traces_load(struct sweep_traces *t, const struct sweep *s, uint64_t limit, struct err *e)
{
	*t = (struct sweep_traces){ .left = limit };
	for (size_t i = 0; i < s->n_point; i++) {
		const char *path = sweep_trace_of(s, &s->point[i]);
		struct sweep_trace *grown;

		if (!path || sweep_trace_find(t, path))
			continue;
		if (!strcmp(path, "-"))
			return err_set(e, ERR_INPUT, "the trace of a sweep cannot come from standard input");
		grown = realloc(t->t, (t->n + 1) * sizeof(*grown));
		if (!grown)
			return oom(e);
		t->t = grown;
		t->t[t->n] = (struct sweep_trace){ .path = strdup(path) };
		if (!t->t[t->n++].path)
			return oom(e);
		if (!load_one(t, &t->t[t->n - 1], e))
			return false;
	}
	return true;
}

void sweep_traces_free(struct sweep_traces *t)
{
	for (size_t i = 0; i < t->n; i++) {
		drop(&t->t[i]);
		free(t->t[i].path);
	}
	free(t->t);
	*t = (struct sweep_traces){ 0 };
}
