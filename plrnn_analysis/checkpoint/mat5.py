"""Parser for MATLAB level 5 files: numeric arrays, logicals, text and scalar structs.

SciPy's reader is not used because a damaged file can crash it (a segmentation fault in its
compiled part, SciPy 1.17), and a damaged checkpoint must end in a message. Here every length is checked
against the data that is there, so that nothing is read or allocated beyond it.
"""

from __future__ import annotations

import itertools
import math
import struct
import zlib
from typing import Any

import numpy as np

from .contents import largest_content

__all__ = ["Opaque", "parse_mat5"]

_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED, _UTF8, _UTF16, _UTF32 = 14, 15, 16, 17, 18
_STRUCT, _CHAR, _SPARSE = 2, 4, 5
_NUMERIC_CLASSES = range(6, 16)
_CLASS_NAMES = {1: "cell array", 3: "object", 5: "sparse matrix", 16: "function handle", 17: "object"}
_COMPLEX = 0x0800
_MAX_DEPTH = 4


class Opaque(str):
    """The kind of a variable that is not read, for messages."""


def parse_mat5(data: bytes, max_elements: int) -> dict[str, Any]:
    """Variables of a level 5 file.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_elements : int
        Larger arrays, and compressed variables that would grow beyond 16 bytes for each of these elements,
        are not read.

    Returns
    -------
    dict
        Arrays as ndarray, text as str, scalar structs as dict, everything else as :class:`Opaque`.

    Raises
    ------
    NotImplementedError
        If it is a MATLAB 7.3 (HDF5) file.
    ValueError
        If it is not a whole level 5 file.

    Notes
    -----
    The format is described in MathWorks, "MAT-File Format" (R2021a).
    """
    if len(data) < 128:
        raise ValueError("shorter than the header of a MATLAB file")
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None:
        raise ValueError("no MATLAB level 5 header")
    (version,) = struct.unpack_from(f"{order}H", data, 124)
    if version == 0x0200:
        raise NotImplementedError("MATLAB 7.3")
    if version != 0x0100:
        raise ValueError(f"unknown version {version:#06x}")
    reader = _Reader(order, max_elements, largest_content(len(data)))
    variables: dict[str, Any] = {}
    at = 128
    while at < len(data):
        kind, content, at = reader.element(data, at)
        if kind == _COMPRESSED:
            kind, content, _ = reader.element(reader.decompress(content), 0)
        if kind != _MATRIX:
            raise ValueError(f"element of type {kind} where a variable should be")
        name, value = reader.matrix(content, 0)
        if name and name in variables:
            raise ValueError(f"two variables are called {name!r}")
        variables[name] = value
    return variables


