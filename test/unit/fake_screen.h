/* An 80x25 screen that obeys what firmware.put() promises, and fails a test on anything else. Rows
 * and columns count from 1. */
#pragma once

#include "common/menu/screen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { BLACK = 0, RED = 41, YELLOW = 43, WHITE = 47 }; /* of paper, by their SGR numbers */

/* From 1; a row ends in a 0 byte. What is not ASCII counts as one '~'. */
static char cells[SCREEN_ROWS + 1][SCREEN_COLUMNS + 2];
static uint8_t papers[SCREEN_ROWS + 1][SCREEN_COLUMNS + 2];
static uint32_t row, column;
static uint8_t paper;
static char sequence[24]; /* what came since ESC */
static uint32_t put_count, clear_count;
static char stream[1 << 20]; /* all of it, as it came */
static size_t stream_bytes;

static inline void erase(uint32_t from_row, uint32_t from_column, uint32_t to_row)
{
    for (uint32_t r = from_row; r <= to_row; r++)
        for (uint32_t c = from_column; c <= SCREEN_COLUMNS; c++) {
            cells[r][c] = ' ';
            papers[r][c] = BLACK;
        }
}

static inline void set_colours(const char *numbers)
{
    for (const char *at = numbers; at; at = strchr(at, ';')) {
        int number = atoi(at += *at == ';');

        if (number == 0)
            paper = BLACK;
        else if (number >= 40 && number <= 47)
            paper = (uint8_t)number;
        else
            assert_true(number == 1 || (number >= 30 && number <= 37));
        if (!strchr(at, ';'))
            break;
    }
}

static inline void obey(void)
{
    size_t length = strlen(sequence);

    if (strcmp(sequence, "\033[2J") == 0) {
        erase(1, 1, SCREEN_ROWS);
        clear_count++;
    } else if (strcmp(sequence, "\033[H") == 0) {
        row = column = 1;
    } else if (strcmp(sequence, "\033[K") == 0) {
        erase(row, column, row);
    } else if (sequence[length - 1] == 'm') {
        set_colours(sequence + 2);
    } else if (sscanf(sequence, "\033[%u;%uH", &row, &column) == 2) {
        assert_in_range(row, 1, SCREEN_ROWS);
        assert_in_range(column, 1, SCREEN_COLUMNS);
    } else {
        fail_msg("ESC%s is not promised", sequence + 1);
    }
}

static inline void put(char c)
{
    size_t length = strlen(sequence);

    put_count++;
    assert_true(stream_bytes + 1 < sizeof stream);
    stream[stream_bytes++] = c;
    if (length || c == '\033') {
        assert_true(length + 1 < sizeof sequence);
        sequence[length] = c;
        sequence[length + 1] = '\0';
        if (c >= '@' && c != '[') {
            obey();
            sequence[0] = '\0';
        }
        return;
    }
    if (((uint8_t)c & 0xc0) == 0x80)
        return;
    assert_true((uint8_t)c >= ' ' && c != 0x7f);
    assert_true(row < SCREEN_ROWS && column < SCREEN_COLUMNS); /* else a terminal may scroll */
    cells[row][column] = (uint8_t)c < 0x80 ? c : '~';
    papers[row][column++] = paper;
}

static inline void fake_screen_begin(void)
{
    put_count = clear_count = 0;
    stream_bytes = 0;
    memset(stream, 0, sizeof stream);
    sequence[0] = '\0';
    paper = BLACK;
    memset(cells, 0, sizeof cells);
    erase(1, 1, SCREEN_ROWS);
}

/* The row in which text stands, or 0. */
static inline uint32_t find(const char *text)
{
    for (uint32_t r = 1; r <= SCREEN_ROWS; r++)
        if (strstr(cells[r] + 1, text))
            return r;
    return 0;
}

static inline void assert_shown(const char *text)
{
    if (!find(text))
        fail_msg("\"%s\" is not on the screen", text);
}

static inline void assert_not_shown(const char *text)
{
    if (find(text))
        fail_msg("\"%s\" is on the screen", text);
}
