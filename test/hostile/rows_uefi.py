"""UEFI firmware that lies about memory, paths, disks, screens, time and tables: uefi.c tells the lies."""
from builder import VOLUME, change_files, make_image, mtools
from row import ASKED, BOOTS, BOOTS_OR_SAYS_WHY, Hardware, Row, Setup
from uefi_image import Lie, error, make_lying

(INVALID_PARAMETER, UNSUPPORTED, BAD_BUFFER_SIZE, NOT_READY, DEVICE_ERROR, OUT_OF_RESOURCES, NO_MEDIA,
 NOT_FOUND, TIMEOUT, SECURITY_VIOLATION) = map(error, (2, 3, 4, 6, 7, 9, 12, 14, 18, 26))
WARN_STALE_DATA = 5
EVERYTHING = (1 << 64) - 1
PAGE, MIB = 1 << 12, 1 << 20
RAM = 32 * MIB          # usable
ABSENT = 0x90000000     # between memory and devices
UNMAPPED = 0x7FFF00000000000  # no table of OVMF's leads there

# Which entry points OVMF has, by QEMU's option for the newer one.
SMBIOS = {("SMBIOS",): (), ("SMBIOS", "SMBIOS3"): ("-machine", "smbios-entry-point-type=64")}


def make_waiting(path):
    """The ordinary image with a menu that is shown for a second."""
    make_image(path, ASKED)
    change_files(path, {"/loader/loader.conf": "timeout 1\ndefault lintel\n"})


def make_counted(path):
    """The ordinary image, whose entry has three tries left."""
    make_image(path, ASKED)
    mtools("mren", path, VOLUME, "::/loader/entries/lintel.conf", "lintel+3.conf")


def lying(*lies, make, options=()):
    def prepare(images, folder):
        image = images.shared(f"{make.__name__}.img", make) if make else images.standard(ASKED)
        return Setup((make_lying(folder / "lies.img", image, lies),), Hardware(options=options),
                     lies)
    return prepare


def uefi_row(name, expected, *lies, sliced=False, make=None, options=(), facts=None,
             counts=False):
    prepare = lying(*lies, make=make, options=options)
    return Row(name, "uefi", prepare, expected, sliced, facts or {}, counts)


def without_screen(name, *lies, **options):
    """The kernel has no framebuffer then."""
    return uefi_row(name, BOOTS, *lies, facts={"framebuffer": "none"}, **options)


PATHS = [
    *(uefi_row(f"path-node-of-{bytes}", BOOTS, Lie("path has a last node of", bytes))
      for bytes in (0, 3, 0xFFFF)),
    uefi_row("path-has-no-end", BOOTS, Lie("path has no end"), sliced=True),
    uefi_row("path-is-empty", BOOTS, Lie("path is empty")),
    uefi_row("console-path-has-no-end", BOOTS, Lie("ConOut's path has no end")),
    uefi_row("image-has-no-device", BOOTS, Lie("image has no device")),
    uefi_row("no-paths", BOOTS, Lie("DevicePath fails", UNSUPPORTED)),
    uefi_row("paths-are-null", BOOTS, Lie("DevicePath fails")),
    uefi_row("no-loaded-image", BOOTS, Lie("LoadedImage fails", UNSUPPORTED)),
    uefi_row("no-block-io", "Error .*no disk at all", Lie("BlockIo fails", UNSUPPORTED)),
    uefi_row("no-handles", "Error .*no disk at all", Lie("handles fail", OUT_OF_RESOURCES)),
    uefi_row("handles-are-0", "Error .*no disk at all", Lie("handles", 0)),
    uefi_row("handles-are-many", BOOTS, Lie("handles", 1 << 32)),
]

