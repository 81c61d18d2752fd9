# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# awk -f coverage.awk UNREACHABLE.list RS='}' EXPORT.json
#
# Reads what llvm-cov exports, an object for each function on one line, and says of
# each file of the portable kernel which lines ran, which way each condition went, and
# which conditions were shown to decide by themselves (MC/DC). Each gap is an item
#   FILE: FUNCTION: never true|never false|never decides|never called: TEXT
# and must be argued in the list, where each item has an indented line below it. An item
# that is no gap is an error too: so the list holds what is true.
#
# Only causes are items: what was never reached because a condition never went that
# way is no item of its own. The conditions of check() are left out: that they never
# fail is what they say.

function bad(text) {
    print text
    errors++
}

# The text between two marks of the record.
function between(text, from, to,    at) {
    at = index(text, from)
    if (at == 0) {
        return ""
    }
    text = substr(text, at + length(from))
    at = index(text, to)
    return at == 0 ? text : substr(text, 1, at - 1)
}

# Splits [[1,2],[3,4]] into rows "1,2" and "3,4".
function rows(text, out) {
    sub(/^\[+/, "", text)
    sub(/\]+$/, "", text)
    return text == "" ? 0 : split(text, out, /\],\[/)
}

# Where a macro stands that expands to file `id`; "" inside of check().
function site(id,    hops) {
    for (hops = 0; id != 0 && hops < 9; hops++) {
        if (names[id + 1] ~ /"kernel\/check\.h"/ || !(id in expanded)) {
            return ""
        }
        place = expanded[id]
        id = parent[id]
    }
    return place
}

function ours(file) {
    return file ~ /^(kernel|lib\/heap|lib\/list)\/[a-z_]*\.[ch]$/ && file !~ /check\.h$|_test\.c$/
}

# Order of places in a file.
function before(line_a, column_a, line_b, column_b) {
    return line_a + 0 < line_b + 0 || (line_a + 0 == line_b + 0 && column_a + 0 <= column_b + 0)
}

function note_branch(file, name, row,    f, key) {
    split(row, f, ",")
    place = f[1] "," f[2] "," f[3] "," f[4]
    if (f[7] != 0 && site(f[7]) == "") {
        return ""
    }
    key = file "," place
    if (!(key in yes)) {
        branch[++branches] = key
        function_of[key] = name
    }
    yes[key] += f[5]
    no[key] += f[6]
    return f[9] == 6 ? place : ""
}

# Which of a decision's conditions decided by themselves, in their order.
function note_decision(file, text,    f, d, i, n, result) {
    split(text, f, /[][,]+/)
    n = split(substr(text, index(substr(text, 2), "[") + 2), result, /[][,]+/)
    for (i = 1; i <= conditions; i++) {
        split(condition[i], d, ",")
        if (!before(f[2], f[3], d[1], d[2]) || !before(d[3], d[4], f[4], f[5])) {
            continue
        }
        while (n > 0 && result[1] == "") {
            drop_first(result, n--)
        }
        in_decision[file "," condition[i]] = 1
        if (result[1] == "true") {
            shown[file "," condition[i]] = 1
        }
        drop_first(result, n--)
    }
}

function drop_first(list, n,    i) {
    for (i = 1; i < n; i++) {
        list[i] = list[i + 1]
    }
    list[n] = ""
}

