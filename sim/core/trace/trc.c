/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc.c - trace readers and writers: the calls of trc.h, choice of format, and what a record may contain.
 * Does not check: whether records make sense together (a detach without attach is the replay's concern).
 */
#include <stdlib.h>
#include <strings.h>
#include "core/trace/trc_int.h"

const char *const trc_kind_name[TRC_KINDS] = {
	[TRC_COMMENT] = "#",	     [TRC_PAGE] = "page",	[TRC_REGSTATE] = "regstate", [TRC_DMA] = "dma",	      [TRC_STORE] = "store",
	[TRC_MMIO_WRITE] = "mmiow", [TRC_MMIO_READ] = "mmior", [TRC_DEVICE] = "dev",	     [TRC_ATTACH] = "attach", [TRC_DETACH] = "detach",
	[TRC_MAP] = "map",	     [TRC_UNMAP] = "unmap",	[TRC_FLUSH] = "flush",	     [TRC_ORDER] = "order",   [TRC_COMMAND] = "cmd",
};
const char *const trc_dev_name[TRC_DEV_EVENTS] = {
	"ats-on", "ats-off", "reset", "silent", "alive", "slow", "wrong-itag", "no-flush", "misorder", "drop", "ur", "removed", "pri-on", "pri-off",
};
const char *const trc_at_name[3] = { "untranslated", "request", "translated" };
const char trc_dir_chars[6] = "rwxa?";

bool trc_word_ok(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i], l = c | 0x20;

		if (!(l >= 'a' && l <= 'z') && !(c >= '0' && c <= '9') && !(c && strchr("_.[]-", c)))
			return false;
	}
	return true;
}
static const char *check_width(unsigned bytes, uint64_t val)
{
	if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
		return "the size is not 1, 2, 4 or 8 bytes";
	if (bytes < 8 && val >> (8 * bytes))
		return "the value does not fit the size";
	return NULL;
}
static const char *check_name(const char *s, size_t cap)
{
	size_t n = strnlen(s, cap);

	return n < cap && trc_word_ok(s, n) && strcmp(s, "-") ? NULL : "the name is too long, is \"-\" or has characters other than letters, digits and _.[]-";
}
static const char *check_dma(const struct trc_rec *r)
{
	if (!r->u.dma.dir || !strchr(trc_dir_chars, r->u.dma.dir))
		return "the direction is not one of r w x a ?";
	if (r->u.dma.at > XL_TRANSLATED)
		return "the address type is unknown";
	if (r->u.dma.expect > TRC_EXP_FAULT)
		return "the expectation is unknown";
	return NULL;
}
static const char *check_comment(const char *s)
{
	size_t n = strcspn(s, "\n");

	if (s[n] || (n && s[n - 1] == '\r'))
		return "a comment has a line end in it";
	return n > TRC_LINE_MAX - 2 ? "a comment is longer than 16 MiB" : NULL;
}
static const char *check_order(const char *s, struct ord_ev *e, struct ord_names *names)
{
	const char *end;
	char canon[ORD_TEXT_MAX + 1];

	if (strlen(s) > ORD_TEXT_MAX)
		return "the ordering event is longer than 240 characters";
	if (!ord_is_event(s) || ord_parse(s, &end, e, names) || *end)
		return "the ordering event is not one of the vocabulary";
	return ord_canon(s, end, canon) == strlen(s) && !strcmp(canon, s) ? NULL : "the ordering event is not in canonical form";
}
static const char *check(const struct trc_rec *r, struct ord_ev *e, struct ord_names *names)
{
	const char *s;

	switch (r->kind) {
	case TRC_COMMENT:
		return check_comment(r->u.text);
	case TRC_PAGE:
		return r->u.page.pa & 0xfff ? "the page is not aligned to 0x1000" : NULL;
	case TRC_REGSTATE:
		s = check_width(r->u.reg.bytes, r->u.reg.val);
		return s ? s : check_name(r->u.reg.name, sizeof(r->u.reg.name));
	case TRC_DMA:
		return check_dma(r);
	case TRC_STORE:
		s = check_width(r->u.store.bytes, r->u.store.val);
		return s ? s : r->u.store.pa & (r->u.store.bytes - 1u) ? "the store is not aligned to its size" : NULL;
	case TRC_MMIO_WRITE:
		return check_width(r->u.mmio.bytes, r->u.mmio.val);
	case TRC_MMIO_READ:
		return check_width(r->u.mmio.bytes, r->u.mmio.has_val ? r->u.mmio.val : 0);
	case TRC_DEVICE:
		return r->u.dev.event < ARRAY_LEN(trc_dev_name) ? NULL : "the device event is unknown";
	case TRC_ATTACH:
		return check_name(r->u.sw.type, sizeof(r->u.sw.type));
	case TRC_MAP:
		if (r->u.sw.perm > (XL_R | XL_W | XL_X))
			return "the permissions are not made of r, w and x";
		/* fallthrough */
	case TRC_UNMAP:
		return r->u.sw.size ? NULL : "the size is 0";
	case TRC_DETACH:
	case TRC_FLUSH:
		return NULL;
	case TRC_ORDER:
		return check_order(r->u.text, e, names);
	case TRC_COMMAND:
		return r->u.cmd.n && r->u.cmd.n <= TRC_CMD_WORDS ? NULL : "a command has 1 to 8 words";
	}
	return "the kind is unknown";
}
const char *trc_check(const struct trc_rec *r)
{
	struct ord_ev e;

	return check(r, &e, NULL);
}
const char *trc_check_read(struct trc_reader *t, const struct trc_rec *r)
{
	return check(r, &t->ev, t->names);
}
enum trc_format trc_format_of(const char *path)
{
	static const char *const binary[] = { ".iotb", ".bin", ".zst" };
	size_t n = strlen(path);

