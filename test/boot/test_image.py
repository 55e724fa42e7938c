"""The image itself, without booting it."""
import os
import subprocess

from ways import make_fat_disk, make_image, standard_tree


def test_same_inputs_make_the_same_bytes(tmp_path):
    for make in (make_image, make_fat_disk):
        first, second = tmp_path / "first.img", tmp_path / "second.img"
        make(first, standard_tree())
        make(second, standard_tree())
        assert subprocess.run(["cmp", first, second]).returncode == 0


def test_time_zone_does_not_matter(tmp_path, monkeypatch):
    first, second = tmp_path / "first.img", tmp_path / "second.img"
    make_image(first, standard_tree())
    monkeypatch.setitem(os.environ, "TZ", "Asia/Kathmandu")
    make_image(second, standard_tree())
    assert subprocess.run(["cmp", first, second]).returncode == 0


def test_gpt_and_file_system_are_sound(tmp_path):
    image = tmp_path / "image.img"
    make_image(image, standard_tree())
    verdict = subprocess.run(["sgdisk", "--verify", image], capture_output=True, text=True)
    assert "No problems found" in verdict.stdout, verdict.stdout
    volume = tmp_path / "volume"
    with open(image, "rb") as disk, open(volume, "wb") as copy:
        disk.seek(1 << 20)
        copy.write(disk.read()[:-33 * 512])
    check = subprocess.run(["fsck.fat", "-n", volume], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout
