/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scopes of the invalidation commands of the AMD-Vi unit: every kind of cached entry is filled, everything it came from changes in memory,
 * one command and a COMPLETION_WAIT are executed, and a later request tells by its answer whether the entry was dropped. What has to go and
 * what has to stay is the matrix of document 48882 with the unit's stated choices; caches too small to keep everything are held to the
 * dropping half only.
 */
#include "amdvi_tables.h"
#include "amdvi_vrig.h"

enum { V = 0x0105, X = 0x0206 /* DomainIDs */, A = 5, B = 6, C = 7, D = 8, R = 9, S = 10, K = 11 /* PASIDs */ };
/* Addresses: one page each, in 2 MiB regions of their own. */
#define VA  UINT64_C(0x12345000)
#define VA2 UINT64_C(0x98765000)
#define VA3 UINT64_C(0x55400000) /* its table changes; filled here, asked for one page further on */
#define VA4 UINT64_C(0x66600000)
#define IK  UINT64_C(0x27182000)
#define IL  UINT64_C(0x31415000)
#define IU  UINT64_C(0x16180000)
#define VK1 UINT64_C(0x40404000)
#define VK2 UINT64_C(0x40804000)
#define VL1 UINT64_C(0x41404000)
#define VL2 UINT64_C(0x41804000)
#define VU  UINT64_C(0x42404000)
#define FAR AT_B(40)
#define OLD UINT64_C(0x40000000)
#define NEW UINT64_C(0x80000000)
enum { H1 = 0x10, H2, G1, G2, N1, N2, DT1, DT2 /* requesters */ };
enum { COLS = 22 };
static const char *const col_name[COLS] = {
	"a host V",
	"b host X",
	"c host V elsewhere",
	"d guest V A",
	"e guest V B",
	"f guest X A",
	"g guest V A elsewhere",
	"h nested V C",
	"i nested V D",
	"j nested X C",
	"k nested V C elsewhere",
	"l GPA V",
	"m GPA V elsewhere",
	"n host table V",
	"o guest table V A",
	"p nested guest table V C",
	"q host table X",
	"r GCR3 V R",
	"s DTE",
	"t GCR3 nested V S",
	"u nested V K by its GPA",
	"v DTE of another device",
};

struct world {
	struct at t;
	struct { /* how a column is filled, changed and asked */
		uint32_t rid, pasid;
		uint64_t fill, probe, at, to, at2, to2, old, new;
	} c[COLS];
	struct at_dev h1, h2, g1, g2, n1, n2, dt[4];
	struct at_host hv, hx;
};

static void col(struct world *w, char name, uint32_t rid, uint32_t pasid, uint64_t fill, uint64_t probe, uint64_t at, uint64_t to)
{
	unsigned i = (unsigned)(name - 'a');

	w->c[i].rid = rid;
	w->c[i].pasid = pasid;
	w->c[i].fill = fill;
	w->c[i].probe = probe;
	w->c[i].at = at;
	w->c[i].to = to;
	w->c[i].old = OLD + UINT64_C(0x10000) * i + (probe - fill == 0x1000 ? 0x1000 : 0);
	w->c[i].new = w->c[i].old - OLD + NEW;
}

static uint64_t out_of(char name)
{
	return UINT64_C(0x10000) * (unsigned)(name - 'a');
}

/* A page of a host table that changes from OLD + n to NEW + n. */
static void host_page(struct world *w, char name, uint32_t rid, const struct at_host *h, uint64_t ia)
{
	uint64_t at = at_h_map(&w->t, h, ia, OLD + out_of(name), 1, AT_RW);

	col(w, name, rid, 0, ia, ia, at, (NEW + out_of(name)) | AT_RW);
}

static void identity(struct world *w, struct at_host *h, uint64_t n)
{
	if (!h)
		return;
	for (unsigned i = 0; i < 2; i++) {
		at_h_map(&w->t, h, OLD + n + 0x1000 * i, OLD + n + 0x1000 * i, 1, AT_RW);
		at_h_map(&w->t, h, NEW + n + 0x1000 * i, NEW + n + 0x1000 * i, 1, AT_RW);
	}
}

/* A new guest table for the PASID (made once). */
static struct at_guest guest_of(struct world *w, struct at_dev *d, uint32_t pasid)
{
	uint64_t e = at_get(&w->t, at_c_entry(&w->t, &d->c, pasid, 0));
	struct at_guest g = d->g;

	if (e)
		g.root = (e & ~UINT64_C(1)) - g.off;
	else
		g = at_g_new(&w->t, 4, d->g.under, d->g.off);
	at_pasid(&w->t, d, &g, pasid);
	return g;
}

static void guest_page(struct world *w, char name, struct at_dev *d, uint32_t pasid, uint64_t ia)
{
	struct at_guest g = guest_of(w, d, pasid);
	uint64_t at = at_g_map(&w->t, &g, ia, OLD + out_of(name), 1, AT_G | AT_A);

	identity(w, d->g.under, out_of(name));
	col(w, name, d->rid, pasid, ia, ia, at, (NEW + out_of(name)) | AT_G | AT_A);
}

