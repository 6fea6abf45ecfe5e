/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fld_access.h - accessors of one architecture's fields; for its *_fields.h alone, which first defines
 *	FLD_ARCH	the prefix: amdvi
 *	FLD_ENTRIES	the file of rows for structures in memory, and
 *	FLD_REGS	that for registers
 * With set dte and field Mode: amdvi_get_dte_Mode(w), amdvi_put_dte_Mode(w, v), amdvi_dte_words, amdvi_fs_dte. No include guard: it is read
 * once for each architecture.
 */
#define FLD_JOIN_(a, b) a##_##b
#define FLD_JOIN(a, b) FLD_JOIN_(a, b)
#define FLD_NAME(x) FLD_JOIN(FLD_ARCH, x)
#define S(set, title, words)                                                                       \
	enum { FLD_NAME(set##_words) = (words) };                                                  \
	extern const struct fld_set FLD_NAME(fs_##set);
#define F(set, field, word, hi, lo, kind, doc)                                                     \
	static inline uint64_t FLD_NAME(get_##set##_##field)(const uint64_t *w)                    \
	{                                                                                          \
		return bits_get(w[word], hi, lo);                                                  \
	}                                                                                          \
	static inline void FLD_NAME(put_##set##_##field)(uint64_t *w, uint64_t v)                  \
	{                                                                                          \
		w[word] = bits_put(w[word], hi, lo, v);                                            \
	}
#define E(set)
#include FLD_ENTRIES
#include FLD_REGS
extern const struct fld_set *const FLD_NAME(field_sets)[]; /* ends with NULL */
extern const struct fld_value FLD_NAME(values)[]; /* ends with set NULL */
#undef S
#undef F
#undef E
#undef FLD_NAME
#undef FLD_JOIN
#undef FLD_JOIN_
#undef FLD_ARCH
#undef FLD_ENTRIES
#undef FLD_REGS
