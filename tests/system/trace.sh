# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The tracer and the profiler: a request is one flow through the tasks that had to do with it,
# a function that takes the time is met first, and the file for Perfetto has what the Trace
# Event Format wants. Afterwards not a byte is missing.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# flow CASE NAME...: some flow of the last boot has all of these threads, in this order.
flow() {
    name=$1
    shift
    why=
    awk -v want="$*" '
        function check(i, at) {
            at = 1
            for (i = 1; i <= count; i++)
                if (at <= wanted && thread[i] == names[at]) at++
            found = found || (count > 0 && at > wanted)
            count = 0
        }
        BEGIN { wanted = split(want, names, " ") }
        $1 == "flow" && NF == 2 { check() }
        $1 ~ /^[0-9]+[.][0-9][0-9][0-9]$/ { thread[++count] = $3 }
        END { check(); exit !found }' "$work/out" || why="no flow has $*"
    verdict "$name" "$why"
}

boot "memory\ntrace tasks\nmemory\ntrace fault busy\nmemory\nstatus\n"
expect_status 'two lines are traced' 0 'it was busy'
flow 'a request goes to initd and back' shell.1 initd.1 shell.1
flow 'what the shell says goes to the console' shell.1 console.1
# Who is awake is rung by nobody, and leaves no record. With one hart the shell and the console
# sleep long before that program says something; with more of them the shell may say it later.
[ "$harts" != 1 ] ||
    flow 'output goes by way of the shell to the console' fault.1 shell.1 console.1
books_again shell pool

boot "trace --all 'echo a b | count'\ntrace --all fault hang\r\003echo over
echo over\necho over\necho over\n"
expect_status 'a pipeline, and one that is ended by Ctrl-C' 0 '^over$'
why=
for event in 'goes on' 'calls over ring' 'rings over ring' waits 'sends object' 'takes object' \
    'drops object' 'interrupted by the timer'; do
    grep -qE "^ +[0-9]+[.][0-9]{3} +[0-9]+ .* $event" "$work/out" || why="$why no '$event';"
done
verdict 'each kind of event is there' "$why"

boot "profile --period 200 fault busy\n"
expect_status 'a program is profiled' 1 'fault: it was busy'
why=
awk '/samples  share  task/ { getline; found = $3 == "fault" && $4 == "busy_turn" }
    END { exit !found }' "$work/out" || why='another one is met first'
verdict 'the function that takes the time is met first' "$why"

boot "trace\n"
expect_status 'nothing to trace' 2 'trace: the arguments are wrong: want `trace '
boot "trace --most echo a\n"
expect_status 'an option that there is not' 2 'trace: the arguments are wrong: want `trace '
boot "profile --period 9 echo a\n"
expect_status 'too short a period' 2 'profile: the arguments are wrong: want `profile '
boot "trace 'trace echo a'\n"
expect_status 'one within the other' 1 'trace: it cannot be part of what runs: want it alone'
boot "trace no-such-thing\n"
expect_status 'a line that cannot be run' 1 'there is no such command'

# The file. Each event is a line, so that its fields can be looked for.
status=0
./vectra trace --arch "$arch" --harts "$harts" --timeout 120 --output "$work/trace.json" \
    -- tasks >"$work/out" 2>"$work/err" || status=$?
expect_status 'a file is written' 0 ' shell '
why=
awk '
    function need(what) { if (index($0, what) == 0) { print NR ": no " what ": " $0; bad = 1 } }
    function number(name, text) {
        text = $0
        sub(".*\"" name "\":", "", text)
        return text + 0
    }
    NR == 1 { if ($0 != "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[") bad = 1; next }
    $0 == "]}" { closed = NR; next }
    {
        if ($0 !~ /^\{"ph":"[MXistf]","pid":[0-9]+,"tid":[0-9]+,"ts":[0-9]+([.][0-9]+)?,.*\},?$/) {
            print NR ": " $0
            bad = 1
        }
        need("\"name\":\"")
        phase = substr($0, 8, 1)
        count[phase]++
        if (phase == "X") {
            need("\"dur\":")
            turn[++turns] = number("pid") " " number("tid")
            from[turns] = number("ts") - 0.001
            until[turns] = number("ts") + number("dur") + 0.001
        }
        if (phase == "i") need("\"s\":\"t\"")
        if (phase ~ /[stf]/) {
            need("\"cat\":\"flow\"")
            id = $0
            sub(/.*"id":/, "", id)
            sub(/[^0-9].*/, "", id)
            if (phase == "f") need("\"bp\":\"e\"")
            flow[++flows] = number("pid") " " number("tid")
            at[flows] = number("ts")
            if (phase == "s") open[id] = 1
            else if (!(id in open)) { print NR ": a flow that was not begun: " $0; bad = 1 }
        }
        quotes = gsub(/"/, "\"")
        if (quotes % 2 != 0) { print NR ": quotes: " $0; bad = 1 }
    }
    END {
        # A reader draws an arrow from turn to turn: each end of one is in a turn of its thread.
        for (i = 1; i <= flows; i++) {
            for (j = 1; j <= turns; j++)
                if (turn[j] == flow[i] && from[j] <= at[i] && at[i] <= until[j]) break
            if (j > turns) { print "a flow outside of any turn, at " at[i]; bad = 1 }
        }
        exit bad || closed != NR || !count["M"] || !count["X"] || !count["i"] || !count["s"] ||
               !count["f"] }' "$work/trace.json" >"$work/why" || why=$(head -n 3 "$work/why")x
verdict 'it is in the Trace Event Format' "$why"

exit "$bad"
