// From strokes to images, without a browser: what a hand draws is read right, wherever and however large.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../../converters/index.js'
import { glyph, SIZE, type Stroke } from '../../examples/web/src/glyph.js'
import { sway } from '../../examples/web/src/sway.js'
import { load } from '../../ts/entry/node.js'
import { modules } from '../builds.js'
import { random } from '../random.js'
import { digits, drawn } from './strokes.js'

const test = suite('web glyph')
const meta = JSON.parse(readFileSync('models/lenet5/lenet5.json', 'utf8'))
const net = await load(await convert(new Uint8Array(readFileSync('models/lenet5/lenet5.onnx')), meta), modules[0]!)

const read = (strokes: readonly Stroke[]): number => {
  const image = glyph(strokes)!
  const data = Uint8ClampedArray.from({ length: 4 * image.length }, (_, i) => (i % 4 === 3 ? 255 : image[i >> 2]!))
  return net.classify({ data, width: SIZE, height: SIZE }, { top: 1 })[0]!.index
}
const centre = (image: ArrayLike<number>): [number, number] => {
  let [mass, x, y] = [0, 0, 0]
  for (let i = 0; i < image.length; i++) {
    mass += image[i]!
    x += image[i]! * ((i % SIZE) + 0.5)
    y += image[i]! * (Math.floor(i / SIZE) + 0.5)
  }
  return [x / mass, y / mass]
}

test('100 of each digit are read right, by a usual hand; by a wild one nearly all', () => {
  for (const [digit, ways] of digits.entries())
    for (let seed = 0; seed < 100; seed++) assert.is(read(drawn(ways, 1000 * digit + seed)), digit, `seed ${seed}`)
  let right = 0
  for (const [digit, ways] of digits.entries())
    for (let seed = 0; seed < 40; seed++) if (read(drawn(ways, 1000 * digit + seed, 2)) === digit) right++
  assert.ok(right >= 380, `${right} of 400`)
})

test('size and place on the pad make no difference', () => {
  const strokes = drawn(digits[5]!, 8)
  const small = strokes.map(stroke => stroke.map((v, i) => 0.3 * v + (i % 2 === 0 ? 0.65 : 0.02)))
  const [a, b] = [glyph(strokes)!, glyph(small)!]
  const most = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
  assert.ok(most <= 2, `${most} levels of gray`)
})

test('within a box of 20 pixels, the centre of mass in the middle', () => {
  for (const ways of digits) {
    const image = glyph(drawn(ways, 3))!
    for (const at of centre(image)) assert.ok(Math.abs(at - SIZE / 2) < 0.1, `${at}`)
    const rows = Array.from({ length: SIZE }, (_, y) => image.subarray(y * SIZE, (y + 1) * SIZE).some(v => v > 0))
    const height = rows.lastIndexOf(true) - rows.indexOf(true) + 1
    assert.ok(height <= 22, `${height} rows`)
    assert.is(Math.max(...image), 255)
  }
})

test('nothing gives nothing, a dot a dot', () => {
  assert.is(glyph([]), undefined)
  assert.is(glyph([[]]), undefined)
  const dot = glyph([[0.9, 0.1]])!
  assert.ok(dot.filter(value => value > 0).length <= 16)
  assert.ok(dot[14 * SIZE + 14]! > 200)
})

test('swayed by nothing an image stays what it is; moved, its mass moves', () => {
  const image = Float32Array.from(glyph(drawn(digits[3]!, 4))!)
  const still = image.slice()
  sway({ turn: 0, slant: 0, stretch: 0, shift: 0 })(still, [1, SIZE, SIZE], random(1))
  assert.equal(still, image)
  // The last two of six random numbers are right and down.
  const numbers = [0.5, 0.5, 0.5, 0.5, 1, 0.25]
  const moved = image.slice()
  sway({ shift: 2 })(moved, [1, SIZE, SIZE], () => numbers.shift()!)
  const [before, after] = [centre(image), centre(moved)]
  assert.ok(
    Math.abs(after[0] - before[0] - 2) < 0.05 && Math.abs(after[1] - before[1] + 1) < 0.05,
    `${before} ${after}`,
  )
})

test.run()
