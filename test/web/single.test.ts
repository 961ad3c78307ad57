// The page as one file, opened from the disk with nothing beside it.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawLesson, train } from './lesson.js'
import { browsing, inBrowser, PHONE, readDrawing, ready } from './page.js'
import { digits, drawn, symbols } from './strokes.js'

const test = suite('web single')
const check = inBrowser(test, 'one file')
const browser = browsing()
const folder = mkdtempSync(join(tmpdir(), 'convlet-web-'))
const file = join(folder, 'convlet.html')

test.before(async () => {
  await browser.start()
})
test.after(async () => {
  await browser.stop()
  rmSync(folder, { recursive: true })
})

check('from file://, without a connection: it reads, learns, keeps', async () => {
  copyFileSync('build/web/convlet.html', file)
  const { context, page, close } = await browser.open(pathToFileURL(file).href, PHONE)
  await context.setOffline(true)
  const asked: string[] = []
  page.on('request', request => asked.push(request.url()))
  assert.is(await readDrawing(page, drawn(digits[2]!, 61)), '2')
  await drawLesson(page, ['house', 'lightning'], 600)
  assert.match(await train(page), /10 of your 10 drawings right/)
  await page.click('#try')
  assert.is(await readDrawing(page, drawn(symbols.house, 9601)), 'house')
  assert.is(await readDrawing(page, drawn(symbols.lightning, 9602)), 'lightning')
  assert.equal(
    asked.filter(url => !/^(blob|data):/.test(url)),
    [],
  )
  await page.reload()
  await ready(page)
  await page.click('nav a[href="#draw"]')
  await page.click('text=Yours (2)')
  assert.is(await readDrawing(page, drawn(symbols.lightning, 9603)), 'lightning')
  assert.is(await page.textContent('#offline'), 'one file, works offline')
  await close()
})

test.run()
