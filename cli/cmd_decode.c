/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_decode.c - `iommusim decode`: fields of a register, table entry, descriptor, fault record or page request, with their meaning.
 * Knows layouts only: bits that are reserved because a capability is absent, or above the host address width, are not flagged.
 */
#include "cli.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vtd/vtd.h"
#include "vtd/vtd_fields.h"

enum { MAX_WORDS = 8 };

static void help(void)
{
	printf("usage: iommusim decode vtd KIND HEX...\n"
	       "       iommusim decode vtd --list\n\n"
	       "HEX are 64-bit words, low word first; a descriptor has two or four.\n"
	       "KIND inv chooses the descriptor by its type.\n\n"
	       "example: iommusim decode vtd inv 00000000000500f2 0000000000100042\n");
}

static void list(void)
{
	printf("%-12s %u-4 words  Invalidation queue descriptor, by type\n", "inv", 2u);
	for (const struct fld_set *const *s = vtd_field_sets; *s; s++)
		printf("%-12s %u %-8s %s\n", (*s)->name, (*s)->words, (*s)->words == 1 ? "word" : "words", (*s)->title);
}

static int unknown_kind(const char *kind)
{
	const char *name[128];
	size_t n = 0;

	name[n++] = "inv";
	for (const struct fld_set *const *s = vtd_field_sets; *s && n < ARRAY_LEN(name); s++)
		name[n++] = (*s)->name;
	const char *near = err_nearest(kind, name, n);

	return near ? cli_usage("decode", "unknown kind \"%s\"; did you mean \"%s\"?", kind, near) :
		      cli_usage("decode", "unknown kind \"%s\"; see decode vtd --list", kind);
}

static bool parse_word(const char *s, uint64_t *w)
{
	const char *digits = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? s + 2 : s;
	char *end;

	if (!isxdigit((unsigned char)*digits))
		return false;
	errno = 0;
	*w = strtoull(digits, &end, 16);
	return !*end && !errno;
}

static void print_set(const struct fld_set *s, const uint64_t *w)
{
	int width = 0;

	printf("%s: %s\n", s->name, s->title);
	for (size_t i = 0; i < s->n; i++)
		width = (int)strlen(s->f[i].name) > width ? (int)strlen(s->f[i].name) : width;
	for (size_t i = 0; i < s->n; i++) {
		const struct fld *f = &s->f[i];
		uint64_t v = fld_get(f, w);
		const char *text = vtd_value_text(s, f, v);
		char bits[16];

		snprintf(bits, sizeof(bits), f->hi == f->lo ? "%u" : "%u:%u", f->hi + 64u * f->word, f->lo + 64u * f->word);
		if (f->kind == FLD_ADDR)
			v <<= f->lo;
		printf("  %-*s %-8s 0x%-12" PRIx64 " %s%s%s\n", width, f->name, bits, v, f->doc, text ? ": " : "", text ? text : "");
	}
	for (unsigned k = 0; k < s->words; k++)
		if (w[k] & fld_reserved(s, k))
			printf("  reserved bits set: word %u 0x%" PRIx64 "\n", k, w[k] & fld_reserved(s, k));
}

static void print_range(uint64_t first, uint64_t last)
{
	printf("  range: 0x%" PRIx64 " - 0x%" PRIx64 "\n", first, last);
}

/* 4.3, Ranges: 2^AM pages; the low AM bits of the address do not count. */
static void page_range(uint64_t qw1)
{
	unsigned am = (unsigned)vtd_get_inv_iotlb_AM((uint64_t[]){ 0, qw1 });
	uint64_t m = am >= 52 ? ~UINT64_C(0) : low_mask(12 + am);

	print_range(qw1 & ~m, (qw1 & ~m) | m);
}

static void dev_range(uint64_t addr, bool s)
{
	uint64_t page = addr >> 12;
	unsigned ones = s ? (unsigned)__builtin_ctzll(~page) : 0;
	uint64_t m = low_mask(s ? 13 + ones : 12);

	if (s && ones >= 51)
		printf("  range: everything\n");
	else
		print_range((page << 12) & ~m, ((page << 12) & ~m) | m);
}