	for (size_t i = 0; i < ARRAY_LEN(binary); i++) {
		size_t m = strlen(binary[i]);

		if (n > m && !strcasecmp(path + n - m, binary[i]))
			return TRC_BINARY;
	}
	return TRC_TEXT;
}
struct trc_reader *trc_open(const char *path, struct err *e)
{
	struct trc_reader *t = calloc(1, sizeof(*t));

	if (!t || !(t->path = strdup(!strcmp(path, "-") ? "<stdin>" : path))) {
		free(t);
		err_set(e, ERR_MACHINE, "no memory for a trace reader");
		return NULL;
	}
	if (!trc_src_open(&t->src, path, e))
		goto fail;
	while (t->src.len - t->src.pos < sizeof(trc_magic) + 1 && !t->src.eof)
		if (!trc_src_more(&t->src)) {
			err_set(e, t->src.code, "%s: record 1: %s", t->path, t->src.why);
			goto fail;
		}
	t->binary = t->src.len >= sizeof(trc_magic) && !memcmp(t->src.buf, trc_magic, sizeof(trc_magic));
	if (t->binary ? trc_bin_begin(t, e) : trc_text_begin(t, e))
		return t;
fail:
	trc_close(t);
	return NULL;
}
int trc_next(struct trc_reader *t, struct trc_rec *r, struct err *e)
{
	int rc;

	if (UNLIKELY(t->failed)) {
		if (e)
			*e = t->err;
		return -1;
	}
	rc = t->binary ? trc_bin_next(t, r, &t->err) : trc_text_next(t, r, &t->err);
	if (rc < 0) {
		t->failed = true;
		if (e)
			*e = t->err;
	}
	return rc;
}
void trc_names(struct trc_reader *t, struct ord_names *n)
{
	t->names = n;
	t->ev.op = ORD_OPS_N;
}
const struct ord_ev *trc_event(struct trc_reader *t, const struct trc_rec *r)
{
	t->ev.line = r->line;
	t->ev.at = r->at;
	return t->names && t->ev.op != ORD_OPS_N ? &t->ev : NULL;
}
void trc_close(struct trc_reader *t)
{
	if (!t)
		return;
	trc_src_close(&t->src);
	free(t->path);
	free(t);
}
struct trc_writer *trc_create(const char *path, enum trc_format f, struct err *e)
{
	static const char head[] = "#iotrace 1\n";
	struct trc_writer *t = calloc(1, sizeof(*t));
	char *p;

	if (!t) {
		err_set(e, ERR_MACHINE, "no memory for a trace writer");
		return NULL;
	}
	t->format = f;
	if (!trc_sink_open(&t->sink, path, f == TRC_BINARY, e)) {
		free(t);
		return NULL;
	}
	if (f == TRC_BINARY) {
		if (trc_bin_head(t, e))
			return t;
	} else {
		p = trc_sink_room(&t->sink, sizeof(head), e);
		if (p) {
			memcpy(p, head, sizeof(head) - 1);
			t->sink.len += sizeof(head) - 1;
			return t;
		}
	}
	trc_abandon(t);
	return NULL;
}
bool trc_put(struct trc_writer *t, const struct trc_rec *r, struct err *e)
{
	const char *bad = trc_check(r);

	if (UNLIKELY(bad))
		return err_set(e, ERR_INPUT, "%s: record %llu to be written (%s): %s", t->sink.path, (unsigned long long)t->n + 1,
			       r->kind < TRC_KINDS ? trc_kind_name[r->kind] : "?", bad);
	t->n++;
	return t->format == TRC_BINARY ? trc_bin_put(t, r, e) : trc_text_put(t, r, e);
}
bool trc_finish(struct trc_writer *t, struct err *e)
{
	bool ok = (t->format == TRC_TEXT || trc_bin_end(t, e)) && trc_sink_commit(&t->sink, e);

	trc_abandon(t);
	return ok;
}
void trc_abandon(struct trc_writer *t)
{
	if (!t)
		return;
	trc_sink_drop(&t->sink);
	free(t);
}
