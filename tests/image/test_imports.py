"""Reading, changing and writing pictures does not import PyTorch."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import stylenet.image


def test_no_module_imports_torch() -> None:
    names = [f"stylenet.image.{module.name}" for module in pkgutil.iter_modules(stylenet.image.__path__)]
    assert "stylenet.image.files" in names
    code = f"import sys, {', '.join(names)}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_picture_is_read_resized_and_written_without_torch() -> None:
    code = (
        "import sys, numpy as np; from stylenet.image import color, files, masks, resize; "
        "picture = files.load_image(np.full((8, 9, 3), 0.5)); files.to_pil(resize.resize(picture.pixels, (4, 4))); "
        "masks.regions([masks.soften(masks.load_mask(picture), 2)], (9, 8)); color.palette(picture.pixels); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
