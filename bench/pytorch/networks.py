"""The networks that the benchmarks of training need, as convlet/models has them. All of PyTorch runs on one thread."""
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(),
        nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))


class Block(nn.Module):
    """Two 3×3 convolutions; the shortcut is option A of He et al. 2015, as in akamaster's ResNet-20."""

    def __init__(self, before, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, 1 if before == channels else 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.half = (channels - before) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.half:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.half, self.half))
        return F.relu(y + x)


def resnet20():
    """Weights as He et al. 2015 would have them, biases 0."""
    widths = [16] * 4 + [32] * 3 + [64] * 3
    blocks = [Block(before, channels) for before, channels in zip(widths, widths[1:])]
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net


def resnet18():
    from torchvision.models import resnet18

    return resnet18()