static void host_table(struct world *w, char name, uint32_t rid, const struct at_host *h, uint64_t ia)
{
	uint64_t n = out_of(name), next = at_alloc(&w->t, 12);

	for (unsigned i = 0; i < 2; i++) {
		at_h_map(&w->t, h, ia + 0x1000 * i, OLD + n + 0x1000 * i, 1, AT_RW);
		at_put(&w->t, next + 8 * ((ia >> 12 & 511) + i), (NEW + n + 0x1000 * i) | AT_RW);
	}
	col(w, name, rid, 0, ia, ia + 0x1000, at_h_entry(&w->t, h, ia, 2), next | 1 << 9 | AT_RW);
}

static void guest_table(struct world *w, char name, struct at_dev *d, uint32_t pasid, uint64_t ia)
{
	struct at_guest g = guest_of(w, d, pasid);
	uint64_t n = out_of(name), next = at_alloc(&w->t, 12);

	if (g.under)
		at_h_map(&w->t, g.under, next + g.off, next, 1, AT_RW);
	for (unsigned i = 0; i < 2; i++) {
		at_g_map(&w->t, &g, ia + 0x1000 * i, OLD + n + 0x1000 * i, 1, AT_G | AT_A);
		at_put(&w->t, next + 8 * ((ia >> 12 & 511) + i), (NEW + n + 0x1000 * i) | AT_G | AT_A);
	}
	identity(w, g.under, n);
	col(w, name, d->rid, pasid, ia, ia + 0x1000, at_g_entry(&w->t, &g, ia, 2), (next + g.off) | AT_G | AT_A);
}

/* Two guest pages that lead to one page of the host table; that changes. */
static void gpa_page(struct world *w, char name, uint64_t gpa, uint64_t va1, uint64_t va2, uint32_t pasid)
{
	struct at_guest g = guest_of(w, &w->n1, pasid);
	uint64_t at = at_h_map(&w->t, &w->hv, gpa, OLD + out_of(name), 1, AT_RW);

	at_g_map(&w->t, &g, va1, gpa, 1, AT_G | AT_A);
	at_g_map(&w->t, &g, va2, gpa, 1, AT_G | AT_A);
	col(w, name, N1, pasid, va1, va2, at, (NEW + out_of(name)) | AT_RW);
}

/* A PASID whose GCR3 entry changes; asked for at an address of another top-level entry. */
static void gcr3(struct world *w, char name, struct at_dev *d, uint32_t pasid)
{
	struct at_guest g = guest_of(w, d, pasid), n = at_g_new(&w->t, 4, d->g.under, d->g.off);

	at_g_map(&w->t, &g, VA, OLD + out_of(name), 1, AT_G | AT_A);
	at_g_map(&w->t, &g, VA + FAR, OLD + out_of(name), 1, AT_G | AT_A);
	at_g_map(&w->t, &n, VA + FAR, NEW + out_of(name), 1, AT_G | AT_A);
	identity(w, d->g.under, out_of(name));
	col(w, name, d->rid, pasid, VA, VA + FAR, at_c_entry(&w->t, &d->c, pasid, 0), (n.root + n.off) | 1);
}

/* A DTE that changes its DomainID and root. */
static void dte(struct world *w, char name, uint32_t rid, struct at_dev d[2])
{
	uint64_t at = at_dte_at(&w->t, rid);

	for (unsigned i = 2; i-- > 0;) {
		at_host_dev(&w->t, &d[i], rid, (uint16_t)(0x800 + 2 * rid + i), 4);
		at_h_map(&w->t, &d[i].h, VA, (i ? NEW : OLD) + out_of(name), 1, AT_RW);
	}
	col(w, name, rid, 0, VA, VA, at, d[1].dte[0]);
	w->c[name - 'a'].at2 = at + 8;
	w->c[name - 'a'].to2 = d[1].dte[1];
}