MEMORY = [
    *(uefi_row(f"map-is-{name}-larger", BOOTS, Lie("map is larger than its room", more, times=3))
      for name, more in (("a-page", PAGE), ("64k", 64 << 10))),
    uefi_row("map-is-ever-larger", "Lintel cannot boot: .*memory map",
             Lie("map is larger than its room", 48), sliced=True),
    uefi_row("map-is-wildly-larger", "Lintel cannot boot: .*memory map has",
             Lie("map is larger than its room", 1 << 62)),
    *(uefi_row(f"descriptor-of-{bytes}", "Lintel cannot boot: .*descriptors of",
               Lie("descriptor bytes", bytes)) for bytes in (0, 8, 39, 41, EVERYTHING)),
    uefi_row("descriptor-shrinks", BOOTS, Lie("descriptor bytes", 40, skip=1, times=1)),
    uefi_row("map-grows-8-times", BOOTS, Lie("map grows", 48, times=8)),
    uefi_row("map-grows-for-ever", "Lintel cannot boot: .*grew", Lie("map grows", 48)),
    uefi_row("map-fails", "Lintel cannot boot: .*memory map", Lie("map fails", DEVICE_ERROR)),
    *(uefi_row(f"map-is-empty-{status}", "Lintel cannot boot: .*no memory map",
               Lie("map is empty", status)) for status in (0, WARN_STALE_DATA)),
    uefi_row("map-has-an-empty-range", BOOTS, Lie("map has an empty range", RAM)),
    uefi_row("map-has-a-range-that-wraps", BOOTS,
             Lie("map has a range that wraps", EVERYTHING - PAGE + 1)),
    *(uefi_row(f"pages-fail-{skip}", BOOTS, Lie("pages fail", OUT_OF_RESOURCES, skip, 1))
      for skip in (0, 1, 2, 5, 8)),
    uefi_row("pages-in-lintel", "Lintel cannot boot: .*in use", Lie("pages lie in Lintel", PAGE)),
    uefi_row("pages-given-twice", "Lintel cannot boot: .*in use", Lie("pages lie at", RAM),
             sliced=True),
    uefi_row("pages-fail", "Lintel cannot boot: no .*memory", Lie("pages fail", OUT_OF_RESOURCES)),
    *(uefi_row(f"pages-at-{at:x}", "Lintel cannot boot:", Lie("pages lie at", at))
      for at in (0, 0x100010)),
    uefi_row("pool-fails", "Lintel cannot boot: .*no memory", Lie("pool fails", OUT_OF_RESOURCES)),
    *(uefi_row(f"exit-fails-{times}-times", BOOTS, Lie("exit fails", INVALID_PARAMETER, 0, times))
      for times in (1, 8)),
    uefi_row("exit-fails-for-ever", "does not let go of the machine",
             Lie("exit fails", INVALID_PARAMETER)),
    uefi_row("exit-is-refused", "does not let go of the machine",
             Lie("exit fails", DEVICE_ERROR)),
]

DISKS = [
    *(uefi_row(f"read-{skip}-fails", BOOTS, Lie("read fails", status, skip, 1))
      for skip, status in ((0, DEVICE_ERROR), (3, TIMEOUT), (9, NOT_READY))),
    uefi_row("reads-fail", "Error .*can't read", Lie("read fails", DEVICE_ERROR)),
    uefi_row("reads-are-violations", "Error .*EFI_SECURITY_VIOLATION",
             Lie("read fails", SECURITY_VIOLATION)),
    uefi_row("reads-fail-by-a-new-status", "Error .*EFI status 8000000000000055h",
             Lie("read fails", error(0x55))),
    uefi_row("no-medium", "Error .*EFI_NO_MEDIA", Lie("read fails", NO_MEDIA)),
    *(uefi_row(f"read-{skip}-brings-nothing", BOOTS, Lie("read brings nothing", 0, skip, 1))
      for skip in (0, 5, 8)),
    uefi_row("reads-bring-nothing", "Error .*EFI_DEVICE_ERROR",
             Lie("read brings nothing"), sliced=True),
    uefi_row("reads-warn", BOOTS, Lie("read warns", WARN_STALE_DATA)),
    uefi_row("long-reads-are-invalid", BOOTS,
             Lie("read of more than a page fails", INVALID_PARAMETER), sliced=True),
    uefi_row("long-reads-time-out", BOOTS, Lie("read of more than a page fails", TIMEOUT)),
    uefi_row("reads-of-two-sectors-are-bad", BOOTS,
             Lie("read of two sectors fails", BAD_BUFFER_SIZE)),
    *(uefi_row(f"block-of-{bytes}", "Error .*no disk at all", Lie("block bytes", bytes))
      for bytes in (0, 513, 8192, 1 << 31)),
    uefi_row("block-of-4096", "Error .*copies of its GPT are damaged", Lie("block bytes", 4096)),
    *(uefi_row(f"last-block-{last:x}", BOOTS, Lie("last block", last))
      for last in (EVERYTHING, EVERYTHING - 1, 0, 2048)),
    *(uefi_row(f"alignment-{bytes:x}", BOOTS, Lie("alignment", bytes))
      for bytes in (3, 512, 0x10000, 0x80000000)),
    uefi_row("medium-is-absent", "Error .*no disk at all", Lie("medium is absent")),
    uefi_row("medium-is-null", "Error .*no disk at all", Lie("medium is NULL")),
]

