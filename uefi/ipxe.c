/* Files through iPXE's download protocol (its src/include/ipxe/efi/efi_download.h), which it puts
 * on the device that it starts an application from. Of its PXE base code only the newest versions
 * can tell how large a file is. */
#include "uefi/ipxe.h"
#include "common/hw/cpu.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/storage/net/url.h"
#include "uefi/clock.h"
#include "uefi/path.h"
#include "uefi/protocol.h"
#include "uefi/pxe.h"
#include "uefi/uefi.h"

#define PATIENCE 30000 /* milliseconds, without any progress */

#define DOWNLOAD_PROTOCOL_GUID                                                                     \
    {                                                                                              \
        0x3eaeaebd, 0xdecf, 0x493b,                                                                \
        {                                                                                          \
            0x9b, 0xd1, 0xcd, 0xb2, 0xde, 0xca, 0xe7, 0x19                                         \
        }                                                                                          \
    }

typedef EFI_STATUS(EFIAPI *DATA_CALLBACK)(VOID *Context, VOID *Buffer, UINTN BufferLength,
                                          UINTN FileOffset);
typedef VOID(EFIAPI *FINISH_CALLBACK)(VOID *Context, EFI_STATUS Status);

typedef struct DOWNLOAD_PROTOCOL DOWNLOAD_PROTOCOL;
struct DOWNLOAD_PROTOCOL {
    EFI_STATUS(EFIAPI *Start)
    (DOWNLOAD_PROTOCOL *This, CHAR8 *Url, DATA_CALLBACK DataCallback,
     FINISH_CALLBACK FinishCallback, VOID *Context, VOID **File);
    EFI_STATUS(EFIAPI *Abort)(DOWNLOAD_PROTOCOL *This, VOID *File, EFI_STATUS Status);
    EFI_STATUS(EFIAPI *Poll)(DOWNLOAD_PROTOCOL *This);
};

static DOWNLOAD_PROTOCOL *protocol;
static struct url_server server;

/* ---- the server ------------------------------------------------------------------------------ */

/* Newer versions name the URL in the device's path, for older ones DHCP named the server. */
static enum err learn_server(EFI_HANDLE device)
{
    const EFI_DEVICE_PATH *node = path_find(path_on(device), MESSAGING_DEVICE_PATH, MSG_URI_DP);
    struct tftp_server tftp = {0};

    if (node)
        return url_learn(&server, (const char *)(node + 1),
                         (uint64_t)DevicePathNodeLength(node) - sizeof *node);
    TRY(pxe_learn(device, &tftp));
    TRY(tftp_complete(&tftp));
    return url_learn_tftp(&server, &tftp);
}

enum err ipxe_find_server(EFI_HANDLE device, const struct disk **found)
{
    protocol = protocol_on(device, (EFI_GUID)DOWNLOAD_PROTOCOL_GUID);
    if (!protocol)
        return OK;
    TRY(learn_server(device));
    *found = &server.disk;
    return OK;
}

/* ---- one download ---------------------------------------------------------------------------- */

struct download {
    uint8_t *to;        /* NULL: only the size is wanted */
    uint64_t bytes;     /* as many as it takes */
    uint64_t announced; /* the file's size; 0: not told */
    uint64_t end;       /* behind the last byte that has come */
    bool progressed, finished;
    EFI_STATUS status; /* once it has finished */
};

/* No bytes at an offset tell the size, for servers that tell it. An error must not be returned: not
 * every version ends the download then. */
static EFI_STATUS EFIAPI take_data(VOID *context, VOID *data, UINTN bytes, UINTN offset)
{
    struct download *download = context;
    uint64_t end;

    download->progressed = true;
    if (!bytes) {
        download->announced = MAX(download->announced, offset);
        return EFI_SUCCESS;
    }
    if (add_wraps(offset, bytes, &end))
        end = UINT64_MAX;
    download->end = MAX(download->end, end);
    if (download->to && end <= download->bytes)
        memcpy(download->to + offset, data, bytes);
    return EFI_SUCCESS;
}

static VOID EFIAPI take_end(VOID *context, EFI_STATUS status)
{
    struct download *download = context;

    download->finished = true;
    download->status = status;
}

/* True when what is still to come is of no interest. */
static bool is_enough(const struct download *download)
{
    return download->to ? download->end > download->bytes : download->announced != 0;
}

static EFI_STATUS wait_for(struct download *download)
{
    uint64_t begin = 0;

    download->progressed = true;
    while (!download->finished && !is_enough(download)) {
        if (download->progressed)
            begin = cpu_tsc();
        else if (clock_is_over(begin, PATIENCE))
            return EFI_TIMEOUT;
        download->progressed = false;
        protocol->Poll(protocol);
    }
    return download->finished ? download->status : EFI_SUCCESS;
}

static EFI_STATUS transfer(const char *url, struct download *download)
{
    VOID *file;

    EFI_STATUS status =
        protocol->Start(protocol, (CHAR8 *)url, take_data, take_end, download, &file);
    if (!EFI_ERROR(status)) {
        status = wait_for(download);
        if (!download->finished)
            protocol->Abort(protocol, file, EFI_ABORTED);
    }
    return status;
}

static enum err get(const char *path, struct download *download)
{
    char url[URL_BYTES];

    TRY(url_of(&server, path, url));
    EFI_STATUS status = transfer(url, download);
    switch (status) {
    case EFI_SUCCESS:
        return OK;
    case EFI_NOT_FOUND:
        return fail(ERR_NOT_FOUND, "%s: it has no file %s", server.disk.name, url);
    case EFI_TIMEOUT:
        return fail(ERR_IO, "%s: %s: the server does not answer", server.disk.name, url);
    }
    return fail(ERR_IO, "%s: %s: %s", server.disk.name, url, status_name(status));
}

/* ---- files ----------------------------------------------------------------------------------- */

enum err ipxe_fetch_size(const char *path, uint64_t *bytes)
{
    struct download download = {0};

    TRY(get(path, &download));
    *bytes = MAX(download.announced, download.end);
    return OK;
}

/* Straight to its place. */
enum err ipxe_fetch(const char *path, uint64_t bytes, void *to)
{
    struct download download = {.to = to, .bytes = bytes};

    TRY(get(path, &download));
    if (download.end == bytes)
        return OK;
    if (download.end > bytes)
        return fail(ERR_CHANGED, "%s: %s%s: more than the %lu bytes that it had a moment ago",
                    server.disk.name, server.root, path, bytes);
    return fail(ERR_CHANGED, "%s: %s%s: the transfer ended after %lu of %lu bytes",
                server.disk.name, server.root, path, download.end, bytes);
}
