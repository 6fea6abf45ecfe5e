/* SPDX-License-Identifier: Apache-2.0 */
/* util.h - the few macros everything uses. */
#ifndef IOMMUSIM_UTIL_H
#define IOMMUSIM_UTIL_H
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define HOT inline __attribute__((always_inline)) /* part of the few functions that most of the time goes to */
#define COLD __attribute__((cold, noinline)) /* keeps what is rare out of the way of what is not */
#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
/** SIM_ASSERT() - proven true; a failure is a bug of ours, never of the input. */
#define SIM_ASSERT(x) assert(x)

/** sim_time: absolute or relative simulated time in picoseconds. */
typedef uint64_t sim_time;
#define SIM_NEVER_PS UINT64_MAX
#endif
