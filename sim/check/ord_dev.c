/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_dev.c - devices in the ordering checker: translation service, resets, removal, and whether an ATC may still hold anything.
 * An ATC is clean after a reset of a fenced device, or after a completed invalidation of everything with translation service off.
 */
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

bool ord_dirty(struct ord_chk *c, struct ord_devx *d)
{
	if (!d->d.ats && d->clean_seq && ord_done_since(c, d->clean_q, d->clean_seq))
		d->dirty = false;
	return d->d.ats || d->dirty;
}
/* No entry lets this requester reach memory, and the configuration caches know. */
bool ord_fenced(const struct ord_devx *d)
{
	for (const struct ord_atx *a = d->atts; a; a = a->next_rid)
		if (a->a.live || !a->blocked_done)
			return false;
	return true;
}
static void forgive_atc(struct ord_chk *c, struct ord_devx *d)
{
	for (struct ord_obl *o = d->n_atc ? c->every : NULL, *next; o; o = next) {
		next = o->anext;
		if (o->what == ORD_O_ATC && o->rid == d->d.rid)
			ord_obl_done(c, o);
	}
}
void ord_dev_event(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_devx *d = ord_devx_of(c, e->rid, true);

	if (!d)
		return;
	switch (e->op) {
	case ORD_DEV_CFG:
		if (e->has & ORD_HAS(DEV_ATS)) {
			d->d.ats = e->v[ORD_KEY_DEV_ATS];
			d->dirty |= d->d.ats;
			d->clean_seq = 0;
			d->d.ats_ever |= d->d.ats;
			d->d.ats_off_line = d->d.ats ? 0 : e->line;
		}
		d->d.pri = ord_val(e, ORD_KEY_DEV_PRI, d->d.pri);
		d->d.pasid_on = ord_val(e, ORD_KEY_DEV_PASID, d->d.pasid_on);
		d->d.stu = (uint32_t)ord_val(e, ORD_KEY_DEV_STU, d->d.stu);
		d->d.qdep = (uint32_t)ord_val(e, ORD_KEY_DEV_QDEP, d->d.qdep);
		d->d.pf = (uint32_t)ord_val(e, ORD_KEY_DEV_PF, d->d.pf);
		d->d.alias = (uint32_t)ord_val(e, ORD_KEY_ALIAS, d->d.alias);
		d->d.unit = e->unit;
		return;
	case ORD_DEV_STOP:
		d->d.stopped = true;
		return;
	case ORD_DEV_GONE:
		d->d.gone = true;
		d->d.gone_line = e->line;
		break;
	case ORD_DEV_RST:
		d->d.resetting = e->flags & ORD_F(BEG);
		d->d.rst_line = e->line;
		if (!(e->flags & ORD_F(END)))
			return;
		d->d.ats = d->d.pri = d->d.stopped = d->d.ats_ever = false;
		break;
	}
	d->d.fenced = ord_fenced(d);
	if (d->d.fenced) {
		d->dirty = false;
		forgive_atc(c, d);
	}
}
