"""lintel image: what it makes, without booting it (test/boot/test_media.py boots it), and what it
says when it can't."""
import gzip
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
from builder import KERNEL, LINTEL, MIB, MODULE, mtools  # noqa: E402
from machine import ROOT  # noqa: E402

LINUX = ROOT / "build/guests/boot/memtest86+x64.bin"
KERNELS = ROOT / "build/test-kernels"
LAYOUTS = {
    "gpt": (),
    "gpt-4096": ("--sector-bytes", "4096"),
    "mbr": ("--layout", "mbr"),
    "mbr-volume": ("--layout", "mbr", "--fat", "16", "--fat-vbr"),
    "mbr-logical": ("--layout", "mbr", "--logical", "--inactive"),
    "floppy": ("--layout", "floppy"),
    "iso": ("--layout", "iso"),
}


def lintel(*arguments, **environment):
    words = [word if isinstance(word, bytes) else str(word) for word in arguments]
    return subprocess.run([LINTEL, "image", *words], capture_output=True, text=True,
                          errors="replace", env={**os.environ, **environment})


def make(path, *options, **environment):
    done = lintel("-o", path, "--kernel", KERNEL, "--module", MODULE, *options, **environment)
    assert done.returncode == 0, done.stderr
    return path


def output_of(*command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False)
    return done.stdout


def refusal(*arguments, **environment):
    """The message, from a call that failed and left nothing behind."""
    done = lintel(*arguments, **environment)
    assert done.returncode == 1 and not done.stdout, done.stdout + done.stderr
    return done.stderr


# ---- what it makes ----------------------------------------------------------------------------

@pytest.mark.parametrize("options", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_same_inputs_make_the_same_bytes(tmp_path, options):
    """Whenever, wherever, and whatever the time stamps of the files."""
    kernel = shutil.copy(KERNEL, tmp_path / KERNEL.name)
    first = make(tmp_path / "first.img", *options)
    os.utime(kernel, (1, 1))
    done = lintel("--module", MODULE, "--output", tmp_path / "second.img", "-k", kernel, *options,
                  TZ="Asia/Kathmandu", LANG="C")
    assert done.returncode == 0, done.stderr
    assert subprocess.run(["cmp", first, tmp_path / "second.img"]).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.img", KERNEL.name,
                                                               "second.img"]


def test_disks_with_other_files_have_another_identity(tmp_path):
    one = make(tmp_path / "one.img")
    other = make(tmp_path / "other.img", "--cmdline", "other")
    guids = [re.findall(r"GUID[^:]*: ([-0-9A-F]+)", output_of("sgdisk", "--print", path))
             for path in (one, other)]
    assert guids[0] and guids[0] != guids[1]


NO_AREA = 0xFFFFFFFFFFFFFFFF


@pytest.mark.parametrize("layout, area", [("gpt", 34 * 512 + 512 * 1024), ("gpt-4096", 6 * 4096 + 512 * 1024),
                                          ("mbr", 512 + 512 * 1024), ("mbr-logical", 512 + 512 * 1024),
                                          ("mbr-volume", NO_AREA), ("floppy", NO_AREA), ("iso", NO_AREA)])
def test_disks_have_an_area_behind_two_second_stages(tmp_path, layout, area):
    disk = make(tmp_path / "disk", *LAYOUTS[layout]).read_bytes()
    stages = [found.start() - 4 for found in re.finditer(b"LNT2\0.\3\0", disk)]
    assert stages
    for at in stages:  # the file of it knows that, too
        assert int.from_bytes(disk[at + 0x38:at + 0x40], "little") == area
    if area != NO_AREA:
        assert not any(disk[area:area + 5 * 4096])


def test_gpt_and_file_system_are_sound(tmp_path):
    image = make(tmp_path / "image.img")
    assert "No problems found" in output_of("sgdisk", "--verify", image)
    table = output_of("sgdisk", "--print", image)
    assert re.search(r"1 +34 +2047 .*EF02", table) and re.search(r"2 +2048 .*EF00", table), table
    check_fat(image, MIB, tmp_path)


