// The weights' transform of Winograd's F(2×2, 5×5): 36 multiplications where the definition has 100. Its points are those of
// F(4×4, 3×3), and so the rest of it is in winograd4.ts.

// u = Gg, five weights to six, step and fromStep bytes apart. u may be g.
// @ts-ignore: decorator
@inline
function weightLine(u: usize, step: usize, g: usize, fromStep: usize): void {
  const g0 = v128.load(g)
  const g1 = v128.load(g + fromStep)
  const g2 = v128.load(g + 2 * fromStep)
  const g3 = v128.load(g + 3 * fromStep)
  const g4 = v128.load(g + 4 * fromStep)
  const sixth = f32x4.splat(-1.0 / 6)
  const even = f32x4.add(f32x4.add(g0, g4), g2)
  const odd = f32x4.add(g1, g3)
  // At ±2: (g0 + 4·g2 + 16·g4)/24 and (2·g1 + 8·g3)/24.
  const four = f32x4.splat(4)
  const even2 = f32x4.mul(f32x4.splat(1.0 / 24), f32x4.add(g0, f32x4.mul(four, f32x4.add(g2, f32x4.mul(four, g4)))))
  const odd2 = f32x4.mul(f32x4.splat(1.0 / 12), f32x4.add(g1, f32x4.mul(four, g3)))
  v128.store(u, f32x4.mul(f32x4.splat(0.25), g0))
  v128.store(u + step, f32x4.mul(sixth, f32x4.add(even, odd)))
  v128.store(u + 2 * step, f32x4.mul(sixth, f32x4.sub(even, odd)))
  v128.store(u + 3 * step, f32x4.add(even2, odd2))
  v128.store(u + 4 * step, f32x4.sub(even2, odd2))
  v128.store(u + 5 * step, g4)
}

/**
 * weights4 for 5×5 taps. What lies between its two products goes to mid, 5 of each 6 vectors that are midTap bytes apart; where mid is
 * u and count 1, planes of u may be w itself.
 */
export function weights5(
  u: usize, uTap: usize, w: usize, row: usize, tap: usize, mid: usize, midTap: usize, count: i32, step: usize,
): void {
  for (let i = count; i > 0; --i) {
    for (let j: usize = 0; j < 5; ++j) weightLine(mid + j * midTap, 6 * midTap, w + j * tap, row)
    for (let j: usize = 0; j < 36; j += 6) weightLine(u + j * uTap, uTap, mid + j * midTap, midTap)
    u += step
    w += step
  }
}
