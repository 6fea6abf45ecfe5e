/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_check.c - the public C library: the ordering checker beside a machine that a program drives. Stores, register writes, device events
 * and completed DMAs go into the same derivation of events as the records of a captured trace (check/ordhw.h); what the units have completed
 * is asked of them before each. Units of one architecture have one checker.
 * Everything before the first register write is the state that the checker begins with.
 */
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi_int.h"
#include "api_check.h"

/* ---- the checker of a group ---- */

static bool set_knobs(struct api_check *k, struct ord_knobs *to)
{
	for (char **p = k->knob; p && *p; p++)
		if (!ord_knob_take(to, *p, &k->e))
			return false;
	return true;
}

static struct ord_names *begin(void *ctx, enum ord_arch a)
{
	struct check_group *g = ctx;
	struct api_check *k = g->s->check;
	enum ord_rule_id r;

	ordhw_knobs(ordhw_units_first(g->hw), &g->k);
	for (unsigned i = 0; a == ORD_AMDVI && i < g->n; i++) /* no register of the unit says it */
		g->k.np_cache |= ((const struct amdvi *)plat_unit(g->s->p, g->unit[i]))->cfg->np_cache;
	if (!set_knobs(k, &g->k))
		return NULL;
	g->c = ord_open(a, &g->k, api_found, g, &k->e);
	for (size_t i = 0; g->c && ordhw_undecidable(ordhw_units_first(g->hw), &g->k, i, &r); i++)
		ord_exclude(g->c, r);
	return g->c ? ord_names(g->c) : NULL;
}

static bool event(void *ctx, const struct ord_ev *e)
{
	struct check_group *g = ctx;

	return ord_event(g->c, e, &g->s->check->e) && !g->s->check->e.code;
}

/* ---- what happens ---- */

/* It cannot go on; said once by the call that made it so, and by iommusim_ordering_finish(). */
static bool stop(iommusim *s)
{
	struct api_check *k = s->check;

	k->done = true;
	if (!k->e.code)
		err_set(&k->e, ERR_MACHINE, "out of memory");
	err_set(&s->err, k->e.code, "the ordering checker has stopped: %s", k->e.msg);
	return false;
}

bool api_check_before(iommusim *s)
{
	struct api_check *k = s->check;

	if (!k || k->done)
		return true;
	if (k->busy)
		return err_set(&s->err, ERR_INPUT, "the callback of a finding may not call this");
	for (unsigned i = 0; i < s->c.n_unit; i++) {
		struct ordhw *h = ordhw_units_get(k->g[k->of[i].group].hw, k->of[i].unit);

		if (h && !ordhw_progress(h, plat_unit(s->p, i)))
			return stop(s);
	}
	return true;
}

static bool to_group(struct check_group *g, const struct trc_rec *r, bool state)
{
	bool ok = state ? ordhw_units_state(g->hw, r) : ordhw_units_take(g->hw, r);

	ordhw_units_out(g->hw); /* the finding belongs to this call */
	return ok;
}

bool api_check_take(iommusim *s, const struct trc_rec *rec)
{
	struct api_check *k = s->check;
	struct trc_rec r = *rec;
	bool ok = true;

	if (!k || k->done || r.kind == TRC_MMIO_READ)
		return true;
	r.at = iommusim_now(s);
	if (r.kind == TRC_STORE || r.kind == TRC_MMIO_WRITE)
		k->software = r.line;
	if (r.kind == TRC_STORE) {
		for (unsigned i = 0; ok && i < k->n; i++)
			ok = to_group(&k->g[i], &r, !s->started);
	} else {
		r.unit = k->of[rec->unit].unit;
		ok = to_group(&k->g[k->of[rec->unit].group], &r, !s->started);
	}
	return ok || stop(s);
}

void api_check_dma(iommusim *s, const struct iommusim_dma *d, uint64_t line, const struct xl_res *res)
{
	struct trc_rec r = { .kind = TRC_DMA, .unit = (uint8_t)d->unit, .line = line,
			     .u.dma = { .iova = d->address, .pa = res->ok ? res->spa : 0, .rid = d->rid,
					.pasid = d->pasid == IOMMUSIM_NO_PASID ? TRC_NO_PASID : d->pasid, .len = d->bytes, .dir = (uint8_t)d->access,
					.at = (uint8_t)d->type, .priv = d->privileged != 0, .expect = res->ok ? TRC_EXP_OK : TRC_EXP_FAULT } };

	/* Refused, and the tables may have changed since it began: nobody can say which it saw. */
	if (!s->check || (!res->ok && line < s->check->software))
		return;
	if (!api_check_before(s) || !api_check_take(s, &r))
		return; /* iommusim_ordering_finish() says it */
}

