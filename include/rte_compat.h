/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RTE_COMPAT_H
#define RTE_COMPAT_H

/**
 * @file
 * Stability marks of the compatible API.
 */

/**
 * Nothing here is experimental: the mark is accepted and means nothing, and
 * ALLOW_EXPERIMENTAL_API need not be defined.
 */
#define __rte_experimental

#endif /* RTE_COMPAT_H */
