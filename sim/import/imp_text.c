/* SPDX-License-Identifier: Apache-2.0 */
/* imp_text.c - one large buffer, newlines found by memchr(), zstd decoded straight into it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>
#include "import/imp_text.h"

enum { TEXT_BUF = 4 << 20, TEXT_STEP = 128 << 10, RAW_BUF = 256 << 10 };

struct imp_text {
	const char *path;
	int fd;
	bool zstd, raw_eof, eof, skipping;
	size_t frame_left; /* ZSTD_decompressStream(): 0 after a complete frame */
	ZSTD_DStream *ds;
	ZSTD_inBuffer in;
	char *raw; /* compressed input */
	char *buf; /* TEXT_BUF bytes + 1 */
	size_t pos, end;
	uint64_t cut;
};

/* Bytes read, 0 at the end, -1 on error; interrupted calls are repeated. */
static ssize_t read_some(struct imp_text *t, void *p, size_t n, struct err *e)
{
	ssize_t r;

	do
		r = read(t->fd, p, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		err_errno(e, t->path);
	return r;
}
static bool raw_fill(struct imp_text *t, struct err *e)
{
	ssize_t r = read_some(t, t->raw, RAW_BUF, e);

	if (r < 0)
		return false;
	t->in = (ZSTD_inBuffer){ t->raw, (size_t)r, 0 };
	t->raw_eof = !r;
	return true;
}
/* More text behind buf[end]; sets eof. */
static bool text_fill(struct imp_text *t, struct err *e)
{
	size_t room = TEXT_BUF - t->end;
	ZSTD_outBuffer out = { t->buf + t->end, room < TEXT_STEP ? room : TEXT_STEP, 0 };

	while (!out.pos) {
		size_t had;

		if (t->in.pos == t->in.size && !t->raw_eof && !raw_fill(t, e))
			return false;
		had = t->in.size - t->in.pos;
		if (!t->zstd) {
			size_t n = had < out.size ? had : out.size;

			memcpy(out.dst, (const char *)t->in.src + t->in.pos, n);
			t->in.pos += n;
			out.pos = n;
		} else if (had || t->frame_left) {
			size_t in_pos = t->in.pos;

			t->frame_left = ZSTD_decompressStream(t->ds, &out, &t->in);
			if (ZSTD_isError(t->frame_left))
				return err_set(e, ZSTD_getErrorCode(t->frame_left) == ZSTD_error_memory_allocation ? ERR_MACHINE : ERR_INPUT,
					       "%s: cannot decode the zstd data: %s", t->path, ZSTD_getErrorName(t->frame_left));
			if (t->raw_eof && t->frame_left && !out.pos && in_pos == t->in.pos)
				return err_set(e, ERR_INPUT, "%s: the zstd data ends in the middle", t->path);
		}
		if (t->raw_eof && !out.pos && t->in.pos == t->in.size && !(t->zstd && t->frame_left)) {
			t->eof = true;
			return true;
		}
	}
	t->end += out.pos;
	return true;
}

struct imp_text *imp_text_open(const char *path, struct err *e)
{
	struct imp_text *t = calloc(1, sizeof(*t));
	bool is_stdin = !strcmp(path, "-");
	static const unsigned char magic[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	size_t have = 0;

	if (!t || !(t->raw = malloc(RAW_BUF)) || !(t->buf = malloc(TEXT_BUF + 1))) {
		err_set(e, ERR_MACHINE, "out of memory");
		goto fail;
	}
	t->path = is_stdin ? "standard input" : path;
	t->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (t->fd < 0) {
		err_errno(e, path);
		goto fail;
	}
	while (have < sizeof(magic)) { /* a pipe may give less at once */
		ssize_t r = read_some(t, t->raw + have, RAW_BUF - have, e);

		if (r < 0)
			goto fail;
		if (!r)
			break;
		have += (size_t)r;
	}
	t->in = (ZSTD_inBuffer){ t->raw, have, 0 };
	t->zstd = have >= sizeof(magic) && !memcmp(t->raw, magic, sizeof(magic));
	if (t->zstd && !(t->ds = ZSTD_createDStream())) {
		err_set(e, ERR_MACHINE, "out of memory");
		goto fail;
	}
	return t;
fail:
	imp_text_close(t);
	return NULL;
}
int imp_text_next(struct imp_text *t, const char **line, size_t *len, struct err *e)
{
	size_t seen = 0; /* bytes of the line that hold no newline */

	for (;;) {
		char *s = t->buf + t->pos, *nl = memchr(s + seen, '\n', t->end - t->pos - seen);

		if (nl || (t->eof && t->pos < t->end)) {
			bool skip = t->skipping;

			*line = s;
			*len = nl ? (size_t)(nl - s) : t->end - t->pos;
			t->pos += *len + (nl != NULL);
			t->skipping = false;
			if (!skip)
				return 1;
			seen = 0;
			continue;
		}
		if (t->eof)
			return 0;
		seen = t->end - t->pos;
		if (t->pos > seen || t->pos + seen + TEXT_STEP > TEXT_BUF) { /* text of one step again and again stays in the processor's caches */
			memmove(t->buf, s, seen);
			t->pos = 0;
			t->end = seen;
		}
		if (t->end == TEXT_BUF) { /* one line fills the buffer: give its start, skip the rest */
			*line = t->buf;
			*len = seen;
			t->pos = t->end = 0;
			t->cut += !t->skipping;
			if (!t->skipping) {
				t->skipping = true;
				return 1;
			}
			seen = 0;
		}
		if (!text_fill(t, e))
			return -1;
	}
}
uint64_t imp_text_cut(const struct imp_text *t)
{
	return t->cut;
}
void imp_text_close(struct imp_text *t)
{
	if (!t)
		return;
	if (t->fd > STDERR_FILENO)
		close(t->fd);
	ZSTD_freeDStream(t->ds);
	free(t->raw);
	free(t->buf);
	free(t);
}
