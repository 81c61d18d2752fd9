# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra check`: rules that hold for the whole tree and that no compiler
# looks after. Each rule is one function that prints what breaks it; a rule
# that prints nothing holds. Warnings begin with `warning: ` and do not fail.
# shellcheck shell=sh disable=SC2154,SC1091
. tools/check/documents.sh
. tools/bench.sh

code_files() {
    grep -E "$1" build/check/files || true
}

rule_format() {
    code_files '\.[ch]$' | xargs -P2 -n20 clang-format-19 --dry-run -Werror 2>&1 |
        grep -E 'error:' | head -n 40
}

# flags_for MACHINE: how code is compiled for x86_64, aarch64, the host, or in the check kernel.
flags_for() {
    hooks=-Ikernel/hooks
    case $1 in
    check)
        hooks='-Ikernel/tests/hooks -Ikernel/tests/hooks/x86_64'
        set -- x86_64 x86_64 --target=x86_64-unknown-none-elf -ffreestanding -nostdlibinc -mgeneral-regs-only
        ;;
    host) set -- "$(uname -m)" host -D_GNU_SOURCE ;;
    *) set -- "$1" "$1" "--target=$1-unknown-none-elf" -ffreestanding -nostdlibinc -mgeneral-regs-only ;;
    esac
    flags="-std=c23 -Wall -Wextra -I. -Iabi/$1 -Ikernel/arch/$2 $hooks -Ilib/vectra/arch/$1"
    flags="$flags -Itests/bench/linux/$1"
    shift 2
    flags="$flags $*"
}

# Code that only the host compiles: tests, tools, and what they share.
host_only() {
    grep -E '^(tests/[a-z]*\.|tools/|kernel/arch/host/)|/tests/|_(test|fuzz)\.c$' || true
}

host_headers='#include <(stdio|stdlib|string|unistd|sys/[a-z]*)\.h>'

headers_for() {
    flags_for "$1"
    # shellcheck disable=SC2086
    xargs -P2 -I{} clang-19 $flags -Werror -fsyntax-only -x c-header {} 2>&1
}

rule_headers() {
    code_files '\.h$' >build/check/all
    xargs grep -lE "$host_headers" <build/check/all /dev/null >build/check/host || true
    host_only <build/check/all | sort -u - build/check/host >build/check/host.h
    grep -vxFf build/check/host.h build/check/all >build/check/bare.h
    grep -v '/aarch64/' build/check/bare.h | headers_for x86_64
    grep -v '/x86_64/' build/check/bare.h | headers_for aarch64
    headers_for host <build/check/host.h
}

lint_for() {
    flags_for "$1"
    # shellcheck disable=SC2086
    xargs -P2 -n8 sh -c 'flags=$1; shift; exec clang-tidy-19 --quiet "$@" -- $flags' - "$flags" 2>&1 |
        grep -E '(warning|error): ' | sed "s|^$top/||; s/.*readability-function-size.*/warning: &/" | sort -u
}

# Code that embeds a file that is built is left to the compiler.
rule_lint() {
    code_files '\.c$' | xargs grep -L '^#embed' /dev/null | grep -v '^/dev/null$' >build/check/all
    grep '^kernel/tests/hooks/' build/check/all | lint_for check
    host_only <build/check/all | grep -v '^kernel/tests/hooks/' >build/check/host
    host_only <build/check/all | grep -vxFf - build/check/all >build/check/bare
    grep -v '/aarch64/' build/check/bare | lint_for x86_64
    grep '/aarch64/' build/check/bare | lint_for aarch64
    lint_for host <build/check/host
}

rule_spdx() {
    while read -r file; do
        case $file in
        LICENSE | *.bin | *.pkg) continue ;;
        esac
        head -n 4 "$file" | tr '\n' ' ' | grep -aq \
            'SPDX-License-Identifier: BSD-3-Clause.*SPDX-FileCopyrightText: The VectraOS contributors' ||
            echo "$file: the two SPDX lines are not at the top"
    done <build/check/files
}

