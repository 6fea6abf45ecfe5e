/* SPDX-License-Identifier: Apache-2.0 */
/*
 * val30.h - VAL-30, time-out constants: one invalidation to a device that never answers, unscaled time, on each unit; no driver polls.
 * Published: a device has 60 s to answer, -0 % +50 % (PCIe ATS); AMD InvTimeOut codes 1 to 6 are 1 ms, 10 ms, 100 ms, 1 s, 10 s, 100 s;
 * Linux waits 1 s (SMMUv3 CMD_SYNC), 100 ms (AMD COMPLETION_WAIT), without limit (VT-d wait), and programs 1 s on AMD-Vi.
 */
#ifndef IOMMUSIM_BENCH_TIMEOUT_VAL30_H
#define IOMMUSIM_BENCH_TIMEOUT_VAL30_H
#include "world.h"

enum { V30_DEVICES = 4, V30_SILENT = 2 };
struct val30_run {
	double first_s, sw_s; /* hardware's report, software's time-out; from the tail write */
	uint64_t suspects, suspects_true, truth, exposed, blamed, blamed_true, behind; /* behind: pages of the batches behind it, taken for failed */
};

/* @look_ps is the resolution: how often the driver looks. */
static inline bool val30_once(uint32_t arch, uint32_t code, uint64_t expected_ps, uint64_t sw_ps, struct val30_run *out, struct err *e)
{
	struct world_cfg c;
	struct world_result r;

	world_defaults(&c);
	c.arch = arch;
	c.timeout_ps = 0; /* the unit's own default; AMD-Vi: the code */
	c.devices = V30_DEVICES;
	c.vdevs = 1;
	c.first_faulty = V30_SILENT;
	c.items = 64;
	c.onset = 0;
	c.dma_ps = 0;
	c.host.batch = 1;
	c.host.timeout_code = code;
	c.host.look_ps = expected_ps / 1000;
	c.host.sw_timeout_ps = sw_ps;
	if (!world_run(&c, UINT64_C(1000000000000000), &r, e) || !r.finished || r.st.incidents != 1)
		return false;
	*out = (struct val30_run){ .first_s = (double)r.st.detect_ps / 1e12, .sw_s = r.st.sw_timeouts ? (double)sw_ps / 1e12 : 0, .suspects = r.suspects,
				   .suspects_true = r.suspects_true, .truth = r.truth, .exposed = r.exposed, .blamed = r.blamed, .blamed_true = r.blamed_true,
				   .behind = r.reissued_innocent };
	return true;
}

static inline int val30(void)
{
	static const struct {
		const char *what;
		uint32_t arch, code;
		double published_s, over; /* band: from the published value to this many times it */
		double sw_s; /* Linux's limit; 0: none */
	} row[] = {
		{ "VT-d, PCIe ATS minute", W_VTD, 0, 60, 1.5, 0 },
		{ "SMMUv3, PCIe ATS minute", W_SMMUV3, 0, 60, 1.5, 1 },
		{ "AMD-Vi, InvTimeOut 1", W_AMDVI, 1, 1e-3, 1.01, 0.1 },
		{ "AMD-Vi, InvTimeOut 2", W_AMDVI, 2, 1e-2, 1.01, 0.1 },
		{ "AMD-Vi, InvTimeOut 3", W_AMDVI, 3, 1e-1, 1.01, 0.1 },
		{ "AMD-Vi, InvTimeOut 4 (Linux)", W_AMDVI, 4, 1, 1.01, 0.1 },
		{ "AMD-Vi, InvTimeOut 5", W_AMDVI, 5, 10, 1.01, 0.1 },
		{ "AMD-Vi, InvTimeOut 6", W_AMDVI, 6, 100, 1.01, 0.1 },
	};
	struct err e = { 0 };
	int bad = 0;

	puts("what,published_s,ours_s,band_low_s,band_high_s,names_right_device,commands_behind_failed,software_first,verdict");
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct val30_run r;
		double p = row[i].published_s;
		bool named, sw_first, ok;

		if (!val30_once(row[i].arch, row[i].code, (uint64_t)(p * 1e12), (uint64_t)(row[i].sw_s * 1e12), &r, &e)) {
			fprintf(stderr, "val30: %s: %s\n", row[i].what, e.msg);
			return 3;
		}
		named = r.suspects == 1 && r.suspects_true == 1 && r.truth == 1 && r.blamed_true == 1 && r.blamed == 1;
		sw_first = r.sw_s > 0;
		ok = r.first_s >= p && r.first_s <= p * row[i].over && named && !r.behind && !r.exposed && sw_first == (row[i].sw_s > 0 && row[i].sw_s < p);
		bad |= !ok;
		printf("\"%s\",%g,%.6f,%g,%g,%s,%llu,%s,%s\n", row[i].what, p, r.first_s, p, p * row[i].over, named ? "yes" : "no", (unsigned long long)r.behind,
		       sw_first ? "yes" : "no", ok ? "pass" : "FAIL");
	}
	return bad;
}
#endif
