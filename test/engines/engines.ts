// The engines that are there, and how each of them runs what bundle.ts has made.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { chromiumFlags, chromiumPath } from '../../scripts/chromium.mjs'
import { workerdPath } from '../package/program.js'
import { serve } from '../package/serve.js'
import { FOLDER } from './bundle.js'
import type { Report } from './main.js'

/** For all that an engine does. */
const TIMEOUT = 600_000

export interface Engine {
  readonly name: string
  /** What runs the WebAssembly. */
  readonly compiler: string
  /** How to get it, where it is missing. */
  readonly install: string
  readonly path: string | undefined
  readonly run: (path: string) => Promise<Report>
}

const first = (...paths: (string | undefined)[]) => paths.find(path => path && existsSync(path))

const check = (found: Report | { readonly error: string }): Report => {
  if ('error' in found) throw new Error(found.error)
  return found
}

/** Until it answers, is done or takes too long; in each case it is ended. */
const within = async <T>(child: ChildProcess, answer: Promise<T>): Promise<T> => {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    said = (said + text).slice(-2000)
  })
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  let late: NodeJS.Timeout | undefined
  try {
    return await Promise.race([
      answer,
      new Promise<never>((_, reject) => {
        late = setTimeout(() => reject(new Error(`no answer in ${TIMEOUT / 1000} s: ${said}`)), TIMEOUT)
        child.once('error', reject)
        // What was said last may still be on its way.
        child.once('close', code => setTimeout(() => reject(new Error(`ended with ${code}: ${said}`)), 100))
      }),
    ])
  } finally {
    clearTimeout(late)
    child.kill()
    await closed
  }
}

/** Runs shell.mjs and reads the line that begins with "=". */
const inShell = (path: string, ...flags: string[]): Promise<Report> => {
  const child = spawn(path, [...flags, join(FOLDER, 'shell.mjs')], { stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  child.stdout.setEncoding('utf8')
  const answer = new Promise<Report>(resolve =>
    child.stdout.on('data', text => {
      told += text
      const line = /^=(.*)\n/m.exec(told)
      if (line) resolve(check(JSON.parse(line[1]!)))
    }),
  )
  return within(child, answer)
}

/** Opens the page in a browser, which sends its report back. */
const inBrowser = async (path: string, flags: (profile: string) => readonly string[]): Promise<Report> => {
  const profile = mkdtempSync(join(tmpdir(), 'convlet-engine-'))
  let told: (text: string) => void
  const answer = new Promise<Report>((resolve, reject) => {
    told = text => {
      try {
        resolve(check(JSON.parse(text)))
      } catch (error) {
        reject(error)
      }
    }
  })
  const server = await serve(FOLDER, {}, undefined, text => told(text))
  try {
    return await within(
      spawn(path, [...flags(profile), `${server.origin}/index.html`], { stdio: ['ignore', 'ignore', 'pipe'] }),
      answer,
    )
  } finally {
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

const inWorkerd = (path: string): Promise<Report> => {
  const child = spawn(path, ['serve', join(FOLDER, 'config.capnp'), '--control-fd=3'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const control = child.stdio[3] as Readable
  let told = ''
  const port = new Promise<string>(resolve =>
    control.setEncoding('utf8').on('data', text => {
      told += text
      const found = /"port":(\d+)/.exec(told)
      if (found) resolve(found[1]!)
    }),
  )
  const ask = async () => check(await (await fetch(`http://127.0.0.1:${await port}/`)).json())
  return within(child, ask())
}

/** Relaxed SIMD takes a flag in Node 20, and none later. */
const RELAXED = '--experimental-wasm-relaxed-simd'
const relaxed = () =>
  process.version < 'v21' && spawnSync(process.execPath, [RELAXED, '--eval', '']).status === 0 ? [RELAXED] : []

const FIREFOX = `user_pref('browser.shell.checkDefaultBrowser', false)
user_pref('datareporting.policy.dataSubmissionEnabled', false)
user_pref('app.update.enabled', false)
user_pref('browser.aboutwelcome.enabled', false)
user_pref('dom.max_script_run_time', 0)
`.replaceAll('\n', ';\n')

const { BUN, FIREFOX: firefoxPath } = process.env

export const engines: readonly Engine[] = [
  {
    name: 'Node',
    compiler: 'V8',
    install: '',
    path: process.execPath,
    run: path => inShell(path, ...relaxed()),
  },
  {
    name: 'Chromium',
    compiler: 'V8',
    install: 'apt install chromium, or CHROMIUM=path',
    path: chromiumPath,
    run: path => inBrowser(path, profile => [...chromiumFlags, `--user-data-dir=${profile}`]),
  },
  {
    name: 'workerd',
    compiler: 'V8',
    install: 'npm ci --prefix test/engines, or WORKERD=path',
    path: workerdPath,
    run: inWorkerd,
  },
  {
    name: 'bun',
    compiler: 'JavaScriptCore',
    install: 'npm ci --prefix test/engines, or BUN=path',
    path: first(BUN, 'test/engines/node_modules/.bin/bun'),
    run: path => inShell(path),
  },
  {
    name: 'Firefox',
    compiler: 'SpiderMonkey',
    install: 'apt install firefox-esr, or FIREFOX=path',
    path: first(firefoxPath, '/usr/bin/firefox-esr', '/usr/bin/firefox'),
    run: path =>
      inBrowser(path, profile => {
        writeFileSync(join(profile, 'user.js'), FIREFOX)
        return ['--headless', '--no-remote', '--profile', profile]
      }),
  },
]

/** As the program tells it. */
export const versionOf = (path: string): string =>
  /\d+([.-]\d+)+/.exec(execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))![0]
