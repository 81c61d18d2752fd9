# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# What the kernel may never do ends in a panic that says where: the check kernel does it.
# On x86_64 the numbers are a vector and the processor's error code, on aarch64 ESR_EL1.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# crashes WAY X86_64 AARCH64: what is said.
crashes() {
    boot "ktest crash.$1\\n" --kernel-check
    if [ "$arch" = x86_64 ]; then
        expect_status "the kernel may not $1" 125 "panicked: trap $2 in the kernel at "
    else
        expect_status "the kernel may not $1" 125 "panicked: exception in the kernel (vector 4) ESR $3 "
    fi
}

crashes read '14 (error 0)' '9600000[4-7]'
crashes read_user '14 (error 1)' 9600000f
crashes write_text '14 (error 3)' 9600004f
crashes write_alias '14 (error 3)' 9600004f
crashes execute_data '14 (error 11)' 8600000f
crashes execute_user '14 (error 11)' 8600000f
boot 'ktest crash.branch\n' --kernel-check
expect_status 'the kernel may not branch' 125 \
    'panicked: call of a function of another type.* in the kernel '
[ "$arch" = x86_64 ] || crashes land '' 3600000[0-9a-f]
crashes stack '8 (error 0)' 96000047
exit "$bad"
