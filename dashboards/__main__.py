"""Write the generated dashboards, or check that the committed ones are what the code says.

python -m dashboards [--check] [FOLDER]
"""

import sys
from pathlib import Path

from dashboards.generate import FOLDER, generate


def main(arguments: list[str]) -> int:
    """Return the exit code: 1 when a file differs and only a check was wanted."""
    check = "--check" in arguments
    folders = [Path(argument) for argument in arguments if not argument.startswith("--")]
    folder = folders[0] if folders else FOLDER
    code = 0
    for name, text in generate().items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        code = 1 if check else 0
        print(f"{'differs' if check else 'written'}: {name}")  # noqa: T201  # a command
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
