/**
 * Something to be timed: `block` runs it so many times in a row, and returns a promise only when it must wait. What runs in another
 * process takes its own time and returns the milliseconds.
 * @typedef {{ block: (runs: number) => void | number | Promise<void | number> }} Contestant
 */

/** Milliseconds of one block. */
async function time(contestant, runs) {
  const start = performance.now()
  const pending = contestant.block(runs)
  const own = pending instanceof Promise ? await pending : pending
  return own ?? performance.now() - start
}

/** Warms up, and finds how many runs make a block longer than `blockMs`. */
async function calibrate(contestant, blockMs, warmMs) {
  const begin = performance.now()
  let runs = 1
  for (;;) {
    const elapsed = await time(contestant, runs)
    const longEnough = elapsed >= blockMs
    // The engine compiles hot code in the background: a block that was long enough while cold may not stay so.
    if (longEnough && performance.now() - begin >= warmMs) return runs
    if (!longEnough) runs = Math.ceil(runs * Math.min(8, Math.max(1.2, (1.2 * blockMs) / elapsed)))
  }
}

/**
 * Milliseconds per run, sorted, for each contestant. They take turns, and every round starts with another one, so that
 * a disturbance or a change of clock hits all alike.
 */
export async function sample(contestants, { rounds, blockMs = 20, warmMs = 500, onRound }) {
  const runs = []
  for (const contestant of contestants) runs.push(await calibrate(contestant, blockMs, warmMs))
  const samples = contestants.map(() => [])
  for (let round = 0; round < rounds; round++) {
    onRound?.(round)
    for (let turn = 0; turn < contestants.length; turn++) {
      const i = (round + turn) % contestants.length
      samples[i].push((await time(contestants[i], runs[i])) / runs[i])
    }
  }
  return samples.map((times, i) => ({ runs: runs[i], times: times.sort((a, b) => a - b) }))
}

/** The middle of a sorted list. */
export const median = sorted => (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
