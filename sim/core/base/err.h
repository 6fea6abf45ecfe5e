/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - errors of the user's input or of the machine.
 * A function that can fail returns false and fills struct err (may be NULL). Guest mistakes are never errors.
 */
#ifndef IOMMUSIM_ERR_H
#define IOMMUSIM_ERR_H
#include "core/base/util.h"

enum { ERR_NONE = 0, ERR_INPUT = 2, ERR_MACHINE = 3 }; /* the exit status of the command (DESIGN 7) */

struct err {
	int code;
	char msg[1000]; /* one line, no newline; "file:line:col: ..." when a place is known */
};

/** err_set() - fill @e (may be NULL). Returns: false, so that "return err_set(...)" reads well. */
bool err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/** err_at() - as err_set() with ERR_INPUT and a place in front; @col 0 leaves the column out. */
bool err_at(struct err *e, const char *file, uint64_t line, unsigned col, const char *fmt, ...) PRINTF_LIKE(5, 6);
/** err_errno() - ERR_MACHINE, or ERR_INPUT for a file that does not exist or may not be read; text from errno. */
bool err_errno(struct err *e, const char *what);
/** err_nearest() - the candidate of @n closest in spelling to @word, NULL if none is close. */
const char *err_nearest(const char *word, const char *const *cand, size_t n);
#if defined(__clang_analyzer__) && !defined(ERR_C) /* it sees one file at a time, and must be told what these return */
#define err_set(...) (err_set(__VA_ARGS__), false)
#define err_at(...) (err_at(__VA_ARGS__), false)
#define err_errno(...) (err_errno(__VA_ARGS__), false)
#endif
#endif
