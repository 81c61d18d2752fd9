# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The bar of 2 ms on several harts: what the hart of a Person thread executes from an interrupt to
# the thread, while all harts compute in the Network band and some take the books, destroy,
# revoke and ring (tests/ktest/clocks_harts.c). One instruction is one nanosecond. The emulator
# counts by hart (tools/counter.c), and what the other harts executed while this one spun for a
# lock, since in turns it hardly spins itself. A thread of the Network band must be seen to wait.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# lateness HARTS
lateness() {
    boot 'ktest clocks_harts.interrupts\n' --kernel-test --icount --qemu-arg -smp --qemu-arg "$1" \
        --qemu-arg -plugin --qemu-arg "$(counter "$work/waits")"
    expect_status "interrupts on $1 harts" 0 'passed, 0 failed'
    # 0x6d01, 0x6d02, 0x6d03: tests/system/marks.h.
    why=$(awk '
        function most(a, b) { return a > b ? a : b }
        $2 == 0 { early++ }
        {
            count[$1]++
            own[$1] = most(own[$1], $2)
            with[$1] = most(with[$1], $2 + $3)
        }
        END {
            for (mark = 27905; mark <= 27907; mark++) {
                printf "# %s: %d times, %d instructions at most, %d with waits for locks\n",
                    mark == 27905 ? "Person, bell" : mark == 27906 ? "Person, deadline" : "Network, deadline",
                    count[mark], own[mark], with[mark] >"/dev/stderr"
            }
            person = most(own[27905], own[27906])
            waits = most(with[27905], with[27906])
            if (early || count[27905] < 200 || count[27906] != 250 || count[27907] != 4) {
                print "too few were measured, or some thread went on too early"
            } else if (person > 200000 || waits > 2000000) {
                print "a Person thread had to wait for " person ", " waits " with locks"
            } else if (own[27907] < 2 * 200000) {
                print "a Network thread did not wait"
            }
        }' "$work/waits" 2>"$work/figures")
    cat "$work/figures"
    verdict "2 ms on $1 harts" "$why"
}

[ "$harts" != 1 ] || exit 0
lateness 2
lateness 4
exit "$bad"
