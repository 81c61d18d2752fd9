# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# No Task holds more than its manifest declares. The kernel's list of what each
# one holds is compared with what its manifest leads to.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

boot 'authority\nauthority shell\nauthority nobody\nauthority 1 2\n'
expect_status 'authority with wrong arguments is status 2' 2 'want `authority \[TASK\]`'
why=
grep -qF 'authority: no task is `nobody`: want a name or number of `tasks`' "$work/out" ||
    why="it is not said"
verdict 'authority of a task that there is not' "$why"

# holds TASK CLASS RIGHT: how many capabilities of that class with that right.
holds() {
    awk -v task="$1" -v class="$2" -v right="$3" '
        $1 == "task" { own = $3 == task && !seen[$3]++; next }
        own && $2 == class { for (i = 4; i <= NF; i++) if ($i == right) { n++; break } }
        END { print n + 0 }' "$work/out"
}

# want CASE NUMBER TASK CLASS RIGHT
want() {
    why=
    count=$(holds "$3" "$4" "$5")
    [ "$count" = "$2" ] || why="$3 holds $count"
    verdict "$1" "$why"
}

for task in console namingd shell; do
    want "$task cannot turn the machine off" 0 "$task" machine power
    want "$task holds no task to stop" 0 "$task" task stop
    want "$task holds one Reticle, its own grant" 1 "$task" reticle carve
done
want 'the console holds its device' 1 console device use
want 'the console holds its interrupt' 1 console irq use
want 'the shell holds no device' 0 shell device use
want 'the shell holds no interrupt' 0 shell irq use
want 'namingd holds no device' 0 namingd device use
want 'the shell has two connections' 2 shell ring use
why=
books='^   reticle: [0-9]* bytes = [0-9]* available + [0-9]* objects + [0-9]* tables$'
[ "$(grep -c "$books" "$work/out")" -ge 5 ] || why="the books of a Reticle are missing"
awk '/^   reticle: / && $2 != $5 + $8 + $11 { exit 1 }' "$work/out" || why="a sum is wrong"
verdict 'the books of each Reticle add up' "$why"
exit "$bad"
