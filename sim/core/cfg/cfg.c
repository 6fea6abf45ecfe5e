/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfg.c - option rows: defaults, parsing, range checks, printing.
 * Text forms are exact: what cfg_print() writes, cfg_set() reads back to the same value (no floating point anywhere).
 * A row with min = max = 0 has no range beyond its type; rows of unit "rid" also take bus:device.function. The default of
 * CFG_STR is "no string" (NULL), printed as nothing.
 */
#include "core/cfg/cfg.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const cfg_type_name[CFG_STR + 1] = {
	[CFG_U32] = "integer", [CFG_U64] = "integer", [CFG_HEX] = "hexadecimal", [CFG_TIME] = "time", [CFG_SIZE] = "size", [CFG_BOOL] = "boolean",
	[CFG_ENUM] = "choice", [CFG_LIST] = "list", [CFG_STR] = "text",
};
struct suffix {
	const char *name;
	uint64_t mul;
};
static const struct suffix time_suffix[] = { /* ps, smallest first */
	{ "ps", 1 }, { "ns", 1000 }, { "us", 1000000 }, { "ms", 1000000000 },
	{ "s", UINT64_C(1000000000000) }, { "min", UINT64_C(60000000000000) },
};
static const struct suffix size_suffix[] = { /* bytes, smallest first */
	{ "", 1 }, { "K", UINT64_C(1) << 10 }, { "M", UINT64_C(1) << 20 }, { "G", UINT64_C(1) << 30 },
	{ "T", UINT64_C(1) << 40 }, { "P", UINT64_C(1) << 50 }, { "E", UINT64_C(1) << 60 },
};

static void store(const struct cfg_opt *o, void *base, uint64_t v)
{
	char *p = (char *)base + o->off;

	switch (o->type) {
	case CFG_U32:
	case CFG_ENUM:
		*(uint32_t *)(void *)p = (uint32_t)v;
		break;
	case CFG_BOOL:
		*(bool *)p = v != 0;
		break;
	case CFG_STR:
		*(char **)(void *)p = NULL;
		break;
	default:
		*(uint64_t *)(void *)p = v;
	}
}

static uint64_t load(const struct cfg_opt *o, const void *base)
{
	const char *p = (const char *)base + o->off;

	switch (o->type) {
	case CFG_U32:
	case CFG_ENUM:
		return *(const uint32_t *)(const void *)p;
	case CFG_BOOL:
		return *(const bool *)p;
	case CFG_STR:
		return 0;
	default:
		return *(const uint64_t *)(const void *)p;
	}
}

void cfg_defaults(const struct cfg_opt *o, void *base)
{
	for (; o->key; o++)
		store(o, base, o->def);
}

void cfg_free(const struct cfg_opt *o, void *base)
{
	for (; o->key; o++)
		if (o->type == CFG_STR) {
			free(*(char **)(void *)((char *)base + o->off));
			store(o, base, 0);
		}
}

const struct cfg_opt *cfg_find(const struct cfg_opt *o, const char *key)
{
	for (; o->key; o++)
		if (!strcmp(o->key, key))
			return o;
	return NULL;
}

/* The whole of @s as an unsigned number, decimal or 0x hexadecimal; signs and blanks are not numbers. */
static bool number(const char *s, uint64_t *v)
{
	unsigned base = 10;
	uint64_t n = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned d = isdigit((unsigned char)*s) ? (unsigned)(*s - '0') : (unsigned)(tolower((unsigned char)*s) - 'a' + 10);

		if (!isxdigit((unsigned char)*s) || d >= base || n > (UINT64_MAX - d) / base)
			return false;
		n = n * base + d;
	}
	*v = n;
	return true;
}

/* bus:device.function in hexadecimal, as lspci prints it, into a 16-bit requester id. */
static bool bdf(const char *s, uint64_t *v)
{
	unsigned b, d, f;
	int end = 0;

	if (!isxdigit((unsigned char)s[0]) || sscanf(s, "%2x:%2x.%1x%n", &b, &d, &f, &end) != 3 || s[end] || d > 31 || f > 7)
		return false;
	*v = b << 8 | d << 3 | f;
	return true;
}

/*
 * "12", "1.5 us", "64K": digits, at most one point, blanks, a suffix of the table. Exact, or refused.
 * Returns: NULL, or what is wrong with the text.
 */
