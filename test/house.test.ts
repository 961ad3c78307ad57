// The rules of the house that a machine can check.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('house')

/** Scripts under a folder; packages are others', and one of them is the package itself. */
const list = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : list(path)
    return /\.(ts|mjs)$/.test(entry.name) ? [path] : []
  })

const sources = ['assembly', 'ts', 'models', 'converters'].flatMap(list)
const everything = [...sources, ...['test', 'scripts', 'bench', 'examples'].flatMap(list)]
const texts = new Map(everything.map(path => [path, readFileSync(path, 'utf8')]))

/** What a file imports: packages by name, files of the project by path. */
const imports = (path: string): string[] =>
  Array.from(texts.get(path)!.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g), ([, name]) => {
    if (!name!.startsWith('.')) return name!
    const target = relative('.', join(dirname(path), name!))
    return target.endsWith('.js') ? target.replace(/\.js$/, '.ts') : texts.has(target) ? target : `${target}.ts`
  })

const offenders = (paths: readonly string[], bad: (imported: string, path: string) => boolean): string[] =>
  paths.flatMap(path =>
    imports(path)
      .filter(name => bad(name, path))
      .map(name => `${path} imports ${name}`),
  )

test('imports are read at all', () => {
  assert.ok(imports('ts/compile.ts').includes('ts/error.ts'))
  assert.ok(imports('assembly/conv.ts').includes('assembly/gemm.ts'))
})

test('no import cycle', () => {
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]) => {
    if (way.includes(path)) assert.unreachable(`cycle: ${[...way.slice(way.indexOf(path)), path].join(' → ')}`)
    if (done.has(path) || !texts.has(path)) return
    for (const next of imports(path)) visit(next, [...way, path])
    done.add(path)
  }
  for (const path of sources) visit(path, [])
})

test('imports only go down', () => {
  const within = (path: string, ...folders: string[]) => folders.some(folder => path.startsWith(folder))
  const ts = list('ts')
  assert.equal(
    offenders(ts, name => within(name, 'converters/', 'models/', 'assembly/')),
    [],
    'ts',
  )
  assert.equal(
    offenders(
      list('models').filter(path => path.endsWith('.ts')),
      name => !within(name, 'models/', 'ts/types', 'ts/shape'),
    ),
    [],
    'models',
  )
  assert.equal(
    offenders(list('converters/onnx'), name => within(name, 'node:', 'sharp', 'commander')),
    [],
    'converters',
  )
  assert.equal(
    offenders(
      ts.filter(path => !path.startsWith('ts/entry/')),
      name => !within(name, 'ts/'),
    ),
    [],
    'packages in ts',
  )
  assert.equal(
    offenders(
      ts.filter(path => !/^ts\/(train|entry\/train)/.test(path)),
      name => /^ts\/train/.test(name),
    ),
    [],
    'training',
  )
  // The floors of ts/: operators and passes know no memory, no stream and no WebAssembly.
  const pure = [...list('ts/ops'), ...list('ts/passes')]
  const ground = /^ts\/(ops\/|passes\/|types|shape|error)/
  assert.equal(
    offenders(pure, name => !ground.test(name)),
    [],
    'operators and passes',
  )
})

const tools = ['simd', 'scalar', 'gemm', 'window', 'winograd2', 'winograd4', 'winograd5', 'grad/tile'].map(
  name => `assembly/${name}.ts`,
)

test('kernels share only simd.ts, scalar.ts, gemm.ts, window.ts and the transforms of Winograd', () => {
  const entries = ['assembly/infer.ts', 'assembly/train.ts']
  const kernels = list('assembly').filter(path => !entries.includes(path))
  assert.equal(
    offenders(kernels, name => !tools.includes(name)),
    [],
  )
  for (const entry of entries) {
    const lines = texts
      .get(entry)!
      .split('\n')
      .filter(line => line && !line.startsWith('//'))
    const others = lines.filter(line => !line.startsWith('export {') && line !== "export * from './infer'")
    assert.equal(others, [], `${entry} is export lines only`)
  }
})

test('onnx-proto is imported by one file, WebAssembly is touched by one', () => {
  const proto = sources.filter(path => imports(path).some(name => /^(onnx-proto|protobufjs)/.test(name)))
  assert.is(proto.length, 1, proto.join(' '))
  const wasm = sources.filter(path => /\bWebAssembly\./.test(texts.get(path)!))
  assert.equal(wasm, ['ts/wasm.ts'])
})

test('no file has grown past 300 lines', () => {
  const long = everything.filter(path => texts.get(path)!.split('\n').length > 301)
  assert.equal(long, [])
})

test('the package has no dependencies and names no registry', () => {
  for (const folder of ['.', 'bench', 'examples/worker', 'examples/web', 'test/engines']) {
    const lock = readFileSync(`${folder}/package-lock.json`, 'utf8')
    // But that the package itself lies above its example.
    assert.not.match(lock, /"resolved": "(?!\.\.\/\.\.")/)
  }
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
  assert.is(manifest.dependencies, undefined)
  assert.is(manifest.optionalDependencies, undefined)
})

test('the package has everything that it exports, types too', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> }
  for (const target of Object.values(exports).flatMap(entry => Object.values(Object(entry)) as string[]))
    if (target.startsWith('./')) assert.ok(existsSync(target), `${target} is not there`)
})

test('messages leave their full stop to fail', () => {
  const stop = /\b(?:fail|misfit)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\.[`'](?=\s*[,)])/
  assert.equal(
    list('ts').filter(path => stop.test(texts.get(path)!)),
    [],
  )
})

test.run()
