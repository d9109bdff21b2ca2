"""Writes fixtures/files/hdf5: HDF5 files with what Keras does not write, to see it refused.

    python bench/peers/write_bad_hdf5.py FOLDER

Needs `h5py`. Compressed (`.h5.gz`), because most of their bytes are empty.
"""
import gzip
import os
import sys

import h5py
import numpy as np

FOLDER = sys.argv[1]


def file(name, fill, **options):
    path = os.path.join(FOLDER, name + ".h5")
    with h5py.File(path, "w", **options) as root:
        fill(root)
    with open(path, "rb") as source, open(path + ".gz", "wb") as target:
        target.write(gzip.compress(source.read(), 9, mtime=0))
    os.remove(path)


def soft_link(root):
    root["a"] = np.ones(2, "f4")
    root["b"] = h5py.SoftLink("/a")


def external_link(root):
    root["b"] = h5py.ExternalLink("/etc/passwd", "/a")


def hard_links(root):
    root["a"] = np.ones(2, "f4")
    root["b"] = root["a"]


def circle(root):
    group = root.create_group("a")
    group["b"] = root["/"]


def external_data(root):
    root.create_dataset("a", (4,), "u1", external=[("/etc/hostname", 0, 4)])


def reference(root):
    root["a"] = np.ones(2, "f4")
    root.create_dataset("b", data=np.array([root["a"].ref], dtype=h5py.ref_dtype))


def compound(root):
    root["a"] = np.zeros(2, dtype=[("x", "f4"), ("y", "i4")])


def text(root):
    root["a"] = "text"


def beside_weights(root):
    """Weights, and all that is no array of numbers in the file."""
    weights = root.create_group("layers/dense/vars")
    weights["0"] = np.arange(6, dtype="f4").reshape(2, 3)
    weights["1"] = np.ones(3, "f4")
    root["words"] = ["a", "bc"]
    root["layers/dense/names"] = np.array([b"ab", b"c"])
    root["table"] = np.zeros(2, dtype=[("x", "f4"), ("y", "i4")])
    root["complex"] = np.ones(2, "c8")
    root["bytes"] = np.void(b"abc")
    root.create_dataset("ragged", (1,), h5py.vlen_dtype("f4"))
    root.create_dataset("target", data=np.array([weights["0"].ref], dtype=h5py.ref_dtype))
    root["type"] = np.dtype("f4")
    root.create_dataset("typed", (2,), root["type"])
    root.create_dataset("outside", (4,), "u1", external=[("/etc/hostname", 0, 4)])
    root["alias"] = h5py.SoftLink("/layers/dense/vars/0")
    root["elsewhere"] = h5py.ExternalLink("other.h5", "/a")
    root["optimizer/names"] = "adam"
    view = h5py.VirtualLayout((3,), "f4")
    view[:] = h5py.VirtualSource(".", "layers/dense/vars/1", (3,))
    root.create_virtual_dataset("view", view)


def many_names(root):
    for i in range(40):
        root[f"a{i}"] = np.ones(1, "f4")


def types(root):
    """All that is read, in one file."""
    values = [1, 2.5, -3]
    for name in ["f2", "f4", "f8", "i1", "i2", "i4", "i8"]:
        root[name] = np.array(values).astype(name)
    root["u1"] = np.array([1, 2, 253], "u1")
    root["flag"] = np.array([True, False])
    root["scalar"] = np.float32(7)
    root["empty"] = np.zeros((0, 3), "f4")
    root.attrs["text"] = "ein Wort: Größe"
    root.attrs["list"] = [b"one", b"three"]
    root.attrs["words"] = ["a", "bc", ""]
    root.attrs["number"] = 3.5


for make in [soft_link, external_link, hard_links, circle, external_data, reference, compound, types, many_names, text, beside_weights]:
    file(make.__name__, make)
file("newest", types, libver="latest")
file("newest_many_names", many_names, libver="latest")
file("newest_beside_weights", beside_weights, libver="latest")
file("newest_soft_link", soft_link, libver="latest")
file("newest_external_link", external_link, libver="latest")
print({"h5py": h5py.__version__, "HDF5": h5py.version.hdf5_version})