static void world_open(struct world *w, void (*tweak)(struct amdvi_cfg *c), uint64_t ctl)
{
	struct at_opt o = { .caches = 256, .tweak = tweak, .ctl = ctl };
	struct at *t = &w->t;

	memset(w, 0, sizeof *w);
	at_open(t, &o);
	at_host_dev(t, &w->h1, H1, V, 4);
	at_host_dev(t, &w->h2, H2, X, 4);
	w->hv = w->h1.h;
	w->hx = w->h2.h;
	at_guest_dev(t, &w->g1, G1, V, 4, 0);
	at_guest_dev(t, &w->g2, G2, X, 4, 0);
	at_nested_dev(t, &w->n1, N1, V, &w->hv, 4, 0);
	at_nested_dev(t, &w->n2, N2, X, &w->hx, 4, 0);
	host_page(w, 'a', H1, &w->hv, VA);
	host_page(w, 'b', H2, &w->hx, VA);
	host_page(w, 'c', H1, &w->hv, VA2);
	guest_page(w, 'd', &w->g1, A, VA);
	guest_page(w, 'e', &w->g1, B, VA);
	guest_page(w, 'f', &w->g2, A, VA);
	guest_page(w, 'g', &w->g1, A, VA2);
	guest_page(w, 'h', &w->n1, C, VA);
	guest_page(w, 'i', &w->n1, D, VA);
	guest_page(w, 'j', &w->n2, C, VA);
	guest_page(w, 'k', &w->n1, C, VA2);
	gpa_page(w, 'l', IK, VK1, VK2, C);
	gpa_page(w, 'm', IL, VL1, VL2, C);
	host_table(w, 'n', H1, &w->hv, VA3);
	guest_table(w, 'o', &w->g1, A, VA3);
	guest_table(w, 'p', &w->n1, C, VA3);
	host_table(w, 'q', H2, &w->hx, VA3);
	gcr3(w, 'r', &w->g1, R);
	dte(w, 's', DT1, &w->dt[0]);
	gcr3(w, 't', &w->n1, S);
	gpa_page(w, 'u', IU, VU, VU, K);
	dte(w, 'v', DT2, &w->dt[2]);
}

static uint64_t ask(struct world *w, unsigned i, bool probe)
{
	struct xl_req q = at_preq(w->c[i].rid, w->c[i].pasid, (probe ? w->c[i].probe : w->c[i].fill) + 0x40, XL_R);
	struct xl_res r;

	q.has_pasid = q.pasid;
	r = at_run(&w->t, &q);
	must(r.ok, "%s: event %u %lx", col_name[i], r.code, r.info[0]);
	return r.spa - 0x40;
}

static void fill_and_change(struct world *w)
{
	for (unsigned i = 0; i < COLS; i++)
		(void)ask(w, i, false);
	for (unsigned i = 0; i < COLS; i++) {
		at_put(&w->t, w->c[i].at, w->c[i].to);
		if (w->c[i].at2)
			at_put(&w->t, w->c[i].at2, w->c[i].to2);
	}
}

/* ---- shapes and options ---- */

static void l1(struct amdvi_cfg *c)
{
	c->unit.ports = 3;
	c->l1 = c->iotlb;
	c->link_cyc = 4;
}
static void l1_only(struct amdvi_cfg *c)
{
	l1(c);
	c->iotlb.entries = 0;
}
static void sets(struct amdvi_cfg *c)
{
	struct xc_cfg *all[] = { &c->iotlb, &c->dtc, &c->pdc, &c->nested, &c->gcr3 };

	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		all[i]->ways = 2;
}
static void tiny(struct amdvi_cfg *c)
{
	struct xc_cfg *all[] = { &c->iotlb, &c->dtc, &c->pdc, &c->nested, &c->gcr3 };

	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		all[i]->entries = all[i]->ways = 2;
	l1(c);
}
static const struct {
	const char *what;
	void (*set)(struct amdvi_cfg *c);
	bool may_lose;
} shapes[] = { { "fully associative", NULL, false },
	       { "L1 per port", l1, false },
	       { "L1 without IOTLB", l1_only, false },
	       { "2-way", sets, true },
	       { "tiny", tiny, true } };
enum { SHAPES = ARRAY_LEN(shapes) };

