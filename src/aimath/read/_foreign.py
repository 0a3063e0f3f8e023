"""What files that aimath does not read are, and how they become files that it reads."""

from __future__ import annotations

from aimath.read.blocks import COMPRESSIONS, file_suffix

_PYTORCH = (
    "a file of PyTorch",
    "save its tensors by safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'x.safetensors')",
)
_HDF5 = ("an HDF5 file", "save an array of it by numpy.save('x.npy', h5py.File(FILE)[NAME][:])")
_TABLE = "save it by pandas.read_{}(FILE).to_csv('x.csv', index=False)"
_FOREIGN = {
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt"), _PYTORCH),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), _HDF5),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), ("a spreadsheet", _TABLE.format("excel"))),
    **dict.fromkeys(
        (".pkl", ".pickle", ".joblib"), ("a pickle", "save its array by numpy.save('x.npy', ...)")
    ),
    **{
        suffix: (
            "compressed, and its name says not what",
            f"call it FILE.csv{suffix} or so, or use --input-format",
        )
        for suffix in COMPRESSIONS
    },
    ".zip": ("a ZIP archive", "unpack it with unzip FILE"),
    ".dta": ("a file of Stata", _TABLE.format("stata")),
    ".mat": ("a file of MATLAB", "save an array of it by numpy.save('x.npy', scipy.io.loadmat(FILE)[NAME])"),
    ".onnx": (
        "a file of ONNX",
        "numpy.savez('x.npz', *map(onnx.numpy_helper.to_array, onnx.load(FILE).graph.initializer))",
    ),
    ".gguf": ("a GGUF file", "save its weights as .safetensors or .npz"),
    ".pdf": ("a PDF", "save its table as .csv"),
    ".png": ("a picture", "save its pixels by numpy.save('x.npy', matplotlib.image.imread(FILE))"),
}
"""Suffix -> what such a file is, and how to convert it; FILE stands for its name."""


def conversion_hint(path: str) -> str:
    """Return what a file of another program is and how to convert it, or nothing of an unknown suffix.

    >>> conversion_hint("notes.csv")
    ''
    """
    what, how = _FOREIGN.get(file_suffix(path), ("", ""))
    named = path.removesuffix(file_suffix(path)) if "FILE.csv." in how else repr(path)
    return f"{path} is {what}: {how.replace('FILE', named)}" if what else ""
