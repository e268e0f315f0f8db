"""How do the loops reach the bytes of a str, or of bytes? They read the object's own."""

import ctypes
import sys

import numpy as np
from bpelab.bpe.encoders.compiled.machine import Bytes

_WRITABLE = 0x200  # PyBUF_WRITE; nothing is written, but the loops are compiled for one type of array


def utf8_in_place(text: str) -> Bytes:
    r"""Return the UTF-8 of a text: valid while the text exists, and never to be written to.

    The bytes of an ASCII text are its UTF-8. Any other text keeps its UTF-8 with it from the first time on,
    as it does for every extension that asks for it. Raises `UnicodeEncodeError` for a surrogate.

    >>> utf8_in_place("né").tobytes()
    b'n\xc3\xa9'
    """
    if sys.implementation.name != "cpython" or not text:
        return np.frombuffer(bytearray(text.encode("utf-8")), dtype=np.uint8)
    n_bytes = ctypes.c_ssize_t()
    address = _as_utf8(text, ctypes.byref(n_bytes))
    return np.frombuffer(_memory_at(address, n_bytes.value, _WRITABLE), dtype=np.uint8)


def bytes_in_place(data: bytes) -> Bytes:
    """Return bytes as an array: valid while they exist, and never to be written to.

    >>> bytes_in_place(b"ab")
    array([97, 98], dtype=uint8)
    """
    if sys.implementation.name != "cpython" or not data:
        return np.frombuffer(bytearray(data), dtype=np.uint8)
    return np.frombuffer(_memory_at(_address_of(data), len(data), _WRITABLE), dtype=np.uint8)


_as_utf8 = ctypes.pythonapi["PyUnicode_AsUTF8AndSize"]
_as_utf8.argtypes = [ctypes.py_object, ctypes.POINTER(ctypes.c_ssize_t)]
_as_utf8.restype = ctypes.c_void_p
_address_of = ctypes.pythonapi["PyBytes_AsString"]
_address_of.argtypes = [ctypes.py_object]
_address_of.restype = ctypes.c_void_p
_memory_at = ctypes.pythonapi["PyMemoryView_FromMemory"]
_memory_at.argtypes = [ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int]
_memory_at.restype = ctypes.py_object
