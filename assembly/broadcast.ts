import { clamp, gather, storeLanes } from './simd'
import { pow as power } from './scalar'

// One operation on two operands, by four loops whose steps say which values are stretched. Which one is a constant wherever
// it is asked for in a row: the compiler leaves the one formula there.
const ADD = 0
const SUB = 1
const MUL = 2
const DIV = 3
const MAX = 4
const MIN = 5
const PRELU = 6
const POW = 7

// @ts-ignore: decorator
@inline
function combine(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b)
  if (op == SUB) return f32x4.sub(a, b)
  if (op == MUL) return f32x4.mul(a, b)
  if (op == DIV) return f32x4.div(a, b)
  if (op == MAX) return f32x4.max(a, b)
  if (op == MIN) return f32x4.min(a, b)
  if (op == PRELU) return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, f32x4.splat(0)))
  let v = f32x4.splat(power(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)))
  v = f32x4.replace_lane(v, 1, power(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)))
  v = f32x4.replace_lane(v, 2, power(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)))
  return f32x4.replace_lane(v, 3, power(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)))
}

// A row by whatever steps, and the last few values of any: one copy for all operations, which is 2 KB less.
function rest(op: i32, y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  for (; n > 0; n -= 4) {
    storeLanes(y, clamp(combine(op, gather(p, pStep, n), gather(q, qStep, n)), lo, hi), n)
    p += pStep << 2
    q += qStep << 2
    y += 16
  }
}

// @ts-ignore: decorator
@inline
function row(op: i32, y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  if (pStep == 4 && qStep == 4) {
    for (; n >= 4; n -= 4) {
      v128.store(y, clamp(combine(op, v128.load(p), v128.load(q)), lo, hi))
      p += 16
      q += 16
      y += 16
    }
  } else if ((pStep | qStep) == 4) {
    // One of them is repeated.
    const pv = v128.load32_splat(p)
    const qv = v128.load32_splat(q)
    for (; n >= 4; n -= 4) {
      v128.store(y, clamp(combine(op, pStep != 0 ? v128.load(p) : pv, qStep != 0 ? v128.load(q) : qv), lo, hi))
      p += pStep << 2
      q += qStep << 2
      y += 16
    }
  }
  if (n > 0) rest(op, y, p, q, n, pStep, qStep, lo, hi)
}

function addRow(y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  row(ADD, y, p, q, n, pStep, qStep, lo, hi)
}

function subRow(y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  row(SUB, y, p, q, n, pStep, qStep, lo, hi)
}

function mulRow(y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  row(MUL, y, p, q, n, pStep, qStep, lo, hi)
}

function divRow(y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  row(DIV, y, p, q, n, pStep, qStep, lo, hi)
}

function maxRow(y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  row(MAX, y, p, q, n, pStep, qStep, lo, hi)
}

function minRow(y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  row(MIN, y, p, q, n, pStep, qStep, lo, hi)
}

function preluRow(y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  row(PRELU, y, p, q, n, pStep, qStep, lo, hi)
}

function powRow(y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  // A square is what most networks ask for.
  if (qStep == 0 && load<f32>(q) == 2) return mulRow(y, p, p, n, pStep, pStep, lo, hi)
  rest(POW, y, p, q, n, pStep, qStep, lo, hi)
}

function nest(
  op: i32, y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  const pStep = <usize>a3 << 2
  const qStep = <usize>b3 << 2
  for (let i = 0; i < n0; ++i) {
    for (let j = 0; j < n1; ++j) {
      for (let k = 0; k < n2; ++k) {
        const p = a + (<usize>(i * a0 + j * a1 + k * a2) << 2)
        const q = b + (<usize>(i * b0 + j * b1 + k * b2) << 2)
        // Rows as short as that have nothing else.
        if (n3 < 4 && op != POW) rest(op, y, p, q, n3, pStep, qStep, low, high)
        else switch (op) {
          case ADD: addRow(y, p, q, n3, pStep, qStep, low, high); break
          case SUB: subRow(y, p, q, n3, pStep, qStep, low, high); break
          case MUL: mulRow(y, p, q, n3, pStep, qStep, low, high); break
          case DIV: divRow(y, p, q, n3, pStep, qStep, low, high); break
          case MAX: maxRow(y, p, q, n3, pStep, qStep, low, high); break
          case MIN: minRow(y, p, q, n3, pStep, qStep, low, high); break
          case PRELU: preluRow(y, p, q, n3, pStep, qStep, low, high); break
          default: powRow(y, p, q, n3, pStep, qStep, low, high)
        }
        y += <usize>n3 << 2
      }
    }
  }
}

/**
 * y[i][j][k][l] = clamp(a[i·a0 + j·a1 + k·a2 + l·a3] + b[i·b0 + j·b1 + k·b2 + l·b3])
 *
 * y: n0×n1×n2×n3, contiguous. The steps are in floats; 0 repeats a value, which is broadcasting. y may be the operand
 * whose steps are those of y. All functions below are this one with another operation.
 */
export function add(
  y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  nest(ADD, y, a, b, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3, lo, hi)
}

/** y = clamp(a − b) */
export function sub(
  y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  nest(SUB, y, a, b, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3, lo, hi)
}

/** y = clamp(a · b) */
export function mul(
  y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  nest(MUL, y, a, b, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3, lo, hi)
}

/** y = clamp(a / b) */
export function div(
  y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  nest(DIV, y, a, b, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3, lo, hi)
}

/** y = clamp(max(a, b)), NaN if one of them is */
export function max(
  y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  nest(MAX, y, a, b, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3, lo, hi)
}

/** y = clamp(min(a, b)), NaN if one of them is */
export function min(
  y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  nest(MIN, y, a, b, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3, lo, hi)
}

/** y = clamp(a < 0 ? a·b : a) (He et al. 2015) */
export function prelu(
  y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  nest(PRELU, y, a, b, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3, lo, hi)
}

/** y = clamp(aᵇ), within 1 unit in the last place; scalar.ts tells what becomes of numbers that are not ordinary */
export function pow(
  y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  nest(POW, y, a, b, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3, lo, hi)
}
