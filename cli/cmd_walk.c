/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_walk.c - iommusim walk: options and output. The work is in walk_image.c, walk_check.c and the architecture's walk_*.c.
 * Output as text while it is found, or one JSON object at the end. Exit status 1: a disagreement, or a translation that was refused.
 */
#include "cli.h"
#include "json_out.h"
#include "walk_check.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;
struct opts {
	const char *image, *query;
	unsigned haw;
	bool json, list, write, have_iova, have_rid, have_pasid;
	uint64_t iova, rid, pasid;
};
struct out { /* where findings go */
	struct walk_unit *w;
	bool json;
	json_t *diff[3]; /* by enum walk_diff_kind */
	json_t *root;
};

static const char help_text[] =
	"Usage: iommusim walk IMAGE.idx [option]...\n"
	"Translate over a memory image (IMAGE.idx with IMAGE.pages.gz beside it). The unit's capabilities come from the image's registers.\n"
	"Without an option: list the requesters.\n\n"
	"  --query FILE         compare with a witness: NAME.maps.gz (mappings), NAME.xlate.gz (translations) or NAME.cases.gz (accesses);\n"
	"                       every disagreement is listed with the walk step by step, the last line is the sum\n"
	"  --list               list every mapping our own enumeration finds\n"
	"  --iova ADDR          translate one address and show the walk; with\n"
	"    --rid ID           the requester (SMMUv3: stream): a number, or bus:device.function in hexadecimal\n"
	"    --pasid N          the request carries this PASID (SMMUv3: substream)\n"
	"    --write            the access is a write (default: a read)\n"
	"  --haw BITS           host address width, 12 to 64; SMMUv3: output address size (default: from the image's registers)\n"
	"  --format text|json   how to print (default: text)\n"
	"  --help\n\n"
	"Exit status: 0 all agree, 1 a disagreement or a refused translation, 2 wrong input, 3 the machine failed.\n\n"
	"Example:\n"
	"  iommusim walk tests/data/walk/smmuv3-edu.snap2.idx --rid 00:01.0 --iova 0x100000008 --write\n"
	"  iommusim walk tests/data/walk/vtd-edu.snap4.idx --query tests/data/walk/vtd-edu.snap4.maps.gz\n";

/* --- options --- */
static bool number(const char *s, uint64_t max, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 0);
	return *s >= '0' && *s <= '9' && !*end && !errno && *v <= max;
}

static bool requester(const char *s, uint64_t *rid)
{
	unsigned bus, dev, fn;
	int n = 0;

	if (sscanf(s, "%2x:%2x.%1x%n", &bus, &dev, &fn, &n) == 3 && !s[n] && dev < 32 && fn < 8) {
		*rid = bus << 8 | dev << 3 | fn;
		return true;
	}
	return number(s, UINT32_MAX, rid);
}

enum { O_QUERY = 256, O_LIST, O_IOVA, O_RID, O_PASID, O_WRITE, O_HAW, O_FORMAT, O_HELP };
static const struct option longopts[] = {
	{ "query", required_argument, NULL, O_QUERY }, { "list", no_argument, NULL, O_LIST },
	{ "iova", required_argument, NULL, O_IOVA },   { "rid", required_argument, NULL, O_RID },
	{ "pasid", required_argument, NULL, O_PASID }, { "write", no_argument, NULL, O_WRITE },
	{ "haw", required_argument, NULL, O_HAW },     { "format", required_argument, NULL, O_FORMAT },
	{ "help", no_argument, NULL, O_HELP },	       { NULL, 0, NULL, 0 },
};

/* Returns: -1 to go on, else the exit status. */
static int one_option(struct opts *o, int c, char **argv)
{
	uint64_t v;

	switch (c) {
	case O_QUERY:
		o->query = optarg;
		return -1;
	case O_LIST:
		o->list = true;
		return -1;
	case O_WRITE:
		o->write = true;
		return -1;
	case O_IOVA:
		o->have_iova = number(optarg, UINT64_MAX, &o->iova);
		return o->have_iova ? -1 : cli_usage("walk", "--iova %s: not an address", optarg);
	case O_RID:
		o->have_rid = requester(optarg, &o->rid);
		return o->have_rid ? -1 : cli_usage("walk", "--rid %s: not a requester (0x8, or 00:01.0)", optarg);
	case O_PASID:
		o->have_pasid = number(optarg, 0xfffff, &o->pasid);
		return o->have_pasid ? -1 : cli_usage("walk", "--pasid %s: not a PASID (0 to 0xfffff)", optarg);
	case O_HAW:
		if (!number(optarg, 64, &v) || v < 12)
			return cli_usage("walk", "--haw %s: not a width from 12 to 64 bits", optarg);
		o->haw = (unsigned)v;
		return -1;
	case O_FORMAT:
		o->json = !strcmp(optarg, "json");
		return o->json || !strcmp(optarg, "text") ? -1 : cli_usage("walk", "--format %s: must be text or json", optarg);
	case O_HELP:
	case 'h':
		fputs(help_text, stdout);
		return cli_out(0);
	default:
		return cli_usage("walk", "%s: %s", argv[optind - 1], c == ':' ? "needs a value" : "unknown option");
	}
}