SCREENS = [
    *(without_screen(f"pixels-{name}", Lie("pixels lie at", at))
      for name, at in (("in-memory", RAM), ("at-0", 0), ("at-the-top", EVERYTHING - PAGE + 1),
                       ("absent", ABSENT), ("unmapped", UNMAPPED), ("in-rom", 0xFFC00000))),
    without_screen("pixels-in-lintel", Lie("pixels lie in Lintel"), sliced=True, make=make_waiting),
    without_screen("pixels-too-few", Lie("pixels have", 1000)),
    without_screen("line-too-short", Lie("pixels in a line", 16)),
    without_screen("line-too-long", Lie("pixels in a line", 0xFFFFFFFF)),
    without_screen("width-0", Lie("width", 0)),
    without_screen("width-all", Lie("width", 0xFFFFFFFF)),
    without_screen("format-unknown", Lie("pixel format", 77)),
    without_screen("mode-null", Lie("mode is NULL")),
    without_screen("mode-information-null", Lie("mode information is NULL")),
    without_screen("no-graphics-output", Lie("GraphicsOutput fails", UNSUPPORTED)),
    *(uefi_row(f"pixels-10-10-10-and-{rest:x}", BOOTS, Lie("pixels are 10-10-10", rest),
               facts={"framebuffer": r"\d+x\d+x32"}) for rest in (0, 0xC0000000)),
    uefi_row("modes-without-end", BOOTS, Lie("modes", 0xFFFFFFFF), sliced=True, make=make_waiting),
    uefi_row("query-mode-gives-null", BOOTS, Lie("query mode gives NULL")),
    uefi_row("output-fails", BOOTS, Lie("output string fails", DEVICE_ERROR), make=make_waiting),
    uefi_row("keys-babble", BOOTS, Lie("keys babble", 0), make=make_waiting),
    uefi_row("no-console-out", BOOTS, Lie("there is no ConOut"), make=make_waiting),
    uefi_row("no-console-in", BOOTS, Lie("there is no ConIn"), make=make_waiting),
]

TIME = [
    uefi_row("menu", BOOTS, make=make_waiting),
    uefi_row("stall-returns-at-once", BOOTS, Lie("stall returns at once"),
             Lie("RSDP lies at", ABSENT), Lie("old RSDP lies at", ABSENT), sliced=True),
    uefi_row("events-fail", BOOTS, Lie("event fails", OUT_OF_RESOURCES), make=make_waiting),
    uefi_row("timers-fail", BOOTS, Lie("timer fails", INVALID_PARAMETER), make=make_waiting),
    uefi_row("timers-are-never-due", BOOTS, Lie("timer is never due"), make=make_waiting, sliced=True),
    *(uefi_row(f"timers-stop-after-{skip}", BOOTS, Lie("timer is never due", 0, skip), make=make_waiting,
               sliced=skip == 1) for skip in (1, 3, 10)),
    uefi_row("no-time-at-all", BOOTS, Lie("stall returns at once"), Lie("timer is never due"),
             Lie("RSDP lies at", ABSENT), Lie("old RSDP lies at", ABSENT), make=make_waiting),
    uefi_row("time-fails", BOOTS, Lie("time fails", DEVICE_ERROR)),
    *(uefi_row(f"time-zone-{zone & 0xFFFF:x}", BOOTS, Lie("time zone", zone & 0xFFFF),
               options=("-rtc", "base=2026-06-15T12:00:00"), facts={"boot-time": r"178152[45]\d{3}"})
      for zone in (1441, -1441, 0x7FFF, -0x8000)),
    *(uefi_row(f"year-{year}", BOOTS, Lie("year", year), sliced=year == 2015)
      for year in (0, 1970, 2000, 2015, 9999, 65535)),
]

