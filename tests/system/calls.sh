# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# In the shipped kernel each call and jump through a register or memory is behind a check of the
# function's type: the instruction before it is the trap of a failed one, and the one before
# that jumps over the trap. What remains is the jump of a switch on x86_64: its table has an
# address of its own, is read-only, and the index was compared with its size; and enter_long of
# its entry.S, from the low address to the high one, to where two lines of assembly say. And the
# call of a syscall's function in trap.S, by such a table and a number that was compared, too.
# Programs have no such checks, so the test must find them bad.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# count_calls ELF: how many are checked, and where those are that are not.
count_calls() {
    llvm-objdump-19 -d --no-show-raw-insn "$1" | awk '
        function over(address) {
            return trap ~ /^(ud2|brk)$/ && jump ~ /^(je|b\.eq)$/ && target == "0x" address
        }
        $2 ~ /^<.*>:$/ { symbol = $2 }
        $1 !~ /^[0-9a-f]+:$/ || symbol == "<enter_long>:" { next }
        {
            address = substr($1, 1, length($1) - 1)
            table = ($2 ~ /^jmp/ || symbol == "<syscall_entry>:") &&
                    $3 ~ /^\*-0x[0-9a-f]+\(,%r[0-9a-z]+,8\)$/
            if (symbol == "<vectors>:" && $0 ~ /ldr.x16, \[x2, x8, lsl #3\]/) indexed = 1
            if (indexed && $2 == "br" && $3 == "x16") { indexed = 0; next }
            if ($2 ~ /^(blr|br)(a.*)?$/ || ($2 ~ /^l?(call|jmp)/ && $3 ~ /^\*/ && !table)) {
                over(address) ? checked++ : bad = bad " " address
            }
            jump = trap
            target = at
            trap = $2
            at = $3
        }
        END { print checked + 0, bad }'
}

[ "$harts" = 1 ] || exit 0
calls=$(count_calls "build/$arch/kernel.elf")
why=
case $calls in
[1-9]*' ') ;;
*) why="checked calls, and the places of others: $calls" ;;
esac
verdict 'the shipped kernel checks each call through a pointer' "$why"
calls=$(count_calls "build/$arch/shell.elf")
why=
case $calls in
'0 '?*) ;;
*) why="checked calls, and the places of others: $calls" ;;
esac
verdict 'a program does not' "$why"
exit "$bad"
