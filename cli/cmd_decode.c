/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_decode.c - `iommusim decode`: fields of a register, table entry, descriptor, command, log record or page request, with their meaning.
 * Knows layouts only: bits that are reserved because a capability is absent, or above the physical address width, are not flagged.
 */
#include "cli.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi_fields.h"
#include "smmuv3/smmuv3_fields.h"
#include "vtd/vtd.h"
#include "vtd/vtd_fields.h"

enum { MAX_WORDS = 8, MAX_NAMES = 256 };

/* A kind whose layout is told by a number in its first word. It chooses among the sets called @prefix... */
struct kind {
	const char *name, *prefix, *title;
	const char *number, *effect; /* what the number is; what an unknown one leads to */
	unsigned words, more; /* @more: the other size it may have, or 0 */
	const struct fld_set *(*choose)(uint64_t w0);
	unsigned (*code)(uint64_t w0);
};
struct decode_arch {
	const char *name;
	const struct fld_set *const *sets;
	const struct fld_value *values;
	const struct kind *kinds; /* ends with name NULL */
	void (*extra)(const struct fld_set *s, const uint64_t *w); /* prints what the fields alone do not say */
};

static void print_range(uint64_t first, uint64_t last)
{
	printf("  range: 0x%" PRIx64 " - 0x%" PRIx64 "\n", first, last);
}

/* VT-d 4.3, Ranges: 2^AM pages; the low AM bits of the address do not count. */
static void page_range(uint64_t qw1)
{
	unsigned am = (unsigned)vtd_get_inv_iotlb_AM((uint64_t[]){ 0, qw1 });
	uint64_t m = am >= 52 ? ~UINT64_C(0) : low_mask(12 + am);

	print_range(qw1 & ~m, (qw1 & ~m) | m);
}

/* PCIe ATS size code: the 1 bits from bit 12 up; as many doublings of a page, and one more. @all of them and up stand for everything. */
static void ats_range(uint64_t addr, bool s, unsigned all)
{
	uint64_t page = addr >> 12;
	unsigned ones = s ? (unsigned)__builtin_ctzll(~page) : 0;
	uint64_t m = low_mask(s ? 13 + ones : 12);

	if (s && ones >= all)
		printf("  range: everything\n");
	else
		print_range((page << 12) & ~m, ((page << 12) & ~m) | m);
}

