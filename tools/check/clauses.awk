# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# References between the clauses of docs/spec: "2.8" is the section `## 2.8 ...`, and
# "2.8 (2)" its item 2. Reads all chapters twice: the first time, before `look=1` on
# the command line, it learns what there is.

/^```/ {
    code = !code
}

code {
    next
}

look == "" && /^## [0-9]+\.[0-9]+ / {
    section = $2
    there[section] = 1
}

look == "" && /^[0-9]+\. / {
    there[section " (" ($1 + 0) ")"] = 1
}

look != "" && !/^#/ {
    rest = " " $0
    while (match(rest, /[^0-9.x][0-9]+\.[0-9]+( \([0-9]+\))?/)) {
        name = substr(rest, RSTART + 1, RLENGTH - 1)
        rest = substr(rest, RSTART + RLENGTH)
        if (!(name in there) && rest !~ /^ (ms|s)[^a-z]/)
            print FILENAME ":" FNR ": there is no clause " name
    }
}
