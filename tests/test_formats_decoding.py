"""Pictures from files: every readable mode becomes RGB, every damaged file a fault that names it."""

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rccar_models.errors import DataError
from rccar_models.formats.decoding import SEVERAL, read_image, read_mask


def read(path: Path) -> np.ndarray:
    return read_image(path, root=path.parent)[0]


def noise(size: tuple[int, int] = (16, 12)) -> Image.Image:
    values = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize(
    ("mode", "suffix", "colour", "expected"),
    [
        ("RGB", "png", (10, 20, 30), [10, 20, 30]),
        ("RGB", "bmp", (10, 20, 30), [10, 20, 30]),
        ("L", "png", 77, [77, 77, 77]),
        ("RGBA", "png", (10, 20, 30, 0), [10, 20, 30]),
        ("LA", "png", (77, 9), [77, 77, 77]),
        ("1", "png", 1, [255, 255, 255]),
        ("L", "jpg", 77, [77, 77, 77]),
        ("RGB", "tif", (10, 20, 30), [10, 20, 30]),
        ("RGBA", "tiff", (10, 20, 30, 0), [10, 20, 30]),
        ("CMYK", "tif", (255, 0, 0, 0), [0, 255, 255]),
    ],
)
def test_pictures_of_every_8_bit_mode_become_rgb(
    tmp_path: Path, mode: str, suffix: str, colour: object, expected: list[int]
) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new(mode, (4, 3), colour).save(path)  # type: ignore[arg-type]
    image = read(path)
    assert image.shape == (3, 4, 3)
    assert image.dtype == np.uint8
    assert image[1, 2].tolist() == expected


def test_picture_with_a_palette_shows_its_colours(tmp_path: Path) -> None:
    picture = Image.new("P", (4, 3), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    picture.save(tmp_path / "a.png")
    assert read(tmp_path / "a.png")[0, 0].tolist() == [200, 100, 50]


def test_webp_without_loss_is_read(tmp_path: Path) -> None:
    noise().save(tmp_path / "a.webp", lossless=True)
    assert read(tmp_path / "a.webp").tolist() == np.asarray(noise()).tolist()


@pytest.mark.parametrize("suffix", ["tif", "webp"])
def test_first_of_several_pictures_in_a_file_is_used_with_a_warning(tmp_path: Path, suffix: str) -> None:
    pages = [Image.new("RGB", (4, 3), colour) for colour in ("white", "black")]
    path = tmp_path / f"a.{suffix}"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    image, warnings = read_image(path, root=tmp_path)
    assert image.min() == 255
    assert warnings == (SEVERAL,)


def test_picture_of_16_bits_is_refused_by_mode(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 4), 40_000, np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(DataError, match=r"deep.png: mode I;16 has more than 8 bits"):
        read(tmp_path / "deep.png")


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp", "tif"])
def test_cut_off_picture_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"half.{suffix}"
    noise((64, 48)).save(path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=rf"half.{suffix}: cannot be decoded"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_file_that_is_no_picture_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fake.jpg").write_bytes(content)
    with pytest.raises(DataError, match=r"fake.jpg: cannot be decoded"):
        read(tmp_path / "fake.jpg")


def test_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone.png: no such file"):
        read(tmp_path / "gone.png")


def test_any_flipped_byte_of_a_png_gives_a_picture_or_a_data_error(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    noise().save(buffer, "PNG")
    whole, path = buffer.getvalue(), tmp_path / "a.png"
    for position in range(len(whole)):
        for flip in (0xFF, 0x01):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :])
            for reader in (read_image, read_mask):
                with suppress(DataError):
                    reader(path, root=tmp_path)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_decompression_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 8000, 7000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(bomb)
    with pytest.raises(DataError, match=r"bomb.png: 56 million pixels are too many"):
        read(tmp_path / "bomb.png")


def test_exif_orientation_is_ignored_with_a_warning(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (4, 3)).save(tmp_path / "a.jpg", exif=exif)
    image, warnings = read_image(tmp_path / "a.jpg", root=tmp_path)
    assert image.shape == (3, 4, 3)
    assert len(warnings) == 1
    assert "EXIF orientation is ignored" in warnings[0]


def test_upright_picture_has_no_warning(tmp_path: Path) -> None:
    noise().save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", root=tmp_path)[1] == ()


def test_mask_of_floats_is_refused(tmp_path: Path) -> None:
    Image.new("F", (4, 3), 1.0).save(tmp_path / "m.tiff")
    with pytest.raises(DataError, match=r"m.tiff: mode F instead of class ids"):
        read_mask(tmp_path / "m.tiff", root=tmp_path)
