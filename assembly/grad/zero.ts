/** y[i] = 0 for i < n */
export function zero(y: usize, n: i32): void {
  memory.fill(y, 0, <usize>n << 2)
}
