/* How do some boots become one page? */
#include "images/tool/report/boot_page.h"
#include "images/tool/host/draft.h"
#include "images/tool/host/svg.h"
#include "images/tool/report/boot_charts.h"
#include <stdio.h>

static const char page_style[] =
    "body{font:15px/1.45 'DejaVu Sans',sans-serif;color:#1d2530;background:#fff;margin:28px 32px;"
    "max-width:1240px}h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:30px 0 8px}"
    "h3{font-size:14px;margin:0 0 6px}p{margin:4px 0 10px;color:#465262}"
    ".pair{display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start}"
    "table{border-collapse:collapse;font-size:12.5px}td,th{padding:2px 12px 2px 0;text-align:left;"
    "border-bottom:1px solid #e3e7ec}.ok{color:#2c7a2c}.bad{color:#b3261e;font-weight:bold}"
    ".key i{display:inline-block;width:13px;height:13px;margin:0 5px 0 14px;vertical-align:-2px}"
    ".key .execute{background:#f2935c}.key .write{background:#7fb2f0}.key .read{background:#86cf94}"
    ".key .uncached{background:#c3cad4}.key .combining{background:#b79ce0}";

struct page {
    FILE *file;
    const struct boot_log *logs;
    size_t count;
};

static void put_head(const struct page *page)
{
    FILE *file = page->file;
    fprintf(file,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<title>Lintel: a boot</title>\n<style>%s%s</style></head><body>\n<h1>",
            page_style, chart_style);
    svg_escaped(file, page->logs[0].loader);
    fputs(" brought a kernel up</h1>\n<p>", file);
    for (size_t i = 0; i < page->count; i++) {
        fputs(i ? "<br>" : "", file);
        svg_escaped(file, page->logs[i].firmware);
        fputs(": ", file);
        svg_escaped(file, page->logs[i].cpu);
        fprintf(file, ", %s usable", svg_size(page->logs[i].usable_bytes).text);
    }
    fputs("</p>\n", file);
}

/* One drawing for each log, beside each other; `missing` says what to do where there is none. */
static void put_pair(const struct page *page, bool (*draw)(FILE *, const struct boot_log *),
                     const char *missing)
{
    fputs("<div class=\"pair\">\n", page->file);
    for (size_t i = 0; i < page->count; i++) {
        fputs("<div><h3>", page->file);
        svg_escaped(page->file, page->logs[i].firmware);
        fputs("</h3>\n", page->file);
        if (!draw(page->file, &page->logs[i]))
            fprintf(page->file, "<p>%s</p>", missing);
        fputs("</div>\n", page->file);
    }
    fputs("</div>\n", page->file);
}

static const struct log_claim *find_claim(const struct boot_log *log, unsigned number)
{
    for (size_t i = 0; i < log->claim_count; i++)
        if (log->claims[i].number == number)
            return &log->claims[i];
    return NULL;
}

static void put_verdict(FILE *file, const struct log_claim *claim)
{
    if (!claim)
        fputs("<td>not checked</td>", file);
    else
        fputs(claim->holds ? "<td class=\"ok\">holds</td>" : "<td class=\"bad\">FAILED</td>", file);
}

/* Rows of the first log's claims, in its order. */
static void put_claims(const struct page *page, size_t first, size_t end)
{
    FILE *file = page->file;
    fputs("<table><tr><th></th><th>Claim</th>", file);
    for (size_t i = 0; i < page->count; i++) {
        fputs("<th>", file);
        svg_escaped(file, page->logs[i].firmware);
        fputs("</th>", file);
    }
    fputs("</tr>\n", file);
    for (size_t i = first; i < end; i++) {
        const struct log_claim *claim = &page->logs[0].claims[i];
        fprintf(file, "<tr><td>C%u</td><td>", claim->number);
        svg_escaped(file, claim->title);
        fputs("</td>", file);
        for (size_t j = 0; j < page->count; j++)
            put_verdict(file, find_claim(&page->logs[j], claim->number));
        fputs("</tr>\n", file);
    }
    fputs("</table>\n", file);
}

static void put_claims_in_columns(const struct page *page)
{
    size_t count = page->logs[0].claim_count, half = (count + 1) / 2;
    fputs("<div class=\"pair\">\n", page->file);
    put_claims(page, 0, half);
    if (half < count)
        put_claims(page, half, count);
    fputs("</div>\n", page->file);
}

struct boots {
    const struct boot_log *logs;
    size_t count;
};

static void put_page(FILE *file, const void *context)
{
    const struct boots *boots = context;
    const struct page whole = {file, boots->logs, boots->count}, *page = &whole;

    put_head(page);
    fputs("<h2>Stages</h2>\n<p>From the loader's first instruction to the kernel's.</p>\n", file);
    chart_timeline(file, page->logs, page->count);
    fputs("<h2>Claims of PROTOCOL.md</h2>\n", file);
    put_claims_in_columns(page);
    fputs("<h2>Virtual address space</h2>\n<p class=\"key\"><i class=\"execute\"></i>execute"
          "<i class=\"read\"></i>read only<i class=\"write\"></i>read, write"
          "<i class=\"uncached\"></i>uncached<i class=\"combining\"></i>write-combining. Rights: "
          "read, write, execute, user, global.</p>\n",
          file);
    put_pair(page, chart_mappings, "Not in this log: type <code>pt</code> in the kernel's shell.");
    fputs("<h2>Physical memory</h2>\n<p>High addresses at the top. A height tells the order of "
          "magnitude of a size.</p>\n",
          file);
    put_pair(page, chart_memory, "No memory map in this log.");
    fputs("</body></html>\n", file);
}

enum err boot_page_write(const char *path, const struct boot_log *logs, size_t count)
{
    const struct boots boots = {logs, count};

    return draft_write(path, put_page, &boots);
}
