"""What files that aimath does not read are, and how they become files that it reads."""

from __future__ import annotations

from aimath.read.blocks import file_suffix

_PYTORCH = (
    "a file of PyTorch",
    "save its tensors by safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'x.safetensors')",
)
_HDF5 = ("an HDF5 file", "save an array of it by numpy.save('x.npy', h5py.File(FILE)[NAME][:])")
_TABLE = "save it by pandas.read_{}(FILE).to_csv('x.csv', index=False)"
_FOREIGN = {
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt"), _PYTORCH),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), _HDF5),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), ("a spreadsheet", "save it there as .csv")),
    **dict.fromkeys(
        (".pkl", ".pickle", ".joblib"), ("a pickle", "save its array by numpy.save('x.npy', ...)")
    ),
    ".gz": ("a file of gzip", "decompress it with gzip -dk FILE"),
    ".bz2": ("a file of bzip2", "decompress it with bzip2 -dk FILE"),
    ".xz": ("a file of xz", "decompress it with xz -dk FILE"),
    ".zst": ("a file of zstd", "decompress it with zstd -d FILE"),
    ".zip": ("a ZIP archive", "unpack it with unzip FILE"),
    ".parquet": ("a Parquet file", _TABLE.format("parquet")),
    ".feather": ("a Feather file", _TABLE.format("feather")),
    ".arrow": ("an Arrow file", _TABLE.format("feather")),
    ".dta": ("a file of Stata", _TABLE.format("stata")),
    ".mat": ("a file of MATLAB", "save an array of it by numpy.save('x.npy', scipy.io.loadmat(FILE)[NAME])"),
    ".onnx": ("a file of ONNX", "save its weights as .safetensors or .npz"),
    ".gguf": ("a GGUF file", "save its weights as .safetensors or .npz"),
    ".pdf": ("a PDF", "save its table as .csv"),
    ".png": ("a picture", "save its pixels by numpy.save('x.npy', matplotlib.image.imread(FILE))"),
}
"""Suffix -> what such a file is, and how to convert it; FILE stands for its name."""


def conversion_hint(path: str) -> str:
    """Return what a file of another program is and how to convert it, or nothing of an unknown suffix.

    >>> conversion_hint("t.xlsx")
    't.xlsx is a spreadsheet: save it there as .csv'
    """
    what, how = _FOREIGN.get(file_suffix(path), ("", ""))
    return f"{path} is {what}: {how.replace('FILE', repr(path))}" if what else ""
