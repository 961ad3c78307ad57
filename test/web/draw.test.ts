// Drawing on the page: what is read, by which input, and what it looks like.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DESKTOP, drawOn, inBrowser, PHONE, readDrawing, settled, visiting } from './page.js'
import { digits, drawn } from './strokes.js'

const test = suite('web draw')
const check = inBrowser(test, 'drawing')
const open = visiting(test)

check('every digit drawn with the mouse is read right, with its probability and the time', async () => {
  const { page, close } = await open()
  for (const [digit, ways] of digits.entries()) {
    assert.is(await readDrawing(page, drawn(ways, 40 + digit)), `${digit}`)
    assert.match(await page.textContent('#time'), /^\d+(\.\d\d)? ms$/)
    const values = await page.locator('#bars .value').allTextContents()
    assert.is(values.length, 10)
    const sum = values.reduce((total, text) => total + Number(/[\d.]+/.exec(text)![0]), 0)
    assert.ok(Math.abs(sum - 100) < 1.5, `${values}`)
    assert.is(await page.getAttribute(`#bars li:nth-child(${digit + 1})`, 'data-best'), '')
  }
  await close()
})

check('undo takes the last stroke back, clear all of them', async () => {
  const { page, close } = await open()
  const [stem, ...more] = drawn(digits[1]!, 3)
  await drawOn(page, '#pad', [stem!, ...more])
  assert.is(await settled(page), '1')
  await drawOn(page, '#pad', [[0.2, 0.5, 0.5, 0.52, 0.8, 0.5]])
  await page.click('#undo')
  assert.is(await settled(page), '1')
  await page.click('#clear')
  assert.is(await settled(page), '')
  assert.equal(await page.locator('#bars .value').allTextContents(), Array(10).fill(''))
  await close()
})

check('by the keyboard alone, and the answer is said aloud', async () => {
  const { page, close } = await open()
  await page.focus('#pad')
  for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowUp')
  await page.keyboard.press(' ')
  for (let i = 0; i < 16; i++) await page.keyboard.press('ArrowDown')
  await page.keyboard.press(' ')
  assert.is(await settled(page), '1')
  await page.waitForFunction(() => /^1, .*%$/.test(document.getElementById('spoken')!.textContent!))
  assert.is(await page.getAttribute('#spoken', 'aria-live'), 'polite')
  await page.keyboard.press('Control+z')
  assert.is(await settled(page), '')
  await close()
})

check('a finger draws, and the page does not scroll under it', async () => {
  const { context, page, close } = await open(PHONE)
  const { x, y, width, height } = (await page.locator('#pad').boundingBox())!
  const session = await context.newCDPSession(page)
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: readonly (readonly [number, number])[]) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: points.map(([px, py]) => ({ x: x + px * width, y: y + py * height })),
    })
  const [stroke] = drawn(digits[7]!, 11)
  const points = Array.from({ length: stroke!.length / 2 }, (_, i) => [stroke![2 * i]!, stroke![2 * i + 1]!] as const)
  await touch('touchStart', [points[0]!])
  for (const point of points.slice(1)) await touch('touchMove', [point])
  await touch('touchEnd', [])
  assert.is(await settled(page), '7')
  assert.is(await page.evaluate(() => scrollY), 0)
  await close()
})

check('a digit draws itself until somebody draws', async () => {
  const { page, close } = await open({ reducedMotion: 'no-preference' })
  await page.waitForFunction(() => document.getElementById('answer')!.textContent === '2', undefined, {
    timeout: 20_000,
  })
  await drawOn(page, '#pad', drawn(digits[4]!, 5))
  assert.is(await settled(page), '4')
  await close()
})

const TABLET = { viewport: { width: 768, height: 1024 } }
for (const [name, options] of Object.entries({ phone: PHONE, tablet: TABLET, desktop: DESKTOP }))
  for (const colorScheme of ['light', 'dark'] as const)
    check(
      `${name}, ${colorScheme}: nothing is wider than the screen, and all that can be pressed has a name`,
      async () => {
        const { page, close } = await open({ ...options, colorScheme })
        for (const view of ['draw', 'teach', 'files']) {
          await page.click(`nav a[href="#${view}"]`)
          const wide = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          )
          assert.is(wide, 0, view)
          const nameless = await page
            .locator('button:visible, a:visible, input:visible, canvas[tabindex]:visible')
            .evaluateAll(all =>
              all
                .filter(one => {
                  const labels = (one as HTMLInputElement).labels ?? []
                  return !(
                    one.ariaLabel ||
                    one.textContent?.trim() ||
                    [...labels].some(label => label.textContent?.trim())
                  )
                })
                .map(one => one.outerHTML),
            )
          assert.equal(nameless, [], view)
        }
        await close()
      },
    )

test.run()
