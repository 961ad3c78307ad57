// What each runtime gets of the package, and what no bundle of it may do.
import { existsSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { esbuild, folder } from './app.js'

const test = suite('exports')
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))

const targets = (v: string | object): string[] => (typeof v === 'string' ? [v] : Object.values(v).flatMap(targets))

test('every export is there, with types, and is in the package', () => {
  const packed = manifest.files.filter((pattern: string) => !pattern.startsWith('!'))
  for (const [name, entry] of Object.entries<object>(manifest.exports)) {
    for (const file of targets(entry).map(target => target.slice(2))) {
      assert.ok(existsSync(file), `${name}: ${file}`)
      const inside = (pattern: string) =>
        pattern.includes('*')
          ? file.startsWith('dist/') && /^dist\/[^/]+\.js$/.test(file)
          : `${file}/`.startsWith(`${pattern}/`)
      assert.ok(file === 'package.json' || packed.some(inside), `${file} is not in "files"`)
    }
    assert.ok(name === './package.json' || 'types' in entry, `${name} has no types`)
  }
})

const path = folder('exports', {
  'app.js': "import * as convlet from 'convlet'\nimport * as train from 'convlet/train'\nconsole.log(convlet, train)\n",
  'inline.js':
    "import * as convlet from 'convlet/inline'\nimport * as train from 'convlet/train/inline'\nconsole.log(convlet, train)\n",
})

const conditions = [
  ['browser', { platform: 'browser' }, 'web.js'],
  ['workerd', { platform: 'browser', conditions: ['workerd', 'worker', 'browser'] }, 'workerd.js'],
  ['node', { platform: 'node' }, 'node.js'],
  ['neutral', { platform: 'neutral' }, 'web.js'],
] as const

const built = async (options: object, app = 'app.js') => {
  const { inputs, outputs } = await esbuild(path, {
    ...options,
    entryPoints: [app],
    splitting: true,
    outdir: 'out',
    minify: false,
  })
  const names = Object.keys(outputs).map(name => `${path}/${name}`)
  return {
    inputs: Object.keys(inputs).map(name => name.replace(/.*\//, '')),
    text: names.map(name => readFileSync(name, 'utf8')).join('\n'),
  }
}

for (const [name, options, entry] of conditions)
  test(`${name} gets ${entry}`, async () => {
    const { inputs } = await built(options)
    assert.ok(inputs.includes(entry))
    assert.ok(inputs.includes(entry === 'node.js' ? 'train.js' : `train.${entry}`))
    const others = ['web.js', 'workerd.js', 'node.js'].filter(other => other !== entry && inputs.includes(other))
    assert.equal(others, [])
  })

const forbidden = [
  ['eval', /\beval\s*\(|new\s+Function\b|[^.\w]Function\s*\(/],
  ['text for a timer', /set(?:Timeout|Interval)\(\s*['"`]/],
  ['blob workers', /createObjectURL|new\s+(?:Shared)?Worker\b|importScripts/],
  ['remote code', /\bimport\s*\(?\s*['"`](?:https?:|data:|blob:|\/\/)|\bfrom\s*['"`](?:https?:|data:|\/\/)/],
  ["node's modules", /\b(?:from|import|require)\s*\(?\s*['"`]node:|\brequire\s*\(/],
] as const

test('the patterns find what they look for', () => {
  const bad = [
    'eval("1")',
    'setTimeout("f()")',
    'new Worker(url)',
    "import('https://x/y.js')",
    "import f from 'node:fs'",
  ]
  for (const [i, text] of bad.entries()) assert.match(text, forbidden[i]![1])
})

for (const [name, options, app] of [
  ['browser', conditions[0][1], 'app.js'],
  ['workerd', conditions[1][1], 'app.js'],
  ['inline', conditions[0][1], 'inline.js'],
] as const)
  test(`${name}: no eval, no blob workers, no remote code, nothing of Node's`, async () => {
    const { text } = await built(options, app)
    assert.ok(text.length > 40_000)
    for (const [what, pattern] of forbidden) assert.not.match(text, pattern, `${what}: ${pattern.exec(text)?.[0]}`)
    if (name === 'workerd') assert.not.match(text, /WebAssembly\.compile/)
  })

test.run()
