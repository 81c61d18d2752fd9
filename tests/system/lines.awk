# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Says in words which lines several harts touch, for scaling.sh. In order: `symbols` of the kernel
# with addresses that rise, `places` of functions (address, name), the list of those that may be
# shared, and what tools/lines.c wrote. What begins with `shared` is a fault:
#
#   network, person   two harts write to a line that is not in the list, more than a stray time
#   beside            a hart with a pair looks at a line on the way of its messages, to which
#                     another hart writes, and which is not in the list
#
# What begins with `#` is for whoever reads.
# Of sixteen digits, the lower eight: what mawk can count with.
function low(digits, i, value) {
    for (i = 9; i <= 16; i++) {
        value = value * 16 + index("0123456789abcdef", substr(digits, i, 1)) - 1
    }
    return value
}

# Which object is at an address of the image, or 0 for what is carved: a page, and no name.
function symbol(address, first, last, middle) {
    first = 1
    last = symbols
    while (first < last) {
        middle = int((first + last + 1) / 2)
        if (("x" starts[middle]) <= ("x" address)) {
            first = middle
        } else {
            last = middle - 1
        }
    }
    return substr(address, 1, 8) == "ffffffff" ? first : 0
}

# The objects that have a part in a line.
function objects(address, i, text) {
    i = symbol(address)
    if (i == 0) {
        return "page at " address
    }
    text = names[i] " + " low(address) - low(starts[i])
    for (i++; i <= symbols && low(starts[i]) < low(address) + 64; i++) {
        text = text ", " names[i]
    }
    return text
}

function line_of(address, digit) {
    digit = index("0123456789abcdef", substr(address, 15, 1)) - 1
    return substr(address, 1, 14) substr("048c", int(digit / 4) + 1, 1) "0"
}

# The bytes of a line, as runs: the mask has the last one first.
function bytes(mask, i, j, digit, text, from, run) {
    for (i = 0; i <= 64; i++) {
        digit = i < 64 ? index("0123456789abcdef", substr(mask, 16 - int(i / 4), 1)) - 1 : 0
        for (j = 0; j < i % 4; j++) {
            digit = int(digit / 2)
        }
        if (digit % 2 == 1 && !run) {
            from = i
        } else if (digit % 2 == 0 && run) {
            text = text (text == "" ? "" : ",") from "-" (i - 1)
        }
        run = digit % 2
    }
    return text
}

function place(address) {
    return ("x" address) in functions ? functions["x" address] : "a program"
}

# One hart has to do with a line, in words.
function said(i) {
    return sprintf("\n#   hart %s stored %d times%s, loaded %d times%s", hart[i], stores[i],
        stores[i] ? " (bytes " bytes(mask[i]) ") in" writer[i] : "", loads[i],
        loads[i] ? ", last in " reader[i] : "")
}

# Whether a hart with a pair has it on the way of messages, of which a round has six. What is
# looked at for each epoch that the busy hart asks for comes to less.
function on_the_way(i) {
    return asks[hart[i]] > 0 && loads[i] + stores[i] > 2 * asks[hart[i]]
}

# The harts of one line are together: they are judged when the next one begins.
function judge(i, name, what, writers, others, way, text) {
    for (i = 1; i <= touched; i++) {
        writers += stores[i] > STRAY
        text = text said(i)
    }
    for (i = 1; i <= touched; i++) {
        others += loads[i] > STRAY && writers > (stores[i] > STRAY)
        way += on_the_way(i) && writers > (stores[i] > STRAY)
    }
    address = line_of(address)
    name = names[symbol(address)]
    what = window ": " objects(address) "; written by " writers + 0 " and looked at by " others + 0 text
    if (window == "beside" ? way > 0 : writers > 1) {
        print ((window " " name) in listed ? "# listed in " : "shared in ") what
    } else if (others > 0 && window != "beside") {
        print "# " what
        looked_at++
    }
    touched = 0
}

function window_ends() {
    judge()
    if (window != "") {
        printf "# %s: %d rounds of %d pairs, %d lines of one hart at most\n", window, rounds,
            worked[window], most_lines
    }
    rounds = most_lines = 0
    delete asks
}

FILENAME ~ /symbols$/ {
    starts[++symbols] = $1
    names[symbols] = $3
}

FILENAME ~ /places$/ {
    functions["x" $1] = $2
}

FILENAME ~ /list$/ && !/^#/ && NF {
    listed[$1 " " $2]
}

$1 == "window" {
    window_ends()
    number = ""
    window = order[++windows]
}

# The two sides of a pair are on its hart, and each round has three answers.
$1 == "hart" {
    rounds += asks[$2] = $3
    worked[window] += $3 >= LEAST && $4 >= 3 * ($3 - 1) && $4 <= 3 * ($3 + 1)
    most_lines = $5 > most_lines ? $5 : most_lines
}

$1 == "line" {
    if ($2 != number) {
        judge()
        number = $2
    }
    address = $4
    hart[++touched] = $3
    stores[touched] = $5
    loads[touched] = $6
    mask[touched] = $7
    reader[touched] = place($8)
    writer[touched] = ""
    for (i = 9; i <= NF; i++) {
        if (index(writer[touched] ",", " " place($i) ",") == 0) {
            writer[touched] = writer[touched] (writer[touched] == "" ? " " : ", ") place($i)
        }
    }
}

BEGIN {
    split("network person beside", order)
    STRAY = 8
    LEAST = 100
}

END {
    window_ends()
    for (i = 1; i <= 3; i++) {
        if (worked[order[i]] != harts - (order[i] == "beside")) {
            print "shared in " order[i] ": only " worked[order[i]] + 0 " pairs worked, each on its hart"
        }
    }
}
