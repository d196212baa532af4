/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CONTEXT_H
#define CONTEXT_H

/*
 * What the calling thread is in the middle of: it decides whether it may call
 * a writer.  Readers and writers both include this.
 */

struct context {
	unsigned int callbacks; /* Depth of user callbacks: events, validators, walks. */
	unsigned int registry;  /* ... of these, events and validators. */
	unsigned int floor;     /* Sections that are the library's own: the user cannot end them. */
};

extern __thread struct context context_self
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

#endif /* CONTEXT_H */
