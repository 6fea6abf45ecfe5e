/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two virtual SMMUs of one guest behind one unit. The guest's drivers number address spaces from 1 in each instance; the host chooses
 * VMIDs. With one VMID for the guest the tag {VMID, ASID} names two address spaces: requests of one instance are answered with pages of the
 * other, and an invalidation by one drops entries of the other. With a VMID per instance over the same stage-2 tables neither happens, but
 * every stage-2 invalidation has to be sent for each VMID.
 */
#include <stdio.h>
#include "smmuv3_tables.h"

enum { PAGES = 32, SPACES = 4, VM = 0x40 };
#define VA                     UINT64_C(0x7000000000)
#define IPA(inst, space, page) (UINT64_C(0x100000000) + ((uint64_t)(inst) << 28 | (uint64_t)(space) << 24 | (uint64_t)(page) << 12))
#define PA(ipa)                ((ipa)-UINT64_C(0x80000000))

struct guest {
	struct st t;
	struct st_stream s[2][SPACES]; /* instance, address space: ASID = 1 + space */
	uint64_t asked, wrong;
	struct {
		struct xl_req q;
		uint64_t got, right;
	} show[4];
	unsigned n_show;
};

static void tbu(struct smmuv3_cfg *c)
{
	c->utlb.entries = 8;
	c->tbu = c->tlb;
	c->unit.ports = 2;
}
static void tbu_stream(struct smmuv3_cfg *c)
{
	tbu(c);
	c->tbu_tag = SMMUV3_TAG_STREAM;
}
static void split(struct smmuv3_cfg *c)
{
	c->tlb_split = true;
}
static void no_tlb(struct smmuv3_cfg *c)
{
	c->tlb.entries = 0;
} /* walk caches alone */
static const struct {
	const char *what;
	void (*set)(struct smmuv3_cfg *c);
} shapes[] = { { "TCU TLB", NULL },
	       { "TBU TLBs by ASID", tbu },
	       { "TBU TLBs by stream", tbu_stream },
	       { "split TLB", split },
	       { "walk caches only", no_tlb } };

static void guest_open(struct guest *g, bool vmid_each, bool nested, void (*set)(struct smmuv3_cfg *c))
{
	struct st_opt o = { .caches = 256, .two_level = true, .tweak = set };
	struct st_stream stage2 = { .sid = 0 };

	memset(g, 0, sizeof *g);
	st_open(&g->t, &o);
	stage2.ste[2] = VM;
	if (nested)
		st_stage2(&g->t, &stage2, 12, 48, 0);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned a = 0; a < SPACES; a++) {
			struct st_stream *s = &g->s[i][a];

			*s = stage2; /* one stage 2 for the guest */
			s->sid = 0x10 + 2 * a + i;
			s->ste[2] = (s->ste[2] & ~UINT64_C(0xffff)) | (VM + (vmid_each ? i : 0));
			st_stage1(&g->t, s, 12, 48);
			s->cd[0] = (s->cd[0] & ~bits_mask(63, 48)) | (uint64_t)(1 + a) << 48;
			st_put_both(&g->t, s);
			for (unsigned p = 0; p < PAGES; p++) {
				uint64_t ipa = IPA(i, a, p);

				st_map(&g->t, &s->s1, VA + 4096 * p, nested ? ipa : PA(ipa), 3, ST_S1);
				if (nested)
					st_map(&g->t, &s->s2, ipa, PA(ipa), 3, ST_S2);
			}
		}
}

static uint64_t ask(struct guest *g, unsigned i, unsigned a, unsigned p)
{
	struct xl_req q = st_req(&g->t, VA + 4096 * p + 0x10, XL_R);
	struct xl_res r;
	uint64_t right = PA(IPA(i, a, p)) + 0x10;

	q.rid = g->s[i][a].sid;
	r = st_run(&g->t, &q);
	must(r.ok, "event 0x%x", r.code);
	must(st_now(&g->t, &q).spa == right, "the tables lead elsewhere");
	g->asked++;
	if (r.spa != right) {
		g->wrong++;
		if (g->n_show < ARRAY_LEN(g->show)) {
			g->show[g->n_show].q = q;
			g->show[g->n_show].got = r.spa;
			g->show[g->n_show++].right = right;
		}
	}
	return r.spa;
}

/* Each instance in turn touches every page of every address space, twice. */
static void traffic(struct guest *g)
{
	for (unsigned round = 0; round < 2; round++)
		for (unsigned p = 0; p < PAGES; p++)
			for (unsigned a = 0; a < SPACES; a++)
				for (unsigned i = 0; i < 2; i++)
					(void)ask(g, (i + p) & 1, a, p);
}

static void report(const struct guest *g, const char *shape, bool nested, bool each)
{
	printf("%-18s %-7s %s: %lu of %lu requests answered with the other instance's page\n", shape, nested ? "nested" : "stage 1",
	       each ? "VMID per instance" : "one VMID         ", g->wrong, g->asked);
	for (unsigned i = 0; i < g->n_show && i < 2; i++)
		printf("    stream 0x%x, VMID 0x%x ASID %u, address %lx: %lx, tables say %lx\n", g->show[i].q.rid, VM,
		       1 + (g->show[i].q.rid - 0x10) / 2, g->show[i].q.iova, g->show[i].got, g->show[i].right);
	fflush(stdout);
}

