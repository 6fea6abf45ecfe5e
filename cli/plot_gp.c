/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plot_gp.c - a figure as data (F.dat), as a gnuplot script (F.gp) that names only files beside it, and as the picture gnuplot makes of them.
 * Colours: Okabe and Ito's eight, which people with any kind of colour vision can tell apart (lines also differ in point and dash); viridis.
 */
#include "plot_fig.h"
#include "outfile.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const colour[] = { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A800" };
static const int point[] = { 7, 5, 9, 13, 11, 4, 6, 8 };
static const struct { const char *suffix, *terminal; } term[] = {
	{ ".svg", "svg size 960,540 dynamic font 'Sans,13' noenhanced background '#ffffff'" },
	{ ".png", "pngcairo size 1200,675 font 'Sans,12' noenhanced" },
	{ ".pdf", "pdfcairo size 18cm,10.2cm font 'Sans,9' noenhanced" },
};

static const char *terminal(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < ARRAY_LEN(term); i++)
		if (!strcmp(dot, term[i].suffix))
			return term[i].terminal;
	return NULL;
}

bool plot_known(const char *path)
{
	return terminal(path);
}

/* A gnuplot string. One with a backquote goes into single quotes: in double quotes gnuplot would run as a command what stands behind it. */
static void put_string(FILE *o, const char *s)
{
	bool single = strchr(s, '`');

	fputc(single ? '\'' : '"', o);
	for (; *s; s++) {
		if (single ? *s == '\'' : *s == '"' || *s == '\\')
			fputc(single ? '\'' : '\\', o);
		fputc((unsigned char)*s < 0x20 ? ' ' : *s, o);
	}
	fputc(single ? '\'' : '"', o);
}

/* The rest of a line that is a comment. */
static void put_comment(FILE *o, const char *s)
{
	for (; *s; s++)
		fputc((unsigned char)*s < 0x20 ? ' ' : *s, o);
	fputc('\n', o);
}

static void put_words(FILE *o, const char *a, const char *b, const char *c, const char *d)
{
	char buf[1200];

	snprintf(buf, sizeof(buf), "%s%s%s%s", a, b, c, d);
	put_string(o, buf);
}

/* A field of the data file: no spaces inside, no quotes. */
static void put_word(FILE *o, const char *s)
{
	fputc('"', o);
	for (; s && *s; s++)
		fputc(*s == '"' || (unsigned char)*s < 0x20 ? '_' : *s, o);
	fputc('"', o);
}

static void range_of(const struct plot_fig *f, double *lo, double *hi)
{
	*lo = INFINITY;
	*hi = -INFINITY;
	for (size_t i = 0; i < f->n_series; i++)
		for (size_t j = 0; j < f->series[i].n; j++) {
			*lo = fmin(*lo, f->series[i].pt[j].y);
			*hi = fmax(*hi, f->series[i].pt[j].y);
		}
}

static void put_cells(const struct plot_fig *f, FILE *o)
{
	double lo, hi;

	range_of(f, &lo, &hi);
	fputs("# columns: column, row, value, colour of the number in the cell, runs, x and row as the configuration writes them\n", o);
	for (size_t i = 0; i < f->n_series; i++)
		for (size_t j = 0; j < f->series[i].n; j++) {
			const struct plot_pt *p = &f->series[i].pt[j];

			fprintf(o, "%zu %zu %.10g %d %zu ", p->cat, i, p->y / f->y.div,
					p->y < (f->log & PLOT_LOG_Y ? sqrt(lo * hi) : (lo + hi) / 2) ? 0xffffff : 0, p->n);
			put_word(o, p->text);
			fputc(' ', o);
			put_word(o, f->series[i].name);
			fputc('\n', o);
		}
}

