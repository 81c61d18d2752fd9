#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# edges.sh KERNEL.elf: what the edges are that the check kernel counts (kernel/tests/hooks/edges.c),
# a line each in the order of their numbers:
#   FUNCTION FILE:LINE WAY
# Function and line are those of the source, also where it is inlined elsewhere. WAY is
# `check` where the code from there on does nothing but panic, else `-`.
set -eu
elf=$1
place=${TMPDIR:-/tmp}/edges.$$
trap 'rm -f "$place".*' EXIT
llvm-objcopy-19 -O binary --only-section=__sancov_pcs "$elf" "$place.pcs"
od -An -v -t x8 -w16 "$place.pcs" | awk '{ print "0x" $1 }' >"$place.at"
llvm-symbolizer-19 --obj="$elf" --output-style=GNU -f --no-inlines <"$place.at" |
    paste -d ' ' - - >"$place.names"
llvm-objdump-19 -d --no-show-raw-insn "$elf" >"$place.code"
# From an edge straight on, and along jumps, to the next place where the way parts.
paste -d ' ' "$place.at" "$place.names" | awk '
    FILENAME != "-" {
        if ($1 ~ /^[0-9a-f]+:$/) {
            at = substr($1, 1, length($1) - 1)
            code[at] = $0
            if (last != "") {
                next_of[last] = at
            }
            last = at
        }
        next
    }
    {
        at = substr($1, 3)
        way = "-"
        for (n = 0; n < 60 && at in code; n++) {
            split(code[at], word, " ")
            if (code[at] ~ /<(check_failed|panic|__stack_chk_fail)>/) {
                way = "check"
                break
            }
            if (word[2] ~ /^(call|callq|bl|blr|ret|retq|j[a-z]+|b\.[a-z]+|cbn?z|tbn?z)$/ &&
                word[2] !~ /^jmpq?$/) {
                break
            }
            if (word[2] ~ /^(jmpq?|b)$/) {
                if (!match(code[at], /0x[0-9a-f]+ </)) {
                    break
                }
                at = substr(code[at], RSTART + 2, RLENGTH - 4)
            } else {
                at = next_of[at]
            }
        }
        sub(/^\.\//, "", $3)
        print $2, $3, way
    }' "$place.code" -
