# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The two clocks, measured with one instruction as one nanosecond, which is on one hart: who
# gets how much of it and how late (tests/ktest/clocks.c). With more harts: each count of
# them boots and keeps its threads going. And the longest entry of the kernel, with whatever a
# program can make large (tests/ktest/bounds.c).
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

if [ "$harts" = 1 ]; then
    for test in .many_threads .person .beside .network .futex .mutex .ring .crash _deaths; do
        boot "ktest clocks$test\n" --kernel-test --icount
        expect_status "clocks$test" 0 'passed, 0 failed'
        grep '^# ' "$work/out" || true
    done
    boot 'ktest bounds.\n' --kernel-check --icount
    expect_status bounds 0 'passed, 0 failed'
    grep ': longest ' "$work/out" || true
else
    for harts in 2 3 7 8; do
        boot 'ktest budget\nktest preempt\nktest thread\n' --kernel-test
        expect_status "with $harts harts" 0 'passed, 0 failed'
    done
fi
exit "$bad"