@pytest.mark.parametrize("bits", ["16", "32"])
def test_mbr_and_file_system_are_sound(tmp_path, bits):
    image = make(tmp_path / "image.img", "--layout", "mbr", "--fat", bits, "--fat-vbr")
    kind = {"16": "e", "32": "c"}[bits]
    assert re.search(rf"start= +2048, size= +\d+, type={kind}, bootable",
                     output_of("sfdisk", "--dump", image))
    check_fat(image, MIB, tmp_path)
    assert f"FAT ({bits} bit)" in output_of("file", "--brief", tmp_path / "volume")


def test_logical_partition(tmp_path):
    dump = output_of("sfdisk", "--dump",
                     make(tmp_path / "image.img", "--layout", "mbr", "--logical", "--inactive"))
    assert re.search(r"img1 .*type=5\n", dump) and re.search(r"img5 .*type=c\n", dump), dump


@pytest.mark.parametrize("size", ["1440K", "2880K"])
def test_floppy_is_a_sound_file_system(tmp_path, size):
    image = make(tmp_path / "image.img", "--layout", "floppy", "--size", size)
    assert image.stat().st_size == int(size[:-1]) * 1024
    check_fat(image, 0, tmp_path)
    assert "FAT (12 bit)" in output_of("file", "--brief", image)


def test_floppy_grows_when_the_files_need_it(tmp_path):
    (tmp_path / "large.bin").write_bytes(bytes(1 << 20))
    image = make(tmp_path / "image.img", "--layout", "floppy", "--module", tmp_path / "large.bin")
    assert image.stat().st_size == 2880 * 1024


def test_cd_has_all_files_and_both_boot_images(tmp_path):
    disc = make(tmp_path / "disc.iso", "--layout", "iso")
    catalogue = output_of("xorriso", "-indev", disc, "-report_el_torito", "plain")
    assert re.search(r"img +: +1 +BIOS +y +none", catalogue), catalogue
    assert re.search(r"img +: +2 +UEFI +y +none", catalogue), catalogue
    output_of("xorriso", "-osirrox", "on", "-indev", disc, "-extract", "/", tmp_path / "all")
    assert (tmp_path / "all/boot" / KERNEL.name).read_bytes() == KERNEL.read_bytes()
    assert re.search(r"iso2 .*type=ef", output_of("sfdisk", "--dump", disc))


