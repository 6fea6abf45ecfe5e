/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_sha.h - SHA-256 (FIPS 180-4), for the identity of points, configurations and traces in a result database. */
#ifndef IOMMUSIM_SWEEP_SHA_H
#define IOMMUSIM_SWEEP_SHA_H
#include "core/base/err.h"

enum { SHA_HEX = 65 };
struct sha {
	uint32_t h[8];
	uint64_t bytes;
	uint8_t block[64];
};
void sha_init(struct sha *s);
void sha_add(struct sha *s, const void *p, size_t n);
void sha_end(struct sha *s, char hex[SHA_HEX]); /* lower-case hexadecimal, as sha256sum prints it */
/** sha_file() - of the bytes of a file, compressed or not. */
bool sha_file(const char *path, char hex[SHA_HEX], uint64_t *bytes, struct err *e) MUST_USE;
#endif
