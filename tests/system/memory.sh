# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Little memory is enough, and too little is said: by the system where it can
# be loaded at all, by the emulator where not even the images fit.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

boot 'memory\n' --memory 16
expect_status 'the prompt is there with 16 MiB' 0
boot 'memory\n' --memory 2
if [ "$arch" = x86_64 ]; then
    expect_status 'too little memory is said' 125 'panicked: .*memory'
else
    why=
    [ "$status" = 125 ] && grep -q 'space' "$work/err" || why="status $status, or no sentence"
    verdict 'too little memory is said' "$why"
fi
exit "$bad"
