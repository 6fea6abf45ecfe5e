/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_oracle.c - `run --oracle`: watch the run, then print the first RUN_ORACLE_SHOWN errors and the first RUN_ORACLE_LEGAL uses in
 * the legal window.
 */
#include "run_oracle.h"
#include <inttypes.h>
#include "oracle_text.h"

struct oracle *run_oracle_start(struct plat *p, struct stat_reg *reg, struct err *e)
{
	struct oracle *o = oracle_create(p, RUN_ORACLE_SHOWN, e);

	if (o && !stat_add(reg, "oracle", oracle_statistics(o), oracle_stat_defs)) {
		err_set(e, ERR_MACHINE, "out of memory");
		oracle_destroy(o);
		return NULL;
	}
	return o;
}

void run_oracle_print(struct oracle *o, const char *trace)
{
	const struct oracle_stats *s = oracle_statistics(o);
	const struct oracle_finding *f;

	for (size_t i = 0, legal = 0; (f = oracle_finding(o, i)) != NULL && legal < RUN_ORACLE_LEGAL; i++) {
		oracle_text(f, trace, stdout);
		legal += f->class == ORACLE_WINDOW;
	}
	printf("oracle: %" PRIu64 " checked, %" PRIu64 " in the legal window, %" PRIu64 " stale, %" PRIu64 " invalidation missing, %" PRIu64
	       " alias, %" PRIu64 " reuse, %" PRIu64 " unexplained\n", s->checked, s->window, s->stale, s->missing,
	       s->alias, s->reuse, s->unexplained);
}
