/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_parse.c - text of one neutral ordering event into struct ord_ev. Grammar: docs/trace-format.md, "Ordering events".
 * A token is a field by position (the word's signature in ORD_OPS), key=value, @uN, -> RESULT, or a word of ORD_FLAGS_LIST, in this order
 * of trial. Words are exact in case. Does not check whether events make sense together.
 */
#include "core/trace/ord_par.h"

static const char *const sig[] = {
#define X(word, s) s,
	ORD_OPS(X)
#undef X
};
static const struct {
	const char *word;
	uint8_t len;
	char type;
} keys[] = {
#define X(k, word, type) { word, sizeof(word) - 1, type },
	ORD_KEYS_LIST(X)
#undef X
};
static const char *const types[] = { "fs", "s1", "v2", "ss", "s2", "v1", "legacy", "nested", "pt", "identity", "bypass", "block", "abort" };
static const uint8_t type_of[] = { ORD_T_S1,     ORD_T_S1, ORD_T_S1, ORD_T_S2, ORD_T_S2,    ORD_T_S2,   ORD_T_S2,
	                           ORD_T_NESTED, ORD_T_PT, ORD_T_PT, ORD_T_PT, ORD_T_BLOCK, ORD_T_BLOCK };
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
		if (!par_number(&s, end, &a) || a > 15)
			return false;
		if (first == 16)
			first = a;
		else if (a < prev)
			b = 1;
		mask |= UINT64_C(1) << a;
		if (end - s >= 2 && s[0] == '.' && s[1] == '.') {
			uint64_t to = 7;

			s += 2;
			if (s < end && (!par_number(&s, end, &to) || to > 15))
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
		return par_requester(p, &s, end, &p->e->rid, &p->e->pasid) && s == end;
	}
	if (end - s > 5 && !memcmp(s, "asid=", 5))
		s += 5;
	else if (end - s > 6 && !memcmp(s, "pasid=", 6))
		s += 6;
	if (!par_number(&s, end, &v) || s != end)
		return false;
	ord_put(p->e, sub, v);
	return true;
}
static bool key_value(struct par *p, enum ord_key k, char type, const char *s, const char *end, uint64_t *v)
{
	uint32_t id, pasid;

	switch (type) {
	case 'n':
		if (!par_name(p, &s, end, &id))
			return false;
		*v = id;
		break;
	case 'a':
		if (!par_address(p, &s, end, v))
			return false;
		break;
	case 'b':
		if (!par_requester(p, &s, end, &id, &pasid))
			return false;
		*v = id;
		break;
	case 'm':
		return par_perm(s, end, v);
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
		return par_number(&s, end, v) && *v <= 1 && s == end;
	default:
		if (k == ORD_KEY_SIZE ? !par_size(&s, end, v) : !par_number(&s, end, v))
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
		if (keys[k].len == n && *keys[k].word == *p->t && !memcmp(keys[k].word, p->t, n)) {
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

		if ((c != 'u' && c != 'q') || !par_number(&s, end, &v) || v > (c == 'u' ? UINT8_MAX : UINT16_MAX) || (s < end && *s != '.'))
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
	if (p->e->op != ORD_PTE_MOD || !par_perm(p->t, a, &v))
		return -1;
	p->e->perm = (uint8_t)v | 8;
	if (!par_perm(a + w, end, &v))
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
		return par_page(p) ? NULL : "an address";
	k = key(p);
	if (k)
		return k < 0 ? "another value for this key" : NULL;
	for (unsigned j = *pos; s[j]; j++) {
		bool required = s[j] < 'a';

		if (!p->result && par_accept(p, s[j])) {
			*pos = s[j] == 'x' ? j : j + 1;
			return NULL;
		}
		if (required)
			return par_expected(s[j]);
	}
	k = par_flag(p);
	if (k < 0)
		return memchr(p->t, '=', p->n) ? "a key of the vocabulary" : "a word of the vocabulary, key=value, or the end of the event";
	p->e->flags |= UINT64_C(1) << k;
	return NULL;
}
static int op_of(const char *s, size_t n)
{
	static const uint8_t len[] = {
#define X(word, sig) sizeof(#word) - 1,
		ORD_OPS(X)
#undef X
	};

	for (unsigned i = 0; i < ORD_OPS_N; i++)
		if (len[i] == n && ord_op_name[i][0] == *s && ord_op_name[i][n - 1] == s[n - 1] && !memcmp(ord_op_name[i], s, n))
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
	while (par_next(&p)) {
		bad = token(&p, &pos);
		*end = p.t;
		if (bad)
			return bad;
	}
	*end = p.s;
	for (unsigned j = pos; sig[op][j]; j++)
		if (sig[op][j] < 'a')
			return par_expected(sig[op][j]);
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
			const char *w = s;

			while (s < end && *s != '(' && *s != ' ' && *s != '\t')
				s++;
			if (n + (size_t)(s - w) + 1 > ORD_TEXT_MAX)
				return 0;
			if (gap && n)
				out[n++] = ' ';
			gap = false;
			while (w < s)
				out[n++] = *w++;
		}
	}
	out[n] = 0;
	return n;
}
