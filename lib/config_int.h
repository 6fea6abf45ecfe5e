/* SPDX-License-Identifier: Apache-2.0 */
/* config_int.h - for lib/config*.c, and for those of the command that list options or read YAML: the YAML tree and the list of sections. */
#ifndef IOMMUSIM_CONFIG_INT_H
#define IOMMUSIM_CONFIG_INT_H
#include "config.h"

enum ynode_kind { YN_SCALAR, YN_MAP, YN_SEQ };
struct ymark {
	const char *file; /* owned by the tree */
	unsigned line, col; /* from one */
};
struct ynode {
	char *key; /* in the parent map, NULL in a list */
	char *text; /* scalar */
	struct ynode **child;
	size_t n, cap;
	struct ymark key_at, at;
	unsigned inst; /* which loaded file wrote it (to tell a duplicate from an override); 0: made by a dotted key */
	uint8_t kind;
	bool plain_empty; /* "key:" with nothing behind */
};
struct ytree {
	struct ynode *root; /* a map */
	char **file;
	size_t n_file;
};
/** ytree_load() - the file @path, or @text if not NULL (@path then stands for it in messages), and what it includes; dotted keys become nested maps. */
bool ytree_load(struct ytree *t, const char *path, const char *text, struct err *e) MUST_USE;
void ytree_free(struct ytree *t);

/** run_cfg_apply() - the sections below the map @root over what is configured so far. */
bool run_cfg_apply(struct run_cfg *c, const struct ynode *root, struct err *e) MUST_USE;

struct cfg_section { /* a section may have several rows in cfg_sections */
	const char *name; /* "" : keys at the top of the file */
	const struct cfg_opt *opts;
	size_t off; /* in struct run_cfg */
};
extern const struct cfg_section cfg_sections[]; /* ends with opts NULL */
extern const struct cfg_opt cfg_top_opts[]; /* keys at the top of the file */
/** run_unit_add() - one more unit with its architecture's defaults. Returns: NULL without memory. */
struct run_unit *run_unit_add(struct run_cfg *c, const struct arch *a, const char *name);
void run_unit_free(struct run_unit *u);
/** dev_cfg_copy() - a copy of @from called @name, with strings of its own. Returns: false without memory. */
bool dev_cfg_copy(struct dev_cfg *d, const struct dev_cfg *from, const char *name) MUST_USE;
/** cfg_owned_key() - keys of units and devices that the loader itself handles (name, arch, rid). */
bool cfg_owned_key(const char *key);
#endif
