"""How files of fixtures/ are packed: the same content gives the same bytes."""
import gzip
import os
import zipfile


def deflate(path: str) -> None:
    """Keras stores its archives; unpacked they are the same."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def compress(path: str) -> None:
    """A file becomes PATH.gz: most bytes of a small HDF5 file are empty."""
    with open(path, "rb") as file:
        content = file.read()
    with open(path + ".gz", "wb") as file:
        file.write(gzip.compress(content, 9, mtime=0))
    os.remove(path)
