# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# awk -f classes.awk -v machine=MACHINE LOG ROWS
#
# Counts what one operation of each row executes, from the emulator's log (-d
# in_asm,exec,nochain) of `bench trace`: everything that the hart ran between two marks, in
# all Tasks and in the kernel. ROWS, read when the log has ended, is what the program printed:
# `trace ID OPERATIONS` in the order of the marks. Prints `MACHINE ID` and, for one operation: instructions, entries into
# the kernel by a call, atomics, fences, serialising instructions, TLB instructions, changes
# of the page table. The first row does nothing: what it executes is taken off the others.
#
# The log lists each block of code when it is translated, and then names it by where its
# translation stands each time that it is executed.

function kinds(text) {
    if (machine == "x86_64") {
        if (text ~ /^(sys(call|enter))/) return "entries"
        if (text ~ /^lock / || text ~ /^xchg.*\(/) return "atomics"
        if (text ~ /^[lms]fence/) return "fences"
        if (text ~ /^mov.*, %cr3$/) return "tables"
        if (text ~ /^(invlpg|invpcid)/) return "tlb"
        if (text ~ /^(cpuid|iret|wrmsr|lgdt|lidt|lldt|ltr|wbinvd|xsetbv)|^mov.*, %(cr|dr)[0-9]$/)
            return "serialising"
        return ""
    }
    if (text ~ /^svc/) return "entries"
    # Of an exclusive pair the load counts.
    if (text ~ /^(ldxr|ldaxr|ldxp|ldaxp|cas|swp|(ld|st)(add|clr|set|eor|[su]max|[su]min))/)
        return "atomics"
    if (text ~ /^(dmb|dsb)/) return "fences"
    if (text ~ /^msr *ttbr[01]_el1/) return "tables"
    if (text ~ /^tlbi/) return "tlb"
    if (text ~ /^(isb|eret)/) return "serialising"
    return ""
}

BEGIN {
    classes = split("entries atomics fences serialising tlb tables", name, " ")
    begin_text = machine == "x86_64" ? "0x6e656762" : "#0x6267"
    end_text = machine == "x86_64" ? "0x20646e65" : "#0x656e"
}

FILENAME == ARGV[2] {
    if ($1 == "trace" && NF == 3) {
        id[++rows] = $2
        operations[rows] = $3
    }
    next
}

/^IN:/ {
    fresh = 1
    split("", block)
    next
}

fresh && /^0x/ {
    text = $0
    sub(/^0x[0-9a-f]+: +/, "", text)
    sub(/^(([0-9a-f][0-9a-f] )+|[0-9a-f]+ ) */, "", text)
    sub(/ +$/, "", text)
    if (text == "" || text ~ /^[0-9a-f][0-9a-f]$/) {
        next # further bytes of the line before
    }
    block["instructions"]++
    kind = kinds(text)
    if (kind != "") {
        block[kind]++
    }
    if (index(text, begin_text)) {
        block["begins"] = 1
    } else if (index(text, end_text)) {
        block["ends"] = 1
    }
    next
}

# Takes a block in (1), or out again when it was not executed after all (-1).
function count(at, sign,    i) {
    total[row, "instructions"] += sign * size[at]
    if (at in special) {
        for (i = 1; i <= classes; i++) {
            total[row, name[i]] += sign * has[at, name[i]]
        }
    }
}

/^Trace / {
    at = $3
    if (fresh) {
        fresh = 0
        size[at] = block["instructions"]
        delete special[at]
        for (i = 1; i <= classes; i++) {
            has[at, name[i]] = block[name[i]] + 0
            if (block[name[i]]) {
                special[at] = 1
            }
        }
        delete begins[at]
        delete ends[at]
        if (block["begins"]) begins[at] = 1
        if (block["ends"]) ends[at] = 1
    }
    if (at in ends) {
        inside = 0
    }
    if (inside) {
        count(at, 1)
    }
    if (at in begins) {
        inside = 1
        row++
    }
    next
}

/^Stopped/ && inside { count($7, -1) }

function each(kind, i) {
    return (total[i, kind] - total[1, kind]) / operations[i]
}

END {
    if (row != rows || inside || rows < 2) {
        print "classes: " row + 0 " marked rows in the log, " rows + 0 " named" >"/dev/stderr"
        exit 1
    }
    for (i = 2; i <= rows; i++) {
        printf "%s %s %d", machine, id[i], each("instructions", i) + 0.5
        for (j = 1; j <= classes; j++) {
            figure = sprintf("%.2f", each(name[j], i))
            sub(/\.?0+$/, "", figure)
            printf " %s", figure == "" ? 0 : figure
        }
        print ""
    }
}
