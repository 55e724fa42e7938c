# Stops in the application; `thbreak boot_main` and `continue` lead to the core.
thbreak efi_main
continue
