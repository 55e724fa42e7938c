/* What does a file for a shell assign to some names? (POSIX, Shell Command Language, 2.2 to 2.9) */
#define _GNU_SOURCE /* open_memstream() */
#include "images/tool/kernels/assignments.h"
#include "common/lib/mem.h"
#include "images/tool/host/file.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shell {
    const char *path;
    const char *c, *end; /* what is still to be read */
    unsigned line;
    struct assignment *list;
    size_t count;
    FILE *word;
    bool known;       /* of the word: no part of it is a shell's to find out */
    bool literal;     /* it says what it stands for */
    bool exports;     /* the statement is an `export` */
    bool mentioned;   /* one of the names stands there */
    unsigned command; /* the line of the first statement that is no assignment; 0: there is none */
};

static enum err refuse(const struct shell *shell, const char *what)
{
    return fail(ERR_FORMAT,
                "%s:%u: %s: write the kernel's options to /etc/kernel/cmdline, in one line",
                shell->path, shell->line, what);
}

static int peek(const struct shell *shell)
{
    return shell->c < shell->end ? (unsigned char)*shell->c : EOF;
}

static int next(struct shell *shell)
{
    int c = peek(shell);

    if (c != EOF)
        shell->c++;
    shell->line += c == '\n';
    return c;
}

static bool is_in(int c, const char *set)
{
    return c > 0 && strchr(set, c);
}

static bool is_name(int c)
{
    return c == '_' || isalnum(c);
}

/* ---- words ----------------------------------------------------------------------------------- */

static enum err pass_over_quotes(struct shell *shell, int quote);

/* To the end of a command or an expansion in a word: nobody runs it, so the word's value is not
 * known. */
static enum err pass_over(struct shell *shell, int open, int close)
{
    int c, depth = 1;

    shell->known = shell->literal = false;
    while (depth) {
        c = next(shell);
        if (c == EOF)
            return refuse(shell, "what begins in a `$` or a \"`\" does not end");
        if (c == '\\')
            next(shell);
        else if (c == '\'' || c == '"')
            TRY(pass_over_quotes(shell, c));
        else if (c == close)
            depth--;
        else if (c == open)
            depth++;
    }
    return OK;
}

static enum err pass_over_quotes(struct shell *shell, int quote)
{
    for (int c; (c = next(shell)) != quote;) {
        if (c == EOF)
            return refuse(shell, "a quote does not end");
        if (c == '\\' && quote == '"')
            next(shell);
    }
    return OK;
}

static struct assignment *find(const struct shell *shell, const char *name, size_t length)
{
    for (size_t i = 0; i < shell->count; i++)
        if (strlen(shell->list[i].name) == length && memcmp(shell->list[i].name, name, length) == 0)
            return &shell->list[i];
    return NULL;
}

/* Behind the $. */
static enum err read_expansion(struct shell *shell)
{
    bool braces = peek(shell) == '{';
    const char *name = shell->c + braces, *end = name;

    shell->literal = false;
    while (end < shell->end && is_name((unsigned char)*end))
        end++;
    const struct assignment *found = find(shell, name, (size_t)(end - name));
    int behind = end < shell->end ? *end : EOF;
    bool whole = braces ? behind == '}' : behind != '\\'; /* which may join two lines */
    if (found && whole) {
        fputs(found->value ? found->value : "", shell->word);
        shell->c = end + braces;
        return OK;
    }
    shell->known = false;
    if (peek(shell) == '(' || braces) {
        int open = next(shell);
        return pass_over(shell, open, braces ? '}' : ')');
    }
    return OK;
}

static enum err read_double_quoted(struct shell *shell)
{
    for (int c; (c = next(shell)) != '"';) {
        if (c == EOF)
            return refuse(shell, "a \" does not end");
        if (c == '$')
            TRY(read_expansion(shell));
        else if (c == '`')
            TRY(pass_over(shell, EOF, '`'));
        else if (c != '\\')
            fputc(c, shell->word);
        else if (!is_in(peek(shell), "$`\"\\\n"))
            fputc(c, shell->word);
        else if ((c = next(shell)) != '\n')
            fputc(c, shell->word);
    }
    return OK;
}

