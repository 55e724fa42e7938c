/* What the running system boots from, told from trees of files that play machines. */
#include "images/tool/live/machine.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#define UUID "11111111-2222-4333-8444-555555555555"

static struct live live;

/* ---- trees ----------------------------------------------------------------------------------- */

/* An empty machine, in the folder ./root. */
static void begin(void)
{
    run("rm -rf root && mkdir -p root/dev root/proc/self root/sys/dev/block root/sys/devices && "
        ": >root/proc/self/mountinfo");
    setenv("LINTEL_ROOT", "root", 1);
}

/* A device as /sys has it; `device` "vda/vda1" is a partition of vda, from LBA `start` on, in
 * sectors of 512 bytes. */
static void add_device(const char *device, const char *numbers, unsigned start, unsigned sectors)
{
    run("mkdir -p root/sys/devices/%s/queue && ln -s ../../devices/%s root/sys/dev/block/%s && "
        "echo 512 >root/sys/devices/%s/queue/logical_block_size",
        device, device, numbers, device);
    if (strchr(device, '/'))
        run("cd root/sys/devices/%s && echo %c >partition && echo %u >start && echo %u >size",
            device, device[strlen(device) - 1], start, sectors);
}

static void add_mount(const char *numbers, const char *from, const char *folder, const char *type)
{
    run("printf '%%s\\n' '21 1 %s %s %s rw shared:1 - %s /dev/root rw' >>root/proc/self/mountinfo",
        numbers, from, folder, type);
}

/* vda: an MBR, ext4 from sector 2048 on. */
static void add_bios_disk(void)
{
    run("truncate -s 16M root/dev/vda && "
        "printf 'label: dos\nstart=2048, size=16384, type=83, bootable\n' | sfdisk -q root/dev/vda "
        "&& mkfs.ext4 -q -U " UUID " -E offset=1048576 root/dev/vda 8M");
    add_device("vda", "254:0", 0, 0);
    add_device("vda/vda1", "254:1", 2048, 16384);
}

/* The same with a GPT: an EFI system partition, ext4. */
static void add_uefi_disk(void)
{
    run("truncate -s 32M root/dev/vda && mkdir -p root/sys/firmware/efi && "
        "sgdisk -n1:2048:+8M -t1:ef00 -n2:0:+16M root/dev/vda >/dev/null && "
        "mkfs.fat --offset 2048 -i 1234abcd root/dev/vda 8192 >/dev/null 2>&1 && "
        "mkfs.ext4 -q -U " UUID " -E offset=9437184 root/dev/vda 16M");
    add_device("vda", "254:0", 0, 0);
    add_device("vda/vda1", "254:1", 2048, 16384);
    add_device("vda/vda2", "254:2", 18432, 32768);
}

static void find(void)
{
    if (live_find(&live) != OK)
        fail_msg("%s", err_message());
}

/* ---- what is found --------------------------------------------------------------------------- */

static void test_one_file_system_on_bios(void **state)
{
    (void)state;
    begin();
    add_bios_disk();
    add_mount("254:1", "/", "/", "ext4");
    find();
    assert_false(live.uefi);
    assert_string_equal(live.disk, "/dev/vda");
    assert_string_equal(live.boot.folder, "/");
    assert_string_equal(live.boot_prefix, "/boot");
    assert_string_equal(live.boot_uuid, UUID);
    assert_string_equal(live.boot.type, "ext4");
    assert_int_equal(live.boot.number, 1);
    assert_int_equal(live.boot.first_lba, 2048);
    assert_int_equal(live.boot.sectors, 16384);
    assert_int_equal(live.boot.sector_bytes, 512);
    assert_string_equal(live.esp.folder, "");
    assert_string_equal(live.entries, "/boot/loader/entries");
}

/* The root may lie on what Lintel can't read, where /boot does not. */
static void test_boot_apart_from_an_encrypted_root(void **state)
{
    (void)state;
    begin();
    add_bios_disk();
    add_device("dm-0", "253:0", 0, 0);
    add_mount("253:0", "/", "/", "btrfs");
    add_mount("254:1", "/", "/boot", "ext4");
    find();
    assert_string_equal(live.boot.folder, "/boot");
    assert_string_equal(live.boot_prefix, "");
}

static void test_the_last_mount_counts(void **state)
{
    (void)state;
    begin();
    add_bios_disk();
    add_mount("0:2", "/", "/", "rootfs");
    add_mount("254:1", "/a\\040b", "/", "ext4");
    find();
    assert_string_equal(live.boot_prefix, "/a b/boot");
}

static void test_uefi(void **state)
{
    static const uint8_t none[16];

    (void)state;
    begin();
    add_uefi_disk();
    add_mount("254:2", "/", "/", "ext4");
    add_mount("0:40", "/", "/boot/efi", "autofs");
    add_mount("254:1", "/", "/boot/efi", "vfat");
    find();
    assert_true(live.uefi);
    assert_string_equal(live.boot_uuid, UUID);
    assert_int_equal(live.boot.number, 2);
    assert_string_equal(live.esp.folder, "/boot/efi");
    assert_string_equal(live.esp.disk, "/dev/vda");
    assert_int_equal(live.esp.number, 1);
    assert_int_equal(live.esp.first_lba, 2048);
    assert_int_equal(live.esp.sectors, 16384);
    assert_memory_not_equal(live.esp.guid, none, 16);
    assert_string_equal(live.entries, "/boot/efi/loader/entries");
}

