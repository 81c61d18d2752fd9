# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Counts the lines of C and assembly that are neither blank nor comment.
# Strings are emptied first, so that a comment sign inside of one is none.
FNR == 1 { inside = 0 }
{
    line = $0
    if (!inside) {
        gsub(/\\./, "", line)
        gsub(/"[^"]*"/, "\"\"", line)
    }
    text = ""
    while (line != "") {
        if (inside) {
            end = index(line, "*/")
            if (end == 0) {
                break
            }
            line = substr(line, end + 2)
            inside = 0
            continue
        }
        block = index(line, "/*")
        rest = index(line, "//")
        if (rest > 0 && (block == 0 || rest < block)) {
            text = text substr(line, 1, rest - 1)
            break
        }
        if (block == 0) {
            text = text line
            break
        }
        text = text substr(line, 1, block - 1)
        line = substr(line, block + 2)
        inside = 1
    }
    if (text ~ /[^ \t]/) {
        count++
    }
}
END { print count + 0 }
