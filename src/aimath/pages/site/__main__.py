"""Build the site: `python -m aimath.pages.site FOLDER`."""

from __future__ import annotations

import sys

USAGE = "usage: python -m aimath.pages.site FOLDER"


def main(arguments: list[str]) -> str | None:
    """Build the site into the folder that is named and return None, or what is wrong."""
    from pathlib import Path  # noqa: PLC0415  not where modules are only listed

    from aimath.__main__ import configure_process  # noqa: PLC0415

    configure_process()  # so that every digit is the program's own
    from aimath.pages.site.build import build  # noqa: PLC0415
    from aimath.text import display_path  # noqa: PLC0415

    if len(arguments) != 1 or arguments[0].startswith("-"):
        return USAGE
    folder = Path(arguments[0])
    changelog = Path(__file__).parents[4] / ".github" / "CHANGELOG.md"  # of a checkout
    try:
        pages = build(folder, changelog.read_text(encoding="utf-8") if changelog.is_file() else "")
    except OSError as error:
        return f"no site: '{display_path(str(error.filename or folder))}': {error.strerror or error}"
    except ValueError as error:
        return f"no site: {error}"
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sys.stdout.write(f"{len(pages)} pages, {size / 1e6:.1f} MB: {folder / 'index.html'}\n")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
