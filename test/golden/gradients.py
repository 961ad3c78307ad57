"""Losses, batch normalisation, pools and activations with their gradients, by PyTorch: test/golden/gradients.json.

usage, from the root of the checkout: command -p python3 test/golden/gradients.py && npx biome check --write test/golden

Maps are written as NHWC, the order that the kernels take.
"""
import json
from itertools import product

import torch
import torch.nn.functional as F

torch.manual_seed(2)


def numbers(t):
    t = t.detach()
    # Nine digits tell every float from its neighbours.
    return [float(f'{v:.9g}') for v in (t.permute(0, 2, 3, 1) if t.dim() == 4 else t).flatten().tolist()]


def gradient(y, dy, *inputs):
    return [numbers(g) for g in torch.autograd.grad(y, inputs, dy)]


def losses():
    logits = (3 * torch.randn(5, 7)).requires_grad_()
    weights = torch.rand(7) + 0.25
    for labels, weighted, smoothing in product(([3, 0, 6, 6, 1], [3, -100, 6, 2, -100]), (False, True), (0, 0.1)):
        options = {'weight': weights if weighted else None, 'label_smoothing': smoothing}
        target = torch.tensor(labels)
        mean = 0.3 * F.cross_entropy(logits, target, **options)
        yield {'labels': labels, 'weights': numbers(weights) if weighted else None, 'smoothing': smoothing,
               'scale': 0.3, 'logits': numbers(logits),
               'loss': numbers(F.cross_entropy(logits, target, reduction='none', **options)),
               'gradient': gradient(mean, None, logits)[0]}


def mse():
    y = torch.randn(3, 5).requires_grad_()
    target = torch.randn(3, 5)
    return {'y': numbers(y), 'target': numbers(target), 'scale': 0.3,
            'loss': numbers(F.mse_loss(y, target, reduction='none').mean(1)),
            'gradient': gradient(0.3 * F.mse_loss(y, target), None, y)[0]}


def norms():
    for shape, momentum, training in (((2, 5, 3, 3), 0.1, True), ((2, 16, 3, 3), 0.3, True), ((2, 5, 3, 3), 0.1, False)):
        c = shape[1]
        x = (torch.randn(shape) * torch.rand(c)[:, None, None] + 3 * torch.randn(c)[:, None, None]).requires_grad_()
        scale, shift = torch.randn(c).requires_grad_(), torch.randn(c).requires_grad_()
        mean, variance, dy = torch.randn(c), torch.rand(c) + 0.5, torch.randn(shape)
        given = {'mean': numbers(mean), 'variance': numbers(variance)}
        y = F.batch_norm(x, mean, variance, scale, shift, training, momentum, 1e-5)
        dx, dscale, dshift = gradient(y, dy, x, scale, shift)
        yield {'c': c, 'momentum': momentum, 'training': training, 'x': numbers(x), 'scale': numbers(scale),
               'shift': numbers(shift), 'dy': numbers(dy), 'before': given,
               'after': {'mean': numbers(mean), 'variance': numbers(variance)},
               'y': numbers(y), 'dx': dx, 'dscale': dscale, 'dshift': dshift}


def pools():
    # Few different numbers: many windows have their maximum more than once.
    x = torch.randint(-2, 3, (1, 5, 6, 7)).float().requires_grad_()
    for kernel, stride, pad in ((2, 2, 0), (3, 2, 1), (3, 1, 1)):
        y = F.max_pool2d(x, kernel, stride, pad)
        dy = torch.randn(y.shape)
        counted, alone = (F.avg_pool2d(x, kernel, stride, pad, count_include_pad=count) for count in (True, False))
        yield {'shape': [1, 6, 7, 5], 'out': list(y.shape[2:]), 'kernel': kernel, 'stride': stride, 'pad': pad,
               'x': numbers(x), 'dy': numbers(dy), 'max': gradient(y, dy, x)[0],
               'counted': gradient(counted, dy, x)[0], 'alone': gradient(alone, dy, x)[0]}


def activations():
    x = torch.cat([torch.tensor([0., -0., 3., -3., 6., -6., 1., -1., 30., -30.]), 4 * torch.randn(11)])
    dy = torch.randn(x.shape)
    functions = {
        'clamp_grad': (F.relu, 'y', [0, None]),
        'clamp_grad relu6': (F.relu6, 'y', [0, 6]),
        'tanh_grad': (torch.tanh, 'y', []),
        'sigmoid_grad': (torch.sigmoid, 'y', []),
        'leaky_relu_grad': (lambda x: F.leaky_relu(x, 0.3), 'x', [0.3]),
        'elu_grad': (lambda x: F.elu(x, 0.3), 'y', [0.3]),
        'softplus_grad': (F.softplus, 'x', []),
        'hard_swish_grad': (F.hardswish, 'x', []),
        'hard_sigmoid_grad': (F.hardsigmoid, 'y', [1 / 6]),
        'gelu_grad': (F.gelu, 'x', []),
        'gelu_tanh_grad': (lambda x: F.gelu(x, approximate='tanh'), 'x', []),
        'abs_grad': (torch.abs, 'x', []),
        'exp_grad': (torch.exp, 'y', []),
    }
    for name, (f, saved, constants) in functions.items():
        v = x.clone().requires_grad_()
        y = f(v)
        yield {'kernel': name.split()[0], 'constants': constants, 'saved': numbers(y if saved == 'y' else v),
               'dy': numbers(dy), 'dx': gradient(y, dy, v)[0]}


def lrn():
    x, dy = (3 * torch.randn(2, 9, 2, 1)).requires_grad_(), torch.randn(2, 9, 2, 1)
    for size, alpha, beta, k in ((5, 0.5, 0.75, 1), (3, 1e-4, 0.6, 2)):
        y = F.local_response_norm(x, size, alpha, beta, k)
        yield {'c': 9, 'constants': [size, alpha, beta, k], 'x': numbers(x), 'dy': numbers(dy),
               'dx': gradient(y, dy, x)[0]}


def prelu():
    x, dy = torch.randn(2, 5, 3, 3).requires_grad_(), torch.randn(2, 5, 3, 3)
    for c in (5, 1):
        slope = torch.randn(c).requires_grad_()
        dx, dslope = gradient(F.prelu(x, slope), dy, x, slope)
        yield {'c': c, 'x': numbers(x), 'dy': numbers(dy), 'slope': numbers(slope), 'dx': dx, 'dslope': dslope}


parts = {'entropy': losses(), 'mse': [mse()], 'norm': norms(), 'pool': pools(), 'activation': activations(),
         'lrn': lrn(), 'prelu': prelu()}
with open('test/golden/gradients.json', 'w') as file:
    file.write('{\n' + ',\n'.join(f'  "{name}": [\n' + ',\n'.join(f'    {json.dumps(case)}' for case in cases) + '\n  ]'
                                  for name, cases in parts.items()) + '\n}\n')
