"""Numbers that both sides compute: test/random.ts in Python."""
import numpy as np
import torch


def floats(count, seed):
    """Single-precision numbers from −1 to 1 (mulberry32)."""
    with np.errstate(over='ignore'):
        state = np.uint32(seed % 2**32) + np.uint32(0x6d2b79f5) * np.arange(1, count + 1, dtype=np.uint32)
        t = (state ^ (state >> np.uint32(15))) * (np.uint32(1) | state)
        t = (t + (t ^ (t >> np.uint32(7))) * (np.uint32(61) | t)) ^ t
        t = t ^ (t >> np.uint32(14))
    return (t.astype(np.float64) / 2**32 * 2 - 1).astype(np.float32)


def tensor(shape, seed, scale=1, shift=0):
    """shift + scale · floats, in single precision."""
    values = floats(int(np.prod(shape)), seed).astype(np.float64) * scale + shift
    return torch.tensor(values.astype(np.float32)).reshape(shape)


def numbers(t, digits=9):
    return [float(f'{v:.{digits}g}') for v in t.detach().flatten().tolist()]
