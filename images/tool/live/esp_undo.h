/* The record of an installation on a UEFI machine, /var/lib/lintel/undo-uefi: what there was before
 * it, and how far an update on trial has come. A text of lines, each a word and what follows. */
#pragma once

#include "images/tool/live/boot_menu.h"

#define ESP_UNDO_FOLDER "/var/lib/lintel"
#define ESP_UNDO_FILE   ESP_UNDO_FOLDER "/undo-uefi"
/* What /EFI/lintel/lintelx64.efi was, where there was one already. */
#define ESP_UNDO_LOADER ESP_UNDO_FOLDER "/undo-uefi-lintelx64.efi"

/* What an installation makes on the ESP, folders before what lies in them. */
enum esp_item {
    ESP_EFI,
    ESP_EFI_BOOT,
    ESP_EFI_LINTEL,
    ESP_LOADER_FOLDER,
    ESP_ENTRIES,
    ESP_FOLDERS,
    ESP_LOADER = ESP_FOLDERS,
    ESP_TRIAL,
    ESP_DEFAULT,
    ESP_ENTRIES_KIND,
    ESP_ITEMS
};

/* From the root of the file system on. */
extern const char *const esp_items[ESP_ITEMS];

/* The firmware's variables that Lintel writes, and whoever boots by the same interface. */
#define ESP_VARIABLES      6
#define ESP_VARIABLE_BYTES 1024

struct esp_variable {
    const uint8_t *vendor;
    const char *name;
};
extern const struct esp_variable esp_variables[ESP_VARIABLES];

struct esp_value {
    uint64_t bytes; /* 0: there was no such variable */
    uint8_t value[ESP_VARIABLE_BYTES];
};

#define ESP_BOOT_ID_BYTES 40

struct esp_undo {
    uint8_t signature[16]; /* of the partition, as struct boot_option has it */
    uint32_t made;         /* bits of enum esp_item: it was not there */
    struct boot_menu menu; /* as it was */
    struct esp_value values[ESP_VARIABLES];
    bool good;          /* the loader has once started this machine, and is first in the order */
    bool on_trial;      /* another one is to be tried, or is being tried */
    uint32_t trial_crc; /* CRC-32 of its file */
    char boot_id[ESP_BOOT_ID_BYTES]; /* which start of the system the newest trial was set in */
};

/* Of the running system's start, as Linux tells it; "": it does not. */
void esp_boot_id(char id[ESP_BOOT_ID_BYTES]);

/* ERR_NOT_FOUND: there is none. ERR_FORMAT: it is damaged; says in which line. */
enum err esp_undo_read(struct esp_undo *undo);

/* Whole and on the medium, or not at all. */
enum err esp_undo_write(const struct esp_undo *undo);

/* With what belongs to it; there may be none. */
enum err esp_undo_remove(void);
