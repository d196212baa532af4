#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Does every public header stand alone, in strict C11 and C++17, and say what
# the contract says?  Prints TAP.
#
#   check_headers.sh "<C compiler>" "<C++ compiler, or nothing>" <include folder> <header>...
#
# By hand, with another compiler:
#   tests/headers/check_headers.sh clang-14 clang++-14 include include/*.h

here=$(dirname "$0")
cc=$1
cxx=$2
include=$3
shift 3

warnings='-Wall -Wextra -Werror -pedantic-errors -Wundef -Wshadow -Wpointer-arith'
c="$cc -std=c11 $warnings -Wstrict-prototypes -Wmissing-prototypes"
cpp="$cxx -std=c++17 $warnings -Wold-style-cast -Wnon-virtual-dtor"
n=0
failed=0

# Result of a case: "ok", "not ok" or "skip", and its name.
report()
{
	n=$((n + 1))
	case $1 in
	ok) echo "ok $n - $2" ;;
	skip) echo "ok $n - $2 # SKIP no C++ compiler" ;;
	*)
		echo "not ok $n - $2"
		failed=$((failed + 1))
		;;
	esac
}

# Compile standard input: language, expected result (0: compiles), name; the rest are flags.
compile()
{
	lang=$1 expected=$2 title=$3
	shift 3
	command=$c
	if [ "$lang" = c++ ]; then
		command=$cpp
		if [ -z "$cxx" ]; then
			report skip "$title"
			return
		fi
	fi
	# shellcheck disable=SC2086 # the commands are lists of words
	output=$($command -I"$include" -I"$here" "$@" -fsyntax-only -x "$lang" - 2>&1)
	result=$?
	if [ "$expected" -eq 0 ]; then
		[ $result -eq 0 ] && report ok "$title" && return
	else
		# Only our assertion or declaration may be what it fails for.
		[ $result -ne 0 ] && echo "$output" | grep -Eq "$expected_words" &&
			report ok "$title" && return
	fi
	report "not ok" "$title"
	echo "$output" | sed 's/^/# /'
}

for header in "$@"; do
	name=$(basename "$header")
	for language in c c++; do
		# Twice: the guard holds.  The typedef: an empty unit is not strict C.
		compile $language 0 "$name alone in $language" <<-EOF
			#include <$name>
			#include <$name>
			typedef int not_empty;
		EOF
	done
done

compile c 0 'layouts and signatures in c' < "$here/headers_c11.c"
compile c++ 0 'layouts and signatures in c++' < "$here/headers_cpp.cc"

# The checks above can fail: each planted mistake is found, and for its own sake.
expected_words='static.assert.*rte_memseg'
compile c 1 'a wrong layout is found in c' -DPLANT_LAYOUT < "$here/headers_c11.c"
compile c++ 1 'a wrong layout is found in c++' -DPLANT_LAYOUT < "$here/headers_cpp.cc"
expected_words='static.assert.*rte_eal_get_physmem_size'
compile c 1 'a wrong signature is found in c' -DPLANT_SIGNATURE < "$here/headers_c11.c"
compile c++ 1 'a wrong signature is found in c++' -DPLANT_SIGNATURE < "$here/headers_cpp.cc"

# Whatever lies in the folder is installed: nothing else can be included by accident.
missing=
for file in "$include"/*.h; do
	case " $* " in
	*"/$(basename "$file") "*) ;;
	*) missing="$missing $(basename "$file")" ;;
	esac
done
if [ -z "$missing" ]; then
	report ok 'every header is installed'
else
	report "not ok" 'every header is installed'
	echo "# not in public_headers:$missing"
fi

echo "1..$n"
[ $failed -eq 0 ]