int iommusim_stored(iommusim *s, uint64_t address, size_t bytes)
{
	if (bytes && address + (bytes - 1) < address)
		return api_invalid(s, "0x%zx bytes at 0x%llx go beyond the last address", bytes, (unsigned long long)address);
	while (s->check && !s->check->done && bytes) {
		struct trc_rec r = { .kind = TRC_STORE };
		unsigned n = 8;
		uint64_t w;

		while (n > 1 && (address % n || n > bytes))
			n /= 2;
		if (mem_read(plat_mem(s->p), address & ~UINT64_C(7), &w, 1) != MEM_OK)
			return api_invalid(s, "read of 0x%llx: bus error", (unsigned long long)address);
		r.u.store.pa = address;
		r.u.store.bytes = (uint8_t)n;
		r.u.store.val = w >> 8 * (address & 7) & (n == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * n) - 1);
		if (!api_check_before(s))
			return api_fail(s, &s->err);
		r.line = ++s->n_call;
		if (!api_check_take(s, &r))
			return api_fail(s, &s->err);
		address += n;
		bytes -= n;
	}
	return IOMMUSIM_OK;
}

int iommusim_ordering_finish(iommusim *s)
{
	struct api_check *k = s->check;
	bool ok = true;

	if (!k || (k->done && !k->e.code))
		return IOMMUSIM_OK;
	if (!k->done && !api_check_before(s))
		return api_fail(s, &s->err);
	for (unsigned i = 0; !k->done && ok && i < k->n; i++)
		ok = ordhw_units_finish(k->g[i].hw) && (!k->g[i].c || ord_finish(k->g[i].c, &k->e));
	if (!ok || k->e.code) {
		stop(s);
		return api_fail(s, &s->err);
	}
	k->done = true;
	return IOMMUSIM_OK;
}

/* ---- life ---- */

static struct check_group *group_of(iommusim *s, const char *arch, struct err *e)
{
	struct api_check *k = s->check;
	struct check_group *g = k->g;
	struct ordhw_ops o = { NULL, begin, event };

	for (; g < k->g + k->n; g++)
		if (!strcmp(g->arch, arch))
			return g;
	g->s = s;
	g->arch = arch;
	o.ctx = g;
	cfg_defaults(ord_knob_opts, &g->k);
	g->hw = ordhw_units_open(arch, true, &o, &k->e);
	k->n += g->hw != NULL;
	if (!g->hw)
		*e = k->e;
	return g->hw ? g : NULL;
}

struct place { struct check_group *g; uint8_t unit; };
static bool put(void *arg, const struct trc_rec *r)
{
	const struct place *p = arg;
	struct trc_rec x = *r;

	x.unit = p->unit;
	return ordhw_units_state(p->g->hw, &x);
}

static bool add_units(iommusim *s, struct err *e)
{
	struct api_check *k = s->check;

	for (unsigned i = 0; i < s->c.n_unit; i++) {
		struct check_group *g = group_of(s, s->c.unit[i].arch->name, e);
		struct place p;

		if (!g)
			return false;
		p = (struct place){ g, (uint8_t)g->n };
		k->of[i].group = (uint8_t)(g - k->g);
		k->of[i].unit = p.unit;
		g->unit[g->n++] = (uint8_t)i;
		if (!ordhw_capabilities(plat_unit(s->p, i), put, &p)) {
			*e = k->e;
			return false;
		}
	}
	return true;
}

bool api_check_start(iommusim *s, const char *const *knobs, struct err *e)
{
	struct api_check *k = s->check = calloc(1, sizeof(*k));
	struct ord_knobs try = { 0 };
	size_t n = 0;
	bool ok;

	while (knobs && knobs[n])
		n++;
	if (k)
		k->knob = calloc(n + 1, sizeof(*k->knob));
	ok = k && k->knob;
	for (size_t i = 0; ok && i < n; i++)
		ok = (k->knob[i] = strdup(knobs[i])) != NULL;
	if (!ok)
		return err_set(e, ERR_MACHINE, "out of memory");
	cfg_defaults(ord_knob_opts, &try);
	ok = set_knobs(k, &try); /* spelling, before anything happens */
	cfg_free(ord_knob_opts, &try);
	if (!ok) {
		*e = k->e;
		return false;
	}
	return add_units(s, e);
}

void api_check_free(iommusim *s)
{
	struct api_check *k = s->check;

	if (!k)
		return;
	for (unsigned i = 0; i < k->n; i++) {
		ordhw_units_close(k->g[i].hw);
		ord_close(k->g[i].c);
		cfg_free(ord_knob_opts, &k->g[i].k);
	}
	api_found_free(k);
	for (char **p = k->knob; p && *p; p++)
		free(*p);
	free(k->knob);
	free(k);
	s->check = NULL;
}
