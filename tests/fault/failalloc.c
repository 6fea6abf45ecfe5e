/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failalloc.c - preloaded library: the FAIL_ALLOC-th allocation of the program fails (with FAIL_ALLOC_ON set, every one from there on), also those of the
 * libraries it uses, counted from the beginning of main(). FAIL_ALLOC_FILE, if set, is created when it does; with FAIL_ALLOC_WHERE set it prints where it was.
 * FAIL_ALLOC_IN=parent: only in the process that began; child: counted in each process it has forked, from the fork on, and only in the first of them to
 * get there if FAIL_ALLOC_FILE is set. mmap and stacks of threads are not made to fail. For glibc.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

static atomic_long count, limit = -1;
static atomic_bool armed;
static pid_t first;
static int (*real_main)(int, char **, char **);

static bool fails(void)
{
	long n, at = atomic_load(&limit);
	const char *s;
	bool child;
	int fd;

	if (!atomic_load(&armed))
		return false;
	s = getenv("FAIL_ALLOC_IN");
	child = s && *s == 'c';
	if (s && child == (getpid() == first))
		return false;
	n = atomic_fetch_add(&count, 1) + 1;
	if (at == -1) { /* getenv() allocates nothing */
		s = getenv("FAIL_ALLOC");
		at = s ? strtol(s, NULL, 10) : 0;
		atomic_store(&limit, at);
	}
	if (!at || n < at || (n > at && !getenv("FAIL_ALLOC_ON")))
		return false;
	s = getenv("FAIL_ALLOC_FILE");
	if (s && n == at) {
		fd = open(s, O_CREAT | O_WRONLY | (child ? O_EXCL : 0), 0600);
		if (fd >= 0)
			close(fd);
		else if (child)
			return false;
	}
	if (getenv("FAIL_ALLOC_WHERE")) {
		void *at_pc[40];

		atomic_store(&armed, false);
		backtrace_symbols_fd(at_pc, backtrace(at_pc, 40), STDERR_FILENO);
		atomic_store(&armed, true);
	}
	errno = ENOMEM;
	return true;
}
void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}
void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}
void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
void *aligned_alloc(size_t align, size_t n)
{
	return fails() ? NULL : __libc_memalign(align, n);
}
int posix_memalign(void **p, size_t align, size_t n)
{
	void *q = fails() ? NULL : __libc_memalign(align, n);

	if (!q)
		return ENOMEM;
	*p = q;
	return 0;
}
static int main_armed(int argc, char **argv, char **env)
{
	first = getpid();
	unsetenv("LD_PRELOAD"); /* programs it starts, such as gnuplot, are not those under test */
	atomic_store(&armed, true);
	return real_main(argc, argv, env);
}
typedef int start_fn(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void), void (*rtld_fini)(void), void *stack);
start_fn __libc_start_main;

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void), void (*rtld_fini)(void), void *stack)
{
	start_fn *next = (start_fn *)(uintptr_t)dlsym(RTLD_NEXT, "__libc_start_main");

	real_main = main;
	return next(main_armed, argc, argv, init, fini, rtld_fini, stack);
}
