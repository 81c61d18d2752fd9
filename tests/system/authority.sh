# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# No Task holds more than its manifest declares. The kernel's list of what each
# one holds is compared with what its manifest leads to, its sums with the books of its
# Reticle; what it can obtain with what its services say; and the graph with a parser.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

boot 'authority\nauthority shell\nauthority nobody\nauthority 1 2\n'
expect_status 'authority with wrong arguments is status 2' 2 'want `authority \[--graph\] \[TASK\]`'
why=
grep -qF 'authority: no task is `nobody`: want a name or number of `tasks`' "$work/out" ||
    why="it is not said"
verdict 'authority of a task that there is not' "$why"

# holds TASK CLASS RIGHT: how many capabilities of that class with that right.
holds() {
    awk -v task="$1" -v class="$2" -v right="$3" '
        $1 == "task" { own = $3 == task && !seen[$3]++; next }
        own && $1 != "-" && $2 == class { for (i = 4; i <= NF; i++) if ($i == right) { n++; break } }
        END { print n + 0 }' "$work/out"
}

# want CASE NUMBER TASK CLASS RIGHT
want() {
    why=
    count=$(holds "$3" "$4" "$5")
    [ "$count" = "$2" ] || why="$3 holds $count"
    verdict "$1" "$why"
}

for task in console namingd shell; do
    want "$task cannot turn the machine off" 0 "$task" machine power
    want "$task holds no task to stop" 0 "$task" task stop
    want "$task holds one Reticle, its own grant" 1 "$task" reticle carve
done
want 'the console holds its device' 1 console device use
want 'the console holds its interrupt' 1 console irq use
want 'the shell holds no device' 0 shell device use
want 'the shell holds no interrupt' 0 shell irq use
want 'namingd holds no device' 0 namingd device use
want 'the shell has three connections' 3 shell ring use
why=
books='^   reticle: [0-9]* bytes = [0-9]* available + [0-9]* objects + [0-9]* tables$'
[ "$(grep -c "$books" "$work/out")" -ge 5 ] || why="the books of a Reticle are missing"
awk '/^   reticle: / && $2 != $5 + $8 + $11 { exit 1 }' "$work/out" || why="a sum is wrong"
verdict 'the books of each Reticle add up' "$why"
# What is owned, header and tables included, makes up the books, but for what is left of
# pages that small headers share: whole cells of 256 bytes.
why=
[ "$(grep -c '^   paid: ' "$work/out")" -ge 5 ] || why="it is not said"
awk '/^   reticle: / { books = $8 + $11 }
    $1 == "task" { pool = $2 == 1 }
    /^   paid: / && ($2 != books || $2 != $5 + $8 || $5 == 0 || $8 % 256 != 0 || (!pool && $8 > 3840)) {
        print; bad = 1 } END { exit bad }' "$work/out" || why="bytes are missing"
verdict 'what is owned makes up the books' "$why"
# The same the other way round: the capabilities of each tree are those of the sum.
why=
awk '$1 == "task" { count = 0 } $1 ~ /^[0-9]+(\.[0-9]+)?$/ && NF > 3 { count++ }
    /^   sum: / { if ($2 != count) { print; bad = 1 } seen++ }
    END { exit bad || seen < 5 }' "$work/out" || why="some are missing"
verdict 'every capability is in the tree' "$why"

# obtains TASK LINE: how often a service says so of the task.
obtains() {
    awk -v task="$1" -v line="        $2" '
        $1 == "task" { own = $3 == task && !seen[$3]++; next }
        own && $0 == line { n++ } END { print n + 0 }' "$work/out"
}

# may CASE NUMBER TASK LINE
may() {
    why=
    count=$(obtains "$3" "$4")
    [ "$count" = "$2" ] || why="$count times: $4"
    verdict "$1" "$why"
}

may 'the shell hears the keyboard' 1 shell 'hear all that is typed'
may 'the shell may debug' 1 shell 'stop, read and change any other program'
may 'the shell may start programs' 1 shell 'start any program of the package'
may 'namingd may connect, and nothing else' 1 namingd 'connect its clients within their scope'
may 'namingd does not write to the terminal' 0 namingd 'write anything to the terminal'
may 'the console obtains nothing' 0 console 'write anything to the terminal'

# edges GRAPH: fails unless each line is one of the forms that there are, and each Task and
# object that an edge leaves has a label; the last one counts, and names the class. For where
# Graphviz is not installed.
edges() {
    awk '
        NR == 1 { bad = $0 != "digraph authority {"; next }
        /^  rankdir=LR;$/ { next }
        $0 == "}" { over = NR; next }
        /^  (task|object|gone)[0-9_]+ \[(shape=box, )?label="[^"]*"\];$/ { known[$1] = $0; next }
        /^  "service [a-z]+" \[shape=hexagon\];$/ { next }
        /^  task[0-9]+ -> "service [a-z]+" \[style=dotted(, label="[^"]*")?\];$/ { left[$1] = 1; next }
        /^  (task|object)[0-9]+ -> (object|gone)[0-9_]+ \[[^]]*\];$/ { left[$1] = 1; count++; next }
        { print "this is no line of a graph: " $0; bad = 1 }
        END {
            for (node in left) if (!(node in known)) { print "no label: " node; bad = 1 }
            for (node in known) if (known[node] ~ /"object /) { print "no class: " node; bad = 1 }
            exit bad || over != NR || count < 40
        }' "$1"
}

boot 'authority --graph\necho the end\n'
expect_status 'the graph of all tasks' 0 '^the end$'
sed -n '/^digraph authority {$/,/^}$/p' "$work/out" >"$work/graph.dot"
why=$(edges "$work/graph.dot") || why="$why: it is no graph"
verdict 'the graph has the form of one' "$why"
if command -v dot >/dev/null; then
    why=$(dot -Tcanon "$work/graph.dot" 2>&1 >"$work/canon") || why="$why: dot refuses it"
    verdict 'Graphviz reads the graph' "$why"
else
    echo 'not run Graphviz reads the graph: dot is not installed'
fi
# A connection is seen from both ends: who has a Ring mapped, and who owns it.
why=
for task in shell console namingd initd; do
    grep -q "label=\"$task" "$work/graph.dot" || why="no $task"
done
awk '/ -> object/ && /owner/ && /use"/ { owner[$3] = $1 } / -> object/ && /view/ { view[$3, $1] = 1 }
    END {
        for (ring in owner) for (key in view) {
            split(key, part, SUBSEP)
            if (part[1] == ring && part[2] != owner[ring]) both++
        }
        exit both < 6
    }' "$work/graph.dot" || why="Tasks do not meet at their Rings"
awk '/ -> object/ && /label="owner/ { owner[$3] = $1 } /style=bold/ { peer[$1] = $3 }
    END {
        for (ring in peer) {
            left = owner[ring]
            right = owner[peer[ring]]
            both += left != "" && right != "" && left != right
        }
        exit both < 6
    }' "$work/graph.dot" || why="the ends of connections are not joined"
verdict 'the graph joins the Tasks' "$why"
exit "$bad"
