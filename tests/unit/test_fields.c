/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fields.c - field tables of all architectures are well formed; VT-d's against words encoded by hand from the specification's layouts
 * (the others: test_smmuv3_fields.c, test_amdvi_fields.c).
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "amdvi/amdvi_fields.h"
#include "fields_hand.h"
#include "smmuv3/smmuv3_fields.h"
#include "vtd/vtd_fields.h"

static const struct {
	const struct fld_set *const *sets;
	const struct fld_value *values;
} archs[] = {
	{ vtd_field_sets, vtd_values },
	{ smmuv3_field_sets, smmuv3_values },
	{ amdvi_field_sets, amdvi_values },
};

START_TEST(rows_do_not_overlap)
{
	for (const struct fld_set *const *s = archs[_i].sets; *s; s++) {
		uint64_t used[8] = { 0 };

		ck_assert_uint_ge((*s)->words, 1);
		ck_assert_uint_le((*s)->words, 8);
		for (size_t i = 0; i < (*s)->n; i++) {
			const struct fld *f = &(*s)->f[i];
			uint64_t m = bits_mask(f->hi, f->lo);

			ck_assert_msg(f->word < (*s)->words && f->hi < 64 && f->lo <= f->hi, "%s.%s", (*s)->name, f->name);
			ck_assert_msg(!(used[f->word] & m), "%s.%s overlaps", (*s)->name, f->name);
			ck_assert_msg(fld_find(*s, f->name) == f, "%s.%s twice", (*s)->name, f->name);
			used[f->word] |= m;
		}
		for (const struct fld_set *const *t = s + 1; *t; t++)
			ck_assert_str_ne((*s)->name, (*t)->name);
	}
}
END_TEST

START_TEST(put_get_round_trip)
{
	struct rng r;

	rng_seed(&r, 1);
	for (const struct fld_set *const *s = archs[_i].sets; *s; s++)
		for (size_t i = 0; i < (*s)->n; i++) {
			const struct fld *f = &(*s)->f[i];
			uint64_t w[8], old[8], v = rng_next(&r) & (bits_mask(f->hi, f->lo) >> f->lo);

			for (int k = 0; k < 8; k++)
				w[k] = old[k] = rng_next(&r);
			fld_put(f, w, v);
			ck_assert_uint_eq(fld_get(f, w), v);
			w[f->word] ^= (w[f->word] ^ old[f->word]) & bits_mask(f->hi, f->lo);
			ck_assert_int_eq(memcmp(w, old, sizeof(w)), 0);
		}
}
END_TEST

START_TEST(values_name_real_fields)
{
	for (const struct fld_value *v = archs[_i].values; v->set; v++) {
		const struct fld_set *s = fld_set_find(archs[_i].sets, v->set);
		const struct fld *f = s ? fld_find(s, v->field) : NULL;

		ck_assert_msg(f != NULL, "%s.%s", v->set, v->field);
		ck_assert_uint_le(v->value, bits_mask(f->hi, f->lo) >> f->lo);
		/* the first row with this value is this row: no value has two meanings */
		ck_assert_msg(fld_value_text(archs[_i].values, s, f, v->value) == v->text, "%s.%s %u twice", v->set, v->field, (unsigned)v->value);
	}
}
END_TEST

START_TEST(sets_are_found_by_name)
{
	ck_assert_ptr_eq(fld_set_find(vtd_field_sets, "inv-cc"), &vtd_fs_inv_cc);
	ck_assert_ptr_null(fld_set_find(vtd_field_sets, "inv_c"));
	ck_assert_str_eq(fld_value_text(vtd_values, &vtd_fs_context, fld_find(&vtd_fs_context, "TT"), 2), "pass-through");
	ck_assert_ptr_null(fld_value_text(vtd_values, &vtd_fs_context, fld_find(&vtd_fs_context, "AW"), 7));
}
END_TEST

