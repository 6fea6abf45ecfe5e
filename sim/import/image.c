/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c - reader of memory images (image.h): a text index and the gzip file of pages beside it.
 * Every line of the index is checked; a file without its "end" line, or with another number of pages than that line says, is an error.
 * Not kept: the raw entries and domain of requester lines, walknotes, and what of a page's list of kinds does not fit in 23 letters.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "import/image.h"

struct image_own { /* what image_load() really allocates */
	struct image im;
	uint64_t *words; /* the pages of .pages.gz in file order, then one zero page */
};
struct image_in {
	const char *path;
	struct err *e;
	struct image *im;
	FILE *f;
	char *buf; /* current line */
	size_t cap, cap_reg, cap_page, cap_req;
	uint64_t line;
	uint64_t n_stored; /* "page" lines: pages that are in .pages.gz */
	bool have_kind, have_end;
	char *word[64];
	unsigned n_word;
};

static unsigned col_of(const struct image_in *in, const char *p)
{
	return (unsigned)(p - in->buf) + 1;
}
static bool bad(const struct image_in *in, const char *p, const char *what)
{
	return err_at(in->e, in->path, in->line, p ? col_of(in, p) : 0, "%s", what);
}
static bool no_memory(const struct image_in *in)
{
	return err_set(in->e, ERR_MACHINE, "%s: out of memory", in->path);
}
/* Room for one more element in *arr. */
static bool grow(const struct image_in *in, void *arr, size_t n, size_t *cap, size_t elem)
{
	void **p = arr, *q;

	if (n < *cap)
		return true;
	q = reallocarray(*p, *cap ? *cap * 2 : 64, elem);
	if (!q)
		return no_memory(in);
	*cap = *cap ? *cap * 2 : 64;
	*p = q;
	return true;
}
static bool number(const struct image_in *in, const char *s, uint64_t max, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 0);
	if (*s < '0' || *s > '9' || *end || errno)
		return bad(in, s, "not a number");
	if (*v > max)
		return bad(in, s, "number out of range");
	return true;
}
/* The text after "key=" among the words of the line, NULL if it is not there. */
static char *value_of(const struct image_in *in, const char *key)
{
	size_t n = strlen(key);

	for (unsigned i = 1; i < in->n_word; i++)
		if (!strncmp(in->word[i], key, n) && in->word[i][n] == '=')
			return in->word[i] + n + 1;
	return NULL;
}
static bool number_of(const struct image_in *in, const char *key, uint64_t max, uint64_t *v)
{
	const char *s = value_of(in, key);

	if (!s)
		return err_at(in->e, in->path, in->line, 0, "%s= is missing", key);
	return number(in, s, max, v);
}

