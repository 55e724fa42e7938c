/* What the kernel asks for. REVISION is the base revision. */
#include "test/kernels/limine/abi.h"

#define PLACED(section_name) __attribute__((used, aligned(8), section(section_name)))
#define ASKED                PLACED(".requests") volatile

void start(void);

/* A request outside of the markers is none. */
PLACED(".data.strays")
volatile struct plain_request stray = {
    {COMMON, 0xc5e77b6b397e7b43, 0x27637845accdcf3c}, 0, UNTOUCHED};

PLACED(".requests.first")
const uint64_t start_marker[4] = {0xf6b8f4b39de7d1ae, 0xfab91a6940fcb9cf, 0x785c6ed015d3e316,
                                  0x181e920a7852b9d9};
PLACED(".requests.last") const uint64_t end_marker[2] = {0xadc0e0531bb10d03, 0x9572709f31764c62};

ASKED uint64_t base_revision[3] = {0xf9562b2d5c95a6c8, 0x6a7b384944536bdc, REVISION};

#define ASK(name, high, low) {COMMON, high, low}, 0, 0

ASKED struct plain_request bootloader_info = {ASK(, 0xf55038d8e2a1202f, 0x279426fcf5f59740)};
ASKED struct plain_request command_line = {ASK(, 0x4b161536e598651e, 0xb390ad4a2f1f303a)};
ASKED struct plain_request firmware_type = {ASK(, 0x8c2f75d90bef28a8, 0x7045a4688eac00c3)};
ASKED struct plain_request direct_map = {ASK(, 0x48dcf1cb8ad2b852, 0x63984e959a98244b)};
ASKED struct plain_request rsdp = {ASK(, 0xc5e77b6b397e7b43, 0x27637845accdcf3c)};
ASKED struct plain_request smbios = {ASK(, 0x9e9046f11e095391, 0xaa4a520fefbde5ee)};
ASKED struct plain_request efi_system_table = {ASK(, 0x5ceba5163eaaf6d6, 0x0a6981610cf65fcc)};
ASKED struct plain_request efi_memory_map = {ASK(, 0x7df62a431d6872d5, 0xa4fcdfb3e57306c8)};
ASKED struct plain_request event_log = {ASK(, 0x98e094fc7e76e979, 0xee8d8775c54e1d1f)};
ASKED struct plain_request date = {ASK(, 0x502746e184c088aa, 0xfbc5ec83e6327893)};
ASKED struct plain_request executable_address = {ASK(, 0x71ba76863cc55f63, 0xb2644a48c516a487)};
ASKED struct plain_request performance = {ASK(, 0x6b50ad9bf36d13ad, 0xdc4c7e88fc759e17)};
ASKED struct plain_request tsc_frequency = {ASK(, 0x10f2ee1d87d195e4, 0xf747a2b78f6ddb31)};
#if REVISION == 6
ASKED struct plain_request keep_iommu = {ASK(, 0x8ebaabe51f490179, 0x2aa86a59ffb4ab0f)};
#endif

/* Not there on a PC, and not answered at all. */
ASKED struct plain_request device_tree = {
    {COMMON, 0xb40ddb48fb54bac7, 0x545081493f81ffb7}, 0, UNTOUCHED};
ASKED struct plain_request terminal = {
    {COMMON, 0xc8ac59310c2b0844, 0xa68d0c7265d38878}, 0, UNTOUCHED};

ASKED struct sized_request stack_size = {ASK(, 0x224ef0460a8e8926, 0xe1cb0fc25f46ea3d),
                                         STACK_BYTES};
ASKED struct sized_request entropy = {ASK(, 0x65ea80255d5682c5, 0x9117240723f493eb), ENTROPY_COUNT};

/* 5 levels where the CPU has them, else 4. */
ASKED struct paging_request paging_mode = {
    {COMMON, 0x95c1a0edab0944cb, 0xa4e5cb3842f7488a}, 1, 0, 1, 1, 0};
ASKED struct entry_request entry_point = {ASK(, 0x13d86c035a1cd3e1, 0x2b0caa89d8f3026a), start};
ASKED struct framebuffer_request framebuffer_request = {
    ASK(, 0x9d5827dcd881dd75, 0xa3148604f6fab11b)};
ASKED struct memory_map_request memory_map = {ASK(, 0x67cf3d9d378a806f, 0xe304acdfc50c3c62)};
ASKED struct executable_file_request executable_file = {
    ASK(, 0xad97e90e83f1ed67, 0x31eb5d1c5ff23b69)};
ASKED struct cpus_request cpus = {ASK(, 0x95a67b819a1b857e, 0xa0b61b723b6a73e0), REVISION % 2};

static const struct internal_module beside = {"internal.bin", "the first", 1};
static const struct internal_module absent = {"../boot/./absent.bin", "", 0};
static const struct internal_module elsewhere = {"../boot/internal.bin", "", 1};
static const struct internal_module packed = {"packed.gz", "packed", 3};
static const struct internal_module *const internal[] = {&beside, &absent, &elsewhere, &packed};
ASKED struct modules_request modules = {
    {COMMON, 0x3e7e279702be32af, 0xca1c4f3bd1280cee}, 1, 0, 4, internal};
