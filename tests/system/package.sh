# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# A boot package that is not the one that the kernel was built with stops the
# boot, and an entry that does not match its hash is not started.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc
good=build/$arch/base.pkg

# number OFFSET SIZE: a little-endian number of the package.
number() {
    od -An -tu"$2" -j"$1" -N"$2" "$good" | tr -d ' '
}

corrupt "$good" 16
boot 'echo alive\n' --package "$work/bad.pkg"
expect_status 'a flipped bit in the header' 125 'panicked: boot package'
corrupt "$good" 70
boot 'echo alive\n' --package "$work/bad.pkg"
expect_status 'a flipped bit in the index' 125 'panicked: boot package'
head -c 100 "$good" >"$work/bad.pkg"
boot 'echo alive\n' --package "$work/bad.pkg"
expect_status 'a package that is cut off' 125 'panicked: boot package'

# Entry N is at 64 + 128 N: hash, u64 offset, u64 size, kind, reserved, name.
entry() {
    index=0
    while [ "$index" -lt "$(number 12 4)" ]; do
        at=$((64 + 128 * index))
        name=$(dd if="$good" bs=1 skip=$((at + 56)) count=64 2>/dev/null | tr -d '\0')
        if [ "$(number $((at + 48)) 4)" = "$1" ] && [ "$name" = "$2" ]; then
            number $((at + 32)) 8
            return
        fi
        index=$((index + 1))
    done
}

corrupt "$good" $(($(entry 1 initd) + 200))
boot 'echo alive\n' --package "$work/bad.pkg"
expect_status 'a flipped bit in initd' 125 'panicked: boot package: .*initd'
corrupt "$good" $(($(entry 1 shell) + 200))
boot 'echo alive\n' --package "$work/bad.pkg" --timeout 20
expect_status 'a flipped bit in the shell' 125 'shell'
exit "$bad"