static int parse(struct opts *o, int argc, char **argv)
{
	int c, st;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", longopts, NULL)) != -1) {
		st = one_option(o, c, argv);
		if (st >= 0)
			return st;
	}
	if (optind + 1 != argc)
		return cli_usage("walk", optind == argc ? "no image given" : "one image at a time");
	o->image = argv[optind];
	if (o->query && (o->list || o->have_iova))
		return cli_usage("walk", "--query goes without --list and --iova");
	if (o->list && o->have_iova)
		return cli_usage("walk", "--list goes without --iova");
	if (!o->have_iova && (o->have_rid || o->have_pasid || o->write))
		return cli_usage("walk", "--rid, --pasid and --write need --iova");
	if (o->have_iova && !o->have_rid)
		return cli_usage("walk", "--iova needs --rid");
	return -1;
}

/* --- one walk --- */
static void print_steps(const struct walk_unit *w, const struct walk_trace *t)
{
	unsigned n = t->n < WALK_STEPS ? t->n : WALK_STEPS;

	for (unsigned i = 0; i < n; i++) {
		const struct walk_step *s = &t->step[i];

		printf("    %2u  read 0x%012llx %-9s", i + 1, (ull)s->spa, walk_page_kind(w, s->spa));
		if (s->st == MEM_ABSENT)
			printf(" not in the image");
		else if (s->st == MEM_BUS_ERROR)
			printf(" bus error");
		for (unsigned k = 0; s->st == MEM_OK && k < s->words; k++)
			printf(" 0x%llx", (ull)s->data[k]);
		putchar('\n');
	}
	if (!t->n)
		puts("    (no table was read)");
}

static json_t *hex(uint64_t v)
{
	return json_sprintf("0x%llx", (ull)v);
}

static json_t *json_steps(const struct walk_unit *w, const struct walk_trace *t)
{
	static const char *const st[] = { "ok", "bus error", "not in the image" };
	json_t *a = json_array();

	for (unsigned i = 0; i < t->n && i < WALK_STEPS; i++) {
		const struct walk_step *s = &t->step[i];
		json_t *d = json_array();

		for (unsigned k = 0; s->st == MEM_OK && k < s->words; k++)
			json_out_add(d, hex(s->data[k]));
		json_out_add(a, json_pack("{s:o, s:s, s:s, s:o}", "address", hex(s->spa), "structure", walk_page_kind(w, s->spa), "status",
						   st[s->st], "words", d));
	}
	return a;
}

static char access_name(const struct xl_req *q)
{
	return q->acc & XL_W ? 'w' : q->acc & XL_X ? 'x' : 'r';
}

static void print_req(const struct xl_req *q)
{
	printf("requester 0x%x", q->rid);
	if (q->has_pasid)
		printf(" pasid 0x%x", q->pasid);
	printf(" iova 0x%llx", (ull)q->iova);
	if (q->acc)
		printf(" %c", access_name(q));
}

static json_t *json_req(const struct xl_req *q)
{
	json_t *o = json_pack("{s:o, s:o}", "rid", hex(q->rid), "iova", hex(q->iova));

	if (q->has_pasid)
		json_object_set_new(o, "pasid", json_integer(q->pasid));
	if (q->acc)
		json_object_set_new(o, "access", json_sprintf("%c", access_name(q)));
	return o;
}

static int print_json(json_t *o)
{
	struct err e = { 0 };

	return json_out_put(o, 1, &e) ? 0 : cli_fail(&e);
}

