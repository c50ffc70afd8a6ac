"""Builds the wheel: the top-level apps of this checkout, moved under the one package `bulwark`.

A top-level `auditlog` in a wheel would overwrite the files of any other package of that name.
"""

import re
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

APPS = ("accounts", "articles", "auditlog", "authz", "edge")
DATA = ["py.typed", "*.md", "templates/**/*", "static/**/*", "*.lua", "*.sql", "*.xor", "*.txt", "**/*.toml"]
ROOT = Path(__file__).resolve().parent


def moved(source: str, prefix: str) -> str:
    """Return a module's text with its imports of our other apps under ``prefix``, which ends with a dot or is empty."""
    return re.sub(rf"^(\s*from )({'|'.join(APPS)})(?=[. ])", rf"\g<1>{prefix}\g<2>", source, flags=re.MULTILINE)


class BuildMoved(build_py):  # type: ignore[misc]  # setuptools is untyped
    def build_module(self, module: str, module_file: str, package: str) -> tuple[str, bool]:
        outfile, copied = super().build_module(module, module_file, package)
        target = Path(outfile)
        target.write_text(moved(target.read_text(encoding="utf-8"), "bulwark."), encoding="utf-8")
        return outfile, copied


def packages() -> dict[str, str]:
    """Return the wheel's packages and where each is in the checkout."""
    return {
        f"bulwark.{'.'.join(folder.relative_to(ROOT).parts)}": str(folder.relative_to(ROOT))
        for app in APPS
        for folder in sorted({init.parent for init in (ROOT / app).rglob("__init__.py")})
    }


if __name__ == "__main__":
    setup(
        packages=[*packages()],
        package_dir=packages(),
        package_data={"": DATA},
        cmdclass={"build_py": BuildMoved},
    )
