"""Fails where a pure module is not covered to the last branch, from the data that the tests left.

Which modules are pure is said once: by the import contract "pure" in pyproject.toml.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def pure_modules() -> list[str]:
    """Return the dotted names of the pure modules and packages."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    return next(list(one["source_modules"]) for one in contracts if one["id"] == "pure")


def files_of(module: str) -> str:
    """Return the pattern of a module's file, or of all files of a package."""
    path = "src/" + module.replace(".", "/")
    return f"{path}/*" if (ROOT / path).is_dir() else f"{path}.py"


def main() -> int:
    """Print what is missing, and return an exit code."""
    include = ",".join(files_of(module) for module in pure_modules())
    command = [sys.executable, "-m", "coverage", "report", f"--include={include}", "--fail-under=100"]
    report = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if report.returncode:
        print(f"{report.stdout}{report.stderr}Pure modules are to be covered to the last branch; these are not.")
    else:
        print("Pure modules: every line and branch is covered.")
    return report.returncode


if __name__ == "__main__":
    sys.exit(main())
