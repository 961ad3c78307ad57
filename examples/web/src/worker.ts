// Everything that computes, away from the page: it never waits for a network.
import { expose, transfer } from 'comlink'
import { type ImageLike, load, type Net, type Prediction } from 'convlet'
import { digits } from '#weights'
import type { About, Answer, Brain, Which } from './brain.js'
import { SIZE } from './glyph.js'
import { decode } from './picture.js'

/** A small file can ask for gigabytes. */
const MEMORY_LIMIT = 2 ** 30
const MOST = 10

const nets = new Map<Which, Net>()
let stopping = new AbortController()

const net = (which: Which): Net => {
  const found = nets.get(which)
  if (!found) throw new Error('no network is loaded')
  return found
}

const about = ({ inputs, outputs, labels, preprocess, memory, build, summary }: Net): About => {
  const [shape = []] = Object.values(inputs)
  const [scores = []] = Object.values(outputs)
  const layers = summary()
  return {
    ...{ labels, preprocess, build, shape: shape.slice(1), memory: memory.total, layers: layers.length },
    classes: scores.slice(1).reduce((a, b) => a * b, 1),
    parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0),
  }
}

/** Milliseconds of one run, by as many as it takes until the browser's coarse clock can tell. */
const time = (run: () => void): number => {
  const start = performance.now()
  for (let runs = 1; ; runs++) {
    run()
    const passed = performance.now() - start
    if (passed >= 1 || runs === 50) return passed / runs
  }
}

const classify = (which: Which, image: ImageLike | Float32Array, top: number, byClass: boolean): Answer => {
  let best: Prediction[] = []
  const run = () => {
    best = net(which).classify(image, { top })
  }
  // What else the device does in between is not the network's time: of two rounds the faster one.
  const milliseconds = Math.min(time(run), time(run))
  if (byClass) best.sort((a, b) => a.index - b.index)
  return { scores: best.map(({ label, probability }) => ({ label, probability })), milliseconds }
}

/** A drawing as the network wants it: where that is the drawing with a border, without the way of any image to any input. */
const inputOf = (which: Which, gray: Uint8Array): ImageLike | Float32Array => {
  const { inputs, preprocess } = net(which)
  const [channels, height, width] = Object.values(inputs)[0]!.slice(1)
  const { color, border = 0, mean, std } = preprocess ?? {}
  const side = SIZE + 2 * border
  if (color === 'gray' && mean && std && channels === 1 && height === side && width === side) {
    const input = new Float32Array(side * side).fill(-mean[0]! / std[0]!)
    for (const [i, value] of gray.entries())
      input[(Math.floor(i / SIZE) + border) * side + (i % SIZE) + border] = (value / 255 - mean[0]!) / std[0]!
    return input
  }
  const data = Uint8ClampedArray.from({ length: 4 * gray.length }, (_, i) => (i % 4 === 3 ? 255 : gray[i >> 2]!))
  return { data, width: SIZE, height: SIZE }
}

const brain: Brain = {
  open: async (which, file) => {
    const loaded = await load(file ?? (await digits()), { memoryLimit: MEMORY_LIMIT })
    nets.get(which)?.dispose()
    nets.set(which, loaded)
    return about(loaded)
  },
  read: async (which, drawing) => classify(which, inputOf(which, drawing), MOST, true),
  look: async (which, image, invert) => classify(which, await decode(image, invert), 5, false),
  teach: async (lesson, onProgress) => {
    stopping = new AbortController()
    const { learn } = await import('./learn.js')
    const taught = await learn(await digits(), lesson, onProgress, stopping.signal)
    return transfer(taught, [taught.file.buffer])
  },
  stop: () => stopping.abort(),
}

expose(brain)