class _Reader:
    def __init__(self, order: str, max_elements: int, left: int) -> None:
        self.order = order
        self.max_elements = max_elements
        # Bytes that the whole file may still unpack to.
        self.left = left

    def decompress(self, content: bytes) -> bytes:
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(content, min(16 * self.max_elements, self.left))
        except zlib.error as error:
            raise ValueError(f"damaged compressed data ({error})") from error
        # Without its end the stream's checksum was never tested.
        if not unpacker.eof:
            raise ValueError("compressed data are cut off or too large")
        self.left = max(1, self.left - len(data))
        return data

    def element(self, data: bytes, at: int) -> tuple[int, bytes, int]:
        """Type, content and end of the element at `at`."""
        if at + 8 > len(data):
            raise ValueError("cut off within a tag")
        first, second = struct.unpack_from(f"{self.order}II", data, at)
        if first >> 16:
            # Up to four bytes are packed into the tag.
            kind, size, start, end = first & 0xFFFF, first >> 16, at + 4, at + 8
            if size > 4:
                raise ValueError("damaged tag")
        else:
            kind, size, start = first, second, at + 8
            end = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(data):
            raise ValueError("cut off within a variable")
        return kind, data[start : start + size], min(end, len(data))

    def numbers(self, data: bytes, at: int, count: int | None = None) -> tuple[np.ndarray, int]:
        kind, content, end = self.element(data, at)
        if kind not in _NUMBERS:
            raise ValueError(f"element of type {kind} where numbers should be")
        dtype = np.dtype(self.order + _NUMBERS[kind])
        if len(content) % dtype.itemsize or (count is not None and count * dtype.itemsize != len(content)):
            raise ValueError(f"{len(content)} bytes where {count} numbers should be")
        return np.frombuffer(content, dtype), end

    def matrix(self, data: bytes, depth: int) -> tuple[str, Any]:
        """Name and value of an array element."""
        if not data:
            # An empty field of a struct.
            return "", np.zeros((0, 0))
        flags, at = self.numbers(data, 0, 2)
        kind = int(flags[0]) & 0xFF
        if kind == 17:
            # Laid out in a way that is not documented.
            return "", Opaque(_CLASS_NAMES[kind])
        dims, at = self.numbers(data, at)
        shape = tuple(int(n) for n in dims)
        if dims.dtype.kind not in "iu" or len(shape) < 2 or min(shape) < 0:
            raise ValueError(f"impossible shape {shape}")
        _, raw_name, at = self.element(data, at)
        name = raw_name.decode("ascii", "replace")
        size = math.prod(shape)
        if size > self.max_elements:
            return name, Opaque(f"array of shape {shape}")
        if kind in _NUMERIC_CLASSES:
            value, at = self.numbers(data, at, size)
            if int(flags[0]) & _COMPLEX:
                imaginary, at = self.numbers(data, at, size)
                value = value + 1j * imaginary
            return name, value.reshape(shape, order="F")
        if kind == _CHAR:
            return name, self.text(data, at)
        if kind == _SPARSE and 8 * size > self.left:
            return name, Opaque(f"sparse matrix of shape {shape}")
        if kind == _SPARSE and len(shape) == 2 and not int(flags[0]) & _COMPLEX:
            return name, self.sparse(data, at, shape)
        if kind == _STRUCT and size == 1 and depth < _MAX_DEPTH:
            return name, self.struct(data, at, depth)
        return name, Opaque(_CLASS_NAMES.get(kind, "struct array" if kind == _STRUCT else f"class {kind}"))

    def text(self, data: bytes, at: int) -> str:
        kind, content, _ = self.element(data, at)
        codec = {_UTF8: "utf-8", 1: "utf-8", 2: "utf-8", _UTF16: "utf-16", 4: "utf-16", _UTF32: "utf-32"}.get(kind)
        if codec is None:
            raise ValueError(f"element of type {kind} where text should be")
        return content.decode(codec if codec == "utf-8" else codec + ("-le" if self.order == "<" else "-be"))

    def sparse(self, data: bytes, at: int, shape: tuple[int, ...]) -> np.ndarray:
        rows, at = self.numbers(data, at)
        starts, at = self.numbers(data, at, shape[1] + 1)
        values, at = self.numbers(data, at)
        count = int(starts[-1])
        per_column = [int(b) - int(a) for a, b in itertools.pairwise(starts)]
        inside = rows[:count]
        if int(starts[0]) != 0 or min(per_column, default=0) < 0 or count > min(rows.size, values.size):
            raise ValueError("damaged sparse matrix")
        if inside.dtype.kind not in "iu" or (count and not 0 <= inside.min() <= inside.max() < shape[0]):
            raise ValueError("damaged sparse matrix")
        full = np.zeros(shape)
        full[inside.astype(np.int64), np.repeat(np.arange(shape[1]), per_column)] = values[:count]
        return full

    def struct(self, data: bytes, at: int, depth: int) -> dict[str, Any]:
        length, at = self.numbers(data, at, 1)
        width = int(length[0])
        _, names, at = self.element(data, at)
        if width <= 0 or len(names) % width:
            raise ValueError("damaged field names")
        fields: dict[str, Any] = {}
        for start in range(0, len(names), width):
            kind, content, at = self.element(data, at)
            if kind != _MATRIX:
                raise ValueError(f"element of type {kind} where a field should be")
            name = names[start : start + width].split(b"\0")[0].decode("ascii", "replace")
            fields[name] = self.matrix(content, depth + 1)[1]
        return fields
