# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# What is typed before the prompt is there waits for it, byte by byte.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

text=abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789
for round in 1 2 3; do
    status=0
    printf 'echo %s\npoweroff 3\n' "$text" |
        ./vectra run --arch "$arch" --harts "$harts" --headless --timeout 120 \
            >"$work/out" 2>"$work/err" || status=$?
    expect_status "typed during boot, $round" 3
    why=
    # Once echoed, once printed.
    [ "$(grep -c -- "$text" "$work/out")" = 2 ] || why='the text is not there twice'
    verdict "nothing typed is lost, $round" "$why"
done
exit "$bad"
