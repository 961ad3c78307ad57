// Which taps of a sliding window lie inside a map, along one axis.

/** Smallest tap whose position start + tap·dilation is not negative. */
// @ts-ignore: decorator
@inline
export function firstTap(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : (dilation - 1 - start) / dilation
}

/** One past the largest of k taps whose position start + tap·dilation is below size. */
// @ts-ignore: decorator
@inline
export function lastTap(start: i32, dilation: i32, k: i32, size: i32): i32 {
  const reach = size - start + dilation - 1
  return reach >= k * dilation ? k : reach / dilation
}
