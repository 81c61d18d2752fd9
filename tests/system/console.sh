# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The console driver is killed at the prompt a thousand times. It is back each
# time, what is typed then arrives once, and the shell has lost nothing.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

times=1000
[ "$harts" != 1 ] || times=100
# kills COUNT: that many lines.
kills() {
    yes 'kill console' | head -n "$1" | sed 's/$/\\n/' | tr -d '\n'
}

boot "set word kept\\n$(kills "$times")set\\nhistory\\ntasks\\n" --timeout 600
expect_status "$times kills of the console driver" 0
why=
grep -qE "console  *runs  *$((times + 1)) " "$work/out" ||
    why="tasks does not show that it started $((times + 1)) times"
verdict 'each line that was typed arrived once' "$why"
why=
grep -qx 'set word kept' "$work/out" || why="the variable is gone"
grep -q '1  set word kept' "$work/out" || why="the history is gone"
verdict 'the shell kept its variables and its history' "$why"

# Under icount a nanosecond is an instruction, while something runs: so the time is taken
# from the log, from the kill to the start, and not while the next line is awaited.
boot "$(kills 10)log\\n" --icount
expect_status 'ten kills, counted' 0
spent=$(tr -d '[]' <"$work/out" | awk '
    /console: task .* was killed/ { killed = $1 }
    /console: started as task/ && killed {
        n++
        took = ($1 - killed) * 1000000000
        most = took > most ? took : most
    }
    END { if (n == 10) printf "%d", most }')
why=
[ "${spent:-100000000}" -lt 100000000 ] || why="a restart took ${spent:-?} instructions"
verdict 'a restart takes less than 100 million instructions' "$why"
echo "# $spent instructions at most"
exit "$bad"