static void put_data(const struct plot_fig *f, FILE *o)
{
	if (f->type == PLOT_HEAT) {
		put_cells(f, o);
		return;
	}
	fputs("# columns: place of x in the list of its values, x, y, standard deviation, runs, x as the configuration writes it\n", o);
	for (size_t i = 0; i < f->n_series; i++) {
		const struct plot_series *s = &f->series[i];

		fprintf(o, "%s# %s%s%s%s\n", i ? "\n\n" : "", f->y.name, f->req->by ? ", " : "", f->req->by ? f->req->by : "",
				f->req->by ? "=" : "");
		fprintf(o, "# series %zu: ", i);
		put_comment(o, s->name);
		for (size_t j = 0; j < s->n; j++) {
			const struct plot_pt *p = &s->pt[j];

			if (!f->x.words)
				fprintf(o, "%zu %.10g %.10g %.10g %zu ", p->cat, p->x / f->x.div, p->y / f->y.div, p->sd / f->y.div, p->n);
			else
				fprintf(o, "%zu %zu %.10g %.10g %zu ", p->cat, p->cat, p->y / f->y.div, p->sd / f->y.div, p->n);
			put_word(o, p->text);
			fputc('\n', o);
		}
	}
}

/* Places in a list on x: bars, cells, words. */
static bool listed(const struct plot_fig *f)
{
	return f->x.words || f->type == PLOT_BAR || f->type == PLOT_GROUPED || f->type == PLOT_HEAT;
}

/* The place of tick @i on the axis, from 0 to 1. */
static double place(const struct plot_fig *f, size_t i)
{
	double lo = f->cat[0].num, hi = f->cat[f->n_cat - 1].num, v = f->cat[i].num;

	return hi == lo ? 0 : f->log & PLOT_LOG_X ? log(v / lo) / log(hi / lo) : (v - lo) / (hi - lo);
}

/* A short axis of whole numbers has no ticks between them. */
static bool few_integers(const struct plot_fig *f)
{
	for (size_t i = 0; i < f->n_cat; i++)
		if (f->cat[i].num / f->x.div != floor(f->cat[i].num / f->x.div))
			return false;
	return f->n_cat && (f->cat[f->n_cat - 1].num - f->cat[0].num) / f->x.div <= 12;
}

/* The text of tick @i: sizes and words as written; other numbers in the unit of the axis. */
static void tick_text(const struct plot_fig *f, size_t i, char *buf, size_t n)
{
	if (f->x.words || f->x.size)
		snprintf(buf, n, "%s", f->cat[i].text);
	else
		snprintf(buf, n, "%g", f->cat[i].num / f->x.div);
}

static void put_xtics(const struct plot_fig *f, FILE *o)
{
	bool list = listed(f);
	size_t every = f->n_cat > 16 ? (f->n_cat + 15) / 16 : 1, longest = 0;
	double last = -1;
	char text[300];

	if (!f->n_cat || (!list && !(f->log & PLOT_LOG_X || f->x.size))) {
		fputs(few_integers(f) ? "set xtics 1\n" : "", o);
		return;
	}
	fputs("set xtics (", o);
	for (size_t i = 0; i < f->n_cat; i += every) {
		if (!list && place(f, i) - last < 0.06) /* would overlap */
			continue;
		last = list ? last : place(f, i);
		tick_text(f, i, text, sizeof(text));
		longest = strlen(text) > longest ? strlen(text) : longest;
		fputs(i ? ", " : "", o);
		put_string(o, text);
		fprintf(o, " %.10g", list ? (double)i : f->cat[i].num / f->x.div);
	}
	fputs(")\n", o);
	if (longest * (f->n_cat / every) > 80)
		fputs("set xtics rotate by -30\n", o);
}

static void put_axis(FILE *o, const char *which, const struct plot_axis *a)
{
	fprintf(o, "set %slabel ", which);
	put_words(o, a->name, *a->unit ? " (" : "", a->unit, *a->unit ? ")" : "");
	fputc('\n', o);
}

