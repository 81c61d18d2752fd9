# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The bar of 2 ms from a key: somebody presses keys at any moment while all harts compute in the
# Network band and some take the books, destroy, revoke and ring (tests/ktest/clocks_harts.c).
# From when the interrupt of the serial line can have come at the earliest, to the thread of the
# Person band that is its driver: what both harts execute, counted by tools/counter.c as in
# harts.sh, one instruction is one nanosecond. The distribution is printed. Without its budget
# the same thread must be seen to wait.
# shellcheck shell=sh disable=SC1091,SC2034,SC2154
. tests/system/system.inc

# press KEYS NUMBER: types the command, then Enter some time after each line of the pipe that says
# that the thread waits, until NUMBER were counted, which go to $work/counts. At last the end.
press() {
    printf 'ktest clocks_harts.keys %s\n' "$1"
    timeout 300 cat "$work/pipe" | {
        rest=$2
        while [ "$rest" != 0 ] && read -r mark counted; do
            if [ -n "$counted" ]; then
                echo "$mark $counted" >>"$work/counts"
                rest=$((rest - 1))
            else
                sleep 0.005
                printf '\r'
            fi
        done
        until grep -q 'ktest: ' "$work/out"; do # or until nobody hears it
            sleep 0.2
            printf '\r'
        done
        printf 'poweroff 0\n'
    }
}

# distribution KEYS: of $work/counts, what is wrong with it; the figures go to $work/figures.
distribution() {
    # 0x6d05 and 0x6d06: tests/system/marks.h.
    sort -k1,1n -k5,5n -k2,2n "$work/counts" | awk -v keys="$1" -v harts="$harts" '
        function at(part) { return all[int((count - 1) * part) + 1] }
        function finish() {
            if (count != 0) {
                printf "# %s, hart %d: %d keys; min %d, median %d, 90 %% %d, 99 %% %d, max %d; " \
                    "with waits for locks %d\n", mark == 27909 ? "Person" : "Network", hart, count,
                    all[1], at(.5), at(.9), at(.99), all[count], with >"/dev/stderr"
            }
            if (mark == 27909) {
                groups++
                few = few || count != keys
                person = all[count] > person ? all[count] : person
                waits = with > waits ? with : waits
            } else if (mark == 27910) {
                network = all[count] > network ? all[count] : network
            }
            count = with = 0
        }
        $1 != mark || $5 != hart { finish() }
        {
            mark = $1
            hart = $5
            early = early || $2 == 0
            all[++count] = $2
            with = $2 + $3 > with ? $2 + $3 : with
        }
        END {
            finish()
            if (early || few || groups != 1 + (harts > 1)) {
                print "too few were measured, or some thread went on too early"
            } else if (person > 200000 || waits > 2000000) {
                print "a Person thread had to wait for " person ", " waits " with locks"
            } else if (network < 2 * 200000) {
                print "a Network thread did not wait"
            }
        }' 2>"$work/figures"
}

# reaction HARTS KEYS
reaction() {
    harts=$1
    : >"$work/out"
    : >"$work/counts"
    [ -p "$work/pipe" ] || mkfifo "$work/pipe"
    status=0
    press "$2" $((($2 + 4) * (1 + ($1 > 1)))) |
        ./vectra run --arch "$arch" --headless --timeout 300 --kernel-test --icount \
            --qemu-arg -smp --qemu-arg "$harts" \
            --qemu-arg -plugin --qemu-arg "$(counter "$work/pipe")" \
            >"$work/out" 2>"$work/err" || status=$?
    expect_status "keys on $harts harts" 0 '1 passed, 0 failed'
    why=$(distribution "$2")
    cat "$work/figures"
    verdict "2 ms from a key on $harts harts" "$why"
}

if [ "$harts" = 1 ]; then
    reaction 1 500
else
    reaction 2 200
fi
exit "$bad"
