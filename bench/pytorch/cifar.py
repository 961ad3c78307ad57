"""ResNet-20 from nothing on CIFAR-10 in PyTorch, on one thread: the twin of cifar.mjs. From the repository's root:
command -p python3 bench/pytorch/cifar.py [epochs [batch [seed]]]"""
import gzip
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F

from networks import resnet20

epochs, batch, seed = (int(given) for given in (sys.argv[1:] + ["15", "64", "1"][len(sys.argv) - 1 :]))
torch.manual_seed(seed)


def cifar(name):
    rows = np.frombuffer(gzip.open(f"../shared/datasets/cifar10/{name}.bin.gz").read(), np.uint8).reshape(-1, 3073)
    return torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(rows[:, 0].astype(np.int64))


MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).reshape(3, 1, 1)
STD = torch.tensor([0.247, 0.2435, 0.2616]).reshape(3, 1, 1)


def normal(images):
    return (images.float() / 255 - MEAN) / STD


def augment(images):
    """Each image mirrored or not, and moved by up to 4 pixels, black where nothing is."""
    wide = F.pad(images, (4, 4, 4, 4))
    moved = torch.empty_like(images)
    for i, (flips, y, x) in enumerate(zip(torch.rand(len(images)) < 0.5, *torch.randint(0, 9, (2, len(images))))):
        image = wide[i, :, y : y + 32, x : x + 32]
        moved[i] = image.flip(2) if flips else image
    return moved


def main():
    images, labels = cifar("train-10000")
    tests, answers = cifar("test-2000")
    net = resnet20()
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=5e-4)
    steps = epochs * -(-len(images) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps, cycle_momentum=False)
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread, seed {seed}, {epochs} epochs, batch {batch}", flush=True)
    for epoch in range(1, epochs + 1):
        net.train()
        begin, total, right = time.time(), 0.0, 0
        for ids in torch.randperm(len(images)).split(batch):
            optimizer.zero_grad(set_to_none=True)
            scores = net(normal(augment(images[ids])))
            loss = F.cross_entropy(scores, labels[ids])
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(ids)
            right += (scores.argmax(1) == labels[ids]).sum().item()
        seconds = time.time() - begin
        net.eval()
        with torch.no_grad():
            scores = torch.cat([net(normal(part)) for part in tests.split(batch)])
        print(
            f"epoch {epoch}  loss {total / len(images):.4f}  train {right / len(images):.2%}  "
            f"test loss {F.cross_entropy(scores, answers):.4f}  test {(scores.argmax(1) == answers).float().mean():.2%}  {seconds:.1f} s",
            flush=True,
        )


main()
