/* SPDX-License-Identifier: Apache-2.0 */
/* trc_bin_put.c - writing the binary form of a trace; see trc_bin.c. */
#include "core/trace/trc_bin.h"

const char trc_magic[7] = { (char)0x89, 'I', 'O', 'T', 'R', 'C', '\n' };

static inline char *put_v(char *p, uint64_t v)
{
	while (v >= 128) {
		*p++ = (char)(v | 128);
		v >>= 7;
	}
	*p++ = (char)v;
	return p;
}
/* Difference to *last, small in either direction. */
static inline char *put_delta(char *p, uint64_t v, uint64_t *last)
{
	uint64_t d = v - *last;

	*last = v;
	return put_v(p, d << 1 ^ (d >> 63 ? UINT64_MAX : 0));
}
static char *put_name(char *p, const char *s)
{
	size_t n = strlen(s);

	*p++ = (char)n;
	memcpy(p, s, n); /* NOLINT(bugprone-not-null-terminated-result): its length stands before it */
	return p + n;
}
static inline unsigned lg2(unsigned bytes)
{
	return (unsigned)__builtin_ctz(bytes);
}
/* Bits [7:6] of the tag. */
static unsigned tag_arg(const struct trc_rec *r)
{
	switch (r->kind) {
	case TRC_DMA:
		return r->u.dma.expect;
	case TRC_STORE:
		return lg2(r->u.store.bytes);
	case TRC_MMIO_WRITE:
	case TRC_MMIO_READ:
		return lg2(r->u.mmio.bytes);
	case TRC_REGSTATE:
		return lg2(r->u.reg.bytes);
	}
	return 0;
}
static char *put_dma(char *p, const struct trc_rec *r, struct trc_last *l)
{
	uint32_t pasid1 = r->u.dma.pasid + 1;
	unsigned b = (unsigned)(strchr(trc_dir_chars, r->u.dma.dir) - trc_dir_chars);

	b |= (unsigned)r->u.dma.at << DMA_AT | (r->u.dma.priv ? DMA_PRIV : 0);
	b |= (pasid1 != l->pasid1 ? DMA_PASID : 0) | (r->u.dma.rid != l->rid ? DMA_RID : 0);
	*p++ = (char)b;
	if (b & DMA_PASID)
		p = put_v(p, l->pasid1 = pasid1);
	if (b & DMA_RID)
		p = put_v(p, l->rid = r->u.dma.rid);
	p = put_v(p, r->u.dma.len);
	p = put_delta(p, r->u.dma.iova, &l->iova);
	if (r->u.dma.expect == TRC_EXP_OK)
		p = put_delta(p, r->u.dma.pa, &l->pa);
	else if (r->u.dma.expect == TRC_EXP_FAULT)
		p = put_v(p, r->u.dma.code);
	return p;
}
static char *put_page(char *p, const struct trc_rec *r, struct trc_last *l)
{
	const uint64_t *w = r->u.page.w;
	uint64_t prev = 0, pfn = r->u.page.pa >> 12;

	p = put_delta(p, pfn, &l->page);
	for (unsigned i = 0, n; i < TRC_PAGE_WORDS;) {
		for (n = 0; i + n < TRC_PAGE_WORDS && !w[i + n];)
			n++;
		p = put_v(p, n);
		i += n;
		for (n = 0; i + n < TRC_PAGE_WORDS && w[i + n];)
			n++;
		p = put_v(p, n);
		for (n += i; i < n; i++)
			p = put_delta(p, w[i], &prev);
	}
	return p;
}
static char *put_sw(char *p, const struct trc_rec *r, struct trc_last *l)
{
	if (r->kind == TRC_ATTACH || r->kind == TRC_DETACH) {
		p = put_v(put_v(p, r->u.sw.rid), (uint32_t)(r->u.sw.pasid + 1));
		p = put_v(p, r->u.sw.dom);
		return r->kind == TRC_ATTACH ? put_name(p, r->u.sw.type) : p;
	}
	p = put_v(put_v(p, r->u.sw.dom), r->u.sw.size);
	if (r->u.sw.size)
		p = put_delta(p, r->u.sw.iova, &l->map_iova);
	if (r->kind == TRC_MAP) {
		p = put_delta(p, r->u.sw.pa, &l->map_pa);
		*p++ = (char)r->u.sw.perm;
	}
	return p;
}
static char *put_command(char *p, const struct trc_rec *r)
{
	p = put_v(put_v(p, r->u.cmd.q), (uint32_t)(r->u.cmd.slot + 1));
	*p++ = (char)r->u.cmd.n;
	for (unsigned i = 0; i < r->u.cmd.n; i++)
		p = put_v(p, r->u.cmd.w[i]);
	return p;
}
static char *put_text(char *p, const char *s, size_t n)
{
	p = put_v(p, n);
	memcpy(p, s, n); /* NOLINT(bugprone-not-null-terminated-result): its length stands before it */
	return p + n;
}
static char *put_body(char *p, const struct trc_rec *r, struct trc_last *l)
{
	switch (r->kind) {
	case TRC_DMA:
		return put_dma(p, r, l);
	case TRC_STORE:
		return put_v(put_delta(p, r->u.store.pa, &l->store), r->u.store.val);
	case TRC_MMIO_WRITE:
		return put_v(put_v(p, r->u.mmio.off), r->u.mmio.val);
	case TRC_MMIO_READ:
		p = put_v(p, (uint64_t)r->u.mmio.off << 1 | r->u.mmio.has_val);
		return r->u.mmio.has_val ? put_v(p, r->u.mmio.val) : p;
	case TRC_DEVICE:
		p = put_v(p, r->u.dev.rid);
		*p++ = (char)r->u.dev.event;
		return p;
	case TRC_COMMAND:
		return put_command(p, r);
	case TRC_PAGE:
		return put_page(p, r, l);
	case TRC_REGSTATE:
		return put_name(put_v(put_v(p, r->u.reg.off), r->u.reg.val), r->u.reg.name);
	}
	return put_sw(p, r, l);
}
bool trc_bin_put(struct trc_writer *t, const struct trc_rec *r, struct err *e)
{
	size_t text = r->kind == TRC_COMMENT || r->kind == TRC_ORDER ? strlen(r->u.text) : 0;
	char *p = trc_sink_room(&t->sink, r->kind == TRC_PAGE ? ROOM_PAGE : ROOM_SMALL + text, e), *start = p;
	bool bare = r->kind == TRC_COMMENT; /* has neither time nor unit */

	if (!p)
		return false;
	*p++ = (char)(r->kind | tag_arg(r) << TAG_ARG | (!bare && r->at != TRC_NO_TIME ? TAG_TIME : 0) | (!bare && r->unit ? TAG_UNIT : 0));
	if (!bare && r->at != TRC_NO_TIME)
		p = put_delta(p, r->at, &t->last.at);
	if (!bare && r->unit)
		*p++ = (char)r->unit;
	if (bare || r->kind == TRC_ORDER) {
		p = put_text(p, r->u.text, text);
	} else {
		p = put_body(p, r, &t->last);
	}
	t->sink.len += (size_t)(p - start);
	return true;
}
bool trc_bin_head(struct trc_writer *t, struct err *e)
{
	char *p = trc_sink_room(&t->sink, ROOM_SMALL, e);

	if (!p)
		return false;
	memcpy(p, trc_magic, sizeof(trc_magic));
	p[sizeof(trc_magic)] = TRC_VERSION;
	t->sink.len += sizeof(trc_magic) + 1;
	return true;
}
bool trc_bin_end(struct trc_writer *t, struct err *e)
{
	char *p = trc_sink_room(&t->sink, ROOM_SMALL, e), *start = p;

	if (!p)
		return false;
	*p++ = KIND_END;
	p = put_v(p, t->n);
	t->sink.len += (size_t)(p - start);
	return true;
}
