/* SPDX-License-Identifier: Apache-2.0 */
/* memtext.h - the end of a stream of open_memstream(). */
#ifndef IOMMUSIM_MEMTEXT_H
#define IOMMUSIM_MEMTEXT_H
#include <stdbool.h>
#include <stdio.h>

/** memtext_end() - close @o (NULL: it could not be opened). Returns: whether all of it is in @text. glibc closes without an error a stream that has lost its text. */
static inline bool memtext_end(FILE *o, char *const *text)
{
	return o && !fclose(o) && *text;
}
#endif
