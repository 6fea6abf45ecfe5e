/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_text.h - lines of a text file, of zstd-compressed text, or of standard input, without copying them.
 * The lines are borrowed until the next call. A line longer than the buffer (4 MiB) is cut: its tail is not seen and `cut` counts it.
 */
#ifndef IOMMUSIM_IMP_TEXT_H
#define IOMMUSIM_IMP_TEXT_H
#include "core/base/err.h"

struct imp_text;
/** imp_text_open() - @path "-" is standard input; zstd is recognized by its first bytes. */
struct imp_text *imp_text_open(const char *path, struct err *e) MUST_USE;
/** imp_text_next() - Returns: 1 and the line without its newline, 0 at the end, -1 on error. line[len] may be read and written. */
int imp_text_next(struct imp_text *t, const char **line, size_t *len, struct err *e) MUST_USE;
uint64_t imp_text_cut(const struct imp_text *t);
void imp_text_close(struct imp_text *t);
#endif
