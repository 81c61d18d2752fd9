# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The debugger: a program that faults, one that loops, one that waits, a service that
# runs. Every name, place and value that it shows is compared with what the program is
# known to do. Afterwards the tasks go on, and not a byte is missing.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# says CASE PATTERN: a whole line of the last boot matches.
says() {
    why=
    grep -qxE -- "$2" "$work/out" || why="no line is '$2'"
    verdict "$1" "$why"
}

# lines CASE PATTERN...: lines that follow each other match the patterns.
lines() {
    name=$1
    shift
    printf '%s\n' "$@" >"$work/want"
    why=
    awk 'NR == FNR { want[NR] = "^" $0 "$"; count = NR; next }
        { for (i = count; i > 0; i--) at[i] = (i == 1 || at[i - 1]) && $0 ~ want[i]
          if (at[count]) found = 1 }
        END { exit !found }' "$work/want" "$work/out" || why="nowhere: $*"
    verdict "$name" "$why"
}

hex='0x[0-9a-f]+'
boot "debug run fault read -- continue backtrace registers 'memory 0x100000' quit\n"
expect_status 'a program that faults' 1
lines 'it stops before its first instruction' "thread 1: at its first instruction: $hex _start"
lines 'its fault has a place and a way there' \
    "thread 1: it read where it may not at 0x100000: $hex read_nothing[+]$hex" \
    " 0  $hex read_nothing[+]$hex" " 1  $hex program_main[+]$hex" \
    " 2  $hex program_start[+]$hex" " 3  $hex _start[+]$hex"
lines 'the pc is among the registers' "pc    $hex read_nothing[+]$hex"
says 'memory that there is not' 'debug: 0x100000 cannot be read: nothing is mapped there'
says 'then it ends as ever' 'fault: it read where it may not at 0x100000, .*: the task was ended'

boot "debug run fault loop -- 'break loop_turn' continue backtrace 'memory loop_count' continue \
'memory loop_count' delete 'watch loop_count' continue 'memory loop_count' continue \
'memory loop_count' delete 'step 20' 'write loop_end 1234' 'memory loop_end' continue\n"
expect_status 'a program that loops' 0
lines 'a breakpoint by name' "breakpoint 0: $hex loop_turn" "thread 1: breakpoint 0: $hex loop_turn" \
    " 0  $hex loop_turn" " 1  $hex loop[+]$hex" " 2  $hex program_main[+]$hex" \
    " 3  $hex program_start[+]$hex" " 4  $hex _start[+]$hex" 'loop_count = 0 = 0x0' \
    "thread 1: breakpoint 0: $hex loop_turn" 'loop_count = 1 = 0x1'
lines 'a watchpoint on a variable' "watchpoint 0: $hex loop_count" \
    "thread 1: watchpoint 0: $hex loop_turn[+]$hex" 'loop_count = 2 = 0x2' \
    "thread 1: watchpoint 0: $hex loop_turn[+]$hex" 'loop_count = 3 = 0x3'
lines 'steps, and a variable that is written' "thread 1: stepped: $hex (loop|loop_turn)([+]$hex)?" \
    'loop_end = 1234 = 0x4d2' 'fault: it counted to 1234' 'fault: task [0-9]+ ended with status 0'

# Two threads: when one comes to a breakpoint the other stands still too, in its wait, and
# goes on waiting afterwards.
boot "debug run fault pair -- 'break time_sleep_until' continue 'break pair_turn' 'delete 0' continue \
continue threads 'memory pair_count' backtrace 'thread 1' backtrace 'thread 2' step end\n"
expect_status 'a program of two threads' 121
lines 'both stand still' "thread 2: breakpoint 1: $hex pair_turn" "     1  stands still: $hex .*" \
    "[*]    2  it came to a watchpoint: $hex pair_turn" 'pair_count = [0-9]+ = 0x[0-9a-f]+' \
    " 0  $hex pair_turn" " 1  $hex pair_entry[+]$hex" " 2  $hex thread_start[+]$hex"
says 'the one that waits has a way there' " [1-9]  $hex pair[+]$hex"

# A thread that is made after the breakpoint was set comes to it at its first turn.
boot "debug run fault pair -- 'break pair_turn' continue threads 'memory pair_count' delete end\n"
expect_status 'a thread that is made later' 121
lines 'it has the breakpoint' "breakpoint 0: $hex pair_turn" "thread 2: breakpoint 0: $hex pair_turn" \
    "     1  stands still: $hex .*" "[*]    2  it came to a watchpoint: $hex pair_turn" \
    'pair_count = 0 = 0x0'

# At the prompt: Ctrl-C stops what runs, `quit` lets it go on, Ctrl-C then ends it. Where
# several lines are typed at one prompt the script gets ahead, so it ends with a few more.
boot 'debug run fault hang\nbr hang\nc\nstep 9\nback\nc\r\003threads
quit\r\003debug run fault breakpoint
c\nback\nc\ndebug run fault stack -- continue backtrace\ndebug run count
c\rone\rtwo\r\004\recho the end\necho the end\necho the end
echo the end\necho the end\n'
expect_status 'a session at the prompt' 0 'the end'
lines 'steps in a loop' "thread 1: stepped: $hex hang[+]$hex" "debug> back" \
    " 0  $hex hang[+]$hex" " 1  $hex program_main[+]$hex" " 2  $hex program_start[+]$hex" \
    " 3  $hex _start[+]$hex"
lines 'Ctrl-C stops a loop' '[\^]C' "thread 1: stopped: $hex hang[+]$hex" 'debug> threads' \
    "[*]    1  stands still: $hex hang[+]$hex"
lines 'a stack that is used up ends with a word' '63  .* deeper[+].*' '    and so on: .*'
says 'a breakpoint instruction' "thread 1: it came to a breakpoint: $hex way_breakpoint.*"
says 'and the way on from it' 'fault: it survived: somebody went on after the breakpoint'
says 'the keyboard is its input while it runs' '2 lines, 8 bytes'

# A service that waits: stopped, looked at, let go; it serves as before.
boot "debug namingd stop\nrun naming-test\nmemory\n\
debug namingd stop backtrace threads 'memory sp 32'\ndebug namingd stop\nrun naming-test\n\
debug shell stop\ndebug console stop\ndebug initd stop\n\
tasks\nmemory\nmemory\n" --kernel-test
expect_status 'a session with a service' 0
lines 'a thread that waits is stopped' "thread 1: stopped: $hex program_main[+]$hex" \
    " 0  $hex program_main[+]$hex" " 1  $hex program_start[+]$hex" " 2  $hex _start[+]$hex" \
    "[*]    1  stands still: $hex program_main[+]$hex"
says 'the service goes on' 'ok naming: .*'
for task in shell console initd; do
    says "not $task itself" "debug: $task: the shell would stop with it: want another task"
done
why=
grep -q '^not ok' "$work/out" && why=$(grep '^not ok' "$work/out" | head -n 1)
awk '$2 == "namingd" && $3 == "runs" && $4 == 1 { good = 1 } END { exit !good }' "$work/out" ||
    why="namingd is not as before"
verdict 'its clients see nothing' "$why"
books_again namingd pool
exit "$bad"
