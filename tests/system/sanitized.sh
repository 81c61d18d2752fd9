# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The kernel in which the compiler checks each access and each operation: what it is to
# stop, and some of the tests of the kernel in it. `./vectra soak` runs all of them.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# stops WAY PATTERN
stops() {
    boot "ktest crash.$1\\n" --kernel-sanitized
    expect_status "the sanitized kernel stops: $1" 125 "panicked: $2"
}

stops freed 'address: a load of 8 bytes at '
stops past 'address: a load of 1 bytes at '
stops shift 'undefined: shift_out_of_bounds at .*crash.c:'
boot 'ktest memory\nktest thread\nktest revoke\n' --kernel-sanitized
expect_status 'tests in the sanitized kernel' 0 'passed, 0 failed'
exit "$bad"
