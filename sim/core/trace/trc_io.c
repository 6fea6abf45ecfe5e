/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc_io.c - bytes of a trace in and out: files and pipes, plain or zstd (detected on input), large buffers.
 * Output to a file goes to NAME.tmpPID and is renamed at the end; a name that is no regular file (a pipe, /dev/null) is written in place.
 * Does not: seek, map files, read gzip.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/trace/trc_int.h"

enum { IO_BUF = 256 << 10 };

static bool src_fail(struct trc_src *s, int code, const char *what)
{
	s->code = code;
	snprintf(s->why, sizeof(s->why), "%s", what);
	return false;
}
/* Returns: bytes read, 0 at the end, -1 on failure. */
static ssize_t src_read(struct trc_src *s, char *p, size_t n)
{
	ssize_t got;

	do
		got = read(s->fd, p, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		src_fail(s, errno == EISDIR ? ERR_INPUT : ERR_MACHINE, strerror(errno));
	if (got == 0)
		s->raw_eof = true;
	return got;
}
static bool src_start_zstd(struct trc_src *s)
{
	s->z = ZSTD_createDStream();
	s->in = malloc(IO_BUF);
	if (!s->z || !s->in)
		return src_fail(s, ERR_MACHINE, "no memory");
	memcpy(s->in, s->buf, s->len);
	s->zin = (ZSTD_inBuffer){ s->in, s->len, 0 };
	s->len = 0;
	s->frame_open = true;
	return true;
}
static bool src_detect(struct trc_src *s)
{
	static const char zstd_magic[4] = { 0x28, (char)0xb5, 0x2f, (char)0xfd };

	while (s->len < sizeof(zstd_magic)) {
		ssize_t got = src_read(s, s->buf + s->len, s->cap - s->len);

		if (got < 0)
			return false;
		if (!got)
			break;
		s->len += (size_t)got;
	}
	if (s->len >= sizeof(zstd_magic) && !memcmp(s->buf, zstd_magic, sizeof(zstd_magic)))
		return src_start_zstd(s);
	s->eof = s->raw_eof;
	return true;
}
bool trc_src_open(struct trc_src *s, const char *path, struct err *e)
{
	bool std = !strcmp(path, "-");

	*s = (struct trc_src){ .fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), .own_fd = !std, .cap = IO_BUF };
	if (s->fd < 0)
		return err_errno(e, path);
	s->buf = malloc(s->cap + 1);
	if (!s->buf)
		return err_set(e, ERR_MACHINE, "no memory for a trace reader");
	return src_detect(s) || err_set(e, s->code, "%s: %s", std ? "<stdin>" : path, s->why);
}
/* One step of decompression into the free part of buf; sets eof when both the frame and the input have ended. */
static bool src_inflate(struct trc_src *s)
{
	size_t before = s->len;

	while (s->len == before) {
		ZSTD_outBuffer o = { s->buf, s->cap, s->len };
		size_t rc;

		if (s->zin.pos == s->zin.size && !s->raw_eof) {
			ssize_t got = src_read(s, s->in, IO_BUF);

			if (got < 0)
				return false;
			s->zin = (ZSTD_inBuffer){ s->in, (size_t)got, 0 };
		}
		if (s->raw_eof && !s->frame_open && s->zin.pos == s->zin.size) {
			s->eof = true;
			return true;
		}
		rc = ZSTD_decompressStream(s->z, &o, &s->zin);
		if (ZSTD_isError(rc)) {
			snprintf(s->why, sizeof(s->why), "zstd stream is damaged (%s)", ZSTD_getErrorName(rc));
			s->code = ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation ? ERR_MACHINE : ERR_INPUT;
			return false;
		}
		if (rc && s->raw_eof && o.pos == s->len)
			return src_fail(s, ERR_INPUT, "zstd stream ends early: the file is truncated");
		s->frame_open = rc != 0;
		s->len = o.pos;
	}
	return true;
}
bool trc_src_more(struct trc_src *s)
{
	ssize_t got;

	if (s->pos) {
		memmove(s->buf, s->buf + s->pos, s->len - s->pos);
		s->len -= s->pos;
		s->pos = 0;
	}
	if (s->len == s->cap) {
		char *b = realloc(s->buf, 2 * s->cap + 1);

		if (!b)
			return src_fail(s, ERR_MACHINE, "no memory");
		s->buf = b;
		s->cap *= 2;
	}
	if (s->z)
		return src_inflate(s);
	got = s->raw_eof ? 0 : src_read(s, s->buf + s->len, s->cap - s->len);
	if (got < 0)
		return false;
	s->len += (size_t)got;
	s->eof = s->raw_eof;
	return true;
}
void trc_src_close(struct trc_src *s)
{
	if (s->own_fd && s->fd >= 0)
		close(s->fd);
	ZSTD_freeDStream(s->z);
	free(s->in);
	free(s->buf);
}

