// Nobody pays for what they did not import: the weight of what a user downloads.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bundle, type File, weight } from './bundle.js'

const test = suite('size')

/** Ids of a module's sections, from its bytes. */
const sections = (bytes: Uint8Array): number[] => {
  const found: number[] = []
  for (let at = 8; at < bytes.length; ) {
    found.push(bytes[at++]!)
    let [length, shift] = [0, 0]
    for (let more = true; more; shift += 7) {
      length |= (bytes[at]! & 127) << shift
      more = (bytes[at++]! & 128) !== 0
    }
    at += length
  }
  return found
}

const DATA_SECTION = 11

for (const [name, most] of [
  ['infer.wasm', 40],
  ['infer.relaxed.wasm', 40],
  ['train.wasm', 96],
  ['train.relaxed.wasm', 96],
] as const) {
  const bytes = new Uint8Array(readFileSync(`dist/${name}`))

  test(`${name} is at most ${most} KB`, () => {
    assert.ok(bytes.length <= most * 1024, `${bytes.length} bytes`)
  })

  test(`${name} imports env.memory and nothing else, and has no data of its own`, () => {
    // Also without relaxed SIMD in the engine: the import section reads the same.
    assert.not(sections(bytes).includes(DATA_SECTION))
    if (!WebAssembly.validate(bytes)) return
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes))
    assert.equal(imports, [{ module: 'env', name: 'memory', kind: 'memory' }])
  })
}

const LOAD = "export { load } from './ts/entry/node.ts'"
const all = (files: readonly File[]) => files.map(({ text }) => text).join('')

// docs/README.md tells what it consists of.
test('the runtime, minified and compressed, is at most 14 KB', async () => {
  const { start } = await bundle(LOAD)
  assert.ok(start.length > 0 && /conv_direct/.test(all(start)))
  assert.ok(weight(start) <= 14 * 1024, `${weight(start)} bytes`)
})

// Over Node's part: the hash, which browsers and Workers have only of what is in memory as a whole.
for (const entry of ['web', 'workerd'])
  test(`the runtime of ${entry} is at most 15 KB`, async () => {
    const { start } = await bundle(`export { load } from './ts/entry/${entry}.ts'`)
    assert.match(all(start), /conv_direct/)
    assert.ok(weight(start) <= 15 * 1024, `${weight(start)} bytes`)
  })

for (const [name, most] of [
  ['inline.js', 82],
  ['train.inline.js', 158],
] as const)
  test(`${name} is at most ${most} KB, with both builds of the kernels`, () => {
    const bytes = readFileSync(`dist/${name}`)
    assert.match(bytes.toString(), /H4sI.*H4sI/s)
    assert.ok(bytes.length <= most * 1024, `${bytes.length} bytes`)
  })

/** What is imported only where it is needed: the module's name, what is in it and nowhere else, and KB. */
const parts: Readonly<Record<string, readonly [RegExp, RegExp, number]>> = {
  'operators that few networks have': [/^more-/, /MatMul.*conv_transposed|conv_transposed.*MatMul/s, 3.6],
  'what strided convolutions have of their own': [/^phases-/, / as phases/, 1],
  'what arrives in pieces, over connections that may break': [/^follow-/, /if-range/, 1.15],
  'weights of 8 and 16 bits': [/^compact-/, /_scale/, 2.1],
  'kept files and hashes that are asked for': [/cache-/, /TransformStream/, 1.1],
}
const OPTIONS = /TransformStream|_scale/

test('each part that is imported later has its limit', async () => {
  for (const entry of ['node', 'web', 'workerd']) {
    const { start, later } = await bundle(`export { load } from './ts/entry/${entry}.ts'`)
    assert.is(later.length, Object.keys(parts).length)
    for (const [what, [name, mark, most]] of Object.entries(parts)) {
      const found = later.filter(file => name.test(file.name))
      assert.is(found.length, 1, what)
      assert.ok(weight(found) <= most * 1024, `${what}: ${weight(found)} bytes`)
      assert.match(all(found), mark)
      assert.not.match(all(start), mark)
    }
  }
})

for (const build of ['infer.wasm', 'infer.relaxed.wasm'])
  test(`${build} and all of the runtime that comes without being asked for are at most 32 KB, compressed`, async () => {
    const { start, later } = await bundle(LOAD)
    const kernels = gzipSync(readFileSync(`dist/${build}`), { level: 9 }).length
    const total = kernels + weight(start) + weight(later.filter(({ text }) => !OPTIONS.test(text)))
    assert.ok(total <= 32 * 1024, `${total} bytes`)
  })

test('writing files and inspecting them are not in it unless imported', async () => {
  const { start } = await bundle(LOAD)
  assert.not.match(all(start), /TextEncoder|phase by phase/)
  assert.match(all((await bundle("export * from './ts/entry/node.ts'")).start), /phase by phase/)
  assert.match(all((await bundle("export { encodeModel } from './ts/file.ts'")).start), /TextEncoder/)
})

test.run()