def check_fat(image, offset, folder):
    volume = folder / "volume"
    with open(image, "rb") as disk, open(volume, "wb") as copy:
        disk.seek(offset)
        copy.write(disk.read())
    check = subprocess.run(["fsck.fat", "-n", volume], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout


# ---- the entry --------------------------------------------------------------------------------

def read_file(image, path, folder):
    target = folder / "read"
    mtools("mcopy", image, MIB, "-n", "-o", f"::{path}", str(target))
    return target.read_bytes()


def test_entry_names_all_that_is_handed_over(tmp_path):
    odd = tmp_path / "a=b.bin"
    odd.write_bytes(b"123456789")
    image = tmp_path / "image.img"
    done = lintel("-o", image, "-k", KERNELS / "multiboot2.elf", "--module",
                  f"{odd}=words two words", "--module", odd, "--initrd", f"{odd}=initrd",
                  "--cmdline", "one  two", "--title", "A title")
    assert done.returncode == 0, done.stderr
    lines = read_file(image, "/loader/entries/lintel.conf", tmp_path).decode().splitlines()
    assert lines[:2] == ["title A title", "kernel /boot/multiboot2.elf"]
    assert lines[2:] == ["module /boot/words two words", "module /boot/a=b.bin crc32=cbf43926",
                         "initrd /boot/initrd", "options one  two"]
    assert read_file(image, "/boot/a=b.bin", tmp_path) == b"123456789"


def test_where_a_file_ends_and_its_name_begins(tmp_path):
    """FILE is as much of FILE=NAME as names a file; a command line follows behind a blank."""
    folder = tmp_path / "a=b c"
    folder.mkdir()
    blank, dom0 = folder / "a name=with all", folder / "vmlinuz"
    for path in (blank, dom0):
        path.write_bytes(b"123456789")
    image = tmp_path / "image.img"
    done = lintel("-o", image, "-k", KERNELS / "multiboot2.elf", "--module",
                  f"{dom0}=dom0 root=/dev/sda1 ro console=hvc0", "--module", f"{dom0}= root=/dev/vda",
                  "--module", f"{blank}=x", "--module", f"{dom0}=none ", "--file", f"{blank}=/d e=f/g h",
                  "--initrd", f"{blank}=i")
    assert done.returncode == 0, done.stderr
    lines = read_file(image, "/loader/entries/lintel.conf", tmp_path).decode().splitlines()
    assert lines[2:] == ["module /boot/dom0 root=/dev/sda1 ro console=hvc0",
                         "module /boot/vmlinuz root=/dev/vda", "module /boot/x crc32=cbf43926",
                         "module /boot/none ", "initrd /boot/i"]
    assert read_file(image, "/d e=f/g h", tmp_path) == b"123456789"
    message = refusal("-o", tmp_path / "x.img", "-k", KERNEL, "--module", blank)
    assert "`a name=with all` cannot be a file's name in an entry: give one without" in message
    message = refusal("-o", tmp_path / "x.img", "-k", KERNEL, "--module", "absent=a root=/dev/sda1")
    assert message.endswith("lintel: absent: No such file or directory\n")


@pytest.mark.parametrize("folder", ["a@@1", "-x", "c,d=e", "ä [1]", "a\nb "])
def test_where_an_image_is_made_means_nothing(tmp_path, folder):
    """To fdisk, mkfs.fat, mtools and xorriso: the image has the same bytes."""
    (tmp_path / folder).mkdir()
    kernel = shutil.copy(KERNEL, tmp_path / "-k@@1,=.elf")
    for options in ("--layout", "floppy"), ("--layout", "iso"):
        made = [make(tmp_path / folder / "x.img", *options, "--file", f"{kernel}=/k"),
                make(tmp_path / "x.img", *options, "--file", f"{kernel}=/k")]
        assert made[0].read_bytes() == made[1].read_bytes()


@pytest.mark.parametrize("options", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_odd_names_are_on_the_volume_as_they_were_given(tmp_path, options):
    """The tool reads them back as the loader does; that other programs see them, too, is asked
    here."""
    names = ["ä.bin", "ünï cödé", ".hidden", "x+y,z;=[].bin", "d[e]", "~1", "a~1.txt", "console.txt",
             "y" * (255 if "gpt" in options or not options else 100)]
    image = make(tmp_path / "image.img", *options,
                 *(word for name in names for word in ("--file", f"{MODULE}=/odd/{name}")))
    if "iso" in options:
        output_of("xorriso", "-osirrox", "on", "-indev", image, "-extract", "/odd", tmp_path / "odd")
        assert sorted(os.listdir(tmp_path / "odd")) == sorted(names)
    elif not options:
        for name in (name for name in names if "[" not in name):  # mtools reads those as patterns
            assert read_file(image, f"/odd/{name}", tmp_path) == MODULE.read_bytes()


def test_volume_that_does_not_hold_what_it_was_given_is_told(tmp_path):
    """An mcopy that changes a name, and one that changes contents."""
    programs = tmp_path / "bin"
    programs.mkdir()
    real = shutil.which("mcopy")
    for change in ('"${@:1:$#-1}" "${!#}x"', '"${@:1:$#-2}" /dev/null "${!#}"'):
        (programs / "mcopy").write_text(f"#!/bin/bash\nexec {real} {change}\n")
        (programs / "mcopy").chmod(0o755)
        message = refusal("-o", tmp_path / "x.img", "-k", KERNEL,
                          PATH=f"{programs}:{os.environ['PATH']}")
        assert "/EFI/BOOT/BOOTX64.EFI" in message and "give it another name" in message
    assert list(tmp_path.iterdir()) == [programs]


def test_paths_of_an_entry_lead_as_in_the_loader(tmp_path):
    entry = tmp_path / "back.conf"
    entry.write_text("kernel \\boot\\\\kernel.elf\nmodule Boot\\m.bin\n"
                     "module /boot/../boot/./m.bin\nmodule /boot/absent\n")
    done = lintel("-o", tmp_path / "x.img", "-k", KERNEL, "--entry", entry, "--file",
                  f"{MODULE}=/boot/m.bin")
    assert done.returncode == 0 and re.findall("will not boot: .*", done.stderr) == [
        "will not boot: entry back: module: /boot/absent is not among the files"]


def test_other_files_and_entries(tmp_path):
    entry, conf = tmp_path / "second.conf", tmp_path / "loader.conf"
    entry.write_text("title Second\nkernel /boot/kernel.elf\n")
    conf.write_text("timeout 7\n")
    image = make(tmp_path / "image.img", "--entry", entry, "--file", f"{MODULE}=/some/where/file",
                 "--loader-conf", conf)
    assert read_file(image, "/loader/entries/second.conf", tmp_path) == entry.read_bytes()
    assert read_file(image, "/loader/loader.conf", tmp_path) == b"timeout 7\n"
    assert read_file(image, "/some/where/file", tmp_path) == MODULE.read_bytes()


def test_netboot_folder_lists_its_entries_and_keeps_what_is_there(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "other").write_text("stays")
    for _ in range(2):
        make(folder, "--layout", "netboot")
    assert (folder / "other").read_text() == "stays"
    assert "entry lintel.conf" in (folder / "loader/loader.conf").read_text().splitlines()
    assert {"lintel.pxe", "EFI", "boot", "loader", "other"} == set(os.listdir(folder))


# ---- refusals ---------------------------------------------------------------------------------

def test_missing_kernel(tmp_path):
    message = refusal("-o", tmp_path / "x.img", "--kernel", tmp_path / "absent.elf")
    assert re.search(r"absent\.elf: No such file", message)
    assert not list(tmp_path.iterdir())


def test_file_that_is_no_kernel(tmp_path):
    message = refusal("-o", tmp_path / "x.img", "--kernel", MODULE)
    assert "PROTOCOL.md is no kernel that Lintel knows" in message


def test_kernel_that_would_not_boot(tmp_path):
    broken = tmp_path / "broken.elf"
    broken.write_bytes(KERNEL.read_bytes()[:3000])
    message = refusal("-o", tmp_path / "x.img", "--kernel", broken)
    assert re.search(r"broken\.elf.*(3000|BB8h)", message)


def lower_half(folder):
    """The kernel, linked where the loader maps nothing."""
    path = folder / "low.elf"
    subprocess.run(["objcopy", "--change-addresses", "-0xffffffff00000000", KERNEL, path],
                   check=True, capture_output=True)
    return path


@pytest.mark.parametrize("kernel, options, message", [
    (KERNEL, ("--initrd", MODULE), r"a Lintel kernel gets no `initrd`: its files are `module`"),
    (KERNELS / "limine-6.elf", ("--initrd", MODULE), r"a Limine kernel gets no `initrd`"),
    (LINUX, ("--module", MODULE), r"a Linux kernel gets no `module`: its initial"),
    (KERNELS / "program.efi", ("--initrd", MODULE), r"an EFI program gets no `initrd`"),
    (KERNELS / "sector.bin", ("--cmdline", "x"), r"a boot sector gets no `options`"),
    (lower_half, (), r"low\.elf.*upper half"),
])
def test_entry_that_the_loader_would_refuse(tmp_path, kernel, options, message):
    kernel = kernel(tmp_path) if callable(kernel) else kernel
    assert re.search(message, refusal("-o", tmp_path / "x.img", "--kernel", kernel, *options))
    assert not (tmp_path / "x.img").exists()


def test_modules_that_a_kernel_names_itself_are_among_the_files(tmp_path):
    given = ("--file", f"{MODULE}=/boot/packed.gz", "-k", KERNELS / "limine-6.elf")
    message = refusal("-o", tmp_path / "x.img", *given)
    assert "module: /boot/internal.bin is not among the files" in message
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(b"1"))
    done = lintel("-o", tmp_path / "x.img", "-k", KERNELS / "limine-6.elf", "--file",
                  f"{packed}=/boot/packed.gz", "--file", f"{MODULE}=/boot/internal.bin")
    assert done.returncode == 0 and not done.stderr


def test_further_entry_that_the_loader_would_refuse_is_told(tmp_path):
    long = "#" * 65536
    entries = {"a": "linux /boot/kernel.elf", "b": "kernel /absent", "c": "title only",
               "d": "kernel LABEL=DATA:/absent", "e": "kernel /boot/kernel.elf",
               "f": f"kernel /boot/kernel.elf\n{long}"}
    for name, text in entries.items():
        (tmp_path / f"{name}.conf").write_text(text + "\n")
    done = lintel("-o", tmp_path / "x.img", "-k", KERNEL,
                  *[word for name in entries for word in ("--entry", tmp_path / f"{name}.conf")])
    assert done.returncode == 0
    told = re.findall(r"/(\w)\.conf: will not boot: (?:entry \w: )?(.*)", done.stderr)
    assert [name for name, _ in told] == ["a", "b", "c", "f"]
    words = "not a Linux", "/absent", "no kernel", "are more than 65536"
    assert all(word in why for word, (_, why) in zip(words, told))


@pytest.mark.parametrize("layout", ["gpt", "netboot"])
@pytest.mark.parametrize("text, said", [
    (b"timeout 7\n\0\0\0editor no\n", r"loader\.conf is no text: its byte 10 is 00h"),
    (bytes(100), r"loader\.conf is no text: its byte 0 is 00h"),
    ("timeout 7\n".encode("utf-16"), r"loader\.conf is UTF-16 text"),
    (b"", r"loader\.conf is empty"),
    (b"#" * 65537, r"loader\.conf: 655\d\d bytes are more than 65536"),
    (b"default other*", r"default other\* matches no entry"),
    (b"default b", r"default b may mean the entry b, which is no text"),
    (b"default lintel\ntimeout 7", None),
    (b"timeout 7\r", None),
    (b"# default other", None),
])
def test_loader_conf_is_put_as_it_is_and_what_the_loader_doubts_is_told(tmp_path, layout, text, said):
    conf, damaged, image = tmp_path / "given", tmp_path / "b.conf", tmp_path / "x"
    conf.write_bytes(text)
    damaged.write_bytes(bytes(20))
    done = lintel("-o", image, "-k", KERNEL, "--loader-conf", conf, "--layout", layout,
                  *(("--entry", damaged) if text == b"default b" else ()))
    assert done.returncode == 0, done.stderr
    told = re.findall(r"nothing will boot by itself: (.*)", done.stderr)
    if layout == "gpt":
        assert read_file(image, "/loader/loader.conf", tmp_path) == text
    else:
        written = (image / "loader/loader.conf").read_bytes()
        assert written.startswith(text) and b"\nentry lintel.conf\n" in b"\n" + written
    if text or layout == "gpt":  # a server's has lines of its own
        assert len(told) == (said is not None) and (not said or re.search(said, told[0])), done.stderr


def test_without_a_kernel_of_its_own_an_image_boots_the_first_entry(tmp_path):
    (tmp_path / "a.conf").write_text("kernel /boot/kernel.elf\n")
    done = lintel("-o", tmp_path / "x.img", "--entry", tmp_path / "a.conf", "--file",
                  f"{KERNEL}=/boot/kernel.elf")
    assert done.returncode == 0 and not done.stderr
    assert read_file(tmp_path / "x.img", "/loader/loader.conf", tmp_path) == b"timeout 0\n"


def test_two_entries_as_the_readme_makes_them(tmp_path):
    lines = re.search(r"^```sh\n(printf .*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    shutil.copy(KERNEL, tmp_path / "kernel.elf")
    done = subprocess.run(["sh", "-ec", lines[1]], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PATH": f"{LINTEL.parent}:{os.environ['PATH']}"})
    assert done.returncode == 0 and not done.stderr
    for path in ("entries/lintel.conf", "entries/rescue.conf", "loader.conf"):
        assert read_file(tmp_path / "disk.img", f"/loader/{path}", tmp_path)


def test_help_keeps_options_and_what_they_do_apart():
    lines = lintel("--help").stdout.splitlines()
    assert "  -m, --module FILE[=NAME ARGS]" in lines
    rows = [line for line in lines if re.match(r"  (-.,|   ) --", line)]
    assert len(rows) > 15 and all(len(row) < 30 or row[29] == " " for row in rows
                                  if row != "  -m, --module FILE[=NAME ARGS]")
    assert any("`lintel`" in line for line in lines)


def test_files_that_do_not_fit(tmp_path):
    (tmp_path / "large.bin").write_bytes(bytes(60 * MIB))
    message = refusal("-o", tmp_path / "x.img", "-k", KERNEL, "-m", tmp_path / "large.bin",
                      "--size", "48M")
    assert re.search(r"the files take \d+ KiB, but the volume has room for \d+ KiB", message)
    message = refusal("-o", tmp_path / "x.img", "-k", KERNEL, "-m", tmp_path / "large.bin",
                      "--layout", "floppy")
    assert "room for" in message


@pytest.mark.parametrize("options, message", [
    (("--size", "8M"), r"too small for FAT32"),
    (("--size", "1M"), r"no room for a volume"),
    (("--layout", "mbr", "--fat", "16", "--size", "4G"), r"too large for FAT16"),
    (("--layout", "floppy", "--size", "1M"), r"1440K or 2880K"),
    (("--module", f"{MODULE}=kernel.elf"), r"/boot/kernel\.elf: two files have this path"),
    (("--module", f"{MODULE}=KERNEL.ELF"), r"/boot/KERNEL\.ELF: two files have this path"),
    (("--module", f"{MODULE}=a/b"), r"`a/b` cannot be a file's name"),
    (("--cmdline", "two\nlines"), r"--cmdline: has more than one line"),
    (("--entry", MODULE), r"entries are files named \*\.conf"),
    (("--file", f"{MODULE}=relative"), r"`relative` is no path"),
    (("--file", f"{MODULE}=/boot"), r"/boot and /boot/.*: one would be a folder and a file"),
    (("--file", f"{MODULE}=/a", "--file", f"{MODULE}=/A/b"), r"one would be a folder and a file"),
    (("--file", f"{MODULE}=/a/../b"), r"name that ends with a dot: `\.\.`"),
    (("--file", f"{MODULE}=/a/./b"), r"name that ends with a dot: `\.`"),
    (("--file", f"{MODULE}=/a/b?"), r"has one of the characters .*: `b\?`"),
    (("--file", f"{MODULE}=/a//b"), r"name that is empty: ``"),
    (("--file", f"{MODULE}=/a/"), r"`/a/` is no path"),
    (("--file", f"{MODULE}=/a\\b"), r"has one of the characters .*: `a\\b`"),
    (("--file", f"{MODULE}=/a\tb"), r"has a control character"),
    (("--file", f"{MODULE}=/a\x7f"), r"has a control character"),
    (("--file", f"{MODULE}=/a.".encode()), r"name that ends with a dot: `a\.`"),
    (("--file", f"{MODULE}=/a "), r"name that begins or ends with a blank: `a `"),
    (("--file", f"{MODULE}=/ a/b"), r"name that begins or ends with a blank: ` a`"),
    (("--file", os.fsencode(MODULE) + b"=/a\xff"), r"is no UTF-8"),
    (("--file", os.fsencode(MODULE) + b"=/a\xed\xa0\x80"), r"is no UTF-8"),
    (("--file", f"{MODULE}=/{'a' * 256}"), r"is longer than 255 characters"),
    (("--file", f"{MODULE}=/{'ä' * 256}"), r"is longer than 255 characters"),
    *((("--file", f"{MODULE}=/{name}"), r"is the name of a device")
      for name in ("aux", "CON", "nul/x", "a/prn.txt", "com1", "lpt9.tar.gz", "clock$")),
    (("--module", f"{MODULE}=aux"), r"is the name of a device"),
    (("--module", f"{MODULE}=a."), r"ends with a dot"),
    (("--initrd", f"{MODULE}=a argument"), r"only a module has an argument"),
    (("--file", f"{MODULE}=/Ä.txt", "--file", f"{KERNEL}=/ä.txt"), r"give it another name"),
    # mtools gives verylongname.txt the short name VERYLO~1.TXT, and then takes that for the other.
    (("--file", f"{MODULE}=/verylongname.txt", "--file", f"{KERNEL}=/verylo~1.txt"),
     r"/verylongname\.txt.*give it another name"),
])
def test_what_makes_no_image(tmp_path, options, message):
    assert re.search(message, refusal("-o", tmp_path / "x.img", "--kernel", KERNEL, *options))
    assert not list(tmp_path.iterdir())


def test_what_an_image_does_not_replace(tmp_path):
    """A file that it is made of; a device, as a pipe is one, too."""
    kernel = Path(shutil.copy(KERNEL, tmp_path / "kernel.elf"))
    assert "is one of the files that are read" in refusal("-o", kernel, "-k", kernel)
    assert kernel.read_bytes() == KERNEL.read_bytes()
    os.mkfifo(tmp_path / "pipe")
    assert "lintel install" in refusal("-o", tmp_path / "pipe", "-k", KERNEL)
    assert (tmp_path / "pipe").is_fifo()


def test_folder_that_is_not_there(tmp_path):
    message = refusal("-o", tmp_path / "absent/x.img", "--kernel", KERNEL)
    assert re.search(r"absent/x\.img: cannot be made: .*absent/: No such file", message)


@pytest.mark.parametrize("program, package, options", [
    ("mcopy", "mtools", ()), ("xorriso", "xorriso", ("--layout", "iso"))])
def test_missing_program_is_named_with_its_package(tmp_path, program, package, options):
    """/usr/sbin is searched too, so this can be seen of programs in /usr/bin only."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in {"mmd", "mcopy", "xorriso"} - {program}:
        (programs / name).symlink_to(shutil.which(name))
    message = refusal("-o", tmp_path / "x.img", "-k", KERNEL, *options, PATH=str(programs))
    assert f"`{program}` is not installed; on Debian: apt install {package}" in message
    assert list(tmp_path.iterdir()) == [programs]


@pytest.mark.parametrize("layout", ["mbr", "gpt"])
def test_partition_table_counts_and_not_what_fdisk_says(tmp_path, layout):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "fdisk").write_text("#!/bin/sh\necho Script successfully applied.\n")
    (programs / "fdisk").chmod(0o755)
    message = refusal("-o", tmp_path / "x.img", "-k", KERNEL, "--layout", layout,
                      PATH=f"{programs}:{os.environ['PATH']}")
    assert "fdisk does not make the partition table: Script successfully applied" in message


def test_killed_leaves_nothing(tmp_path):
    """A guard cleans up then; it needs a moment."""
    programs, folder = tmp_path / "bin", tmp_path / "folder"
    programs.mkdir()
    folder.mkdir()
    (programs / "mcopy").write_text("#!/bin/sh\nkill -KILL $PPID\n")
    (programs / "mcopy").chmod(0o755)
    done = lintel("-o", folder / "x.img", "-k", KERNEL, PATH=f"{programs}:{os.environ['PATH']}")
    assert done.returncode == -9
    deadline = time.monotonic() + 60
    while any(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(folder.iterdir())


def stand_in(folder, script):
    """The environment of a run in which mcopy is that script."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "mcopy").write_text(f"#!/bin/sh\n{script}\n")
    (programs / "mcopy").chmod(0o755)
    return {"PATH": f"{programs}:{os.environ['PATH']}"}


def wait_until(holds):
    """For what other processes do; of a test that fails it is the end, never the measure."""
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert holds()


def is_gone(process):
    """Or has ended, and waits for its parent to ask how."""
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("whom", ["tool", "group"])
def test_ended_leaves_no_program_and_no_file(tmp_path, ending, whom):
    """Whether it is the terminal that ends all, or somebody who ends the tool."""
    folder, started = tmp_path / "folder", tmp_path / "started"
    folder.mkdir()
    environment = stand_in(tmp_path, f"echo $$ > {started}\nexec sleep 600")
    tool = subprocess.Popen([LINTEL, "image", "-o", folder / "x.img", "-k", KERNEL],
                            stderr=subprocess.PIPE, text=True, start_new_session=True,
                            env={**os.environ, **environment})
    wait_until(lambda: started.exists() and started.read_text().endswith("\n"))
    (os.kill if whom == "tool" else os.killpg)(tool.pid, ending)
    message = tool.communicate(timeout=60)[1]
    if ending == signal.SIGKILL:
        assert tool.returncode == -9
    else:
        assert tool.returncode == 1 and "interrupted while mcopy ran" in message
    wait_until(lambda: not any(folder.iterdir()))
    wait_until(lambda: is_gone(started.read_text().strip()))


def test_program_that_asks_a_question_is_not_waited_for(tmp_path):
    """Neither on its input nor on the terminal."""
    asks = "read answer && exit 0\nread answer < /dev/tty && exit 0\necho no answer\nexit 3"
    command = ["timeout", "--foreground", 60, LINTEL, "image", "-o", tmp_path / "x.img", "-k", KERNEL]
    terminal = f"script --quiet --return --command '{' '.join(map(str, command))}' /dev/null"
    with subprocess.Popen(terminal, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env={**os.environ, **stand_in(tmp_path, asks)}) as asked:
        said = asked.stdout.read().decode()  # nobody types meanwhile
        asked.stdin.close()
        assert asked.wait(60) == 1 and "mcopy failed (exit status 3)" in said, said


def test_program_that_leaves_another_behind_is_not_waited_for(tmp_path):
    environment = stand_in(tmp_path, f"sleep 600 &\necho $! > {tmp_path}/left\nexit 3")
    message = refusal("-o", tmp_path / "x.img", "-k", KERNEL, **environment)
    assert "mcopy failed (exit status 3)" in message
    left = (tmp_path / "left").read_text().strip()
    wait_until(lambda: is_gone(left))


def test_interrupted_leaves_nothing(tmp_path):
    """Ctrl-C reaches tool and program alike; here it comes from a stand-in for mcopy."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "mcopy").write_text("#!/bin/sh\nkill -INT 0\nsleep 60\n")
    (programs / "mcopy").chmod(0o755)
    done = subprocess.run([LINTEL, "image", "-o", tmp_path / "x.img", "-k", KERNEL],
                          capture_output=True, text=True, start_new_session=True,
                          env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"})
    assert done.returncode == 1 and "interrupted while mcopy ran" in done.stderr
    assert list(tmp_path.iterdir()) == [programs]


@pytest.fixture(scope="module")
def ender(tmp_path_factory):
    library = tmp_path_factory.mktemp("ender") / "end_at_call.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library,
                    Path(__file__).with_name("end_at_call.c"), "-ldl"], check=True)
    return library


@pytest.mark.parametrize("call", ["mkdtemp", "fork", "waitpid", "sigaction", "pwrite", "rename"])
def test_ended_at_any_moment_leaves_nothing(tmp_path, ender, call):
    """When the tool is gone its drafts are: between two programs, and while one starts or ends."""
    folder, whole = tmp_path / "folder", make(tmp_path / "whole.img").read_bytes()
    folder.mkdir()
    for at in range(1, 1000, 5 if call == "sigaction" else 1):  # of some 9 calls a program, each once
        done = lintel("-o", folder / "x.img", "-k", KERNEL, "-m", MODULE, LD_PRELOAD=str(ender),
                      END_CALL=call, END_AT=str(at))
        if "somebody ends it" not in done.stderr:
            break
        assert done.returncode == -signal.SIGTERM or (
            done.returncode == 1 and re.search("interrupted while .* ran", done.stderr)), (at, done)
        left = list(folder.iterdir())
        assert left in ([], [folder / "x.img"]), at
        for image in left:
            assert image.read_bytes() == whole
            image.unlink()
    assert at > 1 and done.returncode == 0


def test_killed_leaves_nothing_though_a_program_still_writes(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    writer = "(i=0; while [ $i -lt 20000 ] && : > late$i; do i=$((i + 1)); done) 2> /dev/null &"
    environment = stand_in(tmp_path, f"tool=$PPID\n{writer}\nwhile [ ! -e late9 ]; do :; done\n"
                           "kill -KILL $tool\nsleep 600")
    done = lintel("-o", folder / "x.img", "-k", KERNEL, **environment)
    assert done.returncode == -9
    wait_until(lambda: not any(folder.iterdir()))
