/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_pool.c - a process per point, so many at a time. A child that crashes, or is killed, is a failed point and nothing more.
 * Children end with their parent (Linux: a death signal). SIGINT and SIGTERM end the sweep; what was running is not recorded.
 */
#include "sweep.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signal; /* a signal handler reaches nothing else */

struct job {
	pid_t pid; /* 0: free */
	int fd, err_fd; /* pipe of results; memory file with what it says on standard error */
	size_t point, len, cap;
	char *data;
};

static void on_signal(int sig)
{
	stop_signal = sig;
}

void sweep_pool_signals(void)
{
	const struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static _Noreturn void child(struct sweep *s, const struct sweep_traces *t, size_t point, int fd, int err_fd, pid_t parent)
{
	FILE *out = fdopen(fd, "w");

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(err_fd, STDERR_FILENO);
	if (!out)
		dprintf(STDERR_FILENO, "out of memory\n");
	_exit(out ? sweep_point_run(s, &s->point[point], t, out) : 1);
}

static bool start(struct job *j, struct sweep *s, const struct sweep_traces *t, size_t point, struct err *e)
{
	pid_t parent = getpid();
	int p[2];

	*j = (struct job){ .point = point, .err_fd = memfd_create("stderr", MFD_CLOEXEC) };
	if (j->err_fd < 0 || pipe2(p, O_CLOEXEC))
		return err_set(e, ERR_MACHINE, "cannot start a point: %s", strerror(errno));
	fflush(NULL);
	j->pid = fork();
	if (!j->pid) {
		close(p[0]);
		child(s, t, point, p[1], j->err_fd, parent);
	}
	close(p[1]);
	j->fd = p[0];
	if (j->pid < 0) {
		j->pid = 0;
		return err_set(e, ERR_MACHINE, "cannot start a point: %s", strerror(errno));
	}
	return true;
}

/* Returns: false at the end of the child's output. */
static bool take(struct job *j, bool *oom)
{
	ssize_t got;

	if (j->cap - j->len < 65536) {
		char *grown = realloc(j->data, j->cap + (1 << 20));

		if (!grown) {
			*oom = true;
			return false;
		}
		j->data = grown;
		j->cap += 1 << 20;
	}
	do
		got = read(j->fd, j->data + j->len, j->cap - j->len - 1);
	while (got < 0 && errno == EINTR && !stop_signal);
	if (got > 0)
		j->len += (size_t)got;
	return got > 0 || (got < 0 && errno == EINTR);
}

/* How the child ended, and the last it said. */
static void last_words(const struct job *j, int status, struct sweep_result *r)
{
	char said[900] = "";
	off_t size = lseek(j->err_fd, 0, SEEK_END);
	ssize_t n = pread(j->err_fd, said, sizeof(said) - 1, size > 800 ? size - 800 : 0);

	for (ssize_t i = n - 1; i >= 0; i--)
		said[i] = said[i] != '\n' && said[i] != '\t' ? said[i] : said[i + 1] ? ' ' : 0;
	if (WIFSIGNALED(status))
		snprintf(r->error, sizeof(r->error), "killed by signal %d (%s)%s%s", WTERMSIG(status), strsignal(WTERMSIG(status)),
				*said ? ": " : "", said);
	else
		snprintf(r->error, sizeof(r->error), "ended early with status %d%s%s", WEXITSTATUS(status), *said ? ": " : "", said);
}

static bool finish(struct sweep_pool *q, struct job *j, struct err *e)
{
	struct sweep_result r = { .point = j->point, .data = j->data, .len = j->len };
	bool failed = false, ok;
	int status = 0;

	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		;
	j->pid = 0;
	if (r.data)
		r.data[r.len] = 0;
	r.crashed = status || !r.data;
	if (r.crashed)
		last_words(j, status, &r);
	close(j->fd);
	close(j->err_fd);
	/* A Ctrl-C at the terminal reaches the children too: theirs is no failure. */
	ok = (stop_signal && r.crashed) || q->done(q->arg, &r, &failed, e);
	if (!(stop_signal && r.crashed)) {
		q->n_done++;
		q->n_failed += failed;
	}
	free(j->data);
	j->data = NULL;
	return ok;
}

static void end_all(struct job *job, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (job[i].pid) {
			kill(job[i].pid, SIGKILL);
			while (waitpid(job[i].pid, NULL, 0) < 0 && errno == EINTR)
				;
			close(job[i].fd);
			close(job[i].err_fd);
			free(job[i].data);
		}
}

static void progress(const struct sweep_pool *q, const struct timespec *t0, bool last)
{
	enum { WIDTH = 30 };
	static const char bar[] = "##############################", rest[] = "..............................";
	struct timespec t;
	double s;
	int full = q->n_todo ? (int)(WIDTH * q->n_done / q->n_todo) : WIDTH;

	if (!q->tty)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	s = (double)(t.tv_sec - t0->tv_sec) + 1e-9 * (double)(t.tv_nsec - t0->tv_nsec);
	fprintf(stderr, "\r\033[K[%.*s%.*s] %zu/%zu points", full, bar, WIDTH - full, rest, q->n_done, q->n_todo);
	if (q->n_failed)
		fprintf(stderr, ", %zu failed", q->n_failed);
	if (q->n_done && !last)
		fprintf(stderr, ", %.0f s left", s / (double)q->n_done * (double)(q->n_todo - q->n_done));
	if (last)
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

/* Wait until some child has something to say, or a second is over (for the progress line). Returns: false on a failure. */
static bool serve(struct sweep_pool *q, struct job *job, unsigned *running, struct err *e)
{
	struct pollfd *f = calloc(q->jobs, sizeof(*f));
	bool ok = f || err_set(e, ERR_MACHINE, "out of memory"), oom = false;

	for (unsigned i = 0; ok && i < q->jobs; i++)
		f[i] = (struct pollfd){ .fd = job[i].pid ? job[i].fd : -1, .events = POLLIN };
	if (ok && poll(f, q->jobs, 1000) > 0)
		for (unsigned i = 0; ok && i < q->jobs; i++)
			if (f[i].revents && !take(&job[i], &oom)) {
				if (oom) {
					ok = err_set(e, ERR_MACHINE, "out of memory");
					break;
				}
				--*running;
				ok = finish(q, &job[i], e);
			}
	free(f);
	return ok;
}

int sweep_pool_run(struct sweep_pool *q, struct sweep *s, const struct sweep_traces *t, struct err *e)
{
	struct job *job = calloc(q->jobs, sizeof(*job));
	struct timespec t0;
	unsigned running = 0;
	size_t next = 0;
	bool ok = job || err_set(e, ERR_MACHINE, "out of memory");

	clock_gettime(CLOCK_MONOTONIC, &t0);
	while (ok && !stop_signal && (next < q->n_todo || running)) {
		for (unsigned i = 0; ok && i < q->jobs && next < q->n_todo; i++)
			if (!job[i].pid) {
				ok = start(&job[i], s, t, q->todo[next++], e);
				running += ok;
			}
		progress(q, &t0, false);
		ok = ok && serve(q, job, &running, e);
	}
	progress(q, &t0, true);
	if (job)
		end_all(job, q->jobs);
	free(job);
	return !ok ? e->code : stop_signal ? 128 + stop_signal : 0;
}
