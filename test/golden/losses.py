"""Writes losses.json: ten steps of training LeNet-5 and ResNet-20 in PyTorch, each with two optimizers.

usage, from the root of the checkout: command -p python3 test/golden/losses.py && npx biome check --write test/golden

Weights and images are what test/train/losses.test.ts makes by the same formula. What single precision makes of the sums is
told against the same run in double precision. Where a sum is as good as 0, its rounding decides whether a ReLU lets a gradient
through; ResNet-20 has a million of them, so that it learns slowly here, lest the steps that follow differ more than by roundings.
"""
import json
from math import sqrt

import torch
import torch.nn.functional as F
from formula import numbers, tensor
from lenet5 import ROOT, lenet5
from torch import nn

torch.set_num_threads(1)


class Block(nn.Module):
    def __init__(self, fed, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(fed, channels, 3, 2 if fed != channels else 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        more = y.shape[1] - x.shape[1]
        if more:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more // 2, more // 2))
        return F.relu(y + x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(Block(16, 16) for _ in range(3)))
        self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def formula(name, shape, seed):
    """Weak branches: otherwise ten steps make the roundings of the first so large that no two programs agree."""
    if len(shape) > 1:
        return tensor(shape, seed, sqrt(6 / (shape[1] * (9 if len(shape) == 4 else 1))) / 2)
    if name.endswith('bn2.weight'):
        return tensor(shape, seed, 0.1, 0.25)
    return tensor(shape, seed, 0.1, 1 if name.endswith(('.weight', 'running_var')) else 0)


def resnet20():
    net = ResNet20()
    names = [name for name in net.state_dict() if not name.endswith('tracked')]
    # Seeds go by the alphabet.
    state = {name: formula(name, net.state_dict()[name].shape, 100 + i) for i, name in enumerate(sorted(names))}
    net.load_state_dict(state, strict=False)
    return net


def train(make, shape, optimizer, dtype):
    net = make().to(dtype).train()
    update = optimizer(net.parameters())
    losses = []
    for step in range(10):
        input = tensor(shape, 1000 + step).to(dtype)
        labels = torch.tensor([(7 * i + step) % 10 for i in range(shape[0])])
        update.zero_grad()
        loss = F.cross_entropy(net(input), labels)
        loss.backward()
        update.step()
        losses.append(loss.item())
    statistics = {name: values for name, values in net.state_dict().items() if 'running' in name}
    return losses, statistics


def golden(name, make, shape, optimizers):
    for kind, optimizer in optimizers.items():
        losses, statistics = train(make, shape, optimizer, torch.float32)
        exact, exact_statistics = train(make, shape, optimizer, torch.float64)
        off = max(abs(a - b) / b for a, b in zip(losses, exact))
        parts = [((v - exact_statistics[k]).abs().max() / exact_statistics[k].abs().max()).item() for k, v in statistics.items()]
        print(f'{name} {kind}: {losses[0]:.5f} … {losses[-1]:.5f}, single precision is off by {off:.1e}, '
              f'in the running statistics by {max(parts, default=0):.1e}')
        yield {'network': name, 'optimizer': kind, 'losses': [float(f'{v:.9g}') for v in losses],
               'exact': [float(f'{v:.9g}') for v in exact],
               'statistics': {name: numbers(v, 7) for name, v in exact_statistics.items()}}


runs = [
    *golden('lenet5', lenet5, (32, 1, 32, 32), {
        'momentum': lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        'adam': lambda p: torch.optim.Adam(p, lr=1e-3)}),
    *golden('resnet20', resnet20, (8, 3, 32, 32), {
        'nesterov': lambda p: torch.optim.SGD(p, lr=5e-4, momentum=0.9, nesterov=True, weight_decay=1e-4),
        'adamW': lambda p: torch.optim.AdamW(p, lr=3e-6, weight_decay=0.01)}),
]
(ROOT / 'test/golden/losses.json').write_text(json.dumps(runs))
