/* SPDX-License-Identifier: Apache-2.0 */
/* run_out.c - see run_out.h. */
#include "run_out.h"
#include "outfile.h"
#include "report.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_dir(const char *dir, struct err *e)
{
	struct stat st;

	if (!dir || !mkdir(dir, 0777))
		return true;
	if (errno != EEXIST || stat(dir, &st))
		return err_errno(e, dir);
	return S_ISDIR(st.st_mode) || err_set(e, ERR_INPUT, "-o %.200s: exists and is not a directory", dir);
}

bool run_out_check(const struct run_opts *o, struct err *e)
{
	if (!make_dir(o->dir, e))
		return false;
	for (size_t i = 0; i < o->n_stats; i++) {
		const char *path = o->stats[i], *slash = strrchr(path, '/');
		char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
		bool ok = dir && !access(dir, W_OK | X_OK);

		if (!dir)
			return err_set(e, ERR_MACHINE, "out of memory");
		free(dir);
		if (!ok)
			return err_errno(e, path);
	}
	return true;
}

static bool put_config(const struct run_cfg *c, const char *path, struct err *e)
{
	struct outfile f;

	return outfile_open(&f, path, e) && outfile_end(&f, run_cfg_dump(c, f.o, e), e);
}

bool run_out_write(const struct run_opts *o, const struct run_cfg *c, const struct stat_reg *reg, struct err *e)
{
	static const char *const name[] = { "config.yaml", "stats.txt", "stats.json", "stats.csv" };
	bool ok = true;

	for (size_t i = 0; ok && i < o->n_stats; i++)
		ok = report_file(reg, o->stats[i], e);
	for (size_t i = 0; ok && o->dir && i < ARRAY_LEN(name); i++) {
		char *path;

		if (asprintf(&path, "%s/%s", o->dir, name[i]) < 0)
			return err_set(e, ERR_MACHINE, "out of memory");
		ok = i ? report_file(reg, path, e) : put_config(c, path, e);
		free(path);
	}
	return ok;
}
