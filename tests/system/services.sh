# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The services from a client's side: late binding within the scope, a client that
# breaks every rule, servers that are killed. Afterwards all is as before.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

boot 'run echo before\nmemory\nrun naming-test\nrestart namingd\nrun naming-test\nrun init-test
run debug-test
restart console\nlog | count\nmemory\necho the end\n' --kernel-test
expect_status 'a session with bad clients' 0 '^the end$'
why=
grep -q '^not ok' "$work/out" && why=$(grep '^not ok' "$work/out" | head -n 1)
# What naming-test has the console write itself falls between other pieces of text.
late='spoken through a late connection'
said() {
    sed -z "s/$late\n//g" "$work/out" | grep -o "$1" | wc -l
}
[ "$(grep -o "$late" "$work/out" | wc -l)" = 2 ] || why="not 2 times: $late"
for part in naming:16 init:16 debug:22; do
    [ "$(said "ok ${part%:*}: ")" = "${part#*:}" ] || why="not ${part#*:} times: ok ${part%:*}"
done
verdict 'clients of namingd and initd' "$why"
exit "$bad"
