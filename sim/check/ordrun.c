/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordrun.c - see ordrun.h. One record is held back until it has taken effect.
 */
#include "check/ordrun.h"
#include <stdlib.h>
#include <string.h>

struct ordrun {
	struct plat *p;
	struct ordhw *h;
	struct err *e;
	bool held;
	struct trc_rec rec;
	uint64_t page[512]; /* of a held page */
	char text[ORD_TEXT_MAX + 1]; /* of a held ordering event */
};

/* The record held back has taken effect, behind whatever the unit has completed. */
static bool out(struct ordrun *r)
{
	if (!ordhw_progress(r->h, plat_unit(r->p, 0)))
		return false;
	if (!r->held)
		return true;
	r->held = false;
	return ordhw_take(r->h, &r->rec);
}
bool ordrun_next(struct ordrun *r, const struct trc_rec *rec)
{
	if (!out(r))
		return false;
	if (rec->unit)
		return err_set(r->e, ERR_INPUT, "record %llu: the ordering of more than one unit cannot be checked in a run", (unsigned long long)rec->line);
	r->rec = *rec;
	r->held = true;
	if (rec->kind == TRC_PAGE) {
		memcpy(r->page, rec->u.page.w, sizeof(r->page));
		r->rec.u.page.w = r->page;
	} else if (rec->kind == TRC_ORDER) {
		snprintf(r->text, sizeof(r->text), "%s", rec->u.text);
		r->rec.u.text = r->text;
	} else if (rec->kind == TRC_COMMENT) {
		r->held = false;
	}
	return true;
}
bool ordrun_finish(struct ordrun *r)
{
	return out(r) && out(r) && ordhw_finish(r->h);
}
struct ordhw *ordrun_hw(struct ordrun *r)
{
	return r->h;
}
struct ordrun *ordrun_create(struct plat *p, const char *arch, const struct ordhw_ops *o, struct err *e)
{
	struct ordrun *r = calloc(1, sizeof(*r));

	if (!r) {
		err_set(e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	r->p = p;
	r->e = e;
	r->h = ordhw_open(arch, true, o, e);
	if (r->h)
		return r;
	free(r);
	return NULL;
}
void ordrun_destroy(struct ordrun *r)
{
	if (!r)
		return;
	ordhw_close(r->h);
	free(r);
}