TABLES = [
    *(uefi_row(f"rsdp-at-{name}", BOOTS, Lie("RSDP lies at", at), Lie("old RSDP lies at", at))
      for name, at in (("memory", RAM), ("nothing", ABSENT), ("unmapped", UNMAPPED),
                       ("the-top", EVERYTHING - 7))),
    *(uefi_row(f"{tables[-1].lower()}-at-{name}", BOOTS,
               *(Lie(f"{table} lies at", at) for table in tables),
               facts={"smbios": "no"}, options=options)
      for tables, options in SMBIOS.items()
      for name, at in (("memory", RAM), ("nothing", ABSENT), ("unmapped", UNMAPPED),
                       ("the-top", EVERYTHING - 7))),
    *(uefi_row(f"rsdp-byte-{byte}-wrong", BOOTS, Lie("RSDP has a wrong byte", byte),
               Lie("old RSDP has a wrong byte", byte), facts={"rsdp": "no"}, sliced=byte == 8)
      for byte in (0, 8)),
    *(uefi_row(f"{tables[-1].lower()}-byte-{byte}-wrong", BOOTS,
               *(Lie(f"{table} has a wrong byte", byte) for table in tables),
               facts={"smbios": "no"}, options=options)
      for tables, options in SMBIOS.items() for byte in (0, 6, 16)),
    uefi_row("rsdp-below-a-far-page", BOOTS, Lie("map has a page at", 1 << 45),
             Lie("RSDP lies at", 1 << 44), Lie("old RSDP lies at", 1 << 44), facts={"rsdp": "no"},
             sliced=True),
    uefi_row("rsdp-wrong-the-old-one-right", BOOTS, Lie("RSDP has a wrong byte", 33),
             facts={"rsdp": "yes"}),
    uefi_row("vendor-unmapped", BOOTS, Lie("vendor lies at", UNMAPPED)),
]

VARIABLES = [
    uefi_row("secure-boot-unknown", "Secure Boot is on", Lie("SecureBoot fails", DEVICE_ERROR),
             sliced=True),
    uefi_row("secure-boot-warns", "Secure Boot is on", Lie("SecureBoot fails", WARN_STALE_DATA),
             sliced=True),
    *(uefi_row(f"secure-boot-of-{bytes}-bytes", "Secure Boot is on",
               Lie("SecureBoot has only bytes", bytes)) for bytes in (0, 1)),
    uefi_row("secure-boot-absent", BOOTS, Lie("SecureBoot fails", NOT_FOUND)),
    uefi_row("variables-fail", "LoaderEntryDefault can't be read",
             Lie("variables fail", DEVICE_ERROR)),
    uefi_row("variables-are-large", "LoaderEntry.* can't be read",
             Lie("variables are too large", 1 << 40)),
]

# Whatever becomes of the name, the entry boots.
NAMES = [
    uefi_row("counted", BOOTS, make=make_counted, counts=True),
    uefi_row("rename-does-nothing", BOOTS, Lie("rename fails", 0), make=make_counted, sliced=True),
    uefi_row("rename-fails", BOOTS, Lie("rename fails", DEVICE_ERROR), make=make_counted),
    uefi_row("flush-fails", BOOTS, Lie("flush fails", DEVICE_ERROR), make=make_counted,
             counts=True),
    *(uefi_row(f"file-info-of-{bytes:x}-bytes", BOOTS, Lie("file info bytes", bytes),
               make=make_counted, counts=True) for bytes in (0, 1 << 40)),
    *(uefi_row(f"file-is-null-from-{skip}", BOOTS, Lie("file opens as NULL", 0, skip),
               make=make_counted, counts=skip > 0) for skip in (0, 1, 2)),
    *(uefi_row(f"{service.lower()}-{name}", BOOTS, Lie(f"{service} fails", status),
               make=make_counted)
      for service in ("FileSystem", "volume")
      for name, status in (("fails", UNSUPPORTED), ("is-null", 0))),
]

# Each service fails for ever, from some call on; the last of these that a boot makes, or nearly so.
SERVICES = {"read fails": (DEVICE_ERROR, 8), "read brings nothing": (0, 8),
            "pages fail": (OUT_OF_RESOURCES, 13), "pool fails": (OUT_OF_RESOURCES, 8),
            "map fails": (DEVICE_ERROR, 5), "BlockIo fails": (UNSUPPORTED, 2),
            "DevicePath fails": (UNSUPPORTED, 5), "handles fail": (OUT_OF_RESOURCES, 3),
            "variables fail": (DEVICE_ERROR, 5)}
FROM = [uefi_row(f"{service.replace(' ', '-').lower()}-from-{skip}", BOOTS_OR_SAYS_WHY,
                 Lie(service, status, skip))
        for service, (status, most) in SERVICES.items() for skip in (1, 2, 3, 5, 8, 13)
        if skip <= most]

ROWS = [uefi_row("honest", BOOTS, sliced=True),
        *PATHS, *MEMORY, *DISKS, *SCREENS, *TIME, *TABLES, *VARIABLES, *NAMES, *FROM]
