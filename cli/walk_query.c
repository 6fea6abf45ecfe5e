/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_query.c - one line reader, three row parsers (walk_query.h). A line that is not understood is an error with file:line:col: a
 * comparison must not pass because half of its expectations were skipped.
 */
#include "walk_query.h"
#include "core/iommu.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { WORDS = 16, LINE_BYTES = 1024 };
struct wq_in {
	struct walk_query *q;
	struct err *e;
	size_t cap;
	uint64_t line;
	char buf[LINE_BYTES];
	char *word[WORDS];
	unsigned n_word;
};

static bool bad(const struct wq_in *in, unsigned i, const char *what)
{
	if (i >= in->n_word)
		return err_at(in->e, in->q->path, in->line, 0, "%s is missing", what);
	return err_at(in->e, in->q->path, in->line, (unsigned)(in->word[i] - in->buf) + 1, "'%.40s' is not %s", in->word[i], what);
}

static bool text_number(const char *s, uint64_t max, uint64_t *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoull(s, &end, 0);
	return !*end && !errno && *v <= max;
}

static bool number(const struct wq_in *in, unsigned i, uint64_t max, const char *what, uint64_t *v)
{
	if (i >= in->n_word || !text_number(in->word[i], max, v))
		return bad(in, i, what);
	return true;
}

static bool is(const struct wq_in *in, unsigned i, const char *text)
{
	return i < in->n_word && !strcmp(in->word[i], text);
}

static bool rid_iova(const struct wq_in *in, unsigned at_iova, struct wq_row *r)
{
	uint64_t rid = 0;

	if (!number(in, 0, UINT32_MAX, "a requester id", &rid) || !number(in, at_iova, UINT64_MAX, "an address", &r->iova))
		return false;
	r->rid = (uint32_t)rid;
	return true;
}

/* A page size: a power of two of at least 4 KiB. "-" stands for not given where @optional. */
static bool page_size(const struct wq_in *in, unsigned i, bool optional, uint64_t *size)
{
	if (optional && is(in, i, "-"))
		return true;
	if (!number(in, i, UINT64_MAX, "a page size", size))
		return false;
	if (*size < 4096 || (*size & (*size - 1)))
		return bad(in, i, "a page size (a power of two from 4096)");
	return true;
}

/* "rw", "r-", "-w", "--", or with a third letter x or -. */
static bool permission(const struct wq_in *in, unsigned i, struct wq_row *r)
{
	static const char letter[] = "rwx";
	static const uint8_t bit[] = { XL_R, XL_W, XL_X };
	const char *s = i < in->n_word ? in->word[i] : "";
	size_t n = strlen(s);

	if (n != 2 && n != 3)
		return bad(in, i, "a permission like rw or r-");
	for (size_t k = 0; k < n; k++) {
		if (s[k] != letter[k] && s[k] != '-')
			return bad(in, i, "a permission like rw or r-");
		if (s[k] != '-')
			r->perm |= bit[k];
	}
	return r->have_perm = true;
}

static bool access_letter(const struct wq_in *in, unsigned i, const char *allowed, const char *what, struct wq_row *r)
{
	if (i >= in->n_word || strlen(in->word[i]) != 1 || !strchr(allowed, *in->word[i]))
		return bad(in, i, what);
	r->acc = *in->word[i];
	return true;
}

/* sid pasid iova pa size perm dom */
static bool row_maps(const struct wq_in *in, struct wq_row *r)
{
	uint64_t pasid = WQ_NO_PASID;

	if (in->n_word > 7)
		return bad(in, 7, "expected here: a mapping has seven columns");
	if (!rid_iova(in, 2, r) || (!is(in, 1, "-") && !number(in, 1, 0xfffff, "a PASID or -", &pasid)) ||
	    !number(in, 3, UINT64_MAX, "an address", &r->pa) || !page_size(in, 4, false, &r->size) || !permission(in, 5, r))
		return false;
	if ((r->iova | r->pa) & (r->size - 1))
		return bad(in, 2, "an address at a multiple of the page size, or the result is not");
	r->pasid = (uint32_t)pasid;
	return true;
}