# Nothing under a licence that asks for more than a notice, and no code of others.
rule_licence() {
    words='G''PL|General Public Lic''ense|third_par''ty'
    grep -vx CONTRIBUTING.md build/check/files | # which states this rule
        xargs grep -nIwE "$words" /dev/null |
        sed 's/$/: only our own code, under BSD-3-Clause/'
    code_files '(^|/)(third.party|vendor|external|contrib)/'
}

rule_architecture() {
    code_files '\.([chS]|def)$' | grep -vE '(^|/)(x86_64|aarch64)/|^kernel/arch/|^lib/[a-z0-9]*/arch/' |
        xargs grep -nE '__(x86_64|aarch64|amd64|arm64)__' /dev/null |
        sed 's/$/: code of one machine belongs into its directory/'
}

rule_words() {
    xargs grep -nIwE 'TO''DO|FIX''ME|X''XX|HA''CK' <build/check/files /dev/null
    code_files '\.(c|h|S|sh|build|md|ld|def|manifest)$|^vectra$' |
        xargs grep -nE '[[:blank:]]+$' /dev/null | sed 's/$/: blanks at the end of the line/'
}

rule_length() {
    code_files '\.([chS]|sh)$|^vectra$' | xargs wc -l | awk '$2 != "total" && $1 > 600 {
        print "warning: " $2 ": " $1 " lines: think again at 600" }'
    code_files '\.(S|sh|ld|build)$|^vectra$' | xargs awk 'length($0) > 110 {
        print FILENAME ":" FNR ": " length($0) " columns: want at most 110" }' /dev/null
}

rule_kernel_budget() {
    lines=$(code_files '^kernel/.*\.([chS]|ld)$' | grep -vE '/tests/|_test\.c$|_fuzz\.c$|/arch/host/' |
        xargs awk -f tools/check/lines.awk /dev/null)
    echo "warning: kernel/ has $lines lines of code, of 9300" >&2
    [ "$lines" -lt 9300 ] || echo "kernel/: $lines lines of code: want fewer than 9300"
}

# A source that no build list names is dead, and one day wrong.
rule_listed() {
    find . -path ./build -prune -o -name meson.build -exec cat {} + >build/check/lists
    code_files '\.[cS]$' | while read -r file; do
        base=${file##*/}
        grep -qE "[/']($base|${base%_test.c})'" build/check/lists || echo "$file: no meson.build names it"
    done
}

# The reference is written by a tool from abi/; what is there is what it writes now.
rule_reference() {
    rm -rf build/check/reference
    mkdir -p build/check/reference
    clang-19 -std=c23 -D_GNU_SOURCE -I. tools/reference.c -o build/check/writer 2>&1 || return 0
    build/check/writer build/check/reference 2>&1 || echo "tools/reference.c: it failed"
    (cd build/check/reference && find . -type f) | while read -r file; do
        cmp -s "build/check/reference/$file" "docs/reference/$file" ||
            echo "docs/reference/${file#./}: is old: build/check/writer docs/reference writes it"
    done
}

rule_shell() {
    for file in $(code_files '\.(sh|inc)$|^vectra$|^\.ci/run$'); do
        sh -n "$file" 2>&1
    done
}

run_check() {
    options "" "$@"
    set_up
    mkdir -p build/check
    tree_files >build/check/files
    status=0
    for rule in format headers spdx licence architecture words length kernel_budget listed \
                links tests_named matrix spec bench reference shell lint; do
        "rule_$rule" >build/check/out || true
        if grep -v '^warning: ' build/check/out >build/check/bad; then
            echo "not ok $rule"
            sed 's/^/    /' build/check/bad
            status=1
        else
            echo "ok $rule"
        fi
        grep '^warning: ' build/check/out || true
    done
    return "$status"
}
