/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_trace.c - libFuzzer harness: any bytes as a trace. Whatever is read without error is written as text and as binary and must
 * read back as the same records. One byte in front chooses: the bytes as they are, or as the inside of a zstd frame
 * (so that the binary form is reached without guessing compressed data).
 * Built and run by tests/fuzz/run.sh.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>
#include "core/trace/trc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct mfile { /* a file in memory that has a name */
	int fd;
	char path[64];
};
static struct mfile mfile_make(const void *p, size_t n)
{
	struct mfile f = { .fd = memfd_create("fuzz_trace", 0) };

	if (f.fd < 0 || (n && write(f.fd, p, n) != (ssize_t)n))
		abort();
	snprintf(f.path, sizeof(f.path), "/proc/self/fd/%d", f.fd);
	return f;
}
/* Copies until the end or the first error. Returns: records. */
static uint64_t copy(const char *from, const char *to, enum trc_format f, bool must_work)
{
	struct err e = { 0 };
	struct trc_reader *in = trc_open(from, &e);
	struct trc_writer *out;
	struct trc_rec r;
	uint64_t n = 0;
	int rc;

	if (!in) {
		if (must_work || !e.code || !e.msg[0])
			abort();
		return 0;
	}
	out = trc_create(to, f, &e);
	if (!out)
		abort();
	while ((rc = trc_next(in, &r, &e)) > 0) {
		n++;
		if (!trc_put(out, &r, &e)) /* what was read can be written */
			abort();
	}
	if (rc < 0 && (must_work || !e.code || !e.msg[0]))
		abort();
	if (!trc_finish(out, &e))
		abort();
	trc_close(in);
	return n;
}
static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *b = NULL;
	size_t cap = 0, got;

	*n = 0;
	do {
		b = realloc(b, cap += 1 << 16);
		got = f && b ? fread(b + *n, 1, cap - *n, f) : 0;
		*n += got;
	} while (got);
	if (f)
		fclose(f);
	return b;
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char dir[] = "/tmp/fuzz_trace_XXXXXX", t1[64], t2[64], b1[64];
	struct mfile in;
	size_t n1, n2;
	char *a, *b;

	if (!n)
		return 0;
	if (data[0] & 1) {
		size_t cap = ZSTD_compressBound(n - 1), z;
		void *buf = malloc(cap);

		z = ZSTD_compress(buf, cap, data + 1, n - 1, 1);
		in = mfile_make(buf, z);
		free(buf);
	} else {
		in = mfile_make(data + 1, n - 1);
	}
	if (!mkdtemp(dir))
		abort();
	snprintf(t1, sizeof(t1), "%s/1.iot", dir);
	snprintf(b1, sizeof(b1), "%s/1.iotb", dir);
	snprintf(t2, sizeof(t2), "%s/2.iot", dir);
	if (copy(in.path, t1, TRC_TEXT, false)) {
		uint64_t r1 = copy(t1, b1, TRC_BINARY, true);

		if (copy(b1, t2, TRC_TEXT, true) != r1)
			abort();
		a = slurp(t1, &n1);
		b = slurp(t2, &n2);
		if (n1 != n2 || memcmp(a, b, n1))
			abort();
		free(a);
		free(b);
		unlink(b1);
		unlink(t2);
	}
	close(in.fd);
	unlink(t1);
	rmdir(dir);
	return 0;
}
