/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc_text_sw.c - text form: fields of regstate, attach, detach, map, unmap and flush, from one table: positional fields in order,
 * key=value anywhere between them.
 */
#include "core/trace/trc_scan.h"

/* The other kinds: positional fields in order, key=value anywhere. */
enum { K_DOM = 1, K_PASID = 2, K_TYPE = 4, K_OFF = 8, K_SIZE = 16 };
static const char *const key_name[] = { "dom=", "pasid=", "type=", "off=", "size=" };
struct sw_form {
	const char *pos; /* R requester, I iova, P physical address, S size, M permissions, N register name, V value */
	uint8_t need_pos, need_key, keys;
};
static const struct sw_form sw_forms[TRC_KINDS] = {
	[TRC_REGSTATE] = { "NV", 2, K_OFF | K_SIZE, K_OFF | K_SIZE },
	[TRC_ATTACH] = { "R", 1, K_DOM, K_DOM | K_PASID | K_TYPE },
	[TRC_DETACH] = { "R", 1, 0, K_DOM | K_PASID },
	[TRC_MAP] = { "IPSM", 4, K_DOM, K_DOM },
	[TRC_UNMAP] = { "IS", 2, K_DOM, K_DOM },
	[TRC_FLUSH] = { "IS", 0, K_DOM, K_DOM },
};
static bool name(struct trc_reader *t, char *out, size_t cap, const char *what)
{
	size_t n = 0;

	while (!scan_at_end(t->p + n))
		n++;
	if (!n || n >= cap || !trc_word_ok(t->p, n))
		return scan_expected(t, what);
	memcpy(out, t->p, n);
	out[n] = 0;
	if (!strcmp(out, "-"))
		out[0] = 0;
	t->p += n;
	return true;
}
static bool perms(struct trc_reader *t, uint8_t *out)
{
	char *p = t->p;

	*out = 0;
	if (*p == '-' && scan_at_end(p + 1)) {
		t->p++;
		return true;
	}
	for (; !scan_at_end(p); p++) {
		char c = *p | 0x20;
		uint8_t bit = c == 'r' ? XL_R : c == 'w' ? XL_W : c == 'x' ? XL_X : 0;

		if (!bit || *out & bit)
			return scan_expected(t, "permissions made of r, w and x, or -");
		*out |= bit;
	}
	t->p = p;
	return true;
}
static bool get_pos(struct trc_reader *t, struct trc_rec *r, char what)
{
	static const char reg[] = "a register name of at most 23 letters, digits and _.[]-";
	char *at = t->p;

	switch (what) {
	case 'R':
		return scan_requester(t, &r->u.sw.rid);
	case 'I':
		return scan_field(t, &r->u.sw.iova, UINT64_MAX, "an I/O virtual address");
	case 'P':
		return scan_field(t, &r->u.sw.pa, UINT64_MAX, "a physical address");
	case 'S':
		if (!scan_field(t, &r->u.sw.size, UINT64_MAX, "a size in bytes"))
			return false;
		return r->u.sw.size || scan_fail_at(t, at, "the size is 0, expected 1 or more%s%s", "", "");
	case 'M':
		return perms(t, &r->u.sw.perm);
	case 'N':
		return name(t, r->u.reg.name, sizeof(r->u.reg.name), reg);
	}
	return scan_field(t, &r->u.reg.val, UINT64_MAX, "a value");
}
static bool get_key(struct trc_reader *t, struct trc_rec *r, unsigned key)
{
	static const char type[] = "a type of at most 11 letters, digits and _.[]-";
	uint64_t v;

	switch (key) {
	case K_DOM:
		if (!scan_field(t, &v, UINT32_MAX, "a domain number"))
			return false;
		r->u.sw.dom = (uint32_t)v;
		return true;
	case K_PASID:
		return scan_pasid(t, &r->u.sw.pasid);
	case K_TYPE:
		return name(t, r->u.sw.type, sizeof(r->u.sw.type), type);
	case K_OFF:
		if (!scan_field(t, &v, UINT32_MAX, "a register offset"))
			return false;
		r->u.reg.off = (uint32_t)v;
		return true;
	}
	return scan_width(t, &r->u.reg.bytes);
}
static const char *pos_what(char c)
{
	return c == 'R' ? "a requester" : c == 'I' ? "an I/O virtual address" : c == 'P' ? "a physical address" : c == 'S' ? "a size" :
	       c == 'M' ? "permissions" : c == 'N' ? "a register name" : "a value";
}
static bool sw_missing(struct trc_reader *t, const struct sw_form *f, unsigned n, unsigned seen)
{
	if (n < f->need_pos || (n && f->pos[n]))
		return scan_expected(t, pos_what(f->pos[n]));
	for (unsigned i = 0; i < ARRAY_LEN(key_name); i++)
		if (f->need_key & ~seen & 1u << i)
			return scan_expected(t, key_name[i]);
	return true;
}
bool trc_text_sw(struct trc_reader *t, struct trc_rec *r)
{
	const struct sw_form *f = &sw_forms[r->kind];
	const char *cand[ARRAY_LEN(key_name)];
	unsigned n = 0, seen = 0, n_cand = 0;
	const char *val = t->p;

	memset(&r->u, 0, sizeof(r->u));
	if (r->kind != TRC_REGSTATE)
		r->u.sw.pasid = TRC_NO_PASID;
	for (unsigned i = 0; i < ARRAY_LEN(key_name); i++)
		if (f->keys & 1u << i)
			cand[n_cand++] = key_name[i];
	for (;;) {
		unsigned i;
		char *at;

		scan_blanks(t);
		at = t->p;
		if (scan_at_end(t->p))
			break;
		for (i = 0; i < ARRAY_LEN(key_name); i++)
			if (f->keys & 1u << i && scan_word_is(t, key_name[i]))
				break;
		if (i < ARRAY_LEN(key_name)) {
			if (seen & 1u << i)
				return scan_fail_at(t, at, "%s is given twice%s", key_name[i], "");
			seen |= 1u << i;
			if (!get_key(t, r, 1u << i))
				return false;
		} else if (!f->pos[n] || memchr(t->p, '=', strcspn(t->p, " \t\n"))) {
			return scan_expected_word(t, f->pos[n] ? pos_what(f->pos[n]) : "the end of the line", cand, n_cand);
		} else {
			val = t->p;
			if (!get_pos(t, r, f->pos[n++]))
				return false;
		}
	}
	if (!sw_missing(t, f, n, seen))
		return false;
	if (r->kind == TRC_REGSTATE && r->u.reg.bytes < 8 && r->u.reg.val >> (8 * r->u.reg.bytes))
		return scan_fail_at(t, val, "the value does not fit the size%s%s", "", "");
	return true;
}

