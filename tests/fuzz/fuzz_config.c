/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config.c - libFuzzer harness: any text as a configuration file. A refusal has a code and a sentence; what is accepted is written out in full,
 * is accepted again, and then is written out as the same text. No machine is built from it.
 * Files named by include: are not there to be read: the text may not name any (it is dropped if it does).
 */
#include <string.h>
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct run_cfg a, b;
	struct err e = { 0 };
	char *text = strndup((const char *)data, n), *one, *two;

	if (!strstr(text, "include")) {
		if (run_cfg_parse(&a, text, "fuzz", &e)) {
			one = dump(&a);
			if (!run_cfg_parse(&b, one, "dump", &e)) {
				fprintf(stderr, "%s\n%s", e.msg, one);
				abort();
			}
			two = dump(&b);
			if (strcmp(one, two))
				abort();
			free(one);
			free(two);
			run_cfg_free(&a);
			run_cfg_free(&b);
		} else if (!e.code || !e.msg[0]) {
			abort();
		}
	}
	free(text);
	return 0;
}
