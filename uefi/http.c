/* Files by HTTP, through the drivers that firmware's HTTP boot stands on (UEFI 2.10, 24.7
 * and 29.6), when firmware loaded Lintel that way. Each file takes a connection of its own. */
#include "uefi/http.h"
#include "common/hw/cpu.h"
#include "common/lib/mem.h"
#include "common/storage/net/url.h"
#include "uefi/clock.h"
#include "uefi/http_protocol.h"
#include "uefi/path.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

#define PATIENCE     30000 /* milliseconds, without any progress */
#define DRIVER_WAITS 30000 /* milliseconds */
#define SIZE_UNKNOWN UINT64_MAX
#define HEADERS_MOST 1024 /* of an answer */

static EFI_SERVICE_BINDING *binding;
static EFI_HTTPv4_ACCESS_POINT own_address = {.UseDefaultAddress = TRUE};
static struct url_server server;

/* ---- the server ------------------------------------------------------------------------------ */

#define IPV4_NODE_BYTES 27 /* as UEFI 2.10, 10.3.4.12 has it; older ones end before the mask */

/* The address that firmware booted with; the card has no default one then. */
static void take_own_address(const EFI_DEVICE_PATH *path)
{
    const IPv4_DEVICE_PATH *node =
        (const void *)path_find(path, MESSAGING_DEVICE_PATH, MSG_IPv4_DP);

    if (!node || DevicePathNodeLength(&node->Header) < IPV4_NODE_BYTES ||
        load32(node->LocalIpAddress.Addr) == 0)
        return;
    own_address.UseDefaultAddress = FALSE;
    own_address.LocalAddress = node->LocalIpAddress;
    own_address.LocalSubnet = node->SubnetMask;
}

enum err http_find_server(EFI_HANDLE device, const struct disk **found)
{
    EFI_GUID protocol = EFI_HTTP_SERVICE_BINDING_PROTOCOL_GUID;
    const EFI_DEVICE_PATH *path = path_on(device);
    EFI_DEVICE_PATH *rest = (EFI_DEVICE_PATH *)path;
    const EFI_DEVICE_PATH *url = path_find(path, MESSAGING_DEVICE_PATH, MSG_URI_DP);
    EFI_HANDLE card;

    if (!url)
        return OK;
    TRY(url_learn(&server, (const char *)(url + 1),
                  (uint64_t)DevicePathNodeLength(url) - sizeof *url));
    take_own_address(path);
    if (!EFI_ERROR(uefi_boot->LocateDevicePath(&protocol, &rest, &card)))
        binding = protocol_on(card, protocol);
    if (!binding)
        return fail(ERR_UNSUPPORTED, "%s: the firmware booted from it, but offers no HTTP service",
                    server.disk.name);
    *found = &server.disk;
    return OK;
}

/* ---- one exchange of messages ---------------------------------------------------------------- */

static EFI_STATUS wait_for(EFI_HTTP_PROTOCOL *http, EFI_HTTP_TOKEN *token)
{
    uint64_t begin = cpu_tsc();

    while (uefi_boot->CheckEvent(token->Event) != EFI_SUCCESS) {
        if (clock_is_over(begin, PATIENCE)) {
            http->Cancel(http, token);
            return EFI_TIMEOUT;
        }
        http->Poll(http);
    }
    return token->Status;
}

/* Sends or receives one message, or a part of one. */
static EFI_STATUS transfer(EFI_HTTP_PROTOCOL *http, EFI_HTTP_TRANSFER direction,
                           EFI_HTTP_MESSAGE *message)
{
    EFI_HTTP_TOKEN token = {.Status = EFI_NOT_READY, .Message = message};

    EFI_STATUS status = uefi_boot->CreateEvent(0, 0, NULL, NULL, &token.Event);
    if (EFI_ERROR(status))
        return status;
    status = direction(http, &token);
    if (!EFI_ERROR(status))
        status = wait_for(http, &token);
    uefi_boot->CloseEvent(token.Event);
    return status;
}

static enum err write_url(const char *path, CHAR16 url[URL_BYTES])
{
    char text[URL_BYTES];
    uint32_t i = 0;

    TRY(url_of(&server, path, text));
    do
        url[i] = (uint8_t)text[i];
    while (text[i++]);
    return OK;
}

static EFI_STATUS send_request(EFI_HTTP_PROTOCOL *http, EFI_HTTP_REQUEST_DATA *request)
{
    EFI_HTTP_CONFIG_DATA config = {
        .HttpVersion = HttpVersion11,
        .TimeOutMillisec = DRIVER_WAITS,
        .IPv4Node = &own_address,
    };
    EFI_HTTP_HEADER header = {(CHAR8 *)"Host", (CHAR8 *)server.host};
    EFI_HTTP_MESSAGE message = {.Data.Request = request, .HeaderCount = 1, .Headers = &header};

    EFI_STATUS status = http->Configure(http, &config);
    return EFI_ERROR(status) ? status : transfer(http, http->Request, &message);
}

/* ---- what comes back ------------------------------------------------------------------------- */

/* The specification numbers status codes without gaps. */
static uint32_t code_of(uint32_t number)
{
    static const struct {
        uint32_t number, code;
    } runs[] = {{1, 100}, {3, 200}, {10, 300}, {16, 307}, {17, 400}, {35, 500}, {41, 308}};
    uint32_t code = 0;

    for (uint32_t i = 0; i < ARRAY_LENGTH(runs) && runs[i].number <= number; i++)
        code = runs[i].code + number - runs[i].number;
    return code;
}

