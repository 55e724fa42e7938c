"""Secure Boot: one machine that trusts the key of Debian's ovmf package. It starts what is signed
with it, and Lintel, which is, hands the machine to nothing else."""
import subprocess
from pathlib import Path

import pytest
from builder import BUILD, KERNEL, change_files
from entries import make_entries_image, make_uki, wrapped
from linux_guest import SERIAL, first_initrd, kernel, second_initrd
from machine import CONFIG, Hardware
from test_efi import PROGRAM, told

KEYS = Path("/usr/share/ovmf")
LINTEL_EFI = BUILD / "uefi/lintelx64.efi"
TEST_KERNELS = BUILD / "test-kernels"


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    """Without its password."""
    path = tmp_path_factory.mktemp("key") / "key"
    subprocess.run(["openssl", "pkey", "-in", KEYS / "PkKek-1-snakeoil.key", "-passin",
                    "pass:snakeoil", "-out", path], check=True)
    return path


@pytest.fixture
def sign(tmp_path, key):
    """sign(program) -> a signed copy."""

    def sign_copy(program):
        path = tmp_path / f"{program.name}.signed"
        subprocess.run(["sbsign", "--key", key, "--cert", KEYS / "PkKek-1-snakeoil.pem",
                        "--output", path, program], check=True, capture_output=True)
        return path

    return sign_copy


def secure_hardware(folder):
    """Its firmware's variables hold the key, and only its system management mode writes them."""
    variables = folder / "variables.fd"
    variables.write_bytes(Path(CONFIG["firmware"]["secure_variables"]).read_bytes())
    return Hardware(board="q35,smm=on", variables=variables,
                    code=CONFIG["firmware"]["secure_code"],
                    options=("-global", "driver=cfi.pflash01,property=secure,value=on"))


def tampered(path):
    data = bytearray(path.read_bytes())
    data[data.index(b"p\0r\0o\0g\0r\0a\0m\0")] ^= 1
    return bytes(data)


OURS = r"{}: Secure Boot is on, and the firmware can't verify"
FIRMWARES = r"{}: Secure Boot refuses it"
REFUSED = {
    "/kernel.elf": ("kernel", OURS),
    "/limine.elf": ("kernel", OURS),
    "/multiboot2.elf": ("kernel", OURS),
    "/old-linux": ("linux", OURS),
    "/linux": ("linux", FIRMWARES),
    "/uki.efi": ("uki", FIRMWARES),
    "/tampered.efi": ("efi", FIRMWARES),
}


def test_only_what_is_signed_gets_the_machine(start, tmp_path, sign):
    """It is one machine all along: what is refused leaves what is signed its way."""
    image, uki = tmp_path / "secure.img", tmp_path / "uki.efi"
    make_uki(uki, [(".osrel", b"ID=one\n"), (".linux", kernel("cloud-"))])
    program = sign(PROGRAM)
    entries = {path: f"{key} {path}" for path, (key, _) in REFUSED.items()}
    entries["signed"] = "efi /signed.efi\noptions one two"
    entries["linux"] = (f"linux /signed-linux\ninitrd /first\ninitrd /second\n"
                        f"options {SERIAL} quiet")
    make_entries_image(image, entries, {
        "/kernel.elf": KERNEL, "/limine.elf": TEST_KERNELS / "limine-3.elf",
        "/multiboot2.elf": TEST_KERNELS / "multiboot2-64.elf",
        "/old-linux": TEST_KERNELS / "probe-uefi", "/linux": kernel("cloud-"), "/uki.efi": uki,
        "/tampered.efi": tampered(program), "/signed.efi": program,
        "/signed-linux": sign(kernel("cloud-")), "/first": first_initrd(tmp_path),
        "/second": second_initrd(tmp_path)})
    change_files(image, {"/EFI/BOOT/BOOTX64.EFI": sign(LINTEL_EFI)})
    machine = start("uefi", [image], secure_hardware(tmp_path))
    machine.wait_for("signed")
    free = []
    for count in (1, 2):
        for number, (path, (_, message)) in enumerate(REFUSED.items(), 1):
            machine.type(str(number))
            machine.wait_for(f"({wrapped(message.format(path))}[\\s\\S]*?){{{count}}}")
        machine.type("8")
        options, _, _, pages = told(machine, count)
        assert options == "one two"
        free.append(int(pages))
    assert free[0] - free[1] < len(REFUSED), "a refusal keeps a page or more"
    machine.type("9")
    machine.wait_for("guest: second = from the second initrd")
    machine.wait_exit()
