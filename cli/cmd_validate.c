/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_validate.c - `iommusim validate`: runs the experiments of a directory (bench/validate: targets.txt and one script for each experiment), and
 * judges what they measured against published values. A script gets [--quick] BUILD OUTDIR and prints lines id|what|published|ours|band; status 1
 * (a check of its own failed) is no error, as the judgement is ours. Not here: sampling error of an experiment, which is the script's matter.
 */
#include "cli.h"
#include "validate.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct opts {
	const char *dir, *out, *build, *only, *doc;
	bool quick, list;
	char self[PATH_MAX];
};

static int help(void)
{
	puts("Usage: iommusim validate [option]... [DIR]\n"
	     "Run the experiments of DIR (bench/validate) and judge them against published values: passed, failed, or not done.\n\n"
	     "      --only ID[,ID]...  some targets, such as VAL-06,VAL-07\n"
	     "      --quick            fewer points and DMAs, where an experiment can\n"
	     "      --list             print the targets and run nothing\n"
	     "  -o, --out DIR          results and pictures (default out/validate)\n"
	     "      --build DIR        programs of the experiments (default: where this program is)\n"
	     "      --doc F.md         put the table between the two marks in a page\n"
	     "      --help             this text\n\n"
	     "Exit status: 0, 1 a target failed, 2 wrong input, 3 an experiment could not be run, 130 interrupted.\n\n"
	     "Example:\n  iommusim validate --only VAL-13,VAL-25");
	return cli_out(0);
}

