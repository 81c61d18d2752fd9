# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra coverage --machine`: which lines of the machines' directories, C and
# assembly, run when ktest and the tests in tests/system do. Nothing is built for it:
# the shipped kernels are booted, the emulator writes down each block of kernel code
# that it translates, and the line tables say where it comes from. So what counts is
# the very code that runs elsewhere, before the MMU is on, in assembly and after a
# panic too. A line that never ran must be argued in kernel/arch/unreached.list.
# shellcheck shell=sh disable=SC2154,SC1091
. tools/test.sh

# ran KERNEL: joins the logs of one kernel with its line table.
ran() {
    elf=build/${1%%-*}/kernel${1#"${1%%-*}"}.elf
    [ -n "$(find "$out" -name "$1.*.log")" ] || return 0
    llvm-nm-19 "$elf" >"$out/$1.nm"
    llvm-dwarfdump-19 --debug-line "$elf" >"$out/$1.lines"
    awk -f tools/check/ran.awk "$out/$1.nm" "$out/$1".*.log "$out/$1.lines" >"$out/$1.ran"
}

run_coverage_machine() {
    options "--arch --only" "$@"
    machines=${archs:-x86_64 aarch64}
    # shellcheck disable=SC2086
    build native $machines
    out=build/coverage-machine
    rm -rf "$out"
    mkdir -p "$out" build/test
    export VECTRA_BUILT=yes VECTRA_TRACE="$out"
    for machine in $machines; do
        machine_tests "$machine" 1
        machine_tests "$machine" 4
    done >"$out/tests.out"
    for machine in $machines; do
        for kernel in "$machine" "$machine-test" "$machine-check"; do
            ran "$kernel"
        done
    done
    status=0
    awk -f tools/check/machine_coverage.awk kernel/arch/unreached.list "$out"/*.ran || status=1
    ! grep '^not ok' "$out/tests.out" || status=1
    exit "$status"
}
