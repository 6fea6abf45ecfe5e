/* SPDX-License-Identifier: Apache-2.0 */
/* api_feed.c - see api_feed.h. */
#include "api_feed.h"
#include <check.h>
#include <iommusim/iommusim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fed_add(struct fed_list *l, uint64_t line, const char *rule, const char *event, const char *severity, const char *verdict)
{
	struct fed *f = &l->f[l->n++];

	ck_assert_uint_le(l->n, FED_MAX);
	f->line = line;
	snprintf(f->rule, sizeof(f->rule), "%s", rule);
	snprintf(f->event, sizeof(f->event), "%s", event);
	snprintf(f->severity, sizeof(f->severity), "%s", severity);
	snprintf(f->verdict, sizeof(f->verdict), "%s", verdict);
}

/*
 * A page that came into use is in the capture behind the store that linked it, as it was then. A driver stores to it first: it goes in front.
 */
static struct cap as_driver(const struct cap *whole)
{
	struct cap c = cap_copy(whole);
	bool begun = false;

	for (size_t i = 1; i < c.n; i++) {
		begun |= c.r[i - 1].kind != TRC_PAGE && c.r[i - 1].kind != TRC_REGSTATE;
		if (begun && c.r[i].kind == TRC_PAGE) {
			struct trc_rec link = c.r[i - 1];

			c.r[i - 1] = c.r[i];
			c.r[i] = link;
		}
	}
	return c;
}

struct live {
	iommusim *s;
	const struct cap *c;
	struct fed_list *l;
	uint64_t *first; /* number of the first call of each record */
	uint64_t refused;
};

static void on_finding(void *arg, const struct iommusim_ordering *f)
{
	struct live *v = arg;
	size_t lo = 0, hi = v->c->n;

	ck_assert_uint_eq(f->size, sizeof(*f));
	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (v->first[mid] <= f->call)
			lo = mid;
		else
			hi = mid;
	}
	fed_add(v->l, v->c->r[lo].line, f->rule, f->event, f->severity, f->verdict);
}
static void done(void *arg, const struct iommusim_dma *d, const struct iommusim_completion *c)
{
	(void)d;
	((struct live *)arg)->refused += !c->ok;
}
static void one(struct live *v, const struct trc_rec *r)
{
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);
	uint64_t value;

	switch (r->kind) {
	case TRC_PAGE: ck_assert_int_eq(iommusim_memory_write(v->s, r->u.page.pa, r->u.page.w, 4096), 0); break;
	case TRC_REGSTATE:
		ck_assert_msg(!iommusim_restore_register(v->s, 0, r->u.reg.off, r->u.reg.bytes, r->u.reg.val), "%s", iommusim_message(v->s));
		break;
	case TRC_STORE: ck_assert_int_eq(iommusim_store(v->s, r->u.store.pa, r->u.store.bytes, r->u.store.val), 0); break;
	case TRC_MMIO_WRITE: ck_assert_int_eq(iommusim_mmio_write(v->s, 0, r->u.mmio.off, r->u.mmio.bytes, r->u.mmio.val), 0); break;
	case TRC_MMIO_READ: ck_assert_int_eq(iommusim_mmio_read(v->s, 0, r->u.mmio.off, r->u.mmio.bytes, &value), 0); break;
	case TRC_DMA:
		d.rid = r->u.dma.rid;
		d.pasid = r->u.dma.pasid == TRC_NO_PASID ? IOMMUSIM_NO_PASID : r->u.dma.pasid;
		d.address = r->u.dma.iova;
		d.bytes = r->u.dma.len ? r->u.dma.len : 4;
		d.access = r->u.dma.dir == 'w' ? IOMMUSIM_WRITE : IOMMUSIM_READ;
		ck_assert_int_eq(iommusim_submit(v->s, &d, done, v), 0);
		break;
	default: ck_abort_msg("a record of kind %u", r->kind);
	}
	if (r->kind != TRC_STORE && r->kind != TRC_REGSTATE)
		ck_assert_msg(!iommusim_settle(v->s), "record %llu: %s", (unsigned long long)r->line, iommusim_message(v->s));
}
void api_feed(const struct cap_arch *a, const struct cap *whole, struct fed_list *l)
{
	struct cap ordered = as_driver(whole), *c = &ordered;
	static const char *const knobs[] = { "np_cache=1", NULL };
	struct live v = { .c = c, .l = l, .first = calloc(c->n, sizeof(uint64_t)) };
	struct iommusim_callbacks cb = IOMMUSIM_INIT(struct iommusim_callbacks);
	struct iommusim_options o = IOMMUSIM_INIT(struct iommusim_options);
	char why[1000] = "";

	ck_assert_ptr_nonnull(v.first);
	l->n = 0;
	cb.arg = &v;
	cb.ordering = on_finding;
	o.callbacks = &cb;
	o.config_text = a->config;
	o.checker = 1;
	o.checker_knobs = a->np_cache ? knobs : NULL;
	v.s = iommusim_create(&o, why, sizeof(why));
	ck_assert_msg(v.s != NULL, "%s", why);
	for (size_t i = 0; i < c->n; i++)
		v.first[i] = UINT64_MAX;
	for (size_t i = 0; i < c->n; i++) {
		v.first[i] = iommusim_calls(v.s) + 1;
		one(&v, &c->r[i]);
	}
	ck_assert_msg(!iommusim_ordering_finish(v.s), "%s", iommusim_message(v.s));
	ck_assert_uint_eq(iommusim_ordering_count(v.s), l->n);
	ck_assert_uint_gt(v.refused, 0); /* devices did run into what was unmapped */
	iommusim_destroy(v.s);
	free(v.first);
	free(c->r);
}
