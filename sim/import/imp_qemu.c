/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu.c - the loop over a QEMU log: which kind of line is it, is it before the pause, count it, hand it on; and the summary.
 * A line whose text is not of its kind's form (two processors may print at once) is counted as unreadable and left out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "import/imp_int.h"
#include "import/imp_text.h"

static const struct { const char *name; enum imp_ev ev; } known[] = {
	{ "mem_write", IMP_MEM_WRITE },		{ "mem_page", IMP_MEM_PAGE },
	{ "mem_word", IMP_MEM_WORD },		{ "mem_drop", IMP_MEM_DROP },
	{ "vtd_reg_read", IMP_REG_READ },	{ "vtd_reg_write", IMP_REG_WRITE },
	{ "vtd_iotlb_page_hit", IMP_HIT },	{ "vtd_iotlb_page_update", IMP_HIT },
	{ "vtd_dmar_translate", IMP_TRANSLATE }, { "vtd_translate_pt", IMP_PASS },
	{ "vtd_dmar_fault", IMP_FAULT },	{ "vtd_inv_qi_setup", IMP_QI_SETUP },
	{ "vtd_inv_qi_head", IMP_QI_HEAD },	{ "vtd_inv_desc", IMP_DESC },
};
static const char other_text[] = "(other text)";
enum { HASH = 512 };

struct loop {
	struct imp m;
	uint8_t hash[HASH]; /* index + 1 into s->kind */
	struct imp_kind *other; /* NULL until seen */
	uint64_t foreign; /* lines of other IOMMUs' events */
	char foreign_name[16];
};

static bool bump(struct imp *m, const struct trc_rec *r)
{
	m->s->recs[r->kind]++;
	return trc_put(m->out, r, m->e);
}
bool imp_page_close(struct imp *m)
{
	struct trc_rec r = { .kind = TRC_PAGE, .at = TRC_NO_TIME };

	if (!m->page.open)
		return true;
	m->page.open = false;
	r.u.page.pa = m->page.pa;
	r.u.page.w = m->page.w;
	mem_write(m->mem, m->page.pa, m->page.w, 512);
	return bump(m, &r);
}
bool imp_emit(struct imp *m, const struct trc_rec *r)
{
	return imp_page_close(m) && bump(m, r);
}
bool imp_store(struct imp *m, uint64_t pa, uint64_t val)
{
	struct trc_rec r = { .kind = TRC_STORE, .at = TRC_NO_TIME };

	r.u.store.pa = pa;
	r.u.store.val = val;
	r.u.store.bytes = 8;
	if (!imp_emit(m, &r))
		return false;
	mem_write(m->mem, pa, &val, 1);
	return true;
}
bool imp_mmio_write(struct imp *m, uint32_t off, unsigned bytes, uint64_t val)
{
	struct trc_rec r = { .kind = TRC_MMIO_WRITE, .at = TRC_NO_TIME };

	r.u.mmio.off = off;
	r.u.mmio.bytes = (uint8_t)bytes;
	r.u.mmio.val = val;
	r.u.mmio.has_val = true;
	return imp_emit(m, &r);
}

/* Registers, then pages, as the image has them. */
static bool put_image(struct imp *m)
{
	for (size_t i = 0; i < m->im->n_reg; i++) {
		const struct image_reg *g = &m->im->reg[i];
		struct trc_rec r = { .kind = TRC_REGSTATE, .at = TRC_NO_TIME };

		r.u.reg.val = g->val;
		r.u.reg.off = g->off;
		r.u.reg.bytes = g->bytes;
		memcpy(r.u.reg.name, g->name, sizeof(r.u.reg.name));
		if (!strcmp(g->name, "IQA"))
			imp_ring_base(m, g->val);
		if (!imp_emit(m, &r))
			return false;
	}
	for (size_t i = 0; i < m->im->n_page; i++) {
		struct trc_rec r = { .kind = TRC_PAGE, .at = TRC_NO_TIME };

		r.u.page.pa = m->im->page[i].pa;
		r.u.page.w = m->im->page[i].w;
		mem_write(m->mem, r.u.page.pa, r.u.page.w, 512);
		if (!imp_emit(m, &r))
			return false;
	}
	return true;
}

static struct imp_kind *new_kind(struct imp_sum *s, const char *name, size_t n)
{
	struct imp_kind *k;

	SIM_ASSERT(s->n_kind < IMP_KINDS && n < sizeof(k->name));
	k = &s->kind[s->n_kind++];
	memset(k, 0, sizeof(*k));
	memcpy(k->name, name, n);
	k->len = (uint8_t)n;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].name, k->name))
			k->ev = (uint8_t)known[i].ev;
	return k;
}
static struct imp_kind *other_kind(struct loop *l)
{
	if (!l->other) {
		l->other = new_kind(l->m.s, other_text, sizeof(other_text) - 1);
		l->other->ev = IMP_OTHER;
	}
	return l->other;
}
static bool is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
			return false;
	return true;
}
/* The kind of a line whose first word is @s; a new one if it looks like an event of ours. */
static struct imp_kind *kind_of(struct loop *l, const char *s, size_t n)
{
	struct imp_sum *sum = l->m.s;
	uint64_t a, b;
	unsigned h;

