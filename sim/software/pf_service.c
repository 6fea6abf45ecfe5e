/* SPDX-License-Identifier: Apache-2.0 */
/* pf_service.c - service times of page faults; see pf_service.h. */
#include "software/pf_service.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/cfg/cfg.h"

/* One "PERCENT:TIME" of @len bytes. */
static bool parse_point(struct pf_point *p, const char *text, size_t len, struct err *e)
{
	static const struct cfg_opt row[] = { { "time", CFG_TIME, offsetof(struct pf_point, ps), 0, 0, UINT64_C(1000000000000000), "ps", "", 0 }, { 0 } };
	char buf[64], *colon, *end;
	double percent;

	if (len >= sizeof(buf))
		return err_set(e, ERR_INPUT, "percentiles: '%.40s': expected PERCENT:TIME", text);
	memcpy(buf, text, len);
	buf[len] = 0;
	colon = strchr(buf, ':');
	percent = strtod(buf, &end);
	if (!colon || end == buf || end != colon || !(percent >= 0 && percent <= 100))
		return err_set(e, ERR_INPUT, "percentiles: '%s': expected PERCENT:TIME with a percentage from 0 to 100", buf);
	p->share = (uint32_t)lround(percent * PF_WHOLE / 100);
	return cfg_set(row, p, "time", colon + 1, e);
}

bool pf_service_table(struct pf_service *s, const char *text, struct err *e)
{
	s->n = 0;
	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ",");
		struct pf_point *p = &s->point[s->n];

		if (s->n == PF_POINTS)
			return err_set(e, ERR_INPUT, "percentiles: more than %d points", PF_POINTS);
		if (!parse_point(p, at, len, e))
			return false;
		if (s->n && (p->share <= p[-1].share || p->ps < p[-1].ps))
			return err_set(e, ERR_INPUT, "percentiles: '%.*s': percentages and times must ascend", (int)len, at);
		s->n++;
		at += len + (at[len] == ',');
	}
	if (s->n < 2 || s->point[0].share || s->point[s->n - 1].share != PF_WHOLE)
		return err_set(e, ERR_INPUT, "percentiles: '%.80s': expected at least two points, the first at 0 and the last at 100 percent", text);
	return true;
}

static uint64_t draw_table(const struct pf_service *s, struct rng *r)
{
	enum { FINE = 1 << 20 }; /* steps of one share */
	uint64_t u = rng_below(r, (uint64_t)PF_WHOLE * FINE);
	const struct pf_point *p = s->point;

	while (u >= (uint64_t)p[1].share * FINE)
		p++;
	return p->ps + (uint64_t)((unsigned __int128)(p[1].ps - p->ps) * (u - (uint64_t)p->share * FINE) / ((uint64_t)(p[1].share - p->share) * FINE));
}

uint64_t pf_service_draw(const struct pf_service *s, struct rng *r)
{
	switch (s->kind) {
	case PF_UNIFORM: return s->min_ps + rng_below(r, s->max_ps - s->min_ps + 1);
	case PF_EXPONENTIAL: return (uint64_t)(-log(((double)(rng_next(r) >> 11) + 1) * 0x1p-53) * (double)s->mean_ps);
	case PF_TABLE: return draw_table(s, r);
	default: return s->mean_ps;
	}
}
