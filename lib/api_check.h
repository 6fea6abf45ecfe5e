/* SPDX-License-Identifier: Apache-2.0 */
/* api_check.h - between the library's ordering checker (api_check.c) and its findings (api_found.c). */
#ifndef IOMMUSIM_API_CHECK_H
#define IOMMUSIM_API_CHECK_H
#include "api_int.h"
#include "check/ordhw.h"

enum { CHECK_GROUPS = 3, CHECK_UNITS = 256 };
struct check_group { /* units of one architecture */
	iommusim *s;
	const char *arch;
	struct ordhw_units *hw;
	struct ord_chk *c; /* NULL: nothing has happened yet */
	struct ord_knobs k;
	uint8_t unit[CHECK_UNITS]; /* of the machine, by index here */
	unsigned n;
};
struct check_found {
	struct ord_finding f;
	char *what, *right, *history;
	uint64_t time;
	unsigned unit;
};
struct api_check {
	struct check_group g[CHECK_GROUPS];
	unsigned n;
	struct { uint8_t group, unit; } of[CHECK_UNITS]; /* by unit of the machine */
	char **knob; /* NULL-terminated */
	struct err e;
	bool done, busy; /* done: nothing more is checked; busy: inside ordering() */
	uint64_t software; /* call of the last store or register write */
	struct check_found *found;
	size_t n_found, cap_found;
	uint64_t count, errors, of_rule[ORD_RULES_N];
};

void api_found(void *group, const struct ord_finding *f); /* an ord_report_fn */
void api_found_free(struct api_check *k);
#endif
