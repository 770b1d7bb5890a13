"""Reads grey frames from standard input and prints the texts of the codes in each: a line a frame, tabs between texts.

A frame is its width and height, four bytes each, most significant first, and its pixels. The settings are those of the counter's
page for its camera (counter/page/decoder.js), whose decoder is the same code as WebAssembly.
"""

import struct
import sys

import zxingcpp
from PIL import Image

SETTINGS = {
    "formats": zxingcpp.BarcodeFormat.QRCode,
    "try_rotate": True,
    "try_invert": False,
    "try_downscale": False,
}

while size := sys.stdin.buffer.read(8):
    width, height = struct.unpack(">II", size)
    frame = Image.frombytes("L", (width, height), sys.stdin.buffer.read(width * height))
    print("\t".join(code.text for code in zxingcpp.read_barcodes(frame, **SETTINGS) if code.valid), flush=True)
