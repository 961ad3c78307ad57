// The Worker's own page, in a browser: it scales a picture down, sends it and shows what comes back.
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chromiumPath, noChromium } from '../../scripts/chromium.mjs'
import { chromium } from '../package/chromium.js'
import { png, worker } from './client.js'

const test = suite('worker: page')
const { own, running, inWorker } = worker(test, 'worker-page')
if (!chromiumPath) console.log(`skipped: the Worker's page, ${noChromium}`)

/** Chooses a file as a user would, and waits until the page has said something of it. */
const choose = (file: Buffer, type: string) => `<script type="module">
  const bytes = Uint8Array.from(atob('${file.toString('base64')}'), letter => letter.charCodeAt(0))
  const chosen = new DataTransfer()
  chosen.items.add(new File([bytes], 'picture', { type: '${type}' }))
  const input = document.querySelector('input')
  input.files = chosen.files
  input.dispatchEvent(new Event('change'))
  const status = document.querySelector('[role=status]')
  while (['', '…'].includes(status.textContent)) await new Promise(done => setTimeout(done, 50))
  globalThis.answer = status.textContent
</script>`

/** What the page says of a file. */
const said = async (file: Buffer, type: string): Promise<string> => {
  let answer = ''
  const use = async ({ url }: { readonly url: URL }) => {
    const browser = await chromium()
    try {
      answer = (await browser.answer(url.href)) as string
    } finally {
      await browser.close()
    }
  }
  await running(use, {}, own.folder, {}, choose(file, type))
  return answer
}

;(chromiumPath ? inWorker : test.skip)('a small picture, one of more pixels than the Worker takes', async () => {
  const large = await sharp(png(7)).resize(1800, 1800).jpeg().toBuffer()
  for (const [file, type] of [
    [png(7), 'image/png'],
    [large, 'image/jpeg'],
  ] as const)
    assert.match(await said(file, type), /^ 7, 9\d\.\d\d %/)
})

test.run()
