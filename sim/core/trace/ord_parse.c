/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_parse.c - text of one neutral ordering event into struct ord_ev. Grammar: docs/trace-format.md, "Ordering events".
 * A token is a field by position (the word's signature in ORD_OPS), key=value, @uN, -> RESULT, or a word of ORD_FLAGS_LIST, in this order of trial.
 * Words are exact in case. Does not check whether events make sense together.
 */
#include <string.h>
#include "core/iommu.h"
#include "core/trace/ord_ev.h"

struct par {
	const char *s; /* cursor */
	const char *t; /* token */
	size_t n; /* its length */
	struct ord_ev *e;
	struct ord_names *names;
	bool result; /* behind -> */
};
static const char *const sig[] = {
#define X(word, s) s,
	ORD_OPS(X)
#undef X
};
static const struct { const char *word; char type; } keys[] = {
#define X(k, word, type) { word, type },
	ORD_KEYS_LIST(X)
#undef X
};
static const char *const flag_words[] = {
#define X(k, word) word,
	ORD_FLAGS_LIST(X)
#undef X
};
static const char *const types[] = { "fs", "s1", "v2", "ss", "s2", "v1", "legacy", "nested", "pt", "identity", "bypass", "block", "abort" };
static const uint8_t type_of[] = { ORD_T_S1, ORD_T_S1, ORD_T_S1, ORD_T_S2, ORD_T_S2, ORD_T_S2, ORD_T_S2, ORD_T_NESTED, ORD_T_PT, ORD_T_PT, ORD_T_PT, ORD_T_BLOCK, ORD_T_BLOCK };
static const char *const caches[] = { "ATC", "TLB", "WALK", "CFG", "PASID" }; /* index + 1 = enum ord_cache */

static inline bool is_end(char c)
{
	return !c || c == '\n' || c == '\r' || c == ';' || c == '#';
}
static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool is_word(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || is_digit(c) || c == '_' || c == '-';
}
static bool tok_is(const struct par *p, const char *w)
{
	return strlen(w) == p->n && !memcmp(p->t, w, p->n);
}
static int tok_in(const struct par *p, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (tok_is(p, list[i]))
			return (int)i;
	return -1;
}
/* The next token; commentary in parentheses is skipped. false at the end of the event. */
static bool next_tok(struct par *p)
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
static bool number(const char **s, const char *end, uint64_t *v)
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
static bool size(const char **s, const char *end, uint64_t *v)
{
	unsigned sh = 0;

	if (!number(s, end, v))
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
static bool name(struct par *p, const char **s, const char *end, uint32_t *id)
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
static bool address(struct par *p, const char **s, const char *end, uint64_t *a)
{
	uint64_t off;
	uint32_t id;

	if (is_digit(**s))
		return number(s, end, a);
	if (!name(p, s, end, &id))
		return false;
	*a = ORD_NAMED(id);
	if (*s < end && **s == '+') {
		++*s;
		if (!size(s, end, &off) || off >> 30)
			return false;
		*a += off;
	}
	return true;
}
/* The whole token as ADDRESS[/SIZE]. *len 0: no size. */
static bool span(struct par *p, uint64_t *a, uint64_t *len)
{
	const char *s = p->t, *end = p->t + p->n;
	uint64_t last;

	*len = 0;
	if (!address(p, &s, end, a))
		return false;
	if (s < end && *s == '/') {
		s++;
		if (!size(&s, end, len) || __builtin_add_overflow(*a, *len - 1, &last))
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
static bool requester(struct par *p, const char **s, const char *end, uint32_t *rid, uint32_t *pasid)
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
		if (!number(&q, end, &v) || v > INT32_MAX)
			return false;
		*rid = (uint32_t)v;
	} else if (name(p, &q, end, &id)) {
		*rid = ORD_NAMED_RID(id);
	} else {
		return false;
	}
	if (q < end && *q == '.') {
		q++;
		if (!number(&q, end, &v) || v >= ORD_NONE)
			return false;
		*pasid = (uint32_t)v;
	}
	*s = q;
	return true;
}
static bool whole_requester(struct par *p, uint32_t *rid, uint32_t *pasid)
{
	const char *s = p->t;

	return requester(p, &s, p->t + p->n, rid, pasid) && s == p->t + p->n;
}
static bool perm(const char *s, const char *end, uint64_t *v)
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
static bool whole_name(struct par *p, uint32_t *id)
{
	const char *s = p->t;

	if (tok_in(p, flag_words, ARRAY_LEN(flag_words)) >= 0 && !tok_is(p, "r") && !tok_is(p, "w") && !tok_is(p, "ats"))
		return false;
	return name(p, &s, p->t + p->n, id) && s == p->t + p->n;
}
static bool set_range(struct ord_ev *e, uint64_t a, uint64_t len)
{
	e->lo = a;
	e->last = a + (len ? len - 1 : 0xfff);
	if (e->last < a)
		return false;
	e->have |= ORD_P_RANGE;
	return true;
}
static bool pos_range(struct par *p)
{
	uint64_t a, len;

	if (tok_is(p, "all")) {
		p->e->lo = 0;
		p->e->last = UINT64_MAX;
		p->e->flags |= ORD_F(ALL);
		p->e->have |= ORD_P_RANGE;
		return true;
	}
	if (!is_digit(*p->t) && !memchr(p->t, '/', p->n) && p->e->op != ORD_REQUIRE && (p->e->op == ORD_TLBINV || p->e->op == ORD_ATCINV) &&
	    tok_in(p, flag_words, ARRAY_LEN(flag_words)) >= 0)
		return false;
	return span(p, &a, &len) && set_range(p->e, a, len);
}
static bool pos_page(struct par *p)
{
	if (!is_digit(*p->t) && tok_in(p, flag_words, ARRAY_LEN(flag_words)) >= 0)
		return false;
	if (!span(p, &p->e->pa, &p->e->pa_len))
		return false;
	p->e->have |= ORD_P_PAGE;
	return true;
}
static bool pos_addr(struct par *p)
{
	struct ord_ev *e = p->e;
	uint64_t a, len;

	if (p->n == 1 || !span(p, &a, &len)) /* one letter would be the direction of a dma record */
		return false;
	e->addr = a;
	e->have |= ORD_P_ADDR;
	return set_range(e, a, len ? len : 1);
}
static bool pos_kind(struct par *p)
{
	int k;

	if (tok_is(p, "all")) {
		p->e->kind = ORD_K_ALL;
		return true;
	}
	k = tok_in(p, ord_kind_name + 1, ORD_KINDS_N - 2);
	if (k < 0)
		return false;
	p->e->kind = (uint8_t)(k + 1);
	return true;
}
static bool pos_requester(struct par *p)
{
	if (!is_digit(*p->t) && !memchr(p->t, ':', p->n) && tok_in(p, flag_words, ARRAY_LEN(flag_words)) >= 0 && !tok_is(p, "r"))
		return false;
	if (!whole_requester(p, &p->e->rid, &p->e->pasid))
		return false;
	p->e->have |= ORD_P_RID;
	return true;
}
static bool pos_number(struct par *p)
{
	const char *s = p->t;

	if (!number(&s, p->t + p->n, &p->e->num) || s != p->t + p->n)
		return false;
	p->e->have |= ORD_P_NUM;
	return true;
}
/* q, q3, iq0, 3: the number at the end. */
static bool pos_queue(struct par *p)
{
	const char *s = p->t, *end = p->t + p->n;
	uint64_t v = 0;

	while (s < end && ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z'))
		s++;
	if (s < end && (!number(&s, end, &v) || v > UINT16_MAX || s != end))
		return false;
	p->e->queue = (uint16_t)v;
	p->e->have |= ORD_P_QUEUE;
	return true;
}
/* w and a number: no name is kept, so that a long trace may number its waits. */
static bool numbered_wait(struct par *p)
{
	const char *s = p->t + 1, *end = p->t + p->n;
	uint64_t v;

	if (*p->t != 'w' || p->n < 2 || p->n > 10 || (p->t[1] == '0' && p->n > 2) || !number(&s, end, &v) || s != end)
		return false;
	p->e->w = ORD_WAIT_NO(v);
	p->e->have |= ORD_P_WAIT;
	return true;
}
static bool pos_wait(struct par *p)
{
	if (numbered_wait(p))
		return true;
	if (tok_is(p, "fn") || tok_is(p, "pd") || tok_is(p, "dvm") || !whole_name(p, &p->e->w))
		return false;
	p->e->have |= ORD_P_WAIT;
	return true;
}
static bool pos_level(struct par *p)
{
	if (p->n != 4 || memcmp(p->t, "lvl", 3) || !is_digit(p->t[3]))
		return false;
	p->e->lvl = (uint8_t)(p->t[3] - '0');
	return true;
}
/* What CLFLUSH, TBL_WR, TBL_FREE name: KIND [id] | page table [range] | table | queue. Later tokens refine. */
static bool pos_any(struct par *p)
{
	struct ord_ev *e = p->e;
	uint32_t id;

	if (e->kind)
		return !(e->have & ORD_P_RID) && pos_requester(p);
	if (e->have & ORD_P_DOM) {
		if (pos_level(p))
			return true;
		return is_digit(*p->t) || memchr(p->t, '/', p->n) || tok_is(p, "all") || e->lvl ? pos_range(p) : false;
	}
	if (e->have & (ORD_P_PAGE | ORD_P_QUEUE))
		return pos_number(p);
	if (!tok_is(p, "all") && pos_kind(p))
		return true;
	if (is_digit(*p->t))
		return pos_page(p);
	if ((p->t[0] == 'q' && (p->n == 1 || is_digit(p->t[1]))) || tok_is(p, "iq0") || tok_is(p, "slot"))
		return pos_queue(p);
	if (!whole_name(p, &id))
		return false;
	e->d = id;
	e->pa = ORD_NAMED(id);
	e->have |= ORD_P_DOM | ORD_P_PAGE;
	return true;
}
static bool pos_name(struct par *p)
{
	if (!whole_name(p, &p->e->name))
		return false;
	p->e->have |= ORD_P_NAME;
	return true;
}
static bool pos_perm(struct par *p)
{
	uint64_t v;

	if (!perm(p->t, p->t + p->n, &v))
		return false;
	p->e->perm = (uint8_t)v;
	ord_put(p->e, ORD_KEY_PERM, v);
	return true;
}
static bool accept(struct par *p, char letter)
{
	int k;

	switch (letter | 0x20) {
	case 'd':
		if (!whole_name(p, &p->e->d))
			return false;
		p->e->have |= ORD_P_DOM;
		return true;
	case 'r':
		return pos_range(p);
	case 'p':
		return pos_page(p);
	case 'a':
		return pos_addr(p);
	case 'm':
		return pos_perm(p);
	case 'k':
		return pos_kind(p);
	case 'i':
		return pos_requester(p);
	case 'n':
		return pos_number(p);
	case 'q':
		return pos_queue(p);
	case 'w':
		return pos_wait(p);
	case 'l':
		return pos_level(p);
	case 'o':
	case 'c':
		return pos_name(p);
	case 'x':
		return pos_any(p);
	case 'f':
		k = tok_in(p, caches, ARRAY_LEN(caches));
		p->e->cache = (uint8_t)(k + 1);
		return k >= 0;
	}
	return false;
}
static const char *expected(char letter)
{
	static const struct { char letter; const char *what; } list[] = {
		{ 'd', "the name of a page table" }, { 'r', "a range: ADDRESS/SIZE, NAME/SIZE or all" }, { 'p', "a page: ADDRESS[/SIZE] or a name" },
		{ 'a', "an address or a name" }, { 'k', "a kind of configuration entry (ROOT CTX PASIDDIR PASIDE L1STD STE L1CD CD DTE GCR3 DEVMAP DOMMAP VDEV IRTE)" },
		{ 'i', "a requester: bus:device.function[.PASID], a number or a name" }, { 'n', "a number" }, { 'q', "a queue: q, qN or N" },
		{ 'l', "a level: lvl0 to lvl9" },
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (list[i].letter == (letter | 0x20))
			return list[i].what;
	return "a field of the event";
}
/* qw=: N, A..B (in that order), A,B,C, A+B or lower/upper (one atomic write). Value: mask, bit 16 descending, 31:24 first written. */
static bool key_qw(struct par *p, const char *s, const char *end, uint64_t *out)
{
	uint64_t a, b = 0, mask = 0, first = 16, prev;

	if (end - s == 5 && (!memcmp(s, "lower", 5) || !memcmp(s, "upper", 5))) {
		p->e->flags |= ORD_F(ATOMIC);
		*out = *s == 'l' ? 0x3 : 0xc | (uint64_t)2 << 24;
		return true;
	}
	for (prev = 0;; prev = a, s++) {
		if (!number(&s, end, &a) || a > 15)
			return false;
		if (first == 16)
			first = a;
		else if (a < prev)
			b = 1;
		mask |= UINT64_C(1) << a;
		if (end - s >= 2 && s[0] == '.' && s[1] == '.') {
			uint64_t to = 7;

			s += 2;
			if (s < end && (!number(&s, end, &to) || to > 15))
				return false;
			b = to < a;
			for (uint64_t i = b ? to : a; i <= (b ? a : to); i++)
				mask |= UINT64_C(1) << i;
		}
		if (s == end)
			break;
		if (*s == '+')
			p->e->flags |= ORD_F(ATOMIC);
		else if (*s != ',')
			return false;
	}
	*out = mask | b << 16 | first << 24;
	return true;
}
/* What may follow the number of a tag: .PASID, .ASID, .asid=N, .REQUESTER */
static bool tag_tail(struct par *p, enum ord_key k, const char *s, const char *end)
{
	enum ord_key sub = k == ORD_KEY_VMID ? ORD_KEY_ASID : ORD_KEY_PASID;
	uint64_t v;

	if (k != ORD_KEY_DID && k != ORD_KEY_VMID && k != ORD_KEY_DOMID)
		return false;
	if (memchr(s, ':', (size_t)(end - s))) {
		p->e->have |= ORD_P_RID;
		return requester(p, &s, end, &p->e->rid, &p->e->pasid) && s == end;
	}
	if (end - s > 5 && !memcmp(s, "asid=", 5))
		s += 5;
	else if (end - s > 6 && !memcmp(s, "pasid=", 6))
		s += 6;
	if (!number(&s, end, &v) || s != end)
		return false;
	ord_put(p->e, sub, v);
	return true;
}
static bool key_value(struct par *p, enum ord_key k, char type, const char *s, const char *end, uint64_t *v)
{
	uint32_t id, pasid;

	switch (type) {
	case 'n':
		if (!name(p, &s, end, &id))
			return false;
		*v = id;
		break;
	case 'a':
		if (!address(p, &s, end, v))
			return false;
		break;
	case 'b':
		if (!requester(p, &s, end, &id, &pasid))
			return false;
		*v = id;
		break;
	case 'm':
		return perm(s, end, v);
	case 'q':
		return key_qw(p, s, end, v);
	case 't':
		for (size_t i = 0; i < ARRAY_LEN(types); i++)
			if (strlen(types[i]) == (size_t)(end - s) && !memcmp(s, types[i], (size_t)(end - s))) {
				*v = type_of[i];
				return true;
			}
		return false;
	case 'v':
		return number(&s, end, v) && *v <= 1 && s == end;
	default:
		if (k == ORD_KEY_SIZE ? !size(&s, end, v) : !number(&s, end, v))
			return false;
		if (s < end && *s == '.')
			return tag_tail(p, k, s + 1, end);
	}
	return s == end;
}
/* Returns: 1 taken, 0 no key, -1 bad value. */
static int key(struct par *p)
{
	const char *eq = memchr(p->t, '=', p->n);
	size_t n;
	uint64_t v = 0;

	if (!eq)
		return 0;
	n = (size_t)(eq - p->t);
	for (unsigned k = 0; k < ARRAY_LEN(keys); k++)
		if (strlen(keys[k].word) == n && !memcmp(keys[k].word, p->t, n)) {
			if (!key_value(p, (enum ord_key)k, keys[k].type, eq + 1, p->t + p->n, &v))
				return -1;
			ord_put(p->e, (enum ord_key)k, v);
			return 1;
		}
	return 0;
}
/* @uN, @uN.qM, @qM */
static bool place(struct par *p)
{
	const char *s = p->t + 1, *end = p->t + p->n;
	uint64_t v;

	for (; s < end; s += s < end && *s == '.') {
		char c = *s++;

		if ((c != 'u' && c != 'q') || !number(&s, end, &v) || v > (c == 'u' ? UINT8_MAX : UINT16_MAX) || (s < end && *s != '.'))
			return false;
		if (c == 'u')
			p->e->unit = (uint8_t)v;
		else
			p->e->queue = (uint16_t)v;
		p->e->have |= c == 'u' ? ORD_P_UNIT : ORD_P_QUEUE;
	}
	return p->n > 2;
}
/* rw->r, ->, and the same with the arrow sign. Returns: 1 taken, 0 no arrow, -1 bad. */
static int arrow(struct par *p)
{
	static const char sign[] = "\xe2\x86\x92";
	const char *a = NULL, *end = p->t + p->n;
	size_t w = 2;
	uint64_t v;

	for (size_t i = 0; i + 1 < p->n && !a; i++)
		if (p->t[i] == '-' && p->t[i + 1] == '>')
			a = p->t + i;
		else if (i + 2 < p->n && !memcmp(p->t + i, sign, 3)) {
			a = p->t + i;
			w = 3;
		}
	if (!a)
		return 0;
	p->result = true;
	if (a == p->t) {
		if (a + w == end)
			return 1;
		p->t = a + w;
		p->n = (size_t)(end - p->t);
		return 2;
	}
	if (p->e->op != ORD_PTE_MOD || !perm(p->t, a, &v))
		return -1;
	p->e->perm = (uint8_t)v | 8;
	if (!perm(a + w, end, &v))
		return -1;
	ord_put(p->e, ORD_KEY_PERM, v);
	return 1;
}
static const char *token(struct par *p, unsigned *pos)
{
	const char *s = sig[p->e->op];
	int k;

	if (*p->t == '@')
		return place(p) ? NULL : "a place: @uN, @qN or @uN.qN";
	k = arrow(p);
	if (k < 0)
		return "permissions behind the arrow";
	if (k == 1)
		return NULL;
	if (p->result && is_digit(*p->t))
		return pos_page(p) ? NULL : "an address";
	k = key(p);
	if (k)
		return k < 0 ? "another value for this key" : NULL;
	for (unsigned j = *pos; s[j]; j++) {
		bool required = s[j] < 'a';

		if (!p->result && accept(p, s[j])) {
			*pos = s[j] == 'x' ? j : j + 1;
			return NULL;
		}
		if (required)
			return expected(s[j]);
	}
	k = tok_in(p, flag_words, ARRAY_LEN(flag_words));
	if (k < 0)
		return memchr(p->t, '=', p->n) ? "a key of the vocabulary" : "a word of the vocabulary, key=value, or the end of the event";
	p->e->flags |= UINT64_C(1) << k;
	return NULL;
}
static int op_of(const char *s, size_t n)
{
	for (unsigned i = 0; i < ORD_OPS_N; i++)
		if (ord_op_name[i][0] == *s && strlen(ord_op_name[i]) == n && !memcmp(ord_op_name[i], s, n))
			return (int)i;
	return -1;
}
/* WORD at *s, up to a blank, '@' or the end. */
static int word_op(const char *s, size_t *n)
{
	*n = 0;
	while ((s[*n] >= 'A' && s[*n] <= 'Z') || s[*n] == '_')
		++*n;
	return op_of(s, *n);
}
static const char *prefix(const char *s, struct ord_ev *e)
{
	for (;;) {
		if (s[0] == 'G' && s[1] == ':') {
			e->guest = 1;
			s += 2;
		} else if (!strncmp(s, "FWD", 3) && (s[3] == ' ' || s[3] == '\t')) {
			e->fwd = 1;
			s += 4;
			while (*s == ' ' || *s == '\t')
				s++;
		} else {
			return s;
		}
	}
}
bool ord_is_event(const char *s)
{
	struct ord_ev e = { .op = 0 };
	size_t n;

	if (!(*s >= 'A' && *s <= 'Z'))
		return false;
	s = prefix(s, &e);
	return (e.guest || e.fwd) || (word_op(s, &n) >= 0 && (s[n] == ' ' || s[n] == '\t' || s[n] == '@' || is_end(s[n])));
}
const char *ord_parse(const char *s, const char **end, struct ord_ev *e, struct ord_names *names)
{
	struct par p = { .e = e, .names = names };
	unsigned pos = 0;
	size_t n;
	int op;
	const char *bad;

	memset(e, 0, offsetof(struct ord_ev, v));
	e->rid = e->pasid = ORD_NONE;
	while (*s == ' ' || *s == '\t')
		s++;
	s = prefix(s, e);
	*end = s;
	op = word_op(s, &n);
	if (op < 0)
		return "a word of the ordering vocabulary";
	e->op = (uint8_t)op;
	p.s = s + n;
	if (*p.s && *p.s != '@' && *p.s != ' ' && *p.s != '\t' && *p.s != '(' && !is_end(*p.s))
		return "a word of the ordering vocabulary";
	while (next_tok(&p)) {
		bad = token(&p, &pos);
		*end = p.t;
		if (bad)
			return bad;
	}
	*end = p.s;
	for (unsigned j = pos; sig[op][j]; j++)
		if (sig[op][j] < 'a')
			return expected(sig[op][j]);
	return NULL;
}
size_t ord_canon(const char *s, const char *end, char *out)
{
	size_t n = 0;
	bool gap = false;

	while (s < end) {
		if (*s == '(') {
			while (s < end && *s++ != ')')
				;
			gap = true;
		} else if (*s == ' ' || *s == '\t') {
			gap = true;
			s++;
		} else {
			if (n + 2 > ORD_TEXT_MAX)
				return 0;
			if (gap && n)
				out[n++] = ' ';
			gap = false;
			out[n++] = *s++;
		}
	}
	out[n] = 0;
	return n;
}