/* sid iova result pa size perm when log_line verdict */
static bool row_xlate(const struct wq_in *in, struct wq_row *r)
{
	if (!rid_iova(in, 1, r))
		return false;
	if (is(in, 2, "ok")) {
		if (!number(in, 3, UINT64_MAX, "an address", &r->pa) || !page_size(in, 4, true, &r->size))
			return false;
		if (!is(in, 5, "-") && !permission(in, 5, r))
			return false;
		r->acc = '?';
	} else if (is(in, 2, "fault")) {
		r->expect = WQ_FAULT;
		if (!access_letter(in, 5, "rwx?", "an access: r, w or ?", r))
			return false;
	} else {
		return bad(in, 2, "ok or fault");
	}
	if (!is(in, 6, "before") && !is(in, 6, "after"))
		return bad(in, 6, "before or after");
	r->stale = is(in, 8, "stale");
	if (!r->stale && !is(in, 8, "agree") && !is(in, 8, "DISAGREE"))
		return bad(in, 8, "agree, DISAGREE or stale");
	return true;
}

static bool walker_answer(const struct wq_in *in, unsigned i, struct wq_row *r)
{
	const char *s = i < in->n_word ? in->word[i] : "";

	if (!strcmp(s, "walk=?"))
		r->walk = WQ_WALK_OUTSIDE;
	else if (!strcmp(s, "walk=fault"))
		r->walk = WQ_WALK_FAULT;
	else if (!strncmp(s, "walk=", 5) && text_number(s + 5, UINT64_MAX, &r->walk_pa))
		r->walk = WQ_WALK_PA;
	else
		return bad(in, i, "walk=ADDRESS, walk=fault or walk=?");
	return true;
}

/* record=none, or record= and four words with commas between. */
static bool event_record(const struct wq_in *in, unsigned i, struct wq_row *r)
{
	char *s = in->word[i] + 7, *end;

	if (!strcmp(s, "none")) {
		r->no_record = true;
		return true;
	}
	for (unsigned k = 0; k < 4; k++, s = end + 1) {
		errno = 0;
		if (*s < '0' || *s > '9')
			return bad(in, i, "record=none or record= with four words");
		r->record[k] = strtoull(s, &end, 0);
		if (errno || *end != (k < 3 ? ',' : 0))
			return bad(in, i, "record=none or record= with four words");
	}
	r->have_record = true;
	return true;
}

static bool case_fault(const struct wq_in *in, unsigned last, struct wq_row *r)
{
	uint64_t v;

	r->expect = WQ_FAULT;
	if (last < 5)
		return bad(in, 4, "a fault's detail");
	if (!strncmp(in->word[4], "reason=", 7)) {
		if (!text_number(in->word[4] + 7, UINT16_MAX, &v) || !v)
			return bad(in, 4, "reason=NUMBER");
		r->reason = (uint16_t)v;
	}
	r->no_record = is(in, 4, "no-record") || is(in, 4, "abort");
	for (unsigned i = 4; i < last; i++)
		if (!strncmp(in->word[i], "record=", 7) && !event_record(in, i, r))
			return false;
	strncpy(r->detail, in->word[4], sizeof(r->detail) - 1);
	return true;
}

/* sid iova r|w ok PA SIZE walk=W | fault DETAIL... walk=W | nolog walk=W */
static bool row_cases(const struct wq_in *in, struct wq_row *r)
{
	unsigned last = in->n_word - 1;

	if (!rid_iova(in, 1, r) || !access_letter(in, 2, "rw", "r or w", r))
		return false;
	if (is(in, 3, "ok")) {
		r->bypass = is(in, 5, "bypass");
		if (!number(in, 4, UINT64_MAX, "an address", &r->pa) || (!r->bypass && !page_size(in, 5, true, &r->size)))
			return false;
		last = 6;
	} else if (is(in, 3, "fault")) {
		if (!case_fault(in, last, r))
			return false;
	} else if (is(in, 3, "nolog")) {
		r->expect = WQ_NOLOG;
		last = 4;
	} else {
		return bad(in, 3, "ok, fault or nolog");
	}
	return walker_answer(in, last, r);
}

