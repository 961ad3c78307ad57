// Files on the page: any convlet network, any image; wrong ones get a sentence, never a broken page.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { resnetCifar } from '../../models/index.js'
import { encodeModel } from '../../ts/file.js'
import { seeded, stateDict } from '../models/make.js'
import { inBrowser, visiting } from './page.js'

const test = suite('web files')
const check = inBrowser(test, 'files')
const open = visiting(test)

interface File {
  readonly name: string
  readonly mimeType: string
  readonly buffer: Buffer
}
const file = (name: string, bytes: Uint8Array | string, mimeType = ''): File => ({
  ...{ name, mimeType },
  buffer: Buffer.from(bytes as Uint8Array),
})

const graph = resnetCifar(20)
const labels = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
const preprocess = { color: 'rgb', fit: 'cover', mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] } as const
const { parameters: _, ...plain } = graph
const network = await encodeModel({ tensors: seeded(graph), graph: plain, labels, preprocess })
const digit = (d: number) => file(`${d}.png`, readFileSync(`models/lenet5/digits/${d}.png`), 'image/png')

/** Drops files on the page as the system's file manager does. */
const drop = async (page: Page, files: readonly File[]): Promise<void> => {
  const sent = files.map(({ buffer, ...named }) => ({ ...named, base64: buffer.toString('base64') }))
  await page.evaluate(sent => {
    const dataTransfer = new DataTransfer()
    for (const { name, mimeType, base64 } of sent) {
      const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
      dataTransfer.items.add(new File([bytes], name, { type: mimeType }))
    }
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))
  }, sent)
}
const saysTime = (page: Page) =>
  page.waitForFunction(() =>
    document.getElementById('look-time')!.textContent!.includes('from pixels to probabilities'),
  )
const first = (page: Page) => page.textContent('#top li:first-child .label')

check('an image alone goes to the shipped network, dropped on any view', async () => {
  const { page, close } = await open()
  await drop(page, [digit(7)])
  await saysTime(page)
  assert.is(await first(page), '7')
  assert.ok(await page.isVisible('#view-files'))
  assert.is(await page.locator('#top li').count(), 5)
  assert.match((await page.textContent('#facts'))!, /1 × 32 × 32.*10.*61\.7 K parameters.*320 KB/)
  await page.setInputFiles('#pick-image', digit(4))
  await page.waitForFunction(() => document.querySelector('#top .label')!.textContent === '4')
  await close()
})

check('a network and an image together: five labels, milliseconds, memory', async () => {
  const { page, close } = await open()
  await drop(page, [digit(3), file('resnet20.safetensors', network)])
  await saysTime(page)
  const found = await page.locator('#top .label').allTextContents()
  assert.is(found.length, 5)
  assert.ok(
    found.every(label => labels.includes(label)),
    `${found}`,
  )
  assert.match(
    (await page.textContent('#facts'))!,
    /resnet20\.safetensors.*3 × 32 × 32.*parameters.*memory[\d.]+ [KM]B/,
  )
  // Again: the same classes in the same order.
  await drop(page, [file('again.safetensors', network)])
  await page.waitForFunction(() => document.getElementById('facts')!.textContent!.includes('again.safetensors'))
  await saysTime(page)
  assert.equal(await page.locator('#top .label').allTextContents(), found)
  await close()
})

check('a digit in dark ink on light paper, inverted', async () => {
  const { page, close } = await open({}, '#files')
  await page.check('#invert')
  const png = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1400, height: 1400 })
    const context = canvas.getContext('2d')!
    context.fillStyle = 'white'
    context.fillRect(0, 0, 1400, 1400)
    Object.assign(context, { strokeStyle: '#223', lineWidth: 90 })
    context.stroke(new Path2D('M500 350H900L650 1050'))
    return canvas.toDataURL().split(',')[1]!
  })
  await page.setInputFiles('#pick-image', file('seven.png', Buffer.from(png, 'base64'), 'image/png'))
  await saysTime(page)
  assert.is(await first(page), '7')
  await close()
})

check('wrong files: what is wrong with each, and the page goes on', async () => {
  const { page, close } = await open({}, '#files')
  const damaged = network.slice()
  damaged[damaged.length - 9]! ^= 1
  const wrong: readonly (readonly [File, RegExp])[] = [
    [file('letter.txt', 'Dear network,'), /letter\.txt: not a safetensors file: it begins "Dear net"/],
    [file('empty.safetensors', ''), /empty\.safetensors: .*it has 0; download it again/],
    [file('cut.safetensors', network.subarray(0, 4000)), /cut\.safetensors: .*download it again/],
    [file('damaged.safetensors', damaged), /damaged\.safetensors: the weights have sha256 .*download it again/],
    [file('pytorch.safetensors', await stateDict(seeded(graph))), /pytorch\.safetensors: .*graph/],
    [file('cat.jpg', 'not a picture', 'image/jpeg'), /cat\.jpg is not an image that this browser can read/],
  ]
  for (const [one, said] of wrong) {
    await drop(page, [one])
    await page.waitForFunction(name => document.getElementById('error')!.textContent!.includes(name), one.name)
    assert.match((await page.textContent('#error'))!, said)
    await page.click('#error button')
    assert.ok(await page.isHidden('#error'))
  }
  await drop(page, [digit(2)])
  await saysTime(page)
  await drop(page, [file('cut.png', digit(2).buffer.subarray(0, 60), 'image/png')])
  await page.waitForSelector('#error:visible')
  assert.is(await page.locator('#top li').count(), 0, 'no answer of the image before')
  await page.click('nav a[href="#teach"]')
  await page.setInputFiles('#load', file('letter.txt', 'Dear network,'))
  await page.waitForSelector('#error:visible')
  assert.ok(await page.isHidden('#try'))
  await drop(page, [digit(5)])
  await saysTime(page)
  assert.is(await first(page), '5')
  assert.ok(await page.isHidden('#error'))
  await close()
})

test.run()