static enum err read_single_quoted(struct shell *shell)
{
    for (int c; (c = next(shell)) != '\'';) {
        if (c == EOF)
            return refuse(shell, "a ' does not end");
        fputc(c, shell->word);
    }
    return OK;
}

static enum err read_part(struct shell *shell, int c)
{
    switch (c) {
    case '\'':
        return read_single_quoted(shell);
    case '"':
        return read_double_quoted(shell);
    case '$':
        return read_expansion(shell);
    case '`':
        return pass_over(shell, EOF, '`');
    case '~': /* may stand for a home folder */
        shell->known = false;
        break;
    case '\\':
        if (peek(shell) != EOF)
            c = next(shell);
        if (c == '\n')
            return OK;
    }
    fputc(c, shell->word);
    return OK;
}

/* To be freed. */
static enum err read_word(struct shell *shell, char **word)
{
    size_t bytes;
    enum err err = OK;

    shell->word = open_memstream(word, &bytes);
    if (!shell->word)
        return fail(ERR_NO_MEMORY, "%s: no memory for it", shell->path);
    shell->known = shell->literal = true;
    while (err == OK && peek(shell) != EOF && !is_in(peek(shell), " \t\n;&|<>()"))
        err = read_part(shell, next(shell));
    fclose(shell->word);
    return err;
}

/* ---- statements ------------------------------------------------------------------------------ */

/* The length of the name that a word, as it stands in the file, assigns to; 0: it is another
 * word. */
static size_t assigned_name(const struct shell *shell)
{
    const char *c = shell->c;

    while (c < shell->end && is_name((unsigned char)*c))
        c++;
    return c < shell->end && *c == '=' ? (size_t)(c - shell->c) : 0;
}

static enum err assign(struct shell *shell, struct assignment *assignment, const char *value)
{
    if (!shell->known)
        return refuse(shell, "only a shell knows what this assigns");
    char *copy = strdup(value);
    if (!copy)
        return fail(ERR_NO_MEMORY, "%s: no memory for it", shell->path);
    free(assignment->value);
    assignment->value = copy;
    return OK;
}

static bool mentions(const struct shell *shell, const char *word)
{
    for (size_t i = 0; i < shell->count; i++)
        if (strstr(word, shell->list[i].name))
            return true;
    return false;
}

static bool is_name_all(const char *word)
{
    while (is_name((unsigned char)*word))
        word++;
    return !*word;
}

static void note_command(struct shell *shell)
{
    if (!shell->command)
        shell->command = shell->line;
}

static enum err take_word(struct shell *shell)
{
    size_t length = assigned_name(shell);
    struct assignment *assignment = find(shell, shell->c, length);
    char *word = NULL;
    enum err err = read_word(shell, &word);

    if (err == OK) {
        shell->mentioned |= mentions(shell, word);
        if (length && assignment)
            err = assign(shell, assignment, word + length + 1);
        else if (shell->literal && strcmp(word, "export") == 0)
            shell->exports = true;
        else if (!length && !(shell->exports && shell->literal && is_name_all(word)))
            note_command(shell);
    }
    free(word);
    return err;
}

static enum err take_next(struct shell *shell)
{
    int c = peek(shell);

    if (c == '\\' && shell->c + 1 < shell->end && shell->c[1] == '\n')
        next(shell);
    else if (c == '#')
        while (peek(shell) != EOF && peek(shell) != '\n')
            next(shell);
    else if (is_in(c, "&|<>()"))
        note_command(shell);
    else if (!is_in(c, " \t\n;"))
        return take_word(shell);
    c = next(shell);
    shell->exports &= c != '\n' && c != ';';
    return OK;
}

enum err assignments_read(const char *path, struct assignment *list, size_t count)
{
    struct content content;

    TRY(file_map_text(path, &content));
    struct shell shell = {
        .path = path,
        .c = (const char *)content.bytes,
        .end = (const char *)content.bytes + content.size,
        .line = 1,
        .list = list,
        .count = count,
    };
    while (peek(&shell) != EOF)
        TRY(take_next(&shell));
    if (!shell.command || !shell.mentioned)
        return OK;
    shell.line = shell.command;
    return refuse(&shell, "beside commands only a shell knows what is assigned");
}