static bool split(struct wq_in *in)
{
	char *save;

	in->n_word = 0;
	for (char *s = strtok_r(in->buf, " \t\r\n", &save); s; s = strtok_r(NULL, " \t\r\n", &save)) {
		if (in->n_word == WORDS)
			return err_at(in->e, in->q->path, in->line, 0, "more than %d words", WORDS);
		in->word[in->n_word++] = s;
	}
	return true;
}

static bool take_line(struct wq_in *in)
{
	static bool (*const parse[])(const struct wq_in *, struct wq_row *) = { row_maps, row_xlate, row_cases };
	struct walk_query *q = in->q;
	struct wq_row *r;

	if (!split(in))
		return false;
	if (!in->n_word || *in->word[0] == '#')
		return true;
	if (q->n == in->cap) {
		size_t cap = in->cap ? in->cap * 2 : 256;
		void *p = reallocarray(q->row, cap, sizeof(*r));

		if (!p)
			return err_set(in->e, ERR_MACHINE, "%s: out of memory", q->path);
		q->row = p;
		in->cap = cap;
	}
	r = &q->row[q->n++];
	*r = (struct wq_row){ .line = in->line, .pasid = WQ_NO_PASID };
	return parse[q->kind](in, r);
}

static bool read_lines(struct wq_in *in, gzFile g)
{
	int err;
	const char *msg;

	while (gzgets(g, in->buf, LINE_BYTES)) {
		if (!strchr(in->buf, '\n') && (gzerror(g, &err), err != Z_OK && err != Z_STREAM_END))
			break; /* the data ends inside this line */
		in->line++;
		if (!strchr(in->buf, '\n') && !gzeof(g))
			return err_at(in->e, in->q->path, in->line, 0, "line longer than %d bytes, or not text", LINE_BYTES - 2);
		if (!take_line(in))
			return false;
	}
	msg = gzerror(g, &err);
	if (err == Z_MEM_ERROR)
		return err_set(in->e, ERR_MACHINE, "%s: out of memory", in->q->path);
	if (err != Z_OK && err != Z_STREAM_END)
		return err_at(in->e, in->q->path, in->line + 1, 0, "damaged or cut gzip data: %s", err == Z_ERRNO ? strerror(errno) : msg);
	if (!in->line)
		return err_set(in->e, ERR_INPUT, "%s: empty file", in->q->path);
	return true;
}

static bool kind_of(const char *path, enum wq_kind *kind)
{
	static const char *const end[] = { ".maps", ".xlate", ".cases" };
	size_t n = strlen(path), k;

	if (n > 3 && !strcmp(path + n - 3, ".gz"))
		n -= 3;
	for (unsigned i = 0; i < ARRAY_LEN(end); i++) {
		k = strlen(end[i]);
		if (n > k && !strncmp(path + n - k, end[i], k)) {
			*kind = (enum wq_kind)i;
			return true;
		}
	}
	return false;
}

struct walk_query *walk_query_load(const char *path, struct err *e)
{
	struct wq_in in = { .e = e };
	enum wq_kind kind;
	gzFile g;
	bool ok;

	if (!kind_of(path, &kind)) {
		err_set(e, ERR_INPUT, "%s: a query is called NAME.maps.gz, NAME.xlate.gz or NAME.cases.gz", path);
		return NULL;
	}
	in.q = calloc(1, sizeof(*in.q));
	if (!in.q || !(in.q->path = strdup(path))) {
		walk_query_free(in.q);
		err_set(e, ERR_MACHINE, "%s: out of memory", path);
		return NULL;
	}
	in.q->kind = kind;
	errno = 0;
	g = gzopen(path, "rb");
	if (!g) {
		ok = errno ? err_errno(e, path) : err_set(e, ERR_MACHINE, "%s: out of memory", path);
	} else {
		ok = read_lines(&in, g);
		gzclose(g);
	}
	if (ok)
		return in.q;
	walk_query_free(in.q);
	return NULL;
}

void walk_query_free(struct walk_query *q)
{
	if (!q)
		return;
	free(q->path);
	free(q->row);
	free(q);
}
