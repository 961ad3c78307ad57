"""Exports torchvision's networks as ONNX, with two images and PyTorch's output for them, for bench/torch.mjs to compare with.

usage: command -p python3 bench/export_networks.py FOLDER NAME...
writes FOLDER/NAME.onnx, NAME.in.f32, NAME.out.f32 (raw little-endian float32, NCHW)

Weights by He, statistics of batch norm that are not 0 and 1, a tenth of the variance from each residual block, and images that
have little in common, noise and waves: so that the output depends on what every layer does.
"""
import sys
import torch
import torchvision
from torch import nn
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import BasicBlock, Bottleneck

LAST_NORM = {BasicBlock: lambda b: b.bn2, Bottleneck: lambda b: b.bn3, InvertedResidual: lambda b: b.conv[-1]}


def seed(net):
    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            if m.bias is not None:
                m.bias.normal_(0, 0.1)
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.2)
            m.running_var.uniform_(0.5, 1.5)
            m.weight.uniform_(0.8, 1.2)
            m.bias.normal_(0, 0.1)
    for m in net.modules():
        if type(m) in LAST_NORM:
            LAST_NORM[type(m)](m).weight.mul_(0.35)


folder, names = sys.argv[1], sys.argv[2:]
torch.manual_seed(0)
torch.set_grad_enabled(False)
row = torch.arange(224.0)
waves = torch.sin(row / 5)[None, :] * torch.cos(row / 11)[:, None]
for name in names:
    aux = dict(aux_logits=False, init_weights=False) if name == "googlenet" else {}
    net = getattr(torchvision.models, name)(**aux).eval()
    seed(net)
    x = torch.stack([torch.randn(3, 224, 224), waves.expand(3, 224, 224)])
    y = net(x)
    path = f"{folder}/{name}"
    batch = {0: "N"}
    torch.onnx.export(net, x, path + ".onnx", opset_version=13, input_names=["input"], output_names=["output"],
                      dynamic_axes={"input": batch, "output": batch})
    x.numpy().astype("<f4").tofile(path + ".in.f32")
    y.numpy().astype("<f4").tofile(path + ".out.f32")
    print(name, "largest", float(y.abs().max()), flush=True)
