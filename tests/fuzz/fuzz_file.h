/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_file.h - bytes as a file: memory that has a path, or files of a folder that is gone when the program ends. For the fuzz harnesses. */
#ifndef IOMMUSIM_FUZZ_FILE_H
#define IOMMUSIM_FUZZ_FILE_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/base/err.h"

struct fuzz_file {
	int fd;
	char path[32];
};
static inline struct fuzz_file fuzz_file_make(const void *p, size_t n)
{
	struct fuzz_file f = { .fd = memfd_create("fuzz", 0) };

	if (f.fd < 0 || (n && write(f.fd, p, n) != (ssize_t)n))
		abort();
	snprintf(f.path, sizeof(f.path), "/proc/self/fd/%d", f.fd);
	return f;
}

/* ---- a folder ---- */

static char fuzz_dir_[] = "/tmp/fuzz_XXXXXX";
static inline void fuzz_dir_remove(void)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", fuzz_dir_);
	if (system(cmd))
		abort();
}
static inline const char *fuzz_dir(void)
{
	static bool made;

	if (!made && (!mkdtemp(fuzz_dir_) || atexit(fuzz_dir_remove)))
		abort();
	made = true;
	return fuzz_dir_;
}
struct fuzz_path { char s[64]; };
static inline struct fuzz_path fuzz_path(const char *name)
{
	struct fuzz_path p;

	snprintf(p.s, sizeof(p.s), "%s/%s", fuzz_dir(), name);
	return p;
}
static inline struct fuzz_path fuzz_put(const char *name, const void *p, size_t n)
{
	struct fuzz_path path = fuzz_path(name);
	FILE *f = fopen(path.s, "wb");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f))
		abort();
	return path;
}

/* ---- pieces ---- */

/* The bytes up to a line "====", or to the end. */
static inline const uint8_t *fuzz_part(const uint8_t **p, const uint8_t *end, size_t *n)
{
	const uint8_t *from = *p, *cut = memmem(from, (size_t)(end - from), "\n====\n", 6);

	*n = (size_t)((cut ? cut + 1 : end) - from);
	*p = cut ? cut + 6 : end;
	return from;
}
/* A refusal has a code and a sentence. */
static inline void fuzz_said(const struct err *e)
{
	if (!e->code || !e->msg[0])
		abort();
}
#endif
