/* How are the parts of a drawing written? */
#include "images/tool/host/svg.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

void svg_escaped(FILE *file, const char *text)
{
    char shown[1024];

    fmt_shown(shown, sizeof shown, "%s", text);
    for (const char *c = shown; *c; c++)
        switch (*c) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        default:
            fputc(*c, file);
        }
}

void svg_begin(FILE *file, double width, double height)
{
    fprintf(file, "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\">\n", width, height,
            width, height);
}

void svg_rectangle(FILE *file, double x, double y, double width, double height, const char *class)
{
    fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"/>\n", x,
            y, width, height, class);
}

void svg_text(FILE *file, double x, double y, const char *class, const char *anchor,
              const char *text)
{
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">", x, y, class,
            anchor);
    svg_escaped(file, text);
    fputs("</text>\n", file);
}

struct size_text svg_size(uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    struct size_text size;
    size_t unit = 0;

    for (; bytes >= 10000 || (bytes >= KIB && bytes % KIB == 0); bytes /= KIB)
        unit++;
    snprintf(size.text, sizeof size.text, "%u %s", (unsigned)bytes, units[unit]);
    return size;
}
