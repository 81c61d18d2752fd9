# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra coverage`: which lines and conditions of the portable kernel, and of the
# heap and the list that it stands on, the host tests go through. They are built once
# more, to count instead of being sanitized; all of them write into one profile. What was
# not decided both ways, and by itself (MC/DC), must be argued in
# kernel/tests/unreachable.list: check/coverage.awk compares the two and says what to do.
# shellcheck shell=sh disable=SC2154

run_coverage() {
    if [ "${1:-}" = --machine ]; then
        shift
        . tools/coverage-machine.sh
        run_coverage_machine "$@"
        return
    fi
    options "" "$@"
    set_up
    out=build/coverage
    compile coverage build.ninja # which names the tests
    grep -E '^(kernel_.*|heap|list)$' "$out/tests.list" >"$out/tests"
    # shellcheck disable=SC2046
    compile coverage libkernel.a $(sed 's/^/test-/' "$out/tests")
    # A decision that the compiler cannot count would be missing without a word.
    if grep -A3 'unsupported MC/DC' "$out/build.log"; then
        rm -rf "$out/libkernel.a.p" # so that it is said again the next time
        exit 1
    fi
    rm -rf "$out/profile"
    mkdir -p "$out/profile"
    while read -r test; do
        LLVM_PROFILE_FILE=$top/$out/profile/%m.profraw timeout 60 "$out/test-$test" \
            >"$out/$test.log" 2>&1 </dev/null || {
            cat "$out/$test.log"
            say "coverage: $test failed"
            exit 1
        }
    done <"$out/tests"
    llvm-profdata-19 merge -o "$out/all.profdata" "$out/profile"/*.profraw
    llvm-cov-19 export "$out/libkernel.a" -object "$out/test-heap" -object "$out/test-list" \
        -instr-profile="$out/all.profdata" \
        >"$out/export.json" 2>"$out/export.log" || {
        cat "$out/export.log"
        exit 1
    }
    awk -f tools/check/coverage.awk kernel/tests/unreachable.list RS='}' "$out/export.json"
}
