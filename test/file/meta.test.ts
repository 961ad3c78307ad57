import { suite } from 'uvu'
import { file, rejects, withMeta, withPreprocess } from './make.js'

const test = suite('file: metadata')

rejects(test, 'FILE', [
  ['metadata that is no object', file({ __metadata__: [] }), 'metadata'],
  ['metadata that is null', file({ __metadata__: null }), 'metadata'],
  [
    'metadata that is a number',
    file({ __metadata__: { format: 'pt', step: 1 } }),
    'metadata "step" must be text, is 1',
  ],
  ['an unknown version', withMeta({ version: '2' }), 'version must be 1 (update convlet or convert again), is "2"'],
  ['no version', file({ __metadata__: { format: 'convlet' } }), 'version must be 1'],
  ['a wrong hash', withMeta({ sha256: '0'.repeat(64) }), `the file says ${'0'.repeat(64)}`],
  ['a hash that is none', withMeta({ sha256: 'abc' }), 'the file says abc'],
  ['an opset that is no number', withMeta({ opset: 'x' }), 'opset is not valid JSON'],
  ['broken labels', withMeta({ labels: '[' }), 'labels is not valid JSON'],
  ['labels that are numbers', withMeta({ labels: '[1]' }), 'labels'],
  ['broken preprocess', withMeta({ preprocess: '{' }), 'preprocess is not valid JSON'],
  ['preprocess that is null', withMeta({ preprocess: 'null' }), 'preprocess'],
  ['an unknown color', withPreprocess({ color: 'cmyk' }), 'color must be gray or rgb or bgr'],
  ['a color in a list', withPreprocess({ color: ['gray'] }), 'color must be gray or rgb or bgr'],
  ['an unknown fit', withPreprocess({ fit: 'fill' }), 'fit must be contain or cover or stretch'],
  ['a negative border', withPreprocess({ border: -1 }), 'border must be a count of pixels, is -1'],
  ['one mean for three colours', withPreprocess({ color: 'rgb' }), '3 numbers each for rgb'],
  ['three means for one', withPreprocess({ mean: [0, 0, 0], std: [1, 1, 1] }), '1 numbers each for gray'],
  ['no mean', withPreprocess({ mean: undefined }), 'mean must be a list of numbers, is undefined'],
  ['a mean that is no number', withPreprocess({ mean: [null] }), 'mean must be a list of numbers, is [null]'],
  ['std zero', withPreprocess({ std: [0] }), 'std must be a list of numbers other than 0, is [0]'],
  ['a graph that is not JSON', withMeta({ graph: '{' }), 'graph is not valid JSON'],
])

test.run()
