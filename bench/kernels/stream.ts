/**
 * Touches n bytes at x, a multiple of 512: one load per line of 64 bytes, eight streams. The fastest way to read memory that was
 * found: one stream has 80 % of its speed, two 90 %, four 95 %.
 */
export function read(x: usize, n: usize): i32 {
  const eighth = n >> 3
  let sum = 0
  for (const end = x + eighth; x < end; x += 64) {
    let p = x
    sum += load<i32>(p)
    p += eighth
    sum += load<i32>(p)
    p += eighth
    sum += load<i32>(p)
    p += eighth
    sum += load<i32>(p)
    p += eighth
    sum += load<i32>(p)
    p += eighth
    sum += load<i32>(p)
    p += eighth
    sum += load<i32>(p)
    p += eighth
    sum += load<i32>(p)
  }
  return sum
}
