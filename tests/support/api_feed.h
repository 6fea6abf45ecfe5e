/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_feed.h - a capture through the public C library with its ordering checker: each store, register access and DMA a call, time moving on
 * until nothing is pending behind each register access and DMA.
 */
#ifndef IOMMUSIM_TEST_API_FEED_H
#define IOMMUSIM_TEST_API_FEED_H
#include "capture.h"

struct fed { uint64_t line; char rule[16], event[16], severity[16], verdict[16]; }; /* a finding; line: of the record */
enum { FED_MAX = 8192 };
struct fed_list { struct fed f[FED_MAX]; size_t n; };
void fed_add(struct fed_list *l, uint64_t line, const char *rule, const char *event, const char *severity, const char *verdict);
void api_feed(const struct cap_arch *a, const struct cap *c, struct fed_list *l);
#endif