/* 0, or the exit status after a complaint. */
static int parse(struct opts *o, int argc, char **argv, bool *want_help)
{
	static const struct option longs[] = { { "only", required_argument, NULL, 'O' }, { "quick", no_argument, NULL, 'q' }, { "list", no_argument, NULL, 'l' },
					       { "out", required_argument, NULL, 'o' }, { "build", required_argument, NULL, 'b' },
					       { "doc", required_argument, NULL, 'd' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1) {
		switch (c) {
		case 'O': o->only = optarg; break;
		case 'q': o->quick = true; break;
		case 'l': o->list = true; break;
		case 'o': o->out = optarg; break;
		case 'b': o->build = optarg; break;
		case 'd': o->doc = optarg; break;
		case 'h': *want_help = true; return 0;
		case ':': return cli_usage("validate", "%.200s needs a value", argv[optind - 1]);
		default: return cli_usage("validate", "unknown option %.200s", argv[optind - 1]);
		}
	}
	if (argc - optind > 1)
		return cli_usage("validate", "one directory, please: '%.200s' is too many", argv[optind + 1]);
	if (optind < argc)
		o->dir = argv[optind];
	if (!*o->dir || !*o->out || (o->build && !*o->build))
		return cli_usage("validate", "the name of a directory is empty");
	return o->only && o->doc ? cli_usage("validate", "--doc needs every target; leave --only out") : 0;
}

static bool choose(struct val *v, const char *only, struct err *e)
{
	size_t len;

	for (size_t i = 0; i < v->n_target; i++)
		v->target[i].wanted = !only;
	for (; only && *only; only += len + (only[len] == ',')) {
		bool found = false;

		len = strcspn(only, ",");
		for (size_t i = 0; i < v->n_target; i++)
			if (strlen(v->target[i].id) == len && !strncmp(v->target[i].id, only, len))
				found = v->target[i].wanted = true;
		if (!found)
			return err_set(e, ERR_INPUT, "--only: no target %.*s in %s (see --list)", (int)(len > 80 ? 80 : len), only, v->file);
	}
	return true;
}

static bool mkdirs(const char *path, struct err *e)
{
	char part[PATH_MAX];

	if (strlen(path) >= sizeof(part))
		return err_set(e, ERR_INPUT, "%.80s...: too long", path);
	strcpy(part, path);
	for (char *p = part + 1; ; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = 0;
		if (mkdir(part, 0777) && errno != EEXIST)
			return err_errno(e, part);
		*p = c;
		if (!c)
			return true;
	}
}

/* In the child: the script, its rows into @rows and its complaints into @log. */
static void child(const struct opts *o, const char *script, const char *dir, const char *rows, const char *log)
{
	const char *const argv[] = { "bash", script, o->quick ? "--quick" : o->build, o->quick ? o->build : dir, o->quick ? dir : NULL, NULL };
	int out = open(rows, O_WRONLY | O_CREAT | O_TRUNC, 0666), err = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (out < 0 || err < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		_exit(ERR_MACHINE);
	execvp("bash", (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* Returns: 0, 1 it could not be run (said so), 130 interrupted; -1 with @e. */
static int experiment(const struct opts *o, struct val *v, const char *name, struct err *e)
{
	char script[PATH_MAX], dir[PATH_MAX], rows[PATH_MAX], log[PATH_MAX];
	int st, n = 0;
	pid_t pid;

	n |= snprintf(script, sizeof(script), "%s/%s.sh", o->dir, name) >= PATH_MAX;
	n |= snprintf(dir, sizeof(dir), "%s/%s", o->out, name) >= PATH_MAX;
	n |= snprintf(rows, sizeof(rows), "%s/%s.rows", o->out, name) >= PATH_MAX;
	n |= snprintf(log, sizeof(log), "%s/%s.log", o->out, name) >= PATH_MAX;
	if (n)
		return err_set(e, ERR_INPUT, "-o: name too long"), -1;
	if (access(script, R_OK))
		return err_errno(e, script), -1;
	if (!mkdirs(dir, e))
		return -1;
	fprintf(stderr, "iommusim validate: %s\n", name);
	pid = fork();
	if (pid < 0)
		return err_errno(e, "fork"), -1;
	if (!pid)
		child(o, script, dir, rows, log);
	while (waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, "waitpid"), -1;
	if (WIFSIGNALED(st) || WEXITSTATUS(st) > 128)
		return 130;
	if (WEXITSTATUS(st) > 1) {
		fprintf(stderr, "iommusim validate: %s: status %d, see %s\n", script, WEXITSTATUS(st), log);
		return 1;
	}
	return val_measured(v, name, rows, e) ? 0 : -1;
}

/* Every experiment that a wanted target names, once. */
static int run_all(const struct opts *o, struct val *v, struct err *e)
{
	int status = 0;

	for (size_t i = 0; i < v->n_target; i++) {
		const char *name = v->target[i].experiment;
		bool first = v->target[i].wanted && strcmp(v->target[i].role, "undone");
		int got;

		for (size_t k = 0; first && k < i; k++)
			first = !v->target[k].wanted || strcmp(v->target[k].experiment, name);
		if (!first)
			continue;
		got = experiment(o, v, name, e);
		if (got < 0 || got == 130)
			return got;
		status |= got;
	}
	return status;
}

static int list(const struct val *v)
{
	for (size_t i = 0; i < v->n_target; i++) {
		const struct val_target *t = &v->target[i];

		if (t->wanted)
			printf("%-8s %-11s %-14s %s; %s; band %s\n", t->id, t->role, strcmp(t->role, "undone") ? t->experiment : "-", t->what, t->source, t->band);
	}
	return cli_out(0);
}

static void picture(const struct opts *o)
{
	char script[PATH_MAX];
	pid_t pid;
	int st;

	if (snprintf(script, sizeof(script), "%s/summary.sh", o->dir) >= PATH_MAX || access(script, R_OK))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		execlp("bash", "bash", script, o->out, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &st, 0) < 0 || st)
		fprintf(stderr, "iommusim validate: %s: no picture\n", script);
}

static int results(const struct opts *o, struct val *v, bool incomplete, struct err *e)
{
	char path[PATH_MAX];
	int st = 0;

	val_count(v);
	if (snprintf(path, sizeof(path), "%s/validate.csv", o->out) >= PATH_MAX)
		return err_set(e, ERR_INPUT, "-o: name too long"), cli_fail(e);
	val_table(v, stdout, false);
	if (!val_csv(v, path, e) || (o->doc && !incomplete && !val_doc(v, o->doc, e)))
		return cli_fail(e);
	picture(o);
	for (size_t i = 0; i < v->n_target; i++) {
		const struct val_target *t = &v->target[i];

		if (t->wanted && val_failed(t))
			st = st ? st : 1;
		if (t->wanted && strcmp(t->role, "undone") && !strcmp(val_verdict_name(t), "not run"))
			st = ERR_MACHINE;
	}
	return cli_out(incomplete ? ERR_MACHINE : st);
}

static bool own_build(struct opts *o, struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", o->self, sizeof(o->self) - 1);
	char *slash;

	if (o->build)
		return true;
	if (n <= 0)
		return err_errno(e, "/proc/self/exe");
	o->self[n] = 0;
	slash = strrchr(o->self, '/');
	if (slash)
		*slash = 0;
	o->build = o->self;
	return true;
}

int cmd_validate(int argc, char **argv)
{
	struct opts o = { .dir = "bench/validate", .out = "out/validate" };
	struct err e = { 0 };
	struct val v = { 0 };
	bool want_help = false;
	int st = parse(&o, argc, argv, &want_help);

	if (st || want_help)
		return st ? st : help();
	if (!val_load(&v, o.dir, &e) || !choose(&v, o.only, &e) || !own_build(&o, &e))
		st = cli_fail(&e);
	else if (o.list)
		st = list(&v);
	else if (!mkdirs(o.out, &e))
		st = cli_fail(&e);
	else if ((st = run_all(&o, &v, &e)) < 0)
		st = cli_fail(&e);
	else if (st != 130)
		st = results(&o, &v, st, &e);
	val_free(&v);
	return st;
}