static bool take_reg(struct image_in *in)
{
	struct image *im = in->im;
	struct image_reg *r;
	uint64_t off, bytes, val;

	if (in->n_word < 2 || strlen(in->word[1]) >= sizeof(r->name))
		return bad(in, in->n_word < 2 ? NULL : in->word[1], "register without a name, or its name is too long");
	if (!number_of(in, "offset", UINT32_MAX, &off) || !number_of(in, "size", 8, &bytes) || !number_of(in, "value", UINT64_MAX, &val))
		return false;
	if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
		return bad(in, value_of(in, "size"), "size must be 1, 2, 4 or 8");
	if (bytes < 8 && val >> (8 * bytes))
		return bad(in, value_of(in, "value"), "value is wider than the register");
	if (!grow(in, &im->reg, im->n_reg, &in->cap_reg, sizeof(*r)))
		return false;
	r = &im->reg[im->n_reg++];
	*r = (struct image_reg){ .off = (uint32_t)off, .bytes = (uint8_t)bytes, .val = val };
	strcpy(r->name, in->word[1]);
	return true;
}
static bool take_requester(struct image_in *in)
{
	struct image *im = in->im;
	struct image_requester *q;
	const char *pasid = value_of(in, "pasid"), *type = value_of(in, "type");
	uint64_t sid, ps = 0;

	if (!number_of(in, "sid", UINT32_MAX, &sid))
		return false;
	if (!pasid || !type)
		return bad(in, NULL, "pasid= and type= must be there");
	if (strlen(type) >= sizeof(q->type))
		return bad(in, type, "type is too long");
	if (strcmp(pasid, "-") && !number(in, pasid, 0xfffff, &ps))
		return false;
	if (!grow(in, &im->req, im->n_req, &in->cap_req, sizeof(*q)))
		return false;
	q = &im->req[im->n_req++];
	*q = (struct image_requester){ .rid = (uint32_t)sid, .has_pasid = strcmp(pasid, "-") != 0, .pasid = (uint32_t)ps };
	strcpy(q->type, type);
	return true;
}
/* Until the pages are read, w holds the index + 1 of a stored page as an integer (0: a zero page). */
static bool take_page(struct image_in *in, bool zero)
{
	struct image *im = in->im;
	const char *kind = value_of(in, "kind");
	struct image_page *p;
	uint64_t pa, idx = 0;

	if (in->n_word < 2)
		return bad(in, NULL, "page without an address");
	if (!number(in, in->word[1], UINT64_MAX, &pa) || (!zero && !number_of(in, "index", SIZE_MAX / 8192, &idx)))
		return false;
	if (pa & 0xfff)
		return bad(in, in->word[1], "a page starts at a multiple of 4096");
	if (!kind)
		return bad(in, NULL, "kind= is missing");
	if (!grow(in, &im->page, im->n_page, &in->cap_page, sizeof(*p)))
		return false;
	p = &im->page[im->n_page++];
	*p = (struct image_page){ .pa = pa, .w = zero ? NULL : (const uint64_t *)(uintptr_t)(idx + 1) };
	strncpy(p->kind, kind, sizeof(p->kind) - 1);
	in->n_stored += !zero;
	return true;
}
/* Three notes are for programs; all others are for people. */
static void take_note(struct image_in *in)
{
	static const char before[] = "note log lines before the pause: ";
	static const char reads[] = "note log lines ";
	unsigned long long a, b;

	if (!strncmp(in->buf, before, sizeof(before) - 1))
		in->im->log_lines = strtoull(in->buf + sizeof(before) - 1, NULL, 10);
	else if (!strncmp(in->buf, "note write-backs are in the log", 31))
		in->im->write_backs = true;
	else if (!strncmp(in->buf, reads, sizeof(reads) - 1) &&
		 sscanf(in->buf + sizeof(reads) - 1, "%llu to %llu (1-based) are register reads", &a, &b) == 2)
		in->im->log_lines_after_reads = b;
}
static bool take_end(struct image_in *in)
{
	uint64_t n;

	if (!number_of(in, "pages", UINT64_MAX, &n))
		return false;
	if (n != in->n_stored)
		return bad(in, value_of(in, "pages"), "not the number of page lines above");
	in->have_end = true;
	return true;
}
static bool take_kind(struct image_in *in)
{
	static const char *const known[] = { "vtd", "smmuv3", "amdvi" };

	for (size_t i = 0; in->n_word == 2 && i < ARRAY_LEN(known); i++)
		if (!strcmp(in->word[1], known[i])) {
			strcpy(in->im->kind, known[i]);
			return in->have_kind = true;
		}
	return bad(in, in->n_word > 1 ? in->word[1] : NULL, "kind must be vtd, smmuv3 or amdvi");
}
static bool take_line(struct image_in *in)
{
	const char *k;

	if (in->line > 1 && !strncmp(in->buf, "note ", 5)) {
		take_note(in);
		return true;
	}
	in->n_word = 0;
	for (char *s = in->buf, *save; in->n_word < ARRAY_LEN(in->word); s = NULL) {
		char *w = strtok_r(s, " \t\r\n", &save);

		if (!w)
			break;
		in->word[in->n_word++] = w;
	}
	if (in->line == 1) {
		if (in->n_word == 2 && !strcmp(in->word[0], "iommu-image") && !strcmp(in->word[1], "1"))
			return true;
		return bad(in, NULL, "the first line of an image is \"iommu-image 1\"");
	}
	if (!in->n_word)
		return true;
	k = in->word[0];
	if (in->have_end)
		return bad(in, k, "nothing may follow the end line");
	if (!strcmp(k, "kind"))
		return take_kind(in);
	if (!strcmp(k, "reg"))
		return take_reg(in);
	if (!strcmp(k, "requester"))
		return take_requester(in);
	if (!strcmp(k, "page") || !strcmp(k, "zero"))
		return take_page(in, *k == 'z');
	if (!strcmp(k, "end"))
		return take_end(in);
	if (!strcmp(k, "walknote") || !strcmp(k, "note"))
		return true;
	return bad(in, k, "unknown word: not kind, note, reg, requester, walknote, page, zero or end");
}
static bool read_index(struct image_in *in)
{
	ssize_t n;

	while ((n = getline(&in->buf, &in->cap, in->f)) >= 0) {
		in->line++;
		if (memchr(in->buf, 0, (size_t)n))
			return bad(in, NULL, "not a text line");
		if (!take_line(in))
			return false;
	}
	if (!feof(in->f)) /* an error, or no memory for the line */
		return err_errno(in->e, in->path);
	if (!in->line)
		return err_set(in->e, ERR_INPUT, "%s: empty file, not an image", in->path);
	if (!in->have_kind || !in->have_end)
		return err_at(in->e, in->path, in->line, 0, "the file ends without a %s line", in->have_kind ? "\"end\"" : "\"kind\"");
	return true;
}

