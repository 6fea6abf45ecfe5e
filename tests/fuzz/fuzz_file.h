/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_file.h - bytes as a file: memory that has a path. For the fuzz harnesses. */
#ifndef IOMMUSIM_FUZZ_FILE_H
#define IOMMUSIM_FUZZ_FILE_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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
#endif
