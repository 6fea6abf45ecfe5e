/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc_bin.c - reading the binary form of a trace; trc_bin_put.c writes it. Layout: docs/trace-format.md, "Binary form".
 * Variable-length integers, addresses as differences from the last one of their kind, everything in one zstd stream with checksum.
 * The last record carries the number of records: a file that ends before it is truncated.
 */
#include "core/trace/trc_bin.h"

/* Bytes of the record being read. A reader that runs over the end, or out of a field's range, sets bad and returns 0. */
struct cur {
	const unsigned char *p, *end;
	bool bad;
};
static inline unsigned get_b(struct cur *c)
{
	if (LIKELY(c->p < c->end))
		return *c->p++;
	c->bad = true;
	return 0;
}
static uint64_t get_v(struct cur *c, uint64_t max)
{
	uint64_t v = 0;
	unsigned b, sh = 0;

	do {
		b = get_b(c);
		if (sh == 63 && b > 1) {
			c->bad = true;
			return 0;
		}
		v |= (uint64_t)(b & 127) << sh;
		sh += 7;
	} while (b & 128);
	if (v > max)
		c->bad = true;
	return v > max ? 0 : v;
}
static inline uint64_t get_delta(struct cur *c, uint64_t *last)
{
	uint64_t z = get_v(c, UINT64_MAX);

	return *last += z >> 1 ^ (z & 1 ? UINT64_MAX : 0);
}
static void get_name(struct cur *c, char *s, size_t cap)
{
	size_t n = get_b(c);

	if (n >= cap || n > (size_t)(c->end - c->p)) {
		c->bad = true;
		n = 0;
	}
	memcpy(s, c->p, n);
	memset(s + n, 0, cap - n);
	if (strlen(s) != n)
		c->bad = true;
	c->p += n;
}
static void get_dma(struct cur *c, struct trc_rec *r, unsigned arg, struct trc_last *l)
{
	unsigned b = get_b(c);

	if ((b & DMA_DIR) > 4)
		c->bad = true;
	r->u.dma.dir = (uint8_t)trc_dir_chars[(b & DMA_DIR) % 5];
	r->u.dma.at = b >> DMA_AT & 3;
	r->u.dma.priv = b & DMA_PRIV;
	if (b & DMA_PASID)
		l->pasid1 = (uint32_t)get_v(c, UINT32_MAX);
	if (b & DMA_RID)
		l->rid = (uint32_t)get_v(c, UINT32_MAX);
	r->u.dma.pasid = l->pasid1 - 1;
	r->u.dma.rid = l->rid;
	r->u.dma.len = (uint32_t)get_v(c, UINT32_MAX);
	r->u.dma.iova = get_delta(c, &l->iova);
	r->u.dma.expect = (uint8_t)arg;
	r->u.dma.pa = arg == TRC_EXP_OK ? get_delta(c, &l->pa) : 0;
	r->u.dma.code = arg == TRC_EXP_FAULT ? (uint16_t)get_v(c, UINT16_MAX) : 0;
}
static void get_page(struct cur *c, struct trc_rec *r, struct trc_last *l, uint64_t *w)
{
	uint64_t prev = 0, pfn = get_delta(c, &l->page);
	unsigned i = 0, n;

	if (pfn >> 52)
		c->bad = true;
	r->u.page.pa = pfn << 12;
	r->u.page.w = w;
	memset(w, 0, TRC_PAGE_WORDS * sizeof(*w));
	while (i < TRC_PAGE_WORDS && !c->bad) {
		unsigned zeros = (unsigned)get_v(c, TRC_PAGE_WORDS - i);

		i += zeros;
		n = (unsigned)get_v(c, TRC_PAGE_WORDS - i);
		c->bad |= !n && !zeros; /* no progress: not what the writer makes */
		for (n += i; i < n; i++)
			w[i] = get_delta(c, &prev);
	}
}
static void get_sw(struct cur *c, struct trc_rec *r, struct trc_last *l)
{
	memset(&r->u, 0, sizeof(r->u));
	r->u.sw.pasid = TRC_NO_PASID;
	if (r->kind == TRC_ATTACH || r->kind == TRC_DETACH) {
		r->u.sw.rid = (uint32_t)get_v(c, UINT32_MAX);
		r->u.sw.pasid = (uint32_t)get_v(c, UINT32_MAX) - 1;
		r->u.sw.dom = (uint32_t)get_v(c, UINT32_MAX);
		if (r->kind == TRC_ATTACH)
			get_name(c, r->u.sw.type, sizeof(r->u.sw.type));
		return;
	}
	r->u.sw.dom = (uint32_t)get_v(c, UINT32_MAX);
	r->u.sw.size = get_v(c, UINT64_MAX);
	if (r->u.sw.size)
		r->u.sw.iova = get_delta(c, &l->map_iova);
	if (r->kind == TRC_MAP) {
		r->u.sw.pa = get_delta(c, &l->map_pa);
		r->u.sw.perm = (uint8_t)get_b(c);
	}
}
static void get_command(struct cur *c, struct trc_rec *r)
{
	r->u.cmd.q = (uint32_t)get_v(c, UINT32_MAX);
	r->u.cmd.slot = (uint32_t)get_v(c, UINT32_MAX) - 1;
	r->u.cmd.n = (uint8_t)get_b(c);
	c->bad |= r->u.cmd.n > TRC_CMD_WORDS;
	for (unsigned i = 0; i < r->u.cmd.n && !c->bad; i++)
		r->u.cmd.w[i] = get_v(c, UINT64_MAX);
}
static void get_order(struct cur *c, struct trc_rec *r, struct trc_reader *t)
{
	size_t n = get_v(c, ORD_TEXT_MAX);

	if (n > (size_t)(c->end - c->p)) {
		c->p = c->end;
		c->bad = true;
		n = 0;
	}
	memcpy(t->ord, c->p, n);
	t->ord[n] = 0;
	c->p += n;
	c->bad |= strlen(t->ord) != n;
	r->u.text = t->ord;
}
static void get_body(struct cur *c, struct trc_rec *r, unsigned arg, struct trc_reader *t)
{
	uint64_t v;

	switch (r->kind) {
	case TRC_DMA:
		get_dma(c, r, arg, &t->last);
		return;
	case TRC_STORE:
		r->u.store.pa = get_delta(c, &t->last.store);
		r->u.store.val = get_v(c, UINT64_MAX);
		r->u.store.bytes = (uint8_t)(1u << arg);
		return;
	case TRC_MMIO_WRITE:
	case TRC_MMIO_READ:
		v = get_v(c, r->kind == TRC_MMIO_READ ? UINT64_C(0x1ffffffff) : UINT32_MAX);
		r->u.mmio.has_val = r->kind == TRC_MMIO_WRITE || v & 1;
		r->u.mmio.unwaited = false;
		r->u.mmio.off = (uint32_t)(r->kind == TRC_MMIO_WRITE ? v : v >> 1);
		r->u.mmio.val = r->u.mmio.has_val ? get_v(c, UINT64_MAX) : 0;
		r->u.mmio.bytes = (uint8_t)(1u << arg);
		return;
	case TRC_DEVICE:
		r->u.dev.rid = (uint32_t)get_v(c, UINT32_MAX);
		r->u.dev.event = (uint8_t)get_b(c);
		return;
	case TRC_ORDER:
		get_order(c, r, t);
		return;
	case TRC_COMMAND:
		get_command(c, r);
		return;
	case TRC_PAGE:
		get_page(c, r, &t->last, t->w);
		return;
	case TRC_REGSTATE:
		r->u.reg.off = (uint32_t)get_v(c, UINT32_MAX);
		r->u.reg.val = get_v(c, UINT64_MAX);
		r->u.reg.bytes = (uint8_t)(1u << arg);
		get_name(c, r->u.reg.name, sizeof(r->u.reg.name));
		return;
	}
	get_sw(c, r, &t->last);
}
static int bin_fail(struct trc_reader *t, int code, const char *why)
{
	err_set(&t->err, code, "%s: record %llu: %s", t->path, (unsigned long long)t->n + 1, why);
	return -1;
}
/* At least @n unread bytes, or all there are. */
static bool need(struct trc_reader *t, size_t n)
{
	while (t->src.len - t->src.pos < n && !t->src.eof)
		if (!trc_src_more(&t->src))
			return bin_fail(t, t->src.code, t->src.why), false;
	return true;
}
static int get_end(struct trc_reader *t, struct cur *c)
{
	uint64_t n = get_v(c, UINT64_MAX);
	char why[120];

	if (c->bad)
		return bin_fail(t, ERR_INPUT, "the file ends within the end record: it is truncated");
	if (n != t->n) {
		snprintf(why, sizeof(why), "the end record counts %llu records, found %llu", (unsigned long long)n, (unsigned long long)t->n);
		return bin_fail(t, ERR_INPUT, why);
	}
	t->src.pos = (size_t)((const char *)c->p - t->src.buf);
	if (!need(t, 1)) /* also lets zstd compare its checksum */
		return -1;
	if (t->src.len != t->src.pos)
		return bin_fail(t, ERR_INPUT, "found data behind the end record");
	t->ended = true;
	return 0;
}
static bool get_comment(struct trc_reader *t, struct trc_rec *r, struct cur *c)
{
	uint64_t n = get_v(c, TRC_LINE_MAX);
	size_t head = (size_t)(c->p - (const unsigned char *)t->src.buf) - t->src.pos;
	char *text;

	if (c->bad || !need(t, head + n + 1))
		return false;
	text = t->src.buf + t->src.pos + head;
	c->end = (unsigned char *)t->src.buf + t->src.len;
	c->p = (unsigned char *)text;
	if (n + 1 > (size_t)(c->end - c->p)) { /* the end record follows: a valid file has one byte more */
		c->p = c->end;
		c->bad = true;
		return false;
	}
	/* Move it one byte down, over the length, so that the terminating NUL overwrites nothing that is still to be read. */
	memmove(text - 1, text, n);
	text--;
	text[n] = 0;
	r->u.text = text;
	c->p += n;
	if (memchr(r->u.text, 0, n))
		c->bad = true;
	return true;
}
int trc_bin_next(struct trc_reader *t, struct trc_rec *r, struct err *e)
{
	struct cur c;
	unsigned tag, arg;
	const char *bad;

	(void)e; /* is &t->err: trc_next() hands it on */
	if (t->ended)
		return 0;
	if (UNLIKELY(t->src.len - t->src.pos < ROOM_PAGE) && !need(t, ROOM_PAGE))
		return -1;
	c = (struct cur){ (unsigned char *)t->src.buf + t->src.pos, (unsigned char *)t->src.buf + t->src.len, false };
	tag = get_b(&c);
	if (c.bad)
		return bin_fail(t, ERR_INPUT, "the file ends without an end record: it is truncated");
	if (tag == KIND_END)
		return get_end(t, &c);
	r->kind = tag & TAG_KIND;
	arg = tag >> TAG_ARG;
	if (r->kind >= TRC_KINDS)
		return bin_fail(t, ERR_INPUT, "the kind is unknown: the file is damaged");
	r->at = tag & TAG_TIME ? get_delta(&c, &t->last.at) : TRC_NO_TIME;
	r->unit = tag & TAG_UNIT ? (uint8_t)get_b(&c) : 0;
	r->line = t->n + 1;
	if (r->kind != TRC_COMMENT)
		get_body(&c, r, arg, t);
	else if (!get_comment(t, r, &c) && !c.bad)
		return -1;
	if (c.bad)
		return bin_fail(t, ERR_INPUT, c.p == c.end ? "the file ends within a record: it is truncated" : "a field is out of range: the file is damaged");
	bad = trc_check_read(t, r);
	if (bad)
		return bin_fail(t, ERR_INPUT, bad);
	t->src.pos = (size_t)((const char *)c.p - t->src.buf);
	t->n++;
	return 1;
}
bool trc_bin_begin(struct trc_reader *t, struct err *e)
{
	if (t->src.len <= sizeof(trc_magic))
		return err_set(e, ERR_INPUT, "%s: record 1: the file ends within its header: it is truncated", t->path);
	if (t->src.buf[sizeof(trc_magic)] != TRC_VERSION)
		return err_set(e, ERR_INPUT, "%s: record 1: found binary version %u, expected %d", t->path,
			       (unsigned char)t->src.buf[sizeof(trc_magic)], TRC_VERSION);
	t->src.pos = sizeof(trc_magic) + 1;
	return true;
}