	if (n < 8 || n >= sizeof(sum->kind[0].name) || (memcmp(s, "vtd_", 4) && memcmp(s, "mem_", 4))) {
		if (n > 6 && (!memcmp(s, "smmu", 4) || !memcmp(s, "amdvi_", 6)) && !l->foreign++)
			memcpy(l->foreign_name, *s == 's' ? "SMMUv3" : "AMD-Vi", 7);
		return other_kind(l);
	}
	memcpy(&a, s + 4 - (n < 12 ? 4 : 0), 8);
	memcpy(&b, s + n - 8, 8);
	h = (unsigned)(((a * 31 + b + n) * UINT64_C(0x9e3779b97f4a7c15)) >> 55);
	for (;; h = (h + 1) % HASH) {
		struct imp_kind *k;

		if (l->hash[h]) {
			k = &sum->kind[l->hash[h] - 1];
			if (k->len == n && !memcmp(k->name, s, n))
				return k;
			continue;
		}
		/* one place stays free for "(other text)" */
		if (sum->n_kind >= IMP_KINDS - 1 || !is_name(s, n))
			return other_kind(l);
		k = new_kind(sum, s, n);
		l->hash[h] = (uint8_t)sum->n_kind;
		return k;
	}
}

static bool one_line(struct loop *l, const char *s, size_t n)
{
	struct imp_sum *sum = l->m.s;
	const char *sp;
	struct imp_kind *k;
	struct imp_cur c;
	bool ok;

	while (n && (s[n - 1] == ' ' || s[n - 1] == '\r'))
		n--;
	sp = memchr(s, ' ', n < sizeof(k->name) ? n : sizeof(k->name));
	k = kind_of(l, s, sp ? (size_t)(sp - s) : n);
	k->total++;
	if (++sum->lines <= sum->pause) {
		k->before++;
		return true;
	}
	c.p = sp ? sp + 1 : s + n;
	c.end = s + n;
	if (!imp_vtd_line(&l->m, k, c, &ok))
		return false;
	if (!ok) {
		k->unreadable++;
		if (sum->unreadable < IMP_BAD_LINES)
			sum->bad_line[sum->unreadable] = sum->lines;
		sum->unreadable++;
	}
	return true;
}
static bool check_end(const struct loop *l, const char *path)
{
	const struct imp_sum *s = l->m.s;
	bool any = false;

	for (unsigned i = 0; i < s->n_kind; i++)
		any |= &s->kind[i] != l->other;
	if (!any && l->foreign)
		return err_set(l->m.e, ERR_INPUT, "%s: a log of %s, only VT-d logs (vtd_* events) can be imported", path, l->foreign_name);
	if (!any)
		return err_set(l->m.e, ERR_INPUT, "%s: none of %" PRIu64 " lines is an event of a QEMU VT-d log (vtd_*, mem_*)", path, s->lines);
	if (s->lines < s->pause)
		return err_set(l->m.e, ERR_INPUT, "%s: has %" PRIu64 " lines, but the image was taken after line %" PRIu64, path, s->lines, s->pause);
	return true;
}
static void base_name(char *dst, size_t n, const char *path)
{
	const char *slash = strrchr(path, '/');

	strncpy(dst, slash ? slash + 1 : path, n - 1);
	dst[n - 1] = 0;
}
static bool begin(struct imp *m, const struct imp_qemu_in *in)
{
	char text[200];
	struct trc_rec r = { .kind = TRC_COMMENT, .at = TRC_NO_TIME, .u.text = text };

	base_name(m->s->log, sizeof(m->s->log), in->log);
	if (in->im) {
		base_name(m->s->image, sizeof(m->s->image), in->image);
		if (strcmp(in->im->kind, "vtd"))
			return err_set(m->e, ERR_INPUT, "%s: an image of %s, only vtd can be imported", in->image, in->im->kind);
		if (!in->im->log_lines)
			return err_set(m->e, ERR_INPUT, "%s: no note says after which line of the log the image was taken", in->image);
		m->s->pause = in->im->log_lines_after_reads;
	}
	snprintf(text, sizeof(text), " import qemu %s%s%s", m->s->log, in->im ? " --image " : "", m->s->image);
	return imp_emit(m, &r) && (!in->im || put_image(m));
}
bool imp_qemu(const struct imp_qemu_in *in, struct trc_writer *out, struct imp_sum *s, struct err *e)
{
	struct loop *l = calloc(1, sizeof(*l));
	struct imp_text *t = NULL;
	const char *line;
	size_t len;
	int got = -1;
	bool ok = false;

	memset(s, 0, sizeof(*s));
	if (!l)
		return err_set(e, ERR_MACHINE, "out of memory");
	l->m = (struct imp){ .im = in->im, .out = out, .s = s, .e = e, .trust = in->im != NULL };
	l->m.mem = mem_create(0, false);
	if (!l->m.mem) {
		err_set(e, ERR_MACHINE, "out of memory");
		goto out;
	}
	t = imp_text_open(in->log, e);
	if (!t || !begin(&l->m, in))
		goto out;
	while ((got = imp_text_next(t, &line, &len, e)) > 0)
		if (!one_line(l, line, len))
			goto out;
	s->cut = imp_text_cut(t);
	ok = !got && imp_ring_flush(&l->m) && imp_page_close(&l->m) && check_end(l, in->log);
out:
	imp_text_close(t);
	mem_destroy(l->m.mem);
	free(l);
	return ok;
}
