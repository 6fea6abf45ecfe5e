/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_sha.c - SHA-256 as in FIPS 180-4, section 6.2. */
#include "sweep_sha.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint32_t k[64] = { /* section 4.2.2 */
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t ror(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void block(struct sha *s)
{
	uint32_t w[64], v[8];

	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)s->block[4 * i] << 24 | (uint32_t)s->block[4 * i + 1] << 16 | (uint32_t)s->block[4 * i + 2] << 8 | s->block[4 * i + 3];
	for (unsigned i = 16; i < 64; i++)
		w[i] = w[i - 16] + (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, s->h, sizeof(v));
	for (unsigned i = 0; i < 64; i++) {
		uint32_t t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		uint32_t t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (unsigned i = 0; i < 8; i++)
		s->h[i] += v[i];
}

void sha_init(struct sha *s)
{
	*s = (struct sha){ .h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void sha_add(struct sha *s, const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n) {
		size_t at = s->bytes % 64, part = n < 64 - at ? n : 64 - at;

		memcpy(s->block + at, b, part);
		s->bytes += part;
		b += part;
		n -= part;
		if (at + part == 64)
			block(s);
	}
}

void sha_end(struct sha *s, char hex[SHA_HEX])
{
	uint64_t bits = s->bytes * 8;
	uint8_t len[8];

	for (unsigned i = 0; i < 8; i++)
		len[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha_add(s, "\x80", 1);
	while (s->bytes % 64 != 56)
		sha_add(s, "", 1);
	sha_add(s, len, sizeof(len));
	for (unsigned i = 0; i < 8; i++)
		snprintf(hex + 8 * i, 9, "%08x", s->h[i]);
}

bool sha_file(const char *path, char hex[SHA_HEX], uint64_t *bytes, struct err *e)
{
	static const size_t chunk = 1 << 16;
	FILE *f = fopen(path, "rb");
	struct sha s;
	uint8_t buf[1 << 16];
	size_t n;
	bool ok;

	if (!f)
		return err_errno(e, path);
	sha_init(&s);
	errno = 0;
	while ((n = fread(buf, 1, chunk, f)) > 0)
		sha_add(&s, buf, n);
	ok = !ferror(f);
	if (!ok)
		err_errno(e, path);
	fclose(f);
	*bytes = s.bytes;
	sha_end(&s, hex);
	return ok;
}
