// What a training shows, without a training.
import { stripVTControlCharacters } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { matrix, mistakes, perClass, topConfusions } from '../../converters/terminal/confusion.js'
import { fitted, gauge } from '../../converters/terminal/gauge.js'
import { duration } from '../../converters/terminal/text.js'
import { resumeCommand } from '../../converters/train/again.js'
import { chart } from '../../converters/train/chart.js'
import { addStep, newCurve } from '../../converters/train/curve.js'
import type { Epoch, StepProgress } from '../../ts/train/api.js'

const test = suite('what a training shows')

test('times', () => {
  const times = [0.04, 9.94, 9.96, 59.9, 59.96, 61, 3599.6, 7384]
  assert.equal(times.map(duration), ['40 ms', '9.9 s', '10 s', '60 s', '1:00', '1:01', '1:00:00', '2:03:04'])
})

test('the gauge fits the terminal and goes away', () => {
  let said = ''
  const stream = { isTTY: true, columns: 46, write: (text: string) => (said += text) }
  const { show, clear } = gauge(stream as unknown as NodeJS.WriteStream)
  show(0.5, ['epoch 1/2', 'loss 0.1', 'accuracy 99.00 %', '100 images/s'])
  assert.is(stripVTControlCharacters(said).trim(), '━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌  epoch 1/2  loss 0.1')
  clear()
  assert.ok(said.endsWith('\r\x1b[K'))
  assert.is(fitted(['a'], 0), 'a')
})

test('no gauge where there is no terminal', () => {
  const stream = { isTTY: false, write: () => assert.unreachable() }
  const { show, clear } = gauge(stream as unknown as NodeJS.WriteStream)
  show(0.5, ['a'])
  clear()
})

const confusion = [
  [8, 2, 0],
  [0, 5, 5],
  [0, 0, 0],
]
const labels = ['cat', 'a dog with a very long name', 'cow']

test('a confusion matrix in numbers', () => {
  assert.equal(matrix(confusion, ['0', '1', '2']).map(stripVTControlCharacters), [
    '        0  1  2    right',
    '0       8  2  ·   80.0 %',
    '1       ·  5  5   50.0 %',
    '2       ·  ·  ·         ',
  ])
  const named = matrix(confusion, labels)
  assert.match(named[2]!, /^ 1 a do…long name {2,}·/)
  assert.is(
    new Set(
      matrix(confusion, labels)
        .slice(1)
        .map(line => line.length),
    ).size,
    1,
  )
})

test('mistakes and classes', () => {
  assert.equal(mistakes(confusion, labels, 1), [{ label: labels[1], answer: 'cow', count: 5, share: 0.5 }])
  assert.equal(
    perClass(confusion, labels).map(({ accuracy }) => accuracy),
    [0.8, 0.5, null],
  )
  const lines = topConfusions(confusion, labels).map(stripVTControlCharacters)
  assert.match(lines[1]!, /a dog with a very long name taken for cow +5 times, 50\.0 %/)
  assert.equal(topConfusions([[1]], ['a']), ['no mistakes'])
})

test('a learning curve has points of whole parts, no more than a picture needs', () => {
  const curve = newCurve()
  const step = (n: number, epoch: number) => ({ loss: n, correct: 1, count: 2, step: n, epoch }) as StepProgress
  for (let n = 1; n <= 2000; n++) addStep(curve, step(n, n <= 1000 ? 1 : 2), 1000, 2)
  assert.is(curve.points.length, 150)
  assert.equal([curve.points.at(-1)!.epoch, curve.points.at(-1)!.accuracy, curve.count], [2, 0.5, 0])
  const short = newCurve()
  for (let n = 1; n <= 3; n++) addStep(short, step(n, 1), 3, 1)
  assert.equal(short.points, [{ epoch: 1, loss: 2, accuracy: 0.5 }])
})

const epoch = (n: number, loss: number, accuracy: number): Epoch => ({
  ...{ epoch: n, loss, accuracy, lr: 1, seconds: 1, images: 1, best: true },
  validation: { loss, accuracy, count: 1, confusion: [] },
})

test('the picture holds whatever a training gives', () => {
  const draw = (points: { epoch: number; loss: number; accuracy: number }[], history: Epoch[]) =>
    chart({ title: '<net> & "co"', subtitle: '\x07', points, history, written: 1 })
  const usual = draw([{ epoch: 0.5, loss: 2, accuracy: 0.3 }], [epoch(1, 1, 0.5), epoch(2, 0.9, 0.6)])
  assert.match(usual, '&#60;net&#62; &#38; &#34;co&#34;')
  assert.match(usual, '>written<')
  const all = [
    usual,
    draw([], []),
    draw([{ epoch: 1, loss: 0, accuracy: 1 }], [epoch(1, 0, 1)]),
    draw([{ epoch: 1, loss: Number.NaN, accuracy: 0 }], [epoch(1, Number.POSITIVE_INFINITY, 0)]),
    draw(
      Array.from({ length: 300 }, (_, i) => ({ epoch: (i + 1) / 10, loss: 3 / (i + 1), accuracy: i / 300 })),
      [epoch(30, 0.01, 0.99)],
    ),
  ]
  for (const svg of all) {
    assert.not.match(svg, /NaN|Infinity|undefined/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has none of them
    assert.not.match(svg, /[\x00-\x09]/)
    assert.is(svg.match(/<g /g)!.length, svg.match(/<\/g>/g)!.length)
  }
})

test('the command that goes on', () => {
  const args = ['train', 'lenet5', '--data', "my d'ata", '--resume', 'old', '--train', 'fc.*', '--resume=older']
  assert.is(
    resumeCommand(args, 'new', undefined),
    "convlet train lenet5 --data 'my d'\\''ata' --train 'fc.*' --resume new",
  )
  assert.is(resumeCommand(['train', 'a'], 'b c', 'exec'), "npx convlet train a --resume 'b c'")
})

test.run()
