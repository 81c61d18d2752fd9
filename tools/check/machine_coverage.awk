# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# awk -f machine_coverage.awk UNREACHED.list RAN...
#
# Says of each file of the machines how many of its lines ran in any boot, from what
# ran.awk printed. A line that never ran is an item
#   FILE: FUNCTION: TEXT
# and must be argued in the list; neighbours share the indented argument below them. An
# argued item that did run is an error too: so the list holds what is true. Lines of the
# portable kernel are counted and not listed: ./vectra coverage looks at those closely.

function bad(text) {
    print text
    errors++
}

# --- the list

FILENAME ~ /\.list$/ && /^[^ \t#]/ {
    if ($0 in argued) {
        bad("unreached.list: twice: " $0)
    }
    order[++listed] = $0
    argued[$0] = 0
    if (last_is_argument) {
        group = listed
    }
    last_is_argument = 0
}
FILENAME ~ /\.list$/ && /^[ \t]+[^ \t]/ {
    for (i = group; i <= listed; i++) {
        argued[order[i]] = 1
    }
    last_is_argument = 1
}
BEGIN { last_is_argument = 1 }

# --- what ran. The check kernel has lines of its own and others compiled otherwise: it
# only adds to what ran.

FILENAME ~ /\.ran$/ && $1 ~ /^kernel\// && $1 !~ /\/hooks\// {
    if (FILENAME !~ /-check\.ran$/) {
        exists[$1, $2] = 1
        if ($2 > most[$1]) {
            most[$1] = $2
        }
    }
    if ($3) {
        ran[$1, $2] = 1
    }
}

# Reads a source file and notes what of it never ran.
function look_at(file,    line, text, name) {
    for (line = 1; (getline text < file) > 0; line++) {
        if (text ~ /^[a-zA-Z_][^;]*\(.*[{,]$/ || text ~ /^[a-z_0-9]+:/) {
            name = text
            sub(/[(:].*/, "", name)
            sub(/^.*[ *]/, "", name)
        }
        if (!((file, line) in exists)) {
            continue
        }
        of[file]++
        if ((file, line) in ran) {
            hit[file]++
        } else if (file ~ /^kernel\/arch\//) {
            gap(file, line, name, text)
        }
    }
    close(file)
}

function gap(file, line, name, text,    item) {
    gsub(/[ \t]+/, " ", text)
    sub(/ *\/\/.*/, "", text)
    sub(/^ /, "", text)
    item = file ": " name ": " text
    found[item] = 1
    if (item in argued) {
        argued_in[file]++
    } else {
        items[++item_count] = file ":" line ": " name ": " text
        errors++
    }
}

function print_row(name, ran_, of_, argued_) {
    printf "%-40s %5d of %5d %7d\n", name, ran_, of_, argued_
}

END {
    for (file in most) {
        files[++file_count] = file
        look_at(file)
    }
    for (i = 2; i <= file_count; i++) { # by name
        for (j = i; j > 1 && files[j - 1] > files[j]; j--) {
            swap = files[j]
            files[j] = files[j - 1]
            files[j - 1] = swap
        }
    }
    printf "%-40s %14s %7s\n", "file", "lines run", "argued"
    for (i = 1; i <= file_count; i++) {
        file = files[i]
        if (file ~ /^kernel\/arch\//) {
            print_row(file, hit[file], of[file], argued_in[file])
            a += hit[file]
            b += of[file]
            c += argued_in[file]
        } else {
            d += hit[file]
            e += of[file]
        }
    }
    print_row("the machines", a, b, c)
    print_row("the portable kernel", d, e, 0)
    for (i = 1; i <= item_count; i++) {
        print items[i]
    }
    for (i = 1; i <= listed; i++) {
        if (!(order[i] in found)) {
            bad("unreached.list: it ran, or is not there: " order[i])
        } else if (!argued[order[i]]) {
            bad("unreached.list: without an argument: " order[i])
        }
    }
    if (b == 0) {
        bad("nothing was counted")
    }
    exit errors != 0
}
