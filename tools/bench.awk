# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# awk -f bench.awk -v show=table|json|check|baseline [-v baseline=FILE] ROWS PEER MEASURED
#
# Puts together what was measured (MACHINE ID VALUE UNIT), what Linux took in the same run
# (PEER, the same fields) and what the rows are (tests/bench/rows.tsv), and shows it. A
# ratio across harts is made here, of the two figures of one run. Ends with 1 if a check
# failed.

BEGIN {
    FS = "[ \t]+"
    split("x86_64 aarch64", machines, " ")
    allowed = 1.03 # of the baseline
    while (baseline != "" && (getline line < baseline) > 0) {
        if (line !~ /^#/) {
            split(line, word, " ")
            base[word[1], word[2]] = word[3]
        }
    }
}

FILENAME ~ /rows\.tsv$/ {
    if (/^#/) {
        next
    }
    order[++rows] = $1
    mode[$1] = $2
    for (i = 4; i <= 7; i++) {
        split($i, each, "/")
        for (m = 1; m <= 2; m++) {
            column[machines[m], $1, i] = each[m]
        }
    }
    next
}
FILENAME ~ /peer$/ { column[$1, $2, 7] = $3; fresh[$1, $2] = 1; next }
{ value[$1, $2] = $3; unit[$1, $2] = $4; seen[$1] = 1 }

# Where the target is a ratio to Linux the value becomes that ratio, if Linux ran. What is
# not a ratio then has no target.
function settle(machine, id) {
    target = column[machine, id, 4]
    if (mode[id] != "wall" || unit[machine, id] == "ratio") {
        return
    }
    if ((machine, id) in fresh) {
        took = value[machine, id]
        value[machine, id] = sprintf("%.2f", took / column[machine, id, 7])
        unit[machine, id] = "ratio"
    } else {
        target = "-"
    }
}

# A peer's figure, and ours as a multiple of it.
function peer(machine, id, i,    figure, ours) {
    figure = column[machine, id, i]
    if (figure == "-") {
        return sprintf("%13s %6s", "-", "")
    }
    if (mode[id] == "wall") {
        return sprintf("%13s %6s", figure, "")
    }
    ours = value[machine, id] / figure
    if (!(i == 7 && (machine, id) in fresh)) {
        figure = figure "r"
    }
    return sprintf("%13s %6s", figure, sprintf(ours < 10 ? "%.2f" : "%.0f", ours))
}

function table_row(machine, id,    verdict) {
    verdict = ""
    if (target != "-") {
        missed = id == "hart_scaling" ? value[machine, id] < target : value[machine, id] > target
        verdict = missed ? "missed" : "met"
    }
    printf "%-22s %11s %-12s %9s %-6s %s %s %s\n", id, value[machine, id], unit[machine, id],
        target, verdict, peer(machine, id, 5), peer(machine, id, 6), peer(machine, id, 7)
}

function json_row(machine, id) {
    printf "%s\n  {\"id\": \"%s\", \"arch\": \"%s\", \"mode\": \"%s\", \"value\": %s, ",
        comma, id, machine, mode[id], value[machine, id]
    printf "\"unit\": \"%s\", \"target\": %s}", unit[machine, id], target == "-" ? "null" : target
    comma = ","
}

function check_row(machine, id,    was) {
    if (mode[id] == "wall") {
        return
    }
    if (!((machine, id) in base)) {
        print "not ok " id ": it is not in the baseline: ./vectra bench --baseline writes it"
        bad = 1
        return
    }
    was = base[machine, id]
    if (value[machine, id] > was * allowed) {
        print "not ok " id ": " value[machine, id] " " unit[machine, id] ": want at most 3 % over " was
        bad = 1
    } else {
        print "ok " id ": " value[machine, id] " (baseline " was ")"
    }
}

END {
    if (show == "json") {
        printf "["
    }
    for (m = 1; m <= 2; m++) {
        machine = machines[m]
        if (show == "table" && machine in seen) {
            printf "%s%-22s %11s %-12s %9s %-6s %13s %6s %13s %6s %13s %6s\n", gap, machine, "value",
                "unit", "target", "", "seL4", "ratio", "Linux, lean", "ratio", "Linux, Debian", "ratio"
            gap = "\n"
        }
        for (r = 1; r <= rows; r++) {
            id = order[r]
            if (!((machine, id) in value)) {
                continue
            }
            settle(machine, id)
            if (show == "table") {
                table_row(machine, id)
            } else if (show == "json") {
                json_row(machine, id)
            } else if (show == "check") {
                check_row(machine, id)
            } else if (mode[id] == "icount") {
                print machine, id, value[machine, id]
            }
        }
    }
    if (show == "json") {
        print "\n]"
    }
    if (show == "table") {
        print "\nr: recorded earlier under the same emulator, not in this run. Ratio: ours to theirs."
    }
    exit bad
}
