// What the Worker of examples/worker answers, in workerd.
import { readdirSync, readFileSync } from 'node:fs'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../../converters/index.js'
import { load } from '../../ts/entry/node.js'
import { modules } from '../builds.js'
import { MB, png, refused, worker } from './client.js'

const digits = Array.from({ length: 10 }, (_, digit) => png(digit))

const test = suite('worker: pictures')
const { own, running, inWorker } = worker(test, 'worker-pictures')

inWorker('wrangler bundles it without a warning, kernels and decoders as modules', () => {
  assert.not.match(own.said, /warn/i)
  const wasm = readdirSync('build/worker/out').filter(file => file.endsWith('.wasm'))
  assert.equal(wasm.map(file => file.replace(/^[0-9a-f]+-/, '')).sort(), [
    'infer.relaxed.wasm',
    'mozjpeg_dec.wasm',
    'squoosh_png_bg.wasm',
  ])
})

inWorker('ten digits, five labels each, as in Node', async () => {
  const file = await convert(
    readFileSync('models/lenet5/lenet5.onnx'),
    JSON.parse(readFileSync('models/lenet5/lenet5.json', 'utf8')),
  )
  const net = await load(file, modules[0]!)
  for (const [digit, body] of digits.entries()) {
    const { model, image, predictions } = await own.app.classified(body)
    assert.is(model, 'lenet5')
    assert.equal(image, { width: 28, height: 28 })
    const { data } = await sharp(body).ensureAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    const wanted = net.classify({ data, width: 28, height: 28 })
    assert.is(predictions[0]!.label, `${digit}`)
    assert.equal(
      predictions.map(({ index }) => index),
      wanted.map(({ index }) => index),
    )
    for (const [i, { probability }] of predictions.entries())
      assert.ok(Math.abs(probability - wanted[i]!.probability) <= 1e-5)
  }
})

inWorker('JPEG, baseline and progressive, and turned by its EXIF data', async () => {
  for (const digit of [2, 7]) {
    const large = sharp(png(digit)).resize(280, 280)
    for (const progressive of [false, true]) {
      const { predictions, image } = await own.app.classified(await large.clone().jpeg({ progressive }).toBuffer())
      assert.is(predictions[0]!.label, `${digit}`)
      assert.equal(image, { width: 280, height: 280 })
    }
    // Lying on its side; the data says so.
    const side = await large.clone().rotate(-90).jpeg().withMetadata({ orientation: 6 }).toBuffer()
    assert.is(await own.app.label(side), `${digit}`)
  }
})

inWorker('PNG of every kind', async () => {
  const kinds = [
    sharp(png(3)).png({ palette: true }),
    sharp(png(3)).toColourspace('rgb16').png(),
    sharp(png(3)).png({ progressive: true }),
    sharp(png(3)).toColourspace('b-w').png(),
    sharp(png(3)).resize(700, 500, { fit: 'contain', background: 'black' }).png(),
  ]
  for (const kind of kinds) assert.is(await own.app.label(await kind.toBuffer()), '3')
})

inWorker('a hundred at once, the first ones before the model is there', () =>
  running(async to => {
    const all = Array.from({ length: 100 }, (_, i) => to.classified(digits[i % 10]!))
    for (const [i, { predictions }] of (await Promise.all(all)).entries()) assert.is(predictions[0]!.label, `${i % 10}`)
  }),
)

inWorker('damaged pictures: 422, and the next one is decoded as ever', async () => {
  const noise = Buffer.from(Array.from({ length: 300 * 300 * 3 }, (_, i) => (i * i * 31) >> 3))
  const raw = sharp(noise, { raw: { width: 300, height: 300, channels: 3 } })
  const [large, jpeg] = await Promise.all([raw.clone().png().toBuffer(), raw.clone().jpeg().toBuffer()])
  const packed = Buffer.from(png(3))
  packed.fill(0xff, packed.indexOf('IDAT') + 4, packed.indexOf('IDAT') + 8)
  const damaged = [
    png(3).subarray(0, 20),
    png(3).subarray(0, 60),
    packed,
    large.subarray(0, large.length >> 1),
    jpeg.subarray(0, 100),
    Buffer.concat([jpeg.subarray(0, 4), Buffer.alloc(500)]),
    await raw.clone().toColourspace('cmyk').jpeg().toBuffer(),
    Buffer.from('ffd8ffe0', 'hex'),
  ]
  for (const body of damaged) assert.match(await refused(await own.app.post(body), 422, 'bad_image'), /is damaged: it/)
  assert.is(await own.app.label(png(3)), '3')
  assert.is(await own.app.label(await sharp(png(4)).jpeg().toBuffer()), '4')
})

inWorker('decoders have at most the memory that is meant for them, damaged pictures or large ones', async () => {
  const noise = Buffer.from(Array.from({ length: 1000 * 1000 * 3 }, (_, i) => (i * i * 31) >> 3))
  const raw = sharp(noise, { raw: { width: 1000, height: 1000, channels: 3 } })
  const turned = raw.clone().jpeg({ progressive: true, quality: 90 }).withMetadata({ orientation: 6 })
  const [large, jpeg] = await Promise.all([raw.clone().png({ compressionLevel: 0 }).toBuffer(), turned.toBuffer()])
  const check = async () => {
    const { decoders } = (await own.app.health()).memory
    assert.ok(decoders > 0 && decoders <= 42 * MB, `${decoders} bytes`)
  }
  for (let i = 0; i < 12; i++) {
    await refused(await own.app.post(large.subarray(0, large.length - 5000)), 422, 'bad_image')
    await own.app.classified(jpeg)
    await check()
    await own.app.classified(large)
    // One that is cut short is decoded as far as it goes.
    await own.app.classified(jpeg.subarray(0, jpeg.length >> 1))
    await check()
  }
  for (const body of [png(3), await sharp(png(3)).jpeg().toBuffer()]) assert.is(await own.app.label(body), '3')
})

inWorker('too many pixels: 422 before they are decoded', async () => {
  const black = sharp({ create: { width: 9000, height: 9000, channels: 3, background: 'black' } })
  for (const body of [await black.clone().png().toBuffer(), await black.clone().jpeg().toBuffer()]) {
    assert.ok(body.length < 4 * MB)
    assert.match(await refused(await own.app.post(body), 422, 'image_too_large'), /9000×9000.*1048576 pixels/)
  }
  const most = await sharp({ create: { width: 2048, height: 512, channels: 3, background: 'black' } })
    .png()
    .toBuffer()
  assert.equal((await own.app.classified(most)).image, { width: 2048, height: 512 })
})

test.run()
