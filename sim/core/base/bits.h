/* SPDX-License-Identifier: Apache-2.0 */
/* bits.h - bit ranges as specifications print them: hi:lo, inclusive. */
#ifndef IOMMUSIM_BITS_H
#define IOMMUSIM_BITS_H
#include <stdint.h>

static inline uint64_t bits_mask(unsigned hi, unsigned lo)
{
	return (~UINT64_C(0) >> (63 - hi)) & (~UINT64_C(0) << lo);
}
static inline uint64_t bits_get(uint64_t w, unsigned hi, unsigned lo)
{
	return (w & bits_mask(hi, lo)) >> lo;
}
static inline uint64_t bits_put(uint64_t w, unsigned hi, unsigned lo, uint64_t v)
{
	return (w & ~bits_mask(hi, lo)) | ((v << lo) & bits_mask(hi, lo));
}
/** low_mask() - the n low bits set; n may be 64. */
static inline uint64_t low_mask(unsigned n)
{
	return n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}
#define BIT64(n) (UINT64_C(1) << (n))
#endif
