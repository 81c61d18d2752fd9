# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# No cache line is written by two harts in independent pairs of Tasks, one pair on each hart
# (tests/ktest/clocks_pairs.c): in the kernel as it is shipped, whose loads and stores the emulator
# sees (tools/lines.c). lines.awk judges, and what may be shared is named in lines.list. Further
# arguments are other numbers of harts.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# pairs HARTS
pairs() {
    boot 'ktest clocks_pairs\n' --kernel-test --timeout 600 --icount --qemu-arg -smp --qemu-arg "$1" \
        --qemu-arg -plugin --qemu-arg "build/$arch/tools/lines.so,out=$work/lines,harts=$1"
    expect_status "pairs on $1 harts" 0 '3 passed, 0 failed'
    llvm-nm-19 --numeric-sort "build/$arch/kernel-test.elf" | grep -v ' [aU] ' >"$work/symbols"
    awk '$1 == "line" { for (i = 8; i <= NF; i++) print $i }' "$work/lines" | grep '^ffffffff' |
        sort -u >"$work/addresses"
    sed 's/^/0x/' "$work/addresses" |
        llvm-symbolizer-19 -e "build/$arch/kernel-test.elf" --output-style=GNU -s --no-inlines |
        paste -d ' ' - - | paste -d ' ' "$work/addresses" - >"$work/places"
    awk -v "harts=$1" -f tests/system/lines.awk "$work/symbols" "$work/places" \
        tests/system/lines.list "$work/lines" >"$work/said"
    grep '^#' "$work/said"
    verdict "no line of two on $1 harts" "$(grep '^shared' "$work/said")"
}

[ "$harts" != 1 ] || exit 0
shift 2
[ $# != 0 ] || set -- 2 4 8
for number; do
    pairs "$number"
done
exit "$bad"
