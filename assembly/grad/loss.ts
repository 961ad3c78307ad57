import { log2 } from '../scalar'
import { exp, loadLanes, storeLanes } from '../simd'

// The largest of a row; a NaN shows in the sum of the exponentials.
function most(x: usize, c: i32): f32 {
  let top = -Infinity as f32
  for (let j = 0; j < c; ++j) top = max(top, load<f32>(x + (<usize>j << 2)))
  return top
}

// Σ e^(x[j] − top)
function exponentials(x: usize, c: i32, top: f32): f64 {
  let sum = f64x2.splat(0)
  for (; c > 0; c -= 4) {
    let e = exp(f32x4.sub(loadLanes(x, c), f32x4.splat(top)))
    if (c < 4) e = v128.and(e, i32x4.gt_s(i32x4.splat(c), i32x4(0, 1, 2, 3)))
    const upper = i64x2.shuffle(e, e, 1, 1)
    sum = f64x2.add(sum, f64x2.add(f64x2.promote_low_f32x4(e), f64x2.promote_low_f32x4(upper)))
    x += 16
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

// Of a class, or of one that there is not (an image to be ignored): 0.
function weightOf(weights: usize, label: f32, c: i32): f64 {
  if (!(label >= 0 && label < <f32>c)) return 0
  return weights == 0 ? 1 : load<f32>(weights + (<usize>label << 2))
}

/**
 * loss[i] = (1 − ε)·w[k]·l[k] + ε/c·Σ_j w[j]·l[j], l[j] = −log softmax(logits[i])[j], k = labels[i], ε the smoothing
 *
 * logits: n × c, loss, labels: n, weights: c, or 0: all are 1. Labels are indices of classes, as floats; an image with
 * another label has no loss. PyTorch's cross_entropy with reduction 'none'.
 */
export function cross_entropy(
  loss: usize, logits: usize, labels: usize, weights: usize, n: i32, c: i32, smoothing: f64,
): void {
  for (; n > 0; --n) {
    const label = load<f32>(labels)
    const weight = weightOf(weights, label, c)
    let sum: f64 = 0
    if (label >= 0 && label < <f32>c) {
      const top = most(logits, c)
      const log = log2(exponentials(logits, c, top)) * 0.6931471805599453 + top
      sum = (1 - smoothing) * weight * (log - load<f32>(logits + (<usize>label << 2)))
      // Not with ε = 0: the logarithm of a probability of 0 is infinite.
      if (smoothing > 0) sum += smoothing / <f64>c * penalties(logits, weights, c, log)
    }
    store<f32>(loss, <f32>sum)
    loss += 4
    labels += 4
    logits += <usize>c << 2
  }
}

// Σ_j w[j]·(log − x[j])
function penalties(x: usize, weights: usize, c: i32, log: f64): f64 {
  let sum: f64 = 0
  for (let j = 0; j < c; ++j) {
    const at = <usize>j << 2
    const weight: f64 = weights == 0 ? 1 : load<f32>(weights + at)
    sum += weight * (log - load<f32>(x + at))
  }
  return sum
}

/**
 * dlogits[i] = scale / Σ_i w[k] · ((1 − ε)·w[k]·(p − [j = k]) + ε/c·(p·Σ_j w[j] − w[j])), p = softmax(logits[i])
 *
 * As cross_entropy; times scale the gradient of its mean, which PyTorch takes by the weights of the labels. dlogits may be
 * logits.
 */
export function cross_entropy_grad(
  dlogits: usize, logits: usize, labels: usize, weights: usize, n: i32, c: i32, smoothing: f64, scale: f64,
): void {
  let count: f64 = 0
  for (let i = 0; i < n; ++i) count += weightOf(weights, load<f32>(labels + (<usize>i << 2)), c)
  let all: f64 = <f64>c
  if (weights != 0) {
    all = 0
    for (let j = 0; j < c; ++j) all += load<f32>(weights + (<usize>j << 2))
  }
  const part = smoothing / <f64>c
  for (; n > 0; --n) {
    const label = load<f32>(labels)
    // A label that is no class, or whose weight is 0 with all others: nothing to learn.
    if (label >= 0 && label < <f32>c && count != 0) {
      const share = scale / count
      const hit = share * (1 - smoothing) * weightOf(weights, label, c)
      const k = <usize>label << 2
      entropyRow(dlogits, logits, weights, c, hit + share * part * all, <f32>(share * part))
      store<f32>(dlogits + k, load<f32>(dlogits + k) - <f32>hit)
    } else {
      memory.fill(dlogits, 0, <usize>c << 2)
    }
    dlogits += <usize>c << 2
    logits += <usize>c << 2
    labels += 4
  }
}

// y = factor·softmax(x) − part·w
function entropyRow(y: usize, x: usize, weights: usize, c: i32, factor: f64, part: f32): void {
  const top = most(x, c)
  const scale = f32x4.splat(<f32>(factor / exponentials(x, c, top)))
  let weight = f32x4.splat(part)
  for (; c > 0; c -= 4) {
    if (weights != 0) {
      weight = f32x4.mul(loadLanes(weights, c), f32x4.splat(part))
      weights += 16
    }
    const e = exp(f32x4.sub(loadLanes(x, c), f32x4.splat(top)))
    storeLanes(y, f32x4.sub(f32x4.mul(e, scale), weight), c)
    x += 16
    y += 16
  }
}

/**
 * loss[i] = Σ_j (y[i][j] − target[i][j])² / c
 *
 * y, target: n × c, loss: n.
 */
export function mse(loss: usize, y: usize, target: usize, n: i32, c: i32): void {
  for (; n > 0; --n) {
    let sum: f64 = 0
    for (let j = 0; j < c; ++j) {
      const d = <f64>load<f32>(y + (<usize>j << 2)) - load<f32>(target + (<usize>j << 2))
      sum += d * d
    }
    store<f32>(loss, <f32>(sum / <f64>c))
    loss += 4
    y += <usize>c << 2
    target += <usize>c << 2
  }
}

/** dy[i][j] = scale·2·(y[i][j] − target[i][j]) / (n·c), all n × c: the gradient of the mean of all. dy may be y. */
export function mse_grad(dy: usize, y: usize, target: usize, n: i32, c: i32, scale: f64): void {
  const factor = f32x4.splat(<f32>(2 * scale / (<f64>n * <f64>c)))
  for (let left = n * c; left > 0; left -= 4) {
    storeLanes(dy, f32x4.mul(f32x4.sub(loadLanes(y, left), loadLanes(target, left)), factor), left)
    dy += 16
    y += 16
    target += 16
  }
}
