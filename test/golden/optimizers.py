"""Ten steps of torch.optim's optimizers with every option that convlet has: test/golden/optimizers.json.

usage, from the root of the checkout: command -p python3 test/golden/optimizers.py && npx biome check --write test/golden
"""
import json
from itertools import product

import torch

torch.manual_seed(1)
STEPS = 10
KEPT = (1, 2, STEPS)
weights = torch.randn(9)
# Its sign is 0, and it moves by the first gradient.
weights[4] = 0
gradients = torch.randn(STEPS, 9)

PENALTIES = [{'decay': decay, 'l1': l1} for decay, l1 in product((0, 0.05), (0, 0.02))]
SGD = [{}, {'momentum': 0.9}, {'momentum': 0.9, 'dampening': 0.3}, {'momentum': 0.8, 'nesterov': True}]


def sgd(w, o):
    return torch.optim.SGD([w], lr=o['lr'], momentum=o['momentum'], dampening=o['dampening'], nesterov=o['nesterov'],
                           weight_decay=o['decay'])


def adagrad(w, o):
    return torch.optim.Adagrad([w], lr=o['lr'], eps=o['epsilon'], weight_decay=o['decay'])


def rmsprop(w, o):
    return torch.optim.RMSprop([w], lr=o['lr'], alpha=o['alpha'], eps=o['epsilon'], momentum=o['momentum'],
                               weight_decay=o['decay'])


def adam(w, o):
    make = torch.optim.AdamW if o['decoupled'] else torch.optim.Adam
    return make([w], lr=o['lr'], betas=(o['beta1'], o['beta2']), eps=o['epsilon'], weight_decay=o['decay'])


def cases():
    for penalty in PENALTIES:
        for options in SGD:
            yield sgd, {'lr': 0.1, 'momentum': 0, 'dampening': 0, 'nesterov': False, **options, **penalty}
        for epsilon in (1e-10, 0.1):
            yield adagrad, {'lr': 0.1, 'epsilon': epsilon, **penalty}
        for momentum, epsilon in ((0, 1e-8), (0.9, 1e-8), (0.9, 0.1)):
            yield rmsprop, {'lr': 0.01, 'alpha': 0.9, 'epsilon': epsilon, 'momentum': momentum, **penalty}
        for decoupled, beta2 in product((False, True), (0.999, 0.9)):
            yield adam, {'lr': 0.01, 'beta1': 0.9, 'beta2': beta2, 'epsilon': 1e-8, 'decoupled': decoupled, **penalty}


def numbers(t):
    # Nine digits tell every float from its neighbours.
    return [float(f'{v:.9g}') for v in t.tolist()]


def run(make, o):
    w = weights.clone().requires_grad_()
    optimizer = make(w, o)
    kept = []
    for step, g in enumerate(gradients, 1):
        # torch.optim knows no L1.
        w.grad = g + o['l1'] * w.detach().sign()
        optimizer.step()
        if step in KEPT:
            kept.append(numbers(w))
    return {'optimizer': make.__name__, 'options': o, 'weights': kept}


results = ',\n'.join(f'    {json.dumps(run(make, o))}' for make, o in cases())
with open('test/golden/optimizers.json', 'w') as file:
    file.write(f'{{\n  "weights": {json.dumps(numbers(weights))},\n  "gradients": {json.dumps([numbers(g) for g in gradients])},\n'
               f'  "steps": {list(KEPT)},\n  "cases": [\n{results}\n  ]\n}}\n')