static void print_inv(const struct fld_set *s, const uint64_t *w, size_t n)
{
	print_set(s, w);
	for (size_t k = 2; k < n; k++)
		if (w[k])
			printf("  reserved bits set: word %zu 0x%" PRIx64 "\n", k, w[k]);
	if ((s == &vtd_fs_inv_iotlb && vtd_get_inv_iotlb_G(w) == 3) || (s == &vtd_fs_inv_piotlb && vtd_get_inv_piotlb_G(w) == 3))
		page_range(w[1]);
	else if (s == &vtd_fs_inv_devtlb)
		dev_range(w[1], vtd_get_inv_devtlb_S(w));
	else if (s == &vtd_fs_inv_pdevtlb)
		dev_range(w[1], vtd_get_inv_pdevtlb_S(w));
	else if (s == &vtd_fs_inv_iec && vtd_get_inv_iec_G(w)) {
		uint64_t m = low_mask((unsigned)vtd_get_inv_iec_IM(w)), i = vtd_get_inv_iec_IIDX(w) & ~m;

		print_range(i, (i | m) & 0xffff);
	}
}

static void print_fault(const uint64_t *w)
{
	static const char *const type[] = { "write", "page request", "read", "atomic" };
	unsigned fr = (unsigned)vtd_get_frcd_FR(w);
	const char *name = vtd_fault_name(fr), *text = vtd_fault_text(fr);

	print_set(&vtd_fs_frcd, w);
	printf("  type: %s\n  reason: 0x%02x %s%s%s\n", type[vtd_get_frcd_T1(w) << 1 | vtd_get_frcd_T2(w)], fr, name ? name : "unused code",
	       text ? ": " : "", text ? text : "");
}

/* A large page's frame bits below its size are reserved, which the field rows cannot say. */
static void print_large(const struct fld_set *s, uint64_t e)
{
	if (!vtd_get_ssleaf_PS(&e))
		return;
	uint64_t low = bits_mask(20, s == &vtd_fs_fsleaf ? 13 : 12);

	if (e & low)
		printf("  as a 2 MiB leaf reserved bits set: 0x%" PRIx64 "\n", e & low);
	low = bits_mask(29, s == &vtd_fs_fsleaf ? 13 : 12);
	if (e & low)
		printf("  as a 1 GiB leaf reserved bits set: 0x%" PRIx64 "\n", e & low);
}

static int decode_vtd(const char *kind, int n, char **hex)
{
	bool inv = !strcmp(kind, "inv");
	const struct fld_set *s = inv ? NULL : vtd_field_set(kind);
	uint64_t w[MAX_WORDS] = { 0 };

	if (!s && !inv)
		return unknown_kind(kind);
	for (int i = 0; i < n; i++)
		if (i >= MAX_WORDS || !parse_word(hex[i], &w[i]))
			return cli_usage("decode", i >= MAX_WORDS ? "too many words at \"%s\"" : "\"%s\" is not a 64-bit hexadecimal word", hex[i]);
	inv = inv || !strncmp(s->name, "inv_", 4);
	if (inv ? n < 2 || n > 4 || n == 3 : n != s->words)
		return cli_usage("decode", "%s takes %u%s word%s, got %d", kind, inv ? 2u : s->words, inv ? " or 4" : "", !inv && s->words == 1 ? "" : "s", n);
	if (!s && !(s = vtd_inv_set(w[0]))) {
		printf("inv: undefined descriptor type 0x%x (IQEI 3)\n", vtd_inv_type(w[0]));
		return cli_out(0);
	}
	if (inv)
		print_inv(s, w, (size_t)n);
	else if (s == &vtd_fs_frcd)
		print_fault(w);
	else
		print_set(s, w);
	if (s == &vtd_fs_ssleaf || s == &vtd_fs_fsleaf)
		print_large(s, w[0]);
	return cli_out(0);
}

int cmd_decode(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			help();
			return cli_out(0);
		}
	if (argc < 2)
		return cli_usage("decode", "an architecture is missing: vtd");
	if (strcmp(argv[1], "vtd"))
		return cli_usage("decode", "unknown architecture \"%s\": vtd", argv[1]);
	if (argc < 3)
		return cli_usage("decode", "a kind is missing; see decode vtd --list");
	if (!strcmp(argv[2], "--list")) {
		if (argc > 3)
			return cli_usage("decode", "--list takes no arguments");
		list();
		return cli_out(0);
	}
	return decode_vtd(argv[2], argc - 3, argv + 3);
}
