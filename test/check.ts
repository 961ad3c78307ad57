// One declared case is three calls on every build, with everything around the buffers watched: all buffers aligned to 16
// bytes, to 4 bytes and no better, and one of them at the very end of the memory.
//
//   check('clamp', 'n 5', writes(expected), reads(x), 5, 0, 6)
//
// The arguments are the kernel's own: a buffer where it takes a pointer, numbers for the rest.
import { builds, type KernelBuild, trainBuilds } from './builds.js'

/** Largest |y − reference| that element i may have. */
export type Within = (i: number) => number

/** A buffer of the case. Used twice among the arguments it is one buffer: that is how a call in place is declared. */
export interface Region {
  readonly values: Float32Array | Uint16Array | undefined
  /** What is there after the call; KEEP: what was there before. Undefined: the buffer is read only. */
  readonly expected: ArrayLike<number | undefined> | undefined
  readonly within: Within | undefined
  /** Bytes behind it that the kernel may read, whatever is there. */
  readonly slack: number
}

interface Pointer {
  readonly region: Region
  readonly offset: number
}

export type Arg = number | Region | Pointer

/** An element that the kernel must not write. */
export const KEEP = undefined

type Values = Uint16Array | ArrayLike<number>

const stored = (values: Values) => (values instanceof Uint16Array ? values : Float32Array.from(values))

/** A buffer that the kernel reads; it must be the same afterwards. */
export const reads = (values: Values, slack = 0): Region => ({
  values: stored(values),
  expected: undefined,
  within: undefined,
  slack,
})

/** A buffer that the kernel fills; without `within` the numbers must be exact, the sign of zero included. */
export const writes = (expected: ArrayLike<number | undefined>, within?: Within): Region => ({
  values: undefined,
  expected,
  within,
  slack: 0,
})

/** Scratch: a buffer of so many floats that the kernel may fill as it likes, and expects nothing in. */
export const scratch = (floats: number): Region => writes(new Float64Array(floats), ANYTHING)

const ANYTHING: Within = () => Number.POSITIVE_INFINITY

/** A buffer that the kernel reads and overwrites. */
export const updates = (values: Values, expected: ArrayLike<number | undefined>, within?: Within): Region => ({
  values: stored(values),
  expected,
  within,
  slack: 0,
})

/** The address so many bytes into a buffer. */
export const at = (region: Region, offset: number): Pointer => ({ region, offset })

/** The pointer that says "none". */
export const NONE = 0

// Quiet NaNs of our own: what a kernel reads outside its buffers shows in its result, and what it leaves out shows too.
const GUARD = 0x7fc5a5a5
const POISON = 0x7fcdeadd

// Below lie the debug build's strings.
const START = 65536
const MARGIN = 128

interface Placed {
  readonly region: Region
  readonly begin: number
  readonly end: number
}

const isRegion = (arg: Region | Pointer): arg is Region => 'values' in arg

/** Where the buffers of a call are: aligned to 16 bytes, or to 4 (2 for numbers of 16 bits), or the last at the edge. */
const PLACES = ['aligned', 'unaligned', 'at the edge'] as const
type Place = (typeof PLACES)[number]

/** Buffers with guards between them. */
const place = (regions: readonly Region[], how: Place, memoryEnd: number): Placed[] => {
  let free = START
  const placed = regions.map((region, i) => {
    const step = region.values instanceof Uint16Array ? 2 : 4
    const begin = Math.ceil((free + MARGIN) / 16) * 16 + (how === 'unaligned' ? step * (i % 2 === 0 ? 1 : 3) : 0)
    const bytes = region.values?.byteLength ?? region.expected!.length * 4
    free = begin + bytes
    return { region, begin, end: begin + bytes }
  })
  // At the edge, reading beyond the last buffer traps, even where nothing is made of what is read.
  const shift = how === 'at the edge' ? Math.floor((memoryEnd - free - regions.at(-1)!.slack) / 4) * 4 : 0
  return placed.map(({ region, begin, end }) => ({ region, begin: begin + shift, end: end + shift }))
}

/** The same buffers with another one last. */
const turned = (regions: readonly Region[], turn: number): Region[] => {
  const first = turn % regions.length
  return [...regions.slice(first), ...regions.slice(0, first)]
}

const fill = (memory: ArrayBuffer, placed: readonly Placed[], start: number, end: number) => {
  new Uint32Array(memory, start, (end - start) / 4).fill(GUARD)
  const bytes = new Uint8Array(memory)
  for (const { region, begin, end } of placed) {
    const { values } = region
    if (values === undefined) new Uint32Array(memory, begin, (end - begin) / 4).fill(POISON)
    else bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), begin)
  }
}

