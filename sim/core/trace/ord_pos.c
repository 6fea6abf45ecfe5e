/* SPDX-License-Identifier: Apache-2.0 */
/* ord_pos.c - fields of an ordering event by position: the letters of ORD_OPS. */
#include "core/trace/ord_par.h"

static const char *const caches[] = { "ATC", "TLB", "WALK", "CFG", "PASID" }; /* index + 1 = enum ord_cache */

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

	if (par_is(p, "all")) {
		p->e->lo = 0;
		p->e->last = UINT64_MAX;
		p->e->flags |= ORD_F(ALL);
		p->e->have |= ORD_P_RANGE;
		return true;
	}
	if (!is_digit(*p->t) && !memchr(p->t, '/', p->n) && p->e->op != ORD_REQUIRE && (p->e->op == ORD_TLBINV || p->e->op == ORD_ATCINV) &&
	    par_flag(p) >= 0)
		return false;
	return par_span(p, &a, &len) && set_range(p->e, a, len);
}
bool par_page(struct par *p)
{
	if (!is_digit(*p->t) && par_flag(p) >= 0)
		return false;
	if (!par_span(p, &p->e->pa, &p->e->pa_len))
		return false;
	p->e->have |= ORD_P_PAGE;
	return true;
}
static bool pos_addr(struct par *p)
{
	struct ord_ev *e = p->e;
	uint64_t a, len;

	if (p->n == 1 || !par_span(p, &a, &len)) /* one letter would be the direction of a dma record */
		return false;
	e->addr = a;
	e->have |= ORD_P_ADDR;
	return set_range(e, a, len ? len : 1);
}
static bool pos_kind(struct par *p)
{
	int k;

	if (par_is(p, "all")) {
		p->e->kind = ORD_K_ALL;
		return true;
	}
	k = par_in(p, ord_kind_name + 1, ORD_KINDS_N - 2);
	if (k < 0)
		return false;
	p->e->kind = (uint8_t)(k + 1);
	return true;
}
static bool pos_requester(struct par *p)
{
	if (!is_digit(*p->t) && !memchr(p->t, ':', p->n) && par_flag(p) >= 0 && !par_is(p, "r"))
		return false;
	if (!par_whole_requester(p, &p->e->rid, &p->e->pasid))
		return false;
	p->e->have |= ORD_P_RID;
	return true;
}
static bool pos_number(struct par *p)
{
	const char *s = p->t;

	if (!par_number(&s, p->t + p->n, &p->e->num) || s != p->t + p->n)
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
	if (s < end && (!par_number(&s, end, &v) || v > UINT16_MAX || s != end))
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

	if (*p->t != 'w' || p->n < 2 || p->n > 10 || (p->t[1] == '0' && p->n > 2) || !par_number(&s, end, &v) || s != end)
		return false;
	p->e->w = ORD_WAIT_NO(v);
	p->e->have |= ORD_P_WAIT;
	return true;
}
static bool pos_wait(struct par *p)
{
	if (numbered_wait(p))
		return true;
	if (par_is(p, "fn") || par_is(p, "pd") || par_is(p, "dvm") || !par_whole_name(p, &p->e->w))
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
		return is_digit(*p->t) || memchr(p->t, '/', p->n) || par_is(p, "all") || e->lvl ? pos_range(p) : false;
	}
	if (e->have & (ORD_P_PAGE | ORD_P_QUEUE))
		return pos_number(p);
	if (!par_is(p, "all") && pos_kind(p))
		return true;
	if (is_digit(*p->t))
		return par_page(p);
	if ((p->t[0] == 'q' && (p->n == 1 || is_digit(p->t[1]))) || par_is(p, "iq0") || par_is(p, "slot"))
		return pos_queue(p);
	if (!par_whole_name(p, &id))
		return false;
	e->d = id;
	e->pa = ORD_NAMED(id);
	e->have |= ORD_P_DOM | ORD_P_PAGE;
	return true;
}
static bool pos_name(struct par *p)
{
	if (!par_whole_name(p, &p->e->name))
		return false;
	p->e->have |= ORD_P_NAME;
	return true;
}
static bool pos_perm(struct par *p)
{
	uint64_t v;

	if (!par_perm(p->t, p->t + p->n, &v))
		return false;
	p->e->perm = (uint8_t)v;
	ord_put(p->e, ORD_KEY_PERM, v);
	return true;
}
bool par_accept(struct par *p, char letter)
{
	int k;

	switch (letter | 0x20) {
	case 'd':
		if (!par_whole_name(p, &p->e->d))
			return false;
		p->e->have |= ORD_P_DOM;
		return true;
	case 'r':
		return pos_range(p);
	case 'p':
		return par_page(p);
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
		k = par_in(p, caches, ARRAY_LEN(caches));
		p->e->cache = (uint8_t)(k + 1);
		return k >= 0;
	}
	return false;
}
const char *par_expected(char letter)
{
	static const struct {
		char letter;
		const char *what;
	} list[] = {
		{ 'd', "the name of a page table" },
		{ 'r', "a range: ADDRESS/SIZE, NAME/SIZE or all" },
		{ 'p', "a page: ADDRESS[/SIZE] or a name" },
		{ 'a', "an address or a name" },
		{ 'k', "a kind of configuration entry (ROOT CTX PASIDDIR PASIDE L1STD STE L1CD CD DTE GCR3 DEVMAP DOMMAP VDEV IRTE)" },
		{ 'i', "a requester: bus:device.function[.PASID], a number or a name" },
		{ 'n', "a number" },
		{ 'q', "a queue: q, qN or N" },
		{ 'l', "a level: lvl0 to lvl9" },
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (list[i].letter == (letter | 0x20))
			return list[i].what;
	return "a field of the event";
}
