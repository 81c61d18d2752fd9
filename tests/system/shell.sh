# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# What a person does with the shell: its language, pipelines, the line editor's
# keys, Ctrl-C, and input for a program.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# says CASE LINE: the last boot printed exactly this line.
says() {
    why=
    grep -qxF -- "$2" "$work/out" || why="the line '$2' is not there"
    verdict "$1" "$why"
}

# never CASE LINE: it did not.
never() {
    why=
    ! grep -qxF -- "$2" "$work/out" || why="the line '$2' is there"
    verdict "$1" "$why"
}

boot 'echo  a "b  c" '\''d $x'\'' \\$ # no\nset x "1  2"\necho $x.\necho "${x}y"
set y; echo status $?\nfault exit 3; echo $?\necho yes && echo and\nnosuch && echo never
nosuch || echo or\nfault exit 5 || fault exit 0 && echo chain\nstatus\n'
expect_status 'a session in the language' 0
says 'words and quotes' 'a b  c d $x $'
says 'a variable is one word' '1  2.'
says 'a variable in quotes' '1  2y'
says 'a variable that there is not' 'status 1'
says 'the status of a program' '3'
says '&& after success' 'and'
never '&& after failure' 'never'
says '|| after failure' 'or'
says '|| and && in a chain' 'chain'

boot 'echo one two | count\nhelp | count\necho a | count | count\nhelp | nosuch\nstatus
echo x | help\nstatus\necho "open\nstatus\necho a > b\necho alive\n'
expect_status 'a session of pipelines' 0
says 'a program into a program' '1 lines, 8 bytes'
says 'three programs' '1 lines, 17 bytes'
says 'a command that there is not' 'nosuch: there is no such command or program: `help` lists them'
says 'no builtin but the first' 'help: it takes no input: want it first in the pipeline'
says 'a mistake has a place' 'shell: a quote is not closed at column 6: want " at its end'
says 'no files' 'shell: there are no files to redirect to at column 8: want | or quotes around it'

# As many programs as a line may have; they all end within one turn of initd.
many='echo a | count'
for _ in 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
    many="$many | count"
done
boot "$many\\n$many\\n$many | count\\nstatus\\n"
expect_status 'pipelines of sixteen programs' 0
why=
[ "$(grep -cxF '1 lines, 18 bytes' "$work/out")" = 2 ] || why="they do not end twice"
verdict 'all sixteen programs end' "$why"
says 'seventeen are too many' 'shell: the line has too many commands at column 130: want at most 16'

# Ctrl-A, Right, Right; Ctrl-W; Tab; Up; Ctrl-U; Delete; a word typed in the middle.
boot 'eco hi\001\033[C\033[Ch\necho gone\027here\nec\twith tab\n\033[A\nrubbish\025echo clean
xecho del\001\033[3~\necho ab\033[D\303\266\n'
expect_status 'a session of keys' 0
says 'Ctrl-A and Right' 'hi'
says 'Ctrl-W' 'here'
why=
[ "$(grep -cxF 'with tab' "$work/out")" = 2 ] || why="Tab and Up do not give it twice"
verdict 'Tab and Up' "$why"
says 'Ctrl-U' 'clean'
says 'Delete' 'del'
says 'a character of two bytes' 'aöb'

boot 'fault hang\r\003echo after\necho first\recho second\ncount\rone\rtwo\r\004\rtime\necho last\n'
expect_status 'a session of keys for programs' 0
says 'Ctrl-C ends the program' 'after'
says 'the first of two lines typed at once' 'first'
says 'the second of them' 'second'
says 'lines typed into a program' '2 lines, 8 bytes'
# Two lines were typed at one prompt, so the script is ahead by one at its end.
boot 'fault flood\r\003echo dry\necho end\necho end\n'
expect_status 'a session with a flood' 0
says 'Ctrl-C ends a flood' 'dry'
exit "$bad"