static bool is_content_length(const char *name)
{
    static const char wanted[] = "content-length";
    uint32_t i = 0;

    while (wanted[i] && (name[i] | 0x20) == wanted[i])
        i++;
    return !wanted[i] && !name[i];
}

static uint64_t read_number(const char *text)
{
    uint64_t number = 0;

    if (!*text || strlen(text) > 18)
        return SIZE_UNKNOWN;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return SIZE_UNKNOWN;
        number = number * 10 + (uint64_t)(*text - '0');
    }
    return number;
}

/* The driver's headers are ours to free. */
static uint64_t take_length(EFI_HTTP_MESSAGE *message)
{
    uint64_t length = SIZE_UNKNOWN;
    UINTN count = message->Headers ? MIN(message->HeaderCount, HEADERS_MOST) : 0;

    for (UINTN i = 0; i < count; i++) {
        EFI_HTTP_HEADER *header = &message->Headers[i];
        if (header->FieldName && header->FieldValue &&
            is_content_length((const char *)header->FieldName))
            length = read_number((const char *)header->FieldValue);
        uefi_boot->FreePool(header->FieldName);
        uefi_boot->FreePool(header->FieldValue);
    }
    if (message->Headers)
        uefi_boot->FreePool(message->Headers);
    return length;
}

/* The head of the answer, and as much of its body as came with it, which `message` says. */
static enum err receive_head(EFI_HTTP_PROTOCOL *http, const char *path, EFI_HTTP_MESSAGE *message,
                             uint64_t *length)
{
    EFI_HTTP_RESPONSE_DATA response = {0};

    message->Data.Response = &response;
    EFI_STATUS status = transfer(http, http->Response, message);
    *length = take_length(message);
    if (response.StatusCode == HTTP_STATUS_404_NOT_FOUND)
        return fail(ERR_NOT_FOUND, "%s: it has no file %s%s", server.disk.name, server.root, path);
    if (response.StatusCode && response.StatusCode != HTTP_STATUS_200_OK)
        return fail(ERR_IO, "%s: %s%s: HTTP status %u", server.disk.name, server.root, path,
                    code_of(response.StatusCode));
    if (EFI_ERROR(status))
        return fail(ERR_IO, "%s: %s%s: %s", server.disk.name, server.root, path,
                    status_name(status));
    if (*length == SIZE_UNKNOWN)
        return fail(ERR_IO, "%s: %s%s: it does not say how long that is (Content-Length)",
                    server.disk.name, server.root, path);
    return OK;
}

static enum err receive_file(EFI_HTTP_PROTOCOL *http, const char *path, uint64_t bytes, uint8_t *to)
{
    EFI_HTTP_MESSAGE message = {.BodyLength = bytes, .Body = to};
    uint64_t length, done;

    TRY(receive_head(http, path, &message, &length));
    if (length != bytes || message.BodyLength > bytes)
        return fail(ERR_CHANGED, "%s: %s%s: had %lu bytes a moment ago, and has %lu now",
                    server.disk.name, server.root, path, bytes, length);
    for (done = message.BodyLength; done < bytes; done += message.BodyLength) {
        message = (EFI_HTTP_MESSAGE){.BodyLength = bytes - done, .Body = to + done};
        EFI_STATUS status = transfer(http, http->Response, &message);
        if (EFI_ERROR(status) || !message.BodyLength || message.BodyLength > bytes - done)
            return fail(ERR_IO, "%s: %s%s: the transfer ended after %lu of %lu bytes: %s",
                        server.disk.name, server.root, path, done, bytes, status_name(status));
    }
    return OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Asks for a file's head, or (`to`) for all of it. */
static enum err ask(EFI_HTTP_PROTOCOL *http, const char *path, uint64_t *bytes, void *to)
{
    static CHAR16 url[URL_BYTES];
    EFI_HTTP_REQUEST_DATA request = {to ? HttpMethodGet : HttpMethodHead, url};
    EFI_HTTP_MESSAGE head = {0};

    TRY(write_url(path, url));
    EFI_STATUS status = send_request(http, &request);
    if (EFI_ERROR(status))
        return fail(ERR_IO, "%s: %s%s: %s", server.disk.name, server.root, path,
                    status_name(status));
    return to ? receive_file(http, path, *bytes, to) : receive_head(http, path, &head, bytes);
}

static enum err connect_and_ask(const char *path, uint64_t *bytes, void *to)
{
    EFI_HANDLE child = NULL;
    enum err err;

    EFI_STATUS status = binding->CreateChild(binding, &child);
    if (EFI_ERROR(status))
        return fail(ERR_IO, "%s: %s%s: %s", server.disk.name, server.root, path,
                    status_name(status));
    EFI_HTTP_PROTOCOL *http = protocol_on(child, (EFI_GUID)EFI_HTTP_PROTOCOL_GUID);
    err = http ? ask(http, path, bytes, to)
               : fail(ERR_UNSUPPORTED, "%s: the firmware's HTTP service gives no connection",
                      server.disk.name);
    binding->DestroyChild(binding, child);
    return err;
}

enum err http_fetch_size(const char *path, uint64_t *bytes)
{
    return connect_and_ask(path, bytes, NULL);
}

enum err http_fetch(const char *path, uint64_t bytes, void *to)
{
    return connect_and_ask(path, &bytes, to);
}
