// Photographs the page on a phone and on a desk, light and dark, to build/web/shots/, and the README's two to docs/.
// usage, in the repository's root, after `npm run web -- --build` and `npm ci --prefix examples/web`: node examples/web/shots.mjs
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { build } from 'esbuild'
import sharp from 'sharp'
import { chromiumFlags, chromiumPath, noChromium } from '../../scripts/chromium.mjs'
import { serve } from './serve.mjs'

const OUT = 'build/web/shots'
/** The README's: the screen's name, the view and the file. */
const SHOWN = [
  ['desk', 'light', 'learned', 'docs/web-desk.webp'],
  ['phone', 'dark', 'draw', 'docs/web-phone.webp'],
]
const SCREENS = {
  desk: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
}

const stop = message => {
  console.error(message)
  process.exit(1)
}
if (!chromiumPath) stop(noChromium)
if (!existsSync('build/web/site')) stop('there is no page yet: npm run web -- --build')
if (!existsSync('examples/web/node_modules/playwright-core'))
  stop('playwright-core is not there: npm ci --prefix examples/web')

// The hand that draws in the tests.
await build({ entryPoints: ['test/web/strokes.ts'], bundle: true, format: 'esm', outfile: 'build/web/strokes.mjs' })
const { digits, drawn, symbols } = await import('../../build/web/strokes.mjs')
const { chromium } = createRequire(import.meta.url)('playwright-core')

const draw = async (page, pad, strokes) => {
  const { x, y, width, height } = await page.locator(pad).boundingBox()
  for (const stroke of strokes) {
    const points = Array.from({ length: stroke.length / 2 }, (_, i) => [stroke[2 * i], stroke[2 * i + 1]])
    const to = ([px, py]) => page.mouse.move(x + px * width, y + py * height)
    await to(points[0])
    await page.mouse.down()
    await Promise.all(points.slice(1).map(to))
    await page.mouse.up()
  }
}
const NAMES = ['spiral', 'house', 'heart']

/** From the first visit to a network of one's own; `shoot` takes a picture. */
const visit = async (page, shoot) => {
  await page.waitForSelector('html[data-ready]', { state: 'attached' })
  await page.waitForFunction(() => document.getElementById('offline').textContent !== '')
  await shoot('empty')
  // The second one is timed by code that the engine has compiled.
  for (const seed of [3, 12]) {
    await page.click('#clear')
    await draw(page, '#pad', drawn(digits[5], seed, 0.7))
    await page.waitForTimeout(500)
  }
  await shoot('draw')
  await page.click('nav a[href="#teach"]')
  await page.click('#more')
  for (const [i, name] of NAMES.entries()) {
    await page.fill(`#signs > li:nth-child(${i + 1}) input`, name)
    for (let k = 0; k < 5; k++) {
      await draw(page, '#slate', drawn(symbols[name], 100 * i + k))
      if (i === 1 && k === 3) await shoot('teach')
      await page.click('#keep:enabled')
    }
  }
  await page.click('#teach')
  await page.waitForSelector('#try:visible')
  await draw(page, '#slate', drawn(symbols.heart, 300))
  await page.waitForTimeout(300)
  await shoot('learned')
  await page.click('#try')
  await draw(page, '#pad', drawn(symbols.heart, 77, 0.7))
  await page.waitForTimeout(400)
  await shoot('yours')
  await page.click('nav a[href="#files"]')
  await shoot('files')
  await page.setInputFiles('#pick-image', 'models/lenet5/digits/8.png')
  await page.waitForFunction(() => document.getElementById('look-time').textContent.endsWith('probabilities'))
  await shoot('looked')
}

await mkdir(OUT, { recursive: true })
const server = await serve('build/web/site')
const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags })
const [only] = process.argv.slice(2)
for (const [screen, options] of Object.entries(SCREENS))
  for (const colorScheme of ['light', 'dark']) {
    if (only && only !== `${screen}-${colorScheme}`) continue
    const context = await browser.newContext({ ...options, colorScheme, reducedMotion: 'reduce' })
    const page = await context.newPage()
    await page.goto(server.origin)
    await visit(page, async view => {
      const picture = await page.screenshot({ path: `${OUT}/${screen}-${colorScheme}-${view}.png` })
      const [, , , file] = SHOWN.find(shown => shown.slice(0, 3).join() === [screen, colorScheme, view].join()) ?? []
      if (file) await sharp(picture).webp({ quality: 90, effort: 6, smartSubsample: true }).toFile(file)
    })
    await context.close()
  }
await browser.close()
server.close()
