# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# initd ends: the root Task says how, takes everything back and starts it anew. After five
# ends in quick succession it gives up, and the machine stops. The package's initd is one
# that can be killed (services/initd/tests/mortal.c).
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

boot 'set word gone\nmemory\nkill namingd\nset\nmemory\nkill console\necho second
kill shell\nmemory\nkill namingd\nmemory\ntasks\necho the end\n' --kernel-mortal
expect_status 'a session in which initd ends three times' 0 '^the end$'
why=
[ "$(grep -c '^root: initd ' "$work/out")" = 3 ] || why='the root Task does not speak three times'
grep -q '^root: initd faulted: kind [46], ' "$work/out" || why='no fault is told'
grep -qx 'root: initd ended with status 7' "$work/out" || why='no status is told'
verdict 'the root Task says how it ended' "$why"
why=
grep -qx 'second' "$work/out" || why='the line is not there'
[ "$(grep -c 'lists the commands' "$work/out")" = 4 ] || why='the shell did not start four times'
! grep -qx 'set word gone' "$work/out" || why='the former shell lives'
verdict 'there is a new prompt each time' "$why"
# The first start costs the root Task a page of tables, which it keeps.
why=
[ "$(grep -cE ' pool  ' "$work/out")" = 4 ] || why='memory does not speak four times'
[ "$(grep -E ' pool  ' "$work/out" | tail -n 3 | sort -u | wc -l)" = 1 ] ||
    why='it is not the same each time'
verdict 'not a byte is missing' "$why"

five='kill namingd\nkill namingd\nkill namingd\nkill namingd\n'
boot "${five}echo fifth\nkill namingd\necho never\n" --kernel-mortal
expect_status 'five ends in a row stop the machine' 125 'panicked: initd failed 5 times in a row$'
why=
[ "$(grep -c '^root: initd faulted' "$work/out")" = 5 ] || why='not five times'
grep -qx fifth "$work/out" || why='the fourth was the last'
! grep -qx never "$work/out" || why='it went on'
grep -q 'root Task .* 126' "$work/out" || why='the status is not told'
verdict 'and no fewer' "$why"
exit "$bad"
