# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Adds up what runs of the syscall fuzzer counted, files of build/soak/runs in the order of
# time, and writes the tables of docs/reference/fuzzing.md. A file's name ends in
# MACHINE.HARTS; its lines are those of tools/soak.sh (kernel, commit, line, status, failed)
# and those that tests/fuzz/report.c prints. Only runs of the newest kernel of each kind and
# machine count; of older ones the page has the number. What is left open is listed first,
# goes to stderr too, and makes the exit status an error.
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
# Notes what a run has met, and how many edges are new in that group of runs.
function gather(group, row, words, i, at, old, all) {
    for (i = 1; i <= 4; i++) {
        at = group SUBSEP row SUBSEP i
        old = at in map ? map[at] : "0000000000000000"
        if (old != words[i]) {
            map[at] = or_digits(old, words[i])
            all += ones(map[at]) - ones(old)
        }
    }
    if (all > 0) {
        hit[group] += all
        last[group] = now[group]
        steps[group, runs_of[group]] += all
    }
}
function met(group, edge, word, digit) {
    word = map[group, int(edge / 256), int(edge % 256 / 64) + 1]
    digit = index("0123456789abcdef", substr(word, 16 - int(edge % 64 / 4), 1)) - 1
    return int(digit / 2 ^ (edge % 4)) % 2
}
# Something that must not stay so.
function open(text) {
    found[++opened] = text
}
function read_reasons(line, i, items, item) {
    while ((getline line < list) > 0) {
        if (line ~ /^    /) {
            for (i = 1; i <= items; i++) {
                reason[item[i]] = substr(line, 5)
            }
            items = 0
        } else if (line !~ /^#/ && line != "") {
            item[++items] = line
        }
    }
}
function read_syscalls(line, part, word, count) {
    while ((getline line < "abi/syscalls.def") > 0) {
        if (line ~ /^SYSCALL\(/) {
            count = split(line, part, "\"")
            split(line, word, /[(, ]+/)
            order[++syscalls] = word[3]
            errors[word[3]] = "OK " part[count - 3]
        }
    }
    order[syscalls + 1] = "(fault)"
    order[syscalls + 2] = "(interrupt)"
    order[syscalls + 3] = "(idle)"
}
# From the name of a run's file.
function place_of(file, part, count) {
    count = split(file, part, ".")
    harts = part[count]
    machine = part[count - 1]
}
# Which kernel of each kind was run last.
function read_kernels(i, line, word) {
    for (i = 1; i < ARGC; i++) {
        place_of(ARGV[i])
        if ((getline line < ARGV[i]) > 0 && line ~ /^fuzz kernel /) {
            split(line, word, " ")
            newest[machine, word[3]] = word[4]
        }
        close(ARGV[i])
    }
}
BEGIN {
    split("x86_64 aarch64", machines, " ")
    split("check test sanitized", kinds, " ")
    BOUND = 20000
    CALLS = 100000000 # on the check kernel, both machines together
    DRY = 10000000    # of each machine, after its last new edge
    # What the kernel and the fuzzer are made of and with; not what only the host compiles.
    sources = "kernel lib abi tests/fuzz meson.build tools/cross ':!*.md' ':!*.list' ':!*.sh'"
    sources = sources " ':!*_test.c' ':!*_fuzz.c' ':!kernel/arch/host' ':!kernel/tests/audit_host.c'"
    count = split("world band race operations rules random", word, " ")
    for (i = 1; i <= count; i++) {
        sources = sources " ':!kernel/tests/" word[i] ".[ch]'"
    }
    never["thread_watchpoint UNSUPPORTED"] = "both machines have the four watchpoints that a thread can ask for"
    list = list == "" ? "tests/fuzz/unmet.list" : list
    kernels = kernels == "" ? "build/soak/kernels" : kernels
    read_reasons()
    read_syscalls()
    read_kernels()
}
# The end of a run's file: what it should have said of itself.
function end_run() {
    if (kind == "check" && !old) {
        uncommitted[machine] += run_commit == ""
        unended[machine] += run_status == "unknown"
    }
}
FNR == 1 {
    end_run()
    place_of(FILENAME)
    kind = $3
    old = newest[machine, kind] != $4
    key = machine " " (harts == "i" ? "--icount" : "--harts " harts) " --kernel-" kind
    arguments = ""
    seed = "?"
    run_status = "unknown"
    run_commit = ""
}
/^fuzz commit / {
    run_commit = $3
    if (!old) {
        commit[machine, kind] = $3
    }
}
/^fuzz line / {
    arguments = substr($0, 11)
    seed = $5
    sub(/--seed [0-9]+/, "--seed S", arguments)
}
/^fuzz status / {
    run_status = $3
    bad_runs[old] += $3 != 0
    if (!old && $3 != 0) {
        open("failed, status " $3 ": " key " " arguments ", seed " seed)
    }
}
/^fuzz failed / && !old {
    open("seed " seed ": " substr($0, 13))
}
/^fuzz run / {
    split($4, word, "=")
    made = word[2]
    all[old ? "old" : kind] += made
    runs_in[old ? "old" : kind]++
    if (run_status == "unknown") {
        unknown[old]++
    }
    if (!old) {
        split($3, word, "=")
        seed = word[2]
        split($6, word, "=")
        arguments = arguments == "" ? "fuzz --seed S --tasks " word[2] " (the rest was not noted)" : arguments
        calls[key] += made
        runs[key]++
        split($7, word, "=")
        killed += word[2]
    }
}
# The last of the lines about a run as a whole; also of one that counted nothing.
function note_seed(at) {
    at = key ": " arguments
    if (!(at in seeds)) {
        seeded[++count_of_seeds] = at
    }
    seeds[at] = seeds[at] " " seed
}
(/^fuzz run / || /^fuzz status [^0]/) && !old && noted != FILENAME {
    noted = FILENAME
    note_seed()
}
old || kind != "check" {
    next
}
/^fuzz row / {
    for (i = 4; i <= NF; i++) {
        split($i, word, "=")
        if (!(($3, word[1]) in status)) {
            listed[$3] = listed[$3] " " word[1]
        }
        status[$3, word[1]] += word[2]
        by_machine[machine, $3, word[1]] += word[2]
    }
}
/^fuzz audits / {
    audits += $3
    things += $5
}
/^fuzz edges / {
    edges[machine] = $4
    group[1] = machine SUBSEP ((harts == "i" || harts == 1) ? "one" : "more")
    group[2] = machine SUBSEP "all"
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
/^fuzz length / && harts == "i" {
    if ($4 > longest[machine, $3]) {
        longest[machine, $3] = $4
    }
}
/^fuzz locks / {
    entries[$3] += $4
    books[$3] += $6
}

# Whether what the numbers are about is what HEAD has.
function judge_kernel(name, at, other) {
    at = commit[name, "check"]
    other = name == machines[1] ? machines[2] : machines[1]
    if (at ~ /-dirty$/) {
        open(name ": the kernel was built from what is in no commit, " at)
    } else if (at != "" && system("git diff --quiet " at " HEAD -- " sources " ':!kernel/arch/" other "'") != 0) {
        open(name ": the kernel has changed since commit " at)
    }
    if (uncommitted[name] > 0) {
        open(name ": runs of which no commit was noted: " uncommitted[name])
    }
    if (unended[name] > 0) {
        open(name ": runs of which it was not noted how they ended: " unended[name])
    }
}
function judge_dry(name, g) {
    g = name SUBSEP "all"
    if (now[g] - last[g] < DRY) {
        open(name ": " now[g] - last[g] " calls after the last new edge, fewer than " DRY)
    }
}
function judge_calls() {
    if (all["check"] < CALLS) {
        open("only " all["check"] + 0 " calls on the check kernel, fewer than " CALLS)
    }
}
# Notes each edge that was never met, with its reason. A line of the source of which an edge
# was met at another place where it was compiled to is something else than one that never was.
function unmet(name, kernel, line, part, place, edge, count, text, beside, because, at, copy) {
    kernel = kernels "/" newest[name, "check"]
    while ((getline line < kernel) > 0) {
        split(line, part, " ")
        beside[part[1], part[2]] += met(name SUBSEP "all", count)
        text[count++] = line
    }
    close(kernel)
    for (edge = 0; edge < count; edge++) {
        if (met(name SUBSEP "all", edge)) {
            continue
        }
        split(text[edge], part, " ")
        split(part[2], place, ":")
        at = place[1] ": " part[1]
        copy = place[2] != 0 && beside[part[1], part[2]] > 0
        because = at in reason ? reason[at] : ""
        if (part[3] == "check") {
            because = "the end of a check of the kernel itself, when it fails"
        } else if (because == "") {
            because = "no reason is known"
            if (!((name, part[1], part[2]) in told)) {
                told[name, part[1], part[2]] = 1
                open(name ": never met, and tests/fuzz/unmet.list does not say why: " at " " place[2])
            }
        }
        unmet_of[because, name]++
        copies_of[because, name] += copy
        note_place(because, part[3] == "check" ? "everywhere" : part[1], at, copy || part[3] == "check" ? "" : place[2])
        if (part[3] != "check" && place[2] == 0) {
            nowhere[name]++
        } else if (part[3] != "check" && !copy) {
            note_line(name, at, place[2])
        }
    }
}
# Where the edges of a reason are: functions, and lines of which no edge was met.
function note_place(because, name, at, line, i) {
    used[at] = 1
    if (!(because in places)) {
        because_of[++count_of_whys] = because
    }
    if (!((because, name) in named)) {
        i = named[because, name] = ++places[because]
        name_at[because, i] = name
    }
    i = named[because, name]
    if (line != "" && index(lines_at[because, i] " ", " " line " ") == 0) {
        lines_at[because, i] = lines_at[because, i] " " line
    }
}
# A line of which no edge was met on that machine.
function note_line(name, at, line, i) {
    if (!(at in bare)) {
        bare[at] = 1
        for (i = ++count_of_bare; i > 1 && bare_at[i - 1] > at; i--) {
            bare_at[i] = bare_at[i - 1]
        }
        bare_at[i] = at
    }
    if (index(bare_lines[at, name] ", ", " " line ",") == 0) {
        bare_lines[at, name] = bare_lines[at, name] (bare_lines[at, name] == "" ? " " : ", ") line
        bare_count[name]++
    }
}
function judge_reasons(at) {
    for (at in reason) {
        if (!(at in used)) {
            open("tests/fuzz/unmet.list: all edges of this one were met: " at)
        }
    }
}
function judge_statuses(name, i, j, n, word, seen) {
    for (i = 1; i <= syscalls; i++) {
        n = split(errors[order[i]], word, " ")
        for (j = 1; j <= n; j++) {
            seen = by_machine[name, order[i], word[j]] + 0
            if ((order[i] " " word[j]) in never ? seen > 0 : seen < (word[j] == "OK" ? 1000 : 10)) {
                open(name ": " order[i] " " word[j] " came " seen " times")
            }
        }
    }
}
function judge_lengths(name, i) {
    for (i = 1; i <= syscalls + 3; i++) {
        if (longest[name, order[i]] > BOUND) {
            open(name ": " order[i] " took " longest[name, order[i]] " instructions, bound " BOUND)
        }
    }
}
function print_open(i) {
    printf "\nfailed: %d", bad_runs[0]
    if (unknown[0] > 0) {
        printf " (whether the other %d all ended well was not noted)", unknown[0]
    }
    printf ". Open: %s\n", opened == 0 ? "nothing." : ""
    for (i = 1; i <= opened; i++) {
        printf "%s- %s\n", i == 1 ? "\n" : "", found[i]
        print "soak: open: " found[i] > "/dev/stderr"
    }
}
function print_totals(m, k, h, name, key) {
    printf "\n%d runs made %d calls on the check kernel that was run last on each machine, %d runs %d on\n", runs_in["check"], all["check"], runs_in["test"] + runs_in["sanitized"], all["test"] + all["sanitized"]
    printf "kernels that do not check themselves. Killed in the midst of it: %d workers; %d audits of all\nbooks, %d checks of single objects. ", killed, audits, things
    printf "Not counted here: %d runs with %d calls on older\nkernels, of which %d failed and %d have it not noted.\n", runs_in["old"], all["old"], bad_runs[1], unknown[1]
    for (m = 1; m <= 2; m++) {
        name = machines[m]
        printf "%s%s: kernel %s, commit %s", m == 1 ? "\n" : "; ", name, newest[name, "check"], commit[name, "check"] == "" ? "unknown" : commit[name, "check"]
    }
    print ".\n\n## Runs\n\n| run | runs | calls |\n| --- | --- | --- |"
    for (m = 1; m <= 2; m++) {
        for (k = 1; k <= 3; k++) {
            for (h = 0; h <= 64; h++) {
                key = machines[m] " " (h == 0 ? "--icount" : "--harts " h) " --kernel-" kinds[k]
                if (key in runs) {
                    printf "| %s | %d | %d |\n", key, runs[key], calls[key]
                }
            }
        }
    }
}
function print_edges(m, j, k, g, word, text, zeros) {
    print "\n## Edges of the portable kernel\n\nWith more than one hart, 2 to 8, it is chance who meets whom within a few instructions.\n"
    print "| machine | harts | met | all | calls | calls after the last new edge | new ones by run |\n| --- | --- | --- | --- | --- | --- | --- |"
    split("one more all", word, " ")
    for (m = 1; m <= 2; m++) {
        for (j = 1; j <= 3; j++) {
            g = machines[m] SUBSEP word[j]
            text = ""
            zeros = 0
            for (k = 1; k <= runs_of[g] + 1; k++) {
                if ((g, k) in steps || k > runs_of[g]) {
                    text = text (zeros > 0 ? " -" zeros "-" : "") " " steps[g, k]
                    zeros = 0
                } else {
                    zeros++
                }
            }
            printf "| %s | %s | %d | %d | %d | %d |%s|\n", machines[m], word[j], hit[g], edges[machines[m]], now[g], now[g] - last[g], text
        }
    }
    print "\n`-5-` stands for five runs in a row without a new edge."
}
function print_unmet(i, k, because, text) {
    print "\n### Edges never met\n\nAn edge is one of the compiled code. In parentheses: how many of them belong to a line of the source\nof which an edge was met at another place where the same line was compiled to, and the lines of\nwhich none was (0: the compiler names no line).\n"
    print "| why | x86_64 | aarch64 | where |\n| --- | --- | --- | --- |"
    for (i = 1; i <= count_of_whys; i++) {
        because = because_of[i]
        text = ""
        for (k = 1; k <= places[because]; k++) {
            text = text (k == 1 ? "" : ", ") name_at[because, k] (lines_at[because, k] == "" ? "" : " (" substr(lines_at[because, k], 2) ")")
        }
        printf "| %s | %d (%d) | %d (%d) | %s |\n", because, unmet_of[because, "x86_64"], copies_of[because, "x86_64"], unmet_of[because, "aarch64"], copies_of[because, "aarch64"], text
    }
}
function print_bare(i, at) {
    printf "\n### Lines that no run met\n\nOf these no edge was met at any place where the line was compiled to: %d on x86_64, %d on aarch64.\n", bare_count["x86_64"], bare_count["aarch64"]
    printf "Not among them: ends of checks of the kernel itself, and edges for which the compiler names no line (%d\nand %d).\n", nowhere["x86_64"], nowhere["aarch64"]
    print "\n| function | x86_64 | aarch64 |\n| --- | --- | --- |"
    for (i = 1; i <= count_of_bare; i++) {
        at = bare_at[i]
        printf "| %s |%s |%s |\n", at, bare_lines[at, "x86_64"], bare_lines[at, "aarch64"]
    }
}
function print_statuses(i, j, name, word, text) {
    print "\n## Statuses\n\nOn each machine OK came 1,000 times or more, and each error that the line of abi/syscalls.def lists\n10 times or more, but for what stands above. Here both machines together.\n\n| syscall | OK | others |\n| --- | --- | --- |"
    for (i = 1; i <= syscalls; i++) {
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
    print ""
    for (name in never) {
        print "Does not come: " name ", since " never[name] "."
    }
}
function print_lengths(i, name) {
    print "\n## Longest entries and locks\n\nInstructions from the first of the kernel\047s C code to the last, on one hart, counters of edges included (about a\nquarter); and how often an entry takes the lock of the books.\n\n| entry | x86_64 | aarch64 | books for each entry |\n| --- | --- | --- | --- |"
    for (i = 1; i <= syscalls + 3; i++) {
        name = order[i]
        printf "| %s | %d | %d | %.2f |\n", name, longest["x86_64", name], longest["aarch64", name], entries[name] ? books[name] / entries[name] : 0
    }
}
function print_seeds(i, j, n, word) {
    print "\n## Seeds"
    for (i = 1; i <= count_of_seeds; i++) {
        printf "\n`./vectra run --arch %s`, `%s`:\n", substr(seeded[i], 1, index(seeded[i], ": ") - 1), substr(seeded[i], index(seeded[i], ": ") + 2)
        n = split(seeds[seeded[i]], word, " ")
        for (j = 1; j <= n; j++) {
            printf "%s%s%s", word[j], j == n ? "" : ",", j == n || j % 10 == 0 ? "\n" : " "
        }
    }
}
END {
    end_run()
    for (m = 1; m <= 2; m++) {
        if ((machines[m], "check") in newest) {
            judge_kernel(machines[m])
            judge_dry(machines[m])
            judge_statuses(machines[m])
            judge_lengths(machines[m])
            unmet(machines[m])
        } else {
            open("no run on " machines[m])
        }
    }
    judge_calls()
    judge_reasons()
    print_open()
    print_totals()
    print_edges()
    print_unmet()
    print_bare()
    print_statuses()
    print_lengths()
    print_seeds()
    exit opened > 0
}
