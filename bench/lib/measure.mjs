import { fromOnnx } from '../../dist/convert.js'
import { difference } from './difference.mjs'
import { median, sample } from './sample.mjs'

/** Numbers in [-1, 1), the same ones every time (mulberry32). */
function random(length, seed = 1) {
  let state = seed
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1
  })
}

const makeInputs = ({ inputs }, batch) =>
  Object.fromEntries(
    inputs.map(({ name, shape: [, ...rest] }, i) => {
      const shape = [batch, ...rest]
      const length = shape.reduce((a, b) => a * b, 1)
      return [name, { shape, data: random(length, i + 1) }]
    }),
  )

/** The contestants that work on this model; the others give the reason. */
async function gather(runtimes, task) {
  const rows = []
  for (const { name, create, ...rest } of runtimes) {
    try {
      const contestant = await create({ ...task, ...rest })
      rows.push({ name, contestant, outputs: await contestant.outputs() })
    } catch (error) {
      rows.push({ name, failed: error.message.split('\n')[0] })
    }
  }
  return rows
}

/**
 * Measures an ONNX file in every runtime, taking turns. `runtimes` is convlet's builds, then the peers:
 * `{ name, create, build? }`. The first is what outputs are compared with.
 */
export async function measure(onnx, runtimes, { batch, rounds, onRound }) {
  const model = fromOnnx(onnx)
  const inputs = makeInputs(model.graph, batch)
  const rows = await gather(runtimes, { onnx, model, batch, inputs })
  const working = rows.filter(row => row.contestant)
  const samples = await sample(
    working.map(row => row.contestant),
    { rounds, onRound },
  )
  for (const [i, { runs, times }] of samples.entries())
    Object.assign(working[i], { runs, samples: times.length, median: median(times), minimum: times[0] })
  for (const row of working) {
    if (rows[0].outputs) row.difference = difference(rows[0].outputs, row.outputs)
    row.contestant.dispose()
  }
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]))
  return { batch, inputs: shapes, rows: rows.map(({ contestant, outputs, ...row }) => row) }
}
