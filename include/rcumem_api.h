/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_API_H
#define RCUMEM_API_H

/**
 * @file
 * Marks the functions that the library exports.
 *
 * Whoever builds the library hidden inside something else defines RCUMEM_API
 * before the first include; everybody else leaves it alone.
 */

#ifndef RCUMEM_API
#define RCUMEM_API __attribute__((visibility("default")))
#endif

#endif /* RCUMEM_API_H */
