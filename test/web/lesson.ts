// Lessons: symbols drawn five times each, by the mouse, or put where the page keeps them.
import type { Page } from 'playwright-core'
import type { Stroke } from '../../examples/web/src/glyph.js'
import { drawOn, ready } from './page.js'
import { drawn, symbols } from './strokes.js'

export type Name = keyof typeof symbols

/** Draws five of each of the two symbols that the page proposes, as a visitor does, one after the other. */
export const drawLesson = async (page: Page, names: readonly Name[], seed: number): Promise<void> => {
  await page.click('nav a[href="#teach"]')
  for (const [i, name] of names.entries()) {
    await page.fill(`#signs > li:nth-child(${i + 1}) input`, name)
    for (let k = 0; k < 5; k++) {
      await drawOn(page, '#slate', drawn(symbols[name], seed + 100 * i + k))
      await page.waitForSelector('#keep:enabled')
      await page.click('#keep')
    }
  }
}

/** Puts a lesson into the page's store, as if it had been drawn at an earlier visit. */
export const bringLesson = async (page: Page, names: readonly Name[], seed: number): Promise<void> => {
  const signs = names.map((name, i) => ({
    name,
    examples: Array.from({ length: 5 }, (_, k): Stroke[] => drawn(symbols[name], seed + 100 * i + k)),
  }))
  await page.evaluate(
    signs =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open('convlet-web', 1)
        request.onerror = () => reject(request.error)
        request.onsuccess = () => {
          const transaction = request.result.transaction('kept', 'readwrite')
          transaction.objectStore('kept').put(signs, 'signs')
          transaction.oncomplete = () => {
            request.result.close()
            resolve()
          }
        }
      }),
    signs,
  )
  await page.reload()
  await ready(page)
  await page.click('nav a[href="#teach"]')
}

/** Presses the button and waits for what the page says in the end. */
export const train = async (page: Page): Promise<string> => {
  await page.waitForSelector('#teach:enabled')
  await page.click('#teach')
  await page.waitForFunction(
    () => /^(Learned|Stopped)/.test(document.getElementById('missing')!.textContent!),
    undefined,
    {
      timeout: 60_000,
    },
  )
  return (await page.textContent('#missing'))!
}
