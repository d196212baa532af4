/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OPERATIONS_PARTS_H
#define OPERATIONS_PARTS_H

/* What the files of the operations have of each other: steps, each 0 or an errno. */

#include "operations.h"

/* ---- operations.c ---- */

int operation_result(int ret);
int operation_init_shared(void);
int operation_alloc_few(void);
int operation_free_all(void);
int operation_before_free(void);
int operation_fini(void);

/* ---- operations_events.c ---- */

int operation_callback_add(void);
int operation_callback_remove(void);
int operation_undo_callback(void);
int operation_subscribe(void);
int operation_undo_subscribe(void);
int operation_before_heard(void);
int operation_before_heard_free(void);
int operation_before_subscribe(void);
void operation_after_heard(void);
int operation_validator_add(void);
int operation_validator_remove(void);
int operation_before_read(void);
int operation_free_read(void);
void operation_after_read(void);

#endif /* OPERATIONS_PARTS_H */
