// Makes a bare clone ready: packages, then dist/. Does nothing where all is as it should be.
// Only node's own modules: packages may not be there yet.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { hashOf, readJson, staleParts } from './stamp.mjs'

const STAMP = 'node_modules/.convlet'
const LOCK = 'package-lock.json'

/** Tells what is being done, and when it is done how long it took. What a command says is shown only where it fails. */
export const step = async (what, run) => {
  const start = performance.now()
  process.stdout.write(`${what} … `)
  try {
    await run()
  } catch (error) {
    process.stdout.write('failed\n')
    throw error
  }
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`)
}

/** Runs a command in silence; rejects with all that it said. */
const quietly = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        said += text
      })
    child.once('error', reject).once('close', code => {
      if (code === 0) resolve()
      else reject(new Error(said.trim() || `${command} exited with ${code}`))
    })
  })

/**
 * Whether each package of a folder's lock file is there, in its version; of the optional ones those for this machine, without those of
 * development where they are left out.
 */
export const isInstalled = (folder = '.', withoutDev = false) => {
  const there = readJson(`${folder}/node_modules/.package-lock.json`).packages ?? {}
  const fits = (list, value) => list === undefined || list.includes(value)
  return Object.entries(readJson(`${folder}/${LOCK}`).packages).every(([path, about]) => {
    const { version, optional, dev, os, cpu, libc } = about
    if (!path.startsWith('node_modules/') || (withoutDev && dev)) return true
    if (there[path]) return there[path].version === version
    // Which libc this machine has, npm knows.
    return optional && (libc !== undefined || !os || !fits(os, process.platform) || !fits(cpu, process.arch))
  })
}

/** Installs what a lock file says, the root's unless options name another folder. */
export const npmCi = (...options) => {
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...options]
  const npm = process.env.npm_execpath
  return npm?.endsWith('npm-cli.js')
    ? quietly(process.execPath, [npm, ...args])
    : quietly('npm', args, { shell: process.platform === 'win32' })
}

const install = async () => {
  // Packages hold programs for one kind of machine: a folder brought along from another one is of no use.
  const wanted = `${hashOf([LOCK])} ${process.platform}-${process.arch}\n`
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return
  if (!isInstalled()) await step('installing packages (once)', () => npmCi('--include=dev', '--include=optional'))
  writeFileSync(STAMP, wanted)
}

const build = async () => {
  const stale = staleParts()
  if (stale.length > 0)
    await step(`building ${stale.join(', ')}`, () => quietly(process.execPath, ['scripts/build.mjs', ...stale]))
}

/** Installs what is missing and builds what is stale. Exits with the reason where that does not succeed. */
export const setup = async () => {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)))
  const [major] = process.versions.node.split('.').map(Number)
  try {
    if (major < 20) throw new Error(`convlet needs Node 20 or later, this is ${process.version}.`)
    await install()
    await build()
  } catch (error) {
    console.error(`\n${error.message}`)
    process.exit(1)
  }
}
