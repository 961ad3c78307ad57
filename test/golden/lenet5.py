"""LeNet-5 in PyTorch with the weights of models/lenet5/lenet5.onnx: what the golden files of lenet5_*.py are made with."""
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn

ROOT = Path(__file__).resolve().parents[2]


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5), nn.Tanh())
        self.classifier = nn.Sequential(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def lenet5():
    net = LeNet5().eval()
    weights = onnx.load(ROOT / 'models/lenet5/lenet5.onnx').graph.initializer
    net.load_state_dict({w.name: torch.tensor(numpy_helper.to_array(w)) for w in weights})
    return net


def logits(images):
    """Of uint8 images, N×28×28, white on black: N×10."""
    padded = nn.functional.pad(torch.as_tensor(images), (2, 2, 2, 2))
    x = (padded.float() / 255 - 0.1307) / 0.3081
    with torch.no_grad():
        return lenet5()(x[:, None])