/* @_i: shape, nested */
START_TEST(same_asid)
{
	static struct guest g;
	bool nested = _i & 1;

	for (unsigned each = 0; each < 2; each++) {
		guest_open(&g, each, nested, shapes[_i / 2].set);
		traffic(&g);
		report(&g, shapes[_i / 2].what, nested, each);
		if (each)
			must(!g.wrong, "%lu wrong with a VMID each", g.wrong);
		else
			must(g.wrong >= g.asked / 4, "only %lu of %lu wrong with one VMID", g.wrong, g.asked);
		st_close(&g.t);
	}
}
END_TEST

/* Distinct ASIDs from one allocator for the guest: one VMID is enough. */
START_TEST(one_allocator)
{
	static struct guest g;

	guest_open(&g, false, true, shapes[_i].set);
	for (unsigned a = 0; a < SPACES; a++) {
		struct st_stream *s = &g.s[1][a];

		s->cd[0] = (s->cd[0] & ~bits_mask(63, 48)) | (uint64_t)(100 + a) << 48;
		st_put_cd(&g.t, s);
	}
	traffic(&g);
	ck_assert_uint_eq(g.wrong, 0);
	st_close(&g.t);
}
END_TEST

/* An unmap by instance 0: with one VMID it drops entries of instance 1, too; with a VMID each it drops its own, and all of them. */
START_TEST(invalidation_by_one)
{
	static struct guest g;
	static const uint8_t ops[] = { 0x11, 0x12, 0x10 };

	for (unsigned each = 0; each < 2; each++)
		for (unsigned op = 0; op < ARRAY_LEN(ops); op++) {
			unsigned vmid = VM, again;
			uint64_t walks;

			guest_open(&g, each, true, NULL);
			for (unsigned p = 0; p < PAGES; p++) /* only instance 1 runs: its entries are its own in either case */
				(void)ask(&g, 1, 0, p);
			for (unsigned p = 0; each && p < PAGES; p++)
				(void)ask(&g, 0, 0, p);
			ck_assert_uint_eq(g.wrong, 0);
			st_do(&g.t, ST_TLBI(ops[op], vmid, 1), ops[op] == 0x12 ? VA | 1 : 0);
			walks = g.t.r->u->st.walks;
			for (unsigned p = 0; p < PAGES; p++)
				(void)ask(&g, 1, 0, p);
			again = (unsigned)(g.t.r->u->st.walks - walks);
			printf("op 0x%x by instance 0, %s: instance 1 walks again for %u of %u pages\n", ops[op],
			       each ? "VMID per instance" : "one VMID", again, PAGES);
			ck_assert_uint_eq(again, each ? 0 : ops[op] == 0x12 ? 1 : PAGES);
			st_close(&g.t);
		}
	fflush(stdout);
}
END_TEST

/* The price: a stage-2 invalidation reaches the VMID it names only. */
START_TEST(stage2_once_per_vmid)
{
	static struct guest g;
	uint64_t ipa = IPA(1, 0, 3);

	guest_open(&g, true, true, NULL);
	(void)ask(&g, 1, 0, 3);
	st_map(&g.t, &g.s[1][0].s2, ipa, UINT64_C(0x55550000), 3, ST_S2);
	st_do(&g.t, ST_TLBI(0x28, VM, 0), 0);
	{
		struct xl_req q = st_req(&g.t, VA + 0x3010, XL_R);

		q.rid = g.s[1][0].sid;
		ck_assert_uint_eq(st_run(&g.t, &q).spa, PA(ipa) + 0x10); /* still the old page */
		st_do(&g.t, ST_TLBI(0x28, VM + 1, 0), 0);
		ck_assert_uint_eq(st_run(&g.t, &q).spa, 0x55550010);
	}
	st_close(&g.t);
}
END_TEST

/* CR0.VMW groups the instances of a guest for invalidations, and for nothing else. */
START_TEST(grouped_by_wildcard)
{
	struct st_opt o = { .caches = 64, .idr0_set = 1 << 17, .cr0 = 1 << 6 };
	struct st_stream s[2];
	struct xl_req q;
	struct st t;

	st_open(&t, &o);
	for (unsigned i = 0; i < 2; i++) {
		st_only1(&t, &s[i], 0x10 + i);
		s[i].ste[2] = VM + i;
		st_put_ste(&t, &s[i]);
		st_map(&t, &s[i].s1, VA, PA(IPA(i, 0, 0)), 3, ST_S1);
	}
	q = st_req(&t, VA, XL_R);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 2; i++) {
			q.rid = 0x10 + i;
			ck_assert_uint_eq(st_run(&t, &q).spa, PA(IPA(i, 0, 0)));
		}
	for (unsigned i = 0; i < 2; i++)
		st_map(&t, &s[i].s1, VA, PA(IPA(i, 1, 0)), 3, ST_S1);
	st_do(&t, ST_TLBI(0x10, VM, 0), 0);
	for (unsigned i = 0; i < 2; i++) {
		q.rid = 0x10 + i;
		ck_assert_uint_eq(st_run(&t, &q).spa, PA(IPA(i, 1, 0)));
	}
	st_close(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_alias");
	TCase *t = tcase_create("alias");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, same_asid, 0, (int)(2 * ARRAY_LEN(shapes)));
	tcase_add_loop_test(t, one_allocator, 0, (int)ARRAY_LEN(shapes));
	tcase_add_test(t, invalidation_by_one);
	tcase_add_test(t, stage2_once_per_vmid);
	tcase_add_test(t, grouped_by_wildcard);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
