import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConvletError } from '../../ts/error.js'
import { dtypeBytes, encodeModel, headerLength, readModel } from '../../ts/file.js'
import type { DType } from '../../ts/types.js'
import { encode, file, model, relu, tensor, withGraph, withMeta, withNodes } from './make.js'

const test = suite('file: at random')

const dtypes = fc.constantFrom(...(Object.keys(dtypeBytes) as DType[]))
const tensors = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme' }), dtypes, fc.array(fc.nat(4), { maxLength: 4 }), fc.nat(255)), {
    maxLength: 8,
  })
  .map(list => new Map(list.filter(([name]) => name !== '__metadata__').map(([n, d, s, f]) => [n, tensor(d, s, f)])))

test('property: encode, then read, gives the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      tensors,
      fc.option(fc.array(fc.string({ unit: 'binary' })), { nil: undefined }),
      fc.option(fc.string(), { nil: undefined }),
      async (map, labels, source) => {
        const wanted = { tensors: map, ...(labels && { labels }), ...(source !== undefined && { source }) }
        assert.equal(await readModel(await encodeModel(wanted)), wanted)
      },
    ),
  )
})

test('property: a mutated file is a ConvletError or a model', async () => {
  const valid = await encodeModel(model)
  const headerEnd = 8 + headerLength(valid)
  const position = fc.oneof(fc.nat(valid.length - 1), fc.nat(headerEnd - 1))
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(...encode('0123456789-.eE"[]{},:\\ ')))
  const edit = fc.record({ at: position, remove: fc.nat(3), insert: fc.array(byte, { maxLength: 3 }) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(valid.length)),
      fc.boolean(),
      async (edits, cut, mend) => {
        let bytes = [...valid]
        for (const { at, remove, insert } of edits) bytes.splice(at, remove, ...insert)
        if (cut !== null) bytes = bytes.slice(0, cut)
        const mutant = new Uint8Array(bytes)
        // Half of them with a fitting header length, so that the mutation is met further in.
        if (mend && mutant.length > 8) {
          const length = headerEnd - 8 + mutant.length - valid.length
          new DataView(mutant.buffer).setUint32(0, Math.max(0, length), true)
        }
        try {
          const read = await readModel(mutant)
          assert.instance(read.tensors, Map)
        } catch (error) {
          if (!(error instanceof ConvletError)) throw error
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('property: any JSON in place of any part is a ConvletError or a model', async () => {
  const part = fc.constantFrom('graph', 'preprocess', 'labels', 'node', 'input', 'attrs', 'tensor', 'meta', 'header')
  await fc.assert(
    fc.asyncProperty(part, fc.jsonValue({ maxDepth: 3 }), async (where, value) => {
      const bytes = {
        graph: () => withMeta({ graph: JSON.stringify(value) }),
        preprocess: () => withMeta({ preprocess: JSON.stringify(value) }),
        labels: () => withMeta({ labels: JSON.stringify(value) }),
        node: () => withNodes(value, relu),
        input: () => withGraph({ inputs: [value] }),
        attrs: () => withNodes({ ...relu, attrs: value }),
        tensor: () => file({ a: value }, 4),
        meta: () => file({ __metadata__: value }),
        header: () => file({ value }),
      }[where]()
      try {
        await readModel(bytes)
      } catch (error) {
        if (!(error instanceof ConvletError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})

test.run()