static int translate_one(struct walk_unit *w, const struct opts *o)
{
	struct xl_req q = { .iova = o->iova, .rid = (uint32_t)o->rid, .len = 1, .acc = o->write ? XL_W : XL_R };
	struct walk_trace t;
	struct xl_res r;
	char text[200], record[100] = "";
	bool answer;

	q.has_pasid = o->have_pasid;
	q.pasid = (uint32_t)o->pasid;
	answer = walk_now(w, &q, &r, &t);
	walk_result_text(w, &r, &t, text, sizeof(text));
	if (answer && !r.ok)
		walk_record_text(w, &q, &r, record, sizeof(record));
	if (o->json) {
		json_t *j = json_pack("{s:o, s:s, s:b, s:o}", "request", json_req(&q), "result", text, "ok", answer && r.ok, "steps", json_steps(w, &t));

		if (answer && r.ok)
			json_object_set_new(j, "pa", hex(r.spa));
		else if (answer)
			json_object_set_new(j, "code", json_integer(r.code));
		if (*record)
			json_object_set_new(j, "record", json_string(record + strlen(" record ")));
		if (print_json(j))
			return ERR_MACHINE;
	} else {
		print_req(&q);
		putchar('\n');
		print_steps(w, &t);
		printf("%s\n", text);
		if (*record)
			printf("fault log:%s\n", record);
	}
	return cli_out(answer && r.ok ? 0 : 1);
}

/* --- lists --- */
static json_t *pasid_json(uint32_t pasid)
{
	return pasid == WQ_NO_PASID ? json_null() : json_integer(pasid);
}

static void pasid_text(uint32_t pasid, char *buf, size_t n)
{
	if (pasid == WQ_NO_PASID)
		snprintf(buf, n, "-");
	else
		snprintf(buf, n, "%u", pasid);
}

static bool on_requester(void *arg, const struct walk_requester *q)
{
	struct out *o = arg;
	char pasid[16];

	if (o->json) {
		json_out_add(o->root, json_pack("{s:o, s:o, s:i, s:s}", "rid", hex(q->rid), "pasid", pasid_json(q->pasid), "domain", (int)q->did,
							 "type", q->type));
		return true;
	}
	pasid_text(q->pasid, pasid, sizeof(pasid));
	printf("requester 0x%x pasid %s domain 0x%x %s\n", q->rid, pasid, q->did, q->type);
	return true;
}

static int list_requesters(struct walk_unit *w, bool json)
{
	struct out o = { .w = w, .json = json };
	struct err e;

	if (json)
		o.root = json_array();
	if (!w->arch->requesters(w, on_requester, &o, &e)) {
		json_decref(o.root);
		return cli_fail(&e);
	}
	if (json && print_json(json_pack("{s:s, s:o}", "kind", w->arch->kind, "requesters", o.root)))
		return ERR_MACHINE;
	if (!json && w->outside)
		printf("%llu structures are named by the tables but not held by the image\n", (ull)w->outside);
	return cli_out(0);
}

static int list_mappings(struct walk_unit *w, bool json)
{
	struct walk_map *m = NULL;
	json_t *a = json ? json_array() : NULL;
	struct err e;
	char pasid[16];
	size_t n;

	if (!walk_list(w, &m, &n, &e)) {
		json_decref(a);
		return cli_fail(&e);
	}
	if (!json)
		puts("# rid pasid iova pa size perm");
	for (size_t i = 0; i < n; i++) {
		pasid_text(m[i].pasid, pasid, sizeof(pasid));
		if (json)
			json_out_add(a, json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "rid", hex(m[i].rid), "pasid", pasid_json(m[i].pasid), "iova",
							   hex(m[i].iova), "pa", hex(m[i].pa), "size", hex(m[i].size), "perm",
							   walk_perm_text(m[i].perm)));
		else
			printf("0x%x %s 0x%llx 0x%llx 0x%llx %s\n", m[i].rid, pasid, (ull)m[i].iova, (ull)m[i].pa, (ull)m[i].size,
			       walk_perm_text(m[i].perm));
	}
	free(m);
	if (json && print_json(json_pack("{s:o, s:I}", "mappings", a, "outside", (json_int_t)w->outside)))
		return ERR_MACHINE;
	if (!json && w->outside)
		printf("# %llu structures are named by the tables but not held by the image\n", (ull)w->outside);
	return cli_out(0);
}

/* --- comparison --- */
static const char *const diff_word[] = { "disagree", "reason differs", "decided by the specification" };

