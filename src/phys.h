/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PHYS_H
#define PHYS_H

/* In the child of fork(), which may have other privileges: rte_eal_using_phys_addrs() decides anew.
 */
void phys_forget(void);

#endif /* PHYS_H */
