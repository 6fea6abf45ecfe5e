/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_timeline.c - libFuzzer harness: any bytes as a recording of `run --timeline F.iotl`. The first byte chooses what is made of it, and whether the rest
 * is the file, or records between a head and an end that are sound; the second one the part that is wanted.
 * Checked besides crashes: a refusal has a sentence, and leaves no file; else there is one, and in a JSON timeline no slice ends that has not begun.
 */
#include "fuzz_file.h"
#include "timeline_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct fuzz_path recording(const uint8_t *p, size_t n)
{
	static uint8_t all[1 << 16];
	static const struct { char magic[8]; uint32_t units, record; struct { char name[TL_NAME]; uint32_t walkers; } unit[2]; } head = {
		"iommutl1", 2, sizeof(struct tl_ev), { { "vtd0", 8 }, { "vtd1", 1 } } };
	const struct tl_ev end = { .at = UINT64_MAX / 2, .what = TL_END };

	n -= n % sizeof(end);
	n = n < sizeof(all) - 1000 ? n : sizeof(all) - 1000;
	memcpy(all, &head, sizeof(head));
	memcpy(all + sizeof(head), p, n);
	memcpy(all + sizeof(head) + n, &end, sizeof(end));
	return fuzz_put("t.iotl", all, sizeof(head) + n + sizeof(end));
}

static void json(const char *path)
{
	FILE *f = fopen(path, "r");
	long open = 0;
	char line[1024];

	if (!f)
		abort();
	while (fgets(line, sizeof(line), f)) {
		open += !strncmp(line, "{\"ph\":\"B\"", 9);
		open -= !strncmp(line, "{\"ph\":\"E\"", 9);
		if (open < 0)
			abort();
	}
	fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_path in, out;
	struct err e = { 0 };
	uint64_t first;

	if (n < 2)
		return 0;
	first = (uint64_t)(data[1] >> 4) << 12;
	in = data[0] & 2 ? fuzz_put("t.iotl", data + 2, n - 2) : recording(data + 2, n - 2);
	out = fuzz_path(data[0] & 1 ? "t.vcd" : "t.json");
	unlink(out.s);
	if (timeline_convert(in.s, out.s, first, data[1] & 1 ? first + 100000 : UINT64_MAX, &e)) {
		if (!(data[0] & 1))
			json(out.s);
	} else if (fuzz_said(&e), !access(out.s, F_OK)) {
		abort();
	}
	return 0;
}
