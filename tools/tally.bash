# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Counting of checks, sourced by the check scripts: each check says one line, and
# the last line of a script is `N passed, N failed`, with `, N skipped` when
# something could not be tried.  A skip is never a pass.

tally_passed=0
tally_failed=0
tally_skipped=0

tally_ok()
{
	tally_passed=$((tally_passed + 1))
	echo "ok      $*"
}

tally_bad()
{
	tally_failed=$((tally_failed + 1))
	echo "FAILED  $*"
}

tally_skip()
{
	tally_skipped=$((tally_skipped + 1))
	echo "skipped $*"
}

# Add the counts of something that counted by itself.
tally_add()
{
	tally_passed=$((tally_passed + $1))
	tally_failed=$((tally_failed + $2))
	tally_skipped=$((tally_skipped + $3))
}

# Run a command silently: ok, or FAILED with the end of its output.  $1 names the check.
tally_run()
{
	local name=$1 output
	shift

	if output=$("$@" 2>&1); then
		tally_ok "$name"
	else
		tally_bad "$name"
		tail -n 20 <<<"$output"
	fi
}

# The last line.  Returns 1 when anything failed, or nothing was checked at all.
tally_end()
{
	local line="$tally_passed passed, $tally_failed failed"

	[ "$tally_skipped" -eq 0 ] || line+=", $tally_skipped skipped"
	echo "$line"
	[ "$tally_failed" -eq 0 ] && [ "$tally_passed" -gt 0 ]
}