/** The first byte from `begin` to `end` that is not what it was; both buffers are the memory from `start` on. */
const changed = (before: Buffer, after: Buffer, start: number, begin: number, end: number): number | undefined => {
  const [from, to] = [begin - start, end - start]
  if (before.compare(after, from, to, from, to) === 0) return undefined
  let i = from
  while (before[i] === after[i]) i++
  return start + i
}

const fault = (region: Region, got: number, bits: number, i: number): string | undefined => {
  if (region.within === ANYTHING) return undefined
  const wanted = region.expected![i]
  if (wanted === KEEP) return bits === POISON ? undefined : `is written (${got}) and should not be`
  if (bits === POISON) return `is not written, reference ${wanted}`
  const beyond = bits === GUARD ? ' (read outside a buffer)' : ''
  if (region.within === undefined)
    return Object.is(got, Math.fround(wanted)) ? undefined : `is ${got}${beyond}, reference ${wanted}`
  const bound = region.within(i)
  // A NaN or an infinity has no neighbours.
  const close = Number.isFinite(wanted) ? Math.abs(got - wanted) <= bound : Object.is(got, wanted)
  return close ? undefined : `is ${got}${beyond}, reference ${wanted}, off by ${Math.abs(got - wanted)} of ${bound}`
}

// Which buffer lies at the edge changes from call to call.
let calls = 0

/** Hears what kernels have written, call by call: for comparing engines. */
export const watch: { written?: (build: KernelBuild['name'], numbers: Float32Array) => void } = {}

const call = (build: KernelBuild, kernel: string, args: readonly Arg[], how: Place): string | undefined => {
  const { memory, kernels } = build
  const used = args.flatMap(arg => (typeof arg === 'number' ? [] : [isRegion(arg) ? arg : arg.region]))
  const regions = [...new Set(used)]
  const size = memory.byteLength
  const placed = place(how === 'at the edge' ? turned(regions, calls++) : regions, how, size)
  const start = Math.max(START, Math.floor((placed[0]!.begin - MARGIN) / 16) * 16)
  const last = Math.min(Math.ceil((placed.at(-1)!.end + 4096) / 16) * 16, size)
  if (placed.at(-1)!.end > size) return `the case takes ${placed.at(-1)!.end} bytes, the tests' memory has ${size}`
  fill(memory, placed, start, last)
  const after = Buffer.from(memory, start, last - start)
  const before = Buffer.from(after)
  const begin = (region: Region) => placed.find(p => p.region === region)!.begin
  const address = (arg: Arg) =>
    typeof arg === 'number' ? arg : isRegion(arg) ? begin(arg) : begin(arg.region) + arg.offset
  const run = kernels[kernel]
  if (run?.length !== args.length) return `takes ${run?.length} arguments, the case has ${args.length}`
  try {
    run(...args.map(address))
  } catch (thrown) {
    return (thrown as Error).message
  }

  let free = start
  for (const { region, begin, end } of [...placed, { region: undefined, begin: last, end: last }]) {
    if (region !== undefined && region.expected === undefined) continue
    const byte = changed(before, after, start, free, begin)
    if (byte !== undefined) {
      const near = placed.find(p => byte >= p.begin && byte < p.end)
      const of = placed.findLast(p => p.begin <= byte)
      if (near !== undefined) return `changes byte ${byte - near.begin} of an input (buffer ${placed.indexOf(near)})`
      return of === undefined
        ? `writes ${placed[0]!.begin - byte} bytes before its first buffer`
        : `writes ${byte - of.end} bytes beyond the end of buffer ${placed.indexOf(of)}`
    }
    free = end
  }
  for (const [index, { region, begin, end }] of placed.entries()) {
    if (region.expected === undefined) continue
    const floats = new Float32Array(memory, begin, (end - begin) / 4)
    const bits = new Uint32Array(memory, begin, (end - begin) / 4)
    if (how === 'aligned' && region.within !== ANYTHING) watch.written?.(build.name, floats)
    for (let i = 0; i < floats.length; i++) {
      const message = fault(region, floats[i]!, bits[i]!, i)
      if (message !== undefined) return `element ${i} of ${floats.length} (buffer ${index}) ${message}`
    }
  }
  return undefined
}

/** Calls a kernel on every build and throws unless it writes what is expected, all of it, and nothing else. */
export const check = (kernel: string, label: string, ...args: readonly Arg[]): void => {
  for (const build of kernel in builds[0]!.kernels ? builds : trainBuilds)
    for (const how of PLACES) {
      const message = call(build, kernel, args, how)
      if (message !== undefined) throw new Error(`${kernel} (${build.name}, ${how}), ${label}: ${message}`)
    }
}