/* What the picture does not show of itself: averages, choices, what is left out. */
static void put_footnote(const struct plot_fig *f, const char *db_name, FILE *o)
{
	char text[1000];
	size_t at = 0;

	if (f->max_n > 1)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "mean %sof %zu seeds; ",
				f->type == PLOT_HEAT ? "" : "and standard deviation ", f->max_n);
	for (size_t i = 0; i < f->req->n_where && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%.100s; ", f->req->where[i]);
	if (f->n_failed && at < sizeof(text))
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%zu failed runs left out; ", f->n_failed);
	if (f->n_differ && at < sizeof(text))
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%zu runs of the database differ from their trace; ", f->n_differ);
	if (f->n_dropped && at < sizeof(text))
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%zu runs without a value left out; ", f->n_dropped);
	if (at < sizeof(text))
		snprintf(text + at, sizeof(text) - at, "%zu runs of %.200s", f->n_run, db_name);
	fputs("set label 1 ", o);
	put_string(o, text);
	fputs(" at screen 0.012,0.03 left textcolor rgb '#666666'\n", o);
}

/* A ratio that comes close to 1: the axis ends there, not at the next round number. Not if an error bar is longer. */
static bool reaches_one(const struct plot_fig *f, double hi)
{
	double top = 0;

	for (size_t i = 0; i < f->n_series; i++)
		for (size_t j = 0; j < f->series[i].n; j++)
			top = fmax(top, f->series[i].pt[j].y + f->series[i].pt[j].sd);
	return f->type != PLOT_SCATTER && !strcmp(f->y.unit, "ratio") && hi > 0.8 && top <= 1.02;
}

static void put_frame(const struct plot_fig *f, FILE *o)
{
	double lo, hi;

	range_of(f, &lo, &hi);
	fputs("set border 3 lc rgb '#444444'\nset format '%h'\nset tics nomirror out\nset bmargin 5.5\n", o);
	fputs("set grid ytics lt 1 lw 1 lc rgb '#e4e4e4'\n", o);
	put_axis(o, "x", &f->x);
	put_axis(o, "y", &f->y);
	put_xtics(f, o);
	if (f->max_n > 1) /* the foot of an error bar; none below 0 on a logarithmic axis */
		fprintf(o, "low(y, sd) = sd > 0%s ? y - sd : NaN\n", f->log & PLOT_LOG_Y ? " && sd < y" : "");
	if (f->log & PLOT_LOG_X)
		fprintf(o, "set logscale x %g\n", f->pow_base);
	if (f->log & PLOT_LOG_Y)
		fputs("set logscale y\n", o);
	else if (f->type == PLOT_CDF || reaches_one(f, hi))
		fputs("set yrange [0:1.02]\n", o);
	else if (lo >= 0 && (f->type != PLOT_SCATTER))
		fputs(hi > 0 ? "set yrange [0:*]\n" : "set yrange [0:1]\n", o);
	if (listed(f))
		fprintf(o, "set xrange [-0.6:%g]\n", (double)f->n_cat - 0.4);
	else if (f->type != PLOT_CDF)
		fprintf(o, "set autoscale xfix\nset offsets graph 0.02, graph 0.02, %s, 0\n", f->log & PLOT_LOG_Y ? "0" : "graph 0.03");
	else
		fputs("set autoscale xfix\n", o);
	if (f->req->by) {
		fputs("set key outside right top vertical Left reverse samplen 3.5 spacing 1.2 title ", o);
		put_string(o, f->by);
		fputs(" left\n", o);
	} else {
		fputs("unset key\n", o);
	}
}

