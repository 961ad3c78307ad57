import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readModel } from '../../ts/file.js'
import { graph, node, rejects, relu, withGraph, withMeta, withNodes } from './make.js'

const test = suite('file: the graph')

rejects(test, 'GRAPH', [
  ['a graph that is a list', withMeta({ graph: '[]' }), 'graph must be an object, is []'],
  ['a graph without nodes', withGraph({ nodes: undefined }), 'graph nodes must be a list'],
  ['an input that is a name', withGraph({ inputs: ['x'] }), 'graph inputs 0 must be an object, is "x"'],
  ['an input without shape', withGraph({ inputs: [{ name: 'x' }] }), 'graph inputs "x" shape must be'],
  [
    'an input of size 0',
    withGraph({ inputs: [{ name: 'x', shape: [1, 0] }] }),
    'shape must be a list of positive integers, is [1,0]',
  ],
  [
    'outputs that are numbers',
    withGraph({ outputs: [1] }),
    'graph outputs must be a list of one or more names, is [1]',
  ],
  ['no outputs', withGraph({ outputs: [] }), 'graph outputs must be a list of one or more names, is []'],
  ['an output twice', withGraph({ outputs: ['z', 'z'] }), 'different and made by nodes: z,z'],
  ['an output that nobody makes', withGraph({ outputs: ['q'] }), 'made by nodes: q'],
  ['an output that is a tensor', withGraph({ outputs: ['w'] }), 'made by nodes: w'],
  ['a node that is null', withNodes(null), 'graph nodes 0 must be an object, is null'],
  ['a node without op', withNodes({ ...relu, op: '' }), 'graph nodes "z" op must be a name'],
  ['a node without name', withNodes({ ...relu, name: undefined }), 'graph nodes 0 name must be text'],
  ['node inputs that are text', withNodes({ ...relu, inputs: 'x' }), 'graph nodes "z" inputs must be a list of texts'],
  [
    'a node input that is null',
    withNodes({ ...relu, inputs: [null] }),
    'graph nodes "z" inputs must be a list of texts',
  ],
  [
    'a node without outputs',
    withNodes({ ...relu, outputs: [] }),
    'graph nodes "z" outputs must be a list of one or more names',
  ],
  [
    'an output without name',
    withNodes({ ...relu, outputs: [''] }),
    'graph nodes "z" outputs must be a list of one or more names',
  ],
  ['a node without attrs', withNodes({ ...relu, attrs: undefined }), 'graph nodes "z" attrs must be an object'],
  [
    'an attribute that is null',
    withNodes(node('Relu', ['x'], ['z'], { a: Number.NaN })),
    'nodes "z" attrs "a" must be',
  ],
  ['an attribute list of text', withNodes({ ...relu, attrs: { pad: ['1'] } }), 'graph nodes "z" attrs "pad" must be'],
  ['a missing tensor', withNodes(node('Gemm', ['x', 'v'], ['z'])), 'Gemm "z" reads "v", which is no tensor'],
  ['a method for a name', withNodes(node('Gemm', ['x', 'toString'], ['z'])), 'reads "toString"'],
  ['a value made twice', withNodes(relu, relu), 'value "z" is defined twice'],
  ['a node that makes an input', withNodes(relu, node('Relu', ['z'], ['x'])), 'value "x" is defined twice'],
  ['a node that makes a tensor', withNodes(relu, node('Relu', ['z'], ['w'])), 'value "w" is defined twice'],
  ['one node that makes z twice', withNodes({ ...relu, outputs: ['z', 'z'] }), 'value "z" is defined twice'],
  ['two inputs of one name', withGraph({ inputs: [...graph.inputs, ...graph.inputs] }), '"x" is defined twice'],
  [
    'a node that reads itself',
    withNodes(node('Add', ['x', 'z'], ['z'])),
    'Add "z" reads "z", which is no tensor and made by no node before it',
  ],
  [
    'a node before the maker of its input',
    withNodes(node('Relu', ['a'], ['z']), node('Relu', ['x'], ['a'])),
    'Relu "z" reads "a", which is no tensor and made by no node before it',
  ],
  [
    'a cycle behind a branch',
    withNodes(
      relu,
      node('Tanh', ['x'], ['d']),
      node('Add', ['x', 'b'], ['a']),
      node('Relu', ['a'], ['b']),
      node('Relu', ['b'], ['c']),
    ),
    'Add "a" reads "b"',
  ],
])

test('a long graph, and a node of many makers, take no time', async () => {
  const chain = Array.from({ length: 50_000 }, (_, i) => node('Relu', [i === 0 ? 'x' : `v${i - 1}`], [`v${i}`]))
  const all = node(
    'Concat',
    chain.map(n => n.name),
    ['z'],
  )
  const read = await readModel(withNodes(...chain, all))
  assert.equal(read.graph!.nodes, [...chain, all])
})

test.run()
