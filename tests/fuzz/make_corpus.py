#!/usr/bin/env python3
"""Writes the binary seeds of tests/fuzz/corpus; those that are text are written by hand.

Run from the top of the tree. Equal calls write equal bytes.
"""
import gzip
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

CORPUS = Path("tests/fuzz/corpus")


def put(target, name, content):
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    (CORPUS / target / name).write_bytes(content)


def packed(content):
    return gzip.compress(content, mtime=0)


def idx(code, sizes, content):
    return bytes([0, 0, code, len(sizes)]) + b"".join(struct.pack(">I", n) for n in sizes) + content


def npy(descr, shape, content, version=1, order="False"):
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + content


def png(width, height, depth, colour, lines, interlaced=0, more=()):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    middle = b"".join(chunk(*each) for each in more)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + middle + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def safetensors(header, content):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


def archive(names, way=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            entry = zipfile.ZipInfo("m/" + name)
            entry.compress_type = way
            made.writestr(entry, f"content of {name}")
    return out.getvalue()


def widened(plain):
    """The archive with the end record and the locator of ZIP64, as torch.jit.save writes them."""
    entries, length, offset = struct.unpack("<HII", plain[-12:-2])
    end = len(plain) - 22
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, length, offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    return plain[:end] + wide + locator + plain[end:]


def checkpoint(**changes):
    """checkpoint.json of the folder that checkpoint_target.cpp saves."""
    content = {"w": {"data_offsets": [0, 24], "dtype": "F32", "shape": [6]}}
    header = json.dumps(content, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    tensors = struct.pack("<Q", len(header)) + header + struct.pack("<6f", *range(6))
    meta = {"step": 3}
    text = {
        "format": 1,
        "meta": meta,
        "meta_crc32": f"{zlib.crc32(json.dumps(meta, separators=(',', ':')).encode()):08x}",
        "tensors": {"bytes": len(tensors), "crc32": f"{zlib.crc32(tensors):08x}", "file": "tensors-0.safetensors"},
    }
    return (json.dumps(text | changes, indent=2) + "\n").encode()


put("checkpoint", "whole", checkpoint())
put("checkpoint", "newer", checkpoint(format=2))
put("checkpoint", "changed", checkpoint(meta={"step": 4, "beta": [0.1, -0.0, None]}))
put("idx", "bytes", idx(8, [2, 1, 3], bytes(range(6))))
put("idx", "floats", idx(0x0D, [2, 2], struct.pack(">4f", 1, -2, 0.5, 1e30)))
put("idx", "compressed", packed(idx(0x0B, [3], struct.pack(">3h", 1, -2, 3))))
put("npy", "floats", npy("<f4", "(2, 1)", struct.pack("<2f", 1.5, -2)))
put("npy", "unsigned", npy(">u2", "(2,)", b"\xff\xff\0\1", version=2))
put("npy", "dimensions", npy("<u2", "(" + "1," * 64 + ")", b"\7\0"))
put("npy", "compressed", packed(npy("|b1", "(1, 2, 2)", b"\0\1\1\0", version=3, order="True")))
put("png", "grey", png(3, 2, 8, 0, b"\0\1\2\3\1\4\5\6"))
put("png", "colours", png(2, 1, 8, 2, b"\0\1\2\3\4\5\6"))
put("png", "bits", png(9, 1, 1, 0, b"\0\xaa\x80", more=[(b"tEXt", b"Title\0nine")]))
put("png", "palette", png(2, 2, 4, 3, b"\0\x01\0\x10", more=[(b"PLTE", bytes(6))]))
put("png", "interlaced", png(2, 2, 8, 0, b"\0\1\0\2\0\3\4", interlaced=1))
put("rows", "idx", idx(8, [1, 2], b"\1\2"))
put("rows", "npy", npy("<i8", "(1,)", bytes(8)))
put("rows", "png", png(1, 1, 8, 0, b"\0\7"))
put("rows", "csv", packed(b"a,b\n1,2\n"))
put("rows", "zip", archive(["x.npy"]))
put("csv", "compressed", packed(b"x;y\n1;2.5\n3;4\n"))
put("csv", "marked", b"\xef\xbb\xbf\"two\nlines\",n\r\n1,2\r\n")
put("torchscript", "stored", archive(["data.pkl", "code/m.py", "constants.pkl", "version"]))
put("torchscript", "deflated", archive(["constants.pkl", "data.pkl"], zipfile.ZIP_DEFLATED))
put("torchscript", "wide", widened(archive(["data.pkl", "constants.pkl"])))
put("torchscript", "weights_only", archive(["data.pkl", "version"]))
two = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
flags = {"dtype": "BOOL", "shape": [1, 3], "data_offsets": [8, 11]}
none = {"dtype": "I64", "shape": [0, 4], "data_offsets": [11, 11]}
put("safetensors", "tensors", safetensors({"w": two, "is": flags, "none": none}, bytes(8) + b"\0\1\1"))
put("safetensors", "metadata", safetensors({"__metadata__": {"format": "pt"}, "w": two}, bytes(8)))
put("safetensors", "scalar", safetensors({"s": {"dtype": "BF16", "shape": [], "data_offsets": [0, 2]}}, b"\x80\x3f"))
put("safetensors", "empty", safetensors({}, b""))