static bool sink_open_file(struct trc_sink *s, const char *path, struct err *e)
{
	struct stat st;
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;

	s->rename = stat(path, &st) || S_ISREG(st.st_mode);
	if (s->rename && asprintf(&s->tmp, "%s.tmp%ld", path, (long)getpid()) < 0) {
		s->tmp = NULL;
		return err_set(e, ERR_MACHINE, "no memory for a trace writer");
	}
	s->fd = open(s->rename ? s->tmp : path, flags, 0666);
	return s->fd >= 0 || err_errno(e, path);
}
static bool sink_start_zstd(struct trc_sink *s)
{
	s->z = ZSTD_createCStream();
	s->out_cap = ZSTD_CStreamOutSize();
	s->out = malloc(s->out_cap);
	return s->z && s->out && !ZSTD_isError(ZSTD_CCtx_setParameter(s->z, ZSTD_c_checksumFlag, 1));
}
bool trc_sink_open(struct trc_sink *s, const char *path, bool zstd, struct err *e)
{
	bool std = !strcmp(path, "-");

	*s = (struct trc_sink){ .fd = std ? STDOUT_FILENO : -1, .cap = IO_BUF };
	s->path = strdup(std ? "<stdout>" : path);
	s->buf = malloc(s->cap);
	if (!s->path || !s->buf || (zstd && !sink_start_zstd(s)))
		err_set(e, ERR_MACHINE, "no memory for a trace writer");
	else if (std || sink_open_file(s, path, e))
		return true;
	if (s->tmp && s->fd < 0) { /* nothing was made that would have to be removed */
		free(s->tmp);
		s->tmp = NULL;
	}
	trc_sink_drop(s);
	return false;
}
static bool sink_write(struct trc_sink *s, const char *p, size_t n, struct err *e)
{
	while (n) {
		ssize_t put = write(s->fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) /* no space, closed pipe: the machine's fault whatever the name was */
			return err_set(e, ERR_MACHINE, "%s: %s", s->path, strerror(errno));
		p += put;
		n -= (size_t)put;
	}
	return true;
}
bool trc_sink_flush(struct trc_sink *s, bool last, struct err *e)
{
	ZSTD_inBuffer in = { s->buf, s->len, 0 };
	size_t rest;

	if (!s->z) {
		bool ok = sink_write(s, s->buf, s->len, e);

		s->len = 0;
		return ok;
	}
	do {
		ZSTD_outBuffer o = { s->out, s->out_cap, 0 };

		rest = ZSTD_compressStream2(s->z, &o, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(rest))
			return err_set(e, ERR_MACHINE, "%s: zstd: %s", s->path, ZSTD_getErrorName(rest));
		if (!sink_write(s, s->out, o.pos, e))
			return false;
	} while (last ? rest != 0 : in.pos != in.size);
	s->len = 0;
	return true;
}
char *trc_sink_room(struct trc_sink *s, size_t n, struct err *e)
{
	if (LIKELY(s->cap - s->len >= n))
		return s->buf + s->len;
	if (!trc_sink_flush(s, false, e))
		return NULL;
	if (n > s->cap) {
		char *b = realloc(s->buf, n);

		if (!b) {
			err_set(e, ERR_MACHINE, "no memory for a record of %zu bytes", n);
			return NULL;
		}
		s->buf = b;
		s->cap = n;
	}
	return s->buf;
}
bool trc_sink_commit(struct trc_sink *s, struct err *e)
{
	int fd = s->fd;

	if (!trc_sink_flush(s, true, e))
		return false;
	if (fd != STDOUT_FILENO) {
		s->fd = -1;
		if (close(fd))
			return err_set(e, ERR_MACHINE, "%s: %s", s->path, strerror(errno));
	}
	if (s->rename && rename(s->tmp, s->path))
		return err_set(e, ERR_MACHINE, "%s: %s", s->path, strerror(errno));
	free(s->tmp);
	s->tmp = NULL;
	return true;
}
void trc_sink_drop(struct trc_sink *s)
{
	if (s->fd >= 0 && s->fd != STDOUT_FILENO)
		close(s->fd);
	if (s->tmp)
		unlink(s->tmp);
	ZSTD_freeCStream(s->z);
	free(s->out);
	free(s->buf);
	free(s->path);
	free(s->tmp);
	*s = (struct trc_sink){ .fd = -1 };
}
