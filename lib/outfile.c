/* SPDX-License-Identifier: Apache-2.0 */
/* outfile.c - see outfile.h. */
#include "outfile.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool outfile_open(struct outfile *f, const char *path, struct err *e)
{
	struct stat st;
	bool fresh = stat(path, &st) || S_ISREG(st.st_mode);

	*f = (struct outfile){ .path = strdup(path) };
	if (!f->path || (fresh && asprintf(&f->tmp, "%s.tmp%ld", path, (long)getpid()) < 0)) {
		free(f->path);
		*f = (struct outfile){ 0 };
		return err_set(e, ERR_MACHINE, "out of memory");
	}
	f->o = fopen(fresh ? f->tmp : path, "w");
	if (f->o)
		return true;
	err_errno(e, path);
	free(f->path);
	free(f->tmp);
	*f = (struct outfile){ 0 };
	return false;
}

bool outfile_end(struct outfile *f, bool ok, struct err *e)
{
	bool put;

	if (!f->o)
		return ok;
	errno = 0;
	put = !fflush(f->o) && !ferror(f->o);
	put = !fclose(f->o) && put;
	if (ok && (!put || (f->tmp && rename(f->tmp, f->path))))
		ok = err_set(e, ERR_MACHINE, "%s: %s", f->path, errno ? strerror(errno) : "write error");
	if (!ok && f->tmp)
		unlink(f->tmp);
	free(f->path);
	free(f->tmp);
	*f = (struct outfile){ 0 };
	return ok;
}

void outfile_drop(struct outfile *f)
{
	struct err e;

	(void)outfile_end(f, false, &e);
}
