/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc_text_put.c - text form of a trace: the printer of the one canonical form (docs/trace-format.md).
 * Numbers: addresses, offsets, sizes of ranges and contents as 0x lower case without leading zeros; all others decimal.
 * Does not check values: trc_check() has.
 */
#include "core/trace/trc_int.h"

enum { ROOM_LINE = 256 /* no line but page and comment is longer */, ROOM_WORD = 4 + 1 + 19 /* one word of a page */ };

static inline char *put_str(char *p, const char *s)
{
	while (*s)
		*p++ = *s++;
	return p;
}
static inline char *put_hex(char *p, uint64_t v)
{
	int n = v ? (67 - __builtin_clzll(v)) / 4 : 1;

	*p++ = '0';
	*p++ = 'x';
	for (int i = n - 1; i >= 0; i--) {
		p[i] = "0123456789abcdef"[v & 15];
		v >>= 4;
	}
	return p + n;
}
static inline char *put_dec(char *p, uint64_t v)
{
	char b[20];
	int n = 0;

	do
		b[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*p++ = b[--n];
	return p;
}
static char *put_rid(char *p, uint32_t rid)
{
	static const char x[] = "0123456789abcdef";

	*p++ = ' ';
	if (rid > 0xffff)
		return put_hex(p, rid);
	*p++ = x[rid >> 12];
	*p++ = x[rid >> 8 & 15];
	*p++ = ':';
	*p++ = x[rid >> 7 & 1];
	*p++ = x[rid >> 3 & 15];
	*p++ = '.';
	*p++ = x[rid & 7];
	return p;
}
static char *put_pasid(char *p, uint32_t pasid)
{
	p = put_str(p, " pasid=");
	return pasid == TRC_NO_PASID ? put_str(p, "-") : put_dec(p, pasid);
}
static char *put_dom(char *p, uint32_t dom)
{
	return put_dec(put_str(p, " dom="), dom);
}
static char *put_x(char *p, uint64_t v)
{
	*p++ = ' ';
	return put_hex(p, v);
}
static char *put_d(char *p, uint64_t v)
{
	*p++ = ' ';
	return put_dec(p, v);
}
static char *put_dma(char *p, const struct trc_rec *r)
{
	p = put_rid(p, r->u.dma.rid);
	*p++ = ' ';
	*p++ = (char)r->u.dma.dir;
	p = put_x(p, r->u.dma.iova);
	*p++ = '+';
	p = r->u.dma.len ? put_dec(p, r->u.dma.len) : put_str(p, "?");
	if (r->u.dma.pasid != TRC_NO_PASID)
		p = put_pasid(p, r->u.dma.pasid);
	if (r->u.dma.priv)
		p = put_str(p, " priv");
	if (r->u.dma.at != XL_UNTRANSLATED) {
		*p++ = ' ';
		p = put_str(p, trc_at_name[r->u.dma.at]);
	}
	if (r->u.dma.expect == TRC_EXP_OK)
		return put_hex(put_str(p, " -> "), r->u.dma.pa);
	if (r->u.dma.expect == TRC_EXP_FAULT) {
		p = put_str(p, " -> fault");
		if (r->u.dma.code)
			p = put_d(p, r->u.dma.code);
	}
	return p;
}
static char *put_sw(char *p, const struct trc_rec *r)
{
	switch (r->kind) {
	case TRC_ATTACH:
		p = put_dom(put_pasid(put_rid(p, r->u.sw.rid), r->u.sw.pasid), r->u.sw.dom);
		return put_str(put_str(p, " type="), r->u.sw.type[0] ? r->u.sw.type : "-");
	case TRC_DETACH:
		return put_dom(put_pasid(put_rid(p, r->u.sw.rid), r->u.sw.pasid), r->u.sw.dom);
	case TRC_MAP:
		p = put_x(put_x(put_x(put_dom(p, r->u.sw.dom), r->u.sw.iova), r->u.sw.pa), r->u.sw.size);
		*p++ = ' ';
		if (!r->u.sw.perm)
			*p++ = '-';
		for (int i = 0; i < 3; i++)
			if (r->u.sw.perm & 1 << i)
				*p++ = "rwx"[i];
		return p;
	}
	p = put_dom(p, r->u.sw.dom);
	return r->u.sw.size ? put_x(put_x(p, r->u.sw.iova), r->u.sw.size) : p;
}
static char *put_page(char *p, const struct trc_rec *r)
{
	bool run = false;

	p = put_x(p, r->u.page.pa);
	for (unsigned i = 0; i < TRC_PAGE_WORDS; i++) {
		uint64_t v = r->u.page.w[i];

		if (!v) {
			run = false;
			continue;
		}
		*p++ = ' ';
		if (!run) {
			p = put_dec(p, i);
			*p++ = ':';
		}
		run = true;
		p = put_hex(p, v);
	}
	return p;
}
static char *put_command(char *p, const struct trc_rec *r)
{
	p = put_dec(put_str(p, " q="), r->u.cmd.q);
	p = put_str(p, " slot=");
	p = r->u.cmd.slot == TRC_NO_SLOT ? put_str(p, "-") : put_dec(p, r->u.cmd.slot);
	for (unsigned i = 0; i < r->u.cmd.n; i++)
		p = put_x(p, r->u.cmd.w[i]);
	return p;
}
static char *put_body(char *p, const struct trc_rec *r)
{
	switch (r->kind) {
	case TRC_DMA:
		return put_dma(p, r);
	case TRC_STORE:
		return put_x(put_d(put_x(p, r->u.store.pa), r->u.store.bytes), r->u.store.val);
	case TRC_MMIO_WRITE:
		return put_x(put_d(put_x(p, r->u.mmio.off), r->u.mmio.bytes), r->u.mmio.val);
	case TRC_MMIO_READ:
		p = put_d(put_x(p, r->u.mmio.off), r->u.mmio.bytes);
		return r->u.mmio.has_val ? put_hex(put_str(p, " -> "), r->u.mmio.val) : p;
	case TRC_DEVICE:
		p = put_rid(p, r->u.dev.rid);
		*p++ = ' ';
		return put_str(p, trc_dev_name[r->u.dev.event]);
	case TRC_PAGE:
		return put_page(p, r);
	case TRC_REGSTATE:
		*p++ = ' ';
		p = put_str(p, r->u.reg.name[0] ? r->u.reg.name : "-");
		p = put_dec(put_str(put_hex(put_str(p, " off="), r->u.reg.off), " size="), r->u.reg.bytes);
		return put_x(p, r->u.reg.val);
	case TRC_COMMAND:
		return put_command(p, r);
	}
	return put_sw(p, r);
}
bool trc_text_put(struct trc_writer *t, const struct trc_rec *r, struct err *e)
{
	size_t text = r->kind == TRC_COMMENT || r->kind == TRC_ORDER ? strlen(r->u.text) : 0;
	size_t room = ROOM_LINE + (r->kind == TRC_PAGE ? TRC_PAGE_WORDS * ROOM_WORD : text);
	char *p = trc_sink_room(&t->sink, room, e), *start = p;

	if (!p)
		return false;
	if (r->kind == TRC_ORDER) {
		if (r->at != TRC_NO_TIME)
			*put_dec(put_str(p, "@"), r->at) = ' ', p = strchr(p, ' ') + 1;
	} else {
		p = put_str(p, trc_kind_name[r->kind]);
	}
	if (text || r->kind == TRC_COMMENT) {
		memcpy(p, r->u.text, text);
		p += text;
	} else {
		if (r->at != TRC_NO_TIME)
			p = put_dec(put_str(p, " @"), r->at);
		if (r->unit)
			p = put_dec(put_str(p, " u"), r->unit);
		p = put_body(p, r);
	}
	*p++ = '\n';
	t->sink.len += (size_t)(p - start);
	return true;
}
