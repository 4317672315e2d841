"""ConfigMaps and Secrets as kubelet mounts them."""
import itertools
import os
import shutil


class Volume:
    """A folder whose files are links into `..data`, which is a link to the folder with the present files. A change of it moves that link, so
    that all files change at once."""

    def __init__(self, folder, mode=0o644):
        self.folder, self.mode = folder, mode
        self._numbers = itertools.count()
        self._version = None
        os.makedirs(folder)

    def write(self, files):
        """Takes the place of what was there; files: text by name."""
        version = f"..{next(self._numbers)}"
        os.makedirs(self._path(version))
        for name, text in files.items():
            path = os.path.join(self._path(version), name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, self.mode)
        os.symlink(version, self._path("..new"))
        os.rename(self._path("..new"), self._path("..data"))
        for name in files:
            if not os.path.lexists(self._path(name)):
                os.symlink(f"..data/{name}", self._path(name))
        for name in os.listdir(self.folder):
            if not name.startswith("..") and name not in files:
                os.unlink(self._path(name))
        if self._version:
            shutil.rmtree(self._path(self._version))
        self._version = version

    def _path(self, name):
        return os.path.join(self.folder, name)