static const char *scaled(const char *s, const struct suffix *t, size_t n, bool need_suffix, uint64_t *v)
{
	unsigned __int128 whole = 0, frac = 0, frac_div = 1, total;
	const char *p = s;
	size_t i;

	if (!isdigit((unsigned char)*p))
		return "";
	for (; isdigit((unsigned char)*p); p++) {
		whole = whole * 10 + (unsigned)(*p - '0');
		if (whole > UINT64_MAX)
			return "is too large";
	}
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p); p++) {
			if (frac_div > UINT64_C(100000000000000000))
				return "has too many digits after the point";
			frac = frac * 10 + (unsigned)(*p - '0');
			frac_div *= 10;
		}
	while (*p == ' ' || *p == '_')
		p++;
	if (!*p && need_suffix && whole + frac)
		return "has no unit";
	if (!*p && need_suffix) {
		*v = 0;
		return NULL;
	}
	for (i = 0; i < n && strcmp(p, t[i].name); i++)
		;
	if (i == n)
		return "";
	if (frac * t[i].mul % frac_div)
		return "is not a whole number of the smallest unit";
	total = whole * t[i].mul + frac * t[i].mul / frac_div;
	if (total > UINT64_MAX)
		return "is too large";
	*v = (uint64_t)total;
	return NULL;
}

static bool choice(const char *list, const char *word, uint64_t *v)
{
	size_t len = strlen(word);
	uint64_t i = 0;

	for (const char *p = list; len; p++, i++) {
		const char *end = strchrnul(p, '|');

		if ((size_t)(end - p) == len && !memcmp(p, word, len)) {
			*v = i;
			return true;
		}
		if (!*end)
			break;
		p = end;
	}
	return false;
}

static bool boolean(const char *s, uint64_t *v)
{
	static const char *const word[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < ARRAY_LEN(word); i++)
		if (!strcmp(s, word[i])) {
			*v = i & 1;
			return true;
		}
	return false;
}

/* Words of @list between commas and blanks, as bits. Returns: NULL, or the word that is none of them, which is put into @buf. */
static const char *words(const char *list, const char *text, uint64_t *v, char *buf, size_t n)
{
	for (*v = 0; *(text += strspn(text, ", ")); text += strcspn(text, ", ")) {
		uint64_t bit;

		snprintf(buf, n, "%.*s", (int)strcspn(text, ", "), text);
		if (!choice(list, buf, &bit))
			return buf;
		*v |= UINT64_C(1) << bit;
	}
	return NULL;
}

static int print_words(const char *list, uint64_t v, char *buf, size_t n)
{
	int len = 0;

	for (const char *p = list; v; v >>= 1, p += strcspn(p, "|") + 1)
		if (v & 1)
			len += snprintf(n > (size_t)len ? buf + len : NULL, n > (size_t)len ? n - (size_t)len : 0, "%s%.*s", len ? "," : "", (int)strcspn(p, "|"), p);
	if (!len && n)
		*buf = 0;
	return len;
}

static bool no_word(const char *key, const char *list, const char *word, struct err *e)
{
	char *copy = strdup(list), *next = copy;
	const char *cand[64], *near;
	size_t n = 0;

	while (next && n < ARRAY_LEN(cand))
		cand[n++] = strsep(&next, "|");
	near = err_nearest(word, cand, n);
	if (near)
		err_set(e, ERR_INPUT, "%s: '%.80s' is not one of %.600s; did you mean %s?", key, word, list, near);
	else
		err_set(e, ERR_INPUT, "%s: '%.80s' is not one of %.600s", key, word, list);
	free(copy);
	return false;
}

/* Print @v as a value of row @o. */
static int print_value(const struct cfg_opt *o, uint64_t v, char *buf, size_t n)
{
	const struct suffix *t = o->type == CFG_TIME ? time_suffix : size_suffix;
	size_t i = o->type == CFG_TIME ? ARRAY_LEN(time_suffix) : ARRAY_LEN(size_suffix);
	const char *p = o->choices;

	switch (o->type) {
	case CFG_HEX:
		return snprintf(buf, n, "0x%" PRIx64, v);
	case CFG_BOOL:
		return snprintf(buf, n, "%s", v ? "true" : "false");
	case CFG_ENUM:
		while (v-- && *(p = strchrnul(p, '|')))
			p++;
		return snprintf(buf, n, "%.*s", (int)strcspn(p, "|"), p);
	case CFG_LIST:
		return print_words(o->choices, v, buf, n);
	case CFG_TIME:
	case CFG_SIZE:
		if (!v)
			return snprintf(buf, n, "0");
		while (i-- && v % t[i].mul)
			;
		return snprintf(buf, n, "%" PRIu64 "%s%s", v / t[i].mul, o->type == CFG_TIME ? " " : "", t[i].name);
	default:
		return snprintf(buf, n, "%" PRIu64, v);
	}
}

