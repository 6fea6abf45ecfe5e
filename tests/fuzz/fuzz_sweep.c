/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_sweep.c - libFuzzer harness: any text as a sweep file; behind a line "====" the file "b" that it may name as base: or include:. A "/" is
 * read as "_", so that no other file can be named. Points are listed and told, not run; the file read again gives the same plan.
 */
#include "fuzz_file.h"
#include "sweep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { TOLD = 1000, IDENTIFIED = 20000 }; /* points; more of them cost time and show nothing new */

static void tell(const struct sweep *s)
{
	char text[200];

	for (size_t i = 0; i < s->n_point && i < TOLD; i++) {
		sweep_say(s, &s->point[i], text, sizeof(text));
		sweep_trace_of(s, &s->point[i]);
		for (size_t a = 0; a < s->n_axis; a++)
			if (s->point[i].choice[a] != SWEEP_UNSET && (size_t)s->point[i].choice[a] >= s->axis[a].n)
				abort();
	}
}
static bool load(const char *path, struct sweep *s)
{
	struct err e = { 0 };

	if (!sweep_load(s, path, &e)) {
		fuzz_said(&e);
		return false;
	}
	if (s->n_point <= IDENTIFIED)
		sweep_identify(s, NULL);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n + 1), *c;
	const uint8_t *p = copy, *part;
	struct fuzz_path path;
	struct sweep a, b;
	size_t len;

	if (!copy)
		abort();
	memcpy(copy, data, n);
	while ((c = memchr(copy, '/', n)))
		*c = '_';
	part = fuzz_part(&p, copy + n, &len);
	path = fuzz_put("s", part, len);
	part = fuzz_part(&p, copy + n, &len);
	fuzz_put("b", part, len);
	free(copy);
	if (load(path.s, &a)) {
		tell(&a);
		if (!load(path.s, &b) || a.n_point != b.n_point || strcmp(a.plan, b.plan))
			abort();
		sweep_free(&b);
		sweep_free(&a);
	}
	return 0;
}
