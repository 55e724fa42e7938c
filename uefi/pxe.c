/* Files by TFTP, through the network card's EFI_PXE_BASE_CODE_PROTOCOL (UEFI 2.10, 24.3), when
 * firmware loaded Lintel that way. */
#include "uefi/pxe.h"
#include "common/lib/mem.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

#define BLOCK_BYTES 1468 /* fills an Ethernet frame; servers may answer with less */

static EFI_PXE_BASE_CODE_PROTOCOL *pxe;
static struct tftp_server server;

static void learn_from(BOOLEAN received, const EFI_PXE_BASE_CODE_PACKET *packet,
                       struct tftp_server *from)
{
    if (received)
        tftp_learn(from, packet->Raw, sizeof packet->Raw);
}

enum err pxe_learn(EFI_HANDLE device, struct tftp_server *from)
{
    pxe = protocol_on(device, (EFI_GUID)EFI_PXE_BASE_CODE_PROTOCOL_GUID);
    if (!pxe || !pxe->Mode || !pxe->Mode->Started) {
        pxe = NULL;
        return OK;
    }
    const EFI_PXE_BASE_CODE_MODE *mode = pxe->Mode;
    if (mode->UsingIpv6)
        return fail(ERR_UNSUPPORTED, "booted by PXE over IPv6, of which Lintel knows IPv4 only");
    learn_from(mode->DhcpAckReceived, &mode->DhcpAck, from);
    learn_from(mode->ProxyOfferReceived, &mode->ProxyOffer, from);
    learn_from(mode->PxeReplyReceived, &mode->PxeReply, from);
    return OK;
}

enum err pxe_find_server(EFI_HANDLE device, const struct disk **found)
{
    TRY(pxe_learn(device, &server));
    if (!pxe)
        return OK;
    TRY(tftp_complete(&server));
    *found = &server.disk;
    return OK;
}

void pxe_keep_ack(EFI_HANDLE device, struct boot_origin *origin)
{
    const EFI_PXE_BASE_CODE_PROTOCOL *base =
        protocol_on(device, (EFI_GUID)EFI_PXE_BASE_CODE_PROTOCOL_GUID);

    if (!base || !base->Mode || !base->Mode->DhcpAckReceived)
        return;
    origin->dhcp_ack = base->Mode->DhcpAck.Raw;
    origin->dhcp_ack_bytes = sizeof base->Mode->DhcpAck.Raw;
}

/* With what the server said in its error packet, which need not end. The number beside it is of no
 * use: OVMF keeps the wrong byte of it, which is 0. */
static enum err fail_refused(const char *name)
{
    const CHAR8 *said = pxe->Mode->TftpError.ErrorString;
    char text[sizeof pxe->Mode->TftpError.ErrorString + 1] = {0};

    memcpy(text, said, sizeof text - 1);
    return fail(ERR_NOT_FOUND, "%s: it has no file %s (\"%s\")", server.disk.name, name, text);
}

static enum err fail_with(EFI_STATUS status, const char *name)
{
    switch (status) {
    case EFI_NOT_FOUND:
        return fail(ERR_NOT_FOUND, "%s: it has no file %s", server.disk.name, name);
    case EFI_TIMEOUT:
        return fail(ERR_IO, "%s: %s: the server does not answer", server.disk.name, name);
    case EFI_BUFFER_TOO_SMALL:
        return fail(ERR_CHANGED, "%s: %s: larger than it was a moment ago", server.disk.name, name);
    case EFI_TFTP_ERROR:
        if (pxe->Mode->TftpErrorReceived)
            return fail_refused(name);
    }
    return fail(ERR_IO, "%s: %s: %s", server.disk.name, name, status_name(status));
}

static enum err transfer(EFI_PXE_BASE_CODE_TFTP_OPCODE operation, const char *path, void *to,
                         UINT64 *bytes)
{
    char name[NET_PATH_BYTES + 128];
    EFI_IP_ADDRESS address = {0};
    UINTN block_bytes = BLOCK_BYTES;

    TRY(tftp_path(&server, path, name, sizeof name));
    memcpy(address.v4.Addr, server.address, sizeof server.address);
    EFI_STATUS status = pxe->Mtftp(pxe, operation, to, FALSE, bytes, &block_bytes, &address,
                                   (UINT8 *)name, NULL, FALSE);
    return EFI_ERROR(status) ? fail_with(status, name) : OK;
}

enum err pxe_fetch_size(const char *path, uint64_t *bytes)
{
    UINT64 size = 0;

    TRY(transfer(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, path, NULL, &size));
    *bytes = size;
    return OK;
}

/* Straight to its place. */
enum err pxe_fetch(const char *path, uint64_t bytes, void *to)
{
    UINT64 arrived = bytes;

    TRY(transfer(EFI_PXE_BASE_CODE_TFTP_READ_FILE, path, to, &arrived));
    if (arrived == bytes)
        return OK;
    return fail(ERR_CHANGED, "%s: %s%s: the transfer ended after %lu of %lu bytes",
                server.disk.name, server.root, path, arrived, bytes);
}

/* A driver stops its card when it hears that boot services end. iPXE's (1.0.0+git-20190125) needs
 * memory for that, which EDK II no longer gives then: its card went on writing what comes from the
 * network into memory that was the kernel's. A card that nobody uses refuses, at once. */
void pxe_quiet(void)
{
    EFI_HANDLE *handles;
    UINTN count = protocol_handles((EFI_GUID)EFI_SIMPLE_NETWORK_PROTOCOL_GUID, &handles);

    for (UINTN i = 0; i < count; i++) {
        EFI_SIMPLE_NETWORK *card =
            protocol_on(handles[i], (EFI_GUID)EFI_SIMPLE_NETWORK_PROTOCOL_GUID);
        if (card)
            card->Shutdown(card);
    }
    if (count)
        uefi_boot->FreePool(handles);
}
