/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc_scan.c - the fields of a text trace, each scanned once, by hand, in the read buffer; a line's '\n' is the sentinel that every
 * scanner stops at. Letter case is free; numbers are decimal or 0x...; nothing is allocated.
 * On failure each leaves a message with file, line and column in t->err.
 */
#include <strings.h>
#include "core/trace/trc_scan.h"

static const uint8_t hexval[256] = { /* value + 1; 0: no digit */
	['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11,
	['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};
bool scan_fail_at(struct trc_reader *t, const char *p, const char *fmt, const char *a, const char *b)
{
	return err_at(&t->err, t->path, t->line, (unsigned)(p - t->bol) + 1, fmt, a, b);
}
/* The word at @p for a message: quoted, cut to size, made printable. */
static const char *word_at(const char *p, char out[48])
{
	size_t n = 0;

	if (*p == '\n')
		return "the end of the line";
	out[n++] = '"';
	for (; *p != '\n' && *p != ' ' && *p != '\t' && n < 44; p++)
		out[n++] = *p > 0x20 && *p < 0x7f ? *p : '?';
	out[n++] = '"';
	out[n] = 0;
	return out;
}
bool scan_expected(struct trc_reader *t, const char *what)
{
	char w[48];

	return scan_fail_at(t, t->p, "found %s, expected %s", word_at(t->p, w), what);
}
/* As scan_expected(), for one of a set of words: names the closest one. */
bool scan_expected_word(struct trc_reader *t, const char *what, const char *const *cand, size_t n)
{
	char w[48], plain[48], msg[160];
	const char *near;
	size_t k = 0;

	for (const char *p = t->p; *p != '\n' && *p != ' ' && *p != '\t' && k < sizeof(plain) - 1; p++) {
		char c = *p | ((*p >= 'A' && *p <= 'Z') << 5);

		plain[k++] = c;
		if (c == '=')
			break;
	}
	plain[k] = 0;
	near = k ? err_nearest(plain, cand, n) : NULL;
	if (!near)
		return scan_expected(t, what);
	snprintf(msg, sizeof(msg), "%s (did you mean \"%s\"?)", what, near);
	return scan_fail_at(t, t->p, "found %s, expected %s", word_at(t->p, w), msg);
}
/* Number, decimal or 0x..., up to @max; stops at the first character that is no digit. */
bool scan_number(struct trc_reader *t, uint64_t *v, uint64_t max, const char *what)
{
	const unsigned char *p = (const unsigned char *)t->p, *first;
	uint64_t x = 0;

	if (p[0] == '0' && (p[1] | 0x20) == 'x') {
		p += 2;
		while (*p == '0' && hexval[p[1]])
			p++;
		first = p;
		while (hexval[*p])
			x = x << 4 | (hexval[*p++] - 1u);
		if (p == first)
			return scan_expected(t, what);
		if (p - first > 16 || x > max)
			return scan_fail_at(t, t->p, "a number is too large: expected %s%s", what, "");
	} else {
		first = p;
		for (; *p >= '0' && *p <= '9'; p++)
			if (__builtin_mul_overflow(x, UINT64_C(10), &x) || __builtin_add_overflow(x, (uint64_t)(*p - '0'), &x))
				return scan_fail_at(t, t->p, "a number is too large: expected %s%s", what, "");
		if (p == first)
			return scan_expected(t, what);
		if (x > max)
			return scan_fail_at(t, t->p, "a number is too large: expected %s%s", what, "");
	}
	t->p = (char *)p;
	*v = x;
	return true;
}
/* A number that is a whole word, after blanks. */
bool scan_field(struct trc_reader *t, uint64_t *v, uint64_t max, const char *what)
{
	char *at;

	scan_blanks(t);
	at = t->p;
	if (!scan_number(t, v, max, what))
		return false;
	if (LIKELY(scan_at_end(t->p)))
		return true;
	t->p = at;
	return scan_expected(t, what);
}
/* bus:device.function in hexadecimal, or a plain number for wider identifiers. */
bool scan_requester(struct trc_reader *t, uint32_t *rid)
{
	static const char what[] = "a requester (bus:device.function, or a number)";
	const unsigned char *p;
	unsigned b = 0, d = 0, n;
	uint64_t v;

	scan_blanks(t);
	p = (const unsigned char *)t->p;
	for (n = 0; n < 2 && hexval[*p]; n++)
		b = b << 4 | (hexval[*p++] - 1u);
	if (!n || *p++ != ':') {
		if (!scan_field(t, &v, UINT32_MAX, what))
			return false;
		*rid = (uint32_t)v;
		return true;
	}
	for (n = 0; n < 2 && hexval[*p]; n++)
		d = d << 4 | (hexval[*p++] - 1u);
	if (!n || d > 31 || *p++ != '.' || *p < '0' || *p > '7' || !scan_at_end((const char *)p + 1))
		return scan_expected(t, what);
	*rid = b << 8 | d << 3 | (*p - '0');
	t->p = (char *)p + 1;
	return true;
}
/* Does the word @w (lower case) stand at the cursor? A '=' ends it too and is consumed. */
bool scan_word_is(struct trc_reader *t, const char *w)
{
	size_t n = strlen(w);

	if (strncasecmp(t->p, w, n) || (w[n - 1] != '=' && !scan_at_end(t->p + n)))
		return false;
	t->p += n;
	return true;
}
int scan_one_of(struct trc_reader *t, const char *const *cand, size_t n, const char *what)
{
	scan_blanks(t);
	for (size_t i = 0; i < n; i++)
		if (scan_word_is(t, cand[i]))
			return (int)i;
	scan_expected_word(t, what, cand, n);
	return -1;
}
bool scan_width(struct trc_reader *t, uint8_t *bytes)
{
	uint64_t v;

	scan_blanks(t);
	char *at = t->p;

	if (!scan_field(t, &v, UINT64_MAX, "a size of 1, 2, 4 or 8 bytes"))
		return false;
	if (v != 1 && v != 2 && v != 4 && v != 8) {
		t->p = at;
		return scan_expected(t, "a size of 1, 2, 4 or 8 bytes");
	}
	*bytes = (uint8_t)v;
	return true;
}
bool scan_value(struct trc_reader *t, uint64_t *v, unsigned bytes)
{
	return scan_field(t, v, bytes == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * bytes)) - 1, "a value that fits the size");
}
bool scan_pasid(struct trc_reader *t, uint32_t *out)
{
	uint64_t v;

	if (*t->p == '-' && scan_at_end(t->p + 1)) {
		t->p++;
		*out = TRC_NO_PASID;
		return true;
	}
	if (!scan_field(t, &v, TRC_NO_PASID - 1, "a PASID or -"))
		return false;
	*out = (uint32_t)v;
	return true;
}
/* @TIME: ps, or a decimal fraction with a unit. The fraction must come out as whole ps. */
bool scan_time(struct trc_reader *t, uint64_t *at)
{
	static const struct { const char *unit; uint64_t ps; } units[] = {
		{ "ps", 1 }, { "ns", 1000 }, { "us", 1000000 }, { "ms", 1000000000 }, { "s", UINT64_C(1000000000000) },
	};
	static const char what[] = "a time: ps, or a number with ps, ns, us, ms or s";
	uint64_t v, frac = 0, scale = 1, mul = 1;
	char *word = t->p++;

	if (!scan_number(t, &v, TRC_NO_TIME - 1, what))
		return false;
	if (*t->p == '.')
		for (t->p++; *t->p >= '0' && *t->p <= '9'; t->p++) {
			if (scale >= UINT64_C(1000000000000)) {
				if (*t->p == '0')
					continue;
				return scan_fail_at(t, word, "a time is finer than 1 ps%s%s", "", "");
			}
			frac = frac * 10 + (uint64_t)(*t->p - '0');
			scale *= 10;
		}
	if (!scan_at_end(t->p)) {
		size_t i = 0;

		while (i < ARRAY_LEN(units) && !scan_word_is(t, units[i].unit))
			i++;
		if (i == ARRAY_LEN(units))
			return scan_expected(t, what);
		mul = units[i].ps;
	}
	if ((unsigned __int128)frac * mul % scale)
		return scan_fail_at(t, word, "a time is finer than 1 ps%s%s", "", "");
	if (__builtin_mul_overflow(v, mul, &v) || __builtin_add_overflow(v, (uint64_t)((unsigned __int128)frac * mul / scale), &v) ||
	    v == TRC_NO_TIME)
		return scan_fail_at(t, word, "a time is too large%s%s", "", "");
	*at = v;
	scan_blanks(t);
	return true;
}
