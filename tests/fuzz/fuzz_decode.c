/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_decode.c - libFuzzer harness: any words as every layout that `decode` knows (table entries, commands, records, registers), and as commands
 * for the legality checks and ranges of the three units. Executing them under a running unit is what fuzz_vtd.c, fuzz_smmuv3.c and fuzz_amdvi.c do.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include "amdvi/amdvi_cmd.h"
#include "amdvi/amdvi_fields.h"
#include "cli.h"
#include "fuzz_file.h"
#include "smmuv3/smmuv3_fields.h"
#include "smmuv3/smmuv3_int.h"
#include "vtd/vtd_fields.h"
#include "vtd/vtd_iq.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void quiet(void)
{
	static bool done;
	int fd;

	if (done)
		return;
	fd = open("/dev/null", O_WRONLY);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		abort();
	close(fd);
	done = true;
}
static void decode(const char *arch, const struct fld_set *const *sets, unsigned pick, const uint64_t *w)
{
	static const char *const kinds[] = { "inv", "cmd", "event", "ppr", "pri", "fault" };
	char hex[8][20], name[64], *argv[12] = { "decode", (char *)(uintptr_t)arch, name };
	unsigned n = 0, words;

	while (sets[n])
		n++;
	if (pick < n) {
		snprintf(name, sizeof(name), "%s", sets[pick]->name);
		words = sets[pick]->words;
	} else {
		snprintf(name, sizeof(name), "%s", kinds[pick % 6]);
		words = 1 + pick / 6 % 4;
	}
	for (unsigned i = 0; i < words && i < 8; i++) {
		snprintf(hex[i], sizeof(hex[i]), "%" PRIx64, w[i]);
		argv[3 + i] = hex[i];
	}
	if (words <= 8 && cmd_decode(3 + (int)words, argv) > 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint64_t w[8] = { 0 }, first, last;
	struct vtd_caps v;
	struct smmuv3_caps s;
	struct smmuv3_cfg sc;
	struct amdvi_caps a;
	struct smmuv3_tlbi t = { 0 };

	if (n < 4)
		return 0;
	quiet();
	memcpy(w, data + 3, n - 3 < sizeof(w) ? n - 3 : sizeof(w));
	decode("vtd", vtd_field_sets, data[0], w);
	decode("smmuv3", smmuv3_field_sets, data[1], w);
	decode("amdvi", amdvi_field_sets, data[2], w);
	/* All capabilities, then none. */
	for (int all = 0; all < 2; all++) {
		memset(&v, 0, sizeof(v));
		memset(&s, 0, sizeof(s));
		memset(&a, 0, sizeof(a));
		memset(&sc, 0, sizeof(sc));
		if (all) {
			v.dit = v.pds = v.psi = true;
			s.ril = s.ds = s.s1p = s.s2p = s.hyp = s.ats = s.pri = s.mpam = s.dpt = true;
			a.pref = a.ppr = a.ia = a.viommu = a.gt = a.inv_type = true;
			sc.cmd_res0_ill = sc.atc_size_ill = true;
		}
		(void)vtd_desc_check(&v, data[0] & 3, w, data[1] & 1);
		if (smmuv3_cmd_legal(&s, &sc, w)) {
			smmuv3_cmd_range(&s, w, &t);
			if (t.first > t.last)
				abort();
		}
		(void)amdvi_cmd_check(&a, all, w, data[2] & 1);
		amdvi_cmd_range(w[1], &first, &last);
		if (first > last)
			abort();
	}
	return 0;
}
