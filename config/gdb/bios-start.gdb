# Stops in the first sector; `thbreak boot_main` and `continue` lead to the core.
thbreak try_drive
continue