static void put_heat(const struct plot_fig *f, FILE *o)
{
	size_t every = 1 + f->n_series / 25;
	const struct plot_key *key = &f->key[plot_find_key(f, f->req->by)];
	struct plot_axis by = { .div = 1 };

	snprintf(by.name, sizeof(by.name), "%s", f->by);
	snprintf(by.unit, sizeof(by.unit), "%s", strcmp(key->type, "time") ? key->unit : ""); /* times are written with their unit */
	fputs("set palette defined (0 '#440154', 1 '#46327e', 2 '#365c8d', 3 '#277f8e', 4 '#1fa187', 5 '#4ac16d', 6 '#a0da39', 7 '#fde725')\n"
	      "unset key\nset border 0\nset format '%h'\nset tics nomirror scale 0\nset bmargin 5.5\nset rmargin at screen 0.85\n", o);
	put_axis(o, "x", &f->x);
	put_axis(o, "y", &by);
	put_axis(o, "cb", &f->y);
	fputs("set cblabel offset 1\n", o);
	put_xtics(f, o);
	fputs("set ytics (", o);
	for (size_t i = 0; i < f->n_series; i += every) {
		fputs(i ? ", " : "", o);
		put_string(o, f->series[i].name);
		fprintf(o, " %zu", i);
	}
	fprintf(o, ")\nset xrange [-0.5:%g]\nset yrange [-0.5:%g]\n", (double)f->n_cat - 0.5, (double)f->n_series - 0.5);
	if (f->log & PLOT_LOG_Y)
		fputs("set logscale cb\n", o);
	fputs("plot data using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror fillstyle solid noborder lc palette", o);
	if (f->n_cat <= 12 && f->n_series <= 24 && f->n_cat * f->n_series <= 150)
		fputs(", \\\n     data using 1:2:(sprintf(abs($3) < 1000 ? '%.3g' : '%.0f', $3)):4 with labels tc rgb variable", o);
	fputc('\n', o);
}

static void put_title(const struct plot_series *s, FILE *o)
{
	fputs(" title ", o);
	put_string(o, s->name);
}

static void put_lines(const struct plot_fig *f, FILE *o)
{
	static const char *const how[] = { [PLOT_LINE] = "linespoints", [PLOT_SCATTER] = "points", [PLOT_CDF] = "fsteps" };

	for (size_t i = 0; i < f->n_series; i++) {
		size_t c = i % ARRAY_LEN(colour), dash = 1 + (i / ARRAY_LEN(colour) + (f->type == PLOT_CDF ? i : 0)) % 4; /* no marks there */

		fprintf(o, "%s data index %zu using 2:3 with %s lw 2 lc rgb '%s'", i ? ", \\\n     " : "plot ", i, how[f->type], colour[c]);
		if (f->type != PLOT_SCATTER)
			fprintf(o, " dt %zu", dash);
		if (f->type != PLOT_CDF)
			fprintf(o, " pt %d ps 0.8", point[(i + 3 * (i / ARRAY_LEN(point))) % ARRAY_LEN(point)]); /* other pairs beyond eight */
		put_title(&f->series[i], o);
		if (f->max_n > 1)
			fprintf(o, ", \\\n      data index %zu using 2:(low($3,$4)):(0):(2*$4) with vectors heads size screen 0.004,90 fixed lw 1.5"
				" lc rgb '%s' notitle", i, colour[c]);
	}
	fputc('\n', o);
}

static void put_bars(const struct plot_fig *f, FILE *o)
{
	double w = f->n_series == 1 ? 0.6 : 0.8 / (double)f->n_series;

	for (size_t i = 0; i < f->n_series; i++) {
		double off = ((double)i - ((double)f->n_series - 1) / 2) * w;
		size_t round = 1 + i / ARRAY_LEN(colour);

		/* paler beyond eight */
		fprintf(o, "%s data index %zu using ($1+(%.4g)):3:(%.4g) with boxes fillstyle solid %.2g noborder lc rgb '%s'",
			i ? ", \\\n     " : "plot ", i, off, 0.94 * w, 0.9 / (double)round, colour[i % ARRAY_LEN(colour)]);
		put_title(&f->series[i], o);
		if (f->max_n > 1)
			fprintf(o, ", \\\n      data index %zu using ($1+(%.4g)):(low($3,$4)):(0):(2*$4) with vectors heads size screen %.4f,90 fixed lw 1.5"
				" lc rgb '#222222' notitle", i, off, fmin(0.004, 0.25 * w / (double)f->n_cat));
	}
	fputc('\n', o);
}

