# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# A program dies in each way that there is: the shell says how, its status is
# 120, the others go on, and afterwards not a byte is missing.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# dies KIND SENTENCE: what the shell says about `fault KIND`.
dies() {
    why=
    grep -q "^fault: $2.*: the task was ended\$" "$work/out" || why="not said: $2"
    verdict "fault $1" "$why"
}

lines='echo before | count\nmemory\n'
for kind in read write execute instruction privilege breakpoint stack kernel null float divide \
    alignment handle syscall memory; do
    lines="${lines}fault $kind; echo $kind \$?\\n"
done
# Bytes of a faulted task stay readable for a moment.
again="log | count\\necho after | count\\nmemory\\n"
boot "$lines$again$again$again$again"
expect_status 'a session of faults' 0
dies read 'it read where it may not at 0x100000, instruction 0x4'
dies write 'it wrote where it may not at 0x40'
dies execute 'it executed where it may not, instruction 0x40'
dies instruction 'it executed an instruction that it may not, instruction 0x40'
dies privilege 'it executed an instruction that it may not, instruction 0x40'
dies breakpoint 'it came to a breakpoint, instruction 0x40'
dies stack 'it wrote where it may not at 0x1e'
dies kernel 'it read where it may not at 0xffff'
dies null 'it read where it may not at 0x0, instruction 0x40'
dies float 'it used floating point without `float` in its manifest'
survivor=alignment
if [ "$arch" = aarch64 ]; then
    survivor=divide
    dies alignment 'it used an address that is not aligned at 0x40'
else
    dies divide 'its arithmetic has no result, instruction 0x40'
fi
for kind in read write execute instruction privilege breakpoint stack kernel null float; do
    why=
    grep -qx "$kind 120" "$work/out" || why="the status is not 120"
    verdict "the status of fault $kind" "$why"
done
for kind in $survivor handle syscall memory; do
    why=
    grep -qx "$kind 1" "$work/out" || why="the status is not 1"
    verdict "fault $kind does not kill" "$why"
done
books_again console namingd shell pool
boot 'fault forge\n'
expect_status 'a program cannot forge a status' 1
exit "$bad"