static void print_fault(const uint64_t *w)
{
	static const char *const type[] = { "write", "page request", "read", "atomic" };
	unsigned fr = (unsigned)vtd_get_frcd_FR(w);
	const char *name = vtd_fault_name(fr), *text = vtd_fault_text(fr);

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

static void vtd_extra(const struct fld_set *s, const uint64_t *w)
{
	if ((s == &vtd_fs_inv_iotlb && vtd_get_inv_iotlb_G(w) == 3) || (s == &vtd_fs_inv_piotlb && vtd_get_inv_piotlb_G(w) == 3)) {
		page_range(w[1]);
	} else if (s == &vtd_fs_inv_devtlb) {
		ats_range(w[1], vtd_get_inv_devtlb_S(w), 51);
	} else if (s == &vtd_fs_inv_pdevtlb) {
		ats_range(w[1], vtd_get_inv_pdevtlb_S(w), 51);
	} else if (s == &vtd_fs_inv_iec && vtd_get_inv_iec_G(w)) {
		uint64_t m = low_mask((unsigned)vtd_get_inv_iec_IM(w)), i = vtd_get_inv_iec_IIDX(w) & ~m;

		print_range(i, (i | m) & 0xffff);
	} else if (s == &vtd_fs_frcd) {
		print_fault(w);
	} else if (s == &vtd_fs_ssleaf || s == &vtd_fs_fsleaf) {
		print_large(s, w[0]);
	}
}

/* SMMUv3 range invalidation: NUM+1 times 2^SCALE granules; a SCALE above 39 is 39, and a range does not wrap. */
static void tlbi_range(const struct fld_set *s, const uint64_t *w)
{
	static const uint8_t granule[] = { 0, 12, 14, 16 };
	const struct fld *va = fld_find(s, "Address"), *a = va ? va : fld_find(s, "IPA");
	unsigned tg = (unsigned)fld_get(fld_find(s, "TG"), w), scale = (unsigned)fld_get(fld_find(s, "SCALE"), w);
	uint64_t first = fld_get(a, w) << a->lo, last;

	if (!tg)
		return;
	last = first + ((fld_get(fld_find(s, "NUM"), w) + 1) << ((scale > 39 ? 39 : scale) + granule[tg])) - 1;
	print_range(first, last < first ? ~UINT64_C(0) : last);
}

static void smmuv3_extra(const struct fld_set *s, const uint64_t *w)
{
	if (smmuv3_event_set(w[0]) == s) {
		unsigned no = (unsigned)bits_get(w[0], 7, 0);

		printf("  event: %s: %s\n", smmuv3_event_name(no), smmuv3_event_text(no));
	} else if (fld_find(s, "TG")) {
		tlbi_range(s, w);
	} else if (s == &smmuv3_fs_cmd_atc_inv) {
		uint64_t m = low_mask(12 + (unsigned)smmuv3_get_cmd_atc_inv_Size(w));

		if (m == ~UINT64_C(0))
			printf("  range: everything\n");
		else
			print_range(w[1] & ~m, w[1] | m);
	} else if (s == &smmuv3_fs_cmd_cfgi_ste_range) {
		unsigned r = (unsigned)smmuv3_get_cmd_cfgi_ste_range_Range(w);
		uint64_t m = low_mask(r + 1), sid = smmuv3_get_cmd_cfgi_ste_range_StreamID(w);

		printf("  streams: 0x%" PRIx64 " - 0x%" PRIx64 "%s\n", sid & ~m, sid | m, r == 31 ? " (CMD_CFGI_ALL)" : "");
	}
}

static unsigned smmuv3_code(uint64_t dw0)
{
	return (unsigned)bits_get(dw0, 7, 0);
}

/* The PASID of a log entry, in two or three fields; of event codes 2 and 4 its low part shares a field with the domain id. */
static void event_pasid(const struct fld_set *s, const uint64_t *w)
{
	const struct fld *high = fld_find(s, "PASID_19_16"), *low = fld_find(s, "PASID_15_0"), *gn = fld_find(s, "GN");

	if (high && (!gn || fld_get(gn, w)))
		printf("  PASID: 0x%" PRIx64 "\n", fld_get(high, w) << 16 | fld_get(low ? low : fld_find(s, "DomainID"), w));
}

/* AMD host leaf with the size in its address: the 1 bits from bit 12 up; as many doublings of a page, and one more. */
static void v1_size(uint64_t e)
{
	uint64_t page = amdvi_get_v1_pte_ADDR(&e);
	unsigned lg2 = 13 + (unsigned)__builtin_ctzll(~page);

	if (amdvi_get_v1_pte_NextLevel(&e) == 7)
		printf("  page: 0x%" PRIx64 ", 2^%u bytes\n", (page << 12) & ~low_mask(lg2), lg2);
}

static unsigned amdvi_code(uint64_t qw0)
{
	return (unsigned)bits_get(qw0, 63, 60);
}

static void amdvi_extra(const struct fld_set *s, const uint64_t *w)
{
	if (amdvi_event_set(w[0]) == s)
		printf("  event: %s: %s\n", amdvi_event_name(amdvi_code(w[0])), amdvi_event_text(amdvi_code(w[0])));
	if (amdvi_event_set(w[0]) == s || s == &amdvi_fs_ppr)
		event_pasid(s, w);
	else if (s == &amdvi_fs_dte && amdvi_get_dte_GV(w))
		printf("  GCR3 table root: 0x%" PRIx64 "\n", amdvi_get_dte_GCR3TableRoot(w));
	else if (s == &amdvi_fs_v1_pte)
		v1_size(w[0]);
	else if (s == &amdvi_fs_cmd_invalidate_iotlb_pages && amdvi_get_cmd_invalidate_iotlb_pages_GN(w))
		printf("  PASID: 0x%" PRIx64 "\n", amdvi_get_cmd_invalidate_iotlb_pages_PASID(w));
	if (amdvi_cmd_set(w[0]) == s && fld_find(s, "S"))
		ats_range(w[1], w[1] & 1, 39);
}

static const struct kind vtd_kinds[] = {
	{ "inv", "inv_", "Invalidation queue descriptor, by type", "descriptor type", " (IQEI 3)", 2, 4, vtd_inv_set, vtd_inv_type },
	{ 0 },
};
static const struct kind smmuv3_kinds[] = {
	{ "cmd", "cmd_", "Command, by opcode", "opcode", " (CERROR_ILL)", 2, 0, smmuv3_cmd_set, smmuv3_code },
	{ "event", "ev_", "Event record, by number", "event number", "", 4, 0, smmuv3_event_set, smmuv3_code },
	{ 0 },
};
static const struct kind amdvi_kinds[] = {
	{ "cmd", "cmd_", "Command, by opcode", "opcode", " (ILLEGAL_COMMAND_ERROR)", 2, 0, amdvi_cmd_set, amdvi_code },
	{ "event", "ev_", "Event log entry, by code", "event code", "", 2, 0, amdvi_event_set, amdvi_code },
	{ 0 },
};
static const struct decode_arch archs_known[] = {
	{ "vtd", vtd_field_sets, vtd_values, vtd_kinds, vtd_extra },
	{ "smmuv3", smmuv3_field_sets, smmuv3_values, smmuv3_kinds, smmuv3_extra },
	{ "amdvi", amdvi_field_sets, amdvi_values, amdvi_kinds, amdvi_extra },
};

static void help(void)
{
	printf("usage: iommusim decode ARCH KIND HEX...\n"
	       "       iommusim decode ARCH --list\n\n"
	       "HEX are 64-bit words, low word first.\n"
	       "These kinds choose the layout by a number in the first word:\n");
	for (size_t i = 0; i < ARRAY_LEN(archs_known); i++)
		for (const struct kind *k = archs_known[i].kinds; k->name; k++)
			printf("  decode %-7s %-6s %s\n", archs_known[i].name, k->name, k->title);
	printf("\nexample: iommusim decode vtd inv 00000000000500f2 0000000000100042\n"
	       "         iommusim decode smmuv3 cmd 0009000500000012 1701\n"
	       "         iommusim decode amdvi event 2020000500000300 1000\n");
}

static void list(const struct decode_arch *a)
{
	int width = 12;

	for (const struct fld_set *const *s = a->sets; *s; s++)
		width = (int)strlen((*s)->name) > width ? (int)strlen((*s)->name) : width;
	for (const struct kind *k = a->kinds; k->name; k++)
		if (k->more)
			printf("%-*s %u-%u words  %s\n", width, k->name, k->words, k->more, k->title);
		else
			printf("%-*s %u words    %s\n", width, k->name, k->words, k->title);
	for (const struct fld_set *const *s = a->sets; *s; s++)
		printf("%-*s %u %-8s %s\n", width, (*s)->name, (*s)->words, (*s)->words == 1 ? "word" : "words", (*s)->title);
}

static int unknown_kind(const struct decode_arch *a, const char *kind)
{
	const char *name[MAX_NAMES];
	size_t n = 0;

	for (const struct kind *k = a->kinds; k->name && n < ARRAY_LEN(name); k++)
		name[n++] = k->name;
	for (const struct fld_set *const *s = a->sets; *s && n < ARRAY_LEN(name); s++)
		name[n++] = (*s)->name;
	const char *near = err_nearest(kind, name, n);

	return near ? cli_usage("decode", "unknown kind \"%s\"; did you mean \"%s\"?", kind, near) :
		      cli_usage("decode", "unknown kind \"%s\"; see decode %s --list", kind, a->name);
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

static void print_set(const struct decode_arch *a, const struct fld_set *s, const uint64_t *w, size_t n)
{
	int width = 0;

	printf("%s: %s\n", s->name, s->title);
	for (size_t i = 0; i < s->n; i++)
		width = (int)strlen(s->f[i].name) > width ? (int)strlen(s->f[i].name) : width;
	for (size_t i = 0; i < s->n; i++) {
		const struct fld *f = &s->f[i];
		uint64_t v = fld_get(f, w);
		const char *text = fld_value_text(a->values, s, f, v);
		char bits[16];

		snprintf(bits, sizeof(bits), f->hi == f->lo ? "%u" : "%u:%u", f->hi + 64u * f->word, f->lo + 64u * f->word);
		if (f->kind == FLD_ADDR)
			v <<= f->lo;
		printf("  %-*s %-8s 0x%-12" PRIx64 " %s%s%s\n", width, f->name, bits, v, f->doc, text ? ": " : "", text ? text : "");
	}
	for (unsigned k = 0; k < n; k++) {
		uint64_t bad = k < s->words ? w[k] & fld_reserved(s, k) : w[k];

		if (bad)
			printf("  reserved bits set: word %u 0x%" PRIx64 "\n", k, bad);
	}
	a->extra(s, w);
}

/* The kind @name of @a, or the one that chooses @s; NULL if the layout is @s itself. */
static const struct kind *kind_of(const struct decode_arch *a, const char *name, const struct fld_set *s)
{
	for (const struct kind *k = a->kinds; k->name; k++)
		if (s ? !strncmp(s->name, k->prefix, strlen(k->prefix)) : !strcmp(name, k->name))
			return k;
	return NULL;
}

static int decode(const struct decode_arch *a, const char *name, int n, char **hex)
{
	const struct fld_set *s = fld_set_find(a->sets, name);
	const struct kind *k = kind_of(a, name, s);
	uint64_t w[MAX_WORDS] = { 0 };
	unsigned words = s ? s->words : k ? k->words : 0, more = k ? k->more : 0;

	if (!s && !k)
		return unknown_kind(a, name);
	for (int i = 0; i < n; i++)
		if (i >= MAX_WORDS || !parse_word(hex[i], &w[i]))
			return cli_usage("decode", i >= MAX_WORDS ? "too many words at \"%s\"" : "\"%s\" is not a 64-bit hexadecimal word", hex[i]);
	if (more && n != (int)words && n != (int)more)
		return cli_usage("decode", "%s takes %u or %u words, got %d", name, words, more, n);
	if (!more && n != (int)words)
		return cli_usage("decode", "%s takes %u word%s, got %d", name, words, words == 1 ? "" : "s", n);
	if (!s && !(s = k->choose(w[0]))) {
		printf("%s: undefined %s 0x%x%s\n", k->name, k->number, k->code(w[0]), k->effect);
		return cli_out(0);
	}
	print_set(a, s, w, (size_t)n);
	return cli_out(0);
}

static const struct decode_arch *arch_named(const char *name, const char *names[])
{
	const struct decode_arch *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(archs_known); i++) {
		names[i] = archs_known[i].name;
		if (!strcmp(name, names[i]))
			found = &archs_known[i];
	}
	return found;
}

int cmd_decode(int argc, char **argv)
{
	const char *names[ARRAY_LEN(archs_known)];
	const struct decode_arch *a = arch_named(argc > 1 ? argv[1] : "", names);

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			help();
			return cli_out(0);
		}
	if (argc < 2)
		return cli_usage("decode", "an architecture is missing; see decode --help");
	if (!a) {
		const char *near = err_nearest(argv[1], names, ARRAY_LEN(names));

		return near ? cli_usage("decode", "unknown architecture \"%s\"; did you mean \"%s\"?", argv[1], near) :
			      cli_usage("decode", "unknown architecture \"%s\"; see decode --help", argv[1]);
	}
	if (argc < 3)
		return cli_usage("decode", "a kind is missing; see decode %s --list", a->name);
	if (!strcmp(argv[2], "--list")) {
		if (argc > 3)
			return cli_usage("decode", "--list takes no arguments");
		list(a);
		return cli_out(0);
	}
	return decode(a, argv[2], argc - 3, argv + 3);
}
