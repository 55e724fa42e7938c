# Bash completion for lintel(1). Source it, or copy it to
# /usr/share/bash-completion/completions/lintel.

_lintel() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words="image keymap install uninstall kernel status set-default set-oneshot set-timeout reboot bless check
            report --help --version"
    else
        case "${COMP_WORDS[1]} $previous" in
        image\ -l | image\ --layout) words="gpt mbr floppy iso netboot" ;;
        image\ --sector-bytes) words="512 4096" ;;
        image\ --fat) words="16 32" ;;
        check\ -f | check\ --firmware) words="bios uefi" ;;
        check\ --cpu) words="all nx 1gib la57 smep smap pge pat" ;;
        bless\ bless) words="good bad --help" ;;
        set-timeout\ set-timeout) words="menu-force menu-hidden menu-disabled --once --clear --disk --help" ;;
        *\ -s | *\ --size | *\ -M | *\ --memory) words="64M 256M 512M 1G" ;;
        "kernel kernel") [[ $word == -* ]] && words=--help || words="add remove refresh" ;;
        *) words=$(_lintel_options "${COMP_WORDS[1]}" "$word") ;;
        esac
    fi
    if [[ $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

# The options of a command, when one is being typed; nothing: then a file is.
_lintel_options() {
    [[ $2 == -* ]] || return
    case $1 in
    image)
        echo --output --kernel --module --initrd --cmdline --title --entry --file --loader-conf \
            --keymap --layout --size --sector-bytes --fat --fat-vbr --logical --inactive --second-stage \
            --application --help
        ;;
    check) echo --memory --map --firmware --module --initrd --options --cpu --svg --help ;;
    report) echo --output --help ;;
    kernel | keymap) echo --help ;;
    install) echo --partition --dry-run --help ;;
    uninstall) echo --dry-run --help ;;
    status | bless) echo --help ;;
    set-default | set-oneshot) echo --clear --disk --help ;;
    set-timeout) echo --once --clear --disk --help ;;
    reboot) echo --entry --help ;;
    esac
}

complete -F _lintel lintel
