# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra trace --output FILE -- COMMAND`: boots the machine without a window, types
# `trace --json COMMAND` at the prompt, and writes what stands between the marks into FILE,
# in the Trace Event Format, which ui.perfetto.dev opens. What COMMAND itself printed goes to the
# output. The status is that of COMMAND.
# shellcheck shell=sh disable=SC2154

# Between the marks, or all but that.
traced() {
    tr -d '\r' <build/trace/out | awk -v inside="$1" '
        /^-----BEGIN TRACE-----$/ { on = 1; next }
        /^-----END TRACE-----$/ { on = 0; next }
        on == inside'
}

run_trace() {
    count=0
    for word; do
        [ "$word" != -- ] || break
        count=$((count + 1))
    done
    [ $((count + 1)) -lt $# ] || die "trace: no command: want ./vectra trace --output FILE -- COMMAND"
    line='trace --json'
    own=
    at=0
    for word; do
        at=$((at + 1))
        [ "$at" -gt "$count" ] || own="$own \"\${$at}\""
        [ "$at" -le $((count + 1)) ] || line="$line $word"
    done
    eval "options '--arch --harts --memory --timeout --kernel-test --icount --output' $own"
    [ -n "$output" ] || die "trace: --output is missing: want the file to write"
    build "$arch"
    mkdir -p build/trace
    printf '%s\n' "$line" >build/trace/script
    status=0
    VECTRA_BUILT=yes ./vectra run --arch "$arch" --harts "$harts" --memory "$memory" --headless \
        --timeout "${timeout:-120}" --script "$top/build/trace/script" ${kernel:+--kernel$kernel} \
        ${icount:+--icount} >build/trace/out || status=$?
    traced 0
    traced 1 >build/trace/json
    [ -s build/trace/json ] || die "trace: nothing was traced"
    cp build/trace/json "$output"
    say "$(grep -c '"ph"' "$output") events in $output: open it in ui.perfetto.dev"
    return "$status"
}
