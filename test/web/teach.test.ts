// Teaching the page symbols of one's own: by drawing alone, kept, taken away and brought back.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inspect } from '../../ts/entry/node.js'
import { bringLesson, drawLesson, type Name, train } from './lesson.js'
import { inBrowser, readDrawing, ready, visiting } from './page.js'
import { drawn, symbols } from './strokes.js'

const test = suite('web teach')
const check = inBrowser(test, 'teaching')
const open = visiting(test)

/** How many of so many fresh drawings of each symbol are read right. */
const readRight = async (page: Page, names: readonly Name[], each: number): Promise<number> => {
  let right = 0
  for (const [i, name] of names.entries())
    for (let k = 0; k < each; k++)
      if ((await readDrawing(page, drawn(symbols[name], 9000 + 100 * i + k))) === name) right++
  return right
}

check('two symbols, five drawings each: fresh ones are read; kept, downloaded, forgotten, loaded', async () => {
  const names = ['triangle', 'spiral'] as const
  const { page, close } = await open()
  await page.click('nav a[href="#teach"]')
  assert.is(await page.textContent('#missing'), '10 more drawings to go.')
  assert.ok(await page.isDisabled('#teach'))
  await drawLesson(page, names, 100)
  assert.match(await train(page), /^Learned in \d+ steps in [\d.]+ s: 10 of your 10 drawings right\.$/)
  assert.ok(await page.locator('#loss canvas').isVisible())
  const [, from, to] = /from ([\d.]+) to ([\d.]+)/.exec((await page.getAttribute('#loss', 'aria-label'))!)!
  assert.ok(Number(to) < Number(from) / 5, `loss ${from} to ${to}`)

  await page.click('#try')
  assert.ok(await page.isChecked('#use-yours'))
  const right = await readRight(page, names, 10)
  assert.ok(right >= 18, `${right} of 20 fresh drawings`)

  await page.click('nav a[href="#teach"]')
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')])
  assert.is(download.suggestedFilename(), 'symbols.safetensors')
  const file = await download.path()
  assert.equal((await inspect(readFileSync(file))).labels, names)

  await page.reload()
  await ready(page)
  assert.is(await page.locator('.slot canvas').count(), 10)
  await page.click('nav a[href="#draw"]')
  await page.click('text=Yours (2)')
  assert.is(await readDrawing(page, drawn(symbols.spiral, 7001)), 'spiral')

  await page.click('nav a[href="#teach"]')
  await page.click('#forget')
  await page.waitForFunction(() => document.getElementById('missing')!.textContent!.startsWith('Forgotten'))
  await page.reload()
  await ready(page)
  assert.ok(await page.isDisabled('#use-yours'))
  await page.setInputFiles('#load', { name: 'mine.safetensors', mimeType: '', buffer: readFileSync(file) })
  await page.waitForFunction(() => document.getElementById('missing')!.textContent!.startsWith('Loaded'))
  assert.is(await page.textContent('#missing'), 'Loaded mine.safetensors: triangle, spiral.')
  await page.click('#try')
  assert.is(await readDrawing(page, drawn(symbols.triangle, 7002)), 'triangle')
  await close()
})

check('ten symbols: the page never freezes while it learns', async () => {
  const names = Object.keys(symbols) as Name[]
  const { page, close } = await open()
  await bringLesson(page, names, 500)
  // On a busy machine the whole browser may be made to wait: one of three lessons must go without.
  let shortest = Infinity
  for (let i = 0; i < 3 && shortest >= 100; i++) {
    await page.evaluate(() => {
      const state = { longest: 0, last: performance.now(), begun: performance.now() }
      Object.assign(globalThis, { state })
      const tick = () => {
        const now = performance.now()
        state.longest = Math.max(state.longest, now - state.last)
        state.last = now
        setTimeout(tick)
      }
      tick()
    })
    const told = await train(page)
    const { longest, took } = await page.evaluate(() => {
      const { state } = globalThis as unknown as { state: { longest: number; begun: number } }
      return { longest: state.longest, took: performance.now() - state.begun }
    })
    assert.ok(took > 300, `${told} took ${took} ms`)
    shortest = Math.min(shortest, longest)
  }
  assert.ok(shortest < 100, `nothing happened on the page for ${shortest} ms`)
  await page.click('#try')
  const right = await readRight(page, names, 1)
  assert.ok(right >= 9, `${right} of 10`)
  await close()
})

check('stopped early, it goes on with what was learned; symbols want names of their own', async () => {
  const { page, close } = await open()
  await bringLesson(page, Object.keys(symbols) as Name[], 800)
  await page.click('#teach')
  await page.waitForFunction(() => document.querySelector('progress')!.value > 0)
  await page.click('#stop')
  await page.waitForFunction(() => document.getElementById('missing')!.textContent!.startsWith('Stopped after'))
  assert.ok(await page.isVisible('#try'))

  await page.fill('#signs > li:nth-child(2) input', 'triangle')
  assert.is(await page.textContent('#missing'), 'Give every symbol a name of its own.')
  assert.ok(await page.isDisabled('#teach'))
  await page.fill('#signs > li:nth-child(2) input', '螺旋')
  assert.ok(await page.isEnabled('#teach'))
  await page.click('#signs > li:nth-child(2) .slot:nth-child(3) button')
  assert.is(await page.textContent('#missing'), '1 more drawing to go.')
  assert.is(await page.textContent('#wanted'), 'Draw “螺旋”')
  await page.click('#signs > li:nth-child(2) .remove')
  assert.is(await page.locator('#signs > li').count(), 9)
  assert.ok(await page.isEnabled('#teach'))
  await close()
})

test.run()
