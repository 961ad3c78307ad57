import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sha256 } from '../../ts/entry/sha256.js'

const test = suite('sha256')

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 167 + (i >> 8)) & 255)
const wanted = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

test('lengths around a block and around what its padding leaves', () => {
  for (const length of [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 100_003]) {
    const hash = sha256()
    hash.update(bytes(length))
    assert.is(hash.digest('hex'), wanted(bytes(length)), `${length} bytes`)
  }
})

test('pieces of any length, also none', () => {
  const data = bytes(10_007)
  for (const piece of [1, 7, 63, 64, 65, 1000]) {
    const hash = sha256()
    for (let at = 0; at < data.length; at += piece) {
      hash.update(data.subarray(at, at + piece))
      hash.update(new Uint8Array())
    }
    assert.is(hash.digest('hex'), wanted(data), `pieces of ${piece}`)
  }
})

test('the length is told in 64 bits', () => {
  const data = new Uint8Array(1 << 26)
  const [own, node] = [sha256(), createHash('sha256')]
  for (let i = 0; i < 8; i++) {
    own.update(data)
    node.update(data)
  }
  assert.is(own.digest('hex'), node.digest('hex'))
})

// The constants come of roots whose last digits an engine may round otherwise: none is near enough to an integer to mind.
test('the constants hold in every engine', () => {
  for (let p = 2; p < 312; p++)
    for (const root of [Math.cbrt(p), Math.sqrt(p)]) {
      if (root === Math.round(root)) continue
      const scaled = (root % 1) * 2 ** 32
      assert.ok(Math.abs(scaled - Math.round(scaled)) > 2 ** -16)
    }
})

test.run()