enum { STD, SPARES, PDE0_GCR3, OVER_DOM, OVER_EVERYTHING };
/* 2^lg2 bytes (lg2 > 12), as at_range() */
#define RANGE(a, lg2) ((((a) & ~(AT_B(lg2) - 1)) | ((AT_B((lg2)-1) - 1) & ~UINT64_C(0xfff))) | 1)
static const struct row {
	const char *what;
	uint64_t w0, w1;
	const char *drops;
	unsigned opt; /* OVER_*: at least these */
} rows[] = {
	/* GN = 0 */
	{ "V all", AT_PAGES(V, 0), AT_ALL, "achiklmu", STD },
	{ "V all PDE", AT_PAGES(V, 0), AT_ALL | AT_PDE, "achiklmnpu", STD },
	{ "V all, PASID bits ignored", AT_PAGES(V, A), AT_ALL | AT_PDE, "achiklmnpu", STD },
	{ "X all", AT_PAGES(X, 0), AT_ALL, "bj", STD },
	{ "X all PDE", AT_PAGES(X, 0), AT_ALL | AT_PDE, "bjq", STD },
	{ "domain 0 all PDE", AT_PAGES(0, 0), AT_ALL | AT_PDE, "", STD },
	{ "domain of V's low byte", AT_PAGES(V & 0xff, 0), AT_ALL | AT_PDE, "", STD },
	{ "V VA", AT_PAGES(V, 0), VA, "ahik", STD },
	{ "V VA PDE", AT_PAGES(V, 0), VA | AT_PDE, "ahikp", STD },
	{ "V VA2", AT_PAGES(V, 0), VA2, "chik", STD },
	{ "V before VA", AT_PAGES(V, 0), (VA - 0x1000), "hik", STD },
	{ "V behind VA", AT_PAGES(V, 0), VA + 0x1000, "hik", STD },
	{ "V 8 KB that ends with VA", AT_PAGES(V, 0), RANGE(VA, 13), "ahik", STD },
	{ "V 2 MB around VA", AT_PAGES(V, 0), RANGE(VA, 21), "ahik", STD },
	{ "V 2 MB beside VA", AT_PAGES(V, 0), RANGE(VA + AT_B(21), 21), "hik", STD },
	{ "V VA3 PDE", AT_PAGES(V, 0), VA3 | AT_PDE, "hiknp", STD },
	{ "V another page of VA3's table, PDE", AT_PAGES(V, 0), (VA3 + 0x1ff000) | AT_PDE, "hiknp", STD },
	{ "V VA3", AT_PAGES(V, 0), VA3, "hik", STD },
	{ "V the table beside VA3, PDE", AT_PAGES(V, 0), (VA3 + AT_B(21)) | AT_PDE, "hikp", STD },
	{ "V IK", AT_PAGES(V, 0), IK, "hikl", STD },
	{ "V IL PDE", AT_PAGES(V, 0), IL | AT_PDE, "hikmp", STD },
	{ "V IU", AT_PAGES(V, 0), IU, "hiku", STD },
	{ "V 1 GB from 0", AT_PAGES(V, 0), RANGE(0, 30), "ahiklmu", STD },
	{ "X VA PDE", AT_PAGES(X, 0), VA | AT_PDE, "bj", STD },
	{ "V nothing of it", AT_PAGES(V, 0), AT_B(50), "hik", STD },
	{ "V 2^51", AT_PAGES(V, 0), RANGE(0, 51), "achiklmu", STD },
	{ "V all ones, undefined", AT_PAGES(V, 0), UINT64_C(0xfffffffffffff001), "achiklmu", STD },
	{ "V 51:12 all ones", AT_PAGES(V, 0), UINT64_C(0x000ffffffffff001), "achiklmu", STD },
	/* GN = 1 */
	{ "V A all", AT_PAGES(V, A), AT_ALL | AT_GN, "dg", STD },
	{ "V A all PDE", AT_PAGES(V, A), AT_ALL | AT_GN | AT_PDE, "dgo", STD },
	{ "V B all PDE", AT_PAGES(V, B), AT_ALL | AT_GN | AT_PDE, "e", STD },
	{ "X A all PDE", AT_PAGES(X, A), AT_ALL | AT_GN | AT_PDE, "f", STD },
	{ "V A VA", AT_PAGES(V, A), VA | AT_GN, "d", STD },
	{ "V A VA PDE", AT_PAGES(V, A), VA | AT_GN | AT_PDE, "d", STD },
	{ "V A VA2 PDE", AT_PAGES(V, A), VA2 | AT_GN | AT_PDE, "g", STD },
	{ "V A VA3", AT_PAGES(V, A), VA3 | AT_GN, "", STD },
	{ "V A VA3 PDE", AT_PAGES(V, A), VA3 | AT_GN | AT_PDE, "o", STD },
	{ "V A beside VA3's table PDE", AT_PAGES(V, A), (VA3 + AT_B(21)) | AT_GN | AT_PDE, "", STD },
	{ "V C all", AT_PAGES(V, C), AT_ALL | AT_GN, "hk", STD },
	{ "V C all PDE", AT_PAGES(V, C), AT_ALL | AT_GN | AT_PDE, "hkp", STD },
	{ "V D VA", AT_PAGES(V, D), VA | AT_GN, "i", STD },
	{ "V C VA PDE", AT_PAGES(V, C), VA | AT_GN | AT_PDE, "h", STD },
	{ "V C VA3 PDE", AT_PAGES(V, C), VA3 | AT_GN | AT_PDE, "p", STD },
	{ "V C IK PDE", AT_PAGES(V, C), IK | AT_GN | AT_PDE, "", STD },
	{ "X C VA", AT_PAGES(X, C), VA | AT_GN, "j", STD },
	{ "V K all PDE", AT_PAGES(V, K), AT_ALL | AT_GN | AT_PDE, "", STD },
	{ "V PASID 0 all PDE", AT_PAGES(V, 0), AT_ALL | AT_GN | AT_PDE, "", STD },
	{ "V A + 65536", AT_PAGES(V, A | 0x10000), AT_ALL | AT_GN | AT_PDE, "", STD },
	{ "V R all PDE", AT_PAGES(V, R), AT_ALL | AT_GN | AT_PDE, "r", STD },
	{ "V R all", AT_PAGES(V, R), AT_ALL | AT_GN, "", STD },
	{ "V S all PDE", AT_PAGES(V, S), AT_ALL | AT_GN | AT_PDE, "t", STD },
	{ "X R all PDE", AT_PAGES(X, R), AT_ALL | AT_GN | AT_PDE, "", STD },
	{ "V R somewhere PDE", AT_PAGES(V, R), VA4 | AT_GN | AT_PDE, "r", STD },
	/* the others */
	{ "DEVTAB", AT_DEVTAB(DT1), "s", STD },
	{ "DEVTAB of the other", AT_DEVTAB(DT2), "v", STD },
	{ "DEVTAB of nobody", AT_DEVTAB(0x4000), "", STD },
	{ "DEVTAB of DT1's low byte", AT_DEVTAB(DT1 | 0x100), "", STD },
	{ "INTERRUPT_TABLE", UINT64_C(5) << 60 | DT1, 0, "", STD },
	{ "ALL", AT_INV_ALL, "abcdefghijklmnopqrstuv", STD },
	{ "IOTLB_PAGES", UINT64_C(4) << 60 | (uint64_t)DT1 << 32 | DT1, AT_ALL, "", STD },
	/* options */
	{ "spares nested: V all PDE", AT_PAGES(V, 0), AT_ALL | AT_PDE, "aclmn", SPARES },
	{ "spares nested: V IU", AT_PAGES(V, 0), IU, "", SPARES },
	{ "spares nested: V C all PDE", AT_PAGES(V, C), AT_ALL | AT_GN | AT_PDE, "hkp", SPARES },
	{ "PDE = 0 drops GCR3: V R", AT_PAGES(V, R), VA4 | AT_GN, "r", PDE0_GCR3 },
	{ "PDE = 0 drops GCR3: V S all", AT_PAGES(V, S), AT_ALL | AT_GN, "t", PDE0_GCR3 },
	{ "PDE = 0 drops GCR3: GN = 0", AT_PAGES(V, 0), AT_ALL, "achiklmu", PDE0_GCR3 },
	{ "over domain: V VA", AT_PAGES(V, 0), VA, "achiklmu", OVER_DOM },
	{ "over domain: V VA PDE", AT_PAGES(V, 0), VA | AT_PDE, "achiklmnpu", OVER_DOM },
	{ "over domain: V A VA PDE", AT_PAGES(V, A), VA | AT_GN | AT_PDE, "deghikop", OVER_DOM },
	{ "over all: X VA PDE", AT_PAGES(X, 0), VA | AT_PDE, "abchijklmnpqu", OVER_EVERYTHING },
	{ "over all: X A VA2 PDE", AT_PAGES(X, A), VA2 | AT_GN | AT_PDE, "defghijkop", OVER_EVERYTHING },
};
enum { ROWS = ARRAY_LEN(rows) };

