"""What the style checks share: the repository's files, and how findings are told."""
import os
import pathlib
import shutil
import subprocess
import sys

NOT_OURS = {".git", ".venv", ".cache", "build", "results", "__pycache__"}  # where there is no git to ask
SKIPPED = 77  # ctest's SKIP_RETURN_CODE


def listed_by_git(root: pathlib.Path) -> list[pathlib.Path] | None:
    """None where there is no git, or no repository."""
    if not (root / ".git").exists() or not shutil.which("git"):
        return None
    listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached", "--others",
                             "--exclude-standard"], capture_output=True)
    return [root / name.decode() for name in listed.stdout.split(b"\0") if name] if listed.returncode == 0 else None


def files(root: pathlib.Path, *suffixes: str) -> list[pathlib.Path]:
    """Files with these suffixes below `root`, those that git ignores left out; in order of path."""
    found = listed_by_git(root)
    if found is None:
        found = []
        for folder, subfolders, names in os.walk(root):
            subfolders[:] = [name for name in subfolders if name not in NOT_OURS]
            found += [pathlib.Path(folder) / name for name in names]
    return sorted(file for file in set(found) if file.suffix in suffixes and file.is_file())


def main(check) -> int:
    """Runs check(root) -> ["FILE:LINE: what, what was expected"] on the repository that holds this file, or on argv[1]."""
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    if len(sys.argv) < 2:
        root = root.parent.parent.parent
    try:
        findings = check(root)
    except SkipCheck as reason:
        print(f"{pathlib.Path(sys.argv[0]).name}: {reason}")
        return SKIPPED
    for finding in findings:
        print(finding)
    print(f"{pathlib.Path(sys.argv[0]).name}: {len(findings)} findings")
    return 1 if findings else 0


class SkipCheck(Exception):
    """A check cannot be made on this machine; the text says why and what it needs."""
