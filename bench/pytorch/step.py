"""Training steps of PyTorch for bench/train.mjs: usage step.py NETWORK BATCH HEIGHT [PARAMETERS TO TRAIN...]. Tells its version,
then reads numbers of steps, a line each, and answers with milliseconds of processor time for all of them and the most memory so far, in KB."""
import json
import resource
import sys
import time
from fnmatch import fnmatch

import torch
from torch.nn import functional as F

import networks

name, batch, size, *patterns = sys.argv[1:]
torch.manual_seed(0)
net = getattr(networks, name)().train()
for parameter, value in net.named_parameters():
    value.requires_grad = not patterns or any(fnmatch(parameter, pattern) for pattern in patterns)
# As in convlet, what is frozen normalises by its running statistics.
for layer in net.modules():
    if isinstance(layer, torch.nn.BatchNorm2d):
        layer.train(layer.weight.requires_grad)
images = torch.randn(int(batch), 1 if name == "lenet5" else 3, int(size), int(size))
labels = torch.arange(int(batch)) % 10
optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 1e-3, momentum=0.9)
print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
for line in sys.stdin:
    begin = time.process_time()
    for _ in range(int(line)):
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()
    milliseconds = (time.process_time() - begin) * 1e3
    print(json.dumps({"milliseconds": milliseconds, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}), flush=True)
