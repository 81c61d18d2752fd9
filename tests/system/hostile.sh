# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Programs that have a part in the system and misuse it: a broker that speaks for others, a
# server that breaks each rule of its control Ring, a client that takes all places, one that
# listens, and one that spoils the console's device.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# said CASE COUNT PART: so many lines `ok PART: ...`, and none that is not.
said() {
    why=
    [ "$(grep -c "^ok $3: " "$work/out")" = "$2" ] || why="not $2 times: ok $3"
    grep -q "^not ok $3" "$work/out" && why=$(grep "^not ok $3" "$work/out" | head -n 1)
    verdict "$1" "$why"
}

boot 'hostile-server answers\nstatus\nhostile-server descriptions\nstatus
hostile-server status\nstatus\nhostile-server index\nstatus
hostile-server deaf\nhostile-server mute\nbroker-test\ncrowd-test places\ncrowd-test events
tasks\necho the end\n' --kernel-test
expect_status 'a session with hostile programs' 0 '^the end$'
why=
[ "$(grep -cx 120 "$work/out")" = 4 ] || why='not four times the status 120'
verdict 'a server that says what it was not asked is ended' "$why"
said 'a server that does not listen or answer holds up nobody' 3 hostile
said 'a broker that lies connects nobody' 16 broker
said 'who takes all that there is leaves the others theirs' 9 crowd
why=
grep -qE 'console  *runs  *1 ' "$work/out" || why='the console was started anew'
verdict 'the others have not noticed' "$why"

# The last one listens in vain until it is called again; what it says may stand anywhere.
boot 'naming-late\necho one two three\necho four five six\nnaming-late end
uart-test\necho seven eight nine\necho the end\n' --kernel-test
expect_status 'a session with one that listens' 0 '^the end$'
why=
grep -q 'ok late: nothing was heard' "$work/out" || why='it does not say so'
! grep -q 'not ok late' "$work/out" || why='it heard something'
verdict 'who was bound late hears nothing that is typed' "$why"
why=
grep -qx 'seven eight nine' "$work/out" || why='the line is not there'
verdict 'the next driver makes a console of any device' "$why"
exit "$bad"
