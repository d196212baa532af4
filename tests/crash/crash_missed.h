/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRASH_MISSED_H
#define CRASH_MISSED_H

/* Whether a point of the sources was forgotten. */

#include <dirent.h>

#include "crash_victim.h"

/* Names in the text of a file, that nobody died at. */
static inline unsigned int missed_in(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int missed = 0;
	char line[400], name[40];

	while (file && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, "TEST_POINT(\"");
		unsigned int i = 0;

		if (!at || sscanf(at, "TEST_POINT(\"%39[^\"]", name) != 1 ||
			strncmp(name, "lookup.", 7) == 0 || strncmp(name, "image.", 6) == 0)
			continue;
		while (i < tally.n_names && strcmp(tally.names[i], name) != 0)
			i++;
		if (i < tally.n_names)
			continue;
		print_error("%s: nobody died at %s\n", path, name);
		missed++;
	}
	if (file)
		fclose(file);
	return missed;
}

static inline unsigned int points_missed(const char *root)
{
	static const char *const dirs[] = {"src", "rcu"};
	unsigned int missed = 0, files = 0;

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		char path[600];
		const struct dirent *entry;
		DIR *dir;

		snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
		dir = opendir(path);
		while (dir && (entry = readdir(dir))) {
			size_t len = strlen(entry->d_name);

			if (len < 3 || entry->d_name[len - 2] != '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s/%.200s", root, dirs[i], entry->d_name);
			missed += missed_in(path);
			files++;
		}
		if (dir)
			closedir(dir);
	}
	if (files == 0)
		print_error("no sources in %s\n", root);
	return files ? missed : 1;
}

#endif /* CRASH_MISSED_H */