static void (*shape_set)(struct amdvi_cfg *c);
static unsigned option;

static void set_all(struct amdvi_cfg *c)
{
	if (shape_set)
		shape_set(c);
	c->gn0_spares_nested = option == SPARES;
	c->pde0_drops_gcr3 = option == PDE0_GCR3;
	c->over = option == OVER_DOM ? AMDVI_OVER_DOMAIN : option == OVER_EVERYTHING ? AMDVI_OVER_ALL : AMDVI_OVER_NONE;
}

START_TEST(matrix)
{
	const struct row *r = &rows[_i % ROWS];
	unsigned shape = (unsigned)_i / ROWS;
	static struct world w;

	shape_set = shapes[shape].set;
	option = r->opt;
	for (unsigned i = 0; i < COLS; i++) { /* one column asked per world: asking refills */
		bool drop = strchr(r->drops, 'a' + (int)i) != NULL;
		uint64_t got;

		world_open(&w, set_all, 0);
		fill_and_change(&w);
		w.t.r->alive[0] = DT1;
		w.t.r->n_alive = 1;
		at_do(&w.t, r->w0, r->w1);
		must(!at_drop_events(&w.t), "%s: an event", r->what);
		got = ask(&w, i, true);
		must(got == w.c[i].old || got == w.c[i].new, "%s, %s: %lx", r->what, col_name[i], got);
		if (drop)
			must(got == w.c[i].new, "%s, %s: %s kept", shapes[shape].what, r->what, col_name[i]);
		else if (!shapes[shape].may_lose && r->opt < OVER_DOM)
			must(got == w.c[i].old, "%s, %s: %s dropped", shapes[shape].what, r->what, col_name[i]);
		at_close(&w.t);
	}
}
END_TEST

/* Without a command every column is stale, after everything was dropped none is; so the matrix can tell. */
START_TEST(columns_work)
{
	static struct world w;

	shape_set = shapes[_i].set;
	option = STD;
	world_open(&w, set_all, 0);
	fill_and_change(&w);
	for (unsigned i = 0; i < COLS && !shapes[_i].may_lose; i++)
		must(ask(&w, i, true) == w.c[i].old, "%s", col_name[i]);
	at_do(&w.t, AT_INV_ALL);
	for (unsigned i = 0; i < COLS; i++)
		must(ask(&w, i, true) == w.c[i].new, "%s", col_name[i]);
	at_close(&w.t);
}
END_TEST

