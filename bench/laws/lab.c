/* SPDX-License-Identifier: Apache-2.0 */
/* lab.c - machines of one unit for the laws: configuration by key, a run, counters by name. */
#include <inttypes.h>
#include <stdarg.h>
#include "laws.h"

static const char *extra; /* a key for every machine, set last; NULL: none */
const char *const lab_arch[3] = { "vtd", "smmuv3", "amdvi" };

void lab_extra(const char *assignment)
{
	extra = assignment;
}

struct lab *lab_new(const char *arch)
{
	struct lab *l = calloc(1, sizeof(*l));
	struct err e = { 0 };
	char text[200];

	if (!l)
		law_die("out of memory");
	l->arch = arch;
	snprintf(text, sizeof(text), "units:\n  - name: u0\n    arch: %s\ndevices:\n  - rid: any\n", arch);
	if (!run_cfg_parse(&l->c, text, "laws", &e))
		law_die(e.msg);
	if (!strcmp(arch, "vtd")) { /* scalable mode, all page-table depths */
		lab_set(l, "units.u0.cap=0xd1d2078c40780e06");
		lab_set(l, "units.u0.ecap=0x0433ef9ea4f050df");
		lab_set(l, "units.u0.ver=0x60");
	}
	return l;
}

void lab_set(struct lab *l, const char *fmt, ...)
{
	struct err e = { 0 };
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!run_cfg_set(&l->c, text, &e))
		law_die(e.msg);
}

void lab_iotlb(struct lab *l, unsigned entries, unsigned ways)
{
	const char *key = strcmp(l->arch, "smmuv3") ? "iotlb" : "tlb";

	lab_set(l, "units.u0.%s.ways=%u", key, ways);
	lab_set(l, "units.u0.%s.entries=%u", key, entries);
}

void lab_no_walk_caches(struct lab *l)
{
	static const char *const key[3][8] = {
		{ "psc.entries", "nested.entries" },
		{ "ipa.entries", "walk.s1l0", "walk.s1l1", "walk.s1l2", "walk.s2l0", "walk.s2l1", "walk.s2l2" },
		{ "pdc.entries", "nested.entries", "gcr3.entries" },
	};

	for (size_t a = 0; a < ARRAY_LEN(key); a++)
		for (size_t i = 0; !strcmp(l->arch, lab_arch[a]) && i < ARRAY_LEN(key[a]) && key[a][i]; i++)
			lab_set(l, "units.u0.%s=0", key[a][i]);
}

void lab_run(struct lab *l, plat_source_fn *src, void *arg)
{
	static const struct plat_hooks none;
	struct err e = { 0 };

	if (extra)
		lab_set(l, "%s", extra);
	l->p = run_build(&l->c, &none, &l->reg, &e);
	if (!l->p)
		law_die(e.msg);
	if (!src) {
		l->gen = gen_create(&l->c.gen, l->c.plat.seed, &e);
		if (!l->gen)
			law_die(e.msg);
	}
	l->drv = drv_create(&l->c.drv, l->p, src ? src : gen_next, src ? arg : l->gen, &e);
	if (!l->drv || !plat_run(l->p, drv_next, l->drv, true, &e))
		law_die(e.msg);
	if (plat_verified(l->p)->disagree)
		law_die("a DMA did not go where its mapping says");
}

static const void *find(const struct lab *l, const char *path, const char *name, unsigned kind)
{
	for (size_t i = 0; i < l->reg.n; i++)
		for (const struct stat_def *d = l->reg.node[i].defs; !strcmp(l->reg.node[i].path, path) && d->name; d++)
			if (!strcmp(d->name, name) && d->kind == kind)
				return (const char *)l->reg.node[i].base + d->off;
	fprintf(stderr, "bench_laws: no counter %s.%s\n", path, name);
	exit(3);
}

uint64_t lab_stat(const struct lab *l, const char *path, const char *name)
{
	return *(const uint64_t *)find(l, path, name, STAT_U64);
}

const struct hist *lab_hist(const struct lab *l, const char *path, const char *name)
{
	return find(l, path, name, STAT_HIST);
}

void lab_free(struct lab *l)
{
	drv_destroy(l->drv);
	gen_destroy(l->gen);
	stat_fini(&l->reg);
	plat_destroy(l->p);
	run_cfg_free(&l->c);
	free(l);
}

static struct trc_rec *add(struct lab_trace *t)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 256;
		t->rec = realloc(t->rec, t->cap * sizeof(*t->rec));
		if (!t->rec)
			law_die("out of memory");
	}
	t->rec[t->n] = (struct trc_rec){ .at = TRC_NO_TIME, .line = t->n + 1 };
	return &t->rec[t->n++];
}

void lab_attach(struct lab_trace *t, uint32_t pasid, uint32_t dom, const char *type)
{
	struct trc_rec *r = add(t);

	r->kind = TRC_ATTACH;
	r->u.sw.rid = LAB_RID;
	r->u.sw.pasid = pasid;
	r->u.sw.dom = dom;
	snprintf(r->u.sw.type, sizeof(r->u.sw.type), "%s", type);
}

void lab_map(struct lab_trace *t, enum trc_kind kind, uint32_t dom, uint64_t iova, uint64_t pa, uint64_t size)
{
	struct trc_rec *r = add(t);

	r->kind = (uint8_t)kind;
	r->u.sw.dom = dom;
	r->u.sw.iova = iova;
	r->u.sw.pa = pa;
	r->u.sw.size = size;
	r->u.sw.perm = XL_R | XL_W;
}

struct trc_rec *lab_dma(struct lab_trace *t, uint64_t iova, uint32_t len, char dir)
{
	struct trc_rec *r = add(t);

	r->kind = TRC_DMA;
	r->u.dma.rid = LAB_RID;
	r->u.dma.pasid = TRC_NO_PASID;
	r->u.dma.iova = iova;
	r->u.dma.len = len;
	r->u.dma.dir = (uint8_t)dir;
	return r;
}

int lab_next(void *trace, struct trc_rec *r, struct err *e)
{
	struct lab_trace *t = trace;

	(void)e;
	if (t->at == t->n)
		return 0;
	*r = t->rec[t->at++];
	return 1;
}

void lab_trace_free(struct lab_trace *t)
{
	free(t->rec);
	*t = (struct lab_trace){ 0 };
}
