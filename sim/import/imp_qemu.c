/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu.c - the loop over a QEMU log: which kind of line is it, is it before the pause, count it, hand it to its architecture.
 * A line whose text is not of its kind's form (two processors may print at once) is counted as unreadable and left out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "import/imp_int.h"
#include "import/imp_text.h"

static const struct imp_arch *const archs[] = { &imp_vtd, &imp_smmuv3, &imp_amdvi };
static const struct imp_event mem_events[] = {
	{ "mem_write", IMP_MEM_WRITE }, { "mem_page", IMP_MEM_PAGE }, { "mem_word", IMP_MEM_WORD }, { "mem_drop", IMP_MEM_DROP },
	{ "mem_flush", IMP_MEM_FLUSH }, { "mem_mmio", IMP_MEM_MMIO }, { NULL, 0 },
};
static const char other_text[] = "(other text)";
enum { HASH = 512 };

struct loop {
	struct imp m;
	uint8_t hash[HASH]; /* index + 1 into s->kind */
	struct imp_kind *other; /* NULL until seen */
	const struct imp_arch *foreign; /* the first other architecture with lines in this log */
	bool ours; /* there is a line of the image's architecture */
	bool odd; /* the line in work begins with the odd word of its architecture */
};

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
		m->arch->image_reg(m, g);
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

static uint8_t ev_of(const struct imp_event *t, const char *name)
{
	while (t->name && strcmp(t->name, name))
		t++;
	return t->ev;
}
static struct imp_kind *new_kind(const struct loop *l, const char *name, size_t n)
{
	struct imp_sum *s = l->m.s;
	struct imp_kind *k;