/* ---- large entries ---- */

static uint64_t answer(struct at *t, uint32_t rid, uint32_t pasid, uint64_t va)
{
	struct xl_req q = at_preq(rid, pasid, va, XL_R);
	struct xl_res r;

	q.has_pasid = pasid;
	r = at_run(t, &q);
	must(r.ok, "%x %lx: event %u", rid, va, r.code);
	return r.spa;
}

static void map_large(struct at *t, const struct at_host *h, uint64_t ia, uint64_t spa, unsigned lg2)
{
	if ((lg2 - 12) % 9 == 0)
		at_h_map(t, h, ia, spa, (lg2 - 12) / 9 + 1, AT_RW);
	else
		at_h_sized(t, h, ia, spa, lg2, AT_RW);
}

/* Host pages of every size: filled at one address, dropped by a command for another, asked at a third; kept by one for the neighbour. */
START_TEST(large_host_pages)
{
	unsigned shape = (unsigned)_i;

	for (unsigned lg2 = 12; lg2 <= 50; lg2++)
		for (unsigned form = 0; form < 5; form++) {
			uint64_t size = AT_B(lg2), va = lg2 < 48 ? AT_B(50) + 3 * size : AT_B(53) + size, old = UINT64_C(4) << 48,
			         new = UINT64_C(12) << 48, at[3] = { size / 2 & ~UINT64_C(0xfff), size - 0x1000, 0 };
			struct at_opt o = { .caches = 64, .tweak = shapes[shape].set };
			struct at_dev d;
			struct at t;
			uint64_t w1;

			at_open(&t, &o);
			at_host_dev(&t, &d, AT_DEV, V, 6);
			map_large(&t, &d.h, va, old, lg2);
			must(answer(&t, AT_DEV, 0, va + at[0]) == old + at[0], "2^%u", lg2);
			map_large(&t, &d.h, va, new, lg2);
			must(shapes[shape].may_lose || answer(&t, AT_DEV, 0, va + at[1]) == old + at[1], "2^%u: found at one address only",
			     lg2);
			at_do(&t, AT_PAGES(V, 0), va - 0x1000);
			at_do(&t, AT_PAGES(V, 0), va + size);
			at_do(&t, AT_PAGES(V, 0), at_range(va + size, lg2));
			must(shapes[shape].may_lose || answer(&t, AT_DEV, 0, va) == old, "2^%u: dropped by its neighbour", lg2);
			w1 = form == 0   ? va + at[1]
			     : form == 1 ? va + at[0]
			     : form == 2 ? at_range(va + at[1], 13)
			     : form == 3 ? at_range(va, lg2 + 3)
			                 : AT_ALL;
			at_do(&t, AT_PAGES(V, 0), w1);
			for (unsigned i = 0; i < 3; i++)
				must(answer(&t, AT_DEV, 0, va + at[i]) == new + at[i], "%s, 2^%u form %u: stale at +%lx",
				     shapes[shape].what, lg2, form, at[i]);
			at_close(&t);
		}
}
END_TEST

/* Guest pages of the three sizes, alone and over host pages of several: the entry has the smaller size, a GVA in the guest's page drops it.
 */
START_TEST(large_guest_pages)
{
	static const unsigned host_lg2[] = { 0, 12, 16, 21, 24, 30 };
	unsigned shape = (unsigned)_i;

	for (unsigned gl = 1; gl <= 3; gl++)
		for (unsigned k = 0; k < ARRAY_LEN(host_lg2); k++)
			for (unsigned form = 0; form < 4; form++) {
				unsigned glg = 3 + 9 * gl, hlg = host_lg2[k], least = hlg && hlg < glg ? hlg : glg;
				uint64_t size = AT_B(least), va = AT_B(46) + AT_B(33), in = AT_B(glg) / 2 & ~UINT64_C(0xfff),
				         old = AT_B(34), new = AT_B(35);
				struct at_opt o = { .caches = 64, .tweak = shapes[shape].set };
				struct at_host h;
				struct at_dev d;
				struct at t;

				at_open(&t, &o);
				h = at_h_new(&t, 4);
				if (hlg)
					at_nested_dev(&t, &d, AT_DEV, V, &h, 4, 0);
				else
					at_guest_dev(&t, &d, AT_DEV, V, 4, 0);
				at_pasid(&t, &d, &d.g, A);
				for (uint64_t a = in & ~(AT_B(hlg) - 1); hlg && a <= in; a += AT_B(hlg)) {
					map_large(&t, &h, old + a, old + a, hlg);
					map_large(&t, &h, new + a, new + a, hlg);
				}
				at_g_map(&t, &d.g, va, old, gl, AT_G | AT_A);
				must(answer(&t, AT_DEV, A, va + in) == old + in, "level %u host 2^%u", gl, hlg);
				at_g_map(&t, &d.g, va, new, gl, AT_G | AT_A);
				at_do(&t, AT_PAGES(V, A), ((va + in) & ~(size - 1)) - 0x1000 + AT_GN);
				at_do(&t, AT_PAGES(V, A), (((va + in) & ~(size - 1)) + size) | AT_GN);
				at_do(&t, AT_PAGES(V, B), (va + in) | AT_GN);
				must(shapes[shape].may_lose || answer(&t, AT_DEV, A, va + in) == old + in,
				     "level %u host 2^%u: dropped by its neighbour", gl, hlg);
				switch (form) {
				case 0:
					at_do(&t, AT_PAGES(V, A), AT_PAGE(((va + in) & ~(size - 1)) + size - 0x1000) | AT_GN);
					break;
				case 1:
					at_do(&t, AT_PAGES(V, A), at_range(va + in, least + 1) | AT_GN);
					break;
				case 2:
					at_do(&t, AT_PAGES(V, A), at_range(va, glg) | AT_GN | AT_PDE);
					break;
				default:
					at_do(&t, AT_PAGES(V, A), AT_ALL | AT_GN);
					break;
				}
				must(answer(&t, AT_DEV, A, va + in) == new + in, "%s: level %u host 2^%u form %u: stale",
				     shapes[shape].what, gl, hlg, form);
				at_close(&t);
			}
}
END_TEST

