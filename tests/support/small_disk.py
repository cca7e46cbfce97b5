"""A disk of a few megabytes, which can be filled and emptied."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path


class SmallDisk:
    """A tmpfs at a directory, mounted until remove()."""

    def __init__(self, directory: Path, megabytes: int, owner: str = "root"):
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "none", self.directory],
            check=True)
        self.filler = self.directory / "filler"
        try:
            subprocess.run(["chown", owner, self.directory], check=True)
        except BaseException:  # a Ctrl-C, too
            self.remove()
            raise

    @contextmanager
    def full(self):
        with self.filler.open("wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass  # that was the last page
        try:
            yield
        finally:
            self.filler.unlink()

    def free_bytes(self) -> int:
        disk = os.statvfs(self.directory)
        return disk.f_bavail * disk.f_frsize

    def remove(self):
        subprocess.run(["umount", self.directory], check=False)
