"""Shell completion scripts, generated from the parameters of the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.chapters import calculators
from aimath.cli.command import Param
from aimath.cli.options import TextArguments
from aimath.cli.text_command import TextOutput, text_command
from aimath.content.chapters import CHAPTERS, TOPIC_COMMANDS
from aimath.errors import InputError
from aimath.pages.help import TOPICS
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


TOPIC = ("--topic",)
"""The option of the quiz that takes what its operands are."""
HELP_PARAM = Param("help", ("-h", "--help"), bool, False, "Show this message and exit.", "")


@text_command(
    example="aimath completion bash",
    answer="nothing is installed",
    after="help",
)
def completion(
    out: TextOutput, shells: Annotated[list[str], TextArguments("bash, zsh or fish.", "SHELL")]
) -> int:
    """Print a completion script for bash, zsh or fish.

    Nothing is installed. Where it goes: bash: eval "$(aimath completion bash)" in ~/.bashrc; zsh:
    save it as _aimath in a directory of $fpath; fish: ~/.config/fish/completions/aimath.fish.
    """
    if len(shells) != 1:
        raise InputError(
            f"needs one shell, not {len(shells)}", hint=f"choose from {', '.join(SHELLS)}", usage=True
        )
    if shells[0] not in SHELLS:
        raise InputError(f"{quote(shells[0])} is not one of {', '.join(SHELLS)}", usage=True)
    out.write("\n".join(SHELLS[shells[0]]()) + "\n")
    return 0


def _options(name: str) -> list[Param]:
    parts = [*(part for part in lookup(name).params if part.flags), HELP_PARAM]
    return [part._replace(choices=_operand_choices(name)) if part.flags == TOPIC else part for part in parts]


def _takes_file(param: Param) -> bool:
    return "FILE" in param.metavar or param.metavar == "LIST"


def _operand_choices(name: str) -> tuple[str, ...]:
    """Return the possible operands of a command, if they are not files."""
    chapters = calculators()
    topics = tuple(topic.id for chapter in CHAPTERS for topic in chapter.topics)
    return {
        "help": (*COMMANDS, *TOPICS),
        "man": tuple(COMMANDS),
        "completion": tuple(SHELLS),
        "demo": (*chapters, *topics, "all"),
        "guide": ("map", "roadmap", "resources", "check", *(chapter.id for chapter in CHAPTERS)),
        "quiz": (
            *chapters,
            "words",
            *(n for names in chapters.values() for n in names),
            *TOPIC_COMMANDS,
        ),
    }.get(name, ())


_BASH_WORD = r"""# Read the word before the cursor: raw as typed, typed without quotes, quote if one is open.
_aimath_word() {
    local line="${COMP_LINE:0:COMP_POINT}" i c next
    raw="" typed="" quote=""
    if [ -z "$line" ]; then raw="$1" typed="$1"; return; fi
    for ((i = 0; i < ${#line}; i++)); do
        c="${line:i:1}" next="${line:i+1:1}"
        if [ "$quote" = "'" ]; then
            if [ "$c" = "'" ]; then quote=""; else typed+="$c"; fi
        elif [ "$quote" = '"' ]; then
            case "$c$next" in
                '"'*) quote="" ;;
                '\"' | '\\' | '\$' | '\`') typed+="$next" raw+="$c" c="$next"; ((i++)) ;;
                *) typed+="$c" ;;
            esac
        else
            case "$c" in
                [[:blank:]]) raw="" typed=""; continue ;;
                "'" | '"') quote="$c" ;;
                '\') typed+="$next" raw+="$c" c="$next"; ((i++)) ;;
                *) typed+="$c" ;;
            esac
        fi
        raw+="$c"
    done
}
# Offer words that begin as what is typed; what is added to it is quoted as the shell wants it.
_aimath_offer() {
    local whole rest
    for whole in "$@"; do
        [ "${whole:0:${#typed}}" = "$typed" ] || continue
        rest="${whole:${#typed}}"
        case "$quote" in
            "'") rest="${rest//\'/\'\\\'\'}" ;;
            '"') rest="$(printf '%s.' "$rest" | sed 's/[\\"$`]/\\&/g')"; rest="${rest%.}" ;;
            *) [ -z "$rest" ] || printf -v rest %q "$rest" ;;
        esac
        COMPREPLY+=("${raw:${#raw}-${#word}}$rest")
    done
}
# Offer files behind an @.
_aimath_files() {
    local path given="${typed#"$1"}"
    for path in "$given"*; do
        [ -e "$path" ] || [ -L "$path" ] || continue
        if [ -d "$path" ]; then path="$path/"; compopt -o nospace 2>/dev/null; fi
        _aimath_offer "$1$path"
    done
}
"""


def _bash() -> Iterator[str]:
    yield "# aimath completion for bash"
    yield _BASH_WORD.rstrip()
    yield "_aimath() {"
    yield '    local word="$2" before="$3" raw typed quote option=""'
    yield '    local words="" flags="" files="" texts="" choices=""'
    yield "    COMPREPLY=()"
    yield '    _aimath_word "$2"'
    yield '    case "$typed" in'  # not by COMP_WORDS, which are cut at every @ and =
    yield '        --*=*) option="${typed%%=*}=" before="${typed%%=*}" ;;'
    yield "    esac"
    yield '    case "${typed#"$option"}" in @*) _aimath_files "$option@"; return ;; esac'
    yield '    if [ "$COMP_CWORD" -eq 1 ]; then'
    yield f"        _aimath_offer {' '.join(COMMANDS)} --help --version"
    yield "        return"
    yield "    fi"
    yield '    case "${COMP_WORDS[1]}" in'
    for name in COMMANDS:
        options = _options(name)
        yield f"        {name})"
        texts = [part for part in options if part.nargs and not part.choices and not _takes_file(part)]
        yield f"            flags='{_flags(options)}'"
        yield f"            files='{_flags(filter(_takes_file, options))}'"
        yield f"            texts='{_flags(texts)}'"
        yield f"            words='{' '.join(_operand_choices(name))}'"
        yield '            case "$before" in'
        for part in options:
            if part.choices:
                yield f"                {'|'.join(part.flags)}) choices='{' '.join(part.choices)}' ;;"
        yield "            esac ;;"
    yield "    esac"
    yield "    local IFS=$' \\t\\n'"
    yield '    case " $files " in *" $before "*) return ;; esac'  # the shell's own: files
    yield '    if [ -n "$choices" ]; then'
    yield '        choices=" $choices"'
    yield '        _aimath_offer ${choices// / "$option"}'
    yield '    elif case " $texts " in *" $before "*) true ;; *) false ;; esac; then'
    yield "        compopt -o nosort +o default 2>/dev/null"  # a number or a word: nothing to suggest
    yield '    elif case "$typed" in -*) true ;; *) false ;; esac; then'
    yield "        _aimath_offer $flags"
    yield '    elif [ -n "$words" ]; then'
    yield "        _aimath_offer $words"
    yield "    fi"
    yield "}"
    yield "complete -o default -F _aimath aimath"


def _flags(parts: Iterable[Param]) -> str:
    return " ".join(flag for part in parts for flag in part.flags)


def _zsh() -> Iterator[str]:
    yield "#compdef aimath"
    yield "_aimath_files() { compset -P @; _files }"
    yield "_aimath() {"
    yield "    local -a commands"
    yield "    commands=("
    for name, entry in COMMANDS.items():
        yield f"        {_shell_quote(f'{name}:{entry.summary}')}"
    yield "    )"
    yield "    if (( CURRENT == 2 )); then _describe command commands; return; fi"
    yield "    local command=$words[2]"
    yield "    shift words; (( CURRENT-- ))"
    yield "    case $command in"
    for name in COMMANDS:
        yield f"        {name}) _arguments -s \\"
        for option in _options(name):
            yield f"            {_zsh_spec(option)} \\"
        words = " ".join(_operand_choices(name))
        operands = f"*:topic:({words})" if words else "*:file:_aimath_files"
        yield f"            {_shell_quote(operands)} ;;"
    yield "    esac"
    yield "}"
    yield 'if [ "$funcstack[1]" = "_aimath" ]; then _aimath "$@"; else compdef _aimath aimath; fi'


def _zsh_spec(option: Param) -> str:
    said = "".join(f"\\{sign}" if sign in "[]:\\" else sign for sign in option.help)
    action = (
        "_aimath_files" if _takes_file(option) else f"({' '.join(option.choices)})" if option.choices else " "
    )
    value = f":{option.metavar.replace(':', ' ')}:{action}" * option.nargs
    # Behind a long option the value may follow an = too, behind a short one nothing.
    marked = [
        f"{flag}{'=' if flag.startswith('--') else '+'}" * (option.nargs == 1) or flag
        for flag in option.flags
    ]
    flags = f"{{{','.join(marked)}}}" if len(marked) > 1 else marked[0]
    return f"'*'{flags}{_shell_quote(f'[{said}]{value}')}"


def _shell_quote(text: str) -> str:
    """Return text in single quotes for zsh or fish."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish() -> Iterator[str]:
    yield "# aimath completion for fish"
    yield "function __aimath_files"  # behind an @, which no file begins with
    yield "    set -l given (commandline -ct | string replace -r '^(-.*?=)?' '')"
    yield "    string match -q '@*' -- $given; or return"
    yield "    __fish_complete_path (string sub -s 2 -- $given) | string replace -r '^' @"
    yield "end"
    first = "complete -c aimath -n __fish_use_subcommand"
    for name, entry in COMMANDS.items():
        yield f"{first} -f -a {name} -d {_shell_quote(entry.summary)}"
    for name in COMMANDS:
        begin = f"complete -c aimath -n '__fish_seen_subcommand_from {name}'"
        for option in _options(name):
            names = " ".join(f"-{'l' if f[:2] == '--' else 's'} {f.lstrip('-')}" for f in option.flags)
            value = " -r -F -a '(__aimath_files)'" if _takes_file(option) else " -x" if option.nargs else ""
            choices = f" -a {_shell_quote(' '.join(option.choices))}" if option.choices else ""
            said = option.help.replace("\\", "\\\\")
            yield f"{begin} {names}{value}{choices} -d {_shell_quote(said)}"
        words = _operand_choices(name)
        offered = f"-f -a {_shell_quote(' '.join(words))}" if words else "-a '(__aimath_files)'"
        yield f"{begin} {offered}"


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
