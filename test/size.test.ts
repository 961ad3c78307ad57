// Nobody pays for what they did not import: the weight of what a user downloads.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

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

const bundle = async (contents: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: '.' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    write: false,
  })
  return outputFiles[0]!.text
}

// docs/README.md tells what it consists of.
test('the runtime, minified and compressed, is at most 15.9 KB', async () => {
  const text = await bundle("export { load } from './ts/entry/node.ts'")
  const bytes = gzipSync(text, { level: 9 }).length
  assert.ok(bytes <= 15.9 * 1024, `${bytes} bytes`)
})

test('writing files and inspecting them are not in it unless imported', async () => {
  const text = await bundle("export { load } from './ts/entry/node.ts'")
  assert.not.match(text, /TextEncoder/)
  assert.ok(text.length < (await bundle("export * from './ts/entry/node.ts'")).length)
  assert.match(await bundle("export { encodeModel } from './ts/file.ts'"), /TextEncoder/)
})

test.run()
