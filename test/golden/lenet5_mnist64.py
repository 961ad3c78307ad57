"""Writes lenet5_mnist64.f32: PyTorch's logits of the first 64 MNIST test images, 64×10 raw little-endian float32.

usage: command -p python3 test/golden/lenet5_mnist64.py [OUT]    (needs torch, onnx and ../shared/datasets/mnist)
"""
import gzip
import sys

import numpy as np
from lenet5 import ROOT, logits

mnist = ROOT.parent / 'shared/datasets/mnist'
images = np.frombuffer(gzip.open(mnist / 't10k-images-idx3-ubyte.gz').read(), np.uint8, offset=16).reshape(-1, 28, 28)
labels = np.frombuffer(gzip.open(mnist / 't10k-labels-idx1-ubyte.gz').read(), np.uint8, offset=8)
for count in (10000, 64):
    out = logits(images[:count].copy())
    print(f'{int((out.argmax(1).numpy() == labels[:count]).sum())} of {count} right')
out.numpy().astype('<f4').tofile(sys.argv[1] if len(sys.argv) > 1 else ROOT / 'test/golden/lenet5_mnist64.f32')