static bool on_diff(void *arg, const struct walk_diff *d)
{
	struct out *o = arg;

	if (o->json) {
		json_t *j = json_pack("{s:I, s:o, s:s, s:s}", "line", (json_int_t)d->line, "request", json_req(&d->req), "found", d->found, "expected",
				      d->expected);

		if (d->trace)
			json_object_set_new(j, "steps", json_steps(o->w, d->trace));
		json_out_add(o->diff[d->kind], j);
		return true;
	}
	printf("%s: ", diff_word[d->kind]);
	if (d->line)
		printf("line %llu: ", (ull)d->line);
	print_req(&d->req);
	if (d->kind == WALK_BY_SPEC) { /* not a finding: one line each */
		printf(": found %s; witness: %s\n", d->found, d->expected);
		return true;
	}
	printf("\n  found    %s\n  expected %s\n", d->found, d->expected);
	if (d->trace)
		print_steps(o->w, d->trace);
	return true;
}

static int print_tally_json(struct out *o, const struct walk_query *q, const struct walk_tally *t)
{
	json_t *r = json_pack("{s:I, s:I, s:I}", "equal", (json_int_t)t->equal, "explained", (json_int_t)t->explained, "different",
			      (json_int_t)t->different);
	json_t *why = json_object();

	for (unsigned i = 0; i < WALK_WHYS && t->why[i].text; i++)
		json_object_set_new(why, t->why[i].text, json_integer((json_int_t)t->why[i].n));
	json_object_set_new(r, "explanations", why);
	return print_json(json_pack("{s:s, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "query", q->path, "agree", (json_int_t)t->agree,
				    "disagree", (json_int_t)t->disagree, "skipped", (json_int_t)t->skipped, "reasons", r, "stale",
				    (json_int_t)t->stale, "by_specification", (json_int_t)t->by_spec, "mappings", (json_int_t)t->mappings,
				    "disagreements", json_incref(o->diff[WALK_DISAGREE]), "reason_differences",
				    json_incref(o->diff[WALK_REASON]), "decided_by_specification", json_incref(o->diff[WALK_BY_SPEC])));
}

static void print_tally(const struct walk_unit *w, const struct walk_query *q, const struct walk_tally *t)
{
	if (w->note)
		printf("note: %s\n", w->note);
	if (q->kind == WQ_MAPS)
		printf("mappings: %zu in the file, %llu found by our enumeration\n", q->n, (ull)t->mappings);
	if (t->stale)
		printf("stale: %llu as memory says\n", (ull)t->stale);
	if (t->by_spec)
		printf("decided by the specification: %llu\n", (ull)t->by_spec);
	if (q->kind == WQ_CASES)
		printf("reason: %llu equal, %llu explained, %llu different\n", (ull)t->equal, (ull)t->explained, (ull)t->different);
	for (unsigned i = 0; i < WALK_WHYS && t->why[i].text; i++)
		printf("explained %llu: %s\n", (ull)t->why[i].n, t->why[i].text);
	printf("%llu agree, %llu disagree, %llu skipped\n", (ull)t->agree, (ull)t->disagree, (ull)t->skipped);
}

static int compare(struct walk_unit *w, const struct opts *opt)
{
	struct out o = { .w = w, .json = opt->json };
	struct walk_tally t;
	struct err e;
	struct walk_query *q = walk_query_load(opt->query, &e);
	int st;

	if (!q)
		return cli_fail(&e);
	for (unsigned i = 0; o.json && i < ARRAY_LEN(o.diff); i++)
		o.diff[i] = json_array();
	if (!walk_check(w, q, on_diff, &o, &t, &e)) {
		st = cli_fail(&e);
	} else {
		st = o.json ? print_tally_json(&o, q, &t) : 0;
		if (!o.json)
			print_tally(w, q, &t);
		st = st ? st : cli_out(t.disagree ? 1 : 0);
	}
	for (unsigned i = 0; i < ARRAY_LEN(o.diff); i++)
		json_decref(o.diff[i]);
	walk_query_free(q);
	return st;
}

int cmd_walk(int argc, char **argv)
{
	struct opts o = { 0 };
	struct walk_unit w;
	struct err e;
	int st = parse(&o, argc, argv);

	if (st >= 0)
		return st;
	json_out_begin();
	if (!walk_open(&w, o.image, o.haw, &e))
		return cli_fail(&e);
	if (o.query)
		st = compare(&w, &o);
	else if (o.list)
		st = list_mappings(&w, o.json);
	else if (o.have_iova)
		st = translate_one(&w, &o);
	else
		st = list_requesters(&w, o.json);
	walk_close(&w);
	return st;
}
