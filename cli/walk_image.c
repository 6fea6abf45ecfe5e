/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_image.c - an image behind a unit: open, one translation with its steps, and the answer in words. Does not compare: walk_check.c.
 */
#include "walk_check.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct walk_arch *const walk_archs[] = { &walk_arch_vtd, &walk_arch_smmuv3, &walk_arch_amdvi, NULL };

static bool load_pages(struct walk_unit *w, struct err *e)
{
	for (size_t i = 0; i < w->im->n_page; i++) {
		const struct image_page *p = &w->im->page[i];

		if (!mem_touch(w->m, p->pa) || mem_write(w->m, p->pa, p->w, 512) != MEM_OK || mem_oom(w->m))
			return err_set(e, ERR_MACHINE, "out of memory for the pages of the image");
	}
	return true;
}

bool walk_open(struct walk_unit *w, const char *idx_path, unsigned haw, struct err *e)
{
	struct mem_port_cfg pc;

	memset(w, 0, sizeof(*w));
	w->im = image_load(idx_path, e);
	if (!w->im)
		return false;
	for (const struct walk_arch *const *a = walk_archs; *a; a++)
		if (!strcmp((*a)->kind, w->im->kind))
			w->arch = *a;
	if (!w->arch) {
		err_set(e, ERR_INPUT, "%s: cannot walk images of kind %s", idx_path, w->im->kind);
		walk_close(w);
		return false;
	}
	cfg_defaults(mem_port_opts, memset(&pc, 0, sizeof(pc)));
	w->m = mem_create(0, true);
	w->k = sim_kernel_create();
	if (!w->m || !w->k) {
		err_set(e, ERR_MACHINE, "out of memory");
	} else if (mem_port_init(&w->port, &pc, e) && load_pages(w, e) && w->arch->open(w, haw, e)) {
		return true;
	}
	walk_close(w);
	return false;
}

void walk_close(struct walk_unit *w)
{
	if (w->arch)
		w->arch->close(w);
	mem_port_fini(&w->port);
	sim_kernel_destroy(w->k);
	if (w->m)
		mem_destroy(w->m);
	image_free(w->im);
	memset(w, 0, sizeof(*w));
}

static void on_step(void *arg, const struct xl *x)
{
	struct walk_trace *t = arg;
	unsigned words = x->mem_words ? x->mem_words : 1;

	t->left_image = x->mem_st == MEM_ABSENT;
	t->left_at = x->mem_spa;
	if (t->n < WALK_STEPS) {
		struct walk_step *s = &t->step[t->n];

		*s = (struct walk_step){ .spa = x->mem_spa, .words = (uint8_t)(words > 8 ? 8 : words), .st = x->mem_st };
		if (x->mem_st == MEM_OK)
			memcpy(s->data, x->data, sizeof(uint64_t) * s->words);
	}
	t->n++;
}

bool walk_now(struct walk_unit *w, const struct xl_req *q, struct xl_res *r, struct walk_trace *t)
{
	struct walk_trace own;

	if (!t)
		t = &own;
	t->n = 0;
	t->left_image = false;
	iommu_walk_now(w->u, q, r, on_step, t);
	return !t->left_image;
}

static int by_pa(const void *key, const void *elem)
{
	uint64_t a = *(const uint64_t *)key, b = ((const struct image_page *)elem)->pa;

	return (a > b) - (a < b);
}

const char *walk_page_kind(const struct walk_unit *w, uint64_t spa)
{
	uint64_t page = spa & ~UINT64_C(4095);
	const struct image_page *p = w->im->n_page ? bsearch(&page, w->im->page, w->im->n_page, sizeof(*p), by_pa) : NULL;

	return p ? p->kind : "";
}

const char *walk_perm_text(unsigned perm)
{
	static const char *const text[] = { "--", "r-", "-w", "rw" };

	return text[perm & (XL_R | XL_W)];
}

void walk_record_text(struct walk_unit *w, const struct xl_req *q, const struct xl_res *r, char *buf, size_t n)
{
	uint64_t rec[4];
	unsigned words = w->arch->record && !r->ok ? w->arch->record(w, q, r, rec) : 0;
	int at = snprintf(buf, n, "%s", words ? " record" : "");

	for (unsigned i = 0; i < words && at > 0 && (size_t)at < n; i++)
		at += snprintf(buf + at, n - (size_t)at, " 0x%" PRIx64, rec[i]);
}

void walk_result_text(const struct walk_unit *w, const struct xl_res *r, const struct walk_trace *t, char *buf, size_t n)
{
	const char *name, *text;

	if (t && t->left_image) {
		snprintf(buf, n, "no answer: the walk leaves the image at 0x%" PRIx64, t->left_at);
	} else if (r->ok && r->bypass) {
		snprintf(buf, n, "ok 0x%" PRIx64 " (not translated)", r->spa);
	} else if (r->ok) {
		snprintf(buf, n, "ok 0x%" PRIx64 " (page of 0x%" PRIx64 " bytes, %s)", r->spa, r->size_lg2 < 64 ? UINT64_C(1) << r->size_lg2 : 0,
			 walk_perm_text(r->perm));
	} else {
		name = w->arch->code_name(r->code);
		text = w->arch->code_text(r->code);
		snprintf(buf, n, "fault 0x%02x %s%s%s%s", r->code, name ? name : "(unnamed)", text ? ": " : "", text ? text : "",
			 r->no_record ? " (not recorded)" : "");
	}
}
