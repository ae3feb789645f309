"""Draws the HEIC pictures of tests/fixtures/photos: Node has no encoder for HEVC.

Run: python scripts/make-heic-fixtures.py (needs: pip install pillow pillow-heif), after
scripts/make-photo-fixtures.ts, whose drawn lighthouse palette.png it takes as the picture.
What each must give stands in cases.ts beside them.
"""

import io
import struct
from pathlib import Path

import pillow_heif
from PIL import Image, ImageCms

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "photos"
# Without chroma subsampling, so that decoders cannot differ in how they undo it.
ENCODING = {"quality": 80, "chroma": 444}


def encode(image: Image.Image, **options) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, **{**ENCODING, **options})
    return out.getvalue()


def write(name: str, content: bytes) -> None:
    (OUT / name).write_bytes(content)


def boxes(content: bytes, start: int, end: int):
    """(type, first byte of the content, end) of the boxes in [start, end)."""
    while start < end:
        size, kind = struct.unpack_from(">I4s", content, start)
        yield kind, start + 8, start + size
        start += size


def property_at(content: bytes, kind: bytes) -> int:
    """Where the content of the first item property of a kind begins."""
    (meta,) = [box for box in boxes(content, 0, len(content)) if box[0] == b"meta"]
    (iprp,) = [box for box in boxes(content, meta[1] + 4, meta[2]) if box[0] == b"iprp"]
    ipco = next(boxes(content, iprp[1], iprp[2]))
    return next(at for found, at, _ in boxes(content, ipco[1], ipco[2]) if found == kind)


def claim(content: bytes, width: int, height: int) -> bytes:
    """The same file with another size in its header."""
    changed = bytearray(content)
    struct.pack_into(">II", changed, property_at(content, b"ispe") + 4, width, height)
    return bytes(changed)


def turned(picture: Image.Image, orientation: int) -> bytes:
    """Stored turned, with irot and imir to undo it, and an EXIF orientation that nobody may apply again."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = picture.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    heif = pillow_heif.from_pillow(stored)
    heif.info["exif"] = exif.tobytes()
    out = io.BytesIO()
    heif.save(out, **ENCODING)
    return out.getvalue()


def deep(picture: Image.Image) -> bytes:
    """10 bits a channel: 16-bit rows, which the encoder rounds."""
    rgb = picture.tobytes()
    wide = struct.pack(f"<{len(rgb)}H", *(value * 257 for value in rgb))
    heif = pillow_heif.from_bytes(mode="RGB;16", size=picture.size, data=wide)
    out = io.BytesIO()
    heif.save(out, **ENCODING)
    return out.getvalue()


def display_p3(picture: Image.Image) -> bytes:
    """As phones write: the same colours, in numbers of Display P3, with its profile from display-p3.jpg."""
    with Image.open(OUT / "display-p3.jpg") as photo:
        profile = photo.info["icc_profile"]
    target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    converted = ImageCms.profileToProfile(
        picture, ImageCms.createProfile("sRGB"), target, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    heif = pillow_heif.from_pillow(converted)
    heif.info["icc_profile"] = profile
    heif.info["icc_profile_type"] = "prof"
    out = io.BytesIO()
    heif.save(out, **ENCODING)
    return out.getvalue()


def main() -> None:
    with Image.open(OUT / "palette.png") as photo:
        picture = photo.convert("RGB")
    plain = encode(picture)
    write("picture.heic", plain)
    for orientation in (6, 7, 4):
        write(f"orientation-{orientation}.heic", turned(picture, orientation))
    write("depth-10.heic", deep(picture))
    write("display-p3.heic", display_p3(picture))
    # Tiles of 64 × 64, as phones cut photos, the last ones reaching beyond the edge.
    write("tiles.heic", encode(picture, tile_size=64))
    see_through = Image.new("RGBA", (64, 64), (255, 0, 0, 128))
    see_through.paste((10, 200, 30, 0), (0, 32, 64, 64))
    write("transparent.heic", encode(see_through))
    write("truncated.heic", plain[: len(plain) * 6 // 10])
    write("claims-400-megapixels.heic", claim(plain, 20_000, 20_000))
    # Of another size than its header tells.
    write("claims-less.heic", claim(plain, 80, 60))
    # Whole boxes around pixels that are none.
    corrupt = bytearray(plain)
    (mdat,) = [box for box in boxes(plain, 0, len(plain)) if box[0] == b"mdat"]
    corrupt[mdat[1] : mdat[2]] = b"\xa5" * (mdat[2] - mdat[1])
    write("corrupt.heic", bytes(corrupt))
    for file in sorted(OUT.glob("*.heic")):
        print(file.name, file.stat().st_size)


if __name__ == "__main__":
    main()
