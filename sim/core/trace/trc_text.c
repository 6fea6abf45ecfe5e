/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc_text.c - text form of a trace: the reader. Grammar and units: docs/trace-format.md.
 * Lines are scanned in the read buffer (trc_scan.c). White space and letter case are free, numbers may be decimal or 0x...;
 * the printer (trc_text_put.c) knows one form only.
 */
#include <strings.h>
#include "core/trace/trc_scan.h"

static bool get_expect(struct trc_reader *t, struct trc_rec *r)
{
	uint64_t v = 0;

	scan_blanks(t);
	if ((*t->p | 0x20) != 'f') {
		r->u.dma.expect = TRC_EXP_OK;
		return scan_field(t, &r->u.dma.pa, UINT64_MAX, "an address or \"fault\"");
	}
	if (!scan_word_is(t, "fault"))
		return scan_expected(t, "an address or \"fault\"");
	r->u.dma.expect = TRC_EXP_FAULT;
	scan_blanks(t);
	if (!scan_at_end(t->p) && !scan_field(t, &v, UINT16_MAX, "a fault code"))
		return false;
	r->u.dma.code = (uint16_t)v;
	return true;
}
static bool get_dma_flags(struct trc_reader *t, struct trc_rec *r)
{
	static const char *const words[] = { "pasid=", "priv", "request", "translated", "->" };
	static const char what[] = "pasid=N, priv, request, translated or ->";

	for (;;) {
		scan_blanks(t);
		if (scan_at_end(t->p))
			return true;
		if (t->p[0] == '-' && t->p[1] == '>') {
			t->p += 2;
			return get_expect(t, r);
		}
		if (scan_word_is(t, "pasid=")) {
			if (!scan_pasid(t, &r->u.dma.pasid))
				return false;
		} else if (scan_word_is(t, "priv")) {
			r->u.dma.priv = true;
		} else if (scan_word_is(t, "request")) {
			r->u.dma.at = XL_TRANSLATION_REQ;
		} else if (scan_word_is(t, "translated")) {
			r->u.dma.at = XL_TRANSLATED;
		} else {
			return scan_expected_word(t, what, words, ARRAY_LEN(words));
		}
	}
}
static bool get_dma(struct trc_reader *t, struct trc_rec *r)
{
	uint64_t len = 0;
	char d;

	r->u.dma.pa = 0;
	r->u.dma.pasid = TRC_NO_PASID;
	r->u.dma.at = XL_UNTRANSLATED;
	r->u.dma.expect = TRC_EXP_NONE;
	r->u.dma.priv = false;
	r->u.dma.code = 0;
	if (!scan_requester(t, &r->u.dma.rid))
		return false;
	scan_blanks(t);
	d = *t->p >= 'A' ? *t->p | 0x20 : *t->p;
	if ((d != 'r' && d != 'w' && d != 'x' && d != 'a' && d != '?') || !scan_at_end(t->p + 1))
		return scan_expected(t, "a direction: r, w, x, a or ?");
	r->u.dma.dir = (uint8_t)d;
	t->p++;
	scan_blanks(t);
	if (!scan_number(t, &r->u.dma.iova, UINT64_MAX, "an address and length: ADDRESS+BYTES or ADDRESS+?"))
		return false;
	if (*t->p != '+')
		return scan_expected(t, "\"+\" and a length in bytes, or \"+?\"");
	t->p++;
	if (*t->p == '?')
		t->p++;
	else if (!scan_number(t, &len, UINT32_MAX, "a length in bytes, or ?"))
		return false;
	else if (!len)
		return scan_fail_at(t, t->p - 1, "a length of 0 cannot be expressed: expected %s%s", "1 or more, or ?", "");
	if (!scan_at_end(t->p))
		return scan_expected(t, "a blank after the length");
	r->u.dma.len = (uint32_t)len;
	return get_dma_flags(t, r);
}
static bool get_store(struct trc_reader *t, struct trc_rec *r)
{
	char *at;

	scan_blanks(t);
	at = t->p;
	if (!scan_field(t, &r->u.store.pa, UINT64_MAX, "an address") || !scan_width(t, &r->u.store.bytes) ||
	    !scan_value(t, &r->u.store.val, r->u.store.bytes))
		return false;
	return !(r->u.store.pa & (r->u.store.bytes - 1u)) || scan_fail_at(t, at, "the address of a store is not a multiple of its size%s%s", "", "");
}
static bool get_mmio(struct trc_reader *t, struct trc_rec *r)
{
	uint64_t off;

	if (!scan_field(t, &off, UINT32_MAX, "a register offset") || !scan_width(t, &r->u.mmio.bytes))
		return false;
	r->u.mmio.off = (uint32_t)off;
	r->u.mmio.has_val = true;
	r->u.mmio.unwaited = false;
	r->u.mmio.val = 0;
	if (r->kind == TRC_MMIO_READ) {
		scan_blanks(t);
		if (scan_at_end(t->p)) {
			r->u.mmio.has_val = false;
			return true;
		}
		if (t->p[0] != '-' || t->p[1] != '>')
			return scan_expected(t, "-> and the value read, or the end of the line");
		t->p += 2;
	}
	return scan_value(t, &r->u.mmio.val, r->u.mmio.bytes);
}
static bool get_dev(struct trc_reader *t, struct trc_rec *r)
{
	int ev;

	if (!scan_requester(t, &r->u.dev.rid))
		return false;
	ev = scan_one_of(t, trc_dev_name, ARRAY_LEN(trc_dev_name),
			 "ats-on, ats-off, reset, removed, silent, alive, or another device event of the format");
	r->u.dev.event = (uint8_t)ev;
	return ev >= 0;
}
/* page ADDRESS [INDEX:WORD [WORD ...]] ...: indices ascend, a word without index is the next one, all others are 0. */
static bool get_page(struct trc_reader *t, struct trc_rec *r)
{
	uint64_t v, next = TRC_PAGE_WORDS;
	char *at;

	scan_blanks(t);
	at = t->p;
	if (!scan_field(t, &r->u.page.pa, UINT64_MAX, "the address of a page"))
		return false;
	if (r->u.page.pa & 0xfff)
		return scan_fail_at(t, at, "a page address is not a multiple of 0x1000%s%s", "", "");
	memset(t->w, 0, sizeof(t->w));
	r->u.page.w = t->w;
	for (uint64_t low = 0;; low = next) {
		scan_blanks(t);
		if (scan_at_end(t->p))
			return true;
		at = t->p;
		if (!scan_number(t, &v, UINT64_MAX, "INDEX:WORD or WORD"))
			return false;
		if (*t->p == ':') {
			if (v < low || v >= TRC_PAGE_WORDS)
				return scan_fail_at(t, at, "a word index is out of order or above 511%s%s", "", "");
			next = v;
			t->p++;
			if (!scan_number(t, &v, UINT64_MAX, "a word"))
				return false;
		} else if (next >= TRC_PAGE_WORDS) {
			return scan_fail_at(t, at, "a word has no index, or the page is full%s%s", "", "");
		}
		if (!scan_at_end(t->p))
			return scan_expected(t, "a blank between words");
		t->w[next++] = v;
	}
}

