"""Writes schedules.json: factors of the learning rate by torch.optim.lr_scheduler.

usage, from the root of the checkout: command -p python3 test/golden/schedules.py && npx biome check --write test/golden
"""
import json
from warnings import filterwarnings

import torch
from lenet5 import ROOT
from torch.optim import lr_scheduler as schedulers

filterwarnings('ignore')


def factors(steps, make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)
    scheduler = make(optimizer)
    found = []
    for step in range(steps):
        found.append(optimizer.param_groups[0]['lr'])
        if step < steps - 1:
            scheduler.step()
    return found


def one_cycle(steps, **options):
    return factors(steps, lambda o: schedulers.OneCycleLR(o, 1, total_steps=steps, cycle_momentum=False, **options))


golden = {
    'oneCycle': [
        {'steps': 10, 'options': {}, 'factors': one_cycle(10)},
        {'steps': 37, 'options': {}, 'factors': one_cycle(37)},
        {'steps': 20, 'options': {'rise': 0.25, 'start': 10, 'end': 100},
         'factors': one_cycle(20, pct_start=0.25, div_factor=10, final_div_factor=100)},
    ],
    'cosine': [
        {'steps': steps, 'options': {'least': least},
         'factors': factors(steps, lambda o: schedulers.CosineAnnealingLR(o, steps, least))}
        for steps, least in ((10, 0), (23, 0.05))
    ],
    'stepDecay': [
        {'steps': 12, 'options': {'every': 5, 'gamma': 0.3}, 'factors': factors(12, lambda o: schedulers.StepLR(o, 5, 0.3))},
        {'steps': 12, 'options': {}, 'factors': factors(12, lambda o: schedulers.StepLR(o, 4, 0.1))},
    ],
}
(ROOT / 'test/golden/schedules.json').write_text(json.dumps(golden))
