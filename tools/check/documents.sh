# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Rules of `./vectra check` that keep the documents true: what a document, or a table of
# tests, points to is there. Part of tools/check.sh.
# shellcheck shell=sh disable=SC2016

# Links to files of this tree; those with a scheme are not looked at.
rule_links() {
    code_files '\.md$' | xargs grep -noE '\]\([^) ]+\)' /dev/null | sed -E 's/\]\(([^)#]*)[^)]*\)$/\1/' |
        grep -vE ':[a-z]+://|:$' | while IFS=: read -r file line target; do
        [ -e "$(dirname "$file")/$target" ] || echo "$file:$line: a link to $target, which is not there"
    done
}

# The table of docs/reference/bench.md is made of tests/bench/instructions.
rule_bench() {
    classes_table tests/bench/instructions >build/check/classes
    sed -n '/^| machine | row |/,$p' docs/reference/bench.md | cmp -s - build/check/classes ||
        echo "docs/reference/bench.md: its last table is old: ./vectra bench --instructions --baseline"
}

# Tests that documents name: `ktest:GROUP.CASE` of tests/ktest, `host:FILE.TEST` of a
# host test FILE.c, `system:NAME` of tests/system/NAME.sh.
rule_tests_named() {
    code_files '\.md$' | xargs grep -noE '`(ktest|host|system):[a-z0-9_.-]+`' /dev/null | tr -d '`' |
        while IFS=: read -r file line kind name; do
            test_exists "$kind" "${name%%.*}" "${name#*.}" ||
                echo "$file:$line: there is no test $kind:$name"
        done
}

# The tests that tests/ktest/matrix.c names for what it does not try itself (`GROUP.CASE` of
# tests/ktest, or `host:FILE.TEST`) exist, and files with them name the syscall and the status.
rule_matrix() {
    sed '1,/^} elsewhere\[\] = {$/d; /^};/,$d' tests/ktest/matrix.c | tr -d '\n' | sed 's/},/\n/g' |
        sed -E 's/^ *\{"([a-z_]+)", *"([A-Z_ ]+)", *"([^"]+)"$/\1|\2|\3/' >build/check/elsewhere
    [ -s build/check/elsewhere ] || echo "tests/ktest/matrix.c: its table elsewhere[] is not found"
    while IFS='|' read -r call errors names; do
        : >build/check/sources
        for name in $(echo "${names:-nothing}" | tr -d ','); do
            kind=ktest
            case $name in host:*) kind=host ;; esac
            name=${name#host:}
            test_exists "$kind" "${name%%.*}" "${name#*.}" ||
                echo "tests/ktest/matrix.c: $call: there is no test $kind:$name"
            test_source "$kind" "${name%%.*}" >>build/check/sources
        done
        for word in "$call" $(echo "$errors" | sed 's/[A-Z_]*/STATUS_&/g'); do
            xargs grep -qw -e "$word" -e "sys_$word" /dev/null <build/check/sources ||
                echo "tests/ktest/matrix.c: $call: no file with the tests $names has $word"
        done
    done <build/check/elsewhere
}

# test_source KIND FILE-OR-GROUP
test_source() {
    case $1 in
    ktest) grep -l "^TESTS($2," tests/ktest/*.c ;;
    host) code_files "/$2\.c\$" ;;
    esac
}

# test_exists KIND FILE-OR-GROUP CASE
test_exists() {
    case $1 in
    ktest) cat tests/ktest/*.c | tr -d '\n' | grep -qE "TESTS\\($2,[^;]*\\{\"$3\"," ;;
    host)
        for source in $(code_files "/$2\\.c\$"); do
            ! grep -q "^TEST($3)" "$source" || return 0
        done
        return 1
        ;;
    system) [ -e "tests/system/$2.sh" ] ;;
    *) return 1 ;;
    esac
}

# The specification's numbers are those of the headers, and its syscalls those of the table.
rule_spec() {
    protocols='services/initd/protocol.h services/namingd/protocol.h'
    {
        for machine in x86_64 aarch64; do
            printf '#define thread_registers thread_registers_%s\n' "$machine"
            printf '#include "abi/%s/machine/registers.h"\n#undef thread_registers\n' "$machine"
        done
        for header in abi/*.h $protocols lib/package/package.h lib/symbols/symbols.h \
            lib/vectra/stream.h lib/firmware/boot_info.h; do
            [ ! -e "$header" ] || printf '#include "%s"\n' "$header"
        done
        # shellcheck disable=SC2086
        awk -f tools/check/numbers.awk docs/spec/[0-9]*.md headers=1 abi/*.h $protocols
    } >build/check/spec.c
    clang-19 -std=c23 -I. -Iabi/x86_64 -Ilib/vectra/arch/x86_64 -ferror-limit=0 -fsyntax-only \
        build/check/spec.c 2>&1 | grep 'error: '
    awk -f tools/check/calls.awk abi/syscalls.def docs/spec/11-syscalls.md | sort
    awk -f tools/check/clauses.awk docs/spec/[0-9]*.md look=1 docs/spec/[0-9]*.md
}