static void test_boot_on_the_esp(void **state)
{
    (void)state;
    begin();
    add_uefi_disk();
    add_mount("254:2", "/", "/", "ext4");
    add_mount("254:1", "/", "/boot", "vfat");
    find();
    assert_string_equal(live.boot_uuid, "1234-ABCD");
    assert_string_equal(live.boot_prefix, "");
    assert_string_equal(live.esp.folder, "/boot");
}

/* A FAT volume of another type is no EFI system partition: no firmware looks there. */
static void test_no_esp_is_mounted(void **state)
{
    (void)state;
    begin();
    add_uefi_disk();
    run("sgdisk -t1:0700 root/dev/vda >/dev/null");
    add_mount("254:2", "/", "/", "ext4");
    add_mount("254:1", "/", "/efi", "vfat");
    find();
    assert_string_equal(live.esp.folder, "");
    assert_string_equal(live.entries, "");
}

/* ---- refusals -------------------------------------------------------------------------------- */

#define ADVICE                                                                                     \
    ", and from there no loader of Lintel's is started: put /boot on a plain partition of its own"

static void test_refused_devices(void **state)
{
    static const struct {
        const char *device, *uuid, *type, *says;
    } rows[] = {
        {"md127", NULL, "ext4", "/ lies on /dev/md127, a RAID" ADVICE},
        {"md127/md127p1", NULL, "ext4", "/ lies on /dev/md127p1, a RAID" ADVICE},
        {"dm-0", "LVM-abc", "ext4", "/ lies on /dev/dm-0, an LVM volume" ADVICE},
        {"dm-0", "CRYPT-LUKS2-abc", "ext4",
         "/ lies on /dev/dm-0, an encrypted volume (LUKS)" ADVICE},
        {"dm-0", "part1-mpath-x", "ext4",
         "/ lies on /dev/dm-0, a partition of a multipath disk or RAID" ADVICE},
        {"dm-0", "other", "ext4", "/ lies on /dev/dm-0, a mapped volume" ADVICE},
        {"nbd0/nbd0p1", NULL, "ext4", "/ lies on /dev/nbd0p1, a network disk" ADVICE},
        {"loop0", NULL, "ext4", "/ lies on /dev/loop0, a loop device" ADVICE},
        {"vdb", NULL, "ext4", "/ lies on /dev/vdb, a disk without partitions" ADVICE},
        {NULL, NULL, "nfs4", "/ lies on nfs4, the network" ADVICE},
        {NULL, NULL, "overlay", "/ lies on overlay, memory or a live medium" ADVICE},
        {NULL, NULL, "btrfs", "/ lies on btrfs, not a partition of a disk" ADVICE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        if (rows[i].device)
            add_device(rows[i].device, "9:0", 2048, 4096);
        if (rows[i].uuid)
            run("mkdir root/sys/devices/%s/dm && echo %s >root/sys/devices/%s/dm/uuid",
                rows[i].device, rows[i].uuid, rows[i].device);
        add_mount(rows[i].device ? "9:0" : "0:30", "/", "/", rows[i].type);
        assert_int_equal(live_find(&live), ERR_UNSUPPORTED);
        assert_string_equal(err_message(), rows[i].says);
    }
}

static void test_refused_file_system(void **state)
{
    (void)state;
    begin();
    add_bios_disk();
    run("dd if=/dev/zero of=root/dev/vda bs=1M seek=1 count=1 conv=notrunc status=none");
    add_mount("254:1", "/", "/", "xfs");
    assert_int_equal(live_find(&live), ERR_UNSUPPORTED);
    assert_string_equal(err_message(), "/ lies on xfs, which Lintel does not read: put /boot on a "
                                       "plain partition of its own, with ext4");
}

static void test_the_table_has_changed(void **state)
{
    (void)state;
    begin();
    add_bios_disk();
    run("printf 'label: dos\nstart=4096, size=8192, type=83\n' | sfdisk -q root/dev/vda");
    add_mount("254:1", "/", "/", "ext4");
    assert_int_equal(live_find(&live), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "the system has partition 1 at LBA 2048, but the table "
                                          "on the disk does not: restart the machine first"));
}

static void test_no_mounts(void **state)
{
    (void)state;
    begin();
    assert_int_equal(live_find(&live), ERR_NOT_FOUND);
    assert_string_equal(err_message(),
                        "/proc/self/mountinfo: nothing is mounted on /: is this a chroot?");
    run("rm root/proc/self/mountinfo");
    assert_int_equal(live_find(&live), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_file_system_on_bios),
        cmocka_unit_test(test_boot_apart_from_an_encrypted_root),
        cmocka_unit_test(test_the_last_mount_counts),
        cmocka_unit_test(test_uefi),
        cmocka_unit_test(test_boot_on_the_esp),
        cmocka_unit_test(test_no_esp_is_mounted),
        cmocka_unit_test(test_refused_devices),
        cmocka_unit_test(test_refused_file_system),
        cmocka_unit_test(test_the_table_has_changed),
        cmocka_unit_test(test_no_mounts),
    };

    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
