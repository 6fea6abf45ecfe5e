/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.c - fill struct err; spelling distance for "did you mean".
 * Does not model: logging, translation of messages.
 */
#define ERR_C
#include "core/base/err.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 128 }; /* longer words are never "close" to anything we declare */

/* The arguments may point into e->msg (a caller putting a place before an earlier message), so format beside it first. */
static void fill(struct err *e, int code, const char *place, const char *fmt, va_list ap)
{
	char buf[sizeof(e->msg)];
	int n = snprintf(buf, sizeof(buf), "%s", place);

	if (n < 0)
		n = 0;
	if ((size_t)n < sizeof(buf))
		vsnprintf(buf + n, sizeof(buf) - (size_t)n, fmt, ap);
	for (char *c = buf; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	e->code = code;
	memcpy(e->msg, buf, sizeof(buf));
}

bool err_set(struct err *e, int code, const char *fmt, ...)
{
	if (e) {
		va_list ap;

		va_start(ap, fmt);
		fill(e, code, "", fmt, ap);
		va_end(ap);
	}
	return false;
}

bool err_at(struct err *e, const char *file, uint64_t line, unsigned col, const char *fmt, ...)
{
	if (e) {
		char place[512];
		va_list ap;

		if (col)
			snprintf(place, sizeof(place), "%.440s:%" PRIu64 ":%u: ", file, line, col);
		else
			snprintf(place, sizeof(place), "%.440s:%" PRIu64 ": ", file, line);
		va_start(ap, fmt);
		fill(e, ERR_INPUT, place, fmt, ap);
		va_end(ap);
	}
	return false;
}

bool err_errno(struct err *e, const char *what)
{
	int no = errno, code = ERR_MACHINE;
	char text[128];

	switch (no) {
	case ENOENT:
	case EACCES:
	case EPERM:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
		code = ERR_INPUT;
		break;
	}
	return err_set(e, code, "%s: %s", what, strerror_r(no, text, sizeof(text)));
}

static unsigned min2(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein in its restricted form: insert, delete, change, or swap two neighbours, each costing one. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[3][WORD_MAX + 1]; /* rows i-2, i-1 and i of the table, in turn */

	for (size_t j = 0; j <= nb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *cur = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		cur[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned d = up[j - 1] + (a[i - 1] != b[j - 1]);

			d = min2(d, min2(up[j], cur[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = min2(d, up2[j - 2] + 1);
			cur[j] = d;
		}
	}
	return row[na % 3][nb];
}

const char *err_nearest(const char *word, const char *const *cand, size_t n)
{
	size_t len = strlen(word);
	unsigned best = (unsigned)min2((unsigned)len, WORD_MAX) / 3 + 2; /* close: distance <= 1 + len/3 */
	const char *found = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t lc = strlen(cand[i]);
		unsigned d;

		if (lc > WORD_MAX)
			continue;
		d = distance(word, len, cand[i], lc);
		if (d < best) {
			best = d;
			found = cand[i];
		}
	}
	return found;
}
