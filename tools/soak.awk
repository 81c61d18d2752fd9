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
# Notes what a run has met; returns how many edges are new in that group of runs.
function gather(group, row, words, i, at, old, gain, all) {
    for (i = 1; i <= 4; i++) {
        at = group SUBSEP row SUBSEP i
        old = at in map ? map[at] : "0000000000000000"
        if (old != words[i]) {
            map[at] = or_digits(old, words[i])
            gain = ones(map[at]) - ones(old)
            all += gain
        }
    }
    hit[group] += all
    if (all > 0) {
        last[group] = now[group]
        grown[group] = group in grown_at && grown_at[group] == runs_of[group] ? grown[group] : 0
        grown_at[group] = runs_of[group]
        grown[group] += all
        steps[group, runs_of[group]] = grown[group]
    }
    return all
}
function met(group, edge, word, digit) {
    word = map[group, int(edge / 256), int(edge % 256 / 64) + 1]
    digit = index("0123456789abcdef", substr(word, 16 - int(edge % 64 / 4), 1)) - 1
    return int(digit / 2 ^ (edge % 4)) % 2
}
# Why an edge was never met, from tests/fuzz/unmet.list: FILE: FUNCTION, or the file alone.
function why(file, name) {
    if ((file ": " name) in reason) {
        return reason[file ": " name]
    }
    return file in reason ? reason[file] : "unexplained"
}
function unmet(machine, kernel, group, line, part, place, edge, because) {
    while ((getline line < ("build/soak/kernels/" kernel)) > 0) {
        split(line, part, " ")
        split(part[2], place, ":")
        if (!met(group, edge)) {
            because = part[3] == "check" ? "check" : why(place[1], part[1])
            if (!(because in whys)) {
                whys[because] = ++count_of_whys
                because_of[count_of_whys] = because
            }
            unmet_of[because, machine]++
            if (!((because, part[1]) in named) && because != "check") {
                named[because, part[1]] = 1
                names[because] = names[because] (names[because] == "" ? "" : ", ") part[1]
            }
        }
        edge++
    }
    close("build/soak/kernels/" kernel)
}
BEGIN {
    while ((getline line < "tests/fuzz/unmet.list") > 0) {
        if (line ~ /^#/ || line == "") {
            continue
        }
        if (line ~ /^    /) {
            for (i = 1; i <= items; i++) {
                reason[item[i]] = substr(line, 5)
            }
            items = 0
        } else {
            item[++items] = line
        }
    }
    while ((getline line < "abi/syscalls.def") > 0) {
        if (line ~ /^SYSCALL/) {
            count = split(line, part, "\"")
            split(line, word, /[(, ]+/)
            errors[word[3]] = "OK " part[count - 3]
        }
    }
    text_of["check"] = "what comes when a check of the kernel itself fails: its end"
}
FNR == 1 {
    count = split(FILENAME, part, ".")
    harts = part[count]
    machine = part[count - 1]
    icount = harts == "i"
    kind = "check"
    kernel = "none"
}
/^fuzz kernel / {
    kind = $3
    kernel = $4
    if (kind == "check") {
        newest[machine] = kernel
    }
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
        by_machine[machine, $3, word[1]] += word[2]
    }
}
/^fuzz run / {
    key = machine "." (icount ? "1" : harts) "." kind
    split($4, word, "=")
    calls[key] += word[2]
    runs[key]++
    all[kind] += word[2]
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
# Kernels that were built at different times have different edges.
/^fuzz edges / {
    group[1] = machine SUBSEP kernel SUBSEP ((icount || harts == 1) ? "one" : "more")
    group[2] = machine SUBSEP kernel SUBSEP "all"
    edges[machine] = $4
    for (g = 1; g <= 2; g++) {
        now[group[g]] += made
        runs_of[group[g]]++
    }
}
# Maps come last: a run that adds an edge is where the last new one was, at the latest.
/^fuzz map / {
    for (i = 4; i <= 7; i++) {
        words[i - 3] = $i
    }
    gather(group[1], $3, words)
    gather(group[2], $3, words)
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
    printf "\n%d calls on the check kernel and %d on the kernel for tests, which does not check itself; %d\nworkers killed in the midst of it; %d audits of all books, %d checks of single objects.\n", all["check"], all["test"], killed, audits, things
    print "\n## Runs\n\n| machine | harts | kernel | runs | calls |\n| --- | --- | --- | --- | --- |"
    for (i = 1; i <= 2; i++) {
        name = i == 1 ? "x86_64" : "aarch64"
        for (h = 1; h <= 128; h++) {
            kind = h > 64 ? "test" : "check"
            count = h > 64 ? h - 64 : h
            key = name "." count "." kind
            if (key in runs) {
                printf "| %s | %d | %s | %d | %d |\n", name, count, kind, runs[key], calls[key]
            }
        }
    }
    print "\n## Edges of the portable kernel\n\nOf the check kernel that was run last on each machine, and of its runs only. With more than\none hart, 2 to 8, it is chance who meets whom within a few instructions.\n"
    print "| machine | kernel | harts | met | all | calls | calls after the last new edge | new ones by run |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
    for (i = 1; i <= 2; i++) {
        name = i == 1 ? "x86_64" : "aarch64"
        for (j = 1; j <= 3; j++) {
            kind = j == 1 ? "one" : j == 2 ? "more" : "all"
            g = name SUBSEP newest[name] SUBSEP kind
            if (now[g] > 0) {
                text = ""
                zeros = 0
                for (k = 1; k <= runs_of[g]; k++) {
                    if ((g, k) in steps) {
                        text = text ((zeros > 0) ? " -" zeros "-" : "") " " steps[g, k]
                        zeros = 0
                    } else {
                        zeros++
                    }
                }
                text = text ((zeros > 0) ? " -" zeros "-" : "")
                printf "| %s | %s | %s | %d | %d | %d | %d |%s |\n", name, newest[name], kind, hit[g], edges[name], now[g], now[g] - last[g], text
            }
        }
        unmet(name, newest[name], name SUBSEP newest[name] SUBSEP "all")
    }
    print "\n`-5-` stands for five runs in a row without a new edge."
    print "\n### Edges never met\n\n| why | x86_64 | aarch64 | where |\n| --- | --- | --- | --- |"
    for (i = 1; i <= count_of_whys; i++) {
        because = because_of[i]
        text = (because in text_of) ? text_of[because] : because
        printf "| %s | %d | %d | %s |\n", text, unmet_of[because, "x86_64"], unmet_of[because, "aarch64"], because == "check" ? "everywhere" : names[because]
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
    print "\n### Too few\n\nOK fewer than 1,000 times, or an error that the line of abi/syscalls.def lists fewer than 10\ntimes, by machine:\n"
    for (i = 1; i <= rows; i++) {
        for (m = 1; m <= 2; m++) {
            name = m == 1 ? "x86_64" : "aarch64"
            n = split(errors[order[i]], word, " ")
            for (j = 1; j <= n; j++) {
                seen = by_machine[name, order[i], word[j]] + 0
                if (seen < (word[j] == "OK" ? 1000 : 10)) {
                    printf "- %s: %s %s %d\n", name, order[i], word[j], seen
                    few++
                }
            }
        }
    }
    if (few == 0) {
        print "none."
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
        printf "- %s, %s harts, kernel %s: %d seeds, %s to %s\n", part[1], part[2], part[3], n, word[1], word[n]
    }
}
