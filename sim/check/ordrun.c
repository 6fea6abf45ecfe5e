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
	bool held, owed; /* owed: the record last told was a register write, and what came of it has not been told */
	bool stopped; /* the queue, told once */
	struct trc_rec rec;
	uint64_t page[512]; /* of a held page */
	char text[ORD_TEXT_MAX + 1]; /* of a held ordering event */
};

static bool settle(struct ordrun *r)
{
	struct iommu *u = plat_unit(r->p, 0);
	const char *err = u ? ordhw_error(u) : NULL;
	char text[32];
	struct trc_rec ev = { .kind = TRC_ORDER, .at = r->rec.at, .line = r->rec.line, .u.text = text };

	if (!err) {
		r->stopped = false;
		return ordhw_done(r->h, TRC_NO_SLOT);
	}
	if (r->stopped)
		return true;
	r->stopped = true;
	strcpy(text, !strcmp(err, "ITE") ? "ITMO" : !strcmp(err, "ICE") ? "ICE" : "CERR ");
	if (text[1] == 'E')
		strcat(text, err);
	return ordhw_take(r->h, &ev);
}
/* The record held back has taken effect; so has, before it, all that the register write before it submitted. */
static bool out(struct ordrun *r)
{
	bool ok = true;

	if (r->owed)
		ok = settle(r);
	r->owed = false;
	if (!r->held || !ok)
		return ok;
	r->held = false;
	r->owed = r->rec.kind == TRC_MMIO_WRITE;
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
