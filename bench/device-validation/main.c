/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - bench_devices: published measurements of devices, VAL-25 (page faults), VAL-26 and VAL-27 (a translation cache with one entry per engine and
 * descriptor field), as CSV on stdout. Exit status 1 if a band is missed.
 *   bench_devices [--quick] CONFIG [CURVE.csv]       CONFIG: configs/faults-vtd.yaml
 * What is input and what is predicted: docs/device-validation.md.
 */
#include <string.h>
#include "val25.h"
#include "val26.h"

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	int bad;

	if (argc < 2 + quick || argc > 3 + quick) {
		fprintf(stderr, "usage: bench_devices [--quick] CONFIG [CURVE.csv]\n");
		return 2;
	}
	rows_header();
	bad = val25(argv[1 + quick], quick, argc > 2 + quick ? argv[2 + quick] : NULL);
	bad |= val26();
	return bad;
}
