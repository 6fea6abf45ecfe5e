/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_order.c - libFuzzer harness: any text as ordering events. The first two bytes choose architecture and knobs; the rest is split at ';' and line
 * ends. What the parser accepts must be accepted again in canonical form and mean the same; the checker takes every event and must neither crash nor
 * report a finding without a sentence. Does not judge whether findings are right.
 * Built and run by tests/fuzz/run.sh.
 */
#include <stdlib.h>
#include <string.h>
#include "check/ord.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void on_finding(void *ctx, const struct ord_finding *f)
{
	(void)ctx;
	if (!f->what || !*f->what || !f->right || f->rule >= ORD_RULES_N || f->op > ORD_END || f->n_also > ORD_ALSO || f->n_steps > ORD_STEPS)
		abort();
}
/* The canonical text of an accepted event is accepted, and says the same. */
static void canon(const char *s, const char *end, const struct ord_ev *e, struct ord_names *names)
{
	char out[ORD_TEXT_MAX + 1];
	const char *stop;
	struct ord_ev again;

	if (!ord_canon(s, end, out))
		return;
	if (ord_parse(out, &stop, &again, names) || *stop)
		abort();
	if (again.op != e->op || again.has != e->has || again.flags != e->flags || again.have != e->have || again.lo != e->lo || again.last != e->last || again.rid != e->rid ||
	    again.pasid != e->pasid || again.d != e->d || again.w != e->w || again.guest != e->guest || again.fwd != e->fwd || again.unit != e->unit || again.num != e->num)
		abort();
}
static struct ord_chk *open_checker(const uint8_t *data, struct ord_knobs *k)
{
	struct err err = { 0 };
	struct ord_chk *c;

	cfg_defaults(ord_knob_opts, k);
	k->coherent_walk = data[1] & 1;
	k->np_cache = data[1] & 2;
	k->lazy_ok = data[1] & 4;
	k->sw_timeout_ok = data[1] & 8;
	k->amd_strict_iotlb_order = data[1] & 16;
	c = ord_open((enum ord_arch)(data[0] & 3), k, on_finding, NULL, &err);
	if (!c)
		abort();
	return c;
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ord_knobs k;
	struct err err = { 0 };
	struct ord_chk *c;
	struct ord_ev e;
	char *text;
	uint64_t line = 1;

	if (n < 2)
		return 0;
	memset(&k, 0, sizeof(k));
	c = open_checker(data, &k);
	text = malloc(n - 1);
	if (!text)
		abort();
	memcpy(text, data + 2, n - 2);
	text[n - 2] = 0;
	for (const char *s = text, *end; *s; s = *end ? end + 1 : end) {
		if (ord_parse(s, &end, &e, ord_names(c))) {
			end = s + strcspn(s, ";\n");
		} else {
			canon(s, end, &e, ord_names(c));
			e.line = line;
			e.at = UINT64_MAX;
			if (!ord_event(c, &e, &err))
				abort();
			end += strcspn(end, ";\n");
		}
		line += *end == '\n';
	}
	if (!ord_finish(c, &err))
		abort();
	for (unsigned r = 0; r < ORD_RULES_N; r++)
		(void)ord_decidable(c, (enum ord_rule_id)r);
	ord_close(c);
	cfg_free(ord_knob_opts, &k);
	free(text);
	return 0;
}
