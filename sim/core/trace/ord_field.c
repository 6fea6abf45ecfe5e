/* SPDX-License-Identifier: Apache-2.0 */
/* ord_field.c - forms of a field of an ordering event: numbers, sizes, names, addresses, requesters, permissions. Exact in case. */
#include "core/trace/ord_par.h"

static const struct {
	const char *word;
	uint8_t len;
} flags[] = {
#define X(k, word) { word, sizeof(word) - 1 },
	ORD_FLAGS_LIST(X)
#undef X
};
int par_flag(const struct par *p)
{
	for (unsigned i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].len == p->n && !memcmp(flags[i].word, p->t, p->n))
			return (int)i;
	return -1;
}
bool par_is(const struct par *p, const char *w)
{
	return strlen(w) == p->n && !memcmp(p->t, w, p->n);
}
int par_in(const struct par *p, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (par_is(p, list[i]))
			return (int)i;
	return -1;
}
/* The next token; commentary in parentheses is skipped. false at the end of the event. */
bool par_next(struct par *p)
{
	for (;;) {
		while (*p->s == ' ' || *p->s == '\t')
			p->s++;
		if (*p->s != '(')
			break;
		while (!is_end(*p->s) || *p->s == ';' || *p->s == '#') {
			if (*p->s++ == ')')
				break;
		}
	}
	p->t = p->s;
	while (!is_end(*p->s) && *p->s != ' ' && *p->s != '\t' && *p->s != '(')
		p->s++;
	p->n = (size_t)(p->s - p->t);
	return p->n != 0;
}
/* Number at *s, up to @end; moves *s behind it. */
bool par_number(const char **s, const char *end, uint64_t *v)
{
	const char *q = *s;
	uint64_t x = 0;

	if (end - q > 2 && q[0] == '0' && (q[1] | 0x20) == 'x') {
		for (q += 2; q < end; q++) {
			char c = *q | 0x20;
			unsigned d = is_digit(*q) ? (unsigned)(*q - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;

			if (d == 16)
				break;
			if (x >> 60)
				return false;
			x = x << 4 | d;
		}
		if (q == *s + 2)
			return false;
	} else {
		for (; q < end && is_digit(*q); q++)
			if (__builtin_mul_overflow(x, UINT64_C(10), &x) || __builtin_add_overflow(x, (uint64_t)(*q - '0'), &x))
				return false;
		if (q == *s)
			return false;
	}
	*s = q;
	*v = x;
	return true;
}
bool par_size(const char **s, const char *end, uint64_t *v)
{
	unsigned sh = 0;

	if (!par_number(s, end, v))
		return false;
	if (*s < end)
		sh = **s == 'K' ? 10 : **s == 'M' ? 20 : **s == 'G' ? 30 : **s == 'T' ? 40 : 0;
	if (sh && *v >> (64 - sh))
		return false;
	*v <<= sh;
	*s += sh != 0;
	return *v != 0;
}
/* Name at *s: letter first, then letters, digits, _ and -. */
bool par_name(struct par *p, const char **s, const char *end, uint32_t *id)
{
	const char *q = *s;

	if (q == end || is_digit(*q) || !is_word(*q) || *q == '-')
		return false;
	while (q < end && is_word(*q) && !(*q == '-' && q + 1 < end && q[1] == '>'))
		q++;
	*id = ord_name(p->names, *s, (size_t)(q - *s));
	*s = q;
	return *id != 0;
}
/* ADDRESS, or NAME[+SIZE]; moves *s. */
bool par_address(struct par *p, const char **s, const char *end, uint64_t *a)
{
	uint64_t off;
	uint32_t id;

	if (is_digit(**s))
		return par_number(s, end, a);
	if (!par_name(p, s, end, &id))
		return false;
	*a = ORD_NAMED(id);
	if (*s < end && **s == '+') {
		++*s;
		if (!par_size(s, end, &off) || off >> 30)
			return false;
		*a += off;
	}
	return true;
}
/* The whole token as ADDRESS[/SIZE]. *len 0: no size. */
bool par_span(struct par *p, uint64_t *a, uint64_t *len)
{
	const char *s = p->t, *end = p->t + p->n;
	uint64_t last;

	*len = 0;
	if (!par_address(p, &s, end, a))
		return false;
	if (s < end && *s == '/') {
		s++;
		if (!par_size(&s, end, len) || __builtin_add_overflow(*a, *len - 1, &last))
			return false;
	}
	return s == end;
}
static bool hex2(const char **s, const char *end, unsigned *v)
{
	unsigned n = 0;

	for (*v = 0; n < 2 && *s < end; n++, ++*s) {
		char c = **s | 0x20;

		if (is_digit(**s))
			*v = *v << 4 | (unsigned)(**s - '0');
		else if (c >= 'a' && c <= 'f')
			*v = *v << 4 | (unsigned)(c - 'a' + 10);
		else
			break;
	}
	return n != 0;
}
/* BDF, number or name, each with an optional .PASID; moves *s. */
bool par_requester(struct par *p, const char **s, const char *end, uint32_t *rid, uint32_t *pasid)
{
	const char *q = *s;
	unsigned b, d;
	uint64_t v;
	uint32_t id;

	*pasid = ORD_NONE;
	if (hex2(&q, end, &b) && q < end && *q == ':') {
		q++;
		if (!hex2(&q, end, &d) || d > 31 || end - q < 2 || *q != '.' || q[1] < '0' || q[1] > '7')
			return false;
		*rid = b << 8 | d << 3 | (unsigned)(q[1] - '0');
		q += 2;
	} else if (q = *s, is_digit(*q)) {
		if (!par_number(&q, end, &v) || v > INT32_MAX)
			return false;
		*rid = (uint32_t)v;
	} else if (par_name(p, &q, end, &id)) {
		*rid = ORD_NAMED_RID(id);
	} else {
		return false;
	}
	if (q < end && *q == '.') {
		q++;
		if (!par_number(&q, end, &v) || v >= ORD_NONE)
			return false;
		*pasid = (uint32_t)v;
	}
	*s = q;
	return true;
}
bool par_whole_requester(struct par *p, uint32_t *rid, uint32_t *pasid)
{
	const char *s = p->t;

	return par_requester(p, &s, p->t + p->n, rid, pasid) && s == p->t + p->n;
}
bool par_perm(const char *s, const char *end, uint64_t *v)
{
	*v = 0;
	if (s == end)
		return false;
	if (*s == '-' && s + 1 == end)
		return true;
	for (; s < end; s++)
		switch (*s) {
		case 'r':
			*v |= XL_R;
			break;
		case 'w':
			*v |= XL_W;
			break;
		case 'x':
			*v |= XL_X;
			break;
		default:
			return false;
		}
	return true;
}
bool par_whole_name(struct par *p, uint32_t *id)
{
	const char *s = p->t;

	if (par_flag(p) >= 0 && !par_is(p, "r") && !par_is(p, "w") && !par_is(p, "ats"))
		return false;
	return par_name(p, &s, p->t + p->n, id) && s == p->t + p->n;
}
