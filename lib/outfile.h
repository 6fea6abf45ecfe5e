/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outfile.h - a text file that is there whole or not at all: written under a temporary name beside its own, then renamed. What exists and is
 * no regular file (a pipe, /dev/full) is written as it stands. A process that is killed leaves the temporary file behind.
 */
#ifndef IOMMUSIM_OUTFILE_H
#define IOMMUSIM_OUTFILE_H
#include <stdbool.h>
#include <stdio.h>
#include "core/base/err.h"

struct outfile {
	FILE *o; /* NULL: not open */
	char *path, *tmp; /* tmp NULL: no other name */
};
bool outfile_open(struct outfile *f, const char *path, struct err *e) MUST_USE;
/** outfile_end() - close and rename; without @ok (then @e says why) or if it cannot be written, remove it. Returns: is the file there? */
bool outfile_end(struct outfile *f, bool ok, struct err *e);
/** outfile_drop() - remove it if it is still open. */
void outfile_drop(struct outfile *f);
#endif