static bool get_kind(struct trc_reader *t, struct trc_rec *r)
{
	size_t n = 0;

	while (!scan_at_end(t->p + n))
		n++;
	for (unsigned k = TRC_PAGE; k < TRC_KINDS; k++) {
		const char *name = trc_kind_name[k];

		if ((*t->p | 0x20) == *name && strlen(name) == n && !strncasecmp(t->p, name, n)) {
			r->kind = (uint8_t)k;
			t->p += n;
			scan_blanks(t);
			return true;
		}
	}
	return scan_expected_word(t, "a record kind", trc_kind_name + TRC_PAGE, TRC_KINDS - TRC_PAGE);
}
static bool get_event(struct trc_reader *t, struct trc_rec *r)
{
	uint64_t v;

	r->at = TRC_NO_TIME;
	r->unit = 0;
	if (*t->p == '@' && !scan_time(t, &r->at))
		return false;
	if (trc_text_is_order(t))
		return trc_text_order(t, r);
	if (!get_kind(t, r))
		return false;
	if (*t->p == '@' && r->at == TRC_NO_TIME && !scan_time(t, &r->at))
		return false;
	if ((*t->p | 0x20) == 'u' && t->p[1] >= '0' && t->p[1] <= '9') {
		t->p++;
		if (!scan_field(t, &v, UINT8_MAX, "a unit number up to 255"))
			return false;
		r->unit = (uint8_t)v;
	}
	switch (r->kind) {
	case TRC_DMA:
		return get_dma(t, r);
	case TRC_STORE:
		return get_store(t, r);
	case TRC_MMIO_WRITE:
	case TRC_MMIO_READ:
		return get_mmio(t, r);
	case TRC_DEVICE:
		return get_dev(t, r);
	case TRC_PAGE:
		return get_page(t, r);
	case TRC_COMMAND:
		return trc_text_command(t, r);
	}
	return trc_text_sw(t, r);
}
/* Makes [bol, *end) the next line, '\n' at *end. Returns: 1, 0 at the end of the file, -1. */
static int next_line(struct trc_reader *t, char **end)
{
	struct trc_src *s = &t->src;
	size_t seen = 0;
	char *nl;

	while (!(nl = memchr(s->buf + s->pos + seen, '\n', s->len - s->pos - seen))) {
		seen = s->len - s->pos;
		if (s->eof && !seen)
			return 0;
		if (s->eof) { /* the last line lacks its newline */
			nl = s->buf + s->len;
			break;
		}
		if (seen > TRC_LINE_MAX)
			return err_at(&t->err, t->path, t->line + 1, 0, "the line is longer than 16 MiB"), -1;
		if (!trc_src_more(s)) {
			err_at(&t->err, t->path, t->line + 1, 0, "%s", s->why);
			t->err.code = s->code;
			return -1;
		}
	}
	t->bol = t->p = s->buf + s->pos;
	s->pos = (size_t)(nl - s->buf) + (nl < s->buf + s->len);
	while (nl > t->bol && nl[-1] == '\r')
		nl--;
	*nl = '\n';
	t->line++;
	*end = nl;
	return 1;
}
/* Terminates the comment that starts at p, which stands at '#'. */
static bool take_comment(struct trc_reader *t, char *p, char *end)
{
	char *nul = memchr(p, 0, (size_t)(end - p));

	if (nul)
		return scan_fail_at(t, nul, "found a NUL byte, expected text%s%s", "", "");
	*end = 0;
	t->pending = p + 1;
	return true;
}
static int give_comment(struct trc_reader *t, struct trc_rec *r)
{
	r->kind = TRC_COMMENT;
	r->unit = 0;
	r->at = TRC_NO_TIME;
	r->line = t->line;
	r->u.text = t->pending;
	t->pending = NULL;
	t->n++;
	return 1;
}
int trc_text_next(struct trc_reader *t, struct trc_rec *r, struct err *e)
{
	char *end;
	int rc;

	(void)e; /* is &t->err: trc_next() hands it on */
	if (UNLIKELY(t->pending))
		return give_comment(t, r);
	if (t->more) {
		end = t->more;
		r->at = t->at;
	} else {
		do {
			rc = next_line(t, &end);
			if (rc <= 0)
				return rc;
			trc_text_gaps(t);
		} while (*t->p == '\n' && t->p == end);
	}
	if (*t->p == '#')
		return take_comment(t, t->p, end) ? give_comment(t, r) : -1;
	r->line = t->line;
	if (UNLIKELY(t->more ? !trc_text_order(t, r) : !get_event(t, r)))
		return -1;
	scan_blanks(t);
	t->more = r->kind == TRC_ORDER && t->p != end && *t->p != '#' ? end : NULL;
	if (UNLIKELY(t->p != end && !t->more)) {
		if (*t->p != '#')
			return scan_expected(t, "the end of the line"), -1;
		if (!take_comment(t, t->p, end))
			return -1;
	}
	t->n++;
	return 1;
}
bool trc_text_begin(struct trc_reader *t, struct err *e)
{
	static const char what[] = "\"#iotrace 1\" as the first line (or a binary trace)";
	char *end;
	uint64_t v;
	int rc = next_line(t, &end);
	char *n;

	t->line = t->line ? t->line : 1;
	if (rc == 0)
		err_at(&t->err, t->path, 1, 0, "the file is empty, expected %s", what);
	else if (rc > 0 && (scan_blanks(t), strncasecmp(t->p, "#iotrace", 8) || (t->p[8] != ' ' && t->p[8] != '\t')))
		scan_expected(t, what);
	else if (rc > 0) {
		n = t->p += 9;
		if (scan_field(t, &v, UINT64_MAX, "a version number") && (scan_blanks(t), t->p == end || scan_expected(t, "the end of the line"))) {
			if (v == TRC_VERSION)
				return true;
			scan_fail_at(t, n, "the trace has another version, expected version %s%s", "1", "");
		}
	}
	t->failed = true;
	if (e)
		*e = t->err;
	return false;
}
