// Output o of an axis lies at (o + a)·p/q + b of the input. In double precision: at a fraction of small integers exactly.
// @ts-ignore: decorator
@inline
function source(o: i32, a: f32, p: f32, q: f32, b: f32, size: i32): f64 {
  const at = ((<f64>o + <f64>a) * <f64>p) / <f64>q + <f64>b
  return min<f64>(max<f64>(at, 0), <f64>(size - 1))
}

/**
 * y[n][i][j][c] = x[n][⌊v(i)⌋][⌊v(j)⌋][c], v(o) = (o + a)·p/q + b, inside the map
 *
 * x: N×H×W×C, y: N×OH×OW×C; ph, qh, bh are of the rows, pw, qw, bw of the columns.
 */
export function resize_nearest(
  y: usize, x: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  a: f32, ph: f32, qh: f32, bh: f32, pw: f32, qw: f32, bw: f32,
): void {
  resize(false, y, x, n, h, w, c, oh, ow, a, ph, qh, bh, pw, qw, bw)
}

/**
 * y[n][i][j][c] = x[n][v(i)][v(j)][c], between pixels the mean of the four about it, each weighed by its nearness
 *
 * As resize_nearest. Beyond the border the map goes on as at the border.
 */
export function resize_linear(
  y: usize, x: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  a: f32, ph: f32, qh: f32, bh: f32, pw: f32, qw: f32, bw: f32,
): void {
  resize(true, y, x, n, h, w, c, oh, ow, a, ph, qh, bh, pw, qw, bw)
}

function resize(
  linear: boolean, y: usize, x: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  a: f32, ph: f32, qh: f32, bh: f32, pw: f32, qw: f32, bw: f32,
): void {
  const row = <usize>(w * c) << 2
  const wide = c >= 4
  for (; n > 0; --n) {
    for (let i = 0; i < oh; ++i) {
      const v = source(i, a, ph, qh, bh, h)
      const above = x + <usize>v * row
      const below = <i32>v < h - 1 ? row : 0
      const down = f32x4.splat(<f32>(v - floor(v)))
      for (let j = 0; j < ow; ++j) {
        const u = source(j, a, pw, qw, bw, w)
        const right = <i32>u < w - 1 ? <usize>c << 2 : 0
        const across = f32x4.splat(<f32>(u - floor(u)))
        const corner = above + (<usize>(<i32>u * c) << 2)
        for (let k = 0; k < c; k += wide ? 4 : 1) {
          // The last four channels may overlap the four before them.
          const at = <usize>(wide ? min(k, c - 4) : k) << 2
          const p = corner + at
          let t = some(p, wide)
          if (linear) {
            t = between(t, some(p + right, wide), across)
            t = between(t, between(some(p + below, wide), some(p + below + right, wide), across), down)
          }
          if (wide) v128.store(y + at, t)
          else v128.store32_lane(y + at, t, 0)
        }
        y += <usize>c << 2
      }
    }
    x += <usize>h * row
  }
}

// Four floats, or one.
// @ts-ignore: decorator
@inline
function some(x: usize, wide: boolean): v128 {
  return wide ? v128.load(x) : v128.load32_zero(x)
}

// @ts-ignore: decorator
@inline
function between(a: v128, b: v128, share: v128): v128 {
  return f32x4.add(a, f32x4.mul(f32x4.sub(b, a), share))
}