/* A range of more than 2^51 bytes is everything; one of 2^51 is not. */
START_TEST(largest_ranges)
{
	for (unsigned lg2 = 49; lg2 <= 54; lg2++) {
		uint64_t va = AT_B(60) + VA;
		struct at_opt o = { .caches = 64 };
		struct at_dev d;
		struct at t;

		at_open(&t, &o);
		at_host_dev(&t, &d, AT_DEV, V, 6);
		at_h_map(&t, &d.h, va, OLD, 1, AT_RW);
		must(answer(&t, AT_DEV, 0, va) == OLD, "fill");
		at_h_map(&t, &d.h, va, NEW, 1, AT_RW);
		at_do(&t, AT_PAGES(V, 0), at_range(0, lg2));
		must(answer(&t, AT_DEV, 0, va) == (lg2 > 51 ? NEW : OLD), "2^%u from 0", lg2);
		at_do(&t, AT_PAGES(V, 0), at_range(va, lg2));
		must(answer(&t, AT_DEV, 0, va) == NEW, "2^%u around the page", lg2);
		at_close(&t);
	}
}
END_TEST

/* ---- tags ---- */

/* Tags have no device: two devices of a domain share entries, and one command serves both. PASID 0 by GIoV is the PASID 0 of a prefix. */
START_TEST(shared_tags)
{
	struct at_opt o = { .caches = 64 };
	struct at_dev d, e;
	struct xl_req q;
	struct at t;
	uint64_t reads;

	at_open(&t, &o);
	at_host_dev(&t, &d, 0x300, V, 4);
	at_h_map(&t, &d.h, VA, OLD, 1, AT_RW);
	e = d;
	e.rid = 0x301;
	at_put_dte(&t, &e);
	ck_assert_uint_eq(answer(&t, 0x300, 0, VA), OLD);
	reads = t.r->u->st.walk_reads;
	ck_assert_uint_eq(answer(&t, 0x301, 0, VA), OLD);
	ck_assert_uint_eq(t.r->u->st.walk_reads, reads + 1); /* its DTE */
	at_h_map(&t, &d.h, VA, NEW, 1, AT_RW);
	at_do(&t, AT_PAGES(V, 0), VA);
	ck_assert_uint_eq(answer(&t, 0x301, 0, VA), NEW);
	ck_assert_uint_eq(answer(&t, 0x300, 0, VA), NEW);
	/* another root under the same DomainID aliases */
	at_host_dev(&t, &e, 0x302, V, 4);
	at_h_map(&t, &e.h, VA, OLD, 1, AT_RW);
	ck_assert_uint_eq(answer(&t, 0x302, 0, VA), NEW);
	/* a guest's and a host's entry of one DomainID and address are different entries */
	at_guest_dev(&t, &e, 0x303, V, 4, 0);
	e.dte[0] |= AT_GIOV;
	at_put_dte(&t, &e);
	at_pasid(&t, &e, &e.g, 0);
	at_g_map(&t, &e.g, VA, OLD + 0x1000, 1, AT_G | AT_A);
	ck_assert_uint_eq(answer(&t, 0x303, 0, VA), OLD + 0x1000);
	ck_assert_uint_eq(answer(&t, 0x300, 0, VA), NEW);
	at_g_map(&t, &e.g, VA, OLD + 0x2000, 1, AT_G | AT_A);
	at_do(&t, AT_PAGES(V, 0), AT_ALL | AT_PDE); /* GN = 0 is not for it */
	ck_assert_uint_eq(answer(&t, 0x303, 0, VA), OLD + 0x1000);
	q = at_preq(0x303, 0, VA, XL_R);
	ck_assert_uint_eq(at_run(&t, &q).spa, OLD + 0x1000);
	at_do(&t, AT_PAGES(V, 0), VA | AT_GN);
	ck_assert_uint_eq(answer(&t, 0x303, 0, VA), OLD + 0x2000);
	at_close(&t);
}
END_TEST