function note_function(record,    file, name, list, count, i, f, place, key, text) {
    split(between(record, "\"filenames\":[", "]"), names, ",")
    file = names[1]
    gsub(/"/, "", file)
    if (!ours(file)) {
        return
    }
    name = between(record, "\"name\":\"", "\"")
    sub(/^.*:/, "", name)
    split("", expanded)
    count = rows(between(record, "\"regions\":", "}"), list)
    for (i = 1; i <= count; i++) {
        split(list[i], f, ",")
        if (f[8] == 1) {
            expanded[f[7]] = f[1] "," f[2] "," f[3] "," f[4]
            parent[f[7]] = f[6]
        }
    }
    split(list[1], f, ",")
    key = file "," f[1] "," f[2]
    if (!(key in entries)) {
        entry[++functions] = key
        function_of[key] = name
    }
    entries[key] += between(record, "\"count\":", ",")
    count = rows(between(record, "\"branches\":", ",\"count\""), list)
    conditions = 0
    for (i = 1; i <= count; i++) {
        place = note_branch(file, name, list[i])
        if (place != "") {
            condition[++conditions] = place
        }
    }
    text = between(record, "\"mcdc_records\":", ",\"name\"")
    while (match(text, /[0-9]+,[0-9]+,[0-9]+,[0-9]+,[0-9]+,[0-9]+,\[[a-z,]*\]/)) {
        note_decision(file, "[" substr(text, RSTART, RLENGTH))
        text = substr(text, RSTART + RLENGTH)
    }
}

# The source from one place to another, on one line.
function source(file, l1, c1, l2, c2,    text, i, line) {
    if (!(file in read)) {
        read[file] = 1
        RS = "\n"
        for (i = 1; (getline line < file) > 0; i++) {
            lines[file, i] = line
        }
        close(file)
    }
    for (i = l1 + 0; i <= l2 + 0; i++) {
        line = lines[file, i]
        line = substr(line, 1, i == l2 + 0 ? c2 - 1 : length(line))
        line = i == l1 + 0 ? substr(line, c1) : " " line
        text = text line
    }
    gsub(/[ \t]+/, " ", text)
    sub(/:$/, "", text)
    return text
}

function gap(file, line, name, what, text,    item) {
    item = file ": " name ": " what ": " text
    found[item] = 1
    gaps[file]++
    if (item in argued) {
        argued_in[file]++
    } else {
        items[++item_count] = file ":" line ": " name ": " what ": " text
        errors++
    }
}

function look_at_branch(key,    f, text, label) {
    split(key, f, ",")
    if (yes[key] + no[key] == 0) {
        unreached[f[1]]++
        return
    }
    text = source(f[1], f[2], f[3], f[4], f[5])
    label = text ~ /^(case [A-Z0-9_]*|default)$/
    if (yes[key] == 0) {
        gap(f[1], f[2], function_of[key], "never true", text)
    } else if (no[key] == 0 && !label) {
        gap(f[1], f[2], function_of[key], "never false", text)
    } else if (in_decision[key] && !shown[key]) {
        gap(f[1], f[2], function_of[key], "never decides", text)
    }
    if (label) {
        return
    }
    ways[f[1]] += 2
    taken[f[1]] += (yes[key] != 0) + (no[key] != 0)
    all[f[1]]++
    decide[f[1]] += yes[key] != 0 && no[key] != 0 && (!in_decision[key] || shown[key])
}

# ------------------------------------------------------------------- the list

FILENAME ~ /\.list$/ && /^[^ \t#]/ {
    last = $0
    if (last in argued) {
        bad("unreachable.list: twice: " last)
    }
    argued[last] = 0
    list_order[++list_count] = last
}
FILENAME ~ /\.list$/ && /^[ \t]+[^ \t]/ {
    argued[last]++
}

# ----------------------------------------------------------------- the export

FILENAME ~ /\.json$/ && /"mcdc_records":.*"name":/ { note_function($0) }
FILENAME ~ /\.json$/ && /"filename":/ {
    file = between($0, "\"filename\":\"", "\"")
}
FILENAME ~ /\.json$/ && /^,"lines":/ && ours(file) && !(file in line_all) {
    files[++file_count] = file
    line_all[file] = between($0, "\"count\":", ",") + 0
    line_run[file] = between($0, "\"covered\":", ",") + 0
}

function row(name, ran, of, went, ways_, decided, of_all, gaps_, argued_) {
    printf "%-26s %5d of %5d %5d of %5d %5d of %5d %5d %6d\n", name, ran, of, went, ways_,
        decided, of_all, gaps_, argued_
}

END {
    for (i = 1; i <= functions; i++) {
        split(entry[i], f, ",")
        if (entries[entry[i]] == 0) {
            gap(f[1], f[2], function_of[entry[i]], "never called", "")
        }
    }
    for (i = 1; i <= branches; i++) {
        look_at_branch(branch[i])
    }
    printf "%-26s %14s %14s %14s %5s %6s\n", "file", "lines run", "ways taken", "MC/DC", \
        "gaps", "argued"
    for (i = 1; i <= file_count; i++) {
        file = files[i]
        row(file, line_run[file], line_all[file], taken[file], ways[file], decide[file], all[file],
            gaps[file], argued_in[file])
        a += line_run[file]; b += line_all[file]; c += taken[file]; d += ways[file]
        e += decide[file]; g += all[file]; h += gaps[file]; k += argued_in[file]
        if (file ~ /\.c$/ && line_run[file] < line_all[file] && gaps[file] == 0) {
            bad(file ": lines never run, and no condition says why")
        }
    }
    row("all", a, b, c, d, e, g, h, k)
    for (i = 1; i <= item_count; i++) {
        print items[i]
    }
    for (i = 1; i <= list_count; i++) {
        if (!(list_order[i] in found)) {
            bad("unreachable.list: not a gap: " list_order[i])
        } else if (argued[list_order[i]] == 0) {
            bad("unreachable.list: without an argument: " list_order[i])
        }
    }
    if (functions == 0) {
        bad("nothing was counted")
    }
    exit errors != 0
}
