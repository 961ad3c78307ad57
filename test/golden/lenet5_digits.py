"""Writes lenet5_digits.json: PyTorch's logits of the ten drawn digits.

usage: command -p python3 test/golden/lenet5_digits.py       (needs torch, onnx, Pillow)
"""
from textwrap import fill

import numpy as np
from lenet5 import ROOT, logits
from PIL import Image

images = np.stack([np.array(Image.open(ROOT / f'models/lenet5/digits/{d}.png')) for d in range(10)])
assert images.shape == (10, 28, 28) and images.dtype == np.uint8
out = logits(images)
for digit, row in enumerate(out.softmax(1)):
    best = int(row.argmax())
    print(f'{digit}: {best} {float(row[best]):.4f}')
    assert best == digit
# A float32 written as the float64 of the same value loses nothing.
rows = (fill(', '.join(map(repr, row)), 120, initial_indent=' ' * 6, subsequent_indent=' ' * 6) for row in out.tolist())
text = ',\n'.join(f'    [\n{row}\n    ]' for row in rows)
(ROOT / 'test/golden/lenet5_digits.json').write_text(f'{{\n  "logits": [\n{text}\n  ]\n}}\n')