	SIM_ASSERT(s->n_kind < IMP_KINDS && n < sizeof(k->name));
	k = &s->kind[s->n_kind++];
	memset(k, 0, sizeof(*k));
	memcpy(k->name, name, n);
	k->len = (uint8_t)n;
	k->ev = ev_of(mem_events, k->name);
	if (l->m.arch && k->ev == IMP_COUNTED)
		k->ev = ev_of(l->m.arch->event, k->name);
	return k;
}
static struct imp_kind *other_kind(struct loop *l)
{
	if (!l->other) {
		l->other = new_kind(l, other_text, sizeof(other_text) - 1);
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
static bool begins(const char *s, size_t n, const char *with)
{
	size_t w = strlen(with);

	return n >= w && !memcmp(s, with, w);
}
/* Is a line whose first word is @s for us? The first line of an architecture decides, unless the image has. */
static bool is_ours(struct loop *l, const char *s, size_t n)
{
	if (l->m.arch && begins(s, n, l->m.arch->prefix))
		return l->ours = true;
	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (begins(s, n, archs[i]->prefix)) {
			if (!l->m.arch) {
				l->m.arch = archs[i];
				return l->ours = true;
			}
			if (!l->foreign)
				l->foreign = archs[i];
		}
	return false;
}
/* Where the kind named @s is in the table, or belongs. @n is 8 at least. */
static uint8_t *kind_place(struct loop *l, const char *s, size_t n)
{
	const struct imp_kind *k;
	uint64_t a, b;
	unsigned h;

	memcpy(&a, s + 4 - (n < 12 ? 4 : 0), 8);
	memcpy(&b, s + n - 8, 8);
	h = (unsigned)(((a * 31 + b + n) * UINT64_C(0x9e3779b97f4a7c15)) >> 55);
	for (; l->hash[h]; h = (h + 1) % HASH) {
		k = &l->m.s->kind[l->hash[h] - 1];
		if (k->len == n && !memcmp(k->name, s, n))
			break;
	}
	return &l->hash[h];
}
/* The kind of a line whose first word is @s; a new one if it looks like an event of ours. Names that are known need not be looked at again. */
static struct imp_kind *kind_of(struct loop *l, const char *s, size_t n)
{
	struct imp_sum *sum = l->m.s;
	struct imp_kind *k;
	uint8_t *at;

	l->odd = false;
	if (n < 8 || n >= sizeof(sum->kind[0].name))
		return other_kind(l);
	at = kind_place(l, s, n);
	if (!*at) {
		if (memcmp(s, "mem_", 4) && !is_ours(l, s, n))
			return other_kind(l);
		if (l->m.arch && l->m.arch->odd && begins(s, n, l->m.arch->odd)) {
			l->odd = true;
			s = l->m.arch->odd_kind;
			n = strlen(s);
			at = kind_place(l, s, n);
		}
	}
	if (*at)
		return &sum->kind[*at - 1];
	/* one place stays free for "(other text)" */
	if (sum->n_kind >= IMP_KINDS - 1 || (!l->odd && !is_name(s, n)))
		return other_kind(l);
	k = new_kind(l, s, n);
	*at = (uint8_t)sum->n_kind;
	return k;
}

static bool hand_on(struct imp *m, struct imp_kind *k, struct imp_cur c, bool *ok)
{
	*ok = true;
	if (k->ev >= IMP_MEM_WRITE && k->ev < IMP_ARCH)
		return imp_mem_line(m, k, &c, ok);
	/* an unknown event of the architecture is for it too: it ends what the line before began */
	if (k->ev != IMP_OTHER && m->arch)
		return m->arch->line(m, k, c, ok);
	k->unused++;
	return true;
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
	c.p = l->odd ? s + strlen(l->m.arch->odd) : sp ? sp + 1 : s + n;
	c.end = s + n;
	if (!hand_on(&l->m, k, c, &ok))
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
	if (l->foreign && !l->ours)
		return err_set(l->m.e, ERR_INPUT, "%s: a log of %s, but the image is of %s", path, l->foreign->name, l->m.arch->name);
	if (!any)
		return err_set(l->m.e, ERR_INPUT,
			       "%s: none of %" PRIu64 " lines is an event of a QEMU IOMMU log (vtd_*, smmu*, amdvi_*, mem_*)", path,
			       s->lines);
	if (s->lines < s->pause)
		return err_set(l->m.e, ERR_INPUT, "%s: has %" PRIu64 " lines, but the image was taken after line %" PRIu64, path, s->lines,
			       s->pause);
	return true;
}
static void base_name(char *dst, size_t n, const char *path)
{
	const char *slash = strrchr(path, '/');

	strncpy(dst, slash ? slash + 1 : path, n - 1);
	dst[n - 1] = 0;
}
/* Do walks of the unit of the image leave the processors' caches aside? VT-d: ECAP.C, SMMUv3: IDR0.COHACC; AMD-Vi: never. */
static bool walks_not_coherent(const struct image *im)
{
	for (size_t i = 0; i < im->n_reg; i++)
		if (!strcmp(im->reg[i].name, strcmp(im->kind, "vtd") ? "IDR0" : "ECAP"))
			return !(im->reg[i].val & (strcmp(im->kind, "vtd") ? 1 << 4 : 1));
	return false;
}
static bool begin(struct imp *m, const struct imp_qemu_in *in)
{
	char text[200];
	struct trc_rec r = { .kind = TRC_COMMENT, .at = TRC_NO_TIME, .u.text = text };

	base_name(m->s->log, sizeof(m->s->log), in->log);
	if (in->im) {
		base_name(m->s->image, sizeof(m->s->image), in->image);
		for (size_t i = 0; i < ARRAY_LEN(archs); i++)
			if (!strcmp(in->im->kind, archs[i]->image))
				m->arch = archs[i];
		if (!m->arch)
			return err_set(m->e, ERR_INPUT, "%s: an image of %s cannot be imported", in->image, in->im->kind);
		if (!in->im->log_lines)
			return err_set(m->e, ERR_INPUT, "%s: no note says after which line of the log the image was taken", in->image);
		m->s->pause = in->im->log_lines_after_reads;
	}
	snprintf(text, sizeof(text), " import qemu %s%s%s", m->s->log, in->im ? " --image " : "", m->s->image);
	if (!imp_emit(m, &r))
		return false;
	if (in->im && in->im->write_backs && walks_not_coherent(in->im)) {
		r.u.text = " knobs: coherent_walk=0"; /* the checker wants it before the first record */
		m->wb = imp_wb_create(m->e);
		if (!m->wb || !imp_emit(m, &r))
			return false;
	}
	return !in->im || put_image(m);
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
	ok = !got && (!l->m.arch || l->m.arch->end(&l->m)) && imp_page_close(&l->m) && check_end(l, in->log);
	if (mem_oom(l->m.mem)) /* commands were compared with memory that had lost a store */
		ok = err_set(e, ERR_MACHINE, "out of memory");
out:
	imp_text_close(t);
	imp_wb_destroy(l->m.wb);
	mem_destroy(l->m.mem);
	free(l);
	return ok;
}