/* Reserved masks as chapter 6 of the specification gives them for descriptors (qw0, qw1), optional fields present. */
START_TEST(reserved_masks)
{
	static const struct {
		const struct fld_set *s;
		uint64_t w0, w1;
	} row[] = {
		{ &vtd_fs_inv_cc, 0xfffc00000000f1c0, ~UINT64_C(0) },     { &vtd_fs_inv_iotlb, 0xffffffff0000f100, 0xf80 },
		{ &vtd_fs_inv_devtlb, 0x000f0000ffe001f0, 0xffe },        { &vtd_fs_inv_iec, 0xffff000007fff1e0, ~UINT64_C(0) },
		{ &vtd_fs_inv_wait, 0x00000000fffff100, 3 },       { &vtd_fs_inv_piotlb, 0xfff000000000f1c0, 0xf80 },
		{ &vtd_fs_inv_pc, 0xfff000000000f1c0, ~UINT64_C(0) },     { &vtd_fs_inv_pdevtlb, 0, 0x7fe },
		{ &vtd_fs_inv_pgresp, 0xfff00000000001e0, 0xfffffffffffff003 }, { &vtd_fs_context, 0xff0, 0xffffffffff000080 },
		{ &vtd_fs_scontext, 0x1e0, 0xffffffffffe00000 },          { &vtd_fs_pasid, 0xc00, 0x7f0000 },
		{ &vtd_fs_root, 0xffe, ~UINT64_C(0) },                    { &vtd_fs_sroot, 0xffe, 0xffe },
		{ &vtd_fs_frcd, 0xfff, 0x0fff0000 },                      { &vtd_fs_prq, 0xffc000000000fe00, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		/* the type's bits 11:9 are a field here; the masks leave them out as well */
		ck_assert_msg(fld_reserved(row[i].s, 0) == row[i].w0, "%s %lx", row[i].s->name, (unsigned long)fld_reserved(row[i].s, 0));
		ck_assert_msg(fld_reserved(row[i].s, 1) == row[i].w1, "%s %lx", row[i].s->name, (unsigned long)fld_reserved(row[i].s, 1));
	}
	ck_assert_uint_eq(fld_reserved(&vtd_fs_pasid, 2), 0xf00);
	for (unsigned k = 3; k < 8; k++)
		ck_assert_uint_eq(fld_reserved(&vtd_fs_pasid, k), ~UINT64_C(0));
	ck_assert_uint_eq(fld_reserved(&vtd_fs_ss, 0), BIT64(62) | BIT64(11));
	ck_assert_uint_eq(fld_reserved(&vtd_fs_ssleaf, 0), BIT64(62));
	ck_assert_uint_eq(fld_reserved(&vtd_fs_fs, 0), 0);
	ck_assert_uint_eq(fld_reserved(&vtd_fs_cap, 0), BIT64(58) | BIT64(57) | BIT64(38) | BIT64(23) | 0xe000);
	ck_assert_uint_eq(fld_reserved(&vtd_fs_ecap, 0) & ~BIT64(5) & ~BIT64(24) & ~BIT64(28), 0xfbc40001080c0000);
}
END_TEST

static const struct hand hand[] = {
	{ "inv_cc", { 0x0000000000000011 }, "TYPE=1 G=1" },
	{ "inv_cc", { 0x0000031000050031 }, "TYPE=1 G=3 DID=5 SID=310" },
	{ "inv_iotlb", { 0x00000000000000d2 }, "TYPE=2 G=1 DW=1 DR=1" },
	{ "inv_iotlb", { 0x00000000000500e2 }, "TYPE=2 G=2 DW=1 DR=1 DID=5" },
	{ "inv_iotlb", { 0x00000000000500f2, 0x0000000000100042 }, "TYPE=2 G=3 DW=1 DR=1 DID=5 AM=2 IH=1 ADDR=100" },
	{ "inv_devtlb", { 0x0000031000000003, 0x0000000000007000 }, "TYPE=3 SID=310 ADDR=7" },
	{ "inv_devtlb", { 0x0000031000000003, 0x0000000000011001 }, "TYPE=3 SID=310 S=1 ADDR=11" },
	{ "inv_devtlb", { 0x0000031000000003, 0x00000000400ff001 }, "TYPE=3 SID=310 S=1 ADDR=400ff" },
	{ "inv_devtlb", { 0x0000031000000003, 0x7ffffffffffff001 }, "TYPE=3 SID=310 S=1 ADDR=7ffffffffffff" },
	{ "inv_pdevtlb", { 0x0000123403100008, 0x0000000000011800 }, "TYPE=8 SID=310 PASID=1234 S=1 ADDR=11" },
	{ "inv_pdevtlb", { 0x0000123403100008, 0x7ffffffffffff800 }, "TYPE=8 SID=310 PASID=1234 S=1 ADDR=7ffffffffffff" },
	{ "inv_pdevtlb", { 0x0000000003100008, 0x7ffffffffffff801 }, "TYPE=8 SID=310 G=1 S=1 ADDR=7ffffffffffff" },
	{ "inv_iec", { 0x0000002018000014 }, "TYPE=4 G=1 IM=3 IIDX=20" },
	{ "inv_wait", { 0x0000000200000025, 0x1004 }, "TYPE=5 SW=1 DATA=2 ADDR=401" },
	{ "inv_wait", { 0x00000002000000a5, 0x1004 }, "TYPE=5 SW=1 PD=1 DATA=2 ADDR=401" },
	{ "inv_wait", { 0x0000000200000045 }, "TYPE=5 FN=1 DATA=2" },
	{ "inv_wait", { 0x0000000000000015 }, "TYPE=5 IF=1" },
	{ "inv_piotlb", { 0x0000123400050026 }, "TYPE=6 G=2 DID=5 PASID=1234" },
	{ "inv_piotlb", { 0x0000123400050036, 0x0000000000100042 }, "TYPE=6 G=3 DID=5 PASID=1234 AM=2 IH=1 ADDR=100" },
	{ "inv_pc", { 0x0000000000050007 }, "TYPE=7 DID=5" },
	{ "inv_pc", { 0x0000123400050017 }, "TYPE=7 G=1 DID=5 PASID=1234" },
	{ "inv_pc", { 0x0000000000000037 }, "TYPE=7 G=3" },
	{ "inv_pgresp", { 0x0000123403100019, 0x000000000000003c }, "TYPE=9 PP=1 RID=310 PASID=1234 LPIG=1 PRGI=7" },
	{ "prq", { 0x0000123403100101, 0x00007f000000103f }, "TYPE=1 PP=1 RID=310 PASID=1234 RD=1 WR=1 LPIG=1 PRGI=7 ADDR=7f0000001" },
	{ "frcd", { 0x00000000deadb000, 0x8012347180000310 }, "FI=deadb SID=310 PP=1 FR=71 PV=1234 F=1" },
	{ "frcd", { 0x0000000012345000, 0xc000000600000310 }, "FI=12345 SID=310 FR=6 T1=1 F=1" },
	{ "scontext", { 0x0000000005000e1d }, "P=1 DTE=1 PASIDE=1 PRE=1 PDTS=7 PASIDDIRPTR=5000" },
	{ "pasid", { 0x49, 0x800001, 0x1000010 }, "P=1 AW=2 PGTT=1 DID=1 PWSNP=1 WPE=1 FSPTPTR=1000" },
	{ "pasid", { 0x2000089, 0x800006, 0 }, "P=1 AW=2 PGTT=2 SSPTPTR=2000 DID=6 PWSNP=1" },
	{ "pasid", { 0x20000c9, 0x800007, 0x3000000 }, "P=1 AW=2 PGTT=3 SSPTPTR=2000 DID=7 PWSNP=1 FSPTPTR=3000" },
	{ "cap", { 0x00d2008c40660462 }, "ND=2 PLMR=1 PHMR=1 SAGAW=4 MGAW=26 ZLR=1 FRO=40 SSLPS=3 PSI=1 NFR=0 MAMV=12 DWD=1 DRD=1" },
	{ "ecap", { 0xf050da }, "QI=1 IR=1 EIM=1 PT=1 SC=1 IRO=50 MHMV=f" },
	{ "cap", { 0xd1d2078c40780c06 },
	  "ND=6 SAGAW=c MGAW=38 ZLR=1 FRO=40 SSLPS=3 PSI=1 NFR=7 MAMV=12 DWD=1 DRD=1 FS1GP=1 FS5LP=1 ESIRTPS=1 ESRTPS=1" },
	{ "ecap", { 0x0433ef9ea4f050df },
	  "C=1 QI=1 DT=1 IR=1 EIM=1 PT=1 SC=1 IRO=50 MHMV=f NEST=1 PRS=1 SRS=1 NWFS=1 EAFS=1 PSS=13 PASID=1 DIT=1 PDS=1 SMTS=1 SSADS=1 SSTS=1 "
	  "FSTS=1 SMPWCS=1 RPS=1 ADMS=1 RPRIVS=1 SMS=1" },
	{ "ver", { 0x60 }, "MAX=6" },
	{ "root", { 0x12345001 }, "P=1 CTP=12345" },
	{ "sroot", { 0x12345001, 0x54321001 }, "LP=1 LCTP=12345 UP=1 UCTP=54321" },
	{ "context", { 0x7000007, 0x0000000000000502 }, "P=1 FPD=1 TT=1 SSPTPTR=7000 AW=2 DID=5" },
	{ "pasiddir", { 0x8003 }, "P=1 FPD=1 SMPTBLPTR=8" },
	{ "irte", { 0x0000010000300005, 0x00040310 }, "P=1 DM=1 V=30 DST=100 SID=310 SVT=1" },
	{ "irtep", { 0xfc0000000030c001, 0x0000000100040310 }, "P=1 URG=1 IM=1 V=30 PDAL=3f00000 SID=310 SVT=1 PDAH=1" },
	{ "ss", { 0x8103 }, "R=1 W=1 A=1 ADDR=8" },
	{ "ssleaf", { 0x200b83 }, "R=1 W=1 PS=1 A=1 D=1 SNP=1 ADDR=200" },
	{ "fs", { 0x8027 }, "P=1 RW=1 US=1 A=1 ADDR=8" },
	{ "fsleaf", { 0x80000000002000e7 }, "P=1 RW=1 US=1 A=1 D=1 PS=1 ADDR=200 XD=1" },
	{ "gcmd", { 0xc4000000 }, "QIE=1 SRTP=1 TE=1" },
	{ "gsts", { 0xc4000000 }, "QIES=1 RTPS=1 TES=1" },
	{ "rtaddr", { 0x5400 }, "TTM=1 RTA=5" },
	{ "ccmd", { 0xe000000303100005 }, "DID=5 SID=310 FM=3 CIRG=3 ICC=1" },
	{ "iotlb", { 0xb003000500000000 }, "DID=5 DW=1 DR=1 IIRG=3 IVT=1" },
	{ "iva", { 0x100042 }, "AM=2 IH=1 ADDR=100" },
	{ "fsts", { 0x0352 }, "PPF=1 IQE=1 ITE=1 FRI=3" },
	{ "fectl", { 0xc0000000 }, "IP=1 IM=1" },
	{ "iectl", { 0x80000000 }, "IM=1" },
	{ "pectl", { 0x40000000 }, "IP=1" },
	{ "feaddr", { 0xfee00000 }, "MA=3fb80000" },
	{ "pmen", { 0x80000001 }, "PRS=1 EPM=1" },
	{ "iqh", { 0x260 }, "QH=26" },
	{ "iqt", { 0x260 }, "QT=26" },
	{ "iqa", { 0x7801 }, "QS=1 DW=1 IQA=7" },
	{ "ics", { 1 }, "IWC=1" },
	{ "iqercd", { 0x0311031000000004 }, "IQEI=4 ITESID=310 ICESID=311" },
	{ "irta", { 0x980f }, "S=f EIME=1 IRTA=9" },
	{ "pqh", { 0x60 }, "PQH=3" },
	{ "pqt", { 0x60 }, "PQT=3" },
	{ "pqa", { 0x9004 }, "PQS=4 PQA=9" },
	{ "prs", { 3 }, "PPR=1 PRO=1" },
	{ "aflog", { 0x9200 }, "FLS=1 FLA=9" },
	{ "vccap", { 1 }, "PAS=1" },
	{ "vcmd", { 0x501 }, "CMD=1 OP=5" },
	{ "vcrsp", { 0x503 }, "IP=1 SC=1 RSLT=5" },
	{ "fedata", { 0x30 }, "IMD=30" },
	{ "feuaddr", { 1 }, "MUA=1" },
	{ "plmbase", { 0x1000 }, "PLMB=1000" },
	{ "plmlimit", { 0x1fff }, "PLML=1fff" },
	{ "phmbase", { 0x100000000 }, "PHMB=100000000" },
	{ "phmlimit", { 0x1ffffffff }, "PHML=1ffffffff" },
};

START_TEST(against_hand_encoding)
{
	for (size_t i = 0; i < ARRAY_LEN(hand); i++)
		check_hand(vtd_field_sets, &hand[i]);
}
END_TEST

START_TEST(every_set_has_a_hand_entry)
{
	for (const struct fld_set *const *s = vtd_field_sets; *s; s++) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(hand); i++)
			found |= !strcmp(hand[i].set, (*s)->name);
		/* the three event groups are one list of rows: one of each suffix is enough */
		found |= !strcmp((*s)->name + 2, "data") || !strcmp((*s)->name + 2, "addr") || !strcmp((*s)->name + 2, "uaddr");
		ck_assert_msg(found, "%s", (*s)->name);
	}
}
END_TEST

START_TEST(descriptor_by_type)
{
	ck_assert_ptr_eq(vtd_inv_set(0x11), &vtd_fs_inv_cc);
	ck_assert_ptr_eq(vtd_inv_set(0x123400050026), &vtd_fs_inv_piotlb);
	ck_assert_ptr_null(vtd_inv_set(0));
	ck_assert_ptr_null(vtd_inv_set(0xa));
	ck_assert_ptr_null(vtd_inv_set(0x201)); /* type 0x11: bits 11:9 count */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fields");
	TCase *t = tcase_create("fields");
	SRunner *r;
	int bad;

	tcase_add_loop_test(t, rows_do_not_overlap, 0, ARRAY_LEN(archs));
	tcase_add_loop_test(t, put_get_round_trip, 0, ARRAY_LEN(archs));
	tcase_add_loop_test(t, values_name_real_fields, 0, ARRAY_LEN(archs));
	tcase_add_test(t, sets_are_found_by_name);
	tcase_add_test(t, reserved_masks);
	tcase_add_test(t, against_hand_encoding);
	tcase_add_test(t, every_set_has_a_hand_entry);
	tcase_add_test(t, descriptor_by_type);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