static void put_script(const struct plot_fig *f, const char *db_name, const char *picture, const char *data, FILE *o)
{
	fprintf(o, "# written by iommusim plot; run it again in its folder: gnuplot FILE\nset terminal %s\nset output ", terminal(picture));
	put_string(o, picture);
	fputs("\ndata = ", o);
	put_string(o, data);
	fputs("\nset title ", o);
	put_string(o, f->title);
	fputc('\n', o);
	put_footnote(f, db_name, o);
	if (f->type == PLOT_HEAT) {
		put_heat(f, o);
		return;
	}
	put_frame(f, o);
	if (f->type == PLOT_BAR || f->type == PLOT_GROUPED)
		put_bars(f, o);
	else
		put_lines(f, o);
}

/* --- files and gnuplot --- */

static bool put_file(const struct plot_fig *f, const char *db_name, const char *path, const char *picture, const char *data, struct err *e)
{
	struct outfile out;

	if (!outfile_open(&out, path, e))
		return false;
	if (picture)
		put_script(f, db_name, picture, data, out.o);
	else
		put_data(f, out.o);
	return outfile_end(&out, true, e);
}

static bool gnuplot(const char *dir, const char *script, struct err *e)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		if (!*dir || !chdir(dir))
			execlp("gnuplot", "gnuplot", script, (char *)NULL);
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0)
		return err_set(e, ERR_MACHINE, "cannot start gnuplot: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(e, ERR_MACHINE, "gnuplot is not installed (Debian: gnuplot-nox); the script and its data are written: %s",
				script);
	return !status || err_set(e, ERR_MACHINE, "gnuplot failed on %s", script);
}

/* gnuplot does not tell that it could not write all of its picture: does it end as its kind does? */
static bool picture_whole(const char *path, struct err *e)
{
	static const char *const end[][2] = { { ".svg", "</svg>" }, { ".png", "IEND" }, { ".pdf", "%%EOF" } };
	char tail[32];
	FILE *f = fopen(path, "rb");
	size_t n = f && !fseek(f, -(long)sizeof(tail), SEEK_END) ? fread(tail, 1, sizeof(tail), f) : 0;
	bool ok = false;

	for (unsigned i = 0; i < sizeof(end) / sizeof(end[0]); i++)
		ok |= strstr(path, end[i][0]) && memmem(tail, n, end[i][1], strlen(end[i][1]));
	if (f)
		fclose(f);
	if (ok)
		return true;
	unlink(path);
	return err_set(e, ERR_MACHINE, "%s: gnuplot could not write all of it", path);
}

bool plot_draw(const struct plot_fig *f, const char *db_name, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(path, '.');
	char *dir = strndup(path, (size_t)(name - path)), *gp = NULL, *dat = NULL, *gp_path = NULL, *dat_path = NULL;
	int stem = (int)(dot - name);
	bool ok = false;

	if (!dir || asprintf(&gp, "%.*s.gp", stem, name) < 0 || asprintf(&dat, "%.*s.dat", stem, name) < 0 || asprintf(&gp_path, "%s%s", dir, gp) < 0 ||
	    asprintf(&dat_path, "%s%s", dir, dat) < 0)
		err_set(e, ERR_MACHINE, "out of memory");
	else
		ok = put_file(f, db_name, dat_path, NULL, NULL, e) && put_file(f, db_name, gp_path, name, dat, e) && gnuplot(dir, gp, e) && picture_whole(path, e);
	free(gp_path);
	free(dat_path);
	free(dir);
	free(gp);
	free(dat);
	return ok;
}
