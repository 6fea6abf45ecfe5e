/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc_scan.h - private to sim/core/trace: scanners of one field of a text line. The cursor is t->p; all return false (one_of: -1) and
 * fill t->err on failure, with the cursor's column.
 */
#ifndef IOMMUSIM_TRC_SCAN_H
#define IOMMUSIM_TRC_SCAN_H
#include "core/trace/trc_int.h"

static inline void scan_blanks(struct trc_reader *t)
{
	while (*t->p == ' ' || *t->p == '\t')
		t->p++;
}
static inline bool scan_at_end(const char *p)
{
	return *p == '\n' || *p == '#' || *p == ' ' || *p == '\t';
}
/** scan_fail_at() - always false; @fmt has exactly two %s, for @a and @b. */
bool scan_fail_at(struct trc_reader *t, const char *p, const char *fmt, const char *a, const char *b);
/** scan_expected() - always false: "found WORD AT CURSOR, expected @what". */
bool scan_expected(struct trc_reader *t, const char *what);
/** scan_expected_word() - as scan_expected(), and names the closest of @cand. */
bool scan_expected_word(struct trc_reader *t, const char *what, const char *const *cand, size_t n);
/** scan_number() - up to @max; stops at the first character that is no digit. scan_field(): a whole word, after blanks. */
bool scan_number(struct trc_reader *t, uint64_t *v, uint64_t max, const char *what);
bool scan_field(struct trc_reader *t, uint64_t *v, uint64_t max, const char *what);
bool scan_requester(struct trc_reader *t, uint32_t *rid); /* bus:device.function in hexadecimal, or a number */
/** scan_word_is() - is @w (lower case) at the cursor? Then skips it. A word that ends in '=' may be followed by anything. */
bool scan_word_is(struct trc_reader *t, const char *w);
int scan_one_of(struct trc_reader *t, const char *const *cand, size_t n, const char *what);
bool scan_width(struct trc_reader *t, uint8_t *bytes); /* 1, 2, 4 or 8 */
bool scan_value(struct trc_reader *t, uint64_t *v, unsigned bytes);
bool scan_pasid(struct trc_reader *t, uint32_t *out); /* a number, or - */
bool scan_time(struct trc_reader *t, uint64_t *at); /* @TIME and the blanks behind it */
/** trc_text_sw() - the fields of regstate and of the software-level kinds (trc_text_sw.c). */
bool trc_text_sw(struct trc_reader *t, struct trc_rec *r);
/** trc_text_is_order() - is the word at the cursor one of the ordering vocabulary? trc_text_order(): one event of the line (trc_text_ord.c). */
void trc_text_gaps(struct trc_reader *t); /* skips blanks, text in parentheses and separators between events */
bool trc_text_is_order(const struct trc_reader *t);
bool trc_text_order(struct trc_reader *t, struct trc_rec *r);
bool trc_text_command(struct trc_reader *t, struct trc_rec *r); /* the fields of cmd */
#endif
