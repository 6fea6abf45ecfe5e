/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trc_text_ord.c - text form of a trace: lines of neutral ordering events, and raw commands. Grammar: docs/trace-format.md, "Ordering
 * events". A line may hold several events; each becomes a record of its own, with the line's time. Checks the form only, not what the
 * events mean.
 */
#include "core/trace/trc_scan.h"

/* The one word that is also a record kind in capitals: "DMA RID DIR ADDRESS+BYTES" is the hardware-level record. */
static bool is_hw_dma(const char *p)
{
	if (strncmp(p, "DMA", 3))
		return false;
	p += 3;
	for (bool rid = false; !rid;) {
		while (*p == ' ' || *p == '\t')
			p++;
		if (scan_at_end(p))
			return false;
		rid = *p != '@' && !(*p == 'u' && p[1] >= '0' && p[1] <= '9');
		while (!scan_at_end(p))
			p++;
	}
	while (*p == ' ' || *p == '\t')
		p++;
	return *p && strchr("rwxa?RWXA", *p) && scan_at_end(p + 1);
}
bool trc_text_is_order(const struct trc_reader *t)
{
	return ord_is_event(t->p) && !is_hw_dma(t->p);
}
void trc_text_gaps(struct trc_reader *t)
{
	for (;;) {
		scan_blanks(t);
		if (*t->p == '(') {
			while (*t->p != '\n' && *t->p != ')')
				t->p++;
			t->p += *t->p == ')';
		} else if (*t->p == ';') {
			t->p++;
		} else {
			return;
		}
	}
}
/* As scan_expected_word(), for words in capitals. */
static bool bad_word(struct trc_reader *t, const char *what)
{
	char word[24], msg[120];
	const char *near;
	size_t n = 0;

	while (((t->p[n] >= 'A' && t->p[n] <= 'Z') || t->p[n] == '_') && n < sizeof(word) - 1) {
		word[n] = t->p[n];
		n++;
	}
	word[n] = 0;
	near = n ? err_nearest(word, ord_op_name, ORD_OPS_N) : NULL;
	if (!near)
		return scan_expected(t, what);
	snprintf(msg, sizeof(msg), "%s (did you mean \"%s\"?)", what, near);
	return scan_expected(t, msg);
}
bool trc_text_order(struct trc_reader *t, struct trc_rec *r)
{
	const char *end, *bad;

	trc_text_gaps(t);
	bad = ord_parse(t->p, &end, &t->ev, t->names);
	if (bad) {
		t->p = (char *)(uintptr_t)end;
		return bad_word(t, bad);
	}
	if (!ord_canon(t->p, end, t->ord))
		return scan_fail_at(t, t->p, "an ordering event is longer than %s characters%s", "240", "");
	r->kind = TRC_ORDER;
	r->unit = 0;
	r->u.text = t->ord;
	t->at = r->at;
	t->p = (char *)(uintptr_t)end;
	trc_text_gaps(t);
	return true;
}
bool trc_text_command(struct trc_reader *t, struct trc_rec *r)
{
	uint64_t v;

	r->u.cmd.q = 0;
	r->u.cmd.slot = TRC_NO_SLOT;
	r->u.cmd.n = 0;
	for (;;) {
		scan_blanks(t);
		if (scan_at_end(t->p))
			return r->u.cmd.n || scan_expected(t, "the words of a command");
		if (scan_word_is(t, "q=")) {
			if (!scan_field(t, &v, UINT32_MAX - 1, "a queue number"))
				return false;
			r->u.cmd.q = (uint32_t)v;
		} else if (scan_word_is(t, "slot=")) {
			if (!scan_pasid(t, &r->u.cmd.slot)) /* a number, or - */
				return false;
		} else if (r->u.cmd.n == TRC_CMD_WORDS) {
			return scan_expected(t, "the end of the line: a command has at most 8 words");
		} else if (!scan_field(t, &r->u.cmd.w[r->u.cmd.n++], UINT64_MAX, "q=N, slot=N or a word of the command")) {
			return false;
		}
	}
}
