/* An 80x25 screen that obeys what firmware.put() promises, and fails a test on anything else. Rows
 * and columns count from 1. */
#ifndef TEST_FAKE_SCREEN_H
#define TEST_FAKE_SCREEN_H

#include "common/entry/screen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char cells[SCREEN_ROWS + 1][SCREEN_COLUMNS + 2]; /* from 1; a row ends in a 0 byte */
static bool reversed[SCREEN_ROWS + 1][SCREEN_COLUMNS + 2];
static uint32_t row, column;
static bool reverse;
static char sequence[16]; /* what came since ESC */
static uint32_t put_count, clear_count;

static inline void erase(uint32_t from_row, uint32_t from_column, uint32_t to_row)
{
    for (uint32_t r = from_row; r <= to_row; r++)
        for (uint32_t c = from_column; c <= SCREEN_COLUMNS; c++) {
            cells[r][c] = ' ';
            reversed[r][c] = false;
        }
}

static inline void obey(void)
{
    if (strcmp(sequence, "\033[2J") == 0) {
        erase(1, 1, SCREEN_ROWS);
        clear_count++;
    } else if (strcmp(sequence, "\033[H") == 0) {
        row = column = 1;
    } else if (strcmp(sequence, "\033[K") == 0) {
        erase(row, column, row);
    } else if (strcmp(sequence, "\033[7m") == 0) {
        reverse = true;
    } else if (strcmp(sequence, "\033[0m") == 0) {
        reverse = false;
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
    assert_in_range(c, ' ', '~');
    assert_true(row < SCREEN_ROWS && column < SCREEN_COLUMNS); /* else a terminal may scroll */
    cells[row][column] = c;
    reversed[row][column++] = reverse;
}

static inline void screen_begin(void)
{
    put_count = clear_count = 0;
    sequence[0] = '\0';
    reverse = false;
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

#endif
