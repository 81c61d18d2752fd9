# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Adds up what runs of the syscall fuzzer counted, files of build/soak/runs in the order of
# time, and writes the tables of docs/reference/fuzzing.md. A file's name ends in
# MACHINE.HARTS; its lines are those that tests/fuzz/report.c prints.
function or_digits(a, b, i, out, x, y, bit, d) {
    for (i = 1; i <= length(a); i++) {
        x = index("0123456789abcdef", substr(a, i, 1)) - 1
        y = index("0123456789abcdef", substr(b, i, 1)) - 1
        d = 0
        for (bit = 8; bit >= 1; bit = bit / 2) {
            if (x >= bit || y >= bit) {
                d += bit
            }
            x -= x >= bit ? bit : 0
            y -= y >= bit ? bit : 0
        }
        out = out substr("0123456789abcdef", d + 1, 1)
    }
    return out
}
function ones(hex, i, count) {
    for (i = 1; i <= length(hex); i++) {
        count += substr("0112122312232334", index("0123456789abcdef", substr(hex, i, 1)), 1)
    }
    return count
}
FNR == 1 {
    count = split(FILENAME, part, ".")
    harts = part[count]
    machine = part[count - 1]
    icount = harts == "i"
    key = machine "." (icount ? "1" : harts)
}
/^fuzz row / {
    if (!($3 in listed)) {
        order[++rows] = $3
        listed[$3] = ""
    }
    for (i = 4; i <= NF; i++) {
        split($i, word, "=")
        if (!(($3, word[1]) in status)) {
            listed[$3] = listed[$3] " " word[1]
        }
        status[$3, word[1]] += word[2]
    }
}
/^fuzz run / {
    split($4, word, "=")
    calls[key] += word[2]
    runs[key]++
    all += word[2]
    made = word[2]
    split($3, word, "=")
    seeds[key] = seeds[key] " " word[2]
    split($7, word, "=")
    killed += word[2]
}
/^fuzz audits / {
    audits += $3
    things += $5
}
# Kernels that were built at different times have different edges: only the last one's count.
/^fuzz edges / {
    if (edges[machine] != $4) {
        edges[machine] = $4
        hit[machine] = now[machine] = last[machine] = 0
    }
    now[machine] += made
}
# Maps come last: a run that adds an edge is where the last new one was, at the latest.
/^fuzz map / {
    for (i = 4; i <= 7; i++) {
        at = machine SUBSEP edges[machine] SUBSEP $3 SUBSEP i
        old = at in map ? map[at] : "0000000000000000"
        map[at] = or_digits(old, $i)
        gain = ones(map[at]) - ones(old)
        hit[machine] += gain
        if (gain > 0) {
            last[machine] = now[machine]
        }
    }
}
/^fuzz length / && icount {
    if ($4 > longest[machine, $3]) {
        longest[machine, $3] = $4
    }
}
/^fuzz locks / {
    entries[$3] += $4
    books[$3] += $6
}
END {
    printf "\n%d calls in all, %d workers killed in the midst of it; %d audits of all books, %d checks of\nsingle objects.\n", all, killed, audits, things
    print "\n## Runs\n\n| machine | harts | runs | calls |\n| --- | --- | --- | --- |"
    for (i = 1; i <= 2; i++) {
        name = i == 1 ? "x86_64" : "aarch64"
        for (h = 1; h <= 64; h++) {
            if ((name "." h) in runs) {
                printf "| %s | %d | %d | %d |\n", name, h, runs[name "." h], calls[name "." h]
            }
        }
    }
    print "\n## Edges of the portable kernel\n\nOf the kernel that was built last.\n\n| machine | taken | all | calls | calls after the last new edge |\n| --- | --- | --- | --- | --- |"
    for (i = 1; i <= 2; i++) {
        name = i == 1 ? "x86_64" : "aarch64"
        printf "| %s | %d | %d | %d | at least %d |\n", name, hit[name], edges[name], now[name], now[name] - last[name]
    }
    print "\n## Statuses\n\n| syscall | OK | others |\n| --- | --- | --- |"
    for (i = 1; i <= rows; i++) {
        name = order[i]
        split(substr(listed[name], 2), word, " ")
        text = ""
        for (j = 1; j in word; j++) {
            if (word[j] != "OK") {
                text = text (text == "" ? "" : ", ") word[j] " " status[name, word[j]]
            }
        }
        printf "| %s | %d | %s |\n", name, status[name, "OK"], text
    }
    print "\n## Longest entries and locks\n\nInstructions from the first of the kernel\047s C code to the last, on one hart, counters of edges included (about a\nquarter); and how often an entry takes the lock of the books.\n\n| entry | x86_64 | aarch64 | books for each entry |\n| --- | --- | --- | --- |"
    order[rows + 1] = "(fault)"
    order[rows + 2] = "(interrupt)"
    order[rows + 3] = "(idle)"
    for (i = 1; i <= rows + 3; i++) {
        name = order[i]
        printf "| %s | %d | %d | %.2f |\n", name, longest["x86_64", name], longest["aarch64", name], entries[name] ? books[name] / entries[name] : 0
    }
    print "\n## Seeds\n"
    for (key in seeds) {
        split(key, part, ".")
        n = split(seeds[key], word, " ")
        printf "- %s, %s harts: %d seeds, %s to %s\n", part[1], part[2], n, word[1], word[n]
    }
}