/* ---- PREFETCH_IOMMU_PAGES with Inval ---- */

static void prefetch_sup(struct amdvi_cfg *c)
{
	c->efr |= 1;
}

START_TEST(prefetch_inval)
{
	struct at_opt o = { .caches = 64, .tweak = prefetch_sup };
	struct at_dev d;
	struct at t;

	at_open(&t, &o);
	at_host_dev(&t, &d, 0x300, V, 4);
	at_h_map(&t, &d.h, VA, OLD, 1, AT_RW);
	ck_assert_uint_eq(answer(&t, 0x300, 0, VA), OLD);
	at_h_map(&t, &d.h, VA, NEW, 1, AT_RW);
	at_do(&t, UINT64_C(6) << 60 | 1 << 24 | 0x300, VA);
	run_all(t.r);
	ck_assert_uint_eq(answer(&t, 0x300, 0, VA), OLD);
	at_do(&t, UINT64_C(6) << 60 | 1 << 24 | 0x300, VA | 0x10);
	run_all(t.r);
	ck_assert_uint_eq(answer(&t, 0x300, 0, VA), NEW);
	at_close(&t);
}
END_TEST

/* ---- guests' commands: host ids by the maps ---- */

static uint64_t vanswer(struct vrig *w, uint32_t rid)
{
	struct at t = { .r = w->r };

	return answer(&t, rid, 0, VA);
}

static void guest_does(struct vrig *w, uint64_t w0, uint64_t w1)
{
	static uint64_t seq;

	vr_put(w, G, w0, w1);
	vr_put_wait(w, G, ++seq);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(vr_sem(w, G), seq);
}

START_TEST(guest_commands)
{
	enum { OWN = 0x300 /* gDevID 20h */, DOMS = 3 };
	static const uint16_t dom[DOMS] = { 0x45 /* gDomID 3 */, 0x46 /* gDomID 4 */, 3 /* a host's */ };
	static const struct {
		const char *what;
		uint64_t w0, w1;
		unsigned drops;
		bool dte;
	} row[] = {
		{ "PAGES gDomID 3", AT_PAGES(3, 0), AT_ALL, 1, false },
		{ "PAGES gDomID 4 VA", AT_PAGES(4, 0), VA, 2, false },
		{ "PAGES gDomID 4 elsewhere", AT_PAGES(4, 0), VA2, 0, false },
		{ "DEVTAB gDevID 20h", AT_DEVTAB(0x20), 0, true },
		{ "ALL", AT_INV_ALL, 3, true },
	};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		struct vrig *w = guest7(NULL, _i, 0);
		uint64_t root[DOMS], other;

		vr_map(w, G, VI_DOM, 4, 0x46);
		run_all(w->r);
		for (unsigned k = 0; k < DOMS; k++) {
			root[k] = vr_page(w);
			vr_dte(w, OWN + k, root[k], dom[k]);
			put64(w->r, vr_entry(w, root[k], VA), OLD | RWP);
			ck_assert_uint_eq(vanswer(w, OWN + k), OLD);
			put64(w->r, vr_entry(w, root[k], VA), NEW | RWP);
		}
		other = vr_page(w);
		put64(w->r, vr_entry(w, other, VA), (NEW + 0x1000) | RWP);
		vr_dte(w, OWN, other, 0x77);
		guest_does(w, row[i].w0, row[i].w1);
		/* the device itself: its cached DTE names domain 45h until that is dropped */
		ck_assert_msg(vanswer(w, OWN) == (row[i].dte ? NEW + 0x1000 : row[i].drops & 1 ? NEW : OLD), "%s: device", row[i].what);
		for (unsigned k = 1; k < DOMS; k++)
			ck_assert_msg(vanswer(w, OWN + k) == (row[i].drops >> k & 1 ? NEW : OLD), "%s: domain %x", row[i].what, dom[k]);
		vr_free(w);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("amdvi_scopes");
	TCase *t = tcase_create("scopes");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, columns_work, 0, SHAPES);
	tcase_add_loop_test(t, matrix, 0, ROWS * SHAPES);
	tcase_add_loop_test(t, large_host_pages, 0, SHAPES);
	tcase_add_loop_test(t, large_guest_pages, 0, SHAPES);
	tcase_add_test(t, largest_ranges);
	tcase_add_test(t, shared_tags);
	tcase_add_test(t, prefetch_inval);
	tcase_add_loop_test(t, guest_commands, 0, 2);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
