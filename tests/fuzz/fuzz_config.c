/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config.c - libFuzzer harness: any text as a configuration file. A refusal has a code and a sentence; what is accepted is written out in full,
 * is accepted again, and then is written out as the same text. No machine is built from it.
 * Behind lines "====" are two more files, "a" and "b", for include:. With them a "/" is read as "_", so that no other file can be named; text
 * without them may not have include: at all (it is dropped if it does).
 */
#include "config.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char *dump(const struct run_cfg *c)
{
	struct err e = { 0 };
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f || !run_cfg_dump(c, f, &e) || fclose(f))
		abort();
	return text;
}
/* @ok: it was accepted. */
static void check(struct run_cfg *a, bool ok, const struct err *said)
{
	struct run_cfg b;
	struct err e = { 0 };
	char *one, *two;

	if (!ok) {
		fuzz_said(said);
		return;
	}
	one = dump(a);
	if (!run_cfg_parse(&b, one, "dump", &e)) {
		fprintf(stderr, "%s\n%s", e.msg, one);
		abort();
	}
	two = dump(&b);
	if (strcmp(one, two))
		abort();
	free(one);
	free(two);
	run_cfg_free(a);
	run_cfg_free(&b);
}
static void files(const uint8_t *data, size_t n)
{
	static const char *const name[] = { "main", "a", "b" };
	uint8_t *copy = malloc(n), *c;
	const uint8_t *p = copy, *part;
	struct err e = { 0 };
	struct run_cfg a;
	size_t len;

	if (!copy)
		abort();
	memcpy(copy, data, n);
	while ((c = memchr(copy, '/', n)))
		*c = '_';
	for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		part = fuzz_part(&p, copy + n, &len);
		fuzz_put(name[i], part, len);
	}
	free(copy);
	check(&a, run_cfg_load(&a, fuzz_path("main").s, &e), &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct run_cfg a;
	struct err e = { 0 };
	char *text;

	if (memmem(data, n, "\n====\n", 6)) {
		files(data, n);
		return 0;
	}
	text = strndup((const char *)data, n);
	if (!strstr(text, "include"))
		check(&a, run_cfg_parse(&a, text, "fuzz", &e), &e);
	free(text);
	return 0;
}
