#!/usr/bin/env python3
"""`facet peer W5_train` with PyTorch on one thread of the CPU: prints RESULT {json} of the same form.

    OMP_NUM_THREADS=1 taskset -c 0 /usr/bin/python3 harness/bench/peers/torch-nn4-training.py

nn4.small2 (batch norm on batch statistics, normalisation across channels, L2 pooling) learns by semi-hard triplets from one
batch of 8 people times 4 pictures of 96 px: forward, backward, AdamW, and the loss is read back. The net is that of
test/fixtures/make-nn4-training.py; weights, pictures and the miner's choices are those of harness/bench/peer-training.ts, so
that the losses of the first steps agree. Needs PyTorch and NumPy, which Facet does not.
"""
import importlib.util
import json
import pathlib
import resource
import time

import numpy as np
import torch
import torch.nn.functional as F

fixture = pathlib.Path(__file__).parents[3] / 'test' / 'fixtures' / 'make-nn4-training.py'
spec = importlib.util.spec_from_file_location('nn4_training', fixture)
nn4 = importlib.util.module_from_spec(spec)
spec.loader.exec_module(nn4)
torch.set_default_dtype(torch.float32)

PEOPLE, PICTURES, SIDE, MARGIN, SEED = 8, 4, 96, 0.2, 5
N = PEOPLE * PICTURES


def weights():
    nn4.SEED = SEED
    found = {}
    for conv, norm, shape in nn4.convolutions():
        found[f'{conv}.weight'] = torch.from_numpy(nn4.he_or_glorot(f'{conv}.weight', shape)).float()
        found[f'{norm}.weight'], found[f'{norm}.bias'] = torch.ones(shape[0]), torch.zeros(shape[0])
    found['dense.weight'] = torch.from_numpy(nn4.he_or_glorot('dense.weight', (128, 736))).float()
    found['dense.bias'] = torch.zeros(128)
    return {name: w.requires_grad_() for name, w in found.items()}


def pictures():
    count = 3 * SIDE * SIDE
    drawn = [np.floor(128 * (nn4.uniform(100 + n // PICTURES, count) + nn4.uniform(200 + n, count))) for n in range(N)]
    return torch.from_numpy(np.stack(drawn).reshape(N, SIDE, SIDE, 3) / 255).float().permute(0, 3, 1, 2).contiguous()


LABELS = torch.arange(N) // PICTURES
SAME = LABELS[:, None] == LABELS[None, :]
PAIRS = (SAME & ~torch.eye(N, dtype=torch.bool)).nonzero()


def semi_hard(rows, step):
    """Mean of the losses of every pair for which there is a semi-hard negative; which one is a hash of seed and pair."""
    # As Facet's kernel: differences, not |a|^2 - 2ab + |b|^2, which cancels.
    d = ((rows[:, None, :] - rows[None, :, :]) ** 2).sum(2)
    a, p = PAIRS[:, 0], PAIRS[:, 1]
    with torch.no_grad():
        positive = d[a, p][:, None]
        fits = (d[a] > positive) & (d[a] < positive + MARGIN) & ~SAME[a]
        counts = fits.sum(1)
        seed = int(nn4.hash32(int(nn4.hash32(SEED, step)), 0))
        drawn = torch.from_numpy(nn4.hash32(seed, (a * N + p).numpy()).astype(np.int64)) % counts.clamp(min=1)
        # The first candidate of which `drawn` others lie before it.
        chosen = ((fits.cumsum(1) == drawn[:, None] + 1) & fits).int().argmax(1)
        mined = counts > 0
    a, p, n = a[mined], p[mined], chosen[mined]
    return F.relu(d[a, p] - d[a, n] + MARGIN).sum() / max(1, len(a))


W, X = weights(), pictures()
RUNNING = {norm: (torch.zeros(shape[0]), torch.ones(shape[0])) for _, norm, shape in nn4.convolutions()}
nn4.crops = lambda: X
OPTIMIZER = torch.optim.AdamW([
    {'params': [w for w in W.values() if w.dim() > 1], 'weight_decay': 1e-2},
    {'params': [w for w in W.values() if w.dim() == 1], 'weight_decay': 0.0},
], lr=1e-3, betas=(0.9, 0.999), eps=1e-8, foreach=True)


def run(step):
    OPTIMIZER.zero_grad(set_to_none=True)
    loss = semi_hard(nn4.Exact.unit(nn4.net(nn4.Exact, W, X, RUNNING)), step)
    loss.backward()
    OPTIMIZER.step()
    return loss.item()


begun = time.perf_counter()
first = run(1)
first_ms = 1e3 * (time.perf_counter() - begun)
times, cpu = [], []
while len(times) < 5 or (sum(times) < 1500 and len(times) < 30):
    begun, spent = time.perf_counter(), time.process_time()
    run(len(times) + 2)
    times.append(1e3 * (time.perf_counter() - begun))
    cpu.append(1e3 * (time.process_time() - spent))
print('RESULT ' + json.dumps({
    'first_ms': first_ms,
    'times_ms': times,
    'cpu_ms': cpu,
    'check': {'n': 1, 'absmean': first},
    'rss_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    'device': f'torch {torch.__version__} CPU, {torch.get_num_threads()} thread',
}))
