/* SPDX-License-Identifier: Apache-2.0 */
/* validate.h - private to cmd_validate.c and validate_*.c: targets, what experiments measured, and how it is judged. */
#ifndef IOMMUSIM_VALIDATE_H
#define IOMMUSIM_VALIDATE_H
#include "core/base/err.h"
#include <stdio.h>

enum { VAL_LINE = 2048 };
enum val_verdict { VAL_PASS, VAL_FAIL, VAL_INPUT, VAL_UNKNOWN };

struct val_check { /* one line of an experiment */
	char *text; /* what the others point into */
	const char *id, *what, *published, *ours, *band;
	enum val_verdict verdict;
	double reach; /* distance from the published value over what the band allows; above 1: missed */
};
struct val_target {
	char *text;
	const char *id, *role, *experiment, *band, *what, *source, *note;
	size_t n, n_pass, n_input;
	const struct val_check *worst; /* with the largest reach; NULL: nothing judged */
	bool wanted, ran;
};
struct val {
	struct val_target *target;
	size_t n_target;
	struct val_check *check;
	size_t n_check;
	char *file; /* all of targets.txt */
};

/** val_load() - targets.txt in @dir. */
bool val_load(struct val *v, const char *dir, struct err *e) MUST_USE;
/** val_measured() - the lines of one experiment, judged; @name for messages. */
bool val_measured(struct val *v, const char *experiment, const char *name, struct err *e) MUST_USE;
/** val_count() - of each target, when all was measured. */
void val_count(struct val *v);
void val_free(struct val *v);
/** val_judge() - fills verdict and reach. Returns: false if the band cannot be read. */
bool val_judge(struct val_check *c) MUST_USE;
/** val_verdict_name() - of a target: pass, FAIL, input, law, not done, not run. */
const char *val_verdict_name(const struct val_target *t);
bool val_failed(const struct val_target *t);
/* validate_out.c */
bool val_table(const struct val *v, FILE *o, bool markdown);
bool val_csv(const struct val *v, const char *path, struct err *e) MUST_USE;
/** val_doc() - replace what stands between the two marks in the page at @path. */
bool val_doc(const struct val *v, const char *path, struct err *e) MUST_USE;
#endif
