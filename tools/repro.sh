# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra repro`: builds copies of the tree in two directories whose names
# have different lengths, with files of different dates, another time zone and
# another SOURCE_DATE_EPOCH, and compares every artefact byte by byte.
# shellcheck shell=sh disable=SC2154

# copy DIRECTORY DATE EPOCH ZONE: copies the tree there and builds both machines.
copy_and_build() {
    say "building in $1 ..."
    rm -rf "$1"
    mkdir -p "$1"
    tar -cf - -T build/repro/files | tar -xf - -C "$1"
    find "$1" -exec touch -d "$2" {} +
    (
        cd "$1"
        export SOURCE_DATE_EPOCH="$3" TZ="$4"
        ./vectra build --arch x86_64
        ./vectra build --arch aarch64
    )
}

run_repro() {
    options "" "$@"
    set_up
    mkdir -p build/repro
    tree_files >build/repro/files
    first=build/repro/a
    second=build/repro/another/directory
    copy_and_build "$first" '2001-02-03 04:05:06' 981173106 UTC
    copy_and_build "$second" '2013-12-11 10:09:08' 1386756548 JST-9
    status=0
    for machine in x86_64 aarch64; do
        for file in "$first/build/$machine"/*; do
            name=$machine/${file##*/}
            case $name in
            *.log | */build.ninja | */compile_commands.json) continue ;;
            esac
            [ -f "$file" ] || continue
            if cmp "$file" "$second/build/$name"; then
                echo "ok repro/$name"
            else
                echo "not ok repro/$name: the two builds differ"
                status=1
            fi
        done
    done
    return "$status"
}