int cfg_print(const struct cfg_opt *o, const void *base, char *buf, size_t n)
{
	if (o->type == CFG_STR) {
		const char *s = *(char *const *)(const void *)((const char *)base + o->off);

		return snprintf(buf, n, "%s", s ? s : "");
	}
	return print_value(o, load(o, base), buf, n);
}

/* Returns: NULL and *v, or what is wrong; "" stands for "is not a <type>". */
static const char *parse(const struct cfg_opt *o, const char *text, uint64_t *v)
{
	switch (o->type) {
	case CFG_TIME:
		return scaled(text, time_suffix, ARRAY_LEN(time_suffix), true, v);
	case CFG_SIZE:
		return number(text, v) ? NULL : scaled(text, size_suffix, ARRAY_LEN(size_suffix), false, v);
	case CFG_BOOL:
		return boolean(text, v) ? NULL : "";
	case CFG_ENUM:
		return choice(o->choices, text, v) ? NULL : "";
	default:
		if (number(text, v) || (!strcmp(o->unit, "rid") && bdf(text, v)))
			return NULL;
		if (text[0] == '-' && isdigit((unsigned char)text[1]))
			return "is negative";
		for (const char *p = text; isdigit((unsigned char)*p); p++)
			if (!p[1])
				return "is too large";
		return "";
	}
}

static const char *expected(const struct cfg_opt *o)
{
	switch (o->type) {
	case CFG_TIME:
		return "a time such as \"287 ns\" or \"1.5 us\" (ps, ns, us, ms, s, min)";
	case CFG_SIZE:
		return "a size such as 4096, 64K, 2M or 1G";
	case CFG_BOOL:
		return "true or false";
	case CFG_ENUM:
		return o->choices;
	default:
		return strcmp(o->unit, "rid") ? "a whole number, decimal or 0x hexadecimal" : "a requester id such as 00:01.0 or 0x8";
	}
}

static bool no_key(const struct cfg_opt *o, const char *key, struct err *e)
{
	const char *cand[512], *near;
	size_t n = 0;

	for (; o->key && n < ARRAY_LEN(cand); o++)
		cand[n++] = o->key;
	near = err_nearest(key, cand, n);
	if (near)
		return err_set(e, ERR_INPUT, "%s: unknown key; did you mean %s?", key, near);
	return err_set(e, ERR_INPUT, "%s: unknown key", key);
}

static bool set_string(const struct cfg_opt *o, void *base, const char *text, struct err *e)
{
	char **s = (char **)(void *)((char *)base + o->off), *copy = NULL;

	if (*text && !(copy = strdup(text)))
		return err_set(e, ERR_MACHINE, "%s: out of memory", o->key);
	free(*s);
	*s = copy;
	return true;
}

bool cfg_set(const struct cfg_opt *rows, void *base, const char *key, const char *text, struct err *e)
{
	const struct cfg_opt *o = cfg_find(rows, key);
	const char *why;
	char limit[128];
	uint64_t v = 0, max;

	if (!o)
		return no_key(rows, key, e);
	if (o->type == CFG_STR)
		return set_string(o, base, text, e);
	if (o->type == CFG_LIST) {
		if (words(o->choices, text, &v, limit, sizeof(limit)))
			return no_word(key, o->choices, limit, e);
		store(o, base, v);
		return true;
	}
	why = parse(o, text, &v);
	if (why && *why)
		return err_set(e, ERR_INPUT, "%s: %.80s %s; expected %s", key, text, why, expected(o));
	if (why)
		return err_set(e, ERR_INPUT, "%s: '%.80s' is not %s%s", key, text, o->type == CFG_ENUM ? "one of " : "", expected(o));
	if (o->type == CFG_BOOL || o->type == CFG_ENUM) {
		store(o, base, v);
		return true;
	}
	max = o->min || o->max ? o->max : o->type == CFG_U32 ? UINT32_MAX : UINT64_MAX;
	if (v < o->min || v > max) {
		print_value(o, v < o->min ? o->min : max, limit, sizeof(limit));
		return err_set(e, ERR_INPUT, "%s: %.80s is %s the %s %s", key, text, v < o->min ? "below" : "above", v < o->min ? "minimum" : "maximum", limit);
	}
	store(o, base, v);
	return true;
}
