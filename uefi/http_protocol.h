/* EFI_HTTP_PROTOCOL (UEFI 2.10, 29.6), which gnu-efi lacks: what http.c needs of it. */
#pragma once

#include <efi.h>

#define EFI_HTTP_SERVICE_BINDING_PROTOCOL_GUID                                                     \
    {                                                                                              \
        0xbdc8e6af, 0xd9bc, 0x4379,                                                                \
        {                                                                                          \
            0xa7, 0x2a, 0xe0, 0xc4, 0xe7, 0x5d, 0xae, 0x1c                                         \
        }                                                                                          \
    }
#define EFI_HTTP_PROTOCOL_GUID                                                                     \
    {                                                                                              \
        0x7a59b29b, 0x910b, 0x4171,                                                                \
        {                                                                                          \
            0x82, 0x42, 0xa8, 0x5a, 0x0d, 0xf2, 0x5b, 0x5b                                         \
        }                                                                                          \
    }

typedef struct {
    BOOLEAN UseDefaultAddress;
    EFI_IPv4_ADDRESS LocalAddress, LocalSubnet;
    UINT16 LocalPort;
} EFI_HTTPv4_ACCESS_POINT;

typedef struct {
    enum { HttpVersion10, HttpVersion11 } HttpVersion;
    UINT32 TimeOutMillisec;
    BOOLEAN LocalAddressIsIPv6;
    EFI_HTTPv4_ACCESS_POINT *IPv4Node;
} EFI_HTTP_CONFIG_DATA;

typedef struct {
    enum { HttpMethodGet = 0, HttpMethodHead = 5 } Method;
    CHAR16 *Url;
} EFI_HTTP_REQUEST_DATA;

#define HTTP_STATUS_200_OK        3
#define HTTP_STATUS_404_NOT_FOUND 21

typedef struct {
    UINT32 StatusCode; /* a number of the specification's own */
} EFI_HTTP_RESPONSE_DATA;

typedef struct {
    CHAR8 *FieldName, *FieldValue;
} EFI_HTTP_HEADER;

typedef struct {
    union {
        EFI_HTTP_REQUEST_DATA *Request;
        EFI_HTTP_RESPONSE_DATA *Response;
    } Data;
    UINTN HeaderCount;
    EFI_HTTP_HEADER *Headers;
    UINTN BodyLength;
    VOID *Body;
} EFI_HTTP_MESSAGE;

typedef struct {
    EFI_EVENT Event;
    EFI_STATUS Status;
    EFI_HTTP_MESSAGE *Message;
} EFI_HTTP_TOKEN;

typedef struct EFI_HTTP_PROTOCOL EFI_HTTP_PROTOCOL;
typedef EFI_STATUS(EFIAPI *EFI_HTTP_CONFIGURE)(EFI_HTTP_PROTOCOL *This, EFI_HTTP_CONFIG_DATA *Data);
typedef EFI_STATUS(EFIAPI *EFI_HTTP_TRANSFER)(EFI_HTTP_PROTOCOL *This, EFI_HTTP_TOKEN *Token);
typedef EFI_STATUS(EFIAPI *EFI_HTTP_POLL)(EFI_HTTP_PROTOCOL *This);

struct EFI_HTTP_PROTOCOL {
    EFI_HTTP_CONFIGURE GetModeData, Configure;
    EFI_HTTP_TRANSFER Request, Cancel, Response;
    EFI_HTTP_POLL Poll;
};
