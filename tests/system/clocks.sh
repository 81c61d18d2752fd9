# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The two clocks, measured with one instruction as one nanosecond, which is on one hart: who
# gets how much of it and how late (tests/ktest/clocks.c). With more harts: each count of
# them boots and keeps its threads going. VECTRA_SOAK=yes adds the crash loops for 10 s.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

if [ "$harts" = 1 ]; then
    for test in many person network futex mutex ring crash ${VECTRA_SOAK:+soak}; do
        boot "ktest clocks.$test\n" --kernel-test --icount
        expect_status "clocks.$test" 0 'passed, 0 failed'
        grep '^# ' "$work/out" || true
    done
else
    for harts in 2 3 7 8; do
        boot 'ktest budget\nktest preempt\nktest thread\n' --kernel-test
        expect_status "with $harts harts" 0 'passed, 0 failed'
    done
fi
exit "$bad"