/* NAME.idx -> NAME.pages.gz, in new memory; NULL without memory or without that ending (*@e is set). */
static char *pages_path(const struct image_in *in)
{
	size_t n = strlen(in->path);
	char *p = NULL;

	if (n < 4 || strcmp(in->path + n - 4, ".idx"))
		err_set(in->e, ERR_INPUT, "%s: the index of an image is called NAME.idx, with NAME.pages.gz beside it", in->path);
	else if (asprintf(&p, "%.*s.pages.gz", (int)(n - 4), in->path) < 0) {
		p = NULL;
		no_memory(in);
	}
	return p;
}
/* Is it the file that is wrong, not the machine? */
static bool gz_input(const struct image_in *in, const char *path, gzFile g)
{
	int z;

	gzerror(g, &z);
	if (z == Z_MEM_ERROR)
		return no_memory(in);
	return z != Z_ERRNO || err_errno(in->e, path);
}
static bool read_gz(const struct image_in *in, const char *path, uint64_t *words)
{
	char *dst = (char *)words;
	gzFile g;
	bool ok = true;
	char extra;

	errno = 0;
	g = gzopen(path, "rb");
	if (!g)
		return errno ? err_errno(in->e, path) : no_memory(in);
	for (uint64_t i = 0; ok && i < in->n_stored; i++, dst += 4096)
		if (gzread(g, dst, 4096) != 4096)
			ok = gz_input(in, path, g) &&
			     err_set(in->e, ERR_INPUT, "%s: ends or is damaged in page %llu of %llu", path, (unsigned long long)i,
				     (unsigned long long)in->n_stored);
	if (ok && gzread(g, &extra, 1) != 0)
		ok = gz_input(in, path, g) &&
		     err_set(in->e, ERR_INPUT, "%s: longer than the %llu pages of the index, or damaged at the end", path,
			     (unsigned long long)in->n_stored);
	gzclose(g);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	for (uint64_t i = 0; i < in->n_stored * 512; i++)
		words[i] = __builtin_bswap64(words[i]);
#endif
	return ok;
}
static int by_pa(const void *a, const void *b)
{
	const struct image_page *x = a, *y = b;

	return (x->pa > y->pa) - (x->pa < y->pa);
}
static bool read_pages(struct image_in *in, struct image_own *o)
{
	struct image *im = in->im;
	char *path = pages_path(in);
	bool ok = false;

	if (!path)
		return false;
	o->words = calloc(in->n_stored + 1, 4096);
	if (!o->words)
		no_memory(in);
	else
		ok = read_gz(in, path, o->words);
	free(path);
	for (size_t i = 0; ok && i < im->n_page; i++) {
		uint64_t idx = (uint64_t)(uintptr_t)im->page[i].w;

		if (idx > in->n_stored)
			return err_set(in->e, ERR_INPUT, "%s: page 0x%llx has index %llu, there are %llu pages", in->path,
				       (unsigned long long)im->page[i].pa, (unsigned long long)idx - 1, (unsigned long long)in->n_stored);
		im->page[i].w = o->words + 512 * (idx ? idx - 1 : in->n_stored);
	}
	if (ok && im->n_page)
		qsort(im->page, im->n_page, sizeof(im->page[0]), by_pa);
	for (size_t i = 1; ok && i < im->n_page; i++)
		if (im->page[i].pa == im->page[i - 1].pa)
			ok = err_set(in->e, ERR_INPUT, "%s: page 0x%llx is there twice", in->path, (unsigned long long)im->page[i].pa);
	return ok;
}

struct image *image_load(const char *idx_path, struct err *e)
{
	struct image_own *o = calloc(1, sizeof(*o));
	struct image_in in = { .path = idx_path, .e = e };
	bool ok = false;

	if (!o) {
		no_memory(&in);
		return NULL;
	}
	in.im = &o->im;
	in.f = fopen(idx_path, "r");
	if (!in.f) {
		err_errno(e, idx_path);
	} else {
		ok = read_index(&in) && read_pages(&in, o);
		fclose(in.f);
	}
	free(in.buf);
	if (!ok) {
		image_free(&o->im);
		return NULL;
	}
	if (o->im.log_lines_after_reads < o->im.log_lines)
		o->im.log_lines_after_reads = o->im.log_lines;
	return &o->im;
}
void image_free(struct image *im)
{
	struct image_own *o;

	if (!im)
		return;
	o = container_of(im, struct image_own, im);
	free(im->reg);
	free(im->page);
	free(im->req);
	free(o->words);
	free(o);
}
