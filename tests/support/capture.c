/* SPDX-License-Identifier: Apache-2.0 */
/* capture.c - see capture.h. */
#include "capture.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

const struct cap_arch cap_archs[CAP_ARCHS] = {
	{ "traces/vtd-edu.iotb", "units: [{arch: vtd, name: u}]", 0x90, UINT64_C(0xffffffffff000), 0x4 /* iec_inv_dsc */, false },
	{ "traces/smmuv3-edu.iotb", "units: [{arch: smmuv3, name: u}]", 0x90, UINT64_C(0xfffffffffffe0), 0x1 /* CMD_PREFETCH_CONFIG */, false },
	{ "traces/amdvi-edu.iotb", "units: [{arch: amdvi, name: u}]", 0x08, UINT64_C(0xffffffffff000),
	  UINT64_C(0x5000000000000000) /* INVALIDATE_INTERRUPT_TABLE */, true },
};

struct cap cap_load(const struct cap_arch *a)
{
	struct err e = { 0 };
	struct trc_reader *t = trc_open(a->trace, &e);
	struct cap c = { 0 };
	struct trc_rec r;
	size_t cap = 0;
	int rc;

	ck_assert_msg(t != NULL, "%s", e.msg);
	while ((rc = trc_next(t, &r, &e)) > 0) {
		if (r.kind == TRC_COMMENT)
			continue;
		if (c.n == cap) {
			cap = cap ? 2 * cap : 1 << 14;
			c.r = realloc(c.r, cap * sizeof(*c.r));
			ck_assert_ptr_nonnull(c.r);
		}
		if (r.kind == TRC_PAGE)
			r.u.page.w = memcpy(malloc(4096), r.u.page.w, 4096);
		if (r.kind == TRC_REGSTATE && r.u.reg.off == a->base_reg)
			c.ring = r.u.reg.val & a->base_mask & ~UINT64_C(31);
		r.line = c.n + 1; /* what is moved keeps it */
		c.r[c.n++] = r;
	}
	ck_assert_msg(!rc, "%s", e.msg);
	trc_close(t);
	return c;
}
void cap_free(struct cap *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->r[i].kind == TRC_PAGE)
			free((void *)(uintptr_t)c->r[i].u.page.w);
	free(c->r);
}
struct cap cap_copy(const struct cap *whole)
{
	struct cap c = *whole;

	c.r = malloc(c.n * sizeof(*c.r));
	ck_assert_ptr_nonnull(c.r);
	memcpy(c.r, whole->r, c.n * sizeof(*c.r));
	return c;
}
/* The first word of a command is at an even place. */
void cap_replace(const struct cap_arch *a, struct cap *c, uint64_t slot, uint64_t line)
{
	uint64_t pa = c->ring + 16 * slot;
	unsigned low = 0, high = 0;

	for (size_t i = line - 1; i-- > 0 && !low;) {
		struct trc_rec *r = &c->r[i];

		if (r->kind != TRC_STORE || (r->u.store.pa & ~UINT64_C(15)) != pa)
			continue;
		low += r->u.store.pa == pa;
		high += r->u.store.pa != pa;
		r->u.store.val = r->u.store.pa == pa ? a->harmless : 0;
	}
	ck_assert_msg(low == 1 && high, "slot %llu is not stored", (unsigned long long)slot);
}
