# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# awk -f ran.awk TRAMPOLINE LOG... LINES
#
# Joins what the emulator translated (-d in_asm) with the line table of a kernel
# (llvm-dwarfdump --debug-line) and prints `FILE LINE 0|1` for each of its rows: whether
# an instruction of it was translated. A block is translated when a hart is about to run
# it and not before, and ends at each jump; so that is, but for a fault in its middle,
# whether it ran.
#
# An address counts by its last six digits, for the image is below 2 MiB and stands at a
# multiple of that. Before the MMU is on, and in the page where a hart of x86_64 begins
# (TRAMPOLINE is an output of nm with where it was copied from), they are physical.

function number(hex,    value, i) {
    value = 0
    for (i = 1; i <= length(hex); i++) {
        value = value * 16 + index("123456789abcdef", substr(hex, i, 1))
    }
    return value
}

# --- where the trampoline stands

FILENAME ~ /\.nm$/ && $3 == "trampoline_start" { trampoline = number(substr($1, length($1) - 5)) }

# --- the emulator's log

FILENAME ~ /\.log$/ && /^IN:/ { first = 1 }
FILENAME ~ /\.log$/ && /^0x[0-9a-f]*:/ {
    address = substr($1, 3, length($1) - 3)
    if (address ~ /^402/) { # where the aarch64 image is loaded
        ran[number(substr(address, length(address) - 5)) - 2097152] = 1
    } else if (address ~ /^000[0-9a-f][0-9a-f]...$/) { # the first MiB
        if (first && address ~ /000$/ && $2 == "fa") {
            page = substr(address, 1, 5)
        }
        if (substr(address, 1, 5) == page) {
            ran[trampoline + number(substr(address, 6))] = 1
        }
    } else {
        ran[number(substr(address, length(address) - 5))] = 1
    }
    first = 0
}

# --- the line table

# Several rows may begin at one address: the next one that differs ends them all.
function rows_end(next_address,    i, hit) {
    hit = 0
    for (i = row_address; i < next_address && !hit; i++) {
        hit = i in ran
    }
    for (i = 1; i <= rows; i++) {
        print row[i], hit
    }
    rows = 0
}

FILENAME ~ /\.lines$/ && /^debug_line\[/ { split("", directory); split("", file) }
FILENAME ~ /\.lines$/ && /^include_directories\[/ {
    text = $0
    sub(/^[^"]*"/, "", text)
    sub(/"$/, "", text)
    match($0, /\[ *[0-9]+\]/)
    directory[substr($0, RSTART + 1, RLENGTH - 2) + 0] = text
}
FILENAME ~ /\.lines$/ && /^file_names\[/ {
    match($0, /\[ *[0-9]+\]/)
    at = substr($0, RSTART + 1, RLENGTH - 2) + 0
}
FILENAME ~ /\.lines$/ && $1 == "name:" {
    file[at] = $2
    gsub(/"/, "", file[at])
}
FILENAME ~ /\.lines$/ && $1 == "dir_index:" && directory[$2] != "." {
    file[at] = directory[$2] "/" file[at]
}
FILENAME ~ /\.lines$/ && /^0x/ {
    address = number(substr($1, length($1) - 5))
    if (address != row_address) {
        rows_end(address)
        row_address = address
    }
    if (/is_stmt/ && !/end_sequence/ && $2 != 0) {
        sub(/^\.\//, "", file[$4])
        row[++rows] = file[$4] " " $2
    }
}
