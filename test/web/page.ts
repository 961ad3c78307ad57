// The example in Chromium, by playwright-core: built once, served or opened from the disk, drawn on with the mouse.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { uvu } from 'uvu'
import * as assert from 'uvu/assert'
import type { Stroke } from '../../examples/web/src/glyph.js'
import { chromiumFlags, chromiumPath, noChromium } from '../../scripts/chromium.mjs'

const FOLDER = 'examples/web'
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }
export const DESKTOP = { viewport: { width: 1280, height: 800 } }

const missing = !chromiumPath
  ? noChromium
  : existsSync(`${FOLDER}/node_modules/playwright-core`)
    ? undefined
    : `its packages are not there (npm ci --prefix ${FOLDER})`

/** What adds a test that wants a browser: where there is none it is skipped. */
export const inBrowser = <T>(test: uvu.Test<T>, name: string): uvu.Test<T> | uvu.Test<T>['skip'] => {
  if (missing) console.log(`skipped: ${name} of the page in examples/web, ${missing}`)
  return missing ? test.skip : test
}

export interface Server {
  readonly origin: string
  readonly close: () => void
}

export const serve = async (root = 'build/web/site', port = 0): Promise<Server> => {
  const module = await import(pathToFileURL(resolve(FOLDER, 'serve.mjs')).href)
  return module.serve(resolve(root), { port })
}

/** Its whole address from the disk. */
export const single = () => pathToFileURL(resolve('build/web/convlet.html')).href

let built = false
const build = (): void => {
  if (built) return
  // As a user does it.
  const { status, stderr } = spawnSync(process.execPath, ['scripts/web.mjs', '--build'], { encoding: 'utf8' })
  assert.is(status, 0, stderr)
  built = true
}

export interface Opened {
  readonly context: BrowserContext
  readonly page: Page
  /** Closes the page; throws with all that it complained of. */
  readonly close: () => Promise<void>
}

/** A browser for the tests of one file. */
export const browsing = () => {
  let browser: Browser
  const start = async () => {
    if (missing) return
    build()
    const { chromium } = createRequire(resolve(FOLDER, 'package.json'))('playwright-core')
    browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumFlags] })
  }
  const open = async (url: string, options: BrowserContextOptions = {}): Promise<Opened> => {
    const context = await browser.newContext({ ...DESKTOP, reducedMotion: 'reduce', ...options })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', error => complaints.push(error.stack ?? error.message))
    await page.goto(url)
    await ready(page)
    const close = async () => {
      await context.close()
      assert.equal(complaints, [])
    }
    return { context, page, close }
  }
  return { start, open, stop: () => browser?.close() }
}

/** The page as it is served, for the tests of one file: opens it, at one of its parts. */
export const visiting = <T>(test: uvu.Test<T>) => {
  const browser = browsing()
  let server: Server
  test.before(async () => {
    await browser.start()
    server = await serve()
  })
  test.after(async () => {
    await browser.stop()
    server.close()
  })
  return (options: BrowserContextOptions = {}, part = '') => browser.open(`${server.origin}/${part}`, options)
}

export const ready = (page: Page) => page.waitForSelector('html[data-ready]', { state: 'attached' })

/** Draws with the mouse, as a hand does: not every point of the way is reported. */
export const drawOn = async (page: Page, pad: string, strokes: readonly Stroke[]): Promise<void> => {
  const { x, y, width, height } = (await page.locator(pad).boundingBox())!
  for (const stroke of strokes) {
    const points = Array.from({ length: stroke.length / 2 }, (_, i) => [stroke[2 * i]!, stroke[2 * i + 1]!] as const)
    const to = ([px, py]: readonly [number, number]) => page.mouse.move(x + px * width, y + py * height)
    await to(points[0]!)
    await page.mouse.down()
    // Without waiting for the page after each: a mouse does not wait either.
    await Promise.all(points.filter((_, i) => i % 3 === 2 || i === points.length - 1).map(to))
    await page.mouse.up()
  }
}

/** Draws on an empty sheet and gives the page's answer. */
export const readDrawing = async (page: Page, strokes: readonly Stroke[]): Promise<string> => {
  await page.click('#clear')
  assert.is(await settled(page), '')
  await drawOn(page, '#pad', strokes)
  return settled(page)
}

/** The answer to what is drawn now, once it is there; empty where nothing is. */
export const settled = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve))
    // The pad tells of a change in the frame after it.
    for (let i = 0; i < 2; i++) await frame()
    while (document.getElementById('result')!.getAttribute('aria-busy') === 'true') await frame()
    return document.getElementById('answer')!.textContent!
  })
