// npm test: sets up, bundles and runs the tests; the last line is their count.
// usage: node scripts/test.mjs [PART OF A FILE'S NAME ...]   (none: all)
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { setup } from './setup.mjs'

await setup()

const finish = (passed, failed, skipped) => {
  if (skipped > 0) console.log(`${skipped} skipped`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed > 0 || passed === 0 ? 1 : 0)
}

const named = process.argv.slice(2)
const files = readdirSync('test', { recursive: true })
  .map(file => file.replaceAll('\\', '/'))
  .filter(file => file.endsWith('.test.ts') && (named.length === 0 || named.some(part => file.includes(part))))
if (files.length === 0) {
  console.error(`no test file is named like ${named.join(' or ')}`)
  finish(0, 0, 0)
}

const bundled = spawnSync(process.execPath, ['scripts/bundle-tests.mjs', ...files.map(file => `test/${file}`)], {
  stdio: 'inherit',
})
if (bundled.status !== 0) finish(0, 1, 0)

// Relaxed SIMD takes a flag in Node 20, and none later.
const RELAXED = '--experimental-wasm-relaxed-simd'
// (module (func (param v128 v128 v128) (result v128) local.get 0..2 f32x4.relaxed_madd))
const probe = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0],
  ...[32, 0, 32, 1, 32, 2, 253, 133, 2, 11],
])
const knowsFlag = () => spawnSync(process.execPath, [RELAXED, '--eval', ''], { stdio: 'ignore' }).status === 0
const flags = !WebAssembly.validate(probe) && knowsFlag() ? [RELAXED] : []

// The runner's output is a pipe: it cannot see that a terminal is at its end.
const { NO_COLOR, FORCE_COLOR } = process.env
const colored = !NO_COLOR && (FORCE_COLOR ? FORCE_COLOR !== '0' : Boolean(process.stdout.isTTY))
const env = { ...process.env, ...(colored && { FORCE_COLOR: FORCE_COLOR ?? '1' }) }
const uvu = ['node_modules/uvu/bin.js', 'build/test', '\\.test\\.mjs$', '--no-color']
const child = spawn(process.execPath, [...flags, ...uvu], { stdio: ['ignore', 'pipe', 'inherit'], env })

let output = ''
child.stdout.setEncoding('utf8').on('data', text => {
  output += text
  process.stdout.write(text)
})

/** Files whose name is followed by no suite: what does not run must not look as if it had passed. */
const silent = said => {
  const text = `\n${said}`
  const places = files.map(file => text.indexOf(`\n${file.replace(/\.ts$/, '.mjs')}\n`))
  return files.filter((_, i) => {
    const end = Math.min(...places.filter(place => place > places[i]), text.length)
    return places[i] < 0 || !/\(\d+ \/ \d+\)/.test(text.slice(places[i], end))
  })
}

child.once('close', code => {
  const text = stripVTControlCharacters(output)
  const totals = [...text.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm)].at(-1)
  if (!totals) {
    console.error(`\nthe tests ended before they were done (exit code ${code})`)
    return finish(0, 1, 0)
  }
  const [total, passed, skipped] = totals.slice(1).map(Number)
  const idle = silent(text)
  if (idle.length > 0) console.error(`no test ran in ${idle.join(', ')}: does it call test.run()?`)
  const failed = total - passed + idle.length
  finish(passed, code !== 0 ? Math.max(1, failed) : failed, skipped)
})
