"""Writes training.json: gradients of every operator that training goes through, by PyTorch in double precision.

usage, from the root of the checkout: command -p python3 test/golden/training.py && npx biome check --write test/golden

Every network is x → 1×1 convolution (so that the gradient of the operator's input shows) → the operator → flatten → linear →
cross-entropy. Of each gradient there are its norm and at most 24 numbers, equally far apart. Operators by the names of the cases in
test/train/operators.ts, which has them in convlet's terms.
"""
import json
from math import prod, sqrt

import torch
import torch.nn.functional as F
from formula import numbers, tensor
from lenet5 import ROOT

torch.set_num_threads(1)
# Not all different: the gradients of the three images would cancel each other.
LABELS = torch.tensor([2, 0, 2])


def seed_of(name):
    return sum((i + 1) * ord(c) for i, c in enumerate(name))


def parameter(name, shape):
    if len(shape) == 2 or len(shape) == 4 and shape[1] * shape[2] * shape[3] > 1 and shape[0] > 1:
        return tensor(shape, seed_of(name), 1 / sqrt(prod(shape[1:])))
    return tensor(shape, seed_of(name), 0.5, 1 if name[0] in 'sv' else 0)


def conv(stride=1, pad=0, dilation=1, groups=1, kernel=(3, 3), channels=6, bias=True):
    """pad: one number, or top, left, bottom, right."""
    t, left, b, r = pad if isinstance(pad, tuple) else (pad,) * 4

    def run(x, p):
        w = p('w', channels, x.shape[1] // groups, *kernel)
        return F.conv2d(F.pad(x, (left, r, t, b)), w, p('b', channels) if bias else None, stride, 0, dilation, groups)
    return run


def norm(frozen):
    def run(x, p):
        m, v = p('m', x.shape[1]), p('v', x.shape[1])
        return F.batch_norm(x, m, v, p('s', x.shape[1]), p('t', x.shape[1]), not frozen, 0.1, 1e-3)
    return run


# Channels behind the first convolution (default 5), the operator, and the size of the map (default 6×5).
CASES = {
    'Conv': conv(),
    'Conv: 1×1': conv(kernel=(1, 1)),
    'Conv: 5×5, pads': conv(kernel=(5, 5), pad=2),
    'Conv: 3×3, pads, wide': (8, conv(pad=1, channels=12)),
    'Conv: 3×3, a map for Winograd': (16, conv(pad=1, channels=24), 14, 13),
    'Conv: 5×5, a map for Winograd': (16, conv(pad=2, channels=16, kernel=(5, 5)), 13, 14),
    'Conv: stride 2': conv(stride=2, pad=1),
    'Conv: strides 3 and 2, pads all different': conv(stride=(3, 2), pad=(2, 0, 1, 3), kernel=(4, 3)),
    'Conv: dilation 2': conv(dilation=2, pad=2),
    'Conv: dilation 2 and stride 2': conv(dilation=(1, 2), stride=2, pad=2),
    'Conv: groups': (6, conv(groups=3, pad=1, channels=9)),
    'Conv: groups, stride and dilation': (8, conv(groups=2, pad=2, stride=2, dilation=2, channels=4, bias=False)),
    'Conv: depthwise': (8, conv(groups=8, pad=1, channels=8)),
    'Conv: depthwise, stride 2': (7, conv(groups=7, pad=1, stride=2, channels=7)),
    'Conv: depthwise, dilation 2': (5, conv(groups=5, pad=2, dilation=2, channels=5)),
    'Conv: depthwise, two outputs each': (4, conv(groups=4, pad=1, channels=8)),
    'Conv: rows': conv(kernel=(1, 3), pad=(0, 1, 0, 1)),
    'Gemm': lambda x, p: F.linear(x.flatten(1), p('w', 6, x[0].numel()), p('b', 6)),
    'Gemm without bias, of features': lambda x, p: F.linear(x.mean((2, 3)), p('w', 6, x.shape[1])),
    'MaxPool': lambda x, p: F.max_pool2d(x, 2),
    'MaxPool: overlapping, pads': lambda x, p: F.max_pool2d(x, 3, 2, 1),
    'MaxPool: ceil': lambda x, p: F.max_pool2d(x, 2, 2, ceil_mode=True),
    'MaxPool: dilation': lambda x, p: F.max_pool2d(x, 2, 1, dilation=2),
    'AveragePool': lambda x, p: F.avg_pool2d(x, 2),
    'AveragePool: pads not counted': lambda x, p: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
    'AveragePool: pads counted': lambda x, p: F.avg_pool2d(x, 3, 2, 1, count_include_pad=True),
    'AveragePool: ceil': lambda x, p: F.avg_pool2d(x, 3, 3, ceil_mode=True),
    'AveragePool: ceil, pads counted': lambda x, p: F.avg_pool2d(x, 3, 3, 1, ceil_mode=True, count_include_pad=True),
    'GlobalAveragePool': lambda x, p: x.mean((2, 3), keepdim=True),
    'GlobalMaxPool': lambda x, p: x.amax((2, 3), keepdim=True),
    'BatchNormalization': norm(False),
    'BatchNormalization: frozen': norm(True),
    'BatchNormalization of features': lambda x, p: norm(False)(x.flatten(1), p),
    'LRN': lambda x, p: F.local_response_norm(x, 3, 0.5, 0.75, 1),
    'LRN: a window wider than the channels': lambda x, p: F.local_response_norm(x, 15, 0.5, 0.6, 2),
    'Relu': lambda x, p: F.relu(x),
    'LeakyRelu': lambda x, p: F.leaky_relu(x, 0.1),
    'PRelu': lambda x, p: F.prelu(x, p('a', x.shape[1], 1, 1).flatten()),
    'Clip': lambda x, p: x.clamp(-0.25, 0.5),
    'Clip: ReLU6': lambda x, p: F.relu6(8 * x),
    'Tanh': lambda x, p: torch.tanh(x),
    'Sigmoid': lambda x, p: torch.sigmoid(x),
    'HardSwish': lambda x, p: F.hardswish(4 * x),
    'HardSigmoid': lambda x, p: F.hardsigmoid(4 * x),
    'Elu': lambda x, p: F.elu(x, 0.7),
    'Gelu': lambda x, p: F.gelu(x),
    'Gelu: tanh': lambda x, p: F.gelu(x, approximate='tanh'),
    'Softplus': lambda x, p: F.softplus(x),
    'Exp, Sqrt, Neg, Abs': lambda x, p: ((-torch.sqrt(torch.exp(x))) + p('k', x.shape[1], 1, 1)).abs(),
    'Softmax': lambda x, p: x.softmax(1),
    'Softmax of features': lambda x, p: x.flatten(1).softmax(1),
    'LogSoftmax': lambda x, p: x.log_softmax(1),
    'Add: a number per channel': lambda x, p: x + p('k', x.shape[1], 1, 1),
    'Add: one number for all': lambda x, p: x + p('k', 1),
    'Add: a row': lambda x, p: x + p('k', 1, 1, 1, x.shape[3]),
    'Add: itself': lambda x, p: x + x,
    'Sub': lambda x, p: p('k', x.shape[1], 1, 1) - x,
    'Mul': lambda x, p: x * p('k', 1, x.shape[1], 1, 1),
    'Mul: a map by its means': lambda x, p: x * x.mean((2, 3), keepdim=True),
    'Mul: itself': lambda x, p: x * x,
    'Div': lambda x, p: x / p('v', x.shape[1], 1, 1),
    'Div: by a map': lambda x, p: p('k', x.shape[1], 1, 1) / torch.exp(x),
    'Concat': lambda x, p: torch.cat([x, torch.tanh(x), F.relu(x)], 1),
    'Concat along the rows': lambda x, p: torch.cat([x, torch.tanh(x)], 2),
    'Slice': lambda x, p: x[:, :, 1::2, :-1],
    'Slice of channels': lambda x, p: x[:, 1:4],
    'Pad': lambda x, p: F.pad(x, (1, 2, 0, 1), value=0.5),
    'Pad: channels': lambda x, p: F.pad(x, (0, 0, 0, 0, 2, 1)),
    'Pad: negative': lambda x, p: F.pad(x, (-1, 0, 1, -2)),
    'Transpose, Reshape': lambda x, p: torch.tanh(x.permute(0, 3, 1, 2)).reshape(3, 5, -1),
    'ReduceMean': lambda x, p: x.mean(2),
    'ReduceSum': lambda x, p: x.sum((1, 3), keepdim=True) ** 2,
}


def gradients(name, case):
    channels, operator, *map = (*case, 6, 5)[:4] if isinstance(case, tuple) else (5, case, 6, 5)
    made = {}

    def p(name, *shape):
        made[name] = parameter(name, shape).double().requires_grad_(name not in ('m', 'v') or 'Batch' not in case_name)
        return made[name]
    case_name = name
    x = tensor((3, 2, *map), 7).double()
    h = F.conv2d(x, p('front.w', channels, 2, 1, 1), p('front.b', channels))
    y = operator(h, p).flatten(1)
    scores = F.linear(y, p('fc.w', 3, y.shape[1]), p('fc.b', 3))
    loss = F.cross_entropy(scores, LABELS)
    trained = {name: v for name, v in made.items() if v.requires_grad}
    # The largest of the channels' norms: in the sum over a channel the terms, and not their roundings, may cancel.
    flow = torch.autograd.grad(loss, h, retain_graph=True)[0].pow(2).sum((0, 2, 3)).sqrt().max()
    found = {}
    for name, g in zip(trained, torch.autograd.grad(loss, trained.values())):
        step = max(1, -(-g.numel() // 24))
        found[name] = {'norm': numbers(g.norm())[0], 'most': numbers(g.abs().max())[0], 'step': step,
                       'numbers': numbers(g.flatten()[::step], 8)}
    running = {name: numbers(v, 8) for name, v in made.items() if not v.requires_grad}
    return {'map': map, 'flow': numbers(flow)[0], 'shapes': {name: list(v.shape) for name, v in made.items()}, 'loss': numbers(loss)[0],
            'gradients': found, **({'running': running} if running else {})}


found = {name: gradients(name, case) for name, case in CASES.items()}
(ROOT / 'test/golden/training.json').write_text(json.dumps(found, ensure_ascii=False))
