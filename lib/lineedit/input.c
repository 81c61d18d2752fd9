// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// From bytes to keys. A terminal sends keys as control characters, as escape
// sequences, or as UTF-8. Any byte may come in any state: a sequence that means
// nothing is swallowed whole, and a control character inside of one ends it and
// acts by itself, so that Enter and Ctrl-C work after any junk.
#include "lib/lineedit/private.h"

constexpr uint8_t ESCAPE = 0x1b;
constexpr uint8_t BELL = 0x07;
constexpr unsigned PARAMETER_MOST = 9999; // larger ones mean nothing to us

static enum line_action control(struct line_editor *editor, uint8_t byte) {
    static const uint8_t actions[32] = {
        [1] = ACTION_HOME,          [2] = ACTION_LEFT,     [3] = ACTION_CANCEL,
        [4] = ACTION_DELETE_OR_END, [5] = ACTION_END,      [6] = ACTION_RIGHT,
        [8] = ACTION_ERASE,         [9] = ACTION_COMPLETE, [10] = ACTION_ENTER,
        [11] = ACTION_KILL_TO_END,  [12] = ACTION_CLEAR,   [13] = ACTION_ENTER,
        [14] = ACTION_NEWER,        [16] = ACTION_OLDER,   [21] = ACTION_KILL_TO_START,
        [23] = ACTION_KILL_WORD,
    };
    bool second = byte == '\n' && editor->after_return;
    editor->after_return = byte == '\r';
    return second ? ACTION_NONE : (enum line_action)actions[byte];
}

static enum line_action control_sequence(const struct line_editor *editor, uint8_t final) {
    // The second parameter counts from 1: 5 is Ctrl, 3 is Alt.
    bool word = editor->parameters > 1 && (editor->parameter[1] == 5 || editor->parameter[1] == 3);
    switch (final) {
    case 'A':
        return ACTION_OLDER;
    case 'B':
        return ACTION_NEWER;
    case 'C':
        return word ? ACTION_WORD_RIGHT : ACTION_RIGHT;
    case 'D':
        return word ? ACTION_WORD_LEFT : ACTION_LEFT;
    case 'H':
        return ACTION_HOME;
    case 'F':
        return ACTION_END;
    case '~':
        break;
    default:
        return ACTION_NONE;
    }
    switch (editor->parameter[0]) {
    case 1:
    case 7:
        return ACTION_HOME;
    case 4:
    case 8:
        return ACTION_END;
    case 3:
        return ACTION_DELETE;
    default:
        return ACTION_NONE;
    }
}

static enum line_action after_escape(struct line_editor *editor, uint8_t byte) {
    editor->input = INPUT_GROUND;
    switch (byte) {
    case '[':
        editor->input = INPUT_CONTROL;
        editor->parameters = 1;
        editor->parameter[0] = editor->parameter[1] = 0;
        return ACTION_NONE;
    case 'O':
        editor->input = INPUT_SINGLE;
        return ACTION_NONE;
    case ']':
    case 'P':
    case '_':
    case '^':
        editor->input = INPUT_STRING;
        return ACTION_NONE;
    case 'b':
        return ACTION_WORD_LEFT;
    case 'f':
        return ACTION_WORD_RIGHT;
    default:
        return ACTION_NONE;
    }
}

static enum line_action in_control(struct line_editor *editor, uint8_t byte) {
    if (byte >= '0' && byte <= '9') {
        if (editor->parameters <= 2) {
            unsigned *value = &editor->parameter[editor->parameters - 1];
            *value = *value * 10 + (byte - '0');
            *value = *value > PARAMETER_MOST ? PARAMETER_MOST : *value;
        }
        return ACTION_NONE;
    }
    if (byte == ';') {
        editor->parameters += editor->parameters <= 2;
        return ACTION_NONE;
    }
    if (byte >= 0x20 && byte < 0x40) {
        return ACTION_NONE; // intermediate bytes and private marks
    }
    editor->input = INPUT_GROUND;
    return control_sequence(editor, byte);
}

static enum line_action begin_character(struct line_editor *editor, uint8_t byte) {
    editor->partial[0] = byte;
    editor->partial_length = 1;
    editor->partial_want = utf8_length(byte);
    editor->input = editor->partial_want > 1 ? INPUT_CHARACTER : INPUT_GROUND;
    return editor->partial_want == 1 ? ACTION_INSERT : ACTION_NONE;
}

static enum line_action in_character(struct line_editor *editor, uint8_t byte) {
    if ((byte & 0xc0) != 0x80) {
        return begin_character(editor, byte); // the one before never got complete
    }
    editor->partial[editor->partial_length++] = byte;
    if (editor->partial_length < editor->partial_want) {
        return ACTION_NONE;
    }
    editor->input = INPUT_GROUND;
    bool valid = utf8_valid(editor->partial, editor->partial_length);
    return valid ? ACTION_INSERT : ACTION_NONE;
}

enum line_action line_input_byte(struct line_editor *editor, uint8_t byte) {
    bool in_string = editor->input == INPUT_STRING || editor->input == INPUT_STRING_ESC;
    if (byte == ESCAPE) {
        editor->after_return = false;
        editor->input = in_string ? INPUT_STRING_ESC : INPUT_ESCAPE;
        return ACTION_NONE;
    }
    if (byte < 0x20) {
        editor->input = INPUT_GROUND;
        return in_string && byte == BELL ? ACTION_NONE : control(editor, byte);
    }
    editor->after_return = false;
    if (byte == 0x7f) {
        editor->input = INPUT_GROUND;
        return ACTION_ERASE;
    }
    switch (editor->input) {
    case INPUT_ESCAPE:
        return after_escape(editor, byte);
    case INPUT_CONTROL:
        return in_control(editor, byte);
    case INPUT_SINGLE:
        editor->input = INPUT_GROUND;
        editor->parameters = 0;
        return byte == '~' ? ACTION_NONE : control_sequence(editor, byte);
    case INPUT_STRING:
        return ACTION_NONE;
    case INPUT_STRING_ESC:
        editor->input = byte == '\\' ? INPUT_GROUND : INPUT_STRING;
        return ACTION_NONE;
    case INPUT_CHARACTER:
        return in_character(editor, byte);
    case INPUT_GROUND:
        break;
    }
    return begin_character(editor, byte);
}
